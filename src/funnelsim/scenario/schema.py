"""The JSON Schema of a scenario file, for completion and checks in editors.

It says what pydantic knows of each key, what our rules know of keys together (one of per_week and
per_quarter, the parameters of each law), and that a variant states only what differs.
"""

from __future__ import annotations

import copy
from typing import Any

from funnelsim.scenario import model
from funnelsim.scenario.merge import FIXED, OFF_LIMITS
from funnelsim.scenario.tables import Table

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
    tables |= {f"{name}{PARTIAL}": _partial(table) for name, table in tables.items()}
    changes = _partial(whole)
    for key in OFF_LIMITS:
        del changes["properties"][key]
    changes |= {"title": f"Scenario{PARTIAL}", "description": "A variant: only what differs."}
    tables[changes["title"]] = changes
    whole["properties"]["variants"]["additionalProperties"] = _reference(changes["title"])
    tidy: Schema = _without_null({"$schema": DIALECT, **whole, "$defs": tables})
    return tidy


def _span_keys(schema: Schema, table: type[Table]) -> None:
    """Add to a table's schema what holds for several of its keys together."""
    if table.either_or:
        schema["oneOf"] = [{"required": [key]} for key in table.either_or]
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


def _partial(schema: Schema) -> Schema:
    """Return the schema of a table of which only what differs is stated."""
    partial = copy.deepcopy(schema)
    for demand in ("required", "oneOf"):
        partial.pop(demand, None)
    for each in partial.get("allOf", ()):  # the law may stay, and its parameters with it
        each["if"]["required"] = ["law"]
        del each["then"]["required"]
    for key, value in partial["properties"].items():
        entry = value.get("items", {}).get("$ref")
        if entry:  # a list of tables, addressed by name
            by_name = {"type": "object", "additionalProperties": {"$ref": f"{entry}{PARTIAL}"}}
            about = {each: value[each] for each in ("title", "description") if each in value}
            whole_too = by_name if key == FIXED else {"anyOf": [by_name, value]}
            partial["properties"][key] = {**about, **whole_too}
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
    if "$ref" in plain or {"type": "null"} in plain.get("anyOf", []):
        plain.pop("default", None)
    choices = plain.get("anyOf", [])
    if {"type": "null"} in choices:
        choices.remove({"type": "null"})
    if len(choices) == 1:
        del plain["anyOf"]
        plain = {**choices[0], **plain}
    return plain
