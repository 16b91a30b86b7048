"""
How many reps does the plan take?
=================================

All segments grow in proportion. The band is what the draws leave open:
:doc:`/how-to/how-many-reps`.
"""

import funnelsim as fs

plan = fs.preset("three_segments")
told = fs.headcount(plan, probability=[0.8, 0.9], draws=1_000, seed=1, hire_weeks=[])
fs.plots.headcount(told)
