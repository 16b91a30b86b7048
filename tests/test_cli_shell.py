"""The command line at a prompt: help, examples, completion, colour, width, guesses."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main
from funnelsim.cli.completion import VARIABLE
from funnelsim.cli.examples import SECTIONS, examples_of
from funnelsim.engine import warming

WIDTH = 80
EXAMPLES = [line for each in main.commands.values() for line in examples_of(each)]
LONG = ("report", "luck", "economics", "headcount", "mix")  # 20 s and more
BOLD = "\x1b[1m"


def run(*arguments: str, **env: str | None) -> click.testing.Result:
    return CliRunner(env=env).invoke(main, arguments, prog_name="funnelsim")


def offered(*line: str) -> list[str]:
    """Return what a shell is offered at the end of a line."""
    found = ShellComplete(main, {}, "funnelsim", VARIABLE).get_completions(
        list(line[:-1]), line[-1]
    )
    return [item.value for item in found if item.type == "plain"]


def is_long(example: str) -> bool:
    return example.removeprefix("funnelsim ").startswith(LONG)


def test_every_command_is_listed_where_it_belongs() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(main.commands)
    shown = run("--help").output
    for heading, names in SECTIONS.items():
        assert heading in shown
        assert all(f"\n  {name} " in shown for name in names)
    assert "..." not in shown.partition("Options")[2]  # sentences are whole


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_has_examples_and_fits(name: str) -> None:
    shown = run(name, "--help").output
    assert examples_of(main.commands[name])
    for example in examples_of(main.commands[name]):
        assert example in shown
        assert example.startswith(f"funnelsim {name}")
    assert max(map(len, shown.splitlines())) <= WIDTH or any(len(e) > WIDTH - 2 for e in EXAMPLES)


@pytest.mark.parametrize(
    "example",
    [pytest.param(each, marks=[pytest.mark.slow] if is_long(each) else []) for each in EXAMPLES],
)
def test_examples_run_as_typed(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(example.partition(">")[0])
    assert words.pop(0) == "funnelsim"
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert done.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    script = run("completion", shell).output
    assert f"{VARIABLE}={shell}_complete" in script
    assert "funnelsim" in script


def test_completion_knows_commands_presets_variants_and_paths() -> None:
    plan = fs.preset("sales_math")
    assert offered("sol") == ["solve"]
    assert "--draws" in offered("simulate", "sales_math", "--dr")
    assert offered("simulate", "sales") == ["sales_math"]
    assert offered("compare", "sales_math", "ent") == ["enterprise"]
    assert offered("simulate", "sales_math", "--variant", "") == list(plan.variants)
    assert offered("bridge", "sales_math", "--to", "wh") == ["whales"]
    for option in ("--set", "--over"):
        command = {"--set": "simulate", "--over": "sweep"}[option]
        found = offered(command, "sales_math", option, "stages.won.c")
        assert found == ["stages.won.conversion="]
    assert offered("solve", "sales_math", "--for", "activity.per_q") == ["activity.per_quarter"]
    assert offered("luck", "--draws", "9", "sales_math", "--variant", "wh") == ["whales"]
    assert offered("solve", "sales_math", "--method", "ex") == ["exact"]
    assert offered("completion", "z") == ["zsh"]
    assert offered("simulate", "none.toml", "--variant", "") == []


def test_completion_works_as_a_process(tmp_path: Path) -> None:
    own = dict(os.environ) | {
        VARIABLE: "bash_complete",
        "COMP_WORDS": "funnelsim simulate sales_math --variant ",
        "COMP_CWORD": "4",
    }
    code = "from funnelsim.cli import main; main(prog_name='funnelsim')"
    told = subprocess.run(
        [sys.executable, "-c", code], env=own, cwd=tmp_path, capture_output=True, text=True
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "plain,floor" in told.stdout.splitlines()


@pytest.mark.parametrize("name", fs.presets())
def test_paths_offered_can_be_set(name: str) -> None:
    from funnelsim.scenario.paths import paths_of

    plan = fs.preset(name)
    found = paths_of(plan)
    for path in ("activity.per_quarter", "quota.per_quarter"):
        paths = [each for each in found if each == path or each.endswith(f".{path}")]
        assert paths
        assert any(plan.replace({each: 500}) != plan for each in paths)


def test_colour_is_for_terminals_that_want_it() -> None:
    asked = ("exact", "sales_math")
    assert BOLD not in run(*asked).output
    assert BOLD in run("--color", *asked).output
    assert BOLD not in run("--no-color", *asked).output
    assert BOLD in run("--color", *asked, NO_COLOR="1").output  # what is typed counts more
    assert BOLD not in run("--color", *asked, "--json").output


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize(("env", "bold"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal(env: dict[str, str], bold: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    own = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | env
    code = "from funnelsim.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, "exact", "sales_math"], env=own, stdout=theirs)
    os.close(theirs)
    assert (BOLD.encode() in os.read(ours, 10_000)) is bold
    os.close(ours)


@pytest.mark.parametrize(
    ("arguments", "guess"),
    [
        (("simulat", "sales_math"), "Did you mean 'simulate'?"),
        (("exact", "sales_mat"), "Did you mean sales_math?"),
        (("exact", "sales_math", "--variant", "flor"), "Did you mean floor?"),
        (("exact", "sales_math", "--set", "stages.wonn.conversion=0.3"), "Did you mean won?"),
        (("quota", "sales_math", "--method", "exat"), "Did you mean exact?"),
        (("quota", "sales_math", "--shar", "0.5"), "--share"),
        (("solve", "sales_math", "--for", "activity.per_quarte"), '"activity.per_quarter"?'),
    ],
)
def test_a_slip_is_answered_with_a_guess(arguments: tuple[str, ...], guess: str) -> None:
    done = run(*arguments)
    assert done.exit_code in (2, 3)
    assert guess in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("solve", "sales_math", "--for", "activity.per_quarter", "--attain", "80"), "Write 0.8."),
        (("quota", "sales_math", "--share", "60"), "Write 0.6."),
        (("headcount", "three_segments", "--probability", "90"), "Write 0.9."),
        (("compare", "sales_math", "--confidence", "95"), "Write 0.95."),
    ],
)
def test_a_percentage_is_told_how_to_be_written(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_whole_numbers_may_be_short() -> None:
    answers = [
        run("simulate", "sales_math", "--draws", draws, "--json").stdout for draws in ("1e2", "100")
    ]
    assert answers[0] == answers[1]
    for wrong in ("2.5", "many"):
        done = run("luck", "sales_math", "--reps", wrong)
        assert done.exit_code == 2
        assert f"'{wrong}' is not a valid whole number." in done.output


@pytest.mark.parametrize("draws", ["1e30", "-1e30", "1e999999999", "5_000_000_000"])
def test_too_many_draws_are_told_how_many_there_may_be(draws: str) -> None:
    done = run("simulate", "sales_math", "--draws", draws)
    assert done.exit_code == 2
    assert f"{draws.replace('_', '')} is not in the range 1<=x<=4294967296." in done.output


def test_a_number_beyond_all_bounds_is_called_too_large() -> None:
    done = run("luck", "sales_math", "--reps", "1e999999999")
    assert done.exit_code == 2
    assert "'1e999999999' is too large." in done.output


@pytest.mark.parametrize("wrong", ["plan.target=-5", "plan.target=1e99", "plan.over_assignment=0"])
def test_what_follows_from_a_mistake_is_no_other(wrong: str) -> None:
    """Quotas follow from the plan's numbers."""
    said = run("validate", "three_segments", "--set", wrong).output
    assert "scenario: 1 problem\n" in said
    assert wrong.split("=")[0] in said


