"""Long work that can be interrupted: finished cells are kept beside the result they will become.

While a sweep runs, ``sweep.nc.unfinished`` holds a line for what was asked and one for each
finished cell, each with its checksum, in the order in which they were finished. Lines are only
ever added: a process that is killed leaves whole lines and at most one torn one at the end, which
counts for nothing. When the last cell is done ``sweep.nc`` takes its place.
"""

from __future__ import annotations

import difflib
import errno
import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funnelsim.errors import ArgumentError, ResultError
from funnelsim.results import files
from funnelsim.writing import whole_file

if TYPE_CHECKING:
    import xarray as xr

ASKED = "asked"  # the attribute of a result that says what was asked for, as JSON
UNFINISHED = ".unfinished"
SYNC_EVERY = 2.0  # seconds: what a failing machine, not a killed process, may lose
MOST_LINES = 5  # of a changed scenario that an error quotes
REMEDY = "Name another store, or move the file away."


class Store:
    """Where the finished cells of one question are kept, and in the end its result.

    Parameters
    ----------
    path : path
        The ``.nc`` file that the result will become.
    identity : mapping of str to value
        Everything that the answer depends on, as JSON could hold it: a store of another identity
        is refused. A result says its own in the attribute ``asked`` (JSON), and what is not said
        there in the attributes of the same names.

    Raises
    ------
    ArgumentError
        Where the path does not end in ``.nc``.
    FileNotFoundError
        Where its folder is missing.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        if files.ending_of(path) != ".nc":
            raise ArgumentError(f"store = {os.fspath(path)}: the ending must be .nc.")
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such folder", str(self.path.parent))
        self.unfinished = self.path.with_name(self.path.name + UNFINISHED)
        self.identity = json.loads(json.dumps(identity))
        self._synced = time.monotonic()

    def result(self) -> xr.Dataset | None:
        """Return the result if the work is done already.

        Raises
        ------
        ResultError
            Where the file is damaged, or answers another question.
        """
        if not self.path.exists():
            return None
        try:
            result = files.open(self.path)
            asked = json.loads(result.attrs.get(ASKED, "{}"))
        except (ResultError, ValueError) as error:
            raise ResultError(f"{error} It is damaged, or no store. {REMEDY}") from None
        self._check({**result.attrs, **asked}, self.path)
        if self.unfinished.exists():  # killed when only the tidying up was left
            with self.unfinished.open("rb") as file:
                ours = file.readline() == _line(self.identity)
            if ours:
                self.unfinished.unlink(missing_ok=True)
        return result

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield what an interrupted run has finished; begin a new store where there was none.

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
        """Keep a finished cell: it survives whatever happens to this process from here on."""
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)  # never a new file
        with os.fdopen(os.open(self.unfinished, flags), "ab") as file:
            file.write(_line(entry))
            now = time.monotonic()
            if now - self._synced > SYNC_EVERY:
                file.flush()
                os.fsync(file.fileno())
                self._synced = now

    def finish(self, result: xr.Dataset) -> None:
        """Write the result in its place; the finished cells are no longer needed."""
        files.save(result, self.path)
        self.unfinished.unlink(missing_ok=True)

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        checksum, _, content = line.rstrip(b"\n").partition(b" ")
        if checksum != _checksum(content):
            raise self._damaged(number)
        entry = json.loads(content)
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
    content = json.dumps(entry, separators=(",", ":")).encode("ascii")
    return _checksum(content) + b" " + content + b"\n"


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
