"""Check every page in every state for accessibility: axe finds nothing, nothing overflows, targets are large enough."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.fonts import FONTS, each_theme, with_all_fonts
from tests.browser.pages import STATES, State, answered
from tests.browser.site import Site
from tests.scripted import Scripted

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = [360, 768, 1440]

each_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)

OVERFLOWING = """
() => [...document.body.querySelectorAll("*")].filter(one => {
  const box = one.getBoundingClientRect()
  const scrolled = one.closest(".table, pre, .visually-hidden, math, [popover]:not(:popover-open)")
  const shown = box.width && one.checkVisibility({ contentVisibilityAuto: true }) && !scrolled
  return shown && (box.right > innerWidth + 1 || box.left < -1)
}).map(one => `${one.tagName}.${one.className}`)
"""

WIDTH = """
() => {
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = getComputedStyle(document.body).font
  return pen.measureText("Rivulet").width
}
"""

SMALL = """
least => [...document.querySelectorAll("a, button, summary, select, textarea, input")].filter(one => {
  const box = one.getBoundingClientRect()
  const inText = one.tagName === "A" && one.closest(".reply__body, p")
  const hidden = !one.checkVisibility() || box.width < 2 || one.closest(".visually-hidden") || one.matches(".skip")
  return !hidden && !inText && Math.min(box.width, box.height) < least
}).map(one => `${one.outerHTML.slice(0, 80)} ${one.offsetWidth}x${one.offsetHeight}`)
"""


def complaints(page: Page) -> list[Any]:
    """Run axe; the policy doesn't apply to scripts that the test itself injects."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]]


@each_state
@each_theme
def test_axe_finds_nothing(
    visit: Callable[..., Page], site: Site, provider: Scripted, state: State, theme: str
) -> None:
    page = visit(site.url, color_scheme=theme, reduced_motion="reduce")
    state.reach(page, site)

    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = complaints(page)

    assert not any(found.values()), found


def test_axe_can_find_something(page: Page) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')")

    assert {name for name, _ in complaints(page)} >= {"image-alt", "button-name"}


def test_the_sets_of_fonts_differ(browsers: Callable[[str], Browser], site: Site) -> None:
    if missing := [str(folder) for folder in FONTS.values() if not folder.is_dir()]:
        pytest.skip(f"{missing[0]} was not found.")
    widths = set()
    for fonts in FONTS:
        with browsers(fonts).new_page() as page:
            page.goto(site.url)
            widths.add(page.evaluate(WIDTH))

    assert len(widths) == len(FONTS)


@with_all_fonts
@each_state
def test_nothing_overflows_from_a_narrow_phone_to_a_wide_screen(
    visit: Callable[..., Page], site: Site, provider: Scripted, state: State
) -> None:
    page = visit(site.url)
    state.reach(page, site)

    found = {}
    for width in (320, 360, 768, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 700})
        found[width] = page.evaluate(OVERFLOWING)
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    assert not any(found.values()), found


@with_all_fonts
@each_state
@pytest.mark.parametrize(("touch", "least"), [(True, 44), (False, 24)], ids=["finger", "mouse"])
def test_what_can_be_pressed_is_large_enough(
    visit: Callable[..., Page], site: Site, provider: Scripted, state: State, touch: bool, least: int
) -> None:
    page = visit(site.url, has_touch=touch, is_mobile=touch, viewport={"width": 390 if touch else 1200, "height": 800})

    state.reach(page, site)

    assert page.evaluate(SMALL, least) == []


def test_an_arabic_answer_reads_from_right_to_left(page: Page, site: Site, provider: Scripted) -> None:
    provider.will_say("النهر يجري إلى البحر.\n\n- أولا\n- ثانيا\n")
    page.locator("#text").fill("ما هو النهر؟")
    page.keyboard.press("Enter")

    paragraph = page.locator(".reply--complete p", has_text="النهر")
    paragraph.wait_for()

    assert paragraph.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert page.locator(".message__text").evaluate("one => getComputedStyle(one).direction") == "rtl"


def test_printed_it_is_the_conversation_alone(page: Page, site: Site, provider: Scripted) -> None:
    answered(page, site)

    page.emulate_media(media="print")

    for hidden in (".sidebar", ".bar", ".composer", ".actions"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".message__text").is_visible() and page.locator(".reply pre").is_visible()
