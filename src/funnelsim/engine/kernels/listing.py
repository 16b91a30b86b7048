"""Which weeks of whom are looked at."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    CHUNK,
    CONVERSIONS,
    FOUR,
    MANTISSA,
    NONE,
    ONE,
)
from funnelsim.engine.kernels.reps import lift_of


@called
def fill_usual(plans, source, m, group, tables, lifts, skill):
    """Fill in what each member's weeks bring before the market has its say.

    And the most activities to be expected in a usual week, with their power. Returns the word of
    activity from which on a week is not usual, the smallest of theirs.
    """
    plan, smallest = plans[0, source], 2.0
    column = np.uint64(CONVERSIONS + plan.source * plan.stages + plan.first)
    uneven = plan.week_shape > 0.0
    for j in range(m):
        g = group.members[j]
        rate, largest, lift, usual = plans[group.stated[g], source].rate, 1.0, 1.0, 2.0
        if not plan.inflow:
            at = group.tables[g]
            last = np.uint64(tables.usual[at])
            most = max(tables.firsts[at] + np.int64(last), plan.floor)
            rate, largest, lift = skill[column, g], np.float64(most), lift_of(plan, most, lifts)
            usual = tables.cumulative[at, last] if uneven else 2.0
        group.bases[j], group.most[j], group.lifts[j], group.usual[j] = rate, largest, lift, usual
        smallest = min(smallest, usual)
    return smallest


@called
def fill_rates(plan, quarter, m, group, market):
    """Fill in what a quarter's weeks bring each member: P(entry) before any power of n, or inflow.

    And the most entries to be expected in a usual week of it, of which the largest is returned.
    """
    at_quarter, most, limit = np.uint64(plan.origin_quarter + quarter), 0.0, 1.0
    if plan.inflow:
        limit = np.inf
    for j in range(m):
        group.rates[j] = group.bases[j] * market[group.worlds[group.members[j]], at_quarter]
    for j in range(m):  # SIMD
        group.bounds[j] = group.most[j] * min(group.rates[j] * group.lifts[j], limit)
        most = max(most, group.bounds[j])
    return most


@called
def list_all(week, quarter, row, m, group, tile, n):
    """List a week of the horizon for all m members; return how many weeks are listed."""
    work = row + FOUR
    for j in range(m):  # SIMD
        tile.weeks[n + j], tile.quarters[n + j] = week, quarter
        tile.lanes[n + j], tile.rates[n + j] = group.members[j], group.rates[j]
        tile.luck[n + j], tile.work[n + j] = group.rows[row, j], group.rows[work, j]
    return n + m


@called
def list_seated(week, quarter, row, m, group, tile, n):
    """Do the same where seats may be empty."""
    work = row + FOUR
    for j in range(m):
        g = group.members[j]
        tile.weeks[n], tile.quarters[n], tile.lanes[n] = week, quarter, g
        tile.rates[n] = group.rates[j]
        tile.luck[n], tile.work[n] = group.rows[row, j], group.rows[work, j]
        n += np.uint64((group.begins[g] <= week) & (week < group.ends[g]))
    return n


@called
def list_past(plan, week, quarter, reach, row, m, group, tile, n):
    """List those for whom a past week can hold an opportunity that still matters.

    In week -k the number of opportunities of which some delay exceeds its threshold of that age is
    the inverse Binomial(n, p reach_k) of the week's entry word; nothing else of that week can
    still happen after day 0. Most weeks hold none, which the most that n usually comes to tells
    without n: by Bernoulli's inequality (1 - x)^n >= 1 - n x. Who does more than usual in a week,
    as its word of activity tells, is listed. An inflow's inverse Poisson has the same bound.
    """
    everyone, careers, work = plan.pipeline != 0, plan.careers != 0, row + FOUR
    for first in range(NONE, m, CHUNK):
        listed = NONE  # a bit each, since mostly none is listed
        for k in range(CHUNK):  # SIMD
            j = first + k
            hit = (group.rows[row, j] >= 1.0 - group.bounds[j] * reach) | everyone
            hit |= group.rows[work, j] >= group.usual[j]
            listed |= np.uint64(hit) << k
        if first + CHUNK > m:
            listed &= (ONE << (m - first)) - ONE
        while listed != NONE:
            lowest = listed & (~listed + ONE)
            j = first + exponent_of(lowest)
            listed ^= lowest
            g = group.members[j]
            tile.weeks[n], tile.quarters[n], tile.lanes[n] = week, quarter, g
            tile.luck[n], tile.work[n] = group.rows[row, j], group.rows[work, j]
            tile.rates[n] = group.rates[j]
            if careers:
                n += np.uint64((group.begins[g] <= week) & (week < group.ends[g]))
            else:
                n += ONE
    return n


@inlined
def exponent_of(power):
    """Return which power of two a number is."""
    return (np.float64(np.int64(power)).view(np.uint64) >> MANTISSA) - np.uint64(1023)
