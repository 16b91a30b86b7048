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

import numba as nb
import numpy as np

MASK = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

SKILL, MARKET, ACTIVITY, POLICY, ENTRY, OPPORTUNITY, WINDFALL = (np.uint64(i) for i in range(7))
ASSIST, PARAMETER, TEAM, LOGGED = np.uint64(7), np.uint64(8), np.uint64(9), np.uint64(10)
PAST_ENTRY, PAST_OPPORTUNITY = np.uint64(11), np.uint64(12)
NO_NAME, NO_SEAT = np.uint64(0), np.uint64(0)
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
ACTIVITIES, WINDFALLS, WHALES, FIRST_FREE = 0, 1, 2, 3
ENTERED, LOST_IN, STALLED_IN, OPEN_BEFORE, OPEN_AFTER, FLOWS = 0, 1, 2, 3, 4, 5
# Of money; then bookings by source, and what of the quarter the seat was filled and productive.
BOOKINGS, REPEATABLE, WINDFALL_PART, LARGEST, AMOUNTS = 0, 1, 2, 3, 4
DONE, REACHED = 0, 1  # of weekly: activities, then one column a stage, then one an assist
ACTIVITY_SKILL, SIZE_SKILL, CONVERSIONS = 0, 1, 2  # of skill: then one a stage, source by source
# Of the thresholds of the past.
THETA, REACH, OPEN_THETA, OPEN_REACH = np.int64(0), np.int64(1), np.int64(2), np.int64(3)
COMMON, ACTIVITY_POSITION, SIZE_POSITION, STAGE_POSITION = (np.int64(i) for i in range(4))
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
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)
VECTOR = np.uint64(8)  # doubles in the widest SIMD register
BATCH = np.uint64(64)  # opportunities followed together, and up to three more
NEGLIGIBLE = 1e-16
SMALLEST_WEIGHT = 1e-260  # below, digits would be lost to underflow

# Inlined without exception: passing a record and its arrays on costs more than most of the work.
# Nor are references to arrays counted, a sixth of the time: nothing here makes or keeps an array.
# Nor is anything here called from C. These options of numba's are not public, hence done without
# where they are not known.
UNCOUNTED = {
    option: value
    for option, value in (("_nrt", False), ("no_cfunc_wrapper", True))
    if hasattr(nb.core.options.DefaultOptions, option)
}
inlined = nb.njit(error_model="numpy", forceinline=True, **UNCOUNTED)
# What is called once a draw or rep, or long in itself, is not: it would be compiled at each call.
called = nb.njit(error_model="numpy", **UNCOUNTED)


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


@inlined
def timed_uniform(key, draw, seat, time, family, name):
    """Return the one uniform of a week or quarter."""
    place = time + ORIGIN
    words = block_at(key, draw, seat, place >> 2, ZERO, family, ZERO, name)
    lane = place & 3
    if lane < 2:
        return uniform(words[0] if lane == 0 else words[1])
    return uniform(words[2] if lane == 2 else words[3])


@inlined
def fill_timed(key, draw, seat, family, first, skipped, stop, uniforms):
    """Fill in the uniforms of consecutive weeks, four to a block, but for some blocks skipped.

    ``first`` is the first block, skipped or not; ``stop`` the first no longer needed.
    """
    for block in range(np.uint64(skipped) & ~(VECTOR - ONE), whole_vectors(stop)):
        words = philox(
            np.uint64(draw), seat, (np.uint64(first) + block) << INDEX_BITS, family, key[0], key[1]
        )
        at = np.uint64(4) * block
        uniforms[at], uniforms[at + ONE] = uniform(words[0]), uniform(words[1])
        uniforms[at + TWO], uniforms[at + THREE] = uniform(words[2]), uniform(words[3])


@inlined
def whole_vectors(n):
    """Round up to whole SIMD vectors: cheaper than a remainder, and arrays have the room."""
    return (np.uint64(n) + VECTOR - ONE) & ~(VECTOR - ONE)


@inlined
def fill_opportunities(key, draw, seat, places, families, n, words, uniforms):
    """Fill in the uniforms of n opportunities, (position, opportunity)."""
    for block in range(np.uint64(words >> 2)):
        shifted, row = block << np.uint64(8), np.uint64(4) * block
        for i in range(whole_vectors(n)):  # SIMD: keep branches, tuples and look-ups out
            words = philox(np.uint64(draw), seat, places[i], families[i] | shifted, key[0], key[1])
            uniforms[row, i], uniforms[row + ONE, i] = uniform(words[0]), uniform(words[1])
            uniforms[row + TWO, i], uniforms[row + THREE, i] = uniform(words[2]), uniform(words[3])


@inlined
def renew_opportunities(key, draw, seat, places, families, n, words_used, renewed, uniforms):
    """Draw the words at some positions anew; bit i of ``renewed`` stands for position i."""
    for block in range(np.uint64(words_used >> 2)):
        shifted, row = block << np.uint64(8), np.uint64(4) * block
        lanes = renewed >> np.int64(row) & 15
        if lanes == 0:
            continue
        for i in range(n):
            words = philox(np.uint64(draw), seat, places[i], families[i] | shifted, key[0], key[1])
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
    upper = u > 0.5
    tail = min(max(1.0 - u if upper else u, SMALLEST_TAIL), LARGEST_TAIL)
    digits = np.float64(tail).view(np.uint64)
    rest = MANTISSA - np.uint64(bits)
    row = (digits >> rest) - (TABLE_ORIGIN << np.uint64(bits))
    if upper:
        row += np.uint64(32) << np.uint64(bits)
    unit = np.uint64((np.uint64(1023) - rest) << MANTISSA).view(np.float64)  # 2^-rest
    x = np.float64(np.int64(digits & ((ONE << rest) - ONE))) * unit
    at = np.uint64(first) + np.uint64(4) * row
    return data[at] + x * (data[at + ONE] + x * (data[at + TWO] + x * data[at + THREE]))


