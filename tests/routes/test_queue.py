"""Test the message that waits: what its pages say, and how it is sent, also when nobody looks."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.asking import HTMX, PAGE, begin, ended, reply_in, rows
from tests.scripted import Gate, Scripted


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def conversation(client: FlaskClient, provider: Scripted, gate: Gate) -> int:
    """A conversation with a running answer and a message that waits for its end."""
    provider.will_say("One", gate, " and two.")
    conversation = begin(client, "First")
    gate.wait_until_reached()
    sent = client.post(f"/conversations/{conversation}/messages", data={"text": "<i>Later"}, headers=HTMX)
    assert sent.status_code == 200 and "&lt;i&gt;Later" in sent.text and "Will be sent after this answer" in sent.text
    return conversation


def test_the_end_of_the_answer_sends_it_and_its_event_brings_the_new_turn(
    client: FlaskClient, provider: Scripted, gate: Gate, conversation: int
) -> None:
    provider.will_say("Three.")
    reply = reply_in(client, conversation)
    gate.open()

    events = client.get(f"/replies/{reply}/generation").text
    brought = client.get(f"/conversations/{conversation}/queued?after={reply}", headers=HTMX)

    assert f"/conversations/{conversation}/queued?after={reply}" in events
    assert 'hx-target="#messages" hx-swap="beforeend"' in brought.text and "&lt;i&gt;Later" in brought.text
    page = ended(client, conversation)
    assert "One and two." in page and "Three." in page
    assert [message["content"] for message in provider.calls[1].messages] == ["First", "One and two.", "<i>Later"]


def test_it_is_sent_though_its_page_is_closed(
    app: Flask, client: FlaskClient, provider: Scripted, gate: Gate, conversation: int
) -> None:
    provider.will_say("Three.")
    gate.open()
    ended_reply = app.extensions["rivulet"].replies.follow(reply_in(client, conversation))
    while ended_reply.next(1) is not None:
        pass

    app.extensions["rivulet"].replies.send_queued()

    assert "Three." in ended(client, conversation) and rows(app)["queued"] == 0


def test_after_stop_the_page_offers_to_send_it(client: FlaskClient, provider: Scripted, conversation: int) -> None:
    client.post(f"/replies/{reply_in(client, conversation)}/stop")
    page = ended(client, conversation)
    assert "Not sent yet" in page and 'form="send-queued"' in page

    provider.will_say("Three.")
    sent = client.post(f"/conversations/{conversation}/queued/sending", headers=PAGE)

    assert sent.status_code == 200 and "Three." in sent.text and "Not sent yet" not in ended(client, conversation)


@pytest.mark.parametrize("form", [PAGE, HTMX], ids=["page", "htmx"])
def test_taken_back_it_is_in_the_box(app: Flask, client: FlaskClient, conversation: int, form: dict[str, str]) -> None:
    taken = client.post(f"/conversations/{conversation}/queued/return", headers=form)

    assert taken.status_code == 200 and (">&lt;i&gt;Later</textarea>" in taken.text) == (form is PAGE)
    assert rows(app)["queued"] == 0
    again = client.post(f"/conversations/{conversation}/queued/return", headers=form)
    assert again.status_code == 409 and "already sent or taken back" in again.text


def test_the_end_of_the_answer_shows_another_tab_that_it_was_taken_back(
    client: FlaskClient, gate: Gate, conversation: int
) -> None:
    reply = reply_in(client, conversation)
    client.post(f"/conversations/{conversation}/queued/return")
    gate.open()

    events = client.get(f"/replies/{reply}/generation").text

    assert re.search(r'hx-target="#queued" hx-swap="innerHTML">\s*</hx-partial>', events.replace("data:", ""))


def test_while_it_waits_the_page_shows_it_again_and_a_visitor_without_htmx_is_led_to_the_conversation(
    client: FlaskClient, conversation: int
) -> None:
    address = f"/conversations/{conversation}/queued"

    assert "Will be sent after this answer" in client.get(address, headers=HTMX).text
    assert "Will be sent after this answer" in client.get(f"/conversations/{conversation}").text
    assert client.get(address, headers=PAGE).location == f"/conversations/{conversation}"
