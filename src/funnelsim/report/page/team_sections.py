"""The sections about a team: plans side by side, who brings what, luck, levers, further reps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.registry import DIFFERENCE
from funnelsim.report.levers import capital
from funnelsim.report.page.drawn import drawn
from funnelsim.report.page.elements import (
    Cell,
    Figure,
    Section,
    Table,
    amount,
    cite,
    frequency,
    hundred,
    points,
    sentence,
    share,
)
from funnelsim.report.page.rep_levers import lever_notes, tornado_figure
from funnelsim.report.page.side_by_side import side_by_side
from funnelsim.report.page.team import COMPANY, noun
from funnelsim.report.plots.capacity import capacity, effort_words
from funnelsim.report.plots.headcount import headcount, next_steps
from funnelsim.report.plots.team import causes, company_bookings
from funnelsim.report.plots.team_compare import plans_made
from funnelsim.report.told import Told

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.analysis.board.company import CompanyFindings
    from funnelsim.report.plots.inline import Pictures

PLAN, BOOKED = "horizon_plan_probability", "horizon_bookings_mean"
OVERLAP = "Each cause: the plans made, less those in the same worlds without it. They overlap."


def sections_of_company(found: CompanyFindings, pictures: Pictures) -> Iterator[Section]:
    """Yield the sections of the page about a team."""
    yield _side_by_side(found, pictures)
    yield _team(found, pictures)
    yield _luck(found)
    yield _levers(found, pictures)
    yield _size(found, pictures)


def _side_by_side(found: CompanyFindings, pictures: Pictures) -> Section:
    return side_by_side(
        found,
        pictures,
        plans_made,
        lambda told: _plans_table(found, told),
        "All plans see the same worlds and the same luck of each seat.",
        "The first is “{name}”; the others are held against it, quarter by quarter.",
    )


def _plans_table(found: CompanyFindings, told: Told) -> Table:
    currency = found.plan.currency
    rows: list[list[Cell]] = []
    for place, name in enumerate(found.plans):
        row: list[Cell] = [name, share(told.get(PLAN, scenario=name))]
        row.append(points(told.get(PLAN + DIFFERENCE, scenario=name)) if place else "-")
        row.append(amount(told.get(BOOKED, scenario=name), currency))
        row.append(amount(told.get(BOOKED + DIFFERENCE, scenario=name), currency) if place else "-")
        rows.append(row)
    heads = [
        "plan",
        "quarters that make the plan",
        "difference",
        "bookings of the horizon",
        "difference",
    ]
    return Table("Plans side by side", heads, rows)


def _team(found: CompanyFindings, pictures: Pictures) -> Section:
    quarterly, notes = found.answer.quarterly, list[Cell]()
    told, currency = Told(quarterly), found.plan.currency
    quarters = told.labels("quarter")
    rows: list[list[Cell]] = [
        [
            f"quarter {quarter}",
            share(told.get("plan_probability", quarter=quarter)),
            amount(told.get("company_bookings_mean", quarter=quarter), currency),
            *(
                amount(
                    told.get("company_bookings_quantile", probability=p, quarter=quarter), currency
                )
                for p in (0.1, 0.9)
            ),
        ]
        for quarter in quarters
    ]
    heads = ["", "plans made", "bookings, mean", "9 of 10 reach", "1 of 10 reaches"]
    figures = drawn(
        pictures,
        lambda ax: company_bookings(quarterly, ax=ax),
        Table("Bookings of the company by quarter", heads, rows),
        f"{found.effort.draws:,} draws.",
        notes,
    )
    last = quarters[-1]
    effects: list[list[Cell]] = [
        [
            str(cause),
            *(
                points(told.get("effect_on_plan_probability", cause=cause, quarter=quarter))
                for quarter in quarters
            ),
        ]
        for cause in told.labels("cause")
    ]
    if effects:
        figures += drawn(
            pictures,
            lambda ax: causes(quarterly, ax=ax),
            Table(
                "What takes plans away, in points",
                ["cause", *(f"quarter {quarter}" for quarter in quarters)],
                effects,
            ),
            OVERLAP,
            notes,
        )
    lead = [_high_share(told, last)]
    return Section(
        "team", "Team and plan", [each for each in lead if each], figures, [_segments(found, told)],
        [*notes, *told.left_out()],
    )  # fmt: skip


def _high_share(told: Told, quarter: object) -> Cell:
    whole = told.labels("segment")[-1]
    high = told.get("attaining_share_probability", segment=whole, quarter=quarter, share=0.8)
    half = told.get("attaining_share_quantile", segment=whole, quarter=quarter, probability=0.5)
    if not (high.known and half.known):
        return ""
    return sentence(
        "In quarter {quarter}, half of the time at most {half} of the seats make their quota; {of} "
        "seats or more do in {high}.",
        quarter=str(quarter),
        half=cite(half.value, f"{100 * half.value:.0f} %"),
        of="8 of 10",
        high=frequency(high.value, "quarters"),
    )


def _segments(found: CompanyFindings, told: Told) -> Table:
    quarter = told.labels("quarter")[-1]
    rows: list[list[Cell]] = []
    for segment in told.labels("segment"):
        at = {"segment": segment, "quarter": quarter}
        seats = int(told.result["seats"].sel(at)) if "seats" in told.result.coords else 0
        mean = told.get("team_bookings_mean", **at)
        wins = str(told.result["quota_of"].sel(segment=segment).item()) == "wins"
        rows.append(
            [
                str(segment),
                cite(seats, f"{seats:,}"),
                share(told.get("filled_mean", **at)),
                share(told.get("team_attainment_probability", **at)),
                share(told.get("attainment_probability", **at)),
                cite(mean.value, f"{mean.tight} wins")
                if wins
                else amount(mean, found.plan.currency),
            ]
        )
    heads = [
        "segment",
        "seats",
        "filled",
        "team makes quota",
        "a seat makes quota",
        "bookings, mean",
    ]
    return Table(f"Segments in quarter {quarter}", heads, rows)


def _luck(found: CompanyFindings) -> Section:
    told = Told(found.answer.quarterly)
    last = told.labels("quarter")[-1]
    deal, rep = (
        told.get(f"plan_needs_{each}_probability", quarter=last)
        for each in ("largest_deal", "best_rep")
    )
    lead: list[Cell] = []
    if deal.known and rep.known:
        lead.append(
            sentence(
                "<strong>Observed</strong>: of the plans made in quarter {quarter}, {deal} would "
                "be missed without their largest deal, and {rep} without the seat that booked "
                "most.",
                quarter=str(last),
                deal=hundred(deal),
                rep=hundred(rep),
            )
        )
    yearly = found.answer.yearly
    if yearly is not None:
        quarters = [
            told.get("plan_probability", quarter=each).value for each in told.labels("quarter")
        ]
        year = Told(yearly).get("plan_probability", year=1)
        lead.append(
            sentence(
                "Quarters even out over a year: the year's plan is made in {year} years, a "
                "quarter's in {low} to {high} quarters.",
                year=hundred(year),
                low=hundred(min(quarters)),
                high=hundred(max(quarters)),
            )
        )
    name = next(iter(found.plan.team))
    notes = [
        "Windfalls, KPIs and repeatability are told of one rep: save one segment, such "
        f"as {name}, as a plan with headcount = 1 and without hiring, and report on that."
    ]
    return Section("luck", "Luck, and whether it repeats", lead, notes=notes)


def _levers(found: CompanyFindings, pictures: Pictures) -> Section:
    notes: list[Cell] = []
    figures: list[Figure] = []
    if found.moved is None:
        notes.append(f"Left out: {found.refused.get('sensitivity', '')}")
    else:
        figures += tornado_figure(found.moved, found.plan.currency, pictures, notes)
        notes += lever_notes(found.moved)
    steps = found.steps
    if steps is None:
        notes.append(f"No next steps: {found.refused.get('next_step', '')}")
    else:
        told, currency = Told(steps), found.plan.currency
        rows: list[list[Cell]] = []
        for step in map(str, told.labels("step")):
            change, cost, per_point = (
                told.get(f"step_{name}", step=step)
                for name in ("plan_probability_change", "cost", "cost_per_point")
            )
            rows.append(
                [
                    step,
                    points(change),
                    *(amount(each, currency) if each.known else "-" for each in (cost, per_point)),
                ]
            )
        heads = ["step", "change of P(plan)", "cost in the period", "cost of a point"]
        figures += drawn(
            pictures,
            lambda ax: next_steps(steps, ax=ax),
            Table("What might be done next", heads, rows),
            "Every step sees the same luck as the plan; costs as pay and economics state them.",
            notes,
        )
    return Section("levers", "What moves the needle", (), figures, notes=notes)


def _size(found: CompanyFindings, pictures: Pictures) -> Section:
    key, title, notes = "size", "How many reps it takes", list[Cell]()
    sized = found.sized
    if sized is None:
        return Section(key, title, notes=[f"Left out: {found.refused.get('headcount', '')}"])
    told = Told(sized)
    name = COMPANY if COMPANY in told.labels("segment") else str(told.labels("segment")[0])
    sizes = [
        [cite(float(str(reps)), str(reps)), share(number)]
        for reps in told.labels("reps")
        if (number := told.get("size_plan_probability", segment=name, reps=reps)).known
    ]
    figures = drawn(
        pictures,
        lambda ax: headcount(sized, ax=ax),
        Table("P(plan) by reps on day 0", ["reps", f"{noun(found)}s that make the plan"], sizes),
        "All segments in proportion; quotas and target stay as they are.",
        notes,
    )
    if found.mapped is None:
        notes.append(f"No map of reps and activity: {found.refused.get('map', '')}")
    else:
        figures += _map_figure(found, found.mapped, pictures, notes)
    return Section(key, title, (), figures, notes=notes)


def _map_figure(
    found: CompanyFindings, mapped: xr.Dataset, pictures: Pictures, notes: list[Cell]
) -> list[Figure]:
    """Return the map of reps and activity, and all of its fields as a table."""
    told = Told(mapped)
    rows: list[list[Cell]] = []
    for effort in map(float, mapped["effort"].values[::-1]):
        cells = [
            share(told.get("capacity_plan_probability", effort=effort, reps=reps))
            for reps in told.labels("reps")
        ]
        rows.append([effort_words(effort), *cells])
    heads = ["activity", *(f"{reps} reps" for reps in told.labels("reps"))]
    table = Table(f"{capital(noun(found))}s that make the plan, by reps and activity", heads, rows)
    caption = (
        "Each field is a team of that size on day 0 that does so much more or less, in the same "
        "worlds; lines join equal chances, the bold one 80 of 100. Quotas and target stay."
    )
    return drawn(pictures, lambda ax: capacity(mapped, ax=ax), table, caption, notes, on_paper=True)
