"""The occupants of a PostgreSQL database: its tables and its other connections."""

from __future__ import annotations

import time

import psycopg

from chat.storage.backups.target import IN_USE, Place, Refused

SELECT_OCCUPANTS = """
SELECT
    pg_backend_pid(),
    (SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()),
    (SELECT count(*) FROM pg_tables WHERE schemaname = current_schema())
"""

CLOSE_WAIT = 2.0
"""How long a closed connection can still be counted, in seconds."""


def count_tables(place: Place) -> int:
    """Count the tables of a database to which nobody else is connected. Raises Refused."""
    try:
        with psycopg.connect(address(place)) as connection:
            process, others, tables = count_occupants(connection)
            is_direct = process == connection.info.backend_pid  # a pooler makes a number up
    except psycopg.Error as error:
        reason = reason_in(str(error))
        raise Refused(f"Can't connect to the database {place.name} ({reason}). Check its URL.") from error
    if not is_direct:
        raise Refused(f"The URL of {place.name} leads to a connection pooler. Use the URL of Postgres itself.")
    if others:
        raise Refused(IN_USE.format(place.name))
    return int(tables)


def count_occupants(connection: psycopg.Connection) -> tuple[int, int, int]:
    """Return the number of our backend process, and how many other connections and tables there are.

    Postgres counts closed connections for another moment.
    """
    deadline = time.monotonic() + CLOSE_WAIT
    while True:
        process, others, tables = connection.execute(SELECT_OCCUPANTS).fetchone() or (0, 0, 0)
        if not others or time.monotonic() > deadline:
            return process, others, tables
        connection.rollback()  # a transaction sees the same processes throughout
        time.sleep(0.1)


def address(place: Place) -> str:
    """Write the address of a database for libpq."""
    return place.url.set(drivername="postgresql").render_as_string(hide_password=False)


def reason_in(said: str) -> str:
    """Find the line of a program's complaint that says why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
    return next((line for line in lines if "error" in line.lower()), lines[0])
