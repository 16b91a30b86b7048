"""What windfalls and the other kinds of luck do to a quarter's bookings."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator

from funnelsim.analysis.tally import REACHES
from funnelsim.report.numbers import short_money
from funnelsim.report.plots.answers import Floats, estimate
from funnelsim.report.plots.rows import column
from funnelsim.report.plots.samples import quarter_of
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    HATCH,
    INK,
    SKY,
    SMALL,
    VERMILION,
    WHISKERS,
    finished,
    hundred,
    made_with,
    money_axis,
    new_axes,
    percent_axis,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

BINS_TO_QUOTA, FARTHEST = 10, 4  # quotas: what lies beyond stands in one bar
LABELS = {
    "skill": "skill",
    "market": "the market",
    "activity": "weekly activity",
    "entry": "entry into the funnel",
    "delay": "timing of closes",
    "size": "deal sizes",
    "whale": "whales",
    "windfall": "windfalls",
    "parameter": "uncertain numbers",
    "team": "reps who leave",
    "assist": "assists",
}


def windfalls(samples: xr.Dataset, *, quarter: int = 1, ax: Axes | None = None) -> Axes:
    """Draw how a quarter's bookings spread about its quota, and which only windfalls lift over it.

    Parameters
    ----------
    samples : xarray.Dataset
        As :func:`funnelsim.simulate` returns them.
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
    >>> samples = fs.simulate(fs.preset("sales_math").variant("whales"), draws=1_000, seed=1)
    >>> windfalls(samples).get_title().startswith("Quota is made in")
    True
    """
    own, quota = quarter_of(samples, quarter, "bookings", "repeatable_bookings")
    ax, currency = ax or new_axes(), str(samples.attrs["currency"])
    amounts, repeatable = (
        own[name].values.ravel() / quota for name in ("bookings", "repeatable_bookings")
    )
    made, alone = amounts >= REACHES, repeatable >= REACHES
    only = made & ~alone

    # Bins end at the quota, so that no bar stands on both sides of it.
    far = min(max(float(np.quantile(amounts, 0.995)), 1.5), FARTHEST)
    bins = math.ceil(far * BINS_TO_QUOTA)
    edges = REACHES * np.arange(bins + 1) / BINS_TO_QUOTA
    beyond = bins + 1  # one bar of its own, a step apart
    left = quota / BINS_TO_QUOTA * np.array([*range(bins), beyond])
    bottom = np.zeros(bins + 1)
    for part, colour, hatch in ((~made, GREY, ""), (alone, BLUE, ""), (only, VERMILION, HATCH)):
        counts = np.append(np.histogram(amounts[part], edges)[0], (amounts[part] > edges[-1]).sum())
        ax.bar(
            left,
            counts / amounts.size,
            0.9 * quota / BINS_TO_QUOTA,
            bottom,
            align="edge",
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
        )
        bottom += counts / amounts.size

    tallest = float(bottom.max())
    ax.set_ylim(0, 1.6 * tallest)
    ax.plot([quota, quota], [0, 1.5 * tallest], color=INK, linewidth=1.5)
    ax.text(quota, 1.52 * tallest, f"quota {short_money(quota, currency)}", ha="center", color=INK)
    shares = {name: float(part.mean()) for name, part in (("made", made), ("only", only))}
    said = [(-1, 0, f"missed\n{hundred(1 - shares['made'])} of 100", DARK)]
    said += [(1, 0, f"made by repeatable deals\n{hundred(float(alone.mean()))} of 100", BLUE)]
    lucky = _lucky_deals(own)
    if lucky:
        said += [(1, 1, f"made only by {lucky}\n{hundred(shares['only'])} of 100", VERMILION)]
    for side, row, text, colour in said:
        ax.text(
            quota * (1 + side * 0.06),
            (1.48 - 0.24 * row) * tallest,
            text,
            ha="left" if side > 0 else "right",
            va="top",
            color=colour,
            fontsize=SMALL,
            fontweight="bold",
        )
    ax.xaxis.set_major_locator(FixedLocator([quota * k for k in range(math.floor(far) + 1)]))
    money_axis(ax.xaxis, currency)
    ax.text(
        left[-1] + 0.45 * quota / BINS_TO_QUOTA,
        bottom[-1],
        "more",
        ha="center",
        va="bottom",
        color=DARK,
        fontsize=SMALL,
    )
    errors = (math.sqrt(share * (1 - share) / amounts.size) for share in shares.values())
    ax.set_xlabel(f"bookings of the quarter\n({made_with(amounts.size, errors)})")
    ax.yaxis.set_visible(False)
    message = f"Quota is made in {hundred(shares['made'])} of 100 quarters"
    if lucky:
        message += f",\nin {hundred(shares['only'])} of them only by {lucky}"
    return finished(ax, message)


def _lucky_deals(samples: xr.Dataset) -> str:
    """Return what the windfall bookings of a plan consist of."""
    kinds = [name for name in ("windfall", "whale") if samples[f"{name}s"].any()]
    return " or ".join(f"a {kind}" for kind in kinds)


def variance_by_source(luck: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw what each kind of luck adds to the variance of bookings and of making quota.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the shares are missing, for instance because sizes have no variance.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.luck(fs.preset("sales_math"), draws=200, seed=1)
    >>> variance_by_source(told).get_title().startswith("Largest share of the spread:")
    True
    """
    bookings, error = estimate(luck, "bookings_variance_share")
    made, made_error = estimate(luck, "attainment_variance_share")
    ax = ax or new_axes()
    sources = [str(name) for name in luck["source"].values]
    absent = (bookings == 0) & (made == 0)
    shown = np.flatnonzero(~absent)
    rows = np.arange(len(shown))
    largest = shown[int(np.argmax(bookings[shown]))]
    bars = np.maximum(bookings[shown], 0.0)  # chance may take a share of nothing below 0
    ax.barh(rows, bars, 0.6, color=[BLUE if k == largest else SKY for k in shown])
    for values, spread, marker, colour in (
        (bookings, error, "", INK),
        (made, made_error, "D", VERMILION),
    ):
        ax.errorbar(
            np.maximum(values[shown], 0.0),
            rows,
            xerr=WHISKERS * spread[shown],
            linestyle="",
            marker=marker,
            color=colour,
            markerfacecolor="white",
        )
    ax.set_yticks(rows, [_label(sources[k]) for k in shown])
    ax.set_ylim(len(shown) - 0.4, -1.1)
    ax.set_xlim(left=0.0)
    percent_axis(ax.xaxis)
    for points, values, head, colour in (  # columns of numbers beside the axes
        (36, bookings, "■ bookings", BLUE),
        (98, made, "◇ quota", VERMILION),
    ):
        numbers = [f"{100 * max(values[k], 0.0):.1f} %" for k in shown]
        column(ax, points, head, zip(rows, numbers, strict=True), top=-0.75, colour=colour)
    without = [_label(sources[k]) for k in np.flatnonzero(absent)]
    note = f"share of the variance; in this plan none from {', '.join(without)}" if without else ""
    small_print = made_with(luck.attrs["draws"], [*error[shown], *made_error[shown]])
    ax.set_xlabel(textwrap.fill(note or "share of the variance", 60) + f"\n({small_print})")
    return finished(ax, _sources_message(sources, bookings, made))


def _sources_message(sources: list[str], bookings: Floats, made: Floats) -> str:
    """Return what spreads bookings most, and what decides most about the quota."""
    most, decides = (int(np.nanargmax(values)) for values in (bookings, made))
    message = f"Largest share of the spread: {_label(sources[most])}, {_whole(bookings[most])}"
    if decides != most:
        share = _whole(made[decides])
        return f"{message}.\nOf making quota: {_label(sources[decides])}, {share}"
    if "activity" in sources and sources[most] != "activity":
        activity = float(bookings[sources.index("activity")])
        return f"{message}.\nWeekly activity adds {_whole(activity)}"
    return message


def _label(source: str) -> str:
    """Return a source in words: ``outcome.demo`` is whether the demo is reached."""
    if source.startswith("outcome."):
        return f"{shortened(source.removeprefix('outcome.'), 22)} or not"
    return LABELS.get(source, source)


def _whole(share: float) -> str:
    number = f"{100 * share:.0f}" if share >= 0.01 else f"{100 * max(share, 0.0):.1f}"
    return f"{number}\N{NO-BREAK SPACE}%"
