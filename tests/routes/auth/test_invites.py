"""Test redeeming an invite in a fresh browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from chat.people import accounts, invites, passwords
from chat.storage.database import Database
from chat.storage.tables import invites as invite_table
from chat.storage.tables import people as people_table
from chat.web import cookies
from tests.asking import named
from tests.people.conftest import all_at_once
from tests.team import account, change, follow, sign_in, signed_in, team, wrong_field
from tests.turns import count

FORM = {"name": "Eve", "email": "Eve@Example.org", "password": "a boat upon the water"}


@pytest.fixture
def database(app: Flask) -> Database:
    """The app's database."""
    return app.extensions["rivulet"].database


def test_an_invite_makes_an_account_and_signs_in(client: FlaskClient, database: Database) -> None:
    token = invites.create(database, "command line")
    place = follow(client, f"/invites/{token}")
    shown = client.get(place)

    answer = client.post(place, data=FORM)

    assert shown.status_code == 200 and "You&#39;re invited" in shown.text
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/").status_code == 200
    eve = accounts.by_email(database, "eve@example.org")
    assert eve and (eve.name, eve.role) == ("Eve", "member")
    assert passwords.matches(eve.password, FORM["password"])
    assert sign_in(client, "eve@example.org", FORM["password"]).status_code == 303


def test_the_token_leaves_the_address_at_the_first_view_and_the_browser_once_it_is_used(
    client: FlaskClient, database: Database
) -> None:
    """Histories keep an address, and bystanders can see it."""
    token = invites.create(database, "command line")

    place = follow(client, f"/invites/{token}")
    page = client.get(place)
    client.post(place, data=FORM)

    assert place == "/invites/yours" and token not in page.text
    assert client.get_cookie(named(client, cookies.LINK)) is None


def test_what_was_said_as_a_guest_comes_along(app: Flask, client: FlaskClient, database: Database) -> None:
    change(app, access="open")
    client.post("/conversations", data={"text": "Before I had an account"})
    token = invites.create(database, "command line")

    client.post(follow(client, f"/invites/{token}"), data=FORM)

    assert "Before I had an account" in client.get("/").text
    assert count(database, people_table) == 1


@pytest.mark.parametrize("extra", [{"role": "admin"}, {"id": "1"}, {"is_admin": "1"}, {"uses_left": "9"}])
def test_the_form_gives_no_more_than_the_invite(client: FlaskClient, database: Database, extra: dict[str, str]) -> None:
    """LC 24-10359: a form with an additional field changed more than it was for."""
    token = invites.create(database, "command line")

    client.post(follow(client, f"/invites/{token}"), data=FORM | extra)

    eve = accounts.by_email(database, "eve@example.org")
    assert eve and eve.role == "member"
    assert invites.list_open(database) == []


def spend(database: Database, token: str) -> None:
    invites.redeem(database, token, invites.Newcomer("zoe@example.org", "Zoe", "a hash"))


def run_out(database: Database, token: str) -> None:
    with database.write() as connection:
        connection.execute(update(invite_table).values(expires_at=0))


def revoke(database: Database, token: str) -> None:
    invites.revoke(database, "command line", invites.list_open(database)[0].id)


def used(client: FlaskClient, token: str) -> Iterator[TestResponse]:
    """Follow an unusable invite, and submit the form as a browser that followed it earlier would."""
    yield client.get(f"/invites/{token}")
    client.set_cookie(named(client, cookies.LINK), token)
    yield client.get("/invites/yours")
    yield client.post("/invites/yours", data=FORM)


@pytest.mark.parametrize("happens", [spend, run_out, revoke])
def test_an_invite_that_is_over_looks_like_one_that_never_was(client: FlaskClient, database: Database, happens) -> None:
    """No one can tell whether an invite is used, expired, revoked or invented."""
    token = invites.create(database, "command line")
    happens(database, token)
    before = count(database, people_table)

    answers = [
        (answer.status_code, answer.text) for there_or_not in (token, "m" * 43) for answer in used(client, there_or_not)
    ]

    assert len(set(answers)) == 1
    assert answers[0][0] == 404
    assert count(database, people_table) == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"password": "sea"}, "at least 8"),
        ({"password": "password1"}, "too easy to guess"),
        ({"password": "x" * 2000}, "at most 1,024"),
        ({"password": "fjordline26", "email": "eve@fjordline.example"}, "too easy to guess"),
        ({"password": "eveoakhollow", "name": "Eve\0 Oakhollow"}, "too easy to guess"),
        ({"email": "nobody"}, "Enter a valid email"),
        ({"email": ""}, "Enter a valid email"),
        ({"email": "bob@example.org"}, "Sign in instead"),
        ({"email": "BOB@example.org "}, "Sign in instead"),
    ],
)
def test_what_cannot_be_is_told_and_what_was_typed_kept(
    client: FlaskClient, database: Database, wrong: dict[str, str], says: str
) -> None:
    account(database, "bob@example.org")
    token = invites.create(database, "command line")

    answer = client.post(follow(client, f"/invites/{token}"), data=FORM | wrong)

    assert answer.status_code == 400
    assert says in answer.text
    assert wrong_field(answer.text) == ("password" if "password" in wrong else "email")
    assert 'value="Eve' in answer.text
    assert (FORM | wrong)["password"] not in answer.text
    assert invites.find(database, token).uses_left == 1


def clicked(app: Flask, token: str, **form: str) -> TestResponse:
    """Post the form as the second click does, before the first response arrives: with only the link."""
    client = app.test_client()
    client.set_cookie(named(client, cookies.LINK), token)
    return client.post("/invites/yours", data=FORM | form)


@pytest.mark.parametrize("uses", [1, 2])
@pytest.mark.parametrize("server", ["sqlite", "postgres"])
def test_who_clicks_twice_has_one_account_and_is_in(
    tmp_path: Path, request: pytest.FixtureRequest, server: str, uses: int
) -> None:
    """The second click ended on the page of closed invites, or of taken addresses."""
    url = request.getfixturevalue("database_server").new_database() if server == "postgres" else ""
    app = team(tmp_path, DATABASE_URL=url)
    database = app.extensions["rivulet"].database
    token = invites.create(database, "command line", uses=uses)

    answers = [*all_at_once(*[lambda: clicked(app, token)] * 2), clicked(app, token)]

    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [(303, "/")] * 3
    assert all(f"{named(app.test_client())}=" in ";".join(answer.headers.getlist("Set-Cookie")) for answer in answers)
    assert count(database, people_table) == 1
    assert sum(invite.uses_left for invite in invites.list_open(database)) == uses - 1
    database.dispose()


def test_who_has_the_first_ones_session_by_the_second_click_is_led_on(client: FlaskClient, database: Database) -> None:
    token = invites.create(database, "command line", uses=2)
    client.post(follow(client, f"/invites/{token}"), data=FORM)

    late = client.post("/invites/yours", data=FORM | {"link": "0" * 32})
    client.set_cookie(named(client, cookies.LINK), token)
    again = client.post("/invites/yours", data=FORM)

    assert [(answer.status_code, answer.headers["Location"]) for answer in (late, again)] == [(303, "/")] * 2
    assert invites.find(database, token).uses_left == 1


@pytest.mark.parametrize(("uses", "status"), [(1, 404), (2, 400)])
def test_a_second_click_guesses_no_password_more_often_than_signing_in(
    app: Flask, database: Database, uses: int, status: int
) -> None:
    token = invites.create(database, "command line", uses=uses)
    clicked(app, token)
    first = clicked(app, token, password="a guess of somebody's")

    guesses = {clicked(app, token, password=f"guess number {number}").text for number in range(4)}
    right = clicked(app, token)

    assert (first.status_code, guesses | {right.text}) == (status, {first.text})
    assert "Set-Cookie" not in right.headers
    assert sign_in(app.test_client(), FORM["email"], FORM["password"]).status_code == 429


@pytest.mark.parametrize("since", [{"expires_at": 0}, {"revoked_at": 1}], ids=str)
def test_an_invite_that_is_over_lets_nobody_in_by_their_password(
    app: Flask, database: Database, since: dict[str, int]
) -> None:
    token = invites.create(database, "command line")
    clicked(app, token)
    with database.write() as connection:
        connection.execute(update(invite_table).values(since))

    assert clicked(app, token).status_code == 404


