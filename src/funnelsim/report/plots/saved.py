"""A single picture as a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from funnelsim.report.plots.style import SIZE
from funnelsim.writing import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Draw = Callable[[Axes], object]

DOTS_PER_INCH = 150


def save_picture(draw: Draw, path: str | os.PathLike[str]) -> None:
    """Draw on new axes and save them as ``.png``, whole or not at all.

    The figure is not known to pyplot, so that no window can open.

    Parameters
    ----------
    draw : callable
        Given the axes to draw on.
    path : path

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    figure = Figure(figsize=SIZE, dpi=DOTS_PER_INCH, layout="constrained")
    draw(figure.subplots())
    with whole_file(path) as part:
        figure.savefig(part, format="png")
