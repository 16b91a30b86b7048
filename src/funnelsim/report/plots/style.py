"""How every picture looks: colours, axes, texts that can be read and labels that stay apart.

The colours are Okabe and Ito's, told apart by colour-blind readers; on a grey printer lightness,
line style or hatching tells areas and lines apart. They hold under matplotlib's own default style.
Under another one the four that mean something (what makes it, what misses it) become the first
four of its cycle, and the neutral ones as many shades between its background and its text.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from matplotlib import rcParams, rcParamsDefault
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgba, to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from funnelsim.report.numbers import short_money

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

BLUE, VERMILION, GREEN, SKY = "#0072B2", "#D55E00", "#009E73", "#56B4E9"
GREY, PALE, DARK, INK = "#C4C9CE", "#ECEEF0", "#5F666D", "#1F2328"
CYCLE = (BLUE, VERMILION, GREEN, SKY)
SHADES = {INK: 1.0, DARK: 0.7, GREY: 0.25, PALE: 0.08, "#FFFFFF": 0.0}  # of the text's colour
HATCH = "////"  # on areas in vermilion, which a grey printer makes as dark as blue ones
SIZE = (7.2, 5.6)  # inches
SMALL = 9.0  # points: labels inside a picture
LINE = 54  # characters of a title before it goes on below
WHISKERS = 2.0  # standard errors to either side that bars and bands show


def new_axes() -> Axes:
    """Return axes in a window of pyplot, which a program that only saves need not wait for.

    They have room for titles of two lines, unless the style in force states a size.
    """
    import matplotlib.pyplot as plt

    stated = rcParams["figure.figsize"] != rcParamsDefault["figure.figsize"]
    return plt.subplots(figsize=None if stated else SIZE, layout="constrained")[1]


def finished(ax: Axes, message: str) -> Axes:
    """Say the message, take away what says nothing, and give the picture the style in force.

    Every text is read as it stands: a name or an amount with dollar signs is no formula.
    """
    lines = [line for part in message.split("\n") for line in textwrap.wrap(part, LINE)]
    ax.set_title("\n".join(lines), color=INK, fontsize=13, fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["left"].set_visible(ax.yaxis.get_visible())
    ax.spines["bottom"].set_visible(ax.xaxis.get_visible())
    for spine in ax.spines.values():
        spine.set_color(DARK)
    ax.tick_params(colors=styled(DARK))
    ax.xaxis.label.set_color(DARK)
    ax.yaxis.label.set_color(DARK)
    for text in ax.findobj(Text):
        text.set_parse_math(False)
    _restyle(ax)
    return ax


def styled(colour: str) -> str:
    """Return what one of our colours is under the style in force; any other one as it is.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> styled(INK)
    '#1F2328'
    >>> with plt.style.context("dark_background"):
    ...     styled(INK), styled(BLUE), styled("#ABCDEF")
    ('#FFFFFF', '#8DD3C7', '#ABCDEF')
    """
    if not _other_style():
        return colour
    ours = to_hex(colour).upper()
    if ours in SHADES:
        ends = to_rgba_array([rcParams["axes.facecolor"], rcParams["text.color"]])
        return to_hex(ends[0] + SHADES[ours] * (ends[1] - ends[0])).upper()
    if ours in CYCLE:
        cycle = rcParams["axes.prop_cycle"].by_key().get("color", CYCLE)
        return to_hex(cycle[CYCLE.index(ours) % len(cycle)]).upper()
    return colour


def _other_style() -> bool:
    return any(
        rcParams[key] != rcParamsDefault[key]
        for key in ("axes.facecolor", "text.color", "axes.prop_cycle")
    )


def _restyle(ax: Axes) -> None:
    """Give what was drawn the colours of the style in force, and letters as large as its own."""
    larger = rcParams["font.size"] / rcParamsDefault["font.size"]
    for text in (*ax.texts, ax.title):
        if text.get_fontsize() != rcParams["font.size"]:  # stated in points, not by the style
            text.set_fontsize(larger * text.get_fontsize())
    if not _other_style():
        return
    for artist in ax.findobj(lambda each: each is not ax.patch):
        if isinstance(artist, Text):
            _recolour(artist, "color")
            if (box := artist.get_bbox_patch()) is not None:
                _recolour(box, "facecolor")
        elif isinstance(artist, Line2D):
            _recolour(artist, "color", "markerfacecolor", "markeredgecolor")
        elif isinstance(artist, Patch | Collection) and not _is_mapped(artist):
            _recolour(artist, "facecolor", "edgecolor")


def _is_mapped(artist: Artist) -> bool:
    """Whether an artist's colours are those of a map."""
    return isinstance(artist, Collection) and artist.get_array() is not None


def _recolour(artist: Artist, *parts: str) -> None:
    for part in parts:
        now = getattr(artist, f"get_{part}")()
        if isinstance(now, str) and now in ("face", "auto"):
            continue
        new = [to_rgba(styled(to_hex(each)), each[3]) for each in to_rgba_array(now)]
        if new:
            getattr(artist, f"set_{part}")(new if isinstance(artist, Collection) else new[0])


def percent_axis(axis: Axis) -> None:
    """Write shares as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def money_axis(axis: Axis, currency: str) -> None:
    """Write amounts short, with their currency."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_money(value, currency)))


def shortened(name: str, most: int) -> str:
    """Return a name that leaves room for others.

    Examples
    --------
    >>> shortened("discovery", 12), shortened("executive sponsor meeting", 12)
    ('discovery', 'executive s…')
    """
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places as near to those given as labels may stand, at least a gap apart.

    Examples
    --------
    >>> apart([0.5, 0.5, 0.9], 0.25, 0.0, 1.0)
    [0.375, 0.625, 0.9]
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    groups: list[tuple[float, int]] = []  # centre and number of labels that touch each other
    for index in order:
        centre, count = places[index], 1
        while True:
            half = gap * (count - 1) / 2
            centre = min(max(centre, low + half), high - half)
            if not groups or centre - half >= groups[-1][0] + gap * (groups[-1][1] + 1) / 2 - 1e-12:
                break
            before, members = groups.pop()
            centre = (before * members + centre * count) / (members + count)
            count += members
        groups.append((centre, count))
    sorted_places = [
        centre + gap * (k - (count - 1) / 2) for centre, count in groups for k in range(count)
    ]
    result = [0.0] * len(places)
    for index, place in zip(order, sorted_places, strict=True):
        result[index] = place
    return result


def hundred(probability: float) -> str:
    """Return how many of 100.

    Examples
    --------
    >>> hundred(0.4512), hundred(0.003), hundred(0.0), hundred(0.998)
    ('45', '<1', '0', '>99')
    """
    if 0 < probability < 0.005:
        return "<1"
    if 0.995 <= probability < 1:
        return ">99"
    return f"{100 * probability:.0f}"


def made_with(draws: int, errors: Iterable[float]) -> str:
    """Return the small print of a picture: draws, and how far its shares may be off.

    Examples
    --------
    >>> made_with(20_000, [0.0012, 0.0035])
    '20,000 draws, ± 0.4 of 100 at most'
    """
    largest = max((error for error in errors if math.isfinite(error)), default=0.0)
    return f"{draws:,} draws, ± {float(f'{100 * largest:.1g}'):g} of 100 at most"
