"""The benchmarks still run, and what they race computes the same thing."""

from __future__ import annotations

import importlib.machinery
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funnelsim as fs

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]  # neither is installed

import speed  # noqa: E402
from benchmarks import __main__ as command  # noqa: E402
from benchmarks import (  # noqa: E402
    asv_results,
    exact_peers,
    goals,
    harness,
    instructions,
    numpy_peers,
    peers,
    records,
    speed_table,
    speed_text,
    suite,
    workload,
)
from benchmarks.records import Figure, Record, figure  # noqa: E402

# Of the benchmarks that start a process, one of a kind is quick enough for every run.
STARTS_A_PROCESS = {"AboveImport", "Command", "FirstCall", "Instructions", "Peak", "Report"}
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
    try:
        told = suite.measure(found, method, case, rounds=2)
    except NotImplementedError as reason:
        pytest.skip(str(reason))
    assert 0 < told.minimum <= told.lower <= told.median <= told.upper
    assert (told.ratio is None) == (not method.startswith("time_"))


def test_all_that_should_be_measured_is(capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        suite.named(suite.home(found), method, case) for found, method, case in command.chosen([])
    ]
    assert len(names) == len(set(names))
    for what in ("import funnelsim", "--help", "empty", "warm", "no delays, 1", "reference, 2",
                 "policy and skill, 1", "4 quarters, 2", "20 quarters, 1", "100 reps, 2",
                 "everything on, 1", "time_exact", "time_sweep", "time_luck", "time_attainment",
                 "time_summarize", "time_report", "track_peak", "peakmem_",
                 "Samples.track_rep_quarter", "instructions."):  # fmt: skip
        assert any(what in name for name in names), what


def test_what_fails_and_what_cannot_run_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(found: type, method: str, case: tuple, rounds: int) -> Figure:
        if "aggregate" in case:
            raise NotImplementedError("not here")
        if "normal approximation" in case:
            raise ZeroDivisionError
        return figure("well", "s", [1.0, 3.0], ratio=2.0)

    monkeypatch.setattr(suite, "measure", measure)
    with pytest.raises(SystemExit, match=r"1 failed: .*normal approximation"):
        command.main(["WithoutDraws"])
    told = capsys.readouterr().out
    assert "skipped: not here" in told
    assert "FAILED" in told
    assert told.splitlines()[2].split() == ["well", "2", "1.5", "2.5", "1", "2", "s", "2"]


# n: enough that 5 standard errors are a small part of every mean, few enough to be quick.
DRAWS = {
    "funnelsim, 1 thread": 100_000,
    "funnelsim, 2 threads": 100_000,
    "NumPy, past simulated": 10_000,
    "NumPy, stationary": 50_000,
    "NumPy, Poisson shortcuts": 100_000,
    "plain Python, empty start": 2_000,
    "SimPy, empty start": 200,
    "Ciw, empty start": 200,
    "C, same algorithm": 100_000,
}


@pytest.mark.parametrize("name", peers.CONTENDERS)
def test_contenders_give_the_exact_answers(name: str) -> None:
    if name not in peers.installed():
        pytest.skip(f"{name} is not installed")
    contender = peers.CONTENDERS[name]
    outcome = contender.outcome(DRAWS[name], seed=2)
    found = workload.deviations(outcome, workload.expected(contender.start))
    assert max(map(abs, found.values())) < 5, found


def test_the_truth_is_the_published_one() -> None:
    """model.md: .470132 without delays; truncating the past moves it by about 1e-5."""
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


def test_processes_keep_byte_code_as_an_installation_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Compiling it anew took half of the time of funnelsim validate."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; print(sys.dont_write_bytecode)"
    assert harness.child(["-c", code]).strip() == "False"


def test_output_names_neither_machine_nor_path() -> None:
    text = harness.described(harness.environment())
    assert platform.node() not in text.split()
    assert str(ROOT) not in text


def test_c_joins_the_race_where_there_is_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("benchmarks.c_peer")
    module.__spec__ = importlib.machinery.ModuleSpec("benchmarks.c_peer", None)
    monkeypatch.setitem(sys.modules, "benchmarks.c_peer", module)
    module.run, module.available = numpy_peers.stationary, lambda: True  # type: ignore[attr-defined]
    assert list(peers.c_peer()) == ["C, same algorithm"]
    module.available = lambda: False  # type: ignore[attr-defined]
    assert peers.c_peer() == {}


