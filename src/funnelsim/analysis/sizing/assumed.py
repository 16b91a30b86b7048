"""What P(plan) of a company rests on: each number of each segment, moved alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Goal
from funnelsim.analysis.estimates import Estimate, Means
from funnelsim.analysis.levers.answered import Pair, labelled
from funnelsim.analysis.levers.levers import bare, default_paths, lever_of
from funnelsim.analysis.sizing.company import Company, Floats, Period, block_of, company_of, plain
from funnelsim.engine.blocks import Progress, Run, sample_blocks
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ScenarioError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import quoted

if TYPE_CHECKING:
    import xarray as xr

STEP = 0.10
TARGET = "plan.target"
OF_SEATS = ("headcount", "ramp.weeks", "attrition.per_year")
NOT_MOVED = ("quota.per_quarter", "market.cv", "market.persistence", "skill_correlation")
SHARES = (".conversion", ".probability", ".per_year", ".adherence")


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
    """A number of one segment, or the target, that may be otherwise.

    Attributes
    ----------
    path : str
        As a file has it: ``segments.smb.deal_size.mean``.
    segment : str
        Empty for the target.
    value : float
    whole : bool
        Whether only whole numbers can be stated.
    """

    path: str
    segment: str
    value: float
    whole: bool = False

    def at(self, company: Company, value: float) -> Otherwise:
        """Return the company with the lever there."""
        if not self.segment:
            return Otherwise(target=value / self.value)
        if value == self.value:
            return Otherwise()
        own = self.path.removeprefix(f"segments.{quoted(self.segment)}.")
        before = company.segments[self.segment]
        changed = before.replace({own: lever_of(before, own).stated(value)})
        return Otherwise({self.segment: plain(changed)})


def company_levers(company: Company) -> list[CompanyLever]:
    """Return the numbers that P(plan) may rest on, by segment in the order of the funnel.

    Examples
    --------
    >>> import funnelsim as fs
    >>> company = company_of(fs.preset("three_segments"))
    >>> [each.path for each in company_levers(company)][:2]
    ['plan.target', 'segments.smb.activity.per_week']
    """
    found = [CompanyLever(TARGET, "", float(company.targets.mean()))]
    alone = list(company.plan.team) == list(company.segments) and not company.plan.segments
    for name, segment in company.segments.items():
        head = "" if alone else f"segments.{quoted(name)}."
        for path in _paths(segment):
            lever = lever_of(bare(segment), path)
            if lever.value and not lever.idle:
                whole = path == "headcount" or lever.whole
                found.append(CompanyLever(f"{head}{path}", name, lever.value, whole))
    return found


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


def assumed(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    by: Period | None = None,
    step: float = STEP,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Tell how much each number of a company's plan moves P(plan), a step lower and higher.

    Parameters
    ----------
    plan : Scenario
        Whose ``[plan]`` states or implies a target.
    draws, seed : int
    by : {"quarter", "year"}, optional
        As in :func:`funnelsim.headcount`; of several periods, that with the lowest P(plan) counts.
    step : float
        Relative. Whole numbers are moved by one at least.
    threads : int, optional
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        As :func:`funnelsim.sensitivity` returns it, without elasticities; errors are paired.

    Raises
    ------
    ArgumentError
        Where the plan states no target, or nobody books.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.1})
    >>> told = assumed(plan, draws=1_000, seed=1)
    >>> bool(told.swing.sel(lever="headcount") > 0)
    True
    """
    company = company_of(plan, by)
    levers = company_levers(company)
    ends = [_ends(company, each, step) for each in levers]
    others = [Otherwise()]
    for lever, pair in zip(levers, ends, strict=True):
        others += [lever.at(company, end) for end in pair]
    reached, _ = company_chances(
        company, others, draws=draws, seed=seed, threads=threads, progress=progress
    )
    worst = int(reached[0].value.argmin())
    chance = reached[:, worst]
    numbers, order = _numbers(chance, levers, ends, 1 / (draws + 1))
    told = labelled(
        plan,
        numbers,
        {"lever": [each.path for each in levers], "end": ["low", "high"]},
        {
            **provenance(plan),
            "method": "simulated",
            "goal": f"P(company bookings of {company.labels[worst]} >= target)",
            "draws": draws,
            "seed": seed,
            "stream_version": STREAM_VERSION,
        },
        {},
    )
    return told.isel(lever=order)


def _numbers(
    chance: Estimate, levers: Sequence[CompanyLever], ends: Sequence[Sequence[float]], least: float
) -> tuple[dict[str, Pair | Floats], npt.NDArray[np.intp]]:
    """Return numbers by lever, and the order of the largest swings."""
    count = len(levers)
    places = 1 + np.arange(2 * count).reshape(count, 2)
    value, error = chance.pair
    change, change_error = (chance[1:] - chance[0]).pair
    swing, swing_error = (chance[2::2] - chance[1::2]).pair
    # What no draw tells apart, the next one might: half of one, either way.
    change, change_error = change.reshape(count, 2), np.maximum(change_error, least)
    swing_error = np.maximum(swing_error, least)
    each = np.column_stack([swing, change])
    errors = np.column_stack([swing_error, change_error.reshape(count, 2)])
    largest = np.abs(each).argmax(axis=1)
    row = np.arange(count)
    numbers: dict[str, Pair | Floats] = {
        "goal_probability": (value[0], error[0]),
        "lever_value": np.array([lever.value for lever in levers]),
        "lever_range": np.array(ends),
        "goal_probability_at": (value[places], error[places]),
        "goal_probability_change": (change, change_error.reshape(count, 2)),
        "swing": (swing, swing_error),
        "largest_swing": (np.abs(each[row, largest]), errors[row, largest]),
    }
    return numbers, np.argsort(-np.abs(each[row, largest]), kind="stable")


def _paths(segment: Scenario) -> Iterator[str]:
    """Yield the levers of a segment: those of its funnel, and those of its seats."""
    for path in default_paths(segment, Goal()):
        if path not in NOT_MOVED and not path.endswith("_cv"):
            yield path
    for path in OF_SEATS:
        table, _, key = path.rpartition(".")
        here = getattr(segment, table or key)
        stated = here if not table else getattr(here, key, None)
        if stated:
            yield path


def _ends(company: Company, lever: CompanyLever, step: float) -> list[float]:
    """Return where a lever is moved to; it stays where the plan cannot state that."""
    most = 1.0 if lever.path.endswith(SHARES) else math.inf
    low, high = lever.value * (1 - step), min(lever.value * (1 + step), most)
    if lever.whole:
        low = min(float(round(low)), lever.value - 1)
        high = max(float(round(high)), lever.value + 1)
    return [end if _can_be(company, lever, end) else lever.value for end in (low, high)]


def _can_be(company: Company, lever: CompanyLever, value: float) -> bool:
    try:
        lever.at(company, value)
    except ScenarioError:
        return False
    return True
