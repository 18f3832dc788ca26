"""Test theme, text size and the folded sidebar where they show."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import send
from tests.scripted import Scripted

CODE = f"```text\n{'x' * 80}\n```\n\n" + "A line.\n\n" * 60
READ = "Math.round(document.querySelectorAll('.reply p')[30].getBoundingClientRect().top)"
PAPER = "getComputedStyle(document.body).backgroundColor"
SIZE = "parseFloat(getComputedStyle(document.body).fontSize)"
IS_CUT = "document.querySelector('.code pre').scrollWidth > document.querySelector('.code pre').clientWidth"


@pytest.fixture
def talk(page: Page, provider: Scripted) -> Page:
    """A conversation with a line of 80 columns of code, and a draft."""
    provider.will_say(CODE)
    send(page, "Show me code")
    expect(page.locator(".reply--complete")).to_be_visible()
    page.locator("#text").fill("A draft")
    return page


def test_a_choice_shows_at_once_loses_nothing_and_stays(talk: Page) -> None:
    light, loaded = talk.evaluate(PAPER), talk.evaluate("performance.timeOrigin")
    talk.evaluate(f"scrollBy(0, {READ} - 110)")

    talk.get_by_text("Appearance").click()
    talk.get_by_role("radio", name="Dark").check()
    talk.get_by_role("radio", name="Larger").check()
    expect(talk.locator("#bars-dark")).to_have_attribute("media", "all")
    dark, large = talk.evaluate(PAPER), talk.evaluate(SIZE)

    assert dark != light and large > 20 and talk.evaluate("performance.timeOrigin") == loaded
    assert abs(talk.evaluate(READ) - 110) <= 1 and talk.locator("#text").input_value() == "A draft"
    talk.reload()
    assert (talk.evaluate(PAPER), talk.evaluate(SIZE)) == (dark, large)


def test_the_sidebar_folds_and_80_columns_of_code_stand_beside_it_or_without_it(talk: Page) -> None:
    hide, show = (talk.get_by_role("button", name=f"{verb} the sidebar") for verb in ("Hide", "Show"))
    talk.set_viewport_size({"width": 1370, "height": 800})
    assert not talk.evaluate(IS_CUT)
    talk.set_viewport_size({"width": 1100, "height": 800})
    assert talk.evaluate(IS_CUT)

    hide.press("Enter")

    expect(show).to_be_focused()
    expect(talk.locator("#sidebar")).to_be_hidden()
    assert not talk.evaluate(IS_CUT)
    show.press("Enter")
    expect(hide).to_be_focused()
    expect(talk.locator("#sidebar")).to_be_visible()
