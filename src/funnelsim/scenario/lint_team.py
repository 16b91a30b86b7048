"""Warnings about sources, assists, uncertainty and the team."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from funnelsim.errors import Problem
from funnelsim.scenario.flow import flow_of
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.uncertain import BETA, parameter_of
from funnelsim.scenario.wording import quoted

WIDE = 1.0  # cv of a number above 0 beyond which hardly anything is known
MANY_WINS = 20  # times what a rep wins


def ways(rep: Scenario) -> Iterator[Problem]:
    """Warn of sources that bring wins at once, nothing, or conversions that are cut."""
    for source in rep.sources:
        here = f"sources.{quoted(source.name)}"
        if source.rate_per_week == 0:
            yield Problem(here, "", "brings nothing", "Its rate is 0.")
        elif rep.first_stage_of(source) + 1 == len(rep.stages):
            yield Problem(
                f"{here}.enters",
                rep.stage_names[-1],
                "is the last stage: each entry is a win",
                "Deals that come by themselves may be a [windfall], too.",
            )
        if source.response is None:
            continue
        after = rep.first_stage_of(source) + 1
        stage = rep.stages[after]
        raised = source.conversion.get(stage.name, stage.conversion) * source.response.factor
        if raised > 1:
            yield Problem(
                f"{here}.response",
                "",
                f"makes the conversion of {quoted(stage.name)} {raised:.3g}, and it is cut at 1",
                "Lower that conversion, or measured_at.",
            )


def assists(rep: Scenario) -> Iterator[Problem]:
    """Warn of assists that lift nothing, and of more of them than there is to lift."""
    if not rep.assists:
        return
    before = flow_of(rep, rep.activities_per_week).before
    for assist in rep.assists:
        here = f"assists.{quoted(assist.name)}"
        if before[assist.name] == 0:
            yield Problem(f"{here}.at", assist.at, "is never reached: no opportunity comes so far")
        elif rep.coverage_of(assist) == 0 or (assist.odds == 1 and assist.size == 1):
            yield Problem(here, "", "has no effect", "It lifts neither the odds nor the size.")
        elif assist.per_quarter is not None and rep.coverage_of(assist) == 1:
            reference = assist.reference_per_quarter or 0.0
            if assist.per_quarter > reference:
                yield Problem(
                    f"{here}.per_quarter",
                    f"{assist.per_quarter:.15g}",
                    f"exceeds the {reference:.3g} opportunities a quarter before "
                    f"{quoted(assist.at)}",
                    "Every one of them is assisted, and no more.",
                )


def uncertainty(rep: Scenario) -> Iterator[Problem]:
    """Warn of spreads so wide that they say nothing, and of those without effect."""
    for path, uncertain in rep.uncertainty.items():
        parameter = parameter_of(rep, path)
        here = f"uncertainty.{quoted(path)}"
        if parameter is None:  # of a copy that was changed unchecked
            continue
        p, cv = parameter.mean, uncertain.cv
        if cv == 0:
            yield Problem(f"{here}.cv", "0", "has no effect", "Leave it out.")
        elif parameter.law == BETA and ((1 - p) / p / cv**2 - 1) * min(p, 1 - p) < 1:
            yield Problem(
                f"{here}.cv",
                f"{cv:g}",
                "is so wide that nearly nothing, or nearly everything, is as likely as the mean",
                "The Beta distribution of the number has a shape below 1.",
            )
        elif cv > WIDE:
            low, high = (math.exp(z * math.sqrt(math.log1p(cv**2))) for z in (-1.2816, 1.2816))
            rule = f"is drawn very wide: one draw in ten is {high / low:.0f} times another one"
            yield Problem(f"{here}.cv", f"{cv:g}", rule, "A cv of 0.2 is a usual guess.")
        if path == "policy.adherence" and rep.policy.floor_per_week is None:
            yield Problem(here, "", "has no effect without a floor")


def seats(rep: Scenario) -> Iterator[Problem]:
    """Warn of what is stated of new reps where there are none, and of new reps who know all."""
    leaving = rep.attrition is not None and rep.attrition.per_year > 0
    weeks = rep.calendar.quarters * rep.calendar.weeks_per_quarter
    if rep.ramp is not None and not leaving and not rep.hiring:
        yield Problem("ramp", "", "has no effect: nobody is new", "State attrition or hiring.")
    if rep.ramp is None and (leaving or rep.hiring):
        path = "attrition" if leaving else "hiring"
        yield Problem(path, "", "brings new reps who are fully productive at once", "State ramp.")
    if rep.quota.ramped and rep.ramp is None:
        yield Problem("quota.ramped", "true", "has no effect without a ramp")
    if rep.attrition is not None and not leaving:
        yield Problem("attrition.per_year", "0", "has no effect: nobody leaves")
    for index, hire in enumerate(rep.hiring):
        if hire.week >= weeks:
            rule = f"is after the end of the {weeks} weeks that are looked at"
            yield Problem(f"hiring[{index}].week", str(hire.week), rule)


def wins(rep: Scenario) -> Iterator[Problem]:
    """Warn of an amount where a quota counts wins."""
    if rep.quota.of == "bookings":
        return
    reached = flow_of(rep, rep.activities_per_week).reached.values()
    usual = rep.calendar.weeks_per_quarter * math.fsum(own[-1] for own in reached)
    if max(rep.quotas) > MANY_WINS * max(usual, 1.0):
        rule = f"is far above the {usual:.3g} wins a quarter that are expected"
        yield Problem("quota.per_quarter", _figure(max(rep.quotas)), rule, "An amount? It counts.")


def plan(scenario: Scenario) -> Iterator[Problem]:
    """Warn of quotas that add up to less than the target."""
    over = scenario.over_assignment
    if over is not None and over < 1 - 1e-9:
        rule = f"the quotas of day 0 add up to {over:.3g} of the target"
        remedy = "All of them attained would miss it; hiring may make up for that."
        yield Problem("plan", "", rule, remedy)


def _figure(number: Any) -> str:
    return f"{number:.15g}"
