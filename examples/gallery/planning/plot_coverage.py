"""
How much pipeline is enough?
============================

The fewer deals make a quota, the more pipeline it takes to be sure: three times the quota is a
rule for nobody in particular.
"""

import funnelsim as fs

fs.plots.coverage(fs.coverage(fs.preset("sales_math")))
