"""Results on disk: netCDF to go on working with, CSV for spreadsheets, JSON for programs.

A result carries the scenario, seed and versions that made it, so that a saved one can be run
again. Files are whole or absent, and reading one executes nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from funnelsim.errors import ArgumentError, ResultError
from funnelsim.results.export import as_json, json_text, write_csv
from funnelsim.writing import whole_file, write_text

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

Found = TypeVar("Found")

ENDINGS = (".nc", ".csv", ".json")
DRAW = "draw"
PIECE = 4 << 20  # bytes of an array that are packed and written in one go: a tenth of a second
MORE = "more_results"  # the attribute of a file that holds several: how many follow the first


def save(result: xr.Dataset | Sequence[xr.Dataset], path: str | os.PathLike[str]) -> None:
    """Write a result to a file whose ending says how, whole or not at all.

    Parameters
    ----------
    result : xarray.Dataset or sequence of xarray.Dataset
        Samples or a summary. Several summaries of one scenario, by quarter and by year, may share
        a ``.csv`` or ``.json``.
    path : path
        ``.nc`` (netCDF-4; :func:`open` gives the same Dataset back), ``.csv`` (long and tidy: one
        number a row) or ``.json`` (all but samples; keys as in docs/reference).

    Raises
    ------
    ArgumentError
        Where the ending is none of these.
    ResultError
        Where the Dataset was not made by funnelsim, or has no such form.
    OSError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import funnelsim as fs
    >>> result = fs.simulate(fs.preset("sales_math"), draws=10, seed=1)
    >>> path = Path(tempfile.mkdtemp(), "result.nc")
    >>> fs.save(result, path)
    >>> fs.open(path).identical(result)
    True
    """
    ending = ending_of(path)
    results = list(result) if isinstance(result, Sequence) else [result]
    for each in results:
        _check_provenance(each, "this Dataset")
    if ending == ".nc":
        if len(results) != 1:
            raise ResultError(
                "a .nc file holds one Dataset; save summaries one by one, or as .csv."
            )
        _save_netcdf(results, path)
    elif ending == ".csv":
        with (
            whole_file(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            write_csv(results, file)
    else:
        write_text(path, json_text(as_json(*results)))


def open(path: str | os.PathLike[str]) -> xr.Dataset:
    """Return the result in a ``.nc`` file, as it was saved.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ResultError
        Where the file is not a result that funnelsim saved.

    Examples
    --------
    See :func:`save`.
    """
    first = _open_netcdf(path, None)
    first.attrs.pop(MORE, None)
    return first


def save_together(results: Sequence[xr.Dataset], path: str | os.PathLike[str]) -> None:
    """Write results to one ``.nc`` file, whole or not at all; :func:`open` gives the first back."""
    for each in results:
        _check_provenance(each, "this Dataset")
    _save_netcdf(results, path)


def open_together(path: str | os.PathLike[str]) -> list[xr.Dataset]:
    """Return all results that :func:`save_together` wrote to a file.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ResultError
        Where the file is not a result that funnelsim saved.
    """
    first = _open_netcdf(path, None)
    more = first.attrs.pop(MORE, 0)
    return [first, *(_open_netcdf(path, str(number)) for number in range(1, more + 1))]


def scenario_of(result: xr.Dataset) -> Scenario:
    """Return the scenario that made a result, from the result's own attributes.

    Raises
    ------
    ResultError
        Where the attributes are missing or were changed.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> fs.scenario_of(fs.exact(plan)) == plan
    True
    """
    from funnelsim.scenario.files import loads

    _check_provenance(result, "this Dataset")
    return loads(result.attrs["scenario"], source="the result's scenario")


def ending_of(path: str | os.PathLike[str]) -> str:
    """Return the ending of a result's file.

    Raises
    ------
    ArgumentError
        Where it is not one that :func:`save` can write.

    Examples
    --------
    >>> ending_of("plan.NC")
    '.nc'
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ArgumentError(f"{os.fspath(path)}: the ending must be one of {', '.join(ENDINGS)}.")
    return ending


