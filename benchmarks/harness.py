"""What the scripts share: interleaved rounds, fresh processes, tables, and what they ran on."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 900.0  # seconds, of a process that is measured
PACKAGES = (
    "funnelsim",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "xarray",
    "simpy",
    "ciw",
    "aggregate",
)


@dataclass(frozen=True)
class Timing:
    """One timed call: seconds on the wall, seconds of processor in all threads and children."""

    wall: float
    processor: float


def timed(call: Callable[[], object]) -> Timing:
    """Time one call."""
    wall, processor = time.perf_counter(), _processor_seconds()
    call()
    return Timing(time.perf_counter() - wall, _processor_seconds() - processor)


def _processor_seconds() -> float:
    """Return what this process and the children that it waited for have used."""
    if resource is None:
        return time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def interleaved(
    calls: Mapping[str, Callable[[int], object]], rounds: int
) -> dict[str, list[Timing]]:
    """Time every call once a round, A/B/C then B/C/A, so that other load falls on all alike.

    Each call is given the number of its round, from 1.
    """
    names = list(calls)
    timings: dict[str, list[Timing]] = {name: [] for name in names}
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            timings[name].append(timed(partial(calls[name], turn + 1)))
    return timings


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return lower quartile, median and upper quartile."""
    if len(values) == 1:
        return (values[0],) * 3
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, median, upper


def child(
    arguments: Sequence[str], *, cache: Path | None = None, folder: Path | None = None
) -> str:
    """Run this Python in a fresh process and return what it printed.

    Parameters
    ----------
    arguments : sequence of str
        After the interpreter: ``["-c", code]`` or ``["-m", module]``.
    cache : Path, optional
        Directory for numba's cache; the usual one by default.
    folder : Path, optional
        Working directory, also searched for modules.
    """
    environment = os.environ | {"PYTHONPATH": search_path(folder), "MPLBACKEND": "Agg"}
    # An installation has its byte code: without it each process would compile all of funnelsim.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if done.returncode:
        raise RuntimeError(f"a benchmark's process failed:\n{done.stderr}")
    return done.stdout


def search_path(*folders: Path | None) -> str:
    """Return where a fresh process looks for modules: in folders, where this one does, and here."""
    places = [*folders, os.environ.get("PYTHONPATH"), ROOT]
    return os.pathsep.join(str(place) for place in places if place)


def child_json(code: str, *, cache: Path | None = None, folder: Path | None = None) -> Any:
    """Run code in a fresh process and return the JSON on the last line that it printed."""
    return json.loads(child(["-c", code], cache=cache, folder=folder).splitlines()[-1])


def resident_memory() -> float:
    """Return the memory of this process now, in MB."""
    return _status("VmRSS")


def peak_memory() -> float:
    """Return the most memory that this process ever held, in MB.

    Not ``ru_maxrss``: a child inherits its parent's.
    """
    return _status("VmHWM")


def _status(key: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1000  # "kB" there are KiB
    raise RuntimeError(f"this system does not tell {key}")


def environment() -> dict[str, str]:
    """Return what the figures depend on; neither the machine's name nor any path."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "nan"
    return {
        "processor": _processor(),
        "processors": str(os.cpu_count()),
        "load before": load,
        "system": platform.system(),
        "python": platform.python_version(),
        **versions,
    }


def described(machine: Mapping[str, str]) -> str:
    """Return an environment as half a sentence."""
    return ", ".join(f"{key} {value}" for key, value in machine.items())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table; the first column reads from the left, the others from the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = [
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join([first, *others])} |"

    first, *others = widths
    rule = "|".join(["-" * (first + 2), *("-" * (width + 1) + ":" for width in others)])
    return "\n".join([line(headings), f"|{rule}|", *map(line, rows)])
