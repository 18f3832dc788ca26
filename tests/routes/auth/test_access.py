"""Test access: the pages that strangers can open, and their redirects."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from chat.web import access
from chat.web.form_parser import URLENCODED
from tests.asking import HTMX, PAGE, begin, named, rows
from tests.scripted import Scripted
from tests.team import account, sign_in, signed_in, team

MEGABYTE = 1024 * 1024
DRAFT = {"text": "What I wrote\nfor long"}


@pytest.mark.parametrize(
    "place",
    [
        *("//e", "/\\e", "https:e", "\t//e", "/\t/e", "%2f%2fe", "https:///e", "///e", "/\\/e", "\\\\e"),
        *("javascript:alert(1)", "", "e", "http://e/", "/\n/e", "/ /e", "/é", "//e@localhost/", "/\x00/e", " //e"),
        *("/sign-in", "/sign-out"),
    ],
)
def test_nobody_is_led_to_another_site(app: Flask, place: str) -> None:
    """LB 25-59426, GR 24-4940, 24-8021, 47870, 26-59806: the client chose the target of a redirect."""
    account(app.extensions["rivulet"].database)

    answer = sign_in(app.test_client(), next=place)
    page = app.test_client().get("/sign-in", query_string={"next": place})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert 'name="next" value="/"' in page.text


@pytest.mark.parametrize("place", ["/", "/account", "/conversations/7?at=3", "/%2f%2fe", "/a//b"])
def test_a_place_on_this_site_is_where_it_goes_on(place: str) -> None:
    assert access.local_path(place) == place


@pytest.mark.parametrize("host", ["evil.example", "localhost:81"])
def test_a_forged_host_is_in_no_address_that_strangers_are_led_to(app: Flask, host: str) -> None:
    forged = {"Host": host, "X-Forwarded-Host": "evil.example"}

    answer = app.test_client().get("/conversations/1", headers=forged)

    assert answer.headers["Location"] == "/sign-in?next=/conversations/1"


def test_htmx_is_led_to_sign_in_and_from_there_back_to_its_page(app: Flask) -> None:
    current = {"HX-Current-URL": "http://localhost/conversations/7?at=3"}

    answer = app.test_client().post("/conversations/7/messages", data=DRAFT, headers=HTMX | current)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/conversations/7%3Fat%3D3"


def test_the_page_that_htmx_says_it_is_on_leads_nowhere_else(app: Flask) -> None:
    current = {"HX-Current-URL": "http://localhost//evil.example/"}

    assert app.test_client().get("/conversations", headers=HTMX | current).headers["HX-Redirect"] == "/sign-in"


def test_what_was_typed_without_javascript_comes_back_after_signing_in(app: Flask, provider: Scripted) -> None:
    client = signed_in(app)
    conversation = begin(client)
    client.post("/sign-out")

    asked = client.post(f"/conversations/{conversation}/messages", data=DRAFT, headers=PAGE)
    wrong = sign_in(client, password="wrong", next=f"/conversations/{conversation}", **DRAFT)
    answer = sign_in(client, next=f"/conversations/{conversation}", **DRAFT)

    assert asked.status_code == 401 and f'name="next" value="/conversations/{conversation}"' in asked.text
    for page in (asked, wrong, answer):
        assert "What I wrote\nfor long</textarea>" in page.text
    assert (
        answer.status_code == 200
        and answer.mimetype == "text/html"
        and f'action="/conversations/{conversation}/messages"' in answer.text
    )
    assert len(provider.calls) == 1


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}])
def test_strangers_see_no_model_and_no_conversation_on_a_page_that_refuses_them(
    app: Flask, headers: dict[str, str]
) -> None:
    begin(signed_in(app), "Nobody's business")
    stranger = app.test_client()

    for page in (
        stranger.post("/conversations", data=DRAFT, headers=headers),
        stranger.post("/sign-in", data=DRAFT | {"email": "a@b.c", "password": "x"}, headers=headers),
        stranger.get("/claim/none", headers=headers),
        stranger.get("/resets/none", headers=headers),
    ):
        assert page.status_code in {401, 403, 404}
        assert "Small" not in page.text and "business" not in page.text and 'id="conversations"' not in page.text


@pytest.mark.parametrize(
    ("body", "claimed", "status"),
    [(b"&" * 1_500, 1_500, 401), (b"text=" + b"x" * 3 * MEGABYTE, 3 * MEGABYTE + 5, 413), (b"text=Hel", 99, 400)],
    ids=["of too many fields", "too large", "that breaks off"],
)
def test_a_strangers_form_that_cannot_be_read_is_answered(app: Flask, body: bytes, claimed: int, status: int) -> None:
    claim = {"CONTENT_LENGTH": str(claimed)}

    page = app.test_client().post(
        "/conversations", data=body, content_type=URLENCODED, headers=PAGE, environ_overrides=claim
    )

    assert page.status_code == status
    assert ('action="/sign-in"' in page.text) == (status == 401)


def test_a_guest_from_before_is_a_stranger_where_a_team_shares_it(tmp_path: Path, provider: Scripted) -> None:
    before = team(tmp_path, provider, ACCESS="open")
    client = before.test_client()
    begin(client)
    cookie = client.get_cookie(named(client))
    assert cookie

    after = team(tmp_path, provider).test_client()
    after.set_cookie(named(after), cookie.value)

    assert after.get("/").status_code == 303


def test_somebody_suspended_or_demoted_is_so_at_the_next_request(app: Flask) -> None:
    """OW 26-44553, ALLM 26-32717: a role that was looked up once."""
    client = signed_in(app, role="admin")
    database = app.extensions["rivulet"].database

    with database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET role = 'guest'")
    demoted = client.get("/")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET role = 'admin', suspended_at = 1")
    suspended = client.get("/")

    assert demoted.status_code == suspended.status_code == 303
    assert sign_in(client).status_code == 403


def test_refused_strangers_write_nothing(app: Flask) -> None:
    client = app.test_client()

    for form in (HTMX, PAGE, {}):
        client.post("/conversations", data=DRAFT, headers=form)
        client.post("/replies/1/retry", headers=form)

    assert set(rows(app).values()) == {0}


def test_where_anybody_has_an_account_there_is_a_way_to_sign_in_and_who_is_signed_in_sees_theirs(
    tmp_path: Path, provider: Scripted
) -> None:
    app = team(tmp_path, provider, ACCESS="open")
    before = app.test_client().get("/").text
    member = signed_in(app)

    assert "/sign-in" not in before and 'href="/sign-in"' in app.test_client().get("/").text
    assert 'href="/account"' in member.get("/").text and "/sign-in" not in member.get("/").text


@pytest.mark.parametrize("shown", ["http://[", "http://a\u2100b/", "//evil.example", "", "nonsense"])
def test_an_address_that_is_none_leads_to_the_first_page(app: Flask, shown: str) -> None:
    """LC 25-66452: an unexpected header."""
    headers = {**HTMX, "HX-Current-URL": shown.encode().decode("latin-1")}

    answer = app.test_client().get("/conversations/1", headers=headers)

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")
