"""Tables of the documentation, written from the code that they describe."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import click

import funnelsim as fs
from funnelsim import cli
from funnelsim.registry import (
    BRIDGE,
    COMPARE,
    ECONOMICS,
    LUCK,
    PIPELINE_SAMPLES,
    QUARTER_SUMMARIES,
    SAMPLES,
    SENSITIVITY,
    SIZING,
    SOLVE,
    SUMMARIES,
    THIRDS,
    WAYS_SAMPLES,
)
from funnelsim.scenario.model import Scenario

# The tables of a scenario file in reading order: heading, class, how it is written.
TABLES = (
    ("Top level", "Scenario", ""),
    ("Quota", "Quota", "[quota]"),
    ("Calendar", "Calendar", "[calendar]"),
    ("Plan of the company", "Plan", "[plan]"),
    ("Activity", "Activity", "[activity]"),
    ("Effort", "Effort", "[effort]"),
    ("Stages", "Stage", "[[stages]]"),
    ("Delay of a stage", "Delay", "delay = { ... }"),
    ("Sources", "Source", "[[sources]]"),
    ("Sizes of a source", "SourceSize", "deal_size = { ... }"),
    ("Response of a source", "Response", "response = { ... }"),
    ("Assists", "Assist", "[[assists]]"),
    ("Deal size", "DealSize", "[deal_size]"),
    ("Whales", "Whale", "whale = { ... }"),
    ("Windfalls", "Windfall", "[windfall]"),
    ("Policy", "Policy", "[policy]"),
    ("Market", "Market", "[market]"),
    ("Uncertainty", "Uncertain", '[uncertainty] "PATH" = { ... }'),
    ("Ramp", "Ramp", "[ramp]"),
    ("Attrition", "Attrition", "[attrition]"),
    ("Hiring", "Hire", "[[hiring]]"),
    ("Pay", "Pay", "[pay]"),
    ("Tiers of commission", "Tier", "tiers = [{ ... }]"),
    ("Economics", "Economics", "[economics]"),
    ("Cost of SDRs", "Sdr", "sdr = { ... }"),
    ("KPIs", "Kpi", "[[kpis]]"),
    ("Segments", "Segment", "[[segments]]"),
)


def variables() -> str:
    """Render the registry of result arrays."""
    parts = []
    for heading, group in (
        ("Samples", SAMPLES),
        ("Samples with `pipeline=True`", PIPELINE_SAMPLES),
        ("Samples of sources, assists and seats", WAYS_SAMPLES),
        ("Summaries by quarter or by year", SUMMARIES),
        ("Summaries by quarter only", QUARTER_SUMMARIES),
        ("Comparing plans", COMPARE),
        ("What it takes", SOLVE),
        ("Levers", SENSITIVITY),
        ("From one plan to another", BRIDGE),
        ("Money", ECONOMICS),
        ("The size of a team", SIZING),
        ("Luck", LUCK),
        ("Luck or skill", THIRDS),
    ):
        rows = [
            (f"`{each.name}`", ", ".join(each.dims), f"{each.dtype}, {each.unit}", each.meaning)
            for each in group
        ]
        parts.append(f"**{heading}**\n\n{_table(('name', 'dims', 'dtype, unit', 'meaning'), rows)}")
    return "\n\n".join(parts)


def scenario_keys() -> str:
    """Render every key of a scenario file, from the models that validate it."""
    schema = Scenario.model_json_schema()
    definitions = {**schema["$defs"], "Scenario": schema}
    parts = []
    for heading, name, written in TABLES:
        model = definitions[name]
        needed = model.get("required", ())
        rows = [
            (
                f"`{key}`",
                _kind(field),
                "**required**" if key in needed else _default(field),
                field.get("description", ""),
            )
            for key, field in model["properties"].items()
            if not _is_table(field)
        ]
        where = f": `{written}`" if written else ""
        intro = model.get("description", "").split("\n\n")[0].replace("\n", " ")
        table = _table(("key", "value", "default", "meaning"), rows)
        parts.append(f"**{heading}**{where}\n\n{intro}\n\n{table}")
    return "\n\n".join(parts)


def commands() -> str:
    """Render each command's own ``--help``."""
    group = cli.main
    assert isinstance(group, click.Group)
    with click.Context(group, info_name="funnelsim", **group.context_settings) as context:
        parts = [_help(group, context)]
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            with click.Context(command, info_name=name, parent=context) as inner:
                parts.append(_help(command, inner))
    return "\n\n".join(parts)


def presets() -> str:
    """List the presets with their titles."""
    return "\n".join(f"- `{name}`: {fs.preset(name).name}" for name in fs.presets())


def address_layout() -> str:
    """Show the head of the kernels, where every random word has its address."""
    kernels = Path(fs.__file__).parent / "engine" / "kernels.py"
    head = ast.get_docstring(ast.parse(kernels.read_text(encoding="utf-8")))
    return f"```text\n{head}\n```"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _options(field: dict[str, Any]) -> list[dict[str, Any]]:
    options = field.get("anyOf") or field.get("oneOf")
    if not options:
        return [] if field.get("type") == "null" else [field]
    return [inner for each in options for inner in _options(each)]


def _is_table(field: dict[str, Any]) -> bool:
    """Whether the field is a table of its own, described under its own heading."""
    return any(
        "$ref" in place
        for each in _options(field)
        for place in (each, each.get("items", {}), each.get("additionalProperties") or {})
        if isinstance(place, dict)
    )


def _kind(field: dict[str, Any]) -> str:
    return " or ".join(_one_kind(each) for each in _options(field))


def _one_kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f'`"{each}"`' for each in field["enum"])
    if "const" in field:
        return f'`"{field["const"]}"`'
    if field["type"] == "boolean":
        return "`true`, `false`"
    if field["type"] == "array":
        return f"list of: {_one_kind(field['items'])}"
    word = {"number": "number", "integer": "whole number", "string": "text", "object": "table"}
    return f"{word[field['type']]}{_bounds(field)}"


def _bounds(field: dict[str, Any]) -> str:
    if "minimum" in field and "maximum" in field:
        return f", {field['minimum']:.15g} to {field['maximum']:.15g}"
    signs = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    return "".join(f", {sign} {field[key]:.15g}" for key, sign in signs.items() if key in field)


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, [], {}) else f"`{json.dumps(default)}`"


def _help(command: click.Command, context: click.Context) -> str:
    return f"```text\n$ {context.command_path} --help\n{command.get_help(context)}\n```"
