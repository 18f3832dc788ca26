"""Test all replies of a process: one call a turn, stop, cancel, and no wait inside a transaction."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from chat import conversations
from chat.conversations import Draft, Turn, queue
from chat.people.rate_limits import Asker
from chat.replies import Replies
from chat.storage.database import Database
from chat.storage.tables import messages, people, queued
from chat.storage.tables import replies as reply_table
from tests.asking import HTMX, key_in
from tests.replies.writing import finished
from tests.scripted import Gate, Scripted
from tests.turns import CHOICE, answered, asked, count, eventually, stored

UNDER_GEVENT = Path(__file__).parent / "under_gevent.py"


def at_once(times: int, do: Callable[[], object]) -> None:
    """Run a function in many threads at the same moment."""
    barrier = threading.Barrier(times)
    threads = [threading.Thread(target=lambda: (barrier.wait(20), do())) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_a_turn_sent_twenty_times_at_once_calls_the_provider_once(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    gate, turns = Gate(), []
    provider.will_say(gate, "So it goes.")

    def send() -> None:
        turn = asked(database, person, key="k")
        turns.append(turn)
        replies.start(turn)

    at_once(20, send)
    gate.open()
    finished(replies, turns[0])

    assert len(turns) == 20
    assert len(provider.calls) == 1
    assert count(database, messages) == 2
    assert stored(database, turns[0].reply_id).text == "So it goes."


def states(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(reply_table.c.state)).scalars())


def test_a_newcomers_first_form_sent_twenty_times_at_once_is_one_guest_and_one_call(
    app: Flask, provider: Scripted
) -> None:
    form = {"text": "Hello?", "key": key_in(app.test_client().get("/").text)}
    provider.will_say("Hi.")
    statuses: list[int] = []

    at_once(20, lambda: statuses.append(app.test_client().post("/conversations", data=form, headers=HTMX).status_code))

    database = app.extensions["rivulet"].database
    eventually(lambda: states(database) == ["complete"])
    assert statuses == [200] * 20
    assert len(provider.calls) == 1
    assert [count(database, table) for table in (people, messages, reply_table)] == [1, 2, 1]


def test_a_turn_that_is_not_ours_is_left_alone(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = asked(database, person)

    replies.start(Turn(turn.conversation_id, turn.reply_id, None, None))

    assert replies.writer.find(turn.reply_id) is None
    assert provider.calls == []


def test_what_is_stored_so_far_can_be_read(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So ", "it ", gate, "goes.")
    replies.start(turn)

    eventually(lambda: replies.so_far(turn.reply_id) == "So it ")

    gate.open()
    finished(replies, turn)
    assert replies.so_far(turn.reply_id) == ""


def test_a_deletion_closes_the_line_upstream_and_ends_its_followers(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So ", gate, "it goes.")
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    said = [follower.next(20)]

    replies.cancel([*conversations.delete(database, person, turn.conversation_id), 99])
    while said[-1] is not None:
        said.append(follower.next(20))

    assert "".join(filter(None, said)) == "So "
    assert provider.sayings[0].cancelled.is_set()
    finished(replies, turn)


def test_stopping_what_has_ended_changes_nothing(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = asked(database, person)
    provider.will_say("So it goes.")
    replies.start(turn)
    finished(replies, turn)

    replies.stop(turn.reply_id)

    assert stored(database, turn.reply_id).state == "complete"


def test_two_replies_at_once_do_not_mix(database: Database, person: int, replies: Replies, provider: Scripted) -> None:
    turns = [asked(database, person) for _ in range(8)]
    for number, turn in enumerate(turns):
        gate = Gate()
        provider.will_say(gate, *f"{number}" * 50)
        replies.start(turn)
        gate.wait_until_reached()  # the next script belongs to the next reply
        gate.open()

    for turn in turns:
        finished(replies, turn)

    assert [stored(database, turn.reply_id).text for turn in turns] == [f"{number}" * 50 for number in range(8)]


def test_under_gevent_nothing_waits_inside_a_transaction(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, UNDER_GEVENT, tmp_path], capture_output=True, text=True, timeout=100)

    assert (ran.stderr, ran.stdout.split()) == ("", ["seen", "busy", "asks", "done"])


@pytest.mark.parametrize("piece", ["So it goes.", ""])
def test_a_follower_that_comes_after_the_end_is_told_so(
    piece: str, database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = asked(database, person)
    provider.will_say(piece)
    replies.start(turn)
    finished(replies, turn)

    assert replies.follow(turn.reply_id).next(20) is None


def test_a_machine_without_a_thread_to_spare_fails_the_reply(
    database: Database,
    person: int,
    replies: Replies,
    provider: Scripted,
    no_thread: Callable[[str], AbstractContextManager],
) -> None:
    turn = asked(database, person)

    with no_thread("reply"):
        replies.start(turn)
    finished(replies, turn)

    assert conversations.reply_of(database, person, turn.reply_id).state == "failed"
    assert provider.calls == []


def test_a_message_that_breaks_while_it_is_sent_holds_up_no_other(
    database: Database, replies: Replies, person: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns = [asked(database, person), asked(database, person)]
    for turn in turns:
        draft = Draft("Later", CHOICE, room=100)
        conversations.ask(database, Asker(person), turn.conversation_id, draft)
        answered(database, turn)
    send = queue.send_due
    broken = turns[0].conversation_id
    monkeypatch.setattr(
        queue, "send_due", lambda *given: 1 / 0 if given[-1].conversation_id == broken else send(*given)
    )

    replies.send_queued()

    assert count(database, queued) == 1 and conversations.find_queued(database, broken)
    assert f"waits in conversation {broken} failed with ZeroDivisionError" in caplog.text
