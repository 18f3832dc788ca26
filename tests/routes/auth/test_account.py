"""Test a member's account page: their sessions, and changing the password."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.people import accounts, audit, passwords
from chat.storage.tables import sessions
from chat.web import user_agent
from tests.asking import named
from tests.scripted import Scripted
from tests.team import PASSWORD, sign_in, signed_in, team, wrong_field
from tests.turns import count

NEW = "another river altogether"


def change(client: FlaskClient, present: str = PASSWORD, password: str = NEW) -> TestResponse:
    """Change the password."""
    return client.post("/account/password", data={"present": present, "password": password})


def test_another_password_ends_all_other_sessions_and_gives_this_one_another_id(app: Flask) -> None:
    client, other = signed_in(app), signed_in(app)
    before = client.get_cookie(named(client))

    answer = change(client)

    assert answer.status_code == 303 and client.get_cookie(named(client)) != before
    assert "Password changed" in client.get(answer.headers["Location"]).text
    assert other.get("/").status_code == 303
    assert count(app.extensions["rivulet"].database, sessions) == 1
    assert sign_in(other).status_code == 403 and sign_in(other, password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("present", "password", "status"), [("wrong", NEW, 403), (PASSWORD, "brief", 400), (PASSWORD, "password1", 400)]
)
def test_without_the_present_password_or_a_good_new_one_nothing_changes(
    app: Flask, present: str, password: str, status: int
) -> None:
    client, other = signed_in(app), signed_in(app)

    answer = change(client, present, password)

    assert answer.status_code == status and answer.mimetype == "text/html" and password not in answer.text
    assert wrong_field(answer.text) == ("present" if present == "wrong" else "password")
    assert client.get("/").status_code == other.get("/").status_code == 200


def test_what_somebody_is_called_is_no_password_of_theirs(app: Flask) -> None:
    client = signed_in(app, "bob.oakhollow@example.org")
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET name = 'Bob Fjordline'")

    answers = [change(client, password=poor) for poor in ("bob.oakhollow", "bobfjordline")]

    assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize(
    "password",
    [
        *(b"%00" * 9, b"%ED%A0%BD" * 9, b"%ff" * 9, b"%F0%9F%98%80" * 9, b"%C4%B0" * 9, b"%D9%A1" * 9),
        *(b"x" * 1024, b"4@8({[<3691!|70$5%2BzQ" * 40, b"%20" * 9, b"%0A" * 9, b"%E2%80%AE%00" * 9, b""),
    ],
)
def test_whatever_is_to_be_a_password_is_answered(app: Flask, password: bytes) -> None:
    """OW 26-87012: an unexpected text."""
    client = signed_in(app)
    body = b"present=" + PASSWORD.replace(" ", "+").encode() + b"&password=" + password

    answer = client.post("/account/password", data=body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code in (303, 400)


def test_who_guesses_the_present_password_has_to_wait(app: Flask) -> None:
    client = signed_in(app)

    answers = [change(client, "wrong guess") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_others_who_fail_keep_nobody_from_changing_their_password(app: Flask) -> None:
    """An attacker who fails on purpose (under the owner's name, from their address, and in all) would keep the owner
    waiting."""
    client = signed_in(app)
    for number in range(21):
        sign_in(app.test_client(), password="not the password")
        sign_in(app.test_client(), f"person{number}@example.org", "not the password")
    outside = sign_in(app.test_client())

    answer = change(client)

    assert outside.status_code == 429 and answer.headers["Location"] == "/account?done=changed"


def test_guesses_in_a_session_keep_nobody_out_and_are_forgiven_by_what_is_right_there(app: Flask) -> None:
    client = signed_in(app)
    for _ in range(4):
        change(client, "wrong guess")
    change(client, password=PASSWORD)

    answers = [change(client, "wrong guess") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert sign_in(app.test_client()).status_code == 303
    assert change(client).status_code == 429


def test_it_lists_where_somebody_is_signed_in_and_ends_one_of_them(app: Flask) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1"
    client, other = signed_in(app), app.test_client()
    other.post("/sign-in", data={"email": "ann@example.org", "password": PASSWORD}, headers={"User-Agent": agent})
    page = client.get("/account").text

    (name,) = re.findall(r"/account/sessions/([0-9a-f]{64})/end", page)
    assert "Safari on an iPhone" in page and page.count("This browser") == 1
    client.post(f"/account/sessions/{name}/end")

    assert other.get("/").status_code == 303 and client.get("/").status_code == 200
    assert "iPhone" not in client.get("/account").text


def test_a_name_is_changed_shown_everywhere_and_noted(app: Flask) -> None:
    client = signed_in(app)

    answer = client.post("/account/name", data={"name": f"  Ann\n\u202eLee {'x' * 200}"})

    person = accounts.by_email(app.extensions["rivulet"].database, "ann@example.org")
    assert person and person.name == f"Ann Lee {'x' * 92}"
    assert "Name saved." in client.get(answer.headers["Location"]).text
    assert ">Ann Lee x" in client.get("/").text
    noted = audit.page(app.extensions["rivulet"].database)[0]
    assert (noted.actor, noted.action, noted.subject) == ("ann@example.org", "name_changed", person.name)


def test_an_empty_name_is_none_and_the_same_one_is_not_noted(app: Flask) -> None:
    client = signed_in(app)
    for name in ("Ann", "Ann", " ", ""):
        assert client.post("/account/name", data={"name": name}).headers["Location"] == "/account?done=named"

    actions = [row.action for row in audit.page(app.extensions["rivulet"].database)]
    assert actions.count("name_changed") == 2 and ">Account</a>" in client.get("/").text


def test_a_name_is_text_and_needs_an_account(app: Flask) -> None:
    client = signed_in(app)
    client.post("/account/name", data={"name": "<b>Ann</b>"})

    assert "<b>Ann" not in client.get("/account").text and "&lt;b&gt;Ann" in client.get("/account").text
    assert app.test_client().post("/account/name", data={"name": "Eve"}).status_code == 401


def test_all_others_are_signed_out_at_once(app: Flask) -> None:
    client, others = signed_in(app), [signed_in(app) for _ in range(3)]

    client.post("/account/sessions/end")

    assert [other.get("/").status_code for other in others] == [303] * 3
    assert client.get("/").status_code == 200


def test_nobody_ends_somebody_elses_session(app: Flask) -> None:
    """OW 25-63681, 26-45399: another user's id was as good as one's own."""
    ann, bob = signed_in(app), signed_in(app, "bob@example.org")
    database = app.extensions["rivulet"].database
    whose = accounts.by_email(database, "bob@example.org")
    assert whose
    with database.read() as connection:
        rows = connection.execute(sessions.select().where(sessions.c.person_id == whose.id)).all()

    answers = [ann.post(f"/account/sessions/{row.id}/end").status_code for row in rows]
    ann.post("/account/sessions/end")

    assert len(answers) == 1
    assert bob.get("/").status_code == ann.get("/").status_code == 200


@pytest.mark.parametrize("name", ["%00", "a" * 63 + "%00", "7", "..", "A" * 64])
def test_what_names_no_session_is_not_found(app: Flask, name: str) -> None:
    assert signed_in(app).post(f"/account/sessions/{name}/end").status_code == 404


def test_the_account_is_for_those_who_have_one(tmp_path: Path, provider: Scripted) -> None:
    client = team(tmp_path, provider, ACCESS="open").test_client()

    assert client.get("/account").headers["Location"] == "/sign-in?next=/account"
    assert change(client).status_code == 401


@pytest.mark.usefixtures("real_hashes")
def test_a_password_kept_by_other_parameters_is_kept_anew_at_sign_in(app: Flask) -> None:
    database = app.extensions["rivulet"].database
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with database.write() as connection:
        accounts.create(connection, "ann@example.org", "member", weak)

    client = signed_in(app)

    person = accounts.by_email(database, "ann@example.org")
    assert (
        person and person.password and not passwords.is_outdated(person.password) and client.get("/").status_code == 200
    )


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140 Mobile Safari/537", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit Version/18 Safari/605", "Safari on a Mac"),
        ("curl/8.5.0", "curl"),
        ("<script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_in_words(agent: str, words: str) -> None:
    assert user_agent.describe(agent) == words
