"""All compiled code: Philox, inverse distribution functions, the walk of a rep, the loop on draws.

Randomness is addressed, not consumed: each word is a pure function of what it decides.

====================  =====================================================================
key (2 words)         SeedSequence(seed, spawn_key = hashes of segment and source), so three kinds
                      of keys: world (no name), rep (segment), source (segment and source)
counter word 0        draw
counter word 1        seat (low 20 bits): those of day 0, then those hired, from 2^19 on;
                      hire (high 12 bits): who sits there, counted from 0
counter word 2        week or quarter + 8192 (high 14 bits), index (low 18 bits)
counter word 3        family (low 8 bits), block (next 8), name (high 16)
====================  =====================================================================

A family is a kind of block; the position of a word counts through the family's blocks, four to a
block. Weekly and quarterly words of one kind stand four neighbours to a block: the time in counter
word 2 is (time + 8192) // 4, the position (time + 8192) % 4.

================  ======  ======  ==========================================================
family            number  key     words, by position
================  ======  ======  ==========================================================
SKILL             0       rep     common, activity, size, then each stage in order
MARKET            1       world   one a quarter, four neighbours to a block
ACTIVITY          2       source  one a week, four neighbours to a block
POLICY            3       source  one a week, four neighbours to a block
ENTRY             4       source  one a week, four neighbours to a block
OPPORTUNITY       5       source  moment; outcome and delay of each stage after the first; size;
                                  whale; low digits of size; delay of the first stage;
                                  handover. Stages are those of the whole funnel; the first of a
                                  source is the one that it enters
WINDFALL          6       rep     index 0: the quarter's number first; index i: (unused), moment,
                                  size, low digits of size of windfall i; always hire 0
ASSIST            7       source  by name of the assist: one an opportunity; block 1 for those of
                                  PAST_OPPORTUNITY
PARAMETER         8       world   by name of the parameter's luck: one a draw
TEAM              9       rep     life; length of the ramp; weeks until the successor comes, and
                                  their rounding
LOGGED            10      source  by name of the KPI: one a week (key of the rep's own activity),
                                  or one an opportunity
PAST_ENTRY        11      source  as ENTRY, for those open at day 0 that can only be lost
PAST_OPPORTUNITY  12      source  as OPPORTUNITY, for the same
================  ======  ======  ==========================================================

A uniform is (word + 0.5) / 2^32; where a law asks for more digits, (52 bits + 0.5) / 2^52.
To draw a purpose anew while all other luck is held, its words are taken from the same addresses
under other keys: those of SeedSequence(seed, spawn_key = (1, hashes ...)).
Whatever changes a word of this page is a new ``STREAM_VERSION``.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine.compiling import part, whole

MASK = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

SKILL, MARKET, ACTIVITY, POLICY, ENTRY, OPPORTUNITY, WINDFALL = (np.uint64(i) for i in range(7))
ASSIST, PARAMETER, TEAM, LOGGED = np.uint64(7), np.uint64(8), np.uint64(9), np.uint64(10)
PAST_ENTRY, PAST_OPPORTUNITY = np.uint64(11), np.uint64(12)
NO_NAME, NONE = np.uint64(0), np.uint64(0)
ZERO = np.int64(0)  # a plain 0 would be compiled as a type of its own
ORIGIN = 8192  # added to weeks and quarters: those before day 0 are negative
DAY_ZERO = np.uint64(ORIGIN << 18)  # the first place that is not in the past
MOST_ENTRIES = (1 << 18) - 1  # of one week: the width of an index
FIRST_HIRED = 1 << 19  # the first seat that is filled after day 0
MOST_HIRES = 1 << 12  # of one seat
ALWAYS = -(1 << 13)  # the week since when a rep is in seat at day 0: before any week of the past
FOREVER = 1e300  # days

CONSTANT, TABLE, PARETO, EMPIRICAL = 0, 1, 2, 3  # kinds of quantile
KPI_ACTIVITIES, KPI_STAGE, KPI_PIPELINE, KPI_ASSIST = 0, 1, 2, 3
PER_WEEK, PER_MONTH, PER_QUARTER = 0, 1, 2
OPEN, WON, LOST, STALLED = np.int64(0), np.int64(1), np.int64(2), np.int64(3)

# Columns of the arrays that the kernels fill.
# Of counts; then stages, KPIs, assists, wins by source, flows.
ACTIVITIES, WINDFALLS, WHALES, FIRST_FREE = (np.uint64(i) for i in range(4))
ENTERED, LOST_IN, STALLED_IN, OPEN_BEFORE, OPEN_AFTER, FLOWS = 0, 1, 2, 3, 4, 5
# Of money; then bookings by source, and what of the quarter the seat was filled and productive.
BOOKINGS, REPEATABLE, WINDFALL_PART, LARGEST, AMOUNTS = (np.uint64(i) for i in range(5))
# Of weekly: activities, then one column a stage, then one an assist.
DONE, REACHED = np.uint64(0), np.uint64(1)
# Of skill: then one a stage, source by source.
ACTIVITY_SKILL, SIZE_SKILL, CONVERSIONS = np.uint64(0), np.uint64(1), 2
# Of the thresholds of the past.
THETA, REACH, OPEN_THETA, OPEN_REACH = np.int64(0), np.int64(1), np.int64(2), np.int64(3)
COMMON, ACTIVITY_POSITION, SIZE_POSITION = (np.uint64(i) for i in range(3))
STAGE_POSITION = 3
# Bits of what is drawn anew: its words come from the same address under other keys.
NEW_SKILL, NEW_MARKET, NEW_ACTIVITY, NEW_ENTRY, NEW_WINDFALL = 1, 2, 4, 8, 16
NEW_PARAMETER, NEW_TEAM, NEW_ASSIST = 32, 64, 128
# What an uncertain parameter sets.
(
    SET_CONVERSION, SET_DAYS, SET_LAW, SET_WHALES, SET_LEVEL, SET_WINDFALLS, SET_ADHERENCE,
    SET_RATE, SET_COVERAGE, SET_ODDS, SET_RAMP, SET_LEAVING, SET_HANDOVER, SET_LOST_DAYS,
) = range(14)  # fmt: skip

TWO_32, TWO_52, THIRD = 2.0**-32, 2.0**-52, 1.0 / 3.0
WEEKS_PER_DAY = 1.0 / 7.0
SMALLEST_TAIL, LARGEST_TAIL = 2.0**-33, 0.5 - 2.0**-53
TABLE_ORIGIN = np.uint64(1023 - 33)  # biased exponent of the first octave of a quantile table
MANTISSA = np.uint64(52)
INDEX_BITS = np.uint64(18)
ONE, TWO, THREE, FOUR = (np.uint64(i) for i in range(1, 5))
CHUNK = np.uint64(32)  # lanes that a word has a bit each for
VECTOR = np.uint64(8)  # doubles in the widest SIMD register
BATCH_MARGIN = np.uint64(12)  # opportunities written at once, and a vector that loops may pass
USUAL = 1.0 - 2.0**-8  # the share of weeks that are not unusually busy
IDLE = 0.0, 0.0, 0.0, 0.0  # the largest words of activity where none were drawn
MARKET_NOW, MARKET_THEN = np.uint64(4), np.uint64(5)  # rows behind a block of words
NO_QUARTER = 1 << 14  # later than any
UNLIMITED = (1 << 31) - 1  # a cap that caps nothing
NEGLIGIBLE = 1e-16
SMALLEST_WEIGHT = 1e-260  # below, digits would be lost to underflow

# Inlined without exception: passing arrays on costs more than most of the work.
inlined = part(forceinline=True)
# What is called once a batch, draw or rep, or long in itself, is not: each call would be compiled.
called = part()


# --- what is worked on together ------------------------------------------------------------------


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


# --- words ---------------------------------------------------------------------------------------


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Return the Philox4x32-10 block (Salmon et al. 2011, SC11) as four words in uint64."""
    for _ in range(10):
        product_0, product_1 = MULTIPLIER_0 * c0, MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (product_1 >> HALF) ^ c1 ^ k0,
            product_1 & MASK,
            (product_0 >> HALF) ^ c3 ^ k1,
            product_0 & MASK,
        )
        k0, k1 = (k0 + WEYL_0) & MASK, (k1 + WEYL_1) & MASK
    return c0, c1, c2, c3


@inlined
def place_of(time, index):
    """Return counter word 2: a time counted from the origin, and an index."""
    return (np.uint64(time) << INDEX_BITS) | np.uint64(index)


@inlined
def block_at(key, draw, seat, time, index, family, block, name):
    """Return the four words at an address; ``time`` already counted from the origin."""
    return philox(
        np.uint64(draw),
        np.uint64(seat),
        place_of(time, index),
        np.uint64(family) | (np.uint64(block) << np.uint64(8)) | (np.uint64(name) << np.uint64(16)),
        key[0],
        key[1],
    )


@inlined
def uniform(word):
    """Return the uniform of a word, never 0 or 1."""
    return (np.float64(np.int64(word)) + 0.5) * TWO_32


@inlined
def long_uniform(high, low):
    """Return the uniform of the words behind two: 52 bits and a half, so that 1 - u is exact."""
    digits = (np.int64(high / TWO_32) << 20) | (np.int64(low / TWO_32) >> 12)
    return (np.float64(digits) + 0.5) * TWO_52


@called
def timed_uniform(key, draw, seat, time, family, name):
    """Return the one uniform of a week or quarter."""
    place = time + ORIGIN
    words = block_at(key, draw, seat, place >> 2, ZERO, family, ZERO, name)
    return one_of(words, np.uint64(place) & THREE)


@inlined
def one_of(words, lane):
    """Return the uniform of one of a block's words, without a branch."""
    low, high = (words[1] if lane & ONE else words[0]), (words[3] if lane & ONE else words[2])
    return uniform(high if lane & TWO else low)


