"""Test moving an instance from one database to another, whole or not at all."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, insert, text

from chat.registry import records
from chat.registry.form import ProviderForm
from chat.storage.backups import transfer
from chat.storage.backups.transfer import Progress
from chat.storage.snapshots import connect
from chat.storage.tables import messages, metadata, people
from tests.postgres import Postgres
from tests.serving import ROOT
from tests.storage.backups.conftest import Addresses, Command
from tests.storage.backups.filled import change, read, tables_in, used
from tests.team import signed_in, team


def next_person(url: str) -> int:
    """Create one more person; return their id."""
    with used(url) as database, database.write() as connection:
        made = connection.execute(insert(people), {"uid": "new", "created_at": 0}).inserted_primary_key
    assert made
    return int(made[0])


@pytest.mark.newer_postgres
def test_an_instance_with_rows_in_every_table_moves_to_postgres_on_to_another_and_back(
    filled: Path, run: Command, database_server: Postgres, tmp_path: Path
) -> None:
    start, back = f"sqlite:///{filled}", f"sqlite:///{tmp_path}/back.db"
    first, second = database_server.new_database(), database_server.new_database()
    before = read(start)

    there = run("move", RIVULET_MOVES_TO=first)
    on = run("move", DATABASE_URL=first, RIVULET_MOVES_TO=second)
    home = run("move", DATABASE_URL=second, RIVULET_MOVES_TO=back)

    assert (there[0], on[0], home[0]) == (0, 0, 0), there[1] + on[1] + home[1]
    assert [name for name in metadata.tables if not before[name]] == []
    assert before == read(first) == read(second) == read(back) == read(start)
    assert next_person(back) == next_person(second) == next_person(first) == 4  # 3 was a person who is gone
    assert "Set DATABASE_URL" in there[1] and str(filled) in there[1]


def test_a_target_that_is_not_empty_is_refused_and_left_as_it_is(
    filled: Path, run: Command, new_database: Addresses
) -> None:
    target = new_database()
    assert run("move", RIVULET_MOVES_TO=target)[0] == 0
    change(target, "UPDATE messages SET text = 'Mine.'")
    before = read(target)

    code, said = run("move", RIVULET_MOVES_TO=target)

    assert code == 1 and "isn't empty and won't be overwritten" in said and said.count("\n") == 1
    assert read(target) == before


def test_a_database_is_not_moved_into_itself(filled: Path, run: Command) -> None:
    code, said = run("move", RIVULET_MOVES_TO=f"sqlite:///{filled}")

    assert code == 1 and f"{filled} isn't empty" in said


def test_nothing_moves_while_somebody_has_the_source_or_the_target_open(
    filled: Path, run: Command, database_server: Postgres
) -> None:
    first, second = database_server.new_database(), database_server.new_database()
    with closing(connect(filled)) as other:
        other.execute("SELECT 1 FROM people").fetchall()
        of_sqlite = run("move", RIVULET_MOVES_TO=first)
    with psycopg.connect(first):
        of_target = run("move", RIVULET_MOVES_TO=first)
    moved = run("move", RIVULET_MOVES_TO=first)
    with psycopg.connect(first):
        of_source = run("move", DATABASE_URL=first, RIVULET_MOVES_TO=second)

    for code, said in (of_sqlite, of_target, of_source):
        assert code == 1 and "is in use. Stop Rivulet" in said
    assert moved[0] == 0 and tables_in(second) == []


@pytest.mark.newer_postgres
def test_a_source_on_postgres_is_kept_still_while_it_is_copied(
    filled: Path, run: Command, database_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = database_server.new_database()
    run("move", RIVULET_MOVES_TO=source)
    refused = []

    def meanwhile(old: Connection, new: Connection) -> None:
        with psycopg.connect(source) as other, pytest.raises(psycopg.errors.LockNotAvailable) as error:
            other.execute("SET lock_timeout = 50; UPDATE people SET name = 'changed'")
        refused.append(error)

    monkeypatch.setattr(transfer, "continue_numbers", meanwhile)

    code, said = run("move", DATABASE_URL=source, RIVULET_MOVES_TO=f"sqlite:///{tmp_path}/new.db")

    assert code == 0 and len(refused) == 1, said


def test_a_row_that_differs_in_the_target_is_found_and_nothing_is_kept(
    filled: Path, run: Command, new_database: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = new_database()

    def spoil(old: Connection, new: Connection) -> None:
        new.execute(text("UPDATE pieces SET text = text || '.' WHERE seq = 1234"))

    monkeypatch.setattr(transfer, "continue_numbers", spoil)

    code, said = run("move", RIVULET_MOVES_TO=target)

    assert code == 1 and "The rows of pieces in" in said and said.count("\n") == 1
    assert tables_in(target) == []


ACME = ProviderForm("acme", "openai", "https://models.acme.test/v1", "sk-abcdefgh12345678")

KILLED_MIDWAY = """
import os, signal
from chat.storage import backups
from chat.storage.backups.transfer import Progress
Progress.add = lambda self, table, rows: table == "replies" and os.kill(os.getpid(), signal.SIGKILL)
backups.move(os.environ)
"""


def test_a_move_that_is_killed_leaves_an_empty_database_and_the_second_try_works(
    filled: Path, run: Command, new_database: Addresses
) -> None:
    target = new_database()
    environ = {"INSTANCE": str(filled.parent), "RIVULET_MOVES_TO": target}

    killed = subprocess.run([sys.executable, "-c", KILLED_MIDWAY], cwd=ROOT, env=environ, timeout=60)
    again = run("move", RIVULET_MOVES_TO=target)

    assert (killed.returncode, again[0]) == (-9, 0), again[1]
    assert read(target) == read(f"sqlite:///{filled}")


MEASURED = """
import os, resource, sys
from chat.storage import backups
code = backups.move(os.environ)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(code)
"""


def memory_of(instance: Path, target: str, **environ: str) -> int:
    """Move an instance in a separate process; return its peak memory in bytes."""
    environ |= {"INSTANCE": str(instance), "RIVULET_MOVES_TO": target}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr)


def test_the_memory_stays_small_however_much_was_said(filled: Path, database_server: Postgres, tmp_path: Path) -> None:
    first, second = database_server.new_database(), database_server.new_database()
    little = memory_of(filled.parent, first)
    long = {"conversation_id": 1, "parent_id": 1, "role": "user", "text": "A long text. " * 80_000, "created_at": 0}
    with used(f"sqlite:///{filled}") as database, database.write() as connection:
        for _ in range(40):
            connection.execute(insert(messages), long)

    to_postgres = memory_of(filled.parent, second)
    to_sqlite = memory_of(filled.parent, f"sqlite:///{tmp_path}/back.db", DATABASE_URL=second)

    assert max(to_postgres, to_sqlite) - little < 15_000_000 < filled.stat().st_size / 2


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_many_rows_of_all_are_done_and_nothing_else_does() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = Progress(stream, total=2_000)
        progress.add("people", 500)
        progress.add("messages", 1_000)
        progress.begin("checked")
        progress.add("people", 500)
        progress.close()

    shown = [line.removeprefix("\x1b[K") for line in terminal.getvalue().split("\r")]
    assert shown == [
        "",
        "500 of 2,000 rows copied (people)",
        "1,500 of 2,000 rows copied (messages)",
        "500 of 2,000 rows checked (people)",
        "",
    ]
    assert file.getvalue() == ""


def test_ctrl_c_changes_nothing(
    filled: Path, run: Command, new_database: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    target = new_database()
    monkeypatch.setattr(transfer, "read_digest", interrupt)

    assert run("move", RIVULET_MOVES_TO=target) == (130, "Interrupted. Nothing was changed.\n")
    assert tables_in(target) == []


def test_after_a_move_people_are_still_signed_in_and_providers_have_their_keys(
    tmp_path: Path, run: Command, database_server: Postgres
) -> None:
    target = database_server.new_database()
    app = team(tmp_path)
    browser = signed_in(app, role="admin")
    records.add(app.extensions["rivulet"].registry, "ann@example.org", ACME)
    app.extensions["rivulet"].database.dispose()

    code, said = run("move", RIVULET_MOVES_TO=target)

    moved = team(tmp_path, DATABASE_URL=target)
    visitor = moved.test_client()
    visitor._cookies = browser._cookies
    assert code == 0 and visitor.get("/account").status_code == 200, said
    assert moved.extensions["rivulet"].registry["acme"]._key == ACME.key
    moved.extensions["rivulet"].database.dispose()
