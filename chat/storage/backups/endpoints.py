"""The two ends of a move: databases that nobody else uses meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from chat.storage import schema
from chat.storage.backups import postgres, sqlite
from chat.storage.backups.target import NOT_EMPTY, Place, Refused
from chat.storage.database import Database
from chat.storage.engines import remedy
from chat.storage.outages import reason_of
from chat.storage.transactions import transaction

WAIT = 10.0
"""How long to wait for locks that others hold, in seconds."""


def kind_of(place: Place) -> Any:
    """Return the module for a database's kind."""
    return sqlite if place.is_sqlite else postgres


@contextmanager
def source(place: Place) -> Iterator[Connection]:
    """Open the database to copy; nothing in it changes until the end. Raises Refused."""
    with (
        open_alone(place) as database,
        transaction(database.engine, database.outage, True, WAIT, inf) as (connection, _),
    ):
        kind_of(place).keep_still(connection)
        refuse_unless_current(place, connection)
        yield connection


@contextmanager
def target(place: Place) -> Iterator[Connection]:
    """Open an empty database, make its tables, and commit at the end. Raises Refused."""
    kind_of(place).prepare(place)
    with open_alone(place) as database, database.write(WAIT, silence=inf) as connection:
        kind_of(place).keep_still(connection)
        if inspect(connection).get_table_names():
            raise Refused(NOT_EMPTY.format(place.name))
        make_tables(place, connection)
        yield connection


@contextmanager
def open_alone(place: Place) -> Iterator[Database]:
    """Open a database that nobody else has open. Raises Refused."""
    database = Database(place.url.render_as_string(hide_password=False))
    try:
        with database.engine.connect() as connection:  # the pool returns the same one to the transaction
            kind_of(place).shut_out_others(place, connection)
        yield database
    finally:
        database.dispose()


def refuse_unless_current(place: Place, connection: Connection) -> None:
    """Raise Refused if a database isn't of the version of this code."""
    version = schema.version_of(connection)
    if version is None:
        raise Refused(f"{place.name} isn't a Rivulet database. Check DATABASE_URL and INSTANCE.")
    if sentence := schema.misfit(place.name, version):
        raise Refused(sentence)
    if version < schema.HEAD:
        raise Refused(
            f"{place.name} was made by an older Rivulet ({version}; this version needs {schema.HEAD}). "
            "Start Rivulet once to upgrade it. Then stop it and run this command again."
        )


def make_tables(place: Place, connection: Connection) -> None:
    """Bring an empty database up to date. Raises Refused."""
    try:
        schema.run_migrations(connection)
    except DBAPIError as error:
        reason = reason_of(error)
        raise Refused(f"Can't create tables in {place.name} ({reason}). {remedy(place.url, reason)}") from error
