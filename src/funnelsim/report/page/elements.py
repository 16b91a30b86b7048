"""What a page is made of: numbers that say their value, tables, figures, sections.

Every number of a text is a ``<data>`` element, so that its value can be read, copied and checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from funnelsim.report.numbers import money, of_ten, percent, short_money
from funnelsim.report.told import HOLD, Exact, Number

Cell = str | Markup
Row = Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """A table: heads of the columns, and rows whose first cell is their own head.

    Attributes
    ----------
    caption : str
    heads : sequence of str
    rows : sequence of rows
        Texts are escaped, markup is not.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Figure:
    """A picture with its message, what is to know of it, and its numbers as a table."""

    message: str
    svg: Markup
    caption: Cell
    table: Table
    on_paper: bool = False

    @property
    def label(self) -> str:
        """What is read aloud in place of the picture."""
        return f"Picture: {self.message.rstrip('.')}. Its numbers are in the table below it."


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    key : str
        Its address.
    title : str
    lead : sequence of text or markup
        Paragraphs.
    figures : sequence of Figure
    tables : sequence of Table
    notes : sequence of text or markup
        What could not be told, and what else to know.
    """

    key: str
    title: str
    lead: Sequence[Cell] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[Cell] = field(default=())


def cite(value: float, text: str) -> Markup:
    """Return a number as its text, which no line breaks, with its value.

    Examples
    --------
    >>> cite(0.451, "45 of 100")
    Markup('<data value="0.451">45 of 100</data>')
    """
    text = text.replace(" %", f"{HOLD}%").replace(" ± ", f"{HOLD}±{HOLD}")
    if not math.isfinite(value):
        return Markup("{}").format(text)
    return Markup('<data value="{}">{}</data>').format(f"{value:.12g}", text)


def share(number: Number) -> Markup:
    """Return a probability as a percentage with its error; exact ones with one decimal.

    Examples
    --------
    >>> for number in (Exact(0.45102, 0.0), Number(0.45102, 0.00157)):
    ...     print(share(number).striptags().replace(HOLD, " "))
    45.1 %
    45.10 ± 0.16 %
    """
    if isinstance(number, Exact) and number.known:
        value = min(max(number.value, 0.0), 1.0)  # it may be off by its numerical error
        close = 0.0005 < value < 0.9995 or value in (0.0, 1.0)
        return cite(value, f"{100 * value:.1f} %" if close else percent(value))
    return cite(number.value, percent(number.value, number.error))


def hundred(number: Number | float) -> Markup:
    """Return a probability as so many of 100.

    Examples
    --------
    >>> hundred(0.4512)
    Markup('<data value="0.4512">45 of 100</data>')
    """
    value = float(number.value if isinstance(number, Number) else number)
    if math.isnan(value):
        return Markup("-")
    text = f"{100 * value:.0f}"
    if 0 < value < 0.005:
        text = "fewer than 1"
    if 0.995 <= value < 1:
        text = "more than 99"
    return cite(value, f"{text} of 100")


def often(value: float, noun: str) -> Markup:
    """Return a probability as a natural frequency, as it begins a sentence."""
    text = of_ten(value, noun)
    return cite(value, f"{text[0].upper()}{text[1:]}")


def frequency(value: float, noun: str) -> Markup:
    """Return a probability as a natural frequency, within a sentence."""
    return cite(value, of_ten(value, noun))


def points(number: Number) -> Markup:
    """Return a difference of probabilities in points."""
    return cite(number.value, number.points)


def amount(number: Number, currency: str) -> Markup:
    """Return an amount with its error."""
    return cite(number.value, number.money(currency))


def whole_amount(value: float, currency: str) -> Markup:
    """Return an amount that was stated."""
    return cite(value, money(value, currency))


def brief_amount(value: float, currency: str) -> Markup:
    """Return an amount in few characters."""
    return cite(value, short_money(value, currency))


def relative(value: float) -> Markup:
    """Return a relative change.

    Examples
    --------
    >>> [relative(each).striptags().replace(HOLD, " ") for each in (0.7281, -0.35)]
    ['+73 %', '-35 %']
    """
    shown = f"{100 * value:+.0f} %" if abs(value) >= 0.0095 else f"{100 * value:+.1f} %"
    return cite(value, shown)


def sentence(text: str, **parts: Cell) -> Markup:
    """Return a sentence with its parts filled in: texts are escaped, markup is not."""
    return Markup(text).format(**parts)  # noqa: S704  the text is our own
