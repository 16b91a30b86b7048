"""The simplest plan of the same mean: without delays, spreads and uncertainty that change none.

Derived in docs/background/luck.md, "Means and levels".
"""

from __future__ import annotations

from collections import Counter

from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import parts_of

SEASONS = 4
# The tables whose skill and uncertainty a mean depends on.
ACTIVITIES = frozenset({"activity", "policy"})
DEALS = ACTIVITIES | {"stages", "sources", "assists"}
BOOKINGS = DEALS | {"deal_size"}


def of_same_mean(plan: Scenario, tables: frozenset[str]) -> Scenario:
    """Return a plan that has the same mean over the horizon, with less to integrate.

    Parameters
    ----------
    plan : Scenario
        Without segments.
    tables : frozenset of str
        ``ACTIVITIES``, ``DEALS`` or ``BOOKINGS``: those that the mean depends on.
    """
    return _without_uncertainty(_without_spreads(_without_delays(plan), tables), tables)


def with_level_stated(plan: Scenario) -> Scenario:
    """Return the plan with its level stated, where it was solved from the hours of effort."""
    if plan.effort is None:
        return plan
    activity = plan.activity.model_copy(update={"per_week": plan.activities_per_week})
    return plan.model_copy(update={"effort": None, "activity": activity})


def _without_delays(plan: Scenario) -> Scenario:
    """Return the plan with deals at once, where that changes no mean over the horizon."""
    calendar = plan.calendar
    whole = calendar.quarters % SEASONS == 0 or len(set(plan.market.season)) == 1
    if calendar.start != "steady" or plan.policy.start_week is not None or not whole:
        return plan
    plan = with_level_stated(plan)  # with hours, faster deals would leave time for more
    stages = tuple(stage.model_copy(update={"days": 0.0}) for stage in plan.stages)
    sources = tuple(source.model_copy(update={"days": {}}) for source in plan.sources)
    return plan.model_copy(update={"stages": stages, "sources": sources})


def _without_spreads(plan: Scenario, tables: frozenset[str]) -> Scenario:
    """Return the plan without the spreads between reps that change no mean.

    A skill that multiplies the mean and is independent of the others enters by its own mean, 1.
    Activity multiplies it where neither floor nor cap nor elasticity bend it, and then it is cheap
    to keep; conversions where nothing bends them; size always.
    """
    spreads = {"activity": plan.activity.rep_cv}
    if "stages" in tables:
        spreads |= {stage.name: stage.rep_cv for stage in plan.stages}
    if "deal_size" in tables:
        spreads["size"] = plan.deal_size.rep_cv
    linked = {name for name, cv in spreads.items() if cv and plan.loading(name)}
    kept = linked if len(linked) > 1 else set()
    kept |= {name for name in plan.stage_names if name in spreads and _bends(plan, name)}
    stages = tuple(
        stage if stage.name in kept else stage.model_copy(update={"rep_cv": 0.0})
        for stage in plan.stages
    )
    size = plan.deal_size
    if "size" not in kept:
        size = size.model_copy(update={"rep_cv": 0.0})
    return plan.model_copy(update={"stages": stages, "deal_size": size})


def _without_uncertainty(plan: Scenario, tables: frozenset[str]) -> Scenario:
    """Return the plan without the uncertainty that changes no mean.

    A parameter of a luck of its own that the mean follows in a straight line enters by what is
    stated.
    """
    entering = {
        path: each
        for path, each in plan.uncertainty.items()
        if each.cv and (parts_of(path) or ("",))[0] in tables
    }
    together = Counter(each.luck for each in entering.values())
    kept = {
        path: each
        for path, each in entering.items()
        if together[each.luck] > 1 or not _is_straight(plan, path)
    }
    return plan.model_copy(update={"uncertainty": kept})


def _is_straight(plan: Scenario, path: str) -> bool:
    """Return whether the means follow an uncertain parameter in a straight line."""
    match parts_of(path):
        case ("stages", name, "conversion") | ("sources", _, "conversion", name):
            differs = {stage.name for stage in plan.stages if stage.rep_cv}
            lifted = any(
                source.response is not None
                and source.response.factor > 1  # and min(1, p) may bind
                and plan.stage_names.index(name) == plan.first_stage_of(source) + 1
                for source in plan.sources
            )
            return not (_bends(plan, name) or name in differs or lifted)
        case ("stages", _, "days") | ("assists", _, "odds"):
            return False
        case ("activity", _):
            policy = plan.policy
            floor_or_cap = policy.floor_per_week is not None or policy.cap_per_week is not None
            return plan.activity.elasticity == 1 and not floor_or_cap
    return True


def _bends(plan: Scenario, stage: str) -> bool:
    """Return whether what reaches a stage is no straight line in its conversion.

    Odds of an assist bend it; min(1, p) may bind at the entry, as it can not where every activity
    enters with the stated probability or less.
    """
    if any(assist.at == stage for assist in plan.assists):
        return True
    market = plan.market
    at_entry = plan.activity.elasticity < 1 or market.cv > 0 or max(market.season) > 1
    return stage == plan.stages[0].name and at_entry
