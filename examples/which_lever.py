"""Which lever matters most? The ranges that you believe in, and benchmarks to coach towards."""

import funnelsim as fs

plan = fs.preset("mid_market").replace({"calendar.quarters": 1})
levers = {
    "activity.per_week": (100, 140),
    "stages.won.conversion": (0.25, 0.40),
    "deal_size.mean": (27_000, 33_000),
}
for path, swing in fs.sensitivity(plan, levers).swing.to_series().items():
    print(f"{path:<23}{100 * swing:+.1f} points of P(attain) from end to end")
point = fs.coaching_point(plan, {"demo": 0.65, "won": 0.37})
print("coach first:", point.attrs["coaching_point"], point.lift.round(3).values.tolist())
