"""Test backup and restore of SQLite: whole or not at all, without overwriting files, and only for our databases."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chat.storage import backup_stamp
from chat.storage.database import Database
from chat.storage.schema import HEAD
from tests.serving import ROOT
from tests.storage.backups.conftest import Command, move_in
from tests.versions import NEXT


def said_in(path: Path) -> list[str]:
    """List the messages in a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM messages ORDER BY id")]


def change(path: Path, statement: str) -> None:
    """Run a statement on a SQLite file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def names(folder: Path) -> list[str]:
    """List the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def copy(lived_in: Database, run: Command, tmp_path: Path) -> Path:
    """A backup, whose database has changed since."""
    run("backup", tmp_path / "copy.db")
    with lived_in.write() as connection:
        connection.exec_driver_sql("UPDATE messages SET text = 'Later.'")
    lived_in.dispose()
    return tmp_path / "copy.db"


def test_a_backup_is_one_file_for_its_owner_alone_named_by_the_time(
    lived_in: Database, run: Command, instance: Path
) -> None:
    code, said = run("backup")

    (made,) = (instance / "backups").iterdir()
    assert (code, said_in(made)) == (0, ["Hello?", "Hi."])
    assert str(made) in said and made.name.startswith("rivulet-20") and made.suffix == ".db"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600 and stat.S_IMODE(made.parent.stat().st_mode) == 0o700


def test_a_backup_is_noted_for_the_admins(lived_in: Database, run: Command) -> None:
    assert backup_stamp.age(lived_in) is None

    run("backup")

    assert backup_stamp.age(lived_in) in range(60)


def test_a_backup_that_can_not_be_noted_is_one_all_the_same(lived_in: Database, run: Command, instance: Path) -> None:
    change(instance / "rivulet.db", "DROP TABLE options")

    code, said = run("backup")

    assert code == 0 and said.startswith("Backup saved to") and len(names(instance / "backups")) == 1


def test_a_backup_holds_what_stands_in_the_log_ahead_only(lived_in: Database, run: Command, tmp_path: Path) -> None:
    with closing(sqlite3.connect(lived_in.engine.url.database or "")) as reading:
        # An open read keeps SQLite from moving the log into the file.
        reading.execute("SELECT * FROM messages").fetchone()
        with lived_in.write() as connection:
            connection.exec_driver_sql("UPDATE messages SET text = 'In the log.'")

        run("backup", tmp_path / "copy.db")

    assert said_in(tmp_path / "copy.db") == ["In the log.", "In the log."]


def test_what_was_deleted_is_in_no_backup(lived_in: Database, run: Command, tmp_path: Path) -> None:
    with lived_in.write() as connection:
        connection.exec_driver_sql("UPDATE messages SET text = 'A secret that goes.'")
    with lived_in.write() as connection:
        connection.exec_driver_sql("DELETE FROM messages")

    run("backup", tmp_path / "copy.db")

    assert b"A secret that goes." not in (tmp_path / "copy.db").read_bytes()


