"""Test resending: the same text is the same turn, another text is another turn, and none is lost."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.asking import HTMX, PAGE, TEXT, begin, ended, key_in, rows
from tests.scripted import Gate, Scripted

FORMS = pytest.mark.parametrize("form", [HTMX, TEXT, PAGE], ids=["htmx", "text", "page"])


def texts(app: Flask, client: FlaskClient) -> list[list[str]]:
    """List the messages of a browser's user, by conversation."""
    listed = re.findall(r'href="(/conversations/\d+)"', client.get("/").text)
    told = [client.get(f"{address}.json").get_json()["messages"] for address in sorted(set(listed))]
    return [[message["text"] for message in said if message["role"] == "user"] for said in told]


def key_of(client: FlaskClient, address: str = "/") -> str:
    """Read the key of a page's composer."""
    return key_in(client.get(address).text)


def send(client: FlaskClient, address: str, headers: dict[str, str], **form: str) -> int:
    """Send a form and read the answer to its end; return the status."""
    response = client.post(address, data=form, headers=headers)
    assert response.data is not None
    return response.status_code


@FORMS
def test_a_first_message_that_was_changed_is_a_conversation_beside_the_first(
    app: Flask, client: FlaskClient, provider: Scripted, form: dict[str, str]
) -> None:
    provider.will_say("One.")
    provider.will_say("Two.")
    key = key_of(client)

    app.test_client().post("/conversations", data={"text": "First", "key": key}, headers=TEXT).get_data()
    statuses = [send(client, "/conversations", form, text=text, key=key) for text in ("Changed", "Changed", "First")]

    assert statuses[0] == 200 and texts(app, client) == [["First"], ["Changed"]]
    assert rows(app)["people"] == 1 and len(provider.calls) == 2
    assert "Two." in ended(client, 2)


@FORMS
def test_a_message_that_was_changed_stands_beside_the_first(
    app: Flask, client: FlaskClient, provider: Scripted, form: dict[str, str]
) -> None:
    conversation = begin(client, "Hello?")
    ended(client, conversation)
    address, key = f"/conversations/{conversation}/messages", key_of(client, f"/conversations/{conversation}")
    provider.will_say("One.")
    provider.will_say("Two.")

    for text in ("First", "Changed", "Changed"):
        assert send(client, address, form, text=text, key=key, parent="2") in {200, 303}
    page = ended(client, conversation)

    assert texts(app, client) == [["Hello?", "Changed"]] and "2/2" in page
    client.post("/messages/3/shown")
    assert texts(app, client) == [["Hello?", "First"]] and len(provider.calls) == 3


def test_a_message_that_was_changed_while_the_first_is_answered_waits_in_the_box(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    conversation, gate = begin(client, "Hello?"), Gate()
    ended(client, conversation)
    address, key = f"/conversations/{conversation}/messages", key_of(client, f"/conversations/{conversation}")
    provider.will_say("On", gate, "e.")
    client.post(address, data={"text": "First", "key": key}, headers=HTMX)
    gate.wait_until_reached()

    refused = client.post(address, data={"text": "Changed", "key": key}, headers=PAGE)
    gate.open()
    ended(client, conversation)

    assert refused.status_code == 409 and ">Changed</textarea>" in refused.text
    assert send(client, address, PAGE, text="Changed", key=key) == 200
    assert texts(app, client) == [["Hello?", "First", "Changed"]]


@FORMS
def test_an_edit_that_was_changed_is_another_version(
    app: Flask, client: FlaskClient, provider: Scripted, form: dict[str, str]
) -> None:
    conversation = begin(client, "Hello?")
    ended(client, conversation)
    key = key_of(client, f"/conversations/{conversation}")

    for text in ("First", "Changed", "First", "Changed"):
        assert send(client, "/messages/1/edit", form, text=text, key=key) in {200, 303}
        page = ended(client, conversation)

    assert "3/3" in page and texts(app, client) == [["Changed"]] and len(provider.calls) == 3


def test_the_ends_of_lines_are_no_change(app: Flask, client: FlaskClient, provider: Scripted) -> None:
    key = key_of(client)

    for text in ("one\r\ntwo", "one\ntwo", "one\rtwo"):
        client.post("/conversations", data={"text": text, "key": key}, headers=TEXT).get_data()

    assert texts(app, client) == [["one\ntwo"]] and len(provider.calls) == 1


def test_a_key_of_another_conversation_loses_no_text(app: Flask, client: FlaskClient, provider: Scripted) -> None:
    for text in ("Here", "There"):
        ended(client, begin(client, text))
    key = key_of(client, "/conversations/1")

    for number in (1, 2, 1):
        send(client, f"/conversations/{number}/messages", TEXT, text="And?", key=key)
    send(client, "/conversations", TEXT, text="And?", key=key)

    assert texts(app, client) == [["Here", "And?"], ["There", "And?"], ["And?"]]


def test_other_texts_of_a_tab_that_was_doubled_are_all_asked_at_once(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    key = key_of(client)
    browsers, said = [app.test_client() for _ in range(6)], ["One", "Two", "Three"] * 2

    def post(browser: FlaskClient, text: str) -> int:
        return send(browser, "/conversations", TEXT, text=text, key=key)

    with ThreadPoolExecutor() as pool:
        statuses = list(pool.map(post, browsers, said))

    assert sorted(statuses) == [200, 200, 200, 303, 303, 303] and len(provider.calls) == 3
    assert sorted(texts(app, browsers[0])) == [["One"], ["Three"], ["Two"]]
