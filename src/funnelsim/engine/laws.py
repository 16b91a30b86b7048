"""Quantile laws by number, and the numbers that they look up."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels, tables
from funnelsim.scenario.model import SizeLaw, Stage

Floats = npt.NDArray[np.float64]


class LawBook:
    """Collects quantile laws and the numbers they look up; equal laws share a table."""

    def __init__(self) -> None:
        self._laws: list[tuple[int, float, float, int, int]] = []
        self._data: list[Floats] = []
        self._known: dict[tuple[object, ...], tuple[int, int]] = {}

    def branch(self) -> LawBook:
        """Return a book that goes on from the laws of this one, over the same numbers."""
        other = LawBook()
        other._laws, other._data, other._known = list(self._laws), self._data, self._known
        return other

    def conversion(self, stage: Stage) -> int:
        """Return the law of a rep's own conversion, -1 where all reps have the same."""
        mean, cv = stage.conversion, stage.rep_cv
        if not cv or not mean:
            return -1
        return self.tabled("beta", mean, cv)

    def delay(self, stage: Stage) -> int:
        """Return the law of a stage's delay over its mean."""
        delay = stage.delay
        if delay.days is not None:
            return self._empirical(delay.days, 1 / (math.fsum(delay.days) / len(delay.days)))
        return self._spread(delay.law, stage.days_cv, 1.0)

    def size(self, size: SizeLaw) -> int:
        """Return a law of deal sizes."""
        if size.amounts is not None:
            return self._empirical(size.amounts, 1.0)
        if size.minimum is not None and size.shape is not None:
            return self._add(kernels.PARETO, size.minimum, power=-1 / size.shape)
        return self._spread(size.law, size.cv or 0.0, size.law_mean)

    def tabled(self, family: str, *parameters: float, scale: float = 1.0) -> int:
        """Return a tabulated law, looked up where the table stands already."""
        first, bits = self.table(family, *parameters)
        return self._add(kernels.TABLE, scale, first=first, size=bits)

    def table(self, family: str, *parameters: float) -> tuple[int, int]:
        """Return where a law's table stands, and the binary digits of its segments."""
        law = (family, *parameters)
        if law not in self._known:
            coefficients, bits = tables.table_of(family, *parameters)
            self._known[law] = self.place(coefficients.ravel()), bits
        return self._known[law]

    def place(self, numbers: Floats) -> int:
        """Append numbers to the data and return where they begin."""
        first = sum(each.size for each in self._data)
        self._data.append(numbers)
        return first

    def data(self) -> Floats:
        """Return all numbers that laws look up, in one array."""
        return np.concatenate([*self._data, np.zeros(1)])

    def write(self, plan: np.void) -> None:
        """Write the laws into a record."""
        names = ("law_kind", "law_scale", "law_power", "law_first", "law_size")
        for number, law in enumerate(self._laws):
            for name, value in zip(names, law, strict=True):
                plan[name][number] = value

    def _spread(self, law: str, cv: float, mean: float) -> int:
        if law == "fixed" or not cv:
            return self._add(kernels.CONSTANT, mean)
        return self.tabled("gamma" if law == "gamma" else "lognormal", cv, scale=mean)

    def _empirical(self, values: tuple[float, ...], scale: float) -> int:
        first = self.place(np.sort(np.array(values, dtype=np.float64)))
        return self._add(kernels.EMPIRICAL, scale, first=first, size=len(values))

    def _add(
        self, kind: int, scale: float, power: float = 0.0, first: int = 0, size: int = 0
    ) -> int:
        self._laws.append((kind, scale, power, first, size))
        return len(self._laws) - 1


def sigma_of(cv: float) -> float:
    """Return the sigma of a lognormal with this coefficient of variation."""
    return math.sqrt(math.log1p(cv * cv))
