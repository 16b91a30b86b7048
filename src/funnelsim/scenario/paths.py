"""The paths that a plan has values at, or could."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario


def paths_of(plan: Scenario) -> list[str]:
    """Return the paths of a plan's keys, stated or not, by the names of its stages and segments.

    Examples
    --------
    >>> import funnelsim as fs
    >>> paths = paths_of(fs.preset("sales_math"))
    >>> [path for path in paths if path.startswith(("stages.won.c", "policy.fl"))]
    ['policy.floor_per_week', 'stages.won.conversion']
    """
    found = {*_below(plan, ""), *_unstated(type(plan), "")}
    for segment in plan.segments:
        own, there = f"segments.{segment.name}.", _below(plan.team[segment.name], "")
        found |= {f"{own}{path}" for path in there if path.split(".")[0] not in segment.not_here}
    return sorted(path for path in found if not any(each.startswith(f"{path}.") for each in found))


def _below(stated: Any, prefix: str) -> Iterator[str]:
    """Yield the paths of what is there: each key of a table, each table of a list by its name."""
    if isinstance(stated, (list, tuple)):
        for each in stated:
            if (name := getattr(each, "name", None)) is not None:
                yield from _below(each, f"{prefix}{name}.")
    elif isinstance(stated, dict):
        for name, each in stated.items():
            yield from _below(each, f"{prefix}{name}.")
    elif fields := getattr(type(stated), "model_fields", None):
        for field in fields:
            value = getattr(stated, field)
            found = list(_below(value, f"{prefix}{field}."))
            yield from found or [f"{prefix}{field}"]


def _unstated(table: Any, prefix: str) -> Iterator[str]:
    """Yield the paths of tables that may be stated once: not those of a list."""
    for field, about in table.model_fields.items():
        for model in _models(about.annotation):
            yield from (f"{prefix}{field}.{key}" for key in model.model_fields)
            yield from _unstated(model, f"{prefix}{field}.")


def _models(annotation: Any) -> Iterator[Any]:
    """Yield the tables that a key may hold."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    elif getattr(annotation, "__origin__", None) not in (list, tuple, dict):
        for each in get_args(annotation):
            yield from _models(each)
