"""KPIs of a quarter: how likely each is attained, all together, and what attainment goes with it.

Derived in docs/exact.md, "KPIs".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Kpi
from funnelsim.twin.bookings import Bookings
from funnelsim.twin.counts import Circle
from funnelsim.twin.fourier import Floats
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.hits import attained_pgf, target_of
from funnelsim.twin.period import ATTAINED, ROUNDING, Answer, Period, Question
from funnelsim.twin.skill import converged

PIPELINE = "pipeline"
COUNTING = 1e-11  # error of a count read off its circles


def kpi_questions(funnel: Funnel, bookings: Bookings, period: Period) -> dict[str, Question]:
    """Return what can be asked about the KPIs of one quarter, by the names of the registry."""
    if not funnel.plan.kpis:
        return {}
    answers = _KpiAnswers(funnel, bookings, period)
    return {
        "kpi_probability": answers.one_by_one,
        "kpi_attainment_probability": answers.together,
        "attainment_given_kpi_hit": lambda: answers.given[0],
        "attainment_given_kpi_missed": lambda: answers.given[1],
    }


class _KpiAnswers:
    def __init__(self, funnel: Funnel, bookings: Bookings, period: Period) -> None:
        self._funnel, self._bookings, self._period = funnel, bookings, period
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
            by_node, error = self._attained(kpis, Circle(0), only_total=True)[1], COUNTING
        mean, quadrature = self._funnel.nodes.mean(by_node)
        return mean, quadrature + error + ROUNDING

    @cached_property
    def given(self) -> tuple[Answer, Answer]:
        """P(attained | KPIs attained) and P(attained | some KPI missed)."""
        if self._funnel.has_delays:
            raise NotCoveredError("with delays, this quarter's bookings began in earlier quarters")
        if any(kpi.metric == PIPELINE for kpi in self._kpis):
            raise NotCoveredError("a pipeline KPI and bookings share the sizes of the same deals")
        x, quarters = self._period.quota * ATTAINED, self._period.quarters
        deals = self._funnel.reached(-1, self._period.start, self._period.stop)
        most = min(self._bookings.most_deals(x, quarters), deals.most())
        missed, errors = self._bookings.missed(x, deals.laws(most), quarters)
        laws, hit = self._attained(self._kpis, Circle(most))
        both_missed, _ = self._bookings.missed(x, laws, quarters)
        weights = self._funnel.nodes.weights
        hit, won_hit, won = weights @ hit, weights @ (hit - both_missed), weights @ (1 - missed)
        error = float(weights[0] @ errors) + COUNTING
        return _ratio(won_hit, hit, error), _ratio(won - won_hit, 1 - hit, error)

    def _attained(
        self, kpis: Sequence[Kpi], circle: Circle, *, only_total: bool = False
    ) -> tuple[Floats, Floats]:
        """Return P(KPIs attained, n deals), (node, n), and P(KPIs attained), (node,)."""
        targets = [target_of(self._funnel.plan, kpi) for kpi in kpis]
        y = np.zeros(1) if only_total else np.append(circle.y, 0.0)
        values = attained_pgf(self._funnel, targets, self._period.start, y)
        averaged = np.einsum("nsy,s->ny", values, self._funnel.market.weights)
        total = np.clip(averaged[:, -1].real, 0.0, 1.0)
        return (total[:, None] if only_total else circle.probabilities(averaged[:, :-1])), total

    def _pipeline_attained(self, kpi: Kpi) -> tuple[Floats, float]:
        """Return P(enough sizes reach the stage in enough periods), (node,), and its error."""
        funnel, plan = self._funnel, self._funnel.plan
        stage = 0 if kpi.at is None else plan.stage_names.index(kpi.at)
        late = any(earlier.days > 0 for earlier in plan.stages[: stage + 1])
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
            count = funnel.reached(stage, start, stop, kpi.logged)
            most = min(self._bookings.most_deals(x, 0), count.most()) if x else 0
            laws = count.laws(most)[:, None] if late else count.laws_by_state(most)
            missed, errors = self._bookings.missed(x, laws, 0) if x else (0 * laws[..., 0],) * 2
            law = _one_more(law, 1 - missed)
            error += float(errors.max()) + count.error()
        needed = math.ceil(kpi.share * len(windows) - 1e-9)
        by_state = law[:, :, needed:].sum(axis=2)
        weights = np.ones(1) if late else funnel.market.weights
        return by_state @ weights, error


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
