"""Arguments and options of the commands, and what is asked of them before any work is done."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from funnelsim.cli import completion
from funnelsim.cli.files import Delivery

MOST_VALUES = 1_000_000  # of a path, and of all paths together
LEAST, MOST = Decimal("1e-15"), Decimal("1e15")  # sizes of numbers, as a scenario may state them


class OneOf(click.Choice[str]):
    """One of some words, with a guess at the one that was meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = get_close_matches(str(value), map(str, self.choices), n=1, cutoff=0.5)
            guess = f" Did you mean {near[0]}?" if near else ""
            raise click.BadParameter(f"{error.message}{guess}", ctx, param) from error


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
    found: dict[str, tuple[float, float]] = {}
    for value in values:
        form = "MEASURE=TOP:BOTTOM. Write close_rate=0.46:0.25"
        measure, stated = _once(value, found, form)
        found[measure] = _ends(value, stated, form)
    return found


def swept_values(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, list[float] | list[str]]:
    """Return the values of each path: a range with its step, or a list."""
    found: dict[str, list[float] | list[str]] = {}
    for value in values:
        path, stated = _once(value, found, "PATH=FROM:TO:STEP or PATH=A,B,C")
        if ":" in stated:
            found[path] = _range(value, stated)
            continue
        listed = [each.strip() for each in stated.split(",")]
        numbers = [_number(each) for each in listed]
        known = [_plain(each) for each in numbers if each is not None]
        found[path] = known if len(known) == len(listed) else listed
    cells = math.prod(map(len, found.values()))
    if cells > MOST_VALUES:
        sizes = " x ".join(f"{len(each):,}" for each in found.values())
        raise click.BadParameter(
            f"{sizes} = {cells:,} cells are more than {MOST_VALUES:,}. Take larger steps, or fewer "
            "paths."
        )
    return found


def ranges_by_path(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[float, float]]:
    """Return the two ends of each path."""
    found: dict[str, tuple[float, float]] = {}
    for value in values:
        path, stated = _once(value, found, "PATH=LOW:HIGH")
        found[path] = _ends(value, stated, "PATH=LOW:HIGH")
    return found


def range_of_two(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, float] | None:
    """Return the two ends of a range."""
    return None if value is None else _ends(value, value, "LOW:HIGH")


def numbers_by_name(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, float]:
    """Return a number for each name."""
    found: dict[str, float] = {}
    for value in values:
        name, stated = _once(value, found, str(param.metavar))
        number = _number(stated)
        if number is None:
            raise click.BadParameter(f"'{value}' must be {param.metavar}.")
        found[name] = _plain(number)
    return found


def texts_by_name(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, list[str]]:
    """Return a list of texts for each name."""
    found: dict[str, list[str]] = {}
    for value in values:
        name, stated = _once(value, found, str(param.metavar))
        found[name] = [each.strip() for each in stated.split(",")]
    return found


