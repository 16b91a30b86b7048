"""Any number of draws: exact however they are divided, in memory that is announced, resumable."""

from __future__ import annotations

import errno
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.analysis import tally as module
from funnelsim.analysis.attainment import summaries
from funnelsim.analysis.quantiles import PENDING, QuantileStream
from funnelsim.analysis.tally import GRAIN, MOST_TERMS, Tally
from funnelsim.analysis.team.team import teams
from funnelsim.errors import ArgumentError, ResourceError, ResultError
from killed import check_kills
from peaks import bytes_above_import

PLAN = fs.preset("sales_math").variant("windfalls")
TEAM = PLAN.replace({"headcount": 3, "plan.over_assignment": 1.2, "market.cv": 0.1})
DRAWS = 60_000  # of what is interrupted: eight grains
HERE = Path(__file__).parent


# Exact, however draws are divided


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=40))
def test_few_terms_have_the_sum_of_many(terms: list[float]) -> None:
    few = module._fewest([np.array([term, -term]) for term in terms])
    assert len(few) <= len(terms) + 1
    for column, sign in ((0, 1), (1, -1)):
        assert sum(Fraction(float(term[column])) for term in few) == sign * sum(
            map(Fraction, terms)
        )


@pytest.fixture(scope="module")
def grains() -> list[dict[str, np.ndarray]]:
    samples = fs.simulate(PLAN, draws=6 * GRAIN + 77, seed=3)
    names = [str(name) for name in samples.data_vars]
    return [
        {name: samples[name].values[start : start + GRAIN] for name in names}
        for start in range(0, samples.sizes["draw"], GRAIN)
    ]


def told(tally: Tally) -> bytes:
    found = [tally.mean("bookings"), tally.sd("bookings"), tally.quantiles()]
    found += [tally.probability(name) for name in ("attained", "kpis", "at least")]
    found += [tally.conditional("attained", "no kpis"), tally.mean("shortfall", given="missed")]
    return b"".join(array.tobytes() for pair in found for array in pair)


@settings(max_examples=12)
@given(luck=st.randoms(use_true_random=False))
def test_tallies_of_parts_are_the_tally_of_all(
    grains: list[dict[str, np.ndarray]], luck: random.Random
) -> None:
    """Whoever took them in, sent or kept meanwhile, and however many a part has."""
    whole = Tally(np.array(PLAN.quotas), by_year=False)
    for grain in grains:
        whole.add(grain)
    parts, left = Tally(np.array(PLAN.quotas), by_year=False), list(grains)
    while left:
        part, size = parts.fresh(), luck.randint(1, 3) if parts.draws else 1
        for grain in left[:size]:
            part.add(grain)
        left = left[size:]
        if luck.random() < 0.5:
            part = pickle.loads(pickle.dumps(part))  # noqa: S301  our own
        else:
            kept, part = part.state(), parts.fresh()
            part.restore(kept)
        parts.merge(part)
    assert parts.draws == whole.draws
    assert told(parts) == told(whole)


def test_counts_hold_beyond_32_bits(grains: list[dict[str, np.ndarray]]) -> None:
    """The same draws over and over, some 2 * 10^12: doubled again and again."""
    whole = Tally(np.array(PLAN.quotas), by_year=False)
    whole.add(grains[0])
    probability, error = whole.probability("attained")
    kpis, _ = whole.probability("kpis")
    times = 1 << 28
    for _ in range(28):
        part = whole.fresh()
        part.restore(whole.state())
        whole.merge(part)
    assert whole.draws == GRAIN * times > 2**40
    assert whole.probability("attained")[0].tobytes() == probability.tobytes()
    assert whole.probability("kpis")[0].tobytes() == kpis.tobytes()
    np.testing.assert_allclose(whole.probability("attained")[1], error / 2**14, rtol=1e-3)
    bookings = grains[0]["bookings"][:, 0]
    quantiles, _ = whole.quantiles()
    expected = np.quantile(bookings, [0.1, 0.5, 0.9], axis=0, method="inverted_cdf").T
    np.testing.assert_array_equal(quantiles, expected)


