"""What deals are worth, and the pipeline that is counted by it."""

import numpy as np

from funnelsim.engine.compiling import called
from funnelsim.engine.kernels.constants import (
    AMOUNTS,
    LARGEST,
    LOGGED,
    ONE,
    REPEATABLE,
    SIZE_SKILL,
    TABLE,
    TWO,
    WEEKS_PER_DAY,
    WHALES,
    WINDFALL_PART,
)
from funnelsim.engine.kernels.moments import quarter_of
from funnelsim.engine.kernels.quantiles import size_quantile, tabled
from funnelsim.engine.kernels.words import philox, uniform


@called
def fill_sizes(plans, source, data, skill, group, batch, listed, m):
    """Fill in the sizes of m opportunities side by side, whales multiplied, and who is a whale."""
    plan, own = plans[0, source], plans.shape[0] > 1  # uncertain: each draw has its own
    lanes, uniforms, sizes, whales = batch.lanes, batch.uniforms, batch.sizes, batch.whales
    law, scale, probability = plan.size_law, plan.law_scale[plan.size_law], plan.whale_probability
    kind, first, bits = plan.law_kind[law], plan.law_first[law], plan.law_size[law]
    position, multiple = np.uint64(2 * plan.stages - 1), plan.whale_multiple
    for j in range(m):
        i = listed[j]
        g, high = lanes[i], uniforms[position, i]
        if own:
            stated = plans[group.stated[g], source]
            scale, probability = stated.law_scale[law], stated.whale_probability
        if kind == TABLE:
            size = scale * tabled(data, first, bits, high)
        else:
            size = size_quantile(plan, data, law, scale, high, uniforms[position + TWO, i])
        sizes[j], whales[j] = size * skill[SIZE_SKILL, g], uniforms[position + ONE, i] < probability
    if plan.assists > 0:
        for j in range(m):
            sizes[j] *= batch.lift[listed[j]]
    for j in range(m):  # SIMD
        sizes[j] *= multiple if whales[j] else 1.0


@called
def count_pipeline(plan, key, k, batch, m, amounts):
    """Add the sizes of m opportunities to a pipeline KPI, of those that are logged."""
    lanes, times, counted, sizes = batch.lanes, batch.times, batch.stopped, batch.sizes
    last, logged = plan.quarters * plan.weeks_per_quarter - 1, plan.kpi_logged[k]
    name = LOGGED | np.uint64(plan.kpi_name[k]) << np.uint64(16)
    for j in range(m):
        i = counted[j]
        if logged < 1.0:
            words = philox(
                batch.draws[i], batch.seats[i], batch.places[i], name, key[0], key[1]
            )  # fmt: skip
            if uniform(words[0]) >= logged:
                continue
        week = np.uint64(min(np.int64(times[i] * WEEKS_PER_DAY), last))
        amounts[lanes[i], week, np.uint64(k)] += sizes[j]


@called
def book(plans, source, data, skill, group, batch, m, slot, counts, money):
    """Book the m deals won in the horizon, in the order of their addresses."""
    plan = plans[0, source]
    fill_sizes(plans, source, data, skill, group, batch, batch.stopped, m)
    by_source, columns, amounts = plan.by_source, np.uint64(plan.columns), np.uint64(plan.amounts)
    for j in range(m):
        i = batch.stopped[j]
        g, q = batch.lanes[i], quarter_of(plan, batch.times[i])
        at, column, amount, size = slot + g, q * columns, q * amounts, batch.sizes[j]
        money[at, amount + LARGEST] = max(money[at, amount + LARGEST], size)
        if by_source:
            counts[at, column + np.uint64(plan.won_by_source) + source] += 1
            money[at, amount + AMOUNTS + source] += size
        if batch.whales[j]:
            counts[at, column + WHALES] += 1
            money[at, amount + WINDFALL_PART] += size
        else:
            money[at, amount + REPEATABLE] += size
