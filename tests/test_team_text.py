"""The screen about a team: what it says is what was told, it fits, and it claims no more."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.analysis.answers import Answer, computed, simulated
from funnelsim.cli import main
from funnelsim.report.numbers import percent
from funnelsim.report.team import answer_text, team_text
from funnelsim.report.text import WIDTH
from team_plans import EVERYTHING, everything, sales_math


@pytest.fixture(scope="module")
def answer() -> Answer:
    return simulated(everything(), draws=800, seed=1)


@pytest.fixture(scope="module")
def text(answer: Answer) -> str:
    return team_text(answer).whole


def test_it_fits_a_screen(text: str) -> None:
    lines = text.splitlines()
    assert all(len(line) <= WIDTH for line in lines), text
    assert len(lines) <= 50


def test_the_answer_comes_first(answer: Answer, text: str) -> None:
    first, second = text.splitlines()[:2]
    assert first == "Everything, 10 seats: 800 draws, seed 1"
    share = float(answer.quarterly.plan_probability.mean())
    assert re.match(r"(About|Between|More than) .* of 10+ quarters make the plan", second)
    assert percent(share, spread(answer.quarterly)) in text.split("\n\n")[0]
    assert answer.yearly is not None
    years = percent(float(answer.yearly.plan_probability[0]), spread(answer.yearly))
    assert years in text.split("\n\n")[0].replace("\n", " ")


def spread(summary: xr.Dataset) -> float:
    """The error of the mean of periods that move as one."""
    return float(summary.plan_probability_standard_error.mean())


def test_numbers_are_those_of_the_result(answer: Answer, text: str) -> None:
    told = answer.quarterly.sel(quarter=2).drop_sel(cause="vacancies")  # these are a sentence
    cells = next(line for line in text.splitlines() if line.startswith("quarter 2")).split()[2:]
    numbers = [told.plan_probability, *told.effect_on_plan_probability]
    errors = [
        told.plan_probability_standard_error, *told.effect_on_plan_probability_standard_error
    ]  # fmt: skip
    for cell, number, error in zip(cells, numbers, errors, strict=True):
        shown, shown_error = cell.split("±")
        assert float(shown) == pytest.approx(100 * float(number), abs=0.051)
        assert float(shown_error) == pytest.approx(max(100 * float(error), 0.1), abs=0.051)


def test_what_takes_most_is_named_only_where_it_is_measurable(answer: Answer, text: str) -> None:
    effects = answer.quarterly.effect_on_plan_probability.mean("quarter")
    most = str(effects.cause.values[int(np.argmin(effects.values))])
    assert f"{most[0].upper()}{most[1:]}" in text.split("\n\n")[0]
    few = simulated(sales_math(headcount=3, plan={"over_assignment": 1.2}, market={"cv": 0.01}),
                    draws=100, seed=1)  # fmt: skip
    assert "takes most" not in team_text(few).whole


def test_wins_are_no_money(text: str) -> None:
    assert re.search(r"^SDR +2 .* wins$", text, re.MULTILINE)


def test_a_team_of_one_segment_is_told_once() -> None:
    plan = sales_math(headcount=10, plan={"over_assignment": 1.25})
    told = team_text(simulated(plan, draws=100, seed=1)).whole
    assert "\ncompany " in told
    assert "\nrep " not in told
    assert "Left out" not in told


def test_without_a_plan_it_tells_of_bookings() -> None:
    told = team_text(simulated(sales_math(headcount=3), draws=100, seed=1)).whole
    assert "Plans made" not in told
    assert "Bookings of the company" in told
    assert "target" not in told


def test_a_company_of_many_segments_is_cut(tmp_path: Path) -> None:
    segments = [{"name": f"s{k}", "headcount": 1} for k in range(20)]
    told = team_text(simulated(sales_math(segments=segments), draws=20, seed=1)).whole
    assert "... and 13 segments more: -o OUT.csv holds them all." in told
    assert all(len(line) <= WIDTH for line in told.splitlines())


def test_exact_values_have_no_errors() -> None:
    plan = sales_math(headcount=3, plan={"over_assignment": 1.2})
    told = team_text(computed(plan)).whole
    assert "computed exactly" in told
    assert "±" not in told
    made = 100 * float(fs.exact(plan).plan_probability[0])
    assert f"{made:.1f}" in told


def test_one_rep_with_a_target_is_read_as_a_company() -> None:
    alone = answer_text(
        simulated(sales_math(plan={"over_assignment": 1.0}), draws=50, seed=1)
    ).whole
    assert "1 seat: 50 draws" in alone
    assert "make the plan" in alone
    assert "make the quota" in answer_text(simulated(sales_math(), draws=50, seed=1)).whole


# the command


def run(*arguments: str) -> str:
    ran = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "everything.toml"
    path.write_text(EVERYTHING, encoding="utf-8")
    return str(path)


def test_simulate_tells_of_a_team(file: str, tmp_path: Path) -> None:
    outputs = [str(tmp_path / f"out{ending}") for ending in (".nc", ".csv", ".json", ".png")]
    shown = run("simulate", file, "--draws", "60", "-o", outputs[0], "--picture", outputs[3])
    assert shown.startswith("Everything, 10 seats: 60 draws, seed")
    assert fs.open(outputs[0]).sizes["rep"] == 10
    assert Path(outputs[3]).stat().st_size > 10_000
    run("simulate", file, "--draws", "60", "-o", outputs[1])
    assert "effect_on_plan_probability" in Path(outputs[1]).read_text(encoding="utf-8")
    found = json.loads(run("simulate", file, "--draws", "60", "--json", "-o", outputs[2]))
    assert found == json.loads(Path(outputs[2]).read_text(encoding="utf-8"))
    assert set(found["team"]["plan_probability"]) == {"1", "2", "3", "4", "5"}
    assert set(found["team_by_year"]["plan_probability"]) == {"1"}
    own = found["team"]["effect_on_plan_probability"]["late hires"]["1"]
    assert set(own) == {"value", "standard_error"}


def test_one_rep_has_a_picture_too(tmp_path: Path) -> None:
    path = tmp_path / "rep.png"
    run("simulate", "sales_math", "--draws", "60", "--picture", str(path))
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize("command", ["luck"])
def test_what_answers_for_one_rep_says_so(file: str, command: str) -> None:
    ran = CliRunner().invoke(main, [command, file, "--draws", "10"])
    assert ran.exit_code == 2
    assert "a team of 10 seats, and this answers for one rep" in ran.output
