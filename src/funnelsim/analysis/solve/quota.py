"""Which quota: the largest that a share of reps attains, with a stated certainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import stats

from funnelsim.analysis.chances import METHODS, Chances, Goal, Method, chances
from funnelsim.analysis.compare.pooled import PooledQuantile
from funnelsim.analysis.estimates import Means
from funnelsim.analysis.levers.answered import Pair, labelled
from funnelsim.analysis.levers.levers import bare, checked_number
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.solve.search import Curve, search, slope_at
from funnelsim.analysis.solve.span import span_of
from funnelsim.analysis.tally import REACHES, never_certain
from funnelsim.engine.blocks import MOST_REPS, Progress, Run, sample_blocks
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.registry import NUMERICAL_ERROR
from funnelsim.scenario.model import Scenario
from funnelsim.twin.exact import exact

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Pairs = dict[str, Pair]

PATH = "quota.per_quarter"
ATTAINMENT = "attainment_probability"
SEARCHED = 1e-7  # of a quota: how near it is found
BLOCK = 4_096
TOGETHER = (
    "the market moves all reps of a team together, so that how many attain is no binomial law; "
    "say draws and seed to simulate the team"
)
NO_QUOTA = "so often nothing is booked that no quota above 0 is attained as often"
NEAR_A_STEP = "amounts that many quarters book are near: the quota is known, its error is not"


def quota_for(
    plan: Scenario,
    *,
    share: float | Sequence[float] = 0.6,
    reps: int | None = None,
    certainty: float | None = None,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the largest quota that a share of reps attains.

    Without ``reps``, of very many reps who work the plan, or of very many quarters of one of them:
    P(attain) = share. With them, the share of a team of so many reps, rounded up to whole reps,
    and the quota is the one that so many attain with probability ``certainty``.

    Parameters
    ----------
    plan : Scenario
        Its own quota plays no part. A quarter is one of its horizon, each as likely as another.
    share : float or sequence of float
        Above 0; below 1 without ``reps``, at most 1 with them.
    reps : int, optional
    certainty : float, optional
        Above 0 and below 1; belongs to ``reps``.
    method : {"auto", "exact", "simulated"}
        "auto": exact where the twin covers the plan and, of a team, no market moves reps together.
    draws, seed : int, optional
        Needed to simulate.
    threads : int, optional
    progress : callable, optional

    Returns
    -------
    xarray.Dataset
        By ``share``: ``quota_for_share``, currency, with its error; ``quota_probability``,
        P(attain) of one rep at that quota; of a team ``reps_needed`` and ``quota_certainty``, the
        probability that so many attain it, above the one asked for where bookings go in steps. NaN,
        and the reason in ``refused``, where reps book nothing so often that no quota does.

    Raises
    ------
    ArgumentError
        Where an argument is out of range or missing.
    NotCoveredError
        Where exact answers are asked for and cannot be had.

    Notes
    -----
    Reps without a common market attain independently, each with the mean P(attain) over skill:
    of n reps at least k with probability P(Binomial(n, P(attain)) >= k). Simulated, the quota is a
    quantile of the k-th largest bookings of the team. Derived in docs/background/planning.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = quota_for(fs.preset("sales_math"), share=[0.5, 0.6])
    >>> told.quota_for_share.round(-3).values.tolist()
    [230000.0, 190000.0]
    """
    check_one_seat(plan)
    if method not in METHODS:
        raise ArgumentError(f"method = {method!r}: must be one of {', '.join(METHODS)}.")
    shares = _checked(share, reps, certainty)
    plan_of = bare(plan).replace({PATH: float(np.mean(plan.quotas))})
    needed = np.array([1 if reps is None else math.ceil(each * reps - 1e-9) for each in shares])
    targets = [each if certainty is None else certainty for each in shares]
    attrs: dict[str, str | int | float] = dict(provenance(plan))
    attrs |= {"reps": reps, "certainty": certainty} if reps and certainty else {}
    refused: dict[str, str] = {}
    numbers = None
    if method != "simulated":
        try:
            numbers = _exact(plan_of, targets, needed, reps)
            attrs["method"] = "exact"
        except NotCoveredError as reason:
            if method == "exact":
                raise
            if draws is None or seed is None:
                raise ArgumentError(
                    "draws and seed: must be given where a plan is simulated. The exact twin "
                    f"cannot answer: {reason}"
                ) from None
    if numbers is None:
        if draws is None or seed is None:
            raise ArgumentError("draws and seed: must be given where a plan is simulated.")
        attrs |= {"method": "simulated", "draws": draws, "seed": seed}
        attrs["stream_version"] = STREAM_VERSION
        blocks = sample_blocks(
            [Run(plan_of, reps=reps or 1)],
            draws=draws,
            seed=seed,
            threads=threads,
            progress=progress,
            block=BLOCK,
        )
        ranked = [_ranked(samples["bookings"], needed) for (samples,) in blocks]
        numbers = _simulated(plan_of, np.concatenate(ranked), targets, draws, seed, threads)
    quotas, errors = numbers["quota_for_share"]
    if np.isnan(quotas).any():
        refused["quota_for_share"] = NO_QUOTA
    if np.isnan(errors[~np.isnan(quotas)]).any():
        refused["the error of quota_for_share"] = NEAR_A_STEP
    told: dict[str, npt.ArrayLike | Pair] = {**numbers}
    if reps is None:
        del told["quota_certainty"]  # one rep is sure of it as often as it is made
    else:
        told["reps_needed"] = needed
    return labelled(plan, told, {"share": shares}, attrs, refused)


def _checked(
    share: float | Sequence[float], reps: int | None, certainty: float | None
) -> list[float]:
    """Return the shares, each once; refuse what does not go together."""
    if (reps is None) != (certainty is None):
        raise ArgumentError(
            f"reps = {reps}, certainty = {certainty}: belong together: the size of a team, and the "
            "probability that the share of it attains."
        )
    team: object = reps  # whatever a script may hand over
    whole = isinstance(team, int | np.integer) and not isinstance(team, bool)
    if reps is not None and not (whole and 1 <= reps <= MOST_REPS):
        raise ArgumentError(f"reps = {reps!r}: must be a whole number from 1 to {MOST_REPS:,}.")
    if certainty is not None:
        checked_number("certainty", certainty, 0, 1)
    most = 1.0 if reps is None else math.nextafter(1, 2)
    listed = list(share) if isinstance(share, Iterable) else [share]
    found = [checked_number("share", each, 0, most) for each in listed]
    if not found or len(set(found)) < len(found):
        raise ArgumentError(f"share = {share!r}: must name one or more, each once.")
    return found


def _exact(
    plan: Scenario, targets: Sequence[float], needed: npt.NDArray[np.int_], reps: int | None
) -> Pairs:
    """Search on the twin: reps attain independently, in each quarter with its own chance."""
    if reps is not None and reps > 1 and plan.market.cv:
        raise NotCoveredError(TOGETHER)
    span = span_of(plan, PATH)
    quotas, errors, alone, together = [], [], [], []
    for target, count in zip(targets, needed.tolist(), strict=True):

        def evaluate(plans: Sequence[Scenario], count: int = count) -> Chances:
            found = [exact(each, only=[ATTAINMENT]) for each in plans]
            by_quarter = np.array([each[ATTAINMENT].values[0] for each in found])
            error = np.array([each[ATTAINMENT + NUMERICAL_ERROR].values[0] for each in found])
            # a chance of 0 may be a rounding error below it
            enough = stats.binom.sf(count - 1, reps or 1, np.clip(by_quarter, 0.0, 1.0))
            steepest = (reps or 1) * error  # d P(at least k of n) / dp is at most n
            return Chances(enough.mean(axis=1), steepest.mean(axis=1), "exact")

        curve = Curve(span, evaluate)
        found = search(curve, target)
        if math.isnan(found.value):  # out of reach, or no quota is ever made
            quotas.append(math.nan)
            errors.append(math.nan)
            alone.append((math.nan, math.nan))
            together.append((math.nan, math.nan))
            continue
        together.append((curve.at(found.value), curve.error[found.value]))
        quotas.append(found.value)
        slope, _ = slope_at(curve, found.value, found.rises)
        searched = SEARCHED * found.value
        errors.append(searched + curve.error[found.value] / abs(slope) if slope else math.nan)
        own = chances([span.at(found.value)], Goal(), method="exact")
        alone.append((float(own.values[0]), float(own.errors[0])))
    return {
        "quota_for_share": (np.array(quotas), np.array(errors)),
        "quota_probability": (np.array(alone)[:, 0], np.array(alone)[:, 1]),
        "quota_certainty": (np.array(together)[:, 0], np.array(together)[:, 1]),
    }


def _ranked(bookings: npt.NDArray[np.generic], needed: npt.NDArray[np.int_]) -> Floats:
    """Return the largest bookings of a quarter that so many reps reach, (draw, quarter, share)."""
    falling = -np.sort(-np.asarray(bookings, dtype=np.float64), axis=1)
    return np.moveaxis(falling[:, needed - 1], 1, 2)


def _simulated(
    plan: Scenario,
    ranked: Floats,
    targets: Sequence[float],
    draws: int,
    seed: int,
    threads: int | None,
) -> Pairs:
    """Return quantiles of the ranked bookings, whose errors are over draws."""
    quotas, errors = np.full((2, len(targets)), math.nan)
    together = np.full((2, len(targets)), math.nan)
    for place, target in enumerate(targets):
        amounts = ranked[:, :, place]
        quantile = PooledQuantile(1 - target)
        quantile.add(amounts)
        quota = quantile.value()
        if quota <= 0:
            continue
        by_draw = (amounts <= quota).mean(axis=1)
        error = float(by_draw.std(ddof=1)) / math.sqrt(len(by_draw)) if draws > 1 else math.nan
        quotas[place], errors[place] = quota, quantile.slope(error) * error
        tally = Means()
        tally.add({"made": (amounts >= quota * REACHES).mean(axis=1)})
        together[:, place] = never_certain(tally["made"].pair, draws)
    there = np.flatnonzero(~np.isnan(quotas))
    alone = np.full((2, len(targets)), math.nan)
    if there.size:
        plans = [plan.replace({PATH: float(quotas[place])}) for place in there]
        own = chances(plans, Goal(), method="simulated", draws=draws, seed=seed, threads=threads)
        alone[:, there] = own.values, own.errors
    return {
        "quota_for_share": (quotas, errors),
        "quota_probability": (alone[0], alone[1]),
        "quota_certainty": (together[0], together[1]),
    }
