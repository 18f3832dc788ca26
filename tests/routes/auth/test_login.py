"""Test signing in and out, and its effect on sessions."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.wrappers import Response

from chat.people import accounts as accounts_people
from chat.storage.tables import attempts, people, sessions
from chat.web import cookies
from tests.asking import begin, ended, named, rows
from tests.postgres import Postgres
from tests.scripted import Scripted
from tests.team import PASSWORD, account, sign_in, signed_in, team, wrong_field
from tests.turns import count

TIMES = ("created_at", "seen_at", "expires_at")


def test_who_signs_in_is_led_to_where_they_wanted_to_go_and_may_chat(app: Flask) -> None:
    account(app.extensions["rivulet"].database)
    client = app.test_client()
    assert client.get("/").headers["Location"] == "/sign-in"

    answer = sign_in(client, email=" Ann@Example.ORG", next="/conversations/1?at=2")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/conversations/1?at=2")
    assert "Nothing was scripted." in ended(client, begin(client))


def test_the_page_names_the_server_by_its_public_url(tmp_path: Path) -> None:
    page, nameless = team(tmp_path, APP_URL="https://localhost/chat").test_client(), team(tmp_path).test_client()

    assert '<p class="imprint">localhost/chat</p>' in page.get("/sign-in").text
    assert "imprint" not in nameless.get("/sign-in").text


def test_an_unknown_and_a_known_address_are_refused_in_the_same_words(app: Flask) -> None:
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    known = sign_in(client, password="not the password")
    unknown = sign_in(client, email="bob@example.org")

    assert known.status_code == unknown.status_code == 403 and known.mimetype == "text/html"
    assert known.text.replace("ann@", "bob@") == unknown.text
    assert wrong_field(known.text) == "password"
    assert "not the password" not in known.text and "Set-Cookie" not in known.headers


def test_the_title_of_a_page_says_first_that_something_is_wrong(app: Flask) -> None:
    client = app.test_client()

    assert "<title>Sign in · Rivulet</title>" in client.get("/sign-in").text
    assert "<title>Error: Sign in · Rivulet</title>" in sign_in(client).text


def test_signing_in_gives_another_session_id_and_the_old_one_opens_nothing(app: Flask) -> None:
    """Session fixation: a session id from before the sign-in must not be signed in after it."""
    account(app.extensions["rivulet"].database)
    client, thief = app.test_client(), app.test_client()
    sign_in(client)
    before = client.get_cookie(named(client))
    assert before
    thief.set_cookie(named(thief), before.value)
    assert thief.get("/").status_code == 200

    sign_in(client)

    after = client.get_cookie(named(client))
    assert after and after.value != before.value
    assert client.get("/").status_code == 200 and thief.get("/").status_code == 303
    assert count(app.extensions["rivulet"].database, sessions) == 1


def test_signing_out_ends_the_session_for_whoever_copied_its_cookie(app: Flask) -> None:
    """OW 26-59219: a signed-out session opens nothing."""
    client, thief = signed_in(app), app.test_client()
    cookie = client.get_cookie(named(client))
    assert cookie
    thief.set_cookie(named(thief), cookie.value)

    client.post("/sign-out")

    assert client.get("/").status_code == thief.get("/").status_code == 303
    assert rows(app)["sessions"] == 0


def test_what_a_guest_said_is_taken_along(tmp_path: Path, provider: Scripted) -> None:
    app = team(tmp_path, provider, ACCESS="open")
    account(app.extensions["rivulet"].database)
    client = app.test_client()
    conversation = begin(client, "Said as a guest")
    ended(client, conversation)

    sign_in(client)

    assert "Said as a guest" in client.get(f"/conversations/{conversation}").text
    assert count(app.extensions["rivulet"].database, people) == 1


def test_the_sixth_try_waits_whatever_address_is_made_up(app: Flask) -> None:
    """Security.md A2: rotating forged addresses count as one, and the right password waits, too."""
    account(app.extensions["rivulet"].database)
    forged = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(6)]
    form = {"email": "ann@example.org", "password": "wrong guess"}

    answers = [app.test_client().post("/sign-in", data=form, headers=header) for header in forged]
    right = sign_in(app.test_client())

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert right.status_code == 429 and 0 < int(right.headers["Retry-After"]) <= 15
    assert "Try again in" in right.text and 'value="ann@example.org"' in right.text


def test_from_one_address_twenty_a_minute_whatever_is_forged(app: Flask) -> None:
    answers = [
        app.test_client().post(
            "/sign-in",
            data={"email": f"person{number}@example.org", "password": "x" * 2000},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
        for number in range(21)
    ]

    assert [answer.status_code for answer in answers] == [403] * 20 + [429]


def fail_at_large(app: Flask, email: str) -> None:
    """Guess in another browser until it must wait."""
    while app.test_client().post("/sign-in", data={"email": email, "password": "wrong guess"}).status_code == 403:
        pass


def test_what_others_fail_at_keeps_nobody_out_where_they_came_in_before(app: Flask) -> None:
    """OWASP's device cookies: a wait for the account would let an attacker keep its owner out."""
    known = signed_in(app)
    known.post("/sign-out")

    fail_at_large(app, "ann@example.org")

    assert sign_in(app.test_client()).status_code == 429
    assert sign_in(known).status_code == 303


