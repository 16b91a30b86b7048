"""Quadrature over the market: Gauss-Hermite nodes and the chain that links quarters.

On these nodes the autoregression from one quarter to the next is Mehler's expansion, which is exact
for polynomials whatever the persistence. Derived in docs/background/exact.md, "Market".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from funnelsim.scenario.model import Market
from funnelsim.twin.fourier import Floats


@dataclass(frozen=True)
class MarketNodes:
    """States of the market in a quarter.

    Attributes
    ----------
    weights : (state,) float
    factors : (state,) float
        Factor on entry, before the season.
    """

    weights: Floats
    factors: Floats
    _hermite: Floats  # (state, degree), orthonormal
    _persistence: float
    _known: dict[int, Floats] = field(default_factory=dict, repr=False)

    def transfer(self, quarters: int) -> Floats:
        """Return P(state now, state after so many quarters) / P(state now), (state, state)."""
        if quarters not in self._known:
            decay = self._persistence ** (quarters * np.arange(self._hermite.shape[1]))
            linked = np.einsum("sd,td->st", self._hermite * decay, self._hermite)
            self._known[quarters] = linked * self.weights
        return self._known[quarters]


def market_nodes(market: Market, states: int) -> MarketNodes:
    """Return the quadrature over a market's states; one state where its cv is 0."""
    if not market.cv:
        return MarketNodes(np.ones(1), np.ones(1), np.ones((1, 1)), 0.0)
    x, weights = special.roots_hermitenorm(states)
    weights = weights / weights.sum()
    hermite = np.ones((states, states))
    hermite[:, 1] = x
    for degree in range(1, states - 1):
        hermite[:, degree + 1] = (
            x * hermite[:, degree] - math.sqrt(degree) * hermite[:, degree - 1]
        ) / math.sqrt(degree + 1)
    sigma = math.sqrt(math.log1p(market.cv**2))
    return MarketNodes(weights, np.exp(sigma * x - sigma**2 / 2), hermite, market.persistence)
