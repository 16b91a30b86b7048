"""funnelsim luck: what it prints and writes, and how it ends."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from click.testing import CliRunner, Result

import funnelsim as fs
from funnelsim.cli import main
from funnelsim.errors import ResultError
from funnelsim.registry import LUCK
from funnelsim.report.told import WIDTH
from funnelsim.results.export import as_json, json_text
from luck_answers import answer

WHALES = ("sales_math", "--variant", "whales")
FAST = ("--draws", "300")
TEAM = ("--reps", "12", "--quarters", "1")
OBSERVED = ("--observed", "close_rate=0.46:0.25", "--observed", "deal_size=160_000:70_000")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer at once, whatever the plan."""

    def luck(plan: fs.Scenario, **_: object) -> xr.Dataset:
        return answer(plan)

    monkeypatch.setattr("funnelsim.analysis.luck.luck.luck", luck)


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["luck", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def files() -> list[str]:
    return sorted(each.as_posix() for each in Path().rglob("*") if each.is_file())


def assert_fits(text: str, lines: int = 50) -> None:
    assert all(len(line) <= WIDTH for line in text.splitlines()), text
    assert len(text.splitlines()) <= lines, text


# The real thing, once


@pytest.fixture(scope="module")
def real() -> xr.Dataset:
    told: xr.Dataset = fs.luck(fs.preset("sales_math").variant("whales"), draws=300, seed=1)
    return told


def test_one_screen_tells_it_all(real: xr.Dataset) -> None:
    result = run(*WHALES, *FAST, "-v")
    assert (result.exit_code, result.stderr) == (0, "")
    assert_fits(result.stdout, lines=55)
    for said in (
        "Sales Math, whales: 300 draws, seed 1", "p_R ", "D ", "D1 ", "observed, no floor",
        "if imposed: floor 50, adherence 1", "3. Variance of", ">= 3 of 4",
        "= level", "+ evenness", "repetition", "larger deals",
    ):  # fmt: skip
        assert said in result.stdout
    assert [line[:3] for line in result.stdout.splitlines() if line[1:3] == ". "] == [
        f"{k}. " for k in range(1, 6)
    ]
    assert files() == []


def test_json_is_the_answer_of_the_library(real: xr.Dataset) -> None:
    result = run(*WHALES, *FAST, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert told == as_json(real)
    assert (told["scenario"], told["draws"], told["seed"], told["stream_version"]) == (
        "Sales Math, whales", 300, 1, 1,
    )  # fmt: skip
    p = told["luck"]["attainment_probability"]["rep"]["1"]
    assert p["value"] == real["attainment_probability"].sel(segment="rep", quarter=1).item()
    error = real["attainment_probability_standard_error"].sel(segment="rep", quarter=1)
    assert p["standard_error"] == error.item()


def test_files_hold_what_their_ending_says(real: xr.Dataset) -> None:
    for ending in ("nc", "csv", "json"):
        result = run(*WHALES, *FAST, "-o", f"r.{ending}")
        assert (result.exit_code, result.stderr) == (0, f"Wrote r.{ending}\n")
    xr.testing.assert_identical(fs.open("r.nc"), real)
    for array in real.variables:
        assert fs.open("r.nc")[array].dtype == real[array].dtype, array
    assert json.loads(Path("r.json").read_text(encoding="utf-8")) == as_json(real)
    with Path("r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [str(name) for name in real.data_vars if not str(name).endswith("_standard_error")]
    assert len(rows) == sum(real[name].size for name in names)
    for name in names:
        own = [row for row in rows if row["variable"] == name]
        for row in own[:: max(len(own) // 3, 1)]:
            where = {dim: type(real[dim].values[0].item())(row[dim]) for dim in real[name].dims}
            value = real[name].sel(where).item()
            assert float(row["value"] or "nan") == pytest.approx(value, rel=1e-15, nan_ok=True)
    assert files() == ["r.csv", "r.json", "r.nc"]


def test_a_team_is_held_against_luck(by_hand: None) -> None:
    result = run("sales_math", *FAST, *TEAM, *OBSERVED)
    assert result.exit_code == 0
    assert_fits(result.stdout, lines=66)
    words = " ".join(result.stdout.split())
    assert "6. Sort a team of 12 identical reps by the bookings of 1 quarter" in words
    assert "The observed gap in close rate is no proof of skill" in words  # concepts: .47 / .18
    assert "46/25" in words
    assert "160/70" in words
    told = json.loads(run("sales_math", *FAST, *TEAM, *OBSERVED, "--json").stdout)
    gap = told["luck_or_skill"]["third_gap_p_value"]["rep"]["close_rate"]["1"]["difference"]
    assert 0.2 < gap["value"] < 1
    settings = told["settings"]["luck_or_skill"]
    assert (settings["team"], settings["quarters"]) == (12, 1)
    for ending in ("csv", "json"):
        assert run("sales_math", *FAST, *TEAM, "-o", f"r.{ending}").exit_code == 0
    assert files() == ["r.csv", "r.json"]


def test_a_team_without_an_observation_shows_luck_alone(by_hand: None) -> None:
    result = run("sales_math", *FAST, "--reps", "9")
    assert result.exit_code == 0
    assert "by the bookings of 4 quarters" in " ".join(result.stdout.split())
    assert "observed gap" not in result.stdout
    assert "Left out" not in result.stdout


def test_a_lag_of_quarters(by_hand: None) -> None:
    assert "quota 2 quarters after the KPI" in run("sales_math", "--lag", "2", "-v").stdout


# Pictures


def test_pictures_go_into_the_folder(by_hand: None) -> None:
    result = run("sales_math", *FAST, "--pictures", "pictures")
    assert result.exit_code == 0
    drawn = ["bookings", "careers", "dose-response", "equal-mean", "kpi-against-quota",
             "variance-by-source"]  # fmt: skip
    assert files() == [f"pictures/{name}.png" for name in drawn]
    for name in drawn:
        assert Path(f"pictures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"Wrote {Path('pictures', name)}.png" in result.stderr
    assert "(quarter 1, 20,000 draws)" in result.stderr
    assert run("sales_math", *FAST, "--pictures", "pictures").exit_code == 0  # over themselves


def test_a_picture_without_a_reason_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def luck(plan: fs.Scenario, **_: object) -> xr.Dataset:
        gone = {v.name: "nothing to impose" for v in LUCK if {"floor", "effect"} & set(v.dims)}
        return answer(plan, refused=gone)

    monkeypatch.setattr("funnelsim.analysis.luck.luck.luck", luck)
    result = run("sales_math", "--pictures", ".")
    assert result.exit_code == 0
    assert len(files()) == 5
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("No ")]
    assert "dose-response.png" in line
    assert "nothing to impose" in line


# The JSON object


def test_json_nests_by_label_and_has_null_for_what_is_not_known() -> None:
    plan = fs.preset("sales_math")
    told = answer(plan, refused={"bookings_cv": "no variance"}, kpi_gap=math.nan)
    answered = json.loads(json_text(as_json(told)))
    assert answered["refused"] == {"luck.bookings_cv": "no variance"}
    assert "bookings_cv" not in answered["luck"]
    assert answered["luck"]["kpi_gap"]["rep"]["none"]["0"] == {
        "value": None, "standard_error": None,
    }  # fmt: skip
    floors = answered["luck"]["floor_effect"]["rep"]
    assert list(floors) == ["30", "40", "50", "60"]
    assert list(floors["30"]) == ["level", "evenness", "policy"]
    assert list(answered["luck"]["adherence_effect"]["rep"])[:2] == ["0.0", "0.25"]
    assert answered["settings"]["luck"]["policy_floor_per_week"] == 50
    assert set(answered["luck"]) == {
        *(variable.name for variable in LUCK),
        "attainment_probability", "repeatable_attainment_probability", "bookings_mean",
        "bookings_sd",
    } - {"bookings_cv"}  # fmt: skip


def test_an_object_holds_one_answer_of_each_kind() -> None:
    plan = fs.preset("sales_math")
    for pair in ((answer(plan), answer(plan)), (answer(plan), fs.exact(plan))):
        with pytest.raises(ResultError, match="one answer of each kind"):
            as_json(*pair)


# Bad input


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--lag", "4"), "4"),
        (("--lag", "-1"), "-1"),
        (("--reps", "2"), "reps = 2: must be a whole number between 3"),
        (("--reps", "many"), "many"),
        ((*TEAM[:2], "--quarters", "0"), "quarters = 0: must be"),
        (("--quarters", "4"), "Add --reps"),
        (OBSERVED[:2], "Add --reps"),
        ((*TEAM, "--observed", "close_rate"), "Write close_rate=0.46:0.25"),
        ((*TEAM, "--observed", "close_rate=0.46"), "Write close_rate=0.46:0.25"),
        ((*TEAM, "--observed", "close_rate=a:b"), "Write close_rate=0.46:0.25"),
        ((*TEAM, "--observed", "close_rate=46:25"), "Divide by 100"),
        ((*TEAM, "--observed", "close_rate=0.2:0.4"), "thirds"),
        ((*TEAM, "--observed", "close_rates=0.4:0.2"), "close_rate"),
        ((*TEAM, *OBSERVED[:2], *OBSERVED[:2]), "State it once"),
        ((*TEAM, "-o", "r.nc"), "Write .csv or .json"),
        (("-o", "r.xlsx"), "must end in"),
        (("--pictures", "none/pictures"), "no folder 'none'"),
        (("--pictures", "taken"), "is a file"),
        (("--pictures", ""), "no folder is named"),
        (("--draws", "0"), "0"),
    ],
    ids=repr,
)
def test_wrong_usage_exits_2_before_any_work(
    wrong: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("taken").write_text("", encoding="utf-8")
    monkeypatch.setattr("funnelsim.analysis.luck.luck.luck", None)
    result = run("sales_math", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.split())
    assert files() == ["taken"]


def test_an_invalid_scenario_exits_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("funnelsim.analysis.luck.luck.luck", None)
    for wrong in (
        ("none.toml",),
        ("sales_math", "--set", "activity.per_quarter=-1"),
        ("sales_math", "--variant", "none such"),
    ):
        result = run(*wrong, "-o", "r.json", "--pictures", "pictures")
        assert (result.exit_code, result.stdout) == (3, "")
    assert files() == []
    assert not Path("pictures").exists()


def test_a_store_goes_on_and_says_so() -> None:
    stored = (*WHALES, *FAST, *TEAM, "--store", "s.nc")
    first = run(*stored)
    assert (first.exit_code, first.stderr) == (0, "")
    assert files() == ["s-reps.nc", "s.nc"]
    again = run(*stored)
    assert again.stdout == first.stdout
    assert again.stderr.splitlines() == [
        f"{name}: 300 of 300 draws were kept." for name in ("s-reps.nc", "s.nc")
    ]
    other = run(*stored, "--seed", "2")
    assert other.exit_code == 3
    assert "seed: there 1, now 2" in other.stderr
    assert files() == ["s-reps.nc", "s.nc"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_stops_a_run_leaves_nothing(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr("funnelsim.analysis.luck.luck.luck", stop)
    result = run("sales_math", "-o", "r.nc", "--pictures", "pictures")
    assert result.exit_code == (130 if error is KeyboardInterrupt else 1)
    assert not list(Path().iterdir())
