"""Inverse distribution functions."""

import math

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    CONSTANT,
    LARGEST_TAIL,
    MANTISSA,
    MOST_ENTRIES,
    NEGLIGIBLE,
    ONE,
    PARETO,
    SMALLEST_TAIL,
    SMALLEST_WEIGHT,
    TABLE,
    TABLE_ORIGIN,
    THREE,
    TWO,
)
from funnelsim.engine.kernels.words import long_uniform


@inlined
def tabled(data, first, bits, u):
    """Look a quantile up in a table of engine/tables.py that begins at ``data[first]``."""
    tail = min(max(min(u, 1.0 - u), SMALLEST_TAIL), LARGEST_TAIL)
    digits = np.float64(tail).view(np.uint64)
    rest = MANTISSA - np.uint64(bits)
    row = (digits >> rest) - (TABLE_ORIGIN << np.uint64(bits))
    row += np.uint64(u > 0.5) << np.uint64(bits + 5)  # 32 octaves a tail; no branch
    unit = np.uint64((np.uint64(1023) - rest) << MANTISSA).view(np.float64)  # 2^-rest
    x = np.float64(np.int64(digits & ((ONE << rest) - ONE))) * unit
    at = np.uint64(first) + np.uint64(4) * row
    return data[at] + x * (data[at + ONE] + x * (data[at + TWO] + x * data[at + THREE]))


@inlined
def quantile(plan, data, law, u):
    """Return the quantile at u of law number ``law``."""
    return scaled_quantile(plan, data, law, plan.law_scale[law], u)


@inlined
def scaled_quantile(plan, data, law, scale, u):
    """Do the same for a scale that is known."""
    kind = plan.law_kind[law]
    if kind == TABLE:
        return scale * tabled(data, plan.law_first[law], plan.law_size[law], u)
    if kind == CONSTANT:
        return scale
    if kind == PARETO:
        return scale * (1.0 - u) ** plan.law_power[law]
    size = plan.law_size[law]
    return scale * data[plan.law_first[law] + min(np.int64(u * size), size - 1)]


@inlined
def size_quantile(plan, data, law, scale, high, low):
    """Return the quantile of a size law at two uniforms, of which most laws need one."""
    u = long_uniform(high, low) if plan.law_kind[law] >= PARETO else high
    return scaled_quantile(plan, data, law, scale, u)


@inlined
def power(base, exponent):
    """Return base ** exponent for a whole exponent, by squaring: half the time of exp and log."""
    result = 1.0
    while exponent > 0:
        result *= base if exponent & 1 else 1.0
        base *= base
        exponent >>= 1
    return result


@called
def binomial_quantile(u, n, p):
    """Return the smallest k with P(Binomial(n, p) <= k) > u."""
    if p <= 0.0 or n == 0:
        return 0
    if p >= 1.0:
        return n
    odds = p / (1.0 - p)
    weight = power(1.0 - p, n)
    if weight > SMALLEST_WEIGHT:
        k, total, goal = 0, weight, u
    else:  # weights relative to the mode's, with their sum known before the search
        k = min(np.int64((n + 1) * p), n)
        weight, total = 1.0, 1.0
        rising = 1.0
        for j in range(k, n):
            rising *= (n - j) / (j + 1.0) * odds
            total += rising
            if rising < NEGLIGIBLE:
                break
        while k > 0 and weight > NEGLIGIBLE:
            weight *= k / ((n - k + 1.0) * odds)
            k -= 1
            total += weight
        goal, total = u * total, weight
    while goal >= total and k < n:
        weight *= (n - k) / (k + 1.0) * odds
        k += 1
        total += weight
        if weight < NEGLIGIBLE * total and k > n * p:
            break
    return k


@called
def poisson_quantile(u, mean):
    """Return the smallest k with P(Poisson(mean) <= k) > u."""
    weight = math.exp(-mean)
    if weight > SMALLEST_WEIGHT:
        k, total, goal = 0, weight, u
    else:  # as for the binomial
        k = np.int64(mean)
        weight, total = 1.0, 1.0
        rising, j = 1.0, k
        while rising > NEGLIGIBLE:
            j += 1
            rising *= mean / j
            total += rising
        while k > 0 and weight > NEGLIGIBLE:
            weight *= k / mean
            k -= 1
            total += weight
        goal, total = u * total, weight
    while goal >= total and k < MOST_ENTRIES:
        k += 1
        weight *= mean / k
        total += weight
        if weight < NEGLIGIBLE * total and k > mean:
            break
    return k


@called
def beta_fraction(x, a, b):
    """Return the continued fraction of the incomplete Beta function (DLMF 8.17.22, Lentz)."""
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > 1e-300 else 1e-300)
    c, h = 1.0, d
    for m in range(1, 10_000):
        for even in (True, False):
            if even:
                term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
            else:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > 1e-300 else 1e-300)
            c = 1.0 + term / c
            c = c if abs(c) > 1e-300 else 1e-300
            h *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return h


@called
def beta_quantile(u, a, b):
    """Return the quantile of a Beta law at u, to about 1e-12, by bisection and Newton's method.

    Where the law hugs 0, on the logarithm of x.
    """
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    low, high = -700.0, 40.0  # of the log-odds of x
    y = math.log(a / b)
    for _ in range(200):
        log_x, log_rest = -math.log1p(math.exp(-y)), -math.log1p(math.exp(y))
        x = math.exp(log_x)
        front = math.exp(log_scale + a * log_x + b * log_rest)
        if x < (a + 1.0) / (a + b + 2.0):
            below = front * beta_fraction(x, a, b) / a
        else:
            below = 1.0 - front * beta_fraction(math.exp(log_rest), b, a) / b
        if below < u:
            low = y
        else:
            high = y
        step = (below - u) / front if front > 0.0 else math.inf  # d below / d y = front
        if abs(step) < 1e-14 * (1.0 + abs(y)):
            break
        y = y - step if low < y - step < high else 0.5 * (low + high)
        if high - low < 1e-15 * (1.0 + abs(y)):
            break
    return 1.0 / (1.0 + math.exp(-y))
