"""Compare the variants of a scenario file on the same luck: a fifth more calls, or more won."""

from pathlib import Path

import funnelsim as fs

base = fs.load(Path(__file__).with_name("expansion_desk.toml"))
plans = {"as is": base} | {name: base.variant(name) for name in base.variants}
told = fs.compare(plans, draws=20_000, seed=1, method="simulated").sel(segment="rep")
year, gap = "year_attainment_probability", "year_attainment_probability_difference"
for name in plans:
    own = told.sel(scenario=name)
    error = float(own[f"{gap}_standard_error"])
    print(f"{name:<18}year made: {own[year].item():.3f}; {own[gap].item():+.4f} ± {error:.4f}")
