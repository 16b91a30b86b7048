"""Plans side by side in money, on a screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.economics import unit_of
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

LONGEST = 22  # characters of a plan's name
MOST_YEARS = 3  # on one screen; files hold them all
NOTES = (
    "Contribution: margin earned from what is booked since day 0, less selling costs. What is "
    "still to come after the horizon is in no contribution; lifetime margin less costs holds it. "
    "Differences are paired: the plans share their luck."
)
FUNDING = "Funding: how far costs ever run ahead of margins, not exceeded in 90 of 100 worlds."


def contribution_text(plan: Scenario, result: xr.Dataset) -> Screen:
    """Return one screen about plans side by side.

    Parameters
    ----------
    plan : Scenario
        The first of them.
    result : xarray.Dataset
        What :func:`funnelsim.contribution` says of it.
    """
    told = Told(result)
    names = [str(each) for each in told.labels("scenario")]
    head = f"{plan.name}: {result.attrs['draws']:,} draws, seed {result.attrs['seed']}"
    blocks: list[list[Line]] = [
        list(_money(plan, told, names)),
        list(_against(plan, told, names)),
        [*filled(FUNDING), *detail("what words mean", filled(NOTES)), *told.left_out()],
    ]
    return Screen(filled(head), filled(f"{_most_said(plan, told, names)}."), blocks)


def _most_said(plan: Scenario, told: Told, names: list[str]) -> str:
    """Say which plan contributes most over the horizon, as far as the draws can tell."""
    first, *others = names
    total = told.get("contribution_total_mean", scenario=first).money(plan.currency)
    said = f"Over the horizon, {shortened(first, LONGEST)} contributes {total}"
    change = {name: told.get("contribution_total_difference", scenario=name) for name in others}
    best = max(others, key=lambda name: change[name].value, default=first)
    if not others:
        return said
    if change[best].value <= 0 or not change[best].measurable:
        return f"{said}; no other plan is known to contribute more"
    gap = change[best].money(plan.currency)
    rank = ", the most of all" if len(others) > 1 else ""
    return f"{said}; {shortened(best, LONGEST)} contributes {gap} more{rank}"


def _money(plan: Scenario, told: Told, names: list[str]) -> Iterator[str]:
    """Yield the contribution of each plan by year, and what it takes."""
    years = told.labels("year")[:MOST_YEARS] if told.knows("contribution_by_year_mean") else []
    found = {
        name: [
            *(told.get("contribution_by_year_mean", scenario=name, year=year) for year in years),
            told.get("contribution_total_mean", scenario=name),
            told.get("funding_quantile", scenario=name, probability=0.9),
        ]
        for name in names
    }
    size, unit = unit_of(plan, [each.value for row in found.values() for each in row])
    rows = [["", *(f"year {year}" for year in years), "horizon", "funding"]]
    for name, row in found.items():
        rows.append([shortened(name, LONGEST), *(each.over(size).tight for each in row)])
    yield f"Contribution, in {unit}"
    yield from table(rows)


def _against(plan: Scenario, told: Told, names: list[str]) -> Iterator[str]:
    """Yield how each plan differs from the first."""
    if len(names) < 2:
        return
    found = {
        name: [
            told.get(f"{of}_difference", scenario=name) for of in ("contribution_total", "value")
        ]
        for name in names[1:]
    }
    size, unit = unit_of(plan, [each.value for row in found.values() for each in row])
    rows = [["", "contribution", "lifetime less costs", "ahead, of 100"]]
    for name, row in found.items():
        ahead = told.get("contribution_ahead_probability", scenario=name)
        cells = [*(each.over(size).tight for each in row), ahead.of_100]
        rows.append([shortened(name, LONGEST), *cells])
    yield f"Less that of '{shortened(names[0], LONGEST)}', over the horizon, in {unit}"
    yield from table(rows)
