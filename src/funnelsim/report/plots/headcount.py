"""How many reps a plan takes: P(plan) as the team grows, and what else might be done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnelsim.analysis.sizing.company import COMPANY
from funnelsim.errors import ArgumentError
from funnelsim.report.plots.answers import Floats, answer, signed, small_print
from funnelsim.report.plots.rows import dots
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    VERMILION,
    WHISKERS,
    apart,
    finished,
    hundred,
    new_axes,
    percent_axis,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

EDGE = 0.01  # of a probability: beyond it the curve is as good as flat
TOP = 1.06  # leaves the uppermost label below the title
APART, BELOW = 0.055, 0.03  # of labels, in probability
ROOM = 0.25  # of the width: what a label takes
LONGEST = 34  # characters of a step


def headcount(told: xr.Dataset, *, segment: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw P(plan) by the number of reps, and the numbers that it takes.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.headcount` returns it.
    segment : str, optional
        Which one grows; by default all in proportion, or the only one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        Where the result does not have the segment.
    ResultError
        Where the result does not tell.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.2})
    >>> told = fs.headcount(plan, probability=0.9, draws=500, seed=1)
    >>> headcount(told).get_ylabel()
    'years that make the plan'
    """
    answer(told, "size_plan_probability")
    names = [str(each) for each in told["segment"].values]
    segment = segment or (COMPANY if COMPANY in names else names[0])
    if segment not in names:
        raise ArgumentError(f"segment = {segment!r}: the result has {', '.join(names)}.")
    row = names.index(segment)
    chances, errors = answer(told.isel(segment=[row]), "size_plan_probability")
    reps = told["reps"].values
    known = np.isfinite(chances)
    now = int(told["headcount_now"].values[row])
    ax = ax or new_axes()
    ax.fill_between(
        reps[known],
        (chances - WHISKERS * errors)[known],
        (chances + WHISKERS * errors)[known],
        color=BLUE,
        alpha=0.2,
        linewidth=0,
    )
    ax.plot(reps[known], chances[known], color=BLUE, linewidth=2.4, marker="o", markersize=3.5)
    needed = told["headcount_needed"].values[row]
    for certainty in told["certainty"].values:
        ax.axhline(certainty, color=DARK, linewidth=1, linestyle=(0, (1, 2)))
    _mark(ax, needed, told["certainty"].values, chances)
    ax.plot(now, chances[now], "D", color="white", markeredgecolor=INK, markersize=9)
    _look_at(ax, chances[known], [now, *needed])
    low, high = ax.get_xlim()
    words = f"now {now}: {hundred(float(chances[now]))}"
    _say(ax, now, chances[now], words, INK, right=now - low < ROOM * (high - low))
    percent_axis(ax.yaxis)
    ax.set_ylabel(f"{told.attrs['by']}s that make the plan")
    ax.set_xlabel(f"reps on day 0{_who(segment, names)}\n({small_print(told, errors[known])})")
    return finished(ax, _message(told, row, now, float(chances[now])))


def next_steps(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw what each next step does to P(plan), the strongest on top.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.next_step` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.1})
    >>> next_steps(fs.next_step(plan, draws=500, seed=1)).get_yticklabels()[-1].get_text()
    'a point of win rate'
    """
    change, errors = answer(told, "step_plan_probability_change")
    order = np.argsort(-change, kind="stable")
    names = [shortened(str(told["step"].values[k]), LONGEST) for k in order]
    ax = ax or new_axes()
    rows = range(len(order))
    sure = np.abs(change) > 3 * errors
    colours = [BLUE if sure[k] else GREY for k in order]
    ax.axvline(0, color=DARK, linewidth=1)
    dots(ax, 100 * change[order], 100 * errors[order], rows, colours)
    for place, k in zip(rows, order, strict=True):
        ax.annotate(
            f"{100 * change[k]:+.1f}",
            (100 * (change[k] + WHISKERS * errors[k]), place),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    ax.set_yticks(rows, names)
    ax.set_ylim(len(order) - 0.4, -0.6)
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.12 * (high - low))
    ax.xaxis.set_major_formatter(FuncFormatter(signed))
    period = f"{told.attrs['by']}s"
    ax.set_xlabel(f"more of 100 {period} that make the plan\n({small_print(told, errors)})")
    best = order[0]
    now = float(answer(told, "period_plan_probability")[0].min())
    name = shortened(str(told["step"].values[best]), LONGEST)
    message = (
        f"Strongest: {name},\nfrom {hundred(now)} to {hundred(now + change[best])} of 100"
        if sure[best]
        else "No step moves the plan\nbeyond what chance explains"
    )
    return finished(ax, message)


def _mark(ax: Axes, needed: Floats, certainties: Floats, chances: Floats) -> None:
    """Mark how many reps each certainty takes; one mark for those that take as many."""
    marks = {
        fewest: [hundred(each) for each in certainties[needed == fewest]]
        for fewest in np.unique(needed[np.isfinite(needed)])
    }
    places = [float(chances[int(fewest)]) for fewest in marks]
    heights = apart([place - BELOW for place in places], APART, 0.0, TOP)
    for (fewest, wanted), place, height in zip(marks.items(), places, heights, strict=True):
        ax.plot([fewest, fewest], [0, place], ":", color=VERMILION)
        ax.plot(fewest, place, "o", color=VERMILION, markersize=10)
        _say(ax, fewest, height + BELOW, f"{fewest:.0f} for {' and '.join(wanted)}", VERMILION,
             right=True)  # fmt: skip


def _say(ax: Axes, x: float, y: float, words: str, colour: str, *, right: bool) -> None:
    ax.annotate(
        words,
        (x, y),
        (11, -11) if right else (-11, 9),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=colour,
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def _who(segment: str, names: list[str]) -> str:
    """Return which reps they are."""
    if len(names) <= 2:
        return ""
    if segment == COMPANY:
        return ", all segments in proportion"
    return f" in {shortened(segment, 20)}, others as they are"


def _look_at(ax: Axes, chances: Floats, marks: list[float]) -> None:
    """Show the part of the curve that rises, and all marks."""
    busy = np.flatnonzero((chances > EDGE) & (chances < 1 - EDGE))
    known = [mark for mark in marks if math.isfinite(mark)]
    ends = [*known, *(busy[[0, -1]].tolist() if busy.size else [])]
    low, high = min(ends), max(ends)
    ax.set_xlim(low - 0.5, min(high, 2.5 * max(known)) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(0, TOP)
    ax.set_yticks(np.linspace(0, 1, 6))


def _message(told: xr.Dataset, row: int, now: int, chance: float) -> str:
    """Return what the highest certainty takes."""
    certainty = float(told["certainty"].values[-1])
    needed = float(told["headcount_needed"].values[row, -1])
    wanted = f"{100 * certainty:.4g} of 100"
    if math.isnan(needed):
        return f"{wanted} is out of reach of the reps tried;\nnow {now} reps: {hundred(chance)}"
    low, high = told["headcount_interval"].values[row, -1]
    sure = "" if low == high or math.isnan(high) else f" ({low:.0f} to {high:.0f})"
    if needed <= now:
        return f"{wanted} takes {needed:.0f} reps{sure};\nthere are {now}: {hundred(chance)} of 100"
    return f"{wanted} takes {needed:.0f} reps{sure},\nnot {now}: those make {hundred(chance)}"
