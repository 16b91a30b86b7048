"""What a quarter or a year looks like: fs.attainment, fs.summarize, fs.exact."""

from __future__ import annotations

from funnelsim.registry.variable import CURRENCY, SUMMARY, Variable

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
