"""
The cheapest mix of levers
==========================

What each lever costs alone, and the mix that gets there at least cost: here of an activity for
30, a hundredth of conversion for 800 and a dollar of mean deal for 0.40.
"""

import funnelsim as fs

plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
costs = {
    "activity.per_quarter": 30,
    "stages.won.conversion": 80_000,
    "deal_size.mean": 0.4,
}
fs.plots.mix(fs.cheapest_mix(plan, costs, attain=0.80))
