"""The next step: what one more rep, SDR, call or point of win rate does to P(plan)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Columns, Estimate, Means
from funnelsim.analysis.gathering import Averages, gather
from funnelsim.analysis.levers.answered import Pair, labelled
from funnelsim.analysis.levers.levers import is_finite
from funnelsim.analysis.sizing.company import Company, Floats, Period, block_of, company_of
from funnelsim.analysis.sizing.spending import is_priced, spent_on
from funnelsim.analysis.sizing.steps import HIRE, KINDS, POD, REP, SDR, Step, steps_of
from funnelsim.engine.blocks import BLOCK, Progress, Run, Samples, check
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

ALIKE = {HIRE: REP, POD: SDR}  # cost as much, where nothing else is stated
POINT = 0.01


def next_step(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    costs: Mapping[str, float] | None = None,
    by: Period | None = None,
    period: int | None = None,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return what each of the usual next steps does to P(plan) and to mean bookings.

    One more rep of each segment, in seat on day 0 or hired now; one more SDR, one more for each
    pod; for all segments a tenth more activity, a point more of win rate, two weeks less ramp, five
    points less attrition, hires four weeks sooner: those that the plan leaves room for, by name as
    far as it does. A pod is the smallest team that has whole numbers of SDRs and reps.

    Parameters
    ----------
    plan : Scenario
        Whose ``[plan]`` states or implies a target.
    draws, seed : int
    costs : mapping of str to float, optional
        All that a step costs in the period, commission included, by kind: "rep", "hire" (default:
        as a rep), "SDR", "pod" (for each SDR; default: as one), "activity", "win rate", "ramp",
        "attrition", "hiring". By default reps, hires, SDRs and hires made sooner cost what is paid
        in the period beyond the plan, in the mean, by ``[pay]`` and ``[economics.sdr]``: base pay
        and overhead while a seat is filled, SDRs, hiring in the quarter in which it comes, the
        commission on what the step brings, and on-costs.
    by, period
        As in :func:`headcount`; of several periods, the one in which P(plan) is lowest is told.
    threads : int, optional
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        By step: ``step_plan_probability_change``, ``step_bookings_mean_change`` and
        ``step_worth_in_reps``, the first over that of a rep on day 0 where he helps most; where
        costs are stated, ``step_cost`` and ``step_cost_per_point``. Coordinate ``kind``.
        ``period_plan_probability`` by period, as the plan is.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, the plan states no target, or nobody books.

    Notes
    -----
    All steps share their luck with the plan, so that errors are those of paired differences. What
    changes no draw may still change the next: half of one is the least error.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"headcount": 10, "plan.over_assignment": 1.1})
    >>> told = next_step(plan, draws=2_000, seed=1)
    >>> change = told.step_plan_probability_change.sel(step="10 % more activity")
    >>> bool(change > 0)
    True
    """
    check(draws, seed, threads, BLOCK)
    company = company_of(plan, by, period)
    stated = _checked_costs(costs or {})
    steps = steps_of(company.segments)
    runs, starts = [*company.runs()], []
    for step in steps:
        starts.append(len(runs))
        runs.extend(_runs(company, step))
    priced = [_stated(step, stated) is None and is_priced(step, company.segments) for step in steps]
    whole = Averages(_Beside(company, steps, starts, priced))
    gather(
        runs, whole, draws=draws, seed=seed, grain=block_of(runs), threads=threads,
        cluster=cluster, progress=progress,
    )  # fmt: skip
    fixed = np.array(
        [
            0.0 if known else _stated(step, stated) or math.nan
            for step, known in zip(steps, priced, strict=True)
        ]
    )
    return _labelled(company, steps, fixed, whole.means, {"draws": draws, "seed": seed})


