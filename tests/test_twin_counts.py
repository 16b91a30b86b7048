"""Numbers of deals: the twin against binomial and Poisson laws, enumeration and quadrature."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Market, Scenario
from funnelsim.twin.delays import in_window
from funnelsim.twin.exact import exact
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.market import market_nodes
from funnelsim.twin.series import (
    FARTHEST,
    condensed,
    kinds_of,
    logarithm,
    summed,
    through_nodes,
)
from funnelsim.twin.skill import nodes_of
from funnelsim.twin.weeks import weeks_of
from twin_plans import attained, attained_only, errors_of, sales_math, shares_of, sized, value


def deals_law(plan: Scenario, most: int, start: int = 0, stop: int = 13) -> np.ndarray:
    """P(n deals close in a window), averaged over reps."""
    funnel = Funnel(plan, nodes_of(plan), market_nodes(plan.market, 64))
    return funnel.nodes.weights[0] @ funnel.reached(-1, start, stop).laws(most)


def test_poisson_weeks_make_poisson_deals() -> None:
    assert deals_law(sales_math(), 30) == pytest.approx(stats.poisson.pmf(range(31), 3), abs=1e-12)


def test_negative_binomial_weeks() -> None:
    """13 weeks of shape 1 / cv^2 thinned by p: negative binomial of 13 times the shape."""
    plan = sales_math(activity={"per_quarter": 750, "week_cv": 0.5})
    shape = 13 / 0.25
    truth = stats.nbinom.pmf(range(31), shape, shape / (shape + 3))
    assert deals_law(plan, 30) == pytest.approx(truth, abs=1e-12)


def test_a_cap_that_always_binds_makes_binomial_deals() -> None:
    """Exactly 40 activities a week, whoever the rep is."""
    plan = sales_math(
        activity={"per_week": 400, "rep_cv": 0.1}, policy={"cap_per_week": 40, "floor_per_week": 40}
    )
    truth = stats.binom.pmf(range(31), 13 * 40, 0.02 * 0.6 / 3)
    assert deals_law(plan, 30) == pytest.approx(truth, abs=1e-11)


@pytest.mark.parametrize("elasticity", [1.0, 0.6])
@pytest.mark.parametrize("cv", [0.0, 0.7])
def test_a_tiny_funnel_by_enumeration(elasticity: float, cv: float) -> None:
    """Two weeks of policy-bent activity, entry clipped at 1, thinned and convolved by hand."""
    plan = sales_math(
        quota={"per_quarter": 1.0},
        activity={
            "per_week": 1.5,
            "week_cv": cv,
            "elasticity": elasticity,
            "reference_per_week": 2.0,
        },
        conversions=(0.9, 0.5, 0.8),
        policy={"floor_per_week": 2, "cap_per_week": 4, "adherence": 0.7, "start_week": 1},
    )
    n = np.arange(400)
    if cv:
        shape = 1 / cv**2
        plain = stats.nbinom.pmf(n, shape, shape / (shape + 1.5))
    else:
        plain = stats.poisson.pmf(n, 1.5)
    ruled = np.zeros_like(plain)
    for count, probability in zip(n.tolist(), plain, strict=True):
        for after, share in ((max(count, 2), 0.7), (count, 0.3)):
            ruled[min(after, 4)] += probability * share
    truth = np.ones(1)
    for law in (plain, ruled):
        week = np.zeros(12)
        for count, probability in zip(n.tolist(), law, strict=True):
            p = min(1.0, 0.9 * (max(count, 1) / 2.0) ** (elasticity - 1)) * 0.5 * 0.8
            week += probability * stats.binom.pmf(range(12), count, p)
        truth = np.convolve(truth, week)
    assert deals_law(plan, 11, 0, 2) == pytest.approx(truth[:12], abs=1e-12)


def test_the_policy_can_begin_inside_the_horizon() -> None:
    plan = sales_math(
        calendar={"quarters": 3},
        policy={"floor_per_week": 60, "start_week": 20},
    )
    answers = exact(plan)
    means = answers.activities_mean.values.ravel()
    floor = sum(stats.poisson.pmf(n, 750 / 13) * max(60 - n, 0) for n in range(61))
    assert means == pytest.approx([750, 750 + 6 * floor, 750 + 13 * floor], rel=1e-12)
    reached = answers.reached_mean.sel(stage="won").values.ravel()
    assert reached == pytest.approx(means * 0.004, rel=1e-12)


def test_moments_follow_the_law_of_total_variance() -> None:
    """Activity skill a, week factor G: Var N = mean + (mean^2)(cv_w^2 / 13 (1 + v) + v)."""
    plan = sales_math(activity={"per_quarter": 750, "week_cv": 0.5, "rep_cv": 0.35})
    answers = exact(plan)
    v = 0.35**2
    variance = 3 + 9 * ((1 + v) * 0.25 / 13 + v)
    bookings = 3 * 84e3**2 * 0.25 + variance * 84e3**2
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(252e3, rel=1e-10)
    assert value(answers, "bookings_sd", quarter=1) == pytest.approx(math.sqrt(bookings), rel=1e-10)


# --- skill ---------------------------------------------------------------------------------------


def test_activity_skill_by_scipy_quadrature() -> None:
    sigma = math.sqrt(math.log1p(0.35**2))

    def given(z: float) -> float:
        level = 750 * math.exp(sigma * z - sigma * sigma / 2)
        return attained_only(sales_math(activity={"per_quarter": level})) * stats.norm.pdf(z)

    truth, _ = integrate.quad(given, -7.5, 7.5, epsabs=1e-9, limit=60)
    answers = exact(sales_math(activity={"per_quarter": 750, "rep_cv": 0.35}))
    found = value(answers, "attainment_probability", quarter=1)
    assert found == pytest.approx(truth, abs=1e-8)
    assert abs(found - truth) <= errors_of(answers, "attainment_probability") + 1e-8


def test_conversion_skill_by_scipy_quadrature() -> None:
    mean, cv = 0.6, 0.3
    total = (1 - mean) / (mean * cv**2) - 1
    law = stats.beta(mean * total, (1 - mean) * total)

    def given(c: float) -> float:
        return attained_only(sales_math(conversions=(0.02, c, 1 / 3))) * law.pdf(c)

    truth, _ = integrate.quad(given, 0, 1, epsabs=1e-9, limit=60)
    found = attained(sales_math(stages=({}, {"rep_cv": cv}, {})))
    assert found == pytest.approx(truth, abs=1e-8)


def test_size_skill_by_scipy_quadrature() -> None:
    sigma = math.sqrt(math.log1p(0.3**2))

    def given(z: float) -> float:
        size = 84e3 * math.exp(sigma * z - sigma * sigma / 2)
        return attained_only(sales_math(deal_size=sized(mean=size))) * stats.norm.pdf(z)

    truth, _ = integrate.quad(given, -7, 7, epsabs=1e-8, limit=30)
    assert attained(sales_math(deal_size=sized(rep_cv=0.3))) == pytest.approx(truth, abs=1e-7)


def test_loadings_of_one_make_one_dimension() -> None:
    """Activity and size move together: their product has mean exp(sigma_a sigma_s)."""
    plan = sales_math(
        skill_correlation=1.0,
        activity={"per_quarter": 750, "rep_cv": 0.3},
        deal_size=sized(rep_cv=0.2),
    )
    sigmas = [math.sqrt(math.log1p(cv * cv)) for cv in (0.3, 0.2)]
    assert nodes_of(plan).size.size < 200
    assert value(exact(plan), "bookings_mean", quarter=1) == pytest.approx(
        252e3 * math.exp(sigmas[0] * sigmas[1]), rel=1e-9
    )


def test_the_two_camps_of_winners_attain_alike() -> None:
    """Opposite loadings: who calls more converts less, and the mean of the product falls."""
    spread = {"activity": {"per_quarter": 750, "rep_cv": 0.35}, "stages": ({}, {"rep_cv": 0.2}, {})}
    means = [
        value(exact(sales_math(skill_loadings=loadings, **spread)), "bookings_mean", quarter=1)
        for loadings in ({}, {"activity": 0.7, "demo": -0.7}, {"activity": 0.7, "demo": 0.7})
    ]
    assert means[0] == pytest.approx(252e3, rel=1e-9)
    assert means[1] < means[0] < means[2]


def test_four_dimensions_of_skill_are_refused() -> None:
    plan = sales_math(activity={"per_quarter": 750, "rep_cv": 0.1}, stages=({"rep_cv": 0.1},) * 3)
    with pytest.raises(NotCoveredError, match="4 dimensions"):
        exact(plan)


# --- market --------------------------------------------------------------------------------------


def test_the_market_by_scipy_quadrature() -> None:
    sigma = math.sqrt(math.log1p(0.3**2))

    def given(x: float) -> float:
        entry = 0.02 * math.exp(sigma * x - sigma * sigma / 2)
        return attained_only(sales_math(conversions=(entry, 0.6, 1 / 3))) * stats.norm.pdf(x)

    truth, _ = integrate.quad(given, -7, 7, epsabs=1e-9, limit=40)
    assert attained(sales_math(market={"cv": 0.3})) == pytest.approx(truth, abs=1e-8)


def test_the_chain_of_quarters_has_the_stated_correlation() -> None:
    nodes = market_nodes(Market(cv=0.4, persistence=0.6), 48)
    sigma = math.sqrt(math.log1p(0.16))
    for quarters in (1, 2, 5):
        joint = nodes.weights[:, None] * nodes.transfer(quarters)
        product = nodes.factors @ joint @ nodes.factors
        assert joint.sum() == pytest.approx(1, abs=1e-12)
        assert product == pytest.approx(math.exp(sigma**2 * 0.6**quarters), rel=1e-10)


def test_two_quarters_share_the_market() -> None:
    """P(both attained) by a double integral over the bivariate normal law."""
    plan = sales_math(market={"cv": 0.5, "persistence": 0.8}, calendar={"quarters": 2})
    sigma = math.sqrt(math.log1p(0.25))
    x, w = np.polynomial.hermite_e.hermegauss(40)
    w = w / w.sum()
    p = {}

    def given(z: float) -> float:
        key = round(z, 10)
        if key not in p:
            factor = math.exp(sigma * z - sigma * sigma / 2)
            law = stats.poisson.pmf(np.arange(60), 3 * factor)
            p[key] = 1 - law @ BELOW
        return p[key]

    from funnelsim.twin.compound import Compound
    from funnelsim.twin.sizes import lognormal

    BELOW = Compound(lognormal(84e3, 0.5)).below(250e3 * (1 - 1e-9), 59)[0]
    truth = sum(
        wi * wj * given(xi) * given(0.8 * xi + 0.6 * xj)
        for (xi, wi), (xj, wj) in itertools.product(zip(x, w, strict=True), repeat=2)
    )
    assert value(exact(plan), "at_least_probability", at_least=2) == pytest.approx(truth, abs=1e-9)


def test_season_moves_the_quarters() -> None:
    plan = sales_math(market={"season": [0.9, 1.0, 1.0, 1.1]}, calendar={"quarters": 5})
    won = exact(plan).reached_mean.sel(stage="won").values.ravel()
    assert won == pytest.approx([2.7, 3, 3, 3.3, 2.7], rel=1e-12)


# --- delays --------------------------------------------------------------------------------------


def test_one_delay_by_its_partial_expectation() -> None:
    """E max(y - D, 0) of a lognormal delay in closed form."""
    plan = sales_math(days=(0, 0, 32), calendar={"quarters": 2})
    shares, errors = shares_of(plan)
    sigma = math.sqrt(math.log(2))
    mu = math.log(32) - sigma**2 / 2
    y = 7.0 * np.arange(1, shares.shape[1])
    left = y * special.ndtr((np.log(y) - mu) / sigma)
    left -= 32 * special.ndtr((np.log(y) - mu) / sigma - sigma)
    truth = np.diff(np.append(0.0, left)) / 7
    assert np.all(np.abs(shares[2, 1:] - truth) <= errors[2, 1:])
    assert errors.max() < 1e-9


def test_two_delays_by_quadrature() -> None:
    plan = sales_math(days=(0, 30, 120), stages=({}, {"days_cv": 0.6}, {"delay": {"law": "gamma"}}))
    shares, _ = shares_of(plan)
    sigma = math.sqrt(math.log1p(0.36))
    first = stats.lognorm(sigma, scale=30 * math.exp(-sigma * sigma / 2))

    def both(day: float) -> float:
        return integrate.quad(
            lambda t: first.pdf(t) * -math.expm1(-(day - t) / 120), 0, day, epsabs=1e-12
        )[0]

    truth, _ = integrate.quad(both, 63, 70, epsabs=1e-10)
    assert shares[2, 10] == pytest.approx(truth / 7, abs=1e-9)


def test_observed_delays_are_scaled_to_the_stated_mean() -> None:
    """10 and 30 days, scaled to 5 and 15 days: a week's entries are spread evenly over it."""
    observed = {"delay": {"law": "empirical", "days": [30, 10]}}
    shares, _ = shares_of(sales_math(days=(0, 0, 10), stages=({}, {}, observed)))
    assert sales_math(days=(0, 0, 10), stages=({}, {}, observed)).past_weeks == 3
    truth = [0, 0.5 * 2 / 7, 0.5, 0.5 + 0.5 * 6 / 7, 1]
    assert shares[2, :5] == pytest.approx(truth, abs=1e-15)


