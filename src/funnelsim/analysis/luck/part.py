"""What the parts of an answer about luck have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.tally import QUARTERS_PER_YEAR, REACHES
from funnelsim.engine.blocks import Run, Samples
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]
Events = npt.NDArray[np.bool_]
# By name in the registry: values and standard errors, over the variable's dims after "segment".
Answers = dict[str, tuple[Floats, Floats]]


class Part(Protocol):
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
    """Return the plan over another horizon, without its variants.

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


def quarters_are_alike(plan: Scenario) -> bool:
    """Return whether every quarter of the horizon follows the law of the first."""
    return (
        plan.calendar.start == "steady"
        and plan.policy.start_week is None
        and len(set(plan.quotas)) == 1
        and len(set(plan.market.season)) == 1
    )


def has_luck(plan: Scenario) -> bool:
    """Return whether there are windfall bookings."""
    whale, windfall = plan.deal_size.whale, plan.windfall
    return bool((whale and whale.probability) or (windfall and windfall.per_quarter))
