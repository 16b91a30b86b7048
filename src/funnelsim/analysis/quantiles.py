"""Exact quantiles of a stream, in memory that does not grow with it.

Only values near the wanted rank are kept; the rest is counted. What is "near" shrinks as the stream
grows: a value whose rank among n is further than eight standard deviations, 8 sqrt(n p (1 - p)),
from n p ends on its side of the final quantile but for a chance below 2e-15. The window holds some
16 sqrt(n p (1 - p)) values at last: 250,000 of 10^9, for a median.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from funnelsim.errors import ResourceError

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Events = npt.NDArray[np.bool_]

DEVIATIONS = 8.0  # of the rank: a value beyond them becomes the quantile with a chance below 2e-15
MARGIN = 12  # ranks beyond these: tails of few draws are heavier than a normal law's
ALL = 1 << 13  # values that are kept before there is a window
LEAST, PENDING = 1 << 10, 1 << 15  # values taken in between two narrowings, at least and at most
BYTES = 8  # of a value


def most_bytes(probability: float, count: int) -> int:
    """Return the bytes that a stream of so many values takes at most, but while it narrows.

    Examples
    --------
    >>> round(most_bytes(0.5, 10**9) / 2**20)
    2
    """
    window = 2 * (DEVIATIONS * math.sqrt(count * probability * (1 - probability)) + MARGIN)
    return int(BYTES * min(window + PENDING, count))


class Windowed:
    """What is sent to another process as its state and the window in which it looks."""

    window = ("probability", "_low", "_high", "_fixed")

    def state(self) -> dict[str, Any]:
        """Return what was taken in, whole numbers and arrays; a window is not part of it."""
        raise NotImplementedError

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Send values once, however often they came."""
        return {name: vars(self)[name] for name in self.window} | self.state()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take in what was sent."""
        vars(self).update({name: state[name] for name in self.window})
        self.restore(state)


class QuantileStream(Windowed):
    """The p-quantile of all values added: the smallest x with P(X <= x) >= p."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.count = 0
        self._low, self._high = -math.inf, math.inf  # the window
        self._fixed = False  # it is another's to narrow
        self._below = self._lows = self._highs = 0  # values under it, at its low end, at its high
        self._inside: list[Floats] = []  # values between its ends, in no order
        self._size, self._most = 0, ALL  # how many they are, and may be before it is narrowed

    def add(self, values: Floats) -> None:
        """Take in a block of values."""
        self.count += values.size
        self._take(values)
        self._narrow()

    def fresh(self) -> QuantileStream:
        """Return a stream for values that follow, which looks where this one does now."""
        stream = QuantileStream(self.probability)
        stream._low, stream._high, stream._fixed = self._low, self._high, True
        return stream

    def merge(self, other: QuantileStream) -> None:
        """Take in what a :meth:`fresh` stream took in; the quantile is that of all values."""
        self.count += other.count
        self._below += other._below
        if (other._low, other._high) == (self._low, self._high):
            self._lows, self._highs = self._lows + other._lows, self._highs + other._highs
            self._inside += other._inside
            self._size += other._size
        else:
            self._take_ends(other._low, other._lows, other._high, other._highs)
            self._take(other._values())
        self._narrow()

    def state(self) -> dict[str, Any]:
        """Return what was taken in, whole numbers and arrays; a window is not part of it."""
        inside, times = np.unique(self._values(), return_counts=True)
        values = np.concatenate([[self._low], inside, [self._high]])
        counts = np.concatenate([[self._lows], times, [self._highs]]).astype(np.int64)
        came = counts > 0
        found = {"count": self.count, "below": self._below, "values": values[came]}
        return found if (counts[came] == 1).all() else found | {"counts": counts[came]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another stream's :meth:`state` was, in place of anything else."""
        values = state["values"]
        self.count, self._below, self._lows, self._highs = state["count"], state["below"], 0, 0
        self._inside, self._size, self._most = [], 0, ALL
        self._take(values, state.get("counts", np.ones(values.size, np.int64)))

    def estimate(self) -> tuple[float, float]:
        """Return the quantile and its standard error.

        The error is a quarter of the distance between the order statistics two standard deviations
        of the rank, sqrt(n p (1 - p)), to either side (David & Nagaraja, Order Statistics, 7.1):
        wide enough to see the next step of a law of equal deals, unless that is far.
        """
        n, p = self.count, self.probability
        rank = max(math.ceil(n * p - 1e-9), 1)
        reach = 2 * math.sqrt(n * p * (1 - p))
        before, after = max(math.floor(rank - reach), 1), min(math.ceil(rank + reach), n)
        if before <= self._below or after > self._below + self._lows + self._size + self._highs:
            raise ResourceError("a quantile left its window, a chance below 2e-15: change the seed")
        found, lower, upper = self._at(rank, before, after)
        return found, (upper - lower) / 4

    def _at(self, *ranks: int) -> list[float]:
        """Return the order statistics of ranks, counted from 1; beyond the window, its end.

        Values are not sorted: a few of them are found in a fraction of the time.
        """
        values = self._values()
        places = [rank - self._below - self._lows - 1 for rank in ranks]
        if wanted := [place for place in places if 0 <= place < values.size]:
            values = np.partition(values, wanted)
        return [
            self._low if place < 0 else self._high if place >= values.size else float(values[place])
            for place in places
        ]

    def _take(self, values: Floats, counts: Counts | None = None) -> None:
        """Keep what lies inside the window, count what is at its ends and under it."""

        def number(chosen: Events) -> int:
            return int(np.count_nonzero(chosen) if counts is None else counts[chosen].sum())

        under = values < self._low
        self._below += number(under)
        near = (values <= self._high) & ~under
        values, counts = values[near], None if counts is None else counts[near]
        self._lows += number(values == self._low)
        if self._high > self._low:
            self._highs += number(values == self._high)
        between = (values > self._low) & (values < self._high)
        kept = values[between] if counts is None else np.repeat(values[between], counts[between])
        self._inside.append(kept)
        self._size += kept.size

    def _values(self) -> Floats:
        """Return the values between the ends of the window."""
        if len(self._inside) != 1:
            self._inside = [np.concatenate([np.empty(0), *self._inside])]
        return self._inside[0]

    def _narrow(self) -> None:
        """Forget what is too far from the wanted rank to become the quantile, now and then."""
        if self._fixed or self._size < self._most:
            return
        n, p = self.count, self.probability
        reach = DEVIATIONS * math.sqrt(n * p * (1 - p)) + MARGIN
        ends, inside = (self._low, self._lows, self._high, self._highs), self._values()
        self._low, self._high = self._at(math.ceil(n * p - reach), math.ceil(n * p + reach))
        self._lows = self._highs = 0
        self._inside, self._size = [], 0
        self._take_ends(*ends)
        self._take(inside)
        self._most = self._size + min(max(3 * self._size, LEAST), PENDING)

    def _take_ends(self, low: float, lows: int, high: float, highs: int) -> None:
        """Take in how often the ends of another window came."""
        if lows or highs:
            self._take(np.array([low, high]), np.array([lows, highs]))
