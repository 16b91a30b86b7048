"""What pictures of single draws are given: the samples of a quarter, and the quota that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from funnelsim.errors import ArgumentError, ResultError

if TYPE_CHECKING:
    import xarray as xr


def quarter_of(samples: xr.Dataset, quarter: int, *names: str) -> tuple[xr.Dataset, float]:
    """Return the samples of a quarter, and its quota.

    Parameters
    ----------
    samples : xarray.Dataset
        As :func:`funnelsim.simulate` returns them.
    quarter : int
        Counted from 1.
    *names : str
        Arrays that the picture is drawn from.

    Raises
    ------
    ArgumentError
        Where there is no such quarter.
    ResultError
        Where these are no samples, or reps of several quotas.

    Examples
    --------
    >>> import funnelsim as fs
    >>> quarter_of(fs.simulate(fs.preset("sales_math"), draws=10, seed=1), 2, "bookings")[1]
    250000.0
    """
    known = getattr(samples, "variables", {})
    lacking = [name for name in names if name not in known or "draw" not in samples[name].dims]
    if lacking or "quota" not in known:
        raise ResultError(
            f"The result has no {(*lacking, 'quota')[0]} draw by draw: this picture takes samples, "
            "not a summary of them. fs.simulate(plan, draws=10_000, seed=1) returns them."
        )
    quarters = samples["quarter"].values
    if quarter not in quarters:
        told = ", ".join(str(each) for each in quarters)
        raise ArgumentError(f"quarter = {quarter!r}: the result has {told}.")
    own = samples.sel(quarter=quarter)
    quotas = np.unique(own["quota"].values)
    if len(quotas) > 1:
        raise ResultError(
            f"The reps have {len(quotas)} different quotas, and this picture has one. Pick reps of "
            "one: samples.isel(rep=[0])."
        )
    return own, float(quotas[0])
