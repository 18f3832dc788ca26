"""Test which tokens prove a user's identity, and which don't."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from chat.config import WrongSetting
from tests.asking import named
from tests.openid import PERSON as USERINFO
from tests.openid import Idp, fails
from tests.routes.auth.oidc.way import back, person, there, through
from tests.team import team

UNTRUE: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another-app"},
    {"aud": ["another-app", "and-another"]},
    {"aud": None},
    {"azp": "another-app"},
    {"iss": "https://another.example"},
    {"iss": None},
    {"exp": 1_000_000_000},
    {"exp": None},
    {"exp": "never"},
    {"iat": 9_000_000_000},
    {"nbf": 9_000_000_000},
    {"at_hash": "bm90IHRoYXQgb25l"},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "7" * 256},
    {"email": ["ann@example.org"]},
]


@pytest.mark.parametrize("untrue", UNTRUE, ids=str)
def test_a_token_that_says_something_else_signs_nobody_in(shut: Flask, idp: Idp, untrue: dict[str, Any]) -> None:
    idp.untrue = untrue

    answer = through(shut.test_client())

    assert answer.status_code == 400
    assert re.search("couldn&#39;t be verified|The provider (didn&#39;t say|sent too much)", answer.text)
    assert f"{named(shut.test_client())}=" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("way", ["unsigned", "signed_by_what_all_know", "signed_by_the_secret", "signed_by_another"])
def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(shut: Flask, idp: Idp, way: str) -> None:
    """LB 24-24566: an unproven claim is not believed. `none`, HS256 with public data, and another provider's key."""
    idp.sign = getattr(idp, way)

    answer = through(shut.test_client())

    assert answer.status_code == 400 and "Sign-in couldn&#39;t be verified" in answer.text


@pytest.mark.parametrize("token", ["", "a.b.c", "...", "é", "e30.e30.e30"])
def test_what_is_no_token_signs_nobody_in(shut: Flask, idp: Idp, token: str) -> None:
    idp.sign = lambda _: token

    assert through(shut.test_client()).status_code == 400


def test_a_return_that_nobody_left_for_signs_nobody_in(app: Flask) -> None:
    """Login CSRF: another user's return, in a browser that did not leave, or that left for another sign-in."""
    ours, other = app.test_client(), app.test_client()
    theirs = there(other)

    assert back(ours, theirs).status_code == 400
    there(ours)
    assert back(ours, theirs).status_code == 400
    assert ours.get("/").status_code == 303


@pytest.mark.parametrize(
    "change", [("state=", "state=x"), ("state=", "nothing="), ("code=", "code=x"), ("code=", "c=")]
)
def test_a_return_that_was_tampered_with_signs_nobody_in(shut: Flask, change: tuple[str, str]) -> None:
    client = shut.test_client()

    answer = back(client, there(client).replace(*change))

    assert answer.status_code in {400, 503} and client.get("/").status_code == 303


def test_a_return_is_good_for_once(app: Flask) -> None:
    client = app.test_client()
    address = there(client)
    back(client, address)
    client.post("/sign-out")

    answer = back(client, address)

    assert answer.status_code == 400 and client.get("/").status_code == 303


def test_what_is_taken_along_is_signed_and_holds_for_ten_minutes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    late, forger = app.test_client(), app.test_client()
    address, forged = there(late), there(forger)
    cookie = forger.get_cookie(named(forger, "rivulet-openid"))
    assert cookie and cookie.http_only and cookie.same_site == "Lax"
    forger.set_cookie(named(forger, "rivulet-openid"), f"x{cookie.value}")
    assert back(forger, forged).status_code == 400
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 660)

    assert back(late, address).status_code == 400


def test_an_answer_of_another_issuer_is_refused(app: Flask) -> None:
    """Mix-up: RFC 9207."""
    client = app.test_client()

    assert back(client, f"{there(client)}&iss=https://another.example").status_code == 400


def test_an_email_that_the_token_leaves_out_is_asked_for(app: Flask, idp: Idp) -> None:
    idp.thin = True

    assert through(app.test_client()).status_code == 303 and person(app)


def test_what_is_said_of_somebody_else_is_not_believed(app: Flask, idp: Idp) -> None:
    idp.thin = True
    idp.broken[USERINFO] = lambda: idp.person | {"sub": "8"}

    assert through(app.test_client()).status_code == 403


