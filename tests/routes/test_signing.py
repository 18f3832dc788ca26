"""Signing in and out, and what that does to sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from chat.tables import people, sessions
from tests.asking import begin, ended, rows
from tests.scripted import Scripted
from tests.team import account, sign_in, signed_in, team
from tests.turns import count


@pytest.fixture
def app(tmp_path: Path, provider: Scripted) -> Iterator[Flask]:
    """An app that a team shares."""
    app = team(tmp_path, provider)
    yield app
    app.extensions["database"].engine.dispose()


def test_who_signs_in_is_led_to_where_they_wanted_to_go_and_may_chat(app: Flask) -> None:
    account(app.extensions["database"])
    client = app.test_client()
    assert client.get("/").headers["Location"] == "/sign-in"

    answer = sign_in(client, email=" Ann@Example.ORG", next="/conversations/1?at=2")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/conversations/1?at=2")
    assert "Nothing was scripted." in ended(client, begin(client))


def test_an_unknown_and_a_known_address_are_refused_in_the_same_words(app: Flask) -> None:
    account(app.extensions["database"])
    client = app.test_client()

    known = sign_in(client, password="not the password")
    unknown = sign_in(client, email="bob@example.org")

    assert known.status_code == unknown.status_code == 403
    assert known.text.replace("ann@", "bob@") == unknown.text
    assert "not the password" not in known.text and "Set-Cookie" not in known.headers


def test_signing_in_gives_another_session_id_and_the_old_one_opens_nothing(app: Flask) -> None:
    """Session fixation: an id from before the sign-in isn't the signed-in one."""
    account(app.extensions["database"])
    client, thief = app.test_client(), app.test_client()
    sign_in(client)
    before = client.get_cookie("rivulet")
    assert before
    thief.set_cookie("rivulet", before.value)
    assert thief.get("/").status_code == 200

    sign_in(client)

    after = client.get_cookie("rivulet")
    assert after and after.value != before.value
    assert client.get("/").status_code == 200 and thief.get("/").status_code == 303
    assert count(app.extensions["database"], sessions) == 1


def test_signing_out_ends_the_session_for_whoever_copied_its_cookie(app: Flask) -> None:
    """OW 26-59219: a session that was signed out of opens nothing."""
    client, thief = signed_in(app), app.test_client()
    cookie = client.get_cookie("rivulet")
    assert cookie
    thief.set_cookie("rivulet", cookie.value)

    client.post("/sign-out")

    assert client.get("/").status_code == thief.get("/").status_code == 303
    assert rows(app)["sessions"] == 0


def test_what_a_guest_said_is_taken_along(tmp_path: Path, provider: Scripted) -> None:
    app = team(tmp_path, provider, ACCESS="open")
    account(app.extensions["database"])
    client = app.test_client()
    conversation = begin(client, "Said as a guest")
    ended(client, conversation)

    sign_in(client)

    assert "Said as a guest" in client.get(f"/conversations/{conversation}").text
    assert count(app.extensions["database"], people) == 1
