"""Test upgrades: they first copy a SQLite database, once, and the next start finishes a killed one."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chat.storage import snapshots
from chat.storage.database import Database
from chat.storage.engines import DatabaseUnusable
from chat.storage.schema import HEAD
from tests.versions import NEXT, TO_COME

TOP = Path(__file__).parent.parent.parent

UPGRADE = f"""{TO_COME}
from chat.storage.database import Database
from chat.storage.engines import DatabaseUnusable
try:
    Database(sys.argv[1]).upgrade()
except DatabaseUnusable as error:
    sys.exit(str(error))
"""

KILL = f"""{TO_COME}
import os, signal
from sqlalchemy import event
from chat.storage.database import Database

import alembic.command
for number in range(1, 200):
    database = Database(sys.argv[1])
    if os.fork() == 0:
        done = 0
        def count(*_):
            global done
            done += 1
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)
        event.listen(database.engine, "before_cursor_execute", count)
        event.listen(database.engine, "commit", count)
        database.upgrade()
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.wait()[1])
    print(ended, flush=True)
    if ended == 0 or not sys.stdin.readline():
        break
"""


def upgraded(path: Path) -> None:
    """Upgrade a database as a start does."""
    database = Database(f"sqlite:///{path}")
    try:
        database.upgrade()
    finally:
        database.dispose()


def version_of(path: Path) -> str:
    """Read the version of a database, which must be intact and hold its person."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT uid FROM people").fetchall() == [("ann",)]
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def kept(path: Path) -> list[Path]:
    """List the copies beside a database, oldest first."""
    return sorted((path.parent / "backups").iterdir(), key=lambda copy: copy.stat().st_mtime_ns)


def test_an_upgrade_keeps_a_copy_of_what_was_there(present: Path, to_come: Path) -> None:

    upgraded(present)

    (copy,) = kept(present)
    assert copy.name.endswith(f"-before-{NEXT}.db") and version_of(copy) == HEAD
    assert version_of(present) == NEXT


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "up to date"])
def test_without_anything_to_migrate_no_copy_is_made(present: Path, is_new: bool) -> None:
    if is_new:
        present.unlink()

    upgraded(present)

    assert not (present.parent / "backups").exists()


def test_of_the_copies_of_upgrades_the_newest_three_stay_and_all_others(present: Path, to_come: Path) -> None:
    path, folder = present, present.parent / "backups"
    folder.mkdir()
    others = {"rivulet-2020-01-01-000000.db", "rivulet-2020-01-01-000000-before-restore.db", "mine.db"}
    for name in others:
        (folder / name).write_text("Mine.")
    for number in range(5):
        snapshots.copy_before(path, f"999{number}")

    upgraded(path)

    names = {copy.name for copy in kept(path)}
    assert others <= names
    assert {name.rpartition("-before-")[2] for name in names - others} == {"9993.db", "9994.db", f"{NEXT}.db"}


def test_four_processes_that_start_at_once_keep_one_copy(present: Path, to_come: Path) -> None:
    start = [sys.executable, "-c", UPGRADE, f"sqlite:///{present}", str(to_come)]

    workers = [subprocess.Popen(start, cwd=TOP, text=True, stderr=subprocess.PIPE) for _ in range(4)]
    complaints = [worker.communicate(timeout=100)[1] for worker in workers]

    assert complaints == ["", "", "", ""]
    assert version_of(present) == NEXT and [version_of(copy) for copy in kept(present)] == [HEAD]


def test_without_room_for_a_copy_nothing_is_migrated(present: Path, to_come: Path) -> None:
    tried = subprocess.run(
        [sys.executable, "-B", "-c", UPGRADE, f"sqlite:///{present}", str(to_come)],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )

    assert tried.stderr.startswith("The database is backed up before an upgrade. Couldn't write the backup to "), tried
    assert "Free some space there and restart. Nothing was changed." in tried.stderr
    assert version_of(present) == HEAD and kept(present) == []


def test_where_the_copy_can_not_be_made_nothing_is_migrated(present: Path, to_come: Path) -> None:
    (present.parent / "backups").write_text("Not a folder.")

    with pytest.raises(DatabaseUnusable, match="Nothing was changed"):
        upgraded(present)

    assert version_of(present) == HEAD


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    """D5: its logs have the file's mode."""
    mask = os.umask(0o022)
    database = Database(f"sqlite:///{tmp_path / 'rivulet.db'}")
    database.upgrade()
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO people (uid, created_at) VALUES ('ann', 0)")
    os.umask(mask)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    database.dispose()
    assert modes == dict.fromkeys(("rivulet.db", "rivulet.db-shm", "rivulet.db-wal"), 0o600)


def test_a_database_that_was_brought_back_for_all_to_read_is_for_its_owner_alone_again(tmp_path: Path) -> None:
    """`cp` sets the mode that the umask leaves; it also copies the write-ahead log of an open database."""
    path = tmp_path / "rivulet.db"
    before = Database(f"sqlite:///{path}")
    before.upgrade()
    with before.write() as connection:
        connection.exec_driver_sql("INSERT INTO people (uid, created_at) VALUES ('ann', 0)")
    copied = tmp_path / "copied"
    copied.mkdir()
    for file in tmp_path.glob("rivulet.db*"):
        shutil.copyfile(file, copied / file.name)
        (copied / file.name).chmod(0o644)
    before.dispose()

    after = Database(f"sqlite:///{copied / 'rivulet.db'}")
    after.upgrade()

    modes = {file.name: file.stat().st_mode & 0o777 for file in copied.iterdir()}
    after.dispose()
    assert modes == dict.fromkeys(("rivulet.db", "rivulet.db-shm", "rivulet.db-wal"), 0o600)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This test needs fork.")
def test_a_migration_that_is_killed_at_any_statement_is_done_by_the_next_start(present: Path, to_come: Path) -> None:
    """F34: SIGKILL before each statement in turn; the database has the old version or the new one, and is intact."""
    path, straight = present, Path(shutil.copy(present, present.with_name("straight.db")))
    upgraded(straight)
    killed = 0
    start = [sys.executable, "-c", KILL, f"sqlite:///{path}", str(to_come)]
    with subprocess.Popen(start, cwd=TOP, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killing:
        assert killing.stdin and killing.stdout
        while (ended := killing.stdout.readline()) == "-9\n":
            assert version_of(path) == HEAD
            killed += 1
            killing.stdin.write("\n")
            killing.stdin.flush()

    assert ended == "0\n"
    assert killed > 10
    assert version_of(path) == NEXT and schema(path) == schema(straight)


def schema(path: Path) -> set[tuple[str, str]]:
    """List a database's tables and indexes."""
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_master").fetchall())
