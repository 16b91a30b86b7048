"""Everything about the bookings of one period: probabilities, moments, quantiles, shortfalls.

Derived in docs/exact.md, "Bookings".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.bookings import Bookings
from funnelsim.twin.fourier import Floats
from funnelsim.twin.funnel import Count, Funnel
from funnelsim.twin.quantiles import quantiles
from funnelsim.twin.skill import converged

ATTAINED = 1 - 1e-9  # share of the quota that attains it (docs/model.md, "Words")
OVERACHIEVED = 1.2
PROBABILITIES = (0.1, 0.5, 0.9)
ROUNDING = 1e-11  # of probabilities read off circles, relative of amounts

Answer = tuple[Floats, Floats]  # value and numerical error
Question = Callable[[], Answer]


@dataclass(frozen=True)
class Period:
    """Weeks of the horizon, half open, their quota (currency) and length in quarters."""

    start: int
    stop: int
    quota: float
    quarters: int


@dataclass(frozen=True)
class PeriodAnswers:
    """The bookings of one period; each question is asked on its own, as some may be refused.

    Attributes
    ----------
    funnel : Funnel
    bookings : Bookings
    period : Period
    """

    funnel: Funnel
    bookings: Bookings
    period: Period

    def questions(self) -> dict[str, Question]:
        """Return what can be asked, by the names of the registry."""
        quota = self.period.quota
        return {
            "attainment_probability": lambda: self._attained(quota),
            "repeatable_attainment_probability": lambda: self._attained(quota, repeatable=True),
            "overachievement_probability": lambda: self._attained(OVERACHIEVED * quota),
            "no_deal_probability": self._no_deal,
            "bookings_mean": self._mean,
            "bookings_sd": self._sd,
            "bookings_quantile": self._quantiles,
            "windfall_bookings_mean": self._windfall_mean,
            "shortfall_mean": self._shortfall,
            "shortfall_given_miss_mean": self._shortfall_given_miss,
        }

    @cached_property
    def deals(self) -> Count:
        """Number of deals that close in the period."""
        return self.funnel.reached(-1, self.period.start, self.period.stop)

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean and second moment of the number of deals, (node,)."""
        return self.deals.moments()

    @cached_property
    def largest(self) -> float:
        """An amount that bookings reach with a probability of at most one in ten, currency."""
        weights = self.funnel.nodes.weights[0]
        by_node = self.bookings.moments(*self.moments, self.period.quarters)
        mean, second = (float(weights @ moment) for moment in by_node)
        if not math.isfinite(second):
            return 10 * mean  # Markov
        return min(10 * mean, mean + 3 * math.sqrt(max(second - mean**2, 0.0)))  # Cantelli

    @cached_property
    def laws(self) -> Floats:
        """P(n deals), (node, n), as far as their sum can stay below what is asked about."""
        return self.deals.laws(self._most(self.deals))

    @cached_property
    def repeatable_laws(self) -> Floats:
        """P(n ordinary deals), (node, n)."""
        if not self.bookings.whale_probability:
            return self.laws
        kept = 1 - self.bookings.whale_probability
        count = self.funnel.reached(-1, self.period.start, self.period.stop, kept)
        return count.laws(self._most(count))

    def _most(self, count: Count) -> int:
        x = max(OVERACHIEVED * self.period.quota, self.largest)
        return min(self.bookings.most_deals(x, self.period.quarters), count.most())

    def _attained(self, quota: float, *, repeatable: bool = False) -> Answer:
        missed, error = self._missed(quota * ATTAINED, repeatable=repeatable)
        return self._averaged(1 - missed, error)

    def _missed(
        self, x: float, *, order: int = 1, repeatable: bool = False
    ) -> tuple[Floats, Floats]:
        laws = self.repeatable_laws if repeatable else self.laws
        missed, error = self.bookings.missed(
            x, laws, self.period.quarters, order=order, repeatable=repeatable
        )
        return missed, error + self.deals.error() * x ** (order - 1)

    def _no_deal(self) -> Answer:
        no_windfall = math.exp(-self.bookings.windfalls * self.period.quarters)
        return self._averaged(self.deals.none() * no_windfall, self.deals.error())

    def _mean(self) -> Answer:
        mean, _ = self.bookings.moments(*self.moments, self.period.quarters)
        return self._averaged(mean, self._relative() * mean)

    def _sd(self) -> Answer:
        self._needs_variance()
        mean, second = self.bookings.moments(*self.moments, self.period.quarters)
        weights = self.funnel.nodes.weights
        sd, error = converged(np.sqrt(np.maximum(weights @ second - (weights @ mean) ** 2, 0.0)))
        return sd, error + (ROUNDING + self._relative()) * (sd + weights[0] @ mean)

    def _needs_variance(self) -> None:
        plan = self.funnel.plan
        for name, law in (("deal_size", plan.deal_size), ("windfall", plan.windfall)):
            if law is not None and not law.has_variance:
                raise NotCoveredError(
                    f"{name}.shape = {law.shape:g}: a Pareto law of shape 2 or less has no variance"
                )

    def _windfall_mean(self) -> Answer:
        mean = self.bookings.windfall_mean(self.moments[0], self.period.quarters)
        return self._averaged(mean, self._relative() * mean)

    def _shortfall(self) -> Answer:
        x = self.period.quota
        return self._averaged(*self._missed(x, order=2), unit=x)

    def _shortfall_given_miss(self) -> Answer:
        shortfall, error = self._shortfall()
        attained, other = self._attained(self.period.quota)
        missed = 1 - attained
        if missed < 1e-9:
            raise NotCoveredError("the quota is never missed")
        return shortfall / missed, error / missed + shortfall * other / missed**2

    def _quantiles(self) -> Answer:
        self._missed(self.period.quota)  # raises the reason why sizes are not covered
        if not self.largest:
            return np.zeros(len(PROBABILITIES)), np.zeros(len(PROBABILITIES))
        weights, size = self.funnel.nodes.weights[0], self.bookings.size
        parts = [
            (
                self.bookings.compound(float(multiplier), self.period.quarters),
                np.einsum("n,nk->k", weights[size == index], self.laws[size == index]),
            )
            for index, multiplier in enumerate(self.bookings.sizes)
        ]

        def error_at(x: float) -> float:
            return float(self._averaged(*self._missed(x))[1])

        return quantiles(parts, PROBABILITIES, self.largest, error_at)

    def _relative(self) -> float:
        """Return the relative error of mean numbers of deals."""
        mean = float(self.funnel.nodes.weights[0] @ self.moments[0])
        return self.deals.error() / mean if mean else 0.0

    def _averaged(self, by_node: Floats, error: Floats | float, unit: float = 1.0) -> Answer:
        mean, quadrature = self.funnel.nodes.mean(by_node)
        own = self.funnel.nodes.weights[0] @ np.broadcast_to(error, by_node.shape)
        return mean, quadrature + own + ROUNDING * max(unit, abs(float(mean)))
