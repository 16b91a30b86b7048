"""Dose and response: what more adherence, a higher floor and a few more activities do.

Each dose is a plan of its own, set against the plan without the floor and against that plan at the
dose's own level, on shared luck. Definitions in docs/background/luck.md, "Doses".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.analysis.levels import at_activity
from funnelsim.analysis.luck.imposed import (
    EFFECTS,
    FLOOR,
    LEVEL,
    NEVER_ATTAINED,
    NONE,
    POLICIES,
    Compared,
    floor_in_question,
    level_twin,
    stacked_pairs,
    with_floor,
    without_floor,
)
from funnelsim.analysis.luck.part import Answers, over, quarters_are_alike
from funnelsim.analysis.memories import Remembering
from funnelsim.engine.blocks import Run, Samples
from funnelsim.errors import NotCoveredError
from funnelsim.registry import LUCK
from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.scenario.model import Scenario

ADHERENCES = (0.0, 0.25, 0.5, 0.75, 1.0)
FLOORS = (0.0, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5)  # times mean activities a week
FIFTY = 50  # activities a quarter
MORE = "more"
Dose = tuple[int, float]  # floor a week, adherence


class Doses(Remembering):
    """The floor kept more and more often, higher and higher floors, and 50 activities more.

    Over the first quarter where all quarters are alike, else over the plan's horizon. Adherences
    are those to the policy's floor; floors are adhered to as the policy is.

    Attributes
    ----------
    attrs : dict
        ``quarters_of_doses``: over how many first quarters the doses are told.
    """

    memories = ("_compared",)

    def __init__(self, plan: Scenario) -> None:
        quarters = 1 if quarters_are_alike(plan) else plan.calendar.quarters
        short = over(plan, quarters).model_copy(update={"kpis": ()})  # nobody looks at them
        self.coords: Mapping[str, Sequence[object]] = {}
        self.refused: dict[str, str] = {}
        self.attrs: dict[str, str | int | float] = {"quarters_of_doses": quarters}
        self._quotas = np.array(short.quotas)
        self._none = without_floor(short)
        self._plans: list[Scenario] = []
        self._compared: list[Compared] = []
        self._places: list[list[int]] = []  # of the plans that each compares
        self._doses: dict[str, list[int]] = {}  # which of the compared tell them
        self._fifty = self._state_fifty()
        try:
            self._state_doses(plan, floor_in_question(plan)[0])
        except NotCoveredError as reason:
            for variable in LUCK:
                if variable.name.startswith(("adherence_", "floor_")):
                    self.refused[variable.name] = str(reason)
        self.runs = tuple(Run(each) for each in self._plans)

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        for compared, places in zip(self._compared, self._places, strict=True):
            compared.add([samples[place] for place in places])

    def answers(self) -> Answers:
        """Return every number with its standard error, (adherence | floor[, effect])."""
        found: Answers = {}
        imposed = POLICIES.index(FLOOR)
        for dim, own in self._doses.items():
            doses = [self._compared[each] for each in own]
            found[f"{dim}_effect"] = stacked_pairs([each.by_effect("attained") for each in doses])
            for name, quantity in (
                ("activities_mean", "activities"),
                ("bookings_cv", "cv"),
                ("windfall_dependence", "dependence"),
            ):
                values, errors = stacked_pairs([each.by_policy(quantity) for each in doses])
                found[f"{dim}_{name}"] = values[:, imposed], errors[:, imposed]
            if np.isnan(found[f"{dim}_windfall_dependence"][0]).any():
                self.refused[f"{dim}_windfall_dependence"] = NEVER_ATTAINED
        if self._fifty is not None:
            fifty = self._compared[self._fifty]
            found["effect_of_50_activities"] = fifty.change("attained", MORE, NONE)
        return found

    def _state_fifty(self) -> int | None:
        level = self._none.activities_per_week + FIFTY / self._none.calendar.weeks_per_quarter
        if level > MOST_A_WEEK:
            self.refused["effect_of_50_activities"] = (
                f"{level:,.0f} activities a week are above {MOST_A_WEEK:,}, the most that a "
                "scenario may state"
            )
            return None
        more = at_activity(self._none, level)
        return self._compare({NONE: self._none, MORE: more})

    def _state_doses(self, plan: Scenario, floor: int) -> None:
        kept, cap = plan.policy.adherence, plan.policy.cap_per_week
        around = {floor, *(round(times * plan.activities_per_week) for times in FLOORS)}
        floors = sorted(each for each in around if cap is None or each <= cap)
        self.coords = {"adherence": ADHERENCES, "floor": floors, "effect": tuple(EFFECTS)}
        known: dict[Dose, int] = {}
        for dim, doses in (
            ("adherence", [(floor, adherence) for adherence in ADHERENCES]),
            ("floor", [(each, kept) for each in floors]),
        ):
            for dose in doses:
                if dose not in known:
                    known[dose] = self._compare(self._plans_of(dose, f"{dim}_effect"))
            self._doses[dim] = [known[dose] for dose in doses]

    def _plans_of(self, dose: Dose, name: str) -> dict[str, Scenario]:
        """Return the plans that tell what a dose does; the reason if one is missing, by a name."""
        if not all(dose):
            return {NONE: self._none, LEVEL: self._none, FLOOR: self._none}
        plans = {NONE: self._none, FLOOR: with_floor(self._none, *dose)}
        try:
            return plans | {LEVEL: level_twin(self._none, plans[FLOOR])}
        except NotCoveredError as reason:
            self.refused.setdefault(name, f"not known everywhere: {reason}")
            return plans

    def _compare(self, plans: Mapping[str, Scenario]) -> int:
        """Have plans simulated, each once, and compared; return which of the compared they are."""
        for plan in plans.values():
            if plan not in self._plans:
                self._plans.append(plan)
        self._compared.append(Compared(plans, self._quotas))
        self._places.append([self._plans.index(plan) for plan in plans.values()])
        return len(self._compared) - 1
