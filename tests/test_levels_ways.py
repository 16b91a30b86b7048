"""Means and levels of plans with sources, assists, effort and uncertainty."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import integrate, stats

import funnelsim as fs
from funnelsim.analysis.levels import (
    at_activity,
    at_level,
    mean_activities,
    mean_bookings,
    mean_deals,
    mean_windfall_bookings,
)
from funnelsim.errors import NotCoveredError
from test_levels import assert_simulator_agrees
from twin_plans import WINDFALL, sales_math, sized

INBOUND = {"name": "inbound", "per_week": 0.4}
ON_SITE = {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}
LIFTED = 0.371429  # docs/background/model.md: p = 1/3, odds 1.5, coverage .4
HOURS = {"hours_per_week": 30, "hours": {"activity": 0.25, "demo": 2}, "open_week": 0.1}


def beta(mean: float, cv: float) -> Any:
    total = (1 - mean) / (mean * cv**2) - 1
    return stats.beta(mean * total, (1 - mean) * total)


def assisted(p: float, coverage: float = 0.4, odds: float = 1.5) -> float:
    return (1 - coverage) * p + coverage * odds * p / (1 - p + odds * p)


# --- closed forms ---------------------------------------------------------------------------------


def test_an_inflow_adds_its_own_deals_of_its_own_sizes() -> None:
    """Entries of a week, times conversions: speed to lead lifts the one after the entry."""
    source = INBOUND | {
        "conversion": {"demo": 0.5},
        "response": {"minutes": 10, "measured_at": 42, "decay": 0.45},
        "deal_size": {"mean": 40_000, "whale": {"probability": 0.1, "multiple": 5}},
    }
    plan = sales_math(sources=[source], days=(3, 7, 32), market={"cv": 0.4})
    faster = ((1 + 10 / 5) / (1 + 42 / 5)) ** -0.45
    deals = 13 * 0.4 * 0.5 * faster / 3
    assert mean_activities(plan) == pytest.approx(750, rel=1e-12)
    assert mean_deals(plan) == pytest.approx(3 + deals, rel=1e-9)
    assert mean_bookings(plan) == pytest.approx(252_000 + deals * 40_000 * 1.4, rel=1e-9)


def test_an_inflow_may_enter_later() -> None:
    plan = sales_math(sources=[INBOUND | {"enters": "demo"}])
    assert mean_deals(plan) == pytest.approx(3 + 13 * 0.4 / 3, rel=1e-9)


def test_skill_does_not_touch_how_much_flows_in() -> None:
    """Skill of activity, of entry and of size, all linked: only the rep's own deals have them."""
    linked = {"activity": {"per_quarter": 750, "rep_cv": 0.5}, "deal_size": sized(rep_cv=0.6)}
    plan = sales_math(skill_correlation=0.5, sources=[INBOUND], **linked)
    sigmas = [math.sqrt(math.log1p(cv**2)) for cv in (0.5, 0.6)]
    lifted = math.exp(0.5 * sigmas[0] * sigmas[1])
    deals = 13 * 0.4 * 0.6 / 3
    assert mean_deals(plan) == pytest.approx(3 + deals, rel=1e-9)
    assert mean_bookings(plan) == pytest.approx(84_000 * (3 * lifted + deals), rel=1e-9)


def test_assists_lift_odds_and_sizes() -> None:
    plan = sales_math(assists=[ON_SITE | {"size": 2.0}], sources=[INBOUND])
    entries = 750 * 0.02 + 13 * 0.4
    with_it = 0.4 * 1.5 / (2 + 1.5)
    assert mean_deals(plan) == pytest.approx(entries * 0.6 * LIFTED, rel=2e-6)
    sizes = (0.6 / 3 + 2 * with_it) * 84_000
    assert mean_bookings(plan) == pytest.approx(entries * 0.6 * sizes, rel=1e-9)


def test_skill_where_an_assist_lifts_is_integrated() -> None:
    """What odds make of a Beta rate, integrated by scipy."""
    plan = sales_math(stages=({}, {}, {"rep_cv": 0.3}), assists=[ON_SITE])
    law = beta(1 / 3, 0.3)
    mean, _ = integrate.quad(lambda p: law.pdf(p) * assisted(p), 0, 1, epsabs=1e-13)
    assert mean < LIFTED
    assert mean_deals(plan) == pytest.approx(9 * mean, rel=1e-8)


