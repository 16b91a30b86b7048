"""KPIs and deals together: one generating function for all that is counted in a quarter.

Every KPI that counts has a variable u of its own, deals have z = 1 - y. 'Fewer than the target' is
a linear functional of the function of u, 'hit in enough periods' one of the function of a second
variable t, so that nothing has to be enumerated. Derived in docs/background/exact.md, "KPIs".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Kpi, Scenario
from funnelsim.twin.counts import STEP_WORK, WEEK_WORK, Arrivals
from funnelsim.twin.fourier import DAMPING, PERIODS, Complexes, Floats
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.sizes import CHUNK
from funnelsim.twin.ways import Way
from funnelsim.twin.weeks import Weeks

MOST_POINTS = 4e7  # held at a time
POWER_WORK = 60  # complex multiplications that a power takes
ACTIVITIES = -1  # the level of activities; levels from 0 are stages


@dataclass(frozen=True)
class Target:
    """A KPI that counts something.

    Attributes
    ----------
    level : int or str
        The stage whose reaching is counted, ACTIVITIES, or the name of an assist.
    count : int
        The smallest count that hits.
    per : str
    periods, needed : int
        Periods of a quarter, and in how many of them it has to be hit.
    logged : float
    """

    level: int | str
    count: int
    per: str
    periods: int
    needed: int
    logged: float

    def seen(self, u: Complexes) -> Complexes:
        """Return E u^seen of one counted thing."""
        return np.asarray(1 - self.logged * (1 - u))

    @property
    def points(self) -> Complexes:
        """Return the points u: a damped circle, and 1."""
        size = int(PERIODS) * self.count
        circle = np.exp((-DAMPING + 2j * np.pi * np.arange(size)) / size)
        return np.append(circle, 1.0).astype(np.complex128)

    @property
    def missed(self) -> Complexes:
        """Return weights w, (point,): sum of w G(u) is P(fewer than the target)."""
        size, k = int(PERIODS) * self.count, np.arange(self.count)
        turns = np.exp(-2j * np.pi * np.multiply.outer(np.arange(size), k) / size)
        return np.append(turns @ np.exp(DAMPING / size * k) / size, 0.0)

    @property
    def by_hits(self) -> Complexes:
        """Return weights, (t, point): E t^[hit] for each root of unity t."""
        total = np.append(np.zeros(int(PERIODS) * self.count), 1.0)
        return np.asarray(self.missed + np.multiply.outer(self.turns, total - self.missed))

    @property
    def turns(self) -> Complexes:
        """Return the roots of unity t that tell 0 .. periods hits apart."""
        return np.asarray(np.exp(2j * np.pi * np.arange(self.periods + 1) / (self.periods + 1)))

    @property
    def attained(self) -> Complexes:
        """Return weights, (t,): sum of w G(t) is P(hit in enough periods)."""
        hits = np.arange(self.needed, self.periods + 1)
        return np.asarray((self.turns[:, None] ** -hits).sum(axis=1) / (self.periods + 1))


def target_of(plan: Scenario, kpi: Kpi) -> Target:
    """Return what a KPI counts and when it is attained (docs/background/model.md, item 8)."""
    periods = {"week": plan.calendar.weeks_per_quarter, "month": 3, "quarter": 1}[kpi.per]
    level: int | str = kpi.metric  # of an assist
    if kpi.metric == "activities":
        level = ACTIVITIES
    elif kpi.metric in plan.stage_names:
        level = plan.stage_names.index(kpi.metric)
    needed = math.ceil(kpi.share * periods - 1e-9)
    return Target(level, math.ceil(kpi.target), kpi.per, periods, needed, kpi.logged)


Won = Callable[[Way, float], Complexes]  # (way, factor on the size) -> (node or 1, point)


def attained_pgf(
    funnel: Funnel, targets: Sequence[Target], start: int, won: Won, points: int
) -> Complexes:
    """Return E[product over deals of ``won``; all targets attained] of a quarter.

    Parameters
    ----------
    funnel : Funnel
    targets : sequence of Target
    start : int
        The week in which the quarter begins.
    won : callable
        What a deal contributes: 1 - y to count deals, E exp(-s size) for their sum.
    points : int
        How many points it has; where stages are delayed only 1 is covered, and deals must not
        matter.

    Returns
    -------
    (node, state, point) complex

    Raises
    ------
    NotCoveredError
        Where delays link weeks or levels, or there is too much to count.
    """
    targets = [target for target in targets if target.count > 0]  # others are always attained
    size = math.prod(target.points.size for target in targets) * points
    kinds = funnel.entries.activity.size
    if size > MOST_POINTS:
        raise NotCoveredError(
            "these KPIs together would take minutes; state fewer, smaller targets, or less skill"
        )
    funnel.work.spend(size * kinds * _work_of_a_point(funnel, targets, start))
    targets = sorted(targets, key=lambda target: ("week", "month", "quarter").index(target.per))
    late = any(is_late(funnel.plan, target) for target in targets)
    if late:
        _check_late(funnel, targets)
    out = np.empty((kinds, points), dtype=np.complex128)
    rows = max(1, CHUNK // size)
    for first in range(0, kinds, rows):
        part = slice(first, first + rows)
        week = _LateWeek(funnel, targets, part) if late else _Week(funnel, targets, part, won)
        out[part] = _quarter(funnel, targets, start, week)
    return out.reshape(funnel.nodes.count, -1, points)


def _work_of_a_point(funnel: Funnel, targets: Sequence[Target], start: int) -> float:
    """Return complex multiplications for one kind of rep and one point of all variables."""
    numbers = range(start, start + funnel.plan.calendar.weeks_per_quarter)
    laws = {(funnel.in_force(number), funnel.factor(number)) for number in numbers}
    if any(is_late(funnel.plan, target) for target in targets):
        return len(numbers) * WEEK_WORK
    best = float(funnel.entries.activity.max())
    own = max(weeks.listed(best) for weeks, _ in laws)
    hits = sum(target.periods + 1 for target in targets)
    return len(laws) * (WEEK_WORK * len(funnel.ways) + STEP_WORK * own + hits)


def is_late(plan: Scenario, target: Target) -> bool:
    """Return whether what is counted happens later than the activity, by whatever way in."""
    last = target.level
    if isinstance(last, str):
        assist = next(each for each in plan.assists if each.name == last)
        last = plan.stage_names.index(assist.at) - 1
    return any(
        stage.days > 0
        for source in (None, *plan.sources)
        for stage in plan.stages_of(source)[plan.first_stage_of(source) : last + 1]
    )


def _check_late(funnel: Funnel, targets: Sequence[Target]) -> None:
    if not funnel.always_poisson:
        raise NotCoveredError(
            "with delays before the stage counted, a floor, a cap, week_cv or elasticity makes "
            "weeks depend on each other"
        )
    if funnel.market.weights.size > 1:
        raise NotCoveredError("with delays before the stage counted, the market links weeks")
    if len({target.level for target in targets}) > 1:
        raise NotCoveredError("with delays, KPIs of different stages depend on each other")
    if any(isinstance(target.level, str) for target in targets):
        raise NotCoveredError("with delays before the step, a KPI of an assist is not covered")


class _Week:
    """The generating function of one week, everything counted at once."""

    def __init__(self, funnel: Funnel, targets: Sequence[Target], part: slice, won: Won) -> None:
        self._funnel, self._part, self._won = funnel, part, won
        self._activity = funnel.entries.activity[part]
        self._entry = funnel.entries.entry[part]
        self._axes = len(targets) + 1
        self._seen: dict[int | str, Complexes] = {}
        for axis, target in enumerate(targets, start=1):
            shape = [1] * (self._axes + 1)
            shape[axis] = target.points.size
            seen = target.seen(target.points).reshape(shape)
            self._seen[target.level] = self._seen.get(target.level, 1.0) * seen
        fewer = [1 - self._entered(way) for way in funnel.ways]
        points = max(each.shape[-1] for each in fewer)
        counts = tuple(target.points.size for target in targets)
        self._shape = (self._activity.size, *counts, points)
        self._fewer = [self._flat(each) for each in fewer]
        self._outer = self._flat(self._counted(ACTIVITIES))
        self._counts_activities = ACTIVITIES in self._seen

    def _flat(self, values: Complexes) -> Complexes:
        return np.broadcast_to(values, self._shape).reshape(self._shape[0], -1)

    def _counted(self, level: int | str) -> Complexes:
        one = np.ones((1,) * (self._axes + 1), dtype=np.complex128)
        return self._seen.get(level, one)

    def _by_kind(self, by_node: Floats) -> Floats:
        """Return values of nodes for the kinds of this part, (kind, 1, ..., 1)."""
        states = self._funnel.market.weights.size
        return np.repeat(by_node, states)[self._part].reshape(-1, *[1] * self._axes)

    def _entered(self, way: Way) -> Complexes:
        """Return the function of one opportunity that enters, (kind, u of each target, point)."""
        return self._after(way, way.first, 1.0) * self._counted(way.first)

    def _after(self, way: Way, level: int, size: float) -> Complexes:
        """Return the function of what happens after a stage is reached."""
        if level == len(way.steps) - 1:
            value = self._won(way, size)
            if len(value) > 1:
                value = np.repeat(value, self._funnel.market.weights.size, axis=0)[self._part]
            return value.reshape(value.shape[0], *[1] * (self._axes - 1), value.shape[-1])
        total: Complexes | float = 0.0
        for step in way.steps[level + 1]:
            reached = self._after(way, level + 1, size * step.size) * self._counted(level + 1)
            seen = math.prod((self._counted(name) for name in step.assists), start=1.0)
            going = 1 - self._by_kind(step.conversion) * (1 - reached)
            total = total + self._by_kind(step.probability) * seen * going
        return np.asarray(total)

    def __call__(self, week: int) -> Complexes:
        """Return the function of a week, (kind, u of each target, point)."""
        value = self._own(self._funnel.in_force(week), self._funnel.factor(week))
        for way, fewer in zip(self._funnel.ways[1:], self._fewer[1:], strict=True):
            assert isinstance(way.entries, Arrivals)  # noqa: S101  only the first way is worked
            rate = way.entries.rate[self._part] * self._funnel.factor(week)
            value = value * np.exp(-rate[:, None] * fewer)
        return value.reshape(self._shape)

    def _own(self, weeks: Weeks, factor: float) -> Complexes:
        """Return the function of the rep's own activity in a week, (kind, u and points)."""
        fewer = self._fewer[0]
        if weeks.is_linear:
            p = np.minimum(self._entry * factor, 1.0)[:, None]
            return weeks.pgf(self._activity, 1 - self._outer * (1 - p * fewer))
        if self._counts_activities:
            return self._listed(weeks, factor)
        rows, row, scale = self._funnel.entries.laws(weeks, factor)
        f = 1 - scale[self._part, None] * fewer
        value = np.zeros_like(f)
        for column in rows.T[::-1]:
            value *= f
            value += column[row[self._part], None]
        return value

    def _listed(self, weeks: Weeks, factor: float) -> Complexes:
        """Sum over the number of activities, on which P(entry) depends."""
        fewer = self._fewer[0]
        law = weeks.activities(self._activity)
        p = weeks.entry_probability(self._entry * factor, law.shape[1] - 1)
        self._funnel.work.spend(POWER_WORK * law.shape[1] * fewer.size)
        value = np.zeros_like(fewer)
        for n in range(law.shape[1]):
            value += law[:, n, None] * (self._outer * (1 - p[:, n, None] * fewer)) ** n
        return value


