"""The law of the bookings of a period: what is asked of it, and its form by numbers of deals.

Where all deals follow one law of sizes, bookings are a sum over the number of deals; else
:mod:`funnelsim.twin.sums` finds the law. Derived in docs/background/exact.md, "Bookings".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.bookings import Bookings
from funnelsim.twin.fourier import Floats
from funnelsim.twin.funnel import Count, Funnel
from funnelsim.twin.normals import converged
from funnelsim.twin.quantiles import Mixture, quantiles

OVERACHIEVED = 1.2
Rules = tuple[Floats, float]  # a value by rule of the quadrature, (rule,), and its other errors


@dataclass(frozen=True)
class Period:
    """Weeks of the horizon, half open, their quota (currency) and length in quarters."""

    start: int
    stop: int
    quota: float
    quarters: int


class Law(Protocol):
    """The law of the bookings of a period, averaged over skill, uncertainty and market."""

    def missed(self, x: float, *, order: int = 1, repeatable: bool = False) -> Rules:
        """Return P(bookings < x); with ``order`` 2 E max(x - bookings, 0), currency."""

    def none(self) -> Rules:
        """Return P(no deal of any kind closes)."""

    def mean(self) -> Rules:
        """Return mean bookings, currency."""

    def second(self) -> Rules:
        """Return the second moment of bookings, currency^2; its error is that of an amount."""

    def windfall_mean(self) -> Rules:
        """Return mean windfall bookings, currency."""

    def quantiles(self, probabilities: Sequence[float]) -> tuple[Floats, Floats]:
        """Return quantiles of bookings and their errors, (probability,) currency."""

    def missed_by_state(self, x: float) -> tuple[Floats, Floats]:
        """Return P(bookings < x) by kind of rep and state of the market, and errors by kind."""


def check_variance(plan: Scenario) -> None:
    """Raise NotCoveredError where sizes have no variance."""
    sizes = [("deal_size", plan.deal_size), ("windfall", plan.windfall)]
    sizes += [(f"sources.{each.name}.deal_size", plan.deal_size_of(each)) for each in plan.sources]
    for name, law in sizes:
        if law is not None and not law.has_variance:
            raise NotCoveredError(
                f"{name}.shape = {law.shape:g}: a Pareto law of shape 2 or less has no variance"
            )


def beyond(mean: float, second: float) -> float:
    """Return an amount that bookings reach with a probability of at most one in ten."""
    if not math.isfinite(second):
        return 10 * mean  # Markov
    return min(10 * mean, mean + 3 * math.sqrt(max(second - mean**2, 0.0)))  # Cantelli


@dataclass(frozen=True)
class CountedLaw:
    """The bookings of one rep, all of whose deals follow one law of sizes.

    Attributes
    ----------
    funnel : Funnel
    bookings : Bookings
    period : Period
    """

    funnel: Funnel
    bookings: Bookings
    period: Period

    @cached_property
    def deals(self) -> Count:
        """Number of deals that close in the period."""
        return self.funnel.reached(-1, self.period.start, self.period.stop)

    def missed(self, x: float, *, order: int = 1, repeatable: bool = False) -> Rules:
        """Return P(bookings < x); with ``order`` 2 E max(x - bookings, 0), currency."""
        laws = self._repeatable_laws if repeatable else self._laws
        missed, error = self.bookings.missed(
            x,
            laws,
            self._windows,
            order=order,
            repeatable=repeatable,
            work=self.funnel.work,
        )
        return self._by_rule(missed, error + self._late * x ** (order - 1))

    def none(self) -> Rules:
        """Return P(no deal of any kind closes)."""
        no_windfall = math.exp(-self.bookings.windfalls * self._windows)
        return self._by_rule(self.deals.none() * no_windfall, self._late)

    def mean(self) -> Rules:
        """Return mean bookings, currency."""
        mean, _ = self.bookings.moments(*self._moments, self._windows)
        return self._by_rule(mean, self._relative * mean)

    def second(self) -> Rules:
        """Return the second moment of bookings, currency^2; its error is that of an amount."""
        check_variance(self.funnel.plan)
        mean, second = self.bookings.moments(*self._moments, self._windows)
        return self._by_rule(second, self._relative * mean)

    def windfall_mean(self) -> Rules:
        """Return mean windfall bookings, currency."""
        mean = self.bookings.windfall_mean(self._moments[0], self._windows)
        return self._by_rule(mean, self._relative * mean)

    def quantiles(self, probabilities: Sequence[float]) -> tuple[Floats, Floats]:
        """Return quantiles of bookings and their errors, (probability,) currency."""
        self.missed(self.period.quota)  # raises the reason why sizes are not covered
        if not self._largest:
            return np.zeros(len(probabilities)), np.zeros(len(probabilities))
        weights, size = self.funnel.nodes.weights[0], self.bookings.size
        mixture = Mixture(
            [
                (
                    self.bookings.compound(float(multiplier), self._windows),
                    np.einsum("n,nk->k", weights[size == index], self._laws[size == index]),
                )
                for index, multiplier in enumerate(self.bookings.sizes)
            ],
            self.funnel.work,
        )

        def error_at(x: float) -> float:
            rules, error = self.missed(x)
            return float(converged(rules)[1]) + error

        return quantiles(mixture, probabilities, self._largest, mixture.unit, error_at)

    def missed_by_state(self, x: float) -> tuple[Floats, Floats]:
        """Return P(bookings < x) by kind of rep and state of the market, and errors by kind."""
        most = self.deals.most(self.bookings.most_deals(x, self._windows))
        laws = self.deals.laws_by_state(most)
        missed, errors = self.bookings.missed(x, laws, self._windows, work=self.funnel.work)
        return missed, errors @ self.funnel.market.weights + self._late

    @property
    def _windows(self) -> int:
        """Length of the period in quarters, for its windfalls."""
        return self.period.quarters

    @cached_property
    def _moments(self) -> tuple[Floats, Floats]:
        """Mean and second moment of the number of deals, (node,)."""
        return self.deals.moments()

    @cached_property
    def _late(self) -> float:
        return self.deals.error()

    @property
    def _relative(self) -> float:
        """Relative error of mean numbers of deals."""
        mean = float(self.funnel.nodes.weights[0] @ self._moments[0])
        return self._late / mean if mean else 0.0

    @cached_property
    def _largest(self) -> float:
        """An amount that bookings reach with a probability of at most one in ten, currency."""
        weights = self.funnel.nodes.weights[0]
        moments = self.bookings.moments(*self._moments, self._windows)
        return beyond(*(float(weights @ moment) for moment in moments))

    @cached_property
    def _laws(self) -> Floats:
        """P(n deals), (node, n), as far as their sum can stay below what is asked about."""
        return self.deals.laws(self._most(self.deals))

    @cached_property
    def _repeatable_laws(self) -> Floats:
        """P(n ordinary deals), (node, n)."""
        if not self.bookings.whale_probability:
            return self._laws
        kept = 1 - self.bookings.whale_probability
        count = self.funnel.reached(-1, self.period.start, self.period.stop, kept)
        return count.laws(self._most(count))

    def _most(self, count: Count) -> int:
        x = max(OVERACHIEVED * self.period.quota, self._largest)
        return count.most(self.bookings.most_deals(x, self._windows))

    def _by_rule(self, by_node: Floats, error: Floats | float) -> Rules:
        weights = self.funnel.nodes.weights
        own = float(weights[0] @ np.broadcast_to(error, by_node.shape))
        return weights @ by_node, own
