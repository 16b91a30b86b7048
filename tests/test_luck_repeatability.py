"""Repeatability: against binomial laws, mixtures over skill, the exact twin and plain NumPy."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.analysis.estimates import Estimate
from funnelsim.analysis.luck.part import Answers, Part, over
from funnelsim.analysis.luck.repeatability import (
    BEFORE,
    CAREERS,
    REPS,
    Repeatability,
    independent_at_least,
)
from funnelsim.analysis.tally import never_certain
from funnelsim.engine.blocks import sample_blocks
from funnelsim.registry import BY_NAME
from twin_plans import WHALES, WINDFALL, sales_math, sized, value

ALIKE, DIFFERENT = range(len(REPS))
LUCKY = {"windfall": WINDFALL, "deal_size": sized(whale=WHALES)}
SKILLED = {"per_quarter": 750, "week_cv": 0.5, "rep_cv": 0.35}


def answered(part: Part, draws: int, seed: int, block: int = 4_096) -> Answers:
    for samples in sample_blocks(part.runs, draws=draws, seed=seed, block=block):
        part.add(samples)
    return part.answers()


def assert_met(pair: tuple[np.ndarray, np.ndarray], truth: np.ndarray | float, what: object = ""):
    found, error = (np.asarray(each) for each in pair)
    truth = np.broadcast_to(truth, found.shape)
    assert np.array_equal(np.isnan(found), np.isnan(truth)), what
    known = ~np.isnan(found)
    assert np.all(np.abs(found - truth)[known] < 5 * error[known]), (what, found, error, truth)


def of(answers: Answers, name: str, *where: int) -> tuple[np.ndarray, np.ndarray]:
    found, error = answers[name]
    return found[where], error[where]


def at_least_binomial(n: int, p: float) -> np.ndarray:
    return stats.binom.sf(np.arange(n), n, p)


def exact_at_least(plan: fs.Scenario, n: int) -> np.ndarray:
    return fs.exact(over(plan, n)).at_least_probability.values[0]


# --- reps who are alike ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activities", "three_of_four", "six_of_eight"),
    [(375, 0.025046, 0.001046), (750, 0.310882, 0.143119), (1276, 0.840070, 0.826552)],
)
def test_identical_reps_flip_the_same_coin_every_quarter(activities, three_of_four, six_of_eight):
    """The table of model.md; without delays a quarter knows nothing of the one before."""
    plan = sales_math(activity={"per_quarter": activities}, **LUCKY)
    exact = fs.exact(plan)
    p = value(exact, "attainment_probability", quarter=1)
    assert at_least_binomial(4, p)[2] == pytest.approx(three_of_four, abs=1e-6)
    assert at_least_binomial(8, p)[5] == pytest.approx(six_of_eight, abs=1e-6)
    found = answered(Repeatability(plan), 20_000, seed=1)
    assert_met(of(found, "rep_attainment_probability", ALIKE), p)
    for place, n in enumerate(CAREERS):
        for name in ("career_at_least_probability", "independent_at_least_probability"):
            tail, error = of(found, name, ALIKE, place)
            assert_met((tail[:n], error[:n]), at_least_binomial(n, p), (name, n))
            assert np.isnan(tail[n:]).all()
            assert np.isnan(error[n:]).all()
    assert_met(of(found, "next_attainment_probability", ALIKE), p)
    assert_met(of(found, "quarter_correlation", ALIKE), 0.0)


def test_delays_do_not_link_quarters_of_poisson_weeks():
    plan = sales_math(days=(0, 7, 32))
    found = answered(Repeatability(plan), 10_000, seed=2)
    truth = exact_at_least(plan, 4)
    for name in ("career_at_least_probability", "independent_at_least_probability"):
        tail, error = of(found, name, ALIKE, 0)
        assert_met((tail[:4], error[:4]), truth, name)
    p = truth.sum() / 4  # the mean number attained, over four
    assert_met(of(found, "next_attainment_probability", ALIKE)[:2], np.array([p, p, p, np.nan]))
    assert_met(of(found, "quarter_correlation", ALIKE), 0.0)


def test_a_lasting_market_links_quarters():
    plan = sales_math(market={"cv": 0.4, "persistence": 0.8})
    found = answered(Repeatability(plan), 20_000, seed=3)
    for place, n in enumerate(CAREERS[:2]):
        tail, error = of(found, "career_at_least_probability", ALIKE, place)
        assert_met((tail[:n], error[:n]), exact_at_least(plan, n), n)
    _, all_four = exact_at_least(plan, 4)[[0, 3]]
    independent, error = of(found, "independent_at_least_probability", ALIKE, 0, 3)
    assert all_four - independent > 5 * error  # so the table is not binomial
    one, both = exact_at_least(plan, 2)
    p = (one + both) / 2
    after = np.array([both / p, (one - both) / 2 / (1 - p), both / p, np.nan])
    assert_met(of(found, "next_attainment_probability", ALIKE), after)


def test_quarters_of_unequal_chances_make_a_poisson_binomial():
    """Quotas that rise, and a season: the correlation does not take these for luck."""
    quotas = [150_000, 200_000, 250_000, 300_000]
    plan = sales_math(
        quota={"per_quarter": quotas}, calendar={"quarters": 4},
        market={"season": [1.2, 1.0, 0.8, 1.0]},
    )  # fmt: skip
    by_quarter = fs.exact(plan).attainment_probability.values[0]
    found = answered(Repeatability(plan), 20_000, seed=4)
    for place, n in enumerate(CAREERS):
        p = np.tile(by_quarter, 5)[:n]
        law = np.ones(1)
        for each in p:
            law = np.append(law, 0) * (1 - each) + np.append(0, law) * each
        truth = law[::-1].cumsum()[-2::-1]
        for name in ("career_at_least_probability", "independent_at_least_probability"):
            tail, error = of(found, name, ALIKE, place)
            assert_met((tail[:n], error[:n]), truth, (name, n))
    assert_met(of(found, "rep_attainment_probability", ALIKE), by_quarter.mean())
    assert_met(of(found, "quarter_correlation", ALIKE), 0.0)


# --- reps who differ ------------------------------------------------------------------------------


def test_skill_mixes_coins():
    """By hand: a binomial for every kind of rep, integrated over activity by Gauss and Hermite."""
    plan = sales_math(**LUCKY)
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    sigma = np.sqrt(np.log1p(0.35**2))
    p, repeatable = np.array(
        [
            [value(exact, name, quarter=1) for name in
             ("attainment_probability", "repeatable_attainment_probability")]
            for exact in (
                fs.exact(plan.replace({"activity.per_quarter": 750 * level}))
                for level in np.exp(sigma * nodes - sigma**2 / 2)
            )
        ]
    ).T  # fmt: skip
    part = Repeatability(plan)
    found = answered(part, 20_000, seed=5)
    assert part.attrs == {
        "plan_reps": "alike",
        "skill_from": "assumed activity.rep_cv 0.35",
    }
    assert_met(of(found, "rep_attainment_probability", DIFFERENT), weights @ p)
    for place, n in enumerate(CAREERS):
        tail, error = of(found, "career_at_least_probability", DIFFERENT, place)
        assert_met((tail[:n], error[:n]), weights @ [at_least_binomial(n, each) for each in p], n)
        tail, error = of(found, "independent_at_least_probability", DIFFERENT, place)
        assert_met((tail[:n], error[:n]), at_least_binomial(n, weights @ p), n)
    before = np.array([p, 1 - p, repeatable, p - repeatable])
    assert_met(
        of(found, "next_attainment_probability", DIFFERENT),
        (before * p) @ weights / (before @ weights),
    )


def test_the_skill_share_is_the_correlation_of_two_quarters():
    """.218456 of model.md: Var(mean given skill) over Var(bookings), from their moments."""
    plan = sales_math(activity=SKILLED)
    deals, cv, rep, week = 3.0, 0.5, 0.35, 0.5
    skill = (deals * rep) ** 2
    weekly = deals**2 * (1 + rep**2) * week**2 / 13
    truth = skill / (skill + weekly + deals * (1 + cv**2))
    assert truth == pytest.approx(0.218456, abs=1e-6)
    part = Repeatability(plan)
    found = answered(part, 20_000, seed=6)
    assert part.attrs == {"plan_reps": "different", "skill_from": "stated"}
    assert_met(of(found, "quarter_correlation", DIFFERENT), truth)
    assert_met(of(found, "quarter_correlation", ALIKE), 0.0)
    for place, n in enumerate(CAREERS):
        tail, error = of(found, "career_at_least_probability", DIFFERENT, place)
        assert_met((tail[:n], error[:n]), exact_at_least(plan, n), n)
    p = fs.exact(plan.replace({"activity.rep_cv": 0.0})).attainment_probability.item()
    assert_met(of(found, "rep_attainment_probability", ALIKE), p)


def test_who_differs_is_the_plans_own_where_it_says():
    stated = sales_math(
        activity=SKILLED,
        stages=({"rep_cv": 0.3}, {}, {"rep_cv": 0.2}),
        deal_size=sized(rep_cv=0.1),
        kpis=[{"name": "calls", "metric": "activities", "target": 5, "per": "week"}],
        calendar={"quarters": 24},
    )
    part = Repeatability(stated)
    alike, different = (run.plan for run in part.runs)
    assert different == over(stated, 20).model_copy(update={"kpis": ()})
    assert alike.activity.rep_cv == alike.deal_size.rep_cv == 0
    assert [stage.rep_cv for stage in alike.stages] == [0, 0, 0]
    assert alike.activity.week_cv == 0.5
    assert part.coords["career"] == (4, 8, 20)
    # skill in deal sizes alone is skill too
    part = Repeatability(sales_math(deal_size=sized(rep_cv=0.1)))
    assert part.attrs["skill_from"] == "stated"
    assert part.runs[DIFFERENT].plan.activity.rep_cv == 0


# --- what holds in every sample -------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan():
    return fs.preset("sales_math").variant("windfalls").replace({"deal_size.whale": WHALES})


@pytest.fixture(scope="module")
def found(plan):
    return answered(Repeatability(plan), 3_000, seed=7)


def test_estimates_are_what_numpy_says(plan, found):
    part = Repeatability(plan)
    for reps, run in enumerate(part.runs):
        result = fs.simulate(run.plan, draws=3_000, seed=7)
        bookings = result.bookings.values[:, 0]
        made = bookings >= 250_000 * (1 - 1e-9)
        alone = result.repeatable_bookings.values[:, 0] >= 250_000 * (1 - 1e-9)
        before = {"attained": made, "missed": ~made, "repeatable": alone, "windfall": made & ~alone}
        after = [made[:, 1:][before[name][:, :-1]].mean() for name in BEFORE]
        tails = np.full((3, 20), np.nan)
        for place, n in enumerate(CAREERS):
            tails[place, :n] = [(made[:, :n].sum(1) >= k).mean() for k in range(1, n + 1)]
        pairs = np.array([np.cov(a, b) for a, b in pairwise(bookings.T)]).sum(0)
        expected = {
            "rep_attainment_probability": made.mean(),
            "career_at_least_probability": tails,
            "next_attainment_probability": after,
            "quarter_correlation": pairs[0, 1] / np.sqrt(pairs[0, 0] * pairs[1, 1]),
        }
        for name, truth in expected.items():
            np.testing.assert_allclose(found[name][0][reps], truth, rtol=1e-10, err_msg=name)
        # errors that have a formula of their own: over draws, never over quarters
        error = made.mean(1).std(ddof=1) / np.sqrt(len(made))
        assert found["rep_attainment_probability"][1][reps] == pytest.approx(error, rel=1e-3)


def test_answers_have_the_shapes_of_the_registry(plan, found):
    sizes = {dim: len(labels) for dim, labels in Repeatability(plan).coords.items()}
    for name, (values, errors) in found.items():
        shape = tuple(sizes[dim] for dim in BY_NAME[name].dims[1:])
        assert values.shape == errors.shape == shape
        assert np.all(errors[~np.isnan(errors)] >= 0)
        assert np.array_equal(np.isnan(values), np.isnan(errors))


def test_more_quarters_are_attained_less_often(found):
    for name in ("career_at_least_probability", "independent_at_least_probability"):
        tails = found[name][0]
        assert np.all(np.diff(tails, axis=-1)[~np.isnan(tails[..., 1:])] <= 0), name
        # the mean number attained, once from its tails, once quarter by quarter
        total = tails[:, -1].sum(axis=-1) / 20
        np.testing.assert_allclose(total, found["rep_attainment_probability"][0], rtol=1e-12)


def test_what_was_before_recombines(plan, found):
    """P(attained) of the later quarters is the mean of the conditionals, weighted by the past."""
    for reps, run in enumerate(Repeatability(plan).runs):
        made = fs.simulate(run.plan, draws=3_000, seed=7).bookings.values[:, 0] >= 249_999.9
        p, later = made[:, :-1].mean(), made[:, 1:].mean()
        attained, missed, repeatable, windfall = found["next_attainment_probability"][0][reps]
        assert p * attained + (1 - p) * missed == pytest.approx(later, rel=1e-12)
        assert min(repeatable, windfall) <= attained <= max(repeatable, windfall)


def test_blocks_do_not_matter(plan, found):
    other = answered(Repeatability(plan), 3_000, seed=7, block=700)
    for name, pair in found.items():
        np.testing.assert_allclose(pair, other[name], rtol=1e-9, err_msg=name)


def test_standard_errors_are_met_by_replication(plan):
    """The spread of 300 runs is the standard error that each reports, within 5 of its own."""
    runs, draws = 300, 400
    answers: list[Answers] = []
    parts = Repeatability(plan)
    for samples in sample_blocks(parts.runs, draws=runs * draws, seed=8, block=draws):
        part = Repeatability(plan)
        part.add(samples)
        answers.append(part.answers())
    for name, where in (
        ("rep_attainment_probability", (slice(None),)),
        ("next_attainment_probability", (slice(None),)),
        ("quarter_correlation", (slice(None),)),
        ("career_at_least_probability", (slice(None), 0, slice(0, 4))),
        ("independent_at_least_probability", (slice(None), 0, slice(0, 4))),
        ("independent_at_least_probability", (slice(None), 2, slice(5, 12))),
    ):
        values = np.array([each[name][0][where] for each in answers])
        errors = np.array([each[name][1][where] for each in answers])
        ratio = values.std(axis=0, ddof=1) / np.sqrt((errors**2).mean(axis=0))
        assert np.all(np.abs(ratio - 1) < 5 / np.sqrt(2 * (runs - 1)) + 0.02), (name, ratio)


# --- small print ----------------------------------------------------------------------------------


def test_independent_quarters_by_counting_all_outcomes():
    p = np.array([0.1, 0.35, 0.5, 0.5, 0.8, 1.0])

    def tails(p):
        chances = np.array([np.prod(np.where(way, p, 1 - p)) for way in ways])
        return np.array([chances[ways.sum(axis=1) >= k].sum() for k in range(1, p.size + 1)])

    ways = np.array(list(product([True, False], repeat=p.size)))
    covariance = np.diag(np.arange(1.0, 7.0))
    found = independent_at_least(Estimate(p, np.eye(p.size), covariance))
    np.testing.assert_allclose(found.value, tails(p), rtol=1e-12)
    for each in range(p.size):  # linear in each of the probabilities
        step = np.zeros(p.size)
        step[each] = 0.05
        slope = (tails(p + step) - tails(p - step)) / 0.1
        np.testing.assert_allclose(found.gradient[:, each], slope, atol=1e-12)
    errors = np.sqrt((found.gradient**2) @ np.arange(1.0, 7.0))
    np.testing.assert_allclose(found.standard_error, errors, rtol=1e-12)
    equal = independent_at_least(Estimate(np.full(8, 0.3), np.eye(8), np.eye(8)))
    np.testing.assert_allclose(equal.value, at_least_binomial(8, 0.3), rtol=1e-12)


def test_shares_that_never_varied_have_an_error():
    value, error = never_certain((np.array([0.0, 1.0, 0.5, np.nan]), np.zeros(4)), 10.0)
    assert np.all(error[:2] > 0.01)
    assert error[2] == 0  # not ours to say
    assert np.isnan(value[3])


def test_what_never_happens_is_refused_with_the_reason():
    part = Repeatability(sales_math())
    found = answered(part, 200, seed=1)
    assert np.isnan(found["next_attainment_probability"][0][:, 3]).all()
    assert np.isfinite(found["next_attainment_probability"][0][:, :3]).all()
    reason = part.refused["next_attainment_probability"]
    assert "windfall (alike), windfall (different)" in reason
    nothing = Repeatability(sales_math(conversions=(0.02, 0.6, 0.0)))
    found = answered(nothing, 200, seed=1)
    assert np.isnan(found["quarter_correlation"][0]).all()
    assert "never vary" in nothing.refused["quarter_correlation"]
    after, error = of(found, "next_attainment_probability", ALIKE)
    assert after[1] == 0
    assert error[1] > 0
    assert np.isnan(after[[0, 2, 3]]).all()
    assert set(part.refused) | set(nothing.refused) <= set(found)
