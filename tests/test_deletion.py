"""What is deleted is gone from the file, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat import conversations
from chat.accounts import roles
from chat.database import Database
from tests.team import account
from tests.turns import answered, asked

SAID = "What nobody may ever read again"


def is_kept(tmp_path: Path) -> bool:
    """Tell whether the words are in the file of the database, once its log is part of that."""
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
