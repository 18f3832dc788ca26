"""Error pages, by their status, and pages for those who came to the wrong address."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import instances
from tests.browser.site import Site, send
from tests.browser.states.answers import ask
from tests.browser.states.first_page import DRAFT
from tests.browser.states.state import Reach, State, open_page, visiting
from tests.scripted import Gate


def sending(text: str) -> Reach:
    """Return a function that sends a message without JavaScript and gets an error page."""

    def reach(page: Page, site: Site) -> None:
        open_page(page, site)
        page.locator("#text").fill(text)
        page.locator(".composer__send").click()
        expect(page.locator(".sheet h1")).to_be_visible()

    return reach


def misplaced(page: Page, site: Site) -> None:
    """Send a long word, as a plain form, to a chat that doesn't exist: the page gives it back."""
    open_page(page, site)
    page.locator("#text").fill("x" * 2000)
    page.locator("#composer").evaluate("form => { form.action += '/999999/messages'; form.submit() }")
    expect(page.locator(".sheet h1")).to_be_visible()


def forged(page: Page, site: Site) -> None:
    """Send a form from another site."""
    page.set_content(f'<form method="post" action="{site.url}/conversations"><button>Send</button></form>')
    page.locator("button").click()
    expect(page.locator(".sheet h1")).to_be_visible()


def limited(page: Page, site: Site) -> None:
    """Send a message while the only answer that is allowed is being written."""
    other = page.context.new_page()
    ask(other, site, "Tell me more", "A river begins", Gate())
    expect(other.locator(".reply")).to_contain_text("A river begins")
    open_page(page, site)
    send(page, DRAFT)
    expect(page.locator(".sheet h1")).to_be_visible()


def from_elsewhere(page: Page, site: Site) -> None:
    """Come from another machine to an instance for its own."""
    page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    open_page(page, site)


STATES = [
    State("400: a message says nothing", sending("  "), script=False),
    State("400: the address has a name that isn't this server's", visiting("/"), instances.with_another_name),
    State("403: another site sent the form", forged),
    State("404: nothing is there", visiting("/conversations/999999")),
    State("404: the chat is gone, and the message is given back", misplaced, daily=True),
    State("405: the address can't be opened like that", visiting("/sign-out")),
    State("413: a message is too long", sending("A long river. " * 8_000), script=False),
    State("429: a limit refuses a message, which stays in the box", limited, instances.limited, script=False),
    State("500: something broke", visiting("/conversations/1"), instances.broken),
    State("503: the database is away", visiting("/conversations/1"), instances.without_database),
    State("503: no model takes the message", sending(DRAFT), instances.without_models, script=False),
    State("503: the server is for its own machine", from_elsewhere, instances.behind_a_proxy),
]
