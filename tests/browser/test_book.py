"""Test that the book face comes after the first paint, and moves nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.fonts import FONTS
from tests.browser.site import send
from tests.scripted import Scripted

PARAGRAPH = (
    "A river begins where rain and melting snow gather in the hills, and **it takes the shortest way down** that the "
    "rock allows. Where its bed is soft, the water *meanders*, and each bend moves outward by a little every year. "
)
ANSWER = f"{PARAGRAPH * 3}\n\n- {PARAGRAPH}\n- {PARAGRAPH * 2}\n\n> {PARAGRAPH}\n\n{PARAGRAPH * 5}"

STANDS = """() => {
  const { width, height } = document.querySelector(".reply__body").getBoundingClientRect()
  return [width, height]
}"""
LOADED = """() => [...document.fonts]
  .filter(face => face.family.includes("Rivulet Book") && face.status === "loaded").map(face => face.style).sort()"""
ASKED = "performance.getEntriesByType('resource').some(entry => entry.name.endsWith('.woff2'))"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"

WORDS = (
    "state\u2011of\u2010the-art, cafe\u0301, to\u0304kyo\u0304\u2020, “għaxar” – Tiếng Việt, ștință, za\u0301мок, λόγος"
)


def test_no_sign_within_a_word_is_drawn_by_another_face(page: Page, provider: Scripted) -> None:
    """Models write hyphens that don't break in many words."""
    provider.will_say(WORDS)
    send(page, "Write some words")
    expect(page.locator(".reply--complete")).to_be_visible()
    tools = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        tools.send(f"{domain}.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    node = tools.send("DOM.querySelector", {"nodeId": root, "selector": ".reply__body p"})["nodeId"]

    page.wait_for_function(f"() => ({LOADED})().length === 5")

    fonts = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert {font["familyName"] for font in fonts} == {"RivuletBook"}


@pytest.mark.parametrize("fonts", list(FONTS), indirect=True)
def test_the_book_face_is_asked_for_after_the_first_paint_and_moves_nothing(page: Page, provider: Scripted) -> None:
    provider.will_say(ANSWER)
    send(page, "Tell me about rivers")
    expect(page.locator(".reply--complete")).to_be_visible()
    scripts: list[Route] = []
    faces: list[Route] = []
    page.route("**/page.js", lambda route: scripts.append(route))
    page.route("**/*.woff2", lambda route: faces.append(route))

    page.reload(wait_until="commit")
    page.wait_for_function(PAINTED)
    assert not faces and not page.evaluate(ASKED)
    scripts[0].continue_()
    page.wait_for_function("() => document.fonts.status === 'loading'")
    before = page.evaluate(STANDS)
    page.unroute("**/*.woff2")
    for face in faces:
        face.continue_()
    page.wait_for_function(f"() => ({LOADED})().length === 2")

    width, height = page.evaluate(STANDS)
    assert page.evaluate(LOADED) == ["italic", "normal"] and width == before[0]
    assert abs(height - before[1]) <= height / 40  # one line of forty: the fallback has no bold of its own
