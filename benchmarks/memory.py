"""How much memory samples and summaries take; each peak in a process of its own."""

from __future__ import annotations

import funnelsim as fs
from benchmarks.harness import child_json
from benchmarks.workload import PLANS, plan, rep_quarters, size, smallest

# Everything is imported before the first look; machine code, from the cache, is part of the peak.
CODE = """
import json, time
import numba, scipy.stats, xarray
import funnelsim as fs
from benchmarks.harness import peak_memory, resident_memory
from benchmarks.workload import plan
scenario, call = plan("reference"), fs.{call}
before = resident_memory()
begin = time.perf_counter()
call(scenario, draws={draws}, seed=1, threads=2)
seconds = time.perf_counter() - begin
print(json.dumps({{"peak": peak_memory() - before, "seconds": seconds}}))
"""


def measured(call: str, draws: int) -> dict[str, float]:
    """Return MB above import and seconds of ``simulate`` or ``summarize`` in a fresh process."""
    if not smallest():
        child_json(CODE.format(call=call, draws=1_000))  # fills numba's cache
    found: dict[str, float] = child_json(CODE.format(call=call, draws=draws))
    return found


class AboveImport:
    """Peak memory above a process that has imported everything, in MB."""

    params = ("simulate", "summarize")
    param_names = ("call",)
    most_rounds = 2
    timeout = 300.0

    def track_peak(self, call: str) -> float:
        return measured(call, size(1_000_000, 1_000))["peak"]

    track_peak.unit = "MB"  # type: ignore[attr-defined]


class Samples:
    """What one rep-quarter of samples takes, in bytes."""

    params = tuple(PLANS)
    param_names = ("plan",)
    most_rounds = 1

    def track_rep_quarter(self, name: str) -> float:
        draws = 1_000
        return fs.simulate(plan(name), draws=draws, seed=1).nbytes / draws / rep_quarters(name)

    track_rep_quarter.unit = "B"  # type: ignore[attr-defined]


class Peak:
    """Peak memory of the whole process, as asv measures it."""

    def setup(self) -> None:
        self.plan = plan("reference")

    def peakmem_simulate(self) -> None:
        fs.simulate(self.plan, draws=size(1_000_000, 1_000), seed=1)

    def peakmem_summarize(self) -> None:
        fs.summarize(self.plan, draws=size(1_000_000, 1_000), seed=1)
