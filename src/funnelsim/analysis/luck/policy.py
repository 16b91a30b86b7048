"""What a policy does: to P(attain), to repeatability, to the spread of bookings, and what it costs.

Three plans on shared luck: without the floor, without it but at the level at which as many deals
are won, and with it. Definitions in docs/background/luck.md, "A policy's effect".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.analysis.luck.imposed import (
    EFFECTS,
    FLOOR,
    NEVER_ATTAINED,
    NONE,
    POLICIES,
    Compared,
    imposed,
)
from funnelsim.analysis.luck.kpis import horizon
from funnelsim.analysis.luck.part import (
    Answers,
    attained,
    over,
    quarters_are_alike,
)
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import QUARTERS_PER_YEAR
from funnelsim.engine.blocks import Run, Samples
from funnelsim.registry import LUCK
from funnelsim.scenario.model import Scenario

FIFTY = 50  # activities a quarter


class PolicyEffect(Remembering):
    """The plan without, at the level of, and with its policy, and the differences, paired.

    A number about a quarter is the mean over the quarters of the plan's horizon.

    Attributes
    ----------
    attrs : dict
        ``policy_floor_per_week``, ``policy_adherence``, ``policy_from``.
    """

    memories = ("_compared",)

    def __init__(self, plan: Scenario) -> None:
        found = imposed(plan)
        self.coords: Mapping[str, Sequence[object]] = {}
        self.refused: dict[str, str] = {}
        self.attrs = found.attrs
        self.runs: tuple[Run, ...] = ()
        self._missing = found.missing
        stated = plan.calendar.quarters
        self._year_has_level = stated >= QUARTERS_PER_YEAR or quarters_are_alike(plan)
        self._compared: Compared | None = None
        if FLOOR not in found.plans:
            for variable in LUCK:
                if variable.name.startswith(("policy_", "effect_on_")):
                    self.refused[variable.name] = found.missing
            return
        self.coords = {
            "policy": POLICIES,
            "effect": tuple(EFFECTS),
            "of_four": range(1, QUARTERS_PER_YEAR + 1),
        }
        quarters = horizon(plan)
        self.runs = tuple(Run(over(each, quarters)) for each in found.plans.values())
        self._quotas = np.array(self.runs[0].plan.quotas)
        self._compared = Compared(found.plans, self._quotas[: plan.calendar.quarters])

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        if self._compared is None:
            return
        year = self._quotas[:QUARTERS_PER_YEAR]
        times = np.stack([attained(own, year).sum(axis=1) for own in samples], axis=1)
        of_four = times[..., None] > np.arange(QUARTERS_PER_YEAR)
        self._compared.add(samples, {"at least": of_four})

    def answers(self) -> Answers:
        """Return every number with its standard error, by policy or by effect."""
        compared = self._compared
        if compared is None:
            return {}
        found: Answers = {
            name: compared.by_policy(quantity)
            for name, quantity in {
                "policy_attainment_probability": "attained",
                "policy_at_least_probability": "at least",
                "policy_bookings_mean": "mean",
                "policy_bookings_sd": "sd",
                "policy_bookings_cv": "cv",
                "policy_windfall_dependence": "dependence",
                "policy_activities_mean": "activities",
                "policy_deals_mean": "deals",
            }.items()
        }
        found |= {
            name: compared.by_effect(quantity)
            for name, quantity in {
                "effect_on_attainment_probability": "attained",
                "effect_on_at_least_probability": "at least",
                "effect_on_bookings_cv": "cv",
                "effect_on_windfall_dependence": "dependence",
                "effect_on_activities_mean": "activities",
            }.items()
        }
        if not self._year_has_level:
            self._blank_level_of_year(found)
        found["policy_effect_per_50_activities"] = compared.per_activities(
            "attained", FLOOR, NONE, FIFTY
        )
        self._explain(found)
        return found

    def _blank_level_of_year(self, found: Answers) -> None:
        """Leave out the level of four quarters where it was solved for fewer, unlike ones."""
        for name, labels, kept in (
            ("policy_at_least_probability", POLICIES, (NONE, FLOOR)),
            ("effect_on_at_least_probability", tuple(EFFECTS), ("policy",)),
        ):
            for part in found[name]:
                part[[label not in kept for label in labels]] = np.nan
            self.refused[name] = (
                "the level is that of the plan's own quarters, which are fewer than four and not "
                f"alike: set calendar.quarters to {QUARTERS_PER_YEAR} or more"
            )

    def _explain(self, found: Answers) -> None:
        """Say why what is NaN is unknown."""
        others = {"policy_effect_per_50_activities": "the policy changes no activity"}
        for name, (value, _) in found.items():
            if np.isnan(value).any() and name not in self.refused:
                self.refused[name] = others.get(name) or self._missing or NEVER_ATTAINED
