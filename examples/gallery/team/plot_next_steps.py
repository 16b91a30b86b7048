"""
What would help most?
=====================

The change of P(plan) by each next step, in the same worlds. Open circles are changes that chance
may explain.
"""

import funnelsim as fs

fs.plots.next_steps(fs.next_step(fs.preset("three_segments"), draws=1_000, seed=1))
