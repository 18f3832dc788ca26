"""Locks: what one transaction at a time does over all processes, by the number that Postgres knows each kind by.

SQLite has one writer at a time anyway.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, func, select


class Lock(IntEnum):
    """What is held, each beside whose it is: an id, or a digest of hexadecimal digits."""

    PERSON = 1
    ADDRESS = 2
    TRIES = 3
    RIGHTS = 5
    SERVICES = 6


def hold(connection: Connection, *locks: tuple[Lock, int | str]) -> None:
    """Hold some locks until the transaction ends. Everywhere in one order: in two they could wait for each other."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(*(func.pg_advisory_xact_lock(int(lock), key_of(whose)) for lock, whose in locks)))


def key_of(whose: int | str) -> int:
    """Give the number that Postgres takes, of 31 bits."""
    return whose if isinstance(whose, int) else int(whose[:7], 16)
