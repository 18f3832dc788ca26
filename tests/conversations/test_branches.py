"""Test branches: the versions of a message, and which of them a conversation shows."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from chat import conversations
from chat.conversations import Choice, Draft, StillAnswering, Turn, WrongParent, paging
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound
from chat.storage.tables import conversations as conversation_table
from chat.storage.tables import messages
from tests.turns import CHOICE, answered, asked, count, guest, stored


@pytest.fixture
def other(database: Database) -> int:
    """Another guest."""
    return guest(database, "bob")


def shown(database: Database, person: int, conversation_id: int) -> list[str]:
    """List what a conversation shows."""
    leaf_id = conversations.find(database, person, conversation_id).leaf_id
    return [row.text for row in conversations.read_transcript(database, leaf_id)]


def edited(database: Database, person: int, message_id: int, text: str = "Edited?", **more: Any) -> Turn:
    """Edit a message and answer it."""
    turn = conversations.edit(database, Asker(person), message_id, Draft(text, CHOICE, **more))
    return answered(database, turn, "Edited.")


def test_trying_again_adds_a_reply_beside_the_first(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "No.", "interrupted")

    second = conversations.try_again(database, Asker(person), first.reply_id, CHOICE)

    assert second.owner and shown(database, person, first.conversation_id) == ["One?", ""]
    assert stored(database, first.reply_id).text == "No."


def test_a_whole_answer_is_tried_again_with_another_model(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "Yes.")

    second = conversations.try_again(database, Asker(person), first.reply_id, Choice("scripted", "large"))

    assert stored(database, second.reply_id).model == "large" and stored(database, first.reply_id).model == "small"


def test_an_earlier_answer_tried_again_begins_a_branch(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")
    answered(database, asked(database, person, "Two?", first.conversation_id), "Two.")

    again = answered(database, conversations.try_again(database, Asker(person), first.reply_id, CHOICE), "Uno.")

    assert shown(database, person, first.conversation_id) == ["One?", "Uno."]
    assert conversations.show(database, person, first.reply_id).conversation_id == again.conversation_id
    assert shown(database, person, first.conversation_id) == ["One?", "One.", "Two?", "Two."]


def test_trying_again_waits_until_the_reply_has_ended(database: Database, person: int) -> None:
    turn = asked(database, person)

    with pytest.raises(StillAnswering):
        conversations.try_again(database, Asker(person), turn.reply_id, CHOICE)


def test_trying_again_waits_for_the_version_that_is_being_written(database: Database, person: int) -> None:
    first = answered(database, asked(database, person))
    conversations.try_again(database, Asker(person), first.reply_id, CHOICE)

    with pytest.raises(StillAnswering):
        conversations.try_again(database, Asker(person), first.reply_id, CHOICE)

    assert count(database, messages) == 3


def test_a_persons_message_can_not_be_tried_again_nor_a_reply_be_edited(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))

    with pytest.raises(NotFound):
        conversations.try_again(database, Asker(person), turn.reply_id - 1, CHOICE)
    with pytest.raises(NotFound):
        edited(database, person, turn.reply_id)

    assert count(database, messages) == 2


def test_an_edited_message_stands_beside_the_first_with_an_answer_of_its_own(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")
    second = answered(database, asked(database, person, "Two?", first.conversation_id), "Two.")

    edited(database, person, second.reply_id - 1)

    assert shown(database, person, first.conversation_id) == ["One?", "One.", "Edited?", "Edited."]
    assert [row.text for row in conversations.read_transcript(database, second.reply_id)] == [
        "One?",
        "One.",
        "Two?",
        "Two.",
    ]


def test_the_first_message_can_be_edited(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")

    second = edited(database, person, first.reply_id - 1)

    assert second.conversation_id == first.conversation_id and count(database, conversation_table) == 1
    assert shown(database, person, first.conversation_id) == ["Edited?", "Edited."]


def test_a_message_is_edited_while_its_answer_is_written(database: Database, person: int) -> None:
    running = asked(database, person, "One?")

    edited(database, person, running.reply_id - 1)

    assert shown(database, person, running.conversation_id) == ["Edited?", "Edited."]
    assert stored(database, running.reply_id).state == "generating"


def test_an_edit_posted_twenty_times_at_once_is_one_turn(database: Database, person: int) -> None:
    first, turns = answered(database, asked(database, person)), []

    def edit() -> None:
        turns.append(conversations.edit(database, Asker(person), first.reply_id - 1, Draft("Edited?", CHOICE, "k")))

    senders = [threading.Thread(target=edit) for _ in range(20)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    assert len(turns) == 20 and len({turn.reply_id for turn in turns}) == 1
    assert sum(turn.owner is not None for turn in turns) == 1 and count(database, messages) == 4


def test_another_text_with_the_same_key_is_another_version(either: Database) -> None:
    person = guest(either, "ann")
    first = answered(either, asked(either, person, "One?", key="k"), "One.")
    second = answered(either, asked(either, person, "Two?", first.conversation_id, key="k"), "Two.")

    def edit(turn: Turn, text: str) -> Turn:
        return conversations.edit(either, Asker(person), turn.reply_id - 1, Draft(text, CHOICE, "k"))

    turns = [edit(first, "Same"), edit(first, "Other"), edit(second, "Same"), edit(first, "One?")]
    again = [edit(first, "Same"), edit(second, "Same")]

    assert len({turn.reply_id for turn in turns}) == 4 and all(turn.owner for turn in turns)
    assert [turn.reply_id for turn in again] == [turns[0].reply_id, turns[2].reply_id]
    versions = conversations.versions(either, paging.newest(either, second.reply_id).rows)
    assert len(versions[first.reply_id - 1]) == 4 and len(versions[second.reply_id - 1]) == 2


def test_an_edited_message_goes_nowhere_else_in_the_tree(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")
    second = answered(database, asked(database, person, "Two?", first.conversation_id), "Two.")
    message = second.reply_id - 1

    for parent in (message, second.reply_id, first.reply_id - 1, 999):
        with pytest.raises(WrongParent, match="has changed since you opened"):
            edited(database, person, message, parent_id=parent)
    kept = edited(database, person, message, parent_id=first.reply_id)

    assert kept.owner and count(database, messages) == 6


def test_a_branch_is_shown_as_far_as_its_newest_leaf(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")
    left = answered(database, asked(database, person, "Left?", first.conversation_id), "Left.")
    conversations.try_again(database, Asker(person), left.reply_id, CHOICE)
    edited(database, person, left.reply_id - 1, "Right?")

    conversations.show(database, person, left.reply_id - 1)
    newest = shown(database, person, first.conversation_id)
    conversations.show(database, person, left.reply_id)
    chosen = shown(database, person, first.conversation_id)

    assert newest == ["One?", "One.", "Left?", ""]
    assert chosen == ["One?", "One.", "Left?", "Left."]


def test_showing_a_branch_moves_nothing_in_the_list(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))
    with database.write() as connection:
        connection.execute(update(conversation_table).values(updated_at=100))

    conversations.show(database, person, turn.reply_id)

    assert conversations.find(database, person, turn.conversation_id).updated_at == 100


def test_a_circle_in_the_tree_does_not_hold_the_search_for_a_leaf(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))
    with database.write() as connection:
        connection.execute(update(messages).where(messages.c.parent_id.is_(None)).values(parent_id=turn.reply_id))

    conversations.show(database, person, turn.reply_id - 1)

    assert conversations.find(database, person, turn.conversation_id).leaf_id == turn.reply_id


def test_a_branch_of_two_thousand_messages_is_shown_to_its_end(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))
    with database.write() as connection:
        for number in range(turn.reply_id, turn.reply_id + 1998):
            row = {"conversation_id": turn.conversation_id, "parent_id": number, "role": "user", "text": "x"}
            connection.execute(insert(messages).values(row | {"id": number + 1, "created_at": 0}))

    conversations.show(database, person, turn.reply_id - 1)

    assert conversations.find(database, person, turn.conversation_id).leaf_id == turn.reply_id + 1998


def test_the_versions_of_each_message_are_known_the_oldest_first(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "One.")
    second = answered(database, conversations.try_again(database, Asker(person), first.reply_id, CHOICE), "Uno.")
    third = edited(database, person, first.reply_id - 1)
    answered(database, asked(database, person, "Elsewhere"))

    here = conversations.versions(database, paging.newest(database, second.reply_id).rows)

    assert here == {
        first.reply_id - 1: [first.reply_id - 1, third.reply_id - 1],
        second.reply_id: [first.reply_id, second.reply_id],
    }
    assert conversations.versions(database, []) == {}


@pytest.mark.parametrize("stranger", ["other", "nobody"])
@pytest.mark.parametrize(
    "change",
    [
        lambda database, who, turn: conversations.try_again(database, Asker(who), turn.reply_id, CHOICE),
        lambda database, who, turn: conversations.edit(database, Asker(who), turn.reply_id - 1, Draft("Mine", CHOICE)),
        lambda database, who, turn: conversations.show(database, who, turn.reply_id - 1),
        lambda database, who, turn: conversations.mark_read(database, who, turn.conversation_id),
        lambda database, who, turn: conversations.message_of(database, who, turn.reply_id - 1),
    ],
    ids=["try_again", "edit", "show", "mark_read", "message_of"],
)
def test_what_is_somebody_elses_is_not_changed(
    change, stranger: str, database: Database, person: int, other: int
) -> None:
    turn = answered(database, asked(database, person))
    answered(database, conversations.try_again(database, Asker(person), turn.reply_id, CHOICE))
    everything = select(conversation_table)
    with database.read() as connection:
        before = connection.execute(everything).all()

    with pytest.raises(NotFound):
        change(database, other if stranger == "other" else None, turn)

    with database.read() as connection:
        assert connection.execute(everything).all() == before
    assert count(database, messages) == 3


def test_an_answer_is_unread_until_it_is_read_or_the_person_goes_on(database: Database, person: int) -> None:
    def unread() -> bool:
        return conversations.find(database, person, turn.conversation_id).unread

    turn = asked(database, person)
    states = [unread()]
    answered(database, turn)
    states.append(unread())
    conversations.mark_read(database, person, turn.conversation_id)
    states.append(unread())
    answered(database, asked(database, person, "And?", turn.conversation_id))
    states.append(unread())
    asked(database, person, "And then?", turn.conversation_id)
    states.append(unread())

    assert states == [False, True, False, True, False]
