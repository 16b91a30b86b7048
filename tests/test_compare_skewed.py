"""Errors of means of skewed amounts: intervals cover as they say, where plain ones do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from funnelsim.analysis.compare.skewed import FEWEST, Skewness

RUNS, DRAWS = 4_000, 1_000


def widening_of(values):
    found = Skewness()
    for block in np.array_split(values, 3):
        found.add(block)
    return found.widening()


def rare(random, chance):
    """0 on most draws, an amount between 0 and 1 on some: the mean is half the chance."""
    shape = (DRAWS, RUNS // 20)
    return (random.random(shape) < chance) * random.random(shape)


@pytest.mark.parametrize("chance", [0.05, 0.03])
def test_intervals_of_rare_amounts_cover(chance):
    random = np.random.default_rng(1)
    plain, wide, told = 0, 0, 0
    for _ in range(20):
        values = rare(random, chance)
        error = values.std(axis=0, ddof=1) / np.sqrt(DRAWS)
        off = np.abs(values.mean(axis=0) - chance / 2)
        widening = widening_of(values)
        plain += (off < 1.96 * error).sum()
        wide += (off < 1.96 * error * np.nan_to_num(widening)).sum()
        told += np.isfinite(widening).sum()
    noise = 3 * np.sqrt(0.95 * 0.05 / RUNS)
    assert plain / RUNS < 0.94 + noise
    assert told / RUNS > 0.95
    assert 0.94 - noise < wide / told < 0.96 + noise


def test_the_widening_is_the_edgeworth_terms():
    """Of normal draws, without skewness and excess, it is Student's wider quantile."""
    values = np.random.default_rng(2).normal(7.0, 3.0, size=(200, 500))
    student = stats.t(199).ppf(0.975) / stats.norm.ppf(0.975)
    assert widening_of(values).mean() == pytest.approx(student, abs=2e-3)


def test_moments_do_not_depend_on_blocks_or_on_scale():
    values = np.random.default_rng(3).gamma(0.5, size=(3_000, 4))
    whole = Skewness()
    whole.add(values)
    np.testing.assert_allclose(whole.widening(), widening_of(values), rtol=1e-9)
    np.testing.assert_allclose(widening_of(1e6 * values), widening_of(values), rtol=1e-9)


def test_of_too_few_there_is_no_error():
    values = np.zeros((1_000, 2))
    values[: FEWEST - 1, 0] = 5.0
    values[:FEWEST, 1] = 5.0
    assert np.isnan(widening_of(values)).tolist() == [True, False]


def test_a_constant_is_certain():
    assert widening_of(np.full((100, 1), 2.0)).tolist() == [1.0]
