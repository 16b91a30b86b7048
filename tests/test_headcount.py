"""headcount(): the fewest reps that are enough, against teams simulated one by one and the twin."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import special

import funnelsim as fs
from funnelsim.analysis.sizing.company import company_of, in_proportion
from funnelsim.analysis.sizing.growth import Growth
from funnelsim.analysis.tally import REACHES
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario
from sizing_plans import ALONE, TEAM, resized

HOW: dict[str, Any] = {"draws": 400, "seed": 3}
YEAR, TARGET = 4, 2_900_000


def booked(plan: Scenario, draws: int = 400, seed: int = 3) -> np.ndarray:
    """What the company books, (draw, quarter): every seat simulated, nothing reused."""
    samples = fs.simulate(plan, draws=draws, seed=seed)
    own = [plan.team[name].quota.of == "bookings" for name in samples["segment"].values]
    return samples["bookings"].values[:, own].sum(axis=1)


def made(plan: Scenario, target: float, **how: int) -> float:
    return float((booked(plan, **how).sum(axis=1) >= YEAR * target * REACHES).mean())


def test_every_headcount_is_as_if_simulated_alone() -> None:
    told = fs.headcount(TEAM, probability=0.999, hire_weeks=[], most=12, **HOW)
    curve = told["size_plan_probability"]
    for small in (0, 1, 3, 4, 5, 9):
        assert float(curve.sel(segment="small", reps=small)) == made(
            resized(TEAM, small=small), TARGET
        )
    for large in (0, 1, 2, 3, 5):
        assert float(curve.sel(segment="large", reps=large)) == made(
            resized(TEAM, large=large), TARGET
        )


def test_all_in_proportion_is_as_if_simulated_alone() -> None:
    told = fs.headcount(TEAM, probability=0.999, hire_weeks=[], most=12, **HOW)
    curve = told["size_plan_probability"].sel(segment="company")
    order = in_proportion([4, 2], 14)
    for reps in (1, 2, 5, 6, 7, 11):
        small, large = np.bincount(order[:reps], minlength=2)
        assert float(curve.sel(reps=reps)) == made(
            resized(TEAM, small=int(small), large=int(large)), TARGET
        )


def test_the_fewest_that_are_enough_are_found() -> None:
    told = fs.headcount(TEAM, probability=[0.5, 0.8], hire_weeks=[], **HOW)
    for segment in told["segment"].values:
        curve = told["size_plan_probability"].sel(segment=segment)
        for certainty in (0.5, 0.8):
            at = {"segment": segment, "certainty": certainty}
            needed = int(told["headcount_needed"].sel(at))
            assert float(curve.sel(reps=needed)) >= certainty
            assert needed == 0 or float(curve.sel(reps=needed - 1)) < certainty
            assert float(told["headcount_plan_probability"].sel(at)) == float(
                curve.sel(reps=needed)
            )


def test_more_reps_never_make_a_plan_less_likely() -> None:
    curve = fs.headcount(TEAM, hire_weeks=[], **HOW)["size_plan_probability"].values
    steps = np.diff(curve, axis=1)
    assert (steps[np.isfinite(steps)] >= 0).all()
    assert (steps > 0).any()


def test_hires_are_as_if_stated_in_the_plan() -> None:
    told = fs.headcount(TEAM, probability=0.7, hire_weeks=[0, 13], **HOW)
    now = float(told["period_plan_probability"][0])
    assert now == made(TEAM, TARGET) < 0.7
    for segment, week in (("small", 0), ("large", 13)):
        at = {"segment": segment, "hire_week": week, "certainty": 0.7}
        needed = int(told["hires_needed"].sel(at))
        hiring = [each.model_dump() for each in TEAM.team[segment].hiring]

        def with_more(reps: int, stated=hiring, segment=segment, week=week) -> float:
            further = [{"week": week, "reps": reps}] if reps else []
            return made(TEAM.replace({f"segments.{segment}.hiring": stated + further}), TARGET)

        assert with_more(needed) == float(told["hires_plan_probability"].sel(at)) >= 0.7
        assert with_more(needed - 1) < 0.7
        low, high = told["hires_interval"].sel(at).values
        assert low <= needed <= high


def test_hires_of_a_later_week_are_no_better() -> None:
    told = fs.headcount(TEAM, probability=0.6, hire_weeks=[0, 20, 40], draws=2_000, seed=1)
    needed = told["hires_needed"].sel(segment="small", certainty=0.6).values
    assert needed[0] <= needed[1]
    assert math.isnan(needed[2]) or needed[1] <= needed[2]


def test_independent_reps_are_the_convolution_of_the_twin() -> None:
    """N Poisson reps without skill are one with N times the activity and N times the quota."""
    target = 2_000_000
    plan = ALONE.replace({"headcount": 9, "plan.target": target})
    told = fs.headcount(plan, probability=0.9, hire_weeks=[], draws=4_000, seed=2)
    curve = told["size_plan_probability"].sel(segment="rep")
    errors = told["size_plan_probability_standard_error"].sel(segment="rep")
    exact = {}
    for reps in range(5, 15):
        whole = ALONE.replace({"activity.per_quarter": 750 * reps, "quota.per_quarter": target})
        exact[reps] = float(fs.exact(whole)["attainment_probability"][0, 0])
        assert abs(float(curve.sel(reps=reps)) - exact[reps]) < 5 * float(errors.sel(reps=reps))
    needed = min(reps for reps, chance in exact.items() if chance >= 0.9)
    assert exact[needed] - 0.9 > 3 * float(errors.sel(reps=needed))  # so that draws must find it
    assert 0.9 - exact[needed - 1] > 3 * float(errors.sel(reps=needed - 1))
    assert int(told["headcount_needed"].sel(segment="rep", certainty=0.9)) == needed


def test_the_normal_limit() -> None:
    """At 60 reps of known mean and variance: mean 3 deals of 84 000 and (1 + cv^2) 84 000^2 3."""
    reps, mean, sd = 60, 252_000.0, 84_000 * math.sqrt(3 * 1.25)
    target = reps * mean - 0.5 * sd * math.sqrt(reps)
    plan = ALONE.replace({"headcount": reps, "plan.target": target})
    told = fs.headcount(plan, hire_weeks=[], draws=4_000, seed=4, most=1)
    chance, error = (
        float(told[f"period_plan_probability{suffix}"][0]) for suffix in ("", "_standard_error")
    )
    normal = 0.5 * math.erfc(-0.5 / math.sqrt(2))
    assert abs(chance - normal) < 5 * error + 0.01  # Berry and Esseen leave about 0.01


def test_threads_change_nothing() -> None:
    one, four = (
        fs.headcount(TEAM, probability=0.6, hire_weeks=[0], threads=n, **HOW) for n in (1, 4)
    )
    assert one.identical(four)


def test_quarters_years_and_the_worst_of_them() -> None:
    quarters = {
        n: fs.headcount(TEAM, by="quarter", period=n, hire_weeks=[], most=1, **HOW)
        for n in (1, 2, 3, 4)
    }
    every = fs.headcount(TEAM, by="quarter", hire_weeks=[], most=1, **HOW)
    each = [float(told["period_plan_probability"][0]) for told in quarters.values()]
    assert every["period_plan_probability"].values.tolist() == each
    assert each == (booked(TEAM) >= TARGET * REACHES).mean(axis=0).tolist()
    assert len(set(each)) == 4  # of an empty start
    curves = [told["size_plan_probability"].values for told in quarters.values()]
    np.testing.assert_array_equal(every["size_plan_probability"].values, np.min(curves, axis=0))
    assert every.attrs["goal"].endswith("in the quarter that is lowest")


def test_one_segment_can_be_asked_for() -> None:
    alone = fs.headcount(TEAM, segment="large", probability=0.6, hire_weeks=[], **HOW)
    both = fs.headcount(TEAM, probability=0.6, hire_weeks=[], **HOW)
    assert alone["segment"].values.tolist() == ["large"]
    at = {"segment": "large", "certainty": 0.6}
    for name in ("headcount_needed", "headcount_interval", "headcount_plan_probability"):
        np.testing.assert_array_equal(alone[name].sel(at), both[name].sel(at))


def test_how_the_company_divides() -> None:
    told = fs.headcount(TEAM, probability=[0.5, 0.7], hire_weeks=[], **HOW)
    split = told["headcount_split"]
    whole = told["headcount_needed"].sel(segment="company")
    np.testing.assert_array_equal(split.sel(segment=["small", "large"]).sum("segment"), whole)
    np.testing.assert_array_equal(split.sel(segment="company"), whole)


def test_equal_deals_reach_what_they_sum_to() -> None:
    """Ten deals of a tenth make a target of 1, though floats add up to a little less."""
    equal = {"deal_size": {"law": "fixed", "mean": 0.1}, "plan.target": 1.0}
    plan = ALONE.replace({"activity.per_quarter": 2_500, "quota.per_quarter": 1.0} | equal)
    told = fs.headcount(plan, hire_weeks=[], most=1, **HOW)
    won = fs.simulate(plan, **HOW)["reached"].sel(stage="won").values.sum(axis=(1, 2))
    assert float(told["period_plan_probability"][0]) == (won >= 10).mean()
    curve = told["size_plan_probability"].sel(segment="rep", reps=1)
    assert float(curve) == (won >= 10).mean()


def test_what_others_win_is_not_booked() -> None:
    assert list(company_of(TEAM).segments) == ["small", "large"]
    fewer = resized(TEAM, callers=1)
    one, other = (fs.headcount(p, hire_weeks=[], most=1, **HOW) for p in (TEAM, fewer))
    np.testing.assert_array_equal(
        one["size_plan_probability"].values, other["size_plan_probability"].values
    )


def test_out_of_reach_is_said() -> None:
    never = TEAM.replace({"market.season": [0.0, 1.0, 1.0, 1.0]})
    told = fs.headcount(never, by="quarter", period=1, hire_weeks=[0], **HOW)
    assert np.isnan(told["headcount_needed"].values).all()
    assert np.isnan(told["hires_needed"].values).all()
    refused = json.loads(told.attrs["refused"])["headcount_needed"]
    assert "0.9 is not reached with" in refused
    assert "(company), which reach 0.0000" in refused
    # a quarter in which nobody brings anything is given up at once
    assert told["reps"].values[-1] <= 4 * 6


def test_growth_ends_where_it_is_told_to() -> None:
    far = TEAM.replace({"plan.target": 90_000_000})
    told = fs.headcount(far, hire_weeks=[], most=20, draws=50, seed=1)
    sizes = {
        str(name): int(np.isfinite(told["size_plan_probability"].sel(segment=name)).sum()) - 1
        for name in told["segment"].values
    }
    assert sizes == {"small": 32, "large": 32, "company": 24}
    assert np.isnan(told["headcount_needed"].values).all()


def test_a_segment_that_is_all_hired_later() -> None:
    plan = resized(TEAM, large=0)
    told = fs.headcount(plan, probability=0.6, hire_weeks=[0], **HOW)
    assert told["headcount_now"].values.tolist() == [4, 0, 4]
    assert float(told["period_plan_probability"][0]) == made(plan, TARGET)
    needed = int(told["headcount_needed"].sel(segment="large", certainty=0.6))
    assert made(resized(TEAM, large=needed), TARGET) >= 0.6


@pytest.mark.parametrize(("empty", "other"), [("small", "large"), ("large", "small")])
def test_in_proportion_a_segment_without_seats_stays_so(empty: str, other: str) -> None:
    plan = resized(TEAM, **{empty: 0})
    told = fs.headcount(plan, probability=0.9, hire_weeks=[], **HOW)
    curve = told["size_plan_probability"]
    ends = int(np.isfinite(curve.sel(segment="company")).sum())
    assert ends > 2 * plan.team[other].headcount
    np.testing.assert_array_equal(
        curve.sel(segment="company")[:ends], curve.sel(segment=other)[:ends]
    )


def test_a_target_that_follows_from_quotas_stays_where_it_is() -> None:
    plan = ALONE.replace({"headcount": 10, "plan.over_assignment": 1.25})
    told = fs.headcount(plan, probability=0.9, hire_weeks=[], **HOW)
    assert told["target"].values.tolist() == [2_000_000]
    stated = ALONE.replace({"headcount": 10, "plan.target": 2_000_000})
    again = fs.headcount(stated, probability=0.9, hire_weeks=[], **HOW)
    np.testing.assert_array_equal(told["headcount_needed"], again["headcount_needed"])


def test_the_interval_covers() -> None:
    """Of 200 samples of draws, the interval misses the true quantile in about one of 20."""
    rng = np.random.default_rng(1)
    # the sum of n waits reaches 50 where fewer than n arrive by then
    truth = next(n for n in range(1, 120) if special.pdtr(n - 1, 50.0) >= 0.9)
    covered = 0
    for _ in range(200):
        growth = Growth(400, np.array([50.0]))
        growth.begin(slice(0, 400), np.zeros((400, 1)))
        growth.add(slice(0, 400), rng.exponential(1.0, (400, 120, 1)))
        growth.added(120)
        low, high = growth.needed(0.9)[1:3]
        covered += low <= truth <= high
    assert covered >= 200 * 0.95 - 5 * math.sqrt(200 * 0.95 * 0.05)


@pytest.mark.parametrize("headcounts", [[1], [4, 2], [3, 0, 5], [7, 5, 1], [10, 8, 4]])
def test_proportions_are_kept(headcounts: list[int]) -> None:
    whole = sum(headcounts)
    order = in_proportion(headcounts, 3 * whole)
    for times in (1, 2, 3):
        counts = np.bincount(order[: times * whole], minlength=len(headcounts))
        assert counts.tolist() == [times * each for each in headcounts]
    for reps in range(3 * whole):  # and never more than one seat away in between
        counts = np.bincount(order[:reps], minlength=len(headcounts))
        assert (np.abs(counts - reps * np.array(headcounts) / whole) < 1).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"probability": 1.0}, "probability = 1.0"),
        ({"probability": []}, "must name one or more"),
        ({"segment": "smal"}, "small"),
        ({"segment": "callers"}, "must be one that books"),
        ({"by": "month"}, "by = 'month'"),
        ({"period": 2}, "period = 2: must be a year of the horizon, 1 to 1"),
        ({"period": True}, "period = True"),
        ({"hire_weeks": [52]}, "0 to 51, a week before the end of year 1"),
        ({"hire_weeks": [13], "by": "quarter", "period": 1}, "0 to 12"),
        ({"hire_weeks": [1.5]}, "whole number"),
        ({"draws": 0}, "draws = 0"),
    ],
)
def test_arguments_out_of_range_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said.replace("(", r"\(")):
        fs.headcount(TEAM, **(HOW | changes))


def test_a_plan_without_target_is_told_what_to_state() -> None:
    with pytest.raises(ArgumentError, match=r"\[plan\] target"):
        fs.headcount(ALONE.replace({"headcount": 3}), **HOW)
    with pytest.raises(ArgumentError, match="no complete year"):
        fs.headcount(ALONE.replace({"plan.target": 1e6}), by="year", **HOW)


def test_progress_goes_on_from_doubling_to_doubling() -> None:
    seen: list[tuple[int, int]] = []
    far = TEAM.replace({"plan.target": 6_000_000})
    fs.headcount(far, hire_weeks=[0], progress=lambda *at: seen.append(at), **HOW)
    done = [each for each, _ in seen]
    assert done == sorted(done)
    assert all(each <= total for each, total in seen)
    assert seen[-1][0] == seen[-1][1] >= 2 * HOW["draws"]
