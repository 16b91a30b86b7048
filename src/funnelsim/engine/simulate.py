"""simulate(): pack, call, label.

Draws are cut into blocks; each block writes its own rows and every number is addressed by what it
decides, so that neither threads nor blocks can matter.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed, pack, periods_needed, stream_keys, widest_week
from funnelsim.errors import ArgumentError, ResourceError
from funnelsim.registry import BY_NAME, CURRENCY, SEGMENT, Variable
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

STREAM_VERSION = 1
BLOCK = 16_384  # draws: long enough to forget Python, short enough for progress and Ctrl-C
GUIDE = 256  # cells in which the search in a table of counts begins
MEMORY = 1 << 30  # bytes that samples may take unless the caller says otherwise
MOST_DRAWS = 1 << 32

Progress = Callable[[int, int], None]
Array = npt.NDArray[np.generic]


def simulate(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    pipeline: bool = False,
    memory: int | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> xr.Dataset:
    """Simulate a plan and return every draw.

    Parameters
    ----------
    plan : Scenario
    draws : int
        Repetitions of the whole scenario, 1 to 2**32.
    seed : int
        0 to 2**63 - 1. Same plan, seed and stream version: same bytes, whatever ``threads`` and
        ``block``. Plans with the same seed share their luck wherever they agree.
    threads : int, optional
        Defaults to the processors that this process may use.
    pipeline : bool
        Also follow opportunities that are lost or stay open: ``entered``, ``lost``, ``stalled``,
        ``open``, ``open_at_start``.
    memory : int, optional
        Bytes that the result may take; 1 GiB by default.
    progress : callable, optional
        Called with (draws done, draws in all) after each block.
    block : int
        Draws that a thread simulates at a time.

    Returns
    -------
    xarray.Dataset
        Dims (draw, rep, quarter[, stage | kpi]); quarters count from 1. Variables and units are
        those of :func:`funnelsim.registry`; attributes carry scenario, seed and versions.

    Raises
    ------
    ArgumentError
        Where draws, seed or threads are out of range.
    ResourceError
        Where the samples would not fit ``memory``; :func:`funnelsim.summarize` has no such limit.

    Examples
    --------
    >>> import funnelsim as fs
    >>> result = fs.simulate(fs.preset("sales_math"), draws=1_000, seed=1)
    >>> dict(result.sizes)
    {'draw': 1000, 'rep': 1, 'quarter': 4, 'stage': 3, 'kpi': 1}
    """
    _check(draws, seed, threads, block)
    packed = pack(plan, pipeline=pipeline)
    needed = draws * bytes_per_draw(packed)
    limit = MEMORY if memory is None else memory
    if needed > limit:
        raise ResourceError(
            f"{draws:,} draws take {needed / 2**20:,.0f} MiB, more than the {limit / 2**20:,.0f} "
            f"MiB allowed. Use fs.summarize, which keeps none of them, at most "
            f"{limit // bytes_per_draw(packed):,} draws, or memory={needed}."
        )
    whole = _rows(packed, draws)
    for _ in _run(packed, seed, draws, threads, block, progress, whole):
        pass
    return label(plan, packed, whole, draws, seed)


def sample_blocks(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> Iterator[dict[str, Array]]:
    """Yield the samples block by block, in draw order, keeping none.

    Parameters are those of :func:`simulate`. Each block is a dict from a name of ``SAMPLES`` to an
    array of shape (block, rep, quarter[, stage | kpi]); at most two blocks a thread are in memory.
    """
    _check(draws, seed, threads, block)
    packed = pack(plan)
    for rows in _run(packed, seed, draws, threads, block, progress, None):
        yield samples_of(plan, packed, rows)


def provenance(plan: Scenario) -> dict[str, str | int]:
    """Return the attributes that let a result be run again: scenario, its digest, versions."""
    text = dumps(plan)
    own: dict[str, str | int] = {
        "title": plan.name,
        "currency": plan.currency,
        "scenario": text,
        "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return own | _versions()


@cache
def _versions() -> dict[str, str | int]:
    return {f"{name}_version": version(name) for name in ("funnelsim", "numpy", "numba")}


def bytes_per_draw(packed: Packed) -> int:
    """Return the bytes that one draw takes in memory."""
    quarters = int(packed.plans["quarters"][0])
    return quarters * (4 * packed.columns + 8 * kernels.AMOUNTS)


class Rows(NamedTuple):
    """What the kernels fill: one row a draw."""

    counts: npt.NDArray[np.int32]  # (draw, rep, quarter, column)
    money: npt.NDArray[np.float64]  # (draw, rep, quarter, amount)

    def part(self, rows: slice) -> Rows:
        """Return some of the rows, sharing their memory."""
        return Rows(self.counts[rows], self.money[rows])


def samples_of(plan: Scenario, packed: Packed, rows: Rows) -> dict[str, Array]:
    """Give the kernels' columns their names: views, but for what is derived."""
    record, counts, money = packed.plans[0], rows.counts, rows.money
    hits = counts[..., record["hits"] : record["hits"] + record["kpis"]]
    needed = [
        periods_needed(kpi.per, kpi.share, plan.calendar.weeks_per_quarter) for kpi in plan.kpis
    ]
    samples: dict[str, Array] = {
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


def label(plan: Scenario, packed: Packed, rows: Rows, draws: int, seed: int) -> xr.Dataset:
    """Put names, units and provenance back on the arrays."""
    samples = samples_of(plan, packed, rows)
    return xr.Dataset(
        {
            name: (BY_NAME[name].dims, array, described(BY_NAME[name], plan))
            for name, array in samples.items()
        },
        coords={
            "rep": [0],
            "segment": ("rep", [SEGMENT]),
            "quarter": np.arange(1, plan.calendar.quarters + 1),
            "stage": list(plan.stage_names),
            "kpi": np.array([kpi.name for kpi in plan.kpis], dtype=str),
            "quota": ("quarter", np.array(plan.quotas), {"units": plan.currency}),
        },
        attrs=provenance(plan)
        | {"method": "simulated", "seed": seed, "draws": draws, "stream_version": STREAM_VERSION},
    )


def described(variable: Variable, plan: Scenario) -> dict[str, str]:
    """Return the attributes of an array: meaning and unit."""
    unit = plan.currency if variable.unit == CURRENCY else variable.unit
    return {"long_name": variable.meaning, "units": unit}


def _run(
    packed: Packed,
    seed: int,
    draws: int,
    threads: int | None,
    block: int,
    progress: Progress | None,
    whole: Rows | None,
) -> Iterator[Rows]:
    """Yield finished blocks in draw order, at most two a thread in flight."""
    keys, record = stream_keys(seed), packed.plans[0]
    workers = threads or available_threads()
    starts = iter(range(0, draws, block))
    waiting: deque[Future[Rows]] = deque()
    done = 0

    def work(start: int) -> Rows:
        stop = min(start + block, draws)
        rows = _rows(packed, stop - start) if whole is None else whole.part(slice(start, stop))
        weeks = int(record["quarters"] * record["weeks_per_quarter"])
        kernels.simulate_block(
            packed.plans,
            packed.data,
            keys,
            start,
            _scratch(record),
            np.zeros((weeks, kernels.REACHED + int(record["stages"])), np.int64),
            np.zeros((weeks, max(int(record["kpis"]), 1))),
            rows.counts,
            rows.money,
        )
        return rows

    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < 2 * workers and (start := next(starts, None)) is not None:
                    waiting.append(pool.submit(work, start))
                if not waiting:
                    return
                rows = waiting.popleft().result()
                done += len(rows.counts)
                yield rows
                if progress is not None:
                    progress(done, draws)
        finally:
            for future in waiting:
                future.cancel()


def available_threads() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _rows(packed: Packed, draws: int) -> Rows:
    quarters = int(packed.plans["quarters"][0])
    return Rows(
        np.zeros((draws, 1, quarters, packed.columns), np.int32),
        np.zeros((draws, 1, quarters, kernels.AMOUNTS)),
    )


def _scratch(record: np.void) -> tuple[tuple[Array, ...], ...]:
    """Return a thread's room: of a rep, of its weeks, of a batch of its opportunities.

    A law of counts that is wider than its table is cut there.
    """
    past, quarters, stages = (int(record[key]) for key in ("past_weeks", "quarters", "stages"))
    weeks = past + quarters * int(record["weeks_per_quarter"])
    blocks = ((kernels.ORIGIN + weeks - past - 1) >> 2) - ((kernels.ORIGIN - past) >> 2) + 1
    vector = int(kernels.VECTOR)  # loops run over whole ones
    batch = int(kernels.BATCH) + vector
    weeks, blocks = weeks + vector, -(-blocks // vector) * vector
    return (
        (
            np.zeros(int(widest_week(record))),
            np.zeros(int(2 * record["windfalls_per_quarter"]) + 200),
            np.zeros(GUIDE, np.uint64),
            np.zeros(GUIDE, np.uint64),
            np.zeros(kernels.CONVERSIONS + stages),
            np.zeros(int(record["past_quarters"]) + quarters),
        ),
        (
            np.zeros(4 * blocks),
            np.zeros(4 * blocks),
            np.zeros(weeks, np.int64),
            np.zeros(weeks),
            np.zeros(weeks, np.int64),
            np.zeros(weeks),
            np.zeros(weeks),
            np.zeros(weeks),
            np.zeros(weeks),
            np.zeros(weeks, np.int64),
        ),
        (
            np.zeros(batch, np.uint64),
            np.zeros(batch, np.uint64),
            np.zeros((int(record["words"]), batch)),
            np.zeros(batch),
            np.zeros(batch),
            np.zeros(batch, np.int64),
            np.zeros(batch, np.uint64),
            np.zeros(batch, np.uint64),
        ),
    )


def _check(draws: int, seed: int, threads: int | None, block: int) -> None:
    """Refuse arguments out of range."""
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
