"""KPIs: the twin against binomials, Poisson laws and enumeration."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from funnelsim.scenario.model import Scenario
from funnelsim.twin.exact import exact
from twin_plans import sales_math, value


def kpi(**changes: Any) -> dict[str, Any]:
    return {"name": "k", "metric": "activities", "target": 58, "per": "week", **changes}


def met(plan: Scenario, name: str = "kpi_attainment_probability") -> float:
    return value(exact(plan), name, quarter=1)


@pytest.mark.parametrize("logged", [1.0, 0.6])
@pytest.mark.parametrize(("metric", "mean"), [("activities", 750), ("discovery", 15), ("won", 3)])
@pytest.mark.parametrize(
    ("per", "weeks"), [("week", [1] * 13), ("month", [4, 4, 5]), ("quarter", [13])]
)
def test_one_kpi_of_poisson_counts(
    metric: str, mean: float, per: str, weeks: list[int], logged: float
) -> None:
    """Periods are independent: Poisson-binomial hits."""
    target, share = max(1, round(mean * weeks[0] / 13)), 0.6
    hits = np.ones(1)
    for length in weeks:
        p = stats.poisson.sf(target - 1, mean * logged * length / 13)
        hits = np.convolve(hits, [1 - p, p])
    truth = hits[int(np.ceil(share * len(weeks) - 1e-9)) :].sum()
    plan = sales_math(kpis=[kpi(metric=metric, target=target, per=per, share=share, logged=logged)])
    assert met(plan) == pytest.approx(truth, abs=1e-10)


def test_a_kpi_on_wins_decides_attainment_of_equal_deals() -> None:
    plan = sales_math(
        deal_size={"law": "fixed", "mean": 84_000},
        kpis=[kpi(metric="won", target=3, per="quarter")],
    )
    answers = exact(plan)
    assert value(answers, "attainment_given_kpi_hit", quarter=1) == pytest.approx(1, abs=1e-9)
    assert value(answers, "attainment_given_kpi_missed", quarter=1) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("elasticity", [1.0, 0.5])
def test_kpis_and_deals_together_by_enumeration(elasticity: float) -> None:
    """Three weeks of at most three activities; a weekly, a monthly and a quarter's KPI."""
    plan = sales_math(
        quota={"per_quarter": 2.0},
        calendar={"weeks_per_quarter": 3},
        activity={"per_week": 2, "elasticity": elasticity, "reference_per_week": 2},
        policy={"cap_per_week": 3},
        stages=({}, {}, {}),
        conversions=(0.5, 0.7, 0.4),
        deal_size={"law": "fixed", "mean": 1},
        kpis=[
            kpi(name="calls", target=2, share=0.6),
            kpi(name="demos", metric="demo", target=1, per="month", share=0.6),
            kpi(name="talks", metric="discovery", target=3, per="quarter", logged=0.8),
        ],
    )
    n = stats.poisson.pmf(range(4), 2)
    n[3] = stats.poisson.sf(2, 2)
    week: dict[tuple[int, ...], float] = {}  # (called enough, seen talks, demo, deals)
    for count, e, seen, d, w in itertools.product(range(4), repeat=5):
        p = 0.5 * (max(count, 1) / 2) ** (elasticity - 1)
        chance = (
            n[count]
            * stats.binom.pmf(e, count, min(1, p))
            * stats.binom.pmf(seen, e, 0.8)
            * stats.binom.pmf(d, e, 0.7)
            * stats.binom.pmf(w, d, 0.4)
        )
        if chance:
            key = (int(count >= 2), seen, int(d >= 1), w)
            week[key] = week.get(key, 0.0) + chance
    met_all = both = attained = 0.0
    for weeks in itertools.product(week.items(), repeat=3):
        chance = np.prod([p for _, p in weeks])
        calls, seen, demos, deals = np.sum([k for k, _ in weeks], axis=0)
        hit = calls >= 2 and demos >= 2 and seen >= 3
        met_all += chance * hit
        both += chance * hit * (deals >= 2)
        attained += chance * (deals >= 2)
    answers = exact(plan)
    assert value(answers, "kpi_attainment_probability", quarter=1) == pytest.approx(met_all)
    assert value(answers, "attainment_given_kpi_hit", quarter=1) == pytest.approx(both / met_all)
    assert value(answers, "attainment_given_kpi_missed", quarter=1) == pytest.approx(
        (attained - both) / (1 - met_all)
    )


def test_two_levels_of_the_same_count_nest() -> None:
    """Who makes 60 a week has made 55: together is the harder one."""
    harder = kpi(name="60", target=60, share=0.5)
    both = exact(sales_math(kpis=[kpi(name="55", target=55, share=0.5), harder]))
    alone = both.kpi_probability.sel(kpi="60").item()
    assert value(both, "kpi_attainment_probability", quarter=1) == pytest.approx(alone, abs=1e-10)


def test_targets_of_nothing_are_always_met() -> None:
    assert met(sales_math(kpis=[kpi(target=0)])) == pytest.approx(1, abs=1e-12)


def test_a_pipeline_kpi_of_equal_deals_counts_them() -> None:
    """Ten discoveries of 84 000 make 840 000 of pipeline."""
    plan = sales_math(
        deal_size={"law": "fixed", "mean": 84_000},
        kpis=[kpi(metric="pipeline", target=840_000, per="quarter", logged=0.9)],
    )
    assert met(plan) == pytest.approx(stats.poisson.sf(9, 13.5), abs=1e-10)
    answers = exact(plan)
    assert "attainment_given_kpi_hit" not in answers


def test_kpis_before_and_behind_delays() -> None:
    """Discoveries come at once; won deals of Poisson weeks come late, but still independently."""
    plan = sales_math(
        days=(0, 7, 32),
        calendar={"start": "empty"},
        kpis=[
            kpi(name="talks", metric="discovery", target=1, share=0.8),
            kpi(name="wins", metric="won", target=2, per="quarter"),
        ],
    )
    answers = exact(plan)
    p = stats.poisson.sf(0, 15 / 13)
    assert answers.kpi_probability.sel(kpi="talks").item() == pytest.approx(
        stats.binom.sf(10, 13, p), abs=1e-10
    )
    won = value(answers, "reached_mean", quarter=1, stage="won")
    assert answers.kpi_probability.sel(kpi="wins").item() == pytest.approx(
        stats.poisson.sf(1, won), abs=1e-9
    )
    refused = json.loads(answers.attrs["refused"])
    assert "different stages" in refused["kpi_attainment_probability"]


def test_a_floor_that_all_adhere_to_meets_the_kpi() -> None:
    plan = sales_math(
        kpis=[kpi()], policy={"floor_per_week": 58}, activity={"per_quarter": 300, "week_cv": 0.5}
    )
    assert met(plan) == pytest.approx(1, abs=1e-10)
