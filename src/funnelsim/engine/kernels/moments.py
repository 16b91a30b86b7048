"""Which week or quarter a moment falls in, and when an opportunity was open."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    ENTERED,
    INDEX_BITS,
    LOST,
    LOST_IN,
    OPEN_AFTER,
    OPEN_BEFORE,
    OPPORTUNITY,
    ORIGIN,
    STALLED,
    STALLED_IN,
    WEEKS_PER_DAY,
)


@inlined
def week_of(place):
    """Return the week of an opportunity."""
    return np.int64(place >> INDEX_BITS) - ORIGIN


@inlined
def quarter_of(plan, t):
    """Return the quarter of a moment of the horizon."""
    return np.uint64(min(np.int64(t * plan.quarters_per_day), plan.quarters - 1))


@inlined
def week_in(plan, t):
    """Return the week of a moment of the horizon."""
    return np.uint64(min(np.int64(t * WEEKS_PER_DAY), plan.quarters * plan.weeks_per_quarter - 1))


@called
def trace(plan, family, entered, ended, fate, at, counts):
    """Book what became of an opportunity and when it was open; ``ended`` in days.

    Before the weeks that wins look back to, what is not lost is left out, open or not.
    """
    if family != OPPORTUNITY and fate != LOST:
        return
    for q in range(plan.quarters):
        begin, end = q * plan.days_per_quarter, (q + 1) * plan.days_per_quarter
        column = np.uint64(q * plan.columns + plan.flows)
        if begin <= entered < end:
            counts[at, column + np.uint64(ENTERED)] += 1
        if entered < begin <= ended:
            counts[at, column + np.uint64(OPEN_BEFORE)] += 1
        if entered < end <= ended:
            counts[at, column + np.uint64(OPEN_AFTER)] += 1
        if begin <= ended < end:
            if fate == LOST:
                counts[at, column + np.uint64(LOST_IN)] += 1
            elif fate == STALLED:
                counts[at, column + np.uint64(STALLED_IN)] += 1
