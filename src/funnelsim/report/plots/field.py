"""A chance over two directions: shades, lines of equal chance, and where the plan stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from funnelsim.report.plots.answers import Floats
from funnelsim.report.plots.style import BLUE, INK, SKY, SMALL, hundred

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES = (0.2, 0.5, 0.9, 0.1, 0.3, 0.4, 0.6, 0.7)  # of equal chance, the most telling first
FEW = 3  # of them, where a glance should do
SHADES = LinearSegmentedColormap.from_list("chance", ["#FFFFFF", SKY, BLUE])
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.9}
NEAR = 0.02  # of a chance: a line so near to that of the target is none beside it
ROOM = 0.13  # of the axes, from one label of a line to the next

Place = tuple[float, float]


def draw_field(
    ax: Axes,
    x: Floats,
    y: Floats,
    chances: Floats,
    target: float,
    own: tuple[Place, float] | None,
    *,
    lines: int = len(LINES),
    crowded: bool = False,
) -> None:
    """Draw shades, lines and the plan itself.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : (place,) float
        Along the axes, rising.
    chances : (y, x) float
    target : float
        The chance whose line is the bold one.
    own : ((float, float), float), optional
        Where the plan stands, and the chance there.
    lines : int
        How many to draw beside that of the target.
    crowded : bool
        Whether there is little room, one map being beside others.
    """
    ax.pcolormesh(x, y, chances, shading="nearest", cmap=SHADES, vmin=0, vmax=1, rasterized=True)
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(y[0], y[-1])
    taken: list[Place] = []
    if own is not None:
        (along, up), here = own
        ax.plot(along, up, "D", color="white", markeredgecolor=INK, markersize=9)
        place = (along - x[0]) / np.ptp(x), (up - y[0]) / np.ptp(y)
        left = place[0] > 0.6
        ax.annotate(
            f"{hundred(here)}" if crowded else f"this plan: {hundred(here)}",
            (along, up),
            (-10 if left else 10, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=INK,
            fontsize=SMALL,
            fontweight="bold",
            bbox=PAPER,
        )
        width = 0.0 if crowded else 0.12
        side = -1 if left else 1
        taken += [(place[0] + side * (0.05 + k * width), place[1]) for k in range(3)]
    others = [each for each in LINES if abs(each - target) > NEAR][:lines]
    _draw_lines(ax, x, y, chances, (target, *others), taken, crowded=crowded)


def _draw_lines(
    ax: Axes,
    x: Floats,
    y: Floats,
    values: Floats,
    levels: Sequence[float],
    taken: list[Place],
    *,
    crowded: bool,
) -> None:
    """Draw lines of equal chance, the first one bold, and label each where there is room."""
    for level in levels:
        if not np.nanmin(values) < level < np.nanmax(values):
            continue
        bold = level == levels[0]
        drawn = ax.contour(x, y, values, [level], colors=[INK], linewidths=[2.6 if bold else 0.9])
        if not drawn.allsegs[0]:
            continue
        line = np.concatenate(drawn.allsegs[0])
        places = (line - [x[0], y[0]]) / [np.ptp(x), np.ptp(y)]
        room = 1.6 * ROOM if crowded else ROOM
        inside = ((places > 0.6 * room) & (places < 1 - 0.6 * room)).all(axis=1)
        free = np.full(len(places), np.inf)
        for label in taken:
            free = np.minimum(free, np.hypot(*(places - label).T))
        free[~inside] = 0.0
        best = int(np.argmax(free)) if taken else int(np.flatnonzero(inside)[:1].sum())
        if free[best] < room:
            continue
        taken.append((float(places[best, 0]), float(places[best, 1])))
        ax.text(
            float(line[best, 0]),
            float(line[best, 1]),
            f"{100 * level:.0f}",
            ha="center",
            va="center",
            color=INK,
            fontsize=SMALL + 2 * bold,
            fontweight="bold" if bold else "normal",
            bbox=PAPER,
        )