# --- Methods without draws ---


def test_the_normal_approximation_has_the_right_moments_and_the_wrong_answer() -> None:
    truth = fs.exact(workload.plan("no delays")).isel(segment=0, quarter=0)
    z = (workload.QUOTA - truth.bookings_mean.item()) / truth.bookings_sd.item()
    assert exact_peers.normal_approximation() == pytest.approx(math.erfc(z / math.sqrt(2)) / 2)
    off = exact_peers.normal_approximation() - truth.attainment_probability.item()
    assert exact_peers.errors()["normal approximation"] == pytest.approx(off, abs=1e-9)
    assert off > 0.05


def test_aggregate_and_the_exact_twin_agree() -> None:
    pytest.importorskip("aggregate")
    assert abs(exact_peers.errors()["aggregate"]) < 1e-7


def test_methods_that_disagree_are_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_peers, "installed", lambda: {"aggregate": lambda: 0.47})
    with pytest.raises(SystemExit, match=r"aggregate: off by -0\.0001, more than 1e-05"):
        exact_peers.errors.__wrapped__()


# --- What is kept ---

MACHINE = {"processor": "A", "processors": "2", "load before": "0.1"}
FIGURES = (figure("a(x)", "s", [1.0, 2.0, 4.0], ratio=3.0), figure("b()", "MB", [1 / 3]))
KEPT = Record("abc1234", "2026-11-22T10:00:00+01:00", MACHINE, FIGURES)


def test_a_figure_is_median_quartiles_and_minimum() -> None:
    assert FIGURES[0] == Figure("a(x)", "s", 3, 2.0, 1.5, 3.0, 1.0, 3.0)


@pytest.mark.parametrize(("work", "unit", "per"), [(None, "s", 1), (4, "ns per thing", 4e-9)])
def test_a_time_is_told_beside_numpy(
    monkeypatch: pytest.MonkeyPatch, work: int | None, unit: str, per: float
) -> None:
    """Processor time against processor time of the same round: 2, 3, 4 calls for each."""

    class Timed:
        per = "thing"

        def time_it(self) -> None: ...

    if work:
        monkeypatch.setattr(Timed, "work", lambda self: work, raising=False)
    timings = iter([harness.Timing(8.0, 2.0), harness.Timing(16.0, 6.0), harness.Timing(4.0, 4.0)])
    baseline = iter([1.0, 2.0, 1.0])
    monkeypatch.setattr(suite, "timed", lambda call: next(timings))
    monkeypatch.setattr(suite, "numpy_seconds", lambda: next(baseline))
    told = suite.measure(Timed, "time_it", (), rounds=3)
    assert told.ratio == 3.0 / (work or 1)
    assert (told.unit, told.n) == (unit, 3)
    assert (told.minimum, told.median) == pytest.approx((4.0 / per, 8.0 / per))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.json"
    records.write(KEPT, path)
    assert records.read(path) == KEPT
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum("a(x)" in line or "b()" in line for line in lines) == len(FIGURES)  # one line each
    assert KEPT["b()"].median == 0.333333
    assert "c()" not in KEPT


def test_a_commit_has_one_file_for_each_kind_of_machine(tmp_path: Path) -> None:
    first = records.keep(KEPT, tmp_path)
    newer = replace(FIGURES[1], median=7.0)
    busier = replace(KEPT, environment=MACHINE | {"load before": "3.0"}, figures=(newer,))
    assert records.keep(busier, tmp_path) == first
    assert records.read(first).figures == (FIGURES[0], newer)
    other = replace(KEPT, environment=MACHINE | {"processor": "B"})
    assert records.keep(other, tmp_path).name == "2026-11-22-abc1234-2.json"
    assert records.read(first).figures == (FIGURES[0], newer)


def test_history_goes_by_the_date_of_the_commit(tmp_path: Path) -> None:
    later = replace(KEPT, commit="def5678+", date="2026-11-22T09:30:00+00:00")
    for each in (later, KEPT):
        records.keep(each, tmp_path)
    assert [each.commit for each in records.history(tmp_path)] == ["abc1234", "def5678+"]


def test_nothing_is_kept_without_a_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(records, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="no git checkout"):
        records.of_commit(FIGURES, MACHINE)


