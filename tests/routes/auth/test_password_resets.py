"""Test forgotten passwords: asking for a link, and using it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from chat import config
from chat.config import WrongSetting
from chat.people import accounts, password_resets
from chat.web import cookies
from tests.asking import named
from tests.mailbox import Mailbox
from tests.marked import MAIL_SERVER, MARK
from tests.scripted import Scripted
from tests.team import account, follow, sign_in, signed_in, team
from tests.turns import eventually

NEW = "another river altogether"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send mails without keeping a test waiting."""
    monkeypatch.setattr(password_resets, "LONGEST_DELAY", 0.05)


@pytest.fixture
def app(tmp_path: Path, provider: Scripted, mails: Mailbox) -> Iterator[Flask]:
    """An app that a team shares, which can send mail."""
    environ = {"SMTP_URL": mails.url, "MAIL_FROM": "rivulet@example.org", "APP_URL": "https://chat.example.org/"}
    app = team(tmp_path, provider, **environ, TRUSTED_HOSTS="localhost, other.example")
    yield app
    app.extensions["rivulet"].database.dispose()


def link_for(app: Flask, email: str = "ann@example.org") -> str:
    """Create a link as an admin does."""
    database = app.extensions["rivulet"].database
    person = accounts.by_email(database, email)
    assert person
    with database.write() as connection:
        return f"/resets/{password_resets.create(connection, person.id)}"


def test_a_link_sets_a_password_once_and_ends_all_sessions(app: Flask) -> None:
    client, other = signed_in(app), app.test_client()
    address = link_for(app)
    place = follow(other, address)
    page = other.get(place)

    answer = other.post(place, data={"password": NEW})

    assert "ann@example.org" in page.text and 'autocomplete="new-password"' in page.text
    assert answer.status_code == 303 and "Password saved" in other.get(answer.headers["Location"]).text
    assert client.get("/").status_code == 303
    other.set_cookie(named(other, cookies.LINK), address.rpartition("/")[2])
    assert other.get(address).status_code == other.post(place, data={"password": NEW}).status_code == 404
    assert "sign in" in other.get(address).text and other.get(address).text == other.get("/resets/made-up").text
    assert sign_in(other).status_code == 403 and sign_in(other, password=NEW).status_code == 303


def test_a_form_is_for_the_link_that_it_was_made_for(app: Flask) -> None:
    """Another page, or tab, can follow another link meanwhile."""
    database = app.extensions["rivulet"].database
    account(database)
    account(database, "mal@example.org")
    client = app.test_client()
    shown = client.get(follow(client, link_for(app))).text
    follow(client, link_for(app, "mal@example.org"))

    mark = re.findall('name="link" value="([0-9a-f]+)"', shown)[0]
    answer = client.post("/resets/yours", data={"password": NEW, "link": mark})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/resets/yours")
    assert sign_in(app.test_client(), "mal@example.org", NEW).status_code == 403
    assert sign_in(app.test_client()).status_code == 303


@pytest.mark.parametrize("poor", ["password1", "boboakhollow"])
def test_a_poor_password_does_not_use_the_link_up(app: Flask, poor: str) -> None:
    account(app.extensions["rivulet"].database, "bob.oakhollow@example.org")
    client = app.test_client()
    address = follow(client, link_for(app, "bob.oakhollow@example.org"))

    refused = client.post(address, data={"password": poor})

    assert (
        refused.status_code == 400
        and refused.mimetype == "text/html"
        and 'role="alert"' in refused.text
        and poor not in refused.text
    )
    assert client.post(address, data={"password": NEW}).status_code == 303


def test_who_forgot_is_mailed_a_link_to_the_address_that_is_set_whatever_host_is_asked_for(
    app: Flask, mails: Mailbox
) -> None:
    """LB 25-59426: a link that led to the host in the request's headers."""
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    client.post("/resets", data={"email": "Ann@example.org"}, headers={"Host": "other.example"})
    eventually(lambda: mails.letters)

    (letter,) = mails.letters
    token = re.findall(r"^https://chat\.example\.org/resets/([\w-]{43})\r$", letter, re.MULTILINE)[0]
    assert "To: ann@example.org" in letter and "other.example" not in letter
    assert client.post(follow(client, f"/resets/{token}"), data={"password": NEW}).status_code == 303


def test_known_and_unknown_addresses_are_answered_alike(app: Flask, mails: Mailbox) -> None:
    """ALLM 26-21484: the answer revealed which addresses have an account."""
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    unknown = client.post("/resets", data={"email": "bob@example.org"})
    known = client.post("/resets", data={"email": "ann@example.org"})
    eventually(lambda: mails.letters)

    assert (known.status_code, known.text.replace("ann@", "bob@")) == (unknown.status_code, unknown.text)
    assert len(mails.letters) == 1


def test_a_new_password_is_not_kept_waiting_by_others_tries(app: Flask) -> None:
    """An attacker who fails on purpose would keep the owner out for good."""
    account(app.extensions["rivulet"].database)
    for _ in range(5):
        sign_in(app.test_client(), password="not the password")
    client = app.test_client()

    client.post(follow(client, link_for(app)), data={"password": NEW})

    assert sign_in(client, password=NEW).status_code == 303


def test_blanks_around_an_address_make_no_other_one(app: Flask, mails: Mailbox) -> None:
    account(app.extensions["rivulet"].database)
    asked = [f"{blanks}ann@example.org" for blanks in ("", " ", "  ", "   ", "    ", "     ")]

    answers = [app.test_client().post("/resets", data={"email": email}) for email in asked]

    assert answers[-1].status_code == 429


@pytest.mark.parametrize("email", ["ann@example.org", "bob@example.org"])
def test_nobody_is_flooded_with_mails(app: Flask, mails: Mailbox, email: str) -> None:
    account(app.extensions["rivulet"].database)

    answers = [app.test_client().post("/resets", data={"email": email}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert {answer.mimetype for answer in answers} == {"text/html"}
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_asking_for_links_does_not_keep_anybody_from_signing_in(app: Flask) -> None:
    account(app.extensions["rivulet"].database)
    for _ in range(6):
        app.test_client().post("/resets", data={"email": "ann@example.org"})

    assert sign_in(app.test_client()).status_code == 303


def test_a_mail_server_that_cannot_be_reached_is_told_to_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {
        "SMTP_URL": MAIL_SERVER,
        "MAIL_FROM": "r@example.org",
        "APP_URL": "http://localhost",
    }
    app = team(tmp_path, **environ)
    account(app.extensions["rivulet"].database)

    answer = app.test_client().post("/resets", data={"email": "ann@example.org"})
    eventually(lambda: "an email could not be sent" in caplog.text)

    assert answer.status_code == 200
    assert MARK not in caplog.text and "ann@" not in caplog.text


def test_without_a_mail_server_the_page_says_to_ask_an_admin(tmp_path: Path, provider: Scripted) -> None:
    client = team(tmp_path, provider).test_client()

    assert "Ask an admin for a reset link" in client.get("/sign-in").text
    assert client.get("/resets").status_code == client.post("/resets").status_code == 404


@pytest.mark.parametrize("missing", ["APP_URL", "MAIL_FROM"])
def test_a_mail_server_wants_a_sender_and_an_address_to_lead_to(missing: str) -> None:
    environ = {"SMTP_URL": "smtp://h", "APP_URL": "https://e.org", "MAIL_FROM": "r@e.org"}

    with pytest.raises(WrongSetting, match="SMTP_URL also needs APP_URL and MAIL_FROM"):
        config.load(environ | {missing: ""})
