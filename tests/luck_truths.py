"""Truths about luck, derived from model.md alone: NumPy and SciPy, nothing of funnelsim.

A quarter's bookings are taken apart in two ways. Where weeks are Poisson they are a compound
Poisson sum: its transform is inverted on a lattice of amounts. Elsewhere the number of deals has a
law of its own, mixed over skill, and a table says what a number of deals is worth. All delays are
0, unless a function takes ``closing``: in a steady start they change no law of a quarter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product

import numpy as np
from scipy import signal, stats

MOST_DEALS = 127  # of a quarter: beyond them lies less than 1e-12


@dataclass(frozen=True)
class Lognormal:
    mean: float
    cv: float

    @property
    def second_moment(self):
        return self.mean**2 * (1 + self.cv**2)

    @property
    def law(self):
        variance = math.log(1 + self.cv**2)
        return stats.lognorm(math.sqrt(variance), scale=self.mean * math.exp(-variance / 2))

    def times(self, factor):
        return Lognormal(self.mean * factor, self.cv)


@dataclass(frozen=True)
class Rep:
    """One rep of the Sales Math; ``whale`` is a probability and a multiple."""

    activities: float = 750.0
    conversions: tuple[float, ...] = (0.02, 0.6, 1 / 3)
    size: Lognormal = Lognormal(84_000.0, 0.5)
    whale: tuple[float, float] = (0.0, 1.0)
    windfalls: float = 0.0
    windfall: Lognormal = Lognormal(250_000.0, 1.0)
    rep_cv: float = 0.0
    week_cv: float = 0.0
    floor: int = 0
    adherence: float = 0.0
    quota: float = 250_000.0
    weeks: int = 13

    @property
    def per_week(self):
        return self.activities / self.weeks

    @property
    def won(self):
        """P(an activity becomes a deal)."""
        return math.prod(self.conversions)

    @property
    def deals(self):
        return self.activities * self.won

    def amounts(self):
        """Rates and laws of what a quarter brings: ordinary deals, whales, windfalls."""
        probability, multiple = self.whale
        return (
            (self.deals * (1 - probability), self.size),
            (self.deals * probability, self.size.times(multiple)),
            (self.windfalls, self.windfall),
        )


# --- a compound Poisson quarter -------------------------------------------------------------------


def intensity(amounts, step, cells, below=math.inf):
    """Return the rate of amounts in each cell of a lattice, k = 0 ... cells, no larger than below.

    A cell is what rounds to it, so that a sum's rounding has mean 0.
    """
    edges = np.minimum((np.arange(cells + 2) - 0.5) * step, below)
    edges[0] = 0.0
    return sum(rate * np.diff(law.law.cdf(edges)) for rate, law in amounts)


def below_quota(amounts, quota, step=50.0, largest=math.inf):
    """Return P(sum < quota, no amount larger than ``largest``) of a compound Poisson sum.

    An amount above the quota reaches it alone and is left out of the transform, which so loses the
    chance of its coming. The lattice is 32 quotas long: what wraps around is 32 deals.
    """
    cells = round(quota / step)
    transform = np.fft.rfft(intensity(amounts, step, cells, largest), 32 * cells)
    total = sum(rate for rate, _ in amounts)
    masses = np.fft.irfft(np.exp(transform - total))[: cells + 1]
    return float(masses[:-1].sum() + masses[-1] / 2)  # the last cell straddles the quota


def dependence(rep):
    """Return what model.md says of a plan with Poisson weeks, by the names of fs.luck."""
    amounts = rep.amounts()
    means = [rate * law.mean for rate, law in amounts]
    seconds = [rate * law.second_moment for rate, law in amounts]  # variances of the three sums
    p = 1 - below_quota(amounts, rep.quota)
    repeatable = 1 - below_quota(amounts[:1], rep.quota)
    without, mean_without = without_largest(rep)
    return {
        "attainment_probability": p,
        "repeatable_attainment_probability": repeatable,
        "windfall_dependence": 1 - repeatable / p,
        "largest_deal_dependence": 1 - without / p,
        "without_largest_attainment_probability": without,
        "without_largest_mean": mean_without,
        "windfall_share_of_mean": sum(means[1:]) / sum(means),
        "windfall_share_of_variance": sum(seconds[1:]) / sum(seconds),
        "bookings_cv": math.sqrt(sum(seconds)) / sum(means),
    }


def without_largest(rep):
    """Return P(B - largest >= Q) and E(B - largest) of a compound Poisson quarter.

    The largest amount is x with density v(x) exp(-V(x)), v the intensity of all amounts and V(x)
    the rate of larger ones; given it, the rest is the compound Poisson sum of the smaller ones. For
    x > Q the rest stays below Q if it does without amounts above Q: below(Q) exp(-(V(Q) - V(x))).
    """
    amounts = rep.amounts()

    def larger(x):
        return sum(rate * law.law.sf(x) for rate, law in amounts)

    def density(x):
        return sum(rate * law.law.pdf(x) for rate, law in amounts) * np.exp(-larger(x))

    huge = larger(rep.quota)
    total = larger(0.0)
    # below_quota counts all larger amounts as absent; given the largest they are known to be
    rest = below_quota(amounts, rep.quota, 250.0) * math.exp(huge)
    missed = math.exp(-total) + huge * math.exp(-huge) * rest
    kinks = rep.quota / np.array([1, 2, 3, 4, 6, 9, 15, 40, 1e6])[::-1]
    nodes, weights = np.polynomial.legendre.leggauss(12)
    for left, right in pairwise(kinks):
        half = (right - left) / 2
        for x, weight in zip(left + half * (1 + nodes), half * weights, strict=True):
            rest = below_quota(amounts, rep.quota, 250.0, x) * math.exp(larger(x))
            missed += weight * density(x) * rest
    # E largest = integral of 1 - exp(-V); in ln x it is smooth and short-tailed
    logs = np.linspace(math.log(1e-2), math.log(1e10), 20_001)
    largest = np.trapezoid(-np.expm1(-larger(np.exp(logs))) * np.exp(logs), logs)
    mean = sum(rate * law.mean for rate, law in amounts)
    return 1 - missed, mean - float(largest)


def counted(ordinary, whales, windfalls, sizes, quota):
    """Return p, p_R, P(B - largest >= Q) of Poisson numbers of amounts of three fixed sizes."""
    most = 60
    chances = [stats.poisson(rate).pmf(np.arange(most)) for rate in (ordinary, whales, windfalls)]
    p = repeatable = without = 0.0
    for counts in product(range(most), range(12), range(12)):
        chance = math.prod(c[n] for c, n in zip(chances, counts, strict=True))
        total = sum(n * size for n, size in zip(counts, sizes, strict=True))
        largest = max((s for n, s in zip(counts, sizes, strict=True) if n), default=0.0)
        p += chance * (total >= quota)
        repeatable += chance * (counts[0] * sizes[0] >= quota)
        without += chance * (total - largest >= quota)
    return p, repeatable, without


def at_least(k, n, p):
    """Return P(at least k of n independent quarters); p an array or a number."""
    return stats.binom.sf(k - 1, n, p)


# --- any quarter without delays: numbers of deals -------------------------------------------------


def skills(rep):
    """Return activity multipliers with mean 1 and their weights."""
    if rep.rep_cv == 0:
        return np.ones(1), np.ones(1)
    z, weights = np.polynomial.hermite_e.hermegauss(40)
    kept = weights > 1e-14
    sigma = math.sqrt(math.log(1 + rep.rep_cv**2))
    return np.exp(sigma * z[kept] - sigma**2 / 2), weights[kept] / weights[kept].sum()


def week(rep, skill=1.0):
    """Return the law of a week's activities: Poisson or negative binomial, then the floor."""
    mean = rep.per_week * skill
    shape = rep.week_cv**-2 if rep.week_cv else math.inf
    counts = stats.nbinom(shape, shape / (shape + mean)) if rep.week_cv else stats.poisson(mean)
    law = counts.pmf(np.arange(max(counts.isf(1e-14), rep.floor) + 1))
    worked_up = rep.adherence * law[: rep.floor]
    law[: rep.floor] -= worked_up
    law[rep.floor] += worked_up.sum()
    return law


