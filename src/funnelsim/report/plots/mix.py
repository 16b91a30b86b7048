"""The mix of levers that reaches a goal at least cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnelsim.analysis.levers.levers import lever_of
from funnelsim.report.levers import lever_amount, lever_name
from funnelsim.report.numbers import scale_of
from funnelsim.report.plots.answers import Floats, answer
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    HATCH,
    INK,
    SKY,
    SMALL,
    VERMILION,
    finished,
    new_axes,
    shortened,
)
from funnelsim.results.files import scenario_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

LONGEST = 24  # characters of a lever's name
LOOKS = ((BLUE, ""), (VERMILION, HATCH), (SKY, ""), (GREEN, "...."), (GREY, ""), (DARK, "xx"))
SAVES = 0.005  # relative: less than this is said to save nothing


def mix(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw what the cheapest mix costs, lever by lever, beside what each lever costs alone.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.cheapest_mix` returns it.
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
    >>> plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
    >>> costs = {"activity.per_quarter": 1.0, "stages.won.conversion": 2_000.0}
    >>> mix(fs.cheapest_mix(plan, costs, attain=0.8)).get_title()
    '80 of 100 costs 442 with the mix,\n9 % less than conversion to won alone'
    """
    values, _ = answer(told, "mix_value")
    costs, _ = answer(told, "mix_cost")
    alone_values, _ = answer(told, "alone_value")
    alone, _ = answer(told, "alone_cost")
    ax = ax or new_axes()
    paths, currency = [str(path) for path in told["lever"].values], str(told.attrs["currency"])
    names = [shortened(lever_name(path), LONGEST) for path in paths]
    plan = scenario_of(told)
    now = [lever_amount(path, lever_of(plan, path).value, currency) for path in paths]
    known = [each for each in (float(costs.sum()), *alone) if math.isfinite(each)]
    longest = max([*known, 1e-12])
    left = 0.0
    moves = []
    for place, cost in enumerate(np.nan_to_num(costs)):
        colour, hatch = LOOKS[place]
        ax.barh(0, cost, 0.6, left, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        left += float(cost)
        if cost > 0:
            goal = lever_amount(paths[place], float(values[place]), currency)
            moves.append(f"{names[place]} {now[place]} → {goal}")
    found = told.attrs["outcome"] == "found"
    said = _cost(left) if found else str(told.attrs["outcome"])
    ax.annotate(said, (left, 0), (6, 0), textcoords="offset points", va="center", color=INK,
                fontweight="bold")  # fmt: skip
    for place, cost in enumerate(alone):
        colour, hatch = LOOKS[place]
        width = float(cost) if math.isfinite(cost) else 0.0
        ax.barh(place + 1, width, 0.6, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        goal = lever_amount(paths[place], float(alone_values[place]), currency)
        words = f"{_cost(width)}: {now[place]} → {goal}" if math.isfinite(cost) else "not enough"
        ax.annotate(words, (width, place + 1), (6, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=SMALL)  # fmt: skip
    rows = ["the mix", *(f"{name}\nalone" for name in names)]
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.42 * longest)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _cost(value)))
    ax.set_xlabel("\n".join(["cost", *(f"in the mix: {each}" for each in moves)][: 1 + len(LOOKS)]))
    return finished(ax, _message(told, names, left, alone))


def _cost(cost: float) -> str:
    """Return a cost in few characters; its measure is the planner's own."""
    rounded = float(f"{cost:.3g}")
    size, letter = scale_of(rounded)
    return f"{rounded / size:g}{letter}"


def _message(told: xr.Dataset, names: list[str], total: float, alone: Floats) -> str:
    """Return what the mix costs, and what it saves."""
    wanted = f"{100 * float(told.attrs['attain']):.4g} of 100"
    if told.attrs["outcome"] != "found":
        return f"{wanted} is {told.attrs['outcome']}"
    if not np.isfinite(alone).any():
        return f"{wanted} costs {_cost(total)} with the mix;\nno lever is enough alone"
    best = int(np.nanargmin(alone))
    saved = 1 - total / float(alone[best])
    if saved < SAVES:
        return f"{wanted} costs {_cost(total)}:\n{names[best]} alone is cheapest"
    return (
        f"{wanted} costs {_cost(total)} with the mix,\n"
        f"{100 * saved:.0f} % less than {names[best]} alone"
    )
