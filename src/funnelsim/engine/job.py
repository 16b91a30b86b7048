"""What is to be simulated, as whoever simulates it needs it: packed once, sent anywhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed
from funnelsim.engine.record import LANES
from funnelsim.engine.rows import (
    Columns,
    Rows,
    Samples,
    bytes_per_draw,
    columns_of,
    new_rows,
    samples_of,
)
from funnelsim.engine.scratch import scratch_of
from funnelsim.engine.stream import stream_keys
from funnelsim.engine.workers import StoppedError

if TYPE_CHECKING:
    from funnelsim.engine.blocks import Run

SLICE = 0.2  # seconds for which a worker does not hear that it shall stop
FIRST = 1 << 12  # rep-quarters to learn from how long a draw takes
LONGER = 32  # times, at most, that a slice is longer than the one before


class Job:
    """Runs that share their luck, packed: the same bytes whoever fills the rows.

    It is sent to the workers of a cluster as it is, rather than packed by each of them: tables of
    one machine, numbers of one machine.

    Parameters
    ----------
    runs : sequence of Run
    seed : int
    packed : sequence of Packed, optional
        What the runs are once packed.
    """

    def __init__(
        self, runs: Sequence[Run], seed: int, packed: Sequence[Packed] | None = None
    ) -> None:
        self.runs, self.seed = tuple(runs), seed
        self.packed = tuple(run.packed() for run in runs) if packed is None else tuple(packed)
        self._pace = [0.0] * len(self.runs)  # seconds a draw, as last seen; 0: not yet
        self._own = threading.local()  # a thread's room, for the run that it simulated last

    def __reduce__(self) -> tuple[type[Job], tuple[Any, ...]]:
        """Send what is asked for, and nothing that belongs to this process."""
        return Job, (self.runs, self.seed, self.packed)

    @property
    def name(self) -> str:
        """What is simulated, for people."""
        return self.runs[0].plan.name

    @property
    def bytes_per_draw(self) -> int:
        """Bytes that one draw of all runs takes in memory."""
        return sum(
            run.seats * bytes_per_draw(each)
            for run, each in zip(self.runs, self.packed, strict=True)
        )

    @property
    def bytes_kept_per_draw(self) -> int:
        """Bytes that one draw takes where all are kept and labelled.

        Whether KPIs were attained is worked out of the rows, and segments are put side by side.
        """
        kpis = sum(run.seats * run.plan.calendar.quarters * len(run.plan.kpis) for run in self.runs)
        return self.bytes_per_draw * (1 if len(self.runs) == 1 else 2) + kpis

    @property
    def bytes_of_room(self) -> int:
        """Bytes that a thread needs to work in: for the run that takes most."""
        return max(_bytes(scratch_of(each)) for each in self.packed)

    def new_rows(self, draws: int) -> tuple[Rows, ...]:
        """Return rows to be filled, of each run."""
        return tuple(
            new_rows(each, draws, run.seats)
            for run, each in zip(self.runs, self.packed, strict=True)
        )

    def own_rows(self, draws: int) -> tuple[Rows, ...]:
        """Return rows of this thread to be filled: what they held before is gone.

        Rows that are used again are in the processor's cache; new ones come from the system, page
        by page.
        """
        rows = getattr(self._own, "rows", None)
        if rows is None or len(rows[0].counts) < draws:
            rows = self._own.rows = self.new_rows(draws)
        return tuple(each.part(slice(draws)) for each in rows)

    def samples(self, filled: Sequence[Rows]) -> tuple[Samples, ...]:
        """Give the columns of each run's rows their names."""
        return tuple(map(samples_of, self._columns, filled))

    def fill(self, rows: Sequence[Rows], start: int, stopped: Callable[[], bool]) -> None:
        """Simulate a block into its rows, the first of them draw number ``start``.

        Nothing depends on it that a block is done slice by slice: how many draws each has is a
        matter of time alone.

        Raises
        ------
        StoppedError
            Soon after ``stopped`` has become true.
        """
        for index, own in enumerate(rows):
            done, last = 0, 0
            while done < len(own.counts):
                if stopped():
                    raise StoppedError
                last = self._slice(index, last)
                part = own.part(slice(done, done + last))
                begun = time.perf_counter()
                self._simulate(index, part, start + done)
                self._pace[index] = (time.perf_counter() - begun) / len(part.counts)
                done += last

    def _slice(self, index: int, last: int) -> int:
        """Return how many draws a run shall simulate without listening."""
        pace = self._pace[index]
        if not pace:
            run = self.runs[index]
            seats = max(run.seats, 1)  # a team may have none
            return min(max(FIRST // (seats * run.plan.calendar.quarters), 1), LANES)
        draws = max(int(min(SLICE / pace, LONGER * last if last else SLICE / pace)), 1)
        return draws - draws % LANES if draws > LANES else draws

    def _simulate(self, index: int, rows: Rows, start: int) -> None:
        each, (draws, seats) = self.packed[index], rows.counts.shape[:2]
        if draws * seats == 0:
            return  # a team may have no seats
        kernels.simulate_block(
            each.settings,
            each.data,
            *self._keys[index],
            np.uint64(start),
            np.uint64(seats),
            self._room(index),
            rows.counts.reshape(draws * seats, -1),
            rows.money.reshape(draws * seats, -1),
        )

    @cached_property
    def _columns(self) -> list[Columns]:
        return [
            columns_of(run.plan, each) for run, each in zip(self.runs, self.packed, strict=True)
        ]

    @cached_property
    def _keys(self) -> list[list[Any]]:
        return [
            [
                stream_keys(self.seed, run.segment, each.sources, redrawn=anew)
                for anew in (False, True)
            ]
            for run, each in zip(self.runs, self.packed, strict=True)
        ]

    def _room(self, index: int) -> Any:
        """Return this thread's room: kept as long as it simulates the same run."""
        if getattr(self._own, "index", None) != index:
            self._own.room = scratch_of(self.packed[index])
            self._own.index = index
        return self._own.room


def _bytes(arrays: Any) -> int:
    """Return the bytes of arrays in tuples of tuples."""
    if isinstance(arrays, tuple):
        return sum(map(_bytes, arrays))
    return int(arrays.nbytes)