def test_whoever_has_a_known_browser_guesses_no_more_often_and_keeps_nobody_else_waiting(app: Flask) -> None:
    known = signed_in(app)
    known.post("/sign-out")

    answers = [sign_in(known, password="wrong guess").status_code for _ in range(6)]

    assert answers == [403] * 5 + [429] and sign_in(known).status_code == 429
    assert sign_in(app.test_client()).status_code == 303


@pytest.mark.parametrize("change", [lambda value: value, lambda value: value[:-1] + "A", lambda value: "made up"])
def test_a_browser_is_known_as_one_accounts_and_by_our_word_alone(app: Flask, change) -> None:
    account(app.extensions["rivulet"].database)
    bobs = signed_in(app, "bob@example.org")
    bobs.post("/sign-out")
    cookie = bobs.get_cookie(named(bobs, cookies.BROWSER))
    assert cookie
    bobs.set_cookie(named(bobs, cookies.BROWSER), change(cookie.value))
    fail_at_large(app, "ann@example.org")

    assert sign_in(bobs).status_code == 429


def test_by_https_the_cookie_is_for_this_host_alone(app: Flask) -> None:
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    cookies = client.post(
        "/sign-in", base_url="https://localhost", data={"email": "ann@example.org", "password": PASSWORD}
    ).headers.getlist("Set-Cookie")

    assert [cookie.partition("=")[0] for cookie in cookies] == [
        f"__Host-{named(client, name)}" for name in ("rivulet-browser", "rivulet")
    ]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")) and "Domain" not in cookie


def test_by_https_a_name_without_a_prefix_opens_nothing(tmp_path: Path, provider: Scripted) -> None:
    """Another host of the domain can set that cookie, and let a user chat as its guest."""
    app = team(tmp_path, provider, ACCESS="open")
    guest, member = app.test_client(), signed_in(app)
    begin(guest, "Said as a guest")

    seen = {}
    for who, client in (("guest", guest), ("member", member)):
        cookie = client.get_cookie(named(client))
        assert cookie
        for scheme in ("http", "https"):
            seen[who, scheme] = app.test_client(use_cookies=False).get(
                "/", base_url=f"{scheme}://localhost", headers={"Cookie": f"{named(client)}={cookie.value}"}
            )

    assert "Said as a guest" in seen["guest", "http"].text and "/account" in seen["member", "http"].text
    assert "Said as a guest" not in seen["guest", "https"].text
    assert "/account" not in seen["member", "https"].text


def test_a_session_ends_after_a_week_without_a_visit_and_after_a_month_in_any_case(app: Flask) -> None:
    client, database = signed_in(app), app.extensions["rivulet"].database

    def pass_by(days: int) -> None:
        with database.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE sessions SET {', '.join(f'{name} = {name} - {days * 86400}' for name in TIMES)}"
            )

    for _ in range(4):
        pass_by(6)
        assert client.get("/").status_code == 200
    pass_by(6)
    assert client.get("/").status_code == 303

    sign_in(client)
    pass_by(7)
    assert client.get("/").status_code == 303


