"""Sources, assists and effort: what they resolve to, what makes room, what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.errors import ScenarioError
from funnelsim.scenario.flow import assisted, flow_of, hours_of
from funnelsim.scenario.sizes import ONE_EACH

BASE = fs.loads(
    """
name = "Ways"
[quota]
per_quarter = 100_000
[activity]
per_week = 50
[[stages]]
name = "discovery"
conversion = 0.02
[[stages]]
name = "demo"
conversion = 0.60
days = 7
lost_days = 14
stalled = 0.25
[[stages]]
name = "won"
conversion = 0.25
days = 28
[deal_size]
law = "lognormal"
mean = 10_000
cv = 0.5
rep_cv = 0.2
whale = { probability = 0.1, multiple = 5 }
[[sources]]
name = "inbound"
per_week = 0.4
conversion = { won = 0.5 }
days = { discovery = 3.5, won = 14 }
deal_size = { mean = 4_000 }
response = { minutes = 10, measured_at = 25, decay = 0.45 }
[[sources]]
name = "partner"
per_sdr_week = 2.0
sdrs_per_rep = 0.3
enters = "demo"
[[assists]]
name = "on-site"
at = "won"
per_quarter = 4
odds = 1.5
"""
)
INBOUND, PARTNER = BASE.sources
ONSITE = BASE.assists[0]


def refused(changes: dict[str, Any], plan: fs.Scenario = BASE) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        plan.replace(changes)
    return [str(problem) for problem in caught.value.problems]


# --- sources -------------------------------------------------------------------------------------


def test_a_source_goes_through_the_stages_with_what_it_states() -> None:
    stages = BASE.stages_of(INBOUND)
    factor = (1 + 10 / 5) ** -0.45 / (1 + 25 / 5) ** -0.45
    assert [stage.conversion for stage in stages] == [0.02, pytest.approx(0.6 * factor), 0.5]
    assert [stage.days for stage in stages] == [3.5, 7, 14]
    assert stages[1].lost_days == 14
    assert stages[1].stalled == 0.25
    assert BASE.stages_of(None) == BASE.stages
    assert (BASE.first_stage_of(INBOUND), BASE.first_stage_of(PARTNER)) == (0, 1)
    assert (INBOUND.rate_per_week, PARTNER.rate_per_week) == (0.4, pytest.approx(0.6))


def test_sizes_of_a_source_are_those_of_the_plan_but_for_what_it_states() -> None:
    size = BASE.deal_size_of(INBOUND)
    assert size == BASE.deal_size.model_copy(update={"mean": 4_000.0})
    assert BASE.deal_size_of(PARTNER) == BASE.deal_size_of(None) == BASE.deal_size
    other = BASE.replace({"sources.inbound.deal_size": {"law": "fixed"}})
    fixed = other.deal_size_of(other.sources[0])
    assert (fixed.law, fixed.mean, fixed.cv) == ("fixed", 4_000, None)
    tail = BASE.replace({"sources.partner.deal_size": {"law": "pareto", "minimum": 9, "shape": 3}})
    assert tail.deal_size_of(tail.sources[1]).law_mean == pytest.approx(13.5)


def test_each_source_looks_back_as_far_as_its_own_delays() -> None:
    direct = BASE.replace({"sources.partner.days": {"demo": 0, "won": 0}})
    assert direct.past_weeks_of(direct.sources[1]) == 0
    assert direct.past_weeks_of(None) == direct.past_weeks > 0
    assert direct.replace({"calendar.start": "empty"}).past_weeks_of(INBOUND) == 0
    through = BASE.stages_of(PARTNER)[1:]
    same = BASE.replace({"stages.discovery.days": 0})
    assert BASE.past_weeks_of(PARTNER) == same.past_weeks_of(None)
    assert [stage.name for stage in through] == ["demo", "won"]


def test_one_way_to_state_a_rate_removes_the_other() -> None:
    source = BASE.replace({"sources.partner.per_week": 1}).sources[1]
    assert (source.per_week, source.per_sdr_week, source.sdrs_per_rep) == (1, None, None)
    more = BASE.replace({"sources.partner.sdrs_per_rep": 0.5}).sources[1]
    assert more.rate_per_week == pytest.approx(1)
    assert refused({"sources.inbound.sdrs_per_rep": 0.5}) == [
        "sources.inbound.sdrs_per_rep = 0.5: belongs to per_sdr_week only. "
        "Leave it out, or state per_sdr_week."
    ]
    assert refused({"sources.inbound.per_sdr_week": 0.5}) == [
        "sources.inbound.sdrs_per_rep: must be stated beside per_sdr_week."
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sources.inbound.enters": "dmo"}, "one of discovery, demo, won. Did you mean demo?"),
        ({"sources.partner.conversion": {"demo": 0.5}},
         "conversion.demo = 0.5: is not decided by this source, which enters at demo. Leave"),
        ({"sources.partner.days": {"discovery": 5}}, "is not decided by this source"),
        ({"sources.inbound.conversion": {"wn": 0.5}}, "Did you mean won?"),
        ({"sources.inbound.conversion": {"won": 5}}, "must be between 0 and 1. A percentage?"),
        ({"sources.partner.enters": "won", "sources.partner.response": {"minutes": 1,
          "measured_at": 5, "decay": 0.5}}, "the conversion after won, which is the last"),
        ({"sources.partner.deal_size": {"law": "pareto"}},
         "sources.partner.deal_size.minimum: must be stated for the law 'pareto'."),
        ({"sources.partner.deal_size": {"cv": 0.2}, "deal_size.law": "fixed"},
         "sources.partner.deal_size.cv = 0.2: does not belong to the law 'fixed'. It takes mean."),
        ({"stages.won.rep_cv": 1.2}, "sources.inbound.conversion.won = 0.5: leaves no such spread"),
        ({"sources": [{"name": "activity", "per_week": 1}]}, "means something else already"),
        ({"sources": [{"name": "a", "per_week": 1}] * 2}, "must differ from the other names"),
        ({"sources.inbound.deal_size.rep_cv": 0.3}, "is not a key of this table"),
    ],
)  # fmt: skip
def test_sources_that_do_not_fit(changes: dict[str, Any], said: str) -> None:
    assert any(said in each for each in refused(changes))


def test_a_conversion_lifted_above_1_is_cut_there() -> None:
    plan = BASE.replace({"sources.inbound.response.minutes": 0})
    assert plan.stages_of(plan.sources[0])[1].conversion == 1.0


def test_sources_may_be_added_by_replace_and_not_by_a_variant() -> None:
    more = BASE.replace({"sources": [{"name": "new", "per_week": 1}]})
    assert [source.name for source in more.sources] == ["new"]
    (problem,) = refused({"variants.v.sources": [{"name": "new", "per_week": 1}]})
    assert problem.startswith("variants.v.sources: cannot be added, removed or renamed")
    faster = BASE.replace({"variants.v.sources.inbound.response.minutes": 5}).variant("v")
    assert faster.sources[0].response is not None
    assert faster.sources[0].response.minutes == 5


# --- assists -------------------------------------------------------------------------------------


def test_the_mean_conversion_under_assists_is_that_of_the_model() -> None:
    assert assisted(1 / 3, [(0.4, 1.5)]) == pytest.approx(0.371429, abs=5e-7)  # model.md
    both = 0.5 * 0.2 * assisted(0.3, [(1, 3)]) + 0.5 * 0.8 * assisted(0.3, [(1, 1.5)])
    both += 0.5 * 0.2 * assisted(0.3, [(1, 2)]) + 0.5 * 0.8 * 0.3
    assert assisted(0.3, [(0.5, 1.5), (0.2, 2)]) == pytest.approx(both)
    assert (assisted(0, [(1, 9)]), assisted(1, [(1, 0.1)]), assisted(0.3, [])) == (0, 1, 0.3)


def test_so_many_a_quarter_cover_a_share_of_what_is_expected() -> None:
    """Demos a quarter: own 13 * 50 * .02 * .6, inbound 13 * .4 * lifted .6, partner 13 * .6."""
    lifted = 0.6 * (1 + 10 / 5) ** -0.45 / (1 + 25 / 5) ** -0.45
    demos = 13 * (50 * 0.02 * 0.6 + 0.4 * lifted + 0.6)
    assert ONSITE.reference_per_quarter == pytest.approx(demos)
    assert BASE.coverage_of(ONSITE) == pytest.approx(4 / demos)
    often = BASE.replace({"assists.on-site.per_quarter": 400})
    assert often.coverage_of(often.assists[0]) == 1
    half = BASE.replace({"assists.on-site.coverage": 0.5})
    assert (half.coverage_of(half.assists[0]), half.assists[0].per_quarter) == (0.5, None)


def test_what_coverage_rests_on_never_moves() -> None:
    reference = ONSITE.reference_per_quarter
    for changed in (
        BASE.replace({"activity.per_week": 80, "sources.inbound.per_week": 9}),
        BASE.replace({"assists.on-site.coverage": 0.5}).replace({"activity.per_week": 1}),
        BASE.replace({"variants.v.stages.demo.conversion": 0.1}).variant("v"),
        fs.loads(fs.dumps(BASE.replace({"activity.per_week": 80}))),
        fs.loads(fs.dumps(BASE).replace("per_week = 50", "per_week = 500")),
    ):
        assert changed.assists[0].reference_per_quarter == reference
    stated = BASE.replace({"assists.on-site.reference_per_quarter": 8})
    assert stated.coverage_of(stated.assists[0]) == 0.5


def test_an_earlier_assist_counts_for_a_later_one() -> None:
    early = {"name": "call", "at": "demo", "coverage": 1.0, "odds": 2.0}
    late = {"name": "visit", "at": "won", "per_quarter": 1, "odds": 2.0}
    plan = BASE.replace({"sources": [], "assists": [early, late]})
    demos = 13 * 50 * 0.02 * assisted(0.6, [(1, 2)])
    assert plan.assists[0].reference_per_quarter == pytest.approx(13)
    assert plan.assists[1].reference_per_quarter == pytest.approx(demos)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"assists.on-site.at": "discovery"}, "must come after the first stage"),
        ({"assists.on-site.at": "wn"}, "must be one of demo, won. Did you mean won?"),
        ({"assists.on-site.name": "demo"}, "means something else already"),
        ({"assists.on-site.odds": 0}, "must be above 0"),
        ({"assists.on-site.coverage": 1.5}, "A percentage?"),
        ({"assists.on-site": {"coverage": 0.5, "per_quarter": 3}}, "needs exactly one of"),
    ],
)
def test_assists_that_do_not_fit(changes: dict[str, Any], said: str) -> None:
    assert any(said in each for each in refused(changes))


def test_kpis_count_assists_by_name() -> None:
    kpi = {"name": "visits", "metric": "on-site", "target": 2, "per": "month"}
    assert BASE.replace({"kpis": [kpi]}).kpis[0].metric == "on-site"
    assert "must be one of activities, pipeline, discovery, demo, won, on-site" in refused(
        {"kpis": [kpi | {"metric": "onsite"}]}
    )[0]  # fmt: skip


# --- effort --------------------------------------------------------------------------------------

EFFORT = {
    "hours_per_week": 30,
    "hours": {"activity": 0.25, "discovery": 1, "demo": 3, "won": 5},
    "open_week": 0.5,
}


def test_hours_are_solved_for_the_level_as_the_model_says() -> None:
    """Linear in expectation, so that one division solves it: every term written out."""
    plan = BASE.replace({"sources": [], "assists": [], "effort": EFFORT})
    opened = 0.6 * 7 + 0.4 * (1 - 0.25) * 14  # days in the step to demo
    opened += 0.6 * (0.25 * 28 + 0.75 * 28)  # and to won
    per_activity = 0.25 + 0.02 * (1 + 0.6 * 3 + 0.15 * 5) + 0.5 * 0.02 * opened / 7
    assert plan.activities_per_week == pytest.approx(30 / per_activity, rel=1e-12)
    with_source = plan.replace({"sources": [{"name": "inbound", "per_week": 1.0}]})
    per_entry = (1 + 0.6 * 3 + 0.15 * 5) + 0.5 * opened / 7
    assert with_source.activities_per_week == pytest.approx((30 - per_entry) / per_activity)


def test_a_first_stage_that_takes_time_is_open_until_it_is_reached() -> None:
    plan = BASE.replace({"sources": [], "assists": []})
    slow = plan.replace({"stages.discovery.days": 21})
    opened = [flow_of(each, 50.0).open_weeks["activity"] for each in (plan, slow)]
    assert opened[1] - opened[0] == pytest.approx(50 * 0.02 * 3)


@given(
    st.floats(20, 60),
    st.floats(0.1, 1),
    st.floats(0, 2),
    st.sampled_from([0.4, 0.7, 1.0]),
    st.floats(0.5, 30),
)
def test_the_level_takes_the_hours_there_are(
    hours: float, each: float, opened: float, elasticity: float, visits: float
) -> None:
    changes = {
        "effort": {"hours_per_week": hours, "hours": {"activity": each}, "open_week": opened},
        "activity.elasticity": elasticity,
        "assists.on-site.per_quarter": visits,
        "sources.inbound.per_week": 0.1,
    }
    plan = BASE.replace(changes)
    level = plan.activities_per_week
    assert hours_of(plan, flow_of(plan, level), level) == pytest.approx(hours, rel=1e-9)
    assert plan.activity.reference_per_week == 50  # the base's, before there was effort


def test_effort_is_solved_anew_by_every_change_and_its_reference_stays() -> None:
    plan = fs.Scenario(
        **{
            key: value
            for key, value in BASE.model_dump(exclude_unset=True).items()
            if key not in ("activity", "variants")
        },
        effort=EFFORT,
    )
    assert plan.activity.reference_per_week == plan.activities_per_week
    faster = plan.replace({"stages.won.days": 14})
    assert faster.activities_per_week > plan.activities_per_week
    assert faster.activity.reference_per_week == plan.activities_per_week
    assert fs.loads(fs.dumps(faster)) == faster


def test_a_level_and_hours_make_room_for_each_other() -> None:
    worked = BASE.replace({"effort": EFFORT})
    assert (worked.activity.per_week, worked.activity.per_quarter) == (None, None)
    level = worked.replace({"activity.per_week": 40})
    assert (level.effort, level.activities_per_week) == (None, 40)
    varied = BASE.replace({"variants.v.effort": EFFORT}).variant("v")
    assert varied.activities_per_week == worked.activities_per_week


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"effort": EFFORT, "activity.per_week": 3},
         "activity.per_week = 3: is solved from the hours of effort. Leave it out."),
        ({"effort": EFFORT | {"hours": {"dmo": 1}}},
         "must be one of activity, discovery, demo, won. Did you mean demo?"),
        ({"effort": EFFORT | {"hours": {"activity": 0}, "open_week": 0}},
         "would allow more than 5000 activities a week"),
        ({"effort": EFFORT, "sources.inbound.per_week": 20},
         "effort.hours_per_week = 30: must exceed the"),
        ({"effort": {"hours_per_week": 10}}, "effort.hours: must be stated."),
    ],
)  # fmt: skip
def test_efforts_that_do_not_fit(changes: dict[str, Any], said: str) -> None:
    assert any(said in each for each in refused(changes))


# --- quotas of wins ------------------------------------------------------------------------------


def test_a_quota_of_wins_takes_the_place_of_amounts() -> None:
    lucky = BASE.replace(
        {"windfall": {"per_quarter": 0.1, "law": "fixed", "mean": 9.0}, "sources": []}
    )
    counted = lucky.replace({"quota": {"of": "wins", "per_quarter": 3}})
    assert counted.windfall is None
    assert counted.deal_size == counted.deal_size_of(None) == ONE_EACH
    assert "deal_size" not in fs.dumps(counted)
    assert fs.loads(fs.dumps(counted)) == counted
    back = refused({"quota.of": "bookings"}, counted)
    assert back == [
        "deal_size: must be stated. Sizes of deals won through the funnel; mean is the mean of "
        "ordinary deals."
    ]


def test_amounts_beside_a_quota_of_wins_are_refused() -> None:
    size = {"law": "fixed", "mean": 3.0}
    said = refused(
        {"quota": {"of": "wins", "per_quarter": 3}, "deal_size": size, "assists.on-site.size": 2}
    )
    assert [each.partition(":")[0] for each in said] == [
        "deal_size",
        "sources.inbound.deal_size",
        "assists.on-site.size = 2",
    ]
    assert all("does not belong to a quota of wins" in each for each in said)


def test_flow_counts_every_way_in() -> None:
    flow = flow_of(BASE, 50.0)
    assert list(flow.reached) == ["activity", "inbound", "partner"]
    assert flow.reached["partner"][0] == 0
    coverage = BASE.coverage_of(ONSITE)
    p = assisted(0.25, [(coverage, 1.5)])
    assert flow.reached["activity"] == pytest.approx((1, 0.6, 0.6 * p))
    assert math.fsum(own[1] for own in flow.reached.values()) * 13 == pytest.approx(
        flow.before["on-site"]
    )
