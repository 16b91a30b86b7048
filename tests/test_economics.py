"""Pay and customers against closed forms, enumeration and the exact twin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.economics.additions import payback_months
from funnelsim.analysis.economics.commission import commission, paid_at
from funnelsim.analysis.economics.customers import earned, lifetime_margin, margin_by_lag
from funnelsim.scenario.model import Economics, Pay
from paid_plans import DEAL, FUNNEL, LINEAR, QUOTA, assert_near, reckoned, scenario

# --- commission

PLANS = {
    "accelerator": Pay(ote=165_000.0),
    "decelerator and cap": Pay(
        ote=165_000.0,
        tiers=[
            {"above": 0, "rate": 0.5},
            {"above": 0.5, "rate": 1.0},
            {"above": 1.25, "rate": 2.0},
            {"above": 2.0, "rate": 0.0},
        ],
    ),
    "threshold": Pay(
        ote=120_000.0, variable=0.3, tiers=[{"above": 0, "rate": 0}, {"above": 0.75, "rate": 2}]
    ),
}


@pytest.mark.parametrize("pay", PLANS.values(), ids=PLANS)
def test_tiers_pay_step_by_step(pay):
    """Sum the rates over steps of 1/8 of quota, which every tier falls on; 1 at quota."""
    steps = np.arange(0, 4, 0.125)
    rates = np.array([next(t.rate for t in reversed(pay.tiers) if t.above <= x) for x in steps])
    paid = np.concatenate([[0.0], np.cumsum(rates * 0.125)])
    at = np.concatenate([steps, [4.0]])
    np.testing.assert_allclose(paid_at(pay, at), paid / paid[8], rtol=1e-12, atol=1e-15)
    assert paid_at(pay, np.ones(())) == 1


def test_a_year_pays_on_bookings_to_date():
    pay = Pay(ote=160_000.0, period="year")
    bookings = np.array([[0.0, 500.0, 300.0, 400.0, 250.0]])
    quotas = np.full((1, 5), 250.0)
    # 0, .5, .8, then 1.2: 1.3 of 80,000 of variable pay; the fifth quarter is a year of its own
    expected = [[0.0, 40_000.0, 24_000.0, 40_000.0, 20_000.0]]
    np.testing.assert_allclose(commission(pay, bookings, quotas), expected)
    hired_late = np.array([[0.0, 0.0, 250.0, 250.0, 250.0]])  # two quarters: half of it at stake
    np.testing.assert_allclose(
        commission(pay, np.array([[0.0, 0.0, 500.0, 0.0, 0.0]]), hired_late),
        [[0.0, 0.0, 40_000.0, 0.0, 0.0]],
    )


def test_a_linear_plan_pays_the_same_by_quarter_and_by_year():
    rng = np.random.default_rng(1)
    bookings, quotas = rng.gamma(1.0, 200.0, (50, 3, 8)), np.full((1, 3, 8), 250.0)
    by_quarter, by_year = (
        commission(Pay(ote=160_000.0, tiers=LINEAR, period=period), bookings, quotas)
        for period in ("quarter", "year")
    )
    np.testing.assert_allclose(by_quarter, by_year, rtol=1e-9, atol=1e-6)


def enumerated(pay, mean_deals, size, quota, part):
    """Values and probabilities of the commission of Poisson deals of one size."""
    n = np.arange(200)
    return part * paid_at(pay, n * size / quota), stats.poisson(mean_deals).pmf(n)


@pytest.mark.parametrize("pay", PLANS.values(), ids=PLANS)
def test_commission_of_equal_deals_by_enumeration(pay):
    """Mean, sd, quantiles and the risk of the budget: a quarter's deals are Poisson."""
    plan = scenario(pay=pay, calendar={"quarters": 2})
    told = reckoned(plan)
    part = pay.ote * pay.variable / 4
    values, chances = enumerated(pay, 3.0, DEAL, QUOTA, part)
    mean = values @ chances
    assert_near(told, "cost_mean", mean, segment="rep", item="commission")
    assert_near(told, "commission_sd", math.sqrt((values - mean) ** 2 @ chances), segment="rep")
    over = values > part * (1 + 1e-9)
    np.testing.assert_allclose(told.commission_budget, part)
    assert_near(told, "budget_exceeded_probability", chances @ over)
    assert_near(told, "budget_excess_mean", (values - part) @ (chances * over) / (chances @ over))
    for p in (0.1, 0.5, 0.9):
        found = told.commission_quantile.sel(segment="rep", probability=p).values
        at = np.searchsorted(np.cumsum(chances), p)
        for each in found:  # the next deal up or down, where a step is near
            assert np.isclose(values[at - 1 : at + 2], each).any()