@called
def fill_places(key, draws, seats, n, place, family, row, group):
    """Fill in four uniforms at one place of n lanes as rows of the group, from a row on.

    Returns the largest of each row.
    """
    first, second, third, fourth = row, row + ONE, row + TWO, row + THREE
    a, b, c, d = NONE, NONE, NONE, NONE
    for j in range(whole_vectors(n)):  # SIMD: keep branches, tuples and look-ups out
        words = philox(draws[j], seats[j], place, family, key[0], key[1])
        group.rows[first, j], group.rows[second, j] = uniform(words[0]), uniform(words[1])
        group.rows[third, j], group.rows[fourth, j] = uniform(words[2]), uniform(words[3])
        a, b, c, d = max(a, words[0]), max(b, words[1]), max(c, words[2]), max(d, words[3])
    return uniform(a), uniform(b), uniform(c), uniform(d)


@inlined
def whole_vectors(n):
    """Round up to whole SIMD vectors: cheaper than a remainder, and arrays have the room."""
    return (np.uint64(n) + VECTOR - ONE) & ~(VECTOR - ONE)


@called
def fill_weeks(key, group, lanes, weeks, n, family, tile, uniforms):
    """Fill in the uniform of each of n weeks of lanes: a block for each word."""
    for j in range(n):
        g = lanes[j]
        tile.draws[j], tile.seats[j] = group.draws[g], group.seats[g]
        tile.places[j] = np.uint64(weeks[j] + ORIGIN)
    for j in range(n):  # SIMD
        place = (tile.places[j] >> TWO) << INDEX_BITS
        words = philox(tile.draws[j], tile.seats[j], place, family, key[0], key[1])
        uniforms[j] = one_of(words, tile.places[j] & THREE)


@called
def fill_opportunities(key, draws, seats, places, families, n, blocks, uniforms):
    """Fill in the uniforms of n opportunities, (position, opportunity)."""
    for block in range(blocks):
        shifted, row = block << np.uint64(8), np.uint64(4) * block
        for i in range(whole_vectors(n)):  # SIMD
            words = philox(draws[i], seats[i], places[i], families[i] | shifted, key[0], key[1])
            uniforms[row, i], uniforms[row + ONE, i] = uniform(words[0]), uniform(words[1])
            uniforms[row + TWO, i], uniforms[row + THREE, i] = uniform(words[2]), uniform(words[3])


@called
def fill_block(key, block, batch, listed, m):
    """Fill in the uniforms of one block of m of the opportunities."""
    draws, seats, places, rows = batch.own_draws, batch.own_seats, batch.own_places, batch.rows
    for j in range(m):
        i = listed[j]
        draws[j], seats[j], places[j] = batch.draws[i], batch.seats[i], batch.places[i]
    family = OPPORTUNITY | block << np.uint64(8)
    for j in range(whole_vectors(m)):  # SIMD
        words = philox(draws[j], seats[j], places[j], family, key[0], key[1])
        rows[0, j], rows[1, j] = uniform(words[0]), uniform(words[1])
        rows[2, j], rows[3, j] = uniform(words[2]), uniform(words[3])
    row = FOUR * block
    for j in range(m):
        i = listed[j]
        batch.uniforms[row, i], batch.uniforms[row + ONE, i] = rows[0, j], rows[1, j]
        batch.uniforms[row + TWO, i], batch.uniforms[row + THREE, i] = rows[2, j], rows[3, j]


@called
def renew_opportunities(key, draws, seats, places, families, n, words_used, renewed, uniforms):
    """Draw the words at some positions anew; bit i of ``renewed`` stands for position i."""
    for block in range(np.uint64(words_used >> 2)):
        shifted, row = block << np.uint64(8), np.uint64(4) * block
        lanes = renewed >> np.int64(row) & 15
        if lanes == 0:
            continue
        for i in range(n):
            words = philox(draws[i], seats[i], places[i], families[i] | shifted, key[0], key[1])
            if lanes & 1:
                uniforms[row, i] = uniform(words[0])
            if lanes & 2:
                uniforms[row + ONE, i] = uniform(words[1])
            if lanes & 4:
                uniforms[row + TWO, i] = uniform(words[2])
            if lanes & 8:
                uniforms[row + THREE, i] = uniform(words[3])


# --- inverse distribution functions --------------------------------------------------------------


@inlined
def tabled(data, first, bits, u):
    """Look a quantile up in a table of engine/tables.py that begins at ``data[first]``."""
    tail = min(max(min(u, 1.0 - u), SMALLEST_TAIL), LARGEST_TAIL)
    digits = np.float64(tail).view(np.uint64)
    rest = MANTISSA - np.uint64(bits)
    row = (digits >> rest) - (TABLE_ORIGIN << np.uint64(bits))
    row += np.uint64(u > 0.5) << np.uint64(bits + 5)  # 32 octaves a tail; no branch
    unit = np.uint64((np.uint64(1023) - rest) << MANTISSA).view(np.float64)  # 2^-rest
    x = np.float64(np.int64(digits & ((ONE << rest) - ONE))) * unit
    at = np.uint64(first) + np.uint64(4) * row
    return data[at] + x * (data[at + ONE] + x * (data[at + TWO] + x * data[at + THREE]))


@inlined
def quantile(plan, data, law, u):
    """Return the quantile at u of law number ``law``."""
    return scaled_quantile(plan, data, law, plan.law_scale[law], u)


@inlined
def scaled_quantile(plan, data, law, scale, u):
    """Do the same for a scale that is known."""
    kind = plan.law_kind[law]
    if kind == TABLE:
        return scale * tabled(data, plan.law_first[law], plan.law_size[law], u)
    if kind == CONSTANT:
        return scale
    if kind == PARETO:
        return scale * (1.0 - u) ** plan.law_power[law]
    size = plan.law_size[law]
    return scale * data[plan.law_first[law] + min(np.int64(u * size), size - 1)]


@inlined
def size_quantile(plan, data, law, scale, high, low):
    """Return the quantile of a size law at two uniforms, of which most laws need one."""
    u = long_uniform(high, low) if plan.law_kind[law] >= PARETO else high
    return scaled_quantile(plan, data, law, scale, u)


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


@inlined
def power(base, exponent):
    """Return base ** exponent for a whole exponent, by squaring: half the time of exp and log."""
    result = 1.0
    while exponent > 0:
        result *= base if exponent & 1 else 1.0
        base *= base
        exponent >>= 1
    return result


@called
def binomial_quantile(u, n, p):
    """Return the smallest k with P(Binomial(n, p) <= k) > u."""
    if p <= 0.0 or n == 0:
        return 0
    if p >= 1.0:
        return n
    odds = p / (1.0 - p)
    weight = power(1.0 - p, n)
    if weight > SMALLEST_WEIGHT:
        k, total, goal = 0, weight, u
    else:  # weights relative to the mode's, with their sum known before the search
        k = min(np.int64((n + 1) * p), n)
        weight, total = 1.0, 1.0
        rising = 1.0
        for j in range(k, n):
            rising *= (n - j) / (j + 1.0) * odds
            total += rising
            if rising < NEGLIGIBLE:
                break
        while k > 0 and weight > NEGLIGIBLE:
            weight *= k / ((n - k + 1.0) * odds)
            k -= 1
            total += weight
        goal, total = u * total, weight
    while goal >= total and k < n:
        weight *= (n - k) / (k + 1.0) * odds
        k += 1
        total += weight
        if weight < NEGLIGIBLE * total and k > n * p:
            break
    return k


@called
def poisson_quantile(u, mean):
    """Return the smallest k with P(Poisson(mean) <= k) > u."""
    weight = math.exp(-mean)
    if weight > SMALLEST_WEIGHT:
        k, total, goal = 0, weight, u
    else:  # as for the binomial
        k = np.int64(mean)
        weight, total = 1.0, 1.0
        rising, j = 1.0, k
        while rising > NEGLIGIBLE:
            j += 1
            rising *= mean / j
            total += rising
        while k > 0 and weight > NEGLIGIBLE:
            weight *= k / mean
            k -= 1
            total += weight
        goal, total = u * total, weight
    while goal >= total and k < MOST_ENTRIES:
        k += 1
        weight *= mean / k
        total += weight
        if weight < NEGLIGIBLE * total and k > mean:
            break
    return k


@called
def beta_fraction(x, a, b):
    """Return the continued fraction of the incomplete Beta function (DLMF 8.17.22, Lentz)."""
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > 1e-300 else 1e-300)
    c, h = 1.0, d
    for m in range(1, 10_000):
        for even in (True, False):
            if even:
                term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
            else:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > 1e-300 else 1e-300)
            c = 1.0 + term / c
            c = c if abs(c) > 1e-300 else 1e-300
            h *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return h


@called
def beta_quantile(u, a, b):
    """Return the quantile of a Beta law at u, to about 1e-12, by bisection and Newton's method.

    Where the law hugs 0, on the logarithm of x.
    """
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    low, high = -700.0, 40.0  # of the log-odds of x
    y = math.log(a / b)
    for _ in range(200):
        log_x, log_rest = -math.log1p(math.exp(-y)), -math.log1p(math.exp(y))
        x = math.exp(log_x)
        front = math.exp(log_scale + a * log_x + b * log_rest)
        if x < (a + 1.0) / (a + b + 2.0):
            below = front * beta_fraction(x, a, b) / a
        else:
            below = 1.0 - front * beta_fraction(math.exp(log_rest), b, a) / b
        if below < u:
            low = y
        else:
            high = y
        step = (below - u) / front if front > 0.0 else math.inf  # d below / d y = front
        if abs(step) < 1e-14 * (1.0 + abs(y)):
            break
        y = y - step if low < y - step < high else 0.5 * (low + high)
        if high - low < 1e-15 * (1.0 + abs(y)):
            break
    return 1.0 / (1.0 + math.exp(-y))


