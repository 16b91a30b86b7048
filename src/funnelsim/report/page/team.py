"""The page about a team: the first screen, and what the sections say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from markupsafe import Markup

from funnelsim.analysis.board.company import DECIDED, LEVERS
from funnelsim.analysis.board.rep import ATTAIN
from funnelsim.report.page.content import First, Headline
from funnelsim.report.page.elements import (
    Cell,
    Figure,
    Table,
    amount,
    brief_amount,
    cite,
    hundred,
    often,
    relative,
    sentence,
    share,
    whole_amount,
)
from funnelsim.report.page.rep import MOST_ASSUMPTIONS, TARGET_SAID, assumption_line, how_known
from funnelsim.report.page.sources import Assumed
from funnelsim.report.plots.dots import outcome_dots
from funnelsim.report.told import Number, Told

if TYPE_CHECKING:
    from funnelsim.analysis.board.company import CompanyFindings
    from funnelsim.report.plots.inline import Pictures

COMPANY = "company"


def first_of_company(
    found: CompanyFindings, assumed: list[Assumed], together: Iterable[Cell], pictures: Pictures
) -> First:
    """Return the first screen about a team."""
    made = made_of(found)
    return First(
        answer=_answer(found, made),
        certainty=_certainty(found),
        figure=_figure(found, made, pictures),
        numbers=list(_numbers(found, made)),
        assumptions=list(_assumptions(found, assumed)),
        assumptions_note=(
            "Each is moved alone, a tenth down and a tenth up. Headcounts and the target are "
            "decisions, not assumptions: see what moves the needle."
        ),
        takes_title=f"What {TARGET_SAID} {noun(found)}s would take",
        takes=[*_takes(found, made), *(together if made.value < ATTAIN else ())],
        takes_table=_takes_table(found),
    )


def noun(found: CompanyFindings) -> str:
    """Return the period that the plan is about."""
    return found.company.by


def told_of(found: CompanyFindings) -> Told:
    """Return what is known of the period that the plan is about."""
    yearly = found.answer.yearly
    return Told(found.answer.quarterly if noun(found) == "quarter" or yearly is None else yearly)


def made_of(found: CompanyFindings) -> Number:
    """Return P(plan) of the first period."""
    return told_of(found).get("plan_probability", **{noun(found): 1})


def _goal(found: CompanyFindings) -> str:
    return "the sum of its quotas" if found.implied else "the plan"


def _answer(found: CompanyFindings, made: Number) -> Markup:
    target = float(found.company.targets[0])
    return sentence(
        "{often} make {goal} of {target}: a chance of {share}.",
        often=often(made.value, f"{noun(found)}s"),
        goal=_goal(found),
        target=whole_amount(target, found.plan.currency),
        share=share(made),
    )


def _certainty(found: CompanyFindings) -> Cell:
    told, currency = told_of(found), found.plan.currency
    low, high = (
        told.get("company_bookings_quantile", probability=p, **{noun(found): 1}) for p in (0.1, 0.9)
    )
    implied = (
        " The file states no target, so that the quotas of the seats of day 0 stand for it."
        if found.implied
        else ""
    )
    return sentence(
        "The chance comes from {draws} simulated draws of all {seats} seats; ± is one standard "
        "error. {of} {noun}s bring between {low} and {high}.{implied}",
        draws=f"{found.effort.draws:,}",
        seats=f"{found.plan.seats:,}",
        of=TARGET_SAID,
        noun=noun(found),
        low=brief_amount(low.value, currency),
        high=brief_amount(high.value, currency),
        implied=implied,
    )


def _figure(found: CompanyFindings, made: Number, pictures: Pictures) -> Figure:
    currency, period = found.plan.currency, noun(found)
    told, at = told_of(found), {period: 1}
    message, svg = pictures.svg(
        lambda ax: outcome_dots(
            found.bookings,
            float(found.company.targets[0]),
            probability=made.value,
            currency=currency,
            noun=period,
            goal_name="target",
            made_said="make the target",
            ax=ax,
        ),
        size=(6.0, 3.7),
    )
    rows: list[list[Cell]] = [
        [f"{tenths} of 10 {period}s bring at least",
         amount(told.get("company_bookings_quantile", probability=p, **at), currency)]
        for tenths, p in ((9, 0.1), (5, 0.5), (1, 0.9))
    ]  # fmt: skip
    rows.append(["mean", amount(told.get("company_bookings_mean", **at), currency)])
    rows.append([f"{period}s that make the target", share(made)])
    caption = (
        f"A filled dot is a {period} that makes the target, an empty one a {period} that misses it."
    )
    table = Table(f"Bookings of the company in a {period}", ["", "bookings"], rows)
    return Figure(message, Markup(svg), caption, table)  # noqa: S704


def _numbers(found: CompanyFindings, made: Number) -> Iterator[Headline]:
    currency, period, draws = found.plan.currency, noun(found), found.effort.draws
    told = told_of(found)
    yield Headline(hundred(made), f"{period}s make {_goal(found)}", how_known(made, draws))
    low = told.get("company_bookings_quantile", probability=0.1, **{period: 1})
    yield Headline(
        brief_amount(low.value, currency),
        f"or less in 1 of 10 {period}s",
        how_known(low, draws, currency),
    )
    quarterly = Told(found.answer.quarterly)
    last = quarterly.labels("quarter")[-1]
    rep = quarterly.get("attainment_probability", segment=_whole(quarterly), quarter=last)
    yield Headline(
        hundred(rep), f"seats make their own quota in quarter {last}", how_known(rep, draws)
    )


def _whole(told: Told) -> object:
    return told.labels("segment")[-1]


def assumptions_of(found: CompanyFindings) -> list[str]:
    """Return the levers that are assumptions, those that matter most first."""
    if found.moved is None:
        return []
    return [path for path in map(str, found.moved["lever"].values) if not path.endswith(DECIDED)]


def _assumptions(found: CompanyFindings, assumed: list[Assumed]) -> Iterator[Cell]:
    if found.moved is None:
        yield f"Not known: {found.refused.get('sensitivity', '')}"
        return
    told = Told(found.moved)
    for path in assumptions_of(found)[:MOST_ASSUMPTIONS]:
        yield assumption_line(told, path, found.plan.currency, assumed, f"{noun(found)}s")


def _takes(found: CompanyFindings, made: Number) -> Iterator[Cell]:
    """Yield the cheapest change, and what else would do."""
    currency, period = found.plan.currency, noun(found)
    if made.value >= ATTAIN:
        yield f"Nothing: the plan is made in {TARGET_SAID} {period}s, or more, as it stands."
        return
    options = list(_more_reps(found))
    if not options:
        why = found.refused.get("headcount", "no number of reps that was tried is enough")
        yield Markup("<strong>Out of reach of more reps</strong>: {}.").format(why.rstrip("."))
    else:
        name, now, needed, cost = options[0]
        priced = not math.isnan(cost)
        yield sentence(
            "<strong>{how}: {more}{where} on day 0</strong>, {needed} in place of {now}{cost}.",
            how="Cheapest change with a stated cost" if priced else "Smallest single change",
            more=cite(
                needed - now, f"{needed - now:.0f} more rep{'s' if needed - now > 1 else ''}"
            ),
            where=f" in {name}" if len(found.company.segments) > 1 else "",
            needed=cite(needed, f"{needed:.0f}"),
            now=cite(now, f"{now:.0f}"),
            cost=sentence(
                ": about {cost} in the {period}", cost=brief_amount(cost, currency), period=period
            )
            if priced
            else "",
        )
    relative_target, chance, error = found.target
    if not math.isnan(relative_target):
        target = relative_target * float(found.company.targets[0])
        yield sentence(
            "Or a lower bar: a target of {target} ({change}) is made in {chance} {period}s by "
            "the plan as it is.",
            target=whole_amount(target, currency),
            change=relative(relative_target - 1),
            chance=hundred(Number(chance, error)),
            period=period,
        )


def _more_reps(found: CompanyFindings) -> Iterator[tuple[str, float, float, float]]:
    """Yield segments whose headcount alone is enough: name, now, needed and cost.

    Those with a known cost by that, the others by how many more it takes relative to the company.
    """
    if found.sized is None:
        return
    told = Told(found.sized)
    options = []
    for name in map(str, told.labels("segment")):
        if name == COMPANY:
            continue
        now = told.get("headcount_now", segment=name).value
        needed = told.get("headcount_needed", segment=name, certainty=ATTAIN).value
        if math.isnan(needed) or needed <= now:
            continue
        options.append((name, now, needed, (needed - now) * _cost_of_a_rep(found, name)))
    yield from sorted(
        options,
        key=lambda each: (
            math.isnan(each[3]),
            each[3] if not math.isnan(each[3]) else each[2] - each[1],
        ),
    )


def _cost_of_a_rep(found: CompanyFindings, segment: str) -> float:
    """Return what one more rep of a segment costs in the period; NaN where it is not known."""
    if found.steps is None or "step_cost" not in found.steps:
        return math.nan
    where = f" in {segment}" if len(found.company.segments) > 1 else ""
    name = f"a rep{where}, day 0"
    told = Told(found.steps)
    return told.get("step_cost", step=name).value if name in told.labels("step") else math.nan


def _takes_table(found: CompanyFindings) -> Table | None:
    """Return the headcounts that are enough, and what further steps bring."""
    if found.sized is None or made_of(found).value >= ATTAIN:
        return None
    told, currency = Told(found.sized), found.plan.currency
    rows: list[list[Cell]] = []
    for name in map(str, told.labels("segment")):
        now = told.get("headcount_now", segment=name).value
        needed = told.get("headcount_needed", segment=name, certainty=ATTAIN).value
        each = _cost_of_a_rep(found, name)
        low, high = (
            float(end)
            for end in found.sized["headcount_interval"].sel(segment=name, certainty=ATTAIN).values
        )
        ends = [cite(end, "more" if math.isnan(end) else f"{end:.0f}") for end in (low, high)]
        rows.append(
            [
                "all segments, in proportion" if name == COMPANY else f"{name} alone",
                cite(now, f"{now:.0f}"),
                cite(needed, "out of reach" if math.isnan(needed) else f"{needed:.0f}"),
                sentence("{low} to {high}", low=ends[0], high=ends[1]),
                "-" if math.isnan(each) else brief_amount(each, currency),
            ]
        )
    heads = [
        "reps on day 0",
        "now",
        f"for {TARGET_SAID} {noun(found)}s",
        "95 % interval",
        "cost of one",
    ]
    return Table(f"More reps ({found.effort.part(LEVERS):,} draws)", heads, rows)
