"""Screens of every command: the answer first, detail with -v, and all of it within 80 columns."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import funnelsim as fs
from funnelsim.cli import main
from funnelsim.cli.delivery import WIDTH
from funnelsim.report.screen import Screen, detail

FEW = ("--draws", "60")
COSTS = ("--cost", "activity.per_quarter=100", "--cost", "stages.won.conversion=400_000")
CELLS = "stages.won.conversion=0.1:0.6:0.05"
# What each command is asked, so that it takes little time: the words after FILE.
ASKED = {
    "simulate": FEW,
    "exact": (),
    "validate": (),
    "luck": ("--draws", "200", "--reps", "9"),
    "economics": FEW,
    "economics side by side": ("--side-by-side", *FEW),
    "compare": FEW,
    "sweep": ("--over", "quota.per_quarter=200_000,1_000_000_000", *FEW),
    "sweep of two": ("--over", CELLS, "--over", "deal_size.mean=9_000,90_000,900_000", *FEW),
    "bridge": ("sales_math", "--method", "simulated", *FEW),
    "sensitivity": ("--method", "simulated", *FEW),
    "solve": ("--for", "activity.per_quarter", "--bites", "--method", "simulated", *FEW),
    "headcount": FEW,
    "coverage": (),
    "quota": ("--share", "0.6,0.8", "--reps", "20", "--probability", "0.9", *FEW),
    "mix": COSTS,
}
LONG = {"mix", "sweep of two", "luck", "bridge", "solve"}  # of one preset at once, of all if slow
PLAIN = {"validate": "the verdict", "quota": "one table", "mix": "one table"}  # no detail
FIRST_LINES = 45  # of a terminal: more is detail
NEEDLESS = re.compile(r"pay: must be stated|has no variants|states no variants|no target of the|"
                      r"a team of .* seats|is not integrated|not in the plan|is not among|"
                      r"is not a path|segments", re.DOTALL)  # fmt: skip


def run(command: str, name: str, *options: str) -> Result:
    words = [command.split(" ")[0], name, *ASKED[command], *options]
    return CliRunner(env={"COLUMNS": str(WIDTH)}).invoke(main, words, prog_name="funnelsim")


def takes_long(command: str, name: str) -> bool:
    return command in LONG and name != "sdr_assisted"


CASES = [
    pytest.param(command, name, marks=[pytest.mark.slow] if takes_long(command, name) else [])
    for command in ASKED
    for name in fs.presets()
]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_every_screen_fits_a_terminal(command: str, name: str) -> None:
    brief = run(command, name)
    assert brief.exit_code in (0, 1, 2, 3), brief.exception
    if brief.exit_code:
        assert brief.stdout == ""
        assert NEEDLESS.search(brief.stderr), brief.stderr  # what such a plan has no answer to
        return
    assert len(brief.stdout.splitlines()) <= FIRST_LINES
    assert_fits(brief.stdout)
    if command in PLAIN:
        return
    whole = run(command, name, "-v").stdout
    assert_fits(whole)
    assert_only_more(brief.stdout, whole)


def assert_fits(text: str) -> None:
    """No line is too wide, and no number cut."""
    for line in text.splitlines():
        assert len(line) <= WIDTH, line
        assert line == line.rstrip(), line
        for cell in re.split("  +", line):
            assert "..." not in cell or re.search("[A-Za-z]", cell), line


def assert_only_more(brief: str, whole: str) -> None:
    """The screen with detail has every line of the one without, in its order."""
    shown, _, last = brief.partition("\nMore with -v: ")
    rest = iter(whole.splitlines())
    assert all(line in rest for line in shown.splitlines()), whole
    if last:
        assert "More with -v" not in whole
        assert len(whole) > len(shown)


NAME = "A name as long as nobody would give to anything, and yet"


@pytest.fixture(scope="module")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a rep and a team of whom everything has a long name, and nothing is small."""
    folder = tmp_path_factory.mktemp("long")
    rep = fs.preset("sales_math").model_dump(exclude_unset=True)
    more = [{"activity": {"per_quarter": 800 + k}} for k in range(3)]
    rep |= {"name": f"{NAME} plan", "currency": "JPY", "quota": {"per_quarter": 250e9}}
    rep |= {"deal_size": {**rep["deal_size"], "mean": 84e9}, "pay": {"ote": 160e6}}
    rep["stages"] = [{**each, "name": f"{NAME} {k}"} for k, each in enumerate(rep["stages"])]
    rep["kpis"] = [{**rep["kpis"][0], "name": f"{NAME} KPI"}]
    rep["variants"] = {f"{NAME} {k}": each for k, each in enumerate(more)}
    team = fs.preset("three_segments").model_dump(exclude_unset=True)
    team |= {"name": f"{NAME} team", "uncertainty": {}, "currency": "JPY"}
    team["segments"] = [{**each, "name": f"{NAME} {k}"} for k, each in enumerate(team["segments"])]
    team["variants"] = {f"{NAME} {k}": {"market": {"cv": 0.1 + k / 10}} for k in range(3)}
    for file, data in {"rep.toml": rep, "team.toml": team}.items():
        (folder / file).write_text(fs.dumps(fs.Scenario(**data)), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("exact", "rep"), ("simulate", "team"), ("compare", "rep"), ("compare", "team"),
        ("economics", "team"), ("economics side by side", "rep"), ("headcount", "team"),
        ("sensitivity", "rep"), ("solve a stage", "rep"), ("sweep of two", "rep"),
    ],
)  # fmt: skip
def test_long_names_stay_apart(
    command: str, file: str, long_names: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = f'stages."{NAME} 2".conversion'
    monkeypatch.setitem(ASKED, "solve a stage", ("--for", stage, "--method", "simulated", *FEW))
    monkeypatch.setitem(
        ASKED, "sweep of two",
        ("--over", f"{stage}=0.2,0.4", "--over", "deal_size.mean=80e9,90e9", *FEW),
    )  # fmt: skip
    monkeypatch.chdir(long_names)
    answer = run(command, f"{file}.toml", "-v")
    assert answer.exit_code == 0, answer.output
    shown = answer.stdout.partition("\nNext, ")[0]  # a word of a command is not broken
    assert_fits(shown)
    for block in shown.split("\n\n"):
        rows = [line.split("  ")[0] for line in block.splitlines() if re.search(r"\.{3}.*  ", line)]
        assert len(set(rows)) == len(rows), block


def test_detail_is_left_out_of_the_object() -> None:
    options = ("sales_math", "--json")
    assert run("exact", *options).stdout == run("exact", *options, "-v").stdout


def test_a_screen_says_what_else_there_is() -> None:
    blocks = [["a table"], [*detail("method", ["drawn"]), "a warning", *detail("method", ["how"])]]
    screen = Screen(["asked"], ["the answer"], [*blocks, list(detail("words", ["a word"]))])
    assert screen.brief == (
        "asked\nthe answer\n\na table\n\na warning\n\nMore with -v: method, words."
    )
    assert screen.whole == "asked\nthe answer\n\na table\n\ndrawn\na warning\nhow\n\na word"
    assert "-v" not in Screen(["asked"], [], [["a table"]]).brief


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("simulate", ("--set", "quota.per_quarter=300_000", "--variant", "fixed sizes")),
        ("exact", ()),
        ("sensitivity", ("--by", "year", "--method", "exact")),
        ("sweep", ()),
        pytest.param(
            "compare", ("--set", "activity.per_quarter=900"), marks=pytest.mark.slow
        ),  # a report
    ],
)
def test_what_comes_next_is_a_command_about_the_same_plan(
    command: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = run(command, "sales_math", *words).stdout
    said = re.sub(r"\\\n +", "", shown)
    following = re.search(r"Next, [^:]+:\s+(funnelsim .+)", said)
    assert following, shown
    next_words = shlex.split(following[1])[1:]
    for word in words[1::2]:
        if word not in ("exact",):
            assert word in next_words
    few = {"report": ("--draws", "1000"), "simulate": FEW}.get(next_words[0], ())
    done = CliRunner().invoke(main, [*next_words, *few], prog_name="funnelsim")
    assert done.exit_code == 0, done.output
