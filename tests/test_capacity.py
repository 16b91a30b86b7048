"""capacity(): reps by activity, against teams simulated one by one; and what a company rests on."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.sizing.assumed import assumed
from funnelsim.analysis.sizing.company import company_of, in_proportion
from funnelsim.analysis.sizing.otherwise import TARGET, company_levers
from funnelsim.analysis.solve.alone import each_alone, pullable
from funnelsim.errors import ArgumentError, ScenarioError
from funnelsim.report.plots.capacity import capacity as drawn
from sizing_plans import ALONE, TEAM, resized
from twin_plans import sales_math

HOW: dict[str, Any] = {"draws": 400, "seed": 3}
MADE = "capacity_plan_probability"
SOME = {"reps": [1, 2, 5, 6, 7, 9], "efforts": [0.8, 1.0, 1.25]}


@pytest.fixture(scope="module")
def told() -> Any:
    return fs.capacity(TEAM, **SOME, **HOW)


def test_at_the_activity_of_the_plan_it_is_what_headcount_says(told: Any) -> None:
    curve = fs.headcount(TEAM, probability=0.999, hire_weeks=[], most=12, **HOW)
    of_company = curve["size_plan_probability"].sel(segment="company", reps=SOME["reps"])
    np.testing.assert_array_equal(told[MADE].sel(effort=1.0).values, of_company.values)
    assert told.attrs["headcount"] == 6


def test_every_field_is_a_team_simulated_by_itself(told: Any) -> None:
    """Activity stated anew, seats as they join in proportion, the target as it stands."""
    order = in_proportion([4, 2], 9)
    for effort, reps in ((0.8, 6), (1.25, 2), (1.25, 7)):
        small, large = np.bincount(order[:reps], minlength=2)
        plan = resized(TEAM, small=int(small), large=int(large))
        plan = plan.replace({"activity.per_week": 60 * effort})
        samples = fs.simulate(plan, **HOW)
        booking = [plan.team[name].quota.of == "bookings" for name in samples["segment"].values]
        year = samples["bookings"].values[:, booking].sum(axis=(1, 2))
        made = float((year >= 4 * 2_900_000 * (1 - 1e-9)).mean())
        assert float(told[MADE].sel(effort=effort, reps=reps)) == made


def test_more_reps_never_hurt_and_bytes_do_not_depend_on_threads(told: Any) -> None:
    assert (np.diff(told[MADE].values, axis=1) >= 0).all()
    assert (told[f"{MADE}_standard_error"].values > 0).all()
    again = fs.capacity(TEAM, **SOME, **HOW, threads=1)
    assert again[MADE].values.tobytes() == told[MADE].values.tobytes()


def test_what_cannot_be_is_refused() -> None:
    for wrong, said in (
        ({"efforts": [0.0]}, "efforts = 0.0"),
        ({"efforts": []}, "Say 1 to 50"),
        ({"reps": [0.5]}, "whole number of reps"),
    ):
        with pytest.raises(ArgumentError, match=said):
            fs.capacity(TEAM, **wrong, **HOW)
    with pytest.raises(ArgumentError, match="no target"):
        fs.capacity(ALONE.replace({"headcount": 3}), **HOW)
    with pytest.raises(ScenarioError, match="per_quarter"):
        fs.capacity(
            ALONE.replace(
                {"headcount": 2, "plan.over_assignment": 1.1, "activity.per_quarter": 9e3}
            ),
            efforts=[9.0],
            **HOW,
        )


def test_the_picture_says_what_either_way_takes(told: Any) -> None:
    made = told[MADE].sel(effort=1.0)
    assert float(made.sel(reps=6)) < 0.6 < float(made.sel(reps=7))
    title = drawn(told, target=0.6).get_title()
    assert title.startswith("60 of 100 takes about 7 reps instead of 6,\nor about ")
    assert drawn(told, target=0.5).get_title().endswith("make the plan\nas it is, with 6 reps")
    low = drawn(told.isel(reps=[0, 1, 3], effort=[0, 1]), target=0.9).get_title()
    assert low.endswith("neither way alone leads to 90")
    with pytest.raises(ArgumentError, match="two sizes"):
        drawn(told.isel(effort=[0]))


# What the chance of a company rests on.


def test_levers_of_a_company_are_those_of_its_segments_and_what_they_share() -> None:
    company = company_of(TEAM)
    levers = {each.path: each for each in company_levers(company)}
    assert {TARGET, "segments.small.headcount", "segments.small.stages.won.conversion",
            "segments.large.activity.rep_cv", "market.cv",
            'uncertainty."stages.won.conversion".cv'} <= set(levers)  # fmt: skip
    assert not [path for path in levers if "quota" in path or path.startswith("segments.callers")]
    moved = levers["market.cv"].at(company, 0.3)
    assert {name: each.market.cv for name, each in moved.segments.items()} == {
        "small": 0.3, "large": 0.3
    }  # fmt: skip


def test_a_first_look_leaves_out_what_moves_least() -> None:
    """All levers with all draws have the same ones on top, with the same numbers."""
    whole, some = (assumed(TEAM, most=most, **HOW) for most in (99, 6))
    top = some.lever.values.tolist()
    assert len(top) == 6
    assert whole.lever.values[:3].tolist() == top[:3]
    np.testing.assert_allclose(some.swing.values, whole.swing.sel(lever=top).values, rtol=1e-12)
    left = len(whole.lever) - 6
    assert json.loads(some.attrs["notes"])["further levers"].startswith(f"{left} more numbers")
    assert "further levers" not in json.loads(whole.attrs["notes"])


# What a lever alone would have to be.


def test_less_of_some_levers_helps() -> None:
    ways = pullable(fs.preset("three_segments").team["smb"])
    assert ways["sources.inbound.response.minutes"] is ways["attrition.per_year"] is False
    assert ways["sources.inbound.per_week"] is ways["stages.won.conversion"] is True
    assert "sources.inbound.response.measured_at" not in ways
    hours = {"hours_per_week": 15, "hours": {"activity": 0.25}}
    plan = sales_math(activity={}, effort=hours)
    found = {
        each.path: each for each in each_alone(plan, pullable(plan), attain=0.8, method="exact")
    }
    more, faster = found["effort.hours_per_week"], found["effort.hours.activity"]
    assert more.needed / 15 == pytest.approx(0.25 / faster.needed, rel=1e-5)
    assert faster.relative < 0 < more.relative
    for path, each in found.items():
        if each.found:
            reached = fs.exact(plan.replace({path: each.needed})).attainment_probability
            assert float(reached.mean()) == pytest.approx(0.8, abs=1e-5)
    assert [each.found for each in found.values()] == sorted(
        (each.found for each in found.values()), reverse=True
    )


def test_out_of_reach_is_said_with_the_best_there_is() -> None:
    plan = sales_math(quota={"per_quarter": 2_000_000})
    (won,) = each_alone(plan, {"stages.won.conversion": True}, attain=0.8, method="exact")
    assert math.isnan(won.needed)
    assert won.best == 1.0
    best = fs.exact(plan.replace({"stages.won.conversion": 1.0})).attainment_probability
    assert won.chance == pytest.approx(float(best.mean()), abs=1e-9)
