"""Exact comparisons: numbers of the twin, what draws say beside them, and which is which."""

from __future__ import annotations

import json

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.chances import Goal, chances
from funnelsim.analysis.compare import computed as module
from funnelsim.analysis.compare.compare import compare
from funnelsim.analysis.compare.computed import leaders
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.registry import (
    BESIDE_EXACT,
    BY_NAME,
    COMPARE,
    COMPARED,
    DIFFERENCE,
    NUMERICAL_ERROR,
    STANDARD_ERROR,
)
from funnelsim.report.compare import compare_text
from funnelsim.results.export import as_json
from twin_plans import WINDFALL, sales_math

LIKELY = "attainment_probability"
LUCK = {"gain", "independent_difference_error", "beats_probability"}
LEFT_OUT = "no number of this plan"


@pytest.fixture(scope="module")
def plans():
    base = sales_math(calendar={"quarters": 4}, windfall=WINDFALL)
    return {
        "as is": base,
        "more calls": base.replace({"activity.per_quarter": 900}),
        "larger deals": base.replace({"deal_size.mean": 100_000, "stages.won.conversion": 0.28}),
    }


@pytest.fixture(scope="module")
def exact(plans):
    return compare(plans)


@pytest.fixture(scope="module")
def both(plans):
    return compare(plans, draws=20_000, seed=1)


@pytest.fixture
def uncovered(monkeypatch):
    """Have the twin refuse some metrics of a plan of 901 activities."""

    def refuse(*names):
        def refusing(plan, *, by="quarter", only=None):
            if plan.activity.per_quarter != 901:
                return fs.exact(plan, by=by, only=only)
            rest = [name for name in only if name not in names]
            if not rest:
                raise NotCoveredError(LEFT_OUT)
            found = fs.exact(plan, by=by, only=rest)
            refused = json.loads(found.attrs["refused"])
            refused |= {name: LEFT_OUT for name in only if name in names}
            return found.assign_attrs(refused=json.dumps(refused))

        monkeypatch.setattr(module, "exact", refusing)

    return refuse


def kinds(told):
    """By name, the kind that a number's errors tell."""
    names = {str(name) for name in told.data_vars}
    values = {name for name in names if not name.endswith((STANDARD_ERROR, NUMERICAL_ERROR))}
    return {name: "exact" if name + NUMERICAL_ERROR in names else "simulated" for name in values}


def test_metrics_are_those_of_the_twin(plans, exact):
    for scenario, plan in plans.items():
        here, truth = exact.sel(scenario=scenario, segment="rep"), fs.exact(plan)
        for name in COMPARED[:-1]:
            own = truth[name].values[0]
            own = own if name == "at_least_probability" else own[0]  # all quarters are alike
            np.testing.assert_allclose(here[name], own, rtol=1e-9, atol=1e-12)
        year = fs.exact(plan, by="year", only=[LIKELY])[LIKELY].item()
        assert here["year_attainment_probability"].item() == pytest.approx(year, rel=1e-12)


def test_differences_are_those_of_the_values_and_errors_add_up(exact):
    for name in COMPARED:
        value, error = exact[name], exact[name + NUMERICAL_ERROR]
        gap = exact[name + DIFFERENCE]
        assert np.all(gap == value - value.isel(scenario=0))
        assert np.all(gap.isel(scenario=0) == 0)
        off = exact[name + DIFFERENCE + NUMERICAL_ERROR]
        assert np.all(off.isel(scenario=0) == 0)
        assert np.all(off[1:] == error[1:] + error[0])


def test_unlike_quarters_mix():
    """Mean, sd and quantiles of a quarter picked at random, by their definitions."""
    plan = sales_math(calendar={"quarters": 3, "start": "empty"}, days=(0, 20, 60))
    told = compare({"plan": plan}).sel(scenario="plan", segment="rep")
    each = fs.exact(plan)
    second = (each.bookings_sd**2 + each.bookings_mean**2).mean().item()
    sd = np.sqrt(second - each.bookings_mean.mean().item() ** 2)
    assert told.bookings_sd.item() == pytest.approx(sd, rel=1e-9)
    assert told[LIKELY].item() == pytest.approx(each[LIKELY].mean().item(), rel=1e-12)
    assert told.bookings_quantile.values[0] == 0  # more than a tenth of these quarters have no deal
    for p, amount in zip((0.5, 0.9), told.bookings_quantile.values[1:], strict=True):
        above = chances([plan], Goal(amount=amount), method="exact").values[0]
        assert 1 - above == pytest.approx(p, abs=1e-7)


