"""Pipeline coverage: closed forms, brute force by convolution, and counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.solve.coverage import coverage
from funnelsim.errors import ArgumentError
from twin_plans import sales_math, sized

RATES = [0.1, 0.25, 0.5]
CERTAINTIES = [0.5, 0.8, 0.9]


@pytest.fixture(scope="module")
def fixed():
    return sales_math(deal_size={"law": "fixed", "mean": 84_000})


def test_equal_deals_are_binomial(fixed):
    """The fewest N with P(Bin(N, w) >= d) >= c; and P(Bin(3 d, w) >= d) for the folklore."""
    deals = [1, 3, 10, 50]
    found = coverage(fixed, win_rate=RATES, deals=deals, certainty=CERTAINTIES)
    many = np.arange(1, 2_000)
    for rate in RATES:
        for count in deals:
            here = {"win_rate": rate, "deals": count}
            thrice = found.three_times_probability.sel(**here).item()
            assert thrice == pytest.approx(stats.binom.sf(count - 1, 3 * count, rate), abs=1e-9)
            for certainty in CERTAINTIES:
                enough = many[stats.binom.sf(count - 1, many, rate) >= certainty - 1e-12][0]
                needed = found.opportunities_needed.sel(**here, certainty=certainty).item()
                assert needed == enough
                cover = found.coverage_needed.sel(**here, certainty=certainty).item()
                assert cover == pytest.approx(enough / count)


@pytest.mark.parametrize(
    "size",
    [
        {"law": "gamma", "mean": 84_000, "cv": 0.5},
        {"law": "gamma", "mean": 84_000, "cv": 1.0},
    ],
    ids=str,
)
def test_gamma_sizes_have_a_closed_form(size):
    """n gamma sizes are gamma: P(sum >= Q) = sum over n of Bin(N, w)(n) P(Gamma(n k) >= Q)."""
    plan = sales_math(deal_size=size)
    shape = 1 / size["cv"] ** 2
    found = coverage(plan, win_rate=[0.3], deals=[4], certainty=[0.8])
    n = np.arange(1, 400)
    tail = stats.gamma.sf(4 * shape, n * shape)

    def reached(opportunities):
        return stats.binom.pmf(n, opportunities, 0.3) @ tail

    needed = found.opportunities_needed.item()
    assert reached(needed) >= 0.8 > reached(needed - 1)
    assert found.three_times_probability.item() == pytest.approx(reached(12), abs=1e-8)


def test_whales_by_counting():
    """100 000 pipelines of three times the quota, tossed and added up."""
    plan = sales_math(deal_size=sized(whale={"probability": 0.1, "multiple": 5}))
    mean = 84_000 * 1.4
    found = coverage(plan, win_rate=[0.35], deals=[5], certainty=[0.8])
    random = np.random.default_rng(1)
    sigma = np.sqrt(np.log(1.25))
    shape = (100_000, 15)
    sizes = 84_000 * np.exp(sigma * random.standard_normal(shape) - sigma**2 / 2)
    sizes *= np.where(random.random(shape) < 0.1, 5, 1) * (random.random(shape) < 0.35)
    share = (sizes.sum(axis=1) >= 5 * mean).mean()
    truth = found.three_times_probability.item()
    assert abs(share - truth) < 5 * np.sqrt(truth * (1 - truth) / 100_000)


def test_the_plans_own_case(fixed):
    """250 000 are 2.976 deals of 84 000, three of them; a third is won."""
    found = coverage(fixed, certainty=CERTAINTIES)
    assert found.attrs["own_deals"] == pytest.approx(250 / 84)
    assert found.attrs["own_win_rate"] == pytest.approx(1 / 3)
    many = np.arange(1, 100)
    for certainty in CERTAINTIES:
        enough = many[stats.binom.sf(2, many, 1 / 3) >= certainty][0]
        assert found.own_opportunities_needed.sel(certainty=certainty).item() == enough
        cover = found.own_coverage_needed.sel(certainty=certainty).item()
        assert cover == pytest.approx(enough * 84 / 250)
    nine = stats.binom.sf(2, 9, 1 / 3)  # 3 x 2.976 = 8.93 opportunities
    assert found.own_three_times_probability.item() == pytest.approx(nine, abs=1e-9)


def test_what_the_folklore_misses():
    """More certainty, fewer wins and smaller quotas take more coverage; 1 / w is a coin flip."""
    found = coverage(fs.preset("sales_math"))
    needed = found.coverage_needed
    assert bool((needed.diff("certainty") >= 0).all())
    assert bool((needed.diff("win_rate") <= 0).all())
    assert bool((needed.sel(certainty=[0.8, 0.9]).diff("deals") <= 0).all())
    for rate in found.win_rate.values:
        even = needed.sel(certainty=0.5, deals=50, win_rate=rate).item()
        assert even == pytest.approx(1 / rate, rel=0.02)
    low, high = (found.three_times_probability.sel(win_rate=each) for each in (0.2, 0.5))
    assert bool((low.diff("deals") < 0).all())  # 3 x is not enough, and the more surely so
    assert bool((high.diff("deals") > 0).all())


def test_no_chance_is_no_own_case(fixed):
    found = coverage(fixed.replace({"stages.won.conversion": 1.0}))
    assert "own_coverage_needed" not in found
    assert "own_coverage_needed" in found.attrs["refused"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"win_rate": [0.0]}, "win_rate = 0.0"),
        ({"certainty": 1}, "certainty = 1"),
        ({"deals": [5_000]}, "deals = 5000"),
        ({"deals": []}, "one or more"),
        ({"win_rate": [0.2, 0.2]}, "each once"),
    ],
)
def test_mistakes(fixed, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        coverage(fixed, **arguments)
