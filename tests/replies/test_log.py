"""Test the log of pieces: which process may write, what is kept, what is new."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from chat import conversations
from chat.conversations import Turn
from chat.replies import log
from chat.replies.log import Ending, ReplyUpdate
from chat.storage.database import Database
from chat.storage.tables import pieces
from tests.replies.writing import abandoned, change, numbered_pieces
from tests.turns import answered, asked, count, stored


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn whose reply is being written."""
    return asked(database, person)


def news(turn: Turn, *said: str, seq: int = 0, ending: Ending | None = None) -> ReplyUpdate:
    """Return a batch that a turn's writer stores."""
    assert turn.owner
    return ReplyUpdate(turn.reply_id, turn.owner, seq, list(said), ending)


def store(database: Database, *items: ReplyUpdate) -> set[int]:
    with database.write() as connection:
        return log.store(connection, items)


def test_pieces_are_read_in_the_order_they_were_said(database: Database, turn: Turn) -> None:
    store(database, news(turn, "So ", "it "))
    store(database, news(turn, "goes", seq=2))

    assert log.read_pieces(database, turn.reply_id).text == ["So ", "it ", "goes"]
    later = log.read_updates(database, {turn.reply_id: (2, 0)})
    assert later == ({turn.reply_id: (["goes"], [])}, {turn.reply_id: (0, 0)})


def test_pieces_that_are_stored_already_change_nothing(database: Database, turn: Turn) -> None:
    store(database, news(turn, "So ", "it "))
    store(database, news(turn, "So ", "it ", "goes"))

    assert log.read_pieces(database, turn.reply_id).text == ["So ", "it ", "goes"]


def test_reasoning_is_numbered_and_read_apart_from_the_text(database: Database, turn: Turn) -> None:
    first = replace(news(turn, "So "), thoughts=["Hm. ", "Let me "])
    later = replace(news(turn, "it goes", seq=1), heard=2, thoughts=["see."])

    for update in (first, later, later):
        store(database, update)

    thoughts = [(-3, "see."), (-2, "Let me "), (-1, "Hm. ")]
    assert numbered_pieces(database, turn.reply_id) == [*thoughts, (0, "So "), (1, "it goes")]
    assert log.read_pieces(database, turn.reply_id) == (["So ", "it goes"], ["Hm. ", "Let me ", "see."])
    assert log.read_updates(database, {turn.reply_id: (2, 1)})[0] == {turn.reply_id: ([], ["Let me ", "see."])}


def test_the_news_of_many_replies_are_kept_apart(database: Database, person: int) -> None:
    turns = [asked(database, person) for _ in range(3)]

    kept = store(database, *[news(turn, f"{number}") for number, turn in enumerate(turns)])

    assert kept == {turn.reply_id for turn in turns}
    assert [log.read_pieces(database, turn.reply_id).text for turn in turns] == [["0"], ["1"], ["2"]]


def test_a_writer_that_lost_its_reply_changes_nothing(database: Database, person: int, turn: Turn) -> None:
    mine = asked(database, person)
    change(database, turn.reply_id, owner="another")

    kept = store(database, news(turn, "Too late"), news(mine, "In time"))

    assert kept == {mine.reply_id}
    assert log.read_updates(database, {turn.reply_id: (0, 0)}) == ({}, {turn.reply_id: (0, 0)})


def test_a_writer_that_lost_its_reply_does_not_end_it(database: Database, turn: Turn) -> None:
    change(database, turn.reply_id, owner="another")

    kept = store(database, news(turn, ending=Ending("complete", "Mine.", "", 1)))

    assert kept == set()
    assert stored(database, turn.reply_id).state == "generating"


def test_a_reply_that_was_deleted_is_nobodys(database: Database, person: int, turn: Turn) -> None:
    conversations.delete(database, person, turn.conversation_id)

    assert store(database, news(turn, "Hello?")) == set()
    assert count(database, pieces) == 0


def test_the_end_moves_the_text_into_the_message(database: Database, turn: Turn) -> None:
    store(database, news(turn, "So it "))
    facts: dict[str, str | int | None] = {
        "finish_reason": "stop",
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "left_out": 3,
        "error": None,
    }

    store(
        database, news(turn, "goes.", seq=1, ending=Ending("complete", "So it goes.", "<p>So it goes.</p>", 4, facts))
    )

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.html) == ("complete", "So it goes.", "<p>So it goes.</p>")
    assert {name: reply._mapping[name] for name in facts} == facts
    assert (reply.owner, reply.lease_until) == (None, None)
    assert reply.ended_at is not None
    assert log.read_updates(database, {turn.reply_id: (0, 0)}) == ({}, {})


def test_a_reply_ends_once(database: Database, turn: Turn) -> None:
    answered(database, turn, "First.")

    with database.write() as connection:
        ended = log.end_reply(connection, turn.reply_id, turn.owner or "", Ending("failed", "Second.", "", 1))

    assert ended is False
    assert stored(database, turn.reply_id).text == "First."


def test_only_its_owner_ends_a_reply(database: Database, turn: Turn) -> None:
    with database.write() as connection:
        ended = log.end_reply(connection, turn.reply_id, "another", Ending("failed", "Not mine.", "", 1))

    assert ended is False
    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).text) == ("generating", "")


def test_what_is_new_comes_from_each_replys_own_number_on(database: Database, person: int) -> None:
    turns = [abandoned(database, person, "So ", "it ", "goes") for _ in range(3)]
    ids = [turn.reply_id for turn in turns]
    answered(database, turns[2])

    found, generating = log.read_updates(database, {ids[0]: (1, 0), ids[1]: (3, 0), ids[2]: (0, 0), 99: (0, 0)})

    assert found == {ids[0]: (["it ", "goes"], [])}
    assert generating == {ids[0]: (0, 0), ids[1]: (0, 0)}


def test_the_news_of_hundreds_of_replies_take_two_queries(database: Database, turn: Turn) -> None:
    store(database, news(turn, "So"))
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    found, generating = log.read_updates(database, dict.fromkeys([*range(100, 2_000), turn.reply_id], (0, 0)))

    assert (found, generating) == ({turn.reply_id: (["So"], [])}, {turn.reply_id: (0, 0)})
    assert len([statement for statement in statements if "SELECT" in statement]) == 2
