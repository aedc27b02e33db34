"""The page in a real browser: on a phone, a desk, in the dark, in print, and by axe-core."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

import rnnlab

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
# Chromium talks to nobody: the page is one file.
SILENT = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium with an empty profile."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for found in map(shutil.which, names) if found), None)
    if program is None:
        message = "Chromium must be installed to look at reports: make browser, as root on Debian"
        if os.environ.get("CI"):  # .ci/run sets it: there nothing is skipped
            pytest.fail(message)
        pytest.skip(message)  # a developer without Chromium, or not root, still has all other tests
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(SILENT))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, study: Any) -> dict[str, Path]:
    """Write the reports of the published results, and of a study of two tasks."""
    published, out = Path(__file__).parents[2] / "results" / "published", tmp_path_factory
    two = out.mktemp("two-tasks")
    settings: dict[str, Any] = {"rnn": 0.5, "lstm,forget_bias=chrono": 0.8}
    pd.concat(
        [
            study(settings, {"delay": [10, 20]}, seeds=3, task="copy-memory"),
            study(settings, {"delay": [10], "lr": [0.1, 1.0]}, seeds=3, metric="mse", task="mine"),
        ]
    )[["cell", "task", "delay", "lr", "seed", "update", "recall_accuracy", "mse"]].to_csv(
        two / "metrics.csv", index=False
    )
    return {
        "two-tasks": rnnlab.report(two).path,
        **{
            name: rnnlab.report(published / name, out=out.mktemp(name) / "report.html").path
            for name in ("copy-task", "gradient-flow")
        },
    }


@pytest.fixture(params=["copy-task", "gradient-flow", "two-tasks"])
def path(request: pytest.FixtureRequest, pages: dict[str, Path]) -> Path:
    return pages[request.param]


@pytest.fixture
def open_page(browser: Browser, path: Path) -> Iterator[Any]:
    """Return a function that opens the page, which says nothing and asks for nothing else."""
    contexts, said = [], list[str]()

    def show(size: Any, **options: Any) -> Page:
        context = browser.new_context(viewport=size, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda one: said.append(one.url) if "data:" not in one.url[:5] else None)
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert set(said) <= {path.as_uri()}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_screen(open_page: Any, size: dict[str, int]) -> None:
    page = open_page(size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    # what is wider than its box can be scrolled to, by the keyboard too
    stuck = page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(one =>
            one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 &&
            !(one.closest('.scroll') && one.closest('.scroll').tabIndex === 0)
        ).map(one => one.outerHTML.slice(0, 80))"""
    )
    assert stuck == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_figure_is_there_and_says_what_it_shows(open_page: Any, size: Any) -> None:
    page = open_page(size)
    images = page.evaluate(
        "() => [...document.images].map(i => [i.naturalWidth, i.clientWidth, i.alt.length])"
    )
    assert images
    for natural, shown, words in images:
        assert natural > 0
        assert shown > 250
        assert words > 50


def test_phones_get_figures_that_can_be_read(open_page: Any) -> None:
    """They are smaller, no more than can be read, and what does not fit is scrolled to."""
    look = """() => [...document.images].map(one => [
        one.closest('.scroll')?.tabIndex === 0, one.clientWidth / parseFloat(one.style.maxWidth)
    ])"""
    on_phone, on_desk = (open_page(size).evaluate(look) for size in (PHONE, DESK))
    assert len(on_phone) == len(on_desk) > 0
    assert all(scrolls and scale > 0.7 for scrolls, scale in on_phone)  # 9 points are 6 then
    assert all(scale > 0.98 for _, scale in on_desk)


@pytest.mark.parametrize("width", [1200, 400, 360])
def test_no_table_is_cut(open_page: Any, width: int) -> None:
    page = open_page({"width": width, "height": 800})
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.scroll')].filter(one =>
            one.querySelector('table') && one.scrollWidth > one.clientWidth
        ).map(one => one.getAttribute('aria-label'))"""
    )
    assert cut == []


def test_headings_go_down_one_level_at_a_time(open_page: Any) -> None:
    levels = open_page(DESK).evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_first_tab_skips_to_the_content(open_page: Any) -> None:
    page = open_page(DESK)
    page.keyboard.press("Tab")
    focused = page.evaluate("() => [document.activeElement.className, document.activeElement.hash]")
    assert focused == ["skip", "#main"]
    assert page.locator(".skip").bounding_box()["y"] >= 0
    anchors = "() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
    for anchor in filter(lambda href: href.startswith("#"), page.evaluate(anchors)):
        assert page.locator(anchor).count() == 1


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Any, size: Any, scheme: str) -> None:
    page = open_page(size, color_scheme=scheme)
    found = Axe().run(page).response
    assert len(found["passes"]) > 15  # contrast, landmarks, tables, names: the rules were run
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    assert [
        (rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]
    ] == []


def test_axe_would_find_something(open_page: Any) -> None:
    page = open_page(DESK)
    page.evaluate(
        """() => {
            document.images[0].removeAttribute('alt');
            document.querySelector('figcaption').style.color = '#cccccc';
        }"""
    )
    rules = {rule["id"] for rule in Axe().run(page).response["violations"]}
    assert rules == {"image-alt", "color-contrast"}


def test_print_is_black_on_white_and_whole(open_page: Any) -> None:
    page = open_page({"width": 720, "height": 1000}, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor] }"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    hidden = page.evaluate("() => getComputedStyle(document.querySelector('nav')).display")
    assert hidden == "none"
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
