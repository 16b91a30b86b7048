"""The page for whoever decides, without a browser: what it says, and that it asks nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main
from funnelsim.errors import ArgumentError
from funnelsim.report.numbers import of_ten
from funnelsim.report.page.page import NO_HASH
from funnelsim.report.page.report import OF_PLANS, PARTS_OF_REP, PARTS_OF_TEAM
from funnelsim.report.page.sources import ASSUMPTION, DATA, PUBLISHED, UNSAID, assumed_of
from report_pages import (
    DRAWS,
    EVIL,
    EVIL_KPI,
    EVIL_STAGE,
    EVIL_VARIANT,
    SEED,
    Made,
    Node,
    hostile,
    made,
    numbers_in,
    page_of,
    tree,
)

# Numbers of a text that are labels: the goal, quarters, draws, seats, years of sources.
LABELS = (
    r"\bday 0\b",
    r"\b\d+ of 10\b", r"\bof \d quarters\b", r"\bin \d or more\b", r"quarter \d", r"[\d,]+ draws",
    r"all \d+ seats", r"[\d,]+ simulated draws", r"[A-Za-z ]+, (19|20)\d\d", r"\d+ of 100 \w+ make",
)  # fmt: skip
QUICK = ("mid_market", "three_segments")
PRESETS = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in fs.presets()
]
PAGES = [*PRESETS, "hostile"]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Made:
    return page_of(request.param)


# The first screen


@pytest.mark.parametrize("name", PRESETS)
def test_the_first_screen_answers(name: str) -> None:
    """Chance with its uncertainty, three numbers, three assumptions, the cheapest change."""
    made = page_of(name)
    first = tree(made.html).first("section", id="answer")
    answer, certainty = first.first("p", class_="answer"), first.first("p", class_="certainty")
    chance = _chance(made)
    assert [float(each.attrs["value"]) for each in answer.all("data")].count(chance) == 2
    assert of_ten(chance, "x").removesuffix(" x").lower() in answer.text.lower()
    exactly = "computed exactly" in certainty.text
    assert exactly != ("±" in answer.text)
    assert exactly == (getattr(made.found, "exact", None) is not None)
    numbers = list(first.first("ul", class_="numbers").all("li"))
    assert len(numbers) == 3
    assert all(next(each.all("data"), None) is not None for each in numbers)
    rests = list(first.first("ol", class_="rests").all("li"))
    assert len(rests) == 3
    named = {PUBLISHED, ASSUMPTION, DATA}
    for each in rests:
        assert len(list(each.all("data"))) == 5  # where it stands, both ends, the chance at each
        assert each.first("span", class_="tag").text.split(",")[0] in named | {"source not stated"}
    takes = first.first("ul", class_="takes").text
    assert re.match(r"(Smallest single change|Cheapest change|Out of reach|Nothing)", takes), takes


def _chance(made: Made) -> float:
    if hasattr(made.found, "chance"):
        return float(f"{made.found.chance.values[0]:.12g}")
    yearly = made.found.answer.yearly
    summary = made.found.answer.quarterly if yearly is None else yearly
    return float(f"{float(summary['plan_probability'][0]):.12g}")


def test_assumptions_are_those_that_move_the_chance_most() -> None:
    made = page_of("mid_market")
    told = made.found.moved
    top = [str(lever) for lever in told["lever"].values if str(lever) != "quota.per_quarter"][:3]
    rests = list(tree(made.html).first("ol", class_="rests").all("li"))
    shown = [float(next(each.all("data")).attrs["value"]) for each in rests]
    assert shown == pytest.approx([float(told["lever_value"].sel(lever=each)) for each in top])


def test_the_cheapest_change_reaches_what_it_says() -> None:
    """The plan with the change that the page names makes quota in eight of ten quarters."""
    made = page_of("hostile")
    best = made.found.alone[0]
    others = [each for each in made.found.alone if each.found]
    assert abs(best.relative) == min(abs(each.relative) for each in others)
    changed = made.plan.replace({best.path: best.needed})
    found = fs.exact(changed, only=["attainment_probability"])["attainment_probability"]
    assert float(found.mean()) == pytest.approx(0.8, abs=1e-5)
    takes = tree(made.html).first("ul", class_="takes")
    assert best.needed in [pytest.approx(float(n.attrs["value"])) for n in takes.all("data")]


def test_a_plan_that_is_sure_enough_needs_nothing() -> None:
    plan = hostile().replace({"quota.per_quarter": 5_000, "name": "sure", "kpis": []})
    found = made(plan.model_copy(update={"variants": {}}))
    assert found.found.chance.values[0] > 0.8
    takes = tree(found.html).first("ul", class_="takes").text
    assert takes.startswith("Nothing: the plan makes quota in 8 of 10 quarters")


# Every number


def test_every_number_is_one_that_was_found(page: Made) -> None:
    known = {0.0, *_derived(page)}
    known |= {float(f"{each:.12g}") for each in numbers_in(page.found) if math.isfinite(each)}
    cited = list(tree(page.html).all("data"))
    assert len(cited) > 100
    unknown = [(each.attrs["value"], each.text) for each in cited if not _is_in(each, known)]
    assert not unknown[:10]


def _is_in(each: Node, known: set[float]) -> bool:
    value = float(each.attrs["value"])
    return value in known or any(math.isclose(value, other, rel_tol=1e-10) for other in known)


def _derived(page: Made) -> set[float]:
    """Numbers that are a difference or a ratio of two that were found, or their stated inputs."""
    found = page.found
    derived = {float(each) for each in range(40)}  # counts of reps
    derived |= {float(n) for row in assumed_of(page.plan) for n in row.numbers}
    changes = getattr(found, "compared", None)
    if changes is not None:
        stated = json.loads(changes.attrs["changes"])
        flat = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", json.dumps(stated))
        derived |= {float(f"{float(each):.12g}") for each in flat}
    if hasattr(found, "swept"):
        stops = [
            (found.plan, str(path), found.swept[path].values) for path in found.swept["method"].dims
        ]
        for plan, path, values in stops:
            own = fs.sensitivity(plan, {path: (values.min(), values.max())}, draws=2, seed=1)
            derived |= {float(f"{v / float(own['lever_value'][0]) - 1:.12g}") for v in values}
        return derived
    for k, lever in enumerate(found.sliders):
        values = {cell.at[k] for cell in found.cells}
        derived |= {float(f"{value / lever.value - 1:.12g}") for value in values}
    relative, target = found.target[0], float(found.company.targets[0])
    derived |= {float(f"{each:.12g}") for each in (relative - 1, relative * target)}
    costs = found.steps["step_cost"].values if "step_cost" in found.steps else []
    derived |= {float(f"{count * cost:.12g}") for cost in costs for count in range(1, 40)}
    return derived


def test_a_number_reads_as_its_value(page: Made) -> None:
    """Digits that are shown are those of the value, in percent, thousands or as it is."""
    wrong = []
    for each in tree(page.html).all("data"):
        value, text = float(each.attrs["value"]), each.text.replace(",", "")
        if " of 10" in text or "hardly" in text or "nearly" in text:
            noun = text.rsplit(" ", 1)[1]
            often = {of_ten(value + off, noun) for off in (-1e-9, 0.0, 1e-9)}
            often.add(f"{100 * value:.0f} of 100")
            if text.lower() not in often and "fewer than" not in text and "more than" not in text:
                wrong.append((value, text))
            continue
        shown = re.search(r"-?\d+(?:\.(\d+))?", text)
        if shown is None:
            continue
        unit = 10.0 ** -len(shown[1] or "")
        scales = (1, 100, 1e-3, 1e-6, 1e-9)
        near = [abs(abs(value) * scale - abs(float(shown[0]))) for scale in scales]
        rounded = max(1.001 * unit, 0.006 * abs(float(shown[0])))  # three digits, or one step up
        if min(near) > rounded:
            wrong.append((value, text))
    assert not wrong[:10]


def test_no_number_of_the_answer_stands_without_its_value() -> None:
    """What is not cited is a label: quarters, draws, and the goal of 8 of 10."""
    for name in QUICK:
        first = tree(page_of(name).html).first("section", id="answer")
        bare = first.bare(("data", "svg", "details"))
        for label in LABELS:
            bare = re.sub(label, "", bare)
        assert not re.findall(r"\d+", bare), (name, bare)


def test_the_tables_of_the_sliders_are_the_cells_of_the_sweep() -> None:
    made = page_of("hostile")
    swept = made.found.swept
    paths = list(swept["method"].dims)
    rows = list(tree(made.html).first("table", id="cells").first("tbody").all("tr"))
    assert len(rows) == math.prod(swept.sizes[path] for path in paths)
    for row in rows:
        places = [int(each) for each in row.attrs["data-at"].split()]
        cell = swept.isel({**dict(zip(paths, places, strict=True)), "segment": 0})
        shown = {each.attrs["data-is"]: each for each in row.all("td")}
        chance = float(shown["share"].first("data").attrs["value"])
        assert chance == pytest.approx(float(cell["attainment_probability"].mean()), rel=1e-11)
        mean = float(shown["further-0"].first("data").attrs["value"])
        assert mean == pytest.approx(float(cell["bookings_mean"].mean()), rel=1e-11)


# The file


def test_two_pages_of_one_plan_are_the_same_bytes() -> None:
    plan = hostile()
    pages = {made(plan, threads=threads).html for threads in (1, 2)}
    pages.add(page_of("hostile").html)
    assert len(pages) == 1


def test_the_content_hash_is_that_of_the_page(page: Made) -> None:
    stated = tree(page.html).first("code", id="content-hash").text
    blank = page.html.replace(stated, NO_HASH)
    assert page.html.count(stated) == 1
    assert hashlib.sha256(blank.encode()).hexdigest() == stated
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", page.html)  # nor any date of when it was made


def test_the_policy_allows_its_one_style_and_script_only(page: Made) -> None:
    root = tree(page.html)
    policy = root.first("meta", http_equiv="Content-Security-Policy").attrs["content"]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        own = re.findall(rf"<{tag}>(.*?)</{tag}>", page.html, re.DOTALL)
        assert len(own) == len(re.findall(rf"<{tag}\b", page.html)) == 1
        digest = base64.b64encode(hashlib.sha256(own[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [each for each in root.all() if "style" in each.attrs]
    assert not [each for each in root.all() for key in each.attrs if key.startswith("on")]


def test_the_page_asks_nobody(page: Made) -> None:
    root = tree(page.html)
    for each in root.all():
        assert each.tag not in ("link", "img", "iframe", "object", "embed", "image", "base")
        for key in ("src", "href", "xlink:href", "action", "srcset", "data"):
            assert each.attrs.get(key, "#").startswith("#"), (each.tag, each.attrs)
    style = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)[0]
    assert "@import" not in style
    assert all(each.startswith("#") for each in re.findall(r"url\(([^)]*)\)", style))


def test_names_are_unique_and_headings_in_order(page: Made) -> None:
    root = tree(page.html)
    names = [each.attrs["id"] for each in root.all() if "id" in each.attrs]
    assert len(names) == len(set(names))
    levels = [int(each.tag[1]) for each in root.all() if re.fullmatch(r"h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(low >= high - 1 for low, high in pairwise(levels))
    assert root.first("html").attrs["lang"] == "en"
    uses = re.findall(r'(?:url\(#|href="#)([^)"]+)', page.html)
    assert set(uses) <= set(names)


def test_every_picture_is_said_and_has_its_numbers(page: Made) -> None:
    figures = list(tree(page.html).all("div", class_="figure"))
    assert len(figures) >= 3
    for each in figures:
        assert each.first("figure").attrs["role"] == "img"
        assert len(each.first("figure").attrs["aria-label"]) > 20
        assert each.first("p", class_="caption").text
        assert next(each.all("details"), None) is not None or next(each.all("polyline"), None)


def test_hostile_names_stay_texts() -> None:
    html = page_of("hostile").html
    root = tree(html)
    assert root.first("h1").text == EVIL
    assert "<img" not in html
    assert "alert(1)</script>" not in html
    assert EVIL_VARIANT in root.first("section", id="plans").text
    assert "{{ 7 * 7 }}" in root.text  # and not 49
    drawn = " ".join(each.text for each in root.all("text"))
    assert EVIL_STAGE[:6] in drawn  # a label of a picture, cut to its room
    assert EVIL_VARIANT[:10] in drawn
    assert EVIL_STAGE in root.text
    assert EVIL_KPI.split("<b>")[1] in root.text
    assert not list(root.first("main").all("b"))


# What is missing is said


def test_what_is_refused_is_said_in_a_line() -> None:
    team = page_of("three_segments")
    said = tree(team.html).first("section", id="luck").text
    assert "one rep" in said
    plan = hostile().replace({"attrition": {"per_year": 0.3, "fill_weeks": 9}})
    alone = made(plan.model_copy(update={"variants": {}}))
    assert alone.found.exact is None
    method = tree(alone.html).first("section", id="method").text
    assert f"Not exact here: {alone.found.refused['exact'][:30]}" in method
    assert "There is one plan here." in tree(alone.html).first("section", id="plans").text


def test_a_team_without_target_is_held_against_its_quotas() -> None:
    plan = hostile().replace({"headcount": 4, "name": "four"})
    found = made(plan.model_copy(update={"variants": {}}))
    assert found.found.implied
    first = tree(found.html).first("section", id="answer").text
    assert "make the sum of its quotas of $400,000" in first
    assert "The file states no target" in first


def test_a_team_of_one_is_told() -> None:
    plan = hostile().replace({"plan.target": 90_000, "name": "one"})
    found = made(plan.model_copy(update={"variants": {}}))
    assert not found.found.refused
    assert found.found.cells
    ends = found.found.moved["lever_range"].sel(lever="headcount").values.tolist()
    assert ends == [1.0, 2.0]  # none of no rep


def test_a_team_that_only_counts_wins_is_refused() -> None:
    wins = hostile().model_copy(update={"variants": {}, "kpis": ()})
    text = fs.dumps(wins).replace("per_quarter = 100000", 'per_quarter = 3\nof = "wins"')
    text = "headcount = 2\n" + text.partition("[deal_size]")[0]
    with pytest.raises(ArgumentError, match="nobody books"):
        fs.report(fs.loads(text), draws=DRAWS, seed=SEED)


# Sources


def test_sources_are_read_from_comments() -> None:
    text = """name = "Mine"
