"""Results on disk: they come back as they went, can be run again, and are whole or absent."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.registry import QUARTER_SUMMARIES, SUMMARIES
from funnelsim.results import files
from funnelsim.results.export import JSON_KEYS, as_json, json_text
from funnelsim.writing import whole_file, write_text

DRAWS = 200


@pytest.fixture(scope="module")
def plan() -> fs.Scenario:
    return fs.preset("sales_math")


@pytest.fixture(scope="module")
def samples(plan: fs.Scenario) -> xr.Dataset:
    return fs.simulate(plan, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def summary(plan: fs.Scenario) -> xr.Dataset:
    return fs.summarize(plan, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def truth(plan: fs.Scenario) -> xr.Dataset:
    return fs.exact(plan)


def without_kpis(plan: fs.Scenario) -> fs.Scenario:
    return fs.Scenario(**{**plan.model_dump(exclude_unset=True), "kpis": (), "variants": {}})


def files_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


# netCDF


def test_results_come_back_as_they_went(
    tmp_path: Path, plan: fs.Scenario, samples: xr.Dataset, summary: xr.Dataset, truth: xr.Dataset
) -> None:
    lucky = plan.variant("windfalls").replace(
        {"deal_size.whale": {"probability": 0.1, "multiple": 9}}
    )
    results = {
        "samples": samples,
        "summary": summary,
        "exact": truth,
        "year": fs.attainment(samples, by="year"),
        "pipeline": fs.simulate(lucky, draws=20, seed=3, pipeline=True),
        "no KPI": fs.simulate(without_kpis(plan), draws=20, seed=3),
    }
    for name, result in results.items():
        path = tmp_path / f"{name} ü.nc"
        fs.save(result, path)
        back = fs.open(path)
        xr.testing.assert_identical(back, result)
        for array in result.variables:
            assert back[array].dtype == result[array].dtype, (name, array)
        fs.save(back, path)  # what was read can be written again, over itself
        xr.testing.assert_identical(fs.open(path), result)
    assert len(files_in(tmp_path)) == len(results)


@pytest.mark.parametrize("order", [("draw", ...), (..., "draw")])
def test_many_draws_are_written_in_pieces(
    tmp_path: Path, plan: fs.Scenario, monkeypatch: pytest.MonkeyPatch, order: tuple[Any, ...]
) -> None:
    monkeypatch.setattr(files, "PIECE", 1_000)  # bytes
    team = plan.replace({"headcount": 3, "calendar.quarters": 5})
    result = fs.simulate(team, draws=103, seed=3, pipeline=True).transpose(*order)
    path = tmp_path / "pieces.nc"
    fs.save(result, path)
    back = fs.open(path)
    xr.testing.assert_identical(back, result)
    for array in result.variables:
        assert back[array].dtype == result[array].dtype, array


def test_what_is_interrupted_between_pieces_leaves_nothing(
    tmp_path: Path, samples: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised in the thread that waits, while another one writes."""
    apart, done = files._apart, []

    def interrupted(work: Any) -> Any:
        done.append(apart(work))
        if len(done) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(files, "PIECE", 1_000)
    monkeypatch.setattr(files, "_apart", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fs.save(samples, tmp_path / "samples.nc")
    assert len(done) == 3
    assert files_in(tmp_path) == []


def test_a_saved_result_can_be_run_again(tmp_path: Path, plan: fs.Scenario) -> None:
    changed = plan.variant("whales").replace({"activity.elasticity": 0.8, "calendar.quarters": 2})
    seed = 2**63 - 1
    result = fs.simulate(changed, draws=DRAWS, seed=seed)
    fs.save(result, tmp_path / "r.nc")
    back = fs.open(str(tmp_path / "r.nc"))
    assert (back.attrs["seed"], back.attrs["draws"]) == (seed, DRAWS)
    again = fs.simulate(
        fs.scenario_of(back), draws=int(back.attrs["draws"]), seed=int(back.attrs["seed"])
    )
    xr.testing.assert_identical(again, result)
    for name in result.data_vars:
        assert again[name].values.tobytes() == result[name].values.tobytes()


def test_a_part_of_a_result_is_a_result(tmp_path: Path, samples: xr.Dataset) -> None:
    part = samples[["bookings"]].isel(draw=slice(5, 9))
    fs.save(part, tmp_path / "part.nc")
    xr.testing.assert_identical(fs.open(tmp_path / "part.nc"), part)


def test_a_currency_is_no_unit_of_time(tmp_path: Path, plan: fs.Scenario) -> None:
    odd = fs.Scenario(**{**plan.model_dump(exclude_unset=True), "currency": "days"})
    result = fs.simulate(odd, draws=20, seed=1)
    fs.save(result, tmp_path / "odd.nc")
    xr.testing.assert_identical(fs.open(tmp_path / "odd.nc"), result)


def bad_files(folder: Path, result: xr.Dataset) -> dict[str, Path]:
    whole = folder / "whole.nc"
    fs.save(result, whole)
    foreign = xr.Dataset({"bookings": ("draw", [1.0])})
    foreign.to_netcdf(folder / "foreign.nc", engine="netcdf4")
    result.assign_attrs(scenario="name = 'another'").to_netcdf(
        folder / "changed.nc", engine="netcdf4"
    )
    result.assign_attrs(scenario=[1, 2]).to_netcdf(folder / "numbers.nc", engine="netcdf4")
    contents = {
        "text.nc": b"name = 'plan'",
        "empty.nc": b"",
        "pickle.nc": pickle.dumps(result),
        "cut.nc": whole.read_bytes()[:2_000],
        "zeros.nc": bytes(5_000),
        "hdf.nc": b"\x89HDF\r\n\x1a\n" + bytes(200),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    names = ("foreign.nc", "changed.nc", "numbers.nc", *contents)
    return {name: folder / name for name in names}


def test_what_is_no_result_is_refused(tmp_path: Path, samples: xr.Dataset) -> None:
    for name, path in bad_files(tmp_path, samples).items():
        with pytest.raises(ResultError, match=name) as caught:
            fs.open(path)
        assert "\n" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for missing in (tmp_path / "no.nc", tmp_path):
        with pytest.raises(FileNotFoundError):
            fs.open(missing)
    with pytest.raises(ResultError, match="not a funnelsim result"):
        fs.scenario_of(xr.Dataset())


def test_what_cannot_be_saved_leaves_nothing(tmp_path: Path, samples: xr.Dataset) -> None:
    with pytest.raises(ArgumentError, match=r"\.nc, \.csv, \.json"):
        fs.save(samples, tmp_path / "r.pkl")
    with pytest.raises(ResultError, match="which scenario made it"):
        fs.save(xr.Dataset({"bookings": ("draw", [1.0])}), tmp_path / "r.nc")
    with pytest.raises(ResultError, match="netCDF cannot hold"):
        fs.save(samples.assign_attrs(mine={"a": 1}), tmp_path / "r.nc")
    with pytest.raises(ResultError, match="samples have no JSON form"):
        fs.save(samples, tmp_path / "r.json")
    with pytest.raises(ResultError, match="one Dataset"):
        fs.save([samples, samples], tmp_path / "r.nc")
    with pytest.raises(FileNotFoundError, match="No such folder"):
        fs.save(samples, tmp_path / "none" / "r.nc")
    (tmp_path / "folder.nc").mkdir()
    with pytest.raises(IsADirectoryError):
        fs.save(samples, tmp_path / "folder.nc")
    assert files_in(tmp_path) == ["folder.nc"]


# Whole or absent


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old\n")

    def fail() -> None:
        with whole_file(path) as part:
            part.write_text("half", encoding="utf-8")
            assert path.read_text(encoding="utf-8") == "old\n"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old\n"
    assert files_in(tmp_path) == ["note.txt"]


@pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")
def test_files_are_as_readable_as_any_other(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "")
    (tmp_path / "b").write_text("", encoding="utf-8")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.slow
def test_readers_see_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Kill a process that saves over its own file without end, at 15 moments."""
    path = tmp_path / "r.nc"
    code = (
        "import sys, funnelsim as fs\n"
        "results = [fs.simulate(fs.preset('sales_math'), draws=n, seed=1) for n in (3000, 4000)]\n"
        "while True:\n"
        "    for each in results: fs.save(each, sys.argv[1])\n"
    )
    for moment in range(15):
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", code, str(path)])
        while not path.exists():
            time.sleep(0.01)
        time.sleep(0.007 * moment)
        process.kill()
        process.wait()
        assert fs.open(path).sizes["draw"] in (3_000, 4_000)


# CSV


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_csv_holds_every_number_once(tmp_path: Path, samples: xr.Dataset) -> None:
    part = samples.isel(draw=slice(0, 7))
    fs.save(part, tmp_path / "r.csv")
    rows = rows_of(tmp_path / "r.csv")
    assert len(rows) == sum(array.size for array in part.data_vars.values())
    for row in rows:
        array = part[row["variable"]].sel(quarter=int(row["quarter"])).isel(draw=int(row["draw"]))
        for dim in ("stage", "kpi"):
            if row[dim]:
                array = array.sel({dim: row[dim]})
        assert float(row["value"]) == float(array.squeeze())
        assert (row["scenario"], row["seed"], row["segment"]) == ("Sales Math", "1", "rep")


def test_csv_of_summaries_has_their_errors(
    tmp_path: Path, samples: xr.Dataset, truth: xr.Dataset
) -> None:
    quarterly, yearly = (fs.attainment(samples, by=period) for period in ("quarter", "year"))
    fs.save([quarterly, yearly], tmp_path / "r.csv")
    rows = [r for r in rows_of(tmp_path / "r.csv") if r["variable"] == "attainment_probability"]
    assert [(row["quarter"], row["year"]) for row in rows] == [
        *((str(quarter), "") for quarter in (1, 2, 3, 4)),
        ("", "1"),
    ]
    name = "attainment_probability_standard_error"
    errors = [*quarterly[name].values[0], *yearly[name].values[0]]
    assert [float(row["standard_error"]) for row in rows] == errors
    fs.save(truth, tmp_path / "exact.csv")
    assert rows_of(tmp_path / "exact.csv")[0].keys() >= {"value", "numerical_error"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_csv_runs_no_formula(tmp_path: Path, summary: xr.Dataset, start: str) -> None:
    """Names like these cannot be stated; a Dataset may still carry them."""
    hostile = f"{start}cmd|' /C calc'!A0"
    stages = [hostile, *summary["stage"].values[1:]]
    result = summary.assign_coords(stage=stages).assign_attrs(title=hostile)
    fs.save(result, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    harmless = "'" + hostile.replace("\r", " ").replace("\n", " ")
    assert {row["scenario"] for row in rows} == {harmless}
    assert harmless in {row["stage"] for row in rows}
    negative = summary.assign(bookings_mean=-summary["bookings_mean"])
    fs.save(negative, tmp_path / "n.csv")
    values = [
        row["value"] for row in rows_of(tmp_path / "n.csv") if row["variable"] == "bookings_mean"
    ]
    assert all(value.startswith("-") and float(value) < 0 for value in values)


# JSON


def test_every_summary_has_its_key() -> None:
    assert set(JSON_KEYS) == {variable.name for variable in (*SUMMARIES, *QUARTER_SUMMARIES)}
    assert len(set(JSON_KEYS.values())) == len(JSON_KEYS)


def estimates(node: Any) -> list[dict[str, Any]]:
    """Every estimate inside a JSON object."""
    if isinstance(node, list):
        return [found for each in node for found in estimates(each)]
    if not isinstance(node, dict):
        return []
    if "value" in node:
        return [node]
    return [found for each in node.values() for found in estimates(each)]


@pytest.mark.parametrize("error", ["standard_error", "numerical_error"])
def test_json_holds_every_number(
    error: str, plan: fs.Scenario, summary: xr.Dataset, truth: xr.Dataset
) -> None:
    quarterly = summary if error == "standard_error" else truth
    answer = json.loads(json_text(as_json(quarterly)))
    assert all(set(each) == {"value", error} for each in estimates(answer))
    expected = sum(a.size for name, a in quarterly.data_vars.items() if not name.endswith("_error"))
    assert len(estimates(answer)) == expected
    assert answer["scenario"] == "Sales Math"
    assert [entry["quarter"] for entry in answer["results"]] == [1, 2, 3, 4]
    for quarter, entry in enumerate(answer["results"]):
        assert entry["segment"] == "rep"

        def value(name: str, *index: int, quarter: int = quarter) -> dict[str, float]:
            place = (0, quarter, *index)
            return {
                "value": quarterly[name].values[place],
                error: quarterly[f"{name}_{error}"].values[place],
            }

        for name in ("attainment_probability", "repeatable_attainment_probability"):
            assert entry[name] == value(name)
        assert entry["bookings"] == {
            "mean": value("bookings_mean"),
            "sd": value("bookings_sd"),
            "p10": value("bookings_quantile", 0),
            "p50": value("bookings_quantile", 1),
            "p90": value("bookings_quantile", 2),
        }
        assert entry["windfall_bookings"] == {"mean": value("windfall_bookings_mean")}
        assert [each["stage"] for each in entry["stages"]] == ["discovery", "demo", "won"]
        assert entry["stages"][2]["reached"] == value("reached_mean", 2)
    (at_least,) = answer["at_least"]
    assert (at_least["segment"], at_least["quarters"]) == ("rep", 4)
    values = [each["value"] for each in at_least["probabilities"]]
    assert values == quarterly["at_least_probability"].values[0].tolist()


def test_json_of_years(summary: xr.Dataset, samples: xr.Dataset) -> None:
    answer = as_json(summary, fs.attainment(samples, by="year"))
    (year,) = answer["years"]
    assert year["year"] == 1
    assert set(year) <= set(answer["results"][0]) | {"year"}


def test_json_says_null_and_why(summary: xr.Dataset, truth: xr.Dataset) -> None:
    reasons = {
        "bookings_sd": "no variance",
        "kpi_probability": "days",
        "at_least_probability": "no",
    }
    kept = [n for n in truth.data_vars if not str(n).startswith(tuple(reasons))]
    partly = truth[kept].assign_attrs(refused=json.dumps(reasons))
    answer = as_json(partly)
    assert answer["results"][0]["bookings"]["sd"] is None
    assert answer["results"][0]["kpis"] is None
    assert answer["at_least"] is None
    assert answer["refused"] == {
        "results.bookings.sd": "no variance",
        "results.kpis[].attainment_probability": "days",
        "at_least": "no",
    }
    nothing = summary.assign(
        attainment_given_kpi_missed=summary["attainment_given_kpi_missed"] * np.nan
    )
    given = json.loads(json_text(as_json(nothing)))["results"][0]["attainment_given_kpi"]
    assert given["missed"]["value"] is None
    assert given["hit"]["value"] is not None


def test_the_registry_is_a_function(plan: fs.Scenario) -> None:
    assert {variable.name for variable in fs.variables()} >= {"bookings", "attainment_probability"}
