"""The house keeps its shape: rooms, arrows, what each may bring in. CONTRIBUTING.md says why."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import funnelsim

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
FILES = sorted(SOURCE.rglob("*.py"))

# What each room may import from the others. Nothing below imports what stands above it.
MAY_IMPORT = {
    "errors": set(),
    "registry": {"errors"},
    "writing": set(),
    "scenario": {"errors"},
    "twin": {"scenario", "registry", "errors"},
    "engine": {"scenario", "registry", "errors"},
    "results": {"scenario", "registry", "errors", "writing"},
    "analysis": {
        "scenario",
        "twin",
        "engine.blocks",
        "engine.simulate",
        "registry",
        "errors",
        "results",
        "writing",
    },
    "report": {"analysis", "scenario", "registry", "errors", "results", "writing"},
    "cli": {""},  # everything
    "__main__": {"cli"},
}
# Who may bring in a package that is heavy or dangerous in the wrong place.
ONLY_IN = {
    "numba": "funnelsim.engine.",
    "llvmlite": "funnelsim.engine.",
    "matplotlib": "funnelsim.report.plots",
    "click": "funnelsim.cli",
}
KERNELS_MAY_IMPORT = {"__future__", "math", "numpy", "typing"}
HEAVY = ("numpy", "numba", "xarray", "matplotlib", "scipy", "pydantic", "pandas", "netCDF4")


def module_name(path: Path) -> str:
    """``src/funnelsim/engine/pack.py`` -> ``funnelsim.engine.pack``."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path) for path in FILES}


def imports(path: Path) -> set[str]:
    """Every absolute name that a file imports, in functions too: ``numba.njit``, ``math``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_in(name: str, place: str) -> bool:
    return name == place or name.startswith(place.rstrip(".") + ".")


def room(name: str) -> str:
    """``funnelsim.engine.pack.pack`` -> ``engine``; the package itself is no room."""
    return name.split(".")[1] if "." in name else ""


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_arrows_point_one_way(path: Path) -> None:
    here = module_name(path)
    for name in imports(path):
        for package, place in ONLY_IN.items():
            if is_in(name, package):
                assert is_in(here, place), f"{here} imports {name}; only {place} may"
        if not is_in(name, "funnelsim") or not room(here) or room(name) == room(here):
            continue  # the package's own __init__ names them all, lazily
        allowed = MAY_IMPORT[room(here)]
        assert any(is_in(name, f"funnelsim.{target}".rstrip(".")) for target in allowed), (
            f"{here} imports {name}; {room(here)} may import {sorted(allowed)}"
        )


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_no_private_name_crosses_a_module(path: Path) -> None:
    for name in imports(path):
        if is_in(name, "funnelsim"):
            assert not re.search(r"\._(?!_)", name), f"{module_name(path)} imports {name}"


def test_kernels_import_only_what_is_compiled() -> None:
    kernels = sorted((SOURCE / "funnelsim" / "engine" / "kernels").glob("*.py"))
    assert len(kernels) > 10
    for path in kernels:
        ours = {name for name in imports(path) if is_in(name, "funnelsim")}
        watched = ("funnelsim.engine.compiling", "funnelsim.engine.kernels")  # machine_code.SOURCES
        assert all(any(is_in(name, each) for each in watched) for name in ours), path.name
        packages = {name.split(".")[0] for name in imports(path) - ours}
        assert packages <= KERNELS_MAY_IMPORT, path.name


def test_files_are_short_enough_to_read() -> None:
    too_long = {
        module_name(path): lines
        for path in FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert not too_long


def test_version_is_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert funnelsim.__version__ == project["version"] == importlib.metadata.version("funnelsim")
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_public_names_are_all_there() -> None:
    for name in funnelsim.__all__:
        assert getattr(funnelsim, name) is not None
    assert set(funnelsim.__all__) <= set(dir(funnelsim))


def test_import_is_light() -> None:
    code = f"import sys, funnelsim; print([m for m in {HEAVY} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_no_test_reaches_the_network() -> None:
    with socket.socket() as plain, pytest.raises(ConnectionRefusedError, match="network"):
        plain.connect(("127.0.0.1", 9))
    with pytest.raises(ConnectionRefusedError, match="network"):
        socket.create_connection(("localhost", 9))
