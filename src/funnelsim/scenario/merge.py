"""Changes to a scenario: variants, ``replace`` and ``--set``, merged table by table.

Lists of named tables (stages, KPIs) are addressed by name, a plain list is replaced whole. What
cannot stand together makes room: one of per_week and per_quarter for the other, the parameters of
the old law for those of the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.problems import shortened
from funnelsim.scenario.tables import (
    Table,
    field_of,
    is_list,
    is_map,
    keys_of,
    nested,
    stated_in,
)
from funnelsim.scenario.wording import did_you_mean, parts_of, quoted, shown, step

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

OFF_LIMITS = ("name", "currency", "calendar", "variants")  # of variants
FIXED = ("stages",)  # of any change: shared luck goes by their position
FIXED_IN_VARIANTS = ("stages", "sources", "segments")
AS_IN = {
    "stages": "stages.won.conversion",
    "sources": "sources.inbound.per_week",
    "segments": "segments.enterprise.headcount",
}
MAY_NOT = "cannot be added, removed or renamed by a change"
LEVELS = ("per_week", "per_quarter")
MOST_VARIANTS = 200
MOST_TITLE = 200  # characters
MOST_PROBLEMS_TO_COMPARE = 50  # a base that is worse than that is mended before its variants


def replaced(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return the scenario with the values at some paths changed.

    It keeps the variants. One that no longer fits is in nobody's way: it says so when asked for.

    Raises
    ------
    ScenarioError
        Where a path or a value is wrong.
    """
    problems: list[Problem] = []
    tree: dict[str, Any] = {}
    for path, value in _items(changes):
        parts = parts_of(path)
        if parts is None:
            rule = "must be a path such as stages.won.conversion"
            remedy = 'Quote names with dots or spaces: kpis."big deals".target.'
            problems.append(Problem(shown(path), "", rule, remedy))
        else:
            _plant(tree, parts, plain(value))
    data = _merged(type(scenario), stated_in(scenario), tree, "", problems)
    kept = {} if "variants" in tree else {"variants": data.pop("variants", {})}
    try:
        changed = type(scenario)(**data)
    except ScenarioError as error:
        problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return changed.model_copy(update=kept)


def variant_of(scenario: Scenario, name: str) -> Scenario:
    """Return one of the scenario's variants as a scenario of its own.

    Raises
    ------
    ScenarioError
        Where there is no such variant.
    """
    if name not in scenario.variants:
        there_are = f"There are: {', '.join(map(quoted, scenario.variants)) or 'none'}."
        remedy = did_you_mean(str(name), scenario.variants) or there_are
        raise ScenarioError(
            [Problem(f"variants.{quoted(str(name))}", "", "is not among the variants", remedy)]
        )
    variant: Scenario
    variant, problems = _variant(type(scenario), scenario, name, scenario.variants[name], [])
    if problems:  # the base was changed since the variants were checked
        raise ScenarioError(_within(name, problems))
    return variant


