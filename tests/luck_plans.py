"""Plans with a policy and KPIs, and how to ask a part about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import funnelsim as fs
from funnelsim.analysis.luck.part import Answers, Part
from funnelsim.engine.blocks import sample_blocks
from twin_plans import WHALES, WINDFALL, sales_math, sized

SKILLED = {"per_quarter": 750, "week_cv": 0.5, "rep_cv": 0.35}
CALLS = {"name": "calls", "metric": "activities", "target": 58, "per": "week", "share": 11 / 13}
POLICY = {"floor_per_week": 58, "adherence": 0.9}
LUCKY = {"windfall": WINDFALL, "deal_size": sized(whale=WHALES)}
FOUR_LINKED = {  # dimensions of skill, more than are integrated
    "activity": {"per_quarter": 750, "rep_cv": 0.3},
    "stages": ({"rep_cv": 0.2}, {"rep_cv": 0.2}, {"rep_cv": 0.2}),
    "skill_correlation": 0.5,
}


def example(**changes: Any) -> fs.Scenario:
    """The plan of docs/background/model.md, "Conditioning is not causing", for a year."""
    tables = {"calendar": {"quarters": 4}, "activity": SKILLED, "policy": POLICY}
    return sales_math(**{**tables, **changes})


def answered(part: Part, draws: int, seed: int, block: int = 4_096) -> Answers:
    for samples in sample_blocks(part.runs, draws=draws, seed=seed, block=block):
        part.add(samples)
    return part.answers()


def assert_met(pair: tuple[np.ndarray, np.ndarray], truth: Any, what: object = "") -> None:
    found, error = (np.asarray(each) for each in pair)
    truth = np.broadcast_to(truth, found.shape)
    assert np.array_equal(np.isnan(found), np.isnan(truth)), what
    known = ~np.isnan(found)
    assert np.all(np.abs(found - truth)[known] < 5 * error[known] + 1e-12), (what, found, truth)


def exact_of(plans: Sequence[fs.Scenario], name: str) -> np.ndarray:
    """Of each plan the mean over its quarters, or P(at least so many of them)."""
    told = [fs.exact(plan)[name].sel(segment="rep") for plan in plans]
    return np.stack([each.mean("quarter") if "quarter" in each.dims else each for each in told])


def kpi(name: str, target: float, per: str, metric: str = "activities") -> dict[str, Any]:
    return {"name": name, "metric": metric, "target": target, "per": per}
