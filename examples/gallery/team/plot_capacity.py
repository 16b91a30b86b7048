"""
More reps, or more from each?
=============================

Headcount along, activity up; the bold line is where 80 of 100 years make the plan. All fields see
the same luck: :doc:`/how-to/how-many-reps`.
"""

import funnelsim as fs

plan = fs.preset("three_segments")
told = fs.capacity(plan, draws=1_000, seed=1)
fs.plots.capacity(told)
