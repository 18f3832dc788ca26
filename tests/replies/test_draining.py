"""Test a process that is about to exit: answers have some time, then other processes continue them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from chat.conversations import Turn
from chat.metrics import Metrics
from chat.replies import Replies
from chat.replies.live import OwnedReply
from chat.storage.database import Database
from tests.replies.writing import finished, followed
from tests.scripted import Gate, Scripted, Thought
from tests.turns import asked, eventually, stored, text_stored

Begun = tuple[Turn, Gate]


@pytest.fixture
def begun(database: Database, person: int, replies: Replies, provider: Scripted) -> Callable[[], Begun]:
    """Begin an answer that waits in its middle."""

    def begin() -> Begun:
        gate, turn = Gate(), asked(database, person)
        provider.will_say("So ", gate, "it goes.")
        replies.start(turn)
        eventually(lambda: text_stored(database, turn.reply_id) == "So ")
        gate.wait_until_reached()
        return turn, gate

    return begin


def test_an_answer_that_ends_in_time_is_waited_for(database: Database, replies: Replies, begun) -> None:
    turn, gate = begun()
    follower = replies.follow(turn.reply_id)
    draining = threading.Thread(target=replies.drain, args=(20,))
    draining.start()
    eventually(lambda: replies.draining)

    gate.open()
    draining.join(20)

    assert not draining.is_alive()
    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).text) == ("complete", "So it goes.")
    assert followed(follower) == "So it goes." and not follower.detached


def test_an_answer_of_another_process_that_is_followed_here_is_waited_for(
    database: Database, replies: Replies, other: Replies, begun
) -> None:
    turn, gate = begun()
    follower = other.follow(turn.reply_id)
    draining = threading.Thread(target=other.drain, args=(20,))
    draining.start()
    eventually(lambda: other.draining)

    gate.open()
    said = followed(follower)
    draining.join(20)

    assert not draining.is_alive()
    assert said.startswith("So ") and not follower.detached


def test_an_answer_that_takes_longer_is_left_and_another_process_goes_on_at_once(
    database: Database, replies: Replies, other: Replies, elsewhere: Scripted, begun
) -> None:
    turn, _ = begun()
    elsewhere.will_say("went on.")

    replies.drain(0)
    left = stored(database, turn.reply_id)
    other.adopt()
    finished(other, turn)

    assert (left.state, left.owner, left.lease_until) == ("generating", None, 0)
    assert stored(database, turn.reply_id).text == "So went on."
    assert elsewhere.calls[0].messages[1] == {"role": "assistant", "content": "So "}


def test_reasoning_that_is_left_is_stored_and_goes_on_in_another_process(
    database: Database, person: int, replies: Replies, other: Replies, provider: Scripted, elsewhere: Scripted
) -> None:
    turn, gate = asked(database, person), Gate()
    provider.will_say(Thought("Hm."), gate, "Never said.")
    elsewhere.will_say(Thought("Again."), "So it goes.")
    replies.start(turn)
    gate.wait_until_reached()

    replies.drain(0)
    kept = replies.reasoning_so_far(turn.reply_id)
    other.adopt()
    finished(other, turn)

    reply = stored(database, turn.reply_id)
    assert (kept, reply.text, reply.reasoning) == ("Hm.", "So it goes.", "Hm.\n\nAgain.")


def test_an_answer_that_is_left_again_and_again_goes_on_all_the_same(
    database: Database, person: int, provider: Scripted
) -> None:
    turn = asked(database, person)
    for _ in range(5):
        provider.will_say(Gate())
    last = Replies(database, {"scripted": provider}, Metrics())
    last.start(turn)
    for _ in range(4):
        last.drain(0)
        last = Replies(database, {"scripted": provider}, Metrics())
        last.adopt()

    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).attempts) == ("generating", 1)


def test_the_followers_of_what_is_left_are_sent_away_with_all_that_is_stored(replies: Replies, begun) -> None:
    turn, _ = begun()
    follower = replies.follow(turn.reply_id)

    replies.drain(0)

    assert (follower.next(20), follower.next(20), follower.detached) == ("So ", None, True)


def test_what_is_said_after_the_leaving_is_neither_stored_nor_shown(
    database: Database, replies: Replies, provider: Scripted, begun
) -> None:
    turn, gate = begun()
    follower = replies.follow(turn.reply_id)

    replies.drain(0)
    gate.open()
    eventually(lambda: provider.sayings[0].finish_reason)
    eventually(lambda: not replies.writer._thread)

    assert followed(follower) == "So " and follower.detached
    assert (stored(database, turn.reply_id).state, text_stored(database, turn.reply_id)) == ("generating", "So ")


def test_what_was_said_last_is_stored_before_the_leaving(
    database: Database, replies: Replies, begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, _ = begun()
    running = replies.writer.find(turn.reply_id)
    assert running

    with database.write():  # the writer can't store it yet
        replies.writer.put(running, "it")
        draining = threading.Thread(target=replies.drain, args=(0,))
        draining.start()
        eventually(lambda: replies.draining)
    draining.join(20)

    assert text_stored(database, turn.reply_id) == "So it"
    assert stored(database, turn.reply_id).owner is None


def test_a_database_that_is_locked_does_not_keep_a_process_from_leaving(
    database: Database, replies: Replies, begun, caplog: pytest.LogCaptureFixture
) -> None:
    turn, _ = begun()
    follower = replies.follow(turn.reply_id)

    with database.write():
        replies.drain(0)

    assert followed(follower) == "So " and follower.detached
    assert stored(database, turn.reply_id).owner == turn.owner
    assert "leases expire" in caplog.text and "DatabaseBusy" in caplog.text


def test_who_follows_another_processs_reply_here_is_sent_away_too(replies: Replies, other: Replies, begun) -> None:
    turn, gate = begun()
    follower = other.follow(turn.reply_id)

    other.drain(0)
    gate.open()
    finished(replies, turn)

    assert followed(follower) == "So " and follower.detached


def test_what_is_sent_while_a_process_leaves_is_begun_and_waited_for(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    listening = threading.Event()
    listening.set()
    draining = threading.Thread(target=replies.drain, args=(20, listening.is_set))
    draining.start()
    eventually(lambda: replies.draining)
    turn = asked(database, person)
    provider.will_say("So it goes.")

    replies.start(turn)
    listening.clear()
    draining.join(20)

    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).attempts) == ("complete", 0)


def test_what_is_sent_to_a_process_that_has_left_is_handed_on_at_once(
    database: Database, person: int, replies: Replies, other: Replies, provider: Scripted, elsewhere: Scripted
) -> None:
    turn = asked(database, person)
    elsewhere.will_say("It went on.")
    replies.drain(0)

    replies.start(turn)
    sent_away = replies.follow(turn.reply_id)
    other.adopt()
    finished(other, turn)

    assert followed(sent_away) == "" and sent_away.detached and provider.calls == []
    assert stored(database, turn.reply_id).text == "It went on."


def test_what_is_begun_in_the_moment_of_leaving_is_left_to_others(
    database: Database, person: int, replies: Replies, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = replies.writer.add

    def drain_first(reply: OwnedReply) -> None:
        replies.drain(0)
        add(reply)

    turn = asked(database, person)
    monkeypatch.setattr(replies.writer, "add", drain_first)

    replies.start(turn)

    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).owner) == ("generating", None)
    assert provider.calls == [] and not replies.writer.is_busy()
