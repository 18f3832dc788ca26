"""The database: its transactions, its clock, and how it is brought up to date."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from chat.copies import CopyFailed, copy_before
from chat.engines import DatabaseUnusable, begin, engine_for, make_file

HEAD = "0006"
"""The newest migration; known without Alembic, which a start with nothing to migrate need not load."""

LOCK_WAIT = 10.0
"""How long a write waits for another one, in seconds."""

T = TypeVar("T")


class DatabaseBusy(Exception):
    """Another writer held the database for too long; the message is for the person who waited."""


class NotFound(Exception):
    """There is no such thing, or it is somebody else's."""


class clock(FunctionElement[int]):
    """The database's own time in whole seconds since 1970: the one clock that all workers share."""

    type = BigInteger()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    # Uncast, strftime gives text, which compares wrong against numbers.
    return "CAST(strftime('%s', 'now') AS INTEGER)"


@compiles(clock, "postgresql")
def _postgres_clock(*_: Any, **__: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)"


class Database:
    """Where everything is stored; hands out connections for one transaction each."""

    def __init__(self, url: str):
        self.engine = engine_for(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._here = threading.local()
        # Postgres would else show each statement of a transaction a moment of its own.
        self._snapshots = (
            self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )

    def is_reading(self) -> bool:
        """Tell whether this thread is within a transaction that reads."""
        return getattr(self._here, "reading", None) is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; all it sees is of one moment. Within another one it is the same one."""
        if outer := getattr(self._here, "reading", None):
            yield outer
            return
        connection = self._here.reading = patiently(lambda: begun(self._snapshots, "BEGIN"), LOCK_WAIT)
        try:
            yield connection
        finally:
            self._here.reading = None
            connection.close()

    @contextmanager
    def write(self, wait: float = LOCK_WAIT) -> Iterator[Connection]:
        """Open a transaction that may write; committed at the end, rolled back on any exception.

        Nothing in it may wait for anything else. Raises DatabaseBusy after `wait` seconds.
        """
        # IMMEDIATE: a read that turned into a write would be refused at once.
        connection = patiently(lambda: begun(self.engine, "BEGIN IMMEDIATE"), wait)
        try:
            yield connection
            connection.commit()
        finally:
            connection.close()

    def upgrade(self) -> None:
        """Bring the database to HEAD, one process at a time. Raises DatabaseUnusable."""
        try:
            if self.is_sqlite:
                make_file(self.engine.url)
                patiently(self._keep_a_log_ahead, LOCK_WAIT)
            with self.write(wait=60) as connection:
                self._migrate(connection)
        except (DBAPIError, sqlite3.Error, OSError, DatabaseBusy) as error:
            raise DatabaseUnusable(
                f"The database can't be opened ({self._reason(error)}). Check DATABASE_URL, or the folder instance/."
            ) from error

    def _reason(self, error: Exception) -> str:
        cause = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
        reason = str(cause).partition("\n")[0]
        return f"{reason}: {self.engine.url.database}" if self.is_sqlite else reason

    def _keep_a_log_ahead(self) -> None:
        # Not within a transaction, where SQLite ignores it.
        with self.engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")

    def _migrate(self, connection: Connection) -> None:
        if not self.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7236517)"))
        version = self._version(connection)
        if version == HEAD:
            return
        if version is not None and version > HEAD:
            raise DatabaseUnusable(
                f"The database is of a newer Rivulet ({version}; this one knows {HEAD}). "
                "Update Rivulet; nothing was changed."
            )
        if self.is_sqlite and version is not None:
            self._keep_a_copy()
        run_migrations(connection)

    def _keep_a_copy(self) -> None:
        # Of what was committed: the transaction that is open has changed nothing yet, and keeps other writers out.
        try:
            copy_before(Path(self.engine.url.database or ""), HEAD)
        except CopyFailed as error:
            raise DatabaseUnusable(
                f"An upgrade keeps a copy of the database first. {error} Make room there and start again; "
                "nothing was changed."
            ) from error

    def is_current(self) -> bool:
        """Tell whether the database is at HEAD, or beyond: in a rolling deploy the newer process was here first."""
        with self.read() as connection:
            return (self._version(connection) or "") >= HEAD

    def _version(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def begun(engine: Engine, how: str) -> Connection:
    """Connect and begin a transaction. Raises DBAPIError."""
    connection = engine.connect()
    try:
        begin(connection, how)
    except BaseException:
        connection.close()
        raise
    return connection


def patiently(attempt: Callable[[], T], wait: float) -> T:
    """Repeat what finds the database locked until it goes through. Raises DatabaseBusy after `wait` seconds.

    SQLite's own wait sleeps in C, where it would freeze all greenlets of the process.
    """
    deadline, pause = time.monotonic() + wait, 0.001
    while True:
        try:
            return attempt()
        except (OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise DatabaseBusy("The database is busy. Nothing was lost; try again in a moment.") from error
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def run_migrations(connection: Connection) -> None:
    """Run all migrations that are missing, inside the transaction that is open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
