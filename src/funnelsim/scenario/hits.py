"""How often a KPI is attained at the stated level, in plain Python: ``validate`` loads no numpy."""

from __future__ import annotations

import math

from funnelsim.scenario.model import Kpi, Policy, Scenario

MOST_TERMS = 50_000  # of a sum, beyond which it is near enough normal


def kpi_probability(scenario: Scenario, kpi: Kpi) -> float | None:
    """Return the probability that a rep at the stated level attains a KPI in a quarter.

    Skill and market at their mean; stages counted as if they were reached at once, and sums of
    several weeks under a policy as if they were normal: near enough for a warning. None for the
    pipeline, which is an amount, for a stage that an empty start has yet to fill, and where a
    seat may be empty, a number uncertain, or a source or an assist has a part in it.
    """
    if kpi.metric not in ("activities", *scenario.stage_names):
        return None
    if scenario.attrition is not None or scenario.hiring or scenario.uncertainty:
        return None
    if kpi.metric != "activities" and (scenario.sources or scenario.assists):
        return None
    delayed = any(stage.days for stage in scenario.stages)
    if scenario.activities_per_week * (1 + 10 * scenario.activity.week_cv) > MOST_TERMS:
        return None  # nobody works like that, and the sums would take long
    if kpi.metric != "activities" and delayed and scenario.calendar.start == "empty":
        return None
    kept = kpi.logged
    if kpi.metric != "activities":
        kept *= share_reaching(scenario, kpi.metric)
    hits = [1.0]  # probability of 0, 1, 2, ... hits in the periods so far
    lengths = _period_lengths(kpi.per, scenario.calendar.weeks_per_quarter)
    chance_by_length = {
        length: _period_probability(scenario, length, kept, math.ceil(kpi.target))
        for length in set(lengths)
    }
    for length in lengths:
        chance = chance_by_length[length]
        hits = [
            missed * (1 - chance) + hit * chance
            for missed, hit in zip([*hits, 0.0], [0.0, *hits], strict=True)
        ]
    needed = math.ceil(kpi.share * len(lengths) - 1e-9)
    return math.fsum(hits[needed:])


def _period_lengths(per: str, weeks: int) -> list[int]:
    """Return the weeks of each period of a quarter."""
    if per == "week":
        return [1] * weeks
    if per == "month":
        return [(m + 1) * weeks // 3 - m * weeks // 3 for m in range(3)]
    return [weeks]


def share_reaching(scenario: Scenario, name: str) -> float:
    """Return the share of a week's activities that reaches a stage, at the stated level."""
    activity = scenario.activity
    share = 1.0
    if activity.reference_per_week is not None:
        relative = scenario.activities_per_week / activity.reference_per_week
        share = relative ** (activity.elasticity - 1)
    for stage in scenario.stages:
        share = min(1.0, share * stage.conversion)
        if stage.name == name:
            break
    return share


def _period_probability(scenario: Scenario, weeks: int, kept: float, target: int) -> float:
    """Return P(at least ``target`` of a period's activities are kept, each with one chance)."""
    mean, cv, policy = scenario.activities_per_week, scenario.activity.week_cv, scenario.policy
    late = policy.start_week is not None and policy.start_week > 0
    if late or (policy.floor_per_week is None and policy.cap_per_week is None):
        return reaches(mean * weeks * kept, cv / math.sqrt(weeks), target)
    counts = _under_policy(_count_probabilities(mean, cv), policy)
    if weeks == 1 and len(counts) * min(target, len(counts)) <= MOST_TERMS:
        return math.fsum(p * _binomial_tail(n, kept, target) for n, p in enumerate(counts))
    first = math.fsum(n * p for n, p in enumerate(counts))
    second = math.fsum(n * n * p for n, p in enumerate(counts))
    variance = kept**2 * (second - first**2) + kept * (1 - kept) * first
    spread = math.sqrt(max(weeks * variance, 1e-12))
    return normal_tail((target - 0.5 - weeks * kept * first) / spread)


def _under_policy(counts: list[float], policy: Policy) -> list[float]:
    """Return the probabilities of a week's activities after floor and cap."""
    floor, cap = policy.floor_per_week or 0, policy.cap_per_week
    size = max(len(counts), floor + 1) if cap is None else cap + 1
    after = [0.0] * max(size, 1)
    for n, p in enumerate(counts):
        lifted = p * policy.adherence if n < floor else 0.0
        after[floor if cap is None else min(floor, cap)] += lifted
        after[n if cap is None else min(n, cap)] += p - lifted
    return after


def reaches(mean: float, cv: float, target: int) -> float:
    """Return P(count >= target) of a negative binomial count, Poisson at cv 0."""
    if target <= 0:
        return 1.0
    spread = math.sqrt(mean + (cv * mean) ** 2)
    if target > MOST_TERMS:
        return normal_tail((target - 0.5 - mean) / spread)
    return max(0.0, 1 - math.fsum(_count_probabilities(mean, cv, target)))


def _count_probabilities(mean: float, cv: float, size: int | None = None) -> list[float]:
    """Return P(count = 0, 1, ..., size - 1); by default as far as anything matters."""
    if size is None:
        size = math.ceil(mean + 10 * math.sqrt(mean + (cv * mean) ** 2)) + 20
    if mean <= 0:
        return [1.0] + [0.0] * (size - 1)
    if cv == 0:
        return [math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(size)]
    shape = 1 / cv**2
    none = shape * math.log1p(mean / shape)
    ratio = math.log(mean / (mean + shape))
    return [
        math.exp(
            math.lgamma(n + shape) - math.lgamma(shape) - math.lgamma(n + 1) + n * ratio - none
        )
        for n in range(size)
    ]


def _binomial_tail(n: int, p: float, target: int) -> float:
    """Return P(at least ``target`` of n), each with probability p."""
    if target <= 0:
        return 1.0
    if n < target or p <= 0 or p >= 1:
        return float(n >= target and p > 0)
    log_p, log_rest = math.log(p), math.log1p(-p)
    below = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * log_p
        + (n - k) * log_rest
        for k in range(target)
    )
    return max(0.0, 1 - math.fsum(map(math.exp, below)))


def normal_tail(x: float) -> float:
    """Return P(a standard normal exceeds x)."""
    return math.erfc(x / math.sqrt(2)) / 2
