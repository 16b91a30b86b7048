"""How often quota is made, and what more activity does for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnelsim.analysis.tally import REACHES
from funnelsim.report.numbers import short_money
from funnelsim.report.plots.samples import quarter_of
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    VERMILION,
    finished,
    money_axis,
    new_axes,
    percent_axis,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

BINS, BINS_TO_QUOTA, MOST_BINS = 40, 10, 200
SPIKE = 0.01  # share of quarters without a deal that is worth a label


def bookings(result: xr.Dataset, *, quarter: int = 1, ax: Axes | None = None) -> Axes:
    """Draw how a quarter's bookings spread about its quota.

    Parameters
    ----------
    result : xarray.Dataset
        Samples, as :func:`funnelsim.simulate` returns them.
    quarter : int
        Which quarter, counted from 1.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        Where the result does not have this quarter.
    ResultError
        Where it holds no samples, or reps of several quotas.

    Examples
    --------
    >>> import funnelsim as fs
    >>> result = fs.simulate(fs.preset("sales_math"), draws=1_000, seed=1)
    >>> bookings(result).get_xlabel()
    'bookings of the quarter'
    """
    own, quota = quarter_of(result, quarter, "bookings")
    ax = ax or new_axes()
    amounts = own["bookings"].values.ravel()
    currency = result.attrs["currency"]
    made = amounts >= quota * REACHES
    probability = float(made.mean())

    # Bins end at the quota, so that no bar stands on both sides of it. The farthest 0.5 % are cut.
    far = max(float(np.quantile(amounts, 0.995)), 1.5 * quota)
    width = quota / min(max(round(BINS * quota / far), 1), BINS_TO_QUOTA)
    edges = REACHES * width * np.arange(min(math.ceil(far / width), MOST_BINS) + 1)
    shares = np.histogram(amounts, edges)[0] / amounts.size
    colours = [BLUE if edge >= quota * REACHES else GREY for edge in edges[:-1]]
    ax.bar(edges[:-1], shares, 0.9 * width, align="edge", color=colours)

    tallest = float(shares.max())
    ax.set_ylim(0, 1.3 * tallest)
    ax.plot([quota, quota], [0, 1.15 * tallest], color=INK, linewidth=1.5)
    ax.text(quota, 1.18 * tallest, f"quota {short_money(quota, currency)}", ha="center", color=INK)
    for side, share, verb, colour in (
        (-1, 1 - probability, "miss it", DARK),
        (1, probability, "make it", BLUE),
    ):
        ax.text(
            quota + side * 0.4 * width,
            1.12 * tallest,
            f"{100 * share:.0f} % {verb}",
            ha="left" if side > 0 else "right",
            va="top",
            color=colour,
            fontweight="bold",
        )
    without = float((amounts == 0).mean())
    if without > SPIKE:
        label = f"no deal\n{100 * without:.0f} %"
        ax.text(0.45 * width, shares[0], label, ha="center", va="bottom", color=DARK, fontsize=9)
    ax.set_xlabel("bookings of the quarter")
    money_axis(ax.xaxis, currency)
    ax.yaxis.set_visible(False)
    return finished(ax, f"{10 * probability:.1f} of 10 quarters make quota")


def attainment_by_activity(
    curve: xr.Dataset,
    *,
    now: float | None = None,
    goal: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw P(attain) against activities a quarter.

    Parameters
    ----------
    curve : xarray.Dataset
        ``attainment_probability`` along ``activities``.
    now : float, optional
        The plan's activities a quarter, to be marked.
    goal : (float, float), optional
        Activities and the probability that they give, to be marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import funnelsim as fs
    >>> from funnelsim.analysis.sweep.sweep import sweep
    >>> swept = sweep(fs.preset("sales_math"), {"activity.per_quarter": [500, 750, 1_000]})
    >>> curve = swept.isel(segment=0).mean("quarter")
    >>> curve = curve.rename({"activity.per_quarter": "activities"})
    >>> attainment_by_activity(curve, now=750).get_xlabel()
    'activities a quarter'
    """
    ax = ax or new_axes()
    activities = curve["activities"].values
    probability = curve["attainment_probability"].values
    ax.plot(activities, probability, color=BLUE, linewidth=2.5)
    ax.set_xlim(0, activities.max())
    ax.set_ylim(0, 1)
    title = "More activity, more quarters that make quota"
    marks = []
    if now is not None:
        marks.append((now, float(np.interp(now, activities, probability)), DARK))
    if goal is not None:
        marks.append((*goal, VERMILION))
        title = f"{100 * goal[1]:.0f} % takes {math.ceil(goal[0]):,} activities"
        title += f", not {now:,.0f}" if now is not None else ""
    for level, height, colour in marks:
        ax.plot([level, level, 0], [0, height, height], ":", color=colour, linewidth=1.5)
        ax.plot(level, height, "o", color=colour, markersize=8)
        ax.annotate(
            f"{math.ceil(level):,} activities: {100 * height:.0f} %",
            (level, height),
            (-9, 7),
            textcoords="offset points",
            ha="right",
            color=colour,
            fontweight="bold",
        )
    ax.set_xlabel("activities a quarter")
    ax.set_ylabel("quarters that make quota")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    percent_axis(ax.yaxis)
    return finished(ax, title)


def demo(
    samples: xr.Dataset, curve: xr.Dataset, *, now: float, goal: tuple[float, float]
) -> Figure:
    """Draw side by side what a plan gives and what more certainty takes; return the figure.

    Parameters are those of :func:`bookings` and :func:`attainment_by_activity`. The figure is not
    known to pyplot, so that no window can open.
    """
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12)
    figure = Figure(figsize=(11, 4.6), dpi=150, layout=layout)
    left, right = figure.subplots(1, 2)
    bookings(samples, ax=left)
    attainment_by_activity(curve, now=now, goal=goal, ax=right)
    return figure
