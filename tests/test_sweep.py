"""Sweeps: cells equal single runs byte for byte, mistakes come first, methods are told apart."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.analysis.sweep import grid as grid_module
from funnelsim.analysis.sweep.cells import METRICS, Answers, question
from funnelsim.analysis.sweep.grid import grid_of
from funnelsim.analysis.sweep.sweep import sweep
from funnelsim.errors import ArgumentError, NotCoveredError, ResourceError, ScenarioError
from twin_plans import sales_math

DRAWS = 300
# Amounts of 80,000, 90,000 and multiples of them; where these have no common unit the twin has no
# lattice to add them up on.
LISTED = {"law": "empirical", "amounts": [80_000, 90_000]} | {
    "whale": {"probability": 0.03, "multiple": 2}
}
MULTIPLE, ODD = "deal_size.whale.multiple", 2.123456789


@pytest.fixture(scope="module")
def plan() -> fs.Scenario:
    return fs.preset("sales_math")


def rep(**tables: Any) -> fs.Scenario:
    """The plain rep: all days 0, one quarter."""
    return sales_math(**tables)


def forbidden(*_: int) -> None:
    raise AssertionError("a cell was answered")


def assert_same_bytes(cell: xr.Dataset, alone: xr.Dataset, names: Any) -> None:
    for name in names:
        assert cell[name].dims == alone[name].dims, name
        assert cell[name].values.tobytes() == alone[name].values.tobytes(), name
        assert cell[name].dtype == alone[name].dtype, name


# Cells are single runs


@pytest.mark.parametrize("threads", [1, 3])
def test_simulated_cells_equal_single_runs_byte_for_byte(plan: fs.Scenario, threads: int) -> None:
    base = plan.variant("windfalls").replace(
        {"activity.elasticity": 0.7, "policy.floor_per_week": 40, "deal_size.rep_cv": 0.2}
    )
    over = {"activity.per_quarter": [700, 1_000.5], "policy.cap_per_week": np.array([60, 90, 120])}
    swept = sweep(base, over, draws=DRAWS, seed=5, threads=threads, method="simulated")
    assert swept.attrs["method"] == "simulated"
    assert (swept.attrs["draws"], swept.attrs["seed"]) == (DRAWS, 5)
    assert list(swept.attainment_probability.dims) == [*over, "segment", "quarter"]
    for level in over["activity.per_quarter"]:
        for cap in (60, 90, 120):
            changes = {"activity.per_quarter": level, "policy.cap_per_week": cap}
            alone = fs.summarize(base.replace(changes), draws=DRAWS, seed=5)
            assert set(swept.data_vars) == set(alone.data_vars)
            assert_same_bytes(swept.sel(changes), alone, alone.data_vars)
            for name in alone.coords:
                np.testing.assert_array_equal(swept[name], alone[name])
            for name, array in alone.data_vars.items():
                assert swept[name].attrs == array.attrs, name


def test_exact_cells_equal_single_answers_byte_for_byte(plan: fs.Scenario) -> None:
    over = {"stages.won.conversion": [0.25, 0.4], "deal_size.mean": [60_000, 84_000]}
    swept = sweep(plan, over)
    assert swept.attrs["method"] == "exact"
    assert not {"draws", "seed", "stream_version"} & set(swept.attrs)
    assert set(swept.method.values.ravel()) == {"exact"}
    for conversion in (0.25, 0.4):
        for mean in (60_000, 84_000):
            changes = {"stages.won.conversion": conversion, "deal_size.mean": mean}
            alone = fs.exact(plan.replace(changes), only=METRICS)
            assert set(swept.data_vars) == set(alone.data_vars)
            assert_same_bytes(swept.sel(changes), alone, alone.data_vars)


def test_fixed_deals_are_poisson_in_every_cell() -> None:
    """Owner: three deals reach the quota; their number is Poisson (closed form)."""
    base = rep(deal_size={"law": "fixed", "mean": 84_000})
    over = {"activity.per_quarter": range(500, 1_501, 250), "stages.won.conversion": [0.2, 0.5]}
    p = sweep(base, over, metrics=["attainment_probability"]).attainment_probability
    for n in over["activity.per_quarter"]:
        for conversion in over["stages.won.conversion"]:
            mean = n * 0.02 * 0.6 * conversion
            truth = 1 - math.exp(-mean) * (1 + mean + mean**2 / 2)
            cell = p.sel({"activity.per_quarter": n, "stages.won.conversion": conversion})
            assert cell.item() == pytest.approx(truth, abs=1e-9)


def test_a_sweep_is_convenient_to_read(plan: fs.Scenario) -> None:
    swept = sweep(plan, {"activity.per_quarter": [750, 1_500], "quota.per_quarter": [2e5, 3e5]})
    mean = swept.attainment_probability.sel(segment="rep").mean("quarter")
    assert mean.dims == ("activity.per_quarter", "quota.per_quarter")
    assert mean.sel({"activity.per_quarter": 1_500, "quota.per_quarter": 2e5}) == mean.max()
    assert swept["activity.per_quarter"].dtype == np.int64
    # a swept quota is told by cell
    assert swept.quota.dims == ("activity.per_quarter", "quota.per_quarter", "quarter")
    assert (swept.quota == swept["quota.per_quarter"]).all()
    assert fs.scenario_of(swept) == plan.model_copy(update={"variants": {}})


def test_metrics_choose_what_is_kept(plan: fs.Scenario) -> None:
    over = {"activity.per_quarter": [750, 900]}
    names = ["bookings_quantile", "attainment_probability"]
    for method, suffix in (("exact", "_numerical_error"), ("simulated", "_standard_error")):
        swept = sweep(plan, over, metrics=names, method=method, draws=DRAWS, seed=1)
        assert {str(name) for name in swept.data_vars} == {
            each for name in names for each in (name, name + suffix)
        }
        assert swept.probability.values.tolist() == [0.1, 0.5, 0.9]


def test_texts_label_cells_too() -> None:
    base = rep(days=(0, 7, 32))
    swept = sweep(base, {"calendar.start": ["steady", "empty"]}, metrics=["bookings_mean"])
    steady, empty = (
        swept.bookings_mean.sel({"calendar.start": each}) for each in ("steady", "empty")
    )
    assert steady.item() > empty.item()  # day 0 finds deals under way, or none


# Methods


def test_auto_is_exact_where_the_twin_covers_a_cell() -> None:
    base = rep(deal_size=LISTED)
    swept = sweep(base, {MULTIPLE: [2, ODD]}, draws=DRAWS, seed=1)
    assert swept.attrs["method"] == "mixed"
    assert swept.method.values.tolist() == ["exact", "simulated"]
    assert "in 1 of 2 cells" in swept.attrs["not_covered"]
    assert "no common unit" in swept.attrs["not_covered"]
    name = "attainment_probability"
    numerical, standard = (swept[f"{name}_{kind}_error"] for kind in ("numerical", "standard"))
    assert np.isnan(numerical.values.ravel()).tolist() == [False, True]
    assert np.isnan(standard.values.ravel()).tolist() == [True, False]
    whole = fs.summarize(base.replace({MULTIPLE: ODD}), draws=DRAWS, seed=1)
    assert_same_bytes(swept.isel({MULTIPLE: 1}), whole, whole.data_vars)
    # what only the summary holds is NaN beside it, and says so
    assert np.isnan(swept.bookings_quantile.values[0]).all()
    assert "name it in metrics" in json.loads(swept.attrs["refused"])["bookings_quantile"]


def test_a_metric_that_the_twin_refuses_has_its_cell_simulated(plan: fs.Scenario) -> None:
    base = plan.replace({"stages.demo.days": 0})
    over = {"stages.won.days": [0, 32]}
    names = ["attainment_probability", "attainment_given_kpi_hit"]
    swept = sweep(base, over, metrics=names, draws=DRAWS, seed=1)
    assert swept.method.values.tolist() == ["exact", "simulated"]
    assert not np.isnan(swept.attainment_given_kpi_hit).any()
    assert "attainment_given_kpi_hit: with delays" in swept.attrs["not_covered"]


def test_what_does_not_exist_is_nan_and_says_why() -> None:
    base = rep(deal_size={"law": "pareto", "minimum": 40_000, "shape": 3.0})
    swept = sweep(base, {"deal_size.shape": [1.5, 3.0]})
    assert np.isnan(swept.bookings_sd.values.ravel()).tolist() == [True, False]
    why = json.loads(swept.attrs["refused"])["bookings_sd"]
    assert why.startswith("in 1 of 2 cells: ")
    assert "no variance" in why


def test_uncovered_cells_need_draws_or_are_refused() -> None:
    base = rep(deal_size=LISTED)
    over = {"activity.per_quarter": [750], MULTIPLE: [2, ODD]}
    with pytest.raises(ArgumentError, match=r"draws and seed: must be given.*2\.1234.*unit"):
        sweep(base, over)
    with pytest.raises(NotCoveredError, match=r"whale\.multiple = 2\.1234.*: .*auto"):
        sweep(base, over, method="exact", draws=DRAWS, seed=1)


# What is refused, before any work


def problems(plan: fs.Scenario, over: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        sweep(plan, over, progress=forbidden)
    return str(caught.value)


def test_the_problems_of_all_cells_come_at_once(plan: fs.Scenario) -> None:
    text = problems(
        plan,
        {
            "activity.per_quarter": [750, -1, 1_000],
            "stages.won.conversion": [0.3, 33],
            "stages.wun.days": [1, 2],
            "policy.floor_per_week": [40, 70],
            "policy.cap_per_week": [60],
        },
    )
    assert "activity.per_quarter = -1: must be above 0" in text
    assert "In 8 of 24 cells" in text
    assert "stages.won.conversion = 33" in text
    assert "Divide by 100. In 12 of 24 cells" in text
    assert "stages.wun: is not among the stages. Did you mean won? In 24 of 24 cells" in text
    assert "must not be above cap_per_week = 60" in text  # no value is wrong by itself


def test_a_grid_has_to_make_sense(plan: fs.Scenario) -> None:
    level, won = "activity.per_quarter", "stages.won.conversion"
    assert "needs at least one value" in problems(plan, {level: []})
    assert "stands 2 times" in problems(plan, {level: [750, 800, 750.0]})
    assert "must be a number or a text" in problems(plan, {level: [750, None]})
    assert "must be a number or a text" in problems(plan, {won: [0.3, True]})
    assert "must not mix" in problems(plan, {level: [750, "800"]})
    assert "overlaps with" in problems(plan, {won: [0.3], 'stages."won".conversion': [0.4]})
    assert "changes no number" in problems(plan, {"name": ["a", "b"]})
    assert "Sweep one horizon" in problems(plan, {"calendar.quarters": [4, 8]})
    assert "names must be the same" in problems(plan, {"kpis.calls.name": ["a", "b"]})
    assert "such as stages.won.conversion" in problems(plan, {"stages..won": [0.3]})
    two = problems(plan, {level: [], won: [0.3, 0.3]})
    assert "2 problems" in two
    with pytest.raises(ArgumentError, match="must name paths"):
        sweep(plan, {})
    long = problems(plan, {level: list(range(-30, 0))})
    assert "and 10 more" in long


def test_hopeless_grids_are_given_up_early(plan: fs.Scenario, monkeypatch: Any) -> None:
    monkeypatch.setattr(grid_module, "MOST_WRONG", 10)
    assert "In at least 10 of 40 cells" in problems(
        plan, {"activity.per_quarter": range(700, 740), "stages.won.conversion": [33]}
    )


def test_a_horizon_of_its_own_is_no_mistake(plan: fs.Scenario) -> None:
    swept = sweep(plan, {"calendar.quarters": [2]}, metrics=["attainment_probability"])
    assert swept.sizes["quarter"] == 2


def test_variants_that_no_longer_fit_are_in_nobodys_way(plan: fs.Scenario) -> None:
    assert plan.variants["floor"]["policy"]["floor_per_week"] == 58
    swept = sweep(plan, {"policy.cap_per_week": [50, 300]}, metrics=["bookings_mean"])
    assert swept.attrs["method"] == "exact"


def test_too_much_is_refused_with_the_estimate(plan: fs.Scenario) -> None:
    huge = np.linspace(500, 1_500, 1_001)
    with pytest.raises(ResourceError, match=r"1,001 x 1,001 = 1,002,001 cells"):
        sweep(plan, {"activity.per_quarter": huge, "deal_size.mean": huge}, progress=forbidden)
    with pytest.raises(ResourceError, match="allowed"):
        sweep(plan, {"activity.per_quarter": iter(range(1, 2_000_000))}, progress=forbidden)
    # memory: 400 quarters of a whole summary
    grid = grid_of(
        plan.replace({"calendar.quarters": 400}), {"activity.per_quarter": range(1, 999)}
    )
    vast = grid_module.Grid(grid.plan, {**grid.over, "deal_size.mean": tuple(range(1, 41))})
    with pytest.raises(ResourceError, match=r"39,920 cells take .* MiB.*at most .* cells"):
        Answers(vast, question("simulated", None, 100, 1, None))


def test_arguments_are_checked(plan: fs.Scenario) -> None:
    over = {"activity.per_quarter": [750]}
    for arguments, message in (
        ({"method": "exakt"}, "must be one of auto, exact, simulated"),
        ({"metrics": ["attain"]}, "must be a list, some of attainment_probability"),
        ({"metrics": "bookings_mean"}, "must be a list"),
        ({"metrics": []}, "must be a list"),
        ({"draws": 100}, "must be given, both"),
        ({"seed": 1}, "must be given, both"),
        ({"method": "simulated"}, "must be given, both"),
        ({"draws": 0, "seed": 1}, "draws = 0"),
        ({"draws": 10, "seed": -1}, "seed = -1"),
        ({"threads": 0}, "threads = 0"),
    ):
        with pytest.raises(ArgumentError, match=message):
            sweep(plan, over, progress=forbidden, **arguments)


# Progress and files


def test_progress_is_told_after_each_cell() -> None:
    told: list[tuple[int, int]] = []
    sweep(rep(), {"activity.per_quarter": range(700, 705)}, progress=lambda *n: told.append(n))
    assert told == [(n, 5) for n in range(1, 6)]


def test_a_sweep_can_be_saved(tmp_path: Any) -> None:
    base = rep(deal_size=LISTED)
    swept = sweep(base, {MULTIPLE: [2, ODD]}, draws=DRAWS, seed=1)
    fs.save(swept, tmp_path / "sweep.nc")
    xr.testing.assert_identical(fs.open(tmp_path / "sweep.nc"), swept)
