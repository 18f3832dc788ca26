"""Test refused moves: one sentence says why, and the target stays empty."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chat.storage.schema import HEAD
from chat.storage.snapshots import connect
from tests.pgbouncer import pgbouncer
from tests.postgres import Postgres
from tests.storage.backups.conftest import Command
from tests.storage.backups.filled import change, tables_in
from tests.versions import NEXT


@pytest.mark.pgbouncer
def test_a_pooler_is_refused_with_what_to_do(filled: Path, run: Command, database_server: Postgres) -> None:
    address = database_server.new_database()
    with pgbouncer(database_server) as port:
        code, said = run("move", RIVULET_MOVES_TO=address.replace(f":{database_server.port}/", f":{port}/"))

    assert code == 1 and "leads to a connection pooler. Use the URL of Postgres itself." in said
    assert tables_in(address) == []


def make_newer(file: Path) -> None:
    """Give a database the version of a future release."""
    change(f"sqlite:///{file}", "UPDATE alembic_version SET version_num = '9999'")


def make_too_old(file: Path) -> None:
    """Give a database a version that has no upgrade path."""
    change(f"sqlite:///{file}", "UPDATE alembic_version SET version_num = '0003'")


def make_another(file: Path) -> None:
    """Turn it into another program's database."""
    change(f"sqlite:///{file}", "DROP TABLE alembic_version")


def forget_the_parent(file: Path) -> None:
    """Delete a person but not their rows, as a SQLite shell can."""
    with closing(connect(file)) as connection:
        connection.execute("DELETE FROM people WHERE uid = 'ann'")


def put_in_nul(file: Path) -> None:
    """Insert a character that Postgres can't store; Rivulet itself never stores it."""
    with closing(connect(file)) as connection:
        connection.execute("UPDATE messages SET text = ? WHERE id = 1", ["a\0b"])


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (make_newer, f"was made by a newer Rivulet (9999; this version supports {HEAD})"),
        (make_too_old, "was made by a Rivulet before the first release (0003; this version supports"),
        (make_another, "isn't a Rivulet database"),
        (Path.unlink, "No database at"),
        (forget_the_parent, "violates foreign key constraint"),
        (put_in_nul, "cannot contain NUL"),
    ],
    ids=["newer", "too old", "another", "missing", "orphans", "NUL"],
)
def test_what_cannot_be_moved_is_refused_in_a_sentence(
    filled: Path, run: Command, database_server: Postgres, harm: Callable[[Path], object], why: str
) -> None:
    harm(filled)
    target = database_server.new_database()

    code, said = run("move", RIVULET_MOVES_TO=target)

    assert code == 1 and why in said and said.count("\n") == 1, said
    assert tables_in(target) == []


@pytest.mark.parametrize(
    "address", ["postgres://ann:p4ss-word@127.0.0.1:1/chat", "mysql://ann:p4ss-word@127.0.0.1/chat"]
)
def test_a_target_that_cannot_be_reached_is_said_to_be_so_without_its_password(
    filled: Path, run: Command, address: str
) -> None:
    code, said = run("move", RIVULET_MOVES_TO=address)

    assert code == 1 and said.count("\n") == 1 and "p4ss" not in said, said


def test_a_role_that_can_make_no_tables_is_told_what_to_type(
    filled: Path, run: Command, database_server: Postgres
) -> None:
    target = database_server.new_database()
    database_server.command("DROP ROLE IF EXISTS newcomer")
    database_server.command("CREATE ROLE newcomer LOGIN")

    code, said = run("move", RIVULET_MOVES_TO=target.replace("rivulet@", "newcomer@"))

    assert code == 1 and "GRANT CREATE ON SCHEMA public TO newcomer" in said and said.count("\n") == 1


def test_a_database_of_the_version_before_is_brought_up_to_date_before_it_moves(
    filled: Path, run: Command, to_come: Path, tmp_path: Path
) -> None:
    code, said = run("move", RIVULET_MOVES_TO=f"sqlite:///{tmp_path}/new.db")

    assert code == 1 and f"was made by an older Rivulet ({HEAD}; this version needs {NEXT}). Start Rivulet once" in said
