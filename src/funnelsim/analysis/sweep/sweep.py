"""sweep(): one answer for every combination of values, interrupted and resumed at will."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import xarray as xr

from funnelsim.analysis.chances import Method
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.sweep.cells import Answers, Cell, Question, question
from funnelsim.analysis.sweep.grid import Grid, grid_of
from funnelsim.engine.blocks import Call, Progress, available_threads, in_order, workers
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.results.store import Store
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client


def sweep(
    plan: Scenario,
    over: Mapping[str, Iterable[Any]],
    *,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    method: Method = "auto",
    metrics: Collection[str] | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Answer every combination of values at some paths of a plan.

    Parameters
    ----------
    plan : Scenario
        Its variants take no part.
    over : mapping of str to iterable
        The values, numbers or texts, of each path: ``{"activity.per_quarter": range(500, 1501,
        50), "stages.won.conversion": [0.25, 0.30, 0.35]}``. At most a million cells.
    draws, seed : int, optional
        Needed where cells are simulated. All cells share their luck: differences between them are
        far more precise than the errors of each.
    threads : int, optional
        Defaults to the processors that this process may use. No number depends on it.
    cluster : str or distributed.Client, optional
        Who answers the cells in place of this process, as in :func:`funnelsim.simulate`.
    method : {"auto", "exact", "simulated"}
        "auto": each cell exactly where the twin covers it, else simulated.
    metrics : collection of str, optional
        Names of summaries, to have them and no others, from whichever method. By default a
        simulated cell holds the whole summary by quarter, and an exact one what takes little time:
        attainment_probability, bookings_mean, bookings_sd, at_least_probability.
    store : path, optional
        A ``.nc`` file to be. Finished cells are kept beside it, so that the same call goes on where
        an interrupted one stopped, to the same bytes; :func:`funnelsim.open` reads it when all are
        done.
    progress : callable, optional
        Called with (cells done, cells in all) after each; cells that a store held are done from
        the first call on.

    Returns
    -------
    xarray.Dataset
        Dims: the paths, in their order, then those of the summaries: (segment, quarter, ...). Each
        estimate with ``_standard_error``, ``_numerical_error``, or both where cells differ in
        method: the one that does not apply is NaN. The coordinate ``method`` says how each cell
        was answered, the attribute ``not_covered`` why some were simulated, ``refused`` (JSON) why
        something is NaN. A simulated cell equals, byte for byte,
        ``summarize(plan.replace(cell))``, an exact one ``exact(plan.replace(cell), only=metrics)``.

    Raises
    ------
    ScenarioError
        With the problems of all cells, before any is answered.
    ArgumentError
        Where an argument is out of range, or draws and seed are needed and missing.
    NotCoveredError
        Where exact answers are asked for and the twin does not cover a cell.
    ResourceError
        Where there are too many cells, or the result would not fit in memory.
    ResultError
        Where the store is damaged or belongs to another question; it is left as it was.

    Notes
    -----
    Cells may differ in method, rather than all being simulated as soon as one is not covered: an
    exact number is the better one wherever it can be had. Where shared luck counts for more, the
    differences across such a border, say ``method="simulated"``.

    Examples
    --------
    >>> import funnelsim as fs
    >>> swept = sweep(fs.preset("sales_math"), {"activity.per_quarter": [750, 1_000, 1_296]})
    >>> p = swept.attainment_probability.sel(segment="rep").mean("quarter")
    >>> p.dims, p.values.round(2).tolist(), swept.attrs["method"]
    (('activity.per_quarter',), [0.45, 0.64, 0.8], 'exact')
    """
    check_one_seat(plan)
    asked = question(method, metrics, draws, seed, threads)
    grid = grid_of(plan, over)
    answers = Answers(grid, asked)
    kept = None
    if store is not None:
        _check_names(grid)
        kept = Store(store, answers.identity())
        if finished := kept.results():
            if progress is not None:
                progress(grid.size, grid.size)
            return finished[0]
        for entry in kept.entries():
            answers.restore(entry)
    missing = answers.missing
    done = grid.size - len(missing)
    if progress is not None and done:
        progress(done, grid.size)
    with closing(_answered(grid, asked, missing, threads, cluster)) as found:
        for index, cell in found:
            answers.add(index, cell)
            if kept is not None:
                kept.add(answers.entry(index, cell))
            done += 1
            if progress is not None:
                progress(done, grid.size)
    result = answers.labelled()
    if kept is not None:
        kept.finish(result)
    return result


def _check_names(grid: Grid) -> None:
    """Refuse paths that netCDF cannot name a dim by, while nothing is lost yet."""
    for path in grid.over:
        if "/" in path or not unicodedata.is_normalized("NFC", path):
            raise ArgumentError(
                f"store: a .nc file cannot name {path}. Rename the stage or KPI, without a slash, "
                "or sweep without a store."
            )


def _answered(
    grid: Grid,
    asked: Question,
    cells: list[int],
    threads: int | None,
    cluster: str | Client | None,
) -> Generator[tuple[int, Cell], None, None]:
    """Yield the answers to cells in their order, several being worked on at a time.

    A thread works on a cell of its own: at the 20,000 draws of a usual sweep a cell is too few
    blocks to be shared evenly, and its sums would wait for each other.
    """
    if not cells:
        return
    own = 1  # threads of a cell
    if cluster is None:
        processors = threads or available_threads()
        threads = min(processors, len(cells))
        own = processors // threads
    calls = (
        Call(told, _answer, (asked, grid.plan_of(cell), told, own))
        for cell, told in ((cell, grid.told(cell)) for cell in cells)
    )
    with workers(threads, cluster) as hands, closing(in_order(hands, calls)) as found:
        yield from zip(cells, found, strict=True)


def _answer(
    asked: Question, plan: Scenario, told: str, threads: int, stopped: Callable[[], bool]
) -> Cell:
    """Return the answer to a cell."""
    try:
        return asked.answer(plan, threads, stopped)
    except NotCoveredError as error:
        where = f"the exact twin does not cover the cell {told}: {error}"
        if asked.method == "exact":
            remedy = "Say method='auto', with draws and seed, to simulate such cells."
            raise NotCoveredError(f"{where}. {remedy}") from None
        raise ArgumentError(f"draws and seed: must be given, because {where}") from None
