"""Which quota most reps make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from funnelsim.errors import ResultError
from funnelsim.report.numbers import short_money
from funnelsim.report.plots.answers import Floats, answer
from funnelsim.report.plots.style import (
    BLUE,
    INK,
    VERMILION,
    WHISKERS,
    finished,
    money_axis,
    new_axes,
)
from funnelsim.results.files import scenario_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

USUAL = 0.6  # share that the title speaks of where it is among several


def quota(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw the largest quota that each share of the reps makes, beside the plan's own.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.quota_for` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where no quota is made by any of these shares.

    Examples
    --------
    >>> import funnelsim as fs
    >>> quota(fs.quota_for(fs.preset("sales_math"), share=[0.5, 0.6, 0.8])).get_title()
    '60 of 100 reps make a quota of $190k,\nnot $250k'
    """
    quotas, errors = answer(told, "quota_for_share")
    if np.isnan(quotas).all():
        raise ResultError("No quota above 0 is made as often as that.")
    ax = ax or new_axes()
    currency = str(told.attrs["currency"])
    now = float(np.mean(scenario_of(told).quotas))
    names = _who(told)
    for row, (amount, error) in enumerate(zip(quotas, np.nan_to_num(errors), strict=True)):
        known = np.isfinite(amount)
        width = float(amount) if known else 0.0
        ax.barh(row, width, 0.6, color=BLUE, edgecolor="white", linewidth=0)
        if error > 0:
            ax.errorbar(width, row, xerr=WHISKERS * error, color=INK, capsize=3)
        ax.annotate(
            short_money(width, currency) if known else "none",
            (width + WHISKERS * float(error), row),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )
    ax.axvline(now, color=VERMILION, linewidth=1.8, linestyle=(0, (5, 2)), zorder=0.5)
    ax.set_yticks(range(len(names)), names)
    spare = max(3 - len(names), 0) / 2  # a single bar need not fill the picture
    ax.set_ylim(len(names) - 0.4 + spare, -0.6 - spare)
    ax.set_xlim(0, 1.18 * max(now, float(np.nanmax(quotas + 2 * np.nan_to_num(errors)))))
    money_axis(ax.xaxis, currency)
    ax.set_xlabel(
        f"largest quota of a quarter that they make{_sure(told)}\n"
        f"dashes: this plan's quota, {short_money(now, currency)} ({_how(told)})"
    )
    return finished(ax, _message(told, quotas, names, now, currency))


def _who(told: xr.Dataset) -> list[str]:
    """Return who makes each quota."""
    if "reps" in told.attrs:
        return [f"{need} of {told.attrs['reps']} reps" for need in told["reps_needed"].values]
    return [f"{100 * share:.4g} of 100 reps" for share in told["share"].values]


def _sure(told: xr.Dataset) -> str:
    """Return how sure a team is of it."""
    if "certainty" not in told.attrs:
        return ""
    return f", in {100 * float(told.attrs['certainty']):.4g} of 100 quarters"


def _how(told: xr.Dataset) -> str:
    exact = told.attrs["method"] == "exact"
    return "computed exactly" if exact else f"{int(told.attrs['draws']):,} draws"


def _message(told: xr.Dataset, quotas: Floats, names: list[str], now: float, currency: str) -> str:
    """Return which quota the usual share makes, or the only one that is known."""
    apart = np.where(np.isfinite(quotas), np.abs(told["share"].values - USUAL), np.inf)
    place = int(np.argmin(apart))
    amount, own = short_money(float(quotas[place]), currency), short_money(now, currency)
    rest = "" if amount == own else f",\nnot {own}"
    return f"{names[place]} make a quota of {amount}{rest}"
