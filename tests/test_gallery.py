"""The gallery: each picture has its script, each script runs, can be read and changes no style."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import funnelsim as fs
from readable import assert_readable

GALLERY = Path(__file__).parents[1] / "examples" / "gallery"
SCRIPTS = sorted(GALLERY.rglob("plot_*.py"))
MOST_LINES = 30


def script_name(path: Path) -> str:
    return path.relative_to(GALLERY).as_posix()


def drawn_by(path: Path) -> list[str]:
    """The functions of ``fs.plots`` that a script calls."""
    return re.findall(r"\bfs\.plots\.(\w+)\(", path.read_text(encoding="utf-8"))


def test_every_picture_has_one_script_of_its_name() -> None:
    assert {path: {path.stem.removeprefix("plot_")} for path in SCRIPTS} == {
        path: set(drawn_by(path)) for path in SCRIPTS
    }
    assert sorted(name for path in SCRIPTS for name in set(drawn_by(path))) == sorted(
        fs.plots.__all__
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=script_name)
def test_scripts_run_and_their_pictures_can_be_read(path: Path) -> None:
    before = dict(mpl.rcParams)
    code = path.read_text(encoding="utf-8")
    exec(compile(code, str(path), "exec"), {"__name__": "__main__"})  # noqa: S102
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert len(figures) == len(drawn_by(path))
    for figure in figures:
        assert_readable(figure)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("path", SCRIPTS, ids=script_name)
def test_scripts_are_short_and_say_what_they_show(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    title, line, _, text = (ast.get_docstring(ast.parse(code)) or "").split("\n", 3)
    assert len(line) == len(title)
    assert text
    assert len(code.splitlines()) - code[: code.index('\n"""\n')].count("\n") <= MOST_LINES


def test_every_folder_has_a_heading() -> None:
    for folder in {GALLERY, *(path.parent for path in SCRIPTS)}:
        assert (folder / "GALLERY_HEADER.rst").exists()
