"""Sums of amounts: the twin against closed forms, Panjer's recursion, enumeration and `aggregate`.

Every comparison also asks that the reported error is honest: at least the true one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special, stats

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import SizeLaw
from funnelsim.twin.bookings import bookings_of
from funnelsim.twin.compound import Compound
from funnelsim.twin.fourier import line, scale_of
from funnelsim.twin.lattice import common_unit
from funnelsim.twin.quantiles import Mixture, quantiles
from funnelsim.twin.roots import crossing
from funnelsim.twin.sizes import amount, empirical, fixed, gamma, lognormal, pareto
from twin_plans import sales_math

LAWS = [
    *[(lognormal(84e3, cv), stats.lognorm(s, scale=84e3 * math.exp(-s * s / 2)))
      for cv in (0.05, 0.5, 2.0, 10.0) for s in [math.sqrt(math.log1p(cv * cv))]],
    *[(gamma(84e3, cv), stats.gamma(1 / cv**2, scale=84e3 * cv**2)) for cv in (0.05, 1.0, 10.0)],
    *[(pareto(30e3, shape), stats.pareto(shape, scale=30e3)) for shape in (1.05, 2.5, 30.0, 100.0)],
]  # fmt: skip


def honest(value: float, error: float, truth: float) -> bool:
    return abs(value - truth) <= error <= 1e-9


@pytest.mark.parametrize(("law", "truth"), LAWS)
@pytest.mark.parametrize("x", [1e3, 31e3, 84e3, 250e3, 5e6])
def test_one_deal_follows_its_law(law, truth, x: float) -> None:
    (_, below), (_, error) = Compound(law).below(x, 1)
    assert honest(below, error, truth.cdf(x))


@pytest.mark.parametrize(("law", "truth"), LAWS)
def test_transforms_are_integrals(law, truth) -> None:
    s = np.array([2e-6 + 0j])
    direct, _ = integrate.quad(
        lambda u: math.exp(-s[0].real * (truth.ppf(u) - law.smallest)), 0, 1, limit=200
    )
    assert law.transform(s)[0] == pytest.approx(direct, abs=1e-7)


@pytest.mark.parametrize("shape", [0.05, 0.7, 4.0])
@pytest.mark.parametrize("n", [2, 5, 40])
def test_gamma_sums_are_gamma(shape: float, n: int) -> None:
    law = gamma(50e3, shape**-0.5)
    for x in (1e4, 2.5e5, 3e6):
        below, error = (part[n] for part in Compound(law).below(x, n))
        assert honest(below, error, special.gammainc(n * shape, x * shape / 50e3))
        left, error = (part[n] for part in Compound(law).below(x, n, order=2))
        partial = n * 50e3 * special.gammainc(n * shape + 1, x * shape / 50e3)
        truth = x * special.gammainc(n * shape, x * shape / 50e3) - partial
        assert abs(left - truth) <= error <= 1e-9 * x


@pytest.mark.parametrize("minimum", [50e3, 62_500.0, 83e3, 124_999.0, 125e3, 249_999.0])
def test_two_pareto_deals_by_quadrature(minimum: float) -> None:
    """Also where the quota is a multiple of the smallest deal, or just beyond one."""
    truth = stats.pareto(1.8, scale=minimum)
    x = 250e3
    expected = 0.0
    if x > 2 * minimum:
        expected, _ = integrate.quad(
            lambda y: truth.pdf(y) * truth.cdf(x - y), minimum, x - minimum, epsabs=1e-13
        )
    below, error = (part[2] for part in Compound(pareto(minimum, 1.8)).below(x, 2))
    assert abs(below - expected) <= error + 1e-12 <= 1e-9


def test_lognormal_deals_by_quadrature() -> None:
    sigma = math.sqrt(math.log1p(0.25))
    truth = stats.lognorm(sigma, scale=84e3 * math.exp(-sigma * sigma / 2))
    two, _ = integrate.quad(lambda y: truth.pdf(y) * truth.cdf(250e3 - y), 0, 250e3, epsabs=1e-13)
    below, error = (part[2] for part in Compound(lognormal(84e3, 0.5)).below(250e3, 2))
    assert honest(below, error + 1e-12, two)


def test_compound_poisson_gamma_by_its_series() -> None:
    """Windfalls alone: sum of Poisson weights times gamma distribution functions."""
    compound = Compound(fixed(1.0), windfall=gamma(60e3, 0.8), windfalls=2.3)
    k = np.arange(1, 80)
    weights = stats.poisson.pmf(k, 2.3)
    for x in (5e3, 2.5e5, 1e6):
        truth = math.exp(-2.3) + weights @ special.gammainc(k / 0.64, x / (60e3 * 0.64))
        below, error = (part[0] for part in compound.below(x, 0))
        assert honest(below, error, truth)


def test_fixed_deals_and_continuous_windfalls() -> None:
    """Given the number of deals and of whales, what is left has to come from windfalls."""
    compound = Compound(fixed(84e3), 0.1, 3.0, gamma(200e3, 1.0), 0.2)
    k = np.arange(1, 40)
    weights = stats.poisson.pmf(k, 0.2)

    def windfalls_below(t: float) -> float:
        return 0.0 if t <= 0 else math.exp(-0.2) + weights @ special.gammainc(k, t / 200e3)

    below, errors = compound.below(250e3, 4)
    for n in range(5):
        truth = sum(
            stats.binom.pmf(j, n, 0.1) * windfalls_below(250e3 - 84e3 * (n + 2 * j))
            for j in range(n + 1)
        )
        assert honest(below[n], errors[n], truth)


def test_empirical_deals_by_enumeration() -> None:
    amounts = (30_000.0, 45_000.0, 45_000.0, 120_000.0)
    compound = Compound(empirical(np.array(amounts)), 0.25, 4.0)
    sizes = [(a * m, p / 4) for a in amounts for m, p in ((1.0, 0.75), (4.0, 0.25))]
    for n, x in itertools.product((0, 1, 3), (150_000.0, 250_000.0)):
        truth = left = 0.0
        for deals in itertools.product(sizes, repeat=n):
            total, weight = sum(s for s, _ in deals), math.prod(p for _, p in deals)
            truth += weight * (total < x)
            left += weight * max(x - total, 0.0)
        values, errors = compound.below(x, n)
        assert honest(values[n], errors[n], truth)
        values, errors = compound.below(x, n, order=2)
        assert abs(values[n] - left) <= errors[n]


def test_discrete_windfalls_by_panjers_recursion() -> None:
    """Panjer 1981 for Poisson: g_s = rate / s * sum over j of j f_j g_(s - j)."""
    amounts, rate = np.array([1.0, 2.0, 2.0, 5.0]), 1.7
    f = np.bincount(amounts.astype(int), minlength=6) / 4
    g = [math.exp(-rate)]
    for s in range(1, 25):
        g.append(rate / s * sum(j * f[j] * g[s - j] for j in range(1, min(s, 5) + 1)))
    compound = Compound(fixed(10.0), windfall=empirical(amounts), windfalls=rate)
    below, errors = compound.below(24.5, 2)
    for n in range(3):
        assert honest(below[n], errors[n], sum(g[: 25 - 10 * n]))


def test_empirical_deals_and_lognormal_windfalls() -> None:
    """Conditional on the deals, windfalls fill the rest."""
    windfalls = Compound(fixed(1.0), windfall=lognormal(250e3, 1.0), windfalls=0.3)
    deals = (60e3, 100e3)
    both = Compound(empirical(np.array(deals)), windfall=lognormal(250e3, 1.0), windfalls=0.3)
    below, errors = both.below(250e3, 2)
    truth = np.mean(
        [windfalls.below(250e3 - a - b, 0)[0][0] for a, b in itertools.product(deals, repeat=2)]
    )
    assert honest(below[2], errors[2], float(truth))


def test_against_aggregate() -> None:
    """Poisson lognormal as computed by the PyPI package `aggregate` on a lattice."""
    aggregate = pytest.importorskip("aggregate")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        law = aggregate.build("agg T 3 claims sev lognorm 84 cv 0.5 poisson", log2=16, bs=1 / 64)
    compound = Compound(lognormal(84.0, 0.5))
    weights = stats.poisson.pmf(np.arange(41), 3.0)
    for x in (100.0, 250.0, 400.0):
        below, errors = compound.below(x, 40)
        assert weights @ below == pytest.approx(float(law.cdf(x)), abs=2e-4)
        assert weights @ errors < 1e-9


def test_chernoff_bounds_the_number_of_deals() -> None:
    for law, _ in LAWS:
        most = Compound(law).most_deals(250e3)
        assert Compound(law).below(250e3, most)[0][most] <= 1e-12


def test_quantiles_invert_the_distribution() -> None:
    law = stats.poisson.pmf(np.arange(60), 3.0)
    parts = [(Compound(gamma(84e3, 0.5)), law)]
    found, errors = quantiles(
        Mixture(parts), (0.02, 0.1, 0.5, 0.9), 800e3, Mixture(parts).unit, lambda x: 0.0
    )
    n = np.arange(1, 60)
    assert found[0] == 0.0  # no deal at all is likelier than that
    for p, x, error in zip((0.1, 0.5, 0.9), found[1:], errors[1:], strict=True):
        truth = law[0] + law[1:] @ special.gammainc(4 * n, 4 * x / 84e3)
        assert truth == pytest.approx(p, abs=1e-10)
        assert error < 1e-6 * x


def test_quantiles_of_equal_deals_are_whole_deals() -> None:
    law = stats.poisson.pmf(np.arange(60), 3.0)
    mixture = Mixture([(Compound(fixed(84e3)), law)])
    found, _ = quantiles(mixture, (0.1, 0.5, 0.9), 800e3, mixture.unit, lambda x: 0.0)
    assert found.tolist() == [84e3 * stats.poisson.ppf(p, 3.0) for p in (0.1, 0.5, 0.9)]


@pytest.mark.parametrize(
    ("law", "mean", "second"),
    [
        ({"law": "fixed", "mean": 9.0}, 9.0, 81.0),
        ({"law": "lognormal", "mean": 9.0, "cv": 2.0}, 9.0, 81.0 * 5),
        ({"law": "gamma", "mean": 9.0, "cv": 2.0}, 9.0, 81.0 * 5),
        ({"law": "pareto", "minimum": 4.0, "shape": 3.0}, 6.0, 48.0),
        ({"law": "pareto", "minimum": 4.0, "shape": 2.0}, 8.0, math.inf),
        ({"law": "empirical", "amounts": [1.0, 2.0, 6.0]}, 3.0, 41 / 3),
    ],
)
def test_laws_state_their_moments(law: dict, mean: float, second: float) -> None:
    assert amount(SizeLaw(**law)).mean == pytest.approx(mean)
    assert amount(SizeLaw(**law)).second == pytest.approx(second)


def test_a_common_unit_is_found_or_refused() -> None:
    assert common_unit(np.array([12_000.0, 18_000.0])) == 6_000
    assert common_unit(np.array([10.25, 3.5])) == 0.25
    with pytest.raises(NotCoveredError, match="common unit"):
        common_unit(np.array([1.0, math.pi]))
    with pytest.raises(NotCoveredError, match="too fine"):
        Compound(empirical(np.array([1e6 + 0.01, 3e6]))).below(1e7, 3)


def test_lines_serve_all_arguments() -> None:
    for x in (1e-3, 1.0, 8.0, 8.0000001, 250e3, 1e12):
        limit = 8.0 ** scale_of(x)
        assert limit / 8 < x * (1 + 1e-9)
        assert x <= limit * (1 + 1e-9)
    assert line(3, 1024) is line(3, 1024)


@pytest.mark.parametrize("at", [1e-9, 0.3, 1.0, 2.5, 9.999])
@pytest.mark.parametrize("shape", [lambda d: d, np.sign, lambda d: d**9, np.arctan, np.expm1])
def test_crossings_are_found_wherever_they_are(at: float, shape: Callable) -> None:
    asked: list[float] = []

    def function(x: float) -> float:
        asked.append(x)
        return float(shape(x - at))

    found = crossing(function, 0.0, 10.0, 1e-9)
    assert abs(found - at) <= 1e-9
    assert len(asked) <= 2 + 1.2 * math.log2(10.0 / 1e-9)  # the ends, and hardly more than halves


@pytest.mark.parametrize(
    ("law", "x", "most"),
    [(lognormal(10.0, 0.5), 250e3, 150_000), (empirical(np.array([1.0, 3.0])), 1e6, 10_000)],
)
def test_what_would_take_minutes_is_refused_beforehand(law, x: float, most: int) -> None:
    with pytest.raises(NotCoveredError, match="minutes"):
        Compound(law).below(x, most)


def test_small_deals_are_counted_further_than_large_ones() -> None:
    """Each kind of rep only as far as its sums can stay below x; beyond, they cannot."""
    sizes = np.array([0.05, 1.0])
    values, errors = bookings_of(sales_math().deal_size, None, sizes).below(250e3, 120, 1)
    for row, error, size in zip(values, errors, sizes, strict=True):
        truth, _ = Compound(lognormal(84e3 * size, 0.5)).below(250e3, 120)
        assert np.all(np.abs(row - truth) <= error + 1e-10)
    with pytest.raises(NotCoveredError, match="minutes"):
        bookings_of(sales_math().deal_size, None, np.geomspace(1e-4, 1e-2, 200)).below(
            250e3, 10_000, 1
        )