def test_commission_by_the_year_by_enumeration():
    pay = Pay(ote=165_000.0, period="year")
    told = reckoned(scenario(pay=pay), by="year", budget=20_000.0)
    values, chances = enumerated(pay, 12.0, DEAL, 4 * QUOTA, 82_500.0)
    assert_near(told, "cost_mean", values @ chances, segment="company", item="commission")
    np.testing.assert_allclose(told.commission_budget, 80_000)
    assert_near(told, "budget_exceeded_probability", chances[values > 80_000].sum())


def test_commission_by_the_exact_twin():
    """E[(B - a Q)+] = E[B] - a Q + E[(a Q - B)+]: the twin's shortfall, for each tier."""
    pay = PLANS["decelerator and cap"]
    plan = scenario(
        pay=pay,
        deal_size={"law": "lognormal", "mean": DEAL, "cv": 0.8},
        activity={"per_quarter": 750.0, "rep_cv": 0.35},
        calendar={"quarters": 1},
    )
    paid, before = 0.0, 0.0
    for tier in pay.tiers:
        beyond = 3 * DEAL
        if tier.above:
            exact = fs.exact(plan.replace({"quota.per_quarter": tier.above * QUOTA}))
            beyond += float(exact.shortfall_mean.values[0, 0]) - tier.above * QUOTA
        paid += (tier.rate - before) * beyond / QUOTA
        before = tier.rate
    truth = 165_000 / 8 * paid / (0.5 * 0.5 + 0.5 * 1.0)
    assert_near(reckoned(plan), "cost_mean", truth, segment="rep", item="commission")


def test_accelerators_pay_for_luck():
    """With equal mean bookings at quota, commission exceeds its budget by half the mean excess."""
    size = QUOTA / 3
    told = reckoned(scenario(deal_size={"law": "fixed", "mean": size}))
    n = np.arange(100)
    excess = np.maximum(n / 3 - 1, 0) @ stats.poisson(3).pmf(n)
    assert_near(told, "cost_mean", 20_625 * (1 + 0.5 * excess), segment="rep", item="commission")


def test_a_quota_of_wins_is_paid_by_the_win():
    sdr = {
        "name": "sdr",
        "quota": {"per_quarter": 39.0, "of": "wins"},
        "activity": {"per_quarter": 1_950.0},
        "stages": [{"name": "meeting", "conversion": 0.02}],
        "pay": {"ote": 85_000.0, "variable": 0.3, "tiers": LINEAR, "on_costs": 0.0},
        "headcount": 2,
    }
    team = fs.Scenario(
        name="team",
        calendar={"quarters": 1},
        segments=[
            sdr,
            {
                "name": "rep",
                "quota": {"per_quarter": QUOTA},
                "activity": {"per_quarter": 750.0},
                "stages": FUNNEL,
                "deal_size": {"law": "fixed", "mean": DEAL},
                "pay": {"ote": 165_000.0},
            },
        ],
    )
    told = reckoned(team)
    assert_near(told, "cost_mean", 2 * 85_000 * 0.3 / 4, segment="sdr", item="commission")
    assert_near(told, "cost_mean", 2 * 85_000 * 0.7 / 4, segment="sdr", item="base pay")
    assert (told.bookings_mean.sel(segment="sdr") == 0).all()
    assert told.cost_of_sale.sel(segment="sdr").isnull().all()
    np.testing.assert_array_equal(
        told.bookings_mean.sel(segment="company"), told.bookings_mean.sel(segment="rep")
    )
    assert told.addition_net_mean.sel(segment="sdr").isnull().all()


# --- customers


