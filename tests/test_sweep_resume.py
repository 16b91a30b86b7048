"""Sweeps that are interrupted: nothing is done twice, nothing differs, nothing is overwritten."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.analysis.sweep import cells
from funnelsim.analysis.sweep.sweep import sweep
from funnelsim.errors import ArgumentError, ResultError
from killed import check_kills
from twin_plans import sales_math

OVER = {"activity.per_quarter": [600, 750, 900], "stages.won.conversion": [0.3, 0.4]}
CELLS = 6


class Interrupted(Exception):
    """Stands for Ctrl-C, or for whatever ends a process."""


def stopping_after(count: int) -> Any:
    def progress(done: int, _: int) -> None:
        if done >= count:
            raise Interrupted

    return progress


def interrupted(store: Path, after: int = 3, **arguments: Any) -> Path:
    """Begin a sweep that gets so far; return where its finished cells are kept."""
    with pytest.raises(Interrupted):
        sweep(sales_math(), OVER, store=store, progress=stopping_after(after), **arguments)
    assert not store.exists()
    return store.with_name(store.name + ".unfinished")


def files_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("arguments", [{}, {"method": "simulated", "draws": 300, "seed": 1}])
def test_an_interrupted_sweep_goes_on_to_the_same_bytes(
    tmp_path: Path, arguments: dict[str, Any]
) -> None:
    whole = sweep(sales_math(), OVER, store=tmp_path / "whole.nc", **arguments)
    assert files_in(tmp_path) == ["whole.nc"]
    store = tmp_path / "sweep.nc"
    interrupted(store, 2, **arguments)
    told: list[int] = []
    with pytest.raises(Interrupted):
        sweep(sales_math(), OVER, store=store, progress=stopping_after(4), **arguments)
    resumed = sweep(
        sales_math(), OVER, store=store, progress=lambda done, _: told.append(done), **arguments
    )
    assert told == [4, 5, 6]  # four were kept, two were missing
    assert files_in(tmp_path) == ["sweep.nc", "whole.nc"]
    for result in (resumed, fs.open(store)):
        xr.testing.assert_identical(result, whole)
        for name in whole.variables:
            assert result[name].values.tobytes() == whole[name].values.tobytes(), name
    assert store.read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_cells_of_both_methods_are_kept(tmp_path: Path) -> None:
    """Reasons and NaN as well."""
    whale = {"probability": 0.03, "multiple": 2}
    plan = sales_math(deal_size={"law": "empirical", "amounts": [80_000, 90_000], "whale": whale})
    over = {"deal_size.whale.multiple": [2, 2.123456789, 3, 3.123456789]}
    arguments: dict[str, Any] = {"draws": 200, "seed": 1, "store": tmp_path / "sweep.nc"}
    with pytest.raises(Interrupted):
        sweep(plan, over, progress=stopping_after(3), **arguments)
    resumed = sweep(plan, over, **arguments)
    assert resumed.method.values.tolist() == ["exact", "simulated"] * 2
    xr.testing.assert_identical(resumed, sweep(plan, over, **arguments | {"store": None}))
    xr.testing.assert_identical(resumed, fs.open(tmp_path / "sweep.nc"))


def test_a_finished_sweep_is_read_not_run(tmp_path: Path, monkeypatch: Any) -> None:
    whole = sweep(sales_math(), OVER, store=tmp_path / "sweep.nc")
    monkeypatch.setattr(cells, "exact", None)
    told: list[tuple[int, int]] = []
    arguments: dict[str, Any] = {"store": tmp_path / "sweep.nc", "threads": 1}
    again = sweep(sales_math(), OVER, progress=lambda *n: told.append(n), **arguments)
    xr.testing.assert_identical(again, whole)
    assert told == [(CELLS, CELLS)]


def test_what_a_finished_sweep_left_behind_is_tidied_up(tmp_path: Path) -> None:
    store = tmp_path / "sweep.nc"
    kept = interrupted(store)
    ours, others = kept.read_bytes(), b"of somebody else"
    sweep(sales_math(), OVER, store=store)
    for content, left in ((ours, ["sweep.nc"]), (others, ["sweep.nc", kept.name])):
        kept.write_bytes(content)
        sweep(sales_math(), OVER, store=store)
        assert files_in(tmp_path) == left


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    over = {path: np.array(values) for path, values in OVER.items()}
    metrics = np.array(["bookings_mean"])
    draws, seed = np.int64(100), np.int64(1)
    arguments: dict[str, Any] = {"method": "simulated", "store": tmp_path / "sweep.nc"}
    first = sweep(sales_math(), over, draws=draws, seed=seed, metrics=metrics, **arguments)
    again = sweep(sales_math(), OVER, draws=100, seed=1, metrics=["bookings_mean"], **arguments)
    xr.testing.assert_identical(first, again)


# Another question

ASKED = {"method": "simulated", "metrics": ["bookings_mean"], "draws": 200, "seed": 1}
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "method": ({"method": "auto"}, "method: there simulated, now auto"),
    "metrics": ({"metrics": None}, r"metrics: there \['bookings_mean'\], now none"),
    "draws": ({"draws": 201}, "draws: there 200, now 201"),
    "seed": ({"seed": 2}, "seed: there 1, now 2"),
    "values": (
        {"over": {**OVER, "activity.per_quarter": [600, 700, 900]}},
        r"over: there activity\.per_quarter \(3 from 600 to 900\)",
    ),
    "order": ({"over": dict(reversed(OVER.items()))}, "over: there"),
    "scenario": (
        {"plan": sales_math(quota={"per_quarter": 260_000})},
        r"scenario: -per_quarter = 250000 \| \+per_quarter = 260000",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("finished", [False, True])
def test_another_question_is_refused(tmp_path: Path, other: str, finished: bool) -> None:
    asked: dict[str, Any] = {"plan": sales_math(), "over": OVER, "store": tmp_path / "sweep.nc"}
    asked |= ASKED
    if finished:
        sweep(**asked)
    else:
        interrupted(tmp_path / "sweep.nc", **ASKED)
    (kept,) = tmp_path.iterdir()
    before = kept.read_bytes()
    changes, message = OTHERS[other]
    with pytest.raises(ResultError, match=message) as caught:
        sweep(**asked | changes)
    assert "Name another store" in str(caught.value)
    assert kept.read_bytes() == before
    assert files_in(tmp_path) == [kept.name]


def test_another_version_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    interrupted(tmp_path / "sweep.nc", **ASKED)
    versioned = cells.provenance

    def later(plan: fs.Scenario) -> dict[str, str | int]:
        return versioned(plan) | {"funnelsim_version": "99"}

    with monkeypatch.context() as patch:
        patch.setattr(cells, "provenance", later)
        with pytest.raises(ResultError, match=r"funnelsim_version: there .*, now 99"):
            sweep(sales_math(), OVER, store=tmp_path / "sweep.nc", **ASKED)
    monkeypatch.setattr(cells, "STREAM_VERSION", cells.STREAM_VERSION + 1)
    with pytest.raises(ResultError, match="stream_version: there 1, now 2"):
        sweep(sales_math(), OVER, store=tmp_path / "sweep.nc", **ASKED)


def test_what_changes_no_number_is_no_other_question(tmp_path: Path) -> None:
    interrupted(tmp_path / "sweep.nc", threads=2)
    variants = {"more": {"activity": {"per_quarter": 900}}}
    sweep(sales_math(variants=variants), OVER, store=tmp_path / "sweep.nc", threads=1)
    sweep(sales_math(), {path: tuple(OVER[path]) for path in OVER}, store=tmp_path / "sweep.nc")


# Damage


def test_a_torn_end_counts_for_nothing(tmp_path: Path) -> None:
    """Cut wherever a killed process may have stopped writing."""
    store = tmp_path / "sweep.nc"
    kept = interrupted(store)
    whole = kept.read_bytes()
    truth = sweep(sales_math(), OVER)
    header = whole.index(b"\n") + 1
    for cut in random.Random(1).sample(range(header, len(whole)), 12):  # noqa: S311  no secret
        kept.write_bytes(whole[:cut])
        xr.testing.assert_identical(sweep(sales_math(), OVER, store=store), truth)
        store.unlink()


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "sweep.nc"
    kept = interrupted(store)
    whole = kept.read_bytes()
    places = random.Random(1).sample(range(len(whole) - 1), 40)  # noqa: S311  no secret
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    lines = whole.splitlines(keepends=True)
    for content in (*damaged, b"", b"\n" + whole, lines[0][:50], b"".join(lines[1:])):
        kept.write_bytes(content)
        with pytest.raises(ResultError, match=r"Move the file away|Name another store"):
            sweep(sales_math(), OVER, store=store)
        assert kept.read_bytes() == content
        assert files_in(tmp_path) == [kept.name]


def test_no_foreign_file_is_overwritten(tmp_path: Path) -> None:
    store = tmp_path / "sweep.nc"
    result = fs.exact(sales_math())
    fs.save(result, store)
    saved = store.read_bytes()
    for content in (saved, saved[:1_000], b"", b"notes"):
        store.write_bytes(content)
        with pytest.raises(ResultError, match="Name another store"):
            sweep(sales_math(), OVER, store=store)
        assert store.read_bytes() == content


def test_a_store_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    def refused(error: type[Exception], message: str, **arguments: Any) -> None:
        asked = {"plan": sales_math(), "over": OVER, "progress": stopping_after(0)} | arguments
        with pytest.raises(error, match=message):
            sweep(**asked)
        assert files_in(tmp_path) == []

    refused(ArgumentError, "must be .nc", store=tmp_path / "sweep.csv")
    refused(FileNotFoundError, "No such folder", store=tmp_path / "none" / "sweep.nc")
    slash = sales_math(kpis=[{"name": "a/b", "metric": "activities", "target": 5, "per": "week"}])
    over = {'kpis."a/b".target': [5, 6]}
    refused(ArgumentError, "without a slash", plan=slash, over=over, store=tmp_path / "sweep.nc")


# Killed

PROGRAM = """
import sys, time
from twin_plans import sales_math
from funnelsim.analysis.sweep.sweep import sweep

