"""Where each number of a plan comes from, as far as the comments of its file say so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funnelsim.report.levers import is_amount, is_share
from funnelsim.scenario import shelf
from funnelsim.scenario.files import dumps
from funnelsim.scenario.lines import line_of, lines_of
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import quoted, step

DATA, PUBLISHED, ASSUMPTION, UNSAID = "data", "published", "assumption", "not stated"
EVERY = "Source of every number without another:"  # in the head of a file
NOT_NUMBERS = ("name", "currency", "variants", "segments", "preset", "law", "metric", "per", "kind")
REFERENCES = ("reference_per_week", "reference_per_quarter")
MOST_LISTED = 6  # values of a list that are shown
LONGEST = 240  # letters of a note

_TEXTS = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'[^']*'""")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_CITES = re.compile(
    r"\bgrade [A-D]\b|\b(?:19|20)\d\d\b|\bpractitioner\b|\bpublished\b|\bworked example\b",
    re.IGNORECASE,
)
_DATA = re.compile(r"^(?:data|calibrated|measured|from (?:our|the) (?:CRM|data))\b", re.IGNORECASE)
_UNITS = {
    "per_week": "a week", "per_quarter": "a quarter", "per_sdr_week": "a week and SDR",
    "days": "days", "lost_days": "days", "weeks": "weeks",
    "fill_weeks": "weeks", "week": "week", "minutes": "minutes", "measured_at": "minutes",
    "quarters": "quarters", "weeks_per_quarter": "weeks", "headcount": "reps", "reps": "reps",
    "floor_per_week": "activities a week", "cap_per_week": "activities a week",
    "hours_per_week": "hours a week", "sdrs_per_rep": "SDRs a rep", "multiple": "times the mean",
    "odds": "times the odds", "over_assignment": "times the target", "start_week": "week",
}  # fmt: skip
_MONEY = ("ote", "overhead", "hiring_cost", "plan.target", "sdr.per_year")
_OF_ONE = ("share", "handover", "from", "variable", "coverage", "logged", "gross_margin", "churn",
           "contraction", "expansion", "discount", "on_costs", "elasticity")  # fmt: skip


@dataclass(frozen=True)
class Assumed:
    """A number that a plan states.

    Attributes
    ----------
    path : str
    value : object
    unit : str
    source : str
        "data", "published", "assumption" or "not stated".
    date : str
        Year of the source; empty where none is said.
    note : str
        What the file says of it.
    """

    path: str
    value: Any
    unit: str
    source: str = UNSAID
    date: str = ""
    note: str = ""

    @property
    def numbers(self) -> tuple[float, ...]:
        """The number, or those of a list."""
        values = self.value if isinstance(self.value, (list, tuple)) else [self.value]
        return tuple(
            float(each) for each in values if isinstance(each, int | float) and each is not True
        )


def assumed_of(plan: Scenario, text: str | None = None) -> list[Assumed]:
    """Return every number that a plan states, with its source.

    Parameters
    ----------
    plan : Scenario
    text : str, optional
        The file that it was read from; a value that the plan has otherwise than the file does not
        take its comment. Without a file, that of a preset of the plan's name.

    Examples
    --------
    >>> import funnelsim as fs
    >>> found = {each.path: each for each in assumed_of(fs.preset("mid_market"))}
    >>> found["activity.rep_cv"].source, found["activity.rep_cv"].date
    ('published', '1990')
    """
    text = _preset_text(plan) if text is None else text
    stated = tomllib.loads(dumps(plan))
    own = _Comments(text) if text is not None else None
    found = [_assumed(path, value, own) for path, value in _flat(stated)]
    for segment in stated.get("segments", []):
        head = f"segments.{quoted(segment['name'])}"
        rows = {path: _assumed(f"{head}.{path}", value, own) for path, value in _flat(segment)}
        name = segment.get("preset")
        if name in shelf.names():
            base = _Comments(shelf.text_of(name))
            replaced = tuple(rows)
            for path, value in _flat(shelf.data_of(name)):
                known = path in rows or path.startswith(tuple(f"{each}." for each in replaced))
                if not known and not path.startswith(("calendar", "market")):
                    each = _assumed(path, value, base)
                    rows[path] = Assumed(
                        f"{head}.{path}", value, each.unit, each.source, each.date, each.note
                    )
        found += rows.values()
    return [each for each in found if each.numbers and not _filled_in(each.path, own)]


def _filled_in(path: str, own: _Comments | None) -> bool:
    """Return whether a reference was filled in, and not stated."""
    return own is not None and path.endswith(REFERENCES) and own.value(path) is None


class _Comments:
    """The comments of a file, by the lines that they are about."""

    def __init__(self, text: str) -> None:
        try:
            self.data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):  # a file in JSON has no comments
            self.data = {}
        self.lines = lines_of(text, self.data) if self.data else {}
        self._rows = text.splitlines()
        whole = " ".join(row.lstrip("# ").strip() for row in self._heading())
        _, said, every = whole.partition(EVERY)
        self.every = every.strip() if said else ""

    def _heading(self) -> Iterator[str]:
        for row in self._rows:
            if row.strip() and not row.startswith("#"):
                return
            yield row

    def value(self, path: str) -> Any:
        """Return what the file has at a path."""
        return dict(_flat(self.data, deep=True)).get(path)

    def about(self, path: str) -> str:
        """Return the comment about a path: beside it, above it, or above its table."""
        number = line_of(path, self.lines)
        while number is not None:
            beside = _beside(self._rows[number - 1])
            above = self._above(number)
            if beside or above:
                return beside or above
            table = path.rpartition(".")[0]
            path, before = table, number
            number = line_of(path, self.lines) if path else None
            if number == before:
                continue
        return ""

    def _above(self, number: int) -> str:
        """Return the comment block above a line; above a table also one with an empty line."""
        rows: list[str] = []
        index = number - 2
        is_table = self._rows[number - 1].lstrip().startswith("[")
        if is_table and index >= 0 and not self._rows[index].strip():
            index -= 1
        while index >= 0 and self._rows[index].lstrip().startswith("#"):
            rows.insert(0, self._rows[index].strip("# ").strip())
            index -= 1
        return "" if index < 0 else " ".join(rows)  # the heading is about no key


def _assumed(path: str, value: Any, comments: _Comments | None) -> Assumed:
    """Return a number with what the comments say, where they are about this value."""
    unit = _unit(path)
    if comments is None or not _same(comments.value(path), value):
        changed = comments is not None and comments.value(path) is not None
        note = "changed from what its file states" if changed else ""
        return Assumed(path, value, unit, note=note)
    said = comments.about(path)
    source, cited = _source(said), said
    if source == UNSAID and comments.every:
        source, cited = _source(comments.every), comments.every
    note = said if said else cited
    years = _YEAR.findall(cited)
    date = max(years) if years and source in (PUBLISHED, DATA) else ""
    return Assumed(
        path, value, unit, source, date, note if len(note) <= LONGEST else f"{note[:LONGEST]}…"
    )


def _source(said: str) -> str:
    """Return what kind of source a comment names.

    Examples
    --------
    >>> _source("assumption: a year"), _source("a median of $38k (Bridge Group, 2023, grade B)")
    ('assumption', 'published')
    >>> _source("data: our CRM, 2025"), _source("")
    ('data', 'not stated')
    """
    if _DATA.match(said):
        return DATA
    if said.lower().startswith("assumption"):
        return ASSUMPTION
    if _CITES.search(said):
        return PUBLISHED
    return ASSUMPTION if "assumption" in said.lower() else UNSAID


def _flat(
    data: Mapping[str, Any], head: str = "", *, deep: bool = False
) -> Iterator[tuple[str, Any]]:
    """Yield the values of a file by path: entries of lists by name; of segments where asked."""
    for key, value in data.items():
        path = f"{head}{quoted(key)}"
        if not head and key in NOT_NUMBERS and not (deep and key == "segments"):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for index, each in enumerate(value):
                name = step(each, "name")
                entry = f"{path}.{quoted(name)}" if isinstance(name, str) else f"{path}[{index}]"
                rest = {k: v for k, v in each.items() if k not in NOT_NUMBERS}
                yield from _flat(rest, f"{entry}.")
        elif key not in NOT_NUMBERS:
            yield path, value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return bool(one == other)


def _beside(row: str) -> str:
    """Return the comment at the end of a line."""
    return _TEXTS.sub("", row).partition("#")[2].strip() if "=" in row or row[:1] == "[" else ""


def _unit(path: str) -> str:
    key = path.rpartition(".")[2]
    rest = path.split(".", 2)[2] if path.startswith("segments.") and path.count(".") > 1 else path
    if is_amount(rest) or rest.endswith(_MONEY):
        return "currency"
    if "conversion." in rest or is_share(rest) or key in _OF_ONE:
        return "share"
    if key.endswith("cv"):
        return "of the mean"
    return _UNITS.get(key, "")


def _preset_text(plan: Scenario) -> str | None:
    """Return the file of the preset of a plan's name, with or without a variant's."""
    for name in shelf.names():
        title = str(shelf.data_of(name)["name"])
        if plan.name == title or plan.name.startswith(f"{title}, "):
            return shelf.text_of(name)
    return None
