"""Pages for the tests: made once, with what they were made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import xarray as xr

import funnelsim as fs
from funnelsim.report.page import report as making
from funnelsim.scenario.model import Scenario

DRAWS, SEED = 1_000, 1
EVIL = "<script>alert(1)</script>"
EVIL_STAGE = '"><img src=x onerror=alert(2)> $x$'
EVIL_KPI = "</style></script><b>'=cmd|' /C calc'!A0"
EVIL_VARIANT = "$\\frac{1}{0}$ {{ 7 * 7 }} </data>"
VOID = ("meta", "br", "input")


@dataclass(frozen=True)
class Made:
    """A page, the plan it is about, and all that was found about that."""

    plan: Scenario
    html: str
    found: Any


def hostile() -> Scenario:
    """A plan whose every name is an attack, small enough to be answered at once."""
    data = {
        "name": EVIL,
        "quota": {"per_quarter": 100_000},
        "calendar": {"quarters": 1},
        "activity": {"per_quarter": 100},
        "stages": [{"name": EVIL_STAGE, "conversion": 0.1}, {"name": "won", "conversion": 0.3}],
        "deal_size": {"law": "lognormal", "mean": 40_000, "cv": 0.5},
        "kpis": [
            {"name": EVIL_KPI, "metric": "activities", "target": 6, "per": "week", "share": 0.8}
        ],
        "variants": {EVIL_VARIANT: {"activity": {"per_quarter": 120}}},
    }
    return Scenario(**data)


@cache
def page_of(name: str) -> Made:
    """Return the page of a preset, or of the hostile plan."""
    return made(hostile() if name == "hostile" else fs.preset(name))


def made(plan: Scenario, **how: Any) -> Made:
    """Return a page and what it was made from."""
    found: list[Any] = []
    asks = {name: getattr(making, name) for name in ("ask_about_rep", "ask_about_company")}

    def recording(ask: Any) -> Any:
        def asked(*arguments: Any) -> Any:
            found.append(ask(*arguments))
            return found[-1]

        return asked

    try:
        for name, ask in asks.items():
            setattr(making, name, recording(ask))
        html = making.report(plan, **({"draws": DRAWS, "seed": SEED} | how))
    finally:
        for name, ask in asks.items():
            setattr(making, name, ask)
    return Made(plan, html, found[0])


def numbers_in(thing: Any) -> Iterator[float]:
    """Yield every number of what was found: values and errors, and means over the quarters."""
    if isinstance(thing, bool) or thing is None or isinstance(thing, str):
        return
    if isinstance(thing, int | float | np.number):
        yield float(thing)
    elif isinstance(thing, xr.Dataset):
        arrays = list(thing.data_vars.values()) + list(thing.coords.values())
        for array in arrays:
            if array.dtype.kind in "iuf":
                yield from array.values.astype(float).ravel().tolist()
                if "quarter" in array.dims:
                    yield from array.mean("quarter").values.astype(float).ravel().tolist()
        yield from numbers_in(thing.attrs)
    elif isinstance(thing, np.ndarray):
        return  # draws: no page tells one
    elif isinstance(thing, dict):
        for each in thing.values():
            yield from numbers_in(each)
    elif isinstance(thing, list | tuple):
        for each in thing:
            yield from numbers_in(each)
    elif dataclasses.is_dataclass(thing):
        for each in dataclasses.fields(thing):
            yield from numbers_in(getattr(thing, each.name))
        for name, member in vars(type(thing)).items():
            if isinstance(member, property) and name in ("relative", "needed", "targets"):
                value = getattr(thing, name)
                yield from numbers_in(value.tolist() if isinstance(value, np.ndarray) else value)
    elif isinstance(thing, Scenario):
        yield from numbers_in(thing.model_dump())


@dataclass
class Node:
    """An element: its name, attributes, and the texts and elements in it."""

    tag: str
    attrs: dict[str, str]
    inside: list[Node | str] = field(default_factory=list)

    def all(self, tag: str = "", **attrs: str) -> Iterator[Node]:
        for each in self.inside:
            if isinstance(each, Node):
                wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attrs.items()}
                if tag in ("", each.tag) and wanted.items() <= each.attrs.items():
                    yield each
                yield from each.all(tag, **attrs)

    def first(self, tag: str = "", **attrs: str) -> Node:
        return next(self.all(tag, **attrs))

    @property
    def plain(self) -> str:
        """All text in it, as it stands."""
        return "".join(each if isinstance(each, str) else each.plain for each in self.inside)

    @property
    def text(self) -> str:
        """All text in it, as it is read: white space is one space."""
        return " ".join(self.plain.split())

    def bare(self, without: tuple[str, ...]) -> str:
        """The text that is not inside of some elements."""
        parts = (
            each if isinstance(each, str) else "" if each.tag in without else each.bare(without)
            for each in self.inside
        )  # fmt: skip
        return " ".join(parts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {key: value or "" for key, value in attrs})
        self.stack[-1].inside.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.stack[-1].inside.append(Node(tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while len(self.stack) > 1:
            if self.stack.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        self.stack[-1].inside.append(data)


def tree(html: str) -> Node:
    """Return a page as elements."""
    reader = _Reader()
    reader.feed(html)
    return reader.stack[0]
