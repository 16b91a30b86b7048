"""How do you eat an elephant: what a plan takes, by quarter, month, week and day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Chances, Goal, Method, chances
from funnelsim.analysis.levels import mean_activities, mean_bookings, mean_deals
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import checked_number
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.solve.solve import sales_math, solve
from funnelsim.engine.blocks import Progress
from funnelsim.engine.simulate import provenance
from funnelsim.errors import ArgumentError
from funnelsim.registry import NUMERICAL_ERROR, STANDARD_ERROR
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]

CERTAINTIES = (0.5, 0.8, 0.9)
LEVER = "activity.per_quarter"
ACTIVITIES = "activities"
PERIODS = ("quarter", "month", "week", "day")
MONTHS = 3  # of a quarter
WORKING_DAYS = 5  # of a week
MEANING = (
    "mean numbers of a quarter of the horizon at the level of activity that reaches the goal with "
    "this certainty: some quarters take more, some less"
)


def bites(
    plan: Scenario,
    *,
    certainty: Sequence[float] = CERTAINTIES,
    at_least: int | None = None,
    amount: float | None = None,
    by: Literal["quarter", "year"] = "quarter",
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Break what a goal takes into bites, at several certainties, beside the Sales Math on paper.

    For each certainty the level of activity is solved for that reaches the goal with it. A bite is
    the mean number of a step of the funnel at that level: what to expect, no promise. A month is a
    third of a quarter, a day a fifth of a week.

    Parameters
    ----------
    plan : Scenario
    certainty : sequence of float
        P(goal), each above 0 and below 1.
    at_least, amount, by
        The goal, see :func:`solve`; the Sales Math works back the first quarter's quota, whatever
        the goal.
    method, draws, seed, threads, progress
        As in :func:`solve`.

    Returns
    -------
    xarray.Dataset
        ``bite`` by (certainty, step, period), step being "activities" and the stages; activities
        after floor and cap. ``bite_pipeline`` by (certainty, period), currency: the sizes of
        opportunities that enter the first stage. ``bite_probability`` by certainty. Beside them
        ``paper_bite``, ``paper_pipeline`` and ``paper_probability``, what the Sales Math says and
        how likely it makes the goal. NaN and a reason in ``refused`` where no activity is enough.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or a conversion is 0.
    NotCoveredError
        Where the twin covers too little of the plan, as for :func:`funnelsim.solve`.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = bites(fs.preset("sales_math"), certainty=[0.8])
    >>> week = told.bite.sel(certainty=0.8, period="week")
    >>> week.round(1).to_series().to_dict()
    {'activities': 99.6, 'discovery': 2.0, 'demo': 1.2, 'won': 0.4}
    """
    check_one_seat(plan)
    wanted = _checked(certainty)
    goal = Goal(at_least=at_least, amount=amount, by=by)

    def solved(method: Method) -> list[xr.Dataset]:
        return [
            solve(
                plan,
                LEVER,
                attain=each,
                at_least=at_least,
                amount=amount,
                by=by,
                method=method,
                draws=draws,
                seed=seed,
                threads=threads,
                progress=progress,
            )
            for each in wanted
        ]

    paper = sales_math(plan)
    found = solved(method)
    if len({each.attrs["method"] for each in found}) > 1:
        found = solved("simulated")
    likely = chances(
        [plan.replace({LEVER: paper[ACTIVITIES]})],
        goal,
        method=found[0].attrs["method"],
        draws=draws,
        seed=seed,
        threads=threads,
    )
    return _labelled(plan, found, paper, likely)


def _checked(certainty: Sequence[float]) -> list[float]:
    """Return the certainties, each once."""
    if isinstance(certainty, int | float):
        certainty = [certainty]
    found = [checked_number("certainty", each, 0, 1) for each in certainty]
    if not found or len(set(found)) < len(found):
        raise ArgumentError(f"certainty = {certainty!r}: must name one or more, each once.")
    return found


def _labelled(
    plan: Scenario, found: Sequence[xr.Dataset], paper: Mapping[str, int], likely: Chances
) -> xr.Dataset:
    """Break the plans solved and the Sales Math into bites, with names and provenance."""
    steps = [ACTIVITIES, *plan.stage_names]
    shares = _shares(plan)
    means, errors = np.full((2, len(found), len(steps) + 1), math.nan)
    refused: dict[str, str] = {}
    for row, each in enumerate(found):
        level, error = _pair(each, "solved_value")
        if math.isnan(level):
            refused[f"bite, certainty {each.attrs['attain']:g}"] = each.attrs["told"]
            continue
        means[row] = _means(plan, level)
        errors[row] = math.nan if math.isnan(error) else _means(plan, level + error) - means[row]
    bite, error = means[:, :, None] * shares, np.abs(errors)[:, :, None] * shares
    chance = np.array([_pair(each, "solved_probability") for each in found]).T
    counts = np.array([paper[step] for step in steps], dtype=np.float64)
    about = ("goal", "method", "draws", "seed", "stream_version")
    attrs = {key: found[0].attrs[key] for key in about if key in found[0].attrs}
    return labelled(
        plan,
        {
            "bite_probability": (chance[0], chance[1]),
            "bite": (bite[:, :-1], error[:, :-1]),
            "bite_pipeline": (bite[:, -1], error[:, -1]),
            "paper_bite": counts[:, None] * shares,
            "paper_pipeline": counts[1] * plan.deal_size.mean_of_all * shares,
            "paper_probability": (likely.values[0], likely.errors[0]),
        },
        {
            "certainty": [each.attrs["attain"] for each in found],
            "step": steps,
            "period": list(PERIODS),
        },
        {**provenance(plan), **attrs, "meaning": MEANING},
        refused,
    )


def _shares(plan: Scenario) -> Floats:
    """Return which share of a quarter each period is."""
    weeks = plan.calendar.weeks_per_quarter
    return np.array([1, 1 / MONTHS, 1 / weeks, 1 / (weeks * WORKING_DAYS)])


def _pair(found: xr.Dataset, name: str) -> tuple[float, float]:
    """Return a number and its error, of whichever kind."""
    suffix = STANDARD_ERROR if name + STANDARD_ERROR in found else NUMERICAL_ERROR
    return found[name].item(), found[name + suffix].item()


def _means(plan: Scenario, level: float) -> Floats:
    """Return mean activities, numbers reaching each stage and pipeline of a quarter, (step,).

    A funnel that is cut after a stage wins what reaches it, and what it books is the pipeline that
    enters there.
    """
    moved = plan.replace({LEVER: level}).model_copy(update={"windfall": None})
    cut = [
        moved.model_copy(update={"stages": moved.stages[: last + 1]})
        for last in range(len(moved.stages))
    ]
    reached = [mean_deals(each) for each in cut]
    return np.array([mean_activities(moved), *reached, mean_bookings(cut[0])])
