"""Calls that take a scenario say what to do when they are given something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import funnelsim as fs
from funnelsim.errors import ArgumentError, ResultError, ScenarioError

PLAN = fs.preset("sales_math")
RUN: dict[str, Any] = {"draws": 10, "seed": 1}
PATH = "activity.per_quarter"
CALLS: dict[str, Callable[[Any], object]] = {
    "ageing": lambda given: fs.ageing(given, "won", [1]),
    "bites": fs.bites,
    "bridge": lambda given: fs.bridge(given, PLAN),
    "bridge, to": lambda given: fs.bridge(PLAN, given),
    "cheapest_mix": lambda given: fs.cheapest_mix(given, {PATH: 1.0}, attain=0.8),
    "coaching_point": lambda given: fs.coaching_point(given, {"won": 0.4}),
    "compare": lambda given: fs.compare({"one": given}),
    "contribution": lambda given: fs.contribution({"one": given}, **RUN),
    "coverage": lambda given: fs.coverage(given),
    "cushion": lambda given: fs.cushion(given, **RUN),
    "diversification": lambda given: fs.diversification(given, **RUN),
    "dumps": fs.dumps,
    "economics": lambda given: fs.economics(given, **RUN),
    "exact": fs.exact,
    "headcount": lambda given: fs.headcount(given, probability=0.9, **RUN),
    "luck": lambda given: fs.luck(given, **RUN),
    "memory_needed": lambda given: fs.memory_needed(given, draws=10),
    "luck_or_skill": lambda given: fs.luck_or_skill(given, reps=9, quarters=1, **RUN),
    "next_step": lambda given: fs.next_step(given, **RUN),
    "quota_for": lambda given: fs.quota_for(given, share=0.5),
    "sensitivity": fs.sensitivity,
    "simulate": lambda given: fs.simulate(given, **RUN),
    "solve": lambda given: fs.solve(given, PATH, attain=0.8),
    "summarize": lambda given: fs.summarize(given, **RUN),
    "sweep": lambda given: fs.sweep(given, {PATH: [750]}, **RUN),
    "team": lambda given: fs.team(given, draws=200, seed=1),
}


@pytest.mark.parametrize("given", ["sales_math.toml", Path("sales_math.toml"), None, {}])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_scenario_is_refused(name: str, given: object) -> None:
    with pytest.raises(ArgumentError, match="must be a scenario"):
        CALLS[name](given)


def test_the_name_of_a_file_is_answered_with_how_to_read_it() -> None:
    with pytest.raises(ArgumentError, match=r'^plan = "my\.toml": .*fs\.load.*fs\.preset'):
        fs.summarize("my.toml", **RUN)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r'A preset is not a file: fs\.preset\("sales_math"\)'):
        fs.load("sales_math")


@pytest.mark.parametrize("given", ["plan.toml", None, {}, {"one": "plan.toml"}, {3: PLAN}])
def test_a_report_wants_plans_by_name(given: Any) -> None:
    with pytest.raises(ArgumentError, match="plans: "):
        fs.report(given, seed=1)


@pytest.mark.parametrize("redraw", ["size", None, 3])
def test_purposes_are_given_together(redraw: Any) -> None:
    with pytest.raises(ArgumentError, match=r"redraw = .*: must be purposes together"):
        fs.simulate(PLAN, redraw=redraw, **RUN)


def test_a_sweep_of_a_table_of_values_is_refused() -> None:
    with pytest.raises(ScenarioError, match="must be a number or a text to label a cell with"):
        fs.sweep(PLAN, {PATH: np.ones((2, 2))}, **RUN)


def test_samples_of_which_more_than_draws_are_left_out_are_refused() -> None:
    samples = fs.simulate(PLAN, **RUN)
    part = fs.attainment(samples.isel(draw=slice(0, 7)))
    assert part.attrs["draws"] == 7
    empty, first, alone = slice(0, 0), [0], 0
    for wrong in (
        samples.isel(draw=empty),
        samples.isel(quarter=first),
        samples.isel(quarter=alone),
        samples.isel(rep=alone),
        samples.drop_vars("bookings"),
        samples.drop_vars("reached"),
    ):
        with pytest.raises(ResultError, match="attainment needs all 4 quarters, all reps"):
            fs.attainment(wrong)
    for wrong in ("samples.nc", PLAN, None):
        with pytest.raises(ResultError, match=r"needs the samples of fs\.simulate"):
            fs.attainment(wrong)


@pytest.mark.parametrize("given", [None, b"name = 'x'", 3])
def test_what_is_no_text_is_refused(given: Any) -> None:
    with pytest.raises(ArgumentError, match=r"text = a .*: must be text"):
        fs.loads(given)


@pytest.mark.parametrize("given", [None, "plan.nc", PLAN, PLAN.quotas])
def test_what_is_no_result_is_refused(given: Any, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="not a funnelsim result"):
        fs.scenario_of(given)
    with pytest.raises(ResultError, match="not a funnelsim result"):
        fs.save(given, tmp_path / "result.nc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("changes", [None, [], "activity.per_quarter", 3])
def test_what_gives_no_values_by_paths_is_refused(changes: Any) -> None:
    with pytest.raises(ScenarioError, match="must give values by their paths"):
        PLAN.replace(changes)


@pytest.mark.parametrize("path", [3, None, ("activity", "per_quarter"), ""])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(ScenarioError, match="must be a path such as"):
        PLAN.replace({path: 800})
    with pytest.raises(ScenarioError, match="must be a path such as"):
        fs.solve(PLAN, path, attain=0.8)


def test_names_that_are_no_texts_are_unknown() -> None:
    for given in (None, 3):
        with pytest.raises(ScenarioError, match="is not among the presets"):
            fs.preset(given)  # type: ignore[arg-type]
        with pytest.raises(ScenarioError, match="is not among the variants"):
            PLAN.variant(given)  # type: ignore[arg-type]


def test_what_numpy_and_pandas_make_is_taken() -> None:
    """A planner's numbers come from arrays and tables."""
    wanted = PLAN.replace({PATH: 800})
    for value in (np.int64(800), np.float64(800), np.array(800)):
        assert PLAN.replace({PATH: value}) == wanted
    assert PLAN.replace(pd.Series({PATH: 800})) == wanted
    quotas = [1e5, 2e5, 3e5, 4e5]
    for listed in (np.array(quotas), pd.Series(quotas), pd.Index(quotas), tuple(quotas)):
        assert PLAN.replace({"quota.per_quarter": listed}).quotas == tuple(quotas)


