"""Levers: the numbers of a plan that can be moved, and what the plan is where they are moved to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim.analysis.chances import Goal
from funnelsim.analysis.levers.stated import default_paths, is_idle, is_number
from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import did_you_mean, parts_of, shown, step

WEEK, QUARTER = ("activity", "per_week"), ("activity", "per_quarter")
STEADY = (
    "Days have no effect here: from a steady start, with weeks that are Poisson and a market that "
    "stands still, as many deals close in a quarter however long they take."
)


@dataclass(frozen=True)
class Lever:
    """A number of a plan, or a list of numbers that move together.

    Attributes
    ----------
    plan : Scenario
    path : str
    value : float
        What the plan states; the mean of a list.
    whole : bool
        Whether only whole numbers can be stated.
    idle : bool
        Whether it is known to change no bookings.
    """

    plan: Scenario
    path: str
    value: float
    whole: bool = False
    idle: bool = False

    def at(self, value: float) -> Scenario:
        """Return the plan with the lever there; the plan itself where that changes no bookings.

        Raises
        ------
        ScenarioError
            Where the plan cannot state this value.
        """
        moved = self.plan.replace({self.path: self.stated(value)})
        return self.plan if self.idle or value == self.value else moved

    def stated(self, value: float) -> Any:
        """Return what the path holds where the lever is at a value: a list is scaled."""
        if self.whole and value == round(value):
            return round(value)
        now = _at(self.plan, parts_of(self.path) or ())
        if isinstance(now, tuple):
            return [each * (value / self.value) for each in now]
        return float(value)

    def can_be(self, value: float) -> bool:
        """Return whether the plan can state this value."""
        try:
            self.at(value)
        except ScenarioError:
            return False
        return True


@dataclass(frozen=True)
class Range:
    """A lever and how far it is moved; a note says where that is less than was meant."""

    lever: Lever
    low: float
    high: float
    note: str = ""


def bare(plan: Scenario) -> Scenario:
    """Return the plan without variants and KPIs: no goal depends on them."""
    return plan.model_copy(update={"variants": {}, "kpis": ()})


def lever_of(plan: Scenario, path: str) -> Lever:
    """Return the lever at a path.

    Raises
    ------
    ScenarioError
        Where no number of the plan stands there.

    Examples
    --------
    >>> import funnelsim as fs
    >>> lever = lever_of(fs.preset("sales_math"), "deal_size.mean")
    >>> lever.value, lever.at(90_000).deal_size.mean
    (84000.0, 90000.0)
    """
    parts = parts_of(str(path))
    if parts in (WEEK, QUARTER):  # either may be moved, whichever is stated
        weeks = 1 if parts == WEEK else plan.calendar.weeks_per_quarter
        stated = plan.activity.per_week if parts == WEEK else plan.activity.per_quarter
        return Lever(plan, path, plan.activities_per_week * weeks if stated is None else stated)
    value = None if parts is None else _at(plan, parts)
    numbers = value if isinstance(value, tuple) else (value,)
    if parts is None or not all(map(is_number, numbers)) or (value is numbers and not any(numbers)):
        near = did_you_mean(str(path), default_paths(plan, Goal()))
        there_are = "Levers are numbers that the plan states, such as stages.won.conversion."
        problem = Problem(
            path if parts else shown(path), "", "is no number of this plan", near or there_are
        )
        raise ScenarioError([problem], "levers")
    whole = isinstance(value, int)
    return Lever(plan, path, math.fsum(numbers) / len(numbers), whole, is_idle(plan, parts))


def moved(plan: Scenario, levers: Sequence[Lever], values: Sequence[float]) -> Scenario:
    """Return the plan with several levers moved at once; idle ones stay.

    Raises
    ------
    ScenarioError
        Where these values do not go together.
    """
    changes = {
        lever.path: lever.stated(value)
        for lever, value in zip(levers, values, strict=True)
        if not lever.idle
    }
    return plan.replace(changes)


def ends_around(
    value: float, step: float, can_be: Callable[[float], bool], *, whole: bool = False
) -> tuple[float, float, str]:
    """Return how far a number is moved about its value, a relative step to either side.

    No further than a plan can state: what is a share ends at 1, anything else stays where it is,
    and a note says so.

    Parameters
    ----------
    value, step : float
    can_be : callable
        Whether a plan can state a value.
    whole : bool
        Whether only whole numbers can be stated: it is moved by one at least.

    Examples
    --------
    >>> ends_around(0.95, 0.1, lambda value: value <= 1)
    (0.855, 1.0, '')
    >>> ends_around(4.0, 0.1, lambda value: value > 3, whole=True)
    (4.0, 5.0, 'not moved to 3: no plan can state it')
    """
    meant = sorted((value * (1 - step), value * (1 + step)))
    if whole:
        meant = [min(float(round(meant[0])), value - 1), max(float(round(meant[1])), value + 1)]
    ends = [math.copysign(1.0, end) if abs(value) <= 1 < abs(end) and not can_be(end) else end
            for end in meant]  # fmt: skip
    kept = [end if can_be(end) else value for end in ends]
    left = ", ".join(f"{end:g}" for end in ends if end not in kept)
    return kept[0], kept[1], f"not moved to {left}: no plan can state it" if left else ""


def checked_number(name: str, value: Any, low: float, high: float) -> float:
    """Return a number of a call.

    Raises
    ------
    ArgumentError
        Where it is none between the bounds.
    """
    if not is_finite(value) or not low < value < high:
        percentage = is_finite(value) and high <= 1 and value >= 2 and low < value / 100 < high
        remedy = f" A percentage? Write {value / 100:g}." if percentage else ""
        raise ArgumentError(
            f"{name} = {value!r}: must be above {low:g} and below {high:g}.{remedy}"
        )
    return float(value)


def is_finite(value: Any) -> bool:
    """Return whether something is a number, and a finite one."""
    if not is_number(value):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number or a fraction beyond all doubles
        return False


def _at(plan: Scenario, parts: Sequence[str]) -> Any:
    """Return what stands at a path of the plan; None where nothing does."""
    here: Any = plan
    for part in parts:
        if isinstance(here, tuple):  # of tables, by name
            here = next((each for each in here if step(each, "name") == part), None)
        else:
            here = step(here, part)
    return here
