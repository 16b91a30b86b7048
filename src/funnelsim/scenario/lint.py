"""What is allowed but probably not meant, in plain Python: ``validate`` loads no numpy.

A warning never changes a result. It says what the plan, as stated, will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from funnelsim.errors import Problem
from funnelsim.scenario.model import DealSize, Kpi, Policy, Scenario, Windfall
from funnelsim.scenario.wording import quoted, shown

TOO_HARD, TOO_EASY = 0.2, 0.98  # probabilities of a KPI that neither spurs nor tells
RARE = 0.01
MANY_A_WEEK = 500  # activities: a hundred a working day
MOST_TERMS = 50_000  # of a sum, beyond which it is near enough normal


def lint(scenario: Scenario) -> tuple[Problem, ...]:
    """Return what is allowed but probably not meant, in the order of the file.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"kpis.calls.target": 58, "kpis.calls.share": 0.84})
    >>> print(lint(plan)[0].rule)
    the stated level meets it in 1.2 % of quarters
    """
    return (
        *_levels(scenario),
        *_entry_clipped(scenario),
        *_beta_shapes(scenario),
        *_endless_variance(scenario),
        *_without_effect(scenario),
        *_kpis_out_of_reach(scenario),
        *_cycles_in_variants(scenario),
    )


def _levels(scenario: Scenario) -> Iterator[Problem]:
    level, weeks = scenario.activities_per_week, scenario.calendar.weeks_per_quarter
    if scenario.activity.per_week is not None and level > MANY_A_WEEK:
        yield Problem(
            "activity.per_week",
            _figure(level),
            "is more than a hundred a working day",
            "A quarter's number? Then it is per_quarter.",
        )
    for key in ("floor_per_week", "cap_per_week"):
        stated = getattr(scenario.policy, key)
        if stated is not None and abs(math.log((stated + 1) / (level + 1))) > math.log(5):
            yield Problem(
                f"policy.{key}",
                str(stated),
                f"is far from the {level:.3g} activities a week that the plan states",
                f"A quarter's number? Divide by {weeks}." if stated > level else "",
            )


def _entry_clipped(scenario: Scenario) -> Iterator[Problem]:
    """Warn where the probability of entry would often exceed 1, and is cut there."""
    first, activity, market = scenario.stages[0], scenario.activity, scenario.market
    level, reference = scenario.activities_per_week, activity.reference_per_week or 0.0
    flatness = 1 - activity.elasticity
    usual = first.conversion * (reference / level) ** flatness * max(market.season)
    if usual <= 0:
        return
    often = float(usual > 1)
    if market.cv:
        spread = math.sqrt(math.log1p(market.cv**2))
        often = max(often, _normal_tail(-math.log(usual) / spread + spread / 2))
    if flatness and usual < 1:
        least = level * usual ** (1 / flatness)  # activities below which it exceeds 1
        often = max(often, 1 - _reaches(level, activity.week_cv, math.floor(least) + 1))
    if often > RARE:
        yield Problem(
            f"stages.{quoted(first.name)}.conversion",
            f"{first.conversion:g}",
            "exceeds 1 in some weeks once market, season and elasticity have multiplied it",
            "It is cut at 1 there, which lowers the mean.",
        )


def _beta_shapes(scenario: Scenario) -> Iterator[Problem]:
    for stage in scenario.stages:
        if not stage.rep_cv or not stage.conversion:
            continue
        concentration = (1 - stage.conversion) / stage.conversion / stage.rep_cv**2 - 1
        if concentration * min(stage.conversion, 1 - stage.conversion) < 1:
            yield Problem(
                f"stages.{quoted(stage.name)}.rep_cv",
                f"{stage.rep_cv:g}",
                "is so wide that most reps convert nearly nothing, or nearly everything",
                "The Beta distribution of the conversion has a shape below 1.",
            )


def _endless_variance(scenario: Scenario) -> Iterator[Problem]:
    laws: tuple[tuple[str, DealSize | Windfall | None], ...] = (
        ("deal_size", scenario.deal_size),
        ("windfall", scenario.windfall),
    )
    for path, law in laws:
        if law is not None and not law.has_variance:
            yield Problem(
                f"{path}.shape",
                f"{law.shape:g}",
                "gives sizes without a variance",
                "Standard errors of means and shares of variance are refused; above 2 they exist.",
            )


def _without_effect(scenario: Scenario) -> Iterator[Problem]:
    """Warn of what is stated but can change nothing beside the rest."""
    policy, market = scenario.policy, scenario.market
    spread = {"activity": scenario.activity.rep_cv, "size": scenario.deal_size.rep_cv}
    spread |= {stage.name: stage.rep_cv for stage in scenario.stages}
    idle = [
        ("policy.adherence", policy.adherence < 1 and policy.floor_per_week is None, "a floor"),
        ("market.persistence", market.persistence > 0 and market.cv == 0, "market.cv"),
        (
            "skill_correlation",
            scenario.skill_correlation > 0 and not any(spread.values()),
            "rep_cv",
        ),
        *(
            (f"skill_loadings.{quoted(name)}", not spread[name], "rep_cv")
            for name in scenario.skill_loadings
        ),
    ]
    for path, is_idle, lacking in idle:
        if is_idle:
            yield Problem(path, "", f"has no effect without {lacking}")


def _kpis_out_of_reach(scenario: Scenario) -> Iterator[Problem]:
    for kpi in scenario.kpis:
        chance = kpi_probability(scenario, kpi)
        if chance is None or TOO_HARD <= chance <= TOO_EASY:
            continue
        yield Problem(
            f"kpis.{quoted(kpi.name)}.target",
            _figure(kpi.target),
            f"the stated level meets it in {100 * chance:.1f} % of quarters",
            _better_period(scenario, kpi),
        )


def kpi_probability(scenario: Scenario, kpi: Kpi) -> float | None:
    """Return the probability that a rep at the stated level attains a KPI in a quarter.

    Skill and market at their mean; stages counted as if they were reached at once, and sums of
    several weeks under a policy as if they were normal: near enough for a warning. None for the
    pipeline, which is an amount, and for a stage that an empty start has yet to fill.
    """
    delayed = any(stage.days for stage in scenario.stages)
    if scenario.activities_per_week * (1 + 10 * scenario.activity.week_cv) > MOST_TERMS:
        return None  # nobody works like that, and the sums would take long
    if kpi.metric == "pipeline" or (
        kpi.metric != "activities" and delayed and scenario.calendar.start == "empty"
    ):
        return None
    kept = kpi.logged
    if kpi.metric != "activities":
        kept *= _share_reaching(scenario, kpi.metric)
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


def _share_reaching(scenario: Scenario, name: str) -> float:
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
        return _reaches(mean * weeks * kept, cv / math.sqrt(weeks), target)
    counts = _under_policy(_count_probabilities(mean, cv), policy)
    if weeks == 1 and len(counts) * min(target, len(counts)) <= MOST_TERMS:
        return math.fsum(p * _binomial_tail(n, kept, target) for n, p in enumerate(counts))
    first = math.fsum(n * p for n, p in enumerate(counts))
    second = math.fsum(n * n * p for n, p in enumerate(counts))
    variance = kept**2 * (second - first**2) + kept * (1 - kept) * first
    spread = math.sqrt(max(weeks * variance, 1e-12))
    return _normal_tail((target - 0.5 - weeks * kept * first) / spread)


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


def _reaches(mean: float, cv: float, target: int) -> float:
    """Return P(count >= target) of a negative binomial count, Poisson at cv 0."""
    if target <= 0:
        return 1.0
    spread = math.sqrt(mean + (cv * mean) ** 2)
    if target > MOST_TERMS:
        return _normal_tail((target - 0.5 - mean) / spread)
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


def _normal_tail(x: float) -> float:
    """Return P(a standard normal exceeds x)."""
    return math.erfc(x / math.sqrt(2)) / 2


def _better_period(scenario: Scenario, kpi: Kpi) -> str:
    """Return the period for which the target looks meant, if there is one."""
    weeks = scenario.calendar.weeks_per_quarter
    level = scenario.activities_per_week * kpi.logged
    if kpi.metric != "activities":
        level *= _share_reaching(scenario, kpi.metric)
    spans = {"week": 1.0, "month": weeks / 3, "quarter": float(weeks)}
    usual = {per: level * span for per, span in spans.items()}
    nearest = min(usual, key=lambda per: abs(math.log((kpi.target + 0.1) / (usual[per] + 0.1))))
    is_off = not 0.5 < (kpi.target + 0.1) / (usual[kpi.per] + 0.1) < 2
    if nearest != kpi.per and is_off:
        return f'Was per = "{nearest}" meant? The level makes {usual[nearest]:.3g} a {nearest}.'
    return f"The level makes {usual[kpi.per]:.3g} a {kpi.per}."


def _cycles_in_variants(scenario: Scenario) -> Iterator[Problem]:
    """Warn of variants that change how long deals take where that changes no quarter's mean."""
    changing = scenario.policy.start_week is not None or len(set(scenario.market.season)) > 1
    if scenario.calendar.start == "empty" or changing:
        return
    for name, changes in scenario.variants.items():
        stages = changes.get("stages", {})
        for stage, keys in stages.items() if isinstance(stages, Mapping) else ():
            for key in ("days", "days_cv", "delay"):
                if key in keys:
                    yield Problem(
                        f"variants.{quoted(name)}.stages.{quoted(stage)}.{key}",
                        shown(keys[key]),
                        "changes no quarter's mean: with a steady start the length of the cycle "
                        "changes only when deals close, not how many",
                        'State calendar.start = "empty" to see a new territory fill up.',
                    )


def _figure(number: Any) -> str:
    return f"{number:.15g}"
