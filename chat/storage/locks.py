"""Advisory locks of Postgres, over all processes; SQLite has only one writer at a time anyway."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, func, select


class Lock(IntEnum):
    """The kinds of locks; each goes with an id, or with a hexadecimal digest."""

    PERSON = 1
    ADDRESS = 2
    TRIES = 3
    RIGHTS = 5
    SERVICES = 6


def hold(connection: Connection, *locks: tuple[Lock, int | str]) -> None:
    """Hold locks until the transaction ends. Take them in the same order everywhere, to avoid a deadlock."""
    if connection.dialect.name == "postgresql":
        keys = [(int(lock), whose if isinstance(whose, int) else int(whose[:7], 16)) for lock, whose in locks]
        connection.execute(select(*(func.pg_advisory_xact_lock(*key) for key in keys)))
