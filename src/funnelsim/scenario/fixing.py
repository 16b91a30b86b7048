"""What is filled in when a scenario is built, and from then on moved by no change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from funnelsim.errors import Problem
from funnelsim.scenario import flow
from funnelsim.scenario.desk import Quota
from funnelsim.scenario.merge import merged
from funnelsim.scenario.segments import shared_out
from funnelsim.scenario.sizes import ONE_EACH
from funnelsim.scenario.tables import Table, lacks
from funnelsim.scenario.team import Segment

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario


def fix_rep(rep: Scenario) -> None:
    """Fill in what a scenario of one rep leaves out, and fix what no change may move.

    That is the reference of the level, and the opportunities that the coverage of an assist rests
    on: kept as if they had been stated.
    """
    if lacks(rep, "quota") or lacks(rep.quota, "per_quarter"):
        _set(rep, "quota", _quota_of_plan(rep), stated=not lacks(rep, "quota"))
    if lacks(rep, "deal_size"):
        _set(rep, "deal_size", ONE_EACH, stated=False)
    level = rep.activities_per_week
    if rep.assists:
        before = flow.flow_of(rep, level).before
        assists = (
            each
            if each.reference_per_quarter is not None
            else each.model_copy(update={"reference_per_quarter": before[each.name]})
            for each in rep.assists
        )
        _set(rep, "assists", tuple(assists))
    if rep.activity.reference_per_week is None:
        activity = rep.activity.model_copy(update={"reference_per_week": level})
        _set(rep, "activity", activity)


def fix_uncertainty(scenario: Scenario) -> None:
    """Give every uncertain number a luck: by default the one of its path."""
    if any(each.luck is None for each in scenario.uncertainty.values()):
        fixed = {
            path: each if each.luck is not None else each.model_copy(update={"luck": path})
            for path, each in scenario.uncertainty.items()
        }
        _set(scenario, "uncertainty", fixed)


def fix_segments(scenario: Scenario, team: Mapping[str, Scenario]) -> tuple[Problem, ...]:
    """Fix in each segment what no change may move, and keep the scenarios of the segments.

    Returns what is wrong with the plan of the whole team.
    """
    segments = []
    for segment in scenario.segments:
        rep = team[segment.name]
        references = {
            each.name: {"reference_per_quarter": each.reference_per_quarter} for each in rep.assists
        }
        fixed = {
            "activity": {"reference_per_week": rep.activity.reference_per_week},
            **({"assists": references} if references else {}),
        }
        segments.append(Segment(**merged(Segment, segment, fixed)))
    _set(scenario, "segments", tuple(segments))
    scenario.__dict__["_of_segments"] = dict(team)
    booking = [each for each in team.values() if each.quota.of == "bookings" and each.headcount]
    if scenario.plan is not None and not booking:
        rule = "needs seats of day 0 with a quota of bookings"
        return (Problem("plan", "", rule, "State a headcount, or leave [plan] out."),)
    return ()


def _quota_of_plan(rep: Scenario) -> Quota:
    """Return the quota that follows from target and over-assignment."""
    plan, stated = rep.plan, Quota() if lacks(rep, "quota") else rep.quota
    assert plan is not None  # noqa: S101  the rules saw to it
    (quota,) = shared_out(plan.target, plan.over_assignment or 1.0, [rep.headcount], [1.0])
    per_quarter = tuple(quota) if isinstance(quota, list) else quota
    found = stated.model_copy(update={"per_quarter": per_quarter})
    found.model_fields_set.discard("per_quarter")  # it follows the plan
    return found


def _set(table: Table, key: str, value: Any, stated: bool = True) -> None:
    """Set a key of a frozen table that is being built."""
    object.__setattr__(table, key, value)
    if stated:
        table.model_fields_set.add(key)
