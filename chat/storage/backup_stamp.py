"""The stamp of the latest backup: when bin/backup last made one. The app knows of no other kind of backup."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection, String, cast, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from chat.storage.database import Database, DatabaseAway, clock
from chat.storage.engines import DatabaseUnusable
from chat.storage.tables import options

NAME = "backup"
WAIT = 2.0
IS_STAMP = options.c.name == NAME
NOW = cast(clock(), String)
SELECT_STAMP = select(options.c.value, clock()).where(IS_STAMP)
UPDATE_STAMP = update(options).where(IS_STAMP).values(value=NOW)
INSERT_STAMP = insert(options).values(name=NAME, value=NOW)


def leave(url: str) -> None:
    """Store that there is a backup now. If that fails, the backup is none the worse."""
    with suppress(SQLAlchemyError, DatabaseAway, DatabaseUnusable):
        database = Database(url)
        try:
            with database.write(WAIT, WAIT) as connection:
                store(connection)
        finally:
            database.dispose()


def store(connection: Connection) -> None:
    if not connection.execute(UPDATE_STAMP).rowcount:
        connection.execute(INSERT_STAMP)


def age(database: Database) -> int | None:
    """Return how many seconds ago the latest backup was made; None if bin/backup has made none."""
    with database.read() as connection:
        found = connection.execute(SELECT_STAMP).first()
    return int(found[1]) - int(found[0]) if found else None
