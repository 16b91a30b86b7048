"""Sources, assists and parameter uncertainty in the engine, against closed forms and invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

import funnelsim as fs
from funnelsim.engine import kernels
from funnelsim.engine.blocks import Run, sample_blocks
from sampling import assert_mean, sampled

QUARTER = 13
FUNNEL = [
    {"name": "discovery", "conversion": 0.02},
    {"name": "demo", "conversion": 0.6},
    {"name": "won", "conversion": 1 / 3},
]


def scenario(**changes):
    """The Sales Math without delays, luck or skill; one quarter."""
    return fs.Scenario(
        **{
            "name": "ways",
            "quota": {"per_quarter": 250_000.0},
            "activity": {"per_quarter": 750.0},
            "stages": FUNNEL,
            "deal_size": {"law": "lognormal", "mean": 84_000.0, "cv": 0.5},
        }
        | changes
    )


def inflow(**changes):
    return {"name": "inbound", "per_week": 0.8} | changes


def only(source, **changes):
    """A plan whose activity never enters."""
    dead = [FUNNEL[0] | {"conversion": 0.0}, *FUNNEL[1:]]
    return scenario(**{"stages": dead, "sources": [source]} | changes)


def assert_poisson(counts, mean):
    """Mean and variance of counts are those of a Poisson law, within five standard errors."""
    n, law = counts.size, stats.poisson(mean)
    assert abs(counts.mean() - mean) < 5 * math.sqrt(mean / n)
    spread = (counts - mean) ** 2
    assert abs(spread.mean() - mean) < 5 * spread.std() / math.sqrt(n)
    for value in range(int(2 * mean) + 3):
        p = law.pmf(value)
        if n * p < 25:  # too rare for a normal limit
            continue
        assert abs((counts == value).mean() - p) < 5 * math.sqrt(p * (1 - p) / n), value


# --- sources


@pytest.mark.parametrize(
    ("rate", "per_week"),
    [
        ({"per_week": 0.8}, 0.8),
        ({"per_week": None, "per_sdr_week": 1.5, "sdrs_per_rep": 0.4}, 0.6),
        ({"per_week": 40.0}, 40.0),
    ],
)
def test_entries_of_an_inflow_are_poisson(rate, per_week):
    """And so are those who reach each later stage, thinned by its conversion."""
    source = {key: value for key, value in inflow(**rate).items() if value is not None}
    found = sampled(only(source, calendar={"quarters": 2}), 20_000)["reached"][:, 0]
    for s, share in enumerate((1, 0.6, 0.2)):
        assert_poisson(found[:, 0, s], QUARTER * per_week * share)
    assert abs(np.corrcoef(found[:, 0, 0], found[:, 1, 0])[0, 1]) < 5 / math.sqrt(20_000)


def test_the_inverse_poisson_meets_scipy():
    rng = np.random.default_rng(1)
    for _ in range(5_000):
        mean, word = 10 ** rng.uniform(-6, 4.5), rng.integers(0, 2**32)
        u = (rng.choice([0, 1, 2**32 - 2, 2**32 - 1, word, word, word, word]) + 0.5) / 2**32
        found, law = kernels.poisson_quantile(u, mean), stats.poisson(mean)
        assert law.cdf(found) > u - 1e-11
        assert found == 0 or law.cdf(found - 1) <= u + 1e-11
    assert kernels.poisson_quantile(0.999, 0.0) == 0


def test_an_inflow_may_enter_late():
    found = sampled(only(inflow(enters="demo")), 20_000)
    assert found["reached"][..., 0].sum() == 0
    assert_poisson(found["reached"][:, 0, 0, 1], QUARTER * 0.8)
    assert_poisson(found["source_won"][:, 0, 0, 1], QUARTER * 0.8 / 3)
    found = sampled(only(inflow(enters="won")), 20_000)["reached"]
    assert found[..., :2].sum() == 0
    assert_poisson(found[:, 0, 0, 2], QUARTER * 0.8)


def test_an_inflow_has_conversions_and_sizes_of_its_own():
    own = {"conversion": {"won": 0.7}, "deal_size": {"law": "fixed", "mean": 10.0}}
    found = sampled(scenario(sources=[inflow(**own)]), 20_000)
    won, bookings = found["source_won"][:, 0, 0], found["source_bookings"][:, 0, 0]
    assert_poisson(won[:, 1], QUARTER * 0.8 * 0.6 * 0.7)
    assert_mean(won[:, 0], 3.0)
    np.testing.assert_allclose(bookings[:, 1], 10 * won[:, 1])
    assert_mean(bookings[:, 0], 252_000.0)


@pytest.mark.parametrize("enters", ["discovery", "demo"])
@pytest.mark.parametrize("own", [{}, {"demo": 0.5, "won": 0.4}])
def test_speed_to_lead_multiplies_the_conversion_after_the_entry(enters, own):
    """(1 + 42/5)^-.45 / (1 + 10/5)^-.45 = .5981 of the conversion measured at 10 minutes."""
    factor = (9.4 / 3) ** -0.45
    assert factor == pytest.approx(0.5981, abs=5e-5)
    response = {"minutes": 42.0, "measured_at": 10.0, "decay": 0.45}
    later = {name: p for name, p in own.items() if name != enters}
    source = inflow(per_week=3.0, enters=enters, response=response, conversion=later)
    reached = sampled(only(source), 20_000)["reached"][:, 0, 0]
    demo, won = own.get("demo", 0.6), own.get("won", 1 / 3)
    if enters == "discovery":
        assert_mean(reached[:, 1], 39 * demo * factor)
        assert_mean(reached[:, 2], 39 * demo * factor * won)
    else:
        assert_mean(reached[:, 2], 39 * won * factor)


def test_season_and_market_move_inflows_as_they_move_entries():
    market = {"cv": 0.3, "season": [0.5, 1.0, 1.5, 2.0]}
    plan = only(inflow(per_week=4.0), market=market, calendar={"quarters": 4})
    reached = sampled(plan, 20_000)["reached"][:, 0, :, 0]
    for quarter, season in enumerate(market["season"]):
        mean = QUARTER * 4 * season
        assert_mean(reached[:, quarter], mean)
        spread = (reached[:, quarter] - mean) ** 2  # Poisson, and that of its mean
        assert_mean(spread, mean + (0.3 * mean) ** 2)


@pytest.mark.parametrize("elasticity", [1.0, 0.5])
def test_skill_and_activity_do_not_move_inflows(elasticity):
    plan = scenario(sources=[inflow()], kpis=[])
    able = scenario(
        sources=[inflow()],
        activity={"per_week": 200.0, "rep_cv": 0.8, "week_cv": 1.0, "elasticity": elasticity},
        stages=[FUNNEL[0] | {"rep_cv": 0.5}, *FUNNEL[1:]],
        policy={"floor_per_week": 50},
    )
    one, other = (sampled(each, 2_000)["source_won"][..., 1] for each in (plan, able))
    np.testing.assert_array_equal(one, other)


def test_an_inflow_has_days_of_its_own():
    """From empty, 14 fixed days after the demo: what enters in the first 77 of 91 days is won."""
    stages = [
        FUNNEL[0] | {"conversion": 0.0},
        FUNNEL[1],
        FUNNEL[2] | {"days": 60.0, "days_cv": 0.0},
    ]
    source = inflow(per_week=5.0, enters="demo", days={"won": 14.0})
    plan = only(source, stages=stages, calendar={"start": "empty"})
    assert_poisson(sampled(plan, 20_000)["reached"][:, 0, 0, 2], 5.0 * (77 / 7) / 3)


@pytest.mark.parametrize("enters", ["discovery", "demo"])
def test_a_steady_start_holds_the_inflows_of_the_past(enters):
    """Stationary from the first quarter on; open deals by Little's law, rate times time open."""
    stages = [
        FUNNEL[0] | {"conversion": 0.0, "days": 5.0},
        FUNNEL[1] | {"days": 10.0, "lost_days": 20.0},
        FUNNEL[2] | {"days": 30.0, "days_cv": 0.7, "lost_days": 80.0},
    ]
    source = inflow(per_week=2.0, enters=enters, days={"won": 45.0})
    plan = only(source, stages=stages, calendar={"quarters": 3})
    n = 20_000
    for pipeline in (False, True):
        found = sampled(plan, n, pipeline=pipeline)
        share = 0.2 if enters == "discovery" else 1 / 3
        for quarter in range(3):
            assert_mean(found["reached"][:, 0, quarter, 2], QUARTER * 2 * share)
    after_demo = 45 / 3 + 80 * 2 / 3
    entry = 5 if enters == "discovery" else 10
    days = entry + (0.6 * 10 + 0.4 * 20 + 0.6 * after_demo if entry == 5 else after_demo)
    assert_mean(found["open_at_start"], 2 / 7 * days)
    assert_mean(found["open"], 2 / 7 * days)


