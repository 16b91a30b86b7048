"""Earn your way, play safe or build quickly? Three years of each, on shared luck."""

import funnelsim as fs

plan = fs.load("three_hiring_paces.toml")
plans = {name: plan.variant(name) for name in plan.variants}
told = fs.contribution(plans, draws=2_000, seed=1)

print("millions        year 1  year 2  year 3  against the first      funding")
for name in told.scenario.values:
    pace = told.sel(scenario=name)
    years = "".join(f"{year / 1e6:8.2f}" for year in pace.contribution_by_year_mean.values)
    more, error = (
        pace[each].item() / 1e6
        for each in (
            "contribution_total_difference",
            "contribution_total_difference_standard_error",
        )
    )
    funding = pace.funding_quantile.sel(probability=0.9).item() / 1e6
    print(f"{name:<14}{years}  {more:8.2f} +- {error:.2f} {funding:12.2f}")
