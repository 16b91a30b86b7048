"""compare, sweep, solve, sensitivity, bridge and what belongs to them: printed, written, ended."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from click.testing import CliRunner, Result

import funnelsim as fs
from funnelsim.analysis.chances import Goal, chances
from funnelsim.analysis.compare.compare import compare
from funnelsim.analysis.levers.bridge import bridge
from funnelsim.analysis.levers.coaching import coaching_point
from funnelsim.analysis.levers.sensitivity import sensitivity
from funnelsim.analysis.solve.bites import bites
from funnelsim.analysis.solve.coverage import coverage
from funnelsim.analysis.solve.mix import cheapest_mix
from funnelsim.analysis.solve.quota import quota_for
from funnelsim.analysis.solve.solve import solve
from funnelsim.analysis.sweep.sweep import sweep
from funnelsim.cli import main
from funnelsim.report.numbers import tight
from funnelsim.report.told import WIDTH
from funnelsim.results.export import as_json
from funnelsim.results.store import UNFINISHED

ONE = {"calendar.quarters": 1}
ONE_QUARTER = ("--set", "calendar.quarters=1")
FEW = ("--draws", "300")
ACTIVITY, WON = "activity.per_quarter", "stages.won.conversion"
QUARTERS = "calendar.quarters"
# Amounts without a common unit: the twin has no lattice to add them up on, and a cell is simulated.
ODD = (
    "--set", "deal_size={law='empirical', amounts=[80000, 90000], "
    "whale={probability=0.03, multiple=2}}",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def plan() -> fs.Scenario:
    return fs.preset("sales_math").replace(ONE)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def screen(*arguments: str) -> str:
    """All that a command prints, its lines no longer than 80 columns, all spaces alike."""
    result = run(*arguments, "-v")
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    assert all(len(line) <= WIDTH for line in result.stdout.splitlines()), result.stdout
    assert "nan" not in result.stdout
    return " ".join(result.stdout.split())


def told(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files() -> list[str]:
    return sorted(each.as_posix() for each in Path().rglob("*") if each.is_file())


# Every command prints what the library says, and writes it


def test_json_is_what_the_library_says(plan: fs.Scenario) -> None:
    exact: dict[tuple[str, ...], Any] = {
        ("solve", "--for", ACTIVITY): lambda: [solve(plan, ACTIVITY, attain=0.8)],
        ("bridge", "--to", "floor"): lambda: [bridge(plan, _floor())],
        ("quota", "--share", "0.5,0.7"): lambda: [quota_for(plan, share=[0.5, 0.7])],
        ("coverage", "--deals", "2,3", "--win-rate", "0.3"): lambda: [
            coverage(plan, deals=[2, 3], win_rate=[0.3])
        ],
        ("mix", "--cost", f"{ACTIVITY}=3", "--attain", "0.6"): lambda: [
            cheapest_mix(plan, {ACTIVITY: 3}, attain=0.6)
        ],
        ("sensitivity", "--lever", f"{WON}=0.3:0.4", "--benchmark", "won=0.4"): lambda: [
            sensitivity(plan, {WON: (0.3, 0.4)}),
            coaching_point(plan, {"won": 0.4}),
        ],
        ("sweep", "--over", f"{ACTIVITY}=700:800:100"): lambda: [
            sweep(plan, {ACTIVITY: [700, 800]}, draws=20_000, seed=1)
        ],
    }
    for (name, *options), answers in exact.items():
        found = told(name, "sales_math", *ONE_QUARTER, *options)
        assert found == json.loads(json.dumps(as_json(*answers()))), name
        assert found["method"] == "exact"
        assert found["draws"] is None
    assert files() == []


def _floor() -> fs.Scenario:
    return fs.preset("sales_math").variant("floor").replace(ONE)


@pytest.mark.parametrize("method", ["auto", "simulated"])
def test_a_long_sweep_says_before_how_much_memory_it_takes(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all cells are drawn; what the twin answers takes no draws."""
    monkeypatch.setattr("funnelsim.cli.long_work.LONG", 2 * 300)
    cells = ("--over", f"{ACTIVITY}=700:800:100", "--method", method)
    done = CliRunner().invoke(main, ["sweep", "sales_math", *ONE_QUARTER, *FEW, *cells])
    assert done.exit_code == 0, done.output
    assert ("600 rep-quarters. Memory: up to" in done.stderr) == (method == "simulated")


