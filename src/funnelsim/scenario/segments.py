"""From what segments state to complete scenarios: top level, then preset, then their own keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario import shelf
from funnelsim.scenario.merge import merged, titled
from funnelsim.scenario.problems import shortened
from funnelsim.scenario.tables import MISSING, Table, stated_in
from funnelsim.scenario.team import MOST_SEGMENTS, Segment
from funnelsim.scenario.uncertain import broken_uncertainty, meant, parameter_of
from funnelsim.scenario.wording import did_you_mean, parts_of, quoted, shown

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

OWN = ("name", "preset", "start")  # keys of a segment that are none of a scenario
MOST_PROBLEMS = 50  # of the top level, beyond which segments are not looked at
ELSEWHERE = {
    "calendar": "State start in the segment, and the rest at the top.",
    "uncertainty": 'State "segments.NAME.stages.won.conversion" in [uncertainty] at the top.',
}

Problems = list[Problem]


@dataclass
class Entry:
    """A segment on its way to a scenario.

    Attributes
    ----------
    name : str
    segment : mapping
        What it states.
    own, preset : mapping
        Of that, what is of a scenario; and what its preset brings.
    data : dict
        All that its scenario states.
    """

    name: str
    segment: Mapping[str, Any]
    own: Mapping[str, Any]
    preset: Mapping[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def resolved(
    table: type[Scenario], top: Table | Mapping[str, Any], of_top: tuple[Problem, ...]
) -> tuple[dict[str, Scenario], tuple[Problem, ...]]:
    """Return the scenario of each segment, and what is wrong with them.

    Parameters
    ----------
    table : type of Scenario
    top : Scenario or mapping
        The top level, or what was stated of it where it is wrong itself.
    of_top : tuple of Problem
        What is wrong with it.
    """
    stated = stated_in(top)
    segments = stated.get("segments")
    if not isinstance(segments, (list, tuple)) or len(of_top) > MOST_PROBLEMS:
        return {}, ()
    if len(segments) > MOST_SEGMENTS:  # was said
        return {}, ()
    problems: list[tuple[Entry, Problem]] = []
    entries = [_entry(table, stated, each, problems) for each in map(stated_in, segments)]
    entries = [entry for entry in entries if entry.name]
    found = _assign_quotas(stated, entries, of_top)
    team: dict[str, Scenario] = {}
    for entry in entries:
        try:
            team[entry.name] = table(**entry.data)
        except ScenarioError as error:
            problems.extend((entry, each) for each in error.problems if not _due(entry, each))
    if len(team) == len(entries) and not of_top:
        team = _with_uncertainty(stated, team, found)
    known = {(each.path, each.value, each.rule) for each in of_top}
    for entry, problem in problems:
        if (problem.path, problem.value, problem.rule) not in known:
            said = placed(problem, entry.segment, stated)
            if said not in found:
                found.append(said)
    return team, shortened(found)


def _entry(
    table: type[Scenario],
    stated: Mapping[str, Any],
    segment: Mapping[str, Any],
    problems: list[tuple[Entry, Problem]],
) -> Entry:
    """Return a segment with all that its scenario states."""
    name = segment.get("name")
    entry = Entry(
        name if isinstance(name, str) else "",
        segment,
        {key: segment[key] for key in segment if key not in (*OWN, *Segment.not_here)},
    )
    for key in Segment.not_here:
        if key in segment:
            remedy = ELSEWHERE.get(key, "State it once, above the segments.")
            problem = Problem(key, shown(segment[key]), "stands at the top only", remedy)
            problems.append((entry, problem))
    common = ("plan", "variants", "segments", "uncertainty")
    data: Mapping[str, Any] = {key: stated[key] for key in stated if key not in common}
    merging: Problems = []
    if (preset := segment.get("preset")) is not None:
        entry.preset = _preset(preset, merging)
        data = merged(table, data, entry.preset)
    data = merged(table, data, entry.own, merging)
    if isinstance(title := data.get("name"), str):
        data["name"] = titled(title, entry.name)
    if segment.get("start") in ("steady", "empty"):
        data["calendar"] = {**stated_in(data.get("calendar")), "start": segment["start"]}
    entry.data = data
    problems.extend((entry, each) for each in merging)
    return entry


def _due(entry: Entry, problem: Problem) -> bool:
    """Tell whether a table is missing that a preset was to bring, which is not known."""
    unknown = entry.segment.get("preset") is not None and not entry.preset
    return unknown and problem.rule == MISSING and "." not in problem.path


def _preset(name: Any, problems: Problems) -> Mapping[str, Any]:
    """Return what a preset says about a rep."""
    if name not in shelf.names():
        near = did_you_mean(name, shelf.names()) if isinstance(name, str) else ""
        remedy = near or f"There are: {', '.join(shelf.names())}."
        problems.append(Problem("preset", shown(name), "is not among the presets", remedy))
        return {}
    data = shelf.data_of(name)
    if "segments" in data:
        rule = "is a team, and a segment starts from one rep"
        problems.append(Problem("preset", shown(name), rule, "Name a preset without segments."))
        return {}
    return {key: data[key] for key in data if key not in (*OWN, *Segment.not_here)}


def placed(problem: Problem, segment: Any, top: Any) -> Problem:
    """Return a problem of a segment's scenario with its path from the top.

    It is the top level's where only that states what the problem is about.

    Parameters
    ----------
    problem : Problem
    segment, top : Table or mapping
        What they state.
    """
    own = stated_in(segment)
    preset = own.get("preset")
    brought = shelf.data_of(preset) if preset in shelf.names() else {}
    head = (parts_of(problem.path.partition("[")[0]) or ("",))[0]
    if head in stated_in(top) and not any(head in each for each in (own, brought, OWN)):
        return problem
    return replace(problem, path=f"segments.{quoted(str(own.get('name')))}.{problem.path}")


# --- the plan ------------------------------------------------------------------------------------


def _assign_quotas(
    stated: Mapping[str, Any], entries: list[Entry], of_top: tuple[Problem, ...]
) -> Problems:
    """Give every seat its quota where the plan states both its target and over-assignment."""
    plan = stated_in(stated.get("plan"))
    target, over = plan.get("target"), plan.get("over_assignment")
    if target is None or over is None:
        return []
    booking = [each for each in entries if stated_in(each.data.get("quota")).get("of") != "wins"]
    own = [each.name for each in booking if _states_its_own(each, stated)]
    if own:
        return [
            Problem(
                "plan",
                "",
                "states target and over_assignment, from which quotas follow, and quotas too: "
                f"{', '.join(map(quoted, own))}",
                "State two of the three.",
            )
        ]
    if any(problem.path.startswith("plan.") for problem in of_top):
        target = over = 1.0  # a mistake, and said: what follows from it is none of its own
    seats = [each.data.get("headcount", 1) for each in booking]
    brought = [stated_in(each.data.get("quota")).get("per_quarter") for each in booking]
    stated_none = all(each is None for each in brought)
    if not stated_none and None in brought:
        lacking = booking[brought.index(None)]
        rule = "must be stated, as other segments have quotas from presets"
        return [Problem(f"segments.{quoted(lacking.name)}.quota.per_quarter", "", rule)]
    try:
        quotas = shared_out(target, over, seats, [1.0] * len(seats) if stated_none else brought)
    except (ArithmeticError, TypeError, ValueError):  # a mistake, and said elsewhere
        return []
    for entry, quota in zip(booking, quotas, strict=True):
        entry.data["quota"] = {**stated_in(entry.data.get("quota")), "per_quarter": quota}
    return []


def _states_its_own(entry: Entry, stated: Mapping[str, Any]) -> bool:
    """Tell whether a segment's quota is the user's own, and not of a preset."""
    if stated_in(entry.own.get("quota")).get("per_quarter") is not None:
        return True
    if stated_in(entry.preset.get("quota")).get("per_quarter") is not None:
        return False
    return stated_in(stated.get("quota")).get("per_quarter") is not None


def shared_out(target: Any, over: float, seats: list[int], weights: list[Any]) -> list[Any]:
    """Return quotas in proportion to weights that sum to over * target over the seats of day 0.

    Examples
    --------
    >>> shared_out(900, 1.2, [2, 1], [200, 140])
    [400.0, 280.0]
    """
    lists = [each for each in (target, *weights) if isinstance(each, (list, tuple))]
    if not lists:
        whole = math.fsum(n * each for n, each in zip(seats, weights, strict=True))
        return [each * over * target / whole for each in weights]
    quarters = {len(each) for each in lists}
    if len(quarters) > 1:
        raise ValueError("lists of different length")
    columns = [
        shared_out(at(target, q), over, seats, [at(each, q) for each in weights])
        for q in range(quarters.pop())
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def at(stated: Any, quarter: int) -> Any:
    """Return the value of a quarter of what may be one number for all."""
    return stated[quarter] if isinstance(stated, (list, tuple)) else stated


def targets_of(scenario: Scenario) -> tuple[float, ...] | None:
    """Return the company's target of each quarter; None without a plan."""
    plan, quarters = scenario.plan, scenario.calendar.quarters
    if plan is None:
        return None
    if plan.target is not None:
        return tuple(float(at(plan.target, q)) for q in range(quarters))
    assert plan.over_assignment is not None  # noqa: S101  one of them is stated
    return tuple(each / plan.over_assignment for each in quotas_of_day_0(scenario))


