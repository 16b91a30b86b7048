"""KPIs of a quarter: how likely each is attained, all together, and what attainment goes with it.

Derived in docs/background/exact.md, "KPIs".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Kpi
from funnelsim.twin.counts import Circle
from funnelsim.twin.fourier import Complexes, Floats
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.hits import Target, attained_pgf, is_late, target_of
from funnelsim.twin.laws import CountedLaw, Period, Rules
from funnelsim.twin.normals import converged
from funnelsim.twin.period import ATTAINED, ROUNDING, Answer, Question
from funnelsim.twin.seats import Seats
from funnelsim.twin.sums import SummedLaw

PIPELINE = "pipeline"
COUNTING = 1e-11  # error of a count read off its circles


def kpi_questions(
    funnel: Funnel, law: CountedLaw | SummedLaw, period: Period
) -> dict[str, Question]:
    """Return what can be asked about the KPIs of one quarter, by the names of the registry."""
    if not funnel.plan.kpis:
        return {}
    answers = _KpiAnswers(funnel, law, period)
    return {
        "kpi_probability": answers.one_by_one,
        "kpi_attainment_probability": answers.together,
        "attainment_given_kpi_hit": lambda: answers.given[0],
        "attainment_given_kpi_missed": lambda: answers.given[1],
    }


class _KpiAnswers:
    def __init__(self, funnel: Funnel, law: CountedLaw | SummedLaw, period: Period) -> None:
        self._funnel, self._law, self._period = funnel, law, period
        self._kpis = funnel.plan.kpis

    def one_by_one(self) -> Answer:
        answers = [self._probability([kpi]) for kpi in self._kpis]
        return np.array([value for value, _ in answers]), np.array([error for _, error in answers])

    def together(self) -> Answer:
        return self._probability(self._kpis)

    def _probability(self, kpis: Sequence[Kpi]) -> Answer:
        if any(kpi.metric == PIPELINE for kpi in kpis):
            if len(kpis) > 1:
                raise NotCoveredError("a pipeline KPI is answered on its own only")
            by_node, error = self._pipeline_attained(kpis[0])
        else:
            by_node, error = self._attained(np.zeros(1), kpis)[:, -1].real, COUNTING
        mean, quadrature = self._funnel.nodes.mean(np.clip(by_node, 0.0, 1.0))
        return mean, quadrature + error + ROUNDING

    @cached_property
    def given(self) -> tuple[Answer, Answer]:
        """P(attained | KPIs attained) and P(attained | some KPI missed)."""
        if self._funnel.has_delays:
            raise NotCoveredError("with delays, this quarter's bookings began in earlier quarters")
        if any(kpi.metric == PIPELINE for kpi in self._kpis):
            raise NotCoveredError("a pipeline KPI and bookings share the sizes of the same deals")
        x = self._period.quota * ATTAINED
        missed, error = self._law.missed(x)
        (both_missed, other), hit = self._jointly(x)
        won_hit = hit - both_missed
        error += other + COUNTING
        return _ratio(won_hit, hit, error), _ratio(1 - missed - won_hit, 1 - hit, error)

    def _jointly(self, x: float) -> tuple[Rules, Floats]:
        """Return P(bookings < x and KPIs attained) and P(KPIs attained), (rule,)."""
        weights = self._funnel.nodes.weights
        if isinstance(self._law, SummedLaw):
            targets = [target_of(self._funnel.plan, kpi) for kpi in self._kpis]
            joint = SummedLaw([Seats(self._funnel, self._period)], targets)
            hit = np.clip(self._attained(np.zeros(1), self._kpis)[:, 0].real, 0.0, 1.0)
            return joint.missed(x), weights @ hit
        bookings, quarters = self._law.bookings, self._period.quarters
        circle = Circle(self._law.deals.most(bookings.most_deals(x, quarters)))
        values = self._attained(np.append(circle.y, 0.0), self._kpis)
        hit = np.clip(values[:, -1].real, 0.0, 1.0)
        laws = circle.probabilities(values[:, :-1])
        missed, errors = bookings.missed(x, laws, quarters, work=self._funnel.work)
        return (weights @ missed, float(weights[0] @ errors)), weights @ hit

    def _attained(self, y: Complexes | Floats, kpis: Sequence[Kpi]) -> Complexes:
        """Return E[(1 - y)^deals; KPIs attained], (node, point)."""
        targets = [target_of(self._funnel.plan, kpi) for kpi in kpis]
        won = np.asarray(1 - y, dtype=np.complex128)[None]
        values = attained_pgf(
            self._funnel, targets, self._period.start, lambda way, size: won, y.size
        )
        return np.asarray(np.einsum("nsy,s->ny", values, self._funnel.market.weights))

    def _pipeline_attained(self, kpi: Kpi) -> tuple[Floats, float]:
        """Return P(enough sizes reach the stage in enough periods), (node,), and its error."""
        funnel, plan = self._funnel, self._funnel.plan
        stage = 0 if kpi.at is None else plan.stage_names.index(kpi.at)
        late = is_late(plan, Target(stage, 0, "", 0, 0, 1.0))
        windows = _windows(kpi.per, self._period.start, plan.calendar.weeks_per_quarter)
        independent = funnel.always_poisson and funnel.market.weights.size == 1
        if late and len(windows) > 1 and not independent:
            raise NotCoveredError(
                "with delays before the stage counted, periods are independent only for Poisson "
                "weeks without a market"
            )
        x = kpi.target * ATTAINED
        law, error = np.ones((1, 1, 1)), 0.0
        for start, stop in windows:
            missed, errors = self._short(x, kpi, stage, (start, stop), late=late)
            law = _one_more(law, 1 - missed)
            error += errors
        needed = math.ceil(kpi.share * len(windows) - 1e-9)
        by_state = law[:, :, needed:].sum(axis=2)
        weights = funnel.market.weights if by_state.shape[1] > 1 else np.ones(1)
        return by_state @ weights, error

    def _short(
        self, x: float, kpi: Kpi, stage: int, window: tuple[int, int], *, late: bool
    ) -> tuple[Floats, float]:
        """Return P(less than x in sizes), (node, state or 1), and its error."""
        funnel = self._funnel
        count = funnel.reached(stage, *window, kpi.logged)
        if not x:
            return np.zeros((funnel.nodes.count, 1)), 0.0
        if isinstance(self._law, SummedLaw):
            if late and funnel.market.weights.size > 1:
                raise NotCoveredError("a market, delays and unlike sizes together")
            own = Seats(funnel, Period(*window, x, 0), stage=stage, kept=kpi.logged)
            amounts = SummedLaw([own])
            missed, errors = amounts.missed_by_state(x)
        else:
            bookings = self._law.bookings
            most = count.most(bookings.most_deals(x, 0))
            laws = count.laws(most)[:, None] if late else count.laws_by_state(most)
            missed, errors = bookings.missed(x, laws, 0, work=funnel.work)
        return missed, float(errors.max()) + count.error()


def _windows(per: str, start: int, length: int) -> list[tuple[int, int]]:
    """Return the periods of a quarter, weeks half open."""
    edges = {
        "week": list(range(length + 1)),
        "month": [month * length // 3 for month in range(4)],
        "quarter": [0, length],
    }[per]
    return [(start + a, start + b) for a, b in pairwise(edges)]


def _one_more(law: Floats, hit: Floats) -> Floats:
    """Return the law of hits, (..., hits), after one more period that is hit with P = ``hit``."""
    longer = np.zeros((*hit.shape, law.shape[-1] + 1))
    longer[..., :-1] = law * (1 - hit[..., None])
    longer[..., 1:] += law * hit[..., None]
    return longer


def _ratio(part: Floats, whole: Floats, error: float) -> Answer:
    """Return a conditional probability from its parts, (rule,); NaN given what never happens."""
    if not np.all(whole > 0):
        return np.array(np.nan), np.array(0.0)
    value, quadrature = converged(part / whole)
    return value, quadrature + 2 * error / whole[0]
