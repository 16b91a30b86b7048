"""Numbers of an answer by name and label, and lines of text about them."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from funnelsim.registry import NUMERICAL_ERROR, STANDARD_ERROR
from funnelsim.report.numbers import money, percent, plain, points, tight

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

WIDTH = 80
INDENT = "   "  # under the number of a block
MEASURABLE = 3.0  # standard errors, from which on a screen calls a difference one
HOLD = "\N{NO-BREAK SPACE}"
MOST_NAMES = 3  # of what is left out for the same reason


class Number(NamedTuple):
    """An estimate and its standard error; not a number where it is unknown."""

    value: float
    error: float

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def measurable(self) -> bool:
        """Whether it is not 0, beyond what chance explains."""
        return self.known and abs(self.value) > MEASURABLE * self.error

    @property
    def percent(self) -> str:
        """As a percentage."""
        return percent(self.value, self.error)

    @property
    def points(self) -> str:
        """As a difference of percentages."""
        return points(self.value, self.error)

    @property
    def of_100(self) -> str:
        """As a frequency for a narrow column."""
        return tight(100 * self.value, 100 * self.error)

    @property
    def tight(self) -> str:
        """For a narrow column."""
        return tight(self.value, self.error)

    def money(self, currency: str) -> str:
        """As an amount."""
        return money(self.value, currency, self.error)

    def over(self, size: float) -> Number:
        """Return it in units of a size."""
        return type(self)(self.value / size, self.error / size)


class Exact(Number):
    """A number without noise, shown without its numerical error."""

    __slots__ = ()

    @property
    def percent(self) -> str:
        """As a percentage."""
        return percent(self.value)

    @property
    def points(self) -> str:
        """As a difference of percentages."""
        return "-" if not self.known else f"{100 * self.value + 0.0:+.2f} points"

    @property
    def of_100(self) -> str:
        """As a frequency for a narrow column."""
        return "-" if not self.known else f"{100 * self.value + 0.0:.2f}"

    @property
    def tight(self) -> str:
        """For a narrow column."""
        return plain(self.value)

    def money(self, currency: str) -> str:
        """As an amount."""
        return money(self.value, currency)


UNKNOWN = Number(math.nan, math.nan)


class Told:
    """The numbers of an answer, which remembers what was asked for and not there.

    Parameters
    ----------
    result : xarray.Dataset
        Estimates with their errors, by label; what has no standard error is exact.
    """

    def __init__(self, result: xr.Dataset) -> None:
        self.result = result
        self.refused: dict[str, str] = json.loads(result.attrs.get("refused", "{}"))
        self._missed: dict[str, str] = {}  # by name, why
        self._places = {
            str(dim): {label: k for k, label in enumerate(result[dim].values.tolist())}
            for dim in result.dims
        }
        self._arrays = {name: self._array(name) for name in map(str, result.data_vars)}

    def _array(self, name: str) -> tuple[tuple[str, ...], Any, Any, bool]:
        """Return dims, values, errors and whether these are errors of draws."""
        array, drawn = self.result[name], name + STANDARD_ERROR in self.result
        values, other = array.values, name + (STANDARD_ERROR if drawn else NUMERICAL_ERROR)
        errors = values
        if other in self.result:  # xarray's get looks for similar names, which takes long
            errors = self.result[other].values
        elif values.dtype.kind in "iuf":
            errors = np.where(np.isfinite(values), 0.0, np.nan)
        return tuple(map(str, array.dims)), values, errors, drawn

    def get(self, name: str, **labels: object) -> Number:
        """Return the number at the labels of its dims; at the first of a dim that is left out."""
        found = UNKNOWN
        if name in self._arrays:
            dims, value, error, drawn = self._arrays[name]
            index = tuple(self._places[d][labels[d]] if d in labels else 0 for d in dims)
            kind = Number if drawn else Exact
            found = kind(float(value[index]), float(error[index]))
        if math.isnan(found.error):
            missed = name if math.isnan(found.value) else name + STANDARD_ERROR
            for each in (name, missed):
                if each in self.refused:
                    self._missed[missed] = self.refused[each]
        return found

    def labels(self, dim: str) -> list[object]:
        """Return the labels of a dim; none where nothing has it."""
        return list(self._places.get(dim, {}))

    def knows(self, name: str) -> bool:
        """Return whether there is anything of that name; what is missing is noted."""
        if name not in self._arrays and name in self.refused:
            self._missed[name] = self.refused[name]
        return name in self._arrays

    def left_out(self) -> Iterator[str]:
        """Yield one note for each reason why something that was asked for is not there."""
        for reason in dict.fromkeys(self._missed.values()):
            names = [_said(name) for name, why in self._missed.items() if why == reason]
            more = len(names) - MOST_NAMES
            listed = ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
            yield from filled(f"Left out: {listed}. Why: {reason.rstrip('.')}.")


def filled(text: str, indent: str = "") -> list[str]:
    """Return a text as lines of at most 80 columns that break no number, the first not indented."""
    held = re.sub(r" (?=[±%])|(?<=±) | (?=points)", HOLD, text)
    lines = textwrap.wrap(held, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace(HOLD, " ") for line in lines]


def _said(name: str) -> str:
    """Return a name of the registry as words."""
    of = name.removesuffix(STANDARD_ERROR)
    said = of.replace("_", " ")
    return said if of == name else f"error of {said}"


def lucky_words(plan: Scenario) -> str:
    """Return what windfall bookings are in a plan; empty where there are none."""
    from funnelsim.analysis.luck.part import has_whales

    words = []
    if plan.windfall is not None and plan.windfall.per_quarter > 0:
        words.append("windfall")
    if has_whales(plan):
        words.append("whale")
    return " or ".join(words)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many letters: names that begin alike still differ at their end.

    Examples
    --------
    >>> shortened("hire a quarter earlier", 20), shortened("hire later", 20)
    ('hire a quart...rlier', 'hire later')
    """
    if len(text) <= most:
        return text
    end = (most - 3) // 3
    return f"{text[: most - 3 - end]}...{text[len(text) - end :]}"
