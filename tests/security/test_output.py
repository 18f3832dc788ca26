"""Test the output: drawings are shown as code, input isn't echoed as markup, and no address in a text is fetched."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import app as front_door
from chat import config, providers, rendering
from chat.config import Settings
from tests.asking import HTMX, PAGE, TEXT, address, arguments, begin, ended
from tests.counted import Counted
from tests.marked import SECRETS
from tests.rendering.checks import checked
from tests.scripted import Scripted
from tests.security import cast
from tests.security.calls import SENT, routes
from tests.serving import UNLIMITED

HOSTILE = "<script>alert(1)</script>"
GIVEN_BACK = [
    *("text", "title", "model", "key", "parent", "email", "name", "next", "url", "kind", "role", "days", "uses"),
    *("before", "done", "password", "present", "first", "on", "off"),
]
"""The fields of forms and of addresses: pages give some of them back."""

EVIL = "evil.example"


@pytest.mark.parametrize("language", ["mermaid", "svg", "html", "vega", "vega-lite", "dot", "artifact", "math"])
def test_a_drawing_is_shown_as_its_source(language: str) -> None:
    """OW 26-54011, 26-70480; LB 26-23733: mermaid and vega that run scripts or load what they name."""
    html = rendering.render(
        f'```{language}\n<svg onload="alert(1)"><image href="https://e.example/"/></svg>\n```', "m1"
    )

    assert checked(html)
    assert "<svg" not in html and "<img" not in html and ("<math" if language == "math" else "<pre") in html


@pytest.mark.parametrize("role", ["member", "admin"])
def test_nothing_that_was_sent_is_echoed_as_markup(app: Flask, counted: Counted, role: str) -> None:
    """LC 25-66452, 25-8848; ST 23-27494: errors that reflect."""
    person_id = cast.enrol(app, "ann", role)
    known = arguments(app, **cast.own_things(app, person_id))
    places = [(method, address(app, rule, method, known | named(app, rule))) for _, method, rule in routes(app)]
    calls = 0

    for method, place in [*places, ("GET", f"/{HOSTILE}"), ("GET", f"/conversations/{HOSTILE}"), ("PUT", "/")]:
        for form in (PAGE, HTMX, TEXT):
            fields = dict.fromkeys(GIVEN_BACK, HOSTILE)
            headers = {**form, "Accept-Language": HOSTILE, "User-Agent": HOSTILE, "X-Request-ID": HOSTILE}
            data: dict[str, Any] = {"data": fields} if method != "GET" else {}
            browser = cast.signed_in(app, person_id)
            response = browser.open(place, method=method, query_string=fields, headers=headers, **data)
            with response:
                is_saved = response.headers.get("Content-Disposition", "").startswith("attachment")
                plain = is_saved or response.mimetype in {"text/plain", "text/markdown"}
                assert plain or HOSTILE not in response.text, f"{method} {place} reflects what it was sent"
                assert HOSTILE not in str(response.headers)
            calls += 1
    counted("answers were searched for what was sent", calls)


def named(app: Flask, rule: Rule) -> dict[str, str]:
    """Return a provider's name for addresses that name one."""
    return {"name": next(iter(app.extensions["rivulet"].registry))} if rule.endpoint.startswith("admin_models.") else {}


def test_every_answer_names_its_type(app: Flask) -> None:
    person_id = cast.enrol(app, "ann", "member")
    text = {"text/html", "text/plain", "text/css", "text/javascript", "text/markdown", "text/csv", "text/event-stream"}

    for form in (PAGE, HTMX, TEXT):
        for place, response in answers(app, person_id, form):
            assert not response.get_data() or response.mimetype, place
            assert response.mimetype not in text or response.content_type.endswith("charset=utf-8"), place


def answers(app: Flask, person_id: int, headers: dict[str, str], **more: str) -> Iterator[tuple[str, TestResponse]]:
    """Call every route as a person with their own data, and with more fields; return each answer by its address."""
    for _, method, rule in routes(app):
        place = address(app, rule, method, arguments(app, **cast.own_things(app, person_id)))
        data: dict[str, Any] = {"data": SENT | more} if method == "POST" else {}
        browser = cast.signed_in(app, person_id)
        response = browser.open(place, method=method, query_string=more, headers=headers, **data)
        with response:
            response.get_data()
            yield place, response


def test_a_password_is_typed_unseen_and_managers_know_the_field(app: Flask) -> None:
    pages = "".join(path.read_text() for path in Path(app.root_path, "templates").rglob("*.html"))

    fields = [field for field in re.findall("<input[^>]*>", pages) if re.search("password|present", field)]

    assert len(fields) >= 4
    assert all('type="password"' in field and "autocomplete=" in field for field in fields)
    assert all("paste" not in field and "value=" not in field for field in fields)


def test_a_forged_host_stands_in_no_address(app: Flask) -> None:
    """LB 25-59426; GR 24-4940: a redirect, or a link, to a host that a header names."""
    person_id = cast.enrol(app, "ann", "member")
    forged = {
        "X-Forwarded-Host": EVIL,
        "X-Forwarded-Server": EVIL,
        "Forwarded": f"host={EVIL}",
        "X-Original-Host": EVIL,
    }
    nexts = dict.fromkeys(["next", "url", "return_to", "redirect", "redirect_uri"], f"//{EVIL}")

    for place, response in answers(app, person_id, PAGE | forged, **nexts):
        assert EVIL not in response.headers.get("Location", ""), place
        assert EVIL not in response.text, place


