"""Test which sign-ins and failures the audit log records."""

from __future__ import annotations

import pytest
from flask import Flask

from chat.people import accounts, audit, first_admin, password_resets
from tests.team import PASSWORD, account, sign_in, signed_in

EMAIL = "ann@example.org"
NEW = "a boat upon the water"


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app


def noted(app: Flask) -> list[tuple[str, str, str]]:
    """Read the audit log, oldest first."""
    return [(row.actor, row.action, row.subject) for row in reversed(audit.page(app.extensions["rivulet"].database))]


def test_a_sign_in_and_another_password(app: Flask) -> None:
    ann = signed_in(app, EMAIL)
    ann.post("/account/password", data={"present": PASSWORD, "password": NEW})
    ann.post("/account/sessions/end")

    assert noted(app) == [
        (EMAIL, "signed_in", ""),
        (EMAIL, "password_changed", ""),
        (EMAIL, "signed_in", ""),
        (EMAIL, "signed_out_everywhere", ""),
    ]


def test_a_claim(app: Flask) -> None:
    database, secret = app.extensions["rivulet"].database, str(app.secret_key)
    token = first_admin.token(database, secret)
    assert token

    first_admin.create_first_admin(database, secret, token, EMAIL, PASSWORD)

    assert noted(app) == [(EMAIL, "account_claimed", "")]


def test_a_password_by_a_link(app: Flask) -> None:
    database = app.extensions["rivulet"].database
    person = account(database, EMAIL)
    with database.write() as connection:
        token = password_resets.create(connection, person)

    password_resets.redeem(database, token, "a hash")

    assert noted(app) == [(EMAIL, "reset_used", "")]


@pytest.mark.parametrize("known", [True, False])
def test_tries_that_have_to_wait_are_noted_and_first_slips_are_not(app: Flask, known: bool) -> None:
    if known:
        account(app.extensions["rivulet"].database, EMAIL)

    for _ in range(4):
        assert sign_in(app.test_client(), EMAIL, "wrong").status_code == 403
    before = noted(app)
    for _ in range(5):
        sign_in(app.test_client(), f"{EMAIL} \n", "wrong")

    assert before == []
    assert noted(app) == [("someone", "sign_in_throttled", EMAIL)]


def test_a_sign_in_that_is_refused_is_none(app: Flask) -> None:
    database = app.extensions["rivulet"].database
    person = account(database, EMAIL)

    with pytest.raises(accounts.Refused), database.write() as connection:
        accounts.start_login(connection, person, None, "another hash")

    assert noted(app) == []
