"""Which lever matters most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from funnelsim.report.levers import capital, lever_amount, lever_name, own_path
from funnelsim.report.plots.answers import (
    ACTIVITIES,
    Floats,
    answer,
    goal_unit,
    goal_words,
    small_print,
)
from funnelsim.report.plots.rows import column
from funnelsim.report.plots.style import (
    BLUE,
    HATCH,
    INK,
    SMALL,
    VERMILION,
    WHISKERS,
    finished,
    hundred,
    new_axes,
    percent_axis,
    shortened,
    styled,
)
from funnelsim.scenario.wording import parts_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MOST = 10  # levers in one picture
LONGEST = 24  # characters of a lever's name
ALIKE = 5e-4  # swings that differ by less are said to be equal
LOW, HIGH = 0, 1
ENDS = ((LOW, VERMILION, HATCH), (HIGH, BLUE, ""))
TOP = -0.85
MARGIN = 0.4  # to either side of the bars, over what these span: room for where ends stand
HEIGHT = 0.62  # of a row's bars


def tornado(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw how far each lever, moved alone from end to end, moves the probability of the goal.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.sensitivity` returns it; the ten levers that move most are drawn.
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
    >>> ranges = {"activity.per_quarter": (600, 900), "deal_size.cv": (0.4, 0.6)}
    >>> tornado(fs.sensitivity(fs.preset("sales_math"), ranges)).get_title()
    'Activities a quarter matter most:\n32 of 100 quarters at 600, 57 at 900'
    """
    now = float(answer(told, "goal_probability")[0])
    at, at_error = answer(told, "goal_probability_at")
    swing, _ = answer(told, "swing")
    largest, largest_error = answer(told, "largest_swing")
    ends, _ = answer(told, "lever_range")
    ax = ax or new_axes()
    paths = [str(path) for path in told["lever"].values]
    shown = np.arange(min(len(paths), MOST))
    currency = str(told.attrs["currency"])
    bends = largest > np.abs(swing)  # both bars on one side: each has half of the row
    for end, colour, hatch in ENDS:
        places = shown + np.where(bends[shown], (end - 0.5) * HEIGHT / 2, 0.0)
        ax.barh(
            places,
            at[shown, end] - now,
            np.where(bends[shown], HEIGHT / 2, HEIGHT),
            now,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
        )
        for row, place in zip(shown, places, strict=True):
            value = at[row, end]
            if at_error[row, end] > 0:
                ax.errorbar(value, place, xerr=WHISKERS * at_error[row, end], color=INK, capsize=3)
            right = value > now or (value == now and end == HIGH)
            ax.annotate(
                lever_amount(paths[row], ends[row, end], currency),
                (value + (1 if right else -1) * WHISKERS * at_error[row, end], place),
                (5 if right else -5, 0),
                textcoords="offset points",
                ha="left" if right else "right",
                va="center",
                color=colour,
                fontsize=SMALL,
                fontweight="bold",
            )
    ax.plot([now, now], [TOP + 0.3, len(shown) - 0.5], color=INK, linewidth=1.5)
    ax.text(now, TOP, f"now {hundred(now)} of 100", ha="center", va="center", color=INK)
    leaders = _leaders(largest, largest_error)
    labels = [_row_name(paths[row]) for row in shown]
    ax.set_yticks(shown, labels)
    ax.set_ylim(len(shown) - 0.4, TOP - 0.5)
    reach = WHISKERS * np.nan_to_num(at_error[shown])
    low, high = float(np.nanmin(at[shown] - reach)), float(np.nanmax(at[shown] + reach))
    margin = MARGIN * max(high - low, 0.02)
    ax.set_xlim(low - margin, high + margin)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    percent_axis(ax.xaxis)
    cells = [
        (float(row), f"{100 * largest[row]:.1f}" if bends[row] else f"{100 * swing[row]:+.1f}")
        for row in shown
    ]
    column(ax, 30, "swing\nof 100", cells, top=TOP)
    ax.set_xlabel(_tornado_note(told, largest, at_error))
    finished(ax, _tornado_message(told, leaders, paths, ends, [now, *at[0]]))
    for label in ax.get_yticklabels()[:leaders]:
        label.set_color(styled(INK))
        label.set_fontweight("bold")
    return ax


def _row_name(path: str) -> str:
    """Return a lever in words, that of a segment in a line of its own below it."""
    own = own_path(path)
    name = shortened(lever_name(own), LONGEST)
    segment = "" if own == path else (parts_of(path) or ("", ""))[1]
    return f"{name}\n{shortened(segment, LONGEST)}" if segment else name


def _leaders(swing: Floats, error: Floats) -> int:
    """Return how many of the sorted swings cannot be told from the largest."""
    near = swing[0] - swing <= np.maximum(ALIKE, WHISKERS * np.hypot(error[0], error))
    return int(np.argmin(near)) if not near.all() else len(near)


def _tornado_note(told: xr.Dataset, swing: Floats, errors: Floats) -> str:
    """Return what the axis shows, how ends look, and what was left out."""
    rest = ""
    if len(swing) > MOST:
        most = 100 * float(np.nanmax(swing[MOST:]))
        rest = f"\n{len(swing) - MOST} more levers, each a swing of {most:.1f} at most"
    return (
        f"{goal_words(told)}, one lever moved at a time\n"
        f"hatched: its lower end; plain: its higher end{rest}\n({small_print(told, errors)})"
    )


def _tornado_message(
    told: xr.Dataset, leaders: int, paths: list[str], ends: Floats, chances: list[float]
) -> str:
    """Return which lever matters most, or that several do alike, by chances now, low and high."""
    now, low, high = chances
    unit, least, most = goal_unit(told), min(chances), max(chances)
    if most - least < ALIKE:
        return "None of these levers matters"
    if leaders > 1 and now in (least, most):
        return (
            f"{leaders} levers matter most, and alike:\n"
            f"from {hundred(least)} to {hundred(most)} of 100 {unit}"
        )
    if leaders > 1:
        return (
            f"{leaders} levers matter most, and alike:\n{hundred(least)} of 100 {unit} "
            f"at one end, {hundred(most)} at the other"
        )
    name = capital(shortened(lever_name(paths[0]), LONGEST))
    verb = "matter" if paths[0] in ACTIVITIES else "matters"
    currency = str(told.attrs["currency"])
    start, stop = (lever_amount(paths[0], ends[0, end], currency) for end in (LOW, HIGH))
    if now in (least, most) and low != now != high:
        return (
            f"{name} {verb} most:\n{hundred(now)} of 100 {unit} now, {hundred(low)} at {start}, "
            f"{hundred(high)} at {stop}"
        )
    return (
        f"{name} {verb} most:\n{hundred(low)} of 100 {unit} at {start}, {hundred(high)} at {stop}"
    )
