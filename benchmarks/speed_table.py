"""The table of the README and the docs: measured part by part, each kept as soon as it is measured.

    python -m benchmarks --table [PART ...] [--write]
    python -m benchmarks --write

A part that was measured on the same sources is not measured again unless it is named, so that an
interrupted run goes on where it stopped. ``--write`` puts what is stored into the pages.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import funnelsim as fs
from benchmarks import exact_peers, first_result, memory, peers
from benchmarks.harness import ROOT, described, environment, interleaved
from benchmarks.records import RESULTS, Figure, Record, figure, of_commit, read, write
from benchmarks.speed_text import in_page, told
from benchmarks.workload import PLANS, plan, rep_quarters, size

TABLE = RESULTS / "table"
ROUNDS = 9
SECONDS = 0.5  # of one plan's turn in a round
STREAMED = 100_000_000  # rep-quarters
SOURCES = "sources"  # in a record's environment: a digest of what was measured


def measure(parts: list[str]) -> None:
    """Measure parts, or those that were not measured on these sources; keep each at once.

    Raises
    ------
    SystemExit
        Where there is no such part.
    """
    unknown = ", ".join(sorted(set(parts) - set(MEASURED)))
    if unknown:
        raise SystemExit(f"no such part: {unknown}. Parts: {', '.join(MEASURED)}")
    digest, known = sources(), stored()
    for name, call in MEASURED.items():
        current = name in known and known[name].environment[SOURCES] == digest
        if name not in parts if parts else current:
            continue
        machine = environment() | {SOURCES: digest}
        print(f"{name}, on {described(machine)} ...", flush=True)
        begin = time.perf_counter()
        record = of_commit(call(), machine)
        print(f"  {time.perf_counter() - begin:.0f} s", flush=True)
        write(record, TABLE / f"{name}.json")


def write_pages() -> None:
    """Write what is stored into the README and the docs."""
    for path, text in told(stored()).items():
        path.write_text(in_page(path.read_text(encoding="utf-8"), text), encoding="utf-8")
        print(f"written into {path.name}")


def stored() -> dict[str, Record]:
    """Return what is known of each part."""
    found = {name: TABLE / f"{name}.json" for name in MEASURED}
    return {name: read(path) for name, path in found.items() if path.exists()}


def sources() -> str:
    """Return a digest of the sources of funnelsim, committed or not."""
    digest = hashlib.sha256()
    home = ROOT / "src" / "funnelsim"
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def race() -> list[Figure]:
    """Race the peers."""
    return peers.measured(peers.installed(), size(ROUNDS, 1))


def without_draws() -> list[Figure]:
    """Time the methods that need no draws, beside their errors; and the twin on the race's plan."""
    errors = exact_peers.errors()
    delays = plan("reference")
    calls: dict[str, Callable[[], object]] = dict(exact_peers.installed())
    calls["funnelsim, exact twin, with delays"] = lambda: fs.exact(delays)
    timings = interleaved(
        {name: lambda _, call=call: call() for name, call in calls.items()}, size(4 * ROUNDS, 1)
    )
    return [
        *(
            figure(f"time({name})", "s", [each.wall for each in rounds])
            for name, rounds in timings.items()
        ),
        *(figure(f"error({name})", "", [error]) for name, error in errors.items()),
    ]


def plans() -> list[Figure]:
    """Time samples of every plan on one thread, interleaved, and their ratios to the reference."""
    found = {name: plan(name) for name in PLANS}
    draws, calls = {}, {}
    for name, each in found.items():
        run = _sampler(each)
        trial = max(1, size(20_000, 100) // rep_quarters(name))
        run(trial, 1)  # compiles
        begin = time.perf_counter()
        run(trial, 1)
        seconds = (time.perf_counter() - begin) / trial
        draws[name] = max(1, int(size(1, 0) * SECONDS / seconds))
        calls[name] = lambda turn, run=run, draws=draws[name]: run(draws, turn)
    timings = interleaved(calls, size(ROUNDS, 1))
    walls = {
        name: [each.wall / draws[name] / rep_quarters(name) for each in rounds]
        for name, rounds in timings.items()
    }
    base = walls["reference"]
    return [
        one
        for name, values in walls.items()
        for one in (
            figure(f"time({name})", "ns per rep-quarter", [value * 1e9 for value in values]),
            figure(f"ratio({name})", "x", [a / b for a, b in zip(values, base, strict=True)]),
            figure(f"ratio of minima({name})", "x", [min(values) / min(base)]),
        )
    ]


def _sampler(scenario: fs.Scenario) -> Callable[[int, int], object]:
    return lambda draws, seed: fs.simulate(scenario, draws=draws, seed=seed, threads=1)


def streamed() -> list[Figure]:
    """Stream a hundred million draws in a fresh process, on two threads."""
    draws = size(STREAMED, 10_000)
    found = memory.measured("summarize", draws)
    return [
        figure("rep-quarters", "", [draws]),
        figure("seconds", "s", [found["seconds"]]),
        figure("above import", "MB", [found["peak"]]),
    ]


def first() -> list[Figure]:
    """Time first calls and whole processes."""
    calls = first_result.first_calls(size(3, 1))
    programs = first_result.commands(size(5, 1))
    return [
        figure(name, "s", values)
        for name, values in (calls | {f"$ {name}": each for name, each in programs.items()}).items()
    ]


MEASURED: dict[str, Callable[[], list[Figure]]] = {
    "race": race,
    "exact": without_draws,
    "plans": plans,
    "memory": streamed,
    "first": first,
}
