"""Test the writer: one transaction a tick, and a piece is stored before it is shown."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from chat import conversations
from chat.conversations import Turn
from chat.metrics import Metrics
from chat.replies import Replies, log, writer
from chat.replies.live import OwnedReply
from chat.replies.log import Ending
from chat.replies.writer import UNSTORED
from chat.storage import leases
from chat.storage.database import Database, DatabaseAway, DatabaseBusy, clock
from chat.storage.leases import LEASE
from chat.storage.tables import pieces
from chat.storage.tables import replies as reply_table
from tests.replies.writing import change, expire, finished, followed, lease_left, numbered_pieces, resume, say
from tests.scripted import Gate, Scripted, Thought
from tests.turns import answered, asked, count, eventually, stored, text_stored


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.lists(st.text(max_size=5), max_size=15), min_size=1, max_size=3))
def test_what_a_follower_sees_is_stored_at_that_moment(database: Database, person: int, scripts: list) -> None:
    provider = Scripted()
    replies, turns = Replies(database, {"scripted": provider}, Metrics()), [asked(database, person) for _ in scripts]
    followers = []
    for turn, script in zip(turns, scripts, strict=True):
        provider.will_say(*script)
        replies.start(turn)
        followers.append(replies.follow(turn.reply_id))

    seen = dict.fromkeys((turn.reply_id for turn in turns), "")
    while followers:
        follower = followers.pop(0)
        if (text := follower.next(0.005)) is not None:
            seen[follower.reply_id] += text
            assert text_stored(database, follower.reply_id).startswith(seen[follower.reply_id])
            followers.append(follower)

    for turn in turns:
        assert stored(database, turn.reply_id).state != "generating"
        assert stored(database, turn.reply_id).text.startswith(seen[turn.reply_id])


def test_what_comes_within_a_tick_is_one_piece(database: Database, person: int, replies: Replies) -> None:
    turn = asked(database, person)
    assert turn.owner
    running = OwnedReply(turn.reply_id, turn.owner)
    with replies.writer._ticking:
        replies.writer.add(running)
        for piece in ("One,", " two,", " three."):
            replies.writer.put(running, piece)

    eventually(lambda: running.stored)

    assert running.stored == ["One, two, three."]
    assert numbered_pieces(database, turn.reply_id) == [(0, "One, two, three.")]


def test_many_replies_let_their_words_gather_and_few_do_not(replies: Replies) -> None:
    alone = replies.writer.batch_delay()
    replies.writer._owned = {number: OwnedReply(number, "") for number in range(500)}

    assert (alone, replies.writer.batch_delay()) == (0, 0.1)


def test_nothing_is_published_before_its_transaction_is_done(
    database: Database, person: int, replies: Replies, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    missing: list[str] = []
    publish = OwnedReply.publish
    turn = asked(database, person)

    def publish_what_is_stored(
        running: OwnedReply, said: list[str], ended: bool = False, thoughts: Sequence[str] = ()
    ) -> None:
        if running.owner != turn.owner:  # a reply that an earlier test left
            return publish(running, said, ended, thoughts)
        published.extend([*thoughts, *said])
        if not (ended or log.read_pieces(database, running.id).thoughts == [*running.thoughts, *thoughts]):
            missing.append(f"{running.thoughts} {thoughts}")
        if not text_stored(database, running.id).startswith("".join([*running.stored, *said])):
            missing.append(f"{running.stored} {said}")
        publish(running, said, ended, thoughts)

    monkeypatch.setattr(OwnedReply, "publish", publish_what_is_stored)
    gate = Gate()
    provider.will_say(Thought("Hm."), gate, *"So it goes.")

    replies.start(turn)
    eventually(lambda: published)
    gate.open()
    finished(replies, turn)

    assert "".join(published) == "Hm.So it goes."
    assert missing == []


def test_what_can_not_be_stored_is_not_shown(
    database: Database, person: int, replies: Replies, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "insert_pieces", lambda _, news: news and 1 / 0)
    gate = Gate()
    provider.will_say("Never stored", gate)
    turn = asked(database, person)
    replies.start(turn)

    said = followed(replies.follow(turn.reply_id))

    assert said == ""
    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("failed", "", UNSTORED)


def test_a_reply_that_can_not_be_stored_does_not_cost_the_others_theirs(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """OW 26-87012: one bad value ends the loop for all."""
    turns = [asked(database, person) for _ in range(3)]
    bad, gate, append = turns[1].reply_id, Gate(), log.insert_pieces

    def fail_for_one(connection: Connection, news: list) -> None:
        if any(item.reply_id == bad and "xyzzy" in "".join(item.pieces) for item in news):
            raise ValueError("no room for 'xyzzy'")
        append(connection, news)

    monkeypatch.setattr(log, "insert_pieces", fail_for_one)
    providers = {str(turn.reply_id): Scripted() for turn in turns}
    replies = Replies(database, providers, Metrics())
    for turn in turns:
        change(database, turn.reply_id, provider=str(turn.reply_id))
        providers[str(turn.reply_id)].will_say(
            "So ", gate, "xyzzy", " it goes.", Gate() if turn.reply_id == bad else "."
        )
        replies.start(turn)
    eventually(lambda: all(text_stored(database, turn.reply_id) == "So " for turn in turns))

    with caplog.at_level(logging.DEBUG):
        gate.open()
        for turn in turns:
            finished(replies, turn)

    ends = [stored(database, turn.reply_id) for turn in turns]
    assert [reply.state for reply in ends] == ["complete", "failed", "complete"]
    assert [reply.text for reply in ends] == ["So xyzzy it goes..", "So ", "So xyzzy it goes.."]
    assert ends[1].error == UNSTORED
    assert providers[str(bad)].sayings[0].cancelled.is_set()
    assert "xyzzy" not in caplog.text


def test_a_database_that_is_busy_for_long_loses_nothing(
    database: Database, person: int, replies: Replies, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[DatabaseBusy] = []
    write = database.write

    @contextmanager
    def write_with_little_patience(*_: float, **__: bool) -> Iterator[Connection]:
        try:
            with write(0.01) as connection:
                yield connection
        except DatabaseBusy as error:
            refusals.append(error)
            second.open()
            last.wait_until_reached()  # more text arrives before the writer has put back the failed batch
            raise

    first, second, last, turn = Gate(), Gate(), Gate(), asked(database, person)
    provider.will_say("So ", first, "it ", second, "goes", last, ".")
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    said = [follower.next(20)]

    with write():
        monkeypatch.setattr(database, "write", write_with_little_patience)
        first.open()
        eventually(lambda: len(refusals) >= 4)
    while "".join(filter(None, said)) != "So it goes":
        said.append(follower.next(20))
    last.open()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text) == ("complete", "So it goes.")


@pytest.fixture
def lose(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lose the answers to a number of successful COMMITs, beginning with the next."""
    left, write = [0], database.write

    @contextmanager
    def losing(*given: Any, **more: Any) -> Iterator[Connection]:
        with write(*given, **more) as connection:
            yield connection
        if left[0]:
            left[0] -= 1
            raise DatabaseAway

    monkeypatch.setattr(database, "write", losing)
    return lambda count: left.__setitem__(0, count)


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_a_commit_whose_answer_is_lost_loses_no_word(
    database: Database,
    person: int,
    replies: Replies,
    provider: Scripted,
    lose: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    lost: int,
) -> None:
    """S1: the pieces are stored, and the writer doesn't know; more text arrives before it tries again."""
    monkeypatch.setattr(writer, "AGAIN", 0.01)
    first, last, turn = Gate(), Gate(), asked(database, person)
    provider.will_say("So ", first, *"it goes", last, ".")
    replies.start(turn)
    eventually(lambda: text_stored(database, turn.reply_id) == "So ")
    follower = replies.follow(turn.reply_id)

    lose(lost)
    first.open()
    said = followed(follower, until="So it goes")
    last.open()

    assert said + followed(follower) == "So it goes."
    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("complete", "So it goes.", None)


