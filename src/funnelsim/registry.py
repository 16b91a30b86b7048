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

ALL = (*SAMPLES, *PIPELINE_SAMPLES, *SUMMARIES, *QUARTER_SUMMARIES)
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
