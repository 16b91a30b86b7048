"""How arrays become a Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def dataset(
    arrays: Mapping[str, Any], coords: Mapping[str, Any], attrs: Mapping[str, Any]
) -> xr.Dataset:
    """Return NumPy arrays as a Dataset, at once.

    ``xarray.Dataset(...)`` asks of each array whether it is one of Dask's, and where Dask is
    installed it takes half a second to load it for the first of them.

    Parameters
    ----------
    arrays, coords : mapping
        By name: an xarray.Variable, ``(dims, values)``, ``(dims, values, attributes)``, or the
        labels of the dim of that name.
    attrs : mapping

    Examples
    --------
    >>> told = dataset({"mean": ("quarter", [3.0, 4.0])}, {"quarter": [1, 2]}, {"title": "Plan"})
    >>> told["mean"].sel(quarter=2).item(), told.attrs
    (4.0, {'title': 'Plan'})
    """
    import xarray as xr

    return xr.Dataset(
        {name: _variable(name, stated) for name, stated in arrays.items()},
        {name: _variable(name, stated) for name, stated in coords.items()},
        attrs,
    )


def _variable(name: str, stated: Any) -> xr.Variable:
    import numpy as np
    import xarray as xr

    if isinstance(stated, xr.Variable):
        return stated
    dims, values, about = (*stated, None)[:3] if isinstance(stated, tuple) else (name, stated, None)
    return xr.Variable(dims, np.asarray(values), about, fastpath=True)
