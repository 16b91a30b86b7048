"""By how much more often companies make their plans than the first of them, in the same worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from funnelsim.registry import DIFFERENCE
from funnelsim.report.numbers import tight
from funnelsim.report.plots.answers import answer, signed
from funnelsim.report.plots.rows import column, dots
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    WHISKERS,
    finished,
    hundred,
    new_axes,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from funnelsim.report.plots.answers import Floats
    from funnelsim.report.plots.compare import Bools

MADE = "horizon_plan_probability"
LONGEST = 22  # characters of a scenario's name beside the axes
TOP = -0.8  # the row of heads


def plans_made(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how many more quarters make the plan than that of the first scenario, with intervals.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.compare` returns it for teams.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where not all scenarios state a plan.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 5, "plan.over_assignment": 1.2})
    >>> more = plan.replace({"activity.per_quarter": 900})
    >>> told = fs.compare({"as is": plan, "more calls": more}, draws=1_000, seed=1)
    >>> plans_made(told).get_title().startswith("more calls: the plan is made in")
    True
    """
    made, _ = answer(told, MADE)
    change, error = (100 * each for each in answer(told, MADE + DIFFERENCE))
    ax = ax or new_axes()
    names = [str(name) for name in told["scenario"].values]
    rows = np.arange(len(names))
    clear = np.abs(change) > WHISKERS * error
    ax.axvline(0.0, color=DARK, linewidth=1.2)
    ax.plot(0.0, 0, "D", color=INK, markersize=8)
    dots(ax, change[1:], error[1:], rows[1:], [BLUE if known else GREY for known in clear[1:]])
    ax.set_yticks(range(len(names)), [shortened(name, LONGEST) for name in names])
    ax.set_ylim(len(names) - 0.4, -1.2)
    ends = np.array([0.0, *(change - WHISKERS * error), *(change + WHISKERS * error)])
    margin = 0.08 * max(float(np.ptp(ends)), 0.5)
    ax.set_xlim(float(ends.min()) - margin, float(ends.max()) + margin)
    ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.xaxis.set_major_formatter(FuncFormatter(signed))
    gaps = [f"{'+' if c > 0 else ''}{tight(c, e)}"
            for c, e in zip(change[1:], error[1:], strict=True)]  # fmt: skip
    column(ax, 38, "plan made\nof 100", zip(rows, map(hundred, made), strict=True), top=TOP)
    column(ax, 108, "difference", zip(rows, ["first", *gaps], strict=True), top=TOP)
    ax.set_xlabel(
        "more or fewer quarters of 100 that make the plan, in the same worlds\n"
        f"({int(told.attrs['draws']):,} draws; bars: two standard errors, ±: one)"
    )
    return finished(ax, _message(names, made, change, clear))


def _message(names: list[str], made: Floats, change: Floats, clear: Bools) -> str:
    """Return what the most helpful of the others brings, or that nothing is told apart."""
    first = shortened(names[0], LONGEST)
    if len(names) == 1:
        return f"{first}: {hundred(made[0])} of 100 quarters make the plan"
    known = [place for place in range(1, len(names)) if clear[place]]
    if not known:
        return f"Not told apart from {first}: {hundred(made[0])} of 100 quarters make the plan"
    place = max(known, key=lambda k: change[k])
    if change[place] < 0:
        return f"No plan is told to help {first}: {hundred(made[0])} of 100 quarters make it"
    return (
        f"{shortened(names[place], LONGEST)}: the plan is made in {hundred(made[place])} of 100 "
        f"quarters,\n{change[place]:.1f} more than {first}"
    )