def test_an_end_whose_commit_has_no_answer_is_an_end(
    database: Database, person: int, replies: Replies, provider: Scripted, lose: Callable[[int], None]
) -> None:
    """S1: its writer finds the reply ended, and its watchers see the stored text."""
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So it goes.", gate)
    replies.start(turn)
    eventually(lambda: text_stored(database, turn.reply_id) == "So it goes.")
    follower = replies.follow(turn.reply_id)

    lose(1)
    gate.open()

    assert followed(follower) == "So it goes."
    finished(replies, turn)
    assert stored(database, turn.reply_id).state == "complete"


def test_what_can_not_be_stored_ends_with_what_the_log_holds(
    database: Database, person: int, replies: Replies, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: other processes can have seen more stored text than this one knows about."""
    gate, turn, append = Gate(), asked(database, person), log.insert_pieces

    def refuse(connection: Connection, news: list[log.ReplyUpdate]) -> None:
        if any("goes" in "".join(item.pieces) for item in news):
            raise ValueError("no room")
        append(connection, news)

    provider.will_say("So ", gate, "goes", Gate())
    replies.start(turn)
    eventually(lambda: text_stored(database, turn.reply_id) == "So ")
    with database.write() as connection:
        append(connection, [log.ReplyUpdate(turn.reply_id, turn.owner or "", 1, ["it "])])
    monkeypatch.setattr(log, "insert_pieces", refuse)

    gate.open()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("failed", "So it ", UNSTORED)


def test_many_replies_share_a_transaction(
    database: Database, person: int, replies: Replies, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []
    store = log.store
    monkeypatch.setattr(log, "store", lambda connection, news: (together.append(len(news)), store(connection, news))[1])
    turns, gate = [asked(database, person) for _ in range(10)], Gate()
    for turn in turns:
        provider.will_say(gate, *"So it goes.")
        replies.start(turn)
    eventually(lambda: len(provider.sayings) == 10)

    with database.write():  # holds the writer back until all providers have finished
        gate.open()
        eventually(lambda: all(saying.finish_reason for saying in provider.sayings))
    for turn in turns:
        finished(replies, turn)

    assert max(together) >= 5  # the batch that the writer already held, or the pieces that arrived meanwhile
    assert {stored(database, turn.reply_id).text for turn in turns} == {"So it goes."}


def test_a_lease_is_renewed_while_the_answer_is_awaited(
    database: Database, person: int, replies: Replies, provider: Scripted, often: None
) -> None:
    def lease_left() -> int:
        with database.read() as connection:
            return connection.execute(select(func.max(reply_table.c.lease_until) - clock())).scalar_one()

    gate, turn = Gate(), asked(database, person)
    provider.will_say(gate, "So it goes.")
    replies.start(turn)
    gate.wait_until_reached()

    change(database, turn.reply_id, lease_until=clock() - 100)
    eventually(lambda: lease_left() >= LEASE - 1)

    gate.open()
    finished(replies, turn)
    assert stored(database, turn.reply_id).state == "complete"


def test_pieces_of_a_lost_reply_are_dropped_and_its_follower_goes_on_from_the_log(
    asleep: None, database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So ", gate, "dropped", Gate())
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    said = [follower.next(20)]

    change(database, turn.reply_id, owner="another")
    gate.open()
    finished(replies, turn)
    with database.write() as connection:
        connection.execute(insert(pieces).values(reply_id=turn.reply_id, seq=1, text="it goes."))
    said += [follower.next(20), follower.next(20)]
    answered(database, Turn(turn.conversation_id, turn.reply_id, "another", None), "So it goes.")
    said.append(follower.next(20))

    assert said == ["So ", "", "it goes.", None]
    assert provider.sayings[0].cancelled.is_set()


def test_a_loss_is_noticed_while_the_answer_is_awaited(
    database: Database, person: int, replies: Replies, provider: Scripted, often: None
) -> None:
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So ", gate, "it goes.")
    replies.start(turn)
    gate.wait_until_reached()

    change(database, turn.reply_id, owner="another")
    finished(replies, turn)

    assert provider.sayings[0].cancelled.is_set()
    assert stored(database, turn.reply_id).owner == "another"


def test_a_stop_from_another_process_is_heard(
    database: Database, person: int, replies: Replies, other: Replies, provider: Scripted, often: None
) -> None:
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So ", gate, "it goes.")
    replies.start(turn)
    gate.wait_until_reached()

    other.stop(turn.reply_id)
    finished(replies, turn)

    assert provider.sayings[0].cancelled.is_set()
    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text) == ("stopped", "So ")


def test_a_deletion_in_another_process_closes_the_line_upstream(
    database: Database, person: int, replies: Replies, provider: Scripted, often: None
) -> None:
    gate, turn = Gate(), asked(database, person)
    provider.will_say("So ", gate, "it goes.")
    replies.start(turn)
    gate.wait_until_reached()

    conversations.delete(database, person, turn.conversation_id)
    finished(replies, turn)

    assert provider.sayings[0].cancelled.is_set()
    assert count(database, pieces) == 0


def test_leases_that_can_not_be_renewed_are_tried_again(
    database: Database,
    person: int,
    replies: Replies,
    provider: Scripted,
    often: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    renew, failed = leases.renew, threading.Event()

    def fail_once(connection: Connection, held: dict) -> tuple[set[int], set[int]]:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a secret")
        return renew(connection, held)

    monkeypatch.setattr(leases, "renew", fail_once)
    gate, turn = Gate(), asked(database, person)
    provider.will_say(gate, "So it goes.")
    replies.start(turn)
    assert failed.wait(20)

    gate.open()
    finished(replies, turn)

    assert stored(database, turn.reply_id).state == "complete"
    assert "RuntimeError" in caplog.text and "a secret" not in caplog.text


def test_a_process_that_slept_renews_its_leases_before_it_shows_anything(
    often: None, database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, left = asked(database, person), []
    write, running = writer.Writer(database, Metrics()), OwnedReply(turn.reply_id, turn.owner or "")
    publish = running.publish

    def published(*what: object, **more: object) -> None:
        left.append(lease_left(database, turn.reply_id))
        publish(*what, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "publish", published)
    slow = SimpleNamespace(wait=lambda _: time.sleep(0.05), clear=lambda: None, set=lambda: None)
    monkeypatch.setattr(write, "_news", slow)
    change(database, turn.reply_id, lease_until=0)

    write.add(running)
    write.put(running, "So it goes.")
    eventually(lambda: left)

    assert left[0] in {LEASE - 1, LEASE}


def test_the_writers_thread_ends_with_the_last_reply_and_comes_back_with_the_next(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    for text in ("One.", "Two."):
        provider.will_say(text)
        turn = asked(database, person)
        replies.start(turn)
        eventually(lambda: replies.writer._thread is None)

        assert stored(database, turn.reply_id).text == text


def test_an_older_taking_of_a_reply_that_is_taken_anew_says_no_more(
    asleep: None, database: Database, person: int
) -> None:
    turn = asked(database, person)
    write = writer.Writer(database, Metrics())
    old, new = OwnedReply(turn.reply_id, "another", None), OwnedReply(turn.reply_id, turn.owner or "")
    write.add(old)
    write.put(old, "Lost")

    write.add(new)
    write.put(old, " and lost")
    write.put(old, Ending("complete", "Lost", "", 1))
    write.put(new, "So it goes.")
    eventually(lambda: new.stored)

    assert (old.lost, old.stopped, old.stored, new.lost) == (True, True, [], False)
    assert text_stored(database, turn.reply_id) == "So it goes."
    write.drain()


def test_a_reply_that_is_gone_on_with_counts_from_its_stored_pieces(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    gate, turn = Gate(), asked(database, person)
    say(database, turn, 0, "So ", "it ")
    provider.will_say("goes", gate)

    resume(replies, turn)
    gate.wait_until_reached()
    eventually(lambda: text_stored(database, turn.reply_id) == "So it goes")
    log_then = numbered_pieces(database, turn.reply_id)
    gate.open()
    finished(replies, turn)

    assert log_then == [(0, "So "), (1, "it "), (2, "goes")]


def test_a_machine_without_a_thread_for_the_writer_leaves_the_reply_to_be_adopted(
    asleep: None,
    database: Database,
    person: int,
    replies: Replies,
    provider: Scripted,
    no_thread: Callable[[str], AbstractContextManager],
) -> None:
    turn = asked(database, person)
    provider.will_say("So it goes.")

    with no_thread("writer"), pytest.raises(RuntimeError):
        replies.start(turn)
    held = replies.writer.is_busy()
    expire(database, turn.reply_id)
    replies.adopt()
    finished(replies, turn)

    assert not held
    assert stored(database, turn.reply_id).text == "So it goes."
