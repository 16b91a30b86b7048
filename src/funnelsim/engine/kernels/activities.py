"""What weeks bring: activities, and how many opportunities enter."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    ACTIVITIES,
    ACTIVITY,
    CONVERSIONS,
    DONE,
    MOST_ENTRIES,
    NO_NAME,
    NONE,
    OPEN_REACH,
    PAST_ENTRY,
    POLICY,
    SMALLEST_WEIGHT,
    THIRD,
    UNLIMITED,
    ZERO,
)
from funnelsim.engine.kernels.counts import fill_quantiles
from funnelsim.engine.kernels.past import past_at
from funnelsim.engine.kernels.quantiles import binomial_quantile, poisson_quantile
from funnelsim.engine.kernels.reps import lift_of, productivity
from funnelsim.engine.kernels.words import fill_weeks, timed_uniform, whole_vectors


@called
def count_activities(plan, key, past, m, group, tables, tile):
    """Fill in how many activities the weather of the day allows in m weeks."""
    if plan.week_shape == 0.0:  # else they were looked at already
        fill_weeks(key, group, tile.lanes, tile.weeks, past, ACTIVITY, tile, tile.work)
    for j in range(m):
        tile.rows[j] = group.tables[tile.lanes[j]]
    fill_quantiles(m, tile.work, tile.rows, tables, tile.below, tile.trials)


@called
def keep_policy(plans, source, key, m, group, tile):
    """Let floor and cap have their say on the activities of m weeks."""
    plan, n = plans[0, source], NONE
    floor, cap, start, below = plan.floor, plan.cap, plan.policy_start, tile.below
    if floor > 0:
        for j in range(m):
            below[n], tile.below_lanes[n], tile.below_weeks[n] = j, tile.lanes[j], tile.weeks[j]
            n += np.uint64((tile.trials[j] < floor) & (tile.weeks[j] >= start))
        fill_weeks(
            key, group, tile.below_lanes, tile.below_weeks, n, POLICY, tile, tile.policy
        )  # fmt: skip
        for j in range(n):
            i = below[j]
            adherence = plans[group.stated[tile.below_lanes[j]], source].adherence
            tile.trials[i] = floor if tile.policy[j] < adherence else tile.trials[i]
    for j in range(m):  # SIMD
        tile.trials[j] = min(tile.trials[j], cap if tile.weeks[j] >= start else UNLIMITED)


@called
def ramp_up(plans, source, m, group, skill, market, tile):
    """Fill in the rates of m weeks where reps ramp."""
    plan = plans[0, source]
    column = np.uint64(CONVERSIONS + plan.source * plan.stages + plan.first)
    for j in range(m):
        g = tile.lanes[j]
        rate = plans[group.stated[g], source].rate if plan.inflow else skill[column, g]
        rate *= productivity(plan, tile.weeks[j], group.ramped[g], group.ramps[g])
        at_quarter = np.uint64(plan.origin_quarter + tile.quarters[j])
        tile.rates[j] = rate * market[group.worlds[g], at_quarter]


@inlined
def thin(plan, data, past, m, tile):
    """Fill in the chances of m weeks: their rates, but in the past of what can still matter."""
    for j in range(m):
        tile.chances[j] = tile.rates[j]
    reach = plan.past + plan.slots * plan.past_weeks + plan.past_weeks
    for j in range(past):
        tile.chances[j] *= data[np.uint64(reach + tile.weeks[j])]


@called
def receive(plan, data, past, m, tile):
    """Fill in how many opportunities come by themselves in m weeks."""
    thin(plan, data, past, m, tile)
    for j in range(m):
        tile.entries[j] = poisson_quantile(tile.luck[j], tile.chances[j])


@called
def count_entries(m, largest, luck, trials, chances, weights, bases, entries):
    """Fill in the inverse Binomial(trials, chances) at ``luck`` of m weeks at once.

    The loops are compiled to SIMD: powers by squaring, then five terms without branches; the few
    that need more are left to the scalar function.
    """
    padded = whole_vectors(m)
    if largest < 256:
        for j in range(padded):
            weight, base, n = 1.0, 1.0 - chances[j], trials[j]
            for bit in range(8):
                weight *= base if (n >> bit) & 1 else 1.0
                base *= base
            weights[j] = weight
    else:
        for j in range(padded):
            weights[j], bases[j] = 1.0, 1.0 - chances[j]
        bit = 0
        while largest >> bit:
            for j in range(padded):
                weights[j] *= bases[j] if (trials[j] >> bit) & 1 else 1.0
                bases[j] *= bases[j]
            bit += 1
    for j in range(padded):
        n, u, weight = np.float64(trials[j]), luck[j], weights[j]
        odds = chances[j] / (1.0 - chances[j])
        total = weight
        k = np.int64(u >= total)
        weight *= n * odds
        total += weight
        k += np.int64(u >= total)
        weight *= (n - 1.0) * odds * 0.5
        total += weight
        k += np.int64(u >= total)
        weight *= (n - 2.0) * odds * THIRD
        total += weight
        k += np.int64(u >= total)
        weight *= (n - 3.0) * odds * 0.25
        total += weight
        k += np.int64(u >= total)
        entries[j] = 5 if weights[j] < SMALLEST_WEIGHT else k  # so too where P(entry) is 1
    for j in range(m):
        if entries[j] > 4:
            entries[j] = binomial_quantile(luck[j], trials[j], chances[j])


@called
def work(plans, source, data, key, past, m, group, tables, lifts, tile, weekly, slot, counts):
    """Fill in the activities of m weeks, of which ``past`` come before day 0, and their entries."""
    plan = plans[0, source]
    count_activities(plan, key, past, m, group, tables, tile)
    if plan.floor > 0 or plan.cap < UNLIMITED:
        keep_policy(plans, source, key, m, group, tile)
    if plan.elasticity != 1.0:
        for j in range(m):
            tile.rates[j] *= lift_of(plan, tile.trials[j], lifts)
    largest = ZERO
    for j in range(m):
        tile.rates[j] = min(tile.rates[j], 1.0)
        largest = max(largest, tile.trials[j])
    thin(plan, data, past, m, tile)
    count_entries(
        m, largest, tile.luck, tile.trials, tile.chances, tile.weights, tile.bases, tile.entries
    )
    columns, kpis = np.uint64(plan.columns), plan.kpis > 0
    for j in range(past, m):
        at = np.uint64(tile.quarters[j]) * columns + ACTIVITIES
        counts[slot + tile.lanes[j], at] += np.int32(tile.trials[j])
    if kpis:
        for j in range(past, m):
            weekly[tile.lanes[j], np.uint64(tile.weeks[j]), DONE] = np.int32(tile.trials[j])


@called
def arrive_at_once(plan, past, m, tile, slot, counts):
    """Count those who reach the first stage in the week in which they enter."""
    column, columns = np.uint64(plan.reached + plan.first), np.uint64(plan.columns)
    for j in range(past, m):
        at = np.uint64(tile.quarters[j]) * columns + column
        counts[slot + tile.lanes[j], at] += np.int32(min(tile.entries[j], MOST_ENTRIES))


@called
def lost_later(plan, data, key, j, group, tile):
    """Return how many opportunities of a past week can still be lost, but no longer won."""
    g, week, rate, chance = tile.lanes[j], tile.weeks[j], tile.rates[j], tile.chances[j]
    u = timed_uniform(key, group.draws[g], group.seats[g], week, PAST_ENTRY, NO_NAME)
    share = (rate - chance) * data[past_at(plan, OPEN_REACH, ZERO, week)]
    if plan.inflow:
        return poisson_quantile(u, share)
    return binomial_quantile(u, tile.trials[j] - tile.entries[j], share / (1.0 - chance))
