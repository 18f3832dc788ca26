"""Test windows: a model receives the whole shown branch, and a page a window of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, insert, update

from chat import conversations
from chat.conversations import Turn, paging
from chat.conversations.paging import WINDOW, Window
from chat.people.rate_limits import Asker
from chat.storage.database import Database, NotFound
from chat.storage.tables import messages
from tests.turns import CHOICE, answered, asked, grown


def texts(database: Database, leaf_id: int | None) -> list[str]:
    return [row.text for row in conversations.read_transcript(database, leaf_id)]


def numbers(window: Window, first: int) -> list[int]:
    """List the numbers of the messages in a window, counted from 1."""
    return [row.id - first + 1 for row in window.rows]


@pytest.fixture
def long(database: Database, person: int) -> Turn:
    """A conversation of a hundred messages, with another one before it and another person's after it."""
    answered(database, asked(database, person))
    return grown(database, person, 100)


@pytest.fixture
def first(long: Turn) -> int:
    """The id of its first message."""
    return long.reply_id - 99


@pytest.fixture
def conversation(database: Database, person: int, long: Turn):
    """The row of that conversation."""
    return conversations.find(database, person, long.conversation_id)


@contextmanager
def work_counted(database: Database) -> Iterator[list[int]]:
    """Count SQLite's work in a block, in hundreds of virtual machine steps."""
    steps = [0]

    def note() -> int:
        steps[0] += 1
        return 0

    def watch(connection, *_):
        connection.set_progress_handler(note, 100)

    event.listen(database.engine, "checkout", watch)
    yield steps
    event.remove(database.engine, "checkout", watch)


def test_a_path_holds_one_branch_of_the_tree(database: Database, person: int) -> None:
    first = answered(database, asked(database, person, "One?"), "No.")
    second = answered(database, conversations.try_again(database, Asker(person), first.reply_id, CHOICE), "Yes.")
    third = answered(database, asked(database, person, "Two?", first.conversation_id), "Two.")

    assert texts(database, third.reply_id) == ["One?", "Yes.", "Two?", "Two."]
    assert texts(database, second.reply_id) == ["One?", "Yes."]
    assert texts(database, first.reply_id) == ["One?", "No."]


def test_a_path_to_nothing_is_empty(database: Database) -> None:
    assert list(conversations.read_transcript(database, None)) == []
    assert list(conversations.read_transcript(database, 99)) == []


def test_a_circle_in_the_tree_does_not_hold_the_walk(database: Database, person: int) -> None:
    """OW 26-87013, 26-88000: a circle of messages that holds the server."""
    turn = answered(database, asked(database, person))
    with database.write() as connection:
        connection.execute(update(messages).where(messages.c.parent_id.is_(None)).values(parent_id=turn.reply_id))

    assert texts(database, turn.reply_id) == ["Hello?", "Hi."]


def test_a_path_of_two_thousand_messages_is_walked(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))
    with database.write() as connection:
        for number in range(turn.reply_id, turn.reply_id + 1998):
            row = {"conversation_id": turn.conversation_id, "parent_id": number, "role": "user", "text": "x"}
            connection.execute(insert(messages).values(row | {"id": number + 1, "created_at": 0}))

    assert len(texts(database, turn.reply_id + 1998)) == 2000


def test_the_newest_window_ends_with_the_leaf(database: Database, long: Turn, first: int) -> None:
    window = paging.newest(database, long.reply_id)

    assert numbers(window, first) == list(range(61, 101))
    assert (window.earlier, window.later) == (first + 60, None)


def test_a_short_conversation_is_shown_whole(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))

    window = paging.newest(database, turn.reply_id)

    assert [row.text for row in window.rows] == ["Hello?", "Hi."]
    assert (window.earlier, window.later) == (None, None)