def test_certain_delays_move_deals_by_their_days() -> None:
    shares, _ = shares_of(
        sales_math(days=(3, 0, 8), stages=({"days_cv": 0.0}, {}, {"days_cv": 0.0}))
    )
    assert shares[0, :3] == pytest.approx([0, 4 / 7, 1], abs=1e-15)
    assert shares[2, :4] == pytest.approx([0, 0, 3 / 7, 1], abs=1e-15)


def test_a_poisson_funnel_with_delays_stays_poisson() -> None:
    plan = sales_math(days=(0, 7, 32), calendar={"quarters": 2, "start": "empty"})
    shares, _ = shares_of(plan)
    for start, stop in ((0, 13), (13, 26)):
        mean = 3 / 13 * in_window(shares[-1], 0, start, stop).sum()
        truth = stats.poisson.pmf(range(21), mean)
        assert deals_law(plan, 20, start, stop) == pytest.approx(truth, abs=1e-11)


def some_shares() -> tuple[np.ndarray, np.ndarray]:
    """Shares of a hundred weeks, one of them that of three more."""
    rng = np.random.default_rng(1)
    shares = np.append(rng.uniform(0, 0.3, 100), 0.3)
    return shares, np.append(np.ones(100), 3.0)


def test_many_weeks_are_as_good_as_a_few_nodes() -> None:
    shares, repeats = some_shares()
    nodes, weights = condensed(shares, repeats, 16)
    for mean in (0.5, 3.0):
        truth = repeats @ np.log1p(mean * shares * (1 - 0.6j))
        assert weights @ np.log1p(mean * nodes * (1 - 0.6j)) == pytest.approx(truth, rel=1e-12)