def test_comparison_of_variants_is_the_librarys(plan: fs.Scenario) -> None:
    whole = fs.preset("sales_math")
    plans = {"base": plan, "whales": whole.variant("whales").replace(ONE)}
    command = ("compare", "sales_math", "--variant", "whales", *ONE_QUARTER, *FEW)
    found = told(*command)
    assert found == json.loads(json.dumps(as_json(compare(plans, draws=300, seed=1))))
    assert list(found["settings"]["compare"]["changes"]) == ["base", "whales"]
    text = screen(*command)
    assert "whales: deal_size.whale.probability none -> 0.03" in text
    made = found["compare"]["attainment_probability"]["whales"]["rep"]
    assert made["numerical_error"] < 1e-6
    assert f"whales {100 * made['value']:.2f} " in text
    drawn = found["compare"]["simulated_attainment_probability_difference"]["whales"]["rep"]
    assert f"+{tight(100 * drawn['value'], 100 * drawn['standard_error'])} " in text


def test_all_variants_or_several_files_are_compared() -> None:
    every = ["base", *fs.preset("sales_math").variants]
    assert list(told("compare", "sales_math", *FEW)["compare"]["bookings_mean"]) == every
    Path("mine.toml").write_text(fs.dumps(fs.preset("sales_math")), encoding="utf-8")
    found = told("compare", "sales_math", "mine.toml", *FEW)
    assert list(found["compare"]["gain"]) == ["sales_math", "mine"]
    assert "Nothing tells these plans apart" in screen("compare", "sales_math", "mine.toml", *FEW)


def test_a_comparison_can_say_itself_when_to_stop() -> None:
    command = ("compare", "sales_math", "--variant", "fixed sizes", *ONE_QUARTER)
    assert "Nothing was drawn: P(attain) is known exactly" in screen(
        *command, "--confidence", "0.9"
    )
    command = (*command, "--method", "simulated")
    found = told(*command, "--confidence", "0.95")
    assert found["settings"]["compare"]["stopped"] == "best known"
    assert "Stopped because the best is known with a probability of 0.95" in screen(
        *command, "--confidence", "0.95"
    )
    least = told(*command, "--precision", "0.0001", "--most-draws", "9000")
    assert least["draws"] == 9_000
    assert "not as precise" in least["settings"]["compare"]["stopped"]


def test_bites_stand_beside_the_sales_math(plan: fs.Scenario) -> None:
    command = ("solve", "sales_math", *ONE_QUARTER, "--for", ACTIVITY)
    text = screen(*command, "--bites")
    assert "With 1,296 activities a quarter, quota is made in 8 of 10 quarters." in text
    for said in ("a quarter activities 750", "a month", "a week activities 57.7", "a day",
                 "50 % sure 80 % sure 90 % sure", "pipeline, USD k 1,260"):  # fmt: skip
        assert said in text
    found = told(*command, "--bites", "--attain", "0.7")
    expected = as_json(solve(plan, ACTIVITY, attain=0.7), bites(plan, certainty=[0.5, 0.7, 0.9]))
    assert found == json.loads(json.dumps(expected))
    assert list(found["bites"]["bite"]) == ["0.5", "0.7", "0.9"]
    paper = found["bites"]["paper_bite"]
    assert [paper[step]["quarter"]["value"] for step in ("won", "demo", "discovery")] == [3, 9, 15]


@pytest.mark.parametrize(
    ("options", "goal", "said"),
    [
        (("--by", "year"), Goal(by="year"), "the year's quota is made in 8 of 10 years"),
        (("--at-least", "3"), Goal(at_least=3), "at least 3 of 4 quarters, in 8 of 10 cases"),
        (("--amount", "300000"), Goal(amount=3e5), "$300,000 is made in 8 of 10 quarters"),
    ],
)
def test_goals_reach_the_library(options: tuple[str, ...], goal: Goal, said: str) -> None:
    """The plan solved for reaches the goal, as another computation has it."""
    command = ("solve", "sales_math", "--for", ACTIVITY, *options)
    solved = fs.loads(told(*command)["settings"]["solve"]["solved"])
    assert chances([solved], goal, method="exact").values[0] == pytest.approx(0.8, abs=1e-5)
    assert said in screen(*command)