def test_where_a_proxy_says_who_comes_in_no_invite_makes_an_account(tmp_path: Path) -> None:
    """It would create a password for any typed address, whose owner the proxy could later let in to that account."""
    app = team(tmp_path, AUTH_HEADER="X-Email", TRUSTED_PROXIES="1")
    token = invites.create(app.extensions["rivulet"].database, "command line")

    assert clicked(app, token).status_code == app.test_client().get(f"/invites/{token}").status_code == 404
    assert accounts.by_email(app.extensions["rivulet"].database, FORM["email"]) is None
    app.extensions["rivulet"].database.dispose()


def test_who_is_signed_in_is_nobody_else_by_a_spent_invite(app: Flask, database: Database) -> None:
    member = signed_in(app, "bob@example.org")
    token = invites.create(database, "command line")
    clicked(app, token)
    member.set_cookie(named(member, cookies.LINK), token)

    assert member.post("/invites/yours", data=FORM).status_code == 404
    assert "bob@example.org" in member.get("/account").text


def test_a_password_is_not_hashed_for_who_has_no_invite(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: str) -> str:
        raise AssertionError

    monkeypatch.setattr(passwords, "hash_password", never)

    assert client.post("/invites/yours", data=FORM).status_code == 404


def test_a_password_is_hashed_while_others_may_write(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, hashed = invites.create(database, "command line"), passwords.hash_password

    def while_another_writes(password: str) -> str:
        writer = threading.Thread(target=invites.create, args=(database, "command line"))
        writer.start()
        writer.join(5)
        assert not writer.is_alive()
        return hashed(password)

    monkeypatch.setattr(passwords, "hash_password", while_another_writes)

    assert client.post(follow(client, f"/invites/{token}"), data=FORM).status_code == 303


def test_an_invite_for_one_e_mail_takes_no_other(client: FlaskClient, database: Database) -> None:
    token = invites.create(database, "command line", email="gus@example.org")

    assert 'value="gus@example.org" readonly' in client.get(follow(client, f"/invites/{token}")).text
    client.post("/invites/yours", data=FORM)

    assert accounts.by_email(database, "gus@example.org")
    assert accounts.by_email(database, "eve@example.org") is None


def test_who_is_signed_in_uses_no_invite_up(app: Flask, database: Database) -> None:
    member = signed_in(app, "bob@example.org")
    token = invites.create(database, "command line")

    assert "You already have an account (bob@example.org)" in member.get(follow(member, f"/invites/{token}")).text
    assert member.post("/invites/yours", data=FORM).status_code == 409
    assert invites.find(database, token).uses_left == 1


def test_a_name_is_one_short_line(client: FlaskClient, database: Database) -> None:
    token = invites.create(database, "command line")

    client.post(follow(client, f"/invites/{token}"), data=FORM | {"name": " Eve\nof\u202e  \t the " + "sea " * 50})

    eve = accounts.by_email(database, "eve@example.org")
    assert eve and eve.name.startswith("Eve of the sea") and len(eve.name) <= 100


def test_a_form_is_for_the_invite_that_it_was_made_for(client: FlaskClient, database: Database) -> None:
    """Another user's invite, which another page followed meanwhile, receives none of the typed data."""
    first, planted = invites.create(database, "command line"), invites.create(database, "x", email="mal@evil.example")
    shown = client.get(follow(client, f"/invites/{first}")).text
    follow(client, f"/invites/{planted}")

    mark = re.findall('name="link" value="([0-9a-f]+)"', shown)[0]
    answer = client.post("/invites/yours", data=FORM | {"link": mark})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/invites/yours")
    assert count(database, people_table) == 0


def test_another_site_cannot_redeem_an_invite_in_somebodys_browser(client: FlaskClient, database: Database) -> None:
    """OW 24-7806: an ambient cookie, or none, does not prove the user's intent."""
    token = invites.create(database, "command line")

    answer = client.post(follow(client, f"/invites/{token}"), data=FORM, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert count(database, people_table) == 0


def test_the_token_is_in_no_log(client: FlaskClient, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    token = invites.create(database, "command line")

    with caplog.at_level("DEBUG"):
        client.post(follow(client, f"/invites/{token}"), data=FORM)

    assert caplog.records and token not in caplog.text