@inlined
def quantile(plan, data, law, u):
    """Return the quantile at u of law number ``law``."""
    kind, scale = plan.law_kind[law], plan.law_scale[law]
    if kind == TABLE:
        return scale * tabled(data, plan.law_first[law], plan.law_size[law], u)
    if kind == CONSTANT:
        return scale
    if kind == PARETO:
        return scale * (1.0 - u) ** plan.law_power[law]
    size = plan.law_size[law]
    return scale * data[plan.law_first[law] + min(np.int64(u * size), size - 1)]


@inlined
def size_quantile(plan, data, law, high, low):
    """Return the quantile of a size law at two uniforms, of which most laws need one."""
    if plan.law_kind[law] >= PARETO:
        return quantile(plan, data, law, long_uniform(high, low))
    return quantile(plan, data, law, high)


@inlined
def step_up(n, mean, shape):
    """Return pmf(n + 1) / pmf(n): Poisson where ``shape`` is 0, else negative binomial."""
    if shape == 0.0:
        return mean / (n + 1.0)
    return (n + shape) / (n + 1.0) * (mean / (mean + shape))


@inlined
def fill_counts(mean, shape, cumulative):
    """Tabulate a Poisson or negative binomial law.

    Weights grow from 1 at the mode, so that no mean under- or overflows; they are divided by their
    sum in the end. Returns (first, length): cumulative[j] = P(N <= first + j) for j < length. What
    is left out below and above is below 1e-15; a law longer than the array is cut there.
    """
    mode = np.int64(mean) if shape == 0.0 else np.int64(max(0.0, mean - mean / shape))
    first = mode
    weight = 1.0
    while first > 0 and weight > 1e-20:
        first -= 1
        weight /= step_up(first, mean, shape)
    limit = 0.0 if shape == 0.0 else mean / (mean + shape)
    n, length, total = first, 0, 0.0
    while length < cumulative.size:
        total += weight
        cumulative[length] = total
        length += 1
        ratio = step_up(n, mean, shape)
        if n > mode and weight * max(ratio, limit) < 1e-15 * total * (1.0 - max(ratio, limit)):
            break
        weight *= ratio
        n += 1
    for j in range(length):
        cumulative[j] /= total
    return first, length


@called
def tabled_counts(mean, shape, cumulative, guide):
    """Tabulate a law of counts and where to begin the search: guide[g] for u in [g, g + 1) / G."""
    first, length = fill_counts(mean, shape, cumulative)
    while length > 1 and cumulative[length - 2] > 1.0 - 0.25 * TWO_32:
        length -= 1  # no uniform asks for more
    j = np.uint64(0)
    for g in range(guide.size):
        while cumulative[j] * guide.size <= g and j < np.uint64(length - 1):
            j += ONE
        guide[g] = j
    return first, length, cumulative, guide


@inlined
def count_quantile(u, first, length, cumulative, guide):
    """Return the smallest tabulated n with P(N <= n) > u."""
    j = guide[np.uint64(u * guide.size)]
    while u >= cumulative[j] and j < np.uint64(length - 1):
        j += ONE
    return first + np.int64(j)


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
def draw_parameters(plans, settings, data, key, draw):
    """Set the uncertain parameters of a draw, one uniform to each name, in every plan they touch.

    Returns whether the level of activity and the number of windfalls may differ from draw to draw.
    """
    level, windfalls = False, False
    for i in range(settings.size):
        to = settings[i]
        u = uniform(
            block_at(key, draw, NO_SEAT, ZERO, ZERO, PARAMETER, ZERO, np.uint64(to.name))[0]
        )
        value = to.scale * tabled(data, to.first, to.bits, u)
        plan = plans[to.plan]
        kind, at = to.kind, to.index
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
            level = True
        elif kind == SET_WINDFALLS:
            plan.windfalls_per_quarter = value
            windfalls = True
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
    return level, windfalls


# --- the rep: skill, market, weeks ---------------------------------------------------------------


@inlined
def skilled_normal(plan, data, key, draw, seat, position, loading):
    """Return z = L g + sqrt(1 - L^2) e, e the word at ``position``, g the word common to all."""
    u = positioned_uniform(key, draw, seat, position)
    own = quantile(plan, data, plan.normal_law, u)
    if loading == 0.0:
        return own
    g = quantile(plan, data, plan.normal_law, positioned_uniform(key, draw, seat, COMMON))
    return loading * g + math.sqrt(1.0 - loading * loading) * own


@inlined
def positioned_uniform(key, draw, seat, position):
    """Return a rep's uniform of skill."""
    words = block_at(key, draw, seat, ZERO, ZERO, SKILL, position >> 2, NO_NAME)
    lane = position & 3
    if lane < 2:
        return uniform(words[0] if lane == 0 else words[1])
    return uniform(words[2] if lane == 2 else words[3])


