"""cushion(), next_step(), diversification(): against plans simulated one by one, and the twin."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.sizing.cushion import AS_IS, OWN_ONLY
from funnelsim.analysis.sizing.steps import steps_of
from funnelsim.analysis.tally import REACHES
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario
from sizing_plans import ALONE, TEAM, resized

HOW: dict[str, Any] = {"draws": 400, "seed": 3}
TARGET = 2_900_000


def booked(plan: Scenario, draws: int = 400, seed: int = 3) -> np.ndarray:
    """What the company books in a year, (draw,): every seat simulated, nothing reused."""
    samples = fs.simulate(plan, draws=draws, seed=seed)
    own = [plan.team[name].quota.of == "bookings" for name in samples["segment"].values]
    return samples["bookings"].values[:, own].sum(axis=(1, 2))


# --- cushion -------------------------------------------------------------------------------------


def test_the_plans_own_cushion_is_the_plan() -> None:
    told = fs.cushion(TEAM, **HOW)
    own = float(told.attrs["own_over_assignment"])
    assert own == pytest.approx((4 * 180_000 + 2 * 200_000) / TARGET)
    assert int(told.attrs["own_reps"]) == 6
    assert told.attrs["shared"] == "market, uncertainty"
    chance = told["cushion_plan_probability"].sel(risk=AS_IS, reps=6, over_assignment=own)
    assert float(chance) == pytest.approx((booked(TEAM) >= 4 * TARGET * REACHES).mean())


def test_without_what_all_share() -> None:
    told = fs.cushion(TEAM, over_assignment=[0.45], **HOW)
    calm = TEAM.replace({"market.cv": 0.0, "uncertainty": {}})
    quotas = 4 * 180_000 + 2 * 200_000
    chance = told["cushion_plan_probability"].sel(risk=OWN_ONLY, reps=6, over_assignment=0.45)
    exact = (booked(calm) * 0.45 >= 4 * quotas * REACHES).mean()
    assert float(chance) == pytest.approx(exact)
    assert fs.cushion(calm, **HOW)["risk"].values.tolist() == [AS_IS]


def test_a_team_of_another_size_is_the_plan_scaled() -> None:
    told = fs.cushion(TEAM, over_assignment=[0.5], reps=[2, 3, 12], **HOW)
    twice = resized(TEAM, small=8, large=4).replace(
        {
            "segments.small.hiring": [{"week": 6, "reps": 4}],
            "segments.large.hiring": [{"week": 2, "reps": 2}, {"week": 20, "reps": 2}],
        }
    )
    half = resized(TEAM, small=2, large=1).replace(
        {
            "segments.small.hiring": [{"week": 6, "reps": 1}],
            "segments.large.hiring": [{"week": 20, "reps": 1}],
        }
    )
    third = resized(TEAM, small=1, large=1).replace(  # 2 / 3 of a hire, and of two 1 / 3 and 2 / 3
        {
            "segments.small.hiring": [{"week": 6, "reps": 1}],
            "segments.large.hiring": [{"week": 20, "reps": 1}],
        }
    )
    for reps, plan in ((2, third), (3, half), (12, twice)):
        small = plan.team["small"].headcount
        quotas = small * 180_000 + (reps - small) * 200_000
        at = {"risk": AS_IS, "reps": reps, "over_assignment": 0.5}
        chance = float(told["cushion_plan_probability"].sel(at))
        assert chance == pytest.approx((booked(plan) * 0.5 >= 4 * quotas * REACHES).mean())


def test_the_cushion_needed_is_enough() -> None:
    told = fs.cushion(TEAM, reps=[6], probability=[0.5, 0.9], **HOW)
    for certainty in (0.5, 0.9):
        needed = float(told["cushion_needed"].sel(risk=AS_IS, reps=6, certainty=certainty))
        at = {"risk": AS_IS, "reps": 6}
        looked = fs.cushion(TEAM, reps=[6], over_assignment=[needed, 0.999 * needed], **HOW)
        chance = looked["cushion_plan_probability"].sel(at)
        assert float(chance.sel(over_assignment=needed)) >= certainty
        assert float(chance.sel(over_assignment=0.999 * needed)) <= certainty


def test_more_cushion_never_hurts() -> None:
    told = fs.cushion(TEAM, **HOW)
    assert (np.diff(told["cushion_plan_probability"].values, axis=-1) >= 0).all()
    assert (np.diff(told["cushion_needed"].values, axis=-1) >= 0).all()


def test_cushions_of_independent_reps_are_those_of_the_twin() -> None:
    """N Poisson reps without skill are one with N times the activity and N times the quota."""
    plan = ALONE.replace({"headcount": 4})
    told = fs.cushion(plan, over_assignment=[1.0, 1.25], reps=[2, 8], draws=4_000, seed=5)
    for reps in (2, 8):
        for over in (1.0, 1.25):
            whole = {"activity.per_quarter": 750 * reps, "quota.per_quarter": 250_000 * reps / over}
            exact = float(fs.exact(ALONE.replace(whole))["attainment_probability"][0, 0])
            at = {"risk": AS_IS, "reps": reps, "over_assignment": over}
            chance, error = (
                float(told[f"cushion_plan_probability{suffix}"].sel(at))
                for suffix in ("", "_standard_error")
            )
            assert abs(chance - exact) < 5 * error


def test_what_is_shared_does_not_average_out() -> None:
    """P(sum of N) in one uncertain world is that of one rep with N times all: by the twin."""
    spread = {"uncertainty": {"stages.won.conversion": {"cv": 0.2}}}
    plan = ALONE.replace({"headcount": 20} | spread)
    told = fs.cushion(plan, over_assignment=[1.25], reps=[20], draws=4_000, seed=6)
    chance, error = (
        told[f"cushion_plan_probability{suffix}"].sel(reps=20, over_assignment=1.25)
        for suffix in ("", "_standard_error")
    )
    whole = {"activity.per_quarter": 15_000, "quota.per_quarter": 4_000_000}
    for risk, changes in ((AS_IS, whole | spread), (OWN_ONLY, whole)):
        exact = float(fs.exact(ALONE.replace(changes))["attainment_probability"][0, 0])
        assert abs(float(chance.sel(risk=risk)) - exact) < 5 * float(error.sel(risk=risk))


def test_a_cushion_that_nothing_makes_enough() -> None:
    rare = ALONE.replace({"headcount": 1, "activity.per_quarter": 50})
    told = fs.cushion(rare, probability=[0.5], reps=[1], **HOW)
    assert np.isnan(told["cushion_needed"].values).all()


# --- next step -----------------------------------------------------------------------------------

SMALL, LARGE = "segments.small", "segments.large"
THERE = 2 + 50 / 52 + 32 / 52  # reps of large, on average of the year
STEPS: dict[str, dict[str, Any]] = {
    "a rep in small, day 0": {f"{SMALL}.headcount": 5},
    "a rep in large, day 0": {f"{LARGE}.headcount": 3},
    "a hire in small, week 0": {
        f"{SMALL}.hiring": [{"week": 6, "reps": 2}, {"week": 0, "reps": 1}]
    },
    "an SDR in large": {f"{LARGE}.sources.SDR.sdrs_per_rep": 0.5 + 1 / THERE},
    "an SDR per 2 reps in large": {f"{LARGE}.sources.SDR.sdrs_per_rep": 1.0},
    "10 % more activity": {f"segments.{name}.activity.per_week": 66 for name in ("small", "large")},
    "a point of win rate": {
        f"{SMALL}.stages.won.conversion": 0.26,
        f"{LARGE}.stages.won.conversion": 0.26,
        f"{LARGE}.sources.SDR.conversion.won": 0.21,
    },
    "2 weeks less ramp": {f"{SMALL}.ramp.weeks": 8, f"{LARGE}.ramp.weeks": 18},
    "5 points less attrition": {f"{SMALL}.attrition.per_year": 0.45},
    "hires up to 4 weeks sooner": {
        f"{SMALL}.hiring": [{"week": 2, "reps": 2}],
        f"{LARGE}.hiring": [{"week": 0, "reps": 1}, {"week": 16, "reps": 1}],
    },
}


@pytest.fixture(scope="module")
def stepped() -> Any:
    return fs.next_step(TEAM, **HOW)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_the_plan_changed(stepped: Any, step: str) -> None:
    now, then = booked(TEAM), booked(TEAM.replace(STEPS[step]))
    change = stepped.sel(step=step)
    goal = 4 * TARGET * REACHES
    found = float(change["step_plan_probability_change"])
    paired = (then >= goal).astype(float) - (now >= goal)
    assert found == pytest.approx(paired.mean(), abs=1e-12)
    error = max(paired.std(ddof=1) / math.sqrt(400), 1 / 401)
    assert float(change["step_plan_probability_change_standard_error"]) == pytest.approx(error)
    more = then - now
    assert float(change["step_bookings_mean_change"]) == pytest.approx(more.mean())
    assert float(change["step_bookings_mean_change_standard_error"]) == pytest.approx(
        more.std(ddof=1) / math.sqrt(400)
    )


def test_there_are_no_other_steps(stepped: Any) -> None:
    assert set(stepped["step"].values) == {*STEPS, "a hire in large, week 0"}


def test_a_step_is_told_in_reps(stepped: Any) -> None:
    change = stepped["step_plan_probability_change"]
    best = max(float(change.sel(step=f"a rep in {name}, day 0")) for name in ("small", "large"))
    np.testing.assert_allclose(stepped["step_worth_in_reps"], change / best)


def test_steps_of_one_rep_are_those_of_the_twin() -> None:
    plan = ALONE.replace({"headcount": 5, "plan.target": 1_200_000})
    told = fs.next_step(plan, draws=4_000, seed=7)
    sums = {"quota.per_quarter": 1_200_000, "activity.per_quarter": 3_750}
    won = ALONE.stages[-1].conversion
    exact = {
        "now": sums,
        "a rep, day 0": sums | {"activity.per_quarter": 4_500},
        "10 % more activity": sums | {"activity.per_quarter": 4_125},
        "a point of win rate": sums | {"stages.won.conversion": won + 0.01},
    }
    chances = {
        step: float(fs.exact(ALONE.replace(changes))["attainment_probability"][0, 0])
        for step, changes in exact.items()
    }
    for step, chance in list(chances.items())[1:]:
        found, error = (
            float(told[f"step_plan_probability_change{suffix}"].sel(step=step))
            for suffix in ("", "_standard_error")
        )
        assert abs(found - (chance - chances["now"])) < 5 * error
    more, error = (
        float(told[f"step_bookings_mean_change{suffix}"].sel(step="a rep, day 0"))
        for suffix in ("", "_standard_error")
    )
    assert abs(more - 252_000) < 5 * error


def test_only_what_the_plan_leaves_room_for() -> None:
    kinds = {step.kind for step in steps_of({"rep": ALONE})}
    assert kinds == {"rep", "hire", "activity", "win rate"}
    certain = ALONE.replace({"stages.won.conversion": 1.0, "calendar.start": "empty"})
    assert {step.kind for step in steps_of({"rep": certain})} == {"rep", "activity"}


def test_hours_rather_than_calls_where_effort_is_stated() -> None:
    data = fs.dumps(ALONE).replace("per_quarter = 750", "")
    plan = fs.loads(f"{data}\n[effort]\nhours_per_week = 30\nhours = {{ activity = 0.5 }}\n")
    (step,) = (step for step in steps_of({"rep": plan}) if step.kind == "activity")
    assert step.changed["rep"].activities_per_week == pytest.approx(66)


def test_costs_say_what_is_cheapest() -> None:
    costs = {"rep": 200_000.0, "SDR": 80_000.0, "ramp": 10_000.0}
    told = fs.next_step(TEAM, costs=costs, **HOW)
    cost = told["step_cost"]
    assert float(cost.sel(step="a rep in small, day 0")) == 200_000
    assert float(cost.sel(step="a hire in large, week 0")) == 200_000
    assert float(cost.sel(step="an SDR in large")) == 80_000
    pods = float(cost.sel(step="an SDR per 2 reps in large"))
    assert pods == pytest.approx(80_000 * THERE / 2)  # two reps are one pod
    assert float(cost.sel(step="2 weeks less ramp")) == 10_000
    assert np.isnan(float(cost.sel(step="a point of win rate")))
    change = told["step_plan_probability_change"].sel(step="an SDR in large")
    each = told["step_cost_per_point"].sel(step="an SDR in large")
    assert float(each) == pytest.approx(80_000 / (100 * float(change)))
    assert "win rate" in json.loads(told.attrs["refused"])["step_cost"]


PAY = {"ote": 160_000, "on_costs": 0.25, "overhead": 10_000, "hiring_cost": 30_000}
PAID = TEAM.replace(
    {
        "segments.small.pay": PAY | {"ote": 100_000},
        "segments.large.pay": PAY,
        "segments.callers.pay": PAY,
        "economics.sdr": {"per_year": 90_000, "hiring_cost": 7_000},
    }
)
# what economics does not know: hiring of a rep who is there on day 0, and of an SDR
FOUND = {
    "a rep in small, day 0": 30_000,
    "a rep in large, day 0": 30_000,
    "an SDR in large": 7_000,
    "an SDR per 2 reps in large": 7_000 * THERE / 2,
}


@pytest.mark.parametrize("by", ["year", "quarter"])
def test_costs_are_what_economics_says_of_the_plan_changed(by: Any) -> None:
    told = fs.next_step(PAID, by=by, period=1, **HOW)
    priced = [
        str(step) for step in told["step"].values if np.isfinite(told["step_cost"].sel(step=step))
    ]
    assert set(priced) == {*STEPS, "a hire in large, week 0"} - {
        "10 % more activity", "a point of win rate", "2 weeks less ramp", "5 points less attrition"
    }  # fmt: skip

    def spent(plan: Scenario) -> float:
        cost = fs.economics(plan, by=by, **HOW)["selling_cost_mean"]
        return float(cost.sel({by: 1}).sel(segment=["small", "large"]).sum())

    now = spent(PAID)
    for step in set(priced) & set(STEPS):
        more = spent(PAID.replace(STEPS[step])) - now + FOUND.get(step, 0)
        assert float(told["step_cost"].sel(step=step)) == pytest.approx(more), step
        change = float(told["step_plan_probability_change"].sel(step=step))
        each = float(told["step_cost_per_point"].sel(step=step))
        assert np.isnan(each) if change <= 0 else each == pytest.approx(more / (100 * change))


def test_what_is_not_stated_to_be_paid_has_no_cost() -> None:
    plan = TEAM.replace({"segments.large.pay": PAY})
    cost = fs.next_step(plan, **HOW)  # nobody says what SDRs cost, of whom a rep takes a half
    assert "step_cost" not in cost
    assert "SDR" in json.loads(cost.attrs["refused"])["step_cost"]


def test_a_step_is_called_what_is_done() -> None:
    short = ALONE.replace(
        {
            "ramp": {"weeks": 1},
            "attrition": {"per_year": 0.02, "fill_weeks": 4},
            "hiring": [{"week": -3}, {"week": 3}],
        }
    )
    names = {step.name for step in steps_of({"rep": short})}
    assert {"1 week less ramp", "2 points less attrition", "hires 3 weeks sooner"} <= names
    long = short.replace({"ramp.weeks": 10})
    names = {step.name for step in steps_of({"a": short, "b": long})}
    assert "up to 2 weeks less ramp" in names
    past = short.replace({"hiring": [{"week": -3}, {"week": 0}]})
    assert "hiring" not in {step.kind for step in steps_of({"rep": past})}


@pytest.mark.parametrize("costs", [{"reps": 1}, {"rep": 0}, {"rep": math.inf}, {"rep": "1"}])
def test_costs_out_of_range_are_named(costs: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="costs"):
        fs.next_step(TEAM, costs=costs, **HOW)


def test_steps_are_told_of_the_worst_period() -> None:
    told = fs.next_step(TEAM, by="quarter", **HOW)
    assert told.attrs["told_of"] == "quarter 1"  # of an empty start
    alone = fs.next_step(TEAM, by="quarter", period=1, **HOW)
    for name in ("step_plan_probability_change", "step_bookings_mean_change"):
        np.testing.assert_allclose(told[name], alone[name])


# --- diversification -----------------------------------------------------------------------------


def test_the_table_of_the_model() -> None:
    """Computed by FFT with quadrature: P(sum of bookings >= .8 of quotas), Beta cv .2 on won."""
    told = fs.diversification(ALONE, reps=[10, 40], draws=6_000, seed=1)
    table = {
        "neither": (0.844559, 0.981914),
        "own skill": (0.832464, 0.977321),
        "shared uncertainty": (0.754526, 0.817720),
    }
    for risk, truths in table.items():
        for reps, truth in zip((10, 40), truths, strict=True):
            found, error = (
                float(told[f"risk_plan_probability{suffix}"].sel(risk=risk, reps=reps))
                for suffix in ("", "_standard_error")
            )
            assert abs(found - truth) < 5 * error, (risk, reps)


def test_the_spread_of_a_team() -> None:
    """Independent: cv^2 = 1.25 / 3 N. A shared factor adds its variance, times 1 + 1.25 / 3 N."""
    told = fs.diversification(ALONE, reps=[1, 20], cv=0.2, draws=6_000, seed=2)
    for reps in (1, 20):
        own = 1.25 / (3 * reps)
        for risk, truth in (("neither", own), ("shared market", own + 0.04)):
            found, error = (
                float(told[f"risk_bookings_cv{suffix}"].sel(risk=risk, reps=reps))
                for suffix in ("", "_standard_error")
            )
            assert abs(found - math.sqrt(truth)) < 5 * error


def test_teams_of_several_segments() -> None:
    told = fs.diversification(TEAM, **HOW)
    assert told["reps"].values.tolist() == [1, 3, 6, 12]
    chance = told["risk_plan_probability"]
    assert ((chance >= 0) & (chance <= 1)).all()
    assert fs.diversification(ALONE, **HOW)["reps"].values.tolist() == [1, 2, 5, 10, 20, 40]


@pytest.mark.parametrize(
    ("call", "changes", "said"),
    [
        (fs.cushion, {"over_assignment": [0]}, "over_assignment = 0"),
        (fs.cushion, {"reps": [0]}, "reps: 0 must be"),
        (fs.cushion, {"reps": []}, "must name one size"),
        (fs.cushion, {"probability": 90}, "probability = 90"),
        (fs.cushion, {"draws": 2.5}, "draws = 2.5"),
        (fs.next_step, {"period": 3}, "period = 3"),
        (fs.diversification, {"cv": -1}, "cv = -1"),
        (fs.diversification, {"share": math.nan}, "share = nan"),
        (fs.diversification, {"reps": [True]}, "reps: True"),
    ],
)
def test_arguments_out_of_range_are_named(call: Any, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        call(TEAM, **(HOW | changes))


@pytest.mark.parametrize("call", [fs.cushion, fs.next_step, fs.diversification])
def test_threads_change_nothing(call: Any) -> None:
    one, four = (call(TEAM, threads=n, **HOW) for n in (1, 4))
    assert one.identical(four)


@pytest.mark.parametrize("call", [fs.headcount, fs.cushion, fs.next_step])
def test_no_segment_may_be_called_like_all_of_them(call: Any) -> None:
    text = fs.dumps(TEAM).replace('"small"', '"company"')
    with pytest.raises(ArgumentError, match="Rename it"):
        call(fs.loads(text), **HOW)
