"""What selling costs and returns, on a screen: the company, its segments, one more seat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.registry import SEGMENT as ALONE
from funnelsim.report.numbers import money, of_ten, plain, scale_of
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

YEAR = 12  # months
OFTEN_ASKED = {  # "an SDR returns 4x": of what, people differ
    "bookings": "bookings of the 12 months",
    "run rate": "run rate at their end",
}
SHOWN = (*OFTEN_ASKED, "lifetime")  # measures
MOST_ROWS = 6  # of periods on one screen; files hold them all
LONGEST = 20  # characters of a segment's name
WORDS = {"": "{}", "k": "thousands of {}", "M": "millions of {}", "B": "billions of {}",
         "T": "trillions of {}"}  # fmt: skip
LIMITS = (
    "Margins count only from what is booked since day 0. One more seat is hired in week 0 with "
    "nothing open; territory is not used up, so that the hundredth rep books as much as the first. "
    "Run rate: the last quarter's bookings over its cost."
)


def economics_text(plan: Scenario, result: xr.Dataset) -> Screen:
    """Return one screen about what selling costs and returns.

    Parameters
    ----------
    plan : Scenario
        What was asked about.
    result : xarray.Dataset
        What :func:`funnelsim.economics` says of it.
    """
    told = Told(result)
    by = str(result.attrs["by"])
    segments = [str(each) for each in told.labels("segment")]
    if len(segments) == 2:
        segments = segments[:1]  # the company is its one segment
    of = segments[-1]
    head = f"{plan.name}: {result.attrs['draws']:,} draws, seed {result.attrs['seed']}"
    answer = list(_sentences(plan, told, by, of))
    blocks: list[list[Line]] = [
        list(_periods(plan, told, by, of)),
        list(detail("commission", _commission(plan, told, by, of))),
    ]
    if len(segments) > 1:
        blocks.append(list(_segments(plan, told, by, segments)))
    added = [
        (segment, what)
        for segment in segments
        for what in map(str, told.labels("addition"))
        if told.get("addition_net_mean", segment=segment, addition=what).known
    ]
    if added and YEAR in told.labels("months"):
        blocks.append(list(_returns(plan, told, added)))
        for each in OFTEN_ASKED.items():
            chances = _chances(told, added, *each)
            blocks.append(list(detail("how likely one more seat returns its cost", chances)))
    blocks.append(list(detail("vacancies", _vacancies(plan, told, segments))))
    blocks.append([*detail("assumptions", filled(LIMITS)), *told.left_out()])
    return Screen(filled(head), answer, blocks)


def _sentences(plan: Scenario, told: Told, by: str, of: str) -> Iterator[str]:
    """Yield the answers that most people look for."""
    period = told.labels(by)[-1]
    last = {"segment": of, by: period}
    cost, months, life = (
        told.get(name, **last)
        for name in ("cost_of_sale", "cac_payback_months", "lifetime_to_cost")
    )
    if cost.known:
        hundred = money(100, plan.currency)
        yield from filled(
            f"In {by} {period} selling costs {cost.of_100} for each {hundred} booked. "
            f"{months.tight} months of the gross margin pay for it; over the lifetime of the "
            f"customers won it comes back {life.tight} times."
        )
    exceeded = told.get("budget_exceeded_probability", **{by: period})
    budget = told.get("commission_budget", **{by: period})
    yield from filled(
        f"Commission exceeds its budget of {money(budget.value, plan.currency)} in "
        f"{of_ten(exceeded.value, f'{by}s')}: {exceeded.percent}."
    )


def _periods(plan: Scenario, told: Told, by: str, of: str) -> Iterator[str]:
    """Yield the money of each period."""
    names = ("bookings_mean", "selling_cost_mean", "earned_margin_mean", "contribution_mean")
    found = {
        period: [told.get(name, **{"segment": of, by: period}) for name in names]
        for period in _shown(told.labels(by))
    }
    size, unit = unit_of(plan, [each.value for row in found.values() for each in row])
    rows = [[by, "booked", "selling costs", "margin earned", "contribution", "loss, %"]]
    for period, row in found.items():
        loss = told.get("loss_probability", **{"segment": of, by: period})
        rows.append([str(period), *(each.over(size).tight for each in row), loss.of_100])
    yield f"Contribution, in {unit}: margin earned less selling costs"
    yield from table(rows)


def _commission(plan: Scenario, told: Told, by: str, of: str) -> Iterator[str]:
    """Yield the commission of each period, and the risk of its budget."""
    found = {}
    for period in _shown(told.labels(by)):
        place = {"segment": of, by: period}
        found[period] = [
            told.get("cost_mean", **place, item="commission"),
            told.get("commission_sd", **place),
            told.get("commission_quantile", **place, probability=0.5),
            told.get("commission_quantile", **place, probability=0.9),
        ]
    size, unit = unit_of(plan, [each.value for row in found.values() for each in row])
    rows = [[by, "mean", "sd", "p50", "p90", "budget", "exceeded, %"]]
    for period, row in found.items():
        budget = told.get("commission_budget", **{by: period}).over(size)
        exceeded = told.get("budget_exceeded_probability", **{by: period})
        numbers = [each.over(size).tight for each in row]
        rows.append([str(period), *numbers, plain(budget.value), exceeded.of_100])
    yield f"Commission, in {unit}"
    yield from table(rows)


def _segments(plan: Scenario, told: Told, by: str, segments: list[str]) -> Iterator[str]:
    """Yield what sets segments apart, in the last period."""
    last = told.labels(by)[-1]
    found = {
        segment: [
            told.get(name, **{"segment": segment, by: last})
            for name in ("bookings_mean", "selling_cost_mean")
        ]
        for segment in segments
    }
    size, unit = unit_of(plan, [each.value for row in found.values() for each in row])
    rows = [["", "booked", "selling costs", "of booked, %", "months back", "LTV:CAC"]]
    for segment, row in found.items():
        cost, *ratios = (
            told.get(name, **{"segment": segment, by: last})
            for name in ("cost_of_sale", "cac_payback_months", "lifetime_to_cost")
        )
        cells = [*(each.over(size).tight for each in row), cost.of_100]
        rows.append([shortened(segment, LONGEST), *cells, *(each.tight for each in ratios)])
    yield f"Segments in {by} {last}, in {unit}"
    yield from table(rows)


def _returns(plan: Scenario, told: Told, added: list[tuple[str, str]]) -> Iterator[str]:
    """Yield what one more seat returns within a year."""
    costs = [_at_year(told, "addition_cost_mean", *each) for each in added]
    size, unit = unit_of(plan, [each.value for each in costs])
    rows = [["", "cost", *SHOWN, "months back"]]
    for (segment, what), cost in zip(added, costs, strict=True):
        rates = (
            _at_year(told, "return_of_means", segment, what, measure=measure).tight
            for measure in SHOWN
        )
        back = [
            told.get("payback_quantile", segment=segment, addition=what, probability=p)
            for p in (0.1, 0.5, 0.9)
        ]
        months = " ".join(f"{each.value:.0f}" if each.known else "-" for each in back)
        rows.append([_added(segment, what), cost.over(size).tight, *rates, months])
    yield from filled(
        f"One more seat after 12 months: its cost in {unit}, returns as multiples of it, and the "
        "months until the margin earned has paid for it in 10, 50 and 90 of 100 worlds"
    )
    yield from table(rows)


def _chances(told: Told, added: list[tuple[str, str]], measure: str, said: str) -> Iterator[str]:
    """Yield how likely one more seat returns multiples of its cost within a year."""
    times = [float(str(each)) for each in told.labels("times")]
    rows = [["", *(f"{each:g}x" for each in times)]]
    for segment, what in added:
        chances = (
            _at_year(told, "return_probability", segment, what, measure=measure, times=each)
            for each in times
        )
        rows.append([_added(segment, what), *(each.of_100 for each in chances)])
    yield f"Chance that it returns so many times its cost: {said}, %"
    yield from table(rows)


def _added(segment: str, what: str) -> str:
    """Return what is added where; where there are no segments, only what."""
    return what if segment == ALONE else f"{what}, {shortened(segment, LONGEST)}"


def _shown(periods: list[object]) -> list[object]:
    """Return the first periods and the last, as many as a screen has room for."""
    return periods if len(periods) <= MOST_ROWS else [*periods[: MOST_ROWS - 1], periods[-1]]


def _at_year(told: Told, name: str, segment: str, what: str, **labels: object) -> Number:
    return told.get(name, segment=segment, addition=what, months=YEAR, **labels)


def _vacancies(plan: Scenario, told: Told, segments: list[str]) -> Iterator[str]:
    """Yield a sentence for each segment that has vacancies."""
    if "vacancy_cost_mean" not in told.result:  # nobody leaves
        return
    for segment in segments:
        weeks = told.get("vacant_weeks_mean", segment=segment)
        if weeks.known:
            lost, cost = (
                told.get(name, segment=segment).money(plan.currency)
                for name in ("vacancy_bookings_per_week", "vacancy_cost_per_week")
            )
            yield from filled(
                f"{shortened(segment, LONGEST)}: {weeks.tight} vacant weeks a quarter. Each costs "
                f"{lost} of bookings within the horizon, and {cost} of their lifetime margin less "
                "the costs saved."
            )


def unit_of(plan: Scenario, amounts: list[float]) -> tuple[float, str]:
    """Return a unit in which the largest amount of a table has two digits or more."""
    size, letter = scale_of(max(map(abs, amounts), default=0.0) / 10)
    return size, WORDS[letter].format(plan.currency)