@pytest.mark.parametrize(
    "economics",
    [
        Economics(),
        Economics(churn=0.3, contraction=0.1, expansion=0.0, discount=0.0, lifetime_years=7),
        Economics(gross_margin=0.6, churn=0.0, expansion=0.2, discount=0.25, lifetime_years=1),
    ],
    ids=str,
)
def test_a_lifetime_is_a_geometric_series(economics):
    months = 12 * economics.lifetime_years
    ratio = (economics.net_retention / (1 + economics.discount)) ** (1 / 12)
    series = economics.gross_margin / 12 * (1 - ratio**months) / (1 - ratio)
    assert lifetime_margin(economics) == pytest.approx(series, rel=1e-12)
    by_lag = margin_by_lag(economics, 4 * economics.lifetime_years + 1)
    kept = economics.net_retention ** (1 / 12)
    whole = months if kept == 1 else (1 - kept**months) / (1 - kept)
    assert by_lag.sum() == pytest.approx(economics.gross_margin / 12 * whole, rel=1e-12)
    assert margin_by_lag(economics, 40 + len(by_lag))[len(by_lag) :].sum() == 0


def test_the_textbook_lifetime_value():
    """Margin x revenue a month / monthly churn, where nothing expands, ends or is discounted."""
    economics = Economics(
        gross_margin=0.8, churn=0.9, expansion=0.0, discount=0.0, lifetime_years=50
    )
    assert lifetime_margin(economics) * 600 == pytest.approx(
        0.8 * (600 / 12) / (1 - 0.1 ** (1 / 12)), rel=1e-12
    )


def test_margins_of_a_quarter_by_hand():
    """A deal of 12 in the first month pays 1 at once; a month later .5 ** (1 / 12) of that ..."""
    economics = Economics(gross_margin=0.5, churn=0.5, expansion=0.0)
    k = 0.5 ** (1 / 12)
    first = 0.5 * ((1 + k + k**2) + (1 + k) + 1) / 3
    second = 0.5 * ((k**3 + k**4 + k**5) + (k**2 + k**3 + k**4) + (k + k**2 + k**3)) / 3
    by_lag = margin_by_lag(economics, 2)
    np.testing.assert_allclose(12 * by_lag, [first, second], rtol=1e-12)
    np.testing.assert_allclose(
        12 * earned(np.array([[1.0, 10.0]]), by_lag), [[first, second + 10 * first]]
    )


@pytest.mark.parametrize("r", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize(("k2", "k3"), [(0.5, 0.25), (0.3, 0.09), (1.0, 1.0)])
def test_the_return_on_a_seat_with_carryover(r, k2, k3):
    """ROI = R (1 + K2 + K3) - 1, R first-year margin over cost (Zoltners, Sinha and Lorimer 2006).

    Retention k a year gives carryovers k and k^2.
    """
    economics = Economics(churn=1 - k2, expansion=0.0, discount=0.0, lifetime_years=3)
    one_year = economics.model_copy(update={"lifetime_years": 1})
    cost = lifetime_margin(one_year) / r
    assert lifetime_margin(economics) / cost - 1 == pytest.approx(r * (1 + k2 + k3) - 1, rel=1e-12)


def test_the_published_returns():
    """R = 1, carryover .5 and .25: 75 %; R = 2, .3 and .09: 178 %."""
    for r, k, roi in ((1.0, 0.5, 0.75), (2.0, 0.3, 1.78)):
        economics = Economics(churn=1 - k, expansion=0.0, discount=0.0, lifetime_years=3)
        first = lifetime_margin(economics.model_copy(update={"lifetime_years": 1}))
        assert r * lifetime_margin(economics) / first - 1 == pytest.approx(roi, abs=1e-12)


@pytest.mark.parametrize(
    ("net", "months"),
    [
        ([-30.0, -10.0, 20.0], 7.0),  # a third of the third quarter
        ([-30.0, 0.0, 20.0], 6.0),
        ([5.0, -5.0, 9.0], 3.0),
        ([-1.0, -2.0, -3.0], math.inf),
        ([-10.0, 30.0, -1.0], 3.75),
    ],
)
def test_payback_by_hand(net, months):
    assert payback_months(np.array([net]))[0] == pytest.approx(months)
