"""The section that holds plans against each other, of one rep or of a team."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from markupsafe import Markup

from funnelsim.report.numbers import plain
from funnelsim.report.page.drawn import drawn
from funnelsim.report.page.elements import Cell, Section, Table, cite, sentence
from funnelsim.report.told import Told

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.board.company import CompanyFindings
    from funnelsim.analysis.board.rep import RepFindings
    from funnelsim.report.plots.inline import Pictures


def side_by_side(
    found: RepFindings | CompanyFindings,
    pictures: Pictures,
    picture: Callable[..., object],
    table: Callable[[Told], Table],
    caption: str,
    lead: str,
) -> Section:
    """Return the section about plans side by side.

    Parameters
    ----------
    found : RepFindings or CompanyFindings
    pictures : Pictures
    picture : callable
        Draws what was compared, on ``ax=``.
    table : callable
        Tells the same in numbers.
    caption, lead : str
        What stands under the picture, and first; ``{name}`` is the plan that others are held
        against.
    """
    key, title = "plans", "Plans side by side"
    if len(found.plans) == 1:
        alone = (
            "There is one plan here. State variants in its file, or give several files, to hold "
            "them against each other."
        )
        return Section(key, title, [alone])
    compared = found.compared
    if compared is None:
        return Section(key, title, notes=[f"Not compared: {found.refused.get('compare', '')}"])
    notes = list[Cell]()
    figures = drawn(
        pictures, lambda ax: picture(compared, ax=ax), table(Told(compared)), caption, notes
    )
    first = [sentence(lead, name=next(iter(found.plans)))]
    return Section(key, title, first, figures, [changes_table(compared)], notes)


def changes_table(compared: xr.Dataset) -> Table:
    """Return what each plan changes of the first one."""
    changes = json.loads(str(compared.attrs["changes"]))
    rows: list[list[Cell]] = [
        [name, each["path"], said(each["from"]), said(each["to"])]
        for name, own in changes.items()
        for each in own
    ]
    return Table("What the plans change", ["plan", "key", "from", "to"], rows)


def said(value: object) -> Cell:
    """Return a value of a file.

    Examples
    --------
    >>> said([{"week": 13}]), said(None), said("fixed")
    (Markup('week <data value="13">13</data>'), 'not stated', 'fixed')
    """
    if isinstance(value, list):
        between = Markup("; ") if value and isinstance(value[0], dict) else Markup(", ")
        return between.join(map(said, value))
    if isinstance(value, dict):
        return Markup(", ").join(
            sentence("{key} {value}", key=key, value=said(each)) for key, each in value.items()
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "not stated" if value is None else str(value)
    return cite(float(value), plain(float(value)))
