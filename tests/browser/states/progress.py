"""Answers that are being written, and answers that ended early."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from sqlalchemy import update

from chat.providers.errors import Unavailable
from chat.storage.tables import replies
from tests.browser import instances
from tests.browser.site import Site, send
from tests.browser.states import texts
from tests.browser.states.answers import answered, ask
from tests.browser.states.state import State, open_page
from tests.scripted import Gate, Thought

BEGUN = "A river begins at a spring. It runs downhill, and other streams join it.\n\nWhere its bed is soft"


def waiting(page: Page, site: Site) -> None:
    """Wait for the first word."""
    gate = Gate()
    ask(page, site, "Why do rivers bend?", gate)
    gate.wait_until_reached()
    expect(page.locator(".reply")).to_be_visible()


def thinking(page: Page, site: Site) -> None:
    ask(page, site, "Why do rivers bend?", Thought(texts.THOUGHTS), Gate())
    expect(page.locator(".thoughts")).to_contain_text("oxbow lakes")


def answering(page: Page, site: Site) -> None:
    """Show an answer that is being written."""
    ask(page, site, "Tell me more", BEGUN, Gate())
    expect(page.locator(".reply")).to_contain_text("A river begins")


def writing_code(page: Page, site: Site) -> None:
    ask(page, site, "How do I build a queue?", texts.TECHNICAL[: texts.TECHNICAL.index("    def put")], Gate())
    expect(page.locator(".reply")).to_contain_text("not_empty")


def queued(page: Page, site: Site) -> None:
    """Write the next message while an answer is being written."""
    answering(page, site)
    send(page, "And what is an oxbow lake?")
    expect(page.locator(".queued__text")).to_be_visible()


def stopped(page: Page, site: Site) -> None:
    answering(page, site)
    page.locator(".composer__stop").click()
    expect(page.locator(".reply--stopped")).to_be_visible()


def queued_and_stopped(page: Page, site: Site) -> None:
    queued(page, site)
    page.locator(".composer__stop").click()
    expect(page.locator("[form=send-queued]")).to_be_visible()


def broken_off(page: Page, site: Site) -> None:
    """Show an answer that broke off."""
    ask(page, site, "And now?", BEGUN, Unavailable("The model can't be reached. Try again in a moment."))
    expect(page.locator(".reply--interrupted")).to_be_visible()


def failed(page: Page, site: Site) -> None:
    ask(page, site, "And now?", Unavailable("The model can't be reached. Try again in a moment."))
    expect(page.locator(".reply--failed")).to_be_visible()


def cut_off(page: Page, site: Site) -> None:
    """Show an answer that is as long as the model can write."""
    ask(page, site, "Tell me everything", BEGUN, outcome="length")
    expect(page.locator(".continue")).to_be_visible()


def mark(page: Page, site: Site, **facts: int) -> None:
    """Store facts about the last answer, and load the page again."""
    number = int(re.sub(r"\D", "", page.locator(".reply").last.get_attribute("id") or ""))
    with site.database.write() as connection:
        connection.execute(update(replies).where(replies.c.id == number).values(**facts))
    page.reload()


def resumed(page: Page, site: Site) -> None:
    """Show an answer that another process went on with."""
    answered(page, site, "Why do rivers bend?", texts.SHORT)
    mark(page, site, attempts=1)
    expect(page.locator(".reply__resumed")).to_be_visible()


def left_out(page: Page, site: Site) -> None:
    """Show an answer to a chat that is too long for the model."""
    answered(page, site, "What did I ask first?", "I can't see the beginning of this chat any more.")
    mark(page, site, left_out=14)
    expect(page.locator(".reply__left-out")).to_be_visible()


def limited(page: Page, site: Site) -> None:
    """Send a message while the only answer that is allowed is being written in another tab."""
    answering(page, site)
    open_page(page, site)
    send(page, "Why do rivers bend?")
    expect(page.locator(".problem")).to_be_visible()


def offline(page: Page, site: Site) -> None:
    answered(page, site, "Why do rivers bend?", texts.SHORT)
    page.context.set_offline(True)
    expect(page.locator("#offline")).not_to_have_text("")


def unsent(page: Page, site: Site) -> None:
    """Send a message while the browser is offline."""
    offline(page, site)
    send(page, "And what is an oxbow lake?")
    expect(page.locator(".unreachable")).to_be_visible()


def unreachable(page: Page, site: Site) -> None:
    """Lose the server while an answer is being written."""
    answering(page, site)
    page.route("**/*", lambda route: route.abort())
    expect(page.locator("#offline")).not_to_have_text("")


STATES = [
    State("The model hasn't said a word yet", waiting),
    State("The model is thinking", thinking),
    State("An answer is being written", answering, daily=True),
    State("An answer with code is being written", writing_code),
    State("The next message waits for the end of an answer", queued),
    State("An answer was stopped", stopped),
    State("A message waits after an answer that was stopped", queued_and_stopped),
    State("An answer broke off", broken_off, daily=True),
    State("An answer failed before its first word", failed),
    State("An answer was cut off at the model's limit", cut_off),
    State("An answer was resumed after its server stopped", resumed),
    State("An answer was given without the first messages", left_out),
    State("A limit refuses a message", limited, instances.limited),
    State("The browser is offline", offline),
    State("A message can't be sent offline", unsent),
    State("The server can't be reached while an answer is being written", unreachable),
]