def half_circle(points: int) -> np.ndarray:
    """Points y = 1 - z, |z| < 1, where laws of numbers are read off."""
    return 1 - 0.99 * np.exp(-1j * np.pi * np.arange(points) / (points - 1))


def week_by_week(law: Any, kept: np.ndarray, shares: Any, repeats: Any, y: Any) -> np.ndarray:
    """The product of all weeks, (kind, point)."""
    out = np.ones((kept.size, y.size), dtype=np.complex128)
    for share, times in zip(shares, repeats, strict=True):
        out *= law(np.arange(kept.size), kept[:, None] * share * y) ** times
    return out


@pytest.mark.parametrize("shape", [11.1, 4.0, 0.44])
def test_a_series_multiplies_as_week_by_week(shape: float) -> None:
    """Negative binomial weeks, whose logarithm is singular where the mean is -shape."""
    shares, repeats = some_shares()
    means = np.array([0.0, 0.02, 0.3, 1.0, 5.0, 40.0])  # of those counted, but for the share
    kept = means / means.max()
    y = half_circle(33)

    def law(rows: np.ndarray, fewer: np.ndarray) -> np.ndarray:
        return (1 + means.max() / shape * fewer) ** -shape

    of, farthest, places = kinds_of(np.zeros(6, dtype=np.int64), FARTHEST * shares.max() * kept)
    series = summed(logarithm(law, of, farthest), places, kept / farthest[places], shares, repeats)
    converges = FARTHEST * shares.max() * means < 0.7 * shape
    assert series.accurate[converges].all()
    assert not series.accurate[-1]
    found = series.pgf(np.flatnonzero(series.accurate), y)
    truth = week_by_week(law, kept, shares, repeats, y)[series.accurate]
    assert found == pytest.approx(truth, abs=1e-12)


