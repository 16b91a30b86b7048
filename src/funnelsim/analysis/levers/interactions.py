"""How levers act together: shares of the variance of an answer over a box of their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Means
from funnelsim.analysis.levers.levers import Range, moved
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]

MOST_POINTS = 1 << 16
NO_VARIANCE = 1e-16  # of probabilities that are exact to 1e-7 or so


def check_points(points: object) -> None:
    """Refuse numbers of points on which a Sobol sequence is not balanced.

    Raises
    ------
    ArgumentError
    """
    if points not in [1 << k for k in range(3, MOST_POINTS.bit_length())]:
        raise ArgumentError(
            f"points = {points!r}: must be a power of 2 between 8 and {MOST_POINTS:,}, such as 64."
        )


@dataclass(frozen=True)
class Box:
    """Where levers are within their ranges: independent, uniform, whole ones on whole numbers.

    A and B are the two halves of the coordinates of a Sobol sequence, not scrambled, and shifted by
    half a cell, so that no coordinate is 0: a fixed design (Saltelli et al. 2008, chapter 4).

    Attributes
    ----------
    ranges : sequence of Range
    values : (2 + lever, point, lever) float
        Of the levers: at A, at B, then at A but one lever after the other as at B.
    """

    ranges: Sequence[Range]
    values: Floats

    def plans(self, plan: Scenario) -> list[Scenario]:
        """Return the plan at all points, one kind after the other.

        Raises
        ------
        ScenarioError
            Where values within the ranges do not go together.
        """
        levers = [each.lever for each in self.ranges]
        rows = self.values.reshape(-1, len(levers)).tolist()
        return [moved(plan, levers, row) for row in rows]

    def shares_of_variance(
        self, answers: Floats, centre: float, swings: Floats
    ) -> dict[str, tuple[Floats, Floats]]:
        """Return the shares of variance of an answer, with standard errors over the points.

        Parameters
        ----------
        answers : (2 + lever, point) float
            To the plans.
        centre : float
            Near their mean: less of it keeps digits, and the errors, small.
        swings : (lever,) float
            About what the answer gains from the low to the high end of each lever. The sum of these
            straight lines has shares in closed form; only what the answer adds to it is left to
            the points. Lines far off cost accuracy, no correctness.

        Returns
        -------
        dict
            ``first_order_index``: mean of f(B) (f(AB) - f(A)) over the variance (Saltelli et al.
            2010, Computer Physics Communications 181, table 2); ``total_index``: mean of
            (f(A) - f(AB))**2 / 2 over it (Jansen 1999), AB being A with the lever of B;
            ``goal_probability_sd``: the root of it. NaN where nothing varies.
        """
        low = np.array([each.low for each in self.ranges])
        wide = np.array([each.high for each in self.ranges]) - low
        moving = np.where(wide > 0, wide, np.inf)
        lines = (self.values - low - wide / 2) @ (swings / moving)
        whole = np.array([each.lever.whole for each in self.ranges])
        known = swings**2 / 12 * np.where(whole, 1 + 2 / moving, 1.0)
        of_answer, of_lines = _products(answers - centre), _products(lines)
        means = Means()
        means.add({name: of_answer[name] - of_lines[name] for name in of_answer})
        mean = means["mean"]
        variance = means["square"] + known.sum() - mean * mean
        if float(variance.value) <= NO_VARIANCE:
            nothing = np.full(low.size, np.nan)
            return {
                "first_order_index": (nothing, nothing),
                "total_index": (nothing, nothing),
                "goal_probability_sd": (np.zeros(()), np.zeros(())),
            }
        return {
            "first_order_index": ((means["first"] + known) / variance).pair,
            "total_index": ((means["total"] + known) / variance).pair,
            "goal_probability_sd": variance.sqrt().pair,
        }


def box(ranges: Sequence[Range], points: int) -> Box:
    """Return the fixed design of a number of points."""
    from scipy.stats import qmc

    count = len(ranges)
    both = qmc.Sobol(2 * count, scramble=False).random(points) + 0.5 / points
    here, there = both[:, :count], both[:, count:]
    uniform = np.stack([here, there, *[here] * count])
    for index in range(count):
        uniform[2 + index, :, index] = there[:, index]
    low = np.array([each.low for each in ranges])
    wide = np.array([each.high for each in ranges]) - low
    whole = np.array([each.lever.whole for each in ranges])
    rounded = low + np.floor(uniform * (wide + 1))
    return Box(ranges, np.where(whole, rounded, low + uniform * wide))


def _products(answers: Floats) -> dict[str, Floats]:
    """Return what is averaged over the points; an answer and its lines have the same mean."""
    here, there = answers[0], answers[1]
    changed = answers[2:].T - here[:, None]
    return {
        "mean": (here + there) / 2,
        "square": (here**2 + there**2) / 2,
        "first": there[:, None] * changed,
        "total": changed**2 / 2,
    }
