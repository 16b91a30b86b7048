"""What people are told of long work: what it takes, what of it was kept, that it can go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from funnelsim.cli.process import Progress, progress_bar, wipe

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

Call = Literal["samples", "streamed", "luck", "headcount"]

LONG = 50_000_000  # rep-quarters: some seconds
SEVERAL = 50  # plans, where nobody counts them
MUCH = 256 << 20  # bytes


def tell_memory(
    plan: Scenario, draws: int, threads: int | None, *calls: Call, times: int | None = 1
) -> None:
    """Say how much memory long work will take, before it begins.

    Parameters
    ----------
    plan, draws, threads
    *calls : str
        What is done, one after the other: attributes of what ``memory_needed`` returns.
    times : int, optional
        How many such plans are simulated; None for several, of any horizon.
    """
    from funnelsim.analysis.memory import memory_needed

    seats = sum(each.seats for each in plan.team.values())
    rep_quarters = draws * seats * plan.calendar.quarters * (times or SEVERAL)
    if times is None and rep_quarters < LONG:
        return  # to know what many plans take takes time, and it is little
    needed = memory_needed(plan, draws=draws, threads=threads)
    taken = max(getattr(needed, call) for call in calls)
    if rep_quarters >= LONG or taken >= MUCH:
        work = f"{rep_quarters:,} rep-quarters. " if times else ""
        click.echo(f"{work}Memory: up to {taken / 2**20:,.0f} MiB.", err=True)


@contextmanager
def kept_progress(part: str, store: str | None, noun: str = "draws") -> Iterator[Progress | None]:
    """Yield what shows progress, says first how much a store held, and last that it is kept.

    Parameters
    ----------
    part : str
        What is worked on, in a few words.
    store : str or None
        The file that is asked for; None where nothing is kept.
    noun : str
        What is counted.
    """
    with progress_bar(part, noun) as progress:
        if store is None:
            yield progress
            return
        held = _holds_any(store)

        def show(done: int, total: int) -> None:
            nonlocal held
            if held:  # reported only once the store is known to belong to the same question
                click.echo(f"{store}: {done:,} of {total:,} {noun} were kept.", err=True)
            held = False
            if progress is not None:
                progress(done, total)

        try:
            yield show
        except KeyboardInterrupt:
            wipe()
            told = f"{noun.capitalize()} are kept for {store}: the same command goes on there."
            click.echo(told, err=True)
            raise


def _holds_any(store: str) -> bool:
    from funnelsim.results.store import UNFINISHED

    if Path(store).exists():
        return True
    unfinished = Path(store + UNFINISHED)
    if not unfinished.exists():
        return False
    with unfinished.open("rb") as lines:
        next(lines, b"")  # what was asked
        return next(lines, b"").endswith(b"\n")
