"""Test unread answers: which conversations have one, when it counts as read, and how the tab's title shows both."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.asking import HTMX, PAGE, begin, ended, reply_in
from tests.scripted import Gate, Scripted

UNREAD, READING = "(new answer)", 'hx-post="/conversations/1/reading"'


def title_in(page: str) -> str:
    """Read the title of a page or a fragment."""
    found = re.search(r"<title>([^<]*)</title>", page)
    assert found
    return found[1]


def test_an_answer_is_unread_until_the_page_says_it_was_seen(client: FlaskClient) -> None:
    conversation = begin(client, "One?")
    opened = ended(client, conversation)
    elsewhere = client.get("/").text

    response = client.post(f"/conversations/{conversation}/reading", headers=HTMX)

    after = client.get("/").text
    assert READING in opened and UNREAD in elsewhere and title_in(elsewhere) == "(1) Rivulet"
    assert UNREAD not in response.text and title_in(response.text) == "One? · Rivulet"
    assert UNREAD not in after and title_in(after) == "Rivulet"
    assert READING not in client.get(f"/conversations/{conversation}").text


def test_looking_alone_does_not_make_an_answer_read(client: FlaskClient) -> None:
    conversation = begin(client)
    for _ in range(2):
        ended(client, conversation)

    assert UNREAD in client.get("/").text


def test_an_answer_is_read_when_the_person_goes_on(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    conversation = begin(client)
    ended(client, conversation)
    provider.will_say(gate)

    client.post(f"/conversations/{conversation}/messages", data={"text": "And?"}, headers=HTMX)
    page = client.get("/").text
    gate.open()

    assert UNREAD not in page and "(answering)" in page


def test_the_last_event_of_an_answer_asks_to_be_seen(client: FlaskClient) -> None:
    conversation = begin(client, "One?")

    events = client.get(f"/replies/{reply_in(client, conversation)}/generation").text

    assert READING in events and 'hx-trigger="intersect once"' in events
    assert title_in(events) == "One? · Rivulet"


def test_a_reading_without_htmx_leads_to_the_conversation(client: FlaskClient) -> None:
    conversation = begin(client)

    response = client.post(f"/conversations/{conversation}/reading", headers=PAGE)

    assert (response.status_code, response.headers["Location"]) == (303, f"/conversations/{conversation}")


def test_the_title_says_what_goes_on_here_and_elsewhere(client: FlaskClient, provider: Scripted) -> None:
    ended(client, begin(client, "First"))
    ended(client, begin(client, "Second"))
    gate = Gate()
    provider.will_say(gate)
    third = begin(client, "Third")

    running, elsewhere = client.get(f"/conversations/{third}").text, client.get("/conversations/1").text
    gate.open()
    finished = ended(client, third)
    out_of_sight = client.get(f"/conversations?current={third}", headers=HTMX).text

    assert title_in(running) == "… Third · Rivulet"
    assert title_in(elsewhere) == "(1) First · Rivulet"
    assert title_in(finished) == "(2) Third · Rivulet"
    assert title_in(out_of_sight) == "(3) Third · Rivulet"
