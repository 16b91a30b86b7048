"""Chances: exact and simulated ones agree, for every goal, and simulated differences are paired."""

from __future__ import annotations

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.chances import PLAN_DRAWS, Goal, chances
from funnelsim.errors import ArgumentError, NotCoveredError
from twin_plans import WINDFALL, sales_math

DRAWS = 20_000
YEAR = {"quarters": 4}
GOALS = [
    Goal(),
    Goal(at_least=1),
    Goal(at_least=3),
    Goal(amount=300_000.0),
    Goal(by="year"),
    Goal(amount=1_200_000.0, by="year"),
    Goal(at_least=2, amount=150_000.0),
]


@pytest.fixture(scope="module")
def plans():
    base = sales_math(calendar=YEAR, windfall=WINDFALL)
    return [base, base.replace({"activity.per_quarter": 900}), base.replace({"windfall": None})]


@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_exact_and_simulated_agree(plans, goal):
    truth = chances(plans, goal)
    found = chances(plans, goal, method="simulated", draws=DRAWS, seed=1)
    assert (truth.method, found.method) == ("exact", "simulated")
    assert np.all(truth.errors < 1e-6)
    assert np.all(np.abs(found.values - truth.values) < 5 * found.errors)
    for plan, other in ((1, 0), (0, 2), (2, 1)):
        value, error = found.difference(plan, other)
        exact, numerical = truth.difference(plan, other)
        assert abs(value - exact) < 5 * error + numerical


def reached_by_draw(plan, goal, samples):
    """Whether the goal was reached, or in which share of the periods, from kept samples."""
    bookings, quotas = samples.bookings.values[:, 0], np.array(plan.quotas)
    if goal.by == "year":
        bookings, quotas = bookings.sum(axis=1, keepdims=True), quotas.sum(keepdims=True)
    if goal.amount is not None:
        quotas = np.full_like(quotas, goal.amount)
    attained = bookings >= quotas * (1 - 1e-9)
    return attained.mean(axis=1) if goal.at_least is None else attained.sum(axis=1) >= goal.at_least


@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_a_simulated_difference_is_that_of_the_draws(plans, goal):
    """Values, errors and paired errors are the textbook's, from the same draws one by one."""
    draws = PLAN_DRAWS + 1_000
    found = chances(plans, goal, method="simulated", draws=draws, seed=2)
    reached = [
        reached_by_draw(plan, goal, fs.simulate(plan, draws=draws, seed=2)).astype(float)
        for plan in plans
    ]
    for index, each in enumerate(reached):
        assert found.values[index] == pytest.approx(each.mean(), rel=1e-12)
        assert found.errors[index] == pytest.approx(each.std(ddof=1) / np.sqrt(draws), rel=1e-8)
    value, error = found.difference(1, 2)
    apart = reached[1] - reached[2]
    assert value == pytest.approx(apart.mean(), rel=1e-10)
    assert error == pytest.approx(apart.std(ddof=1) / np.sqrt(draws), rel=1e-8)


def test_equal_plans_are_one(plans):
    found = chances([plans[0], plans[1], plans[0]], Goal(), method="simulated", draws=500, seed=1)
    assert found.difference(0, 2) == (0.0, 0.0)
    assert found.values[0] == found.values[2]


def test_threads_change_nothing(plans):
    def run(threads):
        return chances(plans, Goal(), method="simulated", draws=9_000, seed=1, threads=threads)

    one, two = run(1), run(2)
    assert one.values.tobytes() == two.values.tobytes()
    assert one.errors.tobytes() == two.errors.tobytes()


def test_auto_simulates_all_where_the_twin_covers_one_not(plans):
    other = sales_math(
        calendar=YEAR, days=(0, 7, 32), activity={"per_quarter": 750, "week_cv": 0.5}
    )
    both = [plans[0], other]
    with pytest.raises(NotCoveredError):
        chances(both, Goal(at_least=3), method="exact")
    with pytest.raises(ArgumentError, match=r"draws and seed.*exact twin cannot answer"):
        chances(both, Goal(at_least=3))
    found = chances(both, Goal(at_least=3), draws=500, seed=1)
    assert found.method == "simulated"


def test_kpis_and_variants_are_nobodys_business(plans):
    kpi = {"name": "calls", "metric": "activities", "target": 50, "per": "week"}
    with_kpi = plans[0].replace({"kpis": [kpi]})
    assert Goal().stated(with_kpi) == Goal().stated(plans[0])
    found = chances([plans[0], with_kpi], Goal(), method="simulated", draws=500, seed=1)
    assert found.difference(0, 1) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"by": "month"}, "by = 'month'"),
        ({"at_least": 0}, "at_least = 0"),
        ({"at_least": 2, "by": "year"}, "at_least = 2"),
        ({"amount": 0.0}, "amount = 0"),
        ({"amount": float("inf")}, "amount = inf"),
    ],
)
def test_goals_that_contradict_themselves_are_refused(wrong, says):
    with pytest.raises(ArgumentError, match=says):
        Goal(**wrong)


def test_goals_that_do_not_fit_the_horizon_are_refused():
    quarter = sales_math()
    for goal, says in (
        (Goal(at_least=2), "has 1 quarter[.]"),
        (Goal(by="year"), "no complete year"),
    ):
        with pytest.raises(ArgumentError, match=says):
            chances([quarter], goal)
    with pytest.raises(ArgumentError, match="method = 'guess'"):
        chances([quarter], Goal(), method="guess")


def test_goals_name_themselves():
    assert [str(goal) for goal in GOALS[:4]] == [
        "P(attain)",
        "P(attained in at least 1 quarters)",
        "P(attained in at least 3 quarters)",
        "P(bookings of a quarter >= 300,000)",
    ]
    assert str(Goal(by="year")) == "P(attain the year)"
