"""What the slow twin draws once for all reps: parameters, the market, and the ways in with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from funnelsim.scenario.model import DealSize, Scenario, Source, Stage
from funnelsim.scenario.wording import parts_of
from naive_laws import Past, lognormal_of, normal, past_of, tabled
from naive_words import Luck, short_hash


class Parameters:
    """The uncertain parameters, one value each in a draw."""

    def __init__(self, plan: Scenario, luck: Luck) -> None:
        self.luck = luck
        self.uncertain = {
            parts_of(path): (path, how) for path, how in plan.uncertainty.items() if how.cv
        }

    def has(self, *path: str) -> bool:
        return path in self.uncertain

    def amount(self, stated: float, *path: str) -> float:
        """A lognormal value of the stated mean."""
        if not self.has(*path):
            return stated
        u, cv = self.of(path)
        return stated * tabled("lognormal", (cv,), u)

    def share(self, stated: float, *path: str) -> float:
        """A Beta value of the stated mean."""
        if not self.has(*path) or stated in (0, 1):
            return stated
        u, cv = self.of(path)
        return min(max(tabled("beta", (stated, cv), u), 0.0), 1.0)

    def of(self, path):
        name, how = self.uncertain[path]
        name = short_hash(how.luck or name)
        return self.luck.u("world", "parameter", name=name), how.cv


@dataclass
class Way:
    """A way into the funnel in one draw: the rep's own activity, or an inflow."""

    name: str
    first: int  # number of the stage that is entered
    stages: tuple[Stage, ...]
    means: list[float]  # conversions as drawn, before skill
    certain: list[bool]  # the conversion is the one stated
    days: list[float]
    lost: list[float]
    law: DealSize
    size_factor: float
    whale_probability: float
    per_week: float  # activities, or entries, at skill, ramp and market 1
    past: Past


def ways_of(plan: Scenario, drawn: Parameters, pipeline: bool, whole: bool) -> list[Way]:
    return [way_of(plan, drawn, source, pipeline, whole) for source in (None, *plan.sources)]


def way_of(
    plan: Scenario, drawn: Parameters, source: Source | None, pipeline: bool, whole: bool
) -> Way:
    stages, law, first = (
        plan.stages_of(source), plan.deal_size_of(source), plan.first_stage_of(source),
    )  # fmt: skip
    means, certain, days, lost = [], [], [], []
    for s, (stage, base) in enumerate(zip(stages, plan.stages, strict=True)):
        path = ("stages", stage.name, "conversion")
        if source is not None and stage.name in source.conversion:
            path = ("sources", source.name, "conversion", stage.name)
            mean = drawn.share(source.conversion[stage.name], *path)
        else:
            mean = drawn.share(base.conversion, *path)
        if source is not None and s == first + 1:
            mean *= speed_to_lead(source)
        means.append(min(mean, 1.0))
        certain.append(not drawn.has(*path))
        own_days = source is not None and stage.name in source.days
        takes = stage.days if own_days else drawn.amount(stage.days, "stages", stage.name, "days")
        days.append(takes)
        lost.append(takes if stage.lost_days is None else stage.lost_days)
    own_size = None if source is None else source.deal_size
    factor = 1.0
    for key in ("mean", "minimum"):  # what the source states itself is not moved
        if getattr(law, key) is not None and getattr(own_size, key, None) is None:
            factor *= drawn.amount(1.0, "deal_size", key)
    whales = law.whale.probability if law.whale is not None else 0.0
    if getattr(own_size, "whale", None) is None:
        whales = drawn.share(whales, "deal_size", "whale", "probability")
    if source is None:
        per_week = plan.activities_per_week
        for key in ("per_week", "per_quarter"):
            per_week = drawn.amount(per_week, "activity", key)
    else:
        per_week = drawn.amount(source.rate_per_week, "sources", source.name, "per_week")
    past = past_of(stages, first, plan.calendar.start, pipeline, whole)
    name = "activity" if source is None else source.name
    return Way(name, first, stages, means, certain, days, lost, law, factor, whales, per_week, past)


def speed_to_lead(source: Source) -> float:
    response = source.response
    if response is None:
        return 1.0
    ratio = (1 + response.minutes / 5) / (1 + response.measured_at / 5)
    return ratio**-response.decay


def market_of(plan: Scenario, luck: Luck, past_weeks: int) -> dict[int, float]:
    """The factor of each quarter, those before day 0 included."""
    market, quarters = plan.market, plan.calendar.quarters
    past = -(-past_weeks // plan.calendar.weeks_per_quarter)
    if not market.cv:
        return {q: market.season[q % 4] for q in range(-past, quarters)}
    e = {q: normal(luck.timed("world", "market", q)) for q in range(-past, quarters)}
    f, x = market.persistence, {0: e[0]}
    for q in range(1, quarters):
        x[q] = f * x[q - 1] + math.sqrt(1 - f * f) * e[q]
    for q in range(-1, -past - 1, -1):
        x[q] = f * x[q + 1] + math.sqrt(1 - f * f) * e[q]
    return {q: lognormal_of(market.cv, x[q]) * market.season[q % 4] for q in x}
