"""From what a page holds to one HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from funnelsim.report.levers import lever_amount, lever_name
from funnelsim.report.page.content import Content, WhatIf
from funnelsim.report.page.elements import Cell, Table, cite, sentence
from funnelsim.report.page.sources import MOST_LISTED, Assumed

if TYPE_CHECKING:
    import jinja2

NO_HASH = "0" * 64
POLICY = (
    "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; "
    "form-action 'none'"
)
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 560, 230, 52, 14, 190, 540  # of the curve
EDGE = 34  # to its first and last stop
LEVELS = (0, 25, 50, 75, 100)  # percent


@dataclass(frozen=True)
class Made:
    """What a page was made from and with.

    Attributes
    ----------
    versions : mapping of str to str
        Of what made the numbers and the pictures, by name.
    seed, draws : int
    scenario : str
        The hash of the scenario.
    files : mapping of str to str
        Scenarios as TOML, by name.
    """

    versions: Mapping[str, str]
    seed: int
    draws: int
    scenario: str
    files: Mapping[str, str]


def rendered(content: Content, made: Made, pictures_css: str) -> str:
    """Return a page as HTML: the same for the same input, to the byte.

    Its content hash is that of the page with zeros in place of the hash.
    """
    style = Markup(f"{_look('style.css')}{pictures_css}")  # noqa: S704  our own
    script = Markup(_look("script.js"))  # noqa: S704
    template = _environment().get_template("page.html")
    html = template.render(
        page=content,
        style=style,
        script=script,
        policy=Markup(  # noqa: S704
            POLICY.format(
                style=_hashed(style), script=_hashed(script) if content.what_if else "'none'"
            )
        ),
        curve=None if content.what_if is None else _curve(content.what_if),
        assumed=_assumed_table(content),
        made={
            "version": made.versions["funnelsim"],
            "versions": ", ".join(f"{name} {each}" for name, each in made.versions.items()),
            "seed": made.seed,
            "draws": f"{made.draws:,}",
            "scenario": made.scenario[:16],
            "files": [{"name": name, "text": text} for name, text in made.files.items()],
            "hash": NO_HASH,
        },
    )
    digest = hashlib.sha256(html.encode()).hexdigest()
    return html.replace(NO_HASH, digest)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_look),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def _look(name: str) -> str:
    """Return a file of the page's look."""
    return files("funnelsim.report.page").joinpath("look", name).read_text(encoding="utf-8")


def _hashed(text: str) -> str:
    """Return what a security policy knows an inline style or script by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _curve(what_if: WhatIf) -> dict[str, Any]:
    """Return the curve along the first slider, the others at the plan: places and words."""
    first, *others = what_if.sliders
    last = len(first.stops) - 1
    step = (RIGHT - LEFT - 2 * EDGE) / max(last, 1)
    rest = [each.start for each in others]
    chances = {
        stand.places[0]: stand.chance for stand in what_if.stands if list(stand.places[1:]) == rest
    }
    places = {
        stop: (LEFT + EDGE + stop * step, BOTTOM - chance * (BOTTOM - TOP))
        for stop, chance in sorted(chances.items())
    }
    here = places[first.start]
    height = BOTTOM - TOP
    return {
        "name": f"{first.name[0].lower()}{first.name[1:]}",
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": RIGHT,
        "top": TOP,
        "bottom": BOTTOM,
        "first": LEFT + EDGE,
        "step": f"{step:.6g}",
        "points": " ".join(f"{x:.6g},{y:.6g}" for x, y in places.values()),
        "here": {"x": f"{here[0]:.6g}", "y": f"{here[1]:.6g}"},
        "levels": [{"y": BOTTOM - each * height / 100, "text": f"{each} %"} for each in LEVELS],
        "stops": [
            {"x": f"{x:.6g}", "text": first.stops[stop].striptags().partition(" (")[0]}
            for stop, (x, _) in places.items()
        ],
    }


def _assumed_table(content: Content) -> Table:
    heads = ["key", "value", "unit", "source", "date", "what the file says of it"]
    rows: list[list[Cell]] = [
        [
            _key(each),
            _value(each, content.currency),
            content.currency if each.unit == "currency" else each.unit,
            each.source,
            each.date,
            each.note,
        ]
        for each in content.assumed
    ]
    return Table("Every number that the plan states", heads, rows)


def _key(each: Assumed) -> Cell:
    """Return a key, and what it is in words where there are any."""
    name = lever_name(each.path)
    if name == each.path:
        return sentence("<code>{path}</code>", path=each.path)
    return sentence("{name}<br><code>{path}</code>", name=name, path=each.path)


def _value(each: Assumed, currency: str) -> Cell:
    """Return a number, or the first of a list."""
    shown = [cite(value, _said(each, value, currency)) for value in each.numbers[:MOST_LISTED]]
    more = len(each.numbers) - len(shown)
    return Markup(", ").join(shown) + (f" and {more} more" if more > 0 else "")


def _said(each: Assumed, value: float, currency: str) -> str:
    if each.unit in ("share", "currency"):
        path = "x.conversion" if each.unit == "share" else "quota.per_quarter"
        return lever_amount(path, value, currency)
    return f"{value:,.6g}"
