"""How far a lever may be moved, and where to look on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.analysis.levers.levers import Lever, bare, is_finite, lever_of
from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.scenario.kinds import NARROWEST
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.tables import Table, is_list, nested
from funnelsim.scenario.wording import asked, entry_of, parts_of, shown

POINTS = 9  # of a range that is looked at as a whole
OCTAVES = 3  # to either side of the plan, of a range that is not
HALVINGS = 20  # towards an end that cannot be stated itself: a millionth of what is
WIDE = 16.0  # ratio of ends beyond which points are set by ratio
NARROW = 10.0  # ranges up to it are looked at as a whole
OPEN = 1e-3  # of a range: how close to an end that cannot be stated itself
STEPS = 200  # of a bisection between floats


@dataclass(frozen=True)
class Span:
    """A lever and the values that it may take.

    Attributes
    ----------
    lever : Lever
    low, high : float
        Both can be stated.
    points : tuple of float
        Where to look first, rising.
    grows : bool
        Whether to look on beyond the points, doubling and halving, up to low and high.
    origin : float
        What is doubled and halved is the distance from here.
    """

    lever: Lever
    low: float
    high: float
    points: tuple[float, ...]
    grows: bool = False
    origin: float = 0.0

    def at(self, value: float) -> Scenario:
        """Return the plan with the lever there; a spread too narrow to be stated is none."""
        if self.lever.path.endswith("cv") and 0 < value < NARROWEST:
            value = 0.0
        return self.lever.at(value)

    def beyond(self, value: float, upwards: bool) -> float:
        """Return the next value to look at beyond one, not beyond the range."""
        if upwards:
            apart = max(value - self.origin, 1.0 if self.lever.whole else 0.125)
            return min(self.origin + 2 * apart, self.high)
        apart = (value - self.origin) / 2
        if self.lever.whole:
            apart = math.floor(apart)
        return max(self.origin + apart, self.low)


def span_of(
    plan: Scenario, path: str, within: Sequence[float] | None = None, fewest_quarters: int = 1
) -> Span:
    """Return the range of a lever: as stated, or all that a scenario may state.

    Parameters
    ----------
    plan : Scenario
    path : str
        Of a number; also of one that the plan leaves out, such as policy.floor_per_week.
    within : (float, float), optional
    fewest_quarters : int
        Where the path is that of the horizon: below it, nothing is looked at.

    Raises
    ------
    ScenarioError
        Where no number can stand at the path, or an end of the range cannot.
    ArgumentError
        Where ``within`` is no range.

    Examples
    --------
    >>> import funnelsim as fs
    >>> span = span_of(fs.preset("sales_math"), "activity.per_quarter")
    >>> round(span.high), span.points[:3]
    (65000, (93.75, 187.5, 375.0))
    """
    if str(path).startswith("kpis"):
        remedy = "Solve for policy.floor_per_week: only a policy changes behaviour."
        raise ScenarioError([Problem(path, "", "measures, and moves nothing", remedy)], "levers")
    plan = bare(plan)
    limits = _limits(path)
    if limits is None:
        lever_of(plan, path)  # says why this is no lever
        raise ArgumentError(f"path = {path!r}: must lead to a number.")
    if parts_of(path) == ("calendar", "quarters") and plan.calendar.quarters < fewest_quarters:
        plan = plan.replace({path: fewest_quarters})
    lever = _lever(plan, path, limits)
    if parts_of(path) == ("calendar", "quarters"):
        limits["ge"] = fewest_quarters
        within = None if within is None else _from(fewest_quarters, within)
    if within is not None:
        return _stated(lever, within)
    low, high = _natural(lever, limits)
    bounded = high - low <= NARROW and not lever.whole
    if bounded:
        points = {*np.linspace(low, high, POINTS).tolist(), lever.value}
        return Span(lever, low, high, _inside(points, low, high))
    origin = limits.get("ge", limits.get("gt", 0.0))
    apart = lever.value - origin if lever.value > origin else 1.0
    ladder = {origin + apart * 2.0**k for k in range(-OCTAVES, OCTAVES + 1)}
    if lever.whole:
        ladder = {float(math.floor(each)) for each in ladder}
    if "ge" in limits:
        ladder.add(low)
    ladder.add(lever.value)
    return Span(lever, low, high, _inside(ladder, low, high), True, origin)


def _lever(plan: Scenario, path: str, limits: dict[str, float]) -> Lever:
    """Return the lever; a number that the plan leaves out is one, too."""
    try:
        return lever_of(plan, path)
    except ScenarioError:
        whole = "whole" in limits
        low = limits.get("ge", limits.get("gt", 0.0) + 1)
        plan.replace({path: int(low) if whole else low})  # says why nothing can stand there
        return Lever(plan, path, math.nan, whole)


def _from(least: int, within: Sequence[float]) -> Sequence[float]:
    """Return a range of horizons without those that are too short for the goal."""
    ends = list(within)
    if len(ends) == 2 and all(map(is_finite, ends)) and ends[1] <= least:
        raise ArgumentError(f"within = {within!r}: the goal takes {least} quarters. End beyond it.")
    return [max(ends[0], least), *ends[1:]] if ends and is_finite(ends[0]) else within


def _stated(lever: Lever, within: Sequence[float]) -> Span:
    """Return the range that was asked for."""
    ends = list(within)
    if len(ends) != 2 or not all(map(is_finite, ends)) or not ends[0] < ends[1]:
        raise ArgumentError(
            f"within = {within!r}: must be two numbers, the lower one first, such as (500, 2000)."
        )
    low, high = float(ends[0]), float(ends[1])
    problems: list[Problem] = []
    for end in (low, high):
        try:
            lever.at(end)
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(dict.fromkeys(problems), "within")
    if low > 0 and high / low >= WIDE:
        points = np.geomspace(low, high, POINTS)
    else:
        points = np.linspace(low, high, POINTS)
    if lever.whole:
        points = np.floor(points)
    return Span(lever, low, high, _inside({*points.tolist(), low, high}, low, high))


def _natural(lever: Lever, limits: dict[str, float]) -> tuple[float, float]:
    """Return the lowest and the highest value that the plan may state."""
    low = limits.get("ge", limits.get("gt", 0.0))
    high = limits.get("le", limits.get("lt", 1e15))
    width = high - low
    start = lever.value
    if "gt" in limits and "ge" not in limits:
        apart = start - low if start > low else 1.0
        low += OPEN * width if width <= NARROW else apart / 2.0**HALVINGS
    if "lt" in limits and "le" not in limits:
        high -= OPEN * width
    if lever.path.endswith("cv") and (low or start > 0):
        low = NARROWEST  # in between nothing can be stated
    if math.isnan(start):
        start = low
    return _valid(lever, low, start), _valid(lever, high, start)


def _valid(lever: Lever, end: float, start: float) -> float:
    """Return the value nearest to the end that can be stated, seen from one that can."""
    if lever.can_be(end):
        return end
    good, bad = start, end
    for _ in range(STEPS):
        middle = (good + bad) / 2
        if lever.whole:
            middle = float(math.floor(middle))
        if middle in (good, bad):
            break
        good, bad = (middle, bad) if lever.can_be(middle) else (good, middle)
    return good


def _inside(points: set[float], low: float, high: float) -> tuple[float, ...]:
    return tuple(sorted(each for each in points if low <= each <= high))


def _limits(path: str) -> dict[str, float] | None:
    """Return the bounds of the number at a path as the schema states them; None for no number."""
    parts = parts_of(path)
    if parts is None:
        rule = "must be a path such as stages.won.conversion"
        raise ScenarioError([Problem(shown(path), "", rule)], "levers")
    table: type[Table] = Scenario
    rest = list(parts)
    while rest:
        key = rest.pop(0)
        if key not in table.model_fields:
            return None
        inner = nested(table, key)
        if inner is None:
            break
        rest = rest[1:] if is_list(table, key) else rest
        table = inner
    else:
        return None
    field = table.model_fields[key]
    if rest:  # an entry of a dictionary, such as skill_loadings
        noun, _, limits = asked(entry_of(field.annotation), (), None)
    else:
        noun, _, limits = asked(field.annotation, field.metadata, None)
    if noun == "a list of numbers":
        return {"gt": 0.0, "le": 1e15}
    if noun not in ("a number", "a whole number"):
        return None
    kept = {each: float(limits[each]) for each in ("gt", "ge", "lt", "le") if each in limits}
    return kept | ({"whole": 1.0} if noun == "a whole number" else {})
