"""Test backup and restore of PostgreSQL, on the tests' own server."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chat.storage.database import Database
from chat.storage.schema import HEAD
from tests.postgres import Postgres
from tests.storage.backups.conftest import Command, move_in

ONLY_PROGRAMS = {"PATH": os.environ.get("PATH", "")}


@pytest.fixture
def url(database_server: Postgres) -> Iterator[str]:
    """The address of a database with a conversation, and without connections."""
    address = database_server.new_database()
    database = Database(address)
    move_in(database)
    database.dispose()
    yield address


def said_in(url: str, schema: str = "public") -> list[str]:
    """List the messages in a database."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(f"SELECT text FROM {schema}.messages ORDER BY id".encode())
        return [text for (text,) in rows]


def change(url: str, statement: str) -> None:
    """Run a statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_copy_comes_back_and_what_was_there_is_kept(url: str, run: Command, tmp_path: Path) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    change(url, "UPDATE messages SET text = 'Later.'")
    change(url, "CREATE TABLE of_a_newer_rivulet (id integer)")

    code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    assert code == 0, said
    assert said_in(url) == ["Hello?", "Hi."]
    assert said_in(url, said.split()[-1]) == ["Later.", "Later."]
    assert stat.S_IMODE((tmp_path / "a.dump").stat().st_mode) == 0o600
    database = Database(url)
    database.upgrade()
    move_in(database)  # new ids continue after the copy's last one
    database.dispose()


def test_a_copy_comes_back_into_an_empty_database_and_copies_hold_nothing_aside(
    url: str, run: Command, database_server: Postgres, tmp_path: Path
) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    run("backup", tmp_path / "b.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    fresh = database_server.new_database()

    code, said = run("restore", tmp_path / "b.dump", DATABASE_URL=fresh, **ONLY_PROGRAMS)

    assert (code, said_in(fresh)) == (0, ["Hello?", "Hi."]) and "kept" not in said
    with psycopg.connect(fresh) as connection:
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'before%'").fetchall() == []


def test_nothing_comes_back_under_a_server_that_runs(url: str, run: Command, tmp_path: Path) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    with psycopg.connect(url):
        code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    assert code == 1 and "is in use. Stop Rivulet" in said


def test_a_copy_of_a_newer_rivulet_is_refused(url: str, run: Command, tmp_path: Path) -> None:
    change(url, "UPDATE alembic_version SET version_num = '9999'")
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    assert code == 1 and f"was made by a newer Rivulet (9999; this version supports {HEAD})" in said


def test_what_is_no_copy_is_refused(url: str, run: Command, tmp_path: Path) -> None:
    (tmp_path / "a.dump").write_text("Dear reader")

    code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    assert code == 1 and said.startswith("pg_restore failed (") and said.count("\n") == 1


def test_a_copy_that_is_cut_changes_nothing(url: str, run: Command, tmp_path: Path) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    whole = (tmp_path / "a.dump").read_bytes()

    for size in (len(whole) // 2, len(whole) * 3 // 4, len(whole) - 10):
        (tmp_path / "a.dump").write_bytes(whole[:size])
        code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

        assert code == 1 and said.count("\n") == 1, said
        assert said_in(url) == ["Hello?", "Hi."]


@pytest.fixture
def newer_url(newer_server: Postgres, database_server: Postgres) -> str:
    """The address of an empty database on a server newer than this machine's pg_dump."""
    versions = []
    for server in (newer_server, database_server):
        with psycopg.connect(server.address("postgres")) as connection:
            versions.append(connection.info.server_version)
    if versions[0] // 10_000 <= versions[1] // 10_000:
        pytest.skip("This machine's own PostgreSQL is new enough already.")
    return newer_server.new_database()


def test_a_server_that_is_newer_than_pg_dump_is_named_with_what_to_do(
    newer_url: str, run: Command, tmp_path: Path
) -> None:
    code, said = run("backup", tmp_path / "a.dump", DATABASE_URL=newer_url, **ONLY_PROGRAMS)

    assert (
        code == 1 and "pg_dump is older than the database server (server version: 18." in said and said.count("\n") == 1
    )
    assert "Install the PostgreSQL client of" in said and "bin/move sqlite:" in said
    assert not list(tmp_path.glob("a.dump*"))


