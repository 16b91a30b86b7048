"""Seats whose results are read together: those of a segment, or of the company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.tally import OVERACHIEVED, REACHES
from funnelsim.analysis.team.periods import Periods
from funnelsim.engine.blocks import Samples
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]

STEPS = (0.5, 0.8, 1.0, OVERACHIEVED)  # of quota: where bands end
BANDS = ("<50", "50-80", "80-100", "100-120", ">120")
MADE = STEPS.index(1.0)
ACTIVITY, WINDFALL = "activity", "windfall"


@dataclass(frozen=True)
class Group:
    """What some seats did in a block of draws.

    A seat counts from the quarter on in which it is first filled, empty or not.

    Attributes
    ----------
    seats, quarters : (period,) float
        Seats that count, and quarters of theirs that do.
    bookings, quota : (draw, period) float, currency, or wins where these are counted
        Sums over the seats.
    reaching : (draw, period, step) float
        Seats that reach these shares of their quota, ``STEPS``.
    filled, productive : (draw, period) float
        Sums over the quarters of seats.
    largest_deal, best_seat : (draw, period) float
        The largest deal of any seat, and the bookings of the seat that booked most.
    by_source : (draw, period, source) float
        Bookings by where deals came from; sources are those of ``sources_of_team``.
    """

    seats: Floats
    quarters: Floats
    bookings: Floats
    quota: Floats
    reaching: Floats
    filled: Floats
    productive: Floats
    largest_deal: Floats
    best_seat: Floats
    by_source: Floats


def counted(plan: Scenario) -> Floats:
    """Return 1 where a seat of a segment counts, (seat, quarter)."""
    ends = plan.calendar.weeks_per_quarter * np.arange(1, plan.calendar.quarters + 1)
    begins = np.array([week or 0 for week in plan.hire_weeks])
    return np.asarray(begins[:, None] < ends, dtype=np.float64)


def sources_of_team(team: Mapping[str, Scenario]) -> tuple[str, ...]:
    """Return where the deals of any segment come from; windfalls last, where there are any."""
    names = dict.fromkeys(source.name for each in team.values() for source in each.sources)
    lucky = any(each.windfall is not None for each in team.values())
    return (ACTIVITY, *names, *((WINDFALL,) if lucky else ()))


def group_of(plan: Scenario, samples: Samples, periods: Periods, sources: Sequence[str]) -> Group:
    """Return what all seats of a segment did; samples hold bookings by source."""
    counts = counted(plan)
    in_period = periods.most(counts)
    bookings = periods.sums(np.ascontiguousarray(samples["bookings"]))  # (draw, seat, period)
    draws = len(bookings)
    filled, productive = (
        np.asarray(samples.get(name, counts[None]), np.float64) for name in ("filled", "productive")
    )
    quotas = counts * np.array(plan.quotas)
    if plan.quota.ramped:
        quotas = quotas * (productive + 1 - filled)
    quotas = periods.sums(quotas)
    asked = np.where(in_period > 0, quotas, np.inf)  # of seats that do not count: what none reaches
    reaching = [np.sum(bookings >= step * REACHES * asked, axis=1) for step in STEPS]
    total = bookings.sum(axis=1)
    by_source = np.zeros((*total.shape, len(sources)))
    own = periods.sums(np.asarray(samples["source_bookings"]).sum(axis=1), axis=1)
    by_source[
        ..., [sources.index(name) for name in (ACTIVITY, *(source.name for source in plan.sources))]
    ] = own
    if plan.windfall is not None:
        by_source[..., sources.index(WINDFALL)] = total - own.sum(axis=-1)
    quota = quotas.sum(axis=-2)

    def everywhere(values: npt.ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(values, dtype=np.float64), (draws, periods.number))

    return Group(
        in_period.sum(axis=0),
        periods.sums(counts.sum(axis=0)),
        total,
        everywhere(quota),
        np.stack(reaching, axis=-1).astype(np.float64),
        everywhere(periods.sums((filled * counts).sum(axis=1))),
        everywhere(periods.sums((productive * counts).sum(axis=1))),
        periods.most(np.asarray(samples["largest_deal"]).max(axis=1)),
        bookings.max(axis=1),
        by_source,
    )


def together(groups: Sequence[Group]) -> Group:
    """Return several groups as one."""
    joined = {
        name: np.max if name in ("largest_deal", "best_seat") else np.sum
        for name in Group.__dataclass_fields__
    }
    return Group(
        **{
            name: how([getattr(each, name) for each in groups], axis=0)
            for name, how in joined.items()
        }
    )
