"""How the kernels read a plan: one record for each source, since numba passes it as one pointer."""

from __future__ import annotations

import numpy as np

MOST_STAGES, MOST_KPIS, MOST_ASSISTS = 8, 50, 8
# Conversions and delays of the plan and of a source, the normal, sizes of both, windfalls.
MOST_LAWS = 4 * MOST_STAGES + 4

# Times are in days, probabilities and factors plain; ``past``, ``hired`` and ``law_first`` are
# places in the data; what is said of a segment as a whole stands in each of its records.
PLAN = np.dtype(
    [
        ("quarters", "i8"),
        ("weeks_per_quarter", "i8"),
        ("days_per_quarter", "f8"),
        ("quarters_per_day", "f8"),
        ("horizon_days", "f8"),
        ("pipeline", "i8"),
        ("renewed", "i8"),  # bits NEW_...: purposes drawn anew
        ("renewed_words", "i8"),  # bits: positions of an opportunity's words drawn anew
        ("source", "i8"),  # number of the source; 0 is the rep's own activity
        ("by_source", "i8"),  # whether bookings and wins are kept by source
        ("inflow", "i8"),  # whether opportunities come by themselves, at ``rate`` a week
        ("rate", "f8"),
        ("first", "i8"),  # the stage that is entered
        ("mean_per_week", "f8"),
        ("week_shape", "f8"),  # of the gamma multiplier; 0 for a Poisson week
        ("activity_sigma", "f8"),
        ("activity_loading", "f8"),
        ("size_sigma", "f8"),
        ("size_loading", "f8"),
        ("elasticity", "f8"),
        ("reference", "f8"),
        ("floor", "i8"),
        ("cap", "i8"),
        ("adherence", "f8"),
        ("policy_start", "i8"),
        ("market_sigma", "f8"),
        ("persistence", "f8"),
        ("season", "f8", (4,)),
        ("normal_law", "i8"),
        ("skilled", "i8"),  # whether reps differ
        ("drawn_days", "i8"),  # whether delays are uncertain
        ("stages", "i8"),
        ("conversion", "f8", (MOST_STAGES,)),
        ("conversion_law", "i8", (MOST_STAGES,)),  # -1 where reps do not differ
        ("concentration", "f8", (MOST_STAGES,)),  # a + b of the Beta law around a drawn mean; or 0
        ("stage_loading", "f8", (MOST_STAGES,)),
        ("stalled", "f8", (MOST_STAGES,)),
        ("days", "f8", (MOST_STAGES,)),
        ("lost_days", "f8", (MOST_STAGES,)),
        ("delay_law", "i8", (MOST_STAGES,)),  # of the delay over its mean
        ("slot", "i8", (MOST_STAGES,)),  # column of the thresholds; -1 for a stage without delay
        ("slots", "i8"),
        ("words", "i8"),  # of an opportunity: whole blocks, up to the last that is looked at
        ("past", "i8"),  # thresholds: (kind, slot, week of the past)
        ("past_weeks", "i8"),
        ("origin_quarter", "i8"),  # quarters of the past of the source that looks farthest back
        ("assists", "i8"),
        ("assist_stage", "i8", (MOST_ASSISTS,)),
        ("assist_coverage", "f8", (MOST_ASSISTS,)),
        ("assist_odds", "f8", (MOST_ASSISTS,)),
        ("assist_size", "f8", (MOST_ASSISTS,)),
        ("assist_name", "i8", (MOST_ASSISTS,)),
        ("size_law", "i8"),
        ("whale_probability", "f8"),
        ("whale_multiple", "f8"),
        ("windfalls_per_quarter", "f8"),
        ("windfall_law", "i8"),
        ("first_seat", "i8"),
        ("headcount", "i8"),  # seats of day 0
        ("hired", "i8"),  # the weeks in which the other seats are filled
        ("careers", "i8"),  # whether reps come, ramp or go
        ("ramp_weeks", "f8"),
        ("ramp_from", "f8"),
        ("ramp_sigma", "f8"),
        ("leaving", "f8"),  # log of P(staying another week); 0 where nobody leaves
        ("fill_weeks", "f8"),
        ("fill_sigma", "f8"),
        ("handover", "f8"),
        ("kpis", "i8"),
        ("pipeline_kpis", "i8"),
        ("kpi_metric", "i8", (MOST_KPIS,)),
        ("kpi_stage", "i8", (MOST_KPIS,)),
        ("kpi_period", "i8", (MOST_KPIS,)),
        ("kpi_target", "f8", (MOST_KPIS,)),
        ("kpi_logged", "f8", (MOST_KPIS,)),
        ("kpi_name", "i8", (MOST_KPIS,)),
        ("law_kind", "i8", (MOST_LAWS,)),
        ("law_scale", "f8", (MOST_LAWS,)),
        ("law_power", "f8", (MOST_LAWS,)),  # of a Pareto law: -1 / shape
        ("law_first", "i8", (MOST_LAWS,)),
        ("law_size", "i8", (MOST_LAWS,)),  # bits of a table, number of empirical values
        ("reached", "i8"),  # first column of counts that holds a stage, a KPI, ...
        ("hits", "i8"),
        ("assisted", "i8"),
        ("won_by_source", "i8"),
        ("flows", "i8"),
        ("columns", "i8"),  # of the counts that a quarter fills
        ("amounts", "i8"),  # of money
        ("in_seat", "i8"),  # column of money: how much of the quarter was filled, then productive
    ]
)

