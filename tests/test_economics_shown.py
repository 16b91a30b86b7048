"""Screens, pictures and the command about money."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.report.contribution import contribution_text
from funnelsim.report.economics import economics_text
from funnelsim.report.plots.economics import budget, paces, payback
from paid_plans import COMPANY, reckoned, scenario
from readable import assert_readable

DRAWS = 400
WINS = {
    "name": "sdr",
    "quota": {"per_quarter": 39.0, "of": "wins"},
    "activity": {"per_quarter": 1_950.0},
    "stages": [{"name": "meeting", "conversion": 0.02}],
    "pay": {"ote": 85_000.0},
}
PLANS = {
    "company": fs.Scenario(**COMPANY),
    "with a count quota": fs.Scenario(
        **COMPANY | {"segments": [*COMPANY["segments"], WINS], "currency": "EUR"}
    ),
    "one rep": scenario(),
    "two quarters": scenario(calendar={"quarters": 2}),
    "hardly a deal": scenario(activity={"per_quarter": 20.0}),
    "nothing": scenario(stages=[{"name": "won", "conversion": 0.0}]),
    "no variance": scenario(deal_size={"law": "pareto", "minimum": 9_000.0, "shape": 1.5}),
}


@pytest.fixture(scope="module")
def company():
    return reckoned(PLANS["company"], draws=DRAWS, by="year")


@pytest.fixture(scope="module")
def side_by_side():
    plan = PLANS["company"]
    more = plan.replace({"segments.mid.headcount": 5})
    return fs.contribution({"as is": plan, "two more": more}, draws=DRAWS, seed=1)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_plan_has_a_screen(plan):
    told = reckoned(plan, draws=DRAWS)
    text = economics_text(plan, told).whole
    assert max(map(len, text.splitlines())) <= 80
    assert "nan" not in text
    assert text.startswith(f"{plan.name}: {DRAWS} draws, seed 1\n")
    assert ("after 12 months" in text) == (plan.calendar.quarters >= 4)


def test_the_screen_says_what_the_result_holds(company):
    text = economics_text(PLANS["company"], company).whole
    cost = company.cost_of_sale.sel(segment="company", year=2).item()
    assert f"selling costs {100 * cost:.2f}±" in text.replace("\n", " ")
    back = company.payback_quantile.sel(segment="mid", addition="SDR", probability=0.5).item()
    row = next(line for line in text.splitlines() if line.startswith("SDR, mid"))
    assert f" {back:.0f} " in row
    for segment in ("mid", "large", "company"):
        assert any(line.startswith(segment) for line in text.splitlines())
    assert "rep, large" in text
    assert "SDR, large" not in text
    assert re.search(r"mid: [\d.]+±[\d.]+ vacant weeks a quarter", text)


def test_plans_side_by_side_have_a_screen(side_by_side):
    text = contribution_text(PLANS["company"], side_by_side).whole
    assert max(map(len, text.splitlines())) <= 80
    assert "year 1" in text
    assert "two more" in text
    assert "Less that of 'as is'" in text


def test_payback_says_its_message(company):
    ax = payback(company, segment="mid")
    back = company.payback_quantile.sel(segment="mid", addition="rep", probability=0.5).item()
    assert ax.get_title().startswith(f"One more rep in mid has paid after {back:.0f} months\n")
    assert payback(company, addition="SDR").get_title().startswith("One more SDR in mid")
    for picture in (ax, payback(company, segment="large")):
        assert_readable(picture.figure)


def test_a_seat_that_never_pays_is_told_so():
    told = reckoned(PLANS["hardly a deal"], draws=DRAWS)
    ax = payback(told)
    said = ax.get_title().replace("\n", " ")
    assert re.fullmatch(r"One more rep has paid within 12 months in <?\d of 100 cases", said)


def test_a_budget_says_its_message(company):
    ax = budget(company)
    share = company.budget_exceeded_probability.mean().item()
    assert f"exceeds its budget in {100 * share:.0f} of 100 years" in ax.get_title()
    assert_readable(ax.figure)


def test_paces_say_their_message(side_by_side):
    ax = paces(side_by_side)
    assert ax.get_title().startswith("two more comes to $")
    assert "more than as is" in ax.get_title()
    assert_readable(ax.figure)


def test_what_cannot_be_drawn_is_said(company, side_by_side):
    with pytest.raises(ArgumentError, match="cannot have one more SDR"):
        payback(company, segment="large", addition="SDR")
    with pytest.raises(ArgumentError, match="not in the result"):
        payback(company, segment="tiny")
    with pytest.raises(ResultError):
        payback(side_by_side)
    with pytest.raises(ResultError):
        paces(company)


# --- the command


@pytest.fixture
def file(tmp_path):
    plan = PLANS["company"].replace(
        {"variants": {"bigger": {"segments": {"mid": {"headcount": 4}}}}}
    )
    path = tmp_path / "company.toml"
    path.write_text(fs.dumps(plan), encoding="utf-8")
    return str(path)


def run(*arguments):
    return CliRunner().invoke(main, ["economics", *arguments, "--draws", "200"])


def test_the_command_prints_a_screen_and_draws(file, tmp_path):
    picture = tmp_path / "payback.png"
    answer = run(file, "--picture", str(picture), "--budget", "100000", "--times", "1,4")
    assert answer.exit_code == 0, answer.output
    assert "One more seat after 12 months" in answer.stdout
    assert "how likely one more seat returns its cost" in answer.stdout
    assert "4x" in run(file, "--times", "1,4", "-v").stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_command_prints_json(file):
    answer = run(file, "--json", "--by", "quarter")
    told = json.loads(answer.stdout)
    assert told["economics"]["cost_of_sale"]["company"]["8"]["value"] > 0
    assert told["settings"]["economics"] == {"by": "quarter"}


def test_the_command_compares_variants(file, tmp_path):
    picture = tmp_path / "paces.png"
    answer = run(file, "--side-by-side", "--picture", str(picture))
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.stdout.split())
    assert re.search(r"; bigger contributes \$[\d,]+ ± [\d,]+ more(, the most of all)?\.", said)
    assert picture.exists()
    told = json.loads(run(file, "--side-by-side", "--json").stdout)
    assert told["contribution"]["contribution_total_mean"]["bigger"]["value"] > 0


def test_the_command_says_what_is_missing(file):
    answer = run("sales_math")
    if fs.preset("sales_math").pay is None:
        assert answer.exit_code == 3
        assert "pay: must be stated" in answer.output
    assert run("sales_math", "--set", "pay.ote=165000", "--by", "quarter").exit_code == 0
    assert run(file, "--variant", "bigger", "--side-by-side").exit_code in (0, 2)
    assert run(file, "--times", "x").exit_code == 2
