"""The workers of a Dask cluster: nothing is started, and Dask not even imported, unless asked."""

from __future__ import annotations

import logging
import multiprocessing
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from funnelsim.engine.workers import Call, available_threads
from funnelsim.errors import ArgumentError, FunnelsimError, ResourceError

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
SCHEMES = ("tcp://", "tls://")  # others take more than an address: a client of them
HOST = "127.0.0.1"  # whoever reaches a scheduler can run code on its workers
# Ctrl-C in a terminal is heard by all processes there: it is for who asked to end the others.
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
GUARD = "They read the script that begins them: put what it does below if __name__ == '__main__':"
SECONDS_TO_CONNECT = 10
SECONDS_TO_CLOSE = 3.0
SECONDS_TO_RECOUNT = 2.0
SECONDS_WITHOUT = 60.0  # workers, until a cluster that nobody adds any to is given up
RETRIES = 2  # of a call that failed by chance: no memory, no connection
SAME = ("funnelsim", "numpy", "numba", "scipy")  # packages whose version numbers depend on

Shared = TypeVar("Shared")


@contextmanager
def client_of(cluster: str | Client, threads: int | None) -> Iterator[Client]:
    """Yield a client of a cluster.

    Parameters
    ----------
    cluster : str or distributed.Client
        "local" begins one of processes on this machine, which ends with the block; an address is
        that of a Dask scheduler; a client stays open.
    threads : int, optional
        Processes of a local cluster. Defaults to the processors that this process may use.

    Raises
    ------
    ArgumentError
        Where the cluster is none of these, or threads are stated for one that has its own.
    ResourceError
        Where Dask is missing, or the cluster does not answer.
    """
    if threads is not None and cluster != LOCAL:
        raise ArgumentError(f"threads = {threads}: the workers of a cluster have their own.")
    try:
        from distributed import Client
    except ImportError:
        raise ResourceError(
            "cluster: Dask is not installed. pip install 'funnelsim[dask]', here and on every "
            "worker."
        ) from None
    if isinstance(cluster, Client):
        if cluster.asynchronous:
            raise ArgumentError("cluster: must be a Client that is not asynchronous.")
        yield cluster
    elif cluster == LOCAL:
        with _local(threads or available_threads()) as client:
            yield client
    elif str(cluster).startswith(SCHEMES):
        with _remote(str(cluster)) as client:
            yield client
    else:
        raise ArgumentError(
            f"cluster = {cluster!r}: must be 'local', the address of a Dask scheduler such as "
            "tcp://127.0.0.1:8786 or tls://127.0.0.1:8786, or a distributed.Client."
        )


@contextmanager
def _local(processes: int) -> Iterator[Client]:
    from distributed import Client, LocalCluster

    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise ArgumentError(f"cluster = 'local': a process of it would begin others. {GUARD}")
    others = multiprocessing.active_children()
    try:
        begun = LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            processes=True,
            host=HOST,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            preload=DEAF,
        )
    except RuntimeError as error:
        raise ResourceError(
            f"cluster = 'local': its processes do not begin ({error}). {GUARD}"
        ) from None
    client = Client(begun, set_as_default=False)
    try:
        yield client
    finally:
        client.close()
        closing = Thread(target=begun.close, daemon=True)
        closing.start()
        for process in multiprocessing.active_children():
            if process not in others:  # asked to end they take seconds, over what nobody wants
                process.kill()
        closing.join(SECONDS_TO_CLOSE)  # one that died just now may not be told


