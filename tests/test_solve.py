"""What it takes: closed forms, brute force on the exact twin, and intervals that cover."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

import funnelsim as fs
from funnelsim.analysis.chances import Chances, Goal, chances, is_laborious
from funnelsim.analysis.solve.search import Curve, search
from funnelsim.analysis.solve.solve import sales_math, solve
from funnelsim.analysis.solve.span import span_of
from funnelsim.errors import ArgumentError, NotCoveredError, ScenarioError

ACTIVITY = "activity.per_quarter"
FLOOR = "policy.floor_per_week"
ODD = {"deal_size.law": "empirical", "deal_size.amounts": [84_000.123, 91_007.77]}


@pytest.fixture(scope="module")
def plan() -> fs.Scenario:
    at_once = {"stages.demo.days": 0, "stages.won.days": 0, "calendar.quarters": 1}
    return fs.preset("sales_math").replace(at_once)


def chance_of(plan: fs.Scenario, goal: Goal | None = None) -> float:
    return float(chances([plan], goal or Goal(), method="exact").values[0])


def test_the_published_example(plan):
    """3 deals, 9 demos, 15 discoveries, 750 activities; at 33 % as well as at 1/3."""
    expected = {"won": 3, "demo": 9, "discovery": 15, "activities": 750}
    assert sales_math(plan) == expected
    assert sales_math(plan.replace({"stages.won.conversion": 0.33})) == expected


def test_no_conversion_is_no_plan(plan):
    with pytest.raises(ArgumentError, match=r"stages\.demo\.conversion = 0"):
        sales_math(plan.replace({"stages.demo.conversion": 0}))


def test_anchors(plan):
    """model.md: 1 295.2 activities make quota 8 times in 10; 1 276.4 with windfalls."""
    for variant, level in ((plan, 1_295.2), (plan.variant("windfalls"), 1_276.4)):
        found = solve(variant, ACTIVITY, attain=0.80)
        assert float(found.solved_value) == pytest.approx(level, abs=0.05)
        assert float(found.solved_probability) == pytest.approx(0.80, abs=1e-9)
        assert found.attrs["method"] == "exact"
        assert found.attrs["outcome"] == "found"


@pytest.mark.parametrize("probability", [0.01, 0.5, 0.9, 0.999])
def test_equal_deals_have_a_closed_form(plan, probability):
    """Three Poisson deals or more; 250 activities a deal, a conversion of 1/3 in proportion."""
    fixed = plan.variant("fixed sizes")
    deals = optimize.brentq(lambda mean: stats.poisson.sf(2, mean) - probability, 1e-6, 100)
    found = solve(fixed, ACTIVITY, attain=probability)
    assert float(found.solved_value) == pytest.approx(250 * deals, rel=1e-6)
    assert found.solved_value_numerical_error < 1e-6 * found.solved_value
    first = solve(fixed, "stages.discovery.conversion", attain=probability)
    assert float(first.solved_value) == pytest.approx(0.02 * deals / 3, rel=1e-6)
    won = solve(fixed, "stages.won.conversion", attain=probability)
    if deals < 9:
        assert float(won.solved_value) == pytest.approx(deals / 9, rel=1e-6)
    else:
        assert won.attrs["outcome"] == "out of reach"
        assert float(won.most_value) == 1
        assert float(won.most_probability) == pytest.approx(stats.poisson.sf(2, 9), abs=1e-9)


D2 = {  # results of the binomial model: a fixed number of activities, each a deal with .00396
    "fixed": {0.5: 675, 0.7: 913, 0.8: 1_080, 0.9: 1_343, 0.95: 1_588},
    0.5: {0.5: 818, 0.7: 1_107, 0.8: 1_308, 0.9: 1_618, 0.95: 1_904},
    1.0: {0.5: 890, 0.7: 1_237, 0.8: 1_475, 0.9: 1_841, 0.95: 2_175},
}


@pytest.mark.parametrize("size", D2, ids=str)
def test_goal_seek_of_the_binomial_model(plan, size):
    """A floor that everybody works up to is a number of activities that is certain.

    Equal deals: the fewest weekly activities with P(Bin(13 floor, .00396) >= 3) >= p. The table
    holds continuous levels; a floor is a whole number a week, 13 a quarter.
    """
    law = {"deal_size.law": "fixed"} if size == "fixed" else {"deal_size.cv": size}
    idle = {"activity.per_week": 1e-6, "stages.won.conversion": 0.33, "policy.adherence": 1.0}
    worker = plan.replace({**law, **idle, FLOOR: 50})
    for probability, level in D2[size].items():
        found = solve(worker, FLOOR, attain=probability)
        floor = int(found.solved_value)
        assert floor == pytest.approx(level / 13, abs=1.01)
        assert 13 * floor >= level - 1
        if size == "fixed":
            enough = stats.binom.sf(2, 13 * np.arange(1, 300), 0.02 * 0.6 * 0.33) >= probability
            assert floor == 1 + int(np.argmax(enough))
            assert float(found.solved_probability) >= probability


LEVERS = [
    (ACTIVITY, 0.8, 1),
    ("stages.demo.conversion", 0.5, 1),
    ("stages.won.conversion", 0.3, 1),
    ("deal_size.mean", 0.7, 1),
    ("deal_size.cv", 0.42, -1),
    ("quota.per_quarter", 0.6, -1),
    ("activity.elasticity", 0.3, 1),
]


@pytest.mark.parametrize(("path", "attain", "way"), LEVERS, ids=lambda each: str(each))
def test_brute_force(plan, path, attain, way):
    """The answer reaches the goal, a little less help does not, and so it is all the way."""
    changed = plan.replace({"activity.reference_per_week": 10}) if "elast" in path else plan
    found = solve(changed, path, attain=attain)
    value = float(found.solved_value)
    assert chance_of(changed.replace({path: value})) >= attain - 1e-9
    assert chance_of(changed.replace({path: value * (1 - way * 1e-5)})) < attain
    for factor in (0.3, 0.6, 0.9, 0.99, 1.01, 1.1, 1.5):
        try:
            other = changed.replace({path: value * factor})
        except ScenarioError:
            continue
        assert (chance_of(other) > attain) == ((factor > 1) == (way > 0))


GOALS = [{"at_least": 3}, {"by": "year"}, {"amount": 300_000.0}, {"at_least": 2, "amount": 2e5}]


@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_every_goal(plan, goal):
    year = plan.replace({"calendar.quarters": 4})
    found = solve(year, ACTIVITY, attain=0.7, **goal)
    level = float(found.solved_value)
    assert chance_of(year.replace({ACTIVITY: level}), Goal(**goal)) == pytest.approx(0.7, abs=1e-8)
    assert found.attrs["goal"] == str(Goal(**goal))


@pytest.mark.parametrize("quarters", [1, 4, 12])
def test_the_horizon_is_a_lever_of_its_own(plan, quarters):
    """Each quarter is made with p, independently: the fewest n with P(Bin(n, p) >= 3) >= 80 %."""
    chance = chance_of(plan)
    enough = stats.binom.sf(2, np.arange(40), chance) >= 0.8
    horizon = plan.replace({"calendar.quarters": quarters})
    found = solve(horizon, "calendar.quarters", attain=0.8, at_least=3)
    assert float(found.solved_value) == np.argmax(enough)
    assert found.tried.min() == 3
    short = solve(horizon, "calendar.quarters", attain=0.8, at_least=3, within=(1, 5))
    assert short.tried.values.tolist() == [3, 4, 5]
    assert short.attrs["outcome"] == "out of reach"
    with pytest.raises(ArgumentError, match="the goal takes 3 quarters"):
        solve(horizon, "calendar.quarters", attain=0.8, at_least=3, within=(1, 3))
    with pytest.raises(ArgumentError, match=r"the horizon has 1 quarter\. Set"):
        solve(plan, ACTIVITY, attain=0.8, at_least=3)


@pytest.mark.parametrize("amount", [0, -1, 1e-300, 1e300, 10**500, math.inf, math.nan, "much"])
def test_amounts_are_those_of_a_quota(amount):
    with pytest.raises(ArgumentError, match=r"must be an amount from 1e-09 to 1e\+15"):
        Goal(amount=amount)


@pytest.mark.parametrize(("parts", "width", "seen"), [(1, 0.06, False), (5, 0.06, True)])
def test_a_bump_between_two_points_is_seen_unless_it_is_narrower_than_a_part(
    plan, parts, width, seen
):
    """A curve that rises by .1 from end to end, a bump of .3 in the middle of a gap of 1 / 8."""
    won = "stages.won.conversion"

    def evaluate(plans):
        x = np.array([each.stages[-1].conversion for each in plans])
        chances = 0.3 + 0.1 * x + 0.3 * np.maximum(1 - np.abs(x - 0.5625) / (width / 2), 0)
        return Chances(chances, np.zeros_like(x), "exact")

    curve = Curve(span_of(plan, won), evaluate, parts)
    if seen:
        with pytest.raises(ArgumentError, match="both rises and falls"):
            search(curve, 0.35)
    else:
        assert search(curve, 0.35).value == pytest.approx(0.5, abs=1e-6)


def test_a_quantile_is_an_amount_with_a_probability(plan):
    """Nine chances in ten of at least this: the quota that P(attain) = .9 takes is p10."""
    truth = fs.exact(plan, only=["bookings_quantile"]).bookings_quantile.sel(probability=0.5)
    quota = solve(plan, "quota.per_quarter", attain=0.5)
    assert float(quota.solved_value) == pytest.approx(truth.item(), rel=1e-6)


def test_a_step_is_taken_from_the_side_that_is_enough(plan):
    """Of equal deals, quotas that two deals make reach up to 168 000."""
    fixed = plan.variant("fixed sizes")
    found = solve(fixed, "quota.per_quarter", attain=0.7)
    assert stats.poisson.sf(1, 3) > 0.7 > stats.poisson.sf(2, 3)
    assert float(found.solved_value) == pytest.approx(168_000, rel=1e-6)
    assert float(found.solved_probability) == pytest.approx(stats.poisson.sf(1, 3), abs=1e-9)


def test_whole_numbers(plan):
    """The fewest, and where a lever hurts the most."""
    floor = solve(plan, FLOOR, attain=0.8)
    least = int(floor.solved_value)
    assert plan.policy.floor_per_week is None
    assert (
        chance_of(plan.replace({FLOOR: least})) >= 0.8 > chance_of(plan.replace({FLOOR: least - 1}))
    )
    late = plan.replace({FLOOR: 100, "policy.start_week": 4})
    start = solve(late, "policy.start_week", attain=0.7)
    last = int(start.solved_value)
    assert (
        chance_of(late.replace({"policy.start_week": last}))
        >= 0.7
        > chance_of(late.replace({"policy.start_week": last + 1}))
    )


def test_lists_are_scaled(plan):
    uneven = fs.Scenario(
        **{
            **plan.model_dump(exclude_unset=True, exclude={"variants", "kpis"}),
            "calendar": {"quarters": 2},
            "quota": {"per_quarter": [200_000, 300_000]},
        }
    )
    found = solve(uneven, "quota.per_quarter", attain=0.6)
    one, other = fs.loads(found.attrs["solved"]).quotas
    assert other / one == pytest.approx(1.5)
    assert (one + other) / 2 == pytest.approx(float(found.solved_value))


def test_longer_cycles_hurt_a_new_territory_alone(plan):
    """From an empty start an hour counts; from a steady one days have no effect, and it says so."""
    empty = plan.replace({"stages.won.days": 32, "activity.per_quarter": 1_500})
    new = fs.Scenario(
        **{
            **empty.model_dump(exclude_unset=True, exclude={"variants", "kpis"}),
            "calendar": {"quarters": 1, "start": "empty"},
        }
    )
    found = solve(new, "stages.won.days", attain=0.5)
    days = float(found.solved_value)
    assert chance_of(new.replace({"stages.won.days": days})) == pytest.approx(0.5, abs=1e-7)
    assert chance_of(new.replace({"stages.won.days": days + 1})) < 0.5
    steady = solve(empty, "stages.won.days", attain=0.99)
    assert steady.attrs["outcome"] == "no effect"
    assert "steady" in steady.attrs["told"]
    assert math.isnan(steady.solved_value)


def test_out_of_reach_says_the_best(plan):
    capped = plan.replace({"policy.cap_per_week": 58})
    found = solve(capped, ACTIVITY, attain=0.9)
    best = chance_of(capped.replace({ACTIVITY: 60_000}))
    assert found.attrs["outcome"] == "out of reach"
    assert "out of reach" in found.attrs["refused"]
    assert float(found.most_probability) == pytest.approx(best, abs=1e-8)
    assert f"{best:.4f}" in found.attrs["told"]
    assert math.isnan(found.solved_value)
    assert found.attrs["solved"] == ""


def test_all_levels_that_a_scenario_may_state_are_tried(plan):
    """From 750 a quarter, doubling meets 48 000 and 96 000; 65 000 is the most."""
    hard = plan.replace({"quota.per_quarter": 1.85e7})
    found = solve(hard, ACTIVITY, attain=0.5)
    assert 48_000 < float(found.solved_value) < 65_000
    assert float(found.solved_probability) == pytest.approx(0.5, abs=1e-8)
    endless = solve(plan.replace({"quota.per_quarter": 1e9}), ACTIVITY, attain=0.5)
    assert endless.attrs["outcome"] in ("out of reach", "no effect")


def test_reached_anyway(plan):
    lucky = plan.variant("windfalls").replace({"windfall.per_quarter": 5})
    found = solve(lucky, ACTIVITY, attain=0.1)
    assert found.attrs["outcome"] == "reached anyway"
    assert float(found.solved_value) < 1
    assert float(found.solved_probability) > 0.1


def test_what_goes_both_ways_is_refused_with_the_curve(plan):
    """Below a quota above the mean, spread first helps and then hurts."""
    hard = plan.replace({"quota.per_quarter": 400_000})
    with pytest.raises(ArgumentError, match=r"both rises and falls.*1\.2.*within=") as refused:
        solve(hard, "deal_size.cv", attain=0.25)
    curve = str(refused.value)
    assert f"{chance_of(hard):.4f}" in curve
    rising = solve(hard, "deal_size.cv", attain=0.17, within=(0.2, 0.6))
    assert chance_of(fs.loads(rising.attrs["solved"])) == pytest.approx(0.17, abs=1e-9)


def test_the_curve_and_the_plan_are_kept(plan):
    found = solve(plan, ACTIVITY, attain=0.8)
    assert np.all(np.diff(found.tried) > 0)
    assert np.all(np.diff(found.curve_probability) > -1e-9)
    solved = fs.loads(found.attrs["solved"])
    assert solved.kpis == plan.kpis
    assert chance_of(solved) == pytest.approx(0.8, abs=1e-9)
    assert fs.scenario_of(found) == plan
    assert found.solved_value.attrs["units"] == "1"
    assert solve(plan, "quota.per_quarter", attain=0.5).solved_value.attrs["units"] == "USD"


def test_within(plan):
    found = solve(plan, ACTIVITY, attain=0.8, within=(1_000, 1_500))
    assert float(found.solved_value) == pytest.approx(1_295.2, abs=0.05)
    assert float(found.tried.min()) == 1_000
    short = solve(plan, ACTIVITY, attain=0.8, within=(500, 1_000))
    assert short.attrs["outcome"] == "out of reach"
    assert float(short.most_value) == 1_000


# --- simulated ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "attain"),
    [(ACTIVITY, 0.8), ("stages.won.conversion", 0.6), ("quota.per_quarter", 0.6)],
)
def test_simulated_agrees(plan, path, attain):
    truth = float(solve(plan, path, attain=attain).solved_value)
    found = solve(plan, path, attain=attain, method="simulated", draws=20_000, seed=1)
    error = float(found.solved_value_standard_error)
    assert abs(float(found.solved_value) - truth) < 5 * error
    assert error < 0.02 * truth
    low, high = found.solved_interval.values
    assert high - low == pytest.approx(2 * 1.96 * error, rel=1e-3)
    assert (found.attrs["method"], found.attrs["draws"]) == ("simulated", 20_000)


def test_simulated_it_is_the_crossing_of_the_estimate(plan):
    """On the luck of this seed the value is enough, and one that is 2e-5 less is not."""
    settings: dict[str, Any] = {"draws": 3_000, "seed": 2}
    found = solve(plan, ACTIVITY, attain=0.8, method="simulated", **settings)
    level = float(found.solved_value)
    plans = [plan.replace({ACTIVITY: each}) for each in (level, level * (1 - 2e-5))]
    enough, short = chances(plans, Goal(), method="simulated", **settings).values
    assert enough >= 0.8 - 1e-12 > short
    threads = solve(plan, ACTIVITY, attain=0.8, method="simulated", threads=2, **settings)
    assert threads.identical(found)


def covered(plan: fs.Scenario, runs: int, draws: int) -> int:
    truth = float(solve(plan, ACTIVITY, attain=0.7).solved_value)
    count = 0
    for seed in range(runs):
        found = solve(
            plan,
            ACTIVITY,
            attain=0.7,
            within=(700, 1_700),
            method="simulated",
            draws=draws,
            seed=seed,
        )
        low, high = found.solved_interval.values
        count += bool(low <= truth <= high)
    return count


def test_intervals_cover(plan):
    """95 % of 60 seeds, within 5 standard deviations: at least 49."""
    assert covered(plan, 60, 500) >= 60 * 0.95 - 5 * math.sqrt(60 * 0.95 * 0.05)


@pytest.mark.slow
def test_intervals_cover_closely(plan):
    """95 % of 400 seeds, within 5 standard deviations."""
    assert covered(plan, 400, 2_000) == pytest.approx(380, abs=5 * math.sqrt(400 * 0.95 * 0.05))


def test_what_the_twin_does_not_cover(plan):
    odd = plan.replace(ODD)
    with pytest.raises(ArgumentError, match=r"draws and seed.*exact twin cannot"):
        solve(odd, ACTIVITY, attain=0.8)
    with pytest.raises(NotCoveredError):
        solve(odd, ACTIVITY, attain=0.8, method="exact")
    found = solve(odd, ACTIVITY, attain=0.8, draws=4_000, seed=1)
    assert found.attrs["method"] == "simulated"
    # three deals of either amount make the quota, two do not
    truth = 250 * optimize.brentq(lambda mean: stats.poisson.sf(2, mean) - 0.8, 1, 9)
    apart = abs(float(found.solved_value) - truth)
    assert apart < 5 * float(found.solved_value_standard_error)


def test_progress_never_goes_back(plan):
    seen: list[tuple[int, int]] = []
    solve(
        plan,
        ACTIVITY,
        attain=0.8,
        method="simulated",
        draws=500,
        seed=1,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) > 5
    assert all(done <= total for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("probability", [0, 1, -0.1, 80, float("nan"), "0.8", True])
def test_no_probability(plan, probability):
    with pytest.raises(ArgumentError, match=r"attain = .*above 1e-06 and below 0.999999"):
        solve(plan, ACTIVITY, attain=probability)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("name", "is no number"),
        ("stages.wn.conversion", r"stages\.wn.*Did you mean won"),
        ("windfall.per_quarter", r"windfall\.law"),
        ("deal_size.minimum", "does not belong to the law"),
        ("kpis.calls.target", "measures, and moves nothing.*floor_per_week"),
        ("stages..won", "path"),
        ("deal_size", "is no number"),
    ],
)
def test_no_lever(plan, path, message):
    with pytest.raises(ScenarioError, match=message):
        solve(plan, path, attain=0.8)


@pytest.mark.parametrize(
    "within", [(1_000, 500), (500,), (500, float("inf")), ("a", "b"), (1, 1)], ids=str
)
def test_no_range(plan, within):
    with pytest.raises(ArgumentError, match="within = "):
        solve(plan, ACTIVITY, attain=0.8, within=within)


def test_ends_that_cannot_be_stated_are_named_together(plan):
    with pytest.raises(ScenarioError) as refused:
        solve(plan, "stages.won.conversion", attain=0.8, within=(-1, 2))
    assert len(refused.value.problems) == 2
    with pytest.raises(ArgumentError, match="method = 'guess'"):
        solve(plan, ACTIVITY, attain=0.8, method="guess")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="at_least = 2: the horizon has 1"):
        solve(plan, ACTIVITY, attain=0.8, at_least=2)
    with pytest.raises(ArgumentError, match="draws"):
        solve(plan, ACTIVITY, attain=0.8, method="simulated", draws=0, seed=1)


@pytest.mark.parametrize(
    ("quota", "attain", "least", "most"), [(500.0, 0.25, 1.0e6, 1.01e6), (1e6, 0.6, 2_500, 3_500)]
)
def test_a_plateau_is_no_end(quota, attain, least, most):
    """Equal deals make a stair of chances: what comes after the step counts.

    One deal of a million or none, and windfalls of a thousand: between 10,000 and a million the
    quota changes nothing. P(a deal) = .30; three windfalls come in about six of ten quarters.
    """
    plan = fs.preset("sales_math").replace(
        {
            "calendar.quarters": 1,
            "stages.demo.days": 0,
            "stages.won.days": 0,
            "deal_size": {"law": "fixed", "mean": 1_000_000},
            "activity.per_quarter": 90,
            "windfall": {"per_quarter": 3, "law": "fixed", "mean": 1_000},
            "quota.per_quarter": quota,
        }
    )
    found = solve(plan, "quota.per_quarter", attain=attain)
    assert found.attrs["outcome"] == "found"
    assert least <= found.solved_value.item() <= most
    told = fs.quota_for(plan, share=attain)
    assert told.quota_for_share.item() == pytest.approx(found.solved_value.item(), rel=1e-5)


def test_what_takes_the_twin_long_is_simulated_where_draws_take_less():
    """Exact is what is cheap: of few draws all of the search is simulated, of many none."""
    unlike = {"stages.won.rep_cv": 0.2, "stages.demo.rep_cv": 0.2}
    plan = fs.preset("ten_two_one").replace(unlike)
    asked = {"attain": 0.6, "draws": 300, "seed": 1}
    found = solve(plan, "activity.per_week", **asked)
    assert found.attrs["method"] == "simulated"
    assert found.identical(solve(plan, "activity.per_week", **asked, method="simulated"))
    assert not is_laborious(plan, Goal(), draws=1_000_000)
    for name in ("sales_math", "mid_market", "strategic", "sdr_assisted", "ten_two_one"):
        assert not is_laborious(fs.preset(name), Goal(), draws=1)


@pytest.mark.parametrize("by", ["quarter", "year"])
def test_no_horizon_brings_about_a_mean_over_it(plan, by):
    with pytest.raises(ArgumentError, match=r"^path = 'calendar.quarters': .* Say at_least = 3"):
        solve(plan, "calendar.quarters", attain=0.8, by=by)
