"""The engine against its slow twin: equal counts, equal money to 1e-12, seat by seat and draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.engine.blocks import purposes_of
from naive import Rep
from random_plans import plans, segments
from sampling import sampled

QUICK, THOROUGH = 25, 400
EVERYTHING = {
    "name": "everything on",
    "quota": {"per_quarter": 250_000},
    "calendar": {"quarters": 2},
    "activity": {"per_quarter": 750, "week_cv": 0.5, "rep_cv": 0.35, "elasticity": 0.7},
    "stages": [
        {"name": "discovery", "conversion": 0.02, "rep_cv": 0.3, "days": 3.0},
        {"name": "demo", "conversion": 0.6, "days": 7.0, "lost_days": 12.0, "stalled": 0.2},
        {"name": "won", "conversion": 1 / 3, "days": 32.0, "lost_days": 60.0, "stalled": 0.1,
         "rep_cv": 0.2, "delay": {"law": "gamma"}},
    ],
    "deal_size": {"law": "lognormal", "mean": 84_000, "cv": 0.5, "rep_cv": 0.3,
                  "whale": {"probability": 0.05, "multiple": 5.0}},
    "windfall": {"law": "pareto", "minimum": 20_000, "shape": 2.5, "per_quarter": 0.5},
    "market": {"cv": 0.3, "persistence": 0.6, "season": [0.9, 1.0, 1.1, 1.0]},
    "policy": {"floor_per_week": 50, "cap_per_week": 80, "adherence": 0.6},
    "skill_correlation": 0.4,
    "kpis": [
        {"name": "calls", "metric": "activities", "target": 50, "per": "week", "share": 0.8},
        {"name": "demos", "metric": "demo", "target": 3, "per": "month", "share": 0.6,
         "logged": 0.7},
        {"name": "pipeline", "metric": "pipeline", "target": 800_000, "per": "quarter",
         "logged": 0.8},
        {"name": "logged calls", "metric": "activities", "target": 500, "per": "quarter",
         "logged": 0.9},
    ],
}  # fmt: skip


# The same with all ways in and a team that comes and goes.
COMPANY = EVERYTHING | {
    "sources": [
        {"name": "inbound", "per_week": 0.8, "conversion": {"demo": 0.7},
         "deal_size": {"mean": 40_000.0}, "response": {
             "minutes": 10.0, "measured_at": 42.0, "decay": 0.2}},
        {"name": "SDR", "per_sdr_week": 3.0, "sdrs_per_rep": 0.4, "enters": "demo",
         "days": {"won": 60.0}, "tag": "expansion"},
    ],
    "assists": [
        {"name": "on-site", "at": "won", "coverage": 0.4, "odds": 1.5, "size": 1.3},
        {"name": "executive", "at": "won", "per_quarter": 2.0, "odds": 3.0},
        {"name": "coach", "at": "demo", "coverage": 0.6, "odds": 0.7},
    ],
    "uncertainty": {
        "stages.won.conversion": {"cv": 0.2, "luck": "win rate"},
        "sources.inbound.conversion.demo": {"cv": 0.1},
        "sources.inbound.per_week": {"cv": 0.4},
        "assists.on-site.odds": {"cv": 0.3, "luck": "win rate"},
        "deal_size.whale.probability": {"cv": 0.5},
        "deal_size.mean": {"cv": 0.2},
        "ramp.weeks": {"cv": 0.3},
        "attrition.per_year": {"cv": 0.1},
        "policy.adherence": {"cv": 0.2},
        "windfall.per_quarter": {"cv": 0.5},
    },
    "headcount": 2,
    "ramp": {"weeks": 8.0, "from": 0.2, "weeks_cv": 0.4},
    "attrition": {"per_year": 0.9, "fill_weeks": 3.5, "fill_weeks_cv": 0.6, "handover": 0.5},
    "hiring": [{"week": 4}, {"week": -5}],
    "kpis": [
        *EVERYTHING["kpis"],
        {"name": "visits", "metric": "on-site", "target": 1, "per": "month", "logged": 0.9},
        {"name": "late pipeline", "metric": "pipeline", "at": "demo", "target": 500_000,
         "per": "quarter"},
    ],
}  # fmt: skip
BOTH = {"everything": fs.Scenario(**EVERYTHING), "company": fs.Scenario(**COMPANY)}


def assert_twins_agree(
    plan, seed, draws, pipeline=False, redraw=(), whole_past=False, segment="rep"
):
    """Every sample of every seat, and none besides."""
    found = sampled(
        plan, draws, seed, segment=segment, threads=1, pipeline=pipeline,
        redraw=frozenset(redraw), whole_past=whole_past,
    )  # fmt: skip
    for draw in range(draws):
        for rep in range(plan.seats):
            twin = Rep(plan, seed, draw, pipeline, rep, redraw, whole_past, segment).results()
            assert set(found) == set(twin)
            for name, value in twin.items():
                one, where = found[name][draw, rep], f"{name}, draw {draw}, seat {rep}"
                if one.dtype.kind == "f":
                    np.testing.assert_allclose(one, value, rtol=1e-12, err_msg=where)
                else:
                    np.testing.assert_array_equal(one, value, err_msg=where)


@pytest.mark.parametrize("enters", [1, 4, 6, 7])
@pytest.mark.parametrize("redraw", [(), ("outcome.s7", "delay", "size")])
def test_words_of_late_stages_are_drawn_when_they_are_needed(enters, redraw):
    stages = [  # as many as there can be: words in all blocks
        {"name": f"s{i}", "conversion": 0.5 if i else 0.05, "days": 4.0 * (i % 3)} for i in range(8)
    ]
    plan = fs.Scenario(
        name="long",
        quota={"per_quarter": 100_000},
        activity={"per_week": 40},
        stages=stages,
        deal_size={"law": "lognormal", "mean": 30_000, "cv": 0.5},
        sources=[{"name": "inbound", "per_week": 2.0, "enters": f"s{enters}"}],
    )
    assert_twins_agree(plan, 11, 3, redraw=redraw)
    leaving = {"attrition": {"per_year": 0.9, "fill_weeks": 2.0, "handover": 0.4}}
    assert_twins_agree(plan.replace(leaving), 11, 3, redraw=redraw)


PURPOSES = purposes_of(BOTH["everything"])


@pytest.mark.parametrize(
    ("name", "redraw"),
    [
        (name, redraw)
        for name, known in ((name, purposes_of(plan)) for name, plan in BOTH.items())
        for redraw in (*((purpose,) for purpose in known), known[2:7], known)
    ],
)
@pytest.mark.parametrize("whole_past", [False, True])
def test_purposes_drawn_anew_and_the_whole_past(name, redraw, whole_past):
    """Every purpose takes its words, and no others, from the other keys; reps have their own."""
    assert_twins_agree(BOTH[name], seed=5, draws=1, redraw=redraw, whole_past=whole_past)


@pytest.mark.parametrize("pipeline", [True, False])
@pytest.mark.parametrize("name", BOTH)
def test_everything_at_once(name, pipeline):
    assert_twins_agree(BOTH[name], seed=5, draws=6, pipeline=pipeline)


def test_a_different_seed_is_noticed():
    """The comparison can fail: twins of different seeds disagree."""
    found = sampled(BOTH["everything"], 1, 5)["activities"]
    assert found.ravel().tolist() != Rep(BOTH["everything"], 6, 0).results()["activities"]


def test_more_opportunities_than_a_batch():
    busy = EVERYTHING | {"activity": {"per_week": 400.0}, "market": {}}
    assert_twins_agree(fs.Scenario(**busy), seed=2, draws=2, pipeline=True)


def test_more_inflow_than_a_batch():
    sources = [{"name": "inbound", "per_week": 90.0}, {"name": "partner", "per_week": 0.3}]
    busy = COMPANY | {"sources": sources, "uncertainty": {}, "headcount": 1, "hiring": []}
    busy |= {"calendar": {"quarters": 1}}
    assert_twins_agree(fs.Scenario(**busy), seed=2, draws=1, pipeline=True)


INBOUND = COMPANY["sources"][0]
SELDOM = {
    "hired seats only": {"headcount": 0},
    "loadings by name": {"skill_loadings": {"activity": 0.9, "won": -0.7, "size": 0.2}},
    "effort": {
        "activity": {"rep_cv": 0.3, "elasticity": 0.8},
        "effort": {"hours_per_week": 40.0, "hours": {"activity": 0.3, "demo": 2.0},
                   "open_week": 0.1},
        "uncertainty": {},
    },
    "uncertain in name only": {
        "uncertainty": {"stages.won.conversion": {"cv": 0.0}, "deal_size.mean": {"cv": 0.0},
                        "attrition.per_year": {"cv": 0.0}},
    },
    # A fast answer may lift a drawn conversion beyond 1.
    "beyond certainty": {
        "stages": [EVERYTHING["stages"][0], EVERYTHING["stages"][1] | {"rep_cv": 0.05},
                   EVERYTHING["stages"][2]],
        "sources": [INBOUND | {"per_week": 4.0, "conversion": {"demo": 0.9}, "response": {
            "minutes": 5.0, "measured_at": 8.0, "decay": 0.36}}],
        "uncertainty": {"sources.inbound.conversion.demo": {"cv": 0.2}},
    },
    # What a source states itself is its own, even where it is what the plan states.
    "the same mean": {"sources": [INBOUND | {"deal_size": {"mean": 84_000.0}}]},
    "the same whale": {
        "deal_size": EVERYTHING["deal_size"] | {"whale": {"probability": 0.5, "multiple": 5.0}},
        "sources": [INBOUND | {"per_week": 3.0, "deal_size": {
            "whale": {"probability": 0.5, "multiple": 5.0}}}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SELDOM)
def test_what_random_plans_seldom_meet(name):
    assert_twins_agree(fs.Scenario(**COMPANY | SELDOM[name]), seed=9, draws=4)


seeds = st.integers(0, 2**63 - 1)


def assert_team_agrees(data, seed, draws, pipeline, whole_past):
    for name, plan in fs.Scenario(**data).team.items():
        assert_twins_agree(
            plan, seed, draws, pipeline=pipeline, whole_past=whole_past, segment=name
        )


@settings(max_examples=QUICK)
@given(data=plans() | segments(), seed=seeds, pipeline=st.booleans(), whole_past=st.booleans())
def test_random_scenarios(data, seed, pipeline, whole_past):
    assert_team_agrees(data, seed, 1, pipeline, whole_past)


@pytest.mark.slow
@settings(max_examples=THOROUGH)
@given(data=plans() | segments(), seed=seeds, pipeline=st.booleans(), whole_past=st.booleans())
def test_many_random_scenarios(data, seed, pipeline, whole_past):
    assert_team_agrees(data, seed, 2, pipeline, whole_past)
