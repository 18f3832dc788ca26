"""Test the headers of every answer, and cross-site writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.routes import pages
from tests.asking import HTMX, PAGE, TEXT, addresses, begin, ended, named, reply_in, rows
from tests.scripted import Gate, Scripted
from tests.team import change

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; "
    "manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://evil.localhost"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "http://[half"},
    {"Origin": "null"},
]


def assert_guarded(headers: object) -> None:
    """Check the headers that every answer has."""
    got = dict(headers)  # type: ignore[call-overload]
    assert got["Content-Security-Policy"] == POLICY
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Referrer-Policy"] == "same-origin"
    assert got["Cross-Origin-Resource-Policy"] == "same-origin"
    assert got["Permissions-Policy"] == "camera=(), geolocation=(), microphone=()"
    assert got["Cache-Control"]
    assert not [name for name in got if name.startswith("Access-Control-")]


@pytest.mark.parametrize("form", [HTMX, TEXT, PAGE])
def test_every_answer_of_every_address_has_the_headers(client: FlaskClient, app: Flask, form: dict[str, str]) -> None:
    conversation = begin(client)
    ended(client, conversation)
    seen = []

    for method, address, rule in addresses(app, conversation, reply_in(client, conversation)):
        with client.open(address, method=method, headers=form | {"Origin": "http://localhost"}) as response:
            assert_guarded(response.headers)
            seen.append((rule.endpoint, response.status_code))
            response.get_data()

    assert {status for _, status in seen} <= {200, 204, 303, 400, 401, 403, 404, 409}
    assert ("replies.follow", 200) in seen and ("assets.show", 200) in seen


@pytest.mark.parametrize(
    ("method", "address", "headers", "status"),
    [
        ("GET", "/nope", {}, 404),
        ("GET", "/static/css/base.css", {}, 404),
        ("GET", "/assets/000000000000/page.css", {}, 404),
        ("PUT", "/conversations", {}, 405),
        ("POST", "/", {}, 405),
        ("OPTIONS", "/conversations", {"Origin": "https://evil.example"}, 200),
        ("HEAD", "/", {}, 200),
        ("GET", "/conversations//1", {}, 404),
        ("GET", "/", {"Host": "evil.example"}, 400),
        ("POST", "/conversations", {"Host": "evil.example"}, 400),
        ("POST", "/conversations", {"Origin": "null"}, 403),
    ],
)
def test_what_is_refused_has_the_headers_too(
    client: FlaskClient, method: str, address: str, headers: dict[str, str], status: int
) -> None:
    for form in (HTMX, TEXT, PAGE):
        response = client.open(address, method=method, headers=form | headers)

        assert response.status_code == status
        assert_guarded(response.headers)


def test_what_breaks_has_the_headers_and_a_sentence(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "page", lambda: 1 / 0)

    response = client.get("/")

    assert response.status_code == 500
    assert_guarded(response.headers)
    assert "Something went wrong on the server" in response.text and "ZeroDivision" not in response.text


@pytest.mark.parametrize("form", [TEXT, PAGE])
def test_an_answer_that_streams_has_the_headers(client: FlaskClient, provider: Scripted, form: dict[str, str]) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")

    response = client.post("/conversations", data={"text": "Hello?"}, headers=form)
    gate.open()
    response.get_data()

    assert_guarded(response.headers)
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in response.headers


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_write_from_another_site_is_refused_and_changes_nothing(
    client: FlaskClient, app: Flask, provider: Scripted, headers: dict[str, str]
) -> None:
    """OW 24-7806, 26-54007; GR 24-1727; ALLM 26-32617: the cookie alone was enough."""
    gate = Gate()
    provider.will_say("Hel", gate)
    conversation = begin(client)
    before, reply = rows(app), reply_in(client, conversation)
    gate.wait_until_reached()

    for method, address, _ in addresses(app, conversation, reply):
        if method == "POST":
            refused = client.post(address, data={"text": "Spend their money"}, headers=headers)
            assert refused.status_code == 403
            assert "another site" in refused.text

    after = rows(app) | {"pieces": 0}
    assert after == before | {"pieces": 0} and len(provider.calls) == 1
    assert not provider.sayings[0].cancelled.is_set()
    gate.open()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "http://localhost"},
    ],
)
def test_a_write_of_our_own_page_or_of_no_browser_is_done(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT | headers)

    assert response.status_code == 200
    assert response.text == "Nothing was scripted.\n"


def test_pages_are_kept_by_no_cache_and_assets_for_a_year(client: FlaskClient, app: Flask) -> None:
    page = client.get("/")
    assets = [client.get(path) for path in app.extensions["rivulet"].assets]

    assert page.headers["Cache-Control"] == "no-store, no-transform"
    assert all("immutable" in asset.headers["Cache-Control"] for asset in assets)


def test_the_cookie_is_for_this_site_and_for_no_script(client: FlaskClient) -> None:
    cookie = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).headers["Set-Cookie"]

    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_a_session_id_of_somebody_elses_making_is_not_taken(client: FlaskClient) -> None:
    client.set_cookie(named(client), "an-id-that-an-attacker-knows")

    cookie = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).headers["Set-Cookie"]

    assert "an-id-that-an-attacker-knows" not in cookie


@pytest.mark.parametrize(
    ("base", "headers", "sent"),
    [
        ("http://chat.lan", {}, False),
        ("http://localhost", {"Sec-Fetch-Site": "none"}, True),
        ("https://localhost", {}, True),
    ],
)
def test_a_page_by_plain_http_has_no_header_that_browsers_complain_about(
    client: FlaskClient, app: Flask, base: str, headers: dict[str, str], sent: bool
) -> None:
    change(app, trusted_hosts=("chat.lan", "localhost"))

    answer = client.get("/", base_url=base, headers=headers)

    assert ("Cross-Origin-Opener-Policy" in answer.headers) is sent


EVAL = re.compile(r"""hx-on|data-hx-|["']js:|hx-trigger="[^"]*\[|inlineScriptNonce""")
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def test_no_template_holds_what_the_policy_forbids(app: Flask) -> None:
    templates = list(Path(app.root_path, "templates").rglob("*.*"))

    offenders = [path.name for path in templates if EVAL.search(path.read_text()) or INLINE.search(path.read_text())]

    assert len(templates) > 10 and offenders == []


@pytest.mark.parametrize("path", ["//conversations//1", "/conversations//1", "//evil.example/", "//", "/sign-in//"])
def test_no_address_leads_to_the_host_that_a_request_names(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path})

    assert answer.status_code in {200, 404} and "Location" not in answer.headers
