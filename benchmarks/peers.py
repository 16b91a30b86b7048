"""Race funnelsim against other ways to compute the same six numbers; print a table.

    python benchmarks/peers.py [--rounds N] [--only NAME ...] [--smallest]

Every contender is checked against the exact twin before anything is timed: the mean of each output
and P(attain) must lie within 5 standard errors. Then all are timed in one process, in interleaved
rounds. Compare ratios within one run, never nanoseconds between runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":  # a script sees its own folder; the package lies beside it
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import numpy_peers, python_peers
from benchmarks.harness import Timing, described, environment, interleaved, timed
from benchmarks.race_text import ratios_table, times_table
from benchmarks.records import Figure, Record, figure
from benchmarks.workload import SMALLEST, Outcome, deviations, expected, reference_plan, size

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim import Scenario

SEED = 1
LIMIT = 5.0  # standard errors
SECONDS = 0.7  # of one contender's turn in a round: a call's fixed cost hardly counts
ACCURACY = 0.001  # the standard error of P(attain) whose price is told
NOTE = (
    "'processor' is the share of its cores that a contender got: well below 100 %, the machine was "
    "busy with something else."
)
FEWEST_DRAWS = 200  # below, a standard error means little


@dataclass(frozen=True)
class Contender:
    """One way to compute the workload."""

    run: Callable[[int, int], object]  # draws, seed
    draws: int  # for the check
    threads: int = 1
    start: str = "steady"

    def outcome(self, draws: int, seed: int) -> Outcome:
        result = self.run(draws, seed)
        return result if isinstance(result, Outcome) else outcome_of(result)  # type: ignore[arg-type]


def funnelsim_on(threads: int) -> Callable[[int, int], object]:
    """Return funnelsim as a contender, with the Dataset of samples that a user gets."""

    def run(draws: int, seed: int) -> xr.Dataset:
        import funnelsim as fs

        return fs.simulate(_plan(), draws=draws, seed=seed, threads=threads)

    return run


@cache
def _plan() -> Scenario:
    return reference_plan()


def outcome_of(result: xr.Dataset) -> Outcome:
    """Return what the peers compute, out of funnelsim's samples."""
    one = result.isel(rep=0, quarter=0)
    reached = [one["reached"].isel(stage=stage).values for stage in range(3)]
    booked = (one["bookings"].values, one["windfall_bookings"].values)
    return Outcome(one["activities"].values, *reached, *booked)


def c_peer() -> dict[str, Contender]:
    """Return the same algorithm in C, where the module c_peer is there and finds a compiler.

    It has ``available()`` and ``run(draws, seed) -> Outcome``.
    """
    if find_spec("benchmarks.c_peer") is None:
        return {}
    module = import_module("benchmarks.c_peer")
    return {"C, same algorithm": Contender(module.run, 200_000)} if module.available() else {}


# The first is what the others are measured by.
CONTENDERS = {
    "funnelsim, 1 thread": Contender(funnelsim_on(1), 200_000),
    "funnelsim, 2 threads": Contender(funnelsim_on(2), 200_000, threads=2),
    **c_peer(),
    "NumPy, past simulated": Contender(numpy_peers.past_weeks, 50_000),
    "NumPy, stationary": Contender(numpy_peers.stationary, 200_000),
    "NumPy, Poisson shortcuts": Contender(numpy_peers.poisson_shortcuts, 200_000),
    "plain Python, empty start": Contender(python_peers.plain_loop, 4_000, start="empty"),
    "SimPy, empty start": Contender(python_peers.simpy_processes, 400, start="empty"),
    "Ciw, empty start": Contender(python_peers.ciw_network, 200, start="empty"),
}
PACKAGES = {
    "SimPy, empty start": "simpy",
    "Ciw, empty start": "ciw",
}  # that a contender needs, by its name


def installed() -> dict[str, Contender]:
    """Return the contenders that can run here."""
    absent = {name for name, package in PACKAGES.items() if find_spec(package) is None}
    return {name: each for name, each in CONTENDERS.items() if name not in absent}


