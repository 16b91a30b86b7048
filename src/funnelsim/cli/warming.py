"""The command that compiles ahead: warmup."""

from __future__ import annotations

import click

from funnelsim.cli.examples import examples
from funnelsim.cli.options import json_option
from funnelsim.cli.process import FAILED

REMEDY = "Set NUMBA_CACHE_DIR to a folder of yours, and run it again."


@examples("funnelsim warmup", "funnelsim warmup --json")
@click.command()
@json_option
@click.pass_context
def warmup(context: click.Context, as_json: bool) -> None:
    """Compile ahead, so that no later run has to.

    In an image: before it becomes read-only.
    """
    from funnelsim.engine.warming import warm_up

    warmed = warm_up()
    kept = warmed.folder
    if as_json:
        from funnelsim.results.export import json_text

        told = {
            "compiled": warmed.compiled,
            "seconds": warmed.seconds,
            "cache": None if kept is None else str(kept),
        }
        click.echo(json_text(told), nl=False)
    elif warmed.compiled:
        click.echo(f"Compiled in {warmed.seconds:.1f} s.")
    else:
        click.echo("Compiled before. Nothing to do.")
    if kept is None:
        tried = ", ".join(map(str, warmed.folders))
        click.echo(f"Error: no folder takes compiled code ({tried}). {REMEDY}", err=True)
        context.exit(FAILED)
    if not as_json:
        click.echo(f"Kept in {kept}")
