"""The laws of the slow twin: inverse distribution functions, and the thinning of the past.

Only the quantile tables are the engine's, since they belong to the stream.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from scipy import special, stats

from funnelsim.engine import tables
from funnelsim.scenario.model import SizeLaw, Stage


def tabled(kind, parameters, u):
    coefficients, bits = tables.table_of(kind, *parameters)
    tail = min(max(1 - u if u > 0.5 else u, 2.0**-33), 0.5 - 2.0**-53)
    fraction, exponent = math.frexp(tail)
    octave, place = exponent + 32, (2 * fraction - 1) * 2**bits
    segment = int(place)
    row = ((32 if u > 0.5 else 0) + octave) * 2**bits + segment
    a, b, c, d = (float(value) for value in coefficients[row])
    x = place - segment
    return a + x * (b + x * (c + x * d))


def normal(u):
    return tabled("normal", (), u)


def lognormal_of(cv: float, z: float) -> float:
    """The lognormal of mean 1 at a standard normal."""
    sigma = math.sqrt(math.log1p(cv * cv))
    return math.exp(sigma * z - sigma**2 / 2)


def beta_total(mean: float, cv: float) -> float:
    """The concentration a + b of a Beta law."""
    return (1 - mean) / (mean * cv * cv) - 1


def size_at(law: SizeLaw, high: int, low: int) -> float:
    u = (high + 0.5) / 2**32
    long = ((high << 20 | low >> 12) + 0.5) / 2**52
    if law.law == "fixed":
        return law.mean
    if law.law == "pareto":
        return law.minimum * (1 - long) ** (-1 / law.shape)
    if law.law == "empirical":
        return sorted(law.amounts)[min(int(long * len(law.amounts)), len(law.amounts) - 1)]
    return law.mean * tabled(law.law, (law.cv,), u)


def delay_at(stage: Stage, u: float) -> float:
    """The delay over its mean."""
    if stage.delay.law == "empirical":
        days = sorted(stage.delay.days)
        return days[min(int(u * len(days)), len(days) - 1)] / (math.fsum(days) / len(days))
    return tabled(stage.delay.law, (stage.days_cv,), u) if stage.days_cv else 1.0


def delay_law(stage: Stage):
    """The same law from scipy, for the thresholds of the past."""
    if stage.delay.law == "empirical":
        days = np.sort(stage.delay.days) / (math.fsum(stage.delay.days) / len(stage.delay.days))
        quantile = lambda u: days[min(math.ceil(u * len(days)), len(days)) - 1]  # noqa: E731
        return quantile, lambda x: float(np.sum(days <= x * (1 + 1e-15)) / len(days))
    if not stage.days_cv:
        return lambda u: 1.0, lambda x: float(x >= 1)
    if stage.delay.law == "gamma":
        law = stats.gamma(1 / stage.days_cv**2, scale=stage.days_cv**2)
        return law.ppf, law.cdf
    sigma = math.sqrt(math.log1p(stage.days_cv**2))
    z = NormalDist()
    return (
        lambda u: math.exp(sigma * z.inv_cdf(u) - sigma**2 / 2),
        lambda x: z.cdf((math.log(x) + sigma**2 / 2) / sigma) if x > 0 else 0.0,
    )


@lru_cache(maxsize=4_096)
def count_cdf(mean: float, cv: float):
    top = int(mean + 40 * math.sqrt(mean + (mean * cv) ** 2) * (1 + cv) + 50)
    n = np.arange(top)
    if cv:
        r = 1 / cv**2
        return special.betainc(r, n + 1.0, r / (r + mean))  # nbdtr would truncate r
    return special.pdtr(n, mean)


def inverse_count(u: float, mean: float, cv: float) -> int:
    return int(np.searchsorted(count_cdf(mean, cv), u, side="right"))


def inverse_binomial(u: float, n: int, p: float) -> int:
    if p <= 0 or n == 0:
        return 0
    if p >= 1:
        return n
    k, total = 0, 0.0
    for k in range(n + 1):
        total += math.exp(
            math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            + k * math.log(p) + (n - k) * math.log1p(-p)
        )  # fmt: skip
        if u < total:
            break
    return k


def weeks_worked(u: float, p: float) -> float:
    """The smallest L >= 1 with 1 - (1 - p)^L > u: whole weeks until a rep leaves."""
    if p <= 0:
        return math.inf
    if p >= 1:
        return 1
    return math.floor(math.log(1 - u) / math.log1p(-p)) + 1


@dataclass
class Past:
    """The thinning of the weeks before day 0, from the formulas of docs/background/randomness.md.

    Row k holds week -k - 1, column s the stage s.
    """

    theta: np.ndarray
    open_theta: np.ndarray

    @property
    def weeks(self) -> int:
        return len(self.theta)


@lru_cache(maxsize=256)
def past_of(stages, first: int, start: str, pipeline: bool, whole: bool) -> Past:
    """The past of a source that enters the stage of number ``first``."""
    n = len(stages)
    if start == "empty":
        return Past(np.ones((0, n)), np.ones((0, n)))
    won = [stage.days if s >= first else 0.0 for s, stage in enumerate(stages)]
    longest = [
        max(days, lost_days(stage)) if s > first else days
        for s, (stage, days) in enumerate(zip(stages, won, strict=True))
    ]

    def weeks(means):
        slow = [(s, mean) for s, mean in zip(stages, means, strict=True) if mean > 0]
        total = sum(mean * delay_law(s)[0](1 - 1e-4 / len(slow)) for s, mean in slow)
        return math.ceil(total / 7)

    def thresholds(means, k):
        weights = np.array([mean**0.75 if mean else 0.0 for mean in means])
        out = np.ones((k, n))
        for s in range(n):
            if means[s]:
                _, cdf = delay_law(stages[s])
                share = weights[s] / weights.sum()
                out[:, s] = [cdf(share * 7 * row / means[s]) for row in range(k)]
        return out

    k = weeks(won)
    k_open = max(k, weeks(longest)) if pipeline else k
    theta = thresholds(won, k_open)
    if whole:  # no opportunity is left out
        theta[:] = 0.0
    theta[k:] = 1.0
    lower = np.minimum(theta, thresholds(longest, k_open))
    return Past(theta, np.where(theta > 0, lower / np.where(theta > 0, theta, 1), 0.0))


def lost_days(stage: Stage) -> float:
    return stage.days if stage.lost_days is None else stage.lost_days
