"""What compare() answers where plans are teams: companies side by side, in the same worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.gathering import Gathering, gather
from funnelsim.analysis.tally import QUARTERS_PER_YEAR
from funnelsim.analysis.team.beside import labelled
from funnelsim.analysis.team.company import COMPANY, groups_of_seats
from funnelsim.analysis.team.group import Group, group_of, sources_of_team, together
from funnelsim.analysis.team.paired import HorizonTally, PeriodTally
from funnelsim.analysis.team.periods import Periods
from funnelsim.analysis.team.worlds import run_of
from funnelsim.engine.blocks import Progress, Run, Samples, bytes_per_draw
from funnelsim.engine.simulate import STREAM_VERSION
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client

Floats = npt.NDArray[np.float64]

FEWEST_DRAWS = 2
BLOCK_BYTES, MOST_BLOCK = 1 << 25, 4_096  # of a block; one a thread is in memory


def refuse_for_teams(method: str, precision: float | None, confidence: float | None) -> None:
    """Refuse what a comparison of teams does not do, and say what to ask instead.

    Raises
    ------
    ArgumentError
    """
    if method not in ("auto", "simulated"):
        raise ArgumentError(
            f"method = {method!r}: teams are compared by draws on shared luck, method = 'auto' or "
            "'simulated', with draws and seed. Ask fs.exact of each plan for what the exact twin "
            "covers of it."
        )
    for name, value in (("precision", precision), ("confidence", confidence)):
        if value is not None:
            raise ArgumentError(
                f"{name} = {value}: teams are compared with a stated number of draws: they have "
                "many probabilities, by period and segment, and none to stop by. Give draws."
            )


def compared_teams(
    plans: Mapping[str, Scenario],
    draws: int | None,
    seed: int | None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return what companies book, by plan, and what they differ by from the first, paired.

    Parameters
    ----------
    plans : mapping of str to Scenario
        By name; of one currency and equally many quarters.
    draws, seed : int
        Both must be given.
    threads : int, optional
        Defaults to the processors that this process may use.
    cluster : str or distributed.Client, optional
        Who simulates in place of this process.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        The variables ``COMPARED_TEAMS`` and ``COMPARED_BY_PERIOD`` of the registry, the latter with
        the dim scenario, too; values are those of :func:`funnelsim.team`. What not all plans can
        tell is left out, with its reason in the attribute ``refused`` (JSON).

    Raises
    ------
    ArgumentError
        Where draws or seed are missing or out of range, weeks of quarters differ, or plans have
        nothing in common.
    """
    if draws is None or seed is None:
        raise ArgumentError(
            "draws and seed: must be given, both: teams are compared by draws on shared luck."
        )
    if draws < FEWEST_DRAWS:
        raise ArgumentError(f"draws = {draws}: must be at least {FEWEST_DRAWS}: one has no error.")
    teams = Teams(plans)
    gather(
        teams.runs,
        teams,
        draws=draws,
        seed=seed,
        grain=min(max(BLOCK_BYTES // teams.bytes_per_draw, 1), MOST_BLOCK),
        threads=threads,
        cluster=cluster,
        progress=progress,
    )
    return labelled(teams, {"seed": seed, "draws": draws, "stream_version": STREAM_VERSION})


class Teams(Gathering):
    """Several teams on shared luck: what to simulate, what is told of it, and under which labels.

    Attributes
    ----------
    runs : list of Run
        Segments, equal ones once.
    plans : mapping of str to Scenario
    groups : list of str
        Segments that all plans have, then the company if all have one.
    members : list of dict of str to tuple of str
        By plan, the segments in each group.
    places : list of dict of str to int
        By plan, where the runs of its segments are.
    company : bool
        Whether there is one in all plans.
    lacking : list of str
        Plans without a target.
    targets : (plan, quarter) float, currency, or None
        None where not all plans have one.
    periods : dict of str to Periods
        Quarters, and years if there are any, by what stands before the names of their numbers.
    tallies : dict of str to list of PeriodTally
        The same of each period.
    horizon : HorizonTally or None
        None without companies.

    Raises
    ------
    ArgumentError
        Where plans cannot be held against each other.
    """

    memories = ("tallies", "horizon")

    def __init__(self, plans: Mapping[str, Scenario]) -> None:
        super().__init__()
        self.plans = plans
        self.first = next(iter(plans.values()))
        quarters = self.first.calendar.quarters
        _check_weeks(plans)
        groups = [groups_of_seats(plan) for plan in plans.values()]
        self.groups = [name for name in groups[0] if all(name in each for each in groups)]
        if not self.groups:
            raise ArgumentError("plans: they have no segment in common, and not all book anything.")
        self.members = [{name: each[name] for name in self.groups} for each in groups]
        self.runs: list[Run] = []
        self.places: list[dict[str, int]] = []  # of the runs of each plan's segments
        for plan in plans.values():
            own = {
                name: run_of(name, each.model_copy(update={"name": name}), by_source=True)
                for name, each in plan.team.items()
            }
            self.runs += [run for run in own.values() if run not in self.runs]
            self.places.append({name: self.runs.index(run) for name, run in own.items()})
        self._sources = sources_of_team({str(k): run.plan for k, run in enumerate(self.runs)})
        self.company = COMPANY in self.groups
        self.lacking = [name for name, plan in plans.items() if plan.targets is None]
        planned = self.company and not self.lacking
        targets = np.array([plan.targets for plan in plans.values()]) if planned else None
        self.targets: Floats | None = targets
        self.periods = {"": Periods(quarters, "quarter")}
        if quarters >= QUARTERS_PER_YEAR:
            self.periods["year_"] = Periods(quarters, "year")
        self.tallies = {
            kind: [
                PeriodTally(
                    len(plans),
                    number,
                    None if targets is None else periods.sums(targets)[:, number],
                    company=self.company,
                )
                for number in range(periods.number)
            ]
            for kind, periods in self.periods.items()
        }
        self.horizon = HorizonTally(targets) if self.company else None

    @property
    def bytes_per_draw(self) -> int:
        """Bytes that one draw of all runs takes in memory."""
        return sum(run.seats * bytes_per_draw(run.packed()) for run in self.runs)

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws of all runs."""
        for kind, periods in self.periods.items():
            plans = self._joined(samples, periods)
            for tally in self.tallies[kind]:
                tally.add(plans)
            if kind == "" and self.horizon is not None:
                self.horizon.add(np.stack([groups[-1].bookings for groups in plans], axis=1))

    def _joined(self, samples: Sequence[Samples], periods: Periods) -> list[list[Group]]:
        """Return the groups of each plan."""
        told = [
            group_of(run.plan, own, periods, self._sources)
            for run, own in zip(self.runs, samples, strict=True)
        ]
        return [
            [together([told[places[segment]] for segment in members[name]]) for name in self.groups]
            for places, members in zip(self.places, self.members, strict=True)
        ]


def _check_weeks(plans: Mapping[str, Scenario]) -> None:
    """Refuse plans whose quarters are not the same weeks."""
    (first, baseline), *others = plans.items()
    expected = baseline.calendar.weeks_per_quarter
    wrong = [
        f"{name}: calendar.weeks_per_quarter = {plan.calendar.weeks_per_quarter}: must be "
        f"{expected}, as that of {first}"
        for name, plan in others
        if plan.calendar.weeks_per_quarter != expected
    ]
    if wrong:
        raise ArgumentError(f"plans: {'; '.join(wrong)}.")
