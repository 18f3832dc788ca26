"""Test limits as a user meets them: refused in the requested form, with the draft kept and nothing stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

import app as front_door
from chat import config
from chat.storage.tables import sends
from tests.asking import HTMX, PAGE, TEXT, begin, ended, key_in, reply_in, rows
from tests.scripted import Gate, Scripted
from tests.serving import UNLIMITED

ANSWERS = ["MAX_CONCURRENT_ANSWERS", "MAX_CONCURRENT_ANSWERS_PER_ADDRESS"]
SENDS = ["MESSAGES_PER_MINUTE", "MESSAGES_PER_MINUTE_PER_ADDRESS"]
DRAFT = "Keep me, please"

WAYS = {
    "first message": ("/conversations", {"text": DRAFT}),
    "message": ("/conversations/{conversation}/messages", {"text": DRAFT}),
    "edit": ("/messages/{message}/edit", {"text": DRAFT}),
    "try again": ("/replies/{reply}/retry", {}),
    "continue": ("/replies/{reply}/continue", {}),
}

Limited = Callable[..., Flask]


@pytest.fixture
def limited(tmp_path: Path, provider: Scripted) -> Iterator[Limited]:
    """Create apps with limits on one database."""
    made: list[Flask] = []

    def limited(**environ: str) -> Flask:
        settings = config.load({"INSTANCE": str(tmp_path / "instance"), **UNLIMITED, **environ})
        made.append(front_door.build(settings, {"scripted": provider}))
        return made[-1]

    yield limited
    for app in made:
        app.extensions["rivulet"].database.dispose()


@pytest.fixture
def gate(provider: Scripted) -> Iterator[Gate]:
    """A gate that holds an answer until the test has seen enough."""
    gate = Gate()
    yield gate
    gate.open()


def broken_off(client: FlaskClient, provider: Scripted) -> dict[str, int]:
    """Begin a conversation whose answer broke off; return the ids for its addresses."""
    provider.will_say("So it ", finish_reason="length")
    conversation = begin(client)
    ended(client, conversation)
    reply = reply_in(client, conversation)
    return {"conversation": conversation, "message": reply - 1, "reply": reply}


def running(client: FlaskClient, provider: Scripted, gate: Gate) -> int:
    """Begin a conversation whose answer waits at a gate."""
    provider.will_say("Slowly ", gate, "done.")
    conversation = begin(client)
    gate.wait_until_reached()
    return conversation


@pytest.mark.parametrize("setting", ANSWERS + SENDS)
@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_asking_is_refused_at_each_limit_and_the_draft_kept(
    limited: Limited, provider: Scripted, gate: Gate, way: str, setting: str
) -> None:
    app = limited(**{setting: "1" if setting in ANSWERS else "2"})
    client = app.test_client()
    known = broken_off(client, provider)
    running(client, provider, gate)
    address, fields = WAYS[way]
    before, calls = rows(app) | {"pieces": 0}, len(provider.calls)

    fragment, page, text = (
        client.post(address.format(**known), data=fields, headers=form) for form in (HTMX, PAGE, TEXT)
    )

    for refused in (fragment, page, text):
        assert refused.status_code == 429 and 1 <= int(refused.headers["Retry-After"]) <= 61
    assert (rows(app) | {"pieces": 0}, len(provider.calls)) == (before, calls)
    assert fragment.text.startswith('<p class="problem">') and fragment.headers["HX-Retarget"] == "#problem"
    assert page.text.startswith("<!doctype html>")
    assert (f">{DRAFT}</textarea>" in page.text) == ("text" in fields)
    assert text.mimetype == "text/plain" and text.text.count("\n") == 1


@pytest.mark.parametrize("setting", ANSWERS + SENDS)
def test_a_draft_that_was_refused_is_sent_again_from_the_page_that_gave_it_back(
    limited: Limited, provider: Scripted, gate: Gate, setting: str
) -> None:
    app = limited(**{setting: "1"})
    client = app.test_client()
    conversation = running(client, provider, gate)
    refused = client.post("/conversations", data={"text": DRAFT}, headers=PAGE)
    gate.open()
    ended(client, conversation)
    with app.extensions["rivulet"].database.write() as connection:
        connection.execute(update(sends).values(at=sends.c.at - int(refused.headers["Retry-After"])))

    again = client.post("/conversations", data={"text": DRAFT, "key": key_in(refused.text)}, headers=PAGE)

    assert again.status_code == 200 and DRAFT in again.text


@pytest.mark.parametrize("setting", ["MAX_CONCURRENT_ANSWERS_PER_ADDRESS", "MESSAGES_PER_MINUTE_PER_ADDRESS"])
def test_a_newcomer_who_is_refused_leaves_no_row_and_gets_no_cookie(
    limited: Limited, provider: Scripted, gate: Gate, setting: str
) -> None:
    app = limited(**{setting: "1"})
    running(app.test_client(), provider, gate)
    before = rows(app) | {"pieces": 0}

    refused = app.test_client().post("/conversations", data={"text": DRAFT}, headers=TEXT)

    assert refused.status_code == 429 and "Set-Cookie" not in refused.headers
    assert rows(app) | {"pieces": 0} == before


@pytest.mark.parametrize("setting", ["MAX_CONCURRENT_ANSWERS_PER_ADDRESS", "MESSAGES_PER_MINUTE_PER_ADDRESS"])
def test_another_address_is_not_refused(limited: Limited, provider: Scripted, gate: Gate, setting: str) -> None:
    app = limited(**{setting: "1", "ACCESS": "open"})
    running(app.test_client(), provider, gate)
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}

    answered = app.test_client().post("/conversations", data={"text": "Hello?"}, environ_overrides=elsewhere)

    assert answered.status_code == 200 and answered.text


def test_the_answer_that_reached_the_limit_is_read_stopped_and_deleted_as_ever(
    limited: Limited, provider: Scripted, gate: Gate
) -> None:
    app = limited(MAX_CONCURRENT_ANSWERS="1", MESSAGES_PER_MINUTE="1", MAX_CONCURRENT_ANSWERS_PER_ADDRESS="1")
    client = app.test_client()
    conversation = running(client, provider, gate)
    reply = reply_in(client, conversation)
    assert client.post("/conversations", data={"text": DRAFT}).status_code == 429

    seen = client.get(f"/conversations/{conversation}", headers=PAGE)
    stopped = client.post(f"/replies/{reply}/stop", headers=HTMX)
    page = ended(client, conversation)
    deleted = client.post(f"/conversations/{conversation}/deletion")

    assert "Slowly" in seen.text and stopped.status_code == 204 and "Slowly" in page
    assert deleted.status_code == 303


def test_an_answer_under_way_is_finished_when_the_limit_is_reached(
    limited: Limited, provider: Scripted, gate: Gate
) -> None:
    client = limited(MAX_CONCURRENT_ANSWERS="1", MESSAGES_PER_MINUTE="1").test_client()
    conversation = running(client, provider, gate)
    assert client.post("/conversations", data={"text": DRAFT}).status_code == 429

    gate.open()

    assert "Slowly done." in ended(client, conversation)


def test_a_double_click_counts_once(limited: Limited, provider: Scripted) -> None:
    app = limited(MESSAGES_PER_MINUTE="1", MESSAGES_PER_MINUTE_PER_ADDRESS="1")
    form = {"text": "Hello?", "key": key_in(app.test_client().get("/").text)}

    answers = [app.test_client().post("/conversations", data=form, headers=TEXT) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 303, 303]
    assert rows(app)["sends"] == 1


def test_the_wait_is_said_as_it_stands_in_the_header(limited: Limited, provider: Scripted) -> None:
    client = limited(MESSAGES_PER_MINUTE="1").test_client()
    ended(client, begin(client))

    refused = client.post("/conversations", data={"text": DRAFT}, headers=TEXT)

    told = re.search(r"^You've reached the limit of 1 message a minute. Try again in (\d+) seconds?\.\n$", refused.text)
    assert told and told[1] == refused.headers["Retry-After"]


@pytest.mark.parametrize("way", ["first message", "message", "edit"])
def test_a_message_past_the_limit_is_refused_however_it_is_sent_and_the_draft_kept(
    limited: Limited, provider: Scripted, way: str
) -> None:
    app = limited(PROMPT_LIMIT="20")
    client = app.test_client()
    known = broken_off(client, provider)
    address, before = WAYS[way][0].format(**known), rows(app)
    long = "What is too long is kept"

    fragment, page, text = (client.post(address, data={"text": long}, headers=form) for form in (HTMX, PAGE, TEXT))
    taken = client.post(address, data={"text": long[:20]}, headers=HTMX)

    assert [refused.status_code for refused in (fragment, page, text)] == [413] * 3
    assert all("24 characters (limit 20)" in refused.text for refused in (fragment, page, text))
    assert f">{long}</textarea>" in page.text and f'action="{address}"' in page.text
    assert taken.status_code == 200 and rows(app)["messages"] == before["messages"] + 2


def test_without_a_limit_a_message_is_as_long_as_a_body_may_be(limited: Limited, provider: Scripted) -> None:
    client = limited(PROMPT_LIMIT="0").test_client()

    taken = client.post("/conversations", data={"text": "x" * 1_000_000}, headers=TEXT)
    refused = client.post("/conversations", data={"text": "x" * 1_100_000}, headers=TEXT)

    assert taken.status_code == 200 and len(provider.calls[0].messages[-1]["content"]) == 1_000_000
    assert refused.status_code == 413 and "1 MB" in refused.text


def test_no_address_is_kept_as_it_is(limited: Limited, provider: Scripted, gate: Gate) -> None:
    app = limited(ACCESS="open", MESSAGES_PER_MINUTE_PER_ADDRESS="9")
    provider.will_say(gate)
    asked = {"REMOTE_ADDR": "192.0.2.77"}
    app.test_client().post("/conversations", data={"text": "Hello?"}, headers=HTMX, environ_overrides=asked)

    with app.extensions["rivulet"].database.read() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())

    assert 'INSERT INTO "sends"' in dump and "192.0.2" not in dump
