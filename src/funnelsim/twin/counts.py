"""Counting entries: generating functions by week of entry, and how to read numbers off them.

Derived in docs/background/exact.md, "The number of deals".
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import DAMPING, PERIODS, Complexes, Floats
from funnelsim.twin.series import (
    ACCURATE,
    FARTHEST,
    POINTS,
    Law,
    Series,
    kinds_of,
    logarithm,
    summed,
    through_nodes,
)
from funnelsim.twin.sizes import CHUNK
from funnelsim.twin.weeks import Weeks, binomials, most_entries, polynomial, usual_entries
from funnelsim.twin.work import Work

Integers = NDArray[np.int64]
NEGLIGIBLE = 1e-17
NODES = 16, 48  # Chebyshev nodes that stand for more weeks than that
LITTLE = 1.0  # mean count of a week up to which the first will do
WEEK_WORK = 25  # complex multiplications that a week's generating function takes at one point
VARYING_WORK = 100  # where its activities vary more than Poisson ones
STEP_WORK = 5  # more for each number of activities or entries that is listed
TERM_WORK = 2  # more for each term of a series
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


def grouped(
    laws: Sequence[tuple[Weeks, float]], which: Integers, shares: Floats
) -> tuple[Group, ...]:
    """Return weeks grouped by law and season; of Poisson weeks only the sum of shares matters.

    Parameters
    ----------
    laws : sequence of (Weeks, float)
        Laws and factors.
    which : (week,) int
        Which of them a week follows.
    shares : (week,) float
    """
    groups = []
    for place, (law, factor) in enumerate(laws):
        part = shares[which == place]
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
        self._series: dict[Hashable, Series] = {}
        self._logarithms: dict[Hashable, Floats] = {}

    def work(self, groups: Sequence[Group], rest: Floats) -> float:
        """Return complex multiplications that the generating function takes at one point."""
        total = 0.0
        for group in groups:
            plain = self._work_of_a_week(group)
            if group.shares.size == 1:
                total += rest.size * plain
                continue
            series = self._together(group, rest)
            left = np.flatnonzero(~series.accurate)
            terms = float(series.needed[series.of[series.accurate]].sum())
            total += (rest.size - left.size) * WEEK_WORK + TERM_WORK * terms
            few = int(self._few(group, rest, left).sum())
            weeks = few * NODES[0] + (left.size - few) * sum(NODES)
            total += min(weeks, left.size * group.shares.size) * plain
        return total

    def _work_of_a_week(self, group: Group) -> float:
        weeks = group.weeks
        if weeks.is_linear:
            plain = VARYING_WORK if weeks.cv else WEEK_WORK
            return plain + STEP_WORK * weeks.listed(float(self.activity.max()))
        first, _ = self._factorial_moments(group)
        return WEEK_WORK + STEP_WORK * usual_entries(float(first.max()))

    def pgf(
        self,
        groups: Sequence[Group],
        rest: Floats,
        y: Complexes | Floats,
        within: float = ACCURATE,
    ) -> Complexes:
        """Return E (1 - y)^N, (kind, point), of the number N counted of the groups' entries.

        Parameters
        ----------
        groups : sequence of Group
        rest : (kind,) float
            P(an entry is counted, if time allows).
        y : (point,) or (kind, point) float or complex
            At most 2 in absolute value.
        within : float
            Error that is accurate enough: of what is at most 1, relative of what is more.
        """
        out = np.ones((rest.size, y.shape[-1]), dtype=np.complex128)
        rows = max(1, CHUNK // y.shape[-1])
        for group in groups:
            kinds = np.arange(rest.size)
            if group.shares.size > 1:
                series = self._together(group, rest)
                for part in _chunks(kinds[series.accurate], rows):
                    out[part] *= series.pgf(part, y if y.ndim == 1 else y[part])
                kinds = kinds[~series.accurate]
            for part in _chunks(kinds, rows):
                counted = rest[part, None] * (y if y.ndim == 1 else y[part])
                out[part] *= self._one_by_one(group, part, counted, within)
        return out

    def _together(self, group: Group, rest: Floats) -> Series:
        """Return the weeks' series; the logarithm of a week's law is found once."""
        key = group.weeks, group.factor, group.shares.tobytes(), rest.tobytes()
        if key not in self._series:
            law, row, scale = self._law_of(group)
            kept = scale * rest
            rows, farthest, of = kinds_of(row, FARTHEST * float(group.shares.max()) * kept)
            known = group.weeks, group.factor, rows.tobytes(), farthest.tobytes()
            if known not in self._logarithms:
                self._allowed.spend(rows.size * POINTS * self._work_of_a_week(group))
                self._logarithms[known] = logarithm(law, rows, farthest)
            self._series[key] = summed(
                self._logarithms[known], of, kept / farthest[of], group.shares, group.repeats
            )
        return self._series[key]

    def _law_of(self, group: Group) -> tuple[Law, Integers, Floats]:
        """Return laws of what may enter in a week, which of them a kind follows, and how thinned.

        As :meth:`laws` does, but where every activity enters with the same probability activities
        are thinned, not entries.
        """
        if group.weeks.is_linear:
            skills, row = np.unique(self.activity, return_inverse=True)
            scale = self._plain_entry(group.factor)
            return lambda rows, fewer: group.weeks.pgf(skills[rows], fewer), row, scale
        laws, row, scale = self.laws(group.weeks, group.factor)
        return lambda rows, fewer: polynomial(laws[rows], 1 - fewer), row, scale

    def _one_by_one(
        self, group: Group, part: Integers, fewer: Complexes | Floats, within: float
    ) -> Complexes:
        """Return E (1 - fewer)^N of kinds for whom a series does not do, (kind, point).

        From some of the weeks where that is accurate, else week by week.
        """
        out = np.ones(fewer.shape, dtype=np.complex128)
        left = np.arange(part.size)

        def week(share: float, times: float = 1.0) -> Complexes | Floats:
            return self._one_week(group, part[left], fewer[left] * share, times)

        for nodes in NODES:
            if group.shares.size > nodes and left.size:
                values, accurate = through_nodes(week, group.shares, group.repeats, nodes, within)
                out[left[accurate]] = values[accurate]
                left = left[~accurate]
        if not left.size:
            return out
        more = max(group.shares.size - sum(NODES), 0)  # than was thought to be needed
        self._allowed.spend(more * left.size * fewer.shape[-1] * self._work_of_a_week(group))
        for share, times in zip(group.shares, group.repeats, strict=True):
            out[left] *= week(share, times)
        return out

    def _few(self, group: Group, rest: Floats, kinds: Integers) -> NDArray[np.bool_]:
        """Return of which kinds a week counts little."""
        first, _ = self._factorial_moments(group)
        return np.asarray(first[kinds] * rest[kinds] * group.shares.max() < LITTLE)

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
            return weeks.pgf(self.activity[part], p * fewer, times)
        rows, row, scale = self.laws(weeks, group.factor)
        return np.asarray(polynomial(rows[row[part]], 1 - scale[part, None] * fewer) ** times)

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

    def pgf(
        self,
        groups: Sequence[Group],
        rest: Floats,
        y: Complexes | Floats,
        within: float = ACCURATE,
    ) -> Complexes:
        """Return E (1 - y)^N, (kind, point), as :meth:`WeeklyEntries.pgf` does."""
        mean, _ = self.moments(groups, rest)
        return np.asarray(np.exp(-mean[:, None] * y), dtype=np.complex128)

    def moments(self, groups: Sequence[Group], rest: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of the number counted, (kind,)."""
        counted = sum(group.factor * float(group.shares @ group.repeats) for group in groups)
        mean = self.rate * rest * counted
        return mean, mean


def _chunks(kinds: Integers, rows: int) -> Iterator[Integers]:
    """Yield kinds of reps, so many at a time."""
    for start in range(0, kinds.size, rows):
        yield kinds[start : start + rows]
