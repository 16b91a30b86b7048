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
def test_commands_print_what_is_shown(path: Path) -> None:
    from funnelsim.cli import main

    for session in blocks(path, "console"):
        for command in re.findall(r"^\$ (.*\n(?:(?!\$ ).*\n)*)", session, flags=re.MULTILINE):
            line, *shown = command.splitlines()
            program, *arguments = shlex.split(line, comments=True)
            assert program == "funnelsim"
            answer = click.testing.CliRunner().invoke(main, arguments, catch_exceptions=False)
            assert answer.exit_code == 0, f"{line}\n{answer.output}"
            printed = iter(answer.output.splitlines())
            for each in shown:  # in this order; what a line of dots stands for may be anything
                assert each == "..." or each in printed, f"{line} no longer prints: {each}"


@pytest.mark.parametrize("path", pages_with("toml"), ids=page_name)
def test_scenarios_are_valid(path: Path) -> None:
    for text in blocks(path, "toml"):
        fs.Scenario(**tomli.loads(text))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the documentation make it."""
    plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {slug(each) for each in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)}


@pytest.mark.parametrize("path", [*PAGES, ROOT / "llms.txt"], ids=page_name)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)#?([^)\s]*)\)", text):
        place = path.parent / target if target else path
        made = "_build" in target  # when the pages are built
        assert place.exists() or made or target.startswith("http"), target
        assert not anchor or place.suffix != ".md" or anchor in anchors(place), f"{target}#{anchor}"
    for target in re.findall(r"\{doc\}`(?:[^`<]*<)?([^`<>]+)>?`", text):
        folder = ROOT / "docs" if target.startswith("/") else path.parent
        place = folder / f"{target.removeprefix('/')}.md"
        assert place.exists() or target.endswith("gallery/index"), target


@pytest.mark.parametrize("path", pages_with(r"\{figure\}[^\n]*"), ids=page_name)
def test_pictures_are_made_by_code_that_exists(path: Path) -> None:
    drawn = (ROOT / "docs" / "pictures.py").read_text(encoding="utf-8")
    for name in re.findall(r"^```\{figure\} (\S+)$", path.read_text("utf-8"), re.MULTILINE):
        found = re.search(r"gallery/(\w+)/images/sphx_glr_(\w+)_(\d{3})\.png$", name)
        if found:
            folder, script, number = found.groups()
            code = (ROOT / "examples" / "gallery" / folder / f"{script}.py").read_text("utf-8")
            assert len(re.findall(r"^ *fs\.plots\.", code, re.MULTILINE)) >= int(number), name
        elif "_build" in name:
            stem = Path(name).stem
            assert f'"{stem.removeprefix("luck-")}"' in drawn or f"{stem}.png" in drawn, name
        else:
            assert (path.parent / name).exists(), name


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
    text = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    module, listed = "", set()
    for where, name in re.findall(
        r"^\.\. (?:currentmodule:: (\S+)|auto(?:function|class):: (\w+))$", text, flags=re.MULTILINE
    ):
        module = where or module
        if name:
            listed.add(f"{module}.{name}")
    public = {f"funnelsim.{name}" for name in fs.__all__ if name not in ("__version__", "plots")}
    assert listed == public | {f"funnelsim.plots.{name}" for name in fs.plots.__all__}


def test_models_are_told_of_functions_that_exist() -> None:
    text = (ROOT / "llms.txt").read_text(encoding="utf-8")
    named = set(re.findall(r"`fs\.(\w+)[`(]", text))
    assert named
    assert named <= set(fs.__all__)


def test_promises_are_kept_by_tests_that_exist() -> None:
    text = (ROOT / "docs" / "background" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", text)
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing
