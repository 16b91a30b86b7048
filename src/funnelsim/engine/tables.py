"""Quantile tables: any continuous law as one monotone piecewise cubic, good to 2e-8.

Segments follow the binary exponent of the tail probability t = min(u, 1 - u), so that both tails
are resolved down to t = 2^-33, the smallest that a 32-bit word can ask for. Inside an octave there
are 2^bits equal segments, each a cubic Hermite polynomial with the exact quantile and slope at its
ends, limited to stay monotone (Fritsch & Carlson 1980, SIAM J. Numer. Anal. 17(2), 238-246).

The tables belong to the random stream: changing them is a new ``STREAM_VERSION``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
# From a tail probability to the quantile and its slope there; the flag asks for the upper tail.
TailQuantile = Callable[[Array, bool], tuple[Array, Array]]

OCTAVES = 32
FEWEST_BITS, MOST_BITS = 5, 12
TOLERANCE = 1.5e-8


@lru_cache(maxsize=64)  # a sweep asks for the same few laws again and again
def table_of(family: str, *parameters: float) -> tuple[Array, int]:
    """Return the table of a law by name: normal, lognormal (cv), gamma (cv) or beta (mean, cv).

    Returns as :func:`quantile_table`; the coefficients are read-only.
    """
    families: dict[str, Callable[..., TailQuantile]] = {
        "normal": lambda: normal,
        "lognormal": lognormal,
        "gamma": gamma,
        "beta": beta,
    }
    coefficients, bits = quantile_table(families[family](*parameters))
    coefficients.flags.writeable = False
    return coefficients, bits


def quantile_table(law: TailQuantile) -> tuple[Array, int]:
    """Tabulate a law.

    Parameters
    ----------
    law : callable
        ``law(t, upper)`` gives the quantile with probability t below it (above it where
        ``upper``), and its derivative in t.

    Returns
    -------
    coefficients : (2 * 32 * 2**bits, 4) float
        Of each segment, lowest power first; lower tail first, octaves upwards from 2^-33.
    bits : int
        Binary digits of the segment inside an octave: the fewest that keep the error below 1.5e-8
        of the quantile, or of a millionth of the mean where the quantile is less than that.
    """
    for bits in range(FEWEST_BITS, MOST_BITS + 1):
        pieces = [_tail(law, bits, upper) for upper in (False, True)]
        if bits == MOST_BITS or max(error for _, error in pieces) <= TOLERANCE:
            break
    return np.ascontiguousarray(np.concatenate([piece for piece, _ in pieces])), bits


def normal(t: Array, upper: bool) -> tuple[Array, Array]:
    """Quantile of the standard normal."""
    inverse = NormalDist().inv_cdf
    z = np.array([inverse(tail) for tail in t.tolist()])
    slope = math.sqrt(2 * math.pi) * np.exp(z * z / 2)
    return (-z, -slope) if upper else (z, slope)


def lognormal(cv: float) -> TailQuantile:
    """Quantile of the lognormal with mean 1."""
    variance = math.log1p(cv * cv)
    sigma = math.sqrt(variance)

    def law(t: Array, upper: bool) -> tuple[Array, Array]:
        z, slope = normal(t, upper)
        x = np.exp(sigma * z - variance / 2)
        return x, x * sigma * slope

    return law


def gamma(cv: float) -> TailQuantile:
    """Quantile of the gamma law with mean 1."""
    from scipy import special

    shape = 1 / (cv * cv)

    def law(t: Array, upper: bool) -> tuple[Array, Array]:
        inverse = special.gammainccinv if upper else special.gammaincinv
        y = inverse(shape, t)
        with np.errstate(divide="ignore", over="ignore"):
            density = np.exp((shape - 1) * np.log(y) - y - special.gammaln(shape))
        slope = np.where((y > 0) & (density > 0) & np.isfinite(density), 1 / density, 0.0)
        return y / shape, (-slope if upper else slope) / shape

    return law


def beta(mean: float, cv: float) -> TailQuantile:
    """Quantile of the Beta law with this mean and coefficient of variation."""
    from scipy import special

    total = (1 - mean) / (mean * cv * cv) - 1
    a, b = mean * total, (1 - mean) * total

    def law(t: Array, upper: bool) -> tuple[Array, Array]:
        inverse = special.betainccinv if upper else special.betaincinv
        x = inverse(a, b, t)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            density = np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - special.betaln(a, b))
            slope = np.where(np.isfinite(density) & (density > 0), 1 / density, 0.0)
        return x, -slope if upper else slope

    return law


def _tail(law: TailQuantile, bits: int, upper: bool) -> tuple[Array, float]:
    """Return one tail's segments and their largest relative error between the nodes."""
    segments = 1 << bits
    octave = np.arange(OCTAVES).repeat(segments)
    place = np.tile(np.arange(segments), OCTAVES)
    width = np.ldexp(1.0, octave - 33) / segments
    left = np.ldexp(1.0, octave - 33) + place * width
    nodes = np.append(left, 0.5)
    value, slope = law(nodes, upper)
    rise = np.diff(value)
    limit = 3 * np.abs(rise)
    sign = -1.0 if upper else 1.0
    start = sign * np.minimum(np.abs(slope[:-1]) * width, limit)
    end = sign * np.minimum(np.abs(slope[1:]) * width, limit)
    coefficients = np.stack([value[:-1], start, 3 * rise - 2 * start - end, start + end - 2 * rise])
    worst = 0.0
    for x in (0.25, 0.5, 0.75):
        truth, _ = law(left + x * width, upper)
        found = coefficients[0] + x * (
            coefficients[1] + x * (coefficients[2] + x * coefficients[3])
        )
        scale = np.maximum(np.abs(truth), 1e-6)
        worst = max(worst, float(np.max(np.abs(found - truth) / scale)))
    return coefficients.T, worst
