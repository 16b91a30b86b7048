"""The pictures about luck as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from funnelsim.analysis.answers import simulated
from funnelsim.analysis.luck.part import over
from funnelsim.errors import ResultError

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.report.plots.saved import Draw
    from funnelsim.scenario.model import Scenario

MOST_DRAWS = 20_000  # are kept for the picture of single quarters: more would not show


def save_pictures(
    plan: Scenario,
    luck: xr.Dataset,
    folder: str,
    *,
    lag: int = 0,
    threads: int | None = None,
) -> Iterator[str]:
    """Draw the pictures about luck into a folder, each file whole or absent.

    The picture of bookings shows the first quarter of the first draws, 20,000 at most.

    Parameters
    ----------
    plan : Scenario
    luck : xarray.Dataset
        What :func:`funnelsim.luck` says of it.
    folder : path
        Made if it is missing.
    lag : int
        Quarters from a KPI to the quota that it is held against.
    threads : int, optional
        Defaults to the processors that this process may use.

    Yields
    ------
    str
        What was written, or why a picture was not.

    Raises
    ------
    OSError
        Where the folder cannot be made or written to.
    """
    from funnelsim.report.plots.policy import dose_response, kpi_table
    from funnelsim.report.plots.repeat import careers, equal_mean
    from funnelsim.report.plots.saved import save_picture
    from funnelsim.report.plots.windfalls import variance_by_source, windfalls

    draws = min(int(luck.attrs["draws"]), MOST_DRAWS)
    seed = int(luck.attrs["seed"])
    told = simulated(over(plan, 1), draws=draws, seed=seed, threads=threads, keep_samples=True)
    samples = told.samples
    assert samples is not None  # noqa: S101  they were asked for
    pictures: dict[str, Draw] = {
        "bookings": lambda ax: windfalls(samples, ax=ax),
        "variance-by-source": lambda ax: variance_by_source(luck, ax=ax),
        "kpi-against-quota": lambda ax: kpi_table(luck, lag=lag, ax=ax),
        "dose-response": lambda ax: dose_response(luck, ax=ax),
        "careers": lambda ax: careers(luck, ax=ax),
        "equal-mean": lambda ax: equal_mean(luck, ax=ax),
    }
    Path(folder).mkdir(exist_ok=True)
    for name, draw in pictures.items():
        path = Path(folder, f"{name}.png")
        try:
            save_picture(draw, path)
        except ResultError as reason:
            yield f"No {path}: {reason}"
        else:
            of = f" (quarter 1, {draws:,} draws)" if name == "bookings" else ""
            yield f"Wrote {path}{of}"
