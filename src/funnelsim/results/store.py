"""Long work that can be interrupted: finished parts are kept beside the result they will become.

While it runs, ``sweep.nc.unfinished`` holds a line for what was asked and one for each finished
part, the cell of a sweep or a piece of the draws, each with its checksum, in the order in which
they were finished. Lines are only ever added: a process that is killed leaves whole lines and at
most one torn one at the end, which counts for nothing. When the last part is done ``sweep.nc``
takes its place.
"""

from __future__ import annotations

import base64
import difflib
import errno
import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.errors import ArgumentError, ResultError
from funnelsim.results import files
from funnelsim.writing import whole_file

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

ASKED = "asked"  # the attribute of a result that says what was asked for, as JSON
KEPT_FOR = "kept_for"  # the one of its file that says what else was, as JSON
UNFINISHED = ".unfinished"
SYNC_EVERY = 2.0  # seconds: what a failing machine, not a killed process, may lose
MOST_LINES = 5  # of a changed scenario that an error quotes
GOES_ON = "What was finished before is kept: mend this, and the same call goes on there."
REMEDY = "Name another store, or move the file away."


class Store:
    """Where the finished parts of one question are kept, and in the end its result.

    Parameters
    ----------
    path : path
        The ``.nc`` file that the result will become.
    identity : mapping of str to value
        Everything that the answer depends on, as JSON could hold it: a store of another identity
        is refused. A result says its own in its attributes: under the same names, or in the one
        called ``asked`` (JSON); its file says what else there is.

    Raises
    ------
    ArgumentError
        Where the path does not end in ``.nc``.
    FileNotFoundError
        Where its folder is missing.
    IsADirectoryError
        Where it is a folder itself.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        if files.ending_of(path) != ".nc":
            raise ArgumentError(f"store = {os.fspath(path)}: the ending must be .nc.")
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such folder", str(self.path.parent))
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
        self.unfinished = self.path.with_name(self.path.name + UNFINISHED)
        self.identity = json.loads(json.dumps(identity))
        self._synced = time.monotonic()

    def results(self) -> list[xr.Dataset]:
        """Return the results if the work is done already, else none.

        Raises
        ------
        ResultError
            Where the file is damaged, or answers another question.
        """
        if not self.path.exists():
            return []
        try:
            found = files.open_together(self.path)
            told = found[0].attrs
            asked = {**json.loads(told.get(ASKED, "{}")), **json.loads(told.pop(KEPT_FOR, "{}"))}
        except (ResultError, ValueError) as error:
            raise ResultError(f"{error} It is damaged, or no store. {REMEDY}") from None
        self._check({**told, **asked}, self.path)
        if self.unfinished.exists():  # killed when only the tidying up was left
            with self.unfinished.open("rb") as file:
                ours = file.readline() == _line(self.identity)
            if ours:
                self.unfinished.unlink(missing_ok=True)
        return found

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield what an interrupted run has added; begin a new store where there was none.

        Raises
        ------
        ResultError
            Where the store is damaged, or belongs to another question.
        """
        if not self.unfinished.exists():
            with whole_file(self.unfinished) as temporary:
                temporary.write_bytes(_line(self.identity))
            return
        whole = 0
        with self.unfinished.open("rb") as file:
            for number, line in enumerate(file):
                if number and not line.endswith(b"\n"):
                    break  # torn by the interruption
                entry = self._entry(line, number + 1)
                whole += len(line)
                if number:
                    yield entry
                else:
                    self._check(entry, self.unfinished)
        if not whole:
            raise self._damaged(1)
        os.truncate(self.unfinished, whole)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Keep a finished part: it survives whatever happens to this process from here on.

        Parameters
        ----------
        entry : mapping
            What JSON can hold, and arrays of numbers, to the last bit.

        Raises
        ------
        OSError
            Where there is no room left, or the file has gone; what was kept before is whole.
        """
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)  # never a new file
        try:
            with os.fdopen(os.open(self.unfinished, flags), "ab") as file:
                file.write(_line(entry))
                now = time.monotonic()
                if now - self._synced > SYNC_EVERY:
                    file.flush()
                    os.fsync(file.fileno())
                    self._synced = now
        except OSError as error:
            told = f"{error.strerror}. {GOES_ON}"
            raise OSError(error.errno, told, str(self.unfinished)) from None

    def finish(self, *results: xr.Dataset) -> None:
        """Write the results in their place; the finished parts are no longer needed."""
        told = results[0].attrs
        said = {**told, **json.loads(told.get(ASKED, "{}"))}
        if unsaid := {key: value for key, value in self.identity.items() if key not in said}:
            results = (results[0].assign_attrs({KEPT_FOR: json.dumps(unsaid)}), *results[1:])
        files.save_together(results, self.path)
        self.unfinished.unlink(missing_ok=True)

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        checksum, _, content = line.rstrip(b"\n").partition(b" ")
        if checksum != _checksum(content):
            raise self._damaged(number)
        entry = json.loads(content, object_hook=_array)
        assert isinstance(entry, dict)  # noqa: S101  as it was written: its checksum says so
        return entry

    def _damaged(self, number: int) -> ResultError:
        return ResultError(
            f"{self.unfinished}: line {number} is damaged. Move the file away to start anew."
        )

    def _check(self, kept: Mapping[str, Any], path: Path) -> None:
        """Refuse what was asked with another identity, saying what differs."""
        differences = [
            _changed_lines(str(kept.get(key, "")), value)
            if key == "scenario"
            else f"{key}: there {_shown(kept.get(key))}, now {_shown(value)}"
            for key, value in self.identity.items()
            if kept.get(key) != value
        ]
        if differences:
            raise ResultError(
                f"{path}: holds the answer to another question. {'; '.join(differences)}. Ask the "
                f"same again to go on. {REMEDY}"
            )


def _line(entry: Mapping[str, Any]) -> bytes:
    content = json.dumps(entry, separators=(",", ":"), default=_stated).encode("ascii")
    return _checksum(content) + b" " + content + b"\n"


def _stated(array: npt.NDArray[np.generic]) -> dict[str, Any]:
    """Return an array as JSON can hold it; whole numbers, mostly alike, in short."""
    whole = array.dtype.kind in "iu"
    content = np.ascontiguousarray(array, "<i8" if whole else "<f8").tobytes()
    text = base64.b64encode(zlib.compress(content, 1) if whole else content).decode()
    return {"integers" if whole else "floats": text, "shape": array.shape}


def _array(stated: dict[str, Any]) -> Any:
    """Return what JSON holds, arrays as arrays."""
    if "integers" in stated:
        content = zlib.decompress(base64.b64decode(stated["integers"]))
        return np.frombuffer(content, "<i8").reshape(stated["shape"])
    if "floats" in stated:
        return np.frombuffer(base64.b64decode(stated["floats"]), "<f8").reshape(stated["shape"])
    return stated


def _checksum(content: bytes) -> bytes:
    return f"{zlib.crc32(content):08x}".encode("ascii")


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _changed_lines(there: str, now: str) -> str:
    """Return which lines of a scenario differ, - there and + now."""
    lines = [
        line
        for line in difflib.unified_diff(there.splitlines(), now.splitlines(), n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    more = "" if len(lines) <= MOST_LINES else f" | and {len(lines) - MOST_LINES} more lines"
    return f"scenario: {' | '.join(lines[:MOST_LINES])}{more}"