def checked(field: dict[str, Contender]) -> dict[str, float]:
    """Return each contender's largest deviation from the exact answer, in standard errors.

    Raises
    ------
    SystemExit
        Where a deviation exceeds 5: what is wrong is not worth timing.
    """
    truth = {start: expected(start) for start in {each.start for each in field.values()}}
    worst = {}
    for name, contender in field.items():
        draws = size(contender.draws, max(FEWEST_DRAWS, contender.draws // 100))
        found = deviations(contender.outcome(draws, SEED), truth[contender.start])
        output, worst[name] = max(found.items(), key=lambda item: abs(item[1]))
        if not abs(worst[name]) < LIMIT:
            sys.exit(f"{name}: {output} is {worst[name]:+.1f} standard errors off ({draws} draws)")
    return worst


def race(field: dict[str, Contender], rounds: int) -> dict[str, list[Timing]]:
    """Time all contenders, warm, in interleaved rounds of equal length; per rep-quarter."""
    draws, calls = {}, {}
    for name, contender in field.items():
        trial = size(contender.draws // 10, 10)
        wall = timed(partial(contender.run, trial, SEED)).wall
        draws[name] = size(max(10, int(SECONDS / wall * trial)), 10)
        calls[name] = partial(contender.run, draws[name])
    return {
        name: [Timing(each.wall / draws[name], each.processor / draws[name]) for each in timings]
        for name, timings in interleaved(calls, rounds).items()
    }


def figures(
    field: dict[str, Contender], timings: dict[str, list[Timing]], worst: dict[str, float]
) -> list[Figure]:
    """Return what the table shows of each contender."""
    first = next(iter(timings.values()))
    reference = [each.wall for each in first]
    found = []
    for name, rounds in timings.items():
        walls = [each.wall for each in rounds]
        ratios = [wall / base for wall, base in zip(walls, reference, strict=True)]
        work = [a.processor / b.processor for a, b in zip(rounds, first, strict=True)]
        share = sum(each.processor for each in rounds) / sum(walls) / field[name].threads
        p = expected(field[name].start)["attainment_probability"]
        draws = p * (1 - p) / ACCURACY**2
        found += [
            figure(f"time({name})", "ns per rep-quarter", [wall * 1e9 for wall in walls]),
            figure(f"ratio({name})", "x", ratios),
            figure(f"ratio of minima({name})", "x", [min(walls) / min(reference)]),
            figure(f"processor ratio({name})", "x", work),
            figure(f"accuracy({name})", "s", [wall * draws for wall in walls]),
            figure(f"processor share({name})", "%", [100 * share]),
            figure(f"worst check({name})", "standard errors", [worst[name]]),
        ]
    return found


class Peers:
    """The contenders one by one, checked."""

    params = tuple(CONTENDERS)
    param_names = ("contender",)

    def work(self, contender: str) -> int:
        return size(CONTENDERS[contender].draws, 10)

    def setup(self, contender: str) -> None:
        if contender not in installed():
            raise NotImplementedError(f"{contender} is not installed")
        checked({contender: CONTENDERS[contender]})

    def time_peer(self, contender: str) -> None:
        CONTENDERS[contender].run(self.work(contender), SEED)


def main(arguments: list[str] | None = None) -> None:
    """Check, race, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="parts of contenders' names")
    parser.add_argument("--smallest", action="store_true", help="a mere proof of life")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        os.environ[SMALLEST] = "1"
    rounds = size(asked.rounds, min(asked.rounds, 2))
    machine = environment()
    wanted = [next(iter(CONTENDERS)), *(asked.only or [""])]
    field = {
        name: each for name, each in installed().items() if any(part in name for part in wanted)
    }
    found = Record("", "", machine, tuple(measured(field, rounds)))
    print(ratios_table(found), times_table(found), sep="\n\n")
    print(f"\n{rounds} interleaved rounds on {described(machine)}.\n{NOTE}")


def measured(field: dict[str, Contender], rounds: int) -> list[Figure]:
    """Check the contenders, race them, and return their figures."""
    worst = checked(field)
    return figures(field, race(field, rounds), worst)


if __name__ == "__main__":
    main()
