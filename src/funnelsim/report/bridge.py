"""From one plan to another as a waterfall of text, whose numbers add up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from funnelsim.report.levers import goal_said, made_how
from funnelsim.report.numbers import scale_of
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import INDENT, Exact, Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

BAR = 24  # letters of a waterfall
MOST_CHANGES = 3  # factors whose changes are listed at first
NAME = 18  # letters of a factor or plan
ORDERS = (
    "What a factor adds is the mean over all orders of changing them; if first, if last: what it "
    "adds where it is changed before or after all others."
)


def bridge_text(plan: Scenario, goal: Goal, result: xr.Dataset) -> Screen:
    """Return one screen about what each change contributes.

    Parameters
    ----------
    plan : Scenario
        Where the bridge begins.
    goal : Goal
        Whose probability is explained, unless mean bookings are.
    result : xarray.Dataset
        What :func:`funnelsim.bridge` says of it.
    """
    told = Told(result)
    attrs = result.attrs
    begin, end = str(attrs["title"]), str(attrs["other_title"])
    heading = filled(f"From {begin} to {end}: {made_how(attrs)}")
    blocks: list[list[Line]] = [
        list(_waterfall(plan, told, begin, end)),
        list(_changes(told)),
        [*detail("what words mean", filled(ORDERS)), *told.left_out()],
    ]
    return Screen(heading, filled(f"{_said(plan, goal, told)}."), blocks)


def _said(plan: Scenario, goal: Goal, told: Told) -> str:
    """Say what the difference is, and what contributes most."""
    start, end, gap = (told.get(f"bridge_{name}") for name in ("start", "end", "difference"))
    if told.result.attrs["amount_of"] == "probability":
        what = goal_said(plan, goal)
        said = f"{what[0].upper()}{what[1:]}: from {start.percent} to {end.percent}"
        change = gap.points
    else:
        amounts = (each.money(plan.currency) for each in (start, end))
        said = "Mean bookings of a quarter: from {} to {}".format(*amounts)
        change = _signed(gap, gap.money(plan.currency))
    factors = [str(factor) for factor in told.labels("factor")]
    if not factors:
        return f"{said}. Nothing that counts differs"
    largest = told.get("contribution", factor=factors[0])
    if not largest.measurable:
        return f"{said}, {change}. No factor contributes measurably"
    verb = "added" if largest.value > 0 else "taken"
    most = "The largest part" if len(factors) > 1 else "All of it"
    return f"{said}, {change}. {most} is {verb} by {factors[0]}"


def _signed(number: Number, text: str) -> str:
    return f"+{text}" if number.value > 0 else text


def _waterfall(plan: Scenario, told: Told, begin: str, end: str) -> Iterator[str]:
    """Yield the two plans, and between them a step for each factor."""
    factors = [str(factor) for factor in told.labels("factor")]
    amounts = [told.get("bridge_start"), *(told.get("contribution", factor=f) for f in factors)]
    if told.result.attrs["amount_of"] == "probability":
        size, unit = 0.01, "%"
    else:
        size, letter = scale_of(max(abs(told.get("bridge_end").value), abs(amounts[0].value)))
        unit = f"{plan.currency} {letter}".rstrip()
    parts = [each.over(size) for each in amounts]
    total = told.get("bridge_end").over(size)
    digits = _digits([*parts, total])
    shown = adding_up([each.value for each in parts[1:]], parts[0].value, total.value, digits)
    levels = [parts[0].value]
    for part in parts[1:]:
        levels.append(levels[-1] + part.value)
    low, high = min(levels), max(levels)
    rows = [["", unit, " " * BAR, "if first", "if last"]]

    def plain(value: float, error: float | None, *, sign: bool) -> str:
        value = round(value, digits) + 0.0  # and no -0
        text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
        return text if error is None else f"{text}±{max(error, 10.0**-digits):,.{digits}f}"

    def error_of(part: Number) -> float | None:
        return None if isinstance(part, Exact) else part.error

    rows.append(
        [
            shortened(begin, NAME),
            plain(parts[0].value, error_of(parts[0]), sign=False),
            _mark(levels[0], low, high),
            "",
            "",
        ]
    )
    for k, factor in enumerate(factors):
        ends = [
            told.get(f"contribution_{which}", factor=factor).over(size)
            for which in ("first", "last")
        ]
        rows.append(
            [
                shortened(factor, NAME),
                plain(shown[k], error_of(parts[k + 1]), sign=True),
                _step(levels[k], levels[k + 1], low, high),
                *(plain(each.value, None, sign=True) for each in ends),
            ]
        )
    last = plain(total.value, error_of(total), sign=False)
    rows.append([shortened(end, NAME), last, _mark(levels[-1], low, high), "", ""])
    yield from table(rows)


def _digits(parts: Sequence[Number]) -> int:
    """Return how many decimals all numbers have: two, or those that their errors support."""
    errors = [each.error for each in parts if not isinstance(each, Exact) and each.error > 0]
    if not errors:
        return 2
    return min(max(1 - math.floor(math.log10(min(errors))), 0), 2)


def adding_up(parts: Sequence[float], start: float, end: float, digits: int) -> list[float]:
    """Return parts rounded so that they lead from the rounded start to the rounded end.

    Each is rounded up or down: those whose rests are largest go up (Hamilton's method).

    Examples
    --------
    >>> adding_up([0.334, 0.333, 0.333], 0.0, 1.0, 2)
    [0.34, 0.33, 0.33]
    """
    scale = 10**digits
    down = [math.floor(part * scale) for part in parts]
    missing = round(end * scale) - round(start * scale) - sum(down)
    rests = sorted(range(len(parts)), key=lambda k: down[k] - parts[k] * scale)
    for k in range(abs(missing)):
        if parts:
            down[rests[k % len(parts)]] += 1 if missing > 0 else -1
    return [each / scale for each in down]


def _place(level: float, low: float, high: float) -> int:
    return round((BAR - 1) * (level - low) / (high - low)) if high > low else 0


def _mark(level: float, low: float, high: float) -> str:
    place = _place(level, low, high)
    return f"{' ' * place}|".ljust(BAR)


def _step(begin: float, end: float, low: float, high: float) -> str:
    """Return a step as letters between the two levels that it leads between."""
    places = sorted((_place(begin, low, high), _place(end, low, high)))
    letter = "+" if end > begin else "-"
    width = places[1] - places[0]
    return f"{' ' * places[0]}{letter * width or '|'}".ljust(BAR)


def _changes(told: Told) -> Iterator[Line]:
    """Yield what each factor changes, the largest first."""
    changes = told.result["changes"].values.tolist()
    for k, (factor, changed) in enumerate(zip(told.labels("factor"), changes, strict=True)):
        lines = filled(f"{factor}: {changed or 'nothing'}", INDENT)
        yield from lines if k < MOST_CHANGES else detail("what the others change", lines)
