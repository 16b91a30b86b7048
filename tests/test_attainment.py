"""Estimates and their standard errors: against plain NumPy, closed forms and replication."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.quantiles import ALL, BYTES, PENDING, QuantileStream, most_bytes
from funnelsim.analysis.tally import proportion
from funnelsim.errors import ArgumentError, ResultError
from peaks import bytes_above_import
from test_engine_naive import EVERYTHING

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from Linux")


@pytest.fixture(scope="module")
def plan():
    return fs.preset("sales_math").variant("windfalls")


@pytest.fixture(scope="module")
def samples(plan):
    return fs.simulate(plan, draws=20_000, seed=4)


def test_estimates_are_what_numpy_says(plan, samples):
    summary = fs.attainment(samples).sel(segment="rep")
    bookings = samples.bookings.values[:, 0]
    attained = bookings >= 250_000 * (1 - 1e-9)
    shortfall = np.maximum(250_000 - bookings, 0) * ~attained
    hit = samples.kpi_attained.values[:, 0].all(axis=-1)
    expected = {
        "attainment_probability": attained.mean(0),
        "overachievement_probability": (bookings >= 300_000 * (1 - 1e-9)).mean(0),
        "no_deal_probability": (bookings == 0).mean(0),
        "bookings_mean": bookings.mean(0),
        "bookings_sd": bookings.std(0, ddof=1),
        "windfall_bookings_mean": samples.windfall_bookings.values[:, 0].mean(0),
        "shortfall_mean": shortfall.mean(0),
        "shortfall_given_miss_mean": shortfall.sum(0) / (~attained).sum(0),
        "activities_mean": samples.activities.values[:, 0].mean(0),
        "reached_mean": samples.reached.values[:, 0].mean(0),
        "kpi_probability": samples.kpi_attained.values[:, 0].mean(0),
        "attainment_given_kpi_hit": (attained & hit).sum(0) / hit.sum(0),
        "attainment_given_kpi_missed": (attained & ~hit).sum(0) / (~hit).sum(0),
        "at_least_probability": [(attained.sum(1) >= k).mean() for k in (1, 2, 3, 4)],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(summary[name], value, rtol=1e-10, err_msg=name)
    quantiles = np.quantile(bookings, [0.1, 0.5, 0.9], axis=0, method="inverted_cdf").T
    np.testing.assert_array_equal(summary.bookings_quantile, quantiles)


def test_errors_of_means_are_what_numpy_says(samples):
    summary = fs.attainment(samples).sel(segment="rep")
    bookings = samples.bookings.values[:, 0]
    error = bookings.std(0, ddof=1) / np.sqrt(len(bookings))
    np.testing.assert_allclose(summary.bookings_mean_standard_error, error, rtol=1e-9)


def test_a_year_is_four_quarters_against_the_sum_of_their_quotas(plan):
    plan = plan.replace({"calendar.quarters": 9, "quota.per_quarter": list(range(1, 10))})
    plan = plan.replace({"quota.per_quarter": [200_000.0 + 10_000 * q for q in range(9)]})
    samples = fs.simulate(plan, draws=2_000, seed=4)
    summary = fs.attainment(samples, by="year")
    assert summary.year.values.tolist() == [1, 2]
    years = samples.bookings.values[:, 0, :8].reshape(-1, 2, 4).sum(2)
    quotas = np.array(plan.quotas[:8]).reshape(2, 4).sum(1)
    np.testing.assert_array_equal(summary.quota, quotas)
    np.testing.assert_allclose(summary.attainment_probability[0], (years >= quotas).mean(0))
    assert "at_least_probability" not in summary


@pytest.mark.parametrize("by", ["quarter", "year"])
def test_streamed_and_kept_samples_give_the_same_bytes(by):
    plan = fs.Scenario(**EVERYTHING).replace({"calendar.quarters": 4})
    kept = fs.attainment(fs.simulate(plan, draws=20_001, seed=2, threads=1), by=by)
    for threads in (1, 2):
        streamed = fs.summarize(plan, draws=20_001, seed=2, threads=threads, by=by)
        assert streamed.identical(kept)


def test_standard_errors_are_met_by_replication():
    """The spread of 400 runs is the standard error that each of them reports, within 5 of its own.

    The standard deviation of n normal values has relative error 1 / sqrt(2 (n - 1)).
    """
    plan = fs.preset("sales_math").variant("windfalls").replace({"calendar.quarters": 1})
    runs, draws = 400, 500
    whole = fs.simulate(plan, draws=runs * draws, seed=3)
    names = [
        "attainment_probability", "bookings_mean", "bookings_sd", "bookings_quantile",
        "shortfall_mean", "shortfall_given_miss_mean", "kpi_probability",
        "attainment_given_kpi_hit", "no_deal_probability",
    ]  # fmt: skip
    summaries = [
        fs.attainment(whole.isel(draw=slice(i * draws, (i + 1) * draws))) for i in range(runs)
    ]
    for name in names:
        values = np.array([s[name].values.ravel() for s in summaries])
        errors = np.array([s[f"{name}_standard_error"].values.ravel() for s in summaries])
        ratio = values.std(axis=0, ddof=1) / np.sqrt((errors**2).mean(axis=0))
        # The reported errors of sd and quantiles are themselves estimates: allow their bias.
        slack = 0.1 if name in ("bookings_sd", "bookings_quantile") else 0.02
        assert np.all(np.abs(ratio - 1) < 5 / np.sqrt(2 * (runs - 1)) + slack), (name, ratio)


@pytest.mark.parametrize("quota", [1.0, 1e9, 1e15])
def test_spread_and_its_error_do_not_depend_on_the_quota(plan, quota):
    near = fs.summarize(plan, draws=20_000, seed=1)
    far = fs.summarize(plan.replace({"quota.per_quarter": quota}), draws=20_000, seed=1)
    for name in ("bookings_mean", "bookings_sd"):
        for suffix in ("", "_standard_error"):
            np.testing.assert_array_equal(far[name + suffix], near[name + suffix])


def test_proportions_that_never_varied_have_an_error():
    value, error = proportion(np.array([0.0, 10.0, 5.0, 0.0]), np.array([10.0, 10.0, 10.0, 0.0]))
    assert value[:3].tolist() == [0.0, 1.0, 0.5]
    assert np.isnan(value[3])
    assert np.isnan(error[3])
    assert np.all(error[:2] > 0)
    assert error[2] == pytest.approx(0.5 / np.sqrt(11))


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9, 0.9999])
@pytest.mark.parametrize("kind", ["continuous", "atoms", "constant", "sorted", "falling"])
def test_streamed_quantiles_are_exact(probability, kind):
    rng = np.random.default_rng(6)
    values = rng.lognormal(size=6 * PENDING)
    if kind == "atoms":
        values = np.round(values)
    if kind == "constant":
        values[:] = 1.0
    if kind == "sorted":  # the worst order still leaves the rank inside: the window comes late
        values[: ALL // 2].sort()
    if kind == "falling":
        values[: ALL // 2] = np.sort(values[: ALL // 2])[::-1]
    stream = QuantileStream(probability)
    for block in np.array_split(values, 97):
        stream.add(block)
    found, _ = stream.estimate()
    assert found == np.quantile(values, probability, method="inverted_cdf")
    kept = sum(part.nbytes for part in stream._inside)
    assert kept < min(most_bytes(probability, values.size), BYTES * PENDING)


def test_laws_without_variance_are_refused():
    data = fs.preset("sales_math").model_dump(exclude_none=True) | {"variants": {}}
    plan = fs.Scenario(**(data | {"deal_size": {"law": "pareto", "minimum": 28e3, "shape": 1.5}}))
    summary = fs.summarize(plan, draws=100, seed=1)
    refused = json.loads(summary.attrs["refused"])
    assert set(refused) == {
        "bookings_mean_standard_error", "bookings_sd", "bookings_sd_standard_error",
    }  # fmt: skip
    for name in refused:
        assert np.isnan(summary[name]).all()
    assert np.isfinite(summary.bookings_mean).all()
    assert np.isfinite(summary.attainment_probability_standard_error).all()


def test_wrong_questions_are_refused(plan, samples):
    with pytest.raises(ResultError, match=r"fs\.simulate"):
        fs.attainment(fs.attainment(samples))
    with pytest.raises(ArgumentError, match="must be 'quarter' or 'year'"):
        fs.attainment(samples, by="month")
    short = fs.simulate(plan.replace({"calendar.quarters": 3}), draws=10, seed=1)
    with pytest.raises(ArgumentError, match=r"calendar\.quarters"):
        fs.attainment(short, by="year")


PLAN_OF_MEMORY = """
plan = fs.preset("sales_math").variant("windfalls")
fs.summarize(plan, draws=1_000, seed=1)
"""


def mebibytes_above_import(call: str) -> float:
    return bytes_above_import(call, PLAN_OF_MEMORY) / 2**20


@LINUX
def test_streaming_keeps_nothing():
    assert mebibytes_above_import("fs.summarize(plan, draws=500_000, seed=1)") < 100


@LINUX
def test_kept_samples_take_what_was_announced():
    """The peak stays within 1.2 times the estimate that an error message would state."""
    from funnelsim.engine.blocks import bytes_per_draw
    from funnelsim.engine.pack import pack

    draws = 500_000
    announced = draws * bytes_per_draw(pack(fs.preset("sales_math"))) / 2**20
    used = mebibytes_above_import(f"fs.simulate(plan, draws={draws}, seed=1)")
    assert 0.8 * announced < used < 1.2 * announced + 10


@pytest.mark.slow
@LINUX
def test_a_hundred_million_rep_quarters_fit_in_little():
    """The floor that is asked for; ``memory_needed`` says what they take."""
    assert mebibytes_above_import("fs.summarize(plan, draws=25_000_000, seed=1)") < 200
