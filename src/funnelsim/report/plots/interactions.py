"""What levers do alone, and what they do together with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from funnelsim.report.levers import capital, lever_name
from funnelsim.report.plots.answers import answer
from funnelsim.report.plots.style import (
    BLUE,
    HATCH,
    INK,
    SMALL,
    VERMILION,
    WHISKERS,
    finished,
    new_axes,
    percent_axis,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MOST = 10  # levers in one picture
LONGEST = 24  # characters of a lever's name


def interactions(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw how much of the spread of the goal's probability goes with each lever.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.sensitivity` returns it with ``interactions=True``; the ten levers with
        the largest total are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the result does not tell.

    Examples
    --------
    >>> import funnelsim as fs
    >>> ranges = {"activity.per_quarter": (100, 1_500), "stages.won.conversion": (0.1, 0.9)}
    >>> told = fs.sensitivity(fs.preset("sales_math"), ranges, interactions=True)
    >>> interactions(told).get_title()
    'Activities a quarter: 60 of 100 of the spread alone,\n67 with the others'
    """
    alone, _ = answer(told, "first_order_index")
    total, error = answer(told, "total_index")
    spread = float(answer(told, "goal_probability_sd")[0])
    ax = ax or new_axes()
    order = np.argsort(-np.nan_to_num(total), kind="stable")[:MOST]
    rows = np.arange(order.size)
    own = np.clip(alone[order], 0.0, None)
    more = np.clip(total[order] - own, 0.0, None)
    ax.barh(rows, own, 0.6, color=BLUE, edgecolor="white", linewidth=0)
    ax.barh(rows, more, 0.6, own, color=VERMILION, hatch=HATCH, edgecolor="white", linewidth=0)
    for row, place in zip(rows, order, strict=True):
        end = float(own[row] + more[row])
        ax.errorbar(end, row, xerr=WHISKERS * error[place], color=INK, capsize=3)
        ax.annotate(
            f"{100 * own[row]:.0f} alone, {100 * total[place]:.0f} in all",
            (end + WHISKERS * float(error[place]), row),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=SMALL,
        )
    names = [shortened(lever_name(str(told["lever"].values[place])), LONGEST) for place in order]
    ax.set_yticks(rows, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 1.45 * max(float(np.nanmax(total + WHISKERS * error)), 0.05))
    percent_axis(ax.xaxis)
    ax.set_xlabel(
        "share of the variance of P(goal), all levers anywhere in their ranges\n"
        "plain: with the lever alone; hatched: together with others\n"
        f"(standard deviation {100 * spread:.1f} of 100; computed exactly, ranges sampled)"
    )
    first, last = (f"{100 * each[order[0]]:.0f}" for each in (alone, total))
    return finished(
        ax, f"{capital(names[0])}: {first} of 100 of the spread alone,\n{last} with the others"
    )
