"""Means over draws, and smooth functions of them with their standard errors.

Whatever is estimated from samples, a share, a ratio, a difference of two plans on shared luck, is a
smooth function of means of per-draw quantities. Its standard error follows from their covariance
and its gradient (the delta method: Kendall & Stuart, The Advanced Theory of Statistics, vol. 1,
10.6), so that what shares draws, numerator and denominator, plan and variant, is accounted for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, npt.NDArray[np.generic]]

# Multiplications that BLAS does without threads of its own. Those would wait for each other while
# the engine's threads work: a hundred times slower.
SMALL = 1 << 18


class Means:
    """Means of named per-draw quantities and the covariance of these means.

    Quantities come in blocks of draws: arrays (draw, ...) of numbers or events. Memory grows with
    the square of their number, not with the draws.
    """

    def __init__(self) -> None:
        self.draws = 0
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._events = np.empty(0, bool)
        self._centre = np.empty(0)  # the first block's means: products about them keep their digits
        self._sums = np.empty(0)
        self._products = np.empty((0, 0))
        self._known: Floats | None = None
        self._told: list[_Terms] | None = None  # to another, which adds them up in draw order

    @property
    def begun(self) -> bool:
        """Whether there was a first block, here or where this was made :meth:`fresh`."""
        return bool(self._shapes)

    def add(self, columns: Columns) -> None:
        """Take in a block of draws; every block holds the same quantities."""
        flat = [np.reshape(values, (len(values), -1)) for values in columns.values()]
        block = np.concatenate(flat, axis=1, dtype=np.float64)
        if not self.begun:
            shapes = {name: values.shape[1:] for name, values in columns.items()}
            events = np.concatenate([np.full(f.shape[1], f.dtype == bool) for f in flat])
            self._begin(shapes, events, block.mean(axis=0))
        block -= self._centre
        step = max(SMALL // block.shape[1] ** 2, 1)
        products = np.zeros((block.shape[1], block.shape[1]))
        for start in range(0, len(block), step):
            part = block[start : start + step]
            products += part.T @ part
        self._take(len(block), block.sum(axis=0), products)

    def fresh(self) -> Means:
        """Return means for draws that follow, about the same centre, to be merged and not asked."""
        other = Means()
        other._told = []
        if self.begun:
            other._begin(self._shapes, self._events, self._centre)
        return other

    def merge(self, other: Means) -> None:
        """Take in what :meth:`fresh` means took in: the same bytes as if these had."""
        if other.begun and not self.begun:
            self._begin(other._shapes, other._events, other._centre)
        for terms in other._told or ():
            self._take(*terms)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`fresh` means took in, as a store keeps it."""
        shapes = {name: list(shape) for name, shape in self._shapes.items()}
        begun = {"shapes": shapes, "events": self._events.astype(int), "centre": self._centre}
        return begun | {
            "told": [
                {"draws": terms.draws, "sums": terms.sums, "products": terms.products}
                for terms in self._told or ()
            ]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what the :meth:`state` of fresh means was, in place of anything else."""
        shapes = {name: tuple(shape) for name, shape in state["shapes"].items()}
        self._begin(shapes, state["events"].astype(bool), state["centre"])
        self._told = [_Terms(t["draws"], t["sums"], t["products"]) for t in state["told"]]
        self.draws = sum(terms.draws for terms in self._told)

    def _begin(
        self, shapes: Mapping[str, tuple[int, ...]], events: npt.NDArray[np.bool_], centre: Floats
    ) -> None:
        self._shapes, self._events, self._centre = dict(shapes), events, centre
        if self._told is None:
            self._sums, self._products = np.zeros(centre.size), np.zeros((centre.size, centre.size))

    def _take(self, draws: int, sums: Floats, products: Floats) -> None:
        """Take in what a block adds up to."""
        self.draws += draws
        if self._told is not None:
            self._told.append(_Terms(draws, sums, products))
            return
        self._known = None
        self._sums += sums
        self._products += products

    def __getitem__(self, name: str) -> Estimate:
        """Return the mean of a quantity, shape (...)."""
        first = 0
        for known, shape in self._shapes.items():
            size = int(np.prod(shape))
            if known == name:
                places = np.arange(first, first + size).reshape(shape)
                means = self._centre + self._sums / self.draws
                if self._known is None:
                    self._known = self._covariance()
                return Estimate(means[places], np.eye(len(means))[places], self._known)
            first += size
        raise KeyError(name)

    def _covariance(self) -> Floats:
        """Return the covariance of the means.

        Where all or none of the draws had an event, its variance would be 0, as if it were certain;
        that of the mean of Jeffreys' posterior, (successes + 1/2) / (draws + 1), stands instead.
        """
        n = self.draws
        shift = self._sums / n
        covariance = (self._products / n - np.outer(shift, shift)) / max(n - 1, 1)
        means = self._centre + shift
        # about the centre of the first block an event that never varied is 0 only up to rounding
        certain = self._events & ((means < 0.25 / n) | (means > 1 - 0.25 / n))
        posterior = 0.5 / (n + 1)
        where = np.flatnonzero(certain)
        covariance[where, :] = 0.0
        covariance[:, where] = 0.0
        covariance[where, where] = posterior * (1 - posterior) / (n + 1)
        return covariance


class _Terms(NamedTuple):
    """What a block of draws adds to means."""

    draws: int
    sums: Floats
    products: Floats


class MeansByMetric:
    """Means of several metrics, which are known once they are added: what pairs is within one."""

    def __init__(self) -> None:
        self._by_metric: dict[str, Means] = {}
        self._part = False  # of others, to which it is merged

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_metric)

    def __getitem__(self, metric: str) -> Means:
        """Return the means of a metric."""
        return self._by_metric[metric]

    def add(self, metric: str, columns: Columns) -> None:
        """Take in a block of draws."""
        if metric not in self._by_metric:
            self._by_metric[metric] = Means().fresh() if self._part else Means()
        self._by_metric[metric].add(columns)

    def fresh(self) -> MeansByMetric:
        """Return means for draws that follow, to be merged and not asked."""
        other = MeansByMetric()
        other._part = True
        other._by_metric = {metric: means.fresh() for metric, means in self._by_metric.items()}
        return other

    def merge(self, other: MeansByMetric) -> None:
        """Take in what :meth:`fresh` means took in: the same bytes as if these had."""
        for metric, means in other._by_metric.items():
            self._by_metric.setdefault(metric, Means()).merge(means)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`fresh` means took in, as a store keeps it."""
        return {metric: means.state() for metric, means in self._by_metric.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what the :meth:`state` of fresh means was, in place of anything else."""
        self._by_metric = {metric: Means() for metric in state}
        for metric, means in self._by_metric.items():
            means.restore(state[metric])


@dataclass(frozen=True)
class Estimate:
    """Numbers estimated from the same draws; arithmetic carries their errors along.

    Attributes
    ----------
    value : (...) float
    gradient : (..., mean) float
        Derivatives with respect to the means.
    covariance : (mean, mean) float
        Of the means; shared by all that came from one :class:`Means`.
    """

    value: Floats
    gradient: Floats
    covariance: Floats

    @property
    def standard_error(self) -> Floats:
        """Standard error, (...); NaN where the value is."""
        variance = ((self.gradient @ self.covariance) * self.gradient).sum(axis=-1)
        return np.where(np.isnan(self.value), np.nan, np.sqrt(np.maximum(variance, 0.0)))

    @property
    def pair(self) -> tuple[Floats, Floats]:
        """Value and standard error."""
        return self.value, self.standard_error

    def __getitem__(self, index: object) -> Estimate:
        picked = index if isinstance(index, tuple) else (index,)
        if Ellipsis not in picked:
            picked = (*picked, Ellipsis)
        return Estimate(
            np.asarray(self.value[picked]),
            self.gradient[(*picked, slice(None))],
            self.covariance,
        )

    def __add__(self, other: Estimate | Floats | float) -> Estimate:
        if not isinstance(other, Estimate):
            return self._like(self.value + other, self.gradient)
        return self._like(self.value + other.value, self.gradient + other.gradient)

    def __mul__(self, other: Estimate | Floats | float) -> Estimate:
        if not isinstance(other, Estimate):
            return self._like(self.value * other, self.gradient * np.asarray(other)[..., None])
        slopes = self.gradient * other.value[..., None] + other.gradient * self.value[..., None]
        return self._like(self.value * other.value, slopes)

    def __truediv__(self, other: Estimate | Floats | float) -> Estimate:
        with np.errstate(divide="ignore", invalid="ignore"):
            if not isinstance(other, Estimate):
                return self * (1 / np.asarray(other))
            ratio = np.where(other.value != 0, self.value / other.value, np.nan)
            slopes = self.gradient - ratio[..., None] * other.gradient
            return self._like(ratio, slopes / other.value[..., None])

    def __neg__(self) -> Estimate:
        return self * -1.0

    def __sub__(self, other: Estimate | Floats | float) -> Estimate:
        return self + -other

    def __radd__(self, other: Floats | float) -> Estimate:
        return self + other

    def __rmul__(self, other: Floats | float) -> Estimate:
        return self * other

    def __rsub__(self, other: Floats | float) -> Estimate:
        return -self + other

    def sqrt(self) -> Estimate:
        """Return the square root; of a variance of 0 with error 0."""
        root = np.sqrt(np.maximum(self.value, 0.0))
        slope = np.where(root > 0, 0.5 / np.where(root > 0, root, 1.0), 0.0)
        return self._like(root, self.gradient * slope[..., None])

    def mean(self, axis: int) -> Estimate:
        """Return the mean along an axis."""
        place = axis % self.value.ndim
        return self._like(self.value.mean(axis=place), self.gradient.mean(axis=place))

    def _like(self, value: Floats, gradient: Floats) -> Estimate:
        value = np.asarray(value, dtype=np.float64)
        return Estimate(
            value,
            np.broadcast_to(gradient, (*value.shape, gradient.shape[-1])),
            self.covariance,
        )


def stacked(estimates: Sequence[Estimate]) -> Estimate:
    """Return estimates of equal shape as one, along a new first axis."""
    return Estimate(
        np.stack([each.value for each in estimates]),
        np.stack([each.gradient for each in estimates]),
        estimates[0].covariance,
    )
