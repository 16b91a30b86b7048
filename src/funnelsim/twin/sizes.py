"""Laws of one amount: moments, transform, atoms.

Every law is written as smallest amount plus remainder, so that what is not smooth about it (the
place where a Pareto law begins, the single amount of a fixed law) is known and kept out of the
transform. Derived in docs/background/exact.md, "Sizes".
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy import special

from funnelsim.scenario.model import SizeLaw
from funnelsim.twin.fourier import Complexes, Floats, Transform, line

CHUNK = 1 << 19  # complex numbers held at a time
MOST_KEPT = 1 << 21  # complex numbers kept of a law, at various points
NODE_WORK = 50.0  # complex multiplications that a node of a transform's integral takes
CACHED = 1 << 15  # complex numbers that stay in a processor's cache


@dataclass(frozen=True)
class Amount:
    """The law of one amount X = smallest + remainder.

    Attributes
    ----------
    mean, second : float
        E X and E X^2 (infinite where it does not exist).
    smallest : float
        Where the law begins with a jump; 0 for laws that begin smoothly.
    transform : callable
        s -> E exp(-s (X - smallest)) for Re s > 0.
    atoms : (values, probabilities) or None
        The amounts of an empirical law.
    certain : bool
        Whether the remainder is zero.
    work : float
        Complex multiplications that the transform takes at one point.
    """

    mean: float
    second: float
    smallest: float
    transform: Transform
    atoms: tuple[Floats, Floats] | None = None
    certain: bool = False
    work: float = NODE_WORK
    _on_lines: dict[tuple[int, int, float], Complexes] = field(
        default_factory=dict, compare=False, repr=False
    )
    _at_points: dict[tuple[Hashable, float], Complexes] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def is_discrete(self) -> bool:
        """Whether the law has a mass at each of its amounts, and no density."""
        return self.certain or self.atoms is not None

    @property
    def masses(self) -> tuple[Floats, Floats]:
        """Values and probabilities of a discrete law."""
        if self.atoms is not None:
            return self.atoms
        return np.array([self.smallest]), np.ones(1)

    def on_line(self, scale: int, points: int, factor: float = 1.0) -> Complexes:
        """Return the transform of ``factor`` times the remainder on a line; kept."""
        key = scale, points, factor
        if key not in self._on_lines:
            self._on_lines[key] = self.transform(line(scale, points).s * factor)
        return self._on_lines[key]

    def at(self, key: Hashable, s: Complexes, factor: float) -> Complexes:
        """Return E exp(-s factor X) at points known by a key; kept for a few of them."""
        known = key, factor
        if known not in self._at_points:
            if sum(each.size for each in self._at_points.values()) > MOST_KEPT:
                self._at_points.clear()
            self._at_points[known] = self.whole(s * factor)
        return self._at_points[known]

    def whole(self, s: Complexes) -> Complexes:
        """Return E exp(-s X)."""
        start = np.exp(-s * self.smallest) if self.smallest else 1.0
        return np.asarray(start * self.transform(s))

    def scaled(self, factor: float) -> Amount:
        """Return the law of factor * X."""
        if factor == 1.0:
            return self
        atoms = None if self.atoms is None else (self.atoms[0] * factor, self.atoms[1])
        return Amount(
            self.mean * factor,
            self.second * factor**2,
            self.smallest * factor,
            lambda s: self.transform(s * factor),
            atoms,
            self.certain,
            self.work,
        )


@lru_cache(maxsize=32)
def amount_of(law: SizeLaw) -> Amount:
    """Return the law of one amount, shared by all who ask for it."""
    return amount(law)


def amount(law: SizeLaw) -> Amount:
    """Return the law of one amount of the scenario."""
    mean, cv = law.law_mean, law.cv
    if law.amounts is not None:
        return empirical(np.array(law.amounts, dtype=np.float64))
    if law.minimum is not None and law.shape is not None:
        return pareto(law.minimum, law.shape)
    if law.law == "gamma" and cv is not None:
        return gamma(mean, cv)
    if law.law == "lognormal" and cv is not None:
        return lognormal(mean, cv)
    return fixed(mean)


def fixed(value: float) -> Amount:
    """Return the law of a certain amount."""
    return Amount(value, value**2, value, np.ones_like, certain=True)


def gamma(mean: float, cv: float) -> Amount:
    """Return the gamma law."""
    shape, scale = 1 / cv**2, mean * cv**2

    def transform(s: Complexes) -> Complexes:
        return np.asarray(np.exp(-shape * special.log1p(scale * s)))

    return Amount(mean, mean**2 * (1 + cv**2), 0.0, transform)


def lognormal(mean: float, cv: float) -> Amount:
    """Return the lognormal law.

    Its transform is integrated on the horizontal line through the saddle point (Asmussen, Jensen
    and Rojas-Nandayapa 2016, "On the Laplace transform of the lognormal distribution",
    proposition 2.1): there the integrand neither oscillates nor cancels.
    """
    sigma = math.sqrt(math.log1p(cv * cv))
    median = mean / math.sqrt(1 + cv * cv)
    step = 0.2 / max(1.0, 3 * sigma)
    t = np.arange(-8.6, 8.6 + step / 2, step)
    bend = np.expm1(sigma * t) - sigma * t
    weight = np.exp(-t * t / 2) * step / math.sqrt(2 * math.pi)

    def transform(s: Complexes) -> Complexes:
        w = special.lambertw(sigma**2 * median * s) / sigma**2
        out = np.empty(s.size, dtype=np.complex128)
        rows = max(1, CACHED // t.size)
        for start in range(0, s.size, rows):
            part = slice(start, start + rows)
            out[part] = np.einsum("st,t->s", np.exp(-w[part, None] * bend), weight)
        return np.asarray(out * np.exp(-w - (sigma * w) ** 2 / 2))

    return Amount(mean, mean**2 * (1 + cv**2), 0.0, transform, work=NODE_WORK * t.size)


def pareto(minimum: float, shape: float) -> Amount:
    """Return the Pareto law; its remainder is a Lomax law.

    E exp(-z (X/minimum - 1)) = shape / z * integral of exp(-w) (1 + w / z)^(-shape - 1) dw,
    integrated in log w along the ray half way between z and the positive axis.
    """
    step = 0.06

    def transform(s: Complexes) -> Complexes:
        z = s * minimum
        lowest = math.log(np.abs(z).min() / (1 + shape)) - 38.0
        v = np.exp(np.arange(lowest, math.log(60.0), step))
        out = np.empty(z.size, dtype=np.complex128)
        rows = max(1, CACHED // v.size)
        for start in range(0, z.size, rows):
            part = z[start : start + rows]
            ray = np.exp(0.5j * np.angle(part))[:, None]
            w = ray * v
            ratio = w / part[:, None]
            out[start : start + rows] = (
                shape * step * np.sum(ratio * np.exp(-w - (shape + 1) * np.log1p(ratio)), axis=1)
            )
        return out

    mean = minimum * shape / (shape - 1)
    second = minimum**2 * shape / (shape - 2) if shape > 2 else math.inf
    return Amount(mean, second, minimum, transform, work=NODE_WORK * 50 / step)


def empirical(amounts: Floats) -> Amount:
    """Return the law that takes each of the observed amounts with equal probability."""
    values, counts = np.unique(amounts, return_counts=True)
    shares = counts / counts.sum()

    def transform(s: Complexes) -> Complexes:
        out = np.empty(s.size, dtype=np.complex128)
        rows = max(1, CACHED // values.size)
        for start in range(0, s.size, rows):
            part = slice(start, start + rows)
            out[part] = np.einsum("sv,v->s", np.exp(-s[part, None] * values), shares)
        return out

    return Amount(
        float(values @ shares),
        float(values**2 @ shares),
        0.0,
        transform,
        atoms=(values, shares),
        work=NODE_WORK * values.size,
    )
