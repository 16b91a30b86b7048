"""What to expect of a quarter: dots that are equally likely, each to be counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from funnelsim.analysis.tally import REACHES
from funnelsim.report.numbers import short_money
from funnelsim.report.plots.samples import quarter_of
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    finished,
    money_axis,
    new_axes,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

DOTS = 100
COLUMNS = 22  # of dots beside each other
HIGHEST, MOST_ABREAST = 26, 3  # dots of a column; dots beside each other within one
FROM_NOTHING = 0.4  # of the farthest: where all outcomes lie beyond it, the axis begins later
PART, LARGEST = 0.76, 11.0  # of the picture's height that is axes; points of a dot
FAR = 0.04  # of the dots that may lie beyond the axis: they stand at its end


def outcomes(result: xr.Dataset, *, quarter: int = 1, ax: Axes | None = None) -> Axes:
    """Draw a hundred equally likely quarters as dots, filled where they make quota.

    Parameters
    ----------
    result : xarray.Dataset
        Samples, as :func:`funnelsim.simulate` returns them.
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
    >>> outcomes(fs.simulate(fs.preset("sales_math"), draws=1_000, seed=1)).get_xlabel()
    'bookings of a quarter; each dot is 1 of 100'
    """
    own, quota = quarter_of(result, quarter, "bookings")
    amounts = np.asarray(own["bookings"].values.ravel(), dtype=np.float64)
    made = float((amounts >= quota * REACHES).mean())
    currency = str(result.attrs["currency"])
    return outcome_dots(amounts, quota, probability=made, currency=currency, ax=ax)


def outcome_dots(
    amounts: npt.NDArray[np.float64],
    goal: float,
    *,
    probability: float,
    currency: str,
    noun: str = "quarter",
    goal_name: str = "quota",
    made_said: str = "make quota",
    ax: Axes | None = None,
) -> Axes:
    """Draw a hundred equally likely outcomes as dots, filled where they reach the goal.

    A quantile dot plot: how many dots are filled is the probability, how far they lie from the goal
    is by how much it is made or missed.

    Parameters
    ----------
    amounts : (draw,) float
        Simulated bookings, currency.
    goal : float
        What they have to come to.
    probability : float
        That they do: known better than from the draws, where it is exact. So many dots are filled.
    currency : str
    noun, goal_name, made_said : str
        What an outcome and its goal are called, and what it is to reach it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    Kay et al., When (ish) is My Bus?, CHI 2016: probabilities are read from such dots more
    precisely than from densities.

    Examples
    --------
    >>> amounts = np.linspace(0, 100, 101)
    >>> outcome_dots(amounts, 60.0, probability=0.4, currency="USD").get_title()
    '40 of 100 quarters make quota'
    """
    ax = ax if ax is not None else new_axes()
    made = min(max(round(DOTS * probability), 0), DOTS)
    reached = amounts >= goal * REACHES
    places = np.concatenate(
        [_spread(amounts[~reached], DOTS - made, goal), _spread(amounts[reached], made, goal)]
    )
    filled = np.arange(DOTS) >= DOTS - made
    low, far = float(places.min()), max(float(np.quantile(places, 1 - FAR)), 1.3 * goal)
    start = max(low - 0.1 * (far - low), 0.0) if low > FROM_NOTHING * far else 0.0
    for abreast in range(1, MOST_ABREAST + 1):  # many outcomes may be alike: a quarter of no deal
        width = (goal - start) / max(round(COLUMNS / abreast * (goal - start) / (far - start)), 1)
        # Columns end at the goal, so that none holds dots of both sides: those below are negative.
        columns = np.floor((np.minimum(places, far) - goal) / width).astype(int)
        columns = np.where(filled, np.maximum(columns, 0), np.minimum(columns, -1))
        order = np.zeros(DOTS, int)
        for column in np.unique(columns):
            own = columns == column
            order[own] = np.arange(own.sum())
        heights, beside = np.divmod(order, abreast)
        tallest = float(heights.max()) + 1
        if tallest <= HIGHEST:
            break
    centres = goal + (columns + (beside + 0.5) / abreast) * width
    top = max(1.35 * tallest, tallest + 2.5, 13.0)
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101  axes stand in one
    unit = PART * 72 * figure.get_figheight() / top  # points from dot to dot
    for side, colour, edge in ((~filled, "white", DARK), (filled, BLUE, BLUE)):
        ax.scatter(
            centres[side],
            heights[side] + 0.5,
            s=min(0.9 * unit, LARGEST) ** 2,
            facecolor=colour,
            edgecolor=edge,
            linewidth=1.2,
            zorder=3,
        )
    if places.max() > far + width:  # those that lie beyond stand in the last column
        last = columns == columns.max()
        end, highest = goal + (columns.max() + 1) * width, heights[last].max() + 1
        ax.text(end, highest + 0.2, "or more", ha="right", va="bottom", color=DARK, fontsize=10)
    ax.set_ylim(0, top)
    ax.set_xlim(start - 0.2 * width, goal + (max(columns.max(), 0) + 1.3) * width)
    ax.plot([goal, goal], [0, 0.88 * top], color=INK, linewidth=1.5, zorder=2)
    label = f"{goal_name} {short_money(goal, currency)}"
    ax.text(goal, 0.9 * top, label, ha="center", va="bottom", color=INK, fontsize=12)
    for sign, count, verb, colour in ((-1, DOTS - made, "miss", DARK), (1, made, "make", BLUE)):
        ax.text(
            goal + sign * 0.4 * width,
            0.86 * top,
            f"{count} {verb} it",
            ha="left" if sign > 0 else "right",
            va="top",
            color=colour,
            fontsize=12,
            fontweight="bold",
        )
    ax.set_xlabel(f"bookings of a {noun}; each dot is 1 of {DOTS}")
    ax.xaxis.set_major_locator(MaxNLocator(6))
    money_axis(ax.xaxis, currency)
    ax.yaxis.set_visible(False)
    ax.axhline(0, color=GREY, linewidth=0.8)
    return finished(ax, f"{made} of {DOTS} {noun}s {made_said}")


def _spread(amounts: npt.NDArray[np.float64], count: int, goal: float) -> npt.NDArray[np.float64]:
    """Return equally likely amounts of one side; at the goal where the draws have none there."""
    if not count:
        return np.empty(0)
    if not amounts.size:
        return np.full(count, goal)
    return np.asarray(np.quantile(amounts, (np.arange(count) + 0.5) / count))
