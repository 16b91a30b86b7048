"""Warnings, and the probabilities behind them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy import special, stats

import funnelsim as fs
from funnelsim.scenario.hits import kpi_probability
from funnelsim.scenario.lint import lint
from funnelsim.scenario.past import past_days
from scenarios import scenarios

PLAN = fs.preset("sales_math")


def warnings(changes: dict[str, object]) -> list[str]:
    return [str(each) for each in lint(PLAN.replace(changes))]


def chance(changes: dict[str, object]) -> float:
    plan = PLAN.replace(changes)
    found = kpi_probability(plan, plan.kpis[0])
    assert found is not None
    return found


def test_58_a_week_in_11_of_13_weeks_is_met_by_1_in_87() -> None:
    changes = {"kpis.calls.target": 58, "kpis.calls.share": 11 / 13}
    assert chance(changes) == pytest.approx(0.0115, abs=5e-5)  # docs/background/model.md
    assert warnings(changes) == [
        "kpis.calls.target = 58: the stated level meets it in 1.2 % of quarters. "
        "The level makes 57.7 a week."
    ]


@pytest.mark.parametrize("week_cv", [0.0, 0.5])
@pytest.mark.parametrize(("per", "weeks"), [("week", [1] * 13), ("month", [4, 4, 5]),
                                            ("quarter", [13])])  # fmt: skip
@pytest.mark.parametrize(("metric", "kept"), [("activities", 1.0), ("demo", 0.012)])
def test_counts_without_a_policy_agree_with_scipy(
    week_cv: float, per: str, weeks: list[int], metric: str, kept: float
) -> None:
    level = 750 / 13
    target = round(level * kept * weeks[0])
    changes = {
        "activity.week_cv": week_cv,
        "kpis.calls": {"metric": metric, "per": per, "target": target, "share": 0.6},
    }
    means = [level * kept * length for length in weeks]
    shapes = [length / week_cv**2 if week_cv else 0 for length in weeks]
    hit = [
        stats.nbinom.sf(target - 1, shape, shape / (shape + mean))
        if week_cv
        else stats.poisson.sf(target - 1, mean)
        for mean, shape in zip(means, shapes, strict=True)
    ]
    hits = np.array([1.0])
    for p in hit:
        hits = np.convolve(hits, [1 - p, p])
    needed = int(np.ceil(0.6 * len(weeks) - 1e-9))
    assert chance(changes) == pytest.approx(hits[needed:].sum(), rel=1e-9)


def test_a_floor_and_a_cap_count_as_in_the_model() -> None:
    """P(n >= 58) is 1 - P(n < 58)(1 - adherence); a cap below the target makes it 0."""
    below = stats.poisson.cdf(57, 750 / 13)
    one_week = 1 - below * 0.1
    changes = {
        "policy": {"floor_per_week": 58, "adherence": 0.9},
        "kpis.calls": {"target": 58, "share": 1},
    }
    assert chance(changes) == pytest.approx(one_week**13, rel=1e-9)
    assert chance(changes | {"policy.start_week": 5}) == pytest.approx((1 - below) ** 13, rel=1e-9)
    assert chance(changes | {"policy.cap_per_week": 58}) == pytest.approx(one_week**13, rel=1e-9)
    assert chance({"policy": {"cap_per_week": 57}, "kpis.calls.target": 58}) == 0


def test_thinning_under_a_policy_agrees_with_the_mixture_of_binomials() -> None:
    changes = {
        "policy": {"floor_per_week": 58},
        "kpis.calls": {"metric": "demo", "target": 1, "share": 1 / 13, "logged": 0.5},
    }
    n = np.arange(200)
    counts = stats.poisson.pmf(n, 750 / 13)
    counts[58] += counts[:58].sum()
    counts[:58] = 0
    none = (counts * (1 - 0.5 * 0.012) ** n).sum()
    assert chance(changes) == pytest.approx(1 - none**13, rel=1e-9)


def test_sums_under_a_policy_are_near_enough_normal() -> None:
    plan = PLAN.replace(
        {
            "policy": {"floor_per_week": 58, "adherence": 0.5},
            "kpis.calls": {"per": "quarter", "target": 805, "share": 1},
        }
    )
    n = np.arange(200)
    counts = stats.poisson.pmf(n, 750 / 13)
    lifted = counts[:58].sum() * 0.5
    counts[:58] *= 0.5
    counts[58] += lifted
    total = np.array([1.0])
    for _ in range(13):
        total = np.convolve(total, counts)
    found = kpi_probability(plan, plan.kpis[0])
    assert found == pytest.approx(total[805:].sum(), abs=0.01)


def test_what_cannot_be_said_is_not_said() -> None:
    pipeline = PLAN.replace({"kpis.calls": {"metric": "pipeline", "target": 1}})
    assert kpi_probability(pipeline, pipeline.kpis[0]) is None
    empty = PLAN.replace({"kpis.calls.metric": "won", "calendar.start": "empty"})
    assert kpi_probability(empty, empty.kpis[0]) is None
    assert not lint(pipeline)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kpis.calls.target": 10}, "the stated level meets it in 100.0 % of quarters"),
        ({"kpis.calls.target": 750}, 'Was per = "quarter" meant? The level makes 750 a quarter.'),
        ({"kpis.calls.per": "quarter"}, 'Was per = "week" meant? The level makes 57.7 a week.'),
        ({"activity.per_week": 750}, "Then it is per_quarter."),
        ({"policy.floor_per_week": 750}, "A quarter's number? Divide by 13."),
        ({"policy.cap_per_week": 5}, "is far from the 57.7 activities a week"),
        ({"policy.adherence": 0.5}, "policy.adherence: has no effect without a floor."),
        ({"market.persistence": 0.5}, "market.persistence: has no effect without market.cv."),
        ({"skill_correlation": 0.5}, "skill_correlation: has no effect without rep_cv."),
        ({"skill_loadings": {"demo": 0.5}}, "skill_loadings.demo: has no effect without rep_cv."),
        ({"stages.won.rep_cv": 0.9}, "stages.won.rep_cv = 0.9: is so wide"),
        (
            {"deal_size": {"law": "pareto", "minimum": 1e4, "shape": 1.8}},
            "deal_size.shape = 1.8: gives sizes without a variance",
        ),
        ({"stages.discovery.conversion": 0.95, "market.cv": 0.2}, "exceeds 1 in some weeks"),
        ({"stages.discovery.conversion": 0.95, "market.season": [1, 1, 1, 1.1]}, "exceeds 1"),
        (
            {"stages.discovery.conversion": 0.9, "activity": {"elasticity": 0.3, "week_cv": 0.5}},
            "exceeds 1",
        ),
        ({"variants.v.stages.won.days": 20}, "variants.v.stages.won.days = 20: changes no"),
    ],
)
def test_warnings(changes: dict[str, object], said: str) -> None:
    assert any(said in each for each in warnings(changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"skill_correlation": 0.5, "activity.rep_cv": 0.35},
        {"stages.won.rep_cv": 0.5},
        {"deal_size": {"law": "pareto", "minimum": 1e4, "shape": 2.1}},
        {"stages.discovery.conversion": 0.5, "market.cv": 0.2},
        {"variants.v.stages.won.days": 20, "calendar.start": "empty"},
        {"variants.v.stages.won.days": 20, "market.season": [0.9, 1, 1, 1.1]},
    ],
)
def test_no_warning(changes: dict[str, object]) -> None:
    assert not [each for each in warnings(changes) if not each.startswith("kpis")]


INBOUND = {"name": "inbound", "per_week": 0.5}
RESPONSE = {"minutes": 0, "measured_at": 500, "decay": 0.5}
ONSITE = {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}
LEAVING = {"per_year": 0.3, "fill_weeks": 9}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sources": [INBOUND | {"per_week": 0}]}, "sources.inbound: brings nothing"),
        ({"sources": [INBOUND | {"enters": "won"}]}, "is the last stage: each entry is a win"),
        ({"sources": [INBOUND | {"response": RESPONSE}]},
         "sources.inbound.response: makes the conversion of demo 6.03, and it is cut at 1"),
        ({"assists": [ONSITE | {"coverage": 0}]}, "assists.on-site: has no effect"),
        ({"assists": [ONSITE | {"odds": 1}]}, "assists.on-site: has no effect"),
        ({"assists": [ONSITE], "stages.demo.conversion": 0}, "is never reached"),
        ({"assists": [{"name": "on-site", "at": "won", "per_quarter": 12, "odds": 1.5}]},
         "assists.on-site.per_quarter = 12: exceeds the 9 opportunities a quarter before won"),
        ({"ramp": {"weeks": 9}}, "ramp: has no effect: nobody is new"),
        ({"attrition": LEAVING}, "brings new reps who are fully productive at once. State ramp."),
        ({"hiring": [{"week": 3}]}, "hiring: brings new reps who are fully productive at once"),
        ({"quota.ramped": True}, "quota.ramped = true: has no effect without a ramp"),
        ({"attrition": LEAVING | {"per_year": 0}}, "attrition.per_year = 0: has no effect"),
        ({"ramp": {"weeks": 9}, "hiring": [{"week": 3}, {"week": 52}]},
         "hiring[1].week = 52: is after the end of the 52 weeks"),
        ({"quota": {"of": "wins", "per_quarter": 250_000}, "variants": {}},
         "quota.per_quarter = 250000: is far above the 3 wins a quarter that are expected"),
        ({"plan.target": 300_000}, "plan: the quotas of day 0 add up to 0.833 of the target"),
        ({"uncertainty": {"policy.adherence": {"cv": 0.1}}, "policy.adherence": 0.9},
         "has no effect without a floor"),
        ({"variants.v.stages.won.days": 20, "effort": {"hours_per_week": 30,
          "hours": {"activity": 0.4}}}, "or the open_week of [effort]"),
    ],
)  # fmt: skip
def test_warnings_of_ways_in_and_teams(changes: dict[str, object], said: str) -> None:
    found = warnings(changes)
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": [INBOUND | {"response": RESPONSE | {"minutes": 400}}], "assists": [ONSITE]},
        {"ramp": {"weeks": 9}, "attrition": LEAVING, "hiring": [{"week": 51}],
         "quota.ramped": True},
        {"plan.over_assignment": 1},
        {"quota": {"of": "wins", "per_quarter": 5}, "variants": {}},
        {"variants.v.stages.won.days": 20, "effort": {"hours_per_week": 30, "open_week": 0.1,
         "hours": {"activity": 0.4}}},
        {"variants.v.stages.won.days": 20, "attrition": LEAVING, "ramp": {"weeks": 9}},
    ],
)  # fmt: skip
def test_no_warning_of_ways_in_and_teams(changes: dict[str, object]) -> None:
    assert not [each for each in warnings(changes) if not each.startswith("kpis")]


def test_a_kpi_that_others_have_a_part_in_is_not_judged() -> None:
    for changes in (
        {"kpis.calls.metric": "demo", "sources": [INBOUND]},
        {"kpis.calls.metric": "won", "assists": [ONSITE]},
        {"kpis.calls.metric": "on-site", "assists": [ONSITE]},
        {"attrition": LEAVING},
        {"uncertainty": {"activity.per_week": {"cv": 0.2}}},
    ):
        plan = PLAN.replace(changes)
        assert kpi_probability(plan, plan.kpis[0]) is None
    sourced = PLAN.replace({"sources": [INBOUND], "assists": [ONSITE]})
    assert kpi_probability(sourced, sourced.kpis[0]) == chance({})


def test_warnings_of_a_team_stand_where_the_mistake_does() -> None:
    team = fs.loads(
        """
        name = "Team"
        windfall = { per_quarter = 1, law = "pareto", minimum = 9, shape = 1.5 }
        [[segments]]
        name = "a"
        preset = "sales_math"
        [[segments]]
        name = "b b"
        preset = "mid_market"
        policy.adherence = 0.5
        [variants.faster.segments.a]
        stages.won.days = 3
        [variants.slower]
        segments."b b".stages.won.days = 300
        """
    )
    assert [each.path for each in lint(team)] == [
        "windfall.shape",
        'segments."b b".policy.adherence',
        "variants.faster.segments.a.stages.won.days",
        'variants.slower.segments."b b".stages.won.days',
    ]


def test_beta_shapes_turn_at_one() -> None:
    """Mean 1/3: the smaller shape is 1 where rep_cv^2 = (1 - m) / m / (1 + 1 / m) = 1/2."""
    m = PLAN.stages[-1].conversion
    edge = ((1 - m) / m / (1 + 1 / m)) ** 0.5
    assert edge == pytest.approx(0.5**0.5)
    assert warnings({"stages.won.rep_cv": edge + 1e-6})
    assert not warnings({"stages.won.rep_cv": edge - 1e-6})


@given(scenarios)
def test_lint_answers_for_every_plan(plan: fs.Scenario) -> None:
    for warning in lint(plan):
        assert str(warning).isprintable()
    for kpi in plan.kpis:
        probability = kpi_probability(plan, kpi)
        assert probability is None or -1e-9 <= probability <= 1 + 1e-9


# --- how far back a steady start looks -----------------------------------------------------------


def test_the_past_is_as_long_as_the_model_says() -> None:
    assert PLAN.past_weeks == 101  # 7 + 32 days
    assert fs.preset("enterprise").past_weeks == 387  # 30 + 120 days
    assert PLAN.replace({"calendar.start": "empty"}).past_weeks == 0
    assert PLAN.replace({"stages.demo.days": 0, "stages.won.days": 0}).past_weeks == 0


@pytest.mark.parametrize("cv", [0.001, 0.0033, 0.05, 0.3, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("law", ["lognormal", "gamma"])
def test_the_longest_delay_agrees_with_scipy(law: str, cv: float) -> None:
    plan = PLAN.replace(
        {
            "calendar.start": "empty",
            "stages.demo.days": 0,
            "stages.won": {"days": 10, "days_cv": cv, "delay": {"law": law}},
        }
    )
    shape, spread = 1 / cv**2, np.sqrt(np.log1p(cv**2))
    expected = {
        "gamma": special.gammainccinv(shape, 1e-4) / shape,
        "lognormal": np.exp(spread * -special.ndtri(1e-4) - spread**2 / 2),
    }[law]
    assert past_days(plan.stages) == pytest.approx(10 * expected, rel=1e-7)


def test_observed_and_constant_delays_have_an_end() -> None:
    plan = PLAN.replace(
        {
            "stages.demo": {"days": 30, "delay": {"law": "empirical", "days": [1, 2, 3]}},
            "stages.won": {"days": 21, "days_cv": 0},
        }
    )
    assert past_days(plan.stages) == pytest.approx(30 * 3 / 2 + 21)
    assert plan.past_weeks == 10


def test_a_past_too_long_is_refused() -> None:
    with pytest.raises(fs.errors.ScenarioError, match="weeks; a steady start can look back 8000"):
        PLAN.replace({"stages.won": {"days": 3_000, "days_cv": 5}})
    assert PLAN.replace(
        {"stages.won": {"days": 3_000, "days_cv": 5}, "calendar.start": "empty"}
    ).stages[-1].days == 3_000  # fmt: skip
