"""Means of a plan without noise, and the level of activity at which a mean is what it should be.

To compare plans at equal means, the means have to be known better than by counting. A mean is the
expectation given skill, in closed form, averaged over skill by quadrature. It asks less than a
distribution does: the market, whatever skill multiplies a mean independently, and what is uncertain
and enters a mean in a straight line drop out. All is said of one seat that is filled on day 0.
Derived in docs/background/luck.md, "Means and levels".
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from funnelsim.analysis.same_mean import (
    ACTIVITIES,
    BOOKINGS,
    DEALS,
    of_same_mean,
    with_level_stated,
)
from funnelsim.errors import NotCoveredError
from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.scenario.model import Scenario
from funnelsim.twin.counts import Group
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.market import market_nodes
from funnelsim.twin.roots import crossing
from funnelsim.twin.skill import Nodes, nodes_of
from funnelsim.twin.ways import Way

Floats = npt.NDArray[np.float64]

ACCURATE = 1e-6  # relative error of a mean beyond which it is refused
CLOSE = 1e-10  # relative distance of a mean from its goal at which the level is found
FEWEST_A_WEEK = 1e-6  # activities, below which no level is looked for
SAFE = 6.5  # standard deviations of a market that no market is beyond, to 1e-10
CELLS = 1 << 22  # of a table of kinds of reps by activities, at a time
EFFORTS = (0, 1)  # of the quadrature, the second where the first is not accurate enough


def mean_deals(plan: Scenario) -> float:
    """Return mean deals won through the funnel a quarter, the mean over the horizon.

    Raises
    ------
    NotCoveredError
        Where correlated skill and uncertainty have more than three dimensions, delays are
        uncertain, the quadrature is not accurate to 1e-6 of the mean, reps leave, or the plan is
        one of several segments.

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
    return _mean(plan, _deals, DEALS)


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
    return _mean(plan, _activities, ACTIVITIES)


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
    deals = _mean(plan, _sized_deals, BOOKINGS)
    return _unit(plan) * deals + mean_windfall_bookings(plan)


def mean_windfall_bookings(plan: Scenario) -> float:
    """Return mean bookings a quarter by windfalls, of a seat that is filled all the time.

    Returns
    -------
    float, currency

    Examples
    --------
    >>> import funnelsim as fs
    >>> mean_windfall_bookings(fs.preset("sales_math").variant("windfalls"))
    12500.0
    """
    windfall = plan.windfall
    if windfall is None:
        return 0.0
    mean = windfall.per_quarter * windfall.law_mean
    both = [plan.uncertainty.get(f"windfall.{key}") for key in ("per_quarter", "mean")]
    rate, size = both
    if rate is None or size is None or rate.luck != size.luck:
        return mean
    # two lognormal multipliers of one normal
    return mean * math.exp(_sigma(rate.cv) * _sigma(size.cv))


def at_activity(plan: Scenario, per_week: float) -> Scenario:
    """Return the plan with so many activities a week.

    Nothing else moves, least of all ``activity.reference_per_week``. The hours of ``[effort]``,
    from which a level is solved, are set aside: it is stated instead.

    Examples
    --------
    >>> import funnelsim as fs
    >>> at_activity(fs.preset("sales_math"), 50.0).activities_per_week
    50.0
    """
    return with_level_stated(plan).replace({"activity.per_week": per_week})