def test_no_route_allows_another_origin_to_read(client: FlaskClient, app: Flask) -> None:
    """OW 26-56400; GR 24-47165, 24-47084; NC 26-7643: every origin, or null, was let in."""
    known = arguments(app, **cast.things(1, 2))
    for _, method, rule in routes(app):
        for origin in (f"https://{EVIL}", "null", "http://localhost"):
            asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            for how in {method, "OPTIONS"}:
                with client.open(address(app, rule, method, known), method=how, headers=asks) as response:
                    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.fixture
def sink() -> Iterator[socket.socket]:
    """A listening port, which would notice if an address were fetched."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def heard(sink: socket.socket) -> bool:
    """Check whether somebody connected."""
    try:
        sink.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_nobody_is_asked_for_an_address_that_stands_in_a_text(
    client: FlaskClient, provider: Scripted, sink: socket.socket
) -> None:
    """OW 24-30256, 25-65958, 26-34225; LC 25-66201; LB 25-62505; ALLM 24-0440; GR 24-1183; CL 26-22219: an address
    that somebody names is fetched. OW 24-7053; LC 25-66450; M365 25-32711: a picture carries data away.
    """
    there = f"http://127.0.0.1:{sink.getsockname()[1]}/secret"
    text = f"{there} [link]({there}) ![picture]({there}) <img src={there}> [r]: {there}\n\n![x][r]\n\n[r]: {there}"
    provider.will_say(text)

    page = ended(client, begin(client, text))
    client.get("/conversations/1.md"), client.get("/conversations/1.json")

    assert there in page and "<img" not in page and not heard(sink)


def test_no_field_says_where_a_provider_is(settings: Settings, sink: socket.socket, tmp_path: Path) -> None:
    """OW 24-7959, 25-29446; LC 26-54033; NC 23-49785, 24-38514, 26-82639; LB 24-32964, 24-37895: an address
    that a visitor sets is asked, with the server's key.
    """
    there = f"http://127.0.0.1:{sink.getsockname()[1]}/v1"
    closed = socket.create_server(("127.0.0.1", 0))
    here = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    closed.close()
    environ = {"INSTANCE": str(tmp_path / "other"), "OPENAI_BASE_URL": here, "OPENAI_MODEL": "small"}
    app = front_door.build(set_up := config.load({**UNLIMITED, **SECRETS, **environ}), providers.from_settings(set_up))
    person_id = cast.enrol(app, "ann", "member")
    named = dict.fromkeys(["base_url", "url", "endpoint", "api_base", "OPENAI_BASE_URL", "host", "provider"], there)
    headers = {"X-Base-URL": there, "X-OpenAI-Base-URL": there, "base-url": there}

    called = [place for place, _ in answers(app, person_id, PAGE | headers, **named)]
    cast.settle(app)

    assert called and not heard(sink)
    assert app.extensions["rivulet"].registry["openai"].url == here
    cast.database(app).dispose()


FILES = ["../../x.html", "..%2f..%2fx", "C:\\x", "a\0b.svg", "．．／x", "x" * 300, "/etc/passwd", "x.svg"]
UPLOADS = ["file", "files", "text", "avatar", "image"]


def test_a_file_that_is_sent_is_kept_nowhere(app: Flask, tmp_path: Path, counted: Counted) -> None:
    """OW 24-6707, 24-7033, 26-44565, 26-54014; LC 24-10361; ALLM 23-4897, 24-13059, 26-24478; GR 24-1561, 25-23042:
    names that lead elsewhere. OW 24-7044, 25-65959, 26-45299; GR 24-47872: files that are served as pages.
    """
    person_id = cast.enrol(app, "ann", "member")
    before, sent = files(tmp_path), 0

    for _, method, rule in [route for route in routes(app) if route[1] == "POST"]:
        for name in FILES:
            place = address(app, rule, method, arguments(app, **cast.own_things(app, person_id)))
            data = {field: (BytesIO(b"<script>"), name, "text/html") for field in UPLOADS} | {"title": "A title"}
            with cast.signed_in(app, person_id).post(place, data=data, headers=PAGE) as response:
                response.get_data()
            sent += 1

    assert files(tmp_path) == before
    counted("files were sent and kept nowhere", sent)


def files(folder: Path) -> set[str]:
    """List the files of a folder and of the one above it."""
    return {str(path) for path in folder.rglob("*")} | {str(path) for path in folder.parent.glob("*")}


@pytest.mark.parametrize(
    "path", ["..%2f..%2fapp.py", "%2e%2e/%2e%2e/app.py", "....//app.py", "/etc/passwd", "..\\app.py"]
)
@pytest.mark.parametrize("before", ["/", "/assets/", "/assets/0/", "/static/", "/conversations/"])
def test_no_address_leads_to_a_file(client: FlaskClient, before: str, path: str) -> None:
    """OW 24-7037, 24-8060; NC 25-50735; LB 26-23835; CL 26-22218; ST 22-35918; GR 23-51449, 24-4941, 26-28414."""
    response = client.get(before + path, follow_redirects=True)

    assert response.status_code in {400, 404}
    assert "def create_app" not in response.text and "root:" not in response.text


def test_what_a_form_says_about_html_is_ignored(client: FlaskClient, app: Flask, provider: Scripted) -> None:
    """OW 26-26192, 26-26193, 26-70486, 26-59214: stored parts of a chat that an attacker wrote."""
    extra = dict.fromkeys(["html", "embeds", "content", "role", "messages", "reasoning"], f"<iframe></iframe>{HOSTILE}")

    client.post("/conversations", data={"text": "Hello?", **extra}, headers=TEXT).get_data()

    page = client.get("/conversations/1").text
    assert HOSTILE not in page and "<iframe" not in page and "iframe" not in str(provider.calls[0].messages)
