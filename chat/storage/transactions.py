"""Transactions: how each database begins one, how long it waits for others, and what happens when the database is away.

A lost COMMIT is the matter of commits.py.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chat.server.greenlets import limit_time
from chat.storage.commits import Ticket, ticket_of
from chat.storage.outages import CONFLICTS, DatabaseAway, DatabaseBusy, Silence, is_away, reason_of, state_of

BOUNDS = "SET LOCAL lock_timeout = {:.0f}; SET LOCAL idle_in_transaction_session_timeout = 30000"
"""The start of each transaction on Postgres, with its wait in ms. A client that vanished loses its locks after 30 s."""

BEGIN_READING = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {BOUNDS}"
"""By default Postgres shows each statement of a transaction a later moment."""

BEGIN_WRITING = f"BEGIN; {BOUNDS}; SELECT txid_current()"

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)


class Outage:
    """Knows whether the database is away. The log has one line when an outage begins and one when it ends."""

    def __init__(self) -> None:
        self._was_there = self._is_away = False

    def end(self) -> None:
        """Note that the database answers."""
        if self._is_away:
            logger.warning("the database is available again")
        self._was_there, self._is_away = True, False

    def begin(self, reason: str) -> DatabaseAway:
        """Note why the database can't be reached, and return the error to raise."""
        if self._was_there and not self._is_away:
            logger.error("the database is unavailable: %s", reason)
            self._is_away = True
        return DatabaseAway(reason)

    def explain(self, error: BaseException, writes: bool = False) -> DatabaseAway | None:
        """Return the error to raise instead of one that means that the database is busy or away; None for others.

        For one who `writes`, a read-only database is away, too.
        """
        if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and state_of(error) in CONFLICTS):
            return DatabaseBusy()
        if isinstance(error, Silence) or (isinstance(error, DBAPIError) and is_away(error, writes)):
            return self.begin(reason_of(error))
        return None


@contextmanager
def transaction(
    engine: Engine, outage: Outage, writes: bool, wait: float, silence: float
) -> Iterator[tuple[Connection, Ticket | None]]:
    """Open a transaction, which the caller commits, and yield it with its ticket. Raises DatabaseAway."""
    try:
        with limit_time(wait + silence, Silence(f"no response within {wait + silence:.0f} s")):
            connection, ticket = retry_while_locked(lambda: begin(engine, writes, wait), wait)
            outage.end()
            try:
                yield connection, ticket
            finally:
                close(connection)
    except (DBAPIError, PoolTimeout, Silence) as error:
        if away := outage.explain(error, writes):
            raise away from error
        raise


def begin(engine: Engine, writes: bool, wait: float) -> tuple[Connection, Ticket | None]:
    """Begin a transaction on a connection of its own; Postgres waits `wait` seconds for each lock. Raises DBAPIError.

    It goes to the driver directly: a statement through SQLAlchemy, or an event listener, costs as much as a query.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        statement = "BEGIN IMMEDIATE" if writes else "BEGIN"  # SQLite refuses at once to turn a read into a write
    else:
        statement = (BEGIN_WRITING if writes else BEGIN_READING).format(max(1, wait * 1000))
    connection = engine.connect()
    try:
        connection.begin()
        driver: Any = connection.connection.driver_connection
        try:
            cursor = driver.execute(statement)
            return connection, ticket_of(connection, cursor) if writes and not is_sqlite else None
        except engine.dialect.loaded_dbapi.Error as error:
            raise wrap_error(error, connection, statement) from error
    except BaseException:
        close(connection)
        raise


def wrap_error(error: Exception, connection: Connection, statement: str) -> BaseException:
    """Return a driver's error as SQLAlchemy would raise it, and drop a broken connection."""
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
    if broken:
        connection.invalidate()
    root = dialect.loaded_dbapi.Error
    return DBAPIError.instance(statement, None, error, root, connection_invalidated=broken, dialect=dialect)


def close(connection: Connection) -> None:
    """Return a connection to the pool, or drop it while Postgres still owes it an answer."""
    if not connection.closed and not connection.invalidated and connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        if driver.info.transaction_status.name == "ACTIVE":
            connection.invalidate()
    connection.close()


def retry_while_locked(attempt: Callable[[], T], wait: float) -> T:
    """Repeat an attempt while SQLite is locked. Raises DatabaseBusy after `wait` seconds.

    SQLite's own wait sleeps in C and would freeze all greenlets of the process.
    """
    deadline, pause = time.monotonic() + wait, 0.001
    while True:
        try:
            return attempt()
        except (OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise DatabaseBusy from error
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def retry_on_conflict(attempt: Callable[P, T]) -> Callable[P, T]:
    """Try a second time if another transaction inserted the same row first: the second attempt finds it."""

    @wraps(attempt)
    def attempt_twice(*given: P.args, **named: P.kwargs) -> T:
        try:
            return attempt(*given, **named)
        except IntegrityError:
            return attempt(*given, **named)

    return attempt_twice
