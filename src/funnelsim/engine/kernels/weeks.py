"""The weeks of reps in order, and the opportunities that enter in them."""

import numpy as np

from funnelsim.engine.compiling import called
from funnelsim.engine.kernels.activities import arrive_at_once, lost_later, ramp_up, receive, work
from funnelsim.engine.kernels.constants import (
    ACTIVITY,
    BATCH_MARGIN,
    ENTRY,
    FOUR,
    HALF,
    IDLE,
    MOST_ENTRIES,
    NEW_ACTIVITY,
    NEW_ASSIST,
    NEW_ENTRY,
    NO_QUARTER,
    NONE,
    ONE,
    OPPORTUNITY,
    ORIGIN,
    PAST_OPPORTUNITY,
    REACH,
    VECTOR,
    ZERO,
)
from funnelsim.engine.kernels.funnel import enters_at_once, walk_batch
from funnelsim.engine.kernels.listing import (
    fill_rates,
    fill_usual,
    list_all,
    list_past,
    list_seated,
)
from funnelsim.engine.kernels.past import past_at
from funnelsim.engine.kernels.words import fill_places, place_of


@called
def walk_funnel(
    plans, source, data, key, other_key, m, group, tables, lifts, skill, market, tile,
    batch, weekly, amounts, slot, counts, money,
):  # fmt: skip
    """Work the weeks of m lanes in order, then follow their opportunities, a batch at a time."""
    plan = plans[0, source]
    activity_key = other_key if plan.renewed & NEW_ACTIVITY else key
    entry_key = other_key if plan.renewed & NEW_ENTRY else key
    assist_key = other_key if plan.renewed & NEW_ASSIST else key
    keys = entry_key, activity_key, (key, other_key, assist_key)
    begin, end = plan.quarters * plan.weeks_per_quarter, ZERO
    for j in range(m):
        begin = min(begin, group.begins[group.members[j]])
        end = max(end, group.ends[group.members[j]])
    begin = max(begin, -plan.past_weeks)
    most, filled, even = 0.0, NO_QUARTER, plan.market_sigma == 0.0
    usual = fill_usual(plans, source, m, group, tables, lifts, skill)
    for q in range(1, 4):
        even &= plan.season[q] == plan.season[0]
    everyone, uneven = plan.pipeline != 0, plan.week_shape > 0.0 and not plan.inflow
    listed, past, n = NONE, NONE, NONE
    room = np.uint64(tile.weeks.size) - VECTOR
    for block in range((begin + ORIGIN) >> 2, (end + ORIGIN + 3) >> 2):
        place = place_of(block, ZERO)
        highest = fill_places(
            entry_key, group.member_draws, group.member_seats, m, place, ENTRY, NONE, group
        )
        busiest = IDLE
        if uneven or (block >= ORIGIN >> 2 and not plan.inflow):
            busiest = fill_places(
                activity_key, group.member_draws, group.member_seats, m, place, ACTIVITY, FOUR,
                group,
            )  # fmt: skip
        for t in range(4):
            week = 4 * block + t - ORIGIN
            if week < begin or week >= end:
                continue
            quarter = week // plan.weeks_per_quarter
            if filled == NO_QUARTER or (quarter != filled and not even):
                filled = quarter
                most = fill_rates(plan, quarter, m, group, market)
            if week >= 0:
                if plan.careers:
                    listed = list_seated(week, quarter, np.uint64(t), m, group, tile, listed)
                else:
                    listed = list_all(week, quarter, np.uint64(t), m, group, tile, listed)
                continue
            reach = data[past_at(plan, REACH, ZERO, week)]
            if everyone or highest[t] >= 1.0 - most * reach or busiest[t] >= usual:
                listed = list_past(plan, week, quarter, reach, np.uint64(t), m, group, tile, listed)
                past = listed
        if listed + np.uint64(4) * m > room:
            n = open_weeks(
                plans, source, data, keys, past, listed, n, group, tables, lifts, skill, market,
                tile, batch, weekly, amounts, slot, counts, money,
            )  # fmt: skip
            listed, past = NONE, NONE
    if listed > 0:
        n = open_weeks(
            plans, source, data, keys, past, listed, n, group, tables, lifts, skill, market, tile,
            batch, weekly, amounts, slot, counts, money,
        )  # fmt: skip
    if n > 0:
        walk_batch(
            plans, source, data, keys[2], n, skill, group, batch, weekly, amounts, slot, counts,
            money,
        )  # fmt: skip