@pytest.mark.parametrize("kind", ["continuous", "steps", "constant"])
def test_quantiles_of_parts_are_exact_and_little_is_sent(kind: str) -> None:
    rng = np.random.default_rng(5)
    values = rng.lognormal(size=40 * PENDING)
    if kind != "continuous":
        values = np.round(values) if kind == "steps" else np.ones_like(values)
    for probability in (0.1, 0.5, 0.9):
        stream, sent = QuantileStream(probability), 0
        for part in np.split(values, 320):
            fresh = stream.fresh()
            fresh.add(part)
            message = pickle.dumps(fresh)
            sent += len(message)
            stream.merge(pickle.loads(message))  # noqa: S301  our own
        found, _ = stream.estimate()
        assert found == np.quantile(values, probability, method="inverted_cdf")
        assert sent < 0.25 * values.nbytes
        assert len(pickle.dumps(stream)) < 16 * PENDING


@pytest.mark.parametrize("kind", ["continuous", "steps"])
@pytest.mark.parametrize("apart", [0.01, 0.1])
def test_quantiles_take_in_what_was_kept_through_another_window(kind: str, apart: float) -> None:
    """A journal may hold more of the values near the rank, or fewer, each once with its count."""
    rng = np.random.default_rng(8)
    values = rng.lognormal(size=60_000)
    if kind == "steps":
        values = np.round(values, 2)
    for probability in (0.1, 0.5, 0.9):
        stream = QuantileStream(probability)
        first, second = values[:40_000], values[40_000:]
        stream.add(first)
        low, high = np.quantile(second, [max(probability - apart, 0.0), probability + apart])
        near = second[(second >= low) & (second <= high)]
        inside, counts = np.unique(near, return_counts=True)
        kept = {"count": second.size, "below": int((second < low).sum()), "values": inside}
        part = stream.fresh()
        part.restore(kept | ({"counts": counts} if kind == "steps" else {}))
        stream.merge(part)
        found, _ = stream.estimate()
        assert found == np.quantile(values, probability, method="inverted_cdf")


def test_a_tally_does_not_grow(grains: list[dict[str, np.ndarray]]) -> None:
    whole = Tally(np.array(PLAN.quotas), by_year=False)
    for _ in range(3 * MOST_TERMS):
        whole.add({name: values[:8] for name, values in grains[0].items()})
    assert max(map(len, whole._sums.values())) <= MOST_TERMS
    assert all(len(np.stack(module._fewest(terms))) <= 4 for terms in whole._sums.values())


# Interrupted


class Interrupted(Exception):
    """Stands for Ctrl-C, or for whatever ends a process."""


