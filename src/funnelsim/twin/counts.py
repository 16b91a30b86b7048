"""Counting entries: generating functions by week of entry, and how to read numbers off them.

Derived in docs/background/exact.md, "The number of deals".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import DAMPING, PERIODS, Complexes, Floats
from funnelsim.twin.sizes import CHUNK
from funnelsim.twin.weeks import Weeks, binomials, most_entries, usual_entries
from funnelsim.twin.work import Work

Integers = NDArray[np.int64]
NEGLIGIBLE = 1e-17
NODES = 16  # Chebyshev nodes that stand for more weeks than that
LITTLE = 1.0  # mean count of a week up to which they may
WEEK_WORK = 25  # complex multiplications that a week's generating function takes at one point
VARYING_WORK = 100  # where its activities vary more than Poisson ones
STEP_WORK = 5  # more for each number of activities or entries that is listed
POWER_WORK = 30  # for a binomial probability
MOST_LEVELS = 400  # different entry probabilities where min(1, p) binds


@dataclass(frozen=True)
class Group:
    """Weeks of entry that follow one law.

    Attributes
    ----------
    weeks : Weeks
    factor : float
        Season's factor on entry.
    shares : (share,) float
        Share of a week's entries that is counted.
    repeats : (share,) float
        How many weeks have it.
    """

    weeks: Weeks
    factor: float
    shares: Floats
    repeats: Floats


def grouped(laws: Sequence[tuple[Weeks, float]], shares: Floats) -> tuple[Group, ...]:
    """Return weeks grouped by law and season; of Poisson weeks only the sum of shares matters."""
    groups = []
    for law, factor in dict.fromkeys(laws):
        part = shares[[index for index, other in enumerate(laws) if other == (law, factor)]]
        if law.is_poisson:
            groups.append(Group(law, factor, np.ones(1), np.array([part.sum()])))
        else:
            unique, repeats = np.unique(part, return_counts=True)
            groups.append(Group(law, factor, unique, repeats.astype(np.float64)))
    return tuple(groups)


@dataclass(frozen=True)
class Circle:
    """A damped circle on which the probabilities of 0 .. most are read off a generating function.

    What lies beyond reaches them only through exp(-30): its law need not be known.
    """

    most: int

    @property
    def y(self) -> Complexes:
        """Return 1 - z at the points z of half the circle."""
        z = np.exp((-DAMPING - 2j * np.pi * np.arange(self.size // 2 + 1)) / self.size)
        return np.asarray(1 - z)

    @property
    def size(self) -> int:
        """Number of points of the whole circle."""
        return max(16, 1 << math.ceil(math.log2(PERIODS * (self.most + 1))))

    def probabilities(self, values: Complexes) -> Floats:
        """Return (..., n), n = 0 .. most, from generating functions (..., point)."""
        law = np.fft.irfft(values, self.size)[..., : self.most + 1]
        law *= np.exp(DAMPING / self.size * np.arange(self.most + 1))
        return np.asarray(np.maximum(law, 0.0))


class WeeklyEntries:
    """Entries of a week, for every kind of rep in every state of the market.

    Parameters
    ----------
    activity : (kind,) float
        Multiplier of activity.
    entry : (kind,) float
        P(entry) before season, elasticity and min(1, p).
    allowed : Work
        What may be computed.
    """

    def __init__(self, activity: Floats, entry: Floats, allowed: Work) -> None:
        self._allowed = allowed
        self.activity = activity
        self.entry = entry
        self._laws: dict[tuple[Weeks, float], tuple[Floats, Integers, Floats]] = {}
        self._moments: dict[tuple[Weeks, float], tuple[Floats, Floats]] = {}

    def work(self, groups: Sequence[Group], rest: Floats) -> float:
        """Return complex multiplications that the generating function takes at one point."""
        total = 0.0
        for group in groups:
            weeks = group.shares.size * rest.size
            if group.shares.size > NODES:
                weeks -= (group.shares.size - NODES) * int(self._few(group, rest).sum())
            total += weeks * self._work_of_a_week(group)
        return total

    def _work_of_a_week(self, group: Group) -> float:
        weeks = group.weeks
        if weeks.is_linear:
            plain = VARYING_WORK if weeks.cv else WEEK_WORK
            return plain + STEP_WORK * weeks.listed(float(self.activity.max()))
        first, _ = self._factorial_moments(group)
        return WEEK_WORK + STEP_WORK * usual_entries(float(first.max()))

    def pgf(self, groups: Sequence[Group], rest: Floats, y: Complexes | Floats) -> Complexes:
        """Return E (1 - y)^N, (kind, point), of the number N counted of the groups' entries.

        Parameters
        ----------
        groups : sequence of Group
        rest : (kind,) float
            P(an entry is counted, if time allows).
        y : (point,) or (kind, point) float or complex
        """
        out = np.ones((rest.size, y.shape[-1]), dtype=np.complex128)
        for group in groups:
            for part, shares, repeats in self._parts(group, rest, y.shape[-1]):
                counted = rest[part, None] * (y if y.ndim == 1 else y[part])
                for share, times in zip(shares, repeats, strict=True):
                    out[part] *= self._one_week(group, part, counted * share, times)
        return out

    def _parts(
        self, group: Group, rest: Floats, columns: int
    ) -> Iterator[tuple[Integers, Floats, Floats]]:
        """Yield kinds of reps, so many at a time, with the shares and repeats that do for them.

        Where a week counts little, the logarithm of its generating function is so smooth in the
        share that many weeks are as good as a few at Chebyshev nodes. Where it counts more, its
        logarithm could be off by 2 pi i, and every week is multiplied in.
        """
        kinds = np.arange(rest.size)
        few = np.zeros(rest.size, dtype=np.bool_)
        if group.shares.size > NODES:
            few = self._few(group, rest)
        rows = max(1, CHUNK // columns)
        nodes, weights = condensed(group.shares, group.repeats)
        for members, shares, repeats in (
            (kinds[few], nodes, weights),
            (kinds[~few], group.shares, group.repeats),
        ):
            for start in range(0, members.size, rows):
                yield members[start : start + rows], shares, repeats

    def _few(self, group: Group, rest: Floats) -> NDArray[np.bool_]:
        """Return of which kinds a week counts little."""
        first, _ = self._factorial_moments(group)
        return np.asarray(first * rest * group.shares.max() < LITTLE)

    def _one_week(
        self, group: Group, part: Integers, fewer: Complexes | Floats, times: float
    ) -> Complexes:
        """Return E (1 - fewer)^entries of a week to the power ``times``, (kind, point)."""
        weeks = group.weeks
        if weeks.is_poisson:  # the power may be a fraction: shares of several weeks, summed
            mean = weeks.mean * self.activity[part] * self._plain_entry(group.factor)[part]
            return np.asarray(np.exp(-times * mean[:, None] * fewer), dtype=np.complex128)
        if weeks.is_linear:
            p = self._plain_entry(group.factor)[part, None]
            return weeks.pgf(self.activity[part], 1 - p * fewer, times)
        rows, row, scale = self.laws(weeks, group.factor)
        f = 1 - scale[part, None] * fewer
        value = np.zeros_like(f)
        for column in rows.T[::-1]:
            value *= f
            value += column[row[part], None]
        return np.asarray(value**times)

    def _plain_entry(self, factor: float) -> Floats:
        return np.minimum(self.entry * factor, 1.0)

    def laws(self, weeks: Weeks, factor: float) -> tuple[Floats, Integers, Floats]:
        """Return laws of the number entering in a week, one for each that differs.

        Returns
        -------
        rows : (row, entries) float
        row : (kind,) int
            Which row a kind follows.
        scale : (kind,) float
            A kind's entries are its row's, each kept with this probability.

        Raises
        ------
        NotCoveredError
            Where there would be too many of them.
        """
        key = weeks, factor
        if key not in self._laws:
            self._laws[key] = self._list_laws(weeks, self.entry * factor)
        return self._laws[key]

    def moments(self, groups: Sequence[Group], rest: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of the number counted, (kind,)."""
        mean, variance = np.zeros(rest.size), np.zeros(rest.size)
        for group in groups:
            first, second = self._factorial_moments(group)
            first, second = first * rest, second * rest**2
            mean += first * (group.shares @ group.repeats)
            variance += first * (group.shares @ group.repeats)
            variance += (second - first**2) * (group.shares**2 @ group.repeats)
        return mean, variance

    def _factorial_moments(self, group: Group) -> tuple[Floats, Floats]:
        """Return E e and E e (e - 1) of a week's entries e."""
        key = group.weeks, group.factor
        if key not in self._moments:
            self._moments[key] = self._find_moments(group)
        return self._moments[key]

    def _find_moments(self, group: Group) -> tuple[Floats, Floats]:
        weeks = group.weeks
        if weeks.is_linear:
            p = self._plain_entry(group.factor)
            first, second = weeks.moments(self.activity)
            return first * p, second * p**2
        skills, which = np.unique(self.activity, return_inverse=True)
        levels, level = np.unique(self.entry * group.factor, return_inverse=True)
        law = weeks.activities(skills)
        n = np.arange(law.shape[1])
        self._allowed.spend(n.size * levels.size * (POWER_WORK + skills.size))
        p = weeks.entry_probability(levels, n.size - 1)
        first, second = (law * n) @ p.T, (law * n * (n - 1)) @ (p**2).T
        return first[which, level], second[which, level]

    def _list_laws(self, weeks: Weeks, entry: Floats) -> tuple[Floats, Integers, Floats]:
        skills, which = np.unique(self.activity, return_inverse=True)
        law = weeks.activities(skills)
        highest = float(entry.max())
        if weeks.is_clipped(highest):
            levels, level = np.unique(entry, return_inverse=True)
            scale = np.ones_like(entry)
        else:  # thinning commutes with thinning: all follow the highest
            levels, level = np.array([highest]), np.zeros(entry.size, dtype=np.int64)
            scale = entry / highest if highest else np.ones_like(entry)
        if levels.size > MOST_LEVELS:
            raise NotCoveredError(
                "where entry is certain at times (min(1, p) binds), at most "
                f"{MOST_LEVELS} different conversions are integrated"
            )
        probabilities = weeks.entry_probability(levels, law.shape[1] - 1)
        most = most_entries(probabilities)
        self._allowed.spend(probabilities.size * (most + 1) * (POWER_WORK + skills.size))
        rows = np.stack([law @ binomials(most, p) for p in probabilities])
        keep = int(np.flatnonzero(rows.max(axis=(0, 1)) > NEGLIGIBLE)[-1]) + 1
        return rows[:, :, :keep].reshape(-1, keep), level * skills.size + which, scale


