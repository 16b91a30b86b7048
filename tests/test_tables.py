"""The tables of the documentation: every key with its unit and what its default rests on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from funnelsim.registry import ALL
from funnelsim.scenario.model import Scenario

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))  # docs/ is not installed

import tables

CELLS = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)


def keys() -> dict[str, dict[str, tuple[str, str, str]]]:
    """Value, default and meaning of each key, by table and key."""
    parts = re.split(r"^### ([^:\n]*).*$", tables.scenario_keys(), flags=re.MULTILINE)[1:]
    return {
        heading: {key: (value, default, meaning) for key, value, default, meaning in
                  CELLS.findall(body)}
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }  # fmt: skip


def test_every_table_and_key_of_the_models_is_there() -> None:
    schema = Scenario.model_json_schema()
    assert {name for _, name, _ in tables.TABLES} == {*schema["$defs"], "Scenario"}
    found = keys()
    for heading, name, _ in tables.TABLES:
        model = (schema["$defs"] | {"Scenario": schema})[name]
        for key, field in model["properties"].items():
            assert key in found[heading] or "$ref" in str(field), f"{name}.{key}"
            if key in found[heading]:
                assert found[heading][key][2], f"{name}.{key} says nothing"


def test_numbers_have_units_and_defaults_that_matter_have_sources() -> None:
    found = keys()
    assert found["Stages"]["days"][:2] == (
        "number, 0 to 3650<br>*days*",
        "`0.0`<br>*neutral*",
    )
    assert found["Stages"]["days_cv"][1] == "`1.0`<br>*assumption*"
    assert found["Economics"]["gross_margin"][1] == "`0.78`<br>*grade D: 0.65 to 0.85*"
    for heading, table in found.items():
        for key, (value, default, _) in table.items():
            if value.startswith(("number", "whole number")):
                assert value.endswith("*"), f"{heading}: {key} has no unit"
                assert (
                    not default.startswith("`")
                    or default.endswith("*")
                    or (
                        key in ("weeks_per_quarter",)  # 52 weeks are no guess
                    )
                ), f"{heading}: {key} rests on nothing"


def test_every_array_of_a_result_is_there() -> None:
    page = tables.variables()
    assert [each.name for each in ALL if f"| `{each.name}` |" not in page] == []
