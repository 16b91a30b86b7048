"""Is B better than A, and by how much? Exactly, and how often it is in the same world."""

import funnelsim as fs

plan = fs.preset("sales_math")
plans = {
    "as is": plan,
    "better proposals": plan.replace({"stages.won.conversion": 0.36}),
    "more calls": plan.replace({"activity.per_quarter": 900}),
}
told = fs.compare(plans, draws=20_000, seed=1).sel(segment="rep")
for name in list(plans)[1:]:  # each against the first
    own = told.sel(scenario=name)
    gap, ahead = own.attainment_probability_difference, own.beats_probability.sel(other="as is")
    said = "the best" if own.best_probability == 1 else "not the best"
    print(f"{name:<17}{gap.item():+.4f}, {said}; ahead in {ahead.item():.0%} of worlds")
