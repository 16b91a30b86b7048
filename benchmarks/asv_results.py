"""Results of asv in the form of ``records``: without the paths and names of machines in them."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import PACKAGES
from benchmarks.records import Figure, Record, figure, rounded
from benchmarks.suite import named, unit_of_time

BASELINE = "peers.Peers.time_peer(NumPy, stationary)"
MACHINE = {"cpu": "processor", "num_cpu": "processors", "os": "system"}  # asv's keys, ours
COMMIT = 7  # digits of a commit that are kept


def read_asv(path: Path) -> Record:
    """Read one result file of asv, ``results/MACHINE/COMMIT-ENVIRONMENT.json``.

    Times become nanoseconds for each rep-quarter where the benchmark says how many it computes, as
    it stands now. Ratios to the NumPy peer, where that ran too, are of wall time, as asv keeps no
    other.
    """
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    figures = [
        found
        for name, values in told["results"].items()
        for found in _figures(name, dict(zip(told["result_columns"], values, strict=False)))
    ]
    base = next((each for each in figures if each.name == BASELINE), None)
    date = datetime.fromtimestamp(told["date"] / 1000, UTC).isoformat()
    return Record(
        told["commit_hash"][:COMMIT],
        date,
        _environment(told),
        tuple(_with_ratio(each, base) for each in figures),
    )


def _figures(name: str, columns: dict[str, Any]) -> list[Figure]:
    """Return the figures of all cases of one benchmark; asv leaves out a result that failed."""
    home, _, method = name.rpartition(".")
    module, _, found = home.rpartition(".")
    benchmark = getattr(importlib.import_module(f"benchmarks.{module}"), found)
    cases = list(itertools.product(*(map(ast.literal_eval, each) for each in columns["params"])))
    result = columns["result"] or [None] * len(cases)
    told = []
    for index, (case, value) in enumerate(zip(cases, result, strict=True)):
        if value is None or math.isnan(value):
            continue
        unit, factor = _unit(benchmark, method, case)
        samples = _of(columns, "samples", index)
        title = named(home, method, case)
        if samples:
            told.append(figure(title, unit, [sample * factor for sample in samples]))
            continue
        quartiles = (_of(columns, f"stats_q_{q}", index) or value for q in (25, 75))
        low, middle, high = sorted(rounded(each * factor) for each in (value, *quartiles))
        repeats = _of(columns, "stats_repeat", index) or 1
        told.append(Figure(title, unit, repeats, middle, low, high, None))
    return told


def _of(columns: dict[str, Any], key: str, index: int) -> Any:
    values = columns.get(key)
    return values[index] if values else None


def _unit(benchmark: type, method: str, case: tuple) -> tuple[str, float]:
    """Return the unit of a figure and what asv's number is multiplied by for it."""
    if method.startswith("time_"):
        return unit_of_time(benchmark, case)
    if method.startswith("peakmem_"):
        return "MB", 1e-6
    return getattr(getattr(benchmark, method), "unit", ""), 1.0


def _with_ratio(found: Figure, base: Figure | None) -> Figure:
    if base is None or ".time_" not in found.name:
        return found
    nanoseconds = found.median * (1e9 if found.unit == "s" else 1.0)
    return replace(found, ratio=rounded(nanoseconds / base.median))


def _environment(told: dict[str, Any]) -> dict[str, str]:
    """Return what is neither a path nor a name: processor, system, versions of packages."""
    machine = {MACHINE[key]: str(told["params"][key]) for key in MACHINE if key in told["params"]}
    versions = {key: told["requirements"].get(key) for key in PACKAGES} | {"python": told["python"]}
    # An existing interpreter's version is not told but its path.
    known = {key: each for key, each in versions.items() if re.fullmatch(r"[\d.]+", str(each))}
    return {**machine, **known, "measured by": "asv"}
