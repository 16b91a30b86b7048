"""All pictures about the size of a team on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim.report.plots.cushion import cushion, diversification
from funnelsim.report.plots.headcount import headcount, next_steps
from funnelsim.report.plots.page import new_page

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

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
    question = "how many reps, and how much cushion?"
    figure, places = new_page(needed, question, NOTE, size=(15, 11.6), rows=2)
    headcount(needed, ax=places[0])
    next_steps(steps, ax=places[1])
    cushion(cushions, ax=places[2])
    diversification(diversified, ax=places[3])
    return figure
