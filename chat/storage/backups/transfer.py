"""The transfer of a whole instance into an empty database of either kind: what bin/move does.

It is one transaction of the target, which commits only after all rows were read back and found to be the same. A
transfer that breaks off leaves an empty database, and can be tried again.
"""

from __future__ import annotations

from contextlib import closing
from typing import TextIO

from sqlalchemy import Column, Connection, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from chat.storage.backups import endpoints
from chat.storage.backups.endpoints import kind_of
from chat.storage.backups.rows import Digest, batches
from chat.storage.backups.target import Place, Refused
from chat.storage.outages import DatabaseAway, OutcomeUnclear, reason_of
from chat.storage.tables import metadata

BROKE_OFF = "The move failed ({}). {} is still empty; you can try again."
UNCLEAR = (
    "The connection was lost at the very end. Run this command again: if everything was moved, it says that {} isn't "
    "empty; otherwise it moves everything."
)
DIFFERS = "The rows of {} in {} differ from the written ones. Nothing was moved; you can try again."
DONE = (
    "Moved and verified {:,} rows of {} tables in {}.\n"
    "Set DATABASE_URL to its URL (in .env, or where your settings are) and start Rivulet. Keep SECRET_KEY.\n"
    "{} is unchanged. Keep it until you have seen that everything works."
)

SELECT_LAST = {
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = :name"),
    "postgresql": text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')::regclass)"),
}
SET_LAST = {
    "sqlite": (
        text("DELETE FROM sqlite_sequence WHERE name = :name"),
        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"),
    ),
    "postgresql": (text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :number)"),),
}

CLEAR = "\r\x1b[K"
"""Returns to the beginning of the line and clears it."""


class Progress:
    """Counts rows on one line of a terminal; without a terminal it writes nothing."""

    def __init__(self, stream: TextIO, total: int):
        self.stream = stream
        self.total = total
        self.is_shown = stream.isatty()
        self.begin("copied")

    def begin(self, deed: str) -> None:
        """Count from 0 for the next step."""
        self.deed, self.done = deed, 0

    def add(self, table: str, rows: int) -> None:
        self.done += rows
        self._write(f"{CLEAR}{self.done:,} of {self.total:,} rows {self.deed} ({table})")

    def close(self) -> None:
        """Clear the line."""
        self._write(CLEAR)

    def _write(self, line: str) -> None:
        if self.is_shown:
            self.stream.write(line)
            self.stream.flush()


def move(old: Place, new: Place, terminal: TextIO) -> str:
    """Copy a database into an empty one; return what to tell the admin. Raises Refused."""
    kind_of(old).require_there(old)
    kind_of(new).require_empty(new)
    try:
        with endpoints.source(old) as source, endpoints.target(new) as target:
            rows = copy(source, target, new, terminal)
    except OutcomeUnclear as error:
        raise Refused(UNCLEAR.format(new.name)) from error
    except DatabaseAway as error:
        raise Refused(BROKE_OFF.format(error.reason, new.name)) from error
    except DBAPIError as error:
        raise Refused(BROKE_OFF.format(reason_of(error), new.name)) from error
    return DONE.format(rows, len(metadata.tables), new.name, old.name)


def copy(source: Connection, target: Connection, place: Place, terminal: TextIO) -> int:
    """Copy all rows, read them back and compare; return their number. Raises Refused."""
    tables = metadata.sorted_tables
    total = sum(source.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)
    with closing(Progress(terminal, total)) as progress:
        written = {table: copy_table(source, target, table, progress) for table in tables}
        continue_numbers(source, target)
        progress.begin("checked")
        for table, digest in written.items():
            if read_digest(target, table, progress) != digest:
                raise Refused(DIFFERS.format(table.name, place.name))
    return sum(digest.rows for digest in written.values())


def copy_table(source: Connection, target: Connection, table: Table, progress: Progress) -> Digest:
    """Copy the rows of a table; return their digest."""
    digest = Digest()
    for rows in batches(source, table):
        target.execute(insert(table), [dict(row._mapping) for row in rows])
        digest.add(rows)
        progress.add(table.name, len(rows))
    return digest


def read_digest(target: Connection, table: Table, progress: Progress) -> Digest:
    digest = Digest()
    for rows in batches(target, table):
        digest.add(rows)
        progress.add(table.name, len(rows))
    return digest


def continue_numbers(old: Connection, new: Connection) -> None:
    """Make a database number new rows as the old one would: no number of a deleted row is used again."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and (number := last_number(old, table, column)):
            for statement in SET_LAST[new.dialect.name]:
                new.execute(statement, {"name": table.name, "number": number})


def last_number(connection: Connection, table: Table, column: Column[int]) -> int:
    """Return the highest number that a row ever had, 0 if there was none."""
    counted = connection.execute(SELECT_LAST[connection.dialect.name], {"name": table.name}).scalar()
    return max(counted or 0, connection.execute(select(func.max(column))).scalar() or 0)
