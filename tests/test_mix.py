"""The cheapest mix: closed forms, a brute-force grid, and the conditions of an optimum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

import funnelsim as fs
from funnelsim.analysis.chances import Goal, chances
from funnelsim.analysis.solve.mix import cheapest_mix
from funnelsim.errors import ArgumentError, NotCoveredError, ScenarioError
from twin_plans import WINDFALL, sales_math

ACTIVITY, WON, SIZE = "activity.per_quarter", "stages.won.conversion", "deal_size.mean"
COSTS = {ACTIVITY: 1.0, WON: 2_000.0}


@pytest.fixture(scope="module")
def plan():
    return sales_math()


def chance_of(plan, changes):
    return float(chances([plan.replace(changes)], Goal(), method="exact").values[0])


@pytest.mark.parametrize("attain", [0.6, 0.8, 0.9])
def test_two_factors_of_the_same_rate(plan, attain):
    """Only activity x conversion = K counts: cost is least at activity = sqrt(2 000 K).

    Minimise a + 2 000 c with a c = K; K from three Poisson deals or more.
    """
    fixed = plan.replace({"deal_size.law": "fixed"})
    deals = optimize.brentq(lambda mean: stats.poisson.sf(2, mean) - attain, 1e-6, 100)
    product = deals / (0.02 * 0.6)
    activities = max(math.sqrt(2_000 * product), 750)
    found = cheapest_mix(fixed, COSTS, attain=attain)
    assert found.mix_value.values == pytest.approx([activities, product / activities], rel=1e-5)
    cost = activities - 750 + 2_000 * (product / activities - 1 / 3)
    assert found.mix_total_cost.item() == pytest.approx(cost, rel=1e-8)
    assert found.mix_cost.values.sum() == pytest.approx(cost, rel=1e-8)
    assert found.mix_probability.item() == pytest.approx(attain, abs=1e-9)
    alone = np.array([product * 3, product / 750])
    assert found.alone_value.values == pytest.approx(alone, rel=1e-6)
    assert found.alone_cost.values == pytest.approx((alone - [750, 1 / 3]) * [1, 2_000], rel=1e-5)
    assert found.attrs["outcome"] == "found"


def test_brute_force(plan):
    """No point of a grid of activity and deal size reaches the goal at less cost."""
    costs = {ACTIVITY: 1.0, SIZE: 0.007}
    found = cheapest_mix(plan, costs, attain=0.8)
    best = found.mix_total_cost.item()
    assert (found.mix_cost.values > 1).all()  # both are used
    cheapest = math.inf
    for more in np.linspace(0, best, 13):
        changes = {ACTIVITY: 750 + more}
        for size in np.linspace(0, best - more, 13)[1:]:  # all that costs no more
            if chance_of(plan, changes | {SIZE: 84_000 + size / 0.007}) >= 0.8:
                cheapest = min(cheapest, more + size)
                break
    assert cheapest >= best * (1 - 1e-6)
    ratio = 1.02 * found.mix_cost.values / [1, 0.007] + [750, 84_000]
    assert chance_of(plan, dict(zip(costs, ratio.tolist(), strict=True))) > 0.8


def test_gains_per_cost_are_equal_where_levers_are_used(plan):
    """Karush, Kuhn and Tucker: derivatives recomputed with a step of their own."""
    costs = {ACTIVITY: 1.0, WON: 1_800.0, SIZE: 0.007, "stages.discovery.conversion": 1e9}
    found = cheapest_mix(plan, costs, attain=0.85)
    here = dict(zip(costs, found.mix_value.values.tolist(), strict=True))
    gains = []
    for path, cost in costs.items():
        step = 1e-3 * here[path]
        more, less = (chance_of(plan, here | {path: here[path] + way * step}) for way in (1, -1))
        gains.append((more - less) / (2 * step * cost))
    assert found.gain_per_cost.values == pytest.approx(gains, rel=1e-3)
    used = found.mix_cost.values > 1
    assert used.tolist() == [True, True, True, False]
    price = np.array(gains)[used]
    assert price == pytest.approx(price.mean(), rel=1e-3)
    assert gains[3] < price.mean()
    assert found.attrs["optimality"] < 1e-3


def test_a_limit_binds_and_is_worth_more(plan):
    free = cheapest_mix(plan, COSTS, attain=0.8)
    found = cheapest_mix(plan, COSTS, attain=0.8, limits={WON: 0.40})
    assert found.mix_value.sel(lever=WON).item() == pytest.approx(0.40)
    product = free.mix_value.values.prod()
    assert found.mix_value.sel(lever=ACTIVITY).item() == pytest.approx(product / 0.40, rel=1e-6)
    gain = found.gain_per_cost
    assert gain.sel(lever=WON).item() >= 0
    assert found.mix_total_cost.item() > free.mix_total_cost.item()
    assert np.isnan(found.alone_cost.sel(lever=WON).item())


def test_together_where_none_is_enough_alone(plan):
    limits = {ACTIVITY: 1_000, WON: 0.45}
    found = cheapest_mix(plan, COSTS, attain=0.8, limits=limits)
    assert found.attrs["outcome"] == "found"
    assert np.isnan(found.alone_cost.values).all()
    assert found.mix_probability.item() == pytest.approx(0.8, abs=1e-9)
    free = cheapest_mix(plan, COSTS, attain=0.8)
    product = free.mix_value.values.prod()
    assert found.mix_value.values == pytest.approx([product / 0.45, 0.45], rel=1e-5)
    far = cheapest_mix(plan, COSTS, attain=0.8, limits={ACTIVITY: 800, WON: 0.4})
    assert far.attrs["outcome"] == "out of reach"
    assert np.isnan(far.mix_total_cost.item())
    assert "out of reach" in far.attrs["refused"]


FLOOR = "policy.floor_per_week"


@pytest.mark.parametrize("price", [0.0005, 0.0045, 0.02])
@pytest.mark.parametrize("attain", [0.8, 0.93])
def test_equal_deals_go_in_steps(plan, attain, price):
    """k deals make the quota from a size of 250 000 / k on; each k takes a rate of its own.

    With activity a and conversion c, rate 0.012 a c is what k deals or more take; a c = K costs
    least at a = sqrt(2 000 K), within what the plan has already. Cheapest k of all.
    """
    fixed = plan.replace({"deal_size.law": "fixed"})

    def rest(deals, levers):
        rate = optimize.brentq(lambda mean: stats.poisson.sf(deals - 1, mean) - attain, 1e-6, 100)
        if levers == [ACTIVITY]:
            return max(rate / (0.02 * 0.6 / 3) - 750, 0)
        product = rate / (0.02 * 0.6)
        if product <= 250:
            return 0.0
        activities = max(math.sqrt(2_000 * product), 750)
        return activities - 750 + 2_000 * (product / activities - 1 / 3)

    for levers in ([ACTIVITY], [ACTIVITY, WON]):
        costs = {path: COSTS[path] for path in levers} | {SIZE: price}
        found = cheapest_mix(fixed, costs, attain=attain)
        of_deals = [(max(250_000 / k - 84_000, 0) * price + rest(k, levers), k) for k in (1, 2, 3)]
        cost, k = min(of_deals)
        assert found.mix_total_cost.item() == pytest.approx(cost, rel=1e-6)
        assert found.mix_value.sel(lever=SIZE).item() == pytest.approx(
            84_000 if k == 3 else 250_000 / k, rel=1e-6
        )
        assert found.mix_probability.item() >= attain - 1e-9
        assert found.attrs["gap"] <= 1e-4
        assert np.isnan(found.gain_per_cost.sel(lever=SIZE).item())
        assert SIZE in found.attrs["refused"]


def test_a_floor_is_a_whole_number(plan):
    """Of every floor with the conversion that a little less money buys, none reaches the goal."""
    worker = plan.replace({FLOOR: 50, "policy.adherence": 1.0})
    for costs in ({FLOOR: 10.0, WON: 2_000.0}, {FLOOR: 5.0, WON: 5_000.0}):
        found = cheapest_mix(worker, costs, attain=0.8)
        floor = found.mix_value.sel(lever=FLOOR).item()
        assert floor == round(floor)
        assert fs.loads(found.attrs["solved"]).policy.floor_per_week == floor
        assert found.mix_probability.item() >= 0.8 - 1e-9
        budget = found.mix_total_cost.item() * (1 - 1e-6)
        for other in range(50, 50 + int(budget / costs[FLOOR]) + 1):
            won = 1 / 3 + (budget - (other - 50) * costs[FLOOR]) / costs[WON]
            assert chance_of(worker, {FLOOR: other, WON: won}) < 0.8


@pytest.mark.parametrize(
    ("changes", "costs"),
    [
        # equal deals with windfalls of all sizes: P both jumps and bends along sizes
        ({"deal_size.law": "fixed", "windfall": WINDFALL}, {ACTIVITY: 1.0, SIZE: 0.004}),
        ({"deal_size.law": "fixed", "windfall": WINDFALL}, {ACTIVITY: 1.0, SIZE: 0.0045}),
        ({"deal_size.law": "fixed"}, {"quota.per_quarter": 0.003, SIZE: 0.004}),
        ({FLOOR: 50, "policy.adherence": 1.0, "deal_size.law": "fixed"}, {FLOOR: 8.0, SIZE: 0.004}),
    ],
)
def test_no_point_of_a_grid_is_cheaper(plan, changes, costs):
    """Of 150 mixes on the line of all that costs a little less, none reaches the goal."""
    own = plan.replace(changes)
    found = cheapest_mix(own, costs, attain=0.85)
    assert found.mix_probability.item() >= 0.85 - 1e-9
    budget = found.mix_total_cost.item() * (1 - found.attrs["gap"]) - 1e-6
    now = {path: own.quotas[0] if "quota" in path else here(own, path) for path in costs}
    signs = {path: -1 if "quota" in path else 1 for path in costs}
    first, second = costs
    for share in np.linspace(0, 1, 150):
        mixed = {}
        for path, spent in ((first, share * budget), (second, (1 - share) * budget)):
            units = spent / costs[path]
            mixed[path] = now[path] + signs[path] * (int(units) if path == FLOOR else units)
        assert chance_of(own, mixed) < 0.85


def here(plan, path):
    return {
        ACTIVITY: plan.activity.per_quarter,
        SIZE: plan.deal_size.mean,
        FLOOR: plan.policy.floor_per_week,
    }[path]


def test_where_derivatives_fail_boxes_are_searched(plan, monkeypatch):
    """An optimiser that goes nowhere: branch and bound finds the same mix, to its gap."""
    truth = cheapest_mix(plan, COSTS, attain=0.8)

    def stuck(function, begin, **_):
        return optimize.OptimizeResult(x=np.ones_like(begin))

    monkeypatch.setattr(optimize, "minimize", stuck)
    monkeypatch.setattr("funnelsim.analysis.solve.cheapest.ROUGHLY", 0.01)
    found = cheapest_mix(plan, COSTS, attain=0.8)
    gap = found.attrs["gap"]
    assert 0 <= gap <= 0.01
    cost = truth.mix_total_cost.item()
    assert cost * (1 - 1e-9) <= found.mix_total_cost.item() <= cost * 1.011
    assert math.isnan(truth.attrs["gap"])


def test_what_hurts_is_lowered(plan):
    """A lower quota helps; a cent of it costs half a cent."""
    found = cheapest_mix(plan, {"quota.per_quarter": 0.005, ACTIVITY: 1.0}, attain=0.7)
    assert found.mix_value.sel(lever="quota.per_quarter").item() <= 250_000
    assert fs.loads(found.attrs["solved"]).quotas[0] <= 250_000
    assert found.mix_probability.item() == pytest.approx(0.7, abs=1e-9)


def test_reached_anyway_costs_nothing(plan):
    found = cheapest_mix(plan, COSTS, attain=0.3)
    assert found.mix_total_cost.item() == 0
    assert found.attrs["outcome"] == "reached anyway"
    assert found.mix_value.values == pytest.approx([750, 1 / 3])


@pytest.mark.parametrize(
    ("costs", "limits", "message"),
    [
        ({}, {}, "1 to 6 levers"),
        ({ACTIVITY: 0}, {}, "above 0"),
        ({ACTIVITY: -1, WON: math.inf}, {SIZE: 1}, r"per_quarter = -1.*conversion = inf.*among"),
        (COSTS, {WON: 0.2}, r"limits, stages\.won\.conversion = 0\.2: moving it up"),
        ({"policy.floor_per_week": 1.0}, {}, "must be stated in the plan"),
        ({"policy.adherence": 1.0}, {}, "does not move"),
    ],
)
def test_mistakes(plan, costs, limits, message):
    with pytest.raises(ArgumentError, match=message):
        cheapest_mix(plan, costs, attain=0.8, limits=limits)


def test_what_cannot_be_answered(plan):
    with pytest.raises(ScenarioError, match="Did you mean won"):
        cheapest_mix(plan, {"stages.wn.conversion": 1.0}, attain=0.8)
    odd = plan.replace({"deal_size.law": "empirical", "deal_size.amounts": [84_000.123, 91_007.77]})
    with pytest.raises(NotCoveredError):
        cheapest_mix(odd, COSTS, attain=0.8)
