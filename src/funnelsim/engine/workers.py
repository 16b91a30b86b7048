"""Who does the work: this thread, threads of this process, or a Dask cluster; results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from distributed import Client

Stopped = Callable[[], bool]
Work = TypeVar("Work")


class StoppedError(Exception):
    """The work was interrupted; nobody waits for this part of it any more."""


class Call(NamedTuple):
    """A piece of work: ``function(*arguments, stopped)``, where ``stopped()`` says: give it up."""

    told: str  # what it is, for people
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Promised(Protocol):
    """A result to come."""

    def result(self) -> Any:
        """Wait for it."""

    def cancel(self) -> object:
        """Want it no longer."""


class Workers(Protocol):
    """Who does the work.

    Attributes
    ----------
    far : bool
        Whether they are in other processes: what they are given and what they return is copied.
    """

    far: bool

    @property
    def count(self) -> int:
        """How many there are now."""

    @property
    def ahead(self) -> int:
        """How many calls may be under way at a time."""

    def shared(self, thing: Work) -> Work:
        """Return an argument that many calls share, sent to each worker once."""

    def submit(self, call: Call) -> Promised:
        """Begin a piece of work."""


def never() -> bool:
    """Tell that nobody wants to stop."""
    return False


@contextmanager
def workers(
    threads: int | None, cluster: str | Client | None = None, stopped: Stopped = never
) -> Iterator[Workers]:
    """Yield who does the work; what is not done when the block ends is given up.

    Parameters
    ----------
    threads : int, optional
        Of this process; of ``cluster="local"``, its processes. Defaults to the processors that
        this process may use.
    cluster : str or distributed.Client, optional
        "local", the address of a Dask scheduler, or a client of one.
    stopped : callable
        Tells when others want the work to stop. Not heard by a cluster.

    Raises
    ------
    ArgumentError
        Where the cluster is none, or threads are stated for a cluster that has its own.
    ResourceError
        Where Dask is missing or the cluster does not answer.
    """
    if cluster is not None:
        from funnelsim.engine.cluster import DaskWorkers, client_of

        with client_of(cluster, threads) as client:
            yield DaskWorkers(client)
    elif (count := threads or available_threads()) == 1:
        yield _Here(stopped)
    else:
        with ThreadPoolExecutor(count) as pool:
            own = _Threads(pool, count, stopped)
            try:
                yield own
            finally:
                own.stop()


@contextmanager
def shared_cluster(
    threads: int | None, cluster: str | Client | None
) -> Iterator[tuple[int | None, Client | None]]:
    """Yield threads and a cluster for several calls, so that each need not connect anew.

    Parameters
    ----------
    threads, cluster
        As in :func:`workers`.
    """
    if cluster is None:
        yield threads, None
        return
    from funnelsim.engine.cluster import client_of

    with client_of(cluster, threads) as client:
        yield None, client


def in_order(hands: Workers, calls: Iterable[Call]) -> Generator[Any, None, None]:
    """Yield the results of calls in their order, several being worked on at a time."""
    waiting: deque[Promised] = deque()
    left = iter(calls)
    try:
        while True:
            while len(waiting) < hands.ahead and (call := next(left, None)) is not None:
                waiting.append(hands.submit(call))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        for promised in waiting:
            promised.cancel()


def available_threads() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Here:
    """The thread that asks: a call is done when it is made."""

    far, count, ahead = False, 1, 1

    def __init__(self, stopped: Stopped) -> None:
        self._stopped = stopped

    def shared(self, thing: Work) -> Work:
        return thing

    def submit(self, call: Call) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(call.function(*call.arguments, self._stopped))
        return done


class _Threads:
    """Threads of this process."""

    far = False

    def __init__(self, pool: ThreadPoolExecutor, count: int, stopped: Stopped) -> None:
        self.count, self.ahead = count, 2 * count
        self._pool, self._others = pool, stopped
        self._stop = Event()

    def shared(self, thing: Work) -> Work:
        return thing

    def submit(self, call: Call) -> Future[Any]:
        return self._pool.submit(call.function, *call.arguments, self._stopped)

    def stop(self) -> None:
        """Let the threads give up what they are doing."""
        self._stop.set()

    def _stopped(self) -> bool:
        return self._stop.is_set() or self._others()
