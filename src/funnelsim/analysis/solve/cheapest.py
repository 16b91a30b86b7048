"""Least spending on several levers that reaches a goal: smooth ways and ways in steps."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from funnelsim.analysis.solve.costs import Problem
from funnelsim.twin.roots import crossing

Floats = npt.NDArray[np.float64]
Places = Sequence[int]

WITHIN = 1e-4  # of the cost: no mix is cheaper by more, where that is proved
ROUGHLY = 1e-3  # the same where all levers are smooth, and costs flat about the cheapest mix
MOST_SOLVED = 4_000  # corners of boxes that are solved for
PRECISE = 1e-10  # of the optimiser, relative to the cost
LEAST = 1e-9  # chances beyond it are all alike to the optimiser
NEARBY = 1e-6  # relative: what is still enough so much below is a plateau
CLOSE = 1e-11  # chances are known no better
ROOT, EDGE = 1e-9, 1e-12  # of a spending: how near a root is found, and the edge of a step


@dataclass(frozen=True)
class Cheapest:
    """The least spending on each lever; NaN where nothing is enough.

    Attributes
    ----------
    spent : (lever,) float
    gap : float
        The share of the cost by which a mix may be cheaper at most; NaN where that was not proved.
    """

    spent: Floats
    gap: float = math.nan


def cheapest(problem: Problem, start: float, *, stepped: Places) -> Cheapest:
    """Return the least spending, along levers of which some are taken to move in steps.

    Parameters
    ----------
    problem : Problem
    start : float
        P(goal) of the plan as it is.
    stepped : sequence of int
        Places of levers along which no derivative tells the way.
    """
    levers = problem.levers
    if start >= problem.attain:
        return Cheapest(np.zeros(len(levers)), 0.0)
    ends = _ends(problem)
    if not _reached(problem, ends):
        return Cheapest(np.full(len(levers), math.nan))
    smooth = [place for place in range(len(levers)) if place not in stepped]
    if not smooth:  # of one lever alone, the edge of a step is found by bisection
        *stepped, last = sorted(stepped, key=lambda place: not levers[place].span.lever.whole)
        smooth = [last]
    if not stepped:
        spent = _on_smooth(problem, np.zeros(len(levers)), smooth, ends, None)
        found = Cheapest(np.full(len(levers), math.nan) if spent is None else spent)
    else:
        within = WITHIN if set(stepped) & set(problem.in_steps()) else ROUGHLY
        found = _in_boxes(problem, list(stepped), smooth, ends, within)
        if not np.isnan(found.spent).any():
            found = Cheapest(_polished(problem, found.spent, stepped, smooth, ends), found.gap)
    return found


def _ends(problem: Problem) -> Floats:
    """Return the spending on each lever beyond which none makes sense.

    More than the cheapest lever alone takes is never spent on another.
    """
    levers = problem.levers
    alone = [each.most for each in levers if each.alone.outcome == "found"]
    most = [1.01 * min(alone) if alone else each.most for each in levers]
    ends = [min(each.spending(each.limit), own) for each, own in zip(levers, most, strict=True)]
    return np.array(
        [
            each.cost * math.floor(end / each.cost + 1e-9) if each.span.lever.whole else end
            for each, end in zip(levers, ends, strict=True)
        ]
    )


def _reached(problem: Problem, spent: Floats) -> bool:
    return problem.chance(spent) >= problem.attain - CLOSE


def _in_boxes(
    problem: Problem, stepped: Sequence[int], smooth: Places, ends: Floats, within: float
) -> Cheapest:
    """Return the least spending by branch and bound over boxes of the stepped levers.

    P(goal) rises with every spending. Within a box, no mix costs less than its low corner and what
    the smooth levers take at its high corner; either corner, with what they take there, is a mix.
    Boxes that may hold a cheaper one are halved, those of whole numbers between two of them.
    """
    known: dict[tuple[float, ...], Floats | None] = {}
    near: list[Floats] = []

    def solved(corner: Floats) -> Floats | None:
        key = tuple(corner.tolist())
        if key not in known:
            spent = np.zeros(ends.size)
            spent[stepped] = corner
            mix = _on_smooth(problem, spent, smooth, ends, near[-1] if near else None)
            near.extend([] if mix is None else [mix])
            known[key] = mix
        return known[key]

    best, least_left = np.full(ends.size, math.nan), math.inf
    cost = math.inf
    count = 0
    boxes: list[tuple[float, int, Floats, Floats]] = [
        (0.0, count, np.zeros(len(stepped)), ends[stepped])
    ]
    while boxes:
        bound, _, low, high = heapq.heappop(boxes)
        if bound >= cost * (1 - within) or len(known) > MOST_SOLVED:
            least_left = min(least_left, bound)
            break
        corners = [solved(high), solved(low)]
        if corners[0] is None:
            continue  # nothing in the box is enough
        for spent in corners:
            if spent is not None and spent.sum() < cost:
                best, cost = spent, float(spent.sum())
        bound = float(low.sum() + corners[0][list(smooth)].sum())
        if bound >= cost * (1 - within):
            least_left = min(least_left, bound)
            continue
        for part in _halves(problem, stepped, low, high):
            count += 1
            heapq.heappush(boxes, (bound, count, *part))
    return Cheapest(best, max(1 - least_left / cost, 0.0))


def _halves(
    problem: Problem, stepped: Sequence[int], low: Floats, high: Floats
) -> Iterator[tuple[Floats, Floats]]:
    """Yield the two halves of a box along its widest side; none of a point."""
    side = int(np.argmax(high - low))
    if not high[side] > low[side]:
        return
    lever = problem.levers[stepped[side]]
    below = above = (low[side] + high[side]) / 2
    if lever.span.lever.whole:
        below = lever.cost * math.floor(below / lever.cost + 1e-9)
        above = below + lever.cost
    lower, upper = high.copy(), low.copy()
    lower[side], upper[side] = below, above
    yield low, lower
    yield upper, high


def _on_smooth(
    problem: Problem, spent: Floats, smooth: Places, ends: Floats, near: Floats | None
) -> Floats | None:
    """Return the least further spending on some levers that is enough; None where none is.

    Parameters
    ----------
    problem : Problem
    spent : (lever,) float
        On all other levers.
    smooth : sequence of int
        Places of these levers.
    ends : (lever,) float
    near : (lever,) float, optional
        An answer to nearly the same question, where to begin.
    """
    places = list(smooth)
    most = np.array(spent)
    most[places] = ends[places]
    if not _reached(problem, most):
        return None
    if _reached(problem, spent):
        return spent
    if len(places) == 1:
        share = _least(problem, lambda share: spent + share * (most - spent), ROOT)
        return problem.whole(spent + share * (most - spent))
    wanted = float(special.ndtri(problem.attain))
    scale = ends[places]

    def at(share: Floats) -> Floats:
        whole = np.array(spent)
        whole[places] = np.clip(share, 0.0, 1.0) * scale
        return whole

    def surplus(share: Floats) -> float:
        chance = np.clip(problem.chance(at(share)), LEAST, 1 - LEAST)
        return float(special.ndtri(chance)) - wanted

    def slopes(share: Floats) -> Floats:
        chance = np.clip(problem.chance(at(share)), LEAST, 1 - LEAST)
        density = math.exp(-(float(special.ndtri(chance)) ** 2) / 2) / math.sqrt(2 * math.pi)
        return np.asarray(problem.gains(at(share), places) * scale / density)

    weights = scale / scale.max()
    found: list[Floats] = []
    for begin in _starts(problem, at, places, None if near is None else near[places] / scale):
        answer: Any = optimize.minimize(
            lambda share: float(share @ weights),
            begin,
            jac=lambda _: weights,
            bounds=[(0.0, 1.0)] * len(places),
            constraints=[{"type": "ineq", "fun": surplus, "jac": slopes}],
            method="SLSQP",
            options={"ftol": PRECISE, "maxiter": 100},
        )
        enough = _enough(problem, at, answer.x)
        if enough is not None:
            found.append(at(enough))
    return min(found, key=lambda each: float(each.sum()), default=most)


def _starts(
    problem: Problem, at: Callable[[Floats], Floats], places: Places, near: Floats | None
) -> list[Floats]:
    """Return where to begin: nearby, or each lever alone, as far as it goes, and all together."""
    if near is not None:
        enough = _enough(problem, at, np.clip(near, 1e-3, 1.0))
        if enough is not None:
            return [enough]
    count = len(places)
    starts = [np.where(np.arange(count) == place, 1.0, 0.05) for place in range(count)]
    together = _enough(problem, at, np.full(count, 0.5))
    return [*starts, np.full(count, 0.5) if together is None else together]


def _enough(problem: Problem, at: Callable[[Floats], Floats], share: Floats) -> Floats | None:
    """Return shares scaled so that they just reach the goal; None where they cannot."""
    share = np.clip(share, 0.0, 1.0)
    if not share.any():
        return None
    most = 1 / float(share[share > 0].min())
    if not _reached(problem, at(np.minimum(share * most, 1.0))):
        return None
    part = _least(problem, lambda part: at(np.minimum(part * most * share, 1.0)), EDGE)
    return np.minimum(part * most * share, 1.0)


def _least(problem: Problem, spent: Callable[[float], Floats], within: float) -> float:
    """Return the least share of a spending that is enough; all of it is."""
    short, enough = 0.0, 1.0

    def excess(share: float) -> float:
        nonlocal short, enough
        over = problem.chance(spent(share)) - problem.attain
        if over >= -CLOSE:
            enough = min(enough, share)
        else:
            short = max(short, share)
        return over if abs(over) > CLOSE else 0.0

    crossing(excess, 0.0, 1.0, within)
    if excess(enough * (1 - NEARBY)) >= 0:  # a plateau just high enough: to the edge of its step
        while enough - short > within * enough:
            excess((short + enough) / 2)
    return enough


def _polished(
    problem: Problem, spent: Floats, stepped: Places, smooth: Places, ends: Floats
) -> Floats:
    """Return the spending without what a lever could do without, if the others stay.

    A mix just beyond the edge of a step is taken to it; then the smooth levers are solved anew.
    """
    for place in stepped:
        if not problem.levers[place].span.lever.whole:
            spent = spent * _share_of(problem, spent, place)
    without = np.array(spent)
    without[list(smooth)] = 0.0
    again = _on_smooth(problem, without, smooth, ends, None)
    return spent if again is None or again.sum() > spent.sum() else again


def _share_of(problem: Problem, spent: Floats, place: int) -> Floats:
    """Return which share of each spending is kept if one of them is the least that is enough."""

    def kept(share: float) -> Floats:
        shares = np.ones(spent.size)
        shares[place] = share
        return shares

    return kept(_least(problem, lambda share: spent * kept(share), EDGE))
