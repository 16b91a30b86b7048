"""The cheapest way: what several levers have to be, together, to reach a goal at least cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from funnelsim.analysis.chances import Chances, Goal, chances
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import bare, checked_number, is_finite, moved
from funnelsim.analysis.solve.search import CHANCES, Curve, Found, search
from funnelsim.analysis.solve.span import Span, span_of
from funnelsim.engine.simulate import provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario
from funnelsim.twin.roots import crossing

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]

MOST_LEVERS = 6
STEP = 1e-4  # of the largest spending that makes sense: over it gradients are taken
PRECISE = 1e-10  # of the optimiser, relative to the cost
USED = 1e-4  # of the total cost, from which a lever counts as used
OPTIMAL = 1e-3  # by how much gains per cost may differ at an optimum, relative to the largest
LEAST = 1e-9  # chances beyond it are all alike to the optimiser
FAR = 1e6  # times the plan's own value: a limit beyond it is none


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
        costs 4,000). At most 6, none of them in whole numbers only.
    attain, at_least, amount, by
        The goal, as in :func:`solve`.
    limits : mapping of str to float, optional
        Values beyond which levers cannot go; by default as far as the plan may state them.

    Returns
    -------
    xarray.Dataset
        By ``lever``: ``mix_value``, ``mix_cost``; ``gain_per_cost``, what a further unit of cost
        adds to P(goal) through it: equal for all levers in use, less for those not worth it, more
        for those at their limit; ``alone_value`` and ``alone_cost``, what it takes without the
        others (NaN where that is not enough). ``mix_total_cost``, ``mix_probability``. Attributes:
        ``outcome`` ("found", "out of reach", "reached anyway"), the plan ``solved`` as TOML, and
        ``optimality``, the largest difference of gains per cost that ought to be equal, relative.

    Raises
    ------
    ScenarioError
        Where no number stands at a path.
    ArgumentError
        Where an argument is out of range, or no optimum was found.
    NotCoveredError
        Where the exact twin does not cover the plan: differences between mixes are far smaller
        than the errors of a simulation.

    Notes
    -----
    Sequential quadratic programming (Nocedal & Wright, Numerical Optimization, 2006, chapter 18)
    from several starts, on the normal quantile of P(goal), which is nearly straight in the levers.
    At the optimum the conditions of Karush, Kuhn and Tucker are checked. Derived in
    docs/planning.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"calendar.quarters": 1})
    >>> costs = {"activity.per_quarter": 1.0, "stages.won.conversion": 2_000.0}
    >>> told = cheapest_mix(plan, costs, attain=0.8)
    >>> told.mix_value.values.round(2).tolist(), bool(told.mix_total_cost < min(told.alone_cost))
    ([929.24, 0.46], True)
    """
    attain = checked_number("attain", attain, *CHANCES)
    goal = Goal(at_least=at_least, amount=amount, by=by)
    goal.check(plan)
    _check(costs, limits or {})
    plan_of = bare(plan)
    problem = _Problem(plan_of, goal, attain)
    start = float(problem.chances([plan_of]).values[0])
    for path, cost in costs.items():
        problem.add(span_of(plan_of, path), cost, (limits or {}).get(path), start)
    return _labelled(plan, problem, _cheapest(problem, start), start)


@dataclass
class _Lever:
    """A lever, what moving it costs, and what it can do alone."""

    span: Span
    cost: float  # of a unit
    sign: int  # 1 where more helps
    limit: float
    alone: Found
    most: float  # spending beyond which more of it makes no sense

    def value(self, spent: float) -> float:
        """Return where the lever is for a spending."""
        here = self.span.lever.value + self.sign * spent / self.cost
        return min(here, self.limit) if self.sign > 0 else max(here, self.limit)

    def spending(self, value: float) -> float:
        """Return what moving the lever to a value costs."""
        return abs(value - self.span.lever.value) * self.cost


@dataclass
class _Problem:
    """Levers with costs, and the goal that their mix is to reach."""

    plan: Scenario
    goal: Goal
    attain: float
    levers: list[_Lever] = field(default_factory=list)

    def chances(self, plans: Sequence[Scenario]) -> Chances:
        """Return exact chances of plans."""
        return chances(plans, self.goal, method="exact")

    def at(self, spent: Floats) -> Scenario:
        """Return the plan for a spending on each lever."""
        values = [each.value(s) for each, s in zip(self.levers, spent.tolist(), strict=True)]
        return moved(self.plan, [each.span.lever for each in self.levers], values)

    def chance(self, spent: Floats) -> float:
        """Return P(goal) for a spending on each lever."""
        return float(self.chances([self.at(spent)]).values[0])

    def gains(self, spent: Floats) -> Floats:
        """Return d P(goal) / d spending on each lever, by central differences inside the bounds."""
        gains = np.zeros(len(self.levers))
        for place, lever in enumerate(self.levers):
            step = STEP * lever.most
            low = max(spent[place] - step, 0.0)
            high = min(spent[place] + step, lever.spending(lever.limit))
            if high > low:
                less, more = np.array(spent), np.array(spent)
                less[place], more[place] = low, high
                gains[place] = (self.chance(more) - self.chance(less)) / (high - low)
        return gains

    def add(self, span: Span, cost: float, limit: float | None, start: float) -> None:
        """Add a lever: find the direction in which it helps, and what it can do alone."""
        path, value = span.lever.path, span.lever.value
        if span.lever.whole or math.isnan(value):
            raise ArgumentError(
                f"{path}: must be a number that the plan states and that is not whole by nature: "
                "a mix is found by small steps. Solve for it on its own."
            )
        curve = Curve(span, self.chances)
        found = search(curve, self.attain)
        if found.outcome == "no effect":
            raise ArgumentError(f"{path}: does not move {self.goal} in this plan. Leave it out.")
        sign = 1 if found.rises else -1
        end = span.high if found.rises else span.low
        if limit is not None:
            if (limit - value) * sign < 0 or not span.low <= limit <= span.high:
                way = "up" if found.rises else "down"
                raise ArgumentError(
                    f"limits, {path} = {limit:g}: moving it {way} from {value:,.6g} helps, as far "
                    f"as {end:,.6g}; the limit must lie between."
                )
            end = float(limit)
        enough = found.value if found.outcome == "found" else end
        within = (end - enough) * sign >= 0 and found.outcome == "found"
        most = (
            abs(enough - value) if within else min(abs(end - value), FAR * max(abs(value), 1.0))
        ) * cost
        if not within:
            found = Found("out of reach", math.nan, found.best, found.rises)
        self.levers.append(_Lever(span, cost, sign, end, found, max(most, 1e-12)))


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


