"""Test the announcements for screen readers: an answer begins, and how it ended, even if it ended at once."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from chat.conversations import Turn
from chat.providers.errors import Unavailable
from chat.replies import Replies
from tests.asking import HTMX, begin, ended, reply_in
from tests.scripted import Gate, Scripted, Step

ENDS = [
    (["Quick."], "Answer complete."),
    ([Unavailable("The model is busy.")], "The model is busy."),
]


def announced(html: str) -> str:
    """Read the announcement."""
    return html.split('hx-target="#announcement" hx-swap="innerHTML">')[1].split("<")[0].strip()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every answer end before its sender hears of it."""
    start = Replies.start

    def start_and_wait(replies: Replies, turn: Turn) -> None:
        start(replies, turn)
        follower = replies.follow(turn.reply_id)
        while follower.next(1.0) is not None:
            pass

    monkeypatch.setattr(Replies, "start", start_and_wait)


@pytest.mark.parametrize(("script", "words"), ENDS)
def test_an_answer_that_is_there_at_once_is_announced_as_it_is(
    client: FlaskClient, provider: Scripted, hurried: None, script: list[Step], words: str
) -> None:
    for _ in range(3):
        provider.will_say(*script)

    first = client.post("/conversations", data={"text": "Hello?"}, headers=HTMX)
    address = first.headers["HX-Push-Url"]
    second = client.post(f"{address}/messages", data={"text": "And?"}, headers=HTMX)
    reply = reply_in(client, int(address.rsplit("/", 1)[1]))
    again = client.post(f"/replies/{reply}/retry", headers=HTMX)

    assert [announced(answer.text) for answer in (first, second, again)] == [words] * 3


def test_an_answer_that_begins_is_announced_and_so_is_its_being_stopped(
    client: FlaskClient, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("Hm", gate)
    sent = client.post("/conversations", data={"text": "Hello?"}, headers=HTMX)
    conversation = int(sent.headers["HX-Push-Url"].rsplit("/", 1)[1])
    reply = reply_in(client, conversation)

    client.post(f"/replies/{reply}/stop", headers=HTMX)
    end = client.get(f"/replies/{reply}/generation").text

    assert announced(sent.text) == "Answering…"
    assert f'id="reply-{reply}-notice" role="status"' in sent.text
    assert "Answer stopped." in end


def test_a_version_that_was_there_before_is_no_new_answer(client: FlaskClient, provider: Scripted) -> None:
    conversation = begin(client)
    ended(client, conversation)
    first = reply_in(client, conversation)
    client.post(f"/replies/{first}/retry", headers=HTMX)
    ended(client, conversation)

    shown = client.post(f"/messages/{first}/shown", headers=HTMX).text

    assert announced(shown) == "Showing version 1 of 2."


def test_an_opened_chat_is_announced_by_its_title_alone(client: FlaskClient, provider: Scripted) -> None:
    opened, unread = begin(client, "Rivers & seas"), begin(client, "Lakes")
    for conversation in (opened, unread):
        ended(client, conversation)

    title = client.get(f"/conversations/{opened}", headers=HTMX).text
    new = client.get("/", headers=HTMX).text

    assert "<title>(1) Rivers &amp; seas · Rivulet</title>" in title and announced(title) == "Rivers &amp; seas"
    assert announced(new) == "New chat"


def test_a_deletion_is_announced_also_that_of_the_open_chat(client: FlaskClient, provider: Scripted) -> None:
    opened, other = begin(client), begin(client)
    here = HTMX | {"HX-Current-URL": f"http://localhost/conversations/{opened}"}

    gone = [client.post(f"/conversations/{each}/deletion", headers=here).text for each in (other, opened)]

    assert [announced(each) for each in gone] == ["Deleted.", "Deleted."]
