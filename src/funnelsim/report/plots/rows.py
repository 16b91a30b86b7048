"""What pictures in rows have in common: dots with intervals, and columns of numbers beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from funnelsim.report.plots.style import GREY, INK, SMALL, WHISKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from funnelsim.report.plots.answers import Floats


def dots(
    ax: Axes, values: Floats, errors: Floats, rows: Iterable[float], colours: Sequence[str]
) -> None:
    """Draw each value in its row, with a bar of two standard errors to either side; grey: open."""
    for value, error, row, colour in zip(values, errors, rows, colours, strict=True):
        ax.errorbar(
            value,
            row,
            xerr=WHISKERS * error,
            marker="o",
            markersize=8,
            color=INK if colour == GREY else colour,
            markerfacecolor="white" if colour == GREY else colour,
            elinewidth=2.0,
            capsize=4,
        )


def column(
    ax: Axes,
    points: float,
    head: str,
    cells: Iterable[tuple[float, str]],
    *,
    top: float,
    colour: str = INK,
) -> None:
    """Write texts in rows, so many points to the right of the axes, under a head."""
    for row, words in ((top, head), *cells):
        ax.annotate(
            words,
            (1.0, row),
            (points, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="center",
            color=colour,
            fontsize=SMALL,
            fontweight="bold" if words == head else "normal",
        )
