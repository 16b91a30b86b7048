"""Who works: seats and careers, skill, the market, and what is uncertain."""

import math

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    ACTIVITY_POSITION,
    ACTIVITY_SKILL,
    ALWAYS,
    COMMON,
    CONVERSIONS,
    FIRST_HIRED,
    FOREVER,
    MARKET,
    MARKET_NOW,
    MARKET_THEN,
    NO_NAME,
    NONE,
    ONE,
    ORIGIN,
    PARAMETER,
    SET_ADHERENCE,
    SET_CONVERSION,
    SET_COVERAGE,
    SET_DAYS,
    SET_HANDOVER,
    SET_LAW,
    SET_LEAVING,
    SET_LEVEL,
    SET_LOST_DAYS,
    SET_ODDS,
    SET_RAMP,
    SET_RATE,
    SET_WHALES,
    SET_WINDFALLS,
    SIZE_POSITION,
    SIZE_SKILL,
    SKILL,
    STAGE_POSITION,
    TEAM,
    TWO,
    ZERO,
)
from funnelsim.engine.kernels.quantiles import beta_quantile, quantile, tabled
from funnelsim.engine.kernels.words import block_at, fill_places, place_of, uniform


@called
def gather(plan, data, first_draw, seats, slot, n, group, own_worlds):
    """Seat n lanes from a slot on, the seats of a draw side by side; return how many draws."""
    row, rep, w = slot // seats, slot % seats, NONE
    headcount = np.uint64(plan.headcount)
    for g in range(n):
        group.draws[g], group.worlds[g] = first_draw + row, w
        group.world_draws[w] = first_draw + row
        group.stated[g] = w if own_worlds else NONE
        group.following[g] = ALWAYS
        group.places[g] = np.uint64(plan.first_seat) + rep
        if rep >= headcount:
            group.places[g] = np.uint64(FIRST_HIRED) + (rep - headcount)
            group.following[g] = np.int64(data[np.uint64(plan.hired) + (rep - headcount)])
        rep += ONE
        if rep == seats:
            row, rep, w = row + ONE, NONE, w + ONE
    return w + np.uint64(rep > NONE)


@called
def draw_parameters(plans, settings, data, key, m, group):
    """Set the uncertain parameters of m draws, one uniform a name, in the plans they touch."""
    for i in range(settings.size):
        to = settings[i]
        kind, at, name = to.kind, to.index, np.uint64(to.name) << np.uint64(16)
        fill_places(
            key, group.world_draws, group.nobody, m, place_of(ZERO, ZERO), PARAMETER | name, NONE,
            group,
        )  # fmt: skip
        for w in range(np.uint64(m)):
            value = to.scale * tabled(data, to.first, to.bits, group.rows[0, w])
            plan = plans[w, to.plan]
            if kind == SET_CONVERSION:
                plan.conversion[at] = min(max(value, 0.0), 1.0)
            elif kind == SET_DAYS:
                plan.days[at] = value
            elif kind == SET_LOST_DAYS:
                plan.lost_days[at] = value
            elif kind == SET_LAW:
                plan.law_scale[at] = value
            elif kind == SET_WHALES:
                plan.whale_probability = min(max(value, 0.0), 1.0)
            elif kind == SET_LEVEL:
                plan.mean_per_week = value
            elif kind == SET_WINDFALLS:
                plan.windfalls_per_quarter = value
            elif kind == SET_ADHERENCE:
                plan.adherence = value
            elif kind == SET_RATE:
                plan.rate = value
            elif kind == SET_COVERAGE:
                plan.assist_coverage[at] = value
            elif kind == SET_ODDS:
                plan.assist_odds[at] = value
            elif kind == SET_RAMP:
                plan.ramp_weeks = value
            elif kind == SET_LEAVING:
                plan.leaving = math.log1p(-min(max(value, 0.0), 1.0 - 1e-12)) / 52.0
            elif kind == SET_HANDOVER:
                plan.handover = value


