"""
How does it look over the whole range?
======================================

One path is a curve, two are a map, a third makes a map for each of its values:
:doc:`/how-to/sweep-a-range`.
"""

import funnelsim as fs

plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
activities = {"activity.per_quarter": range(500, 1_501, 50)}
fs.plots.sweep(fs.sweep(plan, activities))

# %%
# Along a line of the map the chance is the same: it shows how much of one lever makes up for how
# much of the other.

conversions = {"stages.won.conversion": [0.20 + 0.025 * step for step in range(17)]}
fs.plots.sweep(fs.sweep(plan, activities | conversions))

# %%

coarse = {
    "activity.per_quarter": range(500, 1_501, 125),
    "stages.won.conversion": [0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50],
    "deal_size.mean": [70_000, 84_000, 100_000],
}
fs.plots.sweep(fs.sweep(plan, coarse))
