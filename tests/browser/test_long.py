"""Test long conversations in a real browser: a window of messages, more on scrolling, and a steady reading position."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from chat import conversations
from chat.conversations import Turn
from chat.people.rate_limits import Asker
from chat.storage.tables import people
from tests.browser.site import Site, send
from tests.scripted import Scripted
from tests.turns import CHOICE, answered, grown


@pytest.fixture
def long(page: Page, site: Site, provider: Scripted) -> Turn:
    """A conversation of two hundred messages that belongs to the browser's user."""
    provider.will_say("Hi.")
    send(page, "Hello?")
    expect(page.locator(".reply--complete")).to_be_visible()
    database = site.app.extensions["rivulet"].database
    with database.read() as connection:
        person = connection.execute(select(people.c.id).order_by(people.c.id.desc())).scalars().first()
    assert person
    return grown(database, person, 200)


def shown(page: Page) -> list[str]:
    """List the messages that a page shows of a long conversation."""
    return page.locator(".messages :is(.message__text, .reply__body p)").all_inner_texts()


def texts(first: int, last: int) -> list[str]:
    return [f"Message {number}" for number in range(first, last + 1)]


def height(message: Locator) -> float:
    """Return the distance between the window's upper edge and a message."""
    return message.evaluate("message => message.getBoundingClientRect().top")


