"""The page in a browser: one request, nothing refused, read by machines, moved by hand, on paper.

Chromium is the system's; ``REQUIRE_BROWSER=1`` makes its absence a failure.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from report_pages import Node, page_of, tree

PHONE, DESK = (375, 812), (1280, 900)
PAGES = ("mid_market", "three_segments", "hostile")
MISSING = [
    each for each in ("playwright", "axe_playwright_python") if not importlib.util.find_spec(each)
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    absent = [*MISSING, *([] if CHROMIUM else ["chromium"])]
    if absent:
        assert os.environ.get("REQUIRE_BROWSER") != "1", f"missing: {', '.join(absent)}"
        pytest.skip(f"no {' and no '.join(absent)}: install the extra 'browser', and chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=PAGES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return written(request.param, tmp_path)


def written(name: str, folder: Path) -> Path:
    path = folder / f"{name}.html"
    path.write_text(page_of(name).html, encoding="utf-8", newline="\n")
    return path


class Opened:
    """A page in a browser, and all that it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, size: tuple[int, int] = DESK, **how: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, offline=True, **how
        )
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def test_one_request_and_no_complaint(browser: Any, file: Path) -> None:
    with Opened(browser, file) as opened:
        opened.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert opened.requests == [file.as_uri()]
        assert opened.complaints == []


@pytest.mark.parametrize(
    ("size", "scheme", "names"),
    [
        pytest.param(PHONE, "light", PAGES, id="phone-light"),
        pytest.param(DESK, "dark", PAGES, id="desk-dark"),
        pytest.param(PHONE, "dark", PAGES[:1], id="phone-dark"),
        pytest.param(DESK, "light", PAGES[:1], id="desk-light"),
    ],
)
def test_axe_finds_nothing(
    browser: Any, tmp_path: Path, size: tuple[int, int], scheme: str, names: tuple[str, ...]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for name in names:
        path = written(name, tmp_path)
        # axe is put into the page, which the page's own policy does not allow
        with Opened(browser, path, size, color_scheme=scheme, bypass_csp=True) as opened:
            opened.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            # what is inside a picture is nothing to whoever has its label read
            found = Axe().run(opened.page, context={"exclude": [["figure svg"]]})
            assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_screen(browser: Any, file: Path, size: tuple[int, int]) -> None:
    with Opened(browser, file, size) as opened:
        wide, visible = opened.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= visible
        answer = opened.page.locator(".answer").first.bounding_box()
        assert answer["y"] + answer["height"] < size[1]


@pytest.mark.parametrize("name", PAGES)
def test_sliders_show_the_cells_of_the_sweep(browser: Any, tmp_path: Path, name: str) -> None:
    root = tree(page_of(name).html)
    cells = root.first("table", id="cells").first("tbody")
    rows = {row.attrs["data-at"]: row for row in cells.all("tr")}
    with Opened(browser, written(name, tmp_path)) as opened:
        page = opened.page
        sliders = page.locator(".levers input").all()
        ends = [int(slider.get_attribute("max") or "0") for slider in sliders]
        assert 2 <= len(sliders) <= 3
        before = shown(page)
        stands = list(itertools.product(*({0, end} for end in ends)))
        for stand in stands:
            for slider, stop in zip(sliders, stand, strict=True):
                slider.evaluate(
                    "(each, stop) => { each.value = stop;"
                    " each.dispatchEvent(new Event('input', {bubbles: true})) }",
                    stop,
                )
            row = rows[" ".join(map(str, stand))]
            assert shown(page) == said(row)
            assert page.locator("#curve").get_attribute("points").count(",") == ends[0] + 1
        assert shown(page) != before
        sliders[0].focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        assert shown(page) == said(rows[" ".join(map(str, (1, *stands[-1][1:])))])
        page.get_by_role("button", name="As planned").click()
        assert shown(page) == before
        assert opened.complaints == []


def shown(page: Any) -> dict[str, str]:
    """What the sentence, the numbers and the sliders say, by name."""
    script = """() => Object.fromEntries(Array.from(document.querySelectorAll('[data-shows]'),
        each => [each.dataset.shows, each.textContent.trim()]))"""
    return {name: " ".join(text.split()) for name, text in page.evaluate(script).items()}


def said(row: Node) -> dict[str, str]:
    """What a row of the sweep's table says, by name."""
    return {each.attrs["data-is"]: " ".join(each.plain.split()) for each in row.all("td")}


def test_all_is_readable_without_script(browser: Any, file: Path) -> None:
    with Opened(browser, file, java_script_enabled=False) as opened:
        page = opened.page
        assert page.locator(".levers").is_hidden()
        assert page.locator("#what-if-said").inner_text().endswith(".")
        page.locator("#what-if details summary").click()
        rows = page.locator("#cells tbody tr").count()
        assert rows == page_of(file.stem).html.count("<tr data-at=")
        assert page.locator("#cells tbody tr").first.is_visible()
        assert opened.complaints == []


def test_paper_keeps_every_picture(browser: Any, file: Path, tmp_path: Path) -> None:
    with Opened(browser, file, color_scheme="dark") as opened:
        page = opened.page
        page.emulate_media(media="print")
        boxes = [each.bounding_box() for each in page.locator("figure svg").all()]
        assert len(boxes) == page_of(file.stem).html.count("<svg ")
        assert all(box is not None and min(box["width"], box["height"]) > 100 for box in boxes)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        page.emulate_media(media="screen")
        printed = tmp_path / "page.pdf"
        page.pdf(path=str(printed), format="A4")
        content = printed.read_bytes()
        assert content.startswith(b"%PDF")
        assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page/") >= 3
        assert opened.complaints == []


def test_hostile_names_do_nothing(browser: Any, tmp_path: Path) -> None:
    with Opened(browser, written("hostile", tmp_path)) as opened:
        page = opened.page
        assert page.locator("h1").inner_text() == "<script>alert(1)</script>"
        assert page.locator("img, main script, main b").count() == 0
        assert page.locator("script").count() == 1
        assert page.locator("figure svg text", has_text="$").count() > 0
        assert opened.complaints == []
