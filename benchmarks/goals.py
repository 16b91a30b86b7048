"""What speed and memory have to be, and what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.harness import table
from benchmarks.race_text import digits, spread
from benchmarks.records import Figure, Record

THREADS, EVERYTHING = "ratio(funnelsim, 2 threads)", "ratio(everything on)"

Parts = Mapping[str, Record]
"""What was measured of the table, by part."""


def goals_table(known: Parts) -> str:
    """Return floors, goals, what was measured, and the verdict."""
    rows = [goal.row(known) for goal in GOALS]
    return table(("", "floor", "goal", "measured", ""), rows)


def figure_of(known: Parts, part: str, name: str) -> Figure | None:
    """Return a figure, if it was measured."""
    return known[part][name] if part in known and name in known[part] else None


def inverse(found: Figure) -> Figure:
    """Return one over a ratio; its quartiles change places."""
    median, lower, upper = 1 / found.median, 1 / found.upper, 1 / found.lower
    return replace(found, median=median, lower=lower, upper=upper, minimum=None)


@dataclass(frozen=True)
class Goal:
    """A floor and a goal, and the figure that they are about."""

    what: str
    part: str
    name: str
    floor: float
    goal: float
    unit: str = "x"
    at_least: bool = True
    read: Callable[[Figure], Figure] = lambda found: found

    def row(self, known: Parts) -> tuple[str, ...]:
        bound = "≥" if self.at_least else "≤"
        limits = [f"{bound} {digits(each)} {self.unit}" for each in (self.floor, self.goal)]
        found = figure_of(known, self.part, self.name)
        if found is None:
            return (self.what, *limits, "", "not measured")
        figure = self.read(found)
        return (self.what, *limits, f"{spread(figure)} {self.unit}", self.verdict(figure.median))

    def verdict(self, value: float) -> str:
        for name, limit in (("goal", self.goal), ("floor", self.floor)):
            if value >= limit if self.at_least else value <= limit:
                return f"{name} met"
        return "**not met**"


GOALS = (
    Goal("NumPy with the same stationary pipeline, over one thread", "race",
         "ratio(NumPy, stationary)", 6, 12),
    Goal("NumPy that simulates the past weeks, over one thread", "race",
         "ratio(NumPy, past simulated)", 40, 80),
    Goal("one thread over C of the same algorithm", "race", "ratio(C, same algorithm)", 1.3, 1,
         at_least=False, read=inverse),
    Goal("two threads over one", "race", THREADS, 1.9, 2.0, read=inverse),
    Goal("everything on, over the plain workload", "plans", EVERYTHING, 3, 1.6,
         at_least=False),
    Goal("a hundred million rep-quarters streamed, memory above import", "memory", "above import",
         200, 50, "MB", at_least=False),
    Goal("first call, empty cache", "first", "simulate, empty cache", 10, 5, "s", at_least=False),
    Goal("first call, warm cache", "first", "simulate, warm cache", 0.6, 0.2, "s", at_least=False),
)  # fmt: skip