# --- what a draw knows: uncertain parameters -----------------------------------------------------


@called
def draw_parameters(plans, settings, data, key, m, group):
    """Set the uncertain parameters of m draws, one uniform a name, in the plans they touch."""
    for i in range(settings.size):
        to = settings[i]
        kind, at, name = to.kind, to.index, np.uint64(to.name) << np.uint64(16)
        fill_places(
            key, group.world_draws, group.nobody, m, place_of(ZERO, ZERO), PARAMETER | name, NONE,
            group,
        )  # fmt: skip
        for w in range(np.uint64(m)):
            value = to.scale * tabled(data, to.first, to.bits, group.rows[0, w])
            plan = plans[w, to.plan]
            if kind == SET_CONVERSION:
                plan.conversion[at] = min(max(value, 0.0), 1.0)
            elif kind == SET_DAYS:
                plan.days[at] = value
            elif kind == SET_LOST_DAYS:
                plan.lost_days[at] = value
            elif kind == SET_LAW:
                plan.law_scale[at] = value
            elif kind == SET_WHALES:
                plan.whale_probability = min(max(value, 0.0), 1.0)
            elif kind == SET_LEVEL:
                plan.mean_per_week = value
            elif kind == SET_WINDFALLS:
                plan.windfalls_per_quarter = value
            elif kind == SET_ADHERENCE:
                plan.adherence = value
            elif kind == SET_RATE:
                plan.rate = value
            elif kind == SET_COVERAGE:
                plan.assist_coverage[at] = value
            elif kind == SET_ODDS:
                plan.assist_odds[at] = value
            elif kind == SET_RAMP:
                plan.ramp_weeks = value
            elif kind == SET_LEAVING:
                plan.leaving = math.log1p(-min(max(value, 0.0), 1.0 - 1e-12)) / 52.0
            elif kind == SET_HANDOVER:
                plan.handover = value


# --- the rep: skill, market, weeks ---------------------------------------------------------------


@called
def skilled_normal(plan, data, group, j, position, loading):
    """Return z = L g + sqrt(1 - L^2) e, e the word at ``position``, g the word common to all."""
    own = quantile(plan, data, plan.normal_law, group.rows[position, j])
    if loading == 0.0:
        return own
    g = quantile(plan, data, plan.normal_law, group.rows[COMMON, j])
    return loading * g + math.sqrt(1.0 - loading * loading) * own


@inlined
def multiplier(z, sigma):
    """Return the lognormal with mean 1 at a standard normal."""
    return math.exp(sigma * z - 0.5 * sigma * sigma)


@called
def fill_skill(plans, data, key, m, group, skill):
    """Fill in the multipliers of activity and size, then the rep's conversions, by source."""
    plan = plans[0, 0]
    who, draws, seats = group.members, group.member_draws, group.member_seats
    stated = group.stated
    if plan.skilled:
        for block in range(np.uint64((STAGE_POSITION + plan.stages + 3) >> 2)):
            family = SKILL | block << np.uint64(8)
            fill_places(key, draws, seats, m, place_of(ZERO, ZERO), family, block << TWO, group)
    for j in range(m):
        g = who[j]
        skill[ACTIVITY_SKILL, g], skill[SIZE_SKILL, g] = 1.0, 1.0
        if plan.activity_sigma > 0.0:
            z = skilled_normal(plan, data, group, j, ACTIVITY_POSITION, plan.activity_loading)
            skill[ACTIVITY_SKILL, g] = multiplier(z, plan.activity_sigma)
        if plan.size_sigma > 0.0:
            z = skilled_normal(plan, data, group, j, SIZE_POSITION, plan.size_loading)
            skill[SIZE_SKILL, g] = multiplier(z, plan.size_sigma)
    for source in range(np.uint64(plans.shape[1])):
        plan = plans[0, source]
        at = np.uint64(CONVERSIONS) + source * np.uint64(plan.stages)
        for s in range(np.uint64(plan.first), np.uint64(plan.stages)):
            law = plan.conversion_law[s]
            for j in range(m):
                g = who[j]
                conversion = plans[stated[g], source].conversion[s]
                if law >= 0:
                    z = skilled_normal(
                        plan, data, group, j, np.uint64(STAGE_POSITION) + s, plan.stage_loading[s]
                    )
                    u = 0.5 * math.erfc(-z / math.sqrt(2.0))
                    if plan.concentration[s] == 0.0:
                        conversion = quantile(plan, data, law, u)
                    elif 0.0 < conversion < 1.0:  # around a mean that was itself drawn
                        a = conversion * plan.concentration[s]
                        conversion = beta_quantile(u, a, plan.concentration[s] - a)
                    conversion = min(max(conversion, 0.0), 1.0)
                skill[at + s, g] = conversion


@called
def fill_market(plan, data, key, m, group, market):
    """Fill in the market's factor of each quarter, from ``plan.origin_quarter`` before day 0."""
    past = np.uint64(plan.origin_quarter)
    for w in range(m):
        for i in range(np.uint64(plan.origin_quarter + plan.quarters)):
            market[w, i] = plan.season[(np.int64(i) - plan.origin_quarter) & 3]
    if plan.market_sigma == 0.0:
        return
    draws, nobody, rows = group.world_draws, group.nobody, group.rows
    fresh = math.sqrt(1.0 - plan.persistence * plan.persistence)
    fill_places(key, draws, nobody, m, place_of(ORIGIN >> 2, ZERO), MARKET, NONE, group)
    for w in range(m):
        x = quantile(plan, data, plan.normal_law, rows[ORIGIN & 3, w])
        rows[MARKET_NOW, w] = x
        market[w, past] *= multiplier(x, plan.market_sigma)
    for step in (1, -1):
        for w in range(m):
            rows[MARKET_THEN, w] = rows[MARKET_NOW, w]
        q, filled = ZERO + step, -1
        while -plan.origin_quarter <= q < plan.quarters:
            if (q + ORIGIN) >> 2 != filled:
                filled = (q + ORIGIN) >> 2
                fill_places(key, draws, nobody, m, place_of(filled, ZERO), MARKET, NONE, group)
            word, i = np.uint64((q + ORIGIN) & 3), np.uint64(q + plan.origin_quarter)
            for w in range(m):
                own = quantile(plan, data, plan.normal_law, rows[word, w])
                x = plan.persistence * rows[MARKET_THEN, w] + fresh * own
                rows[MARKET_THEN, w] = x
                market[w, i] *= multiplier(x, plan.market_sigma)
            q += step


@inlined
def lift_of(plan, n, lifts):
    """Return the power of n activities that diminishing returns multiply P(entry) by."""
    if plan.elasticity == 1.0 or n <= 0:
        return 1.0
    if n < lifts.size:
        return lifts[n]
    return (n / plan.reference) ** (plan.elasticity - 1.0)


@inlined
def productivity(plan, week, begun, length):
    """Return what a rep who began in a week makes of activity and inflow; 1 without a ramp."""
    if length == 0.0:
        return 1.0
    return min(plan.ramp_from + (1.0 - plan.ramp_from) * (week - begun + 0.5) / length, 1.0)


# --- the opportunity -----------------------------------------------------------------------------


@inlined
def conditioned(v, theta, reach, later):
    """Turn v into a delay's uniform, given that this or a later delay exceeds its threshold.

    ``reach`` is the probability of that event, ``later`` that of the later delays alone; derived in
    docs/background/randomness.md. Returns the uniform and whether this one exceeded ``theta``.
    Monotone in v.
    """
    w, short = v * reach, theta * later
    within, beyond = w / later, theta + (w - short)  # both, without a branch that luck decides
    return within if w < short else beyond, w >= short


@inlined
def ask(plan, data, batch, stage, position, listed, m):
    """Condition the delays of those of the past, of whom some delay is known to be long enough.

    They come first. Returns nothing; whether a later delay still has to be long is in ``asked``.
    """
    places, uniforms, asked = batch.places, batch.uniforms, batch.asked
    slot, weeks = plan.slot[stage], plan.past_weeks
    theta_at = plan.past + slot * weeks + weeks - ORIGIN
    reach_at = theta_at + plan.slots * weeks
    last, own = slot + 1 == plan.slots, plan.pipeline == 0
    for j in range(m):
        i = listed[j]
        if places[i] >= DAY_ZERO:
            break
        week = np.int64(places[i] >> INDEX_BITS)
        v = uniforms[position, i]
        if own:
            at = np.uint64(reach_at + week)
            later = 0.0 if last else data[at + np.uint64(weeks)]
            u, settled = conditioned(v, data[np.uint64(theta_at + week)], data[at], later)
            uniforms[position, i] = u if asked[i] else v
            asked[i] &= not settled
        else:
            uniforms[position, i], asked[i] = delay_uniform(
                plan, data, week - ORIGIN, batch.families[i], slot, v, asked[i]
            )


@called
def delay_uniform(plan, data, week, family, slot, v, asked):
    """Return a past delay's uniform, and whether still one of the later ones has to be long.

    What can only still be lost is not among those that can still be won: none of its delays
    exceeds the threshold for a win.
    """
    theta = data[past_at(plan, THETA, slot, week)]
    if not asked:
        return v if family == OPPORTUNITY else v * theta, False
    own, reach = (THETA, REACH) if family == OPPORTUNITY else (OPEN_THETA, OPEN_REACH)
    later = data[past_at(plan, reach, slot + 1, week)] if slot + 1 < plan.slots else 0.0
    u, settled = conditioned(
        v, data[past_at(plan, own, slot, week)], data[past_at(plan, reach, slot, week)], later
    )
    return u if family == OPPORTUNITY else u * theta, not settled


@inlined
def past_at(plan, kind, slot, week):
    """Return where a number of the past stands in the data."""
    return np.uint64(
        plan.past + (kind * plan.slots + slot) * plan.past_weeks + plan.past_weeks + week
    )


