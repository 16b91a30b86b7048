"""Where machine code is kept, so that a kernel is compiled once and stale code never runs.

Its file is named by a digest of all that it was made of: the sources of the kernels, and the
versions of what compiled them. Code made of anything else has another name and is not found,
whatever clocks and interrupted writes do; numba's own cache watches one file and trusts its index.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite  # type: ignore[import-untyped]
import numba as nb
import numpy as np
from numba.core.caching import (
    IndexDataCacheFile,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.compiler import CompileResult

SECONDS = 8  # to compile all, roughly
# What machine code is made of, beside the types of the arguments and the processor.
SOURCES = ("kernels/*.py", "record.py", "compiling.py", "shortcuts.py", "machine_code.py")

_log = logging.getLogger("funnelsim")


class MachineCode:
    """The machine code of a kernel on disk: what numba asks of a cache.

    Folders are numba's: ``NUMBA_CACHE_DIR`` where that is set, else ``__pycache__`` beside the
    source, else the user's cache. Unlike numba's, a folder that can only be read is read: an
    installation may have been compiled before it was made read-only.

    Attributes
    ----------
    name : str
        What its files are called: kernel, and digest of all that the code is made of.
    folder : Path or None
        Where code was found or kept; None while nothing was.
    compiled : bool
        Whether this process has compiled the kernel.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        source = function.__code__.co_filename
        self.name = f"{function.__name__}-{_digest(Path(__file__).parent)}"
        config: Any = nb.config
        given = [UserProvidedCacheLocator]
        locators: list[Any] = (
            given if config.CACHE_DIR else [InTreeCacheLocator, UserWideCacheLocator]
        )
        folders = [locator(function, source).get_cache_path() for locator in locators]
        self._files: dict[str, Any] = {
            each: IndexDataCacheFile(each, self.name, self.name) for each in folders
        }
        self.folder: Path | None = None
        self.compiled = False

    @property
    def folders(self) -> list[Path]:
        """Where code is looked for, and kept if it can be."""
        return [Path(folder) for folder in self._files]

    @property
    def cache_path(self) -> str:
        """The folder in numba's words."""
        return str(self.folder or self.folders[0])

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the kernel compiled for a signature, from the first folder that has it, or None.

        Where there is none it is about to be compiled, which a terminal is told.
        """
        key = _key(signature, target.codegen())
        for folder, file in self._files.items():
            try:
                code = file.load(key)
                found = None if code is None else CompileResult._rebuild(target, *code)
            except Exception:  # a damaged file can cause any: it will be written anew
                _log.info("The machine code in %s is damaged.", folder)
                _empty(file)
            else:
                if found is not None:
                    self.folder = Path(folder)
                    return found
        target.refresh()
        self.compiled = True
        terminal = sys.stderr is not None and sys.stderr.isatty()
        level = logging.WARNING if terminal else logging.INFO  # shown unless logging is set up
        _log.log(level, "Compiling once, about %d s. Later runs start at once.", SECONDS)
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled kernel in the first folder that takes it; where none does, say so."""
        key, code = _key(signature, compiled.library.codegen), compiled._reduce()
        reasons = []
        for folder, file in self._files.items():
            try:
                os.makedirs(folder, exist_ok=True)
                file.save(key, code)
            except OSError as error:
                reasons.append(f"{folder}: {error.strerror or error}")
            else:
                self.folder = Path(folder)
                return
        _log.warning(
            "Compiled code cannot be kept, so that every run compiles anew (%s). Set "
            "NUMBA_CACHE_DIR to a folder of yours.",
            "; ".join(reasons),
        )


def _key(signature: Any, codegen: Any) -> tuple[Any, ...]:
    return signature, codegen.magic_tuple()


def _empty(file: Any) -> None:
    """Empty an index, if it may be written."""
    try:
        file.flush()
    except OSError:
        return


def _digest(folder: Path) -> str:
    """Return a name for the sources in a folder and the versions that compile them."""
    made_of = hashlib.sha256()
    for pattern in SOURCES:
        for source in sorted(folder.glob(pattern)):
            made_of.update(source.read_bytes())
    versions = (nb.__version__, llvmlite.__version__, np.__version__, sys.version)
    made_of.update("; ".join(versions).encode())
    return made_of.hexdigest()[:16]