[quota]
per_quarter = 100_000   # data: our CRM, 2025
[activity]
# a survey of reps (Bridge Group, 2024, grade C)
per_quarter = 700
[[stages]]
name = "won"
conversion = 0.01       # assumption: one in a hundred
days = 10
[deal_size]
law = "fixed"
mean = 20_000           # "#" is no colour here
"""
    plan = fs.loads(text) if hasattr(fs, "loads") else None
    assert plan is not None
    rows = {each.path: each for each in assumed_of(plan, text)}
    told = {path: (each.source, each.date) for path, each in rows.items()}
    assert told["quota.per_quarter"] == (DATA, "2025")
    assert told["activity.per_quarter"] == (PUBLISHED, "2024")
    assert told["stages.won.conversion"] == (ASSUMPTION, "")
    assert told["stages.won.days"] == (UNSAID, "")
    assert told["deal_size.mean"] == (UNSAID, "")
    changed = assumed_of(plan.replace({"activity.per_quarter": 800}), text)
    moved = next(each for each in changed if each.path == "activity.per_quarter")
    assert (moved.source, moved.note) == (UNSAID, "changed from what its file states")


@pytest.mark.parametrize("name", fs.presets())
def test_every_number_of_a_preset_has_a_row(name: str) -> None:
    rows = assumed_of(fs.preset(name))
    assert len({each.path for each in rows}) == len(rows) > 8
    sourced = [each for each in rows if each.source != UNSAID]
    assert len(sourced) > 0.4 * len(rows)


# The command


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text(fs.dumps(hostile()), encoding="utf-8")
    Path("b.toml").write_text(
        fs.dumps(hostile().replace({"name": "b", "activity.per_quarter": 130})), encoding="utf-8"
    )
    fast = ("--draws", str(DRAWS), "--seed", str(SEED))
    result = CliRunner().invoke(main, ["report", "a.toml", "b.toml", "-o", "out.html", *fast])
    assert result.exit_code == 0, result.output
    assert result.output.strip() == f"Wrote {(tmp_path / 'out.html').resolve()}"
    plans = tree(Path("out.html").read_text("utf-8")).first("section", id="plans")
    assert [each.text for each in plans.all("th", scope="row")][:2] == ["a", "b"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.toml", "b.toml", "out.html"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["report", "bad.toml"], 3, "must be between 0 and 1"),
        (["report", "none.toml"], 3, "cannot be read"),
        (["report", "sales_math", "-o", "out.pdf"], 2, "must end in .html"),
        (["report", "sales_math", "-o", "nowhere/out.html"], 2, "there is no folder"),
        (["report", "sales_math", "sales_math"], 2, "one stands twice"),
        (["report", "sales_math", "mid_market", "--variant", "floor"], 2, "of one file"),
        (["report", "sales_math", "--draws", "999"], 2, "1000<=x<=100000"),
        (["report", "sales_math", "--draws", "100_001"], 2, "1000<=x<=100000"),
        (["report", "sales_math", "--set", "name==cmd"], 3, "must not begin with"),
        (["report"], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_leaves_nothing(
    arguments: list[str],
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = fs.dumps(hostile()).replace("conversion = 0.3", "conversion = 33")
    Path("bad.toml").write_text(bad, encoding="utf-8")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert [each.name for each in tmp_path.iterdir()] == ["bad.toml"]


@pytest.mark.parametrize("draws", [999, 100_001])
def test_help_states_the_draws_that_a_page_takes(draws: int) -> None:
    assert "1000<=x<=100000" in CliRunner().invoke(main, ["report", "--help"]).output
    with pytest.raises(ArgumentError, match="from 1,000 to 100,000"):
        fs.report(hostile(), draws=draws, seed=1)


@pytest.mark.parametrize("name", ["a plan", "plans", "a team"])
def test_each_part_is_told_as_it_begins(name: str) -> None:
    """In order, under words of its own; those that tell how far they are go on to the end."""
    plans, parts = {
        "a plan": (hostile().model_copy(update={"variants": {}}), PARTS_OF_REP),
        "plans": (hostile(), PARTS_OF_REP),
        "a team": (hostile().replace({"headcount": 2}), PARTS_OF_TEAM),
    }[name]
    several = bool(plans.variants)
    told: list[str] = []
    shares: dict[str, list[float]] = {}

    def watch(part: str) -> Callable[[int, int], None]:
        told.append(part)
        return lambda done, total: shares.setdefault(part, []).append(done / total)

    steps: list[tuple[int, int]] = []
    fs.report(plans, draws=DRAWS, seed=SEED, progress=lambda *step: steps.append(step), watch=watch)
    words = [parts[part] for part in parts if several or part not in OF_PLANS]
    assert told == [f"{k} of {len(words)}: {said}" for k, said in enumerate(words, start=1)]
    assert steps == [(k, len(words)) for k in range(len(words) + 1)]
    assert list(shares) == told[:-1]  # all but the page itself, which takes a moment
    for part, own in shares.items():
        before_each = part.endswith(("what it takes", "a lower quota"))  # lever, not after it
        assert own[-1] < 1 if before_each else own[-1] == 1


def test_the_call_is_found_whoever_came_first() -> None:
    """The room of this name can be called, too: whichever of both was imported first."""
    import funnelsim.report as room

    assert callable(room)
    assert callable(fs.report)
    with pytest.raises(ArgumentError, match="from 1,000 to 100,000"):
        fs.report(hostile(), draws=1, seed=1)
    with pytest.raises(ArgumentError, match="there must be at least one"):
        fs.report({}, seed=1)
    with pytest.raises(ArgumentError, match="draws = 5"):
        room(hostile(), draws=5, seed=1)