@pytest.mark.parametrize("verified", [False, None, "false", "yes", "", 1])
def test_an_email_that_is_not_verified_decides_nothing(shut: Flask, idp: Idp, verified: Any) -> None:
    idp.person["email_verified"] = verified

    answer = through(shut.test_client())

    assert answer.status_code == 403 and "verified" in answer.text


@pytest.mark.parametrize("thin", [False, True], ids=["in the token", "at userinfo"])
@pytest.mark.parametrize("told", [{"email_verified": "true"}, {"email_verified": "True"}, {"name": None}])
def test_what_providers_say_in_their_own_way_is_understood(
    app: Flask, idp: Idp, told: dict[str, Any], thin: bool
) -> None:
    """Cognito sends a string; Authentik has users without a name."""
    idp.thin, idp.person = thin, idp.person | told

    assert through(app.test_client()).status_code == 303 and person(app)


def test_whether_an_email_is_verified_is_asked_for_where_the_token_leaves_that_out(app: Flask, idp: Idp) -> None:
    idp.untrue["email_verified"] = None

    assert through(app.test_client()).status_code == 303 and person(app)


@pytest.mark.parametrize("told", [{"email": "ann@other.example"}, {"sub": "8"}])
def test_what_is_said_of_another_email_or_of_another_person_verifies_nothing(
    shut: Flask, idp: Idp, told: dict[str, str]
) -> None:
    idp.untrue["email_verified"] = None
    idp.broken[USERINFO] = lambda: idp.person | told

    assert through(shut.test_client()).status_code == 403


def test_who_is_known_is_let_in_where_userinfo_is_out_of_order(app: Flask, idp: Idp) -> None:
    through(app.test_client())
    idp.untrue["email_verified"] = None
    idp.broken[USERINFO] = fails

    assert through(app.test_client()).status_code == 303


ENTRA = {"OIDC_DOMAINS": "example.org", "OIDC_TRUST_EMAIL": "on"}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, 303),
        ({"email": None, "preferred_username": "ann@example.org"}, 303),
        ({"email": None, "preferred_username": "ann"}, 403),
        ({"email_verified": False}, 403),
    ],
)
def test_an_issuer_that_is_trusted_need_not_say_that_an_email_is_verified(
    tmp_path: Path, idp: Idp, told: dict[str, Any], status: int
) -> None:
    """Microsoft Entra never says so, and sends the e-mail of users without a mailbox as preferred_username."""
    app = team(tmp_path, **idp.settings(**ENTRA))
    idp.person = {"sub": "7", "email": "ann@example.org", "name": "Ann"} | told

    answer = through(app.test_client())

    assert answer.status_code == status and bool(person(app)) == (status == 303)
    app.extensions["rivulet"].database.dispose()


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "https://login.microsoftonline.com/common/v2.0"])
def test_an_issuer_of_anybody_is_not_trusted(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(WrongSetting, match="OIDC_TRUST_EMAIL can't be on for"):
        team(tmp_path, OIDC_ISSUER=issuer, OIDC_CLIENT_ID="rivulet", OIDC_TRUST_EMAIL="on")


def test_the_log_names_the_claim_that_is_missing(shut: Flask, idp: Idp, caplog: pytest.LogCaptureFixture) -> None:
    del idp.person["email_verified"]

    through(shut.test_client())

    assert "the claim email_verified is missing" in caplog.text


def test_the_log_says_what_to_choose_where_tokens_are_signed_by_the_secret(
    shut: Flask, idp: Idp, caplog: pytest.LogCaptureFixture
) -> None:
    idp.sign = idp.signed_by_the_secret

    through(shut.test_client())

    assert "signed with HS256. Choose RS256 for Rivulet" in caplog.text


def test_an_issuer_that_begins_like_one_of_anybody_may_be_trusted(tmp_path: Path) -> None:
    app = team(tmp_path, OIDC_ISSUER="https://gitlab.com.example.org", OIDC_CLIENT_ID="r", OIDC_TRUST_EMAIL="on")

    assert app.extensions["rivulet"].oidc.is_trusted
    app.extensions["rivulet"].database.dispose()
