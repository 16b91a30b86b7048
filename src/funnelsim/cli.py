"""The command line: parse, call, print.

Numbers come from the library and sentences from ``report``. Whatever is heavy is imported inside
the command that needs it, so that help and ``validate`` answer at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from funnelsim.errors import ArgumentError, FunnelsimError, ResultError, ScenarioError

if TYPE_CHECKING:
    from funnelsim.analysis.answers import Answer
    from funnelsim.scenario.model import Scenario

FAILED, USAGE, INVALID, INTERRUPTED = 1, 2, 3, 130
STOPPED = "Interrupted."
SECONDS_BEFORE_PROGRESS = 0.5
SECONDS_TO_STOP = 1.5

Command = TypeVar("Command", bound=Callable[..., Any])


class Commands(click.Group):
    """The group of commands, which turns what went wrong into a message and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; no mistake of a user ends in a traceback."""
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGINT, _stop)
            ctx.call_on_close(lambda: signal.signal(signal.SIGINT, before))
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            status, message = INTERRUPTED, STOPPED
        except ArgumentError as error:
            status, message = USAGE, f"Error: {error}"
        except (ScenarioError, ResultError) as error:
            status, message = INVALID, str(error)
        except FunnelsimError as error:
            status, message = FAILED, f"Error: {error}"
        except MemoryError:
            status, message = FAILED, "Error: not enough memory."
        except BrokenPipeError:
            raise  # who read us went away: click ends quietly
        except OSError as error:
            about = f"{error.filename}: " if error.filename else ""
            status, message = FAILED, f"Error: {about}{error.strerror or error}"
        click.echo(message, err=True)
        ctx.exit(status)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="funnelsim")
def main() -> None:
    """Tell how likely a sales plan is to make quota.

    FILE is a scenario file, or the name of a preset. Begin with: funnelsim demo
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # for names that the terminal has no letters for
            stream.reconfigure(errors="replace")


