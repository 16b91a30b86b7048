"""One seat: every summary of the registry, for a scenario without segments.

Derived in docs/background/exact.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.answers import Answers, by_period, refined
from funnelsim.twin.bookings import bookings_of
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.kpi import kpi_questions
from funnelsim.twin.laws import CountedLaw, Period
from funnelsim.twin.market import market_nodes
from funnelsim.twin.normals import step_of
from funnelsim.twin.period import ROUNDING, Answer, PeriodAnswers, Question
from funnelsim.twin.repeat import at_least
from funnelsim.twin.seats import Seats
from funnelsim.twin.skill import dimensions_of, is_spread, nodes_of
from funnelsim.twin.sums import SummedLaw
from funnelsim.twin.work import Work
from funnelsim.twin.worlds import check_integrated, lucks_of

QUARTERS_PER_YEAR = 4


def rep_answers(plan: Scenario, by: str, wanted: set[str], work: Work) -> Answers:
    """Return the answers about one seat of day 0, (quarter or year, ...) each.

    Parameters
    ----------
    plan : Scenario
        Without segments.
    by : "quarter" or "year"
    wanted : set of str
        Names of the summaries.
    work : Work
        What may be computed.
    """
    try:
        check_seat(plan)
        return refined(
            partial(_answered, plan, by),
            wanted,
            max(plan.quotas),
            work,
            market=bool(plan.market.cv),
            # Where Pareto sizes differ by rep, kinks slow the quadrature down: a finer one takes
            # minutes.
            spread=is_spread(plan)
            and not (plan.deal_size.law == "pareto" and plan.deal_size.rep_cv),
        )
    except NotCoveredError as reason:
        return Answers(refused=dict.fromkeys(wanted, str(reason)))


def check_seat(plan: Scenario) -> None:
    """Raise NotCoveredError where questions about one seat of day 0 are not covered."""
    check_lives(plan)
    check_integrated([plan])
    step_of(dimensions_of(plan) + len(lucks_of([plan])), 0)  # or too many
    if plan.hiring:
        raise NotCoveredError("seats that are hired later differ from those of day 0")


def check_lives(plan: Scenario) -> None:
    """Raise NotCoveredError where hires leave, or ramp for a random time."""
    attrition, ramp = plan.attrition, plan.ramp
    if attrition is not None and attrition.per_year:
        raise NotCoveredError("attrition: when reps leave and seats are filled is not integrated")
    if plan.hiring and ramp is not None and ramp.weeks_cv:
        raise NotCoveredError("ramp.weeks_cv: ramps of random length are not integrated")


def law_of(funnel: Funnel, period: Period) -> CountedLaw | SummedLaw:
    """Return the law of a seat's bookings: by counting deals where one law of sizes does."""
    plan, (own, *others) = funnel.plan, funnel.ways
    alike = all(
        way.deal_size == own.deal_size and np.array_equal(way.size, own.size) for way in others
    )
    uncertain = [("deal_size", "whale", "probability"), ("windfall", "per_quarter")]
    uncertain += [("windfall", "mean")]
    drawn = any(funnel.nodes.drawn.is_uncertain(*path) for path in uncertain)
    if alike and not drawn and all(assist.size == 1 for assist in plan.assists):
        bookings = bookings_of(own.deal_size, plan.windfall, own.size)
        return CountedLaw(funnel, bookings, period)
    return SummedLaw([Seats(funnel, period)])


def periods_of(plan: Scenario, by: str, quotas: tuple[float, ...]) -> list[Period]:
    """Return the quarters of the horizon, or its complete years, each with its quota."""
    length = 1 if by == "quarter" else QUARTERS_PER_YEAR
    weeks = plan.calendar.weeks_per_quarter
    starts = range(0, plan.calendar.quarters - length + 1, length)
    if not starts:
        raise ArgumentError(
            f"by = 'year': the horizon of {plan.calendar.quarters} quarters has no complete year. "
            f"Set calendar.quarters to {QUARTERS_PER_YEAR} or more"
        )
    return [
        Period(q * weeks, (q + length) * weeks, math.fsum(quotas[q : q + length]), length)
        for q in starts
    ]


def _answered(
    plan: Scenario, by: str, wanted: set[str], states: int, effort: int, work: Work
) -> Answers:
    """Return the answers on one quadrature."""
    market = market_nodes(plan.market, states)
    funnel = Funnel(plan, nodes_of(plan, effort), market, work=work)
    periods = periods_of(plan, by, plan.quotas)
    found = Answers()

    def questions(period: Period) -> Mapping[str, Question]:
        law = law_of(funnel, period)
        asked = PeriodAnswers(law, period.quota).questions()
        if by == "quarter":
            asked |= _funnel_questions(funnel, period)
            asked |= kpi_questions(funnel, law, period)
        return {name: question for name, question in asked.items() if name in wanted}

    by_period(
        found,
        [
            (
                (period.quota, funnel.signature(period.start, period.stop)),
                lambda period=period: questions(period),  # type: ignore[misc]
            )
            for period in periods
        ],
    )
    if "at_least_probability" in wanted:
        laws = [law_of(funnel, period) for period in periods]
        found.put("at_least_probability", lambda: at_least(funnel, laws, plan.quotas))
    return found


def _funnel_questions(funnel: Funnel, period: Period) -> dict[str, Question]:
    """Return mean activities and mean numbers that reach each stage."""

    def activities() -> Answer:
        mean, error = funnel.nodes.mean(funnel.mean_activities(period.start, period.stop))
        return mean, error + ROUNDING * mean

    def reached() -> Answer:
        counts = [
            funnel.reached(stage, period.start, period.stop)
            for stage in range(len(funnel.plan.stages))
        ]
        by_node = np.stack([count.moments()[0] for count in counts], axis=1)
        mean, error = funnel.nodes.mean(by_node)
        late = np.array([count.error() for count in counts])
        return mean, error + late + ROUNDING * mean

    return {"activities_mean": activities, "reached_mean": reached}
