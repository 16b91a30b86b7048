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

DEVIATIONS = 8.0
PENDING = 1 << 15  # values taken in between two prunings
BYTES = 16  # of a value and how often it came


def most_bytes(probability: float, count: int) -> int:
    """Return the bytes that a stream of so many values takes at most, but while it sorts.

    Examples
    --------
    >>> round(most_bytes(0.5, 10**9) / 2**20)
    4
    """
    window = 2 * DEVIATIONS * math.sqrt(count * probability * (1 - probability)) + 2
    return int(BYTES * min(window + PENDING, count))


class QuantileStream:
    """The p-quantile of all values added: the smallest x with P(X <= x) >= p."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.count = 0
        self._below = 0  # values under the window
        self._low, self._high = -math.inf, math.inf
        self._fixed = False  # the window is another's to close
        self._values: Floats = np.empty(0)  # sorted, each once, with how often it came
        self._counts: Counts = np.empty(0, np.int64)
        self._pending: list[tuple[Floats, Counts]] = []
        self._pending_size = 0

    def add(self, values: Floats) -> None:
        """Take in a block of values."""
        self.count += values.size
        if self._low > -math.inf:
            self._below += int(np.count_nonzero(values < self._low))
        inside = values[(values >= self._low) & (values <= self._high)]
        self._keep(inside, np.ones(inside.size, np.int64))

    def fresh(self) -> QuantileStream:
        """Return a stream for values that follow, which looks where this one does now."""
        stream = QuantileStream(self.probability)
        stream._low, stream._high, stream._fixed = self._low, self._high, True
        return stream

    def merge(self, other: QuantileStream) -> None:
        """Take in what a :meth:`fresh` stream took in; the quantile is that of all values."""
        other._merge()
        self.count += other.count
        first = int(np.searchsorted(other._values, self._low))
        last = int(np.searchsorted(other._values, self._high, side="right"))
        self._below += other._below + int(other._counts[:first].sum())
        self._keep(other._values[first:last], other._counts[first:last])

    def state(self) -> dict[str, Any]:
        """Return what was taken in, whole numbers and arrays; a window is not part of it."""
        self._merge()
        found = {"count": self.count, "below": self._below, "values": self._values}
        return found if (self._counts == 1).all() else found | {"counts": self._counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another stream's :meth:`state` was, in place of anything else."""
        self.count, self._below, self._values = state["count"], state["below"], state["values"]
        self._counts = state.get("counts", np.ones(self._values.size, np.int64))
        self._pending, self._pending_size = [], 0

    def __getstate__(self) -> dict[str, Any]:
        """Send values once, however often they came."""
        window = {name: vars(self)[name] for name in ("probability", "_low", "_high", "_fixed")}
        return window | self.state()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take in what was sent."""
        for name in ("probability", "_low", "_high", "_fixed"):
            setattr(self, name, state[name])
        self.restore(state)

    def estimate(self) -> tuple[float, float]:
        """Return the quantile and its standard error.

        The error is a quarter of the distance between the order statistics two standard deviations
        of the rank, sqrt(n p (1 - p)), to either side (David & Nagaraja, Order Statistics, 7.1):
        wide enough to see the next step of a law of equal deals, unless that is far.
        """
        self._merge()
        n, p = self.count, self.probability
        rank = max(math.ceil(n * p - 1e-9), 1)
        reach = 2 * math.sqrt(n * p * (1 - p))
        spread = self._at(math.ceil(rank + reach)) - self._at(math.floor(rank - reach))
        return self._at(rank), spread / 4

    def _at(self, rank: int) -> float:
        """Return the order statistic of a rank, counted from 1."""
        rank = min(max(rank, 1), self.count)
        place = int(np.searchsorted(np.cumsum(self._counts), rank - self._below))
        if rank <= self._below or place >= self._values.size:
            raise ResourceError("a quantile left its window, a chance below 2e-15: change the seed")
        return float(self._values[place])

    def _keep(self, values: Floats, counts: Counts) -> None:
        self._pending.append((values, counts))
        self._pending_size += values.size
        if self._pending_size > PENDING:
            self._merge()
            if not self._fixed:
                self._prune()

    def _merge(self) -> None:
        """Count the pending values into the sorted ones; equal values stand once."""
        if not self._pending:
            return
        both = [(self._values, self._counts), *self._pending]
        values, counts = (np.concatenate(arrays) for arrays in zip(*both, strict=True))
        order = np.argsort(values)
        values = values[order]
        new = np.ones(values.size, bool)
        new[1:] = values[1:] != values[:-1]
        firsts = np.flatnonzero(new)
        self._values = values[firsts]
        self._counts = np.add.reduceat(counts[order], firsts) if firsts.size else counts
        self._pending, self._pending_size = [], 0

    def _prune(self) -> None:
        """Forget what is too far from the wanted rank to become the quantile."""
        n, p = self.count, self.probability
        reach = DEVIATIONS * math.sqrt(n * p * (1 - p)) + 1
        ranks = self._below + np.cumsum(self._counts)
        first = int(np.searchsorted(ranks, n * p - reach))
        last = min(int(np.searchsorted(ranks, n * p + reach)), self._values.size - 1)
        self._below += int(self._counts[:first].sum())
        self._low, self._high = float(self._values[first]), float(self._values[last])
        self._values = self._values[first : last + 1].copy()
        self._counts = self._counts[first : last + 1].copy()
