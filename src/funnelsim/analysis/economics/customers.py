"""What bookings are worth: gross margin month by month, as long as customers stay.

A deal of size S is revenue of S a year, billed by the month from its closing on. Of it a share of
net retention ** (1 / 12) is there a month later. The lifetime margin is a geometric series.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from funnelsim.scenario.model import Economics

Floats = npt.NDArray[np.float64]

MONTHS_PER_QUARTER, MONTHS_PER_YEAR = 3, 12


def lifetime_margin(economics: Economics) -> float:
    """Return the gross margin of a customer's lifetime for each unit of bookings, discounted.

    Notes
    -----
    margin / 12 * sum over months k = 0, 1, ... of (retention / (1 + discount)) ** (k / 12). Without
    expansion, discount and end this is margin * (revenue a month) / (monthly churn).

    Examples
    --------
    >>> plain = Economics(gross_margin=0.75, churn=0.5, expansion=0, discount=0, lifetime_years=50)
    >>> monthly_churn = 1 - 0.5 ** (1 / 12)
    >>> abs(lifetime_margin(plain) - 0.75 / 12 / monthly_churn) < 1e-12
    True
    """
    kept = (economics.net_retention / (1 + economics.discount)) ** (1 / MONTHS_PER_YEAR)
    return float(economics.gross_margin / MONTHS_PER_YEAR * _months(economics, kept).sum())


def margin_by_lag(economics: Economics, quarters: int) -> Floats:
    """Return the margin that bookings of 1 earn in their own quarter, the next, ..., (quarter,).

    Deals close in each of the three months of a quarter alike, and are billed from then on; nothing
    is discounted.

    Examples
    --------
    >>> even = Economics(gross_margin=1, churn=0, expansion=0)
    >>> margin_by_lag(even, 3) * 12
    array([2., 3., 3.])
    """
    paid = _months(economics, economics.net_retention ** (1 / MONTHS_PER_YEAR))
    months = np.zeros(quarters * MONTHS_PER_QUARTER)
    for closing in range(MONTHS_PER_QUARTER):
        within = paid[: max(months.size - closing, 0)]
        months[closing : closing + within.size] += within / MONTHS_PER_QUARTER
    by_quarter = months.reshape(quarters, MONTHS_PER_QUARTER).sum(axis=1)
    return np.asarray(economics.gross_margin / MONTHS_PER_YEAR * by_quarter)


def earned(bookings: Floats, by_lag: Floats) -> Floats:
    """Return the margin of each quarter from what was booked in it and before, (..., quarter)."""
    n = bookings.shape[-1]
    spread = np.array([[by_lag[q - b] if q >= b else 0.0 for q in range(n)] for b in range(n)])
    return np.asarray(bookings @ spread)


def _months(economics: Economics, kept: float) -> Floats:
    return np.asarray(kept ** np.arange(MONTHS_PER_YEAR * economics.lifetime_years, dtype=float))
