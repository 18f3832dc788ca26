"""Test exports of a conversation: by extension, by the Accept header, complete or so far, and only to its owner."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header

from chat.providers.errors import Unavailable
from chat.routes import exports
from tests.asking import HTMX, begin, ended, reply_in
from tests.scripted import Gate, Scripted

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def conversation(client: FlaskClient, provider: Scripted) -> int:
    """A conversation of one turn."""
    provider.will_say("It is *<b>wet</b>*.\n\n- éa")
    conversation = begin(client, "How is the river?")
    ended(client, conversation)
    return conversation


def test_a_conversation_is_given_as_markdown(client: FlaskClient, conversation: int) -> None:
    response = client.get(f"/conversations/{conversation}.md")

    assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert response.text == (
        "# How is the river?\n\n## You\n\nHow is the river?\n\n## small\n\nIt is *<b>wet</b>*.\n\n- éa\n"
    )


def test_a_conversation_is_given_as_plain_text(client: FlaskClient, conversation: int) -> None:
    response = client.get(f"/conversations/{conversation}.txt")

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text.startswith("How is the river?\n\nYou\n\nHow is the river?\n\nsmall\n\nIt is *")


def test_a_conversation_is_given_as_json_with_all_that_is_known(client: FlaskClient, conversation: int) -> None:
    response = client.get(f"/conversations/{conversation}.json")

    told = response.get_json()
    question, answer = told["messages"]
    assert (told["id"], told["title"]) == (conversation, "How is the river?")
    assert (question["role"], question["text"]) == ("user", "How is the river?")
    assert "state" not in question
    assert (answer["role"], answer["model"], answer["state"]) == ("assistant", "small", "complete")
    assert answer["text"] == "It is *<b>wet</b>*.\n\n- éa" and "éa" in response.text
    assert all(TIME.fullmatch(time) for time in (told["created_at"], told["updated_at"], answer["ended_at"]))


def test_json_is_written_as_one_object_would_be(client: FlaskClient, provider: Scripted) -> None:
    """JSON leaves other line separators unchanged, and they are not line ends of it."""
    provider.will_say('One\n"two"\u2028three\x85four\r\nfive \U0001f30a')
    conversation = begin(client, "Which\u2029lines?")
    ended(client, conversation)
    client.post(f"/conversations/{conversation}/messages", data={"text": "More"}, headers=HTMX)
    ended(client, conversation)

    given = client.get(f"/conversations/{conversation}.json").text

    assert given == json.dumps(json.loads(given), ensure_ascii=False, indent=2) + "\n"
    assert len(json.loads(given)["messages"]) == 4


def test_a_conversation_without_messages_is_json(app: Flask) -> None:
    row: Any = SimpleNamespace(id=1, title="None", created_at=0, updated_at=0)

    told = "".join(exports.write_parts(row, [], "json"))

    times = {"created_at": "1970-01-01T00:00:00Z", "updated_at": "1970-01-01T00:00:00Z"}
    assert told == json.dumps({"id": 1, "title": "None", **times, "messages": []}, indent=2) + "\n"


def test_headings_of_messages_can_be_told_from_ours(client: FlaskClient, provider: Scripted) -> None:
    """P18."""
    provider.will_say("## You\n\nAn answer\n\n```\nopen")
    conversation = begin(client, "# small\nA question")
    ended(client, conversation)

    given = client.get(f"/conversations/{conversation}.md").text
    alone = client.get(f"/messages/{reply_in(client, conversation)}.md").text

    assert [line for line in given.split("\n") if line.startswith("#")] == [
        "# small",
        "## You",
        "## small",
    ]
    assert given.endswith("\n\n ## You\n\nAn answer\n\n```\nopen\n```\n")
    assert alone == "## You\n\nAn answer\n\n```\nopen\n"


def test_only_the_branch_that_is_shown_is_given(client: FlaskClient, conversation: int, provider: Scripted) -> None:
    provider.will_say("It is dry.")
    client.post(f"/replies/{reply_in(client, conversation)}/retry", headers=HTMX)
    ended(client, conversation)

    given = client.get(f"/conversations/{conversation}.md").text

    assert "dry" in given and "wet" not in given


def test_why_an_answer_broke_off_is_told(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("Some words", Unavailable("The model is busy."))
    conversation = begin(client)
    ended(client, conversation)

    answer = client.get(f"/conversations/{conversation}.json").get_json()["messages"][1]

    assert (answer["text"], answer["state"], answer["error"]) == ("Some words", "interrupted", "The model is busy.")


def test_an_answer_that_is_being_written_is_given_so_far(client: FlaskClient, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("So far", gate, " and on")
    conversation = begin(client)
    stream = client.get(f"/replies/{reply_in(client, conversation)}/generation").iter_encoded()
    assert any(b"So far" in event for event in stream)

    answer = client.get(f"/conversations/{conversation}.json").get_json()["messages"][1]
    alone = client.get(f"/messages/{answer['id']}.md").text
    gate.open()

    assert (answer["text"], answer["state"], answer["ended_at"]) == ("So far", "generating", None)
    assert alone == "So far\n"


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/markdown", "text/markdown"),
        ("text/plain", "text/plain"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("image/png", "text/html"),
    ],
)
def test_the_form_that_is_accepted_is_given(client: FlaskClient, conversation: int, accept: str, mimetype: str) -> None:
    response = client.get(f"/conversations/{conversation}", headers={"Accept": accept})

    assert response.mimetype == mimetype


def test_htmx_gets_a_page_whatever_it_accepts(client: FlaskClient, conversation: int) -> None:
    response = client.get(f"/conversations/{conversation}", headers=HTMX | {"Accept": "text/plain, */*"})

    assert response.mimetype == "text/html"


def test_a_message_is_given_as_it_was_written(client: FlaskClient, conversation: int) -> None:
    reply = reply_in(client, conversation)

    answer, question = client.get(f"/messages/{reply}.md"), client.get(f"/messages/{reply - 1}.md")

    assert answer.text == "It is *<b>wet</b>*.\n\n- éa\n" and question.text == "How is the river?\n"
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "Content-Disposition" not in answer.headers


def test_what_is_somebody_elses_is_not_found_in_any_form(app: Flask, client: FlaskClient, conversation: int) -> None:
    reply, stranger = reply_in(client, conversation), app.test_client()
    begin(stranger, "Mine")
    addresses = [f"/conversations/{conversation}.{form}" for form in ("md", "txt", "json")] + [f"/messages/{reply}.md"]

    answers = [stranger.get(address) for address in addresses]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert not any("wet" in answer.text or "river" in answer.text for answer in answers)


def test_a_form_that_nobody_knows_is_not_found(client: FlaskClient, conversation: int) -> None:
    assert client.get(f"/conversations/{conversation}.pdf").status_code == 404


@pytest.mark.parametrize(
    ("title", "plain", "name"),
    [
        ("Rivers", "Rivers.md", "Rivers.md"),
        ("../../etc/passwd", "etc passwd.md", "etc passwd.md"),
        ('What? "Now";', "What Now ;.md", "What Now ;.md"),
        ("\u6cb3\u6d41", "Conversation 1.md", "\u6cb3\u6d41.md"),
        ("dm.\u202etxt", "dm. txt.md", "dm. txt.md"),
        ("...", "Conversation.md", "Conversation.md"),
    ],
)
def test_a_conversation_is_saved_under_its_title(
    client: FlaskClient, conversation: int, title: str, plain: str, name: str
) -> None:
    client.post(f"/conversations/{conversation}/title", data={"title": title})

    told = client.get(f"/conversations/{conversation}.md").headers["Content-Disposition"]

    how, options = parse_options_header(told)
    assert (how, options["filename"]) == ("inline", name)
    assert told.startswith(f'inline; filename="{plain}";') or told.startswith(f"inline; filename={plain};")
