"""Test following a reply: from memory in the process that writes it, and from the log in others."""

from __future__ import annotations

import threading

import pytest

from chat.conversations import Turn
from chat.replies import Follower
from chat.replies.live import OwnedReply
from chat.replies.reader import Reader
from chat.storage.database import Database
from tests.replies.writing import say
from tests.turns import answered, asked


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn whose reply is being written."""
    return asked(database, person)


@pytest.fixture
def reader(database: Database) -> Reader:
    """The reader of this process."""
    return Reader(database)


def test_a_reply_of_this_process_is_followed_from_memory(reader: Reader, turn: Turn) -> None:
    running = OwnedReply(turn.reply_id, "me")
    follower = Follower(reader, turn.reply_id, running)
    running.publish(["So ", "it "])

    assert follower.next(0) == "So it "
    assert follower.next(0.01) == ""
    running.publish(["goes."], ended=True)
    assert follower.next(0) == "goes."
    assert follower.next(0) is None


def test_who_comes_late_gets_all_text_at_once(reader: Reader, turn: Turn) -> None:
    running = OwnedReply(turn.reply_id, "me")
    running.publish(["So ", "it ", "goes."])

    assert Follower(reader, turn.reply_id, running).next(0) == "So it goes."


def test_a_reply_of_another_process_is_followed_from_the_log(database: Database, reader: Reader, turn: Turn) -> None:
    follower = Follower(reader, turn.reply_id, None)
    say(database, turn, 0, "So ", "it ")

    assert follower.next(20) == "So it "
    assert follower.next(0.01) == ""
    say(database, turn, 2, "goes.")
    assert follower.next(20) == "goes."
    answered(database, turn, "So it goes.")
    assert follower.next(20) is None


def test_news_in_the_log_end_the_waiting(database: Database, reader: Reader, turn: Turn) -> None:
    follower = Follower(reader, turn.reply_id, None)
    seen: list[str | None] = []
    waiting = threading.Thread(target=lambda: seen.append(follower.next(20)))
    waiting.start()

    say(database, turn, 0, "So")
    waiting.join(20)

    assert seen == ["So"]


def test_a_reply_that_has_ended_or_was_never_there_has_no_more_to_say(
    database: Database, reader: Reader, turn: Turn
) -> None:
    answered(database, turn)

    assert Follower(reader, turn.reply_id, None).next(20) is None
    assert Follower(reader, 99, None).next(20) is None


def test_a_follower_of_a_lost_reply_goes_on_from_the_log(database: Database, reader: Reader, turn: Turn) -> None:
    running = OwnedReply(turn.reply_id, "me")
    follower = Follower(reader, turn.reply_id, running)
    say(database, turn, 0, "So ", "it ")
    running.publish(["So ", "it "])
    said = [follower.next(0)]

    running.lose()
    say(database, turn, 2, "goes.")
    said += [follower.next(0), follower.next(0)]
    answered(database, turn, "So it goes.")
    said.append(follower.next(20))

    assert said == ["So it ", "", "goes.", None]


def test_a_follower_that_lags_behind_a_loss_misses_nothing(database: Database, reader: Reader, turn: Turn) -> None:
    running = OwnedReply(turn.reply_id, "me")
    follower = Follower(reader, turn.reply_id, running)
    say(database, turn, 0, "So ", "it ")
    running.publish(["So ", "it "])
    running.lose()
    say(database, turn, 2, "goes.")

    said = [follower.next(0) for _ in range(3)]

    assert said == ["So it ", "", "goes."]


def test_a_follower_hands_on_what_the_provider_has_to_say(reader: Reader, turn: Turn) -> None:
    assert Follower(reader, turn.reply_id, OwnedReply(turn.reply_id, "me")).shown.notice == ""
    assert Follower(reader, turn.reply_id, None).shown.notice == ""


def test_a_follower_of_a_process_that_leaves_is_told_that_the_reply_goes_on_elsewhere(
    reader: Reader, turn: Turn
) -> None:
    running = OwnedReply(turn.reply_id, "me", ["So "])
    follower = Follower(reader, turn.reply_id, running)
    before = follower.detached

    running.drain()

    assert (before, follower.next(0), follower.next(20), follower.detached) == (False, "So ", None, True)


def test_a_reply_that_ended_is_not_left(reader: Reader, turn: Turn) -> None:
    running = OwnedReply(turn.reply_id, "me")
    follower = Follower(reader, turn.reply_id, running)

    running.publish(["So."], ended=True)

    assert (follower.next(0), follower.next(0), follower.detached) == ("So.", None, False)
