"""Whoever does the work, the bytes are the same; what cannot be done is said, not waited for."""

from __future__ import annotations

import itertools
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funnelsim as fs
from engines import Digests, answered, questions, resumed
from funnelsim.engine import cluster
from funnelsim.engine import job as module
from funnelsim.engine.blocks import Job, Run, StoppedError
from funnelsim.engine.cluster import DaskWorkers
from funnelsim.engine.record import LANES
from funnelsim.engine.workers import Call
from funnelsim.errors import ArgumentError, Problem, ResourceError, ScenarioError

HERE = Path(__file__).parent
PLAN = fs.preset("sales_math")


@pytest.fixture(scope="module")
def inline() -> Digests:
    """What one thread answers: that which asks."""
    return answered(threads=1)


def test_questions_have_different_answers_and_blocks_do_not(inline: Digests) -> None:
    """So that equal digests say something."""
    assert inline["simulate in blocks of 997"] == inline["simulate in blocks of 8192"]
    assert len(set(inline.values())) == len(questions()) - 1


def test_threads_answer_the_same(inline: Digests) -> None:
    assert answered(threads=2) == inline


def test_threads_end_at_the_same_time() -> None:
    """No block is longer than half a thread's share of what is left, or than is asked for."""
    draws, block, done = 20_000, 3_000, [0]
    fs.simulate(
        PLAN, draws=draws, seed=1, threads=2, block=block, progress=lambda n, _: done.append(n)
    )
    assert done[-1] == draws
    for start, stop in itertools.pairwise(done):
        assert 0 < stop - start <= min((draws - start) // 4 + LANES, block)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 1)])
def test_what_one_engine_began_another_finishes(inline: Digests, one: int, other: int) -> None:
    assert resumed({"threads": one}, {"threads": other}) == inline["summarize"]


@pytest.mark.parametrize("kind", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_dask_answers_the_same(inline: Digests, kind: str) -> None:
    """In a program of its own, since tests have no network; it finds machine code in the cache."""
    run = subprocess.run(
        [sys.executable, "engines.py", kind], cwd=HERE, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout)
    assert found.pop("answered") == inline
    refused = found.pop("refused")
    assert refused["scenario"].startswith("ScenarioError: sweep: 1 problem")
    assert "amounts have no common unit" in refused["not covered"]
    assert "Say method='auto'" in refused["not covered"]
    assert refused["raised there"] == "ScenarioError: there: 1 problem\n  here = 1: must be 2."
    if kind == "processes":
        assert "1 of its workers died over draws 1 to 7, the last at" in refused["deadly"]
        assert "memory" in refused["deadly"]
        assert "it has had no workers for 20 s, and draws" in refused["killed again"]
        assert "one killed" in found
    assert {"begun there", "finished there", "by address"} <= set(found)
    assert set(found.values()) == {inline["summarize"]}


# What is sent


def test_what_is_sent_is_packed_already() -> None:
    """Tables of the machine that asks, none of those of a worker; and no room of this process."""
    run = Run(PLAN.variant("windfalls"))
    job = Job([run], seed=1)
    rows = job.new_rows(100)
    job.fill(rows, 0, lambda: False)
    sent = pickle.loads(pickle.dumps(job))  # noqa: S301  our own
    assert sent.packed[0].data.tobytes() == job.packed[0].data.tobytes()
    again = sent.new_rows(100)
    sent.fill(again, 0, lambda: False)
    assert again[0].counts.tobytes() == rows[0].counts.tobytes()
    assert again[0].money.tobytes() == rows[0].money.tobytes()


def test_mistakes_survive_the_way_back() -> None:
    error = ScenarioError([Problem("here", "1", "must be 2", line=3)], source="there")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert (str(back), back.problems, back.source) == (str(error), error.problems, "there")


# Stopping


def test_work_is_given_up_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """However heavy a plan is, a worker learns how many draws it may do before it listens again."""
    monkeypatch.setattr(module, "SLICE", 1e-9)  # seconds: the plan is as heavy as can be
    job = Job([Run(PLAN)], seed=1)
    rows = job.new_rows(1_000)
    rows[0].counts.fill(0)
    asked: list[None] = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(StoppedError):
        job.fill(rows, 0, stopped)
    assert np.flatnonzero(rows[0].counts[:, 0, 0, 0])[-1] + 1 == module.LANES + 1 + 1


def test_slices_change_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = PLAN.variant("windfalls")
    whole = Job([Run(plan, reps=2)], seed=1)
    at_once = whole.new_rows(1_000)
    whole.fill(at_once, 0, lambda: False)
    monkeypatch.setattr(module, "SLICE", 1e-9)
    one_by_one = whole.new_rows(1_000)
    whole.fill(one_by_one, 0, lambda: False)
    assert one_by_one[0].counts.tobytes() == at_once[0].counts.tobytes()
    assert one_by_one[0].money.tobytes() == at_once[0].money.tobytes()


# What is refused


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cluster": "here"}, ArgumentError, "must be 'local', the address of a Dask scheduler"),
        ({"cluster": 3}, ArgumentError, "must be 'local'"),
        ({"cluster": "ucx://127.0.0.1:9"}, ArgumentError, "must be 'local', the address"),
        ({"cluster": "tcp://127.0.0.1:x"}, ResourceError, "no Dask scheduler answers there"),
        ({"cluster": "tcp://h:1", "threads": 2}, ArgumentError, "cluster have their own"),
        ({"cluster": "tcp://127.0.0.1:9"}, ResourceError, "no Dask scheduler answers there"),
    ],
)
def test_what_is_no_cluster_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(error, match=message):
        fs.simulate(PLAN, draws=10, seed=1, **arguments)


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ResourceError, match=r"pip install 'funnelsim\[dask\]'"):
        fs.summarize(PLAN, draws=10, seed=1, cluster="local")


class _Future:
    def __init__(self, value: Any) -> None:
        self.result: Callable[[], Any] = lambda: value
        self.done = lambda: True


class _Client:
    """Does at once, on a worker of another version, what a client would send."""

    cluster = None

    def submit(self, function: Any, *arguments: Any, **_: Any) -> _Future:
        return _Future(function(*arguments))


def test_workers_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = DaskWorkers(_Client())  # type: ignore[arg-type]
    monkeypatch.setattr(cluster, "version", lambda name: "0.0.1" if name == "numpy" else "9")
    with pytest.raises(ResourceError, match=r"numpy 0\.0\.1 there, .* here"):
        hands.submit(Call("nothing", print)).result()


def test_dask_is_imported_by_who_asks_for_it_only() -> None:
    code = (
        "import sys, funnelsim as fs\n"
        "plan = fs.preset('sales_math')\n"
        "fs.simulate(plan, draws=10, seed=1), fs.sweep(plan, {'quota.per_quarter': [1e5]})\n"
        "print('distributed' in sys.modules)"  # xarray imports dask itself where there is one
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
