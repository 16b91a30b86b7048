"""One table of every array that a result may hold: name, dims, dtype, unit, meaning.

Written once: it labels what the engine and the analysis return, validates it, and is what
``funnelsim.variables()`` prints. Estimates carry their error under the same name with a suffix:
``_standard_error`` where they were simulated, ``_numerical_error`` where they were computed.
"""

from __future__ import annotations

from dataclasses import dataclass

STANDARD_ERROR = "_standard_error"
NUMERICAL_ERROR = "_numerical_error"
CURRENCY = "currency"  # stands for the scenario's own label

SEGMENT = "rep"  # the one segment of a scenario that states none

SAMPLE = ("draw", "rep", "quarter")
SUMMARY = ("segment", "quarter")  # or ("segment", "year"), for a summary by year


@dataclass(frozen=True)
class Variable:
    """One array of a result."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str


SAMPLES = (
    Variable("activities", SAMPLE, "int32", "1", "activities done, after floor and cap"),
    Variable("reached", (*SAMPLE, "stage"), "int32", "1",
             "opportunities that reached the stage, counted when they reach it"),
    Variable("windfalls", SAMPLE, "int32", "1", "deals that arrived without the rep's activity"),
    Variable("whales", SAMPLE, "int32", "1", "won deals whose size was multiplied"),
    Variable("bookings", SAMPLE, "float64", CURRENCY,
             "sizes of all deals that closed in the quarter, windfalls included"),
    Variable("repeatable_bookings", SAMPLE, "float64", CURRENCY,
             "bookings without windfalls and without whales"),
    Variable("windfall_bookings", SAMPLE, "float64", CURRENCY, "windfalls plus whole whale deals"),
    Variable("largest_deal", SAMPLE, "float64", CURRENCY, "largest deal that closed; 0 for none"),
    Variable("kpi_hits", (*SAMPLE, "kpi"), "int32", "1",
             "periods of the quarter in which the KPI's target was reached"),
    Variable("kpi_attained", (*SAMPLE, "kpi"), "bool", "1",
             "whether the KPI was hit in its share of the periods"),
)  # fmt: skip

# Asked for with pipeline=True: what became of every opportunity.
PIPELINE_SAMPLES = (
    Variable("entered", SAMPLE, "int32", "1",
             "opportunities whose entry was decided, at the activity"),
    Variable("lost", SAMPLE, "int32", "1", "opportunities decided as lost"),
    Variable("stalled", SAMPLE, "int32", "1",
             "opportunities that came to the step where they stay for ever"),
    Variable("open", SAMPLE, "int32", "1",
             "opportunities undecided at the end of the quarter, without the stalled"),
    Variable("open_at_start", ("draw", "rep"), "int32", "1",
             "opportunities undecided at day 0, without the stalled"),
)  # fmt: skip

SUMMARIES = (
    Variable("attainment_probability", SUMMARY, "float64", "1", "P(bookings >= quota)"),
    Variable("repeatable_attainment_probability", SUMMARY, "float64", "1",
             "P(repeatable bookings >= quota)"),
    Variable("overachievement_probability", SUMMARY, "float64", "1",
             "P(bookings >= 120 % of quota)"),
    Variable("no_deal_probability", SUMMARY, "float64", "1", "P(no deal of any kind closes)"),
    Variable("bookings_mean", SUMMARY, "float64", CURRENCY, "mean bookings"),
    Variable("bookings_sd", SUMMARY, "float64", CURRENCY, "standard deviation of bookings"),
    Variable("bookings_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "bookings that fall short of it with this probability; p10: 9 of 10 reach it"),
    Variable("windfall_bookings_mean", SUMMARY, "float64", CURRENCY, "mean windfall bookings"),
    Variable("shortfall_mean", SUMMARY, "float64", CURRENCY, "mean of max(quota - bookings, 0)"),
    Variable("shortfall_given_miss_mean", SUMMARY, "float64", CURRENCY,
             "mean of quota - bookings where the quota was missed"),
)  # fmt: skip

# By quarter only: a KPI has no year, and 'at least k of n' counts quarters.
QUARTER_SUMMARIES = (
    Variable("activities_mean", SUMMARY, "float64", "1", "mean activities"),
    Variable("reached_mean", (*SUMMARY, "stage"), "float64", "1",
             "mean number of opportunities that reached the stage"),
    Variable("kpi_probability", (*SUMMARY, "kpi"), "float64", "1", "P(KPI attained), one by one"),
    Variable("kpi_attainment_probability", SUMMARY, "float64", "1",
             "P(all KPIs attained together)"),
    Variable("attainment_given_kpi_hit", SUMMARY, "float64", "1",
             "P(bookings >= quota | all KPIs attained): an observation, not an effect"),
    Variable("attainment_given_kpi_missed", SUMMARY, "float64", "1",
             "P(bookings >= quota | some KPI missed): an observation, not an effect"),
    Variable("at_least_probability", ("segment", "at_least"), "float64", "1",
             "P(attained in at least so many quarters of the horizon)"),
)  # fmt: skip

# What fs.luck returns beside P(attain) and the moments of bookings. Dims of their own:
# policy: "none", "level" (no policy, as many deals as with it), "floor" (the policy imposed);
# effect: "level", "evenness", "policy" (both); lag: quarters from a KPI to the quota it is held
# against; of_four: quarters of a year; source: purposes of luck in the order of the funnel;
# reps: "alike", "different"; career: quarters; count: of them at least so many; before: how the
# quarter before went; way: to the same mean bookings; quota_ratio: quota over mean bookings.
KPI_TABLE = ("segment", "policy", "lag", "kpi_outcome")
LUCK = (
    Variable("bookings_cv", SUMMARY, "float64", "1", "standard deviation of bookings over mean"),
    Variable("windfall_dependence", SUMMARY, "float64", "1",
             "share of attained quarters that repeatable bookings alone would have missed: "
             "1 - P(repeatable bookings >= quota) / P(attain)"),
    Variable("largest_deal_dependence", SUMMARY, "float64", "1",
             "share of attained quarters that would have been missed without their largest deal"),
    Variable("windfall_share_of_mean", SUMMARY, "float64", "1",
             "mean windfall bookings over mean bookings"),
    Variable("windfall_share_of_variance", SUMMARY, "float64", "1",
             "Cov(windfall bookings, bookings) / Var(bookings)"),
    Variable("without_largest_attainment_probability", SUMMARY, "float64", "1",
             "P(bookings less the largest deal >= quota)"),
    Variable("without_largest_mean", SUMMARY, "float64", CURRENCY,
             "mean bookings less the largest deal"),

    Variable("kpi_quota_probability", (*KPI_TABLE, "quota_outcome"), "float64", "1",
             "P(KPIs so and quota so), the quota lag quarters later"),
    Variable("attainment_given_kpi", KPI_TABLE, "float64", "1",
             "P(quota made | KPIs so): an observation, not an effect"),
    Variable("kpi_gap", KPI_TABLE[:-1], "float64", "1",
             "P(quota made | KPIs hit) - P(quota made | missed): an observation, not an effect"),
    Variable("kpi_gap_of_identical_reps", ("segment", "lag"), "float64", "1",
             "the same gap if all reps were alike and without policy: what chance alone shows"),

    Variable("policy_attainment_probability", ("segment", "policy"), "float64", "1",
             "P(bookings >= quota) of a quarter of the horizon"),
    Variable("policy_at_least_probability", ("segment", "policy", "of_four"), "float64", "1",
             "P(attained in at least so many of the first four quarters)"),
    Variable("policy_bookings_mean", ("segment", "policy"), "float64", CURRENCY, "mean bookings"),
    Variable("policy_bookings_sd", ("segment", "policy"), "float64", CURRENCY,
             "standard deviation of bookings"),
    Variable("policy_bookings_cv", ("segment", "policy"), "float64", "1",
             "standard deviation of bookings over mean"),
    Variable("policy_windfall_dependence", ("segment", "policy"), "float64", "1",
             "share of attained quarters that repeatable bookings alone would have missed"),
    Variable("policy_activities_mean", ("segment", "policy"), "float64", "1",
             "mean activities a quarter"),
    Variable("policy_deals_mean", ("segment", "policy"), "float64", "1",
             "mean deals won through the funnel a quarter"),
    Variable("effect_on_attainment_probability", ("segment", "effect"), "float64", "1",
             "change of P(attain), paired"),
    Variable("effect_on_at_least_probability", ("segment", "effect", "of_four"), "float64", "1",
             "change of P(attained in at least so many of the first four quarters), paired"),
    Variable("effect_on_bookings_cv", ("segment", "effect"), "float64", "1",
             "change of the cv of bookings, paired"),
    Variable("effect_on_windfall_dependence", ("segment", "effect"), "float64", "1",
             "change of windfall dependence, paired"),
    Variable("effect_on_activities_mean", ("segment", "effect"), "float64", "1",
             "change of mean activities a quarter: what it costs"),
    Variable("policy_effect_per_50_activities", ("segment",), "float64", "1",
             "change of P(attain) by the policy for each 50 activities a quarter that it costs"),
    Variable("effect_of_50_activities", ("segment",), "float64", "1",
             "change of P(attain) by a further 50 activities a quarter, without the policy"),
    Variable("adherence_effect", ("segment", "adherence", "effect"), "float64", "1",
             "change of P(attain) if reps adhere to the floor so often"),
    Variable("adherence_activities_mean", ("segment", "adherence"), "float64", "1",
             "mean activities a quarter"),
    Variable("adherence_bookings_cv", ("segment", "adherence"), "float64", "1",
             "standard deviation of bookings over mean"),
    Variable("adherence_windfall_dependence", ("segment", "adherence"), "float64", "1",
             "share of attained quarters that repeatable bookings alone would have missed"),
    Variable("floor_effect", ("segment", "floor", "effect"), "float64", "1",
             "change of P(attain) by a floor of so many activities a week"),
    Variable("floor_activities_mean", ("segment", "floor"), "float64", "1",
             "mean activities a quarter"),
    Variable("floor_bookings_cv", ("segment", "floor"), "float64", "1",
             "standard deviation of bookings over mean"),
    Variable("floor_windfall_dependence", ("segment", "floor"), "float64", "1",
             "share of attained quarters that repeatable bookings alone would have missed"),

    Variable("bookings_variance_share", ("segment", "source"), "float64", "1",
             "share of Var(bookings) that this source adds to those before it; they sum to 1"),
    Variable("bookings_total_index", ("segment", "source"), "float64", "1",
             "share of Var(bookings) that remains if all other luck is known"),
    Variable("attainment_variance_share", ("segment", "source"), "float64", "1",
             "share of Var(attained) that this source adds to those before it; they sum to 1"),
    Variable("attainment_total_index", ("segment", "source"), "float64", "1",
             "share of Var(attained) that remains if all other luck is known"),

    Variable("rep_attainment_probability", ("segment", "reps"), "float64", "1",
             "P(bookings >= quota) of a quarter of the longest career"),
    Variable("career_at_least_probability", ("segment", "reps", "career", "count"), "float64", "1",
             "P(attained in at least so many quarters of a career)"),
    Variable("independent_at_least_probability", ("segment", "reps", "career", "count"),
             "float64", "1", "the same if quarters had nothing in common"),
    Variable("next_attainment_probability", ("segment", "reps", "before"), "float64", "1",
             "P(attained | how the quarter before went): an observation, not an effect"),
    Variable("quarter_correlation", ("segment", "reps"), "float64", "1",
             "correlation of a rep's bookings in two consecutive quarters"),

    Variable("way_activities_mean", ("segment", "way"), "float64", "1",
             "mean activities a quarter"),
    Variable("way_bookings_mean", ("segment", "way"), "float64", CURRENCY, "mean bookings"),
    Variable("way_bookings_cv", ("segment", "way"), "float64", "1",
             "standard deviation of bookings over mean"),
    Variable("way_attainment_probability", ("segment", "way", "quota_ratio"), "float64", "1",
             "P(bookings >= quota)"),
    Variable("way_advantage", ("segment", "way", "quota_ratio"), "float64", "1",
             "P(attain) less that by repetition, paired"),
    Variable("way_windfall_dependence", ("segment", "way", "quota_ratio"), "float64", "1",
             "share of attained quarters that repeatable bookings alone would have missed"),
    Variable("way_three_of_four_probability", ("segment", "way", "quota_ratio"), "float64", "1",
             "P(attained in at least three of the first four quarters)"),
    Variable("way_shortfall_mean", ("segment", "way", "quota_ratio"), "float64", CURRENCY,
             "mean of max(quota - bookings, 0)"),
)  # fmt: skip

# What fs.luck_or_skill returns. reps: "alike", "different" (with the plan's skill); measure:
# "close_rate", "deal_size", "attainment"; quarters_worked: by the same teams, so far; statistic:
# "top", "bottom" third of a team sorted by bookings, their "difference" and "ratio"; gap: the last
# two. Units go by measure, see the coordinate measure_unit; a ratio has none.
THIRD = ("segment", "reps", "measure", "quarters_worked", "statistic")
THIRD_GAP = ("segment", "measure", "quarters_worked", "gap")
THIRDS = (
    Variable("third_mean", THIRD, "float64", "by measure",
             "mean over teams of what a third of the team, sorted by bookings, shows"),
    Variable("third_sd", THIRD, "float64", "by measure",
             "its standard deviation from team to team"),
    Variable("third_quantile", (*THIRD, "probability"), "float64", "by measure",
             "what a share of teams does not exceed"),
    Variable("third_left_out_probability", THIRD, "float64", "1",
             "share of teams where it is infinite or undefined: left out of mean and sd"),
    Variable("third_gap_p_value", THIRD_GAP, "float64", "1",
             "P(identical reps show a gap at least as large as the observed one)"),
    Variable("third_gap_power", THIRD_GAP, "float64", "1",
             "P(reps of the plan's skill show a gap that 19 of 20 teams of identical reps do not)"),
)  # fmt: skip

# What fs.compare returns beside summaries, which it gives of a quarter (or year) of the horizon and
# by scenario: dims (scenario, segment[, probability | at_least]). other: a scenario, too.
SCENARIO = ("scenario", "segment")
COMPARE = (
    Variable("year_attainment_probability", SCENARIO, "float64", "1",
             "P(bookings of a year >= the sum of its quotas)"),
    Variable("attainment_probability_difference", SCENARIO, "float64", "1",
             "P(bookings >= quota) less that of the first scenario, paired"),
    Variable("repeatable_attainment_probability_difference", SCENARIO, "float64", "1",
             "P(repeatable bookings >= quota) less that of the first scenario, paired"),
    Variable("bookings_mean_difference", SCENARIO, "float64", CURRENCY,
             "mean bookings less those of the first scenario, paired"),
    Variable("bookings_sd_difference", SCENARIO, "float64", CURRENCY,
             "standard deviation of bookings less that of the first scenario, paired"),
    Variable("bookings_quantile_difference", (*SCENARIO, "probability"), "float64", CURRENCY,
             "quantile of bookings less that of the first scenario, paired"),
    Variable("shortfall_mean_difference", SCENARIO, "float64", CURRENCY,
             "mean of max(quota - bookings, 0) less that of the first scenario, paired"),
    Variable("activities_mean_difference", SCENARIO, "float64", "1",
             "mean activities less those of the first scenario, paired"),
    Variable("at_least_probability_difference", (*SCENARIO, "at_least"), "float64", "1",
             "P(attained in at least so many quarters) less that of the first scenario, paired"),
    Variable("year_attainment_probability_difference", SCENARIO, "float64", "1",
             "P(bookings of a year >= its quotas) less that of the first scenario, paired"),
    Variable("independent_difference_error", SCENARIO, "float64", "1",
             "standard error of the difference of P(bookings >= quota) without shared luck"),
    Variable("gain", SCENARIO, "float64", "1",
             "how many times as many draws the same difference would take without shared luck"),
    Variable("beats_probability", (*SCENARIO, "other"), "float64", "1",
             "P(more bookings over the horizon than the other in the same world) + P(as many) / 2: "
             "depends on the shared luck"),
    Variable("best_probability", SCENARIO, "float64", "1",
             "probability that this scenario has the highest P(bookings >= quota), as far as these "
             "draws can tell; equal ones share evenly"),
)  # fmt: skip

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

ALL = (*SAMPLES, *PIPELINE_SAMPLES, *SUMMARIES, *QUARTER_SUMMARIES, *LUCK, *THIRDS, *COMPARE,
       *SENSITIVITY, *BRIDGE, *SOLVE)  # fmt: skip
BY_NAME = {variable.name: variable for variable in ALL}


def variables() -> tuple[Variable, ...]:
    """Return the registry: name, dims, dtype, unit and meaning of every array of a result.

    Examples
    --------
    >>> import funnelsim as fs
    >>> [variable.unit for variable in fs.variables() if variable.name == "bookings"]
    ['currency']
    """
    return ALL
