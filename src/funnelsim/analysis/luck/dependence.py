"""How much attainment depends on windfalls and on single deals, by quarter of the horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.analysis.estimates import Means
from funnelsim.analysis.luck.part import Answers, has_luck, over, reaches
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import never_certain, proportion
from funnelsim.engine.blocks import Run, Samples
from funnelsim.scenario.model import Scenario


class Dependence(Remembering):
    """P(attain), and what is left of it without windfalls or without the largest deal.

    Definitions in docs/background/luck.md. Every number is that of one quarter of the plan's
    horizon.
    """

    def __init__(self, plan: Scenario) -> None:
        quarters = plan.calendar.quarters
        self.runs: tuple[Run, ...] = (Run(over(plan, quarters)),)
        self.coords: Mapping[str, Sequence[object]] = {"quarter": range(1, quarters + 1)}
        self.refused: dict[str, str] = {}
        self.attrs: dict[str, str | int | float] = {}
        self._lucky = has_luck(plan)
        self._quotas = np.array(plan.quotas)
        self._means = Means()

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        (own,) = samples
        total, repeatable, lucky, largest = (
            np.asarray(own[name][:, 0], dtype=np.float64)
            for name in ("bookings", "repeatable_bookings", "windfall_bookings", "largest_deal")
        )
        made = reaches(total, self._quotas)
        repeated = reaches(repeatable, self._quotas)
        without = reaches(total - largest, self._quotas)
        # In units of the quota, whose squares and products keep their digits.
        total, lucky, largest = (part / self._quotas for part in (total, lucky, largest))
        self._means.add(
            {
                "attained": made,
                "repeatable attained": repeated,
                "only by windfall": made & ~repeated,
                "attained without largest": without,
                "only by largest": made & ~without,
                "bookings": total,
                "bookings^2": total * total,
                "windfall": lucky,
                "windfall * bookings": lucky * total,
                "without largest": total - largest,
            }
        )

    def answers(self) -> Answers:
        """Return every number with its standard error, (quarter,)."""
        m = self._means
        made = m["attained"]
        mean, lucky = m["bookings"], m["windfall"]
        sd = (m["bookings^2"] - mean * mean).sqrt()
        covariance = m["windfall * bookings"] - lucky * mean
        found = {
            "bookings_mean": mean * self._quotas,
            "bookings_sd": sd * self._quotas,
            "bookings_cv": sd / mean,
            "windfall_share_of_mean": lucky / mean,
            "windfall_share_of_variance": covariance / (sd * sd),
            "without_largest_mean": m["without largest"] * self._quotas,
        }
        answers = {name: estimate.pair for name, estimate in found.items()}
        for name, event in (
            ("attainment_probability", made),
            ("repeatable_attainment_probability", m["repeatable attained"]),
            ("without_largest_attainment_probability", m["attained without largest"]),
        ):
            draws = np.asarray(float(m.draws))
            answers[name] = event.value, proportion(event.value * draws, draws)[1]
        for name, only in (
            ("windfall_dependence", "only by windfall"),
            ("largest_deal_dependence", "only by largest"),
        ):
            answers[name] = never_certain((m[only] / made).pair, made.value * m.draws)
        if not self._lucky:  # without windfalls and whales it is 0 for certain
            value, _ = answers["windfall_dependence"]
            answers["windfall_dependence"] = value, 0 * value
        return answers
