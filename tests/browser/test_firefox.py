"""Test what Firefox draws differently from Chromium unless the style sheet prevents it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.firefox import Firefox
from tests.browser.site import Site
from tests.browser.tabs import FirefoxTab
from tests.scripted import Scripted

pytestmark = pytest.mark.firefox

SUM = "+".join(f"x_{{{number}}}" for number in range(40))
NOTED = "One[^a] and two[^b].\n\n[^a]: The first.\n[^b]: The second."


@pytest.fixture(scope="module")
def tab(firefoxes: Callable[[bool], Firefox]) -> Iterator[FirefoxTab]:
    """A tab as narrow as a phone."""
    tab = FirefoxTab(firefoxes(True))
    narrow = {"width": 390, "height": 844}
    tab.firefox.command("browsingContext.setViewport", context=tab.context, viewport=narrow)
    yield tab
    tab.close()


def ask(tab: FirefoxTab, site: Site, provider: Scripted, answer: str) -> None:
    """Ask in a new conversation, and wait for the answer's end."""
    provider.will_say(answer)
    tab.open(site.url)
    tab.fill("#text", "Draw it")
    tab.click(".composer__send")
    tab.see(".reply--complete")


@pytest.mark.parametrize("text", ["$$%s$$", "Words $$%s$$ and more.", "- $%s$ in an item", "|a|\n|-|\n|$%s$|"])
def test_a_wide_formula_scrolls_in_itself(tab: FirefoxTab, site: Site, provider: Scripted, text: str) -> None:
    ask(tab, site, provider, text % SUM)

    tab.see("math")

    assert tab.call("() => document.documentElement.scrollWidth") == 390
    boxes = "[...document.querySelectorAll('.formula, .table')]"
    assert tab.call(f"() => {boxes}.some(box => box.scrollWidth > box.clientWidth + 1)")


def test_a_footnote_stands_on_the_line_of_its_number(tab: FirefoxTab, site: Site, provider: Scripted) -> None:
    ask(tab, site, provider, NOTED)

    tab.see(".footnotes", "The first.")

    heights = tab.call(
        """() => [...document.querySelectorAll(".footnotes li")]
          .map(note => note.offsetHeight - note.querySelector("p").offsetHeight)"""
    )
    assert heights == [0, 0]


@pytest.mark.parametrize("formula", [r"\sqrt{x}", r"\left(\frac{a}{b}\right)", r"\vec v"])
def test_a_formula_is_drawn_in_our_font(tab: FirefoxTab, site: Site, provider: Scripted, formula: str) -> None:
    ask(tab, site, provider, f"So ${formula}$.")

    assert tab.until(
        """() => [...document.fonts].some(font => font.family.includes("Math") && font.status === "loaded")"""
    )