def test_no_remedy_is_against_the_rule() -> None:
    said = run("validate", "sales_math", "--set", "headcount=1e99").output
    assert "between 0 and 100_000.\n" in said
    assert "Write" not in said
    assert "Write 3," in run("validate", "sales_math", "--set", "headcount=3.5").output


def test_a_reason_is_said_once() -> None:
    done = run("exact", "three_segments")
    assert done.exit_code == 1
    assert done.output.count("when reps leave") == 1


def test_a_reader_who_leaves_is_no_error() -> None:
    code = "from funnelsim.cli import main; main()"
    told = subprocess.Popen(
        [sys.executable, "-c", code, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert told.stdout
    assert told.stderr
    told.stdout.read(10)
    told.stdout.close()
    assert told.stderr.read() == b""
    told.stderr.close()
    told.wait(60)


def test_letters_that_a_terminal_lacks_do_not_stop_it(tmp_path: Path) -> None:
    code = "from funnelsim.cli import main; main()"
    own = dict(os.environ) | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    file = tmp_path / "plan.toml"
    named = fs.preset("sales_math").replace({"name": "Plan → 東京"})
    file.write_text(fs.dumps(named), encoding="utf-8")
    for encoding in ("ascii", "latin-1"):
        told = subprocess.run(
            [sys.executable, "-c", code, "exact", str(file)],
            env=own | {"PYTHONIOENCODING": encoding},
            capture_output=True,
        )
        assert told.returncode == 0, told.stderr
        shown = "Plan → 東京".encode(encoding, "replace")
        assert shown in told.stdout or "Plan → 東京".encode() in told.stdout  # click's way out


def test_warmup_says_where_the_code_is() -> None:
    told = json.loads(run("warmup", "--json").output)
    assert told.keys() == {"compiled", "seconds", "cache"}
    assert list(Path(told["cache"]).glob("simulate_block-*.nbc"))
    assert f"Kept in {told['cache']}" in run("warmup").output


def test_warmup_fails_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = warming.Warmed(8.0, True, None, [Path("/read-only")])
    monkeypatch.setattr(warming, "warm_up", lambda: nowhere)
    done = run("warmup")
    assert done.exit_code == 1
    assert "Compiled in 8.0 s." in done.output
    assert "/read-only" in done.output
    assert "NUMBA_CACHE_DIR" in done.output
    assert json.loads(run("warmup", "--json").stdout)["cache"] is None