def interrupted(store: Path, after: int = DRAWS // 2, **arguments: Any) -> Path:
    """Begin a summary that gets so far; return where its draws are kept."""

    def progress(done: int, _: int) -> None:
        if done >= after:
            raise Interrupted

    asked: dict[str, Any] = {"draws": DRAWS, "seed": 1, "store": store, **arguments}
    with pytest.raises(Interrupted):
        fs.summarize(asked.pop("plan", PLAN), progress=progress, **asked)
    assert not store.exists()
    return store.with_name(store.name + ".unfinished")


def test_an_interrupted_summary_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole = fs.summarize(PLAN, draws=DRAWS, seed=1)
    store = tmp_path / "summary.nc"
    interrupted(store, GRAIN)
    interrupted(store, DRAWS // 2)
    seen: list[int] = []
    resumed = fs.summarize(
        PLAN, draws=DRAWS, seed=1, store=store, progress=lambda done, _: seen.append(done)
    )
    assert DRAWS // 2 <= seen[0] < DRAWS  # what was kept
    assert seen[-1] == DRAWS
    assert [path.name for path in tmp_path.iterdir()] == ["summary.nc"]
    for result in (resumed, fs.summarize(PLAN, draws=DRAWS, seed=1, store=store)):
        assert result.identical(whole)
        for name in whole.variables:
            assert result[name].values.tobytes() == whole[name].values.tobytes(), name
    opened = fs.open(store)
    xr.testing.assert_equal(opened, whole)
    assert fs.scenario_of(opened) == PLAN


def test_quarters_and_years_are_kept_together(tmp_path: Path) -> None:
    store = tmp_path / "both.nc"
    periods = ("quarter", "year")
    truth = summaries(PLAN, periods, 3_000, 1)
    for _ in range(2):  # simulated, then read
        for one, other in zip(summaries(PLAN, periods, 3_000, 1, store=store), truth, strict=True):
            assert one.identical(other)
    assert fs.open(store).sizes["quarter"] == 4
    with pytest.raises(ResultError, match="summary: there quarter and year, now quarter"):
        fs.summarize(PLAN, draws=3_000, seed=1, store=store)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"draws": DRAWS + 1}, f"draws: there {DRAWS}, now {DRAWS + 1}"),
        ({"seed": 2}, "seed: there 1, now 2"),
        ({"by": "year"}, "summary: there quarter, now year"),
        ({"plan": PLAN.replace({"quota.per_quarter": 1e5})}, "scenario: -per_quarter = 250000"),
    ],
)
@pytest.mark.parametrize("finished", [False, True])
def test_another_question_is_refused(
    tmp_path: Path, other: dict[str, Any], message: str, finished: bool
) -> None:
    store = tmp_path / "summary.nc"
    asked: dict[str, Any] = {"plan": PLAN, "draws": DRAWS, "seed": 1, "store": store}
    if finished:
        fs.summarize(**asked)
    else:
        interrupted(store, GRAIN)
    (kept,) = tmp_path.iterdir()
    before = kept.read_bytes()
    with pytest.raises(ResultError, match=message):
        fs.summarize(**asked | other)
    assert kept.read_bytes() == before


def test_a_torn_end_counts_for_nothing_and_damage_is_found(tmp_path: Path) -> None:
    store = tmp_path / "summary.nc"
    kept = interrupted(store)
    whole, truth = kept.read_bytes(), fs.summarize(PLAN, draws=DRAWS, seed=1)
    luck = random.Random(1)  # noqa: S311  no secret
    header = whole.index(b"\n") + 1
    for cut in luck.sample(range(header, len(whole)), 3):
        kept.write_bytes(whole[:cut])
        assert fs.summarize(PLAN, draws=DRAWS, seed=1, store=store).identical(truth)
        store.unlink()
    for at in luck.sample(range(len(whole) - 1), 10):
        content = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        kept.write_bytes(content)
        with pytest.raises(ResultError, match=r"Move the file away|Name another store"):
            fs.summarize(PLAN, draws=DRAWS, seed=1, store=store)
        assert kept.read_bytes() == content


def test_what_two_at_a_time_have_written_is_taken_in_once(tmp_path: Path) -> None:
    store = tmp_path / "summary.nc"
    kept = interrupted(store)
    header, *lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(header + b"".join(line for line in lines for _ in range(2)))
    resumed = fs.summarize(PLAN, draws=DRAWS, seed=1, store=store)
    assert resumed.identical(fs.summarize(PLAN, draws=DRAWS, seed=1))


def test_samples_are_not_kept_in_parts(tmp_path: Path) -> None:
    from funnelsim.analysis.answers import simulated

    with pytest.raises(ArgumentError, match="samples cannot be kept in parts"):
        simulated(PLAN, seed=1, keep_samples=True, store=str(tmp_path / "samples.nc"))
    with pytest.raises(ArgumentError, match=r"fs\.team"):
        fs.summarize(TEAM, draws=10, seed=1, store=tmp_path / "team.nc")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "summary.nc"
    kept = interrupted(store)
    before = kept.read_bytes()

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("funnelsim.results.store.os.open", full)
        with pytest.raises(OSError, match=r"No space left .* and the same call goes on") as caught:
            fs.summarize(PLAN, draws=DRAWS, seed=1, store=store)
    assert caught.value.filename == str(kept)
    assert kept.read_bytes() == before
    with monkeypatch.context() as patch:
        patch.setattr("xarray.Dataset.to_netcdf", _hdf_error)
        with pytest.raises(OSError, match="Is there room on the disk") as caught:
            fs.summarize(PLAN, draws=DRAWS, seed=1, store=store)
    assert caught.value.filename == str(store)
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]
    resumed = fs.summarize(PLAN, draws=DRAWS, seed=1, store=store)
    assert resumed.identical(fs.summarize(PLAN, draws=DRAWS, seed=1))


