"""Test the page that creates the first admin, and the log line with its link."""

from __future__ import annotations

import re
from pathlib import Path

import app as front_door
from chat.web import cookies
from tests.asking import named
from tests.serving import KEY
from tests.team import PASSWORD, account, follow, team, wrong_field

FORM = {"email": "Ann@example.org", "password": PASSWORD}


def said(tmp_path: Path, **environ: str) -> list[str]:
    """Start the app; return its messages."""
    known = {"INSTANCE": str(tmp_path / "instance"), "ACCESS": "team", "SECRET_KEY": KEY, "LOCAL_MODEL": "off"}
    return front_door.create_app(known | environ, watching=False).extensions["rivulet"].startup.warnings


def test_the_link_from_the_log_makes_an_admin_who_is_signed_in_and_works_once(tmp_path: Path) -> None:
    (line,) = said(tmp_path)
    address = re.findall(r"/claim/[0-9a-f]{64}", line)[0]
    app = team(tmp_path)
    client, late = app.test_client(), app.test_client()
    place = follow(client, address)
    assert client.get(place).status_code == 200

    answer = client.post(place, data=FORM | {"name": " Ann\nLee "})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert ">Ann Lee</a>" in client.get("/").text
    late.set_cookie(named(late, cookies.LINK), address.rpartition("/")[2])
    assert late.get(address).status_code == late.post(place, data=FORM | {"password": "another one"}).status_code == 404
    assert said(tmp_path) == []


def test_a_link_that_is_used_or_invented_says_what_to_do(tmp_path: Path) -> None:
    client = team(tmp_path).test_client()

    for answer in (client.get("/claim/nobodys"), client.get("/claim"), client.post("/claim", data=FORM)):
        assert answer.status_code == 404 and "This setup link is no longer valid" in answer.text
        assert "Ask an admin for an invite." in answer.text and 'href="/sign-in"' in answer.text


def test_who_clicks_twice_is_the_admin_and_in(tmp_path: Path) -> None:
    address = f"/claim/{said(tmp_path)[0].rpartition('/')[2]}"
    app = team(tmp_path)
    first, second = app.test_client(), app.test_client()  # one browser, which has not read the first answer yet
    for client in (first, second):
        place = follow(client, address)
    first.post(place, data=FORM)

    answer = second.post(place, data=FORM)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Account" in second.get("/").text
    assert first.post(place, data=FORM).status_code == 404  # nor does it have the link any more


def test_the_link_is_the_same_at_each_start_and_leads_to_the_address_that_is_set(tmp_path: Path) -> None:
    first, again = said(tmp_path), said(tmp_path, APP_URL="https://chat.example.org")
    beyond = said(tmp_path, HOST="0.0.0.0")

    assert "http://localhost:8000/claim/" in first[0] and "https://chat.example.org/claim/" in again[0]
    assert first[0].rpartition("/")[2] == again[0].rpartition("/")[2] == beyond[-1].rpartition("/")[2]
    assert "append to this server's URL" in beyond[-1]


def test_where_no_team_shares_it_there_is_no_link(tmp_path: Path) -> None:
    assert said(tmp_path, ACCESS="open") == []


def test_what_was_typed_is_kept_but_the_password(tmp_path: Path) -> None:
    address = f"/claim/{said(tmp_path)[0].rpartition('/')[2]}"
    client = team(tmp_path).test_client()
    address = follow(client, address)

    poor = client.post(address, data=FORM | {"name": "Ann", "password": "password1"})
    nowhere = client.post(address, data=FORM | {"email": "nowhere"})

    assert poor.status_code == nowhere.status_code == 400 and poor.mimetype == "text/html"
    assert 'value="Ann@example.org"' in poor.text and 'value="Ann"' in poor.text and "password1" not in poor.text
    assert (wrong_field(poor.text), wrong_field(nowhere.text)) == ("password", "email")
    assert "Enter a valid email" in nowhere.text and PASSWORD not in nowhere.text


def test_the_first_admins_own_name_is_no_password(tmp_path: Path) -> None:
    address = f"/claim/{said(tmp_path)[0].rpartition('/')[2]}"
    client = team(tmp_path).test_client()

    poor = client.post(follow(client, address), data=FORM | {"name": "Ann Fjordline", "password": "annfjordline"})

    assert poor.status_code == 400


def test_somebody_who_has_an_account_is_not_made_again(tmp_path: Path) -> None:
    address = f"/claim/{said(tmp_path)[0].rpartition('/')[2]}"
    app = team(tmp_path)
    account(app.extensions["rivulet"].database)
    client = app.test_client()

    assert client.post(follow(client, address), data=FORM).status_code == 409


def test_an_admin_of_the_environment_signs_in_and_no_link_is_said(tmp_path: Path) -> None:
    environ = {"ADMIN_EMAIL": "ann@example.org", "ADMIN_PASSWORD": PASSWORD}

    assert said(tmp_path, **environ) == said(tmp_path, **environ) == []
    client = team(tmp_path).test_client()
    assert client.post("/sign-in", data=FORM).status_code == 303


def test_a_start_says_that_who_is_suspended_is_not_made_the_admin(tmp_path: Path) -> None:
    app = team(tmp_path)
    account(app.extensions["rivulet"].database)
    with app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET suspended_at = 1")

    why, link = said(tmp_path, ADMIN_EMAIL="ann@example.org", ADMIN_PASSWORD=PASSWORD)

    assert "is a suspended account" in why and "/claim/" in link
