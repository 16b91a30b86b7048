"""The page about one rep: the first screen, and what the sections say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from markupsafe import Markup

from funnelsim.analysis.board.rep import ALIKE, ATTAIN
from funnelsim.report.levers import (
    capital,
    enough,
    is_amount,
    is_share,
    lever_amount,
    lever_name,
    own_path,
)
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
from funnelsim.report.page.sources import Assumed
from funnelsim.report.plots.dots import outcome_dots
from funnelsim.report.told import Exact, Number, Told
from funnelsim.scenario.wording import parts_of

if TYPE_CHECKING:
    from funnelsim.analysis.board.rep import RepFindings
    from funnelsim.analysis.solve.alone import Alone
    from funnelsim.report.plots.inline import Pictures
    from funnelsim.scenario.model import Scenario

MOST_ASSUMPTIONS = 3
QUOTA = "quota.per_quarter"
AS_GOOD = 0.02  # relative changes that differ by less are as good
TARGET_SAID = "8 of 10"


def first_of_rep(
    found: RepFindings, assumed: list[Assumed], together: Iterable[Cell], pictures: Pictures
) -> First:
    """Return the first screen about one rep."""
    plan, made = found.plan, made_of(found)
    rows = [*_takes(found), *(together if found.alone else ())]
    return First(
        answer=_answer(plan, made),
        certainty=_certainty(found, made),
        figure=_figure(found, made, pictures),
        numbers=list(_numbers(found, made)),
        assumptions=list(_assumptions(found, assumed)),
        assumptions_note=_assumptions_note(found),
        takes_title=f"What {TARGET_SAID} quarters would take",
        takes=rows,
        takes_table=_takes_table(found),
    )


def made_of(found: RepFindings) -> Number:
    """Return P(attain) of a quarter, the mean over the horizon."""
    kind = Exact if found.chance.method == "exact" else Number
    return kind(float(found.chance.values[0]), float(found.chance.errors[0]))


def number_of(found: RepFindings, name: str, **labels: object) -> Number:
    """Return a number about quarters, exact where it is known so."""
    for result in (found.exact, found.simulated):
        number = Number(math.nan, math.nan) if result is None else Told(result).get(name, **labels)
        if number.known:
            return number
    return Number(math.nan, math.nan)


def made_how(found: RepFindings, number: Number, currency: str = "") -> Cell:
    """Return how a number was found, and how far it may be off."""
    return how_known(number, found.effort.draws, currency)


def how_known(number: Number, draws: int, currency: str = "") -> Cell:
    """Return how a number was found, and how far it may be off: a share, or an amount."""
    if isinstance(number, Exact):
        return "computed exactly"
    if not math.isfinite(number.error):
        return f"{draws:,} draws"
    error = (
        brief_amount(number.error, currency)
        if currency
        else cite(number.error, f"{100 * number.error:.1g} %")
    )
    return sentence("± {error}, {draws} draws", error=error, draws=f"{draws:,}")


def lever_at(path: str, value: float, currency: str) -> Markup:
    """Return where a lever stands."""
    return cite(value, lever_amount(path, value, currency))


def lever_words(path: str) -> str:
    """Return a lever in words, to begin a line, and the segment that it is of."""
    own = own_path(path)
    segment = "" if own == path else f" ({(parts_of(path) or ('', ''))[1]})"
    return f"{capital(lever_name(own))}{segment}"


def _answer(plan: Scenario, made: Number) -> Markup:
    quotas = set(plan.quotas)
    quota: Cell = "their quota"
    if len(quotas) == 1:
        quota = sentence("the quota of {each}", each=whole_amount(quotas.pop(), plan.currency))
    return sentence(
        "{often} make {quota}: a chance of {share}.",
        often=often(made.value, "quarters"),
        quota=quota,
        share=share(made),
    )


def _certainty(found: RepFindings, made: Number) -> Cell:
    plan = found.plan
    low, high = (
        number_of(found, "bookings_quantile", quarter=1, probability=p) for p in (0.1, 0.9)
    )
    how = (
        "The chance is computed exactly: it has no sampling error. "
        if isinstance(made, Exact)
        else f"The chance comes from {found.effort.draws:,} draws; ± is one standard error. "
    )
    if not (low.known and high.known):
        return how
    return sentence(
        "{how}One quarter is still uncertain: {of} of them bring between {low} and {high}.",
        how=how,
        of="8 of 10",
        low=brief_amount(low.value, plan.currency),
        high=brief_amount(high.value, plan.currency),
    )


def _figure(found: RepFindings, made: Number, pictures: Pictures) -> Figure:
    plan, quota = found.plan, found.plan.quotas[0]
    first = Told(found.simulated).get("attainment_probability", quarter=1)
    chance = number_of(found, "attainment_probability", quarter=1)
    message, svg = pictures.svg(
        lambda ax: outcome_dots(
            found.bookings, quota, probability=chance.value, currency=plan.currency, ax=ax
        ),
        size=(6.0, 3.7),
    )
    levels = [
        (f"{tenths} of 10 quarters bring at least", f"{10 - tenths} of 10 bring less", p)
        for tenths, p in ((9, 0.1), (5, 0.5), (1, 0.9))
    ]
    rows = [
        [
            at_least,
            amount(number_of(found, "bookings_quantile", quarter=1, probability=p), plan.currency),
        ]
        for at_least, _, p in levels
    ]
    rows.append(["mean", amount(number_of(found, "bookings_mean", quarter=1), plan.currency)])
    rows.append(["quarters that make quota", share(chance)])
    rows.append(["the same from the draws behind the picture", share(first)])
    where = "" if plan.calendar.quarters == 1 else " Shown: quarter 1."
    caption = (
        f"A filled dot is a quarter that makes quota, an empty one a quarter that misses it.{where}"
    )
    return Figure(
        message,
        Markup(svg),  # noqa: S704  drawn by ourselves
        caption,
        Table("Bookings of a quarter", ["", "bookings"], rows),
    )


def _numbers(found: RepFindings, made: Number) -> Iterator[Headline]:
    plan = found.plan
    yield Headline(hundred(made), "quarters make quota", made_how(found, made))
    low = number_of(found, "bookings_quantile", quarter=1, probability=0.1)
    if low.known:
        yield Headline(
            brief_amount(low.value, plan.currency),
            "or less in 1 of 10 quarters",
            made_how(found, low, plan.currency),
        )
    quarters = plan.calendar.quarters
    if quarters > 1:
        count = math.ceil(0.75 * quarters)
        many = number_of(found, "at_least_probability", at_least=count)
        of = "years" if quarters == 4 else "horizons"
        if many.known:
            yield Headline(
                hundred(many),
                f"{of} make quota in {count} or more of {quarters} quarters",
                made_how(found, many),
            )
            return
    none = number_of(found, "no_deal_probability", quarter=1)
    yield Headline(hundred(none), "quarters end without any deal", made_how(found, none))


def _assumptions(found: RepFindings, assumed: list[Assumed]) -> Iterator[Cell]:
    """Yield the three assumptions whose move by a tenth moves the chance most."""
    if found.moved is None:
        yield f"Not known: {found.refused.get('sensitivity', '')}"
        return
    told = Told(found.moved)
    for path in assumptions_of(found)[:MOST_ASSUMPTIONS]:
        yield assumption_line(told, path, found.plan.currency, assumed, "quarters")


def assumption_line(
    told: Told, path: str, currency: str, assumed: list[Assumed], noun: str
) -> Markup:
    """Return an assumption, where it comes from, and what being off by a tenth does."""
    now = told.get("lever_value", lever=path).value
    ends = [told.get("lever_range", lever=path, end=end).value for end in ("low", "high")]
    chances = [told.get("goal_probability_at", lever=path, end=end) for end in ("low", "high")]
    source = next((each for each in assumed if each.path == path), None)
    said = "source not stated" if source is None or source.source == "not stated" else source.source
    if source is not None and source.date:
        said = f"{said}, {source.date}"
    return sentence(
        '<strong>{name}: {now}</strong> <span class="tag">{said}</span><br>at {low}: {chance_low}'
        " {noun}; at {high}: {chance_high}",
        name=lever_words(path),
        now=lever_at(path, now, currency),
        said=said,
        low=lever_at(path, ends[0], currency),
        high=lever_at(path, ends[1], currency),
        chance_low=hundred(chances[0]),
        chance_high=hundred(chances[1]),
        noun=noun,
    )


def assumptions_of(found: RepFindings) -> list[str]:
    """Return the levers that are assumptions, those that matter most first; a quota is none."""
    if found.moved is None:
        return []
    return [path for path in map(str, found.moved["lever"].values) if path != QUOTA]


def _assumptions_note(found: RepFindings) -> Cell:
    """Say which further assumptions matter as much as the third."""
    paths = assumptions_of(found)
    if found.moved is None or len(paths) <= MOST_ASSUMPTIONS:
        return ""
    told = Told(found.moved)
    third = told.get("largest_swing", lever=paths[MOST_ASSUMPTIONS - 1])
    alike = []
    for path in paths[MOST_ASSUMPTIONS:]:
        swing = told.get("largest_swing", lever=path)
        if third.value - swing.value <= max(ALIKE, 2 * math.hypot(third.error, swing.error)):
            alike.append(lever_name(path))
    said = "Each is moved alone, a tenth down and a tenth up."
    if alike:
        verb = "matters" if len(alike) == 1 else "matter"
        listed = " and ".join([", ".join(alike[:-1]), alike[-1]] if len(alike) > 1 else alike)
        said += f" {capital(listed)} {verb} about as much as the third."
    return said


def _takes(found: RepFindings) -> Iterator[Cell]:
    """Yield the cheapest single change, what a lower quota would do, and steps together."""
    plan = found.plan
    if found.chance.values[0] >= ATTAIN:
        yield f"Nothing: the plan makes quota in {TARGET_SAID} quarters, or more, as it stands."
        return
    if "solve" in found.refused:
        yield f"Not known: {found.refused['solve']}"
    reached = [each for each in found.alone if each.found]
    if reached:
        best = reached[0]
        yield sentence(
            "<strong>Smallest single change: {name} from {now} to {needed}</strong> ({change}), "
            "all else as planned.{others}",
            name=lever_name(best.path),
            now=lever_at(best.path, best.now, plan.currency),
            needed=needed(best, plan.currency),
            change=relative(best.relative),
            others=_as_good(reached, plan.currency),
        )
    elif found.alone:
        yield Markup(
            "<strong>Out of reach of any single change</strong>: no lever alone, up to eight times "
            "what the plan states, is enough."
        )
    if found.quota is not None:
        yield sentence(
            "Or a lower bar: a quota of {needed} ({change}) is made in {of} quarters by the plan "
            "as it is.",
            needed=needed(found.quota, plan.currency),
            change=relative(found.quota.relative),
            of=TARGET_SAID,
        )


def _as_good(reached: list[Alone], currency: str) -> Cell:
    """Say which other levers take as much."""
    best, *others = reached
    near = [
        sentence(
            "{name} from {now} to {needed}",
            name=lever_name(each.path),
            now=lever_at(each.path, each.now, currency),
            needed=needed(each, currency),
        )
        for each in others
        if abs(each.relative) - abs(best.relative) < AS_GOOD
    ]
    return sentence(" As good: {near}.", near=Markup(", or ").join(near)) if near else ""


def needed(each: Alone, currency: str) -> Markup:
    """Return the value of a lever that is enough, rounded to that side."""
    up = each.relative > 0
    if each.path.startswith("activity.per_week") and each.needed >= 1:
        return cite(each.needed, f"{math.ceil(each.needed - 1e-6):,}")
    if is_amount(each.path):  # to three digits
        digits = 10.0 ** (math.floor(math.log10(each.needed)) - 2)
        count = each.needed / digits
        rounded = (math.ceil(count - 1e-6) if up else math.floor(count + 1e-6)) * digits
        return cite(each.needed, lever_amount(each.path, rounded, currency))
    if is_share(each.path):  # to the tenth of a percent, on the side that is enough
        tenths = 1_000 * each.needed
        rounded = math.ceil(tenths - 1e-6) if up else math.floor(tenths + 1e-6)
        return cite(each.needed, f"{rounded / 10:.1f} %")
    return cite(each.needed, enough(each.path, each.needed, currency, up=up))


def _takes_table(found: RepFindings) -> Table | None:
    """Return each lever by itself."""
    if not found.alone:
        return None
    currency = found.plan.currency
    rows: list[list[Cell]] = []
    for each in [*found.alone, *([found.quota] if found.quota else [])]:
        name, now = lever_words(each.path), lever_at(each.path, each.now, currency)
        if each.found:
            how: Cell = "exact"
            if not each.exact:
                error = each.error
                how = (
                    cite(error, f"± {lever_amount(each.path, error, currency)}")
                    if error == error
                    else "±?"
                )
            rows.append([name, now, needed(each, currency), relative(each.relative), how])
            continue
        said = sentence(
            "out of reach: {often} at {best}",
            often=hundred(each.chance),
            best=lever_at(each.path, each.best, currency),
        )
        rows.append([name, now, said, "", ""])
    heads = ["one lever alone", "now", f"for {TARGET_SAID} quarters", "change", "error"]
    return Table("Each change by itself, all else as planned", heads, rows)
