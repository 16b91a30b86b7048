"""What the parts of an answer about luck have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.memories import Memory
from funnelsim.analysis.tally import QUARTERS_PER_YEAR, REACHES
from funnelsim.engine.blocks import Run, Samples
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]
Events = npt.NDArray[np.bool_]
# By name in the registry: values and standard errors, over the variable's dims after "segment".
Answers = dict[str, tuple[Floats, Floats]]


class Part(Memory, Protocol):
    """One question about luck: the runs it needs, and what it makes of their samples.

    All parts see the same draws; a run that several parts need is simulated once.

    Attributes
    ----------
    runs : tuple of Run
    coords : mapping of str to sequence
        Labels of the dims that the part brings in.
    refused : dict of str to str
        What it leaves out, by name in the registry, and why.
    attrs : dict
        What the numbers rest on and the dims do not say.
    """

    runs: tuple[Run, ...]
    coords: Mapping[str, Sequence[object]]
    refused: dict[str, str]
    attrs: dict[str, str | int | float]

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws: the samples of each of ``runs``, in their order."""

    def answers(self) -> Answers:
        """Return every number with its standard error."""
        ...


def attained(samples: Samples, quotas: Floats, of: str = "bookings") -> Events:
    """Return which quarters reach their quota, (draw, quarter), by bookings or a part of them."""
    return reaches(np.asarray(samples[of][:, 0, : len(quotas)], dtype=np.float64), quotas)


def reaches(amounts: Floats, quotas: Floats) -> Events:
    """Return which amounts, (..., quarter), reach the quota."""
    return np.asarray(amounts >= quotas * REACHES)


def over(plan: Scenario, quarters: int) -> Scenario:
    """Return the plan over another horizon, without its variants and the company's target.

    A list of quotas goes on as its last year did, or as its last quarter if it has no year.
    """
    quotas = plan.quotas
    if quarters > len(quotas):
        period = QUARTERS_PER_YEAR if len(quotas) >= QUARTERS_PER_YEAR else 1
        repeated = quotas[-period:] * -(-quarters // period)
        quotas = (*quotas, *repeated)
    stated = quotas[:quarters] if isinstance(plan.quota.per_quarter, tuple) else quotas[0]
    return plan.model_copy(
        update={
            "calendar": plan.calendar.model_copy(update={"quarters": quarters}),
            "quota": plan.quota.model_copy(update={"per_quarter": stated}),
            "plan": None,
            "variants": {},
        }
    )


def alike(plan: Scenario) -> Scenario:
    """Return the plan worked by reps who do not differ."""
    same = {"rep_cv": 0.0}
    return plan.model_copy(
        update={
            "activity": plan.activity.model_copy(update=same),
            "stages": tuple(stage.model_copy(update=same) for stage in plan.stages),
            "deal_size": plan.deal_size.model_copy(update=same),
        }
    )


def is_stationary(plan: Scenario) -> bool:
    """Return whether what a seat does goes on as it began, but for seasons."""
    steady = plan.calendar.start == "steady" and plan.policy.start_week is None
    return steady and not rep_leaves(plan)


def without_uncertainty(plan: Scenario, *paths: str) -> Scenario:
    """Return the plan with what is stated at some paths, or below them, known for certain."""
    kept = {
        path: each
        for path, each in plan.uncertainty.items()
        if not any(f"{path}.".startswith(f"{gone}.") for gone in paths)
    }
    return plan.model_copy(update={"uncertainty": kept})


def quarters_are_alike(plan: Scenario) -> bool:
    """Return whether every quarter of the horizon follows the law of the first."""
    one_season = len(set(plan.market.season)) == 1
    return is_stationary(plan) and len(set(plan.quotas)) == 1 and one_season


def rep_leaves(plan: Scenario) -> bool:
    """Return whether the rep may leave the seat inside the horizon."""
    return plan.attrition is not None and plan.attrition.per_year > 0


def has_luck(plan: Scenario) -> bool:
    """Return whether there are windfall bookings."""
    return has_whales(plan) or bool(plan.windfall and plan.windfall.per_quarter)


def has_whales(plan: Scenario) -> bool:
    """Return whether deals of any source may be whales."""
    whales = [plan.deal_size_of(source).whale for source in (None, *plan.sources)]
    return any(whale is not None and whale.probability > 0 for whale in whales)


def check_quota(plan: Scenario) -> None:
    """Refuse quotas that differ from draw to draw.

    Raises
    ------
    ArgumentError
        Naming what to do instead.
    """
    if plan.quota.ramped and rep_leaves(plan):
        raise ArgumentError(
            f"{plan.name}: quota.ramped makes the quota of a quarter depend on who leaves when, "
            "and this holds every quarter against what is stated. Ask fs.team (funnelsim "
            'simulate), or take plan.replace({"quota.ramped": False}).'
        )
