"""KPIs against quota: by full enumeration, the exact twin, and what has to add up."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.luck.imposed import POLICIES
from funnelsim.analysis.luck.kpis import KPI_OUTCOMES, LAGS, QUOTA_OUTCOMES, Kpis, horizon
from funnelsim.analysis.luck.part import over
from funnelsim.analysis.luck.policy import PolicyEffect
from funnelsim.registry import BY_NAME
from luck_plans import (
    CALLS,
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
HIT, MISSED = range(2)

# --- full enumeration -----------------------------------------------------------------------------

CAP, REFERENCE = 3, 1.2
WINDFALLS = 0.3  # a quarter
WHALE = 0.2


def tiny(**changes: Any) -> fs.Scenario:
    """Three weeks of at most three activities; deals of 1, whales of 2, windfalls of 1; quota 2."""
    tables = {
        "quota": {"per_quarter": 2.0},
        "calendar": {"weeks_per_quarter": 3, "quarters": 2},
        "activity": {"per_week": REFERENCE, "elasticity": 0.7},
        "policy": {"cap_per_week": CAP, "floor_per_week": 2, "adherence": 0.6},
        "conversions": (0.5, 0.7, 0.6),
        "deal_size": {
            "law": "fixed", "mean": 1, "whale": {"probability": WHALE, "multiple": 2}
        },
        "windfall": {"law": "fixed", "mean": 1, "per_quarter": WINDFALLS},
        "kpis": [
            {"name": "calls", "metric": "activities", "target": 2, "per": "week", "share": 0.6},
            {"name": "talks", "metric": "discovery", "target": 2, "per": "quarter", "logged": 0.8},
        ],
    }  # fmt: skip
    return sales_math(**{**tables, **changes})


@cache
def enumerated(per_week: float, adherence: float) -> np.ndarray:
    """P(KPIs so, deals so), (kpi outcome, quota outcome), of a quarter: every way it can go."""
    law = np.append(stats.poisson.pmf(range(CAP), per_week), stats.poisson.sf(CAP - 1, per_week))
    lifted = adherence * law[:2]
    law[:2] -= lifted
    law[2] += lifted.sum()
    week: Counter[tuple[int, ...]] = Counter()  # (called twice, seen talks, ordinary deals, whales)
    for n in range(CAP + 1):
        entry = 0.5 * (max(n, 1) / REFERENCE) ** (0.7 - 1)
        for talks in range(n + 1):
            reached = law[n] * stats.binom.pmf(talks, n, min(1, entry))
            seen = stats.binom.pmf(range(talks + 1), talks, 0.8)
            won = stats.binom.pmf(range(talks + 1), talks, 0.7 * 0.6)
            for logged, deals in itertools.product(range(talks + 1), repeat=2):
                for whales in range(deals + 1):
                    p = reached * seen[logged] * won[deals]
                    p *= stats.binom.pmf(whales, deals, WHALE)
                    week[int(n >= 2), logged, deals - whales, whales] += p
    quarter = week
    for _ in range(2):
        longer: Counter[tuple[int, ...]] = Counter()
        for (before, p), (now, q) in itertools.product(quarter.items(), week.items()):
            longer[tuple(map(sum, zip(before, now, strict=True)))] += p * q
        quarter = longer
    windfalls = stats.poisson.pmf(range(20), WINDFALLS)
    table = np.zeros((2, 3))
    for (calls, seen_talks, ordinary, whales), p in quarter.items():
        kpi_outcome = HIT if calls >= 2 and seen_talks >= 2 else MISSED
        for number, chance in enumerate(windfalls):
            made = ordinary + 2 * whales + number >= 2
            quota_outcome = (0 if ordinary >= 2 else 1) if made else 2
            table[kpi_outcome, quota_outcome] += p * chance
    return table


def of_lag(table: np.ndarray, same: bool) -> np.ndarray:
    """The table of quarters that are one and the same, or independent of each other."""
    return table if same else np.outer(table.sum(axis=1), table.sum(axis=0))


@pytest.mark.parametrize("late", [0, 1])
def test_the_table_by_enumeration(late: int) -> None:
    """n = 60,000 draws. Deals that take a whole quarter go with the KPIs of the quarter before."""
    delay = {"stages.won.days": 21.0 * late, "stages.won.days_cv": 0.0}
    part = Kpis(tiny().replace(delay))
    plans = [run.plan for run in part.runs[:3]]
    found = answered(part, draws=60_000, seed=1)
    for place, (plan, adherence) in enumerate(zip(plans, (0.0, 0.0, 0.6), strict=True)):
        table = enumerated(plan.activities_per_week, adherence)
        assert table.sum() == pytest.approx(1, abs=1e-12)
        for lag in LAGS:
            truth = of_lag(table, same=lag == late)
            given = truth[:, :2].sum(axis=1) / truth.sum(axis=1)
            for name, expected in (
                ("kpi_quota_probability", truth),
                ("attainment_given_kpi", given),
                ("kpi_gap", given[HIT] - given[MISSED]),
            ):
                pair = [each[place, lag] for each in found[name]]
                assert_met(pair, expected, (name, POLICIES[place], lag))
    assert plans[LEVEL].activities_per_week > plans[NONE].activities_per_week == REFERENCE


def test_the_enumeration_is_that_of_the_exact_twin() -> None:
    """Two ways to the same table, where the twin answers: P(attain | KPIs so)."""
    for name, plan in {"none": tiny(policy={"cap_per_week": CAP}), "floor": tiny()}.items():
        table = enumerated(REFERENCE, 0.6 if name == "floor" else 0.0)
        answers = fs.exact(plan)
        for outcome, given in enumerate(("hit", "missed")):
            truth = table[outcome, :2].sum() / table[outcome].sum()
            found = answers[f"attainment_given_kpi_{given}"].values[0, 0]
            assert found == pytest.approx(truth, abs=1e-9), name


# --- the example of docs/background/model.md ------------------------------------------------------


def test_observing_is_not_imposing() -> None:
    """.812763 of the quarters with the KPI hit are made against .407576 without, yet imposing the
    floor moves P(attain) by .133 only. n = 40,000 draws of four quarters.
    """
    plan = example(kpis=[CALLS])
    part, policy = Kpis(plan), PolicyEffect(plan)
    found = answered(part, draws=40_000, seed=1)
    given = [each[NONE, 0] for each in found["attainment_given_kpi"]]
    assert_met(given, [0.812763, 0.407576])
    assert_met([each[NONE, 0] for each in found["kpi_gap"]], 0.812763 - 0.407576)
    imposed = answered(policy, draws=40_000, seed=1)["effect_on_attainment_probability"]
    assert_met([each[2] for each in imposed], 0.565010 - 0.432347)


def test_given_kpis_are_those_of_the_exact_twin() -> None:
    """Of every plan, and of reps who are alike, in the same quarter. n = 40,000 draws."""
    part = Kpis(example(kpis=[CALLS], **LUCKY))
    plans = [over(run.plan, 1) for run in part.runs]
    found = answered(part, draws=40_000, seed=2)
    hit, missed = (exact_of(plans, f"attainment_given_kpi_{each}") for each in KPI_OUTCOMES)
    for place in (NONE, LEVEL, FLOOR):
        given = [each[place, 0] for each in found["attainment_given_kpi"]]
        assert_met(given, [hit[place], missed[place]], POLICIES[place])
        gap = [each[place, 0] for each in found["kpi_gap"]]
        assert_met(gap, hit[place] - missed[place], POLICIES[place])
    identical = [each[0] for each in found["kpi_gap_of_identical_reps"]]
    assert_met(identical, hit[-1] - missed[-1])


# --- what has to add up ---------------------------------------------------------------------------


def test_tables_add_up() -> None:
    """The whole to 1, rows to P(KPIs hit), columns to P(attain), of the very same draws."""
    plan = example(kpis=[CALLS, kpi("demos", 3, "month", "demo")], days=(0, 7, 32), **LUCKY)
    part, policy = Kpis(plan), PolicyEffect(plan)
    assert part.runs[:3] == policy.runs
    found = answered(part, draws=4_000, seed=3)
    table, _ = found["kpi_quota_probability"]
    np.testing.assert_allclose(table.sum(axis=(2, 3)), 1, rtol=1e-12)
    by_policy = answered(policy, draws=4_000, seed=3)
    attained, _ = by_policy["policy_attainment_probability"]
    np.testing.assert_allclose(table[:, 0, :, :2].sum(axis=(1, 2)), attained, rtol=1e-12)
    dependence, _ = by_policy["policy_windfall_dependence"]
    only = table[:, 0, :, 1].sum(axis=1)
    np.testing.assert_allclose(only / attained, dependence, rtol=1e-9)
    summary = fs.summarize(plan, draws=4_000, seed=3)
    np.testing.assert_allclose(
        table[FLOOR, :, HIT].sum(axis=-1),
        summary.kpi_attainment_probability.mean().item(),
        rtol=1e-12,
    )
    given, _ = found["attainment_given_kpi"]
    np.testing.assert_allclose(found["kpi_gap"][0], given[..., 0] - given[..., 1], atol=1e-12)
    sizes = {dim: len(labels) for dim, labels in part.coords.items()}
    for name, (value, error) in found.items():
        assert value.shape == error.shape == tuple(sizes[dim] for dim in BY_NAME[name].dims[1:])


def test_quarters_with_nothing_in_common_show_no_gap() -> None:
    """Neither skill nor market nor delays: a KPI tells its own quarter only. n = 20,000 draws."""
    plan = sales_math(
        kpis=[kpi("demos", 9, "quarter", "demo")], policy=POLICY, calendar={"quarters": 2}
    )
    found = answered(Kpis(plan), draws=20_000, seed=4)
    gap, error = found["kpi_gap"]
    assert np.all(gap[:, 0] > 20 * error[:, 0])
    assert_met((gap[:, 1:], error[:, 1:]), 0.0)


def test_skill_shows_a_gap_at_every_lag_and_identical_reps_do_not() -> None:
    plan = sales_math(activity=SKILLED, kpis=[CALLS | {"share": 0.6}])
    found = answered(Kpis(plan), draws=20_000, seed=5)
    gap, error = (each[NONE] for each in found["kpi_gap"])
    assert np.all(gap > 20 * error)
    alike, alike_error = found["kpi_gap_of_identical_reps"]
    assert_met((alike[1:], alike_error[1:]), 0.0)
    assert 5 * alike_error[0] < alike[0] < gap[0] / 2


def test_a_plan_without_a_floor_is_what_is_observed() -> None:
    plan = sales_math(kpis=[kpi("calls", 58, "week")], calendar={"quarters": 2})
    runs = Kpis(plan).runs
    assert runs[NONE].plan == over(plan, 5) == runs[-1].plan
    assert runs[FLOOR].plan == over(plan.replace({"policy.floor_per_week": 58}), 5)


def test_quotas_go_on_beyond_the_horizon() -> None:
    plan = example(kpis=[CALLS], quota={"per_quarter": [1e5, 2e5, 3e5, 4e5]})
    assert horizon(plan) == 7
    assert Kpis(plan).runs[0].plan.quotas == (1e5, 2e5, 3e5, 4e5, 1e5, 2e5, 3e5)
    assert horizon(sales_math()) == 4


# --- what cannot be answered ----------------------------------------------------------------------


def test_without_kpis_no_table() -> None:
    part = Kpis(example())
    assert part.runs == ()
    assert part.answers() == {}
    assert all("add a [[kpis]] table" in reason for reason in part.refused.values())
    assert len(part.refused) == 4


def test_without_a_policy_only_what_is_observed() -> None:
    part = Kpis(sales_math(kpis=[kpi("demos", 9, "quarter", "demo")]))
    found = answered(part, draws=1_000, seed=1)
    for name in ("kpi_quota_probability", "attainment_given_kpi", "kpi_gap"):
        value, _ = found[name]
        assert np.isfinite(value[NONE]).all()
        assert np.isnan(value[LEVEL:]).all()
        assert "state a [policy] floor_per_week" in part.refused[name]
    assert np.isfinite(found["kpi_gap_of_identical_reps"][0]).all()


def test_without_a_level_the_floor_is_answered() -> None:
    part = Kpis(sales_math(policy=POLICY, kpis=[CALLS], **FOUR_LINKED))
    value, _ = answered(part, draws=500, seed=1)["kpi_quota_probability"]
    assert np.isnan(value).all(axis=(1, 2, 3)).tolist() == [False, True, False]
    assert "4 dimensions" in part.refused["kpi_quota_probability"]


def test_kpis_that_are_always_hit() -> None:
    """Never missed is no certainty of the cells, and nothing is known given a miss."""
    part = Kpis(example(kpis=[kpi("easy", 0, "week")]))
    found = answered(part, draws=300, seed=1)
    table, error = found["kpi_quota_probability"]
    assert np.all(table[:, :, MISSED] == 0)
    windfall = QUOTA_OUTCOMES.index("windfall")
    assert np.all(error[..., [0, 2]] > 0)
    assert np.all(error[..., windfall] == 0)
    assert np.isnan(found["attainment_given_kpi"][0][..., MISSED]).all()
    assert np.isnan(found["kpi_gap"][0]).all()
    assert np.isnan(found["kpi_gap"][1]).all()
    assert "nothing to compare" in part.refused["kpi_gap"]