@cache
def quarters(rep, hit=None, needed=0):
    """Return P(skill, KPI missed or hit, number of deals), (skill, 2, deals), weights included.

    ``hit`` says of a week's number of activities, or of opportunities that reach a stage where it
    comes as (stage, least), whether it is a hit; a quarter is one with ``needed`` hits.
    """
    circle = np.exp(-2j * np.pi * np.arange(MOST_DEALS + 1) / (MOST_DEALS + 1))
    laws = []
    multipliers, weights = skills(rep)
    for skill, weight in zip(multipliers, weights, strict=True):
        counts, left = week(rep, skill), rep.won
        stage, least = (-1, 0) if hit is None else hit
        if stage >= 0:  # counted are the opportunities that reach the stage
            reached = math.prod(rep.conversions[: stage + 1])
            n = np.arange(len(counts))
            counts = counts @ stats.binom.pmf(np.arange(60), n[:, None], reached)
            left /= reached
        powers = np.full((len(counts), len(circle)), 1 - left + left * circle)
        powers[0] = 1.0
        powers = np.cumprod(powers, axis=0) * counts[:, None]
        missed, made = powers[:least].sum(axis=0), powers[least:].sum(axis=0)
        every = [
            math.comb(rep.weeks, j) * made**j * missed ** (rep.weeks - j)
            for j in range(rep.weeks + 1)
        ]
        both = np.array([sum(every[:needed]) + 0 * circle, sum(every[needed:])])
        laws.append(weight * np.fft.ifft(both, axis=1).real)
    return np.array(laws)


