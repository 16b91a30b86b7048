"""Numbers that the kernels agree on; what addresses are is told at the head of the room."""

import numpy as np

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
PER_WEEK, PER_MONTH = 0, 1  # else per quarter
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
WINDOW = np.uint64(4)  # numbers of a table of counts that a search looks at, once it is near
MARGIN = 1.5  # how far before its guess it begins
NEVER = 2.0  # no uniform
USUAL = 1.0 - 2.0**-8  # the share of weeks that are not unusually busy
CERTAIN = 1.0 - 2.0**-34  # no uniform exceeds it
IDLE = 0.0, 0.0, 0.0, 0.0  # the largest words of activity where none were drawn
MARKET_NOW, MARKET_THEN = np.uint64(4), np.uint64(5)  # rows behind a block of words
NO_QUARTER = 1 << 14  # later than any
UNLIMITED = (1 << 31) - 1  # a cap that caps nothing
NEGLIGIBLE = 1e-16
SMALLEST_WEIGHT = 1e-260  # below, digits would be lost to underflow
