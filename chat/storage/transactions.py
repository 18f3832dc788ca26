"""Transactions: how one begins on each database, waits for others, and whether one was done whose answer was lost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import count
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from chat.server.greenlets import limit_time
from chat.storage.engines import is_pooled
from chat.storage.outages import DatabaseBusy, Outage, OutcomeUnclear, Silence

BOUNDS = "SET LOCAL lock_timeout = {:.0f}; SET LOCAL idle_in_transaction_session_timeout = 30000"
"""What a transaction begins with on Postgres, with its wait in ms; a client that vanished holds nothing for longer."""

BEGIN_READING = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {BOUNDS}"
"""Postgres would else show each statement of a transaction a moment of its own."""

BEGIN_WRITING = f"BEGIN; {BOUNDS}; SELECT txid_current()"

SERVER_LIFE = "concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time())"
"""What differs after a crash, in which Postgres may forget a number and give it again. A crash of one process doesn't
restart the whole server, but resets its statistics."""

SELECT_STATUS = text(f"SELECT CASE WHEN {SERVER_LIFE} = :life THEN txid_status(:number) ELSE 'unknown' END")
"""Whether a transaction was committed."""

SELECT_TERMINATION = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid::text = :number")

OUTCOME_WAIT = 10.0
"""How long it is looked up whether a transaction was done, and how long the database may take to answer, in seconds."""

PAUSE = 0.2

P = ParamSpec("P")
T = TypeVar("T")

Ticket = tuple[int, str]
"""What a transaction that writes is found by in Postgres: its number, and the life of the server that gave it."""


@contextmanager
def transaction(
    engine: Engine, outage: Outage, writes: bool, wait: float, silence: float
) -> Iterator[tuple[Connection, Ticket | None]]:
    """Open a transaction, which the caller commits; gives its ticket, too. Raises DatabaseAway."""
    with outage.watch(wait + silence, writes):
        connection, ticket = retry_while_locked(lambda: begin(engine, writes, wait), wait)
        outage.end()
        try:
            yield connection, ticket
        finally:
            close(connection)


def begin(engine: Engine, writes: bool, wait: float) -> tuple[Connection, Ticket | None]:
    """Connect and begin a transaction, as `begin` does. Raises DBAPIError."""
    connection = engine.connect()
    try:
        return connection, begin_on(connection, writes, wait)
    except BaseException:
        close(connection)
        raise


def begin_on(connection: Connection, writes: bool, wait: float) -> Ticket | None:
    """Begin a transaction in which Postgres waits `wait` seconds for each lock; gives its ticket there, if it writes.

    By the driver alone: a statement of SQLAlchemy's, or a listener to its beginning, costs as much as a query. Raises
    DBAPIError.
    """
    connection.begin()
    driver: Any = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    # IMMEDIATE: a read that turned into a write would be refused at once.
    how = (
        f"BEGIN{' IMMEDIATE' * writes}"
        if is_sqlite
        else (BEGIN_WRITING if writes else BEGIN_READING).format(max(1, wait * 1000))
    )
    try:
        cursor = driver.execute(how)
        if is_sqlite or not writes:
            return None
        cursor.set_result(-1)
        return cursor.fetchone()[0], server_life(connection, driver)
    except connection.dialect.loaded_dbapi.Error as error:
        raise wrap_error(error, connection, how) from error


def server_life(connection: Connection, driver: Any) -> str:
    """Tell in which life of the server a connection is; it ends with that, so it is asked once.

    Behind a pooler it may outlive the server.
    """
    known: str | None = connection.info.get("life")
    if known is None or is_pooled(driver):
        known = connection.info["life"] = driver.execute(f"SELECT {SERVER_LIFE}").fetchone()[0]
    return known


def close(connection: Connection) -> None:
    """Give a connection back; one that Postgres still owes an answer is dropped instead."""
    if not connection.closed and not connection.invalidated and connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        if driver.info.transaction_status.name == "ACTIVE":
            connection.invalidate()
    connection.close()


def wrap_error(error: Exception, connection: Connection, statement: str) -> BaseException:
    """Give a driver's error as SQLAlchemy would raise it; a connection that is broken is dropped."""
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
    if broken:
        connection.invalidate()
    root = dialect.loaded_dbapi.Error
    return DBAPIError.instance(statement, None, error, root, connection_invalidated=broken, dialect=dialect)


def retry_while_locked(attempt: Callable[[], T], wait: float) -> T:
    """Repeat what finds SQLite locked until it goes through. Raises DatabaseBusy after `wait` seconds.

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
                raise DatabaseBusy from error
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def retry_on_conflict(attempt: Callable[P, T]) -> Callable[P, T]:
    """Try a second time where another transaction inserted the same row first: the second attempt finds it."""

    @wraps(attempt)
    def attempt_twice(*given: P.args, **named: P.kwargs) -> T:
        try:
            return attempt(*given, **named)
        except IntegrityError:
            return attempt(*given, **named)

    return attempt_twice


def was_committed(engine: Engine, ticket: Ticket) -> bool:
    """Find out whether Postgres committed a transaction, ending one that still waits for a client that is gone.

    Raises OutcomeUnclear.
    """
    deadline = time.monotonic() + OUTCOME_WAIT
    for looks in count():
        status = read_status(engine, ticket, ends_it=looks > 0)
        if status in {"committed", "aborted"}:
            return status == "committed"
        if status == "unknown" or time.monotonic() > deadline:
            raise OutcomeUnclear
        time.sleep(PAUSE)
    raise AssertionError


def read_status(engine: Engine, ticket: Ticket, ends_it: bool) -> str:
    """Ask Postgres how a transaction stands; empty where it can't be asked."""
    number, life = ticket
    try:
        with limit_time(OUTCOME_WAIT / 2, Silence()), engine.connect() as connection:
            status = connection.execute(SELECT_STATUS, {"number": number, "life": life}).scalar_one()
            if status == "in progress" and ends_it:
                connection.execute(SELECT_TERMINATION, {"number": str(number % 2**32)})
            return str(status)
    except (DBAPIError, Silence):
        return ""
