"""The public face of the exact twin: labels, years, repeatability, refusals, honest errors."""

from __future__ import annotations

import ast
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import funnelsim
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.registry import BY_NAME, QUARTER_SUMMARIES, SUMMARIES
from funnelsim.scenario.files import preset
from funnelsim.twin.ageing import ageing
from funnelsim.twin.exact import exact
from funnelsim.twin.fourier import MOST_BYTES
from funnelsim.twin.work import Work
from twin_plans import WHALES, WINDFALL, attained, errors_of, questions, sales_math, sized, value

FIXED = {"law": "fixed", "mean": 84_000}
SOURCE = Path(funnelsim.__file__).parent / "twin"
CALLS = {"name": "calls", "metric": "activities", "target": 58, "per": "week", "share": 11 / 13}


def test_the_dataset_is_that_of_the_registry() -> None:
    plan = sales_math(calendar={"quarters": 2}, kpis=[CALLS], windfall=WINDFALL)
    answers = exact(plan)
    assert answers.attrs["method"] == "exact"
    assert json.loads(answers.attrs["refused"]) == {}
    for variable in (*SUMMARIES, *QUARTER_SUMMARIES):
        assert answers[variable.name].dims == variable.dims
        assert answers[variable.name + "_numerical_error"].dims == variable.dims
        assert answers[variable.name].dtype == variable.dtype
    assert answers.quarter.values.tolist() == [1, 2]
    assert answers.stage.values.tolist() == ["discovery", "demo", "won"]
    assert answers.probability.values.tolist() == [0.1, 0.5, 0.9]
    assert answers.attainment_probability.attrs["units"] == "1"
    assert answers.bookings_mean.attrs["units"] == "USD"


def test_it_imports_nothing_of_the_engine() -> None:
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any("engine" in (name or "") or "numba" in (name or "") for name in names)


def test_equal_deals_by_hand() -> None:
    """Poisson(3) deals of 84 000 against 250 000: three are enough, 120 % takes four."""
    answers = exact(sales_math(deal_size=FIXED))
    n = np.arange(60)
    law = stats.poisson.pmf(n, 3)
    truth = {
        "attainment_probability": stats.poisson.sf(2, 3),
        "repeatable_attainment_probability": stats.poisson.sf(2, 3),
        "overachievement_probability": stats.poisson.sf(3, 3),
        "no_deal_probability": law[0],
        "bookings_mean": 252_000,
        "bookings_sd": 84_000 * 3**0.5,
        "windfall_bookings_mean": 0,
        "shortfall_mean": law @ np.maximum(250_000 - 84_000 * n, 0),
        "shortfall_given_miss_mean": law
        @ np.maximum(250_000 - 84_000 * n, 0)
        / stats.poisson.cdf(2, 3),
        "activities_mean": 750,
    }
    for name, expected in truth.items():
        found = value(answers, name, quarter=1)
        assert abs(found - expected) <= errors_of(answers, name) + 1e-15 * abs(expected), name
        scale = QUOTA if BY_NAME[name].unit != "1" else max(1.0, expected)
        assert errors_of(answers, name) < 1e-9 * scale, name


QUOTA = 250_000.0


def test_a_lattice_of_equal_deals_does_not_miss_by_rounding() -> None:
    plan = sales_math(quota={"per_quarter": 0.3}, deal_size={"law": "fixed", "mean": 0.1})
    assert attained(plan) == pytest.approx(stats.poisson.sf(2, 3), abs=1e-12)


def test_years_add_their_quarters() -> None:
    """Four quarters of Poisson(3) equal deals against the sum of four quotas: Poisson(12)."""
    plan = sales_math(
        quota={"per_quarter": [QUOTA, QUOTA, 2 * QUOTA, QUOTA, QUOTA]},
        calendar={"quarters": 5},
        deal_size=FIXED,
        windfall={"per_quarter": 0.1, "law": "fixed", "mean": 5 * QUOTA},
    )
    year = exact(plan, by="year")
    assert year.year.values.tolist() == [1]
    assert "at_least_probability" not in year
    none = np.exp(-0.4)
    truth = 1 - none * stats.poisson.cdf(14, 12)  # 15 deals, or any windfall, reach 5 quotas
    assert value(year, "attainment_probability", year=1) == pytest.approx(truth, abs=1e-11)
    assert value(year, "no_deal_probability", year=1) == pytest.approx(none * np.exp(-12))