# --- assists


def test_the_mean_of_an_assisted_conversion():
    """p = 1/3, odds 1.5, coverage .4: p' = .428571, and .371429 on average (model.md)."""
    lifted = 0.5 / (2 / 3 + 0.5)
    assert 0.4 * lifted + 0.6 / 3 == pytest.approx(0.371429, abs=5e-7)
    assist = {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5}
    found = sampled(scenario(assists=[assist]), 100_000)
    demos = found["reached"][:, 0, 0, 1]
    assert_mean(found["reached"][:, 0, 0, 2] - 0.371429 * demos, 0.0)
    assert_mean(found["assisted"][:, 0, 0, 0] - 0.4 * demos, 0.0)
    assert_mean(found["bookings"][:, 0, 0], 9 * 0.371429 * 84_000)


def test_odds_of_several_assists_multiply():
    assists = [
        {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5},
        {"name": "executive", "at": "won", "coverage": 0.3, "odds": 4.0},
        {"name": "coach", "at": "demo", "coverage": 0.5, "odds": 0.5},
    ]

    def lifted(p, odds):
        return odds * p / (1 - p + odds * p)

    demo = 0.5 * 0.6 + 0.5 * lifted(0.6, 0.5)
    won = sum(
        share * lifted(1 / 3, odds)
        for share, odds in ((0.42, 1.0), (0.28, 1.5), (0.18, 4.0), (0.12, 6.0))
    )
    found = sampled(scenario(assists=assists), 50_000)
    reached, assisted = found["reached"][:, 0, 0], found["assisted"][:, 0, 0]
    assert_mean(reached[:, 1], 15 * demo)
    assert_mean(reached[:, 2], 15 * demo * won)
    for assist, share in enumerate((0.4 * demo, 0.3 * demo, 0.5)):
        assert_mean(assisted[:, assist], 15 * share)


