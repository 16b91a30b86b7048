"""How much is enough: pipeline, quota, and the cheapest mix of levers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.levers import (
    goal_head,
    goal_said,
    how_often,
    lever_amount,
    lever_name,
    made_how,
    times,
)
from funnelsim.report.numbers import money, plain
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import table
from funnelsim.report.told import Told, filled

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

COVERAGE = (
    "Coverage: the mean value of open opportunities over the quota. Each closes in time with the "
    "win rate, independently. What has still to enter, windfalls and skill are left out."
)
GAIN = (
    "gain: points that a further cost of 100 adds; equal for the levers in use, less for those not "
    "worth it, more for those at their limit. alone: what the lever would have to be without the "
    "others."
)
MOST_COLUMNS = 9


def coverage_text(plan: Scenario, result: xr.Dataset) -> Screen:
    """Return one screen about how much pipeline is enough.

    Parameters
    ----------
    plan : Scenario
        Whose deal sizes count.
    result : xarray.Dataset
        What :func:`funnelsim.coverage` says of it.
    """
    told = Told(result)
    attrs = result.attrs
    certainties = [float(str(each)) for each in told.labels("certainty")]
    answer = list(_own(told))
    rates = [float(str(each)) for each in told.labels("win_rate")][:MOST_COLUMNS]
    heads = [f"{100 * rate:g} %" for rate in rates]
    deals = [float(str(each)) for each in told.labels("deals")]
    middle = min(certainties, key=lambda each: abs(each - 0.8))
    rows = [[f"{100 * middle:g} % sure: x quota", *heads]]
    rows += [
        [_deals(each), *(_times(told, rate, each, middle) for rate in rates)] for each in deals
    ]
    thrice = [["3 x quota: sure, %", *heads]]
    thrice += [
        [
            _deals(each),
            *(
                f"{100 * told.get('three_times_probability', win_rate=rate, deals=each).value:.1f}"
                for rate in rates
            ),
        ]
        for each in deals
    ]
    rule = ["What the rule of three times the quota gives:", *table(thrice)]
    blocks: list[list[Line]] = [
        ["Pipeline that it takes, by win rate:", *table(rows)],
        list(detail("what three times the quota gives", rule)),
        [*detail("what counts as coverage", filled(COVERAGE)), *told.left_out()],
    ]
    return Screen(filled(f"Deal sizes of {attrs['title']}: {made_how(attrs)}"), answer, blocks)


def _deals(deals: float) -> str:
    return f"quota of {deals:g} deal{'' if deals == 1 else 's'}"


def _times(told: Told, rate: float, deals: float, certainty: float) -> str:
    found = told.get("coverage_needed", win_rate=rate, deals=deals, certainty=certainty)
    return f"{found.value:.2f}"


def _own(told: Told) -> Iterator[str]:
    """Say what the plan's own win rate and quota take."""
    attrs = told.result.attrs
    if not told.knows("own_coverage_needed"):
        return
    said = [
        f"{told.get('own_coverage_needed', certainty=each).value:.2f} times for "
        f"{100 * float(str(each)):g} %"
        for each in told.labels("certainty")
    ]
    own = float(attrs["own_deals"])
    yield from filled(
        f"At the plan's win rate of {100 * float(attrs['own_win_rate']):.3g} % and a quota of "
        f"{own:.3g} mean deals, open pipeline of three times the quota makes it with "
        f"{told.get('own_three_times_probability').percent} certainty. It takes {', '.join(said)}."
    )


def quota_text(plan: Scenario, result: xr.Dataset) -> Screen:
    """Return one screen about the largest quota that a share of reps makes.

    Parameters
    ----------
    plan : Scenario
        What reps work.
    result : xarray.Dataset
        What :func:`funnelsim.quota_for` says of it.
    """
    told = Told(result)
    attrs = result.attrs
    team = attrs.get("reps")
    shares = [float(str(each)) for each in told.labels("share")]
    answer = [line for share in shares for line in filled(f"{_quota_said(plan, told, share)}.")]
    head = ["of the reps", "quota a quarter", "made by one rep, %"]
    rows = [[*head, "at least", "so many, %"] if team else head]
    for share in shares:
        row = [
            f"{100 * share:g} %",
            told.get("quota_for_share", share=share).money(plan.currency),
            told.get("quota_probability", share=share).of_100,
        ]
        if team:
            row.append(f"{told.get('reps_needed', share=share).value:.0f} of {team}")
            row.append(told.get("quota_certainty", share=share).of_100)
        rows.append(row)
    now = plan.quotas[0]
    note = filled(f"The plan's own quota: {money(now, plan.currency)}.")
    heading = filled(f"{attrs['title']}: {made_how(attrs)}")
    return Screen(heading, answer, [table(rows), [*note, *told.left_out()]])


