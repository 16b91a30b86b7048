"""What options state, read and checked before any work is done."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

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


class Whole(click.types.IntParamType):
    """A whole number, in any spelling of one: 1000000, 1_000_000 or 1e6."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        digits = _digits(value)
        if digits is None:
            self.fail(f"'{value}' is too large.", param, ctx)
        number: int = super().convert(digits, param, ctx)
        return number


class WholeWithin(click.IntRange):
    """The same, within bounds."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        digits = _digits(value)
        if digits is None:
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return super().convert(digits, param, ctx)


def _digits(value: Any) -> Any:
    """Return a whole number digit by digit, None if nobody means so many; all else as it is.

    Examples
    --------
    >>> _digits("1e6"), _digits("2.5"), _digits("1e99"), _digits("-1e999999999")
    ('1000000', '2.5', None, None)
    """
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal("nan")
    except InvalidOperation:
        return value
    if not number.is_finite() or number != number.to_integral_value():
        return value
    return f"{number:.0f}" if number.copy_abs() <= MOST else None


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
