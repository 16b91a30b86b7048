"""A team as a screen of text: the plan first, what takes from it, then who brings what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from funnelsim.analysis.answers import QUARTERS_PER_YEAR
from funnelsim.report.numbers import money, of_ten, scale_of, with_error
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import first_and_last, summary_text, table
from funnelsim.report.told import Exact, Number, Told, filled, shortened

if TYPE_CHECKING:
    from funnelsim.analysis.answers import Answer
    from funnelsim.scenario.model import Scenario

    Check = Callable[[Scenario], tuple[Answer | None, str]]

NAME = 14  # letters of a segment
MOST_SEGMENTS = 8  # on one screen; files hold them all
COMPANY = "company"
HIGH_SHARE = 0.8  # of reps at quota, as many a board asks for
PLURAL = ("late hires",)
EFFECT = "effect_on_plan_probability"  # of a cause
PART = "vacancies"  # of attrition: a sentence, not a column
LACKING = (
    "Each cause: plans made, less those made in the same worlds without it (late hires: with all "
    "in seat from day 0). They overlap, and do not add up."
)

LEVELS = {0.1: "9 of 10 reach", 0.5: "half", 0.9: "1 of 10"}  # by probability
COLUMNS = {
    "filled_mean": "filled %",
    "productive_mean": "productive %",
    "team_attainment_probability": "team %",
    "attainment_probability": "a rep %",
}

Row = tuple[str, Told, dict[str, object]]  # a period: how it is called, and where its numbers are


def answer_text(answer: Answer, check: Check | None = None) -> Screen:
    """Return one screen about a plan, of a rep or of a team.

    Parameters
    ----------
    answer : Answer
    check : callable, optional
        Returns the exact answer about one rep, to stand beside a simulated one, or why there is
        none.
    """
    if answer.of_team:
        return team_text(answer)
    return summary_text(answer) if check is None else summary_text(answer, *check(answer.plan))


def team_text(answer: Answer) -> Screen:
    """Return one screen about a team.

    Parameters
    ----------
    answer : Answer
        What was simulated of a team, or computed exactly.
    """
    quarterly = Told(answer.quarterly)
    yearly = None if answer.yearly is None else Told(answer.yearly)
    rows = list(_periods(quarterly, yearly))
    quarter = quarterly.labels("quarter")[-1]
    blocks: list[list[Line]] = [
        list(_plan(quarterly, rows)),
        list(_bookings(answer, quarterly, rows)),
        list(_segments(answer, quarterly, quarter)),
        list(detail("how seats spread about quota", _bands(quarterly, quarter))),
        list(detail("how much rests on one deal or rep", _concentration(quarterly, quarter))),
    ]
    return Screen(
        filled(_heading(answer)),
        filled(" ".join(_sentences(answer, quarterly, yearly))),
        [*blocks, list(quarterly.left_out())],
    )


def _heading(answer: Answer) -> str:
    attrs, seats = answer.quarterly.attrs, answer.plan.seats
    if attrs["method"] == "exact":
        made = "computed exactly, without noise"
    else:
        made = f"{attrs['draws']:,} draws, seed {attrs['seed']}"
    return f"{answer.plan.name}, {seats:,} {'seat' if seats == 1 else 'seats'}: {made}"


def _sentences(answer: Answer, quarterly: Told, yearly: Told | None) -> Iterator[str]:
    """Say how often the plan is made, how far it is missed, and what takes most."""
    plan = answer.plan
    if plan.targets is None or not quarterly.knows("plan_probability"):
        return
    targets = set(plan.targets)
    goal = f"plan of {money(targets.pop(), plan.currency)}" if len(targets) == 1 else "plan"
    share = _mean(quarterly, "quarter", "plan_probability")
    often = of_ten(share.value, "quarters")
    said = f"{often[0].upper()}{often[1:]} make the {goal}: {_sure(share)}"
    if yearly is not None and yearly.knows("plan_probability"):
        years = _mean(yearly, "year", "plan_probability")
        said += f"; {of_ten(years.value, 'years')}: {_sure(years)}"
    yield f"{said}."
    causes = [str(cause) for cause in quarterly.labels("cause") if cause != PART]
    taken = {cause: _mean(quarterly, "quarter", EFFECT, cause=cause) for cause in causes}
    most = min(taken, key=lambda cause: taken[cause].value, default="")
    if most and taken[most].measurable and taken[most].value < 0:
        points = with_error(-100 * taken[most].value, 100 * taken[most].error)
        subject = "The market" if most == "market" else f"{most[0].upper()}{most[1:]}"
        verb = "take" if most in PLURAL else "takes"
        yield f"{subject} {verb} most: {points} points of a quarter, on average."


def _mean(told: Told, period: str, name: str, **at: object) -> Number:
    """Return the mean of a number over quarters or years.

    Its error is the mean of theirs, which is what it would be if they moved as one: more than that
    it cannot be.
    """
    found = [told.get(name, **{period: label}, **at) for label in told.labels(period)]
    value, error = (sum(part) / len(found) for part in zip(*found, strict=True))
    return type(found[0])(value, error)


def _sure(share: Number) -> str:
    return f"{100 * share.value:.0f} %" if isinstance(share, Exact) else share.percent


def _periods(quarterly: Told, yearly: Told | None) -> Iterator[Row]:
    """Yield the quarters, and after them the years."""
    for told, period in ((quarterly, "quarter"), (yearly, "year")):
        if told is not None:
            labels = told.labels(period)
            for number in first_and_last(len(labels)):
                yield f"{period} {number}", told, {period: number}


def _plan(quarterly: Told, rows: list[Row]) -> Iterator[Line]:
    """Yield how often the plan is made, and what each cause takes from that."""
    if not quarterly.knows("plan_probability"):
        return
    causes = [str(cause) for cause in quarterly.labels("cause") if cause != PART]
    yield "Plans made, of 100" + (", and what each cause takes:" if causes else ":")
    cells = [["", "made", *causes]]
    for label, told, at in rows:
        cells.append([label, of_100(told.get("plan_probability", **at))])
        for cause in causes:
            effect = told.get(EFFECT, cause=cause, **at)
            cells[-1].append(of_100(effect, sign=True))
    yield from table(cells)
    if causes:
        part = ""
        if PART in quarterly.labels("cause"):
            effect = _mean(quarterly, "quarter", EFFECT, cause=PART)
            part = (
                f" Of what attrition takes, empty seats alone are {of_100(effect, sign=True)} a "
                "quarter."
            )
        yield from detail("what words mean", filled(LACKING + part))


def _bookings(answer: Answer, quarterly: Told, rows: list[Row]) -> Iterator[str]:
    """Yield what the company books."""
    if not quarterly.knows("company_bookings_mean"):
        return
    currency = answer.plan.currency
    largest = max(told.get("company_bookings_mean", **at).value for _, told, at in rows)
    size, letter = scale_of(largest)
    planned = answer.plan.targets is not None
    short = " (short: of target, where missed)" if planned else ""
    yield f"Bookings of the company, {f'{currency} {letter}'.rstrip()}{short}:"
    head = ["", "mean", *LEVELS.values()]
    cells = [[*head, "target", "short"] if planned else head]
    for label, told, at in rows:
        numbers = [
            told.get("company_bookings_mean", **at),
            *(told.get("company_bookings_quantile", probability=p, **at) for p in LEVELS),
        ]
        cells.append([label, *(each.over(size).tight for each in numbers)])
        if planned:
            missed = told.get("plan_shortfall_given_miss_mean", **at).over(size)
            cells[-1] += [f"{_target(answer, at) / size:,.5g}", missed.tight]
    yield from table(cells)


def _target(answer: Answer, at: dict[str, object]) -> float:
    """Return the target of a quarter or year, currency."""
    ((period, number),) = at.items()
    length = 1 if period == "quarter" else QUARTERS_PER_YEAR
    first = (int(str(number)) - 1) * length
    return sum((answer.plan.targets or ())[first : first + length])


def _segments(answer: Answer, told: Told, quarter: object) -> Iterator[str]:
    """Yield what each segment does in a quarter."""
    segments = _shown(told)
    currency = answer.plan.currency
    means = [told.get("team_bookings_mean", segment=each, quarter=quarter) for each in segments]
    size, letter = scale_of(max((each.value for each in means if each.known), default=1.0))
    heads = {name: head for name, head in COLUMNS.items() if told.knows(name)}
    yield f"Quarter {quarter}: seats, how often the team and one rep make quota, mean bookings:"
    cells = [["", "seats", *heads.values(), f"{currency} {letter}".rstrip()]]
    for segment, mean in zip(segments, means, strict=True):
        at = {"segment": segment, "quarter": quarter}
        row = [shortened(str(segment), NAME), _seats(answer, told, at)]
        row += [of_100(told.get(name, **at)) for name in heads]
        row.append(f"{mean.tight} wins" if _counts_wins(told, segment) else mean.over(size).tight)
        cells.append(row)
    yield from table(cells)
    left = len(told.labels("segment")) - len(segments)
    if left > 1:
        yield f"... and {left} segments more: -o OUT.csv holds them all."


def _shown(told: Told) -> list[object]:
    """Return the segments that one screen has room for, the company last; alone it is enough."""
    segments = told.labels("segment")
    if len(segments) == 2 and segments[-1] == COMPANY:
        return segments[-1:]
    if len(segments) <= MOST_SEGMENTS:
        return segments
    return [*segments[: MOST_SEGMENTS - 1], segments[-1]]


def _seats(answer: Answer, told: Told, at: dict[str, object]) -> str:
    """Return the seats that count in a quarter."""
    if "seats" in told.result.coords:
        return f"{int(told.result['seats'].sel(at)):,}"
    segment = answer.plan.team.get(str(at["segment"]))
    return "" if segment is None else f"{segment.seats:,}"


def _counts_wins(told: Told, segment: object) -> bool:
    coords = told.result.coords
    return "quota_of" in coords and coords["quota_of"].sel(segment=segment).item() == "wins"


def _bands(told: Told, quarter: object) -> Iterator[str]:
    """Yield how the seats spread about their quota, and how many of them attain."""
    if not told.knows("band_share"):
        return
    bands = told.labels("band")
    yield f"Of 100 seats in quarter {quarter}, by bookings in % of quota:"
    cells = [["", *map(str, bands)]]
    for segment in _shown(told):
        at = {"segment": segment, "quarter": quarter}
        shares = [of_100(told.get("band_share", band=band, **at)) for band in bands]
        cells.append([shortened(str(segment), NAME), *shares])
    yield from table(cells)
    whole = told.labels("segment")[-1]
    at = {"segment": whole, "quarter": quarter}
    high = told.get("attaining_share_probability", share=HIGH_SHARE, **at)
    half = told.get("attaining_share_quantile", probability=0.5, **at)
    if high.known:
        yield from filled(
            f"Half of the time at most {100 * half.value:.0f} % of the seats make their quota; "
            f"{100 * HIGH_SHARE:.0f} % or more do in {of_ten(high.value, 'quarters')}."
        )


def _concentration(told: Told, quarter: object) -> Iterator[str]:
    """Say how often one deal or one rep makes the plan."""
    deal, rep = (
        told.get(f"plan_needs_{each}_probability", quarter=quarter)
        for each in ("largest_deal", "best_rep")
    )
    if deal.known and rep.known:
        yield from filled(
            f"Of 100 plans made in quarter {quarter}, {of_100(deal)} would be missed without the "
            f"largest deal, {of_100(rep)} without the rep who booked most."
        )


def of_100(number: Number, *, sign: bool = False) -> str:
    """Return a share as so many of 100, to one decimal.

    Examples
    --------
    >>> of_100(Number(0.5182, 0.0112)), of_100(Number(-0.0145, 0.0001), sign=True)
    ('51.8±1.1', '-1.5±0.1')
    """
    if not number.known:
        return "-"
    value = round(100 * number.value, 1) + 0.0  # and no -0
    shown = f"{value:+.1f}" if sign else f"{value:.1f}"
    if isinstance(number, Exact) or number.error == 0:  # by the plan, whatever is drawn
        return shown
    return f"{shown}±{max(100 * number.error, 0.1):.1f}"
