"""Test the reader: it delivers other processes' pieces to followers here, each once."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import pytest

from chat import conversations
from chat.conversations import Turn
from chat.people.rate_limits import Asker
from chat.replies import Follower, Replies, log
from chat.replies import reader as reading
from chat.replies.notifications import Changes
from chat.replies.reader import Reader
from chat.storage.database import Database
from tests.replies.writing import followed, say, think
from tests.scripted import Gate, Scripted
from tests.turns import answered, asked, eventually


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn whose reply another process writes."""
    return asked(database, person)


@pytest.fixture
def reader(database: Database) -> Reader:
    """The reader of this process."""
    return Reader(database)


def test_a_reply_of_another_process_is_followed_live(
    database: Database, person: int, replies: Replies, other: Replies, provider: Scripted
) -> None:
    turn, first, second, end = asked(database, person), Gate(), Gate(), Gate()
    provider.will_say("So ", first, "it ", second, "goes.", end)
    replies.start(turn)
    follower = other.follow(turn.reply_id)

    said = [followed(follower, until="So ")]
    first.open()
    said.append(followed(follower, until="it "))
    second.open()
    said.append(followed(follower, until="goes."))
    end.open()

    assert said == ["So ", "it ", "goes."]
    assert followed(follower) == ""


def test_who_comes_late_gets_all_so_far_at_once(database: Database, reader: Reader, turn: Turn) -> None:
    say(database, turn, 0, "So ", "it ")
    early = Follower(reader, turn.reply_id, None)
    say(database, turn, 2, "goes.")

    late = Follower(reader, turn.reply_id, None)

    assert late.next(0) == "So it goes."
    assert early.next(0) == "So it goes."


