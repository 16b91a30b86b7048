"""How likely plans reach a goal: exactly where the twin covers them, else on shared luck."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Estimate, Means, stacked
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.tally import QUARTERS_PER_YEAR, REACHES, never_certain
from funnelsim.engine.blocks import Progress, Run, Samples, sample_blocks
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import shown
from funnelsim.twin.exact import exact_value, takes_more

Floats = npt.NDArray[np.float64]
Method = Literal["auto", "exact", "simulated"]

LEAST, MOST = 1e-9, 1e15  # amounts
METHODS = ("auto", "exact", "simulated")
# Complex multiplications of an exact chance beyond which a search, which asks for some forty and
# may come to values that take ten times as many, would keep people waiting for a minute.
MOST_WORK = 1e8
PER_QUARTER = 400  # of them take as long as simulating a quarter on two threads
LEAST_BLOCK, PLAN_DRAWS = 64, 32_768  # draws of every plan, and of all, in memory at a time


@dataclass(frozen=True)
class Goal:
    """What a plan should achieve; P(attain) of a quarter by default, the mean over the horizon.

    Attributes
    ----------
    at_least : int, optional
        Attain in at least so many quarters of the horizon.
    amount : float, optional
        Reach these bookings in a quarter (or year), currency, in place of the quota.
    by : {"quarter", "year"}
        Whether quarters are attained, or years: bookings of four against the sum of their quotas.

    Raises
    ------
    ArgumentError
        Where these contradict each other.
    """

    at_least: int | None = None
    amount: float | None = None
    by: Literal["quarter", "year"] = "quarter"

    def __post_init__(self) -> None:
        if self.by not in ("quarter", "year"):
            raise ArgumentError(f"by = {self.by!r}: must be 'quarter' or 'year'.")
        count: object = self.at_least  # whatever a script may hand over
        whole = isinstance(count, int | np.integer) and not isinstance(count, bool) and count >= 1
        if count is not None and (self.by == "year" or not whole):
            raise ArgumentError(
                f"at_least = {self.at_least!r}: must be a whole number of quarters from 1; a year "
                "has none."
            )
        amount: object = self.amount
        if amount is not None and not (
            isinstance(amount, int | float | np.number) and LEAST <= amount <= MOST
        ):
            raise ArgumentError(
                f"amount = {shown(amount)}: must be an amount from {LEAST:g} to {MOST:g}."
            )

    @property
    def fewest_quarters(self) -> int:
        """The shortest horizon that the goal fits."""
        return QUARTERS_PER_YEAR if self.by == "year" else self.at_least or 1

    def check(self, plan: Scenario) -> None:
        """Refuse a plan whose horizon the goal does not fit.

        Raises
        ------
        ArgumentError
        """
        quarters = plan.calendar.quarters
        if self.at_least is not None and self.at_least > quarters:
            raise ArgumentError(
                f"at_least = {self.at_least}: the horizon has {_quarters(quarters)}. "
                f"Set calendar.quarters to {self.at_least} or more."
            )
        if self.by == "year" and quarters < QUARTERS_PER_YEAR:
            raise ArgumentError(
                f"by = 'year': a horizon of {_quarters(quarters)} has no complete year. "
                f"Set calendar.quarters to {QUARTERS_PER_YEAR} or more."
            )

    def stated(self, plan: Scenario) -> Scenario:
        """Return the plan with the goal's amount for its quota, without KPIs and variants."""
        update: dict[str, object] = {"kpis": (), "variants": {}}
        if self.amount is not None:
            share = 1 if self.by == "quarter" else QUARTERS_PER_YEAR
            quota = plan.quota.model_copy(update={"per_quarter": self.amount / share})
            update["quota"] = quota
        return plan.model_copy(update=update)

    def __str__(self) -> str:
        if self.at_least is not None:
            return f"P(attained in at least {self.at_least} quarters)"
        if self.amount is not None:
            return f"P(bookings of a {self.by} >= {self.amount:,.0f})"
        return "P(attain)" if self.by == "quarter" else "P(attain the year)"


@dataclass(frozen=True)
class Chances:
    """How likely each of several plans reaches a goal.

    Attributes
    ----------
    values, errors : (plan,) float
        Probabilities; standard errors, or numerical ones where they are exact.
    method : str
        "exact" or "simulated".
    estimate : Estimate or None
        The simulated ones with all that their errors have in common.
    """

    values: Floats
    errors: Floats
    method: str
    estimate: Estimate | None = None

    def difference(self, plan: int, other: int) -> tuple[float, float]:
        """Return by how much one plan is likelier than another, and the error: paired."""
        if self.estimate is None:
            both = float(self.errors[plan] + self.errors[other])
            return float(self.values[plan] - self.values[other]), both
        value, error = (self.estimate[plan] - self.estimate[other]).pair
        return float(value), float(error)


