"""The benchmarks still run, and what they race computes the same thing."""

from __future__ import annotations

import math
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not installed, and lies beside tests/

from benchmarks import __main__ as suite  # noqa: E402
from benchmarks import harness, numpy_peers, peers, workload  # noqa: E402

# Of the benchmarks that start a process, one of a kind is quick enough for every run.
STARTS_A_PROCESS = {"AboveImport", "Command", "FirstCall"}
ONE_OF_A_KIND = {("summarize",), ("funnelsim --help",), ("summarize", "warm")}


def marks(found: type, case: tuple) -> list[pytest.MarkDecorator]:
    slow = found.__name__ in STARTS_A_PROCESS and case not in ONE_OF_A_KIND
    return [pytest.mark.slow] if slow else []


CASES = [
    pytest.param(
        found, method, case, id=f"{found.__name__}.{method}{case}", marks=marks(found, case)
    )
    for found in suite.classes()
    for method in suite.methods(found)
    for case in suite.cases(found)
]


@pytest.fixture(autouse=True)
def _smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(workload.SMALLEST, "1")


@pytest.mark.parametrize(("found", "method", "case"), CASES)
def test_every_benchmark_runs(found: type, method: str, case: tuple) -> None:
    if "SimPy" in case:
        pytest.importorskip("simpy")
    assert float(suite.run(found, method, case).split()[0].replace(",", "")) > 0


# n: enough that 5 standard errors are a small part of every mean, few enough to be quick.
DRAWS = {
    "funnelsim, 1 thread": 100_000,
    "funnelsim, 2 threads": 100_000,
    "NumPy, past simulated": 10_000,
    "NumPy, stationary": 50_000,
    "NumPy, Poisson shortcuts": 100_000,
    "plain Python": 2_000,
    "SimPy": 200,
}


@pytest.mark.parametrize("name", peers.CONTENDERS)
def test_contenders_give_the_exact_answers(name: str) -> None:
    if name == "SimPy":
        pytest.importorskip("simpy")
    contender = peers.CONTENDERS[name]
    outcome = contender.outcome(DRAWS[name], seed=2)
    found = workload.deviations(outcome, workload.expected(contender.start))
    assert max(map(abs, found.values())) < 5, found


def test_the_truth_is_the_published_one() -> None:
    """docs/model.md: .470132 without delays; truncating the past moves it by about 1e-5."""
    truth = workload.expected("steady")
    assert truth["attainment_probability"] == pytest.approx(0.470132, abs=2e-5)
    assert truth["wins"] == pytest.approx(3, rel=1e-4)
    empty = workload.expected("empty")
    assert empty["wins"] == pytest.approx(3 * 0.5995, abs=3 * 5e-5)


def test_a_wrong_contender_stops_the_race() -> None:
    def wrong(draws: int, seed: int) -> workload.Outcome:
        outcome = numpy_peers.stationary(draws, seed)
        outcome.bookings[:] *= 1.5
        return outcome

    with pytest.raises(SystemExit, match=r"bookings is .* standard errors off"):
        peers.checked({"wrong": peers.Contender(wrong, draws=200_000)})


@pytest.mark.parametrize("mean", [6.0, 735.0])
def test_alias_tables_hold_the_poisson_law(mean: float) -> None:
    table = numpy_peers.Alias(mean)
    cells = table.threshold.size
    share = table.threshold / 2.0 ** (32 - table.bits)
    found = np.bincount(table.other, 1 - share, cells) + share
    law = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(cells)]
    np.testing.assert_allclose(found / cells, law, rtol=0, atol=1e-8)


def test_rounds_are_interleaved() -> None:
    order: list[str] = []
    calls = {name: lambda turn, name=name: order.append(f"{name}{turn}") for name in "abc"}
    timings = harness.interleaved(calls, rounds=3)
    assert order == ["a1", "b1", "c1", "b2", "c2", "a2", "c3", "a3", "b3"]
    assert {name: len(rounds) for name, rounds in timings.items()} == dict.fromkeys("abc", 3)


def test_output_names_neither_machine_nor_path() -> None:
    text = harness.described(harness.environment())
    assert platform.node() not in text.split()
    assert str(ROOT) not in text
