"""Test that the chat's pages can be read and used by everybody, in every state."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.checks import check, complaints, faint, overflowing, small_for_a_finger, small_for_a_mouse
from tests.browser.fonts import FONTS, each_theme
from tests.browser.site import Site, send
from tests.browser.states import AREAS
from tests.browser.states.answers import answered
from tests.browser.states.progress import answering
from tests.browser.states.state import State
from tests.scripted import Scripted

WIDTH = """
() => {
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = getComputedStyle(document.body).font
  return pen.measureText("Rivulet").width
}
"""

VANISHED = """
signs => signs.filter(sign => {
  const [selector, pseudo] = sign.split(/(?=::)/)
  const style = getComputedStyle(document.querySelector(selector), pseudo)
  const grounds = [getComputedStyle(document.body).backgroundColor, "rgba(0, 0, 0, 0)"]
  return grounds.includes(style.backgroundColor) && style.backgroundImage === "none" && style.borderTopWidth === "0px"
})
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


def test_in_forced_colours_nothing_vanishes_that_only_its_ground_shows(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, forced_colors="active", reduced_motion="reduce")
    answered(page, site)
    assert page.evaluate(VANISHED, [".message__text", ".code", ".accent"]) == []

    answering(page, site)

    signs = [".list__item[aria-current]", ".composer__stop::before", ".stream", ".composer__box"]
    assert page.evaluate(VANISHED, signs) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_asks_for_more_contrast_gets_7_to_1(
    visit: Callable[..., Page], site: Site, provider: Scripted, theme: str
) -> None:
    page = visit(site.url, color_scheme=theme, contrast="more", reduced_motion="reduce")

    answered(page, site)

    assert faint(page) == []


def test_at_400_percent_a_message_can_be_read_and_sent(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, viewport={"width": 320, "height": 256})
    answered(page, site)
    menu = page.locator("#menu")

    page.locator(".reply table").scroll_into_view_if_needed()
    for sticking in (".bar", ".conversation__head", ".composer"):
        expect(page.locator(sticking)).not_to_be_in_viewport()
    page.locator("#menu-here").click()
    expect(menu.get_by_label("Chat title")).to_be_in_viewport(ratio=1)
    assert small_for_a_mouse(page) == []
    page.keyboard.press("Escape")
    send(page, "And now?")

    expect(page.locator(".reply--complete")).to_have_count(2)
    assert overflowing(page) == []
