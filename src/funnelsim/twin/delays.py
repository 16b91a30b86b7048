"""When opportunities get somewhere: the share that has reached a stage, by weeks since entry.

Derived in docs/background/exact.md, "Delays".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, reduce

import numpy as np

from funnelsim.scenario.model import DAYS_PER_WEEK, Delay, Stage
from funnelsim.twin.fourier import (
    DAMPING,
    FEWEST,
    MOST,
    PERIODS,
    SCALE,
    Complexes,
    Floats,
    line,
    scales_of,
)
from funnelsim.twin.sizes import Amount, empirical, fixed, gamma, lognormal

ACCURATE = 1e-13
ROUNDING = 2e-13  # of a time left, relative to the line's limit; what leaks cancels between weeks
APART = 16  # moments that are found from one
MOST_PATHS = 200_000  # combinations of empirical delays that are listed


def reached_shares(stages: Sequence[Stage], weeks: int) -> tuple[Floats, Floats]:
    """Return who has got where, were nobody lost: by stage and by weeks since entry.

    Parameters
    ----------
    stages : sequence of Stage
        From the one that is entered on.
    weeks : int
        The longest time looked at.

    Returns
    -------
    shares : (stage, weeks) float
        Share of the entries of a week that has reached the stage before the moment which is
        ``weeks`` after the beginning of the week of entry.
    errors : (stage, weeks) float
        Their numerical errors.
    """
    return _reached_shares(tuple(_delay_of(stage) for stage in stages), weeks)


Delayed = tuple[float, float, Delay]  # mean and cv of a stage's delay, and its law


def _delay_of(stage: Stage) -> Delayed:
    return stage.days, stage.days_cv, stage.delay


@lru_cache(maxsize=64)  # variants, sweeps and goal seeks mostly leave the delays as they are
def _reached_shares(delays: tuple[Delayed, ...], weeks: int) -> tuple[Floats, Floats]:
    shares = np.zeros((len(delays), weeks + 1))
    errors = np.zeros_like(shares)
    for index, (mean, _, _) in enumerate(delays):
        if mean > 0 or index == 0:
            so_far = tuple(each for each in delays[: index + 1] if each[0] > 0)
            time_left, error = _time_left(so_far, weeks)
            by_moment = np.diff(time_left) / DAYS_PER_WEEK  # entry moments are uniform in a week
            either = (error[1:] + error[:-1]) / DAYS_PER_WEEK
        shares[index, 1:] = np.clip(by_moment, 0.0, 1.0)
        errors[index, 1:] = either
    shares.flags.writeable = errors.flags.writeable = False
    return shares, errors


def in_window(shares: Floats, first_week: int, start: int, stop: int) -> Floats:
    """Return the share of each week's entries that gets there in weeks start to stop - 1.

    Parameters
    ----------
    shares : (weeks,) float
        Of one stage, from :func:`reached_shares`.
    first_week : int
        The earliest week of entry, 0 or negative.
    start, stop : int
        Weeks of the horizon, half open.

    Returns
    -------
    (week of entry,) float, from ``first_week`` to ``stop - 1``
    """
    weeks = np.arange(first_week, stop)
    return np.maximum(shares[stop - weeks] - shares[np.maximum(start - weeks, 0)], 0.0)


@lru_cache(maxsize=64)  # and what a law has found on its lines
def _law(mean: float, cv: float, delay: Delay) -> Amount:
    """Return the law of a stage's delay, days; observed delays are scaled to the stated mean."""
    if delay.days is not None:
        days = np.array(delay.days, dtype=np.float64)
        return empirical(days * (mean / days.mean()))
    if not cv:
        return fixed(mean)
    law = gamma if delay.law == "gamma" else lognormal
    return law(mean, cv)


def _time_left(delays: tuple[Delayed, ...], weeks: int) -> tuple[Floats, Floats]:
    """Return E max(moment - sum of delays, 0) by weeks since entry and its error, days."""
    laws = [_law(mean, cv, delay) for mean, cv, delay in delays]
    moments = DAYS_PER_WEEK * np.arange(weeks + 1.0)
    left = moments - sum(law.smallest for law in laws)
    out, errors, rounding = np.zeros((3, moments.size))
    observed = [law.atoms for law in laws if law.atoms is not None]
    if all(law.certain or law.atoms is not None for law in laws):
        values, shares = _all_paths(observed)
        if values.size <= MOST_PATHS:
            return _mean_positive_part(left, values, shares), errors
    uncertain = [law for law in laws if not law.certain]
    mean = sum(law.mean for law in laws)
    positive, points = np.flatnonzero(left > 0), FEWEST
    while points <= MOST:
        scales = scales_of(left[positive])
        for scale in np.unique(scales).tolist():
            part, on = positive[scales == scale], line(scale, points)
            transform = reduce(np.multiply, (law.on_line(scale, points) for law in uncertain))
            fine, coarse = _at_moments(on.weights(2) * transform, on.s, left[part])
            later = PERIODS * SCALE**scale  # the next period leaks in, nearly a line itself
            out[part] = fine - math.exp(-DAMPING) * (left[part] + later)
            errors[part] = np.abs(fine - coarse)
            rounding[part] = ROUNDING * SCALE**scale + math.exp(-DAMPING) * mean
        if errors.max(initial=0.0) <= ACCURATE * left[-1]:
            break
        points *= 2
    return out, errors + rounding


def _at_moments(weights: Complexes, s: Complexes, moments: Floats) -> Floats:
    """Return the real part of the sum over s of weights exp(s moment), (rule, moment).

    Moments are weeks apart: of ``APART`` at a time all but the first are found from it.
    """
    steps = DAYS_PER_WEEK * np.arange(min(APART, moments.size))
    first = np.exp(np.multiply.outer(moments[::APART], s))
    next_ones = np.exp(np.multiply.outer(steps, s))
    sums = np.einsum("ras,bs->rab", weights[:, None] * first, next_ones).real
    return np.asarray(sums.reshape(len(weights), -1)[:, : moments.size])


def _all_paths(observed: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return the law of a sum of discrete delays; stops growing when it has too many values."""
    values: Floats = np.zeros(1)
    shares: Floats = np.ones(1)
    for more, probabilities in observed:
        if values.size > MOST_PATHS:
            break
        joint = np.multiply.outer(shares, probabilities).ravel()
        values, places = np.unique(np.add.outer(values, more).ravel(), return_inverse=True)
        shares = np.bincount(places, joint).astype(np.float64)
    return values, shares


def _mean_positive_part(left: Floats, values: Floats, shares: Floats) -> Floats:
    """Return E max(left - X, 0) for a discrete X with sorted values."""
    below = np.searchsorted(values, left)
    mass = np.concatenate([[0.0], np.cumsum(shares)])[below]
    mean = np.concatenate([[0.0], np.cumsum(shares * values)])[below]
    return np.asarray(left * mass - mean)
