"""Arguments and options of the commands, and what is asked of them before any work is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def ending(*endings: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return a check that a file to be written can be, before any work is done for it."""

    def check(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        if Path(value).suffix.lower() not in endings:
            raise click.BadParameter(f"'{value}' must end in {' or '.join(endings)}.")
        if not Path(value).parent.is_dir():
            raise click.BadParameter(f"there is no folder '{Path(value).parent}'.")
        return value

    return check


def folder(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check that a folder is there or can be made, before any work is done for it."""
    if value is None:
        return None
    if not value:
        raise click.BadParameter("no folder is named.")
    if Path(value).is_dir():
        return value
    if Path(value).exists():
        raise click.BadParameter(f"'{value}' is a file, not a folder.")
    if not Path(value).parent.is_dir():
        raise click.BadParameter(f"there is no folder '{Path(value).parent}' to make it in.")
    return value


def observed_pairs(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[float, float]]:
    """Return what was observed of the ends of a team, by measure."""
    found = {}
    for value in values:
        measure, _, pair = value.partition("=")
        top, _, bottom = pair.partition(":")
        try:
            numbers = float(top), float(bottom)
        except ValueError:
            raise click.BadParameter(
                f"'{value}' must be MEASURE=TOP:BOTTOM. Write close_rate=0.46:0.25."
            ) from None
        if measure in found:
            raise click.BadParameter(f"'{value}': {measure} was stated already. State it once.")
        found[measure] = numbers
    return found


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return decorators as one, the first outermost."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


scenario_options = _options(
    click.argument("file"),
    click.option(
        "--set", "changes", metavar="PATH=VALUE", multiple=True, help="Change a value; repeatable."
    ),
    click.option("--variant", metavar="NAME", help="Take a variant that the file states."),
)
luck_options = _options(
    click.option(
        "--draws", type=click.IntRange(1, 2**32), default=100_000, show_default=True,
        help="Repetitions of the whole scenario.",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True,
        help="Same seed, same numbers.",
    ),
    click.option(
        "--threads", type=click.IntRange(1, 1_024), help="Default: as many as there are processors."
    ),
)  # fmt: skip
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, nothing else."
)


def result_option(files: str) -> Callable[[Command], Command]:
    """Return the option to write a file as well, which says what each ending holds."""
    return click.option(
        "-o", "--output", metavar="OUT", callback=ending(".nc", ".csv", ".json"),
        help=f"Also write a file: {files}.",
    )  # fmt: skip
