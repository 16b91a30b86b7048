"""Rows that the kernels fill, one a draw, and the names of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed, periods_needed
from funnelsim.scenario.model import Scenario

Array = npt.NDArray[np.generic]
Samples = dict[str, Array]

COUNTS, MONEY = range(2)  # of Rows
FLOWS = {
    "entered": kernels.ENTERED,
    "lost": kernels.LOST_IN,
    "stalled": kernels.STALLED_IN,
    "open": kernels.OPEN_AFTER,
    "open_at_start": kernels.OPEN_BEFORE,
}


class Rows(NamedTuple):
    """What the kernels fill: one row a draw."""

    counts: npt.NDArray[np.int32]  # (draw, rep, quarter, column)
    money: npt.NDArray[np.float64]  # (draw, rep, quarter, amount)

    def part(self, rows: slice) -> Rows:
        """Return some of the rows, sharing their memory."""
        return Rows(self.counts[rows], self.money[rows])


class Columns(NamedTuple):
    """Where samples are among the rows.

    Attributes
    ----------
    places : dict of str to (int, index)
        By name: in which array of the rows, and in which of its columns.
    needed : sequence of int
        Hits with which KPIs are attained.
    """

    places: dict[str, tuple[int, Any]]
    needed: Sequence[int]


def columns_of(plan: Scenario, packed: Packed) -> Columns:
    """Return where the samples of a plan are."""
    record = packed.plans[0]
    hits = COUNTS, slice(record["hits"], record["hits"] + record["kpis"])
    places: dict[str, tuple[int, Any]] = {
        "activities": (COUNTS, kernels.ACTIVITIES),
        "reached": (COUNTS, slice(record["reached"], record["reached"] + record["stages"])),
        "windfalls": (COUNTS, kernels.WINDFALLS),
        "whales": (COUNTS, kernels.WHALES),
        "bookings": (MONEY, kernels.BOOKINGS),
        "repeatable_bookings": (MONEY, kernels.REPEATABLE),
        "windfall_bookings": (MONEY, kernels.WINDFALL_PART),
        "largest_deal": (MONEY, kernels.LARGEST),
        "kpi_hits": hits,
        "kpi_attained": hits,
    }
    if record["by_source"]:
        won = record["won_by_source"]
        places["source_won"] = COUNTS, slice(won, won + len(packed.sources))
        places["source_bookings"] = MONEY, slice(kernels.AMOUNTS, record["in_seat"])
    if record["assists"]:
        places["assisted"] = COUNTS, slice(record["assisted"], record["won_by_source"])
    if record["careers"]:
        places["filled"] = MONEY, record["in_seat"]
        places["productive"] = MONEY, record["in_seat"] + 1
    if record["pipeline"]:
        for name, flow in FLOWS.items():
            places[name] = COUNTS, record["flows"] + int(flow)
    weeks = plan.calendar.weeks_per_quarter
    return Columns(places, [periods_needed(kpi.per, kpi.share, weeks) for kpi in plan.kpis])


def samples_of(columns: Columns, rows: Rows) -> Samples:
    """Give the kernels' columns their names: views, but for what is derived."""
    samples: Samples = {
        name: rows[array][..., column] for name, (array, column) in columns.places.items()
    }
    hits = rows.counts[..., columns.places["kpi_hits"][1]]
    attained = np.empty(hits.shape, bool)
    for kpi, needed in enumerate(columns.needed):  # all at once takes four times as long
        attained[..., kpi] = hits[..., kpi] >= needed
    samples["kpi_attained"] = attained
    if "open_at_start" in samples:
        samples["open_at_start"] = samples["open_at_start"][:, :, 0]
    return samples


def bytes_per_draw(packed: Packed) -> int:
    """Return the bytes that one draw of one rep takes in memory."""
    quarters = int(packed.plans["quarters"][0])
    return quarters * (4 * packed.columns + 8 * packed.amounts)


def new_rows(packed: Packed, draws: int, reps: int = 1) -> Rows:
    """Return rows for the kernels to fill; they hold anything until then."""
    quarters = int(packed.plans["quarters"][0])
    return Rows(
        np.empty((draws, reps, quarters, packed.columns), np.int32),
        np.empty((draws, reps, quarters, packed.amounts)),
    )
