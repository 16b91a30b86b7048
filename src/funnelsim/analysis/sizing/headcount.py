"""How many reps a plan takes: by segment, all in proportion, or as hires of a later week."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.levers.answered import Pair, labelled
from funnelsim.analysis.progress import running
from funnelsim.analysis.sizing.company import (
    COMPANY,
    Company,
    Floats,
    Period,
    checked_certainties,
    company_of,
    in_proportion,
    is_whole,
)
from funnelsim.analysis.sizing.growth import Growth, Needed
from funnelsim.analysis.sizing.search import Search
from funnelsim.analysis.tally import proportion
from funnelsim.engine.blocks import BLOCK, Progress, check, shared_cluster
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import did_you_mean

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

HIRE_WEEKS = (0, 13, 26)
TIMES, FEWEST = 8, 64  # seats tried: so many times those of the company, and at least so many


def headcount(
    plan: Scenario,
    *,
    probability: float | Sequence[float] = 0.9,
    draws: int,
    seed: int,
    segment: str | None = None,
    by: Period | None = None,
    period: int | None = None,
    hire_weeks: Sequence[int] | None = None,
    most: int | None = None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the fewest reps with which the company reaches its target with a probability.

    Asked of each segment alone, the others as they are, and of all segments in proportion
    ("company"). Reps are those in seat on day 0; who is hired later stays as stated. Beside them
    stands how many hires of a later week, ramping, would do the same on top of the plan.

    Parameters
    ----------
    plan : Scenario
        Whose ``[plan]`` states or implies a target; it stays where it is as the team grows.
    probability : float or sequence of float
        P(plan) asked for, each above 0 and below 1.
    draws, seed : int
    segment : str, optional
        Let only this one grow.
    by : {"quarter", "year"}, optional
        Whether bookings of every quarter reach their target, or those of a year the target of its
        four. Default: the year, of a horizon that has one.
    period : int, optional
        Which quarter or year, from 1. Default: every one, that is, the one with the lowest P(plan).
    hire_weeks : sequence of int, optional
        Weeks of the horizon in which further reps might be hired; may be empty. By default weeks 0,
        13 and 26, as far as they come before the end of the last period.
    most : int, optional
        Seats from which no more are tried, of a segment or in proportion; by default eight times
        those of the company, at least 64.
    threads : int, optional
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`.
    progress : callable, optional
        Called with the draws done and those known to be needed; each doubling adds some.

    Returns
    -------
    xarray.Dataset
        ``period_plan_probability`` by period, as the plan is. By segment, "company" the last:
        ``headcount_now``; by (segment, certainty) ``headcount_needed``, its 95 %
        ``headcount_interval`` and ``headcount_plan_probability``, P(plan) with them;
        ``headcount_split``, how the company's divides among segments; ``size_plan_probability`` by
        (segment, reps), all that was looked at; ``hires_needed``, ``hires_interval`` and
        ``hires_plan_probability`` by (segment, hire_week, certainty). NaN and a reason in
        ``refused`` where no number that was tried is enough. Attribute ``most_tried`` (JSON): the
        most "reps" by (segment, certainty) and "hires" by (segment, hire_week, certainty) that
        were tried; null where more would bring nothing. Hires are tried up to as many as the
        company has reps, at least 64.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, the plan states no target, or nobody books.

    Notes
    -----
    Seats are addressed, so that a further one changes no other: the team is doubled until it is
    large enough, and no seat is simulated twice but for hires. P(plan) cannot fall as seats are
    added, in any draw, so that for these draws the number is exact; its interval is that of the
    headcounts at which P(plan), with its standard error over draws, may be the one asked for.
    Memory grows with ``draws``. Derived in docs/how-to/how-many-reps.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.2})
    >>> told = headcount(plan, probability=0.9, draws=2_000, seed=1, by="quarter", period=1)
    >>> needed = told.headcount_needed.sel(segment="company", certainty=0.9)
    >>> low, high = told.headcount_interval.sel(segment="company", certainty=0.9).values
    >>> bool(low <= needed <= high)
    True
    """
    check(draws, seed, threads, BLOCK)
    company = company_of(plan, by, period)
    wanted = checked_certainties(probability)
    grown = _growing(company, segment)
    weeks = _checked_weeks(hire_weeks, company)
    if most is None:
        most = max(TIMES * company.reps, FEWEST)
    elif not (is_whole(most) and most >= 1):
        raise ArgumentError(f"most = {most!r}: must be a whole number of seats, 1 or more.")
    shown = None if progress is None else running(progress)
    with shared_cluster(threads, cluster) as hands:
        search = Search(company, grown, draws, seed, *hands, shown)
        search.grow(max(wanted), most)
        hires = search.hire(weeks, max(wanted), max(company.reps, FEWEST))
    return _labelled(search, hires, wanted, weeks, {"draws": draws, "seed": seed})


def _checked_weeks(weeks: Sequence[int] | None, company: Company) -> list[int]:
    """Return the weeks of hires, rising, each once."""
    end = company.weeks
    if weeks is None:
        return [week for week in HIRE_WEEKS if week < end]
    for week in weeks:
        if not (is_whole(week) and 0 <= week < end):
            raise ArgumentError(
                f"hire_weeks: {week!r} must be a whole number from 0 to {end - 1}, a week before "
                f"the end of {company.labels[-1]}."
            )
    return sorted({int(week) for week in weeks})