@pytest.mark.parametrize("seed", range(4))
def test_whoever_follows_whenever_sees_each_piece_once(
    seed: int, database: Database, person: int, reader: Reader
) -> None:
    chance = random.Random(seed)
    turns = [asked(database, person) for _ in range(3)]
    whole = "".join(f"{number} " for number in range(60))
    seen: list[str] = []

    def write(turn: Turn, pauses: list[float]) -> None:
        for number, pause in enumerate(pauses):
            say(database, turn, number, f"{number} ")
            threading.Event().wait(pause)

    def follow(turn: Turn, pause: float) -> None:
        threading.Event().wait(pause)
        seen.append(followed(Follower(reader, turn.reply_id, None), until=whole))

    pauses = [[chance.random() * 0.004 for _ in range(60)] for _ in turns]
    threads = [threading.Thread(target=write, args=job) for job in zip(turns, pauses, strict=True)]
    threads += [threading.Thread(target=follow, args=(turn, chance.random() * 0.3)) for turn in turns * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert seen == [whole] * 24


def test_reasoning_of_another_process_is_followed_and_timed_from_its_first_piece(
    database: Database, reader: Reader, turn: Turn
) -> None:
    early = Follower(reader, turn.reply_id, None)
    early.listens = True
    think(database, turn, 0, "Hm. ")
    assert early.next(20) == "" and early.next_thought() == "Hm. "
    think(database, turn, 1, "Let me ", "see.")
    assert early.next(20) == "" and early.next_thought() == "Let me see."
    say(database, turn, 0, "So.")
    assert early.next(20) == "So." and early.next_thought() == ""

    assert early.shown.thought_for is not None and early.shown.thought_for == early.shown.thought_for


def test_who_comes_in_the_middle_of_reasoning_gets_all_of_it_and_does_not_know_its_time(
    database: Database, reader: Reader, turn: Turn
) -> None:
    think(database, turn, 0, "Hm. ", "Let me see.")

    late = Follower(reader, turn.reply_id, None)

    assert (late.next_thought(), late.next_thought()) == ("Hm. Let me see.", "")
    assert late.shown.thought_for is None


def test_one_query_asks_for_the_news_of_all(
    database: Database, person: int, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[int] = []
    news = log.read_updates

    def noted(
        database: Database, wanted: Mapping[int, tuple[int, int]]
    ) -> tuple[dict[int, log.Pieces], dict[int, log.Progress]]:
        asked_for.append(len(wanted))
        return news(database, wanted)

    turns = [asked(database, person) for _ in range(10)]
    followers = [Follower(reader, turn.reply_id, None) for turn in turns]
    monkeypatch.setattr(log, "read_updates", noted)
    # The reader may have listed the followed replies before the last one came.
    eventually(lambda: asked_for[-1:] == [10])
    asked_for.clear()
    with database.write() as connection:
        log.store(connection, [log.ReplyUpdate(turn.reply_id, turn.owner or "", 0, ["So"]) for turn in turns])
    eventually(lambda: asked_for)

    said = [followed(follower, until="So") for follower in followers]

    assert said == ["So"] * 10
    assert set(asked_for) == {10}


def test_followers_of_one_reply_share_a_mirror(database: Database, reader: Reader, turn: Turn) -> None:
    first, second = Follower(reader, turn.reply_id, None), Follower(reader, turn.reply_id, None)

    say(database, turn, 0, "So")

    assert first.shown is second.shown
    assert [followed(follower, until="So") for follower in (first, second)] == ["So", "So"]


def test_the_end_elsewhere_ends_the_following(database: Database, reader: Reader, turn: Turn) -> None:
    follower = Follower(reader, turn.reply_id, None)

    answered(database, turn, "So it goes.")

    assert follower.next(20) is None
    assert not follower.detached


def test_a_deletion_elsewhere_ends_the_following(database: Database, person: int, reader: Reader, turn: Turn) -> None:
    follower = Follower(reader, turn.reply_id, None)

    conversations.delete(database, person, turn.conversation_id)

    assert follower.next(20) is None


def test_a_reply_that_is_gone_on_with_is_followed_anew(
    database: Database, person: int, reader: Reader, turn: Turn
) -> None:
    say(database, turn, 0, "So ", "it ")
    before = Follower(reader, turn.reply_id, None)
    answered(database, turn, "So it ", "stopped")
    eventually(lambda: before.shown.ended)

    again = conversations.continue_reply(database, Asker(person), turn.reply_id)
    after = Follower(reader, turn.reply_id, None)
    say(database, again, 1, "goes.")

    assert followed(after, until="So it goes.") == "So it goes."


def test_a_reader_that_missed_an_end_and_a_continue_ends_what_it_showed(
    database: Database, person: int, reader: Reader, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(database, turn, 0, "So ", "it ")
    before = Follower(reader, turn.reply_id, None)
    assert followed(before, until="So it ") == "So it "

    with monkeypatch.context() as asleep:
        asleep.setattr(log, "read_updates", lambda *_: ({}, {turn.reply_id: log.Progress(0, 0)}))
        again = conversations.continue_reply(
            database, Asker(person), answered(database, turn, "So it ", "stopped").reply_id
        )
        say(database, again, 1, "goes", ".")

    assert before.next(20) is None
    assert followed(Follower(reader, turn.reply_id, None), until="So it goes.") == "So it goes."


def test_a_mirror_is_forgotten_with_its_last_follower_and_the_thread_ends(
    often: None, database: Database, reader: Reader, turn: Turn
) -> None:
    first, second = Follower(reader, turn.reply_id, None), Follower(reader, turn.reply_id, None)
    thread = reader._thread
    del first
    gc.collect()
    kept = turn.reply_id in reader._shown

    del second
    gc.collect()

    assert kept and thread is not None
    eventually(lambda: not thread.is_alive())
    assert len(reader._shown) == 0 and reader._thread is None


def test_a_reader_begins_again_for_who_comes_later(
    often: None, database: Database, reader: Reader, person: int
) -> None:
    said = []
    for _ in range(3):
        turn = asked(database, person)
        follower = Follower(reader, turn.reply_id, None)
        say(database, turn, 0, "So")
        said.append(followed(follower, until="So"))
        answered(database, turn, "So")
        said.append(followed(follower))
        eventually(lambda: reader._thread is None)

    assert said == ["So", ""] * 3


def test_a_process_has_one_reader_however_often_followers_come_and_go(
    often: None, database: Database, person: int, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: list[threading.Thread] = []
    most: list[int] = []
    read = reader._read

    def noted() -> None:
        at_work.append(threading.current_thread())
        most.append(len(at_work))
        try:
            read()
        finally:
            at_work.remove(threading.current_thread())

    monkeypatch.setattr(reader, "_read", noted)
    turns = [asked(database, person) for _ in range(4)]

    def come_and_go(turn: Turn) -> None:
        for _ in range(40):
            Follower(reader, turn.reply_id, None).next(0.001)

    threads = [threading.Thread(target=come_and_go, args=(turn,)) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    eventually(lambda: reader._thread is None)

    assert set(most) == {1}


def test_a_database_that_fails_for_a_while_costs_no_word(
    often: None,
    database: Database,
    reader: Reader,
    turn: Turn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    follower, failures = Follower(reader, turn.reply_id, None), []

    def fail(*_: object) -> None:
        failures.append(1)
        raise RuntimeError("a secret")

    with monkeypatch.context() as broken:
        broken.setattr(log, "read_updates", fail)
        say(database, turn, 0, "So ", "it ")
        eventually(lambda: len(failures) >= 3)
    say(database, turn, 2, "goes.")

    assert followed(follower, until="So it goes.") == "So it goes."
    assert "RuntimeError" in caplog.text and "a secret" not in caplog.text


def test_a_reader_gives_back_its_connection(
    often: None, database: Database, reader: Reader, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Changes] = []
    closed: list[Changes] = []

    class Noted(Changes):
        def __init__(self, database: Database):
            super().__init__(database)
            opened.append(self)

        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr(reading, "Changes", Noted)
    follower = Follower(reader, turn.reply_id, None)
    eventually(lambda: opened)
    del follower
    gc.collect()
    eventually(lambda: reader._thread is None)

    assert closed == opened and len(opened) == 1


def test_who_is_followed_here_is_left_when_the_process_leaves(reader: Reader, turn: Turn) -> None:
    follower = Follower(reader, turn.reply_id, None)

    reader.drain()

    assert follower.next(20) is None
    assert follower.detached


def test_a_machine_without_a_thread_to_spare_gets_a_reader_when_it_has_one(
    database: Database, reader: Reader, turn: Turn, no_thread: Callable[[str], AbstractContextManager]
) -> None:
    with no_thread("reader"), pytest.raises(RuntimeError):
        Follower(reader, turn.reply_id, None)

    follower = Follower(reader, turn.reply_id, None)
    say(database, turn, 0, "So")

    assert followed(follower, until="So") == "So"