def test_a_session_that_was_ended_is_not_revived_by_a_request_that_still_held_it(app: Flask) -> None:
    client, database = signed_in(app), app.extensions["rivulet"].database
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE sessions SET seen_at = 0")

    def end(response: Response) -> Response:
        with database.write() as connection:
            connection.exec_driver_sql("DELETE FROM sessions")
        return response

    app.after_request_funcs[None].append(end)

    assert client.get("/").status_code == 200
    assert rows(app)["sessions"] == 0 and client.get("/").status_code == 303


def test_a_password_changed_in_the_moment_of_signing_in_is_not_the_one_that_lets_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(app.extensions["rivulet"].database)
    let_in = accounts_people.start_login

    def change_first(connection, person_id, guest_id, known, by):
        connection.exec_driver_sql("UPDATE people SET password = 'another'")
        let_in(connection, person_id, guest_id, known, by)

    monkeypatch.setattr(accounts_people, "start_login", change_first)

    answer = sign_in(app.test_client())

    assert answer.status_code == 403 and "Set-Cookie" not in answer.headers and rows(app)["sessions"] == 0


def test_signing_in_takes_two_write_transactions(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """One counts the attempt, one starts the session and clears the failures."""
    database, writes = app.extensions["rivulet"].database, []
    account(database)
    write = database.write
    monkeypatch.setattr(database, "write", lambda *args, **more: writes.append(1) or write(*args, **more))

    answer = sign_in(app.test_client())

    assert answer.status_code == 303 and len(writes) == 2
    with database.read() as connection:
        assert connection.execute(attempts.select()).all() == []


def test_a_request_of_somebody_signed_in_asks_for_session_and_person_in_one_statement(app: Flask) -> None:
    client, asked = signed_in(app), []
    event.listen(
        app.extensions["rivulet"].database.engine, "before_cursor_execute", lambda *call: asked.append(call[2])
    )

    client.get("/healthz")
    client.post("/conversations/999/title", data={"title": "x"})

    assert len([statement for statement in asked if "FROM sessions" in statement or "FROM people" in statement]) == 1


def test_signing_out_by_https_takes_the_cookie_back_in_the_way_that_browsers_take(app: Flask) -> None:
    client, form = app.test_client(), {"email": "ann@example.org", "password": PASSWORD}
    account(app.extensions["rivulet"].database)
    client.post("/sign-in", base_url="https://localhost", data=form)

    cookies = client.post("/sign-out", base_url="https://localhost").headers.getlist("Set-Cookie")

    assert (
        cookies[-1].startswith(f"__Host-{named(client)}=;") and "Secure" in cookies[-1] and "Max-Age=0" in cookies[-1]
    )
    assert rows(app)["sessions"] == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_signing_out_takes_back_what_a_link_or_single_sign_on_left_in_the_browser(app: Flask, scheme: str) -> None:
    """On a shared machine the next user would find an invite or a reset link for up to an hour."""
    client = app.test_client()
    prefix = "__Host-" if scheme == "https" else ""
    kept = [f"{prefix}{named(client, name)}" for name in (cookies.LINK, cookies.OPENID)]
    for name in kept:
        client.set_cookie(name, "a token", secure=scheme == "https")

    client.post("/sign-out", base_url=f"{scheme}://localhost")

    assert [client.get_cookie(name) for name in kept] == [None] * 2


def test_on_postgres_a_guest_signs_in_changes_the_password_and_goes(
    tmp_path: Path, provider: Scripted, database_server: Postgres
) -> None:
    app = team(tmp_path, provider, ACCESS="open", DATABASE_URL=database_server.new_database())
    account(app.extensions["rivulet"].database)
    client = app.test_client()
    conversation = begin(client, "Said as a guest")
    ended(client, conversation)

    assert sign_in(client).status_code == 303
    assert sign_in(app.test_client(), email="a\0nn@example.org", password="a\0b").status_code == 403
    changed = client.post("/account/password", data={"present": PASSWORD, "password": "another river altogether"})

    assert changed.status_code == 303 and "Said as a guest" in client.get(f"/conversations/{conversation}").text
    assert client.post("/sign-out").status_code == 303 and rows(app)["sessions"] == 0
    app.extensions["rivulet"].database.dispose()
