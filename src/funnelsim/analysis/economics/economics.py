"""economics(): what selling costs and what it returns, of a team and of one more seat."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.attainment import NO_FOURTH_MOMENT, NO_VARIANCE, least_shape
from funnelsim.analysis.economics.accounts import COMPANY, ITEMS, account, pay_of, presence
from funnelsim.analysis.economics.additions import (
    ADDITIONS,
    MEASURES,
    Returns,
    account_of,
    additions_of,
    with_one_more,
)
from funnelsim.analysis.economics.customers import lifetime_margin
from funnelsim.analysis.economics.flows import Flows, periods
from funnelsim.analysis.economics.vacancies import (
    Vacancies,
    empty_weeks,
    filled_at_once,
    has_vacancies,
)
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.levers.levers import checked_number, is_finite
from funnelsim.analysis.tally import QUANTILES, QUARTERS_PER_YEAR
from funnelsim.engine.blocks import Progress, Run, bytes_per_draw, sample_blocks
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario, SizeLaw

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

TIMES = (1.0, 2.0, 3.0, 4.0, 5.0)
BLOCK, LEAST_BLOCK = 8_192, 64  # draws of all runs that are in memory at a time
BLOCK_BYTES = 1 << 26  # that a block should take; two a thread are in memory
FEWEST_DRAWS = 2
NOTHING_SOLD = "some draws sell nothing, so that their cost has nothing to be a share of"
NEVER_EXCEEDED = "the budget was never exceeded: take more draws"
NO_YEAR = "the horizon has no whole year: set calendar.quarters to 4 or more"
NOT_BACK = "in more of the draws than that, costs do not come back within the horizon"
NO_VACANCIES = "no segment has attrition whose seats stay empty for a while"


def economics(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    by: Literal["quarter", "year"] = "quarter",
    budget: float | None = None,
    times: Sequence[float] = TIMES,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Estimate what selling costs and returns: of each segment, the company, and one more seat.

    Parameters
    ----------
    plan : Scenario
        Every segment states [pay]; [economics] says what a sale is worth.
    draws : int
        2 to 2**32; memory does not grow with them.
    seed : int
        0 to 2**63 - 1. All parts of the answer share their luck.
    by : {"quarter", "year"}
        Periods of bookings, costs and margins.
    budget : float, optional
        The company's commission of a quarter, currency; by default the variable pay of all seats
        at quota.
    times : sequence of float
        Multiples of its cost that one more seat may return; each at least 0.
    threads : int, optional
        Defaults to the processors that this process may use.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        The variables of ``registry.ECONOMICS``, each estimate with its standard error over draws
        under the same name + ``_standard_error``. Segments are those of the plan and "company".
        What is not known is NaN or left out, with its reason in the attribute ``refused`` (JSON).

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or ``by="year"`` finds no whole year.
    ScenarioError
        Where a segment states no pay.

    Notes
    -----
    Derived in docs/how-to/what-does-a-seat-return.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"pay": {"ote": 165_000}})
    >>> told = fs.economics(plan, draws=2_000, seed=1, by="year")
    >>> cost = told.selling_cost_mean.sel(segment="rep", year=1)
    >>> bool(165_000 * 1.2 < cost < 165_000 * 1.6)
    True
    """
    _check(plan, draws, by, times, budget)
    team = {name: each.model_copy(update={"kpis": ()}) for name, each in plan.team.items()}
    for each in team.values():
        pay_of(each)
    names = [*team, COMPANY]
    additions = additions_of(team)
    vacant = [name for name, each in team.items() if has_vacancies(each)]
    runs = [
        *(
            Run(with_one_more(each), each.headcount, hired=True, segment=name)
            for name, each in team.items()
        ),
        *(each.run for each in additions if each.run is not None),
        *(
            Run(filled_at_once(team[name]), team[name].headcount, hired=True, segment=name)
            for name in vacant
        ),
    ]
    budgets = np.full(plan.calendar.quarters, budget) if budget is not None else _at_quota(team)
    by_year = by == "year"
    budgets = periods(budgets[None], by_year)[0]
    margins = np.array(
        [each.economics.gross_margin * (each.quota.of == "bookings") for each in team.values()]
    )
    flows = Flows(margins, budgets, by_year=by_year)
    returns = Returns(additions, names, plan.calendar.quarters, times)
    vacancies = Vacancies([names.index(n) for n in vacant], len(names), plan.calendar.quarters)
    for samples in sample_blocks(
        runs, draws=draws, seed=seed, threads=threads, progress=progress, block=block_of(runs)
    ):
        by_name = dict(zip(team, samples, strict=False))
        others = iter(samples[len(team) :])
        accounts = {n: account(each, by_name[n], slice(each.seats)) for n, each in team.items()}
        flows.add(list(accounts.values()))
        returns.add(
            [
                account_of(each, by_name[each.segment], next(others) if each.run else None)
                for each in additions
            ]
        )
        vacancies.add(
            [accounts[n] for n in vacant],
            [account(filled_at_once(team[n]), own) for n, own in zip(vacant, others, strict=True)],
            [empty_weeks(team[n], by_name[n], slice(team[n].seats)) for n in vacant],
        )
    answers = flows.answers() | returns.answers() | vacancies.answers()
    stated = _stated(team)
    numbers: dict[str, npt.ArrayLike | Pair] = dict(answers) | stated
    refused = _blanked(team, numbers)
    numbers["commission_budget"] = budgets
    if not vacant:
        refused["vacancy_cost_mean"] = NO_VACANCIES
    if not returns.months:
        refused["return_probability"] = NO_YEAR
    attrs = provenance(plan) | {"method": "simulated", "by": by}
    told = labelled(
        plan,
        numbers,
        {
            "segment": names,
            "quarter": np.arange(1, len(budgets) + 1),
            "item": list(ITEMS),
            "probability": list(QUANTILES),
            "addition": list(ADDITIONS),
            "measure": list(MEASURES),
            "months": returns.months,
            "month": returns.month,
            "times": list(times),
        },
        attrs | {"draws": draws, "seed": seed, "stream_version": STREAM_VERSION},
        refused,
        stated=[*stated, "commission_budget"],
    )
    return told.rename(quarter="year") if by_year else told