# What an uncertain parameter sets, draw by draw: scale times a tabulated law.
SETTING = np.dtype(
    [
        ("name", "i8"),  # of its luck, 16 bits
        ("plan", "i8"),  # the record
        ("kind", "i8"),  # one of SET_...
        ("index", "i8"),  # of a stage, a law, an assist
        ("scale", "f8"),
        ("first", "i8"),  # where its table stands in the data
        ("bits", "i8"),
    ]
)

LANES = 128  # seats of draws that are simulated together
TILE_WEEKS = 1_024  # weeks of theirs
BATCH_SIZE = 512  # opportunities of theirs
MOST_WORDS = 24  # of an opportunity
MOST_ROWS = 16  # of words of the lanes: those of skill in eight stages, and what they leave behind
_ROOM = 32  # loops run over whole SIMD vectors, and over whole chunks of lanes
_LANES, _WEEKS, _BATCH = (LANES + _ROOM,), (TILE_WEEKS + _ROOM,), (BATCH_SIZE + _ROOM,)

# Lanes that are simulated together; a lane is a seat of one draw.
GROUP = np.dtype(
    [
        ("lanes", "u8"),  # how many there can be
        ("draws", "u8", _LANES),
        ("places", "u8", _LANES),  # the seat in addresses
        ("seats", "u8", _LANES),  # with the hire
        ("worlds", "u8", _LANES),  # which of the group's draws
        ("stated", "u8", _LANES),  # its row of plans: 0 where nothing is uncertain
        ("tables", "u8", _LANES),  # its table of activities
        ("begins", "i8", _LANES),  # the first week in seat, and the first no longer
        ("ends", "i8", _LANES),
        ("ramped", "i8", _LANES),  # since when and for how long the rep ramps
        ("ramps", "f8", _LANES),
        ("leaves", "f8", _LANES),  # the day of leaving
        ("following", "i8", _LANES),  # when the next one begins
        ("world_draws", "u8", _LANES),  # of the draws of the group
        ("nobody", "u8", _LANES),  # 0: the seat of what has none
        ("members", "u8", _LANES),  # the lanes whose seat is filled, side by side
        ("member_draws", "u8", _LANES),
        ("member_seats", "u8", _LANES),
        ("bases", "f8", _LANES),  # P(entry) or inflow of theirs, before the market
        ("most", "f8", _LANES),  # the most activities to be expected in a usual week
        ("lifts", "f8", _LANES),  # and their power
        ("rates", "f8", _LANES),  # P(entry) or inflow of theirs in a quarter
        ("bounds", "f8", _LANES),  # and the most entries to be expected in a week of it
        ("usual", "f8", _LANES),  # words of activity below this are of a usual week
        ("rows", "f8", (MOST_ROWS, *_LANES)),  # uniforms
    ]
)

# Weeks of lanes, in the order of time.
TILE = np.dtype(
    [
        ("weeks", "i8", _WEEKS),
        ("quarters", "i8", _WEEKS),
        ("lanes", "u8", _WEEKS),
        ("rows", "u8", _WEEKS),  # their tables of activities
        ("below", "u8", _WEEKS),  # those under a floor, and whose they are
        ("below_lanes", "u8", _WEEKS),
        ("below_weeks", "i8", _WEEKS),
        ("luck", "f8", _WEEKS),  # uniforms of entry, activity and policy
        ("work", "f8", _WEEKS),
        ("policy", "f8", _WEEKS),
        ("trials", "i8", _WEEKS),
        ("rates", "f8", _WEEKS),
        ("chances", "f8", _WEEKS),
        ("weights", "f8", _WEEKS),
        ("bases", "f8", _WEEKS),
        ("entries", "i8", _WEEKS),
        ("draws", "u8", _WEEKS),
        ("seats", "u8", _WEEKS),
        ("places", "u8", _WEEKS),
    ]
)

# Opportunities, in the order of their addresses within each lane.
BATCH = np.dtype(
    [
        ("lanes", "u8", _BATCH),
        ("draws", "u8", _BATCH),
        ("seats", "u8", _BATCH),
        ("places", "u8", _BATCH),
        ("families", "u8", _BATCH),
        ("uniforms", "f8", (MOST_WORDS, *_BATCH)),
        ("own_draws", "u8", _BATCH),  # of some of them, side by side, and their words
        ("own_seats", "u8", _BATCH),
        ("own_places", "u8", _BATCH),
        ("rows", "f8", (4, *_BATCH)),
        ("entered", "f8", _BATCH),  # days
        ("times", "f8", _BATCH),
        ("asked", "i8", _BATCH),  # whether some delay still has to be long
        ("alive", "u8", _BATCH),
        ("stopped", "u8", _BATCH),
        ("outlasting", "u8", _BATCH),  # their rep
        ("rates", "f8", _BATCH),
        ("luck", "f8", _BATCH),  # of an assist
        ("lift", "f8", _BATCH),  # of the size, by assists
        ("sizes", "f8", _BATCH),  # of some of them, side by side
        ("whales", "u8", _BATCH),
    ]
)
