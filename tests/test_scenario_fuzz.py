"""Broken files of every kind: a ScenarioError, or a scenario; never anything else."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario import files
from funnelsim.scenario.lint import lint
from scenarios import data
from team_scenarios import team_data

PIECES = st.sampled_from(
    ["[", "]", "{", "}", "=", ".", ",", '"', "'", "\n", "#", "0", "1e400", "nan", "-1", "33%",
     "true", "2026-01-01", '"""', "[[stages]]", "[quota]", "law", "variants", "\u202e", "\0",
     "=1+1", "$x$", "<script>", "250,000", "9" * 5_000, "a." * 70]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | PIECES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def harmless(error: ScenarioError) -> tuple[Problem, ...]:
    assert error.problems
    for problem in error.problems:
        assert problem.rule
        assert str(problem).isprintable()
        assert len(str(problem)) < 1_000
    return error.problems


def answered(text: str, source: str = "plan.toml") -> None:
    """Read a text; a scenario has to survive what is done with it next."""
    try:
        plan = files.loads(text, source)
    except ScenarioError as error:
        for problem in harmless(error):
            assert problem.line is None or 1 <= problem.line <= len(text.splitlines()) + 1
        return
    assert files.loads(files.dumps(plan)) == plan
    lint(plan)
    for name in plan.variants:
        plan.variant(name)


@st.composite
def mutated_texts(draw: st.DrawFn) -> str:
    """A valid file with some characters cut out and others put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 12))
        text = text[:start] + draw(PIECES | st.text(max_size=4)) + text[start + length :]
    return text


@st.composite
def mutated_data(draw: st.DrawFn) -> dict[str, Any]:
    """Valid data in which some values, keys or tables are replaced, dropped or added."""
    stated = copy.deepcopy(draw(data() | team_data()))  # strategies share their constants
    for _ in range(draw(st.integers(1, 4))):
        here: Any = stated
        while isinstance(here, (dict, list)) and here:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            key = draw(st.sampled_from(keys))
            if not isinstance(here[key], (dict, list)) or draw(st.integers(0, 2)) == 0:
                break
            here = here[key]
        else:
            continue
        match draw(st.integers(0, 2)):
            case 0:
                here[key] = draw(VALUES)
            case 1:
                del here[key]
            case _ if isinstance(here, dict):
                here[draw(st.text(max_size=5) | st.sampled_from(KEYS))] = draw(VALUES)
    return stated


KEYS = ["law", "cv", "days", "per_week", "stages", "variants", "segments", "start", "self", "name",
        "sources", "assists", "effort", "uncertainty", "headcount", "plan", "preset", "of", "from",
        "coverage", "per_quarter", "sdrs_per_rep", "quota", "activity"]  # fmt: skip
PLANS = {name: fs.preset(name) for name in fs.presets()}
PLANS["three_segments"] = PLANS["three_segments"].replace(
    {"variants": {"v": {"segments": {"smb": {"headcount": 12}}}}}  # the fewer, the sooner answered
)
TEXTS = [files.starter(), *map(files.dumps, PLANS.values())]


@given(mutated_texts())
def test_mutated_files(text: str) -> None:
    answered(text)


@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_random_files(text: str) -> None:
    answered(text)
    answered(text, "plan.json")


@settings(max_examples=50)
@given(mutated_data())
def test_mutated_data(stated: dict[str, Any]) -> None:
    try:
        plan = fs.Scenario(**stated)
    except ScenarioError as error:
        harmless(error)
    else:
        assert files.loads(files.dumps(plan)) == plan
    if "dates" not in repr(stated):
        answered(json.dumps(stated, default=str), "plan.json")


PATHS = ["quota", "a.b", "stages.won.x", "segments.smb", "segments.smb.stages", "segments.x.y",
         "segments.enterprise.sources", "segments.smb.sources.inbound.response", "segments",
         'uncertainty."stages.won.conversion".cv', "plan", "plan.target", "uncertainty", "effort",
         "segments.mid-market.preset", "segments.smb.quota", "segments.smb.assists", "sources",
         "segments.smb.hiring", "segments.smb.activity.per_quarter", "assists", "kpis"]  # fmt: skip


@given(
    st.dictionaries(st.text() | st.sampled_from(PATHS), VALUES),
    st.sampled_from(["sales_math", "ten_two_one", "three_segments"]),
)
def test_any_changes(changes: dict[str, Any], name: str) -> None:
    plan = PLANS[name]
    try:
        changed = plan.replace(changes)
    except ScenarioError as error:
        harmless(error)
    else:
        assert files.loads(files.dumps(changed)) == changed


@pytest.mark.slow
@settings(max_examples=2_000)
@given(mutated_texts())
def test_mutated_files_at_length(text: str) -> None:
    answered(text)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(mutated_data())
def test_mutated_data_at_length(stated: dict[str, Any]) -> None:
    answered(json.dumps(stated, default=str), "plan.json")
