"""Planning with probability: compare, solve, sensitivity, bridge and what goes with them."""

from __future__ import annotations

from funnelsim.registry.summaries import QUARTER_SUMMARIES, SUMMARIES
from funnelsim.registry.variable import CURRENCY, Variable

# What fs.compare returns: metrics of a quarter (or year) of the horizon by scenario, dims
# (scenario, segment[, probability | at_least]), and their differences from the first scenario.
# Where these are exact and there were draws too, what the draws say stands beside them:
# "simulated_" + name. other: a scenario, too.
SCENARIO = ("scenario", "segment")
COMPARED = ("attainment_probability", "repeatable_attainment_probability", "bookings_mean",
            "bookings_sd", "bookings_quantile", "shortfall_mean", "activities_mean",
            "at_least_probability", "year_attainment_probability")  # fmt: skip
DIFFERENCE = "_difference"
BESIDE_EXACT = "simulated_"
_BY_SCENARIO = (
    Variable("year_attainment_probability", SCENARIO, "float64", "1",
             "P(bookings of a year >= the sum of its quotas)"),
    Variable("attainment_probability_difference", SCENARIO, "float64", "1",
             "P(bookings >= quota) less that of the first scenario"),
    Variable("repeatable_attainment_probability_difference", SCENARIO, "float64", "1",
             "P(repeatable bookings >= quota) less that of the first scenario"),
    Variable("bookings_mean_difference", SCENARIO, "float64", CURRENCY,
             "mean bookings less those of the first scenario"),
    Variable("bookings_sd_difference", SCENARIO, "float64", CURRENCY,
             "standard deviation of bookings less that of the first scenario"),
    Variable("bookings_quantile_difference", (*SCENARIO, "probability"), "float64", CURRENCY,
             "quantile of bookings less that of the first scenario"),
    Variable("shortfall_mean_difference", SCENARIO, "float64", CURRENCY,
             "mean of max(quota - bookings, 0) less that of the first scenario"),
    Variable("activities_mean_difference", SCENARIO, "float64", "1",
             "mean activities less those of the first scenario"),
    Variable("at_least_probability_difference", (*SCENARIO, "at_least"), "float64", "1",
             "P(attained in at least so many quarters) less that of the first scenario"),
    Variable("year_attainment_probability_difference", SCENARIO, "float64", "1",
             "P(bookings of a year >= its quotas) less that of the first scenario"),
    Variable("independent_difference_error", SCENARIO, "float64", "1",
             "standard error of the difference of P(bookings >= quota) without shared luck"),
    Variable("gain", SCENARIO, "float64", "1",
             "how many times as many draws the same difference would take without shared luck"),
    Variable("beats_probability", (*SCENARIO, "other"), "float64", "1",
             "P(more bookings over the horizon than the other in the same world) + P(as many) / 2: "
             "depends on the shared luck"),
    Variable("best_probability", SCENARIO, "float64", "1",
             "probability that this scenario has the highest P(bookings >= quota), as far as these "
             "draws can tell, or 1 where it is known exactly; equal ones share evenly"),
)  # fmt: skip
_BESIDE = tuple(
    Variable(BESIDE_EXACT + each.name + suffix,
             (*SCENARIO, *(dim for dim in each.dims if dim not in (*SCENARIO, "quarter"))),
             each.dtype, each.unit, f"{each.meaning}{less}, as the draws say")
    for each in (*SUMMARIES, *QUARTER_SUMMARIES, _BY_SCENARIO[0])
    if each.name in COMPARED
    for suffix, less in (("", ""), (DIFFERENCE, ", less that of the first scenario, paired"))
)  # fmt: skip
COMPARE = (*_BY_SCENARIO, *_BESIDE)

# What fs.sensitivity and fs.coaching_point return. lever: paths; end: "low", "high". goal: the
# attribute of this name says which. Units of levers go by path.
SENSITIVITY = (
    Variable("goal_probability", (), "float64", "1", "P(goal) of the plan as it is"),
    Variable("lever_value", ("lever",), "float64", "by lever",
             "what the plan states; the mean of a list"),
    Variable("lever_range", ("lever", "end"), "float64", "by lever", "where the lever is moved to"),
    Variable("goal_probability_at", ("lever", "end"), "float64", "1",
             "P(goal) with the lever there, all else as it is"),
    Variable("goal_probability_change", ("lever", "end"), "float64", "1",
             "P(goal) with the lever there less that of the plan, paired"),
    Variable("swing", ("lever",), "float64", "1",
             "P(goal) at the high end less that at the low end, paired"),
    Variable("largest_swing", ("lever",), "float64", "1",
             "largest difference of P(goal) among the low end, the plan and the high end, paired"),
    Variable("elasticity", ("lever",), "float64", "1",
             "d ln P(goal) / d ln lever: percent of P(goal) for a percent of the lever"),
    Variable("first_order_index", ("lever",), "float64", "1",
             "share of the variance of P(goal) over all ranges that goes with the lever alone"),
    Variable("total_index", ("lever",), "float64", "1",
             "share of the variance of P(goal) over all ranges that would remain if all other "
             "levers were known"),
    Variable("goal_probability_sd", (), "float64", "1",
             "standard deviation of P(goal) over all ranges, levers independent and uniform"),
    Variable("benchmark", ("lever",), "float64", "by lever", "where the lever is lifted to"),
    Variable("lift", ("lever",), "float64", "1",
             "P(goal) with the lever at its benchmark less that of the plan, paired; below 0 for a "
             "strength, which is left as it is"),
    Variable("lift_margin", ("lever",), "float64", "1",
             "what a lift has to differ from 0 by to be known"),
    Variable("lift_rank", ("lever",), "int64", "1",
             "1 for the lever whose lift is the largest; 0 where there is nothing to lift"),
    Variable("lift_best_probability", ("lever",), "float64", "1",
             "probability that this lift is the largest, as far as these draws can tell"),
    Variable("lift_of_all", (), "float64", "1",
             "P(goal) with every lever that is behind at its benchmark less that of the plan"),
    Variable("lift_lead", (), "float64", "1", "largest lift less the second largest, paired"),
)  # fmt: skip

