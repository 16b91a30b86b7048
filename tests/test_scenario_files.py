"""Reading and writing scenario files: what is promised for good files and for hostile ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.errors import ArgumentError, ScenarioError
from funnelsim.scenario import files, model
from funnelsim.scenario.lines import json_lines_of, line_of, lines_of
from funnelsim.scenario.lint import lint
from funnelsim.scenario.parsing import MOST_BYTES, parse_assignment
from funnelsim.scenario.tables import Table, is_list, is_map, keys_of, nested
from scenarios import scenarios

SMALL = """
name = "Small"
quota.per_quarter = 100_000
activity.per_week = 50
deal_size = { law = "fixed", mean = 10_000 }
stages = [{ name = "won", conversion = 0.1 }]
"""


def refused(text: str, source: str = "scenario") -> list[str]:
    """The problems that a text is refused with, as they are printed."""
    with pytest.raises(ScenarioError) as caught:
        files.loads(text, source)
    return [str(problem) for problem in caught.value.problems]


# --- good files ----------------------------------------------------------------------------------


@given(scenarios)
def test_what_is_written_loads_back_to_an_equal_scenario(plan: fs.Scenario) -> None:
    text = files.dumps(plan)
    again = files.loads(text)
    assert again == plan
    assert files.dumps(again) == text


@given(scenarios)
def test_variants_survive_the_round_trip(plan: fs.Scenario) -> None:
    again = files.loads(files.dumps(plan))
    for name in plan.variants:
        assert again.variant(name) == plan.variant(name)
        assert files.loads(files.dumps(plan.variant(name))) == plan.variant(name)


def test_only_what_is_not_default_is_written() -> None:
    written = tomli.loads(files.dumps(files.loads(SMALL)))
    assert written == tomli.loads(SMALL)


def test_tables_are_written_in_the_order_of_the_model() -> None:
    text = files.dumps(fs.preset("sales_math"))
    places = [text.index(each) for each in ("[quota]", "[calendar]", "[activity]", "[[stages]]",
                                            "[deal_size]", "[[kpis]]", "[variants.")]  # fmt: skip
    assert places == sorted(places)


def test_the_reference_is_written_where_the_level_alone_would_not_give_it_back() -> None:
    plan = files.loads(SMALL)
    assert "reference_per_week" not in files.dumps(plan)
    moved = plan.replace({"activity.per_week": 80})
    assert tomli.loads(files.dumps(moved))["activity"] == {"per_week": 80, "reference_per_week": 50}
    elastic = plan.replace({"activity.elasticity": 0.6})
    assert tomli.loads(files.dumps(elastic))["activity"]["reference_per_week"] == 50


def test_observed_delays_give_their_own_mean_unless_one_is_stated() -> None:
    plan = files.loads(SMALL).replace(
        {"stages.won.delay": {"law": "empirical", "days": [10, 20, 60]}}
    )
    assert plan.stages[0].days == 30
    assert "days" not in tomli.loads(files.dumps(plan))["stages"][0]
    assert files.loads(files.dumps(plan)) == plan
    assert plan.replace({"stages.won.days": 15}).stages[0].days == 15
    other = plan.replace({"stages.won.delay.days": [4, 6]})
    assert other.stages[0].days == 5


def test_json_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "small.JSON"
    path.write_text(json.dumps(tomli.loads(SMALL)), encoding="utf-8")
    assert fs.load(path) == files.loads(SMALL)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert fs.load(path) == files.loads(SMALL)


# --- the starter and the schema ------------------------------------------------------------------


def test_the_starter_runs_as_it_is_and_draws_no_warning() -> None:
    plan = files.loads(files.starter())
    assert not lint(plan)
    assert all(plan.variant(name) for name in plan.variants)


def test_the_starter_points_editors_to_the_schema() -> None:
    assert files.starter().splitlines()[0] == "#:schema ./scenario.schema.json"


def test_every_commented_key_of_the_starter_may_be_uncommented() -> None:
    lines = files.starter().splitlines()
    for index, line in enumerate(lines):
        if not re.match(r"# [a-z_]+ = ", line) or _in_commented_table(lines, index):
            continue
        text = "\n".join([*lines[:index], line[2:], *lines[index + 1 :]])
        if line.startswith("# at ="):  # belongs to another metric
            text = text.replace('metric = "activities"', 'metric = "pipeline"')
        if line.startswith("# skill_loadings"):
            assert files.loads(text).loading("demo") == -0.7
        files.loads(text)


def test_every_commented_table_of_the_starter_may_be_uncommented() -> None:
    text = _tables_only(files.starter())
    text = re.sub(r"^# (?=\[|\"?[a-z_.]+\"? = .*)", "", text, flags=re.M)
    text = text.replace("per_quarter = 750", "")  # solved from effort instead
    plan = files.loads(text)
    absent = [key for key in type(plan).model_fields if getattr(plan, key) in (None, (), {})]
    assert absent == ["skill_loadings"]  # a key, and no table
    assert (plan.policy.cap_per_week, plan.market.cv) == (100, 0.15)
    assert list(plan.team) == ["mid-market", "enterprise"]
    assert plan.team["enterprise"].activities_per_week == 60


def test_the_starter_shows_every_key() -> None:
    text = files.starter()
    missing = [key for key in _every_key(model.Scenario) if not re.search(rf"\b{key}\b", text)]
    assert not missing


def _in_commented_table(lines: list[str], index: int) -> bool:
    block = next((line for line in reversed(lines[:index]) if not line or "[" in line[:4]), "")
    return block.startswith("# [")


def _tables_only(text: str) -> str:
    """Keep the comments that are tables commented out; make the others harmless."""
    lines = text.splitlines()
    return "\n".join(
        line if not line.startswith("# ") or _in_commented_table(lines, index) or line[2] == "["
        else "#" + line
        for index, line in enumerate(lines)
    )  # fmt: skip


def _every_key(table: type[Table]) -> set[str]:
    keys = set(table.model_fields)
    return keys.union(*(_every_key(inner) for key in keys if (inner := nested(table, key))))


def test_the_schema_knows_every_key_of_every_table() -> None:
    schema = files.json_schema()
    tables: list[tuple[type[Table], dict[str, Any]]] = [(model.Scenario, schema)]
    while tables:
        table, own = tables.pop()
        assert set(own["properties"]) == set(keys_of(table))
        assert own["additionalProperties"] is False
        for key in table.model_fields:
            if inner := nested(table, key):
                assert own["properties"][key].get("description") or inner.__doc__
                tables.append((inner, schema["$defs"][inner.__name__]))
                assert is_list(table, key) == ("items" in own["properties"][key])
                assert is_map(table, key) == ("additionalProperties" in own["properties"][key])
            else:
                assert own["properties"][key]["description"], key


def test_the_schema_says_what_holds_for_keys_together() -> None:
    tables = files.json_schema()["$defs"]
    assert tables["Activity"]["not"] == {"required": ["per_week", "per_quarter"]}
    assert tables["Assist"]["oneOf"] == [
        {"required": ["coverage"]},
        {"required": ["per_quarter"]},
    ]
    assert tables["Source"]["dependencies"] == {"sdrs_per_rep": ["per_sdr_week"]}
    pareto = next(
        each for each in tables["DealSize"]["allOf"]
        if each["if"]["properties"]["law"] == {"const": "pareto"}
    )  # fmt: skip
    assert pareto["then"]["required"] == ["minimum", "shape"]
    assert pareto["then"]["properties"] == {"mean": False, "cv": False, "amounts": False}


def test_the_schema_lets_a_variant_state_only_what_differs() -> None:
    schema = files.json_schema()
    changes = schema["$defs"]["ScenarioChanges"]
    assert {"name", "currency", "calendar", "variants"}.isdisjoint(changes["properties"])
    for name, table in schema["$defs"].items():
        if name.endswith("Changes"):
            assert not table.get("required")
            assert "oneOf" not in table
    assert changes["properties"]["kpis"]["anyOf"][1]["items"] == {"$ref": "#/$defs/Kpi"}
    by_name = changes["properties"]["stages"]
    assert by_name["additionalProperties"] == {"$ref": "#/$defs/StageChanges"}


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = files.json_schema()
    references = re.findall(r'"#/\$defs/([^"]+)"', json.dumps(schema))
    assert references
    assert set(references) <= set(schema["$defs"])
    assert "null" not in json.dumps(schema)


# --- bad files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("quota = 250,000", "underscores"),
        ("quota = 33%", "fraction"),
        ("quota = $250", "plain numbers"),
        ("name = “Plan”", "straight quotes"),
        ("name = Plan", "in quotes"),
        ("name =", "missing"),
        ("name: Plan", "equals sign"),
        ("my plan = 3", "in quotes"),
        ("[my plan]", "in quotes"),
    ],
)
def test_the_usual_slips_get_their_line_and_remedy(line: str, remedy: str) -> None:
    (problem,) = refused(f"# a plan\n{line}\n")
    assert problem.startswith("line 2: TOML: ")
    assert remedy in problem


def test_broken_json_gets_its_line() -> None:
    (problem,) = refused('{\n"name": }', "plan.json")
    assert problem.startswith("line 2: JSON: Expecting value")
    assert "stated twice" in refused('{"name": "a", "name": "b"}', "plan.json")[0]
    assert "object of tables" in refused("[1]", "plan.json")[0]


HOSTILE = {
    "deep arrays": "a = " + "[" * 100_000,
    "deep tables": "a = " + "{a = " * 20_000,
    "nested to level 17": "a = " + "[" * 17 + "]" * 17,
    "dotted key of many parts": "a" + ".a" * 50_000 + " = 1",
    "keys of just too many parts": "\n".join("a." * 900 + f"b{i} = 1" for i in range(500)),
    "keys of many parts in an inline table": "x = {" + "a." * 70 + "a = 1}",
    "header of many parts": "[a" + ".a" * 50_000 + "]",
    "headers": "\n".join(f"[a{i}.b.c]" for i in range(60_000)),
    "huge integer": "quota = " + "9" * 100_000,
    "integer beyond 64 bits": SMALL.replace("100_000", str(2**70)),
    "integer of 4000 digits": SMALL.replace("100_000", "9" * 4_000),
    "not a number": SMALL.replace("100_000", "nan"),
    "infinite": SMALL.replace("100_000", "inf"),
    "key of 100 KB": "a" * 100_000 + " = 1",
    "quoted key of 100 KB": '"' + "a" * 100_000 + '" = 1',
    "many unknown keys": "\n".join(f"key{i} = 1" for i in range(70_000)),
    "many wrong amounts": SMALL.replace(
        'law = "fixed", mean = 10_000', f'law = "empirical", amounts = [{"0," * 119_000}]'
    ),
    "too many values": "a = [" + "1," * 400_000 + "]",
    "many stages": SMALL.replace("stages", "x") + "\n[[stages]]\nname = 'a'" * 10_000,
    "many variants": SMALL + "".join(f"\n[variants.v{i}]\nname = 'x'" for i in range(9_000)),
    "too large": SMALL + "#" * MOST_BYTES,
    "null character": "name = \0",
    "quotes that never close": '"' * 1_000_000,
    "one long word": "a" * 1_000_000,
    "one word with dots": "a." * 500_000,
    "brackets": "[" * 1_000_000,
    "unclosed text": 'name = """' + "x\n" * 400_000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_texts_are_refused(case: str) -> None:
    problems = refused(HOSTILE[case])
    assert 1 <= len(problems) <= 101
    assert all(len(problem) < 600 for problem in problems)
    assert all(problem.isprintable() for problem in problems)


