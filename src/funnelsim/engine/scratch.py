"""The room that a thread needs to simulate a block."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed

GUIDE = 256  # cells in which the search in a table of counts begins

Array = npt.NDArray[np.generic]


def scratch_of(packed: Packed) -> tuple[tuple[tuple[Array, ...], ...], Array, Array]:
    """Return a thread's room: of a rep, of its weeks, of a batch; what KPIs count, and amounts.

    A law of counts that is wider than its table is cut there.
    """
    plans = packed.plans
    past, words = int(plans["past_weeks"].max()), int(plans["words"].max())
    quarters, stages = int(plans["quarters"][0]), int(plans["stages"][0])
    horizon = quarters * int(plans["weeks_per_quarter"][0])
    weeks = past + horizon
    blocks = ((kernels.ORIGIN + weeks - past - 1) >> 2) - ((kernels.ORIGIN - past) >> 2) + 1
    vector = int(kernels.VECTOR)  # loops run over whole ones
    batch = int(kernels.BATCH) + vector
    weeks, blocks = weeks + vector, -(-blocks // vector) * vector
    counted = kernels.REACHED + stages + int(plans["assists"][0])
    room = (
        (
            np.zeros(int(packed.widest_week)),
            np.zeros(int(2 * packed.most_windfalls) + 200),
            np.zeros(GUIDE, np.uint64),
            np.zeros(GUIDE, np.uint64),
            np.zeros(kernels.CONVERSIONS + stages * len(plans)),
            np.zeros(int(plans["origin_quarter"][0]) + quarters),
            np.zeros(horizon),
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
            np.zeros((words, batch)),
            np.zeros(batch),
            np.zeros(batch),
            np.zeros(batch, np.int64),
            np.zeros(batch, np.uint64),
            np.zeros(batch, np.uint64),
            np.zeros(batch),
            np.zeros(batch),
        ),
    )
    return (
        room,
        np.zeros((horizon, counted), np.int64),
        np.zeros((horizon, max(int(plans["kpis"][0]), 1))),
    )
