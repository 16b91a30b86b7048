"""What holds draw by draw, for any plan, however it is run: shared luck, conservation."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.engine.blocks import Run, purposes_of, sample_blocks
from test_engine_naive import EVERYTHING, PURPOSES

DRAWS = 3_000


@pytest.fixture(scope="module")
def everything():
    return fs.Scenario(**EVERYTHING)


@pytest.fixture(scope="module")
def linear():
    """Everything for which more is promised never to lose an opportunity."""
    plan = fs.Scenario(**EVERYTHING)
    return plan.replace(
        {"activity.elasticity": 1.0, "stages.discovery.rep_cv": 0.0, "stages.won.rep_cv": 0.0}
    )


def run(plan, draws=DRAWS, seed=1, **options):
    return fs.simulate(plan, draws=draws, seed=seed, **options)


def assert_same(one, other, names=None):
    for name in names or one.data_vars:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("block", [1, 7, 997, 8_192])
def test_threads_and_blocks_do_not_matter(everything, threads, block):
    draws = 500 if block == 1 else DRAWS
    one = run(everything, draws, threads=1, block=8_192, pipeline=True)
    other = run(everything, draws, threads=threads, block=block, pipeline=True)
    assert one.identical(other)
    for name in one.data_vars:
        assert one[name].values.tobytes() == other[name].values.tobytes()


def test_more_draws_extend(everything):
    assert_same(run(everything, 100), run(everything, 1_000).isel(draw=slice(100)))


def test_run_order_does_not_matter(everything):
    first = run(everything)
    run(everything.replace({"activity.per_quarter": 100.0}), seed=9)
    assert first.identical(run(everything))


def test_a_further_quarter_changes_no_other_number(everything):
    two = run(everything, pipeline=True)
    five = run(everything.replace({"calendar.quarters": 5}), pipeline=True)
    assert_same(two, five.sel(quarter=slice(1, 2)))


def test_a_variant_changes_no_other_number(everything):
    before = run(everything)
    plan = everything.replace({"name": "renamed", "quota.per_quarter": 1.0})
    assert_same(before, run(plan))


def test_what_is_traced_changes_nothing(everything):
    plain = run(everything)
    assert_same(plain, run(everything, pipeline=True), plain.data_vars)


def test_runs_side_by_side_are_what_they_are_alone(everything, linear):
    """In one pass or alone, whatever the blocks; a team's first rep is the rep alone."""
    busy = linear.replace({"activity.per_quarter": 900.0})
    runs = [Run(linear), Run(everything, reps=3), Run(busy, redraw=frozenset({"size"}))]
    blocks = list(sample_blocks(runs, draws=600, seed=1, threads=2, block=251))
    for index, plan, redraw in ((0, linear, ()), (1, everything, ()), (2, busy, {"size"})):
        alone = run(plan, 600, redraw=redraw)
        for name in alone.data_vars:
            found = np.concatenate([block[index][name] for block in blocks])
            np.testing.assert_array_equal(found[:, :1], alone[name].values, err_msg=name)
    assert not np.array_equal(blocks[0][1]["bookings"][:, 0], blocks[0][1]["bookings"][:, 1])


@pytest.mark.parametrize(
    ("purpose", "held"),
    [
        ("windfall", ["activities", "reached", "whales", "repeatable_bookings", "kpi_hits"]),
        ("whale", ["activities", "reached", "windfalls"]),
        ("size", ["activities", "reached", "whales", "windfalls"]),
        ("outcome.won", ["activities", "windfalls"]),
        ("delay", ["activities", "windfalls"]),
        ("entry", ["activities", "windfalls"]),
        ("activity", ["windfalls"]),
    ],
)
def test_what_comes_before_a_purpose_drawn_anew_is_held(everything, purpose, held):
    plan = everything.replace({"stages.won.days": 0.0})
    before, after = run(plan), run(plan, redraw={purpose})
    for name in held:
        np.testing.assert_array_equal(before[name].values, after[name].values, err_msg=name)
    assert not np.array_equal(before["bookings"].values, after["bookings"].values)
    if purpose == "outcome.won":
        assert np.array_equal(before["reached"].values[..., :2], after["reached"].values[..., :2])


