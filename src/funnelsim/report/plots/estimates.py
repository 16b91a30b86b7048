"""What pictures read from a result about luck: values with their errors, or why there are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.errors import ResultError
from funnelsim.registry import STANDARD_ERROR

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]


def estimate(luck: xr.Dataset, name: str, **labels: object) -> tuple[Floats, Floats]:
    """Return a variable's values and standard errors over its dims, segment left out.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
    name : str
    **labels
        Where along dims: ``policy="floor"``.

    Raises
    ------
    ResultError
        Where the result does not have the variable, or knows it nowhere that was asked for; with
        the reason that the result gives.
    """
    refused = json.loads(luck.attrs.get("refused", "{}"))
    if name not in luck:
        raise ResultError(refused.get(name, f"The result has no {name}: fs.luck returns it."))
    try:
        values, errors = (
            np.asarray(luck[each].isel(segment=0).sel(labels).values, dtype=np.float64)
            for each in (name, name + STANDARD_ERROR)
        )
    except KeyError as error:
        asked = ", ".join(f"{dim} = {label}" for dim, label in labels.items())
        raise ResultError(f"The result has no {name} for {asked}.") from error
    if np.isnan(values).all():
        raise ResultError(refused.get(name, f"{name} is not a number anywhere."))
    return values, errors
