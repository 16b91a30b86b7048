"""Completion in shells: the command that prints it, and what values it offers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from funnelsim.cli.examples import examples
from funnelsim.errors import FunnelsimError

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

VARIABLE = "_FUNNELSIM_COMPLETE"


@examples(
    "funnelsim completion bash > funnelsim.bash",
    "funnelsim completion zsh > _funnelsim",
    "funnelsim completion fish > funnelsim.fish",
)
@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, presets, variants and paths.

    Bash reads the file when it is sourced from ~/.bashrc; zsh looks for it in a folder of $fpath;
    fish in ~/.config/fish/completions.
    """
    found = get_completion_class(shell)
    if found is None:  # the shells are click's own
        raise click.UsageError(f"click completes nothing for {shell}.")
    click.echo(found(context.find_root().command, {}, "funnelsim", VARIABLE).source())


def files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer presets, and leave files to the shell."""
    from funnelsim.scenario.files import presets

    found = [CompletionItem(name) for name in presets() if name.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type="file")]


def variants(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the variants that the named plan states."""
    plan = _plan(context)
    return [] if plan is None else [name for name in plan.variants if name.startswith(incomplete)]


def paths(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the paths of the named plan."""
    return _paths(context, incomplete)


def assignments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the paths of the named plan, as far as the equals sign."""
    return [f"{path}=" for path in _paths(context, incomplete)]


def _paths(context: click.Context, incomplete: str) -> list[str]:
    from funnelsim.scenario.paths import paths_of

    plan = _plan(context)
    return [] if plan is None else [each for each in paths_of(plan) if each.startswith(incomplete)]


def _plan(context: click.Context) -> Scenario | None:
    """Return the plan that the line names so far, if it is one."""
    from funnelsim.scenario.files import load, preset, presets

    params = context.params
    stated = [params.get("file"), *(params.get("files") or ()), *context.args]  # not parsed so far
    for name in filter(None, stated):
        try:
            return preset(name) if name in presets() else load(Path(name))
        except (FunnelsimError, OSError):
            continue
    return None