def test_a_year_with_a_market_is_chained() -> None:
    """Without persistence the market of four quarters is as good as in one of its own."""
    plan = sales_math(market={"cv": 0.3, "persistence": 0.7}, calendar={"quarters": 4})
    year = exact(plan, by="year")
    sigma2 = np.log1p(0.09)
    lags = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    variance = 12 + 9 * np.expm1(sigma2 * 0.7**lags).sum()
    truth = 84e3 * np.sqrt(variance + 12 * 0.25)
    assert value(year, "bookings_sd", year=1) == pytest.approx(truth, rel=1e-9)


def test_independent_quarters_are_binomial() -> None:
    answers = exact(sales_math(calendar={"quarters": 4}, windfall=WINDFALL))
    p = value(answers, "attainment_probability", quarter=1)
    truth = stats.binom.sf(np.arange(4), 4, p)
    assert answers.at_least_probability.values.ravel() == pytest.approx(truth, abs=1e-11)


def test_quotas_may_differ_by_quarter() -> None:
    answers = exact(sales_math(quota={"per_quarter": [100_000, 400_000]}, calendar={"quarters": 2}))
    low, high = answers.attainment_probability.values.ravel()
    assert low == pytest.approx(attained(sales_math(quota={"per_quarter": 100_000})), abs=1e-12)
    assert answers.at_least_probability.values.ravel() == pytest.approx(
        [1 - (1 - low) * (1 - high), low * high], abs=1e-11
    )


def test_repeatable_bookings_leave_out_luck() -> None:
    """Without whales and windfalls, 97 % of the deals."""
    lucky = exact(sales_math(deal_size=sized(whale=WHALES), windfall=WINDFALL))
    plain = exact(sales_math(activity={"per_quarter": 750 * 0.97}))
    assert value(lucky, "repeatable_attainment_probability", quarter=1) == pytest.approx(
        value(plain, "attainment_probability", quarter=1), abs=1e-11
    )
    whales = 3 * 0.03 * 840e3
    assert value(lucky, "windfall_bookings_mean", quarter=1) == pytest.approx(whales + 12_500)


def test_quantiles_are_reached_by_the_rest() -> None:
    """The quota set at p10 is attained nine times in ten."""
    base = sales_math(activity={"per_quarter": 750, "rep_cv": 0.35}, windfall=WINDFALL)
    quantiles = exact(base).bookings_quantile.values.ravel()
    for amount, share in zip(quantiles, (0.9, 0.5, 0.1), strict=True):
        plan = sales_math(
            quota={"per_quarter": float(amount)},
            activity={"per_quarter": 750, "rep_cv": 0.35},
            windfall=WINDFALL,
        )
        assert attained(plan) == pytest.approx(share, abs=1e-8)


@pytest.mark.parametrize("law", ["lognormal", "gamma"])
def test_nearly_equal_deals_are_nearly_fixed(law: str) -> None:
    narrow = {"law": law, "mean": 84_000, "cv": 0.001}
    assert attained(sales_math(deal_size=narrow)) == pytest.approx(stats.poisson.sf(2, 3), abs=1e-7)


def test_heavy_tails_have_no_sd() -> None:
    pareto = {"law": "pareto", "minimum": 40_000, "shape": 1.8}
    answers = exact(sales_math(deal_size=pareto))
    assert "bookings_sd" not in answers
    assert "no variance" in json.loads(answers.attrs["refused"])["bookings_sd"]
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(3 * 40_000 * 1.8 / 0.8)


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        (
            {"days": (0, 7, 32), "activity": {"per_quarter": 750, "week_cv": 0.5}},
            "at_least_probability",
            "week_cv",
        ),
        ({"days": (0, 7, 32), "market": {"cv": 0.2}}, "at_least_probability", "market"),
        ({"days": (0, 7, 32), "kpis": [CALLS]}, "attainment_given_kpi_hit", "delays"),
        (
            {"deal_size": {**FIXED, "rep_cv": 0.2}},
            "attainment_probability",
            "fixed and empirical",
        ),
        (
            {"deal_size": {"law": "empirical", "amounts": [1.00001, 3.14159]}},
            "attainment_probability",
            "common unit",
        ),
    ],
)
def test_what_is_not_covered_is_left_out_with_its_reason(
    changes: dict, name: str, reason: str
) -> None:
    answers = exact(sales_math(calendar={"quarters": 2}, **changes))
    assert name not in answers
    assert reason in json.loads(answers.attrs["refused"])[name]
    assert "bookings_mean" in answers


