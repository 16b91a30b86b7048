"""Luck or skill: the gap between the ends of a team, beside what identical reps show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.analysis.luck.thirds import quarters_to_tell
from funnelsim.report.numbers import scale_of, tight
from funnelsim.report.text import table
from funnelsim.report.told import INDENT, Number, Told, filled

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

BY_LUCK = 0.05  # what luck shows in at least so many teams is no proof of skill


def luck_against_skill(plan: Scenario, told: Told) -> Iterator[str]:
    """Yield, by measure, what luck alone shows and what was observed."""
    attrs = told.result.attrs
    quarters = int(attrs["quarters"])
    known = "third_gap_p_value" in told.result
    said = [
        f"Sort a team of {attrs['team']} identical reps by the bookings of {quarters} "
        f"quarter{'s' if quarters > 1 else ''}: luck alone sets its top third apart"
    ]
    head = ["luck alone", "top third", "bottom", "gap"]
    rows = [[*head, "seen", "luck, %", "quarters"] if known else head]
    for measure in (str(label) for label in told.labels("measure")):
        by = str(told.result["compare_by"].sel(measure=measure).item())
        shares = str(told.result["measure_unit"].sel(measure=measure).item()) == "1"
        top, bottom, gap = (
            told.get(
                "third_mean",
                reps="alike",
                measure=measure,
                quarters_worked=quarters,
                statistic=statistic,
            )
            for statistic in ("top", "bottom", by)
        )
        unit, letter = (0.01, "%") if shares else scale_of(top.value)
        row = [f"{measure.replace('_', ' ')} {letter}".rstrip()]
        row += [_in(unit, each) for each in (top, bottom)]
        row.append(_in(unit, gap) if by == "difference" else f"x {tight(*gap)}")
        if known:
            found = told.result["observed"].sel(measure=measure)
            seen = [float(found.sel(statistic=each)) / unit for each in ("top", "bottom")]
            if not math.isnan(seen[0]):
                value = told.get(
                    "third_gap_p_value", measure=measure, quarters_worked=quarters, gap=by
                )
                enough = float(quarters_to_tell(told.result).sel(measure=measure, gap=by)[0])
                said.append(_verdict(measure, value))
                row += [f"{seen[0]:g}/{seen[1]:g}", value.of_100, _enough(told, enough)]
        rows.append(row)
    yield from filled(f"6. {'. '.join(said)}.", INDENT)
    yield from table(rows)
    if known:
        yield from filled(
            "seen: top/bottom as observed; luck: teams of identical reps with a gap as large; "
            "quarters: after so many, fewer than 1 in 20."
        )


def _in(unit: float, number: Number) -> str:
    return tight(number.value / unit, number.error / unit)


def _verdict(measure: str, value: Number) -> str:
    """Say what the observed gap of a measure proves."""
    name = measure.replace("_", " ")
    share = f"luck shows one as large in {value.percent} of such teams"
    if abs(value.value - BY_LUCK) < 3 * value.error:
        return f"Whether the observed gap in {name} is luck is a close call: {share}"
    if value.value >= BY_LUCK:
        return f"The observed gap in {name} is no proof of skill: {share}"
    return f"The observed gap in {name} is seldom luck alone: {share}"


def _enough(told: Told, quarters: float) -> str:
    if math.isnan(quarters):
        return f"> {max(int(str(each)) for each in told.labels('quarters_worked'))}"
    return f"{quarters:.0f}"