def test_an_earlier_window_ends_where_the_later_one_begins(database: Database, conversation, first: int) -> None:
    window = paging.before(database, conversation, first + 60)
    top = paging.before(database, conversation, first + 20)

    assert numbers(window, first) == list(range(21, 61))
    assert (window.earlier, window.later) == (first + 20, first + 59)
    assert numbers(top, first) == list(range(1, 21))
    assert (top.earlier, top.later) == (None, first + 19)


def test_a_later_window_begins_where_the_earlier_one_ends(database: Database, conversation, first: int) -> None:
    window = paging.after(database, conversation, first + 39)
    end = paging.after(database, conversation, first + 79)

    assert numbers(window, first) == list(range(41, 81)) and window.later == first + 79
    assert numbers(end, first) == list(range(81, 101)) and end.later is None


def test_a_message_is_shown_with_what_stands_around_it(database: Database, conversation, first: int) -> None:
    assert numbers(paging.around(database, conversation, first + 49), first) == list(range(31, 71))
    assert numbers(paging.around(database, conversation, first), first) == list(range(1, 22))
    assert numbers(paging.around(database, conversation, first + 98), first) == list(range(61, 101))


def test_of_long_messages_a_window_holds_as_many_as_there_is_room_for(
    database: Database, conversation, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(paging.newest(database, conversation.leaf_id).rows[0].text)
    monkeypatch.setattr(paging, "ROOM", 5 * size)

    newest = paging.newest(database, conversation.leaf_id)
    before = paging.before(database, conversation, first + 60)
    after = paging.after(database, conversation, first + 39)
    around = paging.around(database, conversation, first + 50)

    assert [numbers(window, first) for window in (newest, before, after, around)] == [
        [97, 98, 99, 100],
        [57, 58, 59, 60],
        [41, 42, 43, 44],
        [47, 48, 49, 50, 51, 52, 53, 54],
    ]
    assert (newest.earlier, before.later, after.later) == (first + 96, first + 59, first + 43)


def test_two_messages_are_shown_however_long_they_are(
    database: Database, conversation, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "ROOM", 0)

    assert numbers(paging.newest(database, conversation.leaf_id), first) == [99, 100]
    assert numbers(paging.after(database, conversation, first + 39), first) == [41, 42]


def test_an_earlier_window_is_of_the_branch_that_the_message_stands_on(database: Database, person: int) -> None:
    one = answered(database, asked(database, person, "One?"), "One.")
    two = answered(database, asked(database, person, "Two?", one.conversation_id), "Two.")
    conversations.try_again(database, Asker(person), one.reply_id, CHOICE)
    conversation = conversations.find(database, person, one.conversation_id)

    window = paging.before(database, conversation, two.reply_id)

    assert [row.text for row in window.rows] == ["One?", "One.", "Two?"]


def test_a_window_of_what_is_elsewhere_or_nowhere_is_not_found(database: Database, conversation, first: int) -> None:
    # The first message (it has none above), another conversation's message, and no message at all.
    for missing in (first, first - 1, first + 100):
        with pytest.raises(NotFound):
            paging.before(database, conversation, missing)
    for missing in (first + 99, first + 100):
        with pytest.raises(NotFound):
            paging.after(database, conversation, missing)


def test_what_follows_a_message_of_another_branch_is_not_found(database: Database, person: int) -> None:
    one = answered(database, asked(database, person, "One?"), "One.")
    conversations.try_again(database, Asker(person), one.reply_id, CHOICE)
    conversation = conversations.find(database, person, one.conversation_id)

    with pytest.raises(NotFound):
        paging.after(database, conversation, one.reply_id)


def test_a_window_is_no_more_work_where_more_stands_above_it(database: Database, person: int) -> None:
    short, long = grown(database, person, WINDOW), grown(database, person, 2000)

    done = []
    for turn in (short, long):
        with work_counted(database) as work:
            conversations.versions(database, paging.newest(database, turn.reply_id).rows)
        done.append(work[0])

    assert done[0] > 0 and done[1] < done[0] * 1.5
