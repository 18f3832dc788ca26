"""Numbers of new rows: they go on where they ended, so that the number of what was deleted isn't given again."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Table, func, select, text

from chat.storage.tables import metadata

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


def continue_numbers(old: Connection, new: Connection) -> None:
    """Let one database number new rows as another one would."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and (number := last_number(old, table, column)):
            for statement in SET_LAST[new.dialect.name]:
                new.execute(statement, {"name": table.name, "number": number})


def last_number(connection: Connection, table: Table, column: Column[int]) -> int:
    """Tell the highest number that a row ever had, as far as the database knows; 0 where there was none."""
    counted = connection.execute(SELECT_LAST[connection.dialect.name], {"name": table.name}).scalar()
    return max(counted or 0, connection.execute(select(func.max(column))).scalar() or 0)
