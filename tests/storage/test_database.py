"""Test the database: its transactions and its upgrades."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from chat import config
from chat.storage import engines, transactions
from chat.storage import schema as schema_module
from chat.storage.database import Database, DatabaseBusy, clock
from chat.storage.engines import DatabaseUnusable, engine_for, url_of
from chat.storage.schema import HEAD
from chat.storage.tables import metadata, people
from tests.turns import eventually

TOP = Path(__file__).parent.parent.parent

WORKER = """
import sys, time
from pathlib import Path
from chat.storage.database import Database
from tests.turns import guest
url, gate, name = sys.argv[1:]
print("ready", flush=True)
while not Path(gate).exists():
    time.sleep(0.001)
database = Database(url)
database.upgrade()
for number in range(25):
    assert guest(database, f"{name}-{number}")
"""


def guest(uid: str):
    """A row of people."""
    return insert(people).values(uid=uid, created_at=clock())


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(people)).scalar_one()


def test_a_read_within_a_read_sees_the_same_moment(database: Database) -> None:
    def arrive() -> None:
        with database.write() as connection:
            connection.execute(guest("bob"))

    with database.read() as outer:
        before = count(database)
        arriving = threading.Thread(target=arrive)
        arriving.start()
        arriving.join(20)
        with database.read() as inner:
            after = count(database)

    assert inner is outer
    assert (before, after, count(database)) == (0, 0, 1)


def test_what_the_driver_says_at_a_beginning_is_the_databases_error_and_leaves_no_connection(
    database: Database,
) -> None:
    with database.write(), pytest.raises(OperationalError, match="locked"):
        transactions.begin(database.engine, writes=True, wait=0)

    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def schema(path: Path) -> set[tuple[str, str]]:
    """List what a SQLite file holds besides Alembic's table: names and CREATE statements."""
    connection = sqlite3.connect(path)
    made = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'").fetchall()
    connection.close()
    return set(made)


def wishes(path: Path) -> set[tuple[str, str]]:
    """Return which tables have options that SQLAlchemy doesn't compare."""
    words = ("AUTOINCREMENT", "WITHOUT ROWID", "ON DELETE CASCADE")
    return {(name, word) for name, sql in schema(path) for word in words if word in (sql or "")}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that transactions make while others hold what they need."""
    made: list[float] = []

    def pause(seconds: float) -> None:
        made.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(transactions, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pause))
    return made


def in_background(do: Callable[[], object]) -> tuple[list[object], threading.Thread]:
    """Run a function in a thread; return the place of its result, and the thread."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(do())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return outcome, thread


def test_head_is_the_newest_migration() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(TOP / "chat" / "storage" / "migrations"))

    assert ScriptDirectory.from_config(settings).get_current_head() == HEAD


def test_the_migrations_lead_to_the_tables(database: Database) -> None:
    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_the_migrations_ask_of_sqlite_what_the_tables_ask(database: Database, tmp_path: Path) -> None:
    direct = create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    metadata.create_all(direct)
    direct.dispose()

    assert wishes(tmp_path / "rivulet.db") == wishes(tmp_path / "direct.db")


def test_an_upgrade_is_done_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_module, "run_migrations", lambda connection: pytest.fail("there was nothing to do"))

    database.upgrade()


