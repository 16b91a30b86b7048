"""Pictures of exact comparisons: dots are the twin's, what draws say is an interval behind."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import funnelsim as fs
from funnelsim.report.plots.compare import differences, ranking
from readable import assert_readable
from twin_plans import sales_math

matplotlib.use("Agg")
GAP = "attainment_probability_difference"


def new_axes():
    return Figure(figsize=(9, 5), layout="constrained").add_subplot()


@pytest.fixture(scope="module")
def plans():
    plan = sales_math()
    return {
        "as is": plan,
        "more calls": plan.replace({"activity.per_quarter": 900}),
        "fewer calls": plan.replace({"activity.per_quarter": 700}),
        "the same": plan,
    }


@pytest.fixture(scope="module")
def both(plans):
    return fs.compare(plans, draws=4_000, seed=1)


def dots_of(ax):
    return [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_dots_are_exact_and_bars_are_what_draws_say(both):
    ax = differences(both, ax=new_axes())
    exact, drawn, error = (
        100 * both[name].values[1:, 0]
        for name in (GAP, f"simulated_{GAP}", f"simulated_{GAP}_standard_error")
    )
    assert dots_of(ax) == pytest.approx(exact)
    ends = [segment[:, 0] for bar in ax.collections for segment in bar.get_segments()]
    for value, off in zip(drawn, error, strict=True):
        assert any(np.allclose(each, [value - 2 * off, value + 2 * off]) for each in ends)
    assert "dots: exact; grey: 4,000 draws on the same luck" in ax.get_xlabel()
    assert f"{exact[0]:+.2f}" in words(ax)
    assert not any("±" in each for each in words(ax))
    assert_readable(ax.figure, at_least=6)


def test_without_draws_there_is_nothing_behind(plans):
    ax = differences(fs.compare(plans), ax=new_axes())
    assert "computed exactly" in ax.get_xlabel()
    assert "draws" not in ax.get_xlabel()
    assert_readable(ax.figure, at_least=6)


def test_what_is_the_same_is_not_praised(plans):
    alike = fs.compare({name: plans[name] for name in ("as is", "the same")})
    ax = differences(alike, ax=new_axes())
    assert ax.get_title().startswith("Not told apart from as is")
    assert ax.get_title() == differences(alike, ax=new_axes()).get_title()
    assert ranking(alike, ax=new_axes()).get_title() == "Equally good:\nas is and the same"


def test_the_ranking_says_how_far_each_is_behind(both):
    ax = ranking(both, ax=new_axes())
    assert ax.get_title() == "Best of 4: more calls"
    made = 100 * both.attainment_probability.values[:, 0]
    assert {"best", f"{made[0] - made[1]:.2f}", f"{made[2] - made[1]:.2f}"} <= set(words(ax))
    assert "computed exactly" in ax.get_xlabel()
    assert_readable(ax.figure, at_least=6)