DEEP_JSON = {
    "arrays": "[" * 100_000,
    "objects": '{"a":' * 100_000,
    "integer": '{"quota": ' + "9" * 100_000 + "}",
    "not a number": '{"quota": {"per_quarter": NaN}}',
    "null": "null",
    "surrogate": '{"name": "\\ud800"}',
}


@pytest.mark.parametrize("case", DEEP_JSON)
def test_hostile_json_is_refused(case: str) -> None:
    assert refused(DEEP_JSON[case], "plan.json")


@pytest.mark.slow
def test_hostile_texts_take_neither_long_nor_much_memory(tmp_path: Path) -> None:
    """Each is refused within a second and 256 MB, after the imports, in a process of its own."""
    for case, text in HOSTILE.items():
        path = tmp_path / "hostile.toml"
        path.write_text(text, encoding="utf-8")
        subprocess.run([sys.executable, "-c", _UNDER_LIMITS, str(path)], check=True, timeout=30)
        path.unlink()
        assert case


_UNDER_LIMITS = """
import resource, sys, time
import funnelsim as fs
from funnelsim.errors import ScenarioError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
start = time.process_time()
try:
    fs.load(sys.argv[1])
except ScenarioError:
    pass
else:
    sys.exit("not refused")
seconds = time.process_time() - start
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert seconds < 1, seconds
assert grown < 256 * 1024, grown
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.toml"
    os.mkfifo(path)
    with pytest.raises(ScenarioError, match="not a regular file"):
        fs.load(path)


def test_what_cannot_be_read_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="not a regular file"):
        fs.load(tmp_path)
    with pytest.raises(ScenarioError, match="No such file"):
        fs.load(tmp_path / "none.toml")
    with pytest.raises(ScenarioError, match="Did you mean sales_math"):
        fs.load("sales_mth")
    with pytest.raises(ScenarioError, match="cannot be read"):
        fs.load("a\0b")
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# plan\nname = 'caf\xe9'\n")
    with pytest.raises(ScenarioError, match=r"line 2: file: must be UTF-8 text\. Save it as UTF-8"):
        fs.load(path)


def test_the_source_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("name = 3", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        fs.load(path)
    assert caught.value.source == str(path)
    assert str(caught.value).startswith(f"{path}: ")


# --- lines ---------------------------------------------------------------------------------------

LINED = '''# first
name = "x"
quota.per_quarter = [
  1,
  2, # [not.a.table]
]
text = "[fake]"
[deal_size]
whale = { probability = 2 }
[[stages]]
name = "demo"
[[stages]]
name = 'won'
[stages.delay]
law = "gamma"
[[stages]]
conversion = 1
[variants."a.b"]
stages.won.days = 3
'''  # fmt: skip


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("name", 2),
        ("quota", 3),
        ("quota.per_quarter", 3),
        ("quota.per_quarter[1]", 3),
        ("text", 7),
        ("deal_size.whale.probability", 9),
        ("deal_size.cv", 8),
        ("stages", 10),
        ("stages.demo.name", 11),
        ("stages.won", 12),
        ("stages.won.delay.law", 15),
        ("stages[2].conversion", 17),
        ('variants."a.b".stages.won.days', 19),
        ('variants."a.b".stages.demo', 19),
        ("activity", None),
    ],
)
def test_lines_are_found(path: str, line: int | None) -> None:
    stages = [{"name": "demo"}, {"name": "won"}, {}]
    assert line_of(path, lines_of(LINED, {"stages": stages})) == line


def test_lines_are_found_in_json_too() -> None:
    data = tomli.loads(MISTAKEN)
    with pytest.raises(ScenarioError) as caught:
        files.loads(json.dumps(data, indent=1), "plan.json")
    lines = json.dumps(data, indent=1).splitlines()
    for problem in caught.value.problems:
        assert problem.line is not None
        last = problem.path.rpartition(".")[2]
        assert last in lines[problem.line - 1] or '"x"' in lines[problem.line - 1]
    assert [each.path for each in caught.value.problems] == [
        "quota.per_quarter[1]",
        "activity.week_cv",
        "stages.won.conversion",
        "variants.v.deal_size.cv",
    ]


MISTAKEN = (
    SMALL.replace("100_000", "[1, 'x']").replace("0.1", "1.5")
    + """
