"""Many weeks at once: the logarithm of a week's generating function as a power series.

Weeks of one law differ in the share of their entries that is counted, and in nothing else. Of a
power series the weeks need the sums of the powers of their shares only, however many they are.
Derived in docs/background/exact.md, "The number of deals".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.twin.fourier import Complexes, Floats

Integers = NDArray[np.int64]
TERMS = 128  # of a series; as many points of the circle that it is read off
POINTS = TERMS // 2 + 1  # of the half circle that holds the rest in mirror image
FOLDED = TERMS // 8  # of the terms, the last: what is seen of those beyond
ACCURATE = 1e-13  # error of the logarithm of a product of weeks beyond which a series does not do
ROUNDING = 2e-14  # of it, that the terms left out add at most
FARTHEST = 2.0  # |y| of whoever asks: |1 - z| for |z| <= 1, and of the bounds on numbers of deals
STEPS = 2.0  # laws whose arguments reach as far, to a power of 2 ** (1 / STEPS), share a series
LEAST = 1e-30  # reach below which nothing is counted

# (rows, fewer (row, point)) -> E (1 - fewer)^n, (row, point)
Law = Callable[[Integers, Complexes], Complexes]


@dataclass(frozen=True)
class Series:
    """The logarithm of E (1 - y)^N of the number N that many weeks bring, by kind of rep.

    Attributes
    ----------
    terms : (series, term) float
        Coefficients, the sums over weeks included.
    needed : (series,) int
        How many of them count, to a power of 2.
    of : (kind,) int
        Which series a kind follows.
    reach : (kind,) float
        What y is multiplied by in it: at most 1 over ``FARTHEST``.
    accurate : (kind,) bool
        Whether it may be used.
    """

    terms: Floats
    needed: Integers
    of: Integers
    reach: Floats
    accurate: NDArray[np.bool_]

    def pgf(self, part: Integers, y: Complexes | Floats) -> Complexes:
        """Return E (1 - y)^N of some kinds, (kind, point), by Horner's rule."""
        out = np.zeros((part.size, y.shape[-1]), dtype=np.result_type(y, np.float64))
        needed = self.needed[self.of[part]]
        for count in np.unique(needed).tolist():
            rows = np.flatnonzero(needed == count)
            reached = self.reach[part[rows], None] * (y if y.ndim == 1 else y[rows])
            sums = np.zeros_like(reached)
            for column in self.terms[self.of[part[rows]], :count].T[::-1]:
                sums += column[:, None]
                sums *= reached
            out[rows] = sums
        return np.asarray(np.exp(out), dtype=np.complex128)


def kinds_of(rows: Integers, reach: Floats) -> tuple[Integers, Floats, Integers]:
    """Return what needs a series of its own: its row, how far it reaches, and who follows it.

    Examples
    --------
    >>> rows, farthest, of = kinds_of(np.array([0, 1, 1, 1]), np.array([1.0, 1.0, 0.9, 0.2]))
    >>> rows.tolist(), farthest.tolist(), of.tolist()
    ([0, 1, 1], [1.0, 0.25, 1.0], [0, 2, 2, 1])
    """
    octaves = np.ceil(STEPS * np.log2(np.maximum(reach, LEAST)) - 1e-9).astype(np.int64)
    lowest = octaves.min()
    different = int(octaves.max() - lowest) + 1
    pairs, of = np.unique(rows * different + octaves - lowest, return_inverse=True)
    return pairs // different, 2.0 ** ((pairs % different + lowest) / STEPS), of


def logarithm(law: Law, rows: Integers, farthest: Floats) -> Floats:
    """Return the terms of log E (1 - farthest x)^n in powers of x, (row, term).

    Read off the circle |x| = 1. Terms of higher powers fold back onto these, and where it is not
    analytic within the circle, or its branch is lost, none are small.
    """
    circle = np.exp(-1j * np.pi * np.arange(POINTS) / (POINTS - 1))
    with np.errstate(all="ignore"):  # what does not converge is not used
        values = law(rows, np.multiply.outer(farthest, circle))
        logs = np.log(np.abs(values)) + 1j * np.unwrap(np.angle(values), axis=1)
        return np.asarray(np.fft.irfft(logs, TERMS))


