"""KPIs hit or missed against quota made, made only by a windfall, or missed, quarter by quarter.

The table counts what happens together, in each of the plans that a policy is told by: observed in
the plan as it is, imposed where the floor is. What goes together in one plan is no effect of one on
the other: reps who do more hit KPIs and make quota. Definitions in docs/background/luck.md, "KPIs
and quota".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.analysis.estimates import Means
from funnelsim.analysis.luck.imposed import NONE, POLICIES, imposed, placed, stacked_pairs
from funnelsim.analysis.luck.part import Answers, alike, attained, has_luck, over
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import never_certain, occasions
from funnelsim.engine.blocks import Run, Samples
from funnelsim.scenario.model import MAX_WEEKS, Scenario

LAGS = (0, 1, 2, 3)  # quarters from the KPI's to the quota's
KPI_OUTCOMES = HIT, MISSED = "hit", "missed"
QUOTA_OUTCOMES = ("repeatable", "windfall", "missed")
IDENTICAL = "identical"
LONGEST = 4  # quarters that are simulated at least: 'so many of four' asks for them
NAMES = ("kpi_quota_probability", "attainment_given_kpi", "kpi_gap", "kpi_gap_of_identical_reps")


class Kpis(Remembering):
    """All KPIs of the plan together against the quota of the same and of later quarters.

    Pooled over the quarters of the plan's horizon as those of the KPI; the horizon is lengthened by
    the longest lag.
    """

    def __init__(self, plan: Scenario) -> None:
        self.coords: Mapping[str, Sequence[object]] = {}
        self.refused: dict[str, str] = {}
        self.attrs: dict[str, str | int | float] = {}
        self.runs: tuple[Run, ...] = ()
        self._plans: dict[str, Scenario] = {}
        self._means: dict[tuple[str, int], Means] = {}
        if not plan.kpis:
            self.refused = dict.fromkeys(NAMES, "no KPI is stated: add a [[kpis]] table")
            return
        found = imposed(plan)
        self._missing = found.missing
        quarters = horizon(plan)
        self._plans = found.plans | {IDENTICAL: alike(found.plans[NONE])}
        self.runs = tuple(Run(over(each, quarters)) for each in self._plans.values())
        self.coords = {
            "policy": POLICIES,
            "lag": LAGS,
            "kpi_outcome": KPI_OUTCOMES,
            "quota_outcome": QUOTA_OUTCOMES,
        }
        self._quotas = np.array(self.runs[0].plan.quotas)
        self._quarters = quarters - max(LAGS)
        # Plans and lags are never set against each other, and apart they take less work.
        self._means = {(label, lag): Means() for label in self._plans for lag in LAGS}

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        for label, own in zip(self._plans, samples, strict=True):
            # Draws come last, which adds up quarters fastest.
            hit = own["kpi_attained"][:, 0, : self._quarters].all(axis=-1).T
            kpi = np.stack([hit, ~hit])
            made = np.ascontiguousarray(attained(own, self._quotas).T)
            repeated = made & attained(own, self._quotas, "repeatable_bookings").T
            quota = np.stack([repeated, made & ~repeated, ~made])
            for lag in LAGS:
                both = kpi[:, None] & quota[None, :, lag : lag + self._quarters]
                times = both.sum(axis=2, dtype=np.uint16)
                self._means[label, lag].add({"table": times.T.swapaxes(1, 2) / self._quarters})

    def answers(self) -> Answers:
        """Return every number with its standard error, by (policy, lag, ...)."""
        if not self.runs:
            return {}
        by_plan = {label: self._of_plan(label) for label in self._plans}
        identical = by_plan.pop(IDENTICAL)
        found = {
            name: placed(
                stacked_pairs([told[name] for told in by_plan.values()]),
                [POLICIES.index(label) for label in by_plan],
                len(POLICIES),
            )
            for name in identical
        }
        found["kpi_gap_of_identical_reps"] = identical["kpi_gap"]
        for name, (value, _) in found.items():
            if np.isnan(value).any():
                self.refused[name] = self._missing or (
                    "nothing to compare where all simulated quarters hit the KPIs, or none did"
                )
        return found

    def _of_plan(self, label: str) -> Answers:
        """Return the numbers of one plan, by (lag, ...)."""
        lucky = has_luck(self._plans[label])
        told = [self._of_lag(self._means[label, lag], lucky) for lag in LAGS]
        return {name: stacked_pairs([each[name] for each in told]) for name in told[0]}

    def _of_lag(self, means: Means, lucky: bool) -> Answers:
        """Return the table, (kpi_outcome, quota_outcome), and what follows from it."""
        table = means["table"]
        draws = means.draws
        made = table[:, 0] + table[:, 1]
        kpi = made + table[:, 2]
        given = made / kpi
        by_kpi, errors = never_certain(given.pair, occasions(kpi.value, self._quarters, draws))
        gap, error = (given[0] - given[1]).pair
        certain = ((by_kpi == 0) | (by_kpi == 1)).any()
        cells, cell_errors = never_certain(table.pair, draws)
        if not lucky:
            cell_errors[:, QUOTA_OUTCOMES.index("windfall")] = 0.0  # never, for certain
        return {
            "kpi_quota_probability": (cells, cell_errors),
            "attainment_given_kpi": (by_kpi, errors),
            "kpi_gap": (gap, np.hypot(*errors) if certain else error),
        }


def horizon(plan: Scenario) -> int:
    """Return how many quarters the plan and what is imposed on it are simulated over.

    At least four, and where there are KPIs as many more than the plan's as the longest lag, as far
    as a scenario can reach.
    """
    most = MAX_WEEKS // plan.calendar.weeks_per_quarter
    return min(max(plan.calendar.quarters + (max(LAGS) if plan.kpis else 0), LONGEST), most)
