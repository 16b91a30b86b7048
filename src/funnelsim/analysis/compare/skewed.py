"""Standard errors of means of skewed amounts, wide enough for intervals to cover as they say.

A shortfall that is rare is 0 on most draws and large on a few. Its mean and the spread of its draws
then go together: runs that happen to miss few of them believe themselves too precise, and intervals
of 1.96 standard errors cover the truth less often than they say.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Z = 1.959964  # of a 95 % interval
FEWEST = 20  # draws that are not all the same amount, below which no error is trusted


class Skewness:
    """Moments over draws of some amounts, (...), on which errors of their means depend."""

    def __init__(self) -> None:
        self.draws = 0
        self._centre = np.empty(0)
        self._powers = np.empty(0)
        self._others = np.empty(0)

    def add(self, values: Floats) -> None:
        """Take in a block of draws, (draw, ...)."""
        if not self.draws:
            self._centre = values.mean(axis=0)
            self._powers = np.zeros((4, *values.shape[1:]))
            self._others = np.zeros(values.shape[1:])
        self.draws += len(values)
        self._others += np.count_nonzero(values, axis=0)
        off = values - self._centre
        square = off * off
        for place, power in enumerate((off, square, square * off, square * square)):
            self._powers[place] += power.sum(axis=0)

    def widening(self) -> Floats:
        """Return by how much to widen standard errors of the means, (...); NaN: too few draws.

        Notes
        -----
        Of n draws with skewness g and excess k, |mean - truth| is below z standard errors with the
        probability 2 Phi(z) - 1 + 2 phi(z) z q / n, q = k (z^2 - 3) / 12 - g^2 (z^4 + 2 z^2 - 3) /
        18 - (z^2 + 1) / 4, to the order 1 / n (Hall, The Bootstrap and Edgeworth Expansion, 1992,
        2.6, there with n in place of n - 1 in the error). Widened by 1 - q / n, 95 % intervals
        cover to that order.
        """
        n = self.draws
        first, second, third, fourth = self._powers / n
        variance = second - first**2
        cubes = third - 3 * first * second + 2 * first**3
        fourths = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
        with np.errstate(divide="ignore", invalid="ignore"):
            skewness, excess = cubes**2 / variance**3, fourths / variance**2 - 3
        q = (excess * (Z**2 - 3) / 12 - skewness * (Z**4 + 2 * Z**2 - 3) / 18) - (Z**2 + 1) / 4
        wider = np.where(variance > 0, np.maximum(1 - q / n, 1.0), 1.0)
        return np.where(self._others < min(FEWEST, n), np.nan, wider)
