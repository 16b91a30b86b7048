"""What the company books against its target, and what takes plans away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnelsim.errors import ResultError
from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    HATCH,
    INK,
    PALE,
    SKY,
    SMALL,
    VERMILION,
    WHISKERS,
    finished,
    hundred,
    made_with,
    money_axis,
    new_axes,
)
from funnelsim.writing import whole_file

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

ROOM = 1.16  # above the widest band, for the shares
MOST_LABELS = 8  # of periods that have their share written above them
TAKES = {
    "attrition": "reps who leave",
    "vacancies": "their empty seats",
    "ramp": "ramp",
    "market": "market",
    "uncertainty": "uncertain numbers",
    "late hires": "late hires",
}


def company_bookings(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how the company's bookings spread about their target, period by period.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.team` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where no segment books anything.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.25})
    >>> company_bookings(fs.team(plan, draws=1_000, seed=1)).get_ylabel()
    'bookings of the company'
    """
    if "company_bookings_quantile" not in told:
        raise ResultError("The result has no company bookings: fs.team returns them.")
    ax = ax or new_axes()
    by = "year" if "year" in told.dims else "quarter"
    numbers = told[by].values
    edges = np.append(numbers - 0.5, numbers[-1] + 0.5)
    spread = told["company_bookings_quantile"]

    def quantile(probability: float) -> np.ndarray:
        return np.asarray(spread.sel(probability=probability).values)

    def stepped(values: np.ndarray) -> np.ndarray:
        return np.append(values, values[-1])

    for low, high, colour, said in (
        (0.1, 0.9, PALE, "8 of 10"),
        (0.25, 0.75, SKY, "half"),
    ):
        ends = stepped(quantile(low)), stepped(quantile(high))
        ax.fill_between(edges, *ends, step="post", color=colour, label=said, linewidth=0)
    ax.hlines(quantile(0.5), edges[:-1], edges[1:], color=BLUE, linewidth=2, label="middle")
    top = ROOM * max(float(quantile(0.9).max()), float(np.max(told.get("target", 0))))
    message, label = "What the company books", by
    if "plan_probability" in told:
        made = told["plan_probability"].values
        targets = stepped(told["target"].values)
        ax.step(edges, targets, "--", where="post", color=VERMILION, linewidth=2, label="target")
        step = -(-len(numbers) // MOST_LABELS)
        for number, share in list(zip(numbers, made, strict=True))[::step]:
            ax.text(number, 0.99 * top, hundred(share), ha="center", va="top", color=INK,
                    fontweight="bold")  # fmt: skip
        whole = hundred(float(made.mean()))
        message = f"{whole} of 100 {by}s make the plan"
        label = f"{by}  (at the top: how many of 100 make the plan)"
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, top)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlabel(label)
    ax.set_ylabel("bookings of the company")
    money_axis(ax.yaxis, str(told.attrs["currency"]))
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4, frameon=False, fontsize=SMALL,
        labelcolor=DARK, handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip
    return finished(ax, message)


def causes(told: xr.Dataset, *, period: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw what each cause takes from how often the plan is made.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.team` returns it.
    period : int, optional
        Quarter or year, counted from 1; the last by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the plan has no target, or nothing takes from it.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace(
    ...     {"headcount": 10, "plan.over_assignment": 1.25, "market.cv": 0.3})
    >>> causes(fs.team(plan, draws=1_000, seed=1)).get_yticklabels()[0].get_text()
    'market'
    """
    name = "effect_on_plan_probability"
    if name not in told:
        raise ResultError("The result has no effect on the plan: state [plan], and fs.team.")
    ax = ax or new_axes()
    by = "year" if "year" in told.dims else "quarter"
    period = int(told[by].values[-1]) if period is None else period
    effects = told[name].sel({by: period}).sortby(told[name].sel({by: period}))
    errors = told[name + STANDARD_ERROR].sel({by: period}).sel(cause=effects["cause"])
    names = [str(cause) for cause in effects["cause"].values]
    taken = 100 * effects.values
    whiskers = 100 * WHISKERS * errors.values
    for row, (points, whisker) in enumerate(zip(taken, whiskers, strict=True)):
        colour, hatch = (VERMILION, HATCH) if points < 0 else (BLUE, "")
        ax.barh(row, points, 0.6, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        ax.errorbar(points, row, xerr=whisker, color=INK, capsize=3)
        ax.annotate(
            f"{round(points, 1) + 0.0:+.1f}",
            (max(points + whisker, 0.0), row),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontweight="bold",
        )
    ax.axvline(0, color=DARK, linewidth=0.8)
    ax.set_yticks(range(len(names)), [TAKES.get(each, each) for each in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    low, high = min(0.0, float((taken - whiskers).min())), max(0.0, float((taken + whiskers).max()))
    ax.set_xlim(low - 0.03 * (high - low), high + 0.2 * (high - low))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}" if value else "0"))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    small = made_with(int(told.attrs["draws"]), errors.values.tolist())
    ax.set_xlabel(f"plans made of 100, less the same worlds without it\n({by} {period}; {small})")
    first = TAKES.get(names[0], names[0])
    if taken[0] + whiskers[0] < 0:
        message = f"{first[0].upper()}{first[1:]}: {-taken[0]:.0f} of 100 plans lost"
    else:
        message = "Nothing measurably takes plans away"
    return finished(ax, message)


def save_team_picture(told: xr.Dataset, path: str | os.PathLike[str]) -> None:
    """Draw the company's bookings, with what takes from them where that is known, as ``.png``.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.team` returns it.
    path : path

    Raises
    ------
    ResultError
        Where no segment books anything.
    """
    with whole_file(path) as part:
        team_picture(told).savefig(part, format="png")


def team_picture(told: xr.Dataset) -> Figure:
    """Return a figure, unknown to pyplot, of the company's bookings and what takes from them."""
    both = "effect_on_plan_probability" in told
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12)
    figure = Figure(figsize=(11.5 if both else 7, 4.8), dpi=150, layout=layout)
    axes = figure.subplots(1, 1 + both, squeeze=False)[0]
    company_bookings(told, ax=axes[0])
    if both:
        causes(told, ax=axes[1])
    return figure
