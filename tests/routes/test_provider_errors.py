"""Test that an answer names its provider, and that the provider's address is only for admins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat import config, providers
from chat.config import Settings
from tests.asking import TEXT, ended
from tests.providers.server import END, RESET, Script, Server, chunk, delta, head, sse, whole
from tests.team import signed_in

LIST = whole("200 OK", '{"data": [{"id": "gpt"}]}')
FAILURES: dict[str, Script] = {
    "a wrong key": whole("401 Unauthorized", "{}"),
    "no access": whole("403 Forbidden", "{}"),
    "another address": whole("405 Method Not Allowed", ""),
    "a redirect": whole("302 Found", "", "Location: http://127.0.0.1:9/"),
    "an outage": whole("503 Service Unavailable", "{}"),
    "a web page": whole("200 OK", "<html>no", "Content-Type: text/html"),
    "an unasked compression": whole("200 OK", "x", "Content-Encoding: gzip"),
    "no answer": sse({"error": {"message": "oh"}}),
    "an end in the middle": [head("200 OK", "Content-Type: text/event-stream"), chunk(b"data: {oops\n\n"), END],
    "its address in its words": whole("400 Bad Request", '{"error": {"message": "dial tcp 127.0.0.1:9: refused"}}'),
    "its address in its answer": sse({"error": {"message": "http://127.0.0.1/v1 is away"}}),
    "its address after a word": sse(delta("Hello "), {"error": {"message": "lost 127.0.0.1"}}),
    "a reset after a word": [*sse(delta("Hello "))[:-1], RESET],
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.providers.http.client.PAUSES", (0.0, 0.0))


@pytest.fixture
def admin(team_app: Flask) -> FlaskClient:
    return signed_in(team_app, "root@example.org", role="admin")


@pytest.fixture
def member(team_app: Flask) -> FlaskClient:
    return signed_in(team_app)


def connect(admin: FlaskClient, server: Server) -> None:
    """Add the server as a provider with a name of its own."""
    admin.post("/admin/models", data={"name": "River Labs", "kind": "openai", "url": server.url, "key": "sk-12345678"})


def read(member: FlaskClient) -> str:
    """Ask, and return all that the member can read of the answer."""
    sent = member.post("/conversations", data={"text": "Hello?", "model": "River Labs/gpt"}, headers=TEXT).text
    return sent + ended(member, 1) + member.get("/conversations/1.json").text


@pytest.mark.parametrize("failure", FAILURES)
def test_an_answer_that_failed_names_the_provider_and_not_its_address(
    admin: FlaskClient, member: FlaskClient, failure: str
) -> None:
    with Server(LIST, FAILURES[failure]) as server:
        connect(admin, server)

        pages = read(member)

    assert pages.count("River Labs ") >= 3 and "127.0.0.1" not in pages


def test_a_server_that_is_down_is_named_to_members_and_its_address_told_to_admins(
    admin: FlaskClient, member: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(LIST) as server:
        connect(admin, server)

    pages = read(member)
    seen = admin.post("/admin/models/River%20Labs/asking", follow_redirects=True).text

    assert "River Labs can&#39;t be reached. Ask your admin to check that it is running" in pages
    assert "127.0.0.1" not in pages and f"{server.host} can't be reached" in caplog.text
    assert f"{server.host} can&#39;t be reached. Check that it is running" in seen


@pytest.fixture
def alone(settings: Settings) -> Iterator[FlaskClient]:
    """A person on their own machine, with a provider from environment variables."""
    with Server(LIST, whole("401 Unauthorized", "{}")) as server:
        environ = {"INSTANCE": str(settings.instance), "OPENAI_API_KEY": "sk-12345678", "OPENAI_BASE_URL": server.url}
        ours = config.load(environ)
        app = front_door.build(ours, providers.from_settings(ours))
        yield app.test_client()
        app.extensions["rivulet"].database.dispose()


def test_on_one_s_own_machine_the_advice_is_for_the_reader(alone: FlaskClient) -> None:
    alone.post("/conversations", data={"text": "Hello?"}, headers=TEXT).get_data()

    assert "The provider rejected the API key. Check it." in ended(alone, 1)


def test_openai_s_own_key_in_the_environment_makes_a_provider_with_its_name(tmp_path: Path) -> None:
    known = {"INSTANCE": str(tmp_path), "OPENAI_API_KEY": "sk-12345678"}

    named = providers.from_settings(config.load(known | {"LOCAL_MODEL": "on"}))
    other = providers.from_settings(config.load(known | {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}))

    assert [provider.name for provider in named.values()] == ["OpenAI", "The demo model"]
    assert [provider.name for provider in other.values()] == ["The provider"]
