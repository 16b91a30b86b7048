"""A team as it grows, on shared luck: doubled until it is large enough, no seat simulated twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.sizing.company import (
    COMPANY,
    Company,
    Floats,
    block_of,
    in_order,
    in_proportion,
)
from funnelsim.analysis.sizing.growth import Growth
from funnelsim.engine.blocks import Progress, Run, Samples, mapped_blocks
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.team import Hire

if TYPE_CHECKING:
    from distributed import Client

FIRST_HIRES = 4  # tried at first
AHEAD = 1.25  # tried next, over what the first seem to make necessary


class Search:
    """The team as it grows.

    Attributes
    ----------
    growths : dict of str to Growth
        By what grows: a segment, or the company.
    now : (draw, period) float, currency
        What the company books as it is.
    """

    def __init__(
        self,
        company: Company,
        grown: Sequence[str],
        draws: int,
        seed: int,
        threads: int | None,
        cluster: Client | None,
        progress: Progress | None,
    ) -> None:
        self.company = company
        self.draws = draws
        self.growths = {name: Growth(draws, company.goals) for name in grown}
        self.now = np.zeros((draws, len(company.periods)))
        self.seed, self.threads, self.cluster, self.progress = seed, threads, cluster, progress

    def grow(self, probability: float, most: int) -> None:
        """Add seats until a probability is reached for certain, or so many have been tried."""
        first = {name: max(each.headcount, 1) for name, each in self.company.segments.items()}
        self._start(first)
        multiple = 1
        while True:
            still = [
                name
                for name, growth in self.growths.items()
                if growth.seats < most and not growth.settled(probability)
            ]
            if not still:
                return
            self._double(still, {name: multiple * seats for name, seats in first.items()})
            multiple *= 2

    def hire(
        self, weeks: Sequence[int], probability: float, most: int
    ) -> dict[tuple[str, int], Growth]:
        """Return the growths of the company as it is by hires of each segment in each week."""
        tried = {
            (name, week): FIRST_HIRES for name in self.growths if name != COMPANY for week in weeks
        }
        segments = self.company.segments
        found: dict[tuple[str, int], Growth] = {}
        while tried:
            runs = [
                Run(with_hires(segments[name], week, reps), 0, hired=True, segment=name)
                for (name, week), reps in tried.items()
            ]
            growths = {way: Growth(self.draws, self.company.goals) for way in tried}
            for rows, bookings in self._bookings(runs):
                for (way, reps), each in zip(tried.items(), bookings, strict=True):
                    growths[way].begin(rows, self.now[rows])
                    growths[way].add(rows, each[:, each.shape[1] - reps :])
            for way, reps in tried.items():
                growths[way].added(reps)
            found |= growths
            tried = {
                way: _more(reps, found[way].forecast(probability), most)
                for way, reps in tried.items()
                if reps < most and not found[way].settled(probability)
            }
        return found

    def _start(self, first: Mapping[str, int]) -> None:
        """Simulate the seats there are, and state what others book beside those that grow."""
        company = self.company
        names, seats = list(company.segments), list(first.values())
        runs = [
            Run(company.segments[name], reps, hired=True, segment=name)
            for name, reps in first.items()
        ]
        order = in_proportion(company.headcounts, company.reps)
        for rows, bookings in self._bookings(runs):
            day_0 = {n: each[:, :k] for n, each, k in zip(names, bookings, seats, strict=True)}
            hired = [each[:, k:].sum(axis=1) for each, k in zip(bookings, seats, strict=True)]
            own = [
                day_0[n][:, : each.headcount].sum(axis=1) for n, each in company.segments.items()
            ]
            self.now[rows] = sum(hired) + sum(own)
            for name, growth in self.growths.items():
                if name == COMPANY:
                    growth.begin(rows, sum(hired))
                    growth.add(rows, in_order([day_0[each] for each in names], order))
                else:
                    place = names.index(name)
                    others = sum(own[:place] + own[place + 1 :]) + sum(hired)
                    growth.begin(rows, others)
                    growth.add(rows, day_0[name])
        for name, growth in self.growths.items():
            growth.added(company.reps if name == COMPANY else first[name])

    def _double(self, still: Sequence[str], before: Mapping[str, int]) -> None:
        """Simulate as many further seats as there are, of all that still grow."""
        company = self.company
        doubled = {
            name: reps
            for name, reps in before.items()
            if name in still or (COMPANY in still and company.segments[name].headcount)
        }
        runs = [
            Run(company.segments[name], reps, first_seat=reps, segment=name)
            for name, reps in doubled.items()
        ]
        size = self.growths[COMPANY].seats if COMPANY in still else 0
        order = in_proportion(company.headcounts, size)  # the same again
        names = [name for name, each in company.segments.items() if each.headcount]
        places = np.cumsum(np.array(company.headcounts) > 0) - 1
        for rows, bookings in self._bookings(runs):
            further = dict(zip(doubled, bookings, strict=True))
            for name in still:
                if name == COMPANY:
                    own = in_order([further[each] for each in names], places[order])
                    self.growths[name].add(rows, own)
                else:
                    self.growths[name].add(rows, further[name])
        for name in still:
            self.growths[name].added(size if name == COMPANY else before[name])

    def _bookings(self, runs: Sequence[Run]) -> Iterator[tuple[slice, list[Floats]]]:
        """Yield rows of draws, and the bookings of each run, (draw, seat, period)."""
        start = 0
        blocks = mapped_blocks(
            runs,
            partial(bookings_of, self.company),
            draws=self.draws,
            seed=self.seed,
            threads=self.threads,
            cluster=self.cluster,
            progress=self.progress,
            block=block_of(runs),
        )
        for booked in blocks:
            rows = slice(start, start + len(booked[0]))
            start = rows.stop
            yield rows, booked


def bookings_of(company: Company, samples: Sequence[Samples]) -> list[Floats]:
    """Return the bookings of each run, (draw, seat, period): nothing else is looked at."""
    return [company.of_periods(each["bookings"]) for each in samples]


def with_hires(segment: Scenario, week: int, reps: int) -> Scenario:
    """Return a segment with further seats that are filled in a week, after all others."""
    further = Hire(week=week, reps=reps)
    return segment.model_copy(update={"hiring": (*segment.hiring, further)})


def _more(reps: int, forecast: float, most: int) -> int:
    """Return how many hires to try next: some more than it seems to take."""
    return int(min(max(AHEAD * forecast, reps + FIRST_HIRES), most))
