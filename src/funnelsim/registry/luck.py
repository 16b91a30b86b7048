"""Luck and skill: fs.luck and fs.luck_or_skill."""

from __future__ import annotations

from funnelsim.registry.variable import CURRENCY, SUMMARY, Variable

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
