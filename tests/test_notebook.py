"""What a notebook shows: a scenario as a table, a result as xarray's own, hostile names inert."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import funnelsim as fs

HOSTILE = "<script>alert('x')</script> & \"$y$\""


class Table(HTMLParser):
    """The tags that open, and the rows of a table: where, what."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.title, *cells = self.texts
        self.rows = dict(zip(cells[::2], cells[1::2], strict=True))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag in ("caption", "th", "td"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


def test_a_scenario_shows_what_it_states_by_path() -> None:
    plan = fs.preset("sales_math").replace({"quota.per_quarter": [250_000, 300_000.5] * 2})
    table = Table(plan._repr_html_())
    assert table.title == "Sales Math"
    assert table.rows["quota"] == "per_quarter [250,000, 300,000.50, 250,000, 300,000.50]"
    assert table.rows["stages.won"] == "conversion 0.333333, days 32"
    assert table.rows["activity"] == "per_quarter 750"
    assert "windfalls, whales" in table.rows["variants"]
    for where, value in (("stages.won.conversion", 0.5), ("quota.per_quarter", 1)):
        assert table.rows[where.rpartition(".")[0]].startswith(where.rpartition(".")[2])
        plan.replace({where: value})  # what is shown is a path that changes it
    assert "market" not in table.rows  # a default


@pytest.mark.parametrize("name", fs.presets())
def test_every_preset_shows_itself(name: str) -> None:
    plan = fs.preset(name)
    table = Table(plan._repr_html_())
    assert set(table.tags) == {"table", "caption", "tbody", "tr", "th", "td"}
    parts = plan.segments or plan.stages
    kind = "segments" if plan.segments else "stages"
    assert {f"{kind}.{each.name}" for each in parts} <= set(table.rows)


def test_long_lists_are_shortened() -> None:
    amounts = [float(1_000 + k) for k in range(100)]
    plan = fs.preset("sales_math").replace({"deal_size": {"law": "empirical", "amounts": amounts}})
    assert "1,005, ... (100 in all)]" in Table(plan._repr_html_()).rows["deal_size"]


def test_no_name_is_taken_for_markup() -> None:
    plan = fs.preset("sales_math")
    table = Table(plan.replace({"name": HOSTILE})._repr_html_())
    assert table.title == HOSTILE
    assert "script" not in table.tags
    samples = fs.simulate(plan.replace({"name": HOSTILE}), draws=10, seed=1)
    assert "<script" not in samples._repr_html_()


def test_a_result_shows_dims_units_and_where_it_is_from() -> None:
    samples = fs.simulate(fs.preset("sales_math"), draws=10, seed=1)
    shown = samples._repr_html_()
    for part in ("bookings", "draw", "rep", "quarter", "unit", "seed", "Sales Math"):
        assert part in shown
