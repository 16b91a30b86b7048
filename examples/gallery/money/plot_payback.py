"""
When does one more seat pay?
============================

Margin earned less cost since the hire, of one more rep and of one more SDR:
:doc:`/how-to/what-does-a-seat-return`.
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
fs.plots.payback(told)

# %%

fs.plots.payback(told, addition="SDR")
