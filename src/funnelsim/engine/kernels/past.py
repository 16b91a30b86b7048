"""What is known of opportunities that are open at day 0."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    DAY_ZERO,
    INDEX_BITS,
    OPEN_REACH,
    OPEN_THETA,
    OPPORTUNITY,
    ORIGIN,
    REACH,
    THETA,
)


@inlined
def past_at(plan, kind, slot, week):
    """Return where a number of the past stands in the data."""
    return np.uint64(
        plan.past + (kind * plan.slots + slot) * plan.past_weeks + plan.past_weeks + week
    )


@inlined
def conditioned(v, theta, reach, later):
    """Turn v into a delay's uniform, given that this or a later delay exceeds its threshold.

    ``reach`` is the probability of that event, ``later`` that of the later delays alone; derived in
    docs/background/randomness.md. Returns the uniform and whether this one exceeded ``theta``.
    Monotone in v.
    """
    w, short = v * reach, theta * later
    within, beyond = w / later, theta + (w - short)  # both, without a branch that luck decides
    return within if w < short else beyond, w >= short


@inlined
def ask(plan, data, batch, stage, position, listed, m):
    """Condition the delays of those of the past, of whom some delay is known to be long enough.

    They come first. Returns nothing; whether a later delay still has to be long is in ``asked``.
    """
    places, uniforms, asked = batch.places, batch.uniforms, batch.asked
    slot, weeks = plan.slot[stage], plan.past_weeks
    theta_at = plan.past + slot * weeks + weeks - ORIGIN
    reach_at = theta_at + plan.slots * weeks
    last, own = slot + 1 == plan.slots, plan.pipeline == 0
    for j in range(m):
        i = listed[j]
        if places[i] >= DAY_ZERO:
            break
        week = np.int64(places[i] >> INDEX_BITS)
        v = uniforms[position, i]
        if own:
            at = np.uint64(reach_at + week)
            later = 0.0 if last else data[at + np.uint64(weeks)]
            u, settled = conditioned(v, data[np.uint64(theta_at + week)], data[at], later)
            uniforms[position, i] = u if asked[i] else v
            asked[i] &= not settled
        else:
            uniforms[position, i], asked[i] = delay_uniform(
                plan, data, week - ORIGIN, batch.families[i], slot, v, asked[i]
            )


@called
def delay_uniform(plan, data, week, family, slot, v, asked):
    """Return a past delay's uniform, and whether still one of the later ones has to be long.

    What can only still be lost is not among those that can still be won: none of its delays
    exceeds the threshold for a win.
    """
    theta = data[past_at(plan, THETA, slot, week)]
    if not asked:
        return v if family == OPPORTUNITY else v * theta, False
    own, reach = (THETA, REACH) if family == OPPORTUNITY else (OPEN_THETA, OPEN_REACH)
    later = data[past_at(plan, reach, slot + 1, week)] if slot + 1 < plan.slots else 0.0
    u, settled = conditioned(
        v, data[past_at(plan, own, slot, week)], data[past_at(plan, reach, slot, week)], later
    )
    return u if family == OPPORTUNITY else u * theta, not settled
