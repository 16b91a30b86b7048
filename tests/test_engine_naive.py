"""The engine against its slow twin: equal counts exactly, equal money to 1e-12, draw by draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.engine.blocks import Run, purposes_of, sample_blocks
from naive import Rep

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


def assert_twins_agree(plan, seed, draws, pipeline):
    result = fs.simulate(plan, draws=draws, seed=seed, pipeline=pipeline, threads=1)
    for draw in range(draws):
        for name, value in Rep(plan, seed, draw, pipeline).results().items():
            found = result[name].isel(draw=draw, rep=0).values
            if found.dtype.kind == "f":
                np.testing.assert_allclose(found, value, rtol=1e-12, err_msg=name)
            else:
                np.testing.assert_array_equal(found, value, err_msg=name)


PURPOSES = purposes_of(fs.Scenario(**EVERYTHING))


@pytest.mark.parametrize("redraw", [*((name,) for name in PURPOSES), PURPOSES[2:7], PURPOSES])
@pytest.mark.parametrize("whole_past", [False, True])
def test_purposes_drawn_anew_and_the_whole_past(redraw, whole_past):
    """Every purpose takes its words, and no others, from the other keys; reps have their own."""
    plan = fs.Scenario(**EVERYTHING)
    run = Run(plan, reps=2, redraw=frozenset(redraw), whole_past=whole_past)
    ((samples,),) = sample_blocks([run], draws=2, seed=5, threads=1)
    for draw, rep in ((0, 0), (1, 1)):
        twin = Rep(plan, 5, draw, rep=rep, redraw=redraw, whole=whole_past)
        for name, value in twin.results().items():
            np.testing.assert_allclose(
                samples[name][draw, rep].astype(float), value, rtol=1e-12, err_msg=name
            )


@pytest.mark.parametrize("pipeline", [True, False])
def test_everything_at_once(pipeline):
    assert_twins_agree(fs.Scenario(**EVERYTHING), seed=5, draws=6, pipeline=pipeline)


def test_a_different_seed_is_noticed():
    """The comparison can fail: twins of different seeds disagree."""
    plan = fs.Scenario(**EVERYTHING)
    result = fs.simulate(plan, draws=1, seed=5, threads=1)
    other = Rep(plan, 6, 0).results()
    assert result.activities.values.ravel().tolist() != other["activities"]


def test_more_opportunities_than_a_batch():
    busy = EVERYTHING | {"activity": {"per_week": 400.0}, "market": {}}
    assert_twins_agree(fs.Scenario(**busy), seed=2, draws=2, pipeline=True)


size_laws = st.one_of(
    st.just({"law": "fixed", "mean": 84_000}),
    st.builds(
        lambda law, cv: {"law": law, "mean": 84_000, "cv": cv},
        st.sampled_from(["lognormal", "gamma"]), st.sampled_from([0.3, 1.0, 2.0]),
    ),
    st.just({"law": "pareto", "minimum": 30_000, "shape": 1.8}),
    st.just({"law": "empirical", "amounts": [10_000.0, 90_000.0, 40_000.0]}),
)  # fmt: skip


@st.composite
def stages(draw):
    count = draw(st.integers(1, 4))
    conversions = [draw(st.sampled_from([0.0, 0.02, 0.05]))]
    conversions += [draw(st.sampled_from([0.3, 0.6, 1.0])) for _ in range(count - 1)]
    made = []
    for index, conversion in enumerate(conversions):
        stage = {"name": f"stage {index}", "conversion": conversion}
        stage["days"] = draw(st.sampled_from([0.0, 0.0, 5.0, 20.0]))
        stage["days_cv"] = draw(st.sampled_from([0.0, 0.5, 1.0]))
        if draw(st.booleans()):
            stage["lost_days"] = draw(st.sampled_from([0.0, 3.0, 30.0]))
        if draw(st.booleans()):
            stage["delay"] = draw(
                st.sampled_from([{"law": "gamma"}, {"law": "empirical", "days": [1.0, 2.0, 40.0]}])
            )
        stage["stalled"] = draw(st.sampled_from([0.0, 0.3]))
        if conversion and conversion < 1:
            stage["rep_cv"] = draw(st.sampled_from([0.0, 0.3]))
        made.append(stage)
    return made


@st.composite
def plans(draw):
    funnel = draw(stages())
    metrics = ["activities", "pipeline", *(stage["name"] for stage in funnel)]
    kpis = [
        {
            "name": f"kpi {index}",
            "metric": draw(st.sampled_from(metrics)),
            "target": draw(st.sampled_from([1.0, 10.0, 50.0, 100_000.0])),
            "per": draw(st.sampled_from(["week", "month", "quarter"])),
            "share": draw(st.sampled_from([0.3, 1.0])),
            "logged": draw(st.sampled_from([1.0, 0.6])),
        }
        for index in range(draw(st.integers(0, 2)))
    ]
    policy = draw(
        st.sampled_from(
            [{}, {"floor_per_week": 30, "adherence": 0.5}, {"cap_per_week": 25},
             {"floor_per_week": 20, "cap_per_week": 40, "start_week": 3}]
        )
    )  # fmt: skip
    size = draw(size_laws)
    if draw(st.booleans()):
        size = size | {"whale": {"probability": 0.3, "multiple": 4.0}, "rep_cv": 0.4}
    windfall = draw(st.none() | size_laws)
    data = {
        "name": "random",
        "quota": {"per_quarter": 200_000},
        "calendar": {
            "quarters": draw(st.integers(1, 5)),
            "weeks_per_quarter": draw(st.sampled_from([4, 13])),
            "start": draw(st.sampled_from(["steady", "empty"])),
        },
        "activity": {
            "per_week": draw(st.sampled_from([0.5, 30.0])),
            "week_cv": draw(st.sampled_from([0.0, 0.6])),
            "rep_cv": draw(st.sampled_from([0.0, 0.4])),
            "elasticity": draw(st.sampled_from([1.0, 0.5])),
        },
        "stages": funnel,
        "deal_size": size,
        "policy": policy,
        "market": {
            "cv": draw(st.sampled_from([0.0, 0.3])),
            "persistence": draw(st.sampled_from([0.0, 0.7])),
            "season": draw(st.sampled_from([(1.0, 1.0, 1.0, 1.0), (0.5, 1.0, 2.0, 0.0)])),
        },
        "kpis": kpis,
        "skill_correlation": draw(st.sampled_from([0.0, 0.5])),
    }
    if windfall is not None:
        data["windfall"] = windfall | {"per_quarter": draw(st.sampled_from([0.0, 1.5]))}
    return fs.Scenario(**data)


@settings(max_examples=QUICK)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1), pipeline=st.booleans())
def test_random_scenarios(plan, seed, pipeline):
    assert_twins_agree(plan, seed, draws=1, pipeline=pipeline)


@pytest.mark.slow
@settings(max_examples=THOROUGH)
@given(plan=plans(), seed=st.integers(0, 2**63 - 1), pipeline=st.booleans())
def test_many_random_scenarios(plan, seed, pipeline):
    assert_twins_agree(plan, seed, draws=2, pipeline=pipeline)
