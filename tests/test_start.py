"""The time to the first result: what is compiled, where it is kept, and that it is never stale.

A copy of the engine with a kernel of three lines stands in for the real one, so that compiling
takes a second.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import base

import funnelsim as fs
from funnelsim.engine import kernels, machine_code, shortcuts
from funnelsim.engine.blocks import Run, sample_blocks
from funnelsim.engine.compiling import machine_code_of

KERNELS = '''
"""A kernel that is quickly compiled."""

from funnelsim.engine.compiling import part, whole

FACTOR = 2.0


@part(forceinline=True)
def scaled(x):
    return FACTOR * x


@part()
def shifted(x):
    return scaled(x) + 1.0


@whole
def simulate_block(x):
    return shifted(x)
'''
CODE = """
import json
from funnelsim.engine import kernels
from funnelsim.engine.compiling import machine_code_of
value = kernels.simulate_block(3.0)
kept = machine_code_of(kernels.simulate_block)
folder = None if kept.folder is None else str(kept.folder)
print(json.dumps({"value": value, "compiled": kept.compiled, "folder": folder}))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a funnelsim of that kernel."""
    package = tmp_path / "site" / "funnelsim"
    for name in ("compiling", "machine_code", "record", "shortcuts"):
        place = package / "engine" / f"{name}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(fs.__file__).parent / "engine" / place.name, place)
    (package / "engine" / "kernels").mkdir()
    for folder in (package, package / "engine"):
        (folder / "__init__.py").touch()
    (package / "engine" / "kernels" / "block.py").write_text(KERNELS, encoding="utf-8")
    (package / "engine" / "kernels" / "__init__.py").write_text(
        "from funnelsim.engine.kernels.block import simulate_block\n", encoding="utf-8"
    )
    return package


def run(package: Path, **env: str | None) -> tuple[dict[str, Any], str]:
    """Run the kernel in a process of its own; what it tells, and its standard error."""
    own = dict(os.environ) | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    own |= {"XDG_CACHE_HOME": str(package.parent.parent / "cache"), "NUMBA_CACHE_DIR": ""}
    for name, value in env.items():
        own.pop(name, None)
        own |= {} if value is None else {name: value}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=own, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout), done.stderr


def same_size_and_time(file: Path, old: str, new: str) -> None:
    """Edit a file as no clock or size can tell."""
    before = file.stat()
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    assert len(old) == len(new)
    file.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_later_process_finds_the_code(copy: Path) -> None:
    first, said = run(copy)
    again, _ = run(copy)
    assert (first["value"], first["compiled"], said) == (7.0, True, "")
    assert again == first | {"compiled": False}
    assert first["folder"] == str(copy / "engine" / "kernels" / "__pycache__")


def said_by(package: Path, code: str, **env: str) -> str:
    """Run code beside the kernel, with an empty cache; what it prints."""
    own = dict(os.environ) | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    own["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(dir=package.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], env=own | env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


AS_IT_WAS = """
import gc, sys, threading
from numba.core import base, postproc, types
from numba.core.registry import cpu_target
from numba.np import linalg
from funnelsim.engine.compiling import _PartLibrary
places = [
    (type(cpu_target.typing_context), "resolve_function_type resolve_getattr"),
    (type(cpu_target.target_context), "get_function get_abi_sizeof refresh"),
    (types.functions.BaseFunction, "get_call_type"),
    (type(types.Type), "__instancecheck__"),
    (types.Record, "__repr__"),
    (postproc.PostProcessor, "run"),
    (base, "_has_loc"),
    (linalg, "ensure_blas"),
    (_PartLibrary, "apply"),
]
def state():
    found = [vars(place).get(name) for place, names in places for name in names.split()]
    return found, gc.get_threshold(), sys.getswitchinterval(), threading.active_count()
