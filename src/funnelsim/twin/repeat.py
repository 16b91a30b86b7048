"""How many quarters of the horizon are attained.

Given skill, quarters are independent where there is no market; where nothing is delayed the
market's chain links them. Derived in docs/exact.md, "At least k of n quarters".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.bookings import Bookings
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.period import ATTAINED, ROUNDING, Answer, Period


def at_least(funnel: Funnel, bookings: Bookings, periods: Sequence[Period]) -> Answer:
    """Return P(attained in at least k of the n periods), k = 1 .. n, and its error.

    Raises
    ------
    NotCoveredError
        Where delays make quarters depend on each other.
    """
    market, nodes = funnel.market, funnel.nodes
    if funnel.has_delays and market.weights.size > 1:
        raise NotCoveredError("with delays the market links quarters through the pipeline")
    if funnel.has_delays and not funnel.always_poisson:
        raise NotCoveredError(
            "with delays, a floor, a cap, week_cv or elasticity makes quarters depend on each other"
        )
    n, total_error = len(periods), np.zeros(nodes.size.size)
    # P(state of the market, so many attained so far), (node, state, attained)
    state = np.zeros((nodes.size.size, market.weights.size, n + 1))
    state[:, :, 0] = market.weights
    for index, period in enumerate(periods):
        if index and market.weights.size > 1:
            state = np.einsum("nsk,st->ntk", state, market.transfer(1))
        count = funnel.reached(-1, period.start, period.stop)
        x = period.quota * ATTAINED
        most = min(bookings.most_deals(x, period.quarters), count.most())
        missed, errors = bookings.missed(x, count.laws_by_state(most), period.quarters)
        attained = state[:, :, :-1] * (1 - missed[:, :, None])
        state = state * missed[:, :, None]
        state[:, :, 1:] += attained
        total_error += errors @ market.weights + count.error()
    law = state.sum(axis=1)
    tails, error = nodes.mean(np.cumsum(law[:, ::-1], axis=1)[:, -2::-1])
    return tails, error + nodes.weights[0] @ total_error + n * ROUNDING
