"""team(): what all seats book together, how likely that is the plan, and what holds them back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import xarray as xr

from funnelsim.analysis.attainment import Period
from funnelsim.analysis.gathering import Gathering, gathered, identity_of
from funnelsim.analysis.team.company import TeamTally
from funnelsim.analysis.team.labels import labelled
from funnelsim.analysis.team.periods import Periods
from funnelsim.analysis.team.worlds import Worlds, bookings_without
from funnelsim.engine.blocks import Progress, Samples, check
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client

FEWEST_DRAWS = 2
BLOCK_BYTES, MOST_BLOCK = 1 << 25, 4_096  # of a block; one a thread is in memory


def team(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    by: Period = "quarter",
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Simulate all seats of a plan together: the company, its segments, and what holds them back.

    Every segment works in the same worlds: they share the market and what is uncertain. What each
    cause takes away is a paired run: the same worlds without it.

    Parameters
    ----------
    plan : Scenario
        With or without segments.
    draws : int
        2 to 2**32; memory does not grow with them.
    seed : int
        0 to 2**63 - 1.
    threads : int, optional
        Defaults to the processors that this process may use.
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`.
    by : {"quarter", "year"}
        A year is four quarters, held against the sums of their quotas and targets.
    store : path, optional
        A ``.nc`` file that the answer will be written to. What is done is kept beside it as it is
        done: when the work was interrupted, the same call goes on, to the same bytes, and when it
        is finished the call reads it.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        The variables of :func:`funnelsim.variables` about teams, dims (segment, quarter | year,
        ...) with "company" among the segments, (quarter | year, ...) where they are about the plan,
        and (cause, quarter | year) for effects; each estimate with its standard error, over draws,
        under the same name + ``_standard_error``. What cannot be answered is left out or NaN, with
        its reason in the attribute ``refused`` (JSON).

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or the horizon has no complete year.
    ResultError
        Where the store is damaged or belongs to another question; it is left as it was.

    Notes
    -----
    The company is all segments whose quota is one of bookings. Seats that are hired count from the
    quarter in which they are filled; empty ones count. Causes are "attrition" (nobody would leave),
    "vacancies" (leavers would have a successor at once: a part of attrition), "ramp" (hires would
    be productive at once), "market" (the market would be what it is on average), "uncertainty"
    (numbers would be what the plan states) and "late hires" (all would begin on day 0). They
    overlap: their effects do not add up.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.25})
    >>> told = fs.team(plan, draws=2_000, seed=1)
    >>> bool(0.6 < told.plan_probability.sel(quarter=1) < 0.9)
    True
    """
    (found,) = teams(plan, (by,), draws, seed, threads, progress, cluster, store=store)
    return found


def teams(
    plan: Scenario,
    periods: Sequence[Period],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: str | Client | None = None,
    *,
    store: str | os.PathLike[str] | None = None,
) -> list[xr.Dataset]:
    """Return what :func:`team` returns by several periods, from one pass over the draws."""
    check_scenario(plan)
    check(draws, seed, threads, 1)
    if draws < FEWEST_DRAWS:
        raise ArgumentError(f"draws = {draws}: must be at least {FEWEST_DRAWS}: one has no error.")
    worlds = Worlds(plan)
    of_periods = [TeamTally(plan, Periods(plan.calendar.quarters, by)) for by in periods]
    tallies = TeamTallies(of_periods, worlds.places)
    made = {"seed": int(seed), "draws": int(draws), "stream_version": STREAM_VERSION}
    attrs = provenance(plan) | {"method": "simulated"} | made
    what = f"team by {' and '.join(periods)}"
    return gathered(
        worlds.runs,
        tallies,
        lambda: [labelled(tally, tuple(worlds.places), attrs) for tally in tallies.by_period],
        draws=draws,
        seed=seed,
        grain=block_of(worlds),
        threads=threads,
        cluster=cluster,
        progress=progress,
        store=store,
        identity=identity_of(what, attrs),
    )


class TeamTallies(Gathering):
    """Tallies of a team by several periods.

    Parameters
    ----------
    by_period : sequence of TeamTally
    places : mapping of str to sequence of int
        Those of :class:`Worlds`.
    """

    memories = ("by_period",)

    def __init__(self, by_period: Sequence[TeamTally], places: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        self.by_period = list(by_period)
        self._places = places

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        without = bookings_without(self._places, samples)
        for tally in self.by_period:
            tally.add(samples, without)


def block_of(worlds: Worlds) -> int:
    """Return how many draws of a team to keep in memory at a time."""
    return min(max(BLOCK_BYTES // worlds.bytes_per_draw, 1), MOST_BLOCK)
