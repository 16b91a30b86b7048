"""What runs larger than any machine here would take, from what was measured on one thread.

python benchmarks/on_paper.py            # the table of docs/how-to/run-on-a-cluster.md
python benchmarks/on_paper.py --measure  # measure anew, to put into MEASURED
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # a script sees its own folder; the package lies beside it
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

import funnelsim as fs
from funnelsim.analysis.attainment import Tallies
from funnelsim.analysis.tally import GRAIN, Tally
from funnelsim.engine.blocks import PIECE, Job, Run, never

DAY = 86_400  # seconds


class Measured(NamedTuple):
    """Of ``fs.summarize`` and the Sales Math, processor time, the least of three."""

    rep_quarter: float  # seconds on one thread, tallied
    merged: float  # seconds that who asks needs for a piece
    sent: float  # bytes of a piece


MEASURED = Measured(rep_quarter=591e-9, merged=0.38e-3, sent=126e3)
PER_CALL = 1e-3  # seconds that Dask's scheduler takes, as its documentation says


def table(measured: Measured = MEASURED) -> str:
    """Return hours, and what reaches the machine that asks, by rep-quarters and threads."""
    lines = [
        "| rep-quarters | threads | time | pieces | sent, at most | who asks is busy |",
        "|-------------:|--------:|-----:|-------:|--------------:|-----------------:|",
    ]
    for size in (1e9, 1e12):
        for threads in (2, 16, 128):
            work = size * measured.rep_quarter
            pieces = work / PIECE
            seconds = work / threads
            busy = pieces * (measured.merged + PER_CALL) / seconds
            lines.append(
                f"| {size:,.0f} | {threads} | {_time(seconds)} | {pieces:,.0f} | "
                f"{pieces * measured.sent / 1e9:,.1f} GB | {busy:.0%} |"
            )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds > 2 * DAY:
        return f"{seconds / DAY:,.1f} days"
    if seconds > 5_400:
        return f"{seconds / 3_600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


def measure() -> Measured:
    """Return what this machine takes."""
    plan = fs.preset("sales_math")
    fs.summarize(plan, draws=10_000, seed=1, threads=1)
    taken = []
    for _ in range(3):
        begun = time.process_time()
        fs.summarize(plan, draws=400_000, seed=1, threads=1)
        taken.append((time.process_time() - begun) / 1.6e6)
    job = Job([Run(plan)], 1)
    whole = Tallies([Tally(np.array(plan.quotas), by_year=False)])
    grains = max(int(PIECE / (min(taken) * GRAIN * 4)), 1)
    message = b""
    for piece in range(8):
        part = whole.fresh()
        for number in range(grains):
            rows = job.new_rows(GRAIN)
            job.fill(rows, (piece * grains + number) * GRAIN, never)
            part.add(job.samples(rows))
        message = pickle.dumps(part)
        whole.merge(part)
    merged = []
    for _ in range(3):
        begun = time.process_time()
        whole.merge(pickle.loads(message))
        merged.append(time.process_time() - begun)
    return Measured(min(taken), min(merged), len(message))


def main(arguments: list[str] | None = None) -> None:
    """Print the table, or what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--measure", action="store_true")
    print(measure() if parser.parse_args(arguments).measure else table())


if __name__ == "__main__":
    main()