def test_smallest_figures_are_never_kept(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in (["--record"], ["--table"], ["--commit", "HEAD"]):
        with pytest.raises(SystemExit, match="2"):
            command.main(["--smallest", *asked])


@pytest.mark.parametrize(
    "path", sorted(records.RESULTS.rglob("*.json")), ids=lambda each: each.name
)
def test_what_is_kept_names_neither_machine_nor_path(path: Path) -> None:
    record = records.read(path)
    for value in (record.commit, *record.environment.values()):
        assert "/" not in value
        assert "\\" not in value
        assert platform.node() not in value.split()
    assert set(record.environment) <= {*harness.environment(), speed_table.SOURCES, "measured by"}


# --- asv ---

ASV = {
    "commit_hash": "0123456789abcdef", "env_name": "existing-py_home_me_bin_python",
    "date": 1795357140000, "python": "/home/me/bin/python", "requirements": {"numpy": ""},
    "params": {"machine": "secret", "cpu": "Abacus", "num_cpu": "4", "os": "Linux",
               "arch": "x86_64", "ram": "1", "python": "/home/me/bin/python"},
    "result_columns": ["result", "params", "version", "started_at", "duration", "stats_ci_99_a",
                       "stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number",
                       "stats_repeat", "samples", "profile"],
    "results": {
        "peers.Peers.time_peer": [
            [0.01, None, 4e-5],
            [["'SimPy, empty start'", "'Ciw, empty start'", "'NumPy, stationary'"]],
            "v", 0, 1, None, None,
            [0.009, None, 3e-5], [0.012, None, 5e-5], [1, 1, 1], [7, None, 7],
        ],
        "memory.Samples.track_rep_quarter": [[56.5], [["'reference'"]], "v", 0, 1],
        "memory.Peak.peakmem_simulate": [[2e8], [], "v", 0, 1],
        "exact_peers.WithoutDraws.time_method": [
            [2e-6], [["'normal approximation'"]], "v", 0, 1, None, None, [1e-6], [3e-6], [1], [3],
            [[1e-6, 2e-6, 5e-6]],
        ],
    },
}  # fmt: skip


def test_asv_results_become_ours_without_paths_and_names(tmp_path: Path) -> None:
    path = tmp_path / "asv.json"
    path.write_text(json.dumps(ASV), encoding="utf-8")
    record = asv_results.read_asv(path)
    assert record.commit == "0123456"
    assert record.date == "2026-11-22T14:19:00+00:00"
    assert record.environment == {
        "processor": "Abacus", "processors": "4", "system": "Linux", "measured by": "asv",
    }  # fmt: skip
    # At the smallest size ten rep-quarters are timed: 4e-5 s are 4,000 ns for each.
    name = "peers.Peers.time_peer"
    unit = "ns per rep-quarter"
    assert record.figures == (
        Figure(f"{name}(SimPy, empty start)", unit, 7, 1e6, 9e5, 1.2e6, None, 250.0),
        Figure(f"{name}(NumPy, stationary)", unit, 7, 4e3, 3e3, 5e3, None, 1.0),
        Figure("memory.Samples.track_rep_quarter(reference)", "B", 1, 56.5, 56.5, 56.5, None),
        Figure("memory.Peak.peakmem_simulate()", "MB", 1, 200.0, 200.0, 200.0, None),
        Figure("exact_peers.WithoutDraws.time_method(normal approximation)", "s", 3,
               2e-6, 1.5e-6, 3.5e-6, 1e-6, 0.5),
    )  # fmt: skip


def test_asv_runs_the_suite_with_this_interpreter(tmp_path: Path) -> None:
    pytest.importorskip("asv")
    git = shutil.which("git")
    if git is None:
        pytest.skip("asv asks for git")
    repository = tmp_path / "repository"
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([git, "init", "--quiet", "--initial-branch=main", repository], check=True)
    empty = [git, *author, "commit", "--quiet", "--allow-empty", "--message=Empty"]
    subprocess.run(empty, cwd=repository, check=True)
    head = [git, "rev-parse", "HEAD"]
    commit = subprocess.run(head, cwd=repository, check=True, capture_output=True, text=True)
    ours = json.loads((ROOT / "benchmarks" / "asv.conf.json").read_text(encoding="utf-8"))
    places = {"repo": repository, "benchmark_dir": ROOT / "benchmarks"}
    places |= {key: tmp_path / key for key in ("results_dir", "env_dir", "html_dir")}
    config = tmp_path / "asv.conf.json"
    config.write_text(json.dumps(ours | {key: str(each) for key, each in places.items()}))
    asv = [sys.executable, "-m", "asv", "--config", str(config)]
    how = {"cwd": tmp_path, "env": os.environ | {"HOME": str(tmp_path)}, "check": True}
    quiet = {"stdout": subprocess.DEVNULL}
    subprocess.run([*asv, "machine", "--yes", "--machine", "secret"], **how, **quiet)
    only = "WithoutDraws.time_method.*(twin|normal)"
    run = [
        "run",
        "-E",
        f"existing:{sys.executable}",
        "--machine",
        "secret",
        "--quick",
        "--bench",
        only,
    ]
    subprocess.run([*asv, *run, "--set-commit-hash", commit.stdout.strip()], **how, **quiet)
    (found,) = (tmp_path / "results_dir" / "secret").glob("*existing*.json")
    record = asv_results.read_asv(found)
    assert record["exact_peers.WithoutDraws.time_method(normal approximation)"].median > 0
    assert "exact_peers.WithoutDraws.time_method(aggregate)" not in record
    written = tmp_path / "kept.json"
    records.write(record, written)
    assert not any(word in written.read_text() for word in ("secret", str(tmp_path), sys.prefix))


# --- Instructions ---


def test_counts_are_read_by_plan_and_length(tmp_path: Path) -> None:
    for number, (hint, total) in enumerate({"everything on=3": 7_000, "x=1": 5}.items()):
        text = f"desc: I1 cache: \ndesc: Trigger: dump {hint}\n\ntotals: {total}\n"
        (tmp_path / f"callgrind.{number}").write_text(text, encoding="utf-8")
    end = "desc: Trigger: Program termination\ntotals: 9\n"
    (tmp_path / "callgrind").write_text(end, encoding="utf-8")
    assert instructions.totals(tmp_path) == {("everything on", 3): 7_000, ("x", 1): 5}


def test_without_valgrind_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotImplementedError, match="valgrind is not installed"):
        instructions.Instructions().setup("reference")


