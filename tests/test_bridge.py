"""Bridges: Shapley's axioms, published figures derived anew, and combinations that are plans."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.chances import Goal
from funnelsim.analysis.levers.bridge import bridge
from funnelsim.analysis.levers.factors import MOST_FACTORS, combinations, factors_of
from funnelsim.analysis.levers.levers import bare
from funnelsim.errors import ArgumentError, NotCoveredError, ScenarioError
from funnelsim.registry import BRIDGE
from funnelsim.scenario.model import Scenario
from twin_plans import QUOTA, WHALES, WINDFALL, sales_math

MILLION = 1e6


def by_factor(told, name="contribution"):
    return dict(zip(told.factor.values.tolist(), told[name].values.tolist(), strict=True))


def shapley(worth, names):
    """The definition: the mean over all orders of what each adds to those before it."""
    total = dict.fromkeys(names, 0.0)
    orders = list(itertools.permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            total[name] += worth(set(order[: place + 1])) - worth(set(order[:place]))
    return {name: value / len(orders) for name, value in total.items()}


# The published thirds of a team: demos equal, 46 % of them close against 25 %, deals of $160k
# against $70k. A week's one activity is a demo, in a quarter of nine weeks: nine demos to the dot.


def third(close, size):
    return Scenario(
        name=f"{close:.0%} at {size:,}",
        quota={"per_quarter": QUOTA},
        calendar={"weeks_per_quarter": 9},
        activity={"per_week": 1},
        policy={"floor_per_week": 1, "cap_per_week": 1},
        stages=[{"name": "won", "conversion": close}],
        deal_size={"law": "lognormal", "mean": size, "cv": 0.5},
    )


def at_least_a_quota(close, size, step=100.0):
    """P(bookings >= quota) of nine demos, sizes put on a grid and convolved one by one."""
    sigma = math.sqrt(math.log(1.25))
    law = stats.lognorm(sigma, scale=size * math.exp(-(sigma**2) / 2))
    cells = int(QUOTA / step)
    edges = (np.arange(cells + 1) - 0.5).clip(0) * step
    one = np.diff(law.cdf(edges))  # of sizes around 0, step, ... below the quota
    below, sums = 0.0, np.eye(1, cells)[0]
    for count in range(10):
        # the last cell of a sum is half below the quota; its mass is of order step
        below += stats.binom.pmf(count, 9, close) * sums.sum()
        sums = np.convolve(sums, one)[:cells]
    return 1 - below


def test_published_thirds_are_bridged():
    bottom, top = third(0.25, 70_000), third(0.46, 160_000)
    worth = {
        (close, size): at_least_a_quota(close, size)
        for close in (0.25, 0.46)
        for size in (70_000, 160_000)
    }
    assert worth[0.46, 160_000] == pytest.approx(0.94, abs=0.005)  # as published
    assert worth[0.25, 70_000] == pytest.approx(0.18, abs=0.005)
    told = bridge(bottom, top)
    assert told.attrs["method"] == "exact"
    assert told.bridge_start.item() == pytest.approx(worth[0.25, 70_000], abs=1e-3)
    assert told.bridge_end.item() == pytest.approx(worth[0.46, 160_000], abs=1e-3)
    low, high = worth[0.25, 70_000], worth[0.46, 160_000]
    close, size = worth[0.46, 70_000], worth[0.25, 160_000]
    truth = {
        "won conversion": (close - low + high - size) / 2,
        "deal size": (size - low + high - close) / 2,
    }
    assert by_factor(told) == pytest.approx(truth, abs=1e-3)
    assert by_factor(told, "contribution_first")["deal size"] == pytest.approx(size - low, abs=1e-3)
    assert by_factor(told, "contribution_last")["deal size"] == pytest.approx(
        high - close, abs=1e-3
    )


def test_mean_bookings_of_the_published_thirds_are_bridged():
    """9 x .25 x 70k = 157.5k, 9 x .46 x 160k = 662.4k; the mean over the two orders by hand."""
    told = bridge(third(0.25, 70_000), third(0.46, 160_000), amount_of="bookings")
    assert told.bridge_start.item() == pytest.approx(157_500)
    assert told.bridge_end.item() == pytest.approx(662_400)
    assert by_factor(told) == pytest.approx({"won conversion": 217_350, "deal size": 287_550})
    assert told.factor.values.tolist() == ["deal size", "won conversion"]  # the largest first
    assert told.contribution.attrs["units"] == "USD"
    assert told.attrs["goal"] == "mean bookings of a quarter"


# Axioms.

CHANGES = {
    "activity.per_quarter": (500.0, 1_500.0),
    "stages.discovery.conversion": (0.01, 0.05),
    "stages.demo.conversion": (0.2, 0.9),
    "stages.won.conversion": (0.1, 0.6),
    "deal_size.mean": (40_000.0, 120_000.0),
}
some_changes = st.fixed_dictionaries(
    {}, optional={path: st.floats(*ends) for path, ends in CHANGES.items()}
)


@settings(max_examples=25, deadline=None)
@given(some_changes, some_changes)
def test_means_are_bridged_as_the_definition_says(changes, others):
    """Mean bookings are a product of rates and the mean deal; and back again is the negative."""
    plan, other = sales_math().replace(changes), sales_math().replace(others)
    told = bridge(plan, other, amount_of="bookings")
    names = told.factor.values.tolist()
    values = {
        "activity": [each.activity.per_quarter for each in (plan, other)],
        "deal size": [each.deal_size.mean for each in (plan, other)],
    } | {
        f"{name} conversion": [each.stages[k].conversion for each in (plan, other)]
        for k, name in enumerate(("discovery", "demo", "won"))
    }

    def worth(chosen):
        return math.prod(pair[name in chosen] for name, pair in values.items())

    assert by_factor(told) == pytest.approx(shapley(worth, names), rel=1e-5, abs=1.0)
    assert told.contribution.sum().item() == pytest.approx(
        told.bridge_difference.item(), rel=1e-12, abs=1e-6
    )
    back = by_factor(bridge(other, plan, amount_of="bookings"))
    assert back == pytest.approx({n: -v for n, v in by_factor(told).items()}, rel=1e-9, abs=1e-6)


def test_factors_that_do_the_same_get_the_same():
    """A fifth more activity and a fifth more demos: the same rate of deals, in any order."""
    plan = sales_math()
    other = plan.replace(
        {"activity.per_quarter": 900, "stages.demo.conversion": 0.72, "deal_size.cv": 0.9}
    )
    told = bridge(plan, other)
    found = by_factor(told)
    assert found["activity"] == pytest.approx(found["demo conversion"], abs=1e-9)
    assert sum(found.values()) == pytest.approx(told.bridge_difference.item(), abs=1e-14)
    assert told.bridge_difference.item() == pytest.approx(
        told.bridge_end.item() - told.bridge_start.item(), abs=1e-14
    )
    back = by_factor(bridge(other, plan))
    assert back == pytest.approx({name: -value for name, value in found.items()}, abs=1e-13)


def test_what_changes_nothing_gets_nothing():
    plan = sales_math(days=(0, 7, 32))
    other = plan.replace({"stages.won.conversion": 0.4, "stages.won.lost_days": 60.0})
    told = bridge(plan, other, factors={"calls": "activity", "late losses": "stages.won.lost_days"})
    found = by_factor(told)
    assert found["calls"] == found["late losses"] == 0
    assert told.contribution_numerical_error.sel(factor="calls") == 0
    assert found["won conversion"] == told.bridge_difference.item()
    kpis = [{"name": "calls", "metric": "activities", "target": 50, "per": "week"}]
    same = bridge(plan, plan.replace({"kpis": kpis, "name": "With KPIs"}))
    assert same.sizes["factor"] == 0
    assert same.bridge_difference.item() == 0


def test_simulated_bridges_sum_up_and_agree_with_the_twin():
    plan = sales_math(calendar={"quarters": 2})
    other = plan.replace(
        {"activity.per_quarter": 900, "stages.won.conversion": 0.25, "windfall": WINDFALL}
    )
    goal = Goal(at_least=2)
    truth = bridge(plan, other, goal=goal)
    found = bridge(plan, other, goal=goal, method="simulated", draws=20_000, seed=1)
    assert (truth.attrs["method"], found.attrs["method"]) == ("exact", "simulated")
    assert found.contribution.sum().item() == pytest.approx(
        found.bridge_difference.item(), abs=1e-14
    )
    exact = truth.sel(factor=found.factor)
    for name in ("bridge_start", "bridge_difference", "contribution", "contribution_last"):
        assert (np.abs(found[name] - exact[name]) < 5 * found[f"{name}_standard_error"]).all()
    independent = np.hypot(found.bridge_start_standard_error, found.bridge_end_standard_error)
    assert found.bridge_difference_standard_error < independent
    means = bridge(plan, other, amount_of="bookings")
    drawn = bridge(plan, other, amount_of="bookings", method="simulated", draws=20_000, seed=2)
    gap = np.abs(drawn.contribution - means.contribution.sel(factor=drawn.factor))
    assert (gap < 5 * drawn.contribution_standard_error).all()


@pytest.mark.parametrize("amount_of", ["probability", "bookings"])
def test_paired_errors_are_those_of_replication(amount_of):
    """n = 100 runs of 400 draws: the sd of a sd is 7 %, so 5 of them are 36 %."""
    plan = sales_math()
    other = plan.replace({"activity.per_quarter": 900, "stages.won.conversion": 0.25})
    told, errors = [], []
    for seed in range(100):
        found = bridge(
            plan, other, amount_of=amount_of, method="simulated", draws=400, seed=seed, threads=1
        ).sortby("factor")
        told.append(found.contribution.values)
        errors.append(found.contribution_standard_error.values)
    usual = np.sqrt(np.square(errors).mean(axis=0))
    assert usual == pytest.approx(np.std(told, axis=0, ddof=1), rel=0.36)


def test_changes_that_no_draw_shows_still_have_an_error():
    plan = sales_math()
    other = plan.replace({"deal_size.cv": 0.5000001})
    told = bridge(plan, other, method="simulated", draws=100, seed=1)
    assert (told.contribution.item(), told.bridge_difference.item()) == (0, 0)
    assert told.contribution_standard_error.item() == pytest.approx(1 / 101)


def test_every_number_is_that_of_the_registry():
    known = {variable.name: variable for variable in fs.variables()}
    told = bridge(sales_math(), sales_math(conversions=(0.02, 0.5, 0.4)))
    for name, array in told.data_vars.items():
        assert array.dims == known[name.removesuffix("_numerical_error")].dims
        assert array.attrs["units"] == "1"
    assert {name for name in told if not name.endswith("_error")} == {
        variable.name for variable in BRIDGE
    }


# Combinations.


def everything_different():
    """Two plans that differ wherever they can."""
    plan = sales_math(
        days=(0, 7, 32),
        stages=({}, {"rep_cv": 1.0}, {"delay": {"law": "gamma"}}),
        conversions=(0.02, 0.4, 0.3),
        windfall=WINDFALL,
        policy={"floor_per_week": 58},
        market={"cv": 0.2},
        activity={"per_quarter": 750, "elasticity": 0.8, "reference_per_week": 60},
    )
    other = sales_math(
        days=(0, 10, 40),
        stages=({"rep_cv": 0.2}, {}, {"delay": {"law": "empirical", "days": [10, 70]}}),
        conversions=(0.03, 0.9, 0.4),
        deal_size={"law": "pareto", "minimum": 30_000, "shape": 2.5, "whale": WHALES},
        quota={"per_quarter": 300_000},
        activity={"per_week": 40},
        policy={"cap_per_week": 50},
        skill_loadings={"won": 0.5},
        calendar={"start": "empty"},
        market={"season": [0.8, 1, 1, 1.2]},
    )
    return plan, other


def test_every_combination_is_a_plan_and_the_last_is_the_other():
    plan, other = everything_different()
    factors = factors_of(bare(plan), bare(other), None)
    assert len(factors) <= MOST_FACTORS
    plans = combinations(bare(plan), bare(other), factors)
    assert len(plans) == 1 << len(factors)
    assert plans[0] == bare(plan)
    assert fs.dumps(plans[-1]) == fs.dumps(bare(other))
    back = combinations(bare(other), bare(plan), factors_of(bare(other), bare(plan), None))
    assert fs.dumps(back[-1]) == fs.dumps(bare(plan))


def test_factors_get_coarser_as_there_are_more():
    plan, other = everything_different()
    names = [factor.name for factor in factors_of(plan, other, None)]
    assert "days" in names
    assert "market and calendar" in names
    assert "policy" not in names
    few = sales_math(days=(0, 7, 32))
    apart = few.replace({"stages.won.days": 40, "stages.demo.days": 9, "policy.cap_per_week": 70})
    names = [factor.name for factor in factors_of(few, apart, None)]
    assert names == ["demo days", "won days", "policy"]
    long = [{"name": f"step {k}", "conversion": 0.5} for k in range(8)]
    many = plan.replace({}).model_copy()
    many = Scenario(**{**_tables(plan), "stages": long, "skill_loadings": {}})
    shorter = [{**stage, "conversion": 0.6, "days": 5} for stage in long]
    changed = Scenario(**{**_tables(other), "stages": shorter, "skill_loadings": {}})
    found = factors_of(bare(many), bare(changed), None)
    assert len(found) <= MOST_FACTORS
    assert "conversions" in {factor.name for factor in found}


def _tables(plan):
    names = ("name", "quota", "calendar", "activity", "deal_size", "windfall", "policy", "market")
    return {name: getattr(plan, name) for name in names}


def test_stages_of_other_names_change_together():
    plan = sales_math(skill_loadings={"demo": 0.5}, stages=({}, {"rep_cv": 0.2}, {}))
    stages = [{"name": "meeting", "conversion": 0.02}, {"name": "won", "conversion": 0.2}]
    other = Scenario(
        **{**_tables(plan), "stages": stages, "skill_loadings": {"meeting": 0.3},
           "activity": {"per_quarter": 800}}
    )  # fmt: skip
    told = bridge(plan, other, amount_of="bookings")
    assert set(by_factor(told)) == {"funnel", "activity"}
    assert sum(by_factor(told).values()) == pytest.approx(told.bridge_difference.item())
    assert "discovery, demo, won" in told.changes.sel(factor="funnel").item()
    with pytest.raises(ScenarioError, match="different stages"):
        bridge(plan, other, factors={"closing": "stages.won.conversion"})


def test_factors_are_grouped_as_stated():
    plan = sales_math()
    other = plan.replace(
        {"stages.won.conversion": 0.4, "deal_size.mean": 90_000, "deal_size.cv": 0.7,
         "activity.per_quarter": 700}
    )  # fmt: skip
    told = bridge(plan, other, factors={"selling": ["stages.won", "deal_size.mean"]})
    assert set(by_factor(told)) == {"selling", "activity", "deal size"}
    says = told.changes.sel(factor="selling").item()
    assert "stages.won.conversion: 0.333333 -> 0.4" in says
    assert "deal_size.mean: 84,000 -> 90,000" in says
    whole = bridge(plan, other, factors={"all": ["stages", "deal_size", "activity"]})
    assert by_factor(whole) == {"all": whole.bridge_difference.item()}


def test_windfalls_and_whales_come_and_go():
    plan = sales_math(windfall=WINDFALL)
    other = sales_math(deal_size={"law": "lognormal", "mean": 84_000, "cv": 0.5, "whale": WHALES})
    told = bridge(plan, other, amount_of="bookings")
    truth = {"windfall": -0.05 * 250_000, "whales": 3 * 84_000 * 0.03 * 9}
    assert by_factor(told) == pytest.approx(truth, rel=1e-5)


def test_a_law_without_variance_has_no_standard_errors():
    plan = sales_math(deal_size={"law": "pareto", "minimum": 40_000, "shape": 1.9})
    other = plan.replace({"stages.won.conversion": 0.4})
    told = bridge(plan, other, amount_of="bookings", method="simulated", draws=500, seed=1)
    assert np.isnan(told.contribution_standard_error).all()
    assert "contribution" in told.attrs["refused"]


# What is refused.


def test_combinations_that_are_no_plans_are_refused_with_a_remedy():
    plan = sales_math()
    other = plan.replace({"deal_size": {"law": "pareto", "minimum": 40_000, "shape": 2.5}})
    with pytest.raises(ArgumentError, match=r"no plans: .*one factor"):
        bridge(plan, other, factors={"law": "deal_size.law"})


def test_too_many_factors_are_refused():
    plan, other = everything_different()
    paths = ["activity.per_week", "activity.elasticity", "activity.reference_per_week"]
    with pytest.raises(ArgumentError, match="more than the 8"):
        bridge(plan, other, factors={path: path for path in paths})


def test_plans_that_cannot_be_compared_are_refused_with_every_reason():
    plan = sales_math()
    other = Scenario(**{**_tables(plan), "stages": plan.stages, "currency": "EUR",
                        "calendar": {"quarters": 4}})  # fmt: skip
    with pytest.raises(ArgumentError) as caught:
        bridge(plan, other, amount_of="bookings", goal=Goal(amount=MILLION), method="guess")
    for said in ("currency = EUR", "calendar.quarters = 4", "has no say", "method = 'guess'"):
        assert said in str(caught.value)
    with pytest.raises(ArgumentError, match="amount_of = 'profit'"):
        bridge(plan, plan, amount_of="profit")


def test_wrong_paths_of_factors_are_all_named():
    with pytest.raises(ScenarioError) as caught:
        bridge(
            sales_math(),
            sales_math(windfall=WINDFALL),
            factors={
                "a": ["deal_sizes", "stages.wno"],
                "b": "windfall",
                "c": "windfall.mean",
                "d": [],
            },
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    for said in ("deal_sizes", "stages.wno", "overlaps with a path of b", "at least one path"):
        assert said in text


def test_what_only_simulation_answers_needs_draws():
    plan = sales_math(
        calendar={"quarters": 2}, days=(0, 7, 32), activity={"per_quarter": 750, "week_cv": 0.5}
    )
    other = plan.replace({"stages.won.days": 60, "stages.won.conversion": 0.4})
    with pytest.raises(ArgumentError, match="draws and seed"):
        bridge(plan, other, goal=Goal(at_least=2))
    with pytest.raises(NotCoveredError):
        bridge(plan, other, goal=Goal(at_least=2), method="exact")
    told = bridge(plan, other, goal=Goal(at_least=2), draws=500, seed=1)
    assert (told.attrs["method"], told.attrs["draws"]) == ("simulated", 500)
    assert fs.loads(told.attrs["other"]) == other


def test_named_tables_of_lists_change_one_by_one() -> None:
    plan = fs.preset("ten_two_one")
    told = fs.bridge(plan, plan.variant("no on-sites"), method="simulated", draws=64, seed=1)
    assert told["factor"].values.tolist() == ["assists"]
    assert "assists.on-site.per_quarter" in told["changes"].values[0]
    both = (
        fs.simulate(plan, draws=64, seed=1),
        fs.simulate(plan.variant("no on-sites"), draws=64, seed=1),
    )
    made = [float((each["bookings"] >= each["quota"] * (1 - 1e-9)).mean()) for each in both]
    assert [float(told["bridge_start"]), float(told["bridge_end"])] == pytest.approx(made)