def _hdf_error(*_: Any, **__: Any) -> None:
    raise RuntimeError("NetCDF: HDF error")  # all that its library says of a full disk


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    folder = tmp_path / "folder.nc"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        fs.summarize(PLAN, draws=10, seed=1, store=folder)
    assert list(tmp_path.iterdir()) == [folder]


# A team


def test_an_interrupted_team_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """On another number of threads, and by quarter and year at once, as the command asks."""
    draws, store = 20_000, tmp_path / "team.nc"
    whole = teams(TEAM, ("quarter", "year"), draws, 1, 1)

    def stop(done: int, _: int) -> None:
        if done >= draws // 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        teams(TEAM, ("quarter", "year"), draws, 1, 2, stop, store=store)
    seen: list[int] = []
    resumed = teams(
        TEAM, ("quarter", "year"), draws, 1, 1, lambda done, _: seen.append(done), store=store
    )
    assert draws // 3 <= seen[0] < seen[-1] == draws
    again = teams(TEAM, ("quarter", "year"), draws, 1, store=store)
    for found in (resumed, again):
        for result, truth in zip(found, whole, strict=True):
            assert result.identical(truth)
            for name in truth.variables:
                assert result[name].values.tobytes() == truth[name].values.tobytes(), name
    assert [path.name for path in tmp_path.iterdir()] == ["team.nc"]
    with pytest.raises(ResultError, match="summary: there team by quarter and year, now team by"):
        fs.team(TEAM, draws=draws, seed=1, store=store)


def test_a_team_and_a_rep_are_other_questions(tmp_path: Path) -> None:
    """A rep with a plan can be asked about as either."""
    plan, store = PLAN.replace({"plan.over_assignment": 1.2}), tmp_path / "summary.nc"
    fs.summarize(plan, draws=100, seed=1, store=store)
    with pytest.raises(ResultError, match="summary: there quarter, now team by quarter"):
        fs.team(plan, draws=100, seed=1, store=store)


def test_a_damaged_journal_of_a_team_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "team.nc"

    def stop(done: int, _: int) -> None:
        if done >= 8_192:
            raise Interrupted

    asked: dict[str, Any] = {"draws": 20_000, "seed": 1, "store": store}
    with pytest.raises(Interrupted):
        fs.team(TEAM, progress=stop, **asked)
    kept = store.with_name(store.name + ".unfinished")
    whole, luck = kept.read_bytes(), random.Random(1)  # noqa: S311  no secret
    for at in luck.sample(range(len(whole) - 1), 8):
        content = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        kept.write_bytes(content)
        with pytest.raises(ResultError, match=r"Move the file away|Name another store"):
            fs.team(TEAM, **asked)
        assert kept.read_bytes() == content


# Interrupted from outside

COMMAND = [sys.executable, "-c", "from funnelsim.cli import main; main()", "simulate"]


