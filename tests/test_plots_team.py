"""Pictures of a team: what is drawn is what was told, and it can be read."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import funnelsim as fs
from funnelsim.errors import ResultError
from funnelsim.registry import STANDARD_ERROR
from funnelsim.report.plots import team as plots
from readable import assert_readable
from team_plans import everything, sales_math


@pytest.fixture(scope="module")
def told() -> xr.Dataset:
    return fs.team(everything(), draws=800, seed=1)


def test_bands_lines_and_shares_are_those_of_the_result(told: xr.Dataset) -> None:
    ax = plots.company_bookings(told, ax=Figure().subplots())
    wide, narrow = (area.get_paths()[0].vertices[:, 1] for area in ax.collections[:2])
    spread = told.company_bookings_quantile
    for area, low, high in ((wide, 0.1, 0.9), (narrow, 0.25, 0.75)):
        heights = np.concatenate([spread.sel(probability=p).values for p in (low, high)])
        np.testing.assert_allclose(np.unique(area), np.unique(heights))
    middle = [segment[0][1] for segment in ax.collections[2].get_segments()]
    np.testing.assert_allclose(middle, spread.sel(probability=0.5))
    (target,) = ax.lines
    np.testing.assert_allclose(target.get_ydata()[:-1], told.target)
    shares = [float(text.get_text()) for text in ax.texts]
    np.testing.assert_allclose(shares, 100 * told.plan_probability, atol=0.51)
    made = 100 * float(told.plan_probability.mean())
    assert ax.get_title() == f"{made:.0f} of 100 quarters make the plan"


def test_bars_are_what_each_cause_takes(told: xr.Dataset) -> None:
    ax = plots.causes(told, period=3, ax=Figure().subplots())
    effects = told.effect_on_plan_probability.sel(quarter=3)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, 100 * np.sort(effects))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [plots.TAKES[str(effects.cause.values[k])] for k in np.argsort(effects.values)]
    errors = told[effects.name + STANDARD_ERROR].sel(quarter=3).sortby(effects)
    ends = [bars.get_segments()[0][:, 0] for bars in ax.collections]
    np.testing.assert_allclose(np.diff(ends)[:, 0], 400 * errors)


def test_what_takes_nothing_measurably_is_not_said_to(told: xr.Dataset) -> None:
    none = told.assign(effect_on_plan_probability=0 * told.effect_on_plan_probability)
    ax = plots.causes(none, ax=Figure().subplots())
    assert ax.get_title() == "Nothing measurably takes plans away"


@pytest.mark.parametrize("by", ["quarter", "year"])
def test_texts_can_be_read(by: str) -> None:
    assert_readable(plots.team_picture(fs.team(everything(), draws=300, seed=1, by=by)), 15)


@pytest.mark.parametrize("quarters", [1, 2, 12, 30])
def test_short_and_long_horizons_can_be_read(quarters: int) -> None:
    plan = sales_math(headcount=2, plan={"over_assignment": 1.2}, calendar={"quarters": quarters})
    figure = plots.team_picture(fs.team(plan, draws=50, seed=1))
    assert len(figure.axes) == 1
    assert_readable(figure, 8)


def test_without_a_plan_bookings_are_drawn(tmp_path: Path) -> None:
    told = fs.team(sales_math(headcount=2), draws=50, seed=1)
    ax = plots.company_bookings(told, ax=Figure().subplots())
    assert ax.get_title() == "What the company books"
    with pytest.raises(ResultError, match=r"\[plan\]"):
        plots.causes(told)
    plots.save_team_picture(told, tmp_path / "out.png")
    assert (tmp_path / "out.png").stat().st_size > 10_000


def test_what_books_nothing_is_refused() -> None:
    told = fs.team(sales_math(headcount=2), draws=50, seed=1).drop_vars("company_bookings_quantile")
    with pytest.raises(ResultError, match="no company bookings"):
        plots.company_bookings(told)


def test_pictures_are_neither_shown_nor_known(told: xr.Dataset) -> None:
    plots.team_picture(told)
    assert plt.get_fignums() == []
