"""Test which account a single sign-on opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from chat.people import accounts
from chat.storage.tables import people
from tests.openid import Idp
from tests.routes.auth.oidc.way import back, person, there, through
from tests.team import PASSWORD, account, sign_in, signed_in, team
from tests.turns import count

OTHERS = [
    "ann@evil-example.org",
    "ann@example.org.evil",
    "ann@sub.example.org",
    "ann@example.org.",
    "ann@example.org@evil.example",
    "ann@evil.example@example.org",
    '"ann@example.org"@evil.example',
    "ann@exаmple.org",
    "ann@ｅxample.org",
    "ann@xn--exmple-4nf.org",
    "\u212aann@example.org",
    "ann\n@example.org",
    "@example.org",
    "ann",
    "",
]


@pytest.mark.parametrize("email", OTHERS)
def test_whoever_is_of_another_domain_is_not_let_in(shut: Flask, idp: Idp, email: str) -> None:
    """OW 26-59223: a name with the same ending is another domain."""
    idp.person["email"] = email

    answer = through(shut.test_client())

    assert answer.status_code == 403


def test_a_domain_and_an_address_are_the_same_in_capitals(app: Flask, idp: Idp) -> None:
    idp.person["email"] = "Ann@Example.ORG"

    assert through(app.test_client()).status_code == 303 and person(app)


def test_without_domains_only_those_with_an_account_are_let_in(tmp_path: Path, idp: Idp) -> None:
    app = team(tmp_path, **idp.settings())
    assert through(app.test_client()).status_code == 403
    with app.extensions["rivulet"].database.write() as connection:
        accounts.create(connection, "ann@example.org", "admin", None)

    answer = through(app.test_client())

    assert answer.status_code == 303 and person(app).role == "admin" and person(app).subject


def test_an_account_with_a_password_is_not_tied_by_an_email_alone(app: Flask, idp: Idp) -> None:
    """Pre-hijacking: an attacker who made an account in another user's name would share it with them."""
    account(app.extensions["rivulet"].database)

    answer = through(app.test_client())

    assert (
        answer.status_code == 403
        and "already has an account with a password" in answer.text
        and person(app).subject is None
    )


def test_its_owner_connects_it_with_the_password_and_signs_in_by_it_from_then_on(app: Flask, idp: Idp) -> None:
    client = signed_in(app)
    idp.person |= {"email": "a.other@elsewhere.example", "email_verified": False}

    wrong = client.post("/account/openid", data={"present": "not the password"})
    address = there(client, "/account/openid", present=PASSWORD)
    done = back(client, address)

    assert wrong.status_code == 403 and "current password" in wrong.text
    assert done.headers["Location"] == "/account?done=connected" and person(app).subject == f"{idp.issuer} 7"
    fresh = app.test_client()
    assert through(fresh).status_code == 303 and "ann@example.org" in fresh.get("/account").text


def test_others_who_fail_keep_nobody_from_connecting_and_guesses_there_wait(app: Flask) -> None:
    client = signed_in(app)
    for _ in range(6):
        sign_in(app.test_client(), password="not the password")

    guesses = [client.post("/account/openid", data={"present": "wrong"}).status_code for _ in range(4)]
    right = client.post("/account/openid", data={"present": PASSWORD}).status_code
    more = [client.post("/account/openid", data={"present": "wrong"}).status_code for _ in range(6)]

    assert (guesses, right, more) == ([403] * 4, 200, [403] * 5 + [429])


def test_a_connection_is_made_by_whom_it_was_begun_by(app: Flask) -> None:
    client = signed_in(app)
    address = there(client, "/account/openid", present=PASSWORD)
    account(app.extensions["rivulet"].database, "bob@example.org")
    sign_in(client, "bob@example.org")

    assert back(client, address).status_code == 400
    assert person(app).subject is person(app, "bob@example.org").subject is None


def test_one_sign_in_elsewhere_is_one_account(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    bob = signed_in(app, "bob@example.org")

    answer = back(bob, there(bob, "/account/openid", present=PASSWORD))

    assert answer.status_code == 403 and "connected to another account" in answer.text


def test_an_address_that_was_given_to_somebody_else_is_not_their_account(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    idp.person["sub"] = "8"

    answer = through(app.test_client())

    assert answer.status_code == 403 and "connected to a different sign-in" in answer.text


def test_after_a_change_of_the_issuer_accounts_without_a_password_are_tied_anew(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    with app.extensions["rivulet"].database.write() as connection:
        connection.execute(update(people).values(subject="https://before.example 1"))

    assert through(app.test_client()).status_code == 303 and person(app).subject == f"{idp.issuer} 7"


def test_somebody_whose_address_changes_there_stays_who_they_are(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    idp.person |= {"email": "ann.new@elsewhere.example", "email_verified": False}

    assert through(app.test_client()).status_code == 303 and count(app.extensions["rivulet"].database, people) == 1


def test_who_is_suspended_stays_out(app: Flask, idp: Idp) -> None:
    """OW 26-59219, ALLM 26-32717: single sign-on checks the suspension, too."""
    through(app.test_client())
    with app.extensions["rivulet"].database.write() as connection:
        connection.execute(update(people).values(suspended_at=1))
    client = app.test_client()

    answer = through(client)

    assert answer.status_code == 403 and "suspended" in answer.text and client.get("/").status_code == 303


def test_a_connection_can_be_ended_by_who_has_a_password(app: Flask, idp: Idp) -> None:
    client = signed_in(app)
    back(client, there(client, "/account/openid", present=PASSWORD))
    assert "<button>Disconnect</button>" in client.get("/account").text

    client.post("/account/openid/end")

    assert person(app).subject is None and ">Connect</button>" in client.get("/account").text
    assert through(app.test_client()).status_code == 403


def test_who_has_no_password_stays_connected(app: Flask, idp: Idp) -> None:
    client = app.test_client()
    through(client)

    client.post("/account/openid/end")

    assert person(app).subject == f"{idp.issuer} 7"
