"""Sums over quarters of entry that the market links.

Derived in docs/background/exact.md, "The number of deals".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from funnelsim.twin.fourier import Complexes, Floats
from funnelsim.twin.market import MarketNodes


def chained(
    market: MarketNodes,
    quarters: Sequence[int],
    value: Callable[[int], Complexes],
    shape: tuple[int, int, int],
) -> Complexes:
    """Return the product of a value of every quarter, the market between them integrated out.

    Parameters
    ----------
    market : MarketNodes
    quarters : sequence of int
    value : callable
        Quarter -> (kind, state, point).
    shape : (kinds, states, points)

    Returns
    -------
    (kind, point) complex
    """
    state = np.broadcast_to(market.weights[:, None], shape).astype(np.complex128)
    last = None
    for quarter in quarters:
        if last is not None and market.weights.size > 1:
            parts = np.ascontiguousarray(state).view(np.float64)  # real and imaginary, in turn
            state = np.matmul(market.transfer(quarter - last).T, parts).view(np.complex128)
        state = state * value(quarter)
        last = quarter
    return np.asarray(state.sum(axis=1), dtype=np.complex128)


def linked_moments(
    market: MarketNodes, blocks: Sequence[tuple[int, Floats, Floats]], kinds: int
) -> tuple[Floats, Floats]:
    """Return mean and second moment of a sum over quarters that the market links, (kind,).

    Parameters
    ----------
    market : MarketNodes
    blocks : sequence of (quarter, mean, variance)
        Of what each quarter of entry adds, given the state of its market, (kind, state); rising.
    kinds : int
    """
    mean, second = np.zeros(kinds), np.zeros(kinds)
    sums = np.zeros((kinds, market.weights.size))  # of earlier means, weighed by the state now
    last = None
    for quarter, first, variance in blocks:
        if last is not None:
            sums = sums @ market.transfer(quarter - last)
        mean += first @ market.weights
        second += (variance + first**2) @ market.weights + 2 * (sums * first).sum(axis=1)
        sums += first * market.weights
        last = quarter
    return mean, second