def test_of_equal_deals_quantiles_of_unlike_quarters_are_amounts():
    plan = sales_math(
        calendar={"quarters": 3, "start": "empty"},
        days=(0, 20, 60),
        deal_size={"law": "fixed", "mean": 84_000},
    )
    told = compare({"plan": plan}, draws=20_000, seed=1).sel(scenario="plan", segment="rep")
    assert (
        told.bookings_quantile.values.tolist() == told.simulated_bookings_quantile.values.tolist()
    )
    assert np.all(told.bookings_quantile % 84_000 == 0)


def test_without_draws_nothing_is_drawn(exact):
    assert exact.attrs["method"] == "exact"
    assert not {"draws", "seed", "stream_version", "shared_luck"} & set(exact.attrs)
    assert set(kinds(exact).values()) == {"exact"}
    assert set(json.loads(exact.attrs["refused"])) == LUCK
    assert exact.attrs["stopped"].startswith("computed exactly")


def test_draws_stand_beside_what_is_exact(exact, both):
    assert both.attrs["method"] == "mixed"
    names = {name + suffix for name in COMPARED for suffix in ("", DIFFERENCE)}
    beside = {BESIDE_EXACT + name for name in names}
    assert kinds(both) == dict.fromkeys(names | {"best_probability"}, "exact") | dict.fromkeys(
        beside | LUCK, "simulated"
    )
    for name in kinds(exact):
        assert both[name].equals(exact[name])
    for name in names:
        drawn, error = both[BESIDE_EXACT + name], both[BESIDE_EXACT + name + STANDARD_ERROR]
        assert np.all(np.abs(drawn - both[name]) <= 5 * error + 1e-9)


def test_what_the_draws_say_is_what_they_say_alone(plans, both):
    alone = compare(plans, draws=20_000, seed=1, method="simulated")
    for name in kinds(alone):
        if name == "best_probability":
            continue
        own = name if name in LUCK else BESIDE_EXACT + name
        for suffix in ("", STANDARD_ERROR):
            if name + suffix in alone:
                assert np.array_equal(both[own + suffix], alone[name + suffix], equal_nan=True)


def test_every_number_says_its_kind(both):
    """By its error, by its own attribute, and in JSON by the key of its error."""
    for name, kind in kinds(both).items():
        assert both[name].attrs["method"] == kind
    found = as_json(both)["compare"]
    for name, kind in kinds(both).items():
        entry = found[name]["more calls"]["rep"]
        while "value" not in entry:
            entry = next(iter(entry.values()))
        assert ("numerical_error" in entry) == (kind == "exact")
        assert ("standard_error" in entry) == (kind == "simulated")


def test_all_is_in_the_registry(both):
    assert set(kinds(both)) == {*COMPARED, *(variable.name for variable in COMPARE)}
    for name in kinds(both):
        own = [dim for dim in BY_NAME[name].dims if dim not in ("scenario", "segment", "quarter")]
        assert both[name].dims == ("scenario", "segment", *own)


def test_the_best_is_known_without_draws(plans):
    for aim in ({"confidence": 0.99}, {"precision": 1e-6}):
        told = compare(plans, seed=1, **aim)
        assert told.best_probability.values[:, 0].tolist() == [0.0, 1.0, 0.0]
        assert "draws" not in told.attrs
        assert told.attrs["stopped"].startswith("computed exactly")


def test_what_no_number_tells_apart_ties(plans):
    """How many weeks a quarter has changes no sum of Poisson numbers; draws would never tell."""
    base = plans["as is"]
    other = base.replace({"calendar.weeks_per_quarter": 12})
    told = compare({"a": base, "b": other, "c": base.replace({"activity.per_quarter": 600})})
    gap = told[LIKELY + DIFFERENCE].sel(scenario="b").item()
    assert abs(gap) <= told[LIKELY + DIFFERENCE + NUMERICAL_ERROR].sel(scenario="b").item()
    assert told.best_probability.values[:, 0].tolist() == [0.5, 0.5, 0.0]


