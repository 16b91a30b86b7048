"""What differs between two plans, in the words of their files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.tables import Table
from funnelsim.scenario.wording import quoted

SAID_ELSEWHERE = ("name", "variants")  # a title changes nothing, and variants are plans themselves

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One value that two plans do not share.

    Attributes
    ----------
    path : str
        As :meth:`Scenario.replace` takes it: ``stages.won.conversion``.
    before, after : number, text, list or None
        The values; a plan that leaves a key out has its default, None where there is none.
    """

    path: str
    before: Any
    after: Any


def changes_between(plan: Scenario, other: Scenario) -> list[Change]:
    """Return what differs from one plan to another, in the order of the file.

    Compared is what their files state: titles and variants are left out, stages and KPIs go by
    name.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> for change in changes_between(plan, plan.replace({"stages.won.conversion": 0.4})):
    ...     print(change.path, round(change.before, 3), change.after)
    stages.won.conversion 0.333 0.4
    """
    mine, theirs = _stated(plan), _stated(other)
    found = []
    for parts in dict.fromkeys([*mine, *theirs]):
        if mine.get(parts) == theirs.get(parts):
            continue
        before = mine[parts] if parts in mine else _default(plan, parts)
        after = theirs[parts] if parts in theirs else _default(other, parts)
        if before != after:  # a default may have been stated
            found.append(Change(".".join(map(quoted, parts)), before, after))
    return found


def _stated(plan: Scenario) -> dict[Parts, Any]:
    """Return every value of the plan's file by the parts of its path."""
    data = tomllib.loads(dumps(plan.model_copy(update={"variants": {}})))
    return dict(_leaves({key: data[key] for key in data if key not in SAID_ELSEWHERE}, ()))


def _leaves(data: Mapping[str, Any], above: Parts) -> Iterator[tuple[Parts, Any]]:
    for key, value in data.items():
        here = (*above, key)
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        elif isinstance(value, list) and value and _is_named(value[0]):
            for entry in value:
                rest = {key: each for key, each in entry.items() if key != "name"}
                yield from _leaves(rest, (*here, entry["name"]))
        else:
            yield here, value


def _is_named(entry: object) -> bool:
    """Return whether entries of a list go by name; hires do not."""
    return isinstance(entry, Mapping) and "name" in entry


def _default(plan: Scenario, parts: Parts) -> Any:
    """Return what a plan takes for a key that its file leaves out; None where nothing stands."""
    here: Any = plan
    if parts[0] == "segments" and len(parts) > 1:  # a segment takes it from what it rests on
        here, parts = plan.team.get(parts[1]), parts[2:]
    for part in parts:
        if isinstance(here, tuple):
            here = next((each for each in here if each.name == part), None)
        elif isinstance(here, Mapping):
            here = here.get(part)
        else:
            here = getattr(here, part, None)
    if isinstance(here, Table):
        return None
    if isinstance(here, tuple):
        return [_as_stated(each) for each in here]
    return here


def _as_stated(entry: object) -> object:
    """Return an entry of a list as a file has it."""
    return entry.model_dump(by_alias=True, exclude_none=True) if isinstance(entry, Table) else entry
