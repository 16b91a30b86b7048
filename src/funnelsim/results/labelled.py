"""Estimates by their labels: one form for every array that is no summary by quarter or year."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from funnelsim.registry import LUCK, STANDARD_ERROR, THIRDS

if TYPE_CHECKING:
    import xarray as xr

# Where results of one kind stand in the JSON object, told by the variables that only they have.
KINDS = {
    "luck": {variable.name for variable in LUCK},
    "luck_or_skill": {variable.name for variable in THIRDS},
}
# Attributes that stand at the top of the object, or nowhere.
COMMON = ("title", "currency", "method", "draws", "seed", "stream_version", "scenario",
          "scenario_sha256", "refused")  # fmt: skip


def kind_of(result: xr.Dataset) -> str | None:
    """Return under which key a result stands, None for samples and summaries."""
    names = {str(name) for name in result.data_vars}
    return next((kind for kind, known in KINDS.items() if names & known), None)


def nested(result: xr.Dataset) -> dict[str, Any]:
    """Return every estimate of a result under its name and the labels of its dims.

    Returns
    -------
    dict
        ``{name: {label: {label: {"value", "standard_error"}}}}``, labels in the order of the
        variable's dims, as texts: quarter 1 is ``"1"``.
    """
    found = {}
    for name in map(str, result.data_vars):
        if name.endswith(STANDARD_ERROR):
            continue
        labels = [[str(each) for each in result[dim].values.tolist()] for dim in result[name].dims]
        error = result[name + STANDARD_ERROR].values if name + STANDARD_ERROR in result else None
        found[name] = _by_label(labels, result[name].values, error)
    return found


def settings(result: xr.Dataset) -> dict[str, Any]:
    """Return what a result rests on and its labels do not say."""
    return {
        key: plain(value)
        for key, value in result.attrs.items()
        if key not in COMMON and not key.endswith("_version")
    }


def plain(value: Any) -> Any:
    """Return a number or text as JSON has it; not a number becomes None."""
    value = getattr(value, "item", lambda: value)()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _by_label(labels: Sequence[Sequence[str]], value: Any, error: Any) -> Mapping[str, Any]:
    if not labels:
        return {
            "value": plain(value),
            "standard_error": None if error is None else plain(error),
        }
    return {
        label: _by_label(labels[1:], value[k], None if error is None else error[k])
        for k, label in enumerate(labels[0])
    }
