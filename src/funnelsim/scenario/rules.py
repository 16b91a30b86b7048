"""What has to hold between the tables of a scenario.

Most of it is about one rep. At the top of a team these rules are silent: there a table may be
missing, or overridden, and each segment's own scenario is asked instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from funnelsim.scenario.flow import (
    deal_size_of,
    first_stage_of,
    flow_of,
    hours_of,
    level_of,
    stages_of,
)
from funnelsim.scenario.funnel import Stage
from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.scenario.past import MAX_WEEKS
from funnelsim.scenario.tables import MISSING, Broken, Table, about, lacks, nested
from funnelsim.scenario.uncertain import broken_uncertainty, parameter_of
from funnelsim.scenario.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

RESERVED = ("activity", "activities", "size", "deal_size", "pipeline")  # no names of stages
RESERVED_SOURCES = ("activity", "windfall")
LEVELS = ("per_week", "per_quarter")

Rule = Callable[["Scenario"], Iterator[Broken]]


def of_a_rep(*needed: str) -> Callable[[Rule], Rule]:
    """Mark a rule about one rep, which looks at tables that may be missing."""

    def decorate(function: Rule) -> Rule:
        @wraps(function)
        def asked(scenario: Scenario) -> Iterator[Broken]:
            if scenario.segments or lacks(scenario, *needed):
                return
            yield from function(scenario)

        return asked

    return decorate


@of_a_rep()
def is_complete(scenario: Scenario) -> Iterator[Broken]:
    """Ask for the tables that every rep needs."""
    plan = scenario.plan
    if plan is None or plan.target is None or plan.over_assignment is None:
        if lacks(scenario, "quota"):
            yield _missing(scenario, "quota")
        elif lacks(scenario.quota, "per_quarter"):
            yield _missing(scenario, "quota", "per_quarter")
    for key in ("activity", "stages"):
        if lacks(scenario, key):
            yield _missing(scenario, key)
    if lacks(scenario, "deal_size") and not _counts_wins(scenario):
        yield _missing(scenario, "deal_size")


@of_a_rep("activity")
def level_is_stated_once(scenario: Scenario) -> Iterator[Broken]:
    """Ask for a level or for the hours that it is solved from."""
    stated = [key for key in LEVELS if getattr(scenario.activity, key) is not None]
    if scenario.effort is None and not stated:
        rule = "needs exactly one of per_week and per_quarter, not none"
        yield Broken(rule, path=("activity",))
    if scenario.effort is not None and stated:
        for key in stated:
            yield Broken(
                "is solved from the hours of effort", "Leave it out.", path=("activity", key)
            )


@of_a_rep("activity")
def level_is_possible(scenario: Scenario) -> Iterator[Broken]:
    """Refuse a level by the quarter that nobody works."""
    stated, weeks = scenario.activity.per_quarter, scenario.calendar.weeks_per_quarter
    if stated is not None and not 0 < stated / weeks <= MOST_A_WEEK:
        most = f"must come to at most {MOST_A_WEEK} a week"
        yield Broken(most, path=("activity", "per_quarter"))


def names_differ(scenario: Scenario) -> Iterator[Broken]:
    """Refuse a name that two entries of a list share."""
    for key in ("stages", "sources", "assists", "kpis", "segments"):
        names = [each.name for each in getattr(scenario, key) or ()]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield Broken("must differ from the other names", path=(key, index, "name"))


def names_are_free(scenario: Scenario) -> Iterator[Broken]:
    """Refuse names that mean something else already."""
    stages = [stage.name for stage in scenario.stages or ()]
    for key, taken in (
        ("stages", RESERVED),
        ("sources", RESERVED_SOURCES),
        ("assists", (*RESERVED, *stages)),
    ):
        for index, each in enumerate(getattr(scenario, key) or ()):
            if each.name in taken:
                yield Broken("means something else already", path=(key, index, "name"))


@of_a_rep("stages")
def kpis_measure_what_exists(scenario: Scenario) -> Iterator[Broken]:
    """Refuse KPIs of what there is not."""
    for index, kpi in enumerate(scenario.kpis):
        assists = tuple(assist.name for assist in scenario.assists)
        metrics = ("activities", "pipeline", *scenario.stage_names, *assists)
        for key, stated, known in (
            ("metric", kpi.metric, metrics),
            ("at", kpi.at, scenario.stage_names),
        ):
            if isinstance(stated, str) and stated not in known:
                yield _unknown_name(stated, known, ("kpis", index, key))


@of_a_rep("stages")
def loadings_belong(scenario: Scenario) -> Iterator[Broken]:
    """Refuse loadings of what there is not."""
    known = ("activity", "size", *scenario.stage_names)
    for name in scenario.skill_loadings:
        if name not in known:
            yield _unknown_name(name, known, ("skill_loadings", name))


@of_a_rep("stages")
def sources_fit(scenario: Scenario) -> Iterator[Broken]:
    """Refuse sources that state what is no stage of theirs."""
    names = scenario.stage_names
    for index, source in enumerate(scenario.sources):
        here = ("sources", index)
        if source.enters is not None and source.enters not in names:
            yield _unknown_name(source.enters, names, (*here, "enters"))
            continue
        first = first_stage_of(scenario, source)
        for key, stages in (("conversion", names[first + 1 :]), ("days", names[first:])):
            for name in getattr(source, key):
                if name not in names:
                    yield _unknown_name(name, names, (*here, key, name))
                elif name not in stages:
                    rule = f"is not decided by this source, which enters at {quoted(names[first])}"
                    yield Broken(rule, "Leave it out.", (*here, key, name))
        if source.response is not None and first + 1 == len(names):
            rule = f"multiplies the conversion after {quoted(names[first])}, which is the last"
            yield Broken(rule, "Leave it out.", (*here, "response"))


@of_a_rep("stages")
def conversions_of_sources_exist(scenario: Scenario) -> Iterator[Broken]:
    """Refuse overrides that leave no probability, or no spread of reps around it."""
    for index, source in enumerate(scenario.sources):
        if source.enters is not None and source.enters not in scenario.stage_names:
            continue  # was said
        for stage in stages_of(scenario, source):
            own = source.conversion.get(stage.name)
            where = ("conversion", stage.name) if own is not None else ("response",)
            if own is not None or source.response is not None:
                for broken in Stage.beta_exists(stage):
                    remedy = f"The rep_cv of the stage: {broken.remedy}"
                    rule = f"leaves no such spread between reps: rep_cv {broken.rule}"
                    yield Broken(rule, remedy, ("sources", index, *where))


@of_a_rep("deal_size", "quota")
def sizes_of_sources_exist(scenario: Scenario) -> Iterator[Broken]:
    """Refuse what a source states of sizes where it makes no law together with the plan's."""
    for index, source in enumerate(scenario.sources):
        if source.deal_size is None or _counts_wins(scenario):
            continue
        try:
            deal_size_of(scenario, source)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                context = each.get("ctx", {})
                yield Broken(
                    context.get("rule", each["msg"]),
                    context.get("remedy", ""),
                    ("sources", index, "deal_size", *each["loc"]),
                )


