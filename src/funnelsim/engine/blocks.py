"""Blocks of draws: one plan or several on shared luck, on any number of threads, in draw order.

Each block writes its own rows and every number is addressed by what it decides, so that neither
threads nor blocks can matter.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed, pack, periods_needed
from funnelsim.engine.scratch import scratch_of
from funnelsim.engine.stream import purposes_of, stream_keys
from funnelsim.errors import ArgumentError
from funnelsim.registry import SEGMENT
from funnelsim.scenario.model import Scenario

__all__ = ["Progress", "Run", "Samples", "purposes_of", "sample_blocks"]

BLOCK = 16_384  # draws: long enough to forget Python, short enough for progress and Ctrl-C
MOST_DRAWS = 1 << 32
MOST_REPS = 1 << 20  # the width of a rep's number in an address

Progress = Callable[[int, int], None]
Array = npt.NDArray[np.generic]
Samples = dict[str, Array]


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


class Rows(NamedTuple):
    """What the kernels fill: one row a draw."""

    counts: npt.NDArray[np.int32]  # (draw, rep, quarter, column)
    money: npt.NDArray[np.float64]  # (draw, rep, quarter, amount)

    def part(self, rows: slice) -> Rows:
        """Return some of the rows, sharing their memory."""
        return Rows(self.counts[rows], self.money[rows])


def sample_blocks(
    runs: Sequence[Run],
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> Iterator[tuple[Samples, ...]]:
    """Yield the samples of runs that share their luck, block by block, in draw order, keeping none.

    Parameters
    ----------
    runs : sequence of Run
    draws, seed, threads, progress, block
        As in :func:`funnelsim.simulate`.

    Yields
    ------
    tuple of dict
        For each run, from a name of ``SAMPLES`` to an array of shape (block, rep, quarter[, stage |
        kpi | source | assist]). At most two blocks a thread are in memory.
    """
    check(draws, seed, threads, block)
    packed = [run.packed() for run in runs]
    for rows in run_blocks(runs, packed, seed, draws, threads, block):
        yield tuple(
            samples_of(run.plan, each, filled)
            for run, each, filled in zip(runs, packed, rows.filled, strict=True)
        )
        if progress is not None:
            progress(rows.done, draws)


class Filled(NamedTuple):
    """The rows of a block, one for each run, and the draws done by then."""

    filled: tuple[Rows, ...]
    done: int


def run_blocks(
    runs: Sequence[Run],
    packed: Sequence[Packed],
    seed: int,
    draws: int,
    threads: int | None,
    block: int,
    whole: Sequence[Rows] | None = None,
) -> Iterator[Filled]:
    """Yield finished blocks in draw order, at most two a thread in flight.

    Rows are those of ``whole`` where it is given, else of a block's own.
    """
    keys = [
        [stream_keys(seed, run.segment, each.sources, redrawn=anew) for anew in (False, True)]
        for run, each in zip(runs, packed, strict=True)
    ]
    workers = threads or available_threads()
    starts = iter(range(0, draws, block))
    waiting: deque[Future[tuple[Rows, ...]]] = deque()
    done = 0

    def work(start: int) -> tuple[Rows, ...]:
        stop = min(start + block, draws)
        filled = []
        for index, each in enumerate(packed):
            if whole is None:
                rows = new_rows(each, stop - start, runs[index].seats)
            else:
                rows = whole[index].part(slice(start, stop))
            kernels.simulate_block(
                each.plans.copy(),  # a draw sets what is uncertain
                each.settings,
                each.data,
                *keys[index],
                start,
                *scratch_of(each),
                rows.counts,
                rows.money,
            )
            filled.append(rows)
        return tuple(filled)

    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < 2 * workers and (start := next(starts, None)) is not None:
                    waiting.append(pool.submit(work, start))
                if not waiting:
                    return
                filled = waiting.popleft().result()
                done += len(filled[0].counts)
                yield Filled(filled, done)
        finally:
            for future in waiting:
                future.cancel()


def samples_of(plan: Scenario, packed: Packed, rows: Rows) -> Samples:
    """Give the kernels' columns their names: views, but for what is derived."""
    record, counts, money = packed.plans[0], rows.counts, rows.money
    hits = counts[..., record["hits"] : record["hits"] + record["kpis"]]
    needed = [
        periods_needed(kpi.per, kpi.share, plan.calendar.weeks_per_quarter) for kpi in plan.kpis
    ]
    samples: Samples = {
        "activities": counts[..., kernels.ACTIVITIES],
        "reached": counts[..., record["reached"] : record["reached"] + record["stages"]],
        "windfalls": counts[..., kernels.WINDFALLS],
        "whales": counts[..., kernels.WHALES],
        "bookings": money[..., kernels.BOOKINGS],
        "repeatable_bookings": money[..., kernels.REPEATABLE],
        "windfall_bookings": money[..., kernels.WINDFALL_PART],
        "largest_deal": money[..., kernels.LARGEST],
        "kpi_hits": hits,
        "kpi_attained": hits >= np.array(needed, dtype=np.int32),
    }
    if record["by_source"]:
        won = slice(record["won_by_source"], record["won_by_source"] + len(packed.sources))
        samples["source_won"] = counts[..., won]
        samples["source_bookings"] = money[..., kernels.AMOUNTS : record["in_seat"]]
    if record["assists"]:
        samples["assisted"] = counts[..., record["assisted"] : record["won_by_source"]]
    if record["careers"]:
        samples["filled"] = money[..., record["in_seat"]]
        samples["productive"] = money[..., record["in_seat"] + 1]
    if record["pipeline"]:
        flows = counts[..., record["flows"] :]
        samples |= {
            "entered": flows[..., kernels.ENTERED],
            "lost": flows[..., kernels.LOST_IN],
            "stalled": flows[..., kernels.STALLED_IN],
            "open": flows[..., kernels.OPEN_AFTER],
            "open_at_start": flows[:, :, 0, kernels.OPEN_BEFORE],
        }
    return samples


def bytes_per_draw(packed: Packed) -> int:
    """Return the bytes that one draw of one rep takes in memory."""
    quarters = int(packed.plans["quarters"][0])
    return quarters * (4 * packed.columns + 8 * packed.amounts)


def new_rows(packed: Packed, draws: int, reps: int = 1) -> Rows:
    """Return rows for the kernels to fill."""
    quarters = int(packed.plans["quarters"][0])
    return Rows(
        np.zeros((draws, reps, quarters, packed.columns), np.int32),
        np.zeros((draws, reps, quarters, packed.amounts)),
    )


def available_threads() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
