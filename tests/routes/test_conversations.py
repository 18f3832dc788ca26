"""Test conversations: begin, open, list, delete."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat import conversations
from chat.replies import log
from chat.replies.log import render_ending
from tests.asking import HTMX, PAGE, begin, ended, reply_in, rows
from tests.scripted import Gate, Scripted
from tests.turns import asked, guest


def test_the_first_page_offers_a_composer_examples_and_models(client: FlaskClient) -> None:
    page = client.get("/").text

    assert 'action="/conversations"' in page and 'id="text"' in page and "autofocus" in page
    assert "suspension bridge" in page and ">Small</option>" in page and ">Large</option>" in page


def test_the_list_names_each_conversation_and_which_is_answering(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Done.")
    provider.will_say("Hm", gate)
    ended(client, begin(client, "The first"))
    second = begin(client, "The second & last")

    page = client.get("/").text
    gate.open()
    after = ended(client, second)

    assert page.index("The second &amp; last") < page.index("The first")
    assert page.count("(answering)") == 1 and 'hx-trigger="every 3s"' in page
    assert "(answering)" not in after and 'hx-trigger="every 3s"' not in after


def test_htmx_gets_the_list_alone_and_anyone_else_a_page(client: FlaskClient) -> None:
    conversation = begin(client, "The first")

    fragment = client.get(f"/conversations?current={conversation}", headers=HTMX).text
    page = client.get("/conversations").text

    assert fragment.startswith("<title>") and "<html" not in fragment and 'aria-current="page"' in fragment
    assert page.startswith("<!doctype html>") and "The first" in page
    assert client.get("/conversations?current=" + "9" * 5_000, headers=HTMX).status_code == 200


@pytest.mark.parametrize("header", [{"HX-History-Restore-Request": "true"}, {"HX-Request-Type": "full"}])
def test_htmx_gets_the_whole_page_where_it_wants_that(client: FlaskClient, header: dict[str, str]) -> None:
    page = client.get("/conversations", headers=HTMX | header).text

    assert page.startswith("<!doctype html>")


def test_a_deleted_conversation_is_gone_with_all_that_was_said(client: FlaskClient, app: Flask) -> None:
    conversation = begin(client)
    ended(client, conversation)

    response = client.post(f"/conversations/{conversation}/deletion")

    counted = rows(app)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert client.get(f"/conversations/{conversation}").status_code == 404
    assert counted["conversations"] == counted["messages"] == counted["replies"] == counted["pieces"] == 0


def test_deleting_stops_the_answer_upstream(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Hel", gate)
    conversation = begin(client)
    gate.wait_until_reached()
    reply = reply_in(client, conversation)

    client.post(f"/conversations/{conversation}/deletion")

    assert provider.sayings[0].cancelled.is_set()
    assert client.get(f"/replies/{reply}/generation").status_code == 404


@pytest.mark.parametrize(
    "number",
    ["99999999999999999999", "9223372036854775808", "999999999999999999", "9" * 5_000, "0", "-1", "1.5", "one", "²"],
)
def test_an_id_that_can_be_nobodys_is_not_found(client: FlaskClient, number: str) -> None:
    """OW 26-54017, 26-59221: a part of an address that is decoded again and again."""
    for form in (HTMX, PAGE):
        answers = [
            client.get(f"/conversations/{number}", headers=form),
            client.post(f"/conversations/{number}/messages", data={"text": "Hello?"}, headers=form),
            client.post(f"/conversations/{number}/deletion", headers=form),
            client.get(f"/replies/{number}/generation", headers=form),
            client.post(f"/replies/{number}/stop", headers=form),
            client.post(f"/replies/{number}/retry", headers=form),
        ]

        assert all(answer.status_code == 404 and "Page not found" in answer.text for answer in answers)


def test_the_conversations_model_stays_chosen(client: FlaskClient) -> None:
    client.post("/conversations", data={"text": "Hello?", "model": "scripted/large"}, headers=PAGE).get_data()

    page = client.get("/conversations/1").text

    assert '<option value="scripted/large" selected>' in page


def test_an_answer_that_ends_while_its_page_is_made_stands_in_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = app.extensions["rivulet"].database
    person = guest(database, "ann")
    turn, versions = asked(database, person), conversations.versions
    with client.session_transaction() as session:
        session["person"] = person
    with database.write() as connection:
        log.store(connection, [log.ReplyUpdate(turn.reply_id, turn.owner or "", 0, ["So it goes."])])

    def versions_while_it_ends(*arguments: Any) -> dict[int, list[int]]:
        end = render_ending(turn.reply_id, "complete", "So it goes.", {})
        with database.write() as connection:
            log.store(connection, [log.ReplyUpdate(turn.reply_id, turn.owner or "", 1, [], end)])
        return versions(*arguments)

    monkeypatch.setattr(conversations, "versions", versions_while_it_ends)

    assert "So it goes." in client.get(f"/conversations/{turn.conversation_id}").text
