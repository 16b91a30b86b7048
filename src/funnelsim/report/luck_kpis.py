"""KPI against quota, observed and if imposed: what went together, and what a policy brings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.numbers import tight
from funnelsim.report.screen import Line, detail
from funnelsim.report.text import table
from funnelsim.report.told import INDENT, WIDTH, Number, Told, filled, lucky_words

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

LABEL, CELL = 8, 10  # letters of a label, and of a number in a narrow column
EFFECTS = {"policy": "if imposed", "level": "= level", "evenness": "+ evenness"}


def kpis_and_policy(plan: Scenario, told: Told, lag: int) -> Iterator[Line]:
    """Yield the two-by-two, the gap in it, and what the policy brings and costs."""
    effect = told.get("effect_on_attainment_probability", effect="policy")
    said = [_observed(plan, told, lag)]
    if effect.known:
        said.append(f"Imposing the floor: {effect.points}")
    yield from filled(f"2. {'. '.join(said)}.", INDENT)
    if plan.kpis and told.knows("kpi_quota_probability"):
        yield from detail("KPI against quota, observed and imposed", _two_by_two(plan, told, lag))
    if effect.known:
        yield from detail("what the policy does", _effects(plan, told))
    yield from _price(told)


def _observed(plan: Scenario, told: Told, lag: int) -> str:
    """Say how far apart quarters are that hit and that missed the KPI."""
    if not plan.kpis:
        return "The plan has no KPI to hold against the quota"
    if not told.knows("kpi_quota_probability"):
        return "KPI against quota: left out"
    kpi = "the KPI" if len(plan.kpis) == 1 else "all KPIs"
    gap = told.get("kpi_gap", policy="none", lag=lag)
    alike = told.get("kpi_gap_of_identical_reps", lag=lag)
    if not gap.known:
        hit = told.get("attainment_given_kpi", policy="none", lag=lag, kpi_outcome="hit")
        often = "All quarters hit" if hit.known else "No quarter hits"
        return f"{often} {kpi}: there is no gap to observe"
    others = f"; identical reps: {_bare(alike)}" if alike.known else ""
    if not gap.measurable:
        return f"Hitting {kpi} told nothing measurable about quota: {gap.points} (observed{others})"
    more = "more" if gap.value > 0 else "less"
    size = Number(abs(gap.value), gap.error).points.removeprefix("+")
    floor = "" if plan.policy.floor_per_week is None else ", without the floor"
    return f"Quarters that hit {kpi} made quota {size} {more} often (observed{floor}{others})"


def _bare(number: Number) -> str:
    """Return a difference where a sentence has said already that it counts points."""
    return number.points.removesuffix(" points")


def _two_by_two(plan: Scenario, told: Told, lag: int) -> Iterator[str]:
    """Yield the table as natural frequencies, observed and if imposed."""
    lucky = lucky_words(plan)
    outcomes = {"repeatable": "repeatable", "windfall": lucky.split(" ")[0], "missed": "missed"}
    if not lucky:
        outcomes = {"repeatable": "made", "missed": "missed"}
    width = len(outcomes) * (CELL + 1) - 1

    def line(label: str, sides: list[str]) -> str:
        return f"{label:<{LABEL}} {' | '.join(sides)}".rstrip()

    def cells(policy: str, outcome: str) -> str:
        where = {"policy": policy, "lag": lag, "kpi_outcome": outcome}
        found = [
            told.get("kpi_quota_probability", **where, quota_outcome=each) for each in outcomes
        ]
        return " ".join(f"{each.of_100:>{CELL}}" for each in found)

    sides = {"none": "observed, no floor".center(width)}
    if told.get("policy_attainment_probability", policy="floor").known:
        sides["floor"] = _imposed(told, WIDTH - LABEL - width - 4)
    names = " ".join(f"{name:>{CELL}}" for name in outcomes.values())
    yield line("of 100", list(sides.values()))
    yield line("quarters", [names for _ in sides])
    yield line("KPI hit", [cells(policy, "hit") for policy in sides])
    yield line("  missed", [cells(policy, "missed") for policy in sides])
    if lag:
        yield f"quota {lag} quarter{'s' if lag > 1 else ''} after the KPI"


def _imposed(told: Told, width: int) -> str:
    """Return the head of the imposed column, as far as it says the policy in its width."""
    attrs = told.result.attrs
    floor, adherence = attrs["policy_floor_per_week"], float(attrs["policy_adherence"])
    for head in (
        f"if imposed: floor {floor} a week, adherence {adherence:g}",
        f"if imposed: floor {floor}, adherence {adherence:g}",
        f"if imposed: floor {floor}",
    ):
        if len(head) <= width:
            return head
    return "if imposed"


def _effects(plan: Scenario, told: Told) -> Iterator[str]:
    """Yield the policy's effect as that of its level and that of its evenness."""
    measures = {
        "quota made": ("attainment_probability", {}),
        ">= 3 of 4": ("at_least_probability", {"of_four": 3}),
        "D": ("windfall_dependence", {}),
        "cv": ("bookings_cv", {}),
    }
    if not lucky_words(plan):
        del measures["D"]
    rows = [["in points", *measures, "activities"]]
    for effect, label in EFFECTS.items():
        cells = [
            told.get(f"effect_on_{name}", effect=effect, **labels).of_100
            for name, labels in measures.values()
        ]
        cells.append(tight(*told.get("effect_on_activities_mean", effect=effect)))
        rows.append([label, *map(_signed, cells)])
    yield from table(rows)


def _signed(cell: str) -> str:
    return f"+{cell}" if cell[0] in "123456789" or cell.startswith("0.") else cell


def _price(told: Told) -> Iterator[str]:
    """Say what 50 activities buy, by the policy and without it."""
    bought = {
        "by the floor": told.get("policy_effect_per_50_activities"),
        "without": told.get("effect_of_50_activities"),
    }
    said = [(how, each) for how, each in bought.items() if each.known]
    if said:
        first, *others = (f"{each.points} {how}" for how, each in said)
        others = [each.replace(" points", "") for each in others]
        yield from filled(f"50 activities more bring {', '.join([first, *others])}.")
