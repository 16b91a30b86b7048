"""The sum of n deals and of a period's windfalls: P(sum < x) and E max(x - sum, 0) for every n.

How many deals there are is somebody else's question (counts.py); here is answered, once for all of
them, what n deals are worth. Derived in docs/background/exact.md, "n deals and the windfalls".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from funnelsim.errors import NotCoveredError
from funnelsim.twin.fourier import (
    FEWEST,
    MOST,
    NOISE,
    Complexes,
    Floats,
    line,
    scale_of,
    scales_of,
)
from funnelsim.twin.lattice import Lattice, common_unit
from funnelsim.twin.sizes import CHUNK, Amount
from funnelsim.twin.work import Work

Integers = NDArray[np.int64]
NEGLIGIBLE = 1e-17  # probability of a combination that is left out
ACCURATE = 1e-11  # error at which a line has points enough
MOST_TERMS = 200_000  # combinations of ordinary deals, whales and windfalls
MOST_WORK = 3e9  # complex multiplications of one question
TERM_WORK = 60  # of them that a term takes at a point of a line
LATTICE_WORK = 4  # and one number of deals at a point of a circle
SHARED = 8  # questions of a period that share the transforms on a line
LATTICE_OVERHEAD = 20  # numbers of deals that take as much as the circle itself
OVERHEAD = 100  # terms that cost as much as the transforms on a line
THETAS = -6, 12, 217  # of Chernoff's bounds, decades over the mean deal, and how many
TINY = 1e-300  # keeps logarithms of vanished transforms finite


@dataclass(frozen=True)
class Compound:
    """Sums of deals, some of them whales, and of Poisson windfalls.

    Attributes
    ----------
    deal : Amount
        An ordinary deal.
    whale_probability, whale_multiple : float
    windfall : Amount or None
    windfalls : float
        Mean number of windfalls in the period.
    """

    deal: Amount
    whale_probability: float = 0.0
    whale_multiple: float = 1.0
    windfall: Amount | None = None
    windfalls: float = 0.0

    def below(
        self, x: float, most: int, order: int = 1, work: Work | None = None
    ) -> tuple[Floats, Floats]:
        """Return P(sum of n deals and the windfalls < x) for n = 0 .. most, and its error.

        With ``order`` 2 E max(x - sum, 0), in the currency.

        Raises
        ------
        NotCoveredError
            Where empirical amounts have no usable common unit, or it would take more than the
            ``work``: too many deals, whales and windfalls can stay below x.
        """
        unit = 1.0 if order == 1 else x
        work = Work(MOST_WORK, TOO_MANY) if work is None else work
        if self.is_discrete:
            values = self._on_lattice(x, most, order, work)
            errors = np.full(most + 1, NOISE)
        else:
            terms = self._terms(x, most)
            discrete, share, done = self._discrete_part(terms, x, most, order, work)
            waves = int(np.count_nonzero(~done))
            points, cost = FEWEST, TERM_WORK * waves
            overhead = self._work_of_a_point / SHARED if waves else 0.0
            while True:
                work.spend(overhead * points, (scale_of(x), points))
                work.spend(cost * points)
                values, errors = self._invert(terms, share, done, points, order)
                points *= 2
                accurate = errors.max(initial=0.0) <= ACCURATE * unit
                if accurate or points > MOST or (cost + overhead) * points > work.left:
                    break
            values = _by_deals(terms, discrete + values, most)
            errors = _by_deals(terms, errors, most) / unit
        return np.clip(values, 0.0, unit), (errors + NOISE) * unit

    @property
    def is_discrete(self) -> bool:
        """Whether every sum is a multiple of a common unit and some amounts are empirical."""
        laws = [self.deal] if self.windfall is None else [self.deal, self.windfall]
        return all(law.certain or law.atoms is not None for law in laws) and any(
            law.atoms is not None for law in laws
        )

    @property
    def is_smooth(self) -> bool:
        """Whether the sum has a density, apart from the case that there is no deal at all."""
        laws = [self.deal] if self.windfall is None else [self.deal, self.windfall]
        return all(law.smallest == 0 and law.atoms is None for law in laws)

    @property
    def no_windfall(self) -> float:
        """P(no windfall)."""
        return math.exp(-self.windfalls) if self.windfall else 1.0

    @property
    def unit(self) -> float:
        """Common unit of all sums; 0 where they have none."""
        laws = [self.deal] if self.windfall is None else [self.deal, self.windfall]
        if not all(law.certain or law.atoms is not None for law in laws):
            return 0.0
        amounts = np.concatenate([law.masses[0] for law in laws])
        whales = self.deal.masses[0] * self.whale_multiple
        return common_unit(np.concatenate([amounts, whales]))

    @property
    def _work_of_a_point(self) -> float:
        """Complex multiplications that all transforms take at one point of a line."""
        others = self.deal.work * (self.whale_probability > 0)
        others += self.windfall.work if self.windfall else 0.0
        return self.deal.work + others

    def mixed(self, scale: int, points: int, law: Floats) -> Complexes:
        """Return E exp(-s sum) on a line where n deals have probability ``law[n]``; smooth laws."""
        deal, _, _, common = self._factors(scale, points)
        out = np.full(points, law[-1], dtype=np.complex128)
        for probability in law[-2::-1]:
            out *= deal
            out += probability
        return out * common

    def most_deals(self, x: float) -> int:
        """Return a number of deals whose sum is below x with negligible probability.

        By Chernoff's bound P(S_n < x) <= exp(theta x) E[exp(-theta X)]^n for every theta > 0.
        """
        theta, logs = self._decay
        with np.errstate(divide="ignore"):
            numbers = (theta * x - math.log(NEGLIGIBLE)) / logs
        return math.ceil(float(numbers.min())) + 1

    @cached_property
    def _decay(self) -> tuple[Floats, Floats]:
        """Return values of theta, whatever the argument, and -log E exp(-theta X) at each."""
        theta = np.logspace(*THETAS) / self.deal.mean
        transform = self.mixed_transform(theta.astype(np.complex128)).real
        return theta, -np.log(np.maximum(transform, TINY))

    def mixed_transform(self, s: Complexes) -> Complexes:
        """Return E exp(-s X) of a deal X, whale or not."""
        p, multiple = self.whale_probability, self.whale_multiple
        out = (1 - p) * np.exp(-s * self.deal.smallest) * self.deal.transform(s)
        if p:
            t = s * multiple
            out += p * np.exp(-t * self.deal.smallest) * self.deal.transform(t)
        return np.asarray(out)

    # --- amounts with a common unit ---------------------------------------------------------------

    def _on_lattice(self, x: float, most: int, order: int, work: Work) -> Floats:
        p, multiple = self.whale_probability, self.whale_multiple
        values, shares = self.deal.masses
        if p:
            values = np.concatenate([values, values * multiple])
            shares = np.concatenate([shares * (1 - p), shares * p])
        others = (np.zeros(0), np.zeros(0)) if self.windfall is None else self.windfall.masses
        lattice = Lattice(common_unit(np.concatenate([values, others[0]])), x)
        work.spend(LATTICE_WORK * lattice.size * (most + LATTICE_OVERHEAD))
        sums = lattice.unit * np.arange(lattice.length)
        gain = np.where(sums < x, (x - sums) ** (order - 1), 0.0)
        step = lattice.transform(values, shares)
        law = np.ones_like(step)
        if self.windfall is not None:
            law = np.exp(self.windfalls * (lattice.transform(*others) - 1))
        law = law * lattice.weights(gain)
        out = np.empty(most + 1)
        for n in range(most + 1):
            out[n] = law.real.sum()
            law *= step
        return out

    # --- continuous amounts -----------------------------------------------------------------------

    def _terms(self, x: float, most: int) -> _Terms:
        """List every number of deals, whales and windfalls that leaves something below x."""
        p, multiple, start = self.whale_probability, self.whale_multiple, self.deal.smallest
        split = start > 0 and p > 0  # whales begin elsewhere than ordinary deals
        windfall_start = 0.0 if self.windfall is None else self.windfall.smallest
        deals = np.arange(most + 1)
        whales = windfalls = np.zeros(1, dtype=np.int64)
        if split:
            whales = np.arange(min(most, int(x / (multiple * start))) + 1)
        if windfall_start > 0:
            usual = self.windfalls + 10 * math.sqrt(self.windfalls) + 20
            windfalls = np.arange(int(min(usual, x / windfall_start)) + 1)
        if deals.size * whales.size * windfalls.size > 25 * MOST_TERMS:
            raise NotCoveredError(TOO_MANY)
        n, j, k = (part.ravel() for part in np.meshgrid(deals, whales, windfalls, indexing="ij"))
        left = x - (n + j * (multiple - 1)) * start - k * windfall_start
        log_weight = np.zeros(n.size)
        if split:
            choose = special.gammaln(n + 1) - special.gammaln(j + 1)
            choose -= special.gammaln(np.maximum(n - j, 0) + 1)
            log_weight += choose + special.xlogy(j, p) + special.xlog1py(n - j, -p)
        if windfall_start > 0:
            log_weight += special.xlogy(k, self.windfalls) - self.windfalls
            log_weight -= special.gammaln(k + 1)
        kept = (left > 0) & (j <= n) & (log_weight > math.log(NEGLIGIBLE))
        if kept.sum() > MOST_TERMS:
            raise NotCoveredError(TOO_MANY)
        return _Terms(n[kept], j[kept], k[kept], left[kept], np.exp(log_weight[kept]))

    def _discrete_part(
        self, terms: _Terms, x: float, most: int, order: int, work: Work
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return what jumps contribute to each term, their share of it, and where that is all."""
        discrete_deals = (terms.deals == 0) | self.deal.certain | (self.deal.atoms is not None)
        merged = self.windfall is not None and self.windfall.smallest == 0
        share = discrete_deals * (math.exp(-self.windfalls) if merged else 1.0)
        if self.windfall is not None and not merged and not self.windfall.certain:
            share = share * (terms.windfalls == 0)
        done = (share > 0) & (not merged)
        sums = terms.left ** (order - 1)
        if self.deal.atoms is not None:
            alone = Compound(self.deal, self.whale_probability, self.whale_multiple)
            sums = alone.below(x, most, order, work)[0][terms.deals]
        if self.windfall is not None and self.windfall.atoms is not None:
            alone = Compound(self.windfall, windfall=self.windfall, windfalls=self.windfalls)
            sums = np.full(share.size, alone.below(x, 0, order, work)[0][0])
            share = np.where(terms.deals == 0, 1.0, 0.0)
            done = terms.deals == 0
        return share * sums, share, done

    def _invert(
        self, terms: _Terms, share: Floats, done: NDArray[np.bool_], points: int, order: int
    ) -> tuple[Floats, Floats]:
        """Invert each term's transform less its jumps, at what the smallest amounts leave of x."""
        values, errors = np.zeros(terms.left.size), np.zeros(terms.left.size)
        if done.all():
            return values, errors
        scales = scales_of(terms.left)
        for scale in np.unique(scales[~done]).tolist():
            members, on = np.flatnonzero((scales == scale) & ~done), line(scale, points)
            deal, whale, fall, common = self._factors(scale, points)
            weights = on.weights(order)
            for part in np.array_split(members, 1 + members.size * points // CHUNK):
                left, places = np.unique(terms.left[part], return_inverse=True)
                wave = np.exp(np.multiply.outer(left, on.s))[places]
                wave *= _powers(deal, terms.deals[part] - terms.whales[part])
                wave *= _powers(whale, terms.whales[part])
                wave *= _powers(fall, terms.windfalls[part])
                wave *= common - share[part, None]
                fine, coarse = np.einsum("ts,rs->rt", wave, weights).real
                values[part] = fine
                errors[part] = np.abs(fine - coarse)
        return values, errors

    def _factors(
        self, scale: int, points: int
    ) -> tuple[Complexes, Complexes, Complexes, Complexes]:
        """Return transforms on a line: remainders of deal, whale and windfall; what is common."""
        deal = self.deal.on_line(scale, points)
        whale, p = deal, self.whale_probability
        common = fall = np.ones_like(deal)
        if p:
            whale = self.deal.on_line(scale, points, self.whale_multiple)
        if self.deal.smallest == 0:
            deal = whale = (1 - p) * deal + p * whale
        if self.windfall is not None and self.windfall.smallest > 0:
            fall = self.windfall.on_line(scale, points)
        elif self.windfall is not None:
            common = np.exp(self.windfalls * (self.windfall.on_line(scale, points) - 1))
        return deal, whale, fall, common


TOO_MANY = (
    "so many deals, whales and windfalls, of so many kinds of reps, can stay below the quota that "
    "it would take minutes"
)


@dataclass(frozen=True)
class _Terms:
    """Numbers of deals, whales among them and windfalls; what their smallest amounts leave."""

    deals: Integers
    whales: Integers
    windfalls: Integers
    left: Floats
    weight: Floats


def _by_deals(terms: _Terms, values: Floats, most: int) -> Floats:
    """Return the weighted sum of values over the terms of each number of deals."""
    summed = np.bincount(terms.deals, terms.weight * values, most + 1)
    return np.asarray(summed, dtype=np.float64)


def _powers(factor: Complexes, exponents: Integers) -> Complexes:
    """Return factor ** exponent for each exponent, (exponent, point)."""
    unique, places = np.unique(exponents, return_inverse=True)
    table = np.empty((unique.size, factor.size), dtype=np.complex128)
    for row, exponent in enumerate(unique.tolist()):
        near = row and exponent - unique[row - 1] == 1
        table[row] = table[row - 1] * factor if near else factor**exponent
    return table[places] if unique.size > 1 else table
