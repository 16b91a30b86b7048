"""Sources, assists, effort and counts of wins: the exact twin against sums done by hand."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy import stats

from funnelsim.scenario.files import preset
from funnelsim.scenario.model import Scenario
from funnelsim.twin.exact import exact
from funnelsim.twin.funnel import Funnel
from funnelsim.twin.laws import Period
from funnelsim.twin.market import market_nodes
from funnelsim.twin.period import PeriodAnswers
from funnelsim.twin.rep import law_of
from funnelsim.twin.seats import Seats
from funnelsim.twin.skill import nodes_of
from funnelsim.twin.sums import SummedLaw
from twin_plans import WHALES, WINDFALL, attained, errors_of, sales_math, sized, value

FIXED = {"law": "fixed", "mean": 84_000}
ON_SITE = {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}
LIFTED = 1.5 / 3 / (2 / 3 + 1.5 / 3)  # 3 / 7
N = np.arange(80)


def inbound(**changes: object) -> dict[str, object]:
    return {"name": "inbound", "per_week": 0.4, **changes}


def pairs_reach(means: list[float], amounts: list[float], goal: float) -> float:
    """P(sum of independent Poisson numbers of equal deals >= goal), by listing them."""
    laws = [stats.poisson.pmf(N, mean) for mean in means]
    missed = 0.0
    for counts in itertools.product(range(40), repeat=len(means)):
        if sum(n * each for n, each in zip(counts, amounts, strict=True)) < goal:
            missed += float(np.prod([law[n] for law, n in zip(laws, counts, strict=True)]))
    return 1 - missed


# --- two ways to one law -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"windfall": WINDFALL, "deal_size": sized(whale=WHALES)},
        {"activity": {"per_quarter": 750, "week_cv": 0.5}, "days": (0, 7, 32)},
        {"deal_size": sized(rep_cv=0.3)},
        {"market": {"cv": 0.3, "persistence": 0.5}, "days": (0, 7, 32), "windfall": WINDFALL},
        {"deal_size": FIXED, "windfall": {"per_quarter": 0.1, "law": "fixed", "mean": 250_000}},
        {"deal_size": FIXED, "windfall": WINDFALL},
        {"deal_size": {"law": "empirical", "amounts": [50_000, 120_500]}, "windfall": WINDFALL},
        {"deal_size": {"law": "gamma", "mean": 84_000, "cv": 1.5}},
    ],
)
def test_both_ways_to_the_law_of_bookings_agree(changes: dict) -> None:
    """By numbers of deals and what n of them are worth, or by the transform of their sum."""
    plan = sales_math(**changes)
    funnel = Funnel(plan, nodes_of(plan), market_nodes(plan.market, 48))
    period = Period(0, 13, plan.quotas[0], 1)
    counted = PeriodAnswers(law_of(funnel, period), period.quota).questions()
    summed = PeriodAnswers(SummedLaw([Seats(funnel, period)]), period.quota).questions()
    for name, question in counted.items():
        (one, error), (other, its) = question(), summed[name]()
        scale = max(1.0, float(np.max(np.abs(one))))
        assert np.all(np.abs(one - other) <= error + its + 1e-12 * scale), name
        assert np.max(its) < 1e-7 * scale, name


def test_kinks_of_pareto_deals_are_seen_by_both_ways() -> None:
    plan = sales_math(deal_size={"law": "pareto", "minimum": 40_000, "shape": 2.2, "whale": WHALES})
    funnel = Funnel(plan, nodes_of(plan), market_nodes(plan.market, 1))
    period = Period(0, 13, plan.quotas[0], 1)
    for order in (1, 2):
        one, error = law_of(funnel, period).missed(250_000, order=order)
        other, its = SummedLaw([Seats(funnel, period)]).missed(250_000, order=order)
        assert abs(one[0] - other[0]) <= error + its


# --- sources -------------------------------------------------------------------------------------


def test_a_source_like_the_reps_own_activity_is_more_of_it() -> None:
    """Poisson entries add up, whatever way they come; seasons and delays move both."""
    common: dict = {
        "windfall": WINDFALL,
        "days": (3, 7, 32),
        "market": {"season": [0.8, 1.0, 1.2, 1.0]},
        "calendar": {"quarters": 4, "start": "empty"},
        "kpis": [{"name": "demos", "metric": "demo", "target": 6, "per": "quarter"}],
    }
    one = exact(sales_math(**common))
    two = exact(
        sales_math(
            activity={"per_quarter": 500},
            sources=[inbound(per_week=250 / 13 * 0.02)],
            **common,
        )
    )
    for name in one.data_vars:
        if name != "activities_mean" and not str(name).endswith("_error"):
            scale = 1e6 if one[name].attrs["units"] == "USD" else 1.0
            assert two[name].values == pytest.approx(one[name].values, abs=1e-10 * scale), name
    assert two.activities_mean.values == pytest.approx(500)


def test_deals_of_two_sizes_are_listed() -> None:
    plan = sales_math(
        activity={"per_quarter": 500},
        deal_size=FIXED,
        sources=[inbound(deal_size={"mean": 50_000}, conversion={"won": 0.5})],
    )
    means = [2.0, 0.4 * 13 * 0.6 * 0.5]
    answers = exact(plan)
    truth = pairs_reach(means, [84_000, 50_000], 250_000)
    assert attained(plan) == pytest.approx(truth, abs=1e-10)
    mean = means[0] * 84_000 + means[1] * 50_000
    variance = means[0] * 84_000**2 + means[1] * 50_000**2
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(mean)
    assert value(answers, "bookings_sd", quarter=1) == pytest.approx(variance**0.5)
    assert value(answers, "no_deal_probability", quarter=1) == pytest.approx(np.exp(-sum(means)))


def test_a_source_may_enter_later_and_answer_faster() -> None:
    """Speed to lead lifts the conversion after the stage that is entered, and no other."""
    response = {"minutes": 10, "measured_at": 42, "decay": 0.45}
    plan = sales_math(
        sources=[inbound(enters="demo", conversion={"won": 0.4}, response=response)],
        activity={"per_quarter": 500},
    )
    reached = exact(plan).reached_mean.values.ravel()
    faster = ((1 + 10 / 5) / (1 + 42 / 5)) ** -0.45
    assert reached == pytest.approx([10, 6 + 5.2, 2 + 5.2 * 0.4 * faster])


def test_a_source_takes_its_own_time() -> None:
    """From an empty start, entries even over the days: certain delays cut the last ones off."""
    plan = sales_math(
        activity={"per_quarter": 500},
        days=(0, 0, 45),
        stages=({}, {}, {"days_cv": 0}),
        sources=[inbound(enters="demo", days={"demo": 10, "won": 20})],
        calendar={"start": "empty"},
    )
    # The demo's delay keeps its spread: only the win's is certain.
    certain = plan.replace({"stages.demo.days_cv": 0})
    reached = exact(certain).reached_mean.values.ravel()
    entered = 5.2
    truth = [10, 6 + entered * 81 / 91, 2 * 46 / 91 + entered / 3 * 61 / 91]
    assert reached == pytest.approx(truth, abs=1e-9)


def test_the_market_moves_inflows_and_skill_does_not() -> None:
    """Var N = mean + cv_market^2 total^2 + cv_activity^2 (1 + cv_market^2) own^2."""
    plan = sales_math(
        activity={"per_quarter": 500, "rep_cv": 0.35},
        deal_size=FIXED,
        sources=[inbound()],
        market={"cv": 0.2},
    )
    own, other, v, m = 2.0, 5.2 * 0.2, 0.35**2, 0.2**2
    variance = own + other + m * (own + other) ** 2 + v * (1 + m) * own**2
    sd = value(exact(plan), "bookings_sd", quarter=1)
    assert sd == pytest.approx(84_000 * variance**0.5, rel=1e-9)


def test_a_rep_closes_deals_of_all_sources_with_the_same_skill() -> None:
    plan = sales_math(
        activity={"per_quarter": 500},
        deal_size=FIXED,
        sources=[inbound()],
        stages=({}, {}, {"rep_cv": 0.2}),
    )
    mean = 2.0 + 5.2 * 0.2
    sd = value(exact(plan), "bookings_sd", quarter=1)
    assert sd == pytest.approx(84_000 * (mean + 0.04 * mean**2) ** 0.5, rel=1e-9)


def test_quarters_are_repeated_with_sources() -> None:
    plan = sales_math(
        activity={"per_quarter": 500, "week_cv": 0.5},
        sources=[inbound(deal_size={"mean": 20_000})],
        calendar={"quarters": 4},
        market={"cv": 0.3, "persistence": 0.0},
    )
    answers = exact(plan)
    p = value(answers, "attainment_probability", quarter=1)
    truth = stats.binom.sf(np.arange(4), 4, p)
    assert answers.at_least_probability.values.ravel() == pytest.approx(truth, abs=1e-10)


def test_sdr_assisted_has_the_published_means() -> None:
    """5.66 wins and 234.6 thousand a quarter, but for the 1e-4 that a steady start cuts off."""
    answers = exact(preset("sdr_assisted"), only=["bookings_mean", "reached_mean"])
    wins = 13 * (60 * 0.02 * 0.6 * 0.33 + 3 * 0.4 * 0.55 * 0.30)
    assert wins == pytest.approx(5.66, abs=5e-3)
    reached = answers.reached_mean.sel(quarter=1, stage="won").item()
    assert reached == pytest.approx(wins, rel=1e-4)
    truth = wins * 38_000 * (1 + 0.03 * 3)
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(truth, rel=1e-4)


# --- assists -------------------------------------------------------------------------------------


def test_an_assist_lifts_the_mean_conversion() -> None:
    """1/3, odds 1.5, coverage .4: .371429 (model.md), and nothing else if sizes stay."""
    plan = sales_math(assists=[ON_SITE], activity={"per_quarter": 750, "week_cv": 0.5})
    won = exact(plan, only=["reached_mean"]).reached_mean.values.ravel()[-1] / 9
    assert won == pytest.approx(0.371429, abs=5e-7)
    assert won == pytest.approx(0.6 / 3 + 0.4 * LIFTED, rel=1e-12)
    same = sales_math(conversions=(0.02, 0.6, won), activity=plan.activity.model_dump())
    assert attained(plan) == pytest.approx(attained(same), abs=1e-12)


def test_assists_may_make_deals_larger() -> None:
    plan = sales_math(deal_size=FIXED, assists=[{**ON_SITE, "size": 1.25}])
    means = [9 * 0.6 / 3, 9 * 0.4 * LIFTED]
    assert attained(plan) == pytest.approx(
        pairs_reach(means, [84_000, 105_000], 250_000), abs=1e-10
    )
    answers = exact(plan)
    variance = means[0] * 84_000**2 + means[1] * 105_000**2
    assert value(answers, "bookings_sd", quarter=1) == pytest.approx(variance**0.5)


def test_odds_of_several_assists_multiply() -> None:
    """Two at the last stage and one before: eight kinds of wins, of as many sizes."""
    assists = [
        {**ON_SITE, "size": 1.25},
        {"name": "executive", "at": "won", "coverage": 0.1, "odds": 3.0, "size": 1.5},
        {"name": "study", "at": "demo", "coverage": 0.5, "odds": 2.0, "size": 0.5},
    ]
    plan = sales_math(deal_size=FIXED, assists=assists)

    def lifted(p: float, odds: float) -> float:
        return odds * p / (1 - p + odds * p)

    means, sizes = [], []
    for site, executive, study in itertools.product((0, 1), repeat=3):
        share = (0.4, 0.6)[1 - site] * (0.1, 0.9)[1 - executive] * 0.5
        odds, at_demo = 1.5**site * 3.0**executive, 2.0**study
        means.append(15 * share * lifted(0.6, at_demo) * lifted(1 / 3, odds))
        sizes.append(84_000 * 1.25**site * 1.5**executive * 0.5**study)
    answers = exact(plan)
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(np.dot(means, sizes))
    truth = 1 - compound_below(means, sizes, 250_000)
    assert attained(plan) == pytest.approx(truth, abs=1e-10)


def compound_below(means: list[float], sizes: list[float], goal: float) -> float:
    """P(sum < goal) by Panjer's recursion on a common unit of 750."""
    unit, top = 750, int(np.ceil(goal / 750))
    places = np.round(np.array(sizes) / unit).astype(int)
    assert np.allclose(places * unit, sizes)
    law = np.zeros(top)
    law[0] = np.exp(-sum(means))
    for k in range(1, top):
        terms = [
            mean * place * law[k - place]
            for mean, place in zip(means, places, strict=True)
            if place <= k
        ]
        law[k] = sum(terms) / k
    return float(law[np.arange(top) * unit < goal].sum())


