"""Arguments and options that commands share; those that belong together come as one object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import click

from funnelsim.cli import completion
from funnelsim.cli.delivery import Delivery
from funnelsim.cli.files import Named
from funnelsim.cli.values import OneOf, Whole, WholeWithin, ending

if TYPE_CHECKING:
    from funnelsim.analysis.chances import Goal

Method = Literal["auto", "exact", "simulated"]
By = Literal["quarter", "year"]

Command = TypeVar("Command", bound=Callable[..., Any])
Count = TypeVar("Count", int, int | None)


@dataclass(frozen=True)
class Drawn(Generic[Count]):
    """What is drawn: how often, with which luck, on how many threads."""

    draws: Count
    seed: int
    threads: int | None


@dataclass(frozen=True)
class Wanted:
    """The goal that the line states."""

    at_least: int | None
    amount: float | None
    by: By

    def goal(self) -> Goal:
        """Return it, checked."""
        from funnelsim.analysis.chances import Goal

        return Goal(at_least=self.at_least, amount=self.amount, by=self.by)

    def words(self) -> list[str]:
        """Return the options that state it again.

        Examples
        --------
        >>> Wanted(3, None, "quarter").words(), Wanted(None, 3e5, "year").words()
        (['--at-least', '3'], ['--amount', '300000', '--by', 'year'])
        """
        words = [] if self.at_least is None else ["--at-least", str(self.at_least)]
        words += [] if self.amount is None else ["--amount", f"{self.amount:.15g}"]
        return words + ([] if self.by == "quarter" else ["--by", self.by])


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return decorators as one, the first outermost."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _as_one(
    name: str, kind: type, *decorators: Callable[[Any], Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return options as one, whose values the command is given as one object under a name."""
    own = [field.name for field in fields(kind)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def gathering(**stated: Any) -> None:
            values = {each: stated.pop(each) for each in own if each in stated}
            command(**stated, **{name: kind(**values)})

        return _options(*decorators)(gathering)

    return decorate


# Scenarios

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


def named_options(
    about: str = "Take a variant that the file states.", default: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what names a scenario; the command is given a ``Named``.

    Parameters
    ----------
    about : str
        What the help says of the variant.
    default : str, optional
        The file where none is stated.
    """
    stated: dict[str, Any] = {} if default is None else {"default": default}
    file = click.argument("file", shell_complete=completion.files, **stated)
    return _as_one("named", Named, file, set_option, variant_option(about=about))


scenario_options = named_options()


# Draws

cluster_option = click.option(
    "--cluster", metavar="ADDRESS|local",
    help="Simulate on a Dask cluster, tcp://HOST:PORT, or on processes of this machine.",
)  # fmt: skip
method_option = click.option(
    "--method",
    type=OneOf(["auto", "exact", "simulated"]),
    default="auto",
    show_default=True,
    help="auto: exact where the twin covers the plan; draws count elsewhere.",
)


def draws_options(
    default: int | None, shown: str = "", *, least: int = 1, most: int = 2**32
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the options of what is simulated; the command is given a ``Drawn``.

    Parameters
    ----------
    default : int or None
        The number of draws; None where the command chooses it.
    shown : str
        What the help says of it.
    least, most : int
        What the command takes.
    """
    return _as_one(
        "drawn",
        Drawn,
        click.option(
            "--draws", metavar="N", type=WholeWithin(least, most), default=default,
            show_default=shown or f"{default:,}", help="Repetitions of the whole scenario.",
        ),
        click.option(
            "--seed", metavar="S", type=WholeWithin(0, 2**63 - 1), default=1,
            show_default=True, help="Same seed, same numbers.",
        ),
        click.option(
            "--threads", metavar="T", type=WholeWithin(1, 1_024),
            help="Default: as many as there are processors.",
        ),
    )  # fmt: skip


def store_option(noun: str, more: str = "") -> Callable[[Command], Command]:
    """Return the option to keep what is finished, which says of what there are many."""
    return click.option(
        "--store", metavar="OUT.nc", callback=ending(".nc"),
        help=f"Keep finished {noun}, so that the same command goes on after an interruption.{more}",
    )  # fmt: skip


# Goals

attain_option = click.option(
    "--attain", type=float, default=0.80, show_default=True, help="How sure: a probability."
)
goal_options = _as_one(
    "wanted",
    Wanted,
    click.option(
        "--at-least",
        type=Whole(),
        metavar="K",
        help="The goal: quota in at least K of the quarters.",
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


# Answers

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, nothing else."
)
_verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Show detail: more tables, method, what words mean."
)
_picture_option = click.option(
    "--picture", metavar="OUT.png", callback=ending(".png"), help="Also draw the picture."
)


def delivery_options(
    files: str, *endings: str, picture: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the options that say where an answer goes; the command is given a ``Delivery``.

    Parameters
    ----------
    files : str
        What each ending of a file holds.
    *endings : str
        Those that the command writes. Default: .nc, .csv and .json.
    picture : bool
        Whether there is a picture to draw.
    """
    output = click.option(
        "-o", "--output", metavar="OUT", callback=ending(*(endings or (".nc", ".csv", ".json"))),
        help=f"Also write a file: {files}.",
    )  # fmt: skip
    drawing = [_picture_option] if picture else []
    return _as_one("out", Delivery, _verbose_option, json_option, output, *drawing)
