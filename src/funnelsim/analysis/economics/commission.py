"""Commission: a piecewise linear function of attainment, by quarter or over the year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.tally import QUARTERS_PER_YEAR
from funnelsim.scenario.model import Pay

Floats = npt.NDArray[np.float64]


def commission(pay: Pay, bookings: Floats, quotas: Floats) -> Floats:
    """Return what each seat earns in commission in each quarter, currency.

    Parameters
    ----------
    pay : Pay
    bookings : (..., quarter) float
        In the unit of the quotas: currency, or wins.
    quotas : (..., quarter) float
        0 in quarters in which there is no such seat yet.

    Notes
    -----
    By quarter it is ote * variable / 4 * f(bookings / quota), f of :func:`paid_at`. By year it is
    what the year's commission grows by in the quarter: year to date bookings against the quotas of
    the quarters of the year in which there is such a seat.

    Examples
    --------
    >>> pay = Pay(ote=160_000)
    >>> commission(pay, np.array([125_000.0, 250_000.0, 500_000.0]), np.full(3, 250_000.0))
    array([10000., 20000., 50000.])
    """
    part = pay.ote * pay.variable / QUARTERS_PER_YEAR
    if pay.period == "quarter":
        return part * paid_at(pay, _over(bookings, quotas))
    earned = np.zeros(np.broadcast_shapes(bookings.shape, quotas.shape))
    for first in range(0, bookings.shape[-1], QUARTERS_PER_YEAR):
        year = slice(first, first + QUARTERS_PER_YEAR)
        whole = quotas[..., year].sum(axis=-1, keepdims=True)
        quarters = np.count_nonzero(quotas[..., year], axis=-1, keepdims=True)
        so_far = np.cumsum(bookings[..., year], axis=-1)
        total = part * quarters * paid_at(pay, _over(so_far, whole))
        earned[..., year] = np.diff(total, axis=-1, prepend=0.0)
    return earned


def paid_at(pay: Pay, attainment: Floats) -> Floats:
    """Return the share of the variable pay that an attainment earns: 1 at quota.

    Examples
    --------
    >>> tiers = [{"above": 0, "rate": 0.5}, {"above": 0.5, "rate": 1}, {"above": 2, "rate": 0}]
    >>> paid_at(Pay(ote=1, tiers=tiers), np.array([0.25, 0.5, 1.0, 2.0, 9.0])) * 3
    array([0.5, 1. , 3. , 7. , 7. ])
    """
    return _raw(pay, attainment) / _raw(pay, np.ones(()))


def _raw(pay: Pay, attainment: Floats) -> Floats:
    paid, before = np.zeros_like(attainment), 0.0
    for tier in pay.tiers:
        paid = paid + (tier.rate - before) * np.maximum(attainment - tier.above, 0.0)
        before = tier.rate
    return paid


def _over(bookings: Floats, quotas: Floats) -> Floats:
    """Return attainment; 0 where there is no quota yet."""
    there = quotas > 0
    return np.asarray(np.where(there, bookings / np.where(there, quotas, 1.0), 0.0))
