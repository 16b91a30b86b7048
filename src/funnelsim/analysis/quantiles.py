"""Exact quantiles of a stream, in memory that does not grow with it.

Only values near the wanted rank are kept; the rest is counted. What is "near" shrinks as the stream
grows: a value whose rank among n is further than eight standard deviations, 8 sqrt(n p (1 - p)),
from n p ends on its side of the final quantile but for a chance below 2e-15.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from funnelsim.errors import ResourceError

Floats = npt.NDArray[np.float64]

DEVIATIONS = 8.0
PENDING = 1 << 17  # values taken in between two prunings


class QuantileStream:
    """The p-quantile of all values added: the smallest x with P(X <= x) >= p."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.count = 0
        self._below = 0  # values under the window
        self._low, self._high = -math.inf, math.inf
        self._values: Floats = np.empty(0)
        self._counts: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._pending: list[Floats] = []
        self._pending_size = 0

    def add(self, values: Floats) -> None:
        """Take in a block of values."""
        self.count += values.size
        if self._low > -math.inf:
            self._below += int(np.count_nonzero(values < self._low))
        inside = values[(values >= self._low) & (values <= self._high)]
        self._pending.append(inside)
        self._pending_size += inside.size
        if self._pending_size > PENDING:
            self._prune()

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

    def _merge(self) -> None:
        """Count the pending values into the sorted ones; equal values stand once."""
        if not self._pending:
            return
        fresh, counts = np.unique(np.concatenate(self._pending), return_counts=True)
        values = np.concatenate([self._values, fresh])
        self._values, where = np.unique(values, return_inverse=True)
        every = np.concatenate([self._counts, counts])
        self._counts = np.bincount(where, weights=every, minlength=self._values.size).astype(int)
        self._pending, self._pending_size = [], 0

    def _prune(self) -> None:
        """Forget what is too far from the wanted rank to become the quantile."""
        self._merge()
        n, p = self.count, self.probability
        reach = DEVIATIONS * math.sqrt(n * p * (1 - p)) + 1
        ranks = self._below + np.cumsum(self._counts)
        first = int(np.searchsorted(ranks, n * p - reach))
        last = min(int(np.searchsorted(ranks, n * p + reach)), self._values.size - 1)
        self._below += int(self._counts[:first].sum())
        self._low, self._high = float(self._values[first]), float(self._values[last])
        self._values = self._values[first : last + 1].copy()
        self._counts = self._counts[first : last + 1].copy()