def test_a_series_is_not_used_where_a_law_vanishes() -> None:
    """A week of 8 sure activities: (1 - x)^8, with its zero within reach or beyond."""
    shares, repeats = some_shares()
    kept = np.array([1.0, 3.5])

    def law(rows: np.ndarray, fewer: np.ndarray) -> np.ndarray:
        return (1 - fewer) ** 8

    rows = np.arange(2)
    farthest = FARTHEST * shares.max() * kept
    series = summed(logarithm(law, rows, farthest), rows, kept / farthest, shares, repeats)
    assert series.accurate.tolist() == [True, False]
    y = half_circle(33)
    truth = week_by_week(law, kept, shares, repeats, y)[:1]
    assert series.pgf(np.array([0]), y) == pytest.approx(truth, abs=1e-12)


def test_nodes_follow_a_logarithm_and_tell_where_they_do_not() -> None:
    """Through more than half a turn; and so near to where a law is infinite that few fail."""
    shares, repeats = some_shares()
    means = np.array([1.0, 30.0, 89.0])

    def through(y: complex, power: float, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        def week(share: float) -> np.ndarray:
            return (1 + means[:, None] * share * np.array([y]) / 9) ** -power

        truth = np.prod([week(a) ** n for a, n in zip(shares, repeats, strict=True)], axis=0)
        found, do = through_nodes(week, shares, repeats, nodes)
        return found[do], truth[do], do

    found, truth, do = through(0.01 + 0.4j, 9.0, 48)
    assert do.all()
    assert found == pytest.approx(truth, abs=1e-12)
    for nodes, enough in ((16, 1), (48, 2)):
        found, truth, do = through(-1 / 3, 1.0, nodes)
        assert do.sum() == enough
        assert found == pytest.approx(truth, rel=1e-11)


@pytest.mark.parametrize(
    ("activity", "policy"),
    [
        ({"week_cv": 0.6}, {}),
        ({"week_cv": 0.6}, {"floor_per_week": 58, "adherence": 0.9}),
        ({"rep_cv": 0.5, "week_cv": 1.5}, {"floor_per_week": 58, "adherence": 0.9}),
        ({"elasticity": 0.6}, {"floor_per_week": 50, "adherence": 1.0}),
    ],
)
def test_many_weeks_at_once_give_the_same_deals(activity: dict, policy: dict, monkeypatch) -> None:
    plan = sales_math(
        days=(0, 7, 32),
        activity={"per_quarter": 750, **activity},
        policy=policy,
        conversions=(0.05, 0.6, 1 / 3),
    )
    at_once = deals_law(plan, 30)
    monkeypatch.setattr("funnelsim.twin.series.ACCURATE", -1.0)  # nothing is: week by week
    assert at_once == pytest.approx(deals_law(plan, 30), abs=1e-11)


def test_weekly_laws_sum_to_one() -> None:
    plan = sales_math(
        activity={"per_week": 30, "week_cv": 0.8},
        policy={"floor_per_week": 25, "cap_per_week": 60, "adherence": 0.5},
    )
    weeks = weeks_of(plan)
    law = weeks.activities(np.array([0.5, 1.0, 2.0]))
    assert law.sum(axis=1) == pytest.approx(1, abs=1e-12)
    mean, second = weeks.moments(np.array([0.5, 1.0, 2.0]))
    n = np.arange(law.shape[1])
    assert mean == pytest.approx(law @ n)
    assert second == pytest.approx(law @ (n * (n - 1)))
