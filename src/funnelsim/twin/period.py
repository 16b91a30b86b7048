"""Everything about the bookings of one period: probabilities, moments, quantiles, shortfalls.

Derived in docs/background/exact.md, "Bookings".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import Floats
from funnelsim.twin.laws import OVERACHIEVED, Law, Rules
from funnelsim.twin.normals import converged

ATTAINED = 1 - 1e-9  # share of the quota that attains it (docs/background/model.md, "Words")
PROBABILITIES = (0.1, 0.5, 0.9)
ROUNDING = 1e-11  # of probabilities read off circles, relative of amounts

Answer = tuple[Floats, Floats]  # value and numerical error
Question = Callable[[], Answer]


@dataclass(frozen=True)
class PeriodAnswers:
    """The bookings of one period; each question is asked on its own, as some may be refused.

    Attributes
    ----------
    law : Law
    quota : float, currency
    """

    law: Law
    quota: float

    def questions(self) -> dict[str, Question]:
        """Return what can be asked about a rep, by the names of the registry."""
        quota = self.quota
        return {
            "attainment_probability": lambda: self._attained(quota),
            "repeatable_attainment_probability": lambda: self._attained(quota, repeatable=True),
            "overachievement_probability": lambda: self._attained(OVERACHIEVED * quota),
            "no_deal_probability": lambda: averaged(self.law.none()),
            "bookings_mean": lambda: averaged(self.law.mean()),
            "bookings_sd": self._sd,
            "bookings_quantile": lambda: self.law.quantiles(PROBABILITIES),
            "windfall_bookings_mean": lambda: averaged(self.law.windfall_mean()),
            "shortfall_mean": self._shortfall,
            "shortfall_given_miss_mean": self._shortfall_given_miss,
        }

    def _attained(self, quota: float, *, repeatable: bool = False) -> Answer:
        missed, error = self.law.missed(quota * ATTAINED, repeatable=repeatable)
        return averaged((1 - missed, error))

    def _sd(self) -> Answer:
        second, error = self.law.second()
        mean, _ = self.law.mean()
        sd, quadrature = converged(np.sqrt(np.maximum(second - mean**2, 0.0)))
        relative = ROUNDING + (error / mean[0] if mean[0] else 0.0)
        return sd, quadrature + relative * (sd + mean[0])

    def _shortfall(self) -> Answer:
        return averaged(self.law.missed(self.quota, order=2), unit=self.quota)

    def _shortfall_given_miss(self) -> Answer:
        shortfall, error = self._shortfall()
        attained, other = self._attained(self.quota)
        missed = 1 - attained
        if missed < 1e-9:
            raise NotCoveredError("the quota is never missed")
        return shortfall / missed, error / missed + shortfall * other / missed**2


def averaged(value: Rules, unit: float = 1.0) -> Answer:
    """Return the value of the finest rule, and all its errors together."""
    rules, error = value
    mean, quadrature = converged(rules)
    return mean, quadrature + error + ROUNDING * max(unit, abs(float(mean)))
