"""The levers that are looked at by default: all that a plan states but what is known to be idle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.chances import Goal, chances
from funnelsim.analysis.levers.levers import bare, lever_of
from funnelsim.analysis.levers.sensitivity import sensitivity
from funnelsim.analysis.levers.stated import NO_LEVERS, TABLES, default_paths
from funnelsim.errors import ScenarioError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import quoted
from twin_plans import WHALES, WINDFALL, sales_math

SPREAD = {"rep_cv": 0.3}
INBOUND = {
    "name": "inbound", "per_week": 0.8, "conversion": {"demo": 0.4, "won": 0.3},
    "days": {"won": 50},
    "deal_size": {"mean": 40_000, "whale": {"probability": 0.1, "multiple": 3}},
    "response": {"minutes": 10, "measured_at": 42, "decay": 0.45},
}  # fmt: skip
ASSISTS = [
    {"name": "on-site", "at": "won", "per_quarter": 6, "odds": 1.5, "size": 1.2},
    {"name": "intro", "at": "demo", "coverage": 0.4, "odds": 1.3},
]
LEAVERS = {"per_year": 0.5, "fill_weeks": 9, "fill_weeks_cv": 0.5, "handover": 0.5}
# Every table that holds a lever, all in force.
EVERYTHING = sales_math(
    calendar={"quarters": 4},
    days=(0, 7, 32),
    activity={"per_quarter": 750, "week_cv": 0.3, "elasticity": 0.8, "reference_per_week": 50,
              **SPREAD},
    stages=({}, SPREAD, {"stalled": 0.2, "lost_days": 50, "days_cv": 0.8}),
    sources=[INBOUND],
    assists=ASSISTS,
    deal_size={"law": "lognormal", "mean": 84_000, "cv": 0.5, "whale": WHALES, **SPREAD},
    windfall=WINDFALL | {"per_quarter": 0.5},
    policy={"floor_per_week": 50, "cap_per_week": 80, "adherence": 0.7, "start_week": 13},
    market={"cv": 0.2, "persistence": 0.5, "season": [1.2, 1.0, 0.9, 0.9]},
    skill_loadings={"activity": 0.7, "demo": -0.7},
    skill_correlation=0.3,
    ramp={"weeks": 20, "weeks_cv": 0.3, "from": 0.2},
    attrition=LEAVERS,
    uncertainty={"stages.won.conversion": {"cv": 0.1}, "deal_size.mean": {"cv": 0.1}},
)  # fmt: skip
# Much of it stated, and put out of force by something else.
QUIET = sales_math(
    calendar={"quarters": 4},
    days=(0, 7, 32),
    stages=({}, {}, {"stalled": 0.2, "lost_days": 50}),
    sources=[
        INBOUND | {"response": {"minutes": 30, "measured_at": 30, "decay": 0.45}},
        {"name": "none", "per_week": 0.0, "conversion": {"won": 0.5}},
    ],
    assists=[
        {"name": "never", "at": "won", "coverage": 0.0, "odds": 2.0},
        {"name": "idle", "at": "won", "coverage": 0.5, "odds": 1.0},
    ],
    windfall=WINDFALL | {"per_quarter": 0.0},
    deal_size={"law": "lognormal", "mean": 84_000, "cv": 0.5,
               "whale": {"probability": 0.0, "multiple": 5}, **SPREAD},
    policy={"adherence": 0.5, "start_week": 13},
    market={"cv": 0.0, "persistence": 0.5},
    skill_correlation=0.3,
    ramp={"weeks": 20},
    attrition=LEAVERS | {"per_year": 0.0},
)  # fmt: skip
HOURS = sales_math(
    activity={},
    days=(0, 7, 32),
    stages=({}, {}, {"stalled": 0.2, "lost_days": 50}),
    effort={"hours_per_week": 30, "hours": {"activity": 0.25, "demo": 2}, "open_week": 0.3},
)
PLANS = {"everything": EVERYTHING, "quiet": QUIET, "hours": HOURS}
MEASURED = ("calendar", "headcount", "pay", "economics", "kpis", "hiring", "variants", "segments")


def stated_numbers(here: Any, prefix: str = "") -> Iterator[str]:
    """Paths of all numbers of a plan's data, found without any help of the levers."""
    for key, value in here.items():
        path = f"{prefix}{quoted(key)}"
        if isinstance(value, dict):
            yield from stated_numbers(value, f"{path}.")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
            for each in value:
                yield from stated_numbers(each, f"{path}.{quoted(each['name'])}.")
        else:
            first = value[0] if isinstance(value, list | tuple) and value else value
            if isinstance(first, int | float) and not isinstance(first, bool):
                yield path


def numbers_of(plan: Scenario) -> list[str]:
    return [
        path
        for path in stated_numbers(plan.model_dump(exclude_unset=True))
        if path.split(".")[0] not in MEASURED
    ]


def booked(plan: Scenario, draws: int = 300) -> np.ndarray:
    return fs.simulate(plan, draws=draws, seed=5)["bookings"].values


def moved(plan: Scenario, path: str) -> list[Scenario]:
    """The plan with a number a third lower and higher, as far as it can be stated."""
    lever, found = lever_of(bare(plan), path), []
    for times in (0.67, 1.33):
        value = lever.value * times
        value = float(round(value)) if lever.whole else value
        try:
            found.append(bare(plan).replace({path: lever.stated(value)}))
        except ScenarioError:
            continue
    return found


