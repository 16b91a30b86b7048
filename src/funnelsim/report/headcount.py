"""How many reps a plan takes, what costs it certainty and what to do next, on one screen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.analysis.sizing.company import COMPANY
from funnelsim.report.numbers import money, of_ten, plain, scale_of
from funnelsim.report.screen import Detail, Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import Number, Told, filled

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

IN_PROPORTION = "all, in proportion"
CAUSES = {
    "attrition": "reps who leave",
    "vacancies": "of that, seats empty until filled",
    "ramp": "ramp of those hired",
    "market": "a market that moves all",
    "uncertainty": "rates that nobody knows",
    "late hires": "hires that come after day 0",
}
MOST_STEPS = 6  # that are listed at first
MOST_NAMES = 3  # of steps that are not told apart
DIGITS = 100  # amounts are shown as so many units at least
POINTS = (
    "points: change of P(plan), paired; reps: as many reps on day 0, where one helps most, do as "
    "much; bookings: change of their mean in the period."
)
COSTS = (
    "cost: what is paid in the period beyond the plan: pay while in seat, SDRs, hiring, commission "
    "on what the step brings, on-costs; or all of it as --cost states."
)
KINDS_WITH_COST = "rep, hire, SDR, pod, activity, win rate, ramp, attrition, hiring"


def headcount_text(
    plan: Scenario, result: xr.Dataset, team: xr.Dataset, steps: xr.Dataset
) -> Screen:
    """Return one screen about the size of a team.

    Parameters
    ----------
    plan : Scenario
        What was asked about.
    result : xarray.Dataset
        What :func:`funnelsim.headcount` says of it.
    team : xarray.Dataset
        What :func:`funnelsim.team` says of it, by the same periods.
    steps : xarray.Dataset
        What :func:`funnelsim.next_step` says of it.
    """
    told, causes, further = Told(result), Told(team), Told(steps)
    attrs = result.attrs
    head = f"{attrs['title']}: {attrs['draws']:,} draws, seed {attrs['seed']}; ±: standard error"
    answer = list(_plan(plan, told))
    blocks: list[list[Line]] = [
        list(_headcounts(plan, told)),
        list(detail("hires in later weeks", _hires(plan, told))),
        list(detail("what costs certainty", _causes(told, causes))),
        list(_steps(plan, further)),
    ]
    return Screen(filled(head), answer, [*blocks, list(told.left_out())])


def lowest_period(told: Told) -> str:
    """Return the period in which P(plan) is lowest."""
    periods = [str(each) for each in told.labels("period")]
    return min(periods, key=lambda each: told.get("period_plan_probability", period=each).value)


def _plan(plan: Scenario, told: Told) -> Iterator[str]:
    """Say what the plan is, and how likely it is made."""
    period = lowest_period(told)
    chance = told.get("period_plan_probability", period=period)
    target = float(told.result["target"].sel(period=period))
    by = str(told.result.attrs["by"])
    of = f"{period}, the {by} with the lowest chance" if len(told.labels("period")) > 1 else period
    yield from filled(f"Plan: company bookings of at least {money(target, plan.currency)} in {of}.")
    yield from filled(
        f"P(plan) is {chance.percent} as things stand: the plan is made in "
        f"{of_ten(chance.value, f'{by}s')}. {_seats(plan)}; quotas come to "
        f"{plan.over_assignment:.2f} times the target."
    )


def _seats(plan: Scenario) -> str:
    """Return how many reps there are, of those who book."""
    booking = [each for each in plan.team.values() if each.quota.of == "bookings"]
    ramped = sum(each.headcount for each in booking)
    hiring = [hire for each in booking for hire in each.hiring]
    ramping = sum(hire.reps for hire in hiring if hire.week < 0)
    coming = sum(hire.reps for hire in hiring if hire.week >= 0)
    there = ramped + ramping
    said = f"There {'is' if there == 1 else 'are'} {there} rep{'' if there == 1 else 's'} on day 0"
    if ramping:
        said += f", {ramping} of them hired before and not counted below"
    return said + (f"{',' if ramping else ''} and {coming} to be hired" if coming else "")


def _headcounts(plan: Scenario, told: Told) -> Iterator[str]:
    """Yield the reps that it takes, with their intervals."""
    wanted = told.labels("certainty")
    names = [str(each) for each in told.labels("segment")]
    if COMPANY in names:  # first, but not where it is its one segment
        names.remove(COMPANY)
        names = [COMPANY, *names] if len(names) > 1 else names
    rows = [["reps on day 0 (95 % interval)", "now", *(f"for {_share(each)}" for each in wanted)]]
    for name in names:
        now = told.get("headcount_now", segment=name)
        cells = [_needed(told, "headcount", segment=name, certainty=each) for each in wanted]
        rows.append([_who(plan, name), f"{now.value:.0f}", *cells])
    yield from table(rows)
    for each in wanted if names[0] == COMPANY else ():
        split = {n: told.get("headcount_split", segment=n, certainty=each) for n in names[1:]}
        if all(number.known for number in split.values()):
            parts = ", ".join(f"{number.value:.0f} {name}" for name, number in split.items())
            yield from filled(f"In proportion, {_share(each)} is {parts}.")


def _hires(plan: Scenario, told: Told) -> Iterator[str]:
    """Yield how many hires of a later week do the same, for the highest certainty."""
    weeks, certainty = told.labels("hire_week"), told.labels("certainty")[-1]
    if not weeks:
        return
    head = f"or further hires, ramping, for {_share(certainty)}"
    rows = [[head, *(f"in week {week}" for week in weeks)]]
    for name in map(str, told.labels("segment")):
        if name != COMPANY:
            at = {"segment": name, "certainty": certainty}
            cells = [_needed(told, "hires", hire_week=week, **at) for week in weeks]
            rows.append([_who(plan, name), *cells])
    yield from table(rows)


def _who(plan: Scenario, name: str) -> str:
    """Return which reps grow in number."""
    if name == COMPANY:
        return IN_PROPORTION
    return f"{name} alone" if len(plan.team) > 1 else name


def _needed(told: Told, what: str, **labels: object) -> str:
    """Return a number of reps with its interval."""
    found = told.result.sel(labels)  # not by get(), which would note again what a cell says
    needed = float(found[f"{what}_needed"])
    low, high = (float(end) for end in found[f"{what}_interval"].values)
    if math.isnan(needed):
        return _most_tried(told, what, **labels) if math.isnan(low) else f"{low:.0f} or more"
    if math.isnan(high):
        return f"{needed:.0f} ({low:.0f} or more)"
    return f"{needed:.0f} ({low:.0f} to {high:.0f})"


def _most_tried(told: Told, what: str, **labels: object) -> str:
    """Return what is known where no number that was tried is enough."""
    tried = json.loads(told.result.attrs["most_tried"])
    most = tried["hires" if what == "hires" else "reps"]
    for dim in ("segment", "hire_week", "certainty"):
        if dim in labels:
            most = most[told.labels(dim).index(labels[dim])]
    return "out of reach" if most is None else f"more than {most}"


def _causes(told: Told, causes: Told) -> Iterator[str]:
    """Yield what each cause takes away from P(plan)."""
    by, number = lowest_period(told).split(" ")
    rows = [["what costs certainty", "P(plan)", "without it"]]
    for cause in causes.labels("cause"):
        effect = causes.get("effect_on_plan_probability", cause=cause, **{by: int(number)})
        if effect.known:
            now = causes.get("plan_probability", **{by: int(number)})
            without = f"{100 * (now.value - effect.value):.1f} %"
            rows.append([CAUSES.get(str(cause), str(cause)), effect.points, without])
    if len(rows) > 1:
        yield from table(rows)
        yield from filled("They overlap, so that they do not add up.")


def _steps(plan: Scenario, told: Told) -> Iterator[Line]:
    """Yield the cheapest step, and what further steps bring, the strongest first."""
    steps = [str(step) for step in told.labels("step")]
    change, booked, costs = (
        {step: told.get(name, step=step) for step in steps}
        for name in (
            "step_plan_probability_change",
            "step_bookings_mean_change",
            "step_cost_per_point",
        )
    )
    priced = any(cost.known for cost in costs.values())
    size, letter = scale_of(max(abs(each.value) for each in booked.values()) / DIGITS)
    unit = f"{plan.currency} {letter}".strip()
    head = ["next step", "points", "reps", f"bookings, {unit}"]
    rows = [head + ([f"{unit}/point"] if priced else [])]
    order = sorted(steps, key=lambda each: -change[each].value)
    for step in order:
        worth = told.get("step_worth_in_reps", step=step).value
        reps = "-" if math.isnan(worth) else f"{worth:.1f}"
        row = [step, change[step].of_100, reps, booked[step].over(size).tight]
        rows.append(row + ([costs[step].over(size).tight] if priced else []))
    helps = [step for step in order if change[step].value > 0 and change[step].measurable]
    cheapest = _cheapest(told, helps, costs)
    yield from filled(_advice(plan, told, change, costs, helps, cheapest))
    first, *lines = table(rows)
    yield first
    for k, (step, line) in enumerate(zip(order, lines, strict=True)):
        told_first = k < MOST_STEPS or step in cheapest[:1]
        yield line if told_first else Detail(line, "further steps")
    yield from detail("what words mean", filled(POINTS))
    if priced:
        yield from detail("what words mean", filled(COSTS))


def _cheapest(told: Told, helps: list[str], costs: dict[str, Number]) -> list[str]:
    """Return the cheapest step that helps, and those whose cost is not told apart from its."""
    kinds = dict(zip(told.labels("step"), told.result["kind"].values.tolist(), strict=True))
    # a rep on day 0 was paid while ramping, before the period: who can be hired is compared
    bought = [step for step in helps if not (kinds[step] == "rep" and "hire" in kinds.values())]
    order = sorted(
        (step for step in bought if costs[step].known), key=lambda step: costs[step].value
    )
    return [step for step in order if not _dearer(costs[step], costs[order[0]])]


def _advice(
    plan: Scenario,
    told: Told,
    change: dict[str, Number],
    costs: dict[str, Number],
    helps: list[str],
    cheapest: list[str],
) -> str:
    """Return which step is cheapest, or strongest where costs are not known."""
    if cheapest:
        best, *close = cheapest
        said = (
            f"Cheapest next step with a stated cost: {best}, {costs[best].money(plan.currency)} "
            "for each point of P(plan)"
        )
        if not close:
            return f"{said}."
        more = len(close) - MOST_NAMES
        listed = "; ".join(close[:MOST_NAMES]) + (f"; {more} more" if more > 0 else "")
        return f"{said}. Within the error of that: {listed}. More draws would tell."
    now = told.get("period_plan_probability", period=told.result.attrs["told_of"]).value
    if not helps and now == 0:
        return "The plan is out of reach of any one of these steps: no draw makes it, or too few."
    if not helps and now == 1:
        return "The plan is made in every draw already: there is nothing for a step to add."
    if not helps:
        return "No step changes P(plan) beyond what chance explains: take more draws."
    best = helps[0]
    return (
        f"Strongest next step: {best}, {change[best].points}. Which is cheapest depends on costs: "
        f"state [pay], [economics.sdr] or --cost KIND=COST ({KINDS_WITH_COST})."
    )


def _dearer(cost: Number, least: Number) -> bool:
    """Return whether a cost is larger than the least, beyond what chance explains."""
    return Number(cost.value - least.value, math.hypot(cost.error, least.error)).measurable


def _share(certainty: object) -> str:
    return f"{plain(100 * float(str(certainty)))} %"
