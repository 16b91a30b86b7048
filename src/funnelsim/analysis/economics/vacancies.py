"""What a vacancy costs: the plan as it is against one whose seats are filled at once, paired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.economics.accounts import Account, presence, share_of
from funnelsim.analysis.estimates import Means
from funnelsim.engine.blocks import Samples
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]
Answers = dict[str, tuple[Floats, Floats]]


def has_vacancies(segment: Scenario) -> bool:
    """Tell whether seats of leavers stay empty for a while."""
    attrition = segment.attrition
    return attrition is not None and attrition.per_year > 0 and attrition.fill_weeks > 0


def filled_at_once(segment: Scenario) -> Scenario:
    """Return a segment whose leavers are replaced the week after; successors ramp as ever."""
    assert segment.attrition is not None  # noqa: S101  asked for only where there are vacancies
    at_once = segment.attrition.model_copy(update={"fill_weeks": 0.0, "fill_weeks_cv": 0.0})
    return segment.model_copy(update={"attrition": at_once})


def empty_weeks(segment: Scenario, samples: Samples, seats: slice) -> Floats:
    """Return the weeks that seats of leavers stay empty over the horizon, (draw,)."""
    there = presence(segment)[seats].sum()
    filled = share_of(samples, "filled")[:, seats].sum(axis=(1, 2))
    weeks = segment.calendar.weeks_per_quarter * (there - filled)
    return np.asarray(np.maximum(weeks, 0.0))


class Vacancies:
    """What a week without a rep costs in each segment that has vacancies.

    Parameters
    ----------
    places : sequence of int
        Of these segments among the labels of the answers.
    segments, quarters : int
        Labels, and quarters of the horizon.
    """

    def __init__(self, places: Sequence[int], segments: int, quarters: int) -> None:
        self._places, self._segments, self._quarters = list(places), segments, quarters
        self._means = Means()

    def add(
        self, as_is: Sequence[Account], at_once: Sequence[Account], weeks: Sequence[Floats]
    ) -> None:
        """Take in a block of draws: accounts of each segment, and its empty weeks, (draw,)."""
        if not self._places:
            return
        self._means.add(
            {
                "weeks": np.stack(weeks, axis=1),
                "bookings": np.stack(
                    [
                        (full.bookings - own.bookings).sum(axis=1)
                        for full, own in zip(at_once, as_is, strict=True)
                    ],
                    axis=1,
                ),
                "net": np.stack(
                    [
                        (full.lifetime - full.cost - own.lifetime + own.cost).sum(axis=1)
                        for full, own in zip(at_once, as_is, strict=True)
                    ],
                    axis=1,
                ),
            }
        )

    def answers(self) -> Answers:
        """Return estimates and their standard errors, (segment,)."""
        if not self._places:
            return {}
        m = self._means
        found = {
            "vacant_weeks_mean": m["weeks"] / float(self._quarters),
            "vacancy_bookings_per_week": m["bookings"] / m["weeks"],
            "vacancy_cost_per_week": m["net"] / m["weeks"],
            "vacancy_cost_mean": m["net"] / float(self._quarters),
        }
        return {name: self._placed(*each.pair) for name, each in found.items()}

    def _placed(self, value: Floats, error: Floats) -> tuple[Floats, Floats]:
        placed = np.full((2, self._segments), np.nan)
        placed[:, self._places] = value, error
        return placed[0], placed[1]