def test_every_table_of_a_scenario_is_known_to_hold_levers_or_none() -> None:
    assert sorted((*TABLES, *NO_LEVERS)) == sorted(Scenario.model_fields)


@pytest.mark.parametrize("name", PLANS)
def test_what_is_no_lever_changes_no_booking(name: str) -> None:
    """Each number that is left out is moved by a third: every deal of every draw stays.

    But for days from a steady start, and a correlation of one skill with nothing: they bring other
    deals, as many and as large, so that the twin finds no difference (truncation is some 1e-5).
    """
    plan = PLANS[name]
    levers = set(default_paths(plan, Goal()))
    left_out = [path for path in numbers_of(plan) if path not in levers]
    assert left_out
    references = ("reference_per_week", "reference_per_quarter")  # stand for levels, see below
    before = booked(plan)
    for path in left_out:
        lever = lever_of(bare(plan), path)
        if path.endswith(references) or not lever.value:
            continue
        for other in moved(plan, path):
            if path == "skill_correlation" or (lever.idle and ".days" in path):
                found = chances([plan, other], Goal(), method="exact").values
                assert found[0] == pytest.approx(found[1], abs=3e-5), path
                continue
            np.testing.assert_array_equal(booked(other), before, err_msg=path)


@pytest.mark.parametrize("name", PLANS)
def test_what_is_a_lever_changes_some_booking(name: str) -> None:
    plan = PLANS[name]
    before = booked(plan)
    for path in default_paths(plan, Goal(amount=1e5)):
        others = moved(plan, path)
        assert any((booked(each) != before).any() for each in others), path


def test_a_reference_that_is_the_level_is_no_lever_of_its_own() -> None:
    elastic = {"activity": {"per_quarter": 750, "elasticity": 0.8}}
    assert "activity.reference_per_week" not in default_paths(sales_math(**elastic), Goal())
    assert "activity.reference_per_week" in default_paths(EVERYTHING, Goal())


def test_hours_stand_for_the_level_and_what_takes_them_matters() -> None:
    paths = default_paths(HOURS, Goal())
    assert not [path for path in paths if path.startswith("activity")]
    assert {"effort.hours_per_week", "effort.hours.demo", "stages.won.days",
            "stages.won.stalled", "stages.won.lost_days"} <= set(paths)  # fmt: skip
    told = sensitivity(HOURS)
    assert told.swing.sel(lever="effort.hours_per_week") > 0.1
    assert told.swing.sel(lever="stages.won.days") < -0.001  # faster deals free time for more
    ends = told.goal_probability_at.sel(lever="effort.hours_per_week").values
    truth = [fs.exact(HOURS.replace({"effort.hours_per_week": hours})) for hours in (27.0, 33.0)]
    exactly = [float(each.attainment_probability.mean()) for each in truth]
    assert ends == pytest.approx(exactly, abs=1e-8)


def test_where_the_quota_follows_from_the_plan_the_plan_is_the_lever() -> None:
    data = sales_math().model_dump(exclude_unset=True)
    del data["quota"]
    follows = Scenario(**data, plan={"target": 200_000.0, "over_assignment": 1.25})
    paths = default_paths(follows, Goal())
    assert {"plan.target", "plan.over_assignment"} <= set(paths)
    assert "quota.per_quarter" not in paths
    assert not {"plan.target", "quota.per_quarter"} & set(default_paths(follows, Goal(amount=1e5)))


def test_the_top_three_are_those_that_move_most() -> None:
    """Of all numbers that the plan states, by brute force on the twin."""
    plan = fs.preset("sdr_assisted").replace({"activity.per_week": 20, "calendar.quarters": 1})
    plans, paths = [bare(plan)], []
    for path in numbers_of(plan):
        lever = lever_of(bare(plan), path)
        ends = [lever.value * times for times in (0.9, 1.1)]
        if lever.value and all(map(lever.can_be, ends)):
            paths.append(path)
            plans += [lever.at(end) for end in ends]
    found = chances(plans, Goal(), method="exact").values
    now, ends = found[0], found[1:].reshape(-1, 2)
    largest = np.abs([ends[:, 1] - ends[:, 0], ends[:, 0] - now, ends[:, 1] - now]).max(axis=0)
    order = np.argsort(-largest.round(9), kind="stable")
    told = sensitivity(plan, elasticities=0)
    shown = told.largest_swing.values
    assert shown[:3] == pytest.approx(largest[order[:3]], abs=1e-8)
    top = {paths[k] for k in np.flatnonzero(largest > shown[2] + 1e-7)}
    assert top <= set(told.lever.values[:3].tolist())
    assert any(path.startswith("sources") for path in told.lever.values[:5])


def test_elasticities_are_told_of_as_many_as_asked_for() -> None:
    plan = sales_math(days=(0, 7, 32))
    whole, some = sensitivity(plan), sensitivity(plan, elasticities=2)
    assert some.lever.values.tolist() == whole.lever.values.tolist()
    np.testing.assert_array_equal(some.swing.values, whole.swing.values)
    np.testing.assert_array_equal(some.elasticity.values[:2], whole.elasticity.values[:2])
    assert np.isnan(some.elasticity.values[2:]).all()
    assert "2 levers that move most" in some.attrs["refused"]
    drawn = sensitivity(plan, method="simulated", draws=400, seed=1, elasticities=1)
    assert np.isfinite(drawn.elasticity.values[0])
