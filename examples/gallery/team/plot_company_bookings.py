"""
How likely is the company's plan?
=================================

What the company books, quarter by quarter, against its target: :doc:`/how-to/read-a-team`.
"""

import funnelsim as fs

told = fs.team(fs.preset("three_segments"), draws=1_000, seed=1)
fs.plots.company_bookings(told)
