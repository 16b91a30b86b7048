"""One opportunity of the slow twin: from its entry to its end, a record of what happened when."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from funnelsim.scenario.model import Scenario
from naive_laws import delay_at, size_at
from naive_team import Hire
from naive_words import Luck, Place
from naive_world import Parameters, Way


@dataclass
class Opportunity:
    source: str
    entered: float
    reached: dict[int, float] = field(default_factory=dict)  # when, by stage
    fate: str = "open"
    ended: float = math.inf
    size: float = 0.0  # as it is by now
    worth: dict[int, float] = field(default_factory=dict)  # the size when a stage is reached
    is_whale: bool = False
    assisted: dict[str, float] = field(default_factory=dict)  # when, by assist
    seen: dict[str, bool] = field(default_factory=dict)  # by pipeline KPI: was it logged

    def end(self, fate: str, day: float) -> None:
        self.fate, self.ended = fate, day

    def lose(self, day: float) -> None:
        """Nothing that would have happened from this day on happens."""
        self.end("lost", day)
        self.reached = {s: t for s, t in self.reached.items() if t < day}
        self.assisted = {name: t for name, t in self.assisted.items() if t < day}


@dataclass
class Worker:
    """A hire at work on one way in: the words and the rates that are theirs together."""

    hire: Hire
    way: Way
    luck: Luck
    conversions: list[float]
    size_skill: float


class Follower:
    """Follows opportunities, of any worker of one seat and draw."""

    def __init__(self, plan: Scenario, drawn: Parameters) -> None:
        self.plan, self.drawn = plan, drawn

    def follow(self, worker: Worker, week: int, index: int, family: str) -> Opportunity:
        """Everything that happens to one opportunity, to its very end."""
        way, n = worker.way, len(self.plan.stages)
        place = Place(worker.luck, week, index, family)
        record = Opportunity(way.name, entered=7 * (week + place.u(0)))
        high, low = place.word(2 * n - 1), place.word(2 * n + 1)
        record.size = size_at(way.law, high, low) * way.size_factor * worker.size_skill
        if place.u(2 * n) < way.whale_probability:
            record.size, record.is_whale = record.size * way.law.whale.multiple, True
        for kpi in self.plan.kpis:
            record.seen[kpi.name] = place.logged(kpi.name) < kpi.logged
        self.walk(record, worker, place)
        self.leave(record, worker, place)
        return record

    def walk(self, record: Opportunity, worker: Worker, place: Place) -> None:
        """Stage after stage, as if the hire stayed for ever."""
        way, t, past = worker.way, record.entered, place.family == "past opportunity"
        n, asked = len(way.stages), place.week < 0  # some delay still has to exceed its threshold
        for s in range(way.first, n):
            stage, went_on, enters = way.stages[s], True, s == way.first
            if not enters:
                p = self.lifted(worker.conversions[s], s, record)
                outcome = place.u(2 * s - 1)
                went_on = outcome < p
                if not went_on and outcome >= 1 - (1 - p) * stage.stalled:
                    return record.end("stalled", t)
            if way.days[s] or (way.lost[s] and not enters):
                v = place.u(2 * n + 2 if enters else 2 * s)
                if asked:
                    v, asked = given_the_past(way, place, s, v)
                if past:  # no delay is long enough for a late win
                    v *= way.past.theta[-place.week - 1, s]
                t += (way.days[s] if went_on else way.lost[s]) * delay_at(stage, v)
            if not went_on:
                return record.end("lost", t)
            self.reach(record, s, -1.0 if past else t, place)
        record.end("won", t)

    def lifted(self, p: float, s: int, record: Opportunity) -> float:
        """The conversion, its odds multiplied by those of the assists that there were."""
        odds = 1.0
        for assist in self.plan.assists:
            if assist.at == self.plan.stages[s].name and assist.name in record.assisted:
                odds *= self.drawn.amount(assist.odds, "assists", assist.name, "odds")
        return p if odds == 1 else odds * p / (1 - p + odds * p)

    def reach(self, record: Opportunity, s: int, t: float, place: Place) -> None:
        """A stage is reached; on the step from here to the next the opportunity may be assisted."""
        record.reached[s], record.worth[s] = t, record.size
        for assist in self.plan.assists:
            if self.plan.stage_names.index(assist.at) == s + 1:
                coverage = self.plan.coverage_of(assist)
                coverage = self.drawn.share(coverage, "assists", assist.name, "coverage")
                if place.assist(assist.name) < coverage:
                    record.assisted[assist.name] = t
                    record.size *= assist.size

    def leave(self, record: Opportunity, worker: Worker, place: Place) -> None:
        """What is open when the hire leaves is handed over, or lost."""
        day = 7 * worker.hire.leave
        if record.ended >= day:
            attrition = self.plan.attrition
            handover = self.drawn.share(attrition.handover, "attrition", "handover")
            if place.u(2 * len(worker.way.stages) + 3) >= handover:
                record.lose(day)


def given_the_past(way: Way, place: Place, s: int, v: float) -> tuple[float, bool]:
    """A delay's uniform given that it or a later one exceeds its threshold; is that still asked?"""
    row, past = -place.week - 1, way.past
    theta = past.theta[row] if place.family == "opportunity" else past.open_theta[row]
    reach = 1 - math.prod(theta[s:])
    exceeds = (1 - theta[s]) / reach if reach > 0 else 0.0
    if v < 1 - exceeds:
        return v * theta[s] / (1 - exceeds), True
    return theta[s] + (1 - theta[s]) * ((v - (1 - exceeds)) / exceeds if exceeds else v), False
