"""Which of several plans is better, by how much, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnelsim.registry import BESIDE_EXACT, NUMERICAL_ERROR, STANDARD_ERROR
from funnelsim.report.numbers import tight
from funnelsim.report.plots.answers import Floats, answer, signed
from funnelsim.report.plots.rows import column, dots
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    PALE,
    SKY,
    WHISKERS,
    finished,
    hundred,
    new_axes,
    percent_axis,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Bools = npt.NDArray[np.bool_]

MADE = "attainment_probability"
LESS = f"{MADE}_difference"
LONGEST = 22  # characters of a scenario's name beside the axes
KNOWN = 0.95  # P(best) from which one is said to be the best
TOP = -0.8  # the row of heads


def differences(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw by how much each scenario makes quota more often than the first, with its interval.

    An exact difference is a dot; what draws say of it is an interval behind.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.compare` returns it.
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
    >>> more = plan.replace({"activity.per_quarter": 1_296})
    >>> told = fs.compare({"as is": plan, "more calls": more}, draws=4_000, seed=1)
    >>> differences(told).get_title().startswith("more calls: quota is made in")
    True
    """
    made, _ = answer(told, MADE)
    change, error = (100 * each for each in answer(told, LESS))
    exact, drawn = _is_exact(told), f"{BESIDE_EXACT}{LESS}" in told
    ax = ax or new_axes()
    names = [str(name) for name in told["scenario"].values]
    rows = np.arange(len(names))
    clear = np.abs(change) > (100 * _numerical(told, LESS) if exact else WHISKERS * error)
    ax.axvline(0.0, color=DARK, linewidth=1.2)
    ax.plot(0.0, 0, "D", color=INK, markersize=8)
    ends = np.array([0.0, *(change - WHISKERS * error), *(change + WHISKERS * error)])
    if exact and drawn:
        beside, off = (100 * each for each in answer(told, f"{BESIDE_EXACT}{LESS}"))
        reach = WHISKERS * off
        ax.errorbar(beside[1:], rows[1:], xerr=reach[1:], fmt="none", ecolor=GREY, elinewidth=5.0)
        ends = np.array([*ends, *(beside - reach), *(beside + reach)])
    colours = [BLUE if known else GREY for known in clear[1:]]
    dots(ax, change[1:], error[1:], rows[1:], colours)
    _name_rows(ax, names)
    margin = 0.08 * max(float(np.ptp(ends)), 0.5)
    ax.set_xlim(float(ends.min()) - margin, float(ends.max()) + margin)
    ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.xaxis.set_major_formatter(FuncFormatter(signed))
    gaps = [
        f"{c + 0.0:+.2f}" if exact else f"{'+' if c > 0 else ''}{tight(c, e)}"
        for c, e in zip(change[1:], error[1:], strict=True)
    ]
    column(ax, 38, "quota made\nof 100", zip(rows, map(hundred, made), strict=True), top=TOP)
    column(ax, 108, "difference", zip(rows, ["baseline", *gaps], strict=True), top=TOP)
    how = ("computed exactly", "")
    if not exact:
        how = (f"{_draws(told)}; bars: two standard errors, ±: one", ", on the same luck")
    elif drawn:
        how = (f"dots: exact; grey: {_draws(told)} on the same luck, ± two standard errors", "")
    ax.set_xlabel(f"more or fewer quarters of 100 that make quota{how[1]}\n({how[0]})")
    return finished(ax, _difference_message(names, made, change, clear))


