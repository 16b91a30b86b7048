"""Accounts of segments and of the company: costs, vacancies, conservation of money."""

from __future__ import annotations

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.economics.accounts import ITEMS
from funnelsim.analysis.economics.customers import lifetime_margin, margin_by_lag
from paid_plans import COMPANY, DEAL, LINEAR, QUOTA, N, assert_near, reckoned, scenario


def test_costs_of_a_rep_who_stays():
    plan = scenario(
        pay={"ote": 165_000.0, "tiers": LINEAR, "on_costs": 0.25, "overhead": 8_000.0,
             "hiring_cost": 30_000.0},
        sources=[{"name": "inbound", "per_week": 0.5}],
        economics={"entry_cost": {"inbound": 200.0}},
    )  # fmt: skip
    told = reckoned(plan, draws=4_000)
    bookings = (3 + 0.5 * 13 * 0.2) * DEAL
    commissions = 20_625 * bookings / QUOTA
    truth = {
        "base pay": 20_625.0,
        "commission": commissions,
        "on-costs": 0.25 * (20_625 + commissions),
        "overhead": 2_000.0,
        "hiring": 0.0,
        "sources": 0.5 * 13 * 200,
    }
    assert tuple(truth) == ITEMS
    for item, cost in truth.items():
        assert_near(told, "cost_mean", cost, segment="rep", item=item)
    total = sum(truth.values())
    assert_near(told, "selling_cost_mean", total, segment="rep")
    assert_near(told, "cost_of_sale", total / bookings, segment="rep")
    assert_near(told, "cac_payback_months", 12 * total / (0.78 * bookings), segment="rep")
    life = lifetime_margin(plan.economics)
    assert_near(told, "lifetime_margin_mean", life * bookings, segment="rep")
    assert_near(told, "lifetime_to_cost", life * bookings / total, segment="rep")
    by_lag = np.cumsum(margin_by_lag(plan.economics, 4))
    assert_near(told, "earned_margin_mean", by_lag * bookings, segment="rep")
    assert_near(told, "contribution_mean", by_lag * bookings - total, segment="rep")
    np.testing.assert_allclose(told.seat_cost_at_quota.sel(segment="rep"), 165_000 * 1.25 + 8_000)


def test_what_follows_from_the_plan_without_luck_is_exact():
    """All of them, and nothing else: a number without any error would be a silent one."""
    told = reckoned(scenario(pay={"ote": 165_000.0}), draws=20)
    names = [str(name) for name in told.data_vars if not str(name).endswith("_error")]
    exact = [name for name in names if f"{name}_numerical_error" in told]
    assert sorted(exact) == [
        "commission_budget", "gross_retention", "lifetime_margin_of_1", "net_retention",
        "seat_cost_at_quota",
    ]  # fmt: skip
    for name in exact:
        assert told[name].attrs["method"] == "exact"
        assert np.nanmax(told[f"{name}_numerical_error"]) == 0
    assert [name for name in names if f"{name}_standard_error" not in told] == exact


def test_replacing_leavers_costs_what_renewal_theory_says():
    """Seats that are filled at once are always filled: 13 p leavers a quarter and seat."""
    plan = scenario(
        attrition={"per_year": 0.4, "fill_weeks": 0.0},
        pay={"ote": 165_000.0, "hiring_cost": 30_000.0},
        headcount=3,
    )
    told = reckoned(plan, draws=500)
    leavers = 3 * 13 * (1 - 0.6 ** (1 / 52))
    np.testing.assert_allclose(
        told.cost_mean.sel(segment="rep", item="hiring"), 30_000 * leavers, rtol=1e-9
    )


def test_a_seat_that_is_filled_later_costs_from_then_on():
    plan = scenario(
        headcount=1,
        hiring=[{"week": 16, "reps": 2}, {"week": -5, "reps": 1}],
        pay={"ote": 100_000.0, "hiring_cost": 10_000.0, "overhead": 4_000.0},
    )
    told = reckoned(plan, draws=200).sel(segment="rep")
    filled = np.array([2, 2 + 2 * 10 / 13, 4, 4])
    np.testing.assert_allclose(told.cost_mean.sel(item="base pay"), 12_500 * filled)
    np.testing.assert_allclose(told.cost_mean.sel(item="overhead"), 1_000 * filled)
    np.testing.assert_allclose(told.cost_mean.sel(item="hiring"), [0, 20_000, 0, 0])
    np.testing.assert_allclose(told.commission_budget, 12_500 * np.array([2, 4, 4, 4]))


