"""Blocks of draws: one plan or several on shared luck, whoever simulates them, in draw order.

Each block writes its own rows and every number is addressed by what it decides, so that neither
threads, nor machines, nor blocks can matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import tee
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from funnelsim.engine.job import Job
from funnelsim.engine.pack import Packed, pack
from funnelsim.engine.record import LANES
from funnelsim.engine.rows import Rows, Samples, bytes_per_draw
from funnelsim.engine.stream import purposes_of
from funnelsim.engine.workers import (
    Call,
    StoppedError,
    Workers,
    available_threads,
    in_order,
    never,
    shared_cluster,
    workers,
)
from funnelsim.errors import ArgumentError
from funnelsim.registry import SEGMENT
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "BLOCK",
    "MOST_REPS",
    "Call",
    "Fold",
    "Job",
    "Progress",
    "Run",
    "Samples",
    "StoppedError",
    "Workers",
    "available_threads",
    "bytes_per_draw",
    "check",
    "folded_blocks",
    "in_order",
    "mapped_blocks",
    "never",
    "purposes_of",
    "run_blocks",
    "sample_blocks",
    "shared_cluster",
    "workers",
]

BLOCK = 16_384  # draws: long enough to forget Python, short enough for progress
MOST_DRAWS = 1 << 32
MOST_REPS = 1 << 20  # the width of a rep's number in an address
PIECE = 0.5  # seconds that a piece of a fold should take: what an interruption may lose
SHARE = 2  # a piece is no more than this part of what is done: what it returns is little then

Progress = Callable[[int, int], None]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Run:
    """A segment, and how to simulate it.

    Attributes
    ----------
    plan : Scenario
        Without segments of its own: one of ``Scenario.team``.
    reps : int
        Seats filled on day 0, side by side: they share the market and what is uncertain, nothing
        else.
    first_seat : int
        Number of the first of them: seats that were simulated before need not be again.
    hired : bool
        Whether the seats that the plan fills later follow them.
    segment : str
        The name that addresses its luck.
    redraw : frozenset of str
        Purposes whose luck is drawn anew, all other luck held; see ``purposes_of``.
    whole_past : bool
        Follow every opportunity of the past, not only those that can still matter: the same law,
        but no purpose knows what another decides. Slower.
    pipeline : bool
        Also follow opportunities that are lost or stay open.
    by_source : bool
        Keep bookings and wins by source; always done where there are several.
    """

    plan: Scenario
    reps: int = 1
    first_seat: int = 0
    hired: bool = False
    segment: str = SEGMENT
    redraw: frozenset[str] = frozenset()
    whole_past: bool = False
    pipeline: bool = False
    by_source: bool = False

    @property
    def seats(self) -> int:
        """Seats in all."""
        return self.reps + self.hired * (self.plan.seats - self.plan.headcount)

    def packed(self) -> Packed:
        """Return the run as the kernels read it."""
        packed = pack(
            self.plan,
            pipeline=self.pipeline,
            redraw=self.redraw,
            whole_past=self.whole_past,
            by_source=self.by_source,
        )
        packed.plans["headcount"], packed.plans["first_seat"] = self.reps, self.first_seat
        return packed


def sample_blocks(
    runs: Sequence[Run],
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> Iterator[tuple[Samples, ...]]:
    """Yield the samples of runs that share their luck, block by block, in draw order, keeping none.

    Parameters
    ----------
    runs : sequence of Run
    draws, seed, threads, cluster, progress, block
        As in :func:`funnelsim.simulate`.

    Yields
    ------
    tuple of dict
        For each run, from a name of ``SAMPLES`` to an array of shape (block, rep, quarter[, stage |
        kpi | source | assist]). At most two blocks a worker are in memory.
    """
    check(draws, seed, threads, block)
    job = Job(runs, seed)
    with workers(threads, cluster) as hands:
        for filled in run_blocks(job, hands, draws, block):
            yield job.samples(filled.rows)
            if progress is not None:
                progress(filled.done, draws)


def mapped_blocks(
    runs: Sequence[Run],
    function: Callable[[tuple[Samples, ...]], Found],
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> Iterator[Found]:
    """Yield what a function makes of each block's samples, in draw order.

    It is called by who simulates the block, so that what it leaves out is never sent.

    Parameters
    ----------
    runs, draws, seed, threads, cluster, progress, block
        As in :func:`sample_blocks`.
    function : callable
        From the samples of each run to what is yielded. Both have to be what pickle can send.
    """
    check(draws, seed, threads, block)
    with workers(threads, cluster) as hands:
        job = hands.shared(Job(runs, seed))
        spans = _spans(draws, block)
        calls = (
            Call(_told(start, stop), _mapped, (job, start, stop, function)) for start, stop in spans
        )
        for (_, stop), found in zip(_spans(draws, block), in_order(hands, calls), strict=True):
            yield found
            if progress is not None:
                progress(stop, draws)


class Fold(Protocol):
    """What takes in samples and keeps little of them; what several took in can be merged."""

    @property
    def draws(self) -> int:
        """Draws taken in so far."""

    def add(self, samples: tuple[Samples, ...]) -> None:
        """Take in a grain of draws: the samples of each run, which others overwrite afterwards."""

    def merge(self, other: Self) -> None:
        """Take in what another did, of the draws that follow. Exact: however they are divided."""

    def fresh(self) -> Self:
        """Return one that has taken in nothing, for draws that follow: what pickle can send."""


Folded = TypeVar("Folded", bound=Fold)


def folded_blocks(
    runs: Sequence[Run],
    whole: Folded,
    *,
    draws: int,
    seed: int,
    grain: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    stopped: Callable[[], bool] = never,
) -> Generator[Folded, None, None]:
    """Yield, in draw order, what further draws add to a fold; the caller merges it.

    Parameters
    ----------
    runs, draws, seed, threads, cluster
        As in :func:`sample_blocks`.
    whole : Fold
        Of the draws that are done already, a whole number of grains.
    grain : int
        Draws that a fold takes in at a time.
    stopped : callable
        Tells threads when nobody waits for the answer any more.

    Yields
    ------
    Fold
        Of some grains, as many as take half a second; to be merged before the next is asked for.

    Raises
    ------
    StoppedError
        Soon after ``stopped`` has become true.
    """
    check(draws, seed, threads, grain)
    pace = 0.0  # seconds that a grain takes

    def calls(hands: Workers, job: Job, last: int) -> Iterator[Call]:
        start = whole.draws
        while start < last:
            share = min((last - start) // (2 * hands.count), whole.draws // SHARE)
            grains = max(min(share // grain, int(PIECE / pace) if pace else 1), 1)
            stop = min(start + grains * grain, last)
            yield Call(_told(start, stop), _fold, (job, start, stop, grain, whole.fresh()))
            start = stop

    with workers(threads, cluster, stopped) as hands:
        job, first = Job(runs, seed), min(grain, draws)
        # The first grain alone: what it finds is where the others begin to look.
        if not (hands.far or whole.draws):
            yield _together(job, hands, first, whole.fresh())
        job = hands.shared(job)
        for last in (first, draws):
            with closing(in_order(hands, calls(hands, job, last))) as found:
                for part, seconds in found:
                    pace = seconds * grain / part.draws
                    yield part


class Filled(NamedTuple):
    """The rows of a block, one for each run, and the draws done by then."""

    rows: tuple[Rows, ...]
    done: int


def run_blocks(
    job: Job, hands: Workers, draws: int, block: int, whole: Sequence[Rows] | None = None
) -> Iterator[Filled]:
    """Yield finished blocks in draw order, at most two a worker in flight.

    Rows are those of ``whole`` where it is given, else of a block's own. Nothing is reduced by
    block then: they are as long as lets all workers end at the same time.
    """
    shared = hands.shared(job)
    spans = _spans(draws, block) if whole is None else _shrinking(draws, block, hands.count)
    spans, begun = tee(spans)

    def calls() -> Iterator[Call]:
        for start, stop in begun:
            own = None if whole is None or hands.far else _part(whole, start, stop)
            yield Call(_told(start, stop), _filled, (shared, start, stop, own))

    with closing(in_order(hands, calls())) as found:
        for (start, stop), rows in zip(spans, found, strict=True):
            if whole is not None and hands.far:
                for ours, theirs in zip(_part(whole, start, stop), rows, strict=True):
                    ours.counts[...], ours.money[...] = theirs
            yield Filled(rows, stop)


def _spans(draws: int, block: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + block, draws)) for start in range(0, draws, block))


def _shrinking(draws: int, block: int, workers: int) -> Iterator[tuple[int, int]]:
    """Yield spans of at most a block, and of at most half a worker's share of what is left."""
    parts, start = 2 * workers if workers > 1 else 1, 0
    while start < draws:
        share = -(-(draws - start) // parts)
        stop = min(start + min(block, share + -share % LANES), draws)
        yield start, stop
        start = stop


def _told(start: int, stop: int) -> str:
    return f"draws {start + 1:,} to {stop:,}"


def _part(whole: Sequence[Rows], start: int, stop: int) -> tuple[Rows, ...]:
    return tuple(rows.part(slice(start, stop)) for rows in whole)


def _filled(
    job: Job, start: int, stop: int, rows: tuple[Rows, ...] | None, stopped: Callable[[], bool]
) -> tuple[Rows, ...]:
    """Simulate a block."""
    if rows is None:
        rows = job.new_rows(stop - start)
    job.fill(rows, start, stopped)
    return rows


def _together(job: Job, hands: Workers, draws: int, fold: Folded) -> Folded:
    """Take in the first draws, which all workers simulate."""
    rows = job.new_rows(draws)
    for _ in run_blocks(job, hands, draws, draws, rows):
        pass
    fold.add(job.samples(rows))
    return fold


def _mapped(
    job: Job,
    start: int,
    stop: int,
    function: Callable[[tuple[Samples, ...]], Found],
    stopped: Callable[[], bool],
) -> Found:
    return function(job.samples(_filled(job, start, stop, None, stopped)))


def _fold(
    job: Job, start: int, stop: int, grain: int, fold: Folded, stopped: Callable[[], bool]
) -> tuple[Folded, float]:
    """Take in a piece of the draws; return the fold and the seconds that it took."""
    begun = time.perf_counter()
    for first in range(start, stop, grain):
        last = min(first + grain, stop)
        rows = job.own_rows(last - first)
        fold.add(job.samples(_filled(job, first, last, rows, stopped)))
    return fold, time.perf_counter() - begun


def check(draws: int, seed: int, threads: int | None, block: int) -> None:
    """Refuse arguments out of range.

    Raises
    ------
    ArgumentError
        Naming the argument, its value and its range.
    """
    for name, value, least, most in (
        ("draws", draws, 1, MOST_DRAWS),
        ("seed", seed, 0, 2**63 - 1),
        ("threads", 1 if threads is None else threads, 1, 1_024),
        ("block", block, 1, MOST_DRAWS),
    ):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ArgumentError(f"{name} = {value!r}: must be a whole number.")
        if not least <= value <= most:
            raise ArgumentError(f"{name} = {value}: must be between {least} and {most}.")
