"""Ctrl-C: every long command ends soon, keeps what it may, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import funnelsim as fs
from funnelsim.engine import job as module
from funnelsim.engine import workers

PLAN = fs.preset("sales_math")
TWO_REPS = PLAN.replace({"headcount": 2, "plan.over_assignment": 1.2})
ASKED: dict[str, Callable[..., Any]] = {
    "simulate": lambda **how: fs.simulate(PLAN, memory=1 << 40, **how),
    "summarize": lambda **how: fs.summarize(PLAN, **how),
    "luck": lambda **how: fs.luck(PLAN, **how),
    "team": lambda **how: fs.team(TWO_REPS, **how),
    "headcount": lambda **how: fs.headcount(TWO_REPS, **how),
    "compare": lambda **how: fs.compare({"one": PLAN, "other": TWO_REPS}, **how),
    "sweep": lambda **how: fs.sweep(
        PLAN, {"activity.per_quarter": range(500, 900)}, method="simulated", **how
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_thread_that_is_told_ends_its_slice_and_begins_no_other(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is left: slices take a fifth of a second, so this is how soon it ends."""
    begun, told = [], threading.Event()
    simulate = module.Job._simulate

    def counted(self: module.Job, *arguments: Any) -> None:
        begun.append(told.is_set())
        simulate(self, *arguments)

    def stop(self: workers._Threads) -> None:
        told.set()
        stopped(self)

    stopped = workers._Threads.stop
    monkeypatch.setattr(module.Job, "_simulate", counted)
    monkeypatch.setattr(workers._Threads, "stop", stop)
    monkeypatch.setattr(module, "SLICE", 1e-4)

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    draws = 3_000 if name == "sweep" else 300_000
    with pytest.raises(KeyboardInterrupt):
        ASKED[name](draws=draws, seed=1, threads=2, progress=interrupt)
    assert told.is_set()
    assert sum(begun) <= 2  # one of each thread, which had looked just before
    assert len(begun) > 2


# Timed, for a machine that has time


PROMISED = 2.0  # seconds
TRIES = (0.3, 1.1, 0.0, 2.0, 0.7)  # seconds of work, once it is seen to be under way
BAR = re.compile(rb"\[[#-]+\] ")

SO_MANY = ("--draws", "4_000_000_000")
SIMULATED = ("--method", "simulated", *SO_MANY)
TEAM = ("--set", "headcount=20", "--set", "plan.over_assignment=1.2")
HEAVY = ("--set", "calendar.quarters=20", "--set", "headcount=400", *TEAM[2:])
GRID = ("--over", "activity.per_quarter=500:1500:1", "--method", "simulated", "--draws", "20_000")
LONG = {
    "simulate": ("simulate", "sales_math", *SO_MANY),
    "simulate, one thread": ("simulate", "sales_math", *SO_MANY, "--threads", "1"),
    "simulate, kept": ("simulate", "sales_math", *SO_MANY, "--store", "kept.nc"),
    "simulate, cluster": ("simulate", "sales_math", *SO_MANY, "--cluster", "local"),
    "team": ("simulate", "sales_math", *TEAM, *SO_MANY),
    "team, heavy": ("simulate", "sales_math", *HEAVY, *SO_MANY),
    "team, kept": ("simulate", "sales_math", *TEAM, *SO_MANY, "--store", "kept.nc"),
    "team, cluster": ("simulate", "sales_math", *TEAM, *SO_MANY, "--cluster", "local"),
    "sweep": ("sweep", "sales_math", *GRID),
    "sweep, kept": ("sweep", "sales_math", *GRID, "--store", "kept.nc"),
    "sweep, cluster": ("sweep", "sales_math", *GRID, "--cluster", "local"),
    "luck": ("luck", "sales_math", *SO_MANY),
    "luck, kept": ("luck", "sales_math", *SO_MANY, "--store", "kept.nc"),
    "luck, cluster": ("luck", "sales_math", *SO_MANY, "--cluster", "local"),
    "luck, of reps": ("luck", "sales_math", "--reps", "30", "--draws", "1_500_000"),
    "headcount": ("headcount", "three_segments", "--draws", "4_000_000"),
    "headcount, cluster": (
        "headcount", "three_segments", "--draws", "4_000_000", "--cluster", "local",
    ),
    "compare": ("compare", "sales_math", *SO_MANY),
    "sensitivity": ("sensitivity", "mid_market", *SIMULATED),
    "bridge": ("bridge", "sales_math", "--to", "whales", *SIMULATED),
    "solve": (
        "solve", "sales_math", "--for", "activity.per_quarter", "--attain", "0.8", *SIMULATED,
    ),
    "quota": ("quota", "sales_math", *SIMULATED),
    "economics": ("economics", "three_segments", *SO_MANY),
    "report": ("report", "sales_math", "-o", "report.html", "--draws", "100_000"),
}  # fmt: skip


