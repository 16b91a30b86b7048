"""The exact twin: what the simulator estimates, computed without randomness where that is possible.

Where opportunities are independent given the parameters, the number of deals in a period has a
generating function in closed form and bookings are a compound of it; skill and market are
integrated. Shares no code with the simulator. Derived in docs/exact.md.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np

from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.registry import BY_NAME, CURRENCY, NUMERICAL_ERROR, QUARTER_SUMMARIES, SUMMARIES
from funnelsim.scenario.model import Scenario
from funnelsim.twin.bookings import bookings_of
from funnelsim.twin.fourier import Floats
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.kpi import kpi_questions
from funnelsim.twin.market import market_nodes
from funnelsim.twin.period import (
    PROBABILITIES,
    ROUNDING,
    Answer,
    Period,
    PeriodAnswers,
    Question,
)
from funnelsim.twin.repeat import at_least
from funnelsim.twin.skill import is_skilled, nodes_of

if TYPE_CHECKING:
    import xarray as xr

QUARTERS_PER_YEAR = 4
PROMISED = 1e-6  # error of a probability, and of an amount over the quota, beyond which we refuse
AIMED = 1e-7  # of the quadrature over skill; beyond it a finer lattice is tried
STATES = (48, 64)  # of the market; the second rule checks the first
SEGMENT = "rep"


def exact(
    plan: Scenario,
    *,
    by: Literal["quarter", "year"] = "quarter",
    only: Collection[str] | None = None,
) -> xr.Dataset:
    """Compute the summaries of a plan without simulating it.

    Parameters
    ----------
    plan : Scenario
    by : "quarter" or "year"
        Whether each quarter is answered, or each complete year of four.
    only : collection of str, optional
        Names of the summaries wanted; all by default. Fewer take less time.

    Returns
    -------
    xarray.Dataset
        The summaries of :func:`funnelsim.registry`, dims (segment, quarter | year, ...), each with
        ``<name>_numerical_error`` in the same unit, at most 1e-6 for probabilities and 1e-6 of the
        quota for amounts. What is not covered is left out and explained in ``attrs["refused"]``, a
        JSON object of name to reason.

    Raises
    ------
    NotCoveredError
        Where nothing can be answered; the message says why.
    ArgumentError
        Where the horizon has no complete year, and years are asked for, or there is no summary of
        a name.

    Notes
    -----
    Derived in docs/exact.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.Scenario(
    ...     name="Sales Math", quota={"per_quarter": 250_000}, activity={"per_quarter": 750},
    ...     stages=[{"name": "discovery", "conversion": 0.02}, {"name": "demo", "conversion": 0.6},
    ...             {"name": "won", "conversion": 1 / 3}],
    ...     deal_size={"law": "lognormal", "mean": 84_000, "cv": 0.5})
    >>> print(f"{fs.exact(plan).attainment_probability.item():.6f}")
    0.451006
    """
    if by not in ("quarter", "year"):
        raise ArgumentError(f"by = {by!r}: must be 'quarter' or 'year'")
    summaries = SUMMARIES if by == "year" else (*SUMMARIES, *QUARTER_SUMMARIES)
    known = [variable.name for variable in summaries]
    wanted = set(known if only is None else only)
    if unknown := wanted.difference(known):
        raise ArgumentError(f"only = {sorted(unknown)}: must be among {', '.join(known)}")
    values, errors, refused = _answered(plan, by, wanted, STATES[-1])
    # Where Pareto sizes differ by rep, kinks slow the quadrature down: a finer one takes minutes.
    kinked = plan.deal_size.law == "pareto" and plan.deal_size.rep_cv > 0
    if _worst(plan, values, errors) > AIMED and is_skilled(plan) and not kinked:
        finer, finer_errors, unanswered = _answered(plan, by, wanted, STATES[-1], effort=1)
        values, errors = {**values, **finer}, {**errors, **finer_errors}  # finer, where affordable
        refused = {name: why for name, why in unanswered.items() if name not in values}
    if plan.market.cv:
        other, _, _ = _answered(plan, by, wanted, STATES[0])
        for name in values:
            errors[name] = errors[name] + np.abs(values[name] - other[name])
    for name in list(values):
        worst = _worst(plan, {name: values[name]}, errors)
        if not worst <= PROMISED:
            refused[name] = f"its numerical error would be {worst:.0e}, above {PROMISED:.0e}"
            del values[name], errors[name]
    if not values:
        raise NotCoveredError("; ".join(dict.fromkeys(refused.values())))
    return _labelled(plan, by, values, errors, refused)


def _answered(
    plan: Scenario, by: str, wanted: set[str], states: int, effort: int = 0
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, str]]:
    """Return values, numerical errors and reasons for refusal, by variable."""
    funnel = Funnel(plan, nodes_of(plan, effort), market_nodes(plan.market, states))
    bookings = bookings_of(plan, funnel.nodes.size)
    periods = _periods(plan, by)
    asked: dict[str, list[Question]] = {}
    known: dict[object, dict[str, Question]] = {}
    for period in periods:
        alike = period.quota, funnel.signature(period.start, period.stop)
        if alike not in known:
            questions = PeriodAnswers(funnel, bookings, period).questions()
            if by == "quarter":
                questions |= _funnel_questions(funnel, period)
                questions |= kpi_questions(funnel, bookings, period)
            known[alike] = {name: cache(questions[name]) for name in questions if name in wanted}
        for name, question in known[alike].items():
            asked.setdefault(name, []).append(question)
    values: dict[str, Floats] = {}
    errors: dict[str, Floats] = {}
    refused: dict[str, str] = {}
    for name, by_period in asked.items():
        try:
            answers = [question() for question in by_period]
        except NotCoveredError as reason:
            refused[name] = str(reason)
            continue
        values[name] = np.stack([value for value, _ in answers])
        errors[name] = np.stack([np.broadcast_to(error, value.shape) for value, error in answers])
    if "at_least_probability" in wanted:
        try:
            values["at_least_probability"], errors["at_least_probability"] = at_least(
                funnel, bookings, periods
            )
        except NotCoveredError as reason:
            refused["at_least_probability"] = str(reason)
    return values, errors, refused


def _periods(plan: Scenario, by: str) -> list[Period]:
    """Return the quarters of the horizon, or its complete years."""
    length = 1 if by == "quarter" else QUARTERS_PER_YEAR
    weeks = plan.calendar.weeks_per_quarter
    starts = range(0, plan.calendar.quarters - length + 1, length)
    if not starts:
        raise ArgumentError(
            f"by = 'year': the horizon of {plan.calendar.quarters} quarters has no complete year. "
            f"Set calendar.quarters to {QUARTERS_PER_YEAR} or more"
        )
    return [
        Period(q * weeks, (q + length) * weeks, math.fsum(plan.quotas[q : q + length]), length)
        for q in starts
    ]


def _funnel_questions(funnel: Funnel, period: Period) -> dict[str, Question]:
    """Return mean activities and mean numbers that reach each stage."""

    def activities() -> Answer:
        mean, error = funnel.nodes.mean(funnel.mean_activities(period.start, period.stop))
        return mean, error + ROUNDING * mean

    def reached() -> Answer:
        counts = [
            funnel.reached(stage, period.start, period.stop)
            for stage in range(len(funnel.plan.stages))
        ]
        by_node = np.stack([count.moments()[0] for count in counts], axis=1)
        mean, error = funnel.nodes.mean(by_node)
        late = np.array([count.error() for count in counts])
        return mean, error + late + ROUNDING * mean

    return {"activities_mean": activities, "reached_mean": reached}


def _worst(plan: Scenario, values: dict[str, Floats], errors: dict[str, Floats]) -> float:
    """Return the largest error: of a probability, or of an amount over the quota."""
    worst = 0.0
    for name, value in values.items():
        scale = max(plan.quotas) if BY_NAME[name].unit == CURRENCY else 1.0
        share = errors[name] / np.fmax(scale, np.abs(value))
        worst = max(worst, float(np.nan_to_num(share, nan=np.inf).max(initial=0.0)))
    return worst


def _labelled(
    plan: Scenario,
    by: str,
    values: dict[str, Floats],
    errors: dict[str, Floats],
    refused: dict[str, str],
) -> xr.Dataset:
    """Put labels on the answers."""
    import xarray as xr

    from funnelsim.scenario.files import dumps

    count = len(_periods(plan, by))
    coords = {
        "segment": [SEGMENT],
        by: np.arange(1, count + 1),
        "probability": list(PROBABILITIES),
        "stage": list(plan.stage_names),
        "kpi": [kpi.name for kpi in plan.kpis],
        "at_least": np.arange(1, plan.calendar.quarters + 1),
    }
    arrays = {}
    for variable in (*SUMMARIES, *QUARTER_SUMMARIES):
        if variable.name not in values:
            continue
        dims = tuple(by if dim == "quarter" else dim for dim in variable.dims)
        unit = plan.currency if variable.unit == CURRENCY else variable.unit
        for name, array in ((variable.name, values), (variable.name + NUMERICAL_ERROR, errors)):
            about = {"units": unit, "long_name": variable.meaning}
            arrays[name] = xr.Variable(dims, array[variable.name][None], about)
    used = {dim for array in arrays.values() for dim in array.dims}
    text = dumps(plan)
    return xr.Dataset(
        arrays,
        {name: labels for name, labels in coords.items() if name in used},
        {
            "title": plan.name,
            "currency": plan.currency,
            "method": "exact",
            "refused": json.dumps(refused, sort_keys=True),
            "scenario": text,
            "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "funnelsim_version": version("funnelsim"),
            "numpy_version": np.__version__,
        },
    )
