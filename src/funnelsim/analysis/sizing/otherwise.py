"""A company of which something is otherwise: a number of a segment or of all, or the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from funnelsim.analysis.chances import Goal
from funnelsim.analysis.estimates import Estimate, Means
from funnelsim.analysis.levers.levers import bare, lever_of
from funnelsim.analysis.levers.stated import default_paths
from funnelsim.analysis.sizing.company import Company, block_of, plain
from funnelsim.engine.blocks import Progress, Run, sample_blocks
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import parts_of, quoted

TARGET, HEADCOUNT = "plan.target", "headcount"
QUOTAS = ("quota", "plan")  # decide no bookings: the target stands for them
SHARED = ("market", "uncertainty")  # tables that stand at the top, for all segments


@dataclass(frozen=True)
class Otherwise:
    """A company of which something is otherwise.

    Attributes
    ----------
    segments : dict of str to Scenario
        Those that are not as the plan has them.
    target : float
        Times that of the plan.
    """

    segments: Mapping[str, Scenario] = field(default_factory=dict)
    target: float = 1.0


@dataclass(frozen=True)
class CompanyLever:
    """A number of one segment or of all, or the target, that may be otherwise.

    Attributes
    ----------
    path : str
        As a file has it: ``segments.smb.deal_size.mean``.
    segment : str
        Empty for the target, and for what all segments share.
    value : float
    whole : bool
        Whether only whole numbers can be stated.
    """

    path: str
    segment: str
    value: float
    whole: bool = False

    def at(self, company: Company, value: float) -> Otherwise:
        """Return the company with the lever there.

        Raises
        ------
        ScenarioError
            Where no plan can state that.
        """
        if value == self.value:
            return Otherwise()
        if self.path == TARGET:
            return Otherwise(target=value / self.value)
        if not self.segment:
            moved = lever_of(bare(company.plan), self.path).at(value)
            return Otherwise({name: plain(moved.team[name]) for name in company.segments})
        own = self.path.removeprefix(f"segments.{quoted(self.segment)}.")
        before = company.segments[self.segment]
        changed = before.replace({own: lever_of(before, own).stated(value)})
        return Otherwise({self.segment: plain(changed)})


def company_levers(company: Company) -> list[CompanyLever]:
    """Return the numbers that P(plan) may rest on, by segment in the order of the funnel.

    Examples
    --------
    >>> import funnelsim as fs
    >>> from funnelsim.analysis.sizing.company import company_of
    >>> company = company_of(fs.preset("three_segments"))
    >>> [each.path for each in company_levers(company)][:2]
    ['plan.target', 'segments.smb.activity.per_week']
    """
    plan = company.plan
    found = [CompanyLever(TARGET, "", float(company.targets.mean()))]
    for name, segment in company.segments.items():
        head = f"segments.{quoted(name)}." if plan.segments else ""
        paths = [*default_paths(segment, Goal()), *([HEADCOUNT] if segment.headcount else [])]
        for path in paths:
            table = (parts_of(path) or ("",))[0]
            if table not in QUOTAS and not (plan.segments and table in SHARED):
                lever = lever_of(bare(segment), path)
                found.append(CompanyLever(f"{head}{path}", name, lever.value, lever.whole))
    return found + (list(_shared(bare(plan))) if plan.segments else [])


def _shared(plan: Scenario) -> Iterator[CompanyLever]:
    """Yield the levers that all segments share: those that one of them has."""
    own = {path for segment in plan.team.values() for path in default_paths(segment, Goal())}
    paths = [path for path in own if (parts_of(path) or ("",))[0] == "market"]
    paths += [
        f"uncertainty.{quoted(path)}.cv" for path, each in plan.uncertainty.items() if each.cv
    ]
    for path in sorted(paths):
        yield CompanyLever(path, "", lever_of(plan, path).value)


def company_chances(
    company: Company,
    others: Sequence[Otherwise],
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[Estimate, Estimate]:
    """Return P(plan) and mean bookings of a company that is otherwise, on shared luck.

    A segment that several have alike is simulated once.

    Parameters
    ----------
    company : Company
    others : sequence of Otherwise
    draws, seed, threads, progress
        As in :func:`funnelsim.team`.

    Returns
    -------
    reached, booked : Estimate
        (other, period): P(bookings >= target), and mean bookings, currency.
    """
    runs: list[Run] = []
    places: list[list[int]] = []
    for other in others:
        own = []
        for name, segment in company.segments.items():
            each = other.segments.get(name, segment)
            run = Run(each, each.headcount, hired=True, segment=name)
            if run not in runs:
                runs.append(run)
            own.append(runs.index(run))
        places.append(own)
    goals = company.goals * np.array([[other.target] for other in others])
    sums = np.zeros((len(others), len(runs)))
    for row, own in enumerate(places):
        sums[row, own] = 1.0
    means = Means()
    for samples in sample_blocks(
        runs, draws=draws, seed=seed, threads=threads, progress=progress, block=block_of(runs)
    ):
        totals = np.stack([company.of_periods(each["bookings"]).sum(axis=1) for each in samples])
        booked = np.einsum("or,rdp->dop", sums, totals)
        means.add({"reached": booked >= goals, "booked": booked})
    return means["reached"], means["booked"]
