"""The walk of opportunities through the funnel, a batch at a time."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    CONVERSIONS,
    HALF,
    LOST,
    MASK,
    NONE,
    ONE,
    OPEN,
    STALLED,
    TWO,
    WON,
)
from funnelsim.engine.kernels.moments import trace, week_of
from funnelsim.engine.kernels.sizes import book
from funnelsim.engine.kernels.stages import (
    arrive,
    arrive_by_week,
    decide,
    decide_assisted,
    let_go,
    wait,
)
from funnelsim.engine.kernels.words import fill_block, fill_opportunities, renew_opportunities


@called
def walk_batch(
    plans, source, data, keys, n, skill, group, batch, weekly, amounts, slot, counts, money
):
    """Take n opportunities, in the order of their addresses, through the funnel stage by stage.

    A stage s after the first has its outcome at position 2s - 1 and its delay at 2s; size, whale,
    the size's low digits, the first stage's delay and the handover follow the last stage.
    """
    plan = plans[0, source]
    key, other_key, assist_key = keys
    for i in range(n):
        batch.lanes[i], batch.places[i] = batch.places[i] >> HALF, batch.places[i] & MASK
    for i in range(n):
        batch.draws[i], batch.seats[i] = group.draws[batch.lanes[i]], group.seats[batch.lanes[i]]
    drawn, own_keys = blocks_at_once(plan), (key, other_key)
    fill_opportunities(
        key, batch.draws, batch.seats, batch.places, batch.families, n, drawn, batch.uniforms
    )
    if plan.renewed_words:
        renew_opportunities(
            other_key, batch.draws, batch.seats, batch.places, batch.families, n, drawn,
            plan.renewed_words, batch.uniforms,
        )  # fmt: skip
    for i in range(n):
        week = week_of(batch.places[i])
        batch.entered[i] = 7.0 * (np.float64(week) + batch.uniforms[0, i])
        batch.times[i], batch.alive[i], batch.asked[i] = batch.entered[i], i, 1
        batch.lift[i] = 1.0
    m, counted = n, NONE
    for s in range(np.uint64(plan.first), np.uint64(plan.stages)):
        if s > np.uint64(plan.first):
            column = np.uint64(CONVERSIONS + plan.source * plan.stages) + s
            while drawn << TWO < TWO * s:
                fill_block(own_keys, plan.renewed_words, drawn, batch, batch.alive, m)
                drawn += ONE
            if plan.assists > 0:
                m, off = decide_assisted(
                    plans, source, assist_key, s, column, skill, group, batch, n, m, weekly, slot,
                    counts,
                )  # fmt: skip
            else:
                m, off = decide(plan, s, column, skill, batch, m)
            if plan.pipeline:
                trace_lost(
                    plans, source, data, own_keys, s, column, skill, group, batch, off, slot, counts
                )
        while drawn << TWO <= TWO * s:
            fill_block(own_keys, plan.renewed_words, drawn, batch, batch.alive, m)
            drawn += ONE
        if plan.slot[s] >= 0:
            wait(plans, source, data, s, group, batch, batch.alive, m, WON)
        if plan.careers:
            m = let_go(plans, source, own_keys, drawn, group, batch, batch.alive, m, slot, counts)
        if plan.pipeline:
            trace_kept(plan, OPEN, batch, m, slot, counts)
        if s > np.uint64(plan.first) or not enters_at_once(plan):
            m, counted = arrive(plan, s, batch, m, slot, counts)
        if plan.kpis > 0:
            arrive_by_week(
                plans, source, data, key, s, skill, group, batch, counted, weekly, amounts
            )
    while drawn << TWO < np.uint64(plan.words):
        fill_block(own_keys, plan.renewed_words, drawn, batch, batch.stopped, counted)
        drawn += ONE
    book(plans, source, data, skill, group, batch, counted, slot, counts, money)
    if plan.pipeline:
        trace_kept(plan, WON, batch, m, slot, counts)


@inlined
def blocks_at_once(plan):
    """Return how many blocks of each opportunity's words are drawn at first.

    The later ones are for those who come so far, unless somebody asks for them before.
    """
    if plan.pipeline or plan.pipeline_kpis or plan.slot[plan.first] >= 0:
        return np.uint64(plan.words >> 2)
    return ONE


@inlined
def enters_at_once(plan):
    """Return whether all reach the first stage in the week in which they enter, and no more."""
    return plan.slot[plan.first] < 0 and plan.first < plan.stages - 1 and plan.kpis == 0


@called
def trace_lost(plans, source, data, keys, stage, column, skill, group, batch, m, slot, counts):
    """Follow those who do not reach a stage to their loss, or to where they stall."""
    plan = plans[0, source]
    lanes, families, entered, times = batch.lanes, batch.families, batch.entered, batch.times
    stopped, lost = batch.stopped, NONE
    for j in range(m):
        i = stopped[j]
        conversion = batch.rates[i] if plan.assists > 0 else skill[column, lanes[i]]
        bound = 1.0 - (1.0 - conversion) * plan.stalled[stage]
        if batch.uniforms[TWO * stage - ONE, i] >= bound:
            trace(plan, families[i], entered[i], times[i], STALLED, slot + lanes[i], counts)
        else:
            stopped[lost] = i
            lost += ONE
    if plan.slot[stage] >= 0:
        wait(plans, source, data, stage, group, batch, stopped, lost, LOST)
    if plan.careers:
        drawn = blocks_at_once(plan)
        lost = let_go(plans, source, keys, drawn, group, batch, stopped, lost, slot, counts)
    for j in range(lost):
        i = stopped[j]
        trace(plan, families[i], entered[i], times[i], LOST, slot + lanes[i], counts)


@called
def trace_kept(plan, fate, batch, m, slot, counts):
    """Book those who are won, or who are open when the horizon ends."""
    for j in range(m):
        i = batch.alive[j]
        if fate == WON or batch.times[i] >= plan.horizon_days:
            trace(
                plan, batch.families[i], batch.entered[i], batch.times[i], fate,
                slot + batch.lanes[i], counts,
            )  # fmt: skip