@inlined
def multiplier(z, sigma):
    """Return the lognormal with mean 1 at a standard normal."""
    return math.exp(sigma * z - 0.5 * sigma * sigma)


@called
def fill_skill(plans, data, key, draw, seat, skill):
    """Fill in the multipliers of activity and size, then the rep's conversions, by source."""
    plan = plans[0]
    skill[ACTIVITY_SKILL], skill[SIZE_SKILL] = 1.0, 1.0
    if plan.activity_sigma > 0.0:
        z = skilled_normal(plan, data, key, draw, seat, ACTIVITY_POSITION, plan.activity_loading)
        skill[ACTIVITY_SKILL] = multiplier(z, plan.activity_sigma)
    if plan.size_sigma > 0.0:
        z = skilled_normal(plan, data, key, draw, seat, SIZE_POSITION, plan.size_loading)
        skill[SIZE_SKILL] = multiplier(z, plan.size_sigma)
    for source in range(plans.size):
        each = plans[source]
        at = CONVERSIONS + source * each.stages
        for s in range(each.first, each.stages):
            conversion = each.conversion[s]
            if each.conversion_law[s] >= 0:
                z = skilled_normal(
                    plan, data, key, draw, seat, STAGE_POSITION + s, plan.stage_loading[s]
                )
                u = 0.5 * math.erfc(-z / math.sqrt(2.0))
                if each.concentration[s] == 0.0:
                    conversion = quantile(each, data, each.conversion_law[s], u)
                elif 0.0 < conversion < 1.0:  # around a mean that was itself drawn
                    a = conversion * each.concentration[s]
                    conversion = beta_quantile(u, a, each.concentration[s] - a)
                conversion = min(max(conversion, 0.0), 1.0)
            skill[at + s] = conversion


@called
def fill_market(plan, data, key, draw, market):
    """Fill in the market's factor of each quarter, from ``plan.origin_quarter`` before day 0."""
    past = plan.origin_quarter
    for i in range(past + plan.quarters):
        market[i] = plan.season[(i - past) & 3]
    if plan.market_sigma == 0.0:
        return
    fresh = math.sqrt(1.0 - plan.persistence * plan.persistence)
    first = quantile(
        plan, data, plan.normal_law, timed_uniform(key, draw, NO_SEAT, ZERO, MARKET, NO_NAME)
    )
    market[past] *= multiplier(first, plan.market_sigma)
    for step in (1, -1):
        x, q = first, ZERO + step
        while -past <= q < plan.quarters:
            u = timed_uniform(key, draw, NO_SEAT, q, MARKET, NO_NAME)
            x = plan.persistence * x + fresh * quantile(plan, data, plan.normal_law, u)
            market[past + q] *= multiplier(x, plan.market_sigma)
            q += step


@inlined
def under_policy(plan, key, draw, seat, week, n):
    """Return the week's activities once floor and cap have had their say."""
    if week < plan.policy_start:
        return n
    if n < plan.floor:
        u = timed_uniform(key, draw, seat, week, POLICY, NO_NAME)
        if u < plan.adherence:
            n = plan.floor
    return min(n, plan.cap)


@inlined
def entry_probability(plan, conversion, factor, n):
    """Return P(entry) of each of n activities."""
    p = conversion * factor
    if plan.elasticity != 1.0 and n > 0:
        p *= (n / plan.reference) ** (plan.elasticity - 1.0)
    return min(p, 1.0)


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
    docs/randomness.md. Returns the uniform and whether this one exceeded ``theta``. Monotone in v.
    """
    w = v * reach
    if w < theta * later:
        return w / later, False
    return theta + (w - theta * later), True


@inlined
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
def opportunity_size(plan, data, uniforms, i, lift, size_skill):
    """Return the size of an opportunity, whales multiplied, and whether it is a whale.

    ``lift`` is what assists have multiplied sizes by.
    """
    position = 2 * plan.stages - 1
    high, low = uniforms[position, i], 0.0
    if plan.law_kind[plan.size_law] >= PARETO:
        low = uniforms[position + 2, i]
    size = size_quantile(plan, data, plan.size_law, high, low) * size_skill
    if plan.assists > 0:
        size *= lift[i]
    if uniforms[position + 1, i] < plan.whale_probability:
        return size * plan.whale_multiple, True
    return size, False


@inlined
def count_pipeline(plan, key, draw, seat, place, stage, size, amounts, now):
    """Add an opportunity's size to the pipeline KPIs that are counted at this stage."""
    for k in range(plan.kpis):
        if plan.kpi_metric[k] != KPI_PIPELINE or plan.kpi_stage[k] != stage:
            continue
        if plan.kpi_logged[k] < 1.0:
            name = np.uint64(plan.kpi_name[k]) << np.uint64(16)
            words = philox(np.uint64(draw), seat, place, LOGGED | name, key[0], key[1])
            if uniform(words[0]) >= plan.kpi_logged[k]:
                continue
        amounts[now, k] += size


