"""Luck of plans with an inflow, an assist and parameters that are not known well.

Closed forms: given the parameter, deals are a thinned Poisson number; what nobody knows is then
integrated by scipy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import funnelsim as fs
from funnelsim.analysis.levels import mean_bookings, mean_deals
from funnelsim.analysis.luck.dependence import Dependence
from funnelsim.analysis.luck.doses import Doses
from funnelsim.analysis.luck.equal_mean import EqualMean
from funnelsim.analysis.luck.imposed import FLOOR, LEVEL, imposed
from funnelsim.analysis.luck.kpis import Kpis
from funnelsim.analysis.luck.repeatability import Repeatability
from funnelsim.analysis.luck.sources import Sources
from funnelsim.analysis.luck.thirds import luck_or_skill
from funnelsim.errors import ArgumentError
from funnelsim.report.luck import luck_text
from luck_plans import CALLS, answered, assert_met, kpi
from twin_plans import WHALES, WINDFALL, sales_math, sized

CV = 0.3  # of what is known of the win rate
WON = 1 / 3
LAW = stats.beta((1 - WON) / CV**2 - WON, ((1 - WON) / CV**2 - WON) * (1 - WON) / WON)
UNCERTAIN = {"stages.won.conversion": {"cv": CV}}
INBOUND = {"name": "inbound", "per_week": 0.4}
VISIT = {"name": "visit", "at": "demo", "coverage": 0.4, "odds": 4.0}
EQUAL = {"law": "fixed", "mean": 84_000}
OWN, INFLOW = 750 * 0.02, 13 * 0.4  # entries of a quarter
BEFORE_WON = (OWN + INFLOW) * 0.6
NEEDED = 3  # equal deals for the quota


def over_rates(of: Callable[[float], float]) -> float:
    """The mean over what the win rate may be."""
    return float(integrate.quad(lambda p: LAW.pdf(p) * of(p), 0, 1, epsabs=1e-11)[0])


def attained(p: float) -> float:
    """P(attain) of equal deals, own and inbound, at a win rate."""
    return float(stats.poisson.sf(NEEDED - 1, BEFORE_WON * p))


def everything(**changes: Any) -> fs.Scenario:
    """A plan in which sources, assists and uncertainty meet windfalls, whales and a policy."""
    tables: dict[str, Any] = {
        "calendar": {"quarters": 4},
        "activity": {"per_quarter": 750, "rep_cv": 0.35},
        "deal_size": sized(whale=WHALES),
        "sources": [INBOUND | {"deal_size": {"mean": 40_000}, "days": {"won": 60}}],
        "assists": [VISIT, {"name": "gift", "at": "won", "coverage": 0.2, "odds": 2, "size": 1.2}],
        "windfall": WINDFALL,
        "policy": {"floor_per_week": 20, "adherence": 0.9},
        "kpis": [CALLS, kpi("visits", 5, "quarter", "visit")],
        "uncertainty": {
            **UNCERTAIN,
            "policy.adherence": {"cv": 0.1},
            "windfall.per_quarter": {"cv": 0.5, "luck": "windfalls"},
            "windfall.mean": {"cv": 0.3, "luck": "windfalls"},
            "deal_size.whale.probability": {"cv": 0.5},
        },
        "days": (0, 7, 32),
    }
    return sales_math(**{**tables, **changes})


# --- variance by source ---------------------------------------------------------------------------


def test_the_law_of_what_is_not_known() -> None:
    assert LAW.mean() == pytest.approx(WON)
    assert LAW.std() == pytest.approx(CV * WON)


def test_variance_by_source_in_closed_form() -> None:
    """The law of total variance, in the order in which things are decided; n = 40,000."""
    lifted = 4 * 0.6 / (0.4 + 4 * 0.6)
    demo = 0.6 * 0.6 + 0.4 * lifted
    entries, square = OWN + INFLOW, WON**2 * (1 + CV**2)  # E p^2
    spread = 0.6 * 0.6 * 0.4 + 0.4 * lifted * (1 - lifted)
    parts = {
        "parameter": (entries * demo) ** 2 * (square - WON**2),
        "activity": square * (0.02 * demo) ** 2 * 750,
        "entry": square * demo**2 * (750 * 0.02 * 0.98 + INFLOW),
        "assist": entries * square * 0.4 * 0.6 * (lifted - 0.6) ** 2,
        "outcome.demo": entries * square * spread,
        "outcome.won": entries * demo * (WON - square),
        "size": entries * demo * WON * 0.25,
    }
    whole = entries * demo * WON * 1.25 + (entries * demo * CV * WON) ** 2
    assert sum(parts.values()) == pytest.approx(whole, rel=1e-12)

    plan = sales_math(sources=[INBOUND], assists=[VISIT], uncertainty=UNCERTAIN)
    part = Sources(plan)
    assert list(part.coords["source"]) == [
        "parameter", "skill", "market", "activity", "entry", "assist", "outcome.demo",
        "outcome.won", "delay", "size", "whale", "windfall",
    ]  # fmt: skip
    answers = answered(part, 40_000, 1)
    truth = [parts.get(str(source), 0.0) / whole for source in part.coords["source"]]
    assert_met(answers["bookings_variance_share"], truth)
    assert answers["bookings_variance_share"][0].sum() == pytest.approx(1, abs=1e-12)


def test_what_is_not_known_decides_attainment_by_quadrature() -> None:
    """Equal deals: Var P(attain | p) / p (1 - p), n = 40,000."""
    plan = sales_math(deal_size=EQUAL, sources=[INBOUND], uncertainty=UNCERTAIN)
    part = Sources(plan)
    value, error = answered(part, 40_000, 2)["attainment_variance_share"]
    p = over_rates(attained)
    truth = (over_rates(lambda rate: attained(rate) ** 2) - p**2) / (p * (1 - p))
    assert part.coords["source"][0] == "parameter"
    assert abs(value[0] - truth) < 5 * error[0]
    assert value.sum() == pytest.approx(1, abs=1e-12)


def test_an_inflow_alone_has_no_luck_of_activity() -> None:
    """All bookings flow in; whoever calls, and enters nothing, decides nothing of them."""
    plan = sales_math(conversions=(0.0, 0.6, WON), sources=[INBOUND | {"per_week": 2.0}])
    part = Sources(plan)
    value, error = answered(part, 20_000, 3)["bookings_variance_share"]
    found = dict(zip(part.coords["source"], zip(value, error, strict=True), strict=True))
    assert found["activity"] == (0, pytest.approx(0, abs=1e-2))
    for source, truth in (("entry", 0.6 / 3 / 1.25), ("size", 0.2)):
        assert abs(found[source][0] - truth) < 5 * found[source][1]


def test_what_a_source_states_alone_matters() -> None:
    """Days, whales and a law of sizes that only the inflow has."""
    own = {"deal_size": {"law": "fixed", "mean": 84_000}}
    size = {"law": "lognormal", "mean": 84_000, "cv": 0.5, "whale": WHALES}
    source = INBOUND | {"per_week": 1.0, "days": {"won": 32}, "deal_size": size}
    part = Sources(sales_math(sources=[source], **own))
    value, _ = answered(part, 10_000, 4)["bookings_total_index"]
    found = dict(zip(part.coords["source"], value, strict=True))
    assert min(found[name] for name in ("delay", "size", "whale")) > 0
    nothing = Sources(sales_math(**own))
    value, _ = answered(nothing, 2_000, 4)["bookings_total_index"]
    found = dict(zip(nothing.coords["source"], value, strict=True))
    assert {found[name] for name in ("delay", "size", "whale")} == {0.0}


# --- dependence, KPIs, repeatability, thirds ------------------------------------------------------


def test_whales_of_an_inflow_are_windfall_bookings() -> None:
    """Equal deals, and whales that suffice alone: both in closed form, n = 40,000."""
    whale = {"probability": 0.3, "multiple": 4}
    plan = sales_math(deal_size=EQUAL, sources=[INBOUND | {"deal_size": {"whale": whale}}])
    own, inbound = OWN * 0.2, INFLOW * 0.2
    ordinary = own + 0.7 * inbound
    repeatable = stats.poisson.sf(NEEDED - 1, ordinary)
    p = 1 - math.exp(-0.3 * inbound) * stats.poisson.cdf(NEEDED - 1, ordinary)
    answers = answered(Dependence(plan), 40_000, 5)
    assert_met(answers["attainment_probability"], [p])
    assert_met(answers["repeatable_attainment_probability"], [repeatable])
    assert_met(answers["windfall_dependence"], [1 - repeatable / p])
    assert "as stated" in EqualMean(plan).coords["way"]


def test_a_kpi_on_an_assist_against_quota_is_counted() -> None:
    """Visits of demos and deals after them, equal: enumerated, n = 40,000."""
    visit = VISIT | {"at": "won"}
    plan = sales_math(deal_size=EQUAL, assists=[visit], kpis=[kpi("v", 4, "quarter", "visit")])
    won = 4 * WON / (1 - WON + 4 * WON)
    demos = OWN * 0.6
    table = np.zeros((2, 3))
    for visits in range(60):
        wins = stats.binom.pmf(np.arange(visits + 1), visits, won)
        short = NEEDED - 1 - np.arange(visits + 1)
        missed = float(wins @ stats.poisson.cdf(short, demos * 0.6 * WON))
        row = 0 if visits >= 4 else 1
        table[row] += stats.poisson.pmf(visits, demos * 0.4) * np.array([1 - missed, 0, missed])
    answers = answered(Kpis(plan), 40_000, 6)
    value, error = (each[0, 0] for each in answers["kpi_quota_probability"])  # no policy, no lag
    assert_met((value, error), table)


def test_reps_who_are_alike_share_what_is_not_known() -> None:
    """Quarters repeat as if reps differed: they are of one world; n = 40,000."""
    plan = sales_math(deal_size=EQUAL, sources=[INBOUND], uncertainty=UNCERTAIN)
    part = Repeatability(plan)
    answers = answered(part, 40_000, 7)
    p = over_rates(attained)
    again = over_rates(lambda rate: attained(rate) ** 2)
    both = [again / p, (p - again) / (1 - p), again / p]
    value, error = (each[0][:3] for each in answers["next_attainment_probability"])
    assert_met((value, error), both)
    three = over_rates(lambda rate: float(stats.binom.sf(2, 4, attained(rate))))
    value, error = (each[0][0, 2] for each in answers["career_at_least_probability"])
    assert_met((value, error), three)
    deals = BEFORE_WON * WON
    value, error = (each[0] for each in answers["quarter_correlation"])
    assert_met((value, error), deals * CV**2 / (deals * CV**2 + 1))


def test_a_team_shares_what_is_not_known() -> None:
    """The best and the worst of three, given the one win rate of their world; n = 20,000."""
    plan = sales_math(deal_size=EQUAL, sources=[INBOUND], uncertainty=UNCERTAIN)
    told = luck_or_skill(plan, reps=3, quarters=1, draws=20_000, seed=8)
    here = {"segment": "rep", "reps": "alike", "measure": "attainment", "quarters_worked": 1}
    for statistic, truth in (
        ("top", over_rates(lambda rate: 1 - (1 - attained(rate)) ** 3)),
        ("bottom", over_rates(lambda rate: attained(rate) ** 3)),
    ):
        where = here | {"statistic": statistic}
        error = float(told.third_mean_standard_error.sel(where))
        assert abs(float(told.third_mean.sel(where)) - truth) < 5 * error
    # and had each a rate of its own
    p = over_rates(attained)
    assert abs(p**3 - over_rates(lambda rate: attained(rate) ** 3)) > 0.02


# --- plans to compare with ------------------------------------------------------------------------


def test_all_ways_come_to_the_same_mean() -> None:
    """By the means themselves, and simulated; n = 10,000."""
    plan = everything()
    part = EqualMean(plan)
    assert list(part.plans) == ["as stated", "repetition", "windfalls", "whales", "larger deals"]
    goal = mean_bookings(plan)
    for way, each in part.plans.items():
        assert mean_bookings(each) == pytest.approx(goal, rel=1e-8), way
    plain, large = (part.plans[way] for way in ("repetition", "larger deals"))
    assert [each.deal_size_of(each.sources[0]).mean for each in (plain, large)] == [40_000, 80_000]
    assert not any("windfall" in path or "whale" in path for path in plain.uncertainty)
    theirs = set(part.plans["windfalls"].uncertainty)
    assert {"windfall.per_quarter", "windfall.mean"} < theirs
    value, error = answered(part, 10_000, 9)["way_bookings_mean"]
    assert np.all(np.abs(value - goal) < 5 * error + 2e-4 * goal)


def test_whales_of_an_inflow_stay_in_their_way_and_leave_the_others() -> None:
    whale = {"probability": 0.3, "multiple": 4}
    plan = sales_math(sources=[INBOUND | {"deal_size": {"whale": whale}}])
    part = EqualMean(plan)
    assert part.attrs["way_whales_from"] == "stated"
    whales = {
        way: each.deal_size_of(each.sources[0]).whale is not None
        for way, each in part.plans.items()
    }
    assert whales == {
        "as stated": True, "repetition": False, "windfalls": False, "whales": True,
        "larger deals": False,
    }  # fmt: skip


def test_the_level_wins_as_many_deals_as_the_floor() -> None:
    plan = everything(policy={"floor_per_week": 58, "adherence": 0.9})
    found = imposed(plan)
    assert found.missing == ""
    both = [mean_deals(found.plans[label]) for label in (LEVEL, FLOOR)]
    assert both[0] == pytest.approx(both[1], rel=1e-9)


def test_doses_of_adherence_are_known() -> None:
    part = Doses(everything())
    assert not part.refused
    doses = {run.plan.policy.adherence: run.plan.uncertainty for run in part.runs}
    assert "policy.adherence" in doses[0.9]
    assert all("policy.adherence" not in doses[each] for each in (0.25, 0.5, 0.75, 1.0))


def test_hours_are_set_aside_where_levels_are_compared() -> None:
    hours = {"hours_per_week": 30, "hours": {"activity": 0.4, "demo": 2}, "open_week": 0.1}
    plan = everything(activity={"rep_cv": 0.35}, effort=hours)
    told = fs.luck(plan, draws=64, seed=10)
    refused = json.loads(told.attrs["refused"])
    assert "way_activities_mean" not in refused
    assert "effect_on_attainment_probability" not in refused


def test_a_quota_of_wins_knows_no_sizes() -> None:
    plan = fs.Scenario(
        name="SDR",
        quota={"per_quarter": 3, "of": "wins"},
        activity={"per_quarter": 750},
        stages=[{"name": "discovery", "conversion": 0.02}, {"name": "won", "conversion": 0.2}],
    )
    part = EqualMean(plan)
    assert not part.plans
    assert "counts deals" in part.refused["way_bookings_mean"]
    answers = answered(Dependence(plan), 20_000, 11)
    assert_met(answers["attainment_probability"], [stats.poisson.sf(2, 3.0)])


# --- everything, and teams ------------------------------------------------------------------------


def test_everything_at_once_is_answered_and_told() -> None:
    plan = everything()
    told = fs.luck(plan, draws=2_000, seed=12)
    assert not [name for name in json.loads(told.attrs["refused"]) if not name.startswith("next_")]
    screen = luck_text(plan, told).whole
    assert "only by a windfall or whale" in screen
    assert "uncertainty" in screen
    assert "assists" in screen
    assert max(map(len, screen.splitlines())) <= 80


def test_reps_who_leave_are_a_purpose_of_their_own() -> None:
    """Told of the last quarter: by then the seat may be empty. n = 4,000."""
    leaving = {"attrition": {"per_year": 0.9, "fill_weeks": 20}, "calendar": {"quarters": 4}}
    plan = sales_math(**leaving)
    part = Sources(plan)
    assert part.attrs["quarter_of_sources"] == 4
    answers = answered(part, 4_000, 13)
    value, error = answers["bookings_variance_share"]
    assert part.coords["source"][0] == "team"
    assert value[0] > 5 * error[0]
    told = fs.luck(plan, draws=64, seed=13)
    assert "attrition" in json.loads(told.attrs["refused"])["way_bookings_mean"]


def test_a_quota_that_grows_with_the_ramp_is_refused() -> None:
    plan = sales_math(
        quota={"per_quarter": 250_000, "ramped": True},
        ramp={"weeks": 20, "from": 0.0},
        attrition={"per_year": 0.3, "fill_weeks": 9},
    )
    for ask in (lambda: fs.luck(plan, draws=64, seed=1),
                lambda: luck_or_skill(plan, reps=3, quarters=1, draws=64, seed=1)):  # fmt: skip
        with pytest.raises(ArgumentError, match=r"quota\.ramped .* Ask fs\.team"):
            ask()


@pytest.mark.parametrize("name", fs.presets())
def test_every_preset_is_answered_or_sent_to_the_team(name: str) -> None:
    """And one rep of each segment of a team is answered."""
    plan = fs.preset(name)
    if plan.seats > 1:
        for ask in (lambda: fs.luck(plan, draws=64, seed=1),
                    lambda: luck_or_skill(plan, reps=3, quarters=1, draws=64, seed=1)):  # fmt: skip
            with pytest.raises(ArgumentError, match=r"a team of .* ask fs\.team"):
                ask()
    for each in plan.team.values():
        one = each.replace({"headcount": 1, "hiring": []})
        told = fs.luck(one, draws=64, seed=1)
        assert "attainment_probability" in told
        assert max(map(len, luck_text(one, told).whole.splitlines())) <= 80
