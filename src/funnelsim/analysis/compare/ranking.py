"""Which plan is best, and how many draws it takes to know: P(best) and sequential stopping.

Derived in docs/background/planning.md, "How many draws".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Floats = npt.NDArray[np.float64]

FIRST_LOOK = 8_192  # draws before the first decision
NORMAL_95 = float(ndtri(0.975))
MARGIN = 1.01  # more draws than the last look asks for, so that few looks follow
POINTS = 1 << 11  # of each of the shifted lattices that P(best) is integrated on
SHIFTS = 8
HOPELESS = 9.0  # standard errors behind: a chance below 1e-18
TIED = 1e-9  # probabilities that differ by less are equal


@dataclass(frozen=True)
class Standing:
    """How different plans stand after some draws on shared luck.

    Attributes
    ----------
    draws : int
    values : (plan,) float
        P(attain).
    covariance : (plan, plan) float
        Of their estimates.
    """

    draws: int
    values: Floats
    covariance: Floats

    def error(self, plan: int) -> float:
        """Return the standard error of a plan's P(attain), with a pseudo-draw."""
        return self._with_pseudo_draw(self.covariance[plan, plan])

    def difference(self, plan: int, other: int) -> tuple[float, float]:
        """Return by how much a plan is likelier than another, and the error, with a pseudo-draw."""
        own, others = self.covariance[plan, plan], self.covariance[other, other]
        error = self._with_pseudo_draw(own + others - 2 * self.covariance[plan, other])
        return float(self.values[plan] - self.values[other]), error

    def _with_pseudo_draw(self, variance: float) -> float:
        """Count one draw more on which the plans differ.

        Where none or few of the draws differ, the plain error would claim to know too early
        (Agresti & Min, Statistics in Medicine 24, 2005, 729: half a draw either way).
        """
        return math.sqrt(max(float(variance), 0.0) + 1 / self.draws**2)


class Rule(Protocol):
    """When enough draws were taken."""

    @property
    def reached(self) -> str:
        """What the result says when it stopped."""

    def after(self, standing: Standing, look: int) -> int:
        """Return how many draws the next look should have; none more than now to stop.

        Looks are counted from 1.
        """
        ...


@dataclass(frozen=True)
class Precision:
    """Stop when 95 % intervals of the differences from the first plan are narrow enough.

    Of a single plan: that of P(attain) itself. Only errors decide, never the values, so that
    intervals keep their coverage although the draws are not fixed (Anscombe, Proc. Cambridge Phil.
    Soc. 48, 1952, 600; Chow & Robbins, Ann. Math. Stat. 36, 1965, 457).

    Attributes
    ----------
    half_width : float
    """

    half_width: float
    reached: str = "precision reached"

    def after(self, standing: Standing, look: int) -> int:
        """Return the draws that today's errors ask for, at most twice as many as now."""
        others = range(1, len(standing.values))
        errors = [standing.difference(plan, 0)[1] for plan in others] or [standing.error(0)]
        ratio = NORMAL_95 * max(errors) / self.half_width
        if ratio <= 1:
            return standing.draws
        return math.ceil(standing.draws * min(MARGIN * ratio**2, 2))


@dataclass(frozen=True)
class Confidence:
    """Stop when it is known which plan is likeliest to attain, with a stated probability.

    Looks are at doubling numbers of draws. The leader has to be ahead of each of the n - 1 others
    in a one-sided test at the level (1 - probability) / (n - 1) / (look (look + 1)). These levels
    sum to 1 - probability over all others and looks, so that with at least the probability a plan
    that is not the best is never chosen, however long it takes (spending the error over looks: Lan
    & DeMets, Biometrika 70, 1983, 659; the sum is Bonferroni's bound).

    Attributes
    ----------
    probability : float
    """

    probability: float
    reached: str = "best known"

    def after(self, standing: Standing, look: int) -> int:
        """Return twice the draws of now, or no more where the leader is far enough ahead."""
        leader = int(np.argmax(standing.values))
        others = [plan for plan in range(len(standing.values)) if plan != leader]
        level = (1 - self.probability) / max(len(others), 1) / (look * (look + 1))
        for other in others:
            ahead, error = standing.difference(leader, other)
            if ndtr(-ahead / error) > level:
                return 2 * standing.draws
        return standing.draws


