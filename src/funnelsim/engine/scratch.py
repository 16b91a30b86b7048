"""The room that a thread needs to simulate a block."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.engine import kernels
from funnelsim.engine.pack import Packed
from funnelsim.engine.record import BATCH, GROUP, LANES, TILE

GUIDE = 512  # cells in which the search in a table of counts begins
POWERS = 4_096  # activities a week up to which the powers of diminishing returns are tabulated
ROOM = 1 << 22  # bytes that the largest arrays may take together


def scratch_of(packed: Packed) -> tuple[Any, ...]:
    """Return a thread's room, in the order in which the kernels unpack it.

    A law of counts that is wider than its table is cut there.
    """
    plans, settings = packed.plans, packed.settings
    plan = plans[0]
    kpis, stages = int(plan["kpis"]), int(plan["stages"])
    quarters, weeks = int(plan["quarters"]), int(plan["quarters"] * plan["weeks_per_quarter"])
    counted = 1 + stages + int(plan["assists"])
    drawn = bool(settings.size)
    own_level = bool(plan["activity_sigma"]) or kernels.SET_LEVEL in settings["kind"]
    own_windfalls = kernels.SET_WINDFALLS in settings["kind"]
    widest, most_windfalls = int(packed.widest_week), int(2 * packed.most_windfalls) + 200
    a_lane = (
        plans.nbytes * drawn
        + 8 * widest * own_level
        + 8 * most_windfalls * own_windfalls
        + 4 * weeks * counted * bool(kpis)
        + 8 * weeks * (kpis * int(plan["pipeline_kpis"]) + int(plan["careers"]))
    )
    lanes = int(min(LANES, max(ROOM // max(a_lane, 1), 8)))
    groups = np.zeros(1, GROUP)
    groups["lanes"] = lanes
    activities = tables_of_counts(lanes if own_level else 1, widest)
    windfalls = tables_of_counts(lanes if own_windfalls else 1, most_windfalls)
    return (
        np.tile(plans, (lanes if drawn else 1, 1)),
        groups,
        np.zeros(1, TILE),
        np.zeros(1, BATCH),
        activities,
        windfalls,
        np.zeros(min(widest, POWERS) if plan["elasticity"] != 1 else 1),
        np.ones((kernels.CONVERSIONS + stages * len(plans), lanes)),
        np.ones((lanes, int(plan["origin_quarter"]) + quarters)),
        np.zeros((lanes, weeks, counted) if kpis else (1, 1, 1), np.int32),
        np.zeros((lanes, weeks, kpis) if plan["pipeline_kpis"] else (1, 1, 1)),
        np.zeros((lanes, weeks) if plan["careers"] else (1, 1)),
    )


def tables_of_counts(number: int, widest: int) -> kernels.Tables:
    """Return room for tables of counts."""
    return kernels.Tables(
        firsts=np.zeros(number, np.int64),
        lengths=np.zeros(number, np.int64),
        cumulative=np.zeros((number, widest + int(kernels.WINDOW))),
        usual=np.zeros(number, np.int64),
        centers=np.zeros(number),
        spreads=np.zeros(number),
        guide=np.zeros(GUIDE + 1),
        guided=np.zeros(2),
        means=np.zeros(number),
        shape=np.zeros(1),
        weights=np.zeros(number),
        steps=np.zeros(widest),
        ratios=np.zeros(64),
    )
