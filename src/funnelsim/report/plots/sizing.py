"""All pictures about the size of a team on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from funnelsim.report.plots.cushion import cushion, diversification
from funnelsim.report.plots.headcount import headcount, next_steps
from funnelsim.report.plots.style import DARK, INK, shortened

if TYPE_CHECKING:
    import xarray as xr

NOTE = "Bands and whiskers reach two standard errors to either side."


def sizing_page(
    needed: xr.Dataset, steps: xr.Dataset, cushions: xr.Dataset, diversified: xr.Dataset
) -> Figure:
    """Draw headcount, next steps, cushion and diversification on one page.

    Parameters
    ----------
    needed, steps, cushions, diversified : xarray.Dataset
        As :func:`funnelsim.headcount`, :func:`funnelsim.next_step`, :func:`funnelsim.cushion` and
        :func:`funnelsim.diversification` return them.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot, so that no window can open.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.1})
    >>> how = {"draws": 200, "seed": 1}
    >>> functions = (fs.headcount, fs.next_step, fs.cushion, fs.diversification)
    >>> len(sizing_page(*(function(plan, **how) for function in functions)).axes)
    4
    """
    layout = ConstrainedLayoutEngine(w_pad=0.16, h_pad=0.16)
    figure = Figure(figsize=(15, 11.6), dpi=130, layout=layout)
    places = figure.subfigures(2, 2, squeeze=False).flat  # each makes room for its own labels
    headcount(needed, ax=next(places).subplots())
    next_steps(steps, ax=next(places).subplots())
    cushion(cushions, ax=next(places).subplots())
    diversification(diversified, ax=next(places).subplots())
    title = f"{shortened(str(needed.attrs['title']), 40)}: how many reps, and how much cushion?"
    figure.suptitle(title, fontsize=18, fontweight="bold", color=INK, parse_math=False)
    figure.supxlabel(
        f"funnelsim {needed.attrs['funnelsim_version']}, seed {needed.attrs['seed']}. {NOTE}",
        fontsize=10,
        color=DARK,
    )
    return figure
