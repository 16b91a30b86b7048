"""From pydantic's errors to ours: every mistake at once, with path, value, rule and remedy.

Paths name list entries by their name (``stages.won.conversion``), as the command line does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, get_origin

from pydantic import ValidationError

from funnelsim.errors import Problem
from funnelsim.scenario.tables import (
    MISSING,
    Broken,
    Table,
    Unsound,
    about,
    broken_rules,
    is_list,
    is_map,
    keys_of,
    nested,
)
from funnelsim.scenario.wording import asked, did_you_mean, entry_of, hint, shown, spoken, step

MOST_PROBLEMS = 100  # reported at once; nobody mends more in one go

Location = tuple[str | int, ...]


def problems_of(error: ValidationError, table: type[Table], data: Any) -> tuple[Problem, ...]:
    """Return every mistake in what was stated.

    Parameters
    ----------
    error : ValidationError
        What pydantic found, key by key.
    table : type of Table
        The kind of table that was asked for.
    data : mapping
        What was stated.
    """
    found = error.errors(include_url=False)
    if any(not each["loc"] for each in found):  # a key that no text file could hold
        return (Problem("scenario", "", "must have keys that are UTF-8 text"),)
    faults = [each for each in found if each["type"] != "rule" and not _is_echo(each)]
    failed = {_key_of(table, each["loc"]) for each in faults if each["type"] != "extra_forbidden"}
    sound = _sound_part(table, data, failed, ())
    problems = [_problem(table, each, data) for each in faults[:MOST_PROBLEMS]]
    for location, broken in _rules_broken(sound, ()):
        at = location + broken.path
        problems.append(Problem(spoken(at, data), _seen(data, at), broken.rule, broken.remedy))
    return shortened(problems, len(faults) - MOST_PROBLEMS)


def shortened(problems: list[Problem], further: int = 0) -> tuple[Problem, ...]:
    """Return no more problems than anybody reads; the last one tells how many are left."""
    left = max(further, 0) + max(len(problems) - MOST_PROBLEMS, 0)
    if not left:
        return tuple(problems)
    return (*problems[:MOST_PROBLEMS], Problem(f"and {left} more", "", "mend these first"))


def _is_echo(fault: Mapping[str, Any]) -> bool:
    """Tell whether a list is called too short only because some of its entries are wrong."""
    short = fault["type"] == "too_short"
    return short and bool(len(fault["input"]) >= fault["ctx"]["min_length"])


def _seen(data: Any, location: Location) -> str:
    """Return what was stated at a place; nothing for a table, which its path says already."""
    for part in location:
        data = step(data, part)
    return "" if data is None or isinstance(data, (Mapping, Table, list, tuple)) else shown(data)


def _problem(table: type[Table], fault: Mapping[str, Any], data: Any) -> Problem:
    """Return one fault of pydantic in our words."""
    location = _location(table, fault["loc"])
    owner, key, tail = _place(table, location)
    path, value, context = spoken(location, data), fault["input"], fault.get("ctx", {})
    if fault["type"] == "extra_forbidden":
        return Problem(path, shown(value), *_unknown(table, owner, key))
    if fault["type"] == "value":
        return Problem(path, shown(value), context["rule"], context["remedy"])
    if fault["type"] == "string_unicode":
        return Problem(path, "", "must be UTF-8 text")
    if fault["type"] == "string_pattern_mismatch":
        return Problem(path, shown(value), "must be letters only", 'A label such as "USD".')
    field = owner.model_fields[key]
    if fault["type"] == "missing":
        return Problem(path, "", MISSING, about(owner, key))
    annotation, metadata = field.annotation, field.metadata
    for _ in tail:
        annotation, metadata = entry_of(annotation), []
    noun, extent, limits = asked(annotation, metadata, value)
    remedy = hint(noun, limits, value, path)
    if noun in ("a number", "a whole number") and fault["type"].startswith(("greater", "less")):
        noun = ""  # a number it is
    return Problem(path, shown(value), " ".join(filter(None, ("must be", noun, extent))), remedy)


def _place(table: type[Table], location: Location) -> tuple[type[Table], str, Location]:
    """Return the table that a location is in, its key there, and what follows the key."""
    key, tail = str(location[0]), location[1:]
    inner = nested(table, key)
    if inner is None or not tail:
        return table, key, tail
    entries = int(is_list(table, key) or is_map(table, key))
    return _place(inner, tail[entries:]) if tail[entries:] else (table, key, tail)


def _location(table: type[Table], location: Location) -> Location:
    """Return where pydantic found something, without the marks of its own."""
    owner, key, tail = _place(table, location)
    by_name = key in owner.model_fields and get_origin(owner.model_fields[key].annotation) is dict
    kept = (part for part in tail if isinstance(part, int) or (by_name and part != "[key]"))
    return (*location[: len(location) - len(tail)], *kept)


def _key_of(table: type[Table], location: Location) -> Location:
    """Return the key that a fault makes unsound: of a plain list, the list."""
    if isinstance(location[-1], int) and (whole := _plain_list(table, location[:-1])):
        return whole
    return _location(table, location)


@lru_cache(maxsize=100)  # a list may hold a hundred thousand mistakes
def _plain_list(table: type[Table], location: Location) -> Location:
    """Return the location of a list of plain values; nothing where it is a list of tables."""
    owner, key, _ = _place(table, location)
    return () if nested(owner, key) else _location(table, location)


def _sound_part(table: type[Table], data: Any, failed: set[Location], here: Location) -> Any:
    """Return a table of the parts that are sound, with Unsound in place of the others."""
    if isinstance(data, Table):
        return data
    if not isinstance(data, Mapping):
        return Unsound()
    values: dict[str, Any] = {}
    for key, field in table.model_fields.items():
        location, kind = (*here, key), nested(table, key)
        if key in data and (location in failed or _too_many(kind, data[key])):
            values[key] = Unsound()
        elif key not in data:
            values[key] = Unsound() if field.is_required() else field.get_default()
        elif kind is not None and isinstance(data[key], Mapping) and is_map(table, key):
            values[key] = {
                name: _sound_part(kind, entry, failed, (*location, name))
                for name, entry in data[key].items()
            }
        elif kind is not None and isinstance(data[key], (list, tuple)) and is_list(table, key):
            values[key] = tuple(
                _sound_part(kind, entry, failed, (*location, index))
                for index, entry in enumerate(data[key])
            )
        elif kind is not None and data[key] is not None:
            values[key] = _sound_part(kind, data[key], failed, location)
        elif isinstance(data[key], Mapping):
            values[key] = {
                name: Unsound() if (*location, name) in failed else value
                for name, value in data[key].items()
            }
        else:
            values[key] = tuple(data[key]) if isinstance(data[key], list) else data[key]
    return table.model_construct(_fields_set=set(values) & set(data), **values)


def _too_many(kind: type[Table] | None, stated: Any) -> bool:
    return kind is not None and isinstance(stated, (list, tuple)) and len(stated) > MOST_PROBLEMS


def _rules_broken(table: Any, here: Location) -> Iterator[tuple[Location, Broken]]:
    """Yield the rules that a table and the tables in it break, each with its place."""
    if not isinstance(table, Table):
        return
    for key in type(table).model_fields:
        value = getattr(table, key)
        if isinstance(value, tuple) and nested(type(table), key):
            for index, entry in enumerate(value):
                yield from _rules_broken(entry, (*here, key, index))
        elif isinstance(value, dict) and nested(type(table), key):
            for name, entry in value.items():
                yield from _rules_broken(entry, (*here, key, name))
        else:
            yield from _rules_broken(value, (*here, key))
    for broken in broken_rules(table):
        yield here, broken


def _unknown(top: type[Table], table: type[Table], key: str) -> tuple[str, str]:
    """Return the rule and the remedy for a key that a table does not have."""
    if "." in key:
        return "is not a key of this table", "Write the path without quotes."
    keys = keys_of(table)
    if homes := sorted(_homes(top).get(key, ()) if len(key) > 1 else (), key=_depth):
        return "is not a key of this table", f"It belongs {' or '.join(homes[:3])}."
    remedy = did_you_mean(key, keys) or f"There are: {', '.join(keys)}."
    return "is not a key of this table", remedy


def _depth(home: str) -> int:
    return home.count(" of ")


@cache
def _homes(table: type[Table], place: str = "") -> dict[str, list[str]]:
    """Return for every key where it may stand: ``in [activity]``, ``in whale of [deal_size]``."""
    found: dict[str, list[str]] = {}
    for key in table.model_fields:
        found.setdefault(key, []).append(f"in {place}" if place else "above the first table")
        if (inner := nested(table, key)) is not None:
            below = f"[[{key}]]" if is_list(table, key) else f"[{key}]"
            for each, homes in _homes(inner, f"{key} of {place}" if place else below).items():
                found.setdefault(each, []).extend(homes)
    return found
