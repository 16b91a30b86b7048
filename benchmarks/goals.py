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


def difference(found: Figure, base: Figure) -> Figure:
    """Return how far a figure is above another of the same run.

    Records keep no rounds, so that none can be paired: the spread is from one's lower quartile to
    the other's upper quartile and the other way round, wider than that of pairs.
    """
    return replace(
        found,
        n=min(found.n, base.n),
        median=found.median - base.median,
        lower=found.lower - base.upper,
        upper=found.upper - base.lower,
        minimum=None,
    )


@dataclass(frozen=True)
class Goal:
    """A floor and a goal, and the figure that they are about.

    ``above`` names the figure of the same part that it is counted from.
    """

    what: str
    part: str
    name: str
    floor: float
    goal: float
    unit: str = "x"
    at_least: bool = True
    read: Callable[[Figure], Figure] = lambda found: found
    above: str | None = None

    def row(self, known: Parts) -> tuple[str, ...]:
        bound = "≥" if self.at_least else "≤"
        limits = [f"{bound} {digits(each)} {self.unit}" for each in (self.floor, self.goal)]
        figure = self.figure(known)
        if figure is None:
            return (self.what, *limits, "", "not measured")
        return (self.what, *limits, f"{spread(figure)} {self.unit}", self.verdict(figure.median))

    def figure(self, known: Parts) -> Figure | None:
        """Return what the limits are about, if it was measured."""
        found = figure_of(known, self.part, self.name)
        if found is None:
            return None
        if self.above is None:
            return self.read(found)
        base = figure_of(known, self.part, self.above)
        return None if base is None else difference(self.read(found), base)

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
    *(
        Goal(f"first call, {cache} cache, above an empty jitted function", "first",
             f"simulate, {cache} cache", floor, goal, "s", at_least=False,
             above=f"nothing, jitted, {cache} cache")
        for cache, floor, goal in (("empty", 10, 5), ("warm", 0.6, 0.2))
    ),
)  # fmt: skip
