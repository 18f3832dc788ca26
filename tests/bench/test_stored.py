"""Test the bench's stored conversations."""

from __future__ import annotations

from bench import stored
from bench.stamps import STAMP
from chat import conversations
from chat.conversations import paging
from chat.storage.database import Database
from tests.turns import guest


def test_a_stored_conversation_is_found_as_if_it_had_been_held(database: Database, person: int) -> None:
    conversation = stored.conversation(database, person, 6)

    current = conversations.find(database, person, conversation)
    messages = paging.newest(database, current.leaf_id).rows
    assert [message.role for message in messages] == ["user", "assistant"] * 3
    html = messages[-1].html or ""
    assert STAMP.search(html.encode()) and "</p>" in html


def test_an_answer_holds_as_many_tokens_as_it_shall() -> None:
    text = stored.said(80)

    assert len(STAMP.findall(text.encode())) == 80
    assert 900 < len(text) < 1100


def test_the_newest_person_is_found(database: Database, person: int) -> None:
    last = guest(database, "bob")

    assert stored.newest_person(database) == last != person
