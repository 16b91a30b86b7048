"""The grid of a sweep: values by path, every cell a valid scenario, none of them kept in memory."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.seats import check_one_seat
from funnelsim.errors import ArgumentError, Problem, ResourceError, ScenarioError
from funnelsim.scenario.merge import plain
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import parts_of, shown

MOST_CELLS = 1_000_000
MOST_PROBLEMS = 20  # that are listed
MOST_WRONG = 5_000  # cells, after which no further ones are looked at
LABELS = ("name", "currency", "variants")  # paths that no number depends on

Value = int | float | str


@dataclass(frozen=True)
class Grid:
    """All combinations of values at some paths of a plan; the last path moves fastest.

    Attributes
    ----------
    plan : Scenario
        What the cells change, without variants.
    over : dict of str to tuple
        The values of each path.
    """

    plan: Scenario
    over: Mapping[str, tuple[Value, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each path."""
        return tuple(len(values) for values in self.over.values())

    @property
    def size(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    def changes(self, cell: int) -> dict[str, Value]:
        """Return the values of a cell, by path."""
        places = np.unravel_index(cell, self.shape)
        return {path: self.over[path][at] for path, at in zip(self.over, places, strict=True)}

    def plan_of(self, cell: int) -> Scenario:
        """Return the plan of a cell."""
        return self.plan.replace(self.changes(cell))

    def told(self, cell: int) -> str:
        """Return where a cell stands, in words."""
        return ", ".join(f"{path} = {shown(value)}" for path, value in self.changes(cell).items())

    def labels(self, path: str) -> npt.NDArray[np.generic]:
        """Return the values of a path as a coordinate."""
        return np.array(self.over[path])

    def digest(self) -> str:
        """Return the grid in a few words, no two grids in the same."""
        stated = json.dumps({path: self.labels(path).tolist() for path in self.over})
        paths = (
            f"{path} ({len(values):,} from {shown(values[0])} to {shown(values[-1])})"
            for path, values in self.over.items()
        )
        return f"{', '.join(paths)}; sha256 {hashlib.sha256(stated.encode()).hexdigest()[:16]}"


TEAM_SIZES = frozenset({"headcount", "hiring"})  # paths that can make a team of a rep


def grid_of(plan: Scenario, over: Mapping[str, Iterable[Any]]) -> Grid:
    """Return the grid of these values, every cell of it a valid scenario.

    Raises
    ------
    ScenarioError
        With the problems of all paths and of all cells, and in how many cells each stands.
    ResourceError
        Where there are more cells than anybody waits for.
    ArgumentError
        Where ``over`` names no path.

    Examples
    --------
    >>> import funnelsim as fs
    >>> grid = grid_of(fs.preset("sales_math"), {"quota.per_quarter": [250_000, 300_000]})
    >>> grid.size, grid.plan_of(1).quotas[0]
    (2, 300000.0)
    """
    if not over or not hasattr(over, "items"):
        raise ArgumentError(
            'over: must name paths and their values, such as {"activity.per_quarter": [750, 1000]}.'
        )
    stated = {path: _listed(values) for path, values in over.items()}
    problems = _problems_of_paths(stated)
    grid = Grid(
        plan.model_copy(update={"variants": {}}),  # those that no longer fit are in nobody's way
        {
            path: tuple(dict.fromkeys(value for value in values if not _is_wrong(value)))
            for path, values in stated.items()
        },
    )
    if grid.size > MOST_CELLS or any(len(values) > MOST_CELLS for values in stated.values()):
        sizes = " x ".join(f"{len(values):,}" for values in grid.over.values())
        raise ResourceError(
            f"over: {sizes} = {grid.size:,} cells, more than the {MOST_CELLS:,} allowed. Take "
            "larger steps, or fewer paths."
        )
    if not any(_is_wrong(value) for values in stated.values() for value in values):
        problems += _problems_of_cells(grid)
    if problems:
        left = len(problems) - MOST_PROBLEMS
        more = [Problem(f"and {left} more", "", "mend these first")] if left > 0 else []
        raise ScenarioError([*problems[:MOST_PROBLEMS], *more], "sweep")
    for path in TEAM_SIZES.intersection(grid.over):
        for value in grid.over[path]:
            check_one_seat(plan.replace({path: value}))
    return grid


def _listed(values: Any) -> list[Any]:
    """Return values as a file would hold them; a single one stands for itself."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        return [plain(values)]
    return [plain(each) for each in islice(values, MOST_CELLS + 1)]


def _problems_of_paths(stated: Mapping[str, list[Any]]) -> list[Problem]:
    """Return what can be told without looking at a cell."""
    problems: list[Problem] = []
    for path, values in stated.items():
        if path in LABELS:
            problems.append(Problem(shown(path), "", "changes no number", "Sweep another path."))
        if not values:
            problems.append(Problem(path, "", "needs at least one value", "Or leave the path out."))
        for value in filter(_is_wrong, values):
            rule = "must be a number or a text to label a cell with"
            problems.append(
                Problem(path, shown(value), rule, "Where it is none, compare variants.")
            )
        labels = [value for value in values if not _is_wrong(value)]
        texts = sum(isinstance(value, str) for value in labels)
        if 0 < texts < len(labels):
            problems.append(Problem(path, "", "must not mix numbers and texts"))
        for value, times in Counter(labels).items():
            if times > 1:
                rule = f"stands {times} times among the values"
                problems.append(Problem(path, shown(value), rule, "State it once."))
    for (one, own), (other, others) in combinations(
        ((path, parts_of(path) or (path,)) for path in stated), 2
    ):
        shared = min(len(own), len(others))
        if own[:shared] == others[:shared]:
            rule = f"overlaps with {one}"
            problems.append(Problem(other, "", rule, "Sweep each place once."))
    return problems


def _is_wrong(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, int | float | str)


def _problems_of_cells(grid: Grid) -> list[Problem]:
    """Return what is wrong with cells, each mistake once with the number of cells it stands in."""
    counts: Counter[Problem] = Counter()
    model: Scenario | None = None
    wrong = 0
    for cell in range(grid.size):
        try:
            plan = grid.plan_of(cell)
        except ScenarioError as error:
            own = list(error.problems)
        else:
            model = model or plan
            own = _unlike(plan, model)
        wrong += bool(own)
        counts.update(own)
        if wrong == MOST_WRONG:
            break
    at_least = "at least " if wrong == MOST_WRONG else ""
    return [
        replace(
            problem,
            remedy=f"{problem.remedy} In {at_least}{count:,} of {grid.size:,} cells.".strip(),
        )
        for problem, count in counts.items()
    ]


def _unlike(plan: Scenario, model: Scenario) -> list[Problem]:
    """Return what keeps a cell from standing beside the first one in the same arrays."""
    rule = "must be the same in every cell"
    problems = []
    if plan.calendar.quarters != model.calendar.quarters:
        remedy = "Sweep one horizon at a time."
        problems.append(Problem("calendar.quarters", str(plan.calendar.quarters), rule, remedy))
    if [kpi.name for kpi in plan.kpis] != [kpi.name for kpi in model.kpis]:
        problems.append(Problem("kpis", "", f"their names {rule}", "Sweep their targets."))
    return problems
