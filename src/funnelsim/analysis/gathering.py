"""Draws taken in by whoever simulates them, put together in draw order; kept on disk if asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from funnelsim.analysis.estimates import Columns, Means
from funnelsim.analysis.memories import Remembering
from funnelsim.engine.blocks import (
    Progress,
    Run,
    Samples,
    folded_blocks,
    never,
    shared_cluster,
)
from funnelsim.results.store import Store

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client


class Gathering(Remembering):
    """What takes in the samples of several runs, grain by grain.

    Attributes
    ----------
    draws : int
        Taken in so far.
    """

    def __init__(self) -> None:
        self.draws = 0

    def add(self, samples: tuple[Samples, ...]) -> None:
        """Take in a grain of draws: the samples of each run."""
        self.draws += len(samples[0]["bookings"])
        self.look_at(samples)

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Remember a grain of draws."""
        raise NotImplementedError

    def fresh(self) -> Self:
        """Return one for draws that follow, which has taken in nothing."""
        other = super().fresh()
        other.draws = 0
        return other

    def merge(self, other: Self) -> None:
        """Take in what a :meth:`fresh` one took in."""
        super().merge(other)
        self.draws += other.draws

    def state(self) -> dict[str, Any]:
        """Return what was taken in, as a store keeps it."""
        return {"draws": self.draws} | super().state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take in what another's :meth:`state` was, in place of anything else."""
        super().restore(state)
        self.draws = state["draws"]


class Averages(Gathering):
    """Means over draws of what is looked at in their samples.

    Parameters
    ----------
    columns : callable
        From the samples of each run to the quantities of a grain. What pickle can send.

    Attributes
    ----------
    means : Means
    """

    memories = ("means",)

    def __init__(self, columns: Callable[[Sequence[Samples]], Columns]) -> None:
        super().__init__()
        self.means = Means()
        self._columns = columns

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a grain of draws."""
        self.means.add(self._columns(samples))


class Heavy(NamedTuple):
    """Runs that take so long that only the first draws have them.

    Attributes
    ----------
    runs : sequence of Run
        Their samples follow those of the other runs.
    draws : int
        A whole number of grains, or all.
    """

    runs: Sequence[Run]
    draws: int


NOTHING_HEAVY = Heavy((), 0)


def gather(
    runs: Sequence[Run],
    whole: Gathering,
    *,
    draws: int,
    seed: int,
    grain: int,
    heavy: Heavy = NOTHING_HEAVY,
    threads: int | None = None,
    cluster: str | Client | None = None,
    progress: Progress | None = None,
    kept: Store | None = None,
    stopped: Callable[[], bool] = never,
) -> None:
    """Simulate runs that share their luck, and have all draws taken in.

    Parameters
    ----------
    runs, draws, seed, threads, cluster, progress
        As in :func:`funnelsim.simulate`.
    whole : Gathering
        That has taken in nothing yet.
    grain : int
        Draws that it takes in at a time: bytes may depend on them, and on nothing else.
    heavy : Heavy, optional
        Runs beside the others for the first draws.
    kept : Store, optional
        Where finished pieces of the same question are, and are added to.
    stopped : callable
        Tells threads when nobody waits for the answer any more.

    Raises
    ------
    ResultError
        Where the store is damaged or belongs to another question.
    StoppedError
        Soon after ``stopped`` has become true.
    """
    if kept is not None:
        for entry in kept.entries():
            if entry["first"] == whole.draws:  # others say again what is known
                part = whole.fresh()
                part.restore(entry)
                whole.merge(part)
        if progress is not None and whole.draws:
            progress(whole.draws, draws)
    stretches = [(heavy.draws, [*runs, *heavy.runs]), (draws, runs)]
    with shared_cluster(threads, cluster) as (threads, cluster):
        for last, simulated in stretches:
            if whole.draws >= last:
                continue
            parts = folded_blocks(
                simulated, whole, draws=last, seed=seed, grain=grain,
                threads=threads, cluster=cluster, stopped=stopped,
            )  # fmt: skip
            with closing(parts):
                for part in parts:
                    if kept is not None:
                        kept.add({"first": whole.draws} | part.state())
                    whole.merge(part)
                    if progress is not None:
                        progress(whole.draws, draws)


def gathered(
    runs: Sequence[Run],
    whole: Gathering,
    tell: Callable[[], list[xr.Dataset]],
    *,
    draws: int,
    seed: int,
    grain: int,
    threads: int | None,
    cluster: str | Client | None,
    progress: Progress | None,
    store: str | os.PathLike[str] | None,
    identity: Mapping[str, Any],
    heavy: Heavy = NOTHING_HEAVY,
    stopped: Callable[[], bool] = never,
) -> list[xr.Dataset]:
    """Return what is told of all draws, from a store that has it already or after :func:`gather`.

    Parameters
    ----------
    runs, whole, draws, seed, grain, threads, cluster, progress, heavy, stopped
        As in :func:`gather`.
    tell : callable
        Returns the answers, once ``whole`` has taken in all draws.
    store : path, optional
        Where pieces and answers are kept.
    identity : mapping
        What the answers depend on: see :func:`identity_of`.
    """
    kept = None if store is None else Store(store, identity)
    if kept is not None and (finished := kept.results()):
        if progress is not None:
            progress(draws, draws)
        return finished
    gather(
        runs, whole, draws=draws, seed=seed, grain=grain, heavy=heavy, threads=threads,
        cluster=cluster, progress=progress, kept=kept, stopped=stopped,
    )  # fmt: skip
    found = tell()
    if kept is not None:
        kept.finish(*found)
    return found


def identity_of(what: str, attrs: Mapping[str, str | int]) -> dict[str, Any]:
    """Return everything that an answer depends on, for its store.

    Parameters
    ----------
    what : str
        Kind of the answer, and its periods.
    attrs : mapping
        Attributes of the answer: scenario, draws, seed, versions.
    """
    stated = ("scenario", "draws", "seed")
    own = {key: attrs[key] for key in attrs if key in stated or key.endswith("_version")}
    return {"summary": what} | own
