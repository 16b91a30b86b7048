"""All that a board asks about the plan of a team: numbers here, words elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.answers import Answer, simulated
from funnelsim.analysis.board.effort import Attempts, Effort, Watch
from funnelsim.analysis.board.rep import ATTAIN, STEPS
from funnelsim.analysis.compare.compare import compare
from funnelsim.analysis.sizing.assumed import assumed
from funnelsim.analysis.sizing.capacity import capacity
from funnelsim.analysis.sizing.company import Company, Floats, company_of
from funnelsim.analysis.sizing.headcount import headcount
from funnelsim.analysis.sizing.next_step import next_step
from funnelsim.analysis.sizing.otherwise import (
    CompanyLever,
    Otherwise,
    company_chances,
    company_levers,
)
from funnelsim.engine.blocks import Progress, sample_blocks
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

LEVERS = 2  # part of the draws that levers and the sliders take
MOST_SLIDERS = 3
DECIDED = ("plan.target", "headcount")  # levers that are decisions, no assumptions
IMPLIED = {"plan.over_assignment": 1.0}
TARGETS = np.round(np.arange(0.99, 0.295, -0.01), 2)  # of the plan's, as lower ones are looked at


@dataclass(frozen=True)
class Cell:
    """One standing of all sliders.

    Attributes
    ----------
    at : tuple of float
        Where each is.
    chance, booked : (float, float)
        P(plan) and mean bookings of the period, each with its standard error.
    """

    at: tuple[float, ...]
    chance: tuple[float, float]
    booked: tuple[float, float]


@dataclass
class CompanyFindings:
    """What was found about the plan of a team.

    Attributes
    ----------
    plans : dict of str to Scenario
        By name; the first is the page's own. Where it states no target, its quotas are the target.
    implied : bool
        Whether that is so.
    effort : Effort
    answer : Answer
        By quarter and by year.
    company : Company
        The periods that are looked at: years, of a horizon that has one.
    bookings : (draw,) float
        Of the company in the first period, simulated, currency.
    moved, compared, sized, mapped, steps : xarray.Dataset or None
        What :func:`assumed`, compare, headcount, capacity and next_step say.
    sliders : list of CompanyLever
    cells : list of Cell
    target : (float, float, float)
        The largest target of the first period that is made as surely as it should be, relative to
        the plan's, the chance and its error; NaN where none was found.
    refused : dict of str to str
    """

    plans: dict[str, Scenario]
    implied: bool
    effort: Effort
    answer: Answer
    company: Company
    bookings: Floats
    moved: xr.Dataset | None = None
    compared: xr.Dataset | None = None
    sized: xr.Dataset | None = None
    mapped: xr.Dataset | None = None
    steps: xr.Dataset | None = None
    sliders: list[CompanyLever] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    target: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Scenario:
        """The plan that the page is about."""
        return next(iter(self.plans.values()))


def ask_about_company(
    plans: Mapping[str, Scenario], effort: Effort, watch: Watch
) -> CompanyFindings:
    """Ask everything that the page tells of a team; what is refused is noted with its reason.

    Raises
    ------
    ArgumentError
        Where nobody of the team books anything.
    """
    planned = {name: _planned(plan) for name, plan in plans.items()}
    name, plan = next(iter(planned.items()))
    how, few = effort.how(), effort.how(LEVERS)
    company = company_of(plan)
    found = CompanyFindings(
        plans=planned,
        implied=plan != plans[name],
        effort=effort,
        answer=simulated(plan, **how, progress=watch("team")),
        company=company,
        bookings=_bookings(company, effort),
    )
    attempt = Attempts(found.refused, watch)
    found.moved = attempt("sensitivity", lambda shown: assumed(plan, **few, progress=shown))
    found.sized = attempt(
        "headcount", lambda shown: headcount(plan, probability=ATTAIN, **few, progress=shown)
    )
    found.mapped = attempt("map", lambda shown: capacity(plan, **few, progress=shown))
    found.steps = attempt("next_step", lambda shown: next_step(plan, **few, progress=shown))
    attempt("target", lambda shown: _lower_target(found, shown))
    attempt("sweep", lambda shown: _slide(found, shown))
    if len(plans) > 1:
        found.compared = attempt("compare", lambda shown: compare(planned, **how, progress=shown))
    return found


def _planned(plan: Scenario) -> Scenario:
    """Return the plan with a target: where it states none, the sum of its quotas."""
    company_of(plan)  # refuses a team of which nobody books
    return plan if plan.targets is not None else plan.replace(IMPLIED)


def _bookings(company: Company, effort: Effort) -> Floats:
    """Return what the company books in the first period, (draw,), currency."""
    blocks = [
        np.sum([company.of_periods(each["bookings"]).sum(axis=1) for each in samples], axis=0)
        for samples in sample_blocks(company.runs(), **effort.how())
    ]
    return np.asarray(np.concatenate(blocks)[:, 0], dtype=np.float64)


def _lower_target(found: CompanyFindings, progress: Progress | None) -> None:
    """Find the largest target of those looked at that is made as surely as it should be."""
    others = [Otherwise(target=float(each)) for each in TARGETS]
    reached, _ = company_chances(found.company, others, **found.effort.how(), progress=progress)
    value, error = reached[:, 0].pair
    enough = np.flatnonzero(value >= ATTAIN)
    if enough.size:
        first = int(enough[0])
        found.target = float(TARGETS[first]), float(value[first]), float(error[first])


def _slide(found: CompanyFindings, progress: Progress | None) -> None:
    """Answer every standing of the sliders: of each segment the lever that moves most.

    A segment is simulated once for each step of its own lever, as its draws do not depend on what
    others do.
    """
    company, effort = found.company, found.effort
    order = [] if found.moved is None else [str(path) for path in found.moved["lever"].values]
    known = {each.path: each for each in company_levers(company)}
    for path in order:
        lever = known[path]
        decided = path.endswith(DECIDED)
        if decided or lever.segment in [each.segment for each in found.sliders]:
            continue
        found.sliders.append(lever)
        if len(found.sliders) == MOST_SLIDERS:
            break
    steps = [_steps(each) for each in found.sliders]
    standings: list[tuple[float, ...]] = [()]
    for each in steps:
        standings = [(*at, value) for at in standings for value in each]
    others = []
    for at in standings:
        moved: dict[str, Scenario] = {}
        for lever, value in zip(found.sliders, at, strict=True):
            moved |= lever.at(company, value).segments
        others.append(Otherwise(moved))
    reached, booked = company_chances(company, others, **effort.how(LEVERS), progress=progress)
    chance, mean = (np.stack(each[:, 0].pair, axis=1).tolist() for each in (reached, booked))
    found.cells = [
        Cell(at, tuple(made), tuple(amount))
        for at, made, amount in zip(standings, chance, mean, strict=True)
    ]


def _steps(lever: CompanyLever) -> list[float]:
    most = 1.0 if lever.path.endswith("conversion") else math.inf
    found = {float(f"{min(lever.value * (1 + each), most):.6g}") for each in STEPS if each}
    return sorted({*found, lever.value})