@pytest.fixture(scope="module")
def _machine_code() -> None:
    """Let commands find it in the cache."""
    fs.summarize(PLAN, draws=10, seed=1)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.usefixtures("_machine_code")
@pytest.mark.parametrize("name", LONG)
def test_every_long_command_ends_within_two_seconds(name: str, tmp_path: Path) -> None:
    """By itself: nothing of it is left, but for what it is asked to keep."""

    def under_way(said: bytes, _: float) -> bool:
        return bool(BAR.search(said))

    left = ["kept.nc.unfinished"] if "--store" in LONG[name] else []
    check_end(LONG[name], tmp_path, under_way, left)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.usefixtures("_machine_code")
def test_a_file_that_is_being_written_is_given_up(tmp_path: Path) -> None:
    """However large: no part of it is left."""

    def under_way(*_: object) -> bool:
        return any(path.stat().st_size > 100_000 for path in tmp_path.glob("*.part"))

    command = ("simulate", "sales_math", "--draws", "3_000_000", "-o", "draws.nc")
    check_end(command, tmp_path, under_way, [])


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("seconds", [2, 6, 10, 14])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_compiling_is_given_up(
    threads: str, seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that compiles runs no Python for seconds, and hears nothing."""
    cache, folder = tmp_path / "cache", tmp_path / "folder"
    folder.mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache))
    command = ("simulate", "sales_math", "--threads", threads, *SO_MANY)
    check_end(command, folder, lambda _, passed: passed > seconds, [])


UnderWay = Callable[[bytes, float], bool]


def check_end(command: tuple[str, ...], folder: Path, under_way: UnderWay, left: list[str]) -> None:
    """Interrupt a command several times; what counts is the best, on a machine that has time."""
    found = []
    for after in TRIES:
        slow = slowness()
        took = interrupted(command, folder, under_way, after)
        assert [path.name for path in folder.iterdir()] == left
        found.append(took / max(slow, slowness()))
        if found[-1] <= PROMISED:
            return
        for path in folder.iterdir():
            path.unlink()
    raise AssertionError(f"{command}: {found} seconds")


def slowness() -> float:
    """Return how much longer than by itself a thread takes, for what else the machine does."""
    begun, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < 0.1:
        pass
    return max((time.perf_counter() - begun) / (time.thread_time() - worked), 1.0)


def interrupted(command: tuple[str, ...], folder: Path, under_way: UnderWay, after: float) -> float:
    """Interrupt a command as a terminal does, all of its processes; return seconds until it ended.

    Parameters
    ----------
    command : tuple of str
    folder : path
        Where it works.
    under_way : callable
        From what it said, and the seconds since it began, to whether it is to be interrupted.
    after : float
        Seconds later.
    """
    code = "from funnelsim.cli import main; main(prog_name='funnelsim')"
    ours, theirs = os.openpty()  # progress is shown on a terminal only
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command],
        cwd=folder,
        env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = bytearray()
    reader = threading.Thread(target=_read, args=(ours, said), daemon=True)
    reader.start()
    try:
        started = time.monotonic()
        while process.poll() is None and not under_way(bytes(said), time.monotonic() - started):
            time.sleep(0.005)
        time.sleep(after)
        assert process.poll() is None, said
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
        took = time.monotonic() - begun
        assert _ends(process.pid), "a process of it is left"
    finally:
        if not _ends(process.pid, tries=1):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join()
        os.close(ours)
    lines = re.split(r"[\r\n]+", said.decode().replace("\x1b[K", "").strip())
    assert (process.returncode, printed, lines[-1]) == (130, b"", "Interrupted."), lines
    assert "Traceback" not in said.decode()
    return took


def _read(terminal: int, said: bytearray) -> None:
    """Take in what is said, until nobody is left who could say more."""
    with suppress(OSError):
        while more := os.read(terminal, 1 << 16):
            said += more


def _ends(group: int, tries: int = 200) -> bool:
    """Return whether all processes of a group end by themselves."""
    import psutil  # a package that Dask needs

    for _ in range(tries):
        if not any(_runs(each, group) for each in psutil.process_iter()):
            return True
        time.sleep(0.05)
    return False


def _runs(process: Any, group: int) -> bool:
    """Return whether a process is of a group, and did not only wait to be asked how it ended."""
    import psutil

    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
