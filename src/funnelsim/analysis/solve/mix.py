"""The cheapest way: what several levers have to be, together, to reach a goal at least cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Goal
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import bare, checked_number, is_finite
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.solve.cheapest import Cheapest, cheapest
from funnelsim.analysis.solve.costs import Problem
from funnelsim.analysis.solve.search import CHANCES
from funnelsim.analysis.solve.span import span_of
from funnelsim.engine.simulate import provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]

MOST_LEVERS = 6
USED = 1e-4  # of the total cost, from which a lever counts as used
OPTIMAL = 1e-3  # by how much gains per cost may differ at an optimum, relative to the largest
IN_STEPS = "of a small step there is none to tell along"


def cheapest_mix(
    plan: Scenario,
    costs: Mapping[str, float],
    *,
    attain: float,
    at_least: int | None = None,
    amount: float | None = None,
    by: Literal["quarter", "year"] = "quarter",
    limits: Mapping[str, float] | None = None,
) -> xr.Dataset:
    """Return the mix of changes to several levers that reaches a goal at least cost.

    Each lever is moved from where the plan has it, in the direction that helps, at a constant cost
    for each unit. Exact.

    Parameters
    ----------
    plan : Scenario
        Covered by the exact twin, wherever the levers may go.
    costs : mapping of str to float
        What a unit of each lever costs, above 0, in any one measure, money or difficulty:
        ``{"activity.per_quarter": 30, "stages.won.conversion": 400_000}`` (0.01 of conversion
        costs 4,000). At most 6.
    attain, at_least, amount, by
        The goal, as in :func:`solve`.
    limits : mapping of str to float, optional
        Values beyond which levers cannot go; by default as far as the plan may state them.

    Returns
    -------
    xarray.Dataset
        By ``lever``: ``mix_value``, ``mix_cost``; ``gain_per_cost``, what a further unit of cost
        adds to P(goal) through it: equal for all levers in use, less for those not worth it, more
        for those at their limit, NaN for those along which P(goal) moves in steps;
        ``alone_value`` and ``alone_cost``, what it takes without the others (NaN where that is not
        enough). ``mix_total_cost``, ``mix_probability``. Attributes: ``outcome`` ("found", "out of
        reach", "reached anyway"), the plan ``solved`` as TOML, ``optimality``, the largest
        difference of gains per cost that ought to be equal, relative, and, where P(goal) moves in
        steps, ``gap``, the share of the cost that a better mix could save at most.

    Raises
    ------
    ScenarioError
        Where no number stands at a path.
    ArgumentError
        Where an argument is out of range.
    NotCoveredError
        Where the exact twin does not cover the plan: differences between mixes are far smaller
        than the errors of a simulation.

    Notes
    -----
    Sequential quadratic programming (Nocedal & Wright, Numerical Optimization, 2006, chapter 18)
    from several starts, on the normal quantile of P(goal), which is nearly straight in the levers.
    At the optimum the conditions of Karush, Kuhn and Tucker are checked. Levers of whole numbers,
    amounts where deals have few sizes, and all levers where those conditions do not hold, are
    searched by branch and bound (Tuy, SIAM J. Optim. 11, 2000, 464), which needs no more than that
    P(goal) rises with each spending, and proves how near the least cost is. Derived in
    docs/background/planning.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
    >>> costs = {"activity.per_quarter": 1.0, "stages.won.conversion": 2_000.0}
    >>> told = cheapest_mix(plan, costs, attain=0.8)
    >>> told.mix_value.values.round(2).tolist(), bool(told.mix_total_cost < min(told.alone_cost))
    ([929.24, 0.46], True)
    """
    check_one_seat(plan)
    attain = checked_number("attain", attain, *CHANCES)
    goal = Goal(at_least=at_least, amount=amount, by=by)
    goal.check(plan)
    _check(costs, limits or {})
    plan_of = bare(plan)
    problem = Problem(plan_of, goal, attain)
    start = float(problem.chances([plan_of]).values[0])
    for path, cost in costs.items():
        problem.add(span_of(plan_of, path), cost, (limits or {}).get(path), start)
    stepped = problem.in_steps()
    found = cheapest(problem, start, stepped=stepped)
    if _optimality(problem, found.spent, _gains(problem, found.spent, stepped)) > OPTIMAL:
        stepped = list(range(len(costs)))
        found = cheapest(problem, start, stepped=stepped)
    return _labelled(plan, problem, found, stepped, start)


def _check(costs: Mapping[str, float], limits: Mapping[str, float]) -> None:
    """Refuse what is wrong with the arguments, all at once."""
    wrong = []
    if not 1 <= len(costs) <= MOST_LEVERS:
        wrong.append(f"costs: must name 1 to {MOST_LEVERS} levers, not {len(costs)}")
    for path, cost in costs.items():
        if not is_finite(cost) or not cost > 0:
            wrong.append(f"costs, {path} = {cost!r}: must be above 0, for a unit of the lever")
    for path, limit in limits.items():
        if path not in costs:
            wrong.append(f"limits, {path}: is not among the costs")
        elif not is_finite(limit):
            wrong.append(f"limits, {path} = {limit!r}: must be a number")
    if wrong:
        raise ArgumentError(f"{'; '.join(wrong)}.")


def _labelled(
    plan: Scenario, problem: Problem, found: Cheapest, stepped: Sequence[int], start: float
) -> xr.Dataset:
    """Put names, units and provenance on the mix, with its optimality."""
    levers, spent = problem.levers, found.spent
    paths = [each.span.lever.path for each in levers]
    refused: dict[str, str] = {}
    gains, optimality, outcome, solved = np.full(len(levers), math.nan), math.nan, "found", ""
    probability = (math.nan, math.nan)
    if np.isnan(spent).any():
        outcome = "out of reach"
        refused["mix_value"] = "the goal is out of reach with all levers at their limits"
    else:
        own = problem.chances([problem.at(spent)])
        probability = float(own.values[0]), float(own.errors[0])
        gains = _gains(problem, spent, stepped)
        outcome = "reached anyway" if start >= problem.attain else "found"
        optimality = _optimality(problem, spent, gains)
        if len(stepped):
            names = ", ".join(paths[place] for place in stepped)
            refused["gain_per_cost"] = f"{IN_STEPS} {names}"
        solved = dumps(problem.at(spent))
    values = [
        math.nan if math.isnan(s) else each.value(s) for each, s in zip(levers, spent, strict=True)
    ]
    alone = np.array([each.alone.value for each in levers])
    alone_cost = [each.spending(each.alone.value) for each in levers]
    about: dict[str, str | int | float] = dict(provenance(plan))
    about |= {
        "method": "exact",
        "goal": str(problem.goal),
        "attain": problem.attain,
        "outcome": outcome,
        "optimality": optimality,
        "gap": found.gap,
        "solved": solved,
    }
    return labelled(
        plan,
        {
            "mix_value": np.array(values),
            "mix_cost": spent,
            "mix_total_cost": float(spent.sum()),
            "mix_probability": probability,
            "gain_per_cost": gains,
            "alone_value": alone,
            "alone_cost": np.array(alone_cost),
        },
        {"lever": paths, "cost_of_a_unit": ("lever", [each.cost for each in levers])},
        about,
        refused,
    )


def _gains(problem: Problem, spent: Floats, stepped: Sequence[int]) -> Floats:
    """Return what more spending adds to P(goal), NaN along levers that move it in steps."""
    gains = np.full(spent.size, math.nan)
    smooth = [place for place in range(spent.size) if place not in stepped]
    if not np.isnan(spent).any():
        gains[smooth] = problem.gains(spent, smooth)
    return gains


def _optimality(problem: Problem, spent: Floats, gains: Floats) -> float:
    """Return how far gains per cost are from what they are at an optimum, relative.

    Equal for levers in use; not larger for those not in use; not smaller for those at their limit.
    """
    if np.isnan(spent).any() or not spent.any():
        return 0.0
    used = spent > USED * spent.sum()
    at_limit = np.array(
        [
            s >= each.spending(each.limit) * (1 - 1e-9)
            for each, s in zip(problem.levers, spent, strict=True)
        ]
    )
    free = used & ~at_limit & ~np.isnan(gains)
    if not free.any():
        return 0.0
    price = float(gains[free].mean())
    apart = np.where(free, np.abs(gains - price), 0.0)
    apart = np.maximum(apart, np.where(~used, gains - price, 0.0))
    apart = np.maximum(apart, np.where(at_limit, price - gains, 0.0))
    return float(np.nanmax(apart) / price)