def test_a_copy_comes_back_into_a_newer_server(url: str, newer_url: str, run: Command, tmp_path: Path) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=newer_url, **ONLY_PROGRAMS)

    assert (code, said_in(newer_url)) == (0, ["Hello?", "Hi."]), said


def test_a_copy_that_a_newer_pg_dump_made_is_refused_with_what_to_do(url: str, run: Command, tmp_path: Path) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    made = bytearray((tmp_path / "a.dump").read_bytes())
    made[6] = 99  # the minor version of its format, after PGDMP and the major one
    (tmp_path / "a.dump").write_bytes(made)

    code, said = run("restore", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    assert code == 1 and "pg_restore is older than the database server (unsupported version (1.99)" in said, said
    assert said_in(url) == ["Hello?", "Hi."]


def scripted(folder: Path, name: str, text: str) -> dict[str, str]:
    """Put a fake PostgreSQL program on the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\nimport os, sys\n{text}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_the_password_is_told_by_the_environment_only(run: Command, tmp_path: Path) -> None:
    tell = (
        f"open({str(tmp_path / 'told')!r}, 'w').write(repr((sys.argv, os.environ['PGPASSWORD'], os.environ['PGHOST'])))"
    )
    environ = scripted(tmp_path / "programs", "pg_dump", tell)

    run("backup", tmp_path / "a.dump", DATABASE_URL="postgres://ann:p%40ss-word@db.example.org/chat", **environ)

    arguments, password, host = eval((tmp_path / "told").read_text())
    assert (password, host) == ("p@ss-word", "db.example.org")
    assert not [part for part in arguments if "p@ss" in part or "p%40" in part]


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        (
            "pg_dump: error: aborting because of server version mismatch",
            "is older than the database server (server version mismatch)",
        ),
        ("pg_dump: error: connection to server failed: no route", "(pg_dump: error: connection to server failed"),
        ("", "pg_dump failed (no reason given)"),
    ],
)
def test_what_pg_dump_complains_of_is_said_and_nothing_is_left(
    run: Command, tmp_path: Path, complaint: str, said: str
) -> None:
    environ = scripted(tmp_path / "programs", "pg_dump", f"print({complaint!r}, file=sys.stderr); sys.exit(1)")

    code, answer = run("backup", tmp_path / "a.dump", DATABASE_URL="postgres://ann:secret@127.0.0.1/chat", **environ)

    assert code == 1 and said in answer and "secret" not in answer and answer.count("\n") == 1
    assert not list(tmp_path.glob("a.dump*"))


def test_without_the_programs_it_is_said_what_to_install(run: Command, tmp_path: Path) -> None:
    code, said = run("backup", tmp_path / "a.dump", DATABASE_URL="postgres://127.0.0.1/chat", PATH=str(tmp_path))

    assert code == 1 and "apt-get install postgresql-client" in said


def test_a_database_that_cant_be_reached_is_said_to_be_so(
    run: Command, url: str, database_server: Postgres, tmp_path: Path
) -> None:
    run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)
    nowhere = url.replace(f":{database_server.port}/", ":1/")

    for command in ("backup", "restore"):
        file = tmp_path / ("a.dump" if command == "restore" else "b.dump")
        code, said = run(command, file, DATABASE_URL=nowhere, **ONLY_PROGRAMS)
        assert code == 1 and said.count("\n") == 1 and "refused" in said


@pytest.mark.parametrize("url", ["postgres://127.0.0.1/chat?nonsense=1", "mysql://127.0.0.1/chat"])
def test_a_wrong_address_is_refused_with_a_sentence(run: Command, tmp_path: Path, url: str) -> None:
    code, said = run("backup", tmp_path / "a.dump", DATABASE_URL=url, **ONLY_PROGRAMS)

    assert code == 1 and said.startswith("DATABASE_URL ") and said.count("\n") == 1
