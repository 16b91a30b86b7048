"""
What a larger team evens out
============================

The same spread of 20 % four times: reps' own skill evens out, what they share remains, however
many they are.
"""

import funnelsim as fs

fs.plots.diversification(fs.diversification(fs.preset("sales_math"), draws=4_000, seed=1))