def test_one_plan_under_two_names_shares_the_first_place(plans):
    base = plans["as is"]
    told = compare({"a": base, "b": base, "c": base.replace({"activity.per_quarter": 600})})
    assert told.best_probability.values[:, 0].tolist() == [0.5, 0.5, 0.0]


def test_leaders_are_equal_within_the_errors_of_both():
    values = np.array([0.5, 0.6, 0.6 - 1e-7])
    assert leaders(values, np.full(3, 1e-8)).tolist() == [0, 1, 0]
    assert leaders(values, np.full(3, 6e-8)).tolist() == [0, 0.5, 0.5]


def test_a_metric_that_one_plan_lacks_is_simulated_of_all(plans, uncovered):
    """And the rest stays exact; differences of a metric are of one kind."""
    uncovered("bookings_quantile")
    odd = plans | {"odd": plans["as is"].replace({"activity.per_quarter": 901})}
    told = compare(odd, draws=4_000, seed=1)
    assert kinds(told)["bookings_quantile"] == kinds(told)["bookings_quantile_difference"]
    assert kinds(told)["bookings_quantile"] == "simulated"
    assert BESIDE_EXACT + "bookings_quantile" not in told
    assert kinds(told)[LIKELY] == "exact"
    assert told.attrs["not_covered"] == f"bookings_quantile of odd: {LEFT_OUT}"
    alone = compare(odd, draws=4_000, seed=1, method="simulated")
    assert told.bookings_quantile.drop_attrs().equals(alone.bookings_quantile.drop_attrs())
    without = compare(odd)
    assert "bookings_quantile" not in without
    reason = json.loads(without.attrs["refused"])["bookings_quantile_difference"]
    assert reason.startswith(LEFT_OUT)


def test_where_a_plan_is_not_covered_all_is_simulated(plans, uncovered):
    uncovered(LIKELY)
    odd = plans | {"odd": plans["as is"].replace({"activity.per_quarter": 901})}
    told = compare(odd, draws=4_000, seed=1)
    alone = compare(odd, draws=4_000, seed=1, method="simulated")
    assert told.attrs.pop("not_covered") == f"{LIKELY} of odd: {LEFT_OUT}"
    assert told.identical(alone)
    assert compare(odd, confidence=0.9, seed=1).attrs["stopped"] == "best known"
    with pytest.raises(ArgumentError, match=f"draws and seed.*odd: {LEFT_OUT}"):
        compare(odd)
    with pytest.raises(NotCoveredError, match=f"odd: {LEFT_OUT}.*method='auto'"):
        compare(odd, method="exact", draws=10, seed=1)


def test_exact_is_exact_whatever_else_is_said(plans, exact):
    assert compare(plans, method="exact", draws=10, seed=1).identical(exact)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"draws": 10}, "draws and seed"),
        ({"seed": 1}, "draws and seed"),
        ({"method": "simulated", "seed": 1}, "exactly one"),
        ({"draws": 10, "precision": 0.01, "seed": 1}, "exactly one"),
        ({"precision": 0.01, "confidence": 0.9, "seed": 1}, "exactly one"),
        ({"precision": 0.0, "seed": 1}, "precision = 0"),
        ({"precision": "x", "seed": 1}, "precision = 'x': must be a number"),
        ({"confidence": True, "seed": 1}, "confidence = True: must be a number"),
        ({"confidence": 1.0, "seed": 1}, "confidence = 1"),
        ({"confidence": 0.9, "most_draws": 0, "seed": 1}, "most_draws = 0"),
        ({"confidence": 0.9, "most_draws": 1.5, "seed": 1}, "most_draws = 1.5"),
        ({"draws": 0, "seed": 1}, "draws = 0"),
        ({"draws": 10, "seed": -1}, "seed = -1"),
        ({"threads": 0}, "threads = 0"),
        ({"method": "twin"}, "method = 'twin'"),
    ],
)
def test_arguments_out_of_range_are_refused(plans, wrong, says):
    with pytest.raises(ArgumentError, match=says):
        compare(plans, **wrong)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([sales_math(), sales_math()], "plans: must be scenarios by name.*not a list"),
        (sales_math(), "plans: must be scenarios by name.*not a Scenario"),
        ({"a": sales_math(), "b": "file.toml"}, "b: must be a scenario, not a str"),
        ({1: sales_math()}, "1: names must be texts"),
        ({}, "at least one"),
    ],
)
def test_plans_are_scenarios_by_name(wrong, says):
    with pytest.raises(ArgumentError, match=says):
        compare(wrong)


