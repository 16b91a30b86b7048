"""Sliders over a sweep: every stand is a cell of it, and its row of a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.levers import capital
from funnelsim.report.page.content import Slider, Stand, WhatIf
from funnelsim.report.page.elements import amount, hundred, often, relative, sentence, share
from funnelsim.report.page.rep import lever_at, lever_words
from funnelsim.report.plots.swept import own_value
from funnelsim.report.told import Exact, Number

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.board.company import CompanyFindings
    from funnelsim.analysis.board.rep import RepFindings

MADE = "attainment_probability"
NOTICED = 0.005  # of a chance: what several steps together have to bring, to be said
SNAPS = (
    "Every stop is one cell of a sweep that was computed when this page was written; lines only "
    "join them. Without script the table below holds all of them."
)


def what_if_of_rep(found: RepFindings) -> WhatIf | None:
    """Return the sliders of one rep's page; None where there is no sweep."""
    swept = found.swept
    if swept is None:
        return None
    paths = [str(path) for path in swept["method"].dims]
    stops = [swept[path].values.tolist() for path in paths]
    currency, quarters = found.plan.currency, found.plan.calendar.quarters
    sliders = [
        slider(path, values, own_value(swept, path) or math.nan, currency)
        for path, values in zip(paths, stops, strict=True)
    ]
    count = math.ceil(0.75 * quarters)
    one = swept.isel(segment=0).transpose(*paths, ...)
    chances, booked = (_means(one, name) for name in (MADE, "bookings_mean"))
    of_many = "at_least_probability" in one
    many = _means(one.sel(at_least=count), "at_least_probability") if of_many else None
    stands = []
    for places in product(*(range(len(each)) for each in stops)):
        made = chances(places)
        further = [amount(booked(places), currency)]
        further += [] if many is None else [hundred(many(places))]
        stands.append(
            Stand(places, made.value, often(made.value, "quarters"), share(made), further)
        )
    names = ["mean bookings of a quarter"]
    names += [f"{count} or more of {quarters} quarters make quota"] if of_many else []
    exactly = bool((swept["method"].values == "exact").all())
    how = (
        "computed exactly"
        if exactly
        else f"{int(swept.attrs['draws']):,} draws of each cell, all on the same luck"
    )
    return WhatIf(
        "make quota", "quarters that make quota", names, sliders, stands, f"{capital(how)}. {SNAPS}"
    )


def what_if_of_company(found: CompanyFindings) -> WhatIf | None:
    """Return the sliders of a team's page; None where there is no sweep."""
    if not found.cells or not found.sliders:
        return None
    currency, noun = found.plan.currency, f"{found.company.by}s"
    stops = [sorted({cell.at[k] for cell in found.cells}) for k in range(len(found.sliders))]
    sliders = [
        slider(lever.path, values, lever.value, currency)
        for lever, values in zip(found.sliders, stops, strict=True)
    ]
    stands = []
    for cell in found.cells:
        places = [own.index(value) for own, value in zip(stops, cell.at, strict=True)]
        made = Number(*cell.chance)
        further = [amount(Number(*cell.booked), currency)]
        stands.append(Stand(places, made.value, often(made.value, noun), share(made), further))
    from funnelsim.analysis.board.company import LEVERS

    how = f"{found.effort.part(LEVERS):,} draws of each cell, all on the same luck"
    return WhatIf(
        "make the plan",
        f"{noun} that make the plan",
        [f"mean bookings of a {found.company.by}"],
        sliders,
        stands,
        f"{capital(how)}. {SNAPS}",
    )


def slider(path: str, values: list[float], own: float, currency: str) -> Slider:
    """Return a slider of a lever."""
    stops = []
    for value in values:
        gap = f" ({relative(value / own - 1)})" if value != own and own else " (plan)"
        stops.append(lever_at(path, value, currency) + Markup(gap))  # noqa: S704  made of numbers
    return Slider(lever_words(path), stops, values.index(own))


def steps_together(what_if: WhatIf) -> Iterator[Markup]:
    """Yield what moving all sliders one stop to the better does, as a sentence.

    That is the side on which a slider has more stops.
    """
    ups = [each.start + (1 if 2 * each.start < len(each.stops) else -1) for each in what_if.sliders]
    for stand in what_if.stands:
        if list(stand.places) == ups and stand.chance - what_if.start.chance > NOTICED:
            names = [
                sentence(
                    "{name} {stop}", name=each.name[0].lower() + each.name[1:], stop=each.stops[up]
                )
                for each, up in zip(what_if.sliders, ups, strict=True)
            ]
            yield sentence(
                "Several small steps together: {names} give {chance}.",
                names=Markup(", ").join(names),
                chance=hundred(stand.chance),
            )


def _means(cells: xr.Dataset, name: str) -> Callable[[Sequence[int]], Number]:
    """Return what tells a number of a cell by its places, the mean over quarters.

    Its error is no less than that mean's.
    """
    values, errors = (
        None if array is None else array.mean("quarter") if "quarter" in array.dims else array
        for array in (cells[name], cells.get(name + STANDARD_ERROR))
    )
    of_cells = np.asarray(values)
    of_errors = np.full(of_cells.shape, math.nan) if errors is None else np.asarray(errors)

    def number(places: Sequence[int]) -> Number:
        value, error = (float(each[tuple(places)]) for each in (of_cells, of_errors))
        return Exact(value, 0.0) if math.isnan(error) else Number(value, error)

    return number
