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
