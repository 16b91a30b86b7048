"""Pictures of plans held against each other: what is drawn is what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from funnelsim.analysis.chances import Goal, chances
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.report.levers import lever_amount, lever_name
from funnelsim.report.numbers import short_money
from funnelsim.report.plots import style
from funnelsim.report.plots.answers import answer
from funnelsim.report.plots.bites import bites
from funnelsim.report.plots.bridge import bridge
from funnelsim.report.plots.coaching import coaching
from funnelsim.report.plots.compare import differences, ranking
from funnelsim.report.plots.coverage import coverage
from funnelsim.report.plots.interactions import interactions
from funnelsim.report.plots.mix import mix
from funnelsim.report.plots.quota import quota
from funnelsim.report.plots.solve import curve
from funnelsim.report.plots.sweep import sweep
from funnelsim.report.plots.tornado import tornado
from readable import assert_readable

PLAN = fs.preset("sales_math").replace(
    {"calendar.quarters": 1, "stages.demo.days": 0, "stages.won.days": 0}
)
ACTIVITY, WON, SIZE = "activity.per_quarter", "stages.won.conversion", "deal_size.mean"
LONG = "An extraordinarily long name that somebody gave to a $tage, with $igns & <b>"
GRID = {
    ACTIVITY: [500, 600, 750, 900, 1_050, 1_200, 1_400],
    WON: [0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6],
}
COSTS = {ACTIVITY: 30.0, WON: 80_000.0, SIZE: 0.4}

Draw = Callable[..., Axes]


def new_axes() -> Axes:
    return Figure(figsize=(7.2, 5.6), layout="constrained").subplots()


def title(ax: Axes) -> str:
    """The message in one line, wherever it was broken."""
    return " ".join(ax.get_title().split())


def said(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def widths(ax: Axes) -> list[float]:
    return [bar.get_width() for bar in ax.patches]


@pytest.fixture(scope="module")
def comparison() -> xr.Dataset:
    plans = {
        "as is": PLAN,
        "more calls": PLAN.replace({ACTIVITY: 900}),
        "fewer calls": PLAN.replace({ACTIVITY: 700}),
        "the same": PLAN.replace({"name": "the same"}),
    }
    return fs.compare(plans, draws=4_000, seed=1, method="simulated")


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    return fs.sweep(PLAN, GRID)


# 1. Compare


def test_dots_stand_at_the_differences(comparison: xr.Dataset) -> None:
    ax = differences(comparison, ax=new_axes())
    gaps = 100 * comparison["attainment_probability_difference"].isel(segment=0).values
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"] == (
        pytest.approx(gaps[1:])
    )
    made = comparison["attainment_probability"].isel(segment=0).values
    assert title(ax) == (
        f"more calls: quota is made in {100 * made[1]:.0f} of 100 quarters, "
        f"{gaps[1]:.1f} more than as is"
    )


def test_bars_are_two_paired_standard_errors(comparison: xr.Dataset) -> None:
    ax = differences(comparison, ax=new_axes())
    name = "attainment_probability_difference_standard_error"
    errors = 100 * comparison[name].isel(segment=0).values
    reaches = [np.ptp(bar.get_segments()[0][:, 0]) / 2 for bar in ax.collections]
    assert reaches == pytest.approx(2 * errors[1:])


def test_what_is_not_told_apart_is_open_and_not_praised(comparison: xr.Dataset) -> None:
    alike = comparison.isel(scenario=[0, 3])
    ax = differences(alike, ax=new_axes())
    assert title(ax).startswith("Not told apart from as is")
    (dot,) = (line for line in ax.lines if line.get_marker() == "o")
    assert dot.get_markerfacecolor() == "white"


def test_where_none_is_better_the_title_says_so(comparison: xr.Dataset) -> None:
    worse = comparison.isel(scenario=[0, 2])
    assert title(differences(worse, ax=new_axes())).startswith("None beats as is: ")


def test_the_ranking_goes_from_the_best_down(comparison: xr.Dataset) -> None:
    ax = ranking(comparison, ax=new_axes())
    made = sorted(comparison["attainment_probability"].values.ravel(), reverse=True)
    assert widths(ax) == pytest.approx(made)
    assert ax.get_yticklabels()[0].get_text() == "more calls"
    assert title(ax) == "Best of 4: more calls (over 99.9 % sure)"
    tied = fs.compare({"as is": PLAN, "the same": PLAN}, draws=200, seed=1, method="simulated")
    assert title(ranking(tied, ax=new_axes())) == "Not known which is best: as is or the same"


# 2. Sweep


def test_a_curve_is_what_was_swept(grid: xr.Dataset) -> None:
    told = grid.isel({WON: 2}, drop=True)
    ax = sweep(told, ax=new_axes())
    found = told["attainment_probability"].values.ravel()
    assert ax.lines[0].get_ydata() == pytest.approx(found)
    assert "computed exactly" in ax.get_xlabel()
    assert "±" not in "".join([*said(ax), ax.get_xlabel()])


def test_the_title_of_a_curve_solves_it() -> None:
    told = fs.sweep(PLAN, {ACTIVITY: range(500, 1_600, 50)})
    words = title(sweep(told, ax=new_axes()))
    exactly = fs.solve(PLAN, ACTIVITY, attain=0.8).solved_value.item()
    level = float(words.split("about ")[1].split()[0].replace(",", ""))
    assert level == pytest.approx(exactly, rel=0.01)
    assert words == f"80 of 100 takes about {level:,.0f} activities a quarter, not 750"


def test_a_simulated_curve_has_a_band() -> None:
    told = fs.sweep(PLAN, {ACTIVITY: [500, 1_000]}, draws=500, seed=1, method="simulated")
    ax = sweep(told, ax=new_axes())
    (band,) = ax.collections
    name = "attainment_probability"
    low, high = (
        told[name].values.ravel() + side * 2 * told[f"{name}_standard_error"].values.ravel()
        for side in (-1, 1)
    )
    vertices = band.get_paths()[0].vertices
    assert {*np.round([*low, *high], 9)} <= {*np.round(vertices[:, 1], 9)}
    assert "500 draws" in ax.get_xlabel()


def test_few_values_of_a_second_path_are_curves(grid: xr.Dataset) -> None:
    ax = sweep(grid.isel({WON: [1, 4]}), ax=new_axes())
    curves = [line for line in ax.lines if len(line.get_xdata()) == len(GRID[ACTIVITY])]
    assert len(curves) == 2
    assert {"25 %", "40 %"} <= set(said(ax))
    assert_readable(ax.figure)


def test_a_map_shows_each_cell_and_lines_at_their_chance(grid: xr.Dataset) -> None:
    ax = sweep(grid, ax=new_axes())
    mesh = ax.collections[0]
    found = grid["attainment_probability"].isel(segment=0, quarter=0)
    np.testing.assert_allclose(mesh.get_array(), found.transpose(WON, ACTIVITY).values)
    assert "80" in said(ax)
    assert "this plan: 45" in said(ax)
    assert_readable(ax.figure)


def test_the_title_of_a_map_names_both_ways(grid: xr.Dataset) -> None:
    words = title(sweep(grid, ax=new_axes()))
    ways = [fs.solve(PLAN, path, attain=0.8).solved_value.item() for path in (ACTIVITY, WON)]
    level, share = words.removeprefix("80 of 100 takes about ").split(
        " activities a quarter, or a conversion to won of about "
    )
    assert float(level.replace(",", "")) == pytest.approx(ways[0], rel=0.02)
    assert float(share.removesuffix(" %")) / 100 == pytest.approx(ways[1], rel=0.02)


def test_the_order_of_paths_and_values_does_not_matter(grid: xr.Dataset) -> None:
    turned = grid.transpose(WON, ACTIVITY, ...).isel({WON: slice(None, None, -1)})
    one, other = (sweep(each, ax=new_axes()) for each in (grid, turned))
    assert one.get_title() == other.get_title()
    np.testing.assert_array_equal(one.collections[0].get_array(), other.collections[0].get_array())


def test_a_plan_off_the_map_is_not_marked() -> None:
    over = {ACTIVITY: GRID[ACTIVITY], WON: [0.36 + 0.02 * k for k in range(7)]}
    ax = sweep(fs.sweep(PLAN, over), ax=new_axes())
    assert not any("this plan" in words for words in said(ax))
    assert title(ax).endswith("of 100 quarters make quota in this range")


def test_a_third_path_makes_maps() -> None:
    third = {ACTIVITY: GRID[ACTIVITY][::2], WON: GRID[WON][::2], SIZE: [70_000, 84_000]}
    told = fs.sweep(PLAN, third)
    ax = sweep(told, ax=new_axes())
    figure = ax.figure
    assert [each.get_title() for each in figure.axes] == ["$70k", "$84k"]
    here = [
        chances([PLAN.replace({SIZE: size})], Goal(), method="exact").values[0]
        for size in third[SIZE]
    ]
    ends = [float(word) for word in figure.get_suptitle().split() if word.isdigit()][:2]
    assert ends == pytest.approx([100 * each for each in here], abs=2)  # between cells
    assert_readable(figure)


def test_texts_are_names_on_an_axis() -> None:
    sizes = {"deal_size.law": ["lognormal", "gamma"]}
    ax = sweep(fs.sweep(PLAN, sizes), ax=new_axes())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["lognormal", "gamma"]
    assert_readable(ax.figure)


def test_more_than_a_picture_can_show_is_refused(grid: xr.Dataset) -> None:
    four = grid.expand_dims({SIZE: [1.0, 2.0], "quota.per_quarter": [1.0, 2.0]})
    with pytest.raises(ArgumentError, match="4 paths, a picture three at most"):
        sweep(four.transpose(*GRID, SIZE, "quota.per_quarter", ...), ax=new_axes())
    thin = grid.isel({WON: [0]}).expand_dims({SIZE: [1.0]}).transpose(*GRID, SIZE, ...)
    with pytest.raises(ArgumentError, match="two values or more of each path"):
        sweep(thin, ax=new_axes())
    with pytest.raises(ResultError, match="attainment_probability"):
        sweep(grid.drop_vars("attainment_probability"), ax=new_axes())


def test_a_single_cell_is_a_dot(grid: xr.Dataset) -> None:
    for path in (ACTIVITY, WON):
        ax = sweep(grid.isel({path: [2]}), ax=new_axes())
        assert_readable(ax.figure)
    ax = sweep(fs.sweep(PLAN, {ACTIVITY: [750]}), ax=new_axes())
    assert title(ax) == "From 45 to 45 of 100 quarters make quota in this range"


# 3. Solve, bites, coverage, mix


def test_the_answer_stands_on_the_target() -> None:
    told = fs.solve(PLAN, ACTIVITY, attain=0.8)
    ax = curve(told, ax=new_axes())
    points = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in ax.lines
        if len(line.get_xdata()) == 1
    ]
    assert pytest.approx((told.solved_value.item(), 0.8), abs=1e-9) in points
    assert title(ax) == "80 of 100 takes 1,296 activities a quarter, not 750"
    assert "±" not in ax.get_xlabel()


def test_a_simulated_answer_has_its_interval() -> None:
    told = fs.solve(PLAN, WON, attain=0.7, method="simulated", draws=2_000, seed=1)
    ax = curve(told, ax=new_axes())
    bars = [each for each in ax.collections if hasattr(each, "get_segments")]
    ends = bars[0].get_segments()[0][:, 0]
    assert ends == pytest.approx(told.solved_interval.values)
    assert "95 % interval" in ax.get_xlabel()
    assert_readable(ax.figure)


@pytest.mark.parametrize(
    ("path", "attain", "words"),
    [
        (WON, 0.995, "99.5 of 100 is out of reach: 98 at most, with a conversion to won of 100 %"),
        ("stages.won.days", 0.8, "Days to won: no effect, 45 of 100 whatever it is"),
        ("quota.per_quarter", 0.8, "80 of 100 takes a quota of $110k, not $250k"),
    ],
)
def test_every_outcome_has_its_title(path: str, attain: float, words: str) -> None:
    ax = curve(fs.solve(PLAN, path, attain=attain), ax=new_axes())
    assert title(ax) == words
    assert_readable(ax.figure)


def test_bites_are_the_numbers_found() -> None:
    told = fs.bites(PLAN, certainty=[0.8])
    ax = bites(told, ax=new_axes())
    week = told.bite.sel(certainty=0.8, period="week", step="activities").item()
    assert f"{week:.0f}" in said(ax)
    assert {"750", "250", "58", "11.5"} <= set(said(ax))  # on paper: 750 over 3, 13 and 65
    with pytest.raises(ArgumentError, match=r"certainty = 0.5"):
        bites(told, certainty=0.5, ax=new_axes())


def test_coverage_is_the_table() -> None:
    told = fs.coverage(PLAN, win_rate=[0.2, 0.4], deals=[1, 3, 10])
    ax = coverage(told, certainty=0.9, ax=new_axes())
    lines = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 3]
    np.testing.assert_array_equal(lines, told.coverage_needed.sel(certainty=0.9).values)
    own = told.own_coverage_needed.sel(certainty=0.9).item()
    assert f"{own:.1f}x" in title(ax)
    assert_readable(coverage(fs.coverage(PLAN, deals=[3]), ax=new_axes()).figure)
    limits = {coverage(told, certainty=each, ax=new_axes()).get_ylim() for each in (0.5, 0.9)}
    assert len(limits) == 1  # the axis is the same whichever certainty is drawn


def test_the_mix_costs_what_its_parts_cost() -> None:
    told = fs.cheapest_mix(PLAN, COSTS, attain=0.8)
    ax = mix(told, ax=new_axes())
    assert sum(widths(ax)[:3]) == pytest.approx(told.mix_total_cost.item())
    assert widths(ax)[3:] == pytest.approx(told.alone_cost.values)
    saved = 1 - told.mix_total_cost.item() / told.alone_cost.min().item()
    assert f"{100 * saved:.0f} % less than activities a quarter alone" in title(ax)


# 4. Levers


def test_bars_end_where_the_chance_does() -> None:
    told = fs.sensitivity(PLAN, {WON: (0.25, 0.4), "deal_size.cv": (0.4, 0.6)})
    ax = tornado(told, ax=new_axes())
    now = told.goal_probability.item()
    ends = [now + width for width in widths(ax)]
    assert ends == pytest.approx(told.goal_probability_at.values.T.ravel())
    low, high = (100 * each for each in told.goal_probability_at.sel(lever=WON).values)
    assert title(ax) == (
        f"Conversion to won matters most: {low:.0f} of 100 quarters at 25 %, {high:.0f} at 40 %"
    )


def test_levers_that_do_the_same_share_the_first_place() -> None:
    ax = tornado(fs.sensitivity(PLAN), ax=new_axes())
    assert title(ax).startswith("4 levers matter most, and alike: 39 of 100 quarters at one end")
    bold = [label.get_text() for label in ax.get_yticklabels() if label.get_weight() == "bold"]
    assert sorted(bold) == sorted(
        ["activities a quarter", *(f"conversion to {name}" for name in PLAN.stage_names)]
    )


def test_simulated_levers_share_it_where_draws_do_not_tell() -> None:
    levers = {ACTIVITY: (675, 825), WON: (0.3, 0.3667)}
    told = fs.sensitivity(PLAN, levers, method="simulated", draws=1_000, seed=1)
    assert title(tornado(told, ax=new_axes())).startswith("2 levers matter most, and alike")


def test_both_bars_of_a_lever_that_bends_can_be_seen() -> None:
    plan = PLAN.replace({"quota.per_quarter": 260_000})
    ax = tornado(fs.sensitivity(plan, {"deal_size.cv": (0.05, 2.0)}), ax=new_axes())
    low, high = (bar.get_bbox() for bar in ax.patches)
    assert (low.height, high.height) == pytest.approx((0.31, 0.31))
    assert low.y0 < high.y0
    assert title(ax).startswith("Spread of deal sizes matters most: 43 of 100 quarters now,")


def test_the_rest_of_many_levers_is_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("funnelsim.report.plots.tornado.MOST", 3)
    told = fs.sensitivity(PLAN)
    ax = tornado(told, ax=new_axes())
    assert len(ax.patches) == 6
    rest = 100 * np.abs(told.swing.values[3:]).max()
    assert (
        f"{len(told.lever) - 3} more levers, each a swing of {rest:.1f} at most" in ax.get_xlabel()
    )


def test_indices_are_drawn_alone_and_together() -> None:
    levers = {ACTIVITY: (300, 1_500), WON: (0.15, 0.6)}
    told = fs.sensitivity(PLAN, levers, interactions=True, points=64)
    ax = interactions(told, ax=new_axes())
    order = np.argsort(-told.total_index.values)
    alone, total = told.first_order_index.values[order], told.total_index.values[order]
    assert widths(ax)[:2] == pytest.approx(alone)
    assert widths(ax)[2:] == pytest.approx(np.clip(total - alone, 0, None))
    assert f"{100 * alone[0]:.0f} of 100 of the spread alone" in title(ax)
    with pytest.raises(ResultError, match="first_order_index"):
        interactions(fs.sensitivity(PLAN, levers), ax=new_axes())


@pytest.mark.parametrize("team", [{}, {"reps": 5, "certainty": 0.8}])
def test_quotas_are_drawn_beside_the_plans_own(team: dict[str, Any]) -> None:
    told = fs.quota_for(PLAN, share=[0.5, 0.6, 0.8], **team)
    ax = quota(told, ax=new_axes())
    assert np.array(widths(ax)) == pytest.approx(told.quota_for_share.values)
    who = "3 of 5 reps" if team else "60 of 100 reps"
    amount = short_money(told.quota_for_share.values[1], "USD")
    assert title(ax) == f"{who} make a quota of {amount}, not $250k"
    assert ("in 80 of 100 quarters" in ax.get_xlabel()) == bool(team)


def test_a_quota_that_nobody_makes_has_no_picture() -> None:
    told = fs.quota_for(PLAN.replace({WON: 0}), share=0.6)
    with pytest.raises(ResultError, match="No quota"):
        quota(told, ax=new_axes())


def test_lifts_are_drawn_and_strengths_left() -> None:
    told = fs.coaching_point(PLAN, {"discovery": 0.021, "demo": 0.66, "won": 0.3})
    ax = coaching(told, ax=new_axes())
    lifts = sorted(100 * told.lift.values, reverse=True)
    assert widths(ax) == pytest.approx([*lifts, 100 * told.lift_of_all.item()])
    assert said(ax)[2] == "a strength: leave it"
    assert title(ax) == (
        f"Coach conversion to demo first: at 66 % it adds {lifts[0]:.1f} of 100 quarters"
    )


def test_lifts_that_draws_do_not_tell_are_no_strengths() -> None:
    told = fs.coaching_point(
        PLAN, {"demo": 0.5999, "won": 0.4}, method="simulated", draws=500, seed=1
    )
    assert told.standing.values.tolist() == ["not told", "behind"]
    assert said(coaching(told, ax=new_axes()))[1] == "these draws do not tell"


def test_levers_that_bend_alike_span_what_they_do() -> None:
    plan = PLAN.replace({"quota.per_quarter": 260_000})
    levers = {SIZE.replace("mean", "cv"): (0.05, 2.0), WON: (0.3, 0.35)}
    told = fs.sensitivity(plan, levers, method="simulated", draws=2_000, seed=1)
    now, ends = told.goal_probability.item(), told.goal_probability_at.values[0]
    assert max(ends) < now
    span = f"from {100 * min(ends):.0f} to {100 * now:.0f} of 100 quarters"
    assert title(tornado(told, ax=new_axes())).endswith(f"and alike: {span}")


def test_equal_lifts_are_both_named() -> None:
    ax = coaching(fs.coaching_point(PLAN, {"discovery": 0.022, "demo": 0.66}), ax=new_axes())
    assert title(ax).endswith(": alike")
    assert {"discovery", "demo"} <= {word.strip(":") for word in title(ax).split()}
    nothing = fs.coaching_point(PLAN, {"demo": 0.5})
    assert title(coaching(nothing, ax=new_axes())) == "Nothing is behind its benchmark"


@pytest.mark.parametrize("amount_of", ["probability", "bookings"])
def test_each_step_starts_where_the_last_one_ended(amount_of: str) -> None:
    top = PLAN.replace({"name": "top", WON: 0.46, SIZE: 160_000, ACTIVITY: 600})
    told = fs.bridge(PLAN, top, amount_of=amount_of)
    ax = bridge(told, ax=new_axes())
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    (_, reached), *steps, (_, end) = bars
    assert reached == pytest.approx(told.bridge_start.item())
    for start, stop in steps:
        assert start == pytest.approx(reached)
        reached = stop
    assert reached == pytest.approx(end) == pytest.approx(told.bridge_end.item())
    assert title(ax).split(": ")[1].startswith("deal size adds most, ")
    assert_readable(ax.figure)


# 5. All of them


def renamed(told: xr.Dataset, name: str) -> xr.Dataset:
    """The result with an awkward name wherever people choose names."""
    told = told.copy()
    for dim in {"scenario", "other", "factor", "step"} & set(told.dims):
        names = [f"{name} {k}" for k in range(told.sizes[dim])]
        told = told.assign_coords({dim: np.array(names, dtype=str)})
    if "lever" in told.dims:
        paths = [
            path.replace("demo", f'"{name}"').replace("won", f'"{name} 2"')
            for path in told["lever"].values.tolist()
        ]
        point = told.attrs.get("coaching_point", "").replace("demo", f'"{name}"')
        told = told.assign_coords(lever=np.array(paths, dtype=str))
        told.attrs["coaching_point"] = point
    told.attrs |= {"currency": "CHF"} | ({"other_title": name} if "factor" in told.dims else {})
    return told


@pytest.fixture(scope="module")
def named(comparison: xr.Dataset) -> dict[Draw, xr.Dataset]:
    other = PLAN.replace({WON: 0.46, SIZE: 160_000})
    return {
        differences: comparison,
        ranking: comparison,
        tornado: fs.sensitivity(PLAN),
        coaching: fs.coaching_point(PLAN, {"demo": 0.66, "won": 0.30}),
        bridge: fs.bridge(PLAN, other),
        bites: fs.bites(PLAN, certainty=[0.8]),
    }


@pytest.mark.parametrize("draw", [differences, ranking, tornado, coaching, bridge, bites])
def test_pictures_can_be_read(named: dict[Draw, xr.Dataset], draw: Draw) -> None:
    assert_readable(draw(named[draw], ax=new_axes()).figure, at_least=6)
    long = renamed(named[draw], LONG)
    ax = draw(long, ax=new_axes())
    assert_readable(ax.figure, at_least=6)
    assert not any(text.get_parse_math() for text in ax.findobj(Text))


@settings(max_examples=15)
@given(
    gaps=st.lists(
        st.sampled_from([-0.9, -0.02, -1e-5, 0.0, 1e-5, 0.02, 0.9]), min_size=1, max_size=7
    ),
    error=st.sampled_from([0.0, 1e-6, 0.01, 0.3]),
)
def test_any_differences_can_be_read(gaps: list[float], error: float) -> None:
    names = [f"plan {k}" for k in range(len(gaps) + 1)]
    gap = np.array([0.0, *gaps])
    about = ("scenario", "segment")
    name = "attainment_probability"
    told = xr.Dataset(
        {
            name: (about, np.clip(0.5 + gap, 0, 1)[:, None]),
            f"{name}_standard_error": (about, np.full((len(gap), 1), error)),
            f"{name}_difference": (about, gap[:, None]),
            f"{name}_difference_standard_error": (about, np.where(gap[:, None] == 0, 0, error)),
            "best_probability": (about, np.full((len(gap), 1), 1 / len(gap))),
        },
        {"scenario": names, "segment": ["rep"]},
        {"draws": 1_000, "currency": "USD"},
    )
    assert_readable(differences(told, ax=new_axes()).figure)
    assert_readable(ranking(told, ax=new_axes()).figure)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**31),
    low=st.sampled_from([0.0, 0.3, 0.75, 0.999]),
    high=st.sampled_from([0.0005, 0.5, 0.82, 1.0]),
)
def test_any_map_can_be_read(grid: xr.Dataset, seed: int, low: float, high: float) -> None:
    random = np.random.default_rng(seed)
    rises = np.sort(np.sort(random.uniform(min(low, high), max(low, high), (7, 7)), axis=0), axis=1)
    told = grid.copy()
    told["attainment_probability"][...] = rises[:, :, None, None]
    assert_readable(sweep(told, ax=new_axes()).figure)


def test_cells_that_are_not_known_are_left_white(grid: xr.Dataset) -> None:
    told = grid.copy(deep=True)
    told["attainment_probability"][2, 2] = np.nan
    ax = sweep(told, ax=new_axes())
    assert np.ma.getmaskarray(ax.collections[0].get_array()).sum() == 1


def test_without_axes_a_figure_is_made(grid: xr.Dataset) -> None:
    try:
        assert sweep(grid).figure.axes
    finally:
        plt.close("all")


def test_what_a_result_lacks_is_said_in_its_own_words() -> None:
    told = xr.Dataset(attrs={"refused": '{"swing": "because"}', "method": "exact"})
    with pytest.raises(ResultError, match="because"):
        answer(told, "swing")
    with pytest.raises(ResultError, match="has no lift"):
        answer(told, "lift")


def test_levers_are_named_by_what_they_are() -> None:
    assert lever_name(f'stages."{LONG}".conversion') == f"conversion to {LONG}"
    assert lever_amount(WON, 1 / 3, "USD") == "33.3 %"
    assert lever_amount("quota.per_quarter", 250_000, "EUR") == "EUR 250k"
    assert lever_amount("stages.won.days", 32, "USD") == "32"


def test_areas_of_one_picture_differ_in_grey() -> None:
    told = fs.sensitivity(PLAN, {WON: (0.25, 0.4)})
    low, high = tornado(told, ax=new_axes()).patches
    assert {mpl.colors.to_hex(bar.get_facecolor()).upper() for bar in (low, high)} == {
        style.BLUE,
        style.VERMILION,
    }
    assert (low.get_hatch(), high.get_hatch()) == (style.HATCH, "")