def test_coverage_may_be_stated_as_a_number_a_quarter() -> None:
    stated = {key: each for key, each in ON_SITE.items() if key != "coverage"}
    plan = sales_math(assists=[{**stated, "per_quarter": 3.6}])
    assert attained(plan) == pytest.approx(attained(sales_math(assists=[ON_SITE])), abs=1e-12)


def test_assists_lift_the_deals_of_sources_too() -> None:
    plan = sales_math(
        activity={"per_quarter": 500},
        deal_size=FIXED,
        sources=[inbound(deal_size={"mean": 42_000})],
        assists=[{**ON_SITE, "size": 1.5}],
    )
    means = [n * share for n in (6.0, 5.2 * 0.6) for share in (0.6 / 3, 0.4 * LIFTED)]
    sizes = [84_000, 126_000, 42_000, 63_000]
    truth = 1 - compound_below(means, sizes, 250_000)
    assert attained(plan) == pytest.approx(truth, abs=1e-10)


# --- KPIs ----------------------------------------------------------------------------------------


def test_a_kpi_of_an_assist_by_hand() -> None:
    """Assisted demos are Poisson(3.6); those won of them are wins, too."""
    kpi = {"name": "visits", "metric": "on-site", "target": 3, "per": "quarter"}
    plan = sales_math(deal_size=FIXED, assists=[{**ON_SITE, "size": 1.25}], kpis=[kpi])
    hit = stats.poisson.sf(2, 3.6)
    both = 0.0
    lone = stats.poisson.pmf(N, 9 * 0.6 / 3)
    for visits in range(3, 40):
        for won in range(visits + 1):
            p = stats.poisson.pmf(visits, 3.6) * stats.binom.pmf(won, visits, LIFTED)
            both += p * lone[84_000 * N + 105_000 * won >= 250_000 * (1 - 1e-9)].sum()
    answers = exact(plan)
    assert value(answers, "kpi_probability", quarter=1, kpi="visits") == pytest.approx(hit)
    assert value(answers, "attainment_given_kpi_hit", quarter=1) == pytest.approx(both / hit)
    missed = (attained(plan) - both) / (1 - hit)
    assert value(answers, "attainment_given_kpi_missed", quarter=1) == pytest.approx(missed)


