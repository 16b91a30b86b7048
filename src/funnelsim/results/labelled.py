"""Estimates by their labels: one form for every array that is no summary by quarter or year."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from funnelsim.registry import (
    COMPARE,
    COMPARED_TEAMS,
    LUCK,
    NUMERICAL_ERROR,
    STANDARD_ERROR,
    THIRDS,
)

if TYPE_CHECKING:
    import xarray as xr

# Where results of one kind stand in the JSON object, told by the variables that only they have.
KINDS = {
    "luck": {variable.name for variable in LUCK},
    "luck_or_skill": {variable.name for variable in THIRDS},
    "compare": {variable.name for variable in (*COMPARE, *COMPARED_TEAMS)},
    "sensitivity": {"swing"},
    "coaching_point": {"lift"},
    "bridge": {"contribution"},
    "solve": {"solved_value"},
    "bites": {"bite"},
    "coverage": {"coverage_needed"},
    "quota_for": {"quota_for_share"},
    "cheapest_mix": {"mix_total_cost"},
    "headcount": {"headcount_needed"},
    "cushion": {"cushion_needed"},
    "next_step": {"step_worth_in_reps"},
    "diversification": {"risk_bookings_cv"},
    "economics": {"selling_cost_mean"},
    "contribution": {"contribution_total_mean"},
    "team": {"band_share"},
}
# Attributes that stand at the top of the object, or nowhere.
COMMON = ("title", "currency", "method", "draws", "seed", "stream_version", "scenario",
          "scenario_sha256", "refused")  # fmt: skip
OBJECTS = ("changes", "scenarios", "notes", "asked")  # attributes that are JSON themselves
ERRORS = (STANDARD_ERROR, NUMERICAL_ERROR)


def kind_of(result: xr.Dataset) -> str | None:
    """Return under which key a result stands, None for samples and summaries.

    A team by year stands beside the same by quarter.
    """
    names = {str(name) for name in result.data_vars}
    kind = next((kind for kind, known in KINDS.items() if names & known), None)
    return "team_by_year" if kind == "team" and "year" in result.dims else kind


def nested(result: xr.Dataset) -> dict[str, Any]:
    """Return every estimate of a result under its name and the labels of its dims.

    Returns
    -------
    dict
        ``{name: {label: {label: {"value", "standard_error"}}}}``, labels in the order of the
        variable's dims, as texts: quarter 1 is ``"1"``. ``numerical_error`` where it was computed.
        What a coordinate says of labels stands under its name, without errors.
    """
    labels = {dim: [str(each) for each in result[dim].values.tolist()] for dim in result.dims}
    default = NUMERICAL_ERROR if result.attrs.get("method") == "exact" else STANDARD_ERROR
    found = {}
    for name in map(str, result.data_vars):
        if name.endswith(ERRORS):
            continue
        there = [error for error in ERRORS if name + error in result] or [default]
        parts = {"value": result[name].values} | {
            error[1:]: result[name + error].values if name + error in result else None
            for error in there
        }
        found[name] = _by_label([labels[dim] for dim in result[name].dims], parts)
    for coordinate, about in result.coords.items():
        if coordinate not in result.dims:
            values = {"": about.values}
            found[str(coordinate)] = _by_label([labels[dim] for dim in about.dims], values)
    return found


def settings(result: xr.Dataset) -> dict[str, Any]:
    """Return what a result rests on and its labels do not say."""
    return {
        key: json.loads(value) if key in OBJECTS else plain(value)
        for key, value in result.attrs.items()
        if key not in COMMON and not key.endswith("_version")
    }


def plain(value: Any) -> Any:
    """Return a number or text as JSON has it; not a number becomes None."""
    value = getattr(value, "item", lambda: value)()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _by_label(labels: Sequence[Sequence[str]], parts: Mapping[str, Any]) -> Any:
    """Return arrays by their labels; at each place an object of their values, or the only one."""
    if not labels:
        found = {key: None if value is None else plain(value) for key, value in parts.items()}
        return found.get("", found)
    return {
        label: _by_label(
            labels[1:], {key: None if each is None else each[k] for key, each in parts.items()}
        )
        for k, label in enumerate(labels[0])
    }
