"""How much pipeline is enough: the coverage that a certainty takes, beside the folklore of 3 x."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import stats

from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import checked_number
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.tally import REACHES
from funnelsim.engine.simulate import provenance
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.bookings import Bookings

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]

WIN_RATES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
DEALS = (1, 2, 3, 5, 10, 20, 30, 50)
CERTAINTIES = (0.5, 0.8, 0.9)
FOLKLORE = 3.0  # times the quota
MOST_DEALS = 1_000  # mean deals in a quota
MOST_OPPORTUNITIES = 1 << 26
ACCURATE = 1e-6  # of a probability
CLOSE = 1e-10  # chances are known no better


def coverage(
    plan: Scenario,
    *,
    certainty: Sequence[float] = CERTAINTIES,
    win_rate: Sequence[float] = WIN_RATES,
    deals: Sequence[float] = DEALS,
) -> xr.Dataset:
    """Return the pipeline coverage that it takes to make a quota with a certainty.

    Given are N open opportunities with sizes of the plan's law, whales included, each of which
    closes in time with probability ``win_rate``, independently. The quota is ``deals`` mean deals.
    Coverage is the mean value of the fewest opportunities that are enough over the quota.

    Parameters
    ----------
    plan : Scenario
        Its sizes matter, and for its own case the last stage's conversion and the first quarter's
        quota. Windfalls and what is still to enter the pipeline are left out, skill too: this is
        about a rep of average skill.
    certainty, win_rate : sequence of float
        Each above 0 and below 1.
    deals : sequence of float
        Quota over mean deal, whales included; each above 0, at most 1,000.

    Returns
    -------
    xarray.Dataset
        ``opportunities_needed`` and ``coverage_needed`` by (win_rate, deals, certainty);
        ``three_times_probability`` by (win_rate, deals): the certainty of a pipeline of three times
        the quota, rounded up to whole opportunities. The same for the plan itself under ``own_...``
        with its ``own_win_rate`` and ``own_deals`` in the attributes. Exact.

    Raises
    ------
    ArgumentError
        Where an argument is out of range.
    NotCoveredError
        Where the twin cannot add up sizes of this law.

    Notes
    -----
    P(sum of the won >= quota) = sum over n of P(Binomial(N, win rate) = n) P(n sizes >= quota).
    Derived in docs/background/planning.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").variant("fixed sizes")
    >>> told = coverage(plan, win_rate=[0.2], deals=[3], certainty=[0.5, 0.9])
    >>> told.opportunities_needed.values.ravel().tolist()
    [14, 25]
    >>> told.coverage_needed.values.ravel().round(2).tolist()
    [4.67, 8.33]
    """
    check_one_seat(plan)
    wanted = _listed("certainty", certainty, 1)
    rates = _listed("win_rate", win_rate, 1)
    sizes = _listed("deals", deals, math.nextafter(MOST_DEALS, math.inf))
    bookings = Bookings(plan.deal_size, None, np.ones(1))
    mean = plan.deal_size.mean_of_all
    worst = 0.0

    def table(rates: Sequence[float], quotas: Sequence[float]) -> tuple[Floats, Floats]:
        nonlocal worst
        needed = np.empty((len(rates), len(quotas), len(wanted)))
        thrice = np.empty((len(rates), len(quotas)))
        for column, quota in enumerate(quotas):
            below, error = _below(bookings, quota * REACHES)
            worst = max(worst, error)
            for row, rate in enumerate(rates):
                needed[row, column] = [_fewest(rate, below, each) for each in wanted]
                three_times = math.ceil(FOLKLORE * quota / mean - 1e-9)
                thrice[row, column] = 1 - _missed(three_times, rate, below)
        return needed, thrice

    needed, thrice = table(rates, [each * mean for each in sizes])
    numbers = {
        "opportunities_needed": needed.astype(np.int64),
        "coverage_needed": needed / np.array(sizes)[:, None],
        "three_times_probability": (thrice, np.full_like(thrice, worst)),
    }
    own_rate, own_deals = plan.stages[-1].conversion, plan.quotas[0] / mean
    refused = {}
    if 0 < own_rate < 1 and own_deals <= MOST_DEALS:
        own, own_thrice = table([own_rate], [plan.quotas[0]])
        numbers |= {
            "own_opportunities_needed": own[0, 0].astype(np.int64),
            "own_coverage_needed": own[0, 0] / own_deals,
            "own_three_times_probability": (own_thrice[0, 0], worst),
        }
    else:
        refused["own_coverage_needed"] = (
            f"the last conversion, {own_rate:g}, is no chance, or the quota is more than "
            f"{MOST_DEALS:,} mean deals"
        )
    about = dict(provenance(plan)) | {"method": "exact", "rule": "3x the quota"}
    return labelled(
        plan,
        numbers,
        {"win_rate": rates, "deals": sizes, "certainty": wanted},
        about | {"own_win_rate": own_rate, "own_deals": own_deals},
        refused,
    )


def _listed(name: str, values: Sequence[float], high: float) -> list[float]:
    """Return the values of an argument, rising, each once."""
    if isinstance(values, int | float):
        values = [values]
    found = [checked_number(name, each, 0, high) for each in values]
    if not found or len(set(found)) < len(found):
        raise ArgumentError(f"{name} = {values!r}: must name one or more, each once.")
    return sorted(found)


def _below(bookings: Bookings, quota: float) -> tuple[Floats, float]:
    """Return P(n sizes < quota) for n = 0, 1, ... up to where it vanishes, and its error."""
    values, errors = bookings.below(quota, bookings.most_deals(quota, 0), 0)
    error = float(errors.max())
    if not error <= ACCURATE:
        raise NotCoveredError(f"sums of deals would be wrong by up to {error:.0e}")
    return values[0], error


def _missed(opportunities: int, rate: float, below: Floats) -> float:
    """Return P(the sizes of those won < quota)."""
    won = stats.binom.pmf(np.arange(below.size), opportunities, rate)
    return float(won @ below)


def _fewest(rate: float, below: Floats, certainty: float) -> int:
    """Return the fewest opportunities that are enough."""
    short, enough = 0, 1
    wanted = certainty - CLOSE
    while 1 - _missed(enough, rate, below) < wanted:
        short, enough = enough, 2 * enough
        if enough > MOST_OPPORTUNITIES:
            raise NotCoveredError(f"win_rate = {rate:g}: takes more opportunities than anybody has")
    while enough - short > 1:
        middle = (short + enough) // 2
        if 1 - _missed(middle, rate, below) < wanted:
            short = middle
        else:
            enough = middle
    return enough
