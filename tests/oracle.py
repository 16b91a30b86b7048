"""The simulator against the exact twin: a table of scenarios that together use every feature.

    python tests/oracle.py [--draws N] [--write docs/background/verification-table.md]

Each line compares every probability and moment that the twin covers, for every quarter, KPI and
"at least k of n", with the simulator's estimate. The twin shares no code with the simulator.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import funnelsim as fs
from funnelsim.analysis.attainment import summaries
from funnelsim.registry import BY_NAME

FULL = 6_250_000  # draws at which 5 standard errors of any probability are at most .001
QUICK = 60_000
NO_DELAYS = {"stages.demo.days": 0.0, "stages.won.days": 0.0}
SKILL = {"activity.rep_cv": 0.35, "activity.week_cv": 0.5}
FLOOR = {"policy.floor_per_week": 58, "policy.adherence": 0.9}
WINDFALLS = {"windfall": {"per_quarter": 0.05, "law": "lognormal", "mean": 250_000.0, "cv": 1.0}}
WHALES = {"deal_size.whale": {"probability": 0.03, "multiple": 10.0}}
EMPIRICAL = {"law": "empirical", "amounts": [20_000.0, 40_000.0, 60_000.0, 100_000.0, 200_000.0]}


def kpi(**parts: Any) -> dict[str, Any]:
    return {"kpis": [{"name": "kpi", "per": "week"} | parts]}


SCENARIOS: dict[str, dict[str, Any]] = {
    "Sales Math": {},
    "no delays": NO_DELAYS,
    "empty start": {"calendar.start": "empty"},
    "long cycle, 30 + 120 days": {"stages.demo.days": 30.0, "stages.won.days": 120.0},
    "long cycle, empty start": {
        "stages.demo.days": 30.0, "stages.won.days": 120.0, "calendar.start": "empty",
    },
    "gamma delays": {"stages.won.delay": {"law": "gamma"}, "stages.won.days_cv": 1.5},
    "observed delays, two peaks": {
        "stages.won.delay": {"law": "empirical", "days": [5.0, 7.0, 9.0, 60.0, 75.0]},
        "stages.won.days": 31.2,
    },
    "constant delays": {"stages.demo.days_cv": 0.0, "stages.won.days_cv": 0.0},
    "first stage delayed": {"stages.discovery.days": 10.0},
    "losses known late, some stall": {
        "stages.won.lost_days": 57.6, "stages.won.stalled": 0.2, "stages.demo.stalled": 0.1,
    },
    "fixed sizes": {"deal_size": {"law": "fixed", "mean": 84_000.0}},
    "gamma sizes": {"deal_size": {"law": "gamma", "mean": 84_000.0, "cv": 1.5}},
    "Pareto sizes, shape 2.5": {
        "deal_size": {"law": "pareto", "minimum": 50_000.0, "shape": 2.5},
    },
    "Pareto sizes, shape 1.5": {
        "deal_size": {"law": "pareto", "minimum": 28_000.0, "shape": 1.5},
    },
    "observed sizes": {"deal_size": EMPIRICAL},
    "windfalls": WINDFALLS,
    "fixed sizes and windfalls": {
        "deal_size": {"law": "fixed", "mean": 84_000.0}, **WINDFALLS,
    },
    "whales and windfalls": WHALES | WINDFALLS,
    "uneven weeks": {"activity.week_cv": 0.8} | NO_DELAYS,
    "uneven weeks, delays": {"activity.week_cv": 0.8},
    "floor": FLOOR | NO_DELAYS,
    "floor, uneven weeks, delays": FLOOR | {"activity.week_cv": 0.5},
    "cap": {"policy.cap_per_week": 50} | NO_DELAYS,
    "floor and cap from week 20": {
        "policy.floor_per_week": 60, "policy.cap_per_week": 70, "policy.adherence": 0.5,
        "policy.start_week": 20, **NO_DELAYS,
    },
    "diminishing returns": {"activity.elasticity": 0.6, "activity.per_quarter": 1_500.0},
    "diminishing returns, floor": {"activity.elasticity": 0.6, **FLOOR, **NO_DELAYS},
    "activity skill": SKILL | NO_DELAYS,
    "activity skill, floor": SKILL | FLOOR | NO_DELAYS,
    "conversion skill": {"stages.won.rep_cv": 0.3, "stages.demo.rep_cv": 0.2, **NO_DELAYS},
    "size skill, delays": {"deal_size.rep_cv": 0.4},
    "three skills, correlated": {
        "activity.rep_cv": 0.35, "stages.won.rep_cv": 0.25, "deal_size.rep_cv": 0.3,
        "skill_correlation": 0.4, **NO_DELAYS,
    },
    "two camps": {
        "activity.rep_cv": 0.5, "stages.demo.rep_cv": 0.3,
        "skill_loadings": {"activity": 0.7, "demo": -0.7}, **NO_DELAYS,
    },
    "market": {"market.cv": 0.3, "market.persistence": 0.7, **NO_DELAYS},
    "market and season, delays": {
        "market.cv": 0.25, "market.persistence": 0.5, "market.season": [0.8, 1.0, 1.0, 1.2],
    },
    "market, uneven weeks": {"market.cv": 0.3, "activity.week_cv": 0.6, **NO_DELAYS},
    "KPI 58 a week in 11 of 13": kpi(metric="activities", target=58, share=11 / 13)
    | SKILL | NO_DELAYS,
    "KPI by month, partly logged": kpi(metric="activities", target=200, per="month", share=0.6,
                                       logged=0.9) | NO_DELAYS,
    "KPI demos a quarter": kpi(metric="demo", target=8, per="quarter") | NO_DELAYS,
    "KPI pipeline a quarter": kpi(metric="pipeline", target=1e6, per="quarter") | NO_DELAYS,
    "quotas by quarter": {"quota.per_quarter": [200_000.0, 250_000.0, 250_000.0, 400_000.0]},
}  # fmt: skip


class Line(NamedTuple):
    """How far the simulator is from the exact twin on one scenario."""

    name: str
    compared: int
    exact: float  # P(attain) of the first quarter
    simulated: float
    standard_error: float
    numerical_error: float  # the largest that the twin reports for a probability
    worst: float  # standard errors of the farthest estimate
    where: str


def plan_of(name: str) -> fs.Scenario:
    """Return a scenario of the table."""
    changes = dict(SCENARIOS[name])
    base = fs.preset("sales_math")
    whole = {key: changes.pop(key) for key in ("deal_size", "kpis", "windfall") if key in changes}
    if whole:
        data = base.model_dump(exclude_none=True) | whole
        data["variants"] = {}
        base = fs.Scenario(**data)
    return base.replace({"name": name, "variants": {}} | changes)


def compare(name: str, draws: int, seed: int) -> Line:
    """Simulate a scenario and hold every estimate against the exact twin."""
    plan = plan_of(name)
    deviations: list[tuple[float, str]] = []
    summary, yearly = summaries(plan, ("quarter", "year"), draws, seed)
    first = fs.exact(plan)
    for exact, simulated in ((first, summary), (fs.exact(plan, by="year"), yearly)):
        for variable in exact.data_vars:
            if variable in BY_NAME:
                deviations += _deviations(str(variable), exact, simulated, draws)
    worst, where = max(deviations)
    at = {"segment": 0, "quarter": 0}
    errors = [
        float(first[f"{name}_numerical_error"].max())
        for name in first.data_vars
        if str(name).endswith("probability")
    ]
    return Line(
        name,
        len(deviations),
        float(first.attainment_probability.isel(at)),
        float(summary.attainment_probability.isel(at)),
        float(summary.attainment_probability_standard_error.isel(at)),
        max(errors),
        worst,
        where,
    )


def _deviations(
    name: str, exact: xr.Dataset, simulated: xr.Dataset, draws: int
) -> list[tuple[float, str]]:
    """Return |estimate - truth| in standard errors, for each element both know.

    The error is that at the true value, so that a rare event that never happened counts as well.
    """
    truth, found = exact[name], simulated[name]
    error = simulated[f"{name}_standard_error"]
    if name == "bookings_quantile" and _has_atoms(exact):
        return []  # a quantile of a law with steps has no standard error
    if "probability" in name:
        error = np.maximum(error, np.sqrt(truth * (1 - truth) / draws))
    slack = exact[f"{name}_numerical_error"]
    distance = np.maximum(np.abs(found - truth) - slack, 0) / (error + 1e-300)
    known = np.isfinite(truth) & np.isfinite(found) & np.isfinite(error)
    values = distance.where(known, 0.0).values.ravel()
    return [(float(value), f"{name}[{index}]") for index, value in enumerate(values)]


def _has_atoms(exact: xr.Dataset) -> bool:
    laws = fs.scenario_of(exact).deal_size.law
    return laws in ("fixed", "empirical")


def table(lines: list[Line], draws: int) -> str:
    """Return the lines as a Markdown table."""
    rows = [
        "| scenario | exact P(attain) | numerical error | simulated | standard error "
        "| compared | farthest, in standard errors |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    rows += [
        f"| {line.name} | {line.exact:.6f} | {line.numerical_error:.0e} | {line.simulated:.6f} "
        f"| {line.standard_error:.6f} | {line.compared} | {line.worst:.1f} ({line.where}) |"
        for line in lines
    ]
    about = (
        f"{draws:,} draws a scenario, seed 1. All share their luck: what is far in one line is the "
        "same chance that is far in others.\n\n"
    )
    return about + "\n".join(rows) + "\n"


def main() -> int:
    """Print the table; write it where asked; fail where a line is beyond 5 standard errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=FULL)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    lines = []
    for name in SCENARIOS:
        if options.only in name:
            begun = time.perf_counter()
            lines.append(compare(name, options.draws, seed=1))
            seconds = time.perf_counter() - begun
            print(f"{seconds:6.1f} s  {lines[-1].worst:5.2f}  {name}", file=sys.stderr, flush=True)
    text = table(lines, options.draws)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    print(text)
    return int(max(line.worst for line in lines) >= 5)


if __name__ == "__main__":
    sys.exit(main())
