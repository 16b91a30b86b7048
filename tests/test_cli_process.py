"""The command line as a process: what it loads, how it ends when it is stopped, and its streams."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from funnelsim.cli import main, process

HEAVY = ("numpy", "numba", "xarray", "matplotlib", "scipy", "pandas", "netCDF4", "asyncio")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from funnelsim.cli import main; main()", *arguments]


def run(
    *arguments: str, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("simulate", "--help"),
        ("luck", "--help"),
        ("validate", "sales_math"),
        ("validate", "none.toml"),
        ("schema",),
        ("presets",),
        ("presets", "--json"),
        ("new", "plan.toml"),
        ("simulate", "sales_math", "--draws", "0"),
        ("simulate", "sales_math", "-o", "r.xlsx"),
        ("luck", "sales_math", "--lag", "9"),
        ("luck", "sales_math", "--reps", "9", "--observed", "close_rate"),
        ("luck", "sales_math", "--pictures", "none/pictures"),
        ("compare", "--help"),
        ("compare", "enterprise"),
        ("sweep", "--help"),
        ("sweep", "sales_math", "--over", "activity.per_quarter=2:1:1"),
        ("solve", "sales_math", "--for", "stages.won.conversion", "--bites"),
        ("quota", "sales_math", "--reps", "9"),
        ("bridge", "sales_math"),
    ],
    ids=" ".join,
)
def test_light_commands_load_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        f"loaded = lambda: [module for module in {HEAVY} if module in sys.modules]\n"
        "atexit.register(lambda: print(loaded(), file=sys.stderr))\n"
        "from funnelsim.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stderr.splitlines()[-1] == "[]"
    assert "Traceback" not in done.stderr


def test_the_installed_command_is_this_one() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("funnelsim"), "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("funnelsim, version ")


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    for arguments, status in ((("presets",), 0), (("nothing",), 2)):
        module = [sys.executable, "-m", "funnelsim", *arguments]
        done = subprocess.run(module, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status
        assert "sales_math" in done.stdout or "Usage: funnelsim " in done.stderr


def test_exit_statuses(tmp_path: Path) -> None:
    expected = {
        ("validate", "sales_math"): 0,
        ("validate", "sales_math", "--set", "quota.per_quarter=-1"): 3,
        ("validate",): 2,
        ("nothing",): 2,
        ("validate", "none.toml"): 3,
    }
    for arguments, status in expected.items():
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode == status, arguments
        assert status == 0 or (done.stdout == "" and done.stderr)


def test_json_is_one_object_even_in_ascii(tmp_path: Path) -> None:
    arguments = ("--draws", "50", "--json", "--set", "name=Müller 株式")
    done = run(
        "simulate", "sales_math", *arguments, cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["scenario"] == "Müller 株式"


def test_a_screen_survives_a_poor_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        command("exact", "sales_math", "--set", "name=Müller 株式"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Müller ??: computed exactly" in done.stdout.decode("latin-1")


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("output", [(), ("-o", "r.csv")], ids=["streamed", "to a file"])
def test_interrupt_ends_it_at_once_and_leaves_nothing(
    output: tuple[str, ...], tmp_path: Path
) -> None:
    assert run("simulate", "sales_math", "--draws", "10", cwd=tmp_path).returncode == 0  # compiled
    process = subprocess.Popen(
        command("simulate", "sales_math", "--draws", "4_000_000_000", *output),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(6)  # well into the work
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)  # promised: 2 s, on an idle machine
    finally:
        process.kill()
    assert process.returncode == 130
    told, *others = reversed(stderr.splitlines())
    assert (stdout, told) == ("", "Interrupted.")
    assert all("Memory: up to" in line for line in others)  # said of long work before it begins
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes are those of POSIX")
def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("schema"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    stderr = process.stderr.read()
    process.wait()
    process.stderr.close()
    assert "Traceback" not in stderr


@pytest.mark.skipif(os.name == "nt", reason="terminals are those of POSIX")
def test_progress_shows_on_a_terminal_only(tmp_path: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command("simulate", "sales_math", "--draws", "600_000", "--json"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    process.stdout.close()
    assert process.wait() == 0
    assert re.search(rb"simulation \[#*-*\] [\d,]+ of 600,000 draws", shown)
    assert shown.endswith(b"\r\x1b[K")  # and is wiped away
    assert answer["draws"] == 600_000


def test_parts_of_long_work_have_a_bar_each_from_their_beginning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(process, "SECONDS_BEFORE_PROGRESS", 0)
    monkeypatch.setattr(process, "SECONDS_BETWEEN", 0)
    monkeypatch.setenv("COLUMNS", "80")
    with process.progress_bars() as nothing:
        assert nothing is None  # no terminal
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with click.Context(main, color=False).scope(), process.progress_bars() as begin:
        assert begin is not None
        begin("1 of 2: levers")(3, 4)
        begin("2 of 2: the page")
    lines = [line.removesuffix("\x1b[K") for line in capsys.readouterr().err.split("\r")]
    assert lines == [
        "",
        f"1 of 2: levers [{'-' * 24}] 0 %",
        f"1 of 2: levers [{'#' * 18}{'-' * 6}] 75 %",
        f"2 of 2: the page [{'-' * 24}] 0 %",
        "",
    ]


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_progress_names_its_part_and_leaves_a_clean_line(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(process, "SECONDS_BEFORE_PROGRESS", 0)
    monkeypatch.setattr(process, "SECONDS_BETWEEN", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    with click.Context(main, color=False).scope(), process.progress_bar("what costs") as show:
        assert show is not None
        show(0, 1_000_000)
        show(250_000, 1_000_000)
    lines = capsys.readouterr().err.split("\r")
    assert lines[-1] == "\x1b[K"  # colour or not
    for line in lines[1:-1]:
        assert line.startswith("what costs")
        assert len(line.removesuffix("\x1b[K")) < columns
    assert columns < 80 or "250,000 of 1,000,000 draws" in lines[2]
