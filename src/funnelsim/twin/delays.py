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
    scale_of,
)
from funnelsim.twin.sizes import Amount, empirical, fixed, gamma, lognormal

ACCURATE = 1e-13
ROUNDING = 2e-13  # of a time left, relative to the line's limit; what leaks cancels between weeks
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


@lru_cache(maxsize=32)  # variants, sweeps and goal seeks mostly leave the delays as they are
def _reached_shares(delays: tuple[Delayed, ...], weeks: int) -> tuple[Floats, Floats]:
    moments = DAYS_PER_WEEK * np.arange(weeks + 1.0)
    shares = np.zeros((len(delays), weeks + 1))
    errors = np.zeros_like(shares)
    laws: list[Amount] = []
    for index, (mean, cv, delay) in enumerate(delays):
        if mean > 0:
            laws.append(_law(mean, cv, delay))
        if mean > 0 or index == 0:
            time_left, error = _time_left(laws, moments)
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


def _law(mean: float, cv: float, delay: Delay) -> Amount:
    """Return the law of a stage's delay, days; observed delays are scaled to the stated mean."""
    if delay.days is not None:
        days = np.array(delay.days, dtype=np.float64)
        return empirical(days * (mean / days.mean()))
    if not cv:
        return fixed(mean)
    law = gamma if delay.law == "gamma" else lognormal
    return law(mean, cv)


def _time_left(laws: list[Amount], moments: Floats) -> tuple[Floats, Floats]:
    """Return E max(moment - sum of delays, 0) at each moment and its error, days."""
    left = moments - sum(law.smallest for law in laws)
    out, errors, rounding = np.zeros((3, moments.size))
    observed = [law.atoms for law in laws if law.atoms is not None]
    if all(law.certain or law.atoms is not None for law in laws):
        values, shares = _all_paths(observed)
        if values.size <= MOST_PATHS:
            return _mean_positive_part(left, values, shares), errors
    transforms = [law.transform for law in laws if not law.certain]

    def transform(s: Complexes) -> Complexes:
        return reduce(np.multiply, (factor(s) for factor in transforms))

    mean = sum(law.mean for law in laws)
    positive, points = np.flatnonzero(left > 0), FEWEST
    while points <= MOST:
        scales = np.array([scale_of(left[i]) for i in positive])
        for scale in np.unique(scales):
            part, on = positive[scales == scale], line(int(scale), points)
            wave = np.exp(np.multiply.outer(left[part], on.s))
            weights = on.weights(2) * transform(on.s)
            fine, coarse = np.einsum("ts,rs->rt", wave, weights).real
            later = PERIODS * SCALE ** int(scale)  # the next period leaks in, nearly a line itself
            out[part] = fine - math.exp(-DAMPING) * (left[part] + later)
            errors[part] = np.abs(fine - coarse)
            rounding[part] = ROUNDING * SCALE ** int(scale) + math.exp(-DAMPING) * mean
        if errors.max(initial=0.0) <= ACCURATE * left[-1]:
            break
        points *= 2
    return out, errors + rounding


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
