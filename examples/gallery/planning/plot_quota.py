"""
A quota that most can make
==========================

The largest quota that 50 to 90 of 100 reps make.
"""

import funnelsim as fs

plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
fs.plots.quota(fs.quota_for(plan, share=[0.5, 0.6, 0.7, 0.8, 0.9]))
