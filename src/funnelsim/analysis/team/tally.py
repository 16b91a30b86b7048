"""What draws say of a period: of a group of seats, and of the company's plan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Means
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.quantiles import QuantileStream
from funnelsim.analysis.tally import REACHES, never_certain
from funnelsim.analysis.team.group import MADE, Group

Floats = npt.NDArray[np.float64]
Pairs = dict[str, tuple[Floats, Floats]]  # values and standard errors, by name in the registry

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
SHARES = tuple(k / 10 for k in range(1, 11))  # of seats attaining
FEWEST = 2  # draws that have a spread
ROUNDING = 1e-9  # a share is a whole number of seats over another


class GroupTally(Remembering):
    """What draws say of a group of seats in a period.

    Parameters
    ----------
    period : int
        Which one, counted from 0.
    """

    memories = ("_means", "_bookings", "_shares")
    begun_with = ("_middle", "_empty")

    def __init__(self, period: int) -> None:
        self._period = period
        self._means = Means()
        self._bookings = [QuantileStream(p) for p in QUANTILES]
        self._shares = [QuantileStream(p) for p in QUANTILES]
        self._middle = 0.0
        self._empty = False

    def add(self, group: Group) -> None:
        """Take in a block of draws."""
        p = self._period
        bookings = np.ascontiguousarray(group.bookings[:, p])
        if not self._means.begun:  # powers about the middle keep their digits
            self._middle = float(bookings.mean())
            self._empty = bool(group.seats[p] == 0)
        reaching = group.reaching[:, p] / max(group.seats[p], 1.0)
        share = np.ascontiguousarray(reaching[:, MADE])
        apart = bookings - self._middle
        self._means.add(
            {
                "made": bookings >= group.quota[:, p] * REACHES,
                "share": share,
                "at least": share[:, None] >= np.array(SHARES) - ROUNDING,
                "bands": -np.diff(reaching, axis=1, prepend=1.0, append=0.0),
                "filled": group.filled[:, p] / max(group.quarters[p], 1.0),
                "productive": group.productive[:, p] / max(group.quarters[p], 1.0),
                "bookings": apart,
                "bookings^2": apart * apart,
                "sources": group.by_source[:, p],
            }
        )
        for stream in self._bookings:
            stream.add(bookings)
        for stream in self._shares:
            stream.add(share)

    def answers(self) -> Pairs:
        """Return every number with its standard error."""
        m = self._means
        apart = m["bookings"]
        variance = (m["bookings^2"] - apart * apart) * (m.draws / (m.draws - 1))
        found = {
            "team_attainment_probability": m["made"].pair,
            "team_bookings_mean": (apart + self._middle).pair,
            "team_bookings_sd": variance.sqrt().pair,
            "team_bookings_quantile": _quantiles(self._bookings),
            "attainment_probability": never_certain(m["share"].pair, m.draws),
            "attaining_share_quantile": _quantiles(self._shares),
            "attaining_share_probability": m["at least"].pair,
            "band_share": never_certain(m["bands"].pair, m.draws),
            "filled_mean": m["filled"].pair,
            "productive_mean": m["productive"].pair,
            "bookings_by_source_mean": m["sources"].pair,
        }
        if self._empty:  # nobody to speak of
            nan = np.float64(np.nan)
            found = {name: (value * nan, error * nan) for name, (value, error) in found.items()}
        return found


class PlanTally(Remembering):
    """What draws say of the company's plan in a period, as it is and without each cause.

    Parameters
    ----------
    period : int
        Which one, counted from 0.
    target : float or None
        Currency; None for a company without a plan.
    """

    begun_with = ("_causes",)

    def __init__(self, period: int, target: float | None) -> None:
        self._period = period
        self._target = target
        self._means = Means()
        self._causes: list[str] = []

    def add(self, company: Group, without: Mapping[str, Floats]) -> None:
        """Take in a block of draws: the company, and its bookings without each cause."""
        p = self._period
        self._causes = list(without)
        bookings = company.bookings[:, p]
        changed = {cause: bookings - other[:, p] for cause, other in without.items()}
        columns: dict[str, npt.NDArray[np.generic]] = {}
        for cause, change in changed.items():
            columns[f"change by {cause}"] = change
        if self._target is not None:
            goal = self._target * REACHES
            made = bookings >= goal
            columns |= {
                "made": made,
                "missed": ~made,
                "short": np.where(made, 0.0, self._target - bookings),
                "needs deal": made & (bookings - company.largest_deal[:, p] < goal),
                "needs seat": made & (bookings - company.best_seat[:, p] < goal),
            }
            for cause, change in changed.items():
                other = bookings - change >= goal
                columns[f"made by {cause}"] = made & ~other
                columns[f"missed by {cause}"] = ~made & other
        if columns:
            self._means.add(columns)

    def answers(self) -> Pairs:
        """Return every number with its standard error, effects over causes."""
        m = self._means
        found: Pairs = {}
        if self._causes:
            found["effect_on_company_bookings_mean"] = _stacked(
                [m[f"change by {cause}"].pair for cause in self._causes]
            )
        if self._target is None:
            return found
        made = m["made"]
        plans = made.value * m.draws  # that were made
        short, error = (m["short"] / m["missed"]).pair
        if m.draws - plans < FEWEST - 0.5:  # one miss does not tell how misses differ
            error = np.full_like(error, np.nan)
        found |= {
            "plan_probability": made.pair,
            "plan_shortfall_given_miss_mean": (short, error),
            "plan_needs_largest_deal_probability": never_certain(
                (m["needs deal"] / made).pair, plans
            ),
            "plan_needs_best_rep_probability": never_certain((m["needs seat"] / made).pair, plans),
        }
        if self._causes:
            found["effect_on_plan_probability"] = _stacked(
                [(m[f"made by {cause}"] - m[f"missed by {cause}"]).pair for cause in self._causes]
            )
        return found


def _quantiles(streams: list[QuantileStream]) -> tuple[Floats, Floats]:
    found = np.array([stream.estimate() for stream in streams])
    return found[:, 0], found[:, 1]


def _stacked(pairs: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    values, errors = zip(*pairs, strict=True)
    return np.stack(values), np.stack(errors)
