"""Test invites by mail: each person gets a link of their own, and the page says who got none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import accounts, invite_mails
from tests.mailbox import Mailbox
from tests.marked import MAIL_SERVER, MARK
from tests.routes.admin.conftest import ADMIN
from tests.scripted import Scripted
from tests.team import signed_in, team

FORM = {"emails": "dora@example.org, eve@example.org", "days": "3"}
SENDER = {"MAIL_FROM": "rivulet@example.org", "APP_URL": "https://chat.example.org/team", "TRUSTED_HOSTS": "localhost"}


@pytest.fixture
def app(tmp_path: Path, provider: Scripted, mails: Mailbox) -> Iterator[Flask]:
    """An app that a team shares, which can send mail."""
    app = team(tmp_path, provider, SMTP_URL=mails.url, **SENDER)
    yield app
    app.extensions["rivulet"].database.dispose()


def invited(admin: FlaskClient) -> str:
    """Invite two people; return the page, which has a link for each."""
    page = admin.post("/admin/invites", data=FORM)
    assert page.status_code == 200 and len(set(re.findall(r"/invites/[\w-]{43}<", page.text))) == 2
    return page.text


def test_each_person_is_mailed_their_own_link(app: Flask, admin: FlaskClient, mails: Mailbox) -> None:
    accounts.rename(app.extensions["rivulet"].database, "a test", 1, "Ann Lee")

    page = invited(admin)

    letters = [message_from_string(text, policy=policy.default) for text in mails.letters]
    links = re.findall(r"https://chat\.example\.org/team/invites/[\w-]{43}", page)
    assert [letter["To"] for letter in letters] == ["dora@example.org", "eve@example.org"]
    assert [link in letter.get_content() for link, letter in zip(links, letters, strict=True)] == [True, True]
    assert f"Ann Lee ({ADMIN}) invited you" in letters[0].get_content() and "3 days" in letters[0].get_content()
    assert page.count(">Sent<") == 2 and 'role="alert"' not in page


def test_a_mail_that_is_refused_is_named_and_its_link_shown(
    admin: FlaskClient, mails: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mails.refusals["RCPT TO:<DORA"] = "550 5.1.1 <dora@example.org>: nobody here"

    page = invited(admin)

    assert "1 email couldn't be sent" in page and page.count(">Sent<") == page.count(">Not sent<") == 1
    assert page.index(">Not sent<") < page.index(">Sent<") and len(mails.letters) == 1
    assert "550 5.1.1 (an address) nobody here" in caplog.text and "dora@" not in caplog.text


def test_a_mail_server_that_is_away_loses_nobodys_link(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = team(tmp_path, SMTP_URL=MAIL_SERVER, **SENDER)

    page = invited(signed_in(app, ADMIN, "admin"))

    assert "2 emails couldn't be sent" in page and page.count(">Not sent<") == 2
    assert MARK not in caplog.text


def test_mails_that_take_too_long_are_given_up(
    admin: FlaskClient, mails: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invite_mails, "MOST_SECONDS", 0)

    assert invited(admin).count(">Not sent<") == 2 and mails.letters == []


def test_a_link_for_anyone_is_not_mailed(admin: FlaskClient, mails: Mailbox) -> None:
    page = admin.post("/admin/invites").text

    assert mails.letters == [] and "sent<" not in page.lower()
