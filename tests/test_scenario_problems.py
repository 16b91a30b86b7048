"""Every mistake at once, with path, value, rule and remedy."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import funnelsim as fs
from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.model import Activity, Assist, Policy, SizeLaw, Stage
from funnelsim.scenario.wording import shown

GOOD: dict[str, Any] = {
    "name": "Plan",
    "quota": {"per_quarter": 100_000},
    "activity": {"per_week": 50},
    "stages": [
        {"name": "demo", "conversion": 0.1},
        {"name": "won", "conversion": 0.5},
    ],
    "deal_size": {"law": "lognormal", "mean": 10_000, "cv": 0.5},
    "kpis": [{"name": "big deals", "metric": "won", "target": 1, "per": "quarter"}],
}


def with_(changes: Mapping[tuple[str | int, ...], Any]) -> dict[str, Any]:
    """The good data with some values changed."""
    data = copy.deepcopy(GOOD)
    for path, value in changes.items():
        here: Any = data
        for part in path[:-1]:
            here = here[part] if isinstance(part, int) else here.setdefault(part, {})
        here[path[-1]] = value
    return data


def problems(data: Mapping[str, Any]) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        fs.Scenario(**data)
    return [str(problem) for problem in caught.value.problems]


def test_the_good_plan_is_good() -> None:
    assert fs.Scenario(**GOOD).stage_names == ("demo", "won")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ("stages", 1, "conversion"),
            33,
            "stages.won.conversion = 33: must be between 0 and 1. A percentage? Divide by 100.",
        ),
        (
            ("stages", 1, "conversion"),
            "33%",
            'stages.won.conversion = "33%": must be a number between 0 and 1. '
            "Write 0.33, without quotes.",
        ),
        (
            ("quota", "per_quarter"),
            "250,000",
            'quota.per_quarter = "250,000": must be a number above 0 and at most 1e+15. '
            "Write 250000, without quotes.",
        ),
        (
            ("quota", "per_quarter"),
            "much",
            'quota.per_quarter = "much": must be a number above 0 and at most 1e+15. '
            "Write a number, without quotes.",
        ),
        (
            ("activity", "week_cv"),
            True,
            "activity.week_cv = true: must be a number between 0 and 2. "
            "true and false are no numbers.",
        ),
        (
            ("activity", "week_cv"),
            datetime.date(2026, 1, 1),
            "activity.week_cv = 2026-01-01: must be a number between 0 and 2. "
            "This reads as a date or a time; write a number.",
        ),
        (
            ("activity", "week_cv"),
            float("nan"),
            "activity.week_cv = nan: must be a number between 0 and 2. "
            "It has to be finite: leave the key out where nothing limits it.",
        ),
        (
            ("activity", "week_cv"),
            [0.3],
            "activity.week_cv = [...]: must be a number between 0 and 2. "
            "Write one number, without brackets.",
        ),
        (
            ("activity", "week_cv"),
            {"a": 1},
            "activity.week_cv = {...}: must be a number between 0 and 2. "
            "A table cannot stand here.",
        ),
        (("activity", "week_cv"), 1e-5, "activity.week_cv = 1e-05: must be 0 or at least 0.001."),
        (
            ("calendar", "quarters"),
            2**70,
            "calendar.quarters = 1180591620717411303424: must be between 1 and 400.",
        ),
        (
            ("calendar", "quarters"),
            4.0,
            "calendar.quarters = 4.0: must be a whole number between 1 and 400. "
            "Write 4, without a decimal point.",
        ),
        (
            ("calendar", "start"),
            "stedy",
            "calendar.start = \"stedy\": must be one of 'steady', 'empty'. Did you mean steady?",
        ),
        (("calendar", "start"), 1, "calendar.start = 1: must be one of 'steady', 'empty'."),
        (("name",), 2026, 'name = 2026: must be text of 1 to 200 characters. '
                          'Write it in quotes: "2026".'),
        (
            ("name",),
            "=cmd",
            'name = "=cmd": must not begin with = + - or @. '
            "A spreadsheet would read it as a formula.",
        ),
        (
            ("name",),
            "a\u202eb",
            'name = "a\\u202eb": must be printable, without space at either end.',
        ),
        (("currency",), "$", 'currency = "$": must be letters only. A label such as "USD".'),
        (("stages",), {"won": {}}, "stages = {...}: must be a list of tables of 1 to 8 "
                                   "entries. Write [[stages]], with two brackets."),
        (("stages", 1), 3, "stages[1] = 3: must be a table."),
        (("quota",), [], "quota = []: must be a table. Write [quota], with one bracket."),
        (("quota",), 250_000, "quota = 250000: must be a table."),
        (("quota", "per_quarter"), [1, "2"], 'quota.per_quarter[1] = "2": must be a number above '
                                             "0 and at most 1e+15. Write 2, without quotes."),
        (("quota", "per_quarter"), [1, 2], "quota.per_quarter: must list a quota for each of the "
                                           "1 quarters, not 2. Or state a single number for all."),
        (("market", "season"), [1, 1], "market.season = [...]: must be a list of numbers of 4 "
                                       "entries."),
        (("deal_size", "law"), "lognrmal", "deal_size.law = \"lognrmal\": must be one of 'fixed', "
                                           "'lognormal', 'gamma', 'pareto', 'empirical'. "
                                           "Did you mean lognormal?"),
        (("deal_size", "shape"), 3, "deal_size.shape = 3: does not belong to the law 'lognormal'. "
                                    "It takes mean and cv."),
        (("deal_size", "cv"), None, "deal_size.cv: must be stated for the law 'lognormal'."),
        (("activity", "per_quarter"), 5, "activity: needs exactly one of per_week and "
                                         "per_quarter, not both."),
        (("activity", "per_week"), None, "activity: needs exactly one of per_week and "
                                         "per_quarter, not none."),
        (("stages", 1, "rep_cv"), 1.5, "stages.won.rep_cv = 1.5: must be below 1, the widest "
                                       "spread that a conversion of 0.5 can have. "
                                       "rep_cv^2 < (1 - conversion) / conversion."),
        (("stages", 1, "name"), "demo", 'stages[1].name = "demo": must differ from the other '
                                        "names."),
        (("stages", 0, "name"), "size", 'stages.size.name = "size": means something else '
                                        "already."),
        (("kpis", 0, "metric"), "wonn", 'kpis."big deals".metric = "wonn": must be one of '
                                        "activities, pipeline, demo, won. Did you mean won?"),
        (("kpis", 0, "at"), "won", 'kpis."big deals".at = "won": belongs to the metric '
                                   "'pipeline' only."),
        (("skill_loadings",), {"dem": 0.5}, "skill_loadings.dem = 0.5: must be one of activity, "
                                            "size, demo, won. Did you mean demo?"),
        (("policy",), {"floor_per_week": 9, "cap_per_week": 8},
         "policy.floor_per_week = 9: must not be above cap_per_week = 8."),
        (("calendar",), {"quarters": 400, "weeks_per_quarter": 53},
         "calendar.quarters = 400: must span at most 8000 weeks."),
        (("activity",), {"per_quarter": 250_000},
         "activity.per_quarter = 250000: must come to at most 5000 a week."),
        (("stages", 1, "delay"), {"law": "empirical"},
         "stages.won.delay.days: must be stated for the law 'empirical'."),
        (("stages", 1, "delay"), {"law": "empirical", "days": [0]},
         "stages.won.delay.days: must hold at least one delay above 0 days."),
        (("stages", 1, "delay"), {"days": [3]},
         "stages.won.delay.days: does not belong to the law 'lognormal'. Leave it out."),
    ],
)  # fmt: skip
def test_one_mistake(path: tuple[str | int, ...], value: object, said: str) -> None:
    if path[-1] == "name":  # the KPI counts a stage by its old name
        assert said in problems(with_({path: value}))
    else:
        assert [each.replace(" = null", "") for each in problems(with_({path: value}))] == [said]


def test_what_is_missing_is_named_with_what_it_is_for() -> None:
    assert problems({"name": "x"}) == [
        "quota: must be stated. What has to be booked for a quarter to be attained.",
        "activity: must be stated. The rep's own effort: calls, mails, touches. "
        "State per_week or per_quarter.",
        "stages: must be stated. A step that an opportunity reaches; the last stage is the win.",
        "deal_size: must be stated. Sizes of deals won through the funnel; "
        "mean is the mean of ordinary deals.",
    ]


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        (("calender",), "Did you mean calendar?"),
        (("stages", 1, "conversoin"), "Did you mean conversion?"),
        (("policy", "floor"), "Did you mean floor_per_week?"),
        (("floor_per_week",), "It belongs in [policy]."),
        (("quota", "currency"), "It belongs above the first table."),
        (
            ("multiple",),
            "It belongs in whale of [deal_size] or in whale of deal_size of [[sources]].",
        ),
        (("conversion",), "It belongs in [[stages]] or in [[sources]]."),
        (("rep_cv",), "It belongs in [activity] or in [[stages]] or in [deal_size]."),
        (("quota", "zzz"), "There are: per_quarter, of, ramped."),
        (("stages", 1, "stages.won.days"), "Write the path without quotes."),
    ],
)
def test_unknown_keys_get_the_nearest_known_one(path: tuple[str | int, ...], remedy: str) -> None:
    (problem,) = problems(with_({path: 1}))
    assert problem.endswith(f" = 1: is not a key of this table. {remedy}")


SIX = '''name = "Six"
[quota]
per_quarter = [100_000, 100_000, 100_000]

[activity]
per_week = 50
per_quarter = 650

[[stages]]
name = "won"
conversion = 33

[deal_size]
law = "fixed"
mean = "10,000"
cv = 0.5

[[kpis]]
name = "big deals"
metric = "one"
target = 1
per = "quarter"

[variants."more calls"]
stages.won.days = -3
'''  # fmt: skip


def test_mistakes_of_every_kind_come_in_one_go_with_their_lines() -> None:
    with pytest.raises(ScenarioError) as caught:
        fs.loads(SIX, "six.toml")
    assert str(caught.value).splitlines() == [
        "six.toml: 7 problems",
        "  line 3: quota.per_quarter: must list a quota for each of the 1 quarters, not 3. "
        "Or state a single number for all.",
        "  line 5: activity: needs exactly one of per_week and per_quarter, not both.",
        "  line 11: stages.won.conversion = 33: must be between 0 and 1. "
        "A percentage? Divide by 100.",
        '  line 15: deal_size.mean = "10,000": must be a number above 0 and at most 1e+15. '
        "Write 10000, without quotes.",
        "  line 16: deal_size.cv = 0.5: does not belong to the law 'fixed'. It takes mean.",
        '  line 20: kpis."big deals".metric = "one": must be one of activities, pipeline, won. '
        "Did you mean won?",
        '  line 25: variants."more calls".stages.won.days = -3: must be between 0 and 3_650.',
    ]


def test_a_rule_that_would_have_to_look_at_a_mistake_is_silent() -> None:
    said = problems(
        with_(
            {
                ("stages", 1, "conversion"): "half",
                ("stages", 1, "rep_cv"): 2.9,
                ("calendar",): {"quarters": "two"},
                ("quota", "per_quarter"): [1, 2, 3],
                ("policy",): {"floor_per_week": 9, "cap_per_week": "8"},
            }
        )
    )
    assert [each.partition(" = ")[0] for each in said] == [
        "calendar.quarters",
        "stages.won.conversion",
        "policy.cap_per_week",
    ]


def test_a_mistake_counts_as_stated_where_it_matters_whether_something_is() -> None:
    said = problems(with_({("activity",): {"per_week": "58", "per_quarter": 3}}))
    assert len(said) == 2
    said = problems(with_({("deal_size",): {"law": "fixed", "mean": 3, "cv": "x"}}))
    assert len(said) == 2


def test_one_bad_entry_does_not_hide_the_next() -> None:
    kpi = {"name": "a", "metric": "x", "target": 1, "per": "week"}
    said = problems(
        GOOD | {"kpis": [kpi | {"metric": 3}, kpi | {"name": "b"}, kpi | {"name": "c", "at": "y"}]}
    )
    assert [each.partition(" = ")[0] for each in said] == [
        "kpis.a.metric",
        "kpis.c.at",
        "kpis.b.metric",
        "kpis.c.metric",
        "kpis.c.at",
    ]


def test_problems_of_variants_come_without_those_of_their_base() -> None:
    data = with_(
        {
            ("stages", 1, "conversion"): 33,
            ("variants",): {
                "one": {"stages": {"won": {"conversion": 44}}, "kpis": {"x": {"target": 1}}},
                "two": {"quota": {"per_quarter": -1}},
            },
        }
    )
    assert [each.partition(":")[0] for each in problems(data)] == [
        "stages.won.conversion = 33",
        "variants.one.kpis.x",
        "variants.one.stages.won.conversion = 44",
        "variants.two.quota.per_quarter = -1",
    ]


def test_no_more_problems_than_anybody_reads() -> None:
    said = problems(GOOD | {f"key{index}": 1 for index in range(1_000)})
    assert len(said) == 101
    assert said[-1] == "and 900 more: mend these first."


def test_tables_built_by_themselves_obey_their_rules() -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        Activity(per_week=3, per_quarter=3)
    with pytest.raises(ValidationError, match="exactly one"):
        Assist(name="on-site", at="won", odds=2)
    with pytest.raises(ValidationError, match="widest"):
        Stage(name="won", conversion=0.5, rep_cv=2)
    with pytest.raises(ValidationError, match="cap_per_week"):
        Policy(floor_per_week=3, cap_per_week=2)
    with pytest.raises(ValidationError, match="must be stated"):
        SizeLaw(law="pareto", minimum=3)


def test_scenarios_take_tables_as_objects() -> None:
    plan = fs.Scenario(**(GOOD | {"activity": Activity(per_week=50)}))
    assert plan == fs.Scenario(**GOOD)
    said = problems(GOOD | {"activity": Activity(per_week=50), "quota": 3})
    assert said == ["quota = 3: must be a table."]


@pytest.mark.parametrize("key", ["self", "cls", "__init__", "model_config", "rules"])
def test_keys_that_python_knows_are_just_unknown(key: str) -> None:
    (problem,) = problems(GOOD | {key: 1})
    assert f"{key} = 1: is not a key of this table" in problem


HOSTILE_NAMES = ["<script>alert(1)</script>", "$x$", "=1+1", "@x", "\u202egnp", "a\tb", "a\nb",
                 "\x1b[31m", "x" * 100_000, "\u200f", "\ufeffa", " a", "", "\ud800", "[0]",
                 "[\x1f"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_messages_are_harmless_whatever_the_names(name: str) -> None:
    data = with_(
        {
            (name or "x",): 1,
            ("stages", 0, "name"): name,
            ("stages", 0, "days"): -1,
            ("variants",): {name: {name: name}},
            ("skill_loadings",): {name: 3},
        }
    )
    for problem in problems(data):
        assert problem.isprintable()
        assert len(problem) < 500


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()


@settings(max_examples=25)
@given(st.recursive(LEAVES, lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_any_value_can_be_shown(value: object) -> None:
    text = shown(value)
    assert text.isprintable()
    assert len(text) < 500


def test_a_problem_is_a_plain_record() -> None:
    with pytest.raises(ScenarioError) as caught:
        fs.loads("name = 1")
    assert caught.value.problems[0] == Problem(
        "name",
        "1",
        "must be text of 1 to 200 characters",
        'Write it in quotes: "1".',
        1,
    )
