"""Plans of docs/model.md, and how to ask the exact twin about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from funnelsim.scenario.model import Scenario
from funnelsim.twin.bookings import bookings_of
from funnelsim.twin.exact import exact
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.market import market_nodes
from funnelsim.twin.period import Period, PeriodAnswers
from funnelsim.twin.skill import nodes_of

WINDFALL = {"per_quarter": 0.05, "law": "lognormal", "mean": 250_000, "cv": 1.0}
WHALES = {"probability": 0.03, "multiple": 10}
QUOTA = 250_000.0


def sales_math(**changes: Any) -> Scenario:
    """The Sales Math of docs/model.md; its tables as keywords, ``conversions`` and ``days``."""
    conversions = changes.pop("conversions", (0.02, 0.6, 1 / 3))
    days = changes.pop("days", (0, 0, 0))
    stages = changes.pop("stages", ({}, {}, {}))
    tables: dict[str, Any] = {
        "name": "Sales Math",
        "quota": {"per_quarter": QUOTA},
        "activity": {"per_quarter": 750},
        "deal_size": {"law": "lognormal", "mean": 84_000, "cv": 0.5},
        "stages": [
            {"name": name, "conversion": conversion, "days": wait, **more}
            for name, conversion, wait, more in zip(
                ("discovery", "demo", "won"), conversions, days, stages, strict=True
            )
        ],
    }
    return Scenario(**{**tables, **changes})


def sized(**changes: Any) -> dict[str, Any]:
    return {"law": "lognormal", "mean": 84_000, "cv": 0.5, **changes}


def value(answers: xr.Dataset, name: str, **where: Any) -> float:
    return float(answers[name].sel(segment="rep", **where))


def attained(plan: Scenario, quarter: int = 1) -> float:
    return value(exact(plan), "attainment_probability", quarter=quarter)


def attained_only(plan: Scenario) -> float:
    """P(attain) of the first quarter, and no other question."""
    funnel = Funnel(plan, nodes_of(plan), market_nodes(plan.market, 64))
    period = Period(0, plan.calendar.weeks_per_quarter, plan.quotas[0], 1)
    answers = PeriodAnswers(funnel, bookings_of(plan, funnel.nodes.size), period)
    return float(answers.questions()["attainment_probability"]()[0])


def errors_of(answers: xr.Dataset, name: str) -> float:
    return float(np.max(answers[name + "_numerical_error"]))
