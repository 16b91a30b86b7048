"""The reference workload with one Python object or loop turn for every activity.

All start with an empty pipeline, which is how such programs are written and spares them the past;
they are checked against the exact answer for an empty start.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import fields

from benchmarks.workload import (
    ACTIVITIES_PER_QUARTER,
    DAYS,
    DEAL,
    DEMO,
    DEMO_DELAY,
    DISCOVERY,
    PER_WEEK,
    WEEKS,
    WINDFALL,
    WINDFALLS_PER_QUARTER,
    WON,
    WON_DELAY,
    Outcome,
)

ACTIVITIES_PER_DAY = ACTIVITIES_PER_QUARTER / DAYS
WINDFALLS_PER_DAY = WINDFALLS_PER_QUARTER / DAYS


def plain_loop(draws: int, seed: int) -> Outcome:
    """Loop over weeks and activities with the random numbers of the standard library."""
    rng = random.Random(seed)
    uniform, lognormal = rng.random, rng.lognormvariate
    outcome = Outcome.empty(draws)
    for draw in range(draws):
        activities = discoveries = demos = wins = 0
        bookings = windfalls = 0.0
        for week in range(WEEKS):
            for _ in range(_poisson(uniform, PER_WEEK)):
                activities += 1
                if uniform() >= DISCOVERY:
                    continue
                discoveries += 1
                if uniform() >= DEMO:
                    continue
                day = 7 * (week + uniform()) + lognormal(DEMO_DELAY.mu, DEMO_DELAY.sigma)
                if day >= DAYS:
                    continue
                demos += 1
                if uniform() >= WON:
                    continue
                if day + lognormal(WON_DELAY.mu, WON_DELAY.sigma) < DAYS:
                    wins += 1
                    bookings += lognormal(DEAL.mu, DEAL.sigma)
        for _ in range(_poisson(uniform, WINDFALLS_PER_QUARTER)):
            windfalls += lognormal(WINDFALL.mu, WINDFALL.sigma)
        row = (activities, discoveries, demos, wins, bookings + windfalls, windfalls)
        _write(outcome, draw, row)
    return outcome


def simpy_processes(draws: int, seed: int) -> Outcome:
    """Let SimPy run a process for the rep, one for the windfalls and one for each opportunity."""
    import simpy

    rng = random.Random(seed)
    outcome = Outcome.empty(draws)
    for draw in range(draws):
        environment = simpy.Environment()
        quarter = _Quarter(environment, rng)
        environment.process(quarter.work())
        environment.process(quarter.luck())
        environment.run(until=DAYS)
        row = (quarter.activities, quarter.discoveries, quarter.demos, quarter.wins)
        booked = (quarter.bookings + quarter.windfalls, quarter.windfalls)
        _write(outcome, draw, (*row, *booked))
    return outcome


class _Quarter:
    """One rep's quarter as SimPy sees it: an environment in which processes wait."""

    def __init__(self, environment, rng: random.Random) -> None:  # type: ignore[no-untyped-def]
        self.environment, self.rng = environment, rng
        self.activities = self.discoveries = self.demos = self.wins = 0
        self.bookings = self.windfalls = 0.0

    def work(self) -> Generator:
        while True:
            yield self.environment.timeout(self.rng.expovariate(ACTIVITIES_PER_DAY))
            self.activities += 1
            if self.rng.random() < DISCOVERY:
                self.environment.process(self.opportunity())

    def opportunity(self) -> Generator:
        self.discoveries += 1
        if self.rng.random() >= DEMO:
            return
        delay = self.rng.lognormvariate(DEMO_DELAY.mu, DEMO_DELAY.sigma)
        yield self.environment.timeout(delay)
        self.demos += 1
        if self.rng.random() >= WON:
            return
        delay = self.rng.lognormvariate(WON_DELAY.mu, WON_DELAY.sigma)
        yield self.environment.timeout(delay)
        self.wins += 1
        self.bookings += self.rng.lognormvariate(DEAL.mu, DEAL.sigma)

    def luck(self) -> Generator:
        while True:
            yield self.environment.timeout(self.rng.expovariate(WINDFALLS_PER_DAY))
            self.windfalls += self.rng.lognormvariate(WINDFALL.mu, WINDFALL.sigma)


def ciw_network(draws: int, seed: int) -> Outcome:
    """Let Ciw route every activity through a network of queues where nobody waits."""
    import ciw

    none = [0.0] * 5
    law, at_once, free = ciw.dists, ciw.dists.Deterministic(0.0), math.inf
    network = ciw.create_network(  # nodes: activity, discovery call, demo, deal, windfall
        arrival_distributions=[
            law.Exponential(ACTIVITIES_PER_DAY), None, None, None,
            law.Exponential(WINDFALLS_PER_DAY),
        ],
        service_distributions=[
            at_once, at_once, law.Lognormal(DEMO_DELAY.mu, DEMO_DELAY.sigma),
            law.Lognormal(WON_DELAY.mu, WON_DELAY.sigma), at_once,
        ],
        number_of_servers=[free] * 5,
        routing=[
            [0.0, DISCOVERY, 0.0, 0.0, 0.0], [0.0, 0.0, DEMO, 0.0, 0.0],
            [0.0, 0.0, 0.0, WON, 0.0], none, none,
        ],
    )  # fmt: skip
    ciw.seed(seed)
    amount = random.Random(seed).lognormvariate
    outcome = Outcome.empty(draws)
    for draw in range(draws):
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(DAYS)
        served = Counter(record.node for record in simulation.get_all_records())
        windfalls = sum(amount(WINDFALL.mu, WINDFALL.sigma) for _ in range(served[5]))
        bookings = windfalls + sum(amount(DEAL.mu, DEAL.sigma) for _ in range(served[4]))
        _write(outcome, draw, (*(served[node] for node in (1, 2, 3, 4)), bookings, windfalls))
    return outcome


def _poisson(uniform: Callable[[], float], mean: float) -> int:
    """Count uniforms until their product falls below exp(-mean) (Knuth, TAOCP 2, 3.4.1)."""
    limit, product, count = math.exp(-mean), uniform(), 0
    while product > limit:
        product *= uniform()
        count += 1
    return count


def _write(outcome: Outcome, draw: int, row: tuple[float, ...]) -> None:
    for field, value in zip(fields(outcome), row, strict=True):
        getattr(outcome, field.name)[draw] = value
