"""Answers about luck made by hand: whatever a screen or a file has to cope with, without a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

import funnelsim as fs
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.registry import BY_NAME, LUCK, STANDARD_ERROR, SUMMARIES

ERROR = 0.001
SHARED = ("attainment_probability", "repeatable_attainment_probability", "bookings_mean",
          "bookings_sd")  # fmt: skip
NAMES = (*(v.name for v in SUMMARIES if v.name in SHARED), *(v.name for v in LUCK))

# A value for every name, constant along its dims unless it is stated below by label.
VALUES: dict[str, float] = {
    "attainment_probability": 0.499,
    "repeatable_attainment_probability": 0.432,
    "without_largest_attainment_probability": 0.204,
    "windfall_dependence": 0.134,
    "largest_deal_dependence": 0.593,
    "bookings_mean": 332_540.0,
    "bookings_sd": 333_600.0,
    "bookings_cv": 1.003,
    "without_largest_mean": 160_000.0,
    "windfall_share_of_mean": 0.265,
    "windfall_share_of_variance": 0.769,
    "way_bookings_mean": 332_540.0,
    "way_bookings_cv": 1.003,
    "policy_effect_per_50_activities": 0.021,
    "effect_of_50_activities": 0.024,
}
BY_LABEL: dict[str, dict[tuple[Any, ...], float]] = {
    "kpi_quota_probability": {
        ("hit", "repeatable"): 0.40, ("hit", "windfall"): 0.06, ("hit", "missed"): 0.44,
        ("missed", "repeatable"): 0.03, ("missed", "windfall"): 0.007, ("missed", "missed"): 0.063,
    },
    "attainment_given_kpi": {("hit",): 0.511, ("missed",): 0.37},
    "kpi_gap": {(): 0.141},
    "kpi_gap_of_identical_reps": {(): 0.140},
    "effect_on_attainment_probability": {
        ("level",): 0.020, ("evenness",): -0.004, ("policy",): 0.016,
    },
    "effect_on_at_least_probability": {
        ("level",): 0.020, ("evenness",): -0.004, ("policy",): 0.016,
    },
    "effect_on_windfall_dependence": {
        ("level",): -0.004, ("evenness",): 0.001, ("policy",): -0.003,
    },
    "effect_on_activities_mean": {("level",): 31.0, ("evenness",): 2.0, ("policy",): 33.0},
    "bookings_variance_share": {
        ("activity",): 0.001, ("entry",): 0.06, ("outcome.demo",): 0.041,
        ("outcome.won",): 0.205, ("size",): 0.077, ("whale",): 0.560, ("windfall",): 0.056,
    },
    "attainment_variance_share": {("entry",): 0.1, ("outcome.won",): 0.5, ("whale",): 0.4},
    "career_at_least_probability": {(4, 3): 0.311, (8, 6): 0.143},
    "independent_at_least_probability": {(4, 3): 0.311, (8, 6): 0.143},
    "next_attainment_probability": {
        ("attained",): 0.499, ("missed",): 0.499, ("repeatable",): 0.499, ("windfall",): 0.498,
    },
    "way_activities_mean": {
        ("as stated",): 750.0, ("repetition",): 990.0, ("windfalls",): 500.0, ("whales",): 700.0,
        ("larger deals",): 400.0,
    },
    "way_bookings_cv": {("repetition",): 0.56, ("whales",): 1.2},
    "way_advantage": {("whales", 2.0): 0.05, ("windfalls", 2.0): 0.03},
}  # fmt: skip


def coordinates(plan: fs.Scenario) -> dict[str, list[Any]]:
    """Labels of every dim of an answer."""
    outcomes = [f"outcome.{name}" for name in plan.stage_names[1:]]
    ratios = sorted({*(round(0.5 + 0.1 * k, 1) for k in range(16)), 0.7518})
    return {
        "segment": ["rep"],
        "quarter": list(range(1, plan.calendar.quarters + 1)),
        "policy": ["none", "level", "floor"],
        "lag": [0, 1, 2, 3],
        "kpi_outcome": ["hit", "missed"],
        "quota_outcome": ["repeatable", "windfall", "missed"],
        "effect": ["level", "evenness", "policy"],
        "of_four": [1, 2, 3, 4],
        "adherence": [0.0, 0.25, 0.5, 0.75, 1.0],
        "floor": [30, 40, 50, 60],
        "source": ["skill", "market", "activity", "entry", *outcomes, "delay", "size", "whale",
                   "windfall"],
        "reps": ["alike", "different"],
        "career": [4, 8, 20],
        "count": list(range(1, 21)),
        "before": ["attained", "missed", "repeatable", "windfall"],
        "way": ["as stated", "repetition", "windfalls", "whales", "larger deals"],
        "quota_ratio": ratios,
    }  # fmt: skip


def answer(
    plan: fs.Scenario,
    *,
    refused: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    **changes: float | dict[tuple[Any, ...], float],
) -> xr.Dataset:
    """Return a whole answer about luck, but for what is refused, absent or changed.

    A change is one value for every label, or values by the last labels of the dims.
    """
    labels = coordinates(plan)
    gone = {*(refused or {}), *without}
    arrays: dict[str, Any] = {}
    for name in (name for name in NAMES if name not in gone):
        variable = BY_NAME[name]
        shape = tuple(len(labels[dim]) for dim in variable.dims)
        values = np.full(shape, VALUES.get(name, 0.0 if name in BY_LABEL else 0.25))
        change = changes.get(name, BY_LABEL.get(name, {}))
        if not isinstance(change, dict):
            values[...], change = change, {}
        array = xr.DataArray(values, {dim: labels[dim] for dim in variable.dims}, variable.dims)
        for key, value in change.items():
            own = variable.dims[len(variable.dims) - len(key) :] if key else ()
            if all(label in labels[dim] for dim, label in zip(own, key, strict=True)):
                array.loc[dict(zip(own, key, strict=True))] = value
        scale = max(abs(VALUES.get(name, 1.0)), 1.0)
        error = array.copy(data=np.where(np.isnan(array.values), np.nan, ERROR * scale))
        about = described(variable, plan)
        arrays[name] = (variable.dims, array.values, about)
        arrays[name + STANDARD_ERROR] = (variable.dims, error.values, about)
    used = {dim for dims, _, _ in arrays.values() for dim in dims}
    coords = {dim: each for dim, each in labels.items() if dim in used}
    attrs: dict[str, Any] = {
        **provenance(plan),
        "method": "simulated",
        "seed": 1,
        "draws": 100_000,
        "stream_version": STREAM_VERSION,
        "quarter_of_sources": 1,
        "draws_of_sources": 28_672,
        "own_quota_ratio": 0.7518,
        "policy_floor_per_week": 50,
        "policy_adherence": 1.0,
        "plan_reps": "alike",
        "skill_from": "assumed activity.rep_cv 0.35",
        "refused": json.dumps(dict(refused or {})),
    }
    return xr.Dataset(arrays, coords, attrs)
