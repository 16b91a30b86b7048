"""What a quota takes: on paper, and with a stated probability. Exact, so without noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.twin.roots import crossing

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

PATH = "activity.per_quarter"
MOST_A_QUARTER = 250_000.0  # as a scenario may state, if it is not more than MOST_A_WEEK a week
FEWEST_ACTIVITIES = 1e-3


def sales_math(plan: Scenario) -> dict[str, int]:
    """Work the first quarter's quota back through the funnel, rounding every step.

    The arithmetic that planners do on paper: quota / mean deal gives deals, each divided by its
    conversion gives the step before it. Windfalls are left out: nobody plans with them.

    Returns
    -------
    dict
        Counts by name of the stage, from the last to the first, then ``"activities"``.

    Raises
    ------
    ArgumentError
        Where a conversion is 0.

    Examples
    --------
    >>> import funnelsim as fs
    >>> sales_math(fs.preset("sales_math"))
    {'won': 3, 'demo': 9, 'discovery': 15, 'activities': 750}
    """
    needed = max(round(plan.quotas[0] / plan.deal_size.mean_of_all), 1)
    counts = {}
    for stage in reversed(plan.stages):
        counts[stage.name] = needed
        if stage.conversion == 0:
            raise ArgumentError(f"stages.{stage.name}.conversion = 0: no activity is enough.")
        needed = round(needed / stage.conversion)
    return counts | {"activities": needed}


def activities_for(plan: Scenario, probability: float) -> float:
    """Return the activities a quarter at which quota is made with a probability.

    Parameters
    ----------
    plan : Scenario
        Covered by the exact twin.
    probability : float
        P(bookings >= quota), the mean over the quarters of the horizon; above 0 and below 1.

    Returns
    -------
    float
        Mean activities a quarter, to 1e-6 of itself; rounded up, they are enough.

    Raises
    ------
    NotCoveredError
        Where the exact twin does not cover the plan.
    ArgumentError
        Where no level that a scenario may state gives this probability: the quota is out of reach,
        or a cap, a floor or windfalls decide.

    Examples
    --------
    >>> import funnelsim as fs
    >>> round(activities_for(fs.preset("sales_math").variant("fixed sizes"), 0.80), 1)
    1069.8
    """
    if not 0 < probability < 1:
        raise ArgumentError(f"probability = {probability}: must be above 0 and below 1.")
    attained = cache(attainment(plan))

    def excess(activities: float) -> float:
        return attained(activities) - probability

    weeks = plan.calendar.weeks_per_quarter
    most = min(MOST_A_QUARTER, MOST_A_WEEK * weeks)
    low = high = min(plan.activities_per_week * weeks, most)
    while excess(high) < 0:
        if high == most:
            raise ArgumentError(
                f"probability = {probability}: out of reach even with {most:,.0f} activities a "
                "quarter, the most that a scenario may state. A cap, or the quota itself, stands "
                "in the way."
            )
        low, high = high, min(2 * high, most)
    while excess(low) >= 0:
        high, low = low, low / 2
        if low < FEWEST_ACTIVITIES:
            raise ArgumentError(
                f"probability = {probability}: reached without any activity. A floor or windfalls "
                "suffice."
            )
    return crossing(excess, low, high, within=1e-6 * high)


def attainment(plan: Scenario) -> Callable[[float], float]:
    """Return the exact P(attain), the mean over the quarters, as a function of activities.

    Where only this is asked, and at many levels, it takes a fraction of the time of
    :func:`funnelsim.exact`: what a number of deals brings does not depend on the level.

    Examples
    --------
    >>> import funnelsim as fs
    >>> round(attainment(fs.preset("sales_math"))(750), 4)
    0.451
    """
    from funnelsim.twin.bookings import bookings_of
    from funnelsim.twin.exact import PROMISED, STATES
    from funnelsim.twin.funnel import Funnel
    from funnelsim.twin.market import market_nodes
    from funnelsim.twin.period import Period, PeriodAnswers
    from funnelsim.twin.skill import nodes_of

    nodes, weeks = nodes_of(plan), plan.calendar.weeks_per_quarter
    bookings = bookings_of(plan, nodes.size)
    market = market_nodes(plan.market, STATES[-1])

    def attained(activities: float) -> float:
        funnel = Funnel(plan.replace({PATH: activities}), nodes, market)
        known: dict[object, float] = {}
        total = 0.0
        for index, quota in enumerate(plan.quotas):
            period = Period(index * weeks, (index + 1) * weeks, quota, 1)
            alike = quota, funnel.signature(period.start, period.stop)
            if alike not in known:
                ask = PeriodAnswers(funnel, bookings, period).questions()["attainment_probability"]
                value, error = ask()
                if not error <= PROMISED:
                    raise NotCoveredError(f"P(attain) would be wrong by up to {error:.0e}.")
                known[alike] = float(value)
            total += known[alike]
        return total / len(plan.quotas)

    return attained


def attainment_by_activity(plan: Scenario, activities: Iterable[float]) -> xr.Dataset:
    """Return the exact P(attain) at several levels of activity.

    Returns
    -------
    xarray.Dataset
        ``attainment_probability`` by ``activities``, a quarter; the mean over the quarters.

    Examples
    --------
    >>> import funnelsim as fs
    >>> curve = attainment_by_activity(fs.preset("sales_math"), [750])
    >>> float(curve["attainment_probability"][0].round(4))
    0.451
    """
    import xarray as xr

    levels = list(activities)
    attained = attainment(plan)
    return xr.Dataset(
        {"attainment_probability": ("activities", [attained(each) for each in levels])},
        coords={"activities": levels},
        attrs={"title": plan.name, "currency": plan.currency, "method": "exact"},
    )
