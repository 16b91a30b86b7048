"""A stage of the funnel: who reaches it, and when."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    ASSIST,
    KPI_PIPELINE,
    LOST,
    NONE,
    ONE,
    OPPORTUNITY,
    PAST_OPPORTUNITY,
    REACHED,
    TABLE,
    TWO,
    WEEKS_PER_DAY,
)
from funnelsim.engine.kernels.moments import quarter_of, trace, week_in
from funnelsim.engine.kernels.past import ask
from funnelsim.engine.kernels.quantiles import quantile, tabled
from funnelsim.engine.kernels.sizes import count_pipeline, fill_sizes
from funnelsim.engine.kernels.words import fill_block, philox, uniform, whole_vectors


@inlined
def decide(plan, stage, column, skill, batch, m):
    """Part those who reach a stage (kept in ``alive``) from those who do not; return their number.

    Lists keep the order of addresses. No branch depends on luck: a wrong guess costs more.
    """
    lanes, uniforms, alive, stopped = batch.lanes, batch.uniforms, batch.alive, batch.stopped
    on, off, position = NONE, NONE, TWO * stage - ONE
    if plan.pipeline == 0:  # nobody asks for those who do not
        for j in range(m):
            i = alive[j]
            alive[on] = i
            on += np.uint64(uniforms[position, i] < skill[column, lanes[i]])
        return on, off
    for j in range(m):
        i = alive[j]
        goes = uniforms[position, i] < skill[column, lanes[i]]
        alive[on], stopped[off] = i, i
        on += np.uint64(goes)
        off += np.uint64(not goes)
    return on, off


@called
def decide_assisted(
    plans, source, key, stage, column, skill, group, batch, n, m, weekly, slot, counts
):
    """Do the same where each of the n opportunities has a conversion of its own, by its assists.

    Odds of several multiply; those assisted are counted when they set out for the stage.
    """
    plan, own = plans[0, source], plans.shape[0] > 1  # uncertain: each draw has its own
    lanes, families, times, lift = batch.lanes, batch.families, batch.times, batch.lift
    alive, stopped, rates, luck = batch.alive, batch.stopped, batch.rates, batch.luck
    for j in range(m):
        rates[alive[j]] = 1.0
    for a in range(np.uint64(plan.assists)):
        if plan.assist_stage[a] != np.int64(stage):
            continue
        name, column_of = ASSIST | np.uint64(plan.assist_name[a]) << np.uint64(16), plan.assisted
        for i in range(whole_vectors(n)):  # SIMD
            block = np.uint64(families[i] == PAST_OPPORTUNITY) << np.uint64(8)
            words = philox(
                batch.draws[i], batch.seats[i], batch.places[i], name | block, key[0], key[1]
            )  # fmt: skip
            luck[i] = uniform(words[0])
        coverage, odds, larger = plan.assist_coverage[a], plan.assist_odds[a], plan.assist_size[a]
        counted = NONE
        for j in range(m):
            i = alive[j]
            if own:
                stated = plans[group.stated[lanes[i]], source]
                coverage, odds = stated.assist_coverage[a], stated.assist_odds[a]
            assisted = luck[i] < coverage
            rates[i] *= odds if assisted else 1.0
            lift[i] *= larger if assisted else 1.0
            stopped[counted] = i
            counted += np.uint64(assisted & (families[i] == OPPORTUNITY) & (times[i] >= 0.0))
        for j in range(counted):
            i = stopped[j]
            at = quarter_of(plan, times[i]) * np.uint64(plan.columns) + np.uint64(column_of) + a
            counts[slot + lanes[i], at] += np.int32(1)
            if plan.kpis > 0:
                week, assist = week_in(plan, times[i]), REACHED + np.uint64(plan.stages) + a
                weekly[lanes[i], week, assist] += np.int32(1)
    on, off, position, rows = NONE, NONE, TWO * stage - ONE, batch.rows
    for j in range(m):
        i = alive[j]
        rows[0, j], rows[1, j] = rates[i], skill[column, lanes[i]]
        rows[2, j] = batch.uniforms[position, i]
    for j in range(m):  # SIMD
        lifted = rows[0, j] * rows[1, j]
        rows[0, j] = lifted / (1.0 - rows[1, j] + lifted)
    for j in range(m):
        i, goes = alive[j], rows[2, j] < rows[0, j]
        rates[i] = rows[0, j]
        alive[on], stopped[off] = i, i
        on += np.uint64(goes)
        off += np.uint64(not goes)
    return on, off


@called
def let_go(plans, source, keys, drawn, group, batch, listed, m, slot, counts):
    """Keep those who are decided before their rep leaves, and those handed over to the successor.

    The others are lost that day. Returns the number of those kept. So many blocks of their words
    are ``drawn``.
    """
    plan = plans[0, source]
    kept, position = NONE, np.uint64(2 * plan.stages + 3)
    if drawn <= position >> TWO:  # few outlast their rep
        left = NONE
        for j in range(m):
            i = listed[j]
            batch.outlasting[left] = i
            left += np.uint64(batch.times[i] >= group.leaves[batch.lanes[i]])
        fill_block(keys, plan.renewed_words, position >> TWO, batch, batch.outlasting, left)
    for j in range(m):
        i = listed[j]
        g = batch.lanes[i]
        if batch.times[i] >= group.leaves[g]:
            handover = plans[group.stated[g], source].handover
            if batch.uniforms[position, i] >= handover:
                if plan.pipeline:
                    trace(
                        plan, batch.families[i], batch.entered[i], group.leaves[g], LOST, slot + g,
                        counts,
                    )  # fmt: skip
                continue
        listed[kept] = i
        kept += ONE
    return kept


@called
def wait(plans, source, data, stage, group, batch, listed, m, fate):
    """Add a stage's delay to the times of those listed: until they win it, or until it is lost.

    Those of the past come first; of them it is known that some delay is long enough.
    """
    plan = plans[0, source]
    lanes, times, uniforms = batch.lanes, batch.times, batch.uniforms
    position = TWO * stage if stage > np.uint64(plan.first) else np.uint64(2 * plan.stages + 2)
    law = plan.delay_law[stage]
    ask(plan, data, batch, stage, position, listed, m)
    mean = plan.lost_days[stage] if fate == LOST else plan.days[stage]
    if plan.drawn_days:  # uncertain: each draw has its own
        for j in range(m):
            i = listed[j]
            stated = plans[group.stated[lanes[i]], source]
            mean = stated.lost_days[stage] if fate == LOST else stated.days[stage]
            if plan.law_kind[law] == TABLE:
                mean *= plan.law_scale[law]
                first, bits = plan.law_first[law], plan.law_size[law]
                times[i] += mean * tabled(data, first, bits, uniforms[position, i])
            else:
                times[i] += mean * quantile(plan, data, law, uniforms[position, i])
    elif mean == 0.0:
        return
    elif plan.law_kind[law] == TABLE:
        mean *= plan.law_scale[law]
        first, bits = plan.law_first[law], plan.law_size[law]
        for j in range(m):
            i = listed[j]
            times[i] += mean * tabled(data, first, bits, uniforms[position, i])
    else:
        for j in range(m):
            i = listed[j]
            times[i] += mean * quantile(plan, data, law, uniforms[position, i])


@inlined
def arrive(plan, stage, batch, m, slot, counts):
    """Count those who reach a stage in the horizon; keep all that are not past its end.

    Returns the number of those kept, and of those counted, whom it lists in ``stopped``.
    """
    lanes, families, times, alive = batch.lanes, batch.families, batch.times, batch.alive
    kept, now, column = NONE, NONE, np.uint64(plan.reached) + stage
    columns, counted = np.uint64(plan.columns), batch.stopped
    horizon, quarters_per_day, last = plan.horizon_days, plan.quarters_per_day, plan.quarters - 1
    for j in range(m):
        i = alive[j]
        t = times[i]
        inside = t < horizon
        alive[kept], counted[now] = i, i
        kept += np.uint64(inside)
        now += np.uint64(inside & (t >= 0.0) & (families[i] == OPPORTUNITY))
    for j in range(now):
        i = counted[j]
        at = column
        if last > 0:
            at += np.uint64(min(np.int64(times[i] * quarters_per_day), last)) * columns
        counts[slot + lanes[i], at] += np.int32(1)
    return kept, now


@called
def arrive_by_week(plans, source, data, key, stage, skill, group, batch, m, weekly, amounts):
    """Count m of those who reach a stage by week, for the KPIs."""
    plan = plans[0, source]
    lanes, times, counted, column = batch.lanes, batch.times, batch.stopped, REACHED + stage
    last = plan.quarters * plan.weeks_per_quarter - 1
    for j in range(m):
        i = counted[j]
        week = np.uint64(min(np.int64(times[i] * WEEKS_PER_DAY), last))
        weekly[lanes[i], week, column] += np.int32(1)
    known = False
    for k in range(plan.kpis):
        if plan.kpi_metric[k] == KPI_PIPELINE and plan.kpi_stage[k] == np.int64(stage):
            if not known:
                fill_sizes(plans, source, data, skill, group, batch, counted, m)
                known = True
            count_pipeline(plan, key, k, batch, m, amounts)