before = state()
"""


def test_threads_may_come_at_once(copy: Path) -> None:
    code = (
        f"{AS_IT_WAS}\n"
        "sys.setswitchinterval(1e-6); before = state()\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from funnelsim.engine.kernels import simulate_block\n"
        "gate = threading.Barrier(8)\n"
        "def come(x):\n"
        "    gate.wait()\n"
        "    return simulate_block(x)\n"
        "with ThreadPoolExecutor(8) as hands:\n"
        "    print(*hands.map(come, [3.0] * 8), end=' ')\n"
        "print(state() == before)"
    )
    assert said_by(copy, code).split() == ["7.0"] * 8 + ["True"]


def test_what_is_compiled_may_be_wrong_and_leaves_numba_as_it_was(copy: Path) -> None:
    place = copy / "engine" / "kernels" / "block.py"
    place.write_text(KERNELS.replace("shifted(x)\n", "shifted(x).missing\n"), encoding="utf-8")
    code = (
        f"{AS_IT_WAS}\n"
        "from numba.core.errors import TypingError\n"
        "from funnelsim.engine.kernels import simulate_block\n"
        "try:\n"
        "    simulate_block(3.0)\n"
        "except TypingError as error:\n"
        "    print('missing' in str(error), state() == before)"
    )
    assert said_by(copy, code).split() == ["True", "True"]


def test_a_thread_beside_changes_no_byte_of_the_machine_code(copy: Path) -> None:
    code = (
        "import contextlib, hashlib, types\n"
        "from numba.core.codegen import JITCodeLibrary\n"
        "from funnelsim.engine import compiling\n"
        "from funnelsim.engine.kernels import simulate_block\n"
        "{before}\n"
        "print(simulate_block(3.0))\n"
        "(made,) = simulate_block.overloads.values()\n"
        "print(hashlib.sha256(made.library._final_module.as_bitcode()).hexdigest())\n"
        "print(hashlib.sha256(made._reduce()[0][2][0]).hexdigest())"
    )
    alone = "compiling._llvm_aside = contextlib.nullcontext"
    aside = said_by(copy, code.format(before=""))
    assert said_by(copy, code.format(before=alone)) == aside
    assert len(aside) > 100


def test_it_compiles_where_no_thread_can_be_started(copy: Path) -> None:
    code = (
        "import threading, time\n"
        "from funnelsim.engine.kernels import simulate_block\n"
        "def come():\n"
        "    main.join()\n"
        "    time.sleep(0.1)\n"
        "    print(simulate_block(3.0))\n"
        "main = threading.main_thread()\n"
        "threading.Thread(target=come).start()"
    )
    assert said_by(copy, code) == "7.0\n"


def test_a_later_numba_compiles_its_own_way(copy: Path) -> None:
    code = (
        "import numba; numba.__version__ = '9999.0'\n"
        "from numba.core.registry import CPUDispatcher\n"
        "from funnelsim.engine.kernels.block import scaled, simulate_block\n"
        "print(simulate_block(3.0), type(scaled) is type(simulate_block) is CPUDispatcher)"
    )
    assert said_by(copy, code).split() == ["7.0", "True"]


def test_what_a_numba_does_not_have_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(base, "_has_loc")
    with shortcuts.shortcuts():
        assert not hasattr(base, "_has_loc")
    assert not hasattr(base, "_has_loc")


def test_an_edited_kernel_is_compiled_anew(copy: Path) -> None:
    run(copy)
    same_size_and_time(copy / "engine" / "kernels" / "block.py", "FACTOR = 2.0", "FACTOR = 5.0")
    edited, _ = run(copy)
    assert (edited["value"], edited["compiled"]) == (16.0, True)
    same_size_and_time(copy / "engine" / "kernels" / "block.py", "FACTOR = 5.0", "FACTOR = 2.0")
    back, _ = run(copy)
    assert (back["value"], back["compiled"]) == (7.0, False)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("record.py", '("rate", "f8")', '("rate", "f4")'),
        ("compiling.py", '"error_model": "numpy"', '"error_model":"python"'),
        ("shortcuts.py", "worked out once.", "worked out Once."),
    ],
)
def test_what_the_kernel_rests_on_is_watched(copy: Path, name: str, old: str, new: str) -> None:
    run(copy)
    same_size_and_time(copy / "engine" / name, old, new)
    edited, _ = run(copy)
    assert edited["compiled"]


@pytest.mark.parametrize("package", ["numba", "numpy", "llvmlite"])
def test_an_upgrade_gives_the_code_another_name(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = kernels.simulate_block.py_func
    before = machine_code.MachineCode(function).name
    assert machine_code.MachineCode(function).name == before
    monkeypatch.setattr(sys.modules[package], "__version__", "9999.0")
    assert machine_code.MachineCode(function).name != before


def test_a_write_that_was_cut_short_is_no_code(copy: Path) -> None:
    first, _ = run(copy)
    folder = Path(first["folder"])
    for ending in ("*.nbc", "*.nbi"):
        (file,) = folder.glob(ending)
        file.write_bytes(file.read_bytes()[:100])
        again, said = run(copy)
        assert (again["value"], again["compiled"]) == (7.0, True)
        assert "Traceback" not in said
        assert not run(copy)[0]["compiled"]


def test_a_folder_that_cannot_be_written_gives_way_to_the_users(copy: Path) -> None:
    (copy / "engine" / "kernels" / "__pycache__").touch()  # a file in the place of the folder
    first, said = run(copy, HOME=None)
    again, _ = run(copy, HOME=None)
    assert (first["value"], first["compiled"], again["compiled"], said) == (7.0, True, False, "")
    assert Path(first["folder"]).is_relative_to(copy.parent.parent / "cache")


def test_without_any_folder_it_is_said_once_and_works(copy: Path) -> None:
    blocked = copy / "engine" / "kernels" / "__pycache__"
    blocked.touch()
    told, said = run(copy, HOME=None, XDG_CACHE_HOME=str(blocked))
    assert (told["value"], told["compiled"], told["folder"]) == (7.0, True, None)
    assert said.count("Compiled code cannot be kept") == said.count("\n") == 1
    assert "NUMBA_CACHE_DIR" in said
    assert str(blocked) in said


def test_finding_code_writes_nothing(copy: Path) -> None:
    first, _ = run(copy)
    folder = Path(first["folder"])
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert not run(copy)[0]["compiled"]
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_a_folder_that_is_asked_for_is_the_only_one(copy: Path, tmp_path: Path) -> None:
    told, _ = run(copy, NUMBA_CACHE_DIR=str(tmp_path / "mine"))
    assert Path(told["folder"]).is_relative_to(tmp_path / "mine")
    assert not (copy / "engine" / "kernels" / "__pycache__").exists()


def test_python_and_numba_may_call_a_part(copy: Path) -> None:
    code = (
        "import numba\n"
        "from funnelsim.engine.kernels.block import shifted\n"
        "@numba.njit\n"
        "def twice(x):\n"
        "    return shifted(shifted(x))\n"
        "print(shifted(3.0), shifted(3), shifted.py_func(3.0), twice(3.0))"
    )
    assert said_by(copy, code).split() == ["7.0", "7.0", "7.0", "15.0"]
    code = "from funnelsim.engine.kernels import simulate_block; print(simulate_block(3.0))"
    assert said_by(copy, code, NUMBA_DISABLE_JIT="1") == "7.0\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_terminal_is_told_that_it_compiles(copy: Path) -> None:
    import pty

    def said() -> str:
        ours, theirs = pty.openpty()
        own = dict(os.environ) | {"PYTHONPATH": str(copy.parent), "NUMBA_CACHE_DIR": ""}
        subprocess.run(
            [sys.executable, "-c", CODE], env=own, stderr=theirs, stdout=subprocess.DEVNULL
        )
        os.close(theirs)
        found = b""
        try:
            while more := os.read(ours, 1_000):
                found += more
        except OSError:  # all was read
            pass
        os.close(ours)
        return found.decode()

    assert said().startswith("Compiling once, about")
    assert said() == ""


def test_all_plans_share_one_signature() -> None:
    plan = fs.preset("sales_math")
    uncertain = {"uncertainty": {"stages.won.conversion": {"cv": 0.1}}}
    plans = [
        *(fs.preset(name) for name in fs.presets()),
        *(plan.variant(name) for name in plan.variants),
        plan.replace({"calendar.quarters": 1, "headcount": 3}),
        plan.replace(uncertain),
    ]
    for each in plans:
        runs = [
            Run(segment, 2, hired=True, segment=name, pipeline=True)
            for name, segment in each.team.items()
        ]
        for _ in sample_blocks(runs, draws=2, seed=1, threads=1):
            pass
    assert len(kernels.simulate_block.signatures) == 1


def test_machine_code_is_not_bound_to_this_process() -> None:
    """Addresses of this process in the code would be wrong in the next."""
    fs.simulate(fs.preset("sales_math"), draws=1, seed=1)
    (compiled,) = kernels.simulate_block.overloads.values()
    assert not compiled.library.has_dynamic_globals
    assert machine_code_of(kernels.simulate_block).folder is not None


def test_parts_leave_no_machine_code_of_their_own() -> None:
    fs.simulate(fs.preset("sales_math"), draws=1, seed=1)
    words = [np.uint64(i) for i in range(6)]
    assert not any(callable(each.entry_point) for each in kernels.philox.overloads.values())
    assert kernels.philox(*words) == kernels.philox.py_func(*words)