def test_a_vacant_week_costs_what_it_would_have_brought():
    """No ramp, no delay: a week's mean bookings, less the pay that it saves."""
    plan = scenario(
        attrition={"per_year": 0.6, "fill_weeks": 10.0},
        pay={"ote": 165_000.0, "tiers": LINEAR, "on_costs": 0.25, "overhead": 5_200.0,
             "hiring_cost": 20_000.0},
        headcount=4,
    )  # fmt: skip
    told = reckoned(plan)
    week = 3 * DEAL / 13
    assert_near(told, "vacancy_bookings_per_week", week, segment="rep")
    leaving = 1 - 0.4 ** (1 / 52)
    saved = (20_625 / 13 + 20_625 * week / QUOTA) * 1.25 + 5_200 / 52 + 20_000 * leaving
    life = lifetime_margin(plan.economics)
    assert_near(told, "vacancy_cost_per_week", life * week - saved, segment="rep")
    empty = 4 * 13 * (1 - fs.simulate(plan, draws=N, seed=1).filled.values.mean())
    np.testing.assert_allclose(told.vacant_weeks_mean.sel(segment="rep"), empty, rtol=1e-9)
    product = told.vacancy_cost_per_week * told.vacant_weeks_mean
    np.testing.assert_allclose(told.vacancy_cost_mean, product, rtol=1e-9)


def test_a_ramped_quota_pays_new_reps_sooner():
    """Bookings and quota grow alike: on average the linear commission is that of a ramped rep.

    Deals of a quarter are Poisson with mean 3 r, r the productive share; quota * r: 3 r / r.
    """
    ramp = {"weeks": 26.0}
    pay = {"ote": 165_000.0, "tiers": LINEAR}
    quota = {"per_quarter": QUOTA}
    plan = scenario(ramp=ramp, pay=pay, headcount=0, hiring=[{"week": 0, "reps": 2}])
    full = 2 * 20_625 * 3 * DEAL / QUOTA
    share = np.minimum((np.arange(52) + 0.5) / 26, 1).reshape(4, 13).mean(axis=1)
    flat = reckoned(plan.replace({"quota": quota}))
    assert_near(flat, "cost_mean", full * share, segment="rep", item="commission")
    ramped = reckoned(plan.replace({"quota": quota | {"ramped": True}}))
    assert_near(ramped, "cost_mean", full, segment="rep", item="commission")


def test_money_is_conserved():
    """Across items, segments, quarters, and against what the simulation books."""
    plan = fs.Scenario(**COMPANY)
    told, by_year = reckoned(plan, draws=2_000), reckoned(plan, draws=2_000, by="year")
    samples = fs.simulate(plan, draws=2_000, seed=1)
    booked = samples.bookings.groupby("segment").sum("rep").mean("draw")
    for segment in ("mid", "large"):
        np.testing.assert_allclose(
            told.bookings_mean.sel(segment=segment), booked.sel(segment=segment), rtol=1e-9
        )
    np.testing.assert_allclose(told.cost_mean.sum("item"), told.selling_cost_mean, rtol=1e-9)
    np.testing.assert_allclose(
        told.earned_margin_mean - told.selling_cost_mean, told.contribution_mean, rtol=1e-9,
        atol=1e-3,
    )  # fmt: skip
    for segment, margin in (("mid", 0.78), ("large", 0.7)):
        own = told.sel(segment=segment)
        np.testing.assert_allclose(own.cac_payback_months, 12 * own.cost_of_sale / margin)
        np.testing.assert_allclose(own.cost_of_sale, own.selling_cost_mean / own.bookings_mean)
    for name in ("bookings_mean", "cost_mean", "earned_margin_mean", "lifetime_margin_mean"):
        parts = told[name].sel(segment=["mid", "large"]).sum("segment")
        np.testing.assert_allclose(parts, told[name].sel(segment="company"), rtol=1e-9)
        for year, quarters in ((1, slice(1, 4)), (2, slice(5, 8))):
            summed = told[name].sel(quarter=quarters).sum("quarter")
            np.testing.assert_allclose(summed, by_year[name].sel(year=year), rtol=1e-9, atol=1e-6)


