"""The slow, obvious twin of the engine: plain Python, one seat of one draw at a time.

It restates model.md and the address page of randomness.md from scratch: every opportunity
becomes a record of what happened to it and when, and all results are counted from the records. Its
words, laws, world, team and opportunities stand in the other files called naive_*.
"""

from __future__ import annotations

import math
from dataclasses import replace

from funnelsim.scenario.model import Scenario
from naive_laws import inverse_binomial, inverse_count, size_at
from naive_opportunity import Follower, Opportunity, Worker
from naive_team import Hire, Skill, comes_or_goes, hires_of, seat_number
from naive_words import Luck, anew_of, philox, short_hash
from naive_world import Parameters, market_of, ways_of

__all__ = ["Luck", "Rep", "philox"]


class Rep:
    """One seat in one draw, whoever sits in it."""

    def __init__(
        self, plan: Scenario, seed: int, draw: int, pipeline=False, rep=0, redraw=(), whole=False,
        segment="rep",
    ) -> None:  # fmt: skip
        self.plan, self.pipeline = plan, pipeline
        self.luck = Luck(seed, draw, segment, seat_number(plan, rep), anew=anew_of(plan, redraw))
        self.weeks = plan.calendar.weeks_per_quarter
        self.drawn = Parameters(plan, self.luck)
        self.ways = ways_of(plan, self.drawn, pipeline, whole)
        self.follower = Follower(plan, self.drawn)
        past_weeks = max(way.past.weeks for way in self.ways)
        self.market = market_of(plan, self.luck, past_weeks)
        self.hires = hires_of(plan, self.drawn, self.luck, plan.hire_weeks[rep])
        self.activities: dict[int, int] = {}
        self.opportunities: list[Opportunity] = []
        for hire in self.hires:
            for worker in self.workers(hire):
                for week in range(-worker.way.past.weeks, plan.calendar.quarters * self.weeks):
                    if hire.begin <= week < hire.leave:
                        self.walk_week(worker, week)

    def workers(self, hire: Hire) -> list[Worker]:
        skill = Skill(self.plan, hire.luck)
        hire.activity_skill = skill.activity()
        return [
            Worker(
                hire,
                way,
                replace(hire.luck, source=way.name),
                [skill.conversion(way, s) for s in range(len(way.stages))],
                skill.size(way),
            )
            for way in self.ways
        ]

    def in_seat(self, week: int) -> Hire | None:
        return next((hire for hire in self.hires if hire.begin <= week < hire.leave), None)

    # --- weeks

    def walk_week(self, worker: Worker, week: int) -> None:
        """What enters by one way in one week, and all that becomes of it."""
        matters, merely_open = 1.0, 0.0  # what can still happen from day 0 on: all, or a loss only
        if week < 0:
            matters = 1 - math.prod(worker.way.past.theta[-week - 1])
            merely_open = 1 - math.prod(worker.way.past.open_theta[-week - 1])
        u = worker.luck.timed("source", "entry", week)
        past_u = worker.luck.timed("source", "past entry", week)
        if worker.way.name == "activity":
            n = self.activities[week] = self.worked(worker, week)
            p = self.entry_probability(worker, week, n)
            count = inverse_binomial(u, n, p * matters)
            share = p * (1 - matters) * merely_open
            others = inverse_binomial(past_u, n - count, share / (1 - p * matters) if share else 0)
        else:
            mean = worker.way.per_week * worker.hire.productive(week)
            mean *= self.market[week // self.weeks]
            count = inverse_count(u, mean * matters, 0.0)
            others = inverse_count(past_u, mean * (1 - matters) * merely_open, 0.0)
        for i in range(count):
            self.opportunities.append(self.follower.follow(worker, week, i, "opportunity"))
        for i in range(others if self.pipeline else 0):
            record = self.follower.follow(worker, week, i, "past opportunity")
            if record.fate == "lost":  # what is not lost is left out
                self.opportunities.append(record)

    def worked(self, worker: Worker, week: int) -> int:
        """Activities of the week."""
        plan, policy = self.plan, self.plan.policy
        mean = worker.way.per_week * worker.hire.activity_skill
        n = inverse_count(
            worker.luck.timed("source", "activity", week), mean, plan.activity.week_cv
        )
        if policy.start_week is None or week >= policy.start_week:
            adherence = self.drawn.share(policy.adherence, "policy", "adherence")
            short = policy.floor_per_week is not None and n < policy.floor_per_week
            if short and worker.luck.timed("source", "policy", week) < adherence:
                n = policy.floor_per_week
            if policy.cap_per_week is not None:
                n = min(n, policy.cap_per_week)
        return n

    def entry_probability(self, worker: Worker, week: int, n: int) -> float:
        activity = self.plan.activity
        p = worker.conversions[0] * worker.hire.productive(week) * self.market[week // self.weeks]
        if activity.elasticity != 1 and n > 0:
            p *= (n / activity.reference_per_week) ** (activity.elasticity - 1)
        return min(p, 1.0)

    # --- what the records say

    def results(self) -> dict[str, object]:
        """Every sample of this seat by quarter, under the names of the registry."""
        quarters = range(self.plan.calendar.quarters)
        rows = [self.quarter(q) for q in quarters]
        out = {name: [row[name] for row in rows] for name in rows[0]}
        if self.pipeline:
            for name in ("entered", "lost", "stalled", "open"):
                out[name] = [self.flow(name, q) for q in quarters]
            out["open_at_start"] = sum(o.entered < 0 <= o.ended for o in self.opportunities)
        return out

    def quarter(self, q: int) -> dict[str, object]:
        plan, weeks = self.plan, self.weeks_of(q)
        won = [o for o in self.opportunities if o.fate == "won" and self.falls(o.ended, weeks)]
        windfalls = self.windfalls(q)
        repeatable = sum((o.size for o in won if not o.is_whale), 0.0)
        lucky = sum([o.size for o in won if o.is_whale] + windfalls, 0.0)
        hits = [self.hits(kpi, q) for kpi in plan.kpis]
        needed = [
            kpi.share * {"week": self.weeks, "month": 3, "quarter": 1}[kpi.per] - 1e-9
            for kpi in plan.kpis
        ]
        row = {
            "activities": sum(self.activities.get(week, 0) for week in weeks),
            "reached": [len(self.arrivals(s, weeks)) for s in range(len(plan.stages))],
            "windfalls": len(windfalls),
            "whales": sum(o.is_whale for o in won),
            "bookings": repeatable + lucky,
            "repeatable_bookings": repeatable,
            "windfall_bookings": lucky,
            "largest_deal": max([o.size for o in won] + windfalls, default=0.0),
            "kpi_hits": hits,
            "kpi_attained": [hit >= need for hit, need in zip(hits, needed, strict=True)],
        }
        if plan.sources:
            names = [way.name for way in self.ways]
            row["source_won"] = [sum(o.source == name for o in won) for name in names]
            row["source_bookings"] = [
                sum((o.size for o in won if o.source == name), 0.0) for name in names
            ]
        if plan.assists:
            row["assisted"] = [len(self.assisted(each.name, weeks)) for each in plan.assists]
        if comes_or_goes(plan):
            seated = [(hire, week) for week in weeks if (hire := self.in_seat(week)) is not None]
            row["filled"] = len(seated) / self.weeks
            row["productive"] = math.fsum(h.productive(week) for h, week in seated) / self.weeks
        return row

    def flow(self, name: str, q: int) -> int:
        weeks, end = self.weeks_of(q), 7.0 * self.weeks * (q + 1)
        if name == "entered":
            return sum(self.falls(o.entered, weeks) for o in self.opportunities)
        if name == "open":
            return sum(o.entered < end <= o.ended for o in self.opportunities)
        return sum(o.fate == name and self.falls(o.ended, weeks) for o in self.opportunities)

    def windfalls(self, q: int) -> list[float]:
        """Sizes of those whose moment finds somebody in the seat."""
        law, luck, drawn = self.plan.windfall, self.luck, self.drawn
        if law is None:
            return []
        mean = drawn.amount(law.per_quarter, "windfall", "per_quarter")
        factor = drawn.amount(1.0, "windfall", "mean")
        sizes = []
        for i in range(inverse_count(luck.u("rep", "windfall", q + 8192), mean, 0.0)):
            moment = luck.u("rep", "windfall", q + 8192, i, 1)
            high, low = (luck.word("rep", "windfall", q + 8192, i, p) for p in (2, 3))
            if self.in_seat(math.floor((q + moment) * self.weeks)) is not None:
                sizes.append(size_at(law, high, low) * factor)
        return sizes

    def weeks_of(self, q: int) -> range:
        return range(q * self.weeks, (q + 1) * self.weeks)

    def falls(self, day: float, weeks: range) -> bool:
        """Tell whether a day lies in some weeks that follow each other."""
        return 7.0 * weeks.start <= day < 7.0 * weeks.stop

    def hits(self, kpi, q: int) -> int:
        w, weeks = self.weeks, self.weeks_of(q)
        periods = {
            "week": [weeks[i : i + 1] for i in range(w)],
            "month": [weeks[m * w // 3 : (m + 1) * w // 3] for m in range(3)],
            "quarter": [weeks],
        }[kpi.per]
        tolerance = 1e-9 if kpi.metric == "pipeline" else 0.0
        return sum(
            sum(self.seen(kpi, week) for week in period) >= kpi.target * (1 - tolerance)
            for period in periods
        )

    def seen(self, kpi, week: int) -> float:
        """What is logged of a KPI's metric in a week."""
        names, weeks = self.plan.stage_names, range(week, week + 1)
        if kpi.metric == "pipeline":
            s = names.index(kpi.at) if kpi.at else 0
            return sum(o.worth[s] for o in self.arrivals(s, weeks) if o.seen[kpi.name])
        if kpi.metric == "activities":
            count = self.activities.get(week, 0)
        elif kpi.metric in names:
            count = len(self.arrivals(names.index(kpi.metric), weeks))
        else:
            count = len(self.assisted(kpi.metric, weeks))
        if kpi.logged < 1:
            u = self.luck.timed("source", "logged", week, short_hash(kpi.name))  # of the seat
            count = inverse_binomial(u, count, kpi.logged)
        return count

    def arrivals(self, s: int, weeks: range) -> list[Opportunity]:
        found = self.opportunities
        return [o for o in found if s in o.reached and self.falls(o.reached[s], weeks)]

    def assisted(self, name: str, weeks: range) -> list[Opportunity]:
        found = self.opportunities
        return [o for o in found if name in o.assisted and self.falls(o.assisted[name], weeks)]
