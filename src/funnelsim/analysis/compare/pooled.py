"""Quantiles of a quarter picked at random, exact, with errors that pair.

The quarters of a draw depend on each other, and two plans on shared luck too, so that ranks do not
give the error: the share of quarters at or below the quantile does, draw by draw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.quantiles import DEVIATIONS, Windowed

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

FEWEST, PENDING = 1 << 15, 1 << 17  # values taken in between two prunings, at least and at most
CLEAR = 5.0  # standard errors from the steps of an amount to be certain of it
BESIDE = (2.0, 3.0, 4.0)  # standard errors to either side, over which slopes are taken
BENT = 3.0  # standard deviations by which the slopes to either side differ where the law is bent


class PooledQuantile(Windowed):
    """The p-quantile of all quarters of all draws, in memory that does not grow with them.

    As :class:`funnelsim.analysis.quantiles.QuantileStream`, but the window is wide enough for
    quarters that go together: of a share of quarters with mean p the variance over draws is at most
    p (1 - p).
    """

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self._draws = 0
        self._count = 0
        self._below = 0  # values under the window
        self._low, self._high = -math.inf, math.inf
        self._fixed = False  # the window is another's to narrow
        self._values: Floats = np.empty(0)  # sorted, each once, with how often it came
        self._counts: Counts = np.empty(0, np.int64)
        self._pending: list[tuple[Floats, Counts]] = []
        self._pending_size = 0

    def add(self, values: Floats) -> None:
        """Take in a block of draws, (draw, quarter)."""
        self._draws += len(values)
        self._count += values.size
        inside = values[(values >= self._low) & (values <= self._high)]
        self._below += int(np.count_nonzero(values < self._low))
        self._keep(inside, np.ones(inside.size, np.int64))

    def fresh(self) -> PooledQuantile:
        """Return one for draws that follow, which looks where this one does now."""
        other = PooledQuantile(self.probability)
        other._low, other._high, other._fixed = self._low, self._high, True
        return other

    def merge(self, other: PooledQuantile) -> None:
        """Take in what a :meth:`fresh` one took in; the quantile is that of all values."""
        other._merge()
        self._draws += other._draws
        self._count += other._count
        first = int(np.searchsorted(other._values, self._low))
        last = int(np.searchsorted(other._values, self._high, side="right"))
        self._below += other._below + int(other._counts[:first].sum())
        self._keep(other._values[first:last], other._counts[first:last])

    def state(self) -> dict[str, Any]:
        """Return what was taken in, whole numbers and arrays; a window is not part of it."""
        self._merge()
        found = {
            "draws": self._draws, "count": self._count, "below": self._below,
            "values": self._values,
        }  # fmt: skip
        if (self._counts == 1).all():
            return found
        return found | {"counts": self._counts.astype(np.min_scalar_type(self._counts.max()))}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""
        self._draws, self._count, self._below = state["draws"], state["count"], state["below"]
        self._values = state["values"]
        self._counts = np.asarray(state.get("counts", np.ones(self._values.size)), np.int64)
        self._pending, self._pending_size = [], 0

    def value(self) -> float:
        """Return the quantile: the smallest x with P(X <= x) >= p."""
        self._merge()
        return self._at(self._count * self.probability)

    def slope(self, error: float) -> float:
        """Return by how much the quantile falls when the share at or below it rises.

        Parameters
        ----------
        error : float
            Standard error of the share of quarters at or below the quantile.

        Returns
        -------
        float
            Currency: one over the density, or more where that changes within the reach of the
            error: the largest of several slopes, and the steeper side's where the sides differ by
            more than chance explains. Intervals are then too wide rather than too narrow. 0 where
            the quantile is a value that many quarters take and p is clear of its steps; NaN where
            such steps are near or the draws too few: no normal law holds there.
        """
        self._merge()
        p, n = self.probability, self._count
        shares = (self._below + np.cumsum(self._counts)) / n
        masses = self._counts / n
        value = self.value()
        place = int(np.searchsorted(self._values, value))
        clear, reach = CLEAR * error, BESIDE[-1] * error
        if shares[place] - masses[place] < p - clear and p + clear < shares[place]:
            return 0.0
        near = (shares > p - reach) & (shares - masses < p + reach)
        if not error > 0 or masses[near].max() > max(error, 1.5 / n):
            return math.nan
        slopes = [math.nan]
        for distance in (errors * error for errors in BESIDE):
            if not 0 < p - distance < p + distance < 1:
                break
            up = (self._at(n * (p + distance)) - value) / distance
            down = (value - self._at(n * (p - distance))) / distance
            noise = math.sqrt(2 / (n * distance))  # of the ratio: two sums of so many spacings
            bent = max(up, down) > (1 + BENT * noise) * min(up, down)
            slopes.append(max(up, down) if bent else (up + down) / 2)
        return float(np.nanmax(slopes)) if len(slopes) > 1 else math.nan

    def _at(self, rank: float) -> float:
        """Return the order statistic of a rank, counted from 1; the next, the last known."""
        ranks = self._below + np.cumsum(self._counts)
        place = int(np.searchsorted(ranks, max(math.ceil(rank - 1e-9), 1)))
        return float(self._values[min(place, self._values.size - 1)])

    def _merge(self) -> None:
        """Count the pending values into the sorted ones; equal values stand once."""
        if not self._pending:
            return
        both = [(self._values, self._counts), *self._pending]
        values, every = (np.concatenate(arrays) for arrays in zip(*both, strict=True))
        self._values, where = np.unique(values, return_inverse=True)
        self._counts = np.bincount(where, weights=every, minlength=self._values.size).astype(int)
        self._pending, self._pending_size = [], 0

    def _keep(self, values: Floats, counts: Counts) -> None:
        self._pending.append((values.ravel(), counts.ravel()))
        self._pending_size += values.size
        # As many as are known already: sorting those again then takes no more than these.
        if self._pending_size > min(max(FEWEST, self._values.size), PENDING):
            self._merge()
            if not self._fixed:
                self._prune()

    def _prune(self) -> None:
        """Forget what is too far from the wanted rank to become the quantile."""
        p, quarters = self.probability, self._count / self._draws
        middle = self._count * p
        reach = quarters * (DEVIATIONS * math.sqrt(self._draws * p * (1 - p)) + 1)
        ranks = self._below + np.cumsum(self._counts)
        first = int(np.searchsorted(ranks, middle - reach))
        last = min(int(np.searchsorted(ranks, middle + reach)), self._values.size - 1)
        self._below += int(self._counts[:first].sum())
        self._low, self._high = float(self._values[first]), float(self._values[last])
        self._values = self._values[first : last + 1].copy()
        self._counts = self._counts[first : last + 1].copy()
