"""Intervals and standard errors of planning, over thousands of small runs.

The engine is replaced by numpy draws of the same law: deals of a quarter are the points of a unit
Poisson process up to their mean, so that all plans of a run share their luck as in the engine.
All else is funnelsim's own: search, slope, pairing, delta method.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.analysis.levers import bridge as bridging
from funnelsim.analysis.solve import search
from funnelsim.engine.blocks import Run
from twin_plans import sales_math

Floats = npt.NDArray[np.float64]

ACTIVITY, WON, SIZE = "activity.per_quarter", "stages.won.conversion", "deal_size.mean"
MOST = 32  # deals of a quarter: more never are, at a mean of 10 at most
PLAN = sales_math()
CV = 0.5
SMALL_RUNS, RUNS = 20_000, 2_000


@pytest.fixture
def numpy_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("funnelsim.analysis.chances", bridging.__name__):
        monkeypatch.setattr(f"{module}.sample_blocks", drawn)


@lru_cache(maxsize=1)
def luck(draws: int, seed: int) -> tuple[Floats, Floats]:
    """Points of a unit Poisson process, (draw, deal), and sums of the sizes of as many deals."""
    rng = np.random.default_rng(seed)
    points = rng.exponential(size=(draws, MOST)).cumsum(axis=1)
    spread = np.log1p(CV**2)
    sizes = np.exp(rng.normal(-spread / 2, np.sqrt(spread), (draws, MOST)))
    return points, np.concatenate([np.zeros((draws, 1)), sizes.cumsum(axis=1)], axis=1)


def drawn(
    runs: Sequence[Run], *, draws: int, seed: int, **_: object
) -> Iterator[list[dict[str, Any]]]:
    points, sums = luck(draws, seed)
    found = []
    for run in runs:
        plan = run.plan
        mean = plan.activities_per_week * plan.calendar.weeks_per_quarter
        for stage in plan.stages:
            mean *= stage.conversion
        deals = (points <= mean).sum(axis=1)
        bookings = plan.deal_size.mean * sums[np.arange(draws), deals]
        found.append({"bookings": bookings[:, None, None]})
    yield found


def test_numpy_draws_have_the_law_of_the_plan(numpy_luck: None) -> None:
    """P(attain) of the twin, to 5 standard errors of 100 000 draws."""
    truth = fs.sensitivity(PLAN, {WON: (0.3, 0.4)})
    found = fs.sensitivity(PLAN, {WON: (0.3, 0.4)}, method="simulated", draws=100_000, seed=1)
    for name in ("goal_probability", "goal_probability_at", "swing"):
        error = found[f"{name}_standard_error"].values
        assert np.all(np.abs((found[name] - truth[name]).values) < 5 * error)


def covered(runs: Sequence[xr.Dataset], truth: xr.Dataset, name: str) -> None:
    """Errors are those of replication, to 5 standard errors of a standard deviation; 95 % cover."""
    count = len(runs)
    values = np.array([each[name].values for each in runs])
    errors = np.array([each[f"{name}_standard_error"].values for each in runs])
    spread = values.std(axis=0, ddof=1)
    assert np.sqrt((errors**2).mean(axis=0)) == pytest.approx(spread, rel=5 / np.sqrt(2 * count))
    right = np.abs(values - truth[name].values) <= 1.959964 * errors
    share = 0.95 + np.array([-1, 1]) * (0.01 + 5 * np.sqrt(0.95 * 0.05 / count))
    assert np.all((share[0] <= right.mean(axis=0)) & (right.mean(axis=0) <= share[1]))


def of(told: xr.Dataset, like: xr.Dataset) -> xr.Dataset:
    """In the order of another result."""
    dim = "lever" if "lever" in like.dims else "factor"
    return told.sel({dim: like[dim].values})


@pytest.mark.slow
def test_intervals_of_what_it_takes_cover(
    numpy_luck: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 000 runs: 95 % of the nominal 95 % intervals hold the exact answer, to within 1 point.

    The share itself has a standard error of 0.15 points. The root is found to a thousandth of the
    value, a twentieth of its standard error or less.
    """
    monkeypatch.setitem(search.WITHIN, "simulated", 1e-3)
    asked = {"attain": 0.6, "within": (500, 2_500)}
    truth = fs.solve(PLAN, ACTIVITY, **asked).solved_value.item()
    inside = 0
    for seed in range(SMALL_RUNS):
        found = fs.solve(PLAN, ACTIVITY, method="simulated", draws=500, seed=seed, **asked)
        low, high = found.solved_interval.values
        inside += bool(low <= truth <= high)
    assert inside / SMALL_RUNS == pytest.approx(0.95, abs=0.01)


@pytest.mark.slow
def test_errors_of_sensitivity_are_those_of_replication(numpy_luck: None) -> None:
    levers = {WON: (0.30, 0.40), SIZE: (80_000, 95_000)}
    truth = fs.sensitivity(PLAN, levers)
    runs = [
        of(fs.sensitivity(PLAN, levers, method="simulated", draws=1_000, seed=seed), truth)
        for seed in range(RUNS)
    ]
    for name in ("goal_probability_change", "swing", "elasticity"):
        covered(runs, truth, name)


@pytest.mark.slow
@pytest.mark.parametrize("amount_of", ["probability", "bookings"])
def test_errors_of_the_bridge_are_those_of_replication(numpy_luck: None, amount_of: Any) -> None:
    other = PLAN.replace({WON: 0.40, SIZE: 95_000, ACTIVITY: 700})
    truth = fs.bridge(PLAN, other, amount_of=amount_of)
    asked: dict[str, Any] = {"amount_of": amount_of, "method": "simulated", "draws": 1_000}
    runs = [of(fs.bridge(PLAN, other, seed=seed, **asked), truth) for seed in range(RUNS)]
    for name in ("bridge_difference", "contribution", "contribution_first", "contribution_last"):
        covered(runs, truth, name)
