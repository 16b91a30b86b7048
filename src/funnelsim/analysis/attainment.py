"""P(attain), quantiles and the rest with their standard errors, from kept or streamed samples."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from funnelsim.analysis.gathering import Gathering, gathered, identity_of
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.tally import GRAIN, QUANTILES, QUARTERS_PER_YEAR, READ, Estimate, Tally
from funnelsim.engine.blocks import Progress, Run, Samples, check, never
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.registry import BY_NAME, SEGMENT, STANDARD_ERROR
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.files import loads
from funnelsim.scenario.model import DealSize, Scenario, SizeLaw

if TYPE_CHECKING:
    from distributed import Client

Period = Literal["quarter", "year"]
NO_VARIANCE = "a Pareto law of shape 2 or less has no variance"
NO_FOURTH_MOMENT = "a Pareto law of shape 4 or less has no fourth moment"


def attainment(result: xr.Dataset, *, by: Period = "quarter") -> xr.Dataset:
    """Estimate from samples how likely the quota is attained, and what bookings look like.

    Parameters
    ----------
    result : xarray.Dataset
        Samples of :func:`funnelsim.simulate`, dims (draw, rep, quarter).
    by : {"quarter", "year"}
        A year is four quarters, attained when its bookings reach the sum of their quotas.

    Returns
    -------
    xarray.Dataset
        Dims (segment, quarter | year[, stage | kpi | probability]) and (segment, at_least); each
        estimate with its standard error, over draws, under the same name + ``_standard_error``.
        What does not exist is NaN, with its reason in the attribute ``refused`` (JSON).

    Raises
    ------
    ResultError
        Where the Dataset is not one of samples.
    ArgumentError
        Where ``by`` is neither, the horizon has no complete year, or the plan is a team:
        :func:`funnelsim.team` answers for it.

    Examples
    --------
    >>> import funnelsim as fs
    >>> result = fs.simulate(fs.preset("sales_math"), draws=20_000, seed=1)
    >>> summary = fs.attainment(result)
    >>> p = summary.attainment_probability.sel(segment="rep", quarter=1)
    >>> error = summary.attainment_probability_standard_error.sel(segment="rep", quarter=1)
    >>> bool(abs(p - 0.4510) < 5 * error)
    True
    """
    plan = _plan_of(result)
    tally = _tally(plan, by)
    names = [name for name in BY_NAME if name in result and BY_NAME[name].dims[0] == "draw"]
    for start in range(0, result.sizes["draw"], GRAIN):
        part = slice(start, start + GRAIN)
        tally.add({name: result[name].values[part] for name in names})
    kept = ("seed", "stream_version", "funnelsim_version", "numpy_version", "numba_version")
    run: dict[str, str | int] = {name: result.attrs[name] for name in kept}
    return _summary(plan, tally, provenance(plan) | run | {"draws": tally.draws})


def summarize(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    by: Period = "quarter",
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Simulate and estimate in one pass that keeps no samples: any number of draws.

    Memory hardly grows with ``draws``: :func:`funnelsim.memory_needed` tells how much it is. The
    numbers are, byte for byte, those of ``attainment(simulate(...))``.

    Parameters
    ----------
    plan : Scenario
    draws : int
        1 to 2**32.
    seed : int
        0 to 2**63 - 1.
    threads : int, optional
        Defaults to the processors that this process may use.
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`. Samples stay where
        they are made; what they add up to is sent.
    by : {"quarter", "year"}
    store : path, optional
        A ``.nc`` file that the summary will be written to. What is done is kept beside it as it is
        done: when the work was interrupted, the same call goes on, to the same bytes, and when it
        is finished the call reads it.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        As :func:`attainment`.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or the plan is a team: :func:`funnelsim.team` answers
        for it.
    ResultError
        Where the store is damaged or belongs to another question; it is left as it was.

    Examples
    --------
    >>> import funnelsim as fs
    >>> summary = fs.summarize(fs.preset("sales_math"), draws=20_000, seed=1)
    >>> samples = fs.simulate(fs.preset("sales_math"), draws=20_000, seed=1)
    >>> summary.identical(fs.attainment(samples))
    True
    """
    (found,) = summaries(plan, (by,), draws, seed, threads, progress, cluster=cluster, store=store)
    return found


def summaries(
    plan: Scenario,
    periods: Sequence[Period],
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    *,
    cluster: str | Client | None = None,
    store: str | os.PathLike[str] | None = None,
    stopped: Callable[[], bool] = never,
) -> list[xr.Dataset]:
    """Return the summaries by several periods from one pass over the draws.

    Raises
    ------
    StoppedError
        Soon after ``stopped`` has become true.
    """
    check(draws, seed, threads, GRAIN)
    tallies = Tallies([_tally(plan, by) for by in periods])
    made = {"seed": int(seed), "draws": int(draws), "stream_version": STREAM_VERSION}
    attrs = provenance(plan) | made
    return gathered(
        [Run(plan)],
        tallies,
        lambda: [_summary(plan, tally, attrs) for tally in tallies.by_period],
        draws=draws,
        seed=seed,
        grain=GRAIN,
        threads=threads,
        cluster=cluster,
        progress=progress,
        store=store,
        identity=identity_of(" and ".join(periods), attrs),
        stopped=stopped,
    )


class Tallies(Gathering):
    """Tallies of the same draws by several periods.

    Attributes
    ----------
    by_period : list of Tally
    """

    memories = ("by_period",)

    def __init__(self, by_period: Sequence[Tally]) -> None:
        super().__init__()
        self.by_period = list(by_period)

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a grain of draws."""
        for tally in self.by_period:
            tally.add(samples[0])


def _plan_of(result: xr.Dataset) -> Scenario:
    """Return the plan that samples were made from, if they are whole but for draws left out."""
    attrs = getattr(result, "attrs", {})
    if attrs.get("method") != "simulated" or "draw" not in result.dims:
        raise ResultError("attainment needs the samples of fs.simulate, with the dim 'draw'.")
    plan = loads(attrs["scenario"])
    quarters, missing = plan.calendar.quarters, [name for name in READ if name not in result]
    whole = result.sizes.get("quarter") == quarters and "rep" in result.dims
    if missing or not whole or result.sizes["draw"] == 0:
        raise ResultError(
            f"attainment needs all {quarters} quarters, all reps and the arrays {', '.join(READ)} "
            "of a draw, and at least one draw. Leave out draws only, and select from its answer."
        )
    return plan


def _tally(plan: Scenario, by: str) -> Tally:
    check_one_seat(plan)
    if by not in ("quarter", "year"):
        raise ArgumentError(f"by = {by!r}: must be 'quarter' or 'year'.")
    if by == "year" and plan.calendar.quarters < QUARTERS_PER_YEAR:
        raise ArgumentError(
            f"by = 'year': a horizon of {plan.calendar.quarters} quarters has no complete year. "
            f"Set calendar.quarters to {QUARTERS_PER_YEAR} or more."
        )
    quotas = np.array(plan.quotas, dtype=np.float64)
    return Tally(quotas, by_year=by == "year", ramped=plan.quota.ramped)


def _summary(plan: Scenario, tally: Tally, attrs: dict[str, str | int]) -> xr.Dataset:
    """Put names, units and provenance on the estimates."""
    period = "year" if tally.by_year else "quarter"
    estimates = _estimates(tally)
    refused = _refusals(plan, estimates)
    arrays = {}
    for name, (value, error) in estimates.items():
        dims = tuple(period if dim == "quarter" else dim for dim in BY_NAME[name].dims)
        about = described(BY_NAME[name], plan)
        arrays[name] = (dims, value[None], about)
        described_error = about | {"long_name": f"standard error of {about['long_name']}"}
        arrays[name + STANDARD_ERROR] = (dims, error[None], described_error)
    coords: dict[str, object] = {
        "segment": [SEGMENT],
        period: np.arange(1, len(tally.quotas) + 1),
        "probability": list(QUANTILES),
        "quota": (period, tally.quotas, {"units": plan.currency}),
    }
    if not tally.by_year:
        coords |= {
            "stage": list(plan.stage_names),
            "kpi": np.array([kpi.name for kpi in plan.kpis], dtype=str),
            "at_least": np.arange(1, len(tally.quotas) + 1),
        }
    attrs = attrs | {"method": "simulated", "refused": json.dumps(refused)}
    return dataset(arrays, coords, attrs)


def _estimates(tally: Tally) -> dict[str, Estimate]:
    """Return every estimate under its name in the registry."""
    mean, error = tally.mean("bookings")
    estimates = {
        "attainment_probability": tally.probability("attained"),
        "repeatable_attainment_probability": tally.probability("repeatable attained"),
        "overachievement_probability": tally.probability("overachieved"),
        "no_deal_probability": tally.probability("no deal"),
        "bookings_mean": (mean + tally.centre, error),
        "bookings_sd": tally.sd("bookings"),
        "bookings_quantile": tally.quantiles(),
        "windfall_bookings_mean": tally.mean("windfall"),
        "shortfall_mean": tally.mean("shortfall"),
        "shortfall_given_miss_mean": tally.mean("shortfall", given="missed"),
    }
    if tally.by_year:
        return estimates
    return estimates | {
        "activities_mean": tally.mean("activities"),
        "reached_mean": tally.mean("reached"),
        "kpi_probability": tally.probability("kpi"),
        "kpi_attainment_probability": tally.probability("kpis"),
        "attainment_given_kpi_hit": tally.conditional("attained", "kpis"),
        "attainment_given_kpi_missed": tally.conditional("attained", "no kpis"),
        "at_least_probability": tally.probability("at least"),
    }


def _refusals(plan: Scenario, estimates: dict[str, Estimate]) -> dict[str, str]:
    """Blank out, and explain, what a law without enough moments does not have."""
    booked = laws_of(plan)  # those of windfalls have no whales, and are luck as they are
    lucky = [law for law in booked if not isinstance(law, DealSize) or law.whale is not None]
    refused: dict[str, str] = {}

    def blank(name: str, part: int, reason: str) -> None:
        both = list(estimates[name])
        both[part] = np.full_like(both[part], np.nan)
        estimates[name] = (both[0], both[1])
        refused[name + (STANDARD_ERROR if part else "")] = reason

    for laws, name in ((booked, "bookings_mean"), (lucky, "windfall_bookings_mean")):
        if least_shape(laws) <= 2:
            blank(name, 1, NO_VARIANCE)
    if least_shape(booked) <= 2:
        blank("bookings_sd", 0, NO_VARIANCE)
        blank("bookings_sd", 1, NO_VARIANCE)
    elif least_shape(booked) <= 4:
        blank("bookings_sd", 1, NO_FOURTH_MOMENT)
    return refused


def laws_of(plan: Scenario) -> list[SizeLaw]:
    """Return the laws of all amounts that are booked: deals of each source, and windfalls."""
    deals = [plan.deal_size_of(source) for source in (None, *plan.sources)]
    return [*deals, *([plan.windfall] if plan.windfall is not None else [])]


def least_shape(laws: list[SizeLaw]) -> float:
    """Return the smallest Pareto shape: moments of that order and above do not exist."""
    return min((law.shape for law in laws if law.shape is not None), default=np.inf)
