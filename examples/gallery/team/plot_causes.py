"""
What takes plans away
=====================

Plans made, less those made in the *same worlds* without each cause: :doc:`/how-to/read-a-team`.
"""

import funnelsim as fs

told = fs.team(fs.preset("three_segments"), draws=1_000, seed=1)
fs.plots.causes(told)
