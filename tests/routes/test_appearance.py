"""Test theme, text size and the folded sidebar: kept by cookies, and written into each page by the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.config.durations import YEAR
from chat.storage.database import DatabaseAway
from tests.asking import HTMX, TEXT, begin, ended
from tests.team import signed_in, team

DEFAULT = '<html lang="en" data-theme="system" data-size="normal" data-sidebar="open">'
CHOSEN = '<html lang="en" data-theme="dark" data-size="larger" data-sidebar="folded">'
EVERYTHING = {"theme": "dark", "size": "larger", "sidebar": "folded"}


def choose(client: FlaskClient, **chosen: str) -> None:
    """Choose with a plain form."""
    assert client.post("/appearance", data=chosen).status_code == 303


def test_without_a_choice_a_page_follows_the_system(client: FlaskClient) -> None:
    page = client.get("/").text

    assert DEFAULT in page and '<meta name="color-scheme" content="light dark">' in page
    assert page.count('media="(prefers-color-scheme: ') == 2


@pytest.mark.parametrize("address", ["/", "/sign-in", "/account", "/admin/models", "/conversations/999"])
def test_every_page_shows_what_was_chosen_and_no_cache_keeps_it(tmp_path: Path, address: str) -> None:
    client = signed_in(team(tmp_path), role="admin")
    choose(client, **EVERYTHING)

    page = client.get(address)

    assert CHOSEN in page.text and '<meta name="color-scheme" content="dark">' in page.text
    assert 'content="#fbf9f5" media="not all"' in page.text and 'content="#0b151d" media="all"' in page.text
    assert page.headers["Cache-Control"] == "no-store, no-transform"


def test_the_page_of_an_outage_shows_it_too(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(client)
    choose(client, **EVERYTHING)
    here = app.extensions["rivulet"]
    monkeypatch.setattr(here, "known_mark", "")
    monkeypatch.setattr("chat.web.state.get_mark", away)

    page = client.get("/")

    assert page.status_code == 503 and CHOSEN in page.text


def away(*_: object) -> str:
    raise DatabaseAway


def test_a_choice_leaves_the_others_as_they_are(client: FlaskClient) -> None:
    choose(client, theme="dark", size="larger")
    choose(client, sidebar="folded")

    assert CHOSEN in client.get("/").text


@pytest.mark.parametrize("value", ["", "blue", "DARK", '"><script>', "dark ", "é"])
def test_an_unknown_value_counts_as_the_default(client: FlaskClient, value: str) -> None:
    choose(client, theme=value, size=value, sidebar=value, other="dark")
    assert DEFAULT in client.get("/").text

    for name in EVERYTHING:
        client.set_cookie(f"rivulet-{name}", value)

    assert DEFAULT in client.get("/").text


@pytest.mark.parametrize(
    ("url", "name", "path", "secure"),
    [
        ("http://localhost", "rivulet-theme", "/", False),
        ("https://localhost", "__Host-rivulet-theme", "/", True),
        ("https://localhost/chat", "__Secure-rivulet-theme", "/chat", True),
    ],
)
def test_a_choice_is_kept_for_a_year_on_this_instances_path(
    client: FlaskClient, url: str, name: str, path: str, secure: bool
) -> None:
    kept = client.post("/appearance", base_url=url, data={"theme": "dark"}).headers["Set-Cookie"].split("; ")

    assert kept[0] == f"{name}=dark" and ("Secure" in kept) == secure
    assert {f"Max-Age={YEAR}", f"Path={path}", "HttpOnly", "SameSite=Lax"} <= set(kept)


@pytest.mark.parametrize(
    ("page", "after"),
    [("/conversations/1", "/conversations/1"), ("//elsewhere.test", "/"), ("", "/")],
)
def test_a_plain_form_leads_back_to_its_page_and_nowhere_else(client: FlaskClient, page: str, after: str) -> None:
    response = client.post("/appearance", data={"theme": "dark", "next": page})

    assert (response.status_code, response.headers["Location"]) == (303, after)


def test_each_form_names_its_page_also_one_that_answers_a_form(client: FlaskClient) -> None:
    named = '<input type="hidden" name="next" value="{}">'.format
    ended(client, begin(client))

    assert client.get("/").text.count(named("/")) == 2
    assert client.get("/conversations/1").text.count(named("/conversations/1")) == 2
    assert client.post("/conversations/1/messages", data={"text": "On?"}).text.count(named("/conversations/1")) == 2


def test_htmx_gets_the_colours_of_the_browsers_bars_alone(client: FlaskClient) -> None:
    response = client.post("/appearance", data={"theme": "light"}, headers=HTMX)

    assert 'id="bars-light" content="#fbf9f5" media="all"' in response.text
    assert 'id="bars-dark" content="#0b151d" media="not all"' in response.text
    assert "<html" not in response.text and "theme=light" in response.headers["Set-Cookie"]


def test_choosing_makes_nobody_a_guest(client: FlaskClient) -> None:
    response = client.post("/appearance", data=EVERYTHING, headers=TEXT)

    assert [each.split("=")[0] for each in response.headers.getlist("Set-Cookie")] == [
        "rivulet-theme",
        "rivulet-size",
        "rivulet-sidebar",
    ]
