"""What deals and windfalls are worth to every kind of rep, given the laws of their numbers.

Derived in docs/background/exact.md, "Bookings".
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import DealSize, Windfall
from funnelsim.twin.compound import MOST_WORK, OVERHEAD, TOO_MANY, Compound
from funnelsim.twin.fourier import Floats
from funnelsim.twin.sizes import Amount, amount
from funnelsim.twin.work import Work

NOT_DISCRETE = (
    "deal_size.rep_cv is not integrated for fixed and empirical sizes: the quota lies between two "
    "of their sums, and between which changes from rep to rep"
)
Values = tuple[Floats, Floats]  # values and their numerical errors
MOST_KNOWN = 64  # questions whose answers are remembered


def bookings_of(size: DealSize, windfall: Windfall | None, multipliers: Floats) -> Bookings:
    """Return the bookings of kinds of reps; plans that differ in the funnel alone share them."""
    return _bookings_of(size, windfall, multipliers.tobytes())


@lru_cache(maxsize=8)
def _bookings_of(size: DealSize, windfall: Windfall | None, multipliers: bytes) -> Bookings:
    return Bookings(size, windfall, np.frombuffer(multipliers))


class Bookings:
    """Sums of deals and windfalls, by multiplier of deal size.

    Parameters
    ----------
    deal_size : DealSize
    windfall : Windfall or None
    multipliers : (node,) float
        A rep's multiplier of deal sizes.
    """

    def __init__(self, deal_size: DealSize, windfall: Windfall | None, multipliers: Floats) -> None:
        self.sizes, self.size = np.unique(multipliers, return_inverse=True)
        whale = deal_size.whale
        self.deal = amount(deal_size)
        self.whale_probability = whale.probability if whale else 0.0
        self.whale_multiple = whale.multiple if whale else 1.0
        self.windfall = amount(windfall) if windfall and windfall.per_quarter else None
        self.windfalls = windfall.per_quarter if windfall else 0.0
        self._name = deal_size, windfall, multipliers.tobytes()
        self._deals: dict[float, Amount] = {}
        self._compounds: dict[tuple[float, int, bool], Compound] = {}
        self._known: dict[tuple[float, int, int, int, bool], tuple[Values, float]] = {}

    def below(
        self,
        x: float,
        most: int,
        quarters: int,
        *,
        order: int = 1,
        repeatable: bool = False,
        work: Work | None = None,
    ) -> Values:
        """Return P(bookings < x | n deals), n = 0 .. most, for each multiplier, (size, n).

        Parameters
        ----------
        x : float, currency
        most : int
        quarters : int
            Length of the period, for its windfalls; 0 for deals alone.
        order : int
            2 for E max(x - bookings, 0) instead, in the currency.
        repeatable : bool
            Whether only ordinary deals are counted, and the deals are ordinary ones.
        work : Work, optional
            What this is taken from: once, however often it is asked.
        """
        if self.sizes.size > 1 and (self.deal.certain or self.deal.atoms is not None):
            raise NotCoveredError(NOT_DISCRETE)
        enough = _rounded_up(most)  # so that plans of nearly as many deals share what is found
        key = x, enough, quarters, order, repeatable
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._below(x, enough, quarters, order, repeatable)
        (values, errors), spent = self._known[key]
        if work is not None:  # also for what another call has found: answers do not depend on it
            work.spend(spent, (self._name, *key))
        return values[:, : most + 1], errors[:, : most + 1]

    def _below(
        self, x: float, most: int, quarters: int, order: int, repeatable: bool
    ) -> tuple[Values, float]:
        """Return values with their errors, and the work that they took."""
        compounds = [self.compound(size, quarters, repeatable) for size in self.sizes]
        # The smaller their deals, the more of them stay below x: few kinds of reps need so many.
        reach = np.minimum([compound.most_deals(x) for compound in compounds], most)
        shares = MOST_WORK * (reach + OVERHEAD) / (reach + OVERHEAD).sum()
        values, errors = np.zeros((2, self.sizes.size, most + 1))
        spent = 0.0
        for i, (compound, n, share) in enumerate(zip(compounds, reach, shares, strict=True)):
            work = Work(float(share), TOO_MANY)
            values[i, : n + 1], errors[i, : n + 1] = compound.below(x, int(n), order, work)
            spent += work.spent
        return (values, errors), spent

    def missed(
        self,
        x: float,
        laws: Floats,
        quarters: int,
        *,
        order: int = 1,
        repeatable: bool = False,
        work: Work | None = None,
    ) -> Values:
        """Return P(bookings < x) for every kind of rep from laws of deals, (node, ..., n)."""
        most = laws.shape[-1] - 1
        below, errors = self.below(x, most, quarters, order=order, repeatable=repeatable, work=work)
        return (
            np.einsum("i...n,in->i...", laws, below[self.size]),
            np.einsum("i...n,in->i...", laws, errors[self.size]),
        )

    def most_deals(self, x: float, quarters: int, *, repeatable: bool = False) -> int:
        """Return a number of deals whose sum is below x with negligible probability."""
        return self.compound(float(self.sizes.min()), quarters, repeatable).most_deals(x)

    def moments(self, mean: Floats, second: Floats, quarters: int) -> tuple[Floats, Floats]:
        """Return mean and second moment of bookings from those of the number of deals, (node,)."""
        p, multiple = self.whale_probability, self.whale_multiple
        size = self.sizes[self.size]
        deal = self.deal.mean * (1 + p * (multiple - 1)) * size
        square = self.deal.second * (1 + p * (multiple**2 - 1)) * size**2
        rate = self.windfalls * quarters if self.windfall else 0.0
        extra = rate * self.windfall.mean if self.windfall else 0.0
        extra_variance = rate * self.windfall.second if self.windfall else 0.0
        expected = mean * deal + extra
        deals_square = mean * (square - deal**2) + second * deal**2
        return expected, deals_square + 2 * mean * deal * extra + extra**2 + extra_variance

    def windfall_mean(self, mean: Floats, quarters: int) -> Floats:
        """Return mean windfall bookings from the mean number of deals, (node,)."""
        whales = mean * self.whale_probability * self.whale_multiple * self.deal.mean
        extra = self.windfalls * quarters * self.windfall.mean if self.windfall else 0.0
        return whales * self.sizes[self.size] + extra

    def compound(self, size: float, quarters: int, repeatable: bool = False) -> Compound:
        """Return the sums of deals of reps with this multiplier."""
        key = size, quarters, repeatable
        if key not in self._compounds:
            if size not in self._deals:
                self._deals[size] = self.deal.scaled(size)
            deal = self._deals[size]
            windfall, windfalls = self.windfall if quarters else None, self.windfalls * quarters
            whole = deal, self.whale_probability, self.whale_multiple, windfall, windfalls
            self._compounds[key] = Compound(deal) if repeatable else Compound(*whole)
        return self._compounds[key]


def _rounded_up(count: int) -> int:
    """Return a number of deals not below ``count``, of few significant digits."""
    step = max(1 << max(count.bit_length() - 3, 0), 8)
    return -(-count // step) * step
