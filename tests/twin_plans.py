"""Plans of docs/background/model.md, and how to ask the exact twin about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from funnelsim.scenario.model import Scenario
from funnelsim.twin.delays import reached_shares
from funnelsim.twin.exact import exact
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.laws import Period
from funnelsim.twin.market import market_nodes
from funnelsim.twin.period import PeriodAnswers, Question
from funnelsim.twin.rep import law_of
from funnelsim.twin.skill import nodes_of

WINDFALL = {"per_quarter": 0.05, "law": "lognormal", "mean": 250_000, "cv": 1.0}
WHALES = {"probability": 0.03, "multiple": 10}
QUOTA = 250_000.0


def sales_math(**changes: Any) -> Scenario:
    """The Sales Math of model.md; its tables as keywords, ``conversions`` and ``days``."""
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
    answers = exact(plan, only=["attainment_probability"])
    return value(answers, "attainment_probability", quarter=quarter)


def questions(plan: Scenario) -> dict[str, Question]:
    """What can be asked about the first quarter of one seat, each question on its own."""
    funnel = Funnel(plan, nodes_of(plan), market_nodes(plan.market, 64))
    period = Period(0, plan.calendar.weeks_per_quarter, plan.quotas[0], 1)
    return PeriodAnswers(law_of(funnel, period), period.quota).questions()


def attained_only(plan: Scenario) -> float:
    """P(attain) of the first quarter, and no other question."""
    return float(questions(plan)["attainment_probability"]()[0])


def shares_of(plan: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Who has got where by weeks since entry, with errors, for the rep's own activity."""
    weeks = plan.past_weeks + plan.calendar.quarters * plan.calendar.weeks_per_quarter
    return reached_shares(plan.stages, weeks)


def errors_of(answers: xr.Dataset, name: str) -> float:
    return float(np.max(answers[name + "_numerical_error"]))
