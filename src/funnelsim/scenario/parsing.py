"""From text to plain data, within limits that no honest scenario comes near.

TOML goes through tomli and not the standard library: the parser of Python 3.11 takes time that is
quadratic in the parts of a key, and a hostile file of 100 KB holds it up for most of a minute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import tomli

from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.scenario.wording import shown

MOST_BYTES = 1 << 20
MOST_KEY_PARTS = 64
MOST_LEVELS = 16
MOST_TABLES = 20_000
MOST_VALUES = 120_000

_WORD = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_WORD}(?:[ \t]*+\.[ \t]*+{_WORD}){{{MOST_KEY_PARTS}}}")
_ASSIGNMENT = re.compile(r"""((?:[^"'=]|"[^"]*+"|'[^']*+')++)=(.*)""", re.DOTALL)
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


def parsed(text: str, source: str) -> dict[str, Any]:
    """Return the data of a TOML text, or of a JSON text where the source ends in ``.json``.

    Raises
    ------
    ScenarioError
        Where the text is neither, or exceeds a limit.
    """
    toml = not is_json(source)
    if (problem := _hostile(text, toml)) is not None:
        raise ScenarioError([problem], source)
    try:
        data = tomli.loads(text) if toml else _json(text)
        problem = _out_of_bounds(data)
    except tomli.TOMLDecodeError as error:
        remedy = _slip(text, error.lineno)
        problem = Problem("TOML", "", error.msg.rstrip("."), remedy, error.lineno)
    except json.JSONDecodeError as error:
        problem = Problem("JSON", "", error.msg, "", error.lineno)
    except RecursionError:
        problem = _too("nests values deeper", f"{MOST_LEVELS} levels")
    except ValueError as error:  # an integer of thousands of digits, a key stated twice
        problem = Problem("file", "", str(error).partition(":")[0])
    if problem is not None:
        raise ScenarioError([problem], source)
    return data


def is_json(source: str) -> bool:
    """Tell whether a source is JSON, by its ending."""
    return source.lower().endswith(".json")


def parse_assignment(text: str) -> tuple[str, Any]:
    """Return the path and the value of ``PATH=VALUE``, as stated on a command line.

    The value is read as TOML, and where it is none as plain text, so that names need no quotes.

    Raises
    ------
    ArgumentError
        Where the text has no path, or no equals sign.

    Examples
    --------
    >>> parse_assignment("stages.won.conversion=0.3")
    ('stages.won.conversion', 0.3)
    >>> parse_assignment('kpis."a = b".per=month')
    ('kpis."a = b".per', 'month')
    """
    match = _ASSIGNMENT.fullmatch(text[:MOST_BYTES])
    if match is None:
        raise ArgumentError(
            f"{shown(text)}: must be PATH=VALUE, for instance activity.per_quarter=1000"
        )
    path, value = match[1].strip(), match[2].strip()
    try:
        data = parsed(f"value = {value}\n", "value")
    except ScenarioError:
        return path, value
    return path, data["value"] if data.keys() == {"value"} else value


def too_large() -> Problem:
    """Return what is said of a file that is not even read."""
    return _too("is larger", f"{MOST_BYTES >> 20} MiB")


def _hostile(text: str, toml: bool) -> Problem | None:
    """Return what is wrong with a text that no parser should be asked to read."""
    if len(text) > MOST_BYTES:
        return too_large()
    if toml and _LONG_KEY.search(text):
        return _too("has keys of more", f"{MOST_KEY_PARTS} parts")
    if toml and sum(1 for _ in _HEADER.finditer(text)) > MOST_TABLES:
        return _too("has more", f"{MOST_TABLES} tables")
    return None


def _json(text: str) -> dict[str, Any]:
    data = json.loads(text, object_pairs_hook=_once)
    if not isinstance(data, dict):
        raise ValueError("a scenario must be an object of tables")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is stated twice, as TOML does."""
    data = dict(pairs)
    if len(data) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in data if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} is stated twice")
    return data


def _out_of_bounds(data: Mapping[str, Any]) -> Problem | None:
    level: list[Any] = [data]
    values = depth = 0
    while level:
        depth += 1
        values += len(level)
        if depth > MOST_LEVELS:
            return _too("nests values deeper", f"{MOST_LEVELS} levels")
        if values > MOST_VALUES:
            return _too("holds more", f"{MOST_VALUES} values")
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return None


def _too(what: str, limit: str) -> Problem:
    return Problem("file", "", f"{what} than {limit}", "No scenario needs that.")


def _slip(text: str, line: int) -> str:
    """Return the usual remedy for a line that is no TOML."""
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    for pattern, remedy in (
        (r"=\s*\d{1,3}(,\d{3})+", "Write thousands with underscores: 250_000."),
        (r"=\s*[\d.]+\s*%", "Write a percentage as a fraction: 33% is 0.33."),
        (r"=\s*[$€£]", "Write amounts as plain numbers: 250_000."),
        (r"[\u201c\u201d\u2018\u2019]", 'Use straight quotes: "won".'),
        (r"=\s*[A-Za-z]", 'Put text in quotes: name = "won".'),
        (r"=\s*(#|$)", "A value is missing after the equals sign."),
        (r":\s", "Write key = value, with an equals sign."),
        (r"^\s*[^=\[\]]*\s[^=\[\]]*=", "Put a name with spaces in quotes."),
        (r"^\s*\[[^\]]*\s[^\]]*\]", "Put a name with spaces in quotes."),
    ):
        if re.search(pattern, written[:1000]):
            return remedy
    return ""