@called
def trace(plan, family, entered, ended, fate, row, rep, counts):
    """Book what became of an opportunity and when it was open; ``ended`` in days.

    Before the weeks that wins look back to, what is not lost is left out, open or not.
    """
    if family != OPPORTUNITY and fate != LOST:
        return
    for q in range(plan.quarters):
        begin, end = q * plan.days_per_quarter, (q + 1) * plan.days_per_quarter
        if begin <= entered < end:
            counts[row, rep, q, plan.flows + ENTERED] += 1
        if entered < begin <= ended:
            counts[row, rep, q, plan.flows + OPEN_BEFORE] += 1
        if entered < end <= ended:
            counts[row, rep, q, plan.flows + OPEN_AFTER] += 1
        if begin <= ended < end:
            if fate == LOST:
                counts[row, rep, q, plan.flows + LOST_IN] += 1
            elif fate == STALLED:
                counts[row, rep, q, plan.flows + STALLED_IN] += 1


@inlined
def decide(plan, stage, conversion, uniforms, alive, m, stopped):
    """Part those who reach a stage (kept in ``alive``) from those who do not; return their number.

    Lists keep the order of addresses. No branch depends on luck: a wrong guess costs more.
    """
    on, off = np.uint64(0), np.uint64(0)
    position = np.uint64(2 * stage - 1)
    for j in range(m):
        i = alive[j]
        goes = uniforms[position, i] < conversion
        alive[on], stopped[off] = i, i
        on += np.uint64(goes)
        off += np.uint64(not goes)
    return on, off


@inlined
def decide_assisted(plan, stage, uniforms, rates, alive, m, stopped):
    """Do the same where each opportunity has a conversion of its own."""
    on, off = np.uint64(0), np.uint64(0)
    position = np.uint64(2 * stage - 1)
    for j in range(m):
        i = alive[j]
        goes = uniforms[position, i] < rates[i]
        alive[on], stopped[off] = i, i
        on += np.uint64(goes)
        off += np.uint64(not goes)
    return on, off


@inlined
def assist(
    plan, key, draw, seat, stage, conversion, places, families, alive, m, times, rates, lift,
    weekly, row, rep, counts,
):  # fmt: skip
    """Find out who gets which assist on the way to a stage, and with it each one's conversion.

    Odds of several multiply; those assisted are counted when they set out for the stage.
    """
    for j in range(m):
        rates[alive[j]] = 1.0
    for a in range(plan.assists):
        if plan.assist_stage[a] != stage:
            continue
        name = ASSIST | np.uint64(plan.assist_name[a]) << np.uint64(16)
        for j in range(m):
            i = alive[j]
            now = families[i] == OPPORTUNITY
            block = np.uint64(0) if now else np.uint64(1) << np.uint64(8)
            words = philox(np.uint64(draw), seat, places[i], name | block, key[0], key[1])
            if uniform(words[0]) >= plan.assist_coverage[a]:
                continue
            rates[i] *= plan.assist_odds[a]
            lift[i] *= plan.assist_size[a]
            if now and times[i] >= 0.0:
                q = min(np.int64(times[i] * plan.quarters_per_day), plan.quarters - 1)
                counts[row, rep, q, plan.assisted + a] += 1
                if plan.kpis > 0:
                    week = min(np.int64(times[i] * WEEKS_PER_DAY), weekly.shape[0] - 1)
                    weekly[week, REACHED + plan.stages + a] += 1
    for j in range(m):
        i = alive[j]
        rates[i] = rates[i] * conversion / (1.0 - conversion + rates[i] * conversion)


@inlined
def let_go(plan, uniforms, families, entered, listed, m, times, leave_day, row, rep, counts):
    """Keep those who are decided before their rep leaves, and those handed over to the successor.

    The others are lost that day. Returns the number of those kept.
    """
    kept = np.uint64(0)
    position = np.uint64(2 * plan.stages + 3)
    for j in range(m):
        i = listed[j]
        if times[i] < leave_day or uniforms[position, i] < plan.handover:
            listed[kept] = i
            kept += ONE
        elif plan.pipeline:
            trace(plan, families[i], entered[i], leave_day, LOST, row, rep, counts)
    return kept


@inlined
def wait(plan, data, stage, mean, places, families, uniforms, listed, m, asked, times):
    """Add a stage's delay to the times of those listed.

    Those of the past come first; of them it is known that some delay is long enough.
    """
    position = np.uint64(2 * stage if stage > plan.first else 2 * plan.stages + 2)
    law, slot = plan.delay_law[stage], plan.slot[stage]
    for j in range(m):
        i = listed[j]
        if places[i] >= DAY_ZERO:
            break
        week = np.int64(places[i] >> INDEX_BITS) - ORIGIN
        uniforms[position, i], asked[i] = delay_uniform(
            plan, data, week, families[i], slot, uniforms[position, i], asked[i]
        )
    if mean == 0.0:
        return
    if plan.law_kind[law] == TABLE:
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
def arrive(plan, stage, families, alive, m, times, row, rep, counts):
    """Count those who reach a stage in the horizon; keep all that are not past its end.

    Returns the number of those kept.
    """
    kept, column, last = np.uint64(0), plan.reached + stage, np.uint64(plan.quarters - 1)
    horizon, quarters_per_day, total = plan.horizon_days, plan.quarters_per_day, np.int32(0)
    for j in range(m):
        i = alive[j]
        t = times[i]
        inside = t < horizon
        counted = np.int32(inside & (t >= 0.0) & (families[i] == OPPORTUNITY))
        if last == 0:
            total += counted
        else:
            q = min(np.uint64(max(t, 0.0) * quarters_per_day), last)
            counts[row, rep, q, column] += counted
        alive[kept] = i
        kept += np.uint64(inside)
    counts[row, rep, 0, column] += total
    return kept


