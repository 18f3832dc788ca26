"""Test which messages of a branch a model receives: from its end upwards, in batches, on both kinds of database."""

from __future__ import annotations

from itertools import islice

import pytest
from sqlalchemy import event, update

from chat import conversations
from chat.conversations import Ancestry, ancestry
from chat.people.rate_limits import Asker
from chat.storage.database import Database
from chat.storage.tables import messages
from tests.turns import CHOICE, answered, asked, grown, guest


def test_an_ancestry_is_a_branch_from_its_end_upwards(either: Database) -> None:
    person = guest(either, "ann")
    first = answered(either, asked(either, person, "One?"), "No.")
    answered(either, conversations.try_again(either, Asker(person), first.reply_id, CHOICE), "Yes.")
    last = answered(either, asked(either, person, "Two?", first.conversation_id), "Two.")

    said = [(row.role, row.text) for row in Ancestry(either, last.reply_id)]

    assert said == [("assistant", "Two."), ("user", "Two?"), ("assistant", "Yes."), ("user", "One?")]


@pytest.mark.parametrize("room", [1, 60, 1_000_000])
def test_a_long_ancestry_comes_in_parts_and_whole(
    database: Database, person: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ancestry, "ROOM", room)
    last = grown(database, person, 100).reply_id

    assert [row.id for row in Ancestry(database, last)] == list(range(last, last - 100, -1))


def test_no_more_than_is_wanted_is_read_and_the_rest_is_counted(either: Database) -> None:
    last = grown(either, guest(either, "ann"), 100).reply_id
    with either.write() as connection:
        connection.execute(update(messages).values(text="long " * (ancestry.ROOM // 10)))
    read: list[str] = []
    event.listen(either.engine, "before_cursor_execute", lambda *call: read.append(call[2]))

    above = Ancestry(either, last)
    taken = list(islice(above, 5))

    assert [row.id for row in taken] == list(range(last, last - 5, -1))
    assert len(read) == 3 and not any("html" in statement for statement in read)
    assert above.unread() == 95


def test_an_ancestry_of_nothing_is_empty(database: Database) -> None:
    for newest in (None, 99):
        assert list(Ancestry(database, newest)) == []
    assert Ancestry(database, None).unread() == 0


def test_a_circle_in_the_tree_does_not_hold_it(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person))
    with database.write() as connection:
        connection.execute(update(messages).where(messages.c.parent_id.is_(None)).values(parent_id=turn.reply_id))

    assert len(list(islice(Ancestry(database, turn.reply_id), 10))) == 2
