"""The benchmarks of all modules, as asv reads them too, and how one of them is measured.

A class with methods that begin with ``time_``, ``track_`` or ``peakmem_``; ``setup``, ``teardown``
and ``params`` as asv has them. Two attributes more: ``work(*case)`` is how many rep-quarters (or
whatever ``per`` names) one call of a ``time_`` method computes, and its figure is then nanoseconds
for each of them; ``most_rounds`` bounds the rounds of what is slow, or the same every time.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import statistics
from collections.abc import Iterator
from functools import partial
from typing import Any

import benchmarks
from benchmarks.harness import child_json, peak_memory, timed
from benchmarks.numpy_peers import stationary
from benchmarks.records import Figure, figure
from benchmarks.workload import size

KINDS = ("time_", "track_", "peakmem_")
NO_BENCHMARKS = {"__main__", "suite", "earlier", "on_paper"}  # the last asks for all of today's API
ALONE = """
import json
from benchmarks.suite import peak
print(json.dumps(peak({module!r}, {name!r}, {method!r}, {case!r})))
"""


def classes() -> Iterator[type]:
    """Yield every benchmark class of the package, modules in alphabetical order."""
    for _, name, _ in pkgutil.iter_modules(benchmarks.__path__):
        if name in NO_BENCHMARKS:
            continue
        module = importlib.import_module(f"benchmarks.{name}")
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__ and methods(found):
                yield found


def methods(found: type) -> list[str]:
    """Return the names of a class's benchmarks."""
    return [name for name in vars(found) if name.startswith(KINDS)]


def cases(found: type) -> list[tuple]:
    """Return the combinations of parameters of a class."""
    params = getattr(found, "params", ())
    if params and not isinstance(params[0], (tuple, list)):
        params = (params,)
    return list(itertools.product(*params))


def named(home: str, method: str, case: tuple) -> str:
    """Return a benchmark's name, from ``module.Class``, method and parameters."""
    return f"{home}.{method}({', '.join(map(str, case))})"


def home(found: type) -> str:
    return f"{found.__module__.removeprefix('benchmarks.')}.{found.__name__}"


def pieces(found: type, case: tuple) -> int:
    """Return how many rep-quarters, or what ``per`` names, a call computes, or 1."""
    return found().work(*case) if hasattr(found, "work") else 1


def unit_of_time(found: type, case: tuple) -> tuple[str, float]:
    """Return the unit that a ``time_`` method's figure has, and how many of it a second is."""
    if not hasattr(found, "work"):
        return "s", 1.0
    return f"ns per {getattr(found, 'per', 'rep-quarter')}", 1e9 / pieces(found, case)


def measure(found: type, method: str, case: tuple, rounds: int) -> Figure:
    """Set up, run and tear down one benchmark; the NumPy peer runs before each of its rounds.

    Raises
    ------
    NotImplementedError
        Where it cannot run here, with the reason.
    """
    name = named(home(found), method, case)
    if method.startswith("peakmem_"):
        code = ALONE.format(module=found.__module__, name=found.__name__, method=method, case=case)
        return figure(name, "MB", [child_json(code)])
    instance = _ready(found, case)
    try:
        bound = partial(getattr(instance, method), *case)
        unit, factor = unit_of_time(found, case)
        if method.startswith("track_"):
            unit = getattr(getattr(found, method), "unit", "")
        values, ratios = [], []
        for _ in range(min(rounds, getattr(found, "most_rounds", rounds))):
            if method.startswith("track_"):
                values.append(bound())
                continue
            base, timing = numpy_seconds(), timed(bound)
            values.append(timing.wall * factor)
            ratios.append(timing.processor / pieces(found, case) / base)
        return figure(name, unit, values, statistics.median(ratios) if ratios else None)
    finally:
        getattr(instance, "teardown", lambda *_: None)(*case)


def numpy_seconds() -> float:
    """Time the stationary NumPy peer; return its processor seconds for one rep-quarter."""
    draws = size(20_000, 1_000)
    return timed(lambda: stationary(draws, seed=1)).processor / draws


def peak(module: str, name: str, method: str, case: tuple) -> float:
    """Run one ``peakmem_`` benchmark; return the most memory that the process ever held, in MB."""
    instance = _ready(getattr(importlib.import_module(module), name), case)
    getattr(instance, method)(*case)
    return peak_memory()


def _ready(found: type, case: tuple) -> Any:
    instance = found()
    getattr(instance, "setup", lambda *_: None)(*case)
    return instance
