"""Which numbers may be uncertain, and what the scenario states of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from funnelsim.scenario.tables import Broken, UnsoundError
from funnelsim.scenario.wording import did_you_mean, parts_of, quoted

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario
    from funnelsim.scenario.ways import Uncertain

Law = Literal["beta", "lognormal"]
BETA: Law = "beta"
LOGNORMAL: Law = "lognormal"
LISTED = (
    "stages.X.conversion, stages.X.days, deal_size.mean, deal_size.minimum, "
    "deal_size.whale.probability, activity.per_week, activity.per_quarter, windfall.per_quarter, "
    "windfall.mean, policy.adherence, sources.X.per_week, sources.X.conversion.STAGE, "
    "assists.X.coverage, assists.X.odds, ramp.weeks, attrition.per_year, attrition.handover"
)
LAWS: dict[str, Law] = {
    "stages.*.conversion": BETA,
    "stages.*.days": LOGNORMAL,
    "deal_size.mean": LOGNORMAL,
    "deal_size.minimum": LOGNORMAL,
    "deal_size.whale.probability": BETA,
    "activity.per_week": LOGNORMAL,
    "activity.per_quarter": LOGNORMAL,
    "windfall.per_quarter": LOGNORMAL,
    "windfall.mean": LOGNORMAL,
    "policy.adherence": BETA,
    "sources.*.per_week": LOGNORMAL,
    "sources.*.conversion.*": BETA,
    "assists.*.coverage": BETA,
    "assists.*.odds": LOGNORMAL,
    "ramp.weeks": LOGNORMAL,
    "attrition.per_year": BETA,
    "attrition.handover": BETA,
}


@dataclass(frozen=True)
class Parameter:
    """A number of a scenario that may be uncertain.

    Attributes
    ----------
    mean : float
        What the scenario states.
    law : str
        "beta" for probabilities, else "lognormal".
    same_as : str
        Equal for two paths that lead to the same number.
    """

    mean: float
    law: Law
    same_as: str


def parameter_of(scenario: Scenario, path: str) -> Parameter | None:
    """Return the number at a path; None where the scenario states none.

    The level and the coverage of an assist count as stated in whichever unit they are.

    Raises
    ------
    KeyError
        Where no number at such a path may be uncertain.

    Examples
    --------
    >>> import funnelsim as fs
    >>> parameter_of(fs.preset("sales_math"), "stages.demo.conversion").mean
    0.6
    """
    parts = parts_of(path) or ()
    shape = ".".join("*" if _is_name(parts, k) else part for k, part in enumerate(parts))
    law = LAWS[shape]
    mean = _stated(scenario, parts)
    same_as = "activity" if parts[0] == "activity" else path
    return None if mean is None else Parameter(mean, law, same_as)


def broken_uncertainty(scenario: Scenario, path: str, uncertain: Uncertain) -> Iterator[Broken]:
    """Yield what is wrong with the spread of the number at a path, keys from the spread on."""
    try:
        parameter = parameter_of(scenario, path)
    except KeyError:
        yield Broken("cannot be uncertain", meant(path, scenario) or f"What can: {LISTED}.")
        return
    if parameter is None:
        effort = path.startswith("activity")
        remedy = "The level is solved from effort." if effort else meant(path, scenario)
        yield Broken("is not stated in the scenario", remedy)
        return
    cv, p = uncertain.cv, parameter.mean
    of_days = path.startswith("stages") and parameter.law == LOGNORMAL
    if of_days and scenario.calendar.start == "steady":
        yield Broken(
            "cannot be uncertain with a steady start, which looks back as far as delays reach",
            'State calendar.start = "empty".',
        )
    if p <= 0:
        yield Broken("is 0, which no spread moves", "Leave it out.")
    elif parameter.law == BETA and cv and not cv**2 * p < 1 - p:
        widest = math.sqrt((1 - p) / p)
        said = f"must be below {widest:.4g}, the widest spread that {p:g} can have"
        rule = said if widest else "must be 0: a certainty has no spread"
        yield Broken(rule, "cv^2 < (1 - p) / p." if widest else "", path=("cv",))


def meant(path: str, *scenarios: Scenario) -> str:
    """Return what may have been meant by a path at which no number may be uncertain.

    Examples
    --------
    >>> import funnelsim as fs
    >>> meant("stages.wonn.conversion", fs.preset("sales_math"))
    'Did you mean "stages.won.conversion"?'
    >>> meant("stages", fs.preset("sales_math"))
    'Write a whole path in quotes: "stages.discovery.conversion".'
    """
    try:
        known = [each for scenario in scenarios for each in _paths(scenario)]
    except UnsoundError:  # names that are mistakes themselves
        return ""
    if "." not in path:
        below = next((each for each in known if each.startswith(f"{path}.")), "")
        return f"Write a whole path in quotes: {quoted(below)}." if below else ""
    return did_you_mean(path, known)


def _paths(scenario: Scenario) -> Iterator[str]:
    """Yield the paths of all numbers of a scenario that may be uncertain."""
    for shape in LAWS:
        head, *others = shape.split("*")
        entries = getattr(scenario, head.rstrip(".")) if others else ()
        paths = [f"{head}{quoted(each.name)}{others[0]}" for each in entries] or [shape]
        if len(others) == 2:  # of a source, by stage
            paths = [
                f"{head}{quoted(each.name)}{others[0]}{quoted(stage)}"
                for each in entries
                for stage in each.conversion
            ]
        for path in paths:
            if "*" not in path and parameter_of(scenario, path) is not None:
                yield path


def _is_name(parts: tuple[str, ...], position: int) -> bool:
    named = parts[0] in ("stages", "sources", "assists")
    return named and position in (1, 3)


def _stated(scenario: Scenario, parts: tuple[str, ...]) -> float | None:
    """Return the number at a path that is known to be of one of the shapes above."""
    head, last = parts[0], parts[-1]
    if head == "activity":
        return scenario.activities_per_week if scenario.effort is None else None
    if head in ("stages", "sources", "assists"):
        entries = {each.name: each for each in getattr(scenario, head)}
        if parts[1] not in entries:
            return None
        entry = entries[parts[1]]
        if head == "sources" and last == "per_week":
            return float(entry.rate_per_week)
        if head == "sources":
            own = entry.conversion.get(last)
            return None if own is None else float(own)
        return scenario.coverage_of(entry) if last == "coverage" else float(getattr(entry, last))
    here: Any = scenario
    for part in parts:
        here = getattr(here, part, None)
    return None if here is None else float(here)
