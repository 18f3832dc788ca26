"""Test a page with an older renderer's answers: safe at once, and right from then on."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from chat import rendering
from chat.routes import pages
from chat.storage.database import Database
from chat.storage.tables import messages
from tests.asking import HTMX, begin, ended
from tests.scripted import Scripted

OLD = "<blink>So it goes.</blink>"


@pytest.fixture
def conversation(app: Flask, client: FlaskClient, provider: Scripted) -> int:
    """A conversation with an answer from an older renderer; its text is *So* it goes."""
    provider.will_say("*So* it goes.")
    begun = begin(client)
    ended(client, begun)
    database: Database = app.extensions["rivulet"].database
    with database.write() as connection:
        is_answer = messages.c.role == "assistant"
        connection.execute(update(messages).where(is_answer).values(html=OLD, html_version=rendering.VERSION - 1))
    return begun


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are rendered from now on."""
    whole, rendered = rendering.render, []

    def noted(text: str, scope: str):
        rendered.append(text)
        return whole(text, scope)

    monkeypatch.setattr(rendering, "render", noted)
    return rendered


def test_an_answer_of_an_older_renderer_is_made_again_once(
    client: FlaskClient, conversation: int, rendered: list[str]
) -> None:
    shown = [client.get(f"/conversations/{conversation}").text for _ in range(3)]

    assert all("<em>So</em> it goes." in page and OLD not in page for page in shown)
    assert rendered == ["*So* it goes."]


def test_until_it_is_made_again_the_text_stands_there_as_it_is(
    client: FlaskClient, conversation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "RENEWAL", 0)
    monkeypatch.setattr("chat.conversations.Renewal._renew", lambda *_: None)

    page = client.get(f"/conversations/{conversation}").text

    assert '<pre class="plain">*So* it goes.</pre>' in page and OLD not in page


def test_what_changes_a_page_does_not_wait_for_it(client: FlaskClient, conversation: int, rendered: list[str]) -> None:
    changed = client.post("/messages/1/shown", headers=HTMX).text

    assert "it goes." in changed and OLD not in changed
    assert "<em>So</em> it goes." in client.get(f"/conversations/{conversation}").text
    assert rendered == ["*So* it goes."]
