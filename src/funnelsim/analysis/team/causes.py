"""What takes bookings and certainty away from a team: the same team, without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from funnelsim.scenario.model import Scenario

Team = Mapping[str, Scenario]


def causes_of(team: Team) -> dict[str, Team]:
    """Return the team without each of the causes that it has, by name of the cause.

    Parameters
    ----------
    team : mapping of str to Scenario
        The scenarios of segments, by name.
    """
    teams = {
        cause: {name: without(each) for name, each in team.items()}
        for cause, without in CAUSES.items()
    }
    return {cause: each for cause, each in teams.items() if each != dict(team)}


def nobody_leaves(plan: Scenario) -> Scenario:
    """Return a segment whose reps stay: no empty seats, no deals lost, no successors who ramp."""
    if plan.attrition is None or not plan.attrition.per_year:
        return plan
    return _known(plan, "attrition", {"attrition": None})


def replaced_at_once(plan: Scenario) -> Scenario:
    """Return a segment whose leavers have a successor the next day, who has yet to ramp."""
    if plan.attrition is None or not (plan.attrition.per_year and plan.attrition.fill_weeks):
        return plan
    at_once = plan.attrition.model_copy(update={"fill_weeks": 0.0})
    return plan.model_copy(update={"attrition": at_once})


def all_productive(plan: Scenario) -> Scenario:
    """Return a segment whose hires are productive from their first day on."""
    return plan if plan.ramp is None else _known(plan, "ramp", {"ramp": None})


def calm_market(plan: Scenario) -> Scenario:
    """Return a segment in a market that is what it is on average; seasons remain."""
    return plan.model_copy(update={"market": plan.market.model_copy(update={"cv": 0.0})})


def known_numbers(plan: Scenario) -> Scenario:
    """Return a segment whose numbers are what the plan states."""
    return plan.model_copy(update={"uncertainty": {}})


def hired_in_time(plan: Scenario) -> Scenario:
    """Return a segment whose seats are all filled on day 0; who is hired then has yet to ramp."""
    hires = (each.model_copy(update={"week": min(each.week, 0)}) for each in plan.hiring)
    return plan.model_copy(update={"hiring": tuple(hires)})


CAUSES: dict[str, Callable[[Scenario], Scenario]] = {
    "attrition": nobody_leaves,
    "vacancies": replaced_at_once,
    "ramp": all_productive,
    "market": calm_market,
    "uncertainty": known_numbers,
    "late hires": hired_in_time,
}


def _known(plan: Scenario, table: str, update: dict[str, object]) -> Scenario:
    """Return a segment without a table, nor what is uncertain in it."""
    left = {
        path: each for path, each in plan.uncertainty.items() if not path.startswith(f"{table}.")
    }
    return plan.model_copy(update={**update, "uncertainty": left})
