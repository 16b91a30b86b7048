"""Rows that the kernels fill, one a draw, and the names of their columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed, periods_needed
from funnelsim.scenario.model import Scenario

Array = npt.NDArray[np.generic]
Samples = dict[str, Array]


class Rows(NamedTuple):
    """What the kernels fill: one row a draw."""

    counts: npt.NDArray[np.int32]  # (draw, rep, quarter, column)
    money: npt.NDArray[np.float64]  # (draw, rep, quarter, amount)

    def part(self, rows: slice) -> Rows:
        """Return some of the rows, sharing their memory."""
        return Rows(self.counts[rows], self.money[rows])


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