def plain(value: Any) -> Any:
    """Return a value as a file would hold it: plain dictionaries, lists and Python numbers."""
    if isinstance(value, (Table, Mapping)):
        return {key: plain(each) for key, each in stated_in(value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else value  # what NumPy made


def problems_of_variants(
    table: type[Table], base: Table | Mapping[str, Any], of_base: tuple[Problem, ...]
) -> tuple[Problem, ...]:
    """Return what is wrong with the variants, beside what is wrong with their base.

    Parameters
    ----------
    table : type of Table
        The kind of the base.
    base : Table or mapping
        The base, or what was stated of it where it is wrong itself; with its ``variants``.
    of_base : tuple of Problem
        What is wrong with the base itself.
    """
    variants = stated_in(base).get("variants")
    if not isinstance(base, Table):
        base = {**base, "name": "base"}  # what is wrong with its name was said
    too_many = len(of_base) > MOST_PROBLEMS_TO_COMPARE
    if not isinstance(variants, Mapping) or len(variants) > MOST_VARIANTS or too_many:
        return ()
    known = {(each.path, each.value, each.rule) for each in of_base}
    found: list[Problem] = []
    for name, changes in variants.items():
        if isinstance(name, str) and isinstance(changes, Mapping):
            merging: list[Problem] = []
            found_here = _variant(table, base, name, changes, merging)[1]
            own = [*merging, *found_here]
            new = [each for each in own if (each.path, each.value, each.rule) not in known]
            found.extend(_within(name, new))
    return shortened(found)


def _items(changes: object) -> list[tuple[Any, Any]]:
    """Return paths and values, of whatever has items: a dictionary, a row of a table."""
    items = getattr(changes, "items", None)
    if items is None:
        remedy = 'Such as {"activity.per_quarter": 800}.'
        raise ScenarioError(
            [Problem("changes", shown(changes), "must give values by their paths", remedy)]
        )
    return list(items())


def _within(name: str, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems of a variant with the variant in their paths."""
    return [replace(each, path=f"variants.{quoted(name)}.{each.path}") for each in problems]


def _variant(
    table: type[Any],
    base: Table | Mapping[str, Any],
    name: str,
    changes: Mapping[str, Any],
    merging: list[Problem],
) -> tuple[Any, tuple[Problem, ...]]:
    """Return a variant and what is wrong with it; what could not be merged is added to a list."""
    data = _variant_data(table, stated_in(base), name, changes, merging)
    try:
        variant = table(**data)
    except ScenarioError as error:
        return None, error.problems
    return variant, tuple(_moved(base, variant)) if isinstance(base, table) else ()


def _moved(base: Scenario, variant: Scenario) -> Iterator[Problem]:
    """Yield the segments whose stages or sources a variant adds, removes or renames."""
    for name, rep in base.team.items() if base.segments else ():
        other = variant.team[name]
        for key in ("stages", "sources"):
            if _names(getattr(rep, key)) != _names(getattr(other, key)):
                path = f"segments.{quoted(name)}.{key}"
                yield Problem(path, "", MAY_NOT, "Address them by name, or state a segment more.")


def _variant_data(
    table: type[Table],
    data: Mapping[str, Any],
    name: str,
    changes: Mapping[str, Any],
    problems: list[Problem],
) -> dict[str, Any]:
    """Return the data of a variant, which has no variants of its own."""
    for key in OFF_LIMITS:
        if key in changes:
            rule = "is the same in every variant" if key != "variants" else "does not nest"
            problems.append(Problem(key, "", rule, "State it once, outside the variants."))
    allowed = {key: value for key, value in changes.items() if key not in OFF_LIMITS}
    base = {key: value for key, value in data.items() if key != "variants"}
    if isinstance(base.get("name"), str):
        base["name"] = titled(base["name"], name)
    return _merged(table, base, allowed, "", problems, FIXED_IN_VARIANTS)


def titled(title: str, part: str) -> str:
    """Return the title of a variant or a segment."""
    room = MOST_TITLE - len(f", {part}")
    return f"{title if len(title) <= room else title[: room - 1] + '…'}, {part}"


def merged(
    table: type[Table],
    base: Table | Mapping[str, Any],
    changes: Table | Mapping[str, Any],
    problems: list[Problem] | None = None,
) -> dict[str, Any]:
    """Return what is stated in a table with the changes merged in; lists of tables may be new.

    Parameters
    ----------
    table : type of Table
        The kind of the base.
    base, changes : Table or mapping
        The changes state only what differs.
    problems : list of Problem, optional
        Takes what cannot be merged.
    """
    found: list[Problem] = [] if problems is None else problems
    return _merged(table, stated_in(base), stated_in(changes), "", found, fixed=())


def _merged(
    table: type[Table],
    base: Mapping[str, Any],
    changes: Mapping[str, Any],
    path: str,
    problems: list[Problem],
    fixed: Collection[str] = FIXED,
) -> dict[str, Any]:
    """Return the base with the changes; what cannot be merged is added to the problems."""
    gives_way = _gives_way(table, changes)
    result = {key: value for key, value in base.items() if key not in gives_way}
    _make_room(table, result, changes)
    for key, value in changes.items():
        inner, old, here = nested(table, key), result.get(key), f"{path}{quoted(key)}"
        if inner is None or not (isinstance(value, Mapping) or is_list(table, key)):
            result[key] = _deeper(old, value)
        elif not is_list(table, key) and not is_map(table, key):
            result[key] = _merged(inner, stated_in(old), value, f"{here}.", problems, fixed)
        elif isinstance(value, Mapping) and isinstance(old, (list, tuple)) and _has_names(inner):
            result[key] = _entries(inner, old, value, here, problems, fixed)
        elif isinstance(value, Mapping) and (is_map(table, key) or isinstance(old, Mapping)):
            result[key] = _by_name(inner, old, value, here, problems, fixed)
        else:
            result[key] = value
        listed = isinstance(old, (list, tuple)) or table.whole is None
        if key in fixed and listed and _names(result[key]) != _names(old):
            remedy = f"Address them by name: {AS_IN[key]}."
            problems.append(Problem(here, "", MAY_NOT, remedy))
            result[key] = old
    return result


def _by_name(
    inner: type[Table],
    old: Any,
    changes: Mapping[str, Any],
    path: str,
    problems: list[Problem],
    fixed: Collection[str],
) -> dict[str, Any]:
    """Return tables by name with the changes to some of them, and new ones."""
    result = dict(old) if isinstance(old, Mapping) and changes else {}
    for name, change in changes.items():
        here, known = f"{path}.{quoted(name)}.", stated_in(result.get(name))
        stated = isinstance(change, Mapping)
        result[name] = _merged(inner, known, change, here, problems, fixed) if stated else change
    return result


def _entries(
    inner: type[Table],
    old: Sequence[Any],
    changes: Mapping[str, Any],
    path: str,
    problems: list[Problem],
    fixed: Collection[str],
) -> list[Any]:
    """Return a list of named tables with the changes to some of its entries."""
    result = list(old)
    names = _names(old)
    for name, change in changes.items():
        here = f"{path}.{quoted(name)}"
        if name not in names:
            there = [each for each in names if isinstance(each, str)]
            there_are = f"There are: {', '.join(map(quoted, there)) or 'none'}."
            remedy = did_you_mean(name, there) or there_are
            problems.append(Problem(here, "", f"is not among the {path}", remedy))
        elif not isinstance(change, Mapping):
            problems.append(Problem(here, shown(change), "must be a table", "Address a key of it."))
        else:
            index = names.index(name)
            known = stated_in(old[index])
            result[index] = _merged(inner, known, change, f"{here}.", problems, fixed)
    return result


def _gives_way(table: type[Table], changes: Mapping[str, Any]) -> set[str]:
    """Return the keys that cannot stay beside the changes, unless these state them anew."""
    gone: set[str] = set()
    now = [key for key in table.either_or if changes.get(key) is not None]
    if now:
        gone |= set(table.either_or)
        gone |= {key for key, one in table.beside.items() if one not in now}
    law = changes.get("law")
    if isinstance(law, str) and law in table.laws:
        gone |= {key for keys in table.laws.values() for key in keys} - set(table.laws[law])
    return gone


def _make_room(table: type[Table], base: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Take out of a base what cannot stay beside changes of another table.

    A level and the hours that it would be solved from; sizes, and a quota that counts wins.
    """
    if "effort" not in keys_of(table):
        return
    activity = stated_in(changes.get("activity"))
    if any(activity.get(key) is not None for key in LEVELS):
        base.pop("effort", None)
    if changes.get("effort") is not None and "activity" in base:
        level = stated_in(base["activity"])
        base["activity"] = {key: level[key] for key in level if key not in LEVELS}
    if stated_in(changes.get("quota")).get("of") == "wins":
        base.pop("deal_size", None)
        base.pop("windfall", None)


def _has_names(table: type[Table]) -> bool:
    return field_of(table, "name") is not None


def _names(entries: Any) -> list[Any]:
    return [step(entry, "name") for entry in entries] if isinstance(entries, (list, tuple)) else []


def _deeper(old: Any, new: Any) -> Any:
    """Return a plain value, or a dictionary merged key by key; an empty one clears."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping) and new):
        return new
    return {**old, **{key: _deeper(old.get(key), value) for key, value in new.items()}}


def _plant(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at a path of a tree of dictionaries."""
    for part in path[:-1]:
        below = tree.get(part)
        tree[part] = dict(below) if isinstance(below, Mapping) else {}
        tree = tree[part]
    tree[path[-1]] = value
