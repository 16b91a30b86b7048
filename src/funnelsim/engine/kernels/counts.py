"""Laws of counts that are tabulated: of activities in a week, of windfalls in a quarter."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    CERTAIN,
    FOUR,
    MARGIN,
    NEVER,
    NONE,
    ONE,
    SMALLEST_WEIGHT,
    THREE,
    TWO,
    USUAL,
    VECTOR,
    WINDOW,
    ZERO,
)


class Tables(NamedTuple):
    """Laws of counts, a row each; described where they are filled in."""

    firsts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    cumulative: npt.NDArray[np.float64]
    usual: npt.NDArray[np.int64]  # where a law exceeds USUAL
    centers: npt.NDArray[np.float64]  # where searches begin
    spreads: npt.NDArray[np.float64]
    guide: npt.NDArray[np.float64]
    guided: npt.NDArray[np.float64]  # of the law it was made for: where its mean is, its deviation
    means: npt.NDArray[np.float64]
    shape: npt.NDArray[np.float64]  # of all; 0 for Poisson laws
    weights: npt.NDArray[np.float64]  # of what follows the last that is tabulated, or 0
    steps: npt.NDArray[np.float64]  # see fill_steps
    ratios: npt.NDArray[np.float64]  # room


@inlined
def step_up(n, mean, shape):
    """Return pmf(n + 1) / pmf(n): Poisson where ``shape`` is 0, else negative binomial."""
    if shape == 0.0:
        return mean / (n + 1.0)
    return (n + shape) / (n + 1.0) * (mean / (mean + shape))


@inlined
def odds_of(at, tables):
    """Return the part of that ratio which ``fill_steps`` leaves out."""
    mean, shape = tables.means[at], tables.shape[0]
    return mean if shape == 0.0 else mean / (mean + shape)


@called
def fill_alone(at, tables):
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
    total, length, size, done = 0.0, NONE, room_of(tables), False
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
    while length > 1 and cumulative[at, length - TWO] > CERTAIN:
        length -= ONE  # no uniform asks for more
    tables.firsts[at], tables.lengths[at], tables.weights[at] = first, np.int64(length), 0.0


@inlined
def fill_steps(tables):
    """Fill in the part of the ratio of neighbouring probabilities that laws of any mean share."""
    shape = tables.shape[0]
    for j in range(np.uint64(tables.steps.size)):
        n = np.float64(np.int64(j))
        tables.steps[j] = (n + shape if shape > 0.0 else 1.0) / (n + 1.0)


@called
def fill_four(a, b, c, d, enough, tables):
    """Tabulate laws from 0 on as four rows, until they exceed ``enough``.

    Four at once, since each number waits for the one before. ``weights`` holds the probabilities of
    0; what follows, long and rarely asked for where weeks are uneven, is left to ``lengthen``.
    """
    cumulative, steps, weights = tables.cumulative, tables.steps, tables.weights
    length, size = NONE, room_of(tables)
    odds_a, odds_b = odds_of(a, tables), odds_of(b, tables)
    odds_c, odds_d = odds_of(c, tables), odds_of(d, tables)
    weight_a, weight_b, weight_c, weight_d = weights[a], weights[b], weights[c], weights[d]
    total_a, total_b, total_c, total_d = 0.0, 0.0, 0.0, 0.0
    while length < size and min(total_a, total_b, total_c, total_d) < enough:
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
    total, last = cumulative[at, j], room_of(tables) - ONE
    while u >= total and j < last and weight > 0.0:
        j += ONE
        total += weight
        cumulative[at, j] = total
        weight *= step_up(np.float64(np.int64(j)), mean, shape)
    tables.lengths[at], tables.weights[at] = np.int64(j) + 1, weight
    seal(at, tables)
    return j


@inlined
def room_of(tables):
    """Return how long a table may be: a look at WINDOW numbers from any of its places is safe."""
    return np.uint64(tables.cumulative.shape[1]) - WINDOW


@inlined
def seal(at, tables):
    """Put numbers that no uniform reaches behind row ``at``."""
    length = np.uint64(tables.lengths[at])
    for k in range(WINDOW):
        tables.cumulative[at, length + k] = NEVER


@called
def fill_guide(tables):
    """Fill in where searches begin, by the law of row 0: see ``tabulate``.

    ``guide[g]`` is how many of its probabilities do not exceed g / G.
    """
    cumulative, guide, j = tables.cumulative, tables.guide, NONE
    length, width = np.uint64(tables.lengths[0]), 1.0 / np.float64(guide.size - 1)
    for g in range(np.uint64(guide.size)):
        below = np.float64(np.int64(g)) * width
        while j < length and cumulative[0, j] <= below:
            j += ONE
        guide[g] = np.float64(np.int64(j))
    mean, deviation = place_in(NONE, tables)
    tables.guided[0], tables.guided[1] = mean, deviation


@inlined
def place_in(at, tables):
    """Return where the mean of a law stands in row ``at``, and its standard deviation."""
    mean, shape = tables.means[at], tables.shape[0]
    variance = mean
    if shape > 0.0:
        variance += mean * mean / shape
    return mean - np.float64(tables.firsts[at]), math.sqrt(variance)


@called
def tabulate(n, tables):
    """Tabulate the laws of the first n of ``means``: Poisson or, with a ``shape``, uneven.

    cumulative[row, j] = P(N <= first + j) for j < length; ``usual[row]`` is where the law exceeds
    USUAL, or, where weeks are even, CERTAIN. The search for u in [g, g + 1) / G begins at
    ``centers[row] + spreads[row] * guide[g]``: quantiles stand about as many standard deviations
    from the mean as those of the law that the guide was made for.
    """
    shape, last, many = tables.shape[0], n - ONE, tables.means.size > 1
    enough = USUAL if shape > 0.0 else CERTAIN
    if many or shape > 0.0:
        for row in range(n):
            mean = tables.means[row]
            tables.weights[row] = math.exp(-shape * math.log1p(mean / shape) if shape else -mean)
        for row in range(NONE, n, FOUR):
            b, c, d = min(row + ONE, last), min(row + TWO, last), min(row + THREE, last)
            fill_four(row, b, c, d, enough, tables)
    for row in range(n):
        if not (many or shape > 0.0) or tables.cumulative[row, 0] <= SMALLEST_WEIGHT:
            fill_alone(row, tables)
        seal(row, tables)
        tables.centers[row], tables.spreads[row] = 0.0, 1.0
        if many and tables.guided[1] > 0.0:
            mean, deviation = place_in(row, tables)
            spread = deviation / tables.guided[1]
            tables.centers[row] = mean - spread * tables.guided[0] - MARGIN
            tables.spreads[row] = spread
        usual = np.int64(place_of_count(enough, row, tables))
        tables.usual[row] = min(usual, tables.lengths[row] - 1)


@inlined
def start_of(u, at, tables):
    """Return where a search for u in row ``at`` begins."""
    cells = u * np.float64(tables.guide.size - 1)
    cell = np.uint64(np.int64(cells))
    here, next_one = tables.guide[cell], tables.guide[cell + ONE]
    between = here + (cells - np.float64(np.int64(cell))) * (next_one - here)
    guess = tables.centers[at] + tables.spreads[at] * between
    return np.uint64(min(max(np.int64(guess), ZERO), tables.lengths[at]))


@inlined
def place_of_count(u, at, tables):
    """Return the first place of row ``at`` whose number exceeds u, or its length."""
    cumulative, j = tables.cumulative, start_of(u, at, tables)
    while j > NONE and u < cumulative[at, j - ONE]:
        j -= ONE
    while u >= cumulative[at, j]:
        j += ONE
    return j


@inlined
def count_quantile(u, at, tables):
    """Return the smallest n with P(N <= n) > u of the law tabulated as row ``at``."""
    j = place_of_count(u, at, tables)
    if j == np.uint64(tables.lengths[at]):
        j = lengthen(u, at, tables)
    return tables.firsts[at] + np.int64(j)


@inlined
def fill_quantiles(m, luck, rows, tables, unsure, found):
    """Fill in ``count_quantile`` of m uniforms, each in its row.

    Without a branch, but for those that are farther off, whom it lists first.
    """
    cumulative, guide, far = tables.cumulative, tables.guide, NONE
    cells = np.float64(guide.size - 1)
    if tables.means.size == 1:  # the law that the guide was made for
        first, length = tables.firsts[0], np.uint64(tables.lengths[0])
        for j in range(m):
            u = luck[j]
            n = np.uint64(np.int64(guide[np.uint64(np.int64(u * cells))]))
            n += np.uint64(u >= cumulative[0, n])
            found[j], unsure[far] = first + np.int64(n), j
            far += np.uint64((u >= cumulative[0, n]) | (n >= length))
    else:
        for j in range(m):
            at, u = rows[j], luck[j]
            start = start_of(u, at, tables)
            passed = np.uint64(u >= cumulative[at, start])
            for k in range(ONE, WINDOW):
                passed += np.uint64(u >= cumulative[at, start + k])
            near = ((passed > NONE) | (start == NONE)) & (passed < WINDOW)
            near &= start + passed < np.uint64(tables.lengths[at])
            found[j], unsure[far] = tables.firsts[at] + np.int64(start + passed), j
            far += np.uint64(not near)
    for k in range(far):
        j = unsure[k]
        found[j] = count_quantile(luck[j], rows[j], tables)
