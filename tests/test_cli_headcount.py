"""funnelsim headcount: its screen, its files and its pictures say what the library says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner, Result
from matplotlib.figure import Figure

import funnelsim as fs
from funnelsim.analysis.sizing.company import COMPANY
from funnelsim.cli import main
from funnelsim.errors import ArgumentError
from funnelsim.report.headcount import headcount_text
from funnelsim.report.plots.cushion import cushion, diversification
from funnelsim.report.plots.headcount import headcount, next_steps
from funnelsim.report.plots.sizing import sizing_page
from funnelsim.report.told import WIDTH
from readable import assert_readable
from sizing_plans import ALONE, TEAM
from sizing_plans import COMPANY as TEXT

HOW: dict[str, Any] = {"draws": 300, "seed": 1}
FEW = ("--draws", "300")
LONG = "An extraordinarily long $egment & <b>"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("team.toml").write_text(TEXT, encoding="utf-8")


def test_long_work_says_before_how_much_memory_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fs.load("team.toml")
    needed = fs.memory_needed(plan, draws=300, threads=2)
    most = max(needed.headcount, needed.streamed)
    command = ("team.toml", *FEW, "--threads", "2")
    assert "Memory" not in run(*command).stderr
    monkeypatch.setattr("funnelsim.cli.long_work.LONG", 300 * plan.seats)
    assert f"rep-quarters. Memory: up to {most / 2**20:,.0f} MiB." in run(*command).stderr


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["headcount", *arguments])


def text_of(plan: fs.Scenario, **how: Any) -> str:
    asked = HOW | how
    wanted = {key: asked.pop(key) for key in ("probability", "segment") if key in asked}
    needed = fs.headcount(plan, **wanted, **asked)
    asked.pop("period", None)
    causes = fs.team(plan, **(asked | {"by": needed.attrs["by"]}))
    return headcount_text(plan, needed, causes, fs.next_step(plan, **asked)).whole


# --- the screen ----------------------------------------------------------------------------------


def test_the_screen_says_what_the_library_says() -> None:
    answer = run("team.toml", *FEW, "--probability", "0.5,0.7", "-v")
    assert answer.exit_code == 0, answer.output
    lines = answer.output.splitlines()
    assert all(len(line) <= WIDTH for line in lines)
    told = fs.headcount(TEAM, probability=[0.5, 0.7], **HOW)
    rows = {line.split("  ")[0]: line.split() for line in reversed(lines)}  # the upper table
    for name, label in ((COMPANY, "all, in proportion"), ("small", "small alone")):
        now = int(told["headcount_now"].sel(segment=name))
        needed = told["headcount_needed"].sel(segment=name).values
        assert f"{now}" in rows[label]
        assert all(f"{each:.0f}" in rows[label] for each in needed)
    chance = 100 * float(told["period_plan_probability"][0])
    assert f"P(plan) is {chance:.1f}" in answer.output
    assert "company bookings of at least $11,600,000 in year 1" in " ".join(lines)
    for cause in ("attrition", "vacancies", "ramp", "market", "uncertainty", "late hires"):
        effect = fs.team(TEAM, by="year", **HOW)["effect_on_plan_probability"].sel(cause=cause)
        assert f"{100 * float(effect[0]):.1f}" in answer.output
    assert "Strongest next step:" in answer.output


def test_quarters_are_told_by_the_worst() -> None:
    said = text_of(TEAM, by="quarter")
    assert "in quarter 1, the quarter with the lowest chance" in " ".join(said.split())


def test_the_cheapest_step_is_named_where_costs_are() -> None:
    answer = run("team.toml", *FEW, "--cost", "rep=200_000", "--cost", "SDR=1_000")
    assert "Cheapest next step with a stated cost: an SDR" in " ".join(answer.output.split())
    assert "USD k/point" in answer.output


def test_the_cheapest_step_is_no_claim_where_others_are_within_its_error() -> None:
    plan = TEAM.replace({"market.cv": 0.0})
    steps = fs.next_step(plan, costs={"rep": 200_000, "SDR": 100_000}, **HOW)
    for name, value in (("change", 0.05), ("change_standard_error", 0.01)):
        steps[f"step_plan_probability_{name}"][:] = value
    costs = steps["step_cost_per_point"]
    costs[:] = 1_000.0 + np.arange(costs.size)
    needed, causes = fs.headcount(plan, probability=0.9, **HOW), fs.team(plan, by="year", **HOW)
    for error, close in ((400.0, True), (0.01, False)):
        steps["step_cost_per_point_standard_error"][:] = error
        screen = headcount_text(plan, needed, causes, steps)
        said = " ".join(screen.brief.split())
        assert "Cheapest next step with a stated cost: " in said
        assert ("Within the error of that: " in said) is close
        assert ("More draws would tell." in said) is close


def test_one_segment_has_no_proportions() -> None:
    said = text_of(ALONE.replace({"headcount": 10, "plan.over_assignment": 1.2}))
    assert "in proportion" not in said
    assert "alone" not in said
    assert "10 reps on day 0" in " ".join(said.split())


def test_out_of_reach_is_said_on_the_screen() -> None:
    never = TEAM.replace({"market.season": [0.0, 1.0, 1.0, 1.0]})
    said = text_of(never, by="quarter", period=1)
    assert "out of reach" in said
    assert "Left out" not in said  # the table says it
    assert "The plan is out of reach of any one of these steps" in said
    assert "nan" not in said
    assert "more draws" not in said


def test_a_certain_plan_needs_no_step() -> None:
    said = text_of(TEAM.replace({"plan.target": 10}))
    assert "made in every draw already" in said
    assert "nan" not in said
    assert "more draws" not in said


def test_a_search_that_ends_says_where() -> None:
    far = TEAM.replace({"plan.target": 60_000_000})
    said = text_of(far, draws=50)
    told = fs.headcount(far, probability=0.9, draws=50, seed=1)
    assert np.isnan(told["headcount_needed"].sel(segment="small", certainty=0.9))
    assert "more than 64" in said
    assert "out of reach" not in said.replace("out of reach of any one", "")


def test_reps_are_those_who_book() -> None:
    """Callers win no bookings; a hire of a week below 0 is there on day 0."""
    early = [{"week": -3, "reps": 2}, {"week": 5, "reps": 1}]
    said = " ".join(text_of(TEAM.replace({"segments.small.hiring": early})).split())
    assert "There are 8 reps on day 0, 2 of them hired before and not counted below, and 3" in said
    one = " ".join(text_of(ALONE.replace({"headcount": 1, "plan.over_assignment": 1.2})).split())
    assert "There is 1 rep on day 0;" in one


def test_a_cost_says_what_it_is_of() -> None:
    paid = ALONE.replace({"headcount": 3, "plan.over_assignment": 1.2, "pay": {"ote": 160_000}})
    said = " ".join(text_of(paid).split())
    assert "cost: what is paid in the period beyond the plan" in said
    assert "Cheapest next step with a stated cost: a hire, week 0," in said


# --- files ---------------------------------------------------------------------------------------


def test_json_holds_every_number() -> None:
    answer = run("team.toml", *FEW, "--json")
    told = json.loads(answer.stdout)
    assert {"headcount", "team_by_year", "next_step"} <= set(told)
    needed = fs.headcount(TEAM, probability=[0.8, 0.9], **HOW)["headcount_needed"]
    found = told["headcount"]["headcount_needed"]["small"]["0.9"]["value"]
    assert found == float(needed.sel(segment="small", certainty=0.9))
    assert told["next_step"]["kind"]["a rep in small, day 0"] == "rep"


def test_files_and_pictures_are_written() -> None:
    answer = run("team.toml", *FEW, "-o", "all.json", "--pictures", "pictures")
    assert answer.exit_code == 0, answer.output
    told = json.loads(Path("all.json").read_text("utf-8"))
    assert {"headcount", "team_by_year", "next_step", "cushion", "diversification"} <= set(told)
    written = {path.name for path in Path("pictures").iterdir()}
    assert written == {
        "headcount.png", "next-steps.png", "cushion.png", "diversification.png"
    }  # fmt: skip


def test_csv_holds_every_number() -> None:
    assert run("team.toml", *FEW, "-o", "all.csv").exit_code == 0
    with Path("all.csv").open(encoding="utf-8", newline="") as file:
        names = {row["variable"] for row in csv.DictReader(file)}
    assert {
        "headcount_needed", "hires_needed", "cushion_needed", "risk_plan_probability",
        "step_plan_probability_change", "effect_on_plan_probability",
    } <= names  # fmt: skip


def test_netcdf_keeps_the_headcount() -> None:
    assert run("team.toml", *FEW, "--probability", "0.6", "-o", "told.nc").exit_code == 0
    told = fs.headcount(TEAM, probability=0.6, **HOW)
    assert fs.open("told.nc").identical(told)
    assert fs.scenario_of(told) == TEAM


def test_a_page_of_pictures() -> None:
    answer = run("team.toml", *FEW, "-o", "page.png")
    assert answer.exit_code == 0, answer.output
    assert Path("page.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("sales_math",), 2, "states no target"),
        (("team.toml", "--probability", "90"), 2, "must be above 0 and below 1"),
        (("team.toml", "--hire-weeks", "0.5"), 2, "whole week"),
        (("team.toml", "--segment", "smal"), 2, "small"),
        (("team.toml", "--cost", "people=3"), 2, "must be one of rep, hire"),
        (("team.toml", "--period", "9"), 2, "1 to 1"),
        (("team.toml", "-o", "all.xlsx"), 2, "must end in"),
        (("team.toml", "--set", "segments.small.headcount=-1"), 3, "headcount"),
    ],
)
def test_mistakes_are_answered(arguments: tuple[str, ...], status: int, said: str) -> None:
    answer = run(*arguments, *FEW)
    assert answer.exit_code == status
    assert said in answer.output
    assert "Traceback" not in answer.output


# --- pictures ------------------------------------------------------------------------------------

NAMED = fs.loads(TEXT.replace('name = "small"', f'name = "{LONG}"'))


@pytest.fixture(scope="module", params=["team", "long names", "one rep", "quarters"])
def told(request: pytest.FixtureRequest) -> list[xr.Dataset]:
    one = ALONE.replace({"headcount": 1, "plan.over_assignment": 1.5})
    plan = {"team": TEAM, "long names": NAMED, "one rep": one, "quarters": TEAM}[request.param]
    by = {"by": "quarter"} if request.param == "quarters" else {}
    return [
        fs.headcount(plan, probability=[0.8, 0.9], **by, **HOW),
        fs.next_step(plan, **by, **HOW),
        fs.cushion(plan, **by, **HOW),
        fs.diversification(plan, **HOW),
    ]


@pytest.mark.parametrize("which", range(4), ids=["headcount", "steps", "cushion", "risks"])
def test_pictures_can_be_read(told: list[xr.Dataset], which: int) -> None:
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    (headcount, next_steps, cushion, diversification)[which](told[which], ax=figure.subplots())
    assert_readable(figure, at_least=5)


def test_the_page_can_be_read(told: list[xr.Dataset]) -> None:
    assert_readable(sizing_page(*told), at_least=20)


def test_the_picture_says_what_was_found() -> None:
    told = fs.headcount(TEAM, probability=0.7, **HOW)
    needed = int(told["headcount_needed"].sel(segment=COMPANY, certainty=0.7))
    assert f"70 of 100 takes {needed} reps" in headcount(told).get_title()
    alone = headcount(told, segment="large")
    assert "in large, others as they are" in alone.get_xlabel()
    with pytest.raises(ArgumentError, match="the result has"):
        headcount(told, segment="medium")


def test_out_of_reach_is_said_in_the_picture() -> None:
    never = TEAM.replace({"market.season": [0.0, 1.0, 1.0, 1.0]})
    told = fs.headcount(never, by="quarter", period=1, **HOW)
    assert "out of reach" in headcount(told).get_title()
    assert "No step" in next_steps(fs.next_step(never, by="quarter", period=1, **HOW)).get_title()
