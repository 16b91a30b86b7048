"""What is luck about a plan, on one screen: each block a sentence and the numbers it rests on.

Sentences are made from the numbers and hold for every plan: what chance alone explains is not
called a difference, and what was observed is not called an effect.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.luck_kpis import kpis_and_policy
from funnelsim.report.luck_skill import luck_against_skill
from funnelsim.report.numbers import money, scale_of, tight
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import detailed_quarters, table
from funnelsim.report.told import INDENT, Number, Told, filled, lucky_words

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

FEWEST = 2  # of so many quarters, for a frequency to tell something
REPETITION = "repetition"
NEXT = "next quarter made, if the last one was"
BEFORE = {"attained": "made", "missed": "missed", "repeatable": "repeatable"}
WIDEST_AMOUNT = 20  # letters
PLURALS = {"parameter": "uncertainty", "team": "leavers", "assist": "assists", "delay": "delays",
           "size": "deal sizes", "whale": "whales", "windfall": "windfalls"}  # fmt: skip
NAME = 12  # letters of a stage in a narrow table


def luck_text(
    plan: Scenario, luck: xr.Dataset, teams: xr.Dataset | None = None, *, lag: int = 0
) -> Screen:
    """Return one screen about how much of making quota is luck.

    Parameters
    ----------
    plan : Scenario
        What was asked about.
    luck : xarray.Dataset
        What :func:`funnelsim.luck` says of it.
    teams : xarray.Dataset, optional
        What :func:`funnelsim.luck_or_skill` says of it.
    lag : int
        Quarters from a KPI to the quota that it is held against.
    """
    told = Told(luck)
    attrs = luck.attrs
    heading = f"{plan.name}: {attrs['draws']:,} draws, seed {attrs['seed']}; ±: standard error"
    quarters, lucky = detailed_quarters(plan), lucky_words(plan)
    answer = filled(f"1. {_often_said(plan, told, quarters[0], lucky)}", INDENT)
    blocks: list[list[Line]] = [
        list(_often(plan, told, quarters, lucky)),
        list(kpis_and_policy(plan, told, lag)),
        list(_sources(plan, told)),
        list(_again(plan, told)),
        list(_ways(plan, told)),
    ]
    notes = list(told.left_out())
    if teams is not None:
        more = Told(teams)
        blocks.append(list(luck_against_skill(plan, more)))
        notes += more.left_out()
    return Screen(filled(heading), answer, [*blocks, notes])


def _often(plan: Scenario, told: Told, quarters: list[int], lucky: str) -> Iterator[str]:
    """Yield how often quota is made, and what of that is left without luck."""
    for quarter in quarters:
        made, smaller, largest = (
            told.get(name, quarter=quarter)
            for name in (
                "attainment_probability",
                "without_largest_attainment_probability",
                "largest_deal_dependence",
            )
        )
        label, mean, less = _amounts(
            plan,
            *(
                told.get(name, quarter=quarter)
                for name in ("bookings_mean", "without_largest_mean")
            ),
        )
        columns = [
            [f"quarter {quarter}", "quota made", "of these, lost", label],
            ["all bookings", f"p {made.percent}", "", mean],
            ["without largest deal", smaller.percent, f"D1 {largest.percent}", less],
        ]
        if lucky:
            columns.insert(2, _repeatable(told, quarter))
        yield from table(map(list, zip(*columns, strict=True)))


def _repeatable(told: Told, quarter: int) -> list[str]:
    """Return the column of what is left without windfalls and whales."""
    made, windfalls, share = (
        told.get(name, quarter=quarter)
        for name in (
            "repeatable_attainment_probability",
            "windfall_dependence",
            "windfall_share_of_mean",
        )
    )
    kept = Number(1 - share.value, share.error)
    shown = [f"p_R {made.percent}", f"D {windfalls.percent}", f"{kept.percent} of it"]
    return ["repeatable only", *shown]


def _amounts(plan: Scenario, *means: Number) -> tuple[str, ...]:
    """Return what a row of amounts is called, and the amounts, none wider than its column."""
    shown = [money(each.value, plan.currency, each.error) for each in means]
    if max(map(len, shown)) <= WIDEST_AMOUNT:
        return "bookings, mean", *shown
    largest = max(abs(each.value) for each in means)
    size, letter = scale_of(largest)
    shown = [tight(each.value / size, each.error / size) for each in means]
    return f"mean, {plan.currency} {letter}".rstrip(), *shown


def _often_said(plan: Scenario, told: Told, quarter: int, lucky: str) -> str:
    probability, *others = (
        told.get(name, quarter=quarter).value
        for name in (
            "attainment_probability",
            "repeatable_attainment_probability",
            "without_largest_attainment_probability",
        )
    )
    quotas = set(plan.quotas)
    quota = f"the quota of {money(quotas.pop(), plan.currency)}" if len(quotas) == 1 else "quota"
    rarer = min(probability, 1 - probability)
    of = next((n for n in (100, 1_000, 10_000) if rarer * n >= FEWEST), 100)
    made, repeatable, smaller = (round(of * each) for each in (probability, *others))
    said = f"Of {of:,} quarters {made:,} make {quota}"
    if not made:
        return f"{said}."
    if lucky:
        said += f": {repeatable:,} by repeatable bookings, {made - repeatable:,} only by a {lucky}."
    else:
        said += "; the plan has no windfalls and no whales (D = 0)."
    return f"{said} {smaller:,} would without their largest deal."


def _sources(plan: Scenario, told: Told) -> Iterator[Line]:
    """Say where the variance comes from, in the order of the funnel."""
    names = ("bookings_variance_share", "attainment_variance_share")
    found = {
        str(source): [told.get(name, source=source) for name in names]
        for source in told.labels("source")
    }
    # What decides nothing in this plan is exactly 0, with error 0.
    active = {
        source: both
        for source, both in found.items()
        if any(each.known and (each.value or each.error) for each in both)
    }
    if not active:
        return
    column = next((k for k in (0, 1) if any(both[k].known for both in active.values())), None)
    if column is None:
        return
    of = ("bookings", "quota made or missed")[column]
    shares = {source: both[column] for source, both in active.items()}
    order = sorted(shares, key=lambda source: -shares[source].value)
    first, second = (shares[source] for source in (order * 2)[:2])
    lead = Number(first.value - second.value, math.hypot(first.error, second.error))
    top = order[:1] if lead.measurable or len(order) == 1 else order[:2]
    also = ("parameter", "skill", "activity")
    others = [key for key in also if key in shares and key not in top]
    said = "; ".join(
        ", ".join(f"{_named(key)} {shares[key].percent}" for key in keys)
        for keys in (top, others)
        if keys
    )
    said = f"Variance of {of} is led by {said}"
    attrs = told.result.attrs
    if attrs["draws_of_sources"] < attrs["draws"]:
        said += f" (on {attrs['draws_of_sources']:,} draws)"
    yield from filled(f"3. {said}.", INDENT)
    cells = [[_named(source)[:NAME], *(s.of_100 for s in both)] for source, both in active.items()]
    half = -(-len(cells) // 2)
    left, right = cells[:half], cells[half:] + [[""] * 3] * (2 * half - len(cells))
    heads = ["bookings", "quota made"]
    quarter = int(attrs["quarter_of_sources"])
    label = "% of variance" if quarter == 1 else f"%, quarter {quarter}"
    rows = [[label, *heads, " " * (NAME + 2), *heads]]
    for a, b in zip(left, right, strict=True):
        rows.append([*a, f"  {b[0]}".ljust(NAME + 2), *b[1:]])
    yield from detail("every source of variance", table(rows))


def _named(source: str) -> str:
    return PLURALS.get(source, source.removeprefix("outcome."))


def _again(plan: Scenario, told: Told) -> Iterator[Line]:
    """Say how often quota is made again."""
    own = str(told.result.attrs.get("plan_reps", "alike"))
    three, alone = (
        told.get(name, reps=own, career=4, count=3)
        for name in ("career_at_least_probability", "independent_at_least_probability")
    )
    if not three.known:
        return
    before = dict(BEFORE)
    if lucky_words(plan):
        before["windfall"] = lucky_words(plan).split(" ")[0]
    else:
        del before["repeatable"]

    def after(reps: str) -> list[Number]:
        name = "next_attainment_probability"
        return [told.get(name, reps=reps, before=each) for each in before]

    said = f"Of 100 years {100 * three.value:.0f} make quota in 3 or 4 quarters"
    if alone.known:
        said += f", {100 * alone.value:.0f} if quarters had nothing in common"
    made, missed, *_ = after(own)
    gap = Number(made.value - missed.value, math.hypot(made.error, missed.error))
    if gap.measurable:
        more = "more" if gap.value > 0 else "less"
        said += f"; quota is made {more} often after a quarter that made it (observed)"
    elif gap.known:
        said += "; the last quarter tells nothing measurable about the next"
    yield from filled(f"4. {said}.", INDENT)
    assumed = str(told.result.attrs["skill_from"]) != "stated"
    rows = [["%, reps", ">= 3 of 4", ">= 6 of 8", *before.values()]]
    for reps, label in {"alike": "alike", "different": "differ"}.items():
        careers = [
            told.get("career_at_least_probability", reps=reps, career=career, count=count)
            for career, count in ((4, 3), (8, 6))
        ]
        star = "*" if assumed and reps == "different" else ""
        rows.append([f"{label}{star}", *(each.of_100 for each in (*careers, *after(reps)))])
    lines = table(rows)
    above = "quota made".ljust(lines[0].index(">= 6 of 8") + 11) + NEXT
    note = [f"* {told.result.attrs['skill_from']}; the plan's own reps are alike"]
    yield from detail("years of reps who differ", [above, *lines, *(note if assumed else [])])


def _ways(plan: Scenario, told: Told) -> Iterator[Line]:
    """Compare ways to the same mean bookings."""
    if not told.knows("way_attainment_probability"):
        return
    ratios = [float(str(ratio)) for ratio in told.labels("quota_ratio")]
    ways = [str(way) for way in told.labels("way")]
    own = float(told.result.attrs["own_quota_ratio"])
    ratio = min(ratios, key=lambda each: abs(each - own))
    ways = [way for way in ways if told.get("way_activities_mean", way=way).known]
    mean = told.get("way_bookings_mean", way=ways[0])
    same = f"At equal mean bookings of {money(mean.value, plan.currency, mean.error)}"
    yield from filled(f"5. {same}, {_gamble(told, ways, ratios)}.", INDENT)
    rows: dict[tuple[str, ...], str] = {}  # by their numbers: a plan may be one of its own ways
    for way in ways:
        here = {"way": way, "quota_ratio": ratio}
        numbers = (
            tight(*told.get("way_activities_mean", way=way)),
            told.get("way_attainment_probability", **here).of_100,
            told.get("way_three_of_four_probability", **here).of_100,
            told.get("way_windfall_dependence", **here).of_100,
            told.get("way_bookings_cv", way=way).of_100,
        )
        rows[numbers] = f"{rows[numbers]}, {way}" if numbers in rows else way
    head = ["plan's quota, %", "activities", "quota made", ">= 3 of 4", "D", "cv"]
    lines = table([head, *([way, *numbers] for numbers, way in rows.items())])
    yield from detail("ways to the same mean", lines)


def _gamble(told: Told, ways: list[str], ratios: list[float]) -> str:
    """Say where a gamble makes quota more often than repetition does."""

    def advantage(way: str, ratio: float) -> Number:
        return told.get("way_advantage", way=way, quota_ratio=ratio)

    def wins(way: str, ratio: float) -> bool:
        return advantage(way, ratio).measurable and advantage(way, ratio).value > 0

    if REPETITION not in ways:
        return "there is no way by repetition alone"
    gambles = [(way, ratio) for way in ways if way != REPETITION for ratio in ratios]
    if not gambles:
        return "repetition is the only way"
    won = [each for each in gambles if wins(*each)]
    if not won:
        return "no gamble measurably beats repetition, at quotas from half to twice that"
    way, ratio = max(won, key=lambda each: advantage(*each).value)
    # The run of quotas about the best one, at each of which some gamble wins.
    winning = {each for _, each in won}
    first = last = ratios.index(ratio)
    while first > 0 and ratios[first - 1] in winning:
        first -= 1
    while last < len(ratios) - 1 and ratios[last + 1] in winning:
        last += 1
    where = f"{ratios[first]:.3g}"
    where += f" to {ratios[last]:.3g}" if last > first else ""
    how = "the plan as stated" if way == "as stated" else way
    return (
        f"some gambler is likelier to make a quota of {where} times that than repetition "
        f"({how}: {advantage(way, ratio).points} at {ratio:.3g})"
    )
