"""Numbers about luck against truths derived apart from the program: tests/luck_truths.py."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.analysis.luck.dependence import Dependence
from funnelsim.analysis.luck.equal_mean import EqualMean
from funnelsim.analysis.luck.kpis import Kpis
from funnelsim.analysis.luck.policy import PolicyEffect
from funnelsim.analysis.luck.repeatability import Repeatability
from funnelsim.engine.blocks import sample_blocks
from funnelsim.errors import FunnelsimError
from funnelsim.registry import LUCK
from luck_truths import (
    Rep,
    at_least,
    attainment,
    counted,
    dependence,
    kpi_table,
    level,
    moments,
    variance_by_source,
)
from scenarios import scenarios
from twin_plans import WHALES, WINDFALL, sales_math, sized

PLAIN = Rep()
LUCKY = Rep(whale=(0.03, 10), windfalls=0.05)
UNEVEN = Rep(rep_cv=0.35, week_cv=0.5)
FLOORED = replace(UNEVEN, floor=58, adherence=0.9)
CALLS = (-1, 58)  # activities of a week


def told(part, draws, seed):
    """Ask one part of fs.luck alone."""
    for samples in sample_blocks(part.runs, draws=draws, seed=seed, block=4_096):
        part.add(samples)
    return part.answers()


def plan_of(rep, **changes):
    """State the rep of tests/luck_truths.py as a scenario; here only the two meet."""
    windfall = {"windfall": WINDFALL | {"per_quarter": rep.windfalls}} if rep.windfalls else {}
    whale = {"whale": WHALES} if rep.whale[0] else {}
    policy = {"floor_per_week": rep.floor, "adherence": rep.adherence} if rep.floor else {}
    assert not whale or rep.whale == tuple(WHALES.values())
    tables = {
        "activity": {
            "per_quarter": rep.activities,
            "rep_cv": rep.rep_cv,
            "week_cv": rep.week_cv,
        },
        "conversions": rep.conversions,
        "deal_size": sized(**whale),
        "quota": {"per_quarter": rep.quota},
        "calendar": {"quarters": 4, "weeks_per_quarter": rep.weeks},
        "policy": policy,
    }
    return sales_math(**(tables | windfall | changes))


def check(answers, truths, index=0):
    """Ask |estimate - truth| < 5 standard errors of all names of truths, at one place."""
    for name, truth in truths.items():
        value, error = (np.asarray(each)[index] for each in answers[name])
        assert abs(value - truth) <= 5 * error, f"{name}: {value} +- {error}, not {truth}"


# --- the figures of docs/background/model.md ------------------------------------------------------


@pytest.mark.parametrize(
    ("activities", "p", "repeatable", "dependent", "cv", "share", "three_of_four", "six_of_eight"),
    [
        (375, ".194247", ".132607", ".317330", "1.4052", ".781650", ".025046", ".001046"),
        (750, ".498920", ".432169", ".133791", "1.0032", ".769388", ".310882", ".143119"),
        (1276, ".813836", ".774264", ".048624", "0.7721", ".763923", ".840070", ".826552"),
    ],
)
def test_the_table_of_the_model(
    activities, p, repeatable, dependent, cv, share, three_of_four, six_of_eight
):
    truths = dependence(replace(LUCKY, activities=activities))
    chance = truths["attainment_probability"]
    assert f"{chance:.6f}"[1:] == p
    assert f"{truths['repeatable_attainment_probability']:.6f}"[1:] == repeatable
    assert f"{truths['windfall_dependence']:.6f}"[1:] == dependent
    assert f"{truths['bookings_cv']:.4f}" == cv
    assert f"{truths['windfall_share_of_variance']:.6f}"[1:] == share
    assert f"{at_least(3, 4, chance):.6f}"[1:] == three_of_four
    assert f"{at_least(6, 8, chance):.6f}"[1:] == six_of_eight


def test_six_of_ten_attained_quarters_need_their_largest_deal():
    assert f"{dependence(PLAIN)['largest_deal_dependence']:.4f}" == "0.5932"


@pytest.mark.parametrize(
    ("rep", "figures"),
    [
        (PLAIN, ".451006 0.6455 .242828 .0000"),
        (Rep(activities=375, windfalls=0.504), ".364880 1.0956 .141140 .6148"),
        (Rep(activities=750 / 1.27, whale=(0.03, 10)), ".347331 1.1413 .123945 .1377"),
    ],
)
def test_equal_means(rep, figures):
    truths = dependence(rep)
    p, cv = truths["attainment_probability"], truths["bookings_cv"]
    found = f"{p:.6f} {cv:.4f} {at_least(3, 4, p):.6f} {truths['windfall_dependence']:.4f}"
    assert found.replace(" 0.", " .").replace(" .6455", " 0.6455").lstrip("0") == figures
    assert moments(rep)[0] == pytest.approx(252_000)


def test_conditioning_is_not_causing():
    missed, hit = kpi_table(UNEVEN, CALLS, 11)
    assert f"{hit[1:].sum() / hit.sum():.6f} {missed[1:].sum() / missed.sum():.6f}" == (
        "0.812763 0.407576"
    )
    chances = [np.dot(*attainment(rep)) for rep in (UNEVEN, level(FLOORED), FLOORED)]
    assert f"{chances[0]:.6f} {chances[2]:.6f}" == "0.432347 0.565010"
    assert [f"{effect:.3f}" for effect in np.diff(chances)] == ["0.110", "0.023"]
    spread = moments(FLOORED)[1] / moments(level(FLOORED))[1]
    assert f"{1 - spread:.3f}" == "0.192"
    assert moments(FLOORED)[0] == pytest.approx(moments(level(FLOORED))[0], rel=1e-9)
    four_of_four = []
    for rep in (level(FLOORED), FLOORED):
        by_skill, weights = attainment(rep)
        four_of_four.append(f"{weights @ at_least(4, 4, by_skill):.6f}")
    assert four_of_four == ["0.155053", "0.128791"]


@pytest.mark.parametrize(
    "rep",
    [PLAIN, LUCKY, UNEVEN, FLOORED, replace(LUCKY, rep_cv=0.35, week_cv=0.5)],
    ids=["plain", "lucky", "uneven", "floored", "uneven and lucky"],
)
def test_truths_meet_the_exact_twin(rep):
    """Two independent calculations of the same numbers, to 2e-6; variance shares have one."""
    exact = fs.exact(plan_of(rep)).sel(segment="rep", quarter=2)
    by_skill, weights = attainment(rep)
    assert float(exact.attainment_probability) == pytest.approx(by_skill @ weights, abs=2e-6)
    repeatable = np.dot(*attainment(rep, luck=False))
    assert float(exact.repeatable_attainment_probability) == pytest.approx(repeatable, abs=2e-6)
    mean, variance, activities = moments(rep)
    assert float(exact.bookings_mean) == pytest.approx(mean, rel=1e-6)
    assert float(exact.bookings_sd) == pytest.approx(variance**0.5, rel=1e-6)
    assert float(exact.activities_mean) == pytest.approx(activities, rel=1e-6)
    for k in (1, 3, 4):
        chance = float(fs.exact(plan_of(rep)).at_least_probability.sel(segment="rep", at_least=k))
        assert chance == pytest.approx(weights @ at_least(k, 4, by_skill), abs=2e-6)


# --- the simulator --------------------------------------------------------------------------------


@pytest.mark.parametrize("activities", [375, 750, 1276])
def test_dependence_of_the_model_is_met(activities):
    rep = replace(LUCKY, activities=activities)
    check(told(Dependence(plan_of(rep)), 200_000, 1), dependence(rep), index=2)


@pytest.mark.parametrize("rep", [PLAIN, LUCKY], ids=["plain", "lucky"])
def test_delays_change_no_dependence_of_a_steady_start(rep):
    """The truncated past moves a probability by 1e-5, far below an error at n = 100,000."""
    plan = plan_of(rep, days=(0, 7, 32))
    check(told(Dependence(plan), 100_000, 2), dependence(rep), index=1)


def test_uneven_and_lucky_reps_are_met():
    rep = replace(LUCKY, rep_cv=0.35, week_cv=0.5)
    p, repeatable = (np.dot(*attainment(rep, luck=luck)) for luck in (True, False))
    mean, variance, _ = moments(rep)
    falls = rep.windfalls * rep.windfall.second_moment
    truths = {
        "attainment_probability": p,
        "repeatable_attainment_probability": repeatable,
        "windfall_dependence": 1 - repeatable / p,
        "bookings_mean": mean,
        "bookings_sd": variance**0.5,
        "bookings_cv": variance**0.5 / mean,
    }
    assert falls < variance
    check(told(Dependence(plan_of(rep)), 200_000, 3), truths)


@pytest.mark.parametrize("deals_needed", [2, 3])
def test_fixed_sizes_are_counted(deals_needed):
    """Deals of exactly a part of the quota: three thirds reach it, rounding or not."""
    size = 250_000 / deals_needed
    rep = replace(LUCKY, windfalls=0.2)
    p, repeatable, without = counted(
        rep.deals * 0.97, rep.deals * 0.03, 0.2, (size, 10 * size, 0.7 * 250_000), 250_000 - 1e-3
    )
    plan = plan_of(
        rep,
        deal_size={"law": "fixed", "mean": size, "whale": WHALES},
        windfall={"per_quarter": 0.2, "law": "fixed", "mean": 0.7 * 250_000},
    )
    truths = {
        "attainment_probability": p,
        "repeatable_attainment_probability": repeatable,
        "without_largest_attainment_probability": without,
        "windfall_dependence": 1 - repeatable / p,
        "largest_deal_dependence": 1 - without / p,
    }
    check(told(Dependence(plan), 200_000, 4), truths, index=3)


# --- observed and imposed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rep", "stage", "least", "needed"),
    [
        (replace(UNEVEN, windfalls=0.1), -1, 58, 8),
        (replace(LUCKY, rep_cv=0.35, week_cv=0.5), 0, 1, 9),
        (replace(FLOORED, windfalls=0.1), 1, 1, 7),
        (UNEVEN, 2, 1, 3),
        (Rep(activities=60, conversions=(0.1, 0.6, 1 / 3), weeks=3, quota=84_000), 0, 2, 2),
    ],
    ids=["activities", "first stage", "second stage", "the win", "three weeks"],
)
def test_kpis_and_quota_are_enumerated(rep, stage, least, needed):
    """All numbers of hits by all numbers of deals; later quarters share only skill. n = 60,000."""
    metric = "activities" if stage < 0 else ("discovery", "demo", "won")[stage]
    plan = plan_of(
        rep,
        kpis=[
            {
                "name": "k",
                "metric": metric,
                "target": least,
                "per": "week",
                "share": needed / rep.weeks,
            }
        ],
    )
    part = Kpis(plan)
    answers = told(part, 60_000, 5)
    as_is = list(part.coords["policy"]).index("floor" if rep.floor else "none")
    for lag in range(4):
        missed, hit = kpi_table(rep, (stage, least), needed, lag)
        for place, row in enumerate((hit, missed)):
            truths = row[[2, 1, 0]]  # repeatable, by windfall, missed
            for column, truth in enumerate(truths):
                check(answers, {"kpi_quota_probability": truth}, (as_is, lag, place, column))
            given = row[1:].sum() / row.sum()
            check(answers, {"attainment_given_kpi": given}, (as_is, lag, place))
        gap = hit[1:].sum() / hit.sum() - missed[1:].sum() / missed.sum()
        check(answers, {"kpi_gap": gap}, (as_is, lag))
        alike = replace(rep, rep_cv=0.0, floor=0, adherence=0.0)
        missed, hit = kpi_table(alike, (stage, least), needed, lag)
        gap = hit[1:].sum() / hit.sum() - missed[1:].sum() / missed.sum()
        check(answers, {"kpi_gap_of_identical_reps": gap}, (lag,))


def test_a_floor_is_level_and_evenness():
    """The example of docs/background/model.md, n = 100,000: .110 + .023, paired."""
    reps = {"none": UNEVEN, "level": level(FLOORED), "floor": FLOORED}
    answers = told(PolicyEffect(plan_of(FLOORED)), 100_000, 6)
    p, four_of_four = {}, {}
    for place, (label, rep) in enumerate(reps.items()):
        by_skill, weights = attainment(rep)
        p[label] = by_skill @ weights
        mean, variance, activities = moments(rep)
        truths = {
            "policy_attainment_probability": p[label],
            "policy_bookings_mean": mean,
            "policy_bookings_sd": variance**0.5,
            "policy_bookings_cv": variance**0.5 / mean,
            "policy_activities_mean": activities,
            "policy_deals_mean": activities * rep.won,
        }
        check(answers, truths, place)
        for k in (1, 2, 3, 4):
            chance = weights @ at_least(k, 4, by_skill)
            check(answers, {"policy_at_least_probability": chance}, (place, k - 1))
        four_of_four[label] = chance
    for place, (after, before) in enumerate(
        (("level", "none"), ("floor", "level"), ("floor", "none"))
    ):
        check(answers, {"effect_on_attainment_probability": p[after] - p[before]}, place)
        change = four_of_four[after] - four_of_four[before]
        check(answers, {"effect_on_at_least_probability": change}, (place, 3))


def test_quarters_of_reps_who_differ():
    """Without delays and market two quarters share skill alone; n = 30,000 careers."""
    rep = replace(UNEVEN, windfalls=0.2)
    answers = told(Repeatability(plan_of(rep)), 30_000, 7)
    by_skill, weights = attainment(rep)
    repeatable, _ = attainment(rep, luck=False)
    before = {
        "attained": by_skill,
        "missed": 1 - by_skill,
        "repeatable": repeatable,
        "windfall": by_skill - repeatable,
    }
    for place, chance in enumerate(before.values()):
        given = (weights * chance) @ by_skill / (weights @ chance)
        check(answers, {"next_attainment_probability": given}, (1, place))
    alike = float(attainment(replace(rep, rep_cv=0.0))[0][0])
    for career, quarters in enumerate((4, 8, 20)):
        for k in (1, quarters // 2, 3 * quarters // 4):
            place = (career, k - 1)
            truths = {"career_at_least_probability": weights @ at_least(k, quarters, by_skill)}
            check(answers, truths, (1, *place))
            check(answers, {"career_at_least_probability": at_least(k, quarters, alike)},
                  (0, *place))  # fmt: skip
    skill = variance_by_source(rep)["skill"] / moments(rep)[1]
    check(answers, {"quarter_correlation": skill}, 1)


def test_equal_means_by_repetition_and_by_windfalls():
    """The ways of model.md at the plan's own quota, n = 60,000; larger deals by the same."""
    part = EqualMean(plan_of(PLAIN))
    answers = told(part, 60_000, 8)
    own = list(part.coords["quota_ratio"]).index(part.attrs["own_quota_ratio"])
    ways = {
        "repetition": PLAIN,
        "windfalls": Rep(activities=375, windfalls=0.504),
        "whales": Rep(activities=750 / 1.27, whale=(0.03, 10)),
        "larger deals": Rep(activities=375, size=PLAIN.size.times(2)),
    }
    for way, rep in ways.items():
        truths = dependence(rep)
        p, place = truths["attainment_probability"], list(part.coords["way"]).index(way)
        check(answers, {"way_bookings_cv": truths["bookings_cv"]}, place)
        check(answers, {"way_activities_mean": rep.activities}, place)
        found = {
            "way_attainment_probability": p,
            "way_windfall_dependence": truths["windfall_dependence"],
            "way_three_of_four_probability": at_least(3, 4, p),
        }
        check(answers, found, (place, own))