def _ending(*endings: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
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


def _result_option(netcdf: str) -> Callable[[Command], Command]:
    return click.option(
        "-o", "--output", metavar="OUT", callback=_ending(".nc", ".csv", ".json"),
        help=f"Also write a file: .nc ({netcdf}), .csv or .json (the summary).",
    )  # fmt: skip


@main.command()
@luck_options
@click.option(
    "-o", "--output", metavar="OUT.png", default="funnelsim-demo.png", show_default=True,
    callback=_ending(".png"), help="Where the picture goes.",
)  # fmt: skip
def demo(draws: int, seed: int, threads: int | None, output: str) -> None:
    """Show the Sales Math, end to end, with its picture."""
    from funnelsim.report.demo import demo as numbers_of
    from funnelsim.report.demo import demo_text, save_picture

    numbers = numbers_of(draws=draws, seed=seed, threads=threads)
    save_picture(numbers, output)
    click.echo(demo_text(numbers, str(Path(output).resolve())))


@main.command()
@click.argument("file", default="scenario.toml", callback=_ending(".toml"))
def new(file: str) -> None:
    """Write a commented scenario file to begin with."""
    from funnelsim.results.export import json_text
    from funnelsim.scenario.files import json_schema, starter
    from funnelsim.writing import write_text

    schema = Path(file).with_name("scenario.schema.json")
    if Path(file).exists():
        raise click.BadParameter(f"'{file}' exists already; it is not overwritten.")
    if not schema.exists():
        write_text(schema, json_text(json_schema()))
    write_text(file, starter())
    click.echo(f"Wrote {file} (and {schema.name}, for completion in editors). Now:")
    click.echo("  edit it, every key is explained in it")
    click.echo(f"  funnelsim validate {file}")
    click.echo(f"  funnelsim simulate {file}")


@main.command()
@scenario_options
@luck_options
@json_option
@_result_option("every draw")
def simulate(
    file: str,
    changes: tuple[str, ...],
    variant: str | None,
    draws: int,
    seed: int,
    threads: int | None,
    as_json: bool,
    output: str | None,
) -> None:
    """Simulate one scenario, exact values beside it."""
    plan = _plan(file, changes, variant)
    from funnelsim.analysis.answers import checked, simulated
    from funnelsim.report.text import summary_text

    with _progress() as progress:
        answer = simulated(
            plan,
            draws=draws,
            seed=seed,
            threads=threads,
            keep_samples=output is not None and output.lower().endswith(".nc"),
            progress=progress,
        )
    _deliver(answer, output, as_json, lambda: summary_text(answer, *checked(plan)))


@main.command()
@scenario_options
@json_option
@_result_option("the summary by quarter")
def exact(
    file: str, changes: tuple[str, ...], variant: str | None, as_json: bool, output: str | None
) -> None:
    """Compute one scenario exactly, without noise."""
    plan = _plan(file, changes, variant)
    from funnelsim.analysis.answers import computed
    from funnelsim.report.text import summary_text

    answer = computed(plan)
    _deliver(answer, output, as_json, lambda: summary_text(answer))


@main.command()
@scenario_options
@json_option
def validate(file: str, changes: tuple[str, ...], variant: str | None, as_json: bool) -> None:
    """Check a scenario, and say what in it is probably not meant."""
    from funnelsim.report.validation import verdict_json, verdict_text
    from funnelsim.scenario.lint import lint

    try:
        warnings = lint(_plan(file, changes, variant))
    except ScenarioError as error:
        if as_json:
            click.echo(verdict_json(file, error.problems, ()), nl=False)
        raise
    if as_json:
        click.echo(verdict_json(file, (), warnings), nl=False)
    else:
        click.echo(verdict_text(file, warnings))


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from funnelsim.results.export import json_text
    from funnelsim.scenario.files import json_schema

    click.echo(json_text(json_schema()), nl=False)


@main.command()
@json_option
def presets(as_json: bool) -> None:
    """List the scenarios that come with funnelsim, and their variants."""
    from funnelsim.report.validation import presets_json, presets_text

    click.echo(presets_json() if as_json else presets_text(), nl=False)


def _stop(*_: object) -> None:
    """Raise KeyboardInterrupt, and end the process where a compiling thread does not let it go."""

    def end() -> None:
        click.echo(STOPPED, err=True)
        os._exit(INTERRUPTED)

    watchdog = threading.Timer(SECONDS_TO_STOP, end)
    watchdog.daemon = True
    watchdog.start()
    raise KeyboardInterrupt


def _plan(file: str, changes: tuple[str, ...], variant: str | None) -> Scenario:
    """Return the scenario that the command line names: file or preset, variant, then changes."""
    from funnelsim.scenario.files import load, preset
    from funnelsim.scenario.files import presets as names
    from funnelsim.scenario.parsing import parse_assignment

    assignments = [parse_assignment(change) for change in changes]
    plan = preset(file) if file in names() else load(file)
    if variant is not None:
        plan = plan.variant(variant)
    return plan.replace(dict(assignments)) if assignments else plan


def _deliver(answer: Answer, output: str | None, as_json: bool, text: Callable[[], str]) -> None:
    """Write the file, then print the object or the screen."""
    from funnelsim.analysis.answers import save_answer
    from funnelsim.results.export import json_text

    shown = json_text(answer.as_json()) if as_json else f"{text()}\n"
    if output is not None:
        save_answer(answer, output)
        click.echo(f"Wrote {output}", err=True)
    click.echo(shown, nl=False)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Yield what shows progress on a terminal once work takes long; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    begun = time.monotonic()

    def show(done: int, total: int) -> None:
        if time.monotonic() - begun > SECONDS_BEFORE_PROGRESS:
            filled = 30 * done // total
            bar = f"[{'#' * filled}{'-' * (30 - filled)}]"
            click.echo(f"\r{bar} {done:,} of {total:,} draws", nl=False, err=True)

    try:
        yield show
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)
