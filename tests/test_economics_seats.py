"""What one more seat returns, plans side by side, and what is refused."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.economics.additions import additions_of
from funnelsim.analysis.economics.commission import paid_at
from funnelsim.analysis.economics.customers import earned, lifetime_margin, margin_by_lag
from funnelsim.errors import ArgumentError, ScenarioError
from paid_plans import COMPANY, DEAL, LINEAR, QUOTA, assert_near, reckoned, scenario


def test_one_more_rep_in_closed_form():
    """Ramping from 0 over 26 weeks, deals at once, commission linear: every mean is known."""
    plan = scenario(
        calendar={"quarters": 8},
        ramp={"weeks": 26.0},
        pay={"ote": 165_000.0, "tiers": LINEAR, "on_costs": 0.25, "hiring_cost": 30_000.0},
    )
    told = reckoned(plan).sel(segment="rep", addition="rep")
    share = np.minimum((np.arange(104) + 0.5) / 26, 1).reshape(8, 13).mean(axis=1)
    booked = 3 * DEAL * share
    cost = 1.25 * (20_625 + 20_625 * booked / QUOTA) + 30_000 * (np.arange(8) == 0)
    margin = earned(booked, margin_by_lag(plan.economics, 8))
    life = lifetime_margin(plan.economics) * booked
    assert told.months.values.tolist() == [12, 24]
    so_far = np.cumsum([booked, cost, margin, life], axis=1)[:, [3, 7]]
    assert_near(told, "addition_bookings_mean", so_far[0])
    assert_near(told, "addition_cost_mean", so_far[1])
    assert_near(told, "return_of_means", so_far[0] / so_far[1], measure="bookings")
    assert_near(told, "return_of_means", so_far[2] / so_far[1], measure="earned")
    assert_near(told, "return_of_means", so_far[3] / so_far[1], measure="lifetime")
    rate = (booked / cost)[[3, 7]]
    assert_near(told, "return_of_means", rate, measure="run rate")
    assert_near(told, "addition_net_mean", np.cumsum(margin - cost))


def test_one_more_rep_returns_by_enumeration():
    """No ramp, deals at once: B = 84,000 Poisson(12) in a year; cost 1.25 (82,500 + rate B)."""
    pay = {"ote": 165_000.0, "tiers": LINEAR, "on_costs": 0.25}
    told = reckoned(scenario(pay=pay), times=[1, 2, 3, 4, 4.5]).sel(segment="rep", addition="rep")
    n = np.arange(100)
    booked, chances = DEAL * n, stats.poisson(12).pmf(n)
    returned = booked / (1.25 * (82_500 + 82_500 * booked / 1e6))
    for times in (1, 2, 3, 4, 4.5):
        truth = chances[returned >= times].sum()
        assert_near(told, "return_probability", truth, months=12, measure="bookings", times=times)
    half = told.return_quantile.sel(months=12, measure="bookings", probability=0.5)
    assert np.isclose(returned, float(half)).any()
    assert abs(chances[returned <= float(half)].sum() - 0.5) < chances.max()


def test_payback_by_enumeration():
    """Paid back at the end of the first quarter, or at that of either: all pairs of counts.

    Customers leave so soon that what has paid may yet cost more than it brings.
    """
    plan = scenario(
        pay={"ote": 33_300.0, "variable": 0.1, "tiers": LINEAR, "on_costs": 0.0},
        calendar={"quarters": 2},
        economics={"churn": 0.99, "expansion": 0.0},
        activity={"per_quarter": 250.0},
    )
    told = reckoned(plan).sel(segment="rep", addition="rep")
    by_lag = margin_by_lag(plan.economics, 2)
    at_once = by_two = in_the_end = 0.0
    for first, second in itertools.product(range(25), range(25)):
        booked = DEAL * np.array([first, second])
        chance = stats.poisson(1).pmf([first, second]).prod()
        net = np.cumsum(earned(booked[None], by_lag)[0] - 8_325 * (0.9 + 0.1 * booked / QUOTA))
        at_once += chance * (net[0] >= 0)
        by_two += chance * (net >= 0).any()
        in_the_end += chance * (net[1] >= 0)
    assert 0.1 < at_once < by_two < 0.99
    assert in_the_end < by_two - 0.1
    assert_near(told, "payback_probability", np.array([at_once, by_two]))
    assert "return_probability" not in told
    assert "whole year" in json.loads(told.attrs["refused"])["return_probability"]


def test_one_more_sdr_in_closed_form():
    """Entries ramp over 26 weeks, a fifth of them becomes a deal at once; commission is linear."""
    plan = scenario(
        pay={"ote": 165_000.0, "tiers": LINEAR, "on_costs": 0.25},
        sources=[{"name": "outbound", "per_sdr_week": 2.0, "sdrs_per_rep": 0.5}],
        economics={"sdr": {"per_year": 96_000.0, "ramp_weeks": 26.0, "hiring_cost": 7_000.0}},
        headcount=3,
        policy={"floor_per_week": 60},
    )
    told = reckoned(plan)
    share = np.minimum((np.arange(52) + 0.5) / 26, 1).reshape(4, 13).mean(axis=1)
    booked = 2 * 13 * 0.2 * DEAL * share
    cost = 24_000 + 1.25 * 20_625 * booked / QUOTA + 7_000 * (np.arange(4) == 0)
    margin = earned(booked, margin_by_lag(plan.economics, 4))
    sdr = told.sel(segment="rep", addition="SDR")
    assert_near(sdr, "addition_bookings_mean", booked.sum())
    assert_near(sdr, "addition_cost_mean", cost.sum())
    assert_near(sdr, "addition_net_mean", np.cumsum(margin - cost))
    own = 3 * 0.5 * 24_000
    np.testing.assert_allclose(told.cost_mean.sel(segment="rep", item="sources"), own)


@pytest.mark.parametrize(("sdrs_per_rep", "pod"), [(1.0, 1), (0.5, 2), (0.2, 3)])
def test_sdr_bookings_are_paid_on_top_of_those_of_the_reps(sdrs_per_rep, pod):
    """Fixed deals, so N and M are Poisson: f(N + M / pod) - f(N) with an accelerator, for each rep.

    A pod of five is one of three where there are three reps.
    """
    plan = scenario(
        headcount=3,
        sources=[{"name": "outbound", "per_sdr_week": 1.0, "sdrs_per_rep": sdrs_per_rep}],
        economics={"sdr": {"per_year": 0.0, "ramp_weeks": 0.0}},
    )
    told = reckoned(plan).sel(segment="rep", addition="SDR", months=12)
    n = np.arange(60)
    own = stats.poisson(3 + 13 * 0.2 * sdrs_per_rep).pmf(n)
    further = stats.poisson(13 * 0.2).pmf(n)
    attainment = (n[:, None] + n / pod) * DEAL / QUOTA
    more = 20_625 * (paid_at(plan.pay, attainment) - paid_at(plan.pay, n * DEAL / QUOTA)[:, None])
    assert_near(told, "addition_cost_mean", 4 * 1.25 * pod * (own @ more @ further))


# --- plans side by side


def test_one_more_seat_is_the_difference_of_two_plans():
    """The same seat, on the same luck: contribution with it less contribution without."""
    plan = fs.Scenario(**COMPANY)
    more = plan.replace({"segments.mid.hiring": [{"week": 20, "reps": 1}, {"week": 0, "reps": 1}]})
    told = fs.contribution({"as is": plan, "one more": more}, draws=1_000, seed=3)
    seat = reckoned(plan, draws=1_000, seed=3).sel(segment="mid", addition="rep")
    difference = told.contribution_total_difference.sel(scenario="one more")
    np.testing.assert_allclose(difference, seat.addition_net_mean.values[-1], rtol=1e-7)
    np.testing.assert_allclose(
        told.contribution_total_difference_standard_error.sel(scenario="one more"),
        seat.addition_net_mean_standard_error.values[-1],
        rtol=1e-4,
    )
    total = told.contribution_by_year_mean.sum("year")
    np.testing.assert_allclose(total, told.contribution_total_mean, rtol=1e-9)
    np.testing.assert_allclose(told.cash_mean[:, -1], told.contribution_total_mean, rtol=1e-9)


def test_a_dearer_plan_is_behind_by_its_price_in_every_world():
    plan = scenario(pay={"ote": 165_000.0, "variable": 0.0})
    dearer = plan.replace({"pay.ote": 175_000.0})
    told = fs.contribution({"as is": plan, "dearer": dearer}, draws=500, seed=1)
    row = told.sel(scenario="dearer")
    np.testing.assert_allclose(row.contribution_total_difference, -10_000 * 1.2, rtol=1e-9)
    np.testing.assert_allclose(row.value_difference, -10_000 * 1.2, rtol=1e-9)
    assert row.contribution_total_difference_standard_error < 1e-3
    assert row.contribution_ahead_probability == 0
    assert told.contribution_ahead_probability.sel(scenario="as is") == 0.5


def test_funding_is_the_deepest_point():
    """Nothing sold: costs alone run ahead, by all of them."""
    plan = scenario(pay={"ote": 100_000.0, "variable": 0.0, "on_costs": 0.0})
    idle = plan.replace({"stages.won.conversion": 0.0})
    told = fs.contribution({"idle": idle}, draws=100, seed=1).isel(scenario=0)
    np.testing.assert_allclose(told.cash_mean, [-25_000, -50_000, -75_000, -100_000])
    np.testing.assert_allclose(told.funding_quantile, 100_000)
    np.testing.assert_allclose(told.filled_seats_mean, 1)


# --- what is refused


def test_pay_has_to_be_stated():
    plan = fs.preset("sales_math")
    for ask in (reckoned, lambda plan: fs.contribution({"a": plan}, draws=10, seed=1)):
        with pytest.raises(ScenarioError, match="pay: must be stated"):
            ask(plan)


@pytest.mark.parametrize(
    "options", [{"draws": 1}, {"by": "month"}, {"budget": 0.0}, {"times": []}, {"times": [-1]}]
)
def test_arguments_out_of_range(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        reckoned(scenario(), **options)


def test_years_need_one():
    with pytest.raises(ArgumentError, match="no whole year"):
        reckoned(scenario(calendar={"quarters": 3}), by="year")


def test_plans_side_by_side_have_one_horizon():
    plans = {"a": scenario(), "b": scenario(calendar={"quarters": 5})}
    with pytest.raises(ArgumentError, match="'b' differs"):
        fs.contribution(plans, draws=10, seed=1)


def test_what_is_not_known_says_why():
    told = reckoned(scenario(), draws=2_000)  # one quarter in twenty sells nothing
    refused = json.loads(told.attrs["refused"])
    assert "cost_of_sale_quantile" not in refused
    few = scenario(activity={"per_quarter": 100.0})
    told = reckoned(few, draws=500)
    assert np.isnan(told.cost_of_sale_quantile.sel(probability=0.9)).all()
    assert "sell nothing" in json.loads(told.attrs["refused"])["cost_of_sale_quantile"]
    assert np.isnan(told.payback_quantile.sel(segment="rep", addition="rep", probability=0.9))
    endless = scenario(deal_size={"law": "pareto", "minimum": 50_000.0, "shape": 1.8})
    told = reckoned(endless, draws=200)
    assert np.isfinite(told.bookings_mean).all()
    assert np.isnan(told.bookings_mean_standard_error).all()
    assert np.isnan(told.commission_sd).all()


def test_results_are_the_same_for_any_number_of_threads(tmp_path):
    plan = fs.Scenario(**COMPANY)
    one, two = (reckoned(plan, draws=300, threads=threads) for threads in (1, 2))
    assert one.identical(two)
    for ending in (".nc", ".csv", ".json"):
        fs.save(one, tmp_path / f"told{ending}")
    assert fs.open(tmp_path / "told.nc").identical(one)
    assert fs.scenario_of(one) == plan


def test_one_more_sdr_is_one_however_many_sources_have_some():
    plan = fs.preset("sdr_assisted").replace({"headcount": 5})
    (source,) = (each for each in plan.sources if each.per_sdr_week)
    first, second = (
        source.model_copy(update={"name": name, "sdrs_per_rep": sdrs, "per_sdr_week": entries})
        for name, sdrs, entries in (("calls", 0.3, 4.0), ("mail", 0.1, 8.0))
    )
    both = plan.model_copy(update={"sources": (first, second)})
    pay = {"pay.ote": 160_000, "economics.sdr": {"per_year": 90_000}}
    _, sdr = additions_of({"rep": both.replace(pay)})
    assert sdr.run is not None
    entries = [each.per_week for each in sdr.run.plan.sources]
    assert entries == pytest.approx([4.0 * 3 / 4, 8.0 / 4])
