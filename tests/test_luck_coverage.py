"""Nominal 95 % intervals, an estimate and 1.96 standard errors to either side, cover 95 % of runs.

One long simulation is cut into many small ones; draws are independent, so each is a run of its own.
A truth is exact where tests/luck_truths.py knows it, else the estimate from all runs together,
whose error is 1 / 141 of that of one of 20,000. The plans have short quarters, to be quick, and
luck that is common enough to be seen in a small run: an interval from a few rare events, or of a
second moment of a heavy tail, is too short on one side: ``EXTREME`` tells by how much.

    python tests/test_luck_coverage.py [--runs 20000] [case ...]

prints the table of docs/background/verification.md.
"""

from __future__ import annotations

import argparse
import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from funnelsim.analysis.luck.dependence import Dependence
from funnelsim.analysis.luck.kpis import Kpis
from funnelsim.analysis.luck.policy import PolicyEffect
from funnelsim.analysis.luck.repeatability import Repeatability
from funnelsim.analysis.luck.sources import Sources
from funnelsim.engine.blocks import sample_blocks
from luck_truths import Rep, attainment, dependence, kpi_table, level
from test_luck_reference import LUCKY, plan_of

NORMAL = 1.959963985
COMMON = 80  # draws of a run that have to show an event, and its opposite, for an interval to hold

SHORT = Rep(activities=30.0, conversions=(0.3, 0.6, 0.5), quota=200_000.0, weeks=3)
UNEVEN = replace(SHORT, rep_cv=0.35, week_cv=0.5)
FLOORED = replace(UNEVEN, floor=10, adherence=0.5)
WINDFALL = {"per_quarter": 0.3, "law": "lognormal", "mean": 150_000, "cv": 0.3}
WHALES = {
    "law": "lognormal",
    "mean": 84_000,
    "cv": 0.5,
    "whale": {"probability": 0.2, "multiple": 2},
}
CALLS = [{"name": "calls", "metric": "activities", "target": 10, "per": "week", "share": 2 / 3}]


class Case(NamedTuple):
    part: Callable[[], Any]
    draws: int  # of one small run
    names: tuple[str, ...]
    truths: Callable[[], dict[str, float]] = dict


def one_quarter(rep: Rep, **changes: Any) -> Any:
    return plan_of(rep, **changes, calendar={"quarters": 1, "weeks_per_quarter": rep.weeks})


def policy_truths() -> dict[str, float]:
    """Return exact values by name and place: the KPI table, and the policy's effect."""
    hit, needed = (-1, 10), 2
    found = {}
    for place, rep in enumerate((UNEVEN, level(FLOORED), FLOORED)):
        p = float(np.dot(*attainment(rep)))
        found[f"policy_attainment_probability{(place,)}"] = p
        for lag in range(4):
            table = kpi_table(rep, hit, needed, lag)
            made = table[:, 1:].sum(axis=1) / table.sum(axis=1)  # missed, hit
            found[f"attainment_given_kpi{(place, lag, 0)}"] = made[1]
            found[f"attainment_given_kpi{(place, lag, 1)}"] = made[0]
            found[f"kpi_gap{(place, lag)}"] = made[1] - made[0]
    none, by_level, floored = (found[f"policy_attainment_probability{(i,)}"] for i in range(3))
    for place, effect in enumerate((by_level - none, floored - by_level, floored - none)):
        found[f"effect_on_attainment_probability{(place,)}"] = effect
    return found


