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

# Where a plan has several sources, assists, or reps who come, ramp and go.
WAYS_SAMPLES = (
    Variable("source_won", (*SAMPLE, "source"), "int32", "1",
             "deals won by the source they came from; 'activity' is the rep's own"),
    Variable("source_bookings", (*SAMPLE, "source"), "float64", CURRENCY,
             "sizes of these deals; with those of windfalls they make up bookings"),
    Variable("assisted", (*SAMPLE, "assist"), "int32", "1",
             "opportunities that set out for the assist's stage with it"),
    Variable("filled", SAMPLE, "float64", "1", "share of the quarter's weeks with a rep in seat"),
    Variable("productive", SAMPLE, "float64", "1",
             "mean productivity over the quarter's weeks: below 1 in a ramp, 0 while empty"),
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
COMPARE = (
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
COMPARE += tuple(
    Variable(BESIDE_EXACT + each.name + suffix,
             (*SCENARIO, *(dim for dim in each.dims if dim not in (*SCENARIO, "quarter"))),
             each.dtype, each.unit, f"{each.meaning}{less}, as the draws say")
    for each in (*SUMMARIES, *QUARTER_SUMMARIES, COMPARE[0])
    if each.name in COMPARED
    for suffix, less in (("", ""), (DIFFERENCE, ", less that of the first scenario, paired"))
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

# What all seats of a segment, or of the company, book together. A team's quota is the sum of those
# of its seats; the company books what segments with a quota of bookings do.
COMPANY = (
    Variable("team_attainment_probability", SUMMARY, "float64", "1",
             "P(bookings of all seats of the segment >= the sum of their quotas)"),
    Variable("team_bookings_mean", SUMMARY, "float64", CURRENCY,
             "mean bookings of all seats of the segment"),
    Variable("team_bookings_sd", SUMMARY, "float64", CURRENCY,
             "standard deviation of the bookings of all seats of the segment"),
    Variable("team_bookings_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "bookings of all seats of the segment that fall short of it with this probability"),
    Variable("plan_probability", ("quarter",), "float64", "1", "P(company bookings >= target)"),
    Variable("company_bookings_mean", ("quarter",), "float64", CURRENCY, "mean company bookings"),
    Variable("company_bookings_sd", ("quarter",), "float64", CURRENCY,
             "standard deviation of company bookings"),
    Variable("company_bookings_quantile", ("quarter", "probability"), "float64", CURRENCY,
             "company bookings that fall short of it with this probability"),
    Variable("plan_shortfall_given_miss_mean", ("quarter",), "float64", CURRENCY,
             "mean of target - company bookings where the target was missed"),
)  # fmt: skip

# What fs.team returns beside COMPANY and P(attain). segment: also "company", all seats with a quota
# of bookings. Shares are of the seats that count: from the quarter in which they are filled first,
# empty ones too. band: of quota; cause: what the plan is held against, the same worlds without it.
TEAM = (
    Variable("attaining_share_quantile", (*SUMMARY, "probability"), "float64", "1",
             "share of seats attaining that is not exceeded with this probability"),
    Variable("attaining_share_probability", (*SUMMARY, "share"), "float64", "1",
             "P(at least this share of seats attain)"),
    Variable("band_share", (*SUMMARY, "band"), "float64", "1",
             "mean share of seats whose bookings lie there, in percent of their quota"),
    Variable("filled_mean", SUMMARY, "float64", "1", "mean share of weeks with a rep in seat"),
    Variable("productive_mean", SUMMARY, "float64", "1",
             "mean productivity of a seat: below 1 in a ramp, 0 while empty"),
    Variable("bookings_by_source_mean", (*SUMMARY, "source"), "float64", CURRENCY,
             "mean bookings by where deals came from; they sum to those of the team"),
    Variable("over_assignment", ("quarter",), "float64", "1",
             "quotas of the seats of day 0 over the target of the company"),
    Variable("plan_needs_largest_deal_probability", ("quarter",), "float64", "1",
             "share of the quarters that made the plan which miss it without their largest deal"),
    Variable("plan_needs_best_rep_probability", ("quarter",), "float64", "1",
             "share of the quarters that made the plan which miss it without the seat that booked "
             "most"),
    Variable("effect_on_plan_probability", ("cause", "quarter"), "float64", "1",
             "P(plan) less that of the same worlds without the cause, paired"),
    Variable("effect_on_company_bookings_mean", ("cause", "quarter"), "float64", CURRENCY,
             "mean company bookings less those of the same worlds without the cause, paired"),
)  # fmt: skip

# What fs.headcount, fs.cushion, fs.next_step and fs.diversification return. segment: what grows,
# one of them alone or, "company", all in proportion; period: quarters or years; reps: in seat on
# day 0; certainty: P(plan) asked for; risk: see each; step: what might be done next.
GROWN = ("segment", "certainty")
HIRED = ("segment", "hire_week", "certainty")
SIZING = (
    Variable("period_plan_probability", ("period",), "float64", "1",
             "P(company bookings >= target) of the plan as it is"),
    Variable("headcount_now", ("segment",), "int64", "1", "seats filled on day 0"),
    Variable("headcount_needed", GROWN, "float64", "1",
             "fewest seats on day 0 with which P(plan) is what is asked for"),
    Variable("headcount_interval", (*GROWN, "bound"), "float64", "1",
             "95 % interval of that number"),
    Variable("headcount_plan_probability", GROWN, "float64", "1",
             "P(plan) with them; with the most tried where none is enough"),
    Variable("headcount_split", GROWN, "float64", "1",
             "how the company's divide among segments in proportion"),
    Variable("size_plan_probability", ("segment", "reps"), "float64", "1",
             "P(plan) with so many seats on day 0; in the period in which it is lowest"),
    Variable("hires_needed", HIRED, "float64", "1",
             "fewest further reps, hired and ramping from that week on, that do the same"),
    Variable("hires_interval", (*HIRED, "bound"), "float64", "1", "95 % interval of that number"),
    Variable("hires_plan_probability", HIRED, "float64", "1",
             "P(plan) with them; with the most tried where none is enough"),

    Variable("cushion_plan_probability", ("risk", "reps", "over_assignment"), "float64", "1",
             "P(plan) of a team of that size at that over-assignment"),
    Variable("cushion_needed", ("risk", "reps", "certainty"), "float64", "1",
             "sum of quotas over target at which P(plan) is what is asked for"),

    Variable("step_plan_probability_change", ("step",), "float64", "1", "change of P(plan), paired"),
    Variable("step_bookings_mean_change", ("step",), "float64", CURRENCY,
             "change of mean company bookings of the period, paired"),
    Variable("step_worth_in_reps", ("step",), "float64", "1",
             "change of P(plan) over that by one more rep where he helps most"),
    Variable("step_cost", ("step",), "float64", "cost", "what the step costs"),
    Variable("step_cost_per_point", ("step",), "float64", "cost",
             "what a hundredth of P(plan) costs that way"),

    Variable("risk_plan_probability", ("risk", "reps"), "float64", "1",
             "P(bookings of a team of that size >= the share asked for of the sum of its quotas)"),
    Variable("risk_bookings_cv", ("risk", "reps"), "float64", "1",
             "standard deviation of a team's bookings over mean"),
)  # fmt: skip

# What fs.economics returns beside mean bookings, and fs.contribution from contribution_by_year_mean
# on. segment: also "company"; item: kinds of cost; addition: one more "rep" or "SDR", hired in week
# 0; months since then, by year, month by quarter; measure: what is held against its cost, which is
# "bookings" and the margin "earned" so far, the "lifetime" margin of these bookings, or at the "run
# rate" the last quarter's bookings over its cost; times: multiples of the cost; scenario: a plan.
ADDITION = ("segment", "addition")
ECONOMICS = (
    Variable("cost_mean", (*SUMMARY, "item"), "float64", CURRENCY, "mean cost of selling, by kind"),
    Variable("selling_cost_mean", SUMMARY, "float64", CURRENCY, "mean cost of selling, all kinds"),
    Variable("earned_margin_mean", SUMMARY, "float64", CURRENCY,
             "mean gross margin from what was booked since day 0; older customers are left out"),
    Variable("lifetime_margin_mean", SUMMARY, "float64", CURRENCY,
             "mean gross margin of the whole lifetime of what was booked, discounted"),
    Variable("contribution_mean", SUMMARY, "float64", CURRENCY,
             "mean margin earned less cost of selling"),
    Variable("contribution_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "margin earned less cost of selling: what falls short of it with this probability"),
    Variable("loss_probability", SUMMARY, "float64", "1", "P(margin earned < cost of selling)"),
    Variable("cost_of_sale", SUMMARY, "float64", "1",
             "mean cost of selling over mean bookings: the CAC ratio"),
    Variable("cost_of_sale_quantile", (*SUMMARY, "probability"), "float64", "1",
             "cost of selling over bookings, draw by draw: what exceeds it otherwise"),
    Variable("cac_payback_months", SUMMARY, "float64", "months",
             "12 * mean cost of selling over the mean gross margin of a year of what was booked"),
    Variable("lifetime_to_cost", SUMMARY, "float64", "1",
             "mean lifetime margin over mean cost of selling: LTV to CAC"),
    Variable("commission_sd", SUMMARY, "float64", CURRENCY, "standard deviation of commission"),
    Variable("commission_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "commission that is not exceeded with this probability"),
    Variable("commission_budget", ("quarter",), "float64", CURRENCY,
             "the company's budget: as asked for, or the variable pay of all seats at quota"),
    Variable("budget_exceeded_probability", ("quarter",), "float64", "1",
             "P(commission of the company > budget)"),
    Variable("budget_excess_mean", ("quarter",), "float64", CURRENCY,
             "mean of commission - budget where it was exceeded"),

    Variable("seat_cost_at_quota", ("segment",), "float64", CURRENCY,
             "a year of a filled seat at quota: OTE with on-costs, and overhead"),
    Variable("gross_retention", ("segment",), "float64", "1",
             "share of revenue that is there a year later, without expansion"),
    Variable("net_retention", ("segment",), "float64", "1",
             "revenue of the same customers a year later, as a share"),
    Variable("lifetime_margin_of_1", ("segment",), "float64", "1",
             "lifetime gross margin of bookings of 1, discounted"),

    Variable("vacant_weeks_mean", ("segment",), "float64", "weeks",
             "mean weeks a quarter that seats of leavers are empty"),
    Variable("vacancy_bookings_per_week", ("segment",), "float64", CURRENCY,
             "mean bookings lost within the horizon for a week that a seat is empty, paired"),
    Variable("vacancy_cost_per_week", ("segment",), "float64", CURRENCY,
             "lifetime margin of these less costs saved, for a week that a seat is empty, paired"),
    Variable("vacancy_cost_mean", ("segment",), "float64", CURRENCY,
             "lifetime margin lost less costs saved a quarter by seats of leavers, paired"),

    Variable("addition_bookings_mean", (*ADDITION, "months"), "float64", CURRENCY,
             "mean bookings that one more seat adds by then"),
    Variable("addition_cost_mean", (*ADDITION, "months"), "float64", CURRENCY,
             "mean cost that one more seat adds by then"),
    Variable("return_of_means", (*ADDITION, "months", "measure"), "float64", "1",
             "mean return of one more seat over its mean cost"),
    Variable("return_quantile", (*ADDITION, "months", "measure", "probability"), "float64", "1",
             "return over cost, draw by draw: what falls short of it with this probability"),
    Variable("return_probability", (*ADDITION, "months", "measure", "times"), "float64", "1",
             "P(one more seat returns at least so many times its cost)"),
    Variable("addition_net_mean", (*ADDITION, "month"), "float64", CURRENCY,
             "mean margin earned less cost of one more seat, since it was hired"),
    Variable("addition_net_quantile", (*ADDITION, "month", "probability"), "float64", CURRENCY,
             "margin earned less cost since the hire: what falls short of it so often"),
    Variable("payback_probability", (*ADDITION, "month"), "float64", "1",
             "P(margins earned made up for all costs at the end of a quarter by then)"),
    Variable("payback_quantile", (*ADDITION, "probability"), "float64", "months",
             "months until margins earned first make up for all costs"),

    Variable("contribution_by_year_mean", ("scenario", "year"), "float64", CURRENCY,
             "mean margin earned less cost of selling, of the company in the year"),
    Variable("contribution_total_mean", ("scenario",), "float64", CURRENCY,
             "mean margin earned less cost of selling over the horizon"),
    Variable("contribution_total_quantile", ("scenario", "probability"), "float64", CURRENCY,
             "margin earned less cost of selling over the horizon: what falls short of it with this "
             "probability"),
    Variable("contribution_total_difference", ("scenario",), "float64", CURRENCY,
             "mean contribution over the horizon less that of the first plan, paired"),
    Variable("contribution_ahead_probability", ("scenario",), "float64", "1",
             "P(a higher contribution over the horizon than the first plan in the same world): "
             "depends on the shared luck"),
    Variable("value_mean", ("scenario",), "float64", CURRENCY,
             "mean lifetime margin of what was booked less cost of selling, over the horizon"),
    Variable("value_difference", ("scenario",), "float64", CURRENCY,
             "mean lifetime margin less cost, less that of the first plan, paired"),
    Variable("cash_mean", ("scenario", "quarter"), "float64", CURRENCY,
             "mean margin earned less cost of selling since day 0"),
    Variable("cash_quantile", ("scenario", "quarter", "probability"), "float64", CURRENCY,
             "margin earned less cost of selling since day 0: what falls short of it so often"),
    Variable("funding_quantile", ("scenario", "probability"), "float64", CURRENCY,
             "how far costs ever run ahead of margins: the money that a plan takes until it pays"),
    Variable("filled_seats_mean", ("scenario", "quarter"), "float64", "1",
             "mean number of seats with a rep"),
)  # fmt: skip

ALL = (*SAMPLES, *PIPELINE_SAMPLES, *WAYS_SAMPLES, *SUMMARIES, *QUARTER_SUMMARIES, *LUCK, *THIRDS, *COMPARE,
       *SENSITIVITY, *BRIDGE, *SOLVE, *COMPANY, *TEAM, *SIZING, *ECONOMICS)  # fmt: skip
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
