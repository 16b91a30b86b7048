"""Who sits where in the slow twin: hires, their lives, ramps and skills."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy import special

from funnelsim.scenario.model import Scenario
from naive_laws import beta_total, lognormal_of, normal, tabled, weeks_worked
from naive_words import HIRED, Luck
from naive_world import Parameters, Way


@dataclass
class Hire:
    """One who sits in a seat from one week to another."""

    luck: Luck
    begin: int  # the first week worked
    leave: float  # the first week no longer worked
    hired: int | None  # week of t = 0; None for those fully ramped
    ramp_weeks: float
    ramp_from: float
    activity_skill: float = 1.0

    def productive(self, week: int) -> float:
        """r(t) of the ramp."""
        if self.hired is None or self.ramp_weeks <= 0:
            return 1.0
        t = week - self.hired
        return min(1.0, self.ramp_from + (1 - self.ramp_from) * (t + 0.5) / self.ramp_weeks)


def seat_number(plan: Scenario, rep: int) -> int:
    """Seats of day 0 count from 0, those hired from 2^19."""
    at_day_0 = plan.hire_weeks.count(None)
    return rep if rep < at_day_0 else HIRED + rep - at_day_0


def hires_of(plan: Scenario, drawn: Parameters, luck: Luck, week: int | None) -> list[Hire]:
    """All who sit in a seat filled in ``week`` (None: at day 0) until the horizon ends."""
    weeks = plan.calendar.quarters * plan.calendar.weeks_per_quarter
    ramp, attrition = plan.ramp, plan.attrition
    hires: list[Hire] = []
    begin, lives_from, hired = week, max(week or 0, 0), week
    if week is None:
        begin = -math.inf
    while not hires or lives_from < weeks:
        own = replace(luck, hire=len(hires))
        stays, empty = math.inf, 0.0
        if attrition is not None:
            a_year = drawn.share(attrition.per_year, "attrition", "per_year")
            p = 1 - (1 - a_year) ** (1 / 52)
            stays = weeks_worked(own.u("rep", "team", position=0), p)
            empty = attrition.fill_weeks
            if attrition.fill_weeks_cv:
                z = normal(own.u("rep", "team", position=2))
                empty *= lognormal_of(attrition.fill_weeks_cv, z)
            empty = math.floor(empty + own.u("rep", "team", position=3))
        length = start = 0.0
        if ramp is not None:
            length, start = drawn.amount(ramp.weeks, "ramp", "weeks"), ramp.at_hire
            if ramp.weeks_cv:
                length *= lognormal_of(ramp.weeks_cv, normal(own.u("rep", "team", position=1)))
        hires.append(Hire(own, begin, lives_from + stays, hired, length, start))
        if stays == math.inf:
            break
        begin = lives_from = hired = lives_from + stays + empty
    return hires


def comes_or_goes(plan: Scenario) -> bool:
    """Tell whether some seat may be empty, or some rep not fully ramped."""
    return plan.seats > plan.headcount or (
        plan.attrition is not None and plan.attrition.per_year > 0
    )


class Skill:
    """The lasting multipliers of one hire."""

    def __init__(self, plan: Scenario, luck: Luck) -> None:
        self.plan, self.luck = plan, luck

    def z(self, position, loading):
        e = normal(self.luck.u("rep", "skill", position=position))
        if loading == 0:
            return e
        g = normal(self.luck.u("rep", "skill", position=0))
        return loading * g + math.sqrt(1 - loading**2) * e

    def activity(self) -> float:
        cv = self.plan.activity.rep_cv
        return lognormal_of(cv, self.z(1, self.plan.loading("activity"))) if cv else 1.0

    def size(self, way: Way) -> float:
        cv = way.law.rep_cv
        return lognormal_of(cv, self.z(2, self.plan.loading("size"))) if cv else 1.0

    def conversion(self, way: Way, s: int) -> float:
        """The rep's own conversion around the drawn mean, of the concentration stated."""
        stage, mean = way.stages[s], way.means[s]
        if not stage.rep_cv or not 0 < mean < 1:
            return mean
        u = 0.5 * math.erfc(-self.z(3 + s, self.plan.loading(stage.name)) / math.sqrt(2))
        if way.certain[s]:
            return min(max(tabled("beta", (stage.conversion, stage.rep_cv), u), 0.0), 1.0)
        total = beta_total(stage.conversion, stage.rep_cv)
        return float(special.betaincinv(mean * total, (1 - mean) * total, u))
