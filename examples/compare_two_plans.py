"""Compare two plans: a fifth more calls, or a fifth more proposals won.

Both variants are played on the same luck, draw by draw, so that the difference comes from the plan
and its standard error is that of paired draws.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import funnelsim as fs

DRAWS, SEED = 20_000, 1

base = fs.load(Path(__file__).with_name("expansion_desk.toml"))
plans = {name: base.variant(name) for name in ("more calls", "better proposals")}

attained = {}
for name, plan in plans.items():
    bookings = fs.simulate(plan, draws=DRAWS, seed=SEED).bookings.isel(rep=0)
    attained[name] = (bookings.sum("quarter") >= sum(plan.quotas)).to_numpy()
    error = attained[name].std(ddof=1) / np.sqrt(DRAWS)
    print(f"{name:<18} year attained with probability {attained[name].mean():.3f} ± {error:.3f}")

first, second = attained.values()
difference = second.astype(float) - first
paired = difference.std(ddof=1) / np.sqrt(DRAWS)
alone = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / DRAWS)
print(
    f"{'difference':<18} {difference.mean():+.3f} ± {paired:.3f}; without shared luck ± {alone:.3f}"
)

# The Sales Math is simple enough to be computed without noise.
sales_math = fs.preset("sales_math")
for plan in (sales_math, sales_math.variant("windfalls")):
    chance = fs.exact(plan).attainment_probability.sel(segment="rep", quarter=1)
    print(f"{plan.name:<24} quarter attained with probability {float(chance):.6f}, exactly")
