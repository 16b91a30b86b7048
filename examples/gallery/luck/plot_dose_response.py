"""
What a higher floor brings
==========================

The effect of rising floors on making quota, split in level and evenness, with its cost in
activities; ``by="adherence"`` keeps the same floor more and more often.
"""

import funnelsim as fs

plan = fs.preset("sales_math").replace(
    {
        "activity.rep_cv": 0.35,
        "activity.week_cv": 0.5,
        "kpis.calls.target": 58,
        "policy": {"floor_per_week": 58, "adherence": 0.9},
    }
)
fs.plots.dose_response(fs.luck(plan, draws=4_000, seed=1))
