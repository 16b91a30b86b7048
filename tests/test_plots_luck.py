"""Pictures about luck: what is drawn is what was found, and the titles say no more than that."""

from __future__ import annotations

import math

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import funnelsim as fs
from funnelsim.errors import ResultError
from funnelsim.report.plots import style
from funnelsim.report.plots.luck import luck_page
from funnelsim.report.plots.policy import dose_response, kpi_table
from funnelsim.report.plots.repeat import careers, equal_mean
from funnelsim.report.plots.windfalls import variance_by_source, windfalls
from luck_answers import ERROR, answer
from readable import assert_readable, lightness

PLAN = fs.preset("sales_math").variant("whales")
LONG = "An extraordinarily long name that somebody gave to a $tage, with $igns & <b>"
OF_LUCK = (variance_by_source, kpi_table, dose_response, careers, equal_mean)


@pytest.fixture(scope="module")
def samples() -> xr.Dataset:
    return fs.simulate(PLAN, draws=5_000, seed=1)


def new_axes() -> Axes:
    return Figure(figsize=(7.2, 5.6), layout="constrained").subplots()


def colour(rgba: object) -> str:
    return mpl.colors.to_hex(rgba).upper()


def heights_by_colour(ax: Axes) -> dict[str, float]:
    heights: dict[str, float] = {}
    for bar in ax.patches:
        heights.setdefault(colour(bar.get_facecolor()), 0.0)
        heights[colour(bar.get_facecolor())] += bar.get_height()
    return heights


def title(ax: Axes) -> str:
    """The message in one line, wherever it was broken."""
    return " ".join(ax.get_title().split())


