"""How a command runs and ends: messages instead of tracebacks, progress, Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import textwrap
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
NARROWEST = 40  # columns
NARROWEST_BAR, WIDEST_BAR = 8, 24  # letters
TO_END_OF_LINE = "\x1b[K"  # clears

Progress = Callable[[int, int], None]


class Commands(click.Group):
    """The group of commands, which turns what went wrong into a message and an exit status."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what they are for."""
        write_sections(self, ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; no mistake of a user ends in a traceback."""
        if threading.current_thread() is threading.main_thread():
            ctx.with_resource(_ctrl_c_heard())
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            wipe()
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
        click.echo(click.style(_fitted(message), fg="red"), err=True)
        ctx.exit(status)


def _fitted(message: str) -> str:
    """Return a message that breaks between words on a terminal; elsewhere a problem is a line."""
    if not sys.stderr.isatty():
        return message
    columns = max(shutil.get_terminal_size().columns, NARROWEST)
    lines = []
    for line in message.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        lines += textwrap.wrap(
            line, columns, subsequent_indent=f"{indent}  ",
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
    return "\n".join(lines)


@contextmanager
def progress_bar(part: str, noun: str = "draws") -> Iterator[Progress | None]:
    """Yield what shows progress on a terminal once work takes long; None elsewhere.

    Parameters
    ----------
    part : str
        What is worked on, in a few words.
    noun : str
        What is counted.
    """
    if not sys.stderr.isatty():
        yield None
        return
    try:
        yield _shown(part, noun, time.monotonic())
    finally:
        wipe()


@contextmanager
def progress_bars() -> Iterator[Callable[[str], Progress] | None]:
    """Yield what begins a bar for each part of long work, told its words; None elsewhere.

    A part shows itself as it begins, as some tell nothing until they are done.
    """
    if not sys.stderr.isatty():
        yield None
        return
    begun = time.monotonic()

    def begin(part: str) -> Progress:
        show = _shown(part, None, begun)
        show(0, 1)
        return show

    try:
        yield begin
    finally:
        wipe()


def _shown(part: str, noun: str | None, begun: float) -> Progress:
    """Return what shows progress once work takes long: how much of a noun, else which share."""
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
        left = (now - first[0]) * (total - done) / (done - first[1]) if done > first[1] else 0.0
        said = f"{done:,} of {total:,} {noun}" if noun else f"{100 * done / total:.0f} %"
        said += f", {_duration(left)} left" if left >= 1 else ""
        columns = shutil.get_terminal_size().columns - 1  # beyond which a terminal begins a line
        _overwrite(_bar(part, done / total, said, columns))

    return show


def wipe() -> None:
    """Clear the line that a terminal is on: of progress, or of the ^C that it shows."""
    if sys.stderr.isatty():
        _overwrite("")


def _overwrite(line: str) -> None:
    """Write a line in place of the one that the terminal is on, with colours or without."""
    click.echo(f"\r{line}{TO_END_OF_LINE}", nl=False, err=True, color=True)


def _bar(part: str, share: float, said: str, columns: int) -> str:
    """Return a line of progress: what is worked on, a bar where there is room, and what is done.

    Examples
    --------
    >>> _bar("luck", 0.5, "5 of 10 draws", 48)
    'luck [############------------] 5 of 10 draws'
    >>> _bar("luck", 0.5, "5 of 10 draws", 30)
    'luck [####-----] 5 of 10 draws'
    >>> _bar("what costs certainty", 0.5, "5 of 10 draws", 20)
    'what costs certainty'
    """
    width = min(columns - len(part) - len(said) - 4, WIDEST_BAR)
    if width < NARROWEST_BAR:
        return f"{part}: {said}"[:columns]
    filled = int(width * share)
    return f"{part} [{'#' * filled}{'-' * (width - filled)}] {said}"


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


@contextmanager
def _ctrl_c_heard() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, and end the process where that does not do so soon.

    A thread that waits for machine code, or for the disk, runs no handler of signals meanwhile:
    another one is told by the signal itself.
    """
    ear, bell = os.pipe()
    if os.name != "nt":  # POSIX wants a bell that nobody waits at
        os.set_blocking(bell, False)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    other = signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    threading.Thread(target=_end_soon, args=(ear,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(other)
        signal.signal(signal.SIGINT, handler)
        os.close(bell)


def _end_soon(ear: int) -> None:
    """Wait for Ctrl-C, and then for the process to end by itself, but not for long."""
    with open(ear, "rb", buffering=0) as signals:
        while number := signals.read(1):
            if number[0] == signal.SIGINT:
                time.sleep(SECONDS_TO_STOP)
                wipe()
                click.echo(STOPPED, err=True)
                os._exit(INTERRUPTED)
