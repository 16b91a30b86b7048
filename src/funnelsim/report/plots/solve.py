"""What a target takes: the value of a lever, and the mix of levers that costs least."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator
from scipy.interpolate import PchipInterpolator

from funnelsim.analysis.levers.levers import lever_of
from funnelsim.errors import FunnelsimError
from funnelsim.report.levers import capital, lever_amount, lever_name
from funnelsim.report.plots.answers import (
    ACTIVITIES,
    Floats,
    answer,
    goal_words,
    lever_axis,
    lever_words,
    small_print,
)
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    INK,
    VERMILION,
    WHISKERS,
    finished,
    hundred,
    new_axes,
    percent_axis,
    shortened,
)
from funnelsim.results.files import scenario_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

LONGEST = 26  # characters of a lever's name
TOP = 1.04  # leaves the uppermost label below the title
ASIDE = 0.45  # of the way between the lowest and the highest mark: shown beyond them
ALL_OF_IT = 0.02  # a curve is shown up to where it changes by no more than this


def curve(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw the chance along a lever, the target, and the value that reaches it.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.solve` returns it.
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
    >>> curve(fs.solve(fs.preset("sales_math"), "activity.per_quarter", attain=0.80)).get_title()
    '80 of 100 takes 1,296 activities a quarter,\nnot 750'
    """
    chances, errors = answer(told, "curve_probability")
    solved, _ = (float(each) for each in answer(told, "solved_value"))
    low, high = (float(each) for each in answer(told, "solved_interval")[0])
    path, target = str(told.attrs["path"]), float(told.attrs["attain"])
    currency = str(told.attrs["currency"])
    values = told["tried"].values.astype(float)
    now = _now(told, path)
    ax = ax or new_axes()
    window = _window(values, chances, [solved, now, low, high])
    if len(values) > 1:
        fine = np.linspace(values[0], values[-1], 2) if len(values) < 3 else _fine(values, window)
        line = np.clip(PchipInterpolator(values, chances)(fine), 0, 1)
        ax.plot(fine, line, color=BLUE, linewidth=2.4)
        if errors.any():
            spread = WHISKERS * PchipInterpolator(values, errors)(fine)
            ax.fill_between(fine, line - spread, line + spread, color=BLUE, alpha=0.2, linewidth=0)
    ax.plot(values, chances, "o", color=BLUE, markersize=3.5)
    ax.axhline(target, color=DARK, linewidth=1, linestyle=(0, (1, 2)))
    rises = chances[-1] >= chances[0]
    if math.isfinite(solved):
        reached = float(answer(told, "solved_probability")[0])  # above the target after a step
        ax.plot([solved, solved], [0, reached], ":", color=VERMILION, linewidth=1.5)
        ax.plot(solved, reached, "o", color=VERMILION, markersize=10)
        if told.attrs["method"] == "simulated" and math.isfinite(low + high):
            ax.errorbar(
                solved,
                reached,
                xerr=[[max(solved - low, 0.0)], [max(high - solved, 0.0)]],
                color=VERMILION,
                elinewidth=2.5,
                capsize=6,
            )
        amount = lever_amount(path, _enough(path, solved, rises=rises), currency)
        _say(ax, solved, reached, amount, VERMILION, left=rises, above=True)
    if now is not None and window[0] <= now <= window[1] and len(values) > 1:
        here = float(np.clip(PchipInterpolator(values, chances)(now), 0, 1))
        ax.plot(now, here, "D", color="white", markeredgecolor=INK, markersize=9)
        words = f"this plan: {hundred(here)} of 100"
        near_end = (
            now > (window[0] + 2 * window[1]) / 3
            if rises
            else now < (2 * window[0] + window[1]) / 3
        )
        _say(ax, now, here, words, INK, left=rises == near_end, above=near_end)
    ax.set_xlim(*window)
    ax.set_ylim(0, TOP)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=bool((values == np.round(values)).all())))
    lever_axis(ax.xaxis, path, currency)
    percent_axis(ax.yaxis)
    ax.set_ylabel(goal_words(told))
    bar = "; bar: 95 % interval" if told.attrs["method"] == "simulated" else ""
    ax.set_xlabel(f"{ax.get_xlabel()}\n({small_print(told, errors)}{bar})")
    return finished(ax, _message(told, solved, (low, high), now, rises=rises))


def _window(values: Floats, chances: Floats, marks: list[float | None]) -> tuple[float, float]:
    """Return what of the curve to show: the marks, and some room about them."""
    known = [each for each in marks if each is not None and math.isfinite(each)]
    if not math.isfinite(marks[0] if marks[0] is not None else math.nan):  # not found: all of it
        moves = np.abs(np.diff(chances, prepend=chances[0], append=chances[-1]))
        busy = values[np.maximum(moves[:-1], moves[1:]) > ALL_OF_IT]
        known += busy.tolist() or values.tolist()
    low, high = min(known), max(known)
    aside = ASIDE * max(high - low, 0.5 * abs(high))
    window = max(low - aside, float(values[0])), min(high + aside, float(values[-1]))
    return window if window[0] < window[1] else (window[0] - 0.5, window[0] + 0.5)


def _fine(values: Floats, window: tuple[float, float]) -> Floats:
    inside = np.linspace(max(window[0], values[0]), min(window[1], values[-1]), 200)
    return np.asarray(inside)


def _say(ax: Axes, x: float, y: float, words: str, colour: str, *, left: bool, above: bool) -> None:
    ax.annotate(
        words,
        (x, y),
        (-11 if left else 11, 9 if above else -9),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        color=colour,
        fontweight="bold",
    )


def _now(told: xr.Dataset, path: str) -> float | None:
    """Return where the plan itself has the lever, None where it states none."""
    try:
        return lever_of(scenario_of(told), path).value
    except FunnelsimError:
        return None


def _enough(path: str, value: float, *, rises: bool) -> float:
    """Return the value as a planner states it: whole where it is large, and still enough."""
    if path in ACTIVITIES:
        return math.ceil(value - 1e-6) if rises else math.floor(value + 1e-6)
    return value


def _message(
    told: xr.Dataset,
    solved: float,
    interval: tuple[float, float],
    now: float | None,
    *,
    rises: bool,
) -> str:
    """Return what the target takes, or what the best is."""
    path, currency = str(told.attrs["path"]), str(told.attrs["currency"])
    wanted = f"{100 * float(told.attrs['attain']):.4g} of 100"
    best = hundred(float(answer(told, "most_probability")[0]))
    outcome = told.attrs["outcome"]
    if outcome == "no effect":
        name = capital(shortened(lever_name(path), LONGEST))
        return f"{name}: no effect, {best} of 100 whatever it is"
    if outcome == "out of reach":
        where = lever_words(path, float(answer(told, "most_value")[0]), currency)
        return f"{wanted} is out of reach:\n{best} at most, with {where}"
    if outcome == "reached anyway":
        return f"{wanted} is reached anyway,\neven with {lever_words(path, solved, currency)}"
    enough = _enough(path, solved, rises=rises)
    own = "" if now is None or math.isnan(now) else lever_amount(path, now, currency)
    rest = f"not {own}" if own not in ("", lever_amount(path, enough, currency)) else ""
    if told.attrs["method"] == "simulated" and math.isfinite(sum(interval)):
        low, high = (lever_amount(path, each, currency) for each in interval)
        rest = f"({low} to {high})" + (f", {rest}" if rest else "")
    message = f"{wanted} takes {lever_words(path, enough, currency)}"
    return f"{message}{'' if rest.startswith('(') else ','}\n{rest}" if rest else message