@called
def employ(plans, data, key, hire, n, group, in_seat):
    """List the lanes whose seat is filled once more, and since when and until when; their number.

    ``hire`` counts who sat there before.
    """
    plan, m = plans[0, 0], NONE
    weeks = plan.quarters * plan.weeks_per_quarter
    for g in range(n):
        begin = group.following[g]
        if begin >= weeks:
            continue
        draw, seat = group.draws[g], group.places[g] | hire << np.uint64(20)
        group.members[m], group.member_draws[m], group.member_seats[m] = g, draw, seat
        m += ONE
        group.seats[g], group.begins[g], group.ends[g] = seat, begin, weeks
        group.leaves[g], group.ramped[g], group.ramps[g] = FOREVER, begin, 0.0
        group.following[g] = weeks
        if plan.careers:
            stated = plans[group.stated[g], 0]
            end, leave_day, length, following = career_of(stated, data, key, draw, seat, begin)
            group.ends[g], group.leaves[g], group.ramps[g] = end, leave_day, length
            group.following[g] = following
            for week in range(max(begin, 0), end):
                in_seat[g, np.uint64(week)] = productivity(plan, week, begin, length)
    return m


@called
def career_of(plan, data, key, draw, seat, begin):
    """Return a hire's weeks in seat, the day of leaving, the ramp, and when the next one begins."""
    weeks = plan.quarters * plan.weeks_per_quarter
    words = block_at(key, draw, seat, ZERO, ZERO, TEAM, ZERO, NO_NAME)
    length = 0.0
    if begin > ALWAYS:
        length = plan.ramp_weeks
        if plan.ramp_sigma > 0.0:
            z = quantile(plan, data, plan.normal_law, uniform(words[1]))
            length *= multiplier(z, plan.ramp_sigma)
    end, leave_day, following = weeks, FOREVER, weeks
    if plan.leaving < 0.0:
        life = math.log1p(-uniform(words[0])) / plan.leaving  # inverse geometric: at least a week
        if max(begin, 0) + math.floor(life) + 1.0 <= weeks:
            end = max(begin, 0) + np.int64(life) + 1
            leave_day = 7.0 * end
            empty = plan.fill_weeks
            if plan.fill_sigma > 0.0:
                z = quantile(plan, data, plan.normal_law, uniform(words[2]))
                empty *= multiplier(z, plan.fill_sigma)
            following = np.int64(min(end + math.floor(empty + uniform(words[3])), weeks))
    return end, leave_day, length, following


@inlined
def productivity(plan, week, begun, length):
    """Return what a rep who began in a week makes of activity and inflow; 1 without a ramp."""
    if length == 0.0:
        return 1.0
    return min(plan.ramp_from + (1.0 - plan.ramp_from) * (week - begun + 0.5) / length, 1.0)


@inlined
def lift_of(plan, n, lifts):
    """Return the power of n activities that diminishing returns multiply P(entry) by."""
    if plan.elasticity == 1.0 or n <= 0:
        return 1.0
    if n < lifts.size:
        return lifts[n]
    return (n / plan.reference) ** (plan.elasticity - 1.0)


