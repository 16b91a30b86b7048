"""Which lever matters most, as a tornado of text, and where to coach first."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.levers import capital, goal_said, lever_amount, lever_name, made_how
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import INDENT, Exact, Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

MOST_ROWS = 14
HALF = 7  # letters of a bar to each side
NAME = 26  # letters of a lever
MOST_NAMES = 4  # of levers that are not told apart
ALIKE = 1e-6  # what exact swings that are equal may differ by
KEY = "- with the lever at its low end, + at its high end; points: from end to end."
POINTS = (
    "In brackets where it bends, both ends doing the same: points from the plan to the end that "
    "does more."
)
OBSERVED = "What coaching can reach is another question, and so is whether a gap is more than luck."


def sensitivity_text(
    plan: Scenario, goal: Goal, result: xr.Dataset, coached: xr.Dataset | None = None
) -> Screen:
    """Return one screen about which lever matters most.

    Parameters
    ----------
    plan : Scenario
        What was asked about.
    goal : Goal
        Whose probability is moved.
    result : xarray.Dataset
        What :func:`funnelsim.sensitivity` says of it.
    coached : xarray.Dataset, optional
        What :func:`funnelsim.coaching_point` says of it.
    """
    told = Told(result)
    paths = [str(path) for path in told.labels("lever")]
    made = told.get("goal_probability")
    heading = filled(f"{result.attrs['title']}: {made_how(result.attrs)}")
    often = capital(goal_said(plan, goal, f"{made.percent} of"))
    said = filled(f"{often}. {_most_said(told, paths)}.")
    blocks = [_tornado(told, paths, plan.currency)]
    if told.knows("total_index"):
        blocks.append(list(_together(told, paths)))
    notes: list[Line] = [*_notes(told), *told.left_out()]
    if coached is not None:
        blocks.append(list(_coaching(Told(coached), plan.currency)))
        notes += filled(OBSERVED)
    return Screen(heading, said, [*blocks, notes])


def _most_said(told: Told, paths: list[str]) -> str:
    """Say which lever moves the goal most, or which do that are not told apart."""
    if not paths:
        return "No lever moves it"
    swings = {path: told.get("largest_swing", lever=path) for path in paths}
    top = swings[paths[0]]
    if not top.measurable:
        return "No lever moves it measurably"
    alike = [path for path in paths if not _less(swings[path], top)]
    size = top.points.removeprefix("+")
    names = [lever_name(path) for path in alike[:MOST_NAMES]]
    if len(alike) > MOST_NAMES:
        names.append(f"{len(alike) - MOST_NAMES} more")
    if len(names) == 1:
        way = _way(told, paths[0])
        hurts = " (the higher, the less)" if way == "-" else ""
        from_to = "from low to high" if way else "from the plan to one end: it bends"
        return f"{capital(names[0])} moves it most{hurts}: {size} {from_to}"
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    how = "and alike" if isinstance(top, Exact) else "not told apart"
    return f"{capital(listed)} move it most, {how}: {size} from end to end"


def _less(swing: Number, top: Number) -> bool:
    """Return whether a swing is smaller than the largest, beyond what chance explains."""
    apart = math.hypot(swing.error, top.error)
    return Number(top.value - swing.value, max(apart, ALIKE)).measurable


def _way(told: Told, path: str) -> str:
    """Return the sign of what more of a lever does; none where both ends do the same."""
    swing, largest = (told.get(name, lever=path).value for name in ("swing", "largest_swing"))
    if largest > abs(swing):
        return ""
    return "+" if swing > 0 else "-" if swing < 0 else ""


def _tornado(told: Told, paths: list[str], currency: str) -> list[str]:
    """Return a row for each lever: where it is moved, and what that does."""
    shown = paths[:MOST_ROWS]
    ends = [[told.get("goal_probability_change", lever=path, end=end) for end in ("low", "high")]
            for path in shown]  # fmt: skip
    widest = max((abs(each.value) for pair in ends for each in pair), default=0.0)
    rows = [["", "low", "high", _bar_head(), "points", "elasticity"]]
    for path, pair in zip(shown, ends, strict=True):
        low, high = (
            lever_amount(path, told.get("lever_range", lever=path, end=end).value, currency)
            for end in ("low", "high")
        )
        size = told.get("largest_swing", lever=path).of_100
        way = _way(told, path)
        rows.append(
            [
                shortened(lever_name(path), NAME),
                low,
                high,
                _bar(pair[0].value, pair[1].value, widest),
                f"{way}{size}" if way else f"({size})",
                told.get("elasticity", lever=path).tight,
            ]
        )
    lines = table(rows)
    if len(paths) > len(shown):
        rest = max(told.get("largest_swing", lever=path).value for path in paths[MOST_ROWS:])
        lines.append(f"and {len(paths) - len(shown)} more, each at most {100 * rest:.2g} points")
    return lines


def _bar_head() -> str:
    return "less | more".center(2 * HALF + 1)


def _bar(low: float, high: float, widest: float) -> str:
    """Return what both ends of a lever do, about the plan: - where it is low, + where high."""
    left, right = [" "] * HALF, [" "] * HALF
    for change, letter in sorted(((low, "-"), (high, "+")), key=lambda each: -abs(each[0])):
        length = round(HALF * abs(change) / widest) if widest else 0
        side = right if change > 0 else left
        for k in range(length):
            side[k] = letter
    return f"{''.join(reversed(left))}|{''.join(right)}"


def _together(told: Told, paths: list[str]) -> Iterator[str]:
    """Yield what levers do alone, and together with the others."""
    spread = told.get("goal_probability_sd")
    yield from filled(
        "All levers at once, anywhere in their ranges: a standard deviation of "
        f"{spread.over(0.01).tight} points. What goes with each lever of its variance, alone and "
        "with all that it does together with others (the more, the more interaction):"
    )
    rows = [["%", "alone", "with others"]]
    for path in paths[:MOST_ROWS]:
        alone, total = (told.get(f"{name}_index", lever=path) for name in ("first_order", "total"))
        if alone.known:
            rows.append([lever_name(path), alone.of_100, total.of_100])
    yield from table(rows)


def _coaching(told: Told, currency: str) -> Iterator[str]:
    """Yield what lifting each lever to its benchmark adds."""
    attrs = told.result.attrs
    paths = [str(path) for path in told.labels("lever")]
    rank = {path: int(told.get("lift_rank", lever=path).value) for path in paths}
    order = sorted(paths, key=lambda path: (rank[path] == 0, rank[path]))
    best = str(attrs["coaching_point"])
    standing = told.result["standing"].values.tolist()
    if not best:
        known = "known to be " if "not told" in standing else ""
        yield f"Where to coach: no lever is {known}behind its benchmark."
    else:
        lift = told.get("lift", lever=best)
        target = lever_amount(best, told.get("benchmark", lever=best).value, currency)
        said = f"{lever_name(best)} at {target} adds most, {lift.points}"
        if attrs["told_apart"] == "no":
            lead = told.get("lift_lead")
            if isinstance(lead, Exact) or lead.value == lead.error == 0:
                said = f"{said}, and the next adds as much"
            else:
                said = f"{said}, but is not told apart from the next: more draws would tell"
        yield from filled(f"Where to coach: {said}.", INDENT)
    rows = [["", "now", "benchmark", "adds, points", "largest, %", ""]]
    for path in order:
        lift, chance = (told.get(name, lever=path) for name in ("lift", "lift_best_probability"))
        now, target = (
            lever_amount(path, told.get(name, lever=path).value, currency)
            for name in ("lever_value", "benchmark")
        )
        sure = f"{100 * chance.value:.1f}" if chance.value > 0 or rank[path] else ""
        rows.append(
            [lever_name(path), now, target, _signed(lift), sure, standing[paths.index(path)]]
        )
    of_all = told.get("lift_of_all")
    if max(rank.values()) > 1:
        rows.append(["all that are behind", "", "", _signed(of_all), "", ""])
    yield from table(rows)
    if "not told" in standing:
        yield from filled("not told: within 2 standard errors of adding nothing.")


def _signed(number: Number) -> str:
    return f"+{number.of_100}" if number.value > 0 else number.of_100


def _notes(told: Told) -> Iterator[Line]:
    """Yield what else to know of levers."""
    notes: dict[str, str] = json.loads(told.result.attrs.get("notes", "{}"))
    yield from filled(KEY)
    yield from detail("what words mean", filled(POINTS))
    for subject, note in notes.items():
        said = note if note[:1].isupper() else f"{lever_name(subject)}: {note}"
        yield from detail("levers that are not in the table", filled(f"{said.rstrip('.')}."))
    reasons: dict[str, list[str]] = {}
    for name, why in told.refused.items():
        head, _, lever = name.partition(": ")
        if lever:
            reasons.setdefault(f"{why}", []).append(f"{head} of {lever_name(lever)}")
    for why, names in reasons.items():
        yield from filled(f"Left out: {', '.join(names)}. Why: {why.rstrip('.')}.")