# --- The table ---


@pytest.mark.parametrize("path", [speed_text.README, speed_text.PAGE], ids=lambda each: each.name)
def test_the_pages_show_what_is_stored(path: Path) -> None:
    shown = speed_text.between_marks(path.read_text(encoding="utf-8"))
    assert shown == speed_text.told(speed_table.stored())[path]


def test_an_interrupted_table_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def part(name: str) -> list[Figure]:
        asked.append(name)
        if asked == ["a", "b"]:
            raise KeyboardInterrupt
        return list(FIGURES)

    monkeypatch.setattr(speed_table, "TABLE", tmp_path)
    monkeypatch.setattr(
        speed_table, "MEASURED", {each: lambda each=each: part(each) for each in "abc"}
    )
    monkeypatch.setattr(
        speed_table,
        "of_commit",
        lambda found, machine: Record("a", "d", machine, tuple(found)),
    )
    monkeypatch.setattr(speed_table, "sources", lambda: "now")
    with pytest.raises(KeyboardInterrupt):
        speed_table.measure([])
    assert set(speed_table.stored()) == {"a"}
    speed_table.measure([])
    assert asked == ["a", "b", "b", "c"]
    speed_table.measure([])
    speed_table.measure(["b"])  # named: again
    assert asked == ["a", "b", "b", "c", "b"]
    monkeypatch.setattr(speed_table, "sources", lambda: "changed")
    speed_table.measure([])
    assert asked == ["a", "b", "b", "c", "b", "a", "b", "c"]
    with pytest.raises(SystemExit, match="no such part: d"):
        speed_table.measure(["d"])


def test_sources_are_told_apart_by_what_they_hold() -> None:
    assert speed_table.sources() == speed_table.sources()
    assert len(speed_table.sources()) == 12


@pytest.mark.parametrize(
    ("at_least", "value", "said"),
    [
        (True, 12.0, "goal met"),
        (True, 11.9, "floor met"),
        (True, 5.9, "**not met**"),
        (False, 6.0, "goal met"),
        (False, 6.1, "floor met"),
        (False, 12.1, "**not met**"),
    ],
)
def test_verdict_of_a_goal(at_least: bool, value: float, said: str) -> None:
    floor, goal = (6, 12) if at_least else (12, 6)
    row = goals.Goal("w", "race", "r", floor, goal, at_least=at_least)
    part = {"race": replace(KEPT, figures=(figure("r", "x", [value]),))}
    assert row.row(part)[-1] == said
    assert row.row({})[-1] == "not measured"


