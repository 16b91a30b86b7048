"""Pictures: what is drawn is what was computed, labels are readable, and no name breaks them."""

from __future__ import annotations

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

import funnelsim as fs
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.report.plots import attainment as plots
from funnelsim.report.plots import style
from readable import assert_readable, lightness

LEVELS = [float(level) for level in range(50, 2_001, 50)]


@pytest.fixture(scope="module")
def samples() -> xr.Dataset:
    return fs.simulate(fs.preset("sales_math"), draws=5_000, seed=1)


@pytest.fixture(scope="module")
def curve() -> xr.Dataset:
    """A curve of the right shape: the pictures do not care where it came from."""
    levels = np.array(LEVELS)
    return xr.Dataset(
        {"attainment_probability": ("activities", 1 / (1 + (822 / levels) ** 3))},
        coords={"activities": levels},
        attrs={"currency": "USD"},
    )


@pytest.fixture
def figure(samples: xr.Dataset, curve: xr.Dataset) -> Figure:
    return plots.demo(samples, curve, now=750, goal=(1_295.2, 0.8))


def test_bars_are_the_share_of_quarters(samples: xr.Dataset) -> None:
    ax = plots.bookings(samples, quarter=2, ax=Figure().subplots())
    amounts = samples["bookings"].sel(quarter=2).values
    heights = {bar.get_facecolor(): 0.0 for bar in ax.patches}
    for bar in ax.patches:
        inside = (amounts >= bar.get_x()) & (amounts < bar.get_x() + bar.get_width() / 0.9)
        assert bar.get_height() == pytest.approx(inside.mean())
        heights[bar.get_facecolor()] += bar.get_height()
    grey, blue = (heights[mpl.colors.to_rgba(colour)] for colour in (plots.GREY, plots.BLUE))
    made = (amounts >= 250_000).mean()
    assert grey == pytest.approx(1 - made)
    assert made - 0.006 <= blue <= made  # the farthest 0.5 % are cut
    assert ax.get_title() == f"{10 * made:.1f} of 10 quarters make quota"
    assert f"{100 * made:.0f} % make it" in [text.get_text() for text in ax.texts]


def test_equal_deals_that_just_make_it_are_on_the_right_side() -> None:
    plan = fs.preset("sales_math").variant("fixed sizes")
    plan = plan.replace({"quota.per_quarter": 84_000 * 3, "deal_size.mean": 84_000})
    result = fs.simulate(plan, draws=500, seed=1)
    ax = plots.bookings(result, ax=Figure().subplots())
    made = (result["bookings"].sel(quarter=1).values >= 252_000 * (1 - 1e-9)).mean()
    blue = mpl.colors.to_rgba(plots.BLUE)
    share = sum(bar.get_height() for bar in ax.patches if bar.get_facecolor() == blue)
    assert share == pytest.approx(made, abs=0.006)


def test_the_curve_is_what_was_computed(curve: xr.Dataset) -> None:
    ax = plots.attainment_by_activity(curve, now=750, goal=(1_295.2, 0.8), ax=Figure().subplots())
    line = ax.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), LEVELS)
    np.testing.assert_array_equal(line.get_ydata(), curve["attainment_probability"])
    assert ax.get_title() == "80 % takes 1,296 activities, not 750"
    assert ax.get_ylim() == (0, 1)
    plain = plots.attainment_by_activity(curve, ax=Figure().subplots())
    assert len(plain.lines) == 1


def test_texts_can_be_read(figure: Figure) -> None:
    assert_readable(figure, at_least=20)


def test_areas_differ_in_grey_and_texts_can_be_read() -> None:
    assert lightness(plots.GREY) > 3 * lightness(plots.BLUE)
    for colour in (plots.BLUE, plots.DARK, plots.INK):
        assert 1.05 / (lightness(colour) + 0.05) > 4.5
    assert 1.05 / (lightness(plots.VERMILION) + 0.05) > 3  # only bold text


def test_money_is_short(figure: Figure) -> None:
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "$200k" in labels
    assert all(label.startswith(("$", "-$", "$-")) for label in labels)


@settings(max_examples=25)
@given(currency=st.sampled_from(["USD", "EUR", "x" * 8]), scale=st.floats(1e-6, 1e9))
def test_amounts_of_any_size_are_drawn(samples: xr.Dataset, currency: str, scale: float) -> None:
    result = samples.isel(draw=slice(0, 200)).assign_attrs(currency=currency)
    result = result.assign(bookings=result["bookings"] * scale)
    result = result.assign_coords(quota=result["quota"] * scale)
    figure = Figure()
    plots.bookings(result, ax=figure.subplots())
    figure.canvas.draw()


@pytest.mark.parametrize("factor", [0.0, 1e-4, 1e4])
def test_a_quota_out_of_proportion_is_drawn(samples: xr.Dataset, factor: float) -> None:
    figure = Figure()
    ax = plots.bookings(samples.assign(bookings=samples["bookings"] * factor), ax=figure.subplots())
    figure.canvas.draw()
    assert 1 <= len(ax.patches) <= plots.MOST_BINS


@pytest.mark.parametrize("name", ["$x$", r"$\frac{", "<b>", "a_b^c", "$", "{}"])
def test_no_name_is_taken_for_a_formula(samples: xr.Dataset, name: str) -> None:
    with mpl.rc_context({"text.parse_math": True}):
        figure = Figure()
        ax = plots.bookings(samples.assign_attrs(currency=name), ax=figure.subplots())
        assert not any(text.get_parse_math() for text in ax.findobj(Text) if isinstance(text, Text))
        figure.canvas.draw()


