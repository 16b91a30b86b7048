"""KPIs against quota, observed and if imposed, and what a policy's dose does."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.errors import ResultError
from funnelsim.report.numbers import with_error
from funnelsim.report.plots.answers import Floats, estimate
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
    apart,
    finished,
    hundred,
    made_with,
    new_axes,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

NONE, FLOOR = "none", "floor"
HIT, MISSED = 0, 1
PARTS = (  # of a column, from below: quota_outcome, in words, and how it looks
    ("made by\nrepeatable\ndeals", BLUE, "", BLUE),
    ("made only\nby luck", VERMILION, HATCH, VERMILION),
    ("missed", GREY, "", DARK),
)
STEP, MARGIN = 1.62, 0.17  # from one mosaic to the next, and beside it; each is 1 wide and 1 high
WIDE, HIGH = 0.17, 0.075  # what a number takes


def kpi_table(luck: xr.Dataset, *, lag: int = 0, ax: Axes | None = None) -> Axes:
    """Draw KPIs hit or missed against quota made or missed, as observed and if imposed.

    A column is as wide as its share of quarters, its parts as high as theirs of the column.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
    lag : int
        Quarters from the KPIs to the quota that they are held against.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the plan has no KPI, or the result no such lag.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.luck(fs.preset("sales_math"), draws=200, seed=1)
    >>> kpi_table(told).get_title().startswith("KPIs hit:")
    True
    """
    name = "kpi_quota_probability"
    observed, _ = estimate(luck, name, policy=NONE, lag=lag)
    tables = {NONE: observed}
    with suppress(ResultError):  # where nothing says what to impose, what was observed stands alone
        tables[FLOOR], _ = estimate(luck, name, policy=FLOOR, lag=lag)
    ax = ax or new_axes()
    for place, (policy, table) in enumerate(tables.items()):
        _mosaic(ax, place * STEP, table)
        made = hundred(float(table[:, :2].sum()))
        label = "observed, without a floor" if policy == NONE else f"if imposed:\n{_floor(luck)}"
        middle = place * STEP + 0.5
        ax.text(middle, -0.27, label, ha="center", va="top", color=INK, fontweight="bold")
        ax.text(middle, 1.28, f"{made} of 100 make quota", ha="center", color=INK)
    columns = np.cumsum(observed[HIT if observed[HIT].sum() > 0 else MISSED])
    columns /= columns[-1]
    middles = [(low + high) / 2 for low, high in zip([0.0, *columns], columns, strict=False)]
    shown = [
        k for k in range(len(PARTS)) if any(table[:, k].sum() > 0 for table in tables.values())
    ]
    for k, height in zip(shown, apart([middles[k] for k in shown], 0.3, 0.1, 0.95), strict=True):
        words, _, _, colour = PARTS[k]
        ax.text(
            -MARGIN,
            height,
            words,
            ha="right",
            va="center",
            color=colour,
            fontsize=SMALL,
            fontweight="bold",
            linespacing=1.0,
        )
    ax.set_xlim(-0.75, STEP * (len(tables) - 1) + 1 + MARGIN)
    ax.set_ylim(-0.5, 1.36)
    ax.set_xticks([])
    ax.yaxis.set_visible(False)
    ax.set_xlabel(_gap(luck, lag) + f"({_small_print(luck, tables, lag)})")
    finished(ax, _kpi_message(tables, lag))
    ax.spines["bottom"].set_visible(False)
    return ax


def _mosaic(ax: Axes, left: float, table: Floats) -> None:
    """Draw one table, (kpi_outcome, quota_outcome), with its frequencies of 100."""
    start = left
    for column, words in ((HIT, "KPIs hit"), (MISSED, "missed")):
        share = float(table[column].sum())
        if not share > 0:
            continue
        side = -1 if column == HIT else 1
        edge = left if column == HIT else left + 1
        align = "left" if column == HIT else "right"
        heights = table[column] / share
        middles = np.cumsum(heights) - heights / 2
        beside = []
        for (_, colour, hatch, _), height, middle, cell in zip(
            PARTS, heights, middles, table[column], strict=True
        ):
            ax.bar(
                start,
                height,
                share,
                middle - height / 2,
                align="edge",
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=1.5,
            )
            if share >= WIDE and height >= HIGH:
                boxed = {"facecolor": VERMILION, "edgecolor": "none", "pad": 1.5} if hatch else None
                ax.text(
                    start + share / 2,
                    middle,
                    hundred(cell),
                    ha="center",
                    va="center",
                    color=INK if colour == GREY else "white",
                    fontweight="bold",
                    bbox=boxed,
                )
            elif cell > 0:
                beside.append((float(middle), hundred(cell)))
        places = apart([middle for middle, _ in beside], 0.1, 0.04, 0.96)
        for place, (_, count) in zip(places, beside, strict=True):
            ax.text(
                edge + side * 0.03,
                place,
                count,
                ha="right" if side < 0 else "left",
                va="center",
                color=INK,
                fontsize=SMALL,
            )
        ax.text(edge, 1.03, f"{words}\n{hundred(share)}", ha=align, color=DARK, fontsize=SMALL)
        made = hundred(float(heights[:2].sum()))
        said = f"{made} %\nmake it"
        ax.text(edge, -0.03, said, ha=align, va="top", color=DARK, fontsize=SMALL)
        start += share


def _floor(luck: xr.Dataset) -> str:
    """Return the floor in question in words."""
    return f"{luck.attrs['policy_floor_per_week']:,} a week, {_kept(luck)}"


def _kept(luck: xr.Dataset) -> str:
    adherence = luck.attrs["policy_adherence"]
    return "always kept" if adherence == 1 else f"kept {100 * adherence:g} %"


def _small_print(luck: xr.Dataset, policies: Iterable[str], lag: int) -> str:
    """Return how far shares of all quarters, and of those with KPIs hit or missed, may be off."""
    names = ("kpi_quota_probability", "attainment_given_kpi")
    errors: list[float] = []
    for policy in policies:
        for name in names:
            with suppress(ResultError):
                errors += estimate(luck, name, policy=policy, lag=lag)[1].ravel().tolist()
    return made_with(luck.attrs["draws"], errors)


def _gap(luck: xr.Dataset, lag: int) -> str:
    """Return the gap between KPIs hit and missed beside that of identical reps."""
    try:
        gap, alike = (
            with_error(*(100 * float(each) for each in estimate(luck, name, **where)))
            for name, where in (
                ("kpi_gap", {"policy": NONE, "lag": lag}),
                ("kpi_gap_of_identical_reps", {"lag": lag}),
            )
        )
    except ResultError:
        return ""
    return f"observed gap {gap} points; identical reps would show {alike}\n"


def _kpi_message(tables: dict[str, Floats], lag: int) -> str:
    """Return what hitting goes with, and what imposing brings."""
    observed = tables[NONE]
    hit = "KPIs hit" if lag == 0 else f"{lag} quarter{'s' if lag > 1 else ''} after KPIs hit"
    kpi = observed.sum(axis=1)
    said = [
        f"{words}: {hundred(float(observed[k, :2].sum() / kpi[k]))} of 100 make quota"
        for k, words in ((HIT, hit), (MISSED, hit.replace("hit", "missed")))
        if kpi[k] > 0
    ]
    if len(said) > 1:
        said[MISSED] = f"missed: {said[MISSED].split(': ')[1].split()[0]}"
    message = "; ".join(said)
    if FLOOR in tables:
        before, after = (hundred(float(tables[each][:, :2].sum())) for each in (NONE, FLOOR))
        message += f".\nImposing the floor moves all from {before} to {after}"
    return message


def dose_response(luck: xr.Dataset, *, by: str = "floor", ax: Axes | None = None) -> Axes:
    """Draw what a floor does to P(attain), dose by dose, split in level and evenness.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
    by : str
        The dose: ``"floor"``, or ``"adherence"`` to the floor in question.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where nothing says which floor to impose.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.luck(fs.preset("sales_math"), draws=200, seed=1)
    >>> dose_response(told).get_ylabel()
    'more quarters of 100 make quota'
    """
    effects, errors = estimate(luck, f"{by}_effect")
    activities, _ = estimate(luck, f"{by}_activities_mean")
    ax = ax or new_axes()
    doses = luck[by].values.astype(float)
    level, evenness, policy = 100 * effects.T
    zero = np.zeros_like(doses)
    ax.fill_between(doses, zero, level, color=SKY, alpha=0.45, linewidth=0)
    ax.fill_between(
        doses, level, policy, facecolor="white", edgecolor=VERMILION, hatch=HATCH, linewidth=0
    )
    ax.plot(doses, level, "--", color=DARK, linewidth=1.5)
    ax.errorbar(
        doses,
        policy,
        yerr=WHISKERS * 100 * errors[:, 2],
        fmt="o-",
        color=BLUE,
        linewidth=2.5,
        markersize=4,
    )
    own = float(luck.attrs["policy_floor_per_week"]) if by == "floor" else doses[-1]
    place = int(np.argmin(np.abs(doses - own)))
    if by == "floor":
        ax.axvline(own, color=INK, linestyle=":", linewidth=1.2)
    low, high = ax.get_ylim()
    labels = [
        (policy[-1], f"in all {_signed(policy[-1])}", BLUE),
        ((level[-1] + policy[-1]) / 2, f"evenness {_signed(evenness[-1])}", VERMILION),
        (level[-1] / 2, f"level {_signed(level[-1])}", DARK),
    ]
    labels = [each for each in labels if np.isfinite(each[0])]
    heights = apart([each[0] for each in labels], 0.075 * (high - low), low, high)
    for height, (_, words, colour) in zip(heights, labels, strict=True):
        ax.annotate(
            words,
            (doses[-1], height),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontweight="bold",
        )
    _cost_ticks(ax, by, doses, activities - activities[0], place)
    ax.set_ylabel("more quarters of 100 make quota")
    ax.set_xlim(doses[0], doses[-1])
    errors_known = np.ravel(errors[np.isfinite(errors)])
    head = (
        f"floor, activities a week, {_kept(luck)}"
        if by == "floor"
        else f"weeks in which {_floor_of(luck)} is kept"
    )
    ax.set_xlabel(
        f"{head};\nbelow: what it costs in activities a quarter"
        f"\n({made_with(luck.attrs['draws'], errors_known)})"
    )
    kept = f"A floor of {own:,.0f} a week" if by == "floor" else "The floor always kept"
    message = f"{kept}: {_signed(policy[place])} of 100 quarters"
    if np.isfinite(level[place]):
        message += f",\n{_signed(level[place])} by level and {_signed(evenness[place])} by evenness"
    return finished(ax, message)


def _signed(change: float, digits: int = 1) -> str:
    return f"{round(change, digits) + 0.0:+.{digits}f}"  # no -0.0


def _floor_of(luck: xr.Dataset) -> str:
    return f"a floor of {luck.attrs['policy_floor_per_week']:,} a week"


def _cost_ticks(ax: Axes, by: str, doses: Floats, cost: Floats, own: int) -> None:
    """Label doses with what they cost: as many of them, the floor in question first, as fit."""
    reach = doses[-1] - doses[0]
    ticks: list[int] = []
    for k in (own, 0, len(doses) - 1, *range(len(doses))):
        if all(abs(doses[k] - doses[other]) > 0.11 * reach for other in ticks):
            ticks.append(k)
    ax.set_xticks(
        doses[ticks],
        [
            (f"{doses[k]:,.0f}" if by == "floor" else f"{100 * doses[k]:.0f} %")
            + f"\n{cost[k]:+,.0f}"
            for k in ticks
        ],
    )