def ranking(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the scenarios from the best down, and how probable it is that each is the best.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.compare` returns it.
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
    >>> more = plan.replace({"activity.per_quarter": 1_296})
    >>> told = fs.compare({"as is": plan, "more calls": more}, draws=4_000, seed=1)
    >>> ranking(told).get_title()
    'Best of 2: more calls'
    """
    made, error = answer(told, MADE)
    best, _ = answer(told, "best_probability")
    ax = ax or new_axes()
    order = np.lexsort((-made, -best if _is_exact(told) else 0 * best))
    names = [str(told["scenario"].values[k]) for k in order]
    rows = np.arange(len(names))
    ax.barh(rows, made[order], 0.62, color=[SKY if best[k] >= 0.05 else PALE for k in order])
    dots(ax, made[order], error[order], rows, [BLUE if best[k] >= 0.05 else DARK for k in order])
    _name_rows(ax, names)
    ax.set_xlim(0, 1)
    percent_axis(ax.xaxis)
    column(
        ax,
        38,
        "quota made\nof 100",
        zip(rows, (hundred(made[k]) for k in order), strict=True),
        top=TOP,
    )
    if _is_exact(told):
        behind = [f"{100 * (made[k] - made.max()) + 0.0:.2f}" if not best[k] else "best"
                  for k in order]  # fmt: skip
        column(ax, 108, "behind", zip(rows, behind, strict=True), top=TOP)
        ax.set_xlabel("quarters that make quota\n(computed exactly)")
        return finished(ax, _best_message(names, best[order]))
    chances = (f"{hundred(best[k])} %" for k in order)
    column(ax, 108, "P(best)", zip(rows, chances, strict=True), top=TOP)
    ax.set_xlabel(
        f"quarters that make quota\n({_draws(told)} on the same luck; bars: two standard errors)\n"
        "P(best): as far as these draws can tell"
    )
    return finished(ax, _ranking_message(names, best[order]))


def _is_exact(told: xr.Dataset) -> bool:
    """Return whether P(attain) is, and with it which plan is the best."""
    return f"{MADE}{STANDARD_ERROR}" not in told


def _numerical(told: xr.Dataset, name: str) -> Floats:
    """Return how far exact numbers may be off."""
    zero = 0.0 * told[name]
    return np.asarray(told.get(name + NUMERICAL_ERROR, zero).isel(segment=0), dtype=np.float64)


def _best_message(names: list[str], best: Floats) -> str:
    """Return which is the best, exactly; the best come first."""
    count = int(np.count_nonzero(best))
    if count == 1:
        return f"Best of {len(names)}: {shortened(names[0], LONGEST)}"
    if count > 2:
        return f"Equally good: {count} of {len(names)}"
    return f"Equally good:\n{' and '.join(shortened(name, LONGEST) for name in names[:2])}"


def _name_rows(ax: Axes, names: list[str]) -> None:
    ax.set_yticks(range(len(names)), [shortened(name, LONGEST) for name in names])
    ax.set_ylim(len(names) - 0.4, -1.2)


def _draws(told: xr.Dataset) -> str:
    return f"{int(told.attrs['draws']):,} draws"


def _difference_message(names: list[str], made: Floats, change: Floats, clear: Bools) -> str:
    """Return what the likeliest of the others brings, or that nothing is told apart."""
    base = shortened(names[0], LONGEST)
    if len(names) == 1:
        return f"{base} makes quota in {hundred(made[0])} of 100 quarters"
    if not clear[1:].any():
        return f"Not told apart from {base}: {hundred(made[0])} of 100 quarters make quota"
    known = [place for place in range(1, len(names)) if clear[place]]
    place = max(known, key=lambda k: change[k])
    if change[place] < 0:
        return f"None beats {base}: {hundred(made[0])} of 100 quarters make quota"
    return (
        f"{shortened(names[place], LONGEST)}: quota is made in {hundred(made[place])} of 100 "
        f"quarters,\n{change[place]:.1f} more than {base}"
    )


def _ranking_message(names: list[str], best: Floats) -> str:
    """Return which is the best, or between which it is open; the likeliest comes first."""
    lead = f"Best of {len(names)}: {shortened(names[0], LONGEST)}"
    if best[0] > 0.9995:
        return f"{lead} (over 99.9 % sure)"
    if best[0] >= KNOWN:
        return f"{lead} ({hundred(best[0])} % sure)"
    rivals = [shortened(name, LONGEST) for name, chance in zip(names, best, strict=True)
              if chance >= 1 - KNOWN]  # fmt: skip
    if len(rivals) > 2:
        return f"Not known which is best: {len(rivals)} of {len(names)} may be"
    return f"Not known which is best:\n{' or '.join(rivals)}"