@dataclass(frozen=True)
class _Beside:
    """What a company books as it is and with each step, and what the step costs.

    Attributes
    ----------
    company : Company
    steps : sequence of Step
    starts : sequence of int
        Where the runs of each step begin.
    priced : sequence of bool
        Whether what it costs follows from the draws.
    """

    company: Company
    steps: Sequence[Step]
    starts: Sequence[int]
    priced: Sequence[bool]

    def __call__(self, samples: Sequence[Samples]) -> Columns:
        """Return what means are taken of, (draw, [plan and] steps, period)."""
        company, places = self.company, {name: k for k, name in enumerate(self.company.segments)}
        own = len(places)
        booked = [company.of_periods(each["bookings"]) for each in samples]
        totals = [each.sum(axis=1) for each in booked]
        now = sum(totals[:own])
        with_step = []
        for step, start in zip(self.steps, self.starts, strict=True):
            if step.is_a_seat:
                with_step.append(now + booked[start][:, -1])
                continue
            other = now
            for k, name in enumerate(step.changed):
                other = other + totals[start + k] - totals[places[name]]
            with_step.append(other)
        both = np.stack([now, *with_step], axis=1)
        spent = np.zeros((len(both), len(self.steps), len(company.periods)))
        for place, (step, start) in enumerate(zip(self.steps, self.starts, strict=True)):
            if self.priced[place]:
                cost = spent_on(step, company.segments, samples[:own], samples[start:])
                spent[:, place] = company.of_periods(cost)
        return {"reached": both >= company.goals, "booked": both, "spent": spent}


def _runs(company: Company, step: Step) -> list[Run]:
    """Return what a step takes beside the plan as it is; of a rep, the last seat counts."""
    if step.kind == REP and step.segment is not None:
        segment = company.segments[step.segment]
        return [Run(segment, 1, first_seat=segment.headcount, segment=step.segment)]
    return [
        Run(each, 0 if step.is_a_seat else each.headcount, hired=True, segment=name)
        for name, each in step.changed.items()
    ]


def _checked_costs(costs: Mapping[str, float]) -> dict[str, float]:
    """Return what steps cost by kind, as far as it is stated."""
    for kind, cost in costs.items():
        if kind not in KINDS:
            raise ArgumentError(f"costs: {kind!r} must be one of {', '.join(KINDS)}.")
        if not is_finite(cost) or not cost > 0:
            raise ArgumentError(f"costs: {kind} = {cost!r} must be a number above 0.")
    return {kind: float(cost) for kind, cost in costs.items()}


def _stated(step: Step, costs: Mapping[str, float]) -> float | None:
    """Return what is stated that a step costs, if anything is."""
    for kind in (step.kind, ALIKE.get(step.kind, step.kind)):
        if kind in costs:
            return costs[kind] * step.count
    return None


def _labelled(
    company: Company,
    steps: list[Step],
    fixed: Floats,
    means: Means,
    made: Mapping[str, int],
) -> xr.Dataset:
    """Put names, units, errors and provenance on the changes."""
    reached, booked = means["reached"], means["booked"]
    now, now_errors = reached[0].pair
    worst = int(now.argmin())
    change = reached[1:, worst] - reached[0, worst]
    least = 1 / (made["draws"] + 1)
    value, error = change.pair
    numbers: dict[str, npt.ArrayLike | Pair] = {
        "period_plan_probability": (now, now_errors),
        "step_plan_probability_change": (value, np.maximum(error, least)),
        "step_bookings_mean_change": (booked[1:, worst] - booked[0, worst]).pair,
        "step_worth_in_reps": _over_best_rep(change, steps).pair,
    }
    cost = means["spent"][:, worst] + fixed
    if np.isfinite(fixed).any():
        numbers |= {"step_cost": cost.pair, "step_cost_per_point": _per_point(cost, change)}
    refused = {}
    if unknown := list(
        dict.fromkeys(step.kind for step, c in zip(steps, fixed, strict=True) if math.isnan(c))
    ):
        refused["step_cost"] = f"no cost is stated of: {', '.join(unknown)}"
    return labelled(
        company.plan,
        numbers,
        {
            "step": [step.name for step in steps],
            "kind": ("step", [step.kind for step in steps]),
            "period": company.labels,
        },
        {
            **provenance(company.plan),
            **made,
            "stream_version": STREAM_VERSION,
            "method": "simulated",
            "by": company.by,
            "goal": company.goal,
            "told_of": company.labels[worst],
        },
        refused,
    )


def _over_best_rep(change: Estimate, steps: list[Step]) -> Estimate:
    """Return changes over that of one more rep on day 0 where he helps most."""
    reps = [k for k, step in enumerate(steps) if step.kind == REP]
    best = max(reps, key=lambda k: float(change.value[k]))
    return change / change[best]


def _per_point(cost: Estimate, change: Estimate) -> Pair:
    """Return what a hundredth of P(plan) costs, where a step is known to bring any."""
    each, error = (cost / change * POINT).pair
    helps = change.value > 0
    return np.where(helps, each, math.nan), np.where(helps, error, math.nan)
