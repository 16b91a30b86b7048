"""Sums of amounts that share a common unit: exact arithmetic on its multiples.

Derived in docs/background/exact.md, "Amounts with a common unit".
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import DAMPING, PERIODS, Complexes, Floats

LONGEST = 1 << 21  # units up to the largest argument
FINEST = 10_000  # parts of a currency unit that amounts may be stated in


def common_unit(amounts: Floats) -> float:
    """Return the largest unit of which every amount is a multiple.

    Raises
    ------
    NotCoveredError
        Where amounts have more than four decimals.
    """
    parts = np.round(amounts * FINEST)
    if np.any(np.abs(parts - amounts * FINEST) > 1e-6 * np.maximum(parts, 1) ** 0.5):
        raise NotCoveredError(
            "amounts have no common unit of at least 0.0001: round them, or state a continuous law"
        )
    return float(Fraction(math.gcd(*(int(part) for part in np.unique(parts))), FINEST))


class Lattice:
    """Circle of damped roots of unity on which laws of multiples of the unit are multiplied.

    Attributes
    ----------
    unit : float, currency
    length : int
        Multiples 0 .. length - 1 are told apart.
    size : int
        Points of the circle.
    """

    def __init__(self, unit: float, largest: float) -> None:
        self.unit = unit
        self.length = int(largest / unit) + 2
        if self.length > LONGEST:
            raise NotCoveredError(
                f"the amounts' common unit of {unit:g} is too fine for sums of {largest:,.0f}: "
                "round the amounts, or state a continuous law"
            )
        self.size = 1 << math.ceil(math.log2(PERIODS * self.length))
        self._damp = np.exp(-DAMPING / self.size * np.arange(self.length))

    def transform(self, amounts: Floats, probabilities: Floats) -> Complexes:
        """Return the transform of a law; amounts beyond the largest are dropped."""
        places = np.round(amounts / self.unit).astype(np.int64)
        kept = places < self.length
        masses = np.bincount(places[kept], probabilities[kept], minlength=self.length)
        return np.fft.rfft(masses * self._damp, self.size)

    def weights(self, gain: Floats) -> Complexes:
        """Return weights w: the real sum of w transform is E gain[sum / unit], by Parseval."""
        weights = np.conj(np.fft.rfft(gain / self._damp, self.size)) * (2 / self.size)
        weights[[0, -1]] /= 2  # all others stand for two points of the circle
        return np.asarray(weights)
