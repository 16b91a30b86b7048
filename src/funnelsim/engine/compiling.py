"""How kernels become machine code: as one piece.

What only other kernels call is a ``part``. Numba would give each its own machine code and an entry
from Python, and then copy it into its callers and compile it there again: half of the time. A part
ends as LLVM instead, which whoever calls it takes in; one ``whole`` is compiled in the end. Called
from Python, as tests do, a part is compiled by itself.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numba as nb
from llvmlite.binding import parse_assembly  # type: ignore[import-untyped]
from numba.core.cgutils import normalize_ir_text
from numba.core.codegen import CodeLibrary, JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import register_pass
from numba.core.options import DefaultOptions
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

from funnelsim.engine.machine_code import MachineCode
from funnelsim.engine.shortcuts import replaced, shortcuts

# Parts take more of numba than it publishes; with a later one they are compiled its own, slow way.
LAST_TRIED = (0, 68)
# While one thread compiles: it lets others in that soon, and makes that much between collections.
SECONDS_TO_SWITCH = 5e-4
OBJECTS_TO_COLLECT = 10_000

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
        with global_compiler_lock, shortcuts(), _seldom_collected(), _llvm_aside():
            return super().compile(signature)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Have Python look less often for garbage, of which numba makes little: a tenth of the time."""
    before = gc.get_threshold()
    if before[0]:  # else it never looks
        gc.set_threshold(max(before[0], OBJECTS_TO_COLLECT), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _llvm_aside() -> Iterator[None]:
    """Have a thread do LLVM's share of the parts.

    It runs without the GIL, but for a moment at each of LLVM's functions: it is not let wait long.
    """
    before = sys.getswitchinterval()
    with ThreadPoolExecutor(1) as hand, replaced(_PartLibrary, "apply", hand.map):
        sys.setswitchinterval(min(before, SECONDS_TO_SWITCH))
        try:
            yield
        finally:
            sys.setswitchinterval(before)


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
    """LLVM of a part: not optimised with what it calls, nor made machine code.

    Attributes
    ----------
    apply : callable
        The map that calls LLVM: of a thread, so that numba meanwhile reads the next part.
    """

    apply: Any = map

    def __init__(self, codegen: Any, name: str) -> None:
        CodeLibrary.__init__(self, codegen, name)  # numba's asks LLVM for a module to link into
        self._linking_libraries: list[Any] = []
        self._shared_module = None

    def add_ir_module(self, written: Any) -> None:
        text = normalize_ir_text(str(written))
        names = [each.name for each in written.functions if not each.is_declaration]
        asked = [text], [names], [self._codegen]
        try:
            self._tidied = self.apply(_tidied, *asked)
        except RuntimeError:  # no thread can be started: Python is ending, or there are too many
            self._tidied = map(_tidied, *asked)

    def finalize(self) -> None:
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            (self._final_module,) = self._tidied
        return super()._get_module_for_linking()


def _tidied(text: str, names: list[str], codegen: Any) -> Any:
    """Return a module of LLVM whose functions were each optimised by themselves."""
    module = parse_assembly(text)
    for name in names:
        passes, builder = codegen._function_pass_manager()
        passes.run(module.get_function(name), builder)
    return module


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
        # Callers first, as LLVM takes in only what is called so far.
        libraries = dict.fromkeys([state.library, *state.library._linking_libraries])
        state.targetctx.insert_user_function(entry, state.cr.fndesc, list(libraries))
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
