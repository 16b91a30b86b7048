"""Examples in the help of commands, and the order in which commands are listed."""

from __future__ import annotations

from collections.abc import Callable

import click

HEADING = "Examples:"
MOST_LETTERS = 200  # of the sentence about a command: all of it, on two lines if need be
# Every command, by what it is for; those of no section follow.
SECTIONS = {
    "To begin with": ("demo", "new", "presets", "validate"),
    "One plan": ("simulate", "exact", "luck", "economics", "report"),
    "Plans side by side": ("compare", "sweep", "bridge", "sensitivity"),
    "What a goal takes": ("solve", "quota", "headcount", "coverage", "mix"),
    "About funnelsim": ("warmup", "schema", "completion"),
}


def examples(*lines: str) -> Callable[[click.Command], click.Command]:
    """Return a decorator that shows examples at the end of a command's help, one a line."""

    def decorate(command: click.Command) -> click.Command:
        shown = "\n".join(f"  {line}" for line in lines)
        command.epilog = f"\b\n{HEADING}\n{shown}"
        return command

    return decorate


def examples_of(command: click.Command) -> list[str]:
    """Return the examples of a command."""
    return [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]


def write_sections(
    group: click.Group, context: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the commands of a group under the headings of ``SECTIONS``."""
    left = {name: group.commands[name] for name in group.list_commands(context)}
    for heading, names in SECTIONS.items():
        there = {name: left.pop(name) for name in names if name in left}
        _write_section(heading, there, formatter)
    _write_section("Others", left, formatter)


def _write_section(
    heading: str, commands: dict[str, click.Command], formatter: click.HelpFormatter
) -> None:
    rows = [(name, each.get_short_help_str(MOST_LETTERS)) for name, each in commands.items()]
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows)