def test_an_assist_lifts_the_size_of_what_it_assists():
    assist = {"name": "on-site", "at": "won", "coverage": 1.0, "odds": 1.0, "size": 1.5}
    plain, lifted = (sampled(scenario(assists=each), 2_000) for each in ([], [assist]))
    np.testing.assert_array_equal(plain["reached"], lifted["reached"])
    np.testing.assert_allclose(lifted["bookings"], 1.5 * plain["bookings"])
    np.testing.assert_array_equal(lifted["assisted"][..., 0], lifted["reached"][..., 1])


def test_those_who_enter_at_the_stage_or_later_miss_its_assist():
    assist = {"name": "coach", "at": "demo", "coverage": 1.0, "odds": 9.0}
    for enters, share in (("discovery", 1.0), ("demo", 0.0), ("won", 0.0)):
        found = sampled(only(inflow(enters=enters), assists=[assist]), 1_000)
        entered = found["reached"][:, 0, 0, 0]
        np.testing.assert_array_equal(found["assisted"][:, 0, 0, 0], share * entered)


def test_assists_per_quarter_are_as_many_in_the_mean():
    """Of nine demos of one's own and 13 of an inflow, six are assisted."""
    assist = {"name": "on-site", "at": "won", "per_quarter": 6.0, "odds": 2.0}
    plan = scenario(assists=[assist], sources=[inflow(per_week=1.0, enters="demo")])
    assert plan.coverage_of(plan.assists[0]) == pytest.approx(6 / 22)
    assert_mean(sampled(plan, 40_000)["assisted"], 6.0)