def number_list(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> list[float] | None:
    """Return numbers that commas separate."""
    if value is None:
        return None
    numbers = [_number(each) for each in value.split(",")]
    known = [float(each) for each in numbers if each is not None]
    if len(known) < len(numbers):
        raise click.BadParameter(f"'{value}' must be numbers, separated by commas.")
    return known


def _once(value: str, known: dict[str, Any], form: str) -> tuple[str, str]:
    """Return both sides of an assignment; a name may hold an equals sign of its own."""
    name, equals, stated = value.rpartition("=")
    if not equals or not name.strip() or not stated.strip():
        raise click.BadParameter(f"'{value}' must be {form}.")
    if name.strip() in known:
        raise click.BadParameter(f"'{value}': {name.strip()} was stated already. State it once.")
    return name.strip(), stated.strip()


def _range(value: str, stated: str) -> list[float]:
    """Return the values from one end to the other, which is among them if steps lead there."""
    numbers = [_number(each) for each in stated.split(":")]
    known = [each for each in numbers if each is not None]
    if len(numbers) != 3 or len(known) < 3:
        raise click.BadParameter(f"'{value}' must be PATH=FROM:TO:STEP. Write x=500:1500:50.")
    start, stop, step = known
    if step <= 0 or stop < start:
        raise click.BadParameter(f"'{value}': must rise, by a step above 0.")
    if stop - start >= step * MOST_VALUES:
        raise click.BadParameter(f"'{value}': more than {MOST_VALUES:,} values. Take larger steps.")
    count = int((stop - start) / step) + 1
    return [_plain(start + k * step) for k in range(count)]


def _ends(value: str, stated: str, form: str) -> tuple[float, float]:
    numbers = [_number(each) for each in stated.split(":")]
    known = [float(each) for each in numbers if each is not None]
    if len(numbers) != 2 or len(known) < 2:
        raise click.BadParameter(f"'{value}' must be {form}.")
    return known[0], known[1]


def _number(text: str) -> Decimal | None:
    """Return a number to the letter, so that steps of 0.1 add up; None for a text."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or (number and not LEAST <= number.copy_abs() <= MOST):
        raise click.BadParameter(
            f"'{text.strip()[:40]}': must be a number whose size is from {LEAST} to {MOST}, or 0."
        )
    return number


def _plain(number: Decimal) -> float:
    """Return a whole number as one: a file may ask for it."""
    return int(number) if number == number.to_integral_value() else float(number)


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return decorators as one, the first outermost."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


file_argument = click.argument("file", shell_complete=completion.files)
files_argument = click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", shell_complete=completion.files
)
set_option = click.option(
    "--set", "changes", metavar="PATH=VALUE", multiple=True, help="Change a value; repeatable.",
    shell_complete=completion.assignments,
)  # fmt: skip


def variant_option(
    *names: str, about: str = "Take a variant that the file states.", multiple: bool = False
) -> Callable[[Command], Command]:
    """Return an option that names a variant of the file."""
    return click.option(
        *(names or ("--variant",)), metavar="NAME", help=about, multiple=multiple,
        shell_complete=completion.variants,
    )  # fmt: skip


scenario_options = _options(file_argument, set_option, variant_option())


def _draws_option(default: int | None, shown: str) -> Callable[[Command], Command]:
    return click.option(
        "--draws", metavar="N", type=click.IntRange(1, 2**32), default=default, show_default=shown,
        help="Repetitions of the whole scenario.",
    )  # fmt: skip


_seed_option = click.option(
    "--seed", metavar="S", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True,
    help="Same seed, same numbers.",
)  # fmt: skip
_threads_option = click.option(
    "--threads",
    metavar="T",
    type=click.IntRange(1, 1_024),
    help="Default: as many as there are processors.",
)


def draws_options(default: int | None, shown: str = "") -> Callable[[Command], Command]:
    """Return the options of what is simulated, with a default number of draws."""
    draws = _draws_option(default, shown or f"{default:,}")
    return _options(draws, _seed_option, _threads_option)


luck_options = draws_options(100_000)
cluster_option = click.option(
    "--cluster", metavar="ADDRESS|local",
    help="Simulate on a Dask cluster, tcp://HOST:PORT, or on processes of this machine.",
)  # fmt: skip


def store_option(noun: str) -> Callable[[Command], Command]:
    """Return the option to keep what is finished, which says of what there are many."""
    return click.option(
        "--store", metavar="OUT.nc", callback=ending(".nc"),
        help=f"Keep finished {noun}, so that the same command goes on after an interruption.",
    )  # fmt: skip


method_option = click.option(
    "--method",
    type=OneOf(["auto", "exact", "simulated"]),
    default="auto",
    show_default=True,
    help="auto: exact where the twin covers the plan; draws count elsewhere.",
)
goal_options = _options(
    click.option(
        "--at-least", type=int, metavar="K", help="The goal: quota in at least K of the quarters."
    ),
    click.option(
        "--amount", type=float, metavar="A", help="The goal: bookings of A in place of the quota."
    ),
    click.option(
        "--by",
        type=OneOf(["quarter", "year"]),
        default="quarter",
        show_default=True,
        help="Of quarters, or of years.",
    ),
)
picture_option = click.option(
    "--picture", metavar="OUT.png", callback=ending(".png"), help="Also draw the picture."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, nothing else."
)


def result_option(files: str) -> Callable[[Command], Command]:
    """Return the option to write a file as well, which says what each ending holds."""
    return click.option(
        "-o", "--output", metavar="OUT", callback=ending(".nc", ".csv", ".json"),
        help=f"Also write a file: {files}.",
    )  # fmt: skip


def delivery_options(files: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the options that say where an answer goes; the command is given a ``Delivery``."""
    options = _options(json_option, result_option(files), picture_option)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_delivery(
            *, as_json: bool, output: str | None, picture: str | None, **stated: Any
        ) -> None:
            command(out=Delivery(as_json, output, picture), **stated)

        return options(with_delivery)

    return decorate
