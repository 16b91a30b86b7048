"""memory_needed(): how much memory a call will take, said before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from funnelsim.analysis.quantiles import most_bytes
from funnelsim.analysis.seats import check_one_seat, is_team, reads_as_team
from funnelsim.analysis.tally import GRAIN, QUANTILES, QUARTERS_PER_YEAR
from funnelsim.analysis.team.tally import QUANTILES as TEAM_QUANTILES
from funnelsim.analysis.team.team import block_of
from funnelsim.analysis.team.worlds import Worlds
from funnelsim.engine.blocks import Job, Run, available_threads, check
from funnelsim.engine.simulate import runs_of
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario

MACHINE_CODE = 30 << 20  # bytes: read from the cache, and what threads have for their own
TEMPORARY = 1.0  # bytes of what is worked out of a block, for each of its own
NARROWING = 4  # times the bytes of a window
OF_GROWTH = 8 + 4 + 1  # bytes of a draw and period: what is booked, how many fall short, who idles
OF_FORECAST = 3 * 8  # the same, while it is told how many seats it may take


@dataclass(frozen=True)
class Memory:
    """Bytes above those that importing takes, with machine code from the cache, by call.

    Attributes
    ----------
    draws, threads : int
    """

    plan: Scenario = field(repr=False)
    draws: int
    threads: int

    @cached_property
    def samples(self) -> int:
        """Of :func:`funnelsim.simulate`, which keeps every draw."""
        return self._room + self.draws * self._job.bytes_kept_per_draw

    @cached_property
    def streamed(self) -> int:
        """Of :func:`funnelsim.summarize`, or for a team of :func:`funnelsim.team`.

        They keep no draw; nor does :func:`funnelsim.sweep`, which takes no more.
        """
        needed = 0 if is_team(self.plan) else _rep(self.plan, self.draws, self.threads)
        if reads_as_team(self.plan):
            needed = max(needed, _team(self.plan, self.draws, self.threads))
        return self._room + needed

    @cached_property
    def luck(self) -> int:
        """Of :func:`funnelsim.luck`, which keeps no draw, but compares with many plans.

        Raises
        ------
        ArgumentError
            Where the plan is a team.
        """
        check_one_seat(self.plan)
        return self._room + _luck(self.plan, self.draws, self.threads)

    @cached_property
    def headcount(self) -> int:
        """Of :func:`funnelsim.headcount`, which keeps a few numbers of each draw.

        Raises
        ------
        ArgumentError
            Where nobody of the plan books anything.
        """
        return self._room + _headcount(self.plan, self.draws, self.threads)

    @cached_property
    def _job(self) -> Job:
        return Job(runs_of(self.plan), 0)

    @cached_property
    def _room(self) -> int:
        return MACHINE_CODE + self.threads * self._job.bytes_of_room


def memory_needed(plan: Scenario, *, draws: int, threads: int | None = None) -> Memory:
    """Return how much memory the calls that take many draws of a plan take.

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
        ``samples``, ``streamed``, ``luck`` and ``headcount``, bytes. The peak stays within 1.2
        times of them. The first call after installing, which compiles, takes some 150 MB more. With
        a cluster the workers take what is in flight, the caller what is kept.

    Raises
    ------
    ArgumentError
        Where an argument is out of range.

    Notes
    -----
    Samples grow with the draws, and so does, by some hundred bytes for each, what the size of a
    team is found by. What is streamed is blocks in flight, and windows around the quantiles that
    hold 18 sqrt(draws) values for each quarter: hardly any growth.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> memory_needed(plan, draws=1_000_000, threads=2).samples > 200e6
    True
    >>> memory_needed(plan, draws=1_000_000_000, threads=2).streamed < 300e6
    True
    >>> memory_needed(plan, draws=1_000_000_000, threads=2).luck < 300e6
    True
    """
    check(draws, 0, threads, 1)
    check_scenario(plan)
    return Memory(plan, draws, threads or available_threads())


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


def _luck(plan: Scenario, draws: int, workers: int) -> int:
    """Return the bytes of blocks of all plans that luck compares; what they leave is little."""
    from funnelsim.analysis.luck.luck import question_of  # needs scipy

    asked = question_of(plan)
    own = Job([*asked.common, *asked.heavy], 0).bytes_per_draw
    return int(workers * min(asked.block, draws) * own * (1 + TEMPORARY))


def _headcount(plan: Scenario, draws: int, workers: int) -> int:
    """Return the bytes of seats that are worked on, and of what is known of every draw.

    That is what the company books, and a growth for each segment, for the company, and for hires of
    each segment in each week; of hires as many again while more of them are tried.
    """
    from funnelsim.analysis.sizing.company import LEAST_BLOCK, company_of
    from funnelsim.analysis.sizing.company import block_of as block_of_seats
    from funnelsim.analysis.sizing.headcount import HIRE_WEEKS, TIMES

    company = company_of(plan)
    runs, segments, periods = company.runs(), len(company.segments), len(company.periods)
    block = max(block_of_seats(runs), LEAST_BLOCK * TIMES // 2)  # half of all seats come at once
    seats = min(block, draws) * Job(runs, 0).bytes_per_draw
    growths = segments + 1 + 2 * segments * len(HIRE_WEEKS)
    known = draws * periods * (8 + OF_GROWTH * growths + OF_FORECAST)
    return int(workers * seats * (1 + TEMPORARY)) + known


def _streams(probabilities: Sequence[float], draws: int, each: int) -> int:
    """Return the bytes of the windows of quantiles; one of them is copied while it narrows."""
    own = [most_bytes(p, draws) for p in probabilities]
    return each * sum(own) + NARROWING * max(own)
