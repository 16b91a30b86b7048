"""How to eat an elephant: what a certainty takes by quarter, month, week and day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.errors import ArgumentError
from funnelsim.report.numbers import short_money
from funnelsim.report.plots.answers import Floats, answer
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    INK,
    SMALL,
    finished,
    hundred,
    new_axes,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

WEEK = "week"
FIRST, STEP = 1.22, 0.34  # of the bars' width: where columns of numbers stand
HALF = 0.19  # of a row: from its middle to that of a bar


def bites(told: xr.Dataset, *, certainty: float = 0.8, ax: Axes | None = None) -> Axes:
    r"""Draw what a certainty takes beside what the plan takes on paper, step by step.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.bites` returns it.
    certainty : float
        One of those asked for.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        Where the result does not have this certainty.
    ResultError
        Where the result does not tell.

    Examples
    --------
    >>> import funnelsim as fs
    >>> bites(fs.bites(fs.preset("sales_math"), certainty=[0.8])).get_title()
    '80 of 100 takes 100 activities a week,\nnot the 58 that do on paper: those give 45'
    """
    needed = answer(told, "bite")[0]
    known = [float(each) for each in told["certainty"].values]
    if certainty not in known:
        raise ArgumentError(f"certainty = {certainty}: the result has {known}.")
    row = known.index(certainty)
    sure, paper = needed[row], answer(told, "paper_bite")[0]
    pipeline, on_paper = answer(told, "bite_pipeline")[0][row], answer(told, "paper_pipeline")[0]
    chance = float(answer(told, "paper_probability")[0])
    ax = ax or new_axes()
    currency, periods = str(told.attrs["currency"]), [str(each) for each in told["period"].values]
    steps = [shortened(str(each), 18) for each in told["step"].values]
    rows = [(name, sure[k], paper[k], "") for k, name in enumerate(steps)]
    rows.append(("pipeline created", pipeline, on_paper, currency))
    for place, (_, own, other, unit) in enumerate(rows):
        longest = float(np.nanmax([own[0], other[0]]))
        for side, amounts, colour, ink in ((-HALF, own, BLUE, BLUE), (HALF, other, GREY, DARK)):
            share = float(amounts[0]) / longest if longest > 0 else 0.0
            ax.barh(place + side, np.nan_to_num(share), 0.34, color=colour)
            for k, amount in enumerate(amounts):
                ax.text(
                    FIRST + k * STEP,
                    place + side,
                    short_money(amount, unit) if unit else _count(float(amount)),
                    ha="center",
                    va="center",
                    color=ink,
                    fontsize=SMALL + (1 if periods[k] == WEEK else 0),
                    fontweight="bold" if periods[k] == WEEK or ink == BLUE else "normal",
                )
    for k, period in enumerate(periods):
        ax.text(FIRST + k * STEP, -0.62, f"a {period}", ha="center", va="center", color=INK)
    for x, words, colour in (
        (0.0, f"■ {hundred(certainty)} of 100", BLUE),
        (0.55, f"■ on paper: {hundred(chance)} of 100", DARK),
    ):
        ax.text(x, -1.0, words, va="center", color=colour, fontsize=SMALL, fontweight="bold")
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(len(rows) - 0.4, -1.35)
    ax.set_xlim(0, FIRST + (len(periods) - 0.45) * STEP)
    ax.set_xticks([])
    ax.tick_params(left=False)
    ax.set_xlabel("mean numbers: some quarters take more, some less")
    finished(ax, _message(told, certainty, sure, paper, chance, periods))
    ax.spines["bottom"].set_visible(False)
    return ax


def _count(number: float) -> str:
    """Return a count with the digits that a planner needs.

    Examples
    --------
    >>> _count(1_295.2), _count(8.62), _count(0.133)
    ('1,295', '8.6', '0.13')
    """
    if math.isnan(number):
        return "-"
    return f"{number:,.0f}" if number >= 20 else f"{number:.1f}" if number >= 1 else f"{number:.2f}"


def _message(
    told: xr.Dataset,
    certainty: float,
    sure: Floats,
    paper: Floats,
    chance: float,
    periods: list[str],
) -> str:
    week = periods.index(WEEK)
    wanted = f"{100 * certainty:.4g} of 100"
    if math.isnan(sure[0, week]):
        return f"{wanted} is out of reach with activity alone"
    return (
        f"{wanted} takes {_count(float(sure[0, week]))} activities a week,\n"
        f"not the {_count(float(paper[0, week]))} that do on paper: those give {hundred(chance)}"
    )
