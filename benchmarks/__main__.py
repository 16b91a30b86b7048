"""Run the benchmarks, keep what they gave, and make the table of the README and the docs.

    python -m benchmarks [PART ...] [--rounds N] [--smallest] [--record]
    python -m benchmarks [PART ...] [--rounds N] --commit COMMIT ...
    python -m benchmarks --asv FILE ...
    python -m benchmarks --table [PART ...] [--write]
    python -m benchmarks --write

Without options: every benchmark of the suite, one table with median and spread; PART picks those
whose name contains it. With ``--smallest`` it is a proof that every benchmark still runs, fit for
continuous integration. ``--record`` keeps the figures for the commit that is checked out,
``--commit`` measures earlier commits and keeps theirs, ``--asv`` keeps those of asv's result files.
``--table`` measures the table, part by part; ``--write`` writes what is stored of it into the
pages.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":  # before NumPy is loaded: one thread is one thread
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

from benchmarks import speed_table, speed_text, suite
from benchmarks.asv_results import read_asv
from benchmarks.earlier import measure_earlier
from benchmarks.harness import described, environment
from benchmarks.records import Figure, keep, of_commit
from benchmarks.workload import SMALLEST, size

WIDTH = 72  # of the longest name
HEADINGS = ("median", "quartiles", "", "minimum", "n", "unit", "in rep-quarters of NumPy")
LAYOUT = f"{{:<{WIDTH}}} {{:>10}} {{:>10}} {{:>10}} {{:>10}} {{:>3}} {{:<20}} {{:>10}}"


def main(arguments: list[str] | None = None) -> None:
    """Run, print; exit 1 where something failed, after all the others."""
    asked = _parsed(arguments)
    if asked.smallest:
        os.environ[SMALLEST] = "1"
    if asked.asv:
        for path in asked.asv:
            print(f"kept in {keep(read_asv(path)).name}")
        return
    if asked.table:
        speed_table.measure(asked.parts)
        print(speed_text.page(speed_table.stored()))
    if asked.write:
        speed_table.write_pages()
    if asked.table or asked.write:
        return
    if asked.commit:
        wanted = [*asked.parts, "--rounds", str(asked.rounds)]
        sys.exit(max(measure_earlier(commit, wanted) for commit in asked.commit))
    machine, failed, figures = environment(), [], []
    print(f"{size(asked.rounds, 1)} rounds on {described(machine)}.")
    print(LAYOUT.format("", *HEADINGS).rstrip())
    for found, method, case in chosen(asked.parts):
        name = suite.named(suite.home(found), method, case)
        try:
            figures.append(suite.measure(found, method, case, size(asked.rounds, 1)))
            line = told(figures[-1])
        except NotImplementedError as reason:
            line = f"{name:<{WIDTH}} skipped: {reason}"
        except (Exception, SystemExit):
            traceback.print_exc(limit=-3)
            line = f"{name:<{WIDTH}} FAILED"
            failed.append(name)
        print(line, flush=True)
    if asked.record or asked.earlier:
        print(f"kept in {keep(of_commit(figures, machine, asked.earlier)).name}")
    if failed:
        sys.exit(f"{len(failed)} failed: {', '.join(failed)}")


def chosen(parts: list[str]) -> Iterator[tuple[type, str, tuple]]:
    """Yield the benchmarks whose name contains one of the parts, or all."""
    for found in suite.classes():
        for method, case in itertools.product(suite.methods(found), suite.cases(found)):
            name = suite.named(suite.home(found), method, case)
            if any(part in name for part in parts or [""]):
                yield found, method, case


def told(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    numbers = (figure.median, figure.lower, figure.upper, figure.minimum)
    shown = ["" if each is None else f"{each:,.4g}" for each in numbers]
    ratio = "" if figure.ratio is None else f"{figure.ratio:,.3g}"
    return LAYOUT.format(figure.name, *shown, figure.n, figure.unit, ratio).rstrip()


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run the benchmarks of funnelsim."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="part of a name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smallest", action="store_true", help="a mere proof of life")
    parser.add_argument("--record", action="store_true", help="keep the figures for this commit")
    parser.add_argument("--commit", nargs="+", help="measure earlier commits, and keep theirs")
    parser.add_argument("--earlier", help=argparse.SUPPRESS)  # whose code this process imports
    parser.add_argument("--asv", nargs="+", type=Path, metavar="FILE", help="keep asv's results")
    parser.add_argument("--table", action="store_true", help="measure the table, part by part")
    parser.add_argument("--write", action="store_true", help="write the table into the pages")
    asked = parser.parse_args(arguments)
    if asked.smallest and (asked.record or asked.table or asked.commit):
        parser.error("--smallest gives figures that mean nothing: they are not kept")
    return asked


if __name__ == "__main__":
    main()