def test_errors_are_reported_and_small() -> None:
    plan = sales_math(
        days=(0, 7, 32),
        activity={"per_quarter": 750, "rep_cv": 0.35, "week_cv": 0.5},
        windfall=WINDFALL,
    )
    answers = exact(plan)
    for name in answers.data_vars:
        if str(name).endswith("_numerical_error"):
            scale = QUOTA if answers[name].attrs["units"] == "USD" else 1.0
            assert 0 <= float(answers[name].max()) <= 1e-6 * scale


def test_wrong_questions_are_answered_plainly() -> None:
    with pytest.raises(ArgumentError, match="no complete year"):
        exact(sales_math(), by="year")
    with pytest.raises(ArgumentError, match="by = 'month'"):
        exact(sales_math(), by="month")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="after the first"):
        ageing(sales_math(), "discovery", [0])
    skilled = {"rep_cv": 0.1}
    with pytest.raises(NotCoveredError, match="4 dimensions"):
        exact(sales_math(stages=(skilled,) * 3, deal_size=sized(rep_cv=0.1)))


def test_stalled_deals_stay_open_for_ever() -> None:
    plan = sales_math(
        days=(0, 0, 10), stages=({}, {}, {"stalled": 0.25, "delay": {"law": "gamma"}})
    )
    won, lost, stalled = 1 / 3 * np.exp(-2), 2 / 3 * 0.75 * np.exp(-2), 2 / 3 * 0.25
    assert ageing(plan, "won", 20) == pytest.approx(won / (won + lost + stalled))


def test_quarters_without_wins_still_differ_in_demos() -> None:
    """An empty start: nothing is won for 200 days, but demos begin to arrive on day 20.

    Opportunities enter evenly from day 0, so 9 demos a quarter are late by their delays alone.
    """
    delays = np.array([20.0, 60.0, 100.0])
    observed = {"law": "empirical", "days": delays.tolist()}
    later = {"law": "empirical", "days": [200.0, 250.0, 300.0]}
    answers = exact(
        sales_math(
            days=(0, 60, 250),
            stages=({}, {"delay": observed}, {"delay": later}),
            calendar={"quarters": 4, "start": "empty"},
            kpis=[{"name": "demos", "metric": "demo", "target": 6, "per": "quarter"}],
        )
    )
    ends = 91.0 * np.arange(5)
    means = 9 / 91 * np.diff(np.maximum(ends[:, None] - delays, 0).mean(axis=1))
    found = answers.reached_mean.sel(segment="rep", stage="demo").values
    assert found == pytest.approx(means, abs=1e-9)
    assert answers.kpi_probability.values.ravel() == pytest.approx(
        stats.poisson.sf(5, means), abs=1e-9
    )


def test_a_policy_reaches_early_stages_before_the_wins() -> None:
    """Demos come 60 days after entry, wins 1 000: a floor from day 182 moves only the demos."""
    answers = exact(
        sales_math(
            days=(0, 60, 1000),
            stages=({}, {"days_cv": 0}, {"days_cv": 0}),
            calendar={"quarters": 4},
            policy={"floor_per_week": 80, "start_week": 26},
        )
    )
    n = np.arange(400)
    floored = 13 * stats.poisson.pmf(n, 750 / 13) @ np.maximum(n, 80) * 0.012
    share = 31 / 91  # of the third quarter's demos entered after day 182
    truth = [9, 9, (1 - share) * 9 + share * floored, floored]
    found = answers.reached_mean.sel(segment="rep", stage="demo").values
    assert found == pytest.approx(truth, abs=1e-9)
    won = answers.reached_mean.sel(segment="rep", stage="won").values
    assert won == pytest.approx([3] * 4, abs=1e-9)