class _LateWeek:
    """The generating function of one week's Poisson count of a delayed stage."""

    def __init__(self, funnel: Funnel, targets: Sequence[Target], part: slice) -> None:
        self._funnel, self._part, self._level = funnel, part, int(targets[0].level)  # of no assist
        self._seen = np.ones((1,), dtype=np.complex128)
        for target in targets:
            self._seen = np.multiply.outer(self._seen, target.seen(target.points))
        self._seen = np.moveaxis(self._seen, 0, -1)  # deals are not counted: y = 0

    def __call__(self, week: int) -> Complexes:
        """Return the function of a week, (kind, u of each target, 1)."""
        mean, _ = self._funnel.reached(self._level, week, week + 1).moments()
        return np.asarray(np.exp(np.multiply.outer(mean[self._part], self._seen - 1)))


def _quarter(
    funnel: Funnel, targets: Sequence[Target], start: int, week: _Week | _LateWeek
) -> Complexes:
    """Multiply weeks into months and months into the quarter; (kind, y)."""
    length = funnel.plan.calendar.weeks_per_quarter
    known: dict[object, Complexes] = {}

    def in_week(number: int) -> Complexes:
        key: object = funnel.in_force(number), funnel.factor(number)
        if isinstance(week, _LateWeek):
            key = number
        if key not in known:
            known[key] = _each(targets, "week", week(number))
        return known[key]

    quarter: Complexes | float = 1.0
    for month in range(3):
        value: Complexes | float = 1.0
        for number in range(month * length // 3, (month + 1) * length // 3):
            value = value * in_week(start + number)
        quarter = quarter * _each(targets, "month", np.asarray(value))
    quarter = _each(targets, "quarter", np.asarray(quarter))
    for axis in range(len(targets), 0, -1):
        quarter = np.tensordot(quarter, targets[axis - 1].attained, axes=([axis], [0]))
    return quarter


def _each(targets: Sequence[Target], per: str, values: Complexes) -> Complexes:
    """Turn counts of a period into hits, for the targets of that kind of period."""
    for axis, target in enumerate(targets, start=1):
        if target.per == per:
            moved = np.tensordot(values, target.by_hits, axes=([axis], [1]))
            values = np.moveaxis(moved, -1, axis)
    return values
