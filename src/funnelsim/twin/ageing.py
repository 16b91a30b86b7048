"""Deal ageing: what the age of an open opportunity says about winning it.

Derived in docs/background/exact.md, "Ageing".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from funnelsim.errors import ArgumentError
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario, Stage


def ageing(plan: Scenario, stage: str, ages: ArrayLike) -> NDArray[np.float64]:
    """Return P(an opportunity reaches a stage | it is still undecided at an age).

    Old opportunities are won less often only where losses take longer to decide than wins, or where
    some stall: nothing else about an opportunity is known here.

    Parameters
    ----------
    plan : Scenario
    stage : str
        Name of the stage to be reached; its conversion, days, lost_days and stalled are used.
    ages : array_like of float, days
        Since the step before was reached.

    Returns
    -------
    array of float, shaped like ``ages``
        NaN at an age at which nothing is undecided.

    Raises
    ------
    ArgumentError
        Where the plan has no such stage, or it is the first, whose losses leave nothing open.

    Notes
    -----
    p S_won / (p S_won + (1 - p) (1 - stalled) S_lost + (1 - p) stalled), docs/background/model.md,
    item 5.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.Scenario(
    ...     name="slow losses", quota={"per_quarter": 250_000}, activity={"per_quarter": 750},
    ...     stages=[{"name": "demo", "conversion": 0.012},
    ...             {"name": "won", "conversion": 1 / 3, "days": 32, "lost_days": 57.6}],
    ...     deal_size={"law": "fixed", "mean": 84_000})
    >>> print(fs.ageing(plan, "won", [0, 32, 64, 96, 128]).round(4))
    [0.3333 0.2161 0.1527 0.1199 0.0996]
    """
    check_scenario(plan)
    if stage not in plan.stage_names[1:]:
        raise ArgumentError(
            f"stage = {stage!r}: must be a stage after the first, one of "
            f"{', '.join(plan.stage_names[1:]) or 'none'}"
        )
    step = plan.stages[plan.stage_names.index(stage)]
    age = np.asarray(ages, dtype=np.float64)
    lost_days = step.days if step.lost_days is None else step.lost_days
    won = step.conversion * _undecided(step, step.days, age)
    lost = (1 - step.conversion) * (1 - step.stalled) * _undecided(step, lost_days, age)
    with np.errstate(invalid="ignore"):
        return np.asarray(won / (won + lost + (1 - step.conversion) * step.stalled))


def _undecided(stage: Stage, mean: float, age: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(the stage's delay, scaled to ``mean`` days, exceeds an age)."""
    if not mean:
        return np.zeros_like(age)
    x = np.maximum(age, 0.0) / mean
    if stage.delay.days is not None:
        days = np.sort(np.array(stage.delay.days))
        return 1 - np.searchsorted(days / days.mean(), x, side="right") / days.size
    if not stage.days_cv:
        return np.where(x < 1, 1.0, 0.0)
    if stage.delay.law == "gamma":
        shape = 1 / stage.days_cv**2
        return np.asarray(special.gammaincc(shape, shape * x))
    sigma = math.sqrt(math.log1p(stage.days_cv**2))
    with np.errstate(divide="ignore"):
        return np.asarray(special.ndtr(-np.log(x) / sigma - sigma / 2))
