"""Several teams draw by draw: what each books, and what errors of their differences share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.compare.pooled import PooledQuantile
from funnelsim.analysis.estimates import Columns, Estimate, MeansByMetric
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import REACHES
from funnelsim.analysis.team.group import Group
from funnelsim.analysis.team.tally import FEWEST, QUANTILES

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]
Compared = dict[str, tuple[Pair, Pair]]  # by name: values and differences, (plan, ...), and errors

TEAM_MADE, PLAN_MADE = "team_attainment_probability", "plan_probability"
SHORT = "plan_shortfall_given_miss_mean"
PROBABILITY = "_probability"


class Paired(Remembering):
    """Means by metric of what several plans do on the same draws; differences are from the first.

    What errors share is told within a metric.
    """

    def __init__(self) -> None:
        self._means = MeansByMetric()

    @property
    def draws(self) -> int:
        """Draws taken in."""
        return self._means[next(iter(self._means))].draws

    def count(self, metric: str, columns: Columns) -> None:
        """Take in a block of draws, arrays (draw, plan, ...)."""
        self._means.add(metric, columns)

    def mean(self, metric: str, column: str = "") -> Estimate:
        """Return a mean over draws, (plan, ...)."""
        return self._means[metric][column]

    def compared(self, estimates: Mapping[str, Estimate]) -> Compared:
        """Return values and differences from the first plan with their errors, by name.

        No error of a probability is 0: where all draws agree, the next one might not, and half a
        draw each way is the error.
        """
        found, n = {}, self.draws
        for name, estimate in estimates.items():
            value, error = estimate.pair
            less, less_error = (estimate - estimate[0]).pair
            if name.endswith(PROBABILITY):
                half = 0.5 / (n + 1)
                certain = (value < 0.25 / n) | (value > 1 - 0.25 / n)
                error = np.where(certain, np.sqrt(half * (1 - half) / (n + 1)), error)
                less_error = np.maximum(less_error, 1 / (n + 1))
            found[name] = (value, error), (less, less_error)
        return found


class PeriodTally(Remembering):
    """What draws say of several plans in a period.

    Parameters
    ----------
    plans : int
        How many.
    period : int
        Which one, counted from 0.
    targets : (plan,) float, currency, or None
        None where not all plans have one.
    company : bool
        Whether the last group of seats is the company.
    """

    memories = ("_paired", "_streams")
    begun_with = ("_centre", "_pilot")

    def __init__(self, plans: int, period: int, targets: Floats | None, *, company: bool) -> None:
        self._period, self._targets, self._company = period, targets, company
        self._paired = Paired()
        self._streams = [[PooledQuantile(q) for q in QUANTILES] for _ in range(plans * company)]
        self._centre = self._pilot = np.empty(0)

    def add(self, plans: Sequence[Sequence[Group]]) -> None:
        """Take in a block of draws: of each plan the groups that all plans have."""
        p = self._period
        reached = [
            [group.bookings[:, p] >= group.quota[:, p] * REACHES for group in groups]
            for groups in plans
        ]
        self._paired.count(TEAM_MADE, {"": np.moveaxis(np.array(reached), 2, 0)})
        if not self._company:
            return
        bookings = np.stack([groups[-1].bookings[:, p] for groups in plans], axis=1)
        first = not self._centre.size
        if first:
            self._centre = bookings.mean(axis=0)  # squares about it keep their digits
        for own, streams in zip(bookings.T, self._streams, strict=True):
            for stream in streams:
                stream.add(own[:, None])
        if first:
            self._pilot = self._quantiles()
        off = bookings - self._centre
        self._paired.count("bookings", {"1": off, "2": off * off})
        self._paired.count("below", {"": bookings[..., None] <= self._pilot})
        if self._targets is not None:
            made = bookings >= self._targets * REACHES
            short = np.where(made, 0.0, self._targets - bookings)
            self._paired.count(PLAN_MADE, {"made": made, "missed": ~made, "short": short})

    def answers(self) -> Compared:
        """Return every number by its name in the registry, (plan[, group | probability])."""
        paired = self._paired
        estimates = {TEAM_MADE: paired.mean(TEAM_MADE)}
        if self._company:
            first, second = paired.mean("bookings", "1"), paired.mean("bookings", "2")
            variance = (second - first * first) * (paired.draws / (paired.draws - 1))
            below = paired.mean("below")
            slopes = np.array(
                [
                    [stream.slope(float(error)) for stream, error in zip(*row, strict=True)]
                    for row in zip(self._streams, below.standard_error, strict=True)
                ]
            )  # a quantile falls as the share below it rises
            falls = -below.gradient * slopes[..., None]
            estimates |= {
                "company_bookings_mean": first + self._centre,
                "company_bookings_sd": variance.sqrt(),
                "company_bookings_quantile": Estimate(self._quantiles(), falls, below.covariance),
            }
        if self._targets is None:
            return paired.compared(estimates)
        missed = paired.mean(PLAN_MADE, "missed")
        estimates[PLAN_MADE] = paired.mean(PLAN_MADE, "made")
        estimates[SHORT] = paired.mean(PLAN_MADE, "short") / missed
        found = paired.compared(estimates)
        (value, error), (less, less_error) = found[SHORT]
        few = missed.value * paired.draws < FEWEST - 0.5  # one does not tell how misses differ
        error = np.where(few, np.nan, error)
        less_error = np.where(few | few[0], np.nan, less_error)
        return found | {SHORT: ((value, error), (less, less_error))}

    def _quantiles(self) -> Floats:
        return np.array([[stream.value() for stream in row] for row in self._streams])


class HorizonTally(Remembering):
    """What draws say of several companies over the whole horizon.

    Parameters
    ----------
    targets : (plan, quarter) float, currency, or None
        None where not all plans have one.
    """

    memories = ("_paired",)
    begun_with = ("_centre",)

    def __init__(self, targets: Floats | None) -> None:
        self._targets = targets
        self._paired = Paired()
        self._centre = np.empty(0)

    def add(self, bookings: Floats) -> None:
        """Take in a block of draws of the companies' bookings, (draw, plan, quarter)."""
        total = bookings.sum(axis=2)
        if not self._centre.size:
            self._centre = total.mean(axis=0)
        self._paired.count("bookings", {"": total - self._centre})
        if self._targets is not None:
            made = bookings >= self._targets * REACHES
            self._paired.count(PLAN_MADE, {"": made.mean(axis=2)})

    def answers(self) -> Compared:
        """Return every number by its name in the registry, (plan,)."""
        estimates = {"horizon_bookings_mean": self._paired.mean("bookings") + self._centre}
        if self._targets is not None:
            estimates[f"horizon_{PLAN_MADE}"] = self._paired.mean(PLAN_MADE)
        return self._paired.compared(estimates)
