"""Quarters of a horizon, or its years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.tally import QUARTERS_PER_YEAR
from funnelsim.errors import ArgumentError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Periods:
    """The periods that are answered.

    Attributes
    ----------
    quarters : int
        Of the horizon.
    by : "quarter" or "year"
        A year is four quarters; those after the last complete year are left out.

    Raises
    ------
    ArgumentError
        Where ``by`` is neither, or the horizon has no complete year.
    """

    quarters: int
    by: str

    def __post_init__(self) -> None:
        if self.by not in ("quarter", "year"):
            raise ArgumentError(f"by = {self.by!r}: must be 'quarter' or 'year'.")
        if not self.number:
            raise ArgumentError(
                f"by = 'year': a horizon of {self.quarters} quarters has no complete year. "
                f"Set calendar.quarters to {QUARTERS_PER_YEAR} or more."
            )

    @property
    def length(self) -> int:
        """Quarters of a period."""
        return 1 if self.by == "quarter" else QUARTERS_PER_YEAR

    @property
    def number(self) -> int:
        """Periods of the horizon."""
        return self.quarters // self.length

    def sums(self, values: npt.ArrayLike, axis: int = -1) -> Floats:
        """Return the sums over the quarters of each period, in place of quarters along an axis.

        Examples
        --------
        >>> Periods(5, "year").sums([1, 2, 3, 4, 5]).tolist()
        [10.0]
        """
        return self._reduced(np.add, values, axis)

    def most(self, values: npt.ArrayLike, axis: int = -1) -> Floats:
        """Return the largest value of each period, in place of quarters along an axis."""
        return self._reduced(np.maximum, values, axis)

    def _reduced(self, how: np.ufunc, values: npt.ArrayLike, axis: int) -> Floats:
        values = np.asarray(values, dtype=np.float64)
        if self.length == 1:
            return values
        whole = np.moveaxis(values, axis, -1)[..., : self.number * self.length]
        cut = whole.reshape(*whole.shape[:-1], self.number, self.length)
        return np.asarray(np.moveaxis(how.reduce(cut, axis=-1), -1, axis))