def test_four_processes_upgrade_and_write_at_once(tmp_path: Path) -> None:
    url, gate = f"sqlite:///{tmp_path / 'shared.db'}", tmp_path / "go"
    starts = [[sys.executable, "-c", WORKER, url, str(gate), name] for name in "abcd"]
    workers = [
        subprocess.Popen(start, cwd=TOP, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for start in starts
    ]
    for worker in workers:
        assert worker.stdout and worker.stdout.readline() == "ready\n"

    gate.touch()
    complaints = [worker.communicate(timeout=60)[1] for worker in workers]

    assert complaints == ["", "", "", ""]
    database = Database(url)
    assert count(database) == 100
    database.dispose()


def test_an_upgrade_waits_for_who_holds_the_file(tmp_path: Path, pauses: list[float]) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    database.engine.connect().close()
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    done, upgrade = in_background(database.upgrade)

    eventually(lambda: len(pauses) > 2)
    early = list(done)
    other.close()
    upgrade.join(20)

    assert (early, done) == ([], [None])
    database.dispose()


def test_a_reader_waits_for_a_process_that_comes_or_goes(
    database: Database, tmp_path: Path, pauses: list[float]
) -> None:
    database.dispose()
    other = sqlite3.connect(tmp_path / "rivulet.db", isolation_level=None)
    other.executescript("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
    done, reading = in_background(lambda: count(database))

    eventually(lambda: len(pauses) > 2)
    early = list(done)
    other.close()
    reading.join(20)

    assert (early, done) == ([], [0])


def test_a_database_of_a_newer_rivulet_is_refused_and_left_as_it_is(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = schema(tmp_path / "rivulet.db")

    with pytest.raises(DatabaseUnusable, match=f"newer Rivulet \\(9999; this version supports {HEAD}\\)"):
        database.upgrade()

    assert schema(tmp_path / "rivulet.db") == before


def test_a_migration_that_breaks_off_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection):
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")

    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.setattr(schema_module, "run_migrations", half)

    with pytest.raises(DatabaseUnusable):
        database.upgrade()

    assert schema(tmp_path / "new.db") == set()
    database.dispose()


def test_a_rivulet_in_a_folder_with_odd_signs_migrates(tmp_path: Path) -> None:
    shutil.copytree(TOP / "chat", tmp_path / "100% mine?" / "chat", ignore=shutil.ignore_patterns("__pycache__"))
    url = url_of(config.load({"INSTANCE": str(tmp_path / "100% mine?")}))
    migrate = "import sys; from chat.storage.database import Database; Database(sys.argv[1]).upgrade()"

    done = subprocess.run([sys.executable, "-c", migrate, url], cwd=tmp_path / "100% mine?", capture_output=True)

    assert (done.stderr, done.returncode) == (b"", 0)
    assert schema(tmp_path / "100% mine?" / "rivulet.db")


def not_a_database(tmp_path: Path) -> Path:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, this is no database. " * 100)
    return path


@pytest.mark.parametrize(
    "place", [not_a_database, lambda path: path / "missing" / "a.db", lambda path: path], ids=["text", "none", "folder"]
)
def test_a_place_that_can_not_be_used_is_refused_with_a_sentence(place, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{place(tmp_path)}")

    with pytest.raises(DatabaseUnusable, match=r"Can't open the database \(.+\)\. Check DATABASE_URL"):
        database.upgrade()

    database.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://db.example.org/rivulet",
        "sqlite://",
        "sqlite:///:memory:",
        "postgres://db.example.org:port/rivulet",
        "https://example.org",
    ],
)
def test_an_address_of_no_database_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="DATABASE_URL isn't a valid database URL") as refused:
        url_of(config.load({"DATABASE_URL": url}))

    assert "example.org" not in str(refused.value)


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_is_spoken_to_through_psycopg_however_it_is_written(name: str) -> None:
    url = url_of(config.load({"DATABASE_URL": f"{name}://ann:secret@db.example.org/rivulet"}))

    engine = engine_for(url)

    assert engine.url.drivername == "postgresql+psycopg"
    assert engine.url.password == "secret"


def test_without_an_address_the_database_is_in_the_instance_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a b%20?#ü"
    folder.mkdir()

    database = Database(url_of(config.load({"INSTANCE": str(folder)})))
    database.upgrade()

    assert (folder / "rivulet.db").exists()
    database.dispose()


def test_an_exception_undoes_what_was_written(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(guest("ann"))
        raise ZeroDivisionError

    assert count(database) == 0


def test_a_second_writer_is_told_that_the_database_is_busy(database: Database) -> None:
    with database.write(), pytest.raises(DatabaseBusy, match="Try again"), database.write(wait=0.05):
        pytest.fail("two wrote at once")

    with database.write(wait=0.05) as connection:
        connection.execute(guest("ann"))
    assert count(database) == 1


def test_a_second_writer_waits_for_the_first(database: Database, pauses: list[float]) -> None:
    order: list[str] = []

    def write_later() -> None:
        order.append("wants")
        with database.write() as connection:
            order.append("writes")
            connection.execute(guest("bob"))

    second = threading.Thread(target=write_later)
    with database.write() as connection:
        second.start()
        connection.execute(guest("ann"))
        eventually(lambda: len(pauses) > 2)
        order.append("first is done")
    second.join(10)

    assert order == ["wants", "first is done", "writes"]
    assert count(database) == 2


def test_a_write_holds_the_lock_from_its_beginning(database: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "rivulet.db", timeout=0, isolation_level=None)

    with database.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")

    other.close()


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_half(database: Database) -> None:
    with database.write() as connection:
        connection.execute(guest("ann"))

        assert count(database) == 0


def test_a_read_sees_one_moment(database: Database) -> None:
    with database.read() as reading:
        before = reading.execute(select(func.count()).select_from(people)).scalar_one()
        with database.write() as connection:
            connection.execute(guest("ann"))
        after = reading.execute(select(func.count()).select_from(people)).scalar_one()

    assert (before, after) == (0, 0)


def test_the_clock_tells_whole_seconds(database: Database) -> None:
    before = int(time.time())

    with database.read() as connection:
        told = connection.execute(select(clock())).scalar_one()

    assert isinstance(told, int)
    assert before <= told <= time.time()


def test_an_error_quotes_nothing_that_was_to_be_stored(database: Database) -> None:
    with pytest.raises(IntegrityError) as refused, database.write() as connection:
        connection.execute(guest("a secret"))
        connection.execute(guest("a secret"))

    assert "a secret" not in str(refused.value)


def test_a_folder_of_somebody_else_is_told_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenShift runs a container under a random user id, and root owns the folder."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    owner = tmp_path.stat().st_uid

    told = engines.remedy(make_url(f"sqlite:///{tmp_path / 'rivulet.db'}"), "Permission denied")

    assert f"as user {os.geteuid()}, but the folder belongs to user {owner}" in told