@inlined
def week_of(place):
    """Return the week of an opportunity."""
    return np.int64(place >> INDEX_BITS) - ORIGIN


@inlined
def quarter_of(plan, t):
    """Return the quarter of a moment of the horizon."""
    return np.uint64(min(np.int64(t * plan.quarters_per_day), plan.quarters - 1))


@called
def fill_sizes(plans, source, data, skill, group, batch, listed, m):
    """Fill in the sizes of m opportunities side by side, whales multiplied, and who is a whale."""
    plan, own = plans[0, source], plans.shape[0] > 1  # uncertain: each draw has its own
    lanes, uniforms, sizes, whales = batch.lanes, batch.uniforms, batch.sizes, batch.whales
    law, scale, probability = plan.size_law, plan.law_scale[plan.size_law], plan.whale_probability
    kind, first, bits = plan.law_kind[law], plan.law_first[law], plan.law_size[law]
    position, multiple = np.uint64(2 * plan.stages - 1), plan.whale_multiple
    for j in range(m):
        i = listed[j]
        g, high = lanes[i], uniforms[position, i]
        if own:
            stated = plans[group.stated[g], source]
            scale, probability = stated.law_scale[law], stated.whale_probability
        if kind == TABLE:
            size = scale * tabled(data, first, bits, high)
        else:
            size = size_quantile(plan, data, law, scale, high, uniforms[position + TWO, i])
        sizes[j], whales[j] = size * skill[SIZE_SKILL, g], uniforms[position + ONE, i] < probability
    if plan.assists > 0:
        for j in range(m):
            sizes[j] *= batch.lift[listed[j]]
    for j in range(m):  # SIMD
        sizes[j] *= multiple if whales[j] else 1.0


@called
def trace(plan, family, entered, ended, fate, at, counts):
    """Book what became of an opportunity and when it was open; ``ended`` in days.

    Before the weeks that wins look back to, what is not lost is left out, open or not.
    """
    if family != OPPORTUNITY and fate != LOST:
        return
    for q in range(plan.quarters):
        begin, end = q * plan.days_per_quarter, (q + 1) * plan.days_per_quarter
        column = np.uint64(q * plan.columns + plan.flows)
        if begin <= entered < end:
            counts[at, column + np.uint64(ENTERED)] += 1
        if entered < begin <= ended:
            counts[at, column + np.uint64(OPEN_BEFORE)] += 1
        if entered < end <= ended:
            counts[at, column + np.uint64(OPEN_AFTER)] += 1
        if begin <= ended < end:
            if fate == LOST:
                counts[at, column + np.uint64(LOST_IN)] += 1
            elif fate == STALLED:
                counts[at, column + np.uint64(STALLED_IN)] += 1


@inlined
def decide(plan, stage, column, skill, batch, m):
    """Part those who reach a stage (kept in ``alive``) from those who do not; return their number.

    Lists keep the order of addresses. No branch depends on luck: a wrong guess costs more.
    """
    lanes, uniforms, alive, stopped = batch.lanes, batch.uniforms, batch.alive, batch.stopped
    on, off, position = NONE, NONE, TWO * stage - ONE
    if plan.pipeline == 0:  # nobody asks for those who do not
        for j in range(m):
            i = alive[j]
            alive[on] = i
            on += np.uint64(uniforms[position, i] < skill[column, lanes[i]])
        return on, off
    for j in range(m):
        i = alive[j]
        goes = uniforms[position, i] < skill[column, lanes[i]]
        alive[on], stopped[off] = i, i
        on += np.uint64(goes)
        off += np.uint64(not goes)
    return on, off


@called
def decide_assisted(
    plans, source, key, stage, column, skill, group, batch, n, m, weekly, slot, counts
):
    """Do the same where each of the n opportunities has a conversion of its own, by its assists.

    Odds of several multiply; those assisted are counted when they set out for the stage.
    """
    plan, own = plans[0, source], plans.shape[0] > 1  # uncertain: each draw has its own
    lanes, families, times, lift = batch.lanes, batch.families, batch.times, batch.lift
    alive, stopped, rates, luck = batch.alive, batch.stopped, batch.rates, batch.luck
    for j in range(m):
        rates[alive[j]] = 1.0
    for a in range(np.uint64(plan.assists)):
        if plan.assist_stage[a] != np.int64(stage):
            continue
        name, column_of = ASSIST | np.uint64(plan.assist_name[a]) << np.uint64(16), plan.assisted
        for i in range(whole_vectors(n)):  # SIMD
            block = np.uint64(families[i] == PAST_OPPORTUNITY) << np.uint64(8)
            words = philox(
                batch.draws[i], batch.seats[i], batch.places[i], name | block, key[0], key[1]
            )  # fmt: skip
            luck[i] = uniform(words[0])
        coverage, odds, larger = plan.assist_coverage[a], plan.assist_odds[a], plan.assist_size[a]
        counted = NONE
        for j in range(m):
            i = alive[j]
            if own:
                stated = plans[group.stated[lanes[i]], source]
                coverage, odds = stated.assist_coverage[a], stated.assist_odds[a]
            assisted = luck[i] < coverage
            rates[i] *= odds if assisted else 1.0
            lift[i] *= larger if assisted else 1.0
            stopped[counted] = i
            counted += np.uint64(assisted & (families[i] == OPPORTUNITY) & (times[i] >= 0.0))
        for j in range(counted):
            i = stopped[j]
            at = quarter_of(plan, times[i]) * np.uint64(plan.columns) + np.uint64(column_of) + a
            counts[slot + lanes[i], at] += np.int32(1)
            if plan.kpis > 0:
                week, assist = week_in(plan, times[i]), REACHED + np.uint64(plan.stages) + a
                weekly[lanes[i], week, assist] += np.int32(1)
    on, off, position, rows = NONE, NONE, TWO * stage - ONE, batch.rows
    for j in range(m):
        i = alive[j]
        rows[0, j], rows[1, j] = rates[i], skill[column, lanes[i]]
        rows[2, j] = batch.uniforms[position, i]
    for j in range(m):  # SIMD
        lifted = rows[0, j] * rows[1, j]
        rows[0, j] = lifted / (1.0 - rows[1, j] + lifted)
    for j in range(m):
        i, goes = alive[j], rows[2, j] < rows[0, j]
        rates[i] = rows[0, j]
        alive[on], stopped[off] = i, i
        on += np.uint64(goes)
        off += np.uint64(not goes)
    return on, off


@called
def let_go(plans, source, group, batch, listed, m, slot, counts):
    """Keep those who are decided before their rep leaves, and those handed over to the successor.

    The others are lost that day. Returns the number of those kept.
    """
    plan = plans[0, source]
    kept, position = NONE, np.uint64(2 * plan.stages + 3)
    for j in range(m):
        i = listed[j]
        g = batch.lanes[i]
        handed = batch.uniforms[position, i] < plans[group.stated[g], source].handover
        if batch.times[i] < group.leaves[g] or handed:
            listed[kept] = i
            kept += ONE
        elif plan.pipeline:
            trace(
                plan, batch.families[i], batch.entered[i], group.leaves[g], LOST, slot + g, counts
            )
    return kept


@called
def wait(plans, source, data, stage, group, batch, listed, m, fate):
    """Add a stage's delay to the times of those listed: until they win it, or until it is lost.

    Those of the past come first; of them it is known that some delay is long enough.
    """
    plan = plans[0, source]
    lanes, times, uniforms = batch.lanes, batch.times, batch.uniforms
    position = TWO * stage if stage > np.uint64(plan.first) else np.uint64(2 * plan.stages + 2)
    law = plan.delay_law[stage]
    ask(plan, data, batch, stage, position, listed, m)
    mean = plan.lost_days[stage] if fate == LOST else plan.days[stage]
    if plan.drawn_days:  # uncertain: each draw has its own
        for j in range(m):
            i = listed[j]
            stated = plans[group.stated[lanes[i]], source]
            mean = stated.lost_days[stage] if fate == LOST else stated.days[stage]
            if plan.law_kind[law] == TABLE:
                mean *= plan.law_scale[law]
                first, bits = plan.law_first[law], plan.law_size[law]
                times[i] += mean * tabled(data, first, bits, uniforms[position, i])
            else:
                times[i] += mean * quantile(plan, data, law, uniforms[position, i])
    elif mean == 0.0:
        return
    elif plan.law_kind[law] == TABLE:
        mean *= plan.law_scale[law]
        first, bits = plan.law_first[law], plan.law_size[law]
        for j in range(m):
            i = listed[j]
            times[i] += mean * tabled(data, first, bits, uniforms[position, i])
    else:
        for j in range(m):
            i = listed[j]
            times[i] += mean * quantile(plan, data, law, uniforms[position, i])


@inlined
def week_in(plan, t):
    """Return the week of a moment of the horizon."""
    return np.uint64(min(np.int64(t * WEEKS_PER_DAY), plan.quarters * plan.weeks_per_quarter - 1))


@inlined
def arrive(plan, stage, batch, m, slot, counts):
    """Count those who reach a stage in the horizon; keep all that are not past its end.

    Returns the number of those kept, and of those counted, whom it lists in ``stopped``.
    """
    lanes, families, times, alive = batch.lanes, batch.families, batch.times, batch.alive
    kept, now, column = NONE, NONE, np.uint64(plan.reached) + stage
    columns, counted = np.uint64(plan.columns), batch.stopped
    horizon, quarters_per_day, last = plan.horizon_days, plan.quarters_per_day, plan.quarters - 1
    for j in range(m):
        i = alive[j]
        t = times[i]
        inside = t < horizon
        alive[kept], counted[now] = i, i
        kept += np.uint64(inside)
        now += np.uint64(inside & (t >= 0.0) & (families[i] == OPPORTUNITY))
    for j in range(now):
        i = counted[j]
        at = column
        if last > 0:
            at += np.uint64(min(np.int64(times[i] * quarters_per_day), last)) * columns
        counts[slot + lanes[i], at] += np.int32(1)
    return kept, now


