"""Numbers of an answer by name and label, and lines of text about them."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.numbers import percent, points, tight

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


UNKNOWN = Number(math.nan, math.nan)


class Told:
    """The numbers of an answer, which remembers what was asked for and not there.

    Parameters
    ----------
    result : xarray.Dataset
        Estimates with their standard errors, by label.
    """

    def __init__(self, result: xr.Dataset) -> None:
        self.result = result
        self.refused: dict[str, str] = json.loads(result.attrs.get("refused", "{}"))
        self._missed: dict[str, str] = {}  # by name, why
        self._places = {
            str(dim): {label: k for k, label in enumerate(result[dim].values.tolist())}
            for dim in result.dims
        }
        self._arrays = {
            name: (tuple(map(str, result[name].dims)), result[name].values, result[error].values)
            for name in map(str, result.data_vars)
            if (error := f"{name}{STANDARD_ERROR}") in result
        }

    def get(self, name: str, **labels: object) -> Number:
        """Return the first segment's number at the labels of its other dims."""
        found = UNKNOWN
        if name in self._arrays:
            dims, value, error = self._arrays[name]
            index = (0, *(self._places[dim][labels[dim]] for dim in dims[1:]))
            found = Number(float(value[index]), float(error[index]))
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
    lines = textwrap.wrap(held, WIDTH, subsequent_indent=indent)
    return [line.replace(HOLD, " ") for line in lines]


def _said(name: str) -> str:
    """Return a name of the registry as words."""
    of = name.removesuffix(STANDARD_ERROR)
    said = of.replace("_", " ")
    return said if of == name else f"error of {said}"


def lucky_words(plan: Scenario) -> str:
    """Return what windfall bookings are in a plan; empty where there are none."""
    whale, windfall = plan.deal_size.whale, plan.windfall
    words = []
    if windfall is not None and windfall.per_quarter > 0:
        words.append("windfall")
    if whale is not None and whale.probability > 0:
        words.append("whale")
    return " or ".join(words)
