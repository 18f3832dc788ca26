"""Test queries: a person finds their own conversations, and no one else's."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from chat import conversations
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import conversations as conversation_table
from chat.storage.tables import messages, pieces, replies
from tests.turns import CHOICE, answered, asked, count, grown, guest


@pytest.fixture
def other(database: Database) -> int:
    """Another guest."""
    return guest(database, "bob")


def texts(database: Database, leaf_id: int | None) -> list[str]:
    return [row.text for row in conversations.read_transcript(database, leaf_id)]


def test_a_person_sees_their_own_conversations_only(database: Database, person: int, other: int) -> None:
    asked(database, person, "Ann's")
    asked(database, other, "Bob's")

    assert [row.title for row in conversations.listing(database, person)] == ["Ann's"]
    assert [row.title for row in conversations.listing(database, other)] == ["Bob's"]


def test_a_visitor_who_said_nothing_has_no_conversations(database: Database, person: int) -> None:
    asked(database, person)

    assert conversations.listing(database, None) == []


def test_the_list_knows_which_conversation_is_answering(database: Database, person: int) -> None:
    answered(database, asked(database, person, "Done"))
    asked(database, person, "Running")

    listed = {row.title: bool(row.answering) for row in conversations.listing(database, person)}

    assert listed == {"Done": False, "Running": True}


def test_the_list_is_as_long_as_asked_for_and_begins_with_the_newest(database: Database, person: int) -> None:
    with database.write() as connection:
        for number in range(5):
            row = {"person_id": person, "title": str(number), "created_at": clock(), "updated_at": clock() + number}
            connection.execute(insert(conversation_table).values(row))

    assert [row.title for row in conversations.listing(database, person, 3)] == ["4", "3", "2"]


@pytest.mark.parametrize("stranger", ["other", "nobody"])
@pytest.mark.parametrize(
    "look",
    [
        lambda database, who, turn: conversations.find(database, who, turn.conversation_id),
        lambda database, who, turn: conversations.reply_of(database, who, turn.reply_id),
        lambda database, who, turn: conversations.delete(database, who, turn.conversation_id),
        lambda database, who, turn: conversations.try_again(database, Asker(who), turn.reply_id, CHOICE),
        lambda database, who, turn: asked(database, who, "May I?", turn.conversation_id),
    ],
    ids=["find", "reply_of", "delete", "try_again", "ask"],
)
def test_what_is_somebody_elses_is_not_found(look, stranger: str, database: Database, person: int, other: int) -> None:
    turn = answered(database, asked(database, person))

    with pytest.raises(NotFound):
        look(database, other if stranger == "other" else None, turn)

    assert texts(database, turn.reply_id) == ["Hello?", "Hi."]


def test_what_was_never_there_is_not_found(database: Database, person: int) -> None:
    for look in (conversations.find, conversations.reply_of, conversations.delete):
        with pytest.raises(NotFound):
            look(database, person, 99)


def test_the_owner_finds_everything(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person), "Hi.")

    assert conversations.find(database, person, turn.conversation_id).leaf_id == turn.reply_id
    assert conversations.reply_of(database, person, turn.reply_id).text == "Hi."


def test_deleting_takes_a_long_conversation_too(database: Database, person: int) -> None:
    """SQLite follows a thousand links from parent to child, and then gives up."""
    turn = grown(database, person, 2000)

    conversations.delete(database, person, turn.conversation_id)

    assert count(database, messages) == 0


def test_deleting_takes_all_that_was_said(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))
    running = asked(database, person, "And?", turn.conversation_id)
    with database.write() as connection:
        connection.execute(insert(pieces).values(reply_id=running.reply_id, seq=0, text="So"))
    kept = answered(database, asked(database, person, "Another"))

    stopped = conversations.delete(database, person, turn.conversation_id)

    assert stopped == [running.reply_id]
    assert [count(database, table) for table in (conversation_table, messages, replies, pieces)] == [1, 2, 1, 0]
    assert texts(database, kept.reply_id) == ["Another", "Hi."]


def test_a_number_is_never_given_twice(database: Database, person: int) -> None:
    first = answered(database, asked(database, person))
    conversations.delete(database, person, first.conversation_id)

    second = asked(database, person)

    assert second.conversation_id > first.conversation_id
    assert second.reply_id > first.reply_id
