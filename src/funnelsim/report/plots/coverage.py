"""How much pipeline is enough, beside the rule of three times the quota."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from funnelsim.errors import ArgumentError, ResultError
from funnelsim.report.plots.answers import Floats, answer
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREEN,
    INK,
    SKY,
    SMALL,
    VERMILION,
    apart,
    finished,
    hundred,
    new_axes,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

RULE = 3.0
DEALS = "deals in a quota: quota over mean deal"
RULE_OF_THUMB = "long dashes at 3x: the rule of thumb"
TICKS = 0.08  # of the axis, from one tick to the next
MOST = 5  # curves
LOOKS = ((BLUE, "-"), (GREEN, "-."), (DARK, "--"), (SKY, "-"), (INK, ":"))
MARKS = (1, 2, 3, 5, 10, 20, 50, 100)  # times the quota


def coverage(told: xr.Dataset, *, certainty: float = 0.8, ax: Axes | None = None) -> Axes:
    """Draw the pipeline that a certainty takes, by deals in a quota and win rate.

    The axis is the same whichever certainty of the result is drawn.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.coverage` returns it.
    certainty : float
        One of those asked for.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        Where the result does not have this certainty.
    ResultError
        Where the result does not tell.

    Examples
    --------
    >>> import funnelsim as fs
    >>> coverage(fs.coverage(fs.preset("sales_math"))).get_title()[:33]
    'Here 80 of 100 takes a pipeline o'
    """
    every = answer(told, "coverage_needed")[0]
    known = [float(each) for each in told["certainty"].values]
    if certainty not in known:
        raise ArgumentError(f"certainty = {certainty}: the result has {known}.")
    ax = ax or new_axes()
    place = known.index(certainty)
    _draw(ax, told, every, place)
    _mark_own(ax, told, place)
    ax.set_xlabel(f"{DEALS}\n({RULE_OF_THUMB}; computed exactly)")
    return finished(ax, _message(told, certainty, place))


def _draw(ax: Axes, told: xr.Dataset, every: Floats, place: int) -> None:
    """Draw the curves of a certainty, on axes that suit those of all."""
    needed = every[..., place]
    deals, rates = (told[name].values.astype(float) for name in ("deals", "win_rate"))
    picked = np.unique(np.linspace(0, len(rates) - 1, min(MOST, len(rates))).round().astype(int))
    low, top = 0.55 * min(float(every[picked].min()), RULE), 1.15 * float(every[picked].max())
    for row, (colour, line) in zip(picked, LOOKS, strict=False):
        ax.plot(deals, needed[row], line, color=colour, marker="o", markersize=4, lw=2)
    ax.axhline(RULE, color=VERMILION, linewidth=1.8, linestyle=(0, (5, 2)))
    ax.set_xscale("log")
    ax.set_xlim(deals[0], deals[-1] if len(deals) > 1 else 2 * deals[0])
    ax.xaxis.set_major_locator(FixedLocator(_spaced(deals).tolist()))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    ax.set_yscale("log")
    ax.set_ylim(low, top)
    ax.yaxis.set_major_locator(FixedLocator(MARKS))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}x"))
    ax.set_ylabel("pipeline over quota")
    ends = needed[picked, -1]
    scale = np.log([low, top])
    heights = apart(((np.log(ends) - scale[0]) / np.ptp(scale)).tolist(), 0.055, 0.03, 1.0)
    for row, end, height, (colour, _) in zip(picked, ends, heights, LOOKS, strict=False):
        ax.annotate(
            f"{100 * rates[row]:.3g} % won",
            (1.0, float(end)),
            (1.04, height),
            xycoords=ax.get_yaxis_transform(),
            textcoords="axes fraction",
            va="center",
            color=colour,
            fontsize=SMALL,
            fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8, "relpos": (0.0, 0.5)},
        )


def _spaced(deals: Floats) -> Floats:
    """Return the values that a tick can stand at without touching the one before it."""
    kept = [float(deals[0])]
    for each in deals[1:].tolist():
        if math.log(each / kept[-1]) >= TICKS * math.log(deals[-1] / deals[0]):
            kept.append(each)
    return np.array(kept)


def _mark_own(ax: Axes, told: xr.Dataset, place: int) -> None:
    """Mark what the plan's own win rate and quota take."""
    try:
        own = float(answer(told, "own_coverage_needed")[0][place])
    except ResultError:
        return
    deals, rate = float(told.attrs["own_deals"]), float(told.attrs["own_win_rate"])
    low, high = ax.get_xlim()
    if not low <= deals <= high:
        return
    ax.plot(deals, own, "D", color="white", markeredgecolor=INK, markersize=9, zorder=4)
    middle = np.log(deals / low) / np.log(high / low)
    ax.annotate(
        f"this plan, {100 * rate:.3g} % won: {own:.1f}x",
        (deals, own),
        (min(max(float(middle), 0.02), 0.98), 0.04),
        textcoords="axes fraction",
        ha="left" if middle < 0.17 else "right" if middle > 0.83 else "center",
        color=INK,
        fontsize=SMALL,
        fontweight="bold",
        arrowprops={"arrowstyle": "-", "color": INK, "lw": 0.8, "shrinkB": 5},
    )


def _message(told: xr.Dataset, certainty: float, place: int) -> str:
    """Return what the plan's own case takes, or else what the table ranges over."""
    try:
        own = float(answer(told, "own_coverage_needed")[0][place])
        thrice = float(answer(told, "own_three_times_probability")[0])
    except ResultError:
        needed = answer(told, "coverage_needed")[0][..., place]
        low, high = float(needed.min()), float(needed.max())
        return f"{100 * certainty:.4g} of 100 takes a pipeline of {low:.1f} to {high:.0f} quotas"
    return (
        f"Here {100 * certainty:.4g} of 100 takes a pipeline of {own:.1f}x the quota;\n"
        f"3x makes it in {hundred(thrice)} of 100 quarters"
    )
