"""What pictures of a sweep have in common: its cells, the plan among them, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.levers.levers import lever_of
from funnelsim.errors import FunnelsimError
from funnelsim.report.levers import lever_amount
from funnelsim.report.plots.answers import LONGEST, Floats, answer
from funnelsim.report.plots.style import hundred, shortened
from funnelsim.results.files import scenario_of

if TYPE_CHECKING:
    import xarray as xr

MADE = "attainment_probability"
TARGET = 0.8
NUMBERS = "iuf"  # kinds of labels that an axis can measure
CLOSE = 0.01  # relative: values that differ by less are the same to a planner


def paths_of(told: xr.Dataset) -> list[str]:
    """Return the paths that were swept."""
    return [str(dim) for dim in told[MADE].dims if dim not in ("segment", "quarter")]


def over_quarters(told: xr.Dataset) -> tuple[Floats, Floats]:
    """Return P(attain) of cells and standard errors, of the mean over quarters at most."""
    values, errors = answer(told, MADE)
    return values.mean(axis=-1), errors.mean(axis=-1)


def own_value(told: xr.Dataset, path: str) -> float | None:
    """Return where the plan itself has a path, None where no number stands there."""
    try:
        return lever_of(scenario_of(told), path).value
    except FunnelsimError:
        return None


def at_plan(told: xr.Dataset, values: Floats) -> float | None:
    """Return the chance at the plan's own place of a map, None where it lies outside."""
    for axis, path in ((0, paths_of(told)[0]), (0, paths_of(told)[1])):
        own, labels = own_value(told, path), told[path].values.astype(float)
        if own is None or not labels[0] <= own <= labels[-1]:
            return None
        values = np.asarray(between(labels, values, own, axis))
    return float(values) if np.isfinite(values) else None


def between(labels: Floats, values: Floats, own: float, axis: int) -> Floats:
    """Return the values at a place along an axis, straight between cells."""
    return np.asarray(np.apply_along_axis(lambda v: np.interp(own, labels, v), axis, values))


def crossing(places: Floats, curve: Floats, target: float) -> float | None:
    """Return where a curve that rises or falls reaches a chance, straight between cells."""
    if not np.isfinite(curve).all() or not curve.min() <= target <= curve.max():
        return None
    order = slice(None) if curve[-1] >= curve[0] else slice(None, None, -1)
    rising = np.maximum.accumulate(curve[order])
    first = int(np.argmax(rising >= target))
    if first == 0:
        return float(places[order][0])
    near = slice(first - 1, first + 1)
    return float(np.interp(target, rising[near], places[order][near]))


def value_label(path: str, value: object, currency: str) -> str:
    """Return a swept value as a label."""
    if isinstance(value, str):
        return shortened(value, LONGEST)
    return lever_amount(path, float(value), currency)  # type: ignore[arg-type]


def not_own(path: str, own: float | None, enough: float, currency: str) -> str:
    """Return what the plan has instead, where it has something else."""
    if own is None or abs(own - enough) < CLOSE * abs(enough):
        return ""
    return f",\nnot {lever_amount(path, own, currency)}"


def range_message(values: Floats) -> str:
    """Return between which shares of quarters a range leads."""
    low, high = (float(each) for each in (np.nanmin(values), np.nanmax(values)))
    return f"From {hundred(low)} to {hundred(high)} of 100 quarters make quota in this range"
