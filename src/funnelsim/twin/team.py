"""The team and the company: the law of what all seats book together, quarter by quarter.

Derived in docs/background/exact.md, "A team".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Scenario
from funnelsim.twin.answers import AIMED, TOO_ROUGH, Answers, by_period, refined
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.laws import Period
from funnelsim.twin.market import market_nodes
from funnelsim.twin.normals import step_of
from funnelsim.twin.period import PeriodAnswers, Question
from funnelsim.twin.rep import check_lives, periods_of
from funnelsim.twin.seats import Seats
from funnelsim.twin.skill import dimensions_of, is_spread, nodes_of
from funnelsim.twin.sums import SummedLaw
from funnelsim.twin.work import Work
from funnelsim.twin.worlds import check_integrated, lucks_of, worlds_of

# Of the market: the larger a team, the more sharply the market decides.
STATES = ((16, 24), (32, 48), (64, 96))
NO_PLAN = "the scenario states no [plan]"


def company_answers(plan: Scenario, by: str, wanted: set[str], work: Work) -> Answers:
    """Return the answers about the bookings of all seats that book, (quarter or year, ...) each.

    Parameters
    ----------
    plan : Scenario
    by : "quarter" or "year"
    wanted : set of str
        Names of the registry's COMPANY.
    work : Work
        What may be computed.
    """
    segments = [each for each in plan.team.values() if each.quota.of == "bookings"]
    targets = plan.targets
    found = Answers()
    asked = set(wanted)
    if targets is None:
        asked = {name for name in wanted if not name.startswith("plan_")}
        found.refused |= dict.fromkeys(wanted - asked, NO_PLAN)
    if not segments:
        return Answers(refused=dict.fromkeys(wanted, "no segment books anything"))
    quotas = targets or (0.0,) * plan.calendar.quarters
    if asked:
        answers = sum_answers(segments, by, asked, quotas, COMPANY_NAMES, work)
        found.values, found.errors = answers.values, answers.errors
        found.refused |= answers.refused
    return found


def team_answers(segment: Scenario, by: str, wanted: set[str], work: Work) -> Answers:
    """Return the answers about the bookings of all seats of a segment, (quarter or year, ...)."""
    weeks, length = segment.calendar.quarters, segment.calendar.weeks_per_quarter
    quotas = tuple(
        segment.quotas[q] * sum((week or 0) < (q + 1) * length for week in segment.hire_weeks)
        for q in range(weeks)
    )
    return sum_answers([segment], by, wanted, quotas, TEAM_NAMES, work)


COMPANY_NAMES = {
    "attainment_probability": "plan_probability",
    "bookings_mean": "company_bookings_mean",
    "bookings_sd": "company_bookings_sd",
    "bookings_quantile": "company_bookings_quantile",
    "shortfall_given_miss_mean": "plan_shortfall_given_miss_mean",
}
TEAM_NAMES = {
    "attainment_probability": "team_attainment_probability",
    "bookings_mean": "team_bookings_mean",
    "bookings_sd": "team_bookings_sd",
    "bookings_quantile": "team_bookings_quantile",
}


def sum_answers(
    segments: list[Scenario],
    by: str,
    wanted: set[str],
    quotas: tuple[float, ...],
    names: Mapping[str, str],
    work: Work,
) -> Answers:
    """Return the answers about the sum over all seats of some segments.

    Parameters
    ----------
    segments : list of Scenario
    by : "quarter" or "year"
    wanted : set of str
    quotas : tuple of float
        What the sum has to reach in each quarter; 0 where nothing is asked of it.
    names : mapping of str to str
        From questions about a period to the names wanted.
    work : Work
        What may be computed.
    """
    found, asked = Answers(), wanted
    try:
        check_sum(segments)
        scale = max(quotas) or sum(len(each.hire_weeks) * max(each.quotas) for each in segments)
        market = bool(segments[0].market.cv)
        for states in STATES if market else STATES[:1]:
            answers = refined(
                partial(_answered, segments, by, quotas, names),
                asked,
                scale,
                work,
                market=market,
                spread=any(is_spread(segment) for segment in segments),
                states=states,
            )
            found.values |= answers.values
            found.errors |= answers.errors
            found.refused = {n: w for n, w in answers.refused.items() if n not in found.values}
            rough = {name for name in found.values if found.worst([name], scale) > AIMED}
            asked = rough | {n for n, why in found.refused.items() if why.startswith(TOO_ROUGH)}
            if (found.values and not rough) or not asked:
                break
        return found
    except NotCoveredError as reason:
        return Answers(refused=dict.fromkeys(wanted, str(reason)))


def check_team(segment: Scenario) -> None:
    """Raise NotCoveredError where the sum over all seats of a segment is not covered."""
    check_sum([segment])


def check_sum(segments: list[Scenario]) -> None:
    """Raise NotCoveredError where the sum over all seats of segments is not covered."""
    for segment in segments:
        check_lives(segment)
        if segment.quota.ramped and segment.hiring and segment.ramp:
            raise NotCoveredError("quota.ramped: quotas that grow with a ramp are not covered")
    check_integrated(segments)
    lucks = len(lucks_of(segments))
    step_of(lucks + max(dimensions_of(segment) for segment in segments), 0)  # or too many


def _answered(
    segments: list[Scenario],
    by: str,
    quotas: tuple[float, ...],
    names: Mapping[str, str],
    wanted: set[str],
    states: int,
    effort: int,
    work: Work,
) -> Answers:
    """Return the answers on one quadrature."""
    lucks = len(lucks_of(segments))
    worlds = worlds_of(segments, step_of(lucks, effort))
    market = market_nodes(segments[0].market, states)
    seats = []
    for segment in segments:
        nodes = nodes_of(segment, effort, worlds)
        for week, count in Counter(segment.hire_weeks).items():
            seats.append((Funnel(segment, nodes, market, week, work), count))
    if not seats:
        raise NotCoveredError("there is no seat")
    found = Answers()

    def questions(period: Period) -> Mapping[str, Question]:
        law = SummedLaw([Seats(funnel, period, number) for funnel, number in seats])
        asked = PeriodAnswers(law, period.quota).questions()
        return {
            names[name]: question for name, question in asked.items() if names.get(name) in wanted
        }

    by_period(
        found,
        [
            (
                (
                    period.quota,
                    tuple(
                        (
                            funnel.signature(period.start, period.stop),
                            funnel.filled(period.start, period.stop),
                        )
                        for funnel, _ in seats
                    ),
                ),
                lambda period=period: questions(period),  # type: ignore[misc]
            )
            for period in periods_of(segments[0], by, quotas)
        ],
    )
    return found