def _check(
    plan: Scenario, draws: int, by: str, times: Sequence[float], budget: float | None
) -> None:
    check_scenario(plan)
    if by not in ("quarter", "year"):
        raise ArgumentError(f"by = {by!r}: must be 'quarter' or 'year'.")
    if by == "year" and plan.calendar.quarters < QUARTERS_PER_YEAR:
        raise ArgumentError(f"by = 'year': {NO_YEAR}.")
    if draws < FEWEST_DRAWS:
        raise ArgumentError(f"draws = {draws}: must be at least {FEWEST_DRAWS}: one has no error.")
    if not _are_multiples(times):
        raise ArgumentError(
            f"times = {times!r}: must be one or more multiples, 0 or above, such as [1, 4]."
        )
    if budget is not None:
        checked_number("budget", budget, 0, math.inf)


def _are_multiples(times: object) -> bool:
    stated = list(times) if isinstance(times, Collection) else []
    return bool(stated) and all(is_finite(each) and each >= 0 for each in stated)


def block_of(runs: Sequence[Run]) -> int:
    """Return the draws that a block holds, for all runs together."""
    size = sum(run.seats * bytes_per_draw(run.packed()) for run in runs)
    return min(max(BLOCK_BYTES // size, LEAST_BLOCK), BLOCK)


def _at_quota(team: Mapping[str, Scenario]) -> Floats:
    """Return the variable pay of all seats at quota, (quarter,)."""
    paid = (
        pay_of(each).ote * pay_of(each).variable / QUARTERS_PER_YEAR
        * (presence(each) > 0).sum(axis=0)
        for each in team.values()
    )  # fmt: skip
    return np.asarray(np.sum(list(paid), axis=0, dtype=np.float64))


def _stated(team: Mapping[str, Scenario]) -> dict[str, npt.ArrayLike]:
    """Return what follows from the plan without luck, (segment,); the company has none."""
    rows = [
        (
            pay_of(each).ote * (1 + pay_of(each).on_costs) + pay_of(each).overhead,
            each.economics.gross_retention,
            each.economics.net_retention,
            lifetime_margin(each.economics),
        )
        for each in team.values()
    ]
    values = np.array([*rows, (np.nan,) * 4]).T
    names = ("seat_cost_at_quota", "gross_retention", "net_retention", "lifetime_margin_of_1")
    return dict(zip(names, values, strict=True))


def _blanked(
    team: Mapping[str, Scenario], numbers: dict[str, npt.ArrayLike | Pair]
) -> dict[str, str]:
    """Blank out what does not exist; return why, and why what is not known is not."""
    shape, refused = _least_shape(team), {}
    for name, number in numbers.items():
        if not isinstance(number, tuple) or name.endswith(("_quantile", "_probability")):
            continue
        value, error = number
        if name.endswith("_sd") and shape <= 2:
            numbers[name] = np.full_like(value, np.nan), np.full_like(error, np.nan)
            refused[name] = NO_VARIANCE
        elif shape <= 2 or (name.endswith("_sd") and shape <= 4):
            numbers[name] = value, np.full_like(error, np.nan)
            reason = NO_VARIANCE if shape <= 2 else NO_FOURTH_MOMENT
            refused[f"{name}_standard_error"] = reason
    for name, reason in (
        ("cost_of_sale_quantile", NOTHING_SOLD),
        ("budget_excess_mean", NEVER_EXCEEDED),
        ("payback_quantile", NOT_BACK),
    ):
        found = numbers.get(name)
        if isinstance(found, tuple) and np.isnan(found[0]).any():
            refused.setdefault(name, reason)
    return refused


def lacks_variance(team: Mapping[str, Scenario]) -> bool:
    """Tell whether bookings have no variance, so that means have no standard error."""
    return _least_shape(team) <= 2


def _least_shape(team: Mapping[str, Scenario]) -> float:
    laws: list[SizeLaw] = []
    for each in team.values():
        laws += map(each.deal_size_of, (None, *each.sources))
        laws += [each.windfall] if each.windfall is not None else []
    return least_shape(laws)