def test_assists_are_counted_when_the_step_is_entered():
    """A demo takes 30 days and the win 50 more: the KPI sees the assist after 30."""
    stages = [
        FUNNEL[0] | {"conversion": 0.0},
        {"name": "demo", "conversion": 0.9, "days": 30.0, "days_cv": 0.0},
        {"name": "won", "conversion": 0.9, "days": 50.0, "days_cv": 0.0},
    ]
    plan = only(
        inflow(per_week=9.0),
        stages=stages,
        calendar={"quarters": 2, "start": "empty"},
        assists=[{"name": "on-site", "at": "won", "coverage": 0.5, "odds": 1.0}],
        kpis=[{"name": "visits", "metric": "on-site", "target": 1.0, "per": "week"}],
    )
    found = sampled(plan, 20_000)
    assert_poisson(found["assisted"][:, 0, 0, 0], 9.0 * (61 / 7) * 0.45)
    assert_poisson(found["assisted"][:, 0, 1, 0], 9.0 * 13 * 0.45)
    # Of 13 weeks, four see none; the fifth sees 5 days: week 4 begins on day 28, assists on day 30.
    hit = -np.expm1(-9.0 * 0.45 * np.array([5 / 7, 1.0]))
    assert_mean(found["kpi_hits"][:, 0, 0, 0], hit[0] + 8 * hit[1])
    assert_mean(found["kpi_hits"][:, 0, 1, 0], 13 * hit[1])


# --- uncertainty


UNSURE = {"stages.won.conversion": {"cv": 0.2}}


def test_an_uncertain_conversion_is_one_value_a_draw():
    """Two reps and two quarters share it: their wins have the covariance of 9 p, cv .2."""
    plan = scenario(uncertainty=UNSURE, headcount=2, calendar={"quarters": 2})
    won = sampled(plan, 40_000)["reached"][..., 2].astype(float)
    assert_mean(won, 3.0)
    apart = won - 3.0
    shared = (9 * 0.2 / 3) ** 2
    for one, other in (((0, 0), (1, 0)), ((0, 0), (0, 1)), ((0, 0), (1, 1))):
        assert_mean(apart[:, *one] * apart[:, *other], shared)
    assert_mean(apart[:, 0, 0] ** 2, 3.0 + shared)


@pytest.mark.parametrize(
    ("changes", "of_40", "of_10"),
    [
        ({}, 0.981914, 0.844559),
        ({"rep_cv": 0.2}, 0.977321, 0.832464),
        ({"uncertainty": UNSURE}, 0.817720, 0.754526),
    ],
    ids=["neither", "skill", "uncertainty"],
)
def test_shared_ignorance_does_not_average_out(changes, of_40, of_10):
    """P(sum of bookings >= .8 of the sum of quotas) of model.md."""
    stages = [*FUNNEL[:2], FUNNEL[2] | {key: changes[key] for key in changes if key == "rep_cv"}]
    unsure = changes.get("uncertainty", {})
    plan, n = scenario(stages=stages, uncertainty=unsure, headcount=40), 10_000
    bookings = sampled(plan, n)["bookings"][..., 0]
    for reps, truth in ((40, of_40), (10, of_10)):
        attained = bookings[:, :reps].sum(axis=1) >= 0.8 * reps * 250_000
        assert abs(attained.mean() - truth) < 5 * math.sqrt(truth * (1 - truth) / n), reps


def test_skill_is_drawn_around_the_drawn_conversion():
    """Of the stated concentration t: E[p^2] = E[m^2] + E[m (1 - m)] / (t + 1), m drawn."""
    mean, cv, rep_cv = 0.6, 0.2, 0.3
    total = (1 - mean) / (mean * rep_cv**2) - 1
    plan = scenario(
        stages=[FUNNEL[0], FUNNEL[1] | {"rep_cv": rep_cv}, FUNNEL[2]],
        uncertainty={"stages.demo.conversion": {"cv": cv}},
        headcount=2,
    )
    demos = sampled(plan, 40_000)["reached"][:, :, 0, 1].astype(float)
    square = mean**2 * (1 + cv**2)
    assert_mean(demos, 9.0)
    assert_mean(demos[:, 0] * demos[:, 1], 15**2 * square)
    own = square + (mean - square) / (total + 1)
    assert_mean(demos * (demos - 1), 15**2 * own)


