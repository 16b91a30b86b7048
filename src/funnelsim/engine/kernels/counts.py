"""Laws of counts that are tabulated: of activities in a week, of windfalls in a quarter."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    FOUR,
    NONE,
    ONE,
    SMALLEST_WEIGHT,
    THREE,
    TWO,
    TWO_32,
    USUAL,
    VECTOR,
    ZERO,
)


class Tables(NamedTuple):
    """Laws of counts, a row each; described where they are filled in."""

    firsts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    cumulative: npt.NDArray[np.float64]
    guide: npt.NDArray[np.uint64]
    usual: npt.NDArray[np.int64]  # where a law exceeds USUAL
    means: npt.NDArray[np.float64]
    shape: npt.NDArray[np.float64]  # of all; 0 for Poisson laws
    weights: npt.NDArray[np.float64]  # of what follows the last that is tabulated, or 0
    steps: npt.NDArray[np.float64]  # (n + shape) / (n + 1)
    ratios: npt.NDArray[np.float64]  # room
    ends: npt.NDArray[np.int64]


@inlined
def step_up(n, mean, shape):
    """Return pmf(n + 1) / pmf(n): Poisson where ``shape`` is 0, else negative binomial."""
    if shape == 0.0:
        return mean / (n + 1.0)
    return (n + shape) / (n + 1.0) * (mean / (mean + shape))


@called
def fill_even(at, tables):
    """Tabulate a law as row ``at``, all of it.

    Weights grow from 1 at the mode, so that no mean under- or overflows; they are divided by their
    sum in the end. What is left out below and above is below 1e-15; a law longer than the array is
    cut there.
    """
    cumulative, ratios = tables.cumulative, tables.ratios
    mean, shape = tables.means[at], tables.shape[0]
    mode = np.int64(mean) if shape == 0.0 else np.int64(max(0.0, mean - mean / shape))
    first = mode
    weight = 1.0
    while first > 0 and weight > 1e-20:
        first -= 1
        weight /= step_up(np.float64(first), mean, shape)
    limit = 0.0 if shape == 0.0 else mean / (mean + shape)
    total, length, size, done = 0.0, NONE, np.uint64(cumulative.shape[1]), False
    while length < size and not done:
        n = np.float64(first + np.int64(length))
        for j in range(np.uint64(64)):  # SIMD: divisions ahead of the chain of products
            ratios[j] = step_up(n + np.float64(np.int64(j)), mean, shape)
        for j in range(min(np.uint64(64), size - length)):
            total += weight
            cumulative[at, length] = total
            length += ONE
            ratio = ratios[j]
            larger = max(ratio, limit)
            rest = weight * larger < 1e-15 * total * (1.0 - larger)
            if rest and first + np.int64(length) > mode + 1:
                done = True
                break
            weight *= ratio
    for j in range(length):
        cumulative[at, j] /= total
    while length > 1 and cumulative[at, length - TWO] > 1.0 - 0.25 * TWO_32:
        length -= ONE  # no uniform asks for more
    tables.firsts[at], tables.lengths[at], tables.weights[at] = first, np.int64(length), 0.0


@inlined
def fill_steps(tables):
    """Fill in the part of the ratio of neighbouring probabilities that all uneven laws share."""
    for j in range(np.uint64(tables.steps.size)):
        n = np.float64(np.int64(j))
        tables.steps[j] = (n + tables.shape[0]) / (n + 1.0)


@called
def fill_uneven(a, b, c, d, tables):
    """Tabulate negative binomial laws as four rows, as far as most of their weeks go.

    Four at once, since each number waits for the one before. Their tails are long and rarely asked
    for: ``lengthen``. ``weights`` holds the probabilities of 0.
    """
    cumulative, steps, means, weights = (
        tables.cumulative, tables.steps, tables.means, tables.weights,
    )  # fmt: skip
    shape, length, size = tables.shape[0], NONE, np.uint64(cumulative.shape[1])
    odds_a, odds_b = means[a] / (means[a] + shape), means[b] / (means[b] + shape)
    odds_c, odds_d = means[c] / (means[c] + shape), means[d] / (means[d] + shape)
    weight_a, weight_b, weight_c, weight_d = weights[a], weights[b], weights[c], weights[d]
    total_a, total_b, total_c, total_d = 0.0, 0.0, 0.0, 0.0
    while length < size and min(total_a, total_b, total_c, total_d) < USUAL:
        for j in range(length, min(length + VECTOR, size)):
            total_a += weight_a
            total_b += weight_b
            total_c += weight_c
            total_d += weight_d
            cumulative[a, j], cumulative[b, j] = total_a, total_b
            cumulative[c, j], cumulative[d, j] = total_c, total_d
            step = steps[j]
            weight_a *= step * odds_a
            weight_b *= step * odds_b
            weight_c *= step * odds_c
            weight_d *= step * odds_d
        length = min(length + VECTOR, size)
    weights[a], weights[b], weights[c], weights[d] = weight_a, weight_b, weight_c, weight_d
    for row in (a, b, c, d):
        tables.firsts[row], tables.lengths[row] = ZERO, np.int64(length)


@called
def lengthen(u, at, tables):
    """Tabulate row ``at`` on until u is reached, where there is more; return the place."""
    cumulative, mean, shape = tables.cumulative, tables.means[at], tables.shape[0]
    j, weight = np.uint64(tables.lengths[at] - 1), tables.weights[at]
    total, last = cumulative[at, j], np.uint64(cumulative.shape[1]) - ONE
    while u >= total and j < last and weight > 0.0:
        j += ONE
        total += weight
        cumulative[at, j] = total
        weight *= step_up(np.float64(np.int64(j)), mean, shape)
    tables.lengths[at], tables.weights[at] = np.int64(j) + 1, weight
    return j


@called
def fill_guide(at, tables):
    """Fill in where a search in row ``at`` begins, and where the law exceeds USUAL.

    ``guide[at, g]`` is how many of its probabilities do not exceed g / G: the last one that ends in
    a cell leaves its number there, and empty cells take that of the one before.
    """
    cumulative, guide, ends = tables.cumulative, tables.guide, tables.ends
    length, last_cell = np.uint64(tables.lengths[at]), np.int64(guide.shape[1]) - 1
    scale, usual = np.float64(last_cell), ZERO
    for g in range(np.uint64(last_cell)):
        guide[at, g] = NONE
    for j in range(length):  # SIMD
        below = cumulative[at, j]
        usual += np.int64(below < USUAL)
        ends[j] = min(np.int64(math.ceil(below * scale)), last_cell)
    for j in range(length):
        guide[at, np.uint64(ends[j])] = j + ONE
    before = NONE
    for g in range(np.uint64(last_cell)):
        before = max(before, guide[at, g])
        guide[at, g] = min(before, length - ONE)
    tables.usual[at] = min(usual, np.int64(length) - 1)


@called
def tabulate(n, tables):
    """Tabulate the laws of the first n of ``means``: Poisson or, with a ``shape``, uneven.

    cumulative[row, j] = P(N <= first + j) for j < length; ``guide[row, g]`` is where to begin a
    search for u in [g, g + 1) / G, ``usual[row]`` where the law exceeds USUAL.
    """
    shape, last = tables.shape[0], n - ONE
    if shape > 0.0:
        for row in range(n):
            tables.weights[row] = math.exp(-shape * math.log1p(tables.means[row] / shape))
        for row in range(NONE, n, FOUR):
            fill_uneven(
                row, min(row + ONE, last), min(row + TWO, last), min(row + THREE, last), tables
            )
    for row in range(n):
        if shape == 0.0 or tables.cumulative[row, 0] <= SMALLEST_WEIGHT:
            fill_even(row, tables)
        fill_guide(row, tables)


@inlined
def count_quantile(u, at, tables):
    """Return the smallest n with P(N <= n) > u of the law tabulated as row ``at``."""
    cumulative, last = tables.cumulative, np.uint64(tables.lengths[at] - 1)
    j = np.uint64(tables.guide[at, np.uint64(np.int64(u * (tables.guide.shape[1] - 1)))])
    j += np.uint64((u >= cumulative[at, j]) & (j < last))  # rarely more: hence without a branch
    while u >= cumulative[at, j] and j < last:
        j += ONE
    if u >= cumulative[at, j]:
        j = lengthen(u, at, tables)
    return tables.firsts[at] + np.int64(j)