def _growing(company: Company, segment: str | None) -> list[str]:
    """Return what is to grow: a segment, or each of them and the company."""
    names = list(company.segments)
    if segment is None:
        return [*names, COMPANY]
    if segment not in names:
        near = did_you_mean(segment, names) or f"There are: {', '.join(names)}."
        raise ArgumentError(f"segment = {segment!r}: must be one that books. {near}")
    return [segment]


def _labelled(
    search: Search,
    hires: Mapping[tuple[str, int], Growth],
    wanted: Sequence[float],
    weeks: Sequence[int],
    made: Mapping[str, int],
) -> xr.Dataset:
    """Put names, units, errors and provenance on what was found."""
    company, growths = search.company, search.growths
    now = (search.now >= company.goals).mean(axis=0) * search.draws
    found = [[growth.needed(each) for each in wanted] for growth in growths.values()]
    largest = max(growth.seats for growth in growths.values())
    curves = np.full((2, len(growths), largest + 1), math.nan)
    for row, growth in enumerate(growths.values()):
        curves[:, row, : growth.seats + 1] = growth.chances()
    numbers: dict[str, npt.ArrayLike | Pair] = {
        "period_plan_probability": proportion(now, np.array(float(search.draws))),
        "headcount_now": np.array([_reps(company, name) for name in growths]),
        "headcount_needed": _each(found, "seats"),
        "headcount_interval": np.stack([_each(found, "low"), _each(found, "high")], axis=-1),
        "headcount_plan_probability": (_each(found, "chance"), _each(found, "error")),
        "size_plan_probability": (curves[0], curves[1]),
    }
    if COMPANY in growths:
        numbers["headcount_split"] = _split(company, _each(found, "seats")[-1])
    if weeks:
        own = [name for name in growths if name != COMPANY]
        by_week = [
            [[hires[name, week].needed(each) for each in wanted] for week in weeks] for name in own
        ]
        empty = [[Needed(*[math.nan] * 5)] * len(wanted)] * len(weeks)
        every = by_week + [empty] * (len(growths) - len(own))
        numbers |= {
            "hires_needed": _each(every, "seats"),
            "hires_interval": np.stack([_each(every, "low"), _each(every, "high")], axis=-1),
            "hires_plan_probability": (_each(every, "chance"), _each(every, "error")),
        }
    coords: dict[str, object] = {
        "segment": list(growths),
        "certainty": list(wanted),
        "bound": ["low", "high"],
        "reps": np.arange(largest + 1),
        "period": company.labels,
        "target": ("period", company.targets, {"units": company.plan.currency}),
    }
    if weeks:
        coords["hire_week"] = list(weeks)
    return labelled(
        company.plan,
        numbers,
        coords,
        {
            **provenance(company.plan),
            **made,
            "stream_version": STREAM_VERSION,
            "method": "simulated",
            "by": company.by,
            "goal": company.goal,
            "most_tried": json.dumps(_tried(growths, hires, wanted, weeks)),
        },
        dict(_refused(growths, hires, found, wanted)),
        stated=["headcount_now"],
    )


def _reps(company: Company, name: str) -> int:
    return company.reps if name == COMPANY else company.segments[name].headcount


def _each(found: object, field: str) -> Floats:
    """Return a field of nested lists of what is needed, as an array."""
    if isinstance(found, Needed):
        return np.asarray(getattr(found, field))
    assert isinstance(found, list)  # noqa: S101
    return np.array([_each(each, field) for each in found])


def _split(company: Company, totals: Floats) -> Floats:
    """Return how companies of so many reps divide among segments, (segment, total)."""
    split = np.full((len(company.segments) + 1, len(totals)), math.nan)
    for column, total in enumerate(totals):
        if not math.isnan(total):
            order = in_proportion(company.headcounts, int(total))
            split[:-1, column] = np.bincount(order, minlength=len(company.segments))
            split[-1, column] = total
    return split


def _tried(
    growths: Mapping[str, Growth],
    hires: Mapping[tuple[str, int], Growth],
    wanted: Sequence[float],
    weeks: Sequence[int],
) -> dict[str, object]:
    """Return the most reps and hires that were tried; None where more would bring nothing."""
    return {
        "reps": [[growth.tried(each) for each in wanted] for growth in growths.values()],
        "hires": [
            [[hires[name, week].tried(each) for each in wanted] for week in weeks]
            for name in growths
            if name != COMPANY
        ],
    }


def _refused(
    growths: Mapping[str, Growth],
    hires: Mapping[tuple[str, int], Growth],
    found: Sequence[Sequence[Needed]],
    wanted: Sequence[float],
) -> Iterator[tuple[str, str]]:
    """Yield why numbers of reps, or of hires, are not known."""
    short = [
        f"{each:g} is not reached with {growth.seats} reps ({name}), which reach {need.chance:.4f}"
        for (name, growth), needs in zip(growths.items(), found, strict=True)
        for each, need in zip(wanted, needs, strict=True)
        if math.isnan(need.seats)
    ]
    if short:
        yield "headcount_needed", "; ".join(short)
    if late := [
        each.seats for each in hires.values() if math.isnan(each.needed(max(wanted)).seats)
    ]:
        yield "hires_needed", f"not reached with {max(late)} hires, the most that were tried"
