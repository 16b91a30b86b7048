"""Maps of how often quota is made over two paths, with lines of equal chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from funnelsim.errors import ArgumentError
from funnelsim.report.levers import capital, lever_name
from funnelsim.report.plots.answers import (
    Floats,
    lever_axis,
    lever_words,
    small_print,
)
from funnelsim.report.plots.field import FEW, LINES, draw_field
from funnelsim.report.plots.style import (
    DARK,
    INK,
    SMALL,
    finished,
    hundred,
    new_axes,
    styled,
)
from funnelsim.report.plots.swept import (
    NUMBERS,
    TARGET,
    at_plan,
    between,
    crossing,
    not_own,
    over_quarters,
    own_value,
    paths_of,
    range_message,
    value_label,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MAPS, MAPS_IN_A_ROW = 9, 3
WIDE, HIGH = 3.6, 3.4  # inches of each of several maps


def sweep_map(told: xr.Dataset, *, target: float = TARGET, ax: Axes | None = None) -> Axes:
    """Draw how often quota is made over two paths, with lines of equal chance.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.sweep` returns it, of two paths whose values are numbers.
    target : float
        The probability whose line is the bold one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the result does not have P(attain).
    """
    ax = ax or new_axes()
    told = _laid_out(told)
    values, errors = over_quarters(told)
    _draw_map(ax, told, values, target)
    ax.set_xlabel(
        f"{ax.get_xlabel()}\n"
        f"lines: of 100 quarters, so many make quota ({small_print(told, errors)})"
    )
    return finished(ax, _map_message(told, values, target))


def sweep_maps(told: xr.Dataset, *, target: float = TARGET, ax: Axes | None = None) -> Axes:
    """Draw a map for each value of the path that has the fewest.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.sweep` returns it, of three paths.
    target : float
        The probability whose line is the bold one.
    ax : matplotlib.axes.Axes, optional
        Gives way to the maps, and its figure grows with them; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The first map.

    Raises
    ------
    ArgumentError
        Where there are too many maps, or two paths or more have texts for values.
    ResultError
        Where the result does not have P(attain).
    """
    paths = paths_of(told)
    third = min(paths, key=lambda path: (told[path].dtype.kind in NUMBERS, told.sizes[path]))
    if any(told[path].dtype.kind not in NUMBERS for path in paths if path != third):
        raise ArgumentError("A map takes two paths whose values are numbers: pick a text's value.")
    count = told.sizes[third]
    if count > MOST_MAPS:
        raise ArgumentError(
            f"{third} has {count} values, too many for a map of each: pick {MOST_MAPS} at most."
        )
    figure, panels = _panels(ax or new_axes(), count)
    columns = min(count, MAPS_IN_A_ROW)
    currency = str(told.attrs["currency"])
    labels = [value_label(third, each, currency) for each in told[third].values]
    here = []
    for place, (panel, label) in enumerate(zip(panels, labels, strict=True)):
        own = _laid_out(told.isel({third: place}))
        values, _ = over_quarters(own)
        _draw_map(panel, own, values, target, crowded=True)
        here.append(at_plan(own, values))
        if place < count - columns:
            panel.set_xlabel("")
        if place % columns:
            panel.set_ylabel("")
        finished(panel, label)
    values, errors = over_quarters(told)
    figure.supxlabel(
        f"lines: of 100 quarters, so many make quota ({small_print(told, errors)})",
        color=styled(DARK),
        fontsize=SMALL,
    )
    known = [chance for chance in here if chance is not None]
    message = range_message(values)
    if len(known) == count > 1:
        message = (
            f"{capital(lever_name(third))} of {labels[0]} to {labels[-1]}:\n"
            f"from {hundred(known[0])} to {hundred(known[-1])} of 100 quarters make quota, "
            "all else as planned"
        )
    said = figure.suptitle(message, color=styled(INK), fontsize=13, fontweight="bold")
    said.set_parse_math(False)
    return panels[0]


def _panels(ax: Axes, count: int) -> tuple[Figure, list[Axes]]:
    """Return axes in the place of one, as many as asked for, and make the figure fit them."""
    columns = min(count, MAPS_IN_A_ROW)
    rows = -(-count // columns)
    figure, place = ax.get_figure(root=True), ax.get_subplotspec()
    if figure is None or place is None:
        raise ArgumentError("ax: must be axes of a grid, as plt.subplots makes them.")
    ax.remove()
    figure.set_size_inches(1.2 + WIDE * columns, 1.4 + HIGH * rows)
    grid = place.subgridspec(rows, columns)
    panels: list[Axes] = []
    for k in range(count):
        shared = panels[0] if panels else None
        panels.append(figure.add_subplot(grid[divmod(k, columns)], sharex=shared, sharey=shared))
        panels[k].tick_params(labelbottom=k >= count - columns, labelleft=k % columns == 0)
    return figure, panels


def _laid_out(told: xr.Dataset) -> xr.Dataset:
    """Return the cells with what goes up first, then what goes along: activity, or else the last.

    Both rise.
    """
    up, along = paths_of(told)
    if up.startswith("activity."):
        up, along = along, up
    return told.transpose(up, along, ...).sortby([up, along])


def _draw_map(
    ax: Axes, told: xr.Dataset, values: Floats, target: float, *, crowded: bool = False
) -> None:
    """Draw shades, lines and the plan itself."""
    up, along = paths_of(told)
    if min(told.sizes[up], told.sizes[along]) < 2:
        raise ArgumentError("A map takes two values or more of each path: pick one of the others.")
    x, y = (told[path].values.astype(float) for path in (along, up))
    currency, here = str(told.attrs["currency"]), at_plan(told, values)
    place = own_value(told, along), own_value(told, up)
    own = None
    if here is not None and place[0] is not None and place[1] is not None:
        own = (place[0], place[1]), here
    lines = FEW if crowded else len(LINES)
    draw_field(ax, x, y, values, target, own, lines=lines, crowded=crowded)
    ax.xaxis.set_major_locator(MaxNLocator(4 if crowded else 6))
    ax.yaxis.set_major_locator(MaxNLocator(6))
    lever_axis(ax.xaxis, along, currency)
    lever_axis(ax.yaxis, up, currency)


def _map_message(told: xr.Dataset, values: Floats, target: float) -> str:
    """Return the ways from the plan to the target, one path at a time."""
    here = at_plan(told, values)
    if here is None:
        return range_message(values)
    paths, currency = paths_of(told), str(told.attrs["currency"])
    ways = []
    for axis, path in ((1, paths[1]), (0, paths[0])):
        other = paths[1 - axis]
        own = own_value(told, other) or 0.0  # known: the plan lies on the map
        curve = between(told[other].values.astype(float), values, own, 1 - axis)
        enough = crossing(told[path].values.astype(float), curve, target)
        if enough is not None:
            ways.append((path, enough))
    if not ways:
        return f"{range_message(values)},\nneither path alone leads to {hundred(target)}"
    takes = ",\nor ".join(lever_words(*way, currency, about=True) for way in ways)
    rest = (
        not_own(ways[0][0], own_value(told, ways[0][0]), ways[0][1], currency)
        if len(ways) < 2
        else ""
    )
    return f"{hundred(target)} of 100 takes {takes}{rest}"
