"""Which numbers of a plan may move its bookings: all that it states, but for those known not to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from funnelsim.scenario.tables import Table
from funnelsim.scenario.wording import quoted

if TYPE_CHECKING:
    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

Parts = tuple[str, ...]

# What levers stand in, in the order of the funnel.
TABLES = (
    "activity",
    "effort",
    "stages",
    "sources",
    "assists",
    "deal_size",
    "windfall",
    "skill_correlation",
    "skill_loadings",
    "market",
    "policy",
    "ramp",
    "attrition",
    "uncertainty",
    "plan",
    "quota",
)
# What none stands in: names, what is counted in whole seats or quarters, what is measured or paid.
NO_LEVERS = (
    "name",
    "currency",
    "headcount",
    "calendar",
    "hiring",
    "pay",
    "economics",
    "kpis",
    "segments",
    "variants",
)
IDLE_KEYS = ("days", "days_cv", "lost_days", "stalled")  # of stages and sources
NEUTRAL = 1.0  # of a season, an elasticity, a size: as if it were not stated


def default_paths(plan: Scenario, goal: Goal) -> list[str]:
    """Return the levers that may matter to a goal in this plan, in the order of the funnel.

    Every number that the plan states is one: a new key of a scenario is a lever from the day on
    which it is added. Left out is only what is known to move nothing: numbers of 0, of which a part
    is 0, too; what other numbers put out of force, such as adherence to no floor; times where they
    decide nothing; and quotas where the goal states an amount.

    Examples
    --------
    >>> import funnelsim as fs
    >>> from funnelsim.analysis.chances import Goal
    >>> paths = default_paths(fs.preset("ten_two_one"), Goal())
    >>> [path for path in paths if path.startswith(("assists", "policy"))]  # doctest: +ELLIPSIS
    ['assists.on-site.per_quarter', 'assists.on-site.odds', ..., 'policy.adherence']
    """
    return [
        ".".join(map(quoted, parts))
        for table in TABLES
        for parts, value in _numbers(getattr(plan, table), (table,))
        if value and any(value) and not is_idle(plan, parts) and _counts(plan, parts, goal)
    ]


def is_idle(plan: Scenario, parts: Parts) -> bool:
    """Return whether a number is about time that decides no bookings.

    What open opportunities take of the hours of ``[effort]`` depends on how long they stay open.
    """
    key = parts[-1] if parts[0] == "stages" else parts[2] if len(parts) > 3 else ""
    if parts[0] not in ("stages", "sources") or key not in IDLE_KEYS:
        return False
    if key != "days_cv" and plan.effort is not None and plan.effort.open_week:
        return False
    if key in ("lost_days", "stalled"):
        return True
    return not delays_matter(plan) if parts[0] == "stages" else _is_steady(plan)


def delays_matter(plan: Scenario) -> bool:
    """Return whether delays change the bookings of quarters.

    They do not where entries are a Poisson process of constant rate since long ago: moving its
    points about independently leaves it one (Kingman, Poisson Processes, 1993, chapter 5).
    """
    activity, policy = plan.activity, plan.policy
    poisson = not activity.week_cv and activity.elasticity == 1
    free = policy.floor_per_week is None and policy.cap_per_week is None
    return not (poisson and free and _is_steady(plan))


def _is_steady(plan: Scenario) -> bool:
    """Return whether what flows into the funnel has always been the same; it is Poisson."""
    still = not plan.market.cv and len(set(plan.market.season)) == 1
    return plan.calendar.start == "steady" and still and not _turns_over(plan)


def _turns_over(plan: Scenario) -> bool:
    """Return whether seats are emptied, or filled, on the way."""
    return _leaves(plan) or bool(plan.hiring)


def _leaves(plan: Scenario) -> bool:
    return plan.attrition is not None and plan.attrition.per_year > 0


def _numbers(here: Any, parts: Parts) -> Iterator[tuple[Parts, tuple[float, ...]]]:
    """Yield all numbers below a place, and lists of numbers, with where they stand."""
    if isinstance(here, Table):
        for key in type(here).model_fields:
            yield from _numbers(getattr(here, key), (*parts, key))
    elif isinstance(here, Mapping):
        for name, each in here.items():
            yield from _numbers(each, (*parts, name))
    elif isinstance(here, Sequence) and not isinstance(here, str):
        if here and all(map(is_number, here)):
            yield parts, tuple(here)
        for each in here:
            if isinstance(each, Table) and (name := getattr(each, "name", None)) is not None:
                yield from _numbers(each, (*parts, name))
    elif is_number(here):
        yield parts, (here,)


def is_number(value: Any) -> bool:
    """Return whether something is a number."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _counts(plan: Scenario, parts: Parts, goal: Goal) -> bool:
    """Return whether a number is in force: that others do not make it one without effect."""
    activity, market, policy = plan.activity, plan.market, plan.policy
    match parts:
        case ("activity", "elasticity"):
            return activity.elasticity < NEUTRAL
        case ("activity", "reference_per_week"):  # by default it is the level itself
            own = activity.reference_per_week != plan.activities_per_week
            return activity.elasticity < NEUTRAL and own
        case ("stages", name, "days_cv"):
            stage = next(each for each in plan.stages if each.name == name)
            return stage.days > 0 and stage.delay.days is None
        case ("stages", _, "delay", _):  # scaled to the mean days
            return False
        case ("sources", name, *rest):
            source = next(each for each in plan.sources if each.name == name)
            response = source.response
            same = response is not None and response.minutes == response.measured_at
            without = _is_without_whales(source.deal_size, rest) or (same and rest[-1] == "decay")
            return source.rate_per_week > 0 and not without
        case ("assists", name, key):
            assist = next(each for each in plan.assists if each.name == name)
            lifts = assist.odds != 1 or assist.size != NEUTRAL
            neutral = key == "size" and assist.size == NEUTRAL
            # the reference stands below per_quarter: a tenth more of one is a tenth less of both
            known = key in ("name", "reference_per_quarter") or neutral
            idle = not plan.coverage_of(assist) or (key != "odds" and not lifts)
            return not known and not idle
        case ("deal_size", *rest):
            bookings = plan.quota.of == "bookings"
            return bookings and not _is_without_whales(plan.deal_size, rest)
        case ("windfall", *_):
            return plan.windfall is not None and plan.windfall.per_quarter > 0
        case ("skill_correlation" | "skill_loadings", *_):
            return len(_spreads(plan)) > 1
        case ("market", "persistence"):
            return market.cv > 0
        case ("market", "season"):
            return set(market.season) != {NEUTRAL}
        case ("policy", "adherence"):
            return bool(policy.floor_per_week)
        case ("policy", "start_week"):
            return policy.floor_per_week is not None or policy.cap_per_week is not None
        case ("ramp", _):
            return _turns_over(plan)
        case ("attrition", _):
            return _leaves(plan)
        case ("plan", _):
            return goal.amount is None and not _states_quota(plan)
        case ("quota", _):
            return goal.amount is None and _states_quota(plan)
    return True


def _is_without_whales(sizes: Any, rest: Sequence[str]) -> bool:
    """Return whether a number is about whales that do not exist."""
    below = rest[1:] if rest[:1] == ["deal_size"] else rest
    return below[:1] == ["whale"] and not sizes.whale.probability


def _spreads(plan: Scenario) -> list[float]:
    """Return how far reps differ, of all that they differ in."""
    both = (plan.activity.rep_cv, plan.deal_size.rep_cv)
    return [each for each in (*both, *(stage.rep_cv for stage in plan.stages)) if each]


def _states_quota(plan: Scenario) -> bool:
    """Return whether the quota is stated, and does not follow from the plan of the company."""
    return "per_quarter" in plan.quota.model_fields_set