def test_all_drawn_anew_is_independent(linear):
    """No luck is left in common: bookings of the two do not correlate."""
    n = 40_000
    plan = linear.replace({"calendar.quarters": 1})
    pair = [
        run(plan, n, redraw=redraw)["reached"].values[:, 0, 0, 0]
        for redraw in ((), purposes_of(plan))
    ]
    assert abs(np.corrcoef(pair)[0, 1]) < 5 / np.sqrt(n)
    assert np.corrcoef(pair[0], run(plan, n)["reached"].values[:, 0, 0, 0])[0, 1] > 0.99


def test_the_whole_past_has_the_same_law(everything):
    """Thinned or not: the same counts of each quarter, in distribution."""
    n = 60_000
    runs = [Run(everything), Run(everything, whole_past=True, redraw=frozenset(PURPOSES))]
    blocks = list(sample_blocks(runs, draws=n, seed=3))
    for name in ("reached", "windfalls", "whales"):
        thinned, whole = (
            np.concatenate([block[index][name][:, 0] for block in blocks]) for index in (0, 1)
        )
        for power in (1, 2):
            apart = (thinned.astype(float) ** power).mean(0) - (whole.astype(float) ** power).mean(
                0
            )
            error = np.sqrt(((thinned**power).var(axis=0) + (whole**power).var(axis=0)) / n)
            assert np.all(np.abs(apart) < 5 * error), name


@pytest.mark.parametrize(
    "law",
    [
        {"law": "fixed", "mean": 5.0},
        {"law": "gamma", "mean": 90_000.0, "cv": 2.0},
        {"law": "pareto", "minimum": 10.0, "shape": 1.5},
        {"law": "empirical", "amounts": [1.0, 2.0]},
    ],
)
def test_a_changed_size_law_changes_no_count(everything, law):
    plan = everything.model_dump(exclude_none=True)
    plan["deal_size"] = law | {"whale": plan["deal_size"]["whale"]}
    counts = ["activities", "reached", "windfalls", "whales"]
    assert_same(run(everything), run(fs.Scenario(**plan)), counts)


@pytest.mark.parametrize("lost_days", [0.0, 5.0, 200.0])
def test_lost_days_never_change_bookings(everything, lost_days):
    plan = everything.replace(
        {"stages.won.lost_days": lost_days, "stages.demo.lost_days": lost_days}
    )
    before = run(everything)
    assert_same(before, run(plan, pipeline=True), before.data_vars)


def test_stalling_never_changes_bookings(everything):
    plan = everything.replace({"stages.won.stalled": 0.9, "stages.demo.stalled": 0.0})
    assert_same(run(everything), run(plan))


@pytest.mark.parametrize("start", ["steady", "empty"])
def test_opportunities_are_conserved(everything, start):
    plan = everything.replace({"calendar.start": start, "calendar.quarters": 4})
    result = run(plan, pipeline=True)
    won = result.reached.isel(stage=-1)
    before = result.open.shift(quarter=1).fillna(0)
    before[..., 0] = result.open_at_start
    flow = result.entered - won - result.lost - result.stalled
    np.testing.assert_array_equal(result.open, before + flow)
    if start == "empty":
        assert result.open_at_start.sum() == 0
    else:
        assert result.open_at_start.mean() > 1


def test_opportunities_are_conserved_however_late_losses_are_known():
    """Losses may be open for longer than the past that wins look back to."""
    plan = fs.Scenario(
        name="late losses",
        quota={"per_quarter": 1.0},
        calendar={"quarters": 4},
        activity={"per_week": 58.0},
        stages=[
            {"name": "entered", "conversion": 0.1},
            {"name": "won", "conversion": 0.5, "days": 30.0, "lost_days": 120.0, "stalled": 0.1},
        ],
        deal_size={"law": "fixed", "mean": 1.0},
    )
    result = run(plan, 20_000, pipeline=True)
    ended = result.reached.isel(stage=-1) + result.lost + result.stalled
    flow = (result.entered - ended).cumsum("quarter")
    np.testing.assert_array_equal(result.open, result.open_at_start + flow)


def test_bookings_add_up(everything):
    result = run(everything)
    np.testing.assert_array_equal(
        result.bookings, result.repeatable_bookings + result.windfall_bookings
    )
    deals = result.reached.isel(stage=-1) + result.windfalls
    np.testing.assert_array_equal(result.bookings > 0, deals > 0)
    assert (result.largest_deal <= result.bookings * (1 + 1e-12)).all()
    assert (result.largest_deal * deals >= result.bookings * (1 - 1e-12)).all()