def test_plans_that_cannot_be_compared_are_refused(plans):
    plan = plans["as is"]
    shorter, other = plan.replace({"calendar.quarters": 1}), plan.replace({"currency": "EUR"})
    with pytest.raises(ArgumentError, match=r"b: calendar.quarters = 1.*c: currency = EUR"):
        compare({"a": plan, "b": shorter, "c": other})
    with pytest.raises(ArgumentError, match="two plans"):
        compare({"a": plan}, confidence=0.9, seed=1)


def words(text):
    return " ".join(text.split())


def test_the_screen_says_what_is_exact(plans, exact):
    text = words(compare_text(plans, exact).whole)
    assert "Sales Math: computed exactly, without noise The best is more calls" in text
    assert "±" not in text
    gap = 100 * exact[LIKELY + DIFFERENCE].sel(scenario="more calls").item()
    assert f"{gap:+.2f} points against as is." in text
    assert "best with a probability" not in text


def test_the_screen_holds_both(plans, both):
    text = words(compare_text(plans, both).whole)
    assert "exact, but for numbers with ± and all that is on the same luck: 20,000 draws" in text
    assert "on the same luck difference, % apart beats it, % x draws" in text
    assert "Check: of" in text
    here = both.sel(scenario="more calls", segment="rep")
    name = LIKELY + DIFFERENCE
    drawn, error = (here[BESIDE_EXACT + name + end].item() for end in ("", STANDARD_ERROR))
    apart = abs(drawn - here[name].item()) / error
    assert f"more calls {100 * drawn:+.2f}±{100 * error:.2f} {apart:.1f} " in text


def test_the_screen_says_why_something_is_simulated(plans, uncovered):
    uncovered("bookings_quantile")
    odd = {"as is": plans["as is"], "odd": plans["as is"].replace({"activity.per_quarter": 901})}
    text = words(compare_text(odd, compare(odd, draws=2_000, seed=1)).whole)
    assert f"Not exact: bookings_quantile of odd: {LEFT_OUT}." in text


def test_the_screen_says_that_nothing_was_drawn(plans):
    text = words(compare_text(plans, compare(plans, precision=0.002, seed=1)).whole)
    assert "Nothing was drawn: P(attain) is known exactly." in text


def test_equal_plans_are_equally_good(plans):
    same = {"a": plans["more calls"], "b": plans["as is"], "c": plans["more calls"]}
    text = words(compare_text(same, compare(same)).whole)
    assert "No plan makes quota more often than a and c, equally good" in text
    alike = {"a": plans["as is"], "b": plans["as is"]}
    assert "Nothing tells these plans apart" in words(compare_text(alike, compare(alike)).whole)


def test_a_quantile_that_would_take_the_twin_a_minute_is_not_exact(monkeypatch):
    """Quarters of the preset differ in the sixth digit: they are searched together, or not."""
    plan = fs.preset("ten_two_one")
    told = compare({"as is": plan}, method="exact")
    of_quarters = fs.exact(plan, only=["bookings_quantile"])["bookings_quantile"][0]
    between = told["bookings_quantile"].sel(scenario="as is", probability=0.5).item()
    each = of_quarters.sel(probability=0.5)
    assert each.min() <= between <= each.max()
    monkeypatch.setattr("funnelsim.analysis.chances.MOST_WORK", 1e6)
    told = compare({"as is": plan}, method="exact")
    assert {LIKELY, "bookings_mean", "year_" + LIKELY} <= set(told)
    assert "bookings_quantile" not in told
    assert "it would take a minute" in told.attrs["not_covered"]