def at_level(plan: Scenario, of: Callable[[Scenario], float], goal: float) -> Scenario:
    """Return the plan with its activity scaled so that a mean of it is as stated.

    Nothing else moves, as in :func:`at_activity`: below an elasticity of 1, more activity is less
    productive. A plan that is at its goal already is returned as it is.

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

    def excess_of(scaled: Scenario) -> float:
        excess = of(scaled) - goal
        return 0.0 if abs(excess) <= CLOSE * abs(goal) else excess

    def excess_at(level: float) -> float:
        return excess_of(at_activity(plan, level))

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
            others = "a floor, sources or windfalls" if plan.sources else "a floor or windfalls"
            raise NotCoveredError(
                f"a mean of {goal:,.6g} is exceeded even without activity: {others} suffice"
            )
        low, high = max(low / 2, FEWEST_A_WEEK), low
    return at_activity(plan, crossing(excess_at, low, high, within=1e-12 * high))


def _mean(plan: Scenario, of: Callable[[Funnel, float], Floats], tables: frozenset[str]) -> float:
    """Return the mean over reps and worlds of what a seat does in the horizon, a quarter.

    Skill and uncertainty of other tables do not enter.
    """
    _check(plan)
    plan = of_same_mean(plan, tables)
    no_market = market_nodes(plan.market.model_copy(update={"cv": 0.0}), 1)
    for effort in EFFORTS:
        funnel = Funnel(plan, nodes_of(plan, effort), no_market)
        mean, error = funnel.nodes.mean(of(funnel, _sigma(plan.market.cv)))
        if error <= ACCURATE * mean:
            return float(mean) / plan.calendar.quarters
    raise NotCoveredError(
        f"skills differ, or parameters are uncertain, too widely to know a mean to {ACCURATE:.0e} "
        "of itself: lower rep_cv, or the cv of what is uncertain"
    )


def _check(plan: Scenario) -> None:
    """Raise NotCoveredError where one seat of day 0 does not stand for the plan."""
    if plan.segments:
        raise NotCoveredError("segments have means of their own: take each of plan.team")
    if plan.attrition is not None and plan.attrition.per_year:
        raise NotCoveredError("attrition: when reps leave and seats are filled is not integrated")


def _deals(funnel: Funnel, market_sigma: float) -> Floats:
    """Return mean deals that close in the horizon, (node,)."""
    last = len(funnel.plan.stages) - 1
    counted = [_counted(funnel, way, way.reaching(last), market_sigma) for way in funnel.ways]
    return np.asarray(sum(counted))


def _sized_deals(funnel: Funnel, market_sigma: float) -> Floats:
    """Return mean deals, each counted by its size in mean sizes of the plan's deals, (node,)."""
    plan, last = funnel.plan, len(funnel.plan.stages) - 1
    amounts = []
    for way in funnel.ways:
        rest = sum(size * reaching for size, reaching in way.sizes_at(last).items())
        law, whale = way.deal_size, way.deal_size.whale
        more = 1 + way.whales * (whale.multiple - 1) if whale is not None else 1.0
        size = law.law_mean * more / _unit(plan)
        amounts.append(_counted(funnel, way, np.asarray(rest), market_sigma) * way.size * size)
    return np.asarray(sum(amounts))


def _activities(funnel: Funnel, market_sigma: float) -> Floats:
    """Return mean activities in the horizon, (node,); the market does not enter."""
    calendar = funnel.plan.calendar
    return funnel.mean_activities(0, calendar.quarters * calendar.weeks_per_quarter)


def _unit(plan: Scenario) -> float:
    """Return the mean size of deals by the rep's own activity, currency."""
    return plan.deal_size_of(None).mean_of_all


def _counted(funnel: Funnel, way: Way, rest: Floats, market_sigma: float) -> Floats:
    """Return the mean of what closes in the horizon and has entered by one way, (node,).

    ``rest`` is what an entry comes to, if time allows.
    """
    calendar = funnel.plan.calendar
    count = funnel.reached(-1, 0, calendar.quarters * calendar.weeks_per_quarter)
    place = funnel.ways.index(way)
    mean = np.zeros(funnel.nodes.count)
    for groups in count.parts[place].blocks.values():
        for group in groups:
            if place:  # an inflow: the mean of the market is 1, and nothing is certain to enter
                mean += count.parts[place].entries.moments((group,), rest)[0]
            else:
                entries = _weekly_entries(group, funnel.nodes, market_sigma)
                mean += entries * rest * (group.shares @ group.repeats)
    return mean


def _weekly_entries(group: Group, nodes: Nodes, market_sigma: float) -> Floats:
    """Return mean entries of a week by the rep's own activity, (node,)."""
    weeks = group.weeks
    entry = nodes.conversions[:, 0] * group.factor
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


def _sigma(cv: float) -> float:
    """Return the standard deviation of the logarithm of a lognormal law."""
    return math.sqrt(math.log1p(cv**2))
