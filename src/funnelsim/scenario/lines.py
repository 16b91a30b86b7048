"""Where a key stands in a file: best effort, and only for messages.

The parsers do not tell. A line that is wrong or missing makes a message worse and nothing else, so
TOML is read line by line, without following what is nested inside a value.
"""

from __future__ import annotations

import re
from typing import Any

from funnelsim.scenario.wording import spoken

MOST_KEYS = 5_000  # a file of more is answered without lines

_WORD = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_WORD}(?:[ \t]*\.[ \t]*{_WORD})*)[ \t]*(=|\])")
_WORDS = re.compile(_WORD)
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')
_TEXTS = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'[^']*'|\#.*""")


def lines_of(text: str, data: Any) -> dict[str, int]:
    r"""Return the line of every key and table header by its path, in the words of messages.

    Examples
    --------
    >>> text = '[quota]\nper_quarter = 1\n[[stages]]\nname = "won"\n'
    >>> lines_of(text, {"stages": [{"name": "won"}]})
    {'quota': 1, 'quota.per_quarter': 2, 'stages.won': 3, 'stages': 3, 'stages.won.name': 4}
    """
    found: dict[str, int] = {}
    header: tuple[str | int, ...] = ()
    entries: dict[tuple[str | int, ...], int] = {}  # the last index of each list of tables
    open_brackets = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if len(found) > MOST_KEYS:
            break
        start = line.lstrip()
        if open_brackets <= 0 and not start.startswith("#"):
            match = _KEY.match(start.lstrip("["))
            if match is not None:
                keys = tuple(word.strip("\"'") for word in _WORDS.findall(match[1]))
                listed = start.startswith("[[")
                if start.startswith("["):
                    header = _entered(keys, listed, entries)
                    location = header
                else:
                    location = (*header, *keys)
                for length in range(len(location), 0, -1):
                    found.setdefault(spoken(location[:length], data), number)
        if not start.startswith("["):
            bare = _TEXTS.sub("", line)
            open_brackets += sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))
    return found


def json_lines_of(text: str, data: Any) -> dict[str, int]:
    r"""Return the line of every key and entry of a JSON text by its path.

    Examples
    --------
    >>> text = '{"quota": {\n"per_quarter": [1,\n2]}}'
    >>> json_lines_of(text, {})["quota.per_quarter[1]"]
    3
    """
    found: dict[str, int] = {}
    location: list[str | int] = []  # the key or the index at each level
    number, before = 1, ""
    for piece in _TOKENS.findall(text):
        if len(found) > MOST_KEYS:
            break
        if piece == "\n":
            number += 1
            continue
        if piece == ":" and location:
            location[-1] = before[1:-1]
            found.setdefault(spoken(location, data), number)
        elif piece not in ",]}" and location and isinstance(location[-1], int):
            found.setdefault(spoken(location, data), number)
        if piece in "{[":
            location.append("" if piece == "{" else 0)
        elif piece in "}]" and location:
            location.pop()
        elif piece == "," and location and isinstance(location[-1], int):
            location[-1] += 1
        before = piece
    return found


def line_of(path: str, lines: dict[str, int]) -> int | None:
    """Return the line of a path, or of the nearest table around it."""
    ends = [match.start() for match in re.finditer(r"[.\[]|$", path)]
    return next((lines[path[:end]] for end in reversed(ends) if path[:end] in lines), None)


def _entered(
    keys: tuple[str, ...], listed: bool, entries: dict[tuple[str | int, ...], int]
) -> tuple[str | int, ...]:
    """Return the location that a header opens, through the last entries of lists above it."""
    location: tuple[str | int, ...] = ()
    for position, key in enumerate(keys):
        location = (*location, key)
        if listed and position == len(keys) - 1:
            entries[location] = entries.get(location, -1) + 1
        if location in entries:
            location = (*location, entries[location])
    return location
