"""Bites: closed forms of a linear funnel, the exact twin elsewhere, and the Sales Math."""

from __future__ import annotations

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.solve.bites import bites
from funnelsim.analysis.solve.solve import solve
from funnelsim.errors import ArgumentError
from twin_plans import sales_math

ACTIVITY = "activity.per_quarter"


@pytest.fixture(scope="module")
def plan():
    return sales_math()


def test_a_linear_funnel(plan):
    """Each step is the one before times its conversion; 3 months, 13 weeks, 65 working days."""
    found = bites(plan)
    for certainty in (0.5, 0.8, 0.9):
        level = solve(plan, ACTIVITY, attain=certainty).solved_value.item()
        quarter = found.bite.sel(certainty=certainty, period="quarter").values
        expected = level * np.cumprod([1, 0.02, 0.6, 1 / 3])
        assert quarter == pytest.approx(expected, rel=1e-9)
        for period, parts in (("month", 3), ("week", 13), ("day", 65)):
            part = found.bite.sel(certainty=certainty, period=period).values
            assert part == pytest.approx(expected / parts, rel=1e-9)
            pipeline = found.bite_pipeline.sel(certainty=certainty, period=period).item()
            assert pipeline == pytest.approx(expected[1] * 84_000 / parts, rel=1e-9)
    assert found.bite_probability.values == pytest.approx([0.5, 0.8, 0.9], abs=1e-9)
    assert found.step.values.tolist() == ["activities", "discovery", "demo", "won"]


def test_the_sales_math_beside_it(plan):
    """3, 9, 15, 750: = .451006 of model.md, not the certainty that anybody planned for."""
    found = bites(plan, certainty=0.8)
    paper = found.paper_bite.sel(period="quarter").values
    assert paper.tolist() == [750, 15, 9, 3]
    assert found.paper_bite.sel(period="day", step="activities").item() == pytest.approx(750 / 65)
    assert found.paper_pipeline.sel(period="quarter").item() == 15 * 84_000
    assert found.paper_probability.item() == pytest.approx(0.451006, abs=1e-6)


def test_means_are_the_twins(plan):
    """A floor, uneven weeks, skill, whales: activities after the floor, and all stages."""
    rich = plan.replace(
        {
            "policy.floor_per_week": 40,
            "policy.adherence": 0.7,
            "activity.week_cv": 0.4,
            "activity.rep_cv": 0.3,
            "deal_size.whale": {"probability": 0.02, "multiple": 5},
        }
    )
    found = bites(rich, certainty=[0.7])
    level = solve(rich, ACTIVITY, attain=0.7).solved_value.item()
    truth = fs.exact(rich.replace({ACTIVITY: level}), only=["activities_mean", "reached_mean"])
    quarter = found.bite.sel(certainty=0.7, period="quarter").values
    assert quarter[0] == pytest.approx(truth.activities_mean.item(), rel=1e-6)
    assert quarter[1:] == pytest.approx(truth.reached_mean.values[0, 0], rel=1e-6)
    assert quarter[0] > level
    pipeline = found.bite_pipeline.sel(period="quarter").item()
    assert pipeline == pytest.approx(quarter[1] * 84_000 * 1.08, rel=1e-6)


def test_pipeline_of_reps_whose_sizes_go_with_their_activity(plan):
    """E[activity x size] exceeds the product of means: exp(L^2 s t) of two lognormals."""
    linked = plan.replace(
        {"activity.rep_cv": 0.5, "deal_size.rep_cv": 0.4, "skill_correlation": 0.6}
    )
    found = bites(linked, certainty=[0.5])
    entries = found.bite.sel(step="discovery", period="quarter").item()
    link = np.exp(0.6 * np.sqrt(np.log1p(0.25) * np.log1p(0.16)))
    pipeline = found.bite_pipeline.sel(period="quarter").item()
    assert pipeline == pytest.approx(entries * 84_000 * link, rel=1e-6)


def test_a_year_is_eaten_in_quarters():
    year = sales_math(calendar={"quarters": 4})
    found = bites(year, certainty=[0.8], by="year")
    level = solve(year, ACTIVITY, attain=0.8, by="year").solved_value.item()
    assert found.bite.sel(step="activities", period="quarter").item() == pytest.approx(level)
    assert level < solve(year, ACTIVITY, attain=0.8).solved_value.item()
    assert found.attrs["goal"] == "P(attain the year)"


def test_simulated_where_the_twin_cannot(plan):
    odd = plan.replace({"deal_size.law": "empirical", "deal_size.amounts": [84_000.123, 91_007.77]})
    found = bites(odd, certainty=[0.5, 0.8], draws=2_000, seed=1)
    assert found.attrs["method"] == "simulated"
    errors = found.bite_standard_error.values
    assert np.all(errors > 0)
    # equal deals in all but name: three of either make the quota
    truth = bites(plan.replace({"deal_size.law": "fixed"}), certainty=[0.5, 0.8])
    assert np.all(np.abs(found.bite - truth.bite).values < 5 * errors)
    with pytest.raises(ArgumentError, match="draws and seed"):
        bites(odd)


def test_what_no_activity_reaches_is_said(plan):
    capped = plan.replace({"policy.cap_per_week": 60})
    found = bites(capped, certainty=[0.3, 0.9])
    assert np.isnan(found.bite.sel(certainty=0.9)).all()
    assert not np.isnan(found.bite.sel(certainty=0.3)).any()
    assert "out of reach" in found.attrs["refused"]


@pytest.mark.parametrize("certainty", [[], [0.5, 0.5], 1.0, [0.2, 2]], ids=str)
def test_no_certainty(plan, certainty):
    with pytest.raises(ArgumentError, match="certainty = "):
        bites(plan, certainty=certainty)
