"""How many seats each draw takes, as seats are added one by one: P(plan) of every headcount.

Bookings are never below 0, so that a draw that reaches its targets with some seats reaches them
with more. Each draw is therefore told by one number, the seats with which it still falls short, and
P(plan) with n seats is the share of draws that fall short with fewer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.tally import proportion

Floats = npt.NDArray[np.float64]

DEVIATIONS = 1.959964  # of a 95 % interval


class Needed(NamedTuple):
    """Seats that reach the plan with a probability; NaN where none of those tried does.

    Attributes
    ----------
    seats, low, high : float
        The fewest, and the ends of their 95 % interval.
    chance, error : float
        P(plan) with them and its standard error; with the most tried where none reaches it.
    """

    seats: float
    low: float
    high: float
    chance: float
    error: float


class Growth:
    """Draws that fall short, by the number of seats.

    Parameters
    ----------
    draws : int
    goals : (period,) float, currency
        What bookings have to come to.
    """

    def __init__(self, draws: int, goals: Floats) -> None:
        self.goals = goals
        self.seats = 0
        self._booked = np.zeros((draws, len(goals)))
        self._short = np.zeros((draws, len(goals)), np.int32)
        self._idle = np.ones((draws, len(goals)), bool)  # no seat so far has brought anything
        self._brought = np.zeros(len(goals))  # by all seats in all draws
        self._hopeless = [0.0]  # share of draws that fall short so, as seats were added

    def begin(self, rows: slice, booked: Floats) -> None:
        """State what is booked without any of the seats, (draw, period)."""
        self._booked[rows] = booked
        self._short[rows] = booked < self.goals

    def add(self, rows: slice, bookings: Floats) -> None:
        """Take in the bookings of the next seats, (draw, seat, period)."""
        if bookings.shape[1] == 0:
            return
        booked = self._booked[rows, None] + np.cumsum(bookings, axis=1)
        self._short[rows] += (booked < self.goals).sum(axis=1, dtype=np.int32)
        self._idle[rows] &= booked[:, -1] <= self._booked[rows]
        self._brought += (booked[:, -1] - self._booked[rows]).sum(axis=0)
        self._booked[rows] = booked[:, -1]

    def added(self, seats: int) -> None:
        """Count seats whose bookings have been taken in for all draws."""
        self.seats += seats
        never = self._idle & (self._short > self.seats)
        self._hopeless.append(float(never.any(axis=1).mean()))

    def chances(self) -> tuple[Floats, Floats]:
        """Return P(plan) with 0, 1, ... seats and its standard error, (seats + 1,).

        It is that of the period in which it is lowest.
        """
        draws = len(self._short)
        reached = np.stack(
            [
                np.cumsum(np.bincount(short, minlength=self.seats + 2)[: self.seats + 1])
                for short in self._short.T
            ]
        )
        return proportion(reached.min(axis=0).astype(float), np.array(float(draws)))

    def needed(self, probability: float) -> Needed:
        """Return the fewest seats with which P(plan) is at least a probability.

        The interval is of those with which it is not known to be lower, and not known to be higher.
        """
        chances, errors = self.chances()
        reach = DEVIATIONS * errors
        seats, low, high = (
            _first(at_least >= probability - 1e-12)
            for at_least in (chances, chances + reach, chances - reach)
        )
        place = self.seats if math.isnan(seats) else int(seats)
        return Needed(seats, low, high, float(chances[place]), float(errors[place]))

    def forecast(self, probability: float) -> float:
        """Return about how many seats it takes: as if all to come brought what these do on average.

        Infinite where these brought nothing.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            each = self._brought / (len(self._booked) * self.seats)
            lacking = np.maximum(self.goals - self._booked, 0.0)
            further = np.where(lacking > 0, lacking / each, 0.0).max(axis=1)
        ahead = np.partition(further, int(probability * (len(further) - 1)))
        return self.seats + float(ahead[int(probability * (len(further) - 1))])

    def settled(self, probability: float) -> bool:
        """Return whether further seats could not change what is needed, or would not help.

        They would not where in too many draws no seat brings anything, those added last included.
        """
        return self.hopeless(probability) or not math.isnan(self.needed(probability).high)

    def hopeless(self, probability: float) -> bool:
        """Return whether in too many draws no seat brings anything, those added last included."""
        before, now = self._hopeless[-2:]
        return before == now > 1 - probability

    def tried(self, probability: float) -> int | None:
        """Return the most seats that were tried; None where more of them would not help."""
        return None if self.hopeless(probability) else self.seats


def _first(reached: npt.NDArray[np.bool_]) -> float:
    """Return the first place that holds; NaN where none does."""
    return float(np.argmax(reached)) if reached.any() else math.nan
