"""The database: its transactions, its clock, and how it is brought up to date."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from chat.storage import schema
from chat.storage.engines import DatabaseUnusable, engine_for, make_file, remedy
from chat.storage.outages import DatabaseAway, DatabaseBusy, Outage, is_refusal, reason_of
from chat.storage.snapshots import CopyFailed, copy_before
from chat.storage.transactions import retry_while_locked, transaction, was_committed

__all__ = ["Database", "DatabaseAway", "DatabaseBusy", "NotFound", "clock"]

LOCK_WAIT = 10.0
"""How long a transaction waits for others, in seconds."""

SILENCE = 5.0
"""How long the database may say nothing beside that, in seconds."""


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
        # While others hold tables, requests that wait for these have all other connections.
        self._writer_engine = self.engine if self.is_sqlite else engine_for(url, connections=1)
        self.outage = Outage()
        self._here = threading.local()

    def is_reading(self) -> bool:
        """Tell whether this thread is within a transaction that reads."""
        return getattr(self._here, "reading", None) is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; all it sees is of one moment. Within another one it is the same one.

        Raises DatabaseAway.
        """
        if outer := getattr(self._here, "reading", None):
            yield outer
            return
        with transaction(self.engine, self.outage, False, LOCK_WAIT, SILENCE) as (connection, _):
            self._here.reading = connection
            try:
                yield connection
            finally:
                self._here.reading = None

    @contextmanager
    def write(
        self, wait: float = LOCK_WAIT, silence: float = SILENCE, is_repeated: bool = False
    ) -> Iterator[Connection]:
        """Open a transaction that may write; committed at the end, rolled back on any exception.

        Nothing in it may wait for anything else. Raises DatabaseBusy where others hold what it needs for `wait`
        seconds, and DatabaseAway where the database can't be reached, or says nothing for `silence` seconds more.
        Where the answer to the COMMIT is lost it is looked up, unless the caller repeats what it does until it has one
        (`is_repeated`). Raises OutcomeUnclear where it can't be found.
        """
        ticket, is_ending = None, False
        try:
            engine = self._writer_engine if is_repeated else self.engine
            with transaction(engine, self.outage, True, wait, silence) as (connection, ticket):
                yield connection
                is_ending = True
                connection.commit()
        except DatabaseAway:
            if not is_ending or ticket is None or is_repeated or not was_committed(self.engine, ticket):
                raise

    def dispose(self) -> None:
        """Close all connections that nobody uses."""
        self.engine.dispose()
        self._writer_engine.dispose()

    def upgrade(self) -> None:
        """Bring the database to HEAD, one process at a time. Raises DatabaseUnusable, and DatabaseAway."""
        try:
            if self.is_sqlite:
                make_file(self.engine.url)
                retry_while_locked(self._enable_wal, LOCK_WAIT)
            if self._is_at_head():  # else a start would wait for who holds the database
                return
            with self.write(wait=60, silence=inf) as connection:
                self._migrate(connection)
        except DatabaseAway as error:
            if error.__cause__ is not None and is_refusal(error.__cause__):
                raise self._unusable(error.__cause__) from error
            raise
        except (DBAPIError, sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: BaseException) -> DatabaseUnusable:
        reason = getattr(error, "strerror", None) or reason_of(error)
        where = f": {self.engine.url.database}" if self.is_sqlite else ""
        return DatabaseUnusable(f"The database can't be opened ({reason}{where}). {remedy(self.engine.url, reason)}")

    def _enable_wal(self) -> None:
        # Not within a transaction, where SQLite ignores it.
        with self.engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")

    def _migrate(self, connection: Connection) -> None:
        if not self.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7236517)"))
        version = schema.version_of(connection)
        if version == schema.HEAD:
            return
        if version is not None and (sentence := schema.misfit("The database", version)):
            raise DatabaseUnusable(sentence)
        if self.is_sqlite and version is not None:
            self._copy_first()
        schema.run_migrations(connection)

    def _copy_first(self) -> None:
        # Of what was committed: the transaction that is open has changed nothing yet, and keeps other writers out.
        try:
            copy_before(Path(self.engine.url.database or ""), schema.HEAD)
        except CopyFailed as error:
            raise DatabaseUnusable(
                f"An upgrade keeps a copy of the database first. {error} Make room there and start again; "
                "nothing was changed."
            ) from error

    def _is_at_head(self) -> bool:
        with self.read() as connection:
            return schema.version_of(connection) == schema.HEAD

    def is_current(self) -> bool:
        """Tell whether the database is at HEAD, or beyond: in a rolling deploy the newer process was here first."""
        with self.read() as connection:
            return (schema.version_of(connection) or "") >= schema.HEAD
