"""Test single sign-on: the way to the provider and back, and its target."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask

from chat.storage.tables import audit, people
from tests.asking import begin, ended, named
from tests.openid import Idp
from tests.routes.auth.oidc.way import HOME, address_in, person, through
from tests.scripted import Scripted
from tests.serving import KEY, gunicorn, upstream
from tests.team import team
from tests.turns import count


def test_somebody_of_an_allowed_domain_becomes_a_member_and_is_known_the_next_time(app: Flask, idp: Idp) -> None:
    client = app.test_client()

    first = through(client, next="/conversations/1?at=2")
    second = through(app.test_client())

    assert (first.status_code, first.headers["Location"]) == (303, "/conversations/1?at=2")
    assert second.status_code == 303 and client.get("/").status_code == 200
    ann = person(app)
    assert (ann.role, ann.name, ann.password, ann.subject) == ("member", "Ann", None, f"{idp.issuer} 7")
    assert count(app.extensions["rivulet"].database, people) == 1


def test_the_page_that_leads_there_asks_for_pkce_state_and_nonce(app: Flask, idp: Idp) -> None:
    client = app.test_client()

    asked = [parse_qs(urlsplit(address_in(client.post("/sign-in/openid").text)).query) for _ in range(2)]

    assert asked[0]["redirect_uri"] == ["http://localhost/sign-in/openid/callback"]
    assert asked[0]["code_challenge_method"] == ["S256"] and asked[0]["response_type"] == ["code"]
    for random in ("state", "nonce", "code_challenge"):
        assert asked[0][random] != asked[1][random] and len(asked[0][random][0]) >= 43


def test_a_link_from_elsewhere_begins_nothing(app: Flask) -> None:
    assert app.test_client().get("/sign-in/openid").status_code in {303, 404, 405}
    assert app.test_client().post("/sign-in/openid", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_the_address_of_the_return_is_of_app_url_where_that_is_set(tmp_path: Path, idp: Idp) -> None:
    app = team(tmp_path, **idp.settings(APP_URL="https://chat.example.org"), TRUSTED_HOSTS="other.example")

    page = app.test_client().post("/sign-in/openid", headers={"Host": "other.example"}).text

    assert parse_qs(urlsplit(address_in(page)).query)["redirect_uri"] == [
        "https://chat.example.org/sign-in/openid/callback"
    ]


def test_signing_in_gives_another_session_id_and_takes_what_a_guest_said_along(
    tmp_path: Path, idp: Idp, provider: Scripted
) -> None:
    """Session fixation: a session id from before the sign-in must not be signed in after it."""
    app = team(tmp_path, provider, ACCESS="open", **idp.settings(**HOME))
    client, thief = app.test_client(), app.test_client()
    conversation = begin(client, "Said as a guest")
    ended(client, conversation)
    before = client.get_cookie(named(client))
    assert before
    thief.set_cookie(named(thief), before.value)

    through(client)

    after = client.get_cookie(named(client))
    assert after and after.value != before.value
    assert "Said as a guest" in client.get(f"/conversations/{conversation}").text
    assert thief.get(f"/conversations/{conversation}").status_code == 404


@pytest.mark.parametrize("place", ["//evil.example", "/\\evil.example", "https://evil.example", "/sign-in"])
def test_nobody_is_led_to_another_site_by_signing_in(app: Flask, place: str) -> None:
    """Open redirect: LB 25-59426, GR 24-4940."""
    assert through(app.test_client(), next=place).headers["Location"] == "/"


DRAFT = {"text": "What I wrote\nfor long", "next": "/conversations/7"}


def test_a_draft_waits_in_its_tab_until_somebody_has_signed_in_in_another_one(app: Flask) -> None:
    """Without a script the draft was lost, because the round trip has no room for it."""
    client = app.test_client()
    page = client.post("/conversations", data=DRAFT, headers={"Accept": "text/html"})

    early = client.post("/sign-in", data=DRAFT | {"on": "1", "email": "ann@example.org"})
    through(client)
    late = client.post("/sign-in", data=DRAFT | {"on": "1"})

    for shown in (page, early):
        assert 'action="/sign-in/openid" target="_blank" rel="noopener"' in shown.text
        assert "What I wrote\nfor long</textarea>" in shown.text
    assert (page.status_code, early.status_code, late.status_code) == (401, 403, 200)
    assert "You&#39;re not signed in yet" in early.text and 'value="ann@example.org"' in early.text
    assert 'action="/conversations/7/messages' in late.text and "What I wrote\nfor long</textarea>" in late.text
    assert "_blank" not in client.get("/sign-in").text


def test_who_refuses_there_is_told_so_here(app: Flask, idp: Idp) -> None:
    idp.denies = True

    answer = through(app.test_client(), next="/conversations/1")

    assert answer.status_code == 400 and "cancelled or refused" in answer.text
    assert 'value="/conversations/1"' in answer.text


def test_signing_in_is_noted(app: Flask) -> None:
    through(app.test_client())

    with app.extensions["rivulet"].database.read() as connection:
        noted = [(row.actor, row.action, row.subject) for row in connection.execute(audit.select())]
    assert noted == [
        ("ann@example.org", "account_made", "with Example"),
        ("ann@example.org", "signed_in", "with Example"),
    ]


def test_where_no_provider_is_set_there_is_nothing(tmp_path: Path) -> None:
    app = team(tmp_path)

    assert app.test_client().post("/sign-in/openid").status_code == 404
    assert app.test_client().get("/sign-in/openid/callback").status_code == 404
    assert "/sign-in/openid" not in app.test_client().get("/sign-in").text


def test_two_workers_as_they_are_deployed_let_somebody_in(tmp_path: Path, idp: Idp) -> None:
    environ = idp.settings(**HOME, ACCESS="team", SECRET_KEY=KEY, WEB_CONCURRENCY="2")
    with upstream() as model, gunicorn(tmp_path, model, **environ) as server:
        for _ in range(4):
            browser = requests.Session()
            page = browser.post(f"{server.url}/sign-in/openid", data={"next": "/account"}, timeout=10).text

            answer = browser.get(address_in(page), timeout=10)

            assert (answer.status_code, answer.url) == (
                200,
                f"{server.url}/account",
            ) and "ann@example.org" in answer.text
