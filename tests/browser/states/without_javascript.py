"""The chat without JavaScript: pages that stream, and pages instead of popovers."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.states import sidebar, texts
from tests.browser.states.answers import ask
from tests.browser.states.progress import BEGUN
from tests.browser.states.state import State, open_page, visiting
from tests.scripted import Gate, Thought

PlainState = partial(State, script=False)


def streamed(page: Page, site: Site) -> None:
    """Show a page that grows with its answer."""
    ask(page, site, "Tell me more", BEGUN, Gate())
    expect(page.locator(".reply")).to_contain_text("A river begins")


def finished(page: Page, site: Site) -> None:
    """Show a page that has grown to the end of its answer, with code and thoughts."""
    ask(page, site, "Tell me about rivers", Thought(texts.THOUGHTS), texts.RICH)
    expect(page.locator(".finished .reply--complete")).to_be_visible()
    expect(page.locator(".list__answering")).to_be_hidden()


def reopened(page: Page, site: Site) -> None:
    finished(page, site)
    page.goto(f"{site.url}{page.locator('.list__item').first.get_attribute('href')}")


def reasoning(page: Page, site: Site) -> None:
    """Read what the model thought on a page of its own."""
    reopened(page, site)
    page.locator(".reasoning summary").click()
    page.locator(".reasoning a").click()
    expect(page.locator(".reasoning__page")).to_be_visible()


def menu(page: Page, site: Site) -> None:
    """Open the menu of a chat as a page."""
    reopened(page, site)
    page.locator("#menu-here").click()
    expect(page.locator(".sheet .rename")).to_be_visible()


def deleting(page: Page, site: Site) -> None:
    menu(page, site)
    page.locator(".asks summary").click()


def appearance(page: Page, site: Site) -> None:
    open_page(page, site)
    page.locator(".appearance summary").click()


STATES = [
    PlainState("The first page without JavaScript", visiting("/")),
    PlainState("A page grows with its answer, without JavaScript", streamed),
    PlainState("A page has grown to the end of its answer, without JavaScript", finished),
    PlainState("A chat is opened again, without JavaScript", reopened),
    PlainState("What the model thought is a page, without JavaScript", reasoning),
    PlainState("The menu of a chat is a page, without JavaScript", menu),
    PlainState("That page asks before it deletes the chat", deleting),
    PlainState("The appearance is saved with a button, without JavaScript", appearance, widths=sidebar.WIDE),
]