def test_kpis_count_what_sources_bring() -> None:
    """Discoveries of both ways; demos go with them; deals of one size, then of two."""
    kpis = [{"name": "discoveries", "metric": "discovery", "target": 14, "per": "quarter"}]
    common: dict = {"activity": {"per_quarter": 500}, "deal_size": FIXED, "kpis": kpis}
    alike = exact(sales_math(sources=[inbound()], **common))
    hit = stats.poisson.sf(13, 10 + 5.2)
    n = np.arange(14, 80)
    both = float(stats.poisson.pmf(n, 15.2) @ stats.binom.sf(2, n, 0.2))
    assert value(alike, "kpi_attainment_probability", quarter=1) == pytest.approx(hit)
    assert value(alike, "attainment_given_kpi_hit", quarter=1) == pytest.approx(both / hit)
    unlike = exact(sales_math(sources=[inbound(deal_size={"mean": 42_000})], **common))
    both = 0.0
    for own, other in itertools.product(range(45), range(35)):
        if own + other >= 14:
            p = stats.poisson.pmf(own, 10) * stats.poisson.pmf(other, 5.2)
            half, whole = stats.binom.pmf(range(36), other, 0.2), stats.binom
            needed = np.ceil((250_000 * (1 - 1e-9) - 42_000 * np.arange(36)) / 84_000)
            both += p * float(half @ whole.sf(needed - 1, own, 0.2))
    assert value(unlike, "attainment_given_kpi_hit", quarter=1) == pytest.approx(both / hit)


