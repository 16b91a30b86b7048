"""The reference workload in NumPy, three times, each as fast as it could be made honestly.

All work chunk by chunk, so that a chunk stays in the second-level cache; decide outcomes before
delays, so that only survivors cost a normal and an exponential; and use SFC64, the fastest bit
generator that NumPy has. A survivor list is a pair of arrays (whose draw, which moment).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import (
    ACTIVITIES_PER_QUARTER,
    DAYS,
    DEAL,
    DEMO,
    DEMO_DAYS,
    DEMO_DELAY,
    DISCOVERY,
    PER_WEEK,
    WEEKS,
    WINDFALL,
    WINDFALLS_PER_QUARTER,
    WON,
    WON_DAYS,
    WON_DELAY,
    Lognormal,
    Outcome,
)

PAST_WEEKS = 73  # the 1e-4 quantile of the whole cycle: what must be simulated to miss 1e-4 of wins
DEMOS_PER_DAY = ACTIVITIES_PER_QUARTER * DISCOVERY * DEMO / DAYS
WINS_PER_DAY = DEMOS_PER_DAY * WON

Integers = NDArray[np.integer]
Floats = NDArray[np.float64]


def past_weeks(draws: int, seed: int, chunk: int = 1024) -> Outcome:
    """Simulate 73 weeks before day 0 as well as the quarter, then look at the quarter."""
    rng = np.random.Generator(np.random.SFC64(seed))
    weeks = np.arange(-PAST_WEEKS, WEEKS)
    outcome = Outcome.empty(draws)
    for first in range(0, draws, chunk):
        rows = slice(first, min(first + chunk, draws))
        m = rows.stop - rows.start
        activities = rng.poisson(PER_WEEK, (weeks.size, m))
        entries = rng.binomial(activities, DISCOVERY)
        outcome.activities[rows] = activities[PAST_WEEKS:].sum(axis=0)
        outcome.discoveries[rows] = entries[PAST_WEEKS:].sum(axis=0)

        draw, moment = _demo_moments(rng, entries, 7.0 * weeks)
        outcome.demos[rows] = np.bincount(draw[moment >= 0], minlength=m)
        draw, moment = _win_moments(rng, draw, moment)
        _book(rng, outcome, rows, draw[moment >= 0])
    return outcome


def stationary(draws: int, seed: int, chunk: int = 4096) -> Outcome:
    """Draw the pipeline of day 0 from its stationary law, then simulate the quarter.

    What is open at day 0 and will go on is a Poisson count per step with mean rate * mean delay;
    its remaining delay has the equilibrium law, a uniform share of a length-biased delay.
    """
    rng = np.random.Generator(np.random.SFC64(seed))
    weeks = np.arange(WEEKS)
    outcome = Outcome.empty(draws)
    for first in range(0, draws, chunk):
        rows = slice(first, min(first + chunk, draws))
        m = rows.stop - rows.start
        activities = rng.poisson(PER_WEEK, (WEEKS, m))
        entries = rng.binomial(activities, DISCOVERY)
        outcome.activities[rows] = activities.sum(axis=0)
        outcome.discoveries[rows] = entries.sum(axis=0)

        draw, moment = _demo_moments(rng, entries, 7.0 * weeks)
        _go_on_to_the_win(rng, outcome, rows, draw, moment)
    return outcome


def poisson_shortcuts(draws: int, seed: int, chunk: int = 4096) -> Outcome:
    """As ``stationary``, with every shortcut that this special case allows: no weeks, no binomials.

    Activities that lead nowhere, entries that are lost and entries that go on are independent
    Poisson counts of the quarter; those that go on in a whole chunk are one Poisson count, each
    with a uniform draw and moment; the other two come from alias tables. Whatever looks at a week
    or makes its law anything but Poisson breaks it: a floor, a cap, a spread of weeks, elasticity,
    a weekly KPI; and with skill or a market the rates differ from draw to draw.
    """
    rng = np.random.Generator(np.random.SFC64(seed))
    no_entry = Alias(ACTIVITIES_PER_QUARTER * (1 - DISCOVERY))
    lost_entry = Alias(ACTIVITIES_PER_QUARTER * DISCOVERY * (1 - DEMO))
    outcome = Outcome.empty(draws)
    for first in range(0, draws, chunk):
        rows = slice(first, min(first + chunk, draws))
        m = rows.stop - rows.start
        draw, moment = _scattered(rng, m, DEMOS_PER_DAY * DAYS)
        discoveries = np.bincount(draw, minlength=m) + lost_entry.sample(rng, m)
        outcome.discoveries[rows] = discoveries
        outcome.activities[rows] = no_entry.sample(rng, m) + discoveries

        moment *= DAYS
        moment += _lognormals(rng, DEMO_DELAY.mu, DEMO_DELAY, moment.size)
        inside = moment < DAYS
        _go_on_to_the_win(rng, outcome, rows, draw.compress(inside), moment.compress(inside))
    return outcome


class Alias:
    """Poisson counts below 1024 by Walker's alias method: one 32-bit word and two look-ups.

    A word's low 10 bits choose a cell, its other 22 decide between the cell's two counts, so that
    no probability is off by more than a few times 2^-33.
    """

    bits = 10

    def __init__(self, mean: float) -> None:
        cells = 1 << self.bits
        counts = np.arange(cells)
        log_factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
        weight = np.exp(counts * np.log(mean) - mean - log_factorial)
        weight *= cells / weight.sum()
        share, self.other = np.ones(cells), counts.astype(np.uint32)
        small = [count for count in counts if weight[count] < 1]
        large = [count for count in counts if weight[count] >= 1]
        while small and large:
            short, long = small.pop(), large[-1]
            share[short], self.other[short] = weight[short], long
            weight[long] -= 1 - weight[short]
            if weight[long] < 1:
                small.append(large.pop())
        self.threshold = np.rint(share * 2.0 ** (32 - self.bits)).astype(np.uint32)

    def sample(self, rng: np.random.Generator, number: int) -> Integers:
        words = rng.integers(0, 2**64, (number + 1) // 2, np.uint64).view(np.uint32)[:number]
        cell = words & np.uint32((1 << self.bits) - 1)
        keep = words >> np.uint32(self.bits) < self.threshold.take(cell)
        return np.where(keep, cell, self.other.take(cell))


def _demo_moments(
    rng: np.random.Generator, entries: Integers, week_starts: Floats
) -> tuple[Integers, Floats]:
    """Return draw and moment of the demos before the quarter's end, of entries (week, draw)."""
    m = entries.shape[1]
    cell = np.repeat(np.arange(entries.size), entries.ravel())
    cell = cell.compress(rng.random(cell.size) < DEMO)
    moment = np.repeat(week_starts, m).take(cell)
    moment += 7.0 * rng.random(cell.size)
    moment += _lognormals(rng, DEMO_DELAY.mu, DEMO_DELAY, cell.size)
    inside = moment < DAYS
    return np.tile(np.arange(m), len(entries)).take(cell.compress(inside)), moment.compress(inside)