CASES = {
    "dependence": Case(
        lambda: Dependence(one_quarter(LUCKY)),
        1_000,
        (
            "attainment_probability",
            "repeatable_attainment_probability",
            "without_largest_attainment_probability",
            "windfall_dependence",
            "largest_deal_dependence",
            "windfall_share_of_mean",
            "without_largest_mean",
        ),
        lambda: {f"{name}(0,)": value for name, value in dependence(LUCKY).items()},
    ),
    "second moments": Case(
        lambda: Dependence(one_quarter(SHORT, windfall=WINDFALL, deal_size=WHALES)),
        2_000,
        ("bookings_sd", "bookings_cv", "windfall_share_of_variance"),
    ),
    "KPI": Case(
        lambda: Kpis(one_quarter(FLOORED, kpis=CALLS)),
        1_000,
        ("kpi_quota_probability", "attainment_given_kpi", "kpi_gap", "kpi_gap_of_identical_reps"),
        policy_truths,
    ),
    "policy": Case(
        lambda: PolicyEffect(one_quarter(FLOORED)),
        2_000,
        (
            "policy_attainment_probability",
            "policy_at_least_probability",
            "policy_bookings_cv",
            "effect_on_attainment_probability",
            "effect_on_at_least_probability",
            "effect_on_bookings_cv",
            "effect_on_activities_mean",
        ),
        policy_truths,
    ),
    "sources": Case(
        lambda: Sources(one_quarter(UNEVEN, windfall=WINDFALL, deal_size=WHALES)),
        1_000,
        (
            "bookings_variance_share",
            "bookings_total_index",
            "attainment_variance_share",
            "attainment_total_index",
        ),
    ),
    "repeatability": Case(
        lambda: Repeatability(one_quarter(UNEVEN, windfall=WINDFALL)),
        500,
        (
            "rep_attainment_probability",
            "career_at_least_probability",
            "next_attainment_probability",
            "quarter_correlation",
        ),
    ),
}
QUICK = ("dependence", "second moments", "policy")
# Whales of ten times the size and a windfall in twenty quarters, in runs of more and more draws.
EXTREME = {
    f"{topic}, whales and rare windfalls, {draws:,} draws": Case(part, draws, names)
    for topic, part, names, sizes in (
        (
            "second moments",
            lambda: Dependence(one_quarter(LUCKY)),
            ("bookings_cv", "windfall_share_of_variance"),
            (1_000, 5_000),
        ),
        (
            "sources",
            lambda: Sources(one_quarter(LUCKY)),
            ("bookings_variance_share", "bookings_total_index"),
            (1_000, 4_000),
        ),
    )
    for draws in sizes
}


def covered(case: Case, runs: int, seed: int) -> dict[str, float]:
    """Return, by name and place, the share of small runs whose interval holds the truth.

    Left out is what is certain, and a probability, or a change of one, that too few draws of a
    small run would show.
    """
    part = case.part()
    shared = {id(each): each for run in part.runs for each in (run, run.plan)}
    told: dict[str, list[tuple[Any, Any]]] = {name: [] for name in case.names}

    def fresh() -> Any:
        return copy.deepcopy(part, dict(shared))

    whole = fresh()
    blocks = sample_blocks(part.runs, draws=runs * case.draws, seed=seed, block=case.draws)
    for samples in blocks:
        one = fresh()
        for each in (one, whole):
            each.add(samples)
        answers = one.answers()
        for name in case.names:
            told[name].append(answers[name])
    truths, pooled, found = case.truths(), whole.answers(), {}
    for name in case.names:
        values, errors = (np.array(each) for each in zip(*told[name], strict=True))
        for place in np.ndindex(pooled[name][0].shape):
            key, truth = f"{name}{place}", float(pooled[name][0][place])
            value, error = values[(..., *place)], errors[(..., *place)]
            if math.isnan(truth) or not error.any():
                continue
            if "probability" in name and case.draws * min(abs(truth), 1 - abs(truth)) < COMMON:
                continue
            truth = truths.get(key, truth)
            assert not np.isnan(value).any(), key
            found[key] = float(np.mean(np.abs(value - truth) <= NORMAL * error))
    return found


def check(found: dict[str, float], allowed: float) -> None:
    assert found
    off = {key: share for key, share in found.items() if abs(share - 0.95) > allowed}
    assert not off


@pytest.mark.parametrize("case", QUICK)
def test_intervals_cover_some_runs(case):
    """400 runs: within 1 point and 5 standard errors of a share, 6.4 points in all."""
    check(covered(CASES[case], 400, 1), 0.01 + 5 * math.sqrt(0.95 * 0.05 / 400))


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_intervals_cover_95_percent(case):
    """20,000 runs: within 1 point."""
    check(covered(CASES[case], 20_000, 2), 0.01)


def main() -> None:
    """Print the coverage of every number: the lowest and the highest of each kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("case", nargs="*")
    parser.add_argument("--runs", type=int, default=20_000)
    arguments = parser.parse_args()
    known = CASES | EXTREME
    for case in arguments.case or known:
        found = covered(known[case], arguments.runs, 2)
        for name in known[case].names:
            shares = [100 * share for key, share in found.items() if key.startswith(f"{name}(")]
            if shares:
                row = (case, name, f"{known[case].draws:,}", f"{len(shares)}")
                print(f"| {' | '.join(row)} | {min(shares):.1f} | {max(shares):.1f} |", flush=True)


if __name__ == "__main__":
    main()
