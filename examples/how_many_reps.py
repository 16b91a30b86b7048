"""How many reps the plan takes, and what would help most."""

import funnelsim as fs

plan = fs.preset("three_segments")
told = fs.headcount(plan, probability=0.9, draws=500, seed=1, hire_weeks=[])
needed = told.headcount_needed.sel(certainty=0.9)
for segment in told.segment.values:
    low, high = told.headcount_interval.sel(segment=segment, certainty=0.9).values
    print(
        f"{segment:<12} {told.headcount_now.sel(segment=segment):>3} now, "
        f"{needed.sel(segment=segment):.0f} for 90 % ({low:.0f} to {high:.0f})"
    )

steps = fs.next_step(plan, draws=500, seed=1)
change = steps.step_plan_probability_change
best = steps.step[change.values.argmax()].item()
error = steps.step_plan_probability_change_standard_error.sel(step=best).item()
print(f"most: {best}, +{100 * change.sel(step=best):.1f} ± {100 * error:.1f} points")
