"""Instructions for a rep-quarter, counted by callgrind: what no busy machine can blur.

One process under valgrind simulates every plan twice, with few draws and with more; the difference
is the work of the draws alone. Counting is on only meanwhile, as it makes Python forty times
slower. valgrind knows no AVX-512, so the machine code is that of a Haswell processor, in a cache of
its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.harness import TIMEOUT, search_path
from benchmarks.workload import rep_quarters, size, smallest

COUNTED = ("no delays", "reference", "policy and skill", "everything on", "20 quarters")
DRAWS = 2_560  # rep-quarters of the shorter call; the longer one has three times as many
CODE = """
import os, subprocess, sys, time
import funnelsim as fs
from benchmarks.workload import plan, rep_quarters

def tell(*command):
    told = subprocess.Popen(["vgdb", f"--pid={os.getpid()}", *command],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while told.poll() is None:  # valgrind listens while its process runs; what it counts is little
        time.sleep(0.001)
    if told.returncode:
        sys.exit(told.stderr.read())

def simulate(name, few):
    fs.simulate(plan(name), draws=max(1, few // rep_quarters(name)), seed=1, threads=1)

few, *names = sys.argv[1:]
for name in list(names):
    try:
        simulate(name, 128)
    except Exception:  # an earlier commit may not know all mechanisms
        names.remove(name)
if "COUNTED" in os.environ:
    tell("instrumentation", "on")
    for name in names:
        for times in (1, 3):
            tell("zero")
            simulate(name, int(few) * times)
            tell("dump", f"{name}={times}")
"""


class Instructions:
    """Instructions for a rep-quarter of samples, Dataset and all, on one thread."""

    params = COUNTED
    param_names = ("plan",)
    most_rounds = 1
    timeout = 600.0

    def setup(self, name: str) -> None:
        if shutil.which("valgrind") is None:
            raise NotImplementedError("valgrind is not installed (Debian package valgrind)")
        if smallest() and name != "reference":
            raise NotImplementedError("one plan is proof enough")

    def track_rep_quarter(self, name: str) -> float:
        if name not in counted():
            raise NotImplementedError("this commit cannot simulate it")
        return counted()[name]

    track_rep_quarter.unit = "instructions"  # type: ignore[attr-defined]


@cache
def counted() -> dict[str, float]:
    """Count instructions for a rep-quarter of every plan that can be simulated."""
    names = ["reference"] if smallest() else list(COUNTED)
    few = size(DRAWS, 128)
    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder) / "counted.py", Path(folder) / "callgrind"
        script.write_text(CODE, encoding="utf-8")
        ours = {
            "PYTHONPATH": search_path(),
            "PYTHONHASHSEED": "0",
            "NUMBA_CPU_NAME": "haswell",
            "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt",
            "NUMBA_CACHE_DIR": str(Path(folder) / "cache"),
        }
        python = [sys.executable, str(script), str(few), *names]
        _run(python, ours)  # compiles
        tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
        _run([*tool, f"--callgrind-out-file={out}", *python], ours | {"COUNTED": "1"})
        found = totals(Path(folder))
    return {
        name: (found[name, 3] - found[name, 1])
        / (_rep_quarters(name, 3 * few) - _rep_quarters(name, few))
        for name in names
        if (name, 1) in found
    }


def _rep_quarters(name: str, asked: int) -> int:
    each = rep_quarters(name)
    return max(1, asked // each) * each


def totals(folder: Path) -> dict[tuple[str, int], int]:
    """Return the instructions of each dump, by plan and length."""
    counts = {}
    for path in folder.glob("callgrind.*"):
        text = path.read_text(encoding="utf-8")
        dump = re.search(r"^desc: Trigger: dump (.*)=(\d)$", text, re.MULTILINE)
        total = re.search(r"^totals: (\d+)$", text, re.MULTILINE)
        if dump and total:
            counts[dump[1], int(dump[2])] = int(total[1])
    return counts


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        arguments,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if done.returncode:
        raise RuntimeError(f"counting failed:\n{done.stderr}")
