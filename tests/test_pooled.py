"""Pooled quantiles: those of all values, in a window wide enough for quarters that go together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from funnelsim.analysis.compare import pooled
from funnelsim.analysis.compare.pooled import PooledQuantile

PROBABILITIES = (0.1, 0.5, 0.9)


def stream_of(values, probability, block=4_096):
    stream = PooledQuantile(probability)
    for start in range(0, len(values), block):
        stream.add(values[start : start + block])
    return stream


@pytest.mark.parametrize("probability", PROBABILITIES)
@pytest.mark.parametrize("common", [0.0, 1.0])
def test_it_is_the_order_statistic_however_quarters_go_together(probability, common, monkeypatch):
    """Also where all 40 quarters of a draw are the same, and pruning is frequent."""
    monkeypatch.setattr(pooled, "PENDING", 1 << 12)
    rng = np.random.default_rng(1)
    own, shared = rng.normal(size=(20_000, 40)), rng.normal(size=(20_000, 1))
    values = common * shared + (1 - common) * own
    stream = stream_of(values, probability, block=500)
    assert stream.value() == np.quantile(values, probability, method="inverted_cdf")


@pytest.mark.parametrize("probability", PROBABILITIES)
def test_the_slope_is_one_over_the_density(probability):
    values = np.random.default_rng(2).gamma(3.0, 50.0, size=(100_000, 4))
    law = stats.gamma(3.0, scale=50.0)
    error = np.sqrt(probability * (1 - probability) / values.size)
    slope = stream_of(values, probability).slope(error)
    assert slope == pytest.approx(1 / law.pdf(law.ppf(probability)), rel=0.1)


def test_of_amounts_it_is_an_amount():
    """Clear of the steps the slope is 0; within 5 standard errors of one it is not known."""
    values = np.random.default_rng(3).binomial(3, 0.5, size=(10_000, 1)).astype(float)  # 1 4 6 4
    clear = stream_of(values, 0.3)
    assert clear.value() == 1
    assert clear.slope(np.sqrt(0.21 / 10_000)) == 0
    near = stream_of(values, 0.5)
    assert near.value() in (1, 2)
    assert np.isnan(near.slope(np.sqrt(0.25 / 10_000)))


def test_many_draws_of_nothing_are_a_step_too():
    """0 with probability .1, else continuous: at .1 the law has a kink, at .5 it has none."""
    rng = np.random.default_rng(4)
    values = np.where(rng.random((50_000, 1)) < 0.1, 0.0, rng.gamma(2.0, size=(50_000, 1)))
    assert np.isnan(stream_of(values, 0.1).slope(0.0013))
    assert stream_of(values, 0.05).slope(0.001) == 0
    assert stream_of(values, 0.5).slope(0.002) > 0


def test_a_constant_is_certain():
    stream = stream_of(np.full((100, 2), 7.0), 0.5)
    assert (stream.value(), stream.slope(0.0)) == (7.0, 0.0)


def covered_by(law, probability, count, runs=2_000):
    """How often 1.96 standard errors reach the true quantile, of runs of so many draws."""
    random, truth = np.random.default_rng(5), law.ppf(probability)
    error = np.sqrt(probability * (1 - probability) / count)
    found = 0
    for values in law.rvs(size=(runs, count), random_state=random):
        stream = stream_of(values[:, None], probability, block=count)
        found += abs(stream.value() - truth) < 1.96 * error * stream.slope(error)
    return found / runs


class Gap(stats.rv_continuous):
    """A tenth below 1, the rest above 2; between them hardly anything."""

    def _ppf(self, q):
        return np.interp(q, [0, 0.095, 0.11, 1], [0, 1, 2, 4])

    def _rvs(self, size=None, random_state=None):
        return self._ppf(random_state.random(size))


def test_intervals_in_a_gap_are_not_too_narrow():
    """The density falls and rises again within the reach of the error: the steeper side counts."""
    noise = 3 * np.sqrt(0.95 * 0.05 / 2_000)
    assert covered_by(Gap(), 0.1, 1_000) > 0.94 - noise
    assert 0.94 - noise < covered_by(stats.gamma(3.0), 0.5, 1_000) < 0.97 + noise


def test_few_draws_have_no_slope():
    """Where two standard errors lead beyond the ends, nothing is known of the density."""
    values = np.random.default_rng(6).gamma(2.0, size=(20, 1))
    assert np.isnan(stream_of(values, 0.1).slope(np.sqrt(0.09 / 20)))
