"""The funnel of every kind of rep in every market: counts of what reaches a stage in a window.

Derived in docs/background/exact.md, "The number of deals".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.counts import (
    NEGLIGIBLE,
    Arrivals,
    Circle,
    Group,
    Integers,
    WeeklyEntries,
    grouped,
)
from funnelsim.twin.delays import in_window
from funnelsim.twin.fourier import MOST_BYTES, Complexes, Floats
from funnelsim.twin.linked import chained, linked_moments
from funnelsim.twin.market import MarketNodes
from funnelsim.twin.series import ACCURATE
from funnelsim.twin.skill import Nodes
from funnelsim.twin.ways import Way, ways_of
from funnelsim.twin.weeks import ALWAYS_POISSON, Weeks, weeks_of
from funnelsim.twin.work import Work

LEAST_DEALS = 36  # no Chernoff bound below is smaller
BYTES = 24  # at the peak for each point of a circle: generating function, law, and a copy
MOMENTS_WORK = 30  # complex multiplications that moments of a week take
ROUGH = 1e-3  # relative error of Chernoff's bounds
GROWTHS = (0.02, 0.1, 0.3, 1.0, 2.0)  # z - 1 of Chernoff's bounds
MOST_POINTS = 1 << 22  # complex numbers of a chain held at a time


class Funnel:
    """A plan's funnel, for every kind of rep (node) and state of the market.

    Parameters
    ----------
    plan : Scenario
    nodes : Nodes
    market : MarketNodes
    begins : int, optional
        The week in which the seat is filled and the ramp begins; by default a seat of day 0,
        fully ramped.
    work : Work, optional
        What may be computed; by default as much as one call.

    Attributes
    ----------
    weeks : Weeks
        The weekly law, policy in force.
    ways : tuple of Way
        The ways in, the rep's own activity first.
    has_delays : bool
    """

    def __init__(
        self,
        plan: Scenario,
        nodes: Nodes,
        market: MarketNodes,
        begins: int | None = None,
        work: Work | None = None,
    ) -> None:
        self.plan = plan
        self.nodes = nodes
        self.market = market
        self.begins = begins
        self.work = Work() if work is None else work
        self.weeks: Weeks = weeks_of(plan)
        self.ways = ways_of(nodes, market, begins, self.work)
        self._season = plan.market.season
        self._length = plan.calendar.weeks_per_quarter
        self.has_delays = any(
            stage.days > 0
            for source in (None, *plan.sources)
            for stage in plan.stages_of(source)[plan.first_stage_of(source) :]
        )

    @property
    def entries(self) -> WeeklyEntries:
        """Entries of the rep's own activity, by kind of rep and state of the market."""
        own = self.ways[0].entries
        assert isinstance(own, WeeklyEntries)  # noqa: S101  the first way is the rep's own
        return own

    def factor(self, week: int) -> float:
        """Return what the entries of a week are multiplied by: season and ramp."""
        return float(self._factors(np.array([week]))[0])

    def _factors(self, weeks: Integers) -> Floats:
        seasons = np.array(self._season)[(weeks // self._length) % 4]
        ramp = self.plan.ramp
        if self.begins is None or ramp is None:
            return np.asarray(seasons)
        grown = (weeks - self.begins + 0.5) / ramp.weeks
        return np.asarray(seasons * np.minimum(1.0, ramp.at_hire + (1 - ramp.at_hire) * grown))

    def filled(self, start: int, stop: int) -> int:
        """Return in how many weeks of a window the seat is filled."""
        return stop - start if self.begins is None else max(stop - max(start, self.begins), 0)

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
        worked = range(stop - self.filled(start, stop), stop)
        laws = [self.in_force(week) for week in worked]
        activity = self.nodes.activity
        weekly = [laws.count(law) * law.moments(activity)[0] for law in dict.fromkeys(laws)]
        return np.asarray(np.sum(weekly, axis=0)) if weekly else 0 * activity

    def signature(self, start: int, stop: int) -> object:
        """Return what two windows share exactly if they are alike in every respect.

        How far a week's entries have got depends on its age alone. So all that tells windows apart
        is which weeks have entries on the way in them, to whatever stage, and by which laws.
        """
        out = []
        for way in self.ways:
            arriving = np.zeros(max(stop - way.first_week, 0), dtype=np.bool_)
            arriving[max(start - way.first_week, 0) :] = True  # activities count, however late
            for shares in way.shares:
                arriving |= in_window(shares, way.first_week, start, stop) > NEGLIGIBLE
            weeks = np.flatnonzero(arriving) + way.first_week
            laws, which = self._laws_in(weeks)
            out.append((laws, which.tobytes(), (weeks - start).tobytes()))
        return tuple(out)

    def _laws_in(self, weeks: Integers) -> tuple[tuple[tuple[Weeks, float], ...], Integers]:
        """Return the different laws and factors of weeks, and which of them each follows."""
        start = self.plan.policy.start_week
        late = weeks >= (weeks.min(initial=0) if start is None else start)
        own = list(zip(late.tolist(), self._factors(weeks).tolist(), strict=True))
        places = {each: place for place, each in enumerate(dict.fromkeys(own))}
        laws = [self.weeks.without_policy(), self.weeks]
        return (
            tuple((laws[policy], factor) for policy, factor in places),
            np.array([places[each] for each in own], dtype=np.int64),
        )

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
        parts = [self._part(way, stage, start, stop, kept) for way in self.ways]
        return Count(self, tuple(parts))

    def _part(self, way: Way, stage: int, start: int, stop: int, kept: float) -> Part:
        shares = in_window(way.shares[stage], way.first_week, start, stop)
        numbers = np.arange(way.first_week, stop)
        places = np.flatnonzero(shares > NEGLIGIBLE)
        quarters = numbers[places] // self._length
        if self.market.factors.size == 1:
            quarters *= 0  # none links them
        linked = {}
        for quarter in np.unique(quarters).tolist():
            block = places[quarters == quarter]
            laws, which = self._laws_in(numbers[block])
            if way is not self.ways[0]:  # an inflow has no activities, and no policy
                laws = tuple((ALWAYS_POISSON, factor) for _, factor in laws)
            linked[quarter] = grouped(laws, which, shares[block])
        errors = way.errors[stage]
        late = float(errors[stop - numbers].sum() + errors[np.maximum(start - numbers, 0)].sum())
        return Part(way.entries, linked, way.reaching(stage) * kept, late)


@dataclass(frozen=True)
class Part:
    """What one way in adds to a count.

    Attributes
    ----------
    entries : WeeklyEntries or Arrivals
    blocks : dict of int to groups
        Weeks of entry, by quarter where the market links them.
    rest : (node,) float
        P(being counted, given entry, if time allows).
    late : float
        Numerical error of the weeks' shares, summed.
    """

    entries: WeeklyEntries | Arrivals
    blocks: Mapping[int, tuple[Group, ...]]
    rest: Floats
    late: float


@dataclass(frozen=True)
class Count:
    """The number of opportunities that reach a stage in a window.

    Attributes
    ----------
    funnel : Funnel
    parts : tuple of Part
        By way in.
    """

    funnel: Funnel
    parts: tuple[Part, ...]

    @property
    def blocks(self) -> tuple[tuple[int, tuple[Group, ...]], ...]:
        """Weeks of entry of the rep's own activity, by quarter where the market links them."""
        return tuple(self.parts[0].blocks.items())

    @property
    def rest(self) -> Floats:
        """P(reaching the stage, given entry by the rep's own activity, if time allows), (node,)."""
        return self.parts[0].rest

    @cached_property
    def quarters(self) -> tuple[int, ...]:
        """Quarters of entry of what is counted; one where no market tells them apart."""
        return tuple(sorted({quarter for part in self.parts for quarter in part.blocks}))

    def laws(self, most: int) -> Floats:
        """Return P(0 .. most are counted) for every kind of rep, (node, n)."""
        circle = self._circle(most, self.funnel.nodes.count)
        return circle.probabilities(self._chained(circle.y))

    def laws_by_state(self, most: int) -> Floats:
        """Return the same for each state of the market, (node, state, n).

        Only where all that is counted has entered in one quarter.
        """
        kinds = self.funnel.nodes.count * self.funnel.market.weights.size
        circle = self._circle(most, kinds)
        if self.quarters:
            self.funnel.work.spend(self._work(circle.y.size))
            values = self._block(self.quarters[0], circle.y)
        else:
            values = np.ones((kinds, circle.y.size), dtype=np.complex128)
        return circle.probabilities(values).reshape(self.funnel.nodes.count, -1, most + 1)

    def error(self) -> float:
        """Return how far errors of the shares can move a probability."""
        total = 0.0
        for part in self.parts:
            alone = self if len(self.parts) == 1 else Count(self.funnel, (part,))
            mean, _ = alone.moments()
            groups = [group for block in part.blocks.values() for group in block]
            counted = sum(float(group.shares @ group.repeats) for group in groups)
            average = float(self.funnel.nodes.weights[0] @ mean)
            total += part.late * average / counted if counted else 0.0
        return total

    def none(self) -> Floats:
        """Return P(none is counted), (node,)."""
        return self._chained(np.ones(1))[:, 0].real

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean and second moment of the number, (node,)."""
        return self._moments

    @cached_property
    def _moments(self) -> tuple[Floats, Floats]:
        nodes, market = self.funnel.nodes, self.funnel.market
        self.funnel.work.spend(self.moments_work)
        moments = [self._moments_of(quarter) for quarter in self.quarters]
        blocks = [(q, mean, var) for q, (mean, var) in zip(self.quarters, moments, strict=True)]
        return linked_moments(market, blocks, nodes.count)

    def _moments_of(self, quarter: int) -> tuple[Floats, Floats]:
        """Return mean and variance of what has entered in one quarter, (node, state)."""
        states = self.funnel.market.weights.size
        means, variances = zip(
            *(
                part.entries.moments(part.blocks[quarter], np.repeat(part.rest, states))
                for part in self.parts
                if quarter in part.blocks
            ),
            strict=True,
        )
        return sum(means).reshape(-1, states), sum(variances).reshape(-1, states)

    @property
    def moments_work(self) -> float:
        """Complex multiplications that mean and second moment take."""
        kinds = self.funnel.nodes.count * self.funnel.market.weights.size
        groups = sum(len(block) for part in self.parts for block in part.blocks.values())
        return MOMENTS_WORK * kinds * groups

    def most(self, enough: int) -> int:
        """Return a number that the count exceeds with negligible probability (Chernoff's bound).

        Markets are taken to be the same in all quarters, which is the widest the count can be.

        Parameters
        ----------
        enough : int
            More deals need not be told apart.

        Raises
        ------
        NotCoveredError
            Where the law of so many deals would take too much work.
        """
        self.funnel.work.check(self._work(Circle(min(enough, LEAST_DEALS)).y.size))
        self.funnel.work.spend(self._work(len(GROWTHS)))
        market = self.funnel.market
        weights = np.multiply.outer(self.funnel.nodes.weights[0], market.weights).ravel()
        best = math.inf
        growths = np.array(GROWTHS)
        with np.errstate(all="ignore"):
            values = [self._block(quarter, -growths, ROUGH).real for quarter in self.quarters]
            totals = np.abs(weights) @ np.prod(values, axis=0) if values else np.ones(growths.size)
        for growth, total in zip(GROWTHS, totals.tolist(), strict=True):
            if math.isfinite(total) and total >= 0.5:
                best = min(best, (math.log(total) - math.log(NEGLIGIBLE)) / math.log1p(growth))
        return min(math.ceil(best) + 1, enough) if math.isfinite(best) else enough

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
        kinds, states = self.funnel.nodes.count, self.funnel.market.weights.size
        self.funnel.work.spend(self._work(y.size))
        points = max(1, MOST_POINTS // (kinds * states))
        parts = [
            chained(
                self.funnel.market,
                self.quarters,
                lambda quarter, y=y[at : at + points]: self._block(quarter, y).reshape(  # type: ignore[misc]
                    kinds, states, -1
                ),
                (kinds, states, min(points, y.size - at)),
            )
            for at in range(0, y.size, points)
        ]
        return np.concatenate(parts, axis=1)

    def _work(self, points: int) -> float:
        """Return complex multiplications that the generating function takes."""
        kinds, states = self.funnel.nodes.count, self.funnel.market.weights.size
        links = kinds * states * (states if states > 1 else 0) * len(self.quarters)
        return points * (links + self._work_of_a_point)

    @cached_property
    def _work_of_a_point(self) -> float:
        states = self.funnel.market.weights.size
        return sum(
            part.entries.work(groups, np.repeat(part.rest, states))
            for part in self.parts
            for groups in part.blocks.values()
        )

    def _block(self, quarter: int, y: Complexes | Floats, within: float = ACCURATE) -> Complexes:
        """Return E (1 - y)^N, (node * state, point), of those who entered in a quarter."""
        states = self.funnel.market.weights.size
        value: Complexes | None = None
        for part in self.parts:
            if quarter in part.blocks:
                rest = np.repeat(part.rest, states)
                own = part.entries.pgf(part.blocks[quarter], rest, y, within)
                value = own if value is None else value * own
        assert value is not None  # noqa: S101  a quarter is known by some part
        return value
