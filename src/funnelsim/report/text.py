"""Summaries as a screen of text.

Every simulated number stands with its standard error, exact ones stand in a column of their own,
and what was only observed is called observed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from funnelsim.registry import BY_NAME, NUMERICAL_ERROR, STANDARD_ERROR
from funnelsim.report.numbers import money, of_ten, percent, with_error
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.told import filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.answers import Answer
    from funnelsim.scenario.model import Scenario

WIDTH = 80
MOST_ROWS = 5  # of quarters, years or counts on one screen; files hold them all

APART = "apart: in standard errors; below 2 in 19 of 20 cases, hardly ever above 4."
OBSERVED = (
    "observed: what went together, not what a policy brings. Busy weeks and able reps hit KPIs and "
    "quota alike; a policy's effect takes a run of its own (--set policy.floor_per_week=60)."
)

# How a value and, where it was simulated, its standard error are shown.
Show = Callable[[float, float | None], str]


def summary_text(answer: Answer, check: Answer | None = None, no_check: str = "") -> Screen:
    """Return one screen about a plan.

    Parameters
    ----------
    answer : Answer
        What was simulated, or computed exactly.
    check : Answer, optional
        The exact answer, to stand beside a simulated one.
    no_check : str
        Why there is no ``check``.
    """
    sides = [answer] if check is None else [answer, check]
    quarters = detailed_quarters(answer.plan)
    rows = [_header(sides), *_attainment(sides), *_amounts(sides, quarters)]
    further = [row for quarter in quarters for row in _details(sides, quarter)]
    lines = table([*rows, *further])  # of one width
    return Screen(
        filled(_heading(answer)),
        list(_sentence(sides)),
        [
            lines[: len(rows)],
            [*detail("deals, activities, stages and KPIs", lines[len(rows) :])],
            [*_words(sides), *_notes(sides, no_check)],
        ],
    )


def _heading(answer: Answer) -> str:
    attrs = answer.quarterly.attrs
    if attrs["method"] == "exact":
        made = "computed exactly, without noise"
    else:
        made = f"{attrs['draws']:,} draws, seed {attrs['seed']}"
    return f"{answer.plan.name}: {made}"


def _sentence(sides: Sequence[Answer]) -> Iterator[str]:
    """Say how often quota is made over the quarters of the horizon, exactly where it is known."""
    known = [side for side in sides if "attainment_probability" in side.quarterly]
    if not known:
        return
    plan = known[-1].plan
    probability = float(known[-1].quarterly["attainment_probability"].mean())
    often = of_ten(probability, "quarters")
    quotas = set(plan.quotas)
    quota = f"the quota of {money(quotas.pop(), plan.currency)}" if len(quotas) == 1 else "quota"
    share = f"{100 * probability:.0f} %"
    if _method(known[-1]) != "exact":  # quarters of a draw go together: no less sure than that
        error = float(known[-1].quarterly[f"attainment_probability{STANDARD_ERROR}"].mean())
        share = percent(probability, error)
    yield from filled(f"{often[0].upper()}{often[1:]} make {quota}: {share}.")


def _header(sides: Sequence[Answer]) -> list[str]:
    return ["", *(_method(side) for side in sides), *(["apart"] if len(sides) > 1 else [])]


def _method(side: Answer) -> str:
    return str(side.quarterly.attrs["method"])


def _attainment(sides: Sequence[Answer]) -> Iterator[list[str]]:
    quarters = sides[0].plan.calendar.quarters
    name = "attainment_probability"
    for quarter in first_and_last(quarters):
        yield from _row(sides, f"quota made in quarter {quarter}", percent, name, quarter - 1)
    for year in first_and_last(quarters // 4):
        yield from _row(sides, f"quota made in year {year}", percent, name, year - 1, by_year=True)
    if quarters > 1:
        for count in sorted({1, *(math.ceil(quarters * k / 4) for k in (1, 2, 3, 4))}):
            label = f"quota made in at least {count} of {quarters}"
            yield from _row(sides, label, percent, "at_least_probability", count - 1)


def _amounts(sides: Sequence[Answer], quarters: Sequence[int]) -> Iterator[list[str]]:
    """Yield what quarters bring, and how often that makes quota without luck."""
    for quarter in quarters:
        where = f" in quarter {quarter}" if len(quarters) > 1 else ""
        if _is_lucky(sides[0].plan):
            label = f"quota made{where} without windfall, whale"
            name = "repeatable_attainment_probability"
            yield from _row(sides, label, percent, name, quarter - 1)
        label = f"bookings{where}, mean"
        show = _money_of(sides[0].plan)
        yield from _row(sides, label, show, "bookings_mean", quarter - 1)
        for index, tenths in enumerate((9, 5, 1)):
            label = f"  {tenths} of 10 bring at least"
            yield from _row(sides, label, show, "bookings_quantile", quarter - 1, index)


def _is_lucky(plan: Scenario) -> bool:
    return plan.windfall is not None or plan.deal_size.whale is not None


def _money_of(plan: Scenario) -> Show:
    return lambda value, error: money(value, plan.currency, error)


def _details(sides: Sequence[Answer], quarter: int) -> Iterator[list[str]]:
    """Yield what else there is to know of a quarter."""
    plan = sides[0].plan
    amount = _money_of(plan)

    def row(label: str, show: Show, name: str, *own: int) -> Iterator[list[str]]:
        return _row(sides, label, show, name, quarter - 1, *own)

    yield [f"in quarter {quarter}"]
    yield from row("120 % of quota or more", percent, "overachievement_probability")
    yield from row("no deal at all", percent, "no_deal_probability")
    if _is_lucky(plan):
        yield from row("windfalls and whales, mean", amount, "windfall_bookings_mean")
    yield from row("short of quota where missed, mean", amount, "shortfall_given_miss_mean")
    yield from row("activities, mean", _count, "activities_mean")
    for index, stage in enumerate(plan.stage_names):
        yield from row(f"{stage}, mean", _count, "reached_mean", index)
    for index, kpi in enumerate(plan.kpis):
        yield from row(f"KPI {kpi.name} hit", percent, "kpi_probability", index)
    if len(plan.kpis) > 1:
        yield from row("all KPIs hit", percent, "kpi_attainment_probability")
    if plan.kpis:
        all_kpis = "KPI" if len(plan.kpis) == 1 else "all KPIs"
        yield from row(
            f"quota made, {all_kpis} hit (observed)", percent, "attainment_given_kpi_hit"
        )
        yield from row("quota made, KPI missed (observed)", percent, "attainment_given_kpi_missed")


def _row(
    sides: Sequence[Answer], label: str, show: Show, name: str, *index: int, by_year: bool = False
) -> Iterator[list[str]]:
    """Yield the row of one number, if there is such a number."""
    found = [_estimate(side.yearly if by_year else side.quarterly, name, index) for side in sides]
    if found[0] is None:
        return
    cells = [
        "" if each is None else show(each[0], None if _method(side) == "exact" else each[1])
        for side, each in zip(sides, found, strict=True)
    ]
    if len(sides) > 1 and found[1] is not None:
        (value, error), (exact, _) = found[0], found[1]
        cells.append(f"{abs(value - exact) / error:.1f}" if error > 0 else "-")
    yield [label, *cells]


def _estimate(
    summary: xr.Dataset | None, name: str, index: tuple[int, ...]
) -> tuple[float, float] | None:
    """Return value and error of the first segment at an index."""
    if summary is None or name not in summary:
        return None
    error = NUMERICAL_ERROR if summary.attrs["method"] == "exact" else STANDARD_ERROR
    return float(summary[name].values[0, *index]), float(summary[name + error].values[0, *index])


def _count(value: float, error: float | None) -> str:
    return f"{value:,.3f}" if error is None else with_error(value, error)


def first_and_last(count: int) -> list[int]:
    """Return the numbers from 1 to a count, or where these are many the first and the last."""
    numbers = list(range(1, count + 1))
    return numbers if count <= MOST_ROWS else [*numbers[: MOST_ROWS - 1], count]


def detailed_quarters(plan: Scenario) -> list[int]:
    """Return the first quarter, and the last as well where the plan makes them differ."""
    last = plan.calendar.quarters
    alike = (
        plan.calendar.start == "steady"
        and len(set(plan.quotas)) == 1
        and len(set(plan.market.season)) == 1
        and plan.policy.start_week is None
    )
    return [1] if alike or last == 1 else [1, last]


def table(rows: Iterable[list[str]]) -> list[str]:
    """Return rows as lines of at most 80 columns: labels to the left, numbers to the right.

    Examples
    --------
    >>> table([["", "exact"], ["made", "45 %"]])
    ['      exact', 'made   45 %']
    """
    rows = list(rows)
    columns = max(len(row) for row in rows)
    padded = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(len(row[k]) for row in padded) for k in range(columns)]
    widths[0] = min(widths[0], max(WIDTH - sum(widths[1:]) - 2 * (columns - 1), 12))
    return [
        "  ".join(
            [
                shortened(row[0], widths[0]).ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in padded
    ]


def _words(sides: Sequence[Answer]) -> Iterator[Line]:
    """Yield what the words beside numbers mean."""
    if len(sides) > 1:
        yield APART
    if sides[0].plan.kpis and "attainment_given_kpi_hit" in sides[0].quarterly:
        yield from detail("what words mean", filled(OBSERVED))


def _notes(sides: Sequence[Answer], no_check: str) -> Iterator[str]:
    """Yield what could not be told, and why."""
    if no_check:
        yield from filled(f"No exact values beside these: {no_check}")
    reasons: dict[str, str] = {}
    for side in sides:
        refused = json.loads(side.quarterly.attrs.get("refused", "{}"))
        for name in BY_NAME:
            said = name.replace("_", " ")
            if name in refused:
                reasons.setdefault(said, refused[name])
            elif name + STANDARD_ERROR in refused:
                reasons.setdefault(f"error of {said}", refused[name + STANDARD_ERROR])
        if side.no_years:
            reasons.setdefault("the year", side.no_years)
    for reason in dict.fromkeys(reasons.values()):
        names = ", ".join(name for name, why in reasons.items() if why == reason)
        yield from filled(f"Left out: {names}. Why: {reason.rstrip('.')}.")
