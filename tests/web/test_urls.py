"""Test an instance under a path of its host: the sources of the path, and that every answer stays below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chat import config
from chat.config import WrongSetting
from tests.asking import HTMX, PAGE, TEXT, address, arguments
from tests.scripted import Scripted
from tests.security import cast
from tests.security.calls import SENT, routes
from tests.team import team
from tests.test_addresses import ATTRIBUTE

SITE = "http://localhost/chat"
TELLING = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url")
WRITTEN = re.compile(rf'{ATTRIBUTE.pattern}|content="[^"]*url=([^"]*)"')


def addresses_in(answer: TestResponse) -> Iterator[str]:
    """List the addresses that an answer sends to a browser, and the paths of its cookies."""
    yield from (answer.headers[name] for name in TELLING if answer.headers.get(name, "false") != "false")
    yield from re.findall("Path=([^;]*)", "; ".join(answer.headers.getlist("Set-Cookie")))
    if answer.mimetype in {"text/html", "text/event-stream"}:
        yield from (one or other for _, one, other in WRITTEN.findall(answer.text))


def is_astray(told: str) -> bool:
    """Tell whether an address leads away from the instance."""
    return not re.match(r"#|\?|(http://localhost)?/chat(/|#|\?|$)|https?://(?!localhost)", told)


@pytest.fixture
def under(tmp_path: Path, provider: Scripted) -> Iterator[Flask]:
    """A team's app under /chat."""
    app = team(tmp_path, provider, APP_URL=SITE)
    yield app
    app.extensions["rivulet"].database.dispose()


@pytest.mark.parametrize("form", [PAGE, HTMX, TEXT], ids=["page", "htmx", "text"])
@pytest.mark.parametrize("role", ["admin", "stranger"])
def test_whatever_is_asked_no_answer_leads_away_from_the_path(under: Flask, form: dict[str, str], role: str) -> None:
    boss, told = cast.enrol(under, "boss", "admin"), []
    for _, method, rule in routes(under):
        of = cast.own_things(under, boss) | cast.spare(under, rule.arguments, rule.endpoint)
        where = f"/chat{address(under, rule, method, arguments(under, **of))}"
        sent: dict[str, Any] = {"data": SENT} if method == "POST" else {}
        client = cast.signed_in(under, boss) if role == "admin" else under.test_client()
        answer = client.open(where, method=method, base_url="http://localhost", headers=form, **sent)
        with answer:
            told += [(method, where, found) for found in addresses_in(answer)]
    cast.settle(under)

    assert [each for each in told if is_astray(each[2])] == []
    assert len(told) > 20


