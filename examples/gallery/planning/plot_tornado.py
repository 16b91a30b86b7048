"""
Which lever matters most?
=========================

Each lever moved alone, a tenth lower and a tenth higher unless you say how far:
:doc:`/how-to/find-the-lever`.
"""

import matplotlib.pyplot as plt

import funnelsim as fs

plan = fs.preset("sales_math")
fs.plots.tornado(fs.sensitivity(plan))

# %%
# Ranges that you believe in give the honest picture.

believed = {
    "activity.per_quarter": (675, 900),
    "stages.demo.conversion": (0.55, 0.63),
    "stages.won.conversion": (0.25, 0.40),
    "deal_size.mean": (80_000, 90_000),
}
fs.plots.tornado(fs.sensitivity(plan, believed))

# %%
# In another style: any of matplotlib's, or your company's own (:doc:`/how-to/style-a-picture`).

with plt.style.context("dark_background"):
    fs.plots.tornado(fs.sensitivity(plan, believed))
