"""Changes to a scenario: variants, ``replace`` and ``--set``, merged table by table.

Lists of named tables (stages, KPIs) are addressed by name, a plain list is replaced whole. What
cannot stand together makes room: one of per_week and per_quarter for the other, the parameters of
the old law for those of the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.problems import shortened
from funnelsim.scenario.tables import Table, is_list, nested
from funnelsim.scenario.wording import did_you_mean, parts_of, quoted, shown, step

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

OFF_LIMITS = ("name", "currency", "calendar", "variants")  # of variants
FIXED = "stages"  # shared luck goes by their position
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
    for path, value in changes.items():
        parts = parts_of(path)
        if parts is None:
            rule = "must be a path such as stages.won.conversion"
            remedy = 'Quote names with dots or spaces: kpis."big deals".target.'
            problems.append(Problem(shown(path), "", rule, remedy))
        else:
            _plant(tree, parts, plain(value))
    data = _merged(type(scenario), _stated(scenario), tree, "", problems)
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
        remedy = did_you_mean(name, scenario.variants) or there_are
        raise ScenarioError(
            [Problem(f"variants.{quoted(name)}", "", "is not among the variants", remedy)]
        )
    problems: list[Problem] = []
    changes = scenario.variants[name]
    data = _variant_data(type(scenario), _stated(scenario), name, changes, problems)
    try:
        return type(scenario)(**data)
    except ScenarioError as error:  # the base was changed since the variants were checked
        raise ScenarioError(_within(name, error.problems)) from None


def plain(value: Any) -> Any:
    """Return a value as a file would hold it: plain dictionaries, lists and Python numbers."""
    if isinstance(value, (Table, Mapping)):
        return {key: plain(each) for key, each in _stated(value).items()}
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
    data = {**_stated(base), "name": "base"}  # what is wrong with its name was said
    variants = data.get("variants")
    too_many = len(of_base) > MOST_PROBLEMS_TO_COMPARE
    if not isinstance(variants, Mapping) or len(variants) > MOST_VARIANTS or too_many:
        return ()
    known = {(each.path, each.value, each.rule) for each in of_base}
    found: list[Problem] = []
    for name, changes in variants.items():
        if isinstance(name, str) and isinstance(changes, Mapping):
            own = _problems_of_variant(table, data, name, changes)
            new = [each for each in own if (each.path, each.value, each.rule) not in known]
            found.extend(_within(name, new))
    return shortened(found)


def _within(name: str, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems of a variant with the variant in their paths."""
    return [replace(each, path=f"variants.{quoted(name)}.{each.path}") for each in problems]


def _problems_of_variant(
    table: type[Table], data: Mapping[str, Any], name: str, changes: Mapping[str, Any]
) -> list[Problem]:
    problems: list[Problem] = []
    merged = _variant_data(table, data, name, changes, problems)
    try:
        table(**merged)
    except ScenarioError as error:
        problems.extend(error.problems)
    return problems


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
        room = MOST_TITLE - len(f", {name}")
        title = base["name"]
        base["name"] = f"{title if len(title) <= room else title[: room - 1] + '…'}, {name}"
    return _merged(table, base, allowed, "", problems)


def _merged(
    table: type[Table],
    base: Mapping[str, Any],
    changes: Mapping[str, Any],
    path: str,
    problems: list[Problem],
) -> dict[str, Any]:
    """Return the base with the changes; what cannot be merged is added to the problems."""
    gives_way = _gives_way(table, changes)
    result = {key: value for key, value in base.items() if key not in gives_way}
    for key, value in changes.items():
        inner, old, here = nested(table, key), result.get(key), f"{path}{quoted(key)}"
        if inner is None:
            result[key] = _deeper(old, value)
        elif not is_list(table, key):
            stated = isinstance(value, Mapping)
            result[key] = (
                _merged(inner, _stated(old), value, f"{here}.", problems) if stated else value
            )
        elif isinstance(value, Mapping) and isinstance(old, (list, tuple)):
            result[key] = _entries(inner, old, value, here, problems)
        else:
            result[key] = value
        if key == FIXED and _names(result[key]) != _names(old):
            rule = "cannot be added, removed or renamed by a change"
            problems.append(Problem(here, "", rule, "Address them by name: stages.won.conversion."))
            result[key] = old
    return result


def _entries(
    inner: type[Table],
    old: Sequence[Any],
    changes: Mapping[str, Any],
    path: str,
    problems: list[Problem],
) -> list[Any]:
    """Return a list of named tables with the changes to some of its entries."""
    result = list(old)
    names = _names(old)
    for name, change in changes.items():
        here = f"{path}.{quoted(name)}"
        if name not in names:
            known = [each for each in names if isinstance(each, str)]
            there_are = f"There are: {', '.join(map(quoted, known)) or 'none'}."
            remedy = did_you_mean(name, known) or there_are
            problems.append(Problem(here, "", f"is not among the {path}", remedy))
        elif not isinstance(change, Mapping):
            problems.append(Problem(here, shown(change), "must be a table", "Address a key of it."))
        else:
            index = names.index(name)
            result[index] = _merged(inner, _stated(old[index]), change, f"{here}.", problems)
    return result


def _gives_way(table: type[Table], changes: Mapping[str, Any]) -> set[str]:
    """Return the keys that cannot stay beside the changes, unless these state them anew."""
    gone: set[str] = set()
    if any(changes.get(key) is not None for key in table.either_or):
        gone |= set(table.either_or)
    law = changes.get("law")
    if isinstance(law, str) and law in table.laws:
        gone |= {key for keys in table.laws.values() for key in keys} - set(table.laws[law])
    return gone


def _stated(table: Any) -> Mapping[str, Any]:
    """Return what was stated in a table, each value as it is."""
    if isinstance(table, Table):
        kept = table.model_fields_set
        return {key: getattr(table, key) for key in type(table).model_fields if key in kept}
    return table if isinstance(table, Mapping) else {}


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