def begin(store: Path, draws: int) -> subprocess.Popen[str]:
    """Begin a long run of one rep, and wait until some of it is kept."""
    arguments = ["sales_math", "--draws", str(draws), "--store", str(store), "--threads", "2"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    kept = store.with_name(store.name + ".unfinished")
    before = kept.stat().st_size if kept.exists() else 0
    while process.poll() is None and (not kept.exists() or kept.stat().st_size <= before + 5_000):
        time.sleep(0.01)
    return process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a single process")
def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    store = tmp_path / "long.nc"
    process = begin(store, 10**9)
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert printed == ""
    assert said.splitlines()[0].startswith("4,000,000,000 rep-quarters. Memory: up to ")
    assert said.splitlines()[1:] == [
        f"Draws are kept for {store}: the same command goes on there.",
        "Interrupted.",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["long.nc.unfinished"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.parametrize("kind", ["summary", "team", "luck"])
def test_a_summary_that_is_killed_again_and_again_ends_in_the_same_bytes(kind: str) -> None:
    check_kills(kind)


# Memory


def plans() -> dict[str, fs.Scenario]:
    return {
        "rep": PLAN,
        "long": PLAN.replace({"calendar.quarters": 20}),
        "team": PLAN.replace({"headcount": 10, "plan.over_assignment": 1.2}),
        "three": PLAN.replace({"headcount": 3, "plan.over_assignment": 1.2}),
    }


MORE = {  # what calls are told beside the draws; their memory is that of "streamed" unless named
    "simulate": ("samples", ""),
    "luck": ("luck", ""),
    "headcount": ("headcount", "probability=0.8, "),
    "sweep": ("streamed", "over={'quota.per_quarter': [2e5, 3e5]}, method='simulated', "),
}


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from Linux")
@pytest.mark.parametrize(
    ("plan", "call", "draws"),
    [
        ("rep", "simulate", 300_000),
        ("rep", "summarize", 1_000),
        ("rep", "summarize", 400_000),
        ("long", "summarize", 60_000),
        ("team", "team", 6_000),
        ("team", "simulate", 20_000),
        ("rep", "luck", 8_192),
        ("rep", "sweep", 60_000),
        ("three", "headcount", 200_000),
    ],
)
def test_memory_is_announced_and_kept(plan: str, call: str, draws: int) -> None:
    """The peak above import, with machine code from the cache, within 1.2 times of it."""
    fs.summarize(PLAN, draws=10, seed=1)  # fills the cache
    name, more = MORE.get(call, ("streamed", ""))
    taken = bytes_above_import(
        f"fs.{call}(plan, {more}draws={draws}, seed=1, threads=2)",
        f"from test_large_runs import plans; plan = plans()[{plan!r}]",
    )
    needed = fs.memory_needed(plans()[plan], draws=draws, threads=2)
    announced = getattr(needed, name)
    assert 0.4 < taken / announced < 1.2


def test_what_headcount_keeps_of_each_draw_is_announced() -> None:
    """A growth for the segment, for the company, and for hires in each of three weeks."""
    few, many = (
        fs.memory_needed(plans()["three"], draws=draws, threads=2).headcount
        for draws in (10**6, 2 * 10**6)
    )
    from funnelsim.analysis.sizing.growth import Growth

    growth = Growth(1_000, np.array([1.0]))
    held = sum(each.nbytes for each in vars(growth).values() if isinstance(each, np.ndarray))
    assert (many - few) / 1e6 > (2 + 3) * (held // 1_000)


def test_memory_of_what_cannot_be_asked_is_refused_as_the_call_refuses_it() -> None:
    with pytest.raises(ArgumentError, match="answers for one rep"):
        _ = fs.memory_needed(TEAM, draws=10).luck
    wins = PLAN.replace({"quota.of": "wins", "quota.per_quarter": 3})
    with pytest.raises(ArgumentError, match="nobody books"):
        _ = fs.memory_needed(wins, draws=10).headcount


def test_what_is_refused_is_what_was_announced() -> None:
    """Samples alone: what simulate refuses is what it would keep."""
    team = fs.preset("sales_math").replace({"headcount": 2})
    for plan in (PLAN, team):
        announced = [
            fs.memory_needed(plan, draws=draws, threads=1).samples for draws in (1_000, 3_000)
        ]
        with pytest.raises(ResourceError) as caught:
            fs.simulate(plan, draws=2_000, seed=1, memory=1)
        assert f"memory={announced[1] - announced[0]}" in str(caught.value)


def test_streaming_hardly_grows() -> None:
    few, many = (
        fs.memory_needed(PLAN, draws=draws, threads=2).streamed for draws in (10**6, 10**9)
    )
    assert few < many < 2 * few
    assert many < 400e6


def test_what_is_told_of_clusters_is_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of the documentation is the one that the code computes."""
    monkeypatch.syspath_prepend(HERE.parent)
    from benchmarks.on_paper import table

    page = HERE.parent / "docs" / "how-to" / "run-on-a-cluster.md"
    assert table() in page.read_text(encoding="utf-8")
