"""Test that the chat's pages can be read and used by everybody, in every state."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.checks import check, complaints, overflowing, small_for_a_finger
from tests.browser.fonts import FONTS, each_theme
from tests.browser.site import Site
from tests.browser.states import AREAS
from tests.browser.states.answers import answered
from tests.browser.states.state import State
from tests.scripted import Scripted

WIDTH = """
() => {
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = getComputedStyle(document.body).font
  return pen.measureText("Rivulet").width
}
"""


@each_theme
@pytest.mark.states(*sorted(AREAS.keys() - {"Admin"}))
def test_a_page_passes_all_checks(show: Callable[..., Page], state: State, theme: str) -> None:
    page = show(state, color_scheme=theme)

    check(page, state.windows, state.renew)


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


def test_the_other_checks_can_find_something(page: Page) -> None:
    page.locator("body").evaluate("body => body.append(document.createElement('button'))")
    added = page.locator("body > button")

    added.evaluate("button => Object.assign(button.style, { all: 'unset', width: '9px', height: '9px' })")
    assert small_for_a_finger(page)[-1].endswith(" 9x9")

    added.evaluate("button => Object.assign(button.style, { display: 'block', width: '9999px' })")
    assert overflowing(page)[-2:] == ["BUTTON.", "the page"]


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

    expect(page.locator(".code .copy")).to_be_visible()
    page.get_by_text("Appearance").click()
    page.get_by_label("Dark").check()

    page.emulate_media(media="print")

    for hidden in (".sidebar", ".bar", ".composer", ".actions", ".conversation__menu", ".code .copy"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".message__text").is_visible() and page.locator(".reply pre").is_visible()
    assert re.match(r"Tell me about rivers\s+\d+ \w+ \d{4}\s", page.locator("body").inner_text())
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
