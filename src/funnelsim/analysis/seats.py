"""One seat or a team: what calls that answer for one rep say where there are more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim.errors import ArgumentError
from funnelsim.scenario.given import check_scenario

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario


def is_team(plan: Scenario) -> bool:
    """Tell whether there is more to a plan than one rep in seat on day 0.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> is_team(plan), is_team(plan.replace({"headcount": 2}))
    (False, True)
    """
    return bool(plan.segments) or plan.headcount != 1 or bool(plan.hiring)


def reads_as_team(plan: Scenario) -> bool:
    """Tell whether a plan is read as a company's: a team, or one rep with a target to reach."""
    return is_team(plan) or plan.plan is not None


def check_one_seat(plan: Scenario) -> None:
    """Refuse a team where the answer is about one rep, and what is no scenario at all.

    Raises
    ------
    ArgumentError
        Naming the calls that answer for a team, and how to ask about one rep of it.
    """
    check_scenario(plan)
    if not is_team(plan):
        return
    name = next(iter(plan.team))
    rep = f"plan.team[{name!r}]" if plan.segments else "plan"
    one = f'{rep}.replace({{"headcount": 1, "hiring": []}})'
    seats = "1 seat" if plan.seats == 1 else f"{plan.seats:,} seats"
    raise ArgumentError(
        f"{plan.name}: a team of {seats}, and this answers for one rep. For the team ask fs.team "
        f"(funnelsim simulate); for one rep of it take {one}."
    )
