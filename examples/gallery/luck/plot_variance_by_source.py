"""
Where the spread comes from
===========================

What each source of luck adds to those before it, in the order of the funnel: bars of bookings,
diamonds of whether quota is made.
"""

import funnelsim as fs

plan = fs.preset("sales_math").variant("whales")
fs.plots.variance_by_source(fs.luck(plan, draws=4_000, seed=1))
