"""From a scenario to the TOML text that loads back to an equal one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funnelsim.errors import ScenarioError
from funnelsim.scenario import flow
from funnelsim.scenario.model import Activity, Assist, Quota, Scenario, Segment, Stage
from funnelsim.scenario.tables import Table

DERIVED = ("quota", "deal_size")  # where a plan, or a quota of wins, gives them


def dumped(scenario: Scenario) -> str:
    """Return a scenario as TOML text that states what is not default, in the order of the model."""
    import tomli_w

    data = _stated(scenario, scenario)
    data["variants"] = {
        name: data["variants"][name] for name in scenario.variants if _fits(scenario, name)
    }
    if not data["variants"]:
        del data["variants"]
    single = {key: value for key, value in data.items() if not isinstance(value, (dict, list))}
    texts = [tomli_w.dumps(single)]
    for key in data:
        if isinstance(data[key], dict):
            texts.append(tomli_w.dumps({key: data[key]}))
        elif isinstance(data[key], list):  # of tables: [stages] becomes [[stages]]
            tables = (tomli_w.dumps({key: entry}) for entry in data[key])
            texts.extend(text.replace(f"[{key}]", f"[[{key}]]", 1) for text in tables)
    return "\n".join(texts)


def _fits(scenario: Scenario, name: str) -> bool:
    """Tell whether a variant still fits; one that does not would make the text unreadable."""
    try:
        scenario.variant(name)
    except ScenarioError:
        return False
    return True


def _stated(table: Table, scenario: Scenario) -> dict[str, Any]:
    """Return what a table has to state, as plain values."""
    stated = {
        key: _plain(value, scenario)
        for key in type(table).model_fields
        if (value := getattr(table, key)) != _unless_stated(table, key, scenario)
    }
    if isinstance(table, Segment):
        stated |= {key: _plain(value, scenario) for key, value in _own(table, scenario).items()}
    if isinstance(table, Scenario):
        for path, uncertain in table.uncertainty.items():
            if uncertain.luck == path:
                del stated["uncertainty"][path]["luck"]
    return stated


def _unless_stated(table: Table, key: str, scenario: Scenario) -> Any:
    """Return the value that a key takes where a file leaves it out."""
    if isinstance(table, Activity) and key == "reference_per_week" and not scenario.segments:
        # Stated where it counts, even where it is the level: an edit of the level must not move it.
        counts = table.elasticity < 1 or scenario.effort is not None
        return None if counts else scenario.activities_per_week
    if isinstance(table, Assist) and key == "reference_per_quarter" and not scenario.segments:
        return _reference(scenario, table)
    if isinstance(table, Stage) and key == "days" and table.delay.mean is not None:
        return table.delay.mean
    if isinstance(table, Scenario) and key in DERIVED and key not in table.model_fields_set:
        return getattr(table, key)
    if isinstance(table, Quota) and "per_quarter" not in table.model_fields_set:
        return table.per_quarter if key == "per_quarter" else _default(table, key)
    return _default(table, key)


def _default(table: Table, key: str) -> Any:
    field = type(table).model_fields[key]
    return ... if field.is_required() else field.get_default()


def _reference(rep: Scenario, assist: Assist) -> float | None:
    """Return what the coverage of an assist rests on where a file leaves it out."""
    if assist.per_quarter is not None or rep.effort is not None:
        return None  # stated, as it counts
    return flow.flow_of(rep, rep.activities_per_week).before[assist.name]


def _own(segment: Segment, scenario: Scenario) -> dict[str, Any]:
    """Return the keys of a segment that are those of a scenario, references where they count."""
    own, rep = dict(segment.model_extra or {}), scenario.team[segment.name]
    own["activity"] = _without(own.get("activity"), rep.activity, "reference_per_week", rep)
    assists, key = own.get("assists"), "reference_per_quarter"
    by_name = {assist.name: assist for assist in rep.assists}
    if isinstance(assists, Mapping):
        kept = {name: _without(assists[name], by_name[name], key, rep) for name in assists}
        own["assists"] = {name: each for name, each in kept.items() if each} or None
    elif assists:
        own["assists"] = [_without(each, by_name[each["name"]], key, rep) for each in assists]
    own["activity"] = own["activity"] or None
    return {key: value for key, value in own.items() if value is not None}


def _without(stated: Any, table: Table, key: str, rep: Scenario) -> dict[str, Any]:
    """Return what is stated without a reference that a file may leave out."""
    own: dict[str, Any] = dict(stated or {})
    if own.get(key) == _unless_stated(table, key, rep):
        del own[key]
    return own


def _plain(value: Any, scenario: Scenario) -> Any:
    if isinstance(value, Table):
        return _stated(value, scenario)
    if isinstance(value, Mapping):
        return {key: _plain(each, scenario) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, scenario) for each in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)  # 84000 reads better than 84000.0, and means the same
    return value