@pytest.mark.parametrize("cv", [0.35, 0.6, 1.0, 1.3])
def test_the_error_of_skilled_moments_is_honest(cv: float) -> None:
    """Activity and size driven by one normal: lognormal moments in closed form.

    What lies beyond the radius of the quadrature is part of the error: 1e-15 of the reps, but far
    more of the variance of their bookings.
    """
    asked = questions(
        sales_math(
            activity={"per_quarter": 750, "rep_cv": cv},
            skill_correlation=1.0,
            deal_size=sized(rep_cv=cv),
        )
    )
    grown = 1 + cv**2  # e^(sigma^2)
    mean = 252_000 * grown
    variance = 3 * 84e3**2 * 1.25 * grown**3 + 252_000**2 * (grown**6 - grown**2)
    for name, truth in (("bookings_mean", mean), ("bookings_sd", variance**0.5)):
        found, error = asked[name]()
        assert abs(found - truth) <= error, name
        if cv < 0.5:
            assert error <= 1e-9 * truth


def test_what_one_call_may_compute_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first questions are answered, the others refused, whatever earlier calls have kept."""
    plan = sales_math(market={"cv": 0.3, "persistence": 0.5}, windfall=WINDFALL)
    whole = exact(plan)
    monkeypatch.setattr("funnelsim.twin.exact.Work", lambda: Work(3e7))
    first, again = exact(plan), exact(plan)
    refused = json.loads(first.attrs["refused"])
    assert refused == json.loads(again.attrs["refused"])
    assert "billion multiplications" in refused["bookings_quantile"]
    assert "attainment_probability" not in refused
    for name in set(first.data_vars):
        np.testing.assert_array_equal(first[name], whole[name])


def test_skill_market_delays_and_a_long_horizon_are_refused_beforehand() -> None:
    plan = sales_math(
        days=(0, 30, 120),
        calendar={"quarters": 8},
        activity={"per_quarter": 750, "rep_cv": 0.3},
        market={"cv": 0.2, "persistence": 0.5},
        uncertainty={"stages.won.conversion": {"cv": 0.15}},
    )
    with pytest.raises(NotCoveredError, match="billion multiplications"):
        exact(plan, only=["attainment_probability"])


def test_refusals_come_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the place of the segment that is not covered; 0 is what may be computed."""
    monkeypatch.setattr("funnelsim.twin.exact.Work", lambda: Work(0.0))
    leaving = {"name": "leaving", "attrition": {"per_year": 0.3, "fill_weeks": 9}}
    plan = sales_math(segments=[{"name": "staying"}, leaving])
    with pytest.raises(NotCoveredError, match="leaving: attrition") as caught:
        exact(plan)
    assert "multiplications" not in str(caught.value)


def test_what_would_not_fit_is_refused_beforehand() -> None:
    """Reps of whom some need millions of deals for the quota: moments are answered, no more."""
    plan = sales_math(
        activity={"per_quarter": 750, "rep_cv": 2.0},
        skill_correlation=1.0,
        deal_size=sized(rep_cv=2.0),
    )
    tracemalloc.start()
    try:
        answers = exact(plan)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert "MiB" in json.loads(answers.attrs["refused"])["attainment_probability"]
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(5 * 252_000, rel=1e-6)


def test_fewer_questions_have_the_same_answers() -> None:
    """``only`` leaves out, and changes nothing; nor does what was asked before."""
    plan = preset("sales_math").variant("whales")
    asked = ["bookings_mean", "at_least_probability"]
    few = exact(plan, only=asked)
    assert {name for name in few.data_vars if not name.endswith("_error")} == set(asked)
    exact(plan.replace({"activity.per_quarter": 900.0}), only=["attainment_probability"])
    whole = exact(plan)
    for name in few.data_vars:
        assert few[name].identical(whole[name])
    year = exact(plan, by="year", only=["attainment_probability"])
    assert next(iter(year.data_vars)) == "attainment_probability"
    with pytest.raises(ArgumentError, match=r"only = .'chance'.: must be among attainment"):
        exact(plan, only=["chance"])
    with pytest.raises(ArgumentError, match="at_least_probability"):
        exact(plan, by="year", only=["at_least_probability"])
