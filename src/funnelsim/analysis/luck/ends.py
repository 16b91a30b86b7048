"""The ends of many teams: what their thirds show, taken in where the teams are simulated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from funnelsim.analysis.gathering import Gathering
from funnelsim.analysis.luck.gaps import THIRDS, Floats, thirds
from funnelsim.engine.blocks import Run, Samples, bytes_per_draw
from funnelsim.engine.simulate import MEMORY
from funnelsim.errors import ResourceError
from funnelsim.scenario.model import Scenario

BLOCK_BYTES = 1 << 23  # of samples: a draw of a large team takes megabytes


class Ends(Gathering):
    """What the thirds of teams show, draw by draw, since their quantiles are asked for.

    Parameters
    ----------
    plans : sequence of Scenario
        One for each team of a draw.
    reps : int
        In a team.
    measures : sequence of str
        Of ``MEASURES``.
    worked : sequence of int
        Numbers of quarters, each counted from the first.
    draws : int
        That it will take in.

    Attributes
    ----------
    runs : list of Run
    grain : int
        Draws to take in at a time.

    Raises
    ------
    ResourceError
        Where the answers would not fit.
    """

    memories = ("_kept",)

    def __init__(
        self,
        plans: Sequence[Scenario],
        reps: int,
        measures: Sequence[str],
        worked: Sequence[int],
        draws: int,
    ) -> None:
        super().__init__()
        shape = (len(THIRDS), len(plans), len(measures), len(worked))
        per_draw = 8 * math.prod(shape) * 2  # the gaps between the thirds take as much
        if draws * per_draw > MEMORY:
            raise ResourceError(
                f"{draws:,} draws take {draws * per_draw / 2**20:,.0f} MiB, more than the "
                f"{MEMORY / 2**20:,.0f} MiB allowed. Ask for at most {MEMORY // per_draw:,}."
            )
        self.runs = [Run(plan, reps=reps) for plan in plans]
        block = BLOCK_BYTES // (reps * sum(bytes_per_draw(run.packed()) for run in self.runs))
        self.grain = min(max(block, 1), draws)
        self._measures, self._worked = measures, worked
        self._kept = Kept()

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        told = [
            thirds(
                own,
                np.array(run.plan.quotas),
                run.plan.deal_size.law_mean,
                self._measures,
                self._worked,
            )
            for run, own in zip(self.runs, samples, strict=True)
        ]
        self._kept.add(np.stack(told, axis=1))

    def values(self) -> Floats:
        """Return what all teams showed, (third, plan, measure, worked, draw)."""
        return self._kept.values()


class Kept:
    """Numbers of every draw, (..., draw)."""

    def __init__(self) -> None:
        self._parts: list[Floats] = []

    def add(self, values: Floats) -> None:
        """Take in a block of draws."""
        self._parts.append(values)

    def values(self) -> Floats:
        """Return the numbers of all draws."""
        self._parts = [np.concatenate(self._parts, axis=-1)]  # not twice in memory from here on
        return self._parts[0]

    def fresh(self) -> Kept:
        """Return one for draws that follow, which has taken in nothing."""
        return Kept()

    def merge(self, other: Kept) -> None:
        """Take in what a :meth:`fresh` one took in."""
        self._parts += other._parts

    def state(self) -> dict[str, Any]:
        """Return what was taken in, as a store keeps it."""
        return {"values": self.values()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""
        self._parts = [state["values"]]
