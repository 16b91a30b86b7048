"""Published arithmetic re-derived from scratch, then met by the exact twin and by the simulator."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

import funnelsim as fs

QUOTA = 250_000
DRAWS = 200_000


def chance_given_deals(cv: float, quota: float, most: int, step: float = 25.0) -> np.ndarray:
    """P(sum of k deals of mean 84 000 >= quota) for k = 0 .. most, by plain convolution.

    Each deal is rounded to the middle of a step of 25; rounding errors average out.
    """
    if cv == 0:
        return (84_000 * np.arange(most + 1) >= quota).astype(float)
    sigma = np.sqrt(np.log1p(cv * cv))
    law = stats.lognorm(sigma, scale=84_000 * np.exp(-(sigma**2) / 2))
    cells = round(quota / step) + 1
    edges = np.append(0.0, (np.arange(cells) + 0.5) * step)
    deal = np.diff(law.cdf(edges))  # amounts 0, step, 2 step, ... below the quota
    size = 1 << (2 * cells - 1).bit_length()
    transform = np.fft.rfft(deal, size)
    below, total = np.ones(most + 1), np.fft.rfft(np.eye(1, cells)[0], size)
    for k in range(1, most + 1):
        product = np.fft.irfft(total * transform, size)[:cells]
        below[k] = product.sum() - product[-1] / 2  # the quota lies in the middle of a step
        total = np.fft.rfft(product, size)
    return np.append(0.0, 1 - below[1:])


def plan_with(trials: int, weeks: int, conversions: list[float], cv: float) -> fs.Scenario:
    """A quarter with a fixed number of trials: floor and cap leave nothing to chance."""
    names = ["discovery", "demo", "won"][-len(conversions) :]
    law = {"law": "fixed"} if cv == 0 else {"law": "lognormal", "cv": cv}
    per_week = trials // weeks
    return fs.Scenario(
        name="fixed effort",
        quota={"per_quarter": QUOTA},
        calendar={"weeks_per_quarter": weeks, "quarters": 4},
        activity={"per_week": float(per_week)},
        policy={"floor_per_week": per_week, "cap_per_week": per_week},
        stages=[{"name": n, "conversion": c} for n, c in zip(names, conversions, strict=True)],
        deal_size={"mean": 84_000.0} | law,
    )


# d-1: what is given, trials, weeks they are spread over, conversions, published P by cv.
GIVEN = [
    ("750 activities", 750, 15, [0.02, 0.6, 0.33], (0.571, 0.457, 0.445, 0.405, 0.366)),
    ("15 discoveries", 15, 15, [0.6, 0.33], (0.594, 0.468, 0.453, 0.408, 0.367)),
    ("9 demos", 9, 9, [0.33], (0.615, 0.476, 0.458, 0.409, 0.367)),
]


@pytest.mark.parametrize(("name", "trials", "weeks", "conversions", "published"), GIVEN)
def test_the_sales_math_is_a_coin_flip(name, trials, weeks, conversions, published):
    deals = stats.binom(trials, np.prod(conversions))
    most = int(deals.isf(1e-12)) + 1
    for cv, digits in zip((0, 0.25, 0.5, 1, 1.5), published, strict=True):
        derived = float(deals.pmf(np.arange(most + 1)) @ chance_given_deals(cv, QUOTA, most))
        assert derived == pytest.approx(digits, abs=6e-4)  # three published digits
        plan = plan_with(trials, weeks, conversions, cv)
        exact = fs.exact(plan)
        found = float(exact.attainment_probability[0, 0])
        assert found == pytest.approx(derived, abs=2e-6)  # the convolution's own step
        if cv in (0, 0.5):
            summary = fs.summarize(plan, draws=DRAWS, seed=1)
            error = np.sqrt(found * (1 - found) / DRAWS)
            assert abs(float(summary.attainment_probability[0, 0]) - found) < 5 * error


def test_four_right_quarters_and_the_year():
    """d-1: all four quarters .106 (fixed sizes); the year .525, .471 and .448 for cv 0, .5, 1."""
    for cv, published in ((0, 0.525), (0.5, 0.471), (1, 0.448)):
        plan = plan_with(750, 15, [0.02, 0.6, 0.33], cv)
        deals = stats.binom(3_000, 0.02 * 0.6 * 0.33)
        most = int(deals.isf(1e-12)) + 1
        chances = chance_given_deals(cv, 4 * QUOTA, most, step=50.0)
        derived = float(deals.pmf(np.arange(most + 1)) @ chances)
        assert derived == pytest.approx(published, abs=6e-4)
        year = float(fs.exact(plan, by="year").attainment_probability[0, 0])
        assert year == pytest.approx(derived, abs=2e-5)
    exact = fs.exact(plan_with(750, 15, [0.02, 0.6, 0.33], 0))
    p = float(exact.attainment_probability[0, 0])
    assert float(exact.at_least_probability[0, 3]) == pytest.approx(p**4, abs=1e-9)
    assert p**4 == pytest.approx(0.106, abs=5e-4)


def test_old_deals_win_less():
    """Deal ageing, from the simulator: of what is open after six weeks, so much is won by twelve.

    A season lets opportunities enter in the first three weeks only; all else follows from the two
    delays, for each moment of entry.
    """
    p, horizon = 1 / 3, 84.0
    plan = fs.Scenario(
        name="ageing",
        quota={"per_quarter": QUOTA},
        calendar={"weeks_per_quarter": 3, "quarters": 4, "start": "empty"},
        activity={"per_week": 20.0},
        market={"season": [1.0, 0.0, 0.0, 0.0]},
        stages=[
            {"name": "demo", "conversion": 0.5},
            {"name": "won", "conversion": p, "days": 32.0, "lost_days": 57.6},
        ],
        deal_size={"law": "fixed", "mean": 84_000.0},
    )
    result = fs.simulate(plan, draws=50_000, seed=1, pipeline=True)
    sigma = np.sqrt(np.log(2))

    def open_at(day, mean):
        law = stats.lognorm(sigma, scale=mean * np.exp(-(sigma**2) / 2))
        return integrate.quad(lambda entered: law.sf(day - entered), 0, 21)[0]

    for quarter, day in ((2, 42.0), (3, 63.0)):
        open_now = p * open_at(day, 32) + (1 - p) * open_at(day, 57.6)
        expected = p * (open_at(day, 32) - open_at(horizon, 32)) / open_now
        open_count = int(result.open.sel(quarter=quarter).sum())
        won_later = int(result.reached.sel(stage="won").sel(quarter=slice(quarter + 1, 4)).sum())
        error = np.sqrt(expected * (1 - expected) / open_count)
        assert abs(won_later / open_count - expected) < 5 * error


def test_an_opening_pipeline_obeys_little():
    """Little's law: open at any time = entries a day x mean days open (Little 1961, Oper. Res. 9).

    The steady start leaves out the slowest 1e-4 of the deals; its opening pipeline must be that of
    all later days.
    """
    plan = fs.preset("sales_math").replace(
        {"stages.won.lost_days": 57.6, "stages.demo.lost_days": 10.0, "calendar.quarters": 2}
    )
    result = fs.simulate(plan, draws=100_000, seed=2, pipeline=True)
    waits = 0.6 * 7 + 0.4 * 10 + 0.6 * (32 / 3 + 57.6 * 2 / 3)
    expected = 15 / 91 * waits
    for pipeline in (result.open_at_start, result.open.sel(quarter=1), result.open.sel(quarter=2)):
        error = float(pipeline.std()) / np.sqrt(pipeline.size)
        truncated = 1e-3 * expected
        assert abs(float(pipeline.mean()) - expected) < 5 * error + truncated
