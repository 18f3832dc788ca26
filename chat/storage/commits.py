"""Lost COMMITs: whether Postgres committed a transaction although the connection broke before its answer."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from chat.server.greenlets import limit_time
from chat.storage.engines import is_pooled
from chat.storage.outages import OutcomeUnclear, Silence

SERVER_LIFE = "concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time())"
"""A value that changes with each crash, after which Postgres can forget a transaction's number and reuse it. A crash of
one process doesn't restart the whole server, but resets its statistics."""

SELECT_STATUS = text(f"SELECT CASE WHEN {SERVER_LIFE} = :life THEN txid_status(:number) ELSE 'unknown' END")
SELECT_TERMINATION = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid::text = :number")

OUTCOME_WAIT = 10.0
"""How long to look for the outcome, in seconds."""

PAUSE = 0.2

Ticket = tuple[int, str]
"""What identifies a write transaction in Postgres: its number, and the life of the server that issued it."""


def ticket_of(connection: Connection, cursor: Any) -> Ticket:
    """Read the ticket of a transaction whose beginning `cursor` holds.

    The server's life is read once a connection, but each time behind a pooler, whose connections outlive the server.
    """
    cursor.set_result(-1)
    number = cursor.fetchone()[0]
    driver: Any = connection.connection.driver_connection
    if "life" not in connection.info or is_pooled(driver):
        connection.info["life"] = driver.execute(f"SELECT {SERVER_LIFE}").fetchone()[0]
    return number, connection.info["life"]


def was_committed(engine: Engine, ticket: Ticket) -> bool:
    """Ask Postgres whether it committed a transaction, and end one that still waits for its vanished client.

    Raises OutcomeUnclear.
    """
    deadline, is_second_look = time.monotonic() + OUTCOME_WAIT, False
    while (status := read_status(engine, ticket, ends_it=is_second_look)) not in {"committed", "aborted"}:
        if status == "unknown" or time.monotonic() > deadline:
            raise OutcomeUnclear
        is_second_look = True
        time.sleep(PAUSE)
    return status == "committed"


def read_status(engine: Engine, ticket: Ticket, ends_it: bool) -> str:
    """Read a transaction's status from Postgres; empty while Postgres can't be asked."""
    number, life = ticket
    try:
        with limit_time(OUTCOME_WAIT / 2, Silence()), engine.connect() as connection:
            status = connection.execute(SELECT_STATUS, {"number": number, "life": life}).scalar_one()
            if status == "in progress" and ends_it:
                connection.execute(SELECT_TERMINATION, {"number": str(number % 2**32)})
            return str(status)
    except (DBAPIError, Silence):
        return ""
