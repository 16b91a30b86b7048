"""What commands read and write: scenarios in; results, pictures and screens out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.errors import ArgumentError, ResultError

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario


def plan_of(file: str, changes: Sequence[str] = (), variant: str | None = None) -> Scenario:
    """Return the scenario that the command line names: file or preset, variant, then changes."""
    from funnelsim.scenario.files import load, preset
    from funnelsim.scenario.files import presets as names
    from funnelsim.scenario.parsing import parse_assignment

    assignments = [parse_assignment(change) for change in changes]
    plan = preset(file) if file in names() else load(file)
    if variant is not None:
        plan = plan.variant(variant)
    return plan.replace(dict(assignments)) if assignments else plan


def deliver(
    as_object: Callable[[], dict[str, Any]],
    save: Callable[[str], None],
    output: str | None,
    as_json: bool,
    text: Callable[[], str],
) -> None:
    """Write the file, then print the object or the screen."""
    from funnelsim.results.export import json_text

    shown = json_text(as_object()) if as_json else f"{marked(text())}\n"
    if output is not None:
        save(output)
        click.echo(f"Wrote {output}", err=True)
    click.echo(shown, nl=False)


@dataclass(frozen=True)
class Delivery:
    """Where the answer of a command goes.

    Attributes
    ----------
    as_json : bool
        Print the object in place of the screen.
    output, picture : str or None
        Files to write.
    """

    as_json: bool
    output: str | None
    picture: str | None

    @property
    def ending(self) -> str:
        """The ending of the file; empty where none is asked for."""
        return "" if self.output is None else Path(self.output).suffix.lower()

    def deliver(self, results: Sequence[xr.Dataset], text: Callable[[], str], draw: str) -> None:
        """Write the file, draw the picture, then print the object or the screen.

        Parameters
        ----------
        results : sequence of xarray.Dataset
            Of one kind each.
        text : callable
            Returns the screen.
        draw : str
            Where in ``report.plots`` the picture of the first result is: ``compare.differences``.
        """
        from funnelsim.results.export import as_json as as_object
        from funnelsim.results.export import json_text
        from funnelsim.results.files import save

        shown = json_text(as_object(*results)) if self.as_json else f"{marked(text())}\n"
        if self.output is not None:
            save(list(results), self.output)
            click.echo(f"Wrote {self.output}", err=True)
        if self.picture is not None:
            click.echo(_picture_saved(draw, results[0], self.picture), err=True)
        click.echo(shown, nl=False)


def marked(screen: str) -> str:
    r"""Return a screen with its answer in bold: click takes that out where no terminal shows it.

    The first line says what was asked, the answer follows as far as the first blank line.

    Examples
    --------
    >>> marked("Plan: exact\nQuota is made.\n\nquarter 1")
    'Plan: exact\n\x1b[1mQuota is made.\x1b[0m\n\nquarter 1'
    """
    asked, _, rest = screen.partition("\n")
    answer, blank, details = rest.partition("\n\n")
    if not blank:
        return screen
    return f"{asked}\n{click.style(answer, bold=True)}{blank}{details}"


def _picture_saved(draw: str, result: xr.Dataset, picture: str) -> str:
    """Draw a picture; return that it was written, or why there is none."""
    from funnelsim.report.plots.saved import save_picture

    module, _, name = draw.partition(".")
    function = getattr(import_module(f"funnelsim.report.plots.{module}"), name)
    try:
        save_picture(lambda ax: function(result, ax=ax), picture)
    except (ArgumentError, ResultError) as reason:
        return f"No {picture}: {reason}"
    return f"Wrote {picture}"
