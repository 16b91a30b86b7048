"""Long work that is killed at random moments, again and again, until it is done.

Run as a program: ``python killed.py sweep 100`` begins a sweep, kills it, lets it go on, and so on
until a hundred kills have hit; it prints what there was to see as JSON. Each trial is a process
that a warm one forks, which has imported and compiled already: nearly all of its time is work.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr

import funnelsim as fs
from twin_plans import sales_math

WHALE = {"probability": 0.03, "multiple": 2}
SWEPT = sales_math(deal_size={"law": "empirical", "amounts": [80_000, 90_000], "whale": WHALE})
# Cells of these are exact and simulated in turn.
OVER = {
    "activity.per_quarter": range(750, 770),
    "deal_size.whale.multiple": [2, 2.123456789],
}
REP = fs.preset("sales_math").variant("windfalls")
TEAM = REP.replace({"headcount": 3, "plan.over_assignment": 1.2, "market.cv": 0.1})

WORK: dict[str, Callable[..., xr.Dataset]] = {
    "sweep": lambda **how: fs.sweep(SWEPT, OVER, draws=100, seed=1, **how),
    "summary": lambda **how: fs.summarize(REP, draws=200_000, seed=1, **how),
    "team": lambda **how: fs.team(TEAM, draws=60_000, seed=1, **how),
    "luck": lambda **how: fs.luck(REP, draws=60_000, seed=1, **how),
}


def forked(work: Callable[..., xr.Dataset], store: Path) -> int:
    """Begin the work in a process of its own; return its id."""
    child = os.fork()
    if not child:
        work(store=store, threads=2)
        os._exit(0)
    return child


def killed_after(seconds: float, child: int) -> bool:
    """Kill a process after some time; return whether it was still at work."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0, f"it failed by itself: {status}"
            return False
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def whole_lines(path: Path) -> bytes:
    """Return what is kept, but for a line that is torn."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rindex(b"\n") + 1] if b"\n" in content else b""


def check_kills(kind: str, kills: int = 100) -> None:
    """Have long work killed so often, and check that nothing was lost and no byte differs."""
    run = subprocess.run(
        [sys.executable, Path(__file__).name, kind, str(kills)],
        cwd=Path(__file__).parent,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # no thread is there when it forks
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout)
    assert found["kills"] >= kills
    assert found["in the middle"] > kills // 4
    assert not found["lines lost"]
    assert found["ended in the same bytes"] == found["trials"]
    # A process that is killed while it writes a file leaves what it wrote, under a name of its own.
    assert all(name.startswith(".funnelsim-") for name in found["left behind"])


def main(kind: str, kills: int) -> dict[str, Any]:
    """Kill so often; return what there was to see."""
    work, luck = WORK[kind], random.Random(1)  # noqa: S311  no secret
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        work(store=place / "warm.nc", threads=1)  # no thread is left when this forks
        begun = time.monotonic()
        truth = place / "truth.nc"
        assert not killed_after(600, forked(work, truth))
        longest = time.monotonic() - begun
        hit, trials, lost, whole, middle = 0, 0, 0, 0, 0
        while hit < kills:
            trials += 1
            store = place / f"{trials}.nc"
            kept = store.with_name(store.name + ".unfinished")
            before = b""
            # Mostly early, now and then when the result is being written.
            while killed_after(longest * luck.uniform(0, 1) ** 2, forked(work, store)):
                hit += 1
                middle += kept.exists()
                if not store.exists():
                    lost += not whole_lines(kept).startswith(before)
                    before = whole_lines(kept)
            with xr.open_dataset(store) as one, xr.open_dataset(truth) as other:
                whole += store.read_bytes() == truth.read_bytes() and one.identical(other)
        left = [path.name for path in place.iterdir() if path.suffix != ".nc"]
    return {
        "kills": hit,
        "in the middle": middle,
        "lines lost": lost,
        "trials": trials,
        "ended in the same bytes": whole,
        "left behind": left,
    }


if __name__ == "__main__":
    json.dump(main(sys.argv[1], int(sys.argv[2])), sys.stdout)
