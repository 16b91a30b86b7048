"""
KPIs against quota
==================

Left: what is *observed* while nobody does anything about it. Right: what happens *if* the floor
is *imposed*. The gap on the left is not the effect.
"""

import funnelsim as fs

plan = fs.preset("sales_math").replace(
    {
        "activity.rep_cv": 0.35,
        "activity.week_cv": 0.5,
        "kpis.calls.target": 58,
        "policy": {"floor_per_week": 58, "adherence": 0.9},
    }
)
fs.plots.kpi_table(fs.luck(plan, draws=4_000, seed=1))
