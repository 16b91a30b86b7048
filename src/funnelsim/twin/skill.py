"""Quadrature over a rep's lasting skill: a lattice of normal coordinates in a ball.

The trapezoidal rule in normal coordinates converges faster than any power of its step. The same
nodes hold the rules of twice and of four times the step, and of two smaller balls; how these
converge tells the error of the step and of the ball.
Derived in docs/exact.md, "Skill".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.fourier import Floats

RADIUS = 8.6  # beyond it lie 1e-15 of a normal law, but more of its product with an amount
SHELL = 1.0  # by how much the balls differ that tell what lies beyond the radius
RULES = 5
# Steps of the finest lattice by number of dimensions: usual, and where that is not accurate enough.
STEPS = {1: (0.25, 0.0625), 2: (0.3, 0.15), 3: (0.5, 0.3)}


@dataclass(frozen=True)
class Nodes:
    """Kinds of reps, each with its weight.

    Attributes
    ----------
    weights : (rule, node) float
        The fine rule, two coarser and two narrower ones that tell its error, see :meth:`mean`.
    activity : (node,) float
        Multiplier of weekly activity.
    conversions : (node, stage) float
    size : (node,) float
        Multiplier of deal sizes.
    """

    weights: Floats
    activity: Floats
    conversions: Floats
    size: Floats

    def mean(self, by_node: Floats) -> tuple[Floats, Floats]:
        """Return the mean over reps of (node, ...) and the error of the quadrature."""
        return converged(np.einsum("rn,n...->r...", self.weights, by_node))


def converged(rules: Floats) -> tuple[Floats, Floats]:
    """Return the finest rule's answer and its error, from the answers of all rules (rule, ...).

    The error is that of the step and that of the radius. The next refinement of either is taken to
    change the answer by at most as small a share of the last change as the last change was of the
    one before: true of smooth and of kinked integrands alike, and of what lies beyond a radius, as
    a normal density falls ever faster, however fast an amount grows with skill.
    """
    fine, coarse, coarser, narrow, narrower = rules
    return fine, _to_come(fine, coarse, coarser) + _to_come(fine, narrow, narrower)


def _to_come(fine: Floats, coarse: Floats, coarser: Floats) -> Floats:
    """Return the sum of the changes to come."""
    last, before = np.abs(fine - coarse), np.abs(coarse - coarser)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(before > 0, last / before, 1.0)
        rest = np.where(share < 0.5, share / (1 - share), 1.0)
    return np.asarray(last * rest)


def is_skilled(plan: Scenario) -> bool:
    """Return whether reps differ."""
    return any(_spreads(plan).values())


def nodes_of(plan: Scenario, effort: int = 0) -> Nodes:
    """Return the quadrature over the plan's skills; one node where reps do not differ.

    Parameters
    ----------
    plan : Scenario
    effort : int
        0 for the usual lattice, 1 for a finer one.

    Raises
    ------
    NotCoveredError
        Where skill has more than three dimensions.
    """
    names = [name for name, cv in _spreads(plan).items() if cv]
    loadings = np.array([plan.loading(name) for name in names])
    roots = _square_root(loadings)
    points, weights = _lattice(roots.shape[1], effort)
    normals = dict(zip(names, roots @ points.T, strict=True))
    ones = np.ones(weights.shape[1])
    conversions = [
        _beta(stage.conversion, stage.rep_cv, normals[stage.name])
        if stage.name in normals
        else stage.conversion * ones
        for stage in plan.stages
    ]
    return Nodes(
        weights,
        _multiplier(plan.activity.rep_cv, normals.get("activity", 0 * ones)),
        np.stack(conversions, axis=1),
        _multiplier(plan.deal_size.rep_cv, normals.get("size", 0 * ones)),
    )


def _spreads(plan: Scenario) -> dict[str, float]:
    """Return the coefficient of variation of each skill."""
    stages = {stage.name: stage.rep_cv if stage.conversion else 0.0 for stage in plan.stages}
    return {"size": plan.deal_size.rep_cv, "activity": plan.activity.rep_cv, **stages}


def _square_root(loadings: Floats) -> Floats:
    """Return R with R R^T the correlation matrix; its columns are the dimensions of skill."""
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1.0)
    columns: list[Floats] = []
    for index in range(loadings.size):  # Cholesky, skipping what others decide
        pivot = correlation[index, index]
        if pivot > 1e-10:
            columns.append(correlation[:, index] / math.sqrt(pivot))
            correlation = correlation - np.outer(columns[-1], columns[-1])
    if len(columns) > max(STEPS):
        raise NotCoveredError(
            f"skill has {len(columns)} dimensions (rep_cv of activity, stages and size); at most "
            f"{max(STEPS)} are integrated"
        )
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0))


def _lattice(dimensions: int, effort: int) -> tuple[Floats, Floats]:
    """Return lattice points in a ball, (node, dimension), and weights, (rule, node)."""
    if not dimensions:
        return np.zeros((1, 0)), np.ones((RULES, 1))
    step = STEPS[dimensions][effort]
    reach = int(RADIUS / step)
    axis = np.arange(-reach, reach + 1)
    places = np.stack(np.meshgrid(*[axis] * dimensions, indexing="ij"), axis=-1)
    places = places.reshape(-1, dimensions)
    squares = (places**2).sum(axis=1) * step**2
    places, squares = places[squares <= RADIUS**2], squares[squares <= RADIUS**2]
    density = np.exp(-squares / 2) / (2 * math.pi) ** (dimensions / 2)
    weights = [
        np.all(places % stride == 0, axis=1) * density * (stride * step) ** dimensions
        for stride in (1, 2, 4)
    ]
    weights += [weights[0] * (squares <= (RADIUS - shells * SHELL) ** 2) for shells in (1, 2)]
    return places * step, np.stack(weights)


def _multiplier(cv: float, z: Floats) -> Floats:
    """Return the lognormal multiplier of mean 1."""
    sigma = math.sqrt(math.log1p(cv * cv))
    return np.asarray(np.exp(sigma * z - sigma**2 / 2))


def _beta(mean: float, cv: float, z: Floats) -> Floats:
    """Return the quantile of a Beta law at a normal's probability, accurate in both tails."""
    total = (1 - mean) / (mean * cv**2) - 1
    a, b = mean * total, (1 - mean) * total
    low = special.betaincinv(a, b, special.ndtr(np.minimum(z, 0)))
    high = 1 - special.betaincinv(b, a, special.ndtr(-np.maximum(z, 0)))
    return np.asarray(np.where(z < 0, low, high))