def test_the_inverse_beta_meets_scipy():
    """To 1e-9 of x; where u ends in its last digits, as near as these tell."""
    rng = np.random.default_rng(1)
    for _ in range(2_000):
        mean, drawn = rng.uniform(0.001, 0.999, 2)
        cv = rng.uniform(0.01, 0.99) * math.sqrt((1 - mean) / mean)
        total = (1 - mean) / (mean * cv * cv) - 1
        a, b, u = drawn * total, (1 - drawn) * total, (rng.integers(0, 2**32) + 0.5) / 2**32
        found, truth = kernels.beta_quantile(u, a, b), special.betaincinv(a, b, u)
        assert found == pytest.approx(truth, rel=1e-9, abs=1e-12), (a, b, u)


def test_parameters_of_one_luck_move_together():
    sources = [inflow(per_week=3.0), inflow(name="partner", per_week=2.0)]
    for luck, shared in (({}, 0.0), ({"luck": "demand"}, 0.25)):
        unsure = {f"sources.{each['name']}.per_week": {"cv": 0.5} | luck for each in sources}
        plan = only(sources[0], sources=sources, uncertainty=unsure, calendar={"quarters": 2})
        won = sampled(plan, 40_000)["source_won"][:, 0, :, 1:].astype(float)
        assert_mean(won[..., 0], 39 * 0.2)
        assert_mean(won[..., 1], 26 * 0.2)
        assert_mean((won[:, 0, 0] - 7.8) * (won[:, 0, 1] - 5.2), 7.8 * 5.2 * shared)
        assert_mean((won[:, 0, 0] - 7.8) * (won[:, 1, 0] - 7.8), 7.8**2 * 0.25)


def squared(found, mean, cv):
    """The second moment of a Poisson count whose mean is uncertain."""
    assert_mean(found, mean)
    assert_mean((found - mean) ** 2, mean + (mean * cv) ** 2)


def test_amounts_are_uncertain():
    """Each stated value is the mean of what is drawn, and its cv the cv: by second moments."""
    plan = scenario(
        activity={"per_quarter": 750.0},
        windfall={"law": "fixed", "mean": 5_000.0, "per_quarter": 2.0},
        uncertainty={
            "activity.per_quarter": {"cv": 0.3},
            "windfall.per_quarter": {"cv": 0.5},
            "windfall.mean": {"cv": 0.4},
            "deal_size.mean": {"cv": 0.25},
        },
    )
    found = {name: each[:, 0, 0].astype(float) for name, each in sampled(plan, 40_000).items()}
    squared(found["activities"], 750.0, 0.3)
    squared(found["windfalls"], 2.0, 0.5)
    assert_mean(found["repeatable_bookings"], 252_000.0)
    assert_mean(found["windfall_bookings"], 10_000.0)
    one = found["windfalls"] == 1
    assert_mean(found["windfall_bookings"][one], 5_000.0)
    assert_mean(found["windfall_bookings"][one] ** 2, 5_000.0**2 * (1 + 0.4**2))
    one = found["reached"][:, 2] == 1
    assert_mean(found["repeatable_bookings"][one] ** 2, 84_000.0**2 * 1.25 * (1 + 0.25**2))


