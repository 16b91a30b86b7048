"""Segments and their plan: what they inherit, what is derived, where mistakes are said to be."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
from hypothesis import given, settings

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario.lint import lint
from funnelsim.scenario.segments import shared_out
from team_scenarios import team_data, team_scenarios

TEXT = """
name = "Team"
headcount = 2
[calendar]
quarters = 2
start = "empty"
[market]
cv = 0.1
[quota]
per_quarter = 100_000
[activity]
per_week = 50
rep_cv = 0.2
[[stages]]
name = "demo"
conversion = 0.1
days = 7
[[stages]]
name = "won"
conversion = 0.5
[deal_size]
law = "fixed"
mean = 10_000
[[kpis]]
name = "calls"
metric = "activities"
target = 40
per = "week"
[[segments]]
name = "plain"
[[segments]]
name = "own way"
headcount = 3
start = "steady"
activity.per_quarter = 390
stages.won.conversion = 0.4
kpis.calls.target = 20
hiring = [{ week = 13, reps = 2 }, { week = -4 }]
[[segments]]
name = "preset"
preset = "mid_market"
headcount = 0
hiring = [{ week = 0 }]
activity.per_week = 80
kpis = []
[[segments]]
name = "sdr"
quota = { of = "wins", per_quarter = 12 }
[variants.bigger]
segments."own way".headcount = 5
"""
TEAM = fs.loads(TEXT)


def problems(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        fs.loads(text)
    return [str(problem) for problem in caught.value.problems]


def refused(changes: dict[str, Any], plan: fs.Scenario = TEAM) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        plan.replace(changes)
    return [str(problem) for problem in caught.value.problems]


# --- what a segment is ---------------------------------------------------------------------------


def test_a_scenario_without_segments_is_the_segment_rep() -> None:
    plan = fs.preset("sales_math")
    assert plan.team == {"rep": plan}
    assert (plan.seats, plan.hire_weeks) == (1, (None,))
    several = plan.replace({"headcount": 3, "hiring": [{"week": 5, "reps": 2}]})
    assert (several.seats, several.hire_weeks) == (5, (None, None, None, 5, 5))


def test_segments_inherit_what_they_do_not_state() -> None:
    assert list(TEAM.team) == ["plain", "own way", "preset", "sdr"]
    plain, own, preset, sdr = TEAM.team.values()
    top = tomli.loads(TEXT)
    for key in ("segments", "variants"):
        del top[key]
    assert plain == fs.Scenario(**top | {"name": "Team, plain"})
    assert own.activity.rep_cv == 0.2
    assert (own.activity.per_week, own.activity.per_quarter) == (None, 390)
    assert [stage.conversion for stage in own.stages] == [0.1, 0.4]
    assert own.stages[0].days == 7
    assert (own.kpis[0].target, own.kpis[0].metric) == (20, "activities")
    assert (plain.calendar.start, own.calendar.start) == ("empty", "steady")
    assert {rep.calendar.quarters for rep in TEAM.team.values()} == {2}
    assert {rep.market.cv for rep in TEAM.team.values()} == {0.1}
    assert (sdr.deal_size.mean, sdr.quotas) == (1, (12, 12))
    assert [rep.seats for rep in TEAM.team.values()] == [2, 6, 1, 2]
    assert own.hire_weeks == (None, None, None, 13, 13, -4)
    assert preset.hire_weeks == (0,)
    assert TEAM.seats == 11


def test_a_preset_stands_between_the_top_and_the_segment() -> None:
    own, preset = TEAM.team["preset"], fs.preset("mid_market")
    assert own.stages == preset.stages
    assert own.quotas == (200_000, 200_000)
    assert own.deal_size == preset.deal_size
    assert own.activity.per_week == 80
    assert own.activity.rep_cv == preset.activity.rep_cv
    assert (own.market.cv, own.calendar.start, own.calendar.quarters) == (0.1, "empty", 2)


def test_tables_may_be_left_to_the_segments() -> None:
    only = fs.loads(
        """
        name = "Only segments"
        [[segments]]
        name = "a"
        preset = "enterprise"
        [[segments]]
        name = "b"
        preset = "sales_math"
        """
    )
    assert (only.quota, only.activity, only.stages, only.deal_size) == (None,) * 4
    assert only.team["b"].activities_per_week == 750 / 13
    assert fs.loads(fs.dumps(only)) == only
    assert not lint(only)


def test_what_a_segment_lacks_is_its_own_problem() -> None:
    said = problems('name = "x"\n[[segments]]\nname = "a"\npreset = "enterprise"\n'
                    '[[segments]]\nname = "b"\nheadcount = 2')  # fmt: skip
    assert [each.partition(":")[2].partition(". ")[0] for each in said] == [
        f" segments.b.{key}: must be stated" for key in ("quota", "activity", "stages", "deal_size")
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("market.cv = 0.2", "segments.bad.market = {...}: stands at the top only."),
        ("calendar.quarters = 3", "State start in the segment, and the rest at the top."),
        ('currency = "EUR"', "State it once, above the segments."),
        ("uncertainty = {}", 'State "segments.NAME.stages.won.conversion" in [uncertainty]'),
        ('preset = "mid_markt"', 'segments.bad.preset = "mid_markt": is not among the presets. '
                                 "Did you mean mid_market?"),
        ('preset = "three_segments"', "is a team, and a segment starts from one rep"),
        ("preset = 3", "segments.bad.preset = 3: must be text"),
        ('start = "stedy"', "Did you mean steady?"),
        ("headcout = 3", "segments.bad.headcout = 3: is not a key of this table. "
                         "Did you mean headcount?"),
        ("stages.wn.days = 3", "bad.stages.wn: is not among the stages. Did you mean won?"),
        ("stages.won.conversion = 33", "segments.bad.stages.won.conversion = 33: must be"),
        ("headcount = 0", "segments.bad.headcount = 0: leaves no seat."),
        ("ramp = { weeks = 0 }", "segments.bad.ramp.weeks = 0: must be above 0"),
        ("ramp = { weeks = 9, from = 2 }", "segments.bad.ramp.from = 2: must be between 0 and 1"),
        ("attrition.per_year = 1.0", "segments.bad.attrition.per_year = 1.0: must be"),
        ("attrition.per_year = 0.3", "segments.bad.attrition.fill_weeks: must be stated"),
        ("hiring = { week = 3 }", "segments.bad.hiring = {...}: must be a list of tables"),
        ("hiring = [{ week = 1.5 }]", "segments.bad.hiring[0].week = 1.5: must be a whole number"),
        ('activity = { per_week = 3, per_quarter = 3 }', "needs exactly one of per_week and"),
        ('quota.ramped = "yes"', "must be true or false"),
    ],
)  # fmt: skip
def test_mistakes_of_a_segment_are_found_where_they_stand(lines: str, said: str) -> None:
    text = TEXT.replace("[variants", f'[[segments]]\nname = "bad"\n{lines}\n[variants')
    found = problems(text)
    assert any(said in each for each in found), found
    key = lines.partition(" ")[0].partition(".")[0]
    stated = text.splitlines()
    (problem,) = (each for each in found if said in each)
    line = int(problem.removeprefix("line ").partition(":")[0])
    assert (
        key in stated[line - 1] or "bad" in stated[line - 1] or "[[segments]]" in stated[line - 1]
    )


def test_what_is_wrong_at_the_top_is_said_once() -> None:
    found = problems(TEXT.replace('metric = "activities"', 'metric = "dmo"'))
    assert [each.partition(": ")[2] for each in found] == [
        'kpis.calls.metric = "dmo": must be one of activities, pipeline, demo, won. '
        "Did you mean demo?",
        'segments."own way".kpis.calls.metric = "dmo": must be one of activities, pipeline, demo, '
        "won. Did you mean demo?",  # which states a target of it
    ]
    (said,) = problems(TEXT.replace("conversion = 0.1", "conversion = 10"))
    assert "stages.demo.conversion = 10" in said


def test_segments_have_names_of_their_own() -> None:
    assert any("must differ from the other names" in each
               for each in problems(TEXT.replace('"plain"', '"sdr"')))  # fmt: skip
    assert any("segments[0].name: must be stated" in each
               for each in problems(TEXT.replace('name = "plain"', "")))  # fmt: skip
    assert "must be a list of tables" in problems('name = "x"\nsegments = { a = 1 }')[0]


# --- changes -------------------------------------------------------------------------------------


def test_changes_reach_a_segment_by_its_name() -> None:
    changed = TEAM.replace(
        {
            'segments."own way".headcount': 4,
            'segments."own way".stages.won.days': 3,
            "segments.preset.stages.won.conversion": 0.31,
            "segments.preset.activity.per_quarter": 1_300,
            "segments.plain.preset": "sales_math",
            "segments.sdr.hiring": [{"week": 2}],
        }
    )
    own, preset = changed.team["own way"], changed.team["preset"]
    assert own.headcount == 4
    assert [stage.days for stage in own.stages] == [7, 3]
    assert [stage.conversion for stage in own.stages] == [0.1, 0.4]
    assert preset.stages[-1].conversion == 0.31
    assert (preset.activities_per_week, preset.activity.per_week) == (100, None)
    assert changed.team["plain"].stage_names == ("discovery", "demo", "won")
    assert changed.team["sdr"].hire_weeks == (None, None, 2)
    assert fs.loads(fs.dumps(changed)) == changed
    assert changed.replace({"segments.sdr.hiring": []}).team["sdr"].seats == 2


def test_a_change_at_the_top_reaches_those_who_inherit() -> None:
    changed = TEAM.replace({"activity.per_week": 70, "stages.won.conversion": 0.45})
    levels = [rep.activities_per_week for rep in changed.team.values()]
    assert levels == [70, 30, 80, 70]
    assert [rep.stages[-1].conversion for rep in changed.team.values()] == [0.45, 0.4, 0.33, 0.45]


def test_each_segment_keeps_the_reference_of_its_base() -> None:
    references = {name: rep.activity.reference_per_week for name, rep in TEAM.team.items()}
    assert references == {"plain": 50, "own way": 30, "preset": 80, "sdr": 50}
    for changed in (
        TEAM.replace({"activity.per_week": 70, "segments.preset.activity.per_week": 90}),
        TEAM.replace({"segments.preset.preset": "enterprise"}),
        TEAM.replace({"variants.v.activity.per_week": 70}).variant("v"),
        fs.loads(fs.dumps(TEAM.replace({"activity.per_week": 70}))),
    ):
        found = {name: rep.activity.reference_per_week for name, rep in changed.team.items()}
        assert found == references


def test_variants_change_segments_and_neither_add_nor_rename_any() -> None:
    assert TEAM.variant("bigger").team["own way"].headcount == 5
    assert TEAM.variant("bigger").team["own way"].name == "Team, bigger, own way"
    for changes in (
        {"segments": [{"name": "plain"}]},
        {"segments": {"plain": {"name": "other"}}},
        {"segments": {"other": {"headcount": 3}}},
        {"segments": {"plain": {"preset": "mid_market"}}},  # other stages
        {"segments": {"plain": {"sources": [{"name": "inbound", "per_week": 1}]}}},
        {"segments": {"preset": {"stages": [{"name": "won", "conversion": 0.1}]}}},
    ):
        (problem,) = refused({"variants.v": changes})
        assert problem.startswith("variants.v.segments")
    fewer = TEAM.replace({"segments": [{"name": "plain"}], "variants": {}})
    assert list(fewer.team) == ["plain"]


def test_copies_forget_what_was_derived() -> None:
    assert TEAM.team["plain"].headcount == 2
    copied = TEAM.model_copy(update={"headcount": 7})
    assert (copied.team["plain"].headcount, copied.seats) == (7, 7 + 6 + 1 + 7)
    assert TEAM.seats == 11


# --- the plan ------------------------------------------------------------------------------------

PLANNED = TEXT.replace("[market]", "[plan]\n{plan}\n[market]")


def planned(plan: str, text: str = PLANNED) -> fs.Scenario:
    return fs.loads(text.replace("{plan}", plan))


def test_over_assignment_follows_from_target_and_quotas() -> None:
    plan = planned("target = 250_000")
    assert plan.over_assignment == pytest.approx((2 * 100 + 3 * 100) / 250)  # sdr book nothing
    assert (plan.targets, plan.target) == ((250_000, 250_000), 250_000)
    by_quarter = planned("target = [250_000, 150_000]")
    assert by_quarter.targets == (250_000, 150_000)
    assert by_quarter.target == 200_000
    assert by_quarter.over_assignment == pytest.approx(1000 / 400)


def test_the_target_follows_from_quotas_and_over_assignment() -> None:
    plan = planned("over_assignment = 1.25")
    assert plan.targets == pytest.approx((400_000, 400_000))
    listed = planned("over_assignment = 1.25", PLANNED.replace("= 100_000", "= [100_000, 200_000]"))
    assert listed.targets == pytest.approx((400_000, 800_000))
    assert (TEAM.target, TEAM.targets, TEAM.over_assignment) == (None, None, None)


BOTH = """
name = "Both"
[plan]
target = 900_000
over_assignment = 1.2
[[segments]]
name = "mid"
preset = "mid_market"
headcount = 2
hiring = [{ week = 3, reps = 40 }]
[[segments]]
name = "big"
preset = "enterprise"
headcount = 1
[[segments]]
name = "sdr"
preset = "mid_market"
headcount = 5
quota = { of = "wins", per_quarter = 7 }
"""


def test_quotas_of_presets_are_scaled_to_the_plan() -> None:
    plan = fs.loads(BOTH)
    quotas = {name: rep.quotas[0] for name, rep in plan.team.items()}
    factor = 1.2 * 900_000 / (2 * 200_000 + 300_000)
    assert quotas == pytest.approx({"mid": 200_000 * factor, "big": 300_000 * factor, "sdr": 7})
    assert plan.over_assignment == 1.2
    assert fs.loads(fs.dumps(plan)) == plan
    more = plan.replace({"plan.over_assignment": 1.3, "segments.big.headcount": 2})
    assert sum(rep.headcount * rep.quotas[0] for rep in list(more.team.values())[:2]) == (
        pytest.approx(1.3 * 900_000)
    )


def test_all_seats_get_the_same_where_nobody_has_a_quota() -> None:
    text = PLANNED.replace("per_quarter = 100_000", "ramped = true").replace(
        'preset = "mid_market"', ""
    )
    plan = planned("target = 500_000\nover_assignment = 1.1", text)
    assert [rep.quotas[0] for rep in plan.team.values()] == pytest.approx([110_000] * 3 + [12])
    assert all(rep.quota.ramped for rep in plan.team.values())
    lone = fs.preset("sales_math").model_dump(exclude_unset=True, exclude={"quota", "variants"})
    rep = fs.Scenario(**lone, headcount=4, plan={"target": 100.0, "over_assignment": 1.2})
    assert rep.quotas == (30,) * 4
    assert fs.loads(fs.dumps(rep)) == rep
    assert "[quota]" not in fs.dumps(rep)
    assert rep.replace({"plan.target": 200}).quotas == (60,) * 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLANNED.replace("{plan}", "target = 9\nover_assignment = 1.2"),
         'over_assignment, from which quotas follow, and quotas too: plain, "own way"'),
        (PLANNED.replace("{plan}", ""), "plan: needs target or over_assignment."),
        (PLANNED.replace("{plan}", "target = [1, 2, 3]"),
         "plan.target: must list a target for each of the 2 quarters, not 3."),
        (PLANNED.replace("{plan}", "target = -1"), "plan.target = -1: must be a"),
        (BOTH.replace("headcount = 2", "headcount = 0").replace("headcount = 1", "headcount = 0\n"
         "hiring = [{ week = 1 }]"), "plan: needs seats of day 0 with a quota of bookings."),
        ('name = "x"\nplan.target = 3\n[[segments]]\nname = "a"\npreset = "mid_market"\n'
         "headcount = 0\nhiring = [{ week = 1 }]",
         "plan: needs seats of day 0 with a quota of bookings."),
        (BOTH.replace('name = "big"\npreset = "enterprise"', 'name = "big"'),
         "segments.big.quota.per_quarter: must be stated, as other segments have quotas"),
    ],
)  # fmt: skip
def test_plans_that_do_not_add_up(text: str, said: str) -> None:
    found = problems(text)
    assert any(said in each for each in found), found


def test_shares_sum_to_the_whole() -> None:
    assert shared_out(100.0, 1.5, [2, 3], [1.0, 2.0]) == pytest.approx([18.75, 37.5])
    listed = shared_out([100.0, 200.0], 1.0, [1, 1], [[1.0, 3.0], 1.0])
    assert [pytest.approx(each) for each in listed] == [[50, 150], [50, 50]]
    with pytest.raises(ValueError, match="length"):
        shared_out([1.0], 1.0, [1, 1], [[1.0, 3.0], 1.0])


# --- whatever the team ---------------------------------------------------------------------------


@given(team_scenarios)
def test_teams_load_back_as_they_were_written(plan: fs.Scenario) -> None:
    text = fs.dumps(plan)
    again = fs.loads(text)
    assert again == plan
    assert fs.dumps(again) == text
    assert again.team == plan.team
    assert plan.replace({}) == plan
    for name in plan.variants:
        assert again.variant(name) == plan.variant(name)
    for warning in lint(plan):
        assert str(warning).isprintable()


@settings(max_examples=40)
@given(team_data())
def test_a_segment_is_what_its_own_scenario_would_be(stated: dict[str, Any]) -> None:
    """Written out as files of their own, segments are the same scenarios."""
    plan = fs.Scenario(**stated)
    for rep in plan.team.values():
        assert not rep.segments
        assert fs.loads(fs.dumps(rep)) == rep
    assert plan.seats == sum(rep.seats for rep in plan.team.values())


@given(team_scenarios)
def test_the_plan_holds_over_the_seats_of_day_0(plan: fs.Scenario) -> None:
    if plan.plan is None:
        return
    assert plan.targets is not None
    assert plan.over_assignment is not None
    total = sum(rep.headcount * sum(rep.quotas) for rep in plan.team.values())
    assert total == pytest.approx(plan.over_assignment * sum(plan.targets))


@pytest.mark.parametrize("preset", ["mid_markt", "three_segments", "../sales_math"])
def test_what_an_unknown_preset_would_bring_is_not_missed(preset: str) -> None:
    """A slip in its name is one mistake, whatever the preset would have stated."""
    (told,) = problems(f'name = "x"\n[[segments]]\nname = "a"\npreset = "{preset}"\n')
    assert f'segments.a.preset = "{preset}"' in told
