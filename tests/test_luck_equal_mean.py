"""Ways to the same mean bookings: against the tables of model.md, the exact twin and NumPy."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

import funnelsim as fs
from funnelsim.analysis.levels import mean_bookings
from funnelsim.analysis.luck.equal_mean import GAMBLERS, RATIOS, EqualMean, ahead_from
from funnelsim.analysis.luck.part import Answers, over
from funnelsim.engine.blocks import sample_blocks
from funnelsim.registry import BY_NAME, LUCK, STANDARD_ERROR
from scenarios import scenarios
from test_luck_repeatability import answered, assert_met, of
from twin_plans import WHALES, WINDFALL, sales_math, sized, value

LUCKY = {"windfall": WINDFALL, "deal_size": sized(whale=WHALES)}
ONE_SEAT = [name for name in fs.presets() if fs.preset(name).seats == 1]
BY_RATIO = tuple(variable.name for variable in LUCK if "quota_ratio" in variable.dims)


def told(part: EqualMean, answers: Answers) -> xr.Dataset:
    """The answers with their labels, as fs.luck puts them on."""
    arrays = {}
    for name, pair in answers.items():
        for suffix, array in zip(("", STANDARD_ERROR), pair, strict=True):
            arrays[name + suffix] = BY_NAME[name].dims, array[None]
    coords = {dim: list(labels) for dim, labels in part.coords.items()}
    return xr.Dataset(arrays, {"segment": ["rep"], **coords})


def at_quotas(plan: fs.Scenario, factor: float) -> fs.Scenario:
    return plan.replace({"quota.per_quarter": [quota * factor for quota in plan.quotas]})


# --- the ways -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "activities", "windfalls", "p", "cv", "three_of_four"),
    [
        ("repetition", 750.0, 0.0, 0.451006, 0.6455, 0.242828),
        ("windfalls", 375.0, 0.504, 0.364880, 1.0956, 0.141140),
        ("whales", 750 / 1.27, 0.0, 0.347331, 1.1413, 0.123945),
    ],
)
def test_the_example_of_the_model(way, activities, windfalls, p, cv, three_of_four):
    """docs/background/model.md, "Equal mean": 252 000 each."""
    found = EqualMean(sales_math()).plans[way]
    assert found.activities_per_week * 13 == pytest.approx(activities, rel=1e-9)
    rate = 0.0 if found.windfall is None else found.windfall.per_quarter
    assert rate == pytest.approx(windfalls, rel=1e-9)
    assert mean_bookings(found) == pytest.approx(252_000, rel=1e-9)
    exact = fs.exact(found)
    assert value(exact, "attainment_probability", quarter=1) == pytest.approx(p, abs=1e-6)
    assert value(exact, "at_least_probability", at_least=3) == pytest.approx(
        three_of_four, abs=1e-6
    )
    sd = value(exact, "bookings_sd", quarter=1)
    assert sd / 252_000 == pytest.approx(cv, abs=5e-5)


def test_windfall_dependence_of_the_example():
    exact = fs.exact(EqualMean(sales_math()).plans["windfalls"])
    repeatable = value(exact, "repeatable_attainment_probability", quarter=1)
    p = value(exact, "attainment_probability", quarter=1)
    assert 1 - repeatable / p == pytest.approx(0.6148, abs=5e-5)


def test_the_plans_own_luck_is_the_gamblers():
    windfall = {"per_quarter": 0.2, "law": "gamma", "mean": 100_000, "cv": 2.0}
    whales = {"probability": 0.05, "multiple": 4}
    plan = sales_math(windfall=windfall, deal_size=sized(whale=whales))
    part = EqualMean(plan)
    assert part.coords["way"] == ("as stated", "repetition", *GAMBLERS)
    assert part.plans["as stated"] == over(plan, 4)
    for way, whale, law in (
        ("repetition", None, None),
        ("windfalls", None, "gamma"),
        ("whales", plan.deal_size.whale, None),
        ("larger deals", None, None),
    ):
        each = part.plans[way]
        assert each.deal_size.whale == whale, way
        assert (None if each.windfall is None else each.windfall.law) == law, way
    # 252 000 * 1.15 + 20 000 in all; 126 000 by half the activity, the rest at 100 000 each
    assert part.plans["windfalls"].windfall.per_quarter == pytest.approx(1.838, rel=1e-9)
    assert part.attrs["way_windfalls_per_quarter"] == pytest.approx(1.838, rel=1e-9)
    assert part.attrs["way_windfalls_from"] == part.attrs["way_whales_from"] == "stated"
    # nothing lucky about it: 'as stated' is 'repetition', to the last digit
    part = EqualMean(sales_math())
    assert part.coords["way"] == ("repetition", *GAMBLERS)
    assert part.plans["repetition"] == over(sales_math(), 4)
    assert part.attrs["way_windfalls_from"] == "assumed lognormal, mean 250,000, cv 1"
    assert part.attrs["way_whales_from"] == "assumed 0.03 of deals, times 10"


@pytest.mark.parametrize(
    "size",
    [
        {"law": "fixed", "mean": 84_000},
        {"law": "gamma", "mean": 84_000, "cv": 0.7, "rep_cv": 0.2},
        {"law": "pareto", "minimum": 40_000, "shape": 1.8},
        {"law": "empirical", "amounts": [20_000, 90_000, 142_000]},
    ],
)
def test_larger_deals_are_twice_the_size_and_half_as_many(size):
    plan = sales_math(deal_size=size)
    larger = EqualMean(plan).plans["larger deals"]
    assert larger.activities_per_week == pytest.approx(plan.activities_per_week / 2, rel=1e-9)
    assert larger.deal_size.law_mean == pytest.approx(2 * plan.deal_size.law_mean)
    kept = {"law", "cv", "shape", "rep_cv", "whale"}
    assert larger.deal_size.model_dump(include=kept) == plan.deal_size.model_dump(include=kept)


@pytest.mark.parametrize(
    "plan",
    [
        *(fs.preset(name) for name in ONE_SEAT),
        sales_math(**LUCKY, calendar={"quarters": 6, "start": "empty"}, days=(0, 30, 120)),
        sales_math(**LUCKY, market={"cv": 0.3, "season": [1.2, 1.0, 0.8, 1.0]}),
        sales_math(
            **LUCKY, stages=({"rep_cv": 0.3}, {}, {"rep_cv": 0.2}), skill_correlation=0.5,
            activity={"per_quarter": 750, "rep_cv": 0.35, "week_cv": 0.5, "elasticity": 0.6},
            policy={"floor_per_week": 20, "cap_per_week": 110, "adherence": 0.8},
        ),
    ],
    ids=[*ONE_SEAT, "empty start", "seasons", "bent"],
)  # fmt: skip
def test_every_way_has_the_same_mean(plan):
    """Exactly, and by simulation; what else the plan says stays as it is."""
    part = EqualMean(plan)
    goal = mean_bookings(over(plan, 4))
    for way, each in part.plans.items():
        assert mean_bookings(each) == pytest.approx(goal, rel=1e-9), way
        assert (each.policy, each.market, each.quota) == (plan.policy, plan.market, plan.quota)
    missing = set(part.coords["way"]) - set(part.plans)
    if plan.name == "Ten, two, one":  # half of its activity is less than its floor makes sure of
        assert missing == {"larger deals"}
        assert "a floor" in part.refused["way_bookings_mean"]
    else:
        assert (missing, part.refused) == (set(), {})
    found = answered(part, 5_000, seed=1)
    truth = [goal if way in part.plans else np.nan for way in part.coords["way"]]
    assert_met(found["way_bookings_mean"], truth)
    assert np.nanmax(found["way_bookings_mean"][1]) < 0.05 * goal


# --- the answers ----------------------------------------------------------------------------------


def test_answers_are_those_of_the_exact_twin():
    part = EqualMean(sales_math(**LUCKY))
    found = answered(part, 20_000, seed=2)
    own = part.attrs["own_quota_ratio"]
    repetition = part.coords["way"].index("repetition")
    for ratio in (0.5, own, 1.4, 2.0):
        place = part.coords["quota_ratio"].index(ratio)
        truths = []
        for each in part.plans.values():
            exact = fs.exact(at_quotas(each, ratio / own)).isel(segment=0, quarter=0)
            p, alone = (float(exact[f"{name}attainment_probability"])
                        for name in ("", "repeatable_"))  # fmt: skip
            truths.append(
                {
                    "way_attainment_probability": p,
                    "way_windfall_dependence": 1 - alone / p,
                    "way_three_of_four_probability": float(exact.at_least_probability[2]),
                    "way_shortfall_mean": float(exact.shortfall_mean),
                }
            )
        for way, truth in enumerate(truths):
            base = truths[repetition]["way_attainment_probability"]
            advantage = truth["way_attainment_probability"] - base
            if way != repetition:
                assert_met(of(found, "way_advantage", way, place), advantage, (way, ratio))
            lucky = part.coords["way"][way] not in ("repetition", "larger deals")
            for name, number in truth.items():
                if lucky or name != "way_windfall_dependence":
                    assert_met(of(found, name, way, place), number, (name, way, ratio))
    for way, each in enumerate(part.plans.values()):
        exact = fs.exact(each).isel(segment=0, quarter=0)
        assert_met(of(found, "way_activities_mean", way), float(exact.activities_mean))
        cv = float(exact.bookings_sd / exact.bookings_mean)
        assert_met(of(found, "way_bookings_cv", way), cv)


@pytest.fixture(scope="module")
def plan():
    """Delays, a season, a quota for each quarter of five: whatever tells quarters apart."""
    return sales_math(
        **LUCKY, days=(0, 7, 32), calendar={"quarters": 5, "start": "empty"},
        quota={"per_quarter": [100_000, 200_000, 250_000, 300_000, 7_000_000]},
        market={"cv": 0.3, "season": [0.9, 1.0, 1.1, 1.0]},
        activity={"per_quarter": 750, "rep_cv": 0.35},
    )  # fmt: skip


@pytest.fixture(scope="module")
def part(plan):
    return EqualMean(plan)


@pytest.fixture(scope="module")
def found(part):
    return answered(part, 3_000, seed=3)


def test_quotas_are_scaled_together(plan, part):
    assert part.attrs["own_quota_ratio"] == pytest.approx(212_500 / mean_bookings(over(plan, 4)))
    assert part.coords["quota_ratio"] == tuple(sorted((*RATIOS, part.attrs["own_quota_ratio"])))


def test_estimates_are_what_numpy_says(plan, part, found):
    own = part.attrs["own_quota_ratio"]
    quotas = np.array(plan.quotas[:4])
    made = {}
    for way, (name, each) in enumerate(part.plans.items()):
        result = fs.simulate(each, draws=3_000, seed=3)
        bookings, alone = (result[of].values[:, 0] for of in ("bookings", "repeatable_bookings"))
        deviations = bookings - bookings.mean(0)
        expected = {
            "way_activities_mean": result.activities.values.mean(),
            "way_bookings_mean": bookings.mean(),
            # the spread about each quarter's own mean: a season is not luck
            "way_bookings_cv": np.sqrt((deviations**2).mean()) / bookings.mean(),
        }
        for variable, number in expected.items():
            assert found[variable][0][way] == pytest.approx(number, rel=1e-9), (variable, name)
        for place, ratio in enumerate(part.coords["quota_ratio"]):
            scaled = quotas * (ratio / own)
            made[name, place] = bookings >= scaled * (1 - 1e-9)
            by_windfall = made[name, place] & (alone < scaled * (1 - 1e-9))
            expected = {
                "way_attainment_probability": made[name, place].mean(),
                "way_windfall_dependence": by_windfall.sum() / made[name, place].sum(),
                "way_three_of_four_probability": (made[name, place].sum(1) >= 3).mean(),
                "way_shortfall_mean": np.maximum(scaled - bookings, 0).mean(),
            }
            for variable, number in expected.items():
                estimate = found[variable][0][way, place]
                assert estimate == pytest.approx(number, rel=1e-9), (variable, name, ratio)
    for way, name in enumerate(part.plans):  # paired: the spread of the difference draw by draw
        for place in range(len(part.coords["quota_ratio"])):
            gained = made[name, place].mean(1) - made["repetition", place].mean(1)
            advantage, error = of(found, "way_advantage", way, place)
            assert advantage == pytest.approx(gained.mean(), abs=1e-12)
            assert error == pytest.approx(gained.std(ddof=1) / np.sqrt(3_000), abs=1e-12)


def test_at_its_own_quota_the_plan_is_itself(plan, part, found):
    summary = fs.summarize(over(plan, 4), draws=3_000, seed=3).isel(segment=0)
    place = part.coords["quota_ratio"].index(part.attrs["own_quota_ratio"])
    for ours, theirs in (
        ("way_attainment_probability", float(summary.attainment_probability.mean())),
        ("way_three_of_four_probability", float(summary.at_least_probability[2])),
        ("way_shortfall_mean", float(summary.shortfall_mean.mean())),
    ):
        assert found[ours][0][0, place] == pytest.approx(theirs, rel=1e-12), ours


def test_repetition_has_no_advantage_over_itself(part, found):
    way = part.coords["way"].index("repetition")
    assert not np.any(of(found, "way_advantage", way))
    for name in ("repetition", "larger deals"):  # and who has no windfalls depends on none
        assert not np.any(of(found, "way_windfall_dependence", part.coords["way"].index(name)))


def test_a_higher_quota_is_made_less_often(found):
    for name in ("way_attainment_probability", "way_three_of_four_probability"):
        assert np.all(np.diff(found[name][0]) <= 0), name
    assert np.all(np.diff(found["way_shortfall_mean"][0]) > 0)
    assert np.all(np.diff(found["way_windfall_dependence"][0]) >= -0.02)
    for name in BY_RATIO:
        assert np.all(np.isfinite(found[name])), name
        assert np.all(found[name][1] >= 0), name


def test_answers_have_the_shapes_of_the_registry(part, found):
    sizes = {dim: len(labels) for dim, labels in part.coords.items()}
    assert set(found) == {variable.name for variable in LUCK if "way" in variable.dims}
    for name, pair in found.items():
        shape = tuple(sizes[dim] for dim in BY_NAME[name].dims[1:])
        assert [each.shape for each in pair] == [shape, shape]


def test_standard_errors_are_met_by_replication(plan, part):
    """The spread of 300 runs is the standard error that each reports, within 5 of its own."""
    runs, draws = 300, 400
    untouched = EqualMean(plan)
    answers: list[Answers] = []
    for samples in sample_blocks(untouched.runs, draws=runs * draws, seed=4, block=draws):
        each = deepcopy(untouched)
        each.add(samples)
        answers.append(each.answers())
    place = part.coords["quota_ratio"].index(1.0)
    for name in (*BY_RATIO, "way_bookings_cv", "way_bookings_mean"):
        where = (..., place) if name in BY_RATIO else (...,)
        values = np.array([each[name][0][where] for each in answers])
        errors = np.array([each[name][1][where] for each in answers])
        moves = errors.any(axis=0)
        ratio = values.std(axis=0, ddof=1)[moves] / np.sqrt((errors**2).mean(axis=0))[moves]
        slack = 0.1 if name == "way_bookings_cv" else 0.02  # whales: its error is itself uncertain
        assert np.all(np.abs(ratio - 1) < 5 / np.sqrt(2 * (runs - 1)) + slack), (name, ratio)


# --- where the gambler is ahead -------------------------------------------------------------------


def luck_of(advantages: list[float], error: float = 0.01) -> xr.Dataset:
    dims = ("segment", "way", "quota_ratio")
    value = np.array(advantages)[None, None]
    return xr.Dataset(
        {"way_advantage": (dims, value), "way_advantage_standard_error": (dims, 0 * value + error)},
        {"segment": ["rep"], "way": ["whales"], "quota_ratio": np.arange(1, 1 + len(advantages))},
    )


@pytest.mark.parametrize(
    ("advantages", "ratio"),
    [
        ([-0.3, -0.1, 0.1, 0.2], 3),
        ([-0.3, 0.029, 0.031, 0.2], 3),  # 3 standard errors
        ([0.1, -0.1, 0.1, 0.1], 3),  # a lattice can favour few deals at a low quota
        ([0.1, -0.01, 0.1, 0.0], 1),  # by chance behind, or out of reach for both
        ([0.1, 0.1, 0.1, -0.1], None),
        ([-0.1, -0.1, -0.1, 0.0], None),
        ([np.nan] * 4, None),
    ],
)
def test_from_where_a_gambler_is_ahead(advantages, ratio):
    assert ahead_from(luck_of(advantages)) == ({} if ratio is None else {"whales": ratio})


def test_gamblers_are_ahead_where_they_are_likelier():
    part = EqualMean(sales_math())
    ahead = ahead_from(told(part, answered(part, 20_000, seed=5)))
    assert list(ahead) == list(GAMBLERS)
    own = part.attrs["own_quota_ratio"]

    def advantage(way: str, ratio: float) -> float:
        gambler, steady = (
            value(fs.exact(at_quotas(part.plans[each], ratio / own)), "attainment_probability",
                  quarter=1)
            for each in (way, "repetition")
        )  # fmt: skip
        return gambler - steady

    for way, ratio in ahead.items():
        assert advantage(way, ratio) > 0 > advantage(way, own)
        assert ratio - 0.2 < min(r for r in RATIOS if advantage(way, r) > 0) <= ratio
    assert ahead_from(told(part, {})) == {}


# --- what cannot be had ---------------------------------------------------------------------------


def test_a_floor_can_stand_in_the_way():
    plan = sales_math(policy={"floor_per_week": 58, "adherence": 1.0})
    part = EqualMean(plan)
    assert set(part.plans) == {"repetition", "windfalls"}
    found = answered(part, 500, seed=1)
    for name, (values, errors) in found.items():
        assert np.isnan(values[2:]).all(), name
        assert np.isnan(errors[2:]).all(), name
        assert np.isfinite(values[:2]).all(), name
        for way in ("whales: ", "larger deals: "):
            assert f"{way}a mean of" in part.refused[name]
    ahead = ahead_from(told(part, found))
    assert set(ahead) <= {"windfalls"}


def test_a_floor_and_a_cap_can_decide_alone():
    plan = sales_math(policy={"floor_per_week": 58, "cap_per_week": 58}, deal_size=sized())
    part = EqualMean(plan)
    assert set(part.plans) == {"repetition"}
    assert "windfalls: half the activity brings in the whole mean" in part.refused["way_advantage"]


def test_where_repetition_is_out_of_reach_nothing_is_compared():
    plan = sales_math(conversions=(0.02, 0.6, 0.0), **LUCKY)
    part = EqualMean(plan)
    assert set(part.plans) == {"as stated", "windfalls"}
    found = answered(part, 500, seed=1)
    assert "way_advantage" not in found
    assert "nothing to compare with; repetition: a mean of" in part.refused["way_advantage"]
    assert ahead_from(told(part, found)) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"conversions": (0.02, 0.6, 0.0)}, "the plan has none"),
        (
            {
                "stages": ({"rep_cv": 0.1}, {"rep_cv": 0.1}, {"rep_cv": 0.1}),
                "deal_size": sized(rep_cv=0.1),
                "skill_correlation": 0.5,
            },
            "have 4 dimensions",
        ),
    ],
)
def test_without_a_mean_there_is_no_answer(changes, reason):
    part = EqualMean(sales_math(**changes))
    assert part.runs == ()
    part.add(())
    assert part.answers() == {}
    assert set(part.refused) == {variable.name for variable in LUCK if "way" in variable.dims}
    assert all(reason in each for each in part.refused.values())


def test_ways_that_no_scenario_may_state_are_refused():
    tiny = {"per_quarter": 0.1, "law": "fixed", "mean": 100.0}
    part = EqualMean(sales_math(windfall=tiny))
    assert "it would take 1,260 windfalls a quarter" in part.refused["way_advantage"]
    huge = EqualMean(sales_math(deal_size={"law": "fixed", "mean": 9e14}))
    assert "larger deals: scenario: 1 problem deal_size.mean" in huge.refused["way_advantage"]


def test_a_quota_out_of_reach_of_everybody():
    part = EqualMean(sales_math(quota={"per_quarter": 1e12}))
    found = answered(part, 200, seed=1)
    assert part.coords["quota_ratio"][-1] == part.attrs["own_quota_ratio"] > 1e6
    assert np.all(found["way_attainment_probability"][0][:, -1] == 0)
    assert np.all(found["way_attainment_probability"][1][:, -1] > 0)
    assert np.isnan(found["way_windfall_dependence"][0][:, -1]).all()
    assert "no simulated quarter was attained" in part.refused["way_windfall_dependence"]


def test_an_own_quota_on_the_grid_stands_there_once():
    part = EqualMean(sales_math(quota={"per_quarter": 252_000 * 1.1}))
    assert len(part.coords["quota_ratio"]) == len(RATIOS)
    assert part.attrs["own_quota_ratio"] in part.coords["quota_ratio"]


@pytest.mark.slow  # three correlated skills under a market and an elasticity take minutes
@given(scenarios)
@settings(max_examples=15, deadline=None)
def test_any_plan_is_answered_or_refused(plan):
    part = EqualMean(plan)
    for each in part.plans.values():
        assert mean_bookings(each) == pytest.approx(mean_bookings(over(plan, 4)), rel=1e-6)
    missing = set(part.coords["way"]) - set(part.plans)
    assert not missing or part.refused