@contextmanager
def _remote(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        _knock(address)
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ResourceError(
            f"cluster = {address}: no Dask scheduler answers there ({error}). Begin one with "
            "'dask scheduler', or take cluster='local'."
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
        except TimeoutError:
            raise ResourceError(
                f"cluster = {address}: it has no workers. Begin some with 'dask worker {address}'."
                " (A distributed.Client in place of the address waits for them.)"
            ) from None
        yield client


def _knock(address: str) -> None:
    """Find out whether anybody is there: a client that finds nobody cannot be closed."""
    place = urlsplit(address)
    where = (place.hostname or "", place.port or 0)
    socket.create_connection(where, timeout=SECONDS_TO_CONNECT).close()


class DaskWorkers:
    """The workers of a client's cluster.

    A call that fails by chance is tried again, and one whose worker died is done by another; what
    funnelsim refuses is refused at once.
    """

    far = True

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made_by = {name: version(name) for name in SAME}
        self._token = secrets.token_hex(8)
        self._numbers = count()
        self._count, self._counted = 0, -SECONDS_TO_RECOUNT
        self._seen = time.monotonic()  # workers, last

    @property
    def count(self) -> int:
        """Threads of all workers; at least 1, so that a cluster which grows on demand does."""
        now = time.monotonic()
        if now - self._counted >= SECONDS_TO_RECOUNT:
            self._count, self._counted = self._threads(), now
            if self._count:
                self._seen = now
        return max(self._count, 1)

    def _threads(self) -> int:
        deployed = _local_of(self._client)
        if deployed is None:
            return sum(self._client.nthreads().values())
        # One that died while it began is listed for minutes, and does not run.
        return sum(each.nthreads for each in tuple(deployed.scheduler.running))

    @property
    def ahead(self) -> int:
        """How many calls may be under way at a time."""
        return 2 * self.count

    def shared(self, thing: Shared) -> Shared:
        """Return an argument that many calls share, sent to each worker once."""
        # A call of its own, not scattered data: what dies with a worker is made again.
        kept = self._client.submit(_as_it_is, thing, key=self._key("shared"), pure=False)
        return cast(Shared, kept)  # Dask puts the thing itself in its place

    def submit(self, call: Call) -> _Promised:
        """Begin a piece of work."""
        future = self._client.submit(
            _done, call.function, self._made_by, *call.arguments,
            key=self._key(call.function.__name__), pure=False, retries=RETRIES,
        )  # fmt: skip
        return _Promised(call.told, future, self._check)

    def _check(self, told: str) -> None:
        """Refuse to wait for a cluster that has lost all workers, unless a deployer adds some."""
        deployed = _local_of(self._client)
        if deployed is not None:  # it gives up processes that take long to begin anew
            deployed.scale(len(deployed.worker_spec))
        grows = deployed is None and self._client.cluster is not None
        if self.count and time.monotonic() - self._seen > SECONDS_WITHOUT and not grows:
            raise ResourceError(
                f"cluster: it has had no workers for {SECONDS_WITHOUT:.0f} s, and {told} is to be "
                "done. They ended, most often for want of memory: give each more, or fewer threads."
            )

    def _key(self, name: str) -> str:
        return f"funnelsim-{name}-{self._token}-{next(self._numbers)}"


@dataclass(frozen=True)
class _Refused:
    """What a call raised on purpose: raised again by who asked, not tried again."""

    error: FunnelsimError


@dataclass(frozen=True)
class _Promised:
    """A result to come from a cluster."""

    told: str
    future: Future[Any]
    check: Callable[[str], None]

    def result(self) -> Any:
        """Wait for it.

        Raises
        ------
        FunnelsimError
            Which the call raised, or as the cluster could not do it.
        """
        from asyncio import CancelledError as Lost

        from distributed import KilledWorker

        try:
            while not self.future.done():
                with suppress(TimeoutError):
                    self.future.result(timeout=SECONDS_TO_RECOUNT)
                self.check(self.told)
            found = self.future.result()
        except KilledWorker as error:
            raise ResourceError(
                f"cluster: {error.allowed_failures + 1} of its workers died over {self.told}, the "
                f"last at {error.last_worker.address}. Most often that is too little memory: give "
                "each worker more, or fewer threads."
            ) from None
        except (Lost, OSError) as error:
            about = str(error) or type(error).__name__
            raise ResourceError(f"cluster: the connection to it was lost ({about}).") from None
        if isinstance(found, _Refused):
            raise found.error
        return found

    def cancel(self) -> None:
        """Want it no longer."""
        self.future.cancel()


def _local_of(client: Client) -> Any:
    """Return the LocalCluster of a client, None where it has another one or none."""
    return client.cluster if type(client.cluster).__name__ == "LocalCluster" else None


def _as_it_is(thing: Shared) -> Shared:
    return thing


def _stopped() -> Callable[[], bool]:
    """Return what tells, on a worker, that it is being closed: nobody waits for its work then."""
    from distributed import Status, get_worker

    worker = get_worker()
    return lambda: worker.status in (Status.closing, Status.closed, Status.failed)


def _done(function: Callable[..., Any], made_by: Mapping[str, str], *arguments: Any) -> Any:
    """Do a piece of work, on a worker."""
    here = {name: version(name) for name in made_by}
    if here != made_by:
        differ = ", ".join(
            f"{name} {here[name]} there, {made_by[name]} here"
            for name in made_by
            if here[name] != made_by[name]
        )
        message = f"cluster: its workers run other versions: {differ}. Install the same on all."
        return _Refused(ResourceError(message))
    try:
        return function(*arguments, _stopped())
    except FunnelsimError as error:
        return _Refused(error)