@pytest.mark.parametrize("there", ["copy.db", "copy.db.part"])
def test_a_backup_writes_over_nothing(lived_in: Database, run: Command, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("Mine.")

    code, said = run("backup", tmp_path / "copy.db")

    assert code == 1 and f"{there} already exists and won't be overwritten" in said
    assert (tmp_path / there).read_text() == "Mine."


def test_where_nothing_was_stored_yet_there_is_nothing_to_copy(run: Command, instance: Path) -> None:
    code, said = run("backup")

    assert code == 1 and "nothing to copy" in said
    assert names(instance) == []


def on_a_full_disk(command: str, room: int, *arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a limit on the size of files."""
    code = f"import os, sys; from chat.storage import backups; sys.exit(backups.{command}(os.environ, sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-B", "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )


def test_on_a_full_disk_a_backup_says_so_and_leaves_nothing(lived_in: Database, instance: Path) -> None:
    tried = on_a_full_disk("backup", 20_000, INSTANCE=str(instance))

    assert tried.returncode == 1 and tried.stderr.count("\n") == 1
    assert "Couldn't write the backup to" in tried.stderr
    assert names(instance / "backups") == []


def test_a_copy_comes_back_and_what_was_there_is_kept(copy: Path, run: Command, instance: Path) -> None:
    code, said = run("restore", copy)

    (kept,) = (instance / "backups").iterdir()
    assert code == 0 and str(kept) in said and kept.stem.endswith("-before-restore")
    assert said_in(instance / "rivulet.db") == ["Hello?", "Hi."]
    assert said_in(kept) == ["Later.", "Later."]
    assert names(instance) == ["backups", "rivulet.db"]


def test_a_copy_comes_back_where_there_is_no_database(copy: Path, run: Command, instance: Path) -> None:
    shutil.rmtree(instance)

    code, said = run("restore", copy)

    assert code == 0 and "kept" not in said
    assert said_in(instance / "rivulet.db") == ["Hello?", "Hi."]
    assert stat.S_IMODE((instance / "rivulet.db").stat().st_mode) == 0o600


def test_a_copy_of_an_older_version_is_brought_up_to_date_by_the_next_start(
    run: Command, instance: Path, present: Path, to_come: Path
) -> None:
    code, said = run("restore", present)

    database = Database(f"sqlite:///{instance / 'rivulet.db'}")
    database.upgrade()

    with database.read() as connection:
        people = connection.exec_driver_sql("SELECT uid FROM people").scalars().all()
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    database.dispose()
    assert (code, people, version) == (0, ["ann"], NEXT), said


@pytest.mark.parametrize("idle", [True, False])
def test_nothing_comes_back_under_a_server_that_runs(
    copy: Path, run: Command, lived_in: Database, instance: Path, idle: bool
) -> None:
    with lived_in.read() as connection:
        connection.exec_driver_sql("SELECT 1 FROM people").fetchall()
        if not idle:
            refused = run("restore", copy)
    if idle:
        refused = run("restore", copy)

    who = f"The database {instance / 'rivulet.db'} is in use."
    assert refused == (1, f"{who} Stop Rivulet, or the other program, then run this command again.\n")
    lived_in.dispose()
    assert said_in(instance / "rivulet.db") == ["Later.", "Later."]
    assert "backups" not in names(instance)


def cut(path: Path) -> None:
    """Cut off the second half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(path: Path) -> None:
    """Write nonsense into the last pages: SQLite can read the middle ones first."""
    content = bytearray(path.read_bytes())
    content[-9000:] = b"x" * 9000
    path.write_bytes(content)


def make_newer(path: Path) -> None:
    """Give it the version of a future release."""
    change(path, "UPDATE alembic_version SET version_num = '9999'")


def make_too_old(path: Path) -> None:
    """Give it a version that has no upgrade path."""
    change(path, "UPDATE alembic_version SET version_num = '0005'")


def make_another(path: Path) -> None:
    """Turn it into another program's."""
    path.unlink()
    change(path, "CREATE TABLE messages (id INTEGER)")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda path: path.write_text("Dear reader"), "(file is not a database)"),
        (lambda path: path.write_bytes(b""), "isn't a Rivulet backup"),
        (cut, "(database disk image is malformed)"),
        (spoil, "is damaged"),
        (make_newer, f"was made by a newer Rivulet (9999; this version supports {HEAD})"),
        (make_too_old, "was made by a Rivulet before the first release (0005; this version supports"),
        (make_another, "isn't a Rivulet backup"),
        (Path.unlink, "File not found"),
    ],
    ids=["text", "empty", "cut", "spoilt", "newer", "too old", "another", "missing"],
)
def test_what_is_no_whole_copy_of_ours_is_refused(
    copy: Path, run: Command, instance: Path, harm: Callable[[Path], object], why: str
) -> None:
    harm(copy)

    code, said = run("restore", copy)

    assert code == 1 and why in said and said.count("\n") == 1
    assert said_in(instance / "rivulet.db") == ["Later.", "Later."]
    assert names(instance) == ["rivulet.db"]


def test_the_database_itself_is_no_copy(lived_in: Database, run: Command, instance: Path) -> None:
    code, said = run("restore", instance / "rivulet.db")

    assert code == 1 and "is the live database" in said


def test_a_database_that_is_broken_is_not_written_over(copy: Path, run: Command, instance: Path) -> None:
    (instance / "rivulet.db").write_text("This was my database. " * 500)

    code, said = run("restore", copy)

    assert code == 1 and "Move it and its -wal and -shm files away" in said
    assert (instance / "rivulet.db").read_text().startswith("This was my database.")


def test_on_a_full_disk_nothing_is_changed(copy: Path, instance: Path) -> None:
    tried = on_a_full_disk("restore", 50_000, copy, INSTANCE=str(instance))

    assert tried.returncode == 1 and tried.stderr.count("\n") == 1, tried.stderr
    assert said_in(instance / "rivulet.db") == ["Later.", "Later."]
    assert names(instance / "backups") == []


def test_a_restore_that_is_killed_leaves_the_old_or_the_new(copy: Path, instance: Path, tmp_path: Path) -> None:
    move_in(database := Database(f"sqlite:///{tmp_path / 'big.db'}"), "Many words. " * 100_000)
    database.dispose()
    code = (
        "import os, signal, sqlite3, sys; from pathlib import Path; from chat.storage.snapshots import connect\n"
        "copy, present = connect(Path(sys.argv[1]), 'ro'), connect(Path(sys.argv[2]))\n"
        "copy.backup(present, pages=100, progress=lambda *left: os.kill(os.getpid(), signal.SIGKILL))\n"
    )

    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "big.db"), str(instance / "rivulet.db")], cwd=ROOT, timeout=60
    )

    assert killed.returncode == -9
    assert said_in(instance / "rivulet.db") == ["Later.", "Later."]