@of_a_rep("stages")
def assists_lift_what_exists(scenario: Scenario) -> Iterator[Broken]:
    """Refuse assists of no stage, or of the first."""
    names = scenario.stage_names
    for index, assist in enumerate(scenario.assists):
        if assist.at not in names[1:]:
            known, first = names[1:], assist.at == names[0]
            if not known or first:
                rule = "must come after the first stage, as an assist lifts what has entered"
                yield Broken(rule, path=("assists", index, "at"))
            else:
                yield _unknown_name(assist.at, known, ("assists", index, "at"))


@of_a_rep("quota")
def wins_have_no_size(scenario: Scenario) -> Iterator[Broken]:
    """Refuse amounts beside a quota that counts wins."""
    if not _counts_wins(scenario):
        return
    rule = "does not belong to a quota of wins, each of which counts 1"
    for key in ("deal_size", "windfall"):
        if getattr(scenario, key) is not None:
            yield Broken(rule, "Leave it out.", (key,))
    for index, source in enumerate(scenario.sources):
        if source.deal_size is not None:
            yield Broken(rule, "Leave it out.", ("sources", index, "deal_size"))
    for index, assist in enumerate(scenario.assists):
        if assist.size != 1:
            yield Broken(rule, "Leave it out.", ("assists", index, "size"))


@of_a_rep("stages", "activity")
def hours_suffice(scenario: Scenario) -> Iterator[Broken]:
    """Refuse hours that leave none for activity, or that activity does not take."""
    effort, known = scenario.effort, ("activity", *scenario.stage_names)
    if effort is None or any(broken for each in _OF_THE_FLOW for broken in each(scenario)):
        return
    unknown = [name for name in effort.hours if name not in known]
    for name in unknown:
        yield _unknown_name(name, known, ("effort", "hours", name))
    if unknown or scenario.activity.level_is_stated:
        return
    level = level_of(scenario)
    if level == 0:
        taken = hours_of(scenario, flow_of(scenario, 0.0), 0.0)
        yield Broken(
            f"must exceed the {taken:.4g} hours a week that the sources alone take",
            path=("effort", "hours_per_week"),
        )
    elif math.isinf(level):
        yield Broken(
            f"would allow more than {MOST_A_WEEK} activities a week",
            "State the hours that an activity takes.",
            ("effort", "hours"),
        )