def test_assists_and_days_are_uncertain():
    """Coverage is Beta; fixed days of an empty start become lognormal."""
    plan = scenario(
        activity={"per_week": 900.0},
        calendar={"start": "empty"},
        stages=[*FUNNEL[:2], FUNNEL[2] | {"days": 40.0, "days_cv": 0.0}],
        assists=[{"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.0}],
        uncertainty={"assists.on-site.coverage": {"cv": 0.5}, "stages.won.days": {"cv": 0.3}},
    )
    found = sampled(plan, 20_000)
    squared(found["assisted"][:, 0, 0, 0].astype(float), 0.4 * 900 * 13 * 0.012, 0.5)
    law = stats.lognorm(math.sqrt(math.log1p(0.09)), scale=40 / math.sqrt(1.09))
    share = law.expect(lambda days: (91 - days) / 91, ub=91.0)
    assert_mean(found["reached"][:, 0, 0, 2], 900 * 13 * 0.004 * share)


# --- what changes nothing, and what can only help


@pytest.fixture(scope="module")
def busy():
    """Inflows at two stages, assists, delays, windfalls: everything that may not interfere."""
    stages = [
        FUNNEL[0] | {"days": 3.0},
        FUNNEL[1] | {"days": 7.0, "lost_days": 20.0},
        FUNNEL[2] | {"days": 32.0, "stalled": 0.2},
    ]
    return scenario(
        stages=stages,
        calendar={"quarters": 2},
        activity={"per_quarter": 750.0, "rep_cv": 0.3, "week_cv": 0.4},
        sources=[
            inflow(conversion={"won": 0.5}),
            inflow(name="partner", enters="demo", days={"won": 20.0}, deal_size={"mean": 9e4}),
        ],
        assists=[{"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5, "size": 1.2}],
        windfall={"law": "fixed", "mean": 50_000.0, "per_quarter": 0.4},
        market={"cv": 0.2},
        uncertainty={"stages.won.conversion": {"cv": 0.1}},
    )


DRAWS = 2_000


def assert_same_bytes(one, other, names=None):
    for name in names or one:
        assert (
            np.ascontiguousarray(one[name]).tobytes() == np.ascontiguousarray(other[name]).tobytes()
        ), name


def of_sources(samples, count):
    """What belongs to the first sources."""
    parts = {name: samples[name][..., :count] for name in ("source_won", "source_bookings")}
    return parts | {name: samples[name] for name in ("activities", "windfalls")}


@pytest.mark.parametrize(
    "further",
    [
        inflow(name="SDR", per_week=2.0),
        inflow(name="SDR", per_week=2.0, enters="won", days={"won": 150.0}),
    ],
    ids=["short", "a longer past"],
)
def test_a_further_source_changes_no_other_number(busy, further):
    sources = [*busy.model_dump(exclude_none=True)["sources"], further]
    more = fs.Scenario(**busy.model_dump(exclude_none=True) | {"sources": sources})
    before, after = sampled(busy, DRAWS), sampled(more, DRAWS)
    assert_same_bytes(of_sources(before, 3), of_sources(after, 3))
    assert after["source_won"][..., 3].sum() > 0


@pytest.mark.parametrize("per_week", [0.0, 0.1, 5.0])
def test_the_rate_of_a_source_changes_no_other_source(busy, per_week):
    after = sampled(busy.replace({"sources.partner.per_week": per_week}), DRAWS)
    before = sampled(busy, DRAWS)
    assert_same_bytes(of_sources(before, 2), of_sources(after, 2))
    assert not np.array_equal(before["source_won"][..., 2], after["source_won"][..., 2])


def test_the_level_of_activity_changes_no_inflow(busy):
    after = sampled(busy.replace({"activity.per_quarter": 100.0}), DRAWS)
    before = sampled(busy, DRAWS)
    np.testing.assert_array_equal(before["source_won"][..., 1:], after["source_won"][..., 1:])


def test_sources_may_stand_in_any_order(busy):
    data = busy.model_dump(exclude_none=True)
    turned = fs.Scenario(**data | {"sources": data["sources"][::-1]})
    before, after = sampled(busy, DRAWS), sampled(turned, DRAWS)
    np.testing.assert_array_equal(before["source_won"], after["source_won"][..., [0, 2, 1]])
    np.testing.assert_array_equal(before["reached"], after["reached"])


def test_an_assist_without_effect_changes_nothing(busy):
    data = busy.model_dump(exclude_none=True)
    idle = {"name": "coach", "at": "demo", "coverage": 0.5, "odds": 1.0}
    never = {"name": "never", "at": "won", "coverage": 0.0, "odds": 9.0, "size": 2.0}
    before = sampled(busy, DRAWS)
    after = sampled(fs.Scenario(**data | {"assists": [*data["assists"], idle, never]}), DRAWS)
    assert_same_bytes(before, after, [name for name in before if name != "assisted"])
    np.testing.assert_array_equal(before["assisted"], after["assisted"][..., :1])
    assert after["assisted"][..., 2].sum() == 0


def test_a_parameter_made_uncertain_leaves_unrelated_luck_alone(busy):
    """Windfalls, activities and inflows do not move when the deal size becomes uncertain."""
    unsure = {"deal_size.mean": {"cv": 0.5}} | busy.model_dump()["uncertainty"]
    after = sampled(fs.Scenario(**busy.model_dump(exclude_none=True) | {"uncertainty": unsure}),
                    DRAWS)  # fmt: skip
    before = sampled(busy, DRAWS)
    counts = ["activities", "reached", "windfalls", "whales", "source_won", "assisted"]
    assert_same_bytes(before, after, counts)
    assert not np.array_equal(before["bookings"], after["bookings"])


@pytest.mark.parametrize(
    "changes",
    [
        {"sources.inbound.per_week": 0.9},
        {"sources.partner.per_week": 4.0},
        {"sources.inbound.conversion.won": 0.6},
        {"assists.on-site.coverage": 0.7},
        {"assists.on-site.odds": 3.0},
        {"assists.on-site.size": 2.0},
        {"activity.per_quarter": 900.0},
        {"stages.demo.conversion": 0.7},
        {"market.season": [1.0, 1.3, 1.0, 1.0]},
    ],
    ids=str,
)
def test_more_never_loses_an_opportunity(busy, changes):
    before, after = sampled(busy, DRAWS), sampled(busy.replace(changes), DRAWS)
    for name in ("reached", "source_won", "assisted", "whales", "windfalls"):
        assert (after[name] >= before[name]).all(), name
    for name in ("source_bookings", "repeatable_bookings", "windfall_bookings", "largest_deal"):
        assert (after[name] >= before[name] * (1 - 1e-12)).all(), name
    assert (after["bookings"] > before["bookings"]).any()


def test_money_comes_from_somewhere(busy):
    """Bookings are those of the sources and the windfalls; without whales these are all luck."""
    found = sampled(busy, DRAWS)
    by_source = found["source_bookings"].sum(axis=-1)
    np.testing.assert_allclose(found["repeatable_bookings"], by_source, rtol=1e-12)
    np.testing.assert_allclose(found["windfall_bookings"], 50_000.0 * found["windfalls"])
    np.testing.assert_allclose(
        found["bookings"], by_source + found["windfall_bookings"], rtol=1e-12
    )
    np.testing.assert_array_equal(found["source_won"].sum(axis=-1), found["reached"][..., -1])
    np.testing.assert_array_equal(found["source_won"] > 0, found["source_bookings"] > 0)


def test_opportunities_of_all_sources_are_conserved(busy):
    found = sampled(busy, DRAWS, pipeline=True)
    flow = found["entered"] - found["reached"][..., -1] - found["lost"] - found["stalled"]
    before = np.concatenate([found["open_at_start"][..., None], found["open"][..., :-1]], axis=-1)
    np.testing.assert_array_equal(found["open"], before + flow)


def test_one_way_in_may_be_kept_by_source_too():
    found = sampled(scenario(), 500, by_source=True)
    np.testing.assert_array_equal(found["source_bookings"][..., 0], found["bookings"])
    np.testing.assert_array_equal(found["source_won"][..., 0], found["reached"][..., -1])


def test_threads_and_blocks_do_not_matter(busy):
    one = sampled(busy, 500, threads=1, block=500, pipeline=True)
    for threads, block in ((2, 1), (3, 7), (2, 128)):
        assert_same_bytes(one, sampled(busy, 500, threads=threads, block=block, pipeline=True))


@pytest.mark.parametrize("purpose", ["parameter", "assist"])
def test_what_comes_before_a_purpose_drawn_anew_is_held(busy, purpose):
    runs = [Run(busy), Run(busy, redraw=frozenset({purpose}))]
    ((before, after),) = sample_blocks(runs, draws=DRAWS, seed=1)
    assert_same_bytes(before, after, ["activities", "windfalls"])
    np.testing.assert_array_equal(before["reached"][..., :2], after["reached"][..., :2])
    assert not np.array_equal(before["reached"], after["reached"])
    assert np.array_equal(before["assisted"], after["assisted"]) == (purpose == "parameter")
