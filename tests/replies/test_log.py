"""The log of pieces: who may write, what is kept, who takes over."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from chat import conversations
from chat.conversations import Turn
from chat.conversations.asking import LEASE
from chat.database import Database, clock
from chat.replies import log
from chat.replies.log import Ending, News
from chat.tables import pieces, replies
from tests.turns import answered, asked, count, stored


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn whose reply is being written."""
    return asked(database, person)


def news(turn: Turn, *said: str, seq: int = 0, ending: Ending | None = None) -> News:
    """What a turn's writer has to store."""
    assert turn.owner
    return News(turn.reply_id, turn.owner, seq, list(said), ending)


def store(database: Database, *items: News) -> set[int]:
    with database.write() as connection:
        return log.store(connection, items)


def change(database: Database, reply_id: int, **values: object) -> None:
    """Let something happen to a reply elsewhere."""
    with database.write() as connection:
        connection.execute(update(replies).where(replies.c.id == reply_id).values(values))


def lease_left(database: Database, reply_id: int) -> int:
    with database.read() as connection:
        return connection.execute(select(replies.c.lease_until - clock()).where(replies.c.id == reply_id)).scalar_one()


def test_pieces_are_read_in_the_order_they_were_said(database: Database, turn: Turn) -> None:
    store(database, news(turn, "So ", "it "))
    store(database, news(turn, "goes", seq=2))

    assert log.since(database, turn.reply_id, 0) == (["So ", "it ", "goes"], True)
    assert log.since(database, turn.reply_id, 2) == (["goes"], True)


def test_the_news_of_many_replies_are_kept_apart(database: Database, person: int) -> None:
    turns = [asked(database, person) for _ in range(3)]

    kept = store(database, *[news(turn, f"{number}") for number, turn in enumerate(turns)])

    assert kept == {turn.reply_id for turn in turns}
    assert [log.since(database, turn.reply_id, 0)[0] for turn in turns] == [["0"], ["1"], ["2"]]


def test_a_writer_that_lost_its_reply_changes_nothing(database: Database, person: int, turn: Turn) -> None:
    mine = asked(database, person)
    change(database, turn.reply_id, owner="another")

    kept = store(database, news(turn, "Too late"), news(mine, "In time"))

    assert kept == {mine.reply_id}
    assert log.since(database, turn.reply_id, 0) == ([], True)


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
    facts = {"finish_reason": "stop", "prompt_tokens": 7, "completion_tokens": 2, "left_out": 3, "error": None}

    store(
        database, news(turn, "goes.", seq=1, ending=Ending("complete", "So it goes.", "<p>So it goes.</p>", 4, facts))
    )

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.html) == ("complete", "So it goes.", "<p>So it goes.</p>")
    assert {name: reply._mapping[name] for name in facts} == facts
    assert (reply.owner, reply.lease_until) == (None, None)
    assert reply.ended_at is not None
    assert log.since(database, turn.reply_id, 0) == ([], False)


def test_a_reply_ends_once(database: Database, turn: Turn) -> None:
    answered(database, turn, "First.")

    with database.write() as connection:
        ended = log.end(connection, turn.reply_id, turn.owner or "", Ending("failed", "Second.", "", 1))

    assert ended is False
    assert stored(database, turn.reply_id).text == "First."


def test_only_its_owner_ends_a_reply(database: Database, turn: Turn) -> None:
    with database.write() as connection:
        ended = log.end(connection, turn.reply_id, "another", Ending("failed", "Not mine.", "", 1))

    assert ended is False
    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).text) == ("generating", "")


def test_a_lease_is_put_off_while_its_writer_lives(database: Database, turn: Turn) -> None:
    change(database, turn.reply_id, lease_until=clock() - 3)

    with database.write() as connection:
        lost, stopped = log.renew(connection, {turn.reply_id: turn.owner or ""})

    assert (lost, stopped) == (set(), set())
    assert lease_left(database, turn.reply_id) in {LEASE - 1, LEASE}


def test_a_renewal_tells_what_is_lost_and_what_to_stop(database: Database, person: int, turn: Turn) -> None:
    taken, done, asked_to_stop = asked(database, person), asked(database, person), asked(database, person)
    held = {each.reply_id: each.owner or "" for each in (turn, taken, done, asked_to_stop)}
    change(database, taken.reply_id, owner="another", lease_until=clock() + 100)
    answered(database, done)
    log.ask_to_stop(database, asked_to_stop.reply_id)

    with database.write() as connection:
        lost, stopped = log.renew(connection, held | {99: "me"})

    assert lost == {taken.reply_id, done.reply_id, 99}
    assert stopped == {asked_to_stop.reply_id}
    assert lease_left(database, taken.reply_id) > LEASE


def test_what_has_ended_is_not_asked_to_stop(database: Database, turn: Turn) -> None:
    answered(database, turn)

    log.ask_to_stop(database, turn.reply_id)

    assert not stored(database, turn.reply_id).stop


def test_a_reply_with_a_lease_is_not_taken(database: Database, turn: Turn) -> None:
    assert log.take_ownerless(database, "taker") == []
    assert stored(database, turn.reply_id).owner == turn.owner


def test_a_reply_that_has_ended_is_not_taken(database: Database, turn: Turn) -> None:
    answered(database, turn)
    change(database, turn.reply_id, lease_until=clock() - 100)

    assert log.take_ownerless(database, "taker") == []


def test_a_reply_whose_lease_ran_out_is_taken_with_a_new_lease(database: Database, turn: Turn) -> None:
    change(database, turn.reply_id, lease_until=clock() - 1)

    assert log.take_ownerless(database, "taker") == [turn.reply_id]
    assert stored(database, turn.reply_id).owner == "taker"
    assert lease_left(database, turn.reply_id) in {LEASE - 1, LEASE}


def test_of_many_takers_one_wins(database: Database, person: int) -> None:
    turns = [asked(database, person) for _ in range(5)]
    for turn in turns:
        change(database, turn.reply_id, lease_until=clock() - 1)
    taken: list[int] = []
    takers = [
        threading.Thread(target=lambda owner=str(number): taken.extend(log.take_ownerless(database, owner)))
        for number in range(8)
    ]

    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(20)

    assert sorted(taken) == [turn.reply_id for turn in turns]
