"""Test the queue: a message that is written while an answer runs is stored, and sent once at the end of that answer."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import update

from chat import conversations
from chat.conversations import Draft, NotQueued, QueueFull, StillAnswering, Turn, queue
from chat.people.rate_limits import UNLIMITED, Asker, Limit
from chat.storage.database import Database, NotFound
from chat.storage.tables import people, queued, replies, sends
from tests.turns import CHOICE, answered, asked, count, guest, stored

DRAFT = Draft("Later", CHOICE, room=100)


def wait(database: Database, person: int, turn: Turn, text: str = "Later", key: str | None = None) -> Turn:
    """Write a message while the reply of a turn runs."""
    draft = replace(DRAFT, text=text, key=key)
    return conversations.ask(database, Asker(person), turn.conversation_id, draft)


def texts(database: Database, person: int, conversation: int) -> list[str]:
    leaf = conversations.find(database, person, conversation).leaf_id
    return [message.text for message in conversations.read_transcript(database, leaf)]


def send_due(database: Database, limits: tuple[Limit, Limit] = UNLIMITED) -> list[Turn | None]:
    return [queue.send_due(database, limits, due) for due in queue.list_due(database)]


def test_a_message_waits_and_is_sent_below_the_answer(either: Database) -> None:
    person = guest(either, "ann")
    first = asked(either, person, "First")

    waiting = wait(either, person, first)
    assert (waiting.reply_id, waiting.owner, waiting.queued) == (first.reply_id, None, True)
    assert send_due(either) == [] and texts(either, person, first.conversation_id) == ["First", ""]
    answered(either, first, "Said.")
    (turn,) = send_due(either)

    assert turn and turn.owner and stored(either, turn.reply_id).model == "small"
    assert texts(either, person, first.conversation_id) == ["First", "Said.", "Later", ""]
    assert conversations.find_queued(either, first.conversation_id) is None and send_due(either) == []


def test_what_is_written_after_it_waits_below_it(database: Database, person: int) -> None:
    first = asked(database, person)

    for text, key in (("One", "1"), ("Two", "2"), ("One", "1")):
        wait(database, person, first, text, key)

    found = conversations.find_queued(database, first.conversation_id)
    assert found and (found.text, found.state) == ("One\n\nTwo", "generating")
    with pytest.raises(QueueFull, match="At most 100 characters"):
        wait(database, person, first, "x" * 95)


def test_several_messages_are_sent_one_after_the_other(either: Database) -> None:
    person = guest(either, "ann")
    first = asked(either, person, "First")
    for text in ("One", "Two"):
        wait(either, person, first, text, key=text)

    answered(either, first, "Said.")
    (turn,) = send_due(either)
    assert turn and texts(either, person, first.conversation_id) == ["First", "Said.", "One", ""]
    assert wait(either, person, turn, "Two", key="Two").queued and send_due(either) == []
    answered(either, turn, "Said, too.")

    assert len(send_due(either)) == 1 and send_due(either) == []
    assert texts(either, person, first.conversation_id) == ["First", "Said.", "One", "Said, too.", "Two", ""]


def test_a_draft_without_room_does_not_wait(database: Database, person: int) -> None:
    first = asked(database, person)

    with pytest.raises(StillAnswering):
        asked(database, person, "Later", first.conversation_id)


@pytest.mark.parametrize("state", ["stopped", "interrupted", "failed"])
def test_after_an_answer_that_is_not_whole_it_waits_for_the_person(database: Database, person: int, state: str) -> None:
    first = asked(database, person, "First")
    wait(database, person, first)

    answered(database, first, "Half", state)
    assert send_due(database) == []
    turn = conversations.send_now(database, Asker(person), first.conversation_id)

    assert turn.owner and texts(database, person, first.conversation_id) == ["First", "Half", "Later", ""]


def test_while_another_answer_runs_send_now_waits_for_that_one(database: Database, person: int) -> None:
    first = asked(database, person, "First")
    wait(database, person, first)
    answered(database, first, "Half", "stopped")
    second = conversations.try_again(database, Asker(person), first.reply_id, CHOICE)

    turn = conversations.send_now(database, Asker(person), first.conversation_id)
    answered(database, second, "Whole.")

    assert turn.queued and turn.reply_id == second.reply_id and len(send_due(database)) == 1
    assert texts(database, person, first.conversation_id) == ["First", "Whole.", "Later", ""]


def test_it_is_counted_when_it_is_sent_and_waits_as_long_as_a_limit_holds(database: Database, person: int) -> None:
    first = asked(database, person)
    wait(database, person, first)
    answered(database, first)
    limits = (Limit(sends=1), Limit())
    asker = Asker(person, own=limits[0])
    other = conversations.ask(database, asker, None, Draft("Other", CHOICE))
    answered(database, other)

    assert send_due(database, limits) == [None] and conversations.find_queued(database, first.conversation_id)
    with database.write() as connection:
        connection.execute(update(sends).values(at=0))
    assert send_due(database, limits) != [None] and count(database, sends) == 1


def test_it_is_not_sent_below_an_answer_that_runs_again(database: Database, person: int) -> None:
    first = asked(database, person)
    wait(database, person, first)
    answered(database, first, "Half")
    (due,) = queue.list_due(database)
    with database.write() as connection:
        connection.execute(update(replies).values(state="generating"))

    assert queue.send_due(database, UNLIMITED, due) is None
    assert conversations.find_queued(database, first.conversation_id)


def test_two_processes_send_it_once(either: Database) -> None:
    person = guest(either, "ann")
    first = asked(either, person)
    wait(either, person, first)
    answered(either, first)
    (due,) = queue.list_due(either)
    turns: list[Turn | None] = []

    threads = [threading.Thread(target=lambda: turns.append(queue.send_due(either, UNLIMITED, due))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([turn for turn in turns if turn]) == 1 and len(turns) == 4


@pytest.mark.parametrize("state", ["complete", "stopped"])
def test_its_form_sent_again_after_the_answer_sends_it_once(either: Database, state: str) -> None:
    person = guest(either, "ann")
    first = asked(either, person, "First")
    wait(either, person, first, "Go on", "1")
    answered(either, first, "Said.", state)

    turn = wait(either, person, first, "Go on", "1")
    answered(either, turn, "More.")

    assert turn.owner and send_due(either) == []
    assert conversations.find_queued(either, first.conversation_id) is None
    assert texts(either, person, first.conversation_id) == ["First", "Said.", "Go on", "More."]


def test_after_an_edit_it_waits_for_the_answer_to_the_new_version(either: Database) -> None:
    person = guest(either, "ann")
    first = asked(either, person, "First")
    wait(either, person, first)
    question = conversations.reply_of(either, person, first.reply_id).parent_id
    assert question

    edited = conversations.edit(either, Asker(person), question, Draft("Edited", CHOICE))
    answered(either, first)
    assert send_due(either) == []
    answered(either, edited)

    assert len(send_due(either)) == 1
    assert texts(either, person, first.conversation_id) == ["Edited", "Hi.", "Later", ""]


def test_that_of_a_suspended_person_stays(database: Database, person: int) -> None:
    first = asked(database, person)
    wait(database, person, first)
    answered(database, first)

    with database.write() as connection:
        connection.execute(update(people).values(suspended_at=1))

    assert send_due(database) == [] and count(database, queued) == 1


def test_it_can_be_taken_back_once_and_by_nobody_else(database: Database, person: int) -> None:
    first = asked(database, person)
    wait(database, person, first)
    stranger = guest(database, "bob")

    with pytest.raises(NotFound):
        conversations.take_back(database, stranger, first.conversation_id)
    with pytest.raises(NotFound):
        conversations.send_now(database, Asker(stranger), first.conversation_id)
    assert conversations.take_back(database, person, first.conversation_id) == "Later"
    with pytest.raises(NotQueued):
        conversations.take_back(database, person, first.conversation_id)


def test_it_goes_with_its_conversation(database: Database, person: int) -> None:
    first = asked(database, person)
    wait(database, person, first)

    conversations.delete(database, person, first.conversation_id)

    assert count(database, queued) == 0