def _win_moments(
    rng: np.random.Generator, draw: Integers, moment: Floats
) -> tuple[Integers, Floats]:
    """Return draw and moment of the wins before the quarter's end, of demos."""
    won = rng.random(draw.size) < WON
    draw, moment = draw.compress(won), moment.compress(won)
    moment += _lognormals(rng, WON_DELAY.mu, WON_DELAY, moment.size)
    inside = moment < DAYS
    return draw.compress(inside), moment.compress(inside)


def _go_on_to_the_win(
    rng: np.random.Generator, outcome: Outcome, rows: slice, draw: Integers, moment: Floats
) -> None:
    """Add the pipeline of day 0 to the demos of the quarter, and follow both to the booking."""
    m = rows.stop - rows.start
    open_draw, residual = _pipeline(rng, m, DEMOS_PER_DAY * DEMO_DAYS, DEMO_DELAY)
    draw, moment = np.concatenate([draw, open_draw]), np.concatenate([moment, residual])
    outcome.demos[rows] = np.bincount(draw, minlength=m)
    draw, _ = _win_moments(rng, draw, moment)
    open_draw, _ = _pipeline(rng, m, WINS_PER_DAY * WON_DAYS, WON_DELAY)
    _book(rng, outcome, rows, np.concatenate([draw, open_draw]))


def _pipeline(
    rng: np.random.Generator, m: int, mean: float, delay: Lognormal
) -> tuple[Integers, Floats]:
    """Return draw and moment of what is open at day 0 and decided inside the quarter."""
    draw, share = _scattered(rng, m, mean)
    residual = share * _lognormals(rng, delay.length_biased_mu, delay, share.size)
    inside = residual < DAYS
    return draw.compress(inside), residual.compress(inside)


def _scattered(rng: np.random.Generator, m: int, mean: float) -> tuple[Integers, Floats]:
    """Return events with ``mean`` a draw over m draws: whose draw, and a uniform of their own."""
    position = m * rng.random(rng.poisson(mean * m))
    draw = position.astype(np.int64)
    position -= draw
    return draw, position


def _book(rng: np.random.Generator, outcome: Outcome, rows: slice, draw: Integers) -> None:
    """Count the wins, add their sizes up, and add the windfalls."""
    m = rows.stop - rows.start
    sizes = _lognormals(rng, DEAL.mu, DEAL, draw.size)
    outcome.wins[rows] = np.bincount(draw, minlength=m)
    windfall_draw = rng.integers(0, m, rng.poisson(WINDFALLS_PER_QUARTER * m))
    windfall_sizes = _lognormals(rng, WINDFALL.mu, WINDFALL, windfall_draw.size)
    windfalls = np.bincount(windfall_draw, windfall_sizes, m)
    outcome.windfall_bookings[rows] = windfalls
    outcome.bookings[rows] = np.bincount(draw, sizes, m) + windfalls


def _lognormals(rng: np.random.Generator, mu: float, law: Lognormal, number: int) -> Floats:
    """Return lognormals of location mu and the law's sigma; in place, unlike rng.lognormal."""
    values = rng.standard_normal(number)
    values *= law.sigma
    values += mu
    return np.exp(values, out=values)
