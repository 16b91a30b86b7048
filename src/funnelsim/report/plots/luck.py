"""All pictures about luck on one page."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from funnelsim.errors import ResultError
from funnelsim.report.plots.page import new_page
from funnelsim.report.plots.policy import dose_response, kpi_table
from funnelsim.report.plots.repeat import careers, equal_mean
from funnelsim.report.plots.style import DARK, PALE, finished, styled
from funnelsim.report.plots.windfalls import variance_by_source, windfalls

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTE = "± is one standard error, bands and whiskers reach two to either side."


def luck_page(luck: xr.Dataset, samples: xr.Dataset, *, lag: int = 0) -> Figure:
    """Draw the six pictures about luck on one page.

    A picture that the plan gives no reason for says why in its place.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
    samples : xarray.Dataset
        Of the same plan, as :func:`funnelsim.simulate` returns them.
    lag : int
        Quarters from the KPIs to the quota that they are held against.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot, so that no window can open.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> page = luck_page(fs.luck(plan, draws=200, seed=1), fs.simulate(plan, draws=200, seed=1))
    >>> len(page.axes)
    6
    """
    pictures: tuple[tuple[str, Callable[[Axes], Axes]], ...] = (
        ("windfalls", lambda ax: windfalls(samples, ax=ax)),
        ("variance by source", lambda ax: variance_by_source(luck, ax=ax)),
        ("KPIs and quota", lambda ax: kpi_table(luck, lag=lag, ax=ax)),
        ("a floor's effect", lambda ax: dose_response(luck, ax=ax)),
        ("careers", lambda ax: careers(luck, ax=ax)),
        ("equal mean", lambda ax: equal_mean(luck, ax=ax)),
    )
    question = "how much of making quota is luck?"
    figure, places = new_page(luck, question, NOTE, size=(13.5, 17), rows=3)
    for (name, picture), ax in zip(pictures, places, strict=True):
        try:
            picture(ax)
        except ResultError as reason:
            _explain(ax, name, str(reason))
    return figure


def _explain(ax: Axes, name: str, reason: str) -> None:
    """Say why a picture is missing."""
    ax.text(0.5, 0.5, textwrap.fill(reason, 56), ha="center", va="center", color=DARK,
            transform=ax.transAxes)  # fmt: skip
    ax.set_facecolor(styled(PALE))
    ax.xaxis.set_visible(False)
    ax.yaxis.set_visible(False)
    finished(ax, f"No picture of {name}")
