"""Levers with costs, and what a spending on them does to the chance of a goal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Chances, Goal, chances
from funnelsim.analysis.levers.levers import moved
from funnelsim.analysis.solve.search import FINELY, Curve, Found, search
from funnelsim.analysis.solve.span import Span
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import parts_of
from funnelsim.twin.sizes import amount

Floats = npt.NDArray[np.float64]

STEP = 1e-4  # of the largest spending that makes sense: over it gains are taken
FAR = 1e6  # times the plan's own value: a limit beyond it is none
AMOUNTS = ("quota", "deal_size", "windfall")  # tables of what is compared with the quota


@dataclass
class CostedLever:
    """A lever, what moving it costs, and what it can do alone.

    Attributes
    ----------
    span : Span
    cost : float
        Of a unit.
    sign : int
        1 where more helps, -1 where less does.
    limit : float
    alone : Found
        What it takes without the others.
    most : float
        Spending beyond which more of it makes no sense.
    """

    span: Span
    cost: float
    sign: int
    limit: float
    alone: Found
    most: float

    def value(self, spent: float) -> float:
        """Return where the lever is for a spending."""
        units = spent / self.cost
        if self.span.lever.whole:
            units = math.floor(units + 1e-9)
        here = self.span.lever.value + self.sign * units
        return min(here, self.limit) if self.sign > 0 else max(here, self.limit)

    def spending(self, value: float) -> float:
        """Return what moving the lever to a value costs."""
        return abs(value - self.span.lever.value) * self.cost


@dataclass
class Problem:
    """Levers with costs, and the goal that their mix is to reach.

    Attributes
    ----------
    plan : Scenario
    goal : Goal
    attain : float
    levers : list of CostedLever
    """

    plan: Scenario
    goal: Goal
    attain: float
    levers: list[CostedLever] = field(default_factory=list)
    _known: dict[tuple[float, ...], float] = field(default_factory=dict)

    def chances(self, plans: Sequence[Scenario]) -> Chances:
        """Return exact chances of plans."""
        return chances(plans, self.goal, method="exact")

    def at(self, spent: Floats) -> Scenario:
        """Return the plan for a spending on each lever."""
        values = [each.value(s) for each, s in zip(self.levers, spent.tolist(), strict=True)]
        return moved(self.plan, [each.span.lever for each in self.levers], values)

    def chance(self, spent: Floats) -> float:
        """Return P(goal) for a spending on each lever."""
        key = tuple(spent.tolist())
        if key not in self._known:
            self._known[key] = float(self.chances([self.at(spent)]).values[0])
        return self._known[key]

    def whole(self, spent: Floats) -> Floats:
        """Return the spending without what buys no whole unit of a lever that has no other."""
        units = [
            each.cost * math.floor(s / each.cost + 1e-9) if each.span.lever.whole else s
            for each, s in zip(self.levers, spent.tolist(), strict=True)
        ]
        return np.array(units)

    def in_steps(self) -> list[int]:
        """Return the levers along which P(goal) jumps: whole numbers, and amounts of few sizes."""
        deal_size, windfall = self.plan.deal_size, self.plan.windfall
        sizes = [] if deal_size.rep_cv else [amount(deal_size)]  # skill makes any size of few
        if windfall is not None and windfall.per_quarter:
            sizes.append(amount(windfall))
        few = any(size.certain or size.atoms is not None for size in sizes)
        return [
            place
            for place, each in enumerate(self.levers)
            if each.span.lever.whole
            or (few and (parts_of(each.span.lever.path) or ("",))[0] in AMOUNTS)
        ]

    def gains(self, spent: Floats, places: Sequence[int]) -> Floats:
        """Return d P(goal) / d spending on levers, by central differences inside the bounds."""
        gains = np.zeros(len(places))
        for row, place in enumerate(places):
            lever = self.levers[place]
            step = STEP * lever.most
            low = max(spent[place] - step, 0.0)
            high = min(spent[place] + step, lever.spending(lever.limit))
            if high > low:
                less, more = np.array(spent), np.array(spent)
                less[place], more[place] = low, high
                gains[row] = (self.chance(more) - self.chance(less)) / (high - low)
        return gains

    def add(self, span: Span, cost: float, limit: float | None, start: float) -> None:
        """Add a lever: find the direction in which it helps, and what it can do alone."""
        path, value = span.lever.path, span.lever.value
        if math.isnan(value):
            raise ArgumentError(f"{path}: must be stated in the plan: its cost counts from there.")
        curve = Curve(span, self.chances, FINELY["exact"])
        found = search(curve, self.attain)
        if found.outcome == "no effect":
            raise ArgumentError(f"{path}: does not move {self.goal} in this plan. Leave it out.")
        sign = 1 if found.rises else -1
        end = span.high if found.rises else span.low
        if limit is not None:
            if (limit - value) * sign < 0 or not span.low <= limit <= span.high:
                way = "up" if found.rises else "down"
                raise ArgumentError(
                    f"limits, {path} = {limit:g}: moving it {way} from {value:,.6g} helps, as far "
                    f"as {end:,.6g}; the limit must lie between."
                )
            end = float(limit)
        enough = found.value if found.outcome == "found" else end
        within = (end - enough) * sign >= 0 and found.outcome == "found"
        most = (
            abs(enough - value) if within else min(abs(end - value), FAR * max(abs(value), 1.0))
        ) * cost
        if not within:
            found = Found("out of reach", math.nan, found.best, found.rises)
        self.levers.append(CostedLever(span, cost, sign, end, found, max(most, 1e-12)))
