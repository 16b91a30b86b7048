"""How does it look over the whole range? Activity against win rate, each cell without noise."""

import funnelsim as fs
from funnelsim.report.plots.saved import save_picture
from funnelsim.report.plots.sweep import sweep

plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
over = {
    "activity.per_quarter": range(500, 1_501, 100),
    "stages.won.conversion": [0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50],
}
told = fs.sweep(plan, over)
print((100 * told.attainment_probability.sel(segment="rep", quarter=1)).round().to_pandas())
save_picture(lambda ax: sweep(told, ax=ax), "whole_range.png")
