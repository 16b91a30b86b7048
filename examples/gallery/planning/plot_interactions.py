"""
Do levers act together?
=======================

Over ranges that are wide, what a lever does depends on where the others are: what each does to
the spread alone, and together with others (Sobol indices).
"""

import funnelsim as fs

wide = {
    "activity.per_quarter": (300, 1_500),
    "stages.won.conversion": (0.15, 0.60),
    "deal_size.mean": (50_000, 150_000),
}
plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
fs.plots.interactions(fs.sensitivity(plan, wide, interactions=True, points=128))
