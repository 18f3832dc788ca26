"""What a person can do with messages: edit, compare versions, retry, read details."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.browser.states import texts
from tests.browser.states.answers import answered
from tests.browser.states.state import State


def short(page: Page, site: Site) -> None:
    answered(page, site, "Why do rivers bend?", texts.SHORT)


def versions(page: Page, site: Site, begin=answered) -> None:
    """Send a message again."""
    begin(page, site)
    site.provider.will_say("Short.")
    page.locator(".edit summary").click()
    page.locator(".edit button").click()
    expect(page.locator(".versions").first).to_be_visible()
    expect(page.locator(".reply--complete")).to_contain_text("Short.")


def edited(page: Page, site: Site) -> None:
    """Show two versions of a message, with the editor open for a third."""
    versions(page, site)
    page.locator(".edit summary").click()


def retried(page: Page, site: Site) -> None:
    """Show the second version of an answer."""
    short(page, site)
    site.provider.will_say("Because water is faster on the outside of a bend.")
    page.locator(".retry").click()
    expect(page.locator(".reply--complete .versions")).to_be_visible()


def editing(page: Page, site: Site) -> None:
    short(page, site)
    page.locator(".edit summary").click()


def details(page: Page, site: Site) -> None:
    """Read the facts about an answer."""
    short(page, site)
    page.locator(".facts summary").click()


def point(page: Page) -> None:
    """Point at the message."""
    page.locator(".message").hover()


def choose_again(page: Page) -> None:
    """Open the list of models to retry with."""
    page.keyboard.press("Escape")
    page.locator("[popovertarget^=models-]").click()
    expect(page.locator(".models")).to_be_visible()


def choosing(page: Page, site: Site) -> None:
    short(page, site)
    choose_again(page)


STATES = [
    State("A message has two versions, and the editor is open for a third", edited, daily=True),
    State("A message has two versions", versions),
    State("An answer has two versions", retried),
    State("A message is being edited", editing),
    State("The pointer is over a message", short, renew=point),
    State("The details of an answer are open", details),
    State("An answer can be retried with another model", choosing, renew=choose_again),
]
