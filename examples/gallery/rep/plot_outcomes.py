"""
A hundred equally likely quarters
=================================

Dots that can be counted: those that are filled make quota, and how far they lie from it is by how
much it is made or missed.
"""

import funnelsim as fs

samples = fs.simulate(fs.preset("sales_math"), draws=20_000, seed=1)
fs.plots.outcomes(samples)
