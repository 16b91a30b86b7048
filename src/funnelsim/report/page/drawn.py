"""Pictures of results as figures of a page, or a note why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from funnelsim.errors import FunnelsimError
from funnelsim.report.page.elements import Cell, Figure, Table

if TYPE_CHECKING:
    from funnelsim.report.plots.inline import Pictures
    from funnelsim.report.plots.saved import Draw

WIDE = (6.4, 4.6)  # inches


def drawn(
    pictures: Pictures,
    draw: Draw,
    table: Table,
    caption: Cell,
    notes: list[Cell],
    *,
    size: tuple[float, float] = WIDE,
    on_paper: bool = False,
) -> list[Figure]:
    """Return a figure, or none and a note why there is none."""
    try:
        message, svg = pictures.svg(draw, size=size, on_paper=on_paper)
    except FunnelsimError as reason:
        notes.append(f"No picture of {table.caption.lower()}: {reason}")
        return []
    return [Figure(message, Markup(svg), caption, table, on_paper)]  # noqa: S704
