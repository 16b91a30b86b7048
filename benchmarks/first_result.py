"""How long a user waits: fresh processes, with an empty and with a warm numba cache.

'libraries' is the import of NumPy, numba and xarray, 'first' the first call after it (it loads what
funnelsim needs beyond, compiles or finds machine code, and computes 1000 draws), 'second' the same
call again. The jitted function that does nothing shows what numba itself takes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import child, child_json, timed
from benchmarks.workload import smallest

EMPTY_KERNEL = """
import numba

@numba.njit(cache=True, nogil=True, error_model="numpy")
def call():
    return 0.0
"""
CODE = """
import json, time
marks = [time.perf_counter()]
import numpy, numba, xarray
marks.append(time.perf_counter())
{prepare}
marks.append(time.perf_counter())
call()
marks.append(time.perf_counter())
call()
marks.append(time.perf_counter())
print(json.dumps(dict(libraries=marks[1] - marks[0], first=marks[3] - marks[1],
                      second=marks[4] - marks[3])))
"""
PREPARE = """
import funnelsim as fs
from benchmarks.workload import plan
def call():
    fs.{call}(plan("reference"), draws=1000, seed=1)
"""
CALLS = {
    "nothing, jitted": "from empty_kernel import call",
    "simulate": PREPARE.format(call="simulate"),
    "summarize": PREPARE.format(call="summarize"),
}
CLI = "from funnelsim.cli import main; main()"
# Whole processes: what is typed at a prompt.
COMMANDS = {
    "bare Python": ["-c", "pass"],
    "import funnelsim": ["-c", "import funnelsim"],
    "funnelsim --help": ["-c", CLI, "--help"],
    "funnelsim validate": ["-c", CLI, "validate", "sales_math"],
    "funnelsim demo": ["-c", CLI, "demo"],
}


@contextmanager
def workplace() -> Iterator[Path]:
    """Give a folder to work in, with the kernel that does nothing and room for a cache."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "empty_kernel.py").write_text(EMPTY_KERNEL, encoding="utf-8")
        yield place


def first_call(name: str, place: Path) -> dict[str, float]:
    """Run one of ``CALLS`` in a fresh process; seconds of libraries, first and second call."""
    code = CODE.format(prepare=CALLS[name])
    found: dict[str, float] = child_json(code, cache=_cache(place), folder=place)
    return found


def command(name: str, place: Path) -> float:
    """Run one of ``COMMANDS`` in a fresh process; seconds of the whole process."""
    return timed(lambda: child(COMMANDS[name], cache=_cache(place), folder=place)).wall


def run_funnelsim(arguments: Sequence[str], folder: Path) -> None:
    """Run the program in a fresh process, in a folder."""
    child(["-c", CLI, *arguments], folder=folder)


def _cache(place: Path) -> Path | None:
    """Return a cache of its own, but for a proof of life the usual one: no compiling there."""
    return None if smallest() else place / "cache"


class FirstCall:
    """The first call of a process, libraries loaded, with an empty and with a warm cache."""

    params = (tuple(CALLS), ("empty", "warm"))
    param_names = ("call", "cache")
    most_rounds = 2
    timeout = 300.0

    def track_first_call(self, name: str, cache: str) -> float:
        with workplace() as place:
            if cache == "warm" and not smallest():
                first_call(name, place)
            return first_call(name, place)["first"]

    track_first_call.unit = "s"  # type: ignore[attr-defined]


class Command:
    """A whole process, its machine code in the cache."""

    params = tuple(COMMANDS)
    param_names = ("command",)
    timeout = 300.0

    def setup(self, name: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name)
        if not smallest():
            command(name, self.place)  # fills the cache

    def teardown(self, name: str) -> None:
        self.folder.cleanup()

    def time_command(self, name: str) -> None:
        command(name, self.place)


def first_calls(rounds: int) -> dict[str, list[float]]:
    """Time ``CALLS``, each round once with an empty cache and twice with the cache it left."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name in CALLS:
            with workplace() as place:
                for cache in ("empty", "warm", "warm"):
                    seconds = first_call(name, place)["first"]
                    found.setdefault(f"{name}, {cache} cache", []).append(seconds)
    return found


def commands(rounds: int) -> dict[str, list[float]]:
    """Time ``COMMANDS`` in interleaved rounds, machine code in the cache."""
    with workplace() as place:
        again = [{name: command(name, place) for name in COMMANDS} for _ in range(rounds + 1)]
    return {name: [each[name] for each in again[1:]] for name in COMMANDS}
