"""How fast samples come, once everything is compiled."""

from __future__ import annotations

import funnelsim as fs
from benchmarks.workload import PLANS, plan, rep_quarters, size

SEED = 1


class Simulate:
    """Samples of every plan, on one and two threads."""

    params = (tuple(PLANS), (1, 2))
    param_names = ("plan", "threads")

    def work(self, name: str, threads: int) -> int:
        return self.draws(name) * rep_quarters(name)

    def draws(self, name: str) -> int:
        return max(1, size(400_000, 4_000) // rep_quarters(name))

    def setup(self, name: str, threads: int) -> None:
        self.plan = plan(name)
        fs.simulate(self.plan, draws=threads, seed=SEED, threads=threads)

    def time_simulate(self, name: str, threads: int) -> None:
        fs.simulate(self.plan, draws=self.draws(name), seed=SEED, threads=threads)


class Summarize:
    """A million draws, streamed: nothing is kept but the summary."""

    params = (("reference", "everything on"), (1, 2))
    param_names = ("plan", "threads")

    def work(self, name: str, threads: int) -> int:
        return size(1_000_000, 4_000)

    def setup(self, name: str, threads: int) -> None:
        self.plan = plan(name)
        fs.summarize(self.plan, draws=1_000, seed=SEED, threads=threads)

    def time_summarize(self, name: str, threads: int) -> None:
        fs.summarize(self.plan, draws=self.work(name, threads), seed=SEED, threads=threads)