@called
def arrive_by_week(plans, source, data, key, stage, skill, group, batch, m, weekly, amounts):
    """Count m of those who reach a stage by week, for the KPIs."""
    plan = plans[0, source]
    lanes, times, counted, column = batch.lanes, batch.times, batch.stopped, REACHED + stage
    last = plan.quarters * plan.weeks_per_quarter - 1
    for j in range(m):
        i = counted[j]
        week = np.uint64(min(np.int64(times[i] * WEEKS_PER_DAY), last))
        weekly[lanes[i], week, column] += np.int32(1)
    known = False
    for k in range(plan.kpis):
        if plan.kpi_metric[k] == KPI_PIPELINE and plan.kpi_stage[k] == np.int64(stage):
            if not known:
                fill_sizes(plans, source, data, skill, group, batch, counted, m)
                known = True
            count_pipeline(plan, key, k, batch, m, amounts)


@called
def count_pipeline(plan, key, k, batch, m, amounts):
    """Add the sizes of m opportunities to a pipeline KPI, of those that are logged."""
    lanes, times, counted, sizes = batch.lanes, batch.times, batch.stopped, batch.sizes
    last, logged = plan.quarters * plan.weeks_per_quarter - 1, plan.kpi_logged[k]
    name = LOGGED | np.uint64(plan.kpi_name[k]) << np.uint64(16)
    for j in range(m):
        i = counted[j]
        if logged < 1.0:
            words = philox(
                batch.draws[i], batch.seats[i], batch.places[i], name, key[0], key[1]
            )  # fmt: skip
            if uniform(words[0]) >= logged:
                continue
        week = np.uint64(min(np.int64(times[i] * WEEKS_PER_DAY), last))
        amounts[lanes[i], week, np.uint64(k)] += sizes[j]


@called
def book(plans, source, data, skill, group, batch, m, slot, counts, money):
    """Book the m deals won in the horizon, in the order of their addresses."""
    plan = plans[0, source]
    fill_sizes(plans, source, data, skill, group, batch, batch.stopped, m)
    by_source, columns, amounts = plan.by_source, np.uint64(plan.columns), np.uint64(plan.amounts)
    for j in range(m):
        i = batch.stopped[j]
        g, q = batch.lanes[i], quarter_of(plan, batch.times[i])
        at, column, amount, size = slot + g, q * columns, q * amounts, batch.sizes[j]
        money[at, amount + LARGEST] = max(money[at, amount + LARGEST], size)
        if by_source:
            counts[at, column + np.uint64(plan.won_by_source) + source] += 1
            money[at, amount + AMOUNTS + source] += size
        if batch.whales[j]:
            counts[at, column + WHALES] += 1
            money[at, amount + WINDFALL_PART] += size
        else:
            money[at, amount + REPEATABLE] += size


@called
def trace_lost(plans, source, data, stage, column, skill, group, batch, m, slot, counts):
    """Follow those who do not reach a stage to their loss, or to where they stall."""
    plan = plans[0, source]
    lanes, families, entered, times = batch.lanes, batch.families, batch.entered, batch.times
    stopped, lost = batch.stopped, NONE
    for j in range(m):
        i = stopped[j]
        conversion = batch.rates[i] if plan.assists > 0 else skill[column, lanes[i]]
        bound = 1.0 - (1.0 - conversion) * plan.stalled[stage]
        if batch.uniforms[TWO * stage - ONE, i] >= bound:
            trace(plan, families[i], entered[i], times[i], STALLED, slot + lanes[i], counts)
        else:
            stopped[lost] = i
            lost += ONE
    if plan.slot[stage] >= 0:
        wait(plans, source, data, stage, group, batch, stopped, lost, LOST)
    if plan.careers:
        lost = let_go(plans, source, group, batch, stopped, lost, slot, counts)
    for j in range(lost):
        i = stopped[j]
        trace(plan, families[i], entered[i], times[i], LOST, slot + lanes[i], counts)


@called
def trace_kept(plan, fate, batch, m, slot, counts):
    """Book those who are won, or who are open when the horizon ends."""
    for j in range(m):
        i = batch.alive[j]
        if fate == WON or batch.times[i] >= plan.horizon_days:
            trace(
                plan, batch.families[i], batch.entered[i], batch.times[i], fate,
                slot + batch.lanes[i], counts,
            )  # fmt: skip


# --- the walk of a rep ---------------------------------------------------------------------------


@inlined
def enters_at_once(plan):
    """Return whether all reach the first stage in the week in which they enter, and no more."""
    return plan.slot[plan.first] < 0 and plan.first < plan.stages - 1 and plan.kpis == 0


@inlined
def blocks_at_once(plan):
    """Return how many blocks of each opportunity's words are drawn at first.

    The later ones are for those who come so far, unless somebody asks for them before.
    """
    if (
        plan.pipeline or plan.careers or plan.pipeline_kpis or plan.renewed_words
        or plan.slot[plan.first] >= 0
    ):  # fmt: skip
        return np.uint64(plan.words >> 2)
    return ONE


@called
def walk_batch(
    plans, source, data, keys, n, skill, group, batch, weekly, amounts, slot, counts, money
):
    """Take n opportunities, in the order of their addresses, through the funnel stage by stage.

    A stage s after the first has its outcome at position 2s - 1 and its delay at 2s; size, whale,
    the size's low digits, the first stage's delay and the handover follow the last stage.
    """
    plan = plans[0, source]
    key, other_key, assist_key = keys
    for i in range(n):
        batch.lanes[i], batch.places[i] = batch.places[i] >> HALF, batch.places[i] & MASK
    for i in range(n):
        batch.draws[i], batch.seats[i] = group.draws[batch.lanes[i]], group.seats[batch.lanes[i]]
    drawn = blocks_at_once(plan)
    fill_opportunities(
        key, batch.draws, batch.seats, batch.places, batch.families, n, drawn, batch.uniforms
    )
    if plan.renewed_words:
        renew_opportunities(
            other_key, batch.draws, batch.seats, batch.places, batch.families, n, plan.words,
            plan.renewed_words, batch.uniforms,
        )  # fmt: skip
    for i in range(n):
        week = week_of(batch.places[i])
        batch.entered[i] = 7.0 * (np.float64(week) + batch.uniforms[0, i])
        batch.times[i], batch.alive[i], batch.asked[i] = batch.entered[i], i, 1
        batch.lift[i] = 1.0
    m, counted = n, NONE
    for s in range(np.uint64(plan.first), np.uint64(plan.stages)):
        if s > np.uint64(plan.first):
            column = np.uint64(CONVERSIONS + plan.source * plan.stages) + s
            if drawn << TWO < TWO * s:
                fill_block(key, drawn, batch, batch.alive, m)
                drawn += ONE
            if plan.assists > 0:
                m, off = decide_assisted(
                    plans, source, assist_key, s, column, skill, group, batch, n, m, weekly, slot,
                    counts,
                )  # fmt: skip
            else:
                m, off = decide(plan, s, column, skill, batch, m)
            if plan.pipeline:
                trace_lost(plans, source, data, s, column, skill, group, batch, off, slot, counts)
        if drawn << TWO <= TWO * s:
            fill_block(key, drawn, batch, batch.alive, m)
            drawn += ONE
        if plan.slot[s] >= 0:
            wait(plans, source, data, s, group, batch, batch.alive, m, WON)
        if plan.careers:
            m = let_go(plans, source, group, batch, batch.alive, m, slot, counts)
        if plan.pipeline:
            trace_kept(plan, OPEN, batch, m, slot, counts)
        if s > np.uint64(plan.first) or not enters_at_once(plan):
            m, counted = arrive(plan, s, batch, m, slot, counts)
        if plan.kpis > 0:
            arrive_by_week(
                plans, source, data, key, s, skill, group, batch, counted, weekly, amounts
            )
    while drawn << TWO < np.uint64(plan.words):
        fill_block(key, drawn, batch, batch.stopped, counted)
        drawn += ONE
    book(plans, source, data, skill, group, batch, counted, slot, counts, money)
    if plan.pipeline:
        trace_kept(plan, WON, batch, m, slot, counts)


@called
def list_all(week, quarter, row, m, group, tile, n):
    """List a week of the horizon for all m members; return how many weeks are listed."""
    work = row + FOUR
    for j in range(m):  # SIMD
        tile.weeks[n + j], tile.quarters[n + j] = week, quarter
        tile.lanes[n + j], tile.rates[n + j] = group.members[j], group.rates[j]
        tile.luck[n + j], tile.work[n + j] = group.rows[row, j], group.rows[work, j]
    return n + m


@called
def list_seated(week, quarter, row, m, group, tile, n):
    """Do the same where seats may be empty."""
    work = row + FOUR
    for j in range(m):
        g = group.members[j]
        tile.weeks[n], tile.quarters[n], tile.lanes[n] = week, quarter, g
        tile.rates[n] = group.rates[j]
        tile.luck[n], tile.work[n] = group.rows[row, j], group.rows[work, j]
        n += np.uint64((group.begins[g] <= week) & (week < group.ends[g]))
    return n


@inlined
def exponent_of(power):
    """Return which power of two a number is."""
    return (np.float64(np.int64(power)).view(np.uint64) >> MANTISSA) - np.uint64(1023)