def test_a_ratio_turned_round_keeps_its_quartiles_in_order() -> None:
    threads = next(each for each in goals.GOALS if each.what == "two threads over one")
    figures = (figure(threads.name, "x", [0.5, 0.51, 0.54]),)
    assert threads.row({"race": replace(KEPT, figures=figures)})[3:] == (
        "1.96 (1.9 - 1.98) x", "floor met",
    )  # fmt: skip


def test_first_calls_are_counted_from_an_empty_jitted_function() -> None:
    """Medians from each other, over the widest that their quartiles allow; the plan says which."""
    figures = (
        figure("simulate, warm cache", "s", [0.41, 0.42, 0.45]),
        figure("nothing, jitted, warm cache", "s", [0.22, 0.24, 0.25]),
        figure("simulate, empty cache", "s", [8.0]),
    )
    first = {"first": replace(KEPT, figures=figures)}
    rows = {row.what: row.row(first) for row in goals.GOALS if row.part == "first"}
    empty, warm = rows.values()
    assert warm[1:] == ("≤ 0.6 s", "≤ 0.2 s", "0.18 (0.17 - 0.205) s", "goal met")
    assert empty[1:] == ("≤ 10 s", "≤ 5 s", "", "not measured")  # nothing to count from
    assert all(name.endswith(", above an empty jitted function") for name in rows)


def test_a_held_up_race_says_so() -> None:
    def race(share: float, of_minima: float, load: str = "0.1") -> dict[str, Record]:
        figures = [
            figure(f"{what}(NumPy, stationary)", "", [value])
            for what, value in (("time", 2e3), ("ratio", 8.0), ("ratio of minima", of_minima),
                                ("accuracy", 0.5), ("processor share", share),
                                ("processor ratio", 8.0),
                                ("worst check", 1.0))
        ]  # fmt: skip
        return {
            "race": replace(
                KEPT,
                environment=MACHINE | {"system": "S", "load before": load},
                figures=tuple(figures),
            )
        }

    def said(*how: Any) -> str:
        return " ".join(speed_text.readme(race(*how)).split())

    assert "busy" not in said(99.0, 8.2)
    assert "busy with something else**: it held up 1 of those" in said(80.0, 8.2)
    assert "it held up 1 of those" in said(99.0, 6.0)
    assert "something else** (load before race 1.6)." in said(99.0, 8.2, "1.6")
    assert "| 500,000 |" in said(99.0, 8.2)


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    begin, end = speed_text.MARKS
    text = f"# Title\n\n{begin}{end}\nEnd.\n"
    once = speed_text.in_page(text, "New.")
    assert once == f"# Title\n\n{begin}\nNew.\n\n{end}\nEnd.\n"
    assert speed_text.between_marks(once) == "New."
    assert speed_text.in_page(once, "Newer.") == once.replace("New.", "Newer.")
    with pytest.raises(ValueError, match="unpack"):
        speed_text.in_page("# Title", "New.")


@pytest.mark.slow
def test_every_part_of_the_table_runs() -> None:
    for name, call in speed_table.MEASURED.items():
        assert {each.name: each for each in call()}, name


# --- The picture ---


def test_the_history_shows_every_commit_that_has_a_figure() -> None:
    title, (lines, _) = next(iter(speed.PANELS.items()))
    label, name = next(iter(lines.items()))
    found = [
        replace(KEPT, commit=f"c{k}", figures=(figure(name, "ns", [1.0], ratio=ratio),))
        for k, ratio in enumerate((0.5, None, 0.25))
    ]
    ax = speed.drawn([*found, replace(KEPT, figures=())]).axes[0]
    (line,) = (each for each in ax.lines if each.get_label() == label)
    assert ax.get_title(loc="left") == title
    assert line.get_xydata().tolist() == [[0, 2], [2, 4]]
    assert [each.get_text().split()[0] for each in ax.get_xticklabels()][:3] == ["c0", "c1", "c2"]


def test_the_history_shows_benchmarks_that_exist() -> None:
    names = {
        suite.named(suite.home(found), method, case) for found, method, case in command.chosen([])
    }
    for lines, _ in speed.PANELS.values():
        assert set(lines.values()) <= names
