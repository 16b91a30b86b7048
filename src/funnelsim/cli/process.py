"""How a command runs and ends: messages instead of tracebacks, progress, Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from funnelsim.cli.examples import write_sections
from funnelsim.errors import ArgumentError, FunnelsimError, ResultError, ScenarioError

FAILED, USAGE, INVALID, INTERRUPTED = 1, 2, 3, 130
STOPPED = "Interrupted."
SECONDS_BEFORE_PROGRESS = 0.5
SECONDS_BETWEEN = 0.1  # two lines of it
SECONDS_TO_STOP = 1.5


class Commands(click.Group):
    """The group of commands, which turns what went wrong into a message and an exit status."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what they are for."""
        write_sections(self, ctx, formatter)

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
        click.echo(click.style(message, fg="red"), err=True)
        ctx.exit(status)


@contextmanager
def progress_bar(noun: str = "draws") -> Iterator[Callable[[int, int], None] | None]:
    """Yield what shows progress on a terminal once work takes long; None elsewhere.

    Parameters
    ----------
    noun : str
        What is counted.
    """
    if not sys.stderr.isatty():
        yield None
        return
    begun = time.monotonic()
    shown = begun
    first: tuple[float, int] | None = None

    def show(done: int, total: int) -> None:
        nonlocal first, shown
        now = time.monotonic()
        if first is None or done < first[1]:
            first = now, done  # what was done by then took a start, or was done before
        often = now - shown < SECONDS_BETWEEN and done < total
        if often or now - begun < SECONDS_BEFORE_PROGRESS:
            return
        shown = now
        filled = 30 * done // total
        bar = f"[{'#' * filled}{'-' * (30 - filled)}]"
        left = (now - first[0]) * (total - done) / max(done - first[1], 1)
        still = f", {_duration(left)} left" if left >= 1 else ""
        click.echo(f"\r{bar} {done:,} of {total:,} {noun}{still}\x1b[K", nl=False, err=True)

    try:
        yield show
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


def _duration(seconds: float) -> str:
    """Return a time in whole units.

    Examples
    --------
    >>> _duration(41.2), _duration(95), _duration(7_300)
    ('41 s', '2 min', '2 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.0f} h"


def _stop(*_: object) -> None:
    """Raise KeyboardInterrupt, and end the process where a compiling thread does not let it go."""

    def end() -> None:
        click.echo(STOPPED, err=True)
        os._exit(INTERRUPTED)

    watchdog = threading.Timer(SECONDS_TO_STOP, end)
    watchdog.daemon = True
    watchdog.start()
    raise KeyboardInterrupt
