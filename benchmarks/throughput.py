"""How fast samples come, once everything is compiled: for asv, or ``python -m benchmarks``."""

from __future__ import annotations

import funnelsim as fs
from benchmarks.harness import timed
from benchmarks.workload import PLANS, plan, size

SEED = 1


class Simulate:
    """Samples of every plan, on one and two threads."""

    params = (tuple(PLANS), (1, 2))
    param_names = ("plan", "threads")

    def setup(self, name: str, threads: int) -> None:
        self.plan = plan(name)
        quarters = self.plan.calendar.quarters
        self.draws = size(400_000, 4_000) // quarters
        self.rep_quarters = self.draws * quarters
        fs.simulate(self.plan, draws=threads, seed=SEED, threads=threads)

    def time_simulate(self, name: str, threads: int) -> None:
        fs.simulate(self.plan, draws=self.draws, seed=SEED, threads=threads)

    def track_rep_quarter(self, name: str, threads: int) -> float:
        """Nanoseconds per rep-quarter: the fastest of five."""
        calls = (timed(lambda: self.time_simulate(name, threads)) for _ in range(size(5, 1)))
        return min(each.wall for each in calls) / self.rep_quarters * 1e9

    track_rep_quarter.unit = "ns"  # type: ignore[attr-defined]


class Summarize:
    """A million draws, streamed: nothing is kept but the summary."""

    params = (("reference", "everything on"), (1, 2))
    param_names = ("plan", "threads")

    def setup(self, name: str, threads: int) -> None:
        self.plan = plan(name)
        fs.summarize(self.plan, draws=1_000, seed=SEED, threads=threads)

    def time_summarize(self, name: str, threads: int) -> None:
        draws = size(1_000_000, 4_000)
        fs.summarize(self.plan, draws=draws, seed=SEED, threads=threads)


class Attainment:
    """From samples in memory to the summary with its standard errors."""

    params = ("quarter", "year")
    param_names = ("by",)

    def setup(self, by: str) -> None:
        draws = size(250_000, 1_000)
        self.result = fs.simulate(plan("4 quarters"), draws=draws, seed=SEED)

    def time_attainment(self, by: str) -> None:
        fs.attainment(self.result, by=by)


class Exact:
    """The exact twin, which needs no draws."""

    params = ("no delays", "reference", "one skill")
    param_names = ("plan",)

    def setup(self, name: str) -> None:
        skilled = {"activity.rep_cv": 0.35}
        self.plan = plan("reference").replace(skilled) if name == "one skill" else plan(name)
        fs.exact(plan("no delays"))  # loads what has to be loaded

    def time_exact(self, name: str) -> None:
        fs.exact(self.plan)
