"""The sections about one rep: plans side by side, luck, levers, the map of a sweep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelsim.report.luck import PLURALS
from funnelsim.report.page.drawn import drawn
from funnelsim.report.page.elements import (
    Cell,
    Section,
    Table,
    amount,
    cite,
    hundred,
    points,
    sentence,
    share,
)
from funnelsim.report.page.rep import made_of
from funnelsim.report.page.rep_levers import levers_section, map_section
from funnelsim.report.page.side_by_side import side_by_side
from funnelsim.report.plots.compare import differences
from funnelsim.report.plots.policy import kpi_table
from funnelsim.report.plots.repeat import careers
from funnelsim.report.plots.windfalls import variance_by_source
from funnelsim.report.told import Exact, Told, lucky_words

if TYPE_CHECKING:
    from funnelsim.analysis.board.rep import RepFindings
    from funnelsim.report.plots.inline import Pictures

MADE = "attainment_probability"
OBSERVED = (
    "Observed is what went together; imposed is what a rule would bring, in the same worlds with "
    "and without it. Busy weeks and able reps hit KPIs and quota alike, so that the first is no "
    "guide to the second."
)


def sections_of_rep(found: RepFindings, pictures: Pictures) -> Iterator[Section]:
    """Yield the sections of the page about one rep."""
    yield _side_by_side(found, pictures)
    yield _luck(found, pictures)
    yield levers_section(found, pictures)
    yield map_section(found, pictures)


def _side_by_side(found: RepFindings, pictures: Pictures) -> Section:
    return side_by_side(
        found,
        pictures,
        differences,
        lambda told: _plans_table(found, told),
        "All plans see the same luck, so that differences are known better than either side.",
        "The first is “{name}”; the others are held against it.",
    )


def _plans_table(found: RepFindings, told: Told) -> Table:
    currency = found.plan.currency
    rows: list[list[Cell]] = []
    for place, name in enumerate(found.plans):
        made = told.get(MADE, scenario=name)
        gap = told.get(f"{MADE}_difference", scenario=name)
        row: list[Cell] = [name, share(made), points(gap) if place else "-"]
        row.append(amount(told.get("bookings_mean", scenario=name), currency))
        low = told.get("bookings_quantile", scenario=name, probability=0.1)
        row.append(amount(low, currency) if low.known else "-")
        rows.append(row)
    heads = [
        "plan",
        "quarters that make quota",
        "difference",
        "bookings, mean",
        "9 of 10 bring at least",
    ]
    return Table("Plans side by side", heads, rows)


def _luck(found: RepFindings, pictures: Pictures) -> Section:
    key, title = "luck", "Luck, and whether it repeats"
    if found.luck is None:
        return Section(key, title, notes=[f"Left out: {found.refused.get('luck', '')}"])
    luck, told, notes = found.luck, Told(found.luck), list[Cell]()
    figures = drawn(
        pictures,
        lambda ax: variance_by_source(luck, ax=ax),
        _sources_table(told),
        "Shares of the variance of a quarter's bookings, in the order of the funnel.",
        notes,
    )
    figures += drawn(
        pictures,
        lambda ax: careers(luck, ax=ax),
        _careers_table(told),
        "Alike: reps without difference in skill. Different: with the spread that the picture "
        "names.",
        notes,
        size=(6.4, 4.9),
    )
    if found.plan.kpis and told.knows("kpi_quota_probability"):
        figures += drawn(
            pictures, lambda ax: kpi_table(luck, ax=ax), _kpi_table(told), OBSERVED, notes
        )
    notes.append(" ".join(told.left_out()))
    return Section(key, title, list(_luck_said(found, told)), figures, notes=notes)


def _luck_said(found: RepFindings, told: Told) -> Iterator[Cell]:
    made, largest, repeatable = (
        told.get(name, quarter=1)
        for name in (
            MADE,
            "without_largest_attainment_probability",
            "repeatable_attainment_probability",
        )
    )
    attrs, lucky = told.result.attrs, lucky_words(found.plan)
    known = made_of(found)
    yield sentence(
        "Of the {draws} quarters simulated for this part {made} make quota ({share}{exact}). "
        "Without their largest deal it would be {largest}.{also}",
        draws=cite(int(attrs["draws"]), f"{int(attrs['draws']):,}"),
        made=hundred(made),
        share=share(made),
        exact=sentence("; exactly {share}", share=share(known)) if isinstance(known, Exact) else "",
        largest=hundred(largest),
        also=sentence(
            " Without any {lucky} it would be {repeatable}.",
            lucky=lucky,
            repeatable=hundred(repeatable),
        )
        if lucky
        else " The plan has no windfalls and no whales.",
    )
    own = str(told.result.attrs.get("plan_reps", "alike"))
    again = told.get("career_at_least_probability", reps=own, career=4, count=3)
    alone = told.get("independent_at_least_probability", reps=own, career=4, count=3)
    if again.known and alone.known:
        yield sentence(
            "Does it repeat? In {again} years at least 3 of 4 quarters make quota; {alone}, if a "
            "rep's quarters had nothing in common.",
            again=hundred(again),
            alone=hundred(alone),
        )
    if found.plan.kpis and told.knows("kpi_gap"):
        yield from _kpis_said(told)


def _kpis_said(told: Told) -> Iterator[Cell]:
    """Say what was observed of KPIs, and what a floor brings where it is imposed."""
    gap, alike = (
        told.get("kpi_gap", policy="none", lag=0), told.get("kpi_gap_of_identical_reps", lag=0)
    )  # fmt: skip
    imposed = told.get("effect_on_attainment_probability", effect="policy")
    if gap.known:
        same = sentence("; identical reps would show {alike}", alike=points(alike))
        yield sentence(
            "<strong>Observed</strong>: quarters that hit their KPIs made quota {way} than those "
            "that missed them ({gap}{same}).",
            way=("more often" if gap.value > 0 else "less often")
            if gap.measurable
            else "not measurably more or less often",
            gap=points(gap),
            same=same if alike.known else "",
        )
    if imposed.known:
        attrs = told.result.attrs
        floor, adherence = (
            float(attrs[f"policy_{key}"]) for key in ("floor_per_week", "adherence")
        )
        yield sentence(
            "<strong>Imposed</strong>: a floor of {floor} activities a week, kept in {adherence} "
            "weeks, moves how often quota is made by {effect}.",
            floor=cite(floor, f"{floor:g}"),
            adherence=hundred(adherence),
            effect=points(imposed),
        )


def _sources_table(told: Told) -> Table:
    rows: list[list[Cell]] = []
    for source in map(str, told.labels("source")):
        both = [
            told.get(name, source=source)
            for name in ("bookings_variance_share", "attainment_variance_share")
        ]
        if any(each.known and (each.value or each.error) for each in both):
            name = PLURALS.get(source, source.removeprefix("outcome."))
            rows.append([name, *(share(each) for each in both)])
    return Table("Where the variance comes from", ["", "of bookings", "of quota made or not"], rows)


def _careers_table(told: Told) -> Table:
    rows: list[list[Cell]] = []
    for career, count in ((4, 3), (8, 6), (12, 9)):
        if career not in told.labels("career"):
            continue
        at = {"career": career, "count": count}
        cells = [
            share(told.get("career_at_least_probability", reps=reps, **at))
            for reps in ("alike", "different")
        ]
        rows.append([f"{count} of {career}", *cells])
    return Table(
        "Quota made in at least so many quarters", ["", "reps alike", "reps different"], rows
    )


def _kpi_table(told: Told) -> Table:
    rows: list[list[Cell]] = []
    for outcome in ("hit", "missed"):
        at = {"lag": 0, "kpi_outcome": outcome}
        observed = told.get("attainment_given_kpi", policy="none", **at)
        imposed = told.get("attainment_given_kpi", policy="floor", **at)
        rows.append(
            [
                f"quota made, KPIs {outcome}",
                share(observed),
                share(imposed) if imposed.known else "-",
            ]
        )
    effect = told.get("effect_on_attainment_probability", effect="policy")
    rows.append(["the floor's own effect", "-", points(effect) if effect.known else "-"])
    return Table("KPIs against quota", ["", "observed", "if imposed"], rows)
