"""What a quota takes, on paper and with a stated probability."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import optimize, stats

import funnelsim as fs
from funnelsim.analysis.solve import (
    activities_for,
    attainment,
    attainment_by_activity,
    sales_math,
)
from funnelsim.errors import ArgumentError, NotCoveredError, ScenarioError


@pytest.fixture(scope="module")
def plan() -> fs.Scenario:
    at_once = {"stages.demo.days": 0, "stages.won.days": 0, "calendar.quarters": 1}
    return fs.preset("sales_math").replace(at_once)


def test_the_published_example(plan: fs.Scenario) -> None:
    """3 deals, 9 demos, 15 discoveries, 750 activities; at 33 % as well as at 1/3."""
    expected = {"won": 3, "demo": 9, "discovery": 15, "activities": 750}
    assert sales_math(plan) == expected
    assert sales_math(plan.replace({"stages.won.conversion": 0.33})) == expected


def test_no_conversion_is_no_plan(plan: fs.Scenario) -> None:
    with pytest.raises(ArgumentError, match=r"stages\.demo\.conversion = 0"):
        sales_math(plan.replace({"stages.demo.conversion": 0}))


def test_anchors(plan: fs.Scenario) -> None:
    """docs/model.md: 1 295.2 activities make quota 8 times in 10; 1 276.4 with windfalls."""
    assert activities_for(plan, 0.80) == pytest.approx(1_295.2, abs=0.05)
    assert activities_for(plan.variant("windfalls"), 0.80) == pytest.approx(1_276.4, abs=0.05)


@pytest.mark.parametrize("probability", [0.01, 0.5, 0.9, 0.999])
def test_equal_deals_have_a_closed_form(plan: fs.Scenario, probability: float) -> None:
    """Three Poisson deals or more; 250 activities a deal."""
    deals = optimize.brentq(lambda mean: stats.poisson.sf(2, mean) - probability, 1e-6, 100)
    found = activities_for(plan.variant("fixed sizes"), probability)
    assert found == pytest.approx(250 * deals, rel=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stages.won.days": 32, "calendar.start": "empty"},
        {"quota.per_quarter": [200_000, 300_000], "activity.rep_cv": 0.3},
        {"market.cv": 0.2, "market.season": [0.8, 1.2, 1.0, 1.0]},
    ],
    ids=str,
)
def test_the_short_way_to_one_probability_is_the_twins(
    plan: fs.Scenario, changes: dict[str, Any]
) -> None:
    changed = fs.Scenario(**{**plan.model_dump(exclude_unset=True), "calendar": {"quarters": 2}})
    changed = changed.replace(changes)
    truth = fs.exact(changed.replace({"activity.per_quarter": 900}))["attainment_probability"]
    assert attainment(changed)(900) == pytest.approx(float(truth.mean()), abs=1e-9)


def test_the_curve_is_the_closed_form(plan: fs.Scenario) -> None:
    levels = [100, 750, 2_000]
    curve = attainment_by_activity(plan.variant("fixed sizes"), levels)
    expected = stats.poisson.sf(2, curve["activities"] / 250)
    assert curve["attainment_probability"].values == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("probability", [0, 1, -0.1, 80, float("nan")])
def test_no_probability(plan: fs.Scenario, probability: float) -> None:
    with pytest.raises(ArgumentError, match="above 0 and below 1"):
        activities_for(plan, probability)


def test_out_of_reach_and_reached_anyway(plan: fs.Scenario) -> None:
    with pytest.raises(ArgumentError, match="out of reach"):
        activities_for(plan.replace({"policy.cap_per_week": 58}), 0.9)
    lucky = plan.variant("windfalls").replace({"windfall.per_quarter": 5})
    with pytest.raises(ArgumentError, match="without any activity"):
        activities_for(lucky, 0.1)


def test_what_the_twin_does_not_cover_is_said(plan: fs.Scenario) -> None:
    odd = plan.replace({"deal_size.law": "empirical", "deal_size.amounts": [84_000.123, 91_007.77]})
    with pytest.raises(NotCoveredError):
        activities_for(odd, 0.8)


def test_all_levels_that_a_scenario_may_state_are_tried(plan: fs.Scenario) -> None:
    """From 750 a quarter, doubling meets 48 000 and 96 000; 65 000 is the most."""
    hard = plan.replace({"quota.per_quarter": 1.85e7})
    found = activities_for(hard, 0.5)
    assert 48_000 < found < 65_000
    reached = fs.exact(hard.replace({"activity.per_quarter": found}))
    assert float(reached["attainment_probability"].item()) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(("weeks", "most"), [(3, 15_000), (13, 65_000), (53, 250_000)])
def test_the_most_is_the_scenarios_own(plan: fs.Scenario, weeks: int, most: int) -> None:
    endless = plan.replace({"quota.per_quarter": 1e9, "calendar.weeks_per_quarter": weeks})
    assert endless.replace({"activity.per_quarter": most})
    with pytest.raises(ScenarioError):
        endless.replace({"activity.per_quarter": most + 1})
    with pytest.raises(ArgumentError, match=f"out of reach even with {most:,} activities"):
        activities_for(endless, 0.5)


def test_a_level_by_the_week_may_be_more_than_one_by_the_quarter(plan: fs.Scenario) -> None:
    """5 000 a week in 53 weeks is 265 000, more than per_quarter may state."""
    weekly = plan.replace({"calendar.weeks_per_quarter": 53, "activity.per_week": 5_000})
    assert activities_for(weekly, 0.8) == pytest.approx(1_295.2, abs=0.05)
