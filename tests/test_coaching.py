"""The coaching point: lifts in closed form, their order, and whether it is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from funnelsim.analysis.chances import Goal
from funnelsim.analysis.levers.coaching import coaching_point
from funnelsim.errors import ArgumentError, NotCoveredError, ScenarioError
from twin_plans import sales_math

FIXED = {"law": "fixed", "mean": 100_000}  # 3 deals make the quota


def attained(rate):
    return stats.poisson.sf(2, rate)


def test_lifts_are_those_of_a_poisson_tail():
    """3 deals on average: demos from .60 to .72 make it 3.6, wins from 1/3 to .35 make it 3.15."""
    told = coaching_point(sales_math(deal_size=FIXED), {"demo": 0.72, "won": 0.35})
    base = attained(3.0)
    assert told.attrs["method"] == "exact"
    assert told.goal_probability.item() == pytest.approx(base, abs=1e-8)
    truth = np.array([attained(3.6), attained(3.15)]) - base
    assert told.lift.values == pytest.approx(truth, abs=1e-8)
    assert told.lift_of_all.item() == pytest.approx(attained(3.0 * 1.2 * 1.05) - base, abs=1e-8)
    assert told.lift_lead.item() == pytest.approx(truth[0] - truth[1], abs=1e-8)
    assert told.lift_rank.values.tolist() == [1, 2]
    assert told.lift_best_probability.values.tolist() == [1.0, 0.0]
    assert told.attrs["coaching_point"] == "stages.demo.conversion"
    assert told.attrs["told_apart"] == "yes"
    assert told.lever_value.values == pytest.approx([0.6, 1 / 3])
    assert told.benchmark.values.tolist() == [0.72, 0.35]


def test_strengths_stay_as_they_are():
    plan = sales_math(deal_size=FIXED, calendar={"start": "empty"}, days=(0, 7, 32))
    told = coaching_point(
        plan,
        {"demo": 0.5, "won": 0.4, "stages.won.days": 20, "deal_size.mean": 100_000.0},
    )
    assert told.standing.values.tolist() == ["strength", "behind", "behind", "no effect"]
    assert told.lift.values[0] < 0
    assert sorted(told.lift_rank.values.tolist()) == [0, 0, 1, 2]
    both = coaching_point(plan, {"won": 0.4, "stages.won.days": 20})
    assert told.lift_of_all.item() == both.lift_of_all.item()
    assert told.lift.values[1:3].tolist() == both.lift.values.tolist()


def test_where_nothing_is_behind_there_is_no_coaching_point():
    told = coaching_point(sales_math(), {"demo": 0.6, "won": 0.2})
    assert told.standing.values.tolist() == ["no effect", "strength"]
    assert told.lift_of_all.item() == 0
    assert (told.attrs["coaching_point"], told.attrs["told_apart"]) == ("", "no")
    assert np.isnan(told.lift_lead)
    assert "two levers" in json.loads(told.attrs["refused"])["lift_lead"]
    one = coaching_point(sales_math(), {"won": 0.4})
    assert one.lift_of_all.item() == one.lift.item() > 0
    assert one.attrs["told_apart"] == "yes"


def test_equal_lifts_are_not_told_apart():
    """Ten percent more demos or ten percent more wins: the same rate of deals."""
    plan, benchmark = sales_math(), {"demo": 0.66, "won": 1.1 / 3}
    exact = coaching_point(plan, benchmark)
    assert exact.lift.values[0] == pytest.approx(exact.lift.values[1], abs=1e-9)
    found = coaching_point(plan, benchmark, method="simulated", draws=20_000, seed=1)
    assert abs(found.lift_lead.item()) < 5 * found.lift_lead_standard_error.item()
    assert found.lift_best_probability.sum().item() == pytest.approx(1)
    assert found.attrs["told_apart"] == "no"


def test_simulated_lifts_agree_with_the_twin():
    plan = sales_math(calendar={"quarters": 4})
    benchmark = {"demo": 0.72, "won": 0.35, "discovery": 0.018}
    goal = Goal(at_least=3)
    truth = coaching_point(plan, benchmark, goal=goal)
    found = coaching_point(plan, benchmark, goal=goal, method="simulated", draws=20_000, seed=2)
    for name in ("goal_probability", "lift", "lift_of_all", "lift_lead"):
        assert (np.abs(found[name] - truth[name]) < 5 * found[name + "_standard_error"]).all()
    assert found.standing.values.tolist() == truth.standing.values.tolist()
    assert found.attrs["coaching_point"] == truth.attrs["coaching_point"]
    assert found.attrs["told_apart"] == "yes"
    assert (found.attrs["draws"], found.attrs["seed"]) == (20_000, 2)


def test_paired_errors_are_those_of_replication():
    """n = 200 runs of 500 draws: the sd of a sd is 5 %, so 5 of them are 25 %."""
    plan, benchmark = sales_math(), {"demo": 0.70, "won": 0.35}  # 3.5 deals against 3.15
    truth = coaching_point(plan, benchmark)
    assert truth.attrs["coaching_point"] == "stages.demo.conversion"
    runs = [
        coaching_point(plan, benchmark, method="simulated", draws=500, seed=seed, threads=1)
        for seed in range(200)
    ]
    leads = np.array([run.lift.values[0] - run.lift.values[1] for run in runs])
    errors = np.array(
        [run.lift_lead_standard_error.item() for run in runs if run.lift_rank.values.min() > 0]
    )
    assert abs(leads.mean() - truth.lift_lead.item()) < 5 * leads.std() / np.sqrt(200)
    assert np.sqrt((errors**2).mean()) == pytest.approx(leads.std(ddof=1), rel=0.25)


def test_what_is_too_much_together_is_simulated_throughout():
    """Deals in multiples of 0.3 or gifts in those of 0.2 are covered; together, 0.1 is too fine."""
    amounts = [83_333.4, 86_666.8, 90_000.2]
    plan = sales_math(
        deal_size={"law": "empirical", "amounts": amounts},
        windfall={"per_quarter": 0.05, "law": "fixed", "mean": 99_999.6},
    )
    benchmark = {"deal_size.amounts": 1.5 * np.mean(amounts), "windfall.mean": 166_000.4}
    for path, value in benchmark.items():
        assert coaching_point(plan, {path: value}).attrs["method"] == "exact"
    with pytest.raises(ArgumentError, match=r"draws and seed.*all lifts together.*common unit"):
        coaching_point(plan, benchmark)
    with pytest.raises(NotCoveredError, match="common unit"):
        coaching_point(plan, benchmark, method="exact")
    found = coaching_point(plan, benchmark, draws=2_000, seed=1)
    assert found.attrs["method"] == "simulated"
    again = coaching_point(plan, benchmark, method="simulated", draws=2_000, seed=1)
    assert found.identical(again)


def test_lifts_that_draws_do_not_tell_from_nothing_are_said_to_be_so():
    """A thousandth more demos: no 400 draws can tell; the twin can."""
    plan, benchmark = sales_math(), {"demo": 0.6006, "won": 0.45}
    found = coaching_point(plan, benchmark, method="simulated", draws=400, seed=1)
    assert found.standing.values.tolist() == ["not told", "behind"]
    assert found.lift_margin.values == pytest.approx(2 * found.lift_standard_error.values)
    assert found.lift_rank.values.tolist() == [0, 1]
    assert found.lift_of_all.item() == found.lift.values[1]
    truth = coaching_point(plan, benchmark)
    assert truth.standing.values.tolist() == ["behind", "behind"]
    assert (truth.lift_margin == truth.lift_numerical_error).all()
    near = coaching_point(plan, {"demo": 0.6006}, method="simulated", draws=400, seed=1)
    assert (near.attrs["coaching_point"], near.attrs["told_apart"]) == ("", "no")


def test_all_problems_are_told_at_once():
    with pytest.raises(ScenarioError) as caught:
        coaching_point(
            sales_math(),
            {
                "won": 1.4,
                "stages.won.conversion": 0.4,
                "wno": 0.3,
                "deal_size.mean": float("nan"),
                "deal_size.law": 3,
            },
        )
    text = str(caught.value)
    for said in ("1.4", "wno", "must be a number", "deal_size.law"):
        assert said in text


def test_two_benchmarks_of_one_lever_are_refused():
    with pytest.raises(ScenarioError, match="two benchmarks"):
        coaching_point(sales_math(), {"won": 0.4, "stages.won.conversion": 0.5})
    with pytest.raises(ArgumentError, match="at least one stage"):
        coaching_point(sales_math(), {})


def test_stages_with_odd_names_are_found():
    plan = sales_math()
    stages = [stage.model_copy(update={"name": f"{stage.name} (new)"}) for stage in plan.stages]
    odd = plan.model_copy(update={"stages": tuple(stages)})
    told = coaching_point(odd, {"won (new)": 0.4})
    assert told.lever.values.tolist() == ['stages."won (new)".conversion']
    assert told.lift.item() == coaching_point(plan, {"won": 0.4}).lift.item()