def test_unreachable_says_the_best_there_is() -> None:
    text = screen("solve", "sales_math", *ONE_QUARTER, "--for", WON, "--attain", "0.99")
    assert "Out of reach: no conversion to won" in text
    best = chances([fs.preset("sales_math").replace(ONE | {WON: 1})], Goal(), method="exact")
    assert f"with a probability of {100 * best.values[0]:.2f} %, at 100 %" in text


def test_simulated_answers_have_their_errors() -> None:
    simulated = (*ONE_QUARTER, "--method", "simulated", "--draws", "2000")
    text = screen("solve", "sales_math", *simulated, "--for", ACTIVITY)
    assert "95 % interval" in text
    assert "±" in screen("bridge", "sales_math", "--to", "floor", *simulated)
    levers = ("--lever", f"{ACTIVITY}=700:800")
    assert "2,000 draws, seed 1" in screen("sensitivity", "sales_math", *simulated, *levers)
    team = ("--reps", "10", "--probability", "0.9")
    assert "6 of 10 reps in 9 of 10 quarters" in screen("quota", "sales_math", *simulated, *team)


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "sales_math", "enterprise", "mid_market", "--draws", "2000"),
        ("compare", "strategic", "transactional_smb", "--draws", "2000"),
        ("sensitivity", "enterprise", *ONE_QUARTER),
        ("bridge", "sales_math", "enterprise", *ONE_QUARTER),
        ("bridge", "sales_math", "--to", "whales", "--of", "bookings"),
        ("solve", "mid_market", *ONE_QUARTER, "--for", "quota.per_quarter", "--attain", "0.9"),
        ("coverage",),
        ("coverage", "sales_math", "--variant", "fixed sizes"),
        ("mix", "sales_math", *ONE_QUARTER, "--cost", f"{ACTIVITY}=3", "--cost", f"{WON}=4000"),
        ("sweep", "sales_math", *ONE_QUARTER, "--over", f"{WON}=0.2:0.5:0.02",
         "--over", f"{ACTIVITY}=600,700,800"),
        ("sweep", "sales_math", *ONE_QUARTER, "--over", "calendar.start=steady,empty"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_screens_fit_and_say_something(command: tuple[str, ...]) -> None:
    assert len(screen(*command)) > 200


def test_tables_of_levers_hold_the_numbers() -> None:
    """The bridge from a plan to its floor is one factor: all of the difference."""
    found = told("bridge", "sales_math", "--to", "floor", *ONE_QUARTER)["bridge"]
    gap = found["bridge_end"]["value"] - found["bridge_start"]["value"]
    assert found["contribution"]["policy"]["value"] == pytest.approx(gap, abs=1e-12)
    assert found["changes"]["policy"].startswith("policy.floor_per_week: none -> 58")


# Files


COMMANDS: dict[tuple[str, ...], str] = {
    ("compare", "sales_math", *FEW): "best_probability",
    ("solve", "sales_math", *ONE_QUARTER, "--for", ACTIVITY): "solved_value",
    ("sensitivity", "sales_math", *ONE_QUARTER): "swing",
    ("bridge", "sales_math", *ONE_QUARTER, "--to", "floor"): "contribution",
    ("coverage",): "coverage_needed",
    ("quota", "sales_math", *ONE_QUARTER): "quota_for_share",
    ("mix", "sales_math", *ONE_QUARTER, "--cost", f"{ACTIVITY}=3"): "mix_total_cost",
    ("sweep", "sales_math", *ONE_QUARTER, "--over", f"{ACTIVITY}=700,800"): (
        "attainment_probability"
    ),
}


@pytest.mark.parametrize(("command", "name"), COMMANDS.items(), ids=lambda each: each[0])
def test_files_hold_every_number(command: tuple[str, ...], name: str) -> None:
    found = run(*command, "--json").stdout
    for ending in ("json", "nc", "csv"):
        result = run(*command, "-o", f"r.{ending}")
        assert (result.exit_code, result.stderr) == (0, f"Wrote r.{ending}\n"), result.stderr
    assert Path("r.json").read_text(encoding="utf-8") == found
    saved = fs.open("r.nc")
    assert name in saved
    table = rows("r.csv")
    numbers = [str(each) for each in saved.data_vars if not str(each).endswith("_error")] + [
        each for each in ("independent_difference_error",) if each in saved
    ]
    assert len(table) == sum(saved[each].size for each in numbers)
    for each in numbers:
        own = [row["value"] for row in table if row["variable"] == each]
        values = [float(value or "nan") for value in own]
        assert values == pytest.approx(saved[each].values.ravel().tolist(), rel=1e-15, nan_ok=True)
    assert files() == ["r.csv", "r.json", "r.nc"]


def test_a_comparison_as_csv_names_the_scenarios() -> None:
    run("compare", "sales_math", "--variant", "whales", *FEW, "-o", "r.csv")
    assert {row["scenario"] for row in rows("r.csv")} == {"base", "whales"}
    for row in rows("r.csv"):
        luck = row["variable"].startswith("simulated_") or row["variable"] in (
            "gain", "beats_probability", "independent_difference_error",
        )  # fmt: skip
        assert row["method"] == ("simulated" if luck else "exact")


def mixed() -> xr.Dataset:
    """A sweep whose second cell the twin does not cover."""
    plan = fs.preset("sales_math").replace(
        ONE | {"deal_size": {"law": "empirical", "amounts": [80_000, 90_000]}}
        | {"deal_size.whale": {"probability": 0.03, "multiple": 2}}
    )  # fmt: skip
    return sweep(plan, {"deal_size.whale.multiple": [2, 2.123456789]}, draws=300, seed=1)


def test_a_mixed_sweep_keeps_the_method_of_each_cell() -> None:
    """Both kinds of error, draws where there were some, nothing dropped for being refused."""
    swept = mixed()
    assert swept["method"].values.tolist() == ["exact", "simulated"]
    fs.save(swept, "r.csv")
    fs.save(swept, "r.json")
    made = [row for row in rows("r.csv") if row["variable"] == "attainment_probability"]
    assert [row["method"] for row in made] == ["exact", "simulated"]
    assert [row["draws"] for row in made] == ["", "300"]
    assert [bool(row["numerical_error"]) for row in made] == [True, False]
    assert [bool(row["standard_error"]) for row in made] == [False, True]
    answer = json.loads(Path("r.json").read_text(encoding="utf-8"))
    cells = answer["cells"]
    assert [cell["at"] for cell in cells] == [
        {"deal_size.whale.multiple": value} for value in (2.0, 2.123456789)
    ]
    own = [cell["results"][0]["attainment_probability"] for cell in cells]
    assert [set(each) for each in own] == [
        {"value", "numerical_error"}, {"value", "standard_error"},
    ]  # fmt: skip
    assert [each["value"] for each in own] == swept[
        "attainment_probability"
    ].values.ravel().tolist()
    plan = fs.scenario_of(swept)
    alone = fs.summarize(plan.replace({"deal_size.whale.multiple": 2.123456789}), draws=300, seed=1)
    whole = as_json(alone)["results"][0]
    assert cells[1]["results"] == [{key: whole[key] for key in cells[1]["results"][0]}]
    assert answer["refused"]
    assert answer["settings"]["sweep"]["not_covered"]


# What is wrong is said at once


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare",), "Missing argument"),
        (("compare", "enterprise"), "states no variants"),
        (("compare", "sales_math", "sales_math"), "stands twice"),
        (("compare", "sales_math", "enterprise", "--variant", "x"), "is of one file"),
        (("compare", "sales_math", "--draws", "9", "--precision", "0.1"), "Give one"),
        (("compare", "sales_math", "--most-draws", "9"), "is for --precision or --confidence"),
        (("compare", "sales_math", "--precision", "2"), "between 0 and 1"),
        (("sweep", "sales_math"), "--over"),
        (("sweep", "sales_math", "--over", ACTIVITY), "PATH=FROM:TO:STEP"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=1:2"), "PATH=FROM:TO:STEP"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=1:2:0"), "a step above 0"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=2:1:1"), "must rise"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=1:9e9:0.001"), "more than 1,000,000"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=0:1:1e-5000"), "from 1E-15 to 1E+15"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=0:1e9999:1"), "from 1E-15 to 1E+15"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=1,1e999999999"), "from 1E-15 to 1E+15"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=inf"), "must be a number"),
        (("sweep", "sales_math", "--over", f"{ACTIVITY}=1,nan"), "must be a number"),
        (
            ("sweep", "sales_math", "--over", f"{ACTIVITY}=1:999:.5", "--over", f"{WON}=0:1:.001"),
            "1,997 x 1,001 = 1,998,997 cells are more than 1,000,000",
        ),
        (("sweep", "sales_math", "--over", "a=1", "--over", "a=2"), "stated already"),
        (("sweep", "sales_math", "--over", "a=1", "--store", "r.csv"), "must end in .nc"),
        (("sweep", "sales_math", "--over", "a/b=1", "-o", "r.nc"), "slash"),
        (("solve", "sales_math"), "--for"),
        (("solve", "sales_math", "--for", ACTIVITY, "--attain", "1"), "attain = 1.0"),
        (("solve", "sales_math", "--for", ACTIVITY, "--within", "5"), "LOW:HIGH"),
        (("solve", "sales_math", "--for", WON, "--bites"), "of activity"),
        (("solve", "sales_math", "--for", ACTIVITY, "--bites", "-o", "r.nc"), "no room"),
        (("solve", "sales_math", "--for", ACTIVITY, "--at-least", "5"), "horizon has 4"),
        (("solve", "sales_math", "--for", ACTIVITY, "--within", "1:1e400"), "'1e400'"),
        (("solve", "sales_math", "--for", ACTIVITY, "--attain", "nan"), "attain = nan"),
        (("solve", "sales_math", "--for", ACTIVITY, "--attain", "1e400"), "attain = inf"),
        (("solve", "sales_math", "--for", ACTIVITY, "--amount", "1e300"), "1e-09 to 1e+15"),
        (
            (
                "solve",
                "sales_math",
                "--for",
                "calendar.quarters",
                "--at-least",
                "3",
                "--within",
                "1:2",
            ),
            "the goal takes 3 quarters",
        ),
        (("solve", "sales_math", "--for", "calendar.quarters"), "Say at_least = 3"),
        (("quota", "sales_math", "--reps", "9"), "belong together"),
        (("quota", "sales_math", "--share", "1e-999"), "must be a number"),
        (("quota", "sales_math", "--share", "x"), "must be numbers"),
        (("coverage", "sales_math", "--win-rate", "2"), "win_rate"),
        (("mix", "sales_math", "--cost", ACTIVITY), "PATH=COST"),
        (("mix", "sales_math", "--cost", f"{ACTIVITY}=-1"), "must be above 0"),
        (("mix", "sales_math", "--cost", f"{ACTIVITY}=1e400"), "'1e400'"),
        (("sensitivity", "sales_math", "--benchmark", "won=1e999999999"), "'1e999999999'"),
        (("sensitivity", "sales_math", "--step", "inf"), "step = inf"),
        (("bridge", "sales_math", "--to", "floor", "--amount", "nan"), "amount = nan"),
        (("sensitivity", "sales_math", "--lever", f"{WON}=0.3"), "PATH=LOW:HIGH"),
        (("sensitivity", "sales_math", "--step", "2"), "step"),
        (("sensitivity", "sales_math", "--benchmark", "won"), "STAGE=VALUE"),
        (("sensitivity", "sales_math", "--benchmark", "won=.4", "-o", "r.nc"), "no room"),
        (("bridge", "sales_math"), "where to?"),
        (("bridge", "sales_math", "enterprise", "--set", "currency=USD", "--factor", "a"), "NAME="),
        (("bridge", "sales_math", "--to", "floor", "--picture", "x.jpg"), ".png"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_usage_is_2_and_leaves_nothing(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert files() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sweep", "sales_math", "--over", "activity.per_qarter=1,2", "--over", f"{WON}=2,3"),
         ("per_qarter", "between 0 and 1")),
        (("solve", "sales_math", "--for", "stages.won.color"), ("stages.won.color",)),
        (("sensitivity", "sales_math", "--lever", "a.b=1:2", "--lever", f"{WON}=0.5:2"),
         ("a.b", WON)),
        (("sensitivity", "sales_math", "--benchmark", "one=0.5"), ("one",)),
        (("bridge", "sales_math", "--to", "none"), ("none",)),
        (("compare", "sales_math", "--variant", "none"), ("none",)),
        (("compare", "sales_math", "absent.toml"), ("absent.toml",)),
        (("mix", "sales_math", "--cost", "x.y=1"), ("x.y",)),
    ],
    ids=lambda each: " ".join(each[:3]),
)  # fmt: skip
def test_what_is_no_scenario_is_named_with_every_problem(
    arguments: tuple[str, ...], said: tuple[str, ...]
) -> None:
    result = run(*arguments, "-o", "r.json")
    assert result.exit_code in ((1, 3) if "absent.toml" in arguments else (3,)), result.output
    for each in said:
        assert each in result.stderr
    assert files() == []


