"""Quantiles of bookings: the distribution function of a mixture of compounds, and its inverse.

Derived in docs/background/exact.md, "Quantiles".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from funnelsim.twin.compound import MOST_WORK, TOO_MANY, Compound
from funnelsim.twin.fourier import FEWEST, NOISE, Complexes, Floats, line, scale_of
from funnelsim.twin.lattice import common_unit
from funnelsim.twin.roots import crossing
from funnelsim.twin.work import Work

POINTS = 2 * FEWEST
SEARCHED = 1e-12  # of the largest argument: how near a quantile is sought
QUESTIONS = 3  # that a search for quantiles may take the work of
BESIDE = 1e-5  # of the largest argument: how wide the slope is taken

Below = Callable[[float], tuple[float, float]]  # x -> P(sum < x) and its error


def quantiles(
    below: Below,
    probabilities: Sequence[float],
    largest: float,
    unit: float,
    error_at: Callable[[float], float],
) -> tuple[Floats, Floats]:
    """Return the quantiles of a law and their errors, currency.

    Parameters
    ----------
    below : callable
        x -> P(sum <= x), P(sum = 0) for 0, and their errors.
    probabilities : sequence of float
    largest : float
        An amount that is not below any of them.
    unit : float
        Common unit of all sums; 0 where they have none.
    error_at : callable
        x -> error of P(sum < x), that of the laws included.
    """
    out, errors = [], []
    for p in probabilities:
        nothing, _ = below(0.0)
        if nothing >= p:
            out.append(0.0)
            errors.append(0.0)
            continue
        x = crossing(
            lambda x, p=p: below(x)[0] - p,  # type: ignore[misc]
            0.0,
            largest * (1 + BESIDE),
            within=SEARCHED * largest,
        )
        beside = BESIDE * largest
        slope = (below(x + beside)[0] - below(max(x - beside, 0.0))[0]) / (2 * beside)
        error = (below(x)[1] + error_at(x)) / slope if slope > 0 else math.inf
        out.append(round(x / unit) * unit if unit else x)
        errors.append(error + 2 * SEARCHED * largest)
    return np.array(out), np.array(errors)


class Mixture:
    """P(sum <= x) of a mixture of compounds, its transform kept for each line of points.

    Parameters
    ----------
    parts : sequence of (Compound, law)
        ``law`` holds the joint probabilities of the part and of n = 0, 1, ... deals.
    work : Work, optional
        What this is taken from.
    """

    def __init__(self, parts: Sequence[tuple[Compound, Floats]], work: Work | None = None) -> None:
        self._parts = parts
        self._work = Work() if work is None else work
        share = QUESTIONS * MOST_WORK / len(parts)  # each keeps what it finds on its lines
        self._works = [Work(share, TOO_MANY) for _ in parts]
        self._waves: dict[int, Complexes] = {}
        self._smooth = all(compound.is_smooth for compound, _ in parts)
        self._nothing = sum(float(law[0]) * compound.no_windfall for compound, law in parts)

    def __call__(self, x: float) -> tuple[float, float]:
        """Return P(sum <= x) and its error."""
        if x <= 0:
            return self._nothing, NOISE
        if not self._smooth:
            values = []
            for (compound, law), work in zip(self._parts, self._works, strict=True):
                before = work.spent
                values.append((compound.below(x, law.size - 1, work=work), law))
                self._work.spend(work.spent - before)
            return (
                sum(float(law @ below) for (below, _), law in values),
                sum(float(law @ error) for (_, error), law in values),
            )
        scale = scale_of(x)
        if scale not in self._waves:
            self._work.spend(POINTS * sum(law.size for _, law in self._parts))
            wave = sum(compound.mixed(scale, POINTS, law) for compound, law in self._parts)
            self._waves[scale] = line(scale, POINTS).weights(1) * (wave - self._nothing)
        wave = np.exp(x * line(scale, POINTS).s)
        fine, coarse = np.einsum("rs,s->r", self._waves[scale], wave).real
        return self._nothing + float(fine), abs(float(fine - coarse)) + NOISE

    @property
    def unit(self) -> float:
        """Common unit of all sums; 0 where they are continuous."""
        units = [compound.unit for compound, _ in self._parts]
        return common_unit(np.array(units)) if all(units) else 0.0
