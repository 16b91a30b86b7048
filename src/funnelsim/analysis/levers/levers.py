"""Levers: the numbers of a plan that can be moved, and what the plan is where they are moved to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from funnelsim.analysis.chances import Goal
from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.scenario.model import Scenario, SizeLaw
from funnelsim.scenario.wording import did_you_mean, parts_of, quoted, shown, step

WEEK, QUARTER = ("activity", "per_week"), ("activity", "per_quarter")
IDLE_IF_STEADY = ("days", "days_cv")
SIZE_LEVERS = ("mean", "cv", "minimum", "shape", "amounts")
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
    if (
        parts is None
        or not all(map(_is_number, numbers))
        or (value is numbers and not any(numbers))
    ):
        near = did_you_mean(str(path), default_paths(plan, Goal()))
        there_are = "Levers are numbers that the plan states, such as stages.won.conversion."
        problem = Problem(
            path if parts else shown(path), "", "is no number of this plan", near or there_are
        )
        raise ScenarioError([problem], "levers")
    idle = parts[0] == "stages" and parts[-1] in IDLE_IF_STEADY and not delays_matter(plan)
    whole = isinstance(value, int)
    return Lever(plan, path, math.fsum(numbers) / len(numbers), whole, idle)


def delays_matter(plan: Scenario) -> bool:
    """Return whether delays change the bookings of quarters.

    They do not where entries are a Poisson process of constant rate since long ago: moving its
    points about independently leaves it one (Kingman, Poisson Processes, 1993, chapter 5).
    """
    activity, policy, market = plan.activity, plan.policy, plan.market
    poisson = not activity.week_cv and activity.elasticity == 1
    free = policy.floor_per_week is None and policy.cap_per_week is None
    still = not market.cv and len(set(market.season)) == 1
    return not (plan.calendar.start == "steady" and poisson and free and still)


def default_paths(plan: Scenario, goal: Goal) -> list[str]:
    """Return the levers that may matter to a goal in this plan, in the order of the funnel.

    Left out is what the plan does not use: spreads of 0, policies it does not have, delays where
    they change nothing, and the quota where the goal states an amount.
    """
    found = ["activity.per_quarter" if plan.activity.per_week is None else "activity.per_week"]
    found += [f"activity.{key}" for key in ("week_cv", "rep_cv") if getattr(plan.activity, key)]
    found += ["activity.elasticity"] if plan.activity.elasticity < 1 else []
    timed = delays_matter(plan)
    for stage in plan.stages:
        keys = ["conversion", "rep_cv", *(["days"] if timed else [])]
        keys += ["days_cv"] if timed and stage.days and stage.delay.days is None else []
        found += [f"stages.{quoted(stage.name)}.{key}" for key in keys if getattr(stage, key)]
    found += _of_sizes("deal_size", plan.deal_size)
    found += ["deal_size.rep_cv"] if plan.deal_size.rep_cv else []
    if plan.deal_size.whale is not None and plan.deal_size.whale.probability:
        found += ["deal_size.whale.probability", "deal_size.whale.multiple"]
    if plan.windfall is not None and plan.windfall.per_quarter:
        found += ["windfall.per_quarter", *_of_sizes("windfall", plan.windfall)]
    found += ["skill_correlation"] if plan.skill_correlation else []
    found += ["market.cv"] if plan.market.cv else []
    found += ["market.persistence"] if plan.market.cv and plan.market.persistence else []
    for key in ("floor_per_week", "cap_per_week"):
        found += [f"policy.{key}"] if getattr(plan.policy, key) else []
    floor = plan.policy.floor_per_week
    found += ["policy.adherence"] if floor and plan.policy.adherence else []
    return found + ([] if goal.amount is not None else ["quota.per_quarter"])


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


def checked_number(name: str, value: Any, low: float, high: float) -> float:
    """Return a number of a call.

    Raises
    ------
    ArgumentError
        Where it is none between the bounds.
    """
    if not is_finite(value) or not low < value < high:
        percentage = is_finite(value) and high <= 1 < value and low < value / 100 < high
        remedy = f" A percentage? Write {value / 100:g}." if percentage else ""
        raise ArgumentError(
            f"{name} = {value!r}: must be above {low:g} and below {high:g}.{remedy}"
        )
    return float(value)


def is_finite(value: Any) -> bool:
    """Return whether something is a number, and a finite one."""
    if not _is_number(value):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number or a fraction beyond all doubles
        return False


def _of_sizes(table: str, law: SizeLaw) -> Iterator[str]:
    return (f"{table}.{key}" for key in SIZE_LEVERS if getattr(law, key) is not None)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _at(plan: Scenario, parts: Sequence[str]) -> Any:
    """Return what stands at a path of the plan; None where nothing does."""
    here: Any = plan
    for part in parts:
        if isinstance(here, tuple):  # of tables, by name
            here = next((each for each in here if step(each, "name") == part), None)
        else:
            here = step(here, part)
    return here
