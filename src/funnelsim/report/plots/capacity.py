"""More people or more from each: P(plan) by reps and by how active they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from funnelsim.errors import ArgumentError
from funnelsim.report.plots.answers import Floats, answer, small_print
from funnelsim.report.plots.field import FEW, Place, draw_field
from funnelsim.report.plots.style import finished, hundred, new_axes
from funnelsim.report.plots.swept import TARGET, crossing

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MOST_TICKS = 8


def capacity(told: xr.Dataset, *, target: float = TARGET, ax: Axes | None = None) -> Axes:
    """Draw P(plan) by the number of reps and by how active they are.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.capacity` returns it, of two sizes and two efforts or more.
    target : float
        The probability whose line is the bold one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        Where there is a single size or effort.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.2})
    >>> capacity(fs.capacity(plan, draws=500, seed=1)).get_ylabel()
    'activity, over that of the plan'
    """
    chances, errors = answer(told, "capacity_plan_probability")
    reps, efforts = (told[dim].values.astype(float) for dim in ("reps", "effort"))
    if min(reps.size, efforts.size) < 2:
        raise ArgumentError("A map takes two sizes and two efforts or more.")
    ax = ax or new_axes()
    here = _here(reps, efforts, chances, float(told.attrs["headcount"]))
    draw_field(ax, reps, efforts, chances, target, here, lines=FEW)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    few = efforts[:: -(-efforts.size // MOST_TICKS)]
    ax.set_yticks(few, [effort_words(each) for each in few])
    ax.set_ylabel("activity, over that of the plan")
    unit = f"{told.attrs['by']}s"
    ax.set_xlabel(
        f"reps on day 0, segments in proportion\nlines: of 100 {unit}, so many make the plan "
        f"({small_print(told, errors)})"
    )
    return finished(ax, _message(reps, efforts, chances, here, target, unit))


def _here(reps: Floats, efforts: Floats, chances: Floats, now: float) -> tuple[Place, float] | None:
    """Return where the plan stands, and P(plan) there; None where that is not on the map."""
    if now not in reps or 1.0 not in efforts:
        return None
    return (now, 1.0), float(chances[efforts == 1.0, reps == now][0])


def effort_words(effort: float) -> str:
    """Return an effort as a change.

    Examples
    --------
    >>> [effort_words(effort) for effort in (0.9, 1.0, 1.2)]
    ['-10 %', 'as planned', '+20 %']
    """
    percent = 100 * (effort - 1)
    return "as planned" if abs(percent) < 0.05 else f"{percent:+.3g} %"


def _message(
    reps: Floats,
    efforts: Floats,
    chances: Floats,
    here: tuple[Place, float] | None,
    target: float,
    unit: str,
) -> str:
    """Return the ways from the plan to the target: more reps alone, or more activity alone."""
    both = f"From {hundred(float(chances.min()))} to {hundred(float(chances.max()))} of 100 {unit}"
    if here is None:
        return f"{both} make the plan in this range"
    (now, _), chance = here
    if chance >= target:
        return f"{hundred(chance)} of 100 {unit} make the plan\nas it is, with {now:.0f} reps"
    needed = crossing(efforts, chances[:, reps == now][:, 0], target)
    ways = []
    enough = crossing(reps, chances[efforts == 1.0][0], target)
    if enough is not None:  # between sizes that were looked at it is not known to the rep
        about = "about " if np.diff(reps).max() > 1 else ""
        ways.append(f"{about}{math.ceil(enough)} reps instead of {now:.0f}")
    if needed is not None:
        ways.append(f"about {math.ceil(100 * (needed - 1))} % more activity")
    if not ways:
        return f"{both} make the plan:\nneither way alone leads to {hundred(target)}"
    return f"{hundred(target)} of 100 takes " + ",\nor ".join(ways)