def over_assignment_of(scenario: Scenario) -> float | None:
    """Return quotas over target, of all quarters together; None without a plan."""
    plan = scenario.plan
    if plan is None or plan.over_assignment is not None:
        return None if plan is None else plan.over_assignment
    return math.fsum(quotas_of_day_0(scenario)) / math.fsum(targets_of(scenario) or ())


def quotas_of_day_0(scenario: Scenario) -> tuple[float, ...]:
    """Return the sum of quotas of each quarter, currency, over the seats of day 0."""
    booking = [each for each in scenario.team.values() if each.quota.of == "bookings"]
    return tuple(
        math.fsum(each.headcount * each.quotas[q] for each in booking)
        for q in range(scenario.calendar.quarters)
    )


# --- uncertainty ---------------------------------------------------------------------------------


def _with_uncertainty(
    stated: Mapping[str, Any], team: dict[str, Scenario], problems: Problems
) -> dict[str, Scenario]:
    """Return the scenarios with the spreads that concern them, by paths of their own."""
    concerns: dict[str, dict[str, tuple[str, str, Any]]] = {name: {} for name in team}
    by_generality = sorted(
        (stated.get("uncertainty") or {}).items(),
        key=lambda each: _of_one_segment(each[0]) is not None,
    )
    for path, uncertain in by_generality:  # what is stated of one segment counts there
        of_one = _of_one_segment(path)
        own = path if of_one is None else of_one[1]
        names = list(team) if of_one is None else [of_one[0]]
        if of_one is None and all(_is_absent(each, own) for each in team.values()):
            rule = "is not stated in any segment"
            problems.append(_wrong(path, rule, meant(own, *team.values())))
        for name in names:
            if name not in team:
                remedy = did_you_mean(name, team) or f"There are: {', '.join(map(quoted, team))}."
                problems.append(_wrong(path, "is not among the segments", remedy))
                continue
            if of_one is None and _is_absent(team[name], own):
                continue
            wrong = list(broken_uncertainty(team[name], own, uncertain))
            for broken in wrong:
                value = shown(uncertain.cv) if broken.path else ""
                problem = _wrong(path, broken.rule, broken.remedy, broken.path, value)
                if problem not in problems:
                    problems.append(problem)
            parameter = None if wrong else parameter_of(team[name], own)
            if parameter is None:
                continue
            before = concerns[name].get(parameter.same_as, ("", "", None))[0]
            if before and (_of_one_segment(before) is None) == (of_one is None):
                same = _wrong(path, f"is the same number as {before}", "Leave one out.")
                problems.extend([same] if same not in problems else [])
            concerns[name][parameter.same_as] = (path, own, uncertain)
    return {
        name: rep.model_copy(
            update={"uncertainty": {own: each for _, own, each in concerns[name].values()}}
        )
        if concerns[name]
        else rep
        for name, rep in team.items()
    }


def _of_one_segment(path: str) -> tuple[str, str] | None:
    """Return the segment that a path is about, and the path within it."""
    parts = parts_of(path)
    if parts is None or len(parts) < 3 or parts[0] != "segments":
        return None
    return parts[1], ".".join(map(quoted, parts[2:]))


def _is_absent(scenario: Scenario, path: str) -> bool:
    try:
        return parameter_of(scenario, path) is None
    except KeyError:
        return False


def _wrong(
    path: str, rule: str, remedy: str = "", key: tuple[str | int, ...] = (), value: str = ""
) -> Problem:
    whole = ".".join(["uncertainty", quoted(path), *map(str, key)])
    return Problem(whole, value, rule, remedy)
