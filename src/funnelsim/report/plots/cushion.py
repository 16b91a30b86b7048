"""Cushion and diversification: what a larger team evens out, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from funnelsim.report.plots.answers import Floats, answer, signed, small_print
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    SKY,
    VERMILION,
    WHISKERS,
    apart,
    finished,
    hundred,
    new_axes,
    percent_axis,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

CERTAINTY = 0.9
ROOM = 0.35  # of the width: what a label takes
LABEL = 0.055  # of the height: labels at least so far apart
RISKS = {"neither": GREY, "own skill": SKY, "shared uncertainty": VERMILION, "shared market": BLUE}
STYLES = {"neither": "-", "own skill": "--", "shared uncertainty": "-", "shared market": "-."}


def cushion(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw P(plan) by over-assignment, for the plan's team and others, shared luck and without.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.cushion` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 8, "market.cv": 0.2})
    >>> cushion(fs.cushion(plan, draws=500, seed=1)).get_xlabel().split(chr(10))[0]
    'sum of quotas over target, less 1'
    """
    chances, errors = answer(told, "cushion_plan_probability")
    over = told["over_assignment"].values - 1
    sizes = [int(each) for each in told["reps"].values]
    own = int(told.attrs["own_reps"])
    ax = ax or new_axes()
    place = sizes.index(own) if own in sizes else len(sizes) - 1
    if chances.shape[0] > 1:
        label = f"{sizes[place]} reps, if they shared no risk"
        ax.plot(over, chances[1, place], "--", color=VERMILION, linewidth=2, zorder=5, label=label)
    for k, size in reversed(list(enumerate(sizes))):
        mine = k == place
        colour = BLUE if mine else DARK if size > sizes[place] else GREY
        style = ":" if k == 0 and not mine else "-"
        ax.plot(over, chances[0, k], style, color=colour, linewidth=2.8 if mine else 1.5,
                zorder=3 + mine, label=f"{size} rep{'' if size == 1 else 's'}")  # fmt: skip
        if mine:
            spread = WHISKERS * errors[0, k]
            ax.fill_between(over, chances[0, k] - spread, chances[0, k] + spread, color=colour,
                            alpha=0.2, linewidth=0)  # fmt: skip
    ax.legend(loc="lower right", frameon=False, labelcolor=DARK)
    stated = float(told.attrs["own_over_assignment"])
    here = float(np.interp(stated - 1, over, chances[0, place]))
    ax.plot(stated - 1, here, "D", color="white", markeredgecolor=INK, markersize=9, zorder=6)
    left = stated - 1 - over[0] > ROOM * (over[-1] - over[0])
    ax.annotate(
        f"this plan: {hundred(here)} of 100",
        (stated - 1, here),
        (-16, 7) if left else (14, -9),
        textcoords="offset points",
        ha="right" if left else "left",
        color=INK,
        fontweight="bold",
    )
    ax.axhline(CERTAINTY, color=DARK, linewidth=1, linestyle=(0, (1, 2)))
    ax.set_xlim(over[0], over[-1])
    ax.set_ylim(0, 1.04)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{signed(100 * value)} %"))
    percent_axis(ax.yaxis)
    ax.set_ylabel(f"{told.attrs['by']}s that make the plan")
    ax.set_xlabel(f"sum of quotas over target, less 1\n({small_print(told, errors)})")
    return finished(ax, _cushion_message(told, stated, here, place))


def _cushion_message(told: xr.Dataset, mine: float, here: float, place: int) -> str:
    said = f"{_over(mine)} make the plan in {hundred(here)} of 100"
    sure = float(told["certainty"].values[-1])
    needed = told["cushion_needed"].values[:, place, -1]
    if not np.isfinite(needed[0]):
        return said
    said += f";\n{100 * sure:.4g} takes {100 * (needed[0] - 1):+.0f} %"
    if len(needed) > 1 and np.isfinite(needed[1]):
        said += f", {100 * (needed[1] - 1):+.0f} % if reps shared no risk"
    return said


def _over(over_assignment: float) -> str:
    """Return quotas against their target.

    Examples
    --------
    >>> _over(1.2), _over(0.9), _over(1.0)
    ('Quotas 20 % above target', 'Quotas 10 % below target', 'Quotas that sum to the target')
    """
    distance = round(100 * (over_assignment - 1))
    if not distance:
        return "Quotas that sum to the target"
    return f"Quotas {abs(distance)} % {'above' if distance > 0 else 'below'} target"


def diversification(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how often a team makes its share of quota by its size, for each kind of risk.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.diversification` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.diversification(fs.preset("sales_math"), reps=[1, 10], draws=500, seed=1)
    >>> diversification(told).get_xscale()
    'log'
    """
    chances, errors = answer(told, "risk_plan_probability")
    sizes = told["reps"].values.astype(float)
    risks = [str(each) for each in told["risk"].values]
    ax = ax or new_axes()
    for k, risk in enumerate(risks):
        ax.errorbar(
            sizes,
            chances[k],
            yerr=WHISKERS * errors[k],
            color=DARK if risk == "neither" else RISKS[risk],
            linestyle=STYLES[risk],
            linewidth=2.2,
            marker="o",
            markersize=4,
            capsize=3,
        )
    ends = [float(each[-1]) for each in chances]
    heights = apart(ends, LABEL * _span(chances), 0.0, max(ends))
    for k, risk in enumerate(risks):
        ax.annotate(risk, (sizes[-1], heights[k]), (9, 0), textcoords="offset points", va="center",
                    color=DARK if risk == "neither" else RISKS[risk], fontweight="bold",
                    annotation_clip=False)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    percent_axis(ax.yaxis)
    share, cv = float(told.attrs["share"]), float(told.attrs["cv"])
    ax.set_ylabel(f"quarters with {100 * share:.4g} % of quotas or more")
    spread = f"{100 * cv:.4g} % spread of each kind"
    ax.set_xlabel(f"reps in the team\n({spread}; {small_print(told, errors)})")
    own, shared = (
        float(chances[risks.index(risk), -1]) for risk in ("own skill", "shared uncertainty")
    )
    return finished(
        ax,
        f"Reps even out their own luck: {hundred(own)} of 100 with {sizes[-1]:.0f}.\n"
        f"What all of them share remains: {hundred(shared)} of 100",
    )


def _span(chances: Floats) -> float:
    return float(max(chances.max() - chances.min(), 0.2))
