"""Variants, ``replace`` and ``--set``: what makes room, what stays, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario.model import Quota, Windfall
from funnelsim.scenario.wording import parts_of, quoted
from scenarios import names, scenarios

BASE = fs.loads(
    """
name = "Base"
[quota]
per_quarter = 100_000
[activity]
per_quarter = 650
elasticity = 0.6
[[stages]]
name = "demo"
conversion = 0.1
days = 7
[[stages]]
name = "won"
conversion = 0.5
[deal_size]
law = "lognormal"
mean = 10_000
cv = 0.5
rep_cv = 0.2
whale = { probability = 0.1, multiple = 5 }
[windfall]
per_quarter = 0.1
law = "fixed"
mean = 5_000
[[kpis]]
name = "big deals"
metric = "won"
target = 1
per = "quarter"
[[kpis]]
name = "a.b"
metric = "activities"
target = 10
per = "week"
[variants."more calls"]
activity.per_week = 77
stages.won.conversion = 0.30
"""
)


def refused(changes: dict[str, object], plan: fs.Scenario = BASE) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        plan.replace(changes)
    return [str(problem) for problem in caught.value.problems]


def test_a_table_is_merged_key_by_key() -> None:
    changed = BASE.replace({"deal_size": {"mean": 20_000}, "deal_size.whale.multiple": 3})
    assert changed.deal_size.model_dump(exclude={"mean", "whale"}) == BASE.deal_size.model_dump(
        exclude={"mean", "whale"}
    )
    assert changed.deal_size.mean == 20_000
    assert changed.deal_size.whale is not None
    assert (changed.deal_size.whale.probability, changed.deal_size.whale.multiple) == (0.1, 3)


def test_named_lists_are_addressed_by_name_and_plain_lists_replaced_whole() -> None:
    changed = BASE.replace(
        {
            "stages.won.conversion": 0.4,
            'kpis."big deals".target': 2,
            "kpis.'a.b'.share": 0.5,
            "calendar.quarters": 2,
            "quota.per_quarter": [1, 2],
        }
    )
    assert [stage.conversion for stage in changed.stages] == [0.1, 0.4]
    assert [(kpi.target, kpi.share) for kpi in changed.kpis] == [(2, 1), (10, 0.5)]
    assert changed.quotas == (1, 2)
    assert changed.replace({"quota.per_quarter": [3, 4]}).quotas == (3, 4)


def test_one_of_a_pair_removes_the_other() -> None:
    changed = BASE.replace({"activity.per_week": 77})
    assert (changed.activity.per_week, changed.activity.per_quarter) == (77, None)
    assert changed.replace({"activity.per_quarter": 1}).activity.per_week is None
    (problem,) = refused({"activity.per_week": 77, "activity.per_quarter": 900})
    assert problem == "activity: needs exactly one of per_week and per_quarter, not both."


def test_a_law_drops_the_parameters_that_it_does_not_take() -> None:
    gamma = BASE.replace({"deal_size.law": "gamma"}).deal_size
    assert (gamma.mean, gamma.cv) == (10_000, 0.5)
    fixed = BASE.replace({"deal_size.law": "fixed"}).deal_size
    assert (fixed.mean, fixed.cv, fixed.rep_cv) == (10_000, None, 0.2)
    pareto = BASE.replace({"deal_size": {"law": "pareto", "minimum": 1, "shape": 3}}).deal_size
    assert (pareto.mean, pareto.minimum, pareto.whale) == (None, 1, BASE.deal_size.whale)
    assert "deal_size.minimum: must be stated for the law 'pareto'." in refused(
        {"deal_size.law": "pareto"}
    )
    assert "deal_size.cv = 0.2: does not belong to the law 'fixed'. It takes mean." in refused(
        {"deal_size.law": "fixed", "deal_size.cv": 0.2}
    )
    observed = BASE.replace({"stages.won.delay": {"law": "empirical", "days": [1, 2]}})
    again = observed.replace({"stages.won.delay.law": "gamma"})
    assert again.stages[1].delay.days is None


def test_the_reference_never_moves() -> None:
    assert BASE.activity.reference_per_week == 50
    for changed in (
        BASE.replace({"activity.per_week": 80}),
        BASE.replace({"calendar.weeks_per_quarter": 10}),
        BASE.replace({"activity": {"per_week": 80}}).replace({"activity.per_week": 90}),
        BASE.variant("more calls"),
        BASE.variant("more calls").replace({"activity.per_quarter": 1}),
        fs.loads(fs.dumps(BASE.variant("more calls"))),
    ):
        assert changed.activity.reference_per_week == 50
    assert BASE.replace({"activity.reference_per_week": 60}).activity.reference_per_week == 60


def test_a_variant_is_a_scenario_of_its_own() -> None:
    variant = BASE.variant("more calls")
    assert variant.name == "Base, more calls"
    assert variant.variants == {}
    assert variant.activity.per_week == 77
    assert variant == BASE.replace(
        {
            "name": "Base, more calls",
            "activity.per_week": 77,
            "stages.won.conversion": 0.3,
            "variants": {},
        }
    )


def test_a_long_name_leaves_room_for_the_variant() -> None:
    plan = BASE.replace({"name": "x" * 200})
    assert plan.variant("more calls").name.endswith("x…, more calls")


def test_replace_keeps_the_variants() -> None:
    assert BASE.replace({"quota.per_quarter": 1}).variants == BASE.variants
    more = BASE.replace({'variants."more calls".activity.per_week': 99})
    assert more.variant("more calls").activity.per_week == 99
    assert more.variant("more calls").stages[1].conversion == 0.3
    assert BASE.replace({"variants": {}}).variants == {}


def test_a_variant_that_no_longer_fits_stands_in_nobodys_way() -> None:
    plan = BASE.replace({'variants."less spread".deal_size.cv': 0.1})
    changed = plan.replace({"deal_size.law": "fixed"})
    assert changed.variants == plan.variants
    with pytest.raises(ScenarioError) as caught:
        changed.variant("less spread")
    assert [str(problem) for problem in caught.value.problems] == [
        "variants.\"less spread\".deal_size.cv = 0.1: does not belong to the law 'fixed'. "
        "It takes mean."
    ]
    assert changed.variant("more calls").deal_size.law == "fixed"
    again = fs.loads(fs.dumps(changed))  # is written without it: a file has to be right
    assert list(again.variants) == ["more calls"]
    assert again.replace({"variants": {}}) == changed.replace({"variants": {}})


def test_replace_may_touch_what_variants_may_not() -> None:
    changed = BASE.replace(
        {"name": "Other", "currency": "EUR", "calendar.start": "empty", "calendar.quarters": 2}
    )
    assert (changed.name, changed.currency, changed.past_weeks) == ("Other", "EUR", 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Other"},
        {"currency": "EUR"},
        {"calendar": {"quarters": 2}},
        {"variants": {}},
        {"stages": [{"name": "won", "conversion": 0.5}]},
        {"stages": {"won": {"name": "closed"}}},
        {"stages": {"pilot": {"conversion": 0.5}}},
    ],
)
def test_off_limits_for_variants(changes: dict[str, object]) -> None:
    (problem,) = refused({"variants.v": changes})
    assert problem.startswith("variants.v.")


def test_stages_cannot_be_added_removed_or_renamed_by_replace_either() -> None:
    assert "cannot be added, removed or renamed" in refused({"stages": []})[0]
    assert "cannot be added, removed or renamed" in refused({"stages.won.name": "closed"})[0]
    assert refused({"stages.wn.days": 3}) == [
        "stages.wn: is not among the stages. Did you mean won?"
    ]
    assert BASE.replace({"kpis": []}).kpis == ()
    assert BASE.replace({"kpis.'a.b'.name": "calls"}).kpis[1].name == "calls"


def test_every_problem_of_a_change_comes_at_once() -> None:
    problems = refused(
        {"stages.wn.days": 3, "deal_size.men": 3, "quota..x": 1, "activity.per_week": "58"}
    )
    assert len(problems) == 4
    assert 'Quote names with dots or spaces: kpis."big deals".target.' in problems[0]


def test_an_unknown_variant_names_those_there_are() -> None:
    with pytest.raises(ScenarioError, match='Did you mean "more calls"'):
        BASE.variant("more cals")
    with pytest.raises(ScenarioError, match="There are: none"):
        BASE.variant("more calls").variant("more calls")


def test_objects_none_and_numpy_numbers_are_taken() -> None:
    assert BASE.replace({"quota": Quota(per_quarter=7)}).quotas == (7,)
    assert BASE.replace({"windfall": None}).windfall is None
    lucky = Windfall(per_quarter=1, law="fixed", mean=3)
    assert BASE.replace({"windfall": None}).replace({"windfall": lucky}).windfall == lucky
    swept = BASE.replace(
        {
            "activity.per_week": np.int64(58),
            "deal_size.mean": np.float64(9),
            "calendar.quarters": np.int64(2),
            "quota.per_quarter": np.array([1.0, 2.0]),
        }
    )
    assert type(swept.calendar.quarters) is int
    assert type(swept.deal_size.mean) is float
    assert fs.loads(fs.dumps(swept)) == swept
    variants = {"v": {"quota": Quota(per_quarter=7), "market": {"season": (1, 2, 3, 4)}}}
    assert fs.loads(fs.dumps(BASE.replace({"variants": variants}))).variant("v").quotas == (7,)


def test_nothing_is_changed_in_place() -> None:
    before, changes = fs.dumps(BASE), {"activity": {"per_week": 3}}
    BASE.replace(changes)
    assert fs.dumps(BASE) == before
    assert changes == {"activity": {"per_week": 3}}
    stated = {"v": {"activity": {"per_week": 3}}}
    plan = BASE.replace({"variants": stated})
    stated["v"]["activity"]["per_week"] = 4
    assert plan.variant("v").activity.per_week == 3


@given(scenarios)
def test_replacing_nothing_changes_nothing(plan: fs.Scenario) -> None:
    assert plan.replace({}) == plan
    assert plan.replace({"name": plan.name}) == plan


@given(scenarios, st.floats(1, 300), st.floats(1, 300))
def test_the_last_level_counts(plan: fs.Scenario, one: float, two: float) -> None:
    changed = plan.replace({"activity.per_week": one}).replace({"activity.per_week": two})
    assert changed == plan.replace({"activity.per_week": two})
    assert changed.activity.reference_per_week == plan.activity.reference_per_week


@given(st.lists(names, min_size=1, max_size=4))
def test_paths_of_any_names_can_be_written(parts: list[str]) -> None:
    assert parts_of(".".join(map(quoted, parts))) == tuple(parts)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a b", '"a', "a.b[0]", "a." * 100])
def test_what_is_no_path_is_none(path: str) -> None:
    assert parts_of(path) is None
