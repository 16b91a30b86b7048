"""
How do you eat an elephant?
===========================

What a certainty takes by quarter, month, week and day, beside what the plan takes on paper. They
are mean numbers: what to expect, no promise.
"""

import funnelsim as fs

fs.plots.bites(fs.bites(fs.preset("sales_math"), certainty=[0.80]))