def _cheapest(problem: _Problem, start: float) -> Floats:
    """Return the least spending on each lever that reaches the goal; NaN where none does."""
    levers = problem.levers
    if start >= problem.attain:
        return np.zeros(len(levers))
    alone = [each.most for each in levers if each.alone.outcome == "found"]
    scale = min(alone) if alone else max(each.most for each in levers)
    # more than the cheapest lever alone takes is never spent on another
    ends = np.array([min(each.spending(each.limit), 1.01 * scale) for each in levers])
    if not alone:
        ends = np.array([min(each.spending(each.limit), each.most) for each in levers])
        if problem.chance(ends) < problem.attain:
            return np.full(len(levers), math.nan)
    wanted = float(special.ndtri(problem.attain))

    def surplus(share: Floats) -> float:
        chance = np.clip(problem.chance(share * ends), LEAST, 1 - LEAST)
        return float(special.ndtri(chance)) - wanted

    def slopes(share: Floats) -> Floats:
        chance = np.clip(problem.chance(share * ends), LEAST, 1 - LEAST)
        density = math.exp(-(float(special.ndtri(chance)) ** 2) / 2) / math.sqrt(2 * math.pi)
        return np.asarray(problem.gains(share * ends) * ends / density)

    weights = ends / ends.max()
    found: list[Floats] = []
    for begin in _starts(problem, ends):
        answer: Any = optimize.minimize(
            lambda share: float(share @ weights),
            begin,
            jac=lambda _: weights,
            bounds=[(0.0, 1.0)] * len(levers),
            constraints=[{"type": "ineq", "fun": surplus, "jac": slopes}],
            method="SLSQP",
            options={"ftol": PRECISE, "maxiter": 100},
        )
        share = _enough(problem, np.clip(answer.x, 0.0, 1.0) * ends, ends)
        if share is not None:
            found.append(share)
    if not found:
        raise ArgumentError(
            f"no optimum was found: {problem.goal} moves in steps, as with equal deals, where "
            "no small step tells the way. State sizes with a cv, or solve for one lever."
        )
    return min(found, key=lambda spent: float(spent.sum()))


def _starts(problem: _Problem, ends: Floats) -> list[Floats]:
    """Return where to begin: each lever alone, as far as it goes, and all of them together."""
    count = len(problem.levers)
    starts = [np.where(np.arange(count) == place, 1.0, 0.05) for place in range(count)]
    together = _enough(problem, ends * 0.5, ends)
    starts.append(np.full(count, 0.5) if together is None else together / ends)
    return starts


def _enough(problem: _Problem, spent: Floats, ends: Floats) -> Floats | None:
    """Return the spending scaled so that it just reaches the goal; None where it cannot."""

    def excess(factor: float) -> float:
        return problem.chance(np.minimum(spent * factor, ends)) - problem.attain

    low, high = 0.0, 1.0
    while excess(high) < 0:
        low, high = high, 2 * high
        if high > 1e6:
            return None
    low = low if low else high / 2 if excess(high / 2) < 0 else 0.0
    factor = crossing(excess, low, high, within=1e-12 * high)
    return np.asarray(np.minimum(spent * factor, ends))


def _labelled(plan: Scenario, problem: _Problem, spent: Floats, start: float) -> xr.Dataset:
    """Put names, units and provenance on the mix, with its optimality."""
    levers = problem.levers
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
        gains = problem.gains(spent)
        outcome = "reached anyway" if start >= problem.attain else "found"
        optimality = 0.0 if outcome == "reached anyway" else _optimality(problem, spent, gains)
        if optimality > OPTIMAL:
            raise ArgumentError(
                f"costs: no optimum was found; gains per cost still differ by {optimality:.0%} of "
                "the largest. Leave a lever out, or set limits."
            )
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


def _optimality(problem: _Problem, spent: Floats, gains: Floats) -> float:
    """Return how far gains per cost are from what they are at an optimum, relative.

    Equal for levers in use; not larger for those not in use; not smaller for those at their limit.
    """
    used = spent > USED * spent.sum()
    at_limit = np.array(
        [
            s >= each.spending(each.limit) * (1 - 1e-9)
            for each, s in zip(problem.levers, spent, strict=True)
        ]
    )
    free = used & ~at_limit
    if not free.any():
        return 0.0
    price = float(gains[free].mean())
    apart = np.where(free, np.abs(gains - price), 0.0)
    apart = np.maximum(apart, np.where(~used, gains - price, 0.0))
    apart = np.maximum(apart, np.where(at_limit, price - gains, 0.0))
    return float(apart.max() / price)
