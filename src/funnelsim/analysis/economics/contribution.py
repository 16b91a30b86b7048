"""contribution(): plans side by side in money, on shared luck: hiring paces, for instance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.attainment import NO_VARIANCE
from funnelsim.analysis.economics.accounts import Account, account, pay_of, share_of
from funnelsim.analysis.economics.economics import (
    FEWEST_DRAWS,
    NO_YEAR,
    block_of,
    lacks_variance,
)
from funnelsim.analysis.economics.flows import Pair, Quantiles, periods
from funnelsim.analysis.estimates import Means
from funnelsim.analysis.levers.answered import labelled
from funnelsim.analysis.tally import QUANTILES, QUARTERS_PER_YEAR, never_certain
from funnelsim.engine.blocks import Progress, Run, Samples, sample_blocks
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError
from funnelsim.scenario.given import check_scenarios
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]

MOST_PLANS = 50


def contribution(
    plans: Mapping[str, Scenario],
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compare plans by what they contribute: margin earned less cost of selling, company-wide.

    Parameters
    ----------
    plans : mapping of str to Scenario
        By name, of one currency and horizon. Differences are from the first.
    draws : int
        2 to 2**32; memory does not grow with them.
    seed : int
        0 to 2**63 - 1. Plans share their luck wherever they agree.
    threads : int, optional
        Defaults to the processors that this process may use.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        By scenario: contributions by year and over the horizon, their paired differences, what
        comes of the money quarter by quarter, and the funding it takes; the last variables of
        ``registry.ECONOMICS``. Each estimate with its standard error over draws.

    Raises
    ------
    ArgumentError
        Where an argument is out of range, or plans differ in currency or horizon.
    ScenarioError
        Where a segment states no pay.

    Notes
    -----
    Only margins of the horizon count in a contribution, so that it takes late hires for a loss;
    ``value_mean`` counts the whole lifetime of what was booked.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"pay": {"ote": 165_000}})
    >>> told = contribution(
    ...     {"as is": plan, "cheaper": plan.replace({"pay.ote": 150_000})}, draws=2_000, seed=1
    ... )
    >>> bool(told.contribution_total_difference.sel(scenario="cheaper") > 15_000)
    True
    """
    first = _checked(plans, draws)
    teams = {name: list(plan.team.items()) for name, plan in plans.items()}
    runs: list[Run] = []
    places: dict[str, list[int]] = {}
    for name, team in teams.items():
        own = [
            Run(each.model_copy(update={"kpis": ()}), each.headcount, hired=True, segment=segment)
            for segment, each in team
        ]
        runs += [run for run in own if run not in runs]
        places[name] = [runs.index(run) for run in own]
    sums = _Sums(len(plans), first.calendar.quarters)
    for samples in sample_blocks(
        runs, draws=draws, seed=seed, threads=threads, progress=progress, block=block_of(runs)
    ):
        sums.add(
            [
                _whole(
                    [(each, samples[k]) for (_, each), k in zip(team, places[name], strict=True)]
                )
                for name, team in teams.items()
            ]
        )
    numbers = sums.answers()
    refused = {}
    if any(lacks_variance(plan.team) for plan in plans.values()):
        for name, (value, error) in numbers.items():
            if not name.endswith(("_quantile", "_probability")):
                numbers[name] = value, np.full_like(error, np.nan)
                refused[f"{name}_standard_error"] = NO_VARIANCE
    if first.calendar.quarters < QUARTERS_PER_YEAR:
        refused["contribution_by_year_mean"] = NO_YEAR
    attrs = provenance(first) | {"method": "simulated", "draws": draws, "seed": seed}
    return labelled(
        first,
        numbers,
        {
            "scenario": list(plans),
            "quarter": np.arange(1, first.calendar.quarters + 1),
            "year": np.arange(1, first.calendar.quarters // QUARTERS_PER_YEAR + 1),
            "probability": list(QUANTILES),
        },
        attrs | {"stream_version": STREAM_VERSION},
        refused,
    )


def _checked(plans: Mapping[str, Scenario], draws: int) -> Scenario:
    """Return the first plan, if all can be compared with it."""
    if draws < FEWEST_DRAWS:
        raise ArgumentError(f"draws = {draws}: must be at least {FEWEST_DRAWS}: one has no error.")
    check_scenarios(plans)
    if len(plans) > MOST_PLANS:
        raise ArgumentError(f"plans: must be 1 to {MOST_PLANS}, not {len(plans)}.")
    first = next(iter(plans.values()))
    for name, plan in plans.items():
        if plan.currency != first.currency or plan.calendar.quarters != first.calendar.quarters:
            raise ArgumentError(f"plans: '{name}' differs in currency or calendar.quarters.")
        for each in plan.team.values():
            pay_of(each)
    return first


def _whole(segments: list[tuple[Scenario, Samples]]) -> tuple[Account, Floats]:
    """Return the account of the company, and its filled seats, (draw, quarter)."""
    accounts = [account(each, samples) for each, samples in segments]
    whole = accounts[0]
    for other in accounts[1:]:
        whole = whole + other
    filled = sum(share_of(samples, "filled").sum(axis=1) for _, samples in segments)
    return whole, np.asarray(filled)


class _Sums:
    """What plans come to, over draws."""

    def __init__(self, plans: int, quarters: int) -> None:
        self._shape = (plans, quarters)
        self._means, self._paths = Means(), [Means() for _ in range(plans)]
        self._totals, self._funding = ([Quantiles() for _ in range(plans)] for _ in range(2))
        self._cash = {place: Quantiles() for place in np.ndindex(self._shape)}

    def add(self, plans: list[tuple[Account, Floats]]) -> None:
        """Take in a block of draws."""
        totals, values = [], []
        for index, (each, filled) in enumerate(plans):
            net = each.earned - each.cost
            cash = np.cumsum(net, axis=1)
            totals.append(cash[:, -1])
            values.append((each.lifetime - each.cost).sum(axis=1))
            columns = {"cash": cash, "filled": filled, "years": periods(net, by_year=True)}
            self._paths[index].add({name: of for name, of in columns.items() if of.size})
            self._totals[index].add(cash[:, -1])
            self._funding[index].add(np.maximum(-cash.min(axis=1), 0.0))
            for quarter in range(self._shape[1]):
                self._cash[index, quarter].add(cash[:, quarter])
        total = np.stack(totals, axis=1)
        ahead = (total > total[:, :1]) + 0.5 * (total == total[:, :1])
        self._means.add({"total": total, "value": np.stack(values, axis=1), "ahead": ahead})

    def answers(self) -> dict[str, Pair]:
        """Return estimates and their standard errors."""
        m = self._means
        found = {
            "contribution_total_mean": m["total"].pair,
            "contribution_total_difference": (m["total"] - m["total"][[0]]).pair,
            "contribution_total_quantile": _stacked([each.estimates() for each in self._totals]),
            "contribution_ahead_probability": never_certain(m["ahead"].pair, m.draws),
            "value_mean": m["value"].pair,
            "value_difference": (m["value"] - m["value"][[0]]).pair,
            "funding_quantile": _stacked([each.estimates() for each in self._funding]),
            "cash_mean": _stacked([each["cash"].pair for each in self._paths]),
            "filled_seats_mean": _stacked([each["filled"].pair for each in self._paths]),
        }
        cash = _stacked([each.estimates() for each in self._cash.values()])
        found["cash_quantile"] = tuple(each.reshape(*self._shape, -1) for each in cash)  # type: ignore[assignment]
        if self._shape[1] >= QUARTERS_PER_YEAR:
            found["contribution_by_year_mean"] = _stacked([p["years"].pair for p in self._paths])
        return found


def _stacked(pairs: list[Pair]) -> Pair:
    return np.stack([value for value, _ in pairs]), np.stack([error for _, error in pairs])
