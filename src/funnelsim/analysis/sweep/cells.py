"""How a cell of a sweep is answered, and how the answers become one Dataset."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.attainment import summaries
from funnelsim.analysis.chances import METHODS, Method
from funnelsim.analysis.sweep.grid import Grid
from funnelsim.analysis.tally import QUANTILES
from funnelsim.engine.blocks import check
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.errors import ArgumentError, NotCoveredError, ResourceError
from funnelsim.registry import (
    BY_NAME,
    NUMERICAL_ERROR,
    QUARTER_SUMMARIES,
    SEGMENT,
    STANDARD_ERROR,
    SUMMARIES,
)
from funnelsim.registry.dataset import dataset
from funnelsim.results.store import ASKED
from funnelsim.scenario.model import Scenario
from funnelsim.twin.exact import exact

Floats = npt.NDArray[np.float64]

KNOWN = tuple(variable.name for variable in (*SUMMARIES, *QUARTER_SUMMARIES))
# Of exact cells unless others are asked for: all four take 10 ms, a full summary may take seconds.
METRICS = ("attainment_probability", "bookings_mean", "bookings_sd", "at_least_probability")
MEMORY = 1 << 30  # bytes that a result may take
ERRORS = {STANDARD_ERROR: "standard error", NUMERICAL_ERROR: "numerical error"}


@dataclass(frozen=True)
class Cell:
    """The answer to one cell.

    Attributes
    ----------
    method : str
        "exact" or "simulated".
    values : dict of str to array
        By name, errors under their own; dims of the registry. And ``quota``, by quarter.
    refused : dict of str to str
        Why something is missing or NaN, by name.
    not_covered : str
        Why a cell was simulated though exact answers were preferred; else empty.
    """

    method: str
    values: Mapping[str, Floats]
    refused: Mapping[str, str] = field(default_factory=dict)
    not_covered: str = ""


@dataclass(frozen=True)
class Question:
    """What is asked of every cell.

    Attributes
    ----------
    method : {"auto", "exact", "simulated"}
    metrics : tuple of str, or None
        Names in the order of the registry; None for those that a method gives by itself.
    draws, seed : int or None
    """

    method: Method
    metrics: tuple[str, ...] | None
    draws: int | None
    seed: int | None

    def answer(self, plan: Scenario, threads: int, stopped: Callable[[], bool]) -> Cell:
        """Return the answer to the plan of a cell.

        Raises
        ------
        NotCoveredError
            Where only the twin could answer, and does not.
        StoppedError
            Soon after ``stopped`` has become true.
        """
        quota = {"quota": np.array(plan.quotas, dtype=np.float64)}
        not_covered = ""
        if self.method != "simulated":
            try:
                return self._exact(plan, quota)
            except NotCoveredError as error:
                if self.method == "exact" or self.draws is None:
                    raise
                not_covered = str(error)

        draws, seed = cast(int, self.draws), cast(int, self.seed)
        (found,) = summaries(plan, ("quarter",), draws, seed, threads, stopped=stopped)
        names = [name + suffix for name in self.metrics or KNOWN for suffix in ("", STANDARD_ERROR)]
        refused = json.loads(found.attrs["refused"])
        kept = {name: why for name, why in refused.items() if name in names}
        return Cell("simulated", quota | {n: found[n].values for n in names}, kept, not_covered)

    def _exact(self, plan: Scenario, quota: dict[str, Floats]) -> Cell:
        """Return an exact answer: every metric asked for, or P(attain) and what else there is."""
        found = exact(plan, only=self.metrics or METRICS)
        refused: dict[str, str] = json.loads(found.attrs["refused"])
        missing = [name for name in self.metrics or METRICS[:1] if name not in found]
        if missing:
            reasons = (f"{name}: {refused.get(name, 'not covered')}" for name in missing)
            raise NotCoveredError("; ".join(reasons))
        values = {str(name): array.values for name, array in found.data_vars.items()}
        return Cell("exact", quota | values, refused)

    def as_json(self) -> dict[str, Any]:
        """Return the question as a store or a result states it."""
        simulates = self.method != "exact" and self.draws is not None
        return {
            "method": self.method,
            "metrics": None if self.metrics is None else list(self.metrics),
            "draws": self.draws,
            "seed": self.seed,
            "stream_version": STREAM_VERSION if simulates else None,
        }


def question(
    method: Method,
    metrics: Collection[str] | None,
    draws: int | None,
    seed: int | None,
    threads: int | None,
) -> Question:
    """Return what is asked of every cell.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or draws and seed are needed and missing.
    """
    if method not in METHODS:
        raise ArgumentError(f"method = {method!r}: must be one of {', '.join(METHODS)}.")
    if metrics is not None:
        named = {metrics} if isinstance(metrics, str) else set(metrics)
        if isinstance(metrics, str) or not named or not named <= set(KNOWN):
            unknown = metrics if isinstance(metrics, str) else sorted(named.difference(KNOWN))
            raise ArgumentError(
                f"metrics = {unknown!r}: must be a list, some of {', '.join(KNOWN)}."
            )
        metrics = tuple(name for name in KNOWN if name in named)
    if (draws is None) != (seed is None) or (draws is None and method == "simulated"):
        raise ArgumentError("draws and seed: must be given, both, where cells are simulated.")
    check(1 if draws is None else draws, 0 if seed is None else seed, threads, 1)
    if method == "exact" or draws is None or seed is None:
        return Question(method, metrics, None, None)  # no number depends on them
    return Question(method, metrics, int(draws), int(seed))


class Answers:
    """The answers of all cells, in any order, in the arrays that the result will hold.

    Raises
    ------
    ResourceError
        Where these would not fit.
    """

    def __init__(self, grid: Grid, asked: Question) -> None:
        self.grid = grid
        self.asked = asked
        self.methods = np.full(grid.size, "", dtype="<U9")
        self._model = grid.plan_of(0)  # all cells have its horizon, stages and KPIs
        self._arrays: dict[str, Floats] = {}
        self._reasons: dict[str, tuple[int, str]] = {}  # of the first cell that states one
        self._refusals: dict[str, int] = {}  # in how many cells
        self._refuse_what_does_not_fit()

    @property
    def missing(self) -> list[int]:
        """The cells without an answer, in order."""
        return [int(cell) for cell in np.flatnonzero(self.methods == "")]

    def add(self, index: int, cell: Cell) -> None:
        """Take in the answer to a cell."""
        self.methods[index] = cell.method
        for name, values in cell.values.items():
            if name not in self._arrays:
                self._arrays[name] = np.full((self.grid.size, *values.shape), np.nan)
            self._arrays[name][index] = values
        reasons = dict(cell.refused)
        if cell.not_covered:
            reasons[""] = cell.not_covered
        for name, why in reasons.items():
            self._refusals[name] = self._refusals.get(name, 0) + 1
            if name not in self._reasons or self._reasons[name][0] > index:
                self._reasons[name] = index, why

    def entry(self, index: int, cell: Cell) -> dict[str, Any]:
        """Return an answer as a store keeps it."""
        return {"cell": index, "values": dict(cell.values), "method": cell.method} | {
            key: value
            for key, value in (("refused", cell.refused), ("not_covered", cell.not_covered))
            if value
        }

    def restore(self, entry: Mapping[str, Any]) -> None:
        """Take in an answer that a store kept; one that is known already is the same."""
        if self.methods[entry["cell"]]:
            return
        refused, not_covered = entry.get("refused", {}), entry.get("not_covered", "")
        self.add(entry["cell"], Cell(entry["method"], entry["values"], refused, not_covered))

    def identity(self) -> dict[str, Any]:
        """Return everything that the answers depend on."""
        about = provenance(self.grid.plan)
        made_by = {key: about[key] for key in about if key.endswith("_version")}
        return {"scenario": about["scenario"], "over": self.grid.digest()} | (
            self.asked.as_json() | made_by
        )

    def labelled(self) -> xr.Dataset:
        """Return the answers with labels, units and provenance."""
        plan, paths = self._model, tuple(self.grid.over)
        arrays = {}
        for name in KNOWN:
            for suffix in ("", *ERRORS):
                if name + suffix in self._arrays:
                    about = described(BY_NAME[name], plan)
                    if suffix:
                        about["long_name"] = f"{ERRORS[suffix]} of {about['long_name']}"
                    dims = (*paths, *BY_NAME[name].dims)
                    arrays[name + suffix] = (dims, self._on_grid(name + suffix), about)
        used = {dim for dims, _, _ in arrays.values() for dim in dims}
        labels: dict[str, object] = {path: self.grid.labels(path) for path in paths}
        own = {
            "segment": [SEGMENT],
            "quarter": np.arange(1, plan.calendar.quarters + 1),
            "probability": list(QUANTILES),
            "stage": list(plan.stage_names),
            "kpi": np.array([kpi.name for kpi in plan.kpis], dtype=str),
            "at_least": np.arange(1, plan.calendar.quarters + 1),
        }
        labels |= {dim: values for dim, values in own.items() if dim in used}
        if "quarter" in used:
            labels["quota"] = self._quota(paths)
        labels["method"] = (
            paths,
            np.array(self.methods.tolist()).reshape(self.grid.shape),  # as wide as a file has it
            {"long_name": "how the cell was answered"},
        )
        return dataset(arrays, labels, self._attrs())

    def _quota(self, paths: tuple[str, ...]) -> tuple[tuple[str, ...], Floats, dict[str, str]]:
        quotas, units = self._arrays["quota"], {"units": self._model.currency}
        if (quotas == quotas[0]).all():
            return ("quarter",), quotas[0], units
        return (*paths, "quarter"), self._on_grid("quota"), units

    def _on_grid(self, name: str) -> Floats:
        array = self._arrays[name]
        return array.reshape(*self.grid.shape, *array.shape[1:])

    def _attrs(self) -> dict[str, str | int]:
        used = set(self.methods.tolist())
        about: dict[str, str | int] = dict(provenance(self.grid.plan))
        about["method"] = used.pop() if len(used) == 1 else "mixed"
        if about["method"] != "exact":
            about |= {
                "draws": cast(int, self.asked.draws),
                "seed": cast(int, self.asked.seed),
                "stream_version": STREAM_VERSION,
            }
        if "" in self._reasons:
            about["not_covered"] = self._reason("", self.grid.size)
        refused = {name: self._reason(name, self.grid.size) for name in self._reasons if name}
        if about["method"] == "mixed":
            asked = self.asked.metrics or METRICS
            hint = "in simulated cells only: name it in metrics to have it in all"
            refused |= {name: hint for name in KNOWN if name in self._arrays and name not in asked}
        about["refused"] = json.dumps(refused, sort_keys=True)
        asked_for = {"over": self.grid.digest(), **self.asked.as_json()}
        return about | {ASKED: json.dumps(asked_for, sort_keys=True)}

    def _reason(self, name: str, cells: int) -> str:
        count, why = self._refusals[name], self._reasons[name][1]
        return why if count == cells else f"in {count:,} of {cells:,} cells: {why}"

    def _shape(self, name: str) -> tuple[int, ...]:
        plan = self._model
        quarters = plan.calendar.quarters
        sizes = {"segment": 1, "quarter": quarters, "at_least": quarters,
                 "probability": len(QUANTILES), "stage": len(plan.stages),
                 "kpi": len(plan.kpis)}  # fmt: skip
        if name == "quota":
            return (quarters,)
        for suffix in ERRORS:
            name = name.removesuffix(suffix)
        return tuple(sizes[dim] for dim in BY_NAME[name].dims)

    def _refuse_what_does_not_fit(self) -> None:
        """Refuse a result that is too large, before any work is done for it."""
        asked = self.asked
        names = asked.metrics or (METRICS if asked.draws is None else KNOWN)
        kinds = 3 if asked.method == "auto" and asked.draws is not None else 2  # value and errors
        of_a_cell = 8 * kinds * sum(math.prod(self._shape(name)) for name in names)
        if self.grid.size * of_a_cell > MEMORY:
            raise ResourceError(
                f"{self.grid.size:,} cells take {self.grid.size * of_a_cell / 2**20:,.0f} MiB, "
                f"more than the {MEMORY / 2**20:,.0f} MiB allowed. Name fewer metrics, such as "
                f"metrics=['attainment_probability'], or take at most {MEMORY // of_a_cell:,} "
                "cells."
            )