@pytest.mark.parametrize(
    "path",
    ["stages.won.conversion", "deal_size.mean", "activity.per_quarter", "sources.inbound.per_week",
     "windfall.per_quarter", "windfall.mean", "assists.on-site.coverage"],
)  # fmt: skip
def test_what_is_followed_in_a_straight_line_changes_no_mean(path: str) -> None:
    """Five of them are more dimensions than are integrated."""
    at = {"assists": [ON_SITE | {"at": "demo"}], "sources": [INBOUND], "windfall": WINDFALL}
    known = sales_math(**at)
    others = ("stages.won.conversion", "stages.discovery.conversion", "windfall.mean",
              "sources.inbound.per_week")  # fmt: skip
    uncertain = {each: {"cv": 0.2} for each in {path, *others}}
    plan = sales_math(**at, uncertainty=uncertain)
    for mean in (mean_activities, mean_deals, mean_bookings):
        assert mean(plan) == mean(known)


def test_uncertain_conversions_of_one_luck_multiply_by_their_covariance() -> None:
    """E of the product of two Beta quantiles of one uniform, integrated by scipy."""
    one = {"cv": 0.2, "luck": "fit"}
    paths = {"stages.demo.conversion": one, "stages.won.conversion": one}
    demo, won = beta(0.6, 0.2), beta(1 / 3, 0.2)
    mean, _ = integrate.quad(lambda u: demo.ppf(u) * won.ppf(u), 0, 1, epsabs=1e-12)
    assert mean_deals(sales_math(uncertainty=paths)) == pytest.approx(15 * mean, rel=1e-7)


def test_uncertain_conversions_that_an_assist_lifts_are_integrated() -> None:
    plan = sales_math(assists=[ON_SITE], uncertainty={"stages.won.conversion": {"cv": 0.3}})
    law = beta(1 / 3, 0.3)
    mean, _ = integrate.quad(lambda p: law.pdf(p) * assisted(p), 0, 1, epsabs=1e-13)
    assert mean_deals(plan) == pytest.approx(9 * mean, rel=1e-8)


def test_an_uncertain_level_is_integrated_where_a_floor_bends_it() -> None:
    plan = sales_math(
        policy={"floor_per_week": 58}, uncertainty={"activity.per_quarter": {"cv": 0.3}}
    )
    sigma = math.sqrt(math.log1p(0.3**2))

    def lifted(z: float) -> float:
        mean = 750 / 13 * math.exp(sigma * z - sigma**2 / 2)
        return float(
            stats.norm.pdf(z) * sum(stats.poisson.pmf(n, mean) * (58 - n) for n in range(58))
        )

    more, _ = integrate.quad(lifted, -9, 9, epsabs=1e-10)
    assert mean_activities(plan) == pytest.approx(750 + 13 * more, rel=1e-8)


def test_windfalls_of_one_luck_come_more_often_where_they_are_larger() -> None:
    """E of the product of two lognormals of one normal is exp(sigma sigma)."""
    one = {"luck": "windfalls"}
    paths = {"windfall.per_quarter": one | {"cv": 0.5}, "windfall.mean": one | {"cv": 0.3}}
    plan = sales_math(windfall=WINDFALL, uncertainty=paths)
    lift = math.exp(math.sqrt(math.log1p(0.25) * math.log1p(0.09)))
    assert mean_windfall_bookings(plan) == pytest.approx(12_500 * lift, rel=1e-12)
    assert mean_bookings(plan) == pytest.approx(252_000 + 12_500 * lift, rel=1e-9)


# --- effort ---------------------------------------------------------------------------------------


def test_hours_decide_the_level_with_their_delays() -> None:
    plan = sales_math(activity={}, effort=HOURS, days=(0, 7, 32))
    # 1/4 h a call, 2 h for each of 0.012 demos, 0.1 h for each week open
    week = 0.25 + 0.02 * (0.6 * 2 + 0.1 * (7 + 0.6 * 32) / 7)
    assert mean_activities(plan) == pytest.approx(13 * 30 / week, rel=1e-9)
    assert mean_deals(plan) == pytest.approx(13 * 30 / week * 0.02 * 0.6 / 3, rel=1e-9)


