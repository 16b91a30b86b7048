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

from funnelsim.engine.kernels.activities import (
    count_entries,
)
from funnelsim.engine.kernels.block import (
    simulate_block,
)
from funnelsim.engine.kernels.constants import (
    ACTIVITIES,
    ACTIVITY,
    AMOUNTS,
    BOOKINGS,
    CONSTANT,
    CONVERSIONS,
    EMPIRICAL,
    ENTERED,
    ENTRY,
    FIRST_FREE,
    FLOWS,
    KPI_ACTIVITIES,
    KPI_ASSIST,
    KPI_PIPELINE,
    KPI_STAGE,
    LARGEST,
    LOGGED,
    LOST_IN,
    MARKET,
    MOST_ENTRIES,
    MOST_HIRES,
    NEW_ACTIVITY,
    NEW_ASSIST,
    NEW_ENTRY,
    NEW_MARKET,
    NEW_PARAMETER,
    NEW_SKILL,
    NEW_TEAM,
    NEW_WINDFALL,
    NO_NAME,
    OPEN_AFTER,
    OPEN_BEFORE,
    OPPORTUNITY,
    ORIGIN,
    PARETO,
    PAST_ENTRY,
    PAST_OPPORTUNITY,
    POLICY,
    REPEATABLE,
    SET_ADHERENCE,
    SET_CONVERSION,
    SET_COVERAGE,
    SET_DAYS,
    SET_HANDOVER,
    SET_LAW,
    SET_LEAVING,
    SET_LEVEL,
    SET_LOST_DAYS,
    SET_ODDS,
    SET_RAMP,
    SET_RATE,
    SET_WHALES,
    SET_WINDFALLS,
    SKILL,
    STALLED_IN,
    TABLE,
    UNLIMITED,
    WHALES,
    WINDFALL,
    WINDFALL_PART,
    WINDFALLS,
    WINDOW,
)
from funnelsim.engine.kernels.counts import (
    Tables,
    count_quantile,
    fill_guide,
    fill_quantiles,
    fill_steps,
    tabulate,
)
from funnelsim.engine.kernels.quantiles import (
    beta_quantile,
    binomial_quantile,
    poisson_quantile,
    tabled,
)
from funnelsim.engine.kernels.words import (
    fill_places,
    long_uniform,
    philox,
    place_of,
    timed_uniform,
    uniform,
)

__all__ = [
    "ACTIVITIES",
    "ACTIVITY",
    "AMOUNTS",
    "BOOKINGS",
    "CONSTANT",
    "CONVERSIONS",
    "EMPIRICAL",
    "ENTERED",
    "ENTRY",
    "FIRST_FREE",
    "FLOWS",
    "KPI_ACTIVITIES",
    "KPI_ASSIST",
    "KPI_PIPELINE",
    "KPI_STAGE",
    "LARGEST",
    "LOGGED",
    "LOST_IN",
    "MARKET",
    "MOST_ENTRIES",
    "MOST_HIRES",
    "NEW_ACTIVITY",
    "NEW_ASSIST",
    "NEW_ENTRY",
    "NEW_MARKET",
    "NEW_PARAMETER",
    "NEW_SKILL",
    "NEW_TEAM",
    "NEW_WINDFALL",
    "NO_NAME",
    "OPEN_AFTER",
    "OPEN_BEFORE",
    "OPPORTUNITY",
    "ORIGIN",
    "PARETO",
    "PAST_ENTRY",
    "PAST_OPPORTUNITY",
    "POLICY",
    "REPEATABLE",
    "SET_ADHERENCE",
    "SET_CONVERSION",
    "SET_COVERAGE",
    "SET_DAYS",
    "SET_HANDOVER",
    "SET_LAW",
    "SET_LEAVING",
    "SET_LEVEL",
    "SET_LOST_DAYS",
    "SET_ODDS",
    "SET_RAMP",
    "SET_RATE",
    "SET_WHALES",
    "SET_WINDFALLS",
    "SKILL",
    "STALLED_IN",
    "TABLE",
    "UNLIMITED",
    "WHALES",
    "WINDFALL",
    "WINDFALLS",
    "WINDFALL_PART",
    "WINDOW",
    "Tables",
    "beta_quantile",
    "binomial_quantile",
    "count_entries",
    "count_quantile",
    "fill_guide",
    "fill_places",
    "fill_quantiles",
    "fill_steps",
    "long_uniform",
    "philox",
    "place_of",
    "poisson_quantile",
    "simulate_block",
    "tabled",
    "tabulate",
    "timed_uniform",
    "uniform",
]
