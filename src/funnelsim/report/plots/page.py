"""Several pictures of one plan on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from funnelsim.report.plots.style import DARK, INK, shortened, styled

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def new_page(
    told: xr.Dataset, question: str, note: str, *, size: tuple[float, float], rows: int
) -> tuple[Figure, list[Axes]]:
    """Return a figure, not known to pyplot, that asks a question of a plan, and its axes in pairs.

    Parameters
    ----------
    told : xarray.Dataset
        Says of which plan.
    question, note : str
        What stands above and below the pictures.
    size : (float, float)
        Width and height, inches.
    rows : int
        Of two pictures each.
    """
    layout = ConstrainedLayoutEngine(w_pad=0.16, h_pad=0.16)
    figure = Figure(figsize=size, dpi=140, layout=layout)
    places = figure.subfigures(rows, 2, squeeze=False).flat  # each makes room for its own labels
    title = f"{shortened(str(told.attrs['title']), 40)}: {question}"
    figure.suptitle(title, fontsize=18, fontweight="bold", color=styled(INK), parse_math=False)
    made = f"funnelsim {told.attrs['funnelsim_version']}, seed {told.attrs['seed']}"
    figure.supxlabel(f"{made}. {note}", fontsize=10, color=styled(DARK))
    return figure, [place.subplots() for place in places]
