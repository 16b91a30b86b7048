"""
How likely is this plan?
========================

Bars end at the quota, so that none stands on both sides of it. Half of a plan's quarters may well
lie left of it, although the plan adds up on paper: see :doc:`/how-to/is-my-plan-realistic`.
"""

import funnelsim as fs

samples = fs.simulate(fs.preset("sales_math"), draws=20_000, seed=1)
fs.plots.bookings(samples)
