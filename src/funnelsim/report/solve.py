"""What a goal takes, in a sentence and the numbers it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.analysis.levers.levers import STEADY
from funnelsim.analysis.solve.solve import QUARTERS
from funnelsim.analysis.solve.span import span_of
from funnelsim.report.bites import bites_lines
from funnelsim.report.levers import (
    COUNTS,
    capital,
    enough,
    goal_head,
    goal_said,
    how_often,
    is_amount,
    is_share,
    lever_amount,
    lever_name,
    made_how,
    times,
)
from funnelsim.report.numbers import money, plain
from funnelsim.report.screen import Line, Screen
from funnelsim.report.text import table
from funnelsim.report.told import Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

NAME = 40  # letters of a lever: its values stand below it
POINTS = 7  # of the curve, beside those that are marked
SURE = 0.02  # of the curve: nearly 0 and nearly 1 tell little


def solve_text(
    plan: Scenario, goal: Goal, result: xr.Dataset, bites: xr.Dataset | None = None
) -> Screen:
    """Return one screen about what it takes of a lever.

    Parameters
    ----------
    plan : Scenario
        What was asked about.
    goal : Goal
        What it should achieve.
    result : xarray.Dataset
        What :func:`funnelsim.solve` says of it.
    bites : xarray.Dataset, optional
        What :func:`funnelsim.bites` says of it.
    """
    told = Told(result)
    if result.attrs["path"] == QUARTERS:  # the goal is one of the horizon found
        at = [told.get(f"{which}_value").value for which in ("solved", "most")]
        horizon = next(value for value in at if not math.isnan(value))
        plan = plan.replace({QUARTERS: round(horizon)})
    answer = filled(_answer(plan, goal, told))
    blocks: list[list[Line]] = [list(_curve(plan, goal, told))]
    notes = list(told.left_out())
    if bites is not None:
        more = Told(bites)
        blocks.append(list(bites_lines(plan, goal, more)))
        notes += more.left_out()
    heading = filled(f"{result.attrs['title']}: {made_how(result.attrs)}")
    return Screen(heading, answer, [*blocks, notes])


def _answer(plan: Scenario, goal: Goal, told: Told) -> str:
    """Return the answer in a sentence."""
    attrs = told.result.attrs
    path, attain, outcome = str(attrs["path"]), float(attrs["attain"]), str(attrs["outcome"])
    name, currency = lever_name(path), plan.currency
    best, most = told.get("most_value"), told.get("most_probability")
    often = goal_said(plan, goal, times(attain))
    if outcome == "no effect":
        idle = f" {STEADY}" if span_of(plan, path).lever.idle else ""
        if attrs["method"] == "simulated" and _never(told):
            noun = goal.by if goal.at_least is None else "horizon"
            return (
                f"{capital(name)}: no simulated {noun} reached the goal at any value looked at, so "
                f"that its effect is not known.{idle}"
            )
        return (
            f"{capital(name)}: no effect; {goal_said(plan, goal)} {_in(most)} wherever it is.{idle}"
        )
    if outcome == "out of reach":
        where = lever_amount(path, best.value, currency)
        return (
            f"Out of reach: no {name} makes it so that {often}. At best, {goal_said(plan, goal)} "
            f"{_in(most)}, at {where}."
        )
    value = told.get("solved_value")
    if outcome == "reached anyway":
        reached = told.get("solved_probability")
        where = lever_amount(path, value.value, currency)
        return f"Reached anyway: even at {where}, {goal_said(plan, goal)} {_in(reached)} ({name})."
    often = goal_said(plan, goal, how_often(attain, told.get("solved_probability").value))
    up = _rises(told)
    amount = enough(path, value.value, currency, up=up)
    if path.startswith("activity.per_") or path == QUARTERS:
        said = f"With {amount} {name}, {often}."
    else:
        said = f"With {name} of at {'least' if up else 'most'} {amount}, {often}."
    if attrs["method"] == "exact":
        return said
    if not value.known or math.isnan(value.error):
        return f"{said} How precise that is cannot be told with so few draws."
    low, high = (
        lever_precise(path, told.get("solved_interval", bound=bound).value, currency)
        for bound in ("low", "high")
    )
    return f"{said} 95 % interval: {low} to {high}."


def lever_precise(path: str, value: float, currency: str) -> str:
    """Return a value of a lever in its unit, to the digits that an interval needs."""
    if is_share(path):
        return f"{100 * value:.2f} %"
    if is_amount(path):
        return money(value, currency)
    return f"{value:,.0f}" if path in COUNTS and value >= 100 else plain(value)


def _in(probability: Number) -> str:
    return f"with a probability of {probability.percent}"


def _never(told: Told) -> bool:
    """Return whether the goal was reached nowhere on the curve."""
    values = told.labels("tried")
    return all(told.get("curve_probability", tried=value).value == 0 for value in values)


def _rises(told: Told) -> bool:
    """Return whether more of the lever helps, by the ends of the curve."""
    values = told.labels("tried")
    first, last = (told.get("curve_probability", tried=values[k]) for k in (0, -1))
    return last.value >= first.value


def _curve(plan: Scenario, goal: Goal, told: Told) -> Iterator[str]:
    """Yield a few points of the curve: the plan, the answer, and what lies about them."""
    path = str(told.result.attrs["path"])
    values = [float(str(value)) for value in told.labels("tried")]
    now = span_of(plan, path).lever.value
    marks = {}
    for value in values:
        if math.isclose(value, now, rel_tol=1e-9):
            marks[value] = "the plan"
    best = told.get("most_value").value
    if str(told.result.attrs["outcome"]) == "found":
        solved = told.get("solved_value").value
        marks[min(values, key=lambda value: abs(value - solved))] = "needed"
    elif best in values:
        marks[best] = "the best"
    chance = {value: told.get("curve_probability", tried=value) for value in values}
    telling = [v for v in values if SURE <= chance[v].value <= 1 - SURE] or values
    step = max((len(telling) - 1) / (POINTS - 1), 1)
    shown = {telling[round(k * step)] for k in range(POINTS) if round(k * step) < len(telling)}
    shown = {v for v in shown if all(v == m or _apart(v, m) for m in marks)} | set(marks)
    rows = [[shortened(lever_name(path), NAME), f"{goal_head(goal)}, %", ""]]
    for value in sorted(shown):
        where = lever_precise(path, value, plan.currency)
        rows.append([where, chance[value].of_100, marks.get(value, "")])
    width = max(len(row[0]) for row in rows)
    yield from table([[row[0].rjust(width), *row[1:]] for row in rows])


def _apart(value: float, other: float) -> bool:
    return abs(value - other) > 0.02 * max(abs(value), abs(other))
