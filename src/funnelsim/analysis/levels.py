"""Means of a plan without noise, and the level of activity at which a mean is what it should be.

To compare plans at equal means, the means have to be known better than by counting. A mean is the
expectation given skill, in closed form, averaged over skill by quadrature. It asks less than a
distribution does: the market and whatever skill multiplies a mean independently drop out.
Derived in docs/luck.md, "Means and levels".
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.scenario.model import Scenario
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.market import market_nodes
from funnelsim.twin.roots import crossing
from funnelsim.twin.skill import Nodes, nodes_of
from funnelsim.twin.weeks import Weeks

Floats = npt.NDArray[np.float64]

ACCURATE = 1e-6  # relative error of a mean beyond which it is refused
CLOSE = 1e-10  # relative distance of a mean from its goal at which the level is found
FEWEST_A_WEEK = 1e-6  # activities, below which no level is looked for
SEASONS = 4
SAFE = 6.5  # standard deviations of a market that no market is beyond, to 1e-10
CELLS = 1 << 22  # of a table of kinds of reps by activities, at a time
EFFORTS = (0, 1)  # of the quadrature, the second where the first is not accurate enough


def mean_deals(plan: Scenario) -> float:
    """Return mean deals won through the funnel a quarter, the mean over the horizon.

    Raises
    ------
    NotCoveredError
        Where correlated skill has more than three dimensions, or the quadrature is not accurate to
        1e-6 of the mean.

    Notes
    -----
    Delays move deals between quarters. From a steady start without ``policy.start_week``, over a
    horizon of whole years or without a season, they change no mean and are left out; so is what the
    truncation of the past cuts off, about 1e-4 of the deals at most.

    Examples
    --------
    >>> import funnelsim as fs
    >>> round(mean_deals(fs.preset("sales_math")), 9)
    3.0
    """
    return _mean(plan, _deals, {"size"})


def mean_activities(plan: Scenario) -> float:
    """Return mean activities a quarter, after floor and cap, the mean over the horizon.

    Raises
    ------
    NotCoveredError
        As :func:`mean_deals`.

    Examples
    --------
    >>> import funnelsim as fs
    >>> round(mean_activities(fs.preset("sales_math")), 9)
    750.0
    """
    return _mean(plan, _activities, {"size", *plan.stage_names})


def mean_bookings(plan: Scenario) -> float:
    """Return mean bookings a quarter, windfalls and whales included, the mean over the horizon.

    Returns
    -------
    float, currency

    Raises
    ------
    NotCoveredError
        As :func:`mean_deals`.

    Examples
    --------
    >>> import funnelsim as fs
    >>> round(mean_bookings(fs.preset("sales_math")), 3)
    252000.0
    """
    windfall = plan.windfall
    extra = windfall.per_quarter * windfall.law_mean if windfall is not None else 0.0
    return plan.deal_size.mean_of_all * _mean(plan, _sized_deals, set()) + extra


def at_level(plan: Scenario, of: Callable[[Scenario], float], goal: float) -> Scenario:
    """Return the plan with its activity scaled so that a mean of it is as stated.

    Nothing else moves, least of all ``activity.reference_per_week``: below an elasticity of 1, more
    activity is less productive. A plan that is at its goal already is returned as it is.

    Parameters
    ----------
    plan : Scenario
    of : callable
        A mean that grows with activity: :func:`mean_deals`, :func:`mean_bookings`, ...
    goal : float
        What it should be.

    Raises
    ------
    NotCoveredError
        Where no level that a scenario may state does it, or the mean is not covered.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = at_level(fs.preset("sales_math"), mean_deals, 4.0)
    >>> round(plan.activities_per_week * 13, 6)
    1000.0
    """

    def at(level: float) -> Scenario:
        return plan.replace({"activity.per_week": level})

    def excess_of(scaled: Scenario) -> float:
        excess = of(scaled) - goal
        return 0.0 if abs(excess) <= CLOSE * abs(goal) else excess

    def excess_at(level: float) -> float:
        return excess_of(at(level))

    stated = plan.activities_per_week
    here = excess_of(plan)
    if not here:
        return plan
    low = high = stated
    while here < 0 and excess_at(high) < 0:
        if high >= MOST_A_WEEK:
            raise NotCoveredError(
                f"a mean of {goal:,.6g} is out of reach even with {MOST_A_WEEK:,} activities a "
                "week, the most that a scenario may state"
            )
        low, high = high, min(2 * high, MOST_A_WEEK)
    while here > 0 and excess_at(low) > 0:
        if low <= FEWEST_A_WEEK:
            raise NotCoveredError(
                f"a mean of {goal:,.6g} is exceeded even without activity: a floor or windfalls "
                "suffice"
            )
        low, high = max(low / 2, FEWEST_A_WEEK), low
    return at(crossing(excess_at, low, high, within=1e-12 * high))


def _mean(plan: Scenario, of: Callable[[Funnel, float], Floats], indifferent: set[str]) -> float:
    """Return the mean over reps of what a kind of rep does in the horizon, a quarter.

    Skills of names in ``indifferent`` do not enter.
    """
    plan = _without_spreads(_without_delays(plan), indifferent)
    sigma = math.sqrt(math.log1p(plan.market.cv**2))
    no_market = market_nodes(plan.market.model_copy(update={"cv": 0.0}), 1)
    for effort in EFFORTS:
        funnel = Funnel(plan, nodes_of(plan, effort), no_market)
        mean, error = funnel.nodes.mean(of(funnel, sigma))
        if error <= ACCURATE * mean:
            return float(mean) / plan.calendar.quarters
    raise NotCoveredError(
        f"skills differ too widely to know a mean to {ACCURATE:.0e} of itself: lower rep_cv"
    )


def _without_delays(plan: Scenario) -> Scenario:
    """Return the plan with deals at once, where that changes no mean over the horizon."""
    calendar = plan.calendar
    whole = calendar.quarters % SEASONS == 0 or len(set(plan.market.season)) == 1
    if calendar.start != "steady" or plan.policy.start_week is not None or not whole:
        return plan
    stages = tuple(stage.model_copy(update={"days": 0.0}) for stage in plan.stages)
    return plan.model_copy(update={"stages": stages})


def _without_spreads(plan: Scenario, indifferent: set[str]) -> Scenario:
    """Return the plan without the spreads that change no mean.

    A skill that multiplies the mean and is independent of the others enters by its own mean, 1.
    Activity multiplies it where neither floor nor cap nor elasticity bend it, and then it is cheap
    to keep; the first conversion where min(1, p) cannot bind; the others always.
    """
    spreads = {"activity": plan.activity.rep_cv, "size": plan.deal_size.rep_cv}
    spreads |= {stage.name: stage.rep_cv for stage in plan.stages}
    linked = {
        name
        for name, cv in spreads.items()
        if cv and plan.loading(name) and name not in indifferent
    }
    kept = linked if len(linked) > 1 else set()
    market = plan.market
    if plan.activity.elasticity < 1 or market.cv or max(market.season) > 1:
        kept |= {plan.stages[0].name} - indifferent
    stages = tuple(
        stage if stage.name in kept else stage.model_copy(update={"rep_cv": 0.0})
        for stage in plan.stages
    )
    size = plan.deal_size
    if "size" not in kept:
        size = size.model_copy(update={"rep_cv": 0.0})
    return plan.model_copy(update={"stages": stages, "deal_size": size})


def _deals(funnel: Funnel, market_sigma: float) -> Floats:
    """Return mean deals that close in the horizon, (node,)."""
    plan, nodes = funnel.plan, funnel.nodes
    count = funnel.reached(-1, 0, plan.calendar.quarters * plan.calendar.weeks_per_quarter)
    mean = np.zeros(nodes.activity.size)
    for _, groups in count.blocks:
        for group in groups:
            entries = _weekly_entries(group.weeks, nodes, group.factor, market_sigma)
            mean += entries * count.rest * (group.shares @ group.repeats)
    return mean


def _sized_deals(funnel: Funnel, market_sigma: float) -> Floats:
    """Return mean deals, each counted by the rep's multiplier of deal sizes, (node,)."""
    return _deals(funnel, market_sigma) * funnel.nodes.size


