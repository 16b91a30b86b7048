"""Bookings, costs and margins by quarter or year: of each segment, and of the company."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.economics.accounts import COMMISSION, Account
from funnelsim.analysis.economics.customers import MONTHS_PER_YEAR
from funnelsim.analysis.estimates import Estimate, Means
from funnelsim.analysis.quantiles import QuantileStream
from funnelsim.analysis.tally import QUANTILES, QUARTERS_PER_YEAR, never_certain

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]
Answers = dict[str, Pair]


def periods(values: Floats, by_year: bool) -> Floats:
    """Return amounts by quarter, (draw, quarter, ...), as they are or summed over whole years."""
    if not by_year:
        return values
    years = values.shape[1] // QUARTERS_PER_YEAR
    whole = values[:, : years * QUARTERS_PER_YEAR]
    split = whole.reshape(len(values), years, QUARTERS_PER_YEAR, *values.shape[2:])
    return np.asarray(split.sum(axis=2))


class Flows:
    """Means, spreads and ratios of accounts over draws, for each segment and the company.

    Parameters
    ----------
    margins : (segment,) float
        Gross margin of revenue in each segment, the company left out.
    budget : (period,) float, currency
        Of the company's commission.
    by_year : bool
    """

    def __init__(self, margins: Floats, budget: Floats, *, by_year: bool) -> None:
        self._margins, self._budget, self._by_year = margins, budget, by_year
        self._shape = (len(margins) + 1, len(budget))
        # One for each place: nothing is compared across segments or periods.
        self._means = {place: Means() for place in np.ndindex(self._shape)}
        self._over_budget = Means()
        self._streams = {
            (name, place): Quantiles()
            for name in ("commission", "contribution", "cost_of_sale")
            for place in np.ndindex(self._shape)
        }

    def add(self, accounts: Sequence[Account]) -> None:
        """Take in the accounts of the segments, of a block of draws."""
        whole = accounts[0]
        for each in accounts[1:]:
            whole = whole + each
        first_year = [
            margin * each.bookings for margin, each in zip(self._margins, accounts, strict=True)
        ]
        first_year.append(np.sum(first_year, axis=0))
        for s, (each, first) in enumerate(zip([*accounts, whole], first_year, strict=True)):
            by_period = {
                "bookings": each.bookings,
                "costs": each.costs,
                "earned": each.earned,
                "lifetime": each.lifetime,
                "first year": first,
            }
            by_period = {name: periods(of, self._by_year) for name, of in by_period.items()}
            for p in range(self._shape[1]):
                self._add((s, p), {name: of[:, p] for name, of in by_period.items()})
        commission = periods(whole.costs[..., COMMISSION], self._by_year)
        exceeded = commission > self._budget * (1 + 1e-9)
        excess = np.where(exceeded, commission - self._budget, 0.0)
        self._over_budget.add({"exceeded": exceeded, "excess": excess})

    def _add(self, place: tuple[int, ...], of: dict[str, Floats]) -> None:
        cost, commission = of["costs"].sum(axis=1), of["costs"][:, COMMISSION]
        contribution = of["earned"] - cost
        more = {"commission 2": commission**2, "loss": contribution < 0}
        self._means[place].add(of | more)
        with np.errstate(divide="ignore", invalid="ignore"):
            of_sale = np.where(of["bookings"] > 0, cost / of["bookings"], np.inf)
        for name, values in (
            ("commission", commission), ("contribution", contribution), ("cost_of_sale", of_sale)
        ):  # fmt: skip
            self._streams[name, place].add(values)

    def answers(self) -> Answers:
        """Return estimates and their standard errors, (segment, period, ...)."""
        found = {place: _answers(means) for place, means in self._means.items()}
        for (name, place), stream in self._streams.items():
            found[place][f"{name}_quantile"] = stream.estimates()
        names = next(iter(found.values()))
        answers = {name: self._placed([each[name] for each in found.values()]) for name in names}
        m = self._over_budget
        answers["budget_exceeded_probability"] = never_certain(m["exceeded"].pair, m.draws)
        answers["budget_excess_mean"] = (m["excess"] / m["exceeded"]).pair
        return answers

    def _placed(self, pairs: Sequence[Pair]) -> Pair:
        """Return the pairs of all places as one, (segment, period, ...)."""
        value, error = (np.stack([pair[k] for pair in pairs]) for k in range(2))
        shape = (*self._shape, *value.shape[1:])
        return value.reshape(shape), error.reshape(shape)


def _answers(m: Means) -> Answers:
    """Return the estimates of one place."""
    commission, cost = m["costs"][COMMISSION], _summed(m["costs"])
    sold = m["bookings"].value > 0
    ratios = {
        "cost_of_sale": cost / m["bookings"],
        "cac_payback_months": float(MONTHS_PER_YEAR) * cost / m["first year"],
        "lifetime_to_cost": m["lifetime"] / cost,
    }
    return {
        "bookings_mean": m["bookings"].pair,
        "cost_mean": m["costs"].pair,
        "selling_cost_mean": cost.pair,
        "earned_margin_mean": m["earned"].pair,
        "lifetime_margin_mean": m["lifetime"].pair,
        "contribution_mean": (m["earned"] - cost).pair,
        "commission_sd": (m["commission 2"] - commission * commission).sqrt().pair,
        "loss_probability": never_certain(m["loss"].pair, m.draws),
        **{
            name: tuple(np.where(sold, each, np.nan) for each in ratio.pair)  # type: ignore[misc]
            for name, ratio in ratios.items()
        },
    }


def _summed(estimate: Estimate) -> Estimate:
    """Return the sum over the last axis."""
    return estimate.mean(-1) * float(estimate.value.shape[-1])


class Quantiles:
    """The usual quantiles of a stream of values; not a number where they are infinite."""

    def __init__(self) -> None:
        self._streams = [QuantileStream(p) for p in QUANTILES]

    def add(self, values: Floats) -> None:
        """Take in a block of draws, (draw,)."""
        column = np.ascontiguousarray(values)
        for stream in self._streams:
            stream.add(column)

    def estimates(self) -> Pair:
        """Return the quantiles and their standard errors, (probability,)."""
        with np.errstate(invalid="ignore"):  # the distance of two infinities
            pairs = np.array([stream.estimate() for stream in self._streams])
        value = np.where(np.isfinite(pairs[:, 0]), pairs[:, 0], np.nan)
        error = np.where(np.isfinite(pairs[:, 1]) & np.isfinite(value), pairs[:, 1], np.nan)
        return value, error
