"""What changes between two plans, in groups that can change one without the other."""

from __future__ import annotations

import copy
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim.analysis.compare.changes import Change, changes_between
from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.tables import Table
from funnelsim.scenario.wording import parts_of, shown, step

MOST_FACTORS = 8  # 256 plans
COARSEST = 5
FUNNEL = "funnel"
NAMED = ("stages", "sources", "assists")  # lists of tables that have names
SKILL = ("skill_correlation", "skill_loadings")
# Of a stage; everything else there is about time, and decides no deal.
ODDS = ("conversion", "rep_cv")

Parts = tuple[str, ...]
Stated = Mapping[str, str | Collection[str]]


@dataclass(frozen=True)
class Factor:
    """Values that change together.

    Attributes
    ----------
    name : str
    changes : tuple of Change
        None where the plans agree.
    """

    name: str
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        return "; ".join(
            f"{each.path}: {_said(each.before)} -> {_said(each.after)}" for each in self.changes
        )


def factors_of(plan: Scenario, other: Scenario, stated: Stated | None) -> list[Factor]:
    """Return the factors between two plans, in the order of the file; unchanged ones last.

    Parameters
    ----------
    plan, other : Scenario
        Without KPIs.
    stated : mapping of str to path or paths, optional
        Factors by name; a path stands for all below it. What they leave out is grouped by what it
        is about, the more coarsely the more there is: at most 8 factors change anything.

    Raises
    ------
    ScenarioError
        With all problems of paths.
    ArgumentError
        Where more than 8 factors change something.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> other = plan.replace({"deal_size.mean": 90_000, "deal_size.cv": 0.7})
    >>> [str(each) for each in factors_of(plan, other, None)]
    ['deal_size.mean: 84,000 -> 90,000; deal_size.cv: 0.5 -> 0.7']
    """
    own, problems = _parts_of_factors(plan, other, stated or {})
    if problems:
        raise ScenarioError(problems, "factors")
    groups: dict[str, list[Change]] = {}
    for coarseness in range(COARSEST + 1):
        groups = {}
        for change in _changes(plan, other):
            parts = parts_of(change.path) or ()
            name = next((name for name, prefix in own if parts[: len(prefix)] == prefix), None)
            groups.setdefault(name or _default_name(parts, coarseness, own), []).append(change)
        if len(groups) <= MOST_FACTORS:
            break
    if len(groups) > MOST_FACTORS:
        raise ArgumentError(
            f"factors: {len(groups)} change something, more than the {MOST_FACTORS} whose every "
            f"combination is looked at: {', '.join(groups)}. Put several paths into one factor."
        )
    idle = [name for name in dict.fromkeys(name for name, _ in own) if name not in groups]
    return [Factor(name, tuple(found)) for name, found in groups.items()] + list(map(Factor, idle))


def combinations(plan: Scenario, other: Scenario, factors: Sequence[Factor]) -> list[Scenario]:
    """Return the plan with each set of factors as in the other: set k holds the bits of k.

    Raises
    ------
    ArgumentError
        Where a combination is no plan.
    """
    mine, theirs = _data(plan), _data(other)
    plans, wrong = [], {}
    for chosen in range(1 << len(factors)):
        data = copy.deepcopy(mine)
        taken = [factor for k, factor in enumerate(factors) if chosen >> k & 1]
        for change in (change for factor in taken for change in factor.changes):
            parts = parts_of(change.path) or ()
            _take(data, theirs, parts)
            if change.path == "stages":
                _take(data, theirs, (SKILL[1],))
        lists = {
            key: [{"name": name, **each} for name, each in data[key].items()]
            for key in NAMED
            if key in data
        }
        try:
            plans.append(Scenario(**{**data, **lists}))
        except ScenarioError as error:
            names = " and ".join(factor.name for factor in taken)
            wrong[names] = str(error.problems[0])
    if wrong:
        listed = "; ".join(f"{names} alone: {why}" for names, why in list(wrong.items())[:4])
        raise ArgumentError(
            f"factors: {len(wrong)} of {1 << len(factors)} combinations are no plans: {listed} "
            "Put what depends on each other into one factor, such as {'deal size': 'deal_size'}."
        )
    return plans