class Arrivals:
    """Entries of a week by an inflow: Poisson, whoever the rep is.

    Parameters
    ----------
    rate : (kind,) float
        Mean number a week in each state of the market, before season and ramp.
    """

    def __init__(self, rate: Floats) -> None:
        self.rate = rate

    def work(self, groups: Sequence[Group], rest: Floats) -> float:
        """Return complex multiplications that the generating function takes at one point."""
        return rest.size * WEEK_WORK if groups else 0.0

    def pgf(self, groups: Sequence[Group], rest: Floats, y: Complexes | Floats) -> Complexes:
        """Return E (1 - y)^N, (kind, point), as :meth:`WeeklyEntries.pgf` does."""
        mean, _ = self.moments(groups, rest)
        return np.asarray(np.exp(-mean[:, None] * y), dtype=np.complex128)

    def moments(self, groups: Sequence[Group], rest: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of the number counted, (kind,)."""
        counted = sum(group.factor * float(group.shares @ group.repeats) for group in groups)
        mean = self.rate * rest * counted
        return mean, mean


def condensed(shares: Floats, repeats: Floats) -> tuple[Floats, Floats]:
    """Return a few nodes and weights that integrate like so many repeats of so many shares."""
    half = float(shares.max()) / 2
    angles = np.pi * (np.arange(NODES) + 0.5) / NODES
    degrees = np.arange(NODES)
    places = np.arccos(np.clip(shares / half - 1, -1.0, 1.0))
    moments = np.einsum("ds,s->d", np.cos(np.multiply.outer(degrees, places)), repeats)
    moments[0] /= 2
    weights = np.einsum("nd,d->n", np.cos(np.multiply.outer(angles, degrees)), moments)
    return half * (1 + np.cos(angles)), weights * 2 / NODES
