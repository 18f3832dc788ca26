"""Test the models on offer, and the page's sentence without any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat.config import Settings
from chat.people import accounts
from chat.providers.base import Model
from chat.providers.openai import OpenAICompatible
from chat.registry import records
from chat.registry.form import ProviderForm
from chat.routes import pages
from tests.asking import HTMX, PAGE, TEXT, begin, rows
from tests.providers.server import Server, delta, sse, whole
from tests.scripted import Scripted
from tests.team import signed_in, team


@pytest.fixture
def bare(settings: Settings) -> Iterator[Flask]:
    """An app without a provider."""
    app = front_door.build(settings, {})
    yield app
    app.extensions["rivulet"].database.dispose()


def test_with_no_model_the_page_opens_and_leads_to_where_one_is_connected(bare: Flask) -> None:
    page = bare.test_client().get("/")

    assert page.status_code == 200
    assert "No model is connected yet." in page.text and 'id="text"' in page.text
    assert 'href="/admin/models">Connect a model</a>' in page.text


@pytest.mark.parametrize("form", [HTMX, TEXT, PAGE])
def test_with_no_model_a_text_is_given_back_with_the_way_to_connect_one(bare: Flask, form: dict[str, str]) -> None:
    response = bare.test_client().post("/conversations", data={"text": "Keep me"}, headers=form)

    assert response.status_code == 503 and "No model is connected yet." in response.text
    assert ('href="/admin/models"' in response.text) == (form is not TEXT)
    assert (">Keep me</textarea>" in response.text) == (form is PAGE)
    assert set(rows(bare).values()) == {0}


def test_a_provider_that_does_not_work_offers_nothing_and_says_why(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "working", False)
    monkeypatch.setattr(provider, "problem", lambda: "The <key> was refused. Set another one.")

    page, send = client.get("/").text, client.post("/conversations", data={"text": "Hello?"}, headers=TEXT)

    assert "The &lt;key&gt; was refused. Set another one." in page and "<option" not in page
    assert (send.status_code, send.text) == (
        503,
        "No model is available. scripted: The <key> was refused. Set another one.\n",
    )


def test_a_model_is_asked_by_its_id_and_its_name_is_no_markup(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "models", lambda: [Model('a/b:"c"', "<script>Name</script>"), Model("d", "D")])
    page = client.get("/").text

    client.post("/conversations", data={"text": "Hello?", "model": 'scripted/a/b:"c"'}, headers=TEXT).get_data()

    assert "&lt;script&gt;Name&lt;/script&gt;" in page and "<script>Name" not in page
    assert provider.calls[0].model == 'a/b:"c"'


def test_without_a_choice_the_first_model_answers(client: FlaskClient, provider: Scripted) -> None:
    client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).get_data()

    assert provider.calls[0].model == "small"


def test_a_send_asks_a_server_again_that_came_up_after_us(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = whole("200 OK", '{"data": [{"id": "a-model"}]}')
    with Server(whole("503 Service Unavailable", ""), listed, sse(delta("Hello.", "stop"), "[DONE]")) as server:
        app = front_door.build(settings, {"openai": OpenAICompatible(f"{server.url}/v1")})
        client = app.test_client()
        assert "is having problems" in client.get("/").text

        said = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).text
        app.extensions["rivulet"].database.dispose()

    assert said.startswith("Hello.")


def test_a_model_that_does_not_seem_to_chat_is_not_on_offer(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "others", lambda: [Model("whisper-1", "Whisper")])

    assert "Whisper" not in client.get("/").text


def chosen(page: str) -> list[str]:
    """Return the values of the chosen options of a page's picker."""
    return re.findall(r'<option value="([^"]+)" selected>', page)


def test_a_new_conversation_has_the_model_that_was_asked_last(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "models", lambda: [Model("a", "A"), Model("b", "B")])
    assert chosen(client.get("/").text) == ["scripted/a"]

    client.post("/conversations", data={"text": "Hello?", "model": "scripted/b"}, headers=TEXT).get_data()
    assert chosen(client.get("/").text) == ["scripted/b"]

    client.post("/conversations/1/messages", data={"text": "And?", "model": "scripted/a"}, headers=TEXT).get_data()
    assert chosen(client.get("/").text) == ["scripted/a"]


