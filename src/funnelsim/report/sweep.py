"""A sweep as tables: one row a value, or P(attain) by two paths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

from funnelsim.report.levers import lever_amount, lever_name, made_how
from funnelsim.report.numbers import scale_of
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import WIDTH, Exact, Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

MOST_ROWS = 21
MOST_MATRICES = 3
MADE = "attainment_probability"
LABEL = 16  # letters of a value that is a text


def sweep_text(plan: Scenario, result: xr.Dataset) -> Screen:
    """Return a screen about the cells of a sweep.

    Parameters
    ----------
    plan : Scenario
        What was swept.
    result : xarray.Dataset
        What :func:`funnelsim.sweep` says of it.
    """
    cells = _Cells(plan, result)
    attrs = result.attrs
    size = " x ".join(str(result.sizes[path]) for path in cells.paths)
    noun = "cell" if result["method"].size == 1 else "cells"
    tables = [list(_by_value(cells))] if len(cells.paths) == 1 else list(_matrices(cells))
    return Screen(
        filled(f"{attrs['title']}: {size} {noun}, {made_how(attrs)}"),
        filled(f"{_range_said(cells)}."),
        [*tables, list(cells.notes())],
    )


class _Cells:
    """The numbers of a sweep by the places of its paths, means over the quarters."""

    def __init__(self, plan: Scenario, result: xr.Dataset) -> None:
        self.plan, self.result = plan, result
        self.paths = [str(path) for path in result["method"].dims]
        self.thinned = False
        self._told = Told(result)
        self._methods = result["method"].values

    def label(self, path: str, place: int) -> str:
        """Return a value of a path."""
        value = self.result[path].values[place].item()
        if isinstance(value, str):
            return shortened(value, LABEL)
        return lever_amount(path, float(value), self.plan.currency)

    def places(self, path: str, most: int) -> list[int]:
        """Return which values of a path are shown: both ends, and every so many between."""
        count = self.result.sizes[path]
        step = max(math.ceil((count - 1) / max(most - 1, 1)), 1)
        self.thinned |= step > 1
        shown = list(range(0, count, step))
        return shown if shown[-1] == count - 1 else [*shown[: most - 1], count - 1]

    def get(self, name: str, at: Sequence[int], **labels: object) -> Number:
        """Return a number of a cell, the mean over the quarters; unknown where there is none."""
        values = {
            path: self.result[path].values[place].item()
            for path, place in zip(self.paths, at, strict=True)
        }
        if not self._told.knows(name):
            return Number(math.nan, math.nan)
        by_quarter = "quarter" in self.result[name].dims
        quarters = self._told.labels("quarter") if by_quarter else [None]
        exact = self._methods[tuple(at)] == "exact"
        found = [
            self._told.get(name, **values, **labels, **({"quarter": q} if by_quarter else {}))
            for q in quarters
        ]
        # Quarters of a draw go together: the mean of their errors is never too small.
        kind = Exact if exact else Number
        return kind(
            sum(each.value for each in found) / len(found),
            sum(each.error for each in found) / len(found),
        )

    def notes(self) -> Iterator[Line]:
        """Yield what else to know."""
        if self.thinned:
            yield "Not every value is shown; a file (-o) holds all of them."
        if self.plan.calendar.quarters > 1:
            errors = (
                ""
                if self.result.attrs["method"] == "exact"
                else ("; its ± is the mean of theirs, which is at least its own")
            )
            said = f"Quota made: the mean over the quarters{errors}."
            yield from detail("what words mean", filled(said))
        yield from self._told.left_out()
        if "not_covered" in self.result.attrs:
            said = f"Simulated: {self.result.attrs['not_covered'].rstrip('.')}."
            yield from detail("what is not exact", filled(said))


def _range_said(cells: _Cells) -> str:
    """Say between which cells P(attain) ranges."""
    shape = [range(cells.result.sizes[path]) for path in cells.paths]
    array = cells.result[MADE]
    over = [dim for dim in array.dims if dim not in cells.paths]
    means = array.mean(over).transpose(*cells.paths).values
    every = list(product(*shape))
    low = min(every, key=lambda at: float(means[at]))
    high = max(every, key=lambda at: float(means[at]))

    def at(place: Sequence[int]) -> str:
        return " and ".join(
            f"{lever_name(path)} = {cells.label(path, k)}"
            for path, k in zip(cells.paths, place, strict=True)
        )

    least, most = cells.get(MADE, low), cells.get(MADE, high)
    if least.value == most.value:
        return f"Quota is made in {least.percent} of quarters, wherever one looks"
    return (
        f"Quota is made in {least.percent} of quarters at {at(low)}, and in {most.percent} at "
        f"{at(high)}"
    )


def _by_value(cells: _Cells) -> Iterator[str]:
    """Yield a row for each value of the only path, and a column for each number there is."""
    (path,) = cells.paths
    quarters = cells.plan.calendar.quarters
    count = math.ceil(0.75 * quarters)
    mean = float(abs(cells.result["bookings_mean"]).max()) if "bookings_mean" in cells.result else 0
    size, letter = scale_of(mean)
    unit = f"{cells.plan.currency} {letter}".rstrip()
    places = cells.places(path, MOST_ROWS)
    columns = [[lever_name(path), *(cells.label(path, place) for place in places)]]
    shown: list[tuple[str, str, float, dict[str, int]]] = [
        ("quota made, %", MADE, 0.01, {}),
        (f">= {count} of {quarters}, %", "at_least_probability", 0.01, {"at_least": count}),
        (f"mean, {unit}", "bookings_mean", size, {}),
        (f"sd, {unit}", "bookings_sd", size, {}),
    ]
    for head, name, per, labels in shown:
        found = [cells.get(name, (place,), **labels).over(per) for place in places]
        if any(each.known for each in found) and (quarters > 1 or not labels):
            columns.append([head, *map(_cell, found)])
    yield from table(map(list, zip(*columns, strict=True)))


def _cell(number: Number) -> str:
    exact = isinstance(number, Exact) and number.known
    return f"{number.value:,.2f}" if exact else number.tight


def _matrices(cells: _Cells) -> Iterator[list[str]]:
    """Yield P(attain) by the last two paths, for some values of those before."""
    *before, down, across = cells.paths
    exact = cells.result.attrs["method"] == "exact"
    wide = max(len(cells.label(across, k)) for k in range(cells.result.sizes[across]))
    tall = max(len(cells.label(down, k)) for k in range(cells.result.sizes[down]))
    each = max(wide, 6 if exact else 10) + 2
    columns = cells.places(across, max((WIDTH - max(tall, 12)) // each, 2))
    rows = cells.places(down, MOST_ROWS)
    every = list(product(*(range(cells.result.sizes[path]) for path in before)))
    for at in every[:MOST_MATRICES]:
        where = ", ".join(
            f"{lever_name(path)} {cells.label(path, k)}" for path, k in zip(before, at, strict=True)
        )
        head = f"Quota made, %: {lever_name(down)} down, {lever_name(across)} across"
        body = [["", *(cells.label(across, k) for k in columns)]]
        body += [
            [cells.label(down, row), *(cells.get(MADE, (*at, row, k)).of_100 for k in columns)]
            for row in rows
        ]
        yield [*filled(f"{head}{f'; {where}' if where else ''}"), *table(body)]
    if len(every) > MOST_MATRICES:
        yield [f"And {len(every) - MOST_MATRICES} tables more; a file (-o) holds all of them."]
