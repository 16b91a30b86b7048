"""How long a user waits: fresh processes, with an empty and with a warm numba cache.

    python benchmarks/first_result.py [--rounds N] [--smallest] [--json]

'libraries' is the import of NumPy, numba and xarray, 'first' the first call after it (it loads what
funnelsim needs beyond, compiles or finds machine code, and computes 1000 draws), 'second' the same
call again. The jitted function that does nothing shows what numba itself takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":  # a script sees its own folder; the package lies beside it
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.harness import child, child_json, described, environment, table, timed
from benchmarks.workload import SMALLEST, size, smallest

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


def _cache(place: Path) -> Path | None:
    """Return a cache of its own, but for a proof of life the usual one: no compiling there."""
    return None if smallest() else place / "cache"


class FirstCall:
    """The first call of a process, libraries loaded, with an empty and with a warm cache."""

    params = (tuple(CALLS), ("empty", "warm"))
    param_names = ("call", "cache")
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


def calls_table(rounds: int) -> dict[str, dict[str, float]]:
    """Measure ``CALLS``, each round once with an empty cache and twice with the cache it left."""
    empty: dict[str, list[dict[str, float]]] = {name: [] for name in CALLS}
    warm: dict[str, list[dict[str, float]]] = {name: [] for name in CALLS}
    for _ in range(rounds):
        for name in CALLS:
            with workplace() as place:
                empty[name].append(first_call(name, place))
                warm[name] += [first_call(name, place) for _ in range(2)]
    return {
        name: {
            "libraries": _median(warm[name], "libraries"),
            "first, empty cache": _median(empty[name], "first"),
            "first, warm cache": _median(warm[name], "first"),
            "second": _median(warm[name], "second"),
        }
        for name in CALLS
    }


def commands_table(rounds: int) -> dict[str, dict[str, float]]:
    """Measure ``COMMANDS`` in interleaved rounds, after a first time with an empty cache."""
    with workplace() as place:
        first = {name: command(name, place) for name in COMMANDS}
        again = [{name: command(name, place) for name in COMMANDS} for _ in range(2 * rounds)]
    return {
        name: {"empty cache": first[name], "warm cache": _median(again, name)} for name in COMMANDS
    }


def _median(found: list[dict[str, float]], key: str) -> float:
    return statistics.median(each[key] for each in found)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="each with an empty cache of its own")
    parser.add_argument("--smallest", action="store_true", help="a mere proof of life")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        os.environ[SMALLEST] = "1"
    machine, rounds = environment(), size(asked.rounds, 1)
    found = {"in Python": calls_table(rounds), "at the prompt": commands_table(rounds)}
    if asked.json:
        print(json.dumps({"environment": machine, "rounds": rounds, "results": found}))
        return
    for where, rows in found.items():
        headings = (f"{where}, seconds", *next(iter(rows.values())))
        cells = [(name, *(f"{value:.3f}" for value in row.values())) for name, row in rows.items()]
        print(table(headings, cells), end="\n\n")
    print(f"Medians of {rounds} rounds on {described(machine)}.")


if __name__ == "__main__":
    main()
