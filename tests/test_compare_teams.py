"""Teams held against each other: values of fs.team, paired errors, the screen, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import funnelsim as fs
from funnelsim.analysis.compare.changes import changes_between
from funnelsim.cli import main
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.registry import BY_NAME, COMPARED_BY_PERIOD, COMPARED_TEAMS, STANDARD_ERROR
from funnelsim.report.plots.team_compare import plans_made
from funnelsim.report.team_compare import team_compare_text
from team_plans import everything, sales_math

DRAWS = 1_500
OTHER_ERROR = "company_bookings_quantile"  # whose error goes by the share below it
HORIZON = "horizon_plan_probability"
PLAN = "plan_probability"


@pytest.fixture(scope="module")
def plans():
    plan = everything()
    return {
        "as is": plan,
        "the same": plan.model_copy(update={"name": "another title"}),
        "filled at once": plan.replace(
            {f"segments.{each}.attrition.fill_weeks": 0 for each in ("old", "new", "SDR")}
        ),
        "hires at once": plan.replace({"segments.old.hiring": [{"week": 0, "reps": 2}]}),
        "a higher target": plan.replace({"plan.over_assignment": 0.35}),
    }


@pytest.fixture(scope="module")
def told(plans):
    return fs.compare(plans, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def text(plans, told):
    return team_compare_text(plans, told).whole


# --- values and differences ----------------------------------------------------------------------


@pytest.mark.parametrize("by", ["quarter", "year"])
def test_values_are_those_of_each_team(plans, told, by):
    for name in ("as is", "filled at once", "a higher target"):
        alone = fs.team(plans[name], draws=DRAWS, seed=1, by=by)
        for variable in COMPARED_BY_PERIOD:
            if variable.name not in alone or variable.name.startswith("team_bookings"):
                continue
            own = told[("year_" if by == "year" else "") + variable.name].sel(scenario=name)
            np.testing.assert_allclose(own, alone[variable.name], rtol=1e-9)
            if variable.name != OTHER_ERROR:
                error = told[own.name + STANDARD_ERROR].sel(scenario=name)
                np.testing.assert_allclose(error, alone[variable.name + STANDARD_ERROR], rtol=1e-6)


def test_the_horizon_is_all_its_quarters(told):
    np.testing.assert_allclose(told[HORIZON], told[PLAN].mean("quarter"), rtol=1e-9)
    booked = told.company_bookings_mean.sum("quarter")
    np.testing.assert_allclose(told.horizon_bookings_mean, booked, rtol=1e-9)


def test_differences_are_from_the_first(told):
    for name in map(str, told.data_vars):
        if name.endswith("_difference"):
            own = told[name.removesuffix("_difference")]
            np.testing.assert_allclose(told[name], own - own.isel(scenario=0), atol=1e-6)


def test_what_cannot_differ_has_no_error(told):
    for name in map(str, told.data_vars):
        if "_difference" in name:
            assert not told[name].sel(scenario=["as is", "the same"]).any()
    hired = told.sel(scenario="hires at once", segment=["new", "SDR"])
    assert not hired.team_attainment_probability_difference.any()
    assert not hired["team_attainment_probability_difference_standard_error"].any()
    higher = told.sel(scenario="a higher target")
    assert not higher["company_bookings_mean_difference_standard_error"].any()
    assert (higher["plan_probability_difference_standard_error"] > 0).all()
    assert (higher["plan_probability_difference"] < 0).all()


def test_no_error_of_a_probability_is_zero(told):
    others = told.sel(scenario=["filled at once"])
    for name in (PLAN, "year_plan_probability", HORIZON):
        assert (others[f"{name}_difference_standard_error"] >= 1 / (DRAWS + 1)).all()
        assert (told[name + STANDARD_ERROR] > 0).all()


def test_the_truth_of_reps_who_do_not_know_their_win_rate():
    """docs/background/model.md, "Ways in": P(10 reps reach .8 of their quotas), marked =."""
    known = sales_math(headcount=10, plan={"over_assignment": 1.25})
    unknown = known.replace({"uncertainty": {"stages.won.conversion": {"cv": 0.2}}})
    told = fs.compare({"known": known, "unknown": unknown}, draws=20_000, seed=3)
    gap = told.sel(scenario="unknown", quarter=1)
    off = gap.plan_probability_difference - (0.754526 - 0.844559)
    assert abs(off) < 5 * gap["plan_probability_difference_standard_error"]


NAMES = (HORIZON, "horizon_bookings_mean", "company_bookings_sd", "company_bookings_quantile",
         "plan_shortfall_given_miss_mean", PLAN, "team_attainment_probability")  # fmt: skip


def test_paired_errors_are_those_of_repeated_runs():
    """Over 60 runs the spread of differences is their mean error, to five errors of a spread."""
    plan = sales_math(headcount=4, market={"cv": 0.2}, plan={"over_assignment": 1.1})
    plans = {"as is": plan, "more calls": plan.replace({"activity.per_quarter": 850})}
    runs = [fs.compare(plans, draws=400, seed=seed).isel(scenario=1) for seed in range(60)]
    for name in NAMES:
        gaps = np.array([np.ravel(run[f"{name}_difference"])[0] for run in runs])
        errors = [np.ravel(run[f"{name}_difference{STANDARD_ERROR}"])[0] for run in runs]
        ratio = np.sqrt(np.nanmean(np.square(errors))) / gaps.std(ddof=1)
        widest = 1.8 if "quantile" in name else 1 + 5 / np.sqrt(2 * 59)
        assert 1 - 5 / np.sqrt(2 * 59) < ratio < widest, (name, ratio)


def test_shared_worlds_tell_more(told):
    gap = told.sel(scenario="hires at once")
    alone = np.hypot(gap[HORIZON + STANDARD_ERROR], told[HORIZON + STANDARD_ERROR][0])
    assert gap[f"{HORIZON}_difference{STANDARD_ERROR}"] < 0.6 * alone


def test_draws_do_not_depend_on_threads(plans, told):
    two = {name: plans[name] for name in ("as is", "filled at once")}
    one = fs.compare(two, draws=DRAWS, seed=1, threads=1)
    names = ["as is", "filled at once"]
    np.testing.assert_allclose(one[PLAN], told[PLAN].sel(scenario=names), rtol=1e-12)


# --- what is there, and what is not --------------------------------------------------------------


def test_all_is_there_under_the_names_of_the_registry(told):
    for variable in (*COMPARED_TEAMS, *(each for each in COMPARED_BY_PERIOD)):
        dims = tuple(dict.fromkeys(("scenario", *variable.dims)))
        assert told[variable.name].dims == dims, variable.name
        assert told[variable.name + STANDARD_ERROR].dims == dims
        assert told[variable.name].attrs["long_name"] == BY_NAME[variable.name].meaning
    assert list(told.segment.values) == ["old", "new", "SDR", "company"]
    assert told.attrs["baseline"] == "as is"
    refused = json.loads(told.attrs["refused"])
    assert set(refused) >= {"best_probability"}
    assert not set(refused) & set(map(str, told.data_vars)) - _with_nan(told)


def _with_nan(told):
    return {str(name) for name in told.data_vars if bool(np.isnan(told[name]).any())}


def test_without_a_plan_bookings_are_told():
    plan = sales_math(headcount=3)
    told = fs.compare(
        {"a": plan, "b": plan.replace({"plan.over_assignment": 1.2})}, draws=200, seed=1
    )
    assert PLAN not in told
    refused = json.loads(told.attrs["refused"])
    assert refused["plan_probability"] == refused[HORIZON] == "a: the scenario states no [plan]"
    assert "no complete year" in refused["year_company_bookings_mean"]
    assert "a books $7" in team_compare_text({"a": plan, "b": plan}, told).whole
    with pytest.raises(ResultError, match=r"no \[plan\]"):
        plans_made(told)


def test_segments_are_those_that_all_have():
    one = everything()
    told = fs.compare({"reps": sales_math(headcount=2, calendar={"quarters": 5}), "all": one},
                      draws=50, seed=1)  # fmt: skip
    assert list(told.segment.values) == ["company"]


def test_a_rep_stands_beside_a_team():
    rep = sales_math(plan={"target": 250_000})
    told = fs.compare({"one": rep, "two": rep.replace({"headcount": 2})}, draws=500, seed=1)
    alone = fs.team(rep, draws=500, seed=1)
    assert told[PLAN].sel(scenario="one", quarter=1) == alone[PLAN].sel(quarter=1)
    assert told.seats.values.tolist() == [1, 2]


def test_amounts_without_a_variance_have_no_error():
    heavy = {"law": "pareto", "minimum": 40_000, "shape": 1.8}
    plan = sales_math(headcount=2, deal_size=heavy, plan={"over_assignment": 1.2})
    told = fs.compare({"a": plan, "b": plan.replace({"headcount": 3})}, draws=300, seed=1)
    assert np.isnan(told[f"company_bookings_mean{STANDARD_ERROR}"]).all()
    assert np.isnan(told.company_bookings_sd).all()
    assert np.isnan(told[f"horizon_bookings_mean_difference{STANDARD_ERROR}"][1])
    assert told[f"horizon_bookings_mean_difference{STANDARD_ERROR}"][0] == 0
    refused = json.loads(told.attrs["refused"])
    assert "variance" in refused[f"company_bookings_mean{STANDARD_ERROR}"]
    assert np.isfinite(told[PLAN]).all()


TEAM = sales_math(headcount=2)


@pytest.mark.parametrize(
    ("plans", "how", "said"),
    [
        ({"a": TEAM}, {"draws": 10, "seed": 1, "method": "exact"}, "method = 'exact'.*fs.exact"),
        ({"a": TEAM}, {"precision": 0.1, "seed": 1}, r"precision = 0.1: teams .* Give draws"),
        ({"a": TEAM, "b": TEAM}, {"confidence": 0.9, "seed": 1}, r"confidence = 0.9: teams"),
        ({"a": TEAM}, {}, "draws and seed: must be given"),
        ({"a": TEAM}, {"draws": 10}, "draws and seed: must be given"),
        ({"a": TEAM}, {"draws": 1, "seed": 1}, "draws = 1: must be at least 2"),
        ({"a": TEAM}, {"draws": 10, "seed": 1, "method": "guess"}, "method = 'guess'"),
        (
            {"a": TEAM, "b": TEAM.replace({"calendar.weeks_per_quarter": 12})},
            {"draws": 10, "seed": 1},
            "b: calendar.weeks_per_quarter = 12: must be 13, as that of a",
        ),
        (
            {"a": TEAM, "b": TEAM.replace({"calendar.quarters": 9})},
            {"draws": 10, "seed": 1},
            "calendar.quarters = 9",
        ),
        (
            {"a": everything().team["SDR"], "b": everything()},
            {"draws": 10, "seed": 1},
            "no segment in common",
        ),
    ],
)
def test_what_is_refused(plans, how, said):
    with pytest.raises(ArgumentError, match=said):
        fs.compare(plans, **how)


def test_hires_are_changes():
    plan = everything()
    (change,) = changes_between(
        plan, plan.replace({"segments.old.hiring": [{"week": 0, "reps": 2}]})
    )
    assert change.path == "segments.old.hiring"
    assert (change.before, change.after) == (
        [{"week": 20, "reps": 2}], [{"week": 0, "reps": 2}]
    )  # fmt: skip


def test_hires_that_state_no_number_are_one():
    plan = sales_math(headcount=2, plan={"over_assignment": 1.2})
    plans = {"a": plan, "b": plan.replace({"hiring": [{"week": 3}]})}
    (change,) = changes_between(*plans.values())
    assert change.before == []
    said = team_compare_text(plans, fs.compare(plans, draws=50, seed=1)).whole
    assert "b: hiring [] -> (1 in week 3)" in said


def test_tables_in_lists_are_as_files_have_them():
    """What a plan leaves out and another states; a comparison holds it as JSON."""
    plan = everything()
    bare = plan.replace({"segments.old.hiring": []})
    (change,) = changes_between(bare, plan)
    assert change.after == [{"week": 20, "reps": 2}]
    json.dumps([change.before, change.after])


def test_presets_are_what_a_segment_takes_a_value_from():
    plan = fs.preset("three_segments")
    (change,) = changes_between(plan, plan.variant("an SDR to two reps"))
    assert change.path == "segments.mid-market.sources.sdr.sdrs_per_rep"
    assert (change.before, change.after) == (0.4, 0.5)


# --- the screen, the object and the picture ------------------------------------------------------


def test_it_fits_a_screen(text):
    lines = text.splitlines()
    assert all(len(line) <= 80 for line in lines), text
    assert len(lines) <= 50


def test_the_answer_comes_first(told, text):
    first, *rest = text.split("\n\n")[0].splitlines()
    assert first == "Everything: 1,500 draws on shared luck, seed 1; ±: standard error"
    said = " ".join(rest)
    assert said.startswith(f"Of 100 quarters {100 * float(told[HORIZON][0]):.0f} make the plan of")
    gaps = told[f"{HORIZON}_difference"].values
    best = str(told.scenario.values[int(gaps.argmax())])
    worst = str(told.scenario.values[int(gaps.argmin())])
    assert f"most is gained with {best}: " in said
    assert f"most is lost with {worst}: " in said
    assert "different targets" in text
    assert "(2 in week 20) -> (2 in week 0)" in text.replace("\n   ", " ")
    assert "the same: changes nothing" in text


def test_numbers_of_the_screen_are_those_of_the_result(told, text):
    block = next(each for each in text.split("\n\n") if each.startswith("Plans made, of 100"))
    cells = block.splitlines()[2:]
    for line, scenario in zip(cells, told.scenario.values, strict=True):
        shown = float(line.split()[-1].split("±")[0])
        name = "year_plan_probability" + ("" if scenario == "as is" else "_difference")
        value = float(told[name].sel(scenario=scenario)[-1])
        assert shown == pytest.approx(100 * value, abs=0.051)


def test_nothing_is_claimed_that_draws_do_not_tell():
    plan = sales_math(headcount=2, plan={"over_assignment": 1.2})
    plans = {"a": plan, "b": plan.replace({"stages.won.conversion": 0.3334})}
    said = team_compare_text(plans, fs.compare(plans, draws=100, seed=1)).whole.replace("\n", " ")
    assert "no other plan is measurably more or less likely" in said
    same = {"a": plan, "b": plan}
    assert "no other plan differs in that" in team_compare_text(
        same, fs.compare(same, draws=100, seed=1)
    ).whole.replace("\n", " ")


def test_the_command_tells_screen_object_and_picture(tmp_path):
    file = tmp_path / "team.toml"
    plan = sales_math(name="Two reps", headcount=2, plan={"over_assignment": 1.2})
    varied = plan.model_copy(update={"variants": {"three": {"headcount": 3}}})
    file.write_text(fs.dumps(varied))
    picture, table = tmp_path / "out.png", tmp_path / "out.csv"
    how = ["compare", str(file), "--draws", "200", "--threads", "1"]
    screen = CliRunner().invoke(main, [*how, "--picture", str(picture), "-o", str(table)])
    assert screen.exit_code == 0, screen.output
    assert "make the plan of base" in screen.stdout
    assert picture.stat().st_size > 1_000
    assert "plan_probability_difference" in table.read_text()
    answer = json.loads(CliRunner().invoke(main, [*how, "--json"]).stdout)["compare"]
    told = fs.compare(
        {"base": varied, "three": varied.variant("three")}, draws=200, seed=1, threads=1
    )
    own = answer["plan_probability_difference"]["three"]["1"]
    assert own["value"] == float(told.plan_probability_difference.sel(scenario="three")[0])
    assert own["standard_error"] > 0
    refused = CliRunner().invoke(main, [*how[:2], "--precision", "0.01"])
    assert refused.exit_code != 0
    assert "Give draws" in refused.output


def test_the_picture_shows_the_differences(told):
    ax = plans_made(told, ax=Figure().subplots())
    gaps = 100 * told[f"{HORIZON}_difference"].values
    dots = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, gaps[1:])
    assert "more than as is" in ax.get_title()
