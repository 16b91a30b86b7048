"""What may be uncertain, by how much, and whose luck it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario.lint import lint
from funnelsim.scenario.uncertain import LAWS, LISTED, parameter_of

EVERYTHING = fs.preset("sales_math").replace(
    {
        "calendar.start": "empty",
        "deal_size.whale": {"probability": 0.05, "multiple": 4},
        "windfall": {"per_quarter": 0.1, "law": "fixed", "mean": 9_000},
        "policy": {"floor_per_week": 50, "adherence": 0.8},
        "sources": [{"name": "in bound", "per_sdr_week": 2, "sdrs_per_rep": 0.25,
                     "conversion": {"demo": 0.7}}],
        "assists": [{"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}],
        "ramp": {"weeks": 20},
        "attrition": {"per_year": 0.3, "fill_weeks": 9, "handover": 0.5},
        "variants": {},
    }
)  # fmt: skip
MEANS = {
    "stages.won.conversion": 1 / 3,
    "stages.demo.days": 7,
    "deal_size.mean": 84_000,
    "deal_size.whale.probability": 0.05,
    "activity.per_week": 750 / 13,
    "activity.per_quarter": 750 / 13,
    "windfall.per_quarter": 0.1,
    "windfall.mean": 9_000,
    "policy.adherence": 0.8,
    'sources."in bound".per_week': 0.5,
    'sources."in bound".conversion.demo': 0.7,
    "assists.on-site.coverage": 0.4,
    "assists.on-site.odds": 1.5,
    "ramp.weeks": 20,
    "attrition.per_year": 0.3,
    "attrition.handover": 0.5,
}


def refused(uncertainty: dict[str, Any], plan: fs.Scenario = EVERYTHING) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        plan.replace({"uncertainty": uncertainty})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", MEANS)
def test_every_number_that_may_be_uncertain_has_its_mean(path: str) -> None:
    plan = EVERYTHING.replace({"uncertainty": {path: {"cv": 0.1}}})
    found = parameter_of(plan, path)
    assert found is not None
    assert found.mean == pytest.approx(MEANS[path])
    assert plan.uncertainty[path].luck == path
    assert fs.loads(fs.dumps(plan)) == plan
    assert "luck" not in fs.dumps(plan)


def test_the_list_of_what_may_be_uncertain_is_the_list() -> None:
    shapes = [each.replace("X", "*").replace("STAGE", "*") for each in LISTED.split(", ")]
    assert shapes == list(LAWS)
    tail = EVERYTHING.replace({"deal_size": {"law": "pareto", "minimum": 9, "shape": 3}})
    assert parameter_of(tail, "deal_size.minimum").mean == 9  # type: ignore[union-attr]
    assert parameter_of(tail, "deal_size.mean") is None
    probabilities = [path for path in MEANS if 0 < MEANS[path] < 1]
    for path in set(probabilities) - {"windfall.per_quarter", 'sources."in bound".per_week'}:
        assert parameter_of(EVERYTHING, path).law == "beta"  # type: ignore[union-attr]
    for path in set(MEANS) - set(probabilities):
        assert parameter_of(EVERYTHING, path).law == "lognormal"  # type: ignore[union-attr]


def test_numbers_of_one_luck_move_together() -> None:
    stated = {"stages.won.conversion": {"cv": 0.1, "luck": "rates"},
              "stages.demo.conversion": {"cv": 0.1, "luck": "rates"}}  # fmt: skip
    plan = EVERYTHING.replace({"uncertainty": stated})
    assert {each.luck for each in plan.uncertainty.values()} == {"rates"}
    wider = plan.replace({'uncertainty."stages.won.conversion".cv': 0.2})
    assert wider.uncertainty["stages.won.conversion"].cv == 0.2
    assert wider.uncertainty["stages.won.conversion"].luck == "rates"
    assert plan.replace({"uncertainty": {}}).uncertainty == {}


@pytest.mark.parametrize(
    ("uncertainty", "said"),
    [
        (
            {"stages.won.convrsion": {"cv": 0.1}},
            'cannot be uncertain. Did you mean "stages.won.conversion"?',
        ),
        (
            {"stages.wonn.conversion": {"cv": 0.1}},
            'is not stated in the scenario. Did you mean "stages.won.conversion"?',
        ),
        ({"stages": {"cv": 0.1}}, "cannot be uncertain. Write a whole path in quotes: "),
        ({"nothing.like.it": {"cv": 0.1}}, "cannot be uncertain. What can: stages.X.conversion"),
        ({"quota.per_quarter": {"cv": 0.1}}, "cannot be uncertain"),
        ({"": {"cv": 0.1}}, "cannot be uncertain"),
        ({"stages": {"won": {"conversion": {"cv": 0.1}}}}, "uncertainty.stages.won"),
        ({"stages.pilot.conversion": {"cv": 0.1}}, "is not stated in the scenario"),
        ({'sources."in bound".conversion.won': {"cv": 0.1}}, "is not stated in the scenario"),
        ({"segments.a.activity.per_week": {"cv": 0.1}}, "cannot be uncertain"),
        ({"stages.won.conversion": {"cv": 1.5}},
         'uncertainty."stages.won.conversion".cv = 1.5: must be below 1.414, the widest spread'),
        ({"stages.won.conversion": {"cv": 2.5}}, "must be between 0 and 2"),
        ({"stages.won.conversion": {}}, 'uncertainty."stages.won.conversion".cv: must be stated'),
        ({"stages.won.conversion": 0.1}, '."stages.won.conversion" = 0.1: must be a table'),
        ({"activity.per_week": {"cv": 0.1}, "activity.per_quarter": {"cv": 0.1}},
         "is the same number as activity.per_week"),
    ],
)  # fmt: skip
def test_spreads_that_cannot_be(uncertainty: dict[str, Any], said: str) -> None:
    found = refused(uncertainty)
    assert any(said in each for each in found), found


def test_a_certainty_and_a_nought_have_no_spread() -> None:
    sure = EVERYTHING.replace({"policy.adherence": 1, "attrition.handover": 0})
    said = refused({"policy.adherence": {"cv": 0.1}, "attrition.handover": {"cv": 0.1}}, sure)
    assert "must be 0: a certainty has no spread" in said[0]
    assert "is 0, which no spread moves" in said[1]


def test_delays_are_certain_where_the_past_rests_on_them() -> None:
    steady = EVERYTHING.replace({"calendar.start": "steady"})
    (said,) = refused({"stages.won.days": {"cv": 0.1}}, steady)
    assert 'State calendar.start = "empty".' in said


def test_a_solved_level_is_not_stated() -> None:
    busy = EVERYTHING.replace({"effort": {"hours_per_week": 30, "hours": {"activity": 0.3}}})
    (said,) = refused({"activity.per_week": {"cv": 0.1}}, busy)
    assert "The level is solved from effort." in said


# --- segments ------------------------------------------------------------------------------------

TEAM = """
name = "Team"
[uncertainty]
"stages.won.conversion" = { cv = 0.1 }
"segments.big.stages.won.conversion" = { cv = 0.2 }
"activity.per_week" = { cv = 0.1, luck = "effort" }
"sources.sdr.per_week" = { cv = 0.3 }
"segments.mid.activity.per_quarter" = { cv = 0.4 }
[[segments]]
name = "mid"
preset = "sdr_assisted"
[[segments]]
name = "big"
preset = "enterprise"
"""


def test_what_is_stated_of_one_segment_counts_there() -> None:
    plan = fs.loads(TEAM)
    mid, big = (
        {path: (each.cv, each.luck) for path, each in rep.uncertainty.items()}
        for rep in plan.team.values()
    )
    assert mid == {
        "stages.won.conversion": (0.1, "stages.won.conversion"),
        "activity.per_quarter": (0.4, "segments.mid.activity.per_quarter"),
        "sources.sdr.per_week": (0.3, "sources.sdr.per_week"),
    }
    assert big == {
        "stages.won.conversion": (0.2, "segments.big.stages.won.conversion"),
        "activity.per_week": (0.1, "effort"),
    }
    assert fs.loads(fs.dumps(plan)) == plan
    wider = plan.replace({'uncertainty."segments.big.stages.won.conversion".cv': 0.3})
    assert wider.team["big"].uncertainty["stages.won.conversion"].cv == 0.3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"segments.bg.ramp.weeks" = { cv = 0.1 }',
         'uncertainty."segments.bg.ramp.weeks": is not among the segments. Did you mean big?'),
        ('"segments.big.ramp.weeks" = { cv = 0.1 }',
         'uncertainty."segments.big.ramp.weeks": is not stated in the scenario.'),
        ('"ramp.weeks" = { cv = 0.1 }', 'uncertainty."ramp.weeks": is not stated in any segment.'),
        ('"ramp" = { cv = 0.1 }', "uncertainty.ramp: cannot be uncertain."),
        ('"stages.demo.conversion" = { cv = 1.5 }',
         'uncertainty."stages.demo.conversion".cv = 1.5: must be below 0.8165'),
        ('"activity.per_quarter" = { cv = 0.1 }',
         'uncertainty."activity.per_week": is the same number as activity.per_quarter.'),
    ],
)  # fmt: skip
def test_mistakes_are_found_where_they_stand(line: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        fs.loads(TEAM.replace("[uncertainty]", f"[uncertainty]\n{line}"))
    (found,) = (each for each in caught.value.problems if said in str(each))
    assert found.line == (7 if "same number" in said else 4)


# --- warnings ------------------------------------------------------------------------------------


def warnings(path: str, cv: float) -> list[str]:
    plan = EVERYTHING.replace({"uncertainty": {path: {"cv": cv}}})
    return [str(each) for each in lint(plan) if each.path.startswith("uncertainty")]


def test_wide_spreads_are_warned_of() -> None:
    edge = math.sqrt(0.5)  # of a Beta of mean 1/3: tests/test_scenario_lint.py
    assert "is so wide" in warnings("stages.won.conversion", edge + 1e-6)[0]
    assert not warnings("stages.won.conversion", edge - 1e-6)
    assert "has no effect" in warnings("stages.won.conversion", 0)[0]
    assert not warnings("deal_size.mean", 1.0)
    law = stats.lognorm(math.sqrt(math.log1p(1.5**2)))
    ratio = law.ppf(0.9) / law.ppf(0.1)
    assert f"is {ratio:.0f} times another one" in warnings("deal_size.mean", 1.5)[0]
