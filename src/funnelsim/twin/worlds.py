"""Quadrature over what nobody knows: parameters drawn once a world, the same for all reps.

Each uncertain parameter, or several that share their luck, is a standard normal of its own; the
values follow from it by quantiles. Derived in docs/background/exact.md, "Parameter uncertainty".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario, Uncertain
from funnelsim.scenario.wording import parts_of
from funnelsim.twin.fourier import Floats
from funnelsim.twin.normals import RULES, beta, lattice, multiplier

# What changes the law of a week, of a delay or of a life; the others change rates and amounts only.
NOT_INTEGRATED = (("stages", "days"), ("policy", "adherence"), ("ramp", "weeks"))


@dataclass(frozen=True)
class Worlds:
    """Kinds of worlds, each with its weight.

    Attributes
    ----------
    weights : (rule, world) float
        The fine rule, two coarser and two narrower ones that tell its error.
    normals : mapping of str to (world,) float
        By name of the luck.
    """

    weights: Floats = field(default_factory=lambda: np.ones((RULES, 1)))
    normals: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of worlds."""
        return int(self.weights.shape[1])


def lucks_of(plans: Sequence[Scenario]) -> list[str]:
    """Return the names of the luck that uncertain parameters follow; equal ones move together."""
    named = (
        each.luck or path for plan in plans for path, each in plan.uncertainty.items() if each.cv
    )
    return list(dict.fromkeys(named))


def check_integrated(plans: Sequence[Scenario]) -> None:
    """Raise NotCoveredError where a parameter is uncertain that is not integrated."""
    for path in (path for plan in plans for path, each in plan.uncertainty.items() if each.cv):
        parts = parts_of(path) or ("",)
        if (parts[0], parts[-1]) in NOT_INTEGRATED:
            raise NotCoveredError(f"uncertainty of {path} is not integrated")


def worlds_of(plans: Sequence[Scenario], step: float) -> Worlds:
    """Return the quadrature over the uncertain parameters of plans that share a world.

    Raises
    ------
    NotCoveredError
        Where a parameter is uncertain that is not integrated.
    """
    check_integrated(plans)
    names = lucks_of(plans)
    points, weights = lattice(len(names), step)
    return Worlds(weights, dict(zip(names, points.T, strict=True)))


@dataclass(frozen=True)
class Drawn:
    """The parameters of one plan in every world.

    Attributes
    ----------
    plan : Scenario
    worlds : Worlds
    """

    plan: Scenario
    worlds: Worlds

    def share(self, stated: float, *path: str) -> Floats:
        """Return a probability in each world, (world,): Beta with the stated mean."""
        if not self.is_uncertain(*path) or stated in (0.0, 1.0):
            return np.full(self.worlds.count, stated)
        total = (1 - stated) / (stated * self._uncertain[path][1].cv ** 2) - 1
        return beta(np.array(stated), total, self._normal(path))

    def amount(self, stated: float, *path: str) -> Floats:
        """Return an amount in each world, (world,): lognormal with the stated mean."""
        if not self.is_uncertain(*path):
            return np.full(self.worlds.count, stated)
        return stated * multiplier(self._uncertain[path][1].cv, self._normal(path))

    def is_uncertain(self, *path: str) -> bool:
        """Return whether the parameter is drawn."""
        return path in self._uncertain

    @cached_property
    def _uncertain(self) -> dict[tuple[str, ...], tuple[str, Uncertain]]:
        stated = self.plan.uncertainty.items()
        return {parts_of(path) or (): (path, each) for path, each in stated if each.cv}

    def _normal(self, path: tuple[str, ...]) -> Floats:
        stated, each = self._uncertain[path]
        return self.worlds.normals[each.luck or stated]
