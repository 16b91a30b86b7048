"""How likely is a sales plan to make quota? Simulated and exact, from activities to bookings.

Names are loaded when first used: ``import funnelsim`` computes nothing and pulls in neither numba
nor xarray nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario as Scenario

_HOMES = {
    "Scenario": "funnelsim.scenario.model",
    "load": "funnelsim.scenario.files",
    "loads": "funnelsim.scenario.files",
    "dumps": "funnelsim.scenario.files",
    "preset": "funnelsim.scenario.files",
    "presets": "funnelsim.scenario.files",
    "simulate": "funnelsim.engine.simulate",
    "attainment": "funnelsim.analysis.attainment",
    "summarize": "funnelsim.analysis.attainment",
    "memory_needed": "funnelsim.analysis.memory",
    "compare": "funnelsim.analysis.compare.compare",
    "sweep": "funnelsim.analysis.sweep.sweep",
    "solve": "funnelsim.analysis.solve.solve",
    "bites": "funnelsim.analysis.solve.bites",
    "coverage": "funnelsim.analysis.solve.coverage",
    "quota_for": "funnelsim.analysis.solve.quota",
    "cheapest_mix": "funnelsim.analysis.solve.mix",
    "sensitivity": "funnelsim.analysis.levers.sensitivity",
    "coaching_point": "funnelsim.analysis.levers.coaching",
    "bridge": "funnelsim.analysis.levers.bridge",
    "Goal": "funnelsim.analysis.chances",
    "luck": "funnelsim.analysis.luck.luck",
    "luck_or_skill": "funnelsim.analysis.luck.thirds",
    "team": "funnelsim.analysis.team.team",
    "economics": "funnelsim.analysis.economics.economics",
    "contribution": "funnelsim.analysis.economics.contribution",
    "headcount": "funnelsim.analysis.sizing.headcount",
    "capacity": "funnelsim.analysis.sizing.capacity",
    "cushion": "funnelsim.analysis.sizing.cushion",
    "next_step": "funnelsim.analysis.sizing.next_step",
    "diversification": "funnelsim.analysis.sizing.diversification",
    "report": "funnelsim.report.page.report",
    "save": "funnelsim.results.files",
    "open": "funnelsim.results.files",
    "scenario_of": "funnelsim.results.files",
    "exact": "funnelsim.twin.exact",
    "ageing": "funnelsim.twin.ageing",
    "variables": "funnelsim.registry",
}

__all__ = sorted([*_HOMES, "__version__", "plots"])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("funnelsim")
    if name == "plots":
        return import_module("funnelsim.plots")
    if name not in _HOMES:
        raise AttributeError(f"module 'funnelsim' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
