"""Pictures for scripts: a result in, matplotlib Axes out.

Each function draws one result on ``ax``, or on axes of its own, and returns them for whatever comes
next: a title, limits, ``ax.figure.savefig``. The title is the message, computed from the result.
Pictures take fonts, sizes and colours from matplotlib's style in force and never change it.

Names are loaded when first used: ``import funnelsim`` does not bring in matplotlib.

Examples
--------
>>> import funnelsim as fs
>>> ax = fs.plots.tornado(fs.sensitivity(fs.preset("sales_math")))
>>> ax.get_title().splitlines()[0]
'4 levers matter most, and alike:'
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "bookings": "attainment",
    "outcomes": "dots",
    "windfalls": "windfalls",
    "variance_by_source": "windfalls",
    "kpi_table": "policy",
    "dose_response": "policy",
    "careers": "repeat",
    "equal_mean": "repeat",
    "differences": "compare",
    "ranking": "compare",
    "sweep": "sweep",
    "curve": "solve",
    "bites": "bites",
    "coverage": "coverage",
    "mix": "mix",
    "quota": "quota",
    "tornado": "tornado",
    "interactions": "interactions",
    "coaching": "coaching",
    "bridge": "bridge",
    "company_bookings": "team",
    "causes": "team",
    "plans_made": "team_compare",
    "headcount": "headcount",
    "capacity": "capacity",
    "next_steps": "headcount",
    "cushion": "cushion",
    "diversification": "cushion",
    "payback": "economics",
    "budget": "economics",
    "paces": "economics",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'funnelsim.plots' has no attribute '{name}'")
    return getattr(import_module(f"funnelsim.report.plots.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
