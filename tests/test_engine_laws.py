"""Inverse distribution functions against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from funnelsim.engine import kernels, tables
from funnelsim.engine.scratch import tables_of_counts

LAWS = [
    ("lognormal", (0.05,), lambda: lognormal(0.05)),
    ("lognormal", (0.5,), lambda: lognormal(0.5)),
    ("lognormal", (1.0,), lambda: lognormal(1.0)),
    ("lognormal", (5.0,), lambda: lognormal(5.0)),
    ("lognormal", (10.0,), lambda: lognormal(10.0)),
    ("gamma", (0.05,), lambda: gamma(0.05)),
    ("gamma", (0.5,), lambda: gamma(0.5)),
    ("gamma", (1.0,), lambda: gamma(1.0)),
    ("gamma", (2.0,), lambda: gamma(2.0)),
    ("gamma", (5.0,), lambda: gamma(5.0)),
    ("beta", (1 / 3, 0.2), lambda: beta(1 / 3, 0.2)),
    ("beta", (0.02, 0.35), lambda: beta(0.02, 0.35)),
    ("beta", (0.6, 0.7), lambda: beta(0.6, 0.7)),
    ("beta", (0.02, 3.0), lambda: beta(0.02, 3.0)),
    ("beta", (0.95, 0.1), lambda: beta(0.95, 0.1)),
]


def lognormal(cv):
    sigma = np.sqrt(np.log1p(cv * cv))
    return stats.lognorm(sigma, scale=np.exp(-(sigma**2) / 2))


def gamma(cv):
    return stats.gamma(1 / cv**2, scale=cv**2)


def beta(mean, cv):
    total = (1 - mean) / (mean * cv * cv) - 1
    return stats.beta(mean * total, (1 - mean) * total)


def probes(n=4_000):
    """Uniforms as words make them: random ones, both tails to the last, and around each octave."""
    rng = np.random.default_rng(1)
    octaves = 2.0 ** np.arange(-32, -1)
    low = np.concatenate([octaves * (1 + shift) for shift in (-1e-9, 0.0, 1e-9, 0.3)])
    low = low[low >= 2.0**-33]
    words = np.concatenate([rng.random(n), low, 1 - low, [0.5]])
    return (np.floor(words * 2**32).clip(0, 2**32 - 1) + 0.5) / 2**32


@pytest.mark.parametrize(("kind", "parameters", "law"), LAWS)
def test_tables_meet_scipy(kind, parameters, law):
    coefficients, bits = tables.quantile_table(getattr(tables, kind)(*parameters))
    data, law, u = coefficients.ravel(), law(), probes()
    found = np.array([kernels.tabled(data, 0, bits, one) for one in u])
    truth = np.where(u < 0.5, law.ppf(u), law.isf(1 - u))
    # Relative to the quantile, or to a millionth of the mean where it is smaller than that.
    scale = np.maximum(truth, 1e-6 * law.mean())
    assert np.max(np.abs(found - truth) / scale) < 2e-8


def test_the_normal_table_meets_scipy():
    coefficients, bits = tables.quantile_table(tables.normal)
    u = probes()
    found = np.array([kernels.tabled(coefficients.ravel(), 0, bits, one) for one in u])
    truth = np.where(u < 0.5, stats.norm.ppf(u), stats.norm.isf(1 - u))
    assert np.max(np.abs(found - truth)) < 2e-8


@pytest.mark.parametrize(("kind", "parameters", "law"), LAWS)
def test_tables_are_monotone(kind, parameters, law):
    coefficients, bits = tables.quantile_table(getattr(tables, kind)(*parameters))
    u = np.sort(probes())
    found = np.array([kernels.tabled(coefficients.ravel(), 0, bits, one) for one in u])
    assert np.all(np.diff(found) >= -1e-15 * np.abs(found[1:]))


@pytest.mark.parametrize(
    ("mean", "cv"),
    [(0.0, 0), (0.05, 0), (1.15, 0), (57.7, 0), (57.7, 0.5), (3.0, 2.0), (900.0, 0), (5000.0, 0.3)],
)
@pytest.mark.parametrize("guided", [False, True])
def test_weekly_counts_meet_scipy(mean, cv, guided):
    rows = 6  # more than are worked at once; the fifth is looked at
    law_tables, row = tables_of_counts(rows, 1 << 18), np.uint64(4)
    shape = 1 / cv**2 if cv else 0.0
    law_tables.shape[0], law_tables.means[0] = shape, 0.7 * mean
    kernels.fill_steps(law_tables)
    kernels.tabulate(np.uint64(1), law_tables)
    if guided:  # searches begin where those of another mean would end
        kernels.fill_guide(law_tables)
    law_tables.means[:] = np.linspace(0, 2 * mean, rows)
    law_tables.means[row] = mean
    kernels.tabulate(np.uint64(rows), law_tables)
    length, cumulative = law_tables.lengths[row], law_tables.cumulative[row]
    n = law_tables.firsts[row] + np.arange(length)
    law = stats.nbinom(shape, shape / (shape + mean)) if cv else stats.poisson(mean)
    assert np.max(np.abs(cumulative[:length] - law.cdf(n))) < 1e-12
    # The first that 255 of 256 weeks do not exceed; that none does, where weeks are even.
    usual, enough = law_tables.usual[row], 1 - 2.0 ** (-8 if cv else -34)
    assert cumulative[usual] >= enough or usual == length - 1
    assert usual == 0 or cumulative[usual - 1] < enough
    u = probes(500)
    found = np.array([kernels.count_quantile(one, row, law_tables) for one in u])
    truth = law.ppf(u)
    # A uniform that falls within rounding of a step may go either way.
    clear = np.abs(law.cdf(truth) - u) > 1e-12
    assert np.array_equal(found[clear], truth[clear])
    together, unsure = np.zeros(u.size, np.int64), np.zeros(u.size + 1, np.uint64)
    kernels.fill_quantiles(np.uint64(u.size), u, np.full(u.size, row), law_tables, unsure, together)
    assert np.array_equal(together, found)


@pytest.mark.parametrize(("mean", "cv"), [(0.05, 0), (57.7, 0), (57.7, 0.5), (900.0, 0.3)])
def test_counts_of_one_law_are_found_side_by_side(mean, cv):
    law_tables = tables_of_counts(1, 1 << 16)
    law_tables.shape[0], law_tables.means[0] = 1 / cv**2 if cv else 0.0, mean
    kernels.fill_steps(law_tables)
    kernels.tabulate(np.uint64(1), law_tables)
    kernels.fill_guide(law_tables)
    u = np.concatenate([probes(500), law_tables.cumulative[0, : law_tables.lengths[0] - 1]])
    found, unsure = np.zeros(u.size, np.int64), np.zeros(u.size + 1, np.uint64)
    kernels.fill_quantiles(
        np.uint64(u.size), u, np.zeros(u.size, np.uint64), law_tables, unsure, found
    )
    one_by_one = [kernels.count_quantile(one, np.uint64(0), law_tables) for one in u]
    assert np.array_equal(found, one_by_one)


@given(
    word=st.integers(0, 2**32 - 1),
    n=st.one_of(st.integers(0, 200), st.integers(0, 200_000)),
    p=st.one_of(st.floats(0, 1), st.floats(0, 0.05)),
)
def test_inverse_binomial_meets_scipy(word, n, p):
    u = (word + 0.5) / 2**32
    found = kernels.binomial_quantile(u, n, p)
    law = stats.binom(n, p)
    assert law.cdf(found) > u - 1e-11
    assert found == 0 or law.cdf(found - 1) <= u + 1e-11


@pytest.mark.parametrize("most", [100, 255, 256, 3_000])
def test_many_weeks_at_once_are_many_weeks_one_by_one(most):
    rng = np.random.default_rng(2)
    m = 4_096
    trials = rng.integers(0, most + 1, m)
    chances = rng.choice([0.0, 1e-6, 0.02, 0.3, 0.999, 1.0], m)
    luck = (rng.integers(0, 2**32, m) + 0.5) / 2**32
    weights, bases, entries = np.zeros(m), np.zeros(m), np.zeros(m, np.int64)
    kernels.count_entries(np.uint64(m), most, luck, trials, chances, weights, bases, entries)
    one_by_one = [
        kernels.binomial_quantile(*each) for each in zip(luck, trials, chances, strict=True)
    ]
    assert np.array_equal(entries, one_by_one)
