"""Replies whose worker is gone."""

from __future__ import annotations

import logging
import threading

import pytest
from sqlalchemy import update

from chat.conversations import Turn
from chat.database import Database, DatabaseBusy, clock
from chat.replies import log, orphans
from chat.replies.log import Ending, News
from chat.tables import pieces, replies
from tests.turns import asked, count, stored


def abandoned(database: Database, person: int, *said: str) -> Turn:
    """A turn whose worker died after it had stored some pieces."""
    turn = asked(database, person)
    with database.write() as connection:
        log.store(connection, [News(turn.reply_id, turn.owner or "", 0, list(said))])
        past = update(replies).where(replies.c.id == turn.reply_id).values(lease_until=clock() - 1)
        connection.execute(past)
    return turn


def test_an_answer_whose_worker_is_gone_keeps_every_word(database: Database, person: int) -> None:
    turn = abandoned(database, person, "So ", "it *goes*")

    orphans.end_all(database)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("interrupted", "So it *goes*", orphans.GONE)
    assert "<em>goes</em>" in reply.html
    assert count(database, pieces) == 0


def test_an_answer_that_never_began_has_failed(database: Database, person: int) -> None:
    turn = abandoned(database, person)

    orphans.end_all(database)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("failed", "", orphans.GONE)


def test_an_answer_whose_worker_lives_is_left_alone(database: Database, person: int) -> None:
    gone, alive = abandoned(database, person, "So"), asked(database, person)

    orphans.end_all(database)

    assert stored(database, gone.reply_id).state == "interrupted"
    assert stored(database, alive.reply_id).state == "generating"
    assert stored(database, alive.reply_id).owner == alive.owner


def test_a_worker_that_comes_back_too_late_changes_nothing(database: Database, person: int) -> None:
    turn = abandoned(database, person, "So")
    orphans.end_all(database)

    with database.write() as connection:
        late = News(turn.reply_id, turn.owner or "", 1, [" it"], Ending("complete", "So it", "", 1))
        kept = log.store(connection, [late])

    assert kept == set()
    assert stored(database, turn.reply_id).text == "So"


def test_many_processes_look_and_each_answer_is_ended_once(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [abandoned(database, person, "So") for _ in range(5)]
    ended: list[int] = []
    end = orphans.end
    monkeypatch.setattr(orphans, "end", lambda *given: (ended.append(given[1]), end(*given)))
    lookers = [threading.Thread(target=orphans.end_all, args=(database,)) for _ in range(6)]

    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join(20)

    assert sorted(ended) == [turn.reply_id for turn in turns]
    assert {stored(database, turn.reply_id).state for turn in turns} == {"interrupted"}


def test_an_orphan_that_can_not_be_ended_is_taken_up_again(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = abandoned(database, person, "So")
    with monkeypatch.context() as broken:
        broken.setattr(log, "end", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            orphans.end_all(database)
    with database.write() as connection:
        connection.execute(update(replies).values(lease_until=clock() - 1))

    orphans.end_all(database)

    assert stored(database, turn.reply_id).text == "So"


def test_a_round_that_fails_is_followed_by_another(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = iter([DatabaseBusy("a secret"), RuntimeError("a secret"), SystemExit()])

    def fail(_: Database) -> None:
        raise next(rounds)

    monkeypatch.setattr(orphans, "end_all", fail)
    monkeypatch.setattr(orphans.time, "sleep", lambda _: None)

    with caplog.at_level(logging.ERROR), pytest.raises(SystemExit):
        orphans._look_for_ever(database)

    assert [record.args for record in caplog.records] == [("DatabaseBusy",), ("RuntimeError",)]
    assert "a secret" not in caplog.text
