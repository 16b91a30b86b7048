"""The command that makes the page for whoever decides: report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.analysis.board.effort import FEWEST_DRAWS, MOST_DRAWS
from funnelsim.cli.examples import examples
from funnelsim.cli.files import plan_of
from funnelsim.cli.options import Drawn, draws_options, files_argument, set_option, variant_option
from funnelsim.cli.process import progress_bars
from funnelsim.cli.values import ending

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario


@examples(
    "funnelsim report sales_math -o report.html",
)
@click.command()
@files_argument
@set_option
@variant_option(about="Of one file: the plan is this variant.")
@draws_options(None, "20,000, of a team 2,000", least=FEWEST_DRAWS, most=MOST_DRAWS)
@click.option(
    "-o", "--output", metavar="OUT.html", default="report.html", show_default=True,
    callback=ending(".html"), help="Where the page goes.",
)  # fmt: skip
def report(
    files: tuple[str, ...],
    changes: tuple[str, ...],
    variant: str | None,
    drawn: Drawn[int | None],
    output: str,
) -> None:
    """Make one HTML page about a plan, for whoever decides about it.

    The answer first; then plans side by side, luck, levers, every assumption with its source. One
    file with its variants, or several files, the first being the page's own. It opens without a
    network, on a phone and on paper.
    """
    if variant is not None and len(files) > 1:
        raise click.UsageError("--variant is of one file. Name one, or compare whole files.")
    if len(set(files)) < len(files):
        raise click.UsageError("FILE: one stands twice. State it once.")
    plans = _plans(files, changes, variant)
    from funnelsim.report.page.report import report as made

    with progress_bars() as watch:
        made(
            plans,
            output,
            seed=drawn.seed,
            draws=drawn.draws,
            text=_text(files[0]),
            threads=drawn.threads,
            watch=watch,
        )
    click.echo(f"Wrote {Path(output).resolve()}")


def _plans(
    files: tuple[str, ...], changes: tuple[str, ...], variant: str | None
) -> Scenario | dict[str, Scenario]:
    """Return the one plan, or several by short names."""
    if len(files) == 1:
        return plan_of(files[0], changes, variant)
    short = [Path(file).stem for file in files]
    names = short if len(set(short)) == len(short) else files
    return {name: plan_of(file, changes) for name, file in zip(names, files, strict=True)}


def _text(file: str) -> str:
    """Return the text of a scenario file, whose comments name the sources."""
    from funnelsim.scenario import shelf

    if file in shelf.names():
        return shelf.text_of(file)
    return Path(file).read_text(encoding="utf-8-sig")
