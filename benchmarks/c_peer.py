"""The same algorithm in C: how near the compiled kernels come to what a C compiler makes of it.

``c_peer.c`` is compiled into a temporary folder by clang, else by gcc, and called through ctypes.
It reads the tables, thresholds and keys of funnelsim and has to fill the same rows: both are
compared before anything else is done. ``CC`` in the environment names another compiler.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_uint64
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Outcome, reference_plan

SOURCE = Path(__file__).with_suffix(".c")
# As numba has it: no multiply-add, which would round otherwise, and no traps to be kept in order.
FLAGS = ("-std=c11", "-O3", "-march=native", "-ffp-contract=off", "-fno-trapping-math")
COMPARED = 4_096  # draws whose rows have to be those of funnelsim
ROUNDING = 1e-12  # of money


class Key(Structure):
    _fields_ = [("words", c_uint64 * 2)]


class Law(Structure):
    _fields_ = [("scale", c_double), ("first", c_int64), ("bits", c_int64)]


class Plan(Structure):
    """What c_peer.c reads."""

    _fields_ = [
        ("data", POINTER(c_double)),
        ("rep", Key),
        ("source", Key),
        ("weeks", c_int64),
        ("past_weeks", c_int64),
        ("past", c_int64),
        ("mean_per_week", c_double),
        ("windfalls_per_quarter", c_double),
        ("horizon_days", c_double),
        ("conversion", c_double * 3),
        ("days", c_double * 3),
        ("delay", Law * 3),
        ("size", Law),
        ("windfall", Law),
    ]


class Rows(NamedTuple):
    """A row for each draw; columns as those of funnelsim's kernels."""

    counts: NDArray[np.int32]
    money: NDArray[np.float64]


def available() -> bool:
    """Tell whether there is a C compiler; say so where there is none."""
    if compiler() is None:
        print("No C compiler (CC, clang, gcc): the race goes without C.", file=sys.stderr)
        return False
    return True


def compiler() -> list[str] | None:
    """Return the command of a C compiler."""
    asked = shlex.split(os.environ.get("CC", ""))
    found = [[name] for name in ("clang", "gcc", "cc")]
    return next((each for each in [asked, *found] if each and shutil.which(each[0])), None)


def run(draws: int, seed: int) -> Outcome:
    """Simulate the reference workload; the rows of the first call are compared beforehand."""
    compare()
    rows = simulated(draws, seed)
    activities, _, _, discoveries, demos, wins = rows.counts.T.astype(np.int64)
    bookings, _, windfall_bookings, _ = rows.money.T
    return Outcome(activities, discoveries, demos, wins, bookings, windfall_bookings)


@cache
def compare() -> None:
    """Compare the rows with those of funnelsim.

    Raises
    ------
    SystemExit
        Where they differ: another algorithm is not worth timing.
    """
    ours, theirs = funnelsim_rows(COMPARED, 1), simulated(COMPARED, 1)
    if not np.array_equal(ours.counts, theirs.counts):
        raise SystemExit("C, same algorithm: its counts are not those of funnelsim")
    if not np.allclose(ours.money, theirs.money, rtol=ROUNDING, atol=0.0):
        raise SystemExit("C, same algorithm: its money is not that of funnelsim")


def funnelsim_rows(draws: int, seed: int) -> Rows:
    """Return the rows that funnelsim's kernels fill."""
    from funnelsim.engine.blocks import Job, Run, never

    job = Job([Run(reference_plan())], seed)
    (rows,) = job.new_rows(draws)
    job.fill([rows], 0, never)
    return Rows(rows.counts.reshape(draws, -1), rows.money.reshape(draws, -1))


def simulated(draws: int, seed: int) -> Rows:
    """Return the rows that C fills."""
    plan, _, columns, amounts = stated(seed)
    rows = Rows(np.zeros((draws, columns), np.int32), np.zeros((draws, amounts)))
    fill(plan, rows)
    return rows


def fill(plan: Plan, rows: Rows) -> None:
    """Fill zeroed rows, from draw 0 on, without the GIL."""
    simulate_block = library()
    simulate_block(
        plan,
        0,
        len(rows.counts),
        rows.counts.ctypes.data_as(POINTER(c_int32)),
        rows.money.ctypes.data_as(POINTER(c_double)),
    )


@cache
def stated(seed: int) -> tuple[Plan, NDArray[np.float64], int, int]:
    """State the reference workload as C reads it; also what it points at, columns and amounts."""
    from funnelsim.engine.blocks import Run
    from funnelsim.engine.stream import stream_keys

    packed = Run(reference_plan()).packed()
    record = packed.plans[0]
    _, rep, source = stream_keys(seed).tolist()

    def law(number: int) -> Law:
        return Law(*(record[name][number] for name in ("law_scale", "law_first", "law_size")))

    plan = Plan(
        data=packed.data.ctypes.data_as(POINTER(c_double)),
        rep=Key((c_uint64 * 2)(*rep)),
        source=Key((c_uint64 * 2)(*source)),
        weeks=record["quarters"] * record["weeks_per_quarter"],
        **{
            name: record[name]
            for name in (
                "past_weeks", "past", "mean_per_week", "windfalls_per_quarter", "horizon_days",
            )
        },
        conversion=(c_double * 3)(*record["conversion"][:3]),
        days=(c_double * 3)(*record["days"][:3]),
        delay=(Law * 3)(*map(law, record["delay_law"][:3])),
        size=law(record["size_law"]),
        windfall=law(record["windfall_law"]),
    )  # fmt: skip
    return plan, packed.data, packed.columns, packed.amounts


@cache
def library() -> Callable[..., Any]:
    """Compile ``c_peer.c`` and return its function.

    Raises
    ------
    SystemExit
        With what the compiler says.
    """
    command = compiler()
    if command is None:
        raise SystemExit("there is no C compiler: install clang or gcc, or name one in CC")
    with tempfile.TemporaryDirectory() as folder:  # once loaded, it is needed no more
        target = Path(folder) / "c_peer.so"
        files = [str(SOURCE), "-o", str(target), "-lm"]
        done = subprocess.run(
            [*command, *FLAGS, "-shared", "-fPIC", *files], capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{command[0]} does not compile {SOURCE.name}:\n{done.stderr}")
        function: Any = ctypes.CDLL(str(target)).simulate_block
    function.argtypes = [
        POINTER(Plan), c_uint64, c_int64, POINTER(c_int32), POINTER(c_double),
    ]  # fmt: skip
    function.restype = None
    return function  # type: ignore[no-any-return]
