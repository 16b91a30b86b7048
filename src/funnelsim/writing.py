"""Files that are whole or absent: written beside their place, then moved into it."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; what is written there replaces it at the end.

    A reader sees the old file or the new one, never a part of it. When the block raises, nothing
    is left behind; what a process left that was killed is taken away by the next one that writes
    the same file, on Linux, unless the machine began anew in between.

    Raises
    ------
    OSError
        Where the folder is missing or cannot be written to, or ``path`` is a folder itself.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp(), "note.txt")
    >>> with whole_file(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "No such folder", str(target.parent))
    # Not tempfile, whose files only their owner may read. Short, however long the target's name.
    own = f".funnelsim-{_mark(target.name)}-"
    temporary = target.parent / f"{own}{os.getpid()}-{secrets.token_hex(4)}.part"
    _take_away(target.parent, own)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # of which nobody has heard
            error.filename = str(target)
        raise
    finally:
        with suppress(OSError):  # none was made, or none can be
            temporary.unlink()


def _take_away(folder: Path, own: str) -> None:
    """Take away what processes that are no more have left of a file."""
    if not _here():
        return
    for left in folder.glob(f"{own}*.part"):
        process = left.name.removeprefix(own).partition("-")[0]
        try:
            os.kill(int(process), 0)  # asks whether there is one
        except (ProcessLookupError, OverflowError):
            with suppress(OSError):  # another one was faster, or it may not
                left.unlink()
        except (PermissionError, ValueError):
            continue


def _mark(name: str) -> str:
    """Return what stands for a file in the names of its parts, and for where processes count."""
    return hashlib.sha256(f"{name}\n{_here()}".encode(errors="surrogateescape")).hexdigest()[:12]


@cache
def _here() -> str:
    """Return among which processes a number stands for one; nothing where that is not known.

    Of machines and containers that share a folder, each counts its own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return boot + os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8 with the same line ends everywhere, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
