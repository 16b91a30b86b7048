"""Quadrature over independent standard normals: a lattice in a ball, and what converges on it.

The trapezoidal rule in normal coordinates converges faster than any power of its step. The same
points hold the rules of twice and of four times the step, and of two smaller balls; how these
converge tells the error of the step and of the ball.
Derived in docs/background/exact.md, "Skill".
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import Floats

RADIUS = 8.6  # beyond it lie 1e-15 of a normal law, but more of its product with an amount
SHELL = 1.0  # by how much the balls differ that tell what lies beyond the radius
RULES = 5
# Steps of the finest lattice by number of dimensions: usual, and where that is not accurate enough.
STEPS = {0: (1.0, 1.0), 1: (0.25, 0.0625), 2: (0.3, 0.15), 3: (0.5, 0.3)}
MOST_DIMENSIONS = max(STEPS)
WITHIN = (0.5, 0.3)  # of skill where the reps of a team have averaged most of it out


def step_of(dimensions: int, effort: int) -> float:
    """Return the step of lattices that have so many dimensions together.

    Parameters
    ----------
    dimensions : int
    effort : int
        0 for the usual lattice, 1 for a finer one.

    Raises
    ------
    NotCoveredError
        Where there are more than three.
    """
    if dimensions > MOST_DIMENSIONS:
        raise NotCoveredError(
            f"skill (rep_cv of activity, stages and size) and uncertainty have {dimensions} "
            f"dimensions; at most {MOST_DIMENSIONS} are integrated"
        )
    return STEPS[dimensions][effort]


def lattice(dimensions: int, step: float) -> tuple[Floats, Floats]:
    """Return lattice points in a ball, (node, dimension), and weights, (rule, node)."""
    if not dimensions:
        return np.zeros((1, 0)), np.ones((RULES, 1))
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


def converged(rules: Floats) -> tuple[Floats, Floats]:
    """Return the finest rule's answer and its error, from the answers of all rules (rule, ...).

    The error is that of the step and that of the radius. The next refinement of either is taken to
    change the answer by at most as small a share of the last change as the last change was of the
    one before: true of smooth and of kinked integrands alike, and of what lies beyond a radius, as
    a normal density falls ever faster, however fast an amount grows with skill.
    """
    fine, coarse, coarser, narrow, narrower = rules
    return fine, _to_come(fine, coarse, coarser) + _to_come(fine, narrow, narrower)


def multiplier(cv: float, z: Floats) -> Floats:
    """Return the lognormal multiplier of mean 1."""
    sigma = math.sqrt(math.log1p(cv * cv))
    return np.asarray(np.exp(sigma * z - sigma**2 / 2))


def beta(mean: Floats, total: float, z: Floats) -> Floats:
    """Return the quantile of a Beta law at a normal's probability, accurate in both tails.

    Parameters
    ----------
    mean : float, or as ``z``
    total : float
        The concentration a + b.
    z : (node,) float
    """
    a, b = mean * total, (1 - mean) * total
    low = special.betaincinv(a, b, special.ndtr(np.minimum(z, 0)))
    high = 1 - special.betaincinv(b, a, special.ndtr(-np.maximum(z, 0)))
    value = np.where(z < 0, low, high)
    return np.asarray(np.where((mean > 0) & (mean < 1), value, mean))


def _to_come(fine: Floats, coarse: Floats, coarser: Floats) -> Floats:
    """Return the sum of the changes to come."""
    last, before = np.abs(fine - coarse), np.abs(coarse - coarser)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(before > 0, last / before, 1.0)
        rest = np.where(share < 0.5, share / (1 - share), 1.0)
    return np.asarray(last * rest)
