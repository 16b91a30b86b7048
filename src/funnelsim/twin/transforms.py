"""Transforms of what one deal is worth, by way in and kind of rep, where they are evaluated.

Derived in docs/background/exact.md, "Sums of unlike deals".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.twin.fourier import DAMPING, Complexes, Floats, line
from funnelsim.twin.lattice import Lattice
from funnelsim.twin.sizes import Amount, amount_of
from funnelsim.twin.ways import Way

MOST_SIZES = 160  # different multipliers of sizes whose transforms are kept


@dataclass(frozen=True)
class Points:
    """Where a transform is evaluated.

    Attributes
    ----------
    s : (point,) complex
    key : tuple
        Tells the points from others.
    smooth : bool
        Whether deals of continuous laws are part of the sum; else the event is that there are none.
    """

    s: Complexes
    key: tuple[float, ...]
    smooth: bool = True


NOWHERE = Points(np.ones(1, dtype=np.complex128), (), smooth=False)  # the event of no deal at all


def on_line(scale: float, points: int, *, smooth: bool = True) -> Points:
    """Return the points of a line (:class:`funnelsim.twin.fourier.Line`)."""
    return Points(line(scale, points).s, (scale, points), smooth)


def on_circle(lattice: Lattice) -> Points:
    """Return the points of the circle of a lattice."""
    k = np.arange(lattice.size // 2 + 1)
    s = (DAMPING + 2j * np.pi * k) / (lattice.size * lattice.unit)
    return Points(np.asarray(s, np.complex128), (lattice.unit, lattice.size), smooth=False)


def less_by_way(way: Way, stage: int, at: Points, part: slice, *, ordinary: bool) -> Complexes:
    """Return 1 - E exp(-s size) of an opportunity that gets to a stage, (node, point).

    Parameters
    ----------
    way : Way
    stage : int
    at : Points
    part : slice
        Of the points.
    ordinary : bool
        Whether only ordinary deals count, whales being worth nothing.
    """
    total, less = np.zeros(way.size.size), np.zeros((1, 1), dtype=np.complex128)
    for factor, rest in way.sizes_at(stage).items():
        own = less_of(way, factor, at, part, ordinary=ordinary)
        total, less = total + rest, less + rest[:, None] * own
    return np.asarray(less * _inverse(total)[:, None])


def less_of(way: Way, factor: float, at: Points, part: slice, *, ordinary: bool) -> Complexes:
    """Return 1 - E exp(-s size) of deals whose size assists have multiplied, (node or 1, point)."""
    law, whale = amount_of(way.deal_size), way.deal_size.whale
    less = 1 - transforms(law, at, part, way.size * factor)
    if whale is None or not way.whales.any():
        return less
    if ordinary:
        return np.asarray(less * (1 - way.whales[:, None]))
    lucky = 1 - transforms(law, at, part, way.size * factor * whale.multiple)
    return np.asarray(less + way.whales[:, None] * (lucky - less))


def transforms(law: Amount, at: Points, part: slice, factors: Floats) -> Complexes:
    """Return E exp(-s factor X) for every factor, (factor or 1, point); 0 for what must not be."""
    s = at.s[part]
    if not at.key or not (at.smooth or law.is_discrete):
        return np.zeros((1, s.size), dtype=np.complex128)
    unique, which = np.unique(factors, return_inverse=True)
    if unique.size > MOST_SIZES:
        rows = np.stack([law.whole(s * factor) for factor in unique])
    else:
        rows = np.stack([law.at(at.key, at.s, float(factor))[part] for factor in unique])
    return rows[which] if unique.size > 1 else rows


def moments_of(way: Way, stage: int, *, whales: bool = True) -> tuple[Floats, Floats]:
    """Return mean and second moment of a size at a stage, (node,)."""
    law, whale = amount_of(way.deal_size), way.deal_size.whale
    total, first, second = np.zeros((3, way.size.size))
    for factor, rest in way.sizes_at(stage).items():
        total += rest
        first += rest * factor * way.size * law.mean
        second += rest * (factor * way.size) ** 2 * law.second
    first, second = first * _inverse(total), second * _inverse(total)
    if whale is not None and whales:
        first = first * (1 + way.whales * (whale.multiple - 1))
        second = second * (1 + way.whales * (whale.multiple**2 - 1))
    return first, second


def _inverse(values: Floats) -> Floats:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
