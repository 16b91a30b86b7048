"""Where the answer of a command goes: files, pictures, one object, or the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.errors import ArgumentError, ResultError

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.cli.files import Then
    from funnelsim.report.screen import Screen

WIDTH = 80
BOLD = partial(click.style, bold=True)  # click takes it out where no terminal shows it


@dataclass(frozen=True)
class Delivery:
    """Where the answer of a command goes.

    Attributes
    ----------
    as_json : bool
        Print the object in place of the screen.
    verbose : bool
        Show detail on the screen.
    output, picture : str or None
        Files to write.
    """

    as_json: bool
    verbose: bool
    output: str | None
    picture: str | None = None

    @property
    def ending(self) -> str:
        """The ending of the file; empty where none is asked for."""
        return "" if self.output is None else Path(self.output).suffix.lower()

    def deliver(
        self,
        results: Sequence[xr.Dataset],
        screen: Callable[[], Screen],
        draw: str = "",
        then: Then | None = None,
    ) -> None:
        """Write the file, draw the picture, then print the object or the screen.

        Parameters
        ----------
        results : sequence of xarray.Dataset
            Of one kind each.
        screen : callable
            Returns what is shown.
        draw : str
            Where in ``report.plots`` the picture of the first result is: ``compare.differences``;
            needed where a picture may be asked for.
        then : Then, optional
            What may be asked next.
        """
        from funnelsim.results.export import as_json
        from funnelsim.results.files import save

        self.print(
            partial(as_json, *results),
            partial(save, list(results)),
            screen,
            then,
            partial(_draw, draw, results[0]),
        )

    def print(
        self,
        as_object: Callable[[], dict[str, Any]],
        save: Callable[[str], None],
        screen: Callable[[], Screen],
        then: Then | None = None,
        draw: Callable[[str], None] | None = None,
    ) -> None:
        """Write the file, draw the picture, then print the object or the screen.

        Parameters
        ----------
        as_object : callable
            Returns the object.
        save : callable
            Writes a file.
        screen : callable
            Returns what is shown.
        then : Then, optional
            What may be asked next.
        draw : callable, optional
            Draws the picture into a file.
        """
        from funnelsim.results.export import json_text

        if self.as_json:
            shown = json_text(as_object())
        else:
            last = [] if then is None else list(_told(then))
            shown = f"{screen().text(verbose=self.verbose, mark=BOLD, last=last)}\n"
        if self.output is not None:
            save(self.output)
            click.echo(f"Wrote {self.output}", err=True)
        if self.picture is not None and draw is not None:
            try:
                draw(self.picture)
                click.echo(f"Wrote {self.picture}", err=True)
            except (ArgumentError, ResultError) as reason:
                click.echo(f"No {self.picture}: {reason}", err=True)
        click.echo(shown, nl=False)


def _told(then: Then) -> Iterator[str]:
    r"""Yield a command as lines that a shell takes as one.

    Examples
    --------
    >>> from funnelsim.cli.files import Then
    >>> list(_told(Then("the page", ["funnelsim", "report", "a.toml"])))
    ['Next, the page: funnelsim report a.toml']
    >>> line, *more = _told(Then("the page", ["funnelsim", "report", 50 * "a", 20 * "b"]))
    >>> line, [len(each) for each in more], more[0][-2:]
    ('Next, the page:', [71, 24], ' \\')
    """
    line = f"Next, {then.tells}: {' '.join(then.words)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"Next, {then.tells}:"
    line = " "
    for word in then.words:
        if len(line) + len(word) + 3 > WIDTH:  # room for what goes on
            yield f"{line} \\"
            line = "   "
        line = f"{line} {word}"
    yield line


def _draw(draw: str, result: xr.Dataset, picture: str) -> None:
    from funnelsim.report.plots.saved import save_picture

    module, _, name = draw.partition(".")
    function = getattr(import_module(f"funnelsim.report.plots.{module}"), name)
    save_picture(lambda ax: function(result, ax=ax), picture)
