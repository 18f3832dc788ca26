"""Test proxies in front: which of their headers are believed, and which are forged."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

import app as front_door
from chat import config
from chat.web.proxies import is_local_request
from tests.asking import HTMX, begin
from tests.marked import SECRETS
from tests.scripted import Scripted

KEY = SECRETS["SECRET_KEY"]

FORGED = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "chat.example",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/elsewhere",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Ssl": "on",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;proto=https;host=chat.example",
    "CF-Connecting-IP": "127.0.0.1",
    "True-Client-IP": "127.0.0.1",
}


def behind(tmp_path: Path, proxies: int, **environ: str) -> Flask:
    """Create an app behind some proxies, with an address that shows the client it sees."""
    known = {"INSTANCE": str(tmp_path / "instance"), "TRUSTED_PROXIES": str(proxies), "SECRET_KEY": KEY}
    app = front_door.build(config.load({"ACCESS": "open", **known, **environ}), {"scripted": Scripted()})
    app.add_url_rule(
        "/seen", view_func=lambda: [request.remote_addr, request.scheme, request.host, request.root_path + request.path]
    )
    return app


def seen(app: Flask, headers: dict[str, str]) -> list[str]:
    """Ask which client the app sees; the nearest proxy has the address 192.0.2.7."""
    answer = app.test_client().get("/seen", headers=headers, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    return answer.get_json()


@pytest.mark.parametrize("header", FORGED)
def test_without_trusted_proxies_no_header_changes_who_asks_and_how(tmp_path: Path, header: str) -> None:
    app = behind(tmp_path, 0)

    assert seen(app, {header: FORGED[header]}) == seen(app, {}) == ["192.0.2.7", "http", "localhost", "/seen"]


@pytest.mark.parametrize(
    "header", sorted(FORGED.keys() - {f"X-Forwarded-{name}" for name in ("For", "Proto", "Prefix")})
)
def test_behind_a_proxy_nothing_but_address_scheme_and_path_is_believed(tmp_path: Path, header: str) -> None:
    assert seen(behind(tmp_path, 1), {header: FORGED[header]}) == ["192.0.2.7", "http", "localhost", "/seen"]


def test_behind_a_proxy_the_path_is_what_the_last_one_says(tmp_path: Path) -> None:
    assert seen(behind(tmp_path, 1), {"X-Forwarded-Prefix": "/theirs, /chat"})[3] == "/chat/seen"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "127.0.0.1, 198.51.100.1", "198.51.100.1"),
        (2, "127.0.0.1, 198.51.100.1, 203.0.113.5", "198.51.100.1"),
        (2, "198.51.100.1", "192.0.2.7"),
        (1, "", "192.0.2.7"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_behind_proxies_the_entry_of_the_outermost_counts(
    tmp_path: Path, proxies: int, forwarded: str, address: str
) -> None:
    assert seen(behind(tmp_path, proxies), {"X-Forwarded-For": forwarded})[0] == address


@pytest.mark.parametrize(("proto", "scheme"), [("https", "https"), ("https, http", "http"), ("http, https", "https")])
def test_behind_proxies_the_scheme_is_what_the_last_one_saw(tmp_path: Path, proto: str, scheme: str) -> None:
    assert seen(behind(tmp_path, 1), {"X-Forwarded-Proto": proto})[1] == scheme


def cookie_of(app: Flask, headers: dict[str, str]) -> tuple[str, str | None]:
    """Send a first message; return its Set-Cookie and Strict-Transport-Security headers."""
    answer = app.test_client().post("/conversations", data={"text": "Hello?"}, headers=HTMX | headers)
    return answer.headers["Set-Cookie"], answer.headers.get("Strict-Transport-Security")


def test_who_comes_by_https_has_a_cookie_for_https_only(tmp_path: Path) -> None:
    cookie, transport = cookie_of(behind(tmp_path, 1), {"X-Forwarded-Proto": "https"})

    assert "; Secure" in cookie and "; HttpOnly" in cookie and transport == "max-age=31536000"


@pytest.mark.parametrize(("proxies", "proto"), [(0, "https"), (1, "http")])
def test_who_comes_by_http_keeps_a_cookie_for_http(tmp_path: Path, proxies: int, proto: str) -> None:
    cookie, transport = cookie_of(behind(tmp_path, proxies), {"X-Forwarded-Proto": proto})

    assert "Secure" not in cookie and transport is None


@pytest.mark.parametrize(
    ("proxies", "origin", "status"),
    [
        (1, "https://localhost", 200),
        (1, "http://localhost", 403),
        (0, "https://localhost", 200),
        (0, "http://localhost", 200),
    ],
)
def test_by_https_a_page_of_the_same_name_by_http_is_another_site(
    tmp_path: Path, proxies: int, origin: str, status: int
) -> None:
    headers = HTMX | {"X-Forwarded-Proto": "https", "Origin": origin}

    answer = behind(tmp_path, proxies).test_client().post("/conversations", data={"text": "Hello?"}, headers=headers)

    assert answer.status_code == status


def test_behind_a_proxy_on_this_machine_an_instance_that_is_not_open_stays_closed(tmp_path: Path) -> None:
    client = behind(tmp_path, 1, ACCESS="").test_client()

    assert client.get("/", headers={"X-Forwarded-For": "198.51.100.1"}).status_code == 503
    assert client.get("/", headers={"X-Forwarded-For": "127.0.0.1, 198.51.100.1"}).status_code == 503
    assert client.get("/").status_code == 200


def test_a_tunnel_to_an_instance_on_this_machine_is_refused_by_its_name(client: FlaskClient) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "Host": "a-tunnel.example"}

    assert client.get("/", headers=headers).status_code == 400


def test_a_proxy_that_is_not_believed_is_told_of_once(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    begin(client)
    quiet = caplog.text

    for _ in range(2):
        client.get("/", headers={"X-Forwarded-For": "198.51.100.1"})

    told = [record for record in caplog.records if "TRUSTED_PROXIES" in record.getMessage()]
    assert "TRUSTED_PROXIES" not in quiet
    assert [record.levelno for record in told] == [logging.WARNING]
    assert "198.51.100.1" not in told[0].getMessage()


@pytest.mark.parametrize(
    ("environ", "here"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "::1"}, True),
        ({"REMOTE_ADDR": "192.0.2.7"}, False),
        ({"REMOTE_ADDR": ""}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "192.0.2.7"}}, False),
    ],
)
def test_a_request_is_from_here_where_no_proxy_brought_it(environ: dict, here: bool) -> None:
    assert is_local_request(environ) is here