@called
def list_past(plan, week, quarter, reach, row, m, group, tile, n):
    """List those for whom a past week can hold an opportunity that still matters.

    In week -k the number of opportunities of which some delay exceeds its threshold of that age is
    the inverse Binomial(n, p reach_k) of the week's entry word; nothing else of that week can
    still happen after day 0. Most weeks hold none, which the most that n usually comes to tells
    without n: by Bernoulli's inequality (1 - x)^n >= 1 - n x. Who does more than usual in a week,
    as its word of activity tells, is listed. An inflow's inverse Poisson has the same bound.
    """
    everyone, careers, work = plan.pipeline != 0, plan.careers != 0, row + FOUR
    for first in range(NONE, m, CHUNK):
        listed = NONE  # a bit each, since mostly none is listed
        for k in range(CHUNK):  # SIMD
            j = first + k
            hit = (group.rows[row, j] >= 1.0 - group.bounds[j] * reach) | everyone
            hit |= group.rows[work, j] >= group.usual[j]
            listed |= np.uint64(hit) << k
        if first + CHUNK > m:
            listed &= (ONE << (m - first)) - ONE
        while listed != NONE:
            lowest = listed & (~listed + ONE)
            j = first + exponent_of(lowest)
            listed ^= lowest
            g = group.members[j]
            tile.weeks[n], tile.quarters[n], tile.lanes[n] = week, quarter, g
            tile.luck[n], tile.work[n] = group.rows[row, j], group.rows[work, j]
            tile.rates[n] = group.rates[j]
            if careers:
                n += np.uint64((group.begins[g] <= week) & (week < group.ends[g]))
            else:
                n += ONE
    return n


@called
def fill_usual(plans, source, m, group, tables, lifts, skill):
    """Fill in what each member's weeks bring before the market has its say.

    And the most activities to be expected in a usual week, with their power. Returns the word of
    activity from which on a week is not usual, the smallest of theirs.
    """
    plan, smallest = plans[0, source], 2.0
    column = np.uint64(CONVERSIONS + plan.source * plan.stages + plan.first)
    uneven = plan.week_shape > 0.0
    for j in range(m):
        g = group.members[j]
        rate, largest, lift, usual = plans[group.stated[g], source].rate, 1.0, 1.0, 2.0
        if not plan.inflow:
            at = group.tables[g]
            last = np.uint64(tables.usual[at] if uneven else tables.lengths[at] - 1)
            most = max(tables.firsts[at] + np.int64(last), plan.floor)
            rate, largest, lift = skill[column, g], np.float64(most), lift_of(plan, most, lifts)
            usual = tables.cumulative[at, last] if uneven else 2.0
        group.bases[j], group.most[j], group.lifts[j], group.usual[j] = rate, largest, lift, usual
        smallest = min(smallest, usual)
    return smallest


@called
def fill_rates(plan, quarter, m, group, market):
    """Fill in what a quarter's weeks bring each member: P(entry) before any power of n, or inflow.

    And the most entries to be expected in a usual week of it, of which the largest is returned.
    """
    at_quarter, most, limit = np.uint64(plan.origin_quarter + quarter), 0.0, 1.0
    if plan.inflow:
        limit = np.inf
    for j in range(m):
        group.rates[j] = group.bases[j] * market[group.worlds[group.members[j]], at_quarter]
    for j in range(m):  # SIMD
        group.bounds[j] = group.most[j] * min(group.rates[j] * group.lifts[j], limit)
        most = max(most, group.bounds[j])
    return most


@called
def count_entries(m, largest, luck, trials, chances, weights, bases, entries):
    """Fill in the inverse Binomial(trials, chances) at ``luck`` of m weeks at once.

    The loops are compiled to SIMD: powers by squaring, then five terms without branches; the few
    that need more are left to the scalar function.
    """
    padded = whole_vectors(m)
    if largest < 256:
        for j in range(padded):
            weight, base, n = 1.0, 1.0 - chances[j], trials[j]
            for bit in range(8):
                weight *= base if (n >> bit) & 1 else 1.0
                base *= base
            weights[j] = weight
    else:
        for j in range(padded):
            weights[j], bases[j] = 1.0, 1.0 - chances[j]
        bit = 0
        while largest >> bit:
            for j in range(padded):
                weights[j] *= bases[j] if (trials[j] >> bit) & 1 else 1.0
                bases[j] *= bases[j]
            bit += 1
    for j in range(padded):
        n, u, weight = np.float64(trials[j]), luck[j], weights[j]
        odds = chances[j] / (1.0 - chances[j])
        total = weight
        k = np.int64(u >= total)
        weight *= n * odds
        total += weight
        k += np.int64(u >= total)
        weight *= (n - 1.0) * odds * 0.5
        total += weight
        k += np.int64(u >= total)
        weight *= (n - 2.0) * odds * THIRD
        total += weight
        k += np.int64(u >= total)
        weight *= (n - 3.0) * odds * 0.25
        total += weight
        k += np.int64(u >= total)
        entries[j] = 5 if weights[j] < SMALLEST_WEIGHT else k  # so too where P(entry) is 1
    for j in range(m):
        if entries[j] > 4:
            entries[j] = binomial_quantile(luck[j], trials[j], chances[j])


@called
def ramp_up(plans, source, m, group, skill, market, tile):
    """Fill in the rates of m weeks where reps ramp."""
    plan = plans[0, source]
    column = np.uint64(CONVERSIONS + plan.source * plan.stages + plan.first)
    for j in range(m):
        g = tile.lanes[j]
        rate = plans[group.stated[g], source].rate if plan.inflow else skill[column, g]
        rate *= productivity(plan, tile.weeks[j], group.ramped[g], group.ramps[g])
        at_quarter = np.uint64(plan.origin_quarter + tile.quarters[j])
        tile.rates[j] = rate * market[group.worlds[g], at_quarter]


@inlined
def thin(plan, data, past, m, tile):
    """Fill in the chances of m weeks: their rates, but in the past of what can still matter."""
    for j in range(m):
        tile.chances[j] = tile.rates[j]
    reach = plan.past + plan.slots * plan.past_weeks + plan.past_weeks
    for j in range(past):
        tile.chances[j] *= data[np.uint64(reach + tile.weeks[j])]


@called
def receive(plan, data, past, m, tile):
    """Fill in how many opportunities come by themselves in m weeks."""
    thin(plan, data, past, m, tile)
    for j in range(m):
        tile.entries[j] = poisson_quantile(tile.luck[j], tile.chances[j])


@called
def keep_policy(plans, source, key, m, group, tile):
    """Let floor and cap have their say on the activities of m weeks."""
    plan, n = plans[0, source], NONE
    floor, cap, start, below = plan.floor, plan.cap, plan.policy_start, tile.below
    if floor > 0:
        for j in range(m):
            below[n], tile.below_lanes[n], tile.below_weeks[n] = j, tile.lanes[j], tile.weeks[j]
            n += np.uint64((tile.trials[j] < floor) & (tile.weeks[j] >= start))
        fill_weeks(
            key, group, tile.below_lanes, tile.below_weeks, n, POLICY, tile, tile.policy
        )  # fmt: skip
        for j in range(n):
            i = below[j]
            adherence = plans[group.stated[tile.below_lanes[j]], source].adherence
            tile.trials[i] = floor if tile.policy[j] < adherence else tile.trials[i]
    for j in range(m):  # SIMD
        tile.trials[j] = min(tile.trials[j], cap if tile.weeks[j] >= start else UNLIMITED)


@called
def count_activities(plan, key, past, m, group, tables, tile):
    """Fill in how many activities the weather of the day allows in m weeks."""
    if plan.week_shape == 0.0:  # else they were looked at already
        fill_weeks(key, group, tile.lanes, tile.weeks, past, ACTIVITY, tile, tile.work)
    cumulative, guide, unsure = tables.cumulative, tables.guide, NONE
    scale, many, at = np.float64(np.int64(guide.shape[1]) - 1), tables.firsts.size > 1, NONE
    for j in range(m):  # count_quantile without a branch, but for the few that are farther off
        if many:
            at = group.tables[tile.lanes[j]]
        u = tile.work[j]
        n = guide[at, np.uint64(np.int64(u * scale))]
        n += np.uint64(u >= cumulative[at, n])
        tile.trials[j], tile.below[unsure] = tables.firsts[at] + np.int64(n), j
        unsure += np.uint64(u >= cumulative[at, n])
    for k in range(unsure):
        j = tile.below[k]
        if many:
            at = group.tables[tile.lanes[j]]
        tile.trials[j] = count_quantile(tile.work[j], at, tables)


@called
def work(plans, source, data, key, past, m, group, tables, lifts, tile, weekly, slot, counts):
    """Fill in the activities of m weeks, of which ``past`` come before day 0, and their entries."""
    plan = plans[0, source]
    count_activities(plan, key, past, m, group, tables, tile)
    if plan.floor > 0 or plan.cap < UNLIMITED:
        keep_policy(plans, source, key, m, group, tile)
    if plan.elasticity != 1.0:
        for j in range(m):
            tile.rates[j] *= lift_of(plan, tile.trials[j], lifts)
    largest = ZERO
    for j in range(m):
        tile.rates[j] = min(tile.rates[j], 1.0)
        largest = max(largest, tile.trials[j])
    thin(plan, data, past, m, tile)
    count_entries(
        m, largest, tile.luck, tile.trials, tile.chances, tile.weights, tile.bases, tile.entries
    )
    columns, kpis = np.uint64(plan.columns), plan.kpis > 0
    for j in range(past, m):
        at = np.uint64(tile.quarters[j]) * columns + ACTIVITIES
        counts[slot + tile.lanes[j], at] += np.int32(tile.trials[j])
    if kpis:
        for j in range(past, m):
            weekly[tile.lanes[j], np.uint64(tile.weeks[j]), DONE] = np.int32(tile.trials[j])


@called
def arrive_at_once(plan, past, m, tile, slot, counts):
    """Count those who reach the first stage in the week in which they enter."""
    column, columns = np.uint64(plan.reached + plan.first), np.uint64(plan.columns)
    for j in range(past, m):
        at = np.uint64(tile.quarters[j]) * columns + column
        counts[slot + tile.lanes[j], at] += np.int32(min(tile.entries[j], MOST_ENTRIES))