@cache
def worth(rep, step=100.0, luck=True):
    """Return P(so many deals reach the quota), 0 ... MOST_DEALS; without luck by ordinary deals.

    Without luck a whale books nothing and no windfall comes.
    """
    cells = round(rep.quota / step)
    probability, multiple = rep.whale
    deal = intensity(((1 - probability, rep.size),), step, cells)
    if luck:
        deal += intensity(((probability, rep.size.times(multiple)),), step, cells)
    else:
        deal[0] += probability
    sums = np.zeros(cells + 1)
    sums[0] = 1.0
    if luck and rep.windfalls:
        rates = intensity(((rep.windfalls, rep.windfall),), step, cells)
        spread = np.fft.rfft(rates, 64 * cells)
        sums = np.fft.irfft(np.exp(spread - rep.windfalls))[: cells + 1]
    reached = []
    for _ in range(MOST_DEALS + 1):
        reached.append(1 - sums[:-1].sum() - sums[-1] / 2)
        sums = signal.fftconvolve(sums, deal)[: cells + 1]
    return np.array(reached)


def attainment(rep, luck=True):
    """Return P(attain | skill) and the weights of skill."""
    laws = quarters(rep).sum(axis=1)
    weights = laws.sum(axis=1)
    return laws @ worth(rep, luck=luck) / weights, weights


def kpi_table(rep, hit, needed, lag=0):
    """Return P(KPI missed or hit, quota missed, by windfall only, repeatable), (2, 3)."""
    laws = quarters(rep, hit, needed)
    all_of_it, repeatable = worth(rep), worth(rep, luck=False)
    columns = np.array([1 - all_of_it, all_of_it - repeatable, repeatable])
    if lag == 0:
        return laws.sum(axis=0) @ columns.T
    margins = laws.sum(axis=2)  # (skill, 2): quarters have nothing but skill in common
    return np.einsum("sk,sd,cd->kc", margins / margins.sum(1)[:, None], laws.sum(1), columns)


def moments(rep):
    """Return mean and variance of a quarter's bookings, and mean activities."""
    laws = quarters(rep).sum(axis=(0, 1))
    n = np.arange(len(laws))
    deals = laws @ n
    spread = laws @ n**2 - deals**2
    probability, multiple = rep.whale
    mean = rep.size.mean * (1 + probability * (multiple - 1))
    second = rep.size.second_moment * (1 + probability * (multiple**2 - 1))
    variance = deals * (second - mean**2) + spread * mean**2
    falls = rep.windfalls * rep.windfall.mean
    return (
        deals * mean + falls,
        variance + rep.windfalls * rep.windfall.second_moment,
        deals / rep.won,
    )


def level(rep):
    """Return the same rep without the floor, with the activity that brings the same deals."""
    return replace(rep, floor=0, adherence=0.0, activities=moments(rep)[2])


# --- where the variance comes from ----------------------------------------------------------------

SOURCES = ("skill", "market", "activity", "entry", "demo", "won", "delay", "size", "whale",
           "windfall")  # fmt: skip


def closing(days, weeks=13, past=101, cv=1.0):
    """Return P(a deal that entered in week w closes in the first quarter), w = -past ... weeks - 1.

    It enters at a uniform moment of its week, then two lognormal delays of cv ``cv`` pass. The
    first is integrated over its normal score, where the trapezium rule converges geometrically.
    """
    z = np.linspace(-8.5, 8.5, 401)
    weights = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    sigma = math.sqrt(math.log(1 + cv**2))
    first = days[0] * np.exp(sigma * z - sigma**2 / 2)
    moments, moment_weights = np.polynomial.legendre.leggauss(24)
    entries = 7 * (np.arange(-past, weeks)[:, None] + (1 + moments) / 2)
    second = Lognormal(days[1], cv).law

    def closed_by(day):
        left = day - entries[..., None] - first
        return second.cdf(np.maximum(left, 0)) @ weights @ (moment_weights / 2)

    return closed_by(7.0 * weeks) - closed_by(0.0)


