"""Test that a key that a provider echoes in any form reaches no page, no log and no database."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask

from chat.server import logs
from tests.asking import TEXT, ended
from tests.providers.server import Script, Server, delta, sse, whole
from tests.team import signed_in

KEY = "sk-proj-Zq7Yw3Xv9/Tu+5Rs1P0"
TELLING = (KEY, KEY[:12], KEY[-8:], "Zq7Yw3Xv9", quote(KEY, safe=""))

WRITTEN = {
    "whole": KEY,
    "starred": f"{KEY[:12]}{'*' * 12}{KEY[-4:]}",
    "for an address": quote(KEY, safe=""),
}


def failing(status: str, **error: str) -> Script:
    """Write a failure of the OpenAI protocol."""
    return whole(status, json.dumps({"error": error}))


SCRIPTS: dict[str, Callable[[str], Script]] = {
    "its own words, 401": lambda said: failing("401 Unauthorized", message=f"Incorrect API key provided: {said}"),
    "its own words, 400": lambda said: failing("400 Bad Request", message=f"Odd header: {said}"),
    "its code, 422": lambda said: failing("422 Odd", message="Odd", code=said),
    "the reason phrase": lambda said: whole(f"500 Incorrect API key provided: {said}", "Error"),
    "a page": lambda said: whole("403 Forbidden", f"<p>{said}</p>", "Content-Type: text/html"),
    "an error in the stream": lambda said: sse(delta("Hel"), {"error": {"message": f"Odd key {said}"}}),
    "an error before a word": lambda said: sse({"error": {"message": f"Odd key {said}"}}),
    "the reason of the end": lambda said: sse(delta("Hello", f"stop {said}"), "[DONE]"),
    "a redirect": lambda said: whole("302 Found", "", f"Location: http://127.0.0.1:9/{said}"),
}


@pytest.fixture
def app(team_app: Flask) -> Flask:
    """An app that a team shares."""
    return team_app


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log, as it is written."""
    caplog.handler.setFormatter(logs.Text())
    caplog.set_level(logging.DEBUG)
    return caplog


def stored(folder: Path) -> bytes:
    """Read the database's files, as an attacker with access to them would."""
    return b"".join(path.read_bytes() for path in (folder / "instance").glob("rivulet.db*"))


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("way", SCRIPTS)
def test_a_key_that_a_provider_echoes_is_nowhere(
    app: Flask, tmp_path: Path, log: pytest.LogCaptureFixture, way: str, written: str
) -> None:
    """Hold LC 44653, ALLM 24-7783: the provider's own words can hold our key."""
    script: Script = SCRIPTS[way](WRITTEN[written])
    admin, member = signed_in(app, "root@example.org", role="admin"), signed_in(app)
    with Server(whole("200 OK", '{"data": [{"id": "gpt"}]}'), script) as server:
        admin.post("/admin/models", data={"name": "acme", "kind": "openai", "url": server.url, "key": KEY})
        pages = [admin.get("/admin/models/acme").text]
        said = member.post("/conversations", data={"text": "Hello?", "model": "acme/gpt"}, headers=TEXT).text
        asked = server.head["authorization"]
        pages += [said, ended(member, 1), member.get("/conversations/1.json").text]

    admin.post("/admin/models/acme/asking")
    pages += [admin.get(path).text for path in ("/admin/models", "/admin/models/acme", "/admin/audit")]

    assert asked == f"Bearer {KEY}" and len(server.requests) >= 2
    files = stored(tmp_path)
    assert b"Hello?" in files and KEY[-4:] in pages[0]
    for part in TELLING:
        assert not [page for page in pages if part in page]
        assert part not in log.text and part.encode() not in files


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    "way", ["its own words, 401", "its own words, 400", "the reason phrase", "a page", "a redirect"]
)
def test_a_key_that_is_echoed_instead_of_a_list_of_models_is_nowhere(
    app: Flask, log: pytest.LogCaptureFixture, way: str, written: str
) -> None:
    """The error of a list of models, which can hold our key, is shown to admins and to all users."""
    admin = signed_in(app, "root@example.org", role="admin")
    with Server(SCRIPTS[way](WRITTEN[written])) as server:
        admin.post("/admin/models", data={"name": "acme", "kind": "openai", "url": server.url, "key": KEY})
        admin.post("/admin/models/acme/asking")
        pages = [admin.get(path).text for path in ("/admin/models", "/admin/models/acme", "/")]

    assert "Not working" in pages[0]
    assert not [part for part in TELLING if part in log.text or [page for page in pages if part in page]]


def test_a_key_follows_no_redirect(app: Flask) -> None:
    """Hold OW 26-45401 and LB 24-37895: a redirect's other host receives no request, and no key."""
    admin = signed_in(app, "root@example.org", role="admin")
    with (
        Server(whole("200 OK", "{}")) as sink,
        Server(whole("307 Elsewhere", "", f"Location: {sink.url}/v1/models")) as server,
    ):
        admin.post("/admin/models", data={"name": "acme", "kind": "openai", "url": server.url, "key": KEY})
        admin.post("/admin/models/acme/asking")

        assert server.requests and sink.connections == 0
