"""What a scenario comes to in expectation: opportunities, hours, and the level that hours allow.

Skill and market count as 1, no policy is in force, and everybody is ramped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.scenario.merge import merged
from funnelsim.scenario.sizes import ONE_EACH, DealSize

if TYPE_CHECKING:
    from funnelsim.scenario.funnel import Stage
    from funnelsim.scenario.model import Scenario
    from funnelsim.scenario.ways import Assist, Source

HALVINGS = 200  # of a bisection between floats


@dataclass(frozen=True)
class Flow:
    """Expected opportunities of one ramped rep.

    Attributes
    ----------
    reached : dict of str to tuple of float
        By source, the rep's own "activity" first: opportunities a week that reach each stage.
    open_weeks : dict of str to float
        By source: mean number of open opportunities that somebody works on.
    before : dict of str to float
        By assist: opportunities a quarter that reach the stage before it.
    """

    reached: Mapping[str, Sequence[float]]
    open_weeks: Mapping[str, float]
    before: Mapping[str, float]


def flow_of(scenario: Scenario, per_week: float) -> Flow:
    """Return what so many activities a week, and the sources beside them, come to."""
    ways: tuple[Source | None, ...] = (None, *scenario.sources)
    stages = [stages_of(scenario, way) for way in ways]
    firsts = [first_stage_of(scenario, way) for way in ways]
    entering = [_entering(scenario, way, per_week) for way in ways]
    reached: list[list[float]] = [[] for _ in ways]
    worked = [  # a first stage that takes time keeps those open that will reach it
        rate * through[first].days
        for rate, through, first in zip(entering, stages, firsts, strict=True)
    ]
    before: dict[str, float] = {}
    for s in range(len(scenario.stages)):
        there = math.fsum(own[-1] for own in reached if own)
        quarter = scenario.calendar.weeks_per_quarter * there
        here = [each for each in scenario.assists if each.at == scenario.stage_names[s]]
        before |= {each.name: quarter for each in here}
        lifts = [(coverage_of(each, quarter), each.odds) for each in here]
        for k, first in enumerate(firsts):
            if s <= first:
                reached[k].append(entering[k] if s == first else 0.0)
                continue
            stage, own = stages[k][s], reached[k][-1]
            p = assisted(stage.conversion, lifts)
            lost_days = stage.days if stage.lost_days is None else stage.lost_days
            stay = p * stage.days + (1 - p) * (1 - stage.stalled) * lost_days
            reached[k].append(own * p)
            worked[k] += own * stay
    names = ["activity", *(source.name for source in scenario.sources)]
    return Flow(
        {name: tuple(own) for name, own in zip(names, reached, strict=True)},
        {name: days / 7 for name, days in zip(names, worked, strict=True)},
        before,
    )


def assisted(conversion: float, lifts: Iterable[tuple[float, float]]) -> float:
    """Return the mean conversion where each of some assists, independently, may lift the odds.

    Parameters
    ----------
    conversion : float
        Without any.
    lifts : iterable of (float, float)
        Coverage and odds of each.

    Examples
    --------
    >>> round(assisted(1 / 3, [(0.4, 1.5)]), 6)
    0.371429
    """
    both = [((1 - coverage, 1.0), (coverage, odds)) for coverage, odds in lifts]
    mean = []
    for chosen in itertools.product(*both):
        weight = math.prod(share for share, _ in chosen)
        odds = math.prod(factor for _, factor in chosen)
        mean.append(weight * odds * conversion / (1 - conversion + odds * conversion))
    return math.fsum(mean)


def coverage_of(assist: Assist, before: float | None = None) -> float:
    """Return the share of opportunities that get an assist.

    Parameters
    ----------
    assist : Assist
    before : float, optional
        Opportunities a quarter before it, where it fixes none itself.
    """
    if assist.coverage is not None:
        return assist.coverage
    assert assist.per_quarter is not None  # noqa: S101  exactly one is stated
    reference = assist.reference_per_quarter
    reference = before if reference is None else reference
    return min(1.0, assist.per_quarter / reference) if reference else 1.0


def first_stage_of(scenario: Scenario, source: Source | None) -> int:
    """Return the number of the stage that a source enters."""
    if source is None or source.enters is None:
        return 0
    return scenario.stage_names.index(source.enters)


def stages_of(scenario: Scenario, source: Source | None) -> tuple[Stage, ...]:
    """Return the stages as the opportunities of a source go through them."""
    if source is None:
        return scenario.stages
    after = first_stage_of(scenario, source) + 1
    stages = []
    for s, stage in enumerate(scenario.stages):
        conversion = source.conversion.get(stage.name, stage.conversion)
        if source.response is not None and s == after:
            conversion = min(1.0, conversion * source.response.factor)
        days = source.days.get(stage.name, stage.days)
        stages.append(stage.model_copy(update={"conversion": conversion, "days": days}))
    return tuple(stages)


def deal_size_of(scenario: Scenario, source: Source | None) -> DealSize:
    """Return the law of the sizes of a source's deals.

    Raises
    ------
    ValidationError
        Where what the source states does not fit; excluded once the scenario is built.
    """
    if scenario.quota.of == "wins":
        return ONE_EACH
    if source is None or source.deal_size is None:
        return scenario.deal_size
    return DealSize(**merged(DealSize, scenario.deal_size, source.deal_size))


def hours_of(scenario: Scenario, flow: Flow, per_week: float) -> float:
    """Return the hours a week that activities, stages reached and open opportunities take."""
    assert scenario.effort is not None  # noqa: S101  asked of plans with effort only
    hours = scenario.effort.hours
    return math.fsum(
        (
            per_week * hours.get("activity", 0.0),
            *(
                rate * hours.get(name, 0.0)
                for own in flow.reached.values()
                for name, rate in zip(scenario.stage_names, own, strict=True)
            ),
            scenario.effort.open_week * math.fsum(flow.open_weeks.values()),
        )
    )


def level_of(scenario: Scenario) -> float:
    """Return the activities a week that the hours of ``[effort]`` allow.

    Derived in docs/background/model.md, "Effort". Hours rise with the level, so that bisection
    finds it; where the reference of an elasticity or of an assist is fixed they do not rise in a
    straight line.

    Returns
    -------
    float
        0 where the sources alone take all hours, and infinity where more than anybody can work
        would fit: both are mistakes, and the scenario says so.
    """
    assert scenario.effort is not None  # noqa: S101  asked of plans with effort only
    given = scenario.effort.hours_per_week

    def spent(per_week: float) -> float:
        return hours_of(scenario, flow_of(scenario, per_week), per_week)

    if spent(0.0) >= given:
        return 0.0
    if spent(MOST_A_WEEK) < given:
        return math.inf
    low, high = 0.0, float(MOST_A_WEEK)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if spent(middle) < given else (low, middle)
    return high


def _entering(scenario: Scenario, source: Source | None, per_week: float) -> float:
    """Return the opportunities a week that enter by a source."""
    if source is not None:
        return source.rate_per_week
    if per_week == 0:
        return 0.0
    activity = scenario.activity
    reference = activity.reference_per_week or per_week
    flatter = math.pow(per_week / reference, activity.elasticity - 1)
    return per_week * min(1.0, scenario.stages[0].conversion * flatter)