def test_pictures_are_neither_shown_nor_known(figure: Figure) -> None:
    assert not hasattr(figure, "number")  # pyplot numbers what it knows
    assert len(figure.axes) == 2


def test_a_figure_of_its_own(samples: xr.Dataset) -> None:
    ax = plots.bookings(samples)
    assert ax.figure.number in plt.get_fignums()
    plt.close("all")


# Styles


def colours_of(ax: Axes) -> dict[str, set[str]]:
    """Colours of visible texts, lines and areas."""
    return {
        "texts": {to_hex(text.get_color()) for text in ax.findobj(Text) if text.get_text()},
        "lines": {to_hex(line.get_color()) for line in ax.lines},
        "areas": {to_hex(bar.get_facecolor()) for bar in ax.patches},
    }


def test_every_picture_takes_axes_and_says_what_it_returns() -> None:
    for name in fs.plots.__all__:
        function = getattr(fs.plots, name)
        result, *options = inspect.signature(function).parameters.values()
        assert result.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD, name
        assert {each.kind for each in options} == {inspect.Parameter.KEYWORD_ONLY}, name
        assert options[-1].name == "ax", name
        assert options[-1].default is None, name
        assert inspect.signature(function).return_annotation == "Axes", name
        assert "Examples\n" in inspect.getdoc(function), name
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        _ = fs.plots.pie
    assert set(fs.plots.__all__) <= set(dir(fs.plots))


def test_the_default_style_keeps_our_colours(samples: xr.Dataset) -> None:
    found = colours_of(plots.bookings(samples, ax=Figure().subplots()))
    assert found["areas"] == {plots.BLUE.lower(), plots.GREY.lower()}
    assert found["lines"] == {plots.INK.lower()}


def test_another_style_gives_its_own(samples: xr.Dataset) -> None:
    before = dict(mpl.rcParams)
    with plt.style.context("dark_background"):
        ax = plots.bookings(samples)
        found = colours_of(ax)
        first = mpl.rcParams["axes.prop_cycle"].by_key()["color"][0]
    assert dict(mpl.rcParams) == before
    assert to_hex(first) in found["areas"]
    assert found["lines"] == {"#ffffff"}
    for colour in found["texts"]:  # can be read on black
        assert (lightness(colour) + 0.05) / 0.05 > 4.5, colour
    assert not found["areas"] & {plots.BLUE.lower(), plots.GREY.lower()}


def test_a_companys_colours_are_those_of_its_cycle(curve: xr.Dataset) -> None:
    house = {"axes.prop_cycle": mpl.cycler(color=["#7A0019"])}
    with mpl.rc_context(house):
        goal = (1_295.2, 0.8)
        ax = plots.attainment_by_activity(curve, now=750, goal=goal, ax=Figure().subplots())
    assert to_hex(ax.lines[0].get_color()) == "#7a0019"
    assert {to_hex(text.get_color()) for text in ax.texts} >= {"#7a0019"}  # a cycle of one


def test_letters_are_as_large_as_the_style_says(samples: xr.Dataset) -> None:
    sizes = []
    for size in (10, 20):
        with mpl.rc_context({"font.size": size}):
            ax = plots.bookings(samples, ax=Figure().subplots())
            sizes.append([text.get_fontsize() for text in (ax.title, *ax.texts, ax.xaxis.label)])
    np.testing.assert_allclose(sizes[1], 2 * np.array(sizes[0]))


def test_a_size_that_is_stated_is_kept(samples: xr.Dataset) -> None:
    assert tuple(plots.bookings(samples).figure.get_size_inches()) == style.SIZE
    with mpl.rc_context({"figure.figsize": (3.0, 2.0)}):
        assert tuple(plots.bookings(samples).figure.get_size_inches()) == (3.0, 2.0)


# What a picture is not drawn from


def test_every_picture_refuses_another_result_in_a_sentence() -> None:
    """A summary in place of samples, samples in place of a summary, and what is no result."""
    plan = fs.preset("sales_math")
    summary, samples = (ask(plan, draws=20, seed=1) for ask in (fs.summarize, fs.simulate))
    drawn_from_samples = {"bookings", "outcomes", "windfalls"}
    for name in fs.plots.__all__:
        wrong = [summary, plan, xr.Dataset()] + [samples] * (name not in drawn_from_samples)
        for each in wrong:
            with pytest.raises(ResultError, match=r"^The result (has no|is of one plan)"):
                getattr(fs.plots, name)(each)
    assert not plt.get_fignums()  # nothing was begun


@pytest.mark.parametrize("name", ["bookings", "outcomes", "windfalls"])
def test_pictures_of_samples_say_what_they_take(name: str) -> None:
    plan = fs.preset("sales_math")
    draw = getattr(fs.plots, name)
    told = r"no bookings draw by draw: .* fs\.simulate\(plan, draws=10_000, seed=1\) returns them"
    with pytest.raises(ResultError, match=told):
        draw(fs.summarize(plan, draws=20, seed=1))
    samples = fs.simulate(plan, draws=20, seed=1)
    with pytest.raises(ArgumentError, match=r"quarter = 9: the result has 1, 2, 3, 4\."):
        draw(samples, quarter=9)
    two = fs.simulate(plan.replace({"headcount": 2}), draws=20, seed=1)
    assert draw(two).get_title()
    two["quota"][1] = 300_000.0
    with pytest.raises(ResultError, match=r"2 different quotas, .* samples\.isel\(rep=\[0\]\)"):
        draw(two)
    assert draw(two.isel(rep=[0])).get_title()
