"""Run every benchmark once and print what it gave.

    python -m benchmarks [--smallest] [PART ...]

Reads the same classes as asv: ``setup``, ``teardown``, ``params``, and methods that begin with
``time_``, ``track_`` or ``peakmem_``. With ``--smallest`` it is a proof that every benchmark still
runs, fit for continuous integration; without it, a look before an asv run. PART picks benchmarks
whose name contains it.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import itertools
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator

import benchmarks
from benchmarks.harness import described, environment, peak_memory, timed
from benchmarks.workload import SMALLEST

KINDS = ("time_", "track_", "peakmem_")
WIDTH = 70  # of the longest name


def classes() -> Iterator[type]:
    """Yield every benchmark class of the package, modules in alphabetical order."""
    for _, name, _ in pkgutil.iter_modules(benchmarks.__path__, "benchmarks."):
        if name == "benchmarks.__main__":
            continue
        module = importlib.import_module(name)
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == name and methods(found):
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


def run(found: type, method: str, case: tuple) -> str:
    """Set up, run and tear down one benchmark; return its figure with its unit."""
    instance = found()
    getattr(instance, "setup", lambda *_: None)(*case)
    try:
        bound = getattr(instance, method)
        if method.startswith("track_"):
            return f"{bound(*case):,.4g} {getattr(bound, 'unit', '')}"
        seconds = timed(lambda: bound(*case)).wall
        if method.startswith("peakmem_"):
            return f"{peak_memory():,.0f} MB, whole process"
        return f"{seconds:,.4g} s"
    finally:
        getattr(instance, "teardown", lambda *_: None)(*case)


def main(arguments: list[str] | None = None) -> None:
    """Run, print; exit 1 where something failed, after all the others."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run every benchmark once."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="part of a benchmark's name")
    parser.add_argument("--smallest", action="store_true", help="a mere proof of life")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        os.environ[SMALLEST] = "1"
    print(f"Each benchmark once, on {described(environment())}.")
    failed = 0
    for found in classes():
        for method, case in itertools.product(methods(found), cases(found)):
            home = found.__module__.removeprefix("benchmarks.")
            name = f"{home}.{found.__name__}.{method}({', '.join(map(str, case))})"
            if not any(part in name for part in asked.parts or [""]):
                continue
            try:
                result = run(found, method, case)
            except Exception:
                traceback.print_exc(limit=-3)
                result, failed = "FAILED", failed + 1
            print(f"{name:<{WIDTH}} {result}", flush=True)
    if failed:
        sys.exit(f"{failed} failed")


if __name__ == "__main__":
    main()