PAID = PLAN.replace({"pay": {"ote": 165_000}})


@pytest.mark.parametrize("times", [4, None, "4", ["4"], [], [-1.0], [float("nan")], [True]])
def test_multiples_of_a_cost_are_numbers(times: Any) -> None:
    with pytest.raises(ArgumentError, match=r"times = .*: must be one or more multiples"):
        fs.economics(PAID, times=times, **RUN)


@pytest.mark.parametrize("budget", [0, -1.0, "a", [1e5], float("inf"), True])
def test_a_budget_is_a_number_above_0(budget: Any) -> None:
    with pytest.raises(ArgumentError, match=r"budget = .*: must be above 0"):
        fs.economics(PAID, budget=budget, **RUN)


@pytest.mark.parametrize("most", [0, 1.5, "a", True])
def test_the_most_seats_to_try_are_a_whole_number(most: Any) -> None:
    plan = PLAN.replace({"headcount": 2, "plan.over_assignment": 1.2})
    with pytest.raises(ArgumentError, match=r"most = .*: must be a whole number of seats"):
        fs.headcount(plan, probability=0.9, most=most, **RUN)


@pytest.mark.parametrize("share", [None, "a", [None]])
def test_a_chance_is_a_number(share: Any) -> None:
    plan = PLAN.replace({"headcount": 2, "plan.over_assignment": 1.2})
    with pytest.raises(ArgumentError, match="must be above 0 and below 1"):
        fs.headcount(plan, probability=share, **RUN)
    with pytest.raises(ArgumentError, match="must be above 0 and below 1"):
        fs.quota_for(PLAN, share=share)
