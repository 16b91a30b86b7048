"""bridge(): from one plan to another, what each change contributes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.attainment import NO_VARIANCE, least_shape
from funnelsim.analysis.chances import METHODS, Chances, Goal, Method, chances
from funnelsim.analysis.estimates import Means, stacked
from funnelsim.analysis.levels import ACCURATE, mean_bookings
from funnelsim.analysis.levers.answered import Answered, Pair, labelled
from funnelsim.analysis.levers.factors import Stated, combinations, factors_of
from funnelsim.analysis.levers.levers import bare
from funnelsim.analysis.seats import check_one_seat
from funnelsim.engine.blocks import Progress, Run, sample_blocks
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.registry import BRIDGE, CURRENCY
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
AmountOf = Literal["probability", "bookings"]

ATTAIN = Goal()
AT_A_TIME = 1 << 15  # draws, over all plans, in memory at a time
MEAN_BOOKINGS = "mean bookings of a quarter"


def bridge(
    plan: Scenario,
    other: Scenario,
    *,
    factors: Stated | None = None,
    goal: Goal = ATTAIN,
    amount_of: AmountOf = "probability",
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Tell what each change contributes to the difference between two plans.

    Parameters
    ----------
    plan, other : Scenario
        From one to the other: bottom third and top third, two presets, a plan and its variant.
        Over equally many quarters and in one currency.
    factors : mapping of str to path or paths, optional
        Changes that count as one, by name; a path stands for all below it:
        ``{"selling": ["stages.won", "deal_size"]}``. What is left out is grouped by subject.
    goal : Goal
        P(attain) of a quarter by default, the mean over the horizon.
    amount_of : {"probability", "bookings"}
        What is explained: P(goal), or mean bookings of a quarter.
    method : {"auto", "exact", "simulated"}
        "auto": exact if all plans on the way are covered, else all are simulated, on shared luck.
    draws, seed : int, optional
        Needed where plans are simulated.
    threads : int, optional
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        Dim factor, the largest contribution first. ``contribution``, the Shapley value, sums over
        factors to ``bridge_difference``, exactly; ``contribution_first`` and ``contribution_last``
        are what a factor adds before and after all others, and show by their distance how much it
        depends on them; each with its error, simulated ones paired. ``bridge_start`` and
        ``bridge_end`` are the amounts of the two plans. The coordinate ``changes`` says what each
        factor changes, the attribute ``other`` holds the other plan.

    Raises
    ------
    ArgumentError
        Where plans cannot be compared, more than 8 factors change something, a combination of
        factors is no plan, or an argument is out of range.
    ScenarioError
        With all problems of paths of factors.
    NotCoveredError
        Where exact answers are asked for and the twin does not cover a plan on the way.

    Notes
    -----
    Changing one factor after the other gives every order its own bridge; the mean over all orders
    is the only one that sums to the difference, treats factors alike that do the same, and gives
    nothing to one that does nothing (Shapley 1953, A Value for n-Person Games, Annals of
    Mathematics Studies 28, 307-317).

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> better = plan.replace({"stages.won.conversion": 0.40, "activity.per_quarter": 600})
    >>> told = bridge(plan, better)
    >>> for factor, adds in zip(told.factor.values, told.contribution.values):
    ...     print(factor, "helps" if adds > 0 else "hurts")
    activity hurts
    won conversion helps
    >>> round(told.contribution.sum().item() - told.bridge_difference.item(), 12)
    0.0
    """
    check_one_seat(plan)
    check_one_seat(other)
    _check(plan, other, goal, amount_of, method)
    start, end = bare(plan), bare(other)
    found = factors_of(start, end, factors)
    changed = [factor for factor in found if factor.changes]
    plans = combinations(start, end, changed)
    if amount_of == "probability":
        worth = chances(
            plans,
            goal,
            method=method,
            draws=draws,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    else:
        worth = _bookings(plans, method, draws, seed, threads, progress)
    answered = Answered(plans, worth, draws, seed)
    weights = _weights(len(changed), len(found))
    values, errors = answered.combined(weights)
    if amount_of == "probability" and worth.estimate is not None and draws is not None:
        # Where no draw shows what a change does, the next one might have: half of one, either way.
        least = np.where(weights.any(axis=1), 1 / (draws + 1), 0.0)
        errors[2:] = np.maximum(errors, least)[2:]
    refused = {}
    if amount_of == "bookings" and worth.estimate is not None and not _has_variance(plans):
        errors = np.where(errors == 0, errors, np.nan)
        refused = {variable.name: NO_VARIANCE for variable in BRIDGE}
    by_factor = values[3:].reshape(3, -1), errors[3:].reshape(3, -1)
    names = [variable.name for variable in BRIDGE]
    numbers: dict[str, npt.ArrayLike | Pair] = {
        name: (values[k], errors[k]) for k, name in enumerate(names[:3])
    }
    numbers |= {name: (by_factor[0][k], by_factor[1][k]) for k, name in enumerate(names[3:])}
    about: dict[str, str | int] = {"amount_of": amount_of, "other": dumps(other)}
    about["other_title"] = other.name
    if amount_of == "bookings":
        about["goal"] = MEAN_BOOKINGS
    told = labelled(
        plan,
        numbers,
        {
            "factor": np.array([factor.name for factor in found], dtype=str),
            "changes": ("factor", np.array([str(factor) for factor in found], dtype=str)),
        },
        answered.attrs(plan, goal) | about,
        refused,
        units=dict.fromkeys(names, "1" if amount_of == "probability" else plan.currency),
    )
    return told.isel(factor=np.argsort(-np.abs(told["contribution"].values), kind="stable"))


def _check(
    plan: Scenario, other: Scenario, goal: Goal, amount_of: AmountOf, method: Method
) -> None:
    """Refuse what cannot be bridged, naming every reason."""
    wrong = [
        f"{path} = {theirs}: must be {mine}, as that of the plan"
        for path, mine, theirs in (
            (CURRENCY, plan.currency, other.currency),
            ("calendar.quarters", plan.calendar.quarters, other.calendar.quarters),
        )
        if mine != theirs
    ]
    if amount_of not in ("probability", "bookings"):
        wrong.append(f"amount_of = {amount_of!r}: must be 'probability' or 'bookings'")
    if amount_of == "bookings" and goal != ATTAIN:
        wrong.append(f"goal = {goal}: has no say in mean bookings; leave it out")
    if method not in METHODS:
        wrong.append(f"method = {method!r}: must be one of {', '.join(METHODS)}")
    if wrong:
        raise ArgumentError(f"bridge: {'; '.join(wrong)}.")


def _weights(changed: int, factors: int) -> Floats:
    """Return how the answers to all combinations are summed: (number, combination).

    Rows: start, end, difference, then by factor: contributions, first and last. Factors that change
    nothing are the last ones, and have rows of zeros.
    """
    count = 1 << changed
    ends = np.zeros((3, count))
    ends[0, 0] = ends[1, -1] = 1.0
    ends[2] = ends[1] - ends[0]
    by_factor = np.zeros((3, factors, count))
    chosen = np.arange(count)
    sizes = np.array([chosen_.bit_count() for chosen_ in range(count)])
    for k in range(changed):
        without = chosen[chosen >> k & 1 == 0]
        having = without | 1 << k
        orders = [math.factorial(s) * math.factorial(changed - s - 1) for s in sizes[without]]
        by_factor[0, k, having] = np.array(orders) / math.factorial(changed)
        by_factor[0, k, without] = -by_factor[0, k, having]
        by_factor[1, k, without[0]], by_factor[1, k, having[0]] = -1.0, 1.0
        by_factor[2, k, without[-1]], by_factor[2, k, having[-1]] = -1.0, 1.0
    return np.concatenate([ends, by_factor.reshape(3 * factors, count)])


def _bookings(
    plans: Sequence[Scenario],
    method: Method,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    progress: Progress | None,
) -> Chances:
    """Return mean bookings of a quarter: in closed form, else simulated on shared luck."""
    reason = ""
    if method != "simulated":
        try:
            means = np.array([mean_bookings(plan) for plan in plans])
            return Chances(means, ACCURATE * means, "exact")
        except NotCoveredError as error:
            if method == "exact":
                raise
            reason = f" They are not known exactly: {error}."
    if draws is None or seed is None:
        raise ArgumentError(f"draws and seed: must be given where plans are simulated.{reason}")
    tally = Means()
    for samples in sample_blocks(
        [Run(plan) for plan in plans],
        draws=draws,
        seed=seed,
        threads=threads,
        progress=progress,
        block=max(AT_A_TIME // len(plans), 64),
    ):
        tally.add({str(k): own["bookings"][:, 0].mean(axis=1) for k, own in enumerate(samples)})
    estimate = stacked([tally[str(k)] for k in range(len(plans))])
    return Chances(*estimate.pair, "simulated", estimate)


def _has_variance(plans: Sequence[Scenario]) -> bool:
    laws = [[plan.deal_size, *([plan.windfall] if plan.windfall else [])] for plan in plans]
    return min(map(least_shape, laws)) > 2
