"""What reps are like: rates, levels and sizes of every kind of rep in every kind of world.

A rep's lasting skills are normals with a correlation; in each world they spread around the
parameters drawn there. Derived in docs/background/exact.md, "Skill".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from funnelsim.scenario.model import Scenario, Source
from funnelsim.twin.fourier import Floats
from funnelsim.twin.normals import WITHIN, beta, converged, lattice, multiplier, step_of
from funnelsim.twin.worlds import Drawn, Worlds, lucks_of, worlds_of


@dataclass(frozen=True)
class Nodes:
    """Kinds of reps in kinds of worlds (nodes), each with its weight; worlds come first.

    Attributes
    ----------
    drawn : Drawn
        The parameters in every world.
    skills : (rule, skill) float
        Weights of kinds of reps.
    normals : mapping of str to (skill,) float
        Skills of "activity", "size" and stages where reps differ.
    """

    drawn: Drawn
    skills: Floats
    normals: Mapping[str, Floats]

    @property
    def worlds(self) -> Floats:
        """Weights of kinds of worlds, (rule, world)."""
        return self.drawn.worlds.weights

    @cached_property
    def weights(self) -> Floats:
        """Weights of nodes, (rule, node)."""
        if self.skills.shape[1] == 1 or self.worlds.shape[1] == 1:
            return np.asarray(self.worlds * self.skills)
        product = np.einsum("rw,rs->rws", self.worlds, self.skills)
        return np.asarray(product.reshape(len(self.skills), -1))

    @property
    def count(self) -> int:
        """Number of nodes."""
        return int(self.worlds.shape[1] * self.skills.shape[1])

    def mean(self, by_node: Floats) -> tuple[Floats, Floats]:
        """Return the mean over nodes of (node, ...) and the error of the quadrature."""
        return converged(np.einsum("rn,n...->r...", self.weights, by_node))

    def spread(self, by_world: Floats) -> Floats:
        """Return a parameter of every world for every node, (node,)."""
        return np.repeat(by_world, self.skills.shape[1])

    @cached_property
    def activity(self) -> Floats:
        """Multiplier of weekly activity, (node,)."""
        plan = self.drawn.plan
        drawn = [self.drawn.amount(1.0, "activity", key) for key in ("per_week", "per_quarter")]
        return self._lifted(drawn[0] * drawn[1], "activity", plan.activity.rep_cv)

    @cached_property
    def conversions(self) -> Floats:
        """Conversions of the rep's own activity, without assists, (node, stage)."""
        return self.conversions_of(None)

    @cached_property
    def size(self) -> Floats:
        """Multiplier of the sizes of deals from the rep's own activity, (node,)."""
        return self.size_of(None)

    def conversions_of(self, source: Source | None) -> Floats:
        """Return the conversions of a source, without assists, (node, stage)."""
        plan, drawn, columns = self.drawn.plan, self.drawn, []
        after = plan.first_stage_of(source) + 1
        stages = zip(plan.stages_of(source), plan.stages, strict=True)
        for index, (own, base) in enumerate(stages):
            stated = base.conversion
            path: tuple[str, ...] = ("stages", base.name, "conversion")
            if source is not None and base.name in source.conversion:
                stated = source.conversion[base.name]
                path = ("sources", source.name, "conversion", base.name)
            mean = drawn.share(stated, *path)
            if source is not None and source.response is not None and index == after:
                mean = np.minimum(mean * source.response.factor, 1.0)
            if own.rep_cv and own.conversion:
                total = (1 - own.conversion) / (own.conversion * own.rep_cv**2) - 1
                columns.append(beta(mean[:, None], total, self.normals[own.name]).ravel())
            else:
                columns.append(self.spread(mean))
        return np.stack(columns, axis=1)

    def size_of(self, source: Source | None) -> Floats:
        """Return the multiplier of the sizes of deals of a source, (node,)."""
        law = self.drawn.plan.deal_size_of(source)
        own = None if source is None else source.deal_size
        drawn = np.ones(self.worlds.shape[1])
        for key in ("mean", "minimum"):
            if getattr(law, key) is not None and getattr(own, key, None) is None:
                drawn = drawn * self.drawn.amount(1.0, "deal_size", key)
        return self._lifted(drawn, "size", law.rep_cv)

    def _lifted(self, by_world: Floats, name: str, cv: float) -> Floats:
        if not cv:
            return self.spread(by_world)
        return np.multiply.outer(by_world, multiplier(cv, self.normals[name])).ravel()


def is_spread(plan: Scenario) -> bool:
    """Return whether anything has to be integrated: reps differ, or parameters are uncertain."""
    return is_skilled(plan) or bool(lucks_of([plan]))


def is_skilled(plan: Scenario) -> bool:
    """Return whether reps differ."""
    return bool(_skills(plan))


def dimensions_of(plan: Scenario) -> int:
    """Return the number of dimensions of skill."""
    return int(_square_root(plan).shape[1])


def nodes_of(plan: Scenario, effort: int = 0, worlds: Worlds | None = None) -> Nodes:
    """Return the quadrature over the plan's skills and uncertainty; one node where there is none.

    Parameters
    ----------
    plan : Scenario
    effort : int
        0 for the usual lattice, 1 for a finer one.
    worlds : Worlds, optional
        Those of a team; by default those of the plan's own uncertainty.

    Raises
    ------
    NotCoveredError
        Where skill and uncertainty have more than three dimensions.
    """
    roots = _square_root(plan)
    if worlds is None:
        step = step_of(roots.shape[1] + len(lucks_of([plan])), effort)
        worlds = worlds_of([plan], step)
    else:
        step = WITHIN[effort]
    points, weights = lattice(roots.shape[1], step)
    normals = dict(zip(_skills(plan), roots @ points.T, strict=True))
    return Nodes(Drawn(plan, worlds), weights, normals)


def _skills(plan: Scenario) -> list[str]:
    """Return the names of what reps differ in."""
    names = []
    sources = (None, *plan.sources)
    if any(plan.deal_size_of(source).rep_cv for source in sources):
        names.append("size")
    if plan.activity.rep_cv:
        names.append("activity")
    for index, stage in enumerate(plan.stages):
        ways = [plan.stages_of(source)[index] for source in sources]
        if any(way.rep_cv and way.conversion for way in ways):
            names.append(stage.name)
    return names


def _square_root(plan: Scenario) -> Floats:
    """Return R with R R^T the correlation of skills; its columns are the dimensions of skill."""
    loadings = np.array([plan.loading(name) for name in _skills(plan)])
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1.0)
    columns: list[Floats] = []
    for index in range(loadings.size):  # Cholesky, skipping what others decide
        pivot = correlation[index, index]
        if pivot > 1e-10:
            columns.append(correlation[:, index] / math.sqrt(pivot))
            correlation = correlation - np.outer(columns[-1], columns[-1])
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0))
