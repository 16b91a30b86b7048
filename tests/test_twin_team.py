"""Uncertain parameters and teams: the exact twin against closed forms and sums done by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from funnelsim.errors import NotCoveredError
from funnelsim.registry import COMPANY, SUMMARIES
from funnelsim.scenario.model import Scenario
from funnelsim.twin.exact import exact
from twin_plans import WINDFALL, attained, errors_of, sales_math, sized, value

FIXED = {"law": "fixed", "mean": 84_000}
WON = "stages.won.conversion"
ON_PLAN = {"over_assignment": 1.25}  # the target is .8 of the quotas
ASKED = ["plan_probability", "company_bookings_mean", "company_bookings_sd"]


def company(plan: Scenario, name: str = "plan_probability", quarter: int = 1, **more: Any) -> float:
    return exact(plan, only=[name], **more)[name].values.ravel()[quarter - 1].item()


def team(*segments: dict[str, Any], **changes: Any) -> Scenario:
    return sales_math(segments=list(segments), **changes)


# --- uncertainty of one rep ----------------------------------------------------------------------


def beta_binomial(cv: float, **changes: Any) -> Scenario:
    """Exactly 30 deals a quarter, each won with an uncertain probability of mean 1/4."""
    return Scenario(
        name="thirty deals",
        quota={"per_quarter": 10, "of": "wins"},
        calendar={"weeks_per_quarter": 3, "quarters": 2},
        activity={"per_week": 10},
        policy={"floor_per_week": 10, "cap_per_week": 10},
        stages=[{"name": "deal", "conversion": 1.0}, {"name": "won", "conversion": 0.25}],
        uncertainty={WON: {"cv": cv}},
        **changes,
    )


def test_a_shared_draw_of_a_win_rate_is_beta_binomial() -> None:
    """Beta(2, 6) and 30 deals: sd 4.87, against 2.37 where every deal had a rate of its own."""
    cv = math.sqrt(2 * 6 / (8**2 * 9)) / 0.25
    answers = exact(beta_binomial(cv))
    sd = value(answers, "bookings_sd", quarter=1)
    assert sd == pytest.approx(4.87, abs=5e-3)
    assert sd == pytest.approx(stats.betabinom.std(30, 2, 6), rel=1e-9)
    assert value(exact(beta_binomial(0.0)), "bookings_sd", quarter=1) == pytest.approx(
        2.37, abs=5e-3
    )
    found = value(answers, "attainment_probability", quarter=1)
    assert found == pytest.approx(stats.betabinom.sf(9, 30, 2, 6), abs=1e-9)
    spread = answers.bookings_quantile.sel(quarter=1).values.ravel()
    assert spread.tolist() == stats.betabinom.ppf([0.1, 0.5, 0.9], 30, 2, 6).tolist()


def test_quarters_share_the_draw() -> None:
    """Attained in both quarters: E P(attained | rate)^2, and not the square of the mean."""
    cv = math.sqrt(2 * 6 / (8**2 * 9)) / 0.25

    def both(p: float) -> float:
        return stats.binom.sf(9, 30, p) ** 2 * stats.beta.pdf(p, 2, 6)

    truth, _ = integrate.quad(both, 0, 1, epsabs=1e-12)
    found = exact(beta_binomial(cv)).at_least_probability.values.ravel()[1]
    assert found == pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize("policy", [{}, {"cap_per_week": 80}, {"floor_per_week": 50}])
@pytest.mark.parametrize("elasticity", [1.0, 0.7])
def test_what_one_rep_books_does_not_tell_skill_from_uncertainty(
    policy: dict, elasticity: float
) -> None:
    level = {"per_quarter": 750, "elasticity": elasticity}
    common: dict[str, Any] = {"windfall": WINDFALL, "policy": policy}
    skill = sales_math(activity={**level, "rep_cv": 0.35}, **common)
    unknown = sales_math(
        activity=level, uncertainty={"activity.per_quarter": {"cv": 0.35}}, **common
    )
    for name in ("attainment_probability", "bookings_sd", "shortfall_mean"):
        one, other = (value(exact(plan), name, quarter=1) for plan in (skill, unknown))
        assert one == pytest.approx(other, rel=1e-10)


@pytest.mark.parametrize(
    "path", ["windfall.per_quarter", "windfall.mean", "sources.inbound.per_week"]
)
def test_uncertain_amounts_by_quadrature(path: str) -> None:
    """Lognormal of the stated mean; the rest of the plan knows nothing of it."""
    common: dict[str, Any] = {
        "windfall": {**WINDFALL, "per_quarter": 0.5},
        "sources": [{"name": "inbound", "per_week": 0.4}],
    }
    plan = sales_math(uncertainty={path: {"cv": 0.4}}, **common)
    stated = {
        "windfall.per_quarter": 0.5,
        "windfall.mean": 250_000,
        "sources.inbound.per_week": 0.4,
    }
    sigma = math.sqrt(math.log1p(0.16))
    x, weights = np.polynomial.hermite_e.hermegauss(24)
    truth = sum(
        weight
        * attained(
            sales_math(**common).replace({path: stated[path] * math.exp(sigma * z - sigma**2 / 2)})
        )
        for z, weight in zip(x, weights / weights.sum(), strict=True)
    )
    assert attained(plan) == pytest.approx(truth, abs=1e-8)


def test_a_share_of_whales_may_be_uncertain() -> None:
    """P(no deal) and the mean do not see it; quotas that a whale alone makes do."""
    whale = {"probability": 0.1, "multiple": 10}
    plan = sales_math(
        quota={"per_quarter": 8_400_000},
        deal_size={**FIXED, "whale": whale},
        uncertainty={"deal_size.whale.probability": {"cv": 0.5}},
    )

    def given(p: float) -> float:
        n = np.arange(40)
        ordinary = stats.poisson.pmf(np.arange(120), 3 * (1 - p))
        reached = [ordinary[840 * w + 84 * np.arange(120) >= 8_400].sum() for w in n]
        return float(stats.poisson.pmf(n, 3 * p) @ reached)

    total = 0.9 / (0.1 * 0.25) - 1
    truth, _ = integrate.quad(
        lambda p: given(p) * stats.beta.pdf(p, 0.1 * total, 0.9 * total), 0, 1, epsabs=1e-13
    )
    answers = exact(plan)
    assert value(answers, "attainment_probability", quarter=1) == pytest.approx(truth, abs=1e-10)
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(3 * 84_000 * 1.9)


def test_numbers_of_the_same_luck_move_together() -> None:
    """E a s of two lognormals is exp(sigma_a sigma_s) where they share a normal, else 1."""
    alone = {"activity.per_quarter": {"cv": 0.3}, "deal_size.mean": {"cv": 0.4}}
    shared = {path: {**each, "luck": "territory"} for path, each in alone.items()}
    lift = math.exp(math.sqrt(math.log1p(0.09) * math.log1p(0.16)))
    for uncertainty, truth in ((alone, 252_000), (shared, 252_000 * lift)):
        answers = exact(sales_math(uncertainty=uncertainty), only=["bookings_mean"])
        assert value(answers, "bookings_mean", quarter=1) == pytest.approx(truth, rel=1e-9)


def test_skill_spreads_around_the_drawn_rate() -> None:
    """Beta of the drawn mean m and the stated concentration c: Var p = E m(1-m)/(c+1) + Var m."""
    plan = sales_math(
        deal_size=FIXED,
        stages=({}, {}, {"rep_cv": 0.2}),
        uncertainty={WON: {"cv": 0.3}},
        headcount=5,
    )
    p, c = 1 / 3, (2 / 3) / (1 / 3 * 0.04) - 1
    drawn = 0.09 * p**2
    within = (p - p**2 - drawn) / (c + 1)
    of_one = 3 + 81 * (within + drawn)
    of_five = 5 * of_one + 20 * 81 * drawn
    answers = exact(plan, only=["bookings_sd", "company_bookings_sd"])
    assert value(answers, "bookings_sd", quarter=1) == pytest.approx(84_000 * of_one**0.5, rel=1e-9)
    together = answers.company_bookings_sd.item()
    assert together == pytest.approx(84_000 * of_five**0.5, rel=1e-9)


def test_coverage_and_odds_may_be_uncertain() -> None:
    """The mean conversion is linear in coverage, so that its spread moves the variance only."""
    assist = {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}
    plan = sales_math(
        deal_size=FIXED, assists=[assist], uncertainty={"assists.on-site.coverage": {"cv": 0.5}}
    )
    slope = 3 / 7 - 1 / 3
    mean = 9 * (1 / 3 + 0.4 * slope)
    variance = mean + (9 * slope * 0.4 * 0.5) ** 2
    answers = exact(plan)
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(84_000 * mean)
    assert value(answers, "bookings_sd", quarter=1) == pytest.approx(84_000 * variance**0.5)
    lifted = sales_math(
        deal_size=FIXED, assists=[assist], uncertainty={"assists.on-site.odds": {"cv": 0.5}}
    )
    sigma = math.sqrt(math.log1p(0.25))
    odds = 1.5 * np.exp(sigma * np.polynomial.hermite_e.hermegauss(40)[0] - sigma**2 / 2)
    weights = np.polynomial.hermite_e.hermegauss(40)[1] / math.sqrt(2 * math.pi)
    p = 0.6 / 3 + 0.4 * weights @ (odds / (2 + odds))
    assert value(exact(lifted), "bookings_mean", quarter=1) == pytest.approx(84_000 * 9 * p)


# --- teams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reps", "changes", "probability"),
    [
        (40, {}, 0.981915),
        (40, {"stages": ({}, {}, {"rep_cv": 0.2})}, 0.977322),
        (40, {"uncertainty": {WON: {"cv": 0.2}}}, 0.817720),
        (10, {}, 0.844559),
        (10, {"stages": ({}, {}, {"rep_cv": 0.2})}, 0.832464),
        (10, {"uncertainty": {WON: {"cv": 0.2}}}, 0.754526),
    ],
)
def test_shared_ignorance_does_not_average_out(
    reps: int, changes: dict, probability: float
) -> None:
    """The table of docs/background/model.md, "Parameter uncertainty"; a unit of its last digit."""
    answers = exact(sales_math(headcount=reps, plan=ON_PLAN, **changes), only=ASKED)
    assert answers.plan_probability.item() == pytest.approx(probability, abs=1e-6)
    assert answers.company_bookings_mean.item() == pytest.approx(reps * 252_000)
    assert errors_of(answers, "plan_probability") < 1e-9


@pytest.mark.parametrize(
    "changes",
    [
        {"windfall": {**WINDFALL, "per_quarter": 0.5}},
        {"days": (0, 7, 32), "market": {"cv": 0.2, "persistence": 0.6}},
        {"market": {"cv": 0.2, "season": [0.8, 1.0, 1.2, 1.0]}, "deal_size": FIXED},
    ],
)
def test_reps_who_are_alike_work_like_one_who_does_it_all(changes: dict) -> None:
    """Poisson weeks: seven reps are one rep of seven times the activity and windfalls."""
    many = sales_math(headcount=7, plan=ON_PLAN, calendar={"quarters": 2}, **changes)
    windfall = changes.get("windfall")
    if windfall is not None:
        changes = {**changes, "windfall": {**windfall, "per_quarter": 3.5}}
    one = sales_math(
        quota={"per_quarter": 0.8 * 7 * 250_000},
        activity={"per_quarter": 7 * 750},
        calendar={"quarters": 2},
        **changes,
    )
    together, alone = exact(many), exact(one)
    names = {
        "plan_probability": "attainment_probability",
        "company_bookings_mean": "bookings_mean",
        "company_bookings_sd": "bookings_sd",
        "company_bookings_quantile": "bookings_quantile",
        "plan_shortfall_given_miss_mean": "shortfall_given_miss_mean",
    }
    for name, its in names.items():
        allowed = errors_of(together, name) + errors_of(alone, its)
        assert np.all(np.abs(together[name].values - alone[its].values[0]) <= allowed), name


def test_segments_of_equal_deals_are_listed() -> None:
    """Two reps of 84 thousand, three of 126 thousand: two Poisson numbers against the target."""
    plan = team(
        {"name": "small", "headcount": 2},
        {
            "name": "large",
            "headcount": 3,
            "deal_size": {"mean": 126_000},
            "activity": {"per_quarter": 250},
        },
        deal_size=FIXED,
        plan={"target": 800_000},
    )
    n = np.arange(60)
    both = np.multiply.outer(stats.poisson.pmf(n, 6), stats.poisson.pmf(n, 3))
    amounts = np.add.outer(84_000 * n, 126_000 * n)
    answers = exact(plan)
    assert answers.plan_probability.item() == pytest.approx(both[amounts >= 800_000].sum())
    short = (both * np.maximum(800_000 - amounts, 0)).sum() / both[amounts < 800_000].sum()
    assert answers.plan_shortfall_given_miss_mean.item() == pytest.approx(short)
    assert answers.segment.values.tolist() == ["small", "large"]
    assert answers.team_bookings_mean.values.ravel() == pytest.approx([504_000, 378_000])
    made = [stats.poisson.sf(5, 6), stats.poisson.sf(5, 3)]  # 500 and 750 thousand
    assert answers.team_attainment_probability.values.ravel() == pytest.approx(made)
    own = [stats.poisson.sf(2, 3), stats.poisson.sf(1, 1)]  # of 250 thousand each
    assert answers.attainment_probability.values.ravel() == pytest.approx(own)
    for variable in (*SUMMARIES, *COMPANY):
        assert answers[variable.name].dims == variable.dims


def test_reps_with_bent_weeks_are_convolved() -> None:
    plan = sales_math(
        headcount=3,
        deal_size=FIXED,
        activity={"per_quarter": 750, "week_cv": 0.8},
        plan={"target": 800_000},
    )
    shape = 13 / 0.64
    law = stats.nbinom.pmf(np.arange(200), shape, shape / (shape + 3))
    sums = np.convolve(np.convolve(law, law), law)
    assert company(plan) == pytest.approx(sums[10:].sum(), abs=1e-11)  # ten deals make it


def test_skills_of_reps_are_independent_and_the_market_is_shared() -> None:
    """Two reps of lognormal activity in a lognormal market: the triple integral by Gauss."""
    plan = sales_math(
        headcount=2,
        deal_size=FIXED,
        activity={"per_quarter": 750, "rep_cv": 0.35},
        market={"cv": 0.2},
        plan={"target": 500_000},
    )
    x, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()

    def lognormal(cv: float) -> np.ndarray:
        sigma = math.sqrt(math.log1p(cv**2))
        return np.exp(sigma * x - sigma**2 / 2)

    skill = np.add.outer(lognormal(0.35), lognormal(0.35))
    rate = 3 * np.multiply.outer(skill, lognormal(0.2))
    truth = np.einsum("abm,a,b,m->", stats.poisson.sf(5, rate), weights, weights, weights)
    assert company(plan) == pytest.approx(truth, abs=1e-9)


def test_the_market_of_a_larger_team_is_integrated_more_finely() -> None:
    """400 reps: what is left is the market, P(M >= about .8)."""
    plan = sales_math(headcount=400, market={"cv": 0.15}, plan=ON_PLAN)
    found = exact(plan, only=["plan_probability"])
    sigma = math.sqrt(math.log1p(0.15**2))

    def given(z: float) -> float:
        m = math.exp(sigma * z - sigma**2 / 2)
        mean, sd = 400 * 252_000 * m, math.sqrt(400 * 3 * m * 1.25) * 84_000
        return stats.norm.sf((0.8 * 400 * 250_000 - mean) / sd) * stats.norm.pdf(z)

    truth, _ = integrate.quad(given, -8, 8, epsabs=1e-10, points=[-1.5])
    assert found.plan_probability.item() == pytest.approx(truth, abs=1e-3)  # Gauss, not Poisson
    assert errors_of(found, "plan_probability") < 1e-6


def test_money_is_conserved() -> None:
    """The company books what its teams book, and teams what their seats book."""
    plan = team(
        {"name": "own", "headcount": 4},
        {"name": "fed", "headcount": 3, "sources": [{"name": "inbound", "per_week": 0.4}]},
        windfall=WINDFALL,
        deal_size=sized(whale={"probability": 0.02, "multiple": 4}),
        market={"cv": 0.2, "persistence": 0.5},
        uncertainty={"segments.fed.sources.inbound.per_week": {"cv": 0.3}},
        plan={"over_assignment": 1.1},
        calendar={"quarters": 2, "start": "empty"},
        days=(0, 7, 32),
    )
    asked = ["bookings_mean", "team_bookings_mean", "team_bookings_sd", *ASKED]
    answers = exact(plan, only=asked)
    seats = np.array([4, 3])[:, None]
    assert answers.team_bookings_mean.values == pytest.approx(answers.bookings_mean.values * seats)
    total = answers.team_bookings_mean.values.sum(axis=0)
    assert answers.company_bookings_mean.values == pytest.approx(total)
    apart = (answers.team_bookings_sd.values**2).sum(axis=0) ** 0.5
    assert np.all(answers.company_bookings_sd.values > apart)  # the market is theirs together


def test_hired_seats_ramp_and_have_windfalls_when_they_are_filled() -> None:
    """Equal deals of Poisson numbers: week after week, by hand."""
    fall = {"per_quarter": 1.0, "law": "fixed", "mean": 84_000}
    plan = sales_math(
        headcount=2,
        deal_size=FIXED,
        windfall=fall,
        ramp={"weeks": 8, "from": 0.25},
        hiring=[{"week": 5, "reps": 3}, {"week": -4}],
        calendar={"quarters": 2},
        plan={"target": 1_200_000},
    )

    def productive(hired: int) -> np.ndarray:
        t = np.arange(26) - hired
        return np.where(t >= 0, np.minimum(1.0, 0.25 + 0.75 * (t + 0.5) / 8), 0.0)

    weekly = 2 * np.ones(26) + 3 * productive(5) + productive(-4)
    filled = np.where(np.arange(26) < 5, 3, 6)
    means = (3 / 13 * weekly + filled / 13).reshape(2, 13).sum(axis=1)
    answers = exact(plan)
    assert answers.plan_probability.values == pytest.approx(stats.poisson.sf(14, means))
    assert answers.company_bookings_mean.values == pytest.approx(84_000 * means)
    quotas = [6 * 250_000] * 2  # all are there by the end of the first quarter
    needed = np.ceil(np.array(quotas) / 84_000)
    made = stats.poisson.sf(needed - 1, means)
    assert answers.team_attainment_probability.values.ravel() == pytest.approx(made)
    assert "later" in json.loads(answers.attrs["refused"])["attainment_probability"]
    assert "attainment_probability" not in answers


def test_a_seat_hired_later_brings_deals_later() -> None:
    """Delays of 20 days: what enters in the last 20 of 91 days from week 13 on comes afterwards."""
    plan = team(
        {"name": "old", "headcount": 1},
        {"name": "new", "headcount": 0, "hiring": [{"week": 13}]},
        deal_size=FIXED,
        days=(0, 0, 20),
        stages=({}, {}, {"days_cv": 0}),
        calendar={"quarters": 3},
        plan={"target": 250_000},
    )
    found = exact(plan, only=["team_bookings_mean"]).team_bookings_mean.sel(segment="new").values
    assert found == pytest.approx([0, 252_000 * 71 / 91, 252_000], rel=1e-9)


def test_segments_that_count_wins_book_nothing() -> None:
    tables = sales_math().model_dump(exclude_unset=True)
    size = tables.pop("deal_size")
    plan = Scenario(
        **tables,
        plan={"target": 250_000},
        segments=[
            {"name": "closers", "deal_size": size},
            {"name": "openers", "headcount": 2, "quota": {"per_quarter": 3, "of": "wins"}},
        ],
    )
    answers = exact(plan)
    assert answers.plan_probability.item() == pytest.approx(attained(sales_math()), abs=1e-10)
    assert answers.company_bookings_mean.item() == pytest.approx(252_000)
    made = answers.team_attainment_probability.sel(segment="openers").item()
    assert made == pytest.approx(stats.poisson.sf(5, 6))


def test_stages_and_kpis_that_a_segment_has_not_are_not_numbers() -> None:
    demo = {"name": "demos", "metric": "demo", "target": 6, "per": "quarter"}
    stages = [{"name": "reply", "conversion": 0.1}, {"name": "won", "conversion": 0.04}]
    plan = sales_math(
        segments=[
            {"name": "long", "kpis": [demo]},
            {"name": "short", "stages": stages},
        ]
    )
    answers = exact(plan, only=["reached_mean", "kpi_probability"])
    assert answers.stage.values.tolist() == ["discovery", "demo", "won", "reply"]
    assert answers.reached_mean.sel(quarter=1).values == pytest.approx(
        np.array([[15, 9, 3, np.nan], [np.nan, np.nan, 3, 75]]), nan_ok=True
    )
    found = answers.kpi_probability.sel(quarter=1, kpi="demos").values
    assert found == pytest.approx([stats.poisson.sf(5, 9), np.nan], nan_ok=True)


def test_years_of_a_company_add_their_quarters() -> None:
    plan = sales_math(
        headcount=3, deal_size=FIXED, calendar={"quarters": 4}, plan={"target": 700_000}
    )
    answers = exact(plan, by="year", only=["plan_probability"])
    assert answers.plan_probability.dims == ("year",)
    truth = stats.poisson.sf(math.ceil(2_800_000 / 84_000) - 1, 36)
    assert answers.plan_probability.item() == pytest.approx(truth, abs=1e-11)


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attrition": {"per_year": 0.3, "fill_weeks": 9}}, "attrition"),
        (
            {"ramp": {"weeks": 8, "weeks_cv": 0.3}, "hiring": [{"week": 2}]},
            "ramps of random length",
        ),
        (
            {
                "days": (0, 7, 32),
                "market": {"cv": 0.2},
                "activity": {"per_quarter": 750, "rep_cv": 0.3},
            },
            "links quarters",
        ),
        (
            {
                "calendar": {"start": "empty"},
                "days": (0, 7, 32),
                "uncertainty": {"stages.won.days": {"cv": 0.3}},
            },
            "stages.won.days",
        ),
        (
            {
                "policy": {"floor_per_week": 50, "adherence": 0.5},
                "uncertainty": {"policy.adherence": {"cv": 0.3}},
            },
            "policy.adherence",
        ),
        (
            {
                "stages": ({"rep_cv": 0.1}, {"rep_cv": 0.1}, {"rep_cv": 0.1}),
                "uncertainty": {WON: {"cv": 0.1}},
            },
            "4 dimensions",
        ),
    ],
)
def test_what_is_not_covered_is_refused_with_its_reason(changes: dict, reason: str) -> None:
    plan = sales_math(headcount=4, plan=ON_PLAN, **changes)
    with pytest.raises(NotCoveredError, match=reason):
        exact(plan, only=["plan_probability"])


def test_a_plan_is_needed_to_be_made() -> None:
    answers = exact(sales_math(headcount=4))
    assert json.loads(answers.attrs["refused"])["plan_probability"] == (
        "the scenario states no [plan]"
    )
    assert answers.company_bookings_mean.item() == pytest.approx(4 * 252_000)
    assert "company_bookings_mean" not in exact(sales_math())


def test_what_one_segment_refuses_is_left_out_with_its_name() -> None:
    plan = team(
        {"name": "calm", "headcount": 2},
        {"name": "leaving", "attrition": {"per_year": 0.3, "fill_weeks": 9}},
        plan=ON_PLAN,
    )
    with pytest.raises(NotCoveredError, match="leaving: attrition"):
        exact(plan)
