"""Where a chance reaches what is wanted, as a lever is moved: a curve, a bracket, a root."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy import special

from funnelsim.analysis.chances import Chances
from funnelsim.analysis.solve.span import Span
from funnelsim.errors import ArgumentError, FunnelsimError, NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.roots import crossing

Outcome = Literal["found", "out of reach", "reached anyway", "no effect"]
Evaluate = Callable[[Sequence[Scenario]], Chances]

CHANCES = (1e-6, 1 - 1e-6)  # that can be asked for: the exact twin promises no more digits
SURE = 5.0  # standard errors that two chances differ by for certain, however often one looks
SAME = 1e-8  # exact chances that differ by less are taken as equal
FEWEST = 3  # points that tell a curve
FLAT = 2  # doublings that change nothing, after which no more are tried
FINELY = {"exact": 5, "simulated": 2}  # parts of a gap, by what a look costs
WITHIN = {"exact": 1e-9, "simulated": 1e-5}  # relative to the value
CLOSE = 1e-11  # chances are known no better
LEAST = 1e-9  # chances beyond it and beyond 1 - LEAST are all alike to a root finder
BESIDE = 0.05  # of probability: to either side, where the slope is taken
NEARBY = 0.02  # of a value: at least so far apart


@dataclass
class Curve:
    """Chances along a lever, as far as they have been asked for.

    Attributes
    ----------
    span : Span
    evaluate : callable
    parts : int
        In how many parts a gap between two points of the span is looked at: what rises and falls
        within a part goes unseen.
    chance, error : dict of float to float
        By value of the lever.
    """

    span: Span
    evaluate: Evaluate
    parts: int = 1
    chance: dict[float, float] = field(default_factory=dict)
    error: dict[float, float] = field(default_factory=dict)
    method: str = "exact"

    def ask(self, values: Sequence[float]) -> Chances:
        """Evaluate several values together, so that their differences are paired."""
        found = self.evaluate([self.span.at(value) for value in values])
        self.method = found.method
        for value, chance, error in zip(values, found.values, found.errors, strict=True):
            self.chance[value], self.error[value] = float(chance), float(error)
        return found

    def at(self, value: float) -> float:
        """Return the chance at a value."""
        if value not in self.chance:
            self.ask([value])
        return self.chance[value]

    def reaches(self, value: float, attain: float) -> bool:
        """Return whether the chance at a value is enough, up to rounding."""
        return self.at(value) >= attain - CLOSE

    def finely(self, points: Sequence[float]) -> list[float]:
        """Return points and those between them that are looked at as well, rising."""
        between = {*points}
        for low, high in pairwise(points):
            between |= {low + (high - low) * k / self.parts for k in range(1, self.parts)}
        if self.span.lever.whole:
            between = {*points, *map(float, map(math.floor, between))}
        return sorted(between)

    @property
    def values(self) -> list[float]:
        """The values asked for, rising."""
        return sorted(self.chance)

    def told(self) -> str:
        """Return the curve in words."""
        return ", ".join(f"{value:,.6g}: {self.chance[value]:.4f}" for value in self.values)


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes
    ----------
    outcome : str
        "found"; "out of reach"; "reached anyway", even where the lever helps least; "no effect".
    value : float
        Of the lever: the least help that reaches the goal; NaN where none does.
    best : float
        The value of the highest chance seen.
    rises : bool
        Whether the chance rises with the lever.
    """

    outcome: Outcome
    value: float
    best: float
    rises: bool


def search(curve: Curve, attain: float) -> Found:
    """Return the value at which the chance reaches ``attain``; all on the way is in the curve.

    Raises
    ------
    ArgumentError
        Where the chance both rises and falls within the range.
    """
    first, uncovered = _first_look(curve)
    direction = _direction(curve, first)
    if direction == 0 and curve.span.grows and not curve.span.lever.idle:
        direction = _first_effect(curve)
    if direction == 0:
        start = curve.span.points[0]
        reached = curve.reaches(start, attain)
        return Found("no effect", start if reached else math.nan, start, True)
    rises = direction > 0
    if curve.span.grows:
        _extend(curve, attain, helpful=True, rises=rises)
        _extend(curve, attain, helpful=False, rises=rises)
    along = curve.values if rises else curve.values[::-1]  # from the least help to the most
    best = max(along, key=lambda value: curve.chance[value])
    reached_at = next((i for i, value in enumerate(along) if curve.reaches(value, attain)), None)
    if uncovered is not None and not reached_at:
        raise uncovered  # what was left out may hold the answer
    if reached_at is None:
        return Found("out of reach", math.nan, best, rises)
    if reached_at == 0:
        return Found("reached anyway", along[0], best, rises)
    value = _root(curve, attain, along[reached_at - 1], along[reached_at])
    return Found("found", value, best, rises)


def nearest(curve: Curve, attain: float, ways: Sequence[float]) -> Found:
    """Return where the chance first reaches ``attain`` on a way from the first of some values.

    They are asked for one after the other, and no more once one of them is enough; between two of
    them the chance is taken to go one way.

    Parameters
    ----------
    curve : Curve
    attain : float
        Not reached at the first value.
    ways : sequence of float
        Two or more.
    """
    rises = ways[1] > ways[0]
    for short, enough in pairwise(ways):
        if curve.reaches(enough, attain):
            value = _root(curve, attain, short, enough)
            return Found("found", value, value, rises)
    best = max(ways, key=curve.at)
    return Found("out of reach", math.nan, best, rises)