def test_a_model_that_is_gone_is_not_remembered(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).get_data()
    monkeypatch.setattr(provider, "models", lambda: [Model("a", "A"), Model("b", "B")])

    assert chosen(client.get("/").text) == ["scripted/a"]


def test_models_of_one_name_stand_under_their_providers(settings: Settings) -> None:
    app = front_door.build(settings, {"near": Scripted(), "far": Scripted()})

    page = app.test_client().get("/").text

    groups = re.findall(r'<optgroup label="(\w+)">\s*<option value="([^"]+)"', page)
    assert groups == [("far", "far/small"), ("near", "near/small")]
    assert chosen(page) == ["near/small"]
    app.extensions["rivulet"].database.dispose()


def test_a_guest_does_not_see_what_is_wrong_with_a_provider(
    tmp_path: Path, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = team(tmp_path, provider, ACCESS="open")
    monkeypatch.setattr(provider, "working", False)
    monkeypatch.setattr(provider, "problem", lambda: "10.0.0.7 can't be reached.")

    for client in (app.test_client(), signed_in(app)):
        page = client.get("/").text
        sent = client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).text
        assert "10.0.0.7" not in page + sent
        assert "Ask your admin." in page and "Ask your admin." in sent
    assert "10.0.0.7" in signed_in(app, "admin@example.org", "admin").get("/").text
    app.extensions["rivulet"].database.dispose()


class Demo(Scripted):
    """A scripted demo model."""

    demo = True


def demo_and(settings: Settings, **others: Scripted) -> FlaskClient:
    """Return a browser at an app with a demo and other providers."""
    return front_door.build(settings, {"local": Demo(), **others}).test_client()


def test_with_the_demo_model_alone_the_page_says_so_and_asks_what_it_can_answer(settings: Settings) -> None:
    page = demo_and(settings).get("/").text

    assert "This is a tiny demo model" in page and 'href="/admin/models">Connect a real one</a>' in page
    assert pages.DEMO_EXAMPLES[0] in page and pages.EXAMPLES[0] not in page


@pytest.mark.parametrize(("local_model", "offered"), [("auto", False), ("on", True)])
def test_with_a_real_model_the_demo_goes_or_comes_last(settings: Settings, local_model: str, offered: bool) -> None:
    page = demo_and(replace(settings, local_model=local_model), real=Scripted()).get("/").text

    assert ("local/small" in page) == offered and chosen(page) == ["real/small"]
    assert pages.EXAMPLES[0] in page and "Connect a real one" not in page


def test_a_conversation_with_the_demo_goes_on_with_a_real_model(settings: Settings) -> None:
    app = front_door.build(settings, {"local": Demo()})
    client, registry = app.test_client(), app.extensions["rivulet"].registry
    client.post("/conversations", data={"text": "Hello?"}, headers=TEXT).get_data()

    with Server(whole("200 OK", '{"data": [{"id": "a"}, {"id": "b"}]}')) as server:
        records.add(registry, "a test", ProviderForm("real", "openai", server.url))
        registry.find("real").refresh()
        page = client.get("/conversations/1").text

    assert chosen(page) == ["real/a"] and "local/small" not in page
    app.extensions["rivulet"].database.dispose()


def test_only_an_operator_is_told_that_a_provider_was_connected(tmp_path: Path, provider: Scripted) -> None:
    app = team(tmp_path, provider)

    pages_of = {
        role: signed_in(app, f"{role}@example.org", role).get("/?connected=scripted") for role in accounts.ROLES
    }

    assert ["is connected: 2 models." in page.text for page in pages_of.values()] == [False, True]
    assert "is connected" not in signed_in(app, "admin@example.org").get("/?connected=<b>x").text
    app.extensions["rivulet"].database.dispose()


def test_a_providers_problem_is_named_before_a_conversation_and_not_below_each_one(
    app: Flask, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "problem", lambda: "The server is away.")
    client = signed_in(app, role="admin")
    begin(client)

    assert "The server is away." in client.get("/").text
    assert "The server is away." not in client.get("/conversations/1").text
