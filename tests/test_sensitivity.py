"""Which lever matters: closed forms of a Poisson count, brute force on the twin, what is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.chances import Goal, chances
from funnelsim.analysis.levers.answered import Answered
from funnelsim.analysis.levers.interactions import box
from funnelsim.analysis.levers.levers import Range, lever_of
from funnelsim.analysis.levers.sensitivity import sensitivity, slopes_of
from funnelsim.analysis.levers.stated import default_paths, delays_matter
from funnelsim.errors import ArgumentError, NotCoveredError, ScenarioError
from funnelsim.scenario.model import Scenario
from twin_plans import QUOTA, WHALES, WINDFALL, sales_math

FIXED = {"law": "fixed", "mean": 100_000}  # 3 deals make the quota, 25 % away from any step
RATE_LEVERS = (
    "activity.per_quarter",
    "stages.discovery.conversion",
    "stages.demo.conversion",
    "stages.won.conversion",
)
DRAWS = 20_000


def of(told, name, lever):
    return told[name].sel(lever=lever).values


@pytest.fixture(scope="module")
def fixed():
    return sales_math(deal_size=FIXED)


@pytest.fixture(scope="module")
def rich():
    """Every table that holds a lever."""
    return sales_math(
        calendar={"quarters": 4, "start": "empty"},
        days=(0, 7, 32),
        activity={"per_quarter": 750, "week_cv": 0.3, "rep_cv": 0.2, "elasticity": 0.9},
        stages=({}, {"rep_cv": 0.2}, {"days_cv": 0.5}),
        deal_size={
            "law": "pareto", "minimum": 40_000, "shape": 1.9, "rep_cv": 0.1, "whale": WHALES
        },
        windfall=WINDFALL,
        policy={"floor_per_week": 50, "cap_per_week": 90, "adherence": 1.0},
        market={"cv": 0.2, "persistence": 0.5},
        skill_correlation=0.3,
    )  # fmt: skip


def poisson_tail(rate, least=3):
    return stats.poisson.sf(least - 1, rate)


def test_levers_of_a_rate_are_the_derivative_of_a_poisson_tail(fixed):
    """d P(N >= k) / d rate is P(N = k - 1), so that ln P has the slope rate P(k - 1) / P."""
    told = sensitivity(fixed)
    p = poisson_tail(3.0)
    assert told.goal_probability.item() == pytest.approx(p, abs=1e-8)
    for lever in RATE_LEVERS:
        both = of(told, "goal_probability_at", lever)
        assert both == pytest.approx([poisson_tail(2.7), poisson_tail(3.3)], abs=1e-8)
        assert of(told, "goal_probability_change", lever) == pytest.approx(both - p, abs=1e-8)
        assert of(told, "swing", lever) == pytest.approx(both[1] - both[0], abs=1e-8)
        slope = 3.0 * stats.poisson.pmf(2, 3.0) / p
        error = of(told, "elasticity_numerical_error", lever)
        assert abs(of(told, "elasticity", lever) - slope) < error < 1e-3
        assert abs(of(told, "elasticity", lever) - slope) < 1e-5


def test_amounts_without_effect_have_no_swing_and_steps_no_derivative(fixed):
    told = sensitivity(fixed)
    for lever in ("deal_size.mean", "quota.per_quarter"):
        assert abs(of(told, "swing", lever)) <= of(told, "swing_numerical_error", lever) < 1e-7
        assert abs(of(told, "elasticity", lever)) < 1e-5
    knife = sensitivity(fixed.replace({"deal_size.mean": 84_000}))  # 3 x 84 000 just makes 250 000
    swing = poisson_tail(3.0, 3) - poisson_tail(3.0, 4)
    assert of(knife, "swing", "deal_size.mean") == pytest.approx(swing, abs=1e-8)
    assert np.isnan(of(knife, "elasticity", "deal_size.mean"))
    assert "step" in json.loads(knife.attrs["refused"])["elasticity: deal_size.mean"]


def test_every_number_is_that_of_the_twin(rich):
    """Brute force; the derivative once more with a step of its own."""
    plan = rich.replace({"activity.week_cv": 0.0, "deal_size.law": "lognormal",
                         "deal_size.mean": 84_000, "deal_size.cv": 0.5, "policy": {
                             "floor_per_week": None, "cap_per_week": None},
                         "stages.demo.rep_cv": 0.0, "activity.rep_cv": 0.0,
                         "activity.elasticity": 1.0, "deal_size.rep_cv": 0.0,
                         "calendar.quarters": 2})  # fmt: skip

    def attained(changes):
        found = fs.exact(plan.replace(changes), only=["attainment_probability"])
        return float(found.attainment_probability.mean())

    levers = {
        "stages.won.days": (20.0, 60.0),
        "windfall.per_quarter": (0.0, 0.2),
        "market.cv": (0.1, 0.5),
    }
    told = sensitivity(plan, levers)
    assert told.attrs["method"] == "exact"
    for lever, ends in levers.items():
        truth = [attained({lever: end}) for end in ends]
        assert of(told, "goal_probability_at", lever) == pytest.approx(truth, abs=2e-7)
        x = float(of(told, "lever_value", lever))
        logs = np.log([attained({lever: x * np.exp(u)}) for u in (-0.01, 0.01)])
        slope = (logs[1] - logs[0]) / 0.02
        assert of(told, "elasticity", lever) == pytest.approx(slope, abs=1e-4)
    assert (np.diff(np.abs(told.swing.values)) <= 1e-9).all()


def test_simulated_answers_agree_with_the_twin_and_tell_their_errors():
    plan = sales_math(calendar={"quarters": 2}, windfall=WINDFALL)
    levers = {"stages.won.conversion": (0.30, 0.36), "deal_size.cv": (0.3, 1.0)}
    for goal in (Goal(), Goal(at_least=2)):
        truth = sensitivity(plan, levers, goal=goal)
        found = sensitivity(plan, levers, goal=goal, method="simulated", draws=DRAWS, seed=3)
        assert (truth.attrs["method"], found.attrs["method"]) == ("exact", "simulated")
        for name in ("goal_probability", "goal_probability_change", "swing", "elasticity"):
            gap = np.abs(found[name] - truth[name].reindex_like(found[name]))
            assert (gap < 5 * found[name + "_standard_error"] + 1e-3 * (name == "elasticity")).all()
    # a tenth of the conversion moves it by less than two independent estimates would show
    independent = np.hypot(*found.goal_probability_at_standard_error.values[0])
    assert found.swing_standard_error[0] < 0.6 * independent


def test_paired_errors_are_those_of_replication():
    """n = 100 runs of 400 draws: the sd of a sd is 7 %, so 5 of them are 36 %."""
    plan, runs = sales_math(), 100
    levers = {"stages.won.conversion": (0.25, 0.40)}
    found = [
        sensitivity(plan, levers, method="simulated", draws=400, seed=seed, threads=1)
        for seed in range(runs)
    ]
    for name in ("swing", "elasticity"):
        told = np.array([each[name].item() for each in found])
        errors = np.array([each[name + "_standard_error"].item() for each in found])
        assert np.sqrt((errors**2).mean()) == pytest.approx(told.std(ddof=1), rel=0.36)


@pytest.mark.parametrize("method", ["exact", "simulated"])
def test_days_do_nothing_from_a_steady_start_and_it_says_so(method):
    plan = sales_math(days=(0, 7, 32))
    assert not delays_matter(plan)
    assert not any("days" in path for path in default_paths(plan, Goal()))
    told = sensitivity(plan, {"stages.won.days": (10, 60)}, method=method, draws=500, seed=1)
    for name in ("swing", "elasticity", "goal_probability_change"):
        assert not told[name].any()
    assert "no effect" in json.loads(told.attrs["notes"])["days"]


def test_days_that_could_matter_are_levers():
    for changes in (
        {"calendar": {"start": "empty"}},
        {"market": {"season": [1.2, 1.0, 0.9, 0.9]}},
        {"market": {"cv": 0.3}},
        {"activity": {"per_quarter": 750, "week_cv": 0.3}},
        {"policy": {"floor_per_week": 58}},
    ):
        plan = sales_math(days=(0, 7, 32), **changes)
        assert delays_matter(plan)
        assert "stages.won.days" in default_paths(plan, Goal())


def test_default_levers_are_all_there_and_within_bounds(rich):
    paths = default_paths(rich, Goal())
    assert len(set(paths)) == len(paths)
    assert {
        *RATE_LEVERS, "activity.week_cv", "activity.rep_cv", "activity.elasticity",
        "stages.demo.rep_cv", "stages.demo.days", "stages.won.days_cv", "deal_size.minimum",
        "deal_size.shape", "deal_size.rep_cv", "deal_size.whale.probability",
        "windfall.per_quarter", "windfall.mean", "windfall.cv", "market.cv", "market.persistence",
        "policy.floor_per_week", "policy.adherence", "skill_correlation", "quota.per_quarter",
    } <= set(paths)  # fmt: skip
    assert "quota.per_quarter" not in default_paths(rich, Goal(amount=1e5))
    told = sensitivity(rich, method="simulated", draws=300, seed=1)
    assert set(told.lever.values) == set(paths)
    assert of(told, "lever_range", "policy.adherence") == pytest.approx([0.9, 1.0])
    assert of(told, "lever_range", "policy.floor_per_week") == pytest.approx([45, 55])
    assert of(told, "lever_range", "activity.elasticity") == pytest.approx([0.81, 0.99])
    assert of(told, "lever_range", "activity.per_quarter") == pytest.approx([675, 825])


def test_an_end_that_no_plan_can_state_is_left_out():
    plan = sales_math(deal_size={"law": "pareto", "minimum": 40_000, "shape": 1.05})
    told = sensitivity(plan, method="simulated", draws=300, seed=1)
    assert of(told, "lever_range", "deal_size.shape") == pytest.approx([1.05, 1.155])
    assert "not moved to 0.945" in json.loads(told.attrs["notes"])["deal_size.shape"]


def test_lists_are_scaled():
    quotas = [200_000, 300_000, 250_000, 250_000]
    plan = sales_math(
        calendar={"quarters": 4},
        quota={"per_quarter": quotas},
        deal_size={"law": "empirical", "amounts": [50_000, 70_000, 132_000]},
    )
    lever = lever_of(plan, "quota.per_quarter")
    assert lever.value == 250_000
    assert lever.at(275_000).quotas == pytest.approx([220_000, 330_000, 275_000, 275_000])
    sizes = lever_of(plan, "deal_size.amounts")
    assert sizes.value == 84_000
    assert sizes.at(168_000).deal_size.amounts == pytest.approx([100_000, 140_000, 264_000])
    assert {"deal_size.amounts", "quota.per_quarter"} <= set(default_paths(plan, Goal()))


def test_either_way_of_stating_activity_is_a_lever(fixed):
    told = sensitivity(fixed, {"activity.per_week": (50, 60)})
    truth = [poisson_tail(3 * week * 13 / 750) for week in (50, 60)]
    assert told.goal_probability_at.values[0] == pytest.approx(truth, abs=1e-8)
    assert told.lever_value.item() == pytest.approx(750 / 13)


def test_a_lever_at_its_end_has_a_derivative_from_one_side():
    plan = sales_math(conversions=(0.02, 1.0, 0.2), deal_size=FIXED)
    told = sensitivity(plan)
    slope = 3.0 * stats.poisson.pmf(2, 3.0) / poisson_tail(3.0)
    assert of(told, "lever_range", "stages.demo.conversion") == pytest.approx([0.9, 1.0])
    error = of(told, "elasticity_numerical_error", "stages.demo.conversion")
    assert abs(of(told, "elasticity", "stages.demo.conversion") - slope) < error < 0.1


def test_whole_levers_are_moved_by_whole_numbers():
    plan = sales_math(
        activity={"per_quarter": 130}, conversions=(0.1, 0.6, 1 / 3),
        policy={"floor_per_week": 12, "cap_per_week": 12}, deal_size=FIXED,
    )  # fmt: skip
    told = sensitivity(plan, {"policy.cap_per_week": (12, 14)})
    low, high = (
        fs.exact(plan.replace({"policy.cap_per_week": cap})).attainment_probability.item()
        for cap in (12, 14)
    )
    assert told.swing.item() == pytest.approx(high - low, abs=1e-8)
    # below the floor it cannot go: the slope is that to 13 and 14
    assert np.isfinite(told.elasticity.item())


def test_weights_give_the_derivative_of_polynomials():
    points = [0.0, -0.3, -0.7, 0.2, 0.9]
    weights = slopes_of(points)
    for power in range(5):
        assert weights @ np.array(points) ** power == pytest.approx(float(power == 1), abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(
    st.floats(0.05, 0.9), st.floats(0.05, 0.9), st.floats(0.2, 2.0), st.sampled_from([0.05, 0.3])
)
def test_a_rate_that_grows_never_hurts(demo, won, cv, step):
    plan = sales_math(
        conversions=(0.03, demo, won), deal_size={"law": "lognormal", "mean": 84_000, "cv": cv}
    )
    told = sensitivity(plan, step=step)
    swings = [float(of(told, "swing", lever)) for lever in RATE_LEVERS[:3]]
    assert min(swings) > 0
    assert of(told, "swing", "quota.per_quarter") < 0
    assert of(told, "swing", "deal_size.mean") > 0
    assert swings == pytest.approx([swings[0]] * 3, abs=1e-7)  # a rate is a product
    elasticities = [float(of(told, "elasticity", lever)) for lever in RATE_LEVERS[:3]]
    assert elasticities == pytest.approx([elasticities[0]] * 3, abs=1e-4)


# Interactions.


def design_over(ranges, points=64):
    """A box of levers whose paths do not matter here."""
    plan = sales_math()
    levers = [lever_of(plan, path) for path in RATE_LEVERS[: len(ranges)]]
    whole = [Range(lever, *ends) for lever, ends in zip(levers, ranges, strict=True)]
    return box(whole, points)


def test_indices_of_a_sum_of_lines_are_exact():
    design = design_over([(0, 1), (2, 4), (-1, 2)], points=8)
    slopes = np.array([1.0, -2.0, 0.5])
    wide = np.array([1.0, 2.0, 3.0])
    found = design.shares_of_variance(design.values @ slopes + 7, 1.75, slopes * wide)
    parts = (slopes * wide) ** 2
    for name in ("first_order_index", "total_index"):
        assert found[name][0] == pytest.approx(parts / parts.sum(), rel=1e-12)
        assert found[name][1] == pytest.approx(0, abs=1e-9)
    assert found["goal_probability_sd"][0] == pytest.approx(np.sqrt(parts.sum() / 12))


def test_whole_levers_stand_on_whole_numbers():
    """A line over the n whole numbers from 40 to 60 has the variance slope^2 (n^2 - 1) / 12."""
    plan = sales_math(policy={"floor_per_week": 50})
    floor, won = (lever_of(plan, path) for path in ("policy.floor_per_week", RATE_LEVERS[-1]))
    design = box([Range(floor, 40, 60), Range(won, 0.2, 0.5)], 64)
    assert set(design.values[..., 0].ravel().tolist()) == set(range(40, 61))
    assert {each.policy.floor_per_week for each in design.plans(plan)} == set(range(40, 61))
    found = design.shares_of_variance(design.values @ [0.01, 2.0], 1.2, np.array([0.2, 0.6]))
    parts = np.array([0.01**2 * (21**2 - 1), 0.6**2]) / 12
    assert found["first_order_index"][0] == pytest.approx(parts / parts.sum(), rel=1e-12)
    assert found["goal_probability_sd"][0] == pytest.approx(np.sqrt(parts.sum()), rel=1e-12)


def test_every_number_is_that_of_the_registry():
    known = {variable.name: variable for variable in fs.variables()}
    told = sensitivity(sales_math(), interactions=True, points=8)
    for name, array in told.data_vars.items():
        plain = name.removesuffix("_numerical_error").removesuffix("_standard_error")
        assert array.dims == known[plain].dims
    assert {"total_index_standard_error", "swing_numerical_error"} <= set(told.data_vars)


@pytest.mark.parametrize("slope_error", [1.0, 0.5, 0.0])
def test_indices_of_a_product_are_those_of_its_factors(slope_error):
    """Var of prod (1 + c u), u uniform around 0: prod (1 + c^2 / 12) - 1; lines may be far off."""
    c = np.array([1.0, 0.6, 0.3])
    design = design_over([(-0.5, 0.5)] * 3, points=1_024)
    answers = np.prod(1 + c * design.values, axis=-1)
    found = design.shares_of_variance(answers, 1.0, c * slope_error)
    own = c**2 / 12
    variance = np.prod(1 + own) - 1
    total = own * np.prod(1 + own) / (1 + own) / variance
    for name, truth in (("first_order_index", own / variance), ("total_index", total)):
        value, error = found[name]
        assert (np.abs(value - truth) < 5 * error).all()
        assert (error < 0.06).all()
    value, error = found["goal_probability_sd"]
    assert abs(value - np.sqrt(variance)) < 5 * error


def test_interactions_of_two_conversions_are_those_of_an_integral(fixed):
    """P depends on the product of two levers; integrated by Gauss and Legendre."""
    levers = {"stages.demo.conversion": (0.2, 1.0), "stages.won.conversion": (0.1, 0.6)}
    told = sensitivity(fixed, levers, interactions=True, points=128)
    x, w = np.polynomial.legendre.leggauss(40)
    w = w / 2
    demo, won = 0.6 + 0.4 * x, 0.35 + 0.25 * x
    p = poisson_tail(15 * np.multiply.outer(demo, won))
    mean = w @ p @ w
    variance = w @ p**2 @ w - mean**2
    alone = {
        "stages.demo.conversion": w @ (p @ w) ** 2 - mean**2,
        "stages.won.conversion": w @ (w @ p) ** 2 - mean**2,
    }
    for lever, part in alone.items():
        other = next(each for name, each in alone.items() if name != lever)
        for name, truth in (
            ("first_order_index", part / variance),
            ("total_index", 1 - other / variance),
        ):
            error = of(told, name + "_standard_error", lever)
            assert abs(of(told, name, lever) - truth) < 5 * error
            assert error < 0.06
    assert told.goal_probability_sd.item() == pytest.approx(np.sqrt(variance), rel=0.02)
    assert "evenly" in json.loads(told.attrs["notes"])["interactions"]


def test_levers_without_effect_have_no_index():
    plan = sales_math(days=(0, 7, 32))
    levers = {"stages.won.days": (10, 60), "stages.won.conversion": (0.2, 0.5)}
    told = sensitivity(plan, levers, interactions=True, points=8)
    assert of(told, "total_index", "stages.won.days") == 0
    alone = sensitivity(plan, {"stages.won.days": (10, 60)}, interactions=True, points=8)
    assert alone.total_index.isnull().all()
    assert "the same" in json.loads(alone.attrs["refused"])["total_index"]


# What is refused.


def test_all_problems_are_told_at_once():
    with pytest.raises(ScenarioError) as caught:
        sensitivity(
            sales_math(),
            {
                "stages.wno.conversion": (0.2, 0.3),
                "stages.won.conversion": (0.3, 1.5),
                "deal_size.law": (1, 2),
                "deal_size.mean": (90_000, 80_000),
                "quota.per_quarter": 7,
            },
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 5
    for said in ('"stages.won.conversion"?', "1.5", "deal_size.law", "lower one first", "quota"):
        assert said in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"step": 0}, "step = 0"),
        ({"step": 1.0}, "step = 1"),
        ({"points": 60}, "points = 60"),
        ({"levers": {}}, "levers: name"),
        ({"interactions": True, "method": "simulated"}, "interactions"),
        ({"method": "guess"}, "method = 'guess'"),
        ({"method": "simulated"}, "draws and seed"),
    ],
)
def test_wrong_arguments_are_refused(arguments, says):
    with pytest.raises(ArgumentError, match=says):
        sensitivity(sales_math(), **arguments)


def test_interactions_that_the_twin_does_not_cover_are_refused():
    plan = sales_math(
        calendar={"quarters": 2}, days=(0, 7, 32), activity={"per_quarter": 750, "week_cv": 0.5}
    )
    with pytest.raises(NotCoveredError, match="interactions: take the exact twin"):
        sensitivity(
            plan, {"stages.won.days": (10, 60)}, goal=Goal(at_least=2), interactions=True,
            draws=200, seed=1,
        )  # fmt: skip


def test_results_say_where_they_come_from():
    plan = sales_math(kpis=[{"name": "calls", "metric": "activities", "target": 50, "per": "week"}])
    told = sensitivity(plan, {"deal_size.cv": (0.2, 0.8)}, goal=Goal(amount=QUOTA))
    assert told.attrs["goal"] == str(Goal(amount=QUOTA))
    assert fs.loads(told.attrs["scenario"]) == plan
    assert "seed" not in told.attrs
    assert told.swing.attrs["units"] == "1"
    assert told["swing_numerical_error"].attrs["long_name"].startswith("numerical error of P(goal)")


def test_plans_that_no_draw_tells_apart_still_have_an_error():
    plan = sales_math()
    near = plan.replace({"deal_size.cv": 0.5000001})
    found = chances([plan, near], Goal(), method="simulated", draws=100, seed=1)
    answered = Answered([plan, near], found, 100, 1)
    assert answered.change(0, 1)[1] >= 1 / 101
    assert answered.change(0, 0) == (0.0, 0.0)


def test_a_scenario_is_left_alone(rich):
    assert isinstance(rich, Scenario)
    before = fs.dumps(rich)
    sensitivity(rich, {"deal_size.shape": (1.5, 3.0)}, method="simulated", draws=100, seed=1)
    assert fs.dumps(rich) == before


def test_a_lever_that_bends_is_noted():
    """Either end of a spread of sizes may hurt: the swing alone would hide it."""
    plan = fs.preset("sales_math").replace(
        {"calendar.quarters": 1, "stages.demo.days": 0, "stages.won.days": 0,
         "quota.per_quarter": 260_000}
    )  # fmt: skip
    told = fs.sensitivity(
        plan, {"deal_size.cv": (0.05, 1.0), "stages.won.conversion": (0.32, 0.35)}
    )
    low, high = told.goal_probability_change.sel(lever="deal_size.cv").values
    ends = [
        fs.exact(plan.replace({"deal_size.cv": cv}), only=["attainment_probability"])
        for cv in (0.05, 0.5, 1.0)
    ]
    at = [each.attainment_probability.item() for each in ends]
    assert (low, high) == pytest.approx((at[0] - at[1], at[2] - at[1]), abs=1e-8)
    assert low < 0 > high
    notes = json.loads(told.attrs["notes"])
    assert f"by {-100 * low:.2f} and {-100 * high:.2f} points" in notes["deal_size.cv"]
    assert "stages.won.conversion" not in notes
    assert of(told, "largest_swing", "deal_size.cv") == pytest.approx(max(-low, -high), abs=1e-12)


def test_a_lever_that_bends_comes_first_where_it_moves_most():
    """Its ends do nearly the same: between them, little; against the plan, more than another."""
    plan = sales_math(quota={"per_quarter": 260_000})
    levers = {"stages.won.conversion": (0.33, 0.335), "deal_size.cv": (0.05, 1.0)}

    def attained(changes):
        found = fs.exact(plan.replace(changes), only=["attainment_probability"])
        return found.attainment_probability.item()

    now = attained({})
    at = {path: [attained({path: end}) for end in ends] for path, ends in levers.items()}
    spans = {path: max(now, *ends) - min(now, *ends) for path, ends in at.items()}
    swings = {path: ends[1] - ends[0] for path, ends in at.items()}
    assert abs(swings["deal_size.cv"]) < swings["stages.won.conversion"] < spans["deal_size.cv"]
    told = sensitivity(plan, levers)
    assert told.lever.values.tolist() == ["deal_size.cv", "stages.won.conversion"]
    for path in levers:
        assert of(told, "largest_swing", path) == pytest.approx(spans[path], abs=1e-8)
        assert of(told, "swing", path) == pytest.approx(swings[path], abs=1e-8)
    straight = told.sel(lever="stages.won.conversion")
    assert straight.largest_swing == straight.swing
    assert straight.largest_swing_numerical_error == straight.swing_numerical_error
