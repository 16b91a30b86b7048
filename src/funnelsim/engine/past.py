"""The past of a steady start: which opportunities begun before day 0 can still matter.

Thresholds that the delays of an opportunity have to exceed; derived in
docs/background/randomness.md.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from funnelsim.engine.laws import sigma_of
from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.model import DAYS_PER_WEEK, MAX_WEEKS, Delay, Stage
from funnelsim.scenario.past import past_days

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TILT = 0.75  # how a threshold grows with the mean delay; cuts the candidates of two stages by 20 %


def past_of(
    stages: tuple[Stage, ...], weeks: int, start: str, pipeline: bool, whole: bool
) -> Floats:
    """Return thresholds and reach of the past, (kind, slot, week), weeks in order of time.

    The stages are those from the one that a source enters; where the past is wanted ``whole``,
    every delay is long enough.

    Kinds are those of the kernels: threshold and reach of the delays of wins, and, among the
    opportunities these leave out, of those whose loss may still be ahead.
    """
    slots = slots_of(stages)
    delayed = [stage for stage, slot in zip(stages, slots, strict=True) if slot >= 0]
    won = [float(stage.days) for stage in delayed]
    longest = [
        max(float(stage.days), lost_days_of(stage) if stage is not stages[0] else 0.0)
        for stage in delayed
    ]
    open_weeks = weeks
    if pipeline and start == "steady":
        slowest = [
            stage.model_copy(update={"days": days})
            for stage, days in zip(delayed, longest, strict=True)
        ]
        open_weeks = max(weeks, math.ceil(past_days(slowest) / DAYS_PER_WEEK))
        if open_weeks > MAX_WEEKS:
            rule = f"losses stay open up to {open_weeks} weeks; the pipeline of at most {MAX_WEEKS}"
            remedy = "Lower lost_days, or leave the pipeline out."
            raise ScenarioError([Problem("stages", "", f"{rule} can be followed", remedy)])
    theta = _thresholds(delayed, won, open_weeks)
    if whole:
        theta[:] = 0.0
    theta[weeks:] = 1.0
    lower = np.minimum(theta, _thresholds(delayed, longest, open_weeks))
    lower = np.divide(lower, theta, out=np.zeros_like(theta), where=theta > 0)
    kinds = np.stack([theta, _reach(theta), lower, _reach(lower)])  # (kind, age, slot)
    return np.ascontiguousarray(kinds.transpose(0, 2, 1)[:, :, ::-1])


def slots_of(stages: tuple[Stage, ...]) -> Integers:
    """Return a number for each stage with a delay; the first has no losses to wait for."""
    slots, used = [], 0
    for index, stage in enumerate(stages):
        delayed = stage.days > 0 or (index > 0 and lost_days_of(stage) > 0)
        slots.append(used if delayed else -1)
        used += delayed
    return np.array(slots)


def lost_days_of(stage: Stage) -> float:
    """Return the mean days until a loss is known."""
    return float(stage.days if stage.lost_days is None else stage.lost_days)


def _thresholds(stages: list[Stage], means: list[float], weeks: int) -> Floats:
    """Return, by age, the uniforms below which no delay can bring an opportunity past day 0.

    If delays sum to more than an age, one of them exceeds its share of that age, whatever the
    shares; an opportunity of week -k is at least 7 (k - 1) days old at day 0.
    """
    weights = np.array([mean**TILT for mean in means])
    theta = np.ones((weeks, max(len(stages), 1)))
    for j, (stage, mean) in enumerate(zip(stages, means, strict=True)):
        if mean > 0:
            share = float(weights[j] / weights.sum())
            theta[:, j] = _delay_cdfs(stage.delay, stage.days_cv, mean, share, weeks)
    return theta


@lru_cache(maxsize=256)  # sweeps, goal seeks and levers mostly leave the delays as they are
def _delay_cdfs(
    delay: Delay, days_cv: float, mean: float, share: float, weeks: int
) -> tuple[float, ...]:
    """Return P(delay <= its share of an age) by age, weeks."""
    return tuple(_delay_cdf(delay, days_cv, share * (7.0 * age) / mean) for age in range(weeks))


def _reach(theta: Floats) -> Floats:
    """Return P(some uniform of this column or a later one exceeds its threshold)."""
    return np.ascontiguousarray(1 - np.cumprod(theta[:, ::-1], axis=1)[:, ::-1])


def _delay_cdf(delay: Delay, days_cv: float, x: float) -> float:
    """Return P(delay over its mean <= x)."""
    if delay.days is not None:
        mean = math.fsum(delay.days) / len(delay.days)
        return sum(days <= x * mean for days in delay.days) / len(delay.days)
    if x <= 0:
        return 0.0
    if not days_cv:
        return float(x >= 1)
    if delay.law == "gamma":
        from scipy import special

        shape = 1 / days_cv**2
        return float(special.gammainc(shape, shape * x))
    sigma = sigma_of(days_cv)
    return NormalDist().cdf((math.log(x) + sigma * sigma / 2) / sigma)
