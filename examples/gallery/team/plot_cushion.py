"""
Is 20 % over-assignment enough?
===============================

A larger team needs less cushion, but only down to what a shared market and unknown rates take.
"""

import funnelsim as fs

fs.plots.cushion(fs.cushion(fs.preset("three_segments"), draws=1_000, seed=1))
