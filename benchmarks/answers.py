"""How long answers take, once everything is compiled."""

from __future__ import annotations

import tempfile
from pathlib import Path

import funnelsim as fs
from benchmarks.first_result import run_funnelsim
from benchmarks.harness import timed
from benchmarks.workload import plan, size

SEED = 1


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


class Sweep:
    """Twenty-five cells, exact and simulated."""

    params = ("exact", "simulated")
    param_names = ("method",)

    def setup(self, method: str) -> None:
        values = size(5, 2)
        self.over = {
            "activity.per_quarter": [500 + 125 * k for k in range(values)],
            "stages.won.conversion": [0.25 + 0.05 * k for k in range(values)],
        }
        self.how = {"method": method}
        if method == "simulated":
            self.how |= {"draws": size(20_000, 200), "seed": SEED, "threads": 1}
        fs.sweep(plan("reference"), {"activity.per_quarter": [750]}, **self.how)

    def time_sweep(self, method: str) -> None:
        fs.sweep(plan("reference"), self.over, **self.how)


class Luck:
    """All of ``funnelsim luck sales_math --variant whales`` but the printing."""

    most_rounds = 3

    def setup(self) -> None:
        self.plan = fs.preset("sales_math").variant("whales")
        fs.luck(self.plan, draws=100, seed=SEED)

    def time_luck(self) -> None:
        fs.luck(self.plan, draws=size(20_000, 500), seed=SEED)

    def track_over_plain(self) -> float:
        """Time of the answer over that of the plan's own samples, as many draws."""
        draws = size(20_000, 500)
        told = timed(lambda: fs.luck(self.plan, draws=draws, seed=SEED))
        plain = timed(lambda: fs.simulate(self.plan, draws=draws, seed=SEED))
        return told.wall / plain.wall

    track_over_plain.unit = "x"  # type: ignore[attr-defined]


class Attainment:
    """From samples in memory to the summary with its standard errors."""

    params = ("quarter", "year")
    param_names = ("by",)

    def work(self, by: str) -> int:
        return 4 * size(250_000, 1_000)

    def setup(self, by: str) -> None:
        self.result = fs.simulate(plan("4 quarters"), draws=self.work(by) // 4, seed=SEED)

    def time_attainment(self, by: str) -> None:
        fs.attainment(self.result, by=by)


class Report:
    """``funnelsim report``, the whole process, from a preset to the page on disk."""

    most_rounds = 2
    timeout = 300.0

    def setup(self) -> None:
        from funnelsim.cli import main

        if "report" not in main.commands:
            raise NotImplementedError("this commit has no funnelsim report")
        self.folder = tempfile.TemporaryDirectory()
        self.arguments = ["report", "sales_math", "-o", "page.html"]
        self.arguments += ["--draws", str(size(20_000, 1_000)), "--seed", str(SEED)]
        self.time_report()  # compiles what it needs

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def time_report(self) -> None:
        place = Path(self.folder.name)
        (place / "page.html").unlink(missing_ok=True)
        run_funnelsim(self.arguments, folder=place)