def test_a_level_is_stated_in_place_of_hours() -> None:
    plan = sales_math(activity={}, effort=HOURS, days=(0, 7, 32), sources=[INBOUND])
    assert at_activity(plan, 50.0).activities_per_week == 50
    found = at_level(plan, mean_deals, 6.0)
    assert mean_deals(found) == pytest.approx(6, rel=1e-9)
    assert found.effort is None
    assert found.activity.reference_per_week == plan.activities_per_week
    assert at_level(plan, mean_deals, mean_deals(plan)) is plan


# --- the exact twin, the simulator ----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"calendar": {"quarters": 2, "start": "empty"}, "days": (3, 7, 32)},
        {"market": {"season": (0.5, 1.0, 1.2, 1.1)}, "calendar": {"quarters": 3},
         "days": (0, 7, 32)},
    ],
)  # fmt: skip
def test_what_comes_late_is_not_counted(changes: dict[str, Any]) -> None:
    sources = [INBOUND | {"days": {"won": 80}, "conversion": {"demo": 0.9}}]
    plan = sales_math(sources=sources, assists=[ON_SITE | {"size": 1.5}], **changes)
    answers = fs.exact(plan, only={"reached_mean", "bookings_mean"})
    assert mean_deals(plan) == pytest.approx(
        answers.reached_mean.sel(stage="won").mean().item(), rel=1e-7
    )
    assert mean_bookings(plan) == pytest.approx(answers.bookings_mean.mean().item(), rel=1e-7)


def test_the_simulator_agrees_on_everything_at_once() -> None:
    """n = 20,000."""
    one = {"cv": 0.2, "luck": "fit"}
    plan = sales_math(
        calendar={"quarters": 2},
        activity={"per_quarter": 750, "rep_cv": 0.35},
        days=(0, 7, 32),
        sources=[
            INBOUND | {"deal_size": {"mean": 40_000, "whale": {"probability": 0.1, "multiple": 5}}},
            {"name": "partner", "per_week": 0.1, "enters": "demo", "conversion": {"won": 0.5}},
        ],
        assists=[ON_SITE | {"size": 1.5}, ON_SITE | {"name": "visit", "at": "demo"}],
        windfall=WINDFALL,
        uncertainty={
            "stages.won.conversion": one,
            "deal_size.mean": one,
            "sources.inbound.per_week": {"cv": 0.5},
            "assists.on-site.coverage": {"cv": 0.4},
            "assists.visit.odds": {"cv": 0.3},
        },
    )
    assert_simulator_agrees(plan, draws=20_000, seed=4, late=2e-4)


@pytest.mark.parametrize("name", ["sdr_assisted", "ten_two_one"])
def test_the_simulator_agrees_about_presets(name: str) -> None:
    """n = 20,000."""
    assert_simulator_agrees(fs.preset(name), draws=20_000, seed=5, late=2e-4)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attrition": {"per_year": 0.3, "fill_weeks": 9}}, "attrition"),
        (
            {"calendar": {"start": "empty"}, "uncertainty": {"stages.won.days": {"cv": 0.2}}},
            "uncertainty of stages.won.days is not integrated",
        ),
    ],
)
def test_what_is_not_integrated_is_refused(changes: dict[str, Any], reason: str) -> None:
    plan = sales_math(days=(0, 7, 32), **changes)
    with pytest.raises(NotCoveredError, match=reason):
        mean_deals(plan)


def test_uncertain_delays_change_no_activities() -> None:
    uncertain = {"stages.won.days": {"cv": 0.2}}
    plan = sales_math(days=(0, 7, 32), calendar={"start": "empty"}, uncertainty=uncertain)
    assert mean_activities(plan) == pytest.approx(750, rel=1e-12)


def test_segments_have_means_of_their_own() -> None:
    with pytest.raises(NotCoveredError, match=r"each of plan\.team"):
        mean_bookings(fs.preset("three_segments"))