def summed(terms: Floats, of: Integers, reach: Floats, shares: Floats, repeats: Floats) -> Series:
    """Return the series of the number that many weeks bring.

    Parameters
    ----------
    terms : (series, term) float
        Of one week (:func:`logarithm`).
    of : (kind,) int
    reach : (kind,) float
        What y times the share is multiplied by in it.
    shares, repeats : (share,) float
        Shares that are counted, and how many weeks have them.
    """
    most = float(shares.max())
    powers = np.multiply.accumulate(np.tile(shares[:, None] / most, TERMS - 1), axis=1)
    powers = np.einsum("w,wt->t", repeats, powers)
    folded = np.abs(terms[:, -FOLDED:]).max(axis=1)
    accurate = folded * powers[0] <= ACCURATE  # not so where it is no number
    terms = terms[:, 1:] * powers
    left_out = np.cumsum(np.abs(terms[:, ::-1]), axis=1)
    needed = np.maximum(np.count_nonzero(left_out > ROUNDING, axis=1), 1)
    needed = 2 ** np.ceil(np.log2(needed)).astype(np.int64)
    return Series(terms, needed, of, most * reach, accurate[of])


def through_nodes(
    week: Callable[[float], Complexes | Floats],
    shares: Floats,
    repeats: Floats,
    nodes: int,
    within: float = ACCURATE,
) -> tuple[Complexes | Floats, NDArray[np.bool_]]:
    """Return the product of many weeks, (kind, point), from a few, and where it is accurate.

    The logarithm of a week is interpolated in its share at Chebyshev nodes. Its branch is followed
    from small shares on, where it is near 0; the size of the last coefficients tells the error.

    Parameters
    ----------
    week : callable
        Share -> generating function, (kind, point).
    shares, repeats : (share,) float
        Shares that are counted, and how many weeks have them.
    nodes : int
    within : float
        Error that is accurate enough: of what is at most 1, relative of what is more.
    """
    places, weights = condensed(shares, repeats, nodes)
    last = np.cos(np.multiply.outer(np.arange(nodes - 2, nodes), _angles(nodes))) * 2 / nodes
    total: Complexes | Floats = np.zeros(1)
    coefficients, turned = total, np.zeros(1)
    with np.errstate(all="ignore"):  # a function that is infinite somewhere stays so
        for node in range(nodes)[::-1]:
            log = np.log(week(float(places[node])))
            if np.iscomplexobj(log):
                log.imag += 2 * np.pi * np.round((turned - log.imag) / (2 * np.pi))
                turned = log.imag
            total = total + weights[node] * log
            coefficients = coefficients + np.multiply.outer(last[:, node], log)
        product = np.exp(total)
        error = np.abs(coefficients).sum(axis=0) * np.minimum(np.abs(product), 1.0)
        counted = float(repeats @ shares) / float(shares.max())
        return product, ~(error.max(axis=1) * counted > within)


def condensed(shares: Floats, repeats: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Return a few nodes and weights that integrate like so many repeats of so many shares."""
    half = float(shares.max()) / 2
    angles, degrees = _angles(nodes), np.arange(nodes)
    places = np.arccos(np.clip(shares / half - 1, -1.0, 1.0))
    moments = np.einsum("ds,s->d", np.cos(np.multiply.outer(degrees, places)), repeats)
    moments[0] /= 2
    weights = np.einsum("nd,d->n", np.cos(np.multiply.outer(angles, degrees)), moments)
    return half * (1 + np.cos(angles)), weights * 2 / nodes


def _angles(nodes: int) -> Floats:
    return np.asarray(np.pi * (np.arange(nodes) + 0.5) / nodes)
