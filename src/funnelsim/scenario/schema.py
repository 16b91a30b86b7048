"""The JSON Schema of a scenario file, for completion and checks in editors.

It says what pydantic knows of each key, what our rules know of keys together (one of per_week and
per_quarter, the parameters of each law), and that a variant states only what differs.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from funnelsim.scenario import model
from funnelsim.scenario.merge import FIXED, FIXED_IN_VARIANTS, OFF_LIMITS
from funnelsim.scenario.tables import Table, keys_of

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
PARTIAL = "Changes"  # ends the name of a table of which only what differs is stated


def schema() -> Schema:
    """Return the JSON Schema of a scenario file."""
    whole = model.Scenario.model_json_schema()
    tables: Schema = whole.pop("$defs")
    for each in (whole, *tables.values()):
        each["description"] = each["description"].partition("\n")[0]
    for name, table in tables.items():
        _span_keys(table, getattr(model, name))
    _span_tables(whole)
    segment = tables["Segment"]
    common = _partial(whole, tables, ())["properties"]
    own = segment["properties"]
    segment["properties"] = {key: own.get(key, common.get(key)) for key in keys_of(model.Segment)}
    segment["additionalProperties"] = False
    del tables["Segment"]  # its own partial: it states only what differs already
    tables |= {f"{name}{PARTIAL}": _partial(table, tables) for name, table in tables.items()}
    tables |= {"Segment": segment, f"Segment{PARTIAL}": {**segment, "required": []}}
    changes = _partial(whole, tables, FIXED_IN_VARIANTS)
    for key in OFF_LIMITS:
        del changes["properties"][key]
    changes |= {"title": f"Scenario{PARTIAL}", "description": "A variant: only what differs."}
    tables[changes["title"]] = changes
    whole["properties"]["variants"]["additionalProperties"] = _reference(changes["title"])
    tidy: Schema = _without_null({"$schema": DIALECT, **whole, "$defs": tables})
    return tidy


def _span_keys(schema: Schema, table: type[Table]) -> None:
    """Add to a table's schema what holds for several of its keys together."""
    if table.either_or and table.needs_one:
        schema["oneOf"] = [{"required": [key]} for key in table.either_or]
    elif table.either_or:
        schema["not"] = {"required": list(table.either_or)}
    if table.beside:
        schema["dependencies"] = {key: [one] for key, one in table.beside.items()}
    default = table.model_fields["law"].get_default() if table.laws else None
    parameters = dict.fromkeys(key for keys in table.laws.values() for key in keys)
    if table.laws:
        schema["allOf"] = [
            {
                "if": {
                    "properties": {"law": {"const": law}},
                    "required": [] if law == default else ["law"],
                },
                "then": {
                    "required": list(takes),
                    "properties": {key: False for key in parameters if key not in takes},
                },
            }
            for law, takes in table.laws.items()
        ]


def _span_tables(schema: Schema) -> None:
    """Add to the schema of a scenario what a rep needs; a team may leave it to its segments."""
    wins = {"quota": {"properties": {"of": {"const": "wins"}}, "required": ["of"]}}
    schema["anyOf"] = [
        {"required": ["segments"]},
        {
            "required": ["stages"],
            "allOf": [
                {"anyOf": [{"required": ["quota"]}, {"required": ["plan"]}]},
                {"anyOf": [{"required": ["activity"]}, {"required": ["effort"]}]},
                {"anyOf": [{"required": ["deal_size"]}, {"properties": wins}]},
            ],
        },
    ]


def _partial(schema: Schema, tables: Schema, fixed: Collection[str] = FIXED) -> Schema:
    """Return the schema of a table of which only what differs is stated."""
    partial = copy.deepcopy(schema)
    for demand in ("required", "oneOf", "anyOf", "dependencies"):
        partial.pop(demand, None)
    for each in partial.get("allOf", ()):  # the law may stay, and its parameters with it
        each["if"]["required"] = ["law"]
        del each["then"]["required"]
    for key, value in partial["properties"].items():
        entry = value.get("items", {}).get("$ref")
        if entry:  # a list of tables, addressed by name
            by_name = {"type": "object", "additionalProperties": {"$ref": f"{entry}{PARTIAL}"}}
            about = {each: value[each] for each in ("title", "description") if each in value}
            named = "name" in tables[entry.rpartition("/")[2]]["properties"]
            kinds = [by_name] * named + [value] * (key not in fixed)
            partial["properties"][key] = {**about, **({"anyOf": kinds} if kinds[1:] else kinds[0])}
        else:
            _refer_to_partial(value)
    return partial


def _refer_to_partial(schema: Any) -> None:
    if isinstance(schema, dict):
        if "$ref" in schema:
            schema["$ref"] += PARTIAL
        for value in schema.values():
            _refer_to_partial(value)
    elif isinstance(schema, list):
        for value in schema:
            _refer_to_partial(value)


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _without_null(schema: Any) -> Any:
    """Return the schema without null, which TOML does not have: a key is left out instead."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _without_null(value) for key, value in schema.items()}
    nothing = plain.get("default", ...) is None
    if nothing or "$ref" in plain or {"type": "null"} in plain.get("anyOf", []):
        plain.pop("default", None)
    choices = plain.get("anyOf", [])
    if {"type": "null"} in choices:
        choices.remove({"type": "null"})
    if len(choices) == 1:
        del plain["anyOf"]
        plain = {**choices[0], **plain}
    return plain