def _activities(funnel: Funnel, market_sigma: float) -> Floats:
    """Return mean activities in the horizon, (node,); the market does not enter."""
    calendar = funnel.plan.calendar
    return funnel.mean_activities(0, calendar.quarters * calendar.weeks_per_quarter)


def _weekly_entries(weeks: Weeks, nodes: Nodes, season: float, market_sigma: float) -> Floats:
    """Return mean entries of a week, (node,)."""
    entry = nodes.conversions[:, 0] * season
    if weeks.is_linear:
        return weeks.moments(nodes.activity)[0] * _mean_probability(entry, market_sigma)
    skills, which = np.unique(nodes.activity, return_inverse=True)
    law = weeks.activities(skills)
    n = np.arange(1, law.shape[1])
    law = law[:, 1:] * n
    effort = (n / weeks.reference) ** (weeks.elasticity - 1)
    # Fewer activities convert better: min(1, p) binds at the fewest, if at all.
    highest = np.maximum(entry.max() * effort, 1e-300)
    if market_sigma:
        safe = -np.log(highest) / market_sigma - market_sigma / 2 > SAFE
    else:
        safe = highest <= 1
    few = int(np.argmax(safe)) if safe.any() else n.size
    mean = (law[:, few:] @ effort[few:])[which] * entry
    rows = max(1, CELLS // max(few, 1))
    for start in range(0, entry.size if few else 0, rows):
        part = slice(start, start + rows)
        p = _mean_probability(np.multiply.outer(entry[part], effort[:few]), market_sigma)
        mean[part] += np.einsum("kn,kn->k", law[which[part], :few], p)
    return np.asarray(mean)


def _mean_probability(entry: Floats, market_sigma: float) -> Floats:
    """Return E min(1, entry * M) over the market M, lognormal with mean 1.

    With x = ln(1 / entry) / s + s / 2 it is entry Phi(x - s) + Phi(-x).
    """
    if not market_sigma:
        return np.minimum(entry, 1.0)
    with np.errstate(divide="ignore"):
        x = -np.log(entry) / market_sigma + market_sigma / 2
    return np.asarray(entry * special.ndtr(x - market_sigma) + special.ndtr(-x))
