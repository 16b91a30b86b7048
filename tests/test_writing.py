"""Files that are whole or absent: what a process leaves that is killed while it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from funnelsim import writing
from funnelsim.writing import write_text

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart on Linux")
WRITES = """
import sys
from funnelsim.writing import whole_file
with whole_file(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("begun", flush=True)
    sys.stdin.readline()
"""


def writer(target: Path) -> subprocess.Popen[str]:
    """Return a process that has written half of a file, and goes on when it is told to."""
    command = [sys.executable, "-c", WRITES, str(target)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def killed(target: Path) -> str:
    """Return the name of what a process leaves that is killed while it writes a file."""
    before = set(target.parent.iterdir())
    process = writer(target)
    process.kill()
    process.communicate()
    (left,) = set(target.parent.iterdir()) - before
    return left.name


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@LINUX
def test_what_a_killed_process_left_of_a_file_is_taken_away(tmp_path: Path) -> None:
    target, other = tmp_path / "result.nc", tmp_path / "other.nc"
    for _ in range(2):
        killed(target)
    of_another = killed(other)
    write_text(target, "whole")
    assert names(tmp_path) == [of_another, "result.nc"]
    write_text(other, "whole")
    assert names(tmp_path) == ["other.nc", "result.nc"]


@LINUX
def test_what_is_still_being_written_stays(tmp_path: Path) -> None:
    target = tmp_path / "result.nc"
    process = writer(target)
    write_text(target, "whole")
    assert len(names(tmp_path)) == 2
    process.communicate("go on\n")
    assert process.returncode == 0
    assert names(tmp_path) == ["result.nc"]
    assert target.read_text(encoding="utf-8") == "half"


@LINUX
@pytest.mark.parametrize("here", ["another machine, or container", ""])
def test_what_others_have_left_stays(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their numbers of processes say nothing here; where nothing is known, nothing is taken."""
    target = tmp_path / "result.nc"
    left = killed(target)
    monkeypatch.setattr(writing, "_here", lambda: here)
    write_text(target, "whole")
    assert names(tmp_path) == [left, "result.nc"]


def test_a_name_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "result.nc"
    odd = [f".funnelsim-{writing._mark(target.name)}-{what}.part" for what in ("", "x-1", "0-1")]
    for name in odd:
        (tmp_path / name).write_text("", encoding="utf-8")
    write_text(target, "whole")
    assert names(tmp_path) == sorted([*odd, "result.nc"])