CHANGES = [
    {"activity.per_quarter": 800.0},
    {"activity.per_quarter": 2_000.0},
    {"stages.discovery.conversion": 0.021},
    {"stages.demo.conversion": 0.65},
    {"stages.won.conversion": 0.5},
    {"policy.adherence": 0.9},
    {"policy.floor_per_week": 70},
    {"policy.cap_per_week": 200},
    {"market.season": [1.0, 1.0, 1.2, 1.0]},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_more_never_loses_an_opportunity(linear, changes):
    """Every count and every sum of sizes can only grow, in every single draw."""
    before, after = run(linear), run(linear.replace(changes))
    grown = [f"{name}" for name in ("activities", "reached", "whales")]
    for name in grown:
        assert (after[name] >= before[name]).all(), name
    for name in ("repeatable_bookings", "windfall_bookings", "largest_deal"):
        assert (after[name] >= before[name] * (1 - 1e-12)).all(), name
    assert (after.reached > before.reached).any()


def test_a_change_leaves_unrelated_luck_alone(everything):
    """Windfalls and activities do not move when conversions do."""
    after = run(everything.replace({"stages.won.conversion": 0.5}))
    assert_same(run(everything), after, ["activities", "windfalls"])


def test_shared_luck_narrows_a_difference():
    """d-13 of the reference: for monotone changes Var(diff) = d - d^2 a draw."""
    plan = fs.preset("sales_math")
    more = plan.replace({"activity.per_quarter": 850})
    n, quota = 20_000, 250_000 * (1 - 1e-9)
    one, two = (run(each, n).bookings[:, 0, 0] >= quota for each in (plan, more))
    difference = two.astype(float) - one.astype(float)
    d = float(difference.mean())
    assert float(difference.min()) == 0.0  # monotone: no draw is lost
    independent = float(one.var() + two.var())
    assert float(difference.var()) == pytest.approx(d - d * d)
    assert independent / float(difference.var()) > 4


def test_policy_start_week_leaves_the_weeks_before_alone(everything):
    early = run(everything.replace({"calendar.quarters": 3, "policy.start_week": 0}))
    late = run(everything.replace({"calendar.quarters": 3, "policy.start_week": 26}))
    assert (late.activities.sel(quarter=3) == early.activities.sel(quarter=3)).all()
    assert (late.activities.sel(quarter=1) != early.activities.sel(quarter=1)).any()


def test_result_describes_itself(everything):
    result = run(everything, draws=10)
    assert isinstance(result, xr.Dataset)
    assert result.bookings.dims == ("draw", "rep", "quarter")
    assert result.bookings.attrs["units"] == "USD"
    assert list(result.quarter.values) == [1, 2]
    assert fs.scenario_of(result) == everything
    assert result.attrs["seed"] == 1
    assert result.attrs["stream_version"] == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"draws": 0}, "draws"),
        ({"draws": 2**33}, "draws"),
        ({"draws": 1.5}, "draws"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"threads": 0}, "threads"),
        ({"block": 0}, "block"),
    ],
)
def test_arguments_out_of_range_are_refused(everything, options, word):
    from funnelsim.errors import ArgumentError

    with pytest.raises(ArgumentError, match=word):
        fs.simulate(everything, **({"draws": 1, "seed": 1} | options))


def test_too_many_samples_are_refused_before_any_work(everything):
    from funnelsim.errors import ResourceError

    with pytest.raises(ResourceError, match="summarize"):
        fs.simulate(everything, draws=2**32, seed=1)


@pytest.mark.parametrize(
    "activity", [{"per_week": 5_000.0, "rep_cv": 2.0}, {"per_week": 5_000.0, "week_cv": 2.0}]
)
def test_weeks_that_could_not_be_followed_are_refused(everything, activity):
    from funnelsim.errors import ScenarioError

    data = everything.model_dump(exclude_none=True) | {"activity": activity}
    first, *others = data["stages"]
    data["stages"] = [first | {"conversion": 1.0, "rep_cv": 0.0}, *others]
    with pytest.raises(ScenarioError, match="a week may bring"):
        run(fs.Scenario(**data), 1)
