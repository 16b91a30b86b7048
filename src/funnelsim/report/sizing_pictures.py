"""The pictures about the size of a team as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from funnelsim.writing import whole_file

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.report.plots.saved import Draw


def save_pictures(
    needed: xr.Dataset,
    steps: xr.Dataset,
    cushions: xr.Dataset,
    diversified: xr.Dataset,
    *,
    folder: str,
) -> Iterator[str]:
    """Draw the pictures about the size of a team into a folder, each file whole or absent.

    Parameters
    ----------
    needed, steps, cushions, diversified : xarray.Dataset
        As :func:`funnelsim.headcount`, :func:`funnelsim.next_step`, :func:`funnelsim.cushion` and
        :func:`funnelsim.diversification` return them.
    folder : path
        Made if it is missing.

    Yields
    ------
    str
        What was written.

    Raises
    ------
    OSError
        Where the folder cannot be made or written to.
    """
    from funnelsim.report.plots.cushion import cushion, diversification
    from funnelsim.report.plots.headcount import headcount, next_steps
    from funnelsim.report.plots.saved import save_picture

    pictures: dict[str, Draw] = {
        "headcount": lambda ax: headcount(needed, ax=ax),
        "next-steps": lambda ax: next_steps(steps, ax=ax),
        "cushion": lambda ax: cushion(cushions, ax=ax),
        "diversification": lambda ax: diversification(diversified, ax=ax),
    }
    Path(folder).mkdir(exist_ok=True)
    for name, draw in pictures.items():
        path = Path(folder, f"{name}.png")
        save_picture(draw, path)
        yield f"Wrote {path}"


def save_page(
    needed: xr.Dataset,
    steps: xr.Dataset,
    cushions: xr.Dataset,
    diversified: xr.Dataset,
    *,
    path: str,
) -> None:
    """Draw the same pictures on one page and save it as ``.png``, whole or not at all.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    from funnelsim.report.plots.sizing import sizing_page

    with whole_file(path) as part:
        sizing_page(needed, steps, cushions, diversified).savefig(part, format="png")