@called
def open_weeks(
    plans, source, data, keys, past, m, n, group, tables, lifts, skill, market, tile, batch, weekly,
    amounts, slot, counts, money,
):  # fmt: skip
    """Find out what m weeks bring, and follow it, a batch at a time; n are already in the batch.

    Returns the number of those left in the batch.
    """
    plan = plans[0, source]
    entry_key, activity_key, walk_keys = keys
    if plan.careers:
        ramp_up(plans, source, m, group, skill, market, tile)
    if plan.inflow:
        receive(plan, data, past, m, tile)
    else:
        work(
            plans, source, data, activity_key, past, m, group, tables, lifts, tile, weekly, slot,
            counts,
        )  # fmt: skip
    if enters_at_once(plan):
        arrive_at_once(plan, past, m, tile, slot, counts)
    for j in range(m):  # SIMD: the place of the first, with the lane until the batch is walked
        tile.places[j] = place_of(tile.weeks[j] + ORIGIN, ZERO) | tile.lanes[j] << HALF
        tile.entries[j] = min(tile.entries[j], MOST_ENTRIES)
    room, j, family = np.uint64(batch.lanes.size) - BATCH_MARGIN, NONE, OPPORTUNITY
    while j < m:  # weeks in order; a batch may begin and end inside one
        if plan.pipeline:
            j, n, family = enlist_all(
                plan, data, entry_key, past, j, m, n, family, group, tile, batch
            )
        else:
            j, n = enlist(j, m, n, tile, batch)
        if n > room:
            walk_batch(
                plans, source, data, walk_keys, n, skill, group, batch, weekly, amounts, slot,
                counts, money,
            )  # fmt: skip
            n = NONE
    return n


@called
def enlist(j, m, n, tile, batch):
    """Put the opportunities of weeks from j on into the batch until it is full.

    Returns the week that comes next, of which what is left is in the tile, and how many there are.
    """
    room = np.uint64(batch.lanes.size) - BATCH_MARGIN
    while j < m and n <= room:
        place, left = tile.places[j], np.uint64(tile.entries[j])
        for k in range(FOUR):  # four at once: what is too much is written over
            batch.places[n + k] = place + k
        if left > FOUR:
            tile.places[j], tile.entries[j] = place + FOUR, np.int64(left - FOUR)
            n += FOUR
        else:
            n += left
            j += ONE
    return j, n


@called
def enlist_all(plan, data, key, past, j, m, n, family, group, tile, batch):
    """Do the same, and put those of the past that can only be lost behind the others of a week."""
    room = np.uint64(batch.lanes.size) - BATCH_MARGIN
    while j < m and n <= room:
        left = np.uint64(tile.entries[j])
        step = min(left, FOUR)
        for k in range(FOUR):
            batch.places[n + k], batch.families[n + k] = tile.places[j] + k, family
        n += step
        if left > step:
            tile.places[j] += step
            tile.entries[j] -= np.int64(step)
        elif family == OPPORTUNITY and j < past:
            tile.entries[j] += np.int64(tile.places[j] & np.uint64(MOST_ENTRIES))  # all of them
            tile.entries[j] = lost_later(plan, data, key, j, group, tile)
            place = place_of(tile.weeks[j] + ORIGIN, ZERO)
            tile.places[j], family = place | tile.lanes[j] << HALF, PAST_OPPORTUNITY
        else:
            j, family = j + ONE, OPPORTUNITY
    return j, n, family