@called
def fill_skill(plans, data, key, m, group, skill):
    """Fill in the multipliers of activity and size, then the rep's conversions, by source."""
    plan = plans[0, 0]
    who, draws, seats = group.members, group.member_draws, group.member_seats
    stated = group.stated
    if plan.skilled:
        for block in range(np.uint64((STAGE_POSITION + plan.stages + 3) >> 2)):
            family = SKILL | block << np.uint64(8)
            fill_places(key, draws, seats, m, place_of(ZERO, ZERO), family, block << TWO, group)
    for j in range(m):
        g = who[j]
        skill[ACTIVITY_SKILL, g], skill[SIZE_SKILL, g] = 1.0, 1.0
        if plan.activity_sigma > 0.0:
            z = skilled_normal(plan, data, group, j, ACTIVITY_POSITION, plan.activity_loading)
            skill[ACTIVITY_SKILL, g] = multiplier(z, plan.activity_sigma)
        if plan.size_sigma > 0.0:
            z = skilled_normal(plan, data, group, j, SIZE_POSITION, plan.size_loading)
            skill[SIZE_SKILL, g] = multiplier(z, plan.size_sigma)
    for source in range(np.uint64(plans.shape[1])):
        plan = plans[0, source]
        at = np.uint64(CONVERSIONS) + source * np.uint64(plan.stages)
        for s in range(np.uint64(plan.first), np.uint64(plan.stages)):
            law = plan.conversion_law[s]
            for j in range(m):
                g = who[j]
                conversion = plans[stated[g], source].conversion[s]
                if law >= 0:
                    z = skilled_normal(
                        plan, data, group, j, np.uint64(STAGE_POSITION) + s, plan.stage_loading[s]
                    )
                    u = 0.5 * math.erfc(-z / math.sqrt(2.0))
                    if plan.concentration[s] == 0.0:
                        conversion = quantile(plan, data, law, u)
                    elif 0.0 < conversion < 1.0:  # around a mean that was itself drawn
                        a = conversion * plan.concentration[s]
                        conversion = beta_quantile(u, a, plan.concentration[s] - a)
                    conversion = min(max(conversion, 0.0), 1.0)
                skill[at + s, g] = conversion


@called
def skilled_normal(plan, data, group, j, position, loading):
    """Return z = L g + sqrt(1 - L^2) e, e the word at ``position``, g the word common to all."""
    own = quantile(plan, data, plan.normal_law, group.rows[position, j])
    if loading == 0.0:
        return own
    g = quantile(plan, data, plan.normal_law, group.rows[COMMON, j])
    return loading * g + math.sqrt(1.0 - loading * loading) * own


@inlined
def multiplier(z, sigma):
    """Return the lognormal with mean 1 at a standard normal."""
    return math.exp(sigma * z - 0.5 * sigma * sigma)


@called
def fill_market(plan, data, key, m, group, market):
    """Fill in the market's factor of each quarter, from ``plan.origin_quarter`` before day 0."""
    past = np.uint64(plan.origin_quarter)
    for w in range(m):
        for i in range(np.uint64(plan.origin_quarter + plan.quarters)):
            market[w, i] = plan.season[(np.int64(i) - plan.origin_quarter) & 3]
    if plan.market_sigma == 0.0:
        return
    draws, nobody, rows = group.world_draws, group.nobody, group.rows
    fresh = math.sqrt(1.0 - plan.persistence * plan.persistence)
    fill_places(key, draws, nobody, m, place_of(ORIGIN >> 2, ZERO), MARKET, NONE, group)
    for w in range(m):
        x = quantile(plan, data, plan.normal_law, rows[ORIGIN & 3, w])
        rows[MARKET_NOW, w] = x
        market[w, past] *= multiplier(x, plan.market_sigma)
    for step in (1, -1):
        for w in range(m):
            rows[MARKET_THEN, w] = rows[MARKET_NOW, w]
        q, filled = ZERO + step, -1
        while -plan.origin_quarter <= q < plan.quarters:
            if (q + ORIGIN) >> 2 != filled:
                filled = (q + ORIGIN) >> 2
                fill_places(key, draws, nobody, m, place_of(filled, ZERO), MARKET, NONE, group)
            word, i = np.uint64((q + ORIGIN) & 3), np.uint64(q + plan.origin_quarter)
            for w in range(m):
                own = quantile(plan, data, plan.normal_law, rows[word, w])
                x = plan.persistence * rows[MARKET_THEN, w] + fresh * own
                rows[MARKET_THEN, w] = x
                market[w, i] *= multiplier(x, plan.market_sigma)
            q += step
