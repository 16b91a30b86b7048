"""Means and functions of them: errors against direct formulas and against replication."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.analysis.estimates import Estimate, Means, stacked

N = 4_000


def means_of(columns, blocks=1) -> Means:
    means = Means()
    n = len(next(iter(columns.values())))
    for part in np.array_split(np.arange(n), blocks):
        means.add({name: values[part] for name, values in columns.items()})
    return means


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    x = rng.gamma(2.0, 3.0, (N, 2))
    return {"x": x, "y": x[:, 0] + rng.random(N), "event": x[:, 1] > 5}


def test_a_mean_has_the_textbook_error(columns):
    value, error = means_of(columns)["x"].pair
    np.testing.assert_allclose(value, columns["x"].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(error, columns["x"].std(axis=0, ddof=1) / np.sqrt(N), rtol=1e-10)


def test_a_difference_is_paired(columns):
    """Exactly the error of the mean of the differences, draw by draw."""
    m = means_of(columns)
    difference = columns["y"] - columns["x"][:, 0]
    value, error = (m["y"] - m["x"][0]).pair
    assert value == pytest.approx(difference.mean(), rel=1e-10)
    assert error == pytest.approx(difference.std(ddof=1) / np.sqrt(N), rel=1e-8)


def test_blocks_do_not_matter(columns):
    for blocks in (2, 7, 400):
        whole, parts = means_of(columns), means_of(columns, blocks)
        for name in columns:
            np.testing.assert_allclose(whole[name].pair, parts[name].pair, rtol=1e-9)


def test_arithmetic_against_numerical_derivatives(columns):
    """Every operation's gradient is the derivative of its value."""
    m = means_of(columns)
    point = np.array([*columns["x"].mean(axis=0), columns["y"].mean(), columns["event"].mean()])

    def built(a, b, c, d):
        root = (a * b + 2.0 * c).sqrt() if isinstance(a, Estimate) else np.sqrt(a * b + 2 * c)
        return 3.0 - (root / d - a) * (1.0 + b) / 7.0 + -c * np.float64(0.5)

    found = built(m["x"][0], m["x"][1], m["y"], m["event"])
    assert found.value == pytest.approx(built(*point))
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5 * point[place]
        slope = (built(*(point + step)) - built(*(point - step))) / (2 * step[place])
        assert found.gradient[place] == pytest.approx(slope, rel=1e-6)


def test_errors_of_ratios_and_roots_are_those_that_replication_shows():
    """1,000 batches of 500 draws: deviations in units of the stated error have variance 1.

    Its estimate has standard error sqrt(2 / 1,000); the ratio's bias is of order 1 / 500.
    """
    rng = np.random.default_rng(2)
    deviations = []
    for _ in range(1_000):
        x = rng.random((500, 2))
        m = means_of({"hit": x[:, 0] < 0.4, "both": (x < 0.4).all(axis=1), "x": x, "xx": x * x})
        share = m["both"] / m["hit"]
        sd = (m["xx"] - m["x"] * m["x"]).sqrt().mean(0)
        deviations.append(
            [
                (share.value - 0.4) / share.standard_error,
                (sd.value - np.sqrt(1 / 12)) / sd.standard_error,
            ]
        )
    spread = np.var(deviations, axis=0)
    assert np.all(np.abs(spread - 1) < 5 * np.sqrt(2 / 1_000) + 5 / 500)


@pytest.mark.parametrize("happened", [0, 50])
def test_what_never_or_always_happened_is_not_certain(happened):
    """The error is that of Jeffreys' posterior mean, as in a summary."""
    events = np.arange(50) < happened
    for blocks in (1, 3):
        value, error = means_of({"event": events, "x": np.arange(50.0)}, blocks)["event"].pair
        assert value == happened / 50
        assert error == pytest.approx(np.sqrt(0.5 / 51 * (1 - 0.5 / 51) / 51))


def test_a_ratio_of_nothing_is_not_a_number(columns):
    m = means_of(columns | {"never": np.zeros(N, bool)})
    value, error = (m["never"] / m["never"]).pair
    assert np.isnan(value)
    assert np.isnan(error)
    with pytest.raises(KeyError):
        m["unknown"]


def test_shapes(columns):
    m = means_of(columns)
    both = stacked([m["y"], m["event"]])
    assert both.value.shape == (2,)
    assert m["x"].mean(0).value == pytest.approx(columns["x"].mean())
    assert (m["x"] * np.array([1.0, 0.0])).value[1] == 0
    assert (m["x"] * m["y"]).value.shape == (2,)
