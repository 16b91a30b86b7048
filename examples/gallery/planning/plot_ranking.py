"""
Which plan is best?
===================

From the best down, and how far each is behind it: :doc:`/how-to/compare-plans`.
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

fs.plots.ranking(fs.compare(plans))
