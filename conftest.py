"""What every test and doctest runs under; at the root, so that tests/ and src/ share it.

Numba watches only the file that holds a cached function, so a cache that outlives an edit could
make a stale kernel pass or fail: each run compiles into a directory of its own, which worker
processes and subprocesses inherit. Nothing here may touch the network, or a screen.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

# A test that fails must fail again: derandomised unless another profile is asked for by name.
hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, database=None
)
hypothesis.settings.register_profile("dev", deadline=None, print_blob=True)
hypothesis.settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

os.environ["MPLBACKEND"] = "Agg"


def pytest_configure(config: pytest.Config) -> None:
    """Give the run an empty numba cache, close the network, and hear Ctrl-C."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        cache = tempfile.TemporaryDirectory(prefix="funnelsim-numba-")
        config.add_cleanup(cache.cleanup)
        os.environ["NUMBA_CACHE_DIR"] = cache.name
    # A shell's background job ignores Ctrl-C, and so would the programs that tests interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(socket, "getaddrinfo", _no_network)
    for method in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, method, _local_only(method))


@pytest.fixture(autouse=True)
def _no_figure_left_open() -> Iterator[None]:
    """Close what a test drew in pyplot's windows, so that none warns of the many of others."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def _local_only(method: str) -> Any:
    original = getattr(socket.socket, method)

    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family != getattr(socket, "AF_UNIX", None):
            _no_network(*arguments)
        return original(self, *arguments)

    return guarded


def _no_network(*arguments: object) -> None:
    raise ConnectionRefusedError(f"tests may not use the network: {arguments}")
