"""Test adoption: replies whose worker is gone, and the process that continues them."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial

import pytest

from chat import conversations
from chat.conversations import Choice, Draft, Turn
from chat.metrics import Metrics
from chat.people.rate_limits import Asker
from chat.providers.errors import Unavailable
from chat.replies import Replies, adoption, log
from chat.replies.context_window import GO_ON
from chat.replies.log import Ending, ReplyUpdate
from chat.replies.outcome import GIVEN_UP, UNKNOWN
from chat.storage import leases
from chat.storage.database import Database, DatabaseBusy
from chat.storage.leases import Adoption
from chat.storage.tables import pieces
from tests.replies.writing import abandoned, change, expire, finished, followed, lease_left, numbered_pieces
from tests.scripted import Gate, Scripted, Thought
from tests.turns import answered, asked, count, eventually, stored

SECRET = "xyzzy" * 3
"""Words of an error; a log quotes the executed lines of this file, and this line is not among them."""


@pytest.fixture
def turn(database: Database, person: int) -> Turn:
    """A turn whose worker died in mid-answer."""
    return abandoned(database, person, "So ", "it ")


def test_an_answer_whose_worker_is_gone_goes_on_from_its_last_word(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    provider.will_say("*goes*", ".")

    replies.adopt()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("complete", "So it *goes*.", None)
    assert "<em>goes</em>" in reply.html
    assert reply.attempts == 1
    assert count(database, pieces) == 0


def test_the_provider_reads_what_was_said_and_is_asked_to_go_on(
    replies: Replies, provider: Scripted, turn: Turn
) -> None:
    provider.will_say("goes.")

    replies.adopt()
    finished(replies, turn)

    [call] = provider.calls
    assert call.model == "small"
    assert call.messages == [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "So it "},
        {"role": "user", "content": GO_ON},
    ]


def test_an_answer_that_never_began_is_asked_for_as_if_for_the_first_time(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = abandoned(database, person)
    provider.will_say("So it goes.")

    replies.adopt()
    finished(replies, turn)

    assert provider.calls[0].messages == [{"role": "user", "content": "Hello?"}]
    assert stored(database, turn.reply_id).text == "So it goes."


def test_reasoning_whose_worker_is_gone_is_kept_and_the_next_ones_stands_apart(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn, gate = abandoned(database, person, thoughts=["Hm. ", "Let me"]), Gate()
    provider.will_say(Thought("Again: "), Thought("let me see."), gate, "So it goes.")

    replies.adopt()
    eventually(lambda: replies.reasoning_so_far(turn.reply_id) == "Hm. Let me\n\nAgain: let me see.")
    gate.open()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert provider.calls[0].messages == [{"role": "user", "content": "Hello?"}]
    assert (reply.state, reply.text) == ("complete", "So it goes.")
    assert (reply.reasoning, reply.reasoning_ms) == ("Hm. Let me\n\nAgain: let me see.", None)


def test_reasoning_before_adopted_text_is_there_once(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = abandoned(database, person, "So ", "it ", thoughts=["Hm."])
    provider.will_say("goes.")

    replies.adopt()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.text, reply.reasoning, count(database, pieces)) == ("So it goes.", "Hm.", 0)


@pytest.mark.parametrize(
    ("values", "state"), [({"stop": True}, "stopped"), ({"attempts": 2}, "failed")], ids=["stopped", "given up"]
)
def test_a_reply_that_nobody_goes_on_with_keeps_its_reasoning(
    database: Database, person: int, replies: Replies, values: dict[str, object], state: str
) -> None:
    turn = abandoned(database, person, thoughts=["Hm. ", "Let me see."], **values)

    replies.adopt()

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.reasoning) == (state, "Hm. Let me see.")


def test_the_pieces_go_on_where_the_numbers_stopped(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    gate = Gate()
    provider.will_say("goes", gate, ".")

    replies.adopt()
    gate.wait_until_reached()
    eventually(lambda: len(numbered_pieces(database, turn.reply_id)) == 3)
    log_then = numbered_pieces(database, turn.reply_id)
    gate.open()
    finished(replies, turn)

    assert log_then == [(0, "So "), (1, "it "), (2, "goes")]


def test_who_follows_an_adopted_answer_sees_each_word_once(
    replies: Replies, other: Replies, provider: Scripted, turn: Turn
) -> None:
    before, gate, end = other.follow(turn.reply_id), Gate(), Gate()
    provider.will_say(gate, *"goes.", end)

    replies.adopt()
    here, there = replies.follow(turn.reply_id), other.follow(turn.reply_id)
    gate.open()

    said = [followed(follower, until="So it goes.") for follower in (before, here, there)]
    end.open()

    assert said == ["So it goes."] * 3
    assert [followed(follower) for follower in (before, here, there)] == [""] * 3


def test_an_adopted_answer_that_breaks_off_keeps_what_was_said_before(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    provider.will_say(Unavailable("The model is busy."))

    replies.adopt()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("interrupted", "So it ", "The model is busy.")


def test_an_answer_whose_worker_lives_is_left_alone(
    database: Database, person: int, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    alive = asked(database, person)

    replies.adopt()
    finished(replies, turn)

    assert len(provider.calls) == 1
    assert stored(database, alive.reply_id).state == "generating"
    assert stored(database, alive.reply_id).owner == alive.owner


def test_each_taking_is_counted_before_anything_else_is_done(
    database: Database, turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    def break_down(reply: Adoption, _: str) -> None:
        seen.append(stored(database, reply.id).attempts)
        raise RuntimeError(SECRET)

    for _ in range(2):
        adoption.adopt(database, break_down)
        expire(database, turn.reply_id)

    assert seen == [1, 2]
    assert "RuntimeError" in caplog.text and SECRET not in caplog.text


def test_an_answer_that_was_taken_twice_is_interrupted_and_keeps_every_word(
    database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = abandoned(database, person, "So ", "it *goes*", attempts=2)

    replies.adopt()

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("interrupted", "So it *goes*", GIVEN_UP)
    assert "<em>goes</em>" in reply.html
    assert provider.calls == [] and count(database, pieces) == 0


@pytest.mark.parametrize("said", [[], [" \n"]])
def test_an_answer_that_was_taken_twice_and_has_no_word_has_failed(
    said: list[str], database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = abandoned(database, person, *said, attempts=2)

    replies.adopt()

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.error) == ("failed", GIVEN_UP)
    assert provider.calls == []


@pytest.mark.parametrize("attempts", [0, 2])
def test_a_stop_that_was_asked_for_before_the_worker_went_is_obeyed(
    attempts: int, database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn = abandoned(database, person, "So ", "it ", attempts=attempts)
    other_process = Replies(database, {}, Metrics())
    other_process.stop(turn.reply_id)

    replies.adopt()

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("stopped", "So it ", None)
    assert provider.calls == []


def test_an_answer_that_could_not_be_read_was_not_tried(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    """Another program locks the table of messages, but not the table of replies."""
    provider.will_say("goes.")

    def go_on(_: leases.Adoption, __: str) -> None:
        raise DatabaseBusy

    for _ in range(5):
        adoption.adopt(database, go_on)
    replies.adopt(trusted=False)
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.attempts, len(provider.calls)) == ("complete", "So it goes.", 1, 1)


def test_an_answer_of_a_provider_that_is_not_set_up_any_more_ends_with_a_sentence(
    database: Database, person: int, replies: Replies
) -> None:
    turn = abandoned(database, person, "So it ", provider="bygone")

    replies.adopt()
    finished(replies, turn)

    reply = stored(database, turn.reply_id)
    assert (reply.state, reply.text, reply.error) == ("interrupted", "So it ", UNKNOWN)


def test_a_first_answer_of_an_unknown_provider_fails_with_a_sentence(
    database: Database, person: int, replies: Replies
) -> None:
    turn = conversations.ask(database, Asker(person), None, Draft("Hello?", Choice("bygone", "small")))

    replies.start(turn)
    finished(replies, turn)

    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).error) == ("failed", UNKNOWN)


def is_complete(database: Database, turn: Turn) -> bool:
    return stored(database, turn.reply_id).state == "complete"


def test_many_processes_look_and_each_answer_is_asked_for_once(database: Database, person: int) -> None:
    turns = [abandoned(database, person, f"{number} ") for number in range(5)]
    providers = [Scripted() for _ in range(6)]
    processes = [Replies(database, {"scripted": provider}, Metrics()) for provider in providers]
    lookers = [threading.Thread(target=process.adopt) for process in processes]

    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join(20)
    for turn in turns:
        eventually(partial(is_complete, database, turn))

    assert sum(len(provider.calls) for provider in providers) == 5
    texts = [stored(database, turn.reply_id).text for turn in turns]
    assert texts == [f"{number} Nothing was scripted." for number in range(5)]
    assert {stored(database, turn.reply_id).attempts for turn in turns} == {1}


def test_an_owner_that_wakes_up_late_changes_nothing_and_closes_its_line_upstream(
    asleep: None,
    database: Database,
    person: int,
    replies: Replies,
    other: Replies,
    provider: Scripted,
    elsewhere: Scripted,
) -> None:
    turn, sleep = asked(database, person), Gate()
    provider.will_say("So ", sleep, "too late", Gate())
    elsewhere.will_say("it goes.")
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    assert followed(follower, until="So ") == "So "

    expire(database, turn.reply_id)
    other.adopt()
    finished(other, turn)
    sleep.open()
    finished(replies, turn)

    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).text) == ("complete", "So it goes.")
    assert provider.sayings[0].cancelled.is_set()
    assert followed(follower) == ""


def test_an_owner_that_wakes_up_while_another_writes_sends_its_followers_there(
    asleep: None,
    database: Database,
    person: int,
    replies: Replies,
    other: Replies,
    provider: Scripted,
    elsewhere: Scripted,
) -> None:
    turn, sleep, gate, end = asked(database, person), Gate(), Gate(), Gate()
    provider.will_say("So ", sleep, "too late", Gate())
    elsewhere.will_say("it ", gate, "goes.", end)
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    assert followed(follower, until="So ") == "So "

    expire(database, turn.reply_id)
    other.adopt()
    gate.wait_until_reached()
    sleep.open()
    said = followed(follower, until="it ")
    gate.open()
    said += followed(follower, until="goes.")
    end.open()

    assert (said, followed(follower)) == ("it goes.", "")
    assert provider.sayings[0].cancelled.is_set()


def test_a_process_that_slept_adopts_its_own_reply_as_if_it_were_anothers(
    asleep: None, database: Database, person: int, replies: Replies, provider: Scripted
) -> None:
    turn, sleep, gate, end = asked(database, person), Gate(), Gate(), Gate()
    provider.will_say("So ", sleep, "too late", Gate())
    provider.will_say("it ", gate, "goes.", end)
    replies.start(turn)
    old = replies.writer.find(turn.reply_id)
    follower = replies.follow(turn.reply_id)
    assert followed(follower, until="So ") == "So "

    expire(database, turn.reply_id)
    replies.adopt()
    gate.wait_until_reached()
    sleep.open()
    said = followed(follower, until="it ")
    gate.open()
    said += followed(follower, until="goes.")
    end.open()

    assert (said, followed(follower)) == ("it goes.", "")
    assert old is not None and old.lost and provider.sayings[0].cancelled.is_set()
    finished(replies, turn)
    assert stored(database, turn.reply_id).text == "So it goes."


def test_a_process_that_leaves_adopts_nothing(
    database: Database, replies: Replies, provider: Scripted, turn: Turn
) -> None:
    replies.drain(0)

    replies.adopt()

    assert provider.calls == []
    assert (stored(database, turn.reply_id).owner, stored(database, turn.reply_id).attempts) == (turn.owner, 0)


def test_a_worker_that_comes_back_after_the_end_changes_nothing(
    database: Database, person: int, replies: Replies
) -> None:
    turn = abandoned(database, person, "So", attempts=2)
    replies.adopt()

    with database.write() as connection:
        late = ReplyUpdate(turn.reply_id, turn.owner or "", 1, [" it"], Ending("complete", "So it", "", 1))
        kept = log.store(connection, [late])

    assert kept == set()
    assert (stored(database, turn.reply_id).state, stored(database, turn.reply_id).text) == ("interrupted", "So")


def test_an_answer_that_can_not_be_ended_keeps_nobody_else_from_theirs(
    database: Database, person: int, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [abandoned(database, person, "So", attempts=2) for _ in range(3)]
    end = log.end_reply

    def fail_for_one(connection, reply_id: int, *given) -> bool:
        return bool(1 / 0) if reply_id == turns[1].reply_id else end(connection, reply_id, *given)

    with monkeypatch.context() as broken:
        broken.setattr(log, "end_reply", fail_for_one)
        replies.adopt()
    states = [stored(database, turn.reply_id).state for turn in turns]
    lease = lease_left(database, turns[1].reply_id)
    expire(database, turns[1].reply_id)
    replies.adopt()

    assert states == ["interrupted", "generating", "interrupted"]
    assert lease > 0
    assert stored(database, turns[1].reply_id).text == "So"


def test_an_answer_that_is_deleted_while_it_is_adopted_is_nobodys(
    database: Database, person: int, replies: Replies, provider: Scripted, turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    def delete_first(reply: Adoption, owner: str) -> None:
        conversations.delete(database, person, turn.conversation_id)
        replies.resume(reply, owner)

    adoption.adopt(database, delete_first)
    finished(replies, turn)

    assert provider.calls == [] and not replies.writer.is_busy()
    assert caplog.text == ""


def test_an_answer_that_has_ended_is_not_adopted(database: Database, person: int, replies: Replies, provider) -> None:
    turn = answered(database, asked(database, person))
    change(database, turn.reply_id, lease_until=0)

    replies.adopt()

    assert provider.calls == []


def test_a_look_that_fails_is_followed_by_another(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks = iter([DatabaseBusy(SECRET), RuntimeError(SECRET), SystemExit()])

    def fail(_: Database) -> set[str | None]:
        raise next(looks)

    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(leases, "late_owners", fail)

    with caplog.at_level(logging.ERROR), pytest.raises(SystemExit):
        adoption.Adopter(database, lambda trusted: None, lambda: None)._work()

    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


@pytest.fixture
def looks(database: Database) -> tuple[adoption.Adopter, list[bool]]:
    """A watch, and whether leases were trusted each time it took replies."""
    taken: list[bool] = []
    return adoption.Adopter(database, taken.append, lambda: None), taken


def test_a_lease_that_ran_out_is_believed_at_the_third_look(
    turn: Turn, looks: tuple[adoption.Adopter, list[bool]]
) -> None:
    watch, taken = looks

    for _ in range(adoption.TRUST):
        assert taken == []
        watch.check()

    assert taken == [True]


def test_while_nobody_can_write_no_lease_that_ran_out_is_believed(
    database: Database, turn: Turn, looks: tuple[adoption.Adopter, list[bool]]
) -> None:
    """A live owner can't renew its lease either, and must come first when it can."""
    watch, taken = looks
    for _ in range(adoption.TRUST - 1):
        watch.check()

    with database.write(), pytest.raises(DatabaseBusy):
        watch.check()
    watch._renewable = 0  # as its thread does
    for _ in range(adoption.TRUST - 1):
        watch.check()

    assert taken == []


def test_a_process_that_slept_believes_no_lease_at_once(
    turn: Turn, looks: tuple[adoption.Adopter, list[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, taken = looks
    for _ in range(adoption.TRUST - 1):
        watch.check()

    watch._looked -= 100
    watch.check()

    assert taken == []


def test_a_reply_that_was_let_go_of_is_taken_at_once(
    database: Database, turn: Turn, looks: tuple[adoption.Adopter, list[bool]]
) -> None:
    watch, taken = looks
    with database.write() as connection:
        leases.release(connection, {turn.reply_id: stored(database, turn.reply_id).owner})

    watch.check()

    assert taken == [False]


def test_a_watched_process_adopts_by_itself(
    database: Database, replies: Replies, provider: Scripted, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "ROUND", 0.01)
    provider.will_say("goes.")

    replies.watch()
    eventually(lambda: stored(database, turn.reply_id).state == "complete")
    replies.draining = True  # its thread lives until the tests end, and must stop looking

    assert stored(database, turn.reply_id).text == "So it goes."