activity.week_cv = -1
calendar.quarters = 2
[[kpis]]
name = "a"
metric = "activities"
target = 1
per = "week"
[variants.v]
deal_size.cv = 0.5
"""
)


@given(st.text() | st.text("[]{}.=\"'#\n abc"))
def test_the_search_for_lines_never_fails(text: str) -> None:
    assert all(line >= 1 for line in lines_of(text, {}).values())
    assert all(line >= 1 for line in json_lines_of(text, {}).values())


# --- PATH=VALUE ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("activity.per_week=58", ("activity.per_week", 58)),
        ("name = Sales Math", ("name", "Sales Math")),
        ("currency=EUR", ("currency", "EUR")),
        ("quota.per_quarter=250,000", ("quota.per_quarter", "250,000")),
        ("quota.per_quarter=[1, 2]", ("quota.per_quarter", [1, 2])),
        ('deal_size={law="fixed", mean=1}', ("deal_size", {"law": "fixed", "mean": 1})),
        ('kpis."a=b".per=week', ('kpis."a=b".per', "week")),
        ("name=a=b", ("name", "a=b")),
        ("name=", ("name", "")),
        ("name=1\nquota=2", ("name", "1\nquota=2")),
    ],
)
def test_assignments_are_read(text: str, expected: tuple[str, object]) -> None:
    assert parse_assignment(text) == expected


@pytest.mark.parametrize("text", ["", "name", "=3", '"a=3'])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="PATH=VALUE"):
        parse_assignment(text)


# --- weight --------------------------------------------------------------------------------------


def test_reading_and_linting_load_nothing_heavy() -> None:
    code = (
        "import sys, funnelsim as fs\n"
        "from funnelsim.scenario.lint import lint\n"
        "plan = fs.preset('enterprise'); lint(plan)\n"
        "heavy = {'numpy', 'numba', 'xarray', 'scipy', 'matplotlib', 'pandas', 'tomli_w'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
