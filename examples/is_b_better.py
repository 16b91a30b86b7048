"""Is B better than A, and by how much? On the same luck, until it is known to half a point."""

import funnelsim as fs

plan = fs.preset("sales_math")
plans = {
    "as is": plan,
    "better proposals": plan.replace({"stages.won.conversion": 0.36}),
    "more calls": plan.replace({"activity.per_quarter": 900}),
}
told = fs.compare(plans, precision=0.005, seed=1).sel(segment="rep")
for name in list(plans)[1:]:  # each against the first
    own, gap = told.sel(scenario=name), "attainment_probability_difference"
    error, best = float(own[f"{gap}_standard_error"]), float(own.best_probability)
    print(f"{name:<17}{own[gap].item():+.4f} ± {error:.4f}, the best with {best:.0%}")
