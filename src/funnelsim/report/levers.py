"""Levers and goals in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from funnelsim.report.numbers import money, plain, short_money
from funnelsim.scenario.wording import parts_of, quoted

if TYPE_CHECKING:
    from funnelsim.analysis.chances import Goal
    from funnelsim.scenario.model import Scenario

WORDS = {
    "activity.per_quarter": "activities a quarter",
    "activity.per_week": "activities a week",
    "activity.week_cv": "unevenness of weeks",
    "activity.rep_cv": "spread of activity",
    "activity.elasticity": "elasticity of activity",
    "effort.hours_per_week": "hours a week",
    "effort.open_week": "hours a week of an open deal",
    "effort.hours.activity": "hours of an activity",
    "deal_size.mean": "mean deal",
    "deal_size.cv": "spread of deal sizes",
    "deal_size.rep_cv": "spread of reps: deal size",
    "deal_size.whale.probability": "share of whales",
    "deal_size.whale.multiple": "size of whales",
    "windfall.per_quarter": "windfalls a quarter",
    "windfall.mean": "mean windfall",
    "windfall.cv": "spread of windfalls",
    "quota.per_quarter": "quota",
    "policy.floor_per_week": "floor a week",
    "policy.cap_per_week": "cap a week",
    "policy.adherence": "adherence to the floor",
    "market.cv": "spread of the market",
    "market.persistence": "persistence of the market",
    "market.season": "season of the market",
    "skill_correlation": "correlation of skills",
    "calendar.quarters": "quarters",
    "plan.target": "target of the company",
    "headcount": "reps on day 0",
    "ramp.weeks": "weeks of ramp",
    "ramp.weeks_cv": "spread of the ramp",
    "ramp.from": "productivity at hire",
    "attrition.per_year": "reps who leave in a year",
    "attrition.fill_weeks": "weeks that a seat is empty",
    "attrition.fill_weeks_cv": "spread of weeks that a seat is empty",
    "attrition.handover": "open deals that survive a leaver",
}
OF_A_STAGE = {
    "conversion": "conversion to {}",
    "days": "days to {}",
    "days_cv": "spread of days to {}",
    "rep_cv": "spread of reps: {}",
}
OF_A_SOURCE = {
    ("per_week",): "{} a week",
    ("per_sdr_week",): "{} a week of an SDR",
    ("sdrs_per_rep",): "SDRs per rep, {}",
    ("response", "minutes"): "minutes to answer {}",
    ("response", "measured_at"): "minutes when {} was measured",
    ("response", "decay"): "decay of {} by minutes",
}
OF_AN_ASSIST = {
    "coverage": "deals with {}",
    "per_quarter": "{} a quarter",
    "odds": "odds with {}",
    "size": "size with {}",
}
SHARES = ("conversion", "probability", "adherence", "per_year", "coverage", "handover", "from")
AMOUNTS = ("mean", "minimum", "amounts")  # of deals and windfalls
SOLVED_TO = 1e-7  # relative
BEYOND = 0.005  # of a probability reached above the one asked for: amounts go in steps
COUNTS = ("activity.per_quarter", "activity.per_week")  # one cannot do half of one


def lever_name(path: str) -> str:
    """Return a lever in words; its path where there are none.

    Examples
    --------
    >>> lever_name("stages.won.conversion"), lever_name("activity.per_week")
    ('conversion to won', 'activities a week')
    >>> lever_name("pay.ote"), lever_name("segments.smb.deal_size.mean")
    ('pay.ote', 'smb: mean deal')
    >>> lever_name("sources.inbound.conversion.won"), lever_name("assists.on-site.per_quarter")
    ('conversion to won, inbound', 'on-site a quarter')
    >>> lever_name('uncertainty."deal_size.mean".cv')
    'uncertainty of mean deal'
    """
    match parts_of(path) or (path,):
        case ("segments", name, _, *_):
            return f"{name}: {lever_name(own_path(path))}"
        case ("stages", name, key) if key in OF_A_STAGE:
            return OF_A_STAGE[key].format(name)
        case ("sources", name, *rest) if tuple(rest) in OF_A_SOURCE:
            return OF_A_SOURCE[tuple(rest)].format(name)
        case ("sources", name, "conversion" | "days" as key, stage):
            return f"{OF_A_STAGE[key].format(stage)}, {name}"
        case ("sources", name, "deal_size", *rest):
            return f"{lever_name('.'.join(('deal_size', *rest)))}, {name}"
        case ("assists", name, key) if key in OF_AN_ASSIST:
            return OF_AN_ASSIST[key].format(name)
        case ("effort", "hours", stage) if stage != "activity":
            return f"hours of a {stage}"
        case ("uncertainty", of, "cv"):
            return f"uncertainty of {lever_name(of)}"
    return WORDS.get(path, path)


def own_path(path: str) -> str:
    """Return the path of a lever within its segment; itself where it stands at the top.

    Examples
    --------
    >>> own_path('segments."mid market".deal_size.mean'), own_path("deal_size.mean")
    ('deal_size.mean', 'deal_size.mean')
    """
    parts = parts_of(path) or (path,)
    if parts[0] != "segments" or len(parts) < 3:
        return path
    return ".".join(map(quoted, parts[2:]))


def lever_amount(path: str, value: float, currency: str) -> str:
    """Return where a lever stands, in its unit.

    Examples
    --------
    >>> lever_amount("stages.won.conversion", 1 / 3, "USD")
    '33.3 %'
    >>> lever_amount("deal_size.mean", 84_000, "USD")
    '$84k'
    >>> lever_amount("activity.per_quarter", 1_295.3, "USD")
    '1,295'
    """
    if not math.isfinite(value):
        return "none"
    if is_share(path):
        return f"{100 * value:.3g} %"
    if is_amount(path):
        return short_money(value, currency)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def enough(path: str, value: float, currency: str, *, up: bool) -> str:
    """Return a value of a lever in its unit, rounded to the side on which it is enough.

    Examples
    --------
    >>> enough("activity.per_quarter", 1_295.24, "USD", up=True)
    '1,296'
    >>> enough("stages.won.conversion", 0.41531, "USD", up=True)
    '41.54 %'
    >>> enough("quota.per_quarter", 163_432.7, "USD", up=False)
    '$163,432'
    """
    if is_share(path):
        return f"{_rounded(100 * value, 2, up):.2f} %"
    if is_amount(path):
        return money(_rounded(value, 0, up), currency)
    if path in COUNTS:
        return f"{_rounded(value, 0, up):,.0f}"
    digits = 4 - math.floor(math.log10(abs(value))) if value else 0
    return plain(_rounded(value, max(digits, 0), up))


def is_share(path: str) -> bool:
    """Return whether a lever is a share of 1."""
    parts = parts_of(own_path(path)) or (path,)
    return parts[-1] in SHARES or (parts[0] == "sources" and parts[2:3] == ("conversion",))


def is_amount(path: str) -> bool:
    """Return whether a lever is money."""
    parts = parts_of(own_path(path)) or (path,)
    if path == "plan.target":
        return True
    if parts[0] == "sources":
        parts = parts[2:]
    return parts[0] == "quota" or (parts[0] in ("deal_size", "windfall") and parts[-1] in AMOUNTS)


def goal_said(plan: Scenario, goal: Goal, often: str = "") -> str:
    """Return a goal as what happens, and how often.

    Examples
    --------
    >>> import funnelsim as fs
    >>> from funnelsim.analysis.chances import Goal
    >>> goal_said(fs.preset("sales_math"), Goal(), "8 of 10")
    'quota is made in 8 of 10 quarters'
    >>> goal_said(fs.preset("sales_math"), Goal(at_least=3), "8 of 10")
    'quota is made in at least 3 of 4 quarters, in 8 of 10 cases'
    """
    if goal.at_least is not None:
        cases = f", in {often} cases" if often else ""
        what = money(goal.amount, plan.currency) if goal.amount is not None else "quota"
        of = plan.calendar.quarters
        return f"{what} is made in at least {goal.at_least} of {of} quarters{cases}"
    noun = f" in {often} {goal.by}s" if often else ""
    if goal.amount is not None:
        return f"{money(goal.amount, plan.currency)} is made{noun}"
    return f"quota is made{noun}" if goal.by == "quarter" else f"the year's quota is made{noun}"


def goal_head(goal: Goal) -> str:
    """Return a goal as the head of a column."""
    if goal.at_least is not None:
        return f">= {goal.at_least} made"
    if goal.amount is not None:
        return "amount made"
    return "quota made" if goal.by == "quarter" else "year made"


def times(probability: float) -> str:
    """Return a probability that was stated as a natural frequency.

    Examples
    --------
    >>> times(0.8), times(0.95), times(0.999)
    ('8 of 10', '95 of 100', '999 of 1,000')
    """
    for of in (10, 100, 1_000, 10_000):
        if abs(probability * of - round(probability * of)) < 1e-9:
            return f"{round(probability * of):,} of {of:,}"
    return f"{100 * probability:g} of 100"


def how_often(wanted: float, reached: float) -> str:
    """Return a probability that was asked for, and whether more is reached than that.

    Examples
    --------
    >>> how_often(0.8, 0.8), how_often(0.8, 0.9427), how_often(0.8, math.nan)
    ('8 of 10', 'at least 8 of 10', '8 of 10')
    """
    return f"at least {times(wanted)}" if reached - wanted > BEYOND else times(wanted)


def capital(words: str) -> str:
    """Return words with a capital, to begin a sentence."""
    return words[0].upper() + words[1:]


def made_how(attrs: dict[str, object]) -> str:
    """Return how the numbers of a result were found."""
    if attrs["method"] == "exact":
        return "computed exactly, without noise"
    drawn = f"{attrs['draws']:,} draws, seed {attrs['seed']}; ±: standard error"
    return drawn if attrs["method"] == "simulated" else f"exact without ±, others {drawn}"


def _rounded(value: float, digits: int, up: bool) -> float:
    """Return a value rounded to one side, but for what solving is precise to."""
    scaled = value * 10.0**digits
    nearest = round(scaled)
    if abs(scaled - nearest) <= min(SOLVED_TO * abs(scaled), 0.05):
        return nearest / 10.0**digits
    return (math.ceil(scaled) if up else math.floor(scaled)) / 10.0**digits