def _changes(plan: Scenario, other: Scenario) -> list[Change]:
    """Return the changes; stages that differ in name or order are one."""
    changes = changes_between(plan, other)
    if plan.stage_names == other.stage_names:
        return changes
    funnel = Change("stages", list(plan.stage_names), list(other.stage_names))
    heads = ("stages", SKILL[1])
    return [funnel] + [each for each in changes if (parts_of(each.path) or ("",))[0] not in heads]


def _parts_of_factors(
    plan: Scenario, other: Scenario, stated: Stated
) -> tuple[list[tuple[str, Parts]], list[Problem]]:
    """Return the paths of the factors that were stated, and what is wrong with them."""
    own: list[tuple[str, Parts]] = []
    problems: list[Problem] = []
    for name, paths in stated.items():
        if not paths:
            problems.append(Problem(shown(name), "", "needs at least one path", "Or leave it out."))
        for path in [paths] if isinstance(paths, str) else paths:
            parts = parts_of(str(path))
            if parts is None or not (_is_known(plan, parts) or _is_known(other, parts)):
                rule = "is no path of these plans"
                remedy = "Such as stages.won.conversion, or deal_size for all of it."
                problems.append(Problem(path if parts else shown(path), "", rule, remedy))
                continue
            if parts[0] == "stages" and parts[1:] and plan.stage_names != other.stage_names:
                rule = "cannot change alone, because the plans have different stages"
                problems.append(Problem(path, "", rule, "State stages, for all of them."))
            for known, prefix in own:
                shared = min(len(prefix), len(parts))
                if prefix[:shared] == parts[:shared]:
                    rule = f"overlaps with a path of {known}"
                    problems.append(Problem(path, "", rule, "State each place once."))
            own.append((name, parts))
    return own, problems


def _default_name(parts: Parts, coarseness: int, own: Sequence[tuple[str, Parts]]) -> str:
    """Return what a change is about, the more coarsely the more there is."""
    name = _subject(parts, coarseness)
    taken = Counter(known for known, _ in own)
    return f"other {name}" if name in taken else name


def _subject(parts: Parts, coarseness: int) -> str:
    """Return a subject; keys that depend on each other always share one."""
    head = parts[0]
    if head == "stages":
        if len(parts) < 3:
            return FUNNEL
        if parts[2] in ODDS:
            return f"{parts[1]} conversion" if coarseness < 5 else "conversions"
        return f"{parts[1]} days" if coarseness < 1 else "days"
    if parts[:2] == ("deal_size", "whale") and coarseness < 2:
        return "whales"
    if head == "policy" and coarseness >= 3:
        return "activity"
    if head in ("market", "calendar") and coarseness >= 4:
        return "market and calendar"
    return "skill" if head in SKILL else head.replace("_", " ")


def _data(plan: Scenario) -> dict[str, Any]:
    """Return what the plan's file states; what has a name by its name."""
    data = tomllib.loads(dumps(plan))
    for key in NAMED:
        if key in data:
            data[key] = {each.pop("name"): each for each in data[key]}
    return data


def _take(data: dict[str, Any], theirs: Mapping[str, Any], parts: Parts) -> None:
    """Put in what the other plan states at a path, or take out what it does not state."""
    *above, last = parts
    here: dict[str, Any] = data
    there: Any = theirs
    for part in above:
        here = here.setdefault(part, {})
        there = there.get(part, {})
    if last in there:
        here[last] = copy.deepcopy(there[last])
    else:
        here.pop(last, None)
    # A table of which nothing is left is not stated either: a windfall would lack its law.
    if not here and above and above[0] != "stages":
        _take(data, {}, tuple(above))


def _is_known(plan: Scenario, parts: Parts) -> bool:
    """Return whether a path leads somewhere in the plan, or to where something may be stated."""
    here: Any = plan
    for part in parts:
        if isinstance(here, Table):
            if part not in type(here).model_fields:
                return False
            here = getattr(here, part)
        elif isinstance(here, tuple):
            here = next((each for each in here if step(each, "name") == part), None)
            if here is None:
                return False
        elif isinstance(here, Mapping):
            here = here.get(part)
        else:
            return here is None
    return True


def _said(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, list):
        text = ", ".join(_said(each) for each in value[:8])
        return f"[{text}{', ...' if len(value) > 8 else ''}]"
    return "none" if value is None else str(value)
