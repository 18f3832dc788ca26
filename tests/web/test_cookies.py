"""What cookies are called: by the instance's mark, and still known by the names of older versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.people import invites
from chat.web import cookies
from tests.asking import named
from tests.team import PASSWORD, account, follow, sign_in, signed_in, team

SESSION = "rivulet"


def as_if_named_before(client: FlaskClient, name: str, prefix: str = "", **more: bool) -> None:
    """Have a browser hold a cookie by the name that an older version gave it."""
    cookie = client.get_cookie(f"{prefix}{named(client, name)}")
    assert cookie
    client.delete_cookie(cookie.key)
    client.set_cookie(f"{prefix}{name}", cookie.value, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("scheme", "prefix"), [("http", ""), ("https", "__Host-")])
def test_an_upgrade_signs_nobody_out_and_writes_the_new_name_alone(team_app: Flask, scheme: str, prefix: str) -> None:
    base = f"{scheme}://localhost"
    client = team_app.test_client()
    account(team_app.extensions["rivulet"].database)
    client.post("/sign-in", base_url=base, data={"email": "ann@example.org", "password": PASSWORD})
    as_if_named_before(client, SESSION, prefix, secure=scheme == "https")

    first, second = client.get("/account", base_url=base), client.get("/account", base_url=base)
    client.delete_cookie(f"{prefix}{SESSION}")
    third = client.get("/account", base_url=base)

    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 200]
    assert first.headers["Set-Cookie"].startswith(f"{prefix}{named(client)}=")
    assert "Set-Cookie" not in second.headers and "Set-Cookie" not in third.headers


def test_signing_out_takes_back_what_an_older_version_gave(team_app: Flask) -> None:
    client = signed_in(team_app)
    as_if_named_before(client, SESSION)

    client.post("/sign-out")

    assert client.get_cookie(SESSION) is None and client.get_cookie(named(client)) is None
    assert client.get("/account").status_code == 303


def test_the_new_name_counts_before_the_old_one(team_app: Flask) -> None:
    ann, bob = signed_in(team_app), signed_in(team_app, "bob@example.org")
    bobs = bob.get_cookie(named(bob))
    assert bobs

    ann.set_cookie(SESSION, bobs.value)

    assert "ann@example.org" in ann.get("/account").text


def test_a_link_and_a_browser_are_known_by_the_names_of_older_versions(team_app: Flask) -> None:
    database = team_app.extensions["rivulet"].database
    client = signed_in(team_app)
    sign_in(client, password="not this one")
    client.post("/sign-out")
    for _ in range(5):
        sign_in(team_app.test_client(), password="not this one")
    as_if_named_before(client, cookies.BROWSER)
    known, place = sign_in(client).status_code, follow(client, f"/invites/{invites.make(database, 'a test')}")
    as_if_named_before(client, cookies.LINK)

    assert known == 303
    assert client.get(place).status_code == 200


def test_two_instances_with_one_secret_have_other_names(tmp_path: Path) -> None:
    first, second = (signed_in(team(tmp_path / name)) for name in ("first", "second"))

    names = [{cookie.key for cookie in (client._cookies or {}).values()} for client in (first, second)]

    assert len(names[0]) == len(names[1]) == 2 and not names[0] & names[1]


def test_workers_and_restarts_of_one_instance_have_one_name(tmp_path: Path) -> None:
    assert named(team(tmp_path).test_client()) == named(team(tmp_path).test_client())
