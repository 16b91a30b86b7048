"""
Which team plan is better?
==========================

By how much more or less often each plan is made than the first, in the same worlds.
"""

import funnelsim as fs

now = fs.preset("sales_math").replace(
    {"headcount": 10, "market.cv": 0.15, "plan.over_assignment": 1.2, "ramp": {"weeks": 13}}
)
plans = {
    "as is": now,
    "hire later": now.replace({"hiring": [{"week": 13, "reps": 2}]}),
    "hire now": now.replace({"hiring": [{"week": 0, "reps": 2}]}),
}
fs.plots.plans_made(fs.compare(plans, draws=1_000, seed=1))