def test_what_the_twin_does_not_cover_is_1() -> None:
    over = ("--over", "deal_size.whale.multiple=2,2.123456789", *ODD, "--method", "exact")
    result = run("sweep", "sales_math", *over, "-o", "r.csv")
    assert result.exit_code == 1, result.output
    assert "the exact twin does not cover the cell" in result.stderr
    assert files() == []


def test_steps_add_up_to_the_letter() -> None:
    found = told("sweep", "sales_math", *ONE_QUARTER, "--over", f"{WON}=0.1:0.4:0.1")
    assert found["over"] == {WON: [0.1, 0.2, 0.3, 0.4]}
    whole = told("sweep", "sales_math", *ONE_QUARTER, "--over", "policy.floor_per_week=40:60:20")
    assert whole["over"] == {"policy.floor_per_week": [40, 60]}


# Interrupted


def test_a_store_goes_on_and_says_so() -> None:
    command = ("sweep", "sales_math", *ONE_QUARTER, "--over", f"{ACTIVITY}=600,700,800")
    stored = (*command, "--store", "s.nc")
    assert run(*stored).stderr == ""
    whole = Path("s.nc").read_bytes()
    again = run(*stored)
    assert again.stderr == "s.nc: 3 of 3 cells were kept.\n"
    assert again.stdout == run(*command).stdout
    other = run(*stored, "--set", "deal_size.mean=90000")
    assert other.exit_code == 3
    assert "another question" in other.stderr
    assert "kept" not in other.stderr
    assert Path("s.nc").read_bytes() == whole


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.slow
def test_ctrl_c_ends_a_sweep_at_once_and_keeps_its_cells() -> None:
    code = "from funnelsim.cli import main; main()"
    values = ",".join(str(500 + k) for k in range(400))
    command = [
        sys.executable, "-c", code, "sweep", "sales_math", "--over", f"{ACTIVITY}={values}",
        "--method", "simulated", "--draws", "20000", "--store", "s.nc",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    unfinished = Path("s.nc" + UNFINISHED)
    deadline = time.monotonic() + 120
    while not (unfinished.exists() and unfinished.read_bytes().count(b"\n") > 3):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    begun = time.monotonic()
    out, error = process.communicate(timeout=30)
    assert time.monotonic() - begun < 10  # 2 seconds, but for what else the machine does
    assert (process.returncode, out) == (130, "")
    assert "Interrupted." in error
    assert files() == ["s.nc" + UNFINISHED]


# Pictures


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "sales_math", "--variant", "whales", *FEW),
        ("solve", "sales_math", *ONE_QUARTER, "--for", ACTIVITY),
        ("sensitivity", "sales_math", *ONE_QUARTER),
        ("bridge", "sales_math", *ONE_QUARTER, "--to", "floor"),
        ("coverage", "sales_math"),
        ("mix", "sales_math", *ONE_QUARTER, "--cost", f"{ACTIVITY}=3"),
        ("sweep", "sales_math", *ONE_QUARTER, "--over", f"{ACTIVITY}=700,800"),
    ],
    ids=lambda each: each[0],
)
def test_a_picture_stands_beside_the_screen(command: tuple[str, ...]) -> None:
    result = run(*command, "--picture", "p.png")
    assert (result.exit_code, result.stderr) == (0, "Wrote p.png\n"), result.stderr
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")
    assert result.stdout == run(*command).stdout


def test_a_picture_that_cannot_be_drawn_costs_nothing_else() -> None:
    over = [f"--over={path}" for path in (
        f"{ACTIVITY}=700,800", f"{WON}=0.3,0.4", "deal_size.mean=80000,90000",
        "deal_size.cv=0.4,0.5",
    )]  # fmt: skip
    result = run("sweep", "sales_math", *ONE_QUARTER, *over, "--picture", "p.png", "-o", "r.csv")
    assert result.exit_code == 0
    assert "Wrote r.csv" in result.stderr
    assert "No p.png: " in result.stderr
    assert math.prod([2] * 4) == len(
        [row for row in rows("r.csv") if row["variable"] == "attainment_probability"]
    )
    assert files() == ["r.csv"]
