"""Tables of the documentation, written from the code that they describe."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import click

import funnelsim as fs
from funnelsim import cli
from funnelsim.registry import (
    BRIDGE,
    COMPANY,
    COMPARE,
    COMPARED_TEAMS,
    ECONOMICS,
    LUCK,
    PIPELINE_SAMPLES,
    QUARTER_SUMMARIES,
    SAMPLES,
    SENSITIVITY,
    SIZING,
    SOLVE,
    SUMMARIES,
    TEAM,
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


SHARE, SPREAD, FACTOR = "share", "sd / mean", "factor"
A_WEEK, A_QUARTER, A_YEAR = "activities a week", "activities a quarter", "currency a year"
# Of each key that holds numbers; one that is missing here stops the build.
UNITS = {
    **dict.fromkeys(("cv", "week_cv", "rep_cv", "days_cv", "weeks_cv", "fill_weeks_cv"), SPREAD),
    **dict.fromkeys(("conversion", "stalled", "coverage", "probability", "adherence"), SHARE),
    **dict.fromkeys(("share", "logged", "from", "handover", "variable", "on_costs"), SHARE),
    **dict.fromkeys(("gross_margin", "rate", "above", "skill_correlation"), SHARE),
    **dict.fromkeys(("churn", "contraction", "expansion", "discount"), "share a year"),
    **dict.fromkeys(("odds", "size", "multiple", "over_assignment", "season"), FACTOR),
    **dict.fromkeys(("elasticity", "shape", "decay"), "exponent"),
    **dict.fromkeys(("persistence", "skill_loadings"), "correlation"),
    **dict.fromkeys(("mean", "minimum", "amounts", "hiring_cost", "entry_cost"), "currency"),
    **dict.fromkeys(("ote", "overhead", "Sdr.per_year"), A_YEAR),
    **dict.fromkeys(("days", "lost_days"), "days"),
    **dict.fromkeys(("weeks", "fill_weeks", "ramp_weeks", "weeks_per_quarter"), "weeks"),
    **dict.fromkeys(("start_week", "week"), "week of the horizon"),
    **dict.fromkeys(("minutes", "measured_at"), "minutes"),
    **dict.fromkeys(("hours_per_week", "open_week"), "hours a week"),
    **dict.fromkeys(("headcount", "reps"), "reps"),
    **dict.fromkeys(("reference_per_week", "floor_per_week", "cap_per_week"), A_WEEK),
    "hours": "hours each",
    "quarters": "quarters",
    "lifetime_years": "years",
    "Quota.per_quarter": "currency or wins, a quarter",
    "Plan.target": "currency a quarter",
    "Kpi.target": "a count, or currency",
    "Activity.per_week": A_WEEK,
    "Activity.per_quarter": A_QUARTER,
    "Source.per_week": "entries a week",
    "per_sdr_week": "entries a week",
    "sdrs_per_rep": "SDRs",
    "Assist.per_quarter": "assists a quarter",
    "reference_per_quarter": "opportunities a quarter",
    "Windfall.per_quarter": "windfalls a quarter",
    "Attrition.per_year": "probability a year",
    "Source.conversion": SHARE,
}
SOURCE = re.compile(r"\s*\((assumption|grade [A-D])([^)]*)\)")


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
        ("Teams", (*COMPANY, *TEAM)),
        ("Comparing plans of a team", COMPARED_TEAMS),
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
                _below(_kind(field), _unit(name, key, field)),
                _below("**required**" if key in needed else _default(field), _source(field)),
                SOURCE.sub("", field.get("description", "")),
            )
            for key, field in model["properties"].items()
            if not _is_table(field)
        ]
        where = f": `{written}`" if written else ""
        intro = model.get("description", "").split("\n\n")[0].replace("\n", " ")
        table = _table(("key", "value, unit", "default, source", "meaning"), rows)
        parts.append(f"### {heading}{where}\n\n{intro}\n\n{table}")
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
    kernels = Path(fs.__file__).parent / "engine" / "kernels" / "__init__.py"
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


def _unit(table: str, key: str, field: dict[str, Any]) -> str:
    numbers = any("number" in str(each) or "integer" in str(each) for each in _options(field))
    if not numbers:
        return ""
    return UNITS[f"{table}.{key}"] if f"{table}.{key}" in UNITS else UNITS[key]


def _below(text: str, note: str) -> str:
    return f"{text}<br>*{note}*" if note else text


def _source(field: dict[str, Any]) -> str:
    """Return what the default rests on, as the model's description says in brackets."""
    if stated := SOURCE.search(field.get("description", "")):
        return f"{stated[1]}{stated[2]}"
    return "neutral" if field.get("default") in (0.0, 1.0) else ""


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, [], {}) else f"`{json.dumps(default)}`"


def _help(command: click.Command, context: click.Context) -> str:
    return f"```text\n$ {context.command_path} --help\n{command.get_help(context)}\n```"