def slope_at(curve: Curve, value: float, rises: bool) -> tuple[float, float]:
    """Return the slope of the curve at a value and its error, by a paired difference."""
    values = np.array(curve.values if rises else curve.values[::-1])
    chances = np.maximum.accumulate([curve.chance[each] for each in values])
    here = curve.at(value)
    ends = np.interp([here - BESIDE, here + BESIDE], chances, values)
    low, high = sorted(ends.tolist())
    if curve.span.lever.whole:
        low, high = math.floor(low), math.ceil(high)
    near = NEARBY * max(abs(value), 1.0 if curve.span.lever.whole else 0.0)
    low = max(min(low, value - near), curve.span.low)
    high = min(max(high, value + near), curve.span.high)
    if curve.span.lever.whole:
        low, high = math.floor(low), math.ceil(high)
    if not high > low:
        return math.nan, math.nan
    change, error = curve.ask([low, high]).difference(1, 0)
    return change / (high - low), error / (high - low)


def _first_look(curve: Curve) -> tuple[Chances, NotCoveredError | None]:
    """Return the chances at the span's points, without ends that the exact twin does not cover."""
    points = curve.finely(curve.span.points)
    try:
        return curve.ask(points), None
    except NotCoveredError as reason:
        uncovered = reason
    covered: list[list[float]] = [[]]
    for point in points:
        try:
            curve.ask([point])
            covered[-1].append(point)
        except NotCoveredError:
            covered.append([])
    longest = max(covered, key=len)
    if len(longest) < FEWEST:
        raise uncovered
    for point in set(curve.values).difference(longest):
        del curve.chance[point], curve.error[point]
    return curve.ask(longest), uncovered


def _direction(curve: Curve, found: Chances) -> int:
    """Return 1 where chances rise with the lever, -1 where they fall, 0 where they do neither."""
    signs = set()
    for high in range(len(found.values)):
        for low in range(high):
            change, error = found.difference(high, low)
            if abs(change) > _noise(found.method, error):
                signs.add(1 if change > 0 else -1)
    if len(signs) > 1:
        raise ArgumentError(_two_ways(curve))
    return signs.pop() if signs else 0


def _noise(method: str, error: float) -> float:
    return SAME + error if method == "exact" else SURE * error


def _first_effect(curve: Curve) -> int:
    """Return the direction of a lever that nothing depends on until it is moved far enough."""
    here = curve.values[-1]
    while here < curve.span.high:
        further = curve.span.beyond(here, upwards=True)
        if direction := _direction(curve, curve.ask([here, further])):
            return direction
        here = further
    return 0


def _extend(curve: Curve, attain: float, *, helpful: bool, rises: bool) -> None:
    """Look further, where the lever helps more until the goal is reached, or less until not."""
    upwards = helpful == rises
    still, changes_yet = 0, False
    while still < FLAT or changes_yet:
        here = curve.values[-1 if upwards else 0]
        if curve.reaches(here, attain) == helpful:
            return
        further = curve.span.beyond(here, upwards)
        if further == here:
            return
        values = curve.finely(sorted((here, further)))
        found = curve.ask(values)
        if _direction(curve, found) == (-1 if rises else 1):
            raise ArgumentError(_two_ways(curve))
        change, error = found.difference(-1, 0)
        noise = _noise(found.method, error)
        still = still + 1 if abs(change) <= noise else 0
        if still == FLAT and not changes_yet:
            changes_yet = _end_differs(curve, upwards)


def _end_differs(curve: Curve, upwards: bool) -> bool:
    """Return whether the chance at the end of the range is another than where it was last looked.

    A plateau may be a step of a stair: equal deals leave chances as they are for a while.
    """
    here = curve.values[-1 if upwards else 0]
    end = curve.span.high if upwards else curve.span.low
    if end in curve.chance:
        return False
    try:
        found = curve.ask([here, end])
    except FunnelsimError:  # nobody can say
        return False
    del curve.chance[end], curve.error[end]  # too far away for a picture
    change, error = found.difference(1, 0)
    return abs(change) > _noise(found.method, error)


def _root(curve: Curve, attain: float, short: float, enough: float) -> float:
    """Return the least help that is enough, to the accuracy of the method."""
    if curve.span.lever.whole:
        while abs(enough - short) > 1:
            middle = float(math.floor((short + enough) / 2))
            if curve.reaches(middle, attain):
                enough = middle
            else:
                short = middle
        return enough

    def value_at(share: float) -> float:
        return enough if share == 1 else short + (enough - short) * share

    def excess(share: float) -> float:
        chance = curve.at(value_at(share))
        if abs(chance - attain) <= CLOSE:  # simulated, that is a step, whose edge is sought
            return 0.0 if curve.method == "exact" else LEAST
        # nearly straight on this scale
        return float(special.ndtri(np.clip(chance, LEAST, 1 - LEAST)) - wanted)

    wanted = float(special.ndtri(attain))
    within = WITHIN[curve.method] * max(abs(short), abs(enough)) / abs(enough - short)
    crossing(excess, 0.0, 1.0, within)
    between = sorted((short, enough))
    reached = [
        each
        for each in curve.values
        if between[0] <= each <= between[1] and curve.reaches(each, attain)
    ]
    return min(reached, key=lambda each: abs(each - short))


def _two_ways(curve: Curve) -> str:
    path = curve.span.lever.path
    return (
        f"{path}: the probability both rises and falls with it, so that no single value is the "
        f"answer: {curve.told()}. Say within=(low, high) to look where it does one of them."
    )
