"""The account of a segment: what its seats book, and what they cost, draw by draw.

What follows is money of a quarter. A quarter is a fourth of a year, whatever its weeks.

- base pay (1 - variable) * ote / 4 and overhead / 4, as long as the seat is filled;
- commission: :mod:`funnelsim.analysis.economics.commission`, also on what comes to a seat that is
  empty; quotas as the plan states them, with the ramp where ``quota.ramped``;
- on-costs on both;
- hiring: ``hiring_cost`` in the quarter in which a seat of ``hiring`` is filled first. Replacing
  leavers is spread over the weeks worked: each brings p * hiring_cost, p the probability of
  leaving after it, which comes to the same in the mean;
- sources: ``entry_cost`` of the entries that a market of 1 brings, and SDRs by ``sdrs_per_rep``,
  who are paid whether the rep's seat is filled or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.economics.commission import commission
from funnelsim.analysis.economics.customers import earned, lifetime_margin, margin_by_lag
from funnelsim.analysis.tally import QUARTERS_PER_YEAR
from funnelsim.engine.blocks import Samples
from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.model import Pay, Scenario

Floats = npt.NDArray[np.float64]

ITEMS = ("base pay", "commission", "on-costs", "overhead", "hiring", "sources")
COMPANY = "company"  # all segments together
COMMISSION = ITEMS.index("commission")
WEEKS_PER_YEAR = 52  # of attrition: p = 1 - (1 - per_year) ** (1 / 52)


@dataclass(frozen=True)
class Account:
    """Money of some seats of a segment.

    Attributes
    ----------
    bookings : (draw, quarter) float, currency
        0 where the quota is one of wins: they are nobody's bookings.
    costs : (draw, quarter, item) float, currency
    earned : (draw, quarter) float, currency
        Gross margin of the quarter, from what was booked in it and before, since day 0.
    lifetime : (draw, quarter) float, currency
        Gross margin of the whole lifetime of what was booked in the quarter.
    """

    bookings: Floats
    costs: Floats
    earned: Floats
    lifetime: Floats

    @property
    def cost(self) -> Floats:
        """All costs, (draw, quarter)."""
        return np.asarray(self.costs.sum(axis=-1))

    def __add__(self, other: Account) -> Account:
        return Account(
            self.bookings + other.bookings,
            self.costs + other.costs,
            self.earned + other.earned,
            self.lifetime + other.lifetime,
        )


def account(segment: Scenario, samples: Samples, seats: slice = slice(None)) -> Account:
    """Return the account of some seats, those of day 0 before those hired, in a block of draws."""
    pay, w = pay_of(segment), segment.calendar.weeks_per_quarter
    booked = np.asarray(samples["bookings"][:, seats], dtype=np.float64)
    filled, productive = (share_of(samples, name)[:, seats] for name in ("filled", "productive"))
    there = presence(segment)[seats]
    commissions = commission(pay, booked, quotas_of(segment, samples, seats)).sum(axis=1)
    base = pay.ote * (1 - pay.variable) / QUARTERS_PER_YEAR * filled.sum(axis=1)
    overhead = pay.overhead / QUARTERS_PER_YEAR * filled.sum(axis=1)
    replaced = leaving_a_week(segment) * w * filled.sum(axis=1)
    hiring = pay.hiring_cost * (replaced + hires(segment)[seats].sum(axis=0))
    entries = np.broadcast_to(_entry_cost(segment) * w * productive, booked.shape).sum(axis=1)
    sources = entries + _sdr_cost(segment) * there.sum(axis=0)
    items = (base, commissions, pay.on_costs * (base + commissions), overhead, hiring, sources)
    shape = booked.shape[0], booked.shape[2]
    costs = np.stack([np.broadcast_to(item, shape) for item in items], axis=-1)
    money = booked.sum(axis=1) * (segment.quota.of == "bookings")
    return valued(segment, money, costs)


def valued(segment: Scenario, bookings: Floats, costs: Floats) -> Account:
    """Return the account of bookings, (draw, quarter), that cost so much."""
    by_lag = margin_by_lag(segment.economics, bookings.shape[1])
    factor = lifetime_margin(segment.economics)
    return Account(bookings, costs, earned(bookings, by_lag), factor * bookings)


def pay_of(segment: Scenario) -> Pay:
    """Return the pay of a segment.

    Raises
    ------
    ScenarioError
        Where it states none.
    """
    if segment.pay is None:
        remedy = "At least: [pay] ote = 165_000, on-target earnings a year."
        raise ScenarioError([Problem("pay", "", "must be stated to reckon in money", remedy)])
    return segment.pay


def quotas_of(segment: Scenario, samples: Samples, seats: slice) -> Floats:
    """Return the quota of each seat and quarter, (draw or 1, seat, quarter); 0 before it is there.

    With ``quota.ramped`` it grows with the ramp: quota * (productive + 1 - filled).
    """
    quotas = np.array(segment.quotas) * (presence(segment)[seats] > 0)
    if not segment.quota.ramped:
        return quotas[None]
    filled, productive = (share_of(samples, name)[:, seats] for name in ("filled", "productive"))
    return np.asarray(quotas * (productive + 1 - filled))


def share_of(samples: Samples, name: str) -> Floats:
    """Return "filled" or "productive", (draw, seat, quarter): 1 where nobody comes or goes."""
    if name in samples:
        return np.asarray(samples[name], dtype=np.float64)
    return np.ones(samples["bookings"].shape)


def presence(segment: Scenario) -> Floats:
    """Return the share of each quarter since a seat is filled first, (seat, quarter)."""
    w = segment.calendar.weeks_per_quarter
    begins = np.array([0 if week is None else week for week in segment.hire_weeks], dtype=float)
    quarters = np.arange(segment.calendar.quarters)
    return np.asarray(np.clip(quarters + 1 - begins[:, None] / w, 0.0, 1.0))


def hires(segment: Scenario) -> Floats:
    """Return whether a seat is filled first in the quarter, (seat, quarter): not on day 0."""
    w, quarters = segment.calendar.weeks_per_quarter, segment.calendar.quarters
    found = np.zeros((segment.seats, quarters))
    for seat, week in enumerate(segment.hire_weeks):
        if week is not None and 0 <= week < w * quarters:
            found[seat, week // w] = 1.0
    return found


def leaving_a_week(segment: Scenario) -> float:
    """Return the probability of leaving after a week."""
    per_year = 0.0 if segment.attrition is None else segment.attrition.per_year
    return float(1 - (1 - per_year) ** (1 / WEEKS_PER_YEAR))


def _entry_cost(segment: Scenario) -> float:
    """Return what the sources of a productive seat cost a week."""
    costs = segment.economics.entry_cost
    return sum(costs.get(each.name, 0.0) * each.rate_per_week for each in segment.sources)


def _sdr_cost(segment: Scenario) -> float:
    """Return what the SDRs of a seat cost a quarter."""
    sdr = segment.economics.sdr
    if sdr is None:
        return 0.0
    sdrs = sum(source.sdrs_per_rep or 0.0 for source in segment.sources)
    return sdr.per_year / QUARTERS_PER_YEAR * sdrs