# What fs.bridge returns: probabilities or mean bookings, as the attribute amount_of says. factor:
# inputs that change together.
BRIDGE = (
    Variable("bridge_start", (), "float64", "by amount_of", "amount of the plan"),
    Variable("bridge_end", (), "float64", "by amount_of", "amount of the other plan"),
    Variable("bridge_difference", (), "float64", "by amount_of",
             "amount of the other plan less that of the plan, paired"),
    Variable("contribution", ("factor",), "float64", "by amount_of",
             "Shapley value: what the factor adds, the mean over all orders of changing the "
             "factors; they sum to the difference"),
    Variable("contribution_first", ("factor",), "float64", "by amount_of",
             "what the factor adds if it is changed first"),
    Variable("contribution_last", ("factor",), "float64", "by amount_of",
             "what the factor adds if it is changed last"),
)  # fmt: skip

# What fs.solve, fs.bites, fs.coverage, fs.quota_for and fs.cheapest_mix return. goal: as above.
# tried: values of the lever, rising; bound: "low", "high"; step: "activities" and stages; period:
# "quarter", "month", "week", "day"; certainty: P(goal) asked for; deals: mean deals in a quota;
# share: of reps, or of quarters of one rep. Units of levers go by path.
COVERAGE_TABLE = ("win_rate", "deals", "certainty")
SOLVE = (
    Variable("solved_value", (), "float64", "by lever",
             "value of the lever at which P(goal) is reached, by the least help that does"),
    Variable("solved_interval", ("bound",), "float64", "by lever",
             "95 % interval of that value; where it is exact, its numerical error"),
    Variable("solved_probability", (), "float64", "1", "P(goal) with the lever there"),
    Variable("most_value", (), "float64", "by lever",
             "value of the lever with the highest P(goal) looked at"),
    Variable("most_probability", (), "float64", "1", "P(goal) with the lever there"),
    Variable("curve_probability", ("tried",), "float64", "1",
             "P(goal) along the lever, wherever it was looked at"),

    Variable("bite_probability", ("certainty",), "float64", "1",
             "P(goal) at the level of activity found"),
    Variable("bite", ("certainty", "step", "period"), "float64", "1",
             "mean number, at the level of activity that reaches the goal with this certainty"),
    Variable("bite_pipeline", ("certainty", "period"), "float64", CURRENCY,
             "mean sum of the sizes of opportunities that enter the first stage, at that level"),
    Variable("paper_bite", ("step", "period"), "float64", "1",
             "number that the quota takes on paper: the Sales Math, rounded step by step"),
    Variable("paper_pipeline", ("period",), "float64", CURRENCY,
             "first-stage opportunities on paper times the mean deal"),
    Variable("paper_probability", (), "float64", "1",
             "P(goal) at the activities that the quota takes on paper"),

    Variable("opportunities_needed", COVERAGE_TABLE, "int64", "1",
             "fewest open opportunities that make the quota with this certainty"),
    Variable("coverage_needed", COVERAGE_TABLE, "float64", "1",
             "their mean value over the quota: the pipeline coverage it takes"),
    Variable("three_times_probability", COVERAGE_TABLE[:2], "float64", "1",
             "P(quota made) with a pipeline of three times the quota"),
    Variable("own_opportunities_needed", ("certainty",), "int64", "1",
             "the same for the plan's own win rate and quota"),
    Variable("own_coverage_needed", ("certainty",), "float64", "1",
             "the same for the plan's own win rate and quota"),
    Variable("own_three_times_probability", (), "float64", "1",
             "the same for the plan's own win rate and quota"),

    Variable("quota_for_share", ("share",), "float64", CURRENCY,
             "the largest quota of a quarter that so many attain, with the certainty asked for"),
    Variable("quota_probability", ("share",), "float64", "1",
             "P(attain) of one rep at that quota"),
    Variable("quota_certainty", ("share",), "float64", "1",
             "P(so many of the team's reps attain it)"),
    Variable("reps_needed", ("share",), "int64", "1", "how many of the team's reps attain it"),

    Variable("mix_value", ("lever",), "float64", "by lever",
             "where the cheapest mix has the lever"),
    Variable("mix_cost", ("lever",), "float64", "cost", "what moving the lever there costs"),
    Variable("mix_total_cost", (), "float64", "cost", "what the cheapest mix costs in all"),
    Variable("mix_probability", (), "float64", "1", "P(goal) of the cheapest mix"),
    Variable("gain_per_cost", ("lever",), "float64", "1/cost",
             "d P(goal) / d cost of the lever at the cheapest mix: equal for all levers in use"),
    Variable("alone_value", ("lever",), "float64", "by lever",
             "value of the lever that reaches the goal without the others"),
    Variable("alone_cost", ("lever",), "float64", "cost", "what that costs"),
)  # fmt: skip