@called
def lost_later(plan, data, key, j, group, tile):
    """Return how many opportunities of a past week can still be lost, but no longer won."""
    g, week, rate, chance = tile.lanes[j], tile.weeks[j], tile.rates[j], tile.chances[j]
    u = timed_uniform(key, group.draws[g], group.seats[g], week, PAST_ENTRY, NO_NAME)
    share = (rate - chance) * data[past_at(plan, OPEN_REACH, ZERO, week)]
    if plan.inflow:
        return poisson_quantile(u, share)
    return binomial_quantile(u, tile.trials[j] - tile.entries[j], share / (1.0 - chance))


@called
def enlist(j, m, n, tile, batch):
    """Put the opportunities of weeks from j on into the batch until it is full.

    Returns the week that comes next, of which what is left is in the tile, and how many there are.
    """
    room = np.uint64(batch.lanes.size) - BATCH_MARGIN
    while j < m and n <= room:
        place, left = tile.places[j], np.uint64(tile.entries[j])
        for k in range(FOUR):  # four at once: what is too much is written over
            batch.places[n + k] = place + k
        if left > FOUR:
            tile.places[j], tile.entries[j] = place + FOUR, np.int64(left - FOUR)
            n += FOUR
        else:
            n += left
            j += ONE
    return j, n


@called
def enlist_all(plan, data, key, past, j, m, n, family, group, tile, batch):
    """Do the same, and put those of the past that can only be lost behind the others of a week."""
    room = np.uint64(batch.lanes.size) - BATCH_MARGIN
    while j < m and n <= room:
        left = np.uint64(tile.entries[j])
        step = min(left, FOUR)
        for k in range(FOUR):
            batch.places[n + k], batch.families[n + k] = tile.places[j] + k, family
        n += step
        if left > step:
            tile.places[j] += step
            tile.entries[j] -= np.int64(step)
        elif family == OPPORTUNITY and j < past:
            tile.entries[j] += np.int64(tile.places[j] & np.uint64(MOST_ENTRIES))  # all of them
            tile.entries[j] = lost_later(plan, data, key, j, group, tile)
            place = place_of(tile.weeks[j] + ORIGIN, ZERO)
            tile.places[j], family = place | tile.lanes[j] << HALF, PAST_OPPORTUNITY
        else:
            j, family = j + ONE, OPPORTUNITY
    return j, n, family


@called
def open_weeks(
    plans, source, data, keys, past, m, n, group, tables, lifts, skill, market, tile, batch, weekly,
    amounts, slot, counts, money,
):  # fmt: skip
    """Find out what m weeks bring, and follow it, a batch at a time; n are already in the batch.

    Returns the number of those left in the batch.
    """
    plan = plans[0, source]
    entry_key, activity_key, walk_keys = keys
    if plan.careers:
        ramp_up(plans, source, m, group, skill, market, tile)
    if plan.inflow:
        receive(plan, data, past, m, tile)
    else:
        work(
            plans, source, data, activity_key, past, m, group, tables, lifts, tile, weekly, slot,
            counts,
        )  # fmt: skip
    if enters_at_once(plan):
        arrive_at_once(plan, past, m, tile, slot, counts)
    for j in range(m):  # SIMD: the place of the first, with the lane until the batch is walked
        tile.places[j] = place_of(tile.weeks[j] + ORIGIN, ZERO) | tile.lanes[j] << HALF
        tile.entries[j] = min(tile.entries[j], MOST_ENTRIES)
    room, j, family = np.uint64(batch.lanes.size) - BATCH_MARGIN, NONE, OPPORTUNITY
    while j < m:  # weeks in order; a batch may begin and end inside one
        if plan.pipeline:
            j, n, family = enlist_all(
                plan, data, entry_key, past, j, m, n, family, group, tile, batch
            )
        else:
            j, n = enlist(j, m, n, tile, batch)
        if n > room:
            walk_batch(
                plans, source, data, walk_keys, n, skill, group, batch, weekly, amounts, slot,
                counts, money,
            )  # fmt: skip
            n = NONE
    return n


@called
def walk_funnel(
    plans, source, data, key, other_key, m, group, tables, lifts, skill, market, tile,
    batch, weekly, amounts, slot, counts, money,
):  # fmt: skip
    """Work the weeks of m lanes in order, then follow their opportunities, a batch at a time."""
    plan = plans[0, source]
    activity_key = other_key if plan.renewed & NEW_ACTIVITY else key
    entry_key = other_key if plan.renewed & NEW_ENTRY else key
    assist_key = other_key if plan.renewed & NEW_ASSIST else key
    keys = entry_key, activity_key, (key, other_key, assist_key)
    begin, end = plan.quarters * plan.weeks_per_quarter, ZERO
    for j in range(m):
        begin = min(begin, group.begins[group.members[j]])
        end = max(end, group.ends[group.members[j]])
    begin = max(begin, -plan.past_weeks)
    most, filled, even = 0.0, NO_QUARTER, plan.market_sigma == 0.0
    usual = fill_usual(plans, source, m, group, tables, lifts, skill)
    for q in range(1, 4):
        even &= plan.season[q] == plan.season[0]
    everyone, uneven = plan.pipeline != 0, plan.week_shape > 0.0 and not plan.inflow
    listed, past, n = NONE, NONE, NONE
    room = np.uint64(tile.weeks.size) - VECTOR
    for block in range((begin + ORIGIN) >> 2, (end + ORIGIN + 3) >> 2):
        place = place_of(block, ZERO)
        highest = fill_places(
            entry_key, group.member_draws, group.member_seats, m, place, ENTRY, NONE, group
        )
        busiest = IDLE
        if uneven or (block >= ORIGIN >> 2 and not plan.inflow):
            busiest = fill_places(
                activity_key, group.member_draws, group.member_seats, m, place, ACTIVITY, FOUR,
                group,
            )  # fmt: skip
        for t in range(4):
            week = 4 * block + t - ORIGIN
            if week < begin or week >= end:
                continue
            quarter = week // plan.weeks_per_quarter
            if filled == NO_QUARTER or (quarter != filled and not even):
                filled = quarter
                most = fill_rates(plan, quarter, m, group, market)
            if week >= 0:
                if plan.careers:
                    listed = list_seated(week, quarter, np.uint64(t), m, group, tile, listed)
                else:
                    listed = list_all(week, quarter, np.uint64(t), m, group, tile, listed)
                continue
            reach = data[past_at(plan, REACH, ZERO, week)]
            if everyone or highest[t] >= 1.0 - most * reach or busiest[t] >= usual:
                listed = list_past(plan, week, quarter, reach, np.uint64(t), m, group, tile, listed)
                past = listed
        if listed + np.uint64(4) * m > room:
            n = open_weeks(
                plans, source, data, keys, past, listed, n, group, tables, lifts, skill, market,
                tile, batch, weekly, amounts, slot, counts, money,
            )  # fmt: skip
            listed, past = NONE, NONE
    if listed > 0:
        n = open_weeks(
            plans, source, data, keys, past, listed, n, group, tables, lifts, skill, market, tile,
            batch, weekly, amounts, slot, counts, money,
        )  # fmt: skip
    if n > 0:
        walk_batch(
            plans, source, data, keys[2], n, skill, group, batch, weekly, amounts, slot, counts,
            money,
        )  # fmt: skip


@called
def add_windfalls(plans, data, key, n, group, windfalls, in_seat, slot, counts, money):
    """Book the windfalls of each quarter, after the deals of the funnel.

    What would come while nobody sits there does not come.
    """
    plan = plans[0, 0]
    for q in range(plan.quarters):
        place = place_of(q + ORIGIN, ZERO)
        fill_places(key, group.draws, group.places, n, place, WINDFALL, NONE, group)
        column, amount = np.uint64(q * plan.columns), np.uint64(q * plan.amounts)
        for g in range(n):
            stated = group.stated[g]
            at = stated if windfalls.firsts.size > 1 else NONE
            many = count_quantile(group.rows[0, g], at, windfalls)
            moment, high, low = group.rows[1, g], group.rows[2, g], group.rows[3, g]
            for i in range(min(many, MOST_ENTRIES)):
                if i > 0:
                    words = block_at(
                        key, group.draws[g], group.places[g], q + ORIGIN, i, WINDFALL, ZERO, NO_NAME
                    )
                    moment, high, low = uniform(words[1]), uniform(words[2]), uniform(words[3])
                if plan.careers:
                    now = (q + moment) * plan.weeks_per_quarter
                    if in_seat[g, np.uint64(np.int64(now))] == 0.0:
                        continue
                law = plan.windfall_law
                size = size_quantile(
                    plan, data, law, plans[stated, 0].law_scale[law], high, low
                )  # fmt: skip
                counts[slot + g, column + WINDFALLS] += 1
                money[slot + g, amount + WINDFALL_PART] += size
                money[slot + g, amount + LARGEST] = max(money[slot + g, amount + LARGEST], size)


@inlined
def seen_in(plan, key, draw, seat, k, begin, end, g, weekly, amounts):
    """Return what a KPI sees of some weeks: a count or amount, thinned where not all is logged."""
    total, number = 0.0, 0
    if plan.kpi_metric[k] == KPI_PIPELINE:
        for week in range(begin, end):
            total += amounts[g, week, k]
        return total
    column = DONE
    if plan.kpi_metric[k] == KPI_STAGE:
        column = REACHED + np.uint64(plan.kpi_stage[k])
    elif plan.kpi_metric[k] == KPI_ASSIST:
        column = REACHED + np.uint64(plan.stages + plan.kpi_stage[k])
    if plan.kpi_logged[k] < 1.0:
        for week in range(begin, end):
            u = timed_uniform(key, draw, seat, np.int64(week), LOGGED, np.uint64(plan.kpi_name[k]))
            count = np.int64(weekly[g, week, column])
            number += binomial_quantile(u, count, plan.kpi_logged[k])
    else:
        for week in range(begin, end):
            number += np.int64(weekly[g, week, column])
    return np.float64(number)


