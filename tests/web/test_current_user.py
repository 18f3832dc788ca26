"""Test the current user: newcomers, keys of composers, and what a stranger can't see."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.asking import HTMX, PAGE, TEXT, addresses, begin, ended, key_in, reply_in, rows
from tests.scripted import Gate, Scripted
from tests.security.cast import settle


def test_a_visitor_who_only_looks_leaves_no_row_and_gets_no_cookie(client: FlaskClient, app: Flask) -> None:
    for method, address, _ in addresses(app):
        if method == "GET":
            with client.get(address) as response:
                assert "Set-Cookie" not in response.headers

    assert set(rows(app).values()) == {0}


def test_a_refused_message_leaves_no_row_and_no_cookie(client: FlaskClient, app: Flask) -> None:
    response = client.post("/conversations", data={"text": "   "})

    assert "Set-Cookie" not in response.headers
    assert set(rows(app).values()) == {0}


def test_looking_changes_nothing(client: FlaskClient, app: Flask) -> None:
    conversation = begin(client)
    ended(client, conversation)
    before = dump(app)

    for method, address, _ in addresses(app, conversation, reply_in(client, conversation)):
        if method == "GET":
            with client.get(address) as response:
                response.get_data()

    assert dump(app) == before


def dump(app: Flask) -> list[str]:
    """Write out the whole database."""
    with app.extensions["rivulet"].database.read() as connection:
        return list(connection.connection.driver_connection.iterdump())


@pytest.mark.parametrize("form", [HTMX, TEXT, PAGE])
def test_what_is_somebody_elses_is_not_found_and_not_touched(
    app: Flask, client: FlaskClient, provider: Scripted, form: dict[str, str]
) -> None:
    """OW 26-45349, 26-70483; LC 26-31950."""
    gate, stranger = Gate(), app.test_client()
    begin(stranger, "I am somebody, too.")
    settle(app)
    provider.will_say("Hel", gate, "lo")
    conversation = begin(client, "This is private.")
    gate.wait_until_reached()
    reply, before = reply_in(client, conversation), rows(app) | {"pieces": 0}

    for visitor in (stranger, app.test_client()):
        for method, address, rule in addresses(app, conversation, reply):
            if rule.arguments & {"conversation_id", "message_id", "reply_id"}:
                missing = re.sub(r"/\d+", "/999", address)
                foreign = visitor.open(address, method=method, data={"text": "Mine now"}, headers=form)
                unknown = visitor.open(missing, method=method, data={"text": "Mine now"}, headers=form)
                assert foreign.status_code == unknown.status_code == 404
                assert without_keys(foreign.text) == without_keys(unknown.text)
                assert "private" not in foreign.text

    assert rows(app) | {"pieces": 0} == before
    assert not provider.sayings[-1].cancelled.is_set()
    gate.open()
    assert "Hello" in ended(client, conversation)


def without_keys(page: str) -> str:
    """Remove the values that differ between any two pages."""
    return re.sub(r'name="key" value="[^"]+"|<code>[0-9a-f]{32}</code>', "", page)


def test_two_browsers_do_not_see_each_other(app: Flask) -> None:
    ann, bob = app.test_client(), app.test_client()
    begin(ann, "What ann asks")
    begin(bob, "What bob asks")

    assert "What ann asks" in ann.get("/").text and "What bob asks" not in ann.get("/").text
    assert "What bob asks" in bob.get("/").text and "What ann asks" not in bob.get("/").text


def test_a_newcomers_double_click_is_one_person_and_one_turn(app: Flask, provider: Scripted) -> None:
    form = {"text": "Hello?", "key": key_in(app.test_client().get("/").text)}
    browsers = [app.test_client() for _ in range(4)]

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda browser: browser.post("/conversations", data=form, headers=TEXT), browsers))

    counted = rows(app)
    assert sorted(answer.status_code for answer in answers) == [200, 303, 303, 303]
    assert counted["people"] == counted["conversations"] == counted["replies"] == 1
    assert all(
        answer.text for answer in answers
    )  # reads the response that streams to its end: the provider has been asked by then
    assert len(provider.calls) == 1
    assert all("Hello?" in browser.get("/conversations/1").text for browser in browsers)


def test_a_used_key_leads_to_its_conversation_and_calls_nobody(client: FlaskClient, provider: Scripted) -> None:
    form = {"text": "Hello?", "key": key_in(client.get("/").text)}
    client.post("/conversations", data=form, headers=TEXT).get_data()

    reloaded = client.post("/conversations", data=form, headers=PAGE)
    clicked_again = client.post("/conversations", data=form, headers=HTMX)

    assert (reloaded.status_code, reloaded.headers["Location"]) == (303, "/conversations/1")
    assert clicked_again.headers["HX-Redirect"] == "/conversations/1"
    assert len(provider.calls) == 1


def test_a_newcomers_form_is_no_key_to_the_history_it_began(app: Flask, client: FlaskClient) -> None:
    form = {"text": "A secret", "key": key_in(client.get("/").text)}
    client.post("/conversations", data=form, headers=TEXT).get_data()
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET created_at = created_at - 601")
    finder = app.test_client()

    response = finder.post("/conversations", data=form, headers=PAGE)

    assert response.status_code == 404
    assert "A secret" not in finder.get("/").text


@pytest.mark.parametrize("key", ["", "forged", "WyJhIiwiYiJd.forged", "\x00", "é" * 5000, "[]"])
def test_a_key_that_is_not_ours_counts_as_a_new_one(client: FlaskClient, provider: Scripted, key: str) -> None:
    for _ in range(2):
        response = client.post("/conversations", data={"text": "Hello?", "key": key}, headers=TEXT)
        assert response.status_code == 200 and response.text

    assert len(provider.calls) == 2


def test_what_a_form_adds_about_people_is_ignored(app: Flask, client: FlaskClient) -> None:
    """OW 26-44550; LC 24-10359; ALLM 24-3283."""
    stranger = app.test_client()
    begin(stranger)
    extra = {"person": "1", "person_id": "1", "guest": "1", "id": "1", "conversation_id": "1", "role": "system"}

    client.post("/conversations", data={"text": "Hello?", **extra}, headers=TEXT).get_data()

    assert client.get("/conversations/1").status_code == 404
    assert client.get("/conversations/2").status_code == 200


def test_who_sends_again_is_known_already(client: FlaskClient) -> None:
    first = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT)
    second = client.post("/conversations", data={"text": "Hello again?"}, headers=TEXT)

    assert "Set-Cookie" in first.headers and "Set-Cookie" not in second.headers


def test_a_session_in_use_lives_on_by_one_write_an_hour(app: Flask, client: FlaskClient) -> None:
    ended(client, begin(client))
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE sessions SET seen_at = seen_at - 3600")

    first, second = client.get("/"), client.get("/")

    assert "Set-Cookie" in first.headers and "Set-Cookie" not in second.headers


def test_what_is_signed_is_signed_by_hmac_with_sha_256(client: FlaskClient, app: Flask) -> None:
    said, _, signature = key_in(client.get("/").text).rpartition(".")
    key = hashlib.sha256(b"turnsigner" + str(app.secret_key).encode()).digest()

    expected = hmac.digest(key, said.encode(), "sha256")

    assert base64.urlsafe_b64decode(f"{signature}=") == expected
