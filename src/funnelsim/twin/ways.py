"""The ways into a funnel: the rep's own activity and inflows, and what lifts deals on the way.

Derived in docs/background/exact.md, "Sources" and "Assists".
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from funnelsim.scenario.model import DealSize, Source
from funnelsim.twin.counts import Arrivals, WeeklyEntries
from funnelsim.twin.delays import reached_shares
from funnelsim.twin.fourier import Floats
from funnelsim.twin.market import MarketNodes
from funnelsim.twin.skill import Nodes
from funnelsim.twin.work import Work


@dataclass(frozen=True)
class Step:
    """One of the ways in which opportunities take the step to a stage: with or without assists.

    Attributes
    ----------
    probability : (node,) float
        How many of those who enter the step take it so.
    conversion : (node,) float
        P(reaching the stage) of those.
    size : float
        What multiplies their size from then on.
    assists : tuple of str
        Names of the assists that they get.
    """

    probability: Floats
    conversion: Floats
    size: float = 1.0
    assists: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Way:
    """A way into the funnel, for every kind of rep (node) and state of the market.

    Attributes
    ----------
    first : int
        The stage that is entered, from 0.
    first_week : int
        The earliest week whose entries count.
    entries : WeeklyEntries or Arrivals
    steps : tuple of tuple of Step
        By stage, empty up to the one that is entered.
    shares, errors : (stage, weeks) float
        Who has got where, were nobody lost (:func:`funnelsim.twin.delays.reached_shares`).
    deal_size : DealSize
    size : (node,) float
        Multiplier of deal sizes.
    whales : (node,) float
        Share of deals that are whales.
    """

    first: int
    first_week: int
    entries: WeeklyEntries | Arrivals
    steps: tuple[tuple[Step, ...], ...]
    shares: Floats
    errors: Floats
    deal_size: DealSize
    size: Floats
    whales: Floats

    def reaching(self, stage: int) -> Floats:
        """Return P(reaching a stage, given entry, if time allows), (node,)."""
        if stage < self.first:
            return 0 * self.size
        rest = np.ones_like(self.size)
        for steps in self.steps[self.first + 1 : stage + 1]:
            rest = rest * sum(step.probability * step.conversion for step in steps)
        return rest

    def sizes_at(self, stage: int) -> dict[float, Floats]:
        """Return P(reaching a stage with that size, given entry, if time allows), (node,).

        By what assists have multiplied the size by.
        """
        if stage < self.first:
            return {1.0: 0 * self.size}
        sizes = {1.0: np.ones_like(self.size)}
        for steps in self.steps[self.first + 1 : stage + 1]:
            longer: dict[float, Floats] = {}
            for (size, rest), step in itertools.product(sizes.items(), steps):
                more = rest * step.probability * step.conversion
                longer[size * step.size] = longer.get(size * step.size, 0.0) + more
            sizes = longer
        return sizes


def ways_of(
    nodes: Nodes, market: MarketNodes, begins: int | None, allowed: Work
) -> tuple[Way, ...]:
    """Return the ways in of a plan, the rep's own activity first.

    Parameters
    ----------
    nodes : Nodes
    market : MarketNodes
    begins : int or None
        The week in which the seat is filled; None where it is at day 0.
    allowed : Work
        What may be computed.
    """
    sources = (None, *nodes.drawn.plan.sources)
    return tuple(_way_of(nodes, market, begins, source, allowed) for source in sources)


def _way_of(
    nodes: Nodes, market: MarketNodes, begins: int | None, source: Source | None, allowed: Work
) -> Way:
    plan, drawn = nodes.drawn.plan, nodes.drawn
    stages, first = plan.stages_of(source), plan.first_stage_of(source)
    conversions = nodes.conversions_of(source)
    states = market.factors.size
    entries: WeeklyEntries | Arrivals
    if source is None:
        entries = WeeklyEntries(
            np.repeat(nodes.activity, states),
            np.multiply.outer(conversions[:, 0], market.factors).ravel(),
            allowed,
        )
    else:
        rate = drawn.amount(source.rate_per_week, "sources", source.name, "per_week")
        entries = Arrivals(np.multiply.outer(nodes.spread(rate), market.factors).ravel())
    past = plan.past_weeks_of(source)
    first_week = -past if begins is None else max(begins, -past)
    weeks = max(plan.calendar.quarters * plan.calendar.weeks_per_quarter - first_week, 0)
    shares, errors = reached_shares(stages[first:], weeks)
    before = ((first, 0), (0, 0))  # stages that are passed by
    deal_size = plan.deal_size_of(source)
    whales = np.zeros(drawn.worlds.count)
    if deal_size.whale is not None:
        whales += deal_size.whale.probability
        if source is None or source.deal_size is None or source.deal_size.whale is None:
            whales = drawn.share(deal_size.whale.probability, "deal_size", "whale", "probability")
    return Way(
        first,
        first_week,
        entries,
        tuple(
            _steps(nodes, conversions[:, index], stage.name) if index > first else ()
            for index, stage in enumerate(stages)
        ),
        np.pad(shares, before) if first else shares,
        np.pad(errors, before) if first else errors,
        deal_size,
        nodes.size_of(source),
        nodes.spread(whales),
    )


def _steps(nodes: Nodes, conversion: Floats, stage: str) -> tuple[Step, ...]:
    """Return the step to a stage with every combination of its assists."""
    drawn = nodes.drawn
    one = np.ones_like(conversion)
    names: tuple[str, ...] = ()
    steps = [(one, one, 1.0, names)]  # probability, odds, size, names
    for assist in drawn.plan.assists:
        if assist.at != stage:
            continue
        coverage = drawn.share(drawn.plan.coverage_of(assist), "assists", assist.name, "coverage")
        covered = nodes.spread(coverage)
        odds = nodes.spread(drawn.amount(assist.odds, "assists", assist.name, "odds"))
        steps = [
            step
            for probability, lift, size, names in steps
            for step in (
                (probability * (1 - covered), lift, size, names),
                (probability * covered, lift * odds, size * assist.size, (*names, assist.name)),
            )
        ]
    return tuple(
        Step(probability, odds * conversion / (1 - conversion + odds * conversion), size, names)
        for probability, odds, size, names in steps
    )
