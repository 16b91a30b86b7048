"""Files that are whole or absent: written beside their place, then moved into it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; what is written there replaces it at the end.

    A reader sees the old file or the new one, never a part of it. When the block raises, nothing
    is left behind.

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
    temporary = target.parent / f".funnelsim-{secrets.token_hex(8)}.part"
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


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8 with the same line ends everywhere, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
