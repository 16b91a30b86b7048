"""The same questions, asked of every engine: their answers have to be the same, byte for byte.

Run as a program it asks Dask clusters, of threads and of processes, and prints the digests as JSON:
tests themselves have no network, not even on this machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import xarray as xr

import funnelsim as fs
from funnelsim.engine import cluster
from funnelsim.engine.cluster import DaskWorkers, client_of
from funnelsim.engine.workers import Call
from funnelsim.errors import FunnelsimError, Problem, ScenarioError
from test_engine_naive import EVERYTHING
from twin_plans import sales_math

BLOCKS = (7, 997, 8_192)
DRAWS = 40_000  # of what is streamed: five grains
OVER = {"activity.per_quarter": [600, 750, 900], "stages.won.conversion": [0.3, 0.4]}

Digests = dict[str, str]


def digest(result: xr.Dataset) -> str:
    """Return one for all bytes of all arrays, their names and dims."""
    found = hashlib.sha256()
    for name in sorted(map(str, result.variables)):
        array = result[name]
        found.update(f"{name} {array.dims} {array.dtype} {array.shape}".encode())
        found.update(array.values.tobytes())
    return found.hexdigest()


def questions() -> dict[str, Callable[..., xr.Dataset]]:
    """Return what every engine is asked, by name."""
    everything = fs.Scenario(**EVERYTHING)
    plan = fs.preset("sales_math").variant("windfalls")
    team = plan.replace({"headcount": 3, "plan.over_assignment": 1.2})
    asked: dict[str, Callable[..., xr.Dataset]] = {
        f"simulate in blocks of {block}": lambda block=block, **how: fs.simulate(
            everything,
            draws=60 if block < 100 else 2_000,
            seed=1,
            pipeline=True,
            block=block,
            **how,
        )
        for block in BLOCKS
    }
    return asked | {
        "simulate a team": lambda **how: fs.simulate(team, draws=500, seed=1, **how),
        "summarize": lambda **how: fs.summarize(plan, draws=DRAWS, seed=1, **how),
        "summarize years": lambda **how: fs.summarize(
            everything.replace({"calendar.quarters": 5}), draws=9_001, seed=1, by="year", **how
        ),
        "sweep": lambda **how: fs.sweep(plan, OVER, draws=400, seed=1, method="simulated", **how),
        "sweep exactly": lambda **how: fs.sweep(plan, OVER, **how),
        "luck": lambda **how: fs.luck(plan, draws=500, seed=1, **how),
        "headcount": lambda **how: fs.headcount(team, draws=300, seed=1, **how),
        "team": lambda **how: fs.team(team, draws=500, seed=1, **how),
    }


def answered(**how: Any) -> Digests:
    """Return the digests of all answers."""
    return {name: digest(ask(**how)) for name, ask in questions().items()}


class Stopped(Exception):
    """Stands for whatever ends a process."""


def resumed(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Return the digest of a summary that one engine began and another finished."""
    summarize = questions()["summarize"]

    def stop(done: int, _: int) -> None:
        if done > DRAWS // 3:
            raise Stopped

    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "summary.nc"
        try:
            summarize(store=store, progress=stop, **one)
        except Stopped:
            assert not store.exists()
        return digest(summarize(store=store, **other))


def killed(client: Any) -> str:
    """Return the digest of a summary one of whose workers is killed meanwhile."""
    pids = list(client.run(os.getpid).values())[:1]

    def kill(*_: int) -> None:
        while pids:
            os.kill(pids.pop(), signal.SIGKILL)

    return digest(questions()["summarize"](cluster=client, progress=kill))


def killed_again() -> str:
    """Return what is said where the only worker is killed, and once more while it begins anew.

    Dask neither begins another one then nor, for minutes, forgets the one that died.
    """
    import psutil
    from distributed.diagnostics.plugin import SchedulerPlugin

    class Killer(SchedulerPlugin):  # type: ignore[misc]
        async def add_worker(self, scheduler: Any, worker: str) -> None:
            port = int(worker.rpartition(":")[2])
            for process in psutil.process_iter():
                with suppress(psutil.Error):
                    ports = [each.laddr.port for each in process.net_connections("tcp")]
                    if port in ports and process.pid != os.getpid():
                        process.kill()
            await asyncio.sleep(1)  # until the scheduler can know

    cluster.SECONDS_WITHOUT = 20.0
    with client_of("local", 1) as client:
        client.cluster.scheduler.add_plugin(Killer(), name="killer")
        pids = list(client.run(os.getpid).values())

        def kill(*_: int) -> None:
            while pids:
                os.kill(pids.pop(), signal.SIGKILL)

        return message(lambda: questions()["summarize"](cluster=client, progress=kill))


def refusals(client: Any) -> dict[str, str]:
    """Return what is said of work that cannot be done."""
    plan = fs.preset("sales_math")
    whale = {"probability": 0.03, "multiple": 2}
    deals = {"law": "empirical", "amounts": [80_000, 90_000], "whale": whale}
    return {
        "scenario": message(lambda: fs.sweep(plan, {"quota.per_quarter": [-1]}, cluster=client)),
        "not covered": message(
            lambda: fs.sweep(
                sales_math(deal_size=deals),
                {"deal_size.whale.multiple": [2.123456789]},
                method="exact",
                cluster=client,
            )
        ),
        "raised there": message(
            lambda: DaskWorkers(client).submit(Call("a mistake", refuse)).result()
        ),
    }


def message(ask: Callable[[], Any]) -> str:
    """Return what is said when something is asked that cannot be done."""
    try:
        ask()
    except FunnelsimError as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def done_by(client: Any, call: Call) -> Any:
    """Have a cluster do something."""
    return DaskWorkers(client).submit(call).result()


def refuse(stopped: Callable[[], bool]) -> None:
    """Find a mistake in a scenario."""
    raise ScenarioError([Problem("here", "1", "must be 2")], source="there")


def deadly(stopped: Callable[[], bool]) -> None:
    """End the worker that is asked to do it."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def client_of_threads() -> Iterator[Any]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            host="tcp://127.0.0.1",
            dashboard_address=None,
        ) as begun,
        Client(begun, set_as_default=False) as client,
    ):
        yield client


def main(kind: str) -> None:
    found: dict[str, Any] = {}
    with client_of("local", 2) if kind == "processes" else client_of_threads() as client:
        found["answered"] = answered(cluster=client)
        found["begun there"] = resumed({"cluster": client}, {"threads": 2})
        found["finished there"] = resumed({"threads": 2}, {"cluster": client})
        found["by address"] = digest(questions()["summarize"](cluster=client.scheduler.address))
        found["refused"] = refusals(client)
        if kind == "processes":
            found["one killed"] = killed(client)
            client.cluster.scheduler.allowed_failures = 0
            found["refused"]["deadly"] = message(
                lambda: done_by(client, Call("draws 1 to 7", deadly))
            )
    if kind == "processes":
        found["refused"]["killed again"] = killed_again()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
