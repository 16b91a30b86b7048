"""What a quarter comes to: windfalls, bookings and KPIs."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    BOOKINGS,
    DONE,
    KPI_ASSIST,
    KPI_PIPELINE,
    KPI_STAGE,
    LARGEST,
    LOGGED,
    MOST_ENTRIES,
    NO_NAME,
    NONE,
    ONE,
    ORIGIN,
    PER_MONTH,
    PER_WEEK,
    REACHED,
    REPEATABLE,
    WINDFALL,
    WINDFALL_PART,
    WINDFALLS,
    ZERO,
)
from funnelsim.engine.kernels.counts import count_quantile
from funnelsim.engine.kernels.quantiles import binomial_quantile, size_quantile
from funnelsim.engine.kernels.words import block_at, fill_places, place_of, timed_uniform, uniform


@called
def add_windfalls(plans, data, key, n, group, windfalls, in_seat, slot, counts, money):
    """Book the windfalls of each quarter, after the deals of the funnel.

    What would come while nobody sits there does not come.
    """
    plan = plans[0, 0]
    for q in range(plan.quarters):
        place = place_of(q + ORIGIN, ZERO)
        fill_places(key, group.draws, group.places, n, place, WINDFALL, NONE, group)
        column, amount = np.uint64(q * plan.columns), np.uint64(q * plan.amounts)
        for g in range(n):
            stated = group.stated[g]
            at = stated if windfalls.firsts.size > 1 else NONE
            many = count_quantile(group.rows[0, g], at, windfalls)
            moment, high, low = group.rows[1, g], group.rows[2, g], group.rows[3, g]
            for i in range(min(many, MOST_ENTRIES)):
                if i > 0:
                    words = block_at(
                        key, group.draws[g], group.places[g], q + ORIGIN, i, WINDFALL, ZERO, NO_NAME
                    )
                    moment, high, low = uniform(words[1]), uniform(words[2]), uniform(words[3])
                if plan.careers:
                    now = (q + moment) * plan.weeks_per_quarter
                    if in_seat[g, np.uint64(np.int64(now))] == 0.0:
                        continue
                law = plan.windfall_law
                size = size_quantile(
                    plan, data, law, plans[stated, 0].law_scale[law], high, low
                )  # fmt: skip
                counts[slot + g, column + WINDFALLS] += 1
                money[slot + g, amount + WINDFALL_PART] += size
                money[slot + g, amount + LARGEST] = max(money[slot + g, amount + LARGEST], size)


@called
def close_quarters(plan, key, n, group, weekly, amounts, in_seat, slot, counts, money):
    """Add the parts of bookings up, count the KPI hits and how much of the quarter was worked."""
    for g in range(n):
        at = slot + g
        for q in range(plan.quarters):
            column, amount = np.uint64(q * plan.columns), np.uint64(q * plan.amounts)
            if plan.careers:
                filled, productive = 0, 0.0
                for week in range(q * plan.weeks_per_quarter, (q + 1) * plan.weeks_per_quarter):
                    filled += in_seat[g, np.uint64(week)] > 0.0
                    productive += in_seat[g, np.uint64(week)]
                part = amount + np.uint64(plan.in_seat)
                money[at, part] = filled / plan.weeks_per_quarter
                money[at, part + ONE] = productive / plan.weeks_per_quarter
            money[at, amount + BOOKINGS] = (
                money[at, amount + REPEATABLE] + money[at, amount + WINDFALL_PART]
            )
            for k in range(np.uint64(plan.kpis)):
                hits = count_hits(
                    plan, key, group.draws[g], group.places[g], k, q, g, weekly, amounts
                )
                counts[at, column + np.uint64(plan.hits) + k] = hits


@called
def count_hits(plan, key, draw, seat, k, quarter, g, weekly, amounts):
    """Return the number of periods of a quarter in which KPI k reaches its target."""
    length, target, hits = plan.weeks_per_quarter, plan.kpi_target[k], 0
    first = quarter * length
    begin, last = first, first + length
    month = 0
    while begin < last:
        end = last
        if plan.kpi_period[k] == PER_WEEK:
            end = begin + 1
        elif plan.kpi_period[k] == PER_MONTH:
            month += 1
            end = first + month * length // 3
        total = seen_in(
            plan, key, draw, seat, k, np.uint64(begin), np.uint64(end), g, weekly, amounts
        )
        hits += np.int64(total >= target)
        begin = end
    return hits


@inlined
def seen_in(plan, key, draw, seat, k, begin, end, g, weekly, amounts):
    """Return what a KPI sees of some weeks: a count or amount, thinned where not all is logged."""
    total, number = 0.0, 0
    if plan.kpi_metric[k] == KPI_PIPELINE:
        for week in range(begin, end):
            total += amounts[g, week, k]
        return total
    column = DONE
    if plan.kpi_metric[k] == KPI_STAGE:
        column = REACHED + np.uint64(plan.kpi_stage[k])
    elif plan.kpi_metric[k] == KPI_ASSIST:
        column = REACHED + np.uint64(plan.stages + plan.kpi_stage[k])
    if plan.kpi_logged[k] < 1.0:
        for week in range(begin, end):
            u = timed_uniform(key, draw, seat, np.int64(week), LOGGED, np.uint64(plan.kpi_name[k]))
            count = np.int64(weekly[g, week, column])
            number += binomial_quantile(u, count, plan.kpi_logged[k])
    else:
        for week in range(begin, end):
            number += np.int64(weekly[g, week, column])
    return np.float64(number)