@of_a_rep("stages", "activity", "quota")
def uncertainty_exists(scenario: Scenario) -> Iterator[Broken]:
    """Refuse spreads of what cannot have one."""
    has_no_level = scenario.effort is None and not scenario.activity.level_is_stated
    unclear = (broken for each in (*_OF_THE_FLOW, hours_suffice) for broken in each(scenario))
    if not scenario.uncertainty or has_no_level or any(unclear):
        return
    seen: dict[str, str] = {}
    for path, uncertain in scenario.uncertainty.items():
        here: tuple[str | int, ...] = ("uncertainty", path)
        wrong = False
        for broken in broken_uncertainty(scenario, path, uncertain):
            wrong = True
            yield Broken(broken.rule, broken.remedy, (*here, *broken.path))
        parameter = None if wrong else parameter_of(scenario, path)
        if parameter is not None and parameter.same_as in seen:
            yield Broken(f"is the same number as {seen[parameter.same_as]}", "Leave one out.", here)
        if parameter is not None:
            seen[parameter.same_as] = path


def horizon_fits(scenario: Scenario) -> Iterator[Broken]:
    """Refuse a horizon too long for the addresses of random numbers."""
    if scenario.calendar.quarters * scenario.calendar.weeks_per_quarter > MAX_WEEKS:
        yield Broken(f"must span at most {MAX_WEEKS} weeks", path=("calendar", "quarters"))


def amounts_cover_the_horizon(scenario: Scenario) -> Iterator[Broken]:
    """Refuse lists by quarter that are not as long as the horizon."""
    quarters = scenario.calendar.quarters
    quota = () if lacks(scenario, "quota") else scenario.quota.per_quarter
    target = () if scenario.plan is None else scenario.plan.target
    for what, stated, path in (
        ("quota", quota, ("quota", "per_quarter")),
        ("target", target, ("plan", "target")),
    ):
        if isinstance(stated, tuple) and stated and len(stated) != quarters:
            yield Broken(
                f"must list a {what} for each of the {quarters} quarters, not {len(stated)}",
                "Or state a single number for all.",
                path=path,
            )


@of_a_rep("stages")
def past_is_short_enough(scenario: Scenario) -> Iterator[Broken]:
    """Refuse delays that a steady start cannot look back for."""
    if any(broken for broken in sources_fit(scenario)):
        return
    for index, source in enumerate((None, *scenario.sources)):
        if (weeks := scenario.past_weeks_of(source)) > MAX_WEEKS:
            yield Broken(
                f"take {weeks} weeks; a steady start can look back {MAX_WEEKS}",
                'Shorten days, lower days_cv, or state calendar.start = "empty".',
                path=("stages",) if source is None else ("sources", index - 1, "days"),
            )
            return


@of_a_rep()
def somebody_is_there(scenario: Scenario) -> Iterator[Broken]:
    """Refuse a team, or a segment, without a seat."""
    if scenario.headcount == 0 and not scenario.hiring:
        yield Broken("leaves no seat", "State a headcount or hiring.", ("headcount",))


@of_a_rep("quota")
def plan_agrees_with_quota(scenario: Scenario) -> Iterator[Broken]:
    """Refuse a plan that states everything, or of which nothing can be derived."""
    plan = scenario.plan
    if plan is None:
        return
    both = plan.target is not None and plan.over_assignment is not None
    if both and not lacks(scenario.quota, "per_quarter"):
        rule = "states target and over_assignment, from which the quota follows, and a quota too"
        yield Broken(rule, "State two of the three.", ("plan",))
    if scenario.headcount == 0 or _counts_wins(scenario):
        yield Broken("needs seats of day 0 with a quota of bookings", "", ("plan",))


_OF_THE_FLOW = (sources_fit, conversions_of_sources_exist, assists_lift_what_exists)

RULES = (
    is_complete,
    level_is_stated_once,
    level_is_possible,
    names_differ,
    names_are_free,
    kpis_measure_what_exists,
    loadings_belong,
    sources_fit,
    conversions_of_sources_exist,
    sizes_of_sources_exist,
    assists_lift_what_exists,
    wins_have_no_size,
    hours_suffice,
    uncertainty_exists,
    horizon_fits,
    amounts_cover_the_horizon,
    past_is_short_enough,
    somebody_is_there,
    plan_agrees_with_quota,
)


def _counts_wins(scenario: Scenario) -> bool:
    return not lacks(scenario, "quota") and scenario.quota.of == "wins"


def _missing(scenario: Any, *path: str) -> Broken:
    """Return what is said of a table, or a key, that has to be stated."""
    table: type[Table] = type(scenario)
    for key in path[:-1]:
        table = nested(table, key) or table
    return Broken(MISSING, about(table, path[-1]), path)


def _unknown_name(name: str, known: tuple[str, ...], path: tuple[str | int, ...]) -> Broken:
    return Broken(f"must be one of {', '.join(known)}", did_you_mean(name, known), path)
