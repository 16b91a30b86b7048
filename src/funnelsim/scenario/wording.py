"""How a mistake is worded: paths, values, what a key asks for, and what may have been meant."""

from __future__ import annotations

import datetime
import difflib
import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from funnelsim.scenario.tables import Table

MOST_NAMES = 100  # of a list; entries of a longer one go by number
LONGEST = 60  # characters of a value or of a part of a path that are shown

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PART = re.compile(r"""([A-Za-z0-9_-]+|"(?:[^"\\]|\\["\\])*"|'[^']*')(?:\.|$)""")
_NUMBER = re.compile(
    r"[\s$€£¥~]*([-+]?(?:(?:\d{1,3}(?:[,_' ]\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?)"
    r"\s*(%|[kKmM])?(?:\s*[A-Za-z]{3})?[\s$€£¥]*"
)
_NOUNS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length")


def spoken(location: Sequence[str | int], data: Any) -> str:
    """Return a path in the user's words: list entries by name, names with odd characters quoted.

    Examples
    --------
    >>> spoken(("stages", 0, "days"), {"stages": [{"name": "won"}]})
    'stages.won.days'
    >>> spoken(("kpis", 0, "target"), {"kpis": [{"name": "big deals"}]})
    'kpis."big deals".target'
    >>> spoken(("stages", 0, "name"), {"stages": [{}]})
    'stages[0].name'
    """
    path, here = "", data
    for part in location:
        name = _name_of(here, part) if isinstance(part, int) else part
        path += f"[{part}]" if name is None else f".{quoted(name)}"
        here = step(here, part)
    return path.removeprefix(".")


def parts_of(path: object) -> tuple[str, ...] | None:
    """Split a path at its dots, quotes respected; None where it is no path.

    Examples
    --------
    >>> parts_of('kpis."big deals".target')
    ('kpis', 'big deals', 'target')
    >>> parts_of("stages..won") is None
    True
    """
    if not isinstance(path, str):
        return None
    parts, position = [], 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            return None
        part = match[1]
        if part[0] == '"':
            part = re.sub(r'\\(["\\])', r"\1", part[1:-1])
        elif part[0] == "'":
            part = part[1:-1]
        parts.append(part)
        position = match.end()
    return tuple(parts) if parts and not path.endswith(".") else None


def quoted(word: str) -> str:
    """Return a part of a path as it is written in a file: in quotes where it needs them."""
    if len(word) <= LONGEST and _BARE.fullmatch(word):
        return word
    return shown(word)


def step(here: Any, part: str | int) -> Any:
    """Return what stands under a key or index, of raw data and tables alike; None for nothing."""
    if isinstance(here, Table):
        return getattr(here, str(part)) if part in type(here).model_fields else None
    if isinstance(here, Mapping):
        return here.get(part)
    if isinstance(here, (list, tuple)) and isinstance(part, int) and part < len(here):
        return here[part]
    return None