@inlined
def arrive_by_week(
    plan, data, key, draw, seat, stage, places, families, uniforms, alive, m, times, lift,
    size_skill, weekly, amounts,
):  # fmt: skip
    """Count those who reach a stage by week, for the KPIs."""
    for j in range(m):
        i = alive[j]
        if times[i] < 0.0 or families[i] != OPPORTUNITY:
            continue
        week = min(np.int64(times[i] * WEEKS_PER_DAY), weekly.shape[0] - 1)
        weekly[week, REACHED + stage] += 1
        if plan.pipeline_kpis:
            size, _ = opportunity_size(plan, data, uniforms, i, lift, size_skill)
            count_pipeline(plan, key, draw, seat, places[i], stage, size, amounts, week)


@inlined
def book(
    plan, data, families, uniforms, alive, m, times, lift, size_skill, row, rep, counts, money
):
    """Book the deals won in the horizon, in the order of their addresses."""
    for j in range(m):
        i = alive[j]
        if times[i] < 0.0 or families[i] != OPPORTUNITY:
            continue
        q = min(np.int64(times[i] * plan.quarters_per_day), plan.quarters - 1)
        size, is_whale = opportunity_size(plan, data, uniforms, i, lift, size_skill)
        money[row, rep, q, LARGEST] = max(money[row, rep, q, LARGEST], size)
        if plan.by_source:
            counts[row, rep, q, plan.won_by_source + plan.source] += 1
            money[row, rep, q, AMOUNTS + plan.source] += size
        if is_whale:
            counts[row, rep, q, WHALES] += 1
            money[row, rep, q, WINDFALL_PART] += size
        else:
            money[row, rep, q, REPEATABLE] += size


@inlined
def trace_lost(
    plan, data, stage, conversion, rates, places, families, uniforms, stopped, m, asked, times,
    entered, leave_day, row, rep, counts,
):  # fmt: skip
    """Follow those who do not reach a stage to their loss, or to where they stall."""
    lost = np.uint64(0)
    for j in range(m):
        i = stopped[j]
        if plan.assists > 0:
            conversion = rates[i]
        if uniforms[np.uint64(2 * stage - 1), i] >= 1.0 - (1.0 - conversion) * plan.stalled[stage]:
            trace(plan, families[i], entered[i], times[i], STALLED, row, rep, counts)
        else:
            stopped[lost] = i
            lost += ONE
    if plan.slot[stage] >= 0:
        wait(
            plan, data, stage, plan.lost_days[stage], places, families, uniforms, stopped, lost,
            asked, times,
        )  # fmt: skip
    if leave_day < FOREVER:
        lost = let_go(
            plan, uniforms, families, entered, stopped, lost, times, leave_day, row, rep, counts
        )
    for j in range(lost):
        i = stopped[j]
        trace(plan, families[i], entered[i], times[i], LOST, row, rep, counts)


# --- the walk of a rep ---------------------------------------------------------------------------


@inlined
def walk_batch(
    plan, data, key, other_key, assist_key, draw, rep, seat, leave_day, n, batch, skill, weekly,
    amounts, row, counts, money,
):  # fmt: skip
    """Take n opportunities, in the order of their addresses, through the funnel stage by stage.

    A stage s after the first has its outcome at position 2s - 1 and its delay at 2s; size, whale,
    the size's low digits, the first stage's delay and the handover follow the last stage.
    """
    places, families, uniforms, entered, times, asked, alive, stopped, rates, lift = batch
    conversions, size_skill = CONVERSIONS + plan.source * plan.stages, skill[SIZE_SKILL]
    fill_opportunities(key, draw, seat, places, families, n, plan.words, uniforms)
    if plan.renewed_words:
        renew_opportunities(
            other_key, draw, seat, places, families, n, plan.words, plan.renewed_words, uniforms
        )
    for i in range(n):
        week = np.int64(places[i] >> INDEX_BITS) - ORIGIN
        entered[i] = 7.0 * (np.float64(week) + uniforms[0, i])
        times[i], alive[i], asked[i] = entered[i], i, 1
        lift[i] = 1.0
    m = n
    for s in range(plan.first, plan.stages):
        if s > plan.first:
            conversion = skill[conversions + s]
            if plan.assists > 0:
                assist(
                    plan, assist_key, draw, seat, s, conversion, places, families, alive, m, times,
                    rates, lift, weekly, row, rep, counts,
                )  # fmt: skip
                m, off = decide_assisted(plan, s, uniforms, rates, alive, m, stopped)
            else:
                m, off = decide(plan, s, conversion, uniforms, alive, m, stopped)
            if plan.pipeline:
                trace_lost(
                    plan, data, s, conversion, rates, places, families, uniforms, stopped, off,
                    asked, times, entered, leave_day, row, rep, counts,
                )  # fmt: skip
        if plan.slot[s] >= 0:
            wait(plan, data, s, plan.days[s], places, families, uniforms, alive, m, asked, times)
        if leave_day < FOREVER:
            m = let_go(
                plan, uniforms, families, entered, alive, m, times, leave_day, row, rep, counts
            )
        if plan.pipeline:
            for j in range(m):
                i = alive[j]
                if times[i] >= plan.horizon_days:
                    trace(plan, families[i], entered[i], times[i], OPEN, row, rep, counts)
        m = arrive(plan, s, families, alive, m, times, row, rep, counts)
        if plan.kpis > 0:
            arrive_by_week(
                plan, data, key, draw, seat, s, places, families, uniforms, alive, m, times, lift,
                size_skill, weekly, amounts,
            )  # fmt: skip
    book(plan, data, families, uniforms, alive, m, times, lift, size_skill, row, rep, counts, money)
    if plan.pipeline:
        for j in range(m):
            i = alive[j]
            trace(plan, families[i], entered[i], times[i], WON, row, rep, counts)


