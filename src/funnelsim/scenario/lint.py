"""What is allowed but probably not meant, in plain Python: ``validate`` loads no numpy.

A warning never changes a result. It says what the plan, as stated, will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from funnelsim.errors import Problem
from funnelsim.scenario import lint_team
from funnelsim.scenario.hits import kpi_probability, normal_tail, reaches, share_reaching
from funnelsim.scenario.model import DealSize, Kpi, Scenario, Windfall
from funnelsim.scenario.segments import placed
from funnelsim.scenario.wording import quoted, shown, step

TOO_HARD, TOO_EASY = 0.2, 0.98  # probabilities of a KPI that neither spurs nor tells
RARE = 0.01
MANY_A_WEEK = 500  # activities: a hundred a working day


def lint(scenario: Scenario) -> tuple[Problem, ...]:
    """Return what is allowed but probably not meant, in the order of the file.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"kpis.calls.target": 58, "kpis.calls.share": 0.84})
    >>> print(lint(plan)[0].rule)
    the stated level meets it in 1.2 % of quarters
    """
    found = [*lint_team.plan(scenario)]
    for segment in scenario.segments:
        for problem in _of_a_rep(scenario.team[segment.name]):
            said = placed(problem, segment, scenario)
            if said not in found:  # the top level's own is said once
                found.append(said)
    if not scenario.segments:
        found += _of_a_rep(scenario)
    return (*found, *_cycles_in_variants(scenario))


def _of_a_rep(rep: Scenario) -> Iterator[Problem]:
    """Yield the warnings about a scenario without segments."""
    for each in (
        lint_team.seats,
        lint_team.wins,
        _levels,
        _entry_clipped,
        _beta_shapes,
        lint_team.ways,
        lint_team.assists,
        _endless_variance,
        _without_effect,
        lint_team.uncertainty,
        _kpis_out_of_reach,
    ):
        yield from each(rep)


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
        often = max(often, normal_tail(-math.log(usual) / spread + spread / 2))
    if flatness and usual < 1:
        least = level * usual ** (1 / flatness)  # activities below which it exceeds 1
        often = max(often, 1 - reaches(level, activity.week_cv, math.floor(least) + 1))
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


def _better_period(scenario: Scenario, kpi: Kpi) -> str:
    """Return the period for which the target looks meant, if there is one."""
    weeks = scenario.calendar.weeks_per_quarter
    level = scenario.activities_per_week * kpi.logged
    if kpi.metric != "activities":
        level *= share_reaching(scenario, kpi.metric)
    spans = {"week": 1.0, "month": weeks / 3, "quarter": float(weeks)}
    usual = {per: level * span for per, span in spans.items()}
    nearest = min(usual, key=lambda per: abs(math.log((kpi.target + 0.1) / (usual[per] + 0.1))))
    is_off = not 0.5 < (kpi.target + 0.1) / (usual[kpi.per] + 0.1) < 2
    if nearest != kpi.per and is_off:
        return f'Was per = "{nearest}" meant? The level makes {usual[nearest]:.3g} a {nearest}.'
    return f"The level makes {usual[kpi.per]:.3g} a {kpi.per}."


def _cycles_in_variants(scenario: Scenario) -> Iterator[Problem]:
    """Warn of variants that change how long deals take where that changes no quarter's mean."""
    for name, changes in scenario.variants.items():
        here = f"variants.{quoted(name)}"
        for segment, rep in scenario.team.items():
            if _feels_the_cycle(rep):
                continue
            yield from _cycles(here, changes)
            if scenario.segments:
                own = step(step(changes, "segments"), segment)
                yield from _cycles(f"{here}.segments.{quoted(segment)}", own)


def _feels_the_cycle(rep: Scenario) -> bool:
    """Tell whether it changes a quarter's mean how long deals take."""
    in_time = rep.policy.start_week is not None or len(set(rep.market.season)) > 1
    leaving = rep.attrition is not None and rep.attrition.handover < 1
    busy = rep.effort is not None and rep.effort.open_week > 0
    return rep.calendar.start == "empty" or in_time or leaving or bool(rep.hiring) or busy


def _cycles(here: str, changes: Any) -> Iterator[Problem]:
    """Yield a warning for each key of changes that is about the length of the cycle."""
    stages = step(changes, "stages")
    for stage, keys in stages.items() if isinstance(stages, Mapping) else ():
        for key in ("days", "days_cv", "delay"):
            if key in keys:
                yield Problem(
                    f"{here}.stages.{quoted(stage)}.{key}",
                    shown(keys[key]),
                    "changes no quarter's mean: with a steady start the length of the cycle "
                    "changes only when deals close, not how many",
                    'State calendar.start = "empty" to see a new territory fill up, or the '
                    "open_week of [effort] where open deals take time.",
                )


def _figure(number: Any) -> str:
    return f"{number:.15g}"
