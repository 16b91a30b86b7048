"""Several plans draw by draw: everything that a comparison estimates, with what errors share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.compare.pooled import PooledQuantile
from funnelsim.analysis.compare.ranking import Standing
from funnelsim.analysis.compare.skewed import Skewness
from funnelsim.analysis.estimates import Estimate, MeansByMetric
from funnelsim.analysis.gathering import Gathering
from funnelsim.analysis.tally import QUANTILES, QUARTERS_PER_YEAR, REACHES
from funnelsim.engine.blocks import Samples

Floats = npt.NDArray[np.float64]
Events = npt.NDArray[np.bool_]
Pair = tuple[Floats, Floats]

PROBABILITY = "_probability"
TINY = 1e-9  # currency: where nothing varies, nothing is divided by
SAME = 1e-9  # relative: the same deals add up to this in any order
SKEWED = ("bookings_mean", "shortfall_mean", "bookings_sd")


class SideBySide(Gathering):
    """Sums over draws of different plans on shared luck, of a quarter of their horizon.

    Parameters
    ----------
    quotas : (plan, quarter) float, currency
    """

    memories = ("_means", "_skewness", "_streams", "_wins")
    begun_with = ("_centre", "_spread", "_pilot")

    def __init__(self, quotas: Floats) -> None:
        super().__init__()
        self._quotas = quotas
        self._whole = quotas.shape[1] // QUARTERS_PER_YEAR * QUARTERS_PER_YEAR  # quarters of years
        self._means = MeansByMetric()
        self._skewness = {name: Skewness() for name in SKEWED}  # and of what they differ by
        self._streams = [[PooledQuantile(p) for p in QUANTILES] for _ in quotas]
        self._centre = np.empty(0)  # of bookings: squares about it keep their digits
        self._spread = np.empty(0)  # of bookings: the sd moves by a square over twice it
        self._pilot: Floats = np.empty(0)  # quantiles of the first block, (plan, probability)
        self._wins = Wins(len(quotas))

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in the samples of each plan on the same draws, arrays (draw, rep, quarter)."""
        bookings, repeatable, activities = (
            np.stack([own[name][:, 0] for own in samples], axis=1).astype(np.float64)
            for name in ("bookings", "repeatable_bookings", "activities")
        )  # (draw, plan, quarter)
        for plan, streams in enumerate(self._streams):
            for stream in streams:
                stream.add(bookings[:, plan])
        if not self._centre.size:
            self._centre = bookings.mean(axis=(0, 2))
            self._spread = np.maximum(bookings.std(axis=(0, 2)), TINY)
            self._pilot = self._quantiles()
        attained = np.asarray(bookings >= self._quotas * REACHES)
        self._means.add("attainment_probability", {"": _share(attained)})
        reached = np.asarray(repeatable >= self._quotas * REACHES)
        self._means.add("repeatable_attainment_probability", {"": _share(reached)})
        off = bookings - self._centre[:, None]
        squares = (off * off).mean(axis=2)
        self._means.add("bookings", {"1": off.mean(axis=2), "2": squares})
        below = [bookings <= pilot[:, None] for pilot in self._pilot.T]
        self._means.add("below", {"": np.stack([_share(each) for each in below], axis=2)})
        short = np.where(attained, 0.0, self._quotas - bookings).mean(axis=2)
        self._means.add("shortfall_mean", {"": short})
        self._add_skewness("bookings_mean", bookings.mean(axis=2))
        self._add_skewness("shortfall_mean", short)
        self._add_skewness("bookings_sd", squares / self._spread)
        times = np.arange(1, attained.shape[2] + 1)
        self._means.add("at_least_probability", {"": attained.sum(axis=2)[..., None] >= times})
        self._means.add("activities_mean", {"": activities.mean(axis=2)})
        if self._whole:
            self._means.add("year_attainment_probability", {"": self._years(bookings)})
        self._wins.add(bookings.sum(axis=2))

    def pairs(self) -> dict[str, tuple[Pair, Pair]]:
        """Return values with their errors, and differences from the first plan with theirs.

        By name in the registry, arrays (plan, ...). NaN is an error that these draws do not tell.
        """
        found = {}
        for name, estimate in self._estimates().items():
            value, error = estimate.pair
            less, less_error = (estimate - estimate[0]).pair
            if name in self._skewness:
                own, pair = self._skewness[name].widening()
                error, less_error = error * own, less_error * pair
            if name.endswith(PROBABILITY):  # half a draw each way, as if it had gone otherwise
                n = self.draws
                certain, half = (value == 0) | (value == 1), 0.5 / (n + 1)
                error = np.where(certain, np.sqrt(half * (1 - half) / (n + 1)), error)
                less_error = np.maximum(less_error, 1 / (n + 1))
            less_error[0] = 0.0
            found[name] = (value, error), (less, less_error)
        return found

    def _estimates(self) -> dict[str, Estimate]:
        """Return every estimate, (plan, ...), under its name in the registry."""
        first, second = self._means["bookings"]["1"], self._means["bookings"]["2"]
        variance = (second - first * first) * (self.draws / max(self.draws - 1, 1))
        found = {
            name: self._means[name][""] for name in self._means if name not in ("bookings", "below")
        }
        return found | {
            "bookings_mean": first + self._centre,
            "bookings_sd": variance.sqrt(),
            "bookings_quantile": self._with_slopes(self._means["below"][""]),
        }

    def standing(self) -> Standing:
        """Return how the plans stand, by P(attain)."""
        found = self._means["attainment_probability"][""]
        covariance = found.gradient @ found.covariance @ found.gradient.T
        return Standing(self.draws, found.value, covariance)

    def beats(self) -> tuple[Floats, Floats]:
        """Return P(more bookings over the horizon) + P(as many) / 2, (plan, other), and errors."""
        n = self.draws
        wins, losses = self._wins.times / n, self._wins.times.T / n
        value = (1 + wins - losses) / 2
        # of wins, ties and losses that count 1, 1/2 and 0; half a draw each way where all are alike
        variance = (wins + losses - (wins - losses) ** 2) / 4
        certain = np.where((wins == 1) | (losses == 1), 0.5 / (n + 1), 0.0)
        return value, np.sqrt(np.maximum(variance, certain) / n)

    def _with_slopes(self, below: Estimate) -> Estimate:
        """Return the quantiles: they fall as the share of quarters below them rises."""
        errors = below.standard_error
        slopes = np.array(
            [
                [stream.slope(float(error)) for stream, error in zip(*row, strict=True)]
                for row in zip(self._streams, errors, strict=True)
            ]
        )
        return Estimate(self._quantiles(), -below.gradient * slopes[..., None], below.covariance)

    def _quantiles(self) -> Floats:
        return np.array([[stream.value() for stream in row] for row in self._streams])

    def _years(self, bookings: Floats) -> npt.NDArray[np.generic]:
        years = (self._whole // QUARTERS_PER_YEAR, QUARTERS_PER_YEAR)
        quotas = self._quotas[:, : self._whole].reshape(-1, *years).sum(axis=2)
        whole = bookings[..., : self._whole].reshape(*bookings.shape[:2], *years)
        return _share(whole.sum(axis=3) >= quotas * REACHES)

    def _add_skewness(self, name: str, amounts: Floats) -> None:
        """Take in what a mean is taken of, (draw, plan), and what it differs by."""
        both = np.stack([amounts, amounts - amounts[:, :1]], axis=1)
        self._skewness[name].add(both)


class Wins:
    """On how many draws each plan books more than each other one.

    Attributes
    ----------
    times : (plan, other) float
    """

    def __init__(self, plans: int) -> None:
        self.times = np.zeros((plans, plans))

    def add(self, totals: Floats) -> None:
        """Take in a block of draws, (draw, plan)."""
        for plan, own in enumerate(totals.T):
            self.times[plan] += (own[:, None] > totals * (1 + SAME)).sum(axis=0)

    def fresh(self) -> Wins:
        """Return one for draws that follow."""
        return Wins(len(self.times))

    def merge(self, other: Wins) -> None:
        """Take in what a :meth:`fresh` one took in."""
        self.times += other.times

    def state(self) -> dict[str, Any]:
        """Return what was taken in, as a store keeps it."""
        return {"times": self.times}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""
        self.times = np.array(state["times"])


def _share(events: Events) -> npt.NDArray[np.generic]:
    """Return in which share of the periods something happened, (draw, plan); of one: whether."""
    return events[..., 0] if events.shape[2] == 1 else events.mean(axis=2)
