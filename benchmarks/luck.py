"""How long an answer about luck takes, and how much of it is simulation: for asv."""

from __future__ import annotations

import funnelsim as fs
from benchmarks.harness import timed
from benchmarks.workload import size

SEED = 1


class Luck:
    """All of ``funnelsim luck sales_math --variant whales`` but the printing."""

    def setup(self) -> None:
        self.plan = fs.preset("sales_math").variant("whales")
        fs.luck(self.plan, draws=100, seed=SEED)

    def time_luck(self) -> None:
        fs.luck(self.plan, draws=size(100_000, 500), seed=SEED)

    def track_over_plain(self) -> float:
        """Time of the answer over that of the plan's own samples, as many draws."""
        draws = size(100_000, 500)
        told = timed(lambda: fs.luck(self.plan, draws=draws, seed=SEED))
        plain = timed(lambda: fs.simulate(self.plan, draws=draws, seed=SEED))
        return told.wall / plain.wall

    track_over_plain.unit = "x"  # type: ignore[attr-defined]
