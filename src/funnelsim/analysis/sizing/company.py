"""The company of a plan: who books, what is to be reached, in which quarters or years."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.levers.levers import checked_number
from funnelsim.analysis.tally import QUARTERS_PER_YEAR, REACHES
from funnelsim.analysis.team.company import COMPANY as COMPANY
from funnelsim.analysis.team.periods import Periods
from funnelsim.analysis.team.worlds import company_of as booking_segments
from funnelsim.engine.blocks import Run
from funnelsim.errors import ArgumentError
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.team import MOST_SEATS

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Period = Literal["quarter", "year"]

CELLS = 1 << 17  # quarters of seats in memory at a time: about 200 bytes each
LEAST_BLOCK = 64  # draws
NO_TARGET = (
    "the plan states no target of the company, so that nothing says what is enough. State "
    "[plan] target = ..., or over_assignment = ... beside quotas."
)


@dataclass(frozen=True)
class Company:
    """Who books in a plan, and when its targets have to be reached.

    Attributes
    ----------
    plan : Scenario
    segments : dict of str to Scenario
        Those whose quota is one of bookings: what others win are no bookings of the company.
    by : {"quarter", "year"}
    periods : tuple of int
        The quarters or years that are looked at, from 1. P(plan) is that of the one with the
        lowest, so that each of them reaches it.
    """

    plan: Scenario
    segments: dict[str, Scenario]
    by: Period
    periods: tuple[int, ...]

    @property
    def headcounts(self) -> tuple[int, ...]:
        """Seats of day 0, by segment."""
        return tuple(each.headcount for each in self.segments.values())

    @property
    def reps(self) -> int:
        """Seats of day 0 in all."""
        return sum(self.headcounts)

    @property
    def scaled_sizes(self) -> list[int]:
        """A quarter, half, one and two times the seats of day 0."""
        return [self.reps * quarters // 4 for quarters in (1, 2, 4, 8)]

    @property
    def targets(self) -> Floats:
        """Target of each period, (period,), currency.

        Raises
        ------
        ArgumentError
            Where the plan states none.
        """
        targets = self.plan.targets
        if targets is None:
            raise ArgumentError(f"plan: {NO_TARGET}")
        return self.of_periods(np.array(targets))

    @property
    def goals(self) -> Floats:
        """What bookings have to come to in each period, (period,): the target but for rounding."""
        return np.asarray(self.targets * REACHES)

    @property
    def weeks(self) -> int:
        """Weeks until the end of the last of the periods."""
        quarters = self.periods[-1] * Periods(self.plan.calendar.quarters, self.by).length
        return quarters * self.plan.calendar.weeks_per_quarter

    @property
    def labels(self) -> list[str]:
        """Names of the periods."""
        return [f"{self.by} {number}" for number in self.periods]

    @property
    def goal(self) -> str:
        """What P(plan) is the probability of."""
        said = f"P(company bookings of {self.labels[0]} >= target)"
        if len(self.periods) > 1:
            said = f"P(company bookings of a {self.by} >= target), in the {self.by} that is lowest"
        return said

    def quotas(self, segment: str) -> Floats:
        """Return the quota of a seat of a segment in each period, (period,), currency."""
        return self.of_periods(np.array(self.segments[segment].quotas))

    def of_periods(self, values: npt.NDArray[np.generic]) -> Floats:
        """Return values (..., quarter) of the periods that are looked at, (..., period)."""
        every = Periods(self.plan.calendar.quarters, self.by).sums(values)
        return every[..., np.array(self.periods) - 1]

    def runs(self) -> list[Run]:
        """Return what simulates the plan: a run for each segment, all of its seats in it."""
        return [
            Run(each, each.headcount, hired=True, segment=name)
            for name, each in self.segments.items()
        ]


def company_of(plan: Scenario, by: Period | None = None, period: int | None = None) -> Company:
    """Return the company of a plan.

    Parameters
    ----------
    plan : Scenario
    by : {"quarter", "year"}, optional
        Whether each quarter reaches its target, or a year that of its four. By default years, of a
        horizon that has one.
    period : int, optional
        Which quarter or year, from 1; by default every one.

    Raises
    ------
    ArgumentError
        Where the horizon has no such period, or nobody books.
    """
    check_scenario(plan)
    quarters = plan.calendar.quarters
    by = by or ("quarter" if quarters < QUARTERS_PER_YEAR else "year")
    count = Periods(quarters, by).number
    if period is not None and not (is_whole(period) and 1 <= period <= count):
        raise ArgumentError(f"period = {period!r}: must be a {by} of the horizon, 1 to {count}.")
    if COMPANY in plan.team:
        raise ArgumentError(f"segments.{COMPANY}: the name stands for all of them. Rename it.")
    segments = {name: plain(each) for name, each in booking_segments(plan).items()}
    if not segments:
        raise ArgumentError("plan: no segment has a quota of bookings, so that nobody books.")
    chosen = tuple(range(1, count + 1)) if period is None else (int(period),)
    return Company(plan, segments, by, chosen)


def plain(segment: Scenario) -> Scenario:
    """Return a segment without KPIs and variants, which nobody looks at here."""
    return segment.model_copy(update={"kpis": (), "variants": {}})


def in_proportion(headcounts: Sequence[int], seats: int) -> Places:
    """Return to which segment each seat goes as a company grows from none, (seats,).

    Sainte-Lague's rule: the next seat goes where (seats so far + 1/2) / headcount is lowest. No
    segment ever shrinks as the company grows, and every multiple of the headcounts comes out
    exactly.

    Raises
    ------
    ArgumentError
        Where no segment has a seat on day 0.

    Examples
    --------
    >>> in_proportion([4, 2], 9).tolist()
    [0, 1, 0, 0, 1, 0, 0, 1, 0]
    """
    if not sum(headcounts):
        raise ArgumentError("headcount: no seat is filled on day 0, so that nothing is to scale.")
    multiple = -(-seats // sum(headcounts))
    turns = [(np.arange(multiple * each) + 0.5) / max(each, 1) for each in headcounts]
    segments = np.repeat(np.arange(len(headcounts)), [each.size for each in turns])
    order = np.lexsort((segments, np.concatenate(turns)))
    return np.asarray(segments[order][:seats])


def in_order(bookings: Sequence[Floats], order: Places) -> Floats:
    """Return seats of segments, each (draw, seat, period), in the order in which they join."""
    firsts = np.cumsum([0, *(each.shape[1] for each in bookings[:-1])])
    places = np.empty(order.size, np.int64)
    for segment, first in enumerate(firsts):
        own = np.flatnonzero(order == segment)
        places[own] = first + np.arange(own.size)
    return np.concatenate(bookings, axis=1)[:, places]


def block_of(runs: Sequence[Run]) -> int:
    """Return how many draws of some runs to keep in memory at a time."""
    cells = sum(run.seats * run.plan.calendar.quarters for run in runs)
    return max(CELLS // max(cells, 1), LEAST_BLOCK)


def is_whole(value: object) -> bool:
    """Return whether something is a whole number."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def checked_sizes(reps: Sequence[int] | None, default: Sequence[int]) -> list[int]:
    """Return sizes of a team, rising, each once.

    Raises
    ------
    ArgumentError
        Where one is no number of reps.
    """
    sizes = default if reps is None else reps
    for size in sizes:
        if reps is not None and not (is_whole(size) and 1 <= size <= MOST_SEATS):
            raise ArgumentError(
                f"reps: {size!r} must be a whole number of reps from 1 to {MOST_SEATS:,}."
            )
    found = sorted({int(size) for size in sizes if size > 0})
    if not found:
        raise ArgumentError("reps: must name one size or more. Say [10, 20].")
    return found


def checked_certainties(probability: float | Sequence[float]) -> list[float]:
    """Return the probabilities asked for, rising, each once.

    Raises
    ------
    ArgumentError
        Where one is not between 0 and 1, or none is there.
    """
    stated = list(probability) if isinstance(probability, Iterable) else [probability]
    found = sorted({checked_number("probability", each, 0, 1) for each in stated})
    if not found:
        raise ArgumentError("probability: must name one or more. Say 0.9.")
    return found
