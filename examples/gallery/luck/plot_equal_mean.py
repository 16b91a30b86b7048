"""
Where the gambler wins
======================

Ways to the same mean bookings, over quotas from below the mean to far above it. Shaded: quotas
that a gamble makes more often than repetition.
"""

import funnelsim as fs

plan = fs.preset("sales_math").variant("whales")
fs.plots.equal_mean(fs.luck(plan, draws=4_000, seed=1))
