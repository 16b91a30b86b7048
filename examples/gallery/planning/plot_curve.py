"""
What would 80 % take?
=====================

Where the curve of a lever reaches the chance that was asked for:
:doc:`/how-to/what-would-80-percent-take`.
"""

import funnelsim as fs

plan = fs.preset("sales_math")
fs.plots.curve(fs.solve(plan, "activity.per_quarter", attain=0.80))
