"""What the documentation shows is run: examples, commands, links between code and pages."""

from __future__ import annotations

import doctest
import os
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import click.testing
import pytest
import tomli

import funnelsim as fs

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if "_build" not in path.parts
)


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def pages_with(language: str) -> list[Path]:
    return [path for path in PAGES if blocks(path, language)]


@pytest.fixture(autouse=True)
def _as_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with the environment's commands at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)


@pytest.mark.parametrize("path", pages_with("pycon"), ids=page_name)
def test_sessions_give_what_they_show(path: Path) -> None:
    session = "\n".join(blocks(path, "pycon"))
    test = doctest.DocTestParser().get_doctest(session, {}, path.name, str(path), 0)
    report: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=report.append)
    assert outcome.attempted
    assert not outcome.failed, "".join(report)


@pytest.mark.parametrize("path", pages_with("python"), ids=page_name)
def test_scripts_run(path: Path) -> None:
    for script in blocks(path, "python"):
        exec(compile(script, str(path), "exec"), {"__name__": "__main__"})  # noqa: S102


@pytest.mark.parametrize("path", pages_with("console"), ids=page_name)
def test_commands_succeed(path: Path) -> None:
    from funnelsim.cli import main

    for line in "".join(blocks(path, "console")).splitlines():
        if line.startswith("$ "):
            program, *arguments = shlex.split(line[2:], comments=True)
            assert program == "funnelsim"
            answer = click.testing.CliRunner().invoke(main, arguments, catch_exceptions=False)
            assert answer.exit_code == 0, f"{line}\n{answer.output}"


@pytest.mark.parametrize("path", pages_with("toml"), ids=page_name)
def test_scenarios_are_valid(path: Path) -> None:
    for text in blocks(path, "toml"):
        fs.Scenario(**tomli.loads(text))


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=page_name)
def test_examples_run(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for scenario in script.parent.glob("*.toml"):
        shutil.copy(scenario, ".")
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out


def test_example_scenarios_are_valid() -> None:
    scenarios = sorted((ROOT / "examples").glob("*.toml"))
    assert scenarios
    for path in scenarios:
        plan = fs.load(path)
        for name in plan.variants:
            plan.variant(name)


def test_reference_names_every_public_function() -> None:
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\.\. auto(?:function|class):: (\w+)", text, flags=re.MULTILINE))
    assert listed == {name for name in fs.__all__ if not name.startswith("_")}


def test_promises_are_kept_by_tests_that_exist() -> None:
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", text)
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing
