"""Test branches over HTTP: edit, retry with another model, switch versions, continue from the page's position."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.providers.errors import Unavailable
from tests.asking import HTMX, PAGE, TEXT, begin, ended, key_in, reply_in, rows
from tests.scripted import Gate, Scripted


def said(page: str) -> list[str]:
    """List a page's texts in order: messages as they were typed, and the paragraphs of replies."""
    return re.findall(r'<(?:div class="message__text"|p) dir="auto">([^<]+)</', page)


def asked_and_answered(client: FlaskClient, provider: Scripted, text: str, answer: str) -> int:
    """Begin a conversation with one turn; return its id."""
    provider.will_say(answer)
    conversation = begin(client, text)
    ended(client, conversation)
    return conversation


def parent_in(page: str) -> str:
    """Read the id of the reply that the page's composer continues."""
    found = re.search(r'name="parent" value="(\d+)"', page)
    assert found
    return found[1]


def test_an_edited_message_is_answered_and_the_first_one_kept(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    provider.will_say("Two.")

    response = client.post("/messages/1/edit", data={"text": "Two?"}, headers=PAGE)
    page = ended(client, conversation)

    assert (response.status_code, response.headers["Location"]) == (303, f"/conversations/{conversation}")
    assert said(page) == ["Two?", "Two."] and "2/2" in page
    assert provider.calls[1].messages == [{"role": "user", "content": "Two?"}]
    assert client.post("/messages/1/shown").headers["Location"] == f"/conversations/{conversation}?at=1#message-1"
    assert said(client.get(f"/conversations/{conversation}").text) == ["One?", "One."]


def test_htmx_gets_what_an_edit_changes(client: FlaskClient, provider: Scripted) -> None:
    asked_and_answered(client, provider, "One?", "One.")
    gate = Gate()
    provider.will_say(gate)

    response = client.post("/messages/1/edit", data={"text": "Two?"}, headers=HTMX)
    gate.open()

    assert "<html" not in response.text and "HX-Push-Url" not in response.headers
    assert (
        '<hx-partial hx-target="#main"' in response.text and 'hx-sse:connect="/replies/4/generation"' in response.text
    )
    assert (
        '<hx-partial hx-target="#conversations"' in response.text and "<title>… One? · Rivulet</title>" in response.text
    )
    assert parent_in(response.text) == "4"


def test_an_edit_is_answered_by_the_model_it_names(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")

    client.post("/messages/1/edit", data={"text": "Two?", "model": "scripted/large"})
    ended(client, conversation)

    assert provider.calls[1].model == "large"


def test_an_edit_posted_twice_is_one_turn(client: FlaskClient, app: Flask, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    key = key_in(client.get(f"/conversations/{conversation}").text)

    answers = [client.post("/messages/1/edit", data={"text": "Two?", "key": key}) for _ in range(2)]
    ended(client, conversation)
    sent = client.post(f"/conversations/{conversation}/messages", data={"text": "And?", "key": key}, headers=TEXT)

    assert [answer.status_code for answer in answers] == [303, 303] and sent.status_code == 200 and sent.text
    assert len(provider.calls) == 3 and rows(app)["messages"] == 6


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({"text": " "}, 400, "Write a message first"),
        ({"text": "x" * 100_001}, 413, "100,001 characters"),
        ({"text": "Two?", "model": "nope"}, 400, "no longer available"),
        ({"text": "Two?", "parent": "1"}, 400, "has changed since you opened"),
        ({"text": "Two?", "parent": "2"}, 400, "has changed since you opened"),
        ({"text": "Two?", "parent": "one"}, 400, "Reload and send"),
    ],
)
def test_an_edit_that_is_refused_changes_nothing(
    client: FlaskClient, app: Flask, provider: Scripted, form: dict[str, str], status: int, sentence: str
) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    before = rows(app)

    for headers in (HTMX, PAGE, TEXT):
        response = client.post("/messages/1/edit", data=form, headers=headers)
        assert response.status_code == status and sentence in response.text

    assert rows(app) == before and len(provider.calls) == 1
    assert said(client.get(f"/conversations/{conversation}").text) == ["One?", "One."]


def test_a_refused_edit_gives_the_text_back_to_send_it_as_an_edit_again(
    client: FlaskClient, provider: Scripted
) -> None:
    asked_and_answered(client, provider, "One?", "One.")

    response = client.post("/messages/1/edit", data={"text": "Keep me", "model": "nope"}, headers=PAGE)

    assert ">Keep me</textarea>" in response.text and 'action="/messages/1/edit"' in response.text


def test_a_whole_answer_is_tried_again_with_another_model(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    provider.will_say("Uno.")

    client.post("/replies/2/retry", data={"model": "scripted/large"}, headers=HTMX)
    page = ended(client, conversation)

    assert provider.calls[1].model == "large" and said(page) == ["One?", "Uno."] and "2/2" in page
    assert '<option value="scripted/large" selected>Large</option>' in page


def test_an_earlier_answer_tried_again_is_another_branch(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    provider.will_say("Two.")
    client.post(f"/conversations/{conversation}/messages", data={"text": "Two?"}, headers=TEXT).get_data()
    provider.will_say("Uno.")

    client.post("/replies/2/retry", headers=PAGE)
    branch = ended(client, conversation)
    client.post("/messages/2/shown")

    assert said(branch) == ["One?", "Uno."] and provider.calls[2].messages == provider.calls[0].messages
    assert said(client.get(f"/conversations/{conversation}").text) == ["One?", "One.", "Two?", "Two."]


def test_only_the_last_answer_lists_the_models_to_retry_with(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    client.post(f"/conversations/{conversation}/messages", data={"text": "Two?"}, headers=TEXT).get_data()

    menus = re.findall(r'<div class="models".*?</div>', client.get(f"/conversations/{conversation}").text, re.DOTALL)

    assert [menu.count("<button name") for menu in menus] == [0, 2]


def test_the_buttons_lead_from_version_to_version_in_a_circle(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    seen = []
    for _ in range(2):
        client.post("/replies/2/retry")
        ended(client, conversation)

    for _ in range(3):
        page = client.get(f"/conversations/{conversation}").text
        before, after = re.findall(r'formaction="(/messages/\d+/shown)"', page)
        seen.append((re.findall(r"\d/3", page), before, after))
        shown = client.post(after, headers=HTMX).text

    assert [place for place, _, _ in seen] == [["3/3"], ["1/3"], ["2/3"]]
    assert seen[0][1:] == ("/messages/3/shown", "/messages/2/shown")
    assert "Showing version 3 of 3." in shown and parent_in(shown) == "4"


def test_a_page_sends_on_from_the_answer_it_shows(client: FlaskClient, provider: Scripted) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    address, parent = f"/conversations/{conversation}/messages", parent_in(client.get("/conversations/1").text)
    for text in ("Left", "Right"):
        provider.will_say(f"{text}.")

    left = client.post(address, data={"text": "Left?", "parent": parent}, headers=HTMX)
    ended(client, conversation)
    right = client.post(address, data={"text": "Right?", "parent": parent}, headers=HTMX)
    page = ended(client, conversation)

    assert parent == "2" and "1/2" not in left.text and "2/2" in right.text and parent_in(right.text) == "6"
    assert said(page) == ["One?", "One.", "Right?", "Right."]
    assert [said["content"] for said in provider.calls[2].messages] == ["One?", "One.", "Right?"]


def test_a_page_that_streams_shows_its_own_branch_to_its_end(
    client: FlaskClient, app: Flask, provider: Scripted
) -> None:
    conversation, gate = asked_and_answered(client, provider, "One?", "One."), Gate()
    address = f"/conversations/{conversation}/messages"
    provider.will_say("Left", gate, ".")
    provider.will_say("Right.")
    streaming = client.post(address, data={"text": "Left?", "parent": "2"}, headers=PAGE, buffered=False)
    gate.wait_until_reached()

    beside = client.post(address, data={"text": "Right?", "parent": "2"}, headers=PAGE)
    gate.open()

    assert "Left." in streaming.text and "Right." not in streaming.text
    assert "Right." in beside.text and "Left." not in beside.text
    assert said(client.get("/conversations/1").text)[-2:] == ["Right?", "Right."]


@pytest.mark.parametrize("parent", ["1", "999", "0", "-2", "two", "²", "9" * 30, "2.0", "\0"])
def test_a_message_goes_on_from_nothing_but_an_answer(
    client: FlaskClient, app: Flask, provider: Scripted, parent: str
) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    before = rows(app)

    for headers in (HTMX, PAGE, TEXT):
        form = {"text": "Keep me", "parent": parent}
        response = client.post(f"/conversations/{conversation}/messages", data=form, headers=headers)
        assert response.status_code == 400 and "Reload and send" in response.text
        assert (">Keep me</textarea>" in response.text) == (headers is PAGE)

    assert rows(app) == before and len(provider.calls) == 1


def test_a_text_that_has_to_wait_is_given_back_with_its_place(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    conversation = begin(client)
    gate.wait_until_reached()

    response = client.post(
        f"/conversations/{conversation}/messages", data={"text": "Keep me", "parent": "2"}, headers=PAGE
    )
    gate.open()

    assert response.status_code == 409 and parent_in(response.text) == "2"
    assert "Hello" in ended(client, conversation)


def test_an_answer_that_broke_off_is_continued_in_its_place(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("The capital of France ", Unavailable("The model can't be reached."))
    provider.will_say(gate, "is Paris.")
    conversation = begin(client, "Tell me")
    offered = ended(client, conversation)

    response = client.post("/replies/2/continue", headers=HTMX)
    gate.open()
    page = ended(client, conversation)

    assert ">Continue</button>" in offered and ">Continue</button>" not in page
    assert '<hx-partial hx-target="#reply-2"' in response.text and "hx-sse:connect" in response.text
    assert said(page) == ["Tell me", "The capital of France is Paris."] and "can't be reached" not in page


@pytest.mark.parametrize(
    ("script", "outcome", "offered"),
    [
        (("Cut off",), "length", True),
        (("Whole.",), "stop", False),
        ((Unavailable("The model can't be reached."),), "stop", False),
    ],
)
def test_only_what_is_not_whole_can_be_continued(
    client: FlaskClient, provider: Scripted, script: tuple[object, ...], outcome: str, offered: bool
) -> None:
    provider.will_say(*script, finish_reason=outcome)  # type: ignore[arg-type]
    conversation = begin(client)

    page = ended(client, conversation)
    response = client.post("/replies/2/continue", headers=PAGE)
    ended(client, conversation)

    assert (">Continue</button>" in page) == offered
    assert (response.status_code == 303) == offered and (offered or "can&#39;t be continued" in response.text)


def test_an_answer_that_another_worker_went_on_with_is_marked(
    client: FlaskClient, app: Flask, provider: Scripted
) -> None:
    conversation = asked_and_answered(client, provider, "One?", "One.")
    unmarked = client.get(f"/conversations/{conversation}").text
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE replies SET attempts = 1")

    marked = client.get(f"/conversations/{conversation}").text

    assert "reply--resumed" in marked and "Resumed after a server restart" in marked
    assert "reply--resumed" not in unmarked and reply_in(client, conversation) == 2
