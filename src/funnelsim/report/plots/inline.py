"""Pictures that stand inside a page: SVG without styles of its own, the same bytes every time.

A page whose security policy allows one style sheet ignores ``style`` attributes, so that every
style becomes a class of that sheet; and colours become the page's own, which it darkens at night.
"""

from __future__ import annotations

import hashlib
import io
import re
import textwrap
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from funnelsim.report.plots.style import BLUE, DARK, GREEN, GREY, INK, PALE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from funnelsim.report.plots.saved import Draw

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
LINE = 58  # letters of the small print below an axis
# By what name the page knows a colour; of texts some are darker, to be read on white.
COLOURS = {
    to_hex(colour): name
    for colour, name in {
        INK: "ink", "black": "ink", DARK: "muted", GREY: "grey", PALE: "pale", "white": "paper",
        BLUE: "blue", VERMILION: "red", GREEN: "green", SKY: "sky",
    }.items()
}  # fmt: skip
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"(?P<weight>\w+ )?(?P<size>[\d.]+px) .*")


class Pictures:
    """Draws pictures for one page, and gathers the style sheet that they share."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}  # by style
        self._count = 0

    def svg(
        self, draw: Draw, *, size: tuple[float, float] = (6.0, 4.4), on_paper: bool = False
    ) -> tuple[str, str]:
        """Return the message of a picture, and the picture as an ``<svg>`` element without it.

        The message is a heading of the page, where it is larger than a picture has room for.

        Parameters
        ----------
        draw : callable
            Given the axes to draw on.
        size : (float, float)
            Inches: at 72 to the inch they are the pixels of the picture's own size.
        on_paper : bool
            Keep colours as they are: of shades that would lose their order in the dark.
        """
        with mpl.rc_context():
            mpl.rcdefaults()  # a page is not restyled by where it happens to be made
            mpl.rcParams["svg.hashsalt"] = "funnelsim"
            mpl.rcParams["svg.fonttype"] = "none"  # letters stay letters: to be read and found
            mpl.rcParams["text.parse_math"] = False
            mpl.rcParams["font.size"] = 11.0
            figure = Figure(figsize=size, layout="constrained")
            figure.patch.set_visible(False)
            draw(figure.subplots())
            message = figure.axes[0].get_title()
            for axes in figure.axes:
                _plain(axes)
            file = io.StringIO()
            figure.savefig(file, format="svg", metadata={"Date": None})
        self._count += 1
        root = ElementTree.fromstring(file.getvalue())  # noqa: S314  drawn by ourselves
        return message.replace("\n", " "), self._cleaned(root, f"p{self._count}-", on_paper)

    @property
    def css(self) -> str:
        """Return the rules of all classes so far."""
        return "".join(f".{name}{{{style}}}\n" for style, name in self._classes.items())

    def _cleaned(self, root: ElementTree.Element, prefix: str, on_paper: bool) -> str:
        """Return an element as text, without styles and names that would clash with others."""
        used = {
            found
            for each in root.iter()
            for value in each.attrib.values()
            for found in (*_REFERENCE.findall(value), *(value[1:] if value[:1] == "#" else "",))
        }
        used |= {each.get(f"{{{LINK}}}href", "#")[1:] for each in root.iter()}
        names = {each.get("id", "") for each in root.iter()} & used
        short = {name: f"{prefix}{k}" for k, name in enumerate(sorted(names - {""}))}
        for parent in list(root.iter()):
            for child in list(parent):
                if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                    parent.remove(child)
            self._clean(parent, short, on_paper)
        root.attrib = {"viewBox": root.attrib["viewBox"], "focusable": "false"}
        ElementTree.register_namespace("", SVG)
        text = ElementTree.tostring(root, encoding="unicode")
        return re.sub(r"\s+\n", "\n", text.replace(f' xmlns="{SVG}"', "")).strip()

    def _clean(self, each: ElementTree.Element, short: dict[str, str], on_paper: bool) -> None:
        own = each.attrib.pop("id", "")
        link = each.attrib.pop(f"{{{LINK}}}href", "")
        style = each.attrib.pop("style", "")
        for name, value in each.attrib.items():
            each.attrib[name] = _REFERENCE.sub(lambda m: f"url(#{short[m[1]]})", value)
        if own in short:
            each.set("id", short[own])
        if link:
            each.set("href", f"#{short[link[1:]]}")
        if style:
            style = _REFERENCE.sub(lambda m: f"url(#{short[m[1]]})", style)
            is_text = each.tag == f"{{{SVG}}}text"
            each.set("class", self._class(_own_style(style, is_text), is_text, on_paper))

    def _class(self, style: str, is_text: bool, on_paper: bool) -> str:
        """Return the class of a style."""
        if is_text and "fill" not in style:
            style += ";fill:#000000"
        if not on_paper:
            style = _COLOUR.sub(lambda found: _named(found[0], is_text), style)
        # By what it says, and not by when it came: a picture more changes no other.
        name = f"s{hashlib.sha256(style.encode()).hexdigest()[:8]}"
        return self._classes.setdefault(style, name)


def _plain(axes: Axes) -> None:
    """Take away the message, and what a page may not load: drawings as points inside the file."""
    axes.set_title("")
    axes.patch.set_visible(False)
    lines = [part for line in axes.get_xlabel().split("\n") for part in textwrap.wrap(line, LINE)]
    axes.set_xlabel("\n".join(lines))
    for artist in axes.get_children():
        if artist.get_rasterized():
            artist.set_rasterized(False)


def _own_style(style: str, is_text: bool) -> str:
    """Return a style without the font, which is the page's own; size and weight stay."""
    parts = [part.strip().replace(": ", ":") for part in style.split(";") if part.strip()]
    kept = []
    for part in parts:
        key, _, value = part.partition(":")
        found = _FONT.fullmatch(value) if is_text and key == "font" else None
        if found is not None:
            kept.append(f"font-size:{found['size']}")
            kept += ["font-weight:700"] if found["weight"] in ("700 ", "bold ") else []
        elif key not in ("font-family",):
            kept.append(f"{key}:{value}")
    return ";".join(kept)


def _named(colour: str, is_text: bool) -> str:
    """Return a colour as a variable of the page, with itself for a page that has none."""
    name = COLOURS.get(colour)
    if name is None:
        return colour
    suffix = "-text" if is_text and name in ("blue", "red", "green", "sky", "grey") else ""
    return f"var(--{name}{suffix},{colour})"