BEHIND = {"TRUSTED_PROXIES": "1"}
WAYS = {
    "APP_URL, and the path is left on": ({"APP_URL": SITE}, {}, "/chat/account", ""),
    "APP_URL, and the path is taken off": ({"APP_URL": SITE}, {}, "/account", ""),
    "SCRIPT_NAME, and the path is left on": ({"SCRIPT_NAME": "/chat"}, {}, "/chat/account", ""),
    "SCRIPT_NAME, and the path is taken off": ({"SCRIPT_NAME": "/chat/"}, {}, "/account", ""),
    "a server that takes it off and says so": ({}, {}, "/account", "/chat"),
    "a proxy that takes it off and says so": (
        BEHIND,
        {"X-Forwarded-Prefix": "/chat"},
        "/account",
        "",
    ),
    "a proxy that leaves it on": (BEHIND, {"X-Forwarded-Prefix": "/chat/"}, "/chat/account", ""),
    "APP_URL, and a proxy that says another one": (
        {"APP_URL": SITE, **BEHIND},
        {"X-Forwarded-Prefix": "/elsewhere"},
        "/account",
        "",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_path_is_known(tmp_path: Path, way: str) -> None:
    environ, headers, path, script_name = WAYS[way]

    answer = ask(team(tmp_path, **environ), path, script_name, headers)

    assert answer.headers["Location"] == "/chat/sign-in?next=/account"


NOT_BELIEVED = [
    ({}, "/elsewhere"),
    (BEHIND, "//elsewhere.example"),
    (BEHIND, "/\\elsewhere.example"),
    (BEHIND, "https://elsewhere.example"),
    (BEHIND, '/"onclick="'),
    (BEHIND, "/.."),
]


@pytest.mark.parametrize(("environ", "prefix"), NOT_BELIEVED)
def test_what_nobody_trusted_says_or_what_is_no_path_is_none(
    tmp_path: Path, environ: dict[str, str], prefix: str
) -> None:
    answer = ask(team(tmp_path, **environ), "/account", "", {"X-Forwarded-Prefix": prefix})

    assert answer.headers["Location"] == "/sign-in?next=/account"


def ask(app: Flask, path: str, script_name: str, headers: dict[str, str]) -> TestResponse:
    """Request a path as a server passes it on."""
    environ = {"PATH_INFO": path, "SCRIPT_NAME": script_name}
    return app.test_client().get(path, base_url="http://localhost", headers=PAGE | headers, environ_overrides=environ)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/chat/healthz", "/chat/readyz", "/chat/metrics"])
def test_who_watches_the_process_asks_with_the_path_or_without_it(under: Flask, path: str) -> None:
    assert under.test_client().get(path, base_url="http://localhost").status_code == 200


@pytest.mark.parametrize("path", ["/chat", "/chat/", "/", "/chat/?a=b"])
def test_the_first_page_is_there_with_a_slash_and_without(under: Flask, path: str) -> None:
    client = cast.signed_in(under, cast.enrol(under, "ann", "member"))

    assert 'id="text"' in client.get(path, base_url="http://localhost" if "chat" in path else SITE).text


def test_what_only_begins_like_the_path_is_not_under_it(under: Flask) -> None:
    client = cast.signed_in(under, cast.enrol(under, "ann", "member"))

    assert client.get("/chat/chatter", base_url="http://localhost").status_code == 404


def test_the_cookie_is_for_the_path_alone_and_by_https_has_the_prefix_that_a_path_can_have(
    tmp_path: Path, provider: Scripted
) -> None:
    app = team(tmp_path, provider, APP_URL="https://localhost/chat", ACCESS="open")

    answer = app.test_client().post("/chat/conversations", base_url="https://localhost", data=SENT)
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith("__Secure-rivulet-")
    assert {"Secure", "HttpOnly", "Path=/chat", "SameSite=Lax"} <= set(cookie.split("; ")) and "Domain" not in cookie


def test_signing_out_leaves_what_other_apps_on_the_host_keep(under: Flask) -> None:
    assert "Clear-Site-Data" not in under.test_client().post("/sign-out").headers


def test_htmx_is_led_to_sign_in_and_back_to_the_page_it_was_on(under: Flask) -> None:
    headers = HTMX | {"HX-Current-URL": f"{SITE}/conversations/3?at=5"}

    answer = under.test_client().post("/conversations/3/messages", data=SENT, headers=headers)

    assert answer.headers["HX-Redirect"] == "/chat/sign-in?next=/conversations/3%3Fat%3D5"


def test_whole_links_lead_to_the_host_of_app_url_and_the_path_that_a_proxy_says(tmp_path: Path) -> None:
    app = team(tmp_path, APP_URL="https://chat.example.org", TRUSTED_HOSTS="localhost", TRUSTED_PROXIES="1")
    client = cast.signed_in(app, cast.enrol(app, "boss", "admin"))

    page = client.post("/admin/invites", data={"days": "1"}, headers={"X-Forwarded-Prefix": "/chat"}).text

    assert re.search(r"https://chat\.example\.org/chat/invites/[\w-]+", page)


@pytest.mark.parametrize(
    "environ",
    [
        {"APP_URL": "https://chat.example.org/admin"},
        {"APP_URL": "https://chat.example.org/assets/chat"},
        {"SCRIPT_NAME": "/healthz"},
        {"APP_URL": "https://chat.example.org/a b"},
        {"APP_URL": "https://chat.example.org/chat?a=b"},
        {"APP_URL": "https://chat.example.org/../chat"},
        {"APP_URL": "https://chat.example.org//chat"},
        {"SCRIPT_NAME": "chat"},
        {"APP_URL": "https://chat.example.org/chat", "SCRIPT_NAME": "/other"},
        {"APP_URL": "https://chat.example.org", "SCRIPT_NAME": "/other"},
    ],
    ids=str,
)
def test_a_path_that_cannot_be_served_stops_the_start(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match="|".join([*environ, "has pages of its own there"])):
        team(tmp_path, **environ)


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({"APP_URL": "https://Chat.example.org/team/chat/"}, "https://Chat.example.org/team/chat"),
        ({"SCRIPT_NAME": "/chat", "PORT": "8001"}, "http://localhost:8001/chat"),
        ({"HOST": "192.0.2.7"}, "http://192.0.2.7:8000"),
        ({"HOST": "2001:db8::7"}, "http://[2001:db8::7]:8000"),
        ({"HOST": "0.0.0.0"}, ""),
        ({"HOST": "::"}, ""),
    ],
)
def test_links_that_a_shell_prints_have_the_path(environ: dict[str, str], address: str) -> None:
    assert config.address_of(config.load(environ)) == address
