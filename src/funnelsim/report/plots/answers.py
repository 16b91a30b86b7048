"""What pictures read from a result: numbers with their errors, and levers in words."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import FuncFormatter

from funnelsim.errors import ResultError
from funnelsim.registry import LUCK, STANDARD_ERROR
from funnelsim.report.levers import lever_amount, lever_name
from funnelsim.report.plots.style import made_with, shortened

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axis import Axis

Floats = npt.NDArray[np.float64]

ACTIVITIES = ("activity.per_quarter", "activity.per_week", "calendar.quarters")  # are counted
LONGEST = 26  # characters of a lever's name in a sentence


def answer(told: xr.Dataset, name: str, **labels: object) -> tuple[Floats, Floats]:
    """Return values and standard errors over all dims but the segment; 0 where they are exact.

    Parameters
    ----------
    told : xarray.Dataset
    name : str
    **labels
        Where along dims: ``policy="floor"``.

    Raises
    ------
    ResultError
        Where the result does not have the variable, with the reason that it gives, or nothing at
        these labels.

    Examples
    --------
    >>> import funnelsim as fs
    >>> answer(fs.exact(fs.preset("sales_math")), "attainment_probability", quarter=1)[1]
    array(0.)
    """
    if name not in told:
        where = ": fs.luck returns it" if any(each.name == name for each in LUCK) else ""
        raise ResultError(_reason(told, name, f"The result has no {name}{where}."))
    arrays = (told[name], told.get(name + STANDARD_ERROR, 0.0 * told[name]))
    alone = [each.isel(segment=0) if "segment" in each.dims else each for each in arrays]
    try:
        values, errors = (np.asarray(each.sel(labels), dtype=np.float64) for each in alone)
    except KeyError as error:
        asked = ", ".join(f"{dim} = {label}" for dim, label in labels.items())
        raise ResultError(f"The result has no {name} for {asked}.") from error
    return values, np.where(np.isfinite(values), np.nan_to_num(errors), np.nan)


def estimate(told: xr.Dataset, name: str, **labels: object) -> tuple[Floats, Floats]:
    """Return what :func:`answer` does, and refuse what is a number nowhere."""
    values, errors = answer(told, name, **labels)
    if np.isnan(values).all():
        raise ResultError(_reason(told, name, f"{name} is not a number anywhere."))
    return values, errors


def _reason(told: xr.Dataset, name: str, otherwise: str) -> str:
    """Return why a result does not tell a variable."""
    refused = json.loads(getattr(told, "attrs", {}).get("refused", "{}"))
    return str(refused.get(name, otherwise))


def small_print(told: xr.Dataset, errors: Floats) -> str:
    """Return how the numbers were found, and how far shares may be off.

    Examples
    --------
    >>> import xarray as xr
    >>> small_print(xr.Dataset(attrs={"method": "exact"}), np.zeros(3))
    'computed exactly'
    >>> small_print(xr.Dataset(attrs={"method": "simulated", "draws": 20_000}), np.array([0.003]))
    '20,000 draws, ± 0.3 of 100 at most'
    """
    method = told.attrs["method"]
    if method == "exact":
        return "computed exactly"
    simulated = made_with(int(told.attrs["draws"]), errors.ravel())
    return simulated if method == "simulated" else f"some exact, others by {simulated}"


def goal_unit(told: xr.Dataset) -> str:
    """Return of what a goal's probability is a share."""
    goal = str(told.attrs["goal"])
    if goal == "P(attain)" or "of a quarter" in goal:
        return "quarters"
    return "years" if "year" in goal else "cases"


def goal_words(told: xr.Dataset) -> str:
    """Return what an axis of a goal's probability shows.

    Examples
    --------
    >>> import xarray as xr
    >>> goal_words(xr.Dataset(attrs={"goal": "P(attain)"}))
    'quarters that make quota'
    >>> goal_words(xr.Dataset(attrs={"goal": "P(company bookings of year 1 >= target)"}))
    'how often year 1 makes the plan'
    """
    goal = str(told.attrs["goal"])
    known = {"P(attain)": "quarters", "P(attain the year)": "years"}
    if goal.startswith("P(company bookings of "):
        period = goal.removeprefix("P(company bookings of ").removesuffix(" >= target)")
        return f"how often {period} makes the plan"
    return f"{known[goal]} that make quota" if goal in known else goal


def signed(value: float, _: int = 0) -> str:
    """Return points with their sign, for an axis."""
    return f"{value:+.3g}" if abs(value) > 1e-9 else "0"


def lever_words(path: str, value: float, currency: str, *, about: bool = False) -> str:
    """Return where a lever stands as part of a sentence, about: to three digits.

    Examples
    --------
    >>> lever_words("quota.per_quarter", 109_800, "USD")
    'a quota of $110k'
    >>> lever_words("activity.per_quarter", 1_297.7, "USD", about=True)
    'about 1,300 activities a quarter'
    """
    rounded = float(f"{value:.3g}") if about and math.isfinite(value) else value
    amount, name = lever_amount(path, rounded, currency), shortened(lever_name(path), LONGEST)
    amount = f"about {amount}" if about else amount
    return f"{amount} {name}" if path in ACTIVITIES else f"a {name} of {amount}"


def lever_axis(axis: Axis, path: str, currency: str) -> None:
    """Write the values of a lever in its unit, and what they are."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: lever_amount(path, value, currency)))
    axis.set_label_text(lever_name(path))
