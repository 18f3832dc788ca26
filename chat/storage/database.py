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
from chat.storage.commits import was_committed
from chat.storage.engines import DatabaseUnusable, engine_for, make_file, remedy
from chat.storage.outages import DatabaseAway, DatabaseBusy, is_refusal, reason_of
from chat.storage.snapshots import CopyFailed, copy_before
from chat.storage.transactions import Outage, retry_while_locked, transaction

__all__ = ["Database", "DatabaseAway", "DatabaseBusy", "NotFound", "clock"]

LOCK_WAIT = 10.0
"""How long a transaction waits for locks of others, in seconds."""

SILENCE = 5.0
"""How long the database can stay silent beyond that, in seconds."""


class NotFound(Exception):
    """The thing doesn't exist, or belongs to somebody else."""


class clock(FunctionElement[int]):
    """The database's own time in whole seconds since 1970: the only clock that all workers share."""

    type = BigInteger()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    # Without the cast strftime returns text, which compares wrongly with numbers.
    return "CAST(strftime('%s', 'now') AS INTEGER)"


@compiles(clock, "postgresql")
def _postgres_clock(*_: Any, **__: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)"


class Database:
    """The place where everything is stored; it opens transactions."""

    def __init__(self, url: str):
        self.engine = engine_for(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # Requests that wait for locks can take up all other connections of the pool.
        self._writer_engine = self.engine if self.is_sqlite else engine_for(url, connections=1)
        self.outage = Outage()
        self._here = threading.local()

    def is_reading(self) -> bool:
        return getattr(self._here, "reading", None) is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only transaction, or reuse the one this thread has open: all reads see one moment.

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
        """Open a write transaction; commit it at the end, or roll it back on any exception.

        Wait for nothing else inside it. Raises DatabaseBusy if others hold locks for `wait` seconds, and DatabaseAway
        if the database can't be reached or stays silent for `silence` seconds more. A lost answer to the COMMIT is
        looked up, unless the caller repeats its work until it has an answer (`is_repeated`). Raises OutcomeUnclear if
        the lookup finds nothing.
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
        self.engine.dispose()
        self._writer_engine.dispose()

    def upgrade(self) -> None:
        """Bring the database to HEAD, one process at a time. Raises DatabaseUnusable and DatabaseAway."""
        try:
            if self.is_sqlite:
                make_file(self.engine.url)
                retry_while_locked(self._enable_wal, LOCK_WAIT)
            with self.read() as connection:  # a write would wait for others' locks
                if schema.version_of(connection) == schema.HEAD:
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
        return DatabaseUnusable(f"Can't open the database ({reason}{where}). {remedy(self.engine.url, reason)}")

    def _enable_wal(self) -> None:
        # SQLite ignores this pragma inside a transaction.
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
        # The open transaction has changed nothing yet and keeps other writers out.
        try:
            copy_before(Path(self.engine.url.database or ""), schema.HEAD)
        except CopyFailed as error:
            raise DatabaseUnusable(
                f"The database is backed up before an upgrade. {error} Free some space there and restart. "
                "Nothing was changed."
            ) from error

    def is_current(self) -> bool:
        """Return whether the database is at HEAD or beyond, as a newer process leaves it in a rolling deploy."""
        with self.read() as connection:
            return (schema.version_of(connection) or "") >= schema.HEAD
