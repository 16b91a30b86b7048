"""Means and levels: against closed forms, the exact twin's own means, and the simulator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import funnelsim as fs
from funnelsim.analysis.levels import at_level, mean_activities, mean_bookings, mean_deals
from funnelsim.errors import NotCoveredError
from twin_plans import WHALES, WINDFALL, sales_math, sized, value

MARKET = {"market": {"cv": 0.4, "persistence": 0.5}}
SIZE = sized()["mean"]
HARD = {
    "activity": {"per_quarter": 750, "week_cv": 0.5, "rep_cv": 0.35, "elasticity": 0.6},
    "stages": ({}, {}, {"rep_cv": 0.3}),
    "deal_size": sized(rep_cv=0.3, whale=WHALES),
    "windfall": WINDFALL,
    "days": (3, 7, 32),
    "skill_loadings": {"activity": 0.8, "won": 0.6, "size": -0.5},
}


def simulated(plan: fs.Scenario, draws: int, seed: int) -> dict[str, tuple[float, float]]:
    """Means over the horizon and their standard errors, from the samples of each draw."""
    result = fs.simulate(plan, draws=draws, seed=seed)
    told = {
        "activities": result.activities,
        "deals": result.reached.isel(stage=-1),
        "bookings": result.bookings,
    }
    by_draw = {name: array.isel(rep=0).mean("quarter").values for name, array in told.items()}
    return {
        name: (each.mean(), each.std(ddof=1) / math.sqrt(draws)) for name, each in by_draw.items()
    }


def assert_simulator_agrees(plan: fs.Scenario, draws: int, seed: int, late: float = 0.0) -> None:
    """``late``: share of deals that the truncation of the past may cut off."""
    met = simulated(plan, draws, seed)
    truth = {
        "activities": mean_activities(plan),
        "deals": mean_deals(plan),
        "bookings": mean_bookings(plan),
    }
    for name, (mean, error) in met.items():
        assert abs(mean - truth[name]) < 5 * error + late * truth[name], (name, mean, truth[name])


# --- closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, MARKET, {"days": (3, 7, 32)}, {"windfall": WINDFALL}])
def test_linear_funnels_multiply(changes: dict[str, Any]) -> None:
    plan = sales_math(calendar={"quarters": 4}, **changes)
    extra = 0.05 * 250_000 if "windfall" in changes else 0.0
    assert mean_activities(plan) == pytest.approx(750, rel=1e-12)
    assert mean_deals(plan) == pytest.approx(3, rel=1e-9)
    assert mean_bookings(plan) == pytest.approx(252_000 + extra, rel=1e-9)


def test_whales_raise_the_mean_by_their_share() -> None:
    plan = sales_math(deal_size=sized(whale=WHALES))
    assert mean_bookings(plan) == pytest.approx(252_000 * (1 + 0.03 * 9))


def test_independent_skill_changes_no_mean() -> None:
    """Four dimensions, more than the twin integrates; each multiplies by its own mean of 1."""
    plan = sales_math(
        activity={"per_quarter": 750, "rep_cv": 0.5},
        stages=({"rep_cv": 0.4}, {"rep_cv": 0.3}, {"rep_cv": 0.3}),
        deal_size=sized(rep_cv=0.6),
    )
    assert mean_deals(plan) == pytest.approx(3, rel=1e-9)
    assert mean_bookings(plan) == pytest.approx(252_000, rel=1e-9)


def test_correlated_skill_multiplies_by_its_covariance() -> None:
    """E of the product of two lognormals of mean 1 is exp(correlation * sigma * sigma)."""
    plan = sales_math(
        activity={"per_quarter": 750, "rep_cv": 0.5},
        deal_size=sized(rep_cv=0.6),
        skill_loadings={"activity": 0.8, "size": 0.7},
    )
    sigmas = [math.sqrt(math.log1p(cv**2)) for cv in (0.5, 0.6)]
    lifted = math.exp(0.8 * 0.7 * sigmas[0] * sigmas[1])
    assert mean_deals(plan) == pytest.approx(3, rel=1e-9)
    assert mean_bookings(plan) == pytest.approx(252_000 * lifted, rel=1e-9)


@pytest.mark.parametrize("adherence", [0.0, 0.9, 1.0])
def test_a_floor_lifts_who_is_short_of_it(adherence: float) -> None:
    """E max(n, floor) of a Poisson week, summed directly."""
    plan = sales_math(policy={"floor_per_week": 58, "adherence": adherence})
    n = np.arange(400)
    lifted = np.where(n < 58, adherence * 58 + (1 - adherence) * n, n)
    activities = 13 * float(stats.poisson.pmf(n, 750 / 13) @ lifted)
    assert mean_activities(plan) == pytest.approx(activities, rel=1e-10)
    assert mean_deals(plan) == pytest.approx(activities * 0.02 * 0.6 / 3, rel=1e-10)


def test_a_floor_of_different_reps_and_uneven_weeks() -> None:
    """The same, of a negative binomial week, integrated over a lognormal skill by scipy."""
    plan = sales_math(
        activity={"per_quarter": 750, "week_cv": 0.5, "rep_cv": 0.35},
        policy={"floor_per_week": 58, "adherence": 0.9},
    )
    sigma = math.sqrt(math.log1p(0.35**2))
    n = np.arange(58)

    def short(z: float) -> float:
        mean = 750 / 13 * math.exp(sigma * z - sigma**2 / 2)
        law = stats.nbinom.pmf(n, 4, 4 / (4 + mean))
        return float(stats.norm.pdf(z) * (law @ (58 - n)))

    lifted, _ = integrate.quad(short, -9, 9, epsabs=1e-12)
    assert mean_activities(plan) == pytest.approx(750 + 13 * 0.9 * lifted, rel=1e-9)


@pytest.mark.parametrize("cv", [0.0, 0.4])
def test_where_entry_is_certain_at_times(cv: float) -> None:
    """E min(1, p_n M) of every number of activities, the market integrated by scipy."""
    conversions, elasticity = (0.6, 0.5, 0.5), 0.5
    plan = sales_math(
        conversions=conversions,
        activity={"per_week": 3, "elasticity": elasticity},
        market={"cv": cv},
        policy={"cap_per_week": 20},
    )
    sigma = math.sqrt(math.log1p(cv**2))
    entries = 0.0
    for n in range(1, 21):
        p = 0.6 * (n / 3) ** (elasticity - 1)

        def entered(z: float, p: float = p) -> float:
            return float(min(1.0, p * math.exp(sigma * z - sigma**2 / 2)) * stats.norm.pdf(z))

        edge = (-math.log(p) / sigma + sigma / 2) if cv else 0.0
        at = integrate.quad(entered, -9, edge)[0] + integrate.quad(entered, edge, 9)[0]
        chance = stats.poisson.pmf(n, 3) if n < 20 else stats.poisson.sf(19, 3)
        entries += chance * n * at
    assert mean_deals(plan) == pytest.approx(13 * entries * 0.25, rel=1e-8)


def test_a_season_weighs_the_quarters_of_the_horizon() -> None:
    season = (0.5, 1.0, 1.2, 1.1)
    for quarters in (1, 2, 4):
        plan = sales_math(calendar={"quarters": quarters}, market={"season": season})
        assert mean_deals(plan) == pytest.approx(3 * np.mean(season[:quarters]), rel=1e-9)


# --- the exact twin's own means, of which delays are a part ---------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"calendar": {"quarters": 2, "start": "empty"}, "days": (3, 7, 32)},
        {"policy": {"floor_per_week": 70, "start_week": 6}, "calendar": {"quarters": 2},
         "days": (0, 7, 32)},
        {"market": {"season": (0.5, 1.0, 1.2, 1.1)}, "calendar": {"quarters": 3},
         "days": (0, 7, 32)},
        {"activity": {"per_week": 60, "elasticity": 0.6, "rep_cv": 0.4, "week_cv": 0.3},
         "policy": {"cap_per_week": 80}},
    ],
)  # fmt: skip
def test_what_comes_late_is_not_counted(changes: dict[str, Any]) -> None:
    plan = sales_math(**changes)
    answers = fs.exact(plan)
    assert mean_deals(plan) == pytest.approx(
        answers.reached_mean.sel(stage="won").mean().item(), rel=1e-8
    )
    assert mean_activities(plan) == pytest.approx(answers.activities_mean.mean().item(), rel=1e-8)
    assert mean_bookings(plan) == pytest.approx(answers.bookings_mean.mean().item(), rel=1e-8)


def test_an_empty_start_books_what_docs_model_says() -> None:
    """Stages of 7 + 32 days book 59.95 % of their steady deals in the first quarter."""
    plan = sales_math(days=(0, 7, 32), calendar={"start": "empty"})
    assert mean_deals(plan) / 3 == pytest.approx(0.5995, abs=5e-5)


def test_delays_of_a_steady_start_change_no_mean() -> None:
    late = sales_math(days=(3, 7, 32), policy={"floor_per_week": 58})
    assert mean_deals(late) == mean_deals(sales_math(policy={"floor_per_week": 58}))


# --- the simulator --------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["steady", "empty"])
def test_the_simulator_agrees_on_everything_at_once(start: str) -> None:
    plan = sales_math(
        calendar={"quarters": 2, "start": start}, policy={"floor_per_week": 50}, **MARKET, **HARD
    )
    assert_simulator_agrees(plan, draws=40_000, seed=1, late=2e-4)


def test_the_simulator_agrees_where_entry_is_certain_at_times() -> None:
    plan = sales_math(
        conversions=(0.6, 0.5, 0.5),
        stages=({"rep_cv": 0.4}, {}, {}),
        activity={"per_week": 3, "elasticity": 0.5, "rep_cv": 0.5},
        **MARKET,
    )
    assert_simulator_agrees(plan, draws=40_000, seed=2)


def test_the_simulator_meets_a_level() -> None:
    plan = at_level(sales_math(calendar={"quarters": 2}, **MARKET, **HARD), mean_deals, 4.0)
    mean, error = simulated(plan, draws=40_000, seed=3)["deals"]
    assert abs(mean - 4) < 5 * error + 2e-4 * 4


# --- levels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", [0.01, 2.9, 3.1, 40.0])
def test_a_linear_level_is_proportional(goal: float) -> None:
    plan = sales_math(activity={"per_quarter": 750, "rep_cv": 0.35, "week_cv": 0.5}, **MARKET)
    assert at_level(plan, mean_deals, goal).activities_per_week == pytest.approx(
        750 / 13 * goal / 3, rel=1e-9
    )


@pytest.mark.parametrize("of", [mean_deals, mean_activities, mean_bookings])
@pytest.mark.parametrize("times", [0.7, 1.5])
def test_a_bent_level_is_met_and_its_reference_stays(of: Any, times: float) -> None:
    plan = sales_math(policy={"cap_per_week": 150}, **MARKET, **HARD)
    goal = times * of(plan)
    found = at_level(plan, of, goal)
    assert of(found) == pytest.approx(goal, rel=1e-9)
    assert found.activity.reference_per_week == plan.activity.reference_per_week == 750 / 13
    assert found == plan.replace({"activity.per_week": found.activities_per_week})


def test_below_an_elasticity_of_1_more_activity_is_less_productive() -> None:
    """Entries of n activities a week grow like n ** 0.6; of regular weeks almost exactly so."""
    plan = sales_math(activity={"per_week": 1_000, "elasticity": 0.6})
    found = at_level(plan, mean_deals, 2 * mean_deals(plan))
    assert found.activities_per_week == pytest.approx(1_000 * 2 ** (1 / 0.6), rel=1e-3)


def test_a_plan_at_its_goal_is_left_alone() -> None:
    plan = sales_math()
    assert at_level(plan, mean_deals, mean_deals(plan)) is plan


@pytest.mark.parametrize(
    ("changes", "of", "goal", "reason"),
    [
        ({}, mean_deals, 1e6, "out of reach even with 5,000 activities a week"),
        ({"policy": {"cap_per_week": 60}}, mean_deals, 4.0, "out of reach"),
        ({"policy": {"floor_per_week": 58}}, mean_deals, 2.9, "exceeded even without activity"),
        ({"windfall": WINDFALL}, mean_bookings, 12_000.0, "exceeded even without activity"),
    ],
)
def test_goals_out_of_reach_are_refused(
    changes: dict[str, Any], of: Any, goal: float, reason: str
) -> None:
    with pytest.raises(NotCoveredError, match=reason):
        at_level(sales_math(**changes), of, goal)


def test_skill_beyond_the_quadrature_is_refused() -> None:
    plan = sales_math(
        activity={"per_quarter": 750, "rep_cv": 0.5},
        stages=({"rep_cv": 0.4}, {"rep_cv": 0.3}, {"rep_cv": 0.3}),
        skill_correlation=0.5,
    )
    with pytest.raises(NotCoveredError, match="4 dimensions"):
        mean_deals(plan)


def test_no_funnel_no_mean() -> None:
    plan = sales_math(conversions=(0.0, 0.5, 0.5), **MARKET)
    assert mean_deals(plan) == 0
    assert value(fs.exact(plan), "bookings_mean", quarter=1) == mean_bookings(plan) == 0