def _quota_said(plan: Scenario, told: Told, share: float) -> str:
    attrs = told.result.attrs
    found = told.get("quota_for_share", share=share)
    team = attrs.get("reps")
    wanted = float(attrs["certainty"]) if team else share
    reached = told.get("quota_certainty" if team else "quota_probability", share=share).value
    often = how_often(wanted, reached)
    who = f"{often} reps"
    if team:
        needed = f"{told.get('reps_needed', share=share).value:.0f}"
        who = f"at least {needed} of {team} reps"
    if not found.known:
        return f"No quota is made by {who}" + (f" in {often} quarters" if team else "")
    amount = found.money(plan.currency)
    if team:
        return f"A quota of {amount} is made by {who} in {often} quarters"
    said = f"A quota of {amount} is made by {who}"
    return f"{said}, or by one of them in {often} quarters" if _same_odds(plan) else said


def _same_odds(plan: Scenario) -> bool:
    """Return whether quarters of one rep are as reps of one quarter: neither skill nor market."""
    spreads = (plan.activity.rep_cv, plan.deal_size.rep_cv, *(each.rep_cv for each in plan.stages))
    return not any(spreads) and not plan.market.cv


def mix_text(plan: Scenario, goal: Goal, result: xr.Dataset) -> Screen:
    """Return one screen about the cheapest mix of levers.

    Parameters
    ----------
    plan : Scenario
        Whose levers are moved.
    goal : Goal
        What it should achieve.
    result : xarray.Dataset
        What :func:`funnelsim.cheapest_mix` says of it.
    """
    told = Told(result)
    attrs = result.attrs
    paths = [str(path) for path in told.labels("lever")]
    often = goal_said(plan, goal, times(float(attrs["attain"])))
    total, outcome = told.get("mix_total_cost"), str(attrs["outcome"])
    heading = filled(f"{attrs['title']}: {made_how(attrs)}")
    if outcome == "out of reach":
        said = f"Out of reach: with all of these at their limits, it is not so that {often}"
    elif outcome == "reached anyway":
        said = f"The plan as it is suffices: {often}, at no cost"
    else:
        said = f"{often[0].upper()}{often[1:]} at a cost of {plain(_cents(total.value))}"
        alone = [told.get("alone_cost", lever=path).value for path in paths]
        known = {cost: path for cost, path in zip(alone, paths, strict=True) if cost == cost}
        if known and len(paths) > 1:
            least = min(known)
            said += f"; by {lever_name(known[least])} alone it takes {plain(_cents(least))}"
    rows = [["", "now", "mix", "cost", "gain", "alone", "its cost"]]
    for path in paths:
        now = float(_now(plan, path))
        mixed, cost, gain, alone_at, alone_cost = (
            told.get(name, lever=path)
            for name in ("mix_value", "mix_cost", "gain_per_cost", "alone_value", "alone_cost")
        )
        rows.append(
            [
                lever_name(path),
                _at(plan, path, now),
                _at(plan, path, mixed.value),
                plain(_cents(cost.value)),
                f"{1e4 * gain.value:.3g}" if gain.known else "-",
                _at(plan, path, alone_at.value),
                plain(_cents(alone_cost.value)),
            ]
        )
    made = told.get("mix_probability")
    if made.known:
        rows.append([f"{goal_head(goal)}, {made.percent}", "", "", plain(_cents(total.value))])
    gap = float(attrs["gap"])
    proved = (
        f" No mix is cheaper by more than {max(gap, 1e-4):.2g} of its cost." if gap >= 0 else ""
    )
    notes = [*filled(f"{GAIN}{proved if outcome == 'found' else ''}"), *told.left_out()]
    return Screen(heading, filled(f"{said}."), [table(rows), notes])


def _cents(value: float) -> float:
    return round(value, 2) if value == value else value


def _at(plan: Scenario, path: str, value: float) -> str:
    return lever_amount(path, value, plan.currency) if value == value else "-"


def _now(plan: Scenario, path: str) -> float:
    from funnelsim.analysis.levers.levers import lever_of

    return lever_of(plan, path).value
