"""The funnel of every kind of rep in every market: counts of what reaches a stage in a window.

Derived in docs/exact.md, "The number of deals".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.counts import NEGLIGIBLE, Circle, Group, WeeklyEntries, grouped
from funnelsim.twin.delays import in_window, reached_shares
from funnelsim.twin.fourier import MOST_BYTES, Complexes, Floats
from funnelsim.twin.market import MarketNodes
from funnelsim.twin.skill import Nodes
from funnelsim.twin.weeks import Weeks, weeks_of

MOST_WORK = 3e10  # complex multiplications of one question: about a minute
FACTOR = 25  # of them take as long as a week's generating function at one point
BYTES = 24  # at the peak for each point of a circle: generating function, law, and a copy
MOST_POINTS = 1 << 22  # complex numbers of a chain held at a time


class Funnel:
    """A plan's funnel, for every kind of rep (node) and state of the market.

    Attributes
    ----------
    plan : Scenario
    nodes : Nodes
    market : MarketNodes
    weeks : Weeks
        The weekly law, policy in force.
    has_delays : bool
    first_week : int
        The earliest week whose entries count; 0, or negative where the start is steady.
    """

    def __init__(self, plan: Scenario, nodes: Nodes, market: MarketNodes) -> None:
        self.plan = plan
        self.nodes = nodes
        self.market = market
        self.weeks: Weeks = weeks_of(plan)
        self.has_delays = any(stage.days > 0 for stage in plan.stages)
        self.first_week = -plan.past_weeks
        self._shares, self._share_errors = reached_shares(plan)

    @cached_property
    def entries(self) -> WeeklyEntries:
        """Weekly entries of every kind of rep in every state of the market, (node * state,)."""
        states = self.market.factors.size
        return WeeklyEntries(
            np.repeat(self.nodes.activity, states),
            np.multiply.outer(self.nodes.conversions[:, 0], self.market.factors).ravel(),
        )

    def season(self, week: int) -> float:
        """Return the season's factor on the entries of a week."""
        return self.plan.market.season[(week // self.plan.calendar.weeks_per_quarter) % 4]

    def in_force(self, week: int) -> Weeks:
        """Return the law of a week, which has no policy before the policy's start."""
        start = self.plan.policy.start_week
        return self.weeks if start is None or week >= start else self.weeks.without_policy()

    @property
    def always_poisson(self) -> bool:
        """Whether the entries of every week are Poisson, given skill and market."""
        return self.weeks.is_poisson

    def mean_activities(self, start: int, stop: int) -> Floats:
        """Return mean activities in weeks ``start`` to ``stop - 1``, (node,)."""
        laws = [self.in_force(week) for week in range(start, stop)]
        activity = self.nodes.activity
        weekly = [laws.count(law) * law.moments(activity)[0] for law in dict.fromkeys(laws)]
        return np.asarray(np.sum(weekly, axis=0))

    def signature(self, start: int, stop: int) -> object:
        """Return what two windows share exactly if they are alike in every respect.

        How far a week's entries have got depends on its age alone. So all that tells windows apart
        is which weeks have entries on the way in them, to whatever stage, and by which laws.
        """
        arriving = np.zeros(stop - self.first_week, dtype=np.bool_)
        arriving[start - self.first_week :] = True  # their activities count, whatever is late
        for shares in self._shares:
            arriving |= in_window(shares, self.first_week, start, stop) > NEGLIGIBLE
        weeks = (np.flatnonzero(arriving) + self.first_week).tolist()
        return tuple((week - start, self.in_force(week), self.season(week)) for week in weeks)

    def reached(self, stage: int, start: int, stop: int, kept: float = 1.0) -> Count:
        """Return the number that reach a stage in weeks ``start`` to ``stop - 1``.

        Parameters
        ----------
        stage : int
            From 0; -1 for the win.
        start, stop : int
            Weeks of the horizon.
        kept : float
            Probability with which each of them is counted.
        """
        stage %= len(self.plan.stages)
        shares = in_window(self._shares[stage], self.first_week, start, stop)
        numbers = np.arange(self.first_week, stop)
        length = self.plan.calendar.weeks_per_quarter
        by_quarter = self.market.factors.size > 1
        blocks: dict[int, list[int]] = {}
        for place in np.flatnonzero(shares > NEGLIGIBLE):
            quarter = int(numbers[place]) // length
            blocks.setdefault(quarter if by_quarter else 0, []).append(int(place))
        linked = []
        for quarter, places in sorted(blocks.items()):
            laws = [(self.in_force(n), self.season(n)) for n in numbers[places].tolist()]
            linked.append((quarter, grouped(laws, shares[places])))
        rest = self.nodes.conversions[:, 1 : stage + 1].prod(axis=1) * kept
        errors = self._share_errors[stage]
        late = float(errors[stop - numbers].sum() + errors[np.maximum(start - numbers, 0)].sum())
        return Count(self, tuple(linked), rest, late)


@dataclass(frozen=True)
class Count:
    """The number of opportunities that reach a stage in a window.

    Attributes
    ----------
    funnel : Funnel
    blocks : tuple of (quarter, groups)
        Weeks of entry, by quarter where the market links them.
    rest : (node,) float
        P(reaching the stage, given entry, if time allows).
    late : float
        Numerical error of the weeks' shares, summed.
    """

    funnel: Funnel
    blocks: tuple[tuple[int, tuple[Group, ...]], ...]
    rest: Floats
    late: float

    def laws(self, most: int) -> Floats:
        """Return P(0 .. most are counted) for every kind of rep, (node, n)."""
        circle = self._circle(most, self.rest.size)
        return circle.probabilities(self._chained(circle.y))

    def laws_by_state(self, most: int) -> Floats:
        """Return the same for each state of the market, (node, state, n).

        Only where all that is counted has entered in one quarter.
        """
        kinds = self.rest.size * self.funnel.market.weights.size
        circle = self._circle(most, kinds)
        if self.blocks:
            values = self._block(0, circle.y)
        else:
            values = np.ones((kinds, circle.y.size), dtype=np.complex128)
        return circle.probabilities(values).reshape(self.rest.size, -1, most + 1)

    def error(self) -> float:
        """Return how far errors of the shares can move a probability."""
        mean, _ = self.moments()
        counted = sum(group.shares @ group.repeats for _, gs in self.blocks for group in gs)
        average = float(self.funnel.nodes.weights[0] @ mean)
        return self.late * average / float(counted) if counted else 0.0

    def none(self) -> Floats:
        """Return P(none is counted), (node,)."""
        return self._chained(np.ones(1))[:, 0].real

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean and second moment of the number, (node,)."""
        market, states = self.funnel.market, self.funnel.market.weights.size
        means: list[tuple[int, Floats]] = []
        mean, second = np.zeros(self.rest.size), np.zeros(self.rest.size)
        for quarter, groups in self.blocks:
            first, spread = self.funnel.entries.moments(groups, np.repeat(self.rest, states))
            first = first.reshape(-1, states)
            mean += first @ market.weights
            second += (spread.reshape(-1, states) + first**2) @ market.weights
            for earlier, before in means:
                linked = market.weights[:, None] * market.transfer(quarter - earlier)
                second += 2 * np.einsum("ns,st,nt->n", before, linked, first)
            means.append((quarter, first))
        return mean, second

    def most(self) -> int:
        """Return a number that the count exceeds with negligible probability (Chernoff's bound).

        Markets are taken to be the same in all quarters, which is the widest the count can be.
        """
        market = self.funnel.market
        weights = np.multiply.outer(self.funnel.nodes.weights[0], market.weights).ravel()
        best = math.inf
        for growth in (0.02, 0.1, 0.3, 1.0, 2.0):
            with np.errstate(all="ignore"):
                y = np.array([-growth])
                values = np.prod([self._block(i, y).real for i in range(len(self.blocks))], axis=0)
                total = float(np.abs(weights) @ np.ravel(values)) if self.blocks else 1.0
            if math.isfinite(total) and total >= 0.5:
                best = min(best, (math.log(total) - math.log(NEGLIGIBLE)) / math.log1p(growth))
        return math.ceil(best) + 1 if math.isfinite(best) else 1 << 60

    def _circle(self, most: int, kinds: int) -> Circle:
        """Return the circle for so many deals of so many kinds of reps, if there is memory."""
        circle = Circle(most)
        if kinds * circle.size * BYTES > MOST_BYTES:
            raise NotCoveredError(
                f"up to {most:,} deals of {kinds:,} kinds of reps and markets can stay below the "
                f"quota: their laws would take more than {MOST_BYTES >> 20:,} MiB"
            )
        return circle

    def _chained(self, y: Complexes | Floats) -> Complexes:
        """Return E (1 - y)^N, (node, point), the market integrated out quarter by quarter."""
        states = self.funnel.market.weights.size
        links = states * max(len(self.blocks) - 1, 0) if states > 1 else 0
        weeks = sum(group.shares.size for _, groups in self.blocks for group in groups)
        if self.rest.size * states * y.size * (FACTOR * weeks + links) > MOST_WORK:
            raise NotCoveredError("skill, market and delays together would take minutes")
        points = max(1, MOST_POINTS // (self.rest.size * states))
        parts = [self._chain(y[at : at + points]) for at in range(0, y.size, points)]
        return np.concatenate(parts, axis=1)

    def _chain(self, y: Complexes | Floats) -> Complexes:
        market, states = self.funnel.market, self.funnel.market.weights.size
        shape = self.rest.size, states, y.size
        state = np.broadcast_to(market.weights[:, None], shape).astype(np.complex128)
        last = None
        for index, (quarter, _) in enumerate(self.blocks):
            if last is not None and states > 1:
                back = market.transfer(quarter - last)
                state = np.einsum("nsy,st->nty", state, back)
            state = state * self._block(index, y).reshape(-1, states, y.size)
            last = quarter
        return np.asarray(state.sum(axis=1), dtype=np.complex128)

    def _block(self, index: int, y: Complexes | Floats) -> Complexes:
        rest = np.repeat(self.rest, self.funnel.market.weights.size)
        return self.funnel.entries.pgf(self.blocks[index][1], rest, y)
