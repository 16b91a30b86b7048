"""Distribution functions from transforms: Fourier inversion on a line, without a lattice.

The sum that approximates the inversion integral differs from it by less than exp(-30); what is cut
off its tail is what the reported error measures. Derived in docs/background/exact.md, "From
transforms to probabilities".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Transform = Callable[[Complexes], Complexes]

# Small sums of products are written as einsum: BLAS would wake its threads for each of them, which
# on a busy machine costs a hundred times the work.

DAMPING = 30.0  # exp(-DAMPING) is what later periods leak into the first
PERIODS = 4.0  # period of the Fourier series over the largest argument; bounds rounding
SCALE = 8.0  # arguments below limit / SCALE get a line of their own
NOISE = 1e-11  # rounding and leaks together, of a probability or relative to the argument
FEWEST, MOST = 1_024, 16_384  # points of a line
MOST_BYTES = 1 << 30  # memory that a question may take; what would take more is refused


class Line:
    """The points s at which transforms are evaluated for arguments in (limit / SCALE, limit].

    Attributes
    ----------
    s : (point,) complex
        The points, real parts positive.
    """

    def __init__(self, limit: float, points: int) -> None:
        period = PERIODS * limit
        k = np.arange(points)
        self.s: Complexes = np.asarray((DAMPING + 2j * np.pi * k) / period, dtype=np.complex128)
        weights = np.full(points, 2 / period)
        weights[0] /= 2
        self._filters = np.stack([weights * _taper(k, points), weights * _taper(k, points // 2)])

    def weights(self, order: int) -> Complexes:
        """Return weights w that turn a transform into its law, (fine | coarse, point).

        The real part of the sum of w transform(s) exp(s t) is the density at t (order 0),
        P(X <= t) (order 1) or E max(t - X, 0) (order 2).
        """
        return self._filters / self.s**order


def scale_of(argument: float) -> int:
    """Return the number of the line that serves an argument: its limit is SCALE ** number."""
    return int(scales_of(np.array([argument]))[0])


def scales_of(arguments: Floats) -> NDArray[np.int64]:
    """Return the numbers of the lines that serve several arguments."""
    return np.ceil(np.log(arguments) / math.log(SCALE) - 1e-12).astype(np.int64)


@lru_cache(maxsize=64)
def line(scale: float, points: int) -> Line:
    """Return the line of a scale, shared by all who ask for it."""
    return Line(SCALE**scale, points)


def _taper(k: NDArray[np.int64], points: int) -> Floats:
    """Return 1 for the first points falling smoothly to 0 for the last.

    The kernel that belongs to it is sinc times Gaussian, so that a singularity at distance d of
    the argument is seen through exp(-(pi points d / (12 period))^2) only.
    """
    half = points / 2
    return np.asarray(special.erfc(6 * (k - half) / half) / 2, dtype=np.float64)
