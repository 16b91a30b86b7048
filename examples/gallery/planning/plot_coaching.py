"""
Where to coach first
====================

What each stage adds when it is lifted to its benchmark, all else as it is.
"""

import funnelsim as fs

benchmark = {"discovery": 0.021, "demo": 0.66, "won": 0.30}
fs.plots.coaching(fs.coaching_point(fs.preset("sales_math"), benchmark))