whale = {"probability": 0.03, "multiple": 2}
levels = range(750, 750 + 2 * int(sys.argv[3]))
sweep(
    sales_math(deal_size={"law": "empirical", "amounts": [80_000, 90_000], "whale": whale}),
    # cells of these are exact and simulated in turn
    {"activity.per_quarter": levels, "deal_size.whale.multiple": [2, 2.123456789]},
    draws=100,
    seed=1,
    store=sys.argv[1],
    progress=lambda *_: time.sleep(float(sys.argv[2])),
)
"""


def start(store: Path, pause: float, pairs: int) -> subprocess.Popen[bytes]:
    arguments = [str(store), str(pause), str(pairs)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=Path(__file__).parent)


def finished_cells(store: Path) -> int:
    kept = store.with_name(store.name + ".unfinished")
    return kept.read_bytes().count(b"\n") - 1 if kept.exists() else 0


def finish(store: Path, pairs: int) -> bytes:
    assert start(store, 0.0, pairs).wait() == 0
    return store.read_bytes()


def wait_for(store: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    while finished_cells(store) < count and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.parametrize("how", ["killed", "Ctrl-C"])
def test_a_sweep_that_is_stopped_from_outside_goes_on(tmp_path: Path, how: str) -> None:
    pairs = 10
    store = tmp_path / "sweep.nc"
    process = start(store, 0.1, pairs)
    wait_for(store, 3, process)
    if how == "killed":
        process.kill()
    elif os.name == "nt":
        pytest.skip("Windows has no SIGINT for a single process")
    else:
        process.send_signal(signal.SIGINT)
    assert process.wait(60) < 0
    assert 3 <= finished_cells(store) < 4 * pairs
    assert finish(store, pairs) == finish(tmp_path / "whole.nc", pairs)
    assert files_in(tmp_path) == ["sweep.nc", "whole.nc"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_a_sweep_that_is_killed_again_and_again_ends_in_the_same_bytes() -> None:
    """At random moments, from before the first cell to the writing of the result."""
    check_kills("sweep")
