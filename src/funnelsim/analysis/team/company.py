"""What draws say of each segment, of the company and of its plan, period by period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.team.group import group_of, sources_of_team, together
from funnelsim.analysis.team.periods import Periods
from funnelsim.analysis.team.tally import GroupTally, Pairs, PlanTally
from funnelsim.analysis.team.worlds import company_of
from funnelsim.engine.blocks import Samples
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]

COMPANY = "company"  # stands among the segments


def groups_of_seats(plan: Scenario) -> dict[str, tuple[str, ...]]:
    """Return the segments in each group of seats: of each segment, then of the company, if any.

    Raises
    ------
    ArgumentError
        Where a segment takes the name of the company.
    """
    if COMPANY in plan.team:
        raise ArgumentError(f"segments.{COMPANY}: the name stands for all of them. Rename it.")
    company = tuple(company_of(plan))
    return {name: (name,) for name in plan.team} | ({COMPANY: company} if company else {})


class TeamTally(Remembering):
    """What draws say of a team.

    Parameters
    ----------
    plan : Scenario
    periods : Periods

    Attributes
    ----------
    groups : dict of str to tuple of str
        Names of the segments in each group of seats: of each segment, then of the company, which
        there is only where a segment has a quota of bookings.
    sources : tuple of str
        Where deals come from.
    targets : (period,) float, currency, or None
        None without a plan.

    Raises
    ------
    ArgumentError
        Where a segment takes the name of the company.
    """

    memories = ("_groups", "_plan")

    def __init__(self, plan: Scenario, periods: Periods) -> None:
        self.plan, self.periods = plan, periods
        self.groups = groups_of_seats(plan)
        self.sources = sources_of_team(plan.team)
        self.targets = None if plan.targets is None else periods.sums(plan.targets)
        numbers = range(periods.number)
        self._groups = {name: [GroupTally(p) for p in numbers] for name in self.groups}
        targets = [None] * periods.number if self.targets is None else self.targets.tolist()
        self._plan = [PlanTally(p, targets[p]) for p in numbers] if COMPANY in self.groups else []

    def add(self, samples: Sequence[Samples], without: Mapping[str, Floats]) -> None:
        """Take in a block of draws: of every segment, and the company's without each cause."""
        segments = {
            name: group_of(each, own, self.periods, self.sources)
            for (name, each), own in zip(self.plan.team.items(), samples, strict=False)
        }
        for name, tallies in self._groups.items():
            group = together([segments[each] for each in self.groups[name]])
            for tally in tallies:
                tally.add(group)
        if self._plan:
            others = {cause: self.periods.sums(each) for cause, each in without.items()}
            for plan_tally in self._plan:
                plan_tally.add(group, others)

    def answers(self) -> Pairs:
        """Return every number with its standard error, over the dims of the registry."""
        groups = [
            _stacked([tally.answers() for tally in tallies], 0) for tallies in self._groups.values()
        ]
        found = _stacked(groups, 0)
        if self._plan:
            found |= _stacked([tally.answers() for tally in self._plan], -1)
            for part in ("mean", "sd", "quantile"):
                of_all, of_company = f"team_bookings_{part}", f"company_bookings_{part}"
                found[of_company] = (found[of_all][0][-1], found[of_all][1][-1])
        return found


def _stacked(answers: Sequence[Pairs], axis: int) -> Pairs:
    """Return the same numbers of several periods, or groups, as one."""
    return {
        name: (
            np.stack([each[name][0] for each in answers], axis),
            np.stack([each[name][1] for each in answers], axis),
        )
        for name in answers[0]
    }
