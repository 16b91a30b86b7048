"""What does 80 % take? From several levers, each alone, and in bites of a week."""

import funnelsim as fs

plan = fs.preset("sales_math")
for path in ("activity.per_quarter", "stages.won.conversion", "deal_size.mean"):
    found = fs.solve(plan, path, attain=0.80)
    print(f"{path:<22} {found.attrs['outcome']}: {found.solved_value.item():,.4g}")

week = fs.bites(plan, certainty=[0.80]).sel(certainty=0.80, period="week")
for step in week.step.values:
    sure, paper = week.bite.sel(step=step), week.paper_bite.sel(step=step)
    print(f"{step:<22} {sure:.1f} a week, {paper:.1f} on paper")
