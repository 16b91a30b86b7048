"""
Does commission stay within its budget?
=======================================

Commission by year with its spread, beside the variable pay at quota.
"""

import funnelsim as fs

plan = fs.preset("sdr_assisted").replace(
    {
        "calendar.quarters": 12,
        "headcount": 5,
        "ramp": {"weeks": 22},
        "attrition": {"per_year": 0.30, "fill_weeks": 9, "handover": 0.5},
        "pay": {"ote": 190_000, "hiring_cost": 20_000},
        "economics": {"sdr": {"per_year": 102_000, "hiring_cost": 10_000}},
    }
)
told = fs.economics(plan, draws=1_000, seed=1, by="year")
fs.plots.budget(told)
