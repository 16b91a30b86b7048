"""The ends of a team sorted by bookings: what they show, and how that varies from team to team."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.luck.part import Answers, Events, reaches
from funnelsim.analysis.tally import proportion
from funnelsim.engine.blocks import Samples

Floats = npt.NDArray[np.float64]
Estimates = tuple[Floats, Floats]  # values and standard errors

MEASURES = ("close_rate", "deal_size", "attainment")
THIRDS = ("top", "bottom")
GAPS = ("difference", "ratio")
PROBABILITIES = (0.05, 0.5, 0.95)
SAME = 1e-9  # relative: what differs by less differs by rounding only


def thirds(
    samples: Samples,
    quotas: Floats,
    size: float,
    measures: Sequence[str],
    worked: Sequence[int],
) -> Floats:
    """Return what the top and the bottom third of each team show, sorted by bookings so far.

    Parameters
    ----------
    samples : dict
        Of teams, arrays (draw, rep, quarter, ...).
    quotas : (quarter,) float, currency
    size : float
        Of a deal, about, in the currency.
    measures : sequence of str
        Of ``MEASURES``.
    worked : sequence of int
        Numbers of quarters, each counted from the first.

    Returns
    -------
    (third, measure, worked, draw) float
        NaN where there is nothing to divide by.
    """
    amounts = np.asarray(samples["bookings"], dtype=np.float64)
    last = np.array(worked) - 1

    def so_far(quarterly: npt.NDArray[np.generic]) -> Floats:
        """Add up quarters: (draw, rep, quarter) -> (draw, rep, worked)."""
        return np.asarray(np.cumsum(quarterly, axis=2, dtype=np.float64)[..., last])

    def fraction(measure: str) -> tuple[Floats, Floats]:
        won = so_far(samples["reached"][..., -1])
        if measure == "close_rate":
            return won, so_far(samples["reached"][..., -2])
        if measure == "deal_size":
            return so_far(amounts), won + so_far(samples["windfalls"])
        return so_far(reaches(amounts, quotas)), so_far(np.ones_like(amounts))

    # Equal deals add up to equal bookings in whatever order: rounding must not sort by that order.
    # Of equals the higher number stands higher, which is fair, as numbers say nothing about reps.
    totals = np.rint(so_far(amounts) / (SAME * size))
    order = np.argsort(totals, axis=1, kind="stable")
    third = order.shape[1] // 3
    ends = order[:, -third:], order[:, :third]
    found = np.empty((len(THIRDS), len(measures), len(worked), len(amounts)))
    for column, measure in enumerate(measures):
        above, below = fraction(measure)
        for row, who in enumerate(ends):
            total = np.take_along_axis(below, who, axis=1).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.take_along_axis(above, who, axis=1).sum(axis=1) / total
            found[row, column] = np.where(total > 0, share, np.nan).T
    return found


def with_gaps(ends: Floats) -> Floats:
    """Return thirds and the gaps between them: (third, ...) -> (top, bottom, difference, ratio)."""
    top, bottom = ends
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(np.abs(top - bottom) <= SAME * top, 0.0, top - bottom)
        return np.stack([top, bottom, difference, top / bottom])


def distribution(values: Floats) -> Answers:
    """Return mean, sd, quantiles and what was left out of them, over the last axis: teams.

    Moments are of what is finite. Infinities count in quantiles, what is undefined does not.
    """
    finite = np.isfinite(values)
    teams = finite.sum(axis=-1).astype(float)
    out = np.asarray(values.shape[-1] - teams)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(finite, values, 0.0).sum(axis=-1) / teams
        apart = np.where(finite, values - mean[..., None], 0.0)
        second = (apart**2).sum(axis=-1) / teams
        fourth = (apart**4).sum(axis=-1) / teams
        sd = np.sqrt(second * teams / np.maximum(teams - 1, 1))
        # Kendall & Stuart, The Advanced Theory of Statistics, vol. 1, 10.9
        error = np.sqrt(np.maximum(fourth - second**2, 0.0) / teams) / (2 * sd)
        moments: Answers = {
            "third_mean": (mean, sd / np.sqrt(teams)),
            "third_sd": (sd, np.where(sd == 0, 0.0, error)),
        }
    return moments | {
        "third_quantile": _quantiles(values),
        "third_left_out_probability": proportion(out, np.full_like(out, values.shape[-1])),
    }


def p_values(alike: Floats, observed: Floats) -> Estimates:
    """Return how often identical reps show at least what was observed.

    Parameters
    ----------
    alike : (gap, measure, worked, team) float
    observed : (gap, measure) float

    Returns
    -------
    value, error : (gap, measure, worked) float
        (successes + 1) / (teams + 1): the observed team is one of those that could have been drawn,
        so that a p-value is never 0 and below x in at most a share x of teams without skill
        (Davison & Hinkley, Bootstrap Methods and their Application, 4.2). NaN for nothing observed.
    """
    teams = _defined(alike)
    successes = (alike >= (observed * (1 - SAME))[..., None, None]).sum(axis=-1).astype(float)
    known = (teams > 0) & ~np.isnan(observed)[..., None]
    value = np.where(known, (successes + 1) / (teams + 1), np.nan)
    error = np.maximum(*(proportion(successes + more, teams)[1] for more in (0.0, 0.5)))
    return value, np.where(known, error, np.nan)


def power(alike: Floats, different: Floats) -> Estimates:
    """Return how often teams with skill show more than 19 of 20 teams of identical reps.

    Parameters
    ----------
    alike, different : (gap, measure, worked, team) float

    Returns
    -------
    value, error : (gap, measure, worked) float
        The error is that of the share and that of the limit, as if they were independent: shared
        luck makes it a little smaller.
    """
    limits, errors = (each[..., -1] for each in _quantiles(alike))
    teams = _defined(different)

    def beyond(limit: Floats) -> Floats:
        events: Events = different > (limit + SAME * np.abs(limit))[..., None]
        return np.asarray(events.sum(axis=-1), dtype=np.float64)

    successes = beyond(limits)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (beyond(limits - errors) - beyond(limits + errors)) / (2 * teams)
    # next to an infinite quantile nobody knows how far a finite one is off
    moved = np.where(np.isfinite(errors) | np.isinf(limits), moved, np.nan)
    value, error = proportion(successes, teams)
    return np.where(np.isnan(limits), np.nan, value), np.hypot(error, moved)


def _defined(values: Floats) -> Floats:
    return np.asarray((~np.isnan(values)).sum(axis=-1), dtype=np.float64)


def _quantiles(values: Floats) -> Estimates:
    """Return quantiles over the last axis, (..., probability): the smallest x with P(X <= x) >= p.

    The errors are those of :class:`funnelsim.analysis.quantiles.QuantileStream`.
    """
    ordered = np.sort(values, axis=-1)  # what is undefined comes last
    defined = _defined(values)

    def at(rank: Floats) -> Floats:
        place = np.clip(rank, 1, np.maximum(defined, 1)).astype(int) - 1
        return np.asarray(np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0])

    found, errors = [], []
    for probability in PROBABILITIES:
        rank = np.ceil(defined * probability - 1e-9)
        reach = 2 * np.sqrt(defined * probability * (1 - probability))
        with np.errstate(invalid="ignore"):  # between two infinities
            errors.append((at(np.ceil(rank + reach)) - at(np.floor(rank - reach))) / 4)
        found.append(at(rank))
    return np.stack(found, axis=-1), np.stack(errors, axis=-1)
