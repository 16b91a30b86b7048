"""A block of draws: the one function that Python calls."""

import numpy as np

from funnelsim.engine.compiling import inlined, whole
from funnelsim.engine.kernels.constants import (
    ACTIVITY_SKILL,
    MOST_HIRES,
    NEW_MARKET,
    NEW_PARAMETER,
    NEW_SKILL,
    NEW_TEAM,
    NEW_WINDFALL,
    NONE,
    ONE,
    OPPORTUNITY,
    SET_LEVEL,
    SET_WINDFALLS,
    TWO,
)
from funnelsim.engine.kernels.counts import fill_guide, fill_steps, tabulate
from funnelsim.engine.kernels.quarters import add_windfalls, close_quarters
from funnelsim.engine.kernels.reps import draw_parameters, employ, fill_market, fill_skill, gather
from funnelsim.engine.kernels.weeks import walk_funnel


@whole
def simulate_block(settings, data, keys, other_keys, first_draw, seats, room, counts, money):
    """Simulate consecutive draws of a segment into the rows of ``counts`` and ``money``.

    A row is a seat of a draw, the seats of a draw side by side; a column is one of
    ``plan.columns`` of a quarter, quarter by quarter; what they held is gone. ``keys`` are those of
    world, rep and each source; what the plan wants drawn anew is looked up under ``other_keys``.
    ``room`` is described in engine/scratch.py; its plans are a record for each source, the rep's
    own activity first, and for each draw of a group where ``settings`` change them; ``data`` is
    what their offsets point at.
    """
    (
        plans, groups, tiles, batches, activities, windfalls, lifts, skill, market, weekly, amounts,
        in_seat,
    ) = room  # fmt: skip
    plan, group, tile, batch = plans[0, 0], groups[0], tiles[0], batches[0]
    world, own = (keys[0, 0], keys[0, 1]), (keys[1, 0], keys[1, 1])
    other_world, other_own = (other_keys[0, 0], other_keys[0, 1]), (
        other_keys[1, 0], other_keys[1, 1]
    )  # fmt: skip
    parameter_key = other_world if plan.renewed & NEW_PARAMETER else world
    market_key = other_world if plan.renewed & NEW_MARKET else world
    skill_key = other_own if plan.renewed & NEW_SKILL else own
    windfall_key = other_own if plan.renewed & NEW_WINDFALL else own
    team_key = other_own if plan.renewed & NEW_TEAM else own
    if plan.elasticity != 1.0:
        for n in range(1, lifts.size):
            lifts[n] = (n / plan.reference) ** (plan.elasticity - 1.0)
    batch.families[:] = OPPORTUNITY
    activities.shape[0], activities.means[0] = plan.week_shape, plan.mean_per_week
    windfalls.shape[0], windfalls.means[0] = 0.0, plan.windfalls_per_quarter
    for law in (activities, windfalls):
        fill_steps(law)
        tabulate(ONE, law)
        fill_guide(law)
    level, surprises = sets(settings, SET_LEVEL), sets(settings, SET_WINDFALLS)
    lanes, slots = np.uint64(group.lanes), np.uint64(counts.shape[0])
    slot = NONE
    while slot < slots:
        n = min(lanes, slots - slot)
        counts[slot : slot + n] = 0  # here, where they are in the cache and threads share the work
        money[slot : slot + n] = 0.0
        m = gather(plan, data, first_draw, seats, slot, n, group, settings.size > 0)
        if settings.size > 0:
            draw_parameters(plans, settings, data, parameter_key, m, group)
        if surprises:
            for w in range(m):
                windfalls.means[w] = plans[w, 0].windfalls_per_quarter
            tabulate(m, windfalls)
        if level and plan.activity_sigma == 0.0:
            for w in range(m):
                activities.means[w] = plans[w, 0].mean_per_week
            tabulate(m, activities)
        fill_market(plan, data, market_key, m, group, market)
        weekly[:] = 0
        amounts[:] = 0.0
        in_seat[:] = 0.0
        hire = NONE
        while hire < MOST_HIRES:
            m = employ(plans, data, team_key, hire, n, group, in_seat)
            if m == 0:
                break
            fill_skill(plans, data, skill_key, m, group, skill)
            for j in range(m):
                g = group.members[j]
                group.tables[g] = group.worlds[g] if level else NONE
                if plan.activity_sigma > 0.0:
                    stated = plans[group.stated[g], 0].mean_per_week
                    activities.means[j], group.tables[g] = stated * skill[ACTIVITY_SKILL, g], j
            if plan.activity_sigma > 0.0:
                tabulate(m, activities)
            for source in range(np.uint64(plans.shape[1])):
                walk_funnel(
                    plans, source, data, (keys[TWO + source, 0], keys[TWO + source, 1]),
                    (other_keys[TWO + source, 0], other_keys[TWO + source, 1]), m, group,
                    activities, lifts, skill, market, tile, batch, weekly, amounts,
                    slot, counts, money,
                )  # fmt: skip
            hire += ONE
        if plan.windfalls_per_quarter > 0.0 or surprises:
            add_windfalls(
                plans, data, windfall_key, n, group, windfalls, in_seat, slot, counts,
                money,
            )  # fmt: skip
        close_quarters(
            plan, (keys[2, 0], keys[2, 1]), n, group, weekly, amounts, in_seat, slot, counts, money
        )
        slot += n


@inlined
def sets(settings, kind):
    """Return whether something uncertain is of a kind."""
    found = False
    for i in range(settings.size):
        found |= settings[i].kind == kind
    return found
