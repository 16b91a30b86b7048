"""What people are told of long work: what it takes, what of it was kept, that it can go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli.process import Progress, progress_bar, wipe

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

LONG = 50_000_000  # rep-quarters: some seconds
MUCH = 256 << 20  # bytes


def tell_memory(plan: Scenario, draws: int, threads: int | None, *, kept: bool) -> None:
    """Say how much memory long work will take, before it begins."""
    from funnelsim.analysis.memory import memory_needed

    needed = memory_needed(plan, draws=draws, threads=threads)
    taken = needed.samples if kept else needed.streamed
    rep_quarters = draws * sum(each.seats for each in plan.team.values()) * plan.calendar.quarters
    if rep_quarters >= LONG or taken >= MUCH:
        click.echo(
            f"{rep_quarters:,} rep-quarters. Memory: up to {taken / 2**20:,.0f} MiB.", err=True
        )


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
