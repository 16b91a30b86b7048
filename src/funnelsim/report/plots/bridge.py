"""What leads from one plan to another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from funnelsim.report.numbers import short_money
from funnelsim.report.plots.answers import answer, goal_unit, goal_words, small_print
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    HATCH,
    INK,
    VERMILION,
    WHISKERS,
    finished,
    hundred,
    money_axis,
    new_axes,
    percent_axis,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

LONGEST = 24  # characters of a factor's or plan's name
NOTHING = 5e-4  # relative to the larger end: a contribution that is said to be none


def bridge(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw what each changed factor contributes on the way from one plan to another.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.bridge` returns it.
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
    >>> plan = fs.preset("sales_math")
    >>> told = fs.bridge(plan, plan.replace({"stages.won.conversion": 0.40}))
    >>> bridge(told).get_title()
    'From 45 to 57 of 100 quarters:\nwon conversion adds 11.9'
    """
    start, start_error = (float(each) for each in answer(told, "bridge_start"))
    end, end_error = (float(each) for each in answer(told, "bridge_end"))
    shares, errors = answer(told, "contribution")
    ax = ax or new_axes()
    factors = [str(name) for name in told["factor"].values]
    own, other = (str(told.attrs[name]) for name in ("title", "other_title"))
    if own == other:
        own, other = "the plan", "the other plan"
    before = start + np.concatenate([[0.0], np.cumsum(shares)[:-1]])
    bars = [(0.0, start, start_error, own, DARK, "")]
    for name, low, share, error in zip(factors, before, shares, errors, strict=True):
        look = (VERMILION, HATCH) if share < 0 else (BLUE, "")
        bars.append((float(low), float(share), float(error), name, *look))
    bars.append((0.0, end, end_error, other, DARK, ""))
    for row, (low, width, error, _, colour, hatch) in enumerate(bars):
        total = row in (0, len(bars) - 1)
        ax.barh(row, width, 0.62, low, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        if error > 0:
            ax.errorbar(low + width, row, xerr=WHISKERS * error, color=INK, capsize=3)
        if row < len(bars) - 1:  # where the next one starts
            ax.plot([low + width] * 2, [row - 0.31, row + 1.31], color=INK, linewidth=0.8)
        ax.annotate(
            _amount(told, width, total),
            (max(low, low + width) + WHISKERS * error, row),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK if total else colour,
            fontweight="bold",
        )
    ax.set_yticks(range(len(bars)), [shortened(bar[3], LONGEST) for bar in bars])
    ax.set_ylim(len(bars) - 0.4, -0.6)
    highest = max(start, end, *(before + np.maximum(shares, 0.0)))
    lowest = min(0.0, *before, *(before + shares))
    ax.set_xlim(lowest, highest + 0.16 * (highest - lowest))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    if told.attrs["amount_of"] == "probability":
        percent_axis(ax.xaxis)
        found = small_print(told, np.array([start_error, end_error, *errors]))
        label = goal_words(told)
    else:
        money_axis(ax.xaxis, str(told.attrs["currency"]))
        exactly = told.attrs["method"] == "exact"
        found = "computed exactly" if exactly else f"{int(told.attrs['draws']):,} draws"
        label = "mean bookings of a quarter"
    ax.set_xlabel(f"{label}\n(each factor: the mean over all orders of changing them; {found})")
    return finished(ax, _message(told, factors, shares.tolist(), start, end))


def _amount(told: xr.Dataset, amount: float, total: bool) -> str:
    """Return an amount as a bar says it: totals plain, contributions with their sign."""
    if told.attrs["amount_of"] == "probability":
        return f"{hundred(amount)} of 100" if total else f"{100 * amount:+.1f}"
    text = short_money(abs(amount), str(told.attrs["currency"]))
    return text if total else f"{'-' if amount < 0 else '+'}{text}"


def _message(
    told: xr.Dataset, factors: list[str], shares: list[float], start: float, end: float
) -> str:
    """Return where the bridge leads, and what contributes most."""
    currency = str(told.attrs["currency"])
    if told.attrs["amount_of"] == "probability":
        lead = f"From {hundred(start)} to {hundred(end)} of 100 {goal_unit(told)}"
    else:
        low, high = (short_money(each, currency) for each in (start, end))
        lead = f"From {low} to {high} a quarter"
    largest = max(range(len(shares)), key=lambda k: abs(shares[k]), default=-1)
    if largest < 0 or math.isclose(shares[largest], 0.0, abs_tol=NOTHING * max(start, end)):
        return f"{lead}:\nno factor contributes"
    amount = _amount(told, shares[largest], total=False).lstrip("+-")
    verb = "adds" if shares[largest] > 0 else "takes"
    most = " most" if len(shares) > 1 else ""
    return f"{lead}:\n{shortened(factors[largest], LONGEST)} {verb}{most}, {amount}".replace(
        f"{verb}, ", f"{verb} "
    )