@called
def count_hits(plan, key, draw, seat, k, quarter, g, weekly, amounts):
    """Return the number of periods of a quarter in which KPI k reaches its target."""
    length, target, hits = plan.weeks_per_quarter, plan.kpi_target[k], 0
    first = quarter * length
    begin, last = first, first + length
    month = 0
    while begin < last:
        end = last
        if plan.kpi_period[k] == PER_WEEK:
            end = begin + 1
        elif plan.kpi_period[k] == PER_MONTH:
            month += 1
            end = first + month * length // 3
        total = seen_in(
            plan, key, draw, seat, k, np.uint64(begin), np.uint64(end), g, weekly, amounts
        )
        hits += np.int64(total >= target)
        begin = end
    return hits


@called
def close_quarters(plan, key, n, group, weekly, amounts, in_seat, slot, counts, money):
    """Add the parts of bookings up, count the KPI hits and how much of the quarter was worked."""
    for g in range(n):
        at = slot + g
        for q in range(plan.quarters):
            column, amount = np.uint64(q * plan.columns), np.uint64(q * plan.amounts)
            if plan.careers:
                filled, productive = 0, 0.0
                for week in range(q * plan.weeks_per_quarter, (q + 1) * plan.weeks_per_quarter):
                    filled += in_seat[g, np.uint64(week)] > 0.0
                    productive += in_seat[g, np.uint64(week)]
                part = amount + np.uint64(plan.in_seat)
                money[at, part] = filled / plan.weeks_per_quarter
                money[at, part + ONE] = productive / plan.weeks_per_quarter
            money[at, amount + BOOKINGS] = (
                money[at, amount + REPEATABLE] + money[at, amount + WINDFALL_PART]
            )
            for k in range(np.uint64(plan.kpis)):
                hits = count_hits(
                    plan, key, group.draws[g], group.places[g], k, q, g, weekly, amounts
                )
                counts[at, column + np.uint64(plan.hits) + k] = hits


@called
def career_of(plan, data, key, draw, seat, begin):
    """Return a hire's weeks in seat, the day of leaving, the ramp, and when the next one begins."""
    weeks = plan.quarters * plan.weeks_per_quarter
    words = block_at(key, draw, seat, ZERO, ZERO, TEAM, ZERO, NO_NAME)
    length = 0.0
    if begin > ALWAYS:
        length = plan.ramp_weeks
        if plan.ramp_sigma > 0.0:
            z = quantile(plan, data, plan.normal_law, uniform(words[1]))
            length *= multiplier(z, plan.ramp_sigma)
    end, leave_day, following = weeks, FOREVER, weeks
    if plan.leaving < 0.0:
        life = math.log1p(-uniform(words[0])) / plan.leaving  # inverse geometric: at least a week
        if max(begin, 0) + math.floor(life) + 1.0 <= weeks:
            end = max(begin, 0) + np.int64(life) + 1
            leave_day = 7.0 * end
            empty = plan.fill_weeks
            if plan.fill_sigma > 0.0:
                z = quantile(plan, data, plan.normal_law, uniform(words[2]))
                empty *= multiplier(z, plan.fill_sigma)
            following = np.int64(min(end + math.floor(empty + uniform(words[3])), weeks))
    return end, leave_day, length, following


@called
def gather(plan, data, first_draw, seats, slot, n, group, own_worlds):
    """Seat n lanes from a slot on, the seats of a draw side by side; return how many draws."""
    row, rep, w = slot // seats, slot % seats, NONE
    headcount = np.uint64(plan.headcount)
    for g in range(n):
        group.draws[g], group.worlds[g] = first_draw + row, w
        group.world_draws[w] = first_draw + row
        group.stated[g] = w if own_worlds else NONE
        group.following[g] = ALWAYS
        group.places[g] = np.uint64(plan.first_seat) + rep
        if rep >= headcount:
            group.places[g] = np.uint64(FIRST_HIRED) + (rep - headcount)
            group.following[g] = np.int64(data[np.uint64(plan.hired) + (rep - headcount)])
        rep += ONE
        if rep == seats:
            row, rep, w = row + ONE, NONE, w + ONE
    return w + np.uint64(rep > NONE)


@called
def employ(plans, data, key, hire, n, group, in_seat):
    """List the lanes whose seat is filled once more, and since when and until when; their number.

    ``hire`` counts who sat there before.
    """
    plan, m = plans[0, 0], NONE
    weeks = plan.quarters * plan.weeks_per_quarter
    for g in range(n):
        begin = group.following[g]
        if begin >= weeks:
            continue
        draw, seat = group.draws[g], group.places[g] | hire << np.uint64(20)
        group.members[m], group.member_draws[m], group.member_seats[m] = g, draw, seat
        m += ONE
        group.seats[g], group.begins[g], group.ends[g] = seat, begin, weeks
        group.leaves[g], group.ramped[g], group.ramps[g] = FOREVER, begin, 0.0
        group.following[g] = weeks
        if plan.careers:
            stated = plans[group.stated[g], 0]
            end, leave_day, length, following = career_of(stated, data, key, draw, seat, begin)
            group.ends[g], group.leaves[g], group.ramps[g] = end, leave_day, length
            group.following[g] = following
            for week in range(max(begin, 0), end):
                in_seat[g, np.uint64(week)] = productivity(plan, week, begin, length)
    return m


@inlined
def sets(settings, kind):
    """Return whether something uncertain is of a kind."""
    found = False
    for i in range(settings.size):
        found |= settings[i].kind == kind
    return found


@whole
def simulate_block(settings, data, keys, other_keys, first_draw, seats, room, counts, money):
    """Simulate consecutive draws of a segment into the rows of ``counts`` and ``money``.

    A row is a seat of a draw, the seats of a draw side by side; a column is one of
    ``plan.columns`` of a quarter, quarter by quarter. Both come in zeroed. ``keys`` are those of
    world, rep and each source; what the plan wants drawn anew is looked up under ``other_keys``.
    ``room`` is described in engine/scratch.py; its plans are a record for each source, the rep's
    own activity first, and for each draw of a group where ``settings`` change them; ``data`` is
    what their offsets point at.
    """
    (
        plans, groups, tiles, batches, activities, windfalls, lifts, skill, market, weekly, amounts,
        in_seat,
    ) = room  # fmt: skip
    plan, group, tile, batch = plans[0, 0], groups[0], tiles[0], batches[0]
    world, own = (keys[0, 0], keys[0, 1]), (keys[1, 0], keys[1, 1])
    other_world, other_own = (other_keys[0, 0], other_keys[0, 1]), (
        other_keys[1, 0], other_keys[1, 1]
    )  # fmt: skip
    parameter_key = other_world if plan.renewed & NEW_PARAMETER else world
    market_key = other_world if plan.renewed & NEW_MARKET else world
    skill_key = other_own if plan.renewed & NEW_SKILL else own
    windfall_key = other_own if plan.renewed & NEW_WINDFALL else own
    team_key = other_own if plan.renewed & NEW_TEAM else own
    if plan.elasticity != 1.0:
        for n in range(1, lifts.size):
            lifts[n] = (n / plan.reference) ** (plan.elasticity - 1.0)
    batch.families[:] = OPPORTUNITY
    activities.shape[0], activities.means[0] = plan.week_shape, plan.mean_per_week
    windfalls.shape[0], windfalls.means[0] = 0.0, plan.windfalls_per_quarter
    fill_steps(activities)
    tabulate(ONE, activities)
    tabulate(ONE, windfalls)
    level, surprises = sets(settings, SET_LEVEL), sets(settings, SET_WINDFALLS)
    lanes, slots = np.uint64(group.lanes), np.uint64(counts.shape[0])
    slot = NONE
    while slot < slots:
        n = min(lanes, slots - slot)
        m = gather(plan, data, first_draw, seats, slot, n, group, settings.size > 0)
        if settings.size > 0:
            draw_parameters(plans, settings, data, parameter_key, m, group)
        if surprises:
            for w in range(m):
                windfalls.means[w] = plans[w, 0].windfalls_per_quarter
            tabulate(m, windfalls)
        if level and plan.activity_sigma == 0.0:
            for w in range(m):
                activities.means[w] = plans[w, 0].mean_per_week
            tabulate(m, activities)
        fill_market(plan, data, market_key, m, group, market)
        weekly[:] = 0
        amounts[:] = 0.0
        in_seat[:] = 0.0
        hire = NONE
        while hire < MOST_HIRES:
            m = employ(plans, data, team_key, hire, n, group, in_seat)
            if m == 0:
                break
            fill_skill(plans, data, skill_key, m, group, skill)
            for j in range(m):
                g = group.members[j]
                group.tables[g] = group.worlds[g] if level else NONE
                if plan.activity_sigma > 0.0:
                    stated = plans[group.stated[g], 0].mean_per_week
                    activities.means[j], group.tables[g] = stated * skill[ACTIVITY_SKILL, g], j
            if plan.activity_sigma > 0.0:
                tabulate(m, activities)
            for source in range(np.uint64(plans.shape[1])):
                walk_funnel(
                    plans, source, data, (keys[TWO + source, 0], keys[TWO + source, 1]),
                    (other_keys[TWO + source, 0], other_keys[TWO + source, 1]), m, group,
                    activities, lifts, skill, market, tile, batch, weekly, amounts,
                    slot, counts, money,
                )  # fmt: skip
            hire += ONE
        if plan.windfalls_per_quarter > 0.0 or surprises:
            add_windfalls(
                plans, data, windfall_key, n, group, windfalls, in_seat, slot, counts,
                money,
            )  # fmt: skip
        close_quarters(
            plan, (keys[2, 0], keys[2, 1]), n, group, weekly, amounts, in_seat, slot, counts, money
        )
        slot += n
