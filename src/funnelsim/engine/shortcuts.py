"""What numba works out again and again while it compiles, worked out once.

Numba reads, types and lowers each operation of each kernel by itself: it looks again for a function
among all it knows, prints again what a record is made of, follows again which variables are alive.
The answers are the same each time, so the code is the same, and two fifths of its work are spared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import numba as nb
from llvmlite import binding  # type: ignore[import-untyped]
from numba.core import base, postproc, transforms
from numba.core.registry import cpu_target
from numba.core.types.functions import BaseFunction


@contextmanager
def shortcuts() -> Iterator[None]:
    """Have numba remember what it finds, while the lock of its compiler is held.

    What a version of numba does not have is not replaced.
    """
    typing, target = type(cpu_target.typing_context), type(cpu_target.target_context)
    types_of_types = type(nb.types.Type)
    with ExitStack() as all_of_them:
        for owner, name, by in (
            (typing, "resolve_function_type", _resolved_once),
            (typing, "resolve_getattr", _attribute_once),
            (BaseFunction, "get_call_type", _call_typed_once),
            (target, "get_function", _never_converted),
            (target, "get_abi_sizeof", _sized_once),
            (base, "_has_loc", cache),
            (binding, "get_process_triple", cache),
            (binding.newpassmanagers, "dump_refprune_stats", _asked_before),
            (nb.types.Record, "__repr__", _printed_once),
            (postproc.PostProcessor, "run", _without_lives),
            (target, "refresh", _without_scipy),
            (types_of_types, "__instancecheck__", _by_inheritance),
        ):
            if hasattr(owner, name):
                all_of_them.enter_context(replaced(owner, name, by(getattr(owner, name))))
        yield


@contextmanager
def replaced(owner: Any, name: str, by: Callable[..., Any]) -> Iterator[None]:
    """Replace an attribute, and put back what was there."""
    own = vars(owner).get(name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        if own is None:  # it was inherited
            delattr(owner, name)
        else:
            setattr(owner, name, own)


def _resolved_once(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Type a call of anything but a kernel, some of which are not compiled yet."""
    known: dict[Any, Any] = {}

    def resolve_once(self: Any, function: Any, arguments: Any, named: Any) -> Any:
        if named or isinstance(function, nb.types.Dispatcher):
            return resolve(self, function, arguments, named)
        return _once(known, (function, arguments), resolve, self, function, arguments, named)

    return resolve_once


def _attribute_once(resolve: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def resolve_once(self: Any, kind: Any, attribute: str) -> Any:
        return _once(known, (kind, attribute), resolve, self, kind, attribute)

    return resolve_once


def _call_typed_once(get_call_type: Callable[..., Any]) -> Callable[..., Any]:
    """Type a call of a function of numba's, which lowering asks for again at each operation."""
    known: dict[Any, Any] = {}

    def call_typed_once(self: Any, context: Any, arguments: Any, named: Any) -> Any:
        if named:
            return get_call_type(self, context, arguments, named)
        return _once(known, (self, arguments), get_call_type, self, context, arguments, named)

    return call_typed_once


def _once(known: dict[Any, Any], key: Any, find: Callable[..., Any], *asked: Any) -> Any:
    """Return what was found before; what was not found is looked for again."""
    try:
        found = known.get(key)
    except TypeError:  # a slice, of which Python 3.11 knows no hash
        return find(*asked)
    if found is None:
        found = known[key] = find(*asked)
    return found


def _never_converted(get_function: Callable[..., Any]) -> Callable[..., Any]:
    """Look once for the conversion ``__array__`` of a type, which arrays do not have."""
    without: set[Any] = set()

    def get_known(self: Any, function: Any, signature: Any, _firstcall: bool = True) -> Any:
        if function != "__array__":
            return get_function(self, function, signature, _firstcall)
        if signature.args in without:
            raise NotImplementedError
        try:
            return get_function(self, function, signature, False)
        except NotImplementedError:
            without.add(signature.args)
            raise

    return get_known


def _sized_once(size_of: Callable[..., Any]) -> Callable[..., Any]:
    """Tell how large a type is, for which numba would have a module of LLVM parsed each time."""
    sizes: dict[Any, int] = {}

    def known_size(self: Any, kind: Any) -> int:
        if kind not in sizes:
            sizes[kind] = size_of(self, kind)
        return sizes[kind]

    return known_size


def _printed_once(printed: Callable[..., str]) -> Callable[..., str]:
    """Print a type of a hundred fields, as numba does for errors that do not come."""
    known: dict[str, str] = {}

    def print_once(self: Any) -> str:
        if self.name not in known:
            known[self.name] = printed(self)
        return known[self.name]

    return print_once


def _without_lives(run: Callable[..., None]) -> Callable[..., None]:
    """Tidy what was read, but leave alone which variables are alive, which generators need."""

    def tidy(self: Any, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
        read = self.func_ir
        if emit_dels or read.is_generator:
            run(self, emit_dels, extend_lifetimes)
            return
        read.blocks = transforms.canonicalize_cfg(read.blocks)
        read.variable_lifetime = postproc.VariableLifetime(read.blocks)
        read.generator_info = None

    return tidy


def _asked_before(count: Callable[[], Any]) -> Callable[[], Any]:
    """Count how many references were given up, of which kernels have none."""
    counted = count()
    return lambda: counted


def _without_scipy(refresh: Callable[[Any], None]) -> Callable[[Any], None]:
    """Load what numba knows, but not scipy, to see that it can be: funnelsim requires it."""

    def refresh_without(self: Any) -> None:
        from numba.np import linalg  # only where something is compiled

        with replaced(linalg, "ensure_blas", lambda: None):
            refresh(self)

    return refresh_without


def _by_inheritance(_: Callable[..., bool]) -> Callable[..., bool]:
    """Tell the kind of a type as Python does by itself: no kind of numba's is registered as one."""
    return type.__instancecheck__