def settled(page: Page) -> None:
    """Let the browser lay out and draw twice."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_the_end_of_a_long_conversation_opens_and_no_more(page: Page, site: Site, long: Turn) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}")

    expect(page.locator(f"#reply-{long.reply_id}")).to_be_in_viewport()
    assert shown(page) == texts(161, 200)


@pytest.mark.parametrize("place", [400, 0], ids=["near the top", "at the very top"])
def test_earlier_messages_come_on_scrolling_and_what_is_read_stays_in_its_place(
    page: Page, site: Site, long: Turn, place: int
) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}")
    first = page.locator(f"#message-{long.reply_id - 39}")
    places: list[float] = []

    def note(route) -> None:
        settled(page)
        places.append(height(first))
        route.continue_()

    page.route("**/conversations/*?before=*", note)
    page.evaluate("place => scrollTo(0, place)", place)
    page.locator(f"#message-{long.reply_id - 79}").wait_for(state="attached")
    page.unroute("**/conversations/*?before=*")
    settled(page)

    assert abs(height(first) - places[0]) <= 1
    assert shown(page)[-80:] == texts(121, 200)


def test_all_of_a_long_conversation_is_reached_by_scrolling(page: Page, site: Site, long: Turn) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}")

    while page.locator("#earlier").count():
        page.evaluate("() => scrollTo(0, 0)")
        settled(page)

    assert shown(page) == ["Long 1", "Hi.", *texts(3, 200)]


def test_without_javascript_links_lead_up_and_down(
    visit: Callable[..., Page], page: Page, site: Site, long: Turn
) -> None:
    page = visit(site.url, java_script_enabled=False, storage_state=page.context.storage_state())
    page.goto(f"{site.url}/conversations/{long.conversation_id}")

    for link, first in (("Older", 121), ("Older", 81), ("Newer", 121)):
        page.get_by_role("link", name=f"{link} messages").click()
        expect(page.locator(".message__text").first).to_have_text(f"Message {first}")
        assert shown(page) == texts(first, first + 39)
    page.get_by_role("link", name="Latest messages").click()
    expect(page.locator(f"#reply-{long.reply_id}")).to_be_attached()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_message_sent_from_further_up_is_answered_at_the_end(
    visit: Callable[..., Page], page: Page, site: Site, provider: Scripted, long: Turn, javascript: bool
) -> None:
    provider.will_say("At the end.")
    page = visit(site.url, java_script_enabled=javascript, storage_state=page.context.storage_state())
    page.goto(f"{site.url}/conversations/{long.conversation_id}?at={long.reply_id - 150}#reply-{long.reply_id - 150}")
    expect(page.locator(f"#reply-{long.reply_id - 150}")).to_be_in_viewport()

    page.locator("#model").select_option("Large")  # its context window has no limit
    send(page, "Where am I?")

    expect(page.locator(".reply--complete").last).to_contain_text("At the end.")
    expect(page.locator(".reply--complete").last).to_be_in_viewport()
    assert shown(page)[-3:] == ["Message 200", "Where am I?", "At the end."]
    assert len(provider.calls[-1].messages) == 201


@pytest.mark.parametrize("javascript", [True, False])
def test_a_version_chosen_further_up_is_shown_where_the_reader_is(
    visit: Callable[..., Page], page: Page, site: Site, long: Turn, javascript: bool
) -> None:
    database, tried = site.app.extensions["rivulet"].database, long.reply_id - 100
    with database.read() as connection:
        person = connection.execute(select(people.c.id).order_by(people.c.id.desc())).scalars().first()
    answered(database, conversations.try_again(database, Asker(person), tried, CHOICE), "Another version.")
    page = visit(site.url, java_script_enabled=javascript, storage_state=page.context.storage_state())
    page.goto(f"{site.url}/conversations/{long.conversation_id}")
    expect(page.get_by_text("Another version.")).to_be_attached()
    other = page.get_by_role("button", name="Show version 1 of 2").first
    other.hover()
    before = height(other)

    other.click()

    expect(page.locator(f"#reply-{tried}")).to_be_in_viewport()
    expect(page.get_by_text("Another version.")).to_have_count(0)
    if javascript:
        settled(page)
        assert abs(height(page.get_by_role("button", name="Show version 2 of 2").first) - before) <= 1


def test_a_print_says_what_it_leaves_out(page: Page, site: Site, long: Turn) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}?at={long.reply_id - 100}")
    left_out = page.get_by_text("messages aren't included")
    expect(left_out.first).to_be_hidden()

    page.emulate_media(media="print")

    expect(left_out).to_have_text([re.compile("Older messages"), re.compile("Newer messages")])
    assert [sentence.is_visible() for sentence in left_out.all()] == [True, True]
    expect(page.get_by_role("link", name="Older messages")).to_be_hidden()


@pytest.mark.parametrize("turns", [4, 30], ids=["where the page begins", "further up"])
def test_back_and_a_reload_lead_to_the_message_that_was_read(page: Page, site: Site, long: Turn, turns: int) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}")
    message = page.locator(f"#message-{long.reply_id - 2 * turns + 1}")
    while not message.count():
        page.evaluate("scrollTo(0, 0)")
        settled(page)
    message.evaluate("message => scrollBy(0, message.getBoundingClientRect().top - 150)")
    page.wait_for_function("() => history.state?.place")

    for leave in (lambda: page.get_by_role("link", name="Hello?").click(), lambda: page.goto(f"{site.url}/sign-in")):
        leave()
        expect(page.get_by_text("Hi.").or_(page.get_by_label("Password"))).to_be_visible()
        page.go_back()
        expect(message).to_be_in_viewport()
        assert abs(height(message) - 150) < 2
    page.reload()

    expect(message).to_be_in_viewport()
    assert abs(height(message) - 150) < 2


@pytest.mark.parametrize("javascript", [True, False])
def test_a_conversation_opens_at_its_newest_message(
    page: Page, visit: Callable[..., Page], site: Site, long: Turn, javascript: bool
) -> None:
    state = page.context.storage_state()
    page = visit(site.url, java_script_enabled=javascript, storage_state=state)

    page.locator(f"#to-{long.conversation_id}").click()

    expect(page.locator(f"#reply-{long.reply_id}")).to_be_in_viewport()


@pytest.mark.parametrize("place", ["", "?at={}"], ids=["from the end", "from the middle"])
def test_all_of_a_long_conversation_can_be_printed(page: Page, site: Site, long: Turn, place: str) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}{place.format(long.reply_id - 100)}")
    page.evaluate("() => { window.print = () => { document.title = 'printed' } }")

    page.get_by_label("Chat options").click()
    page.get_by_role("button", name="Print all").click()

    expect(page).to_have_title("printed")
    assert shown(page) == ["Long 1", "Hi.", *texts(3, 200)]


def test_where_the_rest_can_not_be_fetched_the_print_says_what_it_leaves_out(
    page: Page, site: Site, long: Turn
) -> None:
    page.goto(f"{site.url}/conversations/{long.conversation_id}")
    page.evaluate("() => { window.print = () => { document.title = 'printed' } }")
    page.get_by_label("Chat options").click()
    expect(page.get_by_role("button", name="Print all")).to_be_visible()
    page.context.set_offline(True)

    page.get_by_role("button", name="Print all").click()

    expect(page).to_have_title("printed")
    page.emulate_media(media="print")
    expect(page.get_by_text("Older messages aren't included")).to_be_visible()
