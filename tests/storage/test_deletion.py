"""Test that deleted text is gone from the file, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from chat import conversations
from chat.conversations import queries
from chat.people import roles
from chat.storage import deletion
from chat.storage.database import Database, DatabaseAway, NotFound
from chat.storage.tables import messages, replies
from tests.team import account
from tests.turns import answered, asked, grown, guest

SAID = "What nobody may ever read again"


def is_kept(tmp_path: Path) -> bool:
    """Tell whether the database's file contains the words, after its log was moved into it."""
    return SAID.encode() in (tmp_path / "rivulet.db").read_bytes()


def write_the_log_back(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("with_their_account", [False, True])
def test_nothing_deleted_is_left_in_the_file(database: Database, tmp_path: Path, with_their_account: bool) -> None:
    """Reference D4; not every build of SQLite overwrites by itself."""
    account(database, "admin@example.org", "admin")
    person = account(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")
    turn = answered(database, asked(database, person, SAID), SAID)
    write_the_log_back(database)
    assert is_kept(tmp_path)

    if with_their_account:
        roles.remove(database, "a test", person)
    else:
        conversations.delete(database, person, turn.conversation_id)

    write_the_log_back(database)
    assert not is_kept(tmp_path)


@pytest.mark.parametrize(("rows", "characters"), [(10, 1_000), (100, 50)], ids=["by number", "by length"])
def test_a_long_conversation_goes_in_parts_and_whole(
    either: Database, rows: int, characters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "PART", characters)
    monkeypatch.setattr(deletion, "ROWS", rows)
    person = guest(either, "ann")
    kept = answered(either, asked(either, person))
    turn = grown(either, person, 60)
    with either.write() as connection:
        connection.execute(update(replies).where(replies.c.id == turn.reply_id).values(state="generating"))
    commits: list[object] = []
    event.listen(either.engine, "commit", commits.append)

    stopped = conversations.delete(either, person, turn.conversation_id)

    assert stopped == [turn.reply_id] and len(commits) >= 6
    with either.read() as connection:
        left = connection.execute(select(func.count(messages.c.id))).scalar()
    assert left == 2 == len(list(conversations.read_transcript(either, kept.reply_id)))
    with pytest.raises(NotFound):
        conversations.delete(either, person, turn.conversation_id)


def test_a_deletion_that_breaks_off_shows_nothing_and_is_done_by_doing_it_again(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, delete_part = grown(database, person, 300), deletion.delete_part

    def delete_once(*given: Any) -> bool:
        monkeypatch.setattr(queries, "delete_part", lambda *_: (_ for _ in ()).throw(DatabaseAway()))
        return delete_part(*given)

    monkeypatch.setattr(queries, "delete_part", delete_once)
    with pytest.raises(DatabaseAway):
        conversations.delete(database, person, turn.conversation_id)
    monkeypatch.undo()

    assert conversations.find(database, person, turn.conversation_id).leaf_id is None
    assert conversations.delete(database, person, turn.conversation_id) == []
    assert conversations.listing(database, person) == []
