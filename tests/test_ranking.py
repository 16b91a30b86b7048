"""P(best) against integrals, and sequential stopping against what it promises.

Stopping is fed with pairs of coins instead of the engine, so that thousands of runs are cheap.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from funnelsim.analysis.compare.ranking import (
    FIRST_LOOK,
    Confidence,
    Precision,
    Standing,
    best_probabilities,
    draw_until,
)

STEP = 4_096


def best_of_independent(values, sds):
    """P(each is the highest) of independent normals, by quadrature."""
    return [
        quad(
            lambda x, i=i: (
                norm.pdf(x, values[i], sds[i])
                * np.prod([norm.cdf(x, values[j], sds[j]) for j in range(len(values)) if j != i])
            ),
            values[i] - 10 * sds[i],
            values[i] + 10 * sds[i],
            limit=200,
        )[0]
        for i in range(len(values))
    ]


@pytest.mark.parametrize(
    ("values", "sds"),
    [
        ([0.50, 0.51], [0.01, 0.02]),
        ([0.50, 0.51, 0.505], [0.01, 0.01, 0.01]),
        ([0.50, 0.51, 0.505, 0.3], [0.01, 0.02, 0.005, 0.1]),
        ([0.4, 0.4, 0.41, 0.42, 0.39, 0.415], [0.01, 0.02, 0.01, 0.01, 0.03, 0.005]),
    ],
)
def test_p_best_is_the_integral(values, sds):
    """Also with luck in common, which shifts all plans alike and changes no rank."""
    truth = np.array(best_of_independent(values, sds))
    for common in (0.0, 0.03**2):
        found, error = best_probabilities(np.array(values), np.diag(np.square(sds)) + common)
        assert np.all(np.abs(found - truth) <= 5 * error + 1e-9)
        assert np.all(error < 5e-4)
        assert found.sum() == pytest.approx(1, abs=1e-12)


def test_p_best_does_not_depend_on_order():
    values, root = np.array([0.5, 0.51, 0.49, 0.505]), np.random.default_rng(1).normal(size=(4, 4))
    covariance = root @ root.T * 1e-4
    straight, _ = best_probabilities(values, covariance)
    order = [2, 0, 3, 1]
    turned, _ = best_probabilities(values[order], covariance[np.ix_(order, order)])
    np.testing.assert_allclose(turned, straight[order], rtol=1e-9)
    assert best_probabilities(values, covariance)[0].tobytes() == straight.tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_what_cannot_be_told_apart_shares_evenly(count):
    same = np.full((count, count), 1e-4)  # perfectly correlated: one plan under several names
    for covariance in (same, 0 * same):
        found, _ = best_probabilities(np.full(count, 0.5), covariance)
        np.testing.assert_allclose(found, 1 / count, rtol=1e-12)


def test_a_certain_difference_is_certain():
    for values in ([0.4, 0.5], [0.4, 0.5, 0.3]):
        found, _ = best_probabilities(np.array(values), np.full((len(values), len(values)), 1e-4))
        assert found.tolist() == [0.0, 1.0, 0.0][: len(values)]


class Coins:
    """Plans attained or not, draw by draw, with a joint law: only counts are drawn.

    ``law`` maps the outcomes of the plans, such as (1, 0), to their probabilities.
    """

    def __init__(self, law: dict[tuple[int, ...], float], seed: int) -> None:
        self._outcomes = np.array(list(law), dtype=float)
        self._probabilities = np.array(list(law.values()))
        self._random = np.random.default_rng(seed)
        self._counts = np.zeros(len(law))
        self.truth = self._probabilities @ self._outcomes

    def taking(self, most: int) -> Callable[[int, Callable[[int], None]], int]:
        def take(due: int, told: Callable[[int], None]) -> int:
            while (draws := int(self._counts.sum())) < due:
                now = min(STEP, most - draws)
                self._counts += self._random.multinomial(now, self._probabilities)
                told(draws + now)
            return draws

        return take

    def standing(self) -> Standing:
        n = self._counts.sum()
        values = self._counts @ self._outcomes / n
        second = (self._outcomes.T * self._counts) @ self._outcomes / n
        return Standing(int(n), values, (second - np.outer(values, values)) / (n - 1))


def pair(up: float, down: float, both: float = 0.4) -> dict[tuple[int, ...], float]:
    """The second plan alone attained with probability ``up``, the first alone with ``down``."""
    return {(1, 1): both, (0, 1): up, (1, 0): down, (0, 0): 1 - both - up - down}


THREE = {(1, 1, 1): 0.4, (0, 1, 0): 0.031, (0, 0, 1): 0.03, (1, 0, 0): 0.03, (0, 0, 0): 0.509}


@pytest.mark.parametrize(
    ("law", "probability", "runs"),
    [
        (pair(0.0505, 0.05), 0.8, 300),
        (pair(0.0505, 0.05), 0.9, 200),
        (pair(0.0004, 0.0003), 0.9, 300),
        (THREE, 0.8, 200),
    ],
)
def test_the_best_is_known_as_surely_as_promised(law, probability, runs):
    """Wrong choices of looking again and again stay within the promise."""
    check_confidence(law, probability, runs, most=1 << 19)


@pytest.mark.slow
@pytest.mark.parametrize("probability", [0.8, 0.95])
@pytest.mark.parametrize(
    "law",
    [
        pair(0.051, 0.05),
        pair(0.0501, 0.05),  # hardly apart: the most looks, and nearly even odds to choose wrongly
        pair(0.25, 0.249, both=0.25),  # without shared luck
        pair(0.0004, 0.0003),  # hardly ever do they differ
        pair(0.00011, 0.0001, both=0.0001),
        THREE,
    ],
)
def test_the_best_is_known_as_surely_as_promised_over_2000_runs(law, probability):
    check_confidence(law, probability, 2_000, most=1 << 20)


def check_confidence(law, probability, runs, most):
    rule = Confidence(probability)
    wrong = known = 0
    for seed in range(runs):
        coins = Coins(law, seed)
        if draw_until(rule, coins.taking(most), coins.standing, most):
            known += 1
            wrong += int(np.argmax(coins.standing().values) != np.argmax(coins.truth))
    assert known > 0
    assert wrong <= (1 - probability) * runs


@pytest.mark.parametrize(
    ("law", "precision"),
    [
        (pair(0.08, 0.05), 0.002),
        (pair(0.02, 0.0), 0.0008),
        (pair(0.0004, 0.0003), 0.0002),
        (pair(0.25, 0.2, both=0.25), 0.006),
    ],
)
def test_precision_keeps_its_coverage(law, precision):
    check_precision(law, precision, 400)


@pytest.mark.slow
@pytest.mark.parametrize("precision", [0.004, 0.001])
@pytest.mark.parametrize(
    "law", [pair(0.08, 0.05), pair(0.02, 0.0), pair(0.003, 0.002), pair(0.25, 0.2, both=0.25)]
)
def test_precision_keeps_its_coverage_over_2000_runs(law, precision):
    check_precision(law, precision, 2_000)


def check_precision(law, precision, runs):
    """At most 1 of 20 intervals miss the truth, within 5 standard errors of that count."""
    missed = 0
    for seed in range(runs):
        coins = Coins(law, seed)
        most = 1 << 22
        assert draw_until(Precision(precision), coins.taking(most), coins.standing, most)
        value, error = coins.standing().difference(1, 0)
        assert 1.96 * error <= precision * 1.0001
        missed += abs(value - (coins.truth[1] - coins.truth[0])) > 1.96 * error
    assert missed <= 0.05 * runs + 5 * np.sqrt(0.05 * 0.95 * runs)


def test_precision_takes_no_more_than_it_needs():
    """Draws at the stop: what the true variance asks for, the margin and a step more."""
    law, precision = pair(0.08, 0.05), 0.001
    coins = Coins(law, 1)
    draw_until(Precision(precision), coins.taking(1 << 22), coins.standing, 1 << 22)
    needed = (0.13 - 0.03**2) * (1.96 / precision) ** 2
    assert needed * 0.98 < coins.standing().draws < needed * 1.05 + STEP


def test_precision_of_a_single_plan_is_that_of_its_probability():
    coins = Coins({(1,): 0.3, (0,): 0.7}, 1)
    assert draw_until(Precision(0.004), coins.taking(1 << 20), coins.standing, 1 << 20)
    assert 1.96 * np.sqrt(0.21 / coins.standing().draws) == pytest.approx(0.004, rel=0.05)


def test_draws_that_agree_so_far_do_not_prove_that_all_do():
    """Of plans that never differed, 1.96 / draws is what their difference is known to."""
    coins = Coins({(1, 1): 0.5, (0, 0): 0.5, (0, 1): 0.0}, 1)
    assert draw_until(Precision(1e-5), coins.taking(1 << 20), coins.standing, 1 << 20)
    assert 1.96 / 1e-5 <= coins.standing().draws < 2 * 1.96 / 1e-5


def test_looks_and_progress():
    """Looks are at doubling numbers of draws; the last is at the most."""
    asked, told = [], []

    class Never:
        reached = ""

        def after(self, standing: Standing, look: int) -> int:
            asked.append((standing.draws, look))
            return 2 * standing.draws

    coins = Coins(pair(0.1, 0.1), 1)
    most = 5 * FIRST_LOOK + 1
    known = draw_until(Never(), coins.taking(most), coins.standing, most, lambda *x: told.append(x))
    assert not known
    assert asked == [(FIRST_LOOK, 1), (2 * FIRST_LOOK, 2), (4 * FIRST_LOOK, 3), (most, 4)]
    assert told[0] == (STEP, FIRST_LOOK)
    assert told[-1] == (most, most)
    assert all(done <= due for done, due in told)
