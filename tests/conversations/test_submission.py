"""Test asking: one transaction stores a person's message and its empty reply, once."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from sqlalchemy import insert, select

from chat import conversations
from chat.conversations import Choice, StillAnswering, Turn, WrongParent, submission
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound, clock
from chat.storage.leases import LEASE
from chat.storage.tables import conversations as conversation_table
from chat.storage.tables import messages, replies
from tests.turns import CHOICE, answered, asked, count, guest, stored


def path_of(database: Database, person: int, conversation_id: int) -> list[tuple[str, str, str | None]]:
    """Return the role, text and state of each message that a conversation shows."""
    leaf_id = conversations.find(database, person, conversation_id).leaf_id
    return [
        (row.role, row.text, getattr(row, "state", None)) for row in conversations.read_transcript(database, leaf_id)
    ]


@pytest.fixture
def other(database: Database) -> int:
    """Another guest."""
    return guest(database, "bob")


def test_a_question_is_stored_with_the_reply_it_waits_for(database: Database, person: int) -> None:
    turn = asked(database, person, "Why is the sky blue?")

    assert path_of(database, person, turn.conversation_id) == [
        ("user", "Why is the sky blue?", None),
        ("assistant", "", "generating"),
    ]


def test_the_reply_belongs_to_who_asked_for_as_long_as_a_lease(database: Database, person: int) -> None:
    turn = asked(database, person)

    with database.read() as connection:
        left = connection.execute(select(replies.c.lease_until - clock()).where(replies.c.id == turn.reply_id)).scalar()
    reply = stored(database, turn.reply_id)
    assert (reply.owner, reply.provider, reply.model) == (turn.owner, "scripted", "small")
    assert left in {LEASE - 1, LEASE}


def test_a_question_goes_on_from_the_answer_above(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")

    second = asked(database, person, "Two?", first.conversation_id)

    assert second.conversation_id == first.conversation_id
    assert [text for _, text, _ in path_of(database, person, first.conversation_id)] == ["One?", "One.", "Two?", ""]


def test_a_question_waits_until_the_answer_above_is_there(database: Database, person: int) -> None:
    turn = asked(database, person)

    with pytest.raises(StillAnswering, match="Wait for it to finish, or stop it"):
        asked(database, person, "And?", turn.conversation_id)

    assert count(database, messages) == 2


def test_what_can_not_be_stored_whole_is_not_stored_at_all(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "insert_reply", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        asked(database, person)

    assert count(database, conversation_table) == 0
    assert count(database, messages) == 0


def test_the_same_key_is_the_same_turn(database: Database, person: int) -> None:
    first = asked(database, person, key="k")
    again = asked(database, person, key="k")
    answered(database, first)
    later = asked(database, person, key="k")

    assert again == later == Turn(first.conversation_id, first.reply_id, None, person)
    assert count(database, messages) == 2


def test_another_text_with_the_same_key_is_another_turn(either: Database) -> None:
    person = guest(either, "ann")
    start = answered(either, asked(either, person, "One?", key="k"), "One.")
    beside: dict[str, Any] = {"conversation": start.conversation_id, "parent": start.reply_id, "key": "k"}

    turns = [asked(either, person, text, **beside) for text in ("Two?", "Two", "two?", "Two? ", "Two?")]

    assert len({turn.reply_id for turn in turns}) == 4 and turns[4].reply_id == turns[0].reply_id
    assert [turn.owner is None for turn in turns] == [False, False, False, False, True]
    rows = [list(conversations.read_transcript(either, turn.reply_id)) for turn in turns[:4]]
    assert [[row.text for row in path] for path in rows] == [
        ["One?", "One.", text, ""] for text in ("Two?", "Two", "two?", "Two? ")
    ]


def test_the_same_key_and_text_elsewhere_is_another_turn(either: Database) -> None:
    person = guest(either, "ann")
    here, there = (answered(either, asked(either, person, text)) for text in ("Here", "There"))

    turns = [asked(either, person, "And?", place, key="k") for place in (here.conversation_id, there.conversation_id)]
    begun = asked(either, person, "And?", key="k")
    again = [asked(either, person, "And?", place, key="k") for place in (here.conversation_id, there.conversation_id)]

    assert len({turn.conversation_id for turn in [*turns, begun]}) == 3
    assert [turn.reply_id for turn in turns] == [turn.reply_id for turn in again]
    assert all(turn.owner for turn in [*turns, begun]) and not any(turn.owner for turn in again)


def test_keys_of_forms_are_no_names_of_turns_in_the_database(database: Database, person: int) -> None:
    asked(database, person, "One?", key="k" * 22)
    asked(database, person, "One?", key=None)

    with database.read() as connection:
        keys = [key for key in connection.execute(select(messages.c.turn_key)).scalars() if key]
    assert len(keys) == 1 and re.fullmatch("[0-9a-f]{64}", keys[0])


def test_a_key_posted_twenty_times_at_once_is_one_turn(database: Database, person: int) -> None:
    turns: list[Turn] = []
    senders = [threading.Thread(target=lambda: turns.append(asked(database, person, key="k"))) for _ in range(20)]

    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    assert len(turns) == 20
    assert len({turn.reply_id for turn in turns}) == 1
    assert sum(turn.owner is not None for turn in turns) == 1
    assert count(database, conversation_table) == 1
    assert count(database, messages) == 2


def test_a_key_that_another_worker_used_at_the_same_moment_is_found(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = asked(database, person, key="k")
    turn_of = submission.find_turn
    blind = iter([True])
    monkeypatch.setattr(submission, "find_turn", lambda *given: None if next(blind, False) else turn_of(*given))

    again = asked(database, person, key="k")

    assert again == Turn(first.conversation_id, first.reply_id, None, person)
    assert count(database, conversation_table) == 1


def test_a_key_leads_to_the_latest_reply_of_its_turn(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, key="k"))
    second = conversations.try_again(database, Asker(person), first.reply_id, CHOICE)

    assert asked(database, person, key="k").reply_id == second.reply_id


def test_a_key_of_somebody_else_finds_nothing(database: Database, person: int, other: int) -> None:
    asked(database, person, key="k")

    with pytest.raises(NotFound):
        asked(database, other, key="k")

    assert count(database, messages) == 2


def test_two_questions_at_once_do_not_both_go_on_from_one_answer(database: Database, person: int) -> None:
    start = answered(database, asked(database, person))
    outcomes: list[object] = []

    def ask(text: str) -> None:
        try:
            outcomes.append(asked(database, person, text, start.conversation_id))
        except StillAnswering as error:
            outcomes.append(error)

    senders = [threading.Thread(target=ask, args=(text,)) for text in ("Left?", "Right?")]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["StillAnswering", "Turn"]


def test_a_foreign_conversation_takes_no_question(database: Database, person: int, other: int) -> None:
    turn = answered(database, asked(database, person))

    with pytest.raises(NotFound):
        asked(database, other, "May I?", turn.conversation_id)

    assert count(database, messages) == 2


def test_a_question_goes_on_from_the_answer_its_page_showed(database: Database, person: int) -> None:
    start = answered(database, asked(database, person, "One?"), "One.")
    answered(database, asked(database, person, "Two?", start.conversation_id), "Two.")

    late = asked(database, person, "Late?", start.conversation_id, parent=start.reply_id)

    assert [text for _, text, _ in path_of(database, person, late.conversation_id)] == ["One?", "One.", "Late?", ""]


def test_two_questions_at_once_from_two_pages_are_both_asked(database: Database, person: int) -> None:
    start = answered(database, asked(database, person))
    turns: list[Turn] = []

    def ask(text: str) -> None:
        turns.append(asked(database, person, text, start.conversation_id, parent=start.reply_id))

    senders = [threading.Thread(target=ask, args=(text,)) for text in ("Left?", "Right?")]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    shown = conversations.find(database, person, start.conversation_id).leaf_id
    asked_for = [list(conversations.read_transcript(database, turn.reply_id)) for turn in turns]
    assert shown == max(turn.reply_id for turn in turns)
    assert {path[1].id for path in asked_for} == {start.reply_id}
    assert sorted(path[2].text for path in asked_for) == ["Left?", "Right?"]


def test_a_question_waits_for_the_answer_it_goes_on_from_only(database: Database, person: int) -> None:
    start = answered(database, asked(database, person))
    running = asked(database, person, "And?", start.conversation_id)

    beside = asked(database, person, "Or?", start.conversation_id, parent=start.reply_id)
    with pytest.raises(StillAnswering):
        asked(database, person, "And then?", start.conversation_id, parent=running.reply_id)

    assert beside.owner and count(database, messages) == 6


def test_a_question_goes_on_from_nothing_but_an_answer_of_its_conversation(
    database: Database, person: int, other: int
) -> None:
    turn = answered(database, asked(database, person))
    own = answered(database, asked(database, person, "Elsewhere"))
    foreign = answered(database, asked(database, other, "Bob's"))

    for parent in (turn.reply_id - 1, own.reply_id, foreign.reply_id, 999, 0):
        with pytest.raises(WrongParent, match="Reload and send"):
            asked(database, person, "And?", turn.conversation_id, parent=parent)
    with pytest.raises(WrongParent):
        asked(database, person, "And?", None, parent=turn.reply_id)

    assert count(database, messages) == 6 and count(database, conversation_table) == 3


def test_a_conversation_moves_up_when_it_goes_on(database: Database, person: int) -> None:
    with database.write() as connection:
        for title, moment in (("old", 100), ("newer", 200)):
            row = {"person_id": person, "title": title, "created_at": moment, "updated_at": moment}
            connection.execute(insert(conversation_table).values(row))

    asked(database, person, "And?", 1)

    assert [row.title for row in conversations.listing(database, person)] == ["old", "newer"]


def test_a_conversation_remembers_that_models_differ(database: Database, person: int) -> None:
    def mixed(turn: Turn) -> bool:
        return conversations.find(database, person, turn.conversation_id).mixed

    one = answered(database, asked(database, person))
    two = answered(database, asked(database, person, "And?", one.conversation_id))
    assert not mixed(two)

    other = answered(
        database, conversations.try_again(database, Asker(person), two.reply_id, Choice("scripted", "large"))
    )
    assert mixed(other)
    last = answered(database, asked(database, person, "And?", one.conversation_id))

    assert mixed(last)
