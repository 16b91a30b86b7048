"""A policy's effect and its doses: against published values and the exact twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.levels import mean_activities, mean_deals
from funnelsim.analysis.luck.doses import ADHERENCES, Doses
from funnelsim.analysis.luck.imposed import EFFECTS, POLICIES, floor_in_question, imposed
from funnelsim.analysis.luck.part import over
from funnelsim.analysis.luck.policy import PolicyEffect
from funnelsim.engine.blocks import sample_blocks
from funnelsim.errors import NotCoveredError
from funnelsim.registry import BY_NAME, LUCK
from luck_plans import (
    FOUR_LINKED,
    LUCKY,
    POLICY,
    SKILLED,
    answered,
    assert_met,
    exact_of,
    example,
    kpi,
)
from twin_plans import sales_math

NONE, LEVEL, FLOOR = range(3)


def effects(by_policy: np.ndarray) -> np.ndarray:
    """Level, evenness and both, from none, level and floor."""
    none, level, floor = by_policy
    return np.stack([level - none, floor - level, floor - none])


# --- the example of docs/background/model.md ------------------------------------------------------


def test_the_plans_of_the_example_are_what_docs_model_says() -> None:
    """.432347 becomes .565010: level .110 and evenness .023; Var(B) is cut by 19.2 % at equal
    mean, and P(4 of 4) falls from .155053 to .128791.
    """
    plans = list(imposed(example()).plans.values())
    p = exact_of(plans, "attainment_probability")
    assert p[[NONE, FLOOR]] == pytest.approx([0.432347, 0.565010], abs=5e-7)
    assert effects(p) == pytest.approx([0.110, 0.023, 0.132663], abs=5e-4)
    variance = exact_of(plans, "bookings_sd") ** 2
    assert 1 - variance[FLOOR] / variance[LEVEL] == pytest.approx(0.192, abs=5e-4)
    of_four = exact_of(plans, "at_least_probability")[:, -1]
    assert of_four[[LEVEL, FLOOR]] == pytest.approx([0.155053, 0.128791], abs=5e-7)
    deals = [mean_deals(plan) for plan in plans]
    assert deals[LEVEL] == pytest.approx(deals[FLOOR], rel=1e-9)


@pytest.mark.parametrize("lucky", [{}, LUCKY])
def test_effects_are_those_of_the_exact_twin(lucky: dict[str, Any]) -> None:
    """n = 40,000 draws of four quarters."""
    part = PolicyEffect(example(**lucky))
    plans = [run.plan for run in part.runs]
    found = answered(part, draws=40_000, seed=1)
    p = exact_of(plans, "attainment_probability")
    repeatable = exact_of(plans, "repeatable_attainment_probability")
    mean, sd = exact_of(plans, "bookings_mean"), exact_of(plans, "bookings_sd")
    of_four = exact_of(plans, "at_least_probability")
    activities = exact_of(plans, "activities_mean")
    dependence = 1 - repeatable / p if lucky else np.zeros(3)
    truths = {
        "policy_attainment_probability": p,
        "policy_at_least_probability": of_four,
        "policy_bookings_mean": mean,
        "policy_bookings_sd": sd,
        "policy_bookings_cv": sd / mean,
        "policy_windfall_dependence": dependence,
        "policy_activities_mean": activities,
        "policy_deals_mean": [mean_deals(plan) for plan in plans],
        "effect_on_attainment_probability": effects(p),
        "effect_on_at_least_probability": effects(of_four),
        "effect_on_bookings_cv": effects(sd / mean),
        "effect_on_windfall_dependence": effects(dependence),
        "effect_on_activities_mean": effects(activities),
        "policy_effect_per_50_activities": 50 * (p[2] - p[0]) / (activities[2] - activities[0]),
    }
    assert set(truths) == set(found)
    for name, truth in truths.items():
        assert_met(found[name], truth, name)
        sizes = {dim: len(labels) for dim, labels in part.coords.items()}
        assert found[name][0].shape == tuple(sizes[dim] for dim in BY_NAME[name].dims[1:])
    assert not part.refused


def test_pairing_pays() -> None:
    """The error of an effect is well below that of two plans without shared luck."""
    found = answered(PolicyEffect(example()), draws=10_000, seed=1)
    _, apart = found["policy_attainment_probability"]
    _, paired = found["effect_on_attainment_probability"]
    assert np.all(paired < 0.6 * np.hypot(apart[[LEVEL, FLOOR, FLOOR]], apart[[NONE, LEVEL, NONE]]))


def test_level_and_evenness_add_up() -> None:
    found = answered(PolicyEffect(example(**LUCKY)), draws=2_000, seed=3)
    for name, (value, _) in found.items():
        if name.startswith("effect_on"):
            np.testing.assert_allclose(value[0] + value[1], value[2], atol=1e-12, err_msg=name)


def test_blocks_do_not_matter() -> None:
    one = answered(PolicyEffect(example()), draws=3_000, seed=3)
    other = answered(PolicyEffect(example()), draws=3_000, seed=3, block=700)
    for name, pair in one.items():
        np.testing.assert_allclose(pair, other[name], rtol=1e-9, err_msg=name)


@pytest.mark.slow
def test_intervals_cover() -> None:
    """1.96 errors cover the exact effect in 95 % of 1,000 runs of 400 draws."""
    runs, draws = 1_000, 400
    plan = example(activity=SKILLED | {"per_quarter": 900}, calendar={"quarters": 1})
    untouched = PolicyEffect(plan)
    plans = [over(run.plan, 1) for run in untouched.runs]
    p, activities = exact_of(plans, "attainment_probability"), exact_of(plans, "activities_mean")
    cv = exact_of(plans, "bookings_sd") / exact_of(plans, "bookings_mean")
    truths = {
        "effect_on_attainment_probability": effects(p),
        "effect_on_bookings_cv": effects(cv),
        "policy_effect_per_50_activities": 50 * (p[2] - p[0]) / (activities[2] - activities[0]),
    }
    covered = {name: np.zeros(np.shape(truth)) for name, truth in truths.items()}
    for samples in sample_blocks(untouched.runs, draws=runs * draws, seed=4, block=draws):
        part = PolicyEffect(plan)
        part.add(samples)
        for name, pair in part.answers().items():
            if name in truths:
                covered[name] += np.abs(pair[0] - truths[name]) < 1.96 * pair[1]
    for name, times in covered.items():
        # the counts are binomial; 400 draws leave a bias of a ratio of up to 1 point
        assert np.all(np.abs(times / runs - 0.95) < 0.01 + 5 * np.sqrt(0.95 * 0.05 / runs)), name


# --- which policy, which plans --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kpis", "floor", "origin"),
    [
        ([kpi("calls", 50, "week")], 50, "kpi calls"),
        ([kpi("calls", 49.5, "week")], 50, "kpi calls"),
        ([kpi("month", 220, "month")], 55, "kpi month"),  # the shortest month has four weeks
        ([kpi("quarter", 650, "quarter")], 50, "kpi quarter"),
        ([kpi("quarter", 651, "quarter")], 51, "kpi quarter"),
        ([kpi("a", 50, "week"), kpi("b", 60, "week"), kpi("c", 650, "quarter")], 60, "kpi b"),
        ([kpi("demos", 500, "week", "demo"), kpi("a", 50, "week")], 50, "kpi a"),
    ],
)
def test_a_kpi_stands_in_for_a_floor(kpis: list[Any], floor: int, origin: str) -> None:
    plan = sales_math(kpis=kpis)
    assert floor_in_question(plan) == (floor, origin)
    found = imposed(plan)
    assert found.attrs == {
        "policy_floor_per_week": floor, "policy_adherence": 1.0, "policy_from": origin
    }  # fmt: skip
    assert found.plans["none"] == plan
    assert found.plans["floor"] == plan.replace({"policy.floor_per_week": floor})


def test_the_stated_floor_comes_first_and_the_rest_of_the_policy_stays() -> None:
    policy = POLICY | {"cap_per_week": 90, "start_week": 2}
    plan = example(policy=policy, kpis=[kpi("calls", 70, "week")])
    found = imposed(plan)
    assert found.attrs["policy_from"] == "stated"
    assert found.plans["floor"] == plan
    for name in ("none", "level"):
        assert found.plans[name].policy == plan.policy.model_copy(update={"floor_per_week": None})
    deals = [mean_deals(each) for each in found.plans.values()]
    assert deals[LEVEL] == pytest.approx(deals[FLOOR], rel=1e-9)
    assert deals[NONE] < deals[LEVEL]


def test_the_level_respects_diminishing_returns() -> None:
    """To win what the even weeks of a floor win, uneven ones take more activity than it adds."""
    plan = example(activity=SKILLED | {"elasticity": 0.6})
    none, level, floor = imposed(plan).plans.values()
    assert level.activity.reference_per_week == none.activity.reference_per_week == 750 / 13
    assert mean_deals(level) == pytest.approx(mean_deals(floor), rel=1e-9)
    assert mean_activities(level) > mean_activities(floor)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (sales_math(), "state a [policy] floor_per_week, or a KPI on activities"),
        (sales_math(kpis=[kpi("demos", 2, "month", "demo")]), "or a KPI on activities"),
        (sales_math(kpis=[kpi("wild", 9_000, "week")]), "above 5,000, the most"),
        (
            sales_math(kpis=[kpi("calls", 70, "week")], policy={"cap_per_week": 60}),
            "asks for 70 activities a week, above 60, policy.cap_per_week",
        ),
    ],
)
def test_without_a_floor_in_question_no_effect(plan: fs.Scenario, reason: str) -> None:
    with pytest.raises(NotCoveredError) as raised:
        floor_in_question(plan)
    assert reason in str(raised.value)
    part = PolicyEffect(plan)
    assert part.runs == ()
    assert part.answers() == {}
    names = {each.name for each in LUCK if each.name.startswith(("policy_", "effect_on_"))}
    assert set(part.refused) == names
    assert all(reason in each for each in part.refused.values())
    doses = Doses(plan)
    found = answered(doses, draws=500, seed=1)
    assert set(found) == {"effect_of_50_activities"}
    assert all(reason in each for each in doses.refused.values())
    assert len(doses.refused) == 8


def test_where_the_level_is_unknown_the_policy_is_not() -> None:
    plan = sales_math(policy=POLICY, **FOUR_LINKED)
    part = PolicyEffect(plan)
    found = answered(part, draws=500, seed=1)
    value, error = found["effect_on_attainment_probability"]
    assert np.isnan(value).tolist() == np.isnan(error).tolist() == [True, True, False]
    assert np.isnan(found["policy_deals_mean"][0]).tolist() == [False, True, False]
    assert np.isfinite(found["policy_effect_per_50_activities"]).all()
    assert "4 dimensions" in part.refused["effect_on_attainment_probability"]
    assert "policy_effect_per_50_activities" not in part.refused
    doses = Doses(plan)
    value, _ = answered(doses, draws=500, seed=1)["adherence_effect"]
    assert np.isnan(value[1:, :2]).all()
    assert np.isfinite(value[:, 2]).all()
    assert "4 dimensions" in doses.refused["adherence_effect"]


def test_a_policy_that_nobody_keeps_does_nothing() -> None:
    part = PolicyEffect(example(policy={"floor_per_week": 58, "adherence": 0.0}))
    found = answered(part, draws=1_000, seed=1)
    for name, (value, _) in found.items():
        if name.startswith("effect_on"):
            assert np.all(value == 0), name
    assert np.isnan(found["policy_effect_per_50_activities"][0])
    assert part.refused["policy_effect_per_50_activities"] == "the policy changes no activity"


def test_no_difference_in_any_draw_is_not_certainty() -> None:
    """A quota that takes a hundred deals is missed with and without the floor."""
    part = PolicyEffect(example(quota={"per_quarter": 8_400_000}, **LUCKY))
    found = answered(part, draws=100, seed=1)
    for name in ("policy_attainment_probability", "effect_on_attainment_probability"):
        value, error = found[name]
        assert np.all(value == 0), name
        assert np.all(error > 0), name
    assert np.isnan(found["policy_windfall_dependence"][0]).all()
    assert "no simulated quarter was attained" in part.refused["policy_windfall_dependence"]


# --- doses ----------------------------------------------------------------------------------------


def test_doses_are_those_of_the_exact_twin() -> None:
    """n = 20,000 draws of a quarter."""
    plan = example(**LUCKY)
    part = Doses(plan)
    assert part.attrs == {"quarters_of_doses": 1}
    found = answered(part, draws=20_000, seed=2)
    none = over(plan.replace({"policy.adherence": 0.0}), 1)
    (p_none,) = exact_of([none], "attainment_probability")
    for dim, path in (("adherence", "policy.adherence"), ("floor", "policy.floor_per_week")):
        for place, dose in enumerate(part.coords[dim]):
            told = {
                name: (found[name][0][place], found[name][1][place])
                for name in found
                if name.startswith(dim)
            }
            imposed_dose = over(plan.replace({path: dose}), 1)
            (p,) = exact_of([imposed_dose], "attainment_probability")
            (p_repeatable,) = exact_of([imposed_dose], "repeatable_attainment_probability")
            ((mean,), (sd,)) = (
                exact_of([imposed_dose], name) for name in ("bookings_mean", "bookings_sd")
            )
            assert_met([each[2] for each in told[f"{dim}_effect"]], p - p_none, (dim, dose))
            assert_met(told[f"{dim}_bookings_cv"], sd / mean, (dim, dose))
            assert_met(told[f"{dim}_windfall_dependence"], 1 - p_repeatable / p, (dim, dose))
            assert_met(told[f"{dim}_activities_mean"], mean_activities(imposed_dose), (dim, dose))
    more = none.replace({"activity.per_quarter": 800})
    (p_more,) = exact_of([more], "attainment_probability")
    assert_met(found["effect_of_50_activities"], p_more - p_none)


def test_doses_and_policy_tell_the_same() -> None:
    """The dose of the policy itself, split by the same level twin."""
    part = PolicyEffect(example())
    doses = Doses(example())
    plans = [over(run.plan, 1) for run in part.runs]
    truth = effects(exact_of(plans, "attainment_probability"))
    found = answered(doses, draws=20_000, seed=4)["floor_effect"]
    place = list(doses.coords["floor"]).index(58)
    assert_met((found[0][place], found[1][place]), truth)


def test_no_dose_no_effect() -> None:
    part = Doses(example())
    found = answered(part, draws=500, seed=1)
    assert list(part.coords["adherence"]) == list(ADHERENCES)
    for dim in ("adherence", "floor"):
        value, error = found[f"{dim}_effect"]
        assert part.coords[dim][0] == 0
        assert np.all(value[0] == 0)
        assert np.all(error[0] == 0)
        assert np.all(np.diff(found[f"{dim}_activities_mean"][0]) >= 0)


def test_floors_rise_around_the_level() -> None:
    floors = list(Doses(example()).coords["floor"])
    assert floors == sorted(set(floors))
    assert 58 in floors
    assert floors[:2] == [0, 35]
    assert floors[-1] == 87
    capped = Doses(example(policy=POLICY | {"cap_per_week": 60}))
    assert max(capped.coords["floor"]) == 58
    small = Doses(sales_math(activity={"per_week": 2}, policy={"floor_per_week": 2}))
    assert list(small.coords["floor"]) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"calendar": {"quarters": 2, "start": "empty"}},
        {"calendar": {"quarters": 2}, "policy": POLICY | {"start_week": 3}},
        {"calendar": {"quarters": 2}, "quota": {"per_quarter": [250_000, 300_000]}},
        {"calendar": {"quarters": 2}, "market": {"season": [0.9, 1, 1, 1.1]}},
    ],
)
def test_quarters_that_differ_are_all_looked_at(changes: dict[str, Any]) -> None:
    part = Doses(example(**changes))
    assert part.attrs["quarters_of_doses"] == 2
    assert {run.plan.calendar.quarters for run in part.runs} == {2}


def test_fifty_more_than_the_most_is_refused() -> None:
    part = Doses(sales_math(activity={"per_week": 4_999}, conversions=(0.0002, 0.6, 1 / 3)))
    assert "effect_of_50_activities" not in part.answers()
    assert "5,003 activities a week are above 5,000" in part.refused["effect_of_50_activities"]


def test_names_of_policies_and_effects() -> None:
    part = PolicyEffect(example())
    assert tuple(part.coords["policy"]) == POLICIES == ("none", "level", "floor")
    assert tuple(part.coords["effect"]) == tuple(EFFECTS) == ("level", "evenness", "policy")
