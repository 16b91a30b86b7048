"""Seats that are alike, in one period: their deals, their windfalls, and the moments of both.

Derived in docs/background/exact.md, "Sums of unlike deals" and "A team".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.bookings import NOT_DISCRETE
from funnelsim.twin.fourier import Floats
from funnelsim.twin.funnel import Count, Funnel
from funnelsim.twin.laws import Period
from funnelsim.twin.linked import linked_moments
from funnelsim.twin.sizes import Amount, amount_of
from funnelsim.twin.transforms import moments_of

Block = tuple[int, Floats, Floats]  # quarter of entry, mean and variance by (kind, state)


@dataclass(frozen=True, eq=False)
class Seats:
    """So many seats that are alike, in a period.

    Attributes
    ----------
    funnel : Funnel
    period : Period
        Windfalls belong to it; of a period of no quarters there are none.
    number : int
    stage : int
        The stage at which sizes are summed; -1 for the win.
    kept : float
        Probability with which each of them is counted.
    """

    funnel: Funnel
    period: Period
    number: int = 1
    stage: int = -1
    kept: float = 1.0

    @cached_property
    def count(self) -> Count:
        """How many opportunities of one seat get to the stage."""
        return self.funnel.reached(self.stage, self.period.start, self.period.stop, self.kept)

    @property
    def last(self) -> int:
        """Number of the stage, from 0."""
        return self.stage % len(self.funnel.plan.stages)

    @cached_property
    def windfall(self) -> tuple[Amount, Floats, Floats] | None:
        """Law of windfalls, their mean number and the factor on their size, (world,) each."""
        windfall, drawn = self.funnel.plan.windfall, self.funnel.nodes.drawn
        if windfall is None or not windfall.per_quarter or not self.period.quarters:
            return None
        weeks = self.funnel.filled(self.period.start, self.period.stop)
        mean = windfall.per_quarter * weeks / self.funnel.plan.calendar.weeks_per_quarter
        rate = drawn.amount(mean, "windfall", "per_quarter")
        return amount_of(windfall), rate, drawn.amount(1.0, "windfall", "mean")

    @property
    def laws(self) -> list[Amount]:
        """Laws of all amounts."""
        laws = [amount_of(way.deal_size) for way in self.funnel.ways]
        return laws if self.windfall is None else [*laws, self.windfall[0]]

    @cached_property
    def masses(self) -> list[Floats]:
        """Amounts of all discrete laws.

        Raises
        ------
        NotCoveredError
            Where they differ from rep to rep, or from world to world.
        """
        found = []
        for way in self.funnel.ways:
            law = amount_of(way.deal_size)
            if law.is_discrete:
                multiples = [factor * _alike(way.size) for factor in way.sizes_at(self.last)]
                if way.deal_size.whale is not None and way.whales.any():
                    multiples += [each * way.deal_size.whale.multiple for each in multiples]
                found += [law.masses[0] * multiple for multiple in multiples]
        if self.windfall is not None and self.windfall[0].is_discrete:
            found.append(self.windfall[0].masses[0] * _alike(self.windfall[2]))
        return found

    @cached_property
    def blocks(self) -> list[Block]:
        """What one seat books: by quarter of entry, (node, state) each."""
        states = self.funnel.market.weights.size
        shape = self.funnel.nodes.count, states
        self.funnel.work.spend(self.count.moments_work)
        means: dict[int, Floats] = {}
        variances: dict[int, Floats] = {}

        def add(quarter: int, mean: Floats, variance: Floats) -> None:
            means[quarter] = means.get(quarter, np.zeros(shape)) + mean
            variances[quarter] = variances.get(quarter, np.zeros(shape)) + variance

        for way, part in zip(self.funnel.ways, self.count.parts, strict=True):
            first, square = (each[:, None] for each in moments_of(way, self.last))
            for quarter, groups in part.blocks.items():
                mean, variance = (
                    each.reshape(shape)
                    for each in part.entries.moments(groups, np.repeat(part.rest, states))
                )
                add(quarter, mean * first, mean * (square - first**2) + variance * first**2)
        if self.windfall is not None:
            law, rate, size = self.windfall
            rate, size = (self.funnel.nodes.spread(each)[:, None] for each in (rate, size))
            add(max(means, default=0), rate * size * law.mean, rate * size**2 * law.second)
        return [(quarter, means[quarter], variances[quarter]) for quarter in sorted(means)]

    @cached_property
    def windfall_mean(self) -> Floats:
        """Mean windfall bookings of one seat, (node,)."""
        total = np.zeros(self.funnel.nodes.count)
        for way, part in zip(self.funnel.ways, self.count.parts, strict=True):
            whale = way.deal_size.whale
            if whale is not None:
                mean, _ = Count(self.funnel, (part,)).moments()
                base, _ = moments_of(way, self.last, whales=False)
                total += mean * way.whales * whale.multiple * base
        if self.windfall is not None:
            law, rate, size = self.windfall
            total += self.funnel.nodes.spread(rate * size * law.mean)
        return total

    @property
    def deals_mean(self) -> float:
        """Mean number of deals of all seats."""
        mean, _ = self.count.moments()
        return self.number * float(self.funnel.nodes.weights[0] @ mean)


def moments_of_sum(seats: Sequence[Seats]) -> tuple[Floats, Floats]:
    """Return mean and second moment of what all seats book, (rule,) each.

    Two reps share the world and the market, and nothing else: what they book is multiplied by means
    over skill, given both.
    """
    worlds, market = seats[0].funnel.nodes.worlds, seats[0].funnel.market
    mean, second = np.zeros((2, *worlds.shape))
    total: dict[int, Floats] = {}
    for each in seats:
        own = linked_moments(market, each.blocks, each.funnel.nodes.count)
        first, square = (_over_skill(each, by_node[:, None])[..., 0] for by_node in own)
        means = {quarter: _over_skill(each, by_node) for quarter, by_node, _ in each.blocks}
        mean += each.number * first
        second += each.number * (square - _mean_square(each, means))
        for quarter, by_world in means.items():
            total[quarter] = total.get(quarter, 0.0) + each.number * by_world
    second += _mean_square(seats[0], total)
    return (worlds * mean).sum(axis=1), (worlds * second).sum(axis=1)


def _over_skill(seats: Seats, by_node: Floats) -> Floats:
    """Return means over skill, (rule, world, ...), of values by (node, ...)."""
    nodes = seats.funnel.nodes
    by_skill = by_node.reshape(nodes.worlds.shape[1], -1, *by_node.shape[1:])
    return np.asarray(np.einsum("rv,wv...->rw...", nodes.skills, by_skill))


def _mean_square(seats: Seats, means: Mapping[int, Floats]) -> Floats:
    """Return E of the square of a sum over quarters, given the world, (rule, world).

    Parameters
    ----------
    seats : Seats
    means : mapping of int to (rule, world, state) float
        What each quarter of entry adds, known once the world and its market are.
    """
    states = seats.funnel.market.weights.size
    blocks = [(q, means[q].reshape(-1, states), np.zeros(states)) for q in sorted(means)]
    shape = seats.funnel.nodes.worlds.shape
    return linked_moments(seats.funnel.market, blocks, math.prod(shape))[1].reshape(shape)


def _alike(values: Floats) -> float:
    """Return the one value that all have."""
    if np.any(values != values[0]):
        raise NotCoveredError(NOT_DISCRETE)
    return float(values[0])