def test_one_more_changes_nothing_of_the_others():
    plan = fs.Scenario(**COMPANY)
    told = reckoned(plan, draws=1_000)
    fewer = COMPANY | {"segments": COMPANY["segments"][:1]}
    alone = reckoned(fs.Scenario(**fewer), draws=1_000)
    for name in ("bookings_mean", "cost_mean", "return_of_means", "addition_net_quantile",
                 "payback_probability", "vacancy_cost_mean"):  # fmt: skip
        np.testing.assert_allclose(
            told[name].sel(segment="mid"), alone[name].sel(segment="mid"), rtol=1e-9
        )


@pytest.mark.parametrize("period", ["quarter", "year"])
@pytest.mark.parametrize("ramped", [False, True])
def test_accounts_of_every_seat_and_draw_one_by_one(period, ramped):
    """The same books kept by hand: who came when, who was there, who was paid for what."""
    plan = scenario(
        quota={"per_quarter": [200_000.0, 220_000.0, 260_000.0, 240_000.0] * 2, "ramped": ramped},
        calendar={"quarters": 8},
        pay={"ote": 160_000.0, "period": period, "on_costs": 0.3, "overhead": 6_000.0,
             "hiring_cost": 15_000.0},
        headcount=2,
        hiring=[{"week": 30}, {"week": -6}, {"week": 20}],
        ramp={"weeks": 22.0, "from": 0.2},
        attrition={"per_year": 0.6, "fill_weeks": 9.0, "fill_weeks_cv": 0.5},
        sources=[{"name": "outbound", "per_sdr_week": 2.0, "sdrs_per_rep": 0.5},
                 {"name": "inbound", "per_week": 0.3}],
        economics={"entry_cost": {"inbound": 400.0}, "sdr": {"per_year": 90_000.0}},
    )  # fmt: skip
    told = reckoned(plan, draws=60).sel(segment="rep")
    samples = fs.simulate(plan, draws=60, seed=1)
    prorated = (samples.productive + 1 - samples.filled).values if ramped else np.ones((60, 5, 8))
    leaving = 1 - 0.4 ** (1 / 52)
    begins = [0, 0, 30, -6, 20]
    costs = {item: np.zeros((60, 8)) for item in ITEMS}
    for draw in range(60):
        for seat, begin in enumerate(begins):
            year_to_date = year_quota = 0.0
            for q in range(8):
                booked, filled, productive = (
                    samples[name].values[draw, seat, q]
                    for name in ("bookings", "filled", "productive")
                )
                there = min(max((13 * (q + 1) - begin) / 13, 0), 1)
                quota = plan.quotas[q] * prorated[draw, seat, q]
                if q % 4 == 0:
                    year_to_date = paid_so_far = 0.0
                    of_year = [k for k in range(q, q + 4) if begin < 13 * (k + 1)]
                    year_quota = sum(plan.quotas[k] * prorated[draw, seat, k] for k in of_year)
                year_to_date += booked
                if period == "quarter":
                    ratio, part, before = booked / quota, 20_000.0, 0.0
                else:
                    ratio = year_to_date / year_quota if of_year else 0.0
                    part, before = 20_000.0 * len(of_year), paid_so_far
                paid = part * (ratio + 0.5 * max(ratio - 1, 0)) - before
                paid_so_far = paid + before
                base = 20_000.0 * filled
                new = 13 * q <= begin < 13 * (q + 1) and seat >= 2
                for item, cost in {
                    "base pay": base,
                    "commission": paid,
                    "on-costs": 0.3 * (base + paid),
                    "overhead": 1_500.0 * filled,
                    "hiring": 15_000.0 * (new + leaving * 13 * filled),
                    "sources": 400.0 * 0.3 * 13 * productive + 0.5 * 22_500.0 * there,
                }.items():
                    costs[item][draw, q] += cost
    for item, cost in costs.items():
        found = told.cost_mean.sel(item=item)
        np.testing.assert_allclose(found, cost.mean(axis=0), rtol=1e-9, err_msg=item)
    total = sum(costs.values()).mean(axis=0)
    np.testing.assert_allclose(told.selling_cost_mean, total, rtol=1e-9)