@inlined
def find_weeks(plan, data, conversion, market, largest, luck, skipped, begin, end, weeks):
    """List the weeks in seat that can hold an opportunity that still matters; return their number.

    In week -k the number of opportunities of which some delay exceeds its threshold of that age is
    the inverse Binomial(n, p reach_k) of the week's entry word; nothing else of that week can
    still happen after day 0. Most weeks hold none, which n's largest value tells without n: by
    Bernoulli's inequality (1 - x)^n >= 1 - n x. An inflow's inverse Poisson has the same bound.
    """
    m, week = np.uint64(0), begin
    if begin < 0:
        always = plan.pipeline != 0
        reach, at = past_at(plan, REACH, ZERO, week), np.uint64(0)
        first = np.uint64(plan.past_weeks + begin)
        for q in range(begin // plan.weeks_per_quarter, 0):
            factor = market[plan.origin_quarter + q]
            most = plan.rate * factor
            if not plan.inflow:
                most = largest * entry_probability(plan, conversion, factor, largest)
            stop = np.uint64(min((q + 1) * plan.weeks_per_quarter, end) - begin)
            while at < stop:
                weeks[m] = week
                m += np.uint64(
                    (luck[skipped + first + at] >= 1.0 - most * data[reach + at]) | always
                )
                week += 1
                at += ONE
    for week in range(max(begin, 0), end):
        weeks[m] = week
        m += ONE
    return m


@inlined
def work_week(plan, key, draw, seat, week, u, conversion, market, activity):
    """Return the week's activities and P(entry) of each."""
    first, length, cumulative, guide = activity
    n = count_quantile(u, first, length, cumulative, guide)
    n = under_policy(plan, key, draw, seat, week, n)
    quarter = plan.origin_quarter
    if week >= plan.weeks_per_quarter or week < 0:  # a division costs as much as all the rest
        quarter += week // plan.weeks_per_quarter
    return n, entry_probability(plan, conversion, market[quarter], n)


@inlined
def count_entries(m, largest, luck, trials, chances, weights, bases, entries):
    """Fill in the inverse Binomial(trials, chances) at ``luck`` of m weeks at once.

    The loops are compiled to SIMD: powers by squaring, then five terms without branches; the few
    that need more are left to the scalar function.
    """
    padded = whole_vectors(m)
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
        entries[j] = k + np.int64(u >= total)
    for j in range(m):
        if entries[j] > 4 or weights[j] < SMALLEST_WEIGHT or chances[j] >= 1.0:
            entries[j] = binomial_quantile(luck[j], trials[j], chances[j])


@inlined
def walk_funnel(
    plan, data, key, other_key, draw, rep, seat, career, skill, activity, market, week_scratch,
    batch, weekly, amounts, row, counts, money,
):  # fmt: skip
    """Work a rep's weeks in order, then follow their opportunities, a batch at a time.

    ``career`` are the first week in seat, the first no longer, the day of leaving, and since when
    and for how long the rep ramps.
    """
    begin, end, leave_day, ramped_from, ramp_length = career
    activity_key = other_key if plan.renewed & NEW_ACTIVITY else key
    entry_key = other_key if plan.renewed & NEW_ENTRY else key
    assist_key = other_key if plan.renewed & NEW_ASSIST else key
    places, families = batch[0], batch[1]
    first, length, _, _ = activity
    largest = max(first + length - 1, plan.floor)
    all_luck, all_activity, weeks, luck, trials, rates, chances, weights, bases, entries = (
        week_scratch
    )
    conversion = skill[CONVERSIONS + plan.source * plan.stages + plan.first]
    begin = max(begin, -plan.past_weeks)
    origin = (ORIGIN - plan.past_weeks) >> 2
    skipped = np.uint64((ORIGIN - plan.past_weeks) & 3)  # words of the first block before its week
    first_used, stop = ((begin + ORIGIN) >> 2) - origin, ((end + ORIGIN + 3) >> 2) - origin
    fill_timed(entry_key, draw, seat, ENTRY, origin, first_used, stop, all_luck)
    m = find_weeks(plan, data, conversion, market, largest, all_luck, skipped, begin, end, weeks)
    if m == 0:
        return
    if plan.inflow:
        for j in range(m):
            week = weeks[j]
            at = skipped + np.uint64(plan.past_weeks + week)
            rates[j] = (
                plan.rate
                * productivity(plan, week, ramped_from, ramp_length)
                * market[plan.origin_quarter + week // plan.weeks_per_quarter]
            )
            chances[j] = rates[j]
            if week < 0:
                chances[j] *= data[past_at(plan, REACH, ZERO, week)]
            entries[j] = poisson_quantile(all_luck[at], chances[j])
    else:
        first_used = ((weeks[0] + ORIGIN) >> 2) - origin
        fill_timed(activity_key, draw, seat, ACTIVITY, origin, first_used, stop, all_activity)
        for j in range(m):
            week = weeks[j]
            at = skipped + np.uint64(plan.past_weeks + week)
            luck[j] = all_luck[at]
            trials[j], rates[j] = work_week(
                plan, activity_key, draw, seat, week, all_activity[at],
                conversion * productivity(plan, week, ramped_from, ramp_length), market, activity,
            )  # fmt: skip
            chances[j] = rates[j]
            if week < 0:
                chances[j] *= data[past_at(plan, REACH, ZERO, week)]
        count_entries(m, largest, luck, trials, chances, weights, bases, entries)
    j, i, entered, late, begun = np.uint64(0), 0, 0, 0, False
    while j < m:  # weeks in order; a batch may begin and end inside one
        n = np.uint64(0)
        while j < m and n < BATCH:
            week = weeks[j]
            if not begun:
                entered = min(entries[j], MOST_ENTRIES)
                late, i, begun = entered, 0, True
                if week < 0 and plan.pipeline:
                    u = timed_uniform(entry_key, draw, seat, week, PAST_ENTRY, NO_NAME)
                    share = (rates[j] - chances[j]) * data[past_at(plan, OPEN_REACH, ZERO, week)]
                    if plan.inflow:
                        late += poisson_quantile(u, share)
                    else:
                        share /= 1.0 - chances[j]
                        late += binomial_quantile(u, trials[j] - entered, share)
            first = i < entered  # four at once: what is too much is written over
            place = place_of(week + ORIGIN, i if first else i - entered)
            family = OPPORTUNITY if first else PAST_OPPORTUNITY
            for k in range(np.uint64(4)):
                places[n + k], families[n + k] = place + k, family
            step = min((entered if first else late) - i, 4)
            n += np.uint64(step)
            i += step
            if i == late:
                j += ONE
                begun = False
        walk_batch(
            plan, data, key, other_key, assist_key, draw, rep, seat, leave_day, n, batch, skill,
            weekly, amounts, row, counts, money,
        )  # fmt: skip
    if plan.inflow:
        return
    start = max(begin, 0)
    worked = np.int64(m) - max(end - start, 0)  # where the weeks of the horizon begin
    for q in range(start // plan.weeks_per_quarter, plan.quarters):
        total = 0
        for week in range(
            max(q * plan.weeks_per_quarter, start), min((q + 1) * plan.weeks_per_quarter, end)
        ):
            total += trials[worked + week - start]
            if plan.kpis > 0:
                weekly[week, DONE] = trials[worked + week - start]
        counts[row, rep, q, ACTIVITIES] += total


@called
def add_windfalls(plan, data, key, draw, rep, seat, windfall, in_seat, row, counts, money):
    """Book the windfalls of each quarter, after the deals of the funnel.

    What would come while nobody sits there does not come.
    """
    first, length, cumulative, guide = windfall
    for q in range(plan.quarters):
        words = block_at(key, draw, seat, q + ORIGIN, ZERO, WINDFALL, ZERO, NO_NAME)
        n = min(count_quantile(uniform(words[0]), first, length, cumulative, guide), MOST_ENTRIES)
        for i in range(n):
            if i > 0:
                words = block_at(key, draw, seat, q + ORIGIN, i, WINDFALL, ZERO, NO_NAME)
            if plan.careers:
                moment = q + uniform(words[1])
                if in_seat[np.int64(moment * plan.weeks_per_quarter)] == 0.0:
                    continue
            size = size_quantile(
                plan, data, plan.windfall_law, uniform(words[2]), uniform(words[3])
            )
            counts[row, rep, q, WINDFALLS] += 1
            money[row, rep, q, WINDFALL_PART] += size
            money[row, rep, q, LARGEST] = max(money[row, rep, q, LARGEST], size)


@inlined
def seen_in_week(plan, key, draw, seat, k, week, weekly, amounts):
    """Return what a KPI sees of a week: the count or amount, thinned where not all is logged."""
    if plan.kpi_metric[k] == KPI_PIPELINE:
        return amounts[week, k]
    count = weekly[week, DONE]
    if plan.kpi_metric[k] == KPI_STAGE:
        count = weekly[week, REACHED + plan.kpi_stage[k]]
    elif plan.kpi_metric[k] == KPI_ASSIST:
        count = weekly[week, REACHED + plan.stages + plan.kpi_stage[k]]
    if plan.kpi_logged[k] < 1.0:
        u = timed_uniform(key, draw, seat, week, LOGGED, np.uint64(plan.kpi_name[k]))
        count = binomial_quantile(u, count, plan.kpi_logged[k])
    return np.float64(count)


@called
def count_hits(plan, key, draw, seat, k, quarter, weekly, amounts):
    """Return the number of periods of a quarter in which KPI k reaches its target."""
    length = plan.weeks_per_quarter
    periods = length
    if plan.kpi_period[k] != PER_WEEK:
        periods = 3 if plan.kpi_period[k] == PER_MONTH else 1
    hits = 0
    for period in range(periods):
        total = 0.0
        for week in range(period * length // periods, (period + 1) * length // periods):
            total += seen_in_week(
                plan, key, draw, seat, k, quarter * length + week, weekly, amounts
            )
        if total >= plan.kpi_target[k]:
            hits += 1
    return hits


@inlined
def close_quarters(plan, key, draw, rep, seat, weekly, amounts, in_seat, row, counts, money):
    """Add the parts of bookings up, count the KPI hits and how much of the quarter was worked."""
    for q in range(plan.quarters):
        if plan.careers:
            filled, productive = 0, 0.0
            for week in range(q * plan.weeks_per_quarter, (q + 1) * plan.weeks_per_quarter):
                filled += in_seat[week] > 0.0
                productive += in_seat[week]
            money[row, rep, q, plan.in_seat] = filled / plan.weeks_per_quarter
            money[row, rep, q, plan.in_seat + 1] = productive / plan.weeks_per_quarter
        parts = money[row, rep, q, REPEATABLE] + money[row, rep, q, WINDFALL_PART]
        money[row, rep, q, BOOKINGS] = parts
        for k in range(plan.kpis):
            hits = count_hits(plan, key, draw, seat, k, q, weekly, amounts)
            counts[row, rep, q, plan.hits + k] = hits


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
    return (begin, end, leave_day, begin, length), following


@nb.njit(cache=True, nogil=True, error_model="numpy", **UNCOUNTED)
def simulate_block(
    plans, settings, data, keys, other_keys, first_draw, scratch, weekly, amounts, counts, money
):
    """Simulate consecutive draws of a segment into the rows of ``counts`` and ``money``.

    These come in zeroed. ``keys`` are those of world, rep and each source; what the plan wants
    drawn anew is looked up under ``other_keys``. ``plans`` holds a record for each source, the
    rep's own activity first, ``data`` what their offsets point at, ``settings`` what each draw
    changes in the records; ``scratch`` is room that engine/blocks.py describes.
    """
    plan = plans[0]
    (
        (activity_table, windfall_table, activity_guide, windfall_guide, skill, market, in_seat),
        week_scratch,
        batch,
    ) = scratch
    activity = tabled_counts(plan.mean_per_week, plan.week_shape, activity_table, activity_guide)
    windfall = tabled_counts(plan.windfalls_per_quarter, 0.0, windfall_table, windfall_guide)
    world, own = (keys[0, 0], keys[0, 1]), (keys[1, 0], keys[1, 1])
    other_world, other_own = (other_keys[0, 0], other_keys[0, 1]), (
        other_keys[1, 0], other_keys[1, 1]
    )  # fmt: skip
    parameter_key = other_world if plan.renewed & NEW_PARAMETER else world
    market_key = other_world if plan.renewed & NEW_MARKET else world
    skill_key = other_own if plan.renewed & NEW_SKILL else own
    windfall_key = other_own if plan.renewed & NEW_WINDFALL else own
    team_key = other_own if plan.renewed & NEW_TEAM else own
    weeks = plan.quarters * plan.weeks_per_quarter
    for row in range(counts.shape[0]):
        draw = first_draw + row
        if settings.size > 0:
            level, windfalls = draw_parameters(plans, settings, data, parameter_key, draw)
            if level and plan.activity_sigma == 0.0:
                activity = tabled_counts(
                    plan.mean_per_week, plan.week_shape, activity_table, activity_guide
                )
            if windfalls:
                windfall = tabled_counts(
                    plan.windfalls_per_quarter, 0.0, windfall_table, windfall_guide
                )
        fill_market(plan, data, market_key, draw, market)
        for rep in range(counts.shape[1]):
            place = rep + (
                plan.first_seat if rep < plan.headcount else FIRST_HIRED - plan.headcount
            )
            if plan.kpis > 0:
                weekly[:] = 0
                amounts[:] = 0.0
            begin, hire = np.int64(ALWAYS), ZERO
            if rep >= plan.headcount:
                begin = np.int64(data[plan.hired + rep - plan.headcount])
            if plan.careers:
                in_seat[:] = 0.0
            while begin < weeks and hire < MOST_HIRES:
                seat = np.uint64(place) | np.uint64(hire) << np.uint64(20)
                career, begin = (begin, weeks, FOREVER, begin, 0.0), weeks
                if plan.careers:
                    career, begin = career_of(plan, data, team_key, draw, seat, career[0])
                    for week in range(max(career[0], 0), career[1]):
                        in_seat[week] = productivity(plan, week, career[3], career[4])
                fill_skill(plans, data, skill_key, draw, seat, skill)
                if plan.activity_sigma > 0.0:
                    mean = plan.mean_per_week * skill[ACTIVITY_SKILL]
                    activity = tabled_counts(mean, plan.week_shape, activity_table, activity_guide)
                for source in range(plans.size):
                    walk_funnel(
                        plans[source], data, (keys[2 + source, 0], keys[2 + source, 1]),
                        (other_keys[2 + source, 0], other_keys[2 + source, 1]), draw, rep, seat,
                        career, skill, activity, market, week_scratch, batch, weekly, amounts, row,
                        counts, money,
                    )  # fmt: skip
                hire += 1
            add_windfalls(
                plan, data, windfall_key, draw, rep, np.uint64(place), windfall, in_seat, row,
                counts, money,
            )  # fmt: skip
            close_quarters(
                plan, (keys[2, 0], keys[2, 1]), draw, rep, np.uint64(place), weekly, amounts,
                in_seat, row, counts, money,
            )  # fmt: skip
