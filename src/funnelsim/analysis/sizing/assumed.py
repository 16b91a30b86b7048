"""What P(plan) of a company rests on: each number that its plan states, moved alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Estimate
from funnelsim.analysis.levers.answered import Pair, labelled
from funnelsim.analysis.levers.levers import ends_around
from funnelsim.analysis.sizing.company import Company, Period, company_of
from funnelsim.analysis.sizing.otherwise import (
    CompanyLever,
    Otherwise,
    company_chances,
    company_levers,
)
from funnelsim.engine.blocks import Progress
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ScenarioError
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

STEP = 0.10
MOST = 16  # levers that are told
FIRST_LOOK, FEWEST = 5, 200  # part of the draws that a look at more of them takes, and the least


def assumed(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    by: Period | None = None,
    step: float = STEP,
    most: int = MOST,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Tell how much each number of a company's plan moves P(plan), a step lower and higher.

    Where it states more numbers than are to be told, a fifth of the draws looks at all of them
    first, and the others are spent on those that moved P(plan) most there.

    Parameters
    ----------
    plan : Scenario
        Whose ``[plan]`` states or implies a target.
    draws, seed : int
    by : {"quarter", "year"}, optional
        As in :func:`funnelsim.headcount`; of several periods, that with the lowest P(plan) counts.
    step : float
        Relative. Whole numbers are moved by one at least.
    most : int
        Levers that are told.
    threads : int, optional
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        As :func:`funnelsim.sensitivity` returns it, without elasticities; errors are paired. The
        attribute ``notes`` (JSON) says how many levers a first look left out, and how much they
        move there.

    Raises
    ------
    ArgumentError
        Where the plan states no target, or nobody books.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.1})
    >>> told = assumed(plan, draws=1_000, seed=1)
    >>> bool(told.swing.sel(lever="headcount") > 0)
    True
    """
    company = company_of(plan, by)
    levers = company_levers(company)
    ranges = [_range(company, each, step) for each in levers]
    notes = {each.path: note for each, (_, _, note) in zip(levers, ranges, strict=True) if note}

    def moved(places: Sequence[int], draws: int) -> Moved:
        others = [Otherwise()]
        for place in places:
            others += [levers[place].at(company, end) for end in ranges[place][:2]]
        reached, _ = company_chances(
            company, others, draws=draws, seed=seed, threads=threads, progress=progress
        )
        worst = int(reached[0].value.argmin())
        return Moved(reached[:, worst], 1 / (draws + 1), company.labels[worst])

    places = list(range(len(levers)))
    if len(levers) > most:
        first = moved(places, max(draws // FIRST_LOOK, min(draws, FEWEST)))
        order = first.order
        places, rest = sorted(order[:most].tolist()), order[most:]
        largest = 100 * float(first.largest[0][rest].max())
        notes["further levers"] = (
            f"{len(rest)} more numbers were looked at with a fifth of the draws, and moved P(plan) "
            f"by {largest:.1f} points at most"
        )
    found = moved(places, draws)
    told = labelled(
        plan,
        {
            **found.numbers,
            "lever_value": np.array([levers[place].value for place in places]),
            "lever_range": np.array([ranges[place][:2] for place in places]),
        },
        {"lever": [levers[place].path for place in places], "end": ["low", "high"]},
        {
            **provenance(plan),
            "method": "simulated",
            "goal": f"P(company bookings of {found.label} >= target)",
            "draws": draws,
            "seed": seed,
            "stream_version": STREAM_VERSION,
            "notes": json.dumps(notes),
        },
        {},
    )
    return told.isel(lever=found.order)


@dataclass(frozen=True)
class Moved:
    """What P(plan) is where each lever is at its low and its high end, after the plan itself.

    Attributes
    ----------
    chance : Estimate
        (plan and ends)
    least : float
        Of errors: what no draw tells apart, the next one might, half of one either way.
    label : str
        The period.
    """

    chance: Estimate
    least: float
    label: str

    @property
    def numbers(self) -> dict[str, Pair]:
        """Numbers by lever under their names of the registry."""
        value, error = self.chance.pair
        places = 1 + np.arange(value.size - 1).reshape(-1, 2)
        return {
            "goal_probability": (value[0], error[0]),
            "goal_probability_at": (value[places], error[places]),
            "goal_probability_change": self._changes,
            "swing": self._swings,
            "largest_swing": self.largest,
        }

    @property
    def largest(self) -> Pair:
        """Largest differences among both ends and the plan, (lever,)."""
        pairs = [self._swings, *(tuple(part[:, end] for part in self._changes) for end in (0, 1))]
        values, errors = (np.abs([pair[k] for pair in pairs]) for k in (0, 1))
        largest = values.argmax(axis=0), np.arange(values.shape[1])
        return values[largest], errors[largest]

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Levers by their largest swing; of those alike, the first of the funnel first."""
        return np.argsort(-self.largest[0], kind="stable")

    @property
    def _changes(self) -> Pair:
        value, error = (self.chance[1:] - self.chance[0]).pair
        return value.reshape(-1, 2), np.maximum(error, self.least).reshape(-1, 2)

    @property
    def _swings(self) -> Pair:
        value, error = (self.chance[2::2] - self.chance[1::2]).pair
        return value, np.maximum(error, self.least)


def _range(company: Company, lever: CompanyLever, step: float) -> tuple[float, float, str]:
    """Return where a lever is moved to, and a note where the plan cannot state that."""

    def can_be(value: float) -> bool:
        try:
            lever.at(company, value)
        except ScenarioError:
            return False
        return True

    return ends_around(lever.value, step, can_be, whole=lever.whole)
