"""Simulated comparisons: against the exact twin, samples draw by draw, and themselves."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.analysis.compare.compare import BLOCK, compare
from funnelsim.analysis.compare.side_by_side import SideBySide
from funnelsim.engine.blocks import Run, sample_blocks
from funnelsim.registry import BESIDE_EXACT, BY_NAME, COMPARE, NUMERICAL_ERROR, STANDARD_ERROR
from twin_plans import WHALES, WINDFALL, sales_math, sized

DRAWS = 20_000
METRICS = (
    "attainment_probability",
    "repeatable_attainment_probability",
    "bookings_mean",
    "bookings_sd",
    "bookings_quantile",
    "shortfall_mean",
    "activities_mean",
    "at_least_probability",
)
LIKELY = "attainment_probability"
WIDENED = ("bookings_mean", "bookings_sd", "shortfall_mean")  # errors, for draws that are skewed

drawn = partial(compare, method="simulated")


def error_of(told, name):
    return told[name + STANDARD_ERROR]


@pytest.fixture(scope="module")
def plans():
    base = sales_math(calendar={"quarters": 4}, windfall=WINDFALL)
    return {
        "as is": base,
        "more calls": base.replace({"activity.per_quarter": 900}),
        "larger deals": base.replace({"deal_size.mean": 100_000, "stages.won.conversion": 0.28}),
        "no windfalls": base.replace({"windfall": None}),
    }


@pytest.fixture(scope="module")
def told(plans):
    return drawn(plans, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def quarter(plans):
    """The same plans over one quarter: as cheap as it gets."""
    return {name: plan.replace({"calendar.quarters": 1}) for name, plan in plans.items()}


def exactly(plan):
    """The metrics of a quarter by the exact twin; all quarters are alike."""
    found = fs.exact(plan)
    truth = {name: found[name].values[0] for name in METRICS}
    truth = {
        name: value if name == "at_least_probability" else value[0] for name, value in truth.items()
    }
    year = fs.exact(plan, by="year", only=["attainment_probability"])
    return truth | {"year_attainment_probability": year.attainment_probability.values[0, 0]}


@pytest.mark.parametrize("name", [*METRICS, "year_attainment_probability"])
def test_values_and_differences_are_those_of_the_exact_twin(plans, told, name):
    truths = {scenario: exactly(plan)[name] for scenario, plan in plans.items()}
    for scenario, truth in truths.items():
        here = told.sel(scenario=scenario, segment="rep")
        assert np.all(np.abs(here[name] - truth) < 5 * error_of(here, name))
        gap, error = here[f"{name}_difference"], error_of(here, f"{name}_difference")
        assert np.all(np.abs(gap - (truth - truths["as is"])) <= 5 * error + 1e-12)
        assert np.all(gap == here[name] - told[name].sel(scenario="as is", segment="rep"))


def test_delays_and_an_empty_start_pool_unlike_quarters():
    plan = sales_math(calendar={"quarters": 2, "start": "empty"}, days=(0, 7, 32))
    faster = plan.replace({"stages.won.days": 16})
    told = drawn({"as is": plan, "faster": faster}, draws=DRAWS, seed=3)
    for name in (LIKELY, "bookings_mean", "shortfall_mean"):
        gap = told[f"{name}_difference"].sel(scenario="faster").item()
        error = error_of(told, f"{name}_difference").sel(scenario="faster").item()
        exact = [fs.exact(each)[name].mean().item() for each in (plan, faster)]
        assert abs(gap - (exact[1] - exact[0])) < 5 * error
    # a quarter picked at random varies within quarters and between them
    each = fs.exact(plan)
    second = (each.bookings_sd**2 + each.bookings_mean**2).mean() - each.bookings_mean.mean() ** 2
    sd = told.bookings_sd.sel(scenario="as is").item()
    error = error_of(told, "bookings_sd").sel(scenario="as is").item()
    assert abs(sd - np.sqrt(second.item())) < 5 * error


def test_of_one_quarter_all_values_are_those_of_a_summary(quarter):
    """From the same draws: to the last digit but for the order of sums, quantiles exactly."""
    draws = 2 * BLOCK + 100
    told = drawn(quarter, draws=draws, seed=4)
    for scenario, plan in quarter.items():
        summary = fs.summarize(plan, draws=draws, seed=4)
        here = told.sel(scenario=scenario, segment="rep")
        for name in METRICS:
            values = summary[name].values.reshape(here[name].shape)
            np.testing.assert_allclose(here[name], values, rtol=1e-12)
            if name != "bookings_quantile":  # whose slope goes by other ranks
                errors = error_of(summary, name).values.reshape(here[name].shape)
                wider = error_of(here, name) / errors
                assert np.all(wider > 1 - 1e-3)
                assert np.all(wider < (1.05 if name in WIDENED else 1 + 1e-3))
        assert (here.bookings_quantile.values == summary.bookings_quantile.values[0, 0]).all()


def test_over_several_quarters_values_are_the_means_of_a_summary(plans, told):
    for scenario, plan in plans.items():
        summary = fs.summarize(plan, draws=DRAWS, seed=1)
        here = told.sel(scenario=scenario, segment="rep")
        for name in ("attainment_probability", "bookings_mean", "shortfall_mean"):
            assert here[name].item() == pytest.approx(summary[name].mean().item(), rel=1e-12)
        samples = fs.simulate(plan, draws=DRAWS, seed=1).bookings.values.ravel()
        wanted = np.quantile(samples, [0.1, 0.5, 0.9], method="inverted_cdf")
        assert here.bookings_quantile.values.tolist() == wanted.tolist()
        by_draw = samples.reshape(DRAWS, -1) >= plan.quotas[0]
        error = by_draw.mean(axis=1).std(ddof=1) / np.sqrt(DRAWS)
        assert error_of(here, LIKELY).item() == pytest.approx(error, rel=1e-8)


def test_who_beats_whom_is_counted_in_the_same_world(plans, told):
    totals = {
        name: fs.simulate(plan, draws=DRAWS, seed=1).bookings.values.sum(axis=(1, 2))
        for name, plan in plans.items()
    }
    assert "depends on the shared luck" in told.beats_probability.attrs["long_name"]
    for name, own in totals.items():
        for other, its in totals.items():
            score = (own > its * (1 + 1e-9)) + 0.5 * np.isclose(own, its, rtol=1e-9, atol=0)
            here = {"scenario": name, "other": other, "segment": "rep"}
            assert told.beats_probability.sel(here).item() == pytest.approx(score.mean(), rel=1e-9)
            error = error_of(told, "beats_probability").sel(here).item()
            assert error == pytest.approx(score.std() / np.sqrt(DRAWS), rel=1e-6, abs=1e-12)


def independent_gain(p, other):
    """d-13: per draw, p1 q1 + p2 q2 over |d| - d^2."""
    d = abs(p - other)
    return (p * (1 - p) + other * (1 - other)) / (d - d * d)


def test_the_gain_of_a_monotone_change_in_closed_form():
    assert independent_gain(0.57, 0.62) == pytest.approx(10.1, abs=0.05)
    assert independent_gain(0.80, 0.82) == pytest.approx(15.7, abs=0.05)
    # +-1 point at 95 %: 1,825 draws instead of 18,467
    assert round(1.96**2 / 0.01**2 * (0.05 - 0.05**2)) == pytest.approx(1_825, abs=1)
    assert round(1.96**2 / 0.01**2 * (0.57 * 0.43 + 0.62 * 0.38)) == pytest.approx(18_467, abs=30)


@pytest.mark.parametrize("law", [{"law": "fixed", "mean": 84_000}, sized()])
def test_the_engine_reaches_it(law):
    """Of a higher conversion no draw ever loses, so that |d| - d^2 holds draw by draw."""
    plan = sales_math(deal_size=law)
    better = plan.replace({"stages.won.conversion": 0.36})
    told = drawn({"as is": plan, "better": better}, draws=DRAWS, seed=1)
    here = told.sel(scenario="better", segment="rep")
    d = here.attainment_probability_difference.item()
    error = error_of(here, "attainment_probability_difference").item()
    assert d > 0
    assert error**2 * (DRAWS - 1) == pytest.approx(d - d * d, rel=1e-9)
    p, other = told[LIKELY].values[:, 0]
    assert here.gain.item() == pytest.approx(independent_gain(p, other), rel=1e-9)
    alone = np.sqrt((p * (1 - p) + other * (1 - other)) / (DRAWS - 1))
    assert here.independent_difference_error.item() == pytest.approx(alone, rel=1e-9)


def test_equal_plans_differ_by_nothing(plans):
    """Under other titles, with other KPIs and variants: they change no number."""
    plan = plans["as is"]
    kpi = {"name": "calls", "metric": "activities", "target": 50, "per": "week"}
    same = {
        "one": plan,
        "two": plan.replace({"name": "Another", "kpis": [kpi], "variants": {"idle": {}}}),
    }
    told = drawn(same, draws=1_000, seed=1)
    for name in [*METRICS, "year_attainment_probability"]:
        assert np.all(told[f"{name}_difference"] == 0)
        assert np.all(error_of(told, f"{name}_difference") == 0)
    assert np.all(told.beats_probability == 0.5)
    assert np.all(error_of(told, "beats_probability") == 0)
    assert np.all(told.best_probability == 0.5)
    assert np.isnan(told.gain).all()
    assert json.loads(told.attrs["changes"])["two"] == [
        {"path": f"kpis.calls.{key}", "from": None, "to": value}
        for key, value in (("metric", "activities"), ("target", 50), ("per", "week"))
    ]


def test_equal_plans_share_the_first_place(quarter):
    base, more = quarter["as is"], quarter["more calls"]
    told = drawn({"a": more, "b": base, "c": more}, draws=2_000, seed=1)
    assert told.best_probability.values[:, 0] == pytest.approx([0.5, 0, 0.5], abs=1e-9)
    told = drawn({"a": more, "c": more}, confidence=0.9, seed=1)
    assert told.attrs["stopped"] == "all plans are alike: none is best"


def test_the_order_of_scenarios_permutes_the_answers(quarter):
    order = ["as is", "no windfalls", "larger deals", "more calls"]
    told = drawn(quarter, draws=3_000, seed=1)
    turned = drawn({name: quarter[name] for name in order}, draws=3_000, seed=1)
    straight = turned.sel(scenario=told.scenario, other=told.other)
    for name in told.data_vars:
        np.testing.assert_allclose(straight[name], told[name], rtol=1e-6, atol=1e-9)


def test_threads_change_nothing(quarter):
    one, two = (drawn(quarter, draws=3 * BLOCK, seed=1, threads=n) for n in (1, 2))
    assert one.identical(two)


def test_every_number_is_that_of_the_registry(told):
    estimates = {*METRICS, *(variable.name for variable in COMPARE)}
    estimates -= {name for name in estimates if name.startswith(BESIDE_EXACT)}
    names = {str(name) for name in told.data_vars}
    errors = {name for name in names if name.endswith((STANDARD_ERROR, NUMERICAL_ERROR))}
    assert names - errors == estimates
    for name in estimates:
        own = [dim for dim in BY_NAME[name].dims if dim not in ("scenario", "segment", "quarter")]
        assert told[name].dims == ("scenario", "segment", *own)
        assert told[name].dtype == BY_NAME[name].dtype
    without = {"gain", "independent_difference_error", "best_probability"}
    assert errors == {name + STANDARD_ERROR for name in estimates - without}
    assert {array.attrs["method"] for array in told.data_vars.values()} == {"simulated"}


def test_a_short_horizon_has_no_years(quarter):
    told = drawn(quarter, draws=100, seed=1)
    assert not [name for name in told.data_vars if "year" in str(name)]


def test_a_result_can_be_saved_and_run_again(plans, told, tmp_path):
    fs.save(told, tmp_path / "told.nc")
    again = fs.open(tmp_path / "told.nc")
    assert again.identical(told)
    assert fs.scenario_of(again) == plans["as is"]
    stated = {name: fs.loads(text) for name, text in json.loads(again.attrs["scenarios"]).items()}
    assert stated == plans


def test_what_differs_is_told(told):
    changes = json.loads(told.attrs["changes"])
    assert changes["as is"] == []
    assert changes["more calls"] == [{"path": "activity.per_quarter", "from": 750, "to": 900}]
    assert changes["larger deals"] == [
        {"path": "stages.won.conversion", "from": 1 / 3, "to": 0.28},
        {"path": "deal_size.mean", "from": 84_000, "to": 100_000},
    ]
    gone = {each["path"]: each["to"] for each in changes["no windfalls"]}
    assert gone == dict.fromkeys(
        [f"windfall.{key}" for key in ("law", "mean", "cv", "per_quarter")]
    )


def test_fixed_sizes_have_quantiles_that_are_amounts():
    """Clear of the steps they are certain, close to one nobody can say how far off."""
    plan = sales_math(deal_size={"law": "fixed", "mean": 84_000}, calendar={"quarters": 4})
    told = drawn({"plan": plan}, draws=DRAWS, seed=1).sel(scenario="plan", segment="rep")
    truth = fs.exact(plan).bookings_quantile.values[0, 0]
    assert told.bookings_quantile.values.tolist() == truth.tolist()
    assert error_of(told, "bookings_quantile").values.tolist() == [0, 0, 0]


def test_what_has_no_variance_is_refused():
    heavy = {"law": "pareto", "minimum": 30_000, "shape": 1.8}
    base = sales_math()
    told = drawn({"base": base, "heavy": base.replace({"deal_size": heavy})}, draws=200, seed=1)
    refused = json.loads(told.attrs["refused"])
    for name in ("bookings_sd", "bookings_sd_difference"):
        assert np.isnan(told[name].sel(scenario="heavy").item())
        assert np.isfinite(told[name].sel(scenario="base").item())
        assert "no variance" in refused[name]
    assert np.isfinite(told.bookings_mean).all()
    assert np.isnan(error_of(told, "bookings_mean").values[:, 0]).tolist() == [False, True]
    assert np.isfinite(error_of(told, "shortfall_mean")).all()


@pytest.mark.parametrize("aim", [{"precision": 0.004}, {"confidence": 0.95}])
def test_a_sequential_run_is_the_run_of_as_many_draws(quarter, aim):
    calls = []
    told = drawn(quarter, seed=5, progress=lambda *done: calls.append(done), **aim)
    draws = told.attrs["draws"]
    assert told.attrs["stopped"] in ("precision reached", "best known")
    assert calls[-1][0] == draws
    again = drawn(quarter, draws=draws, seed=5)
    assert told.drop_attrs().identical(again.drop_attrs())
    if "precision" in aim:
        errors = error_of(told, "attainment_probability_difference")
        assert float(1.96 * errors.max()) <= 0.004
    else:
        assert told.best_probability.max().item() > 0.95


def test_a_single_plan_can_be_told_precisely(quarter):
    told = drawn({"as is": quarter["as is"]}, precision=0.005, seed=1)
    assert told.attrs["stopped"] == "precision reached"
    assert 0.9 * 0.005 < 1.96 * error_of(told, LIKELY).item() <= 0.005


def test_what_cannot_be_told_apart_says_so(quarter):
    plan = quarter["as is"]
    hardly = plan.replace({"stages.won.conversion": 0.33334})
    told = drawn({"a": plan, "b": hardly}, seed=1, confidence=0.99, most_draws=10_000)
    assert told.attrs["stopped"] == "most_draws reached: not told apart"
    assert told.attrs["draws"] == 10_000
    told = drawn({"a": plan, "b": hardly}, seed=1, precision=1e-5, most_draws=10_000)
    assert told.attrs["stopped"] == "most_draws reached: not as precise as wanted"


def test_plans_that_agree_on_every_draw_are_not_certain_to(quarter):
    """Another seed might tell them apart: the error of one differing draw stands."""
    plan = quarter["as is"]
    hardly = plan.replace({"stages.won.conversion": 1 / 3 + 1e-9})
    told = drawn({"a": plan, "b": hardly}, draws=1_000, seed=1).sel(scenario="b", segment="rep")
    assert told.attainment_probability_difference.item() == 0
    error = error_of(told, "attainment_probability_difference").item()
    assert error == pytest.approx(1 / 1_001)


def deviations(plans, truths, runs, draws):
    """(estimate - truth) / standard error of values and paired differences, (run, number)."""
    quotas = np.array([plan.quotas for plan in plans])
    blocks = sample_blocks([Run(plan) for plan in plans], draws=runs * draws, seed=9, block=draws)
    found = []
    for samples in blocks:
        tally = SideBySide(quotas)
        tally.add(samples)
        row = []
        for name, ((value, error), (gap, gap_error)) in tally.pairs().items():
            if name in truths[0]:
                own, other = (np.atleast_1d(truth[name]) for truth in truths)
                row += [*np.ravel((value[0] - own) / error[0])]
                row += [*np.ravel((gap[1] - (other - own)) / gap_error[1])]
        found.append(row)
    return np.array(found)


@pytest.fixture(scope="module")
def rivals():
    base = sales_math(
        windfall=WINDFALL, activity={"per_quarter": 750, "week_cv": 0.5}, calendar={"quarters": 1}
    )
    return [base, base.replace({"activity.per_quarter": 900, "deal_size.cv": 0.7})]


def truths_of(rivals):
    found = [fs.exact(plan, only=METRICS) for plan in rivals]
    return [{name: each[name].values[0].ravel() for name in METRICS} for each in found]


def test_standard_errors_are_those_that_replication_shows(rivals):
    """Of 200 runs, deviations in units of the stated error have mean square 1."""
    runs, draws = 200, 2_000
    off = deviations(rivals, truths_of(rivals), runs, draws)
    assert np.all(np.abs((off**2).mean(axis=0) - 1) < 5 * np.sqrt(2 / runs))
    assert np.all((np.abs(off) < 1.96).mean(axis=0) > 0.95 - 5 * np.sqrt(0.05 * 0.95 / runs))


def pair_of(changes, **plan):
    base = sales_math(**plan)
    return [base, base.replace(changes)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "runs"),
    [
        (pair_of({"activity.per_quarter": 1_150, "deal_size.mean": 80_000},
                 activity={"per_quarter": 1_000}), 20_000),
        (pair_of({"activity.per_quarter": 1_950, "deal_size.mean": 80_000},
                 activity={"per_quarter": 1_850}), 6_000),  # 50 of 1,000 miss: a rare shortfall
        (pair_of({"activity.per_quarter": 1_100}, activity={"per_quarter": 975},
                 deal_size=sized(cv=0.3)), 6_000),  # p10 between one deal and two
    ],
    ids=["ordinary", "rare shortfall", "gap"],
)  # fmt: skip
def test_intervals_cover_as_they_say(pair, runs):
    """Nominal 95 % intervals of runs of 1,000 draws: to within 1 point, as 20,000 runs show.

    Those of quantiles may be too wide, but not too narrow.
    """
    off = deviations(pair, truths_of(pair), runs, 1_000)
    covered = (np.abs(off) < 1.96).mean(axis=0)
    chance = 3 * np.sqrt(0.95 * 0.05 / runs) if runs < 20_000 else 0.0
    quantiles = np.array(names_of(pair)) == "bookings_quantile"
    assert np.all(covered > 0.94 - chance), covered
    assert np.all(covered[~quantiles] < 0.96 + chance), covered
    assert np.all(covered[quantiles] < 0.99), covered


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rare", "name", "said"),
    [
        ({"windfall": WINDFALL, "activity": {"per_quarter": 750, "week_cv": 0.5}},
         "bookings_quantile", 0.92),  # the p10, just above no deal at all
        ({"deal_size": sized(whale=WHALES)}, "bookings_sd", 0.91),  # the difference of two
    ],
    ids=["p10 near nothing", "sd with whales"],
)  # fmt: skip
def test_intervals_that_are_too_narrow_are_no_narrower_than_said(rare, name, said):
    """docs/background/planning.md, Small runs: 2,000 of 1,000 draws."""
    pair = pair_of({"activity.per_quarter": 900, "deal_size.cv": 0.7}, **rare)
    runs = 2_000
    off = deviations(pair, truths_of(pair), runs, 1_000)
    covered = (np.abs(off) < 1.96).mean(axis=0)[np.array(names_of(pair)) == name]
    assert np.all(covered > said - 5 * np.sqrt(said * (1 - said) / runs)), covered


def names_of(plans):
    """The names of the numbers of a run of deviations."""
    tally = SideBySide(np.array([plan.quotas for plan in plans]))
    (samples,) = sample_blocks([Run(plan) for plan in plans], draws=500, seed=1, block=500)
    tally.add(samples)
    found = []
    for name, ((value, _), _) in tally.pairs().items():
        found += [name] * (2 * np.atleast_1d(value[0]).size if name in METRICS else 0)
    return found


def test_luck_that_reps_keep_pairs_too():
    """Skill makes the quarters of a draw go together: errors are over draws."""
    plan = sales_math(
        calendar={"quarters": 4},
        activity={"per_quarter": 1_500, "rep_cv": 0.5},
        deal_size=sized(whale=WHALES),
    )
    plans = [plan, plan.replace({"activity.per_quarter": 1_700})]
    names = ("attainment_probability", "bookings_quantile")
    found = [fs.exact(each, only=names) for each in plans]
    truths = [{name: each[name].values[0, 0] for name in names} for each in found]
    off = deviations(plans, truths, 150, 1_000)
    assert np.all(np.abs((off**2).mean(axis=0) - 1) < 5 * np.sqrt(2 / 150) + 5 / 1_000)
