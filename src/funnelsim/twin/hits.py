"""KPIs and deals together: one generating function for all that is counted in a quarter.

Every KPI that counts has a variable u of its own, deals have z = 1 - y. 'Fewer than the target' is
a linear functional of the function of u, 'hit in enough periods' one of the function of a second
variable t, so that nothing has to be enumerated. Derived in docs/exact.md, "KPIs".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.scenario.model import Kpi, Scenario
from funnelsim.twin.fourier import DAMPING, PERIODS, Complexes, Floats
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.sizes import CHUNK
from funnelsim.twin.weeks import Weeks

MOST_WORK = 4e8  # points times kinds of reps; more would take minutes
ACTIVITIES = -1  # the level of activities; levels from 0 are stages


@dataclass(frozen=True)
class Target:
    """A KPI that counts something.

    Attributes
    ----------
    level : int
        The stage whose reaching is counted, or ACTIVITIES.
    count : int
        The smallest count that hits.
    per : str
    periods, needed : int
        Periods of a quarter, and in how many of them it has to be hit.
    logged : float
    """

    level: int
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
    """Return what a KPI counts and when it is attained (docs/model.md, item 8)."""
    periods = {"week": plan.calendar.weeks_per_quarter, "month": 3, "quarter": 1}[kpi.per]
    level = ACTIVITIES if kpi.metric == "activities" else plan.stage_names.index(kpi.metric)
    needed = math.ceil(kpi.share * periods - 1e-9)
    return Target(level, math.ceil(kpi.target), kpi.per, periods, needed, kpi.logged)


def attained_pgf(
    funnel: Funnel, targets: Sequence[Target], start: int, y: Complexes | Floats
) -> Complexes:
    """Return E[(1 - y)^deals; all targets attained] of the quarter that begins in week ``start``.

    Parameters
    ----------
    funnel : Funnel
    targets : sequence of Target
    start : int
    y : (point,) float or complex
        Only [0] where stages are delayed.

    Returns
    -------
    (node, state, point) complex

    Raises
    ------
    NotCoveredError
        Where delays link weeks or levels, or there is too much to count.
    """
    targets = [target for target in targets if target.count > 0]  # others are always attained
    size = math.prod(target.points.size for target in targets) * y.size
    kinds = funnel.entries.activity.size
    if size * kinds > MOST_WORK or size > MOST_WORK / 10:
        raise NotCoveredError(
            "these KPIs together would take minutes; state fewer, smaller targets, or less skill"
        )
    targets = sorted(targets, key=lambda target: ("week", "month", "quarter").index(target.per))
    late = [t for t in targets if any(s.days > 0 for s in funnel.plan.stages[: t.level + 1])]
    if late:
        _check_late(funnel, targets)
    out = np.empty((kinds, y.size), dtype=np.complex128)
    rows = max(1, CHUNK // size)
    for first in range(0, kinds, rows):
        part = slice(first, first + rows)
        week = _LateWeek(funnel, targets, part) if late else _Week(funnel, targets, part, y)
        out[part] = _quarter(funnel, targets, start, week)
    return out.reshape(funnel.nodes.size.size, -1, y.size)


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


class _Week:
    """The generating function of one week, everything counted at once."""

    def __init__(
        self, funnel: Funnel, targets: Sequence[Target], part: slice, y: Complexes | Floats
    ) -> None:
        self._funnel, self._part = funnel, part
        self._activity = funnel.entries.activity[part]
        self._entry = funnel.entries.entry[part]
        kinds, axes = self._activity.size, len(targets) + 1
        conversions = np.repeat(funnel.nodes.conversions, funnel.market.weights.size, axis=0)[part]

        def along(axis: int, values: Complexes | Floats) -> Complexes:
            shape = [1] * (axes + 1)
            shape[axis] = values.size
            return np.asarray(values, dtype=np.complex128).reshape(shape)

        seen = {level: np.ones((1,) * (axes + 1), dtype=np.complex128) for level in range(-1, 9)}
        for axis, target in enumerate(targets, start=1):
            seen[target.level] = seen[target.level] * along(axis, target.seen(target.points))
        f = along(axes, 1 - y)
        for level in range(conversions.shape[1] - 1, 0, -1):
            kept = along(0, conversions[:, level])
            f = 1 - kept * (1 - f * seen[level])
        self._shape = (kinds, *(target.points.size for target in targets), y.size)
        self._fewer = np.broadcast_to(1 - f * seen[0], self._shape).reshape(kinds, -1)
        self._outer = np.broadcast_to(seen[ACTIVITIES], self._shape).reshape(kinds, -1)
        self._counts_activities = any(target.level == ACTIVITIES for target in targets)

    def __call__(self, week: int) -> Complexes:
        """Return the function of a week, (kind, u of each target, y)."""
        weeks, factor = self._funnel.in_force(week), self._funnel.season(week)
        if weeks.is_linear:
            p = np.minimum(self._entry * factor, 1.0)[:, None]
            value = weeks.pgf(self._activity, self._outer * (1 - p * self._fewer))
        elif self._counts_activities:
            value = self._listed(weeks, factor)
        else:
            rows, row, scale = self._funnel.entries.laws(weeks, factor)
            f = 1 - scale[self._part, None] * self._fewer
            value = np.zeros_like(f)
            for column in rows.T[::-1]:
                value *= f
                value += column[row[self._part], None]
        return value.reshape(self._shape)

    def _listed(self, weeks: Weeks, factor: float) -> Complexes:
        """Sum over the number of activities, on which P(entry) depends."""
        law = weeks.activities(self._activity)
        p = weeks.entry_probability(self._entry * factor, law.shape[1] - 1)
        if law.shape[1] * self._fewer.size > MOST_WORK:
            raise NotCoveredError("elasticity and a KPI of activities together would take minutes")
        value = np.zeros_like(self._fewer)
        for n in range(law.shape[1]):
            value += law[:, n, None] * (self._outer * (1 - p[:, n, None] * self._fewer)) ** n
        return value


class _LateWeek:
    """The generating function of one week's Poisson count of a delayed stage."""

    def __init__(self, funnel: Funnel, targets: Sequence[Target], part: slice) -> None:
        self._funnel, self._part, self._level = funnel, part, targets[0].level
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
        key = number if isinstance(week, _LateWeek) else funnel.in_force(number)
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
