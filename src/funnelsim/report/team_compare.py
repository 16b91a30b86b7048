"""A comparison of teams on one screen: which plan is made more often, by how much, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.registry import DIFFERENCE
from funnelsim.report.compare import changes_said
from funnelsim.report.numbers import money, scale_of
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.team import of_100
from funnelsim.report.text import table
from funnelsim.report.told import Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

NAME = 24  # letters of a scenario
SEGMENT = 12  # of a segment
MOST_QUARTERS, MOST_SEGMENTS = 4, 4  # beside each other on one screen; files hold them all
MADE, BOOKED = "horizon_plan_probability", "horizon_bookings_mean"
PLAN, TEAM = "plan_probability", "team_attainment_probability"
WORLDS = (
    "Every plan sees the same worlds: the same market, the same uncertain numbers and the same "
    "luck of each seat, so that differences are known better than either side. Each is from the "
    "first plan; which one is best is not ranked."
)

Column = tuple[str, str, dict[str, object]]  # its head, the name of its numbers, and their labels


def team_compare_text(plans: Mapping[str, Scenario], result: xr.Dataset) -> Screen:
    """Return one screen about which team makes its plan more often, by how much, and where.

    Parameters
    ----------
    plans : mapping of str to Scenario
        What was compared, by name.
    result : xarray.Dataset
        What :func:`funnelsim.compare` says of it.
    """
    told = Told(result)
    names = list(plans)
    blocks: list[list[Line]] = [
        list(_company(told, plans)),
        list(detail("by quarter and year", _periods(told, names))),
        list(detail("by segment", _segments(told, names))),
        list(detail("what each plan changes", changes_said(told, names))),
        [*detail("what is shared", filled(WORLDS) if len(names) > 1 else []), *told.left_out()],
    ]
    return Screen(_heading(told, names), filled(_answer(told, plans)), blocks)


def _heading(told: Told, names: list[str]) -> list[str]:
    attrs = told.result.attrs
    shared = " on shared luck" if len(names) > 1 else ""
    made = f"{attrs['draws']:,} draws{shared}, seed {attrs['seed']}; ±: standard error"
    return filled(f"{attrs['title']}: {made}")


def _answer(told: Told, plans: Mapping[str, Scenario]) -> str:
    """Say how many quarters make the plan, and what is measurably more than the first."""
    names = list(plans)
    first, others = names[0], names[1:]
    if told.knows(MADE):
        share = told.get(MADE, scenario=first).value
        said = f"Of 100 quarters {100 * share:.0f} make the plan of {shortened(first, NAME)}"
        metric, none = MADE, "more or less likely to be made than that"
    elif told.knows(BOOKED):
        mean = money(told.get(BOOKED, scenario=first).value, next(iter(plans.values())).currency)
        said = f"{shortened(first, NAME)} books {mean} over the horizon, on average"
        metric, none = BOOKED, "known to book more or less than that"
    else:
        return "No plan is told of a company: what all segments that plans share do."
    if not others:
        return f"{said}."
    change = {name: told.get(metric + DIFFERENCE, scenario=name) for name in others}
    known = [name for name in others if change[name].measurable]
    if not known:
        if all(each.value == each.error == 0 for each in change.values()):
            return f"{said}; no other plan differs in that."
        return f"{said}; no other plan is measurably {none}. More draws may tell."
    best = max(known, key=lambda name: change[name].value)
    worst = min(known, key=lambda name: change[name].value)
    parts = []
    if change[best].value > 0:
        parts.append(f"most is gained with {_gap(told, metric, best, change[best], plans)}")
    if change[worst].value < 0:
        parts.append(f"most is lost with {_gap(told, metric, worst, change[worst], plans)}")
    return f"{said}; {'; '.join(parts)}."


def _gap(told: Told, metric: str, name: str, change: Number, plans: Mapping[str, Scenario]) -> str:
    if metric == MADE:
        share = told.get(MADE, scenario=name).value
        return f"{shortened(name, NAME)}: {100 * share:.0f}, {change.points}"
    amount = change.money(plans[name].currency)
    return f"{shortened(name, NAME)}: {'+' if change.value > 0 else ''}{amount}"


def _company(told: Told, plans: Mapping[str, Scenario]) -> Iterator[str]:
    """Yield how often plans are made, and what companies book over the horizon."""
    if not told.knows(BOOKED):
        return
    planned, first = told.knows(MADE), next(iter(plans))
    means = {name: told.get(BOOKED, scenario=name) for name in plans}
    size, letter = scale_of(max(abs(each.value) for each in means.values()))
    currency = f"{plans[first].currency} {letter}".rstrip()
    head = ["", "seats"]
    head += ["made of 100", "difference"] if planned else []
    rows = [[*head, f"booked, {currency}", "difference"]]
    for name, mean in means.items():
        row = [shortened(name, NAME), f"{plans[name].seats:,}"]
        if planned:
            gap = told.get(MADE + DIFFERENCE, scenario=name)
            row += [of_100(told.get(MADE, scenario=name)), "-" if name == first else _more(gap)]
        gap = told.get(BOOKED + DIFFERENCE, scenario=name).over(size)
        plus = "+" if gap.value > 0 else ""
        rows.append([*row, mean.over(size).tight, "-" if name == first else plus + gap.tight])
    quarters = len(told.labels("quarter"))
    yield f"Of all {quarters} quarters:" if quarters > 1 else "Of the quarter:"
    yield from table(rows)
    if planned and _targets_differ(told):
        yield from filled("Plans have different targets: each is held against its own.")


def _more(gap: Number) -> str:
    """Return how many more of 100, or 0 where plans cannot differ."""
    return "0" if gap.value == gap.error == 0 else of_100(gap, sign=True)


def _targets_differ(told: Told) -> bool:
    targets = told.result["target"].values
    return bool(np.any(targets != targets[0]))


def _periods(told: Told, names: list[str]) -> Iterator[str]:
    """Yield by how much more often plans are made, quarter by quarter and in the last year."""
    if not told.knows(PLAN):
        return
    quarters = told.labels("quarter")
    if len(quarters) > MOST_QUARTERS:
        half = MOST_QUARTERS // 2
        quarters = [*quarters[:half], *quarters[-half:]]
    columns: list[Column] = [(f"quarter {q}", PLAN, {"quarter": q}) for q in quarters]
    columns += [(f"year {y}", f"year_{PLAN}", {"year": y}) for y in told.labels("year")[-1:]]
    yield "Plans made, of 100" + _below(names)
    yield from _rows(told, names, columns)


def _segments(told: Told, names: list[str]) -> Iterator[str]:
    """Yield by how much more often segments make their quotas in the last quarter."""
    segments = told.labels("segment")
    shown = segments if len(segments) <= MOST_SEGMENTS else [*segments[: MOST_SEGMENTS - 1],
                                                             segments[-1]]  # fmt: skip
    quarter = told.labels("quarter")[-1]
    columns: list[Column] = [
        (shortened(str(each), SEGMENT), TEAM, {"segment": each, "quarter": quarter})
        for each in shown
    ]
    yield from filled(
        f"Quotas made by all seats of a segment, of 100 in quarter {quarter}{_below(names)}"
    )
    yield from _rows(told, names, columns)
    left = len(segments) - len(shown)
    if left:
        yield f"... and {left} segments more: -o OUT.csv holds them all."


def _below(names: list[str]) -> str:
    return f"; below {shortened(names[0], NAME)}: more or fewer:" if len(names) > 1 else ":"


def _rows(told: Told, names: list[str], columns: list[Column]) -> Iterator[str]:
    """Yield values of the first plan, and below what the others differ by."""
    rows = [["", *(head for head, _, _ in columns)]]
    for name in names:
        row = [shortened(name, NAME - 2)]
        for _, metric, at in columns:
            if name == names[0]:
                row.append(of_100(told.get(metric, scenario=name, **at)))
            else:
                row.append(_more(told.get(metric + DIFFERENCE, scenario=name, **at)))
        rows.append(row)
    yield from table(rows)
