"""From a scenario to the TOML text that loads back to an equal one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funnelsim.errors import ScenarioError
from funnelsim.scenario.model import Activity, Scenario, Stage
from funnelsim.scenario.tables import Table


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
    return {
        key: _plain(value, scenario)
        for key in type(table).model_fields
        if (value := getattr(table, key)) != _unless_stated(table, key, scenario)
    }


def _unless_stated(table: Table, key: str, scenario: Scenario) -> Any:
    """Return the value that a key takes where a file leaves it out."""
    if isinstance(table, Activity) and key == "reference_per_week":
        # Stated where it counts, even where it is the level: an edit of the level must not move it.
        return scenario.activities_per_week if table.elasticity == 1 else None
    if isinstance(table, Stage) and key == "days" and table.delay.mean is not None:
        return table.delay.mean
    field = type(table).model_fields[key]
    return ... if field.is_required() else field.get_default()


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
