"""How a notebook shows a scenario: a table of what it states, by the paths that change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import tomli

from funnelsim.scenario.dumping import dumped
from funnelsim.scenario.wording import quoted

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

MONEY = 1_000  # from which on numbers are shown to the hundredth
MOST_ENTRIES = 6  # of a list of numbers that are shown


def as_html(scenario: Scenario) -> str:
    """Return a scenario as an HTML table, every text in it escaped; defaults are left out.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    str
        A row for each table that a file would state: where it stands, and its keys with values.
        Where and key, joined by a dot, are a path of :meth:`Scenario.replace`.
    """
    stated = tomli.loads(dumped(scenario))
    name, variants = stated.pop("name"), stated.pop("variants", {})
    rows = list(_rows(stated))
    if variants:
        rows.append(("variants", ", ".join(variants)))
    cells = "".join(
        f'<tr><th scope="row" style="text-align: left">{escape(where)}</th>'
        f'<td style="text-align: left">{escape(what)}</td></tr>'
        for where, what in rows
    )
    return f"<table><caption>{escape(name)}</caption><tbody>{cells}</tbody></table>"


def _rows(stated: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in stated.items():
        if isinstance(value, dict):
            yield key, _keys(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, each in enumerate(value):
                rest = {inner: value for inner, value in each.items() if inner != "name"}
                yield f"{key}.{quoted(str(each.get('name', number)))}", _keys(rest)
        else:
            yield key, _value(value)


def _keys(table: Mapping[str, Any], before: str = "") -> str:
    """Return the keys of a table with their values, those of inner tables with dots."""
    return ", ".join(
        _keys(value, f"{before}{key}.")
        if isinstance(value, dict)
        else f"{before}{key} {_value(value)}"
        for key, value in table.items()
    )


def _value(value: Any) -> str:
    if isinstance(value, list):
        shown = [_value(each) for each in value[:MOST_ENTRIES]]
        more = [f"... ({len(value)} in all)"] if len(value) > MOST_ENTRIES else []
        return f"[{', '.join(shown + more)}]"
    if isinstance(value, dict):
        return f"{{{_keys(value)}}}"
    if isinstance(value, float):
        whole = f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
        return whole if value.is_integer() or value >= MONEY else f"{value:.6g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
