"""Race funnelsim against other ways to compute the same six numbers; print a table.

    python benchmarks/peers.py [--rounds N] [--only NAME ...] [--smallest] [--json]

Every contender is checked against the exact twin before anything is timed: the mean of each output
and P(attain) must lie within 5 standard errors. Then all are timed in one process, in interleaved
rounds. Compare ratios within one run, never nanoseconds between runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":  # a script sees its own folder; the package lies beside it
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import numpy_peers, python_peers
from benchmarks.harness import (
    Timing,
    described,
    environment,
    interleaved,
    quartiles,
    table,
    timed,
)
from benchmarks.workload import (
    SMALLEST,
    Outcome,
    deviations,
    expected,
    reference_plan,
    size,
)

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim import Scenario

SEED = 1
LIMIT = 5.0  # standard errors
SECONDS = 1.0  # of one contender's turn in a round: a call's fixed cost hardly counts
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


# The first is what the others are measured by.
CONTENDERS = {
    "funnelsim, 1 thread": Contender(funnelsim_on(1), 200_000),
    "funnelsim, 2 threads": Contender(funnelsim_on(2), 200_000, threads=2),
    "NumPy, past simulated": Contender(numpy_peers.past_weeks, 50_000),
    "NumPy, stationary": Contender(numpy_peers.stationary, 200_000),
    "NumPy, Poisson shortcuts": Contender(numpy_peers.poisson_shortcuts, 200_000),
    "plain Python": Contender(python_peers.plain_loop, 4_000, start="empty"),
    "SimPy": Contender(python_peers.simpy_processes, 400, start="empty"),
}


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
) -> dict[str, dict[str, float]]:
    """Return per contender what the table shows: ns per rep-quarter, ratios, processor share."""
    reference = [each.wall for each in next(iter(timings.values()))]
    rows = {}
    for name, rounds in timings.items():
        lower, median, upper = quartiles([each.wall * 1e9 for each in rounds])
        ratios = [each.wall / base for each, base in zip(rounds, reference, strict=True)]
        low_ratio, ratio, high_ratio = quartiles(ratios)
        share = sum(each.processor for each in rounds) / sum(each.wall for each in rounds)
        rows[name] = {
            "median": median,
            "lower_quartile": lower,
            "upper_quartile": upper,
            "minimum": min(each.wall for each in rounds) * 1e9,
            "ratio": ratio,
            "ratio_lower_quartile": low_ratio,
            "ratio_upper_quartile": high_ratio,
            "ratio_of_minima": min(each.wall for each in rounds) / min(reference),
            "processor_share": share / field[name].threads,
            "worst_deviation": worst[name],
        }
    return rows


def report(field: dict[str, Contender], rows: dict[str, dict[str, float]]) -> str:
    """Return the table for people."""
    first = next(iter(rows))
    headings = (
        "ns per rep-quarter", "start", "median", "quartiles", "minimum",
        f"times {first}", "quartiles", "of minima", "processor", "worst check",
    )  # fmt: skip
    cells = [
        (
            name, field[name].start, f"{row['median']:,.0f}",
            f"{row['lower_quartile']:,.0f} - {row['upper_quartile']:,.0f}",
            f"{row['minimum']:,.0f}", f"{row['ratio']:,.2f}",
            f"{row['ratio_lower_quartile']:,.2f} - {row['ratio_upper_quartile']:,.2f}",
            f"{row['ratio_of_minima']:,.2f}", f"{row['processor_share']:.0%}",
            f"{row['worst_deviation']:+.1f} s.e.",
        )
        for name, row in rows.items()
    ]  # fmt: skip
    return table(headings, cells)


class Peers:
    """The contenders one by one, for asv: nanoseconds per rep-quarter, the fastest of three."""

    params = tuple(CONTENDERS)
    param_names = ("contender",)

    def setup(self, contender: str) -> None:
        self.field = {contender: CONTENDERS[contender]}
        checked(self.field)

    def track_rep_quarter(self, contender: str) -> float:
        timings = race(self.field, size(3, 1))[contender]
        return min(each.wall for each in timings) * 1e9

    track_rep_quarter.unit = "ns"  # type: ignore[attr-defined]


def main(arguments: list[str] | None = None) -> None:
    """Check, race, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="parts of contenders' names")
    parser.add_argument("--smallest", action="store_true", help="a mere proof of life")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        os.environ[SMALLEST] = "1"
    rounds = size(asked.rounds, min(asked.rounds, 2))
    machine = environment()
    wanted = [next(iter(CONTENDERS)), *(asked.only or [""])]
    field = {name: CONTENDERS[name] for name in CONTENDERS if any(part in name for part in wanted)}
    worst = checked(field)
    rows = figures(field, race(field, rounds), worst)
    if asked.json:
        print(json.dumps({"environment": machine, "rounds": rounds, "results": rows}))
    else:
        print(report(field, rows))
        print(f"\n{rounds} interleaved rounds on {described(machine)}.\n{NOTE}")


if __name__ == "__main__":
    main()
