"""Luck, kept in parts: whatever interrupts it, it goes on to the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.analysis.luck import ends, luck
from funnelsim.errors import ArgumentError, ResultError
from funnelsim.results.store import UNFINISHED

PLAN = fs.preset("sales_math").variant("windfalls")
TEAM: dict[str, Any] = {"reps": 6, "quarters": 2, "observed": {"close_rate": (0.46, 0.25)}}
DRAWS = 1_600
PIECES = 8  # of them


class Interrupted(Exception):
    """Stands for Ctrl-C, or for whatever ends a process."""


def ask_luck(**asked: Any) -> xr.Dataset:
    return fs.luck(asked.pop("plan", PLAN), **{"draws": DRAWS, "seed": 1, **asked})


def ask_skill(**asked: Any) -> xr.Dataset:
    plan = asked.pop("plan", PLAN)
    return fs.luck_or_skill(plan, **TEAM, **{"draws": DRAWS, "seed": 1, **asked})


Ask = Callable[..., xr.Dataset]


@pytest.fixture(params=[ask_luck, ask_skill], ids=["luck", "luck or skill"])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return how to ask, with so few draws in a block that there are several."""
    monkeypatch.setattr(luck, "BLOCK", DRAWS // PIECES)
    monkeypatch.setattr(ends, "BLOCK_BYTES", 1 << 20)
    found: Ask = request.param
    return found


def interrupted(ask: Ask, store: Path, after: int, **how: Any) -> Path:
    """Begin, and get so far; return where draws are kept."""

    def progress(done: int, _: int) -> None:
        if done >= after:
            raise Interrupted

    with pytest.raises(Interrupted):
        ask(store=store, progress=progress, **how)
    assert not store.exists()
    return store.with_name(store.name + UNFINISHED)


def assert_same_bytes(found: xr.Dataset, truth: xr.Dataset) -> None:
    assert found.identical(truth)
    for name in truth.variables:
        assert found[name].values.tobytes() == truth[name].values.tobytes(), name


def test_an_interrupted_answer_goes_on_to_the_same_bytes(ask: Ask, tmp_path: Path) -> None:
    """Begun on two threads, gone on with on one; a line that is torn meanwhile counts for nothing.

    Then read, by the same call and as any result.
    """
    truth, store, seen = ask(threads=2), tmp_path / "luck.nc", []
    interrupted(ask, store, 1, threads=2)
    kept = interrupted(ask, store, DRAWS // 2, threads=2)
    with kept.open("ab") as file:
        file.write(b"0a1b2c3d {")
    resumed = ask(store=store, threads=1, progress=lambda done, _: seen.append(done))
    assert DRAWS // 2 <= seen[0] < seen[-1] == DRAWS
    assert [path.name for path in tmp_path.iterdir()] == ["luck.nc"]
    assert_same_bytes(resumed, truth)
    assert_same_bytes(ask(store=store), truth)
    opened = fs.open(store)
    xr.testing.assert_equal(opened, truth)
    assert fs.scenario_of(opened) == PLAN


def test_a_store_knows_on_how_many_draws_each_part_rests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(luck, "BLOCK", DRAWS // PIECES)
    interrupted(ask_luck, tmp_path / "luck.nc", 1)
    monkeypatch.setattr(luck, "LEAST_SHARE", 1)
    with pytest.raises(ResultError, match=f"draws_of_sources: there {DRAWS}, now {DRAWS // 4}"):
        ask_luck(store=tmp_path / "luck.nc")


def test_variance_by_source_rests_on_the_first_draws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its answers are those of fewer draws, all others those of all; interrupted where it ends."""
    monkeypatch.setattr(luck, "BLOCK", DRAWS // PIECES)
    whole, few = ask_luck(), ask_luck(draws=DRAWS // 4)
    monkeypatch.setattr(luck, "LEAST_SHARE", 1)
    assert few.attrs["draws_of_sources"] == DRAWS // 4
    assert whole.attrs["draws_of_sources"] == DRAWS
    for after in (1, DRAWS // 4, DRAWS // 2):
        interrupted(ask_luck, tmp_path / "luck.nc", after, threads=2)
        found = ask_luck(store=tmp_path / "luck.nc", threads=1)
        assert found.attrs["draws_of_sources"] == DRAWS // 4
        for name in found.data_vars:
            of_sources = "_variance_share" in name or "_total_index" in name
            truth = (few if of_sources else whole)[name]
            assert found[name].values.tobytes() == truth.values.tobytes(), name
        (tmp_path / "luck.nc").unlink()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"draws": DRAWS + 1}, f"draws: there {DRAWS}, now {DRAWS + 1}"),
        ({"seed": 2}, "seed: there 1, now 2"),
        ({"plan": PLAN.replace({"quota.per_quarter": 1e5})}, "scenario: -per_quarter = 250000"),
    ],
)
def test_another_question_is_refused(
    ask: Ask, other: dict[str, Any], message: str, tmp_path: Path
) -> None:
    store = tmp_path / "luck.nc"
    kept = interrupted(ask, store, 1)
    before = kept.read_bytes()
    with pytest.raises(ResultError, match=message):
        ask(store=store, **other)
    assert kept.read_bytes() == before


def test_luck_and_luck_or_skill_are_other_questions(tmp_path: Path) -> None:
    """So are other teams, and others that were observed."""
    store, asked = tmp_path / "luck.nc", {"draws": 100, "seed": 1}
    fs.luck_or_skill(PLAN, **TEAM, **asked, store=store)
    with pytest.raises(ResultError, match="summary: there luck or skill, now luck"):
        fs.luck(PLAN, **asked, store=store)
    for name, other, message in (
        ("reps", 7, "team: there 6, now 7"),
        ("quarters", 3, "quarters: there 2, now 3"),
        ("observed", {}, r"observed: there \{'close_rate': \[0.46, 0.25\]\}, now \{\}"),
    ):
        with pytest.raises(ResultError, match=message):
            fs.luck_or_skill(PLAN, **TEAM | {name: other}, **asked, store=store)


def test_damage_is_found(ask: Ask, tmp_path: Path) -> None:
    store = tmp_path / "luck.nc"
    kept = interrupted(ask, store, DRAWS // 2)
    whole, luck = kept.read_bytes(), random.Random(1)  # noqa: S311  no secret
    for at in luck.sample(range(len(whole) - 1), 5):
        content = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        kept.write_bytes(content)
        with pytest.raises(ResultError, match=r"Move the file away|Name another store"):
            ask(store=store)
        assert kept.read_bytes() == content


def test_what_is_wrong_is_said_before_anything_is_written(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"the ending must be \.nc"):
        ask(store=tmp_path / "luck.csv")
    with pytest.raises(FileNotFoundError):
        ask(store=tmp_path / "none" / "luck.nc")
    assert not list(tmp_path.iterdir())


def test_what_is_kept_of_luck_does_not_grow_with_the_draws_of_a_piece(tmp_path: Path) -> None:
    """Sums and products, however many draws they are of: some hundred kilobytes."""
    sizes = []
    for name, draws in (("few", 300), ("many", 3_000)):
        kept = interrupted(ask_luck, tmp_path / f"{name}.nc", draws, draws=draws)
        sizes.append(kept.stat().st_size)
    assert sizes[1] < 1.1 * sizes[0] < 1e6


def test_thirds_of_parts_are_those_of_all() -> None:
    whole, parts = ends.Kept(), ends.Kept()
    for block in np.split(np.arange(24.0).reshape(2, 12), 4, axis=1):
        whole.add(block)
        part = parts.fresh()
        part.add(block)
        again = parts.fresh()
        again.restore(part.state())
        parts.merge(again)
    np.testing.assert_array_equal(parts.values(), np.arange(24.0).reshape(2, 12))
    np.testing.assert_array_equal(parts.values(), whole.values())