def shown(value: Any) -> str:
    """Return a value as a file would have it, shortened, and harmless on a terminal."""
    if isinstance(value, str):
        body = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        body = body.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in body) + '"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Mapping, Table)):
        return "{...}" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[...]" if value else "[]"
    if isinstance(value, int) and value.bit_length() > 200:
        return "an integer of many digits"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def entry_of(annotation: Any) -> Any:
    """Return the annotation of the entries of a list or dictionary."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return inner[0]
    if origin is dict:
        return inner[1]
    return next(filter(None, map(entry_of, inner)), None)


def asked(annotation: Any, metadata: Iterable[Any], value: Any) -> tuple[str, str, dict[str, Any]]:
    """Return what a key asks for, as its type says.

    Returns
    -------
    noun : str
        ``a number``, ``a whole number``, ``a table``, ``one of 'steady', 'empty'`` ...
    extent : str
        ``between 0 and 1``; empty where nothing bounds it.
    limits : dict
        The bounds themselves, by pydantic's names for them.
    """
    limits = {
        key: getattr(each, key)
        for outer in metadata
        for each in (outer, *getattr(outer, "metadata", ()))
        for key in _LIMITS
        if getattr(each, key, None) is not None
    }
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        noun, extent, own = asked(inner[0], inner[1:], value)
        return noun, extent or _extent(noun, limits), own | limits
    if origin in (Union, types.UnionType):
        kinds = [each for each in inner if each is not type(None)]
        listed = isinstance(value, (list, tuple))
        fitting = [kind for kind in kinds if ("tuple[" in str(kind)) == listed]
        return asked((fitting or kinds)[0], (), value)
    if origin is Literal:
        return f"one of {', '.join(map(repr, inner))}", "", limits
    if origin is tuple:
        tables = isinstance(inner[0], type) and issubclass(inner[0], Table)
        noun = "a list of tables" if tables else "a list of numbers"
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, Table)):
        noun = "a table"
    else:
        noun = _NOUNS.get(annotation, "a value")
    return noun, _extent(noun, limits), limits


def number_in(text: str) -> str | None:
    """Return the number that a text spells, as a file would have it; None where it spells none.

    Examples
    --------
    >>> [number_in(text) for text in ("33%", "$250,000", "250k", "-.5", "3,5", "a few")]
    ['0.33', '250000', '250000', '-0.5', None, None]
    """
    match = _NUMBER.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    number = float(re.sub("[,_' ]", "", match[1]))
    factor = {"%": 0.01, "k": 1e3, "m": 1e6}.get((match[2] or "").lower(), 1.0)
    return f"{number * factor:.12g}"


def hint(noun: str, limits: Mapping[str, Any], value: Any, path: str) -> str:
    """Return what may have been meant by a value that is not what its key asks for."""
    if noun in ("a number", "a whole number"):
        return _number_hint(noun, limits, value)
    if noun == "a list of tables" and isinstance(value, Mapping):
        return f"Write [[{path}]], with two brackets."
    if noun == "a table" and isinstance(value, (list, tuple)):
        return f"Write [{path}], with one bracket."
    if noun == "text" and isinstance(value, (int, float)):
        return f'Write it in quotes: "{shown(value)}".'
    if noun.startswith("one of") and isinstance(value, str):
        return did_you_mean(value, re.findall(r"'([^']*)'", noun))
    return ""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return a question that names the nearest candidate, or nothing."""
    known, word = list(candidates), word[:LONGEST]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    near = near or [each for each in known if each.startswith(word)]
    return f"Did you mean {quoted(near[0])}?" if near and word else ""


def _number_hint(noun: str, limits: Mapping[str, Any], value: Any) -> str:
    if isinstance(value, bool):
        return "true and false are no numbers."
    if isinstance(value, str):
        number = number_in(value)
        return f"Write {number}, without quotes." if number else "Write a number, without quotes."
    if isinstance(value, (datetime.date, datetime.time)):
        return "This reads as a date or a time; write a number."
    if isinstance(value, float) and not math.isfinite(value):
        return "It has to be finite: leave the key out where nothing limits it."
    if isinstance(value, (list, tuple)):
        return "Write one number, without brackets."
    if isinstance(value, Mapping):
        return "A table cannot stand here."
    if (
        isinstance(value, (int, float))
        and limits.get("le") == 1
        and 1 < value <= 100
        and limits.get("ge") != -1
    ):
        return "A percentage? Divide by 100."
    if noun == "a whole number" and isinstance(value, float):
        whole = math.floor(value)
        if limits.get("ge", whole) <= whole <= limits.get("le", whole):
            return f"Write {whole}, without a decimal point."
    return ""


def _extent(noun: str, limits: Mapping[str, Any]) -> str:
    if noun == "text" or noun.startswith("a list"):
        low, high = limits.get("min_length") or 0, limits.get("max_length") or 0
        unit = "characters" if noun == "text" else "entries"
        if not high:
            return ""
        return f"of {low} {unit}" if low == high else f"of {low} to {_figure(high)} {unit}"
    low, high = limits.get("ge"), limits.get("le")
    if low is not None and high is not None:
        return f"between {_figure(low)} and {_figure(high)}"
    bounds = [
        f"{word} {_figure(limits[key])}"
        for key, word in (("gt", "above"), ("ge", "at least"), ("lt", "below"), ("le", "at most"))
        if key in limits
    ]
    return " and ".join(bounds)


def _figure(number: float) -> str:
    return f"{number:_}" if number == int(number) and abs(number) < 1e9 else f"{number:g}"


def _name_of(entries: Any, index: int) -> str | None:
    """Return an entry's name, if it has one that no other entry has."""
    if not isinstance(entries, (list, tuple)) or len(entries) > MOST_NAMES:
        return None
    names = [step(entry, "name") for entry in entries]
    name = names[index] if index < len(names) else None
    return name if isinstance(name, str) and name and names.count(name) == 1 else None
