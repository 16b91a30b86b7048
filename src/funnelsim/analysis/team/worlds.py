"""What is simulated for a team: every segment as it is, and what differs without each cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.team.causes import causes_of
from funnelsim.engine.blocks import Run, Samples, bytes_per_draw
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]


def company_of(plan: Scenario) -> dict[str, Scenario]:
    """Return the segments that book what the company books, by name."""
    return {name: each for name, each in plan.team.items() if each.quota.of == "bookings"}


class Worlds:
    """The runs of a team, all on shared luck.

    Attributes
    ----------
    runs : list of Run
        First the segments as they are, with bookings by source; then those that a cause changes.
    places : dict of str to list of int
        By cause that the company has, where the runs of its segments without that cause are.
    """

    def __init__(self, plan: Scenario) -> None:
        company, names = company_of(plan), list(plan.team)
        self.runs = [run_of(name, each, by_source=True) for name, each in plan.team.items()]
        self.places: dict[str, list[int]] = {}
        for cause, changed in causes_of(company).items():
            places = self.places[cause] = []
            for name, each in changed.items():
                if each == company[name]:
                    places.append(names.index(name))
                else:
                    places.append(len(self.runs))
                    self.runs.append(run_of(name, each, by_source=False))

    @property
    def bytes_per_draw(self) -> int:
        """Bytes that one draw of all runs takes in memory."""
        return sum(run.seats * bytes_per_draw(run.packed()) for run in self.runs)


def bookings_without(
    places: Mapping[str, Sequence[int]], samples: Sequence[Samples]
) -> dict[str, Floats]:
    """Return the company's bookings in the same worlds without each cause, (draw, quarter)."""
    sums = {
        place: np.asarray(samples[place]["bookings"], np.float64).sum(axis=1)
        for own in places.values()
        for place in own
    }
    return {cause: np.sum([sums[place] for place in own], axis=0) for cause, own in places.items()}


def run_of(name: str, plan: Scenario, *, by_source: bool) -> Run:
    """Return the run of all seats of a segment."""
    plain = plan.model_copy(update={"kpis": (), "variants": {}})
    return Run(plain, plain.headcount, hired=True, segment=name, by_source=by_source)
