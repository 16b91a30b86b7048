"""
Is B better than A?
===================

Each plan's difference from the first one, exact where the exact twin covers both. How it is read:
:doc:`/how-to/compare-plans`.
"""

import funnelsim as fs

plan = fs.preset("sales_math")
plans = {
    "as is": plan,
    "more calls": plan.replace({"activity.per_quarter": 900}),
    "better proposals": plan.replace({"stages.won.conversion": 0.38}),
    "larger deals": plan.replace({"deal_size.mean": 95_000}),
    "steadier sizes": plan.replace({"deal_size.cv": 0.4}),
}

fs.plots.differences(fs.compare(plans, draws=20_000, seed=1))
