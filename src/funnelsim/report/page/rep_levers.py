"""The sections about one rep's levers: a tornado, a bridge, and the map of a sweep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from markupsafe import Markup

from funnelsim.report.levers import capital, lever_name
from funnelsim.report.page.drawn import drawn
from funnelsim.report.page.elements import Cell, Figure, Section, Table, cite, points, share
from funnelsim.report.page.rep import lever_at, lever_words
from funnelsim.report.plots.bridge import bridge
from funnelsim.report.plots.maps import sweep_map
from funnelsim.report.plots.swept import own_value
from funnelsim.report.plots.tornado import tornado
from funnelsim.report.told import Told

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.board.rep import RepFindings
    from funnelsim.report.plots.inline import Pictures

MADE = "attainment_probability"


def levers_section(found: RepFindings, pictures: Pictures) -> Section:
    """Return what moves the chance, and what leads to the plan that differs most."""
    key, title, notes = "levers", "What moves the needle", list[Cell]()
    figures: list[Figure] = []
    if found.moved is None:
        notes.append(f"Left out: {found.refused.get('sensitivity', '')}")
    else:
        figures += tornado_figure(found.moved, found.plan.currency, pictures, notes)
        notes += lever_notes(found.moved)
    if found.bridged is not None:
        figures += _bridge_figure(found, found.bridged, pictures, notes)
    elif "bridge" in found.refused:
        notes.append(f"No bridge between the plans: {found.refused['bridge']}")
    return Section(key, title, (), figures, notes=notes)


def tornado_figure(
    moved: xr.Dataset, currency: str, pictures: Pictures, notes: list[Cell]
) -> list[Figure]:
    """Return the tornado with its numbers."""
    told = Told(moved)
    rows: list[list[Cell]] = []
    for path in map(str, told.labels("lever")):
        ends = [told.get("lever_range", lever=path, end=end).value for end in ("low", "high")]
        at = [told.get("goal_probability_at", lever=path, end=end) for end in ("low", "high")]
        rows.append(
            [
                lever_words(path),
                lever_at(path, ends[0], currency),
                share(at[0]),
                lever_at(path, ends[1], currency),
                share(at[1]),
                points(told.get("largest_swing", lever=path)),
            ]
        )
    heads = ["lever", "from", "chance there", "to", "chance there", "swing"]
    return drawn(
        pictures,
        lambda ax: tornado(moved, ax=ax),
        Table("Each lever moved alone", heads, rows),
        "Each lever is moved alone, a tenth down and a tenth up; all else as planned.",
        notes,
        size=(6.4, 5.2),
    )


def lever_notes(moved: xr.Dataset) -> list[Cell]:
    """Return what else to know of levers: those that cannot be moved, or were left out."""
    notes = json.loads(str(moved.attrs.get("notes", "{}")))
    return [
        f"{each if each[:1].isupper() else f'{capital(lever_name(name))}: {each}'}"
        for name, each in notes.items()
    ]


def _bridge_figure(
    found: RepFindings, bridged: xr.Dataset, pictures: Pictures, notes: list[Cell]
) -> list[Figure]:
    told = Told(bridged)
    rows: list[list[Cell]] = [[str(bridged.attrs["title"]), share(told.get("bridge_start")), ""]]
    changes = bridged["changes"].values.tolist()
    for factor, change in zip(map(str, told.labels("factor")), changes, strict=True):
        rows.append([factor, points(told.get("contribution", factor=factor)), change])
    rows.append([str(bridged.attrs["other_title"]), share(told.get("bridge_end")), ""])
    return drawn(
        pictures,
        lambda ax: bridge(bridged, ax=ax),
        Table("From one plan to the other", ["", "quarters that make quota", "what changes"], rows),
        "What each change contributes, the mean over all orders in which they could be made.",
        notes,
    )


def map_section(found: RepFindings, pictures: Pictures) -> Section:
    """Return the map of two levers over the whole sweep."""
    key, title, notes = "map", "The whole range at once", list[Cell]()
    if found.swept is None:
        return Section(key, title, notes=[f"Left out: {found.refused.get('sweep', '')}"])
    swept, paths = found.swept, [str(path) for path in found.swept["method"].dims]
    first = {path: own_value(swept, path) for path in paths[2:]}
    flat = swept.sel(first) if first else swept
    figures: list[Figure] = []
    if len(paths) >= 2:
        currency = found.plan.currency
        rows: list[list[Cell]] = []
        for up in flat[paths[1]].values.tolist():
            cells = [
                share_at(flat.sel({paths[0]: along, paths[1]: up}))
                for along in flat[paths[0]].values
            ]
            rows.append([lever_at(paths[1], up, currency), *cells])
        heads = [
            f"{lever_name(paths[1])} / {lever_name(paths[0])}",
            *(
                str(lever_at(paths[0], float(each), currency).striptags())
                for each in flat[paths[0]].values
            ),
        ]
        figures = drawn(
            pictures,
            lambda ax: sweep_map(flat, ax=ax),
            Table("Quarters that make quota, by both levers", heads, rows),
            "Each field is one answer of the sweep; lines join equal chances; that of 80 of "
            "100, where it is within reach, is bold.",
            notes,
            on_paper=True,
        )
    return Section(key, title, (), figures, notes=notes)


def share_at(cell: xr.Dataset) -> Markup:
    """Return the chance of a cell of a sweep, the mean over quarters."""
    value = float(cell[MADE].isel(segment=0).mean())
    return cite(value, f"{100 * value:.1f} %")