def chances(
    plans: Sequence[Scenario],
    goal: Goal,
    *,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Chances:
    """Return how likely each plan reaches the goal.

    Parameters
    ----------
    plans : sequence of Scenario
    goal : Goal
    method : {"auto", "exact", "simulated"}
        "auto": exact if the twin covers all of the plans, else all are simulated, on shared luck.
    draws, seed : int, optional
        Needed to simulate.
    threads : int, optional
    progress : callable, optional
        Called with (done, in all): of plans where they are exact, else of draws.

    Raises
    ------
    NotCoveredError
        Where exact answers are asked for and the twin does not cover a plan.
    ArgumentError
        Where an argument is out of range, or draws and seed are needed and missing.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> found = chances([plan, plan.replace({"activity.per_quarter": 1_296})], Goal())
    >>> found.values.round(2).tolist(), found.method
    ([0.45, 0.8], 'exact')
    """
    if method not in METHODS:
        raise ArgumentError(f"method = {method!r}: must be one of {', '.join(METHODS)}.")
    for plan in plans:
        check_one_seat(plan)
        goal.check(plan)
    stated = [goal.stated(plan) for plan in plans]
    reason = ""
    if method != "simulated":
        try:
            values, errors = np.array(list(_exact_ones(stated, goal, progress))).T
            return Chances(values, errors, "exact")
        except NotCoveredError as error:
            if method == "exact":
                raise
            reason = f" The exact twin cannot answer: {error}"
    if draws is None or seed is None:
        raise ArgumentError(f"draws and seed: must be given where a plan is simulated.{reason}")
    return _simulated(stated, goal, draws, seed, threads, progress)


def is_laborious(plan: Scenario, goal: Goal, draws: int = 0) -> bool:
    """Return whether the exact twin takes too long over a plan to be asked again and again.

    And longer than simulating so many draws of it would.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("ten_two_one")
    >>> unlike = {"stages.won.rep_cv": 0.2, "stages.demo.rep_cv": 0.2}
    >>> [is_laborious(each, Goal()) for each in (plan, plan.replace(unlike))]
    [False, True]
    """
    most = max(MOST_WORK, PER_QUARTER * draws * plan.calendar.quarters)
    return takes_more(goal.stated(plan), most, _name_of(goal), goal.by)


def _name_of(goal: Goal) -> str:
    return "attainment_probability" if goal.at_least is None else "at_least_probability"


def _quarters(count: int) -> str:
    return f"{count} quarter{'' if count == 1 else 's'}"


def _exact_ones(
    plans: Sequence[Scenario], goal: Goal, progress: Progress | None
) -> Iterator[tuple[float, float]]:
    """Yield exact probabilities and their numerical errors."""
    for done, plan in enumerate(plans, start=1):
        yield _exact(plan, goal)
        if progress is not None:
            progress(done, len(plans))


def _exact(plan: Scenario, goal: Goal) -> tuple[float, float]:
    """Return an exact probability and its numerical error, the mean over the horizon."""
    name = _name_of(goal)
    both = np.stack(exact_value(plan, name, goal.by))
    picked = both.mean(axis=1) if goal.at_least is None else both[:, goal.at_least - 1]
    return float(picked[0]), float(picked[1])


def _simulated(
    plans: Sequence[Scenario],
    goal: Goal,
    draws: int,
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> Chances:
    """Return simulated probabilities; equal plans are simulated once."""
    different: list[Scenario] = []
    for plan in plans:
        if plan not in different:
            different.append(plan)
    quotas = [np.array(plan.quotas) for plan in different]
    means = Means()
    blocks = sample_blocks(
        [Run(plan) for plan in different],
        draws=draws,
        seed=seed,
        threads=threads,
        progress=progress,
        block=max(PLAN_DRAWS // len(different), LEAST_BLOCK),
    )
    for samples in blocks:
        reached = [_reached(own, quota, goal) for own, quota in zip(samples, quotas, strict=True)]
        means.add({str(index): column for index, column in enumerate(reached)})
    estimate = stacked([means[str(different.index(plan))] for plan in plans])
    values, errors = never_certain(estimate.pair, draws)
    return Chances(values, errors, "simulated", estimate)


def _reached(own: Samples, quotas: Floats, goal: Goal) -> npt.NDArray[np.generic]:
    """Return by draw whether the goal was reached, or in which share of the periods."""
    bookings = np.asarray(own["bookings"][:, 0], dtype=np.float64)
    if goal.by == "year":
        years = len(quotas) // QUARTERS_PER_YEAR
        whole = years * QUARTERS_PER_YEAR
        bookings = bookings[:, :whole].reshape(-1, years, QUARTERS_PER_YEAR).sum(axis=2)
        quotas = quotas[:whole].reshape(years, QUARTERS_PER_YEAR).sum(axis=1)
    attained = bookings >= quotas * REACHES
    if goal.at_least is not None:
        return np.asarray(attained.sum(axis=1) >= goal.at_least)
    return attained[:, 0] if attained.shape[1] == 1 else attained.mean(axis=1)