def test_a_pipeline_kpi_sums_sizes_as_they_are_by_then() -> None:
    """At the demo assisted ones count their new size; one Poisson number of each kind."""
    kpi = {
        "name": "pipe",
        "metric": "pipeline",
        "at": "demo",
        "target": 1_000_000,
        "per": "quarter",
    }
    plan = sales_math(
        activity={"per_quarter": 500},
        deal_size=FIXED,
        sources=[inbound(deal_size={"mean": 42_000})],
        assists=[{**ON_SITE, "at": "demo", "size": 1.5}],
        kpis=[kpi],
    )
    lifted = 1.5 * 0.6 / (0.4 + 1.5 * 0.6)
    means = [n * share for n in (10.0, 5.2) for share in (0.6 * 0.6, 0.4 * lifted)]
    truth = 1 - compound_below(means, [84_000, 126_000, 42_000, 63_000], 1_000_000)
    found = value(exact(plan), "kpi_probability", quarter=1, kpi="pipe")
    assert found == pytest.approx(truth, abs=1e-10)


# --- wins and hours ------------------------------------------------------------------------------


def test_a_quota_of_wins_counts_them() -> None:
    plan = Scenario(
        name="SDR",
        quota={"per_quarter": 8, "of": "wins"},
        activity={"per_quarter": 750, "week_cv": 0.5},
        stages=[{"name": "reply", "conversion": 0.02}, {"name": "meeting", "conversion": 0.6}],
    )
    shape = 13 / 0.25
    truth = stats.nbinom.sf(7, shape, shape / (shape + 9))
    answers = exact(plan)
    assert value(answers, "attainment_probability", quarter=1) == pytest.approx(truth, abs=1e-11)
    assert value(answers, "bookings_mean", quarter=1) == pytest.approx(9)


