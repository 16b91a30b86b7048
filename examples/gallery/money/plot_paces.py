"""
How fast to hire
================

Margin earned less cost of three hiring paces over twelve quarters: the quicker, the worse the
first year and the better the three. All three see the same market, leavers and deals.
"""

import funnelsim as fs

plan = fs.preset("mid_market").replace(
    {
        "calendar.quarters": 12,
        "market": {"cv": 0.15, "persistence": 0.5},
        "headcount": 16,
        "ramp": {"weeks": 22},
        "attrition": {"per_year": 0.30, "fill_weeks": 9, "handover": 0.5},
        "pay": {"ote": 165_000, "overhead": 12_000, "hiring_cost": 20_000},
    }
)
weeks = {"earn your way": (26, 78, 130), "play safe": (0, 52, 104), "quick build": (0,)}
reps = {"earn your way": 2, "play safe": 3, "quick build": 9}
plans = {
    pace: plan.replace({"hiring": [{"week": week, "reps": reps[pace]} for week in weeks[pace]]})
    for pace in weeks
}
fs.plots.paces(fs.contribution(plans, draws=1_000, seed=1))