def _check_provenance(result: object, source: str) -> None:
    attrs = getattr(result, "attrs", {})
    if not all(
        isinstance(attrs.get(key), str) for key in ("funnelsim_version", "scenario", "title")
    ):
        raise ResultError(
            f"{source}: not a funnelsim result: its attributes do not say which scenario made it."
        )
    if hashlib.sha256(attrs["scenario"].encode()).hexdigest() != attrs.get("scenario_sha256"):
        raise ResultError(f"{source}: the scenario in its attributes was changed since it was run.")


def _open_netcdf(path: str | os.PathLike[str], group: str | None) -> xr.Dataset:
    import xarray as xr

    source = Path(path)  # never a text that netCDF could take for an address on the network
    if not source.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    try:
        # A currency labelled "days" is no time: nothing is decoded but booleans and texts.
        result = _apart(
            partial(
                xr.load_dataset,
                source, engine="netcdf4", decode_times=False, decode_timedelta=False, group=group,
            )
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError):
        raise ResultError(f"{source}: not a funnelsim result (netCDF-4, '.nc').") from None
    _check_provenance(result, str(source))
    return result


def _save_netcdf(results: Sequence[xr.Dataset], path: str | os.PathLike[str]) -> None:
    """Write the first result as the file itself, each further one as a group with its number."""
    first, *others = results
    if others:
        first = first.assign_attrs({MORE: len(others)})
    with whole_file(path) as temporary:
        for number, each in enumerate([first, *others]):
            try:
                _write_netcdf(each.drop_encoding(), temporary, number)
            except (TypeError, ValueError) as error:
                raise ResultError(f"netCDF cannot hold this Dataset: {error}") from None
            except RuntimeError as error:  # of its library, which says no more
                told = f"it could not be written ({error}). Is there room on the disk?"
                raise OSError(errno.EIO, told, str(path)) from None


def _write_netcdf(result: xr.Dataset, path: Path, number: int) -> None:
    """Write a result: many draws piece by piece, so that Ctrl-C is heard between them."""
    import netCDF4

    draws = result.sizes.get(DRAW, 0)
    sampled = {name: array for name, array in result.variables.items() if DRAW in array.dims}
    widest = max((array.nbytes // max(draws, 1) for array in sampled.values()), default=0)
    piece = max(PIECE // max(widest, 1), 1)
    # Samples are small integers and repeated zeros for the most part.
    encoding: dict[Hashable, dict[str, Any]] = {
        name: {"zlib": True, "complevel": 1, "shuffle": True}
        for name, array in result.data_vars.items()
        if array.dtype.kind in "biuf" and array.ndim
    }
    in_pieces = draws > piece
    if in_pieces:
        for name, array in sampled.items():
            sizes = {**array.sizes, DRAW: piece}
            encoding.setdefault(name, {})["chunksizes"] = [sizes[dim] for dim in array.dims]
        result = result.isel({DRAW: slice(0)})
    _apart(
        partial(
            result.to_netcdf,
            path,
            mode="a" if number else "w",
            group=str(number) if number else None,
            engine="netcdf4",
            encoding=encoding,
            unlimited_dims=[DRAW] if in_pieces else None,
        )
    )
    if not in_pieces:
        return
    with netCDF4.Dataset(path, "a") as file:
        file.set_auto_maskandscale(False)
        place = file[str(number)] if number else file
        for name, array in sampled.items():
            place[str(name)].set_var_chunk_cache(size=0)  # else all is packed when the file closes
            for start in range(0, draws, piece):
                part = slice(start, min(start + piece, draws))
                region = tuple(part if dim == DRAW else slice(None) for dim in array.dims)
                _apart(partial(place[str(name)].__setitem__, region, array[region].values))


def _apart(work: Callable[[], Found]) -> Found:
    """Have another thread do it, as Ctrl-C is raised in the main one, which waits meanwhile.

    Within xarray it can leave a lock closed that is then waited for for good; within netCDF4 it
    can be taken for an error in an index, and ignored.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
