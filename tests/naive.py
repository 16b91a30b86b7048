"""The slow, obvious twin of the engine: plain Python, one rep of one draw at a time.

It restates docs/model.md and the address page of docs/randomness.md from scratch: every opportunity
becomes a record of what happened to it and when, and all results are counted from the records. Only
the quantile tables are the engine's, since they belong to the stream.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import cache
from statistics import NormalDist

import numpy as np
from scipy import special, stats

from funnelsim.engine import tables
from funnelsim.scenario.model import Scenario, SizeLaw, Stage

M32 = 0xFFFFFFFF
FAMILY = {
    "skill": 0, "market": 1, "activity": 2, "policy": 3, "entry": 4, "opportunity": 5,
    "windfall": 6, "logged": 10, "past entry": 11, "past opportunity": 12,
}  # fmt: skip


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in whole numbers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & M32, (a >> 32) ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def name_hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def short_hash(name: str) -> int:
    return 1 + name_hash(name) % 0xFFFF


@dataclass
class Luck:
    """The words of one draw, by address."""

    seed: int
    draw: int
    rep: int = 0
    anew: tuple[tuple[str, int | None], ...] = ()  # family and position (None: all) drawn anew

    def word(self, key, family, time=0, index=0, position=0, name=0):
        names = {"world": (), "rep": ("rep",), "source": ("rep", "activity")}[key]
        spawn_key = [name_hash(n) for n in names]
        plain = family.removeprefix("past ")
        if (plain, None) in self.anew or (plain, position) in self.anew:
            spawn_key = [1, *spawn_key]
        sequence = np.random.SeedSequence(self.seed, spawn_key=spawn_key)
        key_words = [int(word) for word in sequence.generate_state(2)]
        block, lane = divmod(position, 4)
        seat = 0 if key == "world" else self.rep
        counter = [self.draw, seat, time << 18 | index, FAMILY[family] | block << 8 | name << 16]
        return philox(counter, key_words)[lane]

    def u(self, *args, **kwargs):
        return (self.word(*args, **kwargs) + 0.5) / 2**32

    def timed(self, key, family, time, name=0):
        group, lane = divmod(time + 8192, 4)
        return self.u(key, family, time=group, position=lane, name=name)


def tabled(kind, parameters, u):
    coefficients, bits = tables.table_of(kind, *parameters)
    tail = min(max(1 - u if u > 0.5 else u, 2.0**-33), 0.5 - 2.0**-53)
    fraction, exponent = math.frexp(tail)
    octave, place = exponent + 32, (2 * fraction - 1) * 2**bits
    segment = int(place)
    row = ((32 if u > 0.5 else 0) + octave) * 2**bits + segment
    a, b, c, d = (float(value) for value in coefficients[row])
    x = place - segment
    return a + x * (b + x * (c + x * d))


def normal(u):
    return tabled("normal", (), u)


def size_at(law: SizeLaw, high: int, low: int) -> float:
    u = (high + 0.5) / 2**32
    long = ((high << 20 | low >> 12) + 0.5) / 2**52
    if law.law == "fixed":
        return law.mean
    if law.law == "pareto":
        return law.minimum * (1 - long) ** (-1 / law.shape)
    if law.law == "empirical":
        return sorted(law.amounts)[min(int(long * len(law.amounts)), len(law.amounts) - 1)]
    return law.mean * tabled(law.law, (law.cv,), u)


def delay_at(stage: Stage, u: float) -> float:
    """The delay over its mean."""
    if stage.delay.law == "empirical":
        days = sorted(stage.delay.days)
        return days[min(int(u * len(days)), len(days) - 1)] / (math.fsum(days) / len(days))
    return tabled(stage.delay.law, (stage.days_cv,), u) if stage.days_cv else 1.0


def delay_law(stage: Stage):
    """The same law from scipy, for the thresholds of the past."""
    if stage.delay.law == "empirical":
        days = np.sort(stage.delay.days) / (math.fsum(stage.delay.days) / len(stage.delay.days))
        quantile = lambda u: days[min(math.ceil(u * len(days)), len(days)) - 1]  # noqa: E731
        return quantile, lambda x: float(np.sum(days <= x * (1 + 1e-15)) / len(days))
    if not stage.days_cv:
        return lambda u: 1.0, lambda x: float(x >= 1)
    if stage.delay.law == "gamma":
        law = stats.gamma(1 / stage.days_cv**2, scale=stage.days_cv**2)
        return law.ppf, law.cdf
    sigma = math.sqrt(math.log1p(stage.days_cv**2))
    z = NormalDist()
    return (
        lambda u: math.exp(sigma * z.inv_cdf(u) - sigma**2 / 2),
        lambda x: z.cdf((math.log(x) + sigma**2 / 2) / sigma) if x > 0 else 0.0,
    )


@cache
def count_cdf(mean: float, cv: float):
    top = int(mean + 40 * math.sqrt(mean + (mean * cv) ** 2) * (1 + cv) + 50)
    n = np.arange(top)
    if cv:
        r = 1 / cv**2
        return special.betainc(r, n + 1.0, r / (r + mean))  # nbdtr would truncate r
    return special.pdtr(n, mean)


def inverse_count(u: float, mean: float, cv: float) -> int:
    return int(np.searchsorted(count_cdf(mean, cv), u, side="right"))


def inverse_binomial(u: float, n: int, p: float) -> int:
    if p <= 0 or n == 0:
        return 0
    if p >= 1:
        return n
    k, total = 0, 0.0
    for k in range(n + 1):
        total += math.exp(
            math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            + k * math.log(p) + (n - k) * math.log1p(-p)
        )  # fmt: skip
        if u < total:
            break
    return k


@dataclass
class Opportunity:
    entered: float
    reached: list[float] = field(default_factory=list)
    fate: str = "open"
    ended: float = math.inf
    size: float = 0.0
    is_whale: bool = False
    seen: dict[str, bool] = field(default_factory=dict)  # by pipeline KPI: was it logged


@dataclass
class Past:
    """The thinning of the weeks before day 0, from the formulas of docs/randomness.md."""

    theta: np.ndarray
    open_theta: np.ndarray


def lost_days(stage: Stage) -> float:
    return stage.days if stage.lost_days is None else stage.lost_days


def anew_of(plan: Scenario, redraw) -> tuple[tuple[str, int | None], ...]:
    """What a purpose draws anew, by family and position."""
    n = len(plan.stages)
    words = {
        "skill": [("skill", None)],
        "market": [("market", None)],
        "activity": [("activity", None), ("policy", None)],
        "entry": [("entry", None)],
        "delay": [("opportunity", p) for p in (0, *range(2, 2 * n - 1, 2), 2 * n + 2)],
        "size": [("opportunity", 2 * n - 1), ("opportunity", 2 * n + 1)],
        "whale": [("opportunity", 2 * n)],
        "windfall": [("windfall", None)],
    }
    for s, stage in enumerate(plan.stages):
        words[f"outcome.{stage.name}"] = [("opportunity", 2 * s - 1)]
    return tuple(word for purpose in redraw for word in words[purpose])


def past_of(plan: Scenario, pipeline: bool, whole: bool) -> tuple[int, Past]:
    n = len(plan.stages)
    if plan.calendar.start == "empty":
        return 0, Past(np.ones((0, n)), np.ones((0, n)))
    won = [stage.days for stage in plan.stages]
    longest = [max(s.days, lost_days(s)) if i > 0 else s.days for i, s in enumerate(plan.stages)]

    def weeks(means):
        slow = [(s, mean) for s, mean in zip(plan.stages, means, strict=True) if mean > 0]
        total = sum(mean * delay_law(s)[0](1 - 1e-4 / len(slow)) for s, mean in slow)
        return math.ceil(total / 7)

    def thresholds(means, k):
        weights = np.array([mean**0.75 if mean else 0.0 for mean in means])
        out = np.ones((k, n))
        for row in range(k):
            for s in range(n):
                if means[s]:
                    share = weights[s] / weights.sum()
                    out[row, s] = delay_law(plan.stages[s])[1](share * 7 * row / means[s])
        return out

    k = weeks(won)
    k_open = max(k, weeks(longest)) if pipeline else k
    theta = thresholds(won, k_open)
    if whole:  # no opportunity is left out
        theta[:] = 0.0
    theta[k:] = 1.0
    lower = np.minimum(theta, thresholds(longest, k_open))
    return k_open, Past(theta, np.where(theta > 0, lower / np.where(theta > 0, theta, 1), 0.0))


class Rep:
    """One rep in one draw."""

    def __init__(
        self, plan: Scenario, seed: int, draw: int, pipeline=False, rep=0, redraw=(), whole=False
    ) -> None:
        self.plan, self.pipeline = plan, pipeline
        self.luck = Luck(seed, draw, rep, anew_of(plan, redraw))
        self.weeks = plan.calendar.weeks_per_quarter
        self.horizon = 7.0 * self.weeks * plan.calendar.quarters
        self.past_weeks, self.past = past_of(plan, pipeline, whole)
        self.activity_skill = self.lognormal_skill(1, "activity", plan.activity.rep_cv)
        self.size_skill = self.lognormal_skill(2, "size", plan.deal_size.rep_cv)
        self.conversions = [self.conversion(s) for s in range(len(plan.stages))]
        self.market = self.walk_market()
        self.activities: dict[int, int] = {}
        self.opportunities: list[Opportunity] = []
        for week in range(-self.past_weeks, plan.calendar.quarters * self.weeks):
            self.walk_week(week)

    # --- skill and market

    def z(self, position, loading):
        e = normal(self.luck.u("rep", "skill", position=position))
        if loading == 0:
            return e
        g = normal(self.luck.u("rep", "skill", position=0))
        return loading * g + math.sqrt(1 - loading**2) * e

    def lognormal_skill(self, position, name, cv):
        if not cv:
            return 1.0
        sigma = math.sqrt(math.log1p(cv * cv))
        return math.exp(sigma * self.z(position, self.plan.loading(name)) - sigma**2 / 2)

    def conversion(self, s):
        stage = self.plan.stages[s]
        if not stage.rep_cv or not stage.conversion:
            return stage.conversion
        u = 0.5 * math.erfc(-self.z(3 + s, self.plan.loading(stage.name)) / math.sqrt(2))
        return min(max(tabled("beta", (stage.conversion, stage.rep_cv), u), 0.0), 1.0)

    def walk_market(self):
        market, quarters = self.plan.market, self.plan.calendar.quarters
        past = -(-self.past_weeks // self.weeks)
        if not market.cv:
            return {q: market.season[q % 4] for q in range(-past, quarters)}
        e = {q: normal(self.luck.timed("world", "market", q)) for q in range(-past, quarters)}
        f, x = market.persistence, {0: e[0]}
        for q in range(1, quarters):
            x[q] = f * x[q - 1] + math.sqrt(1 - f * f) * e[q]
        for q in range(-1, -past - 1, -1):
            x[q] = f * x[q + 1] + math.sqrt(1 - f * f) * e[q]
        s = math.sqrt(math.log1p(market.cv**2))
        return {q: math.exp(s * x[q] - s * s / 2) * market.season[q % 4] for q in x}

    # --- weeks

    def walk_week(self, week):
        plan, policy = self.plan, self.plan.policy
        u = self.luck.timed("source", "activity", week)
        n = inverse_count(u, plan.activities_per_week * self.activity_skill, plan.activity.week_cv)
        if policy.start_week is None or week >= policy.start_week:
            short = policy.floor_per_week is not None and n < policy.floor_per_week
            if short and self.luck.timed("source", "policy", week) < policy.adherence:
                n = policy.floor_per_week
            if policy.cap_per_week is not None:
                n = min(n, policy.cap_per_week)
        self.activities[week] = n
        p = self.conversions[0] * self.market[week // self.weeks]
        if plan.activity.elasticity != 1 and n > 0:
            p *= (n / plan.activity.reference_per_week) ** (plan.activity.elasticity - 1)
        p = min(p, 1.0)
        u = self.luck.timed("source", "entry", week)
        if week >= 0:
            for i in range(inverse_binomial(u, n, p)):
                self.opportunities.append(self.follow(week, i, "opportunity"))
            return
        reach = 1 - math.prod(self.past.theta[-week - 1])
        late = inverse_binomial(u, n, p * reach)
        for i in range(late):
            self.opportunities.append(self.follow(week, i, "opportunity"))
        if self.pipeline:
            others = 1 - math.prod(self.past.open_theta[-week - 1])
            share = p * (1 - reach) * others / (1 - p * reach)
            u = self.luck.timed("source", "past entry", week)
            for i in range(inverse_binomial(u, n - late, share)):
                merely_open = self.follow(week, i, "past opportunity")
                if merely_open.fate == "lost":  # what is not lost is left out
                    self.opportunities.append(merely_open)

    def follow(self, week, index, family):
        """Everything that happens to one opportunity, to its very end."""
        plan, n = self.plan, len(self.plan.stages)

        def u(position):
            return self.luck.u("source", family, week + 8192, index, position)

        t = 7 * (week + u(0))
        record = Opportunity(entered=t)
        if family == "opportunity":
            high, low = (
                self.luck.word("source", family, week + 8192, index, position)
                for position in (2 * n - 1, 2 * n + 1)
            )
            record.size = size_at(plan.deal_size, high, low) * self.size_skill
            whale = plan.deal_size.whale
            if whale is not None and u(2 * n) < whale.probability:
                record.size, record.is_whale = record.size * whale.multiple, True
            for kpi in plan.kpis:
                logged = self.luck.u(
                    "source", "logged", week + 8192, index, name=short_hash(kpi.name)
                )
                record.seen[kpi.name] = logged < kpi.logged
        asked = week < 0  # some delay still has to exceed its threshold
        for s, stage in enumerate(plan.stages):
            went_on = True
            if s > 0:
                outcome = u(2 * s - 1)
                went_on = outcome < self.conversions[s]
                if not went_on and outcome >= 1 - (1 - self.conversions[s]) * stage.stalled:
                    record.fate, record.ended = "stalled", t
                    return record
            mean = stage.days if went_on else lost_days(stage)
            if stage.days or (s > 0 and lost_days(stage)):
                v = u(2 * s if s > 0 else 2 * n + 2)
                if asked:
                    v, asked = self.given_the_past(week, s, family, v)
                if family == "past opportunity":  # no delay is long enough for a late win
                    v *= self.past.theta[-week - 1, s]
                t += mean * delay_at(stage, v)
            if not went_on:
                record.fate, record.ended = "lost", t
                return record
            record.reached.append(t if family == "opportunity" else -1.0)
        record.fate, record.ended = "won", t
        return record

    def given_the_past(self, week, s, family, v):
        """A delay's uniform given that it or a later one exceeds its threshold."""
        row = -week - 1
        theta = self.past.theta[row] if family == "opportunity" else self.past.open_theta[row]
        reach = 1 - math.prod(theta[s:])
        exceeds = (1 - theta[s]) / reach if reach > 0 else 0.0
        if v < 1 - exceeds:
            u, asked = v * theta[s] / (1 - exceeds), True
        else:
            u = theta[s] + (1 - theta[s]) * ((v - (1 - exceeds)) / exceeds if exceeds else v)
            asked = False
        return u, asked

    # --- what the records say

    def results(self) -> dict[str, object]:
        """Every sample of this rep by quarter, under the names of the registry."""
        quarters = range(self.plan.calendar.quarters)
        names = [
            "activities", "reached", "windfalls", "whales", "bookings", "repeatable_bookings",
            "windfall_bookings", "largest_deal", "kpi_hits", "kpi_attained",
        ]  # fmt: skip
        rows = [self.quarter(q) for q in quarters]
        out = {name: [row[name] for row in rows] for name in names}
        if self.pipeline:
            for name in ("entered", "lost", "stalled", "open"):
                out[name] = [self.flow(name, q) for q in quarters]
            out["open_at_start"] = sum(o.entered < 0 <= o.ended for o in self.opportunities)
        return out

    def quarter(self, q):
        begin, end = q * 7.0 * self.weeks, (q + 1) * 7.0 * self.weeks
        won = [o for o in self.opportunities if o.fate == "won" and begin <= o.ended < end]
        windfalls = self.windfalls(q)
        repeatable = sum((o.size for o in won if not o.is_whale), 0.0)
        lucky = sum([o.size for o in won if o.is_whale] + windfalls, 0.0)
        hits = [self.hits(kpi, q) for kpi in self.plan.kpis]
        needed = [
            kpi.share * {"week": self.weeks, "month": 3, "quarter": 1}[kpi.per] - 1e-9
            for kpi in self.plan.kpis
        ]
        return {
            "activities": sum(self.activities[w] for w in self.weeks_of(q)),
            "reached": [
                sum(begin <= o.reached[s] < end for o in self.opportunities if len(o.reached) > s)
                for s in range(len(self.plan.stages))
            ],
            "windfalls": len(windfalls),
            "whales": sum(o.is_whale for o in won),
            "bookings": repeatable + lucky,
            "repeatable_bookings": repeatable,
            "windfall_bookings": lucky,
            "largest_deal": max([o.size for o in won] + windfalls, default=0.0),
            "kpi_hits": hits,
            "kpi_attained": [hit >= need for hit, need in zip(hits, needed, strict=True)],
        }

    def flow(self, name, q):
        begin, end = q * 7.0 * self.weeks, (q + 1) * 7.0 * self.weeks
        if name == "entered":
            return sum(begin <= o.entered < end for o in self.opportunities)
        if name == "open":
            return sum(o.entered < end <= o.ended for o in self.opportunities)
        return sum(o.fate == name and begin <= o.ended < end for o in self.opportunities)

    def windfalls(self, q):
        law = self.plan.windfall
        if law is None:
            return []
        n = inverse_count(self.luck.u("rep", "windfall", q + 8192), law.per_quarter, 0.0)
        return [
            size_at(
                law,
                self.luck.word("rep", "windfall", q + 8192, i, 2),
                self.luck.word("rep", "windfall", q + 8192, i, 3),
            )
            for i in range(n)
        ]

    def weeks_of(self, q):
        return range(q * self.weeks, (q + 1) * self.weeks)

    def hits(self, kpi, q):
        w = self.weeks
        weeks = list(self.weeks_of(q))
        if kpi.per == "week":
            periods = [[week] for week in weeks]
        elif kpi.per == "month":
            periods = [weeks[m * w // 3 : (m + 1) * w // 3] for m in range(3)]
        else:
            periods = [weeks]
        tolerance = 1e-9 if kpi.metric == "pipeline" else 0.0
        return sum(
            sum(self.seen(kpi, week) for week in period) >= kpi.target * (1 - tolerance)
            for period in periods
        )

    def seen(self, kpi, week):
        if kpi.metric == "pipeline":
            s = self.plan.stage_names.index(kpi.at) if kpi.at else 0
            return sum(o.size for o in self.arrivals(s, week) if o.seen[kpi.name])
        count = self.activities[week]
        if kpi.metric != "activities":
            count = len(self.arrivals(self.plan.stage_names.index(kpi.metric), week))
        if kpi.logged < 1:
            u = self.luck.timed("source", "logged", week, short_hash(kpi.name))
            count = inverse_binomial(u, count, kpi.logged)
        return count

    def arrivals(self, s, week):
        begin, end = 7.0 * week, 7.0 * (week + 1)
        return [o for o in self.opportunities if len(o.reached) > s and begin <= o.reached[s] < end]
