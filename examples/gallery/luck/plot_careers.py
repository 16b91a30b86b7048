"""
Does it repeat?
===============

Quota made in at least so many of 4, 8 and 20 quarters: by reps who are all the same, and by reps
who differ.
"""

import funnelsim as fs

plan = fs.preset("sales_math").replace({"activity.rep_cv": 0.35})
fs.plots.careers(fs.luck(plan, draws=4_000, seed=1))