def said(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


# 1. Bookings


def test_every_quarter_is_in_a_bar_of_its_colour(samples: xr.Dataset) -> None:
    ax = windfalls(samples, quarter=2, ax=new_axes())
    own = samples.sel(quarter=2)
    made, alone = (
        own[name].values >= 250_000 * (1 - 1e-9) for name in ("bookings", "repeatable_bookings")
    )
    heights = heights_by_colour(ax)
    assert heights[style.GREY] == pytest.approx(1 - made.mean())
    assert heights[style.BLUE] == pytest.approx(alone.mean())
    assert heights[style.VERMILION] == pytest.approx(made.mean() - alone.mean())
    assert ax.get_title() == (
        f"Quota is made in {100 * made.mean():.0f} of 100 quarters,\n"
        f"in {100 * (made & ~alone).mean():.0f} of them only by a whale"
    )


def test_no_bar_stands_on_both_sides_of_the_quota(samples: xr.Dataset) -> None:
    ax = windfalls(samples, ax=new_axes())
    for bar in ax.patches:
        missed = colour(bar.get_facecolor()) == style.GREY
        assert bar.get_height() == 0 or missed == (bar.get_x() < 250_000 * (1 - 1e-6))


def test_without_windfalls_none_are_spoken_of() -> None:
    samples = fs.simulate(fs.preset("sales_math"), draws=500, seed=1)
    ax = windfalls(samples, ax=new_axes())
    assert heights_by_colour(ax)[style.VERMILION] == 0
    assert not any("only" in text for text in [*said(ax), ax.get_title()])


@pytest.mark.parametrize("factor", [0.0, 1e-4, 1e4])
def test_bookings_out_of_proportion_are_drawn(samples: xr.Dataset, factor: float) -> None:
    names = ("bookings", "repeatable_bookings")
    ax = windfalls(samples.assign({n: samples[n] * factor for n in names}), ax=new_axes())
    assert sum(heights_by_colour(ax).values()) == pytest.approx(1)


# 2. Variance by source


def test_bars_are_as_long_as_shares() -> None:
    luck = answer(PLAN)
    ax = variance_by_source(luck, ax=new_axes())
    shares = luck["bookings_variance_share"].isel(segment=0)
    found = [bar.get_width() for bar in ax.patches]
    expected = [share for share in shares.values if share > 0]
    assert found == pytest.approx(expected)
    made = luck["attainment_variance_share"].isel(segment=0)
    diamonds = next(line for line in ax.lines if line.get_marker() == "D")
    assert diamonds.get_xdata() == pytest.approx(made.values[shares.values > 0])
    assert "the market" in " ".join(ax.get_xlabel().split())  # is named as adding nothing


@pytest.mark.parametrize(
    ("bookings", "made", "message"),
    [
        (("whale", "size"), ("size", "whale"),
         "Largest share of the spread: whales, 60 %. Of making quota: deal sizes, 60 %"),
        (("skill", "size"), ("skill", "size"),
         "Largest share of the spread: skill, 60 %. Weekly activity adds 10 %"),
        (("activity", "size"), ("activity", "size"),
         "Largest share of the spread: weekly activity, 60 %"),
    ],
)  # fmt: skip
def test_the_largest_source_is_named(
    bookings: tuple[str, str], made: tuple[str, str], message: str
) -> None:
    luck = answer(
        PLAN,
        bookings_variance_share={("activity",): 0.1, (bookings[1],): 0.3, (bookings[0],): 0.6},
        attainment_variance_share={(made[1],): 0.3, (made[0],): 0.6},
    )
    assert title(variance_by_source(luck, ax=new_axes())) == message


def test_a_share_below_zero_is_chance_and_no_bar() -> None:
    luck = answer(PLAN, bookings_variance_share={("activity",): -0.002, ("size",): 1.002})
    ax = variance_by_source(luck, ax=new_axes())
    assert min(bar.get_width() for bar in ax.patches) == 0
    assert "0.0 %" in said(ax)


# 3. KPIs and quota


def mosaics(ax: Axes) -> list[dict[tuple[int, int], float]]:
    """Areas of each mosaic's rectangles, by column and part."""
    colours = [style.BLUE, style.VERMILION, style.GREY]
    found: list[dict[tuple[int, int], float]] = [{}, {}]
    for place, bars in enumerate((ax.patches[:6], ax.patches[6:])):
        for k, bar in enumerate(bars):
            part = colours.index(colour(bar.get_facecolor()))
            found[place][k // 3, part] = bar.get_width() * bar.get_height()
    return found


def test_areas_are_probabilities() -> None:
    observed, imposed = [[0.3, 0.1, 0.2], [0.1, 0.05, 0.25]], [[0.5, 0.1, 0.3], [0.02, 0.01, 0.07]]
    luck = with_tables(observed, imposed)
    ax = kpi_table(luck, ax=new_axes())
    for areas, table in zip(mosaics(ax), (observed, imposed), strict=True):
        for (column, part), area in areas.items():
            assert area == pytest.approx(table[column][part])
    assert ax.get_title() == (
        "KPIs hit: 67 of 100 make quota; missed: 38.\nImposing the floor moves all from 55 to 63"
    )
    assert "observed, without a floor" in said(ax)
    assert "if imposed:\n50 a week, always kept" in said(ax)


def with_tables(
    observed: list[list[float]], imposed: list[list[float]] | None, lag: int = 0
) -> xr.Dataset:
    luck = answer(PLAN).copy(deep=True)
    table = luck["kpi_quota_probability"]
    where = {"segment": "rep", "lag": lag}
    table.loc[where | {"policy": "none"}] = observed
    table.loc[where | {"policy": "floor"}] = np.nan if imposed is None else imposed
    return luck


def test_what_cannot_be_imposed_leaves_what_was_observed() -> None:
    ax = kpi_table(with_tables([[0.3, 0.1, 0.2], [0.1, 0.05, 0.25]], None), ax=new_axes())
    assert len(ax.patches) == 6
    assert ax.get_title() == "KPIs hit: 67 of 100 make quota; missed: 38"


def test_a_lag_is_said() -> None:
    ax = kpi_table(with_tables([[0.3, 0.1, 0.2], [0.1, 0.05, 0.25]], None, 2), lag=2, ax=new_axes())
    assert title(ax) == "2 quarters after KPIs hit: 67 of 100 make quota; missed: 38"


@pytest.mark.parametrize("column", [0, 1])
def test_kpis_always_hit_or_always_missed(column: int) -> None:
    table = [[0.0] * 3, [0.0] * 3]
    table[column] = [0.4, 0.1, 0.5]
    ax = kpi_table(with_tables(table, table), ax=new_axes())
    words = ("KPIs hit", "KPIs missed")[column]
    assert ax.get_title().startswith(f"{words}: 50 of 100 make quota.")
    assert_readable(ax.figure)


@settings(max_examples=12)
@given(weights=st.lists(st.sampled_from([0.0, 1e-4, 0.01, 0.1, 1.0]), min_size=12, max_size=12))
def test_any_table_can_be_read(weights: list[float]) -> None:
    tables = np.reshape(weights, (2, 2, 3)) + np.array([[[0, 0, 0.0], [0, 0, 1e-6]]])
    tables /= tables.sum(axis=(1, 2), keepdims=True)
    ax = kpi_table(with_tables(*tables.tolist()), ax=new_axes())
    assert_readable(ax.figure, at_least=8)


# 4. Careers


def test_curves_are_what_was_found() -> None:
    counts = np.arange(1, 21)
    luck = answer(
        PLAN,
        career_at_least_probability={
            (reps, career, int(k)): base ** (k / career)
            for reps, base in (("alike", 0.2), ("different", 0.3))
            for career in (4, 8, 20)
            for k in counts
        },
    )
    ax = careers(luck, ax=new_axes())
    curves = [line for line in ax.lines if len(line.get_xdata()) > 1 and line.get_marker() == "o"]
    for curve, career in zip(curves, (4, 8, 20), strict=True):
        assert curve.get_ydata() == pytest.approx(0.2 ** (np.arange(career + 1) / career))
    assert ax.get_title() == (
        "Making quota in at least 3 of 4: 30 of 100 reps,\n6 of 8: 30 of 100, 15 of 20: 30 of 100"
    )
    assert said(ax).count("different: 41 of 100") == 3
    assert "assumed activity.rep_cv 0.35" in ax.get_xlabel()


def test_the_title_is_about_the_plans_own_reps() -> None:
    luck = answer(
        PLAN, career_at_least_probability={("different", 4, 3): 0.5, ("alike", 4, 3): 0.1}
    )
    assert "3 of 4: 10 of 100" in careers(luck, ax=new_axes()).get_title()
    own = luck.assign_attrs(plan_reps="different")
    assert "3 of 4: 50 of 100" in careers(own, ax=new_axes()).get_title()


# 5. Dose and response


@pytest.mark.parametrize("by", ["floor", "adherence"])
@pytest.mark.parametrize("evenness", [0.02, -0.03])
def test_level_and_evenness_make_the_effect(by: str, evenness: float) -> None:
    level = 0.1
    effect = {("level",): level, ("evenness",): evenness, ("policy",): level + evenness}
    luck = answer(PLAN, **{f"{by}_effect": effect})
    ax = dose_response(luck, by=by, ax=new_axes())
    lines = {line.get_color(): line.get_ydata() for line in ax.lines if len(line.get_xdata()) > 2}
    assert lines[style.BLUE] == pytest.approx(100 * (level + evenness))
    assert lines[style.DARK] == pytest.approx(100 * level)
    assert ax.get_title().endswith(f"+10.0 by level and {100 * evenness:+.1f} by evenness")
    assert f"{100 * (level + evenness):+.1f} of 100" in ax.get_title()


def test_costs_stand_under_the_doses() -> None:
    cost = {(30,): 750.0, (40,): 760.0, (50,): 790.0, (60,): 1_750.0}
    ax = dose_response(answer(PLAN, floor_activities_mean=cost), ax=new_axes())
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert sorted(labels) == ["30\n+0", "40\n+10", "50\n+40", "60\n+1,000"]


def test_a_level_that_is_not_known_is_left_out() -> None:
    effect = {("level",): math.nan, ("evenness",): math.nan, ("policy",): 0.12}
    ax = dose_response(answer(PLAN, floor_effect=effect), ax=new_axes())
    assert ax.get_title() == "A floor of 50 a week: +12.0 of 100 quarters"
    assert not any("level" in text for text in said(ax))


# 6. Equal mean


def crossing(at: float) -> xr.Dataset:
    """Windfalls behind repetition below a quota, ahead above it; the others behind everywhere."""
    ratios = answer(PLAN)["quota_ratio"].values
    base = {("repetition", float(r)): 0.9 - 0.4 * r for r in ratios}
    luck = {("windfalls", float(r)): 0.9 - 0.4 * r + 0.1 * (r - at) for r in ratios}
    others = {(way, float(r)): 0.7 - 0.35 * r for way in ("whales", "larger deals") for r in ratios}
    made = base | luck | others | {("as stated", float(r)): 0.8 - 0.4 * r for r in ratios}
    lead = {key: value - base["repetition", key[1]] for key, value in made.items()}
    return answer(PLAN, way_attainment_probability=made, way_advantage=lead)


def test_the_region_of_the_gambler_is_shaded_and_named() -> None:
    luck = crossing(1.25)
    ax = equal_mean(luck, ax=new_axes())
    (region,) = (patch for patch in ax.patches if colour(patch.get_facecolor()) == style.PALE)
    assert region.get_x() == pytest.approx(1.3)
    assert ax.get_title().endswith("Quotas from 1.3 times the mean on: windfalls lead")
    assert "windfalls ahead\nof repetition" in said(ax)
    curves = {line.get_color(): line for line in ax.lines}
    for way, own in (("repetition", style.BLUE), ("windfalls", style.VERMILION)):
        values = luck["way_attainment_probability"].sel(segment="rep", way=way)
        np.testing.assert_array_equal(curves[own].get_ydata(), values)


def test_where_no_gambler_leads_none_is_said_to() -> None:
    ax = equal_mean(crossing(2.5), ax=new_axes())
    assert not ax.patches
    assert ax.get_title().endswith("No gambler clearly leads up to 2 times the mean")


def test_a_plan_that_is_one_of_the_ways_is_drawn_once() -> None:
    luck = crossing(1.25).copy(deep=True)
    made = luck["way_attainment_probability"]
    made.loc[{"way": "as stated"}] = made.sel(way="whales")
    assert "whales (as stated)" in said(equal_mean(luck, ax=new_axes()))


def test_ways_that_do_not_exist_are_left_out() -> None:
    luck = crossing(1.25).copy(deep=True)
    for name in ("way_attainment_probability", "way_advantage"):
        luck[name].loc[{"way": "larger deals"}] = np.nan
    assert "larger deals" not in said(equal_mean(luck, ax=new_axes()))


# All of them


@pytest.mark.parametrize("picture", OF_LUCK)
def test_the_reason_is_given_where_there_is_no_picture(picture) -> None:
    names = [name for name in answer(PLAN) if not name.endswith("_standard_error")]
    luck = answer(PLAN, refused=dict.fromkeys(names, "the plan has none"))
    with pytest.raises(ResultError, match="the plan has none"):
        picture(luck)
    assert plt.get_fignums() == []  # nothing was opened for it


def test_another_result_is_refused(samples: xr.Dataset) -> None:
    with pytest.raises(ResultError, match=r"fs\.luck"):
        variance_by_source(samples)
    with pytest.raises(ResultError, match="lag = 9"):
        kpi_table(answer(PLAN), lag=9)


@pytest.mark.parametrize("picture", OF_LUCK)
def test_each_picture_can_be_read(picture) -> None:
    ax = picture(answer(PLAN), ax=new_axes())
    assert_readable(ax.figure, at_least=8)
    assert "100,000 draws, ± 0.1 of 100 at most" in ax.get_xlabel()


def test_bookings_can_be_read(samples: xr.Dataset) -> None:
    for quarter in (1, 4):
        assert_readable(windfalls(samples, quarter=quarter, ax=new_axes()).figure, at_least=8)


@pytest.fixture(
    scope="module",
    params=["sales_math", "enterprise", "ten_two_one", "one stage", "long names", "everything"],
)
def plan(request: pytest.FixtureRequest) -> fs.Scenario:
    if request.param in fs.presets():
        return fs.preset(request.param)
    stages = [{"name": "won", "conversion": 0.05}]
    if request.param == "long names":
        stages = [{"name": f"{LONG[:70]} {k}", "conversion": 0.5} for k in range(8)]
    small = fs.Scenario(
        name=LONG if request.param == "long names" else "Small",
        currency="XXXXXXXX",
        quota={"per_quarter": 40_000},
        activity={"per_week": 10},
        stages=stages,
        deal_size={"law": "fixed", "mean": 9_000},
    )
    if request.param != "everything":
        return small
    return fs.preset("sales_math").replace(
        {
            "activity.rep_cv": 0.35,
            "activity.week_cv": 0.5,
            "market": {"cv": 0.2},
            "deal_size.whale": {"probability": 0.03, "multiple": 10},
            "windfall": {"per_quarter": 0.05, "law": "lognormal", "mean": 250_000, "cv": 1.0},
            "policy": {"floor_per_week": 58, "adherence": 0.9},
        }
    )


def test_the_page_can_be_read_whatever_the_plan(plan: fs.Scenario) -> None:
    luck = fs.luck(plan, draws=300, seed=1)
    page = luck_page(luck, fs.simulate(plan, draws=1_000, seed=1))
    assert len(page.axes) == 6
    assert all(ax.get_title() for ax in page.axes)
    assert_readable(page, at_least=60)
    assert plt.get_fignums() == []


def test_no_name_is_taken_for_a_formula() -> None:
    own = answer(PLAN).assign_attrs(title=r"$\frac{")
    samples = fs.simulate(PLAN, draws=100, seed=1).assign_attrs(currency="$x$")
    with mpl.rc_context({"text.parse_math": True}):
        page = luck_page(own, samples)
        page.canvas.draw()
    assert not any(text.get_parse_math() for ax in page.axes for text in ax.findobj(Text))


def test_lines_and_areas_differ_in_grey() -> None:
    ax = equal_mean(crossing(1.25), ax=new_axes())
    styles = [line.get_linestyle() + str(line._unscaled_dash_pattern) for line in ax.lines]
    assert len(set(styles)) == len(styles)
    assert lightness(style.GREY) > 2 * max(lightness(style.BLUE), lightness(style.VERMILION))
    assert lightness(style.SKY) > 2 * lightness(style.BLUE)
    for words in (style.BLUE, style.DARK, style.INK):
        assert 1.05 / (lightness(words) + 0.05) > 4.5
    for bold in (style.VERMILION, style.GREEN):
        assert 1.05 / (lightness(bold) + 0.05) > 3


def test_errors_are_drawn_two_to_either_side() -> None:
    ax = dose_response(answer(PLAN, floor_effect=0.1), ax=new_axes())
    (whiskers,) = (bars for bars in ax.containers if hasattr(bars, "has_yerr") and bars.has_yerr)
    segments = whiskers.lines[2][0].get_segments()
    found = [float(segment[1, 1] - segment[0, 1]) for segment in segments]
    assert found == pytest.approx([4 * 100 * ERROR] * 4)
