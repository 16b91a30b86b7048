"""The reference workload as plain numbers, the sizes of runs, and what every peer returns.

One rep of the Sales Math with windfalls, one quarter: 750 activities, every 50th a discovery call,
60 % of those a demo after 7 days, a third of those won after another 32. The peers read the numbers
here and nothing of funnelsim, so that neither can inherit the other's mistakes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from funnelsim import Scenario

SMALLEST = "FUNNELSIM_BENCH_SMALLEST"

QUOTA = 250_000.0
WEEKS = 13
DAYS = 7.0 * WEEKS
ACTIVITIES_PER_QUARTER = 750.0
PER_WEEK = ACTIVITIES_PER_QUARTER / WEEKS
DISCOVERY, DEMO, WON = 1 / 50, 0.60, 1 / 3
DEMO_DAYS, WON_DAYS = 7.0, 32.0
WINDFALLS_PER_QUARTER = 0.05


@dataclass(frozen=True)
class Lognormal:
    """A lognormal law by its mean and coefficient of variation."""

    mean: float
    cv: float

    @property
    def sigma(self) -> float:
        return math.sqrt(math.log1p(self.cv**2))

    @property
    def mu(self) -> float:
        return math.log(self.mean) - self.sigma**2 / 2

    @property
    def length_biased_mu(self) -> float:
        """Location of the law x f(x) / mean, again lognormal with the same sigma."""
        return self.mu + self.sigma**2


DEMO_DELAY = Lognormal(DEMO_DAYS, 1.0)
WON_DELAY = Lognormal(WON_DAYS, 1.0)
DEAL = Lognormal(84_000.0, 0.5)
WINDFALL = Lognormal(250_000.0, 1.0)


@dataclass(frozen=True)
class Outcome:
    """What every peer computes, one value per draw; bookings include the windfalls."""

    activities: NDArray[np.int64]
    discoveries: NDArray[np.int64]
    demos: NDArray[np.int64]
    wins: NDArray[np.int64]
    bookings: NDArray[np.float64]
    windfall_bookings: NDArray[np.float64]

    @classmethod
    def empty(cls, draws: int) -> Outcome:
        counts = [np.empty(draws, np.int64) for _ in range(4)]
        return cls(*counts, np.empty(draws), np.empty(draws))


Peer = Callable[[int, int], Outcome]
"""Takes draws and seed."""


def smallest() -> bool:
    """Tell whether the environment asks for a mere proof of life."""
    return bool(os.environ.get(SMALLEST))


def size(usual: int, least: int) -> int:
    """Return how much to run: ``least`` where a mere proof of life is asked for."""
    return least if smallest() else usual


def reference_plan(start: str = "steady") -> Scenario:
    """Return the reference workload as a scenario, every number stated: no preset can move it."""
    import funnelsim as fs

    return (
        fs.preset("sales_math")
        .variant("windfalls")
        .replace(
            {
                "kpis": [],  # the peers count none
                "calendar.quarters": 1,
                "calendar.start": start,
                "activity.per_quarter": ACTIVITIES_PER_QUARTER,
                "stages.discovery.conversion": DISCOVERY,
                "stages.demo.conversion": DEMO,
                "stages.demo.days": DEMO_DELAY.mean,
                "stages.demo.days_cv": DEMO_DELAY.cv,
                "stages.won.conversion": WON,
                "stages.won.days": WON_DELAY.mean,
                "stages.won.days_cv": WON_DELAY.cv,
                "deal_size.mean": DEAL.mean,
                "deal_size.cv": DEAL.cv,
                "windfall.per_quarter": WINDFALLS_PER_QUARTER,
                "windfall.mean": WINDFALL.mean,
                "windfall.cv": WINDFALL.cv,
            }
        )
    )


MANAGED = {
    "policy.floor_per_week": 58,
    "policy.cap_per_week": 120,
    "policy.adherence": 0.9,
    "activity.week_cv": 0.5,
    "activity.rep_cv": 0.35,
    "skill_correlation": 0.3,
    "stages.demo.rep_cv": 0.15,
    "stages.won.rep_cv": 0.2,
    "deal_size.rep_cv": 0.1,
}
EVERYTHING = MANAGED | {
    "activity.elasticity": 0.8,
    "stages.won.lost_days": 57.6,
    "deal_size.whale": {"probability": 0.03, "multiple": 10},
    "market.cv": 0.15,
    "market.persistence": 0.5,
    "assists": [{"name": "on-site", "at": "won", "per_quarter": 2, "odds": 1.25}],
    "kpis": [
        {"name": "calls", "metric": "activities", "target": 50, "per": "week", "share": 0.8},
        {"name": "demos", "metric": "demo", "target": 2, "per": "month"},
        {"name": "created", "metric": "pipeline", "target": 1_000_000, "per": "quarter"},
    ],
}
TEAM = {
    "headcount": 100,
    "ramp": {"weeks": 13},
    "attrition": {"per_year": 0.3, "fill_weeks": 8},
}
PLANS: dict[str, dict[str, Any]] = {
    "no delays": {"stages.demo.days": 0, "stages.won.days": 0},
    "reference": {},
    "no past": {"calendar.start": "empty"},
    "policy and skill": MANAGED,
    "everything on": EVERYTHING,
    "4 quarters": {"calendar.quarters": 4},
    "20 quarters": {"calendar.quarters": 20},
    "100 reps": TEAM,
}
"""What changes against the reference workload, by name."""


def plan(name: str) -> Scenario:
    """Return one of ``PLANS``."""
    return reference_plan().replace(PLANS[name])


def rep_quarters(name: str) -> int:
    """Return how many rep-quarters one draw of a plan holds."""
    return int(PLANS[name].get("headcount", 1)) * int(PLANS[name].get("calendar.quarters", 1))


@cache
def expected(start: str) -> dict[str, float]:
    """Return the exact mean of every output, and P(bookings >= quota), from the exact twin."""
    import funnelsim as fs

    truth = fs.exact(reference_plan(start)).isel(segment=0, quarter=0)
    discoveries, demos, wins = truth["reached_mean"].values.tolist()
    return {
        "activities": float(truth["activities_mean"]),
        "discoveries": discoveries,
        "demos": demos,
        "wins": wins,
        "bookings": float(truth["bookings_mean"]),
        "windfall_bookings": float(truth["windfall_bookings_mean"]),
        "attainment_probability": float(truth["attainment_probability"]),
    }


def deviations(outcome: Outcome, truth: dict[str, float]) -> dict[str, float]:
    """Return (estimate - truth) / standard error of every output and of P(attain)."""
    samples = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    samples["attainment_probability"] = outcome.bookings >= QUOTA * (1 - 1e-9)
    return {
        name: float((values.mean() - truth[name]) / (values.std() / math.sqrt(values.size)))
        for name, values in samples.items()
    }