def test_the_level_that_hours_allow_is_worked() -> None:
    """An hour for ten activities, one for each discovery, 37 a week: n / 10 + n / 50 = 37."""
    plan = sales_math(
        activity={},
        effort={"hours_per_week": 37, "hours": {"activity": 0.1, "discovery": 1.0}},
    )
    answers = exact(plan, only=["activities_mean"])
    assert value(answers, "activities_mean", quarter=1) == pytest.approx(13 * 37 / 0.12)


def test_errors_and_refusals_are_reported() -> None:
    skilled = sales_math(
        sources=[inbound(deal_size={"mean": 20_000})], deal_size={**FIXED, "rep_cv": 0.2}
    )
    answers = exact(skilled)
    assert "fixed and empirical" in json.loads(answers.attrs["refused"])["attainment_probability"]
    assert "bookings_sd" in answers
    plan = sales_math(
        activity={"per_quarter": 500, "rep_cv": 0.35},
        days=(0, 7, 32),
        sources=[inbound(deal_size={"mean": 20_000}), {"name": "partner", "per_week": 0.1}],
        assists=[{**ON_SITE, "size": 1.2}],
    )
    answers = exact(plan)
    assert errors_of(answers, "attainment_probability") < 1e-7
    assert json.loads(answers.attrs["refused"]) == {}
