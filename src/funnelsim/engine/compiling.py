"""How kernels become machine code: as one piece.

What only other kernels call is a ``part``. Numba would give each its own machine code and an entry
from Python, and then copy it into its callers and compile it there again: half of the time. A part
ends as LLVM instead, which whoever calls it takes in; one ``whole`` is compiled in the end. Called
from Python, as tests do, a part is compiled by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numba as nb
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import register_pass
from numba.core.options import DefaultOptions
from numba.core.registry import CPUDispatcher, cpu_target
from numba.core.typed_passes import NativeLowering

from funnelsim.engine.machine_code import MachineCode

# Parts take more of numba than it publishes; with a later one they are compiled its own, slow way.
LAST_TRIED = (0, 68)

# References to arrays are not counted, a sixth of the time: no kernel makes or keeps an array.
# Nor is anything called from C. These options are not public: done without where not known.
_UNCOUNTED = {
    option: value
    for option, value in (("_nrt", False), ("no_cfunc_wrapper", True))
    if hasattr(DefaultOptions, option)
}
_OPTIONS: dict[str, Any] = {"error_model": "numpy", **_UNCOUNTED}
# Passes for what no part does: closures, ``with``, literal loops, arithmetic with whole arrays,
# giving up references.
_NEEDLESS = {
    "DeadBranchPrune",
    "DumpParforDiagnostics",
    "FindLiterallyCalls",
    "InlineClosureLikes",
    "InlineInlinables",
    "InlineOverloads",
    "IRLegalization",
    "LiteralPropagationSubPipelinePass",
    "LiteralUnroll",
    "MakeFunctionToJitFunction",
    "NoPythonSupportedFeatureValidation",
    "NopythonRewrites",
    "RewriteDynamicRaises",
    "WithLifting",
}

_config: Any = nb.config  # its names are made as it is read

Kernel = Callable[..., Any]


def part(*, forceinline: bool = False) -> Callable[[Kernel], Any]:
    """Return a decorator for a function that kernels call.

    Parameters
    ----------
    forceinline : bool
        Copy it into every caller, without exception.
    """
    options = _OPTIONS | {"forceinline": forceinline}

    def decorate(function: Kernel) -> Any:
        if _config.DISABLE_JIT or _numba_version() > LAST_TRIED:
            return nb.njit(**options)(function)
        return _Part(function, {}, {"nopython": True, **options}, _PartCompiler)

    return decorate


# Inlined without exception: passing arrays on costs more than most of the work.
inlined = part(forceinline=True)
# What is called once a batch, draw or rep, or long in itself, is not: each call would be compiled.
called = part()


def whole(function: Kernel) -> Any:
    """Compile a function that Python calls, at its first call; later processes find the code.

    It runs without the GIL.
    """
    options = _OPTIONS | {"nogil": True}
    if _config.DISABLE_JIT:
        return function
    kernel: Any
    if _numba_version() > LAST_TRIED:
        kernel = nb.njit(**options)(function)
    else:
        kernel = _Whole(function, {}, {"nopython": True, **options})
    kernel._cache = MachineCode(function)
    return kernel


def machine_code_of(kernel: Any) -> MachineCode:
    """Return where the machine code of a whole is kept."""
    kept: MachineCode = kernel._cache
    return kept


def _numba_version() -> tuple[int, ...]:
    return tuple(int(number) for number in nb.__version__.split(".")[:2])


class _Whole(CPUDispatcher):
    """A function that Python calls."""

    def compile(self, signature: Any) -> Any:
        # Threads may come at once; those that wait find it compiled.
        with global_compiler_lock, _asked_once():
            return super().compile(signature)


@contextmanager
def _asked_once() -> Iterator[None]:
    """Ask numba only once which types an operation takes and gives, and how large a type is.

    It would try all it knows for each operation of each kernel, and parse a module of LLVM for each
    size; and each time that an array is touched, look for a conversion ``__array__`` that arrays do
    not have, and then through all its registries. A fifth of the time.
    """
    typing: Any = type(cpu_target.typing_context)
    target: Any = type(cpu_target.target_context)
    resolve, get_function, size_of = (
        typing.resolve_function_type, target.get_function, target.get_abi_sizeof,
    )  # fmt: skip
    known: dict[Any, Any] = {}
    sizes: dict[Any, int] = {}

    def resolve_once(self: Any, function: Any, arguments: Any, named: Any) -> Any:
        if named or isinstance(function, nb.types.Dispatcher):  # of which some are not compiled
            return resolve(self, function, arguments, named)
        key = function, arguments
        try:
            found = known.get(key)
        except TypeError:  # a slice, of which Python 3.11 knows no hash
            return resolve(self, function, arguments, named)
        if found is None:
            found = known[key] = resolve(self, function, arguments, named)
        return found

    def get_known(self: Any, function: Any, signature: Any, _firstcall: bool = True) -> Any:
        return get_function(self, function, signature, _firstcall and function != "__array__")

    def known_size(self: Any, kind: Any) -> int:
        if kind not in sizes:
            sizes[kind] = size_of(self, kind)
        return sizes[kind]

    typing.resolve_function_type = resolve_once
    target.get_function, target.get_abi_sizeof = get_known, known_size
    try:
        yield
    finally:
        del typing.resolve_function_type, target.get_function, target.get_abi_sizeof


class _Part(CPUDispatcher):
    """A function that is compiled into those that call it, and by itself when Python calls it."""

    def add_overload(self, result: Any) -> None:
        self.overloads[tuple(result.signature.args)] = result

    @cached_property
    def by_itself(self) -> Any:
        return nb.njit(**_OPTIONS)(self.py_func)

    def _compile_for_args(self, *_: object, **__: object) -> Any:
        return self.by_itself  # numba calls it


class _PartLibrary(JITCodeLibrary):
    """LLVM of a part and of what it calls: not optimised as a whole, nor made machine code."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):
    """Lower a part to LLVM, without an entry from Python."""

    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.flags.no_compile = True
        state.flags.no_cpython_wrapper = True
        super().run_pass(state)
        entry = object()  # numba looks a function up by its entry, which a part has not
        state.targetctx.insert_user_function(entry, state.cr.fndesc, [state.library])
        state["cr"] = state.cr._replace(cfunc=entry)
        return True


class _PartCompiler(CompilerBase):
    """Numba's passes, but for those that would change nothing."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [
            (_PartLowering if each is NativeLowering else each, about)
            for each, about in passes.passes
            if each.__name__ not in _NEEDLESS
        ]
        passes.finalize()
        return [passes]