# --- what holds of any plan -----------------------------------------------------------------------


@settings(max_examples=12, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(scenarios, st.integers(0, 2**63 - 1))
def test_answers_of_any_plan_fit_together(plan, seed):
    try:
        usual = float(fs.simulate(plan, draws=100, seed=seed).bookings.median())
        if usual:  # most random quotas are always attained, or never
            plan = plan.replace({"quota.per_quarter": usual})
        answers = fs.luck(plan, draws=300, seed=seed, threads=2)
    except FunnelsimError:
        return
    again = fs.luck(plan, draws=300, seed=seed, threads=1)
    assert answers.identical(again)
    refused, unexplained = json.loads(answers.attrs["refused"]), []
    by_name = {name: answers[name].sel(segment="rep") for name in answers.data_vars}
    known = {name: np.asarray(each) for name, each in by_name.items()}
    for variable in LUCK:
        name = variable.name
        assert name in known or name in refused, f"{name} is neither answered nor refused"
        if name not in known:
            continue
        value, error = known[name], known[f"{name}_standard_error"]
        assert answers[name].dims == variable.dims
        assert error.shape == value.shape
        seen = value[~np.isnan(value)]
        if "count" not in variable.dims and np.isnan(value).any() and name not in refused:
            unexplained.append(name)
        if name.endswith(("_probability", "_dependence")) and not name.startswith("effect_on"):
            assert ((seen >= 0) & (seen <= 1 + 1e-12)).all(), name
        errors = error[~np.isnan(error)]
        assert (errors >= 0).all(), name
    for of in ("bookings", "attainment"):
        shares = known[f"{of}_variance_share"]
        if not np.isnan(shares).any():
            assert shares.sum() == pytest.approx(1, abs=1e-9)
    place = answers.attrs["quarter_of_sources"] - 1
    if 0.1 < known["attainment_probability"][place] < 0.9:  # seen often enough for an error
        shares, errors = (known[f"attainment_variance_share{of}"] for of in ("", "_standard_error"))
        assert (shares >= -5 * errors).all()
    # the same question asked elsewhere
    summary = fs.attainment(fs.simulate(plan, draws=300, seed=seed)).sel(segment="rep")
    for name in ("attainment_probability", "repeatable_attainment_probability", "bookings_mean"):
        np.testing.assert_allclose(known[name], summary[name], rtol=1e-9, err_msg=name)
    p = known["attainment_probability"]
    needed = known["largest_deal_dependence"] * p
    with_nothing = np.where(p > 0, needed, 0)
    without = known["without_largest_attainment_probability"]
    np.testing.assert_allclose(p - with_nothing, without, atol=1e-12)
    for name, each in by_name.items():
        if "effect" in each.dims and not name.endswith("_standard_error"):
            parts = each.transpose("effect", ...).values
            both = parts[0] + parts[1]  # unknown where no level is
            np.testing.assert_allclose(np.where(np.isnan(both), parts[2], both), parts[2],
                                       rtol=1e-9, atol=1e-12)  # fmt: skip
    if "kpi_quota_probability" in known:
        table = by_name["kpi_quota_probability"]
        whole = table.sum(("kpi_outcome", "quota_outcome"), skipna=False).values
        np.testing.assert_allclose(whole[~np.isnan(whole)], 1, atol=1e-12)
        made = table.sel(quota_outcome=["repeatable", "windfall"]).sum("quota_outcome")
        ratio = (made / table.sum("quota_outcome")).values
        given = by_name["attainment_given_kpi"].values
        both = ~np.isnan(given)
        np.testing.assert_allclose(ratio[both], given[both], atol=1e-12)
    assert not unexplained, f"{unexplained} are unknown without a reason"
