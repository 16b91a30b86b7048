"""capacity(): how likely a company makes its plan with more or fewer reps who do more or less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import checked_number
from funnelsim.analysis.sizing.company import (
    Floats,
    Period,
    block_of,
    checked_sizes,
    company_of,
    in_order,
    in_proportion,
)
from funnelsim.analysis.sizing.steps import with_activity
from funnelsim.analysis.tally import proportion
from funnelsim.engine.blocks import BLOCK, Progress, Run, check, sample_blocks
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

EFFORTS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
LEAST, LARGEST = 0.1, 10.0  # of them
MOST_EFFORTS, SIZES = 50, 24  # sizes looked at by default: about so many
FEWER, MORE, FURTHER = 0.6, 1.5, 4  # of the reps there are; and at least so many more


def capacity(
    plan: Scenario,
    *,
    reps: Sequence[int] | None = None,
    efforts: Sequence[float] = EFFORTS,
    draws: int,
    seed: int,
    by: Period | None = None,
    period: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return P(plan) by the number of reps and by how active they are.

    Which of both it takes, more people or more from each: segments grow in proportion, and
    activity, or the hours that it follows from, is changed in all of them alike. What an elasticity
    below 1, a cap or long weeks take of it is in the answer.

    Parameters
    ----------
    plan : Scenario
        Whose ``[plan]`` states or implies a target; it stays where it is.
    reps : sequence of int, optional
        In seat on day 0; by default from a good half of those there are to half as many again.
    efforts : sequence of float
        Activity, times that of the plan.
    draws, seed : int
    by, period
        As in :func:`headcount`; of several periods, P(plan) is that of the one in which it is
        lowest.
    threads : int, optional
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        ``capacity_plan_probability`` (effort, reps) with its standard error; attribute
        ``headcount``, the reps of day 0 that the plan has.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, the plan states no target, or nobody books.
    ScenarioError
        Where a segment cannot be so active.

    Notes
    -----
    Seats are addressed, so that each is simulated once for each effort and counts in all teams that
    have it: P(plan) never falls as reps are added, in any draw, and all teams and efforts share
    their luck. At an effort of 1 it is what :func:`headcount` says of these draws.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.2})
    >>> told = capacity(plan, reps=[8, 10, 12], efforts=[1.0, 1.2], draws=1_000, seed=1)
    >>> made = told.capacity_plan_probability
    >>> bool(made.sel(reps=12, effort=1.0) > made.sel(reps=10, effort=1.0))
    True
    """
    check(draws, seed, threads, BLOCK)
    company = company_of(plan, by, period)
    sizes = checked_sizes(reps, _sizes(company.reps))
    times = _checked_efforts(efforts)
    made = np.zeros((len(times), len(sizes), len(company.periods)))
    order = in_proportion(company.headcounts, sizes[-1])
    counts = np.bincount(order, minlength=len(company.segments)).tolist()
    runs = [
        Run(with_activity(segment, effort), seats, hired=True, segment=name)
        for effort in times
        for (name, segment), seats in zip(company.segments.items(), counts, strict=True)
    ]
    for samples in sample_blocks(
        runs, draws=draws, seed=seed, threads=threads, progress=progress, block=block_of(runs)
    ):
        booked = [company.of_periods(each["bookings"]) for each in samples]
        for row in range(len(times)):
            own = booked[row * len(counts) : (row + 1) * len(counts)]
            totals = _totals(own, counts, order)[:, np.array(sizes) - 1]
            made[row] += (totals >= company.goals).sum(axis=0)
    value, error = proportion(made.min(axis=-1), np.array(float(draws)))
    return labelled(
        plan,
        {"capacity_plan_probability": (value, error)},
        {"effort": times, "reps": sizes},
        {
            **provenance(plan),
            "draws": draws,
            "seed": seed,
            "stream_version": STREAM_VERSION,
            "method": "simulated",
            "by": company.by,
            "goal": company.goal,
            "headcount": company.reps,
        },
        {},
    )


def _totals(booked: Sequence[Floats], counts: Sequence[int], order: np.ndarray) -> Floats:
    """Return what companies of 1, 2, ... reps book, (draw, reps, period); hires are in all."""
    hired = sum(each[:, seats:].sum(axis=1) for each, seats in zip(booked, counts, strict=True))
    day_0 = [each[:, :seats] for each, seats in zip(booked, counts, strict=True)]
    totals = np.cumsum(in_order(day_0, order), axis=1) + np.asarray(hired)[:, None]
    return np.asarray(totals, dtype=np.float64)


def _sizes(now: int) -> list[int]:
    """Return sizes about those of the plan, these among them."""
    low, high = max(int(FEWER * now), 1), max(int(MORE * now), now + FURTHER)
    step = -(-(high - low) // SIZES)
    return list(range(now - (now - low) // step * step, high + 1, step))


def _checked_efforts(efforts: Sequence[float]) -> list[float]:
    """Return the efforts, rising, each once.

    Raises
    ------
    ArgumentError
        Where one is out of range, or none or too many are there.
    """
    found = sorted({checked_number("efforts", each, LEAST, LARGEST) for each in efforts})
    if not 1 <= len(found) <= MOST_EFFORTS:
        raise ArgumentError(f"efforts: {len(found)} are stated. Say 1 to {MOST_EFFORTS} of them.")
    return found
