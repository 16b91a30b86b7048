"""Every draw: what fs.simulate returns."""

from __future__ import annotations

from funnelsim.registry.variable import CURRENCY, SAMPLE, Variable

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
