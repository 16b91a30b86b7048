"""The sum of the bookings of independent reps, whose deals may be of any kinds: by its transform.

Given the world and the market reps are independent, and so are the ways in of each of them. The
transform of the sum is a product, averaged over what the reps share, and inverted once.
Derived in docs/background/exact.md, "Sums of unlike deals".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property, reduce

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import MOST, NOISE, SCALE, Complexes, Floats, line
from funnelsim.twin.hits import Target, attained_pgf
from funnelsim.twin.lattice import Lattice, common_unit
from funnelsim.twin.laws import Rules, beyond, check_variance
from funnelsim.twin.linked import chained
from funnelsim.twin.normals import converged
from funnelsim.twin.quantiles import quantiles
from funnelsim.twin.seats import Seats, moments_of_sum
from funnelsim.twin.sizes import amount_of
from funnelsim.twin.transforms import (
    NOWHERE,
    Points,
    less_by_way,
    less_of,
    on_circle,
    on_line,
    transforms,
)
from funnelsim.twin.ways import Way

ACCURATE = 1e-11  # error at which a line has points enough
FEWEST = 256  # points of a line: sums of many deals are smooth
NODE_WORK = 60  # complex multiplications of a kind of rep at a point
WEIGHT_WORK = 50  # of a weight of a lattice
LINES = 4  # that keep a transform of a size, on the whole
MOST_NUMBERS = 1 << 22  # complex numbers held at a time


class SummedLaw:
    """The bookings of a period, summed over seats that share worlds and markets.

    Parameters
    ----------
    seats : sequence of Seats
        Their funnels stand on the same worlds and states of the market, all in one period.
    targets : sequence of Target, optional
        KPIs of a quarter, of one rep without delays: all of them have to be attained.
    """

    def __init__(self, seats: Sequence[Seats], targets: Sequence[Target] | None = None) -> None:
        self._seats = seats
        self._targets = targets
        self._market = seats[0].funnel.market
        self._states = self._market.weights.size
        # One rep's skill may be averaged like the world, quarter by quarter of entry.
        self._alone = len(seats) == 1 and seats[0].number == 1
        nodes = seats[0].funnel.nodes
        self._outer = nodes.weights if self._alone else nodes.worlds  # (rule, outer)
        self._transforms: dict[object, Complexes] = {}
        self._points: dict[float, int] = {}  # by scale: how many were enough so far

    def missed(self, x: float, *, order: int = 1, repeatable: bool = False) -> Rules:
        """Return P(sum < x); with ``order`` 2 E max(x - sum, 0), currency."""
        unit = x ** (order - 1)
        value = self._jumps(x, order, ordinary=repeatable)
        if self._is_discrete:
            return np.clip(value, 0.0, unit), (NOISE + self._late) * unit
        scale = self._scale_of(x)
        points = self._points.get(scale, FEWEST)
        while True:
            on = line(scale, points)
            wave = self._averaged(on_line(scale, points), ordinary=repeatable)
            wave = wave - self._averaged(self._jumping(scale, points), ordinary=repeatable)
            terms = wave * np.exp(on.s * x)
            fine, coarse = np.einsum("ws,rs->wr", on.weights(order), terms).real
            error = float(np.abs(fine - coarse)[0])
            self._points[scale] = points
            points *= 2
            if error <= ACCURATE * unit or points > MOST:
                break
        return np.clip(value + fine, 0.0, unit), error + (NOISE + self._late) * unit

    def none(self) -> Rules:
        """Return P(no deal of any kind closes)."""
        return self._nothing(ordinary=False), self._late

    def mean(self) -> Rules:
        """Return mean bookings, currency."""
        mean, _ = self._moments
        return mean, self._relative * float(mean[0])

    def second(self) -> Rules:
        """Return the second moment of bookings, currency^2; its error is that of an amount."""
        for seats in self._seats:
            check_variance(seats.funnel.plan)
        mean, second = self._moments
        return second, self._relative * float(mean[0])

    def windfall_mean(self) -> Rules:
        """Return mean windfall bookings, currency."""
        total = np.zeros(len(self._outer))
        for seats in self._seats:
            total += seats.number * (seats.funnel.nodes.weights @ seats.windfall_mean)
        return total, self._relative * float(total[0])

    def quantiles(self, probabilities: Sequence[float]) -> tuple[Floats, Floats]:
        """Return quantiles of the sum and their errors, (probability,) currency."""
        mean, second = self._moments
        largest = beyond(float(mean[0]), float(second[0]))
        if not largest:
            return np.zeros(len(probabilities)), np.zeros(len(probabilities))
        nothing = float(self._nothing(ordinary=False)[0])

        def below(x: float) -> tuple[float, float]:
            if x <= 0:
                return nothing, NOISE
            rules, error = self.missed(x)
            return float(rules[0]), error

        def error_at(x: float) -> float:
            return float(converged(self.missed(x)[0])[1])

        unit = self._unit if self._is_discrete else 0.0
        return quantiles(below, probabilities, largest, unit, error_at)

    def missed_by_state(self, x: float) -> tuple[Floats, Floats]:
        """Return P(sum < x) by kind of rep and state of the market, and errors by kind.

        Only of one rep, and where all that is counted has entered in one quarter.
        """
        shape = self._outer.shape[1], self._states
        if self._masses.size:
            lattice = Lattice(self._unit, x)
            weights = lattice.weights(_gain(lattice, x, 1))[None]
            (value,) = self._weighted(on_circle(lattice), weights, shape)
        else:
            (value,) = self._weighted(NOWHERE, np.ones((1, 1)), shape)
        fine = coarse = np.zeros(shape)
        if not self._is_discrete:
            self.missed(x)  # finds how many points it takes
            scale = self._scale_of(x)
            points = self._points[scale]
            on = line(scale, points)
            waves = on.weights(1) * np.exp(on.s * x)
            fine, coarse = self._weighted(on_line(scale, points), waves, shape)
            jumping = self._jumping(scale, points)
            if not jumping.key:  # the same at every point
                waves = waves.sum(axis=1, keepdims=True)
            jumps = self._weighted(jumping, waves, shape)
            fine, coarse = fine - jumps[0], coarse - jumps[1]
        errors = np.abs(fine - coarse) @ self._market.weights + NOISE + self._late
        return np.clip(value + fine, 0.0, 1.0), errors

    # --- averaging over what reps share

    def _averaged(self, at: Points, *, ordinary: bool) -> Complexes:
        """Return E exp(-s sum), (rule, point), over worlds and markets; kept."""
        key = at.key, at.smooth, ordinary
        if key not in self._transforms:
            rules = len(self._outer)
            out = np.empty((rules, at.s.size), dtype=np.complex128)
            for part in self._parts(at):
                if len(self._quarters) > 1:
                    values = self._through_quarters(at, part, ordinary=ordinary)[None]
                else:
                    by_state = self._by_state(at, part, ordinary=ordinary)
                    values = np.einsum("rotk,t->rok", by_state, self._market.weights)
                values = np.broadcast_to(values, (rules, *values.shape[1:]))
                out[:, part] = np.einsum("rok,ro->rk", values, self._outer)
            self._transforms[key] = out
        return self._transforms[key]

    def _weighted(self, at: Points, weights: Complexes | Floats, shape: tuple[int, int]) -> Floats:
        """Return weighted sums over the points, real parts, (weights, outer, state)."""
        out = np.zeros((len(weights), *shape))
        for part in self._parts(at):
            values = self._by_state(at, part, ordinary=False)[0]
            out += np.einsum("otk,wk->wot", values, weights[:, part]).real
        return out

    def _by_state(self, at: Points, part: slice, *, ordinary: bool) -> Complexes:
        """Return E exp(-s sum), (rule or 1, outer, state, point)."""
        value = self._windfalls(at, part, ordinary=ordinary)[None, :, None, :]
        for seats in self._seats:
            if self._targets is not None:
                value = value * self._attaining(seats, self._targets, at, part)
            elif seats.count.quarters:
                quarter = seats.count.quarters[0]
                own = self._seat(seats, quarter, at, part, ordinary=ordinary)
                value = value * own**seats.number
        shape = value.shape[0], self._outer.shape[1], self._states, value.shape[-1]
        return np.broadcast_to(value, shape)

    def _through_quarters(self, at: Points, part: slice, *, ordinary: bool) -> Complexes:
        """Return E exp(-s sum), (outer, point), the market averaged quarter by quarter."""
        if not self._alone and any(each.funnel.nodes.skills.shape[1] > 1 for each in self._seats):
            raise NotCoveredError(
                "a market that links quarters of entry is not integrated for several reps who "
                "differ: each of them keeps skill from quarter to quarter"
            )

        def value(quarter: int) -> Complexes:
            of_seats = [
                self._seat(seats, quarter, at, part, ordinary=ordinary)[0] ** seats.number
                for seats in self._seats
                if quarter in seats.count.quarters
            ]
            return reduce(np.multiply, of_seats)

        shape = self._outer.shape[1], self._states, part.stop - part.start
        total = chained(self._market, self._quarters, value, shape)
        return total * self._windfalls(at, part, ordinary=ordinary)

    def _seat(
        self, seats: Seats, quarter: int, at: Points, part: slice, *, ordinary: bool
    ) -> Complexes:
        """Return E exp(-s deals) of one seat, (rule or 1, outer, state, point)."""
        nodes, value = seats.funnel.nodes, np.ones((1, 1), dtype=np.complex128)
        for way, own in zip(seats.funnel.ways, seats.count.parts, strict=True):
            if quarter in own.blocks:
                less = less_by_way(way, seats.last, at, part, ordinary=ordinary)
                rest = np.repeat(own.rest, self._states)
                y = np.repeat(less, self._states, axis=0)
                value = value * own.entries.pgf(own.blocks[quarter], rest, y)
        by_node = value.reshape(nodes.count, self._states, -1)
        if self._alone:
            return by_node[None]
        by_skill = by_node.reshape(nodes.worlds.shape[1], -1, *by_node.shape[1:])
        if by_skill.shape[1] == 1:
            return by_skill[None, :, 0]
        return np.asarray(np.einsum("rv,wvtk->rwtk", nodes.skills, by_skill))

    def _attaining(
        self, seats: Seats, targets: Sequence[Target], at: Points, part: slice
    ) -> Complexes:
        """Return E[exp(-s deals); all targets attained], (1, node, state, point)."""

        def won(way: Way, factor: float) -> Complexes:
            return 1 - less_of(way, factor, at, part, ordinary=False)

        start, points = seats.period.start, part.stop - part.start
        return attained_pgf(seats.funnel, targets, start, won, points)[None]

    def _windfalls(self, at: Points, part: slice, *, ordinary: bool) -> Complexes:
        """Return E exp(-s windfalls) of all seats, (outer or 1, point)."""
        value = np.ones((1, part.stop - part.start), dtype=np.complex128)
        for seats in self._seats:
            if seats.windfall is not None and not ordinary:
                law, rate, size = seats.windfall
                if self._alone:
                    rate, size = (seats.funnel.nodes.spread(each) for each in (rate, size))
                less = 1 - transforms(law, at, part, size)
                value = value * np.exp(-seats.number * rate[:, None] * less)
        return value

    def _parts(self, at: Points) -> Iterator[slice]:
        """Split the points so that what is held at a time fits.

        Raises
        ------
        NotCoveredError
            Where it would take too much work.
        """
        kinds, work = 0, 0.0
        for seats in self._seats:
            own = seats.funnel.nodes.count * self._states
            parts = seats.count.parts
            weeks = sum(
                part.entries.work(groups, np.repeat(part.rest, self._states))
                for part in parts
                for groups in part.blocks.values()
            )
            sizes = sum(
                amount_of(way.deal_size).work
                * np.unique(way.size).size
                * len(way.sizes_at(seats.last))
                for way in seats.funnel.ways
            )
            work += NODE_WORK * own + weeks + sizes / LINES
            kinds = max(kinds, own)
        if len(self._quarters) > 1:
            work += self._outer.shape[1] * self._states**2 * len(self._quarters)
        self._seats[0].funnel.work.spend(work * at.s.size)
        size = max(1, MOST_NUMBERS // kinds)
        for start in range(0, at.s.size, size):
            yield slice(start, min(start + size, at.s.size))

    # --- what has a density, and what jumps

    def _jumps(self, x: float, order: int, *, ordinary: bool) -> Floats:
        """Return what sums without any deal of a continuous law contribute, (rule,)."""
        if not self._masses.size:
            return self._nothing(ordinary=ordinary) * x ** (order - 1)
        lattice = Lattice(self._unit, x)
        self._seats[0].funnel.work.spend(WEIGHT_WORK * lattice.size)
        weights = lattice.weights(_gain(lattice, x, order))
        values = self._averaged(on_circle(lattice), ordinary=ordinary)
        return np.asarray((values @ weights).real)

    def _nothing(self, *, ordinary: bool) -> Floats:
        """Return P(no deal), (rule,)."""
        return np.asarray(self._averaged(NOWHERE, ordinary=ordinary)[:, 0].real)

    def _jumping(self, scale: float, points: int) -> Points:
        """Return where to find the part of a transform that is no density's."""
        return on_line(scale, points, smooth=False) if self._masses.size else NOWHERE

    @cached_property
    def _masses(self) -> Floats:
        """Amounts of all discrete laws."""
        return np.concatenate([np.zeros(0), *(each for s in self._seats for each in s.masses)])

    @cached_property
    def _unit(self) -> float:
        """Common unit of all sums of deals of discrete laws."""
        return common_unit(self._masses)

    @cached_property
    def _is_discrete(self) -> bool:
        """Whether no law is continuous."""
        return all(law.is_discrete for seats in self._seats for law in seats.laws)

    def _scale_of(self, x: float) -> float:
        """Return the scale of the shortest line that serves an argument: a known one, if any."""
        known = [scale for scale in self._points if x <= SCALE**scale <= SCALE * x]
        if known:
            return min(known)
        return math.ceil(math.log2(x) - 1e-12) / math.log2(SCALE)

    # --- moments and errors

    @cached_property
    def _moments(self) -> tuple[Floats, Floats]:
        """Mean and second moment of the sum, (rule,) each."""
        return moments_of_sum(self._seats)

    @cached_property
    def _quarters(self) -> tuple[int, ...]:
        """Quarters of entry of all that is counted."""
        return tuple(sorted({q for seats in self._seats for q in seats.count.quarters}))

    @cached_property
    def _late(self) -> float:
        return sum(seats.number * seats.count.error() for seats in self._seats)

    @cached_property
    def _relative(self) -> float:
        """Relative error of mean numbers of deals."""
        deals = sum(seats.deals_mean for seats in self._seats)
        return self._late / deals if deals else 0.0


def _gain(lattice: Lattice, x: float, order: int) -> Floats:
    """Return max(x - sum, 0) ** (order - 1) for every sum, or 0 from x on."""
    sums = lattice.unit * np.arange(lattice.length)
    return np.where(sums < x, (x - sums) ** (order - 1), 0.0)
