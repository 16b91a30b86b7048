"""How far back a steady start looks: the days before day 0 whose deals may still be open.

Older deals are left out: over all stages together that changes about one deal in ten thousand.
Plain Python, because the check of a file must not wait for scipy to load.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from funnelsim.scenario.funnel import Stage

DAYS_PER_WEEK = 7
MAX_WEEKS = 8_000  # of the horizon and of the past alike: the width of an address
TRUNCATED = 1e-4  # shared evenly by the stages that take time
MANY = 1e5  # a gamma shape so large that its cube root is normal to eight digits


def past_days(stages: Iterable[Stage]) -> float:
    """Return the days before day 0 to be looked at: the sum of the stages' longest delays.

    The longest delay of a stage is its quantile at 1 - 1e-4 / (number of stages that take time).
    """
    delayed = [stage for stage in stages if stage.days > 0]
    return math.fsum(_longest(stage, TRUNCATED / len(delayed)) for stage in delayed)


def _longest(stage: Stage, tail: float) -> float:
    """Return the delay that a deal exceeds with probability ``tail``, days."""
    if stage.delay.days is not None and stage.delay.mean is not None:
        observed = sorted(stage.delay.days)
        index = min(math.ceil((1 - tail) * len(observed)), len(observed)) - 1
        return observed[index] * stage.days / stage.delay.mean
    if stage.days_cv == 0:
        return stage.days
    if stage.delay.law == "gamma":
        return stage.days * _gamma_beyond(1 / stage.days_cv**2, tail)
    spread = math.sqrt(math.log1p(stage.days_cv**2))
    return stage.days * math.exp(spread * _normal_beyond(tail) - spread**2 / 2)


def _normal_beyond(tail: float) -> float:
    """Return the point that a standard normal exceeds with probability ``tail`` < 1 / 2."""
    low, high = 0.0, 40.0
    while high - low > 1e-13 * high:  # the module statistics would take longer to load
        middle = (low + high) / 2
        beyond = math.erfc(middle / math.sqrt(2)) / 2
        low, high = (middle, high) if beyond > tail else (low, middle)
    return high


def _gamma_beyond(shape: float, tail: float) -> float:
    """Return the point that a gamma variable of mean 1 exceeds with probability ``tail``."""
    normal = _normal_beyond(tail)
    if shape > MANY:  # Wilson and Hilferty 1931
        return (1 - 1 / (9 * shape) + normal / (3 * math.sqrt(shape))) ** 3
    low, high = 0.0, 1.0
    while _gamma_tail(shape, shape * high) > tail:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _gamma_tail(shape, shape * middle) > tail else (low, middle)
    return high


def _gamma_tail(shape: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function (DLMF 8.7.1 and 8.9.2)."""
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape)) if x > 0 else 0.0
    if x < shape + 1:  # the series converges
        term = total = 1 / shape
        step = 0
        while term > 1e-16 * total:
            step += 1
            term *= x / (shape + step)
            total += term
        return 1 - scale * total
    b = x + 1 - shape  # the continued fraction does, evaluated by Lentz's method
    d, c = 1 / b, math.inf
    fraction = d
    for step in range(1, 100_000):
        a = step * (shape - step)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return scale * fraction
