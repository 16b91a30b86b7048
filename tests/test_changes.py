"""Changes between plans: complete, in the words of the file, and what replace() takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from funnelsim.analysis.compare.changes import Change, changes_between
from scenarios import scenarios
from twin_plans import WINDFALL, sales_math


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("activity.per_quarter", 900),
        ("activity.week_cv", 0.5),
        ("stages.won.conversion", 0.4),
        ("stages.demo.days", 7),
        ("quota.per_quarter", [100_000]),
        ("policy.floor_per_week", 58),
        ("market.season", [0.9, 1, 1, 1.1]),
        ("skill_loadings.activity", 0.7),
        ("deal_size.whale.probability", 0.02),
        ('kpis."big deals".target', 3),
    ],
)
def test_one_change_is_told_with_both_values(path, after):
    kpi = {"name": "big deals", "metric": "won", "target": 2, "per": "quarter"}
    plan = sales_math(kpis=[kpi]).replace({"deal_size.whale": {"probability": 0.01, "multiple": 4}})
    (change,) = changes_between(plan, plan.replace({path: after}))
    assert (change.path, change.after) == (path, after)
    (back,) = changes_between(plan.replace({path: after}), plan)
    assert back == Change(path, after, change.before)


def test_defaults_have_their_values_and_what_is_not_there_none():
    plan = sales_math()
    (change,) = changes_between(plan, plan.replace({"market.cv": 0.2}))
    assert change == Change("market.cv", 0, 0.2)
    paths = {
        each.path: each for each in changes_between(plan, plan.replace({"windfall": WINDFALL}))
    }
    assert paths["windfall.cv"] == Change("windfall.cv", None, 1)


def test_titles_variants_and_stated_defaults_are_no_changes():
    plan = sales_math()
    same = sales_math(name="Other", market={"cv": 0.0}, variants={"idle": {}})
    assert changes_between(plan, same) == []
    assert changes_between(plan, plan.replace({"activity.elasticity": 1.0})) == []


def test_one_way_to_state_the_level_for_the_other():
    plan = sales_math()
    weekly = changes_between(plan, plan.replace({"activity.per_week": 60}))
    assert weekly == [
        Change("activity.per_quarter", 750, None),
        Change("activity.per_week", None, 60),
    ]


@settings(max_examples=30)
@given(plan=scenarios)
def test_a_plan_differs_from_itself_by_nothing_and_changes_lead_back(plan):
    plan = plan.model_copy(update={"variants": {}})
    assert changes_between(plan, plan) == []
    other = plan.replace({"quota.per_quarter": 123.0, "deal_size.rep_cv": 0.125})
    changes = {each.path: each.after for each in changes_between(plan, other)}
    assert plan.replace(changes) == other
