"""How many quarters of the horizon are attained.

Given skill, quarters are independent where there is no market; where nothing is delayed the
market's chain links them. Derived in docs/background/exact.md, "At least k of n quarters".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.laws import Law
from funnelsim.twin.period import ATTAINED, ROUNDING, Answer


def at_least(funnel: Funnel, laws: Sequence[Law], quotas: Sequence[float]) -> Answer:
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
    n, total_error = len(quotas), np.zeros(nodes.count)
    # P(state of the market, so many attained so far), (node, state, attained)
    state = np.zeros((nodes.count, market.weights.size, n + 1))
    state[:, :, 0] = market.weights
    for index, (law, quota) in enumerate(zip(laws, quotas, strict=True)):
        if index and market.weights.size > 1:
            state = np.einsum("nsk,st->ntk", state, market.transfer(1))
        missed, errors = law.missed_by_state(quota * ATTAINED)
        attained = state[:, :, :-1] * (1 - missed[:, :, None])
        state = state * missed[:, :, None]
        state[:, :, 1:] += attained
        total_error += errors
    law_of_number = state.sum(axis=1)
    tails, error = nodes.mean(np.cumsum(law_of_number[:, ::-1], axis=1)[:, -2::-1])
    return tails, error + nodes.weights[0] @ total_error + n * ROUNDING
