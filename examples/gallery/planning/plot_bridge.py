"""
From one profile to another
===========================

A waterfall from the bottom to the top third of a team; the steps sum to the difference exactly.
Much of such a gap can be luck: ask :func:`funnelsim.luck_or_skill` before anybody is coached on
it.
"""

import funnelsim as fs

plan = fs.preset("sales_math")
bottom = plan.replace(
    {"name": "bottom third", "stages.won.conversion": 0.25, "deal_size.mean": 70_000}
)
top = plan.replace(
    {
        "name": "top third",
        "stages.won.conversion": 0.46,
        "deal_size.mean": 160_000,
        "activity.per_quarter": 700,
    }
)
fs.plots.bridge(fs.bridge(bottom, top))
