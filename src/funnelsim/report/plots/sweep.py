"""How often quota is made over a whole range: as suits the paths swept, or as curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from funnelsim.errors import ArgumentError, ResultError
from funnelsim.report.levers import lever_amount, lever_name
from funnelsim.report.plots.answers import (
    LONGEST,
    Floats,
    answer,
    lever_axis,
    lever_words,
    small_print,
)
from funnelsim.report.plots.maps import sweep_map, sweep_maps
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREEN,
    INK,
    SKY,
    SMALL,
    VERMILION,
    WHISKERS,
    apart,
    finished,
    hundred,
    new_axes,
    percent_axis,
    shortened,
)
from funnelsim.report.plots.swept import (
    MADE,
    NUMBERS,
    TARGET,
    crossing,
    not_own,
    over_quarters,
    own_value,
    paths_of,
    range_message,
    value_label,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

FEW = 6  # values of a path that are told apart as curves
TOP = 1.04  # leaves the uppermost label below the title
DOTTED = 40  # points of a curve that are marked one by one
CURVES = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (INK, ":"), (SKY, "-"), (DARK, "--"))


def sweep(told: xr.Dataset, *, target: float = TARGET, ax: Axes | None = None) -> Axes:
    r"""Draw a sweep over one, two or three paths as suits it.

    One path is a curve, two are a map with lines of equal chance, or curves where one of them has
    few values. A third one, that with the fewest values, makes several maps: the axes give way to
    one for each value, and the figure grows with them.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.sweep` returns it; the mean over its quarters is drawn.
    target : float
        The probability to point out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Of several maps the first.

    Raises
    ------
    ArgumentError
        Where there are more paths, or too many values of a third one.
    ResultError
        Where the result does not have P(attain).

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.sweep(fs.preset("sales_math"), {"activity.per_quarter": [500, 1_000, 1_500]})
    >>> sweep(told).get_title()
    '80 of 100 takes about 1,340 activities a quarter,\nnot 750'
    """
    answer(told, MADE)
    paths = paths_of(told)
    if not paths:
        raise ResultError("The result is of one plan: fs.sweep returns one of many.")
    if len(paths) > 3:
        raise ArgumentError(
            f"The sweep has {len(paths)} paths, a picture three at most: pick some, such as "
            f"told.isel({{'{paths[-1]}': 0}})."
        )
    if len(paths) == 3:
        return sweep_maps(told, target=target, ax=ax)
    few = len(paths) < 2 or min(told.sizes[path] for path in paths) <= FEW
    texts = any(told[path].dtype.kind not in NUMBERS for path in paths)
    return (sweep_curves if few or texts else sweep_map)(told, target=target, ax=ax)


def sweep_curves(told: xr.Dataset, *, target: float = TARGET, ax: Axes | None = None) -> Axes:
    """Draw how often quota is made along one path; a second one, of few values, makes curves.

    Bands are two standard errors to either side, of the mean over quarters at most.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.sweep` returns it, of one or two paths.
    target : float
        The probability to point out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the result does not have P(attain).
    """
    paths = paths_of(told)
    if len(paths) == 2 and _is_finer(told, paths[1], paths[0]):
        told, paths = told.transpose(*paths[::-1], ...), paths[::-1]
    along = paths[0]
    numeric = told[along].dtype.kind in NUMBERS
    told = told.sortby(along) if numeric else told
    values, errors = over_quarters(told)
    labels = told[along].values
    ax = ax or new_axes()
    places = labels.astype(float) if numeric else np.arange(len(labels), dtype=float)
    currency = str(told.attrs["currency"])
    curves = values.reshape(len(places), -1).T, errors.reshape(len(places), -1).T
    names = (
        [""]
        if len(paths) < 2
        else [value_label(paths[1], v, currency) for v in told[paths[1]].values]
    )
    marker = "o" if len(places) <= DOTTED else ""
    looks = [CURVES[place % len(CURVES)] for place in range(len(names))]
    for curve, error, (colour, line) in zip(*curves, looks, strict=True):
        low, high = (np.clip(curve + side * WHISKERS * error, 0, 1) for side in (-1, 1))
        if error.any():
            ax.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
        style = line if numeric else ""
        ax.plot(places, curve, linestyle=style, marker=marker, markersize=4, color=colour, lw=2.2)
    ax.axhline(target, color=DARK, linewidth=1, linestyle=(0, (1, 2)))
    ax.set_ylim(0, TOP)
    ax.set_yticks(np.linspace(0, 1, 6))
    percent_axis(ax.yaxis)
    ax.set_ylabel("quarters that make quota")
    if len(paths) == 2:
        _name_curves(ax, names, looks, [curve[-1] for curve in curves[0]], lever_name(paths[1]))
    if numeric:
        ax.xaxis.set_major_locator(MaxNLocator(6))
        if len(places) > 1:
            ax.set_xlim(places[0], places[-1])
        lever_axis(ax.xaxis, along, currency)
    else:
        ax.set_xticks(places, [shortened(str(label), 14) for label in labels])
        ax.set_xlabel(lever_name(along))
    ax.set_xlabel(f"{ax.get_xlabel()}\n({small_print(told, errors)})")
    own = own_value(told, along) if numeric else None
    if len(paths) == 1 and numeric:
        _mark_curve(ax, places, curves[0][0], own, target)
        return finished(ax, _curve_message(told, along, places, curves[0][0], own, target))
    if numeric:
        return finished(ax, _curves_message(told, paths, places, curves[0], target))
    return finished(ax, range_message(values))


def _is_finer(told: xr.Dataset, path: str, other: str) -> bool:
    """Return whether a path rather than the other one should be the axis."""
    return (told[path].dtype.kind in NUMBERS, told.sizes[path]) > (
        told[other].dtype.kind in NUMBERS,
        told.sizes[other],
    )


def _name_curves(
    ax: Axes,
    names: Sequence[str],
    looks: Sequence[tuple[str, str]],
    ends: Sequence[float],
    head: str,
) -> None:
    """Write the value of each curve beside its end."""
    heights = apart([float(np.nan_to_num(end)) for end in ends], 0.06, 0.03, 0.9)
    for name, end, height, (colour, _) in zip(names, ends, heights, looks, strict=True):
        ax.annotate(
            name,
            (1.0, float(np.nan_to_num(end))),
            (1.03, height),
            xycoords=ax.get_yaxis_transform(),
            textcoords=ax.get_yaxis_transform(),
            va="center",
            color=colour,
            fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8, "relpos": (0.0, 0.5)},
        )
    words = shortened(head, LONGEST)
    ax.text(1.03, 0.985, words, transform=ax.transAxes, va="center", color=INK, fontsize=SMALL)


def _mark_curve(ax: Axes, places: Floats, curve: Floats, own: float | None, target: float) -> None:
    """Mark the plan on its curve, and where the target is reached."""
    enough = crossing(places, curve, target)
    if enough is not None:
        ax.plot([enough, enough], [0, target], ":", color=VERMILION, linewidth=1.5)
        ax.plot(enough, target, "o", color=VERMILION, markersize=9)
    if own is not None and places[0] <= own <= places[-1]:
        here = float(np.interp(own, places, curve))
        ax.plot(own, here, "D", color="white", markeredgecolor=INK, markersize=9)
        left = own > (places[0] + places[-1]) / 2
        rises = curve[-1] >= curve[0]
        ax.annotate(
            f"this plan: {hundred(here)} of 100",
            (own, here),
            (-12 if left else 12, (9 if left else -9) * (1 if rises else -1)),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=INK,
            fontweight="bold",
        )


def _curve_message(
    told: xr.Dataset, path: str, places: Floats, curve: Floats, own: float | None, target: float
) -> str:
    """Return what the target takes, or what the range gives."""
    enough = crossing(places, curve, target)
    if enough is None:
        return range_message(curve)
    currency = str(told.attrs["currency"])
    takes = lever_words(path, enough, currency, about=True)
    return f"{hundred(target)} of 100 takes {takes}{not_own(path, own, enough, currency)}"


def _curves_message(
    told: xr.Dataset, paths: list[str], places: Floats, curves: Floats, target: float
) -> str:
    """Return what the target takes on the first and last curve that get there."""
    currency = str(told.attrs["currency"])
    reached = [
        (value, enough)
        for value, curve in zip(told[paths[1]].values, curves, strict=True)
        if (enough := crossing(places, curve, target)) is not None
    ]
    if not reached:
        return range_message(curves)
    (first, most), (last, least) = reached[0], reached[-1]
    takes = lever_words(paths[0], most, currency, about=True)
    name = shortened(lever_name(paths[1]), LONGEST)
    message = f"{hundred(target)} of 100 takes {takes}\nat {name} "
    message += value_label(paths[1], first, currency)
    if len(reached) > 1:
        other = lever_amount(paths[0], float(f"{least:.3g}"), currency)
        message += f", {other} at {value_label(paths[1], last, currency)}"
    return message
