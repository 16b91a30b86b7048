"""Variance by source: the law of total variance in closed form, and counting of equal deals.

The forms are derived in tests/luck_truths.py from docs/background/model.md alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from funnelsim.analysis.luck.sources import Sources
from luck_truths import (
    SOURCES,
    Rep,
    attainment_by_source,
    closing,
    deals_twice,
    moments,
    moving,
    past_weeks,
    quarters,
    remaining_by_source,
    variance_by_source,
    worth,
)
from test_luck_reference import LUCKY, PLAIN, UNEVEN, plan_of, told

BOTH = replace(LUCKY, rep_cv=0.35, week_cv=0.5)
CYCLE = (7.0, 32.0)
SMALL = Rep(activities=90.0, conversions=(0.1, 0.6, 1 / 3), weeks=3)  # 1.8 deals in three weeks
MARKET = {"cv": 0.3, "persistence": 0.5}


def by_name(part, answers, name):
    """Return {source: (value, error)}."""
    sources = [source.removeprefix("outcome.") for source in part.coords["source"]]
    assert sources == list(SOURCES)
    return dict(zip(sources, zip(*answers[name], strict=True), strict=True))


def check(found, truths):
    """Within 5 standard errors; what decides nothing is exactly 0, with error 0."""
    for source, truth in truths.items():
        value, error = found[source]
        if abs(truth) < 1e-15:  # of a law integrated numerically
            assert (value, error) == (0, 0), source
            continue
        assert abs(value - truth) <= 5 * error, f"{source}: {value} +- {error}, not {truth}"


def shares(parts):
    total = sum(parts.values())
    return {source: part / total for source, part in parts.items()}


@pytest.mark.parametrize(
    ("rep", "figures"),
    [
        (PLAIN, "activity .0032 entry .1568 demo .1067 won .5333 size .2000"),
        (
            UNEVEN,
            "skill .218456 activity .040873 entry .116510 demo .079258 won .396292 size .148610",
        ),
        (
            LUCKY,
            "activity .001227 entry .060126 demo .040902 won .204511 size .076691 whale .560386 "
            "windfall .056156",
        ),
    ],
    ids=["plain", "uneven", "lucky"],
)
def test_the_closed_forms_of_the_model(rep, figures):
    digits = 4 if rep is PLAIN else 6
    found = shares(variance_by_source(rep))
    words = [f"{source} {share:.{digits}f}" for source, share in found.items() if share]
    assert " ".join(words).replace(" 0.", " .") == figures
    # parts found one by one are the variance found from the law of the number of deals
    assert sum(variance_by_source(rep).values()) == pytest.approx(moments(rep)[1], rel=1e-8)


def test_whales_bring_the_same_share_at_any_activity():
    for activities in (100.0, 1_000.0):
        rep = Rep(activities=activities, whale=(0.03, 10))
        ordinary, whales, _ = (rate * law.second_moment for rate, law in rep.amounts())
        assert f"{whales / (ordinary + whales):.4f}" == "0.7557"


def test_a_cycle_only_moves_deals_between_quarters():
    """Over all weeks of entry the chances to close in one quarter add up to its weeks."""
    close = closing(CYCLE, past=past_weeks(CYCLE))
    assert past_weeks(CYCLE) == 101
    assert 13 - close.sum() == pytest.approx(0, abs=5e-4)  # what the truncated past leaves out
    at_once = shares(variance_by_source(BOTH, closing((1e-3, 1e-3), past=1)))
    assert at_once == pytest.approx(shares(variance_by_source(BOTH)), abs=1e-4)


CASES = {
    "plain": (PLAIN, {}, None, {}),
    "uneven": (UNEVEN, {}, None, {}),
    "lucky": (LUCKY, {}, None, {}),
    "cycle": (PLAIN, {"days": (0, *CYCLE)}, closing(CYCLE, past=101), {}),
    "cycle, uneven, lucky": (BOTH, {"days": (0, *CYCLE)}, closing(CYCLE, past=101), {}),
    "market": (
        UNEVEN,
        {"market": MARKET, "days": (0, *CYCLE)},
        closing(CYCLE, past=101),
        {"market_cv": 0.3, "persistence": 0.5},
    ),
    "second quarter from empty": (
        UNEVEN,
        {"calendar": {"start": "empty", "quarters": 2}, "days": (0, *CYCLE)},
        closing(CYCLE, past=13),
        {},
    ),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_variance_of_bookings_by_source(case):
    """n = 60,000."""
    rep, changes, close, market = CASES[case]
    part = Sources(plan_of(rep, **changes))
    answers = told(part, 60_000, 5)
    parts = variance_by_source(rep, close, **market)
    check(by_name(part, answers, "bookings_variance_share"), shares(parts))
    remaining = remaining_by_source(rep, close)
    if market:
        del remaining["market"]
    if rep.rep_cv == 0 and close is None:
        remaining |= {source: moving(rep, source) for source in ("activity", "entry")}
    total = sum(parts.values())
    truths = {source: part / total for source, part in remaining.items()}
    check(by_name(part, answers, "bookings_total_index"), truths)


@pytest.mark.parametrize("rep", [SMALL, replace(SMALL, rep_cv=0.5, week_cv=0.5)])
def test_variance_of_attainment_is_counted(rep):
    """Equal deals, whales and windfalls that suffice alone; n = 60,000.

    What is known in the end is a number of deals, whether one is a whale, whether a windfall came.
    """
    needed, whale, falls = 3, 0.03, 0.2
    rep = replace(rep, quota=250_000.0)
    plan = plan_of(
        rep,
        deal_size={"law": "fixed", "mean": 84_000, "whale": {"probability": whale, "multiple": 4}},
        windfall={"per_quarter": falls, "law": "fixed", "mean": 300_000},
    )
    part = Sources(plan)
    answers = told(part, 60_000, 6)

    deals = np.arange(quarters(rep).shape[2])
    no_whale, no_windfall = (1 - whale) ** deals, np.exp(-falls)
    enough = deals >= needed
    parts, p = attainment_by_source(rep, np.where(enough, 1.0, 1 - no_whale * no_windfall))
    law = quarters(rep).sum(axis=(0, 1))
    by_deals = law @ np.where(enough, 1.0, 1 - no_whale)  # enough deals, or a whale
    before_windfalls = by_deals + (1 - by_deals) * (1 - no_windfall) ** 2 - p**2
    parts |= {"market": 0.0, "delay": 0.0, "size": 0.0}
    parts["whale"] = before_windfalls - sum(parts.values())
    parts["windfall"] = p * (1 - p) - before_windfalls
    check(
        by_name(part, answers, "attainment_variance_share"),
        {source: each / (p * (1 - p)) for source, each in parts.items()},
    )

    few = law * ~enough
    remaining = {
        "market": 0.0,
        "delay": 0.0,
        "size": 0.0,
        "whale": no_windfall * (few @ (no_whale * (1 - no_whale))),
        "windfall": no_windfall * (1 - no_windfall) * (few @ no_whale),
    }
    check(
        by_name(part, answers, "attainment_total_index"),
        {source: each / (p * (1 - p)) for source, each in remaining.items()},
    )


def test_total_indices_of_attainment_are_counted():
    """Equal deals and nothing else: P(attained in exactly one of two quarters), n = 60,000.

    The two quarters share all luck but one source's.
    """
    part = Sources(plan_of(SMALL, deal_size={"law": "fixed", "mean": 84_000}))
    found = by_name(part, told(part, 60_000, 7), "attainment_total_index")
    p = float(stats.poisson.sf(2, SMALL.deals))
    truths = {}
    for source in ("activity", "entry", "demo", "won"):
        joint = deals_twice(SMALL, source, 3)
        assert joint.sum() == pytest.approx(1, abs=1e-9)
        assert joint.sum(axis=0) == pytest.approx(joint.sum(axis=1), abs=1e-9)
        assert joint[3].sum() == pytest.approx(p, abs=1e-9)
        truths[source] = (p - joint[3, 3]) / (p * (1 - p))
    check(found, truths)


def test_lognormal_sizes_decide_what_deals_leave_open():
    """n = 60,000: without whales and windfalls the sizes decide all that deals do not."""
    part = Sources(plan_of(UNEVEN))
    parts, p = attainment_by_source(UNEVEN, worth(UNEVEN))
    parts |= {"market": 0.0, "delay": 0.0, "whale": 0.0, "windfall": 0.0}
    parts["size"] = p * (1 - p) - sum(parts.values())
    check(by_name(part, told(part, 60_000, 8), "attainment_variance_share"), shares(parts))


def test_shares_sum_to_one():
    part = Sources(plan_of(BOTH, market=MARKET, days=(0, *CYCLE)))
    answers = told(part, 2_000, 9)
    for name in ("bookings_variance_share", "attainment_variance_share"):
        assert answers[name][0].sum() == pytest.approx(1, abs=1e-12)