def past_weeks(days, cv=1.0):
    """Return the weeks before day 0 that a steady start looks at."""
    tail = 1 - 1e-4 / len(days)
    return math.ceil(sum(Lognormal(mean, cv).law.ppf(tail) for mean in days) / 7)


def variance_by_source(rep, close=None, market_cv=0.0, persistence=0.0):
    """Return what each source adds to Var(B), in currency squared: the law of total variance.

    ``close`` holds P(closes in the quarter) by week of entry, -past ... weeks - 1; by default
    what enters in the quarter closes at once. Policy aside.
    """
    close = np.ones(rep.weeks) if close is None else close
    past = len(close) - rep.weeks
    probability, multiple = rep.whale
    factor = 1 + probability * (multiple - 1)  # of a deal's mean, as long as whales are not known
    mean = rep.size.mean * factor
    entry, demo, won = rep.conversions
    a = rep.per_week
    # the multipliers of a week's activity and of its entries have second moments:
    skilled, marketed = 1 + rep.rep_cv**2, 1 + market_cv**2
    by_quarter = np.zeros(-(-past // rep.weeks) + 1)
    np.add.at(by_quarter, (np.arange(-past, rep.weeks) // rep.weeks), close)
    apart = np.abs(np.subtract.outer(quarter_numbers := np.arange(len(by_quarter)),
                                     quarter_numbers))  # fmt: skip
    by_quarter = np.roll(by_quarter, -1)  # from the earliest to the first of the horizon
    together = np.exp(math.log(marketed) * persistence**apart) - 1  # Cov(M_q, M_r)
    total, squared = a * close.sum(), a * (close**2).sum()
    week_variance = a * 1.0 + a**2 * rep.week_cv**2 * skilled  # E Var(n_w | skill)
    parts = {
        "skill": rep.rep_cv**2 * (total * rep.won * mean) ** 2,
        "market": skilled * (a * rep.won * mean) ** 2 * (by_quarter @ together @ by_quarter),
        "activity": week_variance * marketed * (close**2).sum() * (rep.won * mean) ** 2,
        "entry": squared * entry * (1 - entry * marketed) * (demo * won * mean) ** 2,
        "demo": squared * entry * demo * (1 - demo) * (won * mean) ** 2,
        "won": squared * rep.won * (1 - won) * mean**2,
        "delay": (total - squared) * rep.won * mean**2,
        "size": total * rep.won * (rep.size.cv * rep.size.mean * factor) ** 2,
        "whale": total * rep.won * rep.size.second_moment
        * probability * (1 - probability) * (multiple - 1) ** 2,
        "windfall": rep.windfalls * rep.windfall.second_moment,
    }  # fmt: skip
    return parts


def remaining_by_source(rep, close=None):
    """Return E Var(B | all luck but one source's), in currency squared, for those in closed form.

    One deal's worth Y has E Y^2 = E X^2 (1 + probability (multiple^2 - 1)); every opportunity keeps
    its own outcomes, delays and size, whether they are looked at or not.
    """
    close = np.ones(rep.weeks) if close is None else close
    probability, multiple = rep.whale
    worth_squared = rep.size.second_moment * (1 + probability * (multiple**2 - 1))
    demo, won = rep.conversions[1:]
    deals = rep.per_week * rep.won * close.sum()
    ordered = variance_by_source(rep, close)
    variance_of_size = (rep.size.cv * rep.size.mean) ** 2
    return {
        "market": 0.0,
        "demo": deals * (1 - demo) * worth_squared,
        "won": deals * (1 - won) * worth_squared,
        "delay": rep.per_week * rep.won * (close * (1 - close)).sum() * worth_squared,
        "size": deals * variance_of_size * (1 + probability * (multiple**2 - 1)),
        "whale": ordered["whale"],
        "windfall": ordered["windfall"],
    }


def entries_twice(rep, source, most=32):
    """Return P(e, e') of a week's entries if one source is drawn anew.

    Entries are the inverse distribution function of one uniform. If the activities are drawn anew
    that uniform stays, and the two numbers are comonotone given both levels of activity.
    """
    counts = week(rep)
    n = np.arange(len(counts))
    laws = stats.binom.pmf(np.arange(most), n[:, None], rep.conversions[0])
    if source == "entry":
        return np.einsum("n,ni,nj->ij", counts, laws, laws)
    if source != "activity":
        return np.diag(counts @ laws)
    by = np.concatenate([np.zeros((len(n), 1)), np.cumsum(laws, axis=1)], axis=1)
    joint = np.zeros((most + 1, most + 1))
    for chance, one in zip(counts, by, strict=True):  # P(e < x, e' < y) = min(P(e < x), P(e' < y))
        joint += chance * np.einsum("n,nij->ij", counts, np.minimum(one[:, None], by[:, None, :]))
    return np.diff(np.diff(joint, axis=0), axis=1)


def deals_twice(rep, source, most):
    """Return P(d, d') of a quarter's deals if one source is drawn anew, both capped at ``most``.

    Sources: activity, entry, demo, won. An opportunity that enters in both keeps its own outcomes.
    """
    demo, won = rep.conversions[1:]
    win = demo * won
    both = {"demo": win * demo, "won": win * won}.get(source, win)
    fate = np.array([[1 - 2 * win + both, win - both], [win - both, both]])  # of one opportunity
    once, again = np.array([[1 - win], [win]]), np.array([[1 - win, win]])
    where = np.minimum(np.arange(2 * most + 1), most)

    def and_then(joint, more):
        summed = signal.convolve2d(joint, more)
        capped = np.zeros((most + 1, most + 1))
        places = np.ix_(where[: summed.shape[0]], where[: summed.shape[1]])
        np.add.at(capped, places, summed)
        return capped

    def of_entries(number, one):
        laws = [np.eye(1, (most + 1) ** 2).reshape(most + 1, most + 1)]  # no deals
        for _ in range(number):
            laws.append(and_then(laws[-1], one))
        return laws

    entries = entries_twice(rep, source)
    common, further, other = (of_entries(len(entries), one) for one in (fate, once, again))
    one_week = sum(
        chance * and_then(common[min(e, f)], (further if e > f else other)[abs(e - f)])
        for (e, f), chance in np.ndenumerate(entries)
    )
    quarter = one_week
    for _ in range(rep.weeks - 1):
        quarter = and_then(quarter, one_week)
    return quarter


def moving(rep, source):
    """Return E (B - B')^2 / 2 if activity or entry is drawn anew, sizes known only by moments.

    Of e and e' entries in a week the further ones bring independent worths Y:
    E (B - B')^2 = E|e - e'| Var Y + E (e - e')^2 (E Y)^2, summed over weeks.
    """
    joint = entries_twice(rep, source)
    apart = np.subtract.outer(np.arange(len(joint)), np.arange(len(joint)))
    probability, multiple = rep.whale
    win = math.prod(rep.conversions[1:])
    mean = win * rep.size.mean * (1 + probability * (multiple - 1))
    second = win * rep.size.second_moment * (1 + probability * (multiple**2 - 1))
    further, squared = (abs(apart) * joint).sum(), (apart**2 * joint).sum()
    return rep.weeks * (further * (second - mean**2) + squared * mean**2) / 2


def attainment_by_source(rep, given):
    """Return what skill ... won add to Var(attained), and P(attain); no market, no delays.

    ``given[d]`` is P(attain | d deals). What is known after each source is a number: activities,
    entries, demos, deals, each thinned from the one before.
    """
    laws = quarters(rep).sum(axis=1)
    weights, most = laws.sum(axis=1), laws.shape[1]
    chances = laws @ given / weights
    p = float(weights @ chances)
    parts = {"skill": float(weights @ (chances - p) ** 2)}
    number = sum(
        weight * np.fft.irfft(np.fft.rfft(week(rep, skill), 8_192) ** rep.weeks)
        for skill, weight in zip(*skills(rep), strict=True)
    )
    for source, conversion in zip(SOURCES[2:6], (1.0, *rep.conversions), strict=True):
        number = number @ stats.binom.pmf(np.arange(most), np.arange(len(number))[:, None],
                                          conversion) if conversion < 1 else number  # fmt: skip
        passed = SOURCES[2:6].index(source)
        left = math.prod(rep.conversions[passed:])
        fates = stats.binom.pmf(np.arange(most), np.arange(len(number))[:, None], left)
        parts[source] = float(number @ (fates @ given - p) ** 2) - sum(parts.values())
    return parts, p
