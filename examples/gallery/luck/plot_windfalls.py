"""
Which quarters only windfalls made
==================================

Blue quarters are made by repeatable deals alone; hatched ones would have been missed without
their windfalls and whales.
"""

import funnelsim as fs

plan = fs.preset("sales_math").variant("whales")
fs.plots.windfalls(fs.simulate(plan, draws=20_000, seed=1))
