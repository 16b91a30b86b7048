"""memory_needed(): how much memory a call will take, said before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from funnelsim.analysis.quantiles import most_bytes
from funnelsim.analysis.seats import is_team, reads_as_team
from funnelsim.analysis.tally import GRAIN, QUANTILES, QUARTERS_PER_YEAR
from funnelsim.analysis.team.tally import QUANTILES as TEAM_QUANTILES
from funnelsim.analysis.team.team import block_of
from funnelsim.analysis.team.worlds import Worlds
from funnelsim.engine.blocks import Job, Run, available_threads, check
from funnelsim.engine.simulate import runs_of
from funnelsim.scenario.model import Scenario

MACHINE_CODE = 30 << 20  # bytes: read from the cache, and what threads have for their own
TEMPORARY = 1.0  # bytes of what is worked out of a block, for each of its own
NARROWING = 4  # times the bytes of a window


class Memory(NamedTuple):
    """Bytes above those that importing takes, with machine code from the cache.

    Attributes
    ----------
    samples : int
        Of :func:`funnelsim.simulate`, which keeps every draw.
    streamed : int
        Of :func:`funnelsim.summarize`, or for a team of :func:`funnelsim.team`, which keep none.
    """

    samples: int
    streamed: int


def memory_needed(plan: Scenario, *, draws: int, threads: int | None = None) -> Memory:
    """Return how much memory simulating a plan takes, kept or streamed.

    Parameters
    ----------
    plan : Scenario
    draws : int
        1 to 2**32.
    threads : int, optional
        Defaults to the processors that this process may use.

    Returns
    -------
    Memory
        ``samples`` and ``streamed``, bytes. The peak stays within 1.2 times of them. The first
        call after installing, which compiles, takes some 150 MB more. With a cluster the workers
        take what is in flight, the caller what is kept.

    Raises
    ------
    ArgumentError
        Where an argument is out of range.

    Notes
    -----
    Samples grow with the draws. What is streamed is blocks in flight, and windows around the
    quantiles that hold 18 sqrt(draws) values for each quarter: hardly any growth.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> memory_needed(plan, draws=1_000_000, threads=2).samples > 200e6
    True
    >>> memory_needed(plan, draws=1_000_000_000, threads=2).streamed < 300e6
    True
    """
    check(draws, 0, threads, 1)
    workers = threads or available_threads()
    job = Job(runs_of(plan), 0)
    room = MACHINE_CODE + workers * job.bytes_of_room
    samples = room + draws * job.bytes_kept_per_draw
    streamed = 0 if is_team(plan) else _rep(plan, draws, workers)
    if reads_as_team(plan):
        streamed = max(streamed, _team(plan, draws, workers))
    return Memory(samples, room + streamed)


def _rep(plan: Scenario, draws: int, workers: int) -> int:
    """Return the bytes of grains that are worked on, and of what they leave."""
    quarters = plan.calendar.quarters
    grain = min(draws, GRAIN) * Job([Run(plan)], 0).bytes_per_draw
    periods = quarters + quarters // QUARTERS_PER_YEAR
    return int(workers * grain * (1 + TEMPORARY)) + _streams(QUANTILES, draws, periods)


def _team(plan: Scenario, draws: int, workers: int) -> int:
    """Return the bytes of blocks that are worked on, and of what they leave."""
    worlds = Worlds(plan)
    block = min(block_of(worlds), draws) * worlds.bytes_per_draw
    quarters = plan.calendar.quarters
    groups = (len(plan.team) + 1) * (quarters + quarters // QUARTERS_PER_YEAR)
    streams = _streams(TEAM_QUANTILES, draws, 2 * groups)  # of bookings, and of who attains
    return int(workers * block * (1 + TEMPORARY)) + streams


def _streams(probabilities: Sequence[float], draws: int, each: int) -> int:
    """Return the bytes of the windows of quantiles; one of them is copied while it narrows."""
    own = [most_bytes(p, draws) for p in probabilities]
    return each * sum(own) + NARROWING * max(own)
