"""What a page holds, before it is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from funnelsim.report.page.elements import Cell, Figure, Section, Table
from funnelsim.report.page.sources import Assumed


@dataclass(frozen=True)
class Headline:
    """A number of the first screen, what it is, and what it means.

    Attributes
    ----------
    value : markup
    label : str
    note : text or markup
    """

    value: Markup
    label: str
    note: Cell = ""


@dataclass(frozen=True)
class First:
    """The first screen.

    Attributes
    ----------
    answer : markup
        In one sentence.
    certainty : markup
        How sure the number is, and how far outcomes spread.
    figure : Figure
    numbers : sequence of Headline
        Three.
    assumptions : sequence of markup
        The three that the answer rests on most.
    assumptions_note : text or markup
    takes : sequence of markup
        What it would take, the cheapest change first.
    takes_title : str
    takes_table : Table or None
        Each change by itself.
    """

    answer: Markup
    certainty: Cell
    figure: Figure
    numbers: Sequence[Headline]
    assumptions: Sequence[Cell]
    takes_title: str
    takes: Sequence[Cell]
    assumptions_note: Cell = ""
    takes_table: Table | None = None


@dataclass(frozen=True)
class Slider:
    """A lever that the reader may move, from stop to stop.

    Attributes
    ----------
    name : str
    stops : sequence of markup
        What it is called at each.
    start : int
        The stop of the plan.
    """

    name: str
    stops: Sequence[Markup]
    start: int


@dataclass(frozen=True)
class Stand:
    """One standing of all sliders: a row of the table that the sliders show.

    Attributes
    ----------
    places : sequence of int
        The stop of each slider.
    chance : float
        What the curve shows.
    often, share, further : markup
        The natural frequency, the percentage and the further numbers, as they are shown.
    """

    places: Sequence[int]
    chance: float
    often: Markup
    share: Markup
    further: Sequence[Markup]


@dataclass(frozen=True)
class WhatIf:
    """Sliders over a sweep.

    Attributes
    ----------
    sentence : str
        What the natural frequency is of: "make quota".
    share_name : str
    further_names : sequence of str
    sliders : sequence of Slider
    stands : sequence of Stand
    note : text or markup
    """

    sentence: str
    share_name: str
    further_names: Sequence[str]
    sliders: Sequence[Slider]
    stands: Sequence[Stand]
    note: Cell = ""

    @property
    def start(self) -> Stand:
        """The plan's own standing."""
        own = tuple(slider.start for slider in self.sliders)
        return next(each for each in self.stands if tuple(each.places) == own)


@dataclass(frozen=True)
class Content:
    """All of a page but its footer.

    Attributes
    ----------
    title, kind : str
        The plan's name, and whether it is of a rep or a team.
    first : First
    what_if : WhatIf or None
    sections : sequence of Section
    assumed : sequence of Assumed
    currency : str
    method : sequence of text or markup
        How the numbers came about, and their limits.
    """

    title: str
    kind: str
    first: First
    what_if: WhatIf | None
    sections: Sequence[Section]
    assumed: Sequence[Assumed]
    currency: str
    method: Sequence[Cell] = field(default=())