def draw_until(
    rule: Rule,
    take: Callable[[int, Callable[[int], None]], int],
    standing: Callable[[], Standing],
    most_draws: int,
    progress: Callable[[int, int], None] | None = None,
) -> bool:
    """Take draws until the rule has enough of them; return whether it has.

    Parameters
    ----------
    rule : Rule
    take : callable
        Takes in further draws until there are so many at least, calling back with how many there
        are meanwhile; returns how many there are.
    standing : callable
        Returns how the plans stand on the draws taken in.
    most_draws : int
        How many may be taken in.
    progress : callable, optional
        Called with the draws done and those by which the next decision falls.
    """
    look, draws, due = 0, 0, min(FIRST_LOOK, most_draws)

    def told(done: int) -> None:
        if progress is not None:
            progress(done, max(due, done))

    while draws < most_draws:
        draws, look = take(due, told), look + 1
        wanted = rule.after(standing(), look)
        if wanted <= draws:
            return True
        due = min(wanted, most_draws)
    return False


def best_probabilities(values: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return the probability that each value is the highest, and the error of the integration.

    Parameters
    ----------
    values : (plan,) float
        Estimates; the truth about them has their joint normal law.
    covariance : (plan, plan) float
        Of the estimates. What cannot be told apart shares evenly.

    Returns
    -------
    probabilities, errors : (plan,) float
        In closed form for two. For more, integrated over the unit cube, one difference after the
        other given those before (Genz & Bretz, Computation of Multivariate Normal and t
        Probabilities, 2009, 4.2), on Richtmyer's lattice under fixed shifts: the same numbers every
        time. The error is that of the mean over the shifts.

    Examples
    --------
    >>> probabilities, _ = best_probabilities(np.array([0.50, 0.51]), np.diag([1e-4, 1e-4]))
    >>> probabilities.round(2).tolist()
    [0.24, 0.76]
    """
    leader = int(np.argmax(values))
    differences = np.eye(len(values)) - np.eye(len(values))[leader]
    spreads = np.sqrt(np.maximum(_variances(differences, covariance), 0.0))
    contenders = np.flatnonzero(values >= values[leader] - HOPELESS * spreads - TIED)
    shares = np.zeros((SHIFTS, len(values)))
    for plan in contenders:
        ahead = (np.eye(len(values))[plan] - np.eye(len(values)))[contenders[contenders != plan]]
        shares[:, plan] = _all_positive(ahead @ values, ahead @ covariance @ ahead.T)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares.mean(axis=0), shares.std(axis=0, ddof=1) / math.sqrt(SHIFTS)


def _variances(contrasts: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.einsum("ki,ij,kj->k", contrasts, covariance, contrasts))


def _all_positive(means: Floats, covariance: Floats) -> Floats:
    """Return P(all of some normals are positive) by shift of the lattice, even shares for ties."""
    count = len(means)
    order = np.argsort(means / np.sqrt(np.maximum(np.diag(covariance), TIED**2)), kind="stable")
    root = np.zeros((count, count))  # of the covariance: lower triangle
    normals = np.zeros((SHIFTS, POINTS, count))
    weight, tied = np.ones((SHIFTS, POINTS)), np.ones((SHIFTS, POINTS))
    cube = _lattices(max(count - 1, 1))
    for place, row in enumerate(order):
        for before in range(place):
            if root[before, before]:
                rest = covariance[row, order[before]] - root[place] @ root[before]
                root[place, before] = rest / root[before, before]
        own = math.sqrt(max(float(covariance[row, row] - root[place] @ root[place]), 0.0))
        centre = means[row] + normals @ root[place]
        if own <= TIED:  # known, given those before
            weight *= centre >= -TIED
            tied += np.abs(centre) <= TIED
            continue
        root[place, place] = own
        chance = ndtr(centre / own)
        weight *= chance
        if place < count - 1:
            inside = np.clip(cube[..., place] * chance, 1e-300, 1 - 1e-16)
            normals[..., place] = -ndtri(inside)
    return np.asarray((weight / tied).mean(axis=1))


def _lattices(dims: int) -> Floats:
    """Return points of the unit cube, (shift, point, dim): always the same."""
    irrational = np.sqrt(_primes(2 * dims))
    shifts = np.arange(1, SHIFTS + 1)[:, None, None] * irrational[dims:]
    line = np.arange(1, POINTS + 1)[:, None] * irrational[:dims] + shifts
    return np.asarray(np.abs(2 * (line % 1.0) - 1))  # folded: what is integrated becomes periodic


def _primes(count: int) -> Floats:
    """Return the first primes."""
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return np.array(found, dtype=np.float64)
